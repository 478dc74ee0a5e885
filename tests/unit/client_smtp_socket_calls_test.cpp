// SMTPSocket: calls by a handler, and calls at a moment when something else is on.
#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <string>

#include "scripted_socket.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;

namespace {

EmailMessage Mail(const std::string& subject = "hi", const std::string& to = "bob@y.org") {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.ToAddress = to;
  mail.Subject = subject;
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

/// A client on a scripted wire, and what it told.
struct Bench {
  Bench() {
    ScriptedSocket::now = 0;
    client.Address = "mx";
    client.Port = 25;
    client.Error = [this](const smtpoll::Error& e) { events += "error " + std::to_string(e.ErrorNumber) + "\n"; };
    client.MailSent = [this] { events += "mail sent\n"; };
    client.MessageSent = [this](const EmailMessage& mail) { events += "sent " + mail.Subject + "\n"; };
  }
  ScriptedSocket& Wire() { return client.Layer().NextLayer(); }
  /// Polls until no work is left; false where that does not come.
  bool Run() {
    for (int i = 0; i < 10000; ++i)
      if (!client.Poll()) return true;
    return false;
  }
  /// An idle session; the connections that follow serve one message each.
  void Idle() {
    Wire().incoming = "220 mx\r\n";
    Wire().On("EHLO ", "250 mx\r\n");
    client.Connect();
    REQUIRE(Run());
    REQUIRE(client.IsConnected());
    Wire().when_connected = [](ScriptedSocket& wire) {
      wire.peer_closed = false;
      wire.fail_read = 0;
      wire.Serve(1);
    };
  }

  smtpoll::BasicSMTPSocket<ScriptedSocket> client;
  std::string events;
};

}  // namespace

TEST_CASE(
    "SMTPSocket.MailSent may put a further message into the queue and call SendMail: it goes in the same session") {
  Bench bench;
  bench.Wire().Serve(2);
  int runs = 0;
  bench.client.MailSent = [&] {
    bench.events += "mail sent\n";
    if (++runs != 1) return;
    bench.client.Messages.Append(Mail("two"));
    bench.client.SendMail();
  };
  bench.client.Messages.Append(Mail("one"));
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "sent one\nmail sent\nsent two\nmail sent\n");
  CHECK(bench.Wire().connects == 1);
  CHECK(bench.client.Messages.empty());
}

TEST_CASE("SMTPSocket.MailSent that only fills the queue starts the next run as well, as long as QUIT has not gone") {
  Bench bench;
  bench.Wire().Serve(2);
  int runs = 0;
  bench.client.MailSent = [&] {
    bench.events += "mail sent\n";
    if (++runs == 1) bench.client.Messages.Append(Mail("two"));
  };
  bench.client.Messages.Append(Mail("one"));
  bench.client.SendMail();
  REQUIRE(bench.Run());
  CHECK(bench.events == "sent one\nmail sent\nsent two\nmail sent\n");
  CHECK(bench.Wire().connects == 1);
}

TEST_CASE("SMTPSocket.TokenProvider may call SendMail: there is one connection all the same") {
  Bench bench;
  bench.Wire().incoming = "220 mx\r\n";
  bench.Wire().On("EHLO ", "250-mx\r\n250 AUTH XOAUTH2\r\n");
  bench.Wire().On("AUTH XOAUTH2", "235 hi\r\n");
  for (const char* const command : {"MAIL FROM:", "RCPT TO:"}) bench.Wire().On(command, "250 ok\r\n");
  bench.Wire().On("DATA", "354 go\r\n");
  bench.Wire().On(".", "250 queued\r\n");
  bench.Wire().On("QUIT", "221 bye\r\n");
  bench.client.UserName = "alice@x.org";
  bench.client.AllowPlaintextCredentials = true;
  bench.client.Messages.Append(Mail());
  int asked = 0;
  bench.client.TokenProvider = [&](bool) {
    ++asked;
    bench.client.SendMail();
    return std::string("token");
  };
  bench.client.Connect();
  REQUIRE(bench.Run());
  CHECK(asked == 1);
  CHECK(bench.Wire().connects == 1);
  CHECK(bench.events == "sent hi\nmail sent\n");
}

