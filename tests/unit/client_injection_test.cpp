// Tries to break out of every field of a message, on its whole way to the wire. A server that takes every command that
// it is given writes down what came: whatever a value holds, the commands are ours, and the header has our fields only.
#include "smtpoll/client/session.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "memory_wire.hpp"

namespace {

/// Takes all there is and answers at once; what it saw is in `seen`.
class Recorder : public MemoryWire {
 public:
  struct Seen {
    std::vector<std::string> commands;
    std::string content;
  };
  static Seen seen;

  smtpoll::IoResult Read(char* into, std::size_t room) { return Give(replies_, into, room); }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) Take(bytes[i]);
    return smtpoll::IoResult::Ok(size);
  }

 private:
  void Take(char c) {
    line_ += c;
    if (c != '\n') return;
    if (content_) {
      content_ = line_ != ".\r\n";
      if (content_) seen.content += line_;
      if (!content_) replies_ += "250 taken\r\n";
    } else {
      seen.commands.push_back(line_.substr(0, line_.find_first_of(" :\r\n")));
      content_ = seen.commands.back() == "DATA";
      replies_ += seen.commands.back() == "EHLO" ? "250-x\r\n250-DSN\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
                  : content_                     ? "354 go\r\n"
                                                 : "250 ok\r\n";
    }
    line_.clear();
  }

  std::string replies_ = "220 hi\r\n";
  std::string line_;
  bool content_ = false;
};
Recorder::Seen Recorder::seen;

/// The names of the fields of a message's header, and of the headers of its parts.
std::string FieldNames(const std::string& content) {
  std::string names;
  std::vector<std::string> boundaries;
  bool header = true;
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t end = content.find('\n', at);
    const std::string line = content.substr(at, end - at + 1);
    at = end + 1;
    CHECK(line.size() <= 1000);
    CHECK(line.size() >= 2);
    CHECK(line.substr(line.size() - 2) == "\r\n");
    const std::string parameter = " boundary=\"";
    if (header && line.compare(0, parameter.size(), parameter) == 0)
      boundaries.push_back("--" + line.substr(parameter.size(), line.rfind('"') - parameter.size()) + "\r\n");
    if (std::find(boundaries.begin(), boundaries.end(), line) != boundaries.end())
      header = true;
    else if (line == "\r\n")
      header = false;
    else if (header && line[0] != ' ' && line[0] != '\t')
      names += line.substr(0, line.find(':')) + " ";
    if (header) CHECK(line.find('\0') == std::string::npos);
  }
  return names;
}

struct Field {
  const char* name;   // as an error names it; several with | between them
  std::string value;  // that is fine
  std::function<void(smtpoll::EmailMessage&, const std::string&)> set;
};

std::vector<Field> Fields() {
  using smtpoll::EmailMessage;
  const auto member = [](std::string EmailMessage::*which) {
    return [which](EmailMessage& mail, const std::string& value) { mail.*which = value; };
  };
  const auto header = [](const char* name) {
    return [name](EmailMessage& mail, const std::string& value) { mail.Headers.SetHeader(name, value); };
  };
  const auto attachment = [](std::string smtpoll::EmailAttachment::*which) {
    return [which](EmailMessage& mail, const std::string& value) {
      smtpoll::EmailAttachment one;
      one.Name = "name.txt";
      one.MIMEType = "text/plain";
      one.InlineContentID = "cid@x.org";
      one.ContentEncoding = "base64";
      one.Data = "bytes";
      one.*which = value;
      mail.Attachments.Append(one);
    };
  };
  return {
      {"FromAddress", "alice@x.org", member(&EmailMessage::FromAddress)},
      {"FromAddress", "\"Alice A\" <alice@x.org>", member(&EmailMessage::FromAddress)},
      {"ToAddress", "Bob B <bob@y.org>", member(&EmailMessage::ToAddress)},
      {"ToAddress", "(comment) bob@y.org", member(&EmailMessage::ToAddress)},
      {"CCAddress", "bob@[192.0.2.1]", member(&EmailMessage::CCAddress)},
      {"BCCAddress", "bob@y.org", member(&EmailMessage::BCCAddress)},
      {"ReversePath", "bounce@x.org", [](EmailMessage& mail, const std::string& value) { mail.ReversePath = value; }},
      {"Subject", "hello world", member(&EmailMessage::Subject)},
      {"X-Test", "a value", header("X-Test")},
      {"Headers", "X-Test",
       [](EmailMessage& mail, const std::string& value) { mail.Headers.AppendHeader(value, "a value"); }},
      {"Sender", "alice@x.org", header("Sender")},
      {"Reply-To", "Alice <alice@x.org>", header("Reply-To")},
      {"Date", "Tue, 24 Nov 2026 10:00:00 +0000", header("Date")},
      {"Message-ID", "<1@x.org>", header("Message-ID")},
      {"List-Unsubscribe", "https://x.org/u?1",
       [](EmailMessage& mail, const std::string& value) { mail.SetListUnsubscribe(value, true); }},
      {"Auto-Submitted", "auto-generated",
       [](EmailMessage& mail, const std::string& value) { mail.SetAutoSubmitted(value); }},
      {"In-Reply-To", "<1@x.org>", [](EmailMessage& mail, const std::string& value) { mail.SetInReplyTo(value, ""); }},
      {"References", "<1@x.org>",
       [](EmailMessage& mail, const std::string& value) { mail.SetInReplyTo("<2@x.org>", value); }},
      {"Attachments", "name.txt", attachment(&smtpoll::EmailAttachment::Name)},
      {"Attachments", "text/plain", attachment(&smtpoll::EmailAttachment::MIMEType)},
      {"Attachments", "cid@x.org", attachment(&smtpoll::EmailAttachment::InlineContentID)},
      {"Attachments", "base64", attachment(&smtpoll::EmailAttachment::ContentEncoding)},
      {"Attachments", "some bytes", attachment(&smtpoll::EmailAttachment::Data)},
      {"CalendarMethod", "REQUEST",
       [](EmailMessage& mail, const std::string& value) {
         mail.BodyCalendar = "BEGIN:VCALENDAR\r\n";
         mail.CalendarMethod = value;
       }},
      {"Body", "some text\r\nand more\r\n", member(&EmailMessage::BodyPlainText)},
      {"Body", "<p>some text</p>\r\n", member(&EmailMessage::BodyHTML)},
      {"Body", "<bold>some text</bold>\r\n", member(&EmailMessage::BodyEnriched)},
      {"Body", "BEGIN:VCALENDAR\r\n", member(&EmailMessage::BodyCalendar)},
      {"ENVID", "id-1", member(&EmailMessage::EnvelopeID)},
      {"ORCPT", "bob@z.org",
       [](EmailMessage& mail, const std::string& value) {
         mail.RecipientOptions.push_back({"bob@y.org", smtpoll::DsnNotify::Failure, value});
       }},
      {"RecipientOptions", "bob@y.org",
       [](EmailMessage& mail, const std::string& value) {
         mail.RecipientOptions.push_back({value, smtpoll::DsnNotify::Failure, ""});
       }},
  };
}

