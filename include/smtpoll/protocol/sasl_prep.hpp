// SASLprep (RFC 4013, a profile of RFC 3454): one form for user names and passwords that look the same, before SCRAM
// digests them. With SMTPOLL_SMALL there is no table for it: what is not ASCII is refused then, never sent unprepared.
//
// Characters that Unicode 3.2 does not know (RFC 3454 A.1), such as most emoji, stay as they are. RFC 5802 5.1 asks for
// that in user names, which are query strings (RFC 3454 7). In passwords its 2.2 forbids them, for they are to be
// stored strings; but a client stores none, and servers do take them: Dovecot and Cyrus SASL prepare no password at
// all. To refuse them would only keep their owners from SCRAM. (GNU SASL 2.2 refuses them, in user names too.)
#ifndef SMTPOLL_PROTOCOL_SASL_PREP_HPP
#define SMTPOLL_PROTOCOL_SASL_PREP_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/secret.hpp"
#include "smtpoll/protocol/unicode_form.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The numbers of kPrepKinds.
enum class PrepKind : std::uint8_t { Kept, Space, Dropped, Prohibited, RightToLeft, LeftToRight };

inline PrepKind PrepKindOf(std::uint32_t character) noexcept {
  return static_cast<PrepKind>(ValueInRanges(kPrepKinds, character));
}

/// A text in SASLprep's form, overwritten when dropped.
class PreparedText {
 public:
  static constexpr std::size_t kRoom = 256;  ///< The longest prepared text, in bytes.

  explicit PreparedText(std::string_view text) noexcept { fault_ = IsAllPrint(text) ? Take(text) : Prepare(text); }
  ~PreparedText() { Wipe(bytes_, sizeof bytes_); }
  PreparedText(const PreparedText&) = delete;
  PreparedText& operator=(const PreparedText&) = delete;

  /// Why the text cannot be prepared; nullptr where it could.
  const char* Fault() const noexcept { return fault_; }
  std::string_view View() const noexcept { return {bytes_, size_}; }

 private:
  static constexpr const char* kTooLong = "a user name or password is longer than SCRAM takes here";

  const char* Take(std::string_view text) noexcept {
    if (text.size() > kRoom) return kTooLong;
    for (const char c : text) bytes_[size_++] = c;
    return nullptr;
  }

  /// The steps of RFC 3454 2.
  const char* Prepare(std::string_view text) noexcept {
    CharacterList characters;
    while (!text.empty()) {
      std::uint32_t character = 0;
      if (!TakeCharacter(text, character)) return "a user name or password is not UTF-8";
      const PrepKind kind = PrepKindOf(character);
      if (kind == PrepKind::Dropped) continue;
      if (!characters.Append(kind == PrepKind::Space ? ' ' : character)) return kTooLong;
    }
#if defined(SMTPOLL_SMALL)
    for (const std::uint32_t character : characters)
      if (character >= 0x80) return "a user name or password is not ASCII, and SMTPOLL_SMALL has no tables for that";
#else
    if (!NormalizeKc(characters)) return kTooLong;
#endif
    if (const char* const fault = CharactersFault(characters)) return fault;
    for (const std::uint32_t character : characters)
      if (!AppendUtf8(character)) return kTooLong;
    return nullptr;
  }

  /// What is prohibited (RFC 4013 2.3), and text of two directions (RFC 3454 6).
  static const char* CharactersFault(const CharacterList& characters) noexcept {
    bool right_to_left = false, left_to_right = false, starts_right = false, ends_right = false;
    for (std::size_t i = 0; i < characters.size(); ++i) {
      const PrepKind kind = PrepKindOf(characters[i]);
      if (kind == PrepKind::Prohibited) return "a user name or password has a character that SASLprep forbids";
      ends_right = kind == PrepKind::RightToLeft;
      if (i == 0) starts_right = ends_right;
      right_to_left = right_to_left || ends_right;
      left_to_right = left_to_right || kind == PrepKind::LeftToRight;
    }
    const bool mixed = right_to_left && (left_to_right || !starts_right || !ends_right);
    return mixed ? "a user name or password mixes writing directions" : nullptr;
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

  bool AppendUtf8(std::uint32_t character) noexcept {
    const std::size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    if (size > kRoom - size_) return false;
    constexpr unsigned kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (std::size_t i = size - 1; i != 0; --i, character >>= 6)
      bytes_[size_ + i] = static_cast<char>(0x80 | (character & 0x3f));
    bytes_[size_] = static_cast<char>(kLead[size] | character);
    size_ += size;
    return true;
  }

  const char* fault_ = nullptr;
  std::size_t size_ = 0;
  char bytes_[kRoom];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
