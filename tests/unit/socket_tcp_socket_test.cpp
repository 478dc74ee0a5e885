#include "smtpoll/socket/tcp_socket.hpp"

#include <doctest/doctest.h>

#include "faulty_calls.hpp"
#include "loopback.hpp"

using smtpoll::Errc;
using smtpoll::IoStatus;
using smtpoll::Millis;
using smtpoll::Readiness;
using Socket = smtpoll::BasicTcpSocket<FaultyCalls>;

namespace {

constexpr int Number(Errc code) { return static_cast<int>(code); }

}  // namespace

TEST_CASE("The addresses of a name are tried one after the other") {
  Scope scope;
  Socket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  FaultyCalls::opened = 0;
  CHECK(ConnectError(socket, {"two.test", port, {}}) == 0);
  CHECK(FaultyCalls::opened == 2);
  CHECK(RemoteText(socket) == "127.0.0.1");
}

TEST_CASE("The first address that answers is taken") {
  Scope scope;
  Socket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.3").status == IoStatus::Done);
  FaultyCalls::opened = 0;
  CHECK(ConnectError(socket, {"two.test", port, {}}) == 0);
  CHECK(FaultyCalls::opened == 1);
  CHECK(RemoteText(socket) == "127.0.0.3");
}

TEST_CASE("Where all addresses fail, the last error is told and nothing stays open") {
  Scope scope;
  Socket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  listener.Close();
  CHECK(ConnectError(socket, {"two.test", port, {}}) == OS_ERROR(ECONNREFUSED));
  faults.no_family = AF_INET;
  FaultyCalls::opened = 0;
  CHECK(ConnectError(socket, {"two.test", port, {}}) == OS_ERROR(EAFNOSUPPORT));
  CHECK(FaultyCalls::opened == 2);
}

TEST_CASE("Without a network: NetworkInit") {
  Scope scope;
  faults.no_network = true;
  Socket socket;
  std::uint16_t port = 0;
  CHECK(socket.Connect({"127.0.0.1", 25, {}}).error == Number(Errc::NetworkInit));
  CHECK(socket.Listen(port, {}).error == Number(Errc::NetworkInit));
}

TEST_CASE("A machine without IPv6 listens on IPv4") {
  Scope scope;
  faults.no_family = AF_INET6;
  Pair<Socket> pair("");
  Say(pair.client, "x");
  CHECK(Hear(pair.server, 1) == "x");
}

TEST_CASE("A connection that is gone before it is accepted is no error, and the next one comes") {
  Scope scope;
  Socket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  REQUIRE(ConnectError(socket, {"127.0.0.1", port, {}}) == 0);
  REQUIRE(listener.Wait(Readiness::Read, kPatience) == Readiness::Read);
#if defined(SMTPOLL_WINDOWS)
  faults.bad_accept = WSAECONNRESET;
#else
  faults.bad_accept = ECONNABORTED;
#endif
  CHECK(listener.AcceptStep().status == IoStatus::Again);
  faults.bad_accept = OS_ERROR(EMFILE);
  CHECK(listener.AcceptStep().error == OS_ERROR(EMFILE));
  CHECK(listener.AcceptStep().status == IoStatus::Done);
  CHECK(FaultyCalls::handles == 2);
}

TEST_CASE("Wait that is interrupted goes on") {
  Scope scope;
  Pair<Socket> pair;
  faults.interruptions = 3;
  CHECK(pair.client.Wait(Readiness::Write, -1) == Readiness::Write);
  CHECK(faults.interruptions == 0);
  faults.interruptions = 3;
  const Millis before = Socket::Now();
  CHECK(pair.client.Wait(Readiness::Read, 20) == Readiness::None);
  CHECK(Socket::Now() - before >= 20);
}
