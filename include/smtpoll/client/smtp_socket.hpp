// SMTPSocket: the seed's class. Properties, methods and events have the seed's names; Poll() drives it step by step.
// Nothing here blocks but Poll(milliseconds). One object belongs to one thread at a time; objects share nothing.
// Invariant: a message is in Messages, under way, in InDoubt, or was handed to MessageFinished as sent or refused.
#ifndef SMTPOLL_CLIENT_SMTP_SOCKET_HPP
#define SMTPOLL_CLIENT_SMTP_SOCKET_HPP

#include <optional>
#include <string>

#include "smtpoll/base/error_category.hpp"
#include "smtpoll/base/sequence.hpp"
#include "smtpoll/client/client_settings.hpp"
#include "smtpoll/client/driver.hpp"
#include "smtpoll/client/events.hpp"
#include "smtpoll/client/flag_scope.hpp"
#include "smtpoll/client/flights.hpp"
#include "smtpoll/client/pipelining_trust.hpp"
#include "smtpoll/client/poll_status.hpp"
#include "smtpoll/client/raw_stream.hpp"
#include "smtpoll/client/secure_settings.hpp"
#include "smtpoll/client/session_report.hpp"
#include "smtpoll/socket/native.hpp"
#include "smtpoll/socket/network_interface.hpp"
#include "smtpoll/transport/plain.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The seed's SMTPSocket over a socket policy, a transport policy, a handler policy and buffer sizes. The public
/// members of ClientSettings (UserName, Password, ...) and of the handler (the events) are members of this class too;
/// over a transport that takes TlsSettings, those of SecureSettings as well.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = EventFunctions,
          typename Limits = DefaultLimits>
class BasicSMTPSocket : public detail::SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicSMTPSocket() = default;
  BasicSMTPSocket(const BasicSMTPSocket&) = delete;
  BasicSMTPSocket& operator=(const BasicSMTPSocket&) = delete;

  std::string Address;     ///< Host name, IPv4 or IPv6 literal to connect to.
  std::uint16_t Port = 0;  ///< Port to connect to, or to listen on; after Listen on 0 the one the system picked.
  /// The queue; element 0 is the next to go. May be changed at any time, also in an event. Messages that are under way
  /// (up to MessagesInFlight) are not in it any more.
  Sequence<EmailMessage> Messages;
  /// Messages whose fate is unknown: the connection died after the content and before the reply. The caller decides.
  Sequence<EmailMessage> InDoubt;
  /// The local interface to bind to; unset: the system's choice.
  std::optional<smtpoll::NetworkInterface> NetworkInterface;
  std::size_t PollBudget = std::size_t{256} * 1024;  ///< Bytes that one Poll moves at most, about.
  std::size_t ReceiveBufferLimit =
      std::size_t{256} * 1024;  ///< Bytes of raw data kept unread; the peer has to wait for more room.
  std::size_t SendBufferLimit = std::size_t{1024} * 1024;  ///< Bytes of raw data that Write queues; more is an error.

  /// Starts to connect to Address:Port; Poll goes on to the greeting, EHLO and AUTH. Faults come through Error:
  /// 106 where a connection is there already, 107 for port 0, Errc::CredentialsOnPlainWire before a byte is sent.
  void Connect();
  /// Connects where that is not done yet, sends every queued message and disconnects. Returns at once; Poll drives it.
  void SendMail();
  /// Makes all the progress that can be made now, without blocking, and fires the events that are due.
  PollStatus Poll();
  /// As Poll, but where nothing can be done now waits up to `at_most` milliseconds for something (negative: no limit).
  PollStatus Poll(Millis at_most);

  /// Closes and resets. Address, Port, LastError, the settings, the queue and the unread receive buffer stay.
  void Close();
  /// As Close, and fires Error with 102.
  void Disconnect();
  /// Ends the mail session with QUIT after the message under way, then closes; Poll drives it.
  void DisconnectFromServer();
  /// Empties the queue; a message under way stays under way.
  void DeleteAllMessages() { Messages.RemoveAll(); }

  /// Listens on Port (of NetworkInterface); the next incoming connection turns this object into its connected peer.
  void Listen();
  /// Up to `count` bytes of the receive buffer; fewer where fewer are there.
  std::string Read(std::size_t count) { return raw_.Take(count); }
  /// All of the receive buffer.
  std::string ReadAll() { return raw_.Take(SIZE_MAX); }
  /// The receive buffer's content, which stays there.
  std::string Lookahead() const { return std::string(raw_.Received()); }
  /// Queues raw bytes. Only where connected and no message is under way; otherwise Error 106 and false. 108 where
  /// SendBufferLimit would be passed. What the peer answers then comes through DataAvailable and Read.
  bool Write(std::string_view data);
  /// Pushes out now what the wire takes; true where nothing is left to send.
  bool Flush();
  /// Empties the receive buffer; the send buffer stays.
  void Purge() { raw_.Purge(); }
  /// True where the receive buffer is empty.
  bool EndOfFile() const { return raw_.Received().empty(); }
  /// Bytes in the receive buffer.
  std::size_t BytesAvailable() const { return raw_.Received().size(); }
  /// Bytes queued and not yet taken by the system: raw bytes, commands, the rest of the message under way and, while
  /// SendMail is at work, the messages that wait. Not 0 as long as the content of a message is left to send.
  std::size_t BytesLeftToSend() const;

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// TLS is established: all that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// A TLS handshake is under way.
  bool SSLConnecting() const { return driver_.CurrentState() == State::Securing; }
  /// IP of this end; of the host (its first interface that is no loopback) where not connected.
  std::string LocalAddress() const { return detail::LocalAddressOf(driver_.Layer().NextLayer(), NetworkInterface); }
  /// IP of the peer; empty where not connected.
  std::string RemoteAddress() const { return detail::RemoteAddressOf(driver_.Layer().NextLayer()); }
  /// The socket for the caller's own event loop; Socket::kNoHandle where there is none. It may change with each Poll
  /// until the connection stands (name resolution and each address tried have their own).
  typename Socket::Handle Handle() const { return driver_.Layer().NextLayer().NativeHandle(); }
  /// The Handle() has to become readable before Poll can do more.
  bool WantsRead() const { return Includes(Wants(), Readiness::Read); }
  /// The Handle() has to become writable before Poll can do more.
  bool WantsWrite() const { return Includes(Wants(), Readiness::Write); }
  /// When Poll should be called even if nothing happens, on Now()'s clock; kNever where nothing is pending.
  Millis NextDeadline() const {
    return driver_.CurrentState() == State::Raw && !WantsRead() ? kNever : driver_.NextDeadline();
  }
  /// The socket's clock, milliseconds; it never runs backwards.
  static Millis Now() { return Socket::Now(); }

  /// The last error; it stays until the next one.
  const smtpoll::Error& LastError() const { return last_error_; }
  /// The seed's LastErrorCode.
  int LastErrorCode() const { return last_error_.ErrorNumber; }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The present connection, or the last one, for a support ticket: ToString and ToJson write it out.
  SessionReport Explain() const { return detail::MakeReport(driver_, strings_.Host(), last_error_, *this); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using State = typename Driver<Socket, Transport, Limits>::State;

  void Open(const smtpoll::Error* refusal = nullptr);
  PollStatus Turn(Millis patience);
  void Round(std::size_t& budget);
  bool StartNext();
  bool StartMessage();
  void PrepareMessage();
  void PrepareAhead();
  void ReturnPrepared();
  MessageSource& Rendering() { return sources_[rendering_]; }
  void FinishRun();
  void PumpRaw(std::size_t& budget);
  void Dispatch(const Event& event);
  void ReportChunk(const Event& event);
  void ReportLastChunk();
  void Land(Outcome outcome, const smtpoll::Error* why);
  void ReturnUnfinished(const smtpoll::Error* why = nullptr);
  void Finish(detail::Flights::Owner flight, const smtpoll::Error* because);
  void Fault(const smtpoll::Error& error);
  void Report(const smtpoll::Error& error);
  void TearDown();
  bool InIdleSession() const { return driver_.CurrentState() == State::Session && driver_.Session().Idle(); }
  Readiness Wants() const;
  PollStatus Status() const;
  std::string BindAddress() const { return NetworkInterface ? NetworkInterface->IPAddress() : std::string(); }
  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicSMTPSocket*>(self)->OnTranscript(side, line);
  }

  detail::SessionStrings strings_;
  detail::RawStream raw_;
  detail::PipeliningTrust trust_;
  detail::Flights flights_;     // the messages that the engine has, oldest first
  detail::Flights unfinished_;  // those that need another transaction for more of their recipients
  detail::Flights prepared_;    // at most one, that is laid out and waits for its turn
  MessageSource sources_[2];    // one renders the newest message, the other one holds what is prepared
  unsigned rendering_ = 0;
  std::size_t returned_ = 0;     // messages that came back to the queue since the connection was made
  bool sending_ = false;         // SendMail is at work
  bool quit_wanted_ = false;     // QUIT as soon as the session is idle
  bool looks_first_ = false;     // SendMail found a connection: whether the server has hung up is to be seen first
  bool sent_some_ = false;       // at least one message of this run was sent
  bool accepted_ = false;        // the connection came in through Listen
  bool last_chunk_due_ = false;  // the newest message's final SendProgress has not come yet
  std::size_t raw_told_ = 0;     // what SendProgress was last told of the raw send buffer
  bool opening_ = false;         // Open asks for a token
  bool token_renewed_ = false;   // this connection has a token that was asked for after a refusal
  bool polling_ = false;
  bool closing_ = false;
  bool progress_ = false;  // the last round did something
  smtpoll::Error last_error_;
  mutable std::uint64_t waiting_size_ = 0;  // rendered size of the first waiting_count_ messages of the queue
  mutable std::size_t waiting_count_ = 0;
  Driver<Socket, Transport, Limits> driver_;  // last, because its end looks at what the others have
};

/// SMTPSocket over this platform's sockets, without TLS.
using SMTPSocket = BasicSMTPSocket<NativeSocket>;

SMTPOLL_NAMESPACE_END

#include "smtpoll/client/detail/smtp_socket_events.hpp"
#include "smtpoll/client/detail/smtp_socket_impl.hpp"

#endif
