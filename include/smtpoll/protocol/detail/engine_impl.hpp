// The two tables that move the Engine: OnReply, what each reply does, and WriteDue, what is to be written next.
// RFC 5321 3 and 4, RFC 2920 (grouping), RFC 3030 (chunks), RFC 2033 (LMTP).
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
    Fail(Error(Errc::InvalidMessage, Phase::Hello, "the client's name is no domain or address literal"));
}

inline Event Engine::Next(Millis now) {
  for (;;) {
    DropReply();
    if (pending_ != 0) return TakePending();
    if (IsOver() || stage_ == Stage::AwaitTls) return {};
    if (sasl_.Working()) {
      const detail::SaslStep step = sasl_.Work();
      if (step != detail::SaslStep::Again) {
        Respond(step);
        continue;
      }
      if (now - waiting_since_ < options_.timeouts.authentication) return {};
      Fail(Error(Errc::TimedOut, CurrentPhase()));
      continue;
    }

    Reply reply;
    switch (
        parser_.Parse(input_.Filled(), reply, [this](std::string_view line) { commands_.Show(Side::Server, line); })) {
      case detail::ReplyParser::Result::Complete: {
        reply_size_ = parser_.Size();
        parser_.Reset();
        waiting_since_ = now;
        const Event event = OnReply(reply);
        if (event.kind != EventKind::None) return event;
        continue;
      }
      case detail::ReplyParser::Result::Malformed: Fail(Error(Errc::MalformedReply, CurrentPhase())); continue;
      case detail::ReplyParser::Result::NeedMore:
        if (input_.Filled().size() < input_.Capacity()) break;
        Fail(Error(Errc::ReplyTooLong, CurrentPhase()));
        continue;
    }

    const Event event = WriteDue();
    if (event.kind != EventKind::None) return event;
    if (pending_ != 0) continue;
    if (now < NextDeadline()) return {};
    Fail(Error(Errc::TimedOut, CurrentPhase()));
  }
}

// What each reply does.
inline Event Engine::OnReply(const Reply& reply) noexcept {
  const Errc unexpected = reply.code == 421 ? Errc::ConnectionLost : Errc::UnexpectedReply;
  if (commands_.Outstanding() == 0) {
    // RFC 5321 3.8: a server may say 421 at any time; nothing else comes unasked.
    Error error = ErrorOn(Await::Greeting, unexpected, reply);
    error.phase = Phase::Idle;
    Fail(error);
    return {};
  }
  const AwaitedReply awaited = commands_.Front();
  const Await what = awaited.what;
  const auto fail = [&] { Fail(ErrorOn(what, unexpected, reply, awaited.recipient)); };
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
  commands_.PopFront();
  switch (what) {
    case Await::Greeting:
    case Await::Ehlo:
    case Await::Helo:
    case Await::Lhlo: return OnOpeningReply(what, reply);
    case Await::Auth: return OnAuthReply(reply);
    case Await::AuthCancelled: {
      Error error = ErrorOn(Await::Auth, Errc::AuthenticationFailed, reply);
      if (!sasl_.Fault().empty()) {
        error.reply_code = 0;
        error.enhanced = {};
        error.text.Assign(sasl_.Fault());
      }
      FailPolitely(error);
      return {};
    }
    case Await::StartTls: return OnStartTlsReply(reply);
    case Await::Mail:
      if (reply.IsPositive()) return {};
      Refuse(what, 0, reply);
      return Conclude();
    case Await::Recipient: return OnRecipientReply(awaited.recipient, reply);
    case Await::Data: return OnDataReply(reply);
    case Await::Chunk:
      if (!reply.IsPositive()) Refuse(what, 0, reply);
      return refused_ ? Conclude() : Event();
    case Await::ContentEnd: return OnContentEndReply(reply);
    case Await::Reset:
      if (reply.IsPositive())
        stage_ = Stage::Idle;
      else
        fail();
      return {};
    case Await::Quit: EndSession(kEnded); return {};
    case Await::Command: {
      stage_ = Stage::Idle;
      Event event;
      event.kind = EventKind::CommandReply;
      event.reply = reply;
      return event;
    }
  }
  return {};
}

