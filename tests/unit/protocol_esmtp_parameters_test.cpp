#include "smtpoll/protocol/esmtp_parameters.hpp"

#include "dialogue.hpp"

using dialogue::Mail;
using dialogue::Script;

namespace {
const std::string kOpened = "Greeting 220 mx.y.org ESMTP\nHello\n";
const std::string kSent = "RecipientAccepted 0\nAccepted 250 queued\n";
}  // namespace

namespace {
Mail MailWithOptions() {
  Mail mail;
  mail.notify = smtpoll::DsnNotify::Success | smtpoll::DsnNotify::Delay;
  mail.original_recipient = "b+tag=1@y.org";
  mail.envelope_id = "id 1";
  mail.options.dsn_return = smtpoll::DsnReturn::Headers;
  mail.options.has_priority = true;
  mail.options.priority = -3;
  mail.options.deliver_by_mode = smtpoll::DeliverByMode::Notify;
  mail.options.deliver_by_seconds = -120;
  mail.options.deliver_by_trace = true;
  mail.options.hold_for_seconds = 3600;
  return mail;
}
}  // namespace

TEST_CASE("RFC 3461, 6710, 2852 and 4865: the options of a message and a recipient become parameters") {
  Script script;
  script.Opening("250-DSN\r\n250-MT-PRIORITY\r\n250-DELIVERBY\r\n250 FUTURERELEASE 86400 0").Send(MailWithOptions());
  script.Expect("MAIL FROM:<a@x.org> RET=HDRS ENVID=id+201 MT-PRIORITY=-3 BY=-120;NT HOLDFOR=3600").Reply("250 ok");
  script.Expect("RCPT TO:<b@y.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Btag+3D1@y.org").Reply("250 ok");
  script.Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 2852 4: BY says whether a late message is returned or told of, and no T where no trace is asked for") {
  const struct {
    smtpoll::DeliverByMode mode;
    bool trace;
    const char* text;
  } ways[] = {{smtpoll::DeliverByMode::Return, false, "120;R"},
              {smtpoll::DeliverByMode::Return, true, "120;RT"},
              {smtpoll::DeliverByMode::Notify, false, "120;N"},
              {smtpoll::DeliverByMode::Notify, true, "120;NT"}};
  for (const auto& way : ways) {
    Mail mail;
    mail.options.deliver_by_mode = way.mode;
    mail.options.deliver_by_seconds = 120;
    mail.options.deliver_by_trace = way.trace;
    Script script;
    script.Opening("250 DELIVERBY").Send(mail).Expect("MAIL FROM:<a@x.org> BY=" + std::string(way.text));
    script.Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("250 ok").Content().Reply("250 queued").Quit();
    CHECK(script.Run() == kOpened + kSent + "Ended\n");
  }
}

TEST_CASE("RFC 4865 3: HOLDUNTIL names a time in UTC, and not beside HOLDFOR") {
  smtpoll::Envelope envelope;
  const auto server = smtpoll::Capabilities::FromReplyText("x\nFUTURERELEASE 86400 2026-11-25T10:00:00Z");
  const struct {
    std::int64_t time;
    const char* text;
  } times[] = {{1, " HOLDUNTIL=1970-01-01T00:00:01Z"},
               {1795514400, " HOLDUNTIL=2026-11-24T10:00:00Z"},
               {951782399, " HOLDUNTIL=2000-02-28T23:59:59Z"},
               {253402300799, " HOLDUNTIL=9999-12-31T23:59:59Z"}};
  for (const auto& one : times) {
    envelope.options.hold_until = one.time;
    CHECK(smtpoll::detail::OptionsFault(envelope) == nullptr);
    CHECK(smtpoll::detail::MailParameters(envelope, smtpoll::kUnknownSize, server).View() == one.text);
  }
  CHECK(smtpoll::detail::FirstUnoffered(envelope, smtpoll::Capabilities()) != nullptr);
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{253402300800}}) {
    envelope.options.hold_until = bad;
    CHECK(smtpoll::detail::OptionsFault(envelope) != nullptr);
  }
  envelope.options.hold_until = 1;
  envelope.options.hold_for_seconds = 1;
  CHECK(smtpoll::detail::OptionsFault(envelope) != nullptr);
}

