// The bodies of BasicSMTPSocket: Poll and its rounds, what each engine event means for the queue, and how things end.
#ifndef SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_IMPL_HPP
#define SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_IMPL_HPP

#include "smtpoll/client/smtp_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Holds a flag for the time of a scope, also when a handler throws through it.
class FlagScope {
 public:
  explicit FlagScope(bool& flag) noexcept : flag_(flag), before_(flag) { flag_ = true; }
  ~FlagScope() { flag_ = before_; }
  FlagScope(const FlagScope&) = delete;
  FlagScope& operator=(const FlagScope&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace detail

#define SMTPOLL_MEMBER(...)                                                                          \
  template <typename Socket, template <typename> class Transport, typename Handler, typename Limits> \
  __VA_ARGS__ BasicSMTPSocket<Socket, Transport, Handler, Limits>

SMTPOLL_MEMBER(void)::Connect() {
  if (driver_.CurrentState() != State::Closed || opening_)
    Report(smtpoll::Error(Errc::InvalidState, Phase::Connect, "the socket is in use already"));
  else
    Open();
}

SMTPOLL_MEMBER(void)::SendMail() {
  if (Messages.empty() && !has_current_) return;
  const State state = driver_.CurrentState();
  if (state == State::Listening || (state == State::Raw && (accepted_ || raw_.Unsent() != 0)))
    return Report(smtpoll::Error(Errc::InvalidState, Phase::Idle, "the connection is used as a raw stream"));
  if (state == State::Raw) driver_.LeaveRaw();
  if (!sending_) sent_some_ = false;
  sending_ = true;
  quit_wanted_ = true;
  if (state == State::Closed && !opening_) Open();
}

/// `refusal`: the server's word on the access token of the connection before.
SMTPOLL_MEMBER(void)::Open(const smtpoll::Error* refusal) {
  if (Port == 0) return Fault(smtpoll::Error(Errc::InvalidPort, Phase::Connect, "Port is 0"));
  if (Address.empty()) return Fault(smtpoll::Error(Errc::NameResolution, Phase::Resolve, "Address is empty"));
  accepted_ = false;
  SessionOptions options = strings_.Take(*this, Address, BindAddress());
  token_renewed_ = refusal != nullptr;
  bool has_token = false, closed = false;
  {
    detail::FlagScope opening(opening_);
    has_token = strings_.TakeToken(static_cast<Handler&>(*this), token_renewed_, options);
    closed = !opening_;
  }
  if (closed) return strings_.Forget();  // by the handler
  if (!has_token) return Fault(*refusal);
  if (const smtpoll::Error error = detail::PrepareSecurity(*this, Port, driver_.Layer(), options)) return Fault(error);
  options.transcript = {&ShowLine, this};
  driver_.Connect({strings_.Host(), Port, strings_.LocalAddress()}, options);
}

SMTPOLL_MEMBER(void)::Listen() {
  if (driver_.CurrentState() != State::Closed)
    return Report(smtpoll::Error(Errc::InvalidState, Phase::Listen, "the socket is in use already"));
  accepted_ = true;
  driver_.Listen(Port, BindAddress());
  // A port that is taken is told at once, not with the first Poll.
  std::size_t budget = 0;
  const Event event = driver_.CurrentState() == State::Closed ? driver_.Next(budget) : Event();
  if (event.kind == EventKind::Failed) Fault(*event.error);
}

SMTPOLL_MEMBER(PollStatus)::Poll() {
  if (polling_) return Status();
  {
    detail::FlagScope polling(polling_);
    progress_ = false;
    const std::size_t whole = PollBudget == 0 ? 1 : PollBudget;
    std::size_t budget = whole;
    Round(budget);
    progress_ = progress_ || budget != whole;
  }
  return Status();
}

SMTPOLL_MEMBER(PollStatus)::Poll(Millis at_most) {
  const PollStatus status = Poll();
  if (polling_ || progress_ || at_most == 0 || status.waits_for == Readiness::None) return status;
  driver_.Wait(status.waits_for, at_most);
  return Poll();
}

SMTPOLL_MEMBER(void)::Round(std::size_t& budget) {
  for (;;) {
    const State before = driver_.CurrentState();
    if (before == State::Raw) {
      PumpRaw(budget);
      if (driver_.CurrentState() == State::Raw) return;
      continue;
    }
    const Event event = driver_.Next(budget);
    if (last_chunk_due_) ReportLastChunk(event.kind);
    if (event.kind != EventKind::None) {
      progress_ = true;
      Dispatch(event);
    } else if (before == State::Listening && driver_.CurrentState() == State::Raw) {
      progress_ = true;
      this->OnConnectionEstablished({});
    } else if (!StartNext()) {
      return;
    }
  }
}

/// The session is idle: starts what is next, a message or QUIT. False where there is nothing to start.
SMTPOLL_MEMBER(bool)::StartNext() {
  if (!InIdleSession()) return false;
  if (sending_ && Messages.empty()) {
    FinishRun();
    if (!InIdleSession()) return true;
  }
  if (sending_ && Messages.PopFront(current_)) {
    has_current_ = progress_ = true;
    const smtpoll::Error error = delivery_.Start(current_, driver_.Session(), Now());
    if (waiting_count_ == Messages.Count() + 1) {
      waiting_count_ = Messages.Count();
      waiting_size_ -= delivery_.ContentSize() < waiting_size_ ? delivery_.ContentSize() : waiting_size_;
    }
    if (error) Finish(Outcome::Refused, &error);
    return true;
  }
  if (!quit_wanted_) return false;
  quit_wanted_ = false;
  driver_.Session().Quit(Now());
  return true;
}

/// The queue is empty: says so, and goes on with what a handler has put into it.
SMTPOLL_MEMBER(void)::FinishRun() {
  sending_ = false;
  if (!sent_some_) return;
  sent_some_ = false;
  this->OnMailSent();
  // Close in the handler has taken quit_wanted_ back: then the run is over.
  sending_ = sending_ || (quit_wanted_ && !Messages.empty());
}

SMTPOLL_MEMBER(void)::PumpRaw(std::size_t& budget) {
  for (;;) {
    const bool had_unsent = raw_.Unsent() != 0;
    if (had_unsent && raw_.Unsent() != raw_told_) {
      raw_told_ = raw_.Unsent();
      if (this->OnSendProgress(raw_told_, raw_told_)) raw_.DropUnsent();
    }
    const detail::RawStream::Progress outgoing = raw_.Send(driver_.Layer(), budget);
    if (had_unsent && raw_.Unsent() == 0) this->OnSendProgress(0, 0);
    const detail::RawStream::Progress incoming = raw_.Receive(driver_.Layer(), ReceiveBufferLimit, budget);
    if (incoming.received) this->OnDataAvailable();
    if (driver_.CurrentState() != State::Raw) return;
    // While nothing can be read, for want of room, a failed write says that the wire is gone.
    const bool deaf = raw_.Received().size() >= ReceiveBufferLimit;
    if (incoming.ended || (outgoing.ended && deaf)) {
      const int number = incoming.ended ? incoming.error : outgoing.error;
      TearDown();
      return Report(smtpoll::Error::FromNumber(number, Phase::Idle));
    }
    if (!outgoing.sent && !incoming.received) return;
  }
}

// What each event of the engine means for the queue and the caller.
SMTPOLL_MEMBER(void)::Dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::None:
    case EventKind::CommandReply:
    case EventKind::NeedTls:
    case EventKind::Hello: return;
    case EventKind::Authenticated: return strings_.Forget();
    case EventKind::Greeting: return this->OnConnectionEstablished(event.reply.text);
    case EventKind::RecipientAccepted:
    case EventKind::RecipientRefused: return delivery_.OnRecipient(event);
    case EventKind::RecipientFinal: return delivery_.OnRecipientFinal(event);
    case EventKind::Chunk: return ReportChunk(event);
    case EventKind::Accepted: delivery_.OnAccepted(event); return Finish(Outcome::Sent, nullptr);
    case EventKind::Refused: return Finish(Outcome::Refused, event.error);
    case EventKind::InDoubt: return Finish(Outcome::InDoubt, event.error);
    case EventKind::Returned: return Finish(Outcome::Queued, event.error);
    case EventKind::MustReconnect:
      // The message is out of the queue; those that wait need a new wire.
      if (sending_ && Messages.empty()) FinishRun();
      if (sending_ && !closing_) return Open();
      quit_wanted_ = false;
      return;
    case EventKind::Failed:
      if (closing_) return;
      if (!token_renewed_ && detail::RefusesToken(*event.error)) return Open(event.error);
      return Fault(*event.error);
    case EventKind::Ended:
      strings_.Forget();
      // SendMail was called again while QUIT was on its way.
      if (sending_ && !closing_) return Open();
      return;
  }
}

