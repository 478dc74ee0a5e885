#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ostream>

#include "../examples/receiver.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;
using smtpoll::SMTPSocket;

namespace {

EmailMessage Mail(const std::string& to = "bob@y.org", const std::string& subject = "hi") {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient(to);
  mail.Subject = subject;
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

/// A socket and the receiver it sends to, in one thread, with everything it told.
struct Bench {
  Bench() {
    REQUIRE(receiver.Start());
    socket.Address = "127.0.0.1";
    socket.Port = receiver.Port();
    socket.ConnectionEstablished = [this](const std::string& text) { events += "established " + text + "\n"; };
    socket.Error = [this](const smtpoll::Error& e) { events += "error " + std::to_string(e.ErrorNumber) + "\n"; };
    socket.MailSent = [this] { events += "mail sent\n"; };
    socket.MessageSent = [this](const EmailMessage& mail) { events += "sent " + mail.Subject + "\n"; };
    socket.ServerError = [this](int id, const std::string& text, const EmailMessage& mail) {
      events += "refused " + mail.Subject + " " + std::to_string(id) + " " + text + "\n";
    };
  }
  /// Both sides go on until the socket has no work left.
  void Run() {
    while (socket.Poll()) receiver.Poll();
  }
  /// Both sides go on until `done()`; false where that never came.
  template <typename Done>
  bool RunUntil(Done done) {
    for (int i = 0; i < 1000000; ++i) {
      if (done()) return true;
      socket.Poll();
      receiver.Poll();
    }
    return false;
  }

  Receiver receiver;
  SMTPSocket socket;
  std::string events;
};

const std::string kEstablished = "established receiver.test smtpoll example, at your service\n";

}  // namespace

TEST_CASE("The seed's sample sends its message") {
  Receiver receiver;
  REQUIRE(receiver.Start());

  smtpoll::SMTPSocket SendMailSocket;
  SendMailSocket.Address = "127.0.0.1";
  SendMailSocket.Port = receiver.Port();

  smtpoll::EmailMessage mail;
  mail.FromAddress = "bill@yourdomain.com";
  mail.Subject = "Test Email";
  mail.BodyPlainText = "Hello, World!";
  mail.Headers.AppendHeader("X-Mailer", "smtpoll example");
  mail.AddRecipient("john@domain.com");

  SendMailSocket.Messages.Append(mail);
  SendMailSocket.SendMail();
  while (SendMailSocket.Poll()) receiver.Poll();

  REQUIRE(receiver.mails.size() == 1);
  CHECK(receiver.mails[0].reverse_path == "bill@yourdomain.com");
  CHECK(receiver.mails[0].recipients == std::vector<std::string>{"john@domain.com"});
  CHECK(receiver.mails[0].content.find("\r\nX-Mailer: smtpoll example\r\n") != std::string::npos);
  CHECK(receiver.mails[0].content.find("\r\n\r\nHello, World!") != std::string::npos);
}

TEST_CASE("SMTPSocket.Address") {
  for (const char* address : {"127.0.0.1", "localhost"}) {
    Bench bench;
    bench.socket.Address = address;
    bench.socket.Messages.Append(Mail());
    bench.socket.SendMail();
    bench.Run();
    CHECK(bench.events == kEstablished + "sent hi\nmail sent\n");
    CHECK(bench.socket.Address == address);
  }
}

TEST_CASE("SMTPSocket.Port") {
  Bench bench;
  SMTPSocket listener;
  listener.Listen();
  CHECK(listener.Port != 0);
  const std::uint16_t port = bench.socket.Port;
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.socket.IsConnected());
  CHECK(bench.socket.Port == port);

  SMTPSocket none;
  none.Address = "127.0.0.1";
  int number = 0;
  none.Error = [&](const smtpoll::Error& error) { number = error.ErrorNumber; };
  none.Connect();
  CHECK(number == 107);
  CHECK(none.LastErrorCode() == 107);
  CHECK_FALSE(none.Poll());
}

