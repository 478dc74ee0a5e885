// What is special to the transport over Schannel: the client's own certificate is PKCS #12, and TLS 1.2 is the newest.
#include "smtpoll/transport/schannel.hpp"

#include "tls_bench.hpp"

using namespace tls;

TEST_CASE("Schannel: a certificate of the client's in PEM, or a key apart from it, is a setting that cannot be used") {
  Server server({{"mode", "starttls"}});
  Client client(false);
  client.session.CertificateFile = File("client-all.pem");
  CHECK(Says(client.Connect(server), "PKCS #12"));
  client.session.CertificateKeyFile = File("client.key");
  CHECK(Says(client.Connect(server), "CertificateKeyFile"));
  client.session.CertificateKeyFile.clear();
  client.session.CertificateFile = File("client.p12");
  client.session.CertificatePassword = "sesame";
  const smtpoll::Error error = client.Connect(server);
  CHECK(error.Code() == Errc::TlsSettings);
  CHECK(Says(error, "CertificatePassword"));
  CHECK(server.Saw().empty());
}

TEST_CASE("Schannel: TLSv13 as the lowest version is a setting that cannot be used") {
  Server server({{"mode", "starttls"}});
  Client client(false);
  client.session.SSLConnectionType = Session::SSLConnectionTypes::TLSv13;
  CHECK(Says(client.Connect(server), "SSLConnectionType"));
  CHECK(server.Saw().empty());
}
