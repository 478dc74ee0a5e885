#include "smtpoll/socket/native.hpp"

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include "loopback.hpp"
#include "smtpoll/base/error.hpp"

using smtpoll::Endpoint;
using smtpoll::Errc;
using smtpoll::IoStatus;
using smtpoll::Millis;
using smtpoll::NativeSocket;
using smtpoll::Readiness;

namespace {

using NativePair = Pair<NativeSocket>;

#if defined(SMTPOLL_WINDOWS)
constexpr int kNotOurs = WSAEADDRNOTAVAIL;
#else
constexpr int kNotOurs = EADDRNOTAVAIL;
#endif

constexpr int Number(Errc code) { return static_cast<int>(code); }

/// A port of 127.0.0.1 on which nobody listens.
std::uint16_t ClosedPort() {
  NativeSocket listener;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  return port;
}

}  // namespace

TEST_CASE("NativeSocket is a socket policy that can listen") {
  smtpoll::RequireSocketPolicy<NativeSocket>();
  CHECK(smtpoll::kCanListen<NativeSocket>);
  CHECK_FALSE(std::is_copy_constructible_v<NativeSocket>);
}

TEST_CASE("Listen on port 0: the port that the system picked is told") {
  NativeSocket listener;
  std::uint16_t port = 0;
  CHECK(listener.Listen(port, {}).status == IoStatus::Done);
  CHECK(port != 0);
  CHECK(listener.NativeHandle() != NativeSocket::kNoHandle);
  CHECK(listener.AcceptStep().status == IoStatus::Again);
}

TEST_CASE("Listen on a port that is taken: AddressInUse") {
  NativeSocket first, second;
  std::uint16_t port = 0;
  for (const std::string_view local : {std::string_view(), std::string_view("127.0.0.1")}) {
    port = 0;
    REQUIRE(first.Listen(port, local).status == IoStatus::Done);
    const std::uint16_t taken = port;
    CHECK(second.Listen(port, local).error == Number(Errc::AddressInUse));
    CHECK(port == taken);
    CHECK(second.NativeHandle() == NativeSocket::kNoHandle);
  }
}

TEST_CASE("Listen: what is no IP address does not resolve, another machine's address is the system's error") {
  NativeSocket listener;
  std::uint16_t port = 0;
  CHECK(listener.Listen(port, "localhost").error == Number(Errc::NameResolution));
  CHECK(listener.Listen(port, std::string(300, '1')).error == Number(Errc::NameResolution));
  CHECK(listener.Listen(port, "203.0.113.77").error == kNotOurs);
}

TEST_CASE("Bytes go both ways") {
  NativePair pair;
  CHECK(pair.client.ConnectStep().status == IoStatus::Done);
  CHECK(pair.server.ConnectStep().status == IoStatus::Done);
  Say(pair.server, "220 ready\r\n");
  CHECK(Hear(pair.client, 11) == "220 ready\r\n");
  Say(pair.client, "EHLO me\r\n");
  CHECK(Hear(pair.server, 9) == "EHLO me\r\n");
  char one;
  CHECK(pair.client.Read(&one, 1).status == IoStatus::Again);
}

TEST_CASE("A listener without an address takes IPv4 and tells it as IPv4") {
  NativePair pair("");
  CHECK(RemoteText(pair.server) == "127.0.0.1");
  CHECK(LocalText(pair.server) == "127.0.0.1");
}

TEST_CASE("After AcceptStep nobody listens any more") {
  NativePair pair;
  NativeSocket late;
  CHECK(ConnectError(late, {"127.0.0.1", pair.port, {}}) == kRefused);
  CHECK(pair.server.AcceptStep().error == Number(Errc::InvalidState));
}

TEST_CASE("Addresses are told as text, where they fit") {
  NativePair pair;
  CHECK(LocalText(pair.client) == "127.0.0.1");
  CHECK(RemoteText(pair.client) == "127.0.0.1");
  char text[9];
  CHECK(pair.client.LocalAddress(text, 9) == 9);
  CHECK(pair.client.LocalAddress(text, 8) == 0);
}

TEST_CASE("IPv6: literal with and without brackets, where the machine has it") {
  NativeSocket probe;
  std::uint16_t port = 0;
  if (probe.Listen(port, "[::1]").status != IoStatus::Done) {
    MESSAGE("this machine has no ::1");
    return;
  }
  probe.Close();
  for (const std::string_view host : {"::1", "[::1]"}) {
    NativePair pair(host);
    CHECK(RemoteText(pair.client) == "::1");
    CHECK(RemoteText(pair.server) == "::1");
    Say(pair.client, "x");
    CHECK(Hear(pair.server, 1) == "x");
  }
  NativePair both("");
  NativeSocket listener, six;
  port = 0;
  REQUIRE(listener.Listen(port, {}).status == IoStatus::Done);
  CHECK(ConnectError(six, {"::1", port, {}}) == 0);
}

