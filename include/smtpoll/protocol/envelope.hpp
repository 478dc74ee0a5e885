// The SMTP envelope of one message: reverse-path, recipients and what the message asks of the server (RFC 5321 2.3.1).
// Views only: whoever hands an envelope over keeps what it looks at until the message's outcome is known.
#ifndef SMTPOLL_PROTOCOL_ENVELOPE_HPP
#define SMTPOLL_PROTOCOL_ENVELOPE_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/delivery_options.hpp"
#include "smtpoll/base/error.hpp"
#include "smtpoll/base/features.hpp"
#include "smtpoll/base/source.hpp"
#include "smtpoll/base/span.hpp"
#include "smtpoll/protocol/capabilities.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What the content needs of the wire (RFC 6152, RFC 3030).
enum class BodyType : std::uint8_t { SevenBit, EightBitMime, BinaryMime };

/// One recipient of an envelope.
struct Recipient {
  std::string_view mailbox;             ///< `local@domain` without brackets.
  DsnNotify notify = DsnNotify::Unset;  ///< NOTIFY of RFC 3461.
  std::string_view original_recipient;  ///< ORCPT of RFC 3461: the address as first given, empty for none.
};

/// Who sends to whom, and how; views of the caller's memory.
struct Envelope {
  std::string_view reverse_path;       ///< `local@domain` without brackets; empty is the null reverse-path.
  Span<const Recipient> recipients;    ///< Who gets it; at least one.
  BodyType body = BodyType::SevenBit;  ///< What the content may hold.
  bool smtputf8 = false;               ///< The headers hold UTF-8 (RFC 6531); a UTF-8 mailbox implies it.
  std::string_view envelope_id;        ///< ENVID of RFC 3461, at most 100 printable characters; empty for none.
  DeliveryOptions options;             ///< What else is asked for.
};

