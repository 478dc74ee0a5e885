// Bodies as they go over the wire: text with CRLF, quoted-printable or base64 lines (RFC 2045 6), made piece by piece.
// Invariant: the bytes do not depend on how much room each read gives.
#ifndef SMTPOLL_MESSAGE_BODY_SOURCE_HPP
#define SMTPOLL_MESSAGE_BODY_SOURCE_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/source.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

enum class TransferEncoding : std::uint8_t { SevenBit, EightBit, QuotedPrintable, Base64, Binary };

/// What the wire carries beside lines of ASCII (RFC 6152, RFC 3030); each includes the one before.
enum class WireWidth : std::uint8_t { SevenBit, EightBit, Binary };

/// RFC 2045 6.8: 76 characters of base64 are 57 bytes.
constexpr std::size_t kBase64LineBytes = 57;
constexpr std::size_t kBase64LineSize = 78;

constexpr std::uint64_t Base64LinesSize(std::uint64_t bytes) noexcept {
  const std::uint64_t rest = bytes % kBase64LineBytes;
  return bytes / kBase64LineBytes * kBase64LineSize + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

/// Text with every line end, CR, LF or CRLF, as CRLF.
class CrlfText {
 public:
  void Start(std::string_view text) noexcept {
    text_ = text;
    at_ = 0;
    owes_lf_ = false;
  }
  bool Done() const noexcept { return at_ == text_.size() && !owes_lf_; }
  std::size_t Read(char* into, std::size_t room) noexcept {
    std::size_t size = 0;
    while (size < room && !Done()) {
      if (owes_lf_) {
        into[size++] = '\n';
        owes_lf_ = false;
        continue;
      }
      const char c = text_[at_++];
      owes_lf_ = c == '\r' || c == '\n';
      if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      into[size++] = owes_lf_ ? '\r' : c;
    }
    return size;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool owes_lf_ = false;
};

/// Text as quoted-printable, lines of at most 76 characters (RFC 2045 6.7).
class QuotedPrintableText {
 public:
  void Start(std::string_view text) noexcept {
    text_ = text;
    at_ = column_ = token_size_ = token_at_ = 0;
  }
  bool Done() const noexcept { return at_ == text_.size() && token_at_ == token_size_; }
  std::size_t Read(char* into, std::size_t room) noexcept {
    std::size_t size = 0;
    while (size < room && !Done()) {
      if (token_at_ == token_size_) NextToken();
      while (size < room && token_at_ < token_size_) into[size++] = token_[token_at_++];
    }
    return size;
  }

 private:
  static constexpr std::size_t kMaxColumn = 75;  // and the = of a soft line break

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
    // White space at a line's end would be lost; "From " at its start and a lone dot meet habits of old software.
    const bool plain = IsSpace(c) ? !line_ends : IsPrint(c) && c != '=' && !(column_ == 0 && (c == 'F' || c == '.'));
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
  std::size_t column_ = 0;
  char token_[8];
  std::size_t token_size_ = 0;
  std::size_t token_at_ = 0;
};

/// Bytes of a source as lines of base64. Where there is room, whole lines are encoded in the reader's own memory.
class Base64Lines {
 public:
  void Start() noexcept { carried_ = line_size_ = line_at_ = 0, ended_ = false; }
  bool Done() const noexcept { return ended_ && carried_ == 0 && line_at_ == line_size_; }

  /// `pull(char*, size_t)` is Source::Read. What it says other than More is passed on once all before it is written.
  template <typename Pull>
  SourceResult Read(char* into, std::size_t room, Pull&& pull) {
    std::size_t size = 0;
    for (;;) {
      while (size < room && line_at_ < line_size_) into[size++] = line_[line_at_++];
      if (size == room || Done()) return {size, Done() ? SourceStatus::End : SourceStatus::More};
      if (ended_ || carried_ == kBase64LineBytes) {
        EncodeCarried();
        continue;
      }
      const std::size_t lines = carried_ == 0 ? (room - size) / kBase64LineSize : 0;
      char* raw = lines != 0 ? into + room - lines * kBase64LineBytes : carry_ + carried_;
      const SourceResult got = pull(raw, lines != 0 ? lines * kBase64LineBytes : kBase64LineBytes - carried_);
      if (got.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (got.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      ended_ = got.status == SourceStatus::End;
      if (lines == 0) {
        carried_ += got.size;
        continue;
      }
      // The raw bytes stand at the end of the room: encoding forward to its front never overtakes them.
      const std::size_t whole = got.size / kBase64LineBytes;
      carried_ = got.size % kBase64LineBytes;
      std::memcpy(carry_, raw + whole * kBase64LineBytes, carried_);
      for (std::size_t i = 0; i < whole; ++i) {
        size += Base64Encode(raw + i * kBase64LineBytes, kBase64LineBytes, into + size);
        into[size++] = '\r';
        into[size++] = '\n';
      }
    }
  }

 private:
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

/// What one pass over a text says: the smallest encoding that the way carries; 8bit only where `eight_bit` allows it.
inline TransferEncoding ChooseEncoding(std::string_view text, bool eight_bit) noexcept {
  std::size_t column = 0, escaped = 0;
  bool long_line = false, control = false;
  for (const char c : text) {
    if (c == '\r' || c == '\n') {
      column = 0;
      continue;
    }
    long_line = ++column > 900 || long_line;
    if (IsPrint(c) || c == '\t') continue;
    ++escaped;
    control = control || IsAscii(c);
  }
  if (escaped == 0 && !long_line) return TransferEncoding::SevenBit;
  if (eight_bit && !control && !long_line) return TransferEncoding::EightBit;
  return escaped * 6 > text.size() ? TransferEncoding::Base64 : TransferEncoding::QuotedPrintable;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
