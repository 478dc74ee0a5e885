// A list whose front can be taken off cheaply: the seed's array operations plus a queue's two.
// Invariant: the elements are contiguous; PopFront never allocates, and room once taken is kept for reuse.
#ifndef SMTPOLL_BASE_SEQUENCE_HPP
#define SMTPOLL_BASE_SEQUENCE_HPP

#include <cstddef>
#include <utility>
#include <vector>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The seed's list of messages or attachments. Element 0 is the first. References, pointers and iterators are valid
/// until the next call that is not const. An index is checked where the call says so; operator[] needs one below Count.
template <typename T>
class Sequence {
 public:
  /// What it holds.
  using value_type = T;

  Sequence() = default;
  /// Copies the items.
  Sequence(const Sequence& other) : items_(other.begin(), other.end()) {}
  /// Takes the items; `other` is empty then.
  Sequence(Sequence&& other) noexcept : items_(std::move(other.items_)), head_(std::exchange(other.head_, 0)) {
    other.items_.clear();
  }
  /// Copies the items.
  Sequence& operator=(const Sequence& other) {
    if (this == &other) return *this;
    items_.assign(other.begin(), other.end());
    head_ = 0;
    return *this;
  }
  /// Takes the items; `other` is empty then.
  Sequence& operator=(Sequence&& other) noexcept {
    items_.swap(other.items_);
    std::swap(head_, other.head_);
    if (this != &other) other.RemoveAll();
    return *this;
  }
  ~Sequence() = default;

  /// Adds an element at the end (the seed's Append, and its newer name Add).
  void Append(const T& item) { items_.push_back(item); }
  /// As above, by moving it.
  void Append(T&& item) { items_.push_back(std::move(item)); }
  /// The seed's newer name for Append.
  void Add(const T& item) { Append(item); }
  /// As above, by moving it.
  void Add(T&& item) { Append(std::move(item)); }

  /// Puts `item` before element `index`; at the end where there is no such element.
  void Insert(std::size_t index, T item) {
    if (index == 0) return PushFront(std::move(item));
    if (index >= Count()) return Append(std::move(item));
    items_.insert(Position(index), std::move(item));
  }

  /// Takes element `index` out; false where there is none.
  bool Remove(std::size_t index) {
    if (index >= Count()) return false;
    items_.erase(Position(index));
    if (empty()) RemoveAll();
    return true;
  }
  /// Removes all items.
  void RemoveAll() noexcept {
    items_.clear();
    head_ = 0;
  }

  /// Number of items.
  std::size_t Count() const noexcept { return items_.size() - head_; }
  /// True where there is no item.
  bool empty() const noexcept { return Count() == 0; }

  /// Item `index`, from 0 on, which must be there.
  T& operator[](std::size_t index) noexcept { return items_[head_ + index]; }
  /// As above.
  const T& operator[](std::size_t index) const noexcept { return items_[head_ + index]; }

  /// Moves element 0 into `into` and takes it out, in constant time on average; false where there is none.
  bool PopFront(T& into) {
    if (empty()) return false;
    into = std::move(items_[head_]);
    ++head_;
    // The dead front is cut off when it is three quarters, so one element is moved for three that are popped.
    if (head_ * 4 >= items_.size() * 3) {
      items_.erase(items_.begin(), Position(0));
      head_ = 0;
    }
    return true;
  }

  /// Puts `item` before all others; in constant time after a PopFront.
  void PushFront(T&& item) {
    if (head_ != 0)
      items_[--head_] = std::move(item);
    else
      items_.insert(items_.begin(), std::move(item));
  }

  /// The first item, for iteration; valid until the sequence changes.
  T* begin() noexcept { return items_.data() + head_; }
  /// Behind the last item.
  T* end() noexcept { return items_.data() + items_.size(); }
  /// As above.
  const T* begin() const noexcept { return items_.data() + head_; }
  /// As above.
  const T* end() const noexcept { return items_.data() + items_.size(); }

 private:
  auto Position(std::size_t index) noexcept {
    return items_.begin() + static_cast<typename std::vector<T>::difference_type>(head_ + index);
  }

  std::vector<T> items_;
  std::size_t head_ = 0;  // elements before it were popped
};

SMTPOLL_NAMESPACE_END

#endif
