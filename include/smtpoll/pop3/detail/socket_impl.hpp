// The bodies of BasicPOP3Socket: connecting, the queue of commands, Poll, and what each event means for the caller.
#ifndef SMTPOLL_POP3_DETAIL_SOCKET_IMPL_HPP
#define SMTPOLL_POP3_DETAIL_SOCKET_IMPL_HPP

#include "smtpoll/pop3/socket.hpp"

SMTPOLL_NAMESPACE_BEGIN

#define SMTPOLL_MEMBER(...)                                                                          \
  template <typename Socket, template <typename> class Transport, typename Handler, typename Limits> \
  __VA_ARGS__ BasicPOP3Socket<Socket, Transport, Handler, Limits>

SMTPOLL_MEMBER(void)::Connect() {
  if (driver_.CurrentState() != State::Closed || opening_)
    Say(smtpoll::Error(Errc::InvalidState, Phase::Connect, "the socket is in use already"));
  else
    Open();
}

/// `refusal`: the server's word on the access token of the connection before.
SMTPOLL_MEMBER(void)::Open(const smtpoll::Error* refusal) {
  if (Port == 0) return OnFailed(smtpoll::Error(Errc::InvalidPort, Phase::Connect, "Port is 0"));
  if (Address.empty()) return OnFailed(smtpoll::Error(Errc::NameResolution, Phase::Resolve, "Address is empty"));
  Pop3Options options = strings_.Take(*this, Address, BindAddress());
  token_renewed_ = refusal != nullptr;
  bool has_token = false, closed = false;
  {
    detail::FlagScope opening(opening_);
    has_token = strings_.TakeToken(static_cast<Handler&>(*this), token_renewed_, options, opening_);
    closed = !opening_;
  }
  if (closed) return;  // by the handler, who may have connected anew
  if (!has_token) return OnFailed(*refusal);
  if (const smtpoll::Error error = detail::PreparePop3Security(*this, Port, driver_.Layer(), options))
    return OnFailed(error);
  options.transcript = {&ShowLine, this};
  driver_.Connect({strings_.Host(), Port, strings_.LocalAddress()}, options);
}

SMTPOLL_MEMBER(bool)::Ask(const Pop3Request& request) {
  smtpoll::Error error = Pop3Engine::Check(request);
  if (driver_.CurrentState() == State::Closed || quit_wanted_)
    error = smtpoll::Error(Errc::InvalidState, Phase::Command, "there is no connection, or it is about to end");
  if (error) {
    Say(error);
    return false;
  }
  waiting_.push_back({request, std::string(request.line)});
  return true;
}

SMTPOLL_MEMBER(void)::DisconnectFromServer() {
  if (driver_.CurrentState() == State::Session)
    quit_wanted_ = true;
  else
    Close();
}

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
    for (;;) {
      const Pop3Event event = driver_.Next(budget);
      if (event.kind != Pop3EventKind::None)
        Dispatch(event);
      else if (!StartNext())
        break;
      progress_ = true;
    }
    progress_ = progress_ || budget != whole;
  }
  return Status();
}

/// Says the next commands that can be said now, or QUIT. False where there is nothing to say.
SMTPOLL_MEMBER(bool)::StartNext() {
  bool said = false;
  while (!waiting_.empty() && driver_.CurrentState() == State::Session &&
         driver_.Session().CanBegin(waiting_.front().request.command)) {
    detail::WaitingCommand next = std::move(waiting_.front());
    waiting_.pop_front();
    line_ = std::move(next.line);
    next.request.line = line_;
    said = true;
    if (const smtpoll::Error error = driver_.Session().Begin(next.request, Now())) Say(error);
  }
  if (said || !quit_wanted_ || !waiting_.empty() || !Idles()) return said;
  quit_wanted_ = false;
  driver_.Session().Quit(Now());
  return true;
}

SMTPOLL_MEMBER(void)::Dispatch(const Pop3Event& event) {
  switch (event.kind) {
    case Pop3EventKind::None:
    case Pop3EventKind::NeedTls: return;
    case Pop3EventKind::Greeting: greeted_ = true; return this->OnConnectionEstablished(event.text);
    case Pop3EventKind::Authenticated: strings_.Forget(); return this->OnLoginSuccessful();
    case Pop3EventKind::Entry: return OnEntry(event);
    case Pop3EventKind::Content:
      if (this->OnMessageData(event.message, event.text)) driver_.Session().Cancel();
      return;
    case Pop3EventKind::Done: return OnDone(event);
    case Pop3EventKind::Refused:
      last_error_ = *event.error;
      return this->OnServerError(last_error_.ErrorNumber, event.text, event.message);
    case Pop3EventKind::Failed:
      if (!token_renewed_ && detail::RefusesPop3Token(*event.error)) return Open(event.error);
      return OnFailed(*event.error);
    case Pop3EventKind::Ended: return Leave();
  }
}

SMTPOLL_MEMBER(void)::OnEntry(const Pop3Event& event) {
  if (event.command == Pop3Command::List || event.command == Pop3Command::ListOne)
    this->OnMessageListed(event.message, event.size);
  else
    this->OnUniqueIDListed(event.message, event.text);
}

SMTPOLL_MEMBER(void)::OnDone(const Pop3Event& event) {
  switch (event.command) {
    case Pop3Command::Stat: return this->OnMessageCount(event.message, event.size);
    case Pop3Command::List:
    case Pop3Command::ListOne:
    case Pop3Command::Uids:
    case Pop3Command::UidOne: return this->OnListReceived(event.message);
    case Pop3Command::Retrieve: return this->OnMessageReceived(event.message, event.size);
    case Pop3Command::Top: return this->OnTopLinesReceived(event.message, event.size);
    case Pop3Command::Delete: return this->OnMessageDeleted(event.message);
    case Pop3Command::Reset: return this->OnRollbackSuccessful();
    case Pop3Command::Noop: return this->OnServerAvailable();
    case Pop3Command::Other: return this->OnServerCommandReply(line_, event.text);
    default: return;
  }
}

/// The connection failed, or could not be started.
SMTPOLL_MEMBER(void)::OnFailed(const smtpoll::Error& error) {
  const bool greeted = greeted_;
  greeted_ = quit_wanted_ = false;
  waiting_.clear();
  strings_.Forget();
  Say(error);
  if (greeted) this->OnDisconnected();
}

SMTPOLL_MEMBER(void)::Say(const smtpoll::Error& error) {
  last_error_ = error;
  const smtpoll::Error told = last_error_;  // the handler may bring about the next one
  this->OnError(told);
}

/// The session ended as asked for.
SMTPOLL_MEMBER(void)::Leave() {
  greeted_ = quit_wanted_ = false;
  waiting_.clear();
  strings_.Forget();
  this->OnDisconnected();
}

/// Ends the connection; nobody hears of it.
SMTPOLL_MEMBER(void)::TearDown() {
  opening_ = greeted_ = quit_wanted_ = false;
  driver_.Close();
  std::size_t budget = 0;
  while (driver_.Next(budget).kind != Pop3EventKind::None) continue;
  waiting_.clear();
  strings_.Forget();
}

SMTPOLL_MEMBER(void)::Disconnect() {
  TearDown();
  Say(smtpoll::Error(Errc::ConnectionLost, Phase::None, "closed by Disconnect"));
}

SMTPOLL_MEMBER(PollStatus)::Status() const {
  const bool rests = driver_.CurrentState() == State::Closed || Idles();
  return {!rests || !waiting_.empty() || quit_wanted_, driver_.Wants(), NextDeadline()};
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif
