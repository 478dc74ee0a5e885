// A window over memory that the owner sized: bytes are appended at its tail and consumed at its head.
// Invariant: the filled bytes are contiguous; they move only in Compact, which no one calls while a write is pending.
#ifndef SMTPOLL_BASE_WIRE_BUFFER_HPP
#define SMTPOLL_BASE_WIRE_BUFFER_HPP

#include <cstddef>
#include <cstring>
#include <string_view>

#include "smtpoll/base/secret.hpp"
#include "smtpoll/base/span.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class WireBuffer {
 public:
  explicit WireBuffer(Span<char> memory) noexcept : memory_(memory) {}

  Span<char> Filled() const noexcept { return {memory_.data() + head_, tail_ - head_}; }
  Span<char> Free() const noexcept { return {memory_.data() + tail_, memory_.size() - tail_}; }
  bool empty() const noexcept { return head_ == tail_; }
  std::size_t Capacity() const noexcept { return memory_.size(); }

  /// `size` bytes were written to Free().
  void Commit(std::size_t size) noexcept { tail_ += size; }

  /// `size` bytes of Filled() are done with. An empty buffer starts at its beginning again.
  void Consume(std::size_t size) noexcept {
    head_ += size;
    if (head_ == tail_) head_ = tail_ = 0;
  }

  /// As Consume, and overwrites what it drops.
  void ConsumeAndWipe(std::size_t size) noexcept {
    Wipe(memory_.data() + head_, size);
    Consume(size);
  }

  /// Moves the filled bytes to the beginning, so that Free() is all the room there is.
  void Compact() noexcept {
    if (head_ == 0) return;
    std::memmove(memory_.data(), memory_.data() + head_, tail_ - head_);
    tail_ -= head_;
    head_ = 0;
  }

  /// Appends `text`, which must fit Free().
  void Append(std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(memory_.data() + tail_, text.data(), text.size());
    tail_ += text.size();
  }

  /// Takes the last `size` filled bytes back.
  void Retract(std::size_t size) noexcept { tail_ -= size; }

  /// Takes out `size` filled bytes behind the first `at`: the shorter of what stands before and behind them moves.
  void Remove(std::size_t at, std::size_t size) noexcept {
    char* const gap = memory_.data() + head_ + at;
    const std::size_t behind = tail_ - head_ - at - size;
    if (behind < at) {
      std::memmove(gap, gap + size, behind);
      tail_ -= size;
    } else {
      std::memmove(memory_.data() + head_ + size, memory_.data() + head_, at);
      head_ += size;
    }
  }

  void Clear() noexcept { head_ = tail_ = 0; }

 private:
  Span<char> memory_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
