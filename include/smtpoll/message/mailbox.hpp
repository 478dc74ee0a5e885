// Mailboxes as people type them: `"Doe, Jane" <jane@x.org>, bob@y.org, Team: a@b, c@d;` (RFC 5322 3.4, RFC 6532).
// The parser is pulled, one mailbox a call, and copies nothing. It is strict where a command or a header could be
// broken, and takes what is common: empty list elements, white space and comments around every part.
#ifndef SMTPOLL_MESSAGE_MAILBOX_HPP
#define SMTPOLL_MESSAGE_MAILBOX_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/message/punycode.hpp"
#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One mailbox of a list; the views look into that list.
struct Mailbox {
  std::string_view display_name;  ///< The phrase before <, as typed, quotes and escapes included; may be empty.
  std::string_view local_part;    ///< As typed, with its quotes where it has them.
  std::string_view domain;        ///< A domain, or an address literal with its brackets.
};

namespace detail {

/// What an ASCII character may be in an address.
enum AddressCharacter : std::uint8_t {
  kInAtom = 1,    ///< RFC 5322 3.2.3.
  kInDomain = 2,  ///< RFC 5321 4.1.2; the low line is in use, so it is taken.
  kDot = 4,
};

struct AddressCharacters {
  std::uint8_t kinds[128] = {};
  constexpr AddressCharacters() noexcept {
    for (unsigned i = 0; i < 128; ++i) {
      const auto c = static_cast<char>(i);
      const bool both = IsAlpha(c) || IsDigit(c) || c == '-' || c == '_';
      kinds[i] = both ? kInAtom | kInDomain : c == '.' ? kDot : 0;
    }
    for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '/', '=', '?', '^', '`', '{', '|', '}', '~'})
      kinds[static_cast<unsigned char>(c)] = kInAtom;
  }
};
inline constexpr AddressCharacters kAddressCharacters;

/// True where `c` is ASCII and one of `kinds`.
constexpr bool IsAddressCharacter(char c, unsigned kinds) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 128 && (kAddressCharacters.kinds[byte] & kinds) != 0;
}

/// RFC 5322 3.2.3 and RFC 6532: what an atom may hold.
constexpr bool IsAtomChar(char c) noexcept { return !IsAscii(c) || IsAddressCharacter(c, kInAtom); }

/// True for atoms joined by single dots.
constexpr bool IsDotAtom(std::string_view text) noexcept {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !IsAtomChar(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// Why `domain`, of atoms and dots, is no domain; nullptr where it is one (RFC 5321 4.1.2, RFC 1035 2.3.4).
constexpr const char* DomainFault(std::string_view domain) noexcept {
  std::size_t label = 0;
  for (const char c : domain) {
    if (c == '.') {
      if (label == 0) return "a dot at the wrong place";
      label = 0;
      continue;
    }
    if (++label > 63) return "a label of the domain is longer than 63 octets";
    if (IsAscii(c) && !IsAddressCharacter(c, kInDomain)) return "a character that cannot stand in a domain";
  }
  return label == 0 ? "a dot at the wrong place" : nullptr;
}

/// Appends what a quoted string means: without its quotes and escapes. Text without quotes is appended as it is.
template <typename Text>
void AppendUnquoted(std::string_view text, Text& to) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"')
      quoted = !quoted;
    else if (quoted && text[i] == '\\' && i + 1 < text.size())
      to += text[++i];
    else
      to += text[i];
  }
}

}  // namespace detail

/// Reads a list of mailboxes; Next until false, then Failed tells the end from a fault.
class MailboxParser {
 public:
  /// Reads `list`, which must stay valid.
  explicit MailboxParser(std::string_view list) noexcept : list_(list) {}

  /// Reads the next mailbox; false at the end of the list and at a fault.
  bool Next(Mailbox& mailbox) noexcept {
    while (reason_ == nullptr && SkipSpace() && at_ < list_.size()) {
      const char c = list_[at_];
      if (c == ',' || (c == ';' && in_group_)) {
        in_group_ = in_group_ && c != ';';
        ++at_;
        continue;
      }
      if (Element(mailbox)) return true;
    }
    if (reason_ == nullptr && in_group_) Fault("a group has no ; at its end");
    return false;
  }

  /// The list is no list of mailboxes.
  bool Failed() const noexcept { return reason_ != nullptr; }
  /// Where the fault is, counted in bytes from 1.
  std::size_t FaultColumn() const noexcept { return at_ + 1; }
  /// What is wrong there; nullptr where nothing is.
  const char* FaultReason() const noexcept { return reason_; }

