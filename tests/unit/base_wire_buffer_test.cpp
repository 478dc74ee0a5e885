#include "smtpoll/base/wire_buffer.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::detail::WireBuffer;

namespace {
std::string Filled(const WireBuffer& buffer) { return {buffer.Filled().data(), buffer.Filled().size()}; }
}  // namespace

TEST_CASE("WireBuffer: bytes leave at the head in the order in which they came in at the tail") {
  char memory[8];
  WireBuffer buffer(memory);
  CHECK(buffer.empty());
  buffer.Append("abcdef");
  CHECK(buffer.Free().size() == 2);
  buffer.Consume(4);
  CHECK(Filled(buffer) == "ef");
  buffer.Compact();
  CHECK(buffer.Free().size() == 6);
  buffer.Append("gh");
  CHECK(Filled(buffer) == "efgh");
  buffer.Consume(4);
  CHECK(buffer.Free().size() == buffer.Capacity());
}

TEST_CASE("WireBuffer: a wiped secret is gone from memory") {
  char memory[16] = {};
  WireBuffer buffer(memory);
  buffer.Append("AUTH secret");
  buffer.ConsumeAndWipe(11);
  CHECK(std::string(memory, 16).find("secret") == std::string::npos);
  CHECK(std::string(memory, 11) == std::string(11, '\0'));
}
