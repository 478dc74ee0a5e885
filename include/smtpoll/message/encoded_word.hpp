// Encoded words (RFC 2047): text that is not plain ASCII, for a header. Charset UTF-8, B or Q whichever is shorter.
// Invariant: a word is at most 75 characters, holds whole characters only, and decodes to what was put in; a byte that
// is no UTF-8 becomes U+FFFD.
#ifndef SMTPOLL_MESSAGE_ENCODED_WORD_HPP
#define SMTPOLL_MESSAGE_ENCODED_WORD_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/base64.hpp"
#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The longest encoded word (RFC 2047 2).
constexpr std::size_t kMaxEncodedWord = 75;

/// `=?UTF-8?B?` and `?=` around the text of a word.
constexpr std::size_t kEncodedWordOverhead = 12;

/// Room in which a word with any one character surely fits: four bytes as Q, or as B.
constexpr std::size_t kLeastEncodedWord = kEncodedWordOverhead + 12;

constexpr char kHexDigits[17] = "0123456789ABCDEF";

enum class WordEncoding : std::uint8_t { B, Q };

/// Characters that stand for themselves in Q wherever the word is, also in a phrase (RFC 2047 5 (3)).
constexpr bool IsPlainInQ(char c) noexcept {
  return IsAlpha(c) || IsDigit(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

constexpr std::size_t SizeInQ(std::string_view bytes) noexcept {
  std::size_t size = 0;
  for (char c : bytes) size += IsPlainInQ(c) || c == ' ' ? 1 : 3;
  return size;
}

/// The shorter encoding of `text`.
constexpr WordEncoding ShorterEncoding(std::string_view text) noexcept {
  std::size_t q = 0, bytes = 0;
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    q += SizeInQ(character.bytes);
    bytes += character.bytes.size();
    text.remove_prefix(character.consumed);
  }
  return q <= Base64Size(bytes) ? WordEncoding::Q : WordEncoding::B;
}

template <typename Text>
void AppendQ(std::string_view bytes, Text& into) {
  for (char c : bytes) {
    if (IsPlainInQ(c)) {
      into += c;
    } else if (c == ' ') {
      into += '_';
    } else {
      const unsigned value = static_cast<unsigned char>(c);
      into += '=';
      into += kHexDigits[value >> 4];
      into += kHexDigits[value & 15];
    }
  }
}

/// Takes as many characters off the front of `text` as fit one encoded word of at most `room` characters, and appends
/// that word to `into`. False where not even one fits; then nothing is changed. A word in B that is not the last one
/// has no padding, because GMime loses what follows some (it decodes a run of words as one); where that cannot be, it
/// is in Q.
template <typename Text>
bool TakeEncodedWord(std::string_view& text, std::size_t room, WordEncoding encoding, Text& into) {
  if (room > kMaxEncodedWord) room = kMaxEncodedWord;
  if (text.empty() || room < kEncodedWordOverhead) return false;
  room -= kEncodedWordOverhead;
  bool b = encoding == WordEncoding::B;
  std::size_t taken = 0;
  for (;; b = false) {
    std::size_t size = 0, used = 0;
    std::size_t even_taken = 0;  // as far as there is no padding
    for (taken = 0; taken < text.size();) {
      const Utf8Character character = FirstCharacter(Rest(text, taken));
      size += character.bytes.size();
      used = b ? Base64Size(size) : used + SizeInQ(character.bytes);
      if (used > room) break;
      taken += character.consumed;
      if (size % 3 == 0) even_taken = taken;
    }
    if (taken == 0) return false;
    if (!b || taken == text.size()) break;
    taken = even_taken;
    if (taken != 0) break;
  }
  std::string_view word = First(text, taken);
  text.remove_prefix(taken);
  into.append(b ? "=?UTF-8?B?" : "=?UTF-8?Q?");
  char group[3], encoded[5];
  std::size_t filled = 0;
  while (!word.empty()) {
    const Utf8Character character = FirstCharacter(word);
    word.remove_prefix(character.consumed);
    if (!b) AppendQ(character.bytes, into);
    for (std::size_t i = 0; b && i < character.bytes.size(); ++i) {
      group[filled++] = character.bytes[i];
      if (filled == sizeof group || (word.empty() && i + 1 == character.bytes.size())) {
        into.append(encoded, Base64Encode(group, filled, encoded));
        filled = 0;
      }
    }
  }
  into.append("?=");
  return true;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
