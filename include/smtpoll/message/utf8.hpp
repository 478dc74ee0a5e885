// UTF-8 (RFC 3629): whether a text is valid, and a valid text from any bytes.
#ifndef SMTPOLL_MESSAGE_UTF8_HPP
#define SMTPOLL_MESSAGE_UTF8_HPP

#include <cstddef>
#include <string_view>

#include "smtpoll/base/text_bits.hpp"
#include "smtpoll/base/unicode.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// U+FFFD, which stands for a byte that is no UTF-8.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// One character taken from the front of a text: its bytes, or U+FFFD for a byte that is none.
struct Utf8Character {
  std::string_view bytes;
  std::size_t consumed;
};

/// The first character of `text`, which is not empty.
constexpr Utf8Character FirstCharacter(std::string_view text) noexcept {
  const std::size_t size = Utf8Length(text);
  if (size == 0) return {kReplacementCharacter, 1};
  return {First(text, size), size};
}

/// Offset of the first byte that is no UTF-8; npos where all is valid.
inline std::size_t FindInvalidUtf8(std::string_view text) noexcept {
  for (std::size_t i = SkipAscii(text); i != text.size(); i += SkipAscii(Rest(text, i))) {
    for (const std::size_t next = i + 8; i < next && i != text.size();) {
      const std::size_t size = Utf8Length(Rest(text, i));
      if (size == 0) return i;
      i += size;
    }
  }
  return std::string_view::npos;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
