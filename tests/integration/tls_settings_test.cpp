// What the settings name: authorities, a certificate of the client's own, lists of rejected ones, pins. What cannot be
// used is an error before a byte is sent.
#include <cstdio>

#include "smtpoll/pop3.hpp"
#include "tls_bench.hpp"

using namespace tls;

namespace {

/// Connects with settings that cannot be used: the error names one of them, and nothing was sent.
void Unusable(std::string_view says, void (*change)(Session&)) {
  Server server({{"mode", "tls"}});
  Client client(true);
  change(client.session);
  const smtpoll::Error error = client.Connect(server);
  INFO(ToString(error));
  CHECK(error.Code() == Errc::TlsSettings);
  CHECK(error.phase == smtpoll::Phase::Tls);
  CHECK(Says(error, says));
  CHECK_FALSE(client.session.IsConnected());
  CHECK(client.session.Layer().NextLayer().sent.empty());
}

constexpr const char* kAsksForCertificate[] = {"-tls1_2 -Verify 2 -verify_return_error -CAfile ca.pem",
                                               "-Verify 2 -verify_return_error -CAfile ca.pem"};

/// Connects to a server that wants a certificate of the client's.
smtpoll::Error WithOwn(const char* args, void (*change)(Session&), bool expect_secret) {
  Server server({{"mode", "starttls"}, {"args", args}, {"after", kOffersAuth}});
  Client client(false);
  change(client.session);
  const smtpoll::Error error = client.Connect(server);
  client.session.Quit();
  CHECK(server.SawNothingSecret() != expect_secret);
  return error;
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
}

}  // namespace

TEST_CASE("CertificateAuthorityPEM: authorities from memory") {
  Server server({{"mode", "starttls"}, {"after", kOffersAuth}});
  Client client(false);
  client.session.CertificateAuthorityFile.clear();
  client.session.CertificateAuthorityPEM = ReadFile("ca.pem");
  CHECK_FALSE(client.Connect(server));
  client.session.CertificateAuthorityPEM = ReadFile("other-ca.pem");
  CHECK(client.Connect(server).Code() == Errc::CertificateUntrusted);
  // Both make one list.
  client.session.CertificateAuthorityFile = File("ca.pem");
  CHECK_FALSE(client.Connect(server));
}

TEST_CASE("CertificateAuthorityFile: an authority in between is enough, where it is named") {
  if (SchannelCannot("trust in what is no root, before Windows 8 and in wine")) return;
  Server server({{"mode", "starttls"}, {"cert", "chained-alone"}, {"after", kOffersAuth}});
  Client client(false);
  client.session.CertificateAuthorityFile = File("between.pem");
  CHECK_FALSE(client.Connect(server));
}

TEST_CASE("CertificateAuthorityFile: missing, empty, garbled, or no PEM") {
  Unusable("CertificateAuthorityFile cannot be read",
           [](Session& s) { s.CertificateAuthorityFile = File("none.pem"); });
  Unusable("CertificateAuthorityFile", [](Session& s) { s.CertificateAuthorityFile = File("empty.pem"); });
  Unusable("CertificateAuthorityFile", [](Session& s) { s.CertificateAuthorityFile = File("garbled.pem"); });
  Unusable("CertificateAuthorityFile", [](Session& s) { s.CertificateAuthorityFile = File("text.pem"); });
  Unusable("CertificateAuthorityFile", [](Session& s) { s.CertificateAuthorityFile = File("good.key"); });
  Unusable("CertificateAuthorityFile", [](Session& s) { s.CertificateAuthorityFile = File("."); });
}

TEST_CASE("CertificateAuthorityPEM: garbled") {
  Unusable("CertificateAuthorityPEM", [](Session& s) { s.CertificateAuthorityPEM = ReadFile("garbled.pem"); });
  Unusable("CertificateAuthorityPEM", [](Session& s) { s.CertificateAuthorityPEM = "-----BEGIN CERTIFICATE-----\n"; });
}

TEST_CASE("CertificateRejectionFile: missing, garbled, or without anything to reject") {
  Unusable("CertificateRejectionFile cannot be read",
           [](Session& s) { s.CertificateRejectionFile = File("none.crl"); });
  Unusable("CertificateRejectionFile", [](Session& s) { s.CertificateRejectionFile = File("garbled.pem"); });
  Unusable("CertificateRejectionFile", [](Session& s) { s.CertificateRejectionFile = File("text.pem"); });
}

TEST_CASE("CertificatePins: what is no pin") {
  Unusable("CertificatePins", [](Session& s) { s.CertificatePins = "good"; });
  Unusable("CertificatePins", [](Session& s) { s.CertificatePins = ReadFile("good.pin") + ", sha1/abc"; });
}

