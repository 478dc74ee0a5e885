// A mail as its author thinks of it: the seed's EmailMessage. Plain data; nothing is checked or encoded before it is
// sent.
#ifndef SMTPOLL_MESSAGE_EMAIL_MESSAGE_HPP
#define SMTPOLL_MESSAGE_EMAIL_MESSAGE_HPP

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtpoll/base/delivery_options.hpp"
#include "smtpoll/base/entropy.hpp"
#include "smtpoll/base/sequence.hpp"
#include "smtpoll/message/email_attachment.hpp"
#include "smtpoll/message/fault.hpp"
#include "smtpoll/message/internet_headers.hpp"
#include "smtpoll/message/mailbox.hpp"
#include "smtpoll/message/message_signer.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One line of EmailMessage::Check: what is wrong or unwise, and how to mend it.
struct MessageFinding {
  bool blocks = false;     ///< The message cannot be sent like this.
  std::string field;       ///< The field or member concerned.
  std::size_t column = 0;  ///< Bytes from 1; 0 for the field as a whole.
  std::string what;        ///< What is wrong with it.
  std::string mend;        ///< What to do about it.
};

/// How urgent the reader's program shows a message.
enum class MessagePriority : std::uint8_t { High, Normal, Low };

/// What is asked of the servers for one recipient (RFC 3461). `Mailbox` is the address as it stands in a list.
struct RecipientOptions {
  std::string Mailbox;                  ///< The recipient, as in ToAddress.
  DsnNotify Notify = DsnNotify::Unset;  ///< When to tell the sender (NOTIFY, RFC 3461).
  std::string OriginalRecipient;        ///< ORCPT: the address as it was first given; empty for none.
};

namespace detail {

/// Fields that hold addresses (RFC 5322 3.6.2, 3.6.6; RFC 8098 2.1): names in them are encoded, the addresses are not.
inline bool IsAddressField(std::string_view name) noexcept {
  for (const std::string_view one : {"From", "Sender", "Reply-To", "To", "Cc", "Resent-From", "Resent-Sender",
                                     "Resent-To", "Resent-Cc", "Disposition-Notification-To"})
    if (EqualIgnoringCase(name, one)) return true;
  return false;
}

/// 64 random bits; `otherwise` where the system has none to give.
inline std::uint64_t RandomNumber(std::uint64_t otherwise) noexcept {
  char bytes[sizeof otherwise];
  if (FillWithEntropy(bytes, sizeof bytes)) std::memcpy(&otherwise, bytes, sizeof otherwise);
  return otherwise;
}

/// The header of a ready-made message: all before its first empty line.
inline std::string_view HeaderOf(std::string_view source) noexcept {
  for (std::size_t at = 0; at < source.size();) {
    if (source[at] == '\r' || source[at] == '\n') return source.substr(0, at);
    const std::size_t end = source.find_first_of("\r\n", at);
    if (end == std::string_view::npos) break;
    at = end + (source.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  return source;
}

}  // namespace detail

/// The seed's EmailMessage: who gets what from whom.
class EmailMessage {
 public:
  std::string FromAddress;                ///< The author; the first mailbox of it is the envelope's reverse-path too.
  std::string Subject;                    ///< UTF-8.
  std::string BodyPlainText;              ///< UTF-8, lines ended by CRLF, LF or CR.
  std::string BodyHTML;                   ///< UTF-8.
  std::string BodyEnriched;               ///< text/enriched (RFC 1896), UTF-8.
  std::string ToAddress;                  ///< Mailboxes with commas between them, as CCAddress and BCCAddress.
  std::string CCAddress;                  ///< Mailboxes that get a copy.
  std::string BCCAddress;                 ///< Gets the message; no header says so.
  Sequence<EmailAttachment> Attachments;  ///< Its attachments, in their order.
  InternetHeaders Headers;   ///< Further fields; one named Date, Message-ID, From, ... takes the place of ours.
  std::string BodyCalendar;  ///< An invitation (RFC 5545), shown beside the other bodies.
  std::string CalendarMethod = "REQUEST";  ///< Its METHOD: REQUEST, REPLY, CANCEL, ...
  /// A ready-made message, sent as it is instead of all above but the addresses; line ends become CRLF.
  std::string Source;

  // Ours, beside the seed's: the envelope.

  /// The envelope's reverse-path where it is not the author; empty text is the null reverse-path (RFC 5321 4.5.5).
  std::optional<std::string> ReversePath;
  smtpoll::DeliveryOptions Options;     ///< What is asked of the servers for the whole message.
  std::string EnvelopeID;               ///< ENVID of RFC 3461; empty for none.
  DsnNotify Notify = DsnNotify::Unset;  ///< NOTIFY for the recipients that RecipientOptions does not name.
  std::vector<smtpoll::RecipientOptions> RecipientOptions;  ///< What is special to single recipients.
  /// Mailboxes that a further try leaves out, because they have the message or never will: filled when a connection is
  /// lost after the server took the message for a part of the recipients.
  std::vector<std::string> Settled;
  std::uint32_t Tries = 0;  ///< How often a RetryQueue has tried it in vain.
  std::string Tag;          ///< The caller's own, to know a message by in an event; never sent, never looked at.

  /// Signs the message on its way out, for example by DKIM. A signed message goes in ASCII, because a relay that turned
  /// 8bit into something else would break the signature; and its attachments are read twice.
  SignerPointer Signer;

  /// Add to the address lists.
  void AddRecipient(std::string_view address) { AddTo(ToAddress, address); }
  /// As AddRecipient, for CCAddress.
  void AddCCRecipient(std::string_view address) { AddTo(CCAddress, address); }
  /// As AddRecipient, for BCCAddress.
  void AddBCCRecipient(std::string_view address) { AddTo(BCCAddress, address); }

  /// Attaches something that BodyHTML shows, and returns its content identifier: `<img src="cid:...">` (RFC 2392).
  std::string AddInline(EmailAttachment attachment) {
    if (attachment.InlineContentID.empty()) {
      // An identifier is for the whole world (RFC 2392 2): messages are forwarded within others.
      const std::uint64_t place = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this));
      attachment.InlineContentID = "inline" + std::to_string(Attachments.Count() + 1) + "." +
                                   std::to_string(detail::RandomNumber(place)) + "@smtpoll.invalid";
    }
    Attachments.Append(std::move(attachment));
    return Attachments[Attachments.Count() - 1].InlineContentID;
  }