TEST_CASE("SMTPSocket.Poll with a time, called by a handler, neither waits nor does anything") {
  Bench bench;
  bench.Wire().Serve(1);
  int called = 0;
  bench.client.ConnectionEstablished = [&](const std::string&) {
    const int waits = bench.Wire().waits, reads = bench.Wire().reads;
    CHECK(bench.client.Poll(60000));
    CHECK(bench.Wire().waits == waits);
    CHECK(bench.Wire().reads == reads);
    ++called;
  };
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  for (int i = 0; i < 1000 && bench.client.Poll(1000); ++i) continue;
  CHECK(called == 1);
  CHECK(bench.events == "sent hi\nmail sent\n");
}

TEST_CASE("SMTPSocket.SendMail: a lost idle session costs a connection only, by whatever number, a byte a Poll") {
  for (const int number : {0, 104}) {
    for (const std::size_t budget : {std::size_t{1}, std::size_t{1000}}) {
      CAPTURE(number);
      Bench bench;
      bench.Idle();
      bench.client.PollBudget = budget;
      if (number == 0) bench.Wire().incoming = "421 idle for too long\r\n";
      bench.Wire().piece = budget;
      bench.Wire().peer_closed = true;
      bench.Wire().fail_read = number;
      bench.client.Messages.Append(Mail());
      bench.client.SendMail();
      REQUIRE(bench.Run());
      CHECK(bench.events == "sent hi\nmail sent\n");
      CHECK(bench.Wire().connects == 2);
    }
  }
}

TEST_CASE("SMTPSocket.DisconnectFromServer behind SendMail: a session that is lost then is not made anew") {
  Bench bench;
  bench.Idle();
  bench.Wire().peer_closed = true;
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  bench.client.DisconnectFromServer();
  REQUIRE(bench.Run());
  CHECK(bench.Wire().connects == 1);
  CHECK(bench.client.Messages.Count() == 1);
  CHECK(bench.events == "error 102\n");
}

TEST_CASE("SMTPSocket.Close behind a SendMail that came while QUIT was on its way: the message stays in the queue") {
  Bench bench;
  bench.Idle();
  bench.client.DisconnectFromServer();
  for (int i = 0; i < 10 && bench.Wire().sent.find("QUIT\r\n") == std::string::npos; ++i) bench.client.Poll();
  REQUIRE(bench.Wire().sent.find("QUIT\r\n") != std::string::npos);
  bench.client.Messages.Append(Mail());
  bench.client.SendMail();
  bench.client.Close();
  REQUIRE(bench.Run());
  CHECK(bench.Wire().connects == 1);
  CHECK(bench.client.Messages.Count() == 1);
  CHECK(bench.events == "");
}

