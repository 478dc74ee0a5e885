#include "smtpoll/message/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace smtpoll::detail;

TEST_CASE("RFC 3629 4: the first invalid byte is found wherever it lies, between ASCII and longer characters") {
  const std::string characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  const std::string faults[] = {"\x80", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82"};
  std::uint32_t seed = 3;
  const auto next = [&seed](std::uint32_t below) { return ((seed = seed * 1664525 + 1013904223) >> 16) % below; };
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    while (text.size() < next(60)) text += next(3) != 0 ? std::string(next(12), 'x') : characters[next(4)];
    CHECK(FindInvalidUtf8(text) == std::string::npos);
    const std::size_t at = text.size();
    text += faults[next(7)];
    text.append(next(20), 'y');
    CHECK(FindInvalidUtf8(text) == at);
  }
}
