#include "smtpoll/client/driver.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "scripted_socket.hpp"
#include "smtpoll/client/smtp_socket.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;

namespace {

using ScriptedClient = smtpoll::BasicSMTPSocket<ScriptedSocket>;

EmailMessage Mail(const std::string& subject = "hi") {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient("bob@y.org");
  mail.Subject = subject;
  mail.BodyPlainText = "Hello, World!\n";
  mail.Headers.AppendHeader("Date", "Tue, 24 Nov 2026 10:00:00 +0000");
  mail.Headers.AppendHeader("Message-ID", "<fixed@x.org>");
  return mail;
}

/// A client on a scripted wire, and what it told.
struct Bench {
  Bench() {
    ScriptedSocket::now = 1000;
    client.Address = "mx.y.org";
    client.Port = 2525;
    client.ConnectionEstablished = [this](const std::string& text) { events += "established " + text + "\n"; };
    client.Error = [this](const smtpoll::Error& e) {
      error = e;
      events += "error " + std::to_string(e.ErrorNumber) + " " + Name(e.phase) + "\n";
    };
    client.MailSent = [this] { events += "mail sent\n"; };
    client.MessageSent = [this](const EmailMessage& mail) { events += "sent " + mail.Subject + "\n"; };
    client.ServerError = [this](int id, const std::string&, const EmailMessage& mail) {
      events += "refused " + mail.Subject + " " + std::to_string(id) + "\n";
    };
    client.MessageInDoubt = [this](const EmailMessage& mail, const smtpoll::Error&) {
      events += "in doubt " + mail.Subject + "\n";
    };
  }
  ScriptedSocket& Wire() { return client.Layer().NextLayer(); }
  /// Polls until no work is left; false where that does not come.
  bool Run() {
    for (int i = 0; i < 100000; ++i)
      if (!client.Poll()) return true;
    return false;
  }

  ScriptedClient client;
  smtpoll::Error error;
  std::string events;
};

}  // namespace

TEST_CASE("Poll never blocks: a silent server costs one system call a Poll, and no wait") {
  Bench bench;
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  for (int i = 0; i < 1000; ++i) CHECK(bench.client.Poll());
  CHECK(bench.Wire().waits == 0);
  CHECK(bench.Wire().writes == 0);
  CHECK(bench.Wire().reads <= 1000);
  CHECK(bench.Wire().connects == 1);
  CHECK(bench.events.empty());
}

TEST_CASE("Poll: every byte in a Poll of its own gives the same events and the same bytes as all at once") {
  std::string events, sent;
  for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    for (const bool again : {false, true}) {
      Bench bench;
      bench.Wire().Serve(3);
      bench.Wire().piece = piece;
      bench.Wire().every_second_again = again;
      bench.Wire().connect_steps = again ? 3 : 0;
      if (piece != SIZE_MAX) bench.client.PollBudget = piece;
      for (const char* subject : {"one", "two", "three"}) bench.client.Messages.Append(Mail(subject));
      bench.client.SendMail();
      REQUIRE(bench.Run());
      if (events.empty()) {
        events = bench.events;
        sent = bench.Wire().sent;
      }
      CHECK(bench.events == events);
      CHECK(bench.Wire().sent == sent);
      CHECK(bench.Wire().waits == 0);
      CHECK(bench.Wire().closes == 1);
    }
  }
  CHECK(events == "established mx ESMTP\nsent one\nsent two\nsent three\nmail sent\n");
  CHECK(sent.rfind("EHLO [192.0.2.1]\r\nMAIL FROM:<alice@x.org>\r\n", 0) == 0);
}

