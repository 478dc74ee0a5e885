// The first thing that keeps a message from being sent safely, by the name of its field. Nothing here is about taste;
// that is Check's. Invariant: of a message without a fault no value can end its line, its header, or its command.
#ifndef SMTPOLL_MESSAGE_MESSAGE_FAULT_HPP
#define SMTPOLL_MESSAGE_MESSAGE_FAULT_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/message/attachment_plan.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/header_writer.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr std::size_t kLongestContentId = 250;
constexpr std::size_t kLongestMethod = 32;

/// Fields of tokens, identifiers and addresses, in which an encoded word means nothing (RFC 2047 5).
inline bool IsTokenField(std::string_view name) noexcept {
  for (const std::string_view one :
       {"Message-ID", "In-Reply-To", "References", "Date", "Resent-Date", "Resent-Message-ID", "Auto-Submitted",
        "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Subscribe", "List-Post", "List-Archive"})
    if (EqualIgnoringCase(name, one)) return true;
  return false;
}

/// Takes a domain in ASCII as a string does, and keeps nothing but how long it and its labels are (RFC 1035 2.3.4).
class DomainMeter {
 public:
  std::size_t size() const noexcept { return size_; }
  void operator+=(char c) noexcept {
    ++size_;
    label_ = c == '.' ? 0 : label_ + 1;
    if (label_ > longest_) longest_ = label_;
  }
  void operator+=(std::string_view text) noexcept {
    for (const char c : text) *this += c;
  }
  const char* Fault() const noexcept {
    if (longest_ > 63) return "a label of the domain is longer than 63 octets";
    return size_ > 255 ? "the domain is longer than 255 octets" : nullptr;
  }

 private:
  std::size_t size_ = 0;
  std::size_t label_ = 0;
  std::size_t longest_ = 0;
};

/// What a mailbox of a message is for.
enum class MailboxRole : std::uint8_t { Author, ReversePath, Recipients };

class FaultFinder {
 public:
  explicit FaultFinder(const EmailMessage& mail) noexcept : mail_(mail) {}

  MessageFault First() const {
    return First([](MailboxRole, const Mailbox&) {});
  }

  /// As First, and hands each mailbox of the envelope to `take(MailboxRole, const Mailbox&)` on the way, so that who
  /// sends the message need not read the lists once more.
  template <typename Take>
  MessageFault First(Take&& take) const {
    // A ready-made message that has its reverse-path too says by itself who wrote it.
    const bool author_known = mail_.ReversePath && !mail_.Source.empty();
    const auto check = [&](std::string_view field, std::string_view list, MailboxRole kind) {
      const bool needed = kind == MailboxRole::Author ? !author_known : kind == MailboxRole::ReversePath;
      return Addresses(field, list, needed, [&take, kind](const Mailbox& mailbox) { take(kind, mailbox); });
    };
    if (const MessageFault fault = check("FromAddress", mail_.FromAddress, MailboxRole::Author)) return fault;
    if (mail_.ReversePath && !mail_.ReversePath->empty())
      if (const MessageFault fault = check("ReversePath", *mail_.ReversePath, MailboxRole::ReversePath)) return fault;
    if (const MessageFault fault = check("ToAddress", mail_.ToAddress, MailboxRole::Recipients)) return fault;
    if (const MessageFault fault = check("CCAddress", mail_.CCAddress, MailboxRole::Recipients)) return fault;
    if (const MessageFault fault = check("BCCAddress", mail_.BCCAddress, MailboxRole::Recipients)) return fault;
    return BesideAddresses();
  }

 private:
  MessageFault BesideAddresses() const {
    if (const MessageFault fault = Signing()) return fault;
    if (mail_.Options.tls_required == TlsRequired::Yes && mail_.Headers.Has("TLS-Required"))
      return {"TLS-Required", 0, "Options.tls_required asks for REQUIRETLS, and that excludes it (RFC 8689 4.1)"};
    if (mail_.Options.tls_required == TlsRequired::No && !mail_.Source.empty())
      return {"Options", 0, "a ready-made Source has to say TLS-Required itself"};
    if (!mail_.Source.empty()) {
      const std::size_t nul = mail_.Source.find('\0');
      return nul == std::string::npos ? MessageFault() : MessageFault{"Source", nul + 1, "a NUL"};
    }
    if (const MessageFault fault = LineFault("Subject", mail_.Subject)) return fault;
    for (const InternetHeaders::Field& field : mail_.Headers.Fields())
      if (const MessageFault fault = Header(field)) return fault;
    for (const EmailAttachment& attachment : mail_.Attachments)
      if (const MessageFault fault = Attachment(attachment)) return fault;
    if (mail_.CalendarMethod.size() > kLongestMethod) return {"CalendarMethod", 0, "it is too long"};
    for (const char c : mail_.CalendarMethod)
      if (!IsAlpha(c) && c != '-') return {"CalendarMethod", 0, "a METHOD is one word"};
    for (const std::string* body : {&mail_.BodyPlainText, &mail_.BodyHTML, &mail_.BodyEnriched, &mail_.BodyCalendar})
      if (const std::size_t at = FindInvalidUtf8(*body); at != std::string_view::npos)
        return {"Body", at + 1, "no valid UTF-8"};
    return {};
  }

