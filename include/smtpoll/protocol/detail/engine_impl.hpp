// The bodies of Engine: the two tables that move the machine (OnReply, WriteDue), then how things end.
// RFC 5321 3 and 4, RFC 2920 (grouping), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 6531 (SMTPUTF8).
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

inline Event Engine::OnOpeningReply(Await what, const Reply& reply) noexcept {
  Event event;
  event.reply = reply;
  switch (what) {
    case Await::Greeting:
      if (!reply.IsPositive()) {
        FailPolitely(ErrorOn(what, Errc::ServiceRefused, reply));
        return {};
      }
      event.kind = EventKind::Greeting;
      SayHello(options_.lmtp ? Await::Lhlo : Await::Ehlo);
      return event;
    case Await::Ehlo:
    case Await::Helo:
    case Await::Lhlo:
      if (reply.IsPositive()) {
        if (what != Await::Helo) capabilities_ = Capabilities::FromReplyText(reply.text);
        event.kind = EventKind::Hello;
        if (options_.secured || options_.start_tls == StartTls::Never)
          EndOpening();
        else if (capabilities_.Has(Extension::StartTls))
          commands_.Write(Await::StartTls);
        else if (options_.start_tls == StartTls::IfOffered)
          EndOpening();
        else
          FailPolitely(Error(Errc::TlsRefused, Phase::Tls, "STARTTLS is not offered"));
        return event;
      }
      // RFC 5321 3.2: a server that does not know EHLO gets HELO.
      if (what == Await::Ehlo && reply.IsPermanent())
        SayHello(Await::Helo);
      else
        FailPolitely(ErrorOn(what, Errc::ServiceRefused, reply));
      return {};
    default: return {};
  }
}

inline Event Engine::OnStartTlsReply(const Reply& reply) noexcept {
  if (!reply.IsPositive()) {
    if (options_.start_tls == StartTls::IfOffered)
      EndOpening();
    else
      FailPolitely(ErrorOn(Await::StartTls, Errc::TlsRefused, reply));
    return {};
  }
  // RFC 3207 4.2: what stands behind the 220 was sent in the clear, and would be read as if it had been encrypted.
  if (input_.Filled().size() != reply_size_) {
    Fail(Error(Errc::UnexpectedReply, Phase::Tls, "plain text was sent behind the answer to STARTTLS"));
    return {};
  }
  stage_ = Stage::AwaitTls;
  Event event;
  event.kind = EventKind::NeedTls;
  event.reply = reply;
  return event;
}

inline void Engine::Secured(Millis now) noexcept {
  if (stage_ != Stage::AwaitTls) return;
  options_.secured = true;
  capabilities_ = {};
  input_.Clear();
  reply_size_ = 0;
  parser_.Reset();
  waiting_since_ = now;
  stage_ = Stage::Opening;
  SayHello(options_.lmtp ? Await::Lhlo : Await::Ehlo);
}

inline void Engine::EndOpening() noexcept {
  if (options_.credentials.empty())
    stage_ = Stage::Idle;
  else
    Authenticate(0);
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
        if (!UsesChunks()) commands_.Write(Await::Data);
        step_ = UsesChunks() ? Step::Content : Step::Finished;
        break;
      case Step::Content: return UsesChunks() ? FillChunk() : FillContent();
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
    note.Append(UsesChunks() ? " bytes of content by BDAT]" : " bytes of content]");
    commands_.Show(Side::Client, note.View());
    if (!UsesChunks()) commands_.Show(Side::Client, ".");
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
  envelope_ = envelope;
  content_.Start(content, UsesChunks());
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
  if (!UsesChunks()) return BreakOff(Errc::Cancelled, kWhy);
  commands_.ForgetLast(chunk_size_);
  refused_ = true;
  refusal_ = Error(Errc::Cancelled, Phase::Content, kWhy);
  if (Conclude().kind == EventKind::Refused) pending_ |= kRefused;
}

inline void Engine::SayHello(Await what) noexcept { commands_.Write(what, options_.client_name); }

