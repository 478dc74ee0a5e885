// What a receiver or a spam filter would hold against a message, with a word on how to mend it. Nothing here keeps a
// message from being sent; that is EmailMessage::Fault's.
#ifndef SMTPOLL_MESSAGE_MESSAGE_ADVICE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_ADVICE_HPP

#include <string>
#include <string_view>
#include <vector>

#include "smtpoll/message/email_message.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

inline std::size_t CountMailboxes(std::string_view list) noexcept {
  MailboxParser parser(list);
  Mailbox mailbox;
  std::size_t count = 0;
  while (parser.Next(mailbox)) ++count;
  return count;
}

/// `<left@right>`, one or more of them (RFC 5322 3.6.4).
inline bool LooksLikeMessageIds(std::string_view text) noexcept {
  for (text = Trim(text); !text.empty(); text = Trim(text)) {
    const std::size_t at = text.find('@'), end = text.find('>');
    if (text[0] != '<' || end == std::string_view::npos || at > end || at < 2 || end - at < 2) return false;
    text.remove_prefix(end + 1);
  }
  return true;
}

/// Extensions that many receivers refuse, whatever is in the file.
inline bool IsBlockedExtension(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  for (const std::string_view one :
       {"exe", "bat", "cmd", "com", "cpl", "dll", "hta", "jar", "js", "lnk", "msi", "ps1", "reg", "scr", "vbs", "wsf"})
    if (EqualIgnoringCase(name.substr(dot + 1), one)) return true;
  return false;
}

class Adviser {
 public:
  explicit Adviser(const EmailMessage& mail) : mail_(mail) {}

  std::vector<MessageFinding> Findings() {
    if (const MessageFault fault = mail_.Fault())
      findings_.push_back(
          {true, std::string(fault.field), fault.column, fault.reason, "it is refused before it is sent"});
    const std::size_t to = CountMailboxes(mail_.ToAddress), cc = CountMailboxes(mail_.CCAddress);
    if (to + cc + CountMailboxes(mail_.BCCAddress) == 0)
      findings_.push_back({true, "ToAddress", 0, "there is no recipient", "add one with AddRecipient"});
    if (!mail_.Source.empty()) return CheckSource();
    if (to + cc == 0)
      Note("ToAddress", "no recipient is visible", "filters take mail without To for bulk: put one address there");
    if (to + cc > 100) Note("ToAddress", "more than 100 visible recipients", "send a message each, or use BCCAddress");
    CheckHeaders();
    CheckBodies();
    CheckAttachments();
    return std::move(findings_);
  }

 private:
  void Note(std::string_view field, const char* what, const char* mend) {
    findings_.push_back({false, std::string(field), 0, what, mend});
  }

  std::vector<MessageFinding> CheckSource() {
    const std::string_view text = mail_.Source;
    for (const std::string_view name : {"From:", "Date:", "Message-ID:"}) {
      bool found = false;
      for (std::size_t at = 0; at < text.size() && !found && text[at] != '\r' && text[at] != '\n';) {
        found = StartsWithIgnoringCase(text.substr(at), name);
        const std::size_t end = text.find('\n', at);
        at = end == std::string_view::npos ? text.size() : end + 1;
      }
      if (!found)
        Note(name.substr(0, name.size() - 1), "the ready-made message lacks this field", "add it: RFC 5322 3.6");
    }
    return std::move(findings_);
  }

  void CheckHeaders() {
    const InternetHeaders& headers = mail_.Headers;
    if (Trim(mail_.Subject).empty() && !headers.Has("Subject"))
      Note("Subject", "it is empty", "say what the mail is about");
    if (mail_.Subject.size() > 200) Note("Subject", "it is longer than 200 bytes", "readers show some 60 characters");
    if (CountMailboxes(mail_.FromAddress) > 1 && !headers.Has("Sender"))
      Note("FromAddress", "several authors and no Sender",
           "set the header Sender to the one who sends (RFC 5322 3.6.2)");
    for (const char* name : {"Message-ID", "In-Reply-To", "References"})
      if (headers.Has(name) && !LooksLikeMessageIds(headers.Value(name)))
        Note(name, "it is no message identifier", "write it as <left@right>");
    if (headers.Has("List-Unsubscribe-Post") && !headers.Has("List-Unsubscribe"))
      Note("List-Unsubscribe-Post", "it stands without List-Unsubscribe", "use SetListUnsubscribe (RFC 8058)");
    for (const std::string_view name : {"Date", "Message-ID", "Subject", "From", "To", "Cc", "Sender", "Reply-To"}) {
      std::size_t count = 0;
      for (const InternetHeaders::Field& field : headers.Fields()) count += EqualIgnoringCase(field.name, name);
      if (count > 1) Note(name, "it stands more than once", "use SetHeader: RFC 5322 3.6 allows one");
    }
  }

  void CheckBodies() {
    if (mail_.BodyPlainText.empty() && mail_.BodyHTML.empty() && mail_.BodyEnriched.empty() &&
        mail_.BodyCalendar.empty() && mail_.Attachments.empty())
      Note("BodyPlainText", "the message is empty", "write something");
    if (!mail_.BodyHTML.empty() && mail_.BodyPlainText.empty())
      Note("BodyPlainText", "HTML without plain text",
           "filters hold that against a mail: say the same in BodyPlainText");
  }

  void CheckAttachments() {
    for (const EmailAttachment& one : mail_.Attachments) {
      if (one.Name.empty() && one.InlineContentID.empty())
        Note("Attachments", "one has no Name", "readers invent one then");
      if (IsBlockedExtension(one.Name))
        Note("Attachments", "many receivers refuse this kind of file", "send a link, or a .zip");
      if (one.InlineContentID.empty()) continue;
      if (mail_.BodyHTML.find("cid:" + one.InlineContentID) == std::string::npos)
        Note("Attachments", "BodyHTML does not show an inline attachment", "write cid: and its InlineContentID there");
    }
  }

  const EmailMessage& mail_;
  std::vector<MessageFinding> findings_;
};

}  // namespace detail

inline std::vector<MessageFinding> EmailMessage::Check() const { return detail::Adviser(*this).Findings(); }

SMTPOLL_NAMESPACE_END

#endif
