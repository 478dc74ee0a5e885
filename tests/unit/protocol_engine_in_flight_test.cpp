// Several messages in flight: groups across messages (RFC 2920), BDAT in a window (RFC 3030), and every order of
// failures against a server that keeps a store.
#include "smtpoll/protocol/engine.hpp"

#include "dialogue.hpp"

#include <algorithm>
#include <map>
#include <random>

using dialogue::Mail;
using dialogue::Script;
using smtpoll::EventKind;

namespace {

const std::string kOpened = "Greeting 220 mx.y.org ESMTP\nHello\n";

Mail To(const std::string& recipient, const std::string& content = "x\r\n") {
  Mail mail;
  mail.recipients = {recipient};
  mail.content = content;
  return mail;
}

/// Two mails by DATA, with both envelopes on their way: the second in the group of the first one's content end.
Script TwoByData() {
  Script script;
  script.in_flight = 4;
  script.Opening("250 PIPELINING").Send(To("b@y.org")).Send(To("c@y.org"));
  script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("DATA");
  script.Reply("250 ok").Reply("250 ok").Reply("354 go").Expect("x").Expect(".");
  script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<c@y.org>").Expect("DATA");
  return script;
}

Script TwoByBdat() {
  Script script;
  script.in_flight = 4;
  script.window = 16;
  script.output_size = 4096;
  script.Opening("250-PIPELINING\r\n250 CHUNKING").Send(To("b@y.org")).Send(To("c@y.org"));
  script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("BDAT 3 LAST").Expect("x");
  script.Expect("RSET").Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<c@y.org>").Expect("BDAT 3 LAST").Expect("x");
  return script;
}

}  // namespace

TEST_CASE("RFC 2920 3.1: the end of content and the next envelope are one group") {
  Script script = TwoByData();
  script.Reply("250 one").Reply("250 ok").Reply("250 ok").Reply("354 go").Expect("x").Expect(".").Reply("250 two");
  CHECK(script.Quit().Run() ==
        kOpened + "RecipientAccepted 0\nAccepted 250 one\nRecipientAccepted 0\nAccepted 250 two\nEnded\n");
}

TEST_CASE("RFC 2920 3.1: a server that takes no command behind the end of a content refuses no message by that") {
  // Haraka answers each of them 503, so that nobody can smuggle.
  Script script = TwoByData();
  script.Reply("250 one").Reply("503 pipelined after end of DATA").Reply("503 no").Reply("503 no");
  CHECK(script.Run() == kOpened + "RecipientAccepted 0\nAccepted 250 one\nReturned\nMustReconnect\n");

  Script bdat = TwoByBdat();
  bdat.Reply("250 ok").Reply("250 ok").Reply("250 one").Reply("250 reset").Reply("503 no");
  CHECK(bdat.Run() == kOpened + "RecipientAccepted 0\nAccepted 250 one\nReturned\nMustReconnect\n");

  // One that went alone is refused like any other.
  Script alone;
  alone.Opening("250 PIPELINING").Send(To("b@y.org")).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>");
  alone.Expect("DATA").Reply("503 no").Reply("503 no").Reply("503 no").Expect("RSET").Reply("250 ok").Quit();
  CHECK(alone.Run() == kOpened + "RecipientRefused 0 503 no\nRefused 1014 MAIL [MAIL FROM:<a@x.org>] 503 no\nEnded\n");
}

TEST_CASE("RFC 5321 4.1.1.4: a refused content leaves no envelope, the next one is on its way already") {
  Script script = TwoByData();
  script.Reply("554 spam").Reply("250 ok").Reply("250 ok").Reply("354 go").Expect("x").Expect(".").Reply("250 two");
  CHECK(script.Quit().Run() == kOpened +
                                   "RecipientAccepted 0\nRefused 1014 end of content [.] 554 spam\nRecipientAccepted "
                                   "0\nAccepted 250 two\nEnded\n");
}

TEST_CASE(
    "Engine: the connection lost with two messages in flight by DATA; only the one with its content is in doubt") {
  CHECK(TwoByData().Close().Run() ==
        kOpened + "RecipientAccepted 0\nInDoubt\nReturned\nFailed 102 end of content [.]\n");
  CHECK(TwoByData().Reply("250 one").Close().Run() ==
        kOpened + "RecipientAccepted 0\nAccepted 250 one\nReturned\nFailed 102 MAIL [MAIL FROM:<a@x.org>]\n");
  CHECK(TwoByData().Reply("421 bye").Run() ==
        kOpened + "RecipientAccepted 0\nReturned\nReturned\nFailed 102 end of content [.] 421 bye\n");
}