TEST_CASE("SMTPSocket.Error 102: the connection lost at each step, the message where it belongs") {
  struct Step {
    const char* after;  // the server closes instead of answering this
    const char* events;
    bool in_doubt;
  };
  const Step steps[] = {
      {"", "error 102 greeting\n", false},
      {"EHLO ", "established mx ESMTP\nerror 102 EHLO\n", false},
      {"MAIL FROM:", "established mx ESMTP\nerror 102 MAIL\n", false},
      {"RCPT TO:", "established mx ESMTP\nerror 102 RCPT\n", false},
      {"DATA", "established mx ESMTP\nerror 102 DATA\n", false},
      {".", "established mx ESMTP\nin doubt hi\nerror 102 end of content\n", true},
  };
  const std::pair<const char*, const char*> answers[] = {{"EHLO ", "250 mx\r\n"},
                                                         {"MAIL FROM:", "250 ok\r\n"},
                                                         {"RCPT TO:", "250 ok\r\n"},
                                                         {"DATA", "354 go\r\n"},
                                                         {".", "250 queued\r\n"}};
  for (const Step& step : steps) {
    for (const bool reset : {false, true}) {
      CAPTURE(step.after);
      Bench bench;
      if (*step.after != '\0') bench.Wire().incoming = "220 mx ESMTP\r\n";
      for (const auto& answer : answers) {
        if (std::string_view(answer.first) == step.after) break;
        bench.Wire().On(answer.first, answer.second);
      }
      bench.Wire().On(step.after, "");
      bench.client.Messages.Append(Mail());
      bench.client.SendMail();
      // The wire ends when the client waits for that reply.
      for (int i = 0; i < 10; ++i) bench.client.Poll();
      CHECK(bench.client.IsConnected());
      bench.Wire().peer_closed = !reset;
      bench.Wire().fail_read = reset ? static_cast<int>(Errc::ConnectionLost) : 0;
      REQUIRE(bench.Run());
      CHECK(bench.events == step.events);
      CHECK(bench.error.Code() == Errc::ConnectionLost);
      CHECK(bench.client.Messages.Count() == (step.in_doubt ? 0 : 1));
      CHECK(bench.client.InDoubt.Count() == (step.in_doubt ? 1 : 0));
      CHECK_FALSE(bench.client.IsConnected());
    }
  }
}

TEST_CASE("A connection lost in the middle of content leaves the message in the queue") {
  Bench bench;
  bench.Wire().Serve(1);
  bench.Wire().piece = 100;
  bench.client.PollBudget = 100;
  EmailMessage mail = Mail();
  mail.BodyPlainText = std::string(5000, 'x') + "\n";
  bench.client.Messages.Append(mail);
  bench.client.SendMail();
  while (bench.Wire().sent.find("DATA\r\n") == std::string::npos || bench.Wire().sent.size() < 1000)
    bench.client.Poll();
  bench.Wire().fail_write = static_cast<int>(Errc::ConnectionLost);
  REQUIRE(bench.Run());
  CHECK(bench.events == "established mx ESMTP\nerror 102 content\n");
  CHECK(bench.client.Messages.Count() == 1);
  CHECK(bench.client.InDoubt.Count() == 0);
}

TEST_CASE("What the server said before it closed counts, though writing has failed already") {
  Bench bench;
  bench.Wire().incoming = "220 mx ESMTP\r\n";
  bench.client.ConnectionEstablished = [&](const std::string&) {
    bench.Wire().incoming = "421 4.3.2 going down\r\n";
    bench.Wire().fail_write = static_cast<int>(Errc::ConnectionLost);
    bench.Wire().peer_closed = true;
  };
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.error.reply_code == 421);
  CHECK(bench.error.enhanced == smtpoll::EnhancedCode{4, 3, 2});
  CHECK(bench.error.text.View() == "going down");
  CHECK(bench.client.Messages.Count() == 1);
}

