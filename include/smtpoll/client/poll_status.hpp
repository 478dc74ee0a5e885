// What Poll answers: whether there is work left, and what it waits for.
#ifndef SMTPOLL_CLIENT_POLL_STATUS_HPP
#define SMTPOLL_CLIENT_POLL_STATUS_HPP

#include "smtpoll/base/io.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What Poll has left to do. True (in a condition) while there is work.
struct PollStatus {
  bool work_left = false;                 ///< Poll has to be called again.
  Readiness waits_for = Readiness::None;  ///< What the Handle() has to become before Poll can do more.
  Millis deadline = kNever;               ///< When a time-out is due, on Now()'s clock.
  /// True while there is work.
  explicit operator bool() const noexcept { return work_left; }
};

SMTPOLL_NAMESPACE_END

#endif
