// Messages whose recipients need more than one transaction, messages in flight, and servers that only say that they can
// pipeline: SMTPSocket against a receiver on loopback.
#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../examples/receiver.hpp"
#include "smtpoll/testing.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;
using smtpoll::Outcome;
using smtpoll::SMTPSocket;

namespace {

EmailMessage Mail(int recipients, const std::string& subject = "hi") {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  for (int i = 0; i < recipients; ++i)
    mail.AddRecipient("r" + std::to_string(i) + "@y" + std::to_string(i % 3) + ".org");
  mail.Subject = subject;
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

struct Bench {
  Bench() {
    REQUIRE(receiver.Start());
    socket.Address = "127.0.0.1";
    socket.Port = receiver.Port();
    socket.MessageFinished = [this](const EmailMessage& mail, const smtpoll::SendResult& result) {
      events += std::string(smtpoll::Name(result.outcome)) + " " + mail.Subject + "\n";
      results.push_back(result);
    };
    socket.ConnectionEstablished = [this](const std::string&) { ++connections; };
    socket.Error = [this](const smtpoll::Error& error) { events += "error " + ToString(error) + "\n"; };
  }
  void Run() {
    socket.SendMail();
    while (socket.Poll()) receiver.Poll();
  }
  /// All recipients that the receiver stored, sorted.
  std::vector<std::string> Stored() const {
    std::vector<std::string> all;
    for (const ReceivedMail& mail : receiver.mails)
      all.insert(all.end(), mail.recipients.begin(), mail.recipients.end());
    std::sort(all.begin(), all.end());
    return all;
  }
  static std::vector<std::string> Names(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back("r" + std::to_string(i) + "@y" + std::to_string(i % 3) + ".org");
    std::sort(all.begin(), all.end());
    return all;
  }

  Receiver receiver;
  SMTPSocket socket;
  std::string events;
  std::vector<smtpoll::SendResult> results;
  int connections = 0;
};

std::string FieldOf(const std::string& content, const std::string& name) {
  const std::size_t at = content.find("\r\n" + name + ": ");
  return at == std::string::npos ? "" : content.substr(at, content.find("\r\n", at + 2) - at);
}

}  // namespace

TEST_CASE("RFC 5321 4.5.3.1.10: recipients that are too many (452) go in a next transaction of the same message") {
  for (const bool chunking : {false, true}) {
    CAPTURE(chunking);
    Bench bench;
    bench.receiver.offers_chunking = chunking;
    bench.receiver.max_recipients = 100;
    bench.socket.Messages.Append(Mail(250, "many"));
    bench.socket.Messages.Append(Mail(1, "one"));
    bench.Run();
    CHECK(bench.Stored().size() == 251);
    std::vector<std::string> wanted = Bench::Names(250);
    wanted.push_back("r0@y0.org");
    std::sort(wanted.begin(), wanted.end());
    CHECK(bench.Stored() == wanted);
    REQUIRE(bench.results.size() == 2);
    for (const smtpoll::SendResult& result : bench.results) {
      CHECK(result.Sent());
      for (const smtpoll::RecipientResult& one : result.recipients) CHECK(one.outcome == Outcome::Sent);
    }
    // It is one message: the same Message-ID, Date and boundaries each time.
    std::vector<std::string> contents;
    for (const ReceivedMail& mail : bench.receiver.mails)
      if (mail.content.find("Subject: many") != std::string::npos) contents.push_back(mail.content);
    REQUIRE(contents.size() == 3);
    CHECK(contents[0] == contents[1]);
    CHECK(contents[1] == contents[2]);
    CHECK(FieldOf(contents[0], "Message-ID") != "");
    CHECK(bench.connections == 1);
  }
}

TEST_CASE("RFC 5321 4.5.3.1.10: 452 for every recipient is a refusal, and not tried for ever") {
  Bench bench;
  bench.receiver.max_recipients = 0;
  bench.socket.Messages.Append(Mail(3));
  bench.Run();
  CHECK(bench.events == "refused hi\n");
  CHECK(bench.results[0].error.reply_code == 452);
}

TEST_CASE("RFC 9422 4.2: RCPTMAX is kept without asking") {
  Bench bench;
  bench.receiver.keyword = "LIMITS RCPTMAX=4";
  bench.receiver.max_recipients = 4;
  std::size_t refusals = 0;
  bench.socket.Transcript = [&](smtpoll::Side, const std::string& line) { refusals += line.compare(0, 3, "452") == 0; };
  EmailMessage mail = Mail(10);
  mail.AddRecipient("refused@y.org");
  bench.socket.Messages.Append(mail);
  bench.Run();
  CHECK(bench.events == "sent hi\n");
  CHECK(refusals == 0);
  CHECK(bench.receiver.mails.size() == 3);
  CHECK(bench.Stored() == Bench::Names(10));
  REQUIRE(bench.results[0].recipients.size() == 11);
  CHECK(bench.results[0].recipients[10].outcome == Outcome::Refused);
  CHECK(bench.results[0].recipients[10].reply_code == 550);
}

TEST_CASE("RFC 9422 4.3: RCPTDOMAINMAX bounds the domains of a transaction") {
  Bench bench;
  bench.receiver.keyword = "LIMITS RCPTDOMAINMAX=1";
  bench.socket.Messages.Append(Mail(9));
  bench.Run();
  CHECK(bench.events == "sent hi\n");
  REQUIRE(bench.receiver.mails.size() == 3);
  for (const ReceivedMail& mail : bench.receiver.mails) {
    CHECK(mail.recipients.size() == 3);
    for (const std::string& one : mail.recipients) CHECK(one.substr(one.find('@')) == mail.recipients[0].substr(2));
  }
}

TEST_CASE("RFC 9422 4.1: after MAILMAX messages a new session is made for the others") {
  Bench bench;
  bench.receiver.keyword = "LIMITS MAILMAX=2";
  for (int i = 0; i < 5; ++i) bench.socket.Messages.Append(Mail(1, std::to_string(i)));
  bench.Run();
  CHECK(bench.events == "sent 0\nsent 1\nsent 2\nsent 3\nsent 4\n");
  CHECK(bench.connections == 3);
}

TEST_CASE("RFC 9422 4.1: recipients that wait for a further transaction get it in a new session after MAILMAX") {
  Bench bench;
  bench.receiver.keyword = "LIMITS MAILMAX=1 RCPTMAX=4";
  bench.socket.Messages.Append(Mail(10, "one"));
  bench.socket.Messages.Append(Mail(1, "two"));
  bench.Run();
  CHECK(bench.events == "sent one\nsent two\n");
  std::vector<std::string> wanted = Bench::Names(10);
  wanted.insert(wanted.begin(), "r0@y0.org");
  CHECK(bench.Stored() == wanted);
  CHECK(bench.receiver.mails.size() == 4);
  CHECK(bench.connections == 4);
}

TEST_CASE("RFC 9422 4.3: RCPTDOMAINMAX counts each domain once, however many recipients it has") {
  Bench bench;
  bench.receiver.keyword = "LIMITS RCPTDOMAINMAX=2";
  bench.socket.Messages.Append(Mail(9));
  bench.Run();
  CHECK(bench.events == "sent hi\n");
  REQUIRE(bench.receiver.mails.size() == 2);
  CHECK(bench.receiver.mails[0].recipients.size() == 6);
  CHECK(bench.receiver.mails[1].recipients.size() == 3);
  CHECK(bench.Stored() == Bench::Names(9));
}

TEST_CASE("RFC 5322 3.6.2: of several authors the first one is the reverse-path") {
  Bench bench;
  EmailMessage mail = Mail(1);
  mail.FromAddress = "alice@x.org, Carol <carol@x.org>";
  mail.Headers.AppendHeader("Sender", "alice@x.org");
  bench.socket.Messages.Append(mail);
  bench.Run();
  CHECK(bench.events == "sent hi\n");
  REQUIRE(bench.receiver.mails.size() == 1);
  CHECK(bench.receiver.mails[0].reverse_path == "alice@x.org");
  CHECK(FieldOf("\r\n" + bench.receiver.mails[0].content, "From").find("carol@x.org") != std::string::npos);
}

TEST_CASE("AllRecipientsOrNone goes in one transaction where all recipients fit, and keeps its word there") {
  for (const bool refuses : {false, true}) {
    Bench bench;
    bench.receiver.keyword = "LIMITS RCPTMAX=4";
    bench.socket.AllRecipientsOrNone = true;
    EmailMessage mail = Mail(3);
    mail.AddRecipient(refuses ? "refused@y.org" : "r3@y0.org");
    bench.socket.Messages.Append(mail);
    bench.Run();
    REQUIRE(bench.results.size() == 1);
    CHECK(bench.results[0].outcome == (refuses ? Outcome::Refused : Outcome::Sent));
    CHECK(bench.receiver.mails.size() == (refuses ? 0 : 1));
  }
}

TEST_CASE("AllRecipientsOrNone cannot be kept over several transactions, which is said before one starts") {
  Bench bench;
  bench.receiver.keyword = "LIMITS RCPTMAX=4";
  bench.socket.AllRecipientsOrNone = true;
  bench.socket.Messages.Append(Mail(5));
  bench.Run();
  REQUIRE(bench.results.size() == 1);
  CHECK(bench.results[0].outcome == Outcome::Refused);
  CHECK(bench.results[0].error.Code() == Errc::NotOffered);
  CHECK(bench.receiver.mails.empty());
}

TEST_CASE("EmailMessage.Settled: who has the message already is left out when the rest is sent") {
  Bench bench;
  bench.receiver.keyword = "LIMITS RCPTMAX=4";
  bench.socket.Chunking = false;  // so that its content waits for a reply
  bench.socket.Messages.Append(Mail(10));
  int envelopes = 0;
  bench.socket.Transcript = [&](smtpoll::Side, const std::string& line) {
    envelopes += line.compare(0, 4, "MAIL") == 0;
  };
  bench.socket.SendMail();
  // The first transaction is over, and the second has begun.
  while (envelopes < 2 && bench.socket.Poll()) bench.receiver.Poll();
  bench.socket.Close();
  REQUIRE(bench.socket.Messages.Count() == 1);
  CHECK(bench.socket.Messages[0].Settled.size() == 4);
  CHECK(bench.events == "queued hi\n");
  bench.Run();
  CHECK(bench.events == "queued hi\nsent hi\n");
  CHECK(bench.results[1].recipients.size() == 6);
  CHECK(bench.Stored() == Bench::Names(10));
}

TEST_CASE(
    "SMTPSocket.MessagesInFlight: outcomes come in the order of the queue, also when one in the middle is refused") {
  for (const bool chunking : {false, true}) {
    CAPTURE(chunking);
    Bench bench;
    bench.receiver.offers_chunking = chunking;
    std::string wanted;
    for (int i = 0; i < 50; ++i) {
      EmailMessage mail = Mail(2, std::to_string(i));
      if (i % 7 == 3) mail.ToAddress = "refused@y.org";
      if (i % 11 == 5) mail.Subject = "line\nbreak";  // cannot be sent at all
      wanted += (i % 7 == 3 || i % 11 == 5 ? "refused " : "sent ") + mail.Subject + "\n";
      bench.socket.Messages.Append(mail);
    }
    bench.socket.Error = nullptr;
    bench.Run();
    std::string told = bench.events, sorted_told, sorted_wanted;
    const auto lines = [](const std::string& text) {
      std::vector<std::string> all;
      for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        all.push_back(text.substr(at, text.find('\n', at) - at));
      return all;
    };
    std::vector<std::string> a = lines(told), b = lines(wanted);
    // What cannot be sent is told when its turn comes, before those in flight have their replies.
    const auto is_local = [](const std::string& line) { return line == "refused line" || line == "break"; };
    a.erase(std::remove_if(a.begin(), a.end(), is_local), a.end());
    b.erase(std::remove_if(b.begin(), b.end(), is_local), b.end());
    CHECK(a == b);
    CHECK(bench.results.size() == 50);
    CHECK(bench.connections == 1);
  }
}

TEST_CASE("SMTPSocket.Messages: those in flight come back in their order when the connection is closed") {
  Bench bench;
  bench.receiver.offers_chunking = false;
  for (int i = 0; i < 5; ++i) bench.socket.Messages.Append(Mail(1, std::to_string(i)));
  bench.socket.MessageSent = [&](const EmailMessage& mail) {
    if (mail.Subject == "1") bench.socket.Close();
  };
  bench.Run();
  std::string left;
  for (const EmailMessage& mail : bench.socket.Messages) left += mail.Subject;
  CHECK(left == "234");
  CHECK(bench.socket.InDoubt.Count() == 0);
}

TEST_CASE("SMTPSocket.Close at any Poll of a message of several transactions: nobody is lost, nobody is told twice") {
  using Client = smtpoll::BasicSMTPSocket<smtpoll::testing::ScriptedSocket>;
  bool halves = false;
  for (int polls = 0;; ++polls) {
    Client client;
    smtpoll::testing::Script& server = client.Layer().NextLayer().Server;
    server.Opening("LIMITS RCPTMAX=1");
    for (const char* to : {"RCPT TO:<r0@y0.org>", "RCPT TO:<r1@y1.org>"}) {
      server.Expect("MAIL FROM:<alice@x.org>").Reply("250 ok").Expect(to).Reply("250 ok");
      server.Expect("DATA").Reply("354 go").ExpectContent().Reply("250 taken");
    }
    server.Quit();
    client.Address = "mx.y.org";
    client.Port = 25;
    client.PollBudget = 1;
    int finished = 0;
    client.MessageFinished = [&](const EmailMessage&, const smtpoll::SendResult&) { ++finished; };
    client.Messages.Append(Mail(2));
    client.SendMail();
    int done = 0;
    while (done < polls && client.Poll()) ++done;
    client.Close();
    CAPTURE(polls);
    CHECK(client.InDoubt.Count() + client.Messages.Count() <= 1);
    CHECK(finished <= 1);
    if (client.Messages.Count() == 1) {
      const EmailMessage& mail = client.Messages[0];
      CHECK(mail.Settled.size() <= server.Contents().size());
      halves = halves || mail.Settled.size() == 1;
    } else {
      CHECK(finished == 1);
      CHECK(server.Contents().size() + client.InDoubt.Count() >= 1);
    }
    if (done < polls) break;
  }
  CHECK(halves);
}

TEST_CASE(
    "SMTPSocket.Close by a handler when a transaction is over and another one has to follow: the message comes back") {
  using Client = smtpoll::BasicSMTPSocket<smtpoll::testing::ScriptedSocket>;
  for (const bool at_once : {true, false}) {
    Client client;
    smtpoll::testing::Script& server = client.Layer().NextLayer().Server;
    server.Opening("LIMITS RCPTMAX=1").Expect("MAIL *").Reply("250 ok").Expect("RCPT *").Reply("250 ok");
    server.Expect("DATA").Reply("354 go").ExpectContent().Reply("250 taken");
    client.Address = "mx.y.org";
    client.Port = 25;
    std::string told;
    client.SendProgress = [&](std::size_t, std::size_t left) {
      if (left != 0) return false;
      if (at_once)
        client.Close();
      else
        client.Disconnect();
      return false;
    };
    client.MessageFinished = [&](const EmailMessage&, const smtpoll::SendResult& result) {
      told += std::string(Name(result.outcome)) + " ";
    };
    client.Messages.Append(Mail(2));
    client.SendMail();
    for (int i = 0; i < 1000 && client.Poll(); ++i) continue;
    CHECK_FALSE(client.IsConnected());
    CHECK(server.Contents().size() == 1);
    CHECK(told == "queued ");
    REQUIRE(client.Messages.Count() == 1);
    CHECK(client.Messages[0].Settled == std::vector<std::string>{"r0@y0.org"});
  }
}

TEST_CASE("SMTPSocket.Close at any Poll while several messages of several transactions are in flight") {
  constexpr int kMessages = 3;
  bool waited = false, ended = false;
  for (int polls = 1; !ended; ++polls) {
    Bench bench;
    bench.receiver.keyword = "LIMITS RCPTMAX=1";
    bench.receiver.max_recipients = 1;
    bench.socket.PollBudget = 500;
    for (int i = 0; i < kMessages; ++i) {
      EmailMessage mail = Mail(2, std::to_string(i));
      // The reply to the small one comes while the content of the next one goes.
      mail.BodyPlainText = std::string(i == 0 ? 10 : 200000, 'x');
      bench.socket.Messages.Append(mail);
    }
    bench.socket.SendMail();
    int done = 0;
    // With time to wait, what goes next is made ready.
    while (done < polls && bench.socket.Poll(1)) {
      ++done;
      bench.receiver.Poll();
      waited = waited || bench.socket.BytesLeftToSend() > 200000;
    }
    ended = done < polls;
    bench.socket.Close();
    for (int i = 0; i < 20; ++i) bench.receiver.Poll();
    CAPTURE(polls);
    // Whoever is settled in the queue has it, and whoever has it is settled or in doubt.
    std::size_t settled = 0, open = 0;
    for (const EmailMessage& mail : bench.socket.Messages) {
      settled += mail.Settled.size();
      open += 2 - mail.Settled.size();
    }
    std::size_t sent = 0;
    for (const smtpoll::SendResult& result : bench.results) sent += result.outcome == Outcome::Sent;
    const std::size_t in_doubt = bench.socket.InDoubt.Count();
    CHECK(bench.socket.Messages.Count() + in_doubt + sent == kMessages);
    CHECK(bench.Stored().size() >= settled + 2 * sent);
    CHECK(bench.Stored().size() <= settled + 2 * sent + 2 * in_doubt);
    CHECK(open + settled + 2 * sent + 2 * in_doubt == 2 * kMessages);
  }
  CHECK(waited);
}

TEST_CASE(
    "SMTPSocket: recipients that wait when the server goes are queued with the reason, alone or behind a message") {
  for (const bool behind : {false, true}) {
    CAPTURE(behind);
    smtpoll::BasicSMTPSocket<smtpoll::testing::ScriptedSocket> client;
    smtpoll::testing::Script& server = client.Layer().NextLayer().Server;
    server.Opening("PIPELINING\nLIMITS RCPTMAX=1").Expect("MAIL *").Expect("RCPT TO:<r0@y0.org>").Expect("DATA");
    server.Reply("250 ok\n250 ok\n354 go").ExpectContent();
    if (behind) server.Expect("MAIL *").Expect("RCPT TO:<r0@y0.org>").Expect("DATA");
    server.Reply("250 taken\n421 4.3.2 going down").Close();
    client.Address = "mx.y.org";
    client.Port = 25;
    std::string errors;
    client.Error = [&](const smtpoll::Error& error) { errors += ToString(error) + "\n"; };
    std::vector<smtpoll::SendResult> results;
    client.MessageFinished = [&](const EmailMessage&, const smtpoll::SendResult& result) { results.push_back(result); };
    client.Messages.Append(Mail(2, "halves"));
    if (behind) client.Messages.Append(Mail(1, "behind"));
    client.SendMail();
    while (client.Poll()) continue;
    CHECK(server.Verdict() == "");
    REQUIRE(client.Messages.Count() == (behind ? 2 : 1));
    for (const EmailMessage& mail : client.Messages) CHECK(mail.Settled.size() == (mail.Subject == "halves" ? 1 : 0));
    REQUIRE(results.size() == 1);
    CHECK(results[0].outcome == Outcome::Queued);
    REQUIRE(results[0].recipients.size() == 2);
    CHECK(results[0].recipients[0].outcome == Outcome::Sent);
    CHECK(results[0].recipients[1].outcome == Outcome::Queued);
    CHECK(errors == ToString(results[0].error) + "\n");
    CHECK(results[0].error.Code() == Errc::ConnectionLost);
    CHECK(results[0].error.reply_code == 421);
  }
}

TEST_CASE("SMTPSocket.BytesLeftToSend counts the message that is made ready while a reply is awaited") {
  smtpoll::BasicSMTPSocket<smtpoll::testing::ScriptedSocket> client;
  client.Layer().NextLayer().Server.Opening().Expect("MAIL *").Wait(100000).Reply("250 ok");
  client.Address = "mx.y.org";
  client.Port = 25;
  EmailMessage mail = Mail(1);
  mail.BodyPlainText = std::string(1000, 'x');
  for (int i = 0; i < 2; ++i) client.Messages.Append(mail);
  client.SendMail();
  for (int i = 0; i < 50; ++i) client.Poll(10);
  CHECK(client.Messages.empty());
  CHECK(client.BytesLeftToSend() > 2000);
  client.Close();
  CHECK(client.Messages.Count() == 2);
}

TEST_CASE("RFC 2920: a server that offers PIPELINING and loses groups gets the rest in lock-step") {
  Bench bench;
  bench.receiver.loses_groups = true;
  bench.socket.Timeouts.recipient = bench.socket.Timeouts.mail = 50;
  bench.socket.Timeouts.data = bench.socket.Timeouts.content_end = 50;
  bench.socket.Messages.Append(Mail(2));
  bench.Run();
  CHECK(bench.receiver.mails.empty());
  CHECK(bench.socket.LastErrorCode() == static_cast<int>(Errc::TimedOut));
  if (bench.socket.Messages.Count() == 0 && bench.socket.InDoubt.Count() == 1)
    bench.socket.Messages = std::move(bench.socket.InDoubt);
  REQUIRE(bench.socket.Messages.Count() == 1);
  bench.socket.Chunking = false;  // or one piece of the content would be lost behind its BDAT
  bench.Run();
  REQUIRE(bench.receiver.mails.size() == 1);
  CHECK(bench.receiver.mails[0].recipients.size() == 2);
}
