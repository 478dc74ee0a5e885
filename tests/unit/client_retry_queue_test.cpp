#include "smtpoll/client/retry_queue.hpp"

#include <doctest/doctest.h>

#include <string>

#include "smtpoll/socket/native.hpp"
#include "smtpoll/testing.hpp"

using smtpoll::EmailMessage;
using smtpoll::Errc;
using smtpoll::Millis;
using smtpoll::Name;
using smtpoll::SendResult;

namespace {

using Queue = smtpoll::BasicRetryQueue<smtpoll::testing::ScriptedSocket>;
constexpr const char* kPipelining = "PIPELINING";

EmailMessage Mail(const std::string& subject = "hi", const std::string& to = "bob@y.org") {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.ToAddress = to;
  mail.Subject = subject;
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

/// A queue whose delays are exact, on a scripted wire, and what it told.
struct Bench {
  Bench() : server(queue.Layer().NextLayer().Server) {
    queue.Address = "mx.y.org";
    queue.Port = 25;
    queue.Policy.JitterPercent = 0;
    queue.Error = [this](const smtpoll::Error& e) { events += "error " + std::to_string(e.ErrorNumber) + "\n"; };
    queue.MailSent = [this] { events += "mail sent\n"; };
    queue.MessageSent = [this](const EmailMessage& mail) { events += "sent " + mail.Subject + "\n"; };
    queue.ServerError = [this](int id, const std::string&, const EmailMessage& mail) {
      events += "refused " + mail.Subject + " " + std::to_string(id) + "\n";
    };
    queue.MessageInDoubt = [this](const EmailMessage& mail, const smtpoll::Error&) {
      events += "in doubt " + mail.Subject + "\n";
    };
    queue.MessageDeferred = [this](const EmailMessage& mail, const SendResult& result, Millis delay) {
      events += "deferred " + mail.Subject + " " + Name(result.outcome) + " " + std::to_string(delay) + "\n";
    };
    queue.MessageFinished = [this](const EmailMessage& mail, const SendResult& result) {
      events += "finished " + mail.Subject + " " + Name(result.outcome) + "\n";
    };
  }

  /// A transaction with one recipient, whose content gets this reply.
  void Serve(const std::string& reply, const std::string& to = "bob@y.org") {
    server.Expect("MAIL FROM:<alice@x.org>*").Reply("250 ok").Expect("RCPT TO:<" + to + ">*").Reply("250 ok");
    server.Expect("DATA").Reply("354 go").ExpectContent().Reply(reply);
    if (reply[0] != '2') server.Expect("RSET").Reply("250 ok");
  }

  /// Polls until there is no work left, waiting as an event loop would; false where that does not come.
  bool Run(Millis at_most = -1) {
    for (int i = 0; i < 100000; ++i)
      if (!queue.Poll(at_most)) return true;
    return false;
  }
  /// Polls until the next try is some time away.
  void RunUntilWaiting() {
    for (int i = 0; i < 100000 && (queue.Waiting.empty() || queue.IsConnected()); ++i) queue.Poll();
  }

  Queue queue;
  smtpoll::testing::Script& server;
  std::string events;
};

}  // namespace

TEST_CASE("RetryPolicy.Delay doubles up to LongestDelay, and varies by JitterPercent") {
  smtpoll::RetryPolicy policy;
  policy.FirstDelay = 1000;
  policy.LongestDelay = 5000;
  policy.JitterPercent = 0;
  CHECK(policy.Delay(1, 7) == 1000);
  CHECK(policy.Delay(2, 7) == 2000);
  CHECK(policy.Delay(3, 7) == 4000);
  CHECK(policy.Delay(4, 7) == 5000);
  CHECK(policy.Delay(UINT32_MAX, 7) == 5000);
  policy.JitterPercent = 20;
  Millis least = 1000, most = 1000;
  for (std::uint64_t chance = 0; chance < 1000; ++chance) {
    const Millis delay = policy.Delay(1, chance);
    least = delay < least ? delay : least;
    most = delay > most ? delay : most;
  }
  CHECK(least == 800);
  CHECK(most == 1200);
  policy = {};
  policy.LongestDelay = smtpoll::kNever;
  policy.JitterPercent = 1000;
  CHECK(policy.Delay(200, UINT64_MAX) > 0);
  policy.FirstDelay = -5;
  CHECK(policy.Delay(3, 1) == 0);
}

TEST_CASE("RFC 5321 4.5.4.1: a message that is refused for now goes again after its delay, and then after twice that") {
  Bench bench;
  for (const char* reply : {"451 4.3.0 later", "451 4.3.0 later", "250 queued"}) {
    bench.server.Opening();
    bench.Serve(reply);
    bench.server.Quit();
  }
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  const Millis start = Queue::Now();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.events ==
        "deferred hi refused 60000\ndeferred hi refused 120000\nfinished hi sent\nsent hi\nmail sent\n");
  CHECK(Queue::Now() - start >= 180000);
  CHECK(Queue::Now() - start < 200000);
}