  template <typename Take>
  static MessageFault Addresses(std::string_view field, std::string_view list, bool needed, Take&& take) {
    MailboxParser parser(list);
    Mailbox mailbox;
    bool found = false;
    while (parser.Next(mailbox)) {
      found = true;
      take(mailbox);
      if (IsAllAscii(mailbox.domain)) continue;
      DomainMeter ascii;
      AppendAsciiDomain(mailbox.domain, ascii);
      if (const char* reason = ascii.Fault())
        return {field, static_cast<std::size_t>(mailbox.domain.data() - list.data()) + 1, reason};
    }
    if (parser.Failed()) return {field, parser.FaultColumn(), parser.FaultReason()};
    return needed && !found ? MessageFault{field, 0, "an address is missing"} : MessageFault();
  }

  static MessageFault Tokens(std::string_view field, std::string_view value) noexcept {
    std::size_t word = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!IsPrint(value[i])) return {field, i + 1, "a character that this header cannot hold"};
      word = value[i] == ' ' ? 0 : word + 1;
      if (word > kMaxWord) return {field, i + 1, "a word that is too long for a line"};
    }
    return {};
  }

  static MessageFault Header(const InternetHeaders::Field& field) {
    if (const MessageFault fault = FieldNameFault(field.name)) return fault;
    if (const MessageFault fault = LineFault(field.name, field.value)) return fault;
    if (IsTokenField(field.name)) return Tokens(field.name, field.value);
    if (!IsAddressField(field.name)) return {};
    return Addresses(field.name, field.value, false, [](const Mailbox&) {});
  }

  static MessageFault Attachment(const EmailAttachment& one) {
    if (const MessageFault fault = LineFault("Attachments", one.Name)) return fault;
    if (const MessageFault fault = MimeTypeFault(one.MIMEType)) return fault;
    for (const char c : one.InlineContentID)
      if (!IsPrint(c) || c == ' ' || c == '<' || c == '>')
        return {"Attachments", 0, "a bad character in an InlineContentID"};
    if (one.InlineContentID.size() > kLongestContentId) return {"Attachments", 0, "an InlineContentID is too long"};
    if (!IsContentEncoding(one.ContentEncoding)) return {"Attachments", 0, "there is no such ContentEncoding"};
    if (one.Path().empty()) return {};
    FileReader file;
    return file.Open(one.Path().c_str()) ? MessageFault() : MessageFault{"Attachments", 0, "a file cannot be opened"};
  }

  MessageFault Signing() const noexcept {
    if (!mail_.Signer) return {};
    if (const char* reason = mail_.Signer->Fault()) return {"Signer", 0, reason};
    if (!mail_.Source.empty()) return {};
    for (const EmailAttachment& one : mail_.Attachments)
      if (one.Callback() && !one.Rewinder())
        return {"Attachments", 0, "signing reads a message twice: LoadFromCallback needs a rewind"};
    return {};
  }

  const EmailMessage& mail_;
};

inline bool HasUtf8Mailbox(std::string_view list) noexcept {
  if (IsAllAscii(list)) return false;
  MailboxParser parser(list);
  Mailbox mailbox;
  while (parser.Next(mailbox))
    if (NeedsSmtpUtf8(mailbox)) return true;
  return false;
}

}  // namespace detail

inline MessageFault EmailMessage::Fault() const { return detail::FaultFinder(*this).First(); }

inline bool EmailMessage::NeedsSmtpUtf8() const noexcept {
  for (const std::string* list : {&FromAddress, &ToAddress, &CCAddress, &BCCAddress})
    if (detail::HasUtf8Mailbox(*list)) return true;
  if (ReversePath && detail::HasUtf8Mailbox(*ReversePath)) return true;
  if (!Source.empty()) return !detail::IsAllAscii(detail::HeaderOf(Source));
  for (const InternetHeaders::Field& field : Headers.Fields())
    if (detail::IsAddressField(field.name) && detail::HasUtf8Mailbox(field.value)) return true;
  return false;
}

SMTPOLL_NAMESPACE_END

#endif
