// The network interfaces of this machine: the seed's class NetworkInterface and its System functions.
// An interface with several IP addresses is listed once for each, IPv4 first; one without an address is left out.
#ifndef SMTPOLL_SOCKET_NETWORK_INTERFACE_HPP
#define SMTPOLL_SOCKET_NETWORK_INTERFACE_HPP

#include <optional>
#include <string>
#include <utility>

#include "smtpoll/base/sequence.hpp"
#include "smtpoll/socket/detail/address_text.hpp"

#if defined(SMTPOLL_WINDOWS)
#include <vector>
#elif defined(SMTPOLL_POSIX)
#include <ifaddrs.h>
#include <net/if.h>
#if defined(__linux__)
#include <netpacket/packet.h>
#elif __has_include(<net/if_dl.h>)
#include <net/if_dl.h>
#endif
#endif

SMTPOLL_NAMESPACE_BEGIN

/// One IP address of one network interface; its IPAddress is what a socket binds to.
class NetworkInterface {
 public:
  NetworkInterface() = default;
  /// An interface with these values.
  NetworkInterface(std::string name, std::string ip_address, std::string subnet_mask, std::string mac_address)
      : name_(std::move(name)),
        ip_address_(std::move(ip_address)),
        subnet_mask_(std::move(subnet_mask)),
        mac_address_(std::move(mac_address)) {}

  /// The system's name, `eth0` or (Windows) the one people see, in UTF-8.
  const std::string& Name() const noexcept { return name_; }
  /// IPv4 or IPv6; that of a link-local address ends with `%` and the interface's number.
  const std::string& IPAddress() const noexcept { return ip_address_; }
  /// `00:1A:2B:3C:4D:5E`; empty where the interface has none.
  const std::string& MACAddress() const noexcept { return mac_address_; }
  /// `255.255.255.0`, for IPv6 `ffff:ffff:ffff:ffff::`.
  const std::string& SubnetMask() const noexcept { return subnet_mask_; }

 private:
  std::string name_;
  std::string ip_address_;
  std::string subnet_mask_;
  std::string mac_address_;
};

namespace detail {

/// True for an address that does not leave this machine.
inline bool IsLoopback(std::string_view ip_address) noexcept {
  return ip_address == "::1" || ip_address.substr(0, 4) == "127.";
}

/// A hardware address as text; all zero is none.
inline std::string HardwareAddressText(const unsigned char* bytes, std::size_t size) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  unsigned all = 0;
  for (std::size_t i = 0; i < size; ++i) all |= bytes[i];
  if (all == 0) return text;
  for (std::size_t i = 0; i < size; ++i) {
    if (i != 0) text += ':';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

#if defined(SMTPOLL_POSIX)

/// A copy of the address or mask `from` with the family given: BSD cuts masks short and may leave their family out.
inline sockaddr_storage CopyOf(const sockaddr* from, int family) noexcept {
  sockaddr_storage copy{};
  std::size_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
#if defined(SIN6_LEN)
  if (from->sa_len < size) size = from->sa_len;
#endif
  std::memcpy(&copy, from, size);
  copy.ss_family = static_cast<sa_family_t>(family);
  return copy;
}

/// The hardware address of the interface `name`: that of its link layer's entry among all the entries from `at` on.
inline std::string HardwareAddressOf(std::string_view name, const ifaddrs* at) {
  for (; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_name != name) continue;
#if defined(__linux__)
    if (at->ifa_addr->sa_family != AF_PACKET) continue;
    sockaddr_ll link;
    std::memcpy(&link, at->ifa_addr, sizeof link);
    const std::size_t size = link.sll_halen;
    return HardwareAddressText(link.sll_addr, size < sizeof link.sll_addr ? size : sizeof link.sll_addr);
#elif defined(AF_LINK)
    if (at->ifa_addr->sa_family != AF_LINK) continue;
    const auto* link = reinterpret_cast<const sockaddr_dl*>(at->ifa_addr);
    return HardwareAddressText(reinterpret_cast<const unsigned char*>(LLADDR(link)), link->sdl_alen);
#endif
  }
  return {};
}

inline Sequence<NetworkInterface> ListInterfaces() {
  Sequence<NetworkInterface> list;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return list;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
      if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != family || (at->ifa_flags & IFF_UP) == 0) continue;
      std::string mask;
      if (at->ifa_netmask != nullptr) mask = ToText(CopyOf(at->ifa_netmask, family)).View();
      list.Append({at->ifa_name, std::string(ToText(CopyOf(at->ifa_addr, family)).View()), std::move(mask),
                   HardwareAddressOf(at->ifa_name, first)});
    }
  }
  ::freeifaddrs(first);
  return list;
}

