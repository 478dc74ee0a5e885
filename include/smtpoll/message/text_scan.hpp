// One pass over a text, in pieces: what it needs of the wire, and how long it is once its lines end with CRLF.
// RFC 2045 2.7 to 2.9 say what 7bit, 8bit and binary data are.
#ifndef SMTPOLL_MESSAGE_TEXT_SCAN_HPP
#define SMTPOLL_MESSAGE_TEXT_SCAN_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/line_scan.hpp"
#include "smtpoll/base/source.hpp"
#include "smtpoll/base/text_bits.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A text with a line longer than this is encoded; RFC 5322 2.1.1 allows 998.
constexpr std::size_t kLongestTextLine = 900;

/// Gathers facts of a text that comes in pieces; they hold for all pieces so far.
class TextScan {
 public:
  void Update(std::string_view piece) noexcept {
    const std::string_view tail = Rest(piece, piece.size() / 32 * 32);
    std::string_view blocks(piece.data(), piece.size() - tail.size());
#if defined(SMTPOLL_AVX2)
    if (blocks.size() > 32 && HasAvx2()) TakeBlocksByAvx2(blocks);
#endif
    for (; !blocks.empty(); blocks.remove_prefix(32)) {
      if (after_cr_ == 0 && ArePlain32(blocks.data()))
        TakePlain32();
      else
        Take(TextBitsOf32(blocks.data()), 32);
    }
    if (tail.empty()) return;
    const auto rest = static_cast<unsigned>(tail.size());
    if (rest == piece.size()) return Take(TextBitsByByte(tail.data(), rest), rest);
    // The last 32 bytes, without those that are counted already.
    TextBits bits = TextBitsOf32(tail.data() + rest - 32);
    for (std::uint32_t* const one : {&bits.cr, &bits.lf, &bits.control, &bits.eight_bit}) *one >>= 32 - rest;
    Take(bits, rest);
  }

  /// True where it can go as it is but for its line ends: 7bit, or 8bit where `eight_bit` allows that.
  bool GoesAsItIs(bool eight_bit) const noexcept { return !long_line_ && !control_ && (eight_bit || !eight_bit_); }
  bool IsEightBit() const noexcept { return eight_bit_; }
  bool HasLongLine() const noexcept { return long_line_; }
  /// A CR or LF stands without the other.
  bool HasBareLineEnd() const noexcept { return missing_ != 0 || after_cr_ != 0; }
  /// Bytes as they are.
  std::uint64_t Size() const noexcept { return size_; }
  /// Bytes with every line end as CRLF.
  std::uint64_t CrlfSize() const noexcept { return size_ + missing_ + after_cr_; }
  /// Bytes that are no printable character, no space, tab, CR or LF.
  std::uint64_t Escaped() const noexcept { return escaped_; }

 private:
#if defined(SMTPOLL_AVX2)
  SMTPOLL_TARGET("avx2") void TakeBlocksByAvx2(std::string_view& blocks) noexcept {
    for (; !blocks.empty(); blocks.remove_prefix(32)) {
      const TextBits bits = TextBitsOf32ByAvx2(blocks.data());
      if ((bits.cr | bits.lf | bits.control | bits.eight_bit | after_cr_) == 0)
        TakePlain32();
      else
        Take(bits, 32);
    }
  }
#endif

  void TakePlain32() noexcept {
    size_ += 32;
    column_ += 32;
    long_line_ = long_line_ || column_ > kLongestTextLine;
  }

  void Take(const TextBits& bits, unsigned size) noexcept {
    // Where the other half of a CRLF is missing, as IsLineFault says it.
    const std::uint32_t inside = 0xffffffffu >> (32 - size);
    const std::uint32_t missing = ((bits.cr << 1 | after_cr_) & inside) ^ bits.lf;
    if (missing != 0) missing_ += CountBits(missing);
    after_cr_ = bits.cr >> (size - 1) & 1;
    size_ += size;
    const std::uint32_t ends = bits.cr | bits.lf, escaped = bits.control | bits.eight_bit;
    if (escaped != 0) {
      escaped_ += CountBits(escaped);
      control_ = control_ || bits.control != 0;
      eight_bit_ = eight_bit_ || bits.eight_bit != 0;
    }
    // A line that begins and ends within 32 bytes is not too long.
    column_ += ends == 0 ? size : LowestBit(ends);
    long_line_ = long_line_ || column_ > kLongestTextLine;
    if (ends != 0) column_ = size - 1 - HighestBit(ends);
  }

  std::uint64_t size_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t escaped_ = 0;
  std::size_t column_ = 0;
  std::uint32_t after_cr_ = 0;  // 1 where the last byte was a CR
  bool long_line_ = false;
  bool eight_bit_ = false;
  bool control_ = false;
};

/// The bytes of a source with every line end, CR, LF or CRLF, as CRLF.
class CrlfLines {
 public:
  void Start() noexcept { before_ = '\n', holds_ = ended_ = false; }

  /// `pull(char*, size_t)` is Source::Read. What it says other than More is passed on once all before it is written.
  template <typename Pull>
  SourceResult Read(char* into, std::size_t room, Pull&& pull) {
    std::size_t size = 0;
    if (holds_) {
      into[size++] = before_ = held_;
      holds_ = false;
    }
    while (size < room && !ended_) {
      // Each byte may need one more: half of the room is read into, its end. Where only one byte is left, it is held.
      const std::size_t most = (room - size) / 2;
      char* const raw = most != 0 ? into + room - most : &held_;
      const SourceResult got = pull(raw, most != 0 ? most : 1);
      if (got.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (got.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      ended_ = got.status == SourceStatus::End;
      for (std::size_t at = 0; at < got.size;) {
        const std::size_t run = FindLineFault(before_, raw + at, got.size - at, false);
        if (run == 0) {
          into[size++] = before_ = before_ == '\r' ? '\n' : '\r';
          if (most != 0) continue;
          holds_ = true;
          break;
        }
        std::memmove(into + size, raw + at, run);
        size += run;
        at += run;
        before_ = into[size - 1];
      }
    }
    if (ended_ && !holds_ && before_ == '\r' && size < room) into[size++] = before_ = '\n';
    return {size, ended_ && !holds_ && before_ != '\r' ? SourceStatus::End : SourceStatus::More};
  }

 private:
  char before_ = '\n';  // the last byte written
  char held_ = '\n';    // a byte that there was no room for
  bool holds_ = false;
  bool ended_ = false;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
