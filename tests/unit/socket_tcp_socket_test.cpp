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

/// A listener, and a socket that is to find it.
struct Bench : Scope {
  void Listen(std::string_view address = "127.0.0.1") {
    REQUIRE(listener.Listen(port, address).status == IoStatus::Done);
    FaultyCalls::opened = 0;
  }
  Socket listener, socket;
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE_FIXTURE(Bench, "The addresses of a name are tried one after the other") {
  Listen();
  CHECK(ConnectError(socket, {"two.test", port, {}}) == 0);
  CHECK(FaultyCalls::opened == 2);
  CHECK(RemoteText(socket) == "127.0.0.1");
}

TEST_CASE_FIXTURE(Bench, "The first address that answers is taken") {
  Listen("127.0.0.3");
  CHECK(ConnectError(socket, {"two.test", port, {}}) == 0);
  CHECK(FaultyCalls::opened == 1);
  CHECK(RemoteText(socket) == "127.0.0.3");
}

TEST_CASE_FIXTURE(Bench, "Where all addresses fail, the last error is told and nothing stays open") {
  Listen();
  listener.Close();
  CHECK(ConnectError(socket, {"two.test", port, {}}) == OS_ERROR(ECONNREFUSED));
  faults.no_family = AF_INET;
  FaultyCalls::opened = 0;
  CHECK(ConnectError(socket, {"two.test", port, {}}) == OS_ERROR(EAFNOSUPPORT));
  CHECK(FaultyCalls::opened == 2);
}

TEST_CASE_FIXTURE(Bench, "Where all addresses fail, each is told with its reason") {
  Listen();
  listener.Close();
  CHECK(ConnectError(socket, {"two.test", port, {}}) == OS_ERROR(ECONNREFUSED));
  const std::string reason(FaultyCalls::Reason(OS_ERROR(ECONNREFUSED)).View());
  REQUIRE_FALSE(reason.empty());
  CHECK(socket.FaultText() == "127.0.0.3: " + reason + "; 127.0.0.1: " + reason);
  socket.Close();
  CHECK(socket.FaultText().empty());
}

TEST_CASE("RFC 8305 4: IPv6 and IPv4 addresses take turns") {
  Scope scope;
  smtpoll::detail::Resolver<FaultyCalls> resolver;
  smtpoll::IoResult result = resolver.Start({"mixed.test", 25, {}});
  while (result.status == IoStatus::Again) result = resolver.Step();
  REQUIRE(result.status == IoStatus::Done);
  std::string order;
  while (const addrinfo* address = resolver.NextAddress()) {
    sockaddr_storage one{};
    std::memcpy(&one, address->ai_addr, static_cast<std::size_t>(address->ai_addrlen));
    order.append(smtpoll::detail::ToText(one).View()).append(" ");
  }
  CHECK(order == "::1 127.0.0.3 ::2 127.0.0.1 ");
  CHECK(resolver.NextAddress() == nullptr);
}

TEST_CASE_FIXTURE(Bench,
                  "RFC 8305 5: An address that does not answer gets a head start, then the next one is tried beside it") {
  faults.silent = "127.0.0.3";
  Listen();
  const Millis start = Socket::Now();
  CHECK(ConnectError(socket, {"two.test", port, {}}) == 0);
  CHECK(Socket::Now() - start >= 250);
  CHECK(FaultyCalls::opened == 2);
  CHECK(FaultyCalls::handles == 2);  // the listener, and the one that won
  CHECK(RemoteText(socket) == "127.0.0.1");
}

TEST_CASE_FIXTURE(Bench, "RFC 8305 5: An address that fails lets the next one start at once") {
  Listen();
  const smtpoll::IoResult first = socket.Connect({"two.test", port, {}});
  CHECK(Finish(socket, first).error == 0);
  CHECK(socket.ConnectDeadline() == smtpoll::kNever);
}

TEST_CASE_FIXTURE(Bench, "RFC 8305 5: The first address may still win while the second one is tried") {
  faults.silent = "127.0.0.";
  Listen("127.0.0.3");
  smtpoll::IoResult result = socket.Connect({"two.test", port, {}});
  while (FaultyCalls::opened < 2) {
    REQUIRE(result.status == IoStatus::Again);
    socket.Wait(socket.ConnectWants(), kPatience);
    result = socket.ConnectStep();
  }
  // The handle is the second one's: whoever waits for that alone is to look again soon.
  CHECK(socket.ConnectDeadline() <= Socket::Now() + 20);
  faults.silent = "127.0.0.1";
  CHECK(Finish(socket, result).error == 0);
  CHECK(RemoteText(socket) == "127.0.0.3");
}

TEST_CASE_FIXTURE(Bench, "RFC 8305 5: The first address may fail while the second one is tried, which goes on") {
  faults.silent = "127.0.0.";
  Listen();
  smtpoll::IoResult result = socket.Connect({"two.test", port, {}});
  while (FaultyCalls::opened < 2) {
    REQUIRE(result.status == IoStatus::Again);
    socket.Wait(socket.ConnectWants(), kPatience);
    result = socket.ConnectStep();
  }
  CHECK(FaultyCalls::handles == 3);  // the listener, and both
  // Nobody listens on the first one's, which has known that all along.
  faults.silent = "127.0.0.1";
  while (FaultyCalls::handles == 3) {
    REQUIRE(socket.Wait(socket.ConnectWants(), kPatience) == socket.ConnectWants());
    result = socket.ConnectStep();
  }
  REQUIRE(result.status == IoStatus::Again);
  CHECK(FaultyCalls::handles == 2);
  const std::string reason(FaultyCalls::Reason(OS_ERROR(ECONNREFUSED)).View());
  CHECK(socket.FaultText() == "127.0.0.3: " + reason + "; 127.0.0.1: no answer");
  faults.silent = {};
  CHECK(Finish(socket, result).error == 0);
  CHECK(FaultyCalls::handles == 2);
  CHECK(RemoteText(socket) == "127.0.0.1");
  CHECK(socket.FaultText().empty());
}

TEST_CASE_FIXTURE(Bench, "RFC 8305 5: An address that fails at once lets the next one start, and the others go on") {
  // The first is silent; the second has no route, and the third is tried at the same moment.
  faults.silent = "127.0.0.2";
  faults.no_route = "127.0.0.3";
  Listen("127.0.0.4");
  smtpoll::IoResult result = socket.Connect({"many.test", port, {}});
  while (FaultyCalls::opened < 2) {
    REQUIRE(result.status == IoStatus::Again);
    socket.Wait(socket.ConnectWants(), kPatience);
    result = socket.ConnectStep();
  }
  CHECK(FaultyCalls::opened == 3);
  CHECK(FaultyCalls::handles == 3);  // the listener, the first and the third
  const std::string reason(FaultyCalls::Reason(OS_ERROR(ENETUNREACH)).View());
  CHECK(socket.FaultText() == "127.0.0.3: " + reason + "; 127.0.0.2: no answer; 127.0.0.4: no answer");
  CHECK(Finish(socket, result).error == 0);
  CHECK(RemoteText(socket) == "127.0.0.4");
  CHECK(FaultyCalls::handles == 2);
}

TEST_CASE_FIXTURE(Bench, "An event loop that waits for the handle and the deadline alone connects") {
  faults.silent = "127.0.0.3";
  Listen();
  smtpoll::IoResult result = socket.Connect({"two.test", port, {}});
  while (result.status == IoStatus::Again) {
    const Millis left =
        socket.ConnectDeadline() == smtpoll::kNever ? kPatience : socket.ConnectDeadline() - Socket::Now();
    Readiness ready = Readiness::None;
    FaultyCalls::Poll(socket.NativeHandle(), socket.ConnectWants(), static_cast<int>(left > 0 ? left : 0), ready);
    result = socket.ConnectStep();
  }
  CHECK(result.status == IoStatus::Done);
  CHECK(RemoteText(socket) == "127.0.0.1");
}

TEST_CASE("At most six addresses are tried at a time, and Wait keeps its time meanwhile") {
  Scope scope;
  faults.silent = "127.";
  Socket socket;
  FaultyCalls::opened = 0;
  smtpoll::IoResult result = socket.Connect({"many.test", 9, {}});
  const Millis start = Socket::Now();
  while (Socket::Now() - start < 1600) {
    REQUIRE(result.status == IoStatus::Again);
    if (socket.Wait(socket.ConnectWants(), 1600 - (Socket::Now() - start)) != Readiness::None)
      result = socket.ConnectStep();
  }
  CHECK(FaultyCalls::opened == 6);
  CHECK(socket.FaultText().substr(0, 43) == "127.0.0.2: no answer; 127.0.0.3: no answer;");
  Socket moved(std::move(socket));
  CHECK(moved.FaultText().substr(0, 21) == "127.0.0.2: no answer;");
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

TEST_CASE_FIXTURE(Bench, "A connection that is gone before it is accepted is no error, and the next one comes") {
  Listen();
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
