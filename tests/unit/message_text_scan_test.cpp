#include "smtpoll/message/text_scan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "smtpoll/message/body_source.hpp"

using smtpoll::SourceResult;
using smtpoll::SourceStatus;
using smtpoll::detail::CrlfLines;
using smtpoll::detail::CrlfText;
using smtpoll::detail::TextScan;

namespace {

/// `text` as CrlfText makes it, which another test holds to the RFC.
std::string Wanted(const std::string& text) {
  CrlfText lines;
  lines.Start(text);
  std::string result, piece(64, '#');
  while (!lines.Done()) result.append(piece, 0, lines.Read(&piece[0], piece.size()));
  return result;
}

std::string ReadLines(const std::string& text, std::size_t room, std::size_t pull_size) {
  CrlfLines lines;
  lines.Start();
  std::size_t at = 0;
  std::string result, piece(room, '#');
  for (int i = 0; i < 100000; ++i) {
    const SourceResult got = lines.Read(&piece[0], room, [&](char* into, std::size_t most) {
      const std::size_t size = std::min(std::min(most, pull_size), text.size() - at);
      text.copy(into, size, at);
      at += size;
      return SourceResult{size, at == text.size() ? SourceStatus::End : SourceStatus::More};
    });
    result.append(piece, 0, got.size);
    if (got.status == SourceStatus::End) return result;
  }
  return "never ends";
}

}  // namespace

TEST_CASE("Streamed text gets CRLF line ends whatever the pieces, and the scan knows how long it becomes") {
  const std::string text = "a\r\nb\nc\rd\r\r\n\n\r\n\ne" + std::string(1500, 'x') + "\r\n\r";
  for (std::size_t length = 0; length <= text.size(); length += length < 20 ? 1 : 499) {
    const std::string part = text.substr(text.size() - length) + text.substr(0, length / 2);
    for (const std::size_t room : {1u, 2u, 7u, 600u, 4000u}) {
      for (const std::size_t pull : {1u, 3u, 512u}) CHECK(ReadLines(part, room, pull) == Wanted(part));
      TextScan scan;
      for (std::size_t at = 0; at < part.size(); at += room) scan.Update(std::string_view(part).substr(at, room));
      CHECK(scan.CrlfSize() == Wanted(part).size());
    }
  }
}

TEST_CASE("RFC 2045 2.7: a scan by 32 bytes says what a look at each byte says, however the pieces are cut") {
  std::uint32_t seed = 11;
  const auto next = [&seed](std::uint32_t below) { return ((seed = seed * 1664525 + 1013904223) >> 16) % below; };
  constexpr char kOthers[] = {'\r', '\n', '\t', '\0', '\xc3', '\x7f', 'a'};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint32_t runs = next(12); runs != 0; --runs) {
      text.append(next(50) == 0 ? 850 + next(100) : next(70), 'x');
      for (std::uint32_t i = next(4); i != 0; --i) text += kOthers[next(sizeof kOthers)];
    }
    std::size_t column = 0, longest = 0, escaped = 0, bare = 0;
    bool eight_bit = false, control = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      bare += c == '\n' && (i == 0 || text[i - 1] != '\r');
      bare += c == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
      column = c == '\r' || c == '\n' ? 0 : column + 1;
      longest = std::max(longest, column);
      if (smtpoll::detail::IsPrint(c) || c == '\t' || c == '\r' || c == '\n') continue;
      ++escaped;
      (smtpoll::detail::IsAscii(c) ? control : eight_bit) = true;
    }
    TextScan scan;
    const std::size_t piece = next(2) == 0 ? 4096 : 1 + next(90);
    for (std::size_t at = 0; at < text.size(); at += piece) scan.Update(std::string_view(text).substr(at, piece));
    CAPTURE(text);
    REQUIRE(scan.Size() == text.size());
    REQUIRE(scan.CrlfSize() == text.size() + bare);
    REQUIRE(scan.HasBareLineEnd() == (bare != 0));
    REQUIRE(scan.Escaped() == escaped);
    REQUIRE(scan.HasLongLine() == (longest > 900));
    REQUIRE(scan.IsEightBit() == eight_bit);
    REQUIRE(scan.GoesAsItIs(true) == (longest <= 900 && !control));
  }
}

TEST_CASE("Streamed text passes Again and Failed on once what came before is written") {
  CrlfLines lines;
  lines.Start();
  int calls = 0;
  const auto pull = [&](char* into, std::size_t) -> SourceResult {
    *into = 'x';
    return ++calls == 1 ? SourceResult{1, SourceStatus::More}
                        : SourceResult{0, calls == 2 ? SourceStatus::Again : SourceStatus::Failed};
  };
  char room[10];
  CHECK(lines.Read(room, sizeof room, pull).status == SourceStatus::More);
  CHECK(lines.Read(room, sizeof room, pull).status == SourceStatus::Failed);
}

TEST_CASE("RFC 2045 2.7 to 2.9: what is 7bit, what is 8bit, what is neither") {
  const auto scan = [](const std::string& text) {
    TextScan result;
    result.Update(text);
    return result;
  };
  CHECK(scan("a\tb\r\n").GoesAsItIs(false));
  CHECK_FALSE(scan("caf\xc3\xa9\n").GoesAsItIs(false));
  CHECK(scan("caf\xc3\xa9\n").GoesAsItIs(true));
  CHECK_FALSE(scan(std::string("a\0b", 3)).GoesAsItIs(true));
  CHECK(scan(std::string(900, 'x')).GoesAsItIs(false));
  CHECK_FALSE(scan(std::string(901, 'x')).GoesAsItIs(true));
  CHECK_FALSE(scan("a\r\nb\r\n").HasBareLineEnd());
  for (const char* bare : {"a\nb", "a\rb", "a\r", "a\r\r\n", "\n", "a\r\n\n"}) CHECK(scan(bare).HasBareLineEnd());
}