TEST_CASE("SMTPSocket.BytesLeftToSend") {
  Bench bench;
  CHECK(bench.socket.BytesLeftToSend() == 0);
  bench.socket.Messages.Append(Mail("bob@y.org", "one"));
  bench.socket.Messages.Append(Mail("bob@y.org", "two"));
  CHECK(bench.socket.BytesLeftToSend() == 0);
  bench.socket.SendMail();
  std::size_t last = bench.socket.BytesLeftToSend();
  CHECK(last > 2 * 14);
  // The seed's synchronous loop: no event, no subclass.
  while (bench.socket.BytesLeftToSend() != 0) {
    bench.socket.Poll();
    bench.receiver.Poll();
    // Commands come and go, content only goes.
    CHECK(bench.socket.BytesLeftToSend() <= last + 512);
  }
  bench.Run();
  CHECK(bench.receiver.mails.size() == 2);
  CHECK(bench.socket.BytesLeftToSend() == 0);
}

TEST_CASE("SMTPSocket.Handle") {
  Bench bench;
  CHECK(bench.socket.Handle() == smtpoll::NativeSocket::kNoHandle);
  CHECK_FALSE(bench.socket.WantsRead());
  CHECK_FALSE(bench.socket.WantsWrite());
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.socket.Handle() != smtpoll::NativeSocket::kNoHandle);
  CHECK(bench.socket.WantsRead());
  CHECK_FALSE(bench.socket.WantsWrite());
  bench.socket.Write("NOOP\r\n");
  CHECK(bench.socket.WantsWrite());
  bench.socket.Close();
  CHECK(bench.socket.Handle() == smtpoll::NativeSocket::kNoHandle);
}

TEST_CASE("SMTPSocket.IsConnected") {
  Bench bench;
  CHECK_FALSE(bench.socket.IsConnected());
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.socket.IsConnected());
  bench.socket.DisconnectFromServer();
  bench.Run();
  CHECK_FALSE(bench.socket.IsConnected());
}

TEST_CASE("SMTPSocket.LocalAddress") {
  Bench bench;
  // Not connected: the host's own address.
  CHECK_FALSE(bench.socket.LocalAddress().empty());
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.socket.LocalAddress() == "127.0.0.1");
}

TEST_CASE("SMTPSocket.RemoteAddress") {
  Bench bench;
  CHECK(bench.socket.RemoteAddress().empty());
  bench.socket.Address = "localhost";
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.socket.RemoteAddress() == "127.0.0.1");
}

TEST_CASE("SMTPSocket.Messages") {
  Bench bench;
  SMTPSocket& socket = bench.socket;
  const EmailMessage two = Mail("bob@y.org", "two");
  socket.Messages.Append(two);
  socket.Messages.Add(Mail("bob@y.org", "three"));
  socket.Messages.Insert(0, Mail("bob@y.org", "one"));
  socket.Messages.Append(Mail("bob@y.org", "never"));
  CHECK(socket.Messages.Count() == 4);
  CHECK(socket.Messages[0].Subject == "one");
  socket.Messages.Remove(3);
  std::string subjects;
  for (const EmailMessage& mail : socket.Messages) subjects += mail.Subject + " ";
  CHECK(subjects == "one two three ");

  // The queue changes while it is sent, in the middle of an event; one at a time, so that "two" is still in it.
  socket.MessagesInFlight = 1;
  socket.MessageSent = [&](const EmailMessage& mail) {
    bench.events += "sent " + mail.Subject + "\n";
    if (mail.Subject == "one") {
      CHECK(socket.Messages.Count() == 2);
      socket.Messages.Remove(0);
      socket.Messages.Append(Mail("bob@y.org", "four"));
    }
  };
  socket.SendMail();
  bench.Run();
  CHECK(bench.events == kEstablished + "sent one\nsent three\nsent four\nmail sent\n");
  CHECK(socket.Messages.Count() == 0);
}

