// Who starts and ends Winsock, and how wide its handles are. A program of its own: in that of the unit tests others
// hold it.
#include "smtpoll/socket/winsock.hpp"

#include <doctest/doctest.h>

#include <type_traits>

#include "../unit/loopback.hpp"
#include "smtpoll/client/smtp_socket.hpp"

using smtpoll::IoStatus;
using smtpoll::WinsockSocket;

namespace {

/// True where somebody has started Winsock, which is asked without starting it.
bool IsStarted() {
  const SOCKET probe = ::WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, 0);
  if (probe == INVALID_SOCKET) return ::WSAGetLastError() != WSANOTINITIALISED;
  ::closesocket(probe);
  return true;
}

}  // namespace

TEST_CASE("WinsockSocket: a handle has the width of SOCKET, all the way up") {
  static_assert(std::is_same_v<WinsockSocket::Handle, SOCKET>);
  static_assert(sizeof(WinsockSocket::Handle) == sizeof(void*));
  static_assert(WinsockSocket::kNoHandle == INVALID_SOCKET);
  static_assert(std::is_same_v<decltype(std::declval<const smtpoll::SMTPSocket&>().Handle()), SOCKET>);
}

TEST_CASE("WinsockSocket starts Winsock for as long as one of them needs it, and as often as it ends it") {
  REQUIRE_FALSE(IsStarted());
  {
    WinsockSocket first;
    CHECK_FALSE(IsStarted());  // nothing is started by a socket that is not used
    std::uint16_t port = 0;
    REQUIRE(first.Listen(port, "127.0.0.1").status == IoStatus::Done);
    REQUIRE(first.Listen(port, "127.0.0.1").status == IoStatus::Done);
    CHECK(IsStarted());
    {
      WinsockSocket second;
      CHECK(ConnectError(second, {"127.0.0.1", port, {}}) == 0);
      WinsockSocket third(std::move(second));
      second = std::move(third);
    }
    CHECK(IsStarted());
    WinsockSocket moved(std::move(first));
    CHECK(IsStarted());
  }
  CHECK_FALSE(IsStarted());
}

TEST_CASE("WinsockSocket leaves a Winsock alone that the program has started") {
  WSADATA data;
  REQUIRE(::WSAStartup(MAKEWORD(2, 2), &data) == 0);
  {
    WinsockSocket socket;
    std::uint16_t port = 0;
    CHECK(socket.Listen(port, "127.0.0.1").status == IoStatus::Done);
  }
  CHECK(IsStarted());
  CHECK(::WSACleanup() == 0);
  CHECK_FALSE(IsStarted());
}
