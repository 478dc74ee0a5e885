// Room for one object of several types, or none: what <variant> does, without its cost to every program's compile time.
// Invariant: the object that was put in is destroyed before another takes its place, and with the room.
#ifndef SMTPOLL_BASE_ONE_OF_HPP
#define SMTPOLL_BASE_ONE_OF_HPP

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename... Types>
class OneOf {
 public:
  OneOf() = default;
  OneOf(const OneOf&) = delete;
  OneOf& operator=(const OneOf&) = delete;
  ~OneOf() { Reset(); }

  /// Makes a T here; what was here before is gone.
  template <typename T, typename... Arguments>
  T& Emplace(Arguments&&... arguments) {
    Reset();
    // cppcheck-suppress legacyUninitvar
    T* const made = ::new (static_cast<void*>(room_)) T(std::forward<Arguments>(arguments)...);
    which_ = NumberOf<T>();
    return *made;
  }

  /// The T that is here; nullptr where something else is, or nothing.
  template <typename T>
  T* Get() noexcept {
    return which_ == NumberOf<T>() ? std::launder(reinterpret_cast<T*>(room_)) : nullptr;
  }
  template <typename T>
  const T* Get() const noexcept {
    return which_ == NumberOf<T>() ? std::launder(reinterpret_cast<const T*>(room_)) : nullptr;
  }

  /// Leaves nothing here.
  void Reset() noexcept {
    (Destroy<Types>(), ...);
    which_ = 0;
  }

 private:
  /// From 1 on.
  template <typename T>
  static constexpr unsigned char NumberOf() noexcept {
    unsigned char number = 0, found = 0;
    ((++number, found = std::is_same_v<T, Types> ? number : found), ...);
    return found;
  }

  template <typename T>
  void Destroy() noexcept {
    if (T* const here = Get<T>()) here->~T();
  }

  static constexpr std::size_t Most() noexcept {
    std::size_t most = 1;
    ((most = sizeof(Types) > most ? sizeof(Types) : most), ...);
    return most;
  }

  alignas(Types...) unsigned char room_[Most()];
  unsigned char which_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
