// PBKDF2 with HMAC (RFC 8018 5.2), one block of output: what SCRAM calls Hi (RFC 5802 2.2). It is slow on purpose, so
// it is done in steps whose length the caller sets, and nothing ever waits for all of it.
#ifndef SMTPOLL_BASE_PBKDF2_HPP
#define SMTPOLL_BASE_PBKDF2_HPP

#include "smtpoll/base/hmac.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename DigestType>
class Pbkdf2 {
 public:
  static constexpr std::size_t kSize = DigestType::kSize;  ///< Of the key, in bytes.

  explicit Pbkdf2(std::string_view password) noexcept : hmac_(password) {}
  ~Pbkdf2() {
    Wipe(sum_, sizeof sum_);
    Wipe(last_, sizeof last_);
  }

  /// The salt, in as many pieces as it comes in.
  void AddSalt(std::string_view bytes) noexcept { hmac_.Update(bytes); }

  /// The salt is whole: `iterations`, at least 1, are to be done.
  void Start(std::uint32_t iterations) noexcept {
    hmac_.Code({"\0\0\0\1", 4}, last_);
    std::memcpy(sum_, last_, kSize);
    left_ = iterations - 1;
  }

  /// Does up to `at_most` iterations; true when all are done.
  bool Step(std::uint32_t at_most) noexcept {
    for (; left_ != 0 && at_most != 0; --left_, --at_most) {
      hmac_.Code({last_, kSize}, last_);
      for (std::size_t i = 0; i < kSize; ++i) sum_[i] = static_cast<char>(sum_[i] ^ last_[i]);
    }
    return left_ == 0;
  }

  /// The derived key, kSize bytes, once Step has said true.
  std::string_view Key() const noexcept { return {sum_, kSize}; }

 private:
  Hmac<DigestType> hmac_;
  char sum_[kSize];
  char last_[kSize];
  std::uint32_t left_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
