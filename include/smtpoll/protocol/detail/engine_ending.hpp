// How the Engine's messages and sessions end, and what each end is called: refused, returned, in doubt, failed.
// Invariant: in doubt is a message whose last byte went out and whose final reply did not come in; nothing else.
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_ENDING_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_ENDING_HPP

#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

// How a transaction ends. The first refusal is the reason that is told; what is not written yet is not written any
// more.
inline void Engine::Refuse(Await what, std::uint32_t recipient, const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  if (oldest.refused) return;
  oldest.refused = true;
  refusal_ = ErrorOn(what, Errc::MessageRefused, reply, recipient);
  if (InFlight() == 1) step_ = Step::None;
}

/// The oldest transaction is refused or broken off: that is its outcome once every command of it has its reply. The
/// server's state is cleared (RFC 5321 4.1.1.5), unless the next message, which is on its way already, does that.
inline void Engine::Conclude() noexcept {
  if (OldestIsAwaited()) return;
  transactions_.Oldest().end = Transaction::End::Refused;
  if (InFlight() == 1) commands_.Write(Await::Reset);
}

/// Gives the newest message up before its end is written. By BDAT the server can be told so; DATA can only be cut off.
SMTPOLL_APART inline void Engine::BreakOff(Errc code, std::string_view why) noexcept {
  Transaction& newest = transactions_.Newest();
  breakage_ = Error(code, Phase::Content, why);
  newest.broken = true;
  newest.end_at = UINT64_MAX;
  step_ = Step::None;
  if (!newest.chunked)
    EndSession(kMustReconnect);
  else if (InFlight() == 1)
    Conclude();
}

// How a session ends.
inline void Engine::Fail(const Error& error) noexcept {
  error_ = error;
  failed_in_group_ = commands_.Outstanding() > 1 || (commands_.Outstanding() == 1 && commands_.Front().count > 1);
  if (commands_.Outstanding() != 0 && error_.command.empty()) DescribeCommand(commands_.Front(), error_.command);
  EndSession(kFailed, error.reply_code / 100 == 4 || error.reply_code / 100 == 5);
}

/// As Fail, for a wire that is gone. A server may hang up on the chunks that were on their way when it refused one: the
/// message has its answer all the same, and what waits needs a new wire, as when DATA's content is refused half-way.
inline void Engine::Lose(const Error& error) noexcept {
  const bool answered = InFlight() != 0 && transactions_.Oldest().refused && refusal_.phase == Phase::Content;
  Fail(error);
  if (answered) pending_ = (pending_ & ~static_cast<unsigned>(kFailed)) | kMustReconnect;
}

/// As Fail, and leaves QUIT in the output for a driver that will flush once more (RFC 5321 3.1: after 554, QUIT).
inline void Engine::FailPolitely(const Error& error) noexcept {
  Fail(error);
  commands_.Write(Await::Quit);
  commands_.ForgetAwaited();
}

SMTPOLL_APART inline void Engine::Fail(Errc code, Phase phase, std::string_view why) noexcept {
  Fail(Error(code, phase, why));
}
SMTPOLL_APART inline void Engine::FailPolitely(Errc code, Phase phase, std::string_view why) noexcept {
  FailPolitely(Error(code, phase, why));
}
/// Because of a reply; 421 is the end of the wire.
SMTPOLL_APART inline void Engine::Fail(Await what, Errc code, const Reply& reply, std::uint32_t recipient) noexcept {
  const Error error = ErrorOn(what, code, reply, recipient);
  reply.code == 421 ? Lose(error) : Fail(error);
}
SMTPOLL_APART inline void Engine::FailPolitely(Await what, Errc code, const Reply& reply) noexcept {
  FailPolitely(ErrorOn(what, code, reply));
}

/// Every message in flight has its outcome now. `answered`: the oldest got its answer, which was no.
inline void Engine::EndSession(unsigned pending, bool answered) noexcept {
  transactions_.ForEach([&](Transaction& one) {
    if (one.end != Transaction::End::Open) return;
    const bool out = one.IsWhole() && commands_.SentBytes() >= one.end_at;
    one.end = one.refused || one.broken ? Transaction::End::Refused
              : out && !answered        ? Transaction::End::InDoubt
                                        : Transaction::End::Returned;
    answered = false;
  });
  commands_.DropOutput();
  commands_.ForgetAwaited();
  stage_ = Stage::Over;
  step_ = Step::None;
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
  const Phase phase = CurrentPhase();
  Lose(why);
  if (error_.phase == Phase::None) error_.phase = phase;
}

inline void Engine::TakePending(Event& event) noexcept {
  if (HasOutcome()) {
    const Transaction& oldest = transactions_.Oldest();
    switch (oldest.end) {
      case Transaction::End::Accepted: event.kind = EventKind::Accepted; break;
      case Transaction::End::InDoubt: event.kind = EventKind::InDoubt; break;
      case Transaction::End::Returned: event.kind = EventKind::Returned; break;
      default: event.kind = EventKind::Refused; break;
    }
    event.error = event.kind != EventKind::Refused ? &error_ : oldest.refused ? &refusal_ : &breakage_;
    transactions_.DropOldest();
    return;
  }
  struct Telling {
    Pending pending;
    EventKind kind;
  };
  constexpr Telling kOrder[] = {
      {kMustReconnect, EventKind::MustReconnect}, {kFailed, EventKind::Failed}, {kEnded, EventKind::Ended}};
  event.error = &error_;
  for (const Telling& telling : kOrder) {
    if ((pending_ & telling.pending) == 0) continue;
    pending_ &= ~static_cast<unsigned>(telling.pending);
    event.kind = telling.kind;
    break;
  }
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
  if (stage_ != Stage::Ready || InFlight() == 0) return false;
  const Transaction& oldest = transactions_.Oldest();
  if (oldest.refused || oldest.broken) return false;
  if (commands_.Outstanding() == 0) return step_ == Step::Content;
  const Await what = commands_.Front().what;
  return (what == Await::Chunk || what == Await::ContentEnd) && !commands_.FrontWasAsked();
}

inline Error Engine::ErrorOn(Await what, Errc code, const Reply& reply, std::uint32_t recipient) const noexcept {
  Error error(code, detail::RuleOf(what).phase, reply.text);
  error.reply_code = reply.code;
  error.enhanced = reply.enhanced;
  AwaitedReply awaited;
  awaited.what = what;
  awaited.recipient = recipient;
  awaited.transaction = InFlight() != 0 ? transactions_.Oldest().number : 0;
  DescribeCommand(awaited, error.command);
  return error;
}

inline void Engine::DescribeCommand(const AwaitedReply& awaited, FixedText<kErrorCommandRoom>& text) const noexcept {
  const detail::AwaitRule& rule = detail::RuleOf(awaited.what);
  text.Assign(rule.command);
  if (rule.phase == Phase::Hello) text.Append(options_.client_name);
  if (detail::kHasAuth && awaited.what == Await::Auth) text.Append(Name(sasl_.Mechanism()));
  if (const Transaction* one = transactions_.Find(awaited.transaction)) {
    if (awaited.what == Await::Mail) text.Append(one->reverse_path);
    if (awaited.what == Await::Recipient) text.Append(one->recipients[awaited.recipient].mailbox);
  }
  text.Append(rule.closing);
}

SMTPOLL_NAMESPACE_END

#endif
