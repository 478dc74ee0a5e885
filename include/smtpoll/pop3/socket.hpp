// POP3Socket: the seed's companion of SMTPSocket, for reading mail. Properties, methods and events have the seed's
// names; Poll() drives it step by step, as with SMTPSocket. Nothing here blocks but Poll(milliseconds). One object
// belongs to one thread at a time; objects share nothing. Invariant: the commands asked for are said and answered in
// their order; no message is ever held.
#ifndef SMTPOLL_POP3_SOCKET_HPP
#define SMTPOLL_POP3_SOCKET_HPP

#include <deque>
#include <optional>
#include <string>

#include "smtpoll/base/error_category.hpp"
#include "smtpoll/client/driver.hpp"
#include "smtpoll/client/flag_scope.hpp"
#include "smtpoll/client/poll_status.hpp"
#include "smtpoll/pop3/core.hpp"
#include "smtpoll/pop3/events.hpp"
#include "smtpoll/pop3/settings.hpp"
#include "smtpoll/socket/native.hpp"
#include "smtpoll/socket/network_interface.hpp"
#include "smtpoll/transport/plain.hpp"

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// A command that waits for its turn.
struct WaitingCommand {
  Pop3Request request;
  std::string line;  // of SendServerCommand
};

}  // namespace detail

/// A POP3 client over a socket policy, a transport policy, a handler policy and buffer sizes. The public members of
/// Pop3Settings (UserName, Password, ...) and of the handler (the events) are members of this class too; over a
/// transport that takes TlsSettings, those of Pop3SecureSettings as well.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = Pop3EventFunctions,
          typename Limits = Pop3Limits>