TEST_CASE("RFC 3030 4.2: several messages in flight by BDAT, each envelope behind a RSET") {
  Script script = TwoByBdat();
  script.Reply("250 ok").Reply("250 ok").Reply("250 one");
  script.Reply("250 reset").Reply("250 ok").Reply("250 ok").Reply("250 two").Quit();
  CHECK(script.Run() ==
        kOpened + "RecipientAccepted 0\nAccepted 250 one\nRecipientAccepted 0\nAccepted 250 two\nEnded\n");
}

TEST_CASE("RFC 3030 2: a message refused in mid-window does not touch the one behind it") {
  Script recipient = TwoByBdat();
  recipient.Reply("250 ok").Reply("550 no").Reply("503 no recipient");
  recipient.Reply("250 reset").Reply("250 ok").Reply("250 ok").Reply("250 two").Quit();
  CHECK(recipient.Run() == kOpened +
                               "RecipientRefused 0 550 no\nRefused 1014 RCPT [RCPT TO:<b@y.org>] 550 "
                               "no\nRecipientAccepted 0\nAccepted 250 two\nEnded\n");
  Script content = TwoByBdat();
  content.Reply("250 ok").Reply("250 ok").Reply("552 too big");
  content.Reply("250 reset").Reply("250 ok").Reply("250 ok").Reply("250 two").Quit();
  CHECK(content.Run() == kOpened +
                             "RecipientAccepted 0\nRefused 1014 end of content [.] 552 too big\nRecipientAccepted "
                             "0\nAccepted 250 two\nEnded\n");
  Script last = TwoByBdat();
  last.Reply("250 ok").Reply("250 ok").Reply("250 one");
  last.Reply("250 reset").Reply("450 not now").Reply("503 no").Reply("503 no").Expect("RSET").Reply("250 reset").Quit();
  CHECK(last.Run() == kOpened +
                          "RecipientAccepted 0\nAccepted 250 one\nRecipientRefused 0 503 no\nRefused 1014 MAIL [MAIL "
                          "FROM:<a@x.org>] 450 not now\nEnded\n");
}

TEST_CASE("Engine: 421 in mid-window; what was answered no is queued, what is out without an answer is in doubt") {
  Script script = TwoByBdat();
  script.Reply("250 ok").Reply("250 ok").Reply("421 shutting down");
  CHECK(script.Run() ==
        kOpened + "RecipientAccepted 0\nReturned\nInDoubt\nFailed 102 end of content [.] 421 shutting down\n");
}

TEST_CASE("Engine: a command like NOOP ends its group (RFC 2920 3.1)") {
  Script script;
  script.commands = {"NOOP"};
  script.Opening("250 PIPELINING").Expect("NOOP").Reply("250 ok").Send(To("b@y.org"));
  script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("DATA");
  script.Reply("250 ok").Reply("250 ok").Reply("354 go").Expect("x").Expect(".").Reply("250 one").Quit();
  CHECK(script.Run() == kOpened + "CommandReply 250 ok\nRecipientAccepted 0\nAccepted 250 one\nEnded\n");
}

TEST_CASE("RFC 2920 3.1: while a command of the caller's waits for its reply no message starts, PIPELINING or not") {
  for (const char* hello : {"250 hi", "250-hi\r\n250 PIPELINING"}) {
    char input[512], output[1024];
    smtpoll::AwaitedReply window[4];
    smtpoll::Engine engine{input, output, window};
    smtpoll::SessionOptions options;
    options.client_name = "me";
    const auto hear = [&engine](const std::string& reply) {
      engine.Sent(engine.Output().size(), 0);
      (reply + "\r\n").copy(engine.Input().data(), reply.size() + 2);
      engine.Received(reply.size() + 2);
      while (engine.Next(0).kind != EventKind::None) continue;
    };
    engine.Start(options, 0);
    hear("220 hi");
    hear(hello);
    const smtpoll::Recipient recipients[] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
    smtpoll::Envelope envelope;
    envelope.recipients = {recipients, 1};
    smtpoll::MemorySource source(std::string_view("x"));
    CHECK(engine.CanSend());
    REQUIRE(engine.Command("NOOP", 0));
    CHECK_FALSE(engine.CanSend());
    CHECK(engine.Send(envelope, source, 0).Code() == smtpoll::Errc::InvalidState);
    hear("250 ok");
    CHECK(engine.CanSend());
    CHECK_FALSE(engine.Send(envelope, source, 0));
  }
}

