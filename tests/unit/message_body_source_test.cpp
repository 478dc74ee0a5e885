#include "smtpoll/message/body_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

using namespace smtpoll::detail;

namespace {

template <typename Encoder>
std::string ReadText(const std::string& text, std::size_t room) {
  Encoder encoder;
  encoder.Start(text);
  std::string result, piece(room, '#');
  while (!encoder.Done()) result.append(piece, 0, encoder.Read(&piece[0], room));
  return result;
}

/// `bytes` as base64 lines, read with `room` and pulled in pieces of at most `pull_size`.
std::string ReadBase64(const std::string& bytes, std::size_t room, std::size_t pull_size) {
  Base64Lines encoder;
  encoder.Start();
  std::size_t at = 0;
  std::string result, piece(room, '#');
  for (int i = 0; i < 1000000; ++i) {
    const smtpoll::SourceResult got = encoder.Read(&piece[0], room, [&](char* into, std::size_t most) {
      const std::size_t size = std::min(std::min(most, pull_size), bytes.size() - at);
      bytes.copy(into, size, at);
      at += size;
      return smtpoll::SourceResult{size, at == bytes.size() ? smtpoll::SourceStatus::End : smtpoll::SourceStatus::More};
    });
    result.append(piece, 0, got.size);
    if (got.status == smtpoll::SourceStatus::End) return result;
    REQUIRE(got.status == smtpoll::SourceStatus::More);
  }
  return "never ends";
}

/// `bytes` as base64 lines out of memory, read with `room`.
std::string ReadBase64FromMemory(std::string_view bytes, std::size_t room) {
  Base64Lines encoder;
  encoder.Start();
  std::string result, piece(room, '#');
  for (int i = 0; i < 1000000; ++i) {
    const smtpoll::SourceResult got = encoder.Read(&piece[0], room, bytes);
    result.append(piece, 0, got.size);
    if (got.status == smtpoll::SourceStatus::End) return result;
    REQUIRE(got.status == smtpoll::SourceStatus::More);
    REQUIRE(got.size != 0);
  }
  return "never ends";
}

/// The same in the plainest way.
std::string PlainBase64(const std::string& bytes) {
  std::string result;
  for (std::size_t at = 0; at < bytes.size(); at += 57) {
    const std::string line = bytes.substr(at, 57);
    std::string encoded(Base64Size(line.size()), '#');
    Base64Encode(line.data(), line.size(), &encoded[0]);
    result += encoded + "\r\n";
  }
  return result;
}

std::string DecodeQuotedPrintable(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      result += text[i];
    } else if (text.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return result;
}

/// The encoder in its plainest form: a look at each byte.
std::string PlainQuotedPrintable(const std::string& text) {
  std::string result;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' || c == '\n') {
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      result += "\r\n";
      column = 0;
      continue;
    }
    const bool line_ends = i + 1 == text.size() || text[i + 1] == '\r' || text[i + 1] == '\n';
    const bool plain = IsSpace(c) ? !line_ends : IsPrint(c) && c != '=' && !(column == 0 && (c == 'F' || c == '.'));
    if (column + (plain ? 1 : 3) > 75) {
      result += "=\r\n";
      column = 0;
    }
    column += plain ? 1 : 3;
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "=%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    result += plain ? std::string(1, c) : std::string(escaped);
  }
  return result;
}

std::string PlainCrlf(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    if (text[i] == '\r' || text[i] == '\n')
      result += "\r\n";
    else
      result += text[i];
  }
  return result;
}

/// Texts made of these bytes, mostly long runs of letters with the others between.
std::string SomeText(std::uint32_t& seed, std::size_t size) {
  constexpr char kOthers[] = {'\r', '\n', '.', 'F', '=', ' ', '\t', '\0', '\xc3', '\x7f'};
  std::string text;
  const auto next = [&seed](std::uint32_t below) { return ((seed = seed * 1664525 + 1013904223) >> 16) % below; };
  while (text.size() < size) {
    text.append(next(3) == 0 ? next(90) : next(4), static_cast<char>('a' + next(26)));
    for (std::uint32_t i = next(4); i != 0; --i) text += kOthers[next(sizeof kOthers)];
    if (next(9) == 0) text += "\r\n";
  }
  return text;
}

}  // namespace

TEST_CASE("RFC 2045 6.7, 2046 4.1.1: encoding by runs gives what encoding by bytes gives") {
  std::uint32_t seed = 7;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::string text = SomeText(seed, i % 400);
    const std::string quoted = PlainQuotedPrintable(text), lines = PlainCrlf(text);
    for (const std::size_t room : {std::size_t{4096}, i % 97 + 1}) {
      CAPTURE(text);
      REQUIRE(ReadText<QuotedPrintableText>(text, room) == quoted);
      REQUIRE(ReadText<CrlfText>(text, room) == lines);
    }
  }
}

TEST_CASE("RFC 2045 6.8: base64 lines are the same however they are read and pulled") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  for (const std::size_t size : {0u, 1u, 2u, 3u, 56u, 57u, 58u, 113u, 114u, 115u, 570u, 1000u}) {
    const std::string part = bytes.substr(0, size), expected = PlainBase64(part);
    CHECK(Base64LinesSize(size) == expected.size());
    for (const std::size_t room : {1u, 2u, 3u, 57u, 77u, 78u, 79u, 155u, 156u, 1000u, 4096u})
      for (const std::size_t pull : {1u, 2u, 56u, 57u, 58u, 100u, 5000u})
        CHECK(ReadBase64(part, room, pull) == expected);
    for (const std::size_t room : {1u, 2u, 3u, 57u, 77u, 78u, 79u, 155u, 156u, 1000u, 4096u})
      CHECK(ReadBase64FromMemory(part, room) == expected);
  }
}

