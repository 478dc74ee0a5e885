// What becomes of a message. Invariant: it is exactly one of queued, sent, refused, in doubt.
#ifndef SMTPOLL_CLIENT_OUTCOME_HPP
#define SMTPOLL_CLIENT_OUTCOME_HPP

#include <cstdint>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What became of a message.
enum class Outcome : std::uint8_t {
  Queued,   ///< Certainly not accepted; it may be sent (again).
  Sent,     ///< The server read it all and took it: a 2yz final reply was read.
  Refused,  ///< The server or the caller refused it, or it cannot be sent safely; sending it again as it is would not
            ///< help.
  InDoubt,  ///< The connection died after the content and before the final reply: it may or may not have arrived.
};

/// Name of an outcome, for people.
constexpr const char* Name(Outcome outcome) noexcept {
  constexpr const char* kNames[] = {"queued", "sent", "refused", "in doubt"};
  return kNames[static_cast<unsigned>(outcome)];
}

SMTPOLL_NAMESPACE_END

#endif
