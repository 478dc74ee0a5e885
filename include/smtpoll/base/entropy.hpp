// Random bytes from the operating system, good enough for secrets. For hosted systems only: elsewhere there are none,
// and whoever needs some brings his own.
#ifndef SMTPOLL_BASE_ENTROPY_HPP
#define SMTPOLL_BASE_ENTROPY_HPP

#include <cstddef>

#include "smtpoll/base/base64.hpp"

#if defined(SMTPOLL_POSIX)
#include <fcntl.h>
#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

#if defined(SMTPOLL_WINDOWS)
/// RtlGenRandom, by the name under which advapi32 exports it; <ntsecapi.h> would bring all of <windows.h> along.
extern "C" __declspec(dllimport) unsigned char __stdcall SystemFunction036(void* into, unsigned long size);
#endif

/// Fills `size` bytes, at most 256, at `into` with random ones. False where the system has none to give; what stands
/// there then must not be used.
inline bool FillWithEntropy(char* into, std::size_t size) noexcept {
#if defined(SMTPOLL_WINDOWS)
  return SystemFunction036(into, static_cast<unsigned long>(size)) != 0;
#elif defined(SMTPOLL_POSIX)
#if __has_include(<sys/random.h>)
  if (getentropy(into, size) == 0) return true;
#endif
  const int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = read(file, into + filled, size - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  close(file);
  return filled == size;
#else
  static_cast<void>(into);
  static_cast<void>(size);
  return false;
#endif
}

/// A nonce of 24 characters of base64, 144 random bits: what SCRAM needs for each session (RFC 5802 5.1).
class Nonce {
 public:
  /// Makes a new one; false where there is no randomness, and the old one is then gone.
  bool Renew() noexcept {
    char bytes[18];
    size_ = FillWithEntropy(bytes, sizeof bytes) ? Base64Encode(bytes, sizeof bytes, text_) : 0;
    return size_ != 0;
  }
  /// Empty before the first Renew. Valid as long as the object, until the next Renew.
  std::string_view View() const noexcept { return {text_, size_}; }

 private:
  std::size_t size_ = 0;
  char text_[24];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
