// What the Pop3Engine tells of a command, and how a session ends.
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_ENDING_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_ENDING_HPP

#include "smtpoll/pop3/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

inline Pop3Event Pop3Engine::EventOf(Pop3EventKind kind) const noexcept {
  Pop3Event event;
  event.kind = kind;
  event.command = awaited_;
  event.message = message_;
  return event;
}

inline Error Pop3Engine::ErrorOn(Pop3Command command, Errc code, std::string_view text) const noexcept {
  Error error(code, detail::RuleOf(command).phase, text);
  if (command == awaited_ && command != Pop3Command::None) error.command.Assign(command_.View());
  return error;
}

inline void Pop3Engine::Fail(const Error& error) noexcept {
  error_ = error;
  if (error_.command.empty() && awaited_ != Pop3Command::None) error_.command.Assign(command_.View());
  End(Pop3EventKind::Failed);
}

/// As Fail, before the mailbox is open; leaves QUIT in the output for a driver that will flush once more.
inline void Pop3Engine::FailPolitely(const Error& error) noexcept {
  Fail(error);
  output_.Append("QUIT\r\n");
  Show(Side::Client, "QUIT");
}

inline void Pop3Engine::End(Pop3EventKind outcome) noexcept {
  output_.ConsumeAndWipe(output_.Filled().size());
  sasl_.Stop();
  stage_ = Stage::Over;
  reading_ = Reading::Status;
  done_due_ = false;
  awaited_ = Pop3Command::None;
  behind_count_ = behind_size_ = 0;
  outcome_ = outcome;
}

inline void Pop3Engine::Closed(const Error& why) noexcept {
  if (IsOver()) return;
  // With nothing marked, nothing depends on the answer to QUIT.
  if (awaited_ == Pop3Command::Quit && marked_ == 0) return End(Pop3EventKind::Ended);
  Error error = why;
  if (error.phase == Phase::None) error.phase = CurrentPhase();
  if (awaited_ == Pop3Command::Quit && error.text.empty())
    error.text.Assign("it is not known whether the marked messages were deleted");
  Fail(error);
}

inline Pop3Event Pop3Engine::TakeOutcome() noexcept {
  Pop3Event event;
  event.kind = outcome_;
  event.error = &error_;
  outcome_ = Pop3EventKind::None;
  return event;
}

inline Phase Pop3Engine::CurrentPhase() const noexcept {
  if (stage_ == Stage::Over) return Phase::None;
  return stage_ == Stage::AwaitTls ? Phase::Tls : detail::RuleOf(awaited_).phase;
}

inline Millis Pop3Engine::NextDeadline() const noexcept {
  if (sasl_.Working()) return waiting_since_;
  if (awaited_ == Pop3Command::None || IsOver()) return kNever;
  Millis timeout = options_.timeouts.*detail::RuleOf(awaited_).timeout;
  if (reading_ == Reading::Content) timeout = options_.timeouts.content;
  // To delete takes its time, and what becomes of it is worth waiting for.
  if (awaited_ == Pop3Command::Quit && marked_ != 0) timeout = options_.timeouts.command;
  return timeout > kNever - waiting_since_ ? kNever : waiting_since_ + timeout;
}

SMTPOLL_NAMESPACE_END

#endif
