// Text that is built anew for each look at it, and of which only a window is kept: so it needs no memory of its own.
// Invariant: whoever builds the same text again gets windows of the same text.
#ifndef SMTPOLL_BASE_TEXT_WINDOW_HPP
#define SMTPOLL_BASE_TEXT_WINDOW_HPP

#include <cstddef>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TextWindow {
 public:
  /// Keeps nothing: only measures.
  TextWindow() noexcept = default;
  /// Keeps what stands from byte `from` on, at most `room` bytes, at `into`.
  TextWindow(char* into, std::size_t room, std::size_t from) noexcept : into_(into), room_(room), from_(from) {}

  /// Bytes of the text so far, kept or not.
  std::size_t size() const noexcept { return size_; }
  /// Bytes of it that were kept.
  std::size_t Kept() const noexcept {
    const std::size_t behind = size_ > from_ ? size_ - from_ : 0;
    return behind < room_ ? behind : room_;
  }

  TextWindow& operator+=(char c) noexcept {
    // What stands before the window is, counted from its start, far behind it.
    if (size_ - from_ < room_) into_[size_ - from_] = c;
    ++size_;
    return *this;
  }
  TextWindow& append(std::string_view text) noexcept {
    for (const char c : text) *this += c;
    return *this;
  }
  TextWindow& append(const char* text, std::size_t size) noexcept { return append(std::string_view(text, size)); }

 private:
  char* into_ = nullptr;
  std::size_t room_ = 0;
  std::size_t from_ = 0;
  std::size_t size_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
