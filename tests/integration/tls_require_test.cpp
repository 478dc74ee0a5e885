// RFC 8689 over real TLS: REQUIRETLS goes only where the server was verified and offers it behind TLS, and what asks
// for it does not go at all elsewhere; "TLS-Required: No" is a field of the message and nothing on the wire's side.
#include "tls_bench.hpp"

using namespace tls;

namespace {

smtpoll::EmailMessage Mail(smtpoll::TlsRequired required) {
  smtpoll::EmailMessage mail = SecretMail();
  mail.Options.tls_required = required;
  return mail;
}

/// A message that requires TLS is refused before a byte of it goes; one that does not is taken by the same session.
void RefusedButNotTheNext(Session& session, Server& server, std::string_view why) {
  smtpoll::EmailMessage mail = Mail(smtpoll::TlsRequired::Yes);
  mail.Options.unoffered = smtpoll::Unoffered::Drop;  // which is no leave to send it unprotected
  const smtpoll::SendResult& refused = session.Send(mail);
  INFO(ToString(refused.error));
  CHECK(refused.outcome == smtpoll::Outcome::Refused);
  CHECK(refused.error.Code() == Errc::NotOffered);
  CHECK(Says(refused.error, why));
  smtpoll::EmailMessage other = Mail(smtpoll::TlsRequired::Unset);
  other.Subject = "Another";
  other.BodyPlainText = "open";
  CHECK(session.Send(other).outcome == smtpoll::Outcome::Sent);
  session.Quit();
  const std::string saw = server.Saw();
  CHECK(saw.find("REQUIRETLS") == std::string::npos);
  CHECK(saw.find("MAIL FROM") == saw.rfind("MAIL FROM"));
  CHECK(saw.find("Top secret") == std::string::npos);
}

}  // namespace

TEST_CASE("RFC 8689 4.2.1: REQUIRETLS goes to a verified server that offers it") {
  for (const bool implicit : {false, true}) {
    Server server({{"mode", implicit ? "tls" : "starttls"}, {"after", "REQUIRETLS\nPIPELINING"}});
    Client client(implicit);
    client.session.UserName.clear();
    REQUIRE_FALSE(client.Connect(server));
    CHECK(client.session.Send(Mail(smtpoll::TlsRequired::Yes)).outcome == smtpoll::Outcome::Sent);
    CHECK(client.session.Send(Mail(smtpoll::TlsRequired::Unset)).outcome == smtpoll::Outcome::Sent);
    client.session.Quit();
    const std::string saw = server.Saw();
    CHECK(saw.find("MAIL FROM:<alice@example.org> REQUIRETLS\r\n") != std::string::npos);
    CHECK(saw.find("MAIL FROM:<alice@example.org>\r\n") != std::string::npos);
  }
}

TEST_CASE("RFC 8689 4.2.1: what was offered before TLS only is not offered") {
  Server server({{"mode", "starttls"}, {"before", "REQUIRETLS"}});
  Client client(false);
  client.session.UserName.clear();
  REQUIRE_FALSE(client.Connect(server));
  RefusedButNotTheNext(client.session, server, "asks for REQUIRETLS");
}

TEST_CASE("RFC 8689 4.2.1: REQUIRETLS does not go to a server that nobody verified") {
  Server server({{"mode", "starttls"}, {"cert", "stranger"}, {"after", "REQUIRETLS"}});
  Client client(false);
  client.session.UserName.clear();
  client.session.InsecureAcceptAnyCertificate = true;
  REQUIRE_FALSE(client.Connect(server));
  RefusedButNotTheNext(client.session, server, "not encrypted and verified");
}

TEST_CASE("RFC 8689 4.2.1: REQUIRETLS does not go over plain text, whatever is offered there") {
  Server server({{"mode", "plain"}, {"before", "REQUIRETLS"}});
  Client client(false);
  client.session.UserName.clear();
  client.session.SSLEnabled = false;
  REQUIRE_FALSE(client.Connect(server));
  RefusedButNotTheNext(client.session, server, "not encrypted and verified");
}

TEST_CASE("RFC 8689 5: TLS-Required: No is a field of the message, and asks nothing of this server") {
  Server server({{"mode", "starttls"}, {"after", "REQUIRETLS"}});
  Client client(false);
  client.session.UserName.clear();
  REQUIRE_FALSE(client.Connect(server));
  CHECK(client.session.Send(Mail(smtpoll::TlsRequired::No)).outcome == smtpoll::Outcome::Sent);
  client.session.Quit();
  const std::string saw = server.Saw();
  CHECK(saw.find("MAIL FROM:<alice@example.org>\r\n") != std::string::npos);
  CHECK(saw.find("\r\nTLS-Required: No\r\n") != std::string::npos);
}