 private:
  bool Fault(const char* reason) noexcept {
    if (reason_ == nullptr) reason_ = reason;
    return false;
  }
  char Peek() const noexcept { return at_ < list_.size() ? list_[at_] : '\0'; }

  /// White space and comments (RFC 5322 3.2.2); false at a fault.
  bool SkipSpace() noexcept {
    int depth = 0;
    for (; at_ < list_.size(); ++at_) {
      const char c = list_[at_];
      if (c == '\r' || c == '\n' || c == '\0') return Fault("a line break or NUL");
      if (c == '(') {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (depth > 0) {
        if (c == '\\') ++at_;
      } else if (!detail::IsSpace(c)) {
        return true;
      }
    }
    if (at_ > list_.size()) at_ = list_.size();
    return depth == 0 || Fault("a comment has no ) at its end");
  }

  bool QuotedString() noexcept {
    for (++at_; at_ < list_.size(); ++at_) {
      const char c = list_[at_];
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f) return Fault("a control character");
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\' && ++at_ < list_.size() && !detail::IsPrint(list_[at_])) return Fault("a control character");
    }
    at_ = list_.size();
    return Fault("a quoted string has no \" at its end");
  }

  bool Atoms() noexcept {
    const std::size_t start = at_;
    for (;;) {
      while (at_ < list_.size() && detail::IsAddressCharacter(list_[at_], detail::kInAtom | detail::kDot)) ++at_;
      if (at_ == list_.size() || detail::IsAscii(list_[at_])) break;
      const std::size_t size = detail::Utf8Length(list_.substr(at_));
      if (size == 0) return Fault("no valid UTF-8");
      at_ += size;
    }
    return at_ != start || Fault("a character that cannot stand in an address");
  }

  /// A phrase and <addr-spec>, or an addr-spec, or the name of a group. True where a mailbox was read.
  bool Element(Mailbox& mailbox) noexcept {
    if (PlainElement(mailbox)) return true;
    const std::size_t start = at_;
    std::size_t end = at_, words = 0;
    while (at_ < list_.size() && Peek() != '<' && Peek() != '@' && Peek() != ':' && Peek() != ',' && Peek() != ';') {
      if (!(Peek() == '"' ? QuotedString() : Atoms())) return false;
      end = at_;
      ++words;
      if (!SkipSpace()) return false;
    }
    const std::string_view phrase = list_.substr(start, end - start);
    if (Peek() == ':' && words != 0) {
      if (in_group_) return Fault("a group inside a group");
      in_group_ = true;
      ++at_;
      return false;
    }
    if (Peek() == '<') {
      ++at_;
      mailbox.display_name = phrase;
      if (!SkipSpace()) return false;
      const std::size_t local = at_;
      if (Peek() == '@') return Fault("a local part is missing");
      if (!(Peek() == '"' ? QuotedString() : Atoms())) return false;
      mailbox.local_part = list_.substr(local, at_ - local);
      if (!SkipSpace() || !AtAndDomain(mailbox) || !SkipSpace()) return false;
      if (Peek() != '>') return Fault("> is missing");
      ++at_;
    } else {
      if (words > 1) return Fault("< is missing before an address");
      if (words == 0) return Fault("a local part is missing");
      mailbox.display_name = {};
      mailbox.local_part = phrase;
      if (!AtAndDomain(mailbox)) return false;
    }
    if (!SkipSpace()) return false;
    const bool ends = at_ == list_.size() || Peek() == ',' || (Peek() == ';' && in_group_);
    return ends ? CheckParts(mailbox) : Fault("a comma is missing");
  }

  /// An addr-spec of plain ASCII without a fault, in one pass: what most elements are. False, and nothing has changed,
  /// for all that has to be looked at closely.
  bool PlainElement(Mailbox& mailbox) noexcept {
    const std::string_view local = PlainAtoms(at_, detail::kInAtom);
    const std::size_t at = at_ + local.size();
    if (local.empty() || at == list_.size() || list_[at] != '@') return false;
    const std::string_view domain = PlainAtoms(at + 1, detail::kInDomain);
    const std::size_t end = at + 1 + domain.size();
    if (domain.empty() || (end != list_.size() && list_[end] != ',')) return false;
    // A domain of 63 octets has no label that is too long.
    if (local.size() > 64 || domain.size() > 63) return false;
    mailbox = {{}, local, domain};
    at_ = end;
    return true;
  }

