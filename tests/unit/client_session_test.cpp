#include "smtpoll/client/session.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "../examples/receiver.hpp"
#include "faulty_calls.hpp"
#include "loopback.hpp"
#include "scripted_socket.hpp"
#include "smtpoll/testing.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;
using smtpoll::Outcome;

namespace {

EmailMessage Mail(const std::string& to = "bob@y.org") {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient(to);
  mail.Subject = "hi";
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

/// A receiver with a thread of its own, for a client that blocks.
class ReceiverThread {
 public:
  ReceiverThread() {
    REQUIRE(receiver.Start());
    thread_ = std::thread([this] {
      while (!stop_) receiver.Poll();
    });
  }
  ~ReceiverThread() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  Receiver receiver;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("Session: connect, send, and a result with every recipient, over a real socket") {
  ReceiverThread server;
  smtpoll::Session session;
  const smtpoll::Error error = session.Connect("127.0.0.1", server.receiver.Port());
  REQUIRE_MESSAGE(!error, ToString(error));
  CHECK(session.IsConnected());
  CHECK(session.ServerCapabilities().Has(smtpoll::Extension::Size));

  const smtpoll::SendResult& result = session.Send(Mail("bob@y.org, refused@y.org"));
  CHECK(result);
  CHECK(result.outcome == Outcome::Sent);
  CHECK(result.server_text.find("stored as number 1") != std::string::npos);
  REQUIRE(result.recipients.size() == 2);
  CHECK(result.recipients[0].accepted);
  CHECK(result.recipients[1].reply_code == 550);
  CHECK(result.recipients[1].enhanced == smtpoll::EnhancedCode{5, 1, 1});
  CHECK(result.recipients[1].text == "no such user");

  const smtpoll::SendResult refused = session.Send(Mail("refused@y.org"));
  CHECK(refused.outcome == Outcome::Refused);
  CHECK(refused.error.reply_code == 550);
  REQUIRE(refused.recipients.size() == 1);

  CHECK(session.Send(Mail()).Sent());
  session.Quit();
  CHECK_FALSE(session.IsConnected());
  CHECK(session.Send(Mail()).outcome == Outcome::Queued);
  CHECK(session.Send(Mail()).error.Code() == Errc::InvalidState);
  server.Stop();
  CHECK(server.receiver.mails.size() == 2);
}

TEST_CASE("Session: a connection that cannot be made is an error, never an exception") {
  smtpoll::Session session;
  CHECK(session.Connect("127.0.0.1", 0).Code() == Errc::InvalidPort);
  CHECK(session.Connect("no-such-host.invalid", 25).Code() == Errc::NameResolution);
  std::uint16_t port = 0;
  {
    smtpoll::SMTPSocket listener;
    listener.Listen();
    port = listener.Port;
  }
  const smtpoll::Error refused = session.Connect("127.0.0.1", port);
  CHECK(refused.ErrorNumber == kRefused);
  CHECK(refused.phase == smtpoll::Phase::Connect);
  CHECK_FALSE(session.IsConnected());
}

TEST_CASE("Session: where no address answers in time, the error names each of them") {
  Scope scope;
  faults.silent = "127.0.0.1";
  smtpoll::BasicSession<smtpoll::BasicTcpSocket<FaultyCalls>> session;
  session.Timeouts.connect = 400;
  const smtpoll::Error error = session.Connect("two.test", 9);
  CHECK(error.Code() == Errc::TimedOut);
  CHECK(error.phase == smtpoll::Phase::Connect);
  const std::string refused(FaultyCalls::Reason(OS_ERROR(ECONNREFUSED)).View());
  CHECK(error.text.View() == "127.0.0.3: " + refused + "; 127.0.0.1: no answer");
}

TEST_CASE("Session: credentials do not go over a plain wire") {
  smtpoll::Session session;
  session.UserName = "alice";
  CHECK(session.Connect("127.0.0.1", 25).Code() == Errc::CredentialsOnPlainWire);
}

TEST_CASE("Session: lost after the content is in doubt, lost before is queued") {
  for (const bool before : {true, false}) {
    ScriptedSocket::now = 0;
    smtpoll::BasicSession<ScriptedSocket> session;
    ScriptedSocket& wire = session.Layer().NextLayer();
    wire.incoming = "220 mx\r\n";
    wire.On("EHLO ", "250 mx\r\n");
    wire.On("MAIL FROM:", "250 ok\r\n");
    wire.On("RCPT TO:", "250 ok\r\n");
    wire.On("DATA", before ? "" : "354 go\r\n");
    REQUIRE_FALSE(session.Connect("mx", 25));
    wire.closes_at = before ? "DATA" : ".";
    const smtpoll::SendResult& result = session.Send(Mail());
    CHECK(result.outcome == (before ? Outcome::Queued : Outcome::InDoubt));
    CHECK(result.error.Code() == Errc::ConnectionLost);
    CHECK(result.error.phase == (before ? smtpoll::Phase::Data : smtpoll::Phase::ContentEnd));
    CHECK_FALSE(session.IsConnected());
  }
}

TEST_CASE("Session: a time-out ends the wait") {
  ScriptedSocket::now = 0;
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Timeouts.greeting = 1000;
  const smtpoll::Error error = session.Connect("mx", 25);
  CHECK(error.Code() == Errc::TimedOut);
  CHECK(error.phase == smtpoll::Phase::Greeting);
  CHECK(ScriptedSocket::now == 1000);
}

TEST_CASE("Session: a cancelled message is refused, and the session says that it is over") {
  ScriptedSocket::now = 0;
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Layer().NextLayer().Serve(1);
  REQUIRE_FALSE(session.Connect("mx", 25));
  session.SendProgress = [](std::size_t, std::size_t) { return true; };
  const smtpoll::SendResult& result = session.Send(Mail());
  CHECK(result.outcome == Outcome::Refused);
  CHECK(result.error.Code() == Errc::Cancelled);
  CHECK_FALSE(session.IsConnected());
}

TEST_CASE("Session.Noop, Reset, Verify, Expand and Help") {
  ReceiverThread server;
  smtpoll::Session session;
  CHECK(session.Noop().error.Code() == Errc::InvalidState);
  REQUIRE_FALSE(session.Connect("127.0.0.1", server.receiver.Port()));
  CHECK(session.Noop());
  CHECK(session.Reset());
  CHECK(session.Verify("bob").reply_code == 252);
  const smtpoll::CommandResult expand = session.Expand("list");
  CHECK_FALSE(expand);
  CHECK_FALSE(expand.error);
  CHECK(expand.reply_code == 500);
  CHECK(expand.enhanced == smtpoll::EnhancedCode{5, 5, 2});
  CHECK(session.Help("x\r\nMAIL FROM:<a@b>").error.Code() == Errc::InvalidMessage);
  CHECK(session.Send(Mail()).Sent());
}

TEST_CASE("Session.Lmtp: the result of each recipient is its final one") {
  ScriptedSocket::now = 0;
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Lmtp = true;
  ScriptedSocket& wire = session.Layer().NextLayer();
  wire.incoming = "220 lmtp\r\n";
  wire.On("LHLO ", "250 hi\r\n");
  wire.On("MAIL FROM:", "250 ok\r\n");
  wire.On("RCPT TO:<a@", "550 5.1.1 no\r\n");
  wire.On("RCPT TO:<b@", "250 ok\r\n");
  wire.On("RCPT TO:<c@", "250 ok\r\n");
  wire.On("DATA", "354 go\r\n");
  wire.On(".", "250 2.0.0 yours\r\n452 4.2.2 full\r\n");
  REQUIRE_FALSE(session.Connect("lmtp", 24));
  const smtpoll::SendResult& result = session.Send(Mail("a@y.org, b@y.org, c@y.org"));
  CHECK(result.Sent());
  REQUIRE(result.recipients.size() == 3);
  CHECK(result.recipients[0].reply_code == 550);
  CHECK_FALSE(result.recipients[0].final_reply);
  CHECK(result.recipients[1].accepted);
  CHECK(result.recipients[1].final_reply);
  CHECK_FALSE(result.recipients[2].accepted);
  CHECK(result.recipients[2].text == "full");
}

TEST_CASE("RFC 2033 4.2: each final reply is that of its own recipient, also behind one that refused") {
  ScriptedSocket::now = 0;
  smtpoll::BasicSession<ScriptedSocket> session;
  session.Lmtp = true;
  ScriptedSocket& wire = session.Layer().NextLayer();
  wire.incoming = "220 lmtp\r\n";
  wire.On("LHLO ", "250 hi\r\n");
  wire.On("MAIL FROM:", "250 ok\r\n");
  for (int i = 0; i < 3; ++i) wire.On("RCPT TO:", "250 ok\r\n");
  wire.On("DATA", "354 go\r\n");
  wire.On(".", "452 4.2.2 a is full\r\n250 2.0.0 b has it\r\n550 5.7.1 c wants none\r\n");
  REQUIRE_FALSE(session.Connect("lmtp", 24));
  const smtpoll::SendResult& result = session.Send(Mail("a@y.org, b@y.org, c@y.org"));
  CHECK(result.Sent());
  std::string told;
  for (const smtpoll::RecipientResult& one : result.recipients) {
    CHECK(one.final_reply);
    CHECK(one.accepted == (one.reply_code == 250));
    told += one.mailbox + ": " + std::to_string(one.reply_code) + " " + one.text + ", " + Name(one.outcome) + "\n";
  }
  CHECK(told == "a@y.org: 452 a is full, refused\nb@y.org: 250 b has it, sent\nc@y.org: 550 c wants none, refused\n");
}

namespace {

using ScriptedSession = smtpoll::BasicSession<smtpoll::testing::ScriptedSocket>;

/// A transaction of one recipient, by DATA.
void Serve(smtpoll::testing::Script& server, const std::string& to) {
  server.Expect("MAIL *").Reply("250 ok").Expect("RCPT TO:<" + to + ">").Reply("250 ok");
  server.Expect("DATA").Reply("354 go").ExpectContent().Reply("250 taken");
}

}  // namespace

TEST_CASE("RFC 9422 4.1: a session that had its MAILMAX messages takes no more, and says so") {
  ScriptedSession session;
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Opening("LIMITS MAILMAX=1");
  Serve(server, "bob@y.org");
  server.Quit();
  REQUIRE_FALSE(session.Connect("test", 25));
  CHECK(session.Send(Mail()).outcome == Outcome::Sent);
  const smtpoll::SendResult second = session.Send(Mail());
  CHECK(second.outcome == Outcome::Queued);
  CHECK(second.error.Code() == Errc::InvalidState);
  CHECK(session.IsConnected());
  session.Quit();
  CHECK(server.Verdict() == "");
}

TEST_CASE("RFC 9422 4.1: Session leaves the recipients that MAILMAX keeps from their transaction in the queue") {
  EmailMessage mail = Mail();
  mail.AddRecipient("eve@y.org");
  ScriptedSession session;
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Opening("LIMITS MAILMAX=1 RCPTMAX=1");
  Serve(server, "bob@y.org");
  server.Quit();
  REQUIRE_FALSE(session.Connect("test", 25));
  const smtpoll::SendResult result = session.Send(mail);
  CHECK(session.IsConnected());
  session.Quit();
  CHECK(server.Verdict() == "");
  REQUIRE(result.recipients.size() == 2);
  CHECK(result.recipients[0].outcome == Outcome::Sent);
  CHECK(result.recipients[1].outcome == Outcome::Queued);
  CHECK(result.outcome == Outcome::Queued);
  CHECK(result.error.Code() == Errc::InvalidState);
}

TEST_CASE("RFC 9422 4.2: Session sends to more than RCPTMAX recipients in several transactions") {
  // RFC 3461: what is asked for the second recipient only stops the second transaction only.
  for (const bool asks : {false, true}) {
    CAPTURE(asks);
    EmailMessage mail = Mail();
    mail.AddRecipient("eve@y.org");
    if (asks) mail.RecipientOptions.push_back({"eve@y.org", smtpoll::DsnNotify::Never, ""});
    ScriptedSession session;
    smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
    server.Opening("LIMITS RCPTMAX=1");
    Serve(server, "bob@y.org");
    if (!asks) Serve(server, "eve@y.org");
    server.Quit();
    REQUIRE_FALSE(session.Connect("test", 25));
    const smtpoll::SendResult result = session.Send(mail);
    session.Quit();
    CHECK(server.Verdict() == "");
    REQUIRE(result.recipients.size() == 2);
    CHECK(result.recipients[0].outcome == Outcome::Sent);
    CHECK(result.recipients[1].outcome == (asks ? Outcome::Refused : Outcome::Sent));
    CHECK(result.outcome == Outcome::Sent);
  }
}

TEST_CASE("RFC 9422 4.2: a transaction whose recipients are all refused does not keep the next one from going") {
  struct End {
    const char* reply;  // to the content of the second transaction; none where the wire breaks
    Outcome outcome;
    Errc error;  // that the result shows: where both were refused the first one
    int reply_code;
  };
  const End ends[] = {{"250 taken", Outcome::Sent, Errc::None, 0},
                      {"554 5.7.1 spam", Outcome::Refused, Errc::MessageRefused, 550},
                      {"", Outcome::InDoubt, Errc::ConnectionLost, 0}};
  for (const End& end : ends) {
    CAPTURE(end.reply);
    EmailMessage mail = Mail();
    mail.AddRecipient("eve@y.org");
    ScriptedSession session;
    smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
    server.Opening("LIMITS RCPTMAX=1").Expect("MAIL *").Reply("250 ok").Expect("RCPT TO:<bob@y.org>");
    server.Reply("550 5.1.1 no such user").Expect("RSET").Reply("250 ok");
    server.Expect("MAIL *").Reply("250 ok").Expect("RCPT TO:<eve@y.org>").Reply("250 ok");
    server.Expect("DATA").Reply("354 go").ExpectContent();
    if (*end.reply == '\0')
      server.Break();
    else
      server.Reply(end.reply);
    if (end.outcome == Outcome::Refused) server.Expect("RSET").Reply("250 ok");
    REQUIRE_FALSE(session.Connect("test", 25));
    const smtpoll::SendResult result = session.Send(mail);
    CHECK(server.Verdict() == "");
    REQUIRE(result.recipients.size() == 2);
    CHECK(result.recipients[0].outcome == Outcome::Refused);
    CHECK(result.recipients[0].reply_code == 550);
    CHECK(result.recipients[1].outcome == end.outcome);
    CHECK(result.outcome == end.outcome);
    CHECK(result.error.Code() == end.error);
    CHECK(result.error.reply_code == end.reply_code);
    session.Close();
  }
}

TEST_CASE("RFC 5321 4.5.3.1.10: 452 is one recipient too many where no enhanced code says otherwise") {
  for (const char* const reply : {"452 too many recipients", "452 4.5.3 too many recipients", "452 4.2.2 full"}) {
    const bool too_many = std::string_view(reply) != "452 4.2.2 full";
    CAPTURE(reply);
    EmailMessage mail = Mail();
    mail.AddRecipient("eve@y.org");
    ScriptedSession session;
    smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
    server.Opening().Expect("MAIL *").Reply("250 ok").Expect("RCPT TO:<bob@y.org>").Reply("250 ok");
    server.Expect("RCPT TO:<eve@y.org>").Reply(reply).Expect("DATA").Reply("354 go").ExpectContent();
    server.Reply("250 taken");
    if (too_many) Serve(server, "eve@y.org");
    server.Quit();
    REQUIRE_FALSE(session.Connect("test", 25));
    const smtpoll::SendResult result = session.Send(mail);
    session.Quit();
    CHECK(server.Verdict() == "");
    CHECK(result.Sent());
    REQUIRE(result.recipients.size() == 2);
    CHECK(result.recipients[0].outcome == Outcome::Sent);
    CHECK(result.recipients[1].outcome == (too_many ? Outcome::Sent : Outcome::Refused));
    CHECK(result.recipients[1].reply_code == (too_many ? 250 : 452));
  }
}

TEST_CASE("Session.Send: a server that goes between two transactions of a message leaves the others queued") {
  EmailMessage mail = Mail();
  mail.AddRecipient("eve@y.org");
  ScriptedSession session;
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Opening("LIMITS RCPTMAX=1").Expect("MAIL *").Reply("250 ok").Expect("RCPT TO:<bob@y.org>").Reply("250 ok");
  server.Expect("DATA").Reply("354 go").ExpectContent().Reply("250 taken\n421 4.3.2 going down").Close();
  REQUIRE_FALSE(session.Connect("test", 25));
  const smtpoll::SendResult result = session.Send(mail);
  CHECK(server.Verdict() == "");
  CHECK_FALSE(session.IsConnected());
  REQUIRE(result.recipients.size() == 2);
  CHECK(result.recipients[0].outcome == Outcome::Sent);
  CHECK(result.recipients[1].outcome == Outcome::Queued);
  CHECK(result.recipients[1].reply_code == 0);
  CHECK(result.outcome == Outcome::Queued);
  CHECK(result.error.Code() == Errc::ConnectionLost);
  CHECK(result.error.reply_code == 421);
  CHECK(server.Lines().size() == 4);  // EHLO, MAIL, RCPT, DATA
}

TEST_CASE("Session: what is asked of a session that was lost since the last call gets the reason") {
  ScriptedSocket::now = 0;
  for (const bool sends : {true, false}) {
    smtpoll::BasicSession<ScriptedSocket> session;
    ScriptedSocket& wire = session.Layer().NextLayer();
    wire.incoming = "220 mx\r\n";
    wire.On("EHLO ", "250 mx\r\n");
    wire.On("HELP", "214 help yourself\r\n");
    REQUIRE_FALSE(session.Connect("mx", 25));
    CHECK(session.Help().text == "help yourself");
    wire.incoming = "421 4.4.2 idle for too long\r\n";
    wire.peer_closed = true;
    const std::size_t sent = wire.sent.size();
    const smtpoll::Error error = sends ? session.Send(Mail()).error : session.Noop().error;
    CHECK(error.Code() == Errc::ConnectionLost);
    CHECK(error.text.View() == "idle for too long");
    CHECK_FALSE(session.IsConnected());
    CHECK(wire.sent.size() == sent);
  }
}

TEST_CASE("Session: a write that fails ends the session once what the server said is read, also half a reply") {
  for (const bool closes : {false, true}) {
    ScriptedSocket::now = 0;
    smtpoll::BasicSession<ScriptedSocket> session;
    ScriptedSocket& wire = session.Layer().NextLayer();
    wire.Serve(1);
    REQUIRE_FALSE(session.Connect("mx", 25));
    const std::string sent = wire.sent;
    // The half reply is there when the write has failed: before, it would be one that nothing waits for.
    wire.piece = 3;
    session.Transcript = [&](smtpoll::Side side, const std::string&) {
      if (side != smtpoll::Side::Client) return;
      wire.fail_write = 32;
      wire.incoming = "250-half a reply\r\n250 o";
      wire.peer_closed = closes;
    };
    const smtpoll::SendResult& result = session.Send(Mail());
    CHECK(result.outcome == Outcome::Queued);
    CHECK(result.error.Code() == Errc::ConnectionLost);
    CHECK(result.error.phase == smtpoll::Phase::Mail);
    CHECK(wire.incoming.empty());
    CHECK(wire.sent == sent);
    CHECK_FALSE(session.IsConnected());
  }
}

TEST_CASE("RFC 2920: a Session to a server whose group of commands failed goes on in lock-step") {
  struct Server {
    const char* reply;   // to the first command of a group; none where the connection is lost instead
    bool second, third;  // the next two sessions send groups
  };
  const Server servers[] = {{"", false, true},
                            {"nonsense\r\n", false, false},
                            {"354 go on\r\n", false, false},
                            {"421 4.3.2 bye\r\n", true, true}};
  for (const Server& server : servers) {
    CAPTURE(server.reply);
    ScriptedSocket::now = 0;
    smtpoll::BasicSession<ScriptedSocket> session;
    ScriptedSocket& wire = session.Layer().NextLayer();
    const auto sends_groups = [&] {
      wire = ScriptedSocket();
      wire.incoming = "220 mx\r\n";
      wire.On("EHLO ", "250-mx\r\n250 PIPELINING\r\n");
      wire.On("MAIL FROM:", server.reply);
      wire.closes_at = "MAIL FROM:<alice@x.org>";
      REQUIRE_FALSE(session.Connect("mx", 25));
      CHECK(session.Send(Mail()).outcome == Outcome::Queued);
      CHECK_FALSE(session.IsConnected());
      return wire.sent.find("RCPT TO:") != std::string::npos;
    };
    CHECK(sends_groups());
    CHECK(sends_groups() == server.second);
    CHECK(sends_groups() == server.third);
    session.Pipelining = false;
    CHECK_FALSE(sends_groups());
  }
}
