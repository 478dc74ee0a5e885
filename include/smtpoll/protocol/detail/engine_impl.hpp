// The two tables that move the Engine: OnReply, what each reply does, and WriteDue, what is to be written next.
// RFC 5321 3 and 4, RFC 2920 (groups), RFC 3030 (chunks), RFC 2033 (LMTP).
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_IMPL_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_IMPL_HPP

#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

inline void Engine::Start(const SessionOptions& options, Millis now) noexcept {
  options_ = options;
  capabilities_ = {};
  input_.Clear();
  reply_size_ = 0;
  parser_.Reset();
  pending_ = 0;
  transactions_.Clear();
  step_ = Step::None;
  unsent_ = 0;
  chunk_size_ = 0;
  failed_in_group_ = refuses_overlap_ = false;
  sasl_.Stop();
  error_ = {};
  waits_for_source_ = false;
  waiting_since_ = now;
  commands_.Start(options.transcript);
  stage_ = Stage::Opening;
  commands_.Expect(Await::Greeting);
  const bool fits = !options.client_name.empty() && options.client_name.size() <= 255;
  if (!fits || detail::HasLineBreakOrNul(options.client_name) ||
      options.client_name.find(' ') != std::string_view::npos)
    Fail(Errc::InvalidMessage, Phase::Hello, "the client's name is no domain or address literal");
  else if (detail::kIsSmall && options.lmtp)
    Fail(Errc::NotOffered, Phase::Hello, "SMTPOLL_SMALL leaves LMTP out");
}

inline Event Engine::Next(Millis now) {
  Event event;
  chunk_size_ = 0;
  for (;;) {
    DropReply();
    if (HasOutcome() || pending_ != 0) {
      TakePending(event);
      return event;
    }
    if (IsOver() || stage_ == Stage::AwaitTls) return event;
    if (sasl_.Working()) {
      const detail::SaslStep step = sasl_.Work();
      if (step != detail::SaslStep::Again) {
        Respond(step);
        continue;
      }
      if (now - waiting_since_ < options_.timeouts.authentication) return event;
      Fail(Errc::TimedOut, CurrentPhase());
      continue;
    }

    if (TakeReply(event, now)) {
      if (event.kind != EventKind::None) return event;
      continue;
    }
    WriteDue(event);
    if (event.kind != EventKind::None) return event;
    if (HasOutcome() || pending_ != 0) continue;
    if (!ready_told_ && InFlight() != 0 && CanSend()) {
      ready_told_ = true;
      event.kind = EventKind::Ready;
      return event;
    }
    if (now < NextDeadline()) return event;
    const bool may_want_tls = !detail::kIsSmall && CurrentPhase() == Phase::Greeting && !options_.secured;
    Fail(Errc::TimedOut, CurrentPhase(),
         may_want_tls ? "where the port speaks TLS first, as 465 does, set SMTPConnectionType to SSLTLS" : "");
  }
}

/// Reads one reply and does what it asks for; false where none is whole yet.
SMTPOLL_APART inline bool Engine::TakeReply(Event& event, Millis now) noexcept {
  Reply reply;
  switch (
      parser_.Parse(input_.Filled(), reply, [this](std::string_view line) { commands_.Show(Side::Server, line); })) {
    case detail::ReplyParser::Result::Complete:
      reply_size_ = parser_.Size();
      parser_.Reset();
      waiting_since_ = now;
      event = OnReply(reply);
      return true;
    case detail::ReplyParser::Result::Malformed: Fail(Errc::MalformedReply, CurrentPhase()); return true;
    case detail::ReplyParser::Result::NeedMore: break;
  }
  if (input_.Filled().size() < input_.Capacity()) return false;
  Fail(Errc::ReplyTooLong, CurrentPhase());
  return true;
}

