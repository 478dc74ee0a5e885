// Errors as std::error_code and as one line of text, for programs that have the standard library's strings.
#ifndef SMTPOLL_BASE_ERROR_CATEGORY_HPP
#define SMTPOLL_BASE_ERROR_CATEGORY_HPP

#include <string>
#include <system_error>

#include "smtpoll/base/error.hpp"
#include "smtpoll/base/text_buffer.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "smtpoll"; }
  std::string message(int number) const override { return Name(static_cast<Errc>(number)); }
};

/// True for a number of Errc's; all others are the operating system's.
constexpr bool IsOurs(int number) noexcept { return OwnName(static_cast<Errc>(number)) != nullptr; }

#if defined(SMTPOLL_WINDOWS)
/// What std::errc calls a number of Winsock's, which MinGW's std::system_category does not know; 0 where it has no
/// word.
constexpr int GenericNumber(int number) noexcept {
  constexpr struct {
    int number;
    std::errc name;
  } kTable[] = {
      {10013, std::errc::permission_denied},
      {10049, std::errc::address_not_available},
      {10050, std::errc::network_down},
      {10051, std::errc::network_unreachable},
      {10060, std::errc::timed_out},
      {10061, std::errc::connection_refused},
      {10064, std::errc::host_unreachable},
      {10065, std::errc::host_unreachable},
      {10047, std::errc::address_family_not_supported},
      {10024, std::errc::too_many_files_open},
  };
  for (const auto& row : kTable)
    if (row.number == number) return static_cast<int>(row.name);
  return 0;
}
#endif

}  // namespace detail

/// The category of Errc.
inline const std::error_category& Category() noexcept {
  static const detail::ErrorCategory category;
  return category;
}

/// `code` as a std::error_code, so that the two compare.
inline std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), Category()}; }

/// `error` as a std::error_code: ours in Category(), the OS's own numbers in std::system_category(); on Windows those
/// of Winsock that std::errc has a name for in std::generic_category(), by that name.
inline std::error_code ToErrorCode(const Error& error) noexcept {
  if (!error) return {};
#if defined(SMTPOLL_WINDOWS)
  if (const int generic = detail::GenericNumber(error.ErrorNumber)) return {generic, std::generic_category()};
#endif
  return {error.ErrorNumber, detail::IsOurs(error.ErrorNumber) ? Category() : std::system_category()};
}

/// One line for people: the phase, what happened, the command and the server's reply as far as known.
inline std::string ToString(const Error& error) {
  detail::TextBuffer line;
  if (error.phase != Phase::None) line.append(Name(error.phase)).append(": ");
  line.append(ToErrorCode(error).message());
  if (!error.command.empty()) line.append(" [").append(error.command.View()).append("]");
  if (error.reply_code != 0) {
    line.append(": ").append(std::to_string(error.reply_code));
    if (error.enhanced) {
      line.append(" ").append(std::to_string(error.enhanced.status_class));
      line.append(".").append(std::to_string(error.enhanced.subject));
      line.append(".").append(std::to_string(error.enhanced.detail));
    }
    line.append(" ").append(error.text.View());
  } else if (!error.text.empty()) {
    line.append(": ").append(error.text.View());
  }
  return std::string(line.View());
}

SMTPOLL_NAMESPACE_END

/// \cond
template <>
struct std::is_error_code_enum<smtpoll::Errc> : std::true_type {};
/// \endcond

#endif