TEST_CASE("SMTPSocket.SendMail: a server that hung up while nobody polled costs a connection, and no message") {
  // By BDAT all of a message goes at once: told to nobody, it would be in doubt.
  for (const char* const goodbye : {"", "421 4.4.2 idle for too long\r\n"}) {
    for (const bool wire_fails : {false, true}) {
      Bench bench;
      bench.Wire().incoming = "220 mx ESMTP\r\n";
      bench.Wire().On("EHLO ", "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
      bench.client.Connect();
      REQUIRE(bench.Run());
      bench.Wire().incoming = goodbye;
      bench.Wire().peer_closed = true;
      if (wire_fails) bench.Wire().fail_read = static_cast<int>(Errc::ConnectionLost);
      bench.Wire().when_connected = [](ScriptedSocket& wire) {
        wire.peer_closed = false;
        wire.fail_read = 0;
        wire.Serve(1);
      };
      bench.client.Messages.Append(Mail());
      bench.client.SendMail();
      REQUIRE(bench.Run());
      CHECK(bench.events == "established mx ESMTP\nestablished mx ESMTP\nsent hi\nmail sent\n");
      CHECK(bench.Wire().connects == 2);
    }
  }
  // What is no goodbye is told.
  Bench bench;
  bench.Wire().incoming = "220 mx ESMTP\r\n";
  bench.Wire().On("EHLO ", "250 mx\r\n");
  bench.client.Connect();
  REQUIRE(bench.Run());
  bench.Wire().incoming = "250 sent, believe me\r\n";
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "established mx ESMTP\nerror 1005 idle\n");
  CHECK(bench.client.Messages.Count() == 1);
}

TEST_CASE("RFC 2920 3.1: to a server that takes no command behind the end of a content, messages go one by one") {
  Bench bench;
  const auto open = [](ScriptedSocket& wire) {
    wire.incoming = "220 mx ESMTP\r\n";
    wire.On("EHLO ", "250-mx\r\n250 PIPELINING\r\n");
  };
  const auto take = [](ScriptedSocket& wire) {
    for (const char* const command : {"MAIL FROM:", "RCPT TO:"}) wire.On(command, "250 ok\r\n");
    wire.On("DATA", "354 go\r\n");
    wire.On(".", "250 queued\r\n");
  };
  open(bench.Wire());
  take(bench.Wire());
  for (const char* const command : {"MAIL FROM:", "RCPT TO:", "DATA"}) bench.Wire().On(command, "503 not now\r\n");
  int connects = 0;
  bench.Wire().when_connected = [&](ScriptedSocket& wire) {
    if (++connects == 1) return;
    open(wire);
    for (int i = 0; i < 3; ++i) take(wire);
    wire.On("QUIT", "221 bye\r\n");
  };
  for (const char* const subject : {"one", "two", "three", "four"}) bench.client.Messages.Append(Mail(subject));
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events ==
        "established mx ESMTP\nsent one\nestablished mx ESMTP\nsent two\nsent three\nsent four\nmail sent\n");
  CHECK(connects == 2);
}

TEST_CASE("SMTPSocket.Error: 421 in the middle is 102 with the server's words, the message stays in the queue") {
  Bench bench;
  bench.Wire().incoming = "220 mx ESMTP\r\n";
  bench.Wire().On("EHLO ", "250 mx\r\n");
  bench.Wire().On("MAIL FROM:", "250 ok\r\n");
  bench.Wire().On("RCPT TO:", "421 4.7.0 too busy\r\n");
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "established mx ESMTP\nerror 102 RCPT\n");
  CHECK(ToString(bench.error) == "RCPT: the connection was lost [RCPT TO:<bob@y.org>]: 421 4.7.0 too busy");
  CHECK(bench.client.Messages.Count() == 1);
}

TEST_CASE("SMTPSocket.Error: a greeting of 554 is Errc::ServiceRefused, QUIT is said, the queue stays") {
  Bench bench;
  bench.Wire().incoming = "554 5.7.1 no service for you\r\n";
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "error 1004 greeting\n");
  CHECK(bench.error.reply_code == 554);
  CHECK(bench.Wire().sent == "QUIT\r\n");
  CHECK(bench.client.Messages.Count() == 1);
}

TEST_CASE("SMTPSocket.Error: a reply line of 1 MiB is Errc::ReplyTooLong in bounded memory") {
  Bench bench;
  bench.Wire().incoming = "220 " + std::string(1 << 20, 'x') + "\r\n";
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "error 1003 greeting\n");
  CHECK(bench.client.Messages.Count() == 1);
  // No more was read than the receive buffer holds.
  CHECK(bench.Wire().incoming.size() >= (1 << 20) - smtpoll::DefaultLimits::kInput);
}

