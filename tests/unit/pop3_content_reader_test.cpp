#include "smtpoll/pop3/content_reader.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

/// What a reader makes of `wire` that comes in pieces: the content, and "|" with what stands behind its end.
std::string Read(const std::string& wire, std::size_t piece_size) {
  smtpoll::detail::Pop3ContentReader reader;
  reader.Start();
  std::string content, held;
  for (std::size_t at = 0; at < wire.size() || !held.empty();) {
    const std::size_t size = wire.size() - at < piece_size ? wire.size() - at : piece_size;
    held += wire.substr(at, size);
    at += size;
    for (;;) {
      const auto piece = reader.Read(held);
      content += held.substr(piece.skip, piece.size);
      held.erase(0, piece.skip + piece.size);
      if (piece.end) return content + "|" + held + wire.substr(at);
      if (piece.skip + piece.size == 0) break;
    }
    // Only what may be the end is ever held back.
    CHECK(held == std::string(".\r\n").substr(0, held.size()));
    if (size == 0) break;
  }
  return content + "...";
}

}  // namespace

TEST_CASE("RFC 1939 3: a dot before a line that starts with one is taken away, a dot alone is the end") {
  struct Case {
    const char* wire;
    const char* content;
  };
  const Case cases[] = {
      {".\r\n", "|"},
      {"hello\r\n.\r\n", "hello\r\n|"},
      {"hello\r\n.\r\n+OK\r\n", "hello\r\n|+OK\r\n"},
      {"..\r\n.\r\n", ".\r\n|"},
      {"...\r\n..\r\n.\r\n", "..\r\n.\r\n|"},
      {"a\r\n..b\r\n.\r\n", "a\r\n.b\r\n|"},
      {"a.b..c\r\n.\r\n", "a.b..c\r\n|"},
      {"a\r\n\r\n.\r\n", "a\r\n\r\n|"},
      {".a\r\n.\r\n", "a\r\n|"},
      // What is no line end begins no line.
      {"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n|"},
      {"a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n|"},
      {"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n|"},
      {"\n.\r\n\r\n.\r\n", "\n.\r\n\r\n|"},
      {"a\r\r\n.\r\n", "a\r\r\n|"},
      // A dot that more than CRLF follows is doubled by no server, but ends nothing either.
      {".\rx\r\n.\r\n", "\rx\r\n|"},
      {".\nx\r\n.\r\n", "\nx\r\n|"},
      {"no end\r\n.\r", "no end\r\n..."},
      {"no end\r\n.", "no end\r\n..."},
      {"no end", "no end..."},
      {"", "..."},
  };
  for (const Case& one : cases) {
    for (std::size_t piece = 1; piece <= 9; ++piece) {
      CAPTURE(piece);
      CHECK(Read(one.wire, piece) == one.content);
    }
    CHECK(Read(one.wire, SIZE_MAX) == one.content);
  }
}
