// Base64 of RFC 4648 section 4, in one piece and without line breaks; MIME's lines are made by the message floor.
#ifndef SMTPOLL_BASE_BASE64_HPP
#define SMTPOLL_BASE_BASE64_HPP

#include <cstddef>
#include <cstdint>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr char kBase64Alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters that `size` bytes become, padding included.
constexpr std::size_t Base64Size(std::size_t size) noexcept { return (size + 2) / 3 * 4; }

/// Encodes `size` bytes to `into`, which has room for Base64Size(size); returns that number. The areas must not
/// overlap.
inline std::size_t Base64Encode(const char* bytes, std::size_t size, char* into) noexcept {
  const auto byte = [bytes](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  char* out = into;
  std::size_t i = 0;
  for (; i + 3 <= size; i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *out++ = kBase64Alphabet[group >> 18];
    *out++ = kBase64Alphabet[group >> 12 & 63];
    *out++ = kBase64Alphabet[group >> 6 & 63];
    *out++ = kBase64Alphabet[group & 63];
  }
  if (i < size) {
    const bool two = i + 2 == size;
    const std::uint32_t group = byte(i) << 16 | (two ? byte(i + 1) << 8 : 0);
    *out++ = kBase64Alphabet[group >> 18];
    *out++ = kBase64Alphabet[group >> 12 & 63];
    *out++ = two ? kBase64Alphabet[group >> 6 & 63] : '=';
    *out++ = '=';
  }
  return static_cast<std::size_t>(out - into);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