SMTPOLL_MEMBER(void)::ReportChunk(const Event& event) {
  const bool cancelled = detail::AskAboutChunk(static_cast<Handler&>(*this), event);
  last_chunk_due_ = !cancelled;
  if (cancelled) driver_.Session().Cancel();
}

/// All content has gone once the final reply is awaited, or has come.
SMTPOLL_MEMBER(void)::ReportLastChunk(EventKind event) {
  const Phase phase = driver_.Session().CurrentPhase();
  if (phase != Phase::ContentEnd && phase != Phase::Reset && event != EventKind::Accepted) return;
  last_chunk_due_ = false;
  this->OnSendProgress(0, 0);
}

/// The message under way has its outcome: it goes where that says, and the caller hears of it.
SMTPOLL_MEMBER(void)::Finish(Outcome outcome, const smtpoll::Error* why) {
  if (!has_current_) return;
  has_current_ = last_chunk_due_ = false;
  delivery_.End(outcome, why);
  if (outcome == Outcome::Queued) {
    Messages.PushFront(std::move(current_));
    return;
  }
  this->OnMessageFinished(current_, delivery_.Result());
  if (outcome == Outcome::Sent) {
    sent_some_ = true;
    this->OnMessageSent(current_);
  } else if (outcome == Outcome::InDoubt) {
    const smtpoll::Error error = *why;
    InDoubt.Append(std::move(current_));
    this->OnMessageInDoubt(InDoubt[InDoubt.Count() - 1], error);
  } else if (why->reply_code != 0) {
    last_error_ = *why;
    this->OnServerError(why->reply_code, delivery_.Result().error.text.View(), current_);
  } else if (why->Code() != Errc::Cancelled) {
    Report(*why);
  }
}

