#include "smtpoll/message/header_writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using smtpoll::detail::HeaderWriter;

namespace {

std::string Field(const std::string& name, const std::string& text) {
  smtpoll::detail::TextBuffer out;
  HeaderWriter writer(out);
  writer.Begin(name);
  writer.Text(text);
  writer.End();
  return std::string(out.View());
}

/// The longest line of `field`, without its CRLF.
std::size_t LongestLine(const std::string& field) {
  std::size_t longest = 0, start = 0;
  for (std::size_t end = field.find("\r\n"); end != std::string::npos; end = field.find("\r\n", start)) {
    longest = std::max(longest, end - start);
    start = end + 2;
  }
  CHECK(start == field.size());
  return longest;
}

std::string Unfolded(std::string field) {
  for (std::size_t at = field.find("\r\n"); at != std::string::npos; at = field.find("\r\n")) field.erase(at, 2);
  return field;
}

}  // namespace

TEST_CASE("RFC 5322 2.2.3: plain text is folded at spaces and otherwise left alone") {
  CHECK(Field("Subject", "hello world") == "Subject: hello world\r\n");
  std::string text = "x";
  for (int i = 0; i < 60; ++i) text += i % 7 == 0 ? "  word" : " word";
  const std::string field = Field("Subject", text);
  CHECK(LongestLine(field) <= 78);
  CHECK(Unfolded(field) == "Subject: " + text);
}

TEST_CASE("RFC 2047 2: encoded words of at most 75 characters, lines of at most 76, split between characters") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xe4\xb8\x96\xf0\x9f\x91\x8b";
  const std::string field = Field("Subject", text);
  CHECK(LongestLine(field) <= 76);
  for (std::size_t at = field.find("=?"); at != std::string::npos; at = field.find("=?", at + 2)) {
    const std::size_t end = field.find("?=", at + 10);
    REQUIRE(end != std::string::npos);
    CHECK(end + 2 - at <= 75);
    at = end;
  }
}

TEST_CASE("RFC 2047 5: a word that looks encoded is encoded, so that it is read as it was") {
  CHECK(Field("Subject", "=?x?=").find("=?UTF-8?") != std::string::npos);
  CHECK(Field("Subject", "plain caf\xc3\xa9").rfind("Subject: plain =?UTF-8?", 0) == 0);
}

TEST_CASE("RFC 5322 2.1.1: no line is longer than 998") {
  const std::string field = Field("Subject", std::string(5000, 'x'));
  CHECK(LongestLine(field) <= 998);
}

TEST_CASE("Text that fits its line is written as it is, up to the column where folding starts") {
  for (std::size_t size = 1; size < 100; ++size) {
    std::string text(size, 'x');
    for (std::size_t i = 9; i + 1 < size; i += 10) text[i] = ' ';
    const std::string field = Field("Subject", text);
    std::string unfolded = field;
    for (std::size_t at = unfolded.find("\r\n "); at != std::string::npos; at = unfolded.find("\r\n "))
      unfolded.erase(at, 2);
    CHECK(unfolded == "Subject: " + text + "\r\n");
    CHECK((field == unfolded) == (std::string("Subject: ").size() + size + 1 <= 78));
    CHECK(LongestLine(field) < 78);
  }
  CHECK(Field("Subject", "a  b") == "Subject: a  b\r\n");
  CHECK(Field("Subject", "a" + std::string(41, ' ') + "b").find("=?") != std::string::npos);
  CHECK(Field("Subject", "a =?utf-8?q?x?= b").find("=?utf-8?q?x?=") == std::string::npos);
}

TEST_CASE(
    "RFC 2047 5: of several words in B only the last one is padded, because a reader loses what follows padding") {
  for (const char* first : {"", "a", "ab", "\xc3\xa9", "\xf0\x9f\x91\x8b", "a\xf0\x9f\x91\x8b"}) {
    for (const char* rest : {"\xe4\xb8\x96", "\xf0\x9f\x91\x8b", "\xc3\xa9", "\xd7\xa9\xe4\xb8\x96"}) {
      std::string text = first;
      for (int i = 0; i < 60; ++i) text += rest;
      const std::string field = Field("Subject", text);
      CHECK(field.find("?B?") != std::string::npos);
      for (std::size_t at = field.find("?B?"); at != std::string::npos; at = field.find("?B?", at + 1)) {
        const std::size_t end = field.find("?=", at);
        if (field.find("?B?", end) != std::string::npos) CHECK(field[end - 1] != '=');
      }
    }
  }
}
