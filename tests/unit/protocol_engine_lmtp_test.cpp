#include "smtpoll/protocol/engine.hpp"

#include "dialogue.hpp"

using dialogue::Mail;
using dialogue::Script;

TEST_CASE("RFC 2033 4: LMTP says LHLO and reads a final reply for each accepted recipient") {
  const auto opened = [] {
    Script script;
    script.options.lmtp = true;
    Mail mail;
    mail.recipients = {"b@y.org", "nobody@y.org", "c@y.org"};
    script.Server("220 lmtp").Expect("LHLO me.x.org").Reply("250 hi").Send(mail);
    script.Expect("MAIL FROM:<a@x.org>").Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("250 ok");
    script.Expect("RCPT TO:<nobody@y.org>").Reply("550 no").Expect("RCPT TO:<c@y.org>").Reply("250 ok").Content();
    return script;
  };
  const std::string before =
      "Greeting 220 lmtp\nHello\nRecipientAccepted 0\nRecipientRefused 1 550 no\nRecipientAccepted 2\n";
  CHECK(opened().Reply("250 got it").Reply("452 full").Quit().Run() ==
        before + "RecipientFinal 0 250 got it\nRecipientFinal 1 452 full\nAccepted 0 \nEnded\n");
  CHECK(opened().Reply("451 later").Reply("452 full").Expect("RSET").Reply("250 ok").Quit().Run() ==
        before +
            "RecipientFinal 0 451 later\nRecipientFinal 1 452 full\nRefused 1014 end of content [.] 452 full\nEnded\n");
  CHECK(opened().Reply("250 got it").Close().Run() ==
        before + "RecipientFinal 0 250 got it\nInDoubt\nFailed 102 end of content [.]\n");
}

TEST_CASE("RFC 2033 4.2: all recipients refused, and content grouped with them: each reply stays with its command") {
  const std::string told =
      "Greeting 220 lmtp\nHello\nRecipientRefused 0 550 no\nRecipientRefused 1 451 later\n"
      "Refused 1014 RCPT [RCPT TO:<c@y.org>] 451 later\n"
      "RecipientAccepted 0\nRecipientFinal 0 250 got it\nAccepted 0 \nEnded\n";
  for (const bool chunking : {false, true}) {
    CAPTURE(chunking);
    Script script;
    script.options.lmtp = true;
    Mail mail;
    mail.recipients = {"b@y.org", "c@y.org"};
    script.Server("220 lmtp").Expect("LHLO me.x.org");
    script.Reply(chunking ? "250-hi\r\n250-CHUNKING\r\n250 PIPELINING" : "250-hi\r\n250 PIPELINING").Send(mail);
    script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("RCPT TO:<c@y.org>");
    const auto content = [&script] { script.Expect("Subject: hi").Expect("").Expect("body"); };
    if (chunking) {
      script.Expect("BDAT 21 LAST");
      content();
    } else {
      script.Expect("DATA");
    }
    script.Reply("250 ok").Reply("550 no").Reply("451 later");
    // Nobody is there to get a reply of his own: one comes, to the command.
    if (!chunking) script.Reply("354 go on").Expect(".");
    script.Reply("503 nobody").Expect("RSET").Reply("250 reset");
    script.Send({}).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>");
    script.Expect(chunking ? "BDAT 21 LAST" : "DATA");
    if (chunking) content();
    script.Reply("250 ok").Reply("250 ok");
    if (!chunking) {
      script.Reply("354 go on");
      content();
      script.Expect(".");
    }
    script.Reply("250 got it").Quit();
    CHECK(script.Run() == told);
  }
}

namespace {

using smtpoll::EventKind;

/// An engine that has sent what it could of a content for two recipients, whom the server has accepted.
struct ToTwo {
  explicit ToTwo(std::string_view content) : source(content) {
    smtpoll::SessionOptions options;
    options.client_name = "me";
    options.lmtp = true;
    envelope.reverse_path = "a@x.org";
    envelope.recipients = {recipients, 2};
    engine.Start(options, 0);
    for (const char* reply : {"220 hi", "250-hi\r\n250 PIPELINING", "250 ok\r\n250 ok\r\n250 ok\r\n354 go"}) {
      Feed(reply);
      EventKind told = engine.Next(0).kind;
      while (told != EventKind::None && told != EventKind::Chunk) told = engine.Next(0).kind;
      if (engine.Idle()) {
        CHECK_FALSE(engine.Send(envelope, source, 0));
        CHECK(engine.Next(0).kind == EventKind::None);
      }
      engine.Sent(engine.Output().size(), 0);
    }
  }
  void Feed(const std::string& reply) {
    (reply + "\r\n").copy(engine.Input().data(), reply.size() + 2);
    engine.Received(reply.size() + 2);
  }

  char input[512], output[1024];
  smtpoll::AwaitedReply window[8];
  smtpoll::Recipient recipients[2] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}},
                                      {"c@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::Envelope envelope;
  smtpoll::MemorySource source;
  smtpoll::Engine engine{input, output, window};
};

}  // namespace

TEST_CASE("RFC 2033 4.2: a content refused before all of it is written is refused for all, and gives up the wire") {
  const std::string content(8000, 'x');
  for (const char* refusal : {"552 5.3.4 b is full", "552 5.3.4 b is full\r\n250 ok"}) {
    ToTwo it(content);
    REQUIRE(it.engine.ContentLeft() > 6000);
    it.Feed(refusal);
    // What comes for the other recipient tells nobody that he got a message of which the half is missing.
    const smtpoll::Event told = it.engine.Next(0);
    REQUIRE(told.kind == EventKind::Refused);
    CHECK(told.error->reply_code == 552);
    CHECK(it.engine.Next(0).kind == EventKind::MustReconnect);
    CHECK(it.engine.Next(0).kind == EventKind::None);
    CHECK(it.engine.IsOver());
    CHECK(it.engine.Output().empty());
  }
}

TEST_CASE("RFC 2033 4.2: the wire is closed as soon as the last recipient is told of; the message has its outcome") {
  for (const bool delivered : {true, false}) {
    ToTwo it("x\r\n");
    REQUIRE(it.engine.ContentIsOut());
    it.Feed("452 full");
    CHECK(it.engine.Next(0).kind == EventKind::RecipientFinal);
    it.Feed(delivered ? "250 got it" : "550 no");
    const smtpoll::Event last = it.engine.Next(0);
    CHECK(last.kind == EventKind::RecipientFinal);
    CHECK(last.recipient == 1);
    it.engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
    CHECK(it.engine.Next(0).kind == (delivered ? EventKind::Accepted : EventKind::Refused));
    CHECK(it.engine.Next(0).kind == EventKind::Failed);
    CHECK(it.engine.Next(0).kind == EventKind::None);
  }
}
