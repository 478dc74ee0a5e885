// An error as a paragraph for people: what happened, at which step, what the server said, and what usually helps.
#ifndef SMTPOLL_BASE_DESCRIBE_HPP
#define SMTPOLL_BASE_DESCRIBE_HPP

#include "smtpoll/base/error_advice.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// How a sentence about a phase begins.
constexpr const char* Beginning(Phase phase) noexcept {
  switch (phase) {
    case Phase::None: return "";
    case Phase::Resolve: return "While looking up the server's name, ";
    case Phase::Connect: return "While connecting to the server, ";
    case Phase::Listen: return "While listening for a connection, ";
    case Phase::Greeting: return "While waiting for the server's greeting, ";
    case Phase::Hello: return "While saying hello to the server (EHLO), ";
    case Phase::Tls: return "While encrypting the connection (TLS), ";
    case Phase::Authentication: return "While logging in (AUTH), ";
    case Phase::Idle: return "Between two messages, ";
    case Phase::Mail: return "While naming the sender to the server (MAIL), ";
    case Phase::Recipient: return "While naming a recipient to the server (RCPT), ";
    case Phase::Data: return "Before the content of the message (DATA), ";
    case Phase::Content: return "While sending the content of the message, ";
    case Phase::ContentEnd: return "After the content of the message, ";
    case Phase::Reset: return "While starting afresh (RSET), ";
    case Phase::Quit: return "While saying goodbye (QUIT), ";
    case Phase::Command: return "While asking the server something, ";
  }
  return "";
}

/// `text` without a last UTF-8 character that was cut (RFC 3629 3).
constexpr std::string_view WithoutCutCharacter(std::string_view text) noexcept {
  std::size_t start = text.size();
  for (int back = 0; back < 4 && start != 0; ++back) {
    const unsigned byte = static_cast<unsigned char>(text[--start]);
    if (byte < 0x80) return text;
    if (byte < 0xC0) continue;
    const std::size_t size = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return text.size() - start < size ? text.substr(0, start) : text;
  }
  return text;
}

/// Appends `text` as one line: line ends and other control characters become spaces, and no two spaces stay together.
template <std::size_t kRoom>
void AppendLine(std::string_view text, FixedText<kRoom>& into) noexcept {
  text = WithoutCutCharacter(text);
  bool pause = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool space = static_cast<unsigned char>(text[i]) <= ' ' || text[i] == 0x7f;
    if (!space) {
      into.Append(text.substr(i, 1));
    } else if (!pause) {
      into.Append(" ");
    }
    pause = space;
  }
}

/// Appends "5.7.1" (RFC 3463 2).
template <std::size_t kRoom>
void AppendEnhancedCode(EnhancedCode code, FixedText<kRoom>& into) noexcept {
  into.AppendDecimal(code.status_class);
  into.Append(".");
  into.AppendDecimal(code.subject);
  into.Append(".");
  into.AppendDecimal(code.detail);
}

}  // namespace detail

/// One paragraph in bounded room; View() has no line ends, and no control characters whatever the server said.
using Description = FixedText<1200>;

/// What happened, at which step, what the server said, and what usually helps. The server's own words stand in
/// quotation marks. Nothing is allocated, nothing is thrown; no secret is in it (see Error).
inline Description Describe(const Error& error) noexcept {
  Description text;
  if (!error) {
    text.Append("Nothing went wrong.");
    return text;
  }
  const detail::ErrorAdvice& advice = detail::AdviceOn(error);
  std::string_view what = advice.what;
  if (error.phase == Phase::None) {
    const char first = static_cast<char>(what[0] - 'a' + 'A');
    text.Append({&first, 1});
    what.remove_prefix(1);
  }
  text.Append(detail::Beginning(error.phase));
  text.Append(what);
  if (detail::OwnName(error.Code()) == nullptr) {
    text.Append(" (system error ");
    text.AppendDecimal(static_cast<std::uint64_t>(error.ErrorNumber));
    text.Append(")");
  }
  text.Append(".");
  if (error.reply_code != 0) {
    text.Append(" The server said ");
    if (!error.command.empty()) {
      text.Append("to ");
      detail::AppendLine(error.command.View(), text);
      text.Append(": ");
    }
    text.Append("\"");
    text.AppendDecimal(static_cast<std::uint64_t>(error.reply_code));
    if (error.enhanced) {
      text.Append(" ");
      detail::AppendEnhancedCode(error.enhanced, text);
    }
    if (!error.text.empty()) text.Append(" ");
    detail::AppendLine(error.text.View(), text);
    text.Append("\".");
  } else if (!error.text.empty() || !error.command.empty()) {
    text.Append(" In detail: ");
    if (!error.command.empty()) {
      detail::AppendLine(error.command.View(), text);
      if (!error.text.empty()) text.Append(": ");
    }
    detail::AppendLine(error.text.View(), text);
    text.Append(".");
  }
  text.Append(" What usually helps: ");
  text.Append(advice.help);
  return text;
}

SMTPOLL_NAMESPACE_END

#endif
