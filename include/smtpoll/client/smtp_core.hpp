// What is SMTP's own of a Driver: the engine with the memory it works in, and how a client without a name calls itself.
#ifndef SMTPOLL_CLIENT_SMTP_CORE_HPP
#define SMTPOLL_CLIENT_SMTP_CORE_HPP

#include "smtpoll/client/limits.hpp"
#include "smtpoll/client/session_tally.hpp"
#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a Driver drives: the engine of a protocol, the memory it works in and the options it starts with.
template <typename Limits>
struct SmtpCore {
  static_assert(Limits::kInput >= 512 && Limits::kOutput >= 1024 && Limits::kInFlight >= 1,
                "Limits: kInput is at least 512, kOutput at least 1024 bytes, kInFlight at least 1");
  using Engine = smtpoll::Engine;
  using Event = smtpoll::Event;
  using Options = SessionOptions;
  using Tally = SessionTally;

  /// True for an event after which the wire is closed.
  static constexpr bool EndsWire(EventKind kind) noexcept {
    return kind == EventKind::Failed || kind == EventKind::Ended || kind == EventKind::MustReconnect;
  }

  /// Notes what the engine tells.
  void Note(const Event& event, SessionTally& tally) const noexcept {
    tally.Note(event);
    if (event.kind == EventKind::Authenticated) tally.mechanism = engine.Mechanism();
  }

  AwaitedReply window[4 * Limits::kInFlight];  // RSET, MAIL, RCPT and the content's end, for each message
  Transaction in_flight[Limits::kInFlight];
  char input[Limits::kInput];
  char output[Limits::kOutput];
  Engine engine{input, output, window, in_flight};
};

/// The same for a client that has no memory to spare, neither for a tally nor for a name that it was not given.
template <typename Limits>
struct SmallSmtpCore : SmtpCore<Limits> {
  struct Tally {};
};

/// `[127.0.0.1]` or `[IPv6:::1]`: how a client without a domain names itself (RFC 5321 4.1.3), whose IP is `address`.
template <typename Text>
void AssignAddressLiteral(std::string_view address, Text& to) noexcept {
  to.Assign("[");
  if (address.find(':') != std::string_view::npos) to.Append("IPv6:");
  to.Append(address.empty() ? std::string_view("127.0.0.1") : First(address, address.find('%')));
  to.Append("]");
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
