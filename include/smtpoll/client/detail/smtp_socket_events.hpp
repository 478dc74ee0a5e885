// What each event of the engine means for BasicSMTPSocket's queue and its caller: where a message goes when its outcome
// is known, and who hears of it. Invariant: a flight is taken out of its list before a handler hears of it, so a
// handler may end the connection.
#ifndef SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_EVENTS_HPP
#define SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_EVENTS_HPP

#include "smtpoll/client/smtp_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// The wire is gone, or the server has said goodbye: by that, no reply is wrong.
inline bool IsLoss(const Error& error) noexcept {
  return error.Code() == Errc::ConnectionLost || OwnName(error.Code()) == nullptr;
}

}  // namespace detail

#define SMTPOLL_MEMBER(...)                                                                          \
  template <typename Socket, template <typename> class Transport, typename Handler, typename Limits> \
  __VA_ARGS__ BasicSMTPSocket<Socket, Transport, Handler, Limits>

// What each event of the engine means for the queue and the caller.
SMTPOLL_MEMBER(void)::Dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::None:
    case EventKind::CommandReply:
    case EventKind::NeedTls:
    case EventKind::Hello:
    case EventKind::Ready: return;
    case EventKind::Authenticated: return strings_.Forget();
    case EventKind::Greeting: return this->OnConnectionEstablished(event.reply.text);
    case EventKind::RecipientAccepted:
    case EventKind::RecipientRefused: return flights_.Oldest().delivery.OnRecipient(event);
    case EventKind::RecipientFinal: return flights_.Oldest().delivery.OnRecipientFinal(event);
    case EventKind::Chunk: return ReportChunk(event);
    case EventKind::Accepted: flights_.Oldest().delivery.OnAccepted(event); return Land(Outcome::Sent, nullptr);
    case EventKind::Refused: return Land(Outcome::Refused, event.error);
    case EventKind::InDoubt: return Land(Outcome::InDoubt, event.error);
    case EventKind::Returned: return Land(Outcome::Queued, event.error);
    case EventKind::MustReconnect:
      if (driver_.Session().RefusesOverlap()) trust_.RefusedOverlap();
      // The message is out of the queue; those that wait need a new wire.
      ReturnPrepared();
      if (sending_ && Messages.empty() && unfinished_.empty()) FinishRun();
      if ((sending_ || !unfinished_.empty()) && !closing_) return Open();
      quit_wanted_ = false;
      return;
    case EventKind::Failed: {
      const smtpoll::Error why = *event.error;  // a handler may bring about the next one
      if (!closing_ && driver_.Session().FailedInGroup()) trust_.FailedInGroup(why);
      if (!closing_) {
        if (!token_renewed_ && detail::RefusesToken(why)) return Open(&why);
        if (looks_first_ && sending_ && detail::IsLoss(why)) return Open();
        Fault(why);
      }
      ReturnUnfinished(&why);
      return;
    }
    case EventKind::Ended:
      strings_.Forget();
      // SendMail was called again while QUIT was on its way.
      if ((sending_ || !unfinished_.empty()) && !closing_) return Open();
      ReturnUnfinished();
      return;
  }
}

SMTPOLL_MEMBER(void)::ReportChunk(const Event& event) {
  const bool cancelled = detail::AskAboutChunk(static_cast<Handler&>(*this), event);
  last_chunk_due_ = !cancelled;
  if (cancelled) driver_.Session().Cancel();
}

/// All content of the newest message has gone, or stands in the send buffer with the next message behind it.
SMTPOLL_MEMBER(void)::ReportLastChunk() {
  last_chunk_due_ = false;
  this->OnSendProgress(0, 0);
}

/// The oldest message under way has its outcome; more of its recipients may need another transaction.
SMTPOLL_MEMBER(void)::Land(Outcome outcome, const smtpoll::Error* why) {
  smtpoll::Error reason;
  if (why != nullptr) {
    reason = *why;  // a handler that connects again writes over it
    why = &reason;
  }
  detail::Flights::Owner flight = flights_.TakeOldest();
  if (outcome != Outcome::Sent) flight->delivery.End(outcome, why);
  const bool has_more = flight->delivery.HasMore();
  if (has_more) unfinished_.Add(std::move(flight));
  if (flights_.Count() == 0) {
    Rendering().Close();
    const bool gone = outcome == Outcome::Sent || (why != nullptr && why->reply_code != 0);
    if (last_chunk_due_ && gone) ReportLastChunk();
    last_chunk_due_ = false;
  }
  if (!has_more) return Finish(std::move(flight), why);  // NOLINT(bugprone-use-after-move): it is here still
  if (closing_) ReturnUnfinished();
}

/// The connection is gone, because of `why`, before the last recipients of these messages had their turn.
SMTPOLL_MEMBER(void)::ReturnUnfinished(const smtpoll::Error* why) {
  ReturnPrepared();
  while (!unfinished_.empty()) {
    detail::Flights::Owner flight = unfinished_.TakeOldest();
    flight->delivery.End(Outcome::Queued, why);
    Finish(std::move(flight), nullptr);
  }
}

/// The message goes where its outcome says, and the caller hears of it.
SMTPOLL_MEMBER(void)::Finish(detail::Flights::Owner flight, const smtpoll::Error* because) {
  EmailMessage& mail = flight->mail;
  const SendResult& result = flight->delivery.Result();
  const smtpoll::Error why = because != nullptr ? *because : result.error;
  if constexpr (detail::Returns<bool, detail::TakenWhenLanded, Handler>()) {
    if (this->OnMessageLanded(mail, result, Now())) {
      sent_some_ = sent_some_ || result.outcome == Outcome::Sent;
      return flights_.GiveBack(std::move(flight));
    }
  }
  switch (result.outcome) {
    case Outcome::Queued:
      if (flight->delivery.Settle(mail)) this->OnMessageFinished(mail, result);
      Messages.Insert(returned_++, std::move(mail));
      break;
    case Outcome::Sent:
      sent_some_ = true;
      this->OnMessageFinished(mail, result);
      this->OnMessageSent(mail);
      break;
    case Outcome::InDoubt:
      this->OnMessageFinished(mail, result);
      flight->delivery.Settle(mail);
      InDoubt.Append(std::move(mail));
      this->OnMessageInDoubt(InDoubt[InDoubt.Count() - 1], why);
      break;
    case Outcome::Refused:
      this->OnMessageFinished(mail, result);
      if (why.reply_code != 0) {
        last_error_ = why;
        this->OnServerError(why.reply_code, why.text.View(), mail);
      } else if (why.Code() != Errc::Cancelled) {
        Report(why);
      }
      break;
  }
  flights_.GiveBack(std::move(flight));
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif
