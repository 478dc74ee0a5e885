// How large the session objects are: memory is what limits the number of sessions, so no one may grow unseen.
#include "smtpoll/client/session.hpp"

#include <doctest/doctest.h>

#include "smtpoll/client/smtp_socket.hpp"

namespace {

/// Limits of a program with very many sessions; tests/examples/many_sessions.cpp has the same.
struct SmallLimits : smtpoll::DefaultLimits {
  static constexpr std::size_t kInput = 1024;
  static constexpr std::size_t kOutput = 2048;
  static constexpr std::size_t kInFlight = 4;
};

template <typename Limits>
using SocketOf =
    smtpoll::BasicSMTPSocket<smtpoll::NativeSocket, smtpoll::PlainTransport, smtpoll::EventFunctions, Limits>;

/// What a client has beside the buffers that Limits gives it.
template <typename Limits>
constexpr std::size_t BesideBuffers(std::size_t size) {
  return size - Limits::kInput - Limits::kOutput;
}

constexpr std::size_t kKibibyte = 1024;

// The ring of replies and of transactions is counted in: it is a part of what a message in flight costs.
static_assert(BesideBuffers<smtpoll::DefaultLimits>(sizeof(smtpoll::SMTPSocket)) <= 10 * kKibibyte);
static_assert(BesideBuffers<smtpoll::DefaultLimits>(sizeof(smtpoll::Session)) <= 10 * kKibibyte);
static_assert(BesideBuffers<SmallLimits>(sizeof(SocketOf<SmallLimits>)) <= 8 * kKibibyte);
static_assert(sizeof(smtpoll::Engine) <= 3 * kKibibyte);
}  // namespace

#if !defined(_GLIBCXX_DEBUG)  // checked containers are larger
static_assert(sizeof(smtpoll::detail::Flight) <= 3 * kKibibyte / 2);

TEST_CASE("A session with small buffers leaves room for its messages in 16 KiB") {
  const std::size_t session = sizeof(SocketOf<SmallLimits>), flight = sizeof(smtpoll::detail::Flight);
  CHECK(session + 2 * flight <= 27 * kKibibyte / 2);
  MESSAGE("SMTPSocket " << sizeof(smtpoll::SMTPSocket) << " bytes, with small buffers " << session << ", Session "
                        << sizeof(smtpoll::Session) << ", engine " << sizeof(smtpoll::Engine)
                        << ", a message in flight " << flight);
}
#endif
