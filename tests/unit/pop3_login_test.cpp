// How a POP3 session opens: greeting, CAPA, STLS, and every way to log in, against a scripted server.
#include "smtpoll/pop3/session.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "smtpoll/testing.hpp"

namespace {

using smtpoll::Errc;
using smtpoll::Phase;
using smtpoll::testing::PretendTls;
using smtpoll::testing::Script;
using smtpoll::testing::ScriptedSocket;
using PlainSession = smtpoll::BasicPop3Session<ScriptedSocket>;
using TlsSession = smtpoll::BasicPop3Session<ScriptedSocket, PretendTls>;

template <typename Session>
Script& ServerOf(Session& session) {
  return session.Layer().NextLayer().Server;
}

/// A session that may send its credentials in plain text.
struct Open : PlainSession {
  Open() {
    AllowPlaintextCredentials = true;
    UserName = "mrose";
    Password = "secret";
    Transcript = [this](smtpoll::Side side, const std::string& line) {
      dialogue += (side == smtpoll::Side::Client ? "> " : "< ") + line + "\n";
    };
  }
  std::string dialogue;
};

/// The error in one line, and that the script went as written.
template <typename Session>
std::string Connect(Session& session) {
  const smtpoll::Error error = session.Connect("pop.test", 110);
  CHECK(ServerOf(session).Verdict() == "");
  return error ? ToString(error) : "connected";
}

}  // namespace

TEST_CASE("RFC 1939 7: USER and PASS, for a server that names no mechanism") {
  Open session;
  ServerOf(session).Reply("+OK ready").Expect("CAPA").Reply("+OK\nUSER\nUIDL\n.").Expect("USER mrose").Reply("+OK");
  ServerOf(session).Expect("PASS secret").Reply("+OK mailbox open");
  CHECK(Connect(session) == "connected");
  CHECK(session.IsConnected());
  CHECK(session.ServerCapabilities().Has(smtpoll::Pop3Extension::Uidl));
  CHECK(!session.ServerCapabilities().Has(smtpoll::Pop3Extension::Top));
  CHECK(session.dialogue ==
        "< +OK ready\n> CAPA\n< +OK\n< USER\n< UIDL\n< .\n> USER mrose\n< +OK\n> PASS ****\n< +OK mailbox open\n");
}

TEST_CASE("RFC 2449 5: a server that knows no CAPA gets USER and PASS") {
  Open session;
  session.Password = "two  words ";
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("-ERR what?").Expect("USER mrose").Reply("+OK");
  ServerOf(session).Expect("PASS two  words ").Reply("+OK");
  CHECK(Connect(session) == "connected");
  CHECK(!session.ServerCapabilities().Known());
}

TEST_CASE("RFC 2449 6.3: where CAPA names neither USER nor a mechanism that fits, no password is said") {
  Open session;
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nTOP\n.").Expect("QUIT");
  const smtpoll::Error error = session.Connect("pop.test", 110);
  CHECK(error.Code() == Errc::AuthenticationUnavailable);
  CHECK(error.phase == Phase::Authentication);
  CHECK(ServerOf(session).Verdict() == "");
}

TEST_CASE(
    "USER and PASS say neither an identity to act as (RFC 4422 3.4.1) nor a token, so with one they are not said") {
  const struct {
    const char *user, *password, *token, *identity;
  } cases[] = {{"mrose", "secret", "", "boss"},
               {"mrose", "secret", "t0ken", "boss"},
               {"mrose", "", "t0ken", ""},
               {"", "secret", "t0ken", ""}};
  for (const auto& one : cases) {
    for (const char* capabilities : {"+OK\nUSER\n.", "+OK\nUSER\nSASL SKEY\n.", "-ERR what?"}) {
      CAPTURE(capabilities);
      Open session;
      session.UserName = one.user;
      session.Password = one.password;
      session.AccessToken = one.token;
      session.AuthorizationID = one.identity;
      ServerOf(session).Reply("+OK").Expect("CAPA").Reply(capabilities).Expect("QUIT");
      CHECK(Connect(session) == "authentication: the server offers no known AUTH mechanism");
      for (const char* said : {"> USER", "> PASS", "secret", "t0ken", "boss"})
        CHECK(session.dialogue.find(said) == std::string::npos);
    }
  }
  Open session;
  session.AuthorizationID = "boss";
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\nSASL PLAIN\n.");
  ServerOf(session).Expect("AUTH PLAIN Ym9zcwBtcm9zZQBzZWNyZXQ=").Reply("+OK");
  CHECK(Connect(session) == "connected");
}