namespace detail {

/// RFC 5321 4.5.3.1.3: a path has at most 256 octets, brackets included.
constexpr std::size_t kMaxPath = 256;
/// RFC 3461 4.4 and 4.2.
constexpr std::size_t kMaxEnvelopeId = 100;
constexpr std::size_t kMaxOriginalRecipient = 500;

/// 9999-12-31T23:59:59Z: what a date-time of RFC 3339 can say, which HOLDUNTIL is (RFC 4865 3).
constexpr std::int64_t kLastHoldUntil = 253402300799;

/// True where no character of `mailbox` means more than itself between < and >: what most have.
inline bool IsPlainPath(std::string_view mailbox) noexcept {
  // Of printable ASCII these are all that might.
  bool plain = true;
  for (const char c : mailbox) plain = plain & (c != ' ') & (c != '"') & (c != '\\') & (c != '<') & (c != '>');
  return plain && IsAllPrint(mailbox);
}

/// Why `mailbox` cannot stand between < and > in a command; nullptr where it can. This is the last guard on the wire,
/// not the address grammar: that is the message floor's.
inline const char* PathFault(std::string_view mailbox) noexcept {
  if (mailbox.size() + 2 > kMaxPath) return "mailbox longer than 254 octets";
  if (IsPlainPath(mailbox)) return nullptr;
  if constexpr (kIsSmall) return "SMTPOLL_SMALL takes no such mailbox";
  bool quoted = false;
  for (std::size_t i = 0; i < mailbox.size(); ++i) {
    const char c = mailbox[i];
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return "control character in mailbox";
    if (quoted && c == '\\') {
      if (++i == mailbox.size() || !IsPrint(mailbox[i])) return "unfinished quoted pair in mailbox";
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
      return "space or angle bracket in mailbox";
    }
  }
  return quoted ? "unfinished quoted string in mailbox" : nullptr;
}

/// Characters that xtext may hold as they are (RFC 3461 4); all others are written as +HH.
constexpr bool IsXchar(char c) noexcept { return c > ' ' && c <= '~' && c != '+' && c != '='; }

constexpr std::size_t XtextSize(std::string_view text) noexcept {
  std::size_t size = 0;
  for (const char c : text) size += IsXchar(c) ? 1 : 3;
  return size;
}

inline bool NeedsSmtpUtf8(const Envelope& envelope) noexcept {
  if (envelope.smtputf8 || !IsAllAscii(envelope.reverse_path)) return true;
  for (const Recipient& recipient : envelope.recipients)
    if (!IsAllAscii(recipient.mailbox)) return true;
  return false;
}

inline bool AsksForDsn(const Envelope& envelope) noexcept {
  if (envelope.options.dsn_return != DsnReturn::Unset || !envelope.envelope_id.empty()) return true;
  for (const Recipient& recipient : envelope.recipients)
    if (recipient.notify != DsnNotify::Unset || !recipient.original_recipient.empty()) return true;
  return false;
}

/// What of the envelope breaks its own rules, whatever the server offers; nullptr where nothing does.
inline const char* OptionsFault(const Envelope& envelope) noexcept {
  const DeliveryOptions& options = envelope.options;
  if (options.priority < -9 || options.priority > 9) return "MT-PRIORITY is -9 to 9";
  if (options.hold_for_seconds > 999999999) return "HOLDFOR has at most 9 digits";
  if (options.hold_until < 0 || options.hold_until > kLastHoldUntil) return "HOLDUNTIL is a time from 1970 to 9999";
  if (options.hold_for_seconds != 0 && options.hold_until != 0) return "HOLDFOR and HOLDUNTIL exclude each other";
  if (options.deliver_by_seconds > 999999999 || options.deliver_by_seconds < -999999999)
    return "BY has at most 9 digits";
  if (options.deliver_by_mode == DeliverByMode::Return && options.deliver_by_seconds < 1)
    return "BY with Return needs a time";
  if (XtextSize(envelope.envelope_id) > kMaxEnvelopeId) return "ENVID is longer than 100 characters";
  for (const char c : envelope.envelope_id)
    if (!IsPrint(c)) return "ENVID holds what is not printable ASCII";
  for (const Recipient& recipient : envelope.recipients) {
    if (recipient.notify != DsnNotify::Never && Includes(recipient.notify, DsnNotify::Never))
      return "NOTIFY=NEVER stands alone";
    if (XtextSize(recipient.original_recipient) + 7 > kMaxOriginalRecipient)
      return "ORCPT is longer than 500 characters";
    for (const char c : recipient.original_recipient)
      if (!IsPrint(c)) return "ORCPT holds what is not printable ASCII";
  }
  return nullptr;
}

/// The first option that the server does not offer; nullptr where it offers all.
inline const char* FirstUnoffered(const Envelope& envelope, const Capabilities& server) noexcept {
  const DeliveryOptions& options = envelope.options;
  if constexpr (kIsSmall) {
    const bool asks = AsksForDsn(envelope) || options.has_priority || options.deliver_by_mode != DeliverByMode::Unset ||
                      options.hold_for_seconds != 0 || options.hold_until != 0;
    return asks ? "SMTPOLL_SMALL leaves delivery options out" : nullptr;
  }
  if (AsksForDsn(envelope) && !server.Has(Extension::Dsn)) return "the message asks for DSN";
  if (options.has_priority && !server.Has(Extension::MtPriority)) return "the message asks for MT-PRIORITY";
  if (options.deliver_by_mode != DeliverByMode::Unset && !server.Has(Extension::DeliverBy))
    return "the message asks for DELIVERBY";
  if ((options.hold_for_seconds != 0 || options.hold_until != 0) && !server.Has(Extension::FutureRelease))
    return "the message asks for FUTURERELEASE";
  return nullptr;
}

/// Why a message with REQUIRETLS must not go to this server (RFC 8689 4.2.1); nullptr where it may. `trusted`: the wire
/// is encrypted, and the server's certificate was verified.
inline const char* RequireTlsFault(const Envelope& envelope, const Capabilities& server, bool trusted) noexcept {
  if (envelope.options.tls_required != TlsRequired::Yes) return nullptr;
  if constexpr (kIsSmall) return "SMTPOLL_SMALL leaves REQUIRETLS out";
  if (!trusted) return "the message asks for REQUIRETLS, but this connection is not encrypted and verified";
  return server.Has(Extension::RequireTls) ? nullptr : "the message asks for REQUIRETLS";
}

/// Why the message cannot go to this server, known before a byte of it is sent: a mailbox that would break out of its
/// command, a recipient missing, an extension not offered, a size above the server's (RFC 1870 6.3: do not even try).
inline Error CheckEnvelope(const Envelope& envelope, std::uint64_t content_size, const Capabilities& server) noexcept {
  if (envelope.recipients.empty()) return Error(Errc::InvalidMessage, Phase::Recipient, "the message has no recipient");
  if (const char* fault = PathFault(envelope.reverse_path)) return Error(Errc::InvalidMessage, Phase::Mail, fault);
  for (const Recipient& recipient : envelope.recipients) {
    const char* fault = recipient.mailbox.empty() ? "empty mailbox" : PathFault(recipient.mailbox);
    if (fault != nullptr) return Error(Errc::InvalidMessage, Phase::Recipient, fault);
  }
  if constexpr (!kIsSmall)
    if (const char* fault = OptionsFault(envelope)) return Error(Errc::InvalidMessage, Phase::Mail, fault);
  if (NeedsSmtpUtf8(envelope) && !server.Has(Extension::SmtpUtf8))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs SMTPUTF8");
  if (envelope.body == BodyType::EightBitMime && !server.Has(Extension::EightBitMime))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs 8BITMIME");
  if (envelope.body == BodyType::BinaryMime && !(server.Has(Extension::BinaryMime) && server.Has(Extension::Chunking)))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs BINARYMIME");
  if (envelope.options.unoffered == Unoffered::Refuse)
    if (const char* missing = FirstUnoffered(envelope, server)) return Error(Errc::NotOffered, Phase::Mail, missing);
  if (content_size != kUnknownSize && server.MaxSize() != 0 && content_size > server.MaxSize()) {
    Error error(Errc::MessageTooLarge, Phase::Mail);
    error.text.AppendDecimal(content_size);
    error.text.Append(" bytes, the server takes ");
    error.text.AppendDecimal(server.MaxSize());
    return error;
  }
  return {};
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
