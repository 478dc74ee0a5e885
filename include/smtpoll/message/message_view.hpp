// A message over memory of the caller's: what EmailMessage is, for a program without a heap. Texts, lists and the bytes
// of attachments are looked at where they are, in flash for example. Invariant: no value of a message without a Fault
// can end its line or its header.
#ifndef SMTPOLL_MESSAGE_MESSAGE_VIEW_HPP
#define SMTPOLL_MESSAGE_MESSAGE_VIEW_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/source.hpp"
#include "smtpoll/base/span.hpp"
#include "smtpoll/message/fault.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One person.
struct MailboxView {
  std::string_view address;    ///< `local@domain` in ASCII: atoms with dots, a domain or an address literal.
  std::string_view name = {};  ///< UTF-8, as people read it, without quotes; empty for none.
};

/// A further header of the message.
struct HeaderView {
  std::string_view name;   ///< Without the colon; none of those that the message writes itself.
  std::string_view value;  ///< UTF-8, one line.
};

/// One attached file.
struct AttachmentView {
  std::string_view name;                               ///< UTF-8; empty for none.
  std::string_view data = {};                          ///< Its bytes.
  std::string_view type = "application/octet-stream";  ///< RFC 2045 5.1, parameters included.
  Source* source = nullptr;  ///< Yields the bytes instead of `data`, which is then empty: from a slower memory.
};

/// A mail; nothing is owned, nothing is copied, and all that is looked at must stay as it is while it is sent.
struct MessageView {
  MailboxView from;                        ///< The author; the envelope's reverse-path too.
  Span<const MailboxView> to;              ///< Recipients.
  Span<const MailboxView> cc;              ///< Recipients of a copy.
  Span<const MailboxView> bcc;             ///< They get the message; no header says so.
  std::string_view subject;                ///< UTF-8.
  std::string_view body;                   ///< UTF-8, lines ended by CRLF, LF or CR.
  Span<const AttachmentView> attachments;  ///< Attachments, in their order.
  Span<const HeaderView> headers;          ///< Further header fields.
  /// Seconds since 1970-01-01 UTC. 0: no Date field, on a machine that does not know the time; a submission server adds
  /// it (RFC 6409 8.1).
  std::int64_t date = 0;
  int utc_offset = 0;  ///< Minutes that the date is shown ahead of UTC.
  /// `unique@domain` without brackets: a serial number and a count of messages, say. Empty: no Message-ID field; a
  /// submission server adds it (RFC 6409 8.3).
  std::string_view message_id;

  /// The first thing that keeps the message from being sent safely; false where there is none.
  MessageFault Fault() const noexcept;
};

namespace detail {

/// True for atoms with single dots between them (RFC 5322 3.2.3), in ASCII.
constexpr bool IsAsciiDotAtom(std::string_view text, std::string_view others) noexcept {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !(IsAlpha(c) || IsDigit(c) || others.find(c) != std::string_view::npos)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// 9999-12-31T00:00:00Z: in any zone, a date has a year of four digits (RFC 5322 3.3).
constexpr std::int64_t kLastDate = 253402214400;

constexpr std::string_view kAtomMarks = "!#$%&'*+-/=?^_`{|}~";

/// Why `address` is none that a view may have; nullptr where it is one (RFC 5321 4.1.2, 4.5.3.1).
constexpr const char* AddressFault(std::string_view address) noexcept {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return "@ is missing";
  const std::string_view local = First(address, at);
  std::string_view domain = Rest(address, at + 1);
  if (!IsAsciiDotAtom(local, kAtomMarks)) return "the local part is missing, or not of atoms in ASCII";
  if (local.size() > 64) return "the local part is longer than 64 octets";
  if (address.size() > 254) return "the address is longer than 254 octets";
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    for (const char c : First(domain, domain.size() - 1))
      if (!IsPrint(c) || std::string_view(" \"\\<>]").find(c) != std::string_view::npos) return "a bad address literal";
    return nullptr;
  }
  if (!IsAsciiDotAtom(domain, "-_")) return "the domain is missing, or none in ASCII";
  while (!domain.empty()) {
    const std::size_t dot = domain.find('.');
    const std::size_t label = dot < domain.size() ? dot : domain.size();
    if (label > 63) return "a label of the domain is longer than 63 octets";
    domain.remove_prefix(dot < domain.size() ? dot + 1 : label);
  }
  return nullptr;
}

/// Reads the fields one after the other and keeps the first fault.
class ViewCheck {
 public:
  const MessageFault& First() const noexcept { return first_; }