inline Event Engine::OnRecipientReply(std::uint32_t recipient, const Reply& reply) noexcept {
  Event event;
  event.reply = reply;
  event.recipient = recipient;
  event.kind = reply.IsPositive() ? EventKind::RecipientAccepted : EventKind::RecipientRefused;
  if (reply.IsPositive()) ++accepted_recipients_;
  // The message is refused when no recipient is left; the last refusal is then the reason given.
  const bool last = recipient + 1 == envelope_.recipients.size();
  if (!reply.IsPositive() && (options_.all_recipients_or_none || (last && accepted_recipients_ == 0)))
    Refuse(Await::Recipient, recipient, reply);
  if (refused_ && Conclude().kind == EventKind::Refused) pending_ |= kRefused;
  return event;
}

inline Event Engine::OnDataReply(const Reply& reply) noexcept {
  if (!reply.IsIntermediate()) {
    if (reply.IsPositive()) {
      Fail(ErrorOn(Await::Data, Errc::UnexpectedReply, reply));
      return {};
    }
    Refuse(Await::Data, 0, reply);
    return Conclude();
  }
  if (refused_) {
    // RFC 2920 3.1: DATA was grouped and accepted though no recipient was; an empty message must follow, and is
    // refused.
    commands_.Write(Await::ContentEnd);
    return {};
  }
  step_ = Step::Content;
  commands_.ExpectLater(Await::ContentEnd);
  return {};
}

inline Event Engine::OnContentEndReply(const Reply& reply) noexcept {
  const bool whole = step_ == Step::Finished;
  if (refused_) return Conclude();
  if (options_.lmtp && whole) return OnRecipientFinalReply(reply);
  if (reply.IsPositive()) {
    stage_ = Stage::Idle;
    Event event;
    event.kind = EventKind::Accepted;
    event.reply = reply;
    return event;
  }
  Refuse(Await::ContentEnd, 0, reply);
  if (whole) return Conclude();
  // Refused half-way: what the server makes of the rest is unknown, so the wire is given up.
  EndSession(kRefused | kMustReconnect);
  return {};
}

// RFC 2033 4.2: the content gets a reply for each recipient that was accepted, in their order.
inline Event Engine::OnRecipientFinalReply(const Reply& reply) noexcept {
  Event event;
  event.kind = EventKind::RecipientFinal;
  event.reply = reply;
  event.recipient = final_replies_++;
  delivered_ = delivered_ || reply.IsPositive();
  if (final_replies_ < accepted_recipients_) {
    commands_.Expect(Await::ContentEnd);
  } else if (delivered_) {
    stage_ = Stage::Idle;
    pending_ |= kAccepted;
  } else {
    Refuse(Await::ContentEnd, 0, reply);
    Conclude();
    pending_ |= kRefused;
  }
  return event;
}

// What is to be written next.
inline Event Engine::WriteDue() {
  while (stage_ == Stage::Transaction && !refused_) {
    switch (step_) {
      case Step::Mail: {
        if (!commands_.CanWrite(Window())) return {};
        const detail::ParameterText parameters = detail::MailParameters(envelope_, content_.Left(), capabilities_);
        commands_.Write(Await::Mail, envelope_.reverse_path, parameters.View());
        step_ = Step::Recipients;
        break;
      }
      case Step::Recipients: {
        if (!commands_.CanWrite(Window())) return {};
        const Recipient& recipient = envelope_.recipients[next_recipient_];
        const detail::ParameterText parameters = detail::RecipientParameters(recipient, capabilities_);
        commands_.Write(Await::Recipient, recipient.mailbox, parameters.View(), next_recipient_);
        if (++next_recipient_ == envelope_.recipients.size()) step_ = Step::Data;
        break;
      }
      case Step::Data:
        if (!commands_.CanWrite(options_.all_recipients_or_none ? 1 : Window())) return {};
        if (!chunked_) commands_.Write(Await::Data);
        step_ = chunked_ ? Step::Content : Step::Finished;
        break;
      case Step::Content: return chunked_ ? FillChunk() : FillContent();
      case Step::Finished: return {};
    }
  }
  return {};
}

