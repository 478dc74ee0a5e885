// Session: the blocking client. The same driver as SMTPSocket's, in a loop that waits; nothing is thrown.
#ifndef SMTPOLL_CLIENT_SESSION_HPP
#define SMTPOLL_CLIENT_SESSION_HPP

#include <string_view>

#include "smtpoll/client/client_settings.hpp"
#include "smtpoll/client/delivery.hpp"
#include "smtpoll/client/driver.hpp"
#include "smtpoll/client/events.hpp"
#include "smtpoll/client/pipelining_trust.hpp"
#include "smtpoll/client/secure_settings.hpp"
#include "smtpoll/client/session_report.hpp"
#include "smtpoll/socket/native.hpp"
#include "smtpoll/transport/plain.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What the server answered to a command.
struct CommandResult {
  smtpoll::Error error;   ///< ErrorNumber 0: the reply below was read, whatever it says.
  int reply_code = 0;     ///< The reply's code; 0 where none was read.
  EnhancedCode enhanced;  ///< Its enhanced status code, where the server gave one.
  std::string text;       ///< Its text, lines joined by LF.
  /// True for a positive reply (2yz).
  explicit operator bool() const noexcept { return reply_code / 100 == 2; }
};

/// One connection to one server, used from one thread. Public settings are those of ClientSettings; time-outs are its
/// Timeouts, and those of SecureSettings where the transport takes TlsSettings. Of the handler's hooks it calls
/// OnConnectionEstablished, OnSendProgress, OnTranscript, OnTokenWanted and OnMessageFinished.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = EventFunctions,
          typename Limits = DefaultLimits>