// What each reply does.
inline Event Engine::OnReply(const Reply& reply) noexcept {
  const Errc unexpected = reply.code == 421 ? Errc::ConnectionLost : Errc::UnexpectedReply;
  if (commands_.Outstanding() == 0) {
    // RFC 5321 3.8: a server may say 421 at any time; nothing else comes unasked.
    Fail(Await::Greeting, unexpected, reply);
    error_.phase = Phase::Idle;
    return {};
  }
  const AwaitedReply awaited = commands_.Front();
  const Await what = awaited.what;
  const auto fail = [&] { Fail(what, unexpected, reply, awaited.recipient); };
  // A refusal may overtake the content; nothing else may come before its command has gone out.
  const bool content = what == Await::Chunk || what == Await::ContentEnd;
  const bool overtakes = content && !reply.IsPositive() && !reply.IsIntermediate();
  const bool out_of_turn = !commands_.FrontWasAsked() && !overtakes;
  const bool asks_for_more = reply.IsIntermediate() && what != Await::Data && what != Await::Auth;
  const bool closing = reply.code == 421 && what != Await::Quit && what != Await::Greeting;
  if (out_of_turn || asks_for_more || closing) {
    fail();
    return {};
  }
  if (what == Await::Recipient && awaited.count > 1)
    commands_.PopRecipient(RecipientCommandSize(transactions_.Oldest(), awaited.recipient + 1));
  else if (what != Await::ContentEnd || !AwaitsFurtherFinalReply())
    commands_.PopFront();
  switch (what) {
    case Await::Greeting:
    case Await::Ehlo:
    case Await::Helo:
    case Await::Lhlo: return OnOpeningReply(what, reply);
    case Await::Auth:
      if constexpr (detail::kHasAuth) return OnAuthReply(reply);
      return {};
    case Await::AuthCancelled: {
      if constexpr (!detail::kHasAuth) return {};
      const std::string_view fault = sasl_.Fault();
      FailPolitely(Await::Auth, Errc::AuthenticationFailed, reply);
      if (fault.empty()) return {};
      error_.reply_code = 0;
      error_.enhanced = {};
      error_.text.Assign(fault);
      return {};
    }
    case Await::StartTls: return OnStartTlsReply(reply);
    case Await::Mail:
      // "Bad sequence of commands" where there is none: a server that takes nothing behind the end of a content.
      if (!detail::kIsSmall && reply.code == 503 && transactions_.Oldest().overlaps) {
        refuses_overlap_ = true;
        error_ = ErrorOn(what, Errc::UnexpectedReply, reply);
        EndSession(kMustReconnect, true);
        return {};
      }
      if (!reply.IsPositive()) Refuse(what, 0, reply);
      ConcludeIfRefused();
      return {};
    case Await::Recipient: return OnRecipientReply(awaited.recipient, reply);
    case Await::Data: OnDataReply(reply); return {};
    case Await::Chunk:
      if (!reply.IsPositive()) Refuse(what, 0, reply);
      ConcludeIfRefused();
      return {};
    case Await::ContentEnd: return OnContentEndReply(reply);
    case Await::Reset:
      if (!reply.IsPositive()) fail();
      return {};
    case Await::Quit: EndSession(kEnded); return {};
    case Await::Command: {
      Event event;
      event.kind = EventKind::CommandReply;
      event.reply = reply;
      return event;
    }
  }
  return {};
}

inline Event Engine::OnRecipientReply(std::uint32_t recipient, const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  Event event;
  event.reply = reply;
  event.recipient = recipient;
  event.kind = reply.IsPositive() ? EventKind::RecipientAccepted : EventKind::RecipientRefused;
  if (reply.IsPositive()) ++oldest.accepted;
  // The message is refused when no recipient is left; the last refusal is then the reason given.
  const bool last = recipient + 1 == oldest.recipients.size();
  if (!reply.IsPositive() && (options_.all_recipients_or_none || (last && oldest.accepted == 0)))
    Refuse(Await::Recipient, recipient, reply);
  ConcludeIfRefused();
  return event;
}