TEST_CASE("Only those recipients go again that were refused for now") {
  Bench bench;
  bench.server.Opening(kPipelining).Expect("MAIL FROM:<alice@x.org>*").Expect("RCPT TO:<a@y.org>*");
  bench.server.Expect("RCPT TO:<b@y.org>*").Expect("RCPT TO:<c@y.org>*").Expect("DATA");
  bench.server.Reply("250 ok\n250 ok\n550 5.1.1 nobody\n450 4.2.0 greylisted\n354 go");
  bench.server.ExpectContent().Reply("250 queued").Quit();
  bench.server.Opening();
  bench.Serve("250 queued", "c@y.org");
  bench.server.Quit();
  std::string results;
  bench.queue.MessageDeferred = [&](const EmailMessage& mail, const SendResult& result, Millis) {
    for (const smtpoll::RecipientResult& one : result.recipients)
      results += one.mailbox + " " + std::to_string(one.reply_code) + " " + Name(one.outcome) + "\n";
    CHECK(mail.Settled == std::vector<std::string>{"a@y.org", "b@y.org"});
    CHECK(mail.Tries == 1);
  };
  bench.queue.Messages.Append(Mail("hi", "a@y.org, b@y.org, c@y.org"));
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(results == "a@y.org 250 sent\nb@y.org 550 refused\nc@y.org 450 refused\n");
  CHECK(bench.events == "mail sent\nfinished hi sent\nsent hi\nmail sent\n");
}

TEST_CASE("RFC 2033 4.2: by LMTP the recipients that had a 4yz final reply go again") {
  Bench bench;
  bench.queue.Lmtp = true;
  bench.server.Reply("220 lmtp").Expect("LHLO *").Reply("250-mx\n250 PIPELINING").Expect("MAIL FROM:<alice@x.org>*");
  bench.server.Expect("RCPT TO:<a@y.org>*").Expect("RCPT TO:<b@y.org>*").Expect("DATA");
  bench.server.Reply("250 ok\n250 ok\n250 ok\n354 go")
      .ExpectContent()
      .Reply("250 a has it\n452 4.2.2 b is full")
      .Quit();
  bench.server.Reply("220 lmtp").Expect("LHLO *").Reply("250 mx");
  bench.Serve("250 b has it", "b@y.org");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail("hi", "a@y.org, b@y.org"));
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.server.Contents().size() == 2);
}

TEST_CASE("A connection that is lost when a part of the recipients has the message: the others get it later") {
  Bench bench;
  bench.server.Opening("LIMITS RCPTMAX=1");
  bench.Serve("250 queued", "a@y.org");
  bench.server.Expect("MAIL*").Break().Opening("LIMITS RCPTMAX=1");
  bench.Serve("250 queued", "b@y.org");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail("hi", "a@y.org, b@y.org"));
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.events == "deferred hi queued 60000\nerror 102\nfinished hi sent\nsent hi\nmail sent\n");
}

TEST_CASE("What is refused for good does not go again") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("554 5.7.1 spam");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.events == "finished hi refused\nrefused hi 554\n");
  CHECK(bench.queue.Waiting.empty());
}