TEST_CASE("SMTPSocket.Error: connecting fails with the policy's number and its phase") {
  const struct {
    int number;
    const char* events;
  } faults[] = {{ECONNREFUSED, " connect\n"}, {static_cast<int>(Errc::NameResolution), " name resolution\n"}};
  for (const auto& fault : faults) {
    Bench bench;
    bench.Wire().connect_steps = 2;
    bench.Wire().connect_error = fault.number;
    bench.client.Messages.Append(Mail());
    bench.client.SendMail();
    REQUIRE(bench.Run());
    CHECK(bench.events == "error " + std::to_string(fault.number) + fault.events);
    CHECK(bench.client.Messages.Count() == 1);
    CHECK(bench.Wire().closes == 1);
  }
}

TEST_CASE("SMTPSocket.Timeouts: connecting and each reply have their time, counted on the socket's clock") {
  Bench bench;
  bench.Wire().connect_steps = 1000000;
  bench.client.Timeouts.connect = 500;
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  CHECK(bench.client.Poll());
  CHECK(bench.client.NextDeadline() == 1500);
  ScriptedSocket::now = 1499;
  CHECK(bench.client.Poll());
  ScriptedSocket::now = 1500;
  CHECK_FALSE(bench.client.Poll());
  CHECK(bench.events == "error 1001 connect\n");

  Bench silent;
  silent.client.Timeouts.greeting = 250;
  silent.client.Messages.Append(Mail());
  silent.client.SendMail();
  // Poll(milliseconds) waits for the deadline where nothing else comes first.
  while (silent.client.Poll(10000)) continue;
  CHECK(silent.Wire().waits == 1);
  CHECK(silent.events == "error 1001 greeting\n");
  CHECK(ScriptedSocket::now == 1250);
  CHECK(silent.client.Messages.Count() == 1);
}

TEST_CASE("SMTPSocket.Close and Disconnect in any event leave a usable socket and lose no message") {
  for (const char* where : {"established", "progress", "sent", "finished", "mail sent"}) {
    CAPTURE(where);
    Bench bench;
    bench.Wire().Serve(2);
    const auto close_at = [&](const char* event) {
      if (std::string_view(event) == where) bench.client.Close();
    };
    bench.client.ConnectionEstablished = [&](const std::string&) { close_at("established"); };
    bench.client.SendProgress = [&](std::size_t, std::size_t) {
      close_at("progress");
      return false;
    };
    int sent = 0;
    bench.client.MessageSent = [&](const EmailMessage&) {
      ++sent;
      close_at("sent");
    };
    bench.client.MessageFinished = [&](const EmailMessage&, const smtpoll::SendResult& result) {
      if (result.Sent()) close_at("finished");
    };
    bench.client.MailSent = [&] { close_at("mail sent"); };
    bench.client.Messages.Append(Mail("one"));
    bench.client.Messages.Append(Mail("two"));
    bench.client.SendMail();
    REQUIRE(bench.Run());
    CHECK_FALSE(bench.client.IsConnected());
    CHECK(bench.client.Messages.Count() + bench.client.InDoubt.Count() + static_cast<std::size_t>(sent) == 2);
    CHECK(bench.Wire().closes == 1);
  }
}

TEST_CASE("SMTPSocket.Error may start the next try itself") {
  Bench bench;
  bench.Wire().connect_error = ECONNREFUSED;
  int tries = 0;
  bench.client.Error = [&](const smtpoll::Error&) {
    if (++tries < 3) return bench.client.SendMail();
    bench.Wire().connect_error = 0;
    bench.Wire().Serve(1);
    bench.client.SendMail();
  };
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(tries == 3);
  CHECK(bench.events == "established mx ESMTP\nsent hi\nmail sent\n");
}

