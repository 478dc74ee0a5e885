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
  constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <std::size_t kSize>
  constexpr Span(T (&array)[kSize]) noexcept : data_(array), size_(kSize) {}

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }
  constexpr T* begin() const noexcept { return data_; }
  constexpr T* end() const noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