TEST_CASE("RFC 5321 5.1: where a relay takes no connection the next one has its turn; where none does, all wait") {
  Bench bench;
  bench.queue.Relays = {{"mx1.y.org", 25}, {"mx2.y.org", 2525}};
  bench.server.Break(111).Break(111).Break(111).Opening();
  bench.Serve("250 queued");
  bench.server.Quit();
  std::string relays;
  bench.queue.Error = [&](const smtpoll::Error&) {
    relays += bench.queue.Address + ":" + std::to_string(bench.queue.Port) + " ";
  };
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(relays == "mx1.y.org:25 mx2.y.org:2525 mx1.y.org:25 ");
  CHECK(bench.events == "deferred hi queued 60000\nfinished hi sent\nsent hi\nmail sent\n");
  CHECK(bench.queue.Address == "mx2.y.org");
}

TEST_CASE("A relay that took a message before the connection was lost is tried again at once") {
  Bench bench;
  bench.queue.Relays = {{"mx1.y.org", 25}, {"mx2.y.org", 25}};
  bench.server.Opening();
  bench.Serve("250 queued");
  bench.server.Expect("MAIL*").Break().Opening();
  bench.Serve("250 queued");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail("one"));
  bench.queue.Messages.Append(Mail("two"));
  bench.queue.SendMail();
  const Millis start = Queue::Now();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.queue.Address == "mx1.y.org");
  CHECK(Queue::Now() - start < 60000);
  CHECK(bench.events == "finished one sent\nsent one\nerror 102\nfinished two sent\nsent two\nmail sent\n");
}

TEST_CASE("A message in doubt stays in InDoubt unless the policy says that it may go twice") {
  for (const bool again : {false, true}) {
    Bench bench;
    bench.queue.Policy.SendInDoubtAgain = again;
    bench.server.Opening();
    bench.server.Expect("MAIL*").Reply("250 ok").Expect("RCPT*").Reply("250 ok");
    bench.server.Expect("DATA").Reply("354 go").ExpectContent().Break();
    if (again) {
      bench.server.Opening();
      bench.Serve("250 queued");
      bench.server.Quit();
    }
    bench.queue.Messages.Append(Mail());
    bench.queue.SendMail();
    CHECK(bench.Run());
    CHECK(bench.server.Verdict() == "");
    CHECK(bench.queue.InDoubt.Count() == (again ? 0 : 1));
    CHECK(bench.events == (again ? "deferred hi in doubt 60000\nerror 102\nfinished hi sent\nsent hi\nmail sent\n"
                                 : "finished hi in doubt\nin doubt hi\nerror 102\n"));
  }
}

TEST_CASE(
    "A message in doubt for one recipient and refused for now by others is in doubt: who was refused for good is out") {
  for (const bool again : {false, true}) {
    Bench bench;
    bench.queue.Policy.SendInDoubtAgain = again;
    bench.server.Opening(kPipelining).Expect("MAIL FROM:<alice@x.org>*").Expect("RCPT TO:<a@y.org>*");
    bench.server.Expect("RCPT TO:<b@y.org>*").Expect("RCPT TO:<c@y.org>*").Expect("RCPT TO:<d@y.org>*").Expect("DATA");
    bench.server.Reply("250 ok\n450 4.2.0 greylisted\n250 ok\n250 ok\n550 5.1.1 nobody\n354 go");
    bench.server.ExpectContent().Break();
    if (again) {
      bench.server.Opening().Expect("MAIL FROM:<alice@x.org>*").Reply("250 ok");
      for (const char* const to : {"a@y.org", "b@y.org", "c@y.org"})
        bench.server.Expect("RCPT TO:<" + std::string(to) + ">*").Reply("250 ok");
      bench.server.Expect("DATA").Reply("354 go").ExpectContent().Reply("250 queued").Quit();
    }
    bench.queue.Messages.Append(Mail("hi", "a@y.org, b@y.org, c@y.org, d@y.org"));
    bench.queue.SendMail();
    CHECK(bench.Run());
    CHECK(bench.server.Verdict() == "");
    CHECK(bench.queue.Waiting.empty());
    CHECK(bench.events == (again ? "deferred hi in doubt 60000\nerror 102\nfinished hi sent\nsent hi\nmail sent\n"
                                 : "finished hi in doubt\nin doubt hi\nerror 102\n"));
    REQUIRE(bench.queue.InDoubt.Count() == (again ? 0 : 1));
    if (again) continue;
    std::string settled;
    for (const std::string& one : bench.queue.InDoubt[0].Settled) settled += one + " ";
    CHECK(settled.find("d@y.org ") != std::string::npos);
    for (const char* const open : {"b@y.org ", "c@y.org "}) CHECK(settled.find(open) == std::string::npos);
  }
}