namespace {

/// Hears events without std::function.
struct CountingHandler : smtpoll::NoEvents {
  void OnConnectionEstablished(std::string_view) { ++established; }
  void OnMessageSent(const EmailMessage&) { ++sent; }
  bool OnSendProgress(std::size_t, std::size_t) {
    ++chunks;
    return false;
  }
  int established = 0, sent = 0, chunks = 0;
};

struct SmallLimits {
  static constexpr std::size_t kInput = 512;
  static constexpr std::size_t kOutput = 1024;
  static constexpr std::size_t kInFlight = 1;
};

}  // namespace

TEST_CASE("A handler policy hears the same events without std::function; Limits size the buffers") {
  smtpoll::BasicSMTPSocket<ScriptedSocket, smtpoll::PlainTransport, CountingHandler, SmallLimits> client;
  client.Layer().NextLayer().Serve(1);
  client.Address = "mx";
  client.Port = 25;
  EmailMessage mail = Mail();
  mail.BodyPlainText = std::string(10000, 'x');
  client.Messages.Append(mail);
  client.SendMail();
  while (client.Poll()) continue;
  CHECK(client.established == 1);
  CHECK(client.sent == 1);
  CHECK(client.chunks > 10);
  CHECK(sizeof client < sizeof(ScriptedClient));
}

TEST_CASE("A handler that hides no hook hears nothing, and everything goes on") {
  struct Silent : smtpoll::NoEvents {};
  using Client = smtpoll::BasicSMTPSocket<ScriptedSocket, smtpoll::PlainTransport, Silent>;
  Client client;
  ScriptedSocket& wire = client.Layer().NextLayer();
  client.Address = "mx";
  client.Port = 25;
  wire.Serve(1);
  client.Messages.Append(Mail());
  client.SendMail();
  while (client.Poll()) continue;
  CHECK(client.Messages.empty());
  CHECK(wire.sent.find("\r\n.\r\n") != std::string::npos);

  Client refused;
  refused.Address = "mx";
  refused.Port = 25;
  refused.Layer().NextLayer().incoming = "220 mx\r\n";
  refused.Layer().NextLayer().On("EHLO ", "250 mx\r\n");
  refused.Layer().NextLayer().On("MAIL FROM:", "550 no\r\n");
  refused.Messages.Append(Mail());
  refused.SendMail();
  for (int i = 0; i < 100 && refused.Poll(); ++i) continue;
  CHECK(refused.Messages.empty());

  Client lost;
  lost.Address = "mx";
  lost.Port = 25;
  ScriptedSocket& dying = lost.Layer().NextLayer();
  dying.incoming = "220 mx\r\n";
  dying.On("EHLO ", "250 mx\r\n");
  dying.On("MAIL FROM:", "250 ok\r\n");
  dying.On("RCPT TO:", "250 ok\r\n");
  dying.On("DATA", "354 go\r\n");
  dying.closes_at = ".";
  lost.Messages.Append(Mail());
  lost.SendMail();
  while (lost.Poll()) continue;
  CHECK(lost.InDoubt.Count() == 1);
  CHECK(lost.LastErrorCode() == static_cast<int>(Errc::ConnectionLost));
}

TEST_CASE("The network interface's address reaches the socket policy") {
  Bench bench;
  bench.Wire().Serve(0);
  REQUIRE(smtpoll::System::NetworkInterfaceCount() > 0);
  bench.client.NetworkInterface = smtpoll::System::NetworkInterfaces()[0];
  bench.client.Connect();
  CHECK(bench.Wire().local == bench.client.NetworkInterface->IPAddress());
  CHECK(bench.Wire().host == "mx.y.org");
  CHECK(bench.Wire().port == 2525);
}

