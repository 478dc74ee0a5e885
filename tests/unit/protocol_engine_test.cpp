#include "smtpoll/protocol/engine.hpp"

#include "dialogue.hpp"

using dialogue::Mail;
using dialogue::Script;

namespace {
const std::string kOpened = "Greeting 220 mx.y.org ESMTP\nHello\n";
const std::string kSent = "RecipientAccepted 0\nAccepted 250 queued\n";

/// An engine that stands behind the 354 of its first message, for tests that look between two calls.
struct AfterGoAhead {
  explicit AfterGoAhead(std::string_view content) : source(content) {
    smtpoll::SessionOptions options;
    options.client_name = "me";
    engine.Start(options, 0);
    for (const char* reply : {"220 hi", "250 ok", "250 ok", "250 ok"}) {
      Feed(reply);
      Drain();
      if (engine.Idle()) CHECK_FALSE(engine.Send(envelope, source, 0));
      Drain();
      engine.Sent(engine.Output().size(), 0);
    }
    Feed("354 go");
  }
  smtpoll::Envelope MakeEnvelope() const {
    smtpoll::Envelope result;
    result.reverse_path = "a@x.org";
    result.recipients = {recipients, 1};
    return result;
  }
  void Feed(const std::string& reply) {
    (reply + "\r\n").copy(engine.Input().data(), reply.size() + 2);
    engine.Received(reply.size() + 2);
  }
  void Drain() {
    while (engine.Next(0).kind != smtpoll::EventKind::None) continue;
  }

  char input[512];
  char output[1024];
  smtpoll::AwaitedReply window[4];
  smtpoll::Recipient recipients[1] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::Envelope envelope = MakeEnvelope();
  smtpoll::MemorySource source;
  smtpoll::Engine engine{input, output, window};
};
}  // namespace

TEST_CASE("RFC 5321 3.3: a message in lock-step, then QUIT") {
  Script script;
  script.Opening().Send({}).Envelope().Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 5321 3.1: a greeting of many lines is one greeting") {
  Script script;
  script.Server("220-mx.y.org\r\n220-be nice\r\n220 or else").Expect("EHLO me.x.org").Reply("250 hi").Quit();
  CHECK(script.Run() == "Greeting 220 mx.y.org\nbe nice\nor else\nHello\nEnded\n");
}

TEST_CASE("RFC 5321 3.1: a greeting of 554 ends the session with QUIT") {
  Script script;
  script.Server("554 5.3.2 go away").Expect("QUIT");
  CHECK(script.Run() == "Failed 1004 greeting 554 5.3.2 go away\n");
}

TEST_CASE("RFC 5321 3.2: a server that does not know EHLO gets HELO") {
  Script script;
  script.Server("220 old").Expect("EHLO me.x.org").Reply("500 what?").Expect("HELO me.x.org").Reply("250 hi");
  script.Send({}).Envelope().Content().Reply("250 queued").Quit();
  CHECK(script.Run() == "Greeting 220 old\nHello\n" + kSent + "Ended\n");
}

TEST_CASE("RFC 5321 3.2: HELO refused too ends the session") {
  Script script;
  script.Server("220 old").Expect("EHLO me.x.org").Reply("500 what?").Expect("HELO me.x.org").Reply("550 no");
  script.Expect("QUIT");
  CHECK(script.Run() == "Greeting 220 old\nFailed 1004 EHLO [HELO me.x.org] 550 no\n");
}

TEST_CASE("RFC 5321 3.2: EHLO refused for now is no reason for HELO, but the end with the server's words") {
  Script later;
  later.Server("220 hi").Expect("EHLO me.x.org").Reply("451 4.3.2 come back later").Expect("QUIT");
  CHECK(later.Run() == "Greeting 220 hi\nFailed 1004 EHLO [EHLO me.x.org] 451 4.3.2 come back later\n");
  Script closing;
  closing.Server("220 hi").Expect("EHLO me.x.org").Reply("421-4.7.0 too many\r\n421 4.7.0 of you");
  CHECK(closing.Run() == "Greeting 220 hi\nFailed 102 EHLO [EHLO me.x.org] 421 4.7.0 too many\nof you\n");
}