TEST_CASE("RetryPolicy.Tries: a message that no relay takes is given up, one that is refused for now is refused") {
  Bench bench;
  bench.queue.Policy.Tries = 2;
  bench.server.Break(111).Break(111);
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.events == "error 111\ndeferred hi queued 60000\nerror 111\nfinished hi queued\n");
  REQUIRE(bench.queue.GivenUp.Count() == 1);
  CHECK(bench.queue.GivenUp[0].Tries == 1);
  CHECK(bench.queue.Messages.empty());

  Bench refusing;
  refusing.queue.Policy.Tries = 2;
  for (int i = 0; i < 2; ++i) {
    refusing.server.Opening();
    refusing.Serve("450 4.7.1 later");
    refusing.server.Quit();
  }
  refusing.queue.Messages.Append(Mail());
  refusing.queue.SendMail();
  CHECK(refusing.Run());
  CHECK(refusing.events == "deferred hi refused 60000\nfinished hi refused\nrefused hi 450\n");
}

TEST_CASE("What does not go away by itself ends the retries: the messages stay until the next SendMail") {
  Bench bench;
  bench.queue.UserName = "alice";
  bench.queue.Password = "wrong";
  bench.queue.AllowPlaintextCredentials = true;
  for (int i = 0; i < 2; ++i) bench.server.Opening("AUTH PLAIN").Expect("AUTH PLAIN *").Reply("535 5.7.8 no").Quit();
  bench.queue.Messages.Append(Mail());
  for (int i = 0; i < 2; ++i) {
    bench.queue.SendMail();
    CHECK(bench.Run());
    CHECK(bench.queue.Messages.Count() == 1);
    CHECK_FALSE(bench.queue.Poll());
  }
  CHECK(bench.server.Connections() == 2);
  CHECK(bench.events == "error 1008\nerror 1008\n");
  // A relay that cannot be reached now may take it later, whatever the other one said.
  bench.queue.Relays = {{"mx1.y.org", 25}, {"mx2.y.org", 25}};
  bench.server.Break(111).Opening("AUTH PLAIN").Expect("AUTH PLAIN *").Reply("535 5.7.8 no").Quit();
  bench.queue.SendMail();
  bench.RunUntilWaiting();
  CHECK(bench.queue.Waiting.size() == 1);
}

TEST_CASE("While all wait, Poll returns at once and says until when; a new message goes at once") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("450 4.7.1 later");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail("one"));
  bench.queue.SendMail();
  bench.RunUntilWaiting();
  bench.queue.Poll();
  const Millis now = Queue::Now();
  const smtpoll::PollStatus status = bench.queue.Poll();
  CHECK(status.work_left);
  CHECK(status.waits_for == smtpoll::Readiness::None);
  CHECK(status.deadline > now);
  CHECK(status.deadline == bench.queue.Waiting[0].Due);
  CHECK(bench.queue.NextDeadline() == status.deadline);
  CHECK(Queue::Now() == now);
  bench.queue.Poll(1000);
  CHECK(Queue::Now() == now + 1000);

  bench.server.Opening();
  bench.Serve("250 queued");
  bench.server.Quit().Opening();
  bench.Serve("250 queued");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail("two"));
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.events ==
        "deferred one refused 60000\nfinished two sent\nsent two\nmail sent\n"
        "finished one sent\nsent one\nmail sent\n");
}

TEST_CASE("Close stops the retries, and the messages stay where they are; SendMail goes on") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("450 4.7.1 later");
  bench.server.Quit();
  bench.queue.MessageDeferred = [&](const EmailMessage&, const SendResult&, Millis) { bench.queue.Close(); };
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.queue.Waiting.size() == 1);
  CHECK_FALSE(bench.queue.Poll());
  bench.queue.SendMail();
  CHECK(bench.queue.Poll());
  bench.queue.Waiting.clear();
  CHECK(bench.Run());
}

