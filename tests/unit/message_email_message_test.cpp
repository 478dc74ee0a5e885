#include "smtpoll/message/email_message.hpp"

#include <doctest/doctest.h>

#include <cstdio>
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

std::string Fault(const EmailMessage& mail) { return std::string(smtpoll::detail::AsError(mail.Fault()).text.View()); }

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

TEST_CASE("EmailMessage.Fault names the field, the column and the reason") {
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
    for (const std::size_t at : {0u, 1u, 2u, 3u, 5u, 6u}) {
      const auto with = [&](std::string value) { return value.insert(at, bad); };
      std::vector<EmailMessage> mails(12, Mail());
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
      attachment.MIMEType = "text/plain";
      attachment.InlineContentID = with("cid@x.org");
      mails[9].Attachments.Append(attachment);
      mails[10].ReversePath = with("alice@x.org");
      mails[11].CalendarMethod = with("REQUEST");
      for (const EmailMessage& mail : mails) {
        CHECK(mail.Fault());
        ++tries;
      }
    }
  }
  CHECK(tries == 432);
}

TEST_CASE("EmailMessage.Fault: a header's name is one printable word that leaves room for its value") {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a:"), std::string("caf\xc3\xa9"), std::string(77, 'x')}) {
    EmailMessage mail = Mail();
    mail.Headers.AppendHeader(name, "x");
    CHECK(mail.Fault());
  }
}

