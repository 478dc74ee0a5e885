// The name that a server's certificate must be for: a host name or an IP literal, as it comes from the endpoint.
// Invariant: at most 253 bytes of printable ASCII, without the brackets of a literal and the dot of an absolute name
// (RFC 9525 6.3, RFC 6066 3).
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_NAME_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_NAME_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/span.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TlsName {
 public:
  /// Takes `host`; false where no certificate can be for it.
  bool Assign(std::string_view host) noexcept {
    *this = {};
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.find(':') != std::string_view::npos) host = host.substr(0, host.find('%'));  // without its zone
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    if (host.empty() || host.size() >= sizeof text_ - 1) return false;
    for (const char c : host)
      if (!IsPrint(c) || c == ' ') return false;
    std::memcpy(text_, host.data(), host.size());
    size_ = host.size();
    if (ParseIPv4(host, address_))
      address_size_ = 4;
    else if (ParseIPv6(host))
      address_size_ = 16;
    return address_size_ != 0 || host.find(':') == std::string_view::npos;
  }

  std::string_view View() const noexcept { return {text_, size_}; }
  const char* Text() const noexcept { return text_; }  ///< With a NUL at its end.
  /// The 4 or 16 bytes of an IP literal, in network order; empty for a name.
  Span<const unsigned char> Address() const noexcept { return {address_, address_size_}; }
  bool IsAddress() const noexcept { return address_size_ != 0; }

 private:
  static bool ParseIPv4(std::string_view text, unsigned char* into) noexcept {
    for (int i = 0; i < 4; ++i) {
      const std::size_t end = i == 3 ? text.size() : text.find('.');
      std::uint64_t value = 0;
      if (end > 3 || !ParseDecimal(text.substr(0, end), value) || value > 255) return false;
      into[i] = static_cast<unsigned char>(value);
      text.remove_prefix(i == 3 ? end : end + 1);
    }
    return true;
  }

  /// RFC 4291 2.2, all three forms.
  bool ParseIPv6(std::string_view text) noexcept {
    unsigned char bytes[16] = {};
    std::size_t size = 0;
    std::size_t gap = SIZE_MAX;  // where "::" stands
    if (text.substr(0, 2) == "::") {
      gap = 0;
      text.remove_prefix(2);
    }
    while (!text.empty()) {
      if (size <= 12 && ParseIPv4(text, bytes + size)) {
        size += 4;
        break;
      }
      unsigned value = 0;
      std::size_t digits = 0;
      for (; digits < text.size() && digits < 4 && HexValue(text[digits]) < 16; ++digits)
        value = value * 16 + HexValue(text[digits]);
      if (digits == 0 || size == 16) return false;
      bytes[size++] = static_cast<unsigned char>(value >> 8);
      bytes[size++] = static_cast<unsigned char>(value & 0xff);
      text.remove_prefix(digits);
      if (text.empty()) break;
      if (text.front() != ':' || text.size() == 1) return false;
      text.remove_prefix(1);
      if (text.front() != ':') continue;
      if (gap != SIZE_MAX) return false;
      gap = size;
      text.remove_prefix(1);
    }
    if (gap == SIZE_MAX ? size != 16 : size > 14) return false;
    if (gap == SIZE_MAX) gap = size;
    std::memset(address_, 0, sizeof address_);
    std::memcpy(address_, bytes, gap);
    std::memcpy(address_ + 16 - (size - gap), bytes + gap, size - gap);
    return true;
  }

  static unsigned HexValue(char c) noexcept {
    if (IsDigit(c)) return static_cast<unsigned>(c - '0');
    c = ToLower(c);
    return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 16;
  }

  std::size_t size_ = 0;
  std::size_t address_size_ = 0;
  char text_[255] = {};
  unsigned char address_[16] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