class BasicSession : public detail::SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicSession() = default;
  BasicSession(const BasicSession&) = delete;
  BasicSession& operator=(const BasicSession&) = delete;
  /// Closes without QUIT and without calling any handler: what a handler looks at may be gone already.
  ~BasicSession() = default;

  /// Connects, reads the greeting, says EHLO and authenticates; returns when that is done or has failed. A connection
  /// that stands is ended first. ErrorNumber 0 is success; else the error says the phase, the command and the server's
  /// reply.
  smtpoll::Error Connect(std::string_view host, std::uint16_t port, std::string_view local_address = {}) {
    Quit();
    if (port == 0) return smtpoll::Error(Errc::InvalidPort, Phase::Connect, "the port is 0");
    error_ = {};
    Open({host, port, local_address});
    // A token that was refused is asked for once more.
    if (detail::RefusesToken(error_)) Open({host, port, local_address});
    return error_;
  }

  /// Sends one message and waits for its outcome. The result is valid until the next call; copy it to keep it. Without
  /// a connection the outcome is Queued with Errc::InvalidState.
  const SendResult& Send(const EmailMessage& mail) {
    error_ = {};
    if (IsConnected()) Run();  // the server may have said goodbye in the meantime
    if (!IsConnected()) {
      const smtpoll::Error none(Errc::InvalidState, Phase::Idle, "not connected");
      delivery_.Decline(error_ ? error_ : none);
      return delivery_.Result();
    }
    if (driver_.Session().IsExhausted()) {
      delivery_.Decline(Exhausted());
      return delivery_.Result();
    }
    smtpoll::Error refused = delivery_.Start(mail, source_, driver_.Session(), Socket::Now());
    while (!refused) {
      Run();
      if (!delivery_.HasMore() || !IsConnected()) break;
      if (driver_.Session().IsExhausted()) {
        error_ = Exhausted();
        break;
      }
      refused = delivery_.Continue(mail, source_, driver_.Session(), Socket::Now());
    }
    if (delivery_.HasMore()) delivery_.End(Outcome::Queued, &error_);
    source_.Close();
    this->OnMessageFinished(mail, delivery_.Result());
    return delivery_.Result();
  }

  /// Asks the server something on an idle session; each returns its reply, or the error that ended the session. An
  /// argument that would be more than one line is refused with Errc::InvalidMessage. RFC 5321 4.1.1.5 to 4.1.1.9.
  CommandResult Noop() { return Command("NOOP"); }
  /// RSET
  CommandResult Reset() { return Command("RSET"); }
  /// VRFY: is there such a mailbox?
  CommandResult Verify(std::string_view who) { return Command("VRFY ", who); }
  /// EXPN: who is on this list?
  CommandResult Expand(std::string_view list) { return Command("EXPN ", list); }
  /// HELP
  CommandResult Help(std::string_view topic = {}) { return Command(topic.empty() ? "HELP" : "HELP ", topic); }

  /// Ends the session with QUIT and closes; waits for the server's 221 as long as Timeouts.quit says.
  void Quit() {
    driver_.Session().Quit(Socket::Now());
    if (driver_.CurrentState() != State::Closed) Run();
    Close();
  }

  /// Closes at once.
  void Close() {
    driver_.Close();
    Run();
    strings_.Forget();
  }

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// All that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The present connection, or the last one, for a support ticket: ToString and ToJson write it out.
  SessionReport Explain() const {
    const smtpoll::Error& error = error_ ? error_ : delivery_.Result().error;
    return detail::MakeReport(driver_, strings_.Host(), error, *this);
  }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using State = typename Driver<Socket, Transport, Limits>::State;

  /// With an error in error_, which is then a refused token, only where there is another one.
  void Open(const Endpoint& to) {
    SessionOptions options = strings_.Take(*this, to.host, to.local_address);
    driver_.StartTally(to.port);
    if (strings_.TakeToken(static_cast<Handler&>(*this), static_cast<bool>(error_), options)) {
      error_ = detail::PrepareSecurity(*this, to.port, driver_.Layer(), options);
      options.transcript = {&ShowLine, this};
      options.pipelining = options.pipelining && trust_.Start(to.host, to.port);
      if (!error_) driver_.Connect({strings_.Host(), to.port, strings_.LocalAddress()}, options);
      Run();
    }
    strings_.Forget();
  }

  CommandResult Command(std::string_view verb, std::string_view argument = {}) {
    answer_ = {};
    error_ = {};
    if (IsConnected()) Run();
    if (!IsConnected()) {
      answer_.error = error_ ? error_ : smtpoll::Error(Errc::InvalidState, Phase::Idle, "not connected");
    } else if (driver_.Session().Command(std::string(verb).append(argument), Socket::Now())) {
      Run();
      answer_.error = error_;
    } else {
      answer_.error =
          smtpoll::Error(Errc::InvalidMessage, Phase::Command, "the argument is no single line of 500 bytes");
    }
    return answer_;
  }

  /// Drives until the session is idle or over; the error of a session that failed is then in error_.
  void Run() {
    for (;;) {
      driver_.SetPatience(-1);
      std::size_t budget = SIZE_MAX;
      const Event event = driver_.Next(budget);
      if (event.kind != EventKind::None) {
        Dispatch(event);
        continue;
      }
      const bool idle = driver_.CurrentState() == State::Session && driver_.Session().Idle();
      if (idle || driver_.CurrentState() == State::Closed) return;
      if (driver_.Patience() != 0) driver_.Wait(driver_.Wants(), -1);
    }
  }

  void Dispatch(const Event& event) {
    switch (event.kind) {
      case EventKind::None:
      case EventKind::Hello:
      case EventKind::NeedTls:
      case EventKind::Authenticated:
      case EventKind::Ready:
      case EventKind::Ended: return;
      case EventKind::Greeting: return this->OnConnectionEstablished(event.reply.text);
      case EventKind::RecipientAccepted:
      case EventKind::RecipientRefused: return delivery_.OnRecipient(event);
      case EventKind::RecipientFinal: return delivery_.OnRecipientFinal(event);
      case EventKind::CommandReply:
        answer_.reply_code = event.reply.code;
        answer_.enhanced = event.reply.enhanced;
        answer_.text = event.reply.text;
        return;
      case EventKind::Chunk:
        if (detail::AskAboutChunk(static_cast<Handler&>(*this), event)) driver_.Session().Cancel();
        return;
      case EventKind::Accepted: this->OnSendProgress(0, 0); return delivery_.OnAccepted(event);
      case EventKind::Refused: return delivery_.End(Outcome::Refused, event.error);
      case EventKind::InDoubt: return delivery_.End(Outcome::InDoubt, event.error);
      case EventKind::Returned: return delivery_.End(Outcome::Queued, event.error);
      case EventKind::MustReconnect: error_ = *event.error; return;
      case EventKind::Failed:
        error_ = *event.error;
        if (driver_.Session().FailedInGroup()) trust_.FailedInGroup(error_);
        return;
    }
  }

  static smtpoll::Error Exhausted() noexcept {
    return {Errc::InvalidState, Phase::Idle, "the server takes no more messages in this session"};
  }

  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicSession*>(self)->OnTranscript(side, line);
  }

  detail::SessionStrings strings_;
  detail::PipeliningTrust trust_;
  detail::Delivery delivery_;
  MessageSource source_;
  smtpoll::Error error_;
  CommandResult answer_;
  Driver<Socket, Transport, Limits> driver_;  // last, because its end looks at what the others have
};

/// A blocking session over this platform's sockets, without TLS.
using Session = BasicSession<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif
