// IP addresses as text, both ways: what the user wrote to what getaddrinfo takes, and a socket address to what people
// read. An IPv4 address that came through an IPv6 socket (RFC 4291 2.5.5.2) is written as the IPv4 address it is.
#ifndef SMTPOLL_SOCKET_DETAIL_ADDRESS_TEXT_HPP
#define SMTPOLL_SOCKET_DETAIL_ADDRESS_TEXT_HPP

#include <cstring>
#include <string_view>

#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/socket/detail/system_headers.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// True where `host` can only be an address, not a name; takes the brackets off.
constexpr bool TakeBrackets(std::string_view& host) noexcept {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  return bracketed || host.find(':') != std::string_view::npos;
}

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

/// Longest text of an address: IPv6 in its longest form, `%` and a scope's number.
using AddressText = FixedText<INET6_ADDRSTRLEN + 11>;

/// The address that `from` holds, without its port; empty where it is neither IPv4 nor IPv6.
inline AddressText ToText(const sockaddr_storage& from) noexcept {
  char text[INET6_ADDRSTRLEN];
  AddressText result;
  if (from.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &from, sizeof v4);
    if (inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text) != nullptr) result.Append(text);
  } else if (from.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &from, sizeof v6);
    constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const unsigned char* bytes = v6.sin6_addr.s6_addr;
    const bool is_v4 = std::memcmp(bytes, kMapped, sizeof kMapped) == 0;
    if (inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? bytes + sizeof kMapped : bytes, text, sizeof text) != nullptr)
      result.Append(text);
    if (!result.empty() && v6.sin6_scope_id != 0) {
      result.Append("%");
      result.AppendDecimal(v6.sin6_scope_id);
    }
  }
  return result;
}

/// The port that `from` holds, 0 where it is neither IPv4 nor IPv6.
inline std::uint16_t PortOf(const sockaddr_storage& from) noexcept {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (from.ss_family == AF_INET) std::memcpy(&v4, &from, sizeof v4);
  if (from.ss_family == AF_INET6) std::memcpy(&v6, &from, sizeof v6);
  return ntohs(from.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
}

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
