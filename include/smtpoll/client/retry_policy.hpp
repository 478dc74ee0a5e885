// When a message is tried again, and what is worth trying again at all: the rules of RetryQueue, without its machinery.
#ifndef SMTPOLL_CLIENT_RETRY_POLICY_HPP
#define SMTPOLL_CLIENT_RETRY_POLICY_HPP

#include <cstdint>
#include <string>

#include "smtpoll/client/send_result.hpp"
#include "smtpoll/protocol/timeouts.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// A server that takes mail for us: one of several in order of preference, as a list of MX hosts is.
struct Relay {
  std::string Address;      ///< Host name, IPv4 or IPv6 literal.
  std::uint16_t Port = 25;  ///< Port to connect to.
};

/// How patient a RetryQueue is (RFC 5321 4.5.4.1).
struct RetryPolicy {
  Millis FirstDelay =
      Timeouts::kMinute;  ///< Milliseconds from the first try to the second; doubled with each further one,
  Millis LongestDelay = 60 * Timeouts::kMinute;  ///< up to this.
  unsigned JitterPercent = 20;  ///< Each delay is up to so much longer or shorter, by chance; at most 100.
  std::uint32_t Tries = 100;    ///< A message is tried so often (with these delays in about four days); 0: for ever.
  /// A message in doubt may have arrived, and arrives twice where it is sent again: only where this is set.
  bool SendInDoubtAgain = false;

  /// Milliseconds to wait after the `tries`-th try in vain (from 1 on); `chance` is any number, taken by chance.
  Millis Delay(std::uint32_t tries, std::uint64_t chance) const noexcept {
    Millis delay = FirstDelay;
    for (std::uint32_t i = 1; i < tries && delay < LongestDelay; ++i)
      delay = delay > LongestDelay / 2 ? LongestDelay : delay * 2;
    if (delay > LongestDelay) delay = LongestDelay;
    if (delay <= 0) return 0;
    const Millis spread = delay / 100 * (JitterPercent < 100 ? JitterPercent : 100);
    return delay - spread + static_cast<Millis>(chance % (2 * static_cast<std::uint64_t>(spread) + 1));
  }
};

namespace detail {

/// True where this recipient may take the message another time: not asked yet, refused for now (4yz), or in doubt where
/// that is `allowed`.
inline bool IsWorthAnotherTry(const RecipientResult& recipient, const SendResult& result, bool allowed) noexcept {
  if (recipient.outcome == Outcome::InDoubt) return allowed;
  if (recipient.outcome != Outcome::Refused) return recipient.outcome == Outcome::Queued;
  const bool by_name = recipient.reply_code != 0 && !recipient.accepted;
  return (by_name ? recipient.reply_code : result.error.reply_code) / 100 == 4;
}

/// True where another connection, later or to another relay, may go better without anybody mending something here.
inline bool IsWorthAnotherConnection(const Error& error) noexcept {
  switch (error.Code()) {
    case Errc::InvalidState:
    case Errc::InvalidPort:
    case Errc::CredentialsOnPlainWire:
    case Errc::AuthenticationUnavailable:
    case Errc::TlsSettings: return false;
    case Errc::AuthenticationFailed: return error.reply_code / 100 != 5;
    default: return true;
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