  /// The run of characters of `kind` and single dots between them that starts at `at`; empty where a dot is stray.
  std::string_view PlainAtoms(std::size_t at, unsigned kind) const noexcept {
    const std::size_t start = at;
    std::size_t dot = start - 1;  // the last one
    for (; at < list_.size() && detail::IsAddressCharacter(list_[at], kind | detail::kDot); ++at) {
      if (list_[at] != '.') continue;
      if (dot + 1 == at) return {};
      dot = at;
    }
    return dot + 1 == at ? std::string_view() : std::string_view(list_.data() + start, at - start);
  }

  bool AtAndDomain(Mailbox& mailbox) noexcept {
    if (Peek() != '@') return Fault("@ is missing");
    ++at_;
    if (!SkipSpace()) return false;
    const std::size_t start = at_;
    if (Peek() == '[') {
      while (at_ < list_.size() && Peek() != ']') {
        // No literal in use has these, and quotes and angle brackets would break a path.
        const bool breaks = Peek() == ' ' || Peek() == '\\' || Peek() == '"' || Peek() == '<' || Peek() == '>';
        if (!detail::IsPrint(Peek()) || breaks || (Peek() == '[' && at_ != start))
          return Fault("a bad address literal");
        ++at_;
      }
      if (at_ == list_.size()) return Fault("] is missing");
      if (at_ == start + 1) return Fault("a bad address literal");
      ++at_;
    } else if (!Atoms()) {
      return false;
    }
    mailbox.domain = list_.substr(start, at_ - start);
    return true;
  }

  /// Of atoms and dots: whether a dot stands at an end, or beside another.
  static bool HasStrayDot(std::string_view atoms) noexcept {
    char before = '.';
    for (const char c : atoms) {
      if (c == '.' && before == '.') return true;
      before = c;
    }
    return before == '.';
  }

  /// RFC 5321 4.5.3.1: the limits; and the rule of dots.
  bool CheckParts(const Mailbox& mailbox) noexcept {
    const auto fault_at = [this](std::string_view part, const char* reason) {
      at_ = static_cast<std::size_t>(part.data() - list_.data());
      return Fault(reason);
    };
    const std::string_view local = mailbox.local_part, domain = mailbox.domain;
    if (local[0] != '"' && HasStrayDot(local)) return fault_at(local, "a dot at the wrong place");
    if (local.find('\t') != std::string_view::npos) return fault_at(local, "a tab in the local part");
    if (local.size() > 64) return fault_at(local, "the local part is longer than 64 octets");
    if (domain.size() > 255) return fault_at(domain, "the domain is longer than 255 octets");
    if (domain[0] != '[')
      if (const char* fault = detail::DomainFault(domain)) return fault_at(domain, fault);
    if (local.size() + domain.size() + 3 > 256) return fault_at(local, "the address is longer than 254 octets");
    return true;
  }

  std::string_view list_;
  std::size_t at_ = 0;
  bool in_group_ = false;
  const char* reason_ = nullptr;
};

namespace detail {

/// Appends `local@domain` in its shortest form: the local part is quoted only where it must be (RFC 5321 4.1.2), and
/// behind a local part in ASCII the domain is in ASCII too. Up to 4 times as long as `mailbox`.
template <typename Text>
void AppendAddrSpec(const Mailbox& mailbox, Text& to) {
  const bool quoted = mailbox.local_part.front() == '"';
  if (!quoted && IsAllAscii(mailbox.local_part) && IsAllAscii(mailbox.domain)) {
    to.append(mailbox.local_part);
    to += '@';
    to.append(mailbox.domain);
    return;
  }
  if (!quoted) {
    to.append(mailbox.local_part);
  } else {
    const std::size_t start = to.size();
    AppendUnquoted(mailbox.local_part, to);
    if (!IsDotAtom(std::string_view(to).substr(start))) {
      to.resize(start);
      to.append(mailbox.local_part);
    }
  }
  to += '@';
  if (IsAllAscii(mailbox.local_part))
    AppendAsciiDomain(mailbox.domain, to);
  else
    to.append(mailbox.domain);
}

/// True where the mailbox itself cannot be said in ASCII (RFC 6531); a domain always can.
inline bool NeedsSmtpUtf8(const Mailbox& mailbox) noexcept { return !IsAllAscii(mailbox.local_part); }

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
