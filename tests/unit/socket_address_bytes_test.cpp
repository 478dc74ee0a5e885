#include "smtpoll/socket/detail/address_bytes.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "smtpoll/socket/detail/system_headers.hpp"

using smtpoll::detail::ParseAddress;

namespace {

std::string Hex(std::string_view text) {
  unsigned char bytes[16];
  std::string hex;
  for (std::size_t i = 0; i < ParseAddress(text, bytes); ++i) {
    hex += "0123456789abcdef"[bytes[i] >> 4];
    hex += "0123456789abcdef"[bytes[i] & 15];
  }
  return hex;
}

}  // namespace

TEST_CASE("RFC 4291 2.2: IPv4 and IPv6 from text to bytes") {
  CHECK(Hex("192.0.2.1") == "c0000201");
  CHECK(Hex("255.255.255.255") == "ffffffff");
  CHECK(Hex("::") == "00000000000000000000000000000000");
  CHECK(Hex("::1") == "00000000000000000000000000000001");
  CHECK(Hex("2001:DB8::8:800:200C:417A") == "20010db80000000000080800200c417a");
  CHECK(Hex("1:2:3:4:5:6:7:8") == "00010002000300040005000600070008");
  CHECK(Hex("1:2:3:4:5:6:7::") == "00010002000300040005000600070000");
  CHECK(Hex("::ffff:192.0.2.128") == "00000000000000000000ffffc0000280");
}

TEST_CASE("What is no address is none") {
  for (const char* text : {"",
                           ":",
                           ":::",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.",
                           "1..3.4",
                           "1:2",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "1::2::3",
                           "12345::",
                           "g::",
                           "1:",
                           ":1",
                           "::1:",
                           "1.2.3.4::",
                           "::1.2.3",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "fe80::1%eth0",
                           "[::1]",
                           "mx.example.org"})
    CHECK_MESSAGE(Hex(text).empty(), text);
}

#if defined(SMTPOLL_POSIX)
TEST_CASE("The system reads every address the same way") {
  std::mt19937 random(4291);
  const std::string alphabet = ":::::..0123456789abF";
  for (int i = 0; i < 200000; ++i) {
    std::string text;
    const bool v4 = i % 4 == 0;
    for (std::size_t size = random() % 14; size != 0; --size)
      text += v4 ? ".0123"[random() % 5] : alphabet[random() % alphabet.size()];
    unsigned char ours[16], theirs[16];
    const std::size_t size = ParseAddress(text, ours);
    const std::size_t wanted = inet_pton(AF_INET, text.c_str(), theirs) == 1    ? 4
                               : inet_pton(AF_INET6, text.c_str(), theirs) == 1 ? 16
                                                                                : 0;
    if (size != wanted || std::string(ours, ours + size) != std::string(theirs, theirs + wanted)) FAIL(text);
  }
}
#endif
