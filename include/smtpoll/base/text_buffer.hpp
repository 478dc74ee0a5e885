// Text that is built piece by piece and keeps its memory for the next one. std::string would do, but for the cost of
// its appends: they are calls into the library, and a message is made of dozens of small ones.
#ifndef SMTPOLL_BASE_TEXT_BUFFER_HPP
#define SMTPOLL_BASE_TEXT_BUFFER_HPP

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TextBuffer {
 public:
  std::size_t size() const noexcept { return size_; }
  std::string_view View() const noexcept { return {memory_.get(), size_}; }
  operator std::string_view() const noexcept { return View(); }

  void clear() noexcept { size_ = 0; }
  /// Forgets all behind the first `size` bytes.
  void resize(std::size_t size) noexcept { size_ = size; }

  TextBuffer& append(std::string_view text) {
    if (text.size() > room_ - size_) Grow(text.size());
    if (!text.empty()) std::memcpy(memory_.get() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  TextBuffer& append(const char* text, std::size_t size) { return append(std::string_view(text, size)); }
  TextBuffer& assign(std::string_view text) {
    clear();
    return append(text);
  }
  TextBuffer& operator+=(std::string_view text) { return append(text); }
  TextBuffer& operator+=(char c) {
    if (size_ == room_) Grow(1);
    memory_[size_++] = c;
    return *this;
  }

 private:
  void Grow(std::size_t more) {
    const std::size_t room = size_ + more > 2 * room_ ? size_ + more : 2 * room_;
    std::unique_ptr<char[]> memory(new char[room < kLeast ? kLeast : room]);
    if (size_ != 0) std::memcpy(memory.get(), memory_.get(), size_);
    memory_ = std::move(memory);
    room_ = room < kLeast ? kLeast : room;
  }

  static constexpr std::size_t kLeast = 128;

  std::unique_ptr<char[]> memory_;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
