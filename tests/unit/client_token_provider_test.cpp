// Access tokens by a provider: when it is asked, and what goes over the wire then.
#include "smtpoll/client/client_settings.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "scripted_socket.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

using smtpoll::Errc;
using smtpoll::Security;

namespace {

/// Leaves a line "[TLS]" on the wire where its handshake was, and encrypts nothing.
template <typename Socket>
class SigningTransport : public smtpoll::PlainTransport<Socket> {
 public:
  static constexpr bool kEncrypts = true;
  smtpoll::IoResult Handshake(std::string_view) {
    this->NextLayer().sent += "[TLS]\r\n";
    secured_ = true;
    return smtpoll::IoResult::Ok();
  }
  bool Secured() const { return secured_; }
  void Close() {
    secured_ = false;
    smtpoll::PlainTransport<Socket>::Close();
  }

 private:
  bool secured_ = false;
};

std::string Bearer(const std::string& token) {
  const std::string text = "n,a=alice@x.org,\1auth=Bearer " + token + "\1\1";
  std::string encoded(smtpoll::detail::Base64Size(text.size()), '#');
  smtpoll::detail::Base64Encode(text.data(), text.size(), &encoded[0]);
  return "AUTH OAUTHBEARER " + encoded;
}

/// A server that refuses the first token as RFC 7628 3.2.2 says, and answers the QUIT behind that with the greeting of
/// the next connection.
void RefuseFirst(ScriptedSocket& wire, const std::string& second_answer) {
  wire.On("EHLO ", "250-mx\r\n250 AUTH OAUTHBEARER\r\n");
  wire.On("AUTH OAUTHBEARER ", "334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n");  // {"status":"invalid_token"}
  wire.On("AQ==", "535 5.7.8 no\r\n");
  wire.On("QUIT", "220 mx\r\n");
  wire.On("EHLO ", "250-mx\r\n250 AUTH OAUTHBEARER\r\n");
  wire.On("AUTH OAUTHBEARER ", second_answer);
}

struct TokenBench {
  TokenBench() {
    ScriptedSocket::now = 0;
    session.ClientName = "me";
    Wire().incoming = "220 mx\r\n";
    Wire().wakes_early = true;
    session.UserName = "alice@x.org";
    session.Security = Security::ImplicitTLS;
    session.TokenProvider = [this](bool refused) {
      asked += refused ? "again " : "first ";
      return tokens.empty() ? std::string() : std::exchange(tokens, {});
    };
  }
  ScriptedSocket& Wire() { return session.Layer().NextLayer(); }
  smtpoll::BasicSession<ScriptedSocket, SigningTransport> session;
  std::string asked;
  std::string tokens;
};

}  // namespace

TEST_CASE("TokenProvider: asked for each connection, its token goes before AccessToken") {
  TokenBench bench;
  bench.session.AccessToken = "old";
  bench.tokens = "fresh";
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH OAUTHBEARER\r\n");
  bench.Wire().On("AUTH OAUTHBEARER ", "235 hi\r\n");
  CHECK_FALSE(bench.session.Connect("mx.y.org", 465));
  CHECK(bench.asked == "first ");
  CHECK(bench.Wire().sent.find(Bearer("fresh") + "\r\n") != std::string::npos);
  CHECK(bench.Wire().sent.find(Bearer("old")) == std::string::npos);
}

TEST_CASE("TokenProvider: asked again when a token is refused, and another one goes on a new connection") {
  TokenBench bench;
  bench.session.AccessToken = "stale";
  bench.session.TokenProvider = [&bench](bool refused) {
    bench.asked += refused ? "again " : "first ";
    return std::string(refused ? "fresh" : "");
  };
  RefuseFirst(bench.Wire(), "235 hi\r\n");
  CHECK_FALSE(bench.session.Connect("mx.y.org", 465));
  CHECK(bench.asked == "first again ");
  CHECK(bench.Wire().connects == 2);
  CHECK(bench.Wire().sent == "[TLS]\r\nEHLO me\r\n" + Bearer("stale") + "\r\nAQ==\r\nQUIT\r\n" +
                                 "[TLS]\r\nEHLO me\r\n" + Bearer("fresh") + "\r\n");
}

TEST_CASE(
    "TokenProvider: a second refusal is an error with the server's JSON, and so is the first without a provider") {
  TokenBench bench;
  bench.session.TokenProvider = [&bench](bool refused) {
    bench.asked += refused ? "again " : "first ";
    return std::string("stale");
  };
  RefuseFirst(bench.Wire(), "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n");
  bench.Wire().On("AQ==", "535 5.7.8 still no\r\n");
  const smtpoll::Error error = bench.session.Connect("mx.y.org", 465);
  CHECK(error.Code() == Errc::AuthenticationFailed);
  CHECK(error.text.View() == "{\"status\":\"401\"} still no");
  CHECK(bench.asked == "first again ");
  CHECK(bench.Wire().connects == 2);

  TokenBench none;
  none.session.AccessToken = "stale";
  RefuseFirst(none.Wire(), "");
  CHECK(none.session.Connect("mx.y.org", 465).text.View() == "{\"status\":\"invalid_token\"} no");
  CHECK(none.asked == "first again ");
  CHECK(none.Wire().connects == 1);
}