TEST_CASE("SMTPSocket.DisconnectFromServer between two transactions of a message: it goes whole, the others stay") {
  struct Way {
    const char* limits;
    bool has_others, sends_again;
    int connects;
  };
  const Way ways[] = {{"LIMITS RCPTMAX=1", true, false, 1},
                      {"LIMITS RCPTMAX=1", true, true, 1},
                      {"LIMITS RCPTMAX=1", false, true, 1},
                      {"LIMITS RCPTMAX=1 MAILMAX=1", false, false, 2}};
  for (const Way& way : ways) {
    CAPTURE(way.has_others);
    CAPTURE(way.sends_again);
    Bench bench;
    const bool all_go = way.has_others && way.sends_again;
    bench.Wire().when_connected = [&](ScriptedSocket& wire) {
      wire.peer_closed = false;
      wire.incoming = "220 mx\r\n";
      wire.On("EHLO ", "250-mx\r\n250 " + std::string(way.limits) + "\r\n");
      for (int i = 0; i < (way.connects == 2 ? 1 : all_go ? 3 : 2); ++i) {
        wire.On("MAIL FROM:", "250 ok\r\n");
        wire.On("RCPT TO:", "250 ok\r\n");
        wire.On("DATA", "354 go\r\n");
        wire.On(".", "250 queued\r\n");
      }
      wire.On("QUIT", "221 bye\r\n");
    };
    int contents = 0;
    bench.client.SendProgress = [&](std::size_t, std::size_t left) {
      if (left != 0 || ++contents != 1) return false;
      bench.client.DisconnectFromServer();
      if (way.sends_again) bench.client.SendMail();
      return false;
    };
    bench.client.Messages.Append(Mail("halves", "a@y.org, b@y.org"));
    if (way.has_others) bench.client.Messages.Append(Mail("behind"));
    bench.client.MessagesInFlight = 1;
    bench.client.SendMail();
    REQUIRE(bench.Run());
    CHECK(bench.events.rfind("sent halves\n", 0) == 0);
    CHECK(bench.client.Messages.Count() == (way.has_others && !way.sends_again ? 1 : 0));
    CHECK(bench.Wire().sent.find("RCPT TO:<b@y.org>") != std::string::npos);
    CHECK_FALSE(bench.client.IsConnected());
    CHECK(bench.Wire().connects == way.connects);
  }
}

TEST_CASE("SMTPSocket.BytesLeftToSend is not 0 while a content of unknown size is under way") {
  Bench bench;
  bench.Wire().Serve(1);
  EmailMessage mail = Mail();
  smtpoll::EmailAttachment attachment;
  attachment.Name = "stream.bin";
  bool ready = false;
  attachment.LoadFromCallback([&](char* into, std::size_t) {
    if (!ready) return smtpoll::SourceResult{0, smtpoll::SourceStatus::Again};
    *into = 'x';
    return smtpoll::SourceResult{1, smtpoll::SourceStatus::End};
  });
  mail.Attachments.Append(attachment);
  bench.client.Messages.Append(mail);
  bench.client.SendMail();
  for (int i = 0; i < 100; ++i) CHECK(bench.client.Poll());
  CHECK(bench.Wire().sent.find("DATA\r\n") != std::string::npos);
  CHECK(bench.client.BytesLeftToSend() == 1);
  ready = true;
  REQUIRE(bench.Run());
  CHECK(bench.client.BytesLeftToSend() == 0);
  CHECK(bench.events == "sent hi\nmail sent\n");
}

TEST_CASE("SMTPSocket.Timeouts so long that they go beyond the end of the clock never pass") {
  Bench bench;
  ScriptedSocket::now = 1000;
  bench.Wire().connect_steps = 5;
  bench.client.Timeouts.connect = smtpoll::kNever;
  bench.client.Timeouts.greeting = smtpoll::kNever - 10;
  bench.client.Connect();
  for (int i = 0; i < 100; ++i) CHECK(bench.client.Poll());
  CHECK(bench.client.NextDeadline() == smtpoll::kNever);
  CHECK(bench.events == "");
}

namespace {

class Ipv6Socket : public ScriptedSocket {
 public:
  std::size_t LocalAddress(char* into, std::size_t) const { return std::string("2001:db8::1").copy(into, 11); }
};

}  // namespace

TEST_CASE("RFC 5321 4.1.3: a client without a name says its IPv6 address as a literal") {
  smtpoll::BasicSMTPSocket<Ipv6Socket> client;
  client.Address = "mx";
  client.Port = 25;
  client.Layer().NextLayer().Serve(0);
  client.Connect();
  for (int i = 0; i < 100 && client.Poll(); ++i) continue;
  CHECK(client.Layer().NextLayer().sent == "EHLO [IPv6:2001:db8::1]\r\n");
}
