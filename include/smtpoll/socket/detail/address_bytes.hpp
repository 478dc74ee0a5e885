// An IP address from text to bytes, strictly and without the system: dotted decimal (RFC 6943 3.1.1's strict form) and
// IPv6 (RFC 4291 2.2). For those who have to say an address in a protocol; a socket leaves it to the system.
#ifndef SMTPOLL_SOCKET_DETAIL_ADDRESS_BYTES_HPP
#define SMTPOLL_SOCKET_DETAIL_ADDRESS_BYTES_HPP

#include <cstddef>
#include <string_view>

#include "smtpoll/base/ascii.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr bool ParseIPv4(std::string_view text, unsigned char* into) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    const std::string_view digits = text.substr(0, dot);
    std::uint64_t value = 0;
    if (dot == std::string_view::npos || digits.size() > 3 || !ParseDecimal(digits, value) || value > 255) return false;
    if (digits.size() > 1 && digits[0] == '0') return false;
    into[i] = static_cast<unsigned char>(value);
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return true;
}

/// 1 to 4 hexadecimal digits.
constexpr bool ParseGroup(std::string_view text, unsigned& value) noexcept {
  if (text.empty() || text.size() > 4) return false;
  value = 0;
  for (const char c : text) {
    const char lower = ToLower(c);
    if (!IsDigit(c) && (lower < 'a' || lower > 'f')) return false;
    value = value << 4 | static_cast<unsigned>(IsDigit(c) ? c - '0' : lower - 'a' + 10);
  }
  return true;
}

constexpr bool ParseIPv6(std::string_view text, unsigned char* into) noexcept {
  constexpr std::size_t kSize = 16, kNoGap = kSize + 1;
  std::size_t size = 0, gap = kNoGap;
  if (text.substr(0, 2) == "::") {
    gap = 0;
    text.remove_prefix(2);
  }
  if (text.empty() && gap == kNoGap) return false;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view piece = text.substr(0, colon);
    unsigned group = 0;
    if (piece.find('.') != std::string_view::npos) {
      if (colon != std::string_view::npos || size > kSize - 4 || !ParseIPv4(piece, into + size)) return false;
      size += 4;
      break;
    }
    if (size > kSize - 2 || !ParseGroup(piece, group)) return false;
    into[size++] = static_cast<unsigned char>(group >> 8);
    into[size++] = static_cast<unsigned char>(group & 0xff);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
    if (text[0] != ':') continue;
    if (gap != kNoGap) return false;
    gap = size;
    text.remove_prefix(1);
  }
  if (gap == kNoGap) return size == kSize;
  if (size == kSize) return false;
  for (std::size_t i = 0; i < kSize - gap; ++i)
    into[kSize - 1 - i] = i < size - gap ? into[size - 1 - i] : static_cast<unsigned char>(0);
  return true;
}

/// Writes the address that `text` is to `into`, which has 16 bytes; returns 4 or 16, 0 where it is none.
constexpr std::size_t ParseAddress(std::string_view text, unsigned char* into) noexcept {
  if (ParseIPv4(text, into)) return 4;
  return ParseIPv6(text, into) ? 16 : 0;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