TEST_CASE("An option that the server does not offer refuses the message, or is dropped where the caller said so") {
  Script refused;
  refused.Opening("250-DSN\r\n250 MT-PRIORITY").Send(MailWithOptions()).Quit();
  CHECK(refused.Run() == kOpened + "NotSent 1011 MAIL the message asks for DELIVERBY\nEnded\n");
  Script dropped;
  Mail mail = MailWithOptions();
  mail.options.unoffered = smtpoll::Unoffered::Drop;
  dropped.Opening("250 MT-PRIORITY").Send(mail).Expect("MAIL FROM:<a@x.org> MT-PRIORITY=-3").Reply("250 ok");
  dropped.Expect("RCPT TO:<b@y.org>").Reply("250 ok").Content().Reply("250 queued").Quit();
  CHECK(dropped.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("An option alone that the server does not offer is told by its name, or left out of its command") {
  std::vector<Mail> mails(3);
  mails[0].options.has_priority = true;
  mails[1].options.hold_until = 1795514400;
  mails[2].original_recipient = "b@z.org";
  const char* const names[] = {"MT-PRIORITY", "FUTURERELEASE", "DSN"};
  for (std::size_t i = 0; i < mails.size(); ++i) {
    Script refused;
    refused.Opening("250 8BITMIME").Send(mails[i]).Quit();
    CHECK(refused.Run() == kOpened + "NotSent 1011 MAIL the message asks for " + names[i] + "\nEnded\n");
    mails[i].options.unoffered = smtpoll::Unoffered::Drop;
    Script dropped;
    dropped.Opening("250 8BITMIME").Send(mails[i]).Envelope().Content().Reply("250 queued").Quit();
    CHECK(dropped.Run() == kOpened + kSent + "Ended\n");
  }
}

TEST_CASE("RFC 8689 4.2.1: REQUIRETLS goes only over verified TLS to a server that offers it") {
  Mail mail;
  mail.options.tls_required = smtpoll::TlsRequired::Yes;
  Script script;
  script.options.secured = true;
  script.Opening("250 REQUIRETLS").Send(mail).Expect("MAIL FROM:<a@x.org> REQUIRETLS").Reply("250 ok");
  script.Expect("RCPT TO:<b@y.org>").Reply("250 ok").Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}

TEST_CASE("RFC 8689 4.2.1: elsewhere it is refused before a byte is sent, and never goes without") {
  Mail mail;
  mail.options.tls_required = smtpoll::TlsRequired::Yes;
  for (const bool drops : {false, true}) {
    if (drops) mail.options.unoffered = smtpoll::Unoffered::Drop;
    Script not_offered;
    not_offered.options.secured = true;
    not_offered.Opening("250 SIZE").Send(mail).Quit();
    CHECK(not_offered.Run() == kOpened + "NotSent 1011 MAIL the message asks for REQUIRETLS\nEnded\n");
    for (const bool secured : {false, true}) {
      Script unsafe;
      unsafe.options.secured = secured;
      unsafe.options.server_verified = !secured;
      unsafe.Opening("250 REQUIRETLS").Send(mail).Quit();
      CHECK(unsafe.Run() ==
            kOpened +
                "NotSent 1011 MAIL the message asks for REQUIRETLS, but this connection is not encrypted "
                "and verified\nEnded\n");
    }
  }
}

TEST_CASE("RFC 3461 4 and others: an option that breaks its own rule is refused before a byte is sent") {
  std::vector<Mail> bad(11, MailWithOptions());
  bad[0].options.priority = 10;
  bad[1].options.hold_for_seconds = 1000000000;
  bad[2].options.deliver_by_seconds = 1000000000;
  bad[3].options.deliver_by_mode = smtpoll::DeliverByMode::Return;
  bad[4].envelope_id = std::string(101, 'x');
  bad[5].envelope_id = "a\r\nb";
  bad[6].notify = smtpoll::DsnNotify::Never | smtpoll::DsnNotify::Success;
  bad[7].original_recipient = std::string(494, 'x');
  bad[8].original_recipient = "j\xc3\xb6rg";
  bad[9].options.priority = -10;
  bad[10].options.deliver_by_seconds = -1000000000;
  Script script;
  script.Opening();
  for (const Mail& mail : bad) script.Send(mail);
  script.Quit();
  const std::string events = script.Run();
  std::size_t refusals = 0;
  for (std::size_t at = events.find("NotSent 1009 MAIL"); at != std::string::npos;
       at = events.find("NotSent 1009 MAIL", at + 1))
    ++refusals;
  CHECK(refusals == bad.size());
}

TEST_CASE("RFC 3461 4.2: the longest command of all fits the smallest output buffer") {
  Script script;
  script.output_size = 1024;
  Mail mail;
  mail.recipients = {std::string(64, 'l') + "@" + std::string(189, 'd')};
  mail.original_recipient = std::string(493, 'o');
  mail.notify = smtpoll::DsnNotify::Success | smtpoll::DsnNotify::Failure | smtpoll::DsnNotify::Delay;
  script.Opening("250 DSN").Send(mail).Expect("MAIL FROM:<a@x.org>").Reply("250 ok");
  script.Expect("RCPT TO:<" + mail.recipients[0] + "> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;" +
                mail.original_recipient);
  script.Reply("250 ok").Content().Reply("250 queued").Quit();
  CHECK(script.Run() == kOpened + kSent + "Ended\n");
}
