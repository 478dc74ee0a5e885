// Bodies as they go over the wire: text with CRLF, quoted-printable or base64 lines (RFC 2045 6), made piece by piece.
// Invariant: the bytes do not depend on how much room each read gives.
#ifndef SMTPOLL_MESSAGE_BODY_SOURCE_HPP
#define SMTPOLL_MESSAGE_BODY_SOURCE_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/base64_lines.hpp"
#include "smtpoll/base/line_scan.hpp"
#include "smtpoll/base/source.hpp"
#include "smtpoll/base/text_bits.hpp"
#include "smtpoll/message/transfer_encoding.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Text with every line end, CR, LF or CRLF, as CRLF. What stands between two faulty line ends is copied at once.
class CrlfText {
 public:
  void Start(std::string_view text) noexcept {
    text_ = text;
    at_ = 0;
    before_ = '\n';
  }
  bool Done() const noexcept { return at_ == text_.size() && before_ != '\r'; }
  std::size_t Read(char* into, std::size_t room) noexcept {
    std::size_t size = 0;
    while (size < room && !Done()) {
      const std::size_t left = text_.size() - at_, most = left < room - size ? left : room - size;
      const std::size_t run = FindLineFault(before_, text_.data() + at_, most, false);
      if (run != 0) {
        std::memcpy(into + size, text_.data() + at_, run);
        size += run;
        at_ += run;
        before_ = text_[at_ - 1];
      }
      if (size == room || Done()) break;
      // Here, or at the end of the text, the other half of a CRLF is missing.
      if (run != most || at_ == text_.size()) into[size++] = before_ = before_ == '\r' ? '\n' : '\r';
    }
    return size;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  char before_ = '\n';  // the last byte written
};

/// Text as quoted-printable, lines of at most 76 characters (RFC 2045 6.7).
class QuotedPrintableText {
 public:
  void Start(std::string_view text) noexcept {
    text_ = text;
    at_ = column_ = token_size_ = token_at_ = 0;
    block_ = SIZE_MAX;
  }
  bool Done() const noexcept { return at_ == text_.size() && token_at_ == token_size_; }
  std::size_t Read(char* into, std::size_t room) noexcept {
    std::size_t size = 0;
    while (size < room && !Done()) {
      if (token_at_ == token_size_) {
        const std::size_t run = PlainRun(room - size);
        if (run != 0) {
          std::memcpy(into + size, text_.data() + at_, run);
          size += run;
          at_ += run;
          column_ += run;
          continue;
        }
        NextToken();
      }
      while (size < room && token_at_ < token_size_) into[size++] = token_[token_at_++];
    }
    return size;
  }

 private:
  static constexpr std::size_t kMaxColumn = 75;  // and the = of a soft line break

  /// How many bytes from here on, at most `most`, stand for themselves and fit the line.
  std::size_t PlainRun(std::size_t most) noexcept {
    if constexpr (kIsSmall) return 0;  // byte by byte, then
    const char* const here = text_.data() + at_;
    const std::size_t left = text_.size() - at_;
    if (most > left) most = left;
    if (most > kMaxColumn - column_) most = kMaxColumn - column_;
    if (most == 0 || !IsPrint(*here) || (column_ == 0 && IsHabit(*here))) return 0;
    std::size_t run = 0;
    while (run < most) {
      const std::size_t place = at_ + run;
      if (place / 32 != block_) LookAtBlock(place / 32);
      const std::uint32_t other = other_ >> place % 32;
      if (other != 0) {
        run += LowestBit(other);
        break;
      }
      run += 32 - place % 32;
    }
    if (run > most) run = most;
    const void* const equals = std::memchr(here, '=', run);
    if (equals != nullptr) run = static_cast<std::size_t>(static_cast<const char*>(equals) - here);
    const bool line_ends = run == left || here[run] == '\r' || here[run] == '\n';
    return run != 0 && line_ends && IsSpace(here[run - 1]) ? run - 1 : run;
  }

  /// Notes which of the 32 bytes of a block are not plain; each block is looked at once.
  void LookAtBlock(std::size_t block) noexcept {
    const std::string_view bytes = Rest(text_, block * 32);
    const TextBits bits = bytes.size() >= 32 ? TextBitsOf32(bytes.data()) : TextBitsByByte(bytes.data(), bytes.size());
    other_ = bits.cr | bits.lf | bits.control | bits.eight_bit;
    block_ = block;
  }

  /// "From " at a line's start and a lone dot meet habits of old software.
  static bool IsHabit(char c) noexcept { return c == 'F' || c == '.'; }

  void Put(char c) noexcept { token_[token_size_++] = c; }

