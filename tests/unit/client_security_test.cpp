#include "smtpoll/client/client_settings.hpp"

#include <doctest/doctest.h>

#include <string>

#include "scripted_socket.hpp"
#include "smtpoll/client/session.hpp"

using smtpoll::Errc;
using smtpoll::Security;

namespace {

int handshake_error = 0;
int handshake_steps = 0;

/// Encrypts nothing, but leaves a line "[TLS name]" on the wire where its handshake was, so that a test sees what went before.
template <typename Socket>
class MarkingTransport : public smtpoll::PlainTransport<Socket> {
 public:
  static constexpr bool kEncrypts = true;
  smtpoll::IoResult Handshake(std::string_view name) {
    if (handshake_steps-- > 0) return smtpoll::IoResult::TryAgain();
    if (handshake_error != 0) return smtpoll::IoResult::Fail(handshake_error);
    this->NextLayer().sent.append("[TLS ").append(name).append("]\r\n");
    secured_ = true;
    return smtpoll::IoResult::Ok();
  }
  smtpoll::Readiness Wants() const { return secured_ ? smtpoll::Readiness::None : smtpoll::Readiness::Read; }
  bool Secured() const { return secured_; }
  void Close() {
    secured_ = false;
    smtpoll::PlainTransport<Socket>::Close();
  }

 private:
  bool secured_ = false;
};

using SecureSession = smtpoll::BasicSession<ScriptedSocket, MarkingTransport>;

struct Bench {
  Bench() {
    handshake_error = handshake_steps = 0;
    ScriptedSocket::now = 0;
    session.ClientName = "me";
    Wire().incoming = "220 mx\r\n";
    Wire().wakes_early = true;
  }
  ScriptedSocket& Wire() { return session.Layer().NextLayer(); }
  void UseCredentials() {
    session.UserName = "alice";
    session.Password = "sesame";
  }
  SecureSession session;
};

}  // namespace

