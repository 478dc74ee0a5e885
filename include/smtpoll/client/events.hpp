// Handler policies: who hears what happens. EventFunctions is the default, a public Function a seed event.
// For builds without a heap, derive from NoEvents and hide the hooks you want: they are called statically.
#ifndef SMTPOLL_CLIENT_EVENTS_HPP
#define SMTPOLL_CLIENT_EVENTS_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/base/function.hpp"
#include "smtpoll/client/send_result.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/protocol/event.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// A handler that does nothing, and the list of all hooks. Views and references are valid during the call. A hook may
/// call any method of its socket (Poll then does nothing) and change Messages; it must not destroy the socket.
struct NoEvents {
  /// The server's greeting was read; empty text: a connection came in through Listen.
  void OnConnectionEstablished(std::string_view /*greeting*/) {}
  /// New bytes came into the receive buffer.
  void OnDataAvailable() {}
  /// The connection failed, a call was not allowed, or a message could not be sent safely.
  void OnError(const smtpoll::Error& /*error*/) {}
  /// The queue has become empty, and at least one message of this run was sent.
  void OnMailSent() {}
  /// The server accepted this message.
  void OnMessageSent(const EmailMessage& /*email*/) {}
  /// The server refused this message: its reply code and text.
  void OnServerError(int /*id*/, std::string_view /*text*/, const EmailMessage& /*email*/) {}
  /// The connection died before the final reply to this message, which is now in InDoubt.
  void OnMessageInDoubt(const EmailMessage& /*email*/, const smtpoll::Error& /*error*/) {}
  /// This message has its outcome, with a result per recipient. Comes before the more special hooks.
  void OnMessageFinished(const EmailMessage& /*email*/, const SendResult& /*result*/) {}
  /// Only from RetryQueue: this message goes again in `delay` milliseconds, to those recipients that it may still
  /// reach; `result` is what the try came to.
  void OnMessageDeferred(const EmailMessage& /*email*/, const SendResult& /*result*/, Millis /*delay*/) {}
  /// A chunk of `bytes_sent` bytes is about to go, `bytes_left` are left with it; (0, 0) when all has gone. True
  /// cancels.
  bool OnSendProgress(std::size_t /*bytes_sent*/, std::size_t /*bytes_left*/) { return false; }
  /// An access token is wanted (RFC 6750), for a connection that is about to be made; `refused`: because the server
  /// refused the one before, which happens once for each connection. True: it was put into `token`, which is
  /// overwritten after use. False: AccessToken is the one, and after a refusal there is no other. Poll takes as long as
  /// this does.
  bool OnTokenWanted(bool /*refused*/, std::string& /*token*/) { return false; }
  /// A line of the dialogue, without its line end; secrets and content are replaced.
  void OnTranscript(Side /*side*/, std::string_view /*line*/) {}
};

/// The seed's events as public members, each a Function; an empty one is passed over.
struct EventFunctions {
  ///@{
  /// The event of its name: see the hook in NoEvents.
  Function<void(const std::string& greeting)> ConnectionEstablished;
  Function<void()> DataAvailable;
  Function<void(const smtpoll::Error& error)> Error;
  Function<void()> MailSent;
  Function<void(const EmailMessage& email)> MessageSent;
  Function<void(int id, const std::string& text, const EmailMessage& email)> ServerError;
  Function<bool(std::size_t bytes_sent, std::size_t bytes_left)> SendProgress;
  // Ours, beside the seed's.
  Function<void(const EmailMessage& email, const smtpoll::Error& error)> MessageInDoubt;
  Function<void(const EmailMessage& email, const SendResult& result)> MessageFinished;
  /// Only from RetryQueue: see NoEvents::OnMessageDeferred.
  Function<void(const EmailMessage& email, const SendResult& result, Millis delay)> MessageDeferred;
  Function<void(Side side, const std::string& line)> Transcript;
  /// Returns an access token, or none (empty text): then AccessToken is used. `refused`: see NoEvents::OnTokenWanted.
  Function<std::string(bool refused)> TokenProvider;
  ///@}

  ///@{
  /// Calls the function of its name.
  void OnConnectionEstablished(std::string_view greeting) {
    if (ConnectionEstablished) ConnectionEstablished(std::string(greeting));
  }
  void OnDataAvailable() {
    if (DataAvailable) DataAvailable();
  }
  void OnError(const smtpoll::Error& error) {
    if (Error) Error(error);
  }
  void OnMailSent() {
    if (MailSent) MailSent();
  }
  void OnMessageSent(const EmailMessage& email) {
    if (MessageSent) MessageSent(email);
  }
  void OnServerError(int id, std::string_view text, const EmailMessage& email) {
    if (ServerError) ServerError(id, std::string(text), email);
  }
  void OnMessageInDoubt(const EmailMessage& email, const smtpoll::Error& error) {
    if (MessageInDoubt) MessageInDoubt(email, error);
  }
  void OnMessageFinished(const EmailMessage& email, const SendResult& result) {
    if (MessageFinished) MessageFinished(email, result);
  }
  void OnMessageDeferred(const EmailMessage& email, const SendResult& result, Millis delay) {
    if (MessageDeferred) MessageDeferred(email, result, delay);
  }
  bool OnSendProgress(std::size_t bytes_sent, std::size_t bytes_left) {
    return SendProgress && SendProgress(bytes_sent, bytes_left);
  }
  bool OnTokenWanted(bool refused, std::string& token) {
    return TokenProvider && detail::MoveSecret(TokenProvider(refused), token);
  }
  void OnTranscript(Side side, std::string_view line) {
    if (Transcript) Transcript(side, std::string(line));
  }
  ///@}
};

namespace detail {

/// A handler that may take a message for itself when its outcome is known, before anybody else hears of it:
/// RetryQueue's.
template <typename Handler>
using TakenWhenLanded = decltype(std::declval<Handler&>().OnMessageLanded(std::declval<EmailMessage&>(),
                                                                          std::declval<const SendResult&>(), Millis{}));

constexpr std::size_t ClampToSize(std::uint64_t value) noexcept {
  return value > SIZE_MAX ? SIZE_MAX : static_cast<std::size_t>(value);
}

/// Tells the handler of a chunk that is about to go; true where it cancels. A content of unknown size has at least the
/// chunk left.
template <typename Handler>
bool AskAboutChunk(Handler& handler, const Event& event) {
  return handler.OnSendProgress(event.chunk, ClampToSize(event.left == kUnknownSize ? event.chunk : event.left));
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
