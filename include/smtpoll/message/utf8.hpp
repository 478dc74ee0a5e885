// UTF-8 (RFC 3629): where a character ends, whether a text is valid, and a valid text from any bytes.
#ifndef SMTPOLL_MESSAGE_UTF8_HPP
#define SMTPOLL_MESSAGE_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include "smtpoll/base/text_bits.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// U+FFFD, which stands for a byte that is no UTF-8.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

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

/// One character taken from the front of a text: its bytes, or U+FFFD for a byte that is none.
struct Utf8Character {
  std::string_view bytes;
  std::size_t consumed;
};

/// The first character of `text`, which is not empty.
constexpr Utf8Character FirstCharacter(std::string_view text) noexcept {
  const std::size_t size = Utf8Length(text);
  if (size == 0) return {kReplacementCharacter, 1};
  return {text.substr(0, size), size};
}

/// Offset of the first byte that is no UTF-8; npos where all is valid.
inline std::size_t FindInvalidUtf8(std::string_view text) noexcept {
  for (std::size_t i = SkipAscii(text); i != text.size(); i += SkipAscii(text.substr(i))) {
    for (const std::size_t next = i + 8; i < next && i != text.size();) {
      const std::size_t size = Utf8Length(text.substr(i));
      if (size == 0) return i;
      i += size;
    }
  }
  return std::string_view::npos;
}

/// Appends `text` with U+FFFD for each byte that is no UTF-8.
inline void AppendRepairedUtf8(std::string_view text, std::string& into) {
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    into.append(character.bytes);
    text.remove_prefix(character.consumed);
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
