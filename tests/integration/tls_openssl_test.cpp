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

TEST_CASE("RFC 5929 4.1: a certificate whose signature has no digest of its own gives no channel binding") {
  Server server({{"mode", "starttls"}, {"args", "-tls1_2"}, {"cert", "edwards"}, {"after", kOffersAuth}});
  Client client(false);
  client.session.CertificateAuthorityFile = File("edwards.pem");
  client.session.ChannelBinding = smtpoll::TlsChannelBinding::ServerEndPoint;
  REQUIRE_FALSE(client.Connect(server));
  CHECK(client.session.SSLConnected());
  CHECK(client.session.Layer().ChannelBindingType().empty());
  CHECK(client.session.Layer().ChannelBinding().empty());
}
