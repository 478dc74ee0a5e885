// What makes a rendering this one and no other: a message that is rendered again with the same stamp shows the same
// Date, the same Message-ID (RFC 5322 3.6.4) and the same boundaries.
#ifndef SMTPOLL_MESSAGE_MESSAGE_STAMP_HPP
#define SMTPOLL_MESSAGE_MESSAGE_STAMP_HPP

#include <cstdint>

#include "smtpoll/message/token_mint.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// All zero is a stamp that the first rendering fills.
struct MessageStamp {
  std::int64_t time = 0;  ///< Seconds since 1970.
  /// Letters that no text of the message holds: the stem of its boundaries and its Message-ID.
  char token[TokenMint::kSize] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
