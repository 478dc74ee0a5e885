// SASLprep (RFC 4013): one form for user names and passwords that look the same, before SCRAM digests them.
// Mapping, prohibition and direction are whole; normalisation (NFKC) has megabytes of data behind it and is done here
// only for Latin-1 and the full-width forms. All other characters stay as they are, which is right for text that is in
// NFKC already, as nearly all typed text is; where it is not, the server refuses the password, and nothing else
// happens.
#ifndef SMTPOLL_PROTOCOL_SASL_PREP_HPP
#define SMTPOLL_PROTOCOL_SASL_PREP_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/secret.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

enum class SaslPrepKind : std::uint8_t { Kept, Dropped, Space, Prohibited, RightToLeft, LeftToRight, FullWidth };

struct SaslPrepRange {
  std::uint32_t first;
  std::uint32_t last;
  SaslPrepKind kind;
};

/// RFC 3454's tables B.1 (dropped), C.1.2 (spaces), C.2 to C.9 (prohibited), D.1 (right to left) and of D.2 (left to
/// right) the scripts that are typed most. The first match counts.
inline constexpr SaslPrepRange kSaslPrepRanges[] = {
    {0x0000, 0x001f, SaslPrepKind::Prohibited},    {0x0041, 0x005a, SaslPrepKind::LeftToRight},
    {0x0061, 0x007a, SaslPrepKind::LeftToRight},   {0x007f, 0x009f, SaslPrepKind::Prohibited},
    {0x00a0, 0x00a0, SaslPrepKind::Space},         {0x00ad, 0x00ad, SaslPrepKind::Dropped},
    {0x00c0, 0x00d6, SaslPrepKind::LeftToRight},   {0x00d8, 0x00f6, SaslPrepKind::LeftToRight},
    {0x00f8, 0x0220, SaslPrepKind::LeftToRight},   {0x034f, 0x034f, SaslPrepKind::Dropped},
    {0x038e, 0x03ce, SaslPrepKind::LeftToRight},   {0x0400, 0x0482, SaslPrepKind::LeftToRight},
    {0x048a, 0x04ce, SaslPrepKind::LeftToRight},   {0x05be, 0x05be, SaslPrepKind::RightToLeft},
    {0x05c0, 0x05c0, SaslPrepKind::RightToLeft},   {0x05c3, 0x05c3, SaslPrepKind::RightToLeft},
    {0x05d0, 0x05ea, SaslPrepKind::RightToLeft},   {0x05f0, 0x05f4, SaslPrepKind::RightToLeft},
    {0x061b, 0x061b, SaslPrepKind::RightToLeft},   {0x061f, 0x061f, SaslPrepKind::RightToLeft},
    {0x0621, 0x063a, SaslPrepKind::RightToLeft},   {0x0640, 0x064a, SaslPrepKind::RightToLeft},
    {0x066d, 0x066f, SaslPrepKind::RightToLeft},   {0x06dd, 0x06dd, SaslPrepKind::Prohibited},
    {0x0671, 0x06d5, SaslPrepKind::RightToLeft},   {0x06e5, 0x06e6, SaslPrepKind::RightToLeft},
    {0x06fa, 0x06fe, SaslPrepKind::RightToLeft},   {0x0700, 0x070d, SaslPrepKind::RightToLeft},
    {0x070f, 0x070f, SaslPrepKind::Prohibited},    {0x0710, 0x0710, SaslPrepKind::RightToLeft},
    {0x0712, 0x072c, SaslPrepKind::RightToLeft},   {0x0780, 0x07a5, SaslPrepKind::RightToLeft},
    {0x07b1, 0x07b1, SaslPrepKind::RightToLeft},   {0x1680, 0x1680, SaslPrepKind::Space},
    {0x1806, 0x1806, SaslPrepKind::Dropped},       {0x180b, 0x180d, SaslPrepKind::Dropped},
    {0x180e, 0x180e, SaslPrepKind::Prohibited},    {0x2000, 0x200b, SaslPrepKind::Space},
    {0x200c, 0x200d, SaslPrepKind::Dropped},       {0x200e, 0x200f, SaslPrepKind::Prohibited},
    {0x2028, 0x202e, SaslPrepKind::Prohibited},    {0x202f, 0x202f, SaslPrepKind::Space},
    {0x205f, 0x205f, SaslPrepKind::Space},         {0x2060, 0x2060, SaslPrepKind::Dropped},
    {0x2061, 0x2063, SaslPrepKind::Prohibited},    {0x206a, 0x206f, SaslPrepKind::Prohibited},
    {0x2ff0, 0x2ffb, SaslPrepKind::Prohibited},    {0x3000, 0x3000, SaslPrepKind::Space},
    {0x3041, 0x3094, SaslPrepKind::LeftToRight},   {0x30a1, 0x30fa, SaslPrepKind::LeftToRight},
    {0x4e00, 0x9fa5, SaslPrepKind::LeftToRight},   {0xac00, 0xd7a3, SaslPrepKind::LeftToRight},
    {0xd800, 0xf8ff, SaslPrepKind::Prohibited},    {0xfb1d, 0xfb1d, SaslPrepKind::RightToLeft},
    {0xfb1f, 0xfb28, SaslPrepKind::RightToLeft},   {0xfb2a, 0xfbb1, SaslPrepKind::RightToLeft},
    {0xfbd3, 0xfd3d, SaslPrepKind::RightToLeft},   {0xfd50, 0xfdc7, SaslPrepKind::RightToLeft},
    {0xfdd0, 0xfdef, SaslPrepKind::Prohibited},    {0xfdf0, 0xfdfc, SaslPrepKind::RightToLeft},
    {0xfe00, 0xfe0f, SaslPrepKind::Dropped},       {0xfe70, 0xfefc, SaslPrepKind::RightToLeft},
    {0xfeff, 0xfeff, SaslPrepKind::Dropped},       {0xff01, 0xff5e, SaslPrepKind::FullWidth},
    {0xfff9, 0xffff, SaslPrepKind::Prohibited},    {0x1d173, 0x1d17a, SaslPrepKind::Prohibited},
    {0xe0001, 0xe0001, SaslPrepKind::Prohibited},  {0xe0020, 0xe007f, SaslPrepKind::Prohibited},
    {0xf0000, 0x10ffff, SaslPrepKind::Prohibited},
};