TEST_CASE("A refused login names the command and the server's words, and never the password") {
  struct Case {
    const char* reply;
    Errc code;
  };
  for (const Case& one : {Case{"-ERR [AUTH] no such user or password", Errc::AuthenticationFailed},
                          Case{"-ERR", Errc::AuthenticationFailed},
                          Case{"-ERR [IN-USE] mailbox locked by another session", Errc::ServiceRefused},
                          Case{"-ERR [LOGIN-DELAY] too early", Errc::ServiceRefused},
                          Case{"-ERR [SYS/TEMP] disk trouble", Errc::ServiceRefused}}) {
    Open session;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\n.").Expect("USER mrose").Reply("+OK");
    ServerOf(session).Expect("PASS secret").Reply(one.reply).Expect("QUIT");
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == one.code);
    CHECK(error.phase == Phase::Authentication);
    CHECK(error.command.View() == "PASS ****");
    CHECK(error.text.View() == std::string(one.reply).substr(std::string(one.reply).size() > 4 ? 5 : 4));
    CHECK(!session.IsConnected());
    CHECK(session.dialogue.find("secret") == std::string::npos);
    CHECK(ServerOf(session).Verdict() == "");
  }
  Open session;
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("-ERR").Expect("USER mrose").Reply("-ERR who?").Expect("QUIT");
  CHECK(Connect(session) == "authentication: the server refused the credentials [USER mrose]: who?");
}

TEST_CASE("POP3Socket.EncryptPassword: APOP with the timestamp of the greeting (RFC 1939 7)") {
  Open session;
  session.EncryptPassword = true;
  session.Password = "tanstaaf";
  ServerOf(session).Reply("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>");
  ServerOf(session).Expect("CAPA").Reply("+OK\nUSER\nSASL PLAIN\n.");
  ServerOf(session).Expect("APOP mrose c4c9334bac560ecc979e58001b3e22fb").Reply("+OK maildrop has 1 message");
  CHECK(Connect(session) == "connected");
  CHECK(session.dialogue.find("c4c9") == std::string::npos);
  CHECK(session.dialogue.find("> APOP mrose ****\n") != std::string::npos);
}

TEST_CASE("APOP: a timestamp that is no message id is none, and nothing else is tried") {
  for (const char* greeting : {"+OK no timestamp", "+OK <a b@c>", "+OK <a@b@c>", "+OK <abc>", "+OK <@c>", "+OK <a@>",
                               "+OK <a@b", "+OK <a\x80@b>", "+OK <a<b@c>"}) {
    CAPTURE(greeting);
    Open session;
    session.EncryptPassword = true;
    ServerOf(session).Reply(greeting).Expect("CAPA").Reply("+OK\nUSER\nSASL PLAIN\n.").Expect("QUIT");
    CHECK(Connect(session) ==
          "authentication: the server offers no known AUTH mechanism: APOP: the greeting has no timestamp");
  }
}

TEST_CASE("APOP: a timestamp of 200 bytes is taken, a longer one is none; a name that is no single word is refused") {
  for (const std::size_t size : {200u, 201u}) {
    Open session;
    session.EncryptPassword = true;
    ServerOf(session).Reply("+OK <" + std::string(size - 4, 'x') + "@y>").Expect("CAPA").Reply("+OK\nUSER\n.");
    if (size == 200)
      ServerOf(session).Expect("APOP mrose *").Reply("+OK");
    else
      ServerOf(session).Expect("QUIT");
    CHECK((Connect(session) == "connected") == (size == 200));
  }
  for (const char* name : {"", "m rose", " "}) {
    Open session;
    session.EncryptPassword = true;
    session.UserName = name;
    session.AccessToken = "t0ken";
    ServerOf(session).Reply("+OK <1@x>").Expect("CAPA").Reply("+OK\nUSER\n.").Expect("QUIT");
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == Errc::AuthenticationUnavailable);
    CHECK(error.text.View().find("the user name is empty") != std::string_view::npos);
    CHECK(ServerOf(session).Verdict() == "");
  }
}