TEST_CASE("RFC 5321 4.1.3: a client name that would break out of EHLO is refused before a byte is sent") {
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a\r\nMAIL FROM:<x>"),
                                  std::string("a\nb"), std::string(256, 'x')}) {
    Script script;
    script.options.client_name = name;
    CHECK(script.Run().rfind("Failed 1009 EHLO", 0) == 0);
  }
}

TEST_CASE("RFC 5321 4.1.1.5: RSET between messages after a failure") {
  Script script;
  script.Opening().Send({}).Send({});
  script.Expect("MAIL FROM:<a@x.org>").Reply("452 4.3.1 full").Expect("RSET").Reply("250 ok");
  script.Envelope().Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + "Refused 1014 MAIL [MAIL FROM:<a@x.org>] 452 4.3.1 full\n" + kSent + "Ended\n");
}

TEST_CASE("RFC 5321 3.3: one refused recipient of three does not hold up the others") {
  Script script;
  Mail mail;
  mail.recipients = {"b@y.org", "nobody@y.org", "c@y.org"};
  script.Opening().Send(mail).Envelope();
  script.Expect("RCPT TO:<nobody@y.org>").Reply("550-5.1.1 no such\r\n550 5.1.1 user");
  script.Expect("RCPT TO:<c@y.org>").Reply("251 forwarded").Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened +
                            "RecipientAccepted 0\nRecipientRefused 1 550 no such\nuser\nRecipientAccepted 2\n"
                            "Accepted 250 queued\nEnded\n");
}

TEST_CASE("RFC 5321 3.3: all recipients refused refuses the message, with the last reason") {
  Script script;
  Mail mail;
  mail.recipients = {"b@y.org", "c@y.org"};
  script.Opening().Send(mail).Expect("MAIL FROM:<a@x.org>").Reply("250 ok");
  script.Expect("RCPT TO:<b@y.org>").Reply("550 no").Expect("RCPT TO:<c@y.org>").Reply("451 later");
  script.Expect("RSET").Reply("250 ok").Quit();
  CHECK(script.Run() == kOpened +
                            "RecipientRefused 0 550 no\nRecipientRefused 1 451 later\n"
                            "Refused 1014 RCPT [RCPT TO:<c@y.org>] 451 later\nEnded\n");
}

TEST_CASE("Engine: all recipients or none") {
  for (const char* keywords : {"250 SIZE", "250 PIPELINING"}) {
    Script script;
    script.options.all_recipients_or_none = true;
    Mail mail;
    mail.recipients = {"b@y.org", "c@y.org"};
    script.Opening(keywords).Send(mail);
    if (std::string(keywords) == "250 SIZE") {
      script.Expect("MAIL FROM:<a@x.org> SIZE=21").Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("550 no");
    } else {
      script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("RCPT TO:<c@y.org>");
      script.Reply("250 ok").Reply("550 no").Reply("250 ok");
    }
    script.Expect("RSET").Reply("250 ok").Quit();
    const std::string events = script.Run();
    CHECK(events.find("Refused 1014 RCPT [RCPT TO:<b@y.org>] 550 no\n") != std::string::npos);
    CHECK(events.find("Accepted 2") == std::string::npos);
  }
}

TEST_CASE("RFC 5321 4.5.2: a leading dot is doubled, a missing last line end is added") {
  Script script;
  Mail mail;
  mail.content = ".\r\n..x\n\r.y";
  script.Opening().Send(mail).Envelope().Expect("DATA").Reply("354 go");
  script.Expect("..").Expect("...x").Expect("").Expect("..y").Expect(".").Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 5321 4.2.5: DATA refused, and content refused at its end") {
  Script script;
  script.Opening().Send({}).Send({}).Send({});
  script.Envelope().Expect("DATA").Reply("554 5.7.1 no").Expect("RSET").Reply("250 ok");
  script.Envelope().Content().Reply("552 5.3.4 too big").Expect("RSET").Reply("250 ok");
  script.Envelope().Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + "RecipientAccepted 0\nRefused 1014 DATA [DATA] 554 5.7.1 no\n" +
                            "RecipientAccepted 0\nRefused 1014 end of content [.] 552 5.3.4 too big\n" + kSent +
                            "Ended\n");
}

