// Makes content fit for the wire, in place: lines end in CRLF and nothing else (RFC 5321 2.3.8), and for DATA a leading
// dot is doubled (4.1.1.4, 4.5.2). So no content, however built, can end early or smuggle a second message. Invariant:
// the result does not depend on where the content was split.
#ifndef SMTPOLL_PROTOCOL_CONTENT_ENCODER_HPP
#define SMTPOLL_PROTOCOL_CONTENT_ENCODER_HPP

#include <cstddef>
#include <cstring>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ContentEncoder {
 public:
  /// The most that `size` bytes can become: each byte may need one more before it, and a CR may be left from before.
  static constexpr std::size_t MaxSize(std::size_t size) noexcept { return 2 * size + 1; }

  /// The most bytes of content that are sure to fit `room`.
  static constexpr std::size_t MaxInput(std::size_t room) noexcept { return room == 0 ? 0 : (room - 1) / 2; }

  /// Encodes `bytes[0, size)` in place; there is room for MaxSize(size). Returns the new size.
  std::size_t Encode(char* bytes, std::size_t size) noexcept {
    const State before = state_;
    const std::size_t more = Scan(bytes, size);
    if (more != 0) Expand(bytes, size, size + more, before);
    return size + more;
  }

  /// Writes what ends the content (at most 5 bytes) to `into` and returns its size: the end of the last line where that
  /// is missing, and for DATA the line with a dot.
  std::size_t Finish(char* into) noexcept {
    std::string_view end = state_ == State::LineStart ? ".\r\n" : state_ == State::AfterCr ? "\n.\r\n" : "\r\n.\r\n";
    if (!transparent_) end.remove_suffix(3);
    if (!end.empty()) std::memcpy(into, end.data(), end.size());
    state_ = State::LineStart;
    return end.size();
  }

  /// Starts a new content; `transparent` doubles leading dots, as DATA needs it and BDAT must not have it.
  void Reset(bool transparent) noexcept {
    state_ = State::LineStart;
    transparent_ = transparent;
  }

 private:
  enum class State : unsigned char { LineStart, AfterCr, InLine };

  /// What stands before `c` in the result beside what already does, and the state after it. A CR is written when it
  /// comes, and completed by the byte after it, so a CR at the end of a piece needs no memory of its own.
  struct Step {
    std::string_view before;
    State next;
  };
  Step Next(State state, char c) const noexcept {
    if (state == State::AfterCr) {
      if (c == '\n') return {"", State::LineStart};
      if (c == '\r') return {"\n", State::AfterCr};
      return {c == '.' && transparent_ ? std::string_view("\n.") : std::string_view("\n"), State::InLine};
    }
    if (c == '\n') return {"\r", State::LineStart};
    if (c == '\r') return {"", State::AfterCr};
    return {state == State::LineStart && c == '.' && transparent_ ? std::string_view(".") : std::string_view(),
            State::InLine};
  }

  /// Counts the bytes to be inserted and leaves the state after the piece.
  std::size_t Scan(const char* bytes, std::size_t size) noexcept {
    std::size_t more = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (state_ == State::InLine) {
        // Text without a line end changes nothing; whole lines are passed over by memchr below.
        i = NextLineEnd(bytes, i, size);
        if (i == size) break;
      }
      const Step step = Next(state_, bytes[i]);
      more += step.before.size();
      state_ = step.next;
    }
    return more;
  }

  static std::size_t NextLineEnd(const char* bytes, std::size_t from, std::size_t size) noexcept {
    const void* lf = std::memchr(bytes + from, '\n', size - from);
    const std::size_t end = lf == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(lf) - bytes);
    const void* cr = std::memchr(bytes + from, '\r', end - from);
    return cr == nullptr ? end : static_cast<std::size_t>(static_cast<const char*>(cr) - bytes);
  }

  /// Moves the content to the end of its room, then encodes it forward to the front: the writer never meets the reader.
  void Expand(char* bytes, std::size_t size, std::size_t new_size, State state) const noexcept {
    const char* in = bytes + (new_size - size);
    std::memmove(bytes + (new_size - size), bytes, size);
    char* out = bytes;
    for (std::size_t i = 0; i < size; ++i) {
      const char c = in[i];
      const Step step = Next(state, c);
      for (const char b : step.before) *out++ = b;
      *out++ = c;
      state = step.next;
    }
  }

  State state_ = State::LineStart;
  bool transparent_ = true;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
