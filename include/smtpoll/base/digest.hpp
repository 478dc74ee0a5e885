// What MD5, SHA-1 and SHA-2 share: bytes gathered in blocks of sixteen words, a closing with the size in bits
// (RFC 1321 3, FIPS 180-4 5). Each of them adds its word, its start and its compression as a Rules type.
// Invariant: what was digested is overwritten when the digest is finished or dropped.
#ifndef SMTPOLL_BASE_DIGEST_HPP
#define SMTPOLL_BASE_DIGEST_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/secret.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename Word>
constexpr Word RotateLeft(Word value, unsigned by) noexcept {
  return static_cast<Word>(value << by | value >> (8 * sizeof(Word) - by));
}
template <typename Word>
constexpr Word RotateRight(Word value, unsigned by) noexcept {
  return static_cast<Word>(value >> by | value << (8 * sizeof(Word) - by));
}

/// A digest by `Rules`, which has Word, kWords (of state), kBigEndian, kInitial[] and
/// Compress(state, block): sixteen words of message, which it may use up.
template <typename Rules>
class Digest {
 public:
  using Word = typename Rules::Word;
  static constexpr std::size_t kSize = Rules::kWords * sizeof(Word);  ///< Of the digest, in bytes.
  static constexpr std::size_t kBlockSize = 16 * sizeof(Word);

  /// What a whole number of blocks has come to; another digest can go on from there.
  struct State {
    Word words[Rules::kWords];
  };

  Digest() noexcept { Start(); }
  ~Digest() {
    Wipe(block_, sizeof block_);
    Wipe(&state_, sizeof state_);  // under HMAC it is as good as the key
  }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  /// Starts anew.
  void Start() noexcept {
    for (std::size_t i = 0; i < Rules::kWords; ++i) state_.words[i] = static_cast<Word>(Rules::kInitial[i]);
    size_ = 0;
  }
  /// Starts from `state`, which one block led to.
  void StartAfterBlock(const State& state) noexcept {
    state_ = state;
    size_ = kBlockSize;
  }
  const State& CurrentState() const noexcept { return state_; }

  void Update(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
      const std::size_t filled = Filled();
      const std::size_t size = bytes.size() < kBlockSize - filled ? bytes.size() : kBlockSize - filled;
      std::memcpy(block_ + filled, bytes.data(), size);
      bytes.remove_prefix(size);
      size_ += size;
      if (filled + size == kBlockSize) CompressBlock();
    }
  }

  /// Writes the digest's kSize bytes to `into`, overwrites what was digested, and starts anew.
  void Finish(char* into) noexcept {
    constexpr std::size_t kSizeField = 2 * sizeof(Word);
    const std::uint64_t bits = size_ * 8;
    Update({"\x80", 1});
    while (Filled() != kBlockSize - kSizeField) Update({"\0", 1});
    char size_field[kSizeField] = {};
    for (unsigned i = 0; i < 8; ++i)
      size_field[Rules::kBigEndian ? kSizeField - 1 - i : i] = static_cast<char>(bits >> 8 * i & 0xff);
    Update({size_field, sizeof size_field});
    for (std::size_t i = 0; i < kSize; ++i)
      into[i] = static_cast<char>(state_.words[i / sizeof(Word)] >> Shift(i % sizeof(Word)) & 0xff);
    Wipe(block_, sizeof block_);
    Start();
  }

 private:
  /// Where byte `i` of a word stands in it.
  static constexpr unsigned Shift(std::size_t i) noexcept {
    return static_cast<unsigned>(8 * (Rules::kBigEndian ? sizeof(Word) - 1 - i : i));
  }

  std::size_t Filled() const noexcept { return static_cast<std::size_t>(size_ % kBlockSize); }

  void CompressBlock() noexcept {
    Word words[16] = {};
    for (std::size_t i = 0; i < kBlockSize; ++i)
      words[i / sizeof(Word)] =
          static_cast<Word>(words[i / sizeof(Word)] | static_cast<Word>(static_cast<unsigned char>(block_[i]))
                                                          << Shift(i % sizeof(Word)));
    Rules::Compress(state_.words, words);
    Wipe(words, sizeof words);
  }

  State state_;
  std::uint64_t size_ = 0;
  char block_[kBlockSize];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
