// A pattern that errors fit or do not: by number, phase, reply code, enhanced code, or words that servers use.
#ifndef SMTPOLL_BASE_ERROR_PATTERN_HPP
#define SMTPOLL_BASE_ERROR_PATTERN_HPP

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/error.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What an error has to be for a row to fit; what is not named may be anything.
struct ErrorPattern {
  int number = 0;        // Error::ErrorNumber
  int reply = 0;         // reply code, or its first digit
  bool refused = false;  // a reply code from 400 on
  Phase phase = Phase::None;
  EnhancedCode enhanced;
  const char* words = "";  // one of these, separated by '|', stands in the reply (or in AUTH's command)

  constexpr ErrorPattern In(Phase value) const noexcept {
    ErrorPattern changed = *this;
    changed.phase = value;
    return changed;
  }
  constexpr ErrorPattern Reply(int value) const noexcept {
    ErrorPattern changed = *this;
    changed.reply = value;
    return changed;
  }
  constexpr ErrorPattern Code(std::uint16_t status_class, std::uint16_t subject, std::uint16_t detail) const noexcept {
    ErrorPattern changed = *this;
    changed.enhanced = {status_class, subject, detail};
    return changed;
  }
  constexpr ErrorPattern Words(const char* value) const noexcept {
    ErrorPattern changed = *this;
    changed.words = value;
    return changed;
  }
};
constexpr ErrorPattern Is(int number) noexcept {
  ErrorPattern pattern;
  pattern.number = number;
  return pattern;
}
constexpr ErrorPattern Is(Errc code) noexcept { return Is(static_cast<int>(code)); }
constexpr ErrorPattern Refusal(int reply = 0) noexcept {
  ErrorPattern pattern;
  pattern.refused = true;
  pattern.reply = reply;
  return pattern;
}

/// `word` stands in `text`, in whatever case.
constexpr bool HasWord(std::string_view text, std::string_view word) noexcept {
  for (; text.size() >= word.size(); text.remove_prefix(1))
    if (StartsWithIgnoringCase(text, word)) return true;
  return false;
}

/// One of `words`, separated by '|', stands in `text`.
constexpr bool HasOneOf(std::string_view text, std::string_view words) noexcept {
  while (!words.empty()) {
    const std::size_t end = words.find('|');
    if (HasWord(text, words.substr(0, end))) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

inline bool Fits(const ErrorPattern& when, const Error& error) noexcept {
  if (when.number != 0 && when.number != error.ErrorNumber) return false;
  if (when.refused && error.reply_code < 400) return false;
  if (when.reply != 0 && when.reply != error.reply_code && when.reply != error.reply_code / 100) return false;
  if (when.phase != Phase::None && when.phase != error.phase) return false;
  if (when.enhanced && !(when.enhanced == error.enhanced)) return false;
  if (*when.words == '\0' || HasOneOf(error.text.View(), when.words)) return true;
  return when.phase == Phase::Authentication && HasOneOf(error.command.View(), when.words);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
