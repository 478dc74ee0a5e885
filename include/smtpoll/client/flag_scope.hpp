// A flag that is set for the time of a scope.
#ifndef SMTPOLL_CLIENT_FLAG_SCOPE_HPP
#define SMTPOLL_CLIENT_FLAG_SCOPE_HPP

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Holds a flag for the time of a scope, also when a handler throws through it.
class FlagScope {
 public:
  explicit FlagScope(bool& flag) noexcept : flag_(flag), before_(flag) { flag_ = true; }
  ~FlagScope() { flag_ = before_; }
  FlagScope(const FlagScope&) = delete;
  FlagScope& operator=(const FlagScope&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
