// A ready-made message as programs hand it to sendmail: its fields, the recipients in them, Bcc taken out, what is
// missing put in (RFC 5322 3.6). What it holds otherwise stays as it is.
#pragma once

#include <smtpoll/smtpoll.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text.hpp"

/// Addresses that have no domain get one: `root, "Doe, Jane" <jane>` -> `root@host, "Doe, Jane" <jane@host>`.
class Addresses {
 public:
  Addresses(std::string domain, std::map<std::string, std::string> aliases)
      : domain_(std::move(domain)), aliases_(std::move(aliases)) {}

  /// The whole list, with domains; with `aliased`, names that are aliases become what they stand for.
  std::string Complete(const std::string& list, bool aliased) const {
    std::string complete;
    std::size_t start = 0, depth = 0;
    bool quoted = false, angled = false;
    for (std::size_t i = 0; i <= list.size(); ++i) {
      const char c = i < list.size() ? list[i] : ',';
      if (c == '\\' && (quoted || depth != 0)) {
        ++i;
      } else if (c == '"' && depth == 0) {
        quoted = !quoted;
      } else if (!quoted && c == '(') {
        ++depth;
      } else if (!quoted && c == ')' && depth != 0) {
        --depth;
      } else if (!quoted && depth == 0 && (c == '<' || c == '>')) {
        angled = c == '<';
      } else if (!quoted && depth == 0 && !angled && (c == ',' || c == ';' || c == ':')) {
        // A group, `Team: a, b;`, ends its name with the colon and itself with the semicolon.
        const std::string one = list.substr(start, i - start);
        complete += c == ':' ? one : CompleteOne(one, aliased);
        if (i < list.size()) complete += c;
        start = i + 1;
      }
    }
    if (start < list.size()) complete += list.substr(start);
    return complete;
  }

 private:
  std::string CompleteOne(const std::string& one, bool aliased) const {
    std::size_t end = one.rfind('>'), start = one.rfind('<');
    if (end == std::string::npos || start == std::string::npos || end < start) {
      // `root (Cron Daemon)`: a comment may stand behind it.
      start = one.find_first_not_of(" \t\r\n");
      end = one.find('(');
      if (start == std::string::npos || start == end) return one;
      end = one.find_last_not_of(" \t\r\n", end == std::string::npos ? end : end - 1) + 1;
    } else {
      ++start;
    }
    const std::string address = one.substr(start, end - start);
    if (address.empty() || address.find_first_of("\"@") != std::string::npos) return one;
    const auto alias = aliases_.find(address);
    const bool known = aliased && alias != aliases_.end();
    return one.substr(0, start) + (known ? alias->second : address + "@" + domain_) + one.substr(end);
  }

  std::string domain_;
  std::map<std::string, std::string> aliases_;
};

/// The parts of a message that was read.
class Letter {
 public:
  struct Field {
    std::string name;   // without its colon
    std::string value;  // as it was, folded or not, without the last line end
  };

  /// Takes `text` apart. A first line "From ..." (of mboxes) is left out; what has no header is all body.
  explicit Letter(std::string_view text) {
    if (text.substr(0, 5) == "From ") text.remove_prefix(LineSize(text));
    while (!text.empty()) {
      const std::size_t size = LineSize(text);
      const std::string_view line = WithoutEnd(text.substr(0, size));
      if (line.empty()) {
        text.remove_prefix(size);
        break;
      }
      const bool goes_on = (line[0] == ' ' || line[0] == '\t') && !fields_.empty();
      const std::size_t colon = line.find(':');
      if (goes_on)
        fields_.back().value.append("\n").append(line);
      else if (IsName(line.substr(0, colon)) && colon != std::string_view::npos)
        fields_.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
      else
        break;  // the empty line is missing
      text.remove_prefix(size);
    }
    body_ = text;
  }

  bool Has(std::string_view name) const { return !All(name).empty(); }
  /// The first field of that name, its folding undone; empty where there is none.
  std::string Value(std::string_view name) const {
    const std::vector<const Field*> all = All(name);
    return all.empty() ? std::string() : Unfolded(all.front()->value);
  }

  /// All addresses that the header says are recipients: those of the last resending, where there is one
  /// (RFC 5322 3.6.6).
  std::string Recipients() const {
    const bool resent = Has("Resent-To") || Has("Resent-Cc") || Has("Resent-Bcc");
    std::string list;
    for (const std::string name : {"To", "Cc", "Bcc"})
      for (const Field* field : All(resent ? "Resent-" + name : name))
        list.append(list.empty() ? "" : ", ").append(Unfolded(field->value));
    return list;
  }

  void Remove(std::string_view name) {
    for (std::size_t i = fields_.size(); i-- > 0;)
      if (smtpoll::detail::EqualIgnoringCase(fields_[i].name, name))
        fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void Add(const std::string& name, const std::string& value) { fields_.push_back({name, " " + value}); }

  /// Domains for the addresses in the header that have none.
  void Complete(const Addresses& addresses) {
    for (Field& field : fields_)
      for (const char* name : {"From", "Sender", "Reply-To", "To", "Cc"})
        if (smtpoll::detail::EqualIgnoringCase(field.name, name)) field.value = addresses.Complete(field.value, false);
  }

  std::string Text() const {
    std::string text;
    for (const Field& field : fields_) text.append(field.name).append(":").append(field.value).append("\n");
    return text.append("\n").append(body_);
  }

 private:
  static std::size_t LineSize(std::string_view text) {
    const std::size_t end = text.find('\n');
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  static std::string_view WithoutEnd(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    return line;
  }
  /// RFC 5322 2.2: printable ASCII without a colon.
  static bool IsName(std::string_view name) {
    for (const char c : name)
      if (c <= ' ' || c > '~') return false;
    return !name.empty();
  }
  static std::string Unfolded(const std::string& value) {
    std::string line;
    for (const char c : value)
      if (c != '\n' && c != '\r') line += c;
    return Trimmed(line);
  }
  std::vector<const Field*> All(std::string_view name) const {
    std::vector<const Field*> all;
    for (const Field& field : fields_)
      if (smtpoll::detail::EqualIgnoringCase(field.name, name)) all.push_back(&field);
    return all;
  }

  std::vector<Field> fields_;
  std::string body_;
};