TEST_CASE("RFC 5034: the strongest mechanism that the server offers is taken") {
  Open session;
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\nSASL LOGIN PLAIN\n.");
  ServerOf(session).Expect("AUTH PLAIN AG1yb3NlAHNlY3JldA==").Reply("+OK");
  CHECK(Connect(session) == "connected");
  CHECK(session.dialogue.find("AG1y") == std::string::npos);
}

TEST_CASE("RFC 5034 4: what does not fit a command line waits to be asked for") {
  Open session;
  session.Password = std::string(200, 'x');
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL PLAIN\n.").Expect("AUTH PLAIN").Reply("+ ");
  ServerOf(session).Expect("AG1yb3NlAHh4*").Reply("+OK");
  CHECK(Connect(session) == "connected");
}

TEST_CASE("RFC 5034: CRAM-MD5, LOGIN, XOAUTH2 and EXTERNAL over POP3") {
  SUBCASE("CRAM-MD5") {
    Open session;
    session.UserName = "tim";
    session.Password = "tanstaaftanstaaf";
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL CRAM-MD5\n.").Expect("AUTH CRAM-MD5");
    // The example of RFC 2195 2.
    ServerOf(session).Reply("+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
    ServerOf(session).Expect("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw").Reply("+OK");
    CHECK(Connect(session) == "connected");
  }
  SUBCASE("LOGIN") {
    Open session;
    ServerOf(session)
        .Reply("+OK")
        .Expect("CAPA")
        .Reply("+OK\nSASL LOGIN\n.")
        .Expect("AUTH LOGIN")
        .Reply("+ VXNlcm5hbWU6");
    ServerOf(session).Expect("bXJvc2U=").Reply("+ UGFzc3dvcmQ6").Expect("c2VjcmV0").Reply("+OK");
    CHECK(Connect(session) == "connected");
  }
  SUBCASE("XOAUTH2 asks for another token once, and tells the server's own words") {
    Open session;
    int asked = 0;
    session.TokenProvider = [&asked](bool refused) {
      CHECK(refused == (asked != 0));
      return "token" + std::to_string(asked++);
    };
    session.Password.clear();
    for (int i = 0; i < 2; ++i) {
      ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL XOAUTH2\n.").Expect("AUTH XOAUTH2 *");
      ServerOf(session).Reply("+ eyJzdGF0dXMiOiI0MDAifQ==").Expect("").Reply("-ERR [AUTH] no").Expect("QUIT").Close();
    }
    CHECK(Connect(session) ==
          "authentication: the server refused the credentials [AUTH XOAUTH2]: {\"status\":\"400\"} [AUTH] no");
    CHECK(asked == 2);
  }
  SUBCASE("EXTERNAL with nothing to say") {
    Open session;
    session.UserName.clear();
    session.Mechanism = smtpoll::AuthMechanism::External;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL EXTERNAL\n.").Expect("AUTH EXTERNAL =").Reply("+OK");
    CHECK(Connect(session) == "connected");
  }
  SUBCASE("A mechanism that is pinned and not offered") {
    Open session;
    session.Mechanism = smtpoll::AuthMechanism::ScramSha256;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\nSASL PLAIN\n.").Expect("QUIT");
    CHECK(Connect(session) ==
          "authentication: the server offers no known AUTH mechanism: SCRAM-SHA-256 is not offered");
  }
  SUBCASE("A server that says yes to a star has broken the exchange") {
    Open session;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL CRAM-MD5\n.").Expect("AUTH CRAM-MD5");
    ServerOf(session).Reply("+ !!!").Expect("*").Reply("+OK come in");
    CHECK(session.Connect("pop.test", 110).Code() == Errc::UnexpectedReply);
    CHECK(ServerOf(session).Verdict() == "");
  }
  SUBCASE("A mechanism that the credentials do not fit says why") {
    Open session;
    session.Mechanism = smtpoll::AuthMechanism::XOAuth2;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\nSASL XOAUTH2\n.").Expect("QUIT");
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == Errc::AuthenticationUnavailable);
    CHECK(!error.text.empty());
    CHECK(ServerOf(session).Verdict() == "");
  }
  SUBCASE("A challenge that is none is taken back with a star") {
    Open session;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL CRAM-MD5\n.").Expect("AUTH CRAM-MD5");
    ServerOf(session).Reply("+ !!!").Expect("*").Reply("-ERR cancelled").Expect("QUIT");
    CHECK(Connect(session) ==
          "authentication: the server refused the credentials [AUTH CRAM-MD5]: the server's challenge is no base64");
  }
  SUBCASE("A server that asks on when all is said gets a star, and its own words stand") {
    Open session;
    ServerOf(session)
        .Reply("+OK")
        .Expect("CAPA")
        .Reply("+OK\nSASL PLAIN\n.")
        .Expect("AUTH PLAIN *")
        .Reply("+ bW9yZT8=");
    ServerOf(session).Expect("*").Reply("-ERR as you like").Expect("QUIT");
    CHECK(Connect(session) == "authentication: the server refused the credentials [AUTH PLAIN]: as you like");
  }
  SUBCASE("A server that speaks before it is asked hears no credential") {
    for (const char* behind : {"+\r\n", "+OK\r\n", "+OK", "\n"}) {
      CAPTURE(behind);
      for (const bool challenged : {false, true}) {
        Open session;
        ServerOf(session).Reply("+OK").Expect("CAPA");
        const std::string capabilities = std::string("+OK\r\nSASL ") + (challenged ? "LOGIN" : "PLAIN") + "\r\n.\r\n";
        ServerOf(session).Say(challenged ? capabilities : capabilities + behind);
        if (challenged) ServerOf(session).Expect("AUTH LOGIN").Say(std::string("+ VXNlcm5hbWU6\r\n") + behind);
        const smtpoll::Error error = session.Connect("pop.test", 110);
        CHECK(error.Code() == Errc::UnexpectedReply);
        CHECK(error.phase == Phase::Authentication);
        CHECK(error.text.View() == "the server answered too early");
        CHECK(session.dialogue.find("****") == std::string::npos);
        CHECK(ServerOf(session).Verdict() == "");
      }
    }
  }
  SUBCASE("SCRAM: a server that does not prove that it knows the password is not believed") {
    Open session;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSASL SCRAM-SHA-256\n.").Expect("AUTH SCRAM-SHA-256 *");
    ServerOf(session).Reply("+OK welcome").Expect("QUIT");
    CHECK(Connect(session) ==
          "authentication: the server refused the credentials [AUTH SCRAM-SHA-256]: the server did not prove that it "
          "knows "
          "the password");
  }
}

