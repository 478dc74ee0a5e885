// Makes content fit for the wire, in place: lines end in CRLF and nothing else (RFC 5321 2.3.8), and for DATA a leading
// dot is doubled (4.1.1.4, 4.5.2). So no content, however built, can end early or smuggle a second message. Invariant:
// the result does not depend on where the content was split.
#ifndef SMTPOLL_PROTOCOL_CONTENT_ENCODER_HPP
#define SMTPOLL_PROTOCOL_CONTENT_ENCODER_HPP

#include <string_view>

#include "smtpoll/base/line_scan.hpp"
#include "smtpoll/base/source.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ContentEncoder {
 public:
  /// The most that `size` bytes can become: each byte may need one more before it, and a CR may be left from before.
  static constexpr std::size_t MaxSize(std::size_t size) noexcept { return 2 * size + 1; }

  /// The most bytes of content that are sure to fit `room`, where nothing is known of them.
  static constexpr std::size_t MaxInput(std::size_t room) noexcept { return room == 0 ? 0 : (room - 1) / 2; }

  /// The same where `claim` is: lines that end in CRLF can only get a dot for every three bytes.
  std::size_t MaxInput(std::size_t room, LineClaim claim) const noexcept {
    if (IsClean(claim)) return room;
    return claim.CrlfLines() ? room - (room + 3) / 4 : MaxInput(room);
  }

  /// Content of which that is known goes as it is.
  bool IsClean(LineClaim claim) const noexcept { return transparent_ ? claim.NoDots() : claim.CrlfLines(); }

  /// Encodes `bytes[0, size)` in place; there is room for MaxSize(size), or `size` came from MaxInput. Returns the new
  /// size.
  std::size_t Encode(char* bytes, std::size_t size, LineClaim claim = {}) noexcept {
    if (size == 0) return 0;
    const char before = before_;
    before_ = bytes[size - 1];
    if (IsClean(claim)) return size;
    const std::size_t first = FindLineFault(before, bytes, size, transparent_);
    if (first == size) return size;
    const std::size_t more = Count(before, bytes, first, size);
    Expand(before, bytes, first, size, more);
    return size + more;
  }

  /// Writes what ends the content (at most 5 bytes) to `into` and returns its size: the end of the last line where that
  /// is missing, and for DATA the line with a dot.
  std::size_t Finish(char* into) noexcept {
    std::string_view end = before_ == '\n' ? ".\r\n" : before_ == '\r' ? "\n.\r\n" : "\r\n.\r\n";
    if (!transparent_) end.remove_suffix(3);
    if (!end.empty()) std::memcpy(into, end.data(), end.size());
    before_ = '\n';
    return end.size();
  }

  /// Starts a new content; `transparent` doubles leading dots, as DATA needs it and BDAT must not have it.
  void Reset(bool transparent) noexcept {
    before_ = '\n';
    transparent_ = transparent;
  }

 private:
  /// What has to stand between `before` and `c`. A CR is written when it comes, and completed by the byte after it, so
  /// a CR at the end of a piece needs no memory but `before_`.
  std::string_view Between(char before, char c) const noexcept {
    if (before == '\r') return c == '\n' ? "" : c == '.' && transparent_ ? "\n." : "\n";
    if (c == '\n') return "\r";
    return before == '\n' && c == '.' && transparent_ ? "." : "";
  }

  std::size_t Count(char before, const char* bytes, std::size_t at, std::size_t size) const noexcept {
    std::size_t more = 0;
    while (at != size) {
      more += Between(at == 0 ? before : bytes[at - 1], bytes[at]).size();
      at += 1 + FindLineFault(bytes[at], bytes + at + 1, size - at - 1, transparent_);
    }
    return more;
  }

  /// Moves what follows the first fault `more` bytes up, then copies it back down to where it belongs: the writer never
  /// meets the reader before all is put in.
  void Expand(char before, char* bytes, std::size_t first, std::size_t size, std::size_t more) const noexcept {
    char* in = bytes + first + more;
    char* const end = bytes + size + more;
    std::memmove(in, bytes + first, size - first);
    char* out = bytes + first;
    if (first != 0) before = bytes[first - 1];
    while (out != in) {
      for (const char c : Between(before, *in)) *out++ = c;
      before = *in;
      const std::size_t left = static_cast<std::size_t>(end - in);
      const std::size_t run = 1 + FindLineFault(before, in + 1, left - 1, transparent_);
      if (out == in) return;
      before = in[run - 1];
      std::memmove(out, in, run);
      out += run;
      in += run;
    }
  }

  char before_ = '\n';  // the last byte of content so far; the start of the content is the start of a line
  bool transparent_ = true;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
