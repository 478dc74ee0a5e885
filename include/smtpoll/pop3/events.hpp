// Handler policies of the POP3 clients: who hears what happens. Pop3EventFunctions is the default, a public
// Function an event. For builds without a heap, derive from Pop3NoEvents and hide the hooks you want.
#ifndef SMTPOLL_POP3_EVENTS_HPP
#define SMTPOLL_POP3_EVENTS_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/base/function.hpp"
#include "smtpoll/base/secret.hpp"
#include "smtpoll/pop3/event.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// A handler that does nothing, and the list of all hooks. Views and references are valid during the call. A hook may
/// call any method of its socket (Poll then does nothing); it must not destroy the socket. Messages have the numbers
/// that the server gives them for this session, from 1 on; sizes are bytes.
struct Pop3NoEvents {
  /// The server's greeting was read.
  void OnConnectionEstablished(std::string_view /*greeting*/) {}
  /// The mailbox is open, and locked for this session.
  void OnLoginSuccessful() {}
  /// A connection that had greeted us is over, as asked for or after OnError.
  void OnDisconnected() {}
  /// The connection failed, or a call was not allowed.
  void OnError(const smtpoll::Error& /*error*/) {}
  /// The server refused a command (an Errc, in `id`) with `text`; `message` is the message it was about, 0 where it was
  /// about none. The session goes on; LastError has the command too.
  void OnServerError(int /*id*/, std::string_view /*text*/, std::uint32_t /*message*/) {}
  /// The answer to CountMessages: how many messages there are, and the size of all.
  void OnMessageCount(std::uint32_t /*count*/, std::uint64_t /*size*/) {}
  /// One line of ListMessages.
  void OnMessageListed(std::uint32_t /*message*/, std::uint64_t /*size*/) {}
  /// One line of ListUniqueIDs: an id that stays the same in all sessions.
  void OnUniqueIDListed(std::uint32_t /*message*/, std::string_view /*id*/) {}
  /// The listing is over; it had `count` lines.
  void OnListReceived(std::uint32_t /*count*/) {}
  /// The next piece of a message: any number of bytes, with CRLF line ends, as the sender wrote them. True breaks the
  /// message off, which costs the connection.
  bool OnMessageData(std::uint32_t /*message*/, std::string_view /*bytes*/) { return false; }
  /// All of a message has come, `size` bytes.
  void OnMessageReceived(std::uint32_t /*message*/, std::uint64_t /*size*/) {}
  /// The header and the lines asked for have come, `size` bytes.
  void OnTopLinesReceived(std::uint32_t /*message*/, std::uint64_t /*size*/) {}
  /// The message is marked; it is deleted when the session ends by DisconnectFromServer.
  void OnMessageDeleted(std::uint32_t /*message*/) {}
  /// All marks are taken back.
  void OnRollbackSuccessful() {}
  /// The answer to CheckServerConnection: the server is there.
  void OnServerAvailable() {}
  /// The positive answer to SendServerCommand.
  void OnServerCommandReply(std::string_view /*command*/, std::string_view /*data*/) {}
  /// See NoEvents::OnTokenWanted.
  bool OnTokenWanted(bool /*refused*/, std::string& /*token*/) { return false; }
  /// A line of the dialogue, without its line end; secrets and messages are replaced.
  void OnTranscript(Side /*side*/, std::string_view /*line*/) {}
};

/// The events as public members, each a Function, by the seed's names where it has them; an empty one is passed over.
/// Each is the hook of its name in Pop3NoEvents.
struct Pop3EventFunctions {
  ///@{
  /// The event of its name: see the hook in Pop3NoEvents.
  Function<void(const std::string& greeting)> ConnectionEstablished;
  Function<void()> LoginSuccessful;
  Function<void()> Disconnected;
  Function<void(const smtpoll::Error& error)> Error;
  Function<void(int id, const std::string& text, std::uint32_t message)> ServerError;
  Function<void(std::uint32_t count, std::uint64_t size)> MessageCount;
  Function<void(std::uint32_t count)> ListReceived;
  Function<void(std::uint32_t message, std::uint64_t size)> MessageReceived;
  Function<void(std::uint32_t message, std::uint64_t size)> TopLinesReceived;
  Function<void(std::uint32_t message)> MessageDeleted;
  Function<void()> RollbackSuccessful;
  Function<void()> ServerAvailable;
  Function<void(const std::string& command, const std::string& data)> ServerCommandReply;
  // Ours, beside the seed's.
  Function<void(std::uint32_t message, std::uint64_t size)> MessageListed;
  Function<void(std::uint32_t message, std::string_view id)> UniqueIDListed;
  Function<bool(std::uint32_t message, std::string_view bytes)> MessageData;
  Function<std::string(bool refused)> TokenProvider;
  Function<void(Side side, const std::string& line)> Transcript;
  ///@}

  ///@{
  /// Calls the function of its name.
  void OnConnectionEstablished(std::string_view greeting) {
    if (ConnectionEstablished) ConnectionEstablished(std::string(greeting));
  }
  void OnLoginSuccessful() {
    if (LoginSuccessful) LoginSuccessful();
  }
  void OnDisconnected() {
    if (Disconnected) Disconnected();
  }
  void OnError(const smtpoll::Error& error) {
    if (Error) Error(error);
  }
  void OnServerError(int id, std::string_view text, std::uint32_t message) {
    if (ServerError) ServerError(id, std::string(text), message);
  }
  void OnMessageCount(std::uint32_t count, std::uint64_t size) {
    if (MessageCount) MessageCount(count, size);
  }
  void OnMessageListed(std::uint32_t message, std::uint64_t size) {
    if (MessageListed) MessageListed(message, size);
  }
  void OnUniqueIDListed(std::uint32_t message, std::string_view id) {
    if (UniqueIDListed) UniqueIDListed(message, id);
  }
  void OnListReceived(std::uint32_t count) {
    if (ListReceived) ListReceived(count);
  }
  bool OnMessageData(std::uint32_t message, std::string_view bytes) {
    return MessageData && MessageData(message, bytes);
  }
  void OnMessageReceived(std::uint32_t message, std::uint64_t size) {
    if (MessageReceived) MessageReceived(message, size);
  }
  void OnTopLinesReceived(std::uint32_t message, std::uint64_t size) {
    if (TopLinesReceived) TopLinesReceived(message, size);
  }
  void OnMessageDeleted(std::uint32_t message) {
    if (MessageDeleted) MessageDeleted(message);
  }
  void OnRollbackSuccessful() {
    if (RollbackSuccessful) RollbackSuccessful();
  }
  void OnServerAvailable() {
    if (ServerAvailable) ServerAvailable();
  }
  void OnServerCommandReply(std::string_view command, std::string_view data) {
    if (ServerCommandReply) ServerCommandReply(std::string(command), std::string(data));
  }
  bool OnTokenWanted(bool refused, std::string& token) {
    return TokenProvider && detail::MoveSecret(TokenProvider(refused), token);
  }
  void OnTranscript(Side side, std::string_view line) {
    if (Transcript) Transcript(side, std::string(line));
  }
  ///@}
};

SMTPOLL_NAMESPACE_END

#endif
