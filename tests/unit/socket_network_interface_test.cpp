#include "smtpoll/socket/network_interface.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "loopback.hpp"
#include "smtpoll/socket/native.hpp"

using smtpoll::NetworkInterface;
namespace System = smtpoll::System;

TEST_CASE("NetworkInterface.Name, SubnetMask and MACAddress: the loopback has a mask and no MAC address") {
  int found = 0;
  for (const NetworkInterface& one : System::NetworkInterfaces()) {
    if (one.IPAddress() != "127.0.0.1") continue;
    ++found;
    CHECK_FALSE(one.Name().empty());
    CHECK(one.SubnetMask() == "255.0.0.0");
    CHECK(one.MACAddress().empty());
  }
  CHECK(found == 1);
}

TEST_CASE("System.NetworkInterfaces: each address once, IPv4 first, MAC addresses as six pairs of digits") {
  std::set<std::string> seen;
  bool six = false;
  for (const NetworkInterface& one : System::NetworkInterfaces()) {
    CHECK(seen.insert(one.Name() + one.IPAddress()).second);
    const bool is_six = one.IPAddress().find(':') != std::string::npos;
    CHECK((is_six || !six));
    six = six || is_six;
    CHECK((one.SubnetMask().find(':') != std::string::npos) == is_six);
    if (one.MACAddress().empty()) continue;
    CHECK(one.MACAddress().size() == 17);
    CHECK(one.MACAddress().find_first_not_of("0123456789ABCDEF:") == std::string::npos);
  }
}

TEST_CASE("System.NetworkInterface: the one at an index of the list, and an empty one behind its end") {
  const std::size_t count = System::NetworkInterfaceCount();
  REQUIRE(count > 0);
  CHECK(System::NetworkInterfaces().size() == count);
  for (std::size_t i = 0; i < count; ++i)
    CHECK(System::NetworkInterface(i).IPAddress() == System::NetworkInterfaces()[i].IPAddress());
  CHECK(System::NetworkInterface(count).IPAddress().empty());
}

TEST_CASE("NetworkInterface.IPAddress can be listened on, link-local ones with their scope too") {
  for (const NetworkInterface& one : System::NetworkInterfaces()) {
    CAPTURE(one.IPAddress());
    smtpoll::NativeSocket socket;
    std::uint16_t port = 0;
    CHECK(socket.Listen(port, one.IPAddress()).status == smtpoll::IoStatus::Done);
  }
}

TEST_CASE("System::HostAddress is no loopback address where the machine has another") {
  const std::string host = System::HostAddress();
  bool has_other = false;
  for (const NetworkInterface& one : System::NetworkInterfaces())
    has_other = has_other || (one.IPAddress() != "::1" && one.IPAddress().compare(0, 4, "127.") != 0);
  CHECK_FALSE(host.empty());
  CHECK((host != "::1" && host.compare(0, 4, "127.") != 0) == has_other);
}

TEST_CASE("A hardware address is written in pairs of digits; all zero is none") {
  const unsigned char bytes[6] = {0x02, 0xfc, 0x00, 0x9a, 0x10, 0xff};
  CHECK(smtpoll::detail::HardwareAddressText(bytes, 6) == "02:FC:00:9A:10:FF");
  const unsigned char none[6] = {};
  CHECK(smtpoll::detail::HardwareAddressText(none, 6).empty());
  CHECK(smtpoll::detail::HardwareAddressText(none, 0).empty());
}

#if defined(SMTPOLL_POSIX)
TEST_CASE("A machine that lists no such interface has no hardware address for it") {
  CHECK(smtpoll::detail::HardwareAddressOf("nosuch", nullptr).empty());
}
#endif
