// The server's certificate: which are taken, and what is said of those that are not. Each of the latter is tried by
// STARTTLS and by implicit TLS, and each time the server has seen nothing of the credentials and the message.
#include "tls_bench.hpp"

using namespace tls;

namespace {

using Change = void (*)(Session&);

void NoChange(Session&) {}

/// Connects by both ways to a server with `certificate`; the error is the same.
void Refused(const std::string& certificate, Errc code, std::string_view says, std::string_view name = "mx.example.org",
             Change change = &NoChange) {
  for (const bool implicit : {false, true}) {
    CAPTURE(implicit);
    Server server({{"mode", implicit ? "tls" : "starttls"}, {"cert", certificate}, {"after", kOffersAuth}});
    Client client(implicit);
    change(client.session);
    const smtpoll::Error error = client.Connect(server, name);
    INFO(ToString(error));
    CHECK(error.Code() == code);
    CHECK(error.phase == smtpoll::Phase::Tls);
    CHECK(Says(error, says));
    CHECK_FALSE(client.session.IsConnected());
    CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Queued);
    CHECK(server.SawNothingSecret());
    CHECK(server.Saw() == (implicit ? "" : "EHLO me.example.org\r\nSTARTTLS\r\n"));
  }
}

/// Connects to a server with `certificate` and authenticates.
void Taken(const std::string& certificate, std::string_view name = "mx.example.org", Change change = &NoChange) {
  Server server({{"mode", "starttls"}, {"cert", certificate}, {"after", kOffersAuth}});
  Client client(false);
  change(client.session);
  const smtpoll::Error error = client.Connect(server, name);
  INFO(ToString(error));
  CHECK_FALSE(error);
  CHECK(client.session.SSLConnected());
  client.session.Quit();
  CHECK(server.Saw().find("AUTH PLAIN ") != std::string::npos);
}

}  // namespace

TEST_CASE("TLS: a certificate for the name is taken") { Taken("good"); }

TEST_CASE("TLS: a name with a dot at its end, or in capitals, is the same name") {
  Taken("good", "mx.example.org.");
  Taken("good", "MX.Example.ORG");
}

TEST_CASE("TLS: a certificate through an authority in between is taken") { Taken("chained"); }

TEST_CASE("RFC 9525 6.3: a wildcard stands for one label") {
  Taken("wildcard");
  Refused("wildcard", Errc::CertificateName, "*.example.org", "a.mx.example.org");
  Refused("wildcard", Errc::CertificateName, "*.example.org", "example.org");
}

TEST_CASE("RFC 9525 6.3: a wildcard within a label is none") {
  Refused("partial", Errc::CertificateName, "m*.example.org");
}

TEST_CASE("RFC 9525 6.2: an IP literal needs a certificate for that address") {
  Taken("address", "192.0.2.25");
  Taken("address", "[2001:db8::25]");
  Taken("address", "2001:DB8:0:0:0:0:0:25");
  Refused("address", Errc::CertificateName, "192.0.2.25", "192.0.2.26");
  Refused("address", Errc::CertificateName, "not for 2001:db8::26", "2001:db8::26");
}

TEST_CASE("RFC 9525 6.2: an address in the place of a host name is none") {
  Refused("address-as-name", Errc::CertificateName, "192.0.2.25", "192.0.2.25");
}

TEST_CASE("RFC 5280 4.2: a certificate with critical extensions, and others before its names, is taken for its name") {
  Taken("public");
  Taken("public", "192.0.2.25");
  // Addresses of mail and of resources are no hosts.
  for (const char* other : {"imap.example.org", "postmaster@example.org", "example.org"})
    Refused("public", Errc::CertificateName, "it is for mx.example.org, 192.0.2.25, not for " + std::string(other),
            other);
}

TEST_CASE("TLS: a certificate for another name is refused, and said is for which it is") {
  Refused("elsewhere", Errc::CertificateName, "it is for imap.example.org, pop.example.org, not for mx.example.org");
}

TEST_CASE("RFC 9525 2: a name that stands in the subject only does not count") {
  Refused("common-name", Errc::CertificateName, "names no host");
}

TEST_CASE("TLS: a name with a NUL in it is not the name before the NUL") { Refused("nul", Errc::CertificateName, ""); }

TEST_CASE("TLS: an expired certificate is refused, and said is since when") {
  Refused("expired", Errc::CertificateExpired, "2020-02-01 00:00:00 UTC");
}

TEST_CASE("TLS: a certificate that is not valid yet is refused, and said is from when on") {
  Refused("future", Errc::CertificateExpired, "2089-01-01 00:00:00 UTC");
}

TEST_CASE("TLS: a self-signed certificate is refused") { Refused("self-signed", Errc::CertificateUntrusted, "self"); }

