// The SMTP envelope of one message: reverse-path, recipients and what the content needs from the server (RFC
// 5321 2.3.1).
#ifndef SMTPOLL_PROTOCOL_ENVELOPE_HPP
#define SMTPOLL_PROTOCOL_ENVELOPE_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/error.hpp"
#include "smtpoll/base/source.hpp"
#include "smtpoll/base/span.hpp"
#include "smtpoll/protocol/capabilities.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What the content needs of the wire (RFC 6152, RFC 3030).
enum class BodyType : std::uint8_t { SevenBit, EightBitMime };

/// Views only: whoever hands an envelope over keeps what it looks at until the message's outcome is known.
struct Envelope {
  std::string_view reverse_path;            ///< `local@domain` without brackets; empty is the null reverse-path.
  Span<const std::string_view> recipients;  ///< Each a `local@domain` without brackets.
  BodyType body = BodyType::SevenBit;
  bool smtputf8 = false;  ///< The headers hold UTF-8 (RFC 6531); a UTF-8 mailbox implies it.
};

namespace detail {

/// RFC 5321 4.5.3.1.3: a path has at most 256 octets, brackets included.
constexpr std::size_t kMaxPath = 256;

/// Why `mailbox` cannot stand between < and > in a command; nullptr where it can. This is the last guard on the wire,
/// not the address grammar: that is the message floor's.
constexpr const char* PathFault(std::string_view mailbox) noexcept {
  if (mailbox.size() + 2 > kMaxPath) return "mailbox longer than 254 octets";
  bool quoted = false;
  for (std::size_t i = 0; i < mailbox.size(); ++i) {
    const char c = mailbox[i];
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return "control character in mailbox";
    if (quoted && c == '\\') {
      if (++i == mailbox.size() || !(IsPrint(mailbox[i]))) return "unfinished quoted pair in mailbox";
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
      return "space or angle bracket in mailbox";
    }
  }
  return quoted ? "unfinished quoted string in mailbox" : nullptr;
}

inline bool NeedsSmtpUtf8(const Envelope& envelope) noexcept {
  if (envelope.smtputf8 || !IsAllAscii(envelope.reverse_path)) return true;
  for (const std::string_view recipient : envelope.recipients)
    if (!IsAllAscii(recipient)) return true;
  return false;
}

/// Why the message cannot go to this server, known before a byte of it is sent: a mailbox that would break out of its
/// command, a recipient missing, an extension not offered, a size above the server's (RFC 1870 6.3: do not even try).
inline Error CheckEnvelope(const Envelope& envelope, std::uint64_t content_size, const Capabilities& server) noexcept {
  if (envelope.recipients.empty()) return Error(Errc::InvalidMessage, Phase::Recipient, "the message has no recipient");
  if (const char* fault = PathFault(envelope.reverse_path)) return Error(Errc::InvalidMessage, Phase::Mail, fault);
  for (const std::string_view recipient : envelope.recipients) {
    const char* fault = recipient.empty() ? "empty mailbox" : PathFault(recipient);
    if (fault != nullptr) return Error(Errc::InvalidMessage, Phase::Recipient, fault);
  }
  if (NeedsSmtpUtf8(envelope) && !server.Has(Extension::SmtpUtf8))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs SMTPUTF8");
  if (envelope.body == BodyType::EightBitMime && !server.Has(Extension::EightBitMime))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs 8BITMIME");
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
