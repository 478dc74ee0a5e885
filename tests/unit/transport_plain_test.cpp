#include "smtpoll/transport/plain.hpp"

#include <doctest/doctest.h>

#include "loopback.hpp"
#include "smtpoll/socket/native.hpp"

using smtpoll::IoStatus;
using smtpoll::NativeSocket;
using smtpoll::Readiness;
using Plain = smtpoll::PlainTransport<NativeSocket>;

TEST_CASE("PlainTransport is a transport policy that encrypts nothing") {
  smtpoll::RequireTransportPolicy<smtpoll::PlainTransport, NativeSocket>();
  CHECK_FALSE(Plain::kEncrypts);
  Plain transport;
  CHECK(transport.Handshake("mx.example").status == IoStatus::Done);
  CHECK_FALSE(transport.Secured());
  CHECK(transport.Wants() == Readiness::None);
}

TEST_CASE("PlainTransport passes bytes, results and Close on as they are") {
  NativeSocket server;
  std::uint16_t port = 0;
  REQUIRE(server.Listen(port, "127.0.0.1").status == IoStatus::Done);
  Plain transport;
  REQUIRE(ConnectError(transport.NextLayer(), {"127.0.0.1", port, {}}) == 0);
  REQUIRE(server.Wait(Readiness::Read, kPatience) == Readiness::Read);
  REQUIRE(server.AcceptStep().status == IoStatus::Done);

  char one;
  CHECK(transport.Read(&one, 1).status == IoStatus::Again);
  Say(transport, "EHLO\r\n");
  CHECK(Hear(server, 6) == "EHLO\r\n");
  Say(server, "2");
  REQUIRE(transport.NextLayer().Wait(Readiness::Read, kPatience) == Readiness::Read);
  CHECK(transport.Read(&one, 1).size == 1);
  CHECK(one == '2');

  const Plain& view = transport;
  CHECK(view.NextLayer().NativeHandle() != NativeSocket::kNoHandle);
  transport.Close();
  CHECK(view.NextLayer().NativeHandle() == NativeSocket::kNoHandle);
  REQUIRE(server.Wait(Readiness::Read, kPatience) == Readiness::Read);
  CHECK(server.Read(&one, 1).status == IoStatus::Closed);
}
