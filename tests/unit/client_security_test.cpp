#include "smtpoll/client/client_settings.hpp"

#include <doctest/doctest.h>

#include <string>

#include "scripted_socket.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

using smtpoll::Errc;
using smtpoll::Security;

namespace {

int handshake_error = 0;
int handshake_steps = 0;
bool pretends = false;  // the handshake says that it is done, and nothing is encrypted

/// Encrypts nothing, but leaves a line "[TLS name]" on the wire where its handshake was, so that a test sees what went
/// before.
template <typename Socket>
class MarkingTransport : public smtpoll::PlainTransport<Socket> {
 public:
  static constexpr bool kEncrypts = true;
  smtpoll::IoResult Handshake(std::string_view name) {
    if (handshake_steps-- > 0) return smtpoll::IoResult::TryAgain();
    if (handshake_error != 0) return smtpoll::IoResult::Fail(handshake_error);
    this->NextLayer().sent.append("[TLS ").append(name).append("]\r\n");
    secured_ = !pretends;
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
    pretends = false;
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
  CHECK(bench.Wire().sent == "EHLO me\r\nSTARTTLS\r\n[TLS mx.y.org]\r\nEHLO me\r\nAUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n");
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

TEST_CASE(
    "TransportPolicy.Secured: a handshake that is done and encrypts nothing is an error, and nothing goes after it") {
  for (const Security security : {Security::Required, Security::ImplicitTLS}) {
    const bool implicit = security == Security::ImplicitTLS;
    CAPTURE(implicit);
    const std::string before = implicit ? "[TLS mx.y.org]\r\n" : "EHLO me\r\nSTARTTLS\r\n[TLS mx.y.org]\r\n";
    const auto serve = [&](ScriptedSocket& wire) {
      wire.incoming = "220 mx\r\n";
      if (!implicit) wire.On("EHLO ", "250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
      if (!implicit) wire.On("STARTTLS", "220 go\r\n");
      wire.On("EHLO ", "250-mx\r\n250 AUTH PLAIN\r\n");
      wire.On("AUTH PLAIN", "235 hi\r\n");
    };
    smtpoll::EmailMessage mail;
    mail.FromAddress = "a@x.org";
    mail.AddRecipient("b@y.org");

    Bench bench;
    bench.UseCredentials();
    bench.session.Security = security;
    serve(bench.Wire());
    pretends = true;
    const smtpoll::Error error = bench.session.Connect("mx.y.org", implicit ? 465 : 587);
    CHECK(error.Code() == Errc::TlsHandshake);
    CHECK(error.phase == smtpoll::Phase::Tls);
    CHECK_FALSE(bench.session.IsConnected());
    CHECK(bench.session.Send(mail).outcome == smtpoll::Outcome::Queued);
    CHECK(bench.Wire().sent == before);
    CHECK(bench.Wire().closes == 1);

    smtpoll::BasicSMTPSocket<ScriptedSocket, MarkingTransport> socket;
    socket.Address = "mx.y.org";
    socket.Port = implicit ? 465 : 587;
    socket.ClientName = "me";
    socket.Security = security;
    serve(socket.Layer().NextLayer());
    socket.Messages.Append(mail);
    socket.SendMail();
    for (int i = 0; i < 100 && socket.Poll(); ++i) continue;
    CHECK(socket.LastErrorCode() == static_cast<int>(Errc::TlsHandshake));
    CHECK(socket.Messages.Count() == 1);
    CHECK(socket.Layer().NextLayer().sent == before);
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

TEST_CASE("Security.Opportunistic on a transport that cannot encrypt leaves a server's STARTTLS alone") {
  smtpoll::BasicSession<ScriptedSocket> session;
  session.ClientName = "me";
  session.Security = Security::Opportunistic;
  ScriptedSocket& wire = session.Layer().NextLayer();
  wire.incoming = "220 mx\r\n";
  wire.On("EHLO ", "250-mx\r\n250 STARTTLS\r\n");
  CHECK_FALSE(session.Connect("mx", 25));
  CHECK(wire.sent == "EHLO me\r\n");
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

// What a transport may add to what it must have.
namespace {

std::string configured;
std::string_view detail_of_error;
bool pending = false;

template <typename Socket>
class TellingTransport : public MarkingTransport<Socket> {
 public:
  smtpoll::Error Configure(const smtpoll::TlsSettings& settings) {
    configured = std::string(settings.authority_file) + ";" + settings.authority_pem + ";" + settings.certificate_file +
                 ";" + settings.key_file + ";" + settings.certificate_password + ";" + settings.rejection_file + ";" +
                 settings.pins + ";" + (settings.minimum_version == smtpoll::TlsVersion::Tls13 ? "1.3" : "1.2") +
                 (settings.insecure_accept_any_certificate ? " insecure" : "") +
                 (settings.resume_sessions ? " resumes" : "");
    if (*settings.authority_file == '!') return {Errc::TlsSettings, smtpoll::Phase::Tls, "no such file"};
    return {};
  }
  std::string_view FaultText() const { return detail_of_error; }
  bool Pending() const { return pending; }
  std::string_view ChannelBindingType() const { return "tls-exporter"; }
  std::string_view ChannelBinding() const { return "0123456789"; }
};

using TellingSession = smtpoll::BasicSession<ScriptedSocket, TellingTransport>;
using TellingSocket = smtpoll::BasicSMTPSocket<ScriptedSocket, TellingTransport>;

/// A session that finds a server with these capabilities.
struct TellingBench {
  explicit TellingBench(std::string_view offers = "250 STARTTLS\r\n") {
    handshake_error = handshake_steps = 0;
    pretends = false;
    pending = false;
    configured.clear();
    detail_of_error = {};
    session.ClientName = "me";
    Wire().incoming = "220 mx\r\n";
    Wire().wakes_early = true;
    Wire().On("EHLO ", "250-mx\r\n" + std::string(offers));
  }
  ScriptedSocket& Wire() { return session.Layer().NextLayer(); }
  TellingSession session;
};

}  // namespace

TEST_CASE("TransportPolicy.Configure gets all settings before the connection, and its error stops it") {
  TellingBench bench;
  bench.session.CertificateAuthorityFile = "a";
  bench.session.CertificateAuthorityPEM = "p";
  bench.session.CertificateFile = "c";
  bench.session.CertificateKeyFile = "k";
  bench.session.CertificatePassword = "w";
  bench.session.CertificateRejectionFile = "r";
  bench.session.CertificatePins = "s";
  bench.session.SSLConnectionType = TellingSession::SSLConnectionTypes::TLSv13;
  bench.session.InsecureAcceptAnyCertificate = true;
  bench.session.SessionResumption = false;
  bench.Wire().On("STARTTLS", "220 go\r\n");
  bench.Wire().On("EHLO ", "250 mx\r\n");
  CHECK_FALSE(bench.session.Connect("mx.y.org", 587));
  CHECK(configured == "a;p;c;k;w;r;s;1.3 insecure");
  bench.session.CertificateAuthorityFile = "!";
  const smtpoll::Error error = bench.session.Connect("mx.y.org", 587);
  CHECK(error.Code() == Errc::TlsSettings);
  CHECK(error.text.View() == "no such file");
  CHECK(bench.Wire().connects == 1);
}

TEST_CASE("SecureSettings: by default nothing goes to a server that does not encrypt, and certificates are verified") {
  TellingBench bench("250 SIZE 1000\r\n");
  CHECK(bench.session.Connect("mx.y.org", 587).Code() == Errc::TlsRefused);
  CHECK(bench.Wire().sent == "EHLO me\r\nQUIT\r\n");
  CHECK(configured == ";;;;;;;1.2 resumes");
}

TEST_CASE("RFC 8689 4.2.1: a certificate that nobody verified is not enough for REQUIRETLS") {
  for (const bool verifies : {true, false}) {
    TellingBench bench;
    bench.session.InsecureAcceptAnyCertificate = !verifies;
    bench.Wire().On("STARTTLS", "220 go\r\n");
    bench.Wire().On("EHLO ", "250-mx\r\n250 REQUIRETLS\r\n");
    for (const char* command : {"MAIL FROM:", "RCPT TO:", "DATA", "."})
      bench.Wire().On(command, *command == 'D' ? "354 go\r\n" : "250 ok\r\n");
    CHECK_FALSE(bench.session.Connect("mx.y.org", 587));
    smtpoll::EmailMessage mail;
    mail.FromAddress = "a@x.org";
    mail.AddRecipient("b@y.org");
    mail.Options.tls_required = smtpoll::TlsRequired::Yes;
    const smtpoll::SendResult& result = bench.session.Send(mail);
    CHECK(result.outcome == (verifies ? smtpoll::Outcome::Sent : smtpoll::Outcome::Refused));
    CHECK(result.error.Code() == (verifies ? Errc::None : Errc::NotOffered));
    CHECK((bench.Wire().sent.find("MAIL FROM:<a@x.org> REQUIRETLS\r\n") != std::string::npos) == verifies);
    CHECK((bench.Wire().sent.find("MAIL") != std::string::npos) == verifies);
  }
}

TEST_CASE("SecureSettings: Security, where it is set, says how TLS begins") {
  TellingBench opportunistic("250 SIZE 1000\r\n");
  opportunistic.session.Security = Security::Opportunistic;
  CHECK_FALSE(opportunistic.session.Connect("mx.y.org", 587));
  TellingBench implicit("250 SIZE 1000\r\n");
  implicit.session.Security = Security::ImplicitTLS;
  CHECK_FALSE(implicit.session.Connect("mx.y.org", 465));
  CHECK(implicit.Wire().sent == "[TLS mx.y.org]\r\nEHLO me\r\n");
}

TEST_CASE("SecureSettings: SSLEnabled false is plain text, and contradicts a Security that is not") {
  TellingBench bench;
  bench.session.SSLEnabled = false;
  CHECK_FALSE(bench.session.Connect("mx.y.org", 25));
  CHECK_FALSE(bench.session.SSLConnected());
  CHECK(bench.Wire().sent == "EHLO me\r\n");
  CHECK(configured.empty());
  TellingBench asks;
  asks.session.SSLEnabled = false;
  asks.session.Security = Security::Required;
  CHECK(asks.session.Connect("mx.y.org", 25).Code() == Errc::TlsSettings);
  TellingBench credentials;
  credentials.session.SSLEnabled = false;
  credentials.session.UserName = "alice";
  CHECK(credentials.session.Connect("mx.y.org", 25).Code() == Errc::CredentialsOnPlainWire);
  CHECK(asks.Wire().connects + credentials.Wire().connects == 0);
}

TEST_CASE(
    "SecureSettings: Security.NoneAllowed is plain text, with SSLEnabled or without, and asks for no certificate") {
  for (const bool enabled : {true, false}) {
    TellingBench bench;
    bench.session.SSLEnabled = enabled;
    bench.session.Security = Security::NoneAllowed;
    bench.session.CertificateAuthorityFile = "!";  // an error where it were looked at
    CHECK_FALSE(bench.session.Connect("mx.y.org", 25));
    CHECK_FALSE(bench.session.SSLConnected());
    CHECK(bench.Wire().sent == "EHLO me\r\n");
    CHECK(configured.empty());
  }
}

TEST_CASE("SecureSettings: TLS versions before 1.2 are refused with a clear error") {
  using Types = TellingSession::SSLConnectionTypes;
  for (const Types type : {Types::SSLv23, Types::TLSv1, Types::TLSv11}) {
    TellingBench bench;
    bench.session.SSLConnectionType = type;
    const smtpoll::Error error = bench.session.Connect("mx.y.org", 587);
    CHECK(error.Code() == Errc::TlsSettings);
    CHECK(error.text.View().find("set TLSv12 or TLSv13") != std::string_view::npos);
    CHECK(bench.Wire().connects == 0);
  }
}

TEST_CASE("RFC 8314 7.3: port 465 without implicit TLS is an error at once, with the setting to change") {
  TellingBench bench;
  const smtpoll::Error error = bench.session.Connect("mx.y.org", 465);
  CHECK(error.Code() == Errc::TlsSettings);
  CHECK(error.text.View().find("SMTPConnectionType to SSLTLS") != std::string_view::npos);
  CHECK(bench.Wire().connects == 0);
  smtpoll::BasicSession<ScriptedSocket> plain;
  CHECK(plain.Connect("mx.y.org", 465).Code() == Errc::TlsSettings);
  CHECK(plain.Layer().NextLayer().connects == 0);
}

TEST_CASE("TransportPolicy.FaultText: what the transport says of its error stands in the error's text") {
  TellingBench bench;
  bench.Wire().On("STARTTLS", "220 go\r\n");
  handshake_error = static_cast<int>(Errc::CertificateName);
  detail_of_error = "it is for imap.y.org";
  const smtpoll::Error error = bench.session.Connect("mx.y.org", 587);
  CHECK(error.Code() == Errc::CertificateName);
  CHECK(error.text.View() == "it is for imap.y.org");
}

TEST_CASE("TransportPolicy.ChannelBinding: SCRAM-SHA-256-PLUS gets what the transport gives (RFC 9266)") {
  const std::string mechanisms = "250 AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n";
  for (const Security security : {Security::Required, Security::ImplicitTLS}) {
    const bool implicit = security == Security::ImplicitTLS;
    TellingBench bench(implicit ? mechanisms : "250 STARTTLS\r\n");
    bench.session.Security = security;
    bench.session.UserName = "alice";
    bench.session.Password = "sesame";
    if (!implicit) bench.Wire().On("STARTTLS", "220 go\r\n");
    if (!implicit) bench.Wire().On("EHLO ", "250-mx\r\n" + mechanisms);
    bench.Wire().On("AUTH ", "535 no\r\n");
    CHECK(bench.session.Connect("mx.y.org", implicit ? 465 : 587).Code() == Errc::AuthenticationFailed);
    // "p=tls-exporter,,n=alice"
    CHECK(bench.Wire().sent.find("AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49YWxpY2") != std::string::npos);
  }
}

TEST_CASE("TransportPolicy.Pending: what the transport holds is read without waiting for the wire") {
  pending = false;
  TellingSocket socket;
  socket.Address = "mx.y.org";
  socket.Port = 25;
  socket.SSLEnabled = false;
  ScriptedSocket& wire = socket.Layer().NextLayer();
  wire.wakes_early = true;
  socket.Connect();
  socket.Poll();
  CHECK(socket.NextDeadline() > ScriptedSocket::now);
  pending = true;
  CHECK(socket.NextDeadline() <= ScriptedSocket::now);
  const int waits = wire.waits;
  socket.Poll(1000);
  CHECK(wire.waits == waits);
  pending = false;
  socket.Poll(1000);
  CHECK(wire.waits == waits + 1);
}

TEST_CASE("TransportPolicy.Pending: to write, the wire is waited for all the same; a raw stream reads what is held") {
  pending = false;
  ScriptedSocket::now = 0;
  TellingSocket socket;
  socket.Address = "mx.y.org";
  socket.Port = 25;
  socket.SSLEnabled = false;
  ScriptedSocket& wire = socket.Layer().NextLayer();
  wire.wakes_early = true;
  wire.Serve(0);
  socket.Connect();
  while (socket.Poll()) continue;
  REQUIRE(socket.IsConnected());
  REQUIRE(socket.Write("NOOP\r\n"));
  REQUIRE(socket.Flush());
  socket.Poll();
  CHECK(socket.NextDeadline() == smtpoll::kNever);
  pending = true;
  CHECK(socket.NextDeadline() <= ScriptedSocket::now);
  const int waits = wire.waits;
  socket.Poll(1000);
  CHECK(wire.waits == waits);
  pending = false;

  smtpoll::Driver<ScriptedSocket, TellingTransport, smtpoll::DefaultLimits> driver;
  driver.Layer().NextLayer().Serve(0);
  driver.Connect({"mx", 25, {}}, {});
  std::size_t budget = SIZE_MAX;
  while (driver.Next(budget).kind != smtpoll::EventKind::None) continue;
  REQUIRE(driver.IsConnected());
  pending = true;
  driver.Wait(smtpoll::Readiness::Read, 5);
  CHECK(driver.Layer().NextLayer().waits == 0);
  driver.Wait(smtpoll::Readiness::Write, 5);
  CHECK(driver.Layer().NextLayer().waits == 1);
  pending = false;
}
