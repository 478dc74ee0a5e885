// One pass over a text, in pieces: what it needs of the wire, and how long it is once its lines end with CRLF.
// RFC 2045 2.7 to 2.9 say what 7bit, 8bit and binary data are.
#ifndef SMTPOLL_MESSAGE_TEXT_SCAN_HPP
#define SMTPOLL_MESSAGE_TEXT_SCAN_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/message/body_source.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Gathers facts of a text that comes in pieces; they hold for all pieces so far.
class TextScan {
 public:
  void Update(std::string_view piece) noexcept {
    for (const char c : piece) {
      size_ += (c == '\n' && !after_cr_) || (after_cr_ && c != '\n');  // the LF or CR that is missing
      ++size_;
      bare_ = bare_ || (c == '\n') != after_cr_;
      after_cr_ = c == '\r';
      if (c == '\r' || c == '\n') {
        column_ = 0;
        continue;
      }
      long_line_ = ++column_ > kLongestTextLine || long_line_;
      eight_bit_ = eight_bit_ || !IsAscii(c);
      control_ = control_ || (IsAscii(c) && !IsPrint(c) && c != '\t');
    }
  }

  /// True where it can go as it is but for its line ends: 7bit, or 8bit where `eight_bit` allows that.
  bool GoesAsItIs(bool eight_bit) const noexcept { return !long_line_ && !control_ && (eight_bit || !eight_bit_); }
  bool IsEightBit() const noexcept { return eight_bit_; }
  bool HasLongLine() const noexcept { return long_line_; }
  /// A CR or LF stands without the other.
  bool HasBareLineEnd() const noexcept { return bare_ || after_cr_; }
  /// Bytes with every line end as CRLF.
  std::uint64_t CrlfSize() const noexcept { return size_ + (after_cr_ ? 1u : 0u); }

 private:
  std::uint64_t size_ = 0;
  std::size_t column_ = 0;
  bool after_cr_ = false;
  bool bare_ = false;
  bool long_line_ = false;
  bool eight_bit_ = false;
  bool control_ = false;
};

/// The bytes of a source with every line end, CR, LF or CRLF, as CRLF.
class CrlfLines {
 public:
  void Start() noexcept { at_ = size_ = 0, after_cr_ = owes_lf_ = ended_ = false; }

  /// `pull(char*, size_t)` is Source::Read. What it says other than More is passed on once all before it is written.
  template <typename Pull>
  SourceResult Read(char* into, std::size_t room, Pull&& pull) {
    std::size_t size = 0;
    while (size < room) {
      if (owes_lf_) {
        into[size++] = '\n';
        owes_lf_ = false;
      } else if (at_ < size_) {
        const char c = raw_[at_++];
        const bool paired = c == '\n' && after_cr_;
        after_cr_ = c == '\r';
        if (paired) continue;
        owes_lf_ = c == '\r' || c == '\n';
        into[size++] = owes_lf_ ? '\r' : c;
      } else if (ended_) {
        break;
      } else {
        const SourceResult got = pull(raw_, sizeof raw_);
        if (got.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
        if (got.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
        at_ = 0;
        size_ = got.size;
        ended_ = got.status == SourceStatus::End;
      }
    }
    const bool done = ended_ && at_ == size_ && !owes_lf_;
    return {size, done ? SourceStatus::End : SourceStatus::More};
  }

 private:
  char raw_[512];
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  bool after_cr_ = false;
  bool owes_lf_ = false;
  bool ended_ = false;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
