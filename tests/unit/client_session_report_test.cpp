#include "smtpoll/client/session_report.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"
#include "smtpoll/testing.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;
using smtpoll::Phase;
using smtpoll::SessionReport;
using smtpoll::testing::PretendTls;
using smtpoll::testing::Script;
using smtpoll::testing::ScriptedSocket;

namespace {

EmailMessage Mail() {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient("bob@y.org");
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string Encoded(const std::string& text) {
  std::string encoded(smtpoll::detail::Base64Size(text.size()), '#');
  smtpoll::detail::Base64Encode(text.data(), text.size(), &encoded[0]);
  return encoded;
}

}  // namespace

TEST_CASE("Session.Explain: each phase has the time in which it was waited for") {
  smtpoll::BasicSession<ScriptedSocket> session;
  Script& server = session.Layer().NextLayer().Server;
  server.Wait(1000).Reply("220 mx.y.org ESMTP Postfix").Expect("EHLO *").Wait(2000);
  server.Reply("250-mx.y.org\n250-SIZE 1000000\n250-AUTH PLAIN LOGIN\n250 8BITMIME");
  server.Expect("MAIL *").Wait(3000).Reply("250 ok").Expect("RCPT *").Wait(4000).Reply("250 ok");
  server.Expect("DATA").Wait(5000).Reply("354 go").ExpectContent().Wait(6000).Reply("250 queued");
  server.Expect("NOOP").Wait(7000).Reply("250 ok").Expect("QUIT").Wait(8000).Reply("221 bye").Close();
  REQUIRE_FALSE(session.Connect("mx.y.org", 25));
  REQUIRE(session.Send(Mail()));
  REQUIRE(session.Noop());
  CHECK(session.Explain().connected);
  session.Quit();
  REQUIRE_MESSAGE(server.Done(), server.Verdict());

  const SessionReport report = session.Explain();
  const auto close_to = [&](Phase phase, smtpoll::Millis wanted) {
    const smtpoll::Millis was = report.tally.TimeIn(phase);
    CHECK_MESSAGE((was >= wanted && was <= wanted + 300), Name(phase) << " took " << was);
  };
  close_to(Phase::Greeting, 1000);
  close_to(Phase::Hello, 2000);
  close_to(Phase::Mail, 3000);
  close_to(Phase::Recipient, 4000);
  close_to(Phase::Data, 5000);
  close_to(Phase::ContentEnd, 6000);
  close_to(Phase::Command, 7000);
  close_to(Phase::Quit, 8000);
  CHECK_FALSE(report.connected);
  CHECK(report.host == "mx.y.org");
  CHECK(report.tally.port == 25);
  CHECK(report.tally.address.View() == "192.0.2.25");
  CHECK(report.tally.greeting.View() == "mx.y.org ESMTP Postfix");
  CHECK(report.tally.sent == 1);
  CHECK(report.tally.round_trips == 7);  // EHLO, MAIL, RCPT, DATA, the content, NOOP, QUIT

  const std::string text = ToString(report);
  CHECK(Has(text, "mx.y.org port 25 (192.0.2.25), not connected\nencryption: none\nlogin: none\n"));
  CHECK(Has(text,
            "\ngreeting: mx.y.org ESMTP Postfix\noffered: SIZE=1000000 8BITMIME AUTH\nAUTH offered: PLAIN LOGIN\n"));
  CHECK(Has(text, "\nmessages: 1 sent, 0 refused, 0 in doubt, 0 returned\nlast error: none\n"));
  CHECK(Has(ToJson(report),
            "\"envelope\": " + std::to_string(report.tally.TimeIn(Phase::Mail) + report.tally.TimeIn(Phase::Recipient) +
                                              report.tally.TimeIn(Phase::Data))));
}

TEST_CASE("Session.Explain: the phases together are all the time since Connect") {
  smtpoll::BasicSession<ScriptedSocket> session;
  Script& server = session.Layer().NextLayer().Server;
  server.Opening("PIPELINING").Expect("MAIL *").Expect("RCPT *").Expect("DATA").Wait(700).Reply("250 ok");
  server.Reply("250 ok").Wait(300).Reply("354 go").ExpectContent().Wait(100).Reply("250 queued");
  const smtpoll::Millis start = ScriptedSocket::Now();
  REQUIRE_FALSE(session.Connect("mx.y.org", 25));
  REQUIRE(session.Send(Mail()));
  const smtpoll::Millis idle = session.Explain().tally.TimeIn(Phase::Idle);
  session.Layer().NextLayer().Wait(smtpoll::Readiness::None, 100);  // the program does something else
  smtpoll::Millis sum = 0;
  for (const smtpoll::Millis time : session.Explain().tally.milliseconds) sum += time;
  CHECK(sum == ScriptedSocket::Now() - start);
  CHECK(session.Explain().tally.TimeIn(Phase::Idle) == idle + 100);
}

TEST_CASE("Session.Explain: bytes are those of the wire") {
  smtpoll::BasicSession<ScriptedSocket> session;
  std::size_t out = 0, in = 0;
  session.Transcript = [&](smtpoll::Side side, const std::string& line) {
    (side == smtpoll::Side::Client ? out : in) += line.size() + 2;
  };
  Script& server = session.Layer().NextLayer().Server;
  server.Opening().Expect("NOOP").Reply("250 2.0.0 ok").Quit();
  REQUIRE_FALSE(session.Connect("mx.y.org", 25));
  REQUIRE(session.Noop());
  session.Quit();
  CHECK(session.Explain().tally.bytes_out == out);
  CHECK(session.Explain().tally.bytes_in == in);
}

TEST_CASE("Session.Explain: encryption and login, also when they are over") {
  smtpoll::BasicSession<ScriptedSocket, PretendTls> session;
  session.UserName = "alice";
  session.Password = "open sesame";
  session.Security = smtpoll::Security::Required;
  Script& server = session.Layer().NextLayer().Server;
  server.Opening("STARTTLS").Expect("STARTTLS").Reply("220 go").Expect("EHLO *").Reply("250-mx\n250 AUTH LOGIN PLAIN");
  server.Expect("AUTH PLAIN *").Reply("235 2.7.0 ok").Quit();
  REQUIRE_FALSE(session.Connect("mx.y.org", 587));
  session.Quit();
  const SessionReport report = session.Explain();
  CHECK(report.tally.encrypted);
  CHECK(report.tally.mechanism == smtpoll::AuthMechanism::Plain);
  CHECK(Has(ToString(report), "encryption: TLS\nlogin: PLAIN\n"));
  CHECK(Has(ToJson(report), "\"tls\": {\"version\": null, \"cipher\": null}, \"mechanism\": \"PLAIN\""));
}

TEST_CASE("Session.Explain: a secret that the server repeats is not repeated") {
  const std::string password = "Correct.Horse-42", token = std::string(90, 'x') + ".1-2_3";
  const std::string plain = Encoded(std::string("\0alice\0", 7) + password);
  for (const std::string& echo : {plain, password, Encoded(password), Encoded("alice"), token, Encoded(token)}) {
    for (const std::string& around :
         {"500 unknown command: '" + echo + "'", "535 " + echo, "535-" + echo + "\n535 x " + echo + "."}) {
      smtpoll::BasicSession<ScriptedSocket, PretendTls> session;
      session.UserName = "alice";
      session.Password = password;
      session.Security = smtpoll::Security::ImplicitTLS;
      session.Layer().NextLayer().Server.Opening("AUTH PLAIN").Expect("AUTH PLAIN *").Reply(around).Expect("QUIT");
      REQUIRE(session.Connect("mx.y.org", 465));
      const SessionReport report = session.Explain();
      for (const std::string& text : {ToString(report), ToJson(report)}) {
        CHECK_FALSE_MESSAGE(Has(text, echo), text);
        CHECK(Has(text, "****"));
        CHECK_FALSE(Has(text, password));
      }
    }
  }
  // Base64 that has no digit looks like a word.
  smtpoll::BasicSession<ScriptedSocket, PretendTls> session;
  session.UserName = "alice";
  session.Password = "abcabc";
  session.Security = smtpoll::Security::ImplicitTLS;
  session.Layer()
      .NextLayer()
      .Server.Opening("AUTH LOGIN")
      .Expect("AUTH LOGIN")
      .Reply("535 no YWJjYWJj here")
      .Expect("QUIT");
  REQUIRE(session.Connect("mx.y.org", 465));
  CHECK(session.Explain().error.text.View() == "no **** here");
  // What a provider says stays.
  smtpoll::Error error(
      Errc::AuthenticationFailed, Phase::Authentication,
      "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit "
      "https://aka.ms/smtp_auth_disabled for more information. [AM0PR04CA0001.eurprd04.prod.outlook.com]");
  CHECK(smtpoll::detail::WithoutSecrets(error, {"x1"}).text.View() == error.text.View());
}

TEST_CASE("RFC 6750 2.1: what a word of a reply must have to count as a secret") {
  const std::pair<std::string, bool> words[] = {
      {std::string(59, 'a') + "~b", true},  // as long as a token
      {std::string(58, 'a') + "~b", true},
      {std::string(57, 'a') + "~b", false},
      {"abcdef+h", true},  // base64, by a mark alone
      {"abcdefg=", true},
      {"abcdef/h", false},
      {"abcdefg+", true},
      {"abcde+h", false},  // too short
      {"abcdefgh", false},
      {"abcdefg7", true},
  };
  for (const auto& word : words) {
    CAPTURE(word.first);
    smtpoll::Error error(Errc::AuthenticationFailed, Phase::Authentication, "no " + word.first + " here");
    const std::string shown = word.second ? "****" : word.first;
    CHECK(smtpoll::detail::WithoutSecrets(error, {}).text.View() == "no " + shown + " here");
  }
}

namespace {

/// Names what a TLS session would have.
template <typename Socket>
class NamingTls : public PretendTls<Socket> {
 public:
  std::string_view ProtocolName() const { return "TLSv1.3"; }
  std::string_view CipherName() const { return "TLS_AES_128_GCM_SHA256"; }
};

}  // namespace

TEST_CASE("SessionReport: a session that stands, over TLS with its names or without them, and SIZE without a number") {
  smtpoll::BasicSession<ScriptedSocket, NamingTls> named;
  named.Security = smtpoll::Security::ImplicitTLS;
  named.Layer().NextLayer().Server.Opening("SIZE");
  REQUIRE_FALSE(named.Connect("mx.y.org", 465));
  const std::string text = ToString(named.Explain());
  CHECK(Has(text,
            "mx.y.org port 465 (192.0.2.25), connected\nencryption: TLSv1.3 TLS_AES_128_GCM_SHA256\nlogin: none\n"));
  CHECK(Has(text, "\noffered: SIZE\n"));
  CHECK(Has(ToJson(named.Explain()), "\"tls\": {\"version\": \"TLSv1.3\", \"cipher\": \"TLS_AES_128_GCM_SHA256\"}"));

  smtpoll::BasicSession<ScriptedSocket, PretendTls> nameless;
  nameless.Security = smtpoll::Security::ImplicitTLS;
  nameless.Layer().NextLayer().Server.Opening();
  REQUIRE_FALSE(nameless.Connect("mx.y.org", 465));
  CHECK(Has(ToString(nameless.Explain()), ", connected\nencryption: TLS\nlogin: none\n"));
}

TEST_CASE("Session.Explain: what the connection before had does not count") {
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Layer().NextLayer().Server.Opening("SIZE 10").Quit();
  REQUIRE_FALSE(session.Connect("mx.y.org", 25));
  session.Quit();
  session.Layer().NextLayer().ConnectError = 4711;
  REQUIRE(session.Connect("other.y.org", 26));
  const SessionReport report = session.Explain();
  CHECK(report.host == "other.y.org");
  CHECK(report.tally.port == 26);
  CHECK(report.tally.bytes_in == 0);
  CHECK_FALSE(report.offered.Has(smtpoll::Extension::Size));
  CHECK(report.error.ErrorNumber == 4711);
  CHECK(Has(ToString(report), "last error: While connecting to the server"));
  // Not even tried: no address is known of it.
  session.UserName = "alice";
  REQUIRE(session.Connect("third.y.org", 25));
  CHECK(Has(ToString(session.Explain()), "third.y.org port 25, not connected"));
}

TEST_CASE("Session.Explain: a message that was refused is the last error") {
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Layer()
      .NextLayer()
      .Server.Opening()
      .Expect("MAIL *")
      .Reply("550 5.7.1 \"no\\way\"\x01 \xff")
      .Expect("RSET")
      .Reply("250 ok");
  REQUIRE_FALSE(session.Connect("mx.y.org", 25));
  REQUIRE_FALSE(session.Send(Mail()));
  const SessionReport report = session.Explain();
  CHECK(report.connected);
  CHECK(report.tally.refused == 1);
  const std::string json = ToJson(report);
  CHECK(Has(json, "\"reply_code\": 550, \"enhanced\": \"5.7.1\", \"command\": \"MAIL FROM:<alice@x.org>\""));
  CHECK(Has(json, "\"text\": \"\\\"no\\\\way\\\"? \xEF\xBF\xBD\""));
}

TEST_CASE("SMTPSocket.Explain: nothing yet, a run of messages, a lost connection") {
  smtpoll::BasicSMTPSocket<ScriptedSocket> socket;
  CHECK(Has(ToString(socket.Explain()), ": no server, not connected\n"));
  CHECK(Has(ToJson(socket.Explain()),
            "\"server\": {\"host\": null, \"port\": 0, \"address\": null, \"greeting\": null}"));
  Script& server = socket.Layer().NextLayer().Server;
  server.Opening();
  for (int i = 0; i < 2; ++i) {
    server.Expect("MAIL *").Reply("250 ok").Expect("RCPT *").Reply("250 ok").Expect("DATA").Reply("354 go");
    server.ExpectContent();
    if (i == 0) server.Reply("250 queued");
  }
  server.Break();
  socket.Address = "mx.y.org";
  socket.Port = 25;
  for (int i = 0; i < 2; ++i) socket.Messages.Append(Mail());
  socket.SendMail();
  while (socket.Poll(100)) {
  }
  const SessionReport report = socket.Explain();
  CHECK(report.tally.sent == 1);
  CHECK(report.tally.in_doubt == 1);
  CHECK(report.error.Code() == Errc::ConnectionLost);
  CHECK(Has(ToString(report), "may or may not have arrived"));
}

TEST_CASE("SessionReport: an error without a reply has null for its code") {
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Layer().NextLayer().ConnectError = 111;
  CHECK(session.Connect("mx.y.org", 25).ErrorNumber == 111);
  const std::string json = ToJson(session.Explain());
  CHECK(Has(json, "\"reply_code\": null"));
  CHECK(Has(json, "\"number\": 111"));
}

TEST_CASE("JsonWriter: every control character, quotation marks and what is no UTF-8 (RFC 8259 7)") {
  smtpoll::detail::JsonWriter json;
  json.Open('[')
      .Value(std::string_view("\0\x1f\x7f\"\\/", 6))
      .Value("\xc3\xbc\xf0\x9f\x91\x8b\x80\xc3")
      .Value(7)
      .Open('{')
      .Close('}');
  CHECK(json.Literal("null").Close(']').Take() ==
        "[\"\\u0000\\u001f\\u007f\\\"\\\\/\", \"\xc3\xbc\xf0\x9f\x91\x8b\xEF\xBF\xBD\xEF\xBF\xBD\", 7, {}, null]");
}
