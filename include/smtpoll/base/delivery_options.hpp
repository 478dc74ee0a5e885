// What a message may ask of the servers on its way: values without text, shared by the message and the protocol floor.
// DSN is RFC 3461, MT-PRIORITY RFC 6710, DELIVERBY RFC 2852, FUTURERELEASE RFC 4865, REQUIRETLS RFC 8689.
#ifndef SMTPOLL_BASE_DELIVERY_OPTIONS_HPP
#define SMTPOLL_BASE_DELIVERY_OPTIONS_HPP

#include <cstdint>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// How much of the message a failure report returns (RET, RFC 3461 4.3).
enum class DsnReturn : std::uint8_t { Unset, Full, Headers };

/// When a report is wanted for a recipient (NOTIFY, RFC 3461 4.1); Success, Failure and Delay combine as bits.
enum class DsnNotify : std::uint8_t { Unset = 0, Never = 1, Success = 2, Failure = 4, Delay = 8 };

/// Both sets together.
constexpr DsnNotify operator|(DsnNotify a, DsnNotify b) noexcept {
  return static_cast<DsnNotify>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// `one` is in `set`.
constexpr bool Includes(DsnNotify set, DsnNotify one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

/// What happens to a message that is not delivered in time (BY, RFC 2852 4).
enum class DeliverByMode : std::uint8_t { Unset, Return, Notify };

/// What a message wants of TLS on its whole way (RFC 8689).
enum class TlsRequired : std::uint8_t {
  Unset,
  /// REQUIRETLS: it goes only over TLS, with a verified certificate, to servers that promise to do the same. Else it is
  /// refused with Errc::NotOffered before a byte of it is sent; Unoffered::Drop changes nothing about that.
  Yes,
  /// The header field "TLS-Required: No": rather to be delivered than to be protected, whatever the receiving side has
  /// published about TLS. That is a word to the servers on the way; the connection to the first one stays as safe as
  /// Security says. With a ready-made Source, whose header nobody here writes to, it is a fault of the message: there
  /// the Source has to hold the field itself.
  No,
};

/// What becomes of an option that the server does not offer.
enum class Unoffered : std::uint8_t {
  Refuse,  ///< The message is refused with Errc::NotOffered before a byte of it is sent.
  Drop,    ///< The message goes without the option.
};

/// The options of one message that are no text. A value not set asks for nothing.
struct DeliveryOptions {
  DsnReturn dsn_return = DsnReturn::Unset;               ///< RET of RFC 3461.
  DeliverByMode deliver_by_mode = DeliverByMode::Unset;  ///< What is to happen when that time is over (RFC 2852).
  bool deliver_by_trace = false;                         ///< Ask for "relayed" reports on the way.
  std::int32_t deliver_by_seconds = 0;  ///< Return needs at least 1; Notify takes 0 and less too (up to 9 digits).
  bool has_priority = false;            ///< MT-PRIORITY (RFC 6710) is asked for.
  std::int8_t priority = 0;             ///< -9 to 9, higher is more urgent.
  std::uint32_t hold_for_seconds = 0;   ///< 1 to 999999999: not to be delivered before that time has gone by.
  std::int64_t hold_until = 0;          ///< Not to be delivered before that time, in seconds since 1970 UTC; 0: unset.
  TlsRequired tls_required = TlsRequired::Unset;  ///< See TlsRequired.
  Unoffered unoffered = Unoffered::Refuse;        ///< What to do where the server does not offer what is set here.
};

SMTPOLL_NAMESPACE_END

#endif
