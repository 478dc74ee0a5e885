#include "smtpoll/message/text_scan.hpp"

#include <doctest/doctest.h>

#include <string>

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
