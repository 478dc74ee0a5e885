// Base64 of RFC 4648 section 4, in one piece and without line breaks; MIME's lines are made by the message floor.
// The decoder is strict (RFC 4648 3): one text for one value, and nothing of what is no base64 is passed over.
#ifndef SMTPOLL_BASE_BASE64_HPP
#define SMTPOLL_BASE_BASE64_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

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

/// What a character of the alphabet stands for, 64 for any other.
constexpr std::uint32_t Base64Value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/// What Base64Decode returns for what is no base64 or does not fit.
constexpr std::size_t kNotBase64 = SIZE_MAX;

/// Decodes `text` to `into`, which has room for `room` bytes and may be where `text` begins. Returns how many bytes it
/// became, or kNotBase64 for a character outside the alphabet, wrong padding, bits that stand for nothing, or too
/// little room; `into` then holds nothing of use.
inline std::size_t Base64Decode(std::string_view text, char* into, std::size_t room) noexcept {
  if (text.size() % 4 != 0) return kNotBase64;
  std::size_t size = 0;
  for (; !text.empty(); text.remove_prefix(4)) {
    const bool last = text.size() == 4;
    const std::size_t padding = !last || text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint32_t value = i < 4 - padding ? Base64Value(text[i]) : 0;
      if (value == 64) return kNotBase64;
      group = group << 6 | value;
    }
    if ((group & ((1u << 8 * padding) - 1)) != 0 || room - size < 3 - padding) return kNotBase64;
    for (std::size_t i = 0; i < 3 - padding; ++i) into[size++] = static_cast<char>(group >> (16 - 8 * i) & 0xff);
  }
  return size;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
