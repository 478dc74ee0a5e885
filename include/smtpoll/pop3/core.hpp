// What a Driver needs to drive the POP3 engine.
#ifndef SMTPOLL_POP3_CORE_HPP
#define SMTPOLL_POP3_CORE_HPP

#include "smtpoll/client/session_tally.hpp"
#include "smtpoll/pop3/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Compile-time sizes of a POP3 client's buffers. A type of your own with these constants fits a smaller machine.
struct Pop3Limits {
  static constexpr std::size_t kInput = 16384;  ///< Receive buffer, bytes; messages pass through it.
  static constexpr std::size_t kOutput = 8192;  ///< Send buffer, bytes: the longest response of SASL must fit.
};

namespace detail {

/// See SmtpCore.
template <typename Limits>
struct Pop3Core {
  static_assert(Limits::kInput >= 512 && Limits::kOutput >= 1024,
                "Limits: kInput is at least 512, kOutput at least 1024 bytes");
  using Engine = Pop3Engine;
  using Event = Pop3Event;
  using Options = Pop3Options;
  using Tally = SessionTally;

  static constexpr bool EndsWire(Pop3EventKind kind) noexcept {
    return kind == Pop3EventKind::Failed || kind == Pop3EventKind::Ended;
  }

  void Note(const Pop3Event& event, SessionTally& tally) const noexcept {
    if (event.kind == Pop3EventKind::Greeting) tally.greeting.Assign(event.text);
  }

  char input[Limits::kInput];
  char output[Limits::kOutput];
  Engine engine{input, output};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