inline Event Engine::FillContent() {
  if (!commands_.Buffer().empty()) return {};
  const std::uint64_t left = content_.Left(), read = content_.Read();
  const detail::ContentWriter::Result result = content_.Fill(commands_.Buffer());
  const Event event = WroteContent(result, commands_.Buffer().Filled().size(), left, read);
  if (step_ == Step::Finished) commands_.LastIsAskedHere();
  return event;
}

// RFC 3030 2: each chunk is a command and has its reply; the reply to the last one is the message's.
inline Event Engine::FillChunk() {
  const std::size_t before = commands_.Buffer().Filled().size();
  // A chunk joins the commands of its envelope; each further one goes when the one before has gone.
  if (!commands_.CanWrite(Window()) || (before != 0 && content_.Read() != 0)) return {};
  const std::uint64_t left = content_.Left(), read = content_.Read();
  const detail::ContentWriter::Result result = content_.FillChunk(commands_.Buffer());
  const Event event = WroteContent(result, commands_.Buffer().Filled().size() - before, left, read);
  if (chunk_size_ != 0) commands_.Expect(step_ == Step::Finished ? Await::ContentEnd : Await::Chunk);
  return event;
}

/// Content took `size` bytes of the output, after `left` and `read` were true of it.
inline Event Engine::WroteContent(detail::ContentWriter::Result result, std::size_t size, std::uint64_t left,
                                  std::uint64_t read) noexcept {
  chunk_size_ = 0;
  if (result == detail::ContentWriter::Result::Failed) {
    BreakOff(Errc::SourceFailed, content_.Failure());
    return {};
  }
  chunk_size_ = size;
  waits_for_source_ = size == 0;
  commands_.WroteContent(size);
  if (result == detail::ContentWriter::Result::End) {
    step_ = Step::Finished;
    FixedText<64> note;
    note.Append("[");
    note.AppendDecimal(content_.Read());
    note.Append(chunked_ ? " bytes of content by BDAT]" : " bytes of content]");
    commands_.Show(Side::Client, note.View());
    if (!chunked_) commands_.Show(Side::Client, ".");
  }
  Event event;
  event.left = left;
  event.chunk = static_cast<std::size_t>(content_.Read() - read);
  if (event.chunk != 0) event.kind = EventKind::Chunk;
  return event;
}

inline Error Engine::Send(const Envelope& envelope, Source& content, Millis now) {
  if (!Idle()) return Error(Errc::InvalidState, CurrentPhase(), "a message can start only when the session is idle");
  const Error error = detail::CheckEnvelope(envelope, content.Size(), capabilities_);
  if (error) return error;
  const bool binary = envelope.body == BodyType::BinaryMime;
  if (binary && !TakesBinary())
    return Error(Errc::NotOffered, Phase::Mail, "BINARYMIME needs BDAT, which is turned off");
  envelope_ = envelope;
  // Each chunk has its reply: without PIPELINING, DATA is faster unless one chunk is enough.
  const bool one_chunk = content.Size() <= commands_.Buffer().Capacity() / 4;
  chunked_ = options_.chunking && capabilities_.Has(Extension::Chunking) && (binary || one_chunk || Window() > 1);
  content_.Start(content, chunked_, binary);
  refusal_ = {};
  refused_ = false;
  next_recipient_ = 0;
  accepted_recipients_ = final_replies_ = 0;
  delivered_ = false;
  waits_for_source_ = false;
  step_ = Step::Mail;
  stage_ = Stage::Transaction;
  waiting_since_ = now;
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
  stage_ = Stage::Commanding;
  waiting_since_ = now;
  commands_.Write(Await::Command, line);
  return true;
}

inline void Engine::Cancel() noexcept {
  if (stage_ != Stage::Transaction || refused_ || chunk_size_ == 0) return;
  constexpr std::string_view kWhy = "SendProgress asked for it";
  if (!chunked_) return BreakOff(Errc::Cancelled, kWhy);
  commands_.ForgetLast(chunk_size_);
  refused_ = true;
  refusal_ = Error(Errc::Cancelled, Phase::Content, kWhy);
  if (Conclude().kind == EventKind::Refused) pending_ |= kRefused;
}

SMTPOLL_NAMESPACE_END

#endif