TEST_CASE("CertificateFile: missing, garbled, without its key, or with another's") {
  Unusable("CertificateFile cannot be read", [](Session& s) { s.CertificateFile = File("none.pem"); });
  Unusable("CertificateFile", [](Session& s) { s.CertificateFile = File("garbled.pem"); });
  Unusable("CertificateFile", [](Session& s) { s.CertificateFile = File("client.pem"); });
  Unusable("CertificateKeyFile cannot be read", [](Session& s) {
    s.CertificateFile = File("client.pem");
    s.CertificateKeyFile = File("none.key");
  });
  Unusable("CertificateKeyFile", [](Session& s) {
    s.CertificateFile = File("client.pem");
    s.CertificateKeyFile = File("good.key");
  });
  Unusable("CertificateFile", [](Session& s) { s.CertificateKeyFile = File("client.key"); });
}

TEST_CASE("CertificatePassword: wrong or missing, and nobody is asked on a terminal") {
  if (SchannelCannot("a key in PEM")) return;
  Unusable("CertificatePassword", [](Session& s) {
    s.CertificateFile = File("client.pem");
    s.CertificateKeyFile = File("client-locked.key");
    s.CertificatePassword = "sesame";
  });
  Unusable("CertificatePassword", [](Session& s) {
    s.CertificateFile = File("client.pem");
    s.CertificateKeyFile = File("client-locked.key");
  });
}

TEST_CASE("TLS: a server that wants a certificate gets the client's") {
  if (SchannelCannot("a key in PEM")) return;
  for (const char* args : kAsksForCertificate) {
    CAPTURE(args);
    CHECK_FALSE(WithOwn(
        args, [](Session& s) { s.CertificateFile = File("client-all.pem"); }, true));
    const auto locked = [](Session& s) {
      s.CertificateFile = File("client.pem");
      s.CertificateKeyFile = File("client-locked.key");
      s.CertificatePassword = "opensesame";
    };
    CHECK_FALSE(WithOwn(args, locked, true));
  }
}

TEST_CASE("TLS: a server that wants a certificate and gets none, or a wrong one, is told so") {
  for (const char* args : kAsksForCertificate) {
    CAPTURE(args);
    const smtpoll::Error none = WithOwn(
        args, [](Session&) {}, false);
    INFO(ToString(none));
    CHECK(none.Code() == Errc::TlsHandshake);
    CHECK(Says(none, "CertificateFile"));
    if (SchannelCannot("a key in PEM")) continue;
    const auto stranger = [](Session& s) {
      s.CertificateFile = File("stranger.pem");
      s.CertificateKeyFile = File("stranger.key");
    };
    const smtpoll::Error wrong = WithOwn(args, stranger, false);
    INFO(ToString(wrong));
    CHECK(wrong.Code() == Errc::TlsHandshake);
    CHECK(Says(wrong, "CertificateFile"));
  }
}

TEST_CASE("SecureSettings: a file that changes counts from the next connection on") {
  Server server({{"mode", "starttls"}, {"after", kOffersAuth}});
  const std::string path = File("changing.pem");
  WriteFile(path, ReadFile("ca.pem"));
  Client client(false);
  client.session.CertificateAuthorityFile = path;
  CHECK_FALSE(client.Connect(server));
  WriteFile(path, ReadFile("other-ca.pem"));
  CHECK(client.Connect(server).Code() == Errc::CertificateUntrusted);
  std::remove(path.c_str());
  CHECK(client.Connect(server).Code() == Errc::TlsSettings);
  WriteFile(path, ReadFile("ca.pem"));
  CHECK_FALSE(client.Connect(server));
}

TEST_CASE("Pop3Session.POP3ConnectionType: STLS at first, SSLTLS for TLS from the first byte on") {
  Server server({{"mode", "tls"}});
  smtpoll::BasicPop3Session<LocalSocket, TestedTransport> session;
  session.CertificateAuthorityFile = File("ca.pem");
  session.Timeouts.greeting = session.Timeouts.tls = kPatience;
  using Types = smtpoll::Pop3SecureSettings::POP3ConnectionTypes;
  CHECK(session.POP3ConnectionType == Types::STLS);
  CHECK(session.Connect("mx.example.org", 995).Code() == Errc::TlsSettings);
  session.POP3ConnectionType = Types::SSLTLS;
  const smtpoll::Error error = session.Connect("mx.example.org", server.Port());
  INFO(ToString(error));
  // What greets there, encrypted, is no POP3 server.
  CHECK(error.Code() == Errc::MalformedReply);
  CHECK(error.phase == smtpoll::Phase::Greeting);
  CHECK(server.Plain().empty());
}