TEST_CASE("SMTPSocket.NetworkInterface") {
  Bench bench;
  for (const smtpoll::NetworkInterface& one : smtpoll::System::NetworkInterfaces())
    if (one.IPAddress() == "127.0.0.1") bench.socket.NetworkInterface = one;
  REQUIRE(bench.socket.NetworkInterface);
  CHECK(bench.socket.LocalAddress() == "127.0.0.1");
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.socket.IsConnected());
  CHECK(bench.socket.LocalAddress() == "127.0.0.1");
}

TEST_CASE("SMTPSocket.UserName") {
  Bench bench;
  bench.socket.UserName = "alice";
  bench.socket.Password = "sesame";
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  // Nothing was even connected: a plain transport can never keep the secret.
  CHECK(bench.events == "error 1006\n");
  CHECK(bench.socket.Messages.Count() == 1);
  CHECK_FALSE(bench.socket.Poll());
}

TEST_CASE("SMTPSocket.Error") {
  // What happens, and with which number; each step of a lost connection is in client_driver_test.cpp.
  const auto error_of = [](const char* address, std::uint16_t port) {
    SMTPSocket socket;
    smtpoll::Error told;
    socket.Error = [&](const smtpoll::Error& error) { told = error; };
    socket.Address = address;
    socket.Port = port;
    socket.Messages.Append(Mail());
    socket.SendMail();
    while (socket.Poll(1000)) continue;
    CHECK(socket.Messages.Count() == 1);
    CHECK(socket.LastErrorCode() == told.ErrorNumber);
    CHECK_FALSE(socket.IsConnected());
    return told;
  };
  std::uint16_t nobody = 0;
  {
    SMTPSocket listener;
    listener.Listen();
    nobody = listener.Port;
  }
  const smtpoll::Error refused = error_of("127.0.0.1", nobody);
  CHECK(ToErrorCode(refused) == std::errc::connection_refused);
  CHECK(refused.phase == smtpoll::Phase::Connect);
  const smtpoll::Error unknown = error_of("no-such-host.invalid", 25);
  CHECK(unknown.ErrorNumber == 103);
  CHECK(unknown.phase == smtpoll::Phase::Resolve);
  CHECK(error_of("", 25).ErrorNumber == 103);
  CHECK(error_of("127.0.0.1", 0).ErrorNumber == 107);
}

TEST_CASE("SMTPSocket.Connect") {
  Bench bench;
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.events == kEstablished);
  CHECK(bench.socket.ServerCapabilities().Has(smtpoll::Extension::Pipelining));
  bench.socket.Connect();
  CHECK(bench.events == kEstablished + "error 106\n");
  CHECK(bench.socket.IsConnected());
  // The connection is used by SendMail, not made again.
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.events == kEstablished + "error 106\nsent hi\nmail sent\n");
}

TEST_CASE("SMTPSocket.SendMail") {
  Bench bench;
  bench.socket.SendMail();
  CHECK_FALSE(bench.socket.Poll());
  bench.socket.Messages.Append(Mail("bob@y.org", "one"));
  bench.socket.Messages.Append(Mail("refused@y.org", "bad"));
  bench.socket.Messages.Append(Mail("bob@y.org", "two"));
  bench.socket.SendMail();
  CHECK(bench.receiver.mails.empty());
  bench.Run();
  CHECK(bench.events == kEstablished + "sent one\nrefused bad 550 no such user\nsent two\nmail sent\n");
  CHECK_FALSE(bench.socket.IsConnected());
  CHECK(bench.receiver.mails.size() == 2);
  // And again on the same object.
  bench.socket.Messages.Append(Mail("bob@y.org", "three"));
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.receiver.mails.size() == 3);
}

