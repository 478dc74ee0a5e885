// SmallSession: the client for a machine without an operating system. No heap, no exceptions, no RTTI, no threads, no
// clock but the socket policy's: the same driver and engine as SMTPSocket's, under messages that are views. Invariant:
// all memory is inside the object, and its size is known when it is compiled.
#ifndef SMTPOLL_CLIENT_SMALL_SESSION_HPP
#define SMTPOLL_CLIENT_SMALL_SESSION_HPP

#include "smtpoll/client/driver.hpp"
#include "smtpoll/client/outcome.hpp"
#include "smtpoll/message/message_view_source.hpp"
#include "smtpoll/transport/plain.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The least that SMTP gets by with. A type of your own with these constants may have more.
struct SmallLimits {
  static constexpr std::size_t kInput = 512;     ///< Receive buffer, bytes: the longest reply that is understood.
  static constexpr std::size_t kOutput = 1024;   ///< Send buffer, bytes: commands and content pass through it.
  static constexpr std::size_t kInFlight = 1;    ///< Messages that may wait for their final reply.
  static constexpr std::size_t kRecipients = 4;  ///< Recipients of one message, at most 32.
};

/// One connection to one server. The calls only note what is to be done, in this order: Connect, Send, Quit. Poll does
/// it, and never blocks; Run calls Poll and waits until all is done.
///
///   static smtpoll::SmallSession<MyUart> session;
///   session.Connect({"192.0.2.25", 25, {}}, options);
///   session.Send(mail);
///   session.Quit();
///   while (session.Poll()) FeedTheWatchdog();
///   if (session.Result() != smtpoll::Outcome::Sent) Report(session.LastError());
template <typename Socket, template <typename> class Transport = PlainTransport, typename Limits = SmallLimits>
class SmallSession {
 public:
  SmallSession() = default;
  SmallSession(const SmallSession&) = delete;
  SmallSession& operator=(const SmallSession&) = delete;
  ~SmallSession() = default;

  /// Starts to connect; a connection that stands is closed. The host, and what `options` look at, must stay until the
  /// session is over. `options.client_name` has to be given. Where the buffers are small, `chunking = false` saves a
  /// reply for each of them.
  SMTPOLL_APART void Connect(const Endpoint& to, const SessionOptions& options) {
    Close();
    SetError(Errc::None, Phase::None, {});
    outcome_ = Outcome::Queued;
    driver_.Connect(to, options);
  }

  /// Sends `mail`, as soon as the session is ready for it; until Result is known, it and all it looks at must stay as
  /// they are. False where another message is still under way, and where the connection is lost: then the result is
  /// Queued.
  SMTPOLL_APART bool Send(const MessageView& mail) {
    if (!CanTake()) return false;
    if (const MessageFault fault = mail.Fault()) return Decline(fault.field, fault.reason);
    std::size_t count = 0;
    for (const Span<const MailboxView>& list : {mail.to, mail.cc, mail.bcc})
      for (const MailboxView& mailbox : list) {
        if (count == Limits::kRecipients) return Decline("To", "more recipients than Limits::kRecipients");
        recipients_[count++].mailbox = mailbox.address;
      }
    source_.Open(mail);
    envelope_ = {};
    envelope_.reverse_path = mail.from.address;
    envelope_.recipients = {recipients_, count};
    Begin(source_);
    return true;
  }

  /// The same with a ready-made content, and an envelope of at most 32 recipients.
  bool Send(const Envelope& envelope, Source& content) {
    if (!CanTake()) return false;
    envelope_ = envelope;
    Begin(content);
    return true;
  }

  /// Ends the session in order once what was to be sent has its result.
  void Quit() { quits_ = true; }

  /// Closes at once; a message under way has its result then.
  void Close() {
    driver_.Close();
    while (Step()) continue;
    content_ = nullptr;
    quits_ = false;
  }

  /// Does what can be done now, and never blocks. False: nothing is left to do; the session may stand, and then goes on
  /// with the next Send.
  bool Poll() {
    while (Step()) continue;
    return IsBusy();
  }

  /// Polls until there is nothing left to do, and lets the socket policy wait between.
  void Run() {
    while (Poll()) driver_.Wait(driver_.Wants(), -1);
  }

  /// What became of the message last handed to Send; Queued as long as that is not known.
  Outcome Result() const noexcept { return outcome_; }
  /// The server took recipient `index` of the message: to, cc and bcc counted as one list.
  bool RecipientAccepted(std::size_t index) const noexcept { return index < 32 && (accepted_ >> index & 1) != 0; }
  /// Why the message was not sent or the session failed; ErrorNumber 0 where neither is so.
  const smtpoll::Error& LastError() const noexcept { return error_; }

