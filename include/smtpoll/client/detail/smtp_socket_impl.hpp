// The bodies of BasicSMTPSocket: connecting, Poll and its rounds, the raw stream, and how a connection ends.
#ifndef SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_IMPL_HPP
#define SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_IMPL_HPP

#include "smtpoll/client/smtp_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN

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
  if (Messages.empty() && flights_.empty() && unfinished_.empty() && prepared_.empty()) return;
  const State state = driver_.CurrentState();
  if (state == State::Listening || (state == State::Raw && (accepted_ || raw_.Unsent() != 0)))
    return Report(smtpoll::Error(Errc::InvalidState, Phase::Idle, "the connection is used as a raw stream"));
  if (state == State::Raw) driver_.LeaveRaw();
  if (!sending_) sent_some_ = false;
  sending_ = true;
  quit_wanted_ = true;
  looks_first_ = InIdleSession();
  if (state == State::Closed && !opening_) Open();
}

/// `refusal`: the server's word on the access token of the connection before.
SMTPOLL_MEMBER(void)::Open(const smtpoll::Error* refusal) {
  if (Port == 0) return Fault(smtpoll::Error(Errc::InvalidPort, Phase::Connect, "Port is 0"));
  if (Address.empty()) return Fault(smtpoll::Error(Errc::NameResolution, Phase::Resolve, "Address is empty"));
  accepted_ = looks_first_ = false;
  returned_ = 0;
  last_chunk_due_ = false;
  SessionOptions options = strings_.Take(*this, Address, BindAddress());
  driver_.StartTally(Port);
  token_renewed_ = refusal != nullptr;
  bool has_token = false, closed = false;
  {
    detail::FlagScope opening(opening_);
    has_token = strings_.TakeToken(static_cast<Handler&>(*this), token_renewed_, options, opening_);
    closed = !opening_;
  }
  if (closed) return;  // by the handler, who may have connected anew
  if (!has_token) return Fault(*refusal);
  if (const smtpoll::Error error = detail::PrepareSecurity(*this, Port, driver_.Layer(), options)) return Fault(error);
  options.transcript = {&ShowLine, this};
  options.pipelining = options.pipelining && trust_.Start(Address, Port);
  if (trust_.OneAtATime()) options.in_flight = 1;
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

SMTPOLL_MEMBER(PollStatus)::Poll() { return Turn(0); }

SMTPOLL_MEMBER(PollStatus)::Poll(Millis at_most) {
  const PollStatus status = Turn(at_most);
  const bool waited = at_most == 0 || driver_.Patience() == 0;
  if (polling_ || progress_ || waited || status.waits_for == Readiness::None) return status;
  driver_.Wait(status.waits_for, at_most);
  return Turn(0);
}

SMTPOLL_MEMBER(PollStatus)::Turn(Millis patience) {
  if (polling_) return Status();
  {
    detail::FlagScope polling(polling_);
    progress_ = false;
    driver_.SetPatience(patience);
    const std::size_t whole = PollBudget == 0 ? 1 : PollBudget;
    std::size_t budget = whole;
    Round(budget);
    progress_ = progress_ || budget != whole;
  }
  return Status();
}

SMTPOLL_MEMBER(void)::Round(std::size_t& budget) {
  for (;;) {
    const State before = driver_.CurrentState();
    if (before == State::Raw) {
      PumpRaw(budget);
      if (driver_.CurrentState() == State::Raw) return;
      continue;
    }
    // A message that is sent to a server that has hung up may be in doubt, though nobody has read it.
    if (!looks_first_ && StartMessage()) continue;
    // Before Next: between an event and its dispatch no handler may end the session.
    if (last_chunk_due_ && driver_.Session().ContentIsOut()) ReportLastChunk();
    const Event event = driver_.Next(budget, [this] { PrepareAhead(); });
    if (event.kind != EventKind::None) {
      progress_ = true;
      Dispatch(event);
    } else if (before == State::Listening && driver_.CurrentState() == State::Raw) {
      progress_ = true;
      this->OnConnectionEstablished({});
    } else if (looks_first_) {
      if (budget == 0) return;
      looks_first_ = false;
    } else if (!StartNext()) {
      return PrepareAhead();
    }
  }
}

/// Starts what can be started now: a message, or QUIT. False where there is nothing to start.
SMTPOLL_MEMBER(bool)::StartNext() {
  if (StartMessage()) return true;
  if (!InIdleSession()) return false;
  if (sending_ && Messages.empty() && prepared_.empty() && unfinished_.empty()) {
    FinishRun();
    if (!InIdleSession() || StartMessage()) return true;
  }
  // A session that takes no further message is ended for a new one.
  const bool exhausted = (sending_ || !unfinished_.empty()) && driver_.Session().IsExhausted();
  if (!quit_wanted_ && !exhausted) return false;
  if (!exhausted) quit_wanted_ = false;
  driver_.Session().Quit(Now());
  return true;
}

/// Starts a message: first those that have recipients left from a transaction before.
SMTPOLL_MEMBER(bool)::StartMessage() {
  if (driver_.CurrentState() != State::Session || !driver_.Session().CanSend()) return false;
  const bool unfinished = !unfinished_.empty();
  if (!unfinished && (!sending_ || (prepared_.empty() && Messages.empty()))) return false;
  if (last_chunk_due_) {
    ReportLastChunk();
    return true;  // the handler may have changed all this
  }
  progress_ = true;
  detail::Flights::Owner flight;
  smtpoll::Error error;
  if (unfinished) {
    flight = unfinished_.TakeOldest();
    error = flight->delivery.Continue(flight->mail, Rendering(), driver_.Session(), Now());
  } else {
    if (prepared_.empty()) PrepareMessage();
    flight = prepared_.TakeOldest();
    rendering_ = 1 - rendering_;
    error = flight->delivery.Result().error;
    if (!error) error = flight->delivery.Begin(Rendering(), driver_.Session(), Now());
  }
  if (error)
    Finish(std::move(flight), &error);
  else
    flights_.Add(std::move(flight));
  return true;
}

/// Takes the next message out of the queue and has it laid out, so that it can go when its turn comes.
SMTPOLL_MEMBER(void)::PrepareMessage() {
  detail::Flights::Owner flight = flights_.Take();
  Messages.PopFront(flight->mail);
  flight->delivery.Prepare(flight->mail, sources_[1 - rendering_], driver_.Session());
  if (waiting_count_ == Messages.Count() + 1) {
    waiting_count_ = Messages.Count();
    const std::uint64_t size = flight->delivery.ContentSize();
    waiting_size_ -= size < waiting_size_ ? size : waiting_size_;
  }
  prepared_.Add(std::move(flight));
}

/// While the server's replies are awaited there is time for what goes next.
SMTPOLL_MEMBER(void)::PrepareAhead() {
  if (sending_ && prepared_.empty() && !Messages.empty() && this->MessagesInFlight > 1 && flights_.Count() != 0 &&
      driver_.CurrentState() == State::Session)
    PrepareMessage();
}

/// What was made ready has not begun, and goes back.
SMTPOLL_MEMBER(void)::ReturnPrepared() {
  if (prepared_.empty()) return;
  detail::Flights::Owner flight = prepared_.TakeOldest();
  sources_[1 - rendering_].Close();
  Messages.Insert(returned_, std::move(flight->mail));
  flights_.GiveBack(std::move(flight));
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

/// The connection failed, or could not be started.
SMTPOLL_MEMBER(void)::Fault(const smtpoll::Error& error) {
  sending_ = quit_wanted_ = looks_first_ = false;
  strings_.Forget();
  Report(error);
}

SMTPOLL_MEMBER(void)::Report(const smtpoll::Error& error) {
  last_error_ = error;
  const smtpoll::Error told = last_error_;  // the handler may bring about the next one
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
  ReturnUnfinished();
  raw_.DropUnsent();
  strings_.Forget();
  sending_ = quit_wanted_ = looks_first_ = last_chunk_due_ = false;
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
  if (!prepared_.empty()) left += prepared_.Oldest().delivery.ContentSize();
  if (sending_ && waiting_count_ != Messages.Count()) {
    waiting_size_ = 0;
    for (const EmailMessage& mail : Messages) waiting_size_ += detail::ContentSize(mail);
    waiting_count_ = Messages.Count();
  }
  return detail::ClampToSize(sending_ ? left + waiting_size_ : left);
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