TEST_CASE("Security.Automatic: with credentials nothing but STARTTLS goes over the plain wire") {
  Bench bench;
  bench.UseCredentials();
  handshake_steps = 3;
  bench.Wire().On("EHLO ", "250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
  bench.Wire().On("STARTTLS", "220 go\r\n");
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH PLAIN\r\n");
  bench.Wire().On("AUTH PLAIN", "235 hi\r\n");
  CHECK_FALSE(bench.session.Connect("mx.y.org", 587));
  CHECK(bench.Wire().sent ==
        "EHLO me\r\nSTARTTLS\r\n[TLS mx.y.org]\r\nEHLO me\r\nAUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n");
}

TEST_CASE("Security.Automatic: with credentials a server without STARTTLS is an error") {
  Bench bench;
  bench.UseCredentials();
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH PLAIN\r\n");
  const smtpoll::Error error = bench.session.Connect("mx.y.org", 587);
  CHECK(error.Code() == Errc::TlsRefused);
  CHECK(error.phase == smtpoll::Phase::Tls);
  CHECK(bench.Wire().sent == "EHLO me\r\nQUIT\r\n");
}

TEST_CASE("Security.Automatic: without credentials encryption is taken where it is offered") {
  Bench with;
  with.Wire().On("EHLO ", "250-mx\r\n250 STARTTLS\r\n");
  with.Wire().On("STARTTLS", "220 go\r\n");
  with.Wire().On("EHLO ", "250 mx\r\n");
  CHECK_FALSE(with.session.Connect("mx.y.org", 25));
  CHECK(with.Wire().sent == "EHLO me\r\nSTARTTLS\r\n[TLS mx.y.org]\r\nEHLO me\r\n");
  Bench without;
  without.Wire().On("EHLO ", "250 mx\r\n");
  CHECK_FALSE(without.session.Connect("mx.y.org", 25));
  CHECK(without.Wire().sent == "EHLO me\r\n");
}

TEST_CASE("Security.ImplicitTLS: the handshake comes before the greeting") {
  Bench bench;
  bench.UseCredentials();
  bench.session.Security = Security::ImplicitTLS;
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH LOGIN\r\n");
  bench.Wire().On("AUTH LOGIN", "535 no\r\n");
  CHECK(bench.session.Connect("mx.y.org", 465).Code() == Errc::AuthenticationFailed);
  CHECK(bench.Wire().sent == "[TLS mx.y.org]\r\nEHLO me\r\nAUTH LOGIN\r\nQUIT\r\n");
}

TEST_CASE("Security: a handshake that fails or stalls sends neither credential nor message") {
  for (const bool stalls : {false, true}) {
    Bench bench;
    bench.UseCredentials();
    handshake_error = static_cast<int>(Errc::CertificateUntrusted);
    handshake_steps = stalls ? 1000000 : 2;
    bench.Wire().On("EHLO ", "250-mx\r\n250 STARTTLS\r\n");
    bench.Wire().On("STARTTLS", "220 go\r\n");
    bench.Wire().wakes_early = !stalls;
    const smtpoll::Error error = bench.session.Connect("mx.y.org", 587);
    CHECK(error.Code() == (stalls ? Errc::TimedOut : Errc::CertificateUntrusted));
    CHECK(error.phase == smtpoll::Phase::Tls);
    CHECK(bench.Wire().sent == "EHLO me\r\nSTARTTLS\r\n");
    CHECK_FALSE(bench.session.IsConnected());
  }
}

TEST_CASE("Security.NoneAllowed: credentials still need to be allowed by name") {
  Bench bench;
  bench.UseCredentials();
  bench.session.Security = Security::NoneAllowed;
  CHECK(bench.session.Connect("mx.y.org", 25).Code() == Errc::CredentialsOnPlainWire);
  CHECK(bench.Wire().sent.empty());
}

TEST_CASE("Security.Opportunistic: credentials do not follow a message onto the plain wire") {
  Bench bench;
  bench.UseCredentials();
  bench.session.Security = Security::Opportunistic;
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH PLAIN\r\n");
  CHECK(bench.session.Connect("mx.y.org", 25).Code() == Errc::CredentialsOnPlainWire);
  CHECK(bench.Wire().sent == "EHLO me\r\nQUIT\r\n");
}

TEST_CASE("Security.Required on a transport that cannot encrypt is an error before a byte is sent") {
  for (const Security security : {Security::Required, Security::ImplicitTLS}) {
    smtpoll::BasicSession<ScriptedSocket> session;
    session.Security = security;
    CHECK(session.Connect("mx", 25).Code() == Errc::TlsRefused);
    CHECK(session.Layer().NextLayer().connects == 0);
  }
}

TEST_CASE("AccessToken: OAUTHBEARER by the settings, the token not in the transcript") {
  Bench bench;
  bench.session.UserName = "alice@x.org";
  bench.session.AccessToken = "secret-token";
  bench.session.Security = Security::ImplicitTLS;
  std::string shown;
  bench.session.Transcript = [&](smtpoll::Side, const std::string& line) { shown += line + "\n"; };
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH PLAIN OAUTHBEARER\r\n");
  bench.Wire().On("AUTH OAUTHBEARER ", "235 hi\r\n");
  CHECK_FALSE(bench.session.Connect("mx.y.org", 465));
  CHECK(bench.Wire().sent.find("AUTH OAUTHBEARER ") != std::string::npos);
  CHECK(shown.find("AUTH OAUTHBEARER ****\n") != std::string::npos);
  CHECK(shown.find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("Mechanism pins one; SCRAM gets a nonce of its own for each session") {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    Bench bench;
    bench.UseCredentials();
    bench.session.Security = Security::ImplicitTLS;
    bench.session.Mechanism = smtpoll::AuthMechanism::ScramSha256;
    bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH SCRAM-SHA-512 SCRAM-SHA-256 PLAIN\r\n");
    bench.Wire().On("AUTH SCRAM-SHA-256 ", "535 no\r\n");
    CHECK(bench.session.Connect("mx.y.org", 465).Code() == Errc::AuthenticationFailed);
    CHECK(bench.Wire().sent != first);
    first = bench.Wire().sent;
  }
  CHECK(first.find("AUTH SCRAM-SHA-256 biws") != std::string::npos);
}
