// Letters for boundaries and Message-IDs (RFC 2046 5.1.1, RFC 5322 3.6.4) that nobody else draws: they grow out of the
// system's randomness, asked for once, a count, the moment and the processor. Invariant: no other object, thread or
// process draws the same token, also none that was forked off with this object in it. They are no secrets.
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
    if (count_ == 0) TakeSeed();
    ++count_;
    const std::uint64_t here = Mixed(HereAndNow());
    for (const std::uint64_t half : seed_) {
      std::uint64_t bits = Mixed(Mixed(half + count_) ^ here);
      for (std::size_t i = 0; i < kSize / 2; ++i, bits /= 26) *into++ = static_cast<char>('a' + bits % 26);
    }
  }

 private:
  void TakeSeed() noexcept {
    if (FillWithEntropy(reinterpret_cast<char*>(seed_), sizeof seed_)) return;
    // A system without randomness: the time and the place still tell two objects apart.
    seed_[0] = static_cast<std::uint64_t>(std::time(nullptr));
    seed_[1] = reinterpret_cast<std::uintptr_t>(this);
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

  std::uint64_t seed_[2] = {};
  std::uint64_t count_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
