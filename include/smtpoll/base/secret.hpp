// What handles secrets: memory that is overwritten after use, and a comparison whose time tells nothing.
// Invariant: neither may be optimised away or cut short.
#ifndef SMTPOLL_BASE_SECRET_HPP
#define SMTPOLL_BASE_SECRET_HPP

#include <cstddef>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Overwrites `size` bytes in a way that the compiler may not leave out.
inline void Wipe(void* bytes, std::size_t size) noexcept {
  volatile unsigned char* at = static_cast<unsigned char*>(bytes);
  while (size-- != 0) *at++ = 0;
}

/// Overwrites all that the string ever held in its present memory, and empties it.
template <typename String>
void WipeText(String& text) noexcept {
  text.resize(text.capacity());  // within its capacity a string does not move
  if (!text.empty()) Wipe(&text[0], text.size());
  text.clear();
}

/// Moves `from` to `to` and leaves nothing behind; true where there is something.
template <typename String>
bool MoveSecret(String from, String& to) noexcept {
  to.swap(from);
  WipeText(from);  // a short string is not moved but copied
  return !to.empty();
}

/// True where the `size` bytes at `a` and at `b` are the same; takes as long where they differ.
inline bool EqualInConstantTime(const char* a, const char* b, std::size_t size) noexcept {
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < size; ++i)
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