/// The characters of Latin-1 that NFKC replaces, with what it puts there.
struct SaslPrepReplacement {
  std::uint32_t character;
  std::string_view by;
};
inline constexpr SaslPrepReplacement kSaslPrepReplacements[] = {
    {0xa8, " \xcc\x88"},
    {0xaa, "a"},
    {0xaf, " \xcc\x84"},
    {0xb2, "2"},
    {0xb3, "3"},
    {0xb4, " \xcc\x81"},
    {0xb5, "\xce\xbc"},
    {0xb8, " \xcc\xa7"},
    {0xb9, "1"},
    {0xba, "o"},
    {0xbc,
     "1\xe2\x81\x84"
     "4"},
    {0xbd,
     "1\xe2\x81\x84"
     "2"},
    {0xbe,
     "3\xe2\x81\x84"
     "4"},
};

/// A text in SASLprep's form, overwritten when dropped.
class PreparedText {
 public:
  static constexpr std::size_t kRoom = 256;  ///< The longest prepared text, in bytes.

  explicit PreparedText(std::string_view text) noexcept { Prepare(text); }
  ~PreparedText() { Wipe(bytes_, sizeof bytes_); }
  PreparedText(const PreparedText&) = delete;
  PreparedText& operator=(const PreparedText&) = delete;

  /// Why the text cannot be prepared; nullptr where it could.
  const char* Fault() const noexcept { return fault_; }
  std::string_view View() const noexcept { return {bytes_, size_}; }

 private:
  static SaslPrepKind KindOf(std::uint32_t character) noexcept {
    if ((character & 0xfffe) == 0xfffe) return SaslPrepKind::Prohibited;  // RFC 3454 C.4
    for (const SaslPrepRange& range : kSaslPrepRanges)
      if (character >= range.first && character <= range.last) return range.kind;
    return SaslPrepKind::Kept;
  }

  /// Takes one character of UTF-8 (RFC 3629) from the front of `text`; false where there is none.
  static bool TakeCharacter(std::string_view& text, std::uint32_t& character) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xc2 ? 0 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
    if (size == 0 || byte(0) > 0xf4 || text.size() < size) return false;
    character = size == 1 ? byte(0) : byte(0) & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return false;
      character = character << 6 | (byte(i) & 0x3f);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    text.remove_prefix(size);
    return character >= kLeast[size] && character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
  }

  void Prepare(std::string_view text) noexcept {
    bool right_to_left = false, left_to_right = false, starts_right = false, ends_right = false;
    while (!text.empty() && fault_ == nullptr) {
      const std::string_view before = text;
      std::uint32_t character = 0;
      if (!TakeCharacter(text, character)) {
        fault_ = "a user name or password is not UTF-8";
        return;
      }
      std::string_view kept = before.substr(0, before.size() - text.size());
      for (const SaslPrepReplacement& replacement : kSaslPrepReplacements)
        if (replacement.character == character) kept = replacement.by;
      SaslPrepKind kind = KindOf(character);
      char narrow = ' ';
      if (kind == SaslPrepKind::Dropped) continue;
      if (kind == SaslPrepKind::Prohibited) fault_ = "a user name or password has a character that SASLprep forbids";
      if (kind == SaslPrepKind::FullWidth) {
        narrow = static_cast<char>(character - 0xff01 + '!');
        kind = KindOf(static_cast<unsigned char>(narrow));
        kept = {&narrow, 1};
      }
      if (kind == SaslPrepKind::Space) kept = {&narrow, 1};
      ends_right = kind == SaslPrepKind::RightToLeft;
      if (size_ == 0) starts_right = ends_right;
      right_to_left = right_to_left || ends_right;
      left_to_right = left_to_right || kind == SaslPrepKind::LeftToRight;
      Append(kept);
    }
    // RFC 3454 6
    if (right_to_left && (left_to_right || !starts_right || !ends_right))
      fault_ = "a user name or password mixes writing directions";
  }

  void Append(std::string_view text) noexcept {
    if (text.size() > kRoom - size_) {
      fault_ = "a user name or password is longer than SCRAM takes here";
      return;
    }
    for (const char c : text) bytes_[size_++] = c;
  }

  const char* fault_ = nullptr;
  std::size_t size_ = 0;
  char bytes_[kRoom];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