class BasicPOP3Socket : public detail::Pop3SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicPOP3Socket() = default;
  BasicPOP3Socket(const BasicPOP3Socket&) = delete;
  BasicPOP3Socket& operator=(const BasicPOP3Socket&) = delete;

  std::string Address;     ///< Host name, IPv4 or IPv6 literal to connect to.
  std::uint16_t Port = 0;  ///< Port to connect to: 110, or 995 for TLS from the first byte on.
  /// The local interface to bind to; unset: the system's choice.
  std::optional<smtpoll::NetworkInterface> NetworkInterface;
  std::size_t PollBudget = std::size_t{256} * 1024;  ///< Bytes that one Poll moves at most, about.

  /// Starts to connect to Address:Port; Poll goes on to the greeting and the login. Faults come through Error: 106
  /// where a connection is there already, 107 for port 0, Errc::CredentialsOnPlainWire before a byte is sent.
  void Connect();

  /// The commands: Poll says them in their order, each when those before it have been answered or, where the server
  /// offers PIPELINING, in a group, and the event named answers it. Without a connection, and where the arguments are
  /// none, Error comes at once and false is returned. A command that the server refuses is told by ServerError; the
  /// ones behind it are said all the same. Where the connection fails, those that are left are dropped.
  /// STAT; MessageCount.
  bool CountMessages() { return Ask({Pop3Command::Stat, 0, 0, {}}); }
  /// LIST; MessageListed for each message that is not marked, then ListReceived.
  bool ListMessages() { return Ask({Pop3Command::List, 0, 0, {}}); }
  /// LIST for one message.
  bool ListMessage(std::uint32_t message) { return Ask({Pop3Command::ListOne, message, 0, {}}); }
  /// UIDL; UniqueIDListed for each message that is not marked, then ListReceived.
  bool ListUniqueIDs() { return Ask({Pop3Command::Uids, 0, 0, {}}); }
  /// UIDL for one message.
  bool ListUniqueID(std::uint32_t message) { return Ask({Pop3Command::UidOne, message, 0, {}}); }
  /// RETR; MessageData for each piece, then MessageReceived.
  bool RetrieveMessage(std::uint32_t message) { return Ask({Pop3Command::Retrieve, message, 0, {}}); }
  /// TOP: the header and `lines` lines of the body; MessageData for each piece, then TopLinesReceived.
  bool RetrieveLines(std::uint32_t message, std::uint32_t lines) { return Ask({Pop3Command::Top, message, lines, {}}); }
  /// DELE: marks a message, see DisconnectFromServer; MessageDeleted.
  bool DeleteMessage(std::uint32_t message) { return Ask({Pop3Command::Delete, message, 0, {}}); }
  /// RSET: takes all marks back; RollbackSuccessful.
  bool RollbackServer() { return Ask({Pop3Command::Reset, 0, 0, {}}); }
  /// NOOP; ServerAvailable.
  bool CheckServerConnection() { return Ask({Pop3Command::Noop, 0, 0, {}}); }
  /// A command that no method is for and whose response has one line; ServerCommandReply.
  bool SendServerCommand(std::string_view command) { return Ask({Pop3Command::Other, 0, 0, command}); }
  /// Ends the session with QUIT after the commands asked for: now the server deletes what is marked. Disconnected;
  /// where messages were marked and no good answer came, Error.
  void DisconnectFromServer();

  /// Makes all the progress that can be made now, without blocking, and fires the events that are due.
  PollStatus Poll() { return Turn(0); }
  /// As Poll, but where nothing can be done now waits up to `at_most` milliseconds for something (negative: no limit).
  PollStatus Poll(Millis at_most);

  /// Closes without QUIT: nothing is deleted. Address, Port, LastError and the settings stay.
  void Close() { TearDown(); }
  /// As Close, and fires Error with 102.
  void Disconnect();

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// TLS is established: all that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// A TLS handshake is under way.
  bool SSLConnecting() const { return driver_.CurrentState() == State::Securing; }
  /// Bytes of commands that the system has not taken; commands that wait for their turn are not among them.
  std::size_t BytesLeftToSend() const { return driver_.Session().Output().size(); }
  /// IP of this end; of the host (its first interface that is no loopback) where not connected.
  std::string LocalAddress() const { return detail::LocalAddressOf(driver_.Layer().NextLayer(), NetworkInterface); }
  /// IP of the peer; empty where not connected.
  std::string RemoteAddress() const { return detail::RemoteAddressOf(driver_.Layer().NextLayer()); }
  /// The socket for the caller's own event loop; see BasicSMTPSocket::Handle.
  typename Socket::Handle Handle() const { return driver_.Layer().NextLayer().NativeHandle(); }
  /// The Handle() has to become readable before Poll can do more.
  bool WantsRead() const { return Includes(driver_.Wants(), Readiness::Read); }
  /// The Handle() has to become writable before Poll can do more.
  bool WantsWrite() const { return Includes(driver_.Wants(), Readiness::Write); }
  /// When Poll should be called even if nothing happens, on Now()'s clock; kNever where nothing is pending.
  Millis NextDeadline() const { return driver_.NextDeadline(); }
  /// The socket's clock, milliseconds; it never runs backwards.
  static Millis Now() { return Socket::Now(); }

  /// The last error, or the last refusal of the server's; it stays until the next one.
  const smtpoll::Error& LastError() const { return last_error_; }
  /// The seed's LastErrorCode.
  int LastErrorCode() const { return last_error_.ErrorNumber; }
  /// What the server offered in its last CAPA response.
  const Pop3Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using Machine = Driver<Socket, Transport, Limits, detail::Pop3Core<Limits>>;
  using State = typename Machine::State;

  void Open(const smtpoll::Error* refusal = nullptr);
  bool Ask(const Pop3Request& request);
  PollStatus Turn(Millis patience);
  bool StartNext();
  void Dispatch(const Pop3Event& event);
  void OnEntry(const Pop3Event& event);
  void OnDone(const Pop3Event& event);
  void OnFailed(const smtpoll::Error& error);
  void Say(const smtpoll::Error& error);
  void Leave();
  void TearDown();
  bool Idles() const { return driver_.CurrentState() == State::Session && driver_.Session().Idle(); }
  PollStatus Status() const;
  std::string BindAddress() const { return NetworkInterface ? NetworkInterface->IPAddress() : std::string(); }
  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicPOP3Socket*>(self)->OnTranscript(side, line);
  }

  detail::Pop3Strings strings_;
  std::deque<detail::WaitingCommand> waiting_;
  std::string line_;            // of the SendServerCommand that is being answered
  bool quit_wanted_ = false;    // QUIT when all commands are answered
  bool greeted_ = false;        // Disconnected is due when the connection ends
  bool opening_ = false;        // Open asks for a token
  bool token_renewed_ = false;  // this connection has a token that was asked for after a refusal
  bool polling_ = false;
  bool progress_ = false;  // the last round did something
  smtpoll::Error last_error_;
  Machine driver_;  // last, because its end looks at what the others have
};

/// POP3Socket over this platform's sockets, without TLS.
using POP3Socket = BasicPOP3Socket<NativeSocket>;

SMTPOLL_NAMESPACE_END

#include "smtpoll/pop3/detail/socket_impl.hpp"

#endif