#elif defined(SMTPOLL_WINDOWS)

inline std::string ToUtf8(const wchar_t* text) {
  const int size = ::WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(size > 0 ? size : 1), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text, -1, result.data(), size, nullptr, nullptr);
  result.pop_back();
  return result;
}

/// The mask whose first `prefix` bits are set.
inline sockaddr_storage MaskOf(int family, unsigned prefix) noexcept {
  unsigned char bits[16] = {};
  for (unsigned i = 0; i < prefix && i < 128; ++i)
    bits[i / 8] = static_cast<unsigned char>(bits[i / 8] | 0x80 >> i % 8);
  sockaddr_storage mask{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  std::memcpy(&v4.sin_addr, bits, sizeof v4.sin_addr);
  std::memcpy(&v6.sin6_addr, bits, sizeof v6.sin6_addr);
  std::memcpy(&mask, family == AF_INET ? static_cast<const void*>(&v4) : &v6,
              family == AF_INET ? sizeof v4 : sizeof v6);
  mask.ss_family = static_cast<ADDRESS_FAMILY>(family);
  return mask;
}

inline Sequence<NetworkInterface> ListInterfaces() {
  constexpr ULONG kFlags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
  Sequence<NetworkInterface> list;
  ULONG size = 16 * 1024;
  std::vector<IP_ADAPTER_ADDRESSES> memory;
  ULONG result = ERROR_BUFFER_OVERFLOW;
  for (int i = 0; i < 4 && result == ERROR_BUFFER_OVERFLOW; ++i) {
    memory.resize(size / sizeof(IP_ADAPTER_ADDRESSES) + 1);
    result = ::GetAdaptersAddresses(AF_UNSPEC, kFlags, nullptr, memory.data(), &size);
  }
  if (result != ERROR_SUCCESS) return list;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const IP_ADAPTER_ADDRESSES* at = memory.data(); at != nullptr; at = at->Next) {
      if (at->OperStatus != IfOperStatusUp) continue;
      for (const auto* address = at->FirstUnicastAddress; address != nullptr; address = address->Next) {
        if (address->Address.lpSockaddr->sa_family != family) continue;
        sockaddr_storage ip{};
        std::memcpy(&ip, address->Address.lpSockaddr, static_cast<std::size_t>(address->Address.iSockaddrLength));
        list.Append({ToUtf8(at->FriendlyName), std::string(ToText(ip).View()),
                     std::string(ToText(MaskOf(family, address->OnLinkPrefixLength)).View()),
                     HardwareAddressText(at->PhysicalAddress, at->PhysicalAddressLength)});
      }
    }
  }
  return list;
}

#else

inline Sequence<NetworkInterface> ListInterfaces() { return {}; }

#endif

}  // namespace detail

/// The seed's System functions about interfaces. Each call asks the operating system anew.
namespace System {

/// All interfaces that are up; empty where the system does not tell.
inline Sequence<smtpoll::NetworkInterface> NetworkInterfaces() { return detail::ListInterfaces(); }

/// How many NetworkInterfaces lists.
inline std::size_t NetworkInterfaceCount() { return NetworkInterfaces().size(); }

/// The seed's System.NetworkInterface(index), from 0; one with all members empty where there is none.
inline smtpoll::NetworkInterface NetworkInterface(std::size_t index) {
  Sequence<smtpoll::NetworkInterface> list = NetworkInterfaces();
  return index < list.Count() ? std::move(list[index]) : smtpoll::NetworkInterface();
}

/// IP of this machine: of the first interface that is no loopback, else of the first; empty where there is none.
inline std::string HostAddress() {
  const Sequence<smtpoll::NetworkInterface> list = NetworkInterfaces();
  for (const smtpoll::NetworkInterface& one : list)
    if (!detail::IsLoopback(one.IPAddress())) return one.IPAddress();
  return list.empty() ? std::string() : list[0].IPAddress();
}

}  // namespace System

namespace detail {

/// IP of this end of a socket policy's connection; where there is none, of the interface wanted or of the host.
template <typename Socket>
std::string LocalAddressOf(const Socket& socket, const std::optional<NetworkInterface>& wanted) {
  char address[64];
  if (const std::size_t size = socket.LocalAddress(address, sizeof address); size != 0) return {address, size};
  return wanted ? wanted->IPAddress() : System::HostAddress();
}

/// IP of the peer; empty where not connected.
template <typename Socket>
std::string RemoteAddressOf(const Socket& socket) {
  char address[64];
  return {address, socket.RemoteAddress(address, sizeof address)};
}

}  // namespace detail

SMTPOLL_NAMESPACE_END

#endif
