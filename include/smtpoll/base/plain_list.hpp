// A list of plain items that keeps its memory for the next ones. std::vector would do, but for the compile time that it
// costs with each type of items.
#ifndef SMTPOLL_BASE_PLAIN_LIST_HPP
#define SMTPOLL_BASE_PLAIN_LIST_HPP

#include <cstddef>
#include <cstring>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename T>
class PlainList {
  static_assert(__is_trivially_copyable(T), "PlainList copies its items as bytes");

 public:
  PlainList() = default;
  PlainList(const PlainList&) = delete;
  PlainList& operator=(const PlainList&) = delete;
  ~PlainList() { delete[] items_; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t index) noexcept { return items_[index]; }
  const T& operator[](std::size_t index) const noexcept { return items_[index]; }
  T& back() noexcept { return items_[size_ - 1]; }
  const T* data() const noexcept { return items_; }
  const T* begin() const noexcept { return items_; }
  const T* end() const noexcept { return items_ + size_; }

  void clear() noexcept { size_ = 0; }
  /// Forgets all behind the first `size` items.
  void Truncate(std::size_t size) noexcept { size_ = size; }

  void push_back(T item) {
    if (size_ == room_) Grow(1);
    items_[size_++] = item;
  }
  void Append(const T* items, std::size_t count) {
    if (count > room_ - size_) Grow(count);
    if (count != 0) std::memcpy(items_ + size_, items, count * sizeof(T));
    size_ += count;
  }

 private:
  void Grow(std::size_t more) {
    std::size_t room = size_ + more > 2 * room_ ? size_ + more : 2 * room_;
    if (room * sizeof(T) < kLeastBytes) room = kLeastBytes / sizeof(T);
    T* const items = new T[room];
    if (size_ != 0) std::memcpy(static_cast<void*>(items), items_, size_ * sizeof(T));
    delete[] items_;
    items_ = items;
    room_ = room;
  }

  static constexpr std::size_t kLeastBytes = 128;

  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
