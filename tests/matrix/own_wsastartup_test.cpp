// SMTPOLL_NO_WSASTARTUP: the program starts and ends Winsock itself, and smtpoll does neither. A program of its own,
// because the macro must be the same in every file of a program.
#define SMTPOLL_NO_WSASTARTUP
#include <smtpoll/smtpoll.hpp>

#include <doctest/doctest.h>

#include "../unit/loopback.hpp"

using smtpoll::Errc;
using smtpoll::IoStatus;
using smtpoll::NativeSocket;

TEST_CASE("SMTPOLL_NO_WSASTARTUP: nothing works before the program's WSAStartup, all after it, nothing after its end") {
  constexpr int kNotStarted = static_cast<int>(Errc::NetworkInit);
  NativeSocket listener, client;
  std::uint16_t port = 0;
  CHECK(listener.Listen(port, "127.0.0.1").error == kNotStarted);
  CHECK(client.Connect({"127.0.0.1", 25, {}}).error == kNotStarted);
  CHECK(client.Connect({"localhost", 25, {}}).error == kNotStarted);
  WSADATA data;
  REQUIRE(::WSAStartup(MAKEWORD(2, 2), &data) == 0);
  CHECK(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  CHECK(ConnectError(client, {"127.0.0.1", port, {}}) == 0);
  client.Close();
  listener.Close();
  CHECK(::WSACleanup() == 0);
  CHECK(::WSACleanup() == SOCKET_ERROR);
  CHECK(::WSAGetLastError() == WSANOTINITIALISED);
  CHECK(listener.Listen(port, "127.0.0.1").error == kNotStarted);
}
