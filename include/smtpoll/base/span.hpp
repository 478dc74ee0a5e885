// A view of contiguous elements that somebody else owns (std::span is C++20). Never null-checked, never owning.
#ifndef SMTPOLL_BASE_SPAN_HPP
#define SMTPOLL_BASE_SPAN_HPP

#include <cstddef>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// `size()` elements of T from `data()` on; valid as long as what it looks at.
template <typename T>
class Span {
 public:
  constexpr Span() noexcept = default;
  /// `size` elements from `data` on.
  constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  /// All of an array.
  template <std::size_t kSize>
  constexpr Span(T (&array)[kSize]) noexcept : data_(array), size_(kSize) {}

  /// The first element.
  constexpr T* data() const noexcept { return data_; }
  /// Number of elements.
  constexpr std::size_t size() const noexcept { return size_; }
  /// True where there is none.
  constexpr bool empty() const noexcept { return size_ == 0; }
  /// Element `index`, from 0 on, which must be there.
  constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }
  /// The first element, for iteration.
  constexpr T* begin() const noexcept { return data_; }
  /// Behind the last element.
  constexpr T* end() const noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