TEST_CASE("SMTPSocket.Password: AUTH LOGIN and AUTH PLAIN over a wire where the caller allows it by name") {
  const struct {
    const char* keywords;
    const char* dialogue;
  } cases[] = {{"250-mx\r\n250 AUTH PLAIN LOGIN\r\n", "AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n"},
               {"250-mx\r\n250 AUTH LOGIN\r\n", "AUTH LOGIN\r\nYWxpY2U=\r\nc2VzYW1l\r\n"}};
  for (const auto& one : cases) {
    Bench bench;
    bench.Wire().incoming = "220 mx ESMTP\r\n";
    bench.Wire().On("EHLO ", one.keywords);
    bench.Wire().On("AUTH PLAIN", "235 ok\r\n");
    if (std::string_view(one.dialogue).find("LOGIN") != std::string_view::npos) {
      bench.Wire() = ScriptedSocket();
      bench.Wire().incoming = "220 mx ESMTP\r\n";
      bench.Wire().On("EHLO ", one.keywords);
      bench.Wire().On("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n");
      bench.Wire().On("YWxpY2U=", "334 UGFzc3dvcmQ6\r\n");
      bench.Wire().On("c2VzYW1l", "235 ok\r\n");
    }
    std::string shown;
    bench.client.Transcript = [&](smtpoll::Side, const std::string& line) { shown += line + "\n"; };
    bench.client.UserName = "alice";
    bench.client.Password = "sesame";
    bench.client.AllowPlaintextCredentials = true;
    bench.client.Connect();
    REQUIRE(bench.Run());
    CHECK(bench.client.IsConnected());
    CHECK(bench.Wire().sent == "EHLO [192.0.2.1]\r\n" + std::string(one.dialogue));
    CHECK(shown.find("c2VzYW1l") == std::string::npos);
    CHECK(shown.find("AGFsaWNl") == std::string::npos);
    CHECK(shown.find("****") != std::string::npos);
  }
}

TEST_CASE("EmailMessage.ReversePath, Options, EnvelopeID, Notify and RecipientOptions make the envelope") {
  Bench bench;
  bench.Wire().incoming = "220 mx ESMTP\r\n";
  bench.Wire().On("EHLO ", "250-mx\r\n250-MT-PRIORITY\r\n250 DSN\r\n");
  bench.Wire().On("MAIL FROM:", "250 ok\r\n");
  bench.Wire().On("RCPT TO:", "250 ok\r\n");
  bench.Wire().On("RCPT TO:", "250 ok\r\n");
  bench.Wire().On("DATA", "354 go\r\n");
  bench.Wire().On(".", "250 queued\r\n");
  bench.Wire().On("QUIT", "221 bye\r\n");
  EmailMessage mail = Mail();
  mail.AddBCCRecipient("carol@y.org");
  mail.ReversePath = "bounces@x.org";
  mail.Options.has_priority = true;
  mail.Options.priority = 4;
  mail.Options.dsn_return = smtpoll::DsnReturn::Full;
  mail.EnvelopeID = "abc";
  mail.Notify = smtpoll::DsnNotify::Failure;
  mail.RecipientOptions.push_back({"carol@y.org", smtpoll::DsnNotify::Never, "c@old.org"});
  bench.client.Messages.Append(mail);
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.Wire().sent.find("MAIL FROM:<bounces@x.org> RET=FULL ENVID=abc MT-PRIORITY=4\r\n") != std::string::npos);
  CHECK(bench.Wire().sent.find("RCPT TO:<bob@y.org> NOTIFY=FAILURE\r\n") != std::string::npos);
  CHECK(bench.Wire().sent.find("RCPT TO:<carol@y.org> NOTIFY=NEVER ORCPT=rfc822;c@old.org\r\n") != std::string::npos);
  CHECK(bench.events == "established mx ESMTP\nsent hi\nmail sent\n");
}

TEST_CASE("EmailMessage.Source and ReversePath need no FromAddress") {
  for (const char* path : {"bounces@x.org", ""}) {
    EmailMessage mail;
    mail.AddRecipient("bob@y.org");
    mail.Source = "From: alice@x.org\nSubject: ready-made\n\nHello\n";
    CHECK(mail.Fault().field == "FromAddress");
    mail.ReversePath = path;
    CHECK_FALSE(mail.Fault());
    Bench bench;
    bench.Wire().Serve(1);
    bench.client.Messages.Append(mail);
    bench.client.SendMail();
    CHECK(bench.Run());
    CHECK(bench.Wire().sent.find("MAIL FROM:<" + std::string(path) + ">") != std::string::npos);
    CHECK(bench.client.InDoubt.empty());
  }
}