TEST_CASE("No credential goes over a plain wire unless AllowPlaintextCredentials says so") {
  SUBCASE("a transport that cannot encrypt") {
    PlainSession session;
    session.UserName = "mrose";
    session.Password = "secret";
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == Errc::CredentialsOnPlainWire);
    CHECK(ServerOf(session).Connections() == 0);
  }
  SUBCASE("STLS is not offered") {
    TlsSession session;
    session.UserName = "mrose";
    session.Password = "secret";
    ServerOf(session).Reply("+OK <1@x>").Expect("CAPA").Reply("+OK\nUSER\nSASL PLAIN\n.").Expect("QUIT");
    CHECK(
        Connect(session) ==
        "TLS: the server does not encrypt here: use its other port, or allow plain text by name: STLS is not offered");
  }
  SUBCASE("CAPA is not known") {
    TlsSession session;
    session.UserName = "mrose";
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("-ERR").Expect("QUIT");
    CHECK(session.Connect("pop.test", 110).Code() == Errc::TlsRefused);
    CHECK(ServerOf(session).Verdict() == "");
  }
  SUBCASE("STLS is refused") {
    TlsSession session;
    session.UserName = "mrose";
    ServerOf(session)
        .Reply("+OK")
        .Expect("CAPA")
        .Reply("+OK\nSTLS\n.")
        .Expect("STLS")
        .Reply("-ERR not now")
        .Expect("QUIT");
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == Errc::TlsRefused);
    CHECK(error.command.View() == "STLS");
    CHECK(error.text.View() == "not now");
    CHECK(ServerOf(session).Verdict() == "");
  }
  SUBCASE("STLS is refused, and TLS was only wanted") {
    TlsSession session;
    session.UserName = "mrose";
    session.Security = smtpoll::Security::Opportunistic;
    session.AllowPlaintextCredentials = true;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSTLS\nUSER\n.").Expect("STLS").Reply("-ERR not now");
    ServerOf(session).Expect("USER mrose").Reply("+OK").Expect("PASS ").Reply("+OK");
    CHECK(Connect(session) == "connected");
    CHECK(!session.SSLConnected());
  }
  SUBCASE("Opportunistic encrypts where it can, and sends nothing where it cannot") {
    TlsSession session;
    session.UserName = "mrose";
    session.Security = smtpoll::Security::Opportunistic;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\n.").Expect("QUIT");
    CHECK(session.Connect("pop.test", 110).Code() == Errc::CredentialsOnPlainWire);
    CHECK(ServerOf(session).Verdict() == "");
  }
  SUBCASE("port 995 speaks TLS first") {
    TlsSession session;
    session.UserName = "mrose";
    CHECK(session.Connect("pop.test", 995).Code() == Errc::TlsSettings);
    CHECK(ServerOf(session).Connections() == 0);
    session.Security = smtpoll::Security::ImplicitTLS;
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nUSER\n.").Expect("USER mrose").Reply("+OK");
    ServerOf(session).Expect("PASS ").Reply("+OK");
    CHECK(!session.Connect("pop.test", 995));
    CHECK(session.SSLConnected());
    CHECK(ServerOf(session).Verdict() == "");
  }
}