TEST_CASE("SMTPSocket.Poll") {
  Bench bench;
  CHECK_FALSE(bench.socket.Poll());
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  smtpoll::PollStatus status = bench.socket.Poll();
  CHECK(status);
  CHECK(status.waits_for != smtpoll::Readiness::None);
  CHECK(status.deadline > SMTPSocket::Now());
  CHECK(status.deadline == bench.socket.NextDeadline());
  // Poll inside an event does nothing and says so.
  bench.socket.ConnectionEstablished = [&](const std::string&) { CHECK(bench.socket.Poll()); };
  bench.Run();
  CHECK(bench.receiver.mails.size() == 1);
  CHECK(bench.socket.NextDeadline() == smtpoll::kNever);
}

TEST_CASE("SMTPSocket.Poll with milliseconds waits for something to do, and no longer") {
  Bench bench;
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  while (bench.socket.Poll(20)) bench.receiver.Poll();
  CHECK(bench.receiver.mails.size() == 1);

  SMTPSocket listener;
  listener.Listen();
  const smtpoll::Millis before = SMTPSocket::Now();
  CHECK(listener.Poll(30));
  CHECK(SMTPSocket::Now() - before >= 29);
}

TEST_CASE("SMTPSocket.PollBudget") {
  Bench bench;
  EmailMessage big = Mail();
  smtpoll::EmailAttachment attachment;
  attachment.Name = "big.bin";
  attachment.Data = std::string(200000, 'x');
  big.Attachments.Append(attachment);
  bench.socket.Messages.Append(big);
  bench.socket.PollBudget = 1000;
  std::size_t most = 0, before = 0;
  bench.socket.SendMail();
  REQUIRE(bench.RunUntil([&] { return bench.socket.BytesLeftToSend() > 200000 && bench.socket.IsConnected(); }));
  before = bench.socket.BytesLeftToSend();
  while (bench.socket.Poll()) {
    const std::size_t left = bench.socket.BytesLeftToSend();
    if (left < before && before - left > most) most = before - left;
    before = left;
    bench.receiver.Poll();
  }
  CHECK(bench.receiver.mails.size() == 1);
  // One call moves at most what one read of the send buffer holds beyond the budget.
  CHECK(most <= 1000 + smtpoll::DefaultLimits::kOutput);
}

TEST_CASE("SMTPSocket.Close") {
  Bench bench;
  bench.receiver.offers_chunking = false;
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  REQUIRE(bench.RunUntil([&] { return bench.socket.IsConnected() && bench.socket.Messages.Count() == 0; }));
  bench.socket.Close();
  CHECK_FALSE(bench.socket.IsConnected());
  CHECK(bench.events.find("error") == std::string::npos);
  // The message under way was not accepted: it is back in the queue.
  CHECK(bench.socket.Messages.Count() == 1);
  CHECK(bench.socket.Address == "127.0.0.1");
  CHECK(bench.socket.Port == bench.receiver.Port());
  CHECK_FALSE(bench.socket.Poll());
  bench.socket.Close();
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.receiver.mails.size() == 1);
}

TEST_CASE("SMTPSocket.Disconnect") {
  Bench bench;
  bench.socket.Connect();
  bench.Run();
  bench.socket.Disconnect();
  CHECK(bench.events == kEstablished + "error 102\n");
  CHECK(bench.socket.LastErrorCode() == 102);
  CHECK_FALSE(bench.socket.IsConnected());
}

TEST_CASE("SMTPSocket.DisconnectFromServer") {
  Bench bench;
  std::string dialogue;
  bench.socket.Transcript = [&](smtpoll::Side side, const std::string& line) {
    dialogue += (side == smtpoll::Side::Client ? "> " : "< ") + line + "\n";
  };
  bench.socket.Connect();
  bench.Run();
  bench.socket.DisconnectFromServer();
  bench.Run();
  CHECK(dialogue.find("> QUIT\n< 221 2.0.0 bye\n") != std::string::npos);
  CHECK(bench.events == kEstablished);

  // With messages waiting: the one under way is finished, the others stay.
  bench.socket.Messages.Append(Mail("bob@y.org", "one"));
  bench.socket.Messages.Append(Mail("bob@y.org", "two"));
  bench.socket.SendProgress = [&](std::size_t, std::size_t) {
    bench.socket.DisconnectFromServer();
    return false;
  };
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.receiver.mails.size() == 1);
  CHECK(bench.socket.Messages.Count() == 1);
}

