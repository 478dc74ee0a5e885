// What a receiver or a spam filter would hold against a message, with a word on how to mend it. Nothing here keeps a
// message from being sent; that is EmailMessage::Fault's.
#ifndef SMTPOLL_MESSAGE_MESSAGE_ADVICE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_ADVICE_HPP

#include <string>
#include <string_view>

#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/header_writer.hpp"
#include "smtpoll/message/text_scan.hpp"

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

  Sequence<MessageFinding> Findings() {
    if (const MessageFault fault = mail_.Fault())
      findings_.Append({true, std::string(fault.field), fault.column, fault.reason, "it is refused before it is sent"});
    const std::size_t to = CountMailboxes(mail_.ToAddress), cc = CountMailboxes(mail_.CCAddress);
    if (to + cc + CountMailboxes(mail_.BCCAddress) == 0)
      findings_.Append({true, "ToAddress", 0, "there is no recipient", "add one with AddRecipient"});
    if (!mail_.Source.empty()) return CheckSource();
    if (to + cc == 0)
      Note("ToAddress", "no recipient is visible", "filters take mail without To for bulk: put one address there");
    if (to + cc > 100) Note("ToAddress", "more than 100 visible recipients", "send a message each, or use BCCAddress");
    CheckHeaders();
    CheckEnvelope();
    CheckBodies();
    CheckAttachments();
    return std::move(findings_);
  }

 private:
  void Note(std::string_view field, const char* what, const char* mend) {
    findings_.Append({false, std::string(field), 0, what, mend});
  }

  Sequence<MessageFinding> CheckSource() {
    const std::string_view text = mail_.Source, header = HeaderOf(text);
    for (const std::string_view name : {"From:", "Date:", "Message-ID:"}) {
      bool found = false;
      for (std::size_t at = 0; at < header.size() && !found;) {
        found = StartsWithIgnoringCase(header.substr(at), name);
        const std::size_t end = header.find_first_of("\r\n", at);
        at = end == std::string_view::npos ? header.size() : end + 1;
      }
      if (!found)
        Note(name.substr(0, name.size() - 1), "the ready-made message lacks this field", "add it: RFC 5322 3.6");
    }
    if (header.size() == text.size())
      Note("Source", "the ready-made message has no empty line", "one stands between header and body");
    if (!IsAllAscii(header))
      Note("Source", "its header has bytes that are not ASCII",
           "write encoded words (RFC 2047): few servers offer SMTPUTF8");
    CheckSourceLines(text);
    CheckEnvelope();
    return std::move(findings_);
  }
  void CheckSourceLines(std::string_view text) {
    bool long_line = false, bare = false;
    std::size_t column = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool lone_cr = c == '\r' && text.substr(i + 1, 1) != "\n";
      bare = bare || lone_cr || (c == '\n' && (i == 0 || text[i - 1] != '\r'));
      column = c == '\r' || c == '\n' ? 0 : column + 1;
      long_line = long_line || column > kMaxLine;
    }
    if (long_line)
      Note("Source", "a line is longer than 998 bytes", "fold it, or encode the part as quoted-printable or base64");
    if (bare) Note("Source", "a CR or LF stands alone", "it is sent as CRLF; a signature in the message may break");
  }

  /// What concerns the wire and not the text.
  void CheckEnvelope() {
    if (mail_.NeedsSmtpUtf8() && mail_.Source.empty())
      Note("FromAddress", "an address needs SMTPUTF8", "servers without it refuse the message: give one in ASCII, too");
    for (const RecipientOptions& one : mail_.RecipientOptions) {
      bool found = false;
      for (const std::string* list : {&mail_.ToAddress, &mail_.CCAddress, &mail_.BCCAddress})
        found = found || Names(*list, one.Mailbox);
      if (!found) Note("RecipientOptions", "one names no recipient", "write the address as the list has it");
    }
  }
  static bool Names(std::string_view list, std::string_view address) {
    MailboxParser parser(list);
    Mailbox mailbox;
    TextBuffer text;
    while (parser.Next(mailbox)) {
      text.clear();
      AppendAddrSpec(mailbox, text);
      if (text.View() == address) return true;
    }
    return false;
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
    for (const char* name : {"Date", "Message-ID", "From"})
      if (headers.Has(name) && Trim(headers.Value(name)).empty())
        Note(name, "it is empty", "take it out of Headers, then ours is sent");
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
    for (const std::string* body : {&mail_.BodyPlainText, &mail_.BodyHTML, &mail_.BodyEnriched}) {
      TextScan scan;
      scan.Update(*body);
      if (scan.HasLongLine())
        Note("Body", "a line is longer than 900 bytes", "it is sent encoded, and readers may not wrap it: break it");
      if (body->find('\0') != std::string::npos)
        Note("Body", "it holds a NUL", "readers cut a text there: take it out");
    }
  }

  /// What most servers take, base64 included.
  static constexpr std::uint64_t kLargeMessage = std::uint64_t{25} * 1024 * 1024;

  void CheckAttachments() {
    std::uint64_t sum = 0;
    for (const EmailAttachment& one : mail_.Attachments) {
      sum += one.Size() == kUnknownSize ? 0 : one.Size() / 3 * 4;
      if (one.Name.empty() && one.InlineContentID.empty())
        Note("Attachments", "one has no Name", "readers invent one then");
      if (IsBlockedExtension(one.Name))
        Note("Attachments", "many receivers refuse this kind of file", "send a link, or a .zip");
      if (one.InlineContentID.empty()) continue;
      if (mail_.BodyHTML.find("cid:" + one.InlineContentID) == std::string::npos)
        Note("Attachments", "BodyHTML does not show an inline attachment", "write cid: and its InlineContentID there");
    }
    if (sum > kLargeMessage)
      Note("Attachments", "together they are larger than most servers take", "send a link; 25 MiB is a usual limit");
  }

  const EmailMessage& mail_;
  Sequence<MessageFinding> findings_;
};

}  // namespace detail

inline Sequence<MessageFinding> EmailMessage::Check() const { return detail::Adviser(*this).Findings(); }

SMTPOLL_NAMESPACE_END

#endif