TEST_CASE("RFC 2595 4: after STLS all that was known is asked for again") {
  TlsSession session;
  session.UserName = "mrose";
  session.Password = "secret";
  ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSTLS\nSASL CRAM-MD5\nTOP\n.").Expect("STLS").Reply("+OK");
  ServerOf(session).Expect("CAPA").Reply("+OK\nSASL PLAIN\n.").Expect("AUTH PLAIN AG1yb3NlAHNlY3JldA==").Reply("+OK");
  CHECK(Connect(session) == "connected");
  CHECK(session.SSLConnected());
  CHECK(!session.ServerCapabilities().Has(smtpoll::Pop3Extension::Top));
}

TEST_CASE("RFC 2595 2.2: plain text behind the answer to STLS ends the session before anything is sent") {
  for (const char* behind : {"+OK\r\nUSER\r\n.\r\n", "+", "\r\n"}) {
    TlsSession session;
    session.UserName = "mrose";
    ServerOf(session).Reply("+OK").Expect("CAPA").Reply("+OK\nSTLS\n.").Expect("STLS");
    ServerOf(session).Say(std::string("+OK go on\r\n") + behind);
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == Errc::UnexpectedReply);
    CHECK(error.phase == Phase::Tls);
    CHECK(ServerOf(session).Verdict() == "");
  }
}

TEST_CASE("Credentials with line breaks or NUL, or too long for a line, never become commands") {
  const std::string nul("\0", 1);
  for (const std::string& evil : {std::string("a\r\nDELE 1"), std::string("a\nb"), std::string("a\rb"), "a" + nul,
                                  std::string("\r\n"), std::string(249, 'x')}) {
    for (int which = 0; which < 3; ++which) {
      Open session;
      session.EncryptPassword = which == 2;
      (which == 1 ? session.Password : session.UserName) = evil;
      ServerOf(session).Reply("+OK <1@x>").Expect("CAPA").Reply("+OK\nUSER\n.").Expect("QUIT");
      const smtpoll::Error error = session.Connect("pop.test", 110);
      CHECK(error.Code() == Errc::AuthenticationUnavailable);
      CHECK(!error.text.empty());
      CHECK(ServerOf(session).Verdict() == "");
    }
  }
}

