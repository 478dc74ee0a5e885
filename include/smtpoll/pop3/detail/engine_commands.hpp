// How the Pop3Engine says commands: what the caller may ask for, and groups of commands (RFC 2449 6.6).
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_COMMANDS_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_COMMANDS_HPP

#include "smtpoll/pop3/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A command that may be said with others before they are answered.
constexpr bool MayPipeline(Pop3Command command) noexcept {
  return command >= Pop3Command::Stat && command < Pop3Command::Other;
}

/// The line of a command of the caller's, without its end.
inline FixedText<kPop3MostCommand> LineOf(const Pop3Request& request) noexcept {
  if (request.command == Pop3Command::Other) return FixedText<kPop3MostCommand>(request.line);
  FixedText<kPop3MostCommand> line(RuleOf(request.command).verb);
  const auto append = [&line](std::uint32_t number) {
    line.Append(" ");
    line.AppendDecimal(number);
  };
  if (request.message != 0) append(request.message);
  if (request.command == Pop3Command::Top) append(request.lines);
  return line;
}

}  // namespace detail

inline Error Pop3Engine::Check(const Pop3Request& request) noexcept {
  using Command = Pop3Command;
  const auto refuse = [](std::string_view why) { return Error(Errc::InvalidMessage, Phase::Command, why); };
  switch (request.command) {
    case Command::ListOne:
    case Command::UidOne:
    case Command::Retrieve:
    case Command::Top:
    case Command::Delete: return request.message != 0 ? Error() : refuse("messages are counted from 1 on");
    case Command::Capabilities:
    case Command::Stat:
    case Command::List:
    case Command::Uids:
    case Command::Reset:
    case Command::Noop: return request.message == 0 ? Error() : refuse("the command is about no message");
    case Command::Other: break;
    default: return refuse("this is no command of the caller's");
  }
  if (request.line.size() > detail::kPop3MostCommand || detail::HasLineBreakOrNul(request.line))
    return refuse("the command is no single line of 253 bytes");
  const std::string_view verb = request.line.substr(0, request.line.find(' '));
  bool word = !verb.empty();
  for (const char c : verb) word = word && (detail::IsAlpha(c) || detail::IsDigit(c) || c == '-');
  if (!word) return refuse("the command begins with no word");
  // What these say would go past the state of the session, or past the rules for credentials.
  for (const detail::Pop3Rule& own : detail::kPop3Rules)
    if (detail::EqualIgnoringCase(verb, own.verb)) return refuse("there is a method of its own for this command");
  return {};
}

inline Error Pop3Engine::Begin(const Pop3Request& request, Millis now) noexcept {
  if (!CanBegin(request.command))
    return Error(Errc::InvalidState, Phase::Command, "the session is not ready for a command");
  if (const Error error = Check(request)) return error;
  const auto line = detail::LineOf(request);
  if (Idle()) {
    message_ = request.message;
    waiting_since_ = now;
    SaySecret(request.command, line.View(), {line.View()});
    return {};
  }
  Pop3Request& behind = behind_[(oldest_behind_ + behind_count_++) % kMostBehind];
  behind = request;
  behind.line = {};
  WriteLine({line.View()}, line.View());
  behind_size_ += line.View().size() + 2;
  return {};
}

inline bool Pop3Engine::CanBegin(Pop3Command command) const noexcept {
  if (Idle()) return true;
  return stage_ == Stage::Ready && detail::MayPipeline(awaited_) && detail::MayPipeline(command) &&
         options_.pipelining && capabilities_.Has(Pop3Extension::Pipelining) && behind_count_ != kMostBehind &&
         output_.Free().size() >= detail::kPop3MostCommand + 2;
}

/// The present command has its response: the one behind it is the present one now.
inline void Pop3Engine::Answered() noexcept {
  awaited_ = Pop3Command::None;
  if (behind_count_ == 0) return;
  const Pop3Request& next = behind_[oldest_behind_];
  oldest_behind_ = (oldest_behind_ + 1) % kMostBehind;
  --behind_count_;
  const auto line = detail::LineOf(next);
  behind_size_ -= line.View().size() + 2;
  message_ = next.message;
  Expect(next.command, line.View());
  turned_ = true;
}

inline void Pop3Engine::Quit(Millis now) noexcept {
  if (!Idle()) return;
  waiting_since_ = now;
  Say(Pop3Command::Quit, {});
}

inline void Pop3Engine::Cancel() noexcept {
  if (reading_ == Reading::Content) Fail(ErrorOn(awaited_, Errc::Cancelled, {}));
}

inline void Pop3Engine::BeginSaying(Pop3Command command) noexcept {
  // What has come already answers nothing: it was said before the question.
  if (input_.Filled().size() != used_) Fail(ErrorOn(command, Errc::UnexpectedReply, "the server answered too early"));
}

inline void Pop3Engine::Say(Pop3Command command, std::string_view argument) noexcept {
  const std::string_view verb = detail::RuleOf(command).verb;
  FixedText<256> line(verb);
  if (!verb.empty() && !argument.empty()) line.Append(" ");
  line.Append(argument);
  SaySecret(command, line.View(), {line.View()});
}

/// Says `pieces` as one line; the transcript and errors have `shown` instead.
inline void Pop3Engine::SaySecret(Pop3Command command, std::string_view shown,
                                  std::initializer_list<std::string_view> pieces) noexcept {
  BeginSaying(command);
  if (IsOver()) return;
  WriteLine(pieces, shown);
  Expect(command, shown);
}

inline void Pop3Engine::WriteLine(std::initializer_list<std::string_view> pieces, std::string_view shown) noexcept {
  for (const std::string_view piece : pieces) output_.Append(piece);
  output_.Append("\r\n");
  Show(Side::Client, shown);
}

inline void Pop3Engine::Expect(Pop3Command command, std::string_view shown) noexcept {
  awaited_ = command;
  command_.Assign(shown);
}

SMTPOLL_NAMESPACE_END

#endif
