// Errors as std::error_code and as one line of text, for programs that have the standard library's strings.
#ifndef SMTPOLL_BASE_ERROR_CATEGORY_HPP
#define SMTPOLL_BASE_ERROR_CATEGORY_HPP

#include <string>
#include <system_error>

#include "smtpoll/base/error.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "smtpoll"; }
  std::string message(int number) const override { return Name(static_cast<Errc>(number)); }
};

/// True for a number of Errc's; all others are the operating system's.
constexpr bool IsOurs(int number) noexcept { return OwnName(static_cast<Errc>(number)) != nullptr; }

}  // namespace detail

/// The category of Errc.
inline const std::error_category& Category() noexcept {
  static const detail::ErrorCategory category;
  return category;
}

/// `code` as a std::error_code, so that the two compare.
inline std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), Category()}; }

/// `error` as a std::error_code: ours in Category(), the OS's own numbers in std::system_category().
inline std::error_code ToErrorCode(const Error& error) noexcept {
  if (!error) return {};
  return {error.ErrorNumber, detail::IsOurs(error.ErrorNumber) ? Category() : std::system_category()};
}

/// One line for people: the phase, what happened, the command and the server's reply as far as known.
inline std::string ToString(const Error& error) {
  std::string line;
  if (error.phase != Phase::None) line.append(Name(error.phase)).append(": ");
  line += ToErrorCode(error).message();
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
  return line;
}

SMTPOLL_NAMESPACE_END

/// \cond
template <>
struct std::is_error_code_enum<smtpoll::Errc> : std::true_type {};
/// \endcond

#endif