TEST_CASE("EmailMessage.Fault: text that is no UTF-8 is refused, not guessed at") {
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

TEST_CASE("RFC 6531 3.4: so does an address in any field, and the header of a ready-made message") {
  EmailMessage mail = Mail();
  mail.Headers.AppendHeader("Reply-To", "Zo\xc3\xab <zoe@y.org>");
  CHECK_FALSE(mail.NeedsSmtpUtf8());
  mail.Headers.SetHeader("Reply-To", "zo\xc3\xab@y.org");
  CHECK(mail.NeedsSmtpUtf8());
  mail = Mail();
  mail.ReversePath = "zo\xc3\xab@y.org";
  CHECK(mail.NeedsSmtpUtf8());
  mail = Mail();
  mail.Source = "A: b\r\n\r\ncaf\xc3\xa9\r\n";
  CHECK_FALSE(mail.NeedsSmtpUtf8());
  mail.Source = "A: caf\xc3\xa9\n\nbody\n";
  CHECK(mail.NeedsSmtpUtf8());
}

TEST_CASE("RFC 5890 2.3.1: a domain that is too long in ASCII is refused with its column") {
  EmailMessage mail = Mail();
  std::string label;  // 20 characters far apart
  for (unsigned i = 0; i < 20; ++i)
    label.append({static_cast<char>(0xe4 + i % 5), static_cast<char>(0x80 + 7 * i % 64), static_cast<char>(0x80 + i)});
  mail.ToAddress = "Bob <bob@" + label + ".org>";
  CHECK(Fault(mail) == "ToAddress, column 10: a label of the domain is longer than 63 octets");
}

TEST_CASE("RFC 1035 2.3.4: a domain of labels that fit is refused where it has more than 255 octets in ASCII only") {
  EmailMessage mail = Mail();
  std::string domain = "x";
  for (int i = 0; i < 25; ++i) domain += ".\xc3\xa4";  // 3 octets each, and xn--4ca with its dot 8 in ASCII
  mail.ToAddress = "bob@" + domain;
  CHECK(Fault(mail) == "");
  for (int i = 25; i < 33; ++i) domain += ".\xc3\xa4";
  mail.ToAddress = "bob@" + domain;
  CHECK(Fault(mail) == "ToAddress, column 5: the domain is longer than 255 octets");
}

TEST_CASE("EmailMessage.Fault: a METHOD may have hyphens, a content identifier no angle brackets") {
  EmailMessage mail = Mail();
  mail.CalendarMethod = "X-MY-METHOD";
  CHECK(Fault(mail) == "");
  mail.CalendarMethod = "A;B";
  CHECK(Fault(mail) == "CalendarMethod: a METHOD is one word");
  smtpoll::EmailAttachment attachment;
  for (const char* bad : {"<a@x.org>", "a<@x.org", "a>@x.org", "a @x.org"}) {
    attachment.InlineContentID = bad;
    mail = Mail();
    mail.Attachments.Append(attachment);
    CHECK(Fault(mail) == "Attachments: a bad character in an InlineContentID");
  }
}

TEST_CASE("EmailMessage.Fault: a file that is not there any more, an encoding that does not exist") {
  EmailMessage mail = Mail();
  smtpoll::EmailAttachment attachment;
  attachment.ContentEncoding = "uuencode";
  mail.Attachments.Append(attachment);
  CHECK(Fault(mail) == "Attachments: there is no such ContentEncoding");
  const std::string path = "./smtpoll-gone-" + std::to_string(reinterpret_cast<std::uintptr_t>(&mail));
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  std::fclose(file);
  attachment = {};
  REQUIRE(attachment.LoadFromFile(path));
  mail.Attachments[0] = attachment;
  CHECK(Fault(mail).empty());
  std::remove(path.c_str());
  CHECK(Fault(mail) == "Attachments: a file cannot be opened");
}

TEST_CASE("EmailMessage.Fault: fields of identifiers hold printable ASCII in words that fit a line") {
  for (const std::string& bad : {std::string("<\xc3\xa9@x.org>"), std::string("\t<a@b>"), std::string(951, 'x')}) {
    EmailMessage mail = Mail();
    mail.SetInReplyTo(bad, "");
    CHECK(Fault(mail).find("In-Reply-To, column ") == 0);
  }
  EmailMessage mail = Mail();
  mail.SetListUnsubscribe("https://x.org/" + std::string(936, 'u'), true);
  CHECK(Fault(mail).find("List-Unsubscribe, column 951") == 0);
}

namespace {
/// The findings as `field: what` lines; ! before those that block.
std::string Findings(const EmailMessage& mail) {
  std::string text;
  for (const smtpoll::MessageFinding& one : mail.Check()) {
    CHECK_FALSE(one.mend.empty());
    text += (one.blocks ? "!" : "") + one.field + ": " + one.what + "\n";
  }
  return text;
}
}  // namespace

TEST_CASE("EmailMessage.Check lists what a receiver would hold against the message") {
  EmailMessage good = Mail();
  good.Subject = "hi";
  good.BodyPlainText = "text";
  CHECK(Findings(good).empty());

  EmailMessage mail;
  CHECK(Findings(mail) ==
        "!FromAddress: an address is missing\n!ToAddress: there is no recipient\nToAddress: no recipient is visible\n"
        "Subject: it is empty\nBodyPlainText: the message is empty\n");
  mail = good;
  mail.BodyPlainText = "";
  mail.BodyHTML = "<p>hi</p>";
  CHECK(Findings(mail) == "BodyPlainText: HTML without plain text\n");
  mail = good;
  mail.FromAddress = "a@x.org, b@x.org";
  mail.Headers.AppendHeader("References", "nonsense");
  mail.Headers.AppendHeader("Date", "one");
  mail.Headers.AppendHeader("Date", "two");
  mail.Headers.AppendHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  CHECK(Findings(mail) ==
        "FromAddress: several authors and no Sender\nReferences: it is no message identifier\n"
        "List-Unsubscribe-Post: it stands without List-Unsubscribe\nDate: it stands more than once\n");
  mail = good;
  smtpoll::EmailAttachment attachment;
  attachment.Name = "setup.EXE";
  mail.Attachments.Append(attachment);
  attachment.Name = "logo.png";
  attachment.InlineContentID = "logo";
  mail.Attachments.Append(attachment);
  CHECK(Findings(mail) ==
        "Attachments: many receivers refuse this kind of file\nAttachments: BodyHTML does not show an inline "
        "attachment\n");
  mail = good;
  mail.Headers.AppendHeader("Date", " ");
  mail.RecipientOptions.push_back({"someone@else.org", smtpoll::DsnNotify::Never, ""});
  mail.BodyPlainText = std::string(1000, 'x') + std::string(1, '\0');
  attachment = {};
  attachment.Name = "big.bin";
  attachment.LoadFromCallback(nullptr, 30000000);
  attachment.Data = "x";
  mail.Attachments.Append(attachment);
  CHECK(Findings(mail) ==
        "Date: it is empty\nRecipientOptions: one names no recipient\nBody: a line is longer than 900 bytes\n"
        "Body: it holds a NUL\n");
  attachment.LoadFromCallback([](char*, std::size_t) { return smtpoll::SourceResult(); }, 30000000);
  mail = good;
  mail.Attachments.Append(attachment);
  mail.ToAddress = "zo\xc3\xab@y.org";
  CHECK(Findings(mail) ==
        "FromAddress: an address needs SMTPUTF8\nAttachments: together they are larger than most servers take\n");
  mail = good;
  mail.Headers.AppendHeader("Message-ID", "<a@b>");
  mail.Headers.AppendHeader("References", "<a@b> <c@d>");
  CHECK(Findings(mail) == "");
  for (const char* bad : {"<a@b> nonsense", "<a@b", "<ab>", "<@b>", "<a@>", "<a>@b"}) {
    CAPTURE(bad);
    mail.Headers.SetHeader("References", bad);
    CHECK(Findings(mail) == "References: it is no message identifier\n");
  }
  mail = good;
  mail.Subject = std::string(201, 's');
  attachment = {};
  attachment.Data = "x";
  mail.Attachments.Append(attachment);
  mail.ToAddress.clear();
  for (int i = 0; i < 101; ++i) mail.AddRecipient("r" + std::to_string(i) + "@y.org");
  CHECK(Findings(mail) ==
        "ToAddress: more than 100 visible recipients\nSubject: it is longer than 200 bytes\n"
        "Attachments: one has no Name\n");
  mail = good;
  mail.Headers.AppendHeader("List-Unsubscribe", "<mailto:x@y.org>");
  mail.Headers.AppendHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  mail.Headers.AppendHeader("Sender", "a@x.org");
  mail.FromAddress = "a@x.org, b@x.org";
  mail.BodyHTML = "<img src=\"cid:logo\">";
  attachment.Name = "logo";
  attachment.InlineContentID = "logo";
  mail.Attachments.Append(attachment);
  mail.RecipientOptions.push_back({mail.ToAddress, smtpoll::DsnNotify::Never, ""});
  CHECK(Findings(mail) == "");
  mail = good;
  mail.Source = "From: a@b\r\nDate: x\r\nMessage-ID: <a@b>\r\nSubject: caf\xc3\xa9\r\n";
  CHECK(Findings(mail) ==
        "Source: the ready-made message has no empty line\nSource: its header has bytes that are not ASCII\n");
  mail.Source = "From: a@b\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\n" + std::string(999, 'x') + "\ny";
  CHECK(Findings(mail) == "Source: a line is longer than 998 bytes\nSource: a CR or LF stands alone\n");
  mail.Source = std::string("From: a@b\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\na\0b", 44);
  CHECK(Findings(mail) == "!Source: a NUL\n");
  mail = good;
  mail.Source = "From: a@b\r\nSubject: x\r\n\r\nDate: in the body\r\n";
  CHECK(Findings(mail) ==
        "Date: the ready-made message lacks this field\nMessage-ID: the ready-made message lacks this field\n");
}

TEST_CASE("EmailMessage.Check holds nothing against what is said in another place") {
  EmailMessage mail = Mail();
  mail.Headers.SetHeader("Subject", "hi");
  mail.BodyEnriched = "<bold>text</bold>";
  CHECK(Findings(mail) == "");
  mail.BodyEnriched.clear();
  mail.BodyCalendar = "BEGIN:VCALENDAR\r\n";
  mail.CalendarMethod = "X-MY-METHOD";
  CHECK(Findings(mail) == "");
  mail.BodyCalendar.clear();
  smtpoll::EmailAttachment attachment;
  attachment.Name = "endless.bin";
  attachment.LoadFromCallback([](char*, std::size_t) { return smtpoll::SourceResult(); }, smtpoll::kUnknownSize);
  mail.Attachments.Append(attachment);
  CHECK(Findings(mail) == "");
  mail.BodyHTML = "<img src=\"cid:logo@x.org\">";
  mail.BodyPlainText = "a picture";
  attachment = {};
  attachment.Data = "x";
  attachment.InlineContentID = "logo@x.org";
  mail.Attachments.Append(attachment);
  CHECK(Findings(mail) == "");
}

TEST_CASE("EmailMessage.Check: a ready-made message with lone CR or LF, and one that is cut off") {
  const std::string header = "From: a@b\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\n";
  EmailMessage mail = Mail();
  for (const char* body : {"", "a\r\nb", "\r\n\r\n"}) {
    mail.Source = header + body;
    CHECK(Findings(mail) == "");
  }
  for (const char* body : {"a\rb\r\n", "a\r\r\n", "a\r", "a\n", "\n"}) {
    mail.Source = header + body;
    CHECK(Findings(mail) == "Source: a CR or LF stands alone\n");
  }
  mail.Source = "\nFrom: in the body";
  CHECK(Findings(mail) ==
        "From: the ready-made message lacks this field\nDate: the ready-made message lacks this field\n"
        "Message-ID: the ready-made message lacks this field\nSource: a CR or LF stands alone\n");
  mail.Source = "Date: x\r\nMessage-ID: <a@b>\r\nFrom: a@b";
  CHECK(Findings(mail) == "Source: the ready-made message has no empty line\n");
  mail.Source = "Date: x\r\nMessage-ID: <a@b>\r\nX: y";
  CHECK(Findings(mail) ==
        "From: the ready-made message lacks this field\nSource: the ready-made message has no empty line\n");
}

TEST_CASE("EmailMessage.AddInline makes a content identifier for the HTML to use") {
  EmailMessage mail = Mail();
  smtpoll::EmailAttachment logo;
  logo.Name = "logo.png";
  const std::string one = mail.AddInline(logo), two = mail.AddInline(logo);
  CHECK(one != two);
  CHECK(mail.Attachments[1].InlineContentID == two);
  EmailMessage other = Mail();
  CHECK(other.AddInline(logo) != one);
  CHECK_FALSE(mail.Fault());
  logo.InlineContentID = "mine@x.org";
  CHECK(mail.AddInline(logo) == "mine@x.org");
}

TEST_CASE("RFC 2369, 8058, 3834 and 5322 3.6.4: the headers that have a function") {
  EmailMessage mail = Mail();
  mail.SetListUnsubscribe("https://x.org/u?1", true);
  mail.SetAutoSubmitted("auto-generated");
  mail.SetInReplyTo("<2@x.org>", "<1@x.org>");
  mail.SetPriority(smtpoll::MessagePriority::High);
  CHECK(mail.Headers.Source() ==
        "List-Unsubscribe: <https://x.org/u?1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "Auto-Submitted: auto-generated\r\nIn-Reply-To: <2@x.org>\r\nReferences: <1@x.org> <2@x.org>\r\n"
        "X-Priority: 1 (Highest)\r\nImportance: high\r\n");
  mail.SetPriority(smtpoll::MessagePriority::Normal);
  mail.SetListUnsubscribe("mailto:u@x.org", false);
  CHECK_FALSE(mail.Headers.Has("Importance"));
  CHECK_FALSE(mail.Headers.Has("List-Unsubscribe-Post"));
}