TEST_CASE("Endpoint.local_address: the connection comes from there") {
  NativePair pair("127.0.0.1", "127.0.0.2");
  CHECK(LocalText(pair.client) == "127.0.0.2");
  CHECK(RemoteText(pair.server) == "127.0.0.2");
}

TEST_CASE("Endpoint.local_address: what is no IP address does not resolve, another machine's is the system's error") {
  NativeSocket socket;
  CHECK(ConnectError(socket, {"127.0.0.1", 25, "eth0"}) == Number(Errc::NameResolution));
  CHECK(ConnectError(socket, {"127.0.0.1", 25, "203.0.113.77"}) == kNotOurs);
  CHECK(ConnectError(socket, {"::1", 25, "127.0.0.1"}) == Number(Errc::NameResolution));
  CHECK(socket.NativeHandle() == NativeSocket::kNoHandle);
}

TEST_CASE("Connect to port 0: InvalidPort") {
  NativeSocket socket;
  CHECK(socket.Connect({"127.0.0.1", 0, {}}).error == Number(Errc::InvalidPort));
}

TEST_CASE("Connect to a closed port: the system's own number") {
  NativeSocket socket;
  CHECK(ConnectError(socket, {"127.0.0.1", ClosedPort(), {}}) == kRefused);
  CHECK(socket.NativeHandle() == NativeSocket::kNoHandle);
  CHECK(socket.ConnectWants() == Readiness::None);
}

TEST_CASE("Connect to a name: localhost") {
  NativeSocket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, {}).status == IoStatus::Done);
  const smtpoll::IoResult started = socket.Connect({"localhost", port, {}});
  CHECK(started.status == IoStatus::Again);
  CHECK(socket.ConnectWants() == Readiness::Read);
  CHECK(socket.NativeHandle() != NativeSocket::kNoHandle);
  CHECK(Finish(socket, started).status == IoStatus::Done);
}

TEST_CASE("Connect to a name that there is not: NameResolution, and no step blocks") {
  NativeSocket socket;
  const smtpoll::IoResult started = socket.Connect({"no-such-host.invalid", 25, {}});
  CHECK(started.status == IoStatus::Again);
  CHECK(Finish(socket, started).error == Number(Errc::NameResolution));
  CHECK(socket.NativeHandle() == NativeSocket::kNoHandle);
}

TEST_CASE("Connect: what can be no host fails at once") {
  NativeSocket socket;
  const std::string nul("local\0host", 10);
  for (const std::string& host : {std::string(), nul, std::string(256, 'a'), std::string("[localhost]"),
                                  std::string("::1::"), std::string("[]:")}) {
    const smtpoll::IoResult result = socket.Connect({host, 25, {}});
    CHECK(result.status == IoStatus::Failed);
    CHECK(result.error == Number(Errc::NameResolution));
  }
}

TEST_CASE("A socket may go while a name is looked up for it") {
  for (int i = 0; i < 20; ++i) {
    NativeSocket socket;
    CHECK(socket.Connect({"localhost", 25, {}}).status == IoStatus::Again);
    if (i % 2 == 0) socket.Close();
  }
}

TEST_CASE("The peer closes in order: Closed, after all it sent") {
  NativePair pair;
  Say(pair.server, "221 bye\r\n");
  pair.server.Close();
  CHECK(Hear(pair.client, 9) == "221 bye\r\n");
  char one;
  CHECK(pair.client.Wait(Readiness::Read, kPatience) == Readiness::Read);
  CHECK(pair.client.Read(&one, 1).status == IoStatus::Closed);
}

TEST_CASE("The peer resets: nothing can be read, writes say ConnectionLost, and no signal comes") {
  NativePair pair;
  Say(pair.client, "never read");
  REQUIRE(pair.server.Wait(Readiness::Read, kPatience) == Readiness::Read);
  pair.server.Close();
  CHECK(pair.client.Wait(Readiness::Read, kPatience) == Readiness::Read);
  char one;
  // Wine tells a reader just the end, the others why.
  const smtpoll::IoResult end = pair.client.Read(&one, 1);
  CHECK((end.status == IoStatus::Closed || end.error == Number(Errc::ConnectionLost)));
  const smtpoll::IoResult lost = pair.client.Write("x", 1);
  CHECK(lost.status == IoStatus::Failed);
  CHECK(lost.error == Number(Errc::ConnectionLost));
  CHECK(pair.client.Write("x", 1).error == Number(Errc::ConnectionLost));
}