TEST_CASE("RFC 2920 3.1: with SessionOptions::in_flight 1 a message waits for the reply to the one before") {
  Script script;
  script.in_flight = 4;
  script.options.in_flight = 1;
  script.Opening("250 PIPELINING").Send(To("b@y.org")).Send(To("c@y.org"));
  for (const char* recipient : {"b", "c"}) {
    script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<" + std::string(recipient) + "@y.org>").Expect("DATA");
    script.Reply("250 ok").Reply("250 ok").Reply("354 go").Expect("x").Expect(".").Reply("250 ok");
  }
  CHECK(script.Quit().Run() ==
        kOpened + "RecipientAccepted 0\nAccepted 250 ok\nRecipientAccepted 0\nAccepted 250 ok\nEnded\n");
}

TEST_CASE("Engine: a thousand recipients are one group, and a reply before its command is still an error") {
  std::vector<std::string> names;
  Mail mail = To("r0@y.org");
  for (int i = 1; i < 1000; ++i) mail.recipients.push_back("r" + std::to_string(i) + "@y.org");
  Script script;
  script.window = 4;
  script.output_size = 65536;
  script.Opening("250 PIPELINING").Send(mail).Expect("MAIL FROM:<a@x.org>");
  std::string events = kOpened;
  for (std::size_t i = 0; i < 1000; ++i) script.Expect("RCPT TO:<" + mail.recipients[i] + ">");
  script.Expect("DATA").Reply("250 ok");
  for (std::size_t i = 0; i < 1000; ++i) {
    script.Reply(i % 3 == 1 ? "550 no" : "250 ok");
    events += i % 3 == 1 ? "RecipientRefused " + std::to_string(i) + " 550 no\n"
                         : "RecipientAccepted " + std::to_string(i) + "\n";
  }
  script.Reply("354 go").Expect("x").Expect(".").Reply("250 done").Quit();
  CHECK(script.RunWhole() == events + "Accepted 250 done\nEnded\n");
}

TEST_CASE("RFC 9422 4.1: a session takes no more messages than MAILMAX says") {
  Script script;
  script.Opening("250-PIPELINING\r\n250 LIMITS MAILMAX=1 RCPTMAX=20").Send(To("b@y.org")).Send(To("c@y.org"));
  script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("DATA");
  script.Reply("250 ok").Reply("250 ok").Reply("354 go").Expect("x").Expect(".").Reply("250 ok").Quit();
  CHECK(script.Run() == kOpened +
                            "RecipientAccepted 0\nAccepted 250 ok\nNotSent 106 idle a message cannot start before the "
                            "session is ready\nEnded\n");
}

namespace {

/// A server that keeps a store and refuses at random, with the worst manners that the RFCs allow: a BDAT that it
/// refuses leaves the envelope standing, and MAIL within an envelope is refused while RCPT behind it is not.
class StoreServer {
 public:
  StoreServer(std::mt19937& random, bool chunking) : random_(random), chunking_(chunking) {}

  /// Takes bytes and returns the replies.
  std::string Take(std::string_view bytes) {
    pending_.append(bytes);
    std::string replies;
    while (!closed && Step(replies)) {
    }
    return replies;
  }

  struct Stored {
    std::string sender;
    std::vector<std::string> recipients;
    std::string content;
  };
  std::vector<Stored> store;
  bool closed = false;
  int close_in = 1000000;  // commands

 private:
  bool OneIn(unsigned count) { return random_() % count == 0; }

  bool Step(std::string& replies) {
    if (in_data_) {
      const std::size_t end = pending_.compare(0, 3, ".\r\n") == 0 ? 0 : pending_.find("\r\n.\r\n");
      if (end == std::string::npos) return false;
      content_ = pending_.substr(0, end == 0 ? 0 : end + 2);
      pending_.erase(0, end == 0 ? 3 : end + 5);
      in_data_ = false;
      if (--close_in <= 0) return Close();
      replies += Finish();
      Forget();
      return true;
    }
    const std::size_t end = pending_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string line = pending_.substr(0, end);
    if (line.compare(0, 5, "BDAT ") == 0) {
      const std::size_t size = std::stoul(line.substr(5));
      if (pending_.size() < end + 2 + size) return false;
      const std::string chunk = pending_.substr(end + 2, size);
      pending_.erase(0, end + 2 + size);
      if (--close_in <= 0) return Close();
      const bool last = line.find(" LAST") != std::string::npos;
      if (recipients_.empty() || bad_ || OneIn(20)) {
        bad_ = true;
        replies += recipients_.empty() ? "503 5.5.1 no recipient\r\n" : "552 5.3.4 not this\r\n";
        return true;
      }
      content_ += chunk;
      replies += last ? Finish() : "250 chunk\r\n";
      if (last) Forget();
      return true;
    }
    pending_.erase(0, end + 2);
    if (--close_in <= 0) return Close();
    replies += Answer(line);
    return true;
  }

  bool Close() {
    closed = true;
    return false;
  }

  std::string Answer(const std::string& line) {
    if (line.compare(0, 4, "EHLO") == 0)
      return chunking_ ? "250-me\r\n250-PIPELINING\r\n250 CHUNKING\r\n" : "250-me\r\n250 PIPELINING\r\n";
    if (line == "QUIT") return "221 bye\r\n";
    if (line == "RSET") {
      Forget();
      return "250 reset\r\n";
    }
    if (line.compare(0, 4, "MAIL") == 0) {
      if (has_sender_) return "503 5.5.1 nested MAIL\r\n";
      if (OneIn(8)) return "450 4.7.1 not now\r\n";
      sender_ = line.substr(11);
      has_sender_ = true;
      return "250 sender\r\n";
    }
    if (line.compare(0, 4, "RCPT") == 0) {
      if (!has_sender_ || OneIn(6)) return "550 5.1.1 no such user\r\n";
      recipients_.push_back(line.substr(9, line.find('>') - 9));
      return "250 recipient\r\n";
    }
    if (line == "DATA") {
      // RFC 2920 3.1 allows both for a group without a recipient.
      if (!has_sender_ || (recipients_.empty() && OneIn(2)) || OneIn(15)) return "554 5.5.1 no\r\n";
      in_data_ = true;
      return "354 go\r\n";
    }
    return "500 what?\r\n";
  }

  std::string Finish() {
    if (recipients_.empty() || OneIn(10)) return "554 5.7.1 not wanted\r\n";
    store.push_back({sender_, recipients_, content_});
    return "250 stored\r\n";
  }

  void Forget() {
    sender_.clear();
    recipients_.clear();
    content_.clear();
    has_sender_ = bad_ = false;
  }

  std::mt19937& random_;
  bool chunking_;
  std::string pending_, sender_, content_;
  std::vector<std::string> recipients_;
  bool has_sender_ = false, bad_ = false, in_data_ = false;
};

/// One session of some messages against a StoreServer, over pieces of random size; the ledger is checked at its end.
struct InFlightRun {
  explicit InFlightRun(unsigned seed) : random(seed), server(random, seed % 2 == 0) {
    if (random() % 2 == 0) server.close_in = static_cast<int>(random() % 60);
    const std::size_t count = 3 + random() % 8;
    for (std::size_t i = 0; i < count; ++i) {
      senders.push_back("s" + std::to_string(i) + "@x.org");
      // Nothing here looks like a command, and no line starts with a dot.
      contents.push_back("content of " + std::to_string(i) + std::string(random() % 3000, 'x') + "\r\n");
      recipients.emplace_back();
      for (std::size_t k = 0; k <= random() % 3; ++k)
        names.push_back("r" + std::to_string(i) + "." + std::to_string(k) + "@y.org");
      name_ends.push_back(names.size());
    }
    for (std::size_t i = 0, from = 0; i < count; from = name_ends[i++])
      for (std::size_t k = from; k < name_ends[i]; ++k)
        recipients[i].push_back({names[k], smtpoll::DsnNotify::Unset, {}});
    accepted.resize(count);
    outcome.resize(count, EventKind::None);
    options.client_name = "me";
    options.in_flight = 1 + static_cast<std::uint32_t>(random() % 5);
    cancels = random() % 4 == 0;
    Play();
  }