TEST_CASE("RFC 2045 6.8: one read of the bytes fills the room but for less than a line") {
  Base64Lines encoder;
  encoder.Start();
  std::string room(8187, '#');
  int reads = 0;
  for (int i = 0; i < 3; ++i) {
    const smtpoll::SourceResult got = encoder.Read(&room[0], room.size(), [&](char* into, std::size_t most) {
      ++reads;
      std::memset(into, 'x', most);
      return smtpoll::SourceResult{most, smtpoll::SourceStatus::More};
    });
    CHECK(got.size > room.size() - 78);
  }
  CHECK(reads == 3);
}

TEST_CASE("RFC 2045 6.7: quoted-printable decodes to the text, in lines of at most 76 characters") {
  const std::string texts[] = {"",
                               "plain\n",
                               "caf\xc3\xa9 = 5\r\nFrom me\r\n.\r\nends in space \ntab\t\r\rcr",
                               std::string(500, 'x'),
                               std::string(300, '\xc3') + "\n" + std::string(75, 'y') + "\n" + std::string(76, 'z'),
                               std::string("nul\0and\x01more", 12),
                               " "};
  for (const std::string& text : texts) {
    const std::string encoded = ReadText<QuotedPrintableText>(text, 4096);
    for (const std::size_t room : {1u, 2u, 3u, 7u, 57u}) CHECK(ReadText<QuotedPrintableText>(text, room) == encoded);
    CHECK(DecodeQuotedPrintable(encoded) == ReadText<CrlfText>(text, 100));
    std::size_t line = 0;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
      if (encoded[i] == '\n') {
        CHECK(line <= 77);
        line = 0;
        if (i >= 2) CHECK_FALSE(IsSpace(encoded[i - 2]));
      } else {
        ++line;
        CHECK((IsPrint(encoded[i]) || encoded[i] == '\r' || encoded[i] == '\t'));
      }
    }
  }
}

TEST_CASE("RFC 2046 4.1.1: every kind of line end becomes CRLF") {
  for (const std::size_t room : {1u, 2u, 3u, 99u}) {
    CHECK(ReadText<CrlfText>("a\nb\rc\r\nd\n\re", room) == "a\r\nb\r\nc\r\nd\r\n\r\ne");
    CHECK(ReadText<CrlfText>("\r", room) == "\r\n");
    CHECK(ReadText<CrlfText>("", room).empty());
  }
}

TEST_CASE("RFC 2045 6.2: the encoding is the smallest that the way carries") {
  for (const bool eight_bit : {false, true}) {
    const auto choose = [eight_bit](const std::string& text) { return ChooseEncoding(text, eight_bit); };
    CHECK(choose("plain\r\ntext\twith tab\n") == TransferEncoding::SevenBit);
    CHECK(choose("") == TransferEncoding::SevenBit);
    CHECK(choose("mostly ascii, one \xc3\xa9") ==
          (eight_bit ? TransferEncoding::EightBit : TransferEncoding::QuotedPrintable));
    CHECK(choose("\xe4\xb8\x96\xe7\x95\x8c") == (eight_bit ? TransferEncoding::EightBit : TransferEncoding::Base64));
    CHECK(choose(std::string(1000, 'x')) == TransferEncoding::QuotedPrintable);
    CHECK(choose(std::string(10, 'x') + '\0' + std::string(50, 'x')) == TransferEncoding::QuotedPrintable);
  }
}

TEST_CASE("WireSize is the number of bytes that a body becomes, for every encoding and any line ends") {
  std::uint32_t random = 1;
  for (int run = 0; run < 2000; ++run) {
    std::string text;
    for (std::uint32_t left = (random >> 8) % 60; left != 0; --left) {
      random = random * 1664525u + 1013904223u;
      text += "\r\n\r\n\ta =.\x01\xc3\xa9xyzF"[(random >> 16) % 17];
    }
    random = random * 1664525u + 1013904223u;
    smtpoll::detail::TextScan scan;
    scan.Update(text);
    CHECK(smtpoll::detail::WireSize(text, scan, TransferEncoding::SevenBit) == ReadText<CrlfText>(text, 7).size());
    CHECK(smtpoll::detail::WireSize(text, scan, TransferEncoding::QuotedPrintable) ==
          ReadText<smtpoll::detail::QuotedPrintableText>(text, 7).size());
    CHECK(smtpoll::detail::WireSize(text, scan, TransferEncoding::Base64) ==
          smtpoll::detail::Base64LinesSize(ReadText<CrlfText>(text, 7).size()));
  }
}

TEST_CASE("A line is long from its 901st character on, wherever it ends") {
  for (const std::size_t size : {899u, 900u, 901u})
    for (const std::string before : {"", "x\n", "\xc3\xa9\ty\r\n"})
      for (const std::string after : {"", "\n", "\r\nz"}) {
        const std::string text = before + std::string(size, 'x') + after;
        CHECK((ChooseEncoding(text, true) == TransferEncoding::QuotedPrintable) == (size > 900));
      }
}
