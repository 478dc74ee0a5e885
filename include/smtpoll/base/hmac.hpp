// HMAC (RFC 2104) over any of the digests. The two padded keys are digested once, when the key is set: the many
// messages that PBKDF2 makes under one key then cost two blocks each.
#ifndef SMTPOLL_BASE_HMAC_HPP
#define SMTPOLL_BASE_HMAC_HPP

#include "smtpoll/base/digest.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename DigestType>
class Hmac {
 public:
  static constexpr std::size_t kSize = DigestType::kSize;  ///< Of the code, in bytes.

  explicit Hmac(std::string_view key) noexcept {
    char block[DigestType::kBlockSize] = {};
    if (key.size() > sizeof block) {
      digest_.Update(key);
      digest_.Finish(block);
    } else if (!key.empty()) {
      std::memcpy(block, key.data(), key.size());
    }
    inner_ = Padded(block, 0x36);
    outer_ = Padded(block, 0x36 ^ 0x5c);
    Wipe(block, sizeof block);
    digest_.StartAfterBlock(inner_);
  }
  ~Hmac() {
    Wipe(&inner_, sizeof inner_);
    Wipe(&outer_, sizeof outer_);
  }

  void Update(std::string_view bytes) noexcept { digest_.Update(bytes); }

  /// Writes the code's kSize bytes to `into`, and starts the next message under the same key.
  void Finish(char* into) noexcept {
    digest_.Finish(into);
    digest_.StartAfterBlock(outer_);
    digest_.Update({into, kSize});
    digest_.Finish(into);
    digest_.StartAfterBlock(inner_);
  }

  /// The code of a message in one piece; `into` may be where `message` is.
  void Code(std::string_view message, char* into) noexcept {
    Update(message);
    Finish(into);
  }

 private:
  typename DigestType::State Padded(char* block, int pad) noexcept {
    for (std::size_t i = 0; i < DigestType::kBlockSize; ++i) block[i] = static_cast<char>(block[i] ^ pad);
    digest_.Start();
    digest_.Update({block, DigestType::kBlockSize});
    return digest_.CurrentState();
  }

  typename DigestType::State inner_;
  typename DigestType::State outer_;
  DigestType digest_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
