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
