// Compile-time sizes of a client's buffers. A type of your own with these three constants fits a smaller machine.
#ifndef SMTPOLL_CLIENT_LIMITS_HPP
#define SMTPOLL_CLIENT_LIMITS_HPP

#include <cstddef>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The sizes that clients have where nothing else is said.
struct DefaultLimits {
  static constexpr std::size_t kInput = 4096;    ///< Receive buffer, bytes: the longest reply that is understood.
  static constexpr std::size_t kOutput = 49152;  ///< Send buffer, bytes: commands and content pass through it.
  static constexpr std::size_t kInFlight = 16;   ///< Messages that may wait for their final reply (PIPELINING).
};

SMTPOLL_NAMESPACE_END

#endif