smtpoll::EmailMessage Mail() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.ToAddress = "bob@y.org";
  mail.Subject = "hi";
  mail.BodyPlainText = "text\r\n";
  return mail;
}

/// Sends one message and returns its error's text, with a ! before it; "sent" where it went.
std::string Send(const smtpoll::EmailMessage& mail) {
  Recorder::seen = {};
  smtpoll::BasicSession<Recorder> session;
  session.Connect("recorder", 25);
  const smtpoll::SendResult& result = session.Send(mail);
  if (result.Sent()) return "sent";
  CHECK(result.outcome == smtpoll::Outcome::Refused);
  return "!" + std::string(result.error.text.View());
}

}  // namespace

TEST_CASE("Header injection: no field of the API lets a value become a header, a recipient or a command") {
  const std::vector<std::string> evil = {"\r\n",
                                         "\r",
                                         "\n",
                                         std::string("\0", 1),
                                         "\r\nBcc: evil@z.org\r\n",
                                         "\n\nbody",
                                         "\r\n\r\n--=_a\r\nX-Evil: 1\r\n",
                                         "\r\n.\r\nMAIL FROM:<evil@z.org>\r\n",
                                         ">\r\nRCPT TO:<evil@z.org",
                                         "\x7f",
                                         "\x1b",
                                         "\xff",
                                         "\xc3",
                                         "\xed\xa0\x80",
                                         "\xe2\x80\xa8",
                                         "\xc2\x85",
                                         std::string(2000, 'x'),
                                         std::string(100000, 'x'),
                                         std::string(70, ' ') + "x"};
  int tries = 0, sent = 0;
  for (const Field& field : Fields()) {
    CAPTURE(field.name);
    smtpoll::EmailMessage good = Mail();
    field.set(good, field.value);
    REQUIRE(Send(good) == "sent");
    const std::vector<std::string> commands = Recorder::seen.commands;
    const std::string names = FieldNames(Recorder::seen.content);
    for (std::size_t which = 0; which < evil.size(); ++which) {
      CAPTURE(which);
      for (const std::size_t at : {std::size_t{0}, field.value.size() / 2, field.value.size()}) {
        smtpoll::EmailMessage mail = Mail();
        field.set(mail, std::string(field.value).insert(at, evil[which]));
        const std::string outcome = Send(mail);
        ++tries;
        if (outcome != "sent") {
          CHECK(outcome.find(field.name) == 1);
          CHECK(Recorder::seen.commands == std::vector<std::string>{"EHLO"});
          continue;
        }
        ++sent;
        CHECK(Recorder::seen.commands == commands);
        const std::string now = FieldNames(Recorder::seen.content);
        // A body's transfer encoding may be another, and a header's own name is what is tried.
        if (std::string(field.name) != "Headers") CHECK(now == names);
      }
    }
  }
  MESSAGE(tries << " tries, " << sent << " of them encoded and sent");
  CHECK(tries == 31 * 19 * 3);
  CHECK(sent > 300);
  CHECK(tries - sent > 300);
}