inline void Engine::OnDataReply(const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  if (!reply.IsIntermediate()) {
    if (reply.IsPositive()) return Fail(Await::Data, Errc::UnexpectedReply, reply);
    Refuse(Await::Data, 0, reply);
    return Conclude();
  }
  // RFC 2920 3.1: DATA was grouped and accepted though no recipient was; an empty message must follow, and is refused.
  if (oldest.refused) return commands_.Write(Await::ContentEnd, {}, {}, oldest.number);
  step_ = Step::Content;
  commands_.ExpectLater(Await::ContentEnd, oldest.number);
}

inline Event Engine::OnContentEndReply(const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  if (oldest.refused) {
    Conclude();
    return {};
  }
  if constexpr (!detail::kIsSmall)
    if (options_.lmtp && oldest.IsWhole()) return OnRecipientFinalReply(reply);
  if (reply.IsPositive()) {
    transactions_.DropOldest();
    Event event;
    event.kind = EventKind::Accepted;
    event.reply = reply;
    return event;
  }
  Refuse(Await::ContentEnd, 0, reply);
  // Refused half-way: what the server makes of the rest is unknown, so the wire is given up.
  if (oldest.IsWhole())
    Conclude();
  else
    EndSession(kMustReconnect);
  return {};
}

// RFC 2033 4.2: the content gets a reply for each recipient that was accepted, in their order.
inline Event Engine::OnRecipientFinalReply(const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  Event event;
  event.kind = EventKind::RecipientFinal;
  event.reply = reply;
  event.recipient = oldest.final_replies++;
  oldest.delivered = oldest.delivered || reply.IsPositive();
  if (oldest.final_replies < oldest.accepted) return event;
  if (oldest.delivered) {
    oldest.end = Transaction::End::Accepted;
  } else {
    Refuse(Await::ContentEnd, 0, reply);
    Conclude();
  }
  return event;
}

inline bool Engine::AwaitsFurtherFinalReply() const noexcept {
  if constexpr (detail::kIsSmall) return false;
  const Transaction& oldest = transactions_.Oldest();
  return options_.lmtp && oldest.IsWhole() && !oldest.refused && oldest.final_replies + 1 < oldest.accepted;
}

inline void Engine::ConcludeIfRefused() noexcept {
  if (transactions_.Oldest().refused || transactions_.Oldest().broken) Conclude();
}

// What is to be written next.
inline void Engine::WriteDue(Event& event) {
  while (stage_ == Stage::Ready && step_ != Step::None) {
    Transaction& newest = transactions_.Newest();
    switch (step_) {
      case Step::Mail: {
        if (!commands_.CanWrite(Window())) return;
        if (reset_first_) {
          reset_first_ = false;
          commands_.Write(Await::Reset, {}, {}, newest.number);
          break;
        }
        WriteMail(newest);
        step_ = Step::Recipients;
        break;
      }
      case Step::Recipients:
        if (!commands_.CanWriteRecipient(Window(), newest.number)) return;
        WriteRecipient(newest);
        if (++next_recipient_ == envelope_.recipients.size()) step_ = Step::Data;
        break;
      case Step::Data:
        if (!commands_.CanWrite(options_.all_recipients_or_none ? 1 : Window())) return;
        if (!newest.chunked) commands_.Write(Await::Data, {}, {}, newest.number);
        step_ = newest.chunked ? Step::Content : Step::AwaitGo;
        break;
      case Step::Content:
        if constexpr (!detail::kIsSmall)
          if (newest.chunked) return FillChunk(newest, event);
        return FillContent(newest, event);
      case Step::AwaitGo:
      case Step::None: return;
    }
  }
}

SMTPOLL_APART inline void Engine::WriteMail(const Transaction& newest) noexcept {
  const detail::ParameterText parameters = detail::MailParameters(envelope_, content_.Left(), capabilities_);
  commands_.Write(Await::Mail, envelope_.reverse_path, parameters.View(), newest.number);
}