TEST_CASE("RFC 5321 4.5.5: the null reverse-path") {
  Bench bench;
  bench.Wire().Serve(1);
  EmailMessage mail = Mail();
  mail.ReversePath = "";
  bench.client.Messages.Append(mail);
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.Wire().sent.find("MAIL FROM:<>\r\n") != std::string::npos);
  CHECK(bench.Wire().sent.find("\r\nFrom: alice@x.org\r\n") != std::string::npos);
}

TEST_CASE(
    "RFC 6152 3: text in UTF-8 goes as it is where the server offers 8BITMIME, and is encoded where it does not") {
  for (const bool offered : {true, false}) {
    Bench bench;
    bench.Wire().incoming = "220 mx ESMTP\r\n";
    bench.Wire().On("EHLO ", offered ? "250-mx\r\n250 8BITMIME\r\n" : "250 mx\r\n");
    bench.Wire().On("MAIL FROM:", "250 ok\r\n");
    bench.Wire().On("RCPT TO:", "250 ok\r\n");
    bench.Wire().On("DATA", "354 go\r\n");
    bench.Wire().On(".", "250 queued\r\n");
    bench.Wire().On("QUIT", "221 bye\r\n");
    EmailMessage mail = Mail();
    mail.BodyPlainText = "a small caf\xc3\xa9\n";
    bench.client.Messages.Append(mail);
    bench.client.SendMail();
    REQUIRE(bench.Run());
    CHECK((bench.Wire().sent.find("> BODY=8BITMIME\r\n") != std::string::npos) == offered);
    CHECK((bench.Wire().sent.find("\r\n\r\na small caf\xc3\xa9\r\n") != std::string::npos) == offered);
    CHECK((bench.Wire().sent.find("\r\n\r\na small caf=C3=A9\r\n") != std::string::npos) == !offered);
  }
}

TEST_CASE("RFC 6152 3: a ready-made message with 8-bit text is refused where the server does not take it") {
  Bench bench;
  bench.Wire().Serve(0);
  EmailMessage mail = Mail();
  mail.Source = "Subject: caf\xc3\xa9\r\n\r\nx\r\n";
  bench.client.Messages.Append(mail);
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "established mx ESMTP\nerror 1011 MAIL\n");
  CHECK(bench.Wire().sent.find("MAIL") == std::string::npos);
}

TEST_CASE("SMTPSocket.SendMail while QUIT is on its way starts a new connection") {
  Bench bench;
  bench.Wire().incoming = "220 mx ESMTP\r\n";
  for (int i = 0; i < 2; ++i) {
    bench.Wire().On("EHLO ", "250 mx\r\n");
    bench.Wire().On("MAIL FROM:", "250 ok\r\n");
    bench.Wire().On("RCPT TO:", "250 ok\r\n");
    bench.Wire().On("DATA", "354 go\r\n");
    bench.Wire().On(".", "250 queued\r\n");
    bench.Wire().On("QUIT", "");
  }
  bench.client.Messages.Append(Mail("one"));
  bench.client.SendMail();
  for (int i = 0; i < 100 && bench.Wire().sent.find("QUIT\r\n") == std::string::npos; ++i) bench.client.Poll();
  bench.client.Messages.Append(Mail("two"));
  bench.client.SendMail();
  bench.client.Poll();
  bench.Wire().incoming = "221 bye\r\n";
  bench.client.Poll();
  bench.Wire().incoming = "220 mx again\r\n";
  for (int i = 0; i < 100; ++i) bench.client.Poll();
  bench.Wire().incoming = "221 bye\r\n";
  REQUIRE(bench.Run());
  CHECK(bench.Wire().connects == 2);
  CHECK(bench.events == "established mx ESMTP\nsent one\nmail sent\nestablished mx again\nsent two\nmail sent\n");
}

TEST_CASE("SMTPSocket.PollBudget of 0 moves a byte a call") {
  Bench bench;
  bench.Wire().Serve(1);
  bench.client.PollBudget = 0;
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "established mx ESMTP\nsent hi\nmail sent\n");
}
