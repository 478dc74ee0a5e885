// SMTPSecureSocket and SecureSession as a user has them: over this platform's sockets, by the macro of a TLS library.
#include "smtpoll/client/secure_socket.hpp"

#include "tls_bench.hpp"

using namespace tls;
using smtpoll::SecureSession;
using smtpoll::SMTPSecureSocket;

namespace {

/// Sends one message to `server` through `socket`; the error it ended with, if any.
smtpoll::Error SendOne(SMTPSecureSocket& socket, const Server& server) {
  smtpoll::Error error;
  socket.Error = [&](const smtpoll::Error& told) { error = told; };
  socket.Address = "localhost";
  socket.Port = server.Port();
  socket.Messages.RemoveAll();
  socket.Messages.Append(SecretMail());
  socket.SendMail();
  while (socket.Poll(kPatience)) continue;
  return error;
}

}  // namespace

TEST_CASE("SMTPSecureSocket: as it is made, nothing goes without STARTTLS and a certificate that is good") {
  Server plain({{"mode", "plain"}});
  SMTPSecureSocket socket;
  CHECK(SendOne(socket, plain).Code() == Errc::TlsRefused);
  CHECK(plain.SawNothingSecret());
  Server untrusted({{"mode", "starttls"}});
  CHECK(SendOne(socket, untrusted).Code() == Errc::CertificateUntrusted);
  CHECK(untrusted.SawNothingSecret());
  CHECK(socket.Messages.Count() == 1);
}

TEST_CASE("SMTPSecureSocket.SSLEnabled: true at first; false is plain text, credentials only where allowed by name") {
  SMTPSecureSocket socket;
  CHECK(socket.SSLEnabled);
  socket.SSLEnabled = false;
  Server server({{"mode", "starttls"}, {"before", kOffersAuth}});
  CHECK_FALSE(SendOne(socket, server));
  CHECK(server.Plain().find("Top secret") != std::string::npos);
  socket.UserName = "alice";
  CHECK(SendOne(socket, server).Code() == Errc::CredentialsOnPlainWire);
}

TEST_CASE("SMTPSecureSocket.SSLConnected, SSLConnecting: false, then connecting, then connected, then false") {
  Server server({{"mode", "starttls"}, {"piece", "100"}});
  SMTPSecureSocket socket;
  Prepare(socket);
  socket.UserName.clear();
  socket.Address = "localhost";
  socket.Port = server.Port();
  CHECK_FALSE(socket.SSLConnected());
  CHECK_FALSE(socket.SSLConnecting());
  bool greeted_unencrypted = false, connecting = false;
  socket.ConnectionEstablished = [&](const std::string&) { greeted_unencrypted = !socket.SSLConnected(); };
  socket.Connect();
  while (socket.Poll()) connecting = connecting || socket.SSLConnecting();
  CHECK(greeted_unencrypted);
  CHECK(connecting);
  CHECK(socket.SSLConnected());
  CHECK_FALSE(socket.SSLConnecting());
  socket.Close();
  CHECK_FALSE(socket.SSLConnected());
}

TEST_CASE("SMTPSecureSocket.SMTPConnectionType: STARTTLS at first, SSLTLS for implicit TLS") {
  SMTPSecureSocket socket;
  Prepare(socket);
  CHECK(socket.SMTPConnectionType == SMTPSecureSocket::SMTPConnectionTypes::STARTTLS);
  Server starttls({{"mode", "starttls"}, {"after", kOffersAuth}});
  CHECK_FALSE(SendOne(socket, starttls));
  CHECK(starttls.Plain().find("STARTTLS") != std::string::npos);
  socket.SMTPConnectionType = SMTPSecureSocket::SMTPConnectionTypes::SSLTLS;
  Server implicit({{"mode", "tls"}, {"after", kOffersAuth}});
  CHECK_FALSE(SendOne(socket, implicit));
  CHECK(implicit.Saw().find("Top secret") != std::string::npos);
}