  void NextToken() noexcept {
    token_size_ = token_at_ = 0;
    const char c = text_[at_++];
    if (c == '\r' || c == '\n') {
      if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      Put('\r');
      Put('\n');
      column_ = 0;
      return;
    }
    const bool line_ends = at_ == text_.size() || text_[at_] == '\r' || text_[at_] == '\n';
    // White space at a line's end would be lost.
    const bool plain = IsSpace(c) ? !line_ends : IsPrint(c) && c != '=' && !(column_ == 0 && IsHabit(c));
    const std::size_t size = plain ? 1 : 3;
    if (column_ + size > kMaxColumn) {
      Put('=');
      Put('\r');
      Put('\n');
      column_ = 0;
    }
    column_ += size;
    if (plain) return Put(c);
    constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    Put('=');
    Put(kHex[byte >> 4]);
    Put(kHex[byte & 15]);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t block_ = SIZE_MAX;  // the block of text_ that other_ is of
  std::uint32_t other_ = 0;
  std::size_t column_ = 0;
  char token_[8];
  std::size_t token_size_ = 0;
  std::size_t token_at_ = 0;
};

/// Bytes as lines of base64: whole lines are encoded straight into the reader's room, out of its own tail or out of
/// the memory where the bytes are. Only a line that is torn by a read's end is held.
class Base64Lines {
 public:
  void Start() noexcept { carried_ = line_size_ = line_at_ = 0, ended_ = false; }
  bool Done() const noexcept { return ended_ && carried_ == 0 && line_at_ == line_size_; }

  /// `pull(char*, size_t)` is Source::Read. What it says other than More is passed on once all before it is written.
  /// Less than `room` is filled where the rest is too small for a line.
  template <typename Pull>
  SourceResult Read(char* into, std::size_t room, Pull&& pull) {
    std::size_t size = 0;
    for (;;) {
      size += TakeLine(into + size, room - size);
      if (size == room || Done()) return {size, Done() ? SourceStatus::End : SourceStatus::More};
      if (ended_) {
        EncodeCarried();
        continue;
      }
      const std::size_t lines = (room - size) / kBase64LineSize;
      if (lines == 0 && size != 0) return {size, SourceStatus::More};
      // What is read goes to the end of the room, behind what is left from before: encoding it forward to the room's
      // front never overtakes it.
      char* const raw = lines != 0 ? into + room - lines * kBase64LineBytes : carry_;
      const std::size_t most = lines != 0 ? lines * kBase64LineBytes : kBase64LineBytes;
      if (lines != 0) std::memcpy(raw, carry_, carried_);
      const SourceResult got = pull(raw + carried_, most - carried_);
      if (got.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (got.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      ended_ = got.status == SourceStatus::End;
      carried_ += got.size;
      if (lines == 0) {
        if (carried_ == kBase64LineBytes) EncodeCarried();
        continue;
      }
      const std::size_t whole = carried_ / kBase64LineBytes;
      carried_ -= whole * kBase64LineBytes;
      std::memcpy(carry_, raw + whole * kBase64LineBytes, carried_);
      Base64EncodeLines(raw, whole, into + size);
      size += whole * kBase64LineSize;
    }
  }

  /// The same of bytes in memory, taken off the front of `bytes`.
  SourceResult Read(char* into, std::size_t room, std::string_view& bytes) noexcept {
    std::size_t size = 0;
    for (;;) {
      size += TakeLine(into + size, room - size);
      ended_ = bytes.empty();
      if (size == room || Done()) return {size, Done() ? SourceStatus::End : SourceStatus::More};
      const std::size_t lines = (room - size) / kBase64LineSize, there = bytes.size() / kBase64LineBytes;
      const std::size_t whole = lines < there ? lines : there;
      if (whole == 0) {
        carried_ = there != 0 ? kBase64LineBytes : bytes.size();
        std::memcpy(carry_, bytes.data(), carried_);
        bytes.remove_prefix(carried_);
        EncodeCarried();
        continue;
      }
      Base64EncodeLines(bytes.data(), whole, into + size);
      bytes.remove_prefix(whole * kBase64LineBytes);
      size += whole * kBase64LineSize;
    }
  }

 private:
  /// Writes what is left of the line that is held.
  std::size_t TakeLine(char* into, std::size_t room) noexcept {
    const std::size_t left = line_size_ - line_at_, size = left < room ? left : room;
    if (size != 0) std::memcpy(into, line_ + line_at_, size);
    line_at_ += size;
    return size;
  }

  void EncodeCarried() noexcept {
    line_size_ = Base64Encode(carry_, carried_, line_);
    line_[line_size_++] = '\r';
    line_[line_size_++] = '\n';
    line_at_ = carried_ = 0;
  }

  char carry_[kBase64LineBytes];
  char line_[kBase64LineSize];
  std::size_t carried_ = 0;
  std::size_t line_size_ = 0;
  std::size_t line_at_ = 0;
  bool ended_ = false;
};

/// Bytes that a text becomes on the wire; `scan` has seen all of it.
inline std::uint64_t WireSize(std::string_view text, const TextScan& scan, TransferEncoding encoding) noexcept {
  if (encoding == TransferEncoding::Base64) return Base64LinesSize(scan.CrlfSize());
  if (encoding != TransferEncoding::QuotedPrintable) return scan.CrlfSize();
  // A counting pass: encoded into nothing.
  char nowhere[512];
  std::uint64_t size = 0;
  QuotedPrintableText quoted;
  quoted.Start(text);
  while (!quoted.Done()) size += quoted.Read(nowhere, sizeof nowhere);
  return size;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
