// Writes header fields line by line: folded at 78 characters where there is a space, never over 998 (RFC 5322 2.1.1,
// 2.2.3), text that is not plain ASCII as encoded words (RFC 2047).
// Invariant: whatever is given as text, no CR, LF or NUL of it reaches the header.
#ifndef SMTPOLL_MESSAGE_HEADER_WRITER_HPP
#define SMTPOLL_MESSAGE_HEADER_WRITER_HPP

#include <cstddef>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/message/encoded_word.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The longest line that a header should have, and with encoded words in it (RFC 5322 2.1.1, RFC 2047 2).
constexpr std::size_t kFoldColumn = 78;
constexpr std::size_t kEncodedFoldColumn = 76;

/// The longest line of all (RFC 5322 2.1.1).
constexpr std::size_t kMaxLine = 998;

/// The longest word that is written as it is: with spaces before it, it stays below kMaxLine.
constexpr std::size_t kMaxWord = 950;

/// A run of spaces longer than this is encoded, so that kMaxWord holds.
constexpr std::size_t kMaxSpaces = 40;

/// Appends header fields to a text that the owner keeps; one field at a time: Begin, its parts, End.
template <typename Out>
class BasicHeaderWriter {
 public:
  explicit BasicHeaderWriter(Out& out) noexcept : out_(out) {}

  void Begin(std::string_view name) {
    line_ = out_.size();
    first_ = true;
    out_.append(name);
    out_ += ':';
  }

  /// A word that is not taken apart, after `spaces`; before these the line is folded where the word would not fit.
  void Word(std::string_view word, std::string_view spaces = " ") {
    Space(word.size(), spaces);
    out_.append(word);
  }

  /// What stands before a word of `size` bytes that Glue writes: as Word.
  void Space(std::size_t size, std::string_view spaces = " ") {
    const std::size_t column = Column() + spaces.size() + size + 1;  // a comma may follow
    if (column > (first_ ? kMaxLine : kFoldColumn)) Fold();
    out_.append(spaces);
    first_ = false;
  }

  /// Text that belongs to the word before it.
  void Glue(std::string_view text) { out_.append(text); }

  /// Words of printable ASCII with spaces between them, as they are.
  void Verbatim(std::string_view text) {
    while (!text.empty()) {
      const std::size_t spaces = SpacesAt(text);
      const std::size_t word = WordAt(Rest(text, spaces));
      if (word != 0) Word(First(Rest(text, spaces), word), spaces == 0 ? " " : First(text, spaces));
      text.remove_prefix(spaces + word);
    }
  }

  /// `text` as encoded words, with a space before each.
  void Encoded(std::string_view text) {
    const WordEncoding encoding = ShorterEncoding(text);
    while (!text.empty()) {
      if (Column() + 1 + kLeastEncodedWord > kEncodedFoldColumn && !first_) Fold();
      out_ += ' ';
      // A name that leaves no room makes a line over 76, which is better than none.
      const std::size_t column = Column();
      const std::size_t room =
          column + kLeastEncodedWord > kEncodedFoldColumn ? kLeastEncodedWord : kEncodedFoldColumn - column;
      TakeEncodedWord(text, room, encoding, out_);
      first_ = false;
      if (!text.empty()) Fold();
    }
  }

  /// Unstructured text (RFC 5322 2.2.1): words that are plain stay as they are if they have at most `longest`
  /// characters, the others are encoded together with the spaces between them, so that the text is read as it was.
  void Text(std::string_view text, std::size_t longest = kMaxWord) {
    if (text.size() <= longest && FitsAsItIs(text)) return Word(text);
    std::size_t at = 0;
    while (at < text.size()) {
      std::size_t end = NextUnit(text, at);
      if (!NeedsEncoding(text, at, end, longest)) {
        const std::size_t spaces = SpacesAt(Rest(text, at));
        Word(First(Rest(text, at + spaces), end - at - spaces), spaces == 0 ? " " : First(Rest(text, at), spaces));
      } else {
        while (end < text.size() && NeedsEncoding(text, end, NextUnit(text, end), longest)) end = NextUnit(text, end);
        // One space stands before the encoded words anyway; readers drop those between them.
        if (at != 0) ++at;
        Encoded(First(Rest(text, at), end - at));
      }
      at = end;
    }
  }

  void End() { out_.append("\r\n", 2); }

  /// A whole field of unstructured text.
  void Field(std::string_view name, std::string_view text) {
    Begin(name);
    Text(text);
    End();
  }

  std::size_t Column() const noexcept { return out_.size() - line_; }

 private:
  /// What Text would write word by word without change: the common case, told by a few looks.
  bool FitsAsItIs(std::string_view text) const noexcept {
    return !text.empty() && Column() + 1 + text.size() + 1 <= kFoldColumn && text.front() != ' ' &&
           text.back() != ' ' && IsAllPrint(text) && !HasPair(text, "=?") && !HasPair(text, "  ");
  }
  static bool HasPair(std::string_view text, const char* pair) noexcept {
    for (std::size_t i = 1; i < text.size(); ++i)
      if (text[i] == pair[1] && text[i - 1] == pair[0]) return true;
    return false;
  }

  void Fold() {
    out_.append("\r\n", 2);
    line_ = out_.size();
  }

  static std::size_t SpacesAt(std::string_view text) noexcept {
    const std::size_t end = text.find_first_not_of(' ');
    return end == std::string_view::npos ? text.size() : end;
  }
  static std::size_t WordAt(std::string_view text) noexcept {
    const std::size_t end = text.find(' ');
    return end == std::string_view::npos ? text.size() : end;
  }

  /// End of the unit that starts at `at`: its spaces and the word after them.
  static std::size_t NextUnit(std::string_view text, std::size_t at) noexcept {
    at += SpacesAt(Rest(text, at));
    return at + WordAt(Rest(text, at));
  }

  static bool NeedsEncoding(std::string_view text, std::size_t at, std::size_t end, std::size_t longest) noexcept {
    const std::size_t spaces = SpacesAt(First(Rest(text, at), end - at));
    const std::string_view word = First(Rest(text, at + spaces), end - at - spaces);
    // Spaces at either end would be lost on the way; a unit without a word is such an end.
    if ((at == 0 && spaces != 0) || spaces > kMaxSpaces || word.empty() || word.size() > longest) return true;
    if (end < text.size() && NextUnit(text, end) == text.size() && text.back() == ' ') return true;
    for (char c : word)
      if (!IsPrint(c)) return true;
    return word.find("=?") != std::string_view::npos;
  }

  Out& out_;
  std::size_t line_ = 0;  // where the current line starts in out_
  bool first_ = true;     // nothing stands after the name yet
};

using HeaderWriter = BasicHeaderWriter<TextBuffer>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