/// The connection failed, or could not be started.
SMTPOLL_MEMBER(void)::Fault(const smtpoll::Error& error) {
  sending_ = quit_wanted_ = false;
  strings_.Forget();
  Report(error);
}

SMTPOLL_MEMBER(void)::Report(const smtpoll::Error& error) {
  const smtpoll::Error told = error;  // the handler may bring about the next one
  last_error_ = told;
  this->OnError(told);
}

/// Ends the connection; a message under way gets its outcome.
SMTPOLL_MEMBER(void)::TearDown() {
  detail::FlagScope closing(closing_);
  opening_ = false;
  driver_.Close();
  std::size_t budget = 0;
  for (;;) {
    const Event event = driver_.Next(budget);
    if (event.kind == EventKind::None) break;
    Dispatch(event);
  }
  raw_.DropUnsent();
  strings_.Forget();
  sending_ = quit_wanted_ = last_chunk_due_ = false;
}

SMTPOLL_MEMBER(void)::Close() { TearDown(); }

SMTPOLL_MEMBER(void)::Disconnect() {
  TearDown();
  Fault(smtpoll::Error(Errc::ConnectionLost, Phase::None, "closed by Disconnect"));
}

SMTPOLL_MEMBER(void)::DisconnectFromServer() {
  if (driver_.CurrentState() == State::Raw && !accepted_ && raw_.Unsent() == 0) driver_.LeaveRaw();
  if (driver_.CurrentState() != State::Session) return Close();
  sending_ = false;
  quit_wanted_ = true;
}

SMTPOLL_MEMBER(bool)::Write(std::string_view data) {
  if (InIdleSession() && !sending_) {
    driver_.EnterRaw();
  } else if (driver_.CurrentState() != State::Raw) {
    Report(smtpoll::Error(Errc::InvalidState, Phase::Idle, "Write needs a connection without a message under way"));
    return false;
  }
  if (raw_.Queue(data, SendBufferLimit)) return true;
  Report(smtpoll::Error(Errc::OutOfMemory, Phase::Idle, "more than SendBufferLimit bytes would wait to be sent"));
  return false;
}

SMTPOLL_MEMBER(bool)::Flush() {
  std::size_t budget = SIZE_MAX;
  if (driver_.CurrentState() == State::Raw)
    raw_.Send(driver_.Layer(), budget);
  else
    Poll();
  return raw_.Unsent() == 0 && driver_.Session().Output().empty();
}

SMTPOLL_MEMBER(std::size_t)::BytesLeftToSend() const {
  std::uint64_t left = raw_.Unsent() + driver_.Session().Output().size();
  const std::uint64_t content = driver_.Session().ContentLeft();
  left += content == kUnknownSize ? 1 : content;
  if (sending_ && waiting_count_ != Messages.Count()) {
    waiting_size_ = 0;
    for (const EmailMessage& mail : Messages) waiting_size_ += detail::ContentSize(mail);
    waiting_count_ = Messages.Count();
  }
  return detail::ClampToSize(sending_ ? left + waiting_size_ : left);
}

SMTPOLL_MEMBER(std::string)::LocalAddress() const {
  char address[64];
  if (const std::size_t size = driver_.Layer().NextLayer().LocalAddress(address, sizeof address); size != 0)
    return std::string(address, size);
  return NetworkInterface ? NetworkInterface->IPAddress() : System::HostAddress();
}

SMTPOLL_MEMBER(std::string)::RemoteAddress() const {
  char address[64];
  return std::string(address, driver_.Layer().NextLayer().RemoteAddress(address, sizeof address));
}

SMTPOLL_MEMBER(Readiness)::Wants() const {
  if (driver_.CurrentState() != State::Raw) return driver_.Wants();
  const Readiness read = raw_.Received().size() < ReceiveBufferLimit ? Readiness::Read : Readiness::None;
  return raw_.Unsent() != 0 ? read | Readiness::Write : read;
}

SMTPOLL_MEMBER(PollStatus)::Status() const {
  const State state = driver_.CurrentState();
  return {(state != State::Closed && !InIdleSession()) || sending_ || quit_wanted_, Wants(), NextDeadline()};
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif
