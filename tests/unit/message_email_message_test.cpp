#include "smtpoll/message/email_message.hpp"

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include "smtpoll/message/message_check.hpp"

using smtpoll::EmailMessage;

static_assert(std::is_nothrow_move_constructible_v<EmailMessage>, "a queue moves its messages");

namespace {

EmailMessage Mail() {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.ToAddress = "bob@y.org";
  return mail;
}

std::string Fault(const EmailMessage& mail) { return std::string(smtpoll::detail::CheckMessage(mail).text.View()); }

}  // namespace

TEST_CASE("EmailMessage.AddRecipient, AddCCRecipient, AddBCCRecipient") {
  EmailMessage mail;
  mail.AddRecipient("a@b");
  mail.AddRecipient("\"C, D\" <c@d>");
  mail.AddCCRecipient("e@f");
  mail.AddBCCRecipient("g@h");
  mail.AddBCCRecipient("i@j");
  CHECK(mail.ToAddress == "a@b, \"C, D\" <c@d>");
  CHECK(mail.CCAddress == "e@f");
  CHECK(mail.BCCAddress == "g@h, i@j");
}

TEST_CASE("EmailMessage.Attachments") {
  EmailMessage mail;
  smtpoll::EmailAttachment attachment;
  attachment.Name = "one";
  mail.Attachments.Append(attachment);
  mail.Attachments.Add(attachment);
  CHECK(mail.Attachments.Count() == 2);
  mail.Attachments.Remove(0);
  CHECK(mail.Attachments[0].Name == "one");
}

TEST_CASE("EmailMessage.Check names the field, the column and the reason") {
  CHECK(Fault(Mail()).empty());
  EmailMessage mail = Mail();
  mail.FromAddress = "";
  CHECK(Fault(mail) == "FromAddress: an address is missing");
  mail = Mail();
  mail.CCAddress = "a@b, bob";
  CHECK(Fault(mail) == "CCAddress, column 9: @ is missing");
  mail = Mail();
  mail.Headers.AppendHeader("X-Test", "a\nb");
  CHECK(Fault(mail) == "X-Test, column 2: a line break or another control character");
}

TEST_CASE("Header injection: no field of the API takes CR, LF or NUL, wherever it stands") {
  std::size_t tries = 0;
  for (const std::string& bad : {std::string("\r\n"), std::string("\r"), std::string("\n"), std::string("\0", 1),
                                 std::string("\r\nBcc: evil@z.org\r\n"), std::string("\n\nbody")}) {
    for (const std::size_t at : {0u, 1u, 5u}) {
      const auto with = [&](std::string value) { return value.insert(at, bad); };
      std::vector<EmailMessage> mails(9, Mail());
      mails[0].FromAddress = with("alice@x.org");
      mails[1].ToAddress = with("bob@y.org, carol@y.org");
      mails[2].CCAddress = with("\"Bob B\" <bob@y.org>");
      mails[3].BCCAddress = with("bob@y.org");
      mails[4].Subject = with("hello world");
      mails[5].Headers.AppendHeader("X-Test", with("a value"));
      mails[6].Headers.AppendHeader(with("X-Test"), "a value");
      smtpoll::EmailAttachment attachment;
      attachment.Name = with("name.txt");
      mails[7].Attachments.Append(attachment);
      attachment.Name = "name.txt";
      attachment.MIMEType = with("text/plain");
      mails[8].Attachments.Append(attachment);
      for (const EmailMessage& mail : mails) {
        CHECK(mail.Check());
        ++tries;
      }
    }
  }
  CHECK(tries == 162);
}

TEST_CASE("EmailMessage.Check: a header's name is one printable word") {
  for (const char* name : {"", "a b", "a:", "caf\xc3\xa9"}) {
    EmailMessage mail = Mail();
    mail.Headers.AppendHeader(name, "x");
    CHECK(mail.Check());
  }
}

TEST_CASE("EmailMessage.Check: text that is no UTF-8 is refused, not guessed at") {
  for (std::string EmailMessage::*field :
       {&EmailMessage::Subject, &EmailMessage::BodyPlainText, &EmailMessage::BodyHTML, &EmailMessage::BodyEnriched}) {
    EmailMessage mail = Mail();
    mail.*field = "caf\xe9";
    CHECK(Fault(mail).find("column 4: no valid UTF-8") != std::string::npos);
  }
}

TEST_CASE("RFC 6531 3.4: an address in UTF-8 needs SMTPUTF8, a name does not") {
  EmailMessage mail = Mail();
  mail.ToAddress = "Zo\xc3\xab <zoe@y.org>";
  CHECK_FALSE(mail.NeedsSmtpUtf8());
  mail.BCCAddress = "zo\xc3\xab@y.org";
  CHECK(mail.NeedsSmtpUtf8());
}
