// What became of a message, recipient by recipient.
#ifndef SMTPOLL_CLIENT_SEND_RESULT_HPP
#define SMTPOLL_CLIENT_SEND_RESULT_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "smtpoll/base/error.hpp"
#include "smtpoll/client/outcome.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What the server said to one recipient, and what that came to.
struct RecipientResult {
  std::string mailbox;                ///< `local@domain`, as on the wire.
  Outcome outcome = Outcome::Queued;  ///< What became of the message for this recipient.
  bool accepted = false;              ///< The server took the recipient; that does not mean sent.
  bool final_reply = false;           ///< LMTP: this is the final reply, to the content (RFC 2033).
  int reply_code = 0;                 ///< 0 where the server was not asked.
  EnhancedCode enhanced;              ///< Its enhanced status code, where the server gave one.
  std::string text;                   ///< The reply's text, for a refused recipient; empty for an accepted one.
};

/// The result of one message. It owns all that it says. Where recipients differ, the message is in doubt if it is for
/// one of them, else queued, else sent, else refused.
struct SendResult {
  Outcome outcome = Outcome::Queued;  ///< What became of the message.
  smtpoll::Error error;               ///< Why it was not sent; ErrorNumber 0 for a sent one.
  std::string server_text;            ///< Text of the final reply of a sent message; servers put their queue id there.
  std::vector<RecipientResult> recipients;  ///< What became of it for each recipient.

  /// The server accepted the message.
  bool Sent() const noexcept { return outcome == Outcome::Sent; }
  /// As Sent.
  explicit operator bool() const noexcept { return Sent(); }
};

SMTPOLL_NAMESPACE_END

#endif