SMTPOLL_APART inline void Engine::WriteRecipient(const Transaction& newest) noexcept {
  const Recipient& recipient = envelope_.recipients[next_recipient_];
  const detail::ParameterText parameters = detail::RecipientParameters(recipient, capabilities_);
  commands_.WriteRecipient(recipient.mailbox, parameters.View(), next_recipient_, newest.number);
}

inline std::size_t Engine::RecipientCommandSize(const Transaction& of, std::uint32_t index) const noexcept {
  const Recipient& recipient = of.recipients[index];
  return detail::CommandWriter::RecipientSize(recipient.mailbox,
                                              detail::RecipientParameters(recipient, capabilities_).View());
}

inline bool Engine::CanSend() const noexcept {
  if (stage_ != Stage::Ready || pending_ != 0 || HasOutcome() || step_ != Step::None || IsExhausted()) return false;
  const bool alone = InFlight() == 0;
  if (alone && commands_.Outstanding() == 0) return true;
  // RFC 2920 3.1: the end of content, RSET, MAIL and RCPT may stand anywhere in a group, a command like VRFY only last.
  if (!Pipelines() || !commands_.CanWrite(SIZE_MAX) || commands_.Back().what == Await::Command) return false;
  return alone || (!detail::kIsSmall && transactions_.Newest().IsWhole() && InFlight() < transactions_.Room() &&
                   InFlight() < options_.in_flight && !HalfWindowIsUnsent());
}

inline Error Engine::Send(const Envelope& envelope, Source& content, Millis now) {
  if (!CanSend())
    return Error(Errc::InvalidState, CurrentPhase(), "a message cannot start before the session is ready");
  const Error error = detail::CheckEnvelope(envelope, content.Size(), capabilities_);
  if (error) return error;
  const bool trusted = options_.secured && options_.server_verified;
  if (const char* fault = detail::RequireTlsFault(envelope, capabilities_, trusted))
    return Error(Errc::NotOffered, Phase::Mail, fault);
  const bool binary = envelope.body == BodyType::BinaryMime;
  if (binary && !TakesBinary())
    return Error(Errc::NotOffered, Phase::Mail, "BINARYMIME needs BDAT, which is turned off");
  // After DATA's content the server has forgotten its envelope (RFC 5321 4.1.1.4); a BDAT that it refused leaves it,
  // and whether it does is not known yet.
  reset_first_ = InFlight() != 0 && transactions_.Newest().chunked;
  Transaction& newest = transactions_.Add();
  newest.overlaps = InFlight() > 1;
  newest.reverse_path = envelope.reverse_path;
  newest.recipients = envelope.recipients;
  envelope_ = envelope;
  // Each chunk has its reply: without PIPELINING, DATA is faster unless one chunk is enough.
  const bool one_chunk = content.Size() <= commands_.Buffer().Capacity() / 4;
  newest.chunked = Chunks() && (binary || one_chunk || Pipelines());
  content_.Start(content, newest.chunked, binary);
  next_recipient_ = 0;
  waits_for_source_ = ready_told_ = false;
  step_ = Step::Mail;
  if (commands_.Outstanding() == 0) waiting_since_ = now;
  return {};
}

inline void Engine::Quit(Millis now) noexcept {
  if (!Idle()) return;
  stage_ = Stage::Quitting;
  waiting_since_ = now;
  commands_.Write(Await::Quit);
}

inline bool Engine::Command(std::string_view line, Millis now) noexcept {
  if (!Idle() || line.empty() || line.size() > 510 || detail::HasLineBreakOrNul(line)) return false;
  waiting_since_ = now;
  commands_.Write(Await::Command, line);
  return true;
}

inline void Engine::Cancel() noexcept {
  if (stage_ != Stage::Ready || InFlight() == 0 || chunk_size_ == 0) return;
  if (transactions_.Newest().chunked) commands_.ForgetLast(chunk_size_);
  chunk_size_ = 0;
  BreakOff(Errc::Cancelled, "SendProgress asked for it");
}

SMTPOLL_NAMESPACE_END

#endif
