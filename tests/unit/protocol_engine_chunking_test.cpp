#include "smtpoll/protocol/engine.hpp"

#include "dialogue.hpp"

using dialogue::Mail;
using dialogue::Script;

namespace {
const std::string kOpened = "Greeting 220 mx.y.org ESMTP\nHello\n";
const std::string kSent = "RecipientAccepted 0\nAccepted 250 queued\n";
}  // namespace

TEST_CASE("RFC 3030 2: CHUNKING sends content by BDAT, without transparency, in the group of its envelope") {
  Mail mail;
  mail.content = ".\r\n..x\r\n";
  Script lock_step;
  lock_step.Opening("250 CHUNKING").Send(mail).Envelope().Expect("BDAT 8 LAST").Expect(".").Expect("..x");
  lock_step.Reply("250 queued").Quit();
  CHECK(lock_step.Run() == kOpened + kSent + "Ended\n");

  Script grouped;
  grouped.Opening("250-PIPELINING\r\n250 CHUNKING")
      .Send(mail)
      .Expect("MAIL FROM:<a@x.org>")
      .Expect("RCPT TO:<b@y.org>");
  grouped.Expect("BDAT 8 LAST").Expect(".").Expect("..x").Reply("250 ok").Reply("250 ok").Reply("250 queued").Quit();
  CHECK(grouped.Run() == kOpened + kSent + "Ended\n");
  // The transcript shows each command, and of the content how much there was.
  CHECK(grouped.transcript.find("> RCPT TO:<b@y.org>\n> BDAT 8 LAST\n> [8 bytes of content by BDAT]\n<") !=
        std::string::npos);

  Script off;
  off.options.chunking = false;
  off.Opening("250 CHUNKING").Send({}).Envelope().Content().Reply("250 queued").Quit();
  CHECK(off.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 3030 4: all recipients refused, and content grouped with them all the same") {
  Script script;
  Mail mail;
  mail.content = "x\r\n";
  script.Opening("250-PIPELINING\r\n250 CHUNKING").Send(mail).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>");
  script.Expect("BDAT 3 LAST").Expect("x").Reply("250 ok").Reply("550 no").Reply("503 no recipients");
  script.Expect("RSET").Reply("250 ok").Quit();
  CHECK(script.Run() == kOpened + "RecipientRefused 0 550 no\nRefused 1014 RCPT [RCPT TO:<b@y.org>] 550 no\nEnded\n");
}

TEST_CASE("RFC 3030: everything sent in one group and no reply at all is in doubt") {
  Script script;
  Mail mail;
  mail.content = "x\r\n";
  script.Opening("250-PIPELINING\r\n250 CHUNKING").Send(mail).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>");
  script.Expect("BDAT 3 LAST").Expect("x").Close();
  CHECK(script.Run() == kOpened + "InDoubt\nFailed 102 MAIL [MAIL FROM:<a@x.org>]\n");
}

namespace {

/// A server that takes content by BDAT and says what came: `chunks` and the outcome of the message, told by the engine.
struct ChunkServer {
  ChunkServer(const std::string& text, bool pipelining, std::size_t cancel_at = 0, std::size_t refuse_at = 0)
      : source(text) {
    smtpoll::SessionOptions options;
    options.client_name = "me";
    engine.Start(options, 0);
    envelope.reverse_path = "a@x.org";
    envelope.recipients = {recipients, 1};
    // In lock-step only what must go by BDAT does so in many chunks.
    if (!pipelining) envelope.body = smtpoll::BodyType::BinaryMime;
    Reply("220 hi");
    bool started = false;
    for (int i = 0; i < 100000 && !done; ++i) {
      const smtpoll::Event event = engine.Next(0);
      if (event.kind == smtpoll::EventKind::Chunk && ++told == cancel_at) engine.Cancel();
      if (event.kind == smtpoll::EventKind::Accepted) outcome = "accepted";
      if (event.kind == smtpoll::EventKind::Refused) outcome = "refused " + std::to_string(event.error->ErrorNumber);
      if (event.kind != smtpoll::EventKind::None) continue;
      if (engine.Idle() && started) done = true;
      if (engine.Idle() && !started) {
        CHECK_FALSE(engine.Send(envelope, source, 0));
        started = true;
      }
      Take(std::string(engine.Output().data(), engine.Output().size()), pipelining, refuse_at);
      engine.Sent(engine.Output().size(), 0);
      for (const std::string& reply : replies) Reply(reply);
      replies.clear();
    }
  }
  void Reply(const std::string& reply) {
    const std::string line = reply + "\r\n";
    line.copy(engine.Input().data(), line.size());
    engine.Received(line.size());
  }
  void Take(std::string bytes, bool pipelining, std::size_t refuse_at) {
    pending += bytes;
    for (;;) {
      const std::size_t end = pending.find("\r\n");
      if (end == std::string::npos) return;
      const std::string line = pending.substr(0, end);
      if (line.compare(0, 5, "BDAT ") == 0) {
        const std::size_t size = std::stoul(line.substr(5));
        if (pending.size() < end + 2 + size) return;
        content += pending.substr(end + 2, size);
        pending.erase(0, end + 2 + size);
        ++chunks;
        last = last || line.find(" LAST") != std::string::npos;
        replies.push_back(chunks == refuse_at ? "552 5.3.4 enough" : "250 got it");
        continue;
      }
      pending.erase(0, end + 2);
      if (line == "RSET") ++resets;
      replies.push_back(line.compare(0, 4, "EHLO") == 0 ? pipelining ? "250-mx\r\n250-PIPELINING\r\n250 CHUNKING"
                                                                     : "250-mx\r\n250-BINARYMIME\r\n250 CHUNKING"
                                                        : "250 ok");
    }
  }

  char input[2048], output[1024];
  smtpoll::AwaitedReply window[8];
  smtpoll::Recipient recipients[1] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::Envelope envelope;
  smtpoll::MemorySource source;
  smtpoll::Engine engine{input, output, window};
  std::string pending, content, outcome;
  std::vector<std::string> replies;
  std::size_t chunks = 0, told = 0;
  int resets = 0;
  bool last = false, done = false;
};

}  // namespace

TEST_CASE("RFC 3030 2: content in many chunks arrives whole, the last one marked") {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "." + std::string(static_cast<std::size_t>(i % 70), 'x') + "\r\n";
  for (const bool pipelining : {false, true}) {
    const ChunkServer server(text, pipelining);
    CHECK(server.outcome == "accepted");
    CHECK(server.content == text);
    CHECK(server.last);
    CHECK(server.chunks > 15);
    CHECK(server.told == server.chunks);
  }
  const ChunkServer empty("", true);
  CHECK(empty.outcome == "accepted");
  CHECK(empty.chunks == 1);
}

TEST_CASE("RFC 3030 4.2: a chunk refused refuses the message, and RSET clears it") {
  for (const bool pipelining : {false, true}) {
    const ChunkServer server(std::string(20000, 'x'), pipelining, 0, 3);
    CHECK(server.outcome == "refused 1014");
    CHECK(server.resets == 1);
    CHECK_FALSE(server.last);
    CHECK(server.engine.Idle());
  }
}

TEST_CASE("RFC 3030 4.2: a server that hangs up on chunks which were under way when it refused one has answered") {
  // Postfix does so after twenty of them. What waits needs a new connection; it is no reason to mistrust groups.
  for (const bool goodbye : {true, false}) {
    const std::string first(1728, 'x'), second(1880, 'y');
    Mail mail;
    mail.content = first + "\r\n" + second + "\r\n";
    Script script;
    script.Opening("250-PIPELINING\r\n250 CHUNKING").Send(mail).Expect("MAIL FROM:<a@x.org>");
    script.Expect("RCPT TO:<b@y.org>").Expect("BDAT 1730").Expect(first).Expect("BDAT 1882 LAST").Expect(second);
    script.Reply("250 ok").Reply("250 ok").Reply("552 5.3.4 enough");
    goodbye ? script.Reply("421 4.7.0 too many errors") : script.Close();
    CHECK(script.Run() ==
          kOpened + "RecipientAccepted 0\nRefused 1014 content [BDAT] 552 5.3.4 enough\nMustReconnect\n");
  }
}

TEST_CASE("Engine: a message cancelled between two chunks costs no connection, and is never marked as whole") {
  for (const bool pipelining : {false, true}) {
    for (const std::size_t cancel_at : {1u, 2u, 5u}) {
      const ChunkServer server(std::string(20000, 'x') + "\r\n", pipelining, cancel_at);
      CHECK(server.outcome == "refused 1013");
      CHECK(server.chunks == cancel_at - 1);
      CHECK(server.resets == 1);
      CHECK_FALSE(server.last);
      CHECK(server.engine.Idle());
    }
  }
}

namespace {

/// Gives what the test puts into `ready`, says Again where that is empty, and ends when `over`.
class SlowSource final : public smtpoll::Source {
 public:
  smtpoll::SourceResult Read(char* into, std::size_t room) override {
    ++reads;
    const std::size_t size = ready.copy(into, room);
    ready.erase(0, size);
    if (over && ready.empty()) return {size, smtpoll::SourceStatus::End};
    return {size, size == 0 ? smtpoll::SourceStatus::Again : smtpoll::SourceStatus::More};
  }
  bool Rewind() override { return false; }
  std::uint64_t Size() const override { return smtpoll::kUnknownSize; }
  std::string ready;
  bool over = false;
  int reads = 0;
};

}  // namespace

TEST_CASE("RFC 3030 2: a source that has nothing now costs no empty chunk, and the message goes on whole") {
  using smtpoll::EventKind;
  char input[512], output[1024];
  smtpoll::AwaitedReply window[8];
  smtpoll::Engine engine{input, output, window};
  const auto told = [&engine] {
    std::string kinds;
    for (;;) {
      switch (engine.Next(0).kind) {
        case EventKind::None: return kinds;
        case EventKind::Chunk: kinds += "chunk "; break;
        case EventKind::RecipientAccepted: kinds += "recipient "; break;
        case EventKind::Accepted: kinds += "accepted "; break;
        case EventKind::Ready:
        case EventKind::Greeting:
        case EventKind::Hello: break;
        default: kinds += "? "; break;
      }
    }
  };
  const auto hear = [&](const std::string& reply) {
    (reply + "\r\n").copy(engine.Input().data(), reply.size() + 2);
    engine.Received(reply.size() + 2);
    return told();
  };
  const auto waiting = [&engine] { return std::string(engine.Output().data(), engine.Output().size()); };
  const auto sent = [&](std::size_t size = SIZE_MAX) {
    const std::string bytes = waiting().substr(0, size);
    engine.Sent(bytes.size(), 0);
    return bytes;
  };
  smtpoll::SessionOptions options;
  options.client_name = "me";
  const smtpoll::Recipient recipients[] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::Envelope envelope;
  envelope.reverse_path = "a@x.org";
  envelope.recipients = {recipients, 1};
  const std::string group = "MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\n";
  // The envelope may still wait, be half gone, or be gone, when there is something at last.
  for (const std::size_t gone : {std::size_t{0}, std::size_t{5}, group.size()}) {
    CAPTURE(gone);
    SlowSource source;
    engine.Start(options, 0);
    hear("220 hi");
    CHECK(sent() == "EHLO me\r\n");
    hear("250-x\r\n250-PIPELINING\r\n250 CHUNKING");
    REQUIRE_FALSE(engine.Send(envelope, source, 0));
    CHECK(told() == "");
    CHECK(waiting() == group);
    CHECK(source.reads == 1);
    CHECK(engine.WaitsForSource());
    CHECK(sent(gone) == group.substr(0, gone));
    CHECK(told() == "");
    CHECK(source.reads == 2);
    CHECK(waiting() == group.substr(gone));
    source.ready = "one\r\n";
    CHECK(told() == "chunk ");
    // The source had nothing behind it, and is not asked again before this chunk has gone.
    CHECK(source.reads == 4);
    CHECK(sent() == group.substr(gone) + "BDAT 5\r\none\r\n");
    CHECK(told() == "");
    CHECK(engine.WaitsForSource());
    CHECK(waiting() == "");
    CHECK(hear("250 ok\r\n250 ok\r\n250 got 5") == "recipient ");
    CHECK(waiting() == "");
    source.ready = std::string(700, 'x') + "\r\n";
    source.over = gone == 0;
    std::string rest;
    for (int i = 0; i < 5; ++i) {
      const std::string kinds = told();
      CHECK((kinds == "chunk " || kinds.empty()));
      rest += sent();
    }
    if (!source.over) {
      CHECK(rest.find("LAST") == std::string::npos);
      source.over = true;
      CHECK(told() == "");
      rest += sent();
    }
    std::string content;
    int chunks = 0;
    for (std::string last; last.empty(); ++chunks) {
      REQUIRE(rest.compare(0, 5, "BDAT ") == 0);
      const std::size_t size = std::stoul(rest.substr(5)), end = rest.find("\r\n");
      last = rest.substr(0, end).find(" LAST") == std::string::npos ? "" : "yes";
      // An empty chunk is there only to say that it was the last.
      CHECK((size != 0 || !last.empty()));
      content += rest.substr(end + 2, size);
      rest.erase(0, end + 2 + size);
    }
    CHECK(rest == "");
    CHECK(content == std::string(700, 'x') + "\r\n");
    std::string replies = "250 ok";
    for (int i = 1; i < chunks; ++i) replies += "\r\n250 ok";
    CHECK(hear(replies) == "accepted ");
    CHECK(engine.Idle());
  }
}

TEST_CASE("RFC 3030 3: BINARYMIME content goes by BDAT and is not touched") {
  Mail mail;
  mail.body = smtpoll::BodyType::BinaryMime;
  mail.content = "a\n.\rb\r\n";
  Script script;
  script.Opening("250-CHUNKING\r\n250 BINARYMIME")
      .Send(mail)
      .Expect("MAIL FROM:<a@x.org> BODY=BINARYMIME")
      .Reply("250 ok");
  script.Expect("RCPT TO:<b@y.org>").Reply("250 ok").Expect("BDAT 7 LAST").Expect("a\n.\rb").Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
  for (const char* keywords : {"250 CHUNKING", "250 BINARYMIME"}) {
    Script refused;
    refused.Opening(keywords).Send(mail).Quit();
    CHECK(refused.Run() == kOpened + "NotSent 1011 MAIL the message needs BINARYMIME\nEnded\n");
  }
  Script off;
  off.options.chunking = false;
  off.Opening("250-CHUNKING\r\n250 BINARYMIME").Send(mail).Quit();
  CHECK(off.Run() == kOpened + "NotSent 1011 MAIL BINARYMIME needs BDAT, which is turned off\nEnded\n");
}

TEST_CASE("RFC 3030: without PIPELINING a content of several chunks goes by DATA, which needs fewer round trips") {
  Mail mail;
  mail.content = std::string(600, 'x') + "\r\n";
  Script script;
  script.Opening("250 CHUNKING").Send(mail).Envelope().Expect("DATA").Reply("354 go").Expect(std::string(600, 'x'));
  script.Expect(".").Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}