TEST_CASE("RFC 2920 3.1: MAIL, RCPT and DATA are one group where the server offers PIPELINING") {
  Script script;
  Mail mail;
  mail.recipients = {"b@y.org", "c@y.org"};
  script.Opening("250 PIPELINING").Send(mail);
  script.Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("RCPT TO:<c@y.org>").Expect("DATA");
  script.Reply("250 ok").Reply("250 ok").Reply("550 no").Reply("354 go");
  script.Expect("Subject: hi").Expect("").Expect("body").Expect(".").Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + "RecipientAccepted 0\nRecipientRefused 1 550 no\nAccepted 250 queued\nEnded\n");
}

TEST_CASE("RFC 2920 3.1: DATA accepted though no recipient was gets an empty message") {
  Script script;
  script.Opening("250 PIPELINING").Send({}).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("DATA");
  script.Reply("250 ok").Reply("550 no").Reply("354 go").Expect(".").Reply("554 no valid recipients");
  script.Expect("RSET").Reply("250 ok").Quit();
  CHECK(script.Run() == kOpened + "RecipientRefused 0 550 no\nRefused 1014 RCPT [RCPT TO:<b@y.org>] 550 no\nEnded\n");
}

TEST_CASE("RFC 2920 3.2: a refused MAIL refuses the group, its reason is the one told") {
  Script script;
  script.Opening("250 PIPELINING").Send({}).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>").Expect("DATA");
  script.Reply("550 5.1.8 bad sender").Reply("503 MAIL first").Reply("503 RCPT first");
  script.Expect("RSET").Reply("250 ok").Quit();
  CHECK(script.Run() == kOpened +
                            "RecipientRefused 0 503 MAIL first\n"
                            "Refused 1014 MAIL [MAIL FROM:<a@x.org>] 550 5.1.8 bad sender\nEnded\n");
}

TEST_CASE("RFC 2920 3.1: more recipients than the window holds, and the option that turns grouping off") {
  Script script;
  script.window = 2;
  Mail mail;
  mail.recipients = {"b@y.org", "c@y.org"};
  script.Opening("250 PIPELINING").Send(mail).Expect("MAIL FROM:<a@x.org>").Expect("RCPT TO:<b@y.org>");
  script.Reply("250 ok").Expect("RCPT TO:<c@y.org>").Reply("250 ok").Expect("DATA").Reply("250 ok").Reply("354 go");
  script.Expect("Subject: hi").Expect("").Expect("body").Expect(".").Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + "RecipientAccepted 0\nRecipientAccepted 1\nAccepted 250 queued\nEnded\n");

  Script lock_step;
  lock_step.options.pipelining = false;
  lock_step.Opening("250 PIPELINING").Send({}).Envelope().Content().Reply("250 queued").Quit();
  CHECK(lock_step.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 1870 6.3: SIZE is told, and a message above the limit is refused before a byte of it is sent") {
  Script script;
  Mail small;
  small.content = "x\r\n";
  script.Opening("250 SIZE 20").Send({}).Send(small);
  script.Expect("MAIL FROM:<a@x.org> SIZE=3").Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("250 ok");
  script.Expect("DATA").Reply("354 go").Expect("x").Expect(".").Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + "NotSent 1010 MAIL 21 bytes, the server takes 20\n" + kSent + "Ended\n");
}