TEST_CASE("TokenProvider: not asked for what no token can mend") {
  for (const bool pinned : {true, false}) {
    TokenBench bench;
    bench.session.Password = "sesame";
    if (pinned) bench.session.Mechanism = smtpoll::AuthMechanism::Plain;
    bench.tokens = pinned ? "fresh" : "";
    bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH PLAIN\r\n");
    bench.Wire().On("AUTH PLAIN ", "535 5.7.8 no\r\n");
    CHECK(bench.session.Connect("mx.y.org", 465).Code() == Errc::AuthenticationFailed);
    CHECK(bench.asked == (pinned ? "" : "first "));
    CHECK(bench.Wire().connects == 1);
  }
  TokenBench later;
  later.tokens = "fresh";
  later.Wire().On("EHLO ", "250-mx\r\n250 AUTH OAUTHBEARER\r\n");
  later.Wire().On("AUTH OAUTHBEARER ", "454 4.7.0 not now\r\n");
  CHECK(later.session.Connect("mx.y.org", 465).reply_code == 454);
  CHECK(later.asked == "first ");
}

TEST_CASE("TokenProvider: SMTPSocket sends its queue with the second token, or tells the error once") {
  for (const bool has_another : {true, false}) {
    smtpoll::BasicSMTPSocket<ScriptedSocket, SigningTransport> socket;
    ScriptedSocket& wire = socket.Layer().NextLayer();
    socket.Address = "mx.y.org";
    socket.Port = 465;
    socket.ClientName = "me";
    socket.UserName = "alice@x.org";
    socket.Security = Security::ImplicitTLS;
    std::string asked;
    socket.TokenProvider = [&](bool refused) {
      asked += refused ? "again " : "first ";
      return std::string(!refused ? "stale" : has_another ? "fresh" : "");
    };
    int errors = 0, sent = 0;
    socket.Error = [&](const smtpoll::Error& error) {
      ++errors;
      CHECK(error.Code() == Errc::AuthenticationFailed);
    };
    socket.MailSent = [&] { ++sent; };
    wire.incoming = "220 mx\r\n";
    RefuseFirst(wire, "235 hi\r\n");
    for (const char* command : {"MAIL FROM:", "RCPT TO:", "DATA", "."})
      wire.On(command, *command == 'D' ? "354 go\r\n" : "250 ok\r\n");
    wire.On("QUIT", "221 bye\r\n");
    smtpoll::EmailMessage mail;
    mail.FromAddress = "alice@x.org";
    mail.AddRecipient("bob@y.org");
    socket.Messages.Append(mail);
    socket.SendMail();
    for (int i = 0; i < 1000 && socket.Poll(); ++i) {
    }
    CHECK(asked == "first again ");
    CHECK(sent == (has_another ? 1 : 0));
    CHECK(errors == (has_another ? 0 : 1));
    CHECK(socket.Messages.Count() == (has_another ? 0 : 1));
    CHECK(wire.connects == (has_another ? 2 : 1));
  }
}

TEST_CASE("TokenProvider: a handler that closes or connects in it is harmless") {
  for (const bool closes : {true, false}) {
    smtpoll::BasicSMTPSocket<ScriptedSocket, SigningTransport> socket;
    socket.Address = "mx.y.org";
    socket.Port = 465;
    socket.Security = Security::ImplicitTLS;
    int asked = 0;
    socket.TokenProvider = [&](bool) {
      if (++asked == 1 && closes) socket.Close();
      if (asked == 1 && !closes) socket.Connect();
      return std::string("token");
    };
    socket.Connect();
    CHECK(asked == 1);
    CHECK(socket.Layer().NextLayer().connects == (closes ? 0 : 1));
    CHECK(socket.LastErrorCode() == (closes ? 0 : 106));
    if (closes) {
      socket.Connect();
      CHECK(socket.Layer().NextLayer().connects == 1);
    }
  }
}

TEST_CASE("TokenProvider: a handler that closes and connects anew leaves the new connection its own credentials") {
  smtpoll::BasicSMTPSocket<ScriptedSocket, SigningTransport> socket;
  socket.Address = "mx.y.org";
  socket.Port = 465;
  socket.ClientName = "me";
  socket.UserName = "alice@x.org";
  socket.Security = Security::ImplicitTLS;
  ScriptedSocket& wire = socket.Layer().NextLayer();
  wire.incoming = "220 mx\r\n";
  wire.On("EHLO ", "250-mx\r\n250 AUTH OAUTHBEARER\r\n");
  wire.On("AUTH OAUTHBEARER ", "235 hi\r\n");
  int asked = 0;
  socket.TokenProvider = [&](bool) {
    if (++asked > 1) return std::string("a new token, too long to be held in place");
    socket.Close();
    socket.Connect();
    // Longer than the other one, so that a string that holds both would move.
    return std::string(200, 'o');
  };
  socket.Connect();
  for (int i = 0; i < 1000 && socket.Poll(); ++i) continue;
  CHECK(asked == 2);
  CHECK(wire.connects == 1);
  CHECK(wire.sent == "[TLS]\r\nEHLO me\r\n" + Bearer("a new token, too long to be held in place") + "\r\n");
  CHECK(socket.LastErrorCode() == 0);
}