TEST_CASE("SMTPSocket.DeleteAllMessages") {
  SMTPSocket socket;
  socket.Messages.Append(Mail());
  socket.Messages.Append(Mail());
  socket.DeleteAllMessages();
  CHECK(socket.Messages.Count() == 0);
}

TEST_CASE("SMTPSocket.ConnectionEstablished") {
  Bench bench;
  bench.socket.Connect();
  bench.Run();
  CHECK(bench.events == kEstablished);
}

TEST_CASE("SMTPSocket.MailSent") {
  Bench bench;
  bool more = true;
  bench.socket.MailSent = [&] {
    bench.events += "mail sent\n";
    CHECK(bench.socket.Messages.Count() == 0);
    if (more) bench.socket.Messages.Append(Mail("bob@y.org", "late"));
    more = false;
  };
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.events == kEstablished + "sent hi\nmail sent\nsent late\nmail sent\n");

  // Nothing was sent: no such event.
  bench.events.clear();
  bench.socket.Messages.Append(Mail("refused@y.org"));
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.events == kEstablished + "refused hi 550 no such user\n");
}

TEST_CASE("SMTPSocket.MessageSent") {
  Bench bench;
  EmailMessage got;
  bench.socket.MessageSent = [&](const EmailMessage& mail) {
    got = mail;
    CHECK(bench.socket.Messages.Count() == 0);
  };
  bench.socket.Messages.Append(Mail("bob@y.org", "whole"));
  bench.socket.SendMail();
  bench.Run();
  CHECK(got.Subject == "whole");
  CHECK(got.ToAddress == "bob@y.org");
}

TEST_CASE("SMTPSocket.MessageFinished tells every message's outcome, recipient by recipient") {
  Bench bench;
  std::string told;
  bench.socket.MessageFinished = [&](const EmailMessage& mail, const smtpoll::SendResult& result) {
    told += mail.Subject + " " + Name(result.outcome);
    for (const smtpoll::RecipientResult& recipient : result.recipients)
      told += " " + recipient.mailbox + "=" + std::to_string(recipient.reply_code) + (recipient.accepted ? "+" : "-");
    told += "\n";
  };
  EmailMessage mail = Mail("bob@y.org, Refused <refused@y.org>");
  mail.AddCCRecipient("carol@y.org");
  mail.AddBCCRecipient("dave@y.org");
  bench.socket.Messages.Append(mail);
  bench.socket.Messages.Append(Mail("refused@y.org", "none"));
  bench.socket.SendMail();
  bench.Run();
  CHECK(
      told ==
      "hi sent bob@y.org=250+ refused@y.org=550- carol@y.org=250+ dave@y.org=250+\nnone refused refused@y.org=550-\n");
  REQUIRE(bench.receiver.mails.size() == 1);
  CHECK(bench.receiver.mails[0].recipients == std::vector<std::string>{"bob@y.org", "carol@y.org", "dave@y.org"});
  CHECK(bench.receiver.mails[0].content.find("dave") == std::string::npos);
}

TEST_CASE("SMTPSocket.SendProgress") {
  Bench bench;
  EmailMessage big = Mail();
  smtpoll::EmailAttachment attachment;
  attachment.Name = "big.bin";
  attachment.Data = std::string(400000, 'x');
  big.Attachments.Append(attachment);
  bench.socket.Messages.Append(big);
  std::size_t sum = 0, first = 0, last = SIZE_MAX;
  bool all_gone = false;
  bench.socket.SendProgress = [&](std::size_t bytes_sent, std::size_t bytes_left) {
    if (first == 0) first = bytes_left;
    CHECK(bytes_left < last);
    CHECK(bytes_left == first - sum);
    last = bytes_left;
    sum += bytes_sent;
    all_gone = bytes_sent == 0 && bytes_left == 0;
    return false;
  };
  bench.socket.SendMail();
  bench.Run();
  CHECK(all_gone);
  CHECK(sum == first);
  REQUIRE(bench.receiver.mails.size() == 1);
  CHECK(sum == bench.receiver.mails[0].content.size());
}

