#include "smtpoll/protocol/reply.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::Reply;
using smtpoll::detail::ReplyParser;

namespace {

/// Feeds `bytes` one at a time to one parser and at once to another; both must agree. Returns the one reply.
struct Parsed {
  ReplyParser::Result result = ReplyParser::Result::NeedMore;
  int code = 0;
  smtpoll::EnhancedCode enhanced;
  std::string text;
  std::size_t size = 0;
  std::string lines;
};

Parsed ParseIn(std::string bytes, std::size_t piece) {
  Parsed parsed;
  ReplyParser parser;
  Reply reply;
  const auto on_line = [&](std::string_view line) { parsed.lines.append(line).append("|"); };
  for (std::size_t size = 0; size < bytes.size() && parsed.result == ReplyParser::Result::NeedMore;) {
    size = bytes.size() - size < piece ? bytes.size() : size + piece;
    parsed.result = parser.Parse({&bytes[0], size}, reply, on_line);
  }
  if (parsed.result == ReplyParser::Result::Complete) {
    parsed.code = reply.code;
    parsed.enhanced = reply.enhanced;
    parsed.text = reply.text;
    parsed.size = parser.Size();
  }
  return parsed;
}

Parsed Parse(const std::string& bytes) {
  const Parsed whole = ParseIn(bytes, bytes.size());
  const Parsed split = ParseIn(bytes, 1);
  CHECK(split.result == whole.result);
  CHECK(split.text == whole.text);
  if (whole.result != ReplyParser::Result::Malformed) CHECK(split.lines == whole.lines);
  return whole;
}

}  // namespace

TEST_CASE("RFC 5321 4.2: a reply of one line") {
  const Parsed parsed = Parse("250 ok then\r\n");
  CHECK(parsed.result == ReplyParser::Result::Complete);
  CHECK(parsed.code == 250);
  CHECK(parsed.text == "ok then");
  CHECK(parsed.size == 13);
  CHECK(Parse("250\r\n").text.empty());
  CHECK(Parse("250 \r\n").text.empty());
  CHECK(Parse("250 ok\n").text == "ok");
}

TEST_CASE("RFC 5321 4.2.1: the lines of a reply are joined, their codes are not shown") {
  const Parsed parsed = Parse("250-mx\r\n250-SIZE 10\r\n250 HELP\r\n220 next");
  CHECK(parsed.text == "mx\nSIZE 10\nHELP");
  CHECK(parsed.size == 31);
  CHECK(parsed.lines == "250-mx|250-SIZE 10|250 HELP|");
  CHECK(Parse("250-\n250-\n250\n").text == "\n\n");
}

TEST_CASE("RFC 2034 4: an enhanced code is read from each line and not shown") {
  const Parsed parsed = Parse("550-5.1.1 no such\r\n550 5.1.1 user\r\n");
  CHECK(parsed.enhanced == smtpoll::EnhancedCode{5, 1, 1});
  CHECK(parsed.text == "no such\nuser");
  CHECK(Parse("250 2.0.0\r\n").text.empty());
  for (const char* text : {"2.0 x", "9.1.1 x", "2.1.1x", "2.1.1000 x", "5.1.1 wrong class", "2..1 x", "2.1."}) {
    const Parsed none = Parse("250 " + std::string(text) + "\r\n");
    CHECK_FALSE(none.enhanced);
    CHECK(none.text == text);
  }
}

TEST_CASE("RFC 5321 4.2: control characters in a reply cannot reach a terminal") {
  CHECK(Parse(std::string("250 a\0b\x1b[2Jc\x7f\td\r\n", 17)).text == "a?b?[2Jc?\td");
  CHECK(Parse("250 gr\xc3\xbc\xc3\x9f\r\n").text == "gr\xc3\xbc\xc3\x9f");
}

TEST_CASE("RFC 5321 4.2: what is no reply is told early, before its line ends") {
  for (const char* bytes :
       {"H", "1", "6", "26", "25x", "250x", "250_", "\x16\x03", " 250", "-", "\r\n", "\n", "25\r\n"}) {
    CAPTURE(bytes);
    CHECK(Parse(bytes).result == ReplyParser::Result::Malformed);
  }
  CHECK(Parse("250-a\r\n251 b\r\n").result == ReplyParser::Result::Malformed);
  CHECK(Parse("250-a\r\n\r\n").result == ReplyParser::Result::Malformed);
  for (const char* bytes : {"2", "25", "250", "250 ", "250 ok", "250 ok\r", "250-ok\r\n", "250-ok\r\n25", "250\r"})
    CHECK(Parse(bytes).result == ReplyParser::Result::NeedMore);
}

TEST_CASE("RFC 5321 4.2.1: the first digit says what kind of reply it is") {
  Reply reply;
  for (const int code : {220, 354, 450, 550}) {
    reply.code = code;
    CHECK(reply.IsPositive() == (code == 220));
    CHECK(reply.IsTransient() == (code == 450));
    CHECK(reply.IsPermanent() == (code == 550));
  }
}