// RFC 4954: the strongest mechanism, from number `first` on, that the server offers and the credentials fit. `refusal`
// is the server's word on the one before, where that is why the next is tried.
inline void Engine::Authenticate(std::size_t first, const Reply* refusal) noexcept {
  const Credentials& credentials = options_.credentials;
  if (!options_.secured && !options_.allow_plaintext_credentials) {
    FailPolitely(
        Error(Errc::CredentialsOnPlainWire, Phase::Authentication, "encrypt the connection or allow it by name"));
    return;
  }
  const char* why = "";
  for (std::size_t i = first; i < detail::kAuthMechanismCount; ++i) {
    const auto mechanism = static_cast<AuthMechanism>(i);
    const bool allowed = credentials.pinned == AuthMechanism::Any || credentials.pinned == mechanism;
    if (!allowed || !capabilities_.Has(mechanism)) continue;
    const char* const misfit = detail::Misfit(mechanism, credentials);
    if (misfit == nullptr) return StartMechanism(mechanism);
    if (*why == '\0') why = misfit;
  }
  if (refusal != nullptr)
    FailPolitely(ErrorOn(Await::Auth, Errc::AuthenticationUnavailable, *refusal));
  else
    FailPolitely(Error(Errc::AuthenticationUnavailable, Phase::Authentication, why));
}

inline void Engine::StartMechanism(AuthMechanism mechanism) noexcept {
  sasl_.Start(mechanism, options_.credentials);
  FixedText<64> command(detail::RuleOf(Await::Auth).command);
  command.Append(Name(mechanism));
  const std::size_t size = sasl_.SpeaksFirst() ? sasl_.ResponseSize() : 0;
  if (size + 2 > commands_.Buffer().Free().size()) {
    Fail(Error(Errc::OutOfMemory, Phase::Authentication, "the credentials do not fit the send buffer"));
    return;
  }
  // RFC 4954 4: a command line has 512 bytes; what is longer waits to be asked for.
  command.Append(" ");
  if (!sasl_.SpeaksFirst() || command.View().size() + size + 2 > 512)
    return commands_.Write(Await::Auth, Name(mechanism));
  FixedText<72> shown(command.View());
  shown.Append("****");
  commands_.WriteSecret(Await::Auth, command.View(), shown.View(), [this](char* into) {
    const std::size_t written = sasl_.WriteResponse(into);
    if (written == 0) *into = '=';
    return written == 0 ? 1 : written;
  });
}

inline Event Engine::OnAuthReply(const Reply& reply) noexcept {
  if (reply.IsIntermediate()) {
    // The text stands in the receive buffer, and is decoded there.
    const Span<char> received = input_.Filled();
    Respond(sasl_.Take({received.data() + (reply.text.data() - received.data()), reply.text.size()}));
    return {};
  }
  if (reply.IsPositive()) {
    if (!sasl_.Verified(reply.text)) {
      FailPolitely(Error(Errc::AuthenticationFailed, Phase::Authentication,
                         "the server did not prove that it knows the password"));
      return {};
    }
    sasl_.Stop();
    stage_ = Stage::Idle;
    Event event;
    event.kind = EventKind::Authenticated;
    event.reply = reply;
    return event;
  }
  // RFC 4954 4 and 6: 504 and 534 refuse the mechanism and not the credentials; another one may do.
  if (reply.code == 504 || reply.code == 534) {
    Authenticate(static_cast<std::size_t>(sasl_.Mechanism()) + 1, &reply);
    return {};
  }
  Error error = ErrorOn(Await::Auth, Errc::AuthenticationFailed, reply);
  if (!sasl_.Remark().empty()) {
    error.text.Assign(sasl_.Remark());
    error.text.Append(" ");
    error.text.Append(reply.text);
  }
  FailPolitely(error);
  return {};
}

inline void Engine::Respond(detail::SaslStep step) noexcept {
  if (step == detail::SaslStep::Again) return;
  if (step == detail::SaslStep::Respond && sasl_.ResponseSize() + 2 > commands_.Buffer().Free().size())
    step = sasl_.Cancel("the response does not fit the send buffer");
  if (step == detail::SaslStep::Respond)
    commands_.WriteSecret(Await::Auth, "", "****", [this](char* into) { return sasl_.WriteResponse(into); });
  else
    commands_.Write(Await::AuthCancelled);  // RFC 4954 4: the way to cancel
}

// How a transaction ends. The first refusal is the reason that is told.
inline void Engine::Refuse(Await what, std::uint32_t recipient, const Reply& reply) noexcept {
  if (refused_) return;
  refused_ = true;
  refusal_ = ErrorOn(what, Errc::MessageRefused, reply, recipient);
}

/// Tells the refusal once every command has its reply, and clears the server's state (RFC 5321 4.1.1.5).
inline Event Engine::Conclude() noexcept {
  if (commands_.Outstanding() != 0) return {};
  stage_ = Stage::Resetting;
  commands_.Write(Await::Reset);
  Event event;
  event.kind = EventKind::Refused;
  event.error = &refusal_;
  return event;
}

inline void Engine::BreakOff(Errc code, std::string_view why) noexcept {
  refused_ = true;
  refusal_ = Error(code, Phase::Content, why);
  EndSession(kRefused | kMustReconnect);
}

// How a session ends.
inline void Engine::Fail(const Error& error) noexcept {
  error_ = error;
  if (commands_.Outstanding() != 0 && error_.command.empty()) DescribeCommand(commands_.Front(), error_.command);
  unsigned outcome = 0;
  if (stage_ == Stage::Transaction) {
    const bool answered = error.reply_code / 100 == 4 || error.reply_code / 100 == 5;
    const bool all_sent = commands_.LastWasAsked(Await::ContentEnd);
    outcome = refused_ ? kRefused : all_sent && !answered ? kInDoubt : kReturned;
  }
  EndSession(outcome | kFailed);
}

/// As Fail, and leaves QUIT in the output for a driver that will flush once more (RFC 5321 3.1: after 554, QUIT).
inline void Engine::FailPolitely(const Error& error) noexcept {
  Fail(error);
  commands_.Write(Await::Quit);
  commands_.ForgetAwaited();
}

inline void Engine::EndSession(unsigned pending) noexcept {
  commands_.DropOutput();
  commands_.ForgetAwaited();
  stage_ = Stage::Over;
  sasl_.Stop();
  waits_for_source_ = false;
  pending_ |= pending;
}

inline void Engine::Closed(const Error& why) noexcept {
  if (IsOver()) return;
  if (stage_ == Stage::Quitting) {
    EndSession(kEnded);
    return;
  }
  Error error = why;
  if (error.phase == Phase::None) error.phase = CurrentPhase();
  Fail(error);
}

inline Event Engine::TakePending() noexcept {
  struct Telling {
    Pending pending;
    EventKind kind;
  };
  constexpr Telling kOrder[] = {{kAccepted, EventKind::Accepted},
                                {kRefused, EventKind::Refused},
                                {kInDoubt, EventKind::InDoubt},
                                {kReturned, EventKind::Returned},
                                {kMustReconnect, EventKind::MustReconnect},
                                {kFailed, EventKind::Failed},
                                {kEnded, EventKind::Ended}};
  Event event;
  for (const Telling& telling : kOrder) {
    if ((pending_ & telling.pending) == 0) continue;
    pending_ &= ~static_cast<unsigned>(telling.pending);
    event.kind = telling.kind;
    event.error = telling.pending == kRefused ? &refusal_ : &error_;
    break;
  }
  return event;
}

inline Phase Engine::CurrentPhase() const noexcept {
  if (SendsContent()) return Phase::Content;
  if (commands_.Outstanding() != 0) return detail::RuleOf(commands_.Front().what).phase;
  if (sasl_.Working()) return Phase::Authentication;
  return stage_ == Stage::Over ? Phase::None : stage_ == Stage::AwaitTls ? Phase::Tls : Phase::Idle;
}

inline Millis Engine::NextDeadline() const noexcept {
  if (sasl_.Working()) return waiting_since_;
  Millis timeout = options_.timeouts.content;
  if (!SendsContent()) {
    if (commands_.Outstanding() == 0) return kNever;
    timeout = options_.timeouts.*detail::RuleOf(commands_.Front().what).timeout;
  }
  return timeout > kNever - waiting_since_ ? kNever : waiting_since_ + timeout;
}

inline bool Engine::SendsContent() const noexcept {
  if (stage_ != Stage::Transaction || refused_) return false;
  if (commands_.Outstanding() == 0) return step_ == Step::Content;
  const Await what = commands_.Front().what;
  return (what == Await::Chunk || what == Await::ContentEnd) && !commands_.FrontWasAsked();
}

inline Error Engine::ErrorOn(Await what, Errc code, const Reply& reply, std::uint32_t recipient) const noexcept {
  Error error(code, detail::RuleOf(what).phase, reply.text);
  error.reply_code = reply.code;
  error.enhanced = reply.enhanced;
  DescribeCommand({what, recipient}, error.command);
  return error;
}

inline void Engine::DescribeCommand(const AwaitedReply& awaited, FixedText<80>& text) const noexcept {
  const detail::AwaitRule& rule = detail::RuleOf(awaited.what);
  text.Assign(rule.command);
  if (rule.phase == Phase::Hello) text.Append(options_.client_name);
  if (awaited.what == Await::Auth) text.Append(Name(sasl_.Mechanism()));
  if (awaited.what == Await::Mail) text.Append(envelope_.reverse_path);
  if (awaited.what == Await::Recipient) text.Append(envelope_.recipients[awaited.recipient].mailbox);
  text.Append(rule.closing);
}

SMTPOLL_NAMESPACE_END

#endif
