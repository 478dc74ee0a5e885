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

TEST_CASE("WireBuffer: what is removed is gone, wherever it stood") {
  const std::string whole = "abcdefgh";
  for (std::size_t head = 0; head < 3; ++head) {
    const std::string text = whole.substr(head);
    for (std::size_t at = 0; at <= text.size(); ++at) {
      for (std::size_t size = 0; at + size <= text.size(); ++size) {
        char memory[8];
        WireBuffer buffer(memory);
        buffer.Append(whole);
        buffer.Consume(head);
        buffer.Remove(at, size);
        CHECK(Filled(buffer) == text.substr(0, at) + text.substr(at + size));
      }
    }
  }
}

TEST_CASE("WireBuffer: a wiped secret is gone from memory") {
  char memory[16] = {};
  WireBuffer buffer(memory);
  buffer.Append("AUTH secret");
  buffer.ConsumeAndWipe(11);
  CHECK(std::string(memory, 16).find("secret") == std::string::npos);
  CHECK(std::string(memory, 11) == std::string(11, '\0'));
}
