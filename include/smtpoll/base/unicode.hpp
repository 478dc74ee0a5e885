// Characters in UTF-8 (RFC 3629) and UTF-16 (RFC 2781): where one ends, and a text of one form in the other, strictly.
#ifndef SMTPOLL_BASE_UNICODE_HPP
#define SMTPOLL_BASE_UNICODE_HPP

#include <string>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Bytes (1 to 4) of the character that `text` starts with; 0 where it starts with none or is empty (RFC 3629 4).
constexpr std::size_t Utf8Length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const unsigned first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  // The second byte's range leaves out over-long forms, surrogates and what lies above U+10FFFF.
  const unsigned second = static_cast<unsigned char>(text[1]);
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  return size;
}

/// Writes `text` as UTF-16 to `into`, which has room for text.size() units, and returns how many it took; npos where
/// `text` is no UTF-8 (RFC 2781 2.1).
template <typename Unit>
constexpr std::size_t Utf8ToUtf16(std::string_view text, Unit* into) noexcept {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t size = Utf8Length(text);
    if (size == 0) return std::string_view::npos;
    const unsigned first = static_cast<unsigned char>(text[0]);
    std::uint32_t character = size == 1 ? first : first & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    text.remove_prefix(size);
    if (character >= 0x10000) {
      into[count++] = static_cast<Unit>(0xD800 + ((character - 0x10000) >> 10));
      character = 0xDC00 + ((character - 0x10000) & 0x3FF);
    }
    into[count++] = static_cast<Unit>(character);
  }
  return count;
}

/// Appends `text`, UTF-16, as UTF-8; false where half of a pair stands alone (RFC 2781 2.2), which UTF-8 cannot say.
template <typename Unit>
bool AppendUtf16(std::basic_string_view<Unit> text, std::string& into) {
  const auto put = [&into](std::uint32_t bits) { into += static_cast<char>(static_cast<unsigned char>(bits)); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t character = static_cast<std::uint32_t>(text[i]) & 0xFFFF;
    if (character >= 0xD800 && character < 0xE000) {
      const std::uint32_t second = i + 1 < text.size() ? static_cast<std::uint32_t>(text[i + 1]) & 0xFFFF : 0;
      if (character >= 0xDC00 || second < 0xDC00 || second >= 0xE000) return false;
      character = 0x10000 + ((character - 0xD800) << 10) + (second - 0xDC00);
      ++i;
    }
    if (character < 0x80) {
      put(character);
      continue;
    }
    const unsigned more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    put((0xFF00u >> (more + 1) & 0xFF) | character >> (6 * more));
    for (unsigned left = more; left-- > 0;) put(0x80 | (character >> (6 * left) & 0x3F));
  }
  return true;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