TEST_CASE("Where nothing is open, Wait for nothing takes its time") {
  smtpoll::NativeSocket socket;
  const Millis start = smtpoll::NativeSocket::Now();
  CHECK(socket.Wait(smtpoll::Readiness::None, 30) == smtpoll::Readiness::None);
  CHECK(smtpoll::NativeSocket::Now() - start >= 29);
  CHECK(socket.Wait(smtpoll::Readiness::Read, 30000) == smtpoll::Readiness::Read);
}

TEST_CASE("RetryQueue.Disconnect and DisconnectFromServer stop the retries") {
  for (const bool at_once : {true, false}) {
    Bench bench;
    bench.server.Opening();
    bench.Serve("450 4.7.1 later");
    bench.server.Quit();
    bench.queue.Messages.Append(Mail());
    bench.queue.SendMail();
    bench.RunUntilWaiting();
    REQUIRE(bench.queue.Waiting.size() == 1);
    CHECK(bench.queue.Poll());
    if (at_once)
      bench.queue.Disconnect();
    else
      bench.queue.DisconnectFromServer();
    CHECK_FALSE(bench.queue.Poll());
    CHECK(bench.queue.Waiting.size() == 1);
    CHECK(bench.queue.NextDeadline() == smtpoll::kNever);
  }
}

TEST_CASE("Of the messages that wait, those that are due go, the others stay in their order") {
  Bench bench;
  bench.server.Opening(kPipelining);
  bench.Serve("250 ok");
  bench.server.Quit();
  const Millis now = smtpoll::testing::ScriptedSocket::Now();
  bench.queue.Waiting.push_back({Mail("due"), now});
  bench.queue.Waiting.push_back({Mail("later"), now + 3000000});
  bench.queue.Waiting.push_back({Mail("last"), now + 4000000});
  bench.queue.SendMail();
  for (int i = 0; i < 1000 && bench.events.find("mail sent") == std::string::npos; ++i) bench.queue.Poll();
  CHECK(bench.events == "finished due sent\nsent due\nmail sent\n");
  REQUIRE(bench.queue.Waiting.size() == 2);
  CHECK(bench.queue.Waiting[0].Mail.Subject == "later");
  CHECK(bench.queue.Waiting[1].Mail.Subject == "last");
}

TEST_CASE("RetryPolicy: what only the program can mend is not tried again") {
  for (const Errc code : {Errc::InvalidState, Errc::InvalidPort, Errc::CredentialsOnPlainWire,
                          Errc::AuthenticationUnavailable, Errc::TlsSettings})
    CHECK_FALSE(smtpoll::detail::IsWorthAnotherConnection(smtpoll::Error(code, smtpoll::Phase::Connect)));
  smtpoll::Error login(Errc::AuthenticationFailed, smtpoll::Phase::Authentication);
  login.reply_code = 454;
  CHECK(smtpoll::detail::IsWorthAnotherConnection(login));
  login.reply_code = 535;
  CHECK_FALSE(smtpoll::detail::IsWorthAnotherConnection(login));
  CHECK(smtpoll::detail::IsWorthAnotherConnection(smtpoll::Error(Errc::ConnectionLost, smtpoll::Phase::Hello)));
}

TEST_CASE("RetryQueue with a handler that hides no hook") {
  struct Silent : smtpoll::NoEvents {};
  smtpoll::BasicRetryQueue<smtpoll::testing::ScriptedSocket, smtpoll::PlainTransport, Silent> queue;
  smtpoll::testing::Script& server = queue.Layer().NextLayer().Server;
  queue.Address = "mx.y.org";
  queue.Port = 25;
  server.Opening().Expect("MAIL FROM:*").Reply("450 later").Expect("QUIT").Reply("221 bye").Close();
  queue.Messages.Append(Mail());
  queue.SendMail();
  for (int i = 0; i < 1000 && queue.Waiting.empty(); ++i) queue.Poll();
  CHECK(queue.Waiting.size() == 1);
}

