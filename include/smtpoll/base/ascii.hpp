// ASCII text: case, digits and character classes without a locale. Bytes above 127 are never letters here.
#ifndef SMTPOLL_BASE_ASCII_HPP
#define SMTPOLL_BASE_ASCII_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/text_bits.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr char ToLower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool IsAlpha(char c) noexcept { return ToLower(c) >= 'a' && ToLower(c) <= 'z'; }

constexpr bool IsSpace(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr bool IsAscii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

/// True for a printing character or a space: what may stand in a line of plain ASCII text.
constexpr bool IsPrint(char c) noexcept { return c >= ' ' && c <= '~'; }

inline bool IsAllAscii(std::string_view text) noexcept { return SkipAscii(text) == text.size(); }

/// True where `text` would break out of a line: it holds CR, LF or NUL.
constexpr bool HasLineBreakOrNul(std::string_view text) noexcept {
  for (char c : text)
    if (c == '\r' || c == '\n' || c == '\0') return true;
  return false;
}

constexpr bool EqualIgnoringCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  return true;
}

constexpr bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && EqualIgnoringCase(First(text, prefix.size()), prefix);
}

/// `text` without spaces and tabs at both ends.
constexpr std::string_view Trim(std::string_view text) noexcept {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the first word off `line`; empty where none is left.
constexpr std::string_view NextWord(std::string_view& line) noexcept {
  line = Trim(line);
  std::size_t end = 0;
  while (end < line.size() && !IsSpace(line[end])) ++end;
  const std::string_view word = First(line, end);
  line.remove_prefix(end);
  return word;
}

/// Reads the decimal number that `text` is, all of it; false when it is none or above 2^64-1.
constexpr bool ParseDecimal(std::string_view text, std::uint64_t& value) noexcept {
  if (text.empty()) return false;
  std::uint64_t sum = 0;
  for (char c : text) {
    if (!IsDigit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  value = sum;
  return true;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