TEST_CASE("SMTPSocket.SendProgress cancels: that message is not delivered, the others are") {
  for (const int cancel_at : {1, 2, 5, -1, -2, -5}) {
    Bench bench;
    // By BDAT the connection itself goes on; DATA cannot be ended otherwise, so a new one is made.
    const bool chunking = cancel_at > 0;
    bench.receiver.offers_chunking = chunking;
    EmailMessage big = Mail("bob@y.org", "cancelled");
    smtpoll::EmailAttachment attachment;
    attachment.Name = "big.bin";
    attachment.Data = std::string(400000, 'x');
    big.Attachments.Append(attachment);
    bench.socket.Messages.Append(Mail("bob@y.org", "before"));
    bench.socket.Messages.Append(big);
    bench.socket.Messages.Append(Mail("bob@y.org", "after"));
    std::string told;
    int chunks = 0;
    bench.socket.MessageFinished = [&](const EmailMessage& mail, const smtpoll::SendResult& result) {
      told += mail.Subject + " " + Name(result.outcome) + " " + std::to_string(result.error.ErrorNumber) + "\n";
    };
    bench.socket.SendProgress = [&](std::size_t, std::size_t left) {
      return left > 50000 && ++chunks == std::abs(cancel_at);
    };
    bench.socket.SendMail();
    bench.Run();
    CHECK(told == "before sent 0\ncancelled refused 1013\nafter sent 0\n");
    REQUIRE(bench.receiver.mails.size() == 2);
    CHECK(bench.receiver.mails[1].content.find("Subject: after") != std::string::npos);
    CHECK(bench.events.find("mail sent\n") != std::string::npos);
    CHECK(bench.events.find("error") == std::string::npos);
    CHECK((bench.events.rfind(kEstablished) == 0) == chunking);
  }
}

TEST_CASE("SMTPSocket.ServerError") {
  Bench bench;
  bench.receiver.max_size = 100;
  bench.socket.ServerError = [&](int id, const std::string& text, const EmailMessage& mail) {
    bench.events += std::to_string(id) + " " + text + " " + mail.Subject + "\n";
    CHECK(bench.socket.Messages.Count() == 0);
  };
  bench.socket.Messages.Append(Mail("refused@y.org", "bad"));
  bench.socket.SendMail();
  bench.Run();
  // Too large for the server: refused before it was sent, so it is an Error of ours.
  CHECK(bench.events == kEstablished + "error 1010\n");
  bench.receiver.max_size = 100000;
  bench.events.clear();
  bench.socket.Messages.Append(Mail("refused@y.org", "bad"));
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.events == kEstablished + "550 no such user bad\n");
}

TEST_CASE("SMTPSocket refuses a message that cannot be sent safely, and the rest go on") {
  Bench bench;
  EmailMessage injected = Mail("bob@y.org", "in");
  injected.Subject = "x\r\nBcc: evil@z.org";
  EmailMessage nobody;
  nobody.FromAddress = "alice@x.org";
  EmailMessage bad_address = Mail("bob@y.org>\r\nRCPT TO:<evil@z.org", "bad");
  for (const EmailMessage& mail : {injected, nobody, bad_address}) bench.socket.Messages.Append(mail);
  bench.socket.Messages.Append(Mail());
  bench.socket.SendMail();
  bench.Run();
  CHECK(bench.events == kEstablished + "error 1009\nerror 1009\nerror 1009\nsent hi\nmail sent\n");
  CHECK(bench.socket.Messages.Count() == 0);
}
