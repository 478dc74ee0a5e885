// Something to call that is chosen at run time: what smtpoll needs of std::function. <functional> alone costs a program
// more compile time than a third of smtpoll.
// Invariant: a callable that can be copied as bytes, two pointers at most, lies within; any other on the heap.
#ifndef SMTPOLL_BASE_FUNCTION_HPP
#define SMTPOLL_BASE_FUNCTION_HPP

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// See Function<Result(Arguments...)>.
template <typename Signature>
class Function;

/// A callable that can be copied, or none: made of a lambda, a function or a std::function, as that would be. Calling
/// none is undefined: ask it by `if (function)` before.
template <typename Result, typename... Arguments>
class Function<Result(Arguments...)> {
  template <typename Callable>
  using Returned = decltype(std::declval<Callable&>()(std::declval<Arguments>()...));
  template <typename Callable>
  using Fits = std::enable_if_t<std::is_void_v<Result> || std::is_convertible_v<Returned<Callable>, Result>>;

 public:
  /// None.
  Function() noexcept = default;
  /// None.
  Function(std::nullptr_t) noexcept {}
  /// Calls `callable` from now on; a null pointer to a function and an empty std::function are none.
  template <typename Callable, typename = Fits<Callable>>
  Function(Callable callable) {
    static_assert(std::is_copy_constructible_v<Callable>, "Function: what it is made of can be copied");
    if constexpr (std::is_constructible_v<Callable, std::nullptr_t> && std::is_constructible_v<bool, Callable>)
      if (!static_cast<bool>(callable)) return;
    if constexpr (LiesWithin<Callable>())
      ::new (static_cast<void*>(room_.bytes)) Callable(std::move(callable));
    else
      room_.heap = new Callable(std::move(callable));
    kind_ = &kKindOf<Callable>;
  }
  /// Copies the callable.
  Function(const Function& other) {
    if (other.kind_ != nullptr) other.kind_->copy(room_, other.room_);
    kind_ = other.kind_;
  }
  /// Takes the callable; `other` is none then.
  Function(Function&& other) noexcept { Swap(other); }
  /// Copies or takes the callable.
  Function& operator=(Function other) noexcept {
    Swap(other);
    return *this;
  }
  ~Function() {
    if (kind_ != nullptr) kind_->destroy(room_);
  }

  /// False where it is none.
  explicit operator bool() const noexcept { return kind_ != nullptr; }
  /// True where it is none.
  friend bool operator==(const Function& function, std::nullptr_t) noexcept { return !function; }
  /// False where it is none.
  friend bool operator!=(const Function& function, std::nullptr_t) noexcept { return static_cast<bool>(function); }

  /// Calls it.
  Result operator()(Arguments... arguments) const { return kind_->call(room_, static_cast<Arguments&&>(arguments)...); }

 private:
  union Room {
    void* heap;
    unsigned char bytes[2 * sizeof(void*)];
  };
  struct Kind {
    Result (*call)(const Room& room, Arguments&&... arguments);
    void (*copy)(Room& to, const Room& from);
    void (*destroy)(Room& room);
  };

  template <typename Callable>
  static constexpr bool LiesWithin() noexcept {
    return std::is_trivially_copyable_v<Callable> && sizeof(Callable) <= sizeof(Room) &&
           alignof(Callable) <= alignof(Room);
  }
  template <typename Callable>
  static Callable& In(const Room& room) noexcept {
    if constexpr (LiesWithin<Callable>())
      return *std::launder(reinterpret_cast<Callable*>(const_cast<unsigned char*>(room.bytes)));
    else
      return *static_cast<Callable*>(room.heap);
  }

  template <typename Callable>
  static Result Call(const Room& room, Arguments&&... arguments) {
    return static_cast<Result>(In<Callable>(room)(static_cast<Arguments&&>(arguments)...));
  }
  template <typename Callable>
  static void Copy(Room& to, const Room& from) {
    if constexpr (LiesWithin<Callable>())
      to = from;
    else
      to.heap = new Callable(In<Callable>(from));
  }
  template <typename Callable>
  static void Destroy(Room& room) {
    if constexpr (!LiesWithin<Callable>()) delete &In<Callable>(room);
  }
  template <typename Callable>
  static constexpr Kind kKindOf = {Call<Callable>, Copy<Callable>, Destroy<Callable>};

  void Swap(Function& other) noexcept {
    std::swap(room_, other.room_);
    std::swap(kind_, other.kind_);
  }

  Room room_ = {};
  const Kind* kind_ = nullptr;
};

SMTPOLL_NAMESPACE_END

#endif
