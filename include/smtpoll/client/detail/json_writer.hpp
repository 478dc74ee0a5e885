// Writes JSON (RFC 8259) on one line: valid whatever bytes a value has, those that are no UTF-8 become U+FFFD.
#ifndef SMTPOLL_CLIENT_DETAIL_JSON_WRITER_HPP
#define SMTPOLL_CLIENT_DETAIL_JSON_WRITER_HPP

#include <string>
#include <utility>

#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class JsonWriter {
 public:
  /// `bracket` opens an object or an array; Close takes the one that ends it.
  JsonWriter& Open(char bracket) { return Begin().Put(bracket, true); }
  JsonWriter& Close(char bracket) {
    first_ = false;
    text_ += bracket;
    return *this;
  }
  /// A name of ours; its value comes next.
  JsonWriter& Name(std::string_view name) {
    Value(name);
    text_ += ": ";
    first_ = true;
    return *this;
  }
  JsonWriter& Value(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    Begin().Put('"', false);
    while (!text.empty()) {
      const Utf8Character character = FirstCharacter(text);
      const unsigned byte = static_cast<unsigned char>(text[0]);
      text.remove_prefix(character.consumed);
      if (byte < ' ' || byte == 0x7f) {
        text_.append("\\u00");
        text_ += kHex[byte >> 4];
        text_ += kHex[byte & 15];
        continue;
      }
      if (byte == '"' || byte == '\\') text_ += '\\';
      text_.append(character.bytes);
    }
    return Put('"', false);
  }
  JsonWriter& Value(std::uint64_t number) {
    Begin().text_.append(std::to_string(number));
    return *this;
  }
  /// null, true or false.
  JsonWriter& Literal(std::string_view word) {
    Begin().text_.append(word);
    return *this;
  }
  template <typename T>
  JsonWriter& Member(std::string_view name, const T& value) {
    return Name(name).Value(value);
  }
  /// null where the text is empty.
  JsonWriter& TextOrNull(std::string_view name, std::string_view text) {
    Name(name);
    return text.empty() ? Literal("null") : Value(text);
  }

  std::string Take() { return std::move(text_); }

 private:
  JsonWriter& Begin() {
    if (!first_) text_.append(", ");
    first_ = false;
    return *this;
  }
  JsonWriter& Put(char c, bool first) {
    text_ += c;
    first_ = first;
    return *this;
  }

  std::string text_;
  bool first_ = true;  // no comma goes before what comes next
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
