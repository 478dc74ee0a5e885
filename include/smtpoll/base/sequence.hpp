// A list whose front can be taken off cheaply: the seed's array operations plus a queue's two.
// Invariant: the elements are contiguous; PopFront never allocates, and room once taken is kept for reuse.
#ifndef SMTPOLL_BASE_SEQUENCE_HPP
#define SMTPOLL_BASE_SEQUENCE_HPP

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The seed's list of messages or attachments. Element 0 is the first. References, pointers and iterators are valid
/// until the next call that is not const. An index is checked where the call says so; operator[] needs one below Count.
template <typename T>
class Sequence {
 public:
  /// What it holds.
  using value_type = T;

  Sequence() noexcept = default;
  /// Copies the items.
  Sequence(const Sequence& other) : Sequence() { AppendAll(other); }
  /// Takes the items; `other` is empty then.
  Sequence(Sequence&& other) noexcept { Swap(other); }
  /// Copies the items.
  // cppcheck-suppress operatorEqVarError
  Sequence& operator=(const Sequence& other) {
    if (this == &other) return *this;
    RemoveAll();
    AppendAll(other);
    return *this;
  }
  /// Takes the items; `other` is empty then.
  Sequence& operator=(Sequence&& other) noexcept {
    if (this == &other) return *this;
    RemoveAll();
    Swap(other);
    return *this;
  }
  ~Sequence() {
    RemoveAll();
    ::operator delete(items_);
  }

  /// Adds an element at the end (the seed's Append, and its newer name Add).
  void Append(const T& item) { Append(T(item)); }
  /// As above, by moving it.
  void Append(T&& item) {
    if (end_ == room_) {
      T kept(std::move(item));  // it may be one of ours
      MakeRoom();
      Construct(end_++, kept);
    } else {
      Construct(end_++, item);
    }
  }
  /// The seed's newer name for Append.
  void Add(const T& item) { Append(item); }
  /// As above, by moving it.
  void Add(T&& item) { Append(std::move(item)); }

  /// Puts `item` before element `index`; at the end where there is no such element.
  void Insert(std::size_t index, T item) {
    if (index == 0) return PushFront(std::move(item));
    Append(std::move(item));
    MoveLastTo(index);
  }

  /// Takes element `index` out; false where there is none.
  bool Remove(std::size_t index) {
    if (index >= Count()) return false;
    for (T* at = begin() + index; at + 1 != end(); ++at) *at = std::move(at[1]);
    items_[--end_].~T();
    if (empty()) RemoveAll();
    return true;
  }
  /// Removes all items.
  void RemoveAll() noexcept {
    while (!empty()) items_[--end_].~T();
    first_ = end_ = 0;
  }

  /// Number of items.
  std::size_t Count() const noexcept { return end_ - first_; }
  /// As Count: the standard library's name.
  std::size_t size() const noexcept { return Count(); }
  /// True where there is no item.
  bool empty() const noexcept { return Count() == 0; }

  /// Item `index`, from 0 on, which must be there.
  T& operator[](std::size_t index) noexcept { return items_[first_ + index]; }
  /// As above.
  const T& operator[](std::size_t index) const noexcept { return items_[first_ + index]; }

  /// Moves element 0 into `into` and takes it out, in constant time; false where there is none.
  bool PopFront(T& into) {
    if (empty()) return false;
    into = std::move(items_[first_]);
    items_[first_++].~T();
    if (empty()) RemoveAll();
    return true;
  }

  /// Puts `item` before all others; in constant time after a PopFront.
  void PushFront(T&& item) {
    if (first_ != 0) return Construct(--first_, item);
    Append(std::move(item));
    MoveLastTo(0);
  }

  /// The first item, for iteration; valid until the sequence changes.
  T* begin() noexcept { return items_ + first_; }
  /// Behind the last item.
  T* end() noexcept { return items_ + end_; }
  /// As above.
  const T* begin() const noexcept { return items_ + first_; }
  /// As above.
  const T* end() const noexcept { return items_ + end_; }

 private:
  void Construct(std::size_t at, T& from) noexcept { ::new (static_cast<void*>(items_ + at)) T(std::move(from)); }

  /// At the end: where the front was popped, or else in twice the memory.
  void MakeRoom() {
    static_assert(std::is_nothrow_move_constructible_v<T> && alignof(T) <= alignof(std::max_align_t),
                  "Sequence: items move without a fault, and operator new aligns them");
    T* const old = items_;
    if (2 * first_ <= room_) {
      const std::size_t room = room_ == 0 ? 1 : 2 * room_;
      items_ = static_cast<T*>(::operator new(room * sizeof(T)));
      room_ = room;
    }
    const std::size_t count = Count();
    for (std::size_t i = 0; i < count; ++i) {
      Construct(i, old[first_ + i]);
      old[first_ + i].~T();
    }
    first_ = 0;
    end_ = count;
    if (old != items_) ::operator delete(old);
  }

  void MoveLastTo(std::size_t index) noexcept {
    for (std::size_t i = Count() - 1; i > index; --i) std::swap((*this)[i], (*this)[i - 1]);
  }
  void AppendAll(const Sequence& other) {
    for (const T& item : other) Append(item);
  }
  void Swap(Sequence& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(first_, other.first_);
    std::swap(end_, other.end_);
    std::swap(room_, other.room_);
  }

  T* items_ = nullptr;
  std::size_t first_ = 0;  // what is before it was popped
  std::size_t end_ = 0;
  std::size_t room_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
