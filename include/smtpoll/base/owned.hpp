// An object on the heap and its one owner: what smtpoll needs of std::unique_ptr, whose header <memory> costs a program
// as much compile time as all of smtpoll's sockets.
#ifndef SMTPOLL_BASE_OWNED_HPP
#define SMTPOLL_BASE_OWNED_HPP

#include <cstddef>
#include <utility>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Owns an object made by `new`, or nothing. It takes what a std::unique_ptr owns, too.
template <typename T>
class Owned {
  template <typename Owner>
  using Released = decltype(std::declval<T*&>() = std::declval<Owner&>().release());

 public:
  /// Nothing.
  Owned() noexcept = default;
  /// Owns `object`, made by `new`, or nothing where it is null.
  explicit Owned(T* object) noexcept : object_(object) {}
  /// Takes what `owner` owns: another Owned, or a std::unique_ptr that deletes as usual.
  template <typename Owner, typename = Released<Owner>>
  Owned(Owner owner) noexcept : object_(owner.release()) {}
  /// Takes what `other` owns.
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  /// Deletes what it owned and takes what `other` owns.
  Owned& operator=(Owned&& other) noexcept {
    T* const taken = other.release();
    delete object_;
    object_ = taken;
    return *this;
  }
  ~Owned() { delete object_; }

  /// The object; null where it owns nothing.
  T* get() const noexcept { return object_; }
  /// As get, for members of the object, which must be there.
  T* operator->() const noexcept { return object_; }
  /// The object, which must be there.
  T& operator*() const noexcept { return *object_; }
  /// True where it owns something.
  explicit operator bool() const noexcept { return object_ != nullptr; }

  /// Gives up the object, which the caller owns then.
  T* release() noexcept { return std::exchange(object_, nullptr); }
  /// Deletes the object.
  void reset() noexcept { delete release(); }

 private:
  T* object_ = nullptr;
};

SMTPOLL_NAMESPACE_END

#endif