TEST_CASE("Write takes what the system has room for, then says Again") {
  NativePair pair;
  const std::string block(1 << 20, 'x');
  std::size_t sent = 0;
  smtpoll::IoResult result;
  while ((result = pair.client.Write(block.data(), block.size())).status == IoStatus::Done) sent += result.size;
  CHECK(result.status == IoStatus::Again);
  CHECK(pair.client.Wait(Readiness::Write, 0) == Readiness::None);
  CHECK(Hear(pair.server, sent).size() == sent);
  CHECK(pair.client.Wait(Readiness::Write, kPatience) == Readiness::Write);
}

TEST_CASE("Wait says what the socket is ready for, and None at time-out") {
  NativePair pair;
  CHECK(pair.client.Wait(Readiness::ReadOrWrite, kPatience) == Readiness::Write);
  const Millis before = NativeSocket::Now();
  CHECK(pair.client.Wait(Readiness::Read, 30) == Readiness::None);
  CHECK(NativeSocket::Now() - before >= 30);
  CHECK(NativeSocket::Now() - before < kPatience);
  Say(pair.server, "x");
  CHECK(pair.client.Wait(Readiness::Read, -1) == Readiness::Read);
  CHECK(pair.client.Wait(Readiness::Read, smtpoll::kNever) == Readiness::Read);
  CHECK(pair.client.Wait(Readiness::ReadOrWrite, kPatience) == Readiness::ReadOrWrite);
}

TEST_CASE("Wait for nothing passes the time; where it would never end, or nothing is open, it returns at once") {
  NativePair pair;
  Say(pair.server, "x");
  const Millis before = NativeSocket::Now();
  CHECK(pair.client.Wait(Readiness::None, 30) == Readiness::None);
  CHECK(NativeSocket::Now() - before >= 30);
  CHECK(pair.client.Wait(Readiness::None, -1) == Readiness::None);
  NativeSocket closed;
  CHECK(closed.Wait(Readiness::Read, -1) == Readiness::Read);
}

TEST_CASE("Nothing to move is no end of file") {
  NativePair pair;
  char one;
  CHECK(pair.client.Read(&one, 0).status == IoStatus::Again);
  CHECK(pair.client.Write(&one, 0).status == IoStatus::Again);
}

TEST_CASE("What is not connected: InvalidState, no addresses, and Close does no harm") {
  NativeSocket socket;
  char one = 0;
  CHECK(socket.Read(&one, 1).error == Number(Errc::InvalidState));
  CHECK(socket.Write(&one, 1).error == Number(Errc::InvalidState));
  CHECK(socket.ConnectStep().error == Number(Errc::InvalidState));
  CHECK(socket.AcceptStep().error == Number(Errc::InvalidState));
  CHECK(LocalText(socket).empty());
  CHECK(RemoteText(socket).empty());
  CHECK(socket.NativeHandle() == NativeSocket::kNoHandle);
  socket.Close();
  socket.Close();
}

TEST_CASE("A moved socket takes the connection along and leaves the source closed") {
  NativePair pair;
  NativeSocket moved(std::move(pair.client));
  CHECK(pair.client.NativeHandle() == NativeSocket::kNoHandle);
  CHECK(pair.client.Read(nullptr, 0).error == Number(Errc::InvalidState));
  Say(moved, "x");
  CHECK(Hear(pair.server, 1) == "x");

  // What the target held is closed: its peer sees the end.
  NativePair other;
  other.client = std::move(moved);
  char one;
  REQUIRE(other.server.Wait(Readiness::Read, kPatience) == Readiness::Read);
  CHECK(other.server.Read(&one, 1).status == IoStatus::Closed);
  Say(pair.server, "y");
  CHECK(Hear(other.client, 1) == "y");

  NativeSocket resolving;
  const smtpoll::IoResult started = resolving.Connect({"localhost", ClosedPort(), {}});
  NativeSocket target(std::move(resolving));
  CHECK(Finish(target, started).error == kRefused);
}

TEST_CASE("A socket can be used again") {
  NativeSocket client;
  for (int i = 0; i < 3; ++i) {
    NativeSocket listener;
    std::uint16_t port = 0;
    REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
    CHECK(ConnectError(client, {"127.0.0.1", port, {}}) == 0);
  }
  CHECK(ConnectError(client, {"127.0.0.1", ClosedPort(), {}}) == kRefused);
  CHECK(client.NativeHandle() == NativeSocket::kNoHandle);
}