  /// A connection stands.
  bool IsConnected() const noexcept { return driver_.IsConnected(); }
  /// What Poll waits for on the wire, and the time at which it has to be called in any case.
  Readiness Wants() const noexcept { return driver_.Wants(); }
  /// When to call again even if nothing happens, on the socket's clock.
  Millis NextDeadline() const noexcept { return driver_.NextDeadline(); }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const noexcept { return driver_.Session().ServerCapabilities(); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() noexcept { return driver_.Layer(); }

 private:
  using Pump = Driver<Socket, Transport, Limits, detail::SmallSmtpCore<Limits>>;
  static constexpr std::size_t kBudget = 4 * (Limits::kInput + Limits::kOutput);  // bytes that one step moves

  static_assert(Limits::kRecipients >= 1 && Limits::kRecipients <= 32, "Limits: kRecipients is 1 to 32");

  bool IsIdle() const noexcept { return driver_.CurrentState() == Pump::State::Session && driver_.Session().Idle(); }
  bool IsBusy() const noexcept {
    if (driver_.CurrentState() == Pump::State::Closed) return false;
    return content_ != nullptr || quits_ || !IsIdle();
  }

  SMTPOLL_APART void SetError(Errc code, Phase phase, std::string_view text) noexcept {
    error_ = smtpoll::Error(code, phase, text);
  }
  bool CanTake() {
    if (content_ != nullptr) return false;
    outcome_ = Outcome::Queued;
    if (driver_.CurrentState() != Pump::State::Closed) {
      SetError(Errc::None, Phase::None, {});
      return true;
    }
    while (Step()) continue;  // why it is closed
    if (!error_) SetError(Errc::InvalidState, Phase::Idle, "not connected");
    return false;
  }
  /// The message cannot be sent at all.
  SMTPOLL_APART bool Decline(std::string_view field, const char* reason) {
    SetError(Errc::InvalidMessage, Phase::None, field);
    error_.text.Append(": ");
    error_.text.Append(reason);
    outcome_ = Outcome::Refused;
    return true;
  }
  void Begin(Source& content) noexcept {
    content_ = &content;
    is_started_ = false;
    accepted_ = 0;
    outcome_ = Outcome::Queued;
  }

  /// Starts what is next on an idle session, then takes one event; false where there is none now.
  bool Step() {
    if (IsIdle()) StartNext();
    std::size_t budget = kBudget;
    const Event event = driver_.Next(budget);
    if (event.kind == EventKind::None) return IsIdle() && (content_ != nullptr || quits_);
    Take(event);
    return true;
  }

  SMTPOLL_APART void StartNext() {
    if (content_ != nullptr && !is_started_) {
      is_started_ = true;
      const smtpoll::Error refused = driver_.Session().Send(envelope_, *content_, Socket::Now());
      if (refused) End(Outcome::Refused, &refused);
    } else if (content_ == nullptr && quits_) {
      quits_ = false;
      driver_.Session().Quit(Socket::Now());
    }
  }

  void Take(const Event& event) noexcept {
    switch (event.kind) {
      case EventKind::RecipientAccepted:
        if (event.recipient < 32) accepted_ |= std::uint32_t{1} << event.recipient;
        return;
      case EventKind::Accepted: return End(Outcome::Sent, nullptr);
      case EventKind::Refused: return End(Outcome::Refused, event.error);
      case EventKind::InDoubt: return End(Outcome::InDoubt, event.error);
      case EventKind::Returned: return End(Outcome::Queued, event.error);
      case EventKind::MustReconnect:
      case EventKind::Failed:
        if (!error_) error_ = *event.error;
        content_ = nullptr;  // not started yet
        return;
      default: return;
    }
  }
  void End(Outcome outcome, const smtpoll::Error* why) noexcept {
    content_ = nullptr;
    outcome_ = outcome;
    if (why != nullptr) error_ = *why;
  }

  Pump driver_;
  smtpoll::Error error_;
  Envelope envelope_;
  Recipient recipients_[Limits::kRecipients];
  MessageViewSource source_;
  Source* content_ = nullptr;  // of the message under way
  std::uint32_t accepted_ = 0;
  Outcome outcome_ = Outcome::Queued;
  bool is_started_ = false;
  bool quits_ = false;
};

SMTPOLL_NAMESPACE_END

#endif
