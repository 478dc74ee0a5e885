// How the Engine's messages and sessions end, and what each end is called: refused, returned, in doubt, failed.
// Invariant: in doubt is a message whose last byte went out and whose final reply did not come in; nothing else.
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_ENDING_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_ENDING_HPP

#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

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
