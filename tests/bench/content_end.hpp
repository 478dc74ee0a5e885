// Finds the end of a content that came by DATA, CR LF . CR LF, in reads that may cut it anywhere (RFC 5321 4.1.1.4).
// Invariant: what Find tells does not depend on how the bytes are cut into pieces.
#ifndef SMTPOLL_TESTS_BENCH_CONTENT_END_HPP
#define SMTPOLL_TESTS_BENCH_CONTENT_END_HPP

#include <cstdint>
#include <cstring>

namespace bench {

class ContentEnd {
 public:
  /// The next byte is the first one of a content: it stands at the start of a line.
  void Start() noexcept { state_ = State::LineStart; }

  bool Found() const noexcept { return state_ == State::End; }

  /// Returns where the content ends in [at, end), behind its last line end; `end` where it goes on. Found tells which.
  const char* Find(const char* at, const char* end) noexcept {
    while (at != end && state_ != State::End) {
      if (state_ == State::InLine)
        at = SkipLines(at, end);
      else
        Step(*at++);
    }
    return at;
  }

 private:
  enum class State : std::uint8_t { InLine, Cr, LineStart, Dot, DotCr, End };

  void Step(char c) noexcept {
    switch (state_) {
      case State::Cr:
        if (c == '\n') {
          state_ = State::LineStart;
          return;
        }
        break;
      case State::LineStart:
        if (c == '.') {
          state_ = State::Dot;
          return;
        }
        break;
      case State::Dot:
        if (c == '\r') {
          state_ = State::DotCr;
          return;
        }
        break;
      case State::DotCr:
        if (c == '\n') {
          state_ = State::End;
          return;
        }
        break;
      case State::InLine:
      case State::End: break;
    }
    state_ = c == '\r' ? State::Cr : State::InLine;
  }

  /// From within a line to behind the next dot that starts one, or to the end: nothing before a dot can end a content.
  const char* SkipLines(const char* at, const char* end) noexcept {
    const char* const begin = at;
    for (;;) {
      const void* found = std::memchr(at, '.', static_cast<std::size_t>(end - at));
      if (found == nullptr) break;
      const char* dot = static_cast<const char*>(found);
      at = dot + 1;
      if (dot - begin >= 2 && dot[-1] == '\n' && dot[-2] == '\r') {
        state_ = State::Dot;
        return at;
      }
    }
    if (end - begin >= 2 && end[-1] == '\n' && end[-2] == '\r')
      state_ = State::LineStart;
    else if (end[-1] == '\r')
      state_ = State::Cr;
    return end;
  }

  State state_ = State::LineStart;
};

}  // namespace bench

#endif
