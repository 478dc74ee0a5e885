// A message's fault as the error that its sender hears: it names the field and the column.
#ifndef SMTPOLL_MESSAGE_MESSAGE_CHECK_HPP
#define SMTPOLL_MESSAGE_MESSAGE_CHECK_HPP

#include "smtpoll/base/error.hpp"
#include "smtpoll/message/fault.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

inline Error InvalidMessage(std::string_view field, std::size_t column, const char* reason) {
  Error error(Errc::InvalidMessage, Phase::None, field);
  if (column != 0) {
    error.text.Append(", column ");
    error.text.AppendDecimal(column);
  }
  error.text.Append(": ");
  error.text.Append(reason);
  return error;
}
inline Error AsError(const MessageFault& fault) {
  return fault ? InvalidMessage(fault.field, fault.column, fault.reason) : Error();
}
}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