TEST_CASE("RetryPolicy.Tries of 0 tries for ever; FirstDelay above LongestDelay counts as LongestDelay") {
  Bench bench;
  bench.queue.Policy.Tries = 0;
  bench.queue.Policy.FirstDelay = 5000;
  bench.queue.Policy.LongestDelay = 1000;
  bench.queue.MessageDeferred = nullptr;
  for (int i = 0; i < 300; ++i)
    bench.server.Opening().Expect("MAIL *").Reply("450 4.7.1 later").Expect("RSET").Reply("250 ok").Quit();
  bench.server.Opening();
  bench.Serve("250 queued");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  const Millis start = Queue::Now();
  // Poll waits for the next try, not for the whole of its time.
  CHECK(bench.Run(3600000));
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.events == "finished hi sent\nsent hi\nmail sent\n");
  CHECK(Queue::Now() - start >= 300 * 1000);
  CHECK(Queue::Now() - start < 300 * 3000);
}

TEST_CASE("RetryQueue.Poll called by a handler changes nothing and says that there is work left") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("450 4.7.1 later");
  bench.server.Quit().Opening();
  bench.Serve("250 queued");
  bench.server.Quit();
  int polls = 0;
  bench.queue.ConnectionEstablished = [&](const std::string&) {
    const std::size_t heard = bench.server.Lines().size();
    CHECK(bench.queue.Poll(1000).work_left);
    CHECK(bench.server.Lines().size() == heard);
    ++polls;
  };
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(polls == 2);
  CHECK(bench.events == "deferred hi refused 60000\nfinished hi sent\nsent hi\nmail sent\n");
}

TEST_CASE("MailSent comes once for a run in which one message is sent and another one put off") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("250 queued");
  bench.server.Expect("MAIL *").Reply("450 4.7.1 later").Expect("RSET").Reply("250 ok").Quit();
  bench.queue.Messages.Append(Mail("one"));
  bench.queue.Messages.Append(Mail("two"));
  bench.queue.SendMail();
  bench.RunUntilWaiting();
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.events == "finished one sent\nsent one\ndeferred two refused 60000\nmail sent\n");
}

TEST_CASE("RetryQueue.DisconnectFromServer while a run is on: what has not gone stays in Messages") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("250 queued");
  bench.server.Quit();
  bench.queue.Messages.Append(Mail("one"));
  bench.queue.Messages.Append(Mail("two"));
  bench.queue.MessageSent = [&](const EmailMessage&) { bench.queue.DisconnectFromServer(); };
  bench.queue.SendMail();
  CHECK(bench.Run());
  CHECK(bench.server.Verdict() == "");
  CHECK(bench.queue.Messages.Count() == 1);
  CHECK_FALSE(bench.queue.Poll());
  CHECK(bench.queue.NextDeadline() == smtpoll::kNever);
}

TEST_CASE("Messages that a handler takes out while they are put off are left alone") {
  Bench bench;
  bench.server.Break(111);
  bench.queue.MessageDeferred = [&](const EmailMessage&, const SendResult&, Millis) { bench.queue.Messages = {}; };
  bench.queue.Messages.Append(Mail("one"));
  bench.queue.Messages.Append(Mail("two"));
  bench.queue.SendMail();
  bench.RunUntilWaiting();
  CHECK(bench.queue.Messages.empty());
  REQUIRE(bench.queue.Waiting.size() == 1);
  CHECK(bench.queue.Waiting[0].Mail.Subject == "one");
}

TEST_CASE("While messages wait, the socket may be used for something else") {
  Bench bench;
  bench.server.Opening();
  bench.Serve("450 4.7.1 later");
  bench.server.Quit().Opening().Expect("NOOP").Reply("250 ok").Expect("QUIT").Reply("221 bye").Close();
  bench.queue.Messages.Append(Mail());
  bench.queue.SendMail();
  bench.RunUntilWaiting();
  bench.queue.Connect();
  const Millis now = Queue::Now();
  for (int i = 0; i < 5; ++i) bench.queue.Poll(1000);
  REQUIRE(bench.queue.Write("NOOP\r\n"));
  for (int i = 0; i < 10 && bench.queue.BytesAvailable() == 0; ++i) bench.queue.Poll(1000);
  CHECK(bench.queue.ReadAll() == "250 ok\r\n");
  CHECK(Queue::Now() - now < 20000);
  CHECK(bench.queue.Waiting.size() == 1);
  CHECK(bench.queue.Poll().work_left);
  bench.queue.Disconnect();
}