  void Play() {
    engine.Start(options, 0);
    std::string to_client = "220 hi\r\n";
    for (int round = 0; round < 100000 && !engine.IsOver(); ++round) {
      Drain();
      const smtpoll::Span<const char> output = engine.Output();
      const std::size_t size = output.empty() ? 0 : 1 + random() % output.size();
      if (size != 0) {
        to_client += server.Take({output.data(), size});
        engine.Sent(size, 0);
      }
      const std::size_t room = std::min(engine.Input().size(), to_client.size());
      if (room != 0 && (output.empty() || random() % 3 != 0)) {
        const std::size_t some = 1 + random() % room;
        to_client.copy(engine.Input().data(), some);
        to_client.erase(0, some);
        engine.Received(some);
      } else if (server.closed && to_client.empty()) {
        Drain();
        engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
      }
      if (engine.Idle() && next == senders.size()) engine.Quit(0);
    }
    Drain();
  }

  void Drain() {
    for (;;) {
      const smtpoll::Event event = engine.Next(0);
      switch (event.kind) {
        case EventKind::None:
          if (next == senders.size() || !engine.CanSend() || random() % 2 == 0) return;
          Start();
          break;
        case EventKind::Ready:
          if (next != senders.size() && random() % 4 != 0) Start();
          break;
        case EventKind::Chunk:
          if (cancels && random() % 5 == 0) engine.Cancel();
          break;
        case EventKind::RecipientAccepted:
          accepted[told].push_back(std::string(recipients[told][event.recipient].mailbox));
          break;
        case EventKind::Accepted:
        case EventKind::Refused:
        case EventKind::InDoubt:
        case EventKind::Returned: outcome[told++] = event.kind; break;
        default: break;
      }
    }
  }

  void Start() {
    source = smtpoll::MemorySource(contents[next]);
    const smtpoll::Envelope envelope{
        senders[next], {recipients[next].data(), recipients[next].size()}, smtpoll::BodyType::SevenBit, false, {}, {}};
    REQUIRE_FALSE(engine.Send(envelope, source, 0));
    ++next;
  }

  /// What is in the store is what was called sent, or in doubt, with the right sender, recipients and content.
  void Check() const {
    CHECK(told == next);
    std::size_t at = 0;
    for (std::size_t i = 0; i < next; ++i) {
      const bool stored = at < server.store.size() && server.store[at].sender == senders[i] + ">";
      INFO("message ", i, " of ", next);
      CHECK(outcome[i] != EventKind::None);
      if (outcome[i] == EventKind::Accepted) CHECK(stored);
      if (outcome[i] == EventKind::Refused || outcome[i] == EventKind::Returned) CHECK_FALSE(stored);
      if (!stored) continue;
      CHECK(server.store[at].content == contents[i]);
      if (outcome[i] == EventKind::Accepted) CHECK(server.store[at].recipients == accepted[i]);
      ++at;
    }
    CHECK(at == server.store.size());
  }

  std::mt19937 random;
  StoreServer server;
  std::vector<std::string> senders, contents, names;
  std::vector<std::size_t> name_ends;
  std::vector<std::vector<smtpoll::Recipient>> recipients;
  std::vector<std::vector<std::string>> accepted;
  std::vector<EventKind> outcome;
  std::size_t next = 0, told = 0;
  bool cancels = false;
  smtpoll::SessionOptions options;
  smtpoll::MemorySource source;
  char input_memory[1024], output_memory[2048];
  smtpoll::AwaitedReply window[20];
  smtpoll::Transaction transactions[5];
  smtpoll::Engine engine{input_memory, output_memory, window, transactions};
};

}  // namespace

TEST_CASE(
    "Engine: the ledger and the server's store agree, whatever is refused, cancelled or cut off in whatever order") {
  std::map<EventKind, int> seen;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    const InFlightRun run(seed);
    run.Check();
    for (const EventKind kind : run.outcome) ++seen[kind];
  }
  // Every outcome was reached often.
  for (const EventKind kind : {EventKind::Accepted, EventKind::Refused, EventKind::InDoubt, EventKind::Returned})
    CHECK(seen[kind] > 200);
}