TEST_CASE("RFC 1939 4: a greeting that refuses") {
  Open session;
  ServerOf(session).Reply("-ERR [SYS/TEMP] too busy").Expect("QUIT");
  CHECK(Connect(session) == "greeting: the server refused the session: [SYS/TEMP] too busy");
}

namespace {

/// An engine that logs in by SCRAM-SHA-1 as in RFC 5802 5; Feed gives it bytes of the server's and returns what it
/// says.
struct ScramEngine {
  ScramEngine() {
    options.allow_plaintext_credentials = true;
    options.credentials = {"user", "pencil"};
    options.credentials.nonce = "fyko+d2lbbFgONRv9qkxdawL";
    engine.Start(options, 0);
    Feed("+OK hi\r\n");
    Feed("+OK\r\nSASL SCRAM-SHA-1\r\n.\r\n");
  }
  std::string Feed(const std::string& bytes, smtpoll::Millis now = 0) {
    engine.Sent(engine.Output().size(), now);
    bytes.copy(engine.Input().data(), bytes.size());
    engine.Received(bytes.size());
    event = engine.Next(now);
    return std::string(engine.Output().data(), engine.Output().size());
  }
  static std::string Encoded(std::string_view bytes) {
    std::string text(smtpoll::detail::Base64Size(bytes.size()), '#');
    smtpoll::detail::Base64Encode(bytes.data(), bytes.size(), &text[0]);
    return text;
  }

  char input[2048], output[1024];
  smtpoll::Pop3Options options;
  smtpoll::Pop3Engine engine{input, output};
  smtpoll::Pop3Event event;
};

const std::string kServerFirst =
    ScramEngine::Encoded("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");

}  // namespace

TEST_CASE("RFC 5802 5, RFC 5034 4: SCRAM over POP3, and the server's last word in a challenge") {
  ScramEngine one;
  std::string said = one.Feed("+ " + kServerFirst + "\r\n");
  while (one.engine.NextDeadline() <= 0) said = one.Feed("");
  CHECK(said == ScramEngine::Encoded("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                                     "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=") +
                    "\r\n");
  CHECK(one.Feed("+ " + ScramEngine::Encoded("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=") + "\r\n") == "\r\n");
  CHECK(one.Feed("+OK\r\n").empty());
  CHECK(one.event.kind == smtpoll::Pop3EventKind::Authenticated);
  CHECK(one.engine.Idle());
}

TEST_CASE("SCRAM over POP3: the wire dies or time runs out while the password is digested") {
  for (const bool dies : {true, false}) {
    ScramEngine one;
    one.Feed("+ " + kServerFirst + "\r\n");
    CHECK(one.event.kind == smtpoll::Pop3EventKind::None);
    CHECK(one.engine.NextDeadline() <= 0);
    CHECK(!one.engine.Input().empty());
    const smtpoll::Millis end = one.options.timeouts.authentication;
    CHECK(one.engine.Next(end - 1).kind == smtpoll::Pop3EventKind::None);
    if (dies) one.engine.Closed(smtpoll::Error(Errc::ConnectionLost, Phase::None));
    const smtpoll::Pop3Event event = one.engine.Next(end);
    REQUIRE(event.kind == smtpoll::Pop3EventKind::Failed);
    CHECK(event.error->Code() == (dies ? Errc::ConnectionLost : Errc::TimedOut));
    CHECK(event.error->phase == Phase::Authentication);
    CHECK(one.engine.NextDeadline() == smtpoll::kNever);
  }
}

TEST_CASE("SCRAM over POP3: a nonce that makes the answer longer than the send buffer is taken back with a star") {
  ScramEngine one;
  const std::string nonce = "fyko+d2lbbFgONRv9qkxdawL" + std::string(900, 'x');
  std::string said = one.Feed("+ " + ScramEngine::Encoded("r=" + nonce + ",s=QSXCR+Q6sek8bf92,i=4096") + "\r\n");
  while (one.engine.NextDeadline() <= 0) said = one.Feed("");
  CHECK(said == "*\r\n");
  one.Feed("-ERR cancelled\r\n");
  REQUIRE(one.event.kind == smtpoll::Pop3EventKind::Failed);
  CHECK(one.event.error->text.View() == "the response does not fit the send buffer");
}
