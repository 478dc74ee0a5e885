// Normalisation form KC of Unicode 3.2 (RFC 3454 4): one form for texts that look the same. The tables are looked up
// from their front, which is slow and small: this is for names and passwords.
#ifndef SMTPOLL_PROTOCOL_UNICODE_FORM_HPP
#define SMTPOLL_PROTOCOL_UNICODE_FORM_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/secret.hpp"
#include "smtpoll/protocol/detail/unicode_tables.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Reads the numbers of a table in unicode_tables.hpp, one after the other.
class NumberReader {
 public:
  explicit NumberReader(std::string_view text) noexcept : text_(text) {}
  bool AtEnd() const noexcept { return at_ == text_.size(); }
  std::uint32_t Next() noexcept {
    std::uint32_t number = 0;
    for (unsigned shift = 0;; shift += 5) {
      const std::uint32_t digit = DigitOf(text_[at_++]);
      number |= (digit & 31) << shift;
      if (digit < 32) return number;
    }
  }

 private:
  /// As in kBase64Alphabet.
  static constexpr std::uint32_t DigitOf(char c) noexcept {
    if (c >= 'a') return static_cast<std::uint32_t>(c - 'a') + 26;
    if (c >= 'A') return static_cast<std::uint32_t>(c - 'A');
    return c == '+' ? 62u : c == '/' ? 63u : static_cast<std::uint32_t>(c - '0') + 52;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The value that a table of ranges gives `character`; 0 for none.
inline std::uint32_t ValueInRanges(std::string_view table, std::uint32_t character) noexcept {
  NumberReader reader(table);
  for (std::uint32_t end = 0; !reader.AtEnd();) {
    const std::uint32_t first = end + reader.Next(), last = first + reader.Next(), value = reader.Next();
    if (character < first) return 0;
    if (character <= last) return value;
    end = last + 1;
  }
  return 0;
}

/// Characters of a text that may be secret: a bounded array, overwritten when dropped.
class CharacterList {
 public:
  static constexpr std::size_t kRoom = 256;

  CharacterList() = default;
  ~CharacterList() { Wipe(items_, sizeof items_); }
  CharacterList(const CharacterList&) = delete;
  CharacterList& operator=(const CharacterList&) = delete;

  std::size_t size() const noexcept { return size_; }
  std::uint32_t operator[](std::size_t i) const noexcept { return items_[i]; }
  std::uint32_t& operator[](std::size_t i) noexcept { return items_[i]; }
  const std::uint32_t* begin() const noexcept { return items_; }
  const std::uint32_t* end() const noexcept { return items_ + size_; }
  /// False where there is no room.
  bool Append(std::uint32_t character) noexcept {
    if (size_ == kRoom) return false;
    items_[size_++] = character;
    return true;
  }
  void Shorten(std::size_t size) noexcept { size_ = size; }

 private:
  std::uint32_t items_[kRoom] = {};
  std::size_t size_ = 0;
};

#if !defined(SMTPOLL_SMALL)

/// The syllables of Korean are made of two or three letters by rule (Unicode 3.2, 3.11).
struct Hangul {
  static constexpr std::uint32_t kSyllables = 0xac00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11a7;
  static constexpr std::uint32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
  static constexpr std::uint32_t kCount = kLeadCount * kVowelCount * kTailCount;

  static constexpr bool IsSyllable(std::uint32_t c) noexcept { return c - kSyllables < kCount; }
  /// The syllable that `next` makes of `before`; 0 where it makes none.
  static constexpr std::uint32_t Compose(std::uint32_t before, std::uint32_t next) noexcept {
    if (before - kLeads < kLeadCount && next - kVowels < kVowelCount)
      return kSyllables + ((before - kLeads) * kVowelCount + next - kVowels) * kTailCount;
    const bool open = IsSyllable(before) && (before - kSyllables) % kTailCount == 0;
    return open && next - kTails - 1 < kTailCount - 1 ? before + next - kTails : 0;
  }
  static bool Decompose(std::uint32_t c, CharacterList& to) noexcept {
    const std::uint32_t place = c - kSyllables, tail = place % kTailCount;
    return to.Append(kLeads + place / (kVowelCount * kTailCount)) &&
           to.Append(kVowels + place / kTailCount % kVowelCount) && (tail == 0 || to.Append(kTails + tail));
  }
};

/// A run of characters whose decompositions differ in nothing but their first characters, which go up by `step`.
struct Decomposition {
  std::uint32_t first = 0;
  std::uint32_t end = 0;  ///< The character after the last one.
  std::uint32_t step = 0;
  bool composite = false;  ///< Composing the decomposition gives the character again.
  std::uint32_t size = 0;
  std::uint32_t whole[18] = {};  ///< The decomposition of `first`.

  std::uint32_t FirstOf(std::uint32_t character) const noexcept { return whole[0] + step * (character - first); }
};

/// Reads kDecompositions from its front.
class DecompositionReader {
 public:
  bool Next(Decomposition& one) noexcept {
    if (reader_.AtEnd()) return false;
    one.first = one.end + reader_.Next();
    const std::uint32_t how = reader_.Next();
    one.end = one.first + how / 4 + 1;
    one.step = how / 2 % 2;
    one.composite = how % 2 != 0;
    one.size = reader_.Next() + 1;
    const std::uint32_t change = reader_.Next();
    one.whole[0] = change % 2 == 0 ? one.whole[0] + change / 2 : one.whole[0] - change / 2 - 1;
    for (std::uint32_t i = 1; i < one.size; ++i) one.whole[i] = reader_.Next();
    return true;
  }

 private:
  NumberReader reader_{kDecompositions};
};

/// Appends the compatibility decomposition of `character`; false where there is no room.
inline bool Decompose(std::uint32_t character, CharacterList& to) noexcept {
  if (character < 0xa0) return to.Append(character);
  if (Hangul::IsSyllable(character)) return Hangul::Decompose(character, to);
  Decomposition one;
  DecompositionReader reader;
  while (reader.Next(one) && one.first <= character) {
    if (character >= one.end) continue;
    bool fits = to.Append(one.FirstOf(character));
    for (std::uint32_t i = 1; i < one.size; ++i) fits = fits && to.Append(one.whole[i]);
    return fits;
  }
  return to.Append(character);
}

/// The character that is composed of `before`, which may be composed itself, and `next`; 0 where there is none.
inline std::uint32_t Compose(std::uint32_t before, std::uint32_t next) noexcept {
  if (next < 0x300) return 0;  // nothing below combines
  if (const std::uint32_t syllable = Hangul::Compose(before, next)) return syllable;
  CharacterList whole;
  if (!Decompose(before, whole) || !whole.Append(next)) return 0;
  Decomposition one;
  DecompositionReader reader;
  while (reader.Next(one)) {
    if (!one.composite || one.size != whole.size()) continue;
    const bool same_rest = std::memcmp(whole.begin() + 1, one.whole + 1, (whole.size() - 1) * sizeof one.whole[0]) == 0;
    for (std::uint32_t c = one.first; same_rest && c != one.end; ++c)
      if (one.FirstOf(c) == whole[0]) return c;
  }
  return 0;
}

/// Puts `text` into normalisation form KC; false where that is longer than CharacterList::kRoom.
inline bool NormalizeKc(CharacterList& text) noexcept {
  CharacterList whole;
  for (const std::uint32_t character : text)
    if (!Decompose(character, whole)) return false;

  // The canonical order: marks behind the character that they belong to, by their classes.
  const auto class_of = [](std::uint32_t c) { return c < 0x300 ? 0 : ValueInRanges(kCombiningClasses, c); };
  for (std::size_t i = 1; i < whole.size(); ++i) {
    const std::uint32_t mark = whole[i], mark_class = class_of(mark);
    std::size_t place = i;
    for (; mark_class != 0 && place != 0 && class_of(whole[place - 1]) > mark_class; --place)
      whole[place] = whole[place - 1];
    whole[place] = mark;
  }

  // Each mark joins the last starter, where nothing between them has its class or a higher one.
  text.Shorten(0);
  std::size_t starter = SIZE_MAX;
  std::uint32_t last_class = 0;
  for (const std::uint32_t character : whole) {
    const std::uint32_t here = class_of(character);
    const bool adjacent = starter + 1 == text.size();
    if (starter != SIZE_MAX && (adjacent || last_class < here)) {
      if (const std::uint32_t composite = Compose(text[starter], character)) {
        text[starter] = composite;
        continue;
      }
    }
    if (here == 0) starter = text.size();
    last_class = here;
    text.Append(character);
  }
  return true;
}

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