TEST_CASE("TLS: a self-signed certificate is taken where it is named as the authority") {
  Taken("self-signed", "mx.example.org",
        [](Session& session) { session.CertificateAuthorityFile = File("self-signed.pem"); });
}

TEST_CASE("TLS: a certificate by an unknown authority is refused, and said is by which") {
  Refused("stranger", Errc::CertificateUntrusted, "CN=other-ca");
}

TEST_CASE("TLS: the system's authorities know no authority of ours") {
  Refused("good", Errc::CertificateUntrusted, "", "mx.example.org",
          [](Session& session) { session.CertificateAuthorityFile.clear(); });
}

TEST_CASE("TLS: without the authority in between the chain does not hold") {
  Refused("chained-alone", Errc::CertificateUntrusted, "CN=between");
}

TEST_CASE("RFC 5280 4.2.1.9: a certificate that is no authority cannot make another") {
  Refused("forged", Errc::CertificateUntrusted, "");
}

TEST_CASE("RFC 5280 4.2.1.12: a certificate for clients is none for a server") {
  Refused("for-clients", Errc::CertificateUntrusted, "");
}

TEST_CASE("TLS: a revoked certificate is refused by a revocation list") {
  const Change change = [](Session& session) { session.CertificateRejectionFile = File("revoked.crl"); };
  Refused("revoked", Errc::CertificateRejected, "revoked", "mx.example.org", change);
  Taken("good", "mx.example.org", change);
}

TEST_CASE("RFC 5280 5.3: a revocation list counts for the certificates of its own authority only") {
  const Change other = [](Session& session) {
    session.CertificateAuthorityPEM = ReadFile("other-ca.pem");
    session.CertificateRejectionFile = File("other.crl");
  };
  Refused("stranger", Errc::CertificateRejected, "revoked", "mx.example.org", other);
  // Its number stands in the list too.
  Taken("good", "mx.example.org", other);
}

TEST_CASE("TLS: a revocation list that revokes nothing, and several in one file") {
  Taken("good", "mx.example.org", [](Session& session) { session.CertificateRejectionFile = File("nothing.crl"); });
  const Change several = [](Session& session) { session.CertificateRejectionFile = File("several.crl"); };
  Refused("revoked", Errc::CertificateRejected, "revoked", "mx.example.org", several);
  Taken("good", "mx.example.org", several);
}

TEST_CASE("RFC 5280 7.1: the authority of a revocation list is known by its name, not by how that is written") {
  if (SchannelCannot("names that are written in another way")) return;
  const Change change = [](Session& session) { session.CertificateRejectionFile = File("printable.crl"); };
  Refused("revoked", Errc::CertificateRejected, "revoked", "mx.example.org", change);
  Taken("good", "mx.example.org", change);
}

TEST_CASE("TLS: a certificate that stands in the rejection file is refused") {
  const Change change = [](Session& session) { session.CertificateRejectionFile = File("listed.pem"); };
  Refused("listed", Errc::CertificateRejected, "CertificateRejectionFile", "mx.example.org", change);
  Taken("good", "mx.example.org", change);
}

TEST_CASE("TLS: an authority that stands in the rejection file takes its certificates along") {
  Refused("chained", Errc::CertificateRejected, "CertificateRejectionFile", "mx.example.org",
          [](Session& session) { session.CertificateRejectionFile = File("between.pem"); });
}

TEST_CASE("TLS: the pinned key is taken, another one refused") {
  static std::string pin;
  pin = ReadFile("good.pin");
  Taken("good", "mx.example.org", [](Session& session) { session.CertificatePins = "sha256/" + pin; });
  Taken("good", "mx.example.org",
        [](Session& session) { session.CertificatePins = ReadFile("client.pin") + "," + pin; });
  Refused("good", Errc::CertificateRejected, "CertificatePins", "mx.example.org",
          [](Session& session) { session.CertificatePins = ReadFile("client.pin"); });
}

TEST_CASE("TLS: a pin does not make up for an authority") {
  Refused("self-signed", Errc::CertificateUntrusted, "", "mx.example.org",
          [](Session& session) { session.CertificatePins = ReadFile("good.pin"); });
}

TEST_CASE("InsecureAcceptAnyCertificate takes any certificate, but not one that is rejected by name or by pin") {
  for (const char* certificate : {"elsewhere", "expired", "self-signed", "stranger"})
    Taken(certificate, "mx.example.org", [](Session& session) { session.InsecureAcceptAnyCertificate = true; });
  Refused("listed", Errc::CertificateRejected, "", "mx.example.org", [](Session& session) {
    session.InsecureAcceptAnyCertificate = true;
    session.CertificateRejectionFile = File("listed.pem");
  });
  Refused("self-signed", Errc::CertificateRejected, "CertificatePins", "mx.example.org", [](Session& session) {
    session.InsecureAcceptAnyCertificate = true;
    session.CertificatePins = ReadFile("good.pin");
  });
}
