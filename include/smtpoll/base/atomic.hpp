// A small value that two threads share: what smtpoll needs of std::atomic, by the builtins below it, because <atomic>
// costs every program compile time.
#ifndef SMTPOLL_BASE_ATOMIC_HPP
#define SMTPOLL_BASE_ATOMIC_HPP

#include "smtpoll/base/config.hpp"

#if !defined(__GNUC__)
#include <atomic>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a thread wrote before its Store or Exchange is seen by the thread whose Load or Exchange finds the value.
template <typename T>
class Atomic {
 public:
  constexpr explicit Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

#if defined(__GNUC__)
  T Load() const noexcept {
    T value;
    __atomic_load(&value_, &value, __ATOMIC_ACQUIRE);
    return value;
  }
  void Store(T value) noexcept { __atomic_store(&value_, &value, __ATOMIC_RELEASE); }
  /// Returns the value before.
  T Exchange(T value) noexcept {
    T before;
    __atomic_exchange(&value_, &value, &before, __ATOMIC_ACQ_REL);
    return before;
  }

 private:
  T value_;
#else
  T Load() const noexcept { return value_.load(std::memory_order_acquire); }
  void Store(T value) noexcept { value_.store(value, std::memory_order_release); }
  T Exchange(T value) noexcept { return value_.exchange(value, std::memory_order_acq_rel); }

 private:
  std::atomic<T> value_;
#endif
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