TEST_CASE("RFC 6152 and RFC 6531: what the server does not offer is an error before a byte is sent") {
  Mail eight;
  eight.body = smtpoll::BodyType::EightBitMime;
  Mail utf8;
  utf8.recipients = {"j\xc3\xb6rg@y.org"};
  {
    Script script;
    script.Opening().Send(eight).Send(utf8).Quit();
    CHECK(script.Run() == kOpened + "NotSent 1011 MAIL the message needs 8BITMIME\n" +
                              "NotSent 1011 MAIL the message needs SMTPUTF8\nEnded\n");
  }
  Script script;
  script.Opening("250-8BITMIME\r\n250 SMTPUTF8").Send(eight).Send(utf8);
  script.Expect("MAIL FROM:<a@x.org> BODY=8BITMIME").Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("250 ok");
  script.Content().Reply("250 queued");
  script.Expect("MAIL FROM:<a@x.org> SMTPUTF8").Reply("250 ok").Expect("RCPT TO:<j\xc3\xb6rg@y.org>").Reply("250 ok");
  script.Content().Reply("250 queued");
  Mail sender;
  sender.reverse_path = "j\xc3\xb6rg@x.org";
  script.Send(sender).Expect("MAIL FROM:<j\xc3\xb6rg@x.org> SMTPUTF8").Reply("250 ok");
  script.Expect("RCPT TO:<b@y.org>").Reply("250 ok").Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + kSent + kSent + "Ended\n");
}

TEST_CASE("RFC 5321 4.1.2: a mailbox that would break out of its command is refused before a byte is sent") {
  const std::string bad[] = {
      "a@b\r\nDATA",        "a@b\n", std::string("a\0b@c", 5), "a b@c", "a>@b", "<a@b", "\"a@b", "\"a\\", "", "a@b\x7f",
      std::string(255, 'x')};
  for (const std::string& mailbox : bad) {
    CAPTURE(mailbox);
    Script script;
    Mail mail;
    mail.recipients = {"b@y.org", mailbox};
    Mail sender;
    sender.reverse_path = mailbox.empty() ? "a@b>" : mailbox;
    script.Opening().Send(mail).Send(sender).Quit();
    const std::string events = script.Run();
    CHECK(events.rfind(kOpened + "NotSent 1009 RCPT ", 0) == 0);
    CHECK(events.find("\nNotSent 1009 MAIL ") != std::string::npos);
  }
  Script script;
  Mail mail;
  mail.reverse_path = "";
  mail.recipients = {"\"a b\\\"> \"@c"};
  script.Opening()
      .Send(mail)
      .Expect("MAIL FROM:<>")
      .Reply("250 ok")
      .Expect("RCPT TO:<\"a b\\\"> \"@c>")
      .Reply("250 ok");
  script.Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 5321 4.1.2: a backslash in a quoted local part lets no control through") {
  for (const char c : {'\r', '\n', '\0', '\x7f', '\x1b', '\t', '\x80'}) {
    CAPTURE(static_cast<int>(c));
    for (const char* rest : {"\"@y.org", "\nRCPT TO:<evil@z.org>\"@y.org", ""}) {
      const std::string mailbox = std::string("\"a\\") + c + rest;
      Script script;
      Mail mail;
      mail.recipients = {"b@y.org", mailbox};
      Mail sender;
      sender.reverse_path = mailbox;
      script.Opening("250 SMTPUTF8").Send(mail).Send(sender).Quit();
      CHECK(script.Run() == kOpened +
                                "NotSent 1009 RCPT unfinished quoted pair in mailbox\n"
                                "NotSent 1009 MAIL unfinished quoted pair in mailbox\nEnded\n");
    }
  }
}

