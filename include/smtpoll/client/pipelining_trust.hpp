// Whether a server is trusted to take commands in groups (RFC 2920). Some offer PIPELINING and lose or mix up what
// comes in a group; a session that failed in the middle of one is tried again in lock-step.
#ifndef SMTPOLL_CLIENT_PIPELINING_TRUST_HPP
#define SMTPOLL_CLIENT_PIPELINING_TRUST_HPP

#include <string>
#include <string_view>

#include "smtpoll/base/error.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class PipeliningTrust {
 public:
  /// A session with `host`:`port` starts: true where it may pipeline.
  bool Start(std::string_view host, std::uint16_t port) {
    if (host != host_ || port != port_) {
      host_ = host;
      port_ = port;
      doubt_ = Doubt::None;
      one_at_a_time_ = false;
    }
    const bool trusted = doubt_ == Doubt::None;
    if (doubt_ == Doubt::Once) doubt_ = Doubt::None;
    return trusted;
  }

  /// A session failed because of `error` with more than one reply outstanding. Replies that fit no command show a
  /// server that cannot pipeline; a lost connection or a time-out may have other reasons, and is doubted once.
  void FailedInGroup(const Error& error) noexcept {
    if (error.reply_code == 421) return;
    const Errc code = error.Code();
    if (code == Errc::UnexpectedReply || code == Errc::MalformedReply)
      doubt_ = Doubt::Always;
    else if (doubt_ == Doubt::None)
      doubt_ = Doubt::Once;
  }

  /// The server takes commands in groups, but none behind the end of a content.
  void RefusedOverlap() noexcept { one_at_a_time_ = true; }
  /// Each message has to wait for the outcome of the one before.
  bool OneAtATime() const noexcept { return one_at_a_time_; }

 private:
  enum class Doubt : std::uint8_t { None, Once, Always };

  std::string host_;
  std::uint16_t port_ = 0;
  Doubt doubt_ = Doubt::None;
  bool one_at_a_time_ = false;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