TEST_CASE("SMTPSecureSocket.SSLConnectionType: TLSv12 at first, TLSv13 where wanted, older ones refused by name") {
  using Types = SMTPSecureSocket::SSLConnectionTypes;
  SMTPSecureSocket socket;
  Prepare(socket);
  CHECK(socket.SSLConnectionType == Types::TLSv12);
  Server server({{"mode", "starttls"}, {"args", "-tls1_2"}, {"after", kOffersAuth}});
  CHECK_FALSE(SendOne(socket, server));
  if (HasTls13("TLSv13 as the lowest one")) {
    socket.SSLConnectionType = Types::TLSv13;
    CHECK(SendOne(socket, server).Code() == Errc::TlsVersion);
  }
  for (const Types old : {Types::SSLv23, Types::TLSv1, Types::TLSv11}) {
    socket.SSLConnectionType = old;
    const smtpoll::Error error = SendOne(socket, server);
    CHECK(error.Code() == Errc::TlsSettings);
    CHECK(Says(error, "SSLConnectionType"));
  }
}

TEST_CASE("SMTPSecureSocket.CertificateFile, CertificatePassword: the client's own certificate") {
  Server server({{"mode", "starttls"}, {"args", "-Verify 2 -verify_return_error -CAfile ca.pem"}});
  SMTPSecureSocket socket;
  Prepare(socket);
  socket.UserName.clear();
  CHECK(SendOne(socket, server).Code() == Errc::TlsHandshake);
  socket.CertificateFile = File(kIsSchannel ? "client.p12" : "client-locked-all.pem");
  CHECK(SendOne(socket, server).Code() == Errc::TlsSettings);
  CHECK(server.SawNothingSecret());
  socket.CertificatePassword = "opensesame";
  CHECK_FALSE(SendOne(socket, server));
  CHECK_FALSE(server.SawNothingSecret());
}

TEST_CASE("SMTPSecureSocket.CertificateRejectionFile: what stands there is not accepted") {
  Server server({{"mode", "starttls"}, {"cert", "revoked"}, {"after", kOffersAuth}});
  SMTPSecureSocket socket;
  Prepare(socket);
  CHECK_FALSE(SendOne(socket, server));
  socket.CertificateRejectionFile = File("revoked.crl");
  CHECK(SendOne(socket, server).Code() == Errc::CertificateRejected);
}

TEST_CASE("SMTPSecureSocket.CertificateAuthorityFile: what is trusted instead of the system's") {
  Server server({{"mode", "starttls"}, {"after", kOffersAuth}});
  SMTPSecureSocket socket;
  Prepare(socket);
  CHECK_FALSE(SendOne(socket, server));
  socket.CertificateAuthorityFile = File("other-ca.pem");
  CHECK(SendOne(socket, server).Code() == Errc::CertificateUntrusted);
}

TEST_CASE("SecureSession: blocking, with the same settings") {
  Server server({{"mode", "tls"}, {"after", kOffersAuth}});
  SecureSession session;
  Prepare(session);
  session.SMTPConnectionType = SecureSession::SMTPConnectionTypes::SSLTLS;
  CHECK_FALSE(session.SSLConnected());
  REQUIRE_FALSE(session.Connect("localhost", server.Port()));
  CHECK(session.SSLConnected());
  CHECK(session.Send(SecretMail()).outcome == smtpoll::Outcome::Sent);
  session.Quit();
  CHECK_FALSE(session.SSLConnected());
  // What the connection had is known when it is over.
  const smtpoll::SessionReport report = session.Explain();
  CHECK(report.tally.encrypted);
  CHECK(report.tally.tls_version.View().substr(0, 4) == "TLSv");
  CHECK(report.tally.cipher.View().size() > 10);
  CHECK(report.tally.mechanism == smtpoll::AuthMechanism::Plain);
  CHECK(ToJson(report).find("open-sesame") == std::string::npos);
  Server wrong({{"mode", "tls"}, {"cert", "elsewhere"}});
  CHECK(session.Connect("localhost", wrong.Port()).Code() == Errc::CertificateName);
  CHECK_FALSE(session.Explain().tally.encrypted);
  CHECK(session.Explain().error.Code() == Errc::CertificateName);
  CHECK(wrong.SawNothingSecret());
}
