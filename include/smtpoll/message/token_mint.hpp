// Random letters for boundaries and Message-IDs (RFC 2046 5.1.1, RFC 5322 3.6.4). The randomness is the system's own,
// fetched for several tokens at once. Invariant: no other object, thread or process draws the same token, also none
// that was forked off with this object in it: what is drawn depends on the moment and on the process or its processor
// too.
#ifndef SMTPOLL_MESSAGE_TOKEN_MINT_HPP
#define SMTPOLL_MESSAGE_TOKEN_MINT_HPP

#include <cstdint>
#include <ctime>

#include "smtpoll/base/entropy.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TokenMint {
 public:
  /// Letters of a token: 113 bits.
  static constexpr std::size_t kSize = 24;

  /// Writes kSize lower-case letters to `into`.
  void Draw(char* into) noexcept {
    if (used_ == kHalves) Fetch();
    const std::uint64_t here = Mixed(HereAndNow());
    for (int half = 0; half < 2; ++half) {
      std::uint64_t bits = Mixed(pool_[used_] ^ here);
      pool_[used_++] = 0;
      for (std::size_t i = 0; i < kSize / 2; ++i, bits /= 26) *into++ = static_cast<char>('a' + bits % 26);
    }
  }

 private:
  static constexpr std::size_t kHalves = 32;  // all that one call gives

  void Fetch() noexcept {
    if (!FillWithEntropy(reinterpret_cast<char*>(pool_), sizeof pool_)) {
      // A system without randomness: the time, the place and the count still tell two tokens apart.
      for (std::uint64_t& half : pool_)
        half =
            Mixed(static_cast<std::uint64_t>(std::time(nullptr)) ^ reinterpret_cast<std::uintptr_t>(this)) + ++fetched_;
    }
    used_ = 0;
  }

  /// Another value in every process at every moment. It costs no system call on Linux: two processes do not run on one
  /// processor in the same nanosecond.
  static std::uint64_t HereAndNow() noexcept {
#if defined(SMTPOLL_POSIX)
    std::timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto moment = static_cast<std::uint64_t>(now.tv_sec) * 1000000000u + static_cast<std::uint64_t>(now.tv_nsec);
#if defined(__linux__)
    return moment << 12 ^ static_cast<std::uint64_t>(sched_getcpu());
#else
    return moment << 24 ^ static_cast<std::uint64_t>(getpid());
#endif
#else
    return 0;  // nothing forks here
#endif
  }

  /// The last step of splitmix64: every bit of the result depends on every bit of `z`.
  static std::uint64_t Mixed(std::uint64_t z) noexcept {
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

  std::uint64_t pool_[kHalves] = {};
  std::uint64_t fetched_ = 0;
  std::size_t used_ = kHalves;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
