#include "smtpoll/socket/detail/address_text.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::detail::PortOf;
using smtpoll::detail::TakeBrackets;
using smtpoll::detail::ToText;

namespace {

sockaddr_storage Four(const char* ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  REQUIRE(inet_pton(AF_INET, ip, &address.sin_addr) == 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return storage;
}

sockaddr_storage Six(const char* ip, std::uint16_t port, std::uint32_t scope) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_scope_id = scope;
  REQUIRE(inet_pton(AF_INET6, ip, &address.sin6_addr) == 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return storage;
}

}  // namespace

TEST_CASE("An address is told as text, a scope as its number") {
  CHECK(ToText(Four("192.0.2.25", 25)).View() == "192.0.2.25");
  CHECK(ToText(Six("2001:db8::1", 25, 0)).View() == "2001:db8::1");
  CHECK(ToText(Six("fe80::1", 25, 4294967295)).View() == "fe80::1%4294967295");
  const std::string longest = "2001:1db8:1111:2222:3333:4444:5555:6666";
  CHECK(ToText(Six(longest.c_str(), 25, 4294967295)).View() == longest + "%4294967295");
  CHECK(ToText(sockaddr_storage{}).empty());
}

TEST_CASE("RFC 4291 2.5.5.2: an IPv4-mapped address is told as IPv4") {
  CHECK(ToText(Six("::ffff:192.0.2.25", 25, 0)).View() == "192.0.2.25");
  CHECK(ToText(Six("::fffe:192.0.2.25", 25, 0)).View() != "192.0.2.25");
}

TEST_CASE("The port of an address") {
  CHECK(PortOf(Four("192.0.2.25", 587)) == 587);
  CHECK(PortOf(Six("::1", 65535, 0)) == 65535);
  CHECK(PortOf(sockaddr_storage{}) == 0);
}

TEST_CASE("Brackets and colons make an address, all else may be a name") {
  std::string_view host = "[::1]";
  CHECK(TakeBrackets(host));
  CHECK(host == "::1");
  host = "fe80::1%eth0";
  CHECK(TakeBrackets(host));
  CHECK(host == "fe80::1%eth0");
  for (const std::string_view name : {"mx.example", "127.0.0.1", "[]", "[", ""}) {
    host = name;
    CHECK_FALSE(TakeBrackets(host));
    CHECK(host == name);
  }
}