TEST_CASE("RFC 5321 3.8: 421 at any step loses the connection; the message is returned, not refused") {
  const std::string lost = " 421 4.3.2 shutting down\n";
  const auto opened = [] {
    Script script;
    script.Opening().Send({});
    return script;
  };
  const char* const kBye = "421 4.3.2 shutting down";
  CHECK(opened().Expect("MAIL FROM:<a@x.org>").Reply(kBye).Run() ==
        kOpened + "Returned\nFailed 102 MAIL [MAIL FROM:<a@x.org>]" + lost);
  CHECK(opened().Expect("MAIL FROM:<a@x.org>").Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply(kBye).Run() ==
        kOpened + "Returned\nFailed 102 RCPT [RCPT TO:<b@y.org>]" + lost);
  CHECK(opened().Envelope().Expect("DATA").Reply(kBye).Run() ==
        kOpened + "RecipientAccepted 0\nReturned\nFailed 102 DATA [DATA]" + lost);
  CHECK(opened().Envelope().Content().Reply(kBye).Run() ==
        kOpened + "RecipientAccepted 0\nReturned\nFailed 102 end of content [.]" + lost);
}

TEST_CASE("Engine: the connection lost at each step; only content without its reply is in doubt") {
  const auto opened = [] {
    Script script;
    script.Opening().Send({});
    return script;
  };
  CHECK(Script().Close().Run() == "Failed 102 greeting\n");
  CHECK(Script().Server("220 hi").Expect("EHLO me.x.org").Close().Run() ==
        "Greeting 220 hi\nFailed 102 EHLO [EHLO me.x.org]\n");
  CHECK(opened().Expect("MAIL FROM:<a@x.org>").Close().Run() ==
        kOpened + "Returned\nFailed 102 MAIL [MAIL FROM:<a@x.org>]\n");
  CHECK(opened().Envelope().Expect("DATA").Close().Run() ==
        kOpened + "RecipientAccepted 0\nReturned\nFailed 102 DATA [DATA]\n");
  CHECK(opened().Envelope().Content().Close().Run() ==
        kOpened + "RecipientAccepted 0\nInDoubt\nFailed 102 end of content [.]\n");
  CHECK(opened().Envelope().Content().Reply("354 what?").Run() ==
        kOpened + "RecipientAccepted 0\nInDoubt\nFailed 1005 end of content [.] 354 what?\n");
  CHECK(opened().Envelope().Content().Reply("250 queued").Expect("QUIT").Close().Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("Engine: content not wholly sent is never in doubt") {
  const std::string_view text = "some text\r\n";
  for (std::size_t unsent = 0; unsent <= text.size() + 3; ++unsent) {
    CAPTURE(unsent);
    AfterGoAhead it(text);
    it.Drain();
    REQUIRE(it.engine.Output().size() == text.size() + 3);
    it.engine.Sent(it.engine.Output().size() - unsent, 0);
    it.engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
    CHECK(it.engine.Next(0).kind == (unsent == 0 ? smtpoll::EventKind::InDoubt : smtpoll::EventKind::Returned));
    CHECK(it.engine.Next(0).kind == smtpoll::EventKind::Failed);
    CHECK(it.engine.Next(0).kind == smtpoll::EventKind::None);
  }
}

TEST_CASE("Engine: a reply that no command has asked for is an error, never an answer") {
  CHECK(Script().Server("220 hi\r\n250 early").RunWhole() ==
        "Greeting 220 hi\nFailed 1005 EHLO [EHLO me.x.org] 250 early\n");
  Script idle;
  idle.Opening("250 ok\r\n421 4.4.2 idle");
  CHECK(idle.RunWhole() == kOpened + "Failed 102 idle 421 4.4.2 idle\n");
}

TEST_CASE("Engine: a refusal may overtake content, an acceptance may not") {
  const std::string content = std::string(8000, 'x') + "\r\n";
  AfterGoAhead refused(content);
  CHECK(refused.engine.Next(0).kind == smtpoll::EventKind::Chunk);
  refused.Feed("552 5.3.4 enough");
  const smtpoll::Event refusal = refused.engine.Next(0);
  REQUIRE(refusal.kind == smtpoll::EventKind::Refused);
  CHECK(refusal.error->reply_code == 552);
  CHECK(refused.engine.Next(0).kind == smtpoll::EventKind::MustReconnect);
  CHECK(refused.engine.IsOver());

  AfterGoAhead accepted(content);
  CHECK(accepted.engine.Next(0).kind == smtpoll::EventKind::Chunk);
  accepted.Feed("250 fine");
  CHECK(accepted.engine.Next(0).kind == smtpoll::EventKind::Returned);
  const smtpoll::Event failure = accepted.engine.Next(0);
  REQUIRE(failure.kind == smtpoll::EventKind::Failed);
  CHECK(failure.error->Code() == smtpoll::Errc::UnexpectedReply);
}

TEST_CASE("RFC 5321 4.2: what is no reply, and a reply that does not fit, end the session") {
  for (const char* bad :
       {"HTTP/1.1 400", "000 x", "999 x", "2x0 y", "25", "", "199 x", "560 x", "250_ok", "\x16\x03\x01"}) {
    CAPTURE(bad);
    CHECK(Script().Server(bad).Run() == "Failed 1002 greeting\n");
  }
  CHECK(Script().Server("220-a\r\n250 b").Run() == "Failed 1002 greeting\n");
  CHECK(Script().Server("220 " + std::string(1 << 20, 'x')).Run() == "Failed 1003 greeting\n");
  std::string lines;
  for (int i = 0; i < 100000; ++i) lines += "220-x\r\n";
  CHECK(Script().Server(lines).Run() == "Failed 1003 greeting\n");
}

TEST_CASE("RFC 5321 4.5.3.2: every wait has its time-out") {
  const auto opened = [] {
    Script script;
    script.Opening().Send({});
    return script;
  };
  constexpr smtpoll::Millis kMinute = 60 * 1000;
  CHECK(Script().Wait(5 * kMinute - 1).Run().empty());
  // The most frequent reason is a port that waits for TLS.
  CHECK(Script().Wait(5 * kMinute).Run() ==
        "Failed 1001 greeting where the port speaks TLS first, as 465 does, set SMTPConnectionType to SSLTLS\n");
  Script secured;
  secured.options.secured = true;
  CHECK(secured.Wait(5 * kMinute).Run() == "Failed 1001 greeting\n");
  CHECK(opened()
            .Expect("MAIL FROM:<a@x.org>")
            .Wait(5 * kMinute - 1)
            .Reply("250 ok")
            .Expect("RCPT TO:<b@y.org>")
            .Wait(5 * kMinute)
            .Run() == kOpened + "Returned\nFailed 1001 RCPT [RCPT TO:<b@y.org>]\n");
  CHECK(opened().Envelope().Expect("DATA").Wait(2 * kMinute).Run() ==
        kOpened + "RecipientAccepted 0\nReturned\nFailed 1001 DATA [DATA]\n");
  CHECK(opened().Envelope().Content().Wait(10 * kMinute - 1).Reply("250 queued").Quit().Run() ==
        kOpened + kSent + "Ended\n");
  CHECK(opened().Envelope().Content().Wait(10 * kMinute).Run() ==
        kOpened + "RecipientAccepted 0\nInDoubt\nFailed 1001 end of content [.]\n");
}

TEST_CASE("Engine: a time-out that no clock reaches is none") {
  Script script;
  smtpoll::Timeouts& all = script.options.timeouts;
  all.greeting = all.hello = all.mail = all.recipient = all.data = all.content_end = all.command = smtpoll::kNever;
  constexpr smtpoll::Millis kLong = smtpoll::kNever / 8;
  script.Wait(kLong).Server("220 hi").Expect("EHLO me.x.org").Wait(kLong).Reply("250 hi").Send({});
  script.Expect("MAIL FROM:<a@x.org>").Wait(kLong).Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("250 ok");
  script.Expect("DATA").Wait(kLong).Reply("354 go").Expect("Subject: hi").Expect("").Expect("body").Expect(".");
  script.Wait(kLong).Reply("250 queued").Quit();
  CHECK(script.Run() == "Greeting 220 hi\nHello\n" + kSent + "Ended\n");
}

TEST_CASE("RFC 4954 4: AUTH PLAIN with its initial response, the secret not in the transcript") {
  Script script;
  script.options.credentials = {"alice", "sesame"};
  script.options.secured = true;
  script.Opening("250 AUTH LOGIN PLAIN").Expect("AUTH PLAIN AGFsaWNlAHNlc2FtZQ==").Reply("235 2.7.0 welcome").Quit();
  CHECK(script.Run() == kOpened + "Authenticated\nEnded\n");
  CHECK(script.transcript.find("AGFsaWNl") == std::string::npos);
  CHECK(script.transcript.find("> AUTH PLAIN ****\n") != std::string::npos);
}

TEST_CASE("RFC 4954 4: AUTH LOGIN, asked step by step") {
  Script script;
  script.options.credentials = {"alice", "sesame"};
  script.options.secured = true;
  script.Opening("250 AUTH=LOGIN").Expect("AUTH LOGIN").Reply("334 VXNlcm5hbWU6").Expect("YWxpY2U=");
  script.Reply("334 UGFzc3dvcmQ6").Expect("c2VzYW1l").Reply("235 welcome").Quit();
  CHECK(script.Run() == kOpened + "Authenticated\nEnded\n");
  CHECK(script.transcript.find("c2VzYW1l") == std::string::npos);
}

TEST_CASE("RFC 4954 4: credentials refused, a mechanism that is not there after all, one challenge too many") {
  Script refused;
  refused.options.credentials = {"alice", "sesame"};
  refused.options.secured = true;
  refused.Opening("250 AUTH PLAIN").Expect("AUTH PLAIN AGFsaWNlAHNlc2FtZQ==").Reply("535 5.7.8 no").Expect("QUIT");
  CHECK(refused.Run() == kOpened + "Failed 1008 authentication [AUTH PLAIN] 535 5.7.8 no\n");

  Script next;
  next.options.credentials = {"alice", "sesame"};
  next.options.secured = true;
  next.Opening("250 AUTH PLAIN LOGIN").Expect("AUTH PLAIN AGFsaWNlAHNlc2FtZQ==").Reply("504 no").Expect("AUTH LOGIN");
  next.Reply("334 u").Expect("YWxpY2U=").Reply("334 p").Expect("c2VzYW1l").Reply("334 more?").Expect("*");
  next.Reply("501 cancelled").Expect("QUIT");
  CHECK(next.Run() == kOpened + "Failed 1008 authentication [AUTH LOGIN] 501 cancelled\n");
}

TEST_CASE("Engine: credentials stay off a plain wire unless that is allowed by name") {
  Script script;
  script.options.credentials = {"alice", "sesame"};
  script.Opening("250 AUTH PLAIN").Expect("QUIT");
  CHECK(script.Run() == kOpened + "Failed 1006 authentication encrypt the connection or allow it by name\n");

  Script allowed;
  allowed.options.credentials = {"alice", "sesame"};
  allowed.options.allow_plaintext_credentials = true;
  allowed.Opening("250 AUTH PLAIN").Expect("AUTH PLAIN AGFsaWNlAHNlc2FtZQ==").Reply("235 hi").Quit();
  CHECK(allowed.Run() == kOpened + "Authenticated\nEnded\n");

  Script none;
  none.options.credentials = {"alice", "sesame"};
  none.options.secured = true;
  none.Opening("250 AUTH GSSAPI").Expect("QUIT");
  CHECK(none.Run() == kOpened + "Failed 1007 authentication use its port for submission (587, 465), or no UserName\n");
}

TEST_CASE("Engine: a cancelled message is refused locally, its chunk does not go, the wire is given up") {
  AfterGoAhead it(std::string_view("Subject: hi\r\n\r\nbody\r\n"));
  const smtpoll::Event chunk = it.engine.Next(0);
  REQUIRE(chunk.kind == smtpoll::EventKind::Chunk);
  CHECK(chunk.left == 21);
  CHECK(chunk.chunk == 21);
  it.engine.Cancel();
  CHECK(it.engine.Output().empty());
  const smtpoll::Event refusal = it.engine.Next(0);
  REQUIRE(refusal.kind == smtpoll::EventKind::Refused);
  CHECK(refusal.error->Code() == smtpoll::Errc::Cancelled);
  CHECK(it.engine.Next(0).kind == smtpoll::EventKind::MustReconnect);
  CHECK(it.engine.IsOver());
}

namespace {
class OddSource final : public smtpoll::Source {
 public:
  smtpoll::SourceResult Read(char* into, std::size_t) override {
    ++reads;
    if (reads == 1) return {0, smtpoll::SourceStatus::Again};
    *into = 'x';
    if (reads == 2) return {1, smtpoll::SourceStatus::More};
    return {0, smtpoll::SourceStatus::Failed};
  }
  bool Rewind() override { return false; }
  std::uint64_t Size() const override { return smtpoll::kUnknownSize; }
  std::string_view Failure() const override { return "disk on fire"; }
  int reads = 0;
};
}  // namespace

TEST_CASE("Engine: a source that has nothing now is asked again; one that breaks never ends the content") {
  AfterGoAhead it("");
  it.engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
  it.Drain();
  OddSource odd;
  smtpoll::SessionOptions options;
  options.client_name = "me";
  it.engine.Start(options, 0);
  for (const char* reply : {"220 hi", "250-ok\r\n250 SIZE 10", "250 ok", "250 ok", "354 go"}) {
    it.Feed(reply);
    it.Drain();
    if (it.engine.Idle()) {
      CHECK_FALSE(it.engine.Send(it.envelope, odd, 0));
      it.Drain();
    }
    CHECK(std::string_view(it.engine.Output().data(), it.engine.Output().size()).find("SIZE") ==
          std::string_view::npos);
    it.engine.Sent(it.engine.Output().size(), 0);
  }
  CHECK(odd.reads == 1);
  CHECK(it.engine.WaitsForSource());
  const smtpoll::Event refusal = it.engine.Next(0);
  REQUIRE(refusal.kind == smtpoll::EventKind::Refused);
  CHECK(refusal.error->Code() == smtpoll::Errc::SourceFailed);
  CHECK(refusal.error->text.View() == "disk on fire");
  CHECK(it.engine.Output().empty());
  CHECK(it.engine.Next(0).kind == smtpoll::EventKind::MustReconnect);
}

TEST_CASE("RFC 5321 4.1.1.6 to 4.1.1.9: VRFY, EXPN, HELP and NOOP on an idle session") {
  Script script;
  script.commands = {"NOOP", "VRFY bob", "HELP"};
  script.Opening().Send({}).Expect("NOOP").Reply("250 ok").Expect("VRFY bob").Reply("550 5.1.1 who?");
  script.Expect("HELP").Reply("214-read\r\n214 the RFC").Envelope().Content().Reply("250 queued").Quit();
  CHECK(script.Run() ==
        kOpened + "CommandReply 250 ok\nCommandReply 550 who?\nCommandReply 214 read\nthe RFC\n" + kSent + "Ended\n");

  AfterGoAhead busy("x");
  CHECK_FALSE(busy.engine.Command("NOOP", 0));
  busy.Drain();
  busy.engine.Sent(busy.engine.Output().size(), 0);
  busy.Feed("250 ok");
  busy.Drain();
  REQUIRE(busy.engine.Idle());
  // RFC 5321 4.5.3.1.4: a command line has at most 512 octets.
  for (const std::string& bad : {std::string(), std::string(511, 'x'), std::string("NOOP\r\nRSET")})
    CHECK_FALSE(busy.engine.Command(bad, 0));
  CHECK(busy.engine.Output().empty());
  CHECK(busy.engine.Command(std::string(510, 'x'), 0));
  Script bye;
  bye.commands = {"NOOP"};
  bye.Opening().Expect("NOOP").Reply("421 4.3.2 bye");
  CHECK(bye.Run() == kOpened + "Failed 102 command 421 4.3.2 bye\n");
}