  /// Sets X-Priority and Importance; Normal removes them.
  void SetPriority(MessagePriority priority) {
    Headers.Delete("X-Priority");
    Headers.Delete("Importance");
    if (priority == MessagePriority::Normal) return;
    Headers.AppendHeader("X-Priority", priority == MessagePriority::High ? "1 (Highest)" : "5 (Lowest)");
    Headers.AppendHeader("Importance", priority == MessagePriority::High ? "high" : "low");
  }
  /// Sets List-Unsubscribe to a https: or mailto: URI (RFC 2369); `one_click` adds what RFC 8058 asks for, with https:
  /// only.
  void SetListUnsubscribe(std::string_view uri, bool one_click) {
    Headers.SetHeader("List-Unsubscribe", "<" + std::string(uri) + ">");
    Headers.Delete("List-Unsubscribe-Post");
    if (one_click) Headers.AppendHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  }
  /// Says that no human wrote this, so that no vacation program answers (RFC 3834): auto-generated or auto-replied.
  void SetAutoSubmitted(std::string_view keyword) { Headers.SetHeader("Auto-Submitted", keyword); }
  /// Makes this an answer to the message with that Message-ID and References (RFC 5322 3.6.4).
  void SetInReplyTo(std::string_view message_id, std::string_view references) {
    Headers.SetHeader("In-Reply-To", message_id);
    Headers.SetHeader("References", references.empty() ? std::string(message_id)
                                                       : std::string(references) + " " + std::string(message_id));
  }

  /// All that a receiver or a spam filter would hold against this message, and what keeps it from being sent.
  Sequence<MessageFinding> Check() const;

  /// The first thing that keeps this message from being sent safely; nothing of it is sent then.
  MessageFault Fault() const;

  /// True where an address, or the header of a ready-made message, cannot be said in ASCII, so that the server has to
  /// offer SMTPUTF8 (RFC 6531).
  bool NeedsSmtpUtf8() const noexcept;

  /// The whole message as it would be sent to a server that takes ASCII only (the seed's Source, read): for an archive
  /// or a folder of sent mail. Date, Message-ID and boundaries are new with each call. Empty where a source fails, or
  /// has nothing now.
  std::string Render() const;

 private:
  static void AddTo(std::string& list, std::string_view address) {
    if (!list.empty()) list += ", ";
    list += address;
  }
};

SMTPOLL_NAMESPACE_END

#include "smtpoll/message/message_advice.hpp"
#include "smtpoll/message/message_fault.hpp"

#endif