  void Mailboxes(std::string_view field, Span<const MailboxView> mailboxes) noexcept {
    for (const MailboxView& mailbox : mailboxes) {
      Note(field, AddressFault(mailbox.address));
      if (mailbox.name.size() > 255) Note(field, "a name is longer than 255 octets");
      Line(field, mailbox.name);
    }
  }
  void Line(std::string_view field, std::string_view value) noexcept {
    if (!first_) first_ = LineFault(field, value);
  }
  void MessageId(std::string_view id) noexcept {
    for (const char c : id)
      if (!IsPrint(c) || c == ' ' || c == '<' || c == '>') Note("Message-ID", "a character that it cannot hold");
    if (!id.empty() && (id.find('@') == std::string_view::npos || id.size() > 250))
      Note("Message-ID", "no unique@domain of at most 250 octets");
  }
  /// How the message is built is never the caller's, and what has a member of its own is not said twice.
  void Header(const HeaderView& header) noexcept {
    if (!first_) first_ = FieldNameFault(header.name);
    for (const char* own : {"Date", "From", "To", "Cc", "Bcc", "Subject", "Message-ID", "MIME-Version"})
      if (EqualIgnoringCase(header.name, own)) Note("Headers", kOwnField);
    if (StartsWithIgnoringCase(header.name, "Content-")) Note("Headers", kOwnField);
    Line(header.name, header.value);
  }
  void Attachment(const AttachmentView& attachment) noexcept {
    constexpr std::string_view kField = "Attachments";
    if (attachment.source != nullptr && !attachment.data.empty()) Note(kField, "an attachment has data and a source");
    if (attachment.type.find('/') == std::string_view::npos) Note(kField, "no MIME type");
    if (!first_) first_ = MimeTypeFault(attachment.type);
    Line(kField, attachment.name);
  }
  void Body(std::string_view body) noexcept {
    const std::size_t invalid = FindInvalidUtf8(body);
    if (invalid != std::string_view::npos && !first_) first_ = {"Body", invalid + 1, "no valid UTF-8"};
  }
  void Note(std::string_view field, const char* reason) noexcept {
    if (!first_) first_ = {field, 0, reason};
  }

 private:
  static constexpr const char* kOwnField = "a header that the message writes itself";
  MessageFault first_;
};

}  // namespace detail

inline MessageFault MessageView::Fault() const noexcept {
  detail::ViewCheck check;
  check.Mailboxes("From", {&from, 1});
  check.Mailboxes("To", to);
  check.Mailboxes("Cc", cc);
  check.Mailboxes("Bcc", bcc);
  if (to.empty() && cc.empty() && bcc.empty()) check.Note("To", "an address is missing");
  check.Line("Subject", subject);
  if (date < 0 || date > detail::kLastDate) check.Note("Date", "a year after 9999, or before 1970");
  if (utc_offset <= -24 * 60 || utc_offset >= 24 * 60) check.Note("Date", "a day or more ahead of UTC, or behind");
  check.MessageId(message_id);
  for (const HeaderView& header : headers) check.Header(header);
  for (const AttachmentView& attachment : attachments) check.Attachment(attachment);
  check.Body(body);
  return check.First();
}

SMTPOLL_NAMESPACE_END

#endif
