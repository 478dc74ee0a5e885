// International domain names in ASCII: A-labels (RFC 5890) by Punycode (RFC 3492), so that a domain in UTF-8 needs no
// SMTPUTF8. ASCII letters are lowered; other characters are taken as they are given, without the mappings of RFC 5895.
#ifndef SMTPOLL_MESSAGE_PUNYCODE_HPP
#define SMTPOLL_MESSAGE_PUNYCODE_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Code point of the character at the front of `text`, which is valid UTF-8.
constexpr std::uint32_t CodePointOf(std::string_view text) noexcept {
  const std::size_t size = Utf8Length(text);
  const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  if (size == 1) return byte(0);
  std::uint32_t value = byte(0) & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte(i) & 0x3F);
  return value;
}

/// RFC 3492 6.1: how the bias follows what was encoded.
constexpr std::uint32_t AdaptBias(std::uint32_t delta, std::uint32_t count, bool first) noexcept {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

/// Appends the Punycode of `label` (RFC 3492 6.3), valid UTF-8 of at most 255 bytes: no number here can overflow.
template <typename Text>
void AppendPunycode(std::string_view label, Text& to) {
  const auto each = [label](auto&& visit) {
    for (std::size_t at = 0; at < label.size(); at += Utf8Length(label.substr(at)))
      visit(CodePointOf(label.substr(at)));
  };
  const std::size_t start = to.size();
  std::uint32_t total = 0;
  each([&](std::uint32_t c) {
    ++total;
    if (c < 0x80) to += ToLower(static_cast<char>(c));
  });
  std::uint32_t done = static_cast<std::uint32_t>(to.size() - start);
  const std::uint32_t basic = done;
  if (basic != 0) to += '-';
  std::uint32_t n = 0x80, delta = 0, bias = 72;
  while (done < total) {
    std::uint32_t next = UINT32_MAX;
    each([&](std::uint32_t c) {
      if (c >= n && c < next) next = c;
    });
    delta += (next - n) * (done + 1);
    n = next;
    each([&](std::uint32_t c) {
      if (c < n) ++delta;
      if (c != n) return;
      std::uint32_t q = delta;
      for (std::uint32_t k = 36;; k += 36) {
        const std::uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        const std::uint32_t digit = q < t ? q : t + (q - t) % (36 - t);
        to += static_cast<char>(digit < 26 ? 'a' + digit : '0' + (digit - 26));
        if (q < t) break;
        q = (q - t) / (36 - t);
      }
      bias = AdaptBias(delta, done + 1, done == basic);
      delta = 0;
      ++done;
    });
    ++delta;
    ++n;
  }
}

/// Appends `domain` with every label in ASCII to a std::string, or to what has its size() and += only.
template <typename Text>
void AppendAsciiDomain(std::string_view domain, Text& to) {
  if (IsAllAscii(domain)) {
    to += domain;
    return;
  }
  for (bool first = true; first || !domain.empty(); first = false) {
    if (!first) to += '.';
    const std::string_view label = domain.substr(0, domain.find('.'));
    domain.remove_prefix(label.size() < domain.size() ? label.size() + 1 : label.size());
    if (IsAllAscii(label)) {
      to += label;
    } else {
      to += "xn--";
      AppendPunycode(label, to);
    }
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
