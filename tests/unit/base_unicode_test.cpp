#include "smtpoll/base/unicode.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::detail::AppendUtf16;
using smtpoll::detail::Utf8ToUtf16;

namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::u16string ToUtf16(std::string_view text) {
  std::u16string result(text.size(), u'#');
  const std::size_t count = Utf8ToUtf16(text, result.data());
  REQUIRE(count <= result.size());
  result.resize(count);
  return result;
}

/// The UTF-8 of `text`; "none" where there is none.
std::string ToUtf8(const std::u16string& text) {
  std::string result;
  return AppendUtf16(std::u16string_view(text), result) ? result : "none";
}

/// One character in UTF-8, written down bit by bit.
std::string Utf8Of(std::uint32_t character) {
  const auto one = [](std::uint32_t bits) {
    return std::string(1, static_cast<char>(static_cast<unsigned char>(bits)));
  };
  const auto tail = [&](unsigned shift) { return one(0x80 | (character >> shift & 0x3F)); };
  if (character < 0x80) return one(character);
  if (character < 0x800) return one(0xC0 | character >> 6) + tail(0);
  if (character < 0x10000) return one(0xE0 | character >> 12) + tail(6) + tail(0);
  return one(0xF0 | character >> 18) + tail(12) + tail(6) + tail(0);
}

}  // namespace

TEST_CASE("RFC 2781 2.1: every character in UTF-16, and back") {
  std::uint32_t wrong = 0;
  for (std::uint32_t character = 0; character < 0x110000; ++character) {
    if (character >= 0xD800 && character < 0xE000) continue;
    const std::string utf8 = Utf8Of(character);
    char16_t units[4] = {};
    const std::size_t count = Utf8ToUtf16(utf8, units);
    const std::u16string utf16(units, count == kNone ? 0 : count);
    const bool single = character < 0x10000 && count == 1 && units[0] == character;
    const bool pair = character >= 0x10000 && count == 2 && units[0] == 0xD800 + ((character - 0x10000) >> 10) &&
                      units[1] == 0xDC00 + ((character - 0x10000) & 0x3FF);
    if (!(single || pair) || ToUtf8(utf16) != utf8) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(ToUtf16("") == u"");
  CHECK(ToUtf16("a\xc3\xbc\xe6\x97\xa5\xf0\x9f\x93\x8e.") == u"a\u00fc\u65e5\U0001f4ce.");
}

TEST_CASE("RFC 3629 3: what is no UTF-8 has no UTF-16") {
  char16_t units[8];
  for (const char* text :
       {"\x80", "a\xc0\x80", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f\x93", "\xff"})
    CHECK(Utf8ToUtf16(text, units) == kNone);
}

TEST_CASE("RFC 2781 2.2: half of a pair alone has no UTF-8") {
  for (const std::u16string& text : {std::u16string(1, char16_t{0xD800}), std::u16string(1, char16_t{0xDC00}),
                                     std::u16string{u'a', char16_t{0xDBFF}, u'b'}, std::u16string(2, char16_t{0xD83D}),
                                     std::u16string{char16_t{0xDCCE}, char16_t{0xD83D}}})
    CHECK(ToUtf8(text) == "none");
}
