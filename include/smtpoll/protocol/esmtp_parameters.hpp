// The parameters behind MAIL and RCPT (RFC 5321 4.1.2: esmtp-param), one rule each. What the server does not offer is
// left out: whether that is allowed, CheckEnvelope has decided before.
#ifndef SMTPOLL_PROTOCOL_ESMTP_PARAMETERS_HPP
#define SMTPOLL_PROTOCOL_ESMTP_PARAMETERS_HPP

#include "smtpoll/base/calendar.hpp"
#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/protocol/envelope.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Room for the longest parameters: those of RCPT, with an ORCPT of 500 characters; else SIZE, BODY and SMTPUTF8.
using ParameterText = FixedText<kIsSmall ? 64 : 560>;

inline void AppendXtext(ParameterText& text, std::string_view value) noexcept {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const char escaped[3] = {'+', kHex[byte >> 4], kHex[byte & 15]};
    text.Append(IsXchar(c) ? std::string_view(&c, 1) : std::string_view(escaped, 3));
  }
}

inline void AppendSigned(ParameterText& text, std::int32_t value) noexcept {
  if (value < 0) text.Append("-");
  text.AppendDecimal(static_cast<std::uint64_t>(value < 0 ? -static_cast<std::int64_t>(value) : value));
}

/// `2026-11-24T10:00:00Z` (RFC 3339 5.6).
inline void AppendUtcTime(ParameterText& text, std::int64_t seconds) noexcept {
  const CalendarTime time = ToCalendarTime(seconds);
  const auto two = [&text](int value, std::string_view end) {
    text.AppendDecimal(static_cast<std::uint64_t>(value / 10));
    text.AppendDecimal(static_cast<std::uint64_t>(value % 10));
    text.Append(end);
  };
  two(static_cast<int>(time.year / 100), "");
  two(static_cast<int>(time.year % 100), "-");
  two(time.month, "-");
  two(time.day, "T");
  two(time.hour, ":");
  two(time.minute, ":");
  two(time.second, "Z");
}

inline ParameterText MailParameters(const Envelope& envelope, std::uint64_t content_size,
                                    const Capabilities& server) noexcept {
  const DeliveryOptions& options = envelope.options;
  ParameterText text;
  if (server.Has(Extension::Size) && content_size != kUnknownSize) {
    text.Append(" SIZE=");
    text.AppendDecimal(content_size);
  }
  if (envelope.body == BodyType::EightBitMime) text.Append(" BODY=8BITMIME");
  if (envelope.body == BodyType::BinaryMime) text.Append(" BODY=BINARYMIME");
  if (NeedsSmtpUtf8(envelope)) text.Append(" SMTPUTF8");
  if constexpr (kIsSmall) return text;
  if (options.tls_required == TlsRequired::Yes) text.Append(" REQUIRETLS");
  if (server.Has(Extension::Dsn)) {
    if (options.dsn_return != DsnReturn::Unset)
      text.Append(options.dsn_return == DsnReturn::Full ? " RET=FULL" : " RET=HDRS");
    if (!envelope.envelope_id.empty()) {
      text.Append(" ENVID=");
      AppendXtext(text, envelope.envelope_id);
    }
  }
  if (options.has_priority && server.Has(Extension::MtPriority)) {
    text.Append(" MT-PRIORITY=");
    AppendSigned(text, options.priority);
  }
  if (options.deliver_by_mode != DeliverByMode::Unset && server.Has(Extension::DeliverBy)) {
    text.Append(" BY=");
    AppendSigned(text, options.deliver_by_seconds);
    text.Append(options.deliver_by_mode == DeliverByMode::Return ? ";R" : ";N");
    if (options.deliver_by_trace) text.Append("T");
  }
  if (options.hold_for_seconds != 0 && server.Has(Extension::FutureRelease)) {
    text.Append(" HOLDFOR=");
    text.AppendDecimal(options.hold_for_seconds);
  }
  if (options.hold_until != 0 && server.Has(Extension::FutureRelease)) {
    text.Append(" HOLDUNTIL=");
    AppendUtcTime(text, options.hold_until);
  }
  return text;
}

inline ParameterText RecipientParameters(const Recipient& recipient, const Capabilities& server) noexcept {
  ParameterText text;
  if (kIsSmall || !server.Has(Extension::Dsn)) return text;
  if (recipient.notify != DsnNotify::Unset) {
    constexpr struct {
      DsnNotify bit;
      std::string_view word;
    } kWords[] = {{DsnNotify::Never, "NEVER"},
                  {DsnNotify::Success, "SUCCESS"},
                  {DsnNotify::Failure, "FAILURE"},
                  {DsnNotify::Delay, "DELAY"}};
    std::string_view separator = " NOTIFY=";
    for (const auto& word : kWords) {
      if (!Includes(recipient.notify, word.bit)) continue;
      text.Append(separator);
      text.Append(word.word);
      separator = ",";
    }
  }
  if (!recipient.original_recipient.empty()) {
    text.Append(" ORCPT=rfc822;");
    AppendXtext(text, recipient.original_recipient);
  }
  return text;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
