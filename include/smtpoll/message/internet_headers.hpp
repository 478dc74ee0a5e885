// The caller's own header fields: the seed's InternetHeaders. Order is kept, names do not mind their case (RFC
// 5322 2.2). Values are kept as they were given; what cannot stand in a header is found by EmailMessage::Check, and
// never sent.
#ifndef SMTPOLL_MESSAGE_INTERNET_HEADERS_HPP
#define SMTPOLL_MESSAGE_INTERNET_HEADERS_HPP

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/sequence.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The seed's InternetHeaders: header fields in their order.
class InternetHeaders {
 public:
  /// Adds a field behind the others, also where one of that name is there.
  void AppendHeader(std::string_view name, std::string_view value) {
    fields_.Append({std::string(name), std::string(value)});
  }
  /// The newer name of AppendHeader.
  void AddHeader(std::string_view name, std::string_view value) { AppendHeader(name, value); }

  /// Replaces the first field of that name and removes the others; appends where there is none.
  void SetHeader(std::string_view name, std::string_view value) {
    const std::size_t first = Find(name);
    if (first == fields_.Count()) return AppendHeader(name, value);
    fields_[first].value = value;
    for (std::size_t i = fields_.Count(); i-- > first + 1;)
      if (detail::EqualIgnoringCase(fields_[i].name, name)) Delete(i);
  }

  /// Removes every field of that name.
  void Delete(std::string_view name) {
    for (std::size_t i = fields_.Count(); i-- > 0;)
      if (detail::EqualIgnoringCase(fields_[i].name, name)) Delete(i);
  }
  /// As above.
  void Delete(const char* name) { Delete(std::string_view(name)); }
  /// Removes the field at `index`; nothing where there is none.
  void Delete(std::size_t index) { fields_.Remove(index); }
  /// An index of any type; without this overload a literal 0 could be a pointer as well.
  template <typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  void Delete(Index index) {
    Delete(static_cast<std::size_t>(index));
  }
  /// Removes all fields.
  void DeleteAll() { fields_.RemoveAll(); }

  /// Number of fields.
  std::size_t Count() const noexcept { return fields_.Count(); }
  /// Name of the field at `index`; empty where there is none.
  std::string Name(std::size_t index) const { return index < fields_.Count() ? fields_[index].name : std::string(); }
  /// Value of the field at `index`; empty where there is none.
  std::string Value(std::size_t index) const { return index < fields_.Count() ? fields_[index].value : std::string(); }
  /// Value of the first field of that name; empty where there is none.
  std::string Value(std::string_view name) const { return Value(Find(name)); }
  /// As above.
  std::string Value(const char* name) const { return Value(std::string_view(name)); }
  /// The value of field `index`, from 0 on; empty where there is none.
  template <typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  std::string Value(Index index) const {
    return Value(static_cast<std::size_t>(index));
  }
  /// There is a field of this name.
  bool Has(std::string_view name) const noexcept { return Find(name) != fields_.Count(); }

  /// All fields as they were given, a line each.
  std::string Source() const {
    std::string text;
    for (const Field& field : fields_) text.append(field.name).append(": ").append(field.value).append("\r\n");
    return text;
  }

  /// One field.
  struct Field {
    std::string name;   ///< Without the colon.
    std::string value;  ///< UTF-8, not folded.
  };
  /// All fields.
  const Sequence<Field>& Fields() const noexcept { return fields_; }

 private:
  std::size_t Find(std::string_view name) const noexcept {
    std::size_t i = 0;
    while (i < fields_.Count() && !detail::EqualIgnoringCase(fields_[i].name, name)) ++i;
    return i;
  }

  Sequence<Field> fields_;
};

SMTPOLL_NAMESPACE_END

#endif
