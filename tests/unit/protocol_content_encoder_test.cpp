#include "smtpoll/protocol/content_encoder.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using smtpoll::detail::ContentEncoder;

namespace {

/// Encodes `content` in pieces of `piece` bytes, each in exactly the room the encoder asks for.
std::string Encode(const std::string& content, std::size_t piece, bool transparent = true) {
  ContentEncoder encoder;
  encoder.Reset(transparent);
  std::string result;
  for (std::size_t at = 0; at < content.size(); at += piece) {
    std::string buffer = content.substr(at, piece);
    const std::size_t size = buffer.size();
    buffer.resize(ContentEncoder::MaxSize(size));
    result.append(buffer, 0, encoder.Encode(&buffer[0], size));
  }
  char end[5];
  result.append(end, encoder.Finish(end));
  return result;
}

/// What the encoder must do, said in the plainest way: line by line.
std::string Expected(const std::string& content) {
  std::string result, line;
  const auto end_line = [&] {
    if (!line.empty() && line[0] == '.') result += '.';
    result += line + "\r\n";
    line.clear();
  };
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\r') {
      if (i + 1 < content.size() && content[i + 1] == '\n') ++i;
      end_line();
    } else if (content[i] == '\n') {
      end_line();
    } else {
      line += content[i];
    }
  }
  if (!line.empty()) end_line();
  return result + ".\r\n";
}

}  // namespace

TEST_CASE("RFC 5321 4.5.2: a leading dot is doubled, at the first line too") {
  CHECK(Encode(".\r\n", 99) == "..\r\n.\r\n");
  CHECK(Encode("a\r\n.b\r\n..\r\n", 99) == "a\r\n..b\r\n...\r\n.\r\n");
  CHECK(Encode("a.b\r\n", 99) == "a.b\r\n.\r\n");
}

TEST_CASE("RFC 5321 4.1.1.4: content ends with CRLF . CRLF, and only there") {
  CHECK(Encode("", 1) == ".\r\n");
  CHECK(Encode("x", 1) == "x\r\n.\r\n");
  CHECK(Encode("x\r", 1) == "x\r\n.\r\n");
  for (const char* smuggled :
       {"a\n.\nb", "a\r.\rb", "a\r\n.\r\nb", "a\n.\r\nb", "a\r.\r\nb", "a\r\n.\rb", "a\r\r\n.\r\r\nb"}) {
    const std::string encoded = Encode(smuggled, 99);
    CAPTURE(smuggled);
    CHECK(encoded.find("\r\n.\r\n") == encoded.size() - 5);
    CHECK(encoded.find("\n.\n") == std::string::npos);
    CHECK(encoded.find("\r.\r") == std::string::npos);
  }
}

TEST_CASE("RFC 5321 2.3.8: every content, split anywhere, becomes the same lines") {
  // All strings over these five bytes up to length 7: 97,656 of them.
  constexpr char kBytes[] = {'\r', '\n', '.', 'a', '\0'};
  for (std::size_t length = 0; length <= 7; ++length) {
    std::size_t count = 1;
    for (std::size_t i = 0; i < length; ++i) count *= 5;
    for (std::size_t n = 0; n < count; ++n) {
      std::string content;
      for (std::size_t i = 0, rest = n; i < length; ++i, rest /= 5) content += kBytes[rest % 5];
      const std::string expected = Expected(content);
      const bool right =
          Encode(content, 1) == expected && Encode(content, 2) == expected && Encode(content, 99) == expected;
      if (!right) {
        CAPTURE(content);
        CHECK(Encode(content, 1) == expected);
        REQUIRE(Encode(content, 99) == expected);
      }
    }
  }
  CHECK(true);
}

TEST_CASE("RFC 5321 2.3.8: faults in long content, which is looked through in wide steps, split anywhere") {
  // Every pair of short strings over these bytes, with long clean text around and between.
  constexpr char kBytes[] = {'\r', '\n', '.', 'a'};
  for (std::size_t n = 0; n < 1 << 12; ++n) {
    std::string first, second;
    for (std::size_t i = 0; i < 3; ++i) {
      first += kBytes[n >> 2 * i & 3];
      second += kBytes[n >> (6 + 2 * i) & 3];
    }
    const std::string content =
        std::string(n % 97, 'x') + first + std::string(n * 7 % 83, 'y') + second + std::string(n % 71, 'z');
    const std::string expected = Expected(content);
    for (const std::size_t piece : {std::size_t{1}, n % 61 + 1, n % 127 + 1, std::size_t{999}})
      if (Encode(content, piece) != expected) {
        CAPTURE(content);
        REQUIRE(Encode(content, piece) == expected);
      }
  }
  CHECK(true);
}

TEST_CASE("RFC 5321 2.3.8: content in which every byte is a fault fits the room that MaxInput reckons with") {
  for (const char* unit : {"\n", "\r", "\r.", "\n.", ".\r\n", "\r\r\n"}) {
    std::string content;
    while (content.size() < 500) content += unit;
    for (const std::size_t piece : {1u, 7u, 64u, 500u}) CHECK(Encode(content, piece) == Expected(content));
  }
}

TEST_CASE("RFC 3030 2: for BDAT lines end in CRLF, and dots stay as they are") {
  CHECK(Encode("a\n.b\r.c", 1, false) == "a\r\n.b\r\n.c\r\n");
  CHECK(Encode(".\r\n", 99, false) == ".\r\n");
  CHECK(Encode("", 99, false).empty());
}
