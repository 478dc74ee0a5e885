// What keeps a message from being sent safely, as one value, and the checks that every kind of message shares.
// Invariant: text without a fault cannot end its line.
#ifndef SMTPOLL_MESSAGE_FAULT_HPP
#define SMTPOLL_MESSAGE_FAULT_HPP

#include <cstddef>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Why a message cannot be sent safely: the field, where in it (bytes from 1; 0 for the whole), and the reason.
struct MessageFault {
  std::string_view field;        ///< The field or member concerned; a literal.
  std::size_t column = 0;        ///< Where in it, bytes from 1 on; 0 for all of it.
  const char* reason = nullptr;  ///< What is wrong; a literal.
  /// True where something is wrong.
  explicit operator bool() const noexcept { return reason != nullptr; }
};

namespace detail {

/// A name longer than this leaves no room for a value (RFC 5322 2.1.1).
constexpr std::size_t kLongestFieldName = 76;
/// Two names of 127 characters and parameters (RFC 6838 4.2).
constexpr std::size_t kLongestMimeType = 400;

/// Of text that becomes a header: UTF-8 without control characters.
inline MessageFault LineFault(std::string_view field, std::string_view value) noexcept {
  if (IsAllPrint(value)) return {};
  for (std::size_t i = 0; i < value.size(); ++i)
    if ((static_cast<unsigned char>(value[i]) < ' ' && value[i] != '\t') || value[i] == 0x7f)
      return {field, i + 1, "a line break or another control character"};
  const std::size_t invalid = FindInvalidUtf8(value);
  return invalid == std::string_view::npos ? MessageFault() : MessageFault{field, invalid + 1, "no valid UTF-8"};
}

/// Of the name of a header that the caller brings (RFC 5322 2.2).
inline MessageFault FieldNameFault(std::string_view name) noexcept {
  if (name.empty()) return {"Headers", 0, "a header without a name"};
  for (const char c : name)
    if (!IsPrint(c) || c == ' ' || c == ':') return {"Headers", 0, "a bad character in a header's name"};
  if (name.size() > kLongestFieldName) return {"Headers", 0, "a header's name is too long"};
  return {};
}

inline MessageFault MimeTypeFault(std::string_view type) noexcept {
  for (const char c : type)
    if (!IsPrint(c)) return {"Attachments", 0, "a bad character in a MIME type"};
  if (type.size() > kLongestMimeType) return {"Attachments", 0, "a MIME type is too long"};
  return {};
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
