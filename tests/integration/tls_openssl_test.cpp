// What is special to the transport over OpenSSL: its error queue belongs to the program too.
#include "smtpoll/transport/openssl.hpp"

#include "tls_bench.hpp"

using namespace tls;

TEST_CASE(
    "OpenSSL: errors that the program has left in the queue are not taken for ours, and none of ours stay there") {
  Server server({{"mode", "starttls"}, {"after", kOffersAuth}});
  Client client(false);
  const auto leave_error = [] { ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); };
  leave_error();
  REQUIRE_FALSE(client.Connect(server));
  leave_error();
  CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Sent);
  leave_error();
  client.session.Quit();
  Server wrong({{"mode", "starttls"}, {"cert", "expired"}});
  CHECK(client.Connect(wrong).Code() == Errc::CertificateExpired);
  client.session.CertificateAuthorityFile = File("garbled.pem");
  CHECK(client.Connect(wrong).Code() == Errc::TlsSettings);
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("OpenSSL: a handshake without settings verifies by the system's authorities") {
  Server server({{"mode", "tls"}});
  Transport transport;
  LocalSocket& wire = transport.NextLayer();
  IoResult result = wire.Connect({"mx.example.org", server.Port(), {}});
  while (result.status == IoStatus::Again) {
    REQUIRE(wire.Wait(wire.ConnectWants(), kPatience) != Readiness::None);
    result = wire.ConnectStep();
  }
  while ((result = transport.Handshake("mx.example.org")).status == IoStatus::Again)
    REQUIRE(wire.Wait(transport.Wants(), kPatience) != Readiness::None);
  CHECK(result.status == IoStatus::Failed);
  CHECK(result.error == static_cast<int>(Errc::CertificateUntrusted));
  // After that nothing goes any more, encrypted or not.
  char byte = 'x';
  CHECK(transport.Write(&byte, 1).status == IoStatus::Failed);
  CHECK(transport.Read(&byte, 1).status == IoStatus::Failed);
  CHECK(transport.Handshake("mx.example.org").status == IoStatus::Failed);
  CHECK_FALSE(transport.Secured());
  transport.Close();
  CHECK(server.Saw().empty());
}
