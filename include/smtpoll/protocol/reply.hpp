// Server replies: one or many lines, a code, an enhanced code and a text (RFC 5321 4.2, RFC 2034, RFC 3463).
// The parser works in place on the receive buffer and copies nothing: a reply's text is a view into that buffer.
// Invariant: a reply never takes more memory than the buffer it came in; what does not fit is an error.
#ifndef SMTPOLL_PROTOCOL_REPLY_HPP
#define SMTPOLL_PROTOCOL_REPLY_HPP

#include <cstring>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/error.hpp"
#include "smtpoll/base/span.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One complete reply. `text` has the lines without their codes, joined by '\n', control characters shown as '?';
/// it is valid until the engine is called again.
struct Reply {
  int code = 0;           ///< 200 to 559.
  EnhancedCode enhanced;  ///< All zero where the server sent none.
  std::string_view text;  ///< What it says.

  bool IsPositive() const noexcept { return code / 100 == 2; }      ///< 2yz: done.
  bool IsIntermediate() const noexcept { return code / 100 == 3; }  ///< 3yz: go on.
  bool IsTransient() const noexcept { return code / 100 == 4; }     ///< 4yz: try later.
  bool IsPermanent() const noexcept { return code / 100 == 5; }     ///< 5yz: never.
};

namespace detail {

/// Reads "2.1.5" at the front of `text`; returns its length, 0 where there is none (RFC 2034 section 4).
constexpr std::size_t ParseEnhancedCode(std::string_view text, EnhancedCode& code) noexcept {
  std::uint16_t part[3] = {0, 0, 0};
  std::size_t at = 0;
  for (int i = 0; i < 3; ++i) {
    if (i != 0 && (at == text.size() || text[at++] != '.')) return 0;
    const std::size_t first = at;
    while (at < text.size() && IsDigit(text[at]) && at - first < 3)
      part[i] = static_cast<std::uint16_t>(part[i] * 10 + (text[at++] - '0'));
    if (at == first) return 0;
  }
  if ((part[0] != 2 && part[0] != 4 && part[0] != 5) || (at < text.size() && !IsSpace(text[at]))) return 0;
  code = {part[0], part[1], part[2]};
  return at;
}

/// Finds one reply at the front of a buffer that is filled piece by piece.
class ReplyParser {
 public:
  enum class Result : std::uint8_t { NeedMore, Complete, Malformed };

  /// Looks for a whole reply at the front of `bytes` (those of the last call and what has come since). On Complete the
  /// reply took the first Size() bytes, which have been rewritten in place to hold its text. `on_line` sees each raw
  /// line.
  template <typename OnLine>
  Result Parse(Span<char> bytes, Reply& reply, OnLine&& on_line) noexcept {
    while (line_end_search_ < bytes.size()) {
      const void* found = std::memchr(bytes.data() + line_end_search_, '\n', bytes.size() - line_end_search_);
      if (found == nullptr) break;
      const auto after = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
      std::string_view line(bytes.data() + line_start_, after - line_start_ - 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      on_line(line);
      line_start_ = line_end_search_ = after;
      bool last = false;
      if (!TakeLine(bytes.data(), line, last)) return Result::Malformed;
      if (last) {
        reply = {code_, enhanced_, {bytes.data(), text_size_}};
        return Result::Complete;
      }
    }
    line_end_search_ = bytes.size();
    return CouldBeReply({bytes.data() + line_start_, bytes.size() - line_start_}) ? Result::NeedMore
                                                                                  : Result::Malformed;
  }

  /// Bytes that the complete reply took.
  std::size_t Size() const noexcept { return line_start_; }

  /// Forgets all; the next call of Parse starts with a new reply.
  void Reset() noexcept { *this = ReplyParser(); }

 private:
  static constexpr bool IsCodeDigit(std::size_t place, char c) noexcept {
    return place == 0 ? c >= '2' && c <= '5' : place == 1 ? c >= '0' && c <= '5' : IsDigit(c);
  }

  /// Decides early: a peer that speaks something else is told apart before its line ends, if it ever does.
  static bool CouldBeReply(std::string_view start) noexcept {
    for (std::size_t i = 0; i < start.size() && i < 3; ++i)
      if (!IsCodeDigit(i, start[i])) return false;
    return start.size() < 4 || start[3] == ' ' || start[3] == '-' || start[3] == '\r';
  }

  /// Moves the line's text to the end of the text gathered so far. The text always starts before the line it comes
  /// from.
  bool TakeLine(char* bytes, std::string_view line, bool& last) noexcept {
    if (line.size() < 3 || !CouldBeReply(line) || (line.size() > 3 && line[3] == '\r')) return false;
    const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (code_ != 0 && code != code_) return false;
    last = line.size() == 3 || line[3] == ' ';
    line.remove_prefix(line.size() == 3 ? 3 : 4);

    EnhancedCode enhanced;
    if (const std::size_t size = ParseEnhancedCode(line, enhanced); size != 0 && enhanced.status_class == code / 100) {
      if (code_ == 0) enhanced_ = enhanced;
      line.remove_prefix(size == line.size() ? size : size + 1);
    }
    if (code_ != 0) bytes[text_size_++] = '\n';
    code_ = code;
    if (IsAllPrint(line)) {
      if (!line.empty()) std::memmove(bytes + text_size_, line.data(), line.size());
      text_size_ += line.size();
      return true;
    }
    for (const char c : line) {
      const bool control = (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
      bytes[text_size_++] = control ? '?' : c;
    }
    return true;
  }

  int code_ = 0;
  EnhancedCode enhanced_;
  std::size_t text_size_ = 0;
  std::size_t line_start_ = 0;
  std::size_t line_end_search_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
