// Which vector instructions the fast paths may use: fixed by the compiler's target, or found at run time on x86-64 with
// g++ and clang++. Each fast path has a scalar twin that gives the same bytes; SMTPOLL_NO_SIMD leaves only the twins.
// The vectors are the compilers' own where they have any: <immintrin.h> costs more compile time than all of smtpoll,
// and <tmmintrin.h> than its sockets.
#ifndef SMTPOLL_BASE_SIMD_HPP
#define SMTPOLL_BASE_SIMD_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "smtpoll/base/config.hpp"

#if !defined(SMTPOLL_NO_SIMD)
#if defined(__SSE2__) || defined(_M_X64)
#define SMTPOLL_SSE2 1
#endif
#if defined(__clang__)
#if __has_builtin(__builtin_ia32_pmovmskb128) && __has_builtin(__builtin_ia32_pshufb128) && \
    __has_builtin(__builtin_ia32_pmulhuw128)
#define SMTPOLL_VECTORS 1
#endif
#elif defined(__GNUC__)
#define SMTPOLL_VECTORS 1
#endif
#if defined(__x86_64__) && defined(SMTPOLL_VECTORS) && !defined(SMTPOLL_WINDOWS)
// Not on Windows, where g++ keeps the stack at 16 bytes and AVX2 spills would fault.
#define SMTPOLL_SSSE3 1
#define SMTPOLL_TARGET(name) __attribute__((target(name)))
#if !defined(__clang__)
#if __GNUC__ >= 12
#define SMTPOLL_AVX2 1
#endif
#elif __has_builtin(__builtin_ia32_pshufb256) && __has_builtin(__builtin_ia32_pmulhuw256) && \
    __has_builtin(__builtin_ia32_pmovmskb256)
#define SMTPOLL_AVX2 1
#endif
#elif defined(__SSSE3__) && defined(SMTPOLL_VECTORS)
#define SMTPOLL_SSSE3 1
#define SMTPOLL_TARGET(name)
#endif
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)
#define SMTPOLL_NEON 1
#endif
#endif

#if defined(SMTPOLL_SSE2) && !defined(SMTPOLL_VECTORS)
#include <emmintrin.h>
#elif defined(SMTPOLL_NEON)
#include <arm_neon.h>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// True where this processor has SSSE3, or AVX2. The compiler's start-up code has asked the processor already, so this
/// only looks at a bit.
inline bool HasSsse3() noexcept {
#if defined(SMTPOLL_SSSE3) && !defined(__SSSE3__) && defined(__GNUC__)
  return __builtin_cpu_supports("ssse3") != 0;
#elif defined(SMTPOLL_SSSE3)
  return true;
#else
  return false;
#endif
}
inline bool HasAvx2() noexcept {
#if defined(SMTPOLL_AVX2) && !defined(__AVX2__)
  return __builtin_cpu_supports("avx2") != 0;
#elif defined(SMTPOLL_AVX2)
  return true;
#else
  return false;
#endif
}

#if defined(SMTPOLL_AVX2)
using Bytes32 = unsigned char __attribute__((vector_size(32)));
#endif

#if defined(SMTPOLL_SSE2) && defined(SMTPOLL_VECTORS)
using Bytes16 = unsigned char __attribute__((vector_size(16)));
using Chars16 = char __attribute__((vector_size(16)));
using SignedBytes16 = signed char __attribute__((vector_size(16)));

inline Bytes16 Load16(const char* at) noexcept {
  Bytes16 bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}
inline Bytes16 Repeat16(char c) noexcept { return Bytes16{} + static_cast<unsigned char>(c); }
inline Bytes16 And(Bytes16 a, Bytes16 b) noexcept { return a & b; }
inline Bytes16 Or(Bytes16 a, Bytes16 b) noexcept { return a | b; }
inline Bytes16 Xor(Bytes16 a, Bytes16 b) noexcept { return a ^ b; }
/// All bits of a byte are set where the two are equal, or the first, as a number with a sign, is less.
inline Bytes16 Equal(Bytes16 a, Bytes16 b) noexcept { return reinterpret_cast<Bytes16>(a == b); }
inline Bytes16 Less(Bytes16 a, Bytes16 b) noexcept {
  return reinterpret_cast<Bytes16>(reinterpret_cast<SignedBytes16>(a) < reinterpret_cast<SignedBytes16>(b));
}
/// Bit i is the high bit of byte i.
inline std::uint32_t HighBitsOf(Bytes16 bytes) noexcept {
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<Chars16>(bytes)));
}
#elif defined(SMTPOLL_SSE2)
using Bytes16 = __m128i;

inline Bytes16 Load16(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
inline Bytes16 Repeat16(char c) noexcept { return _mm_set1_epi8(c); }
inline Bytes16 And(Bytes16 a, Bytes16 b) noexcept { return _mm_and_si128(a, b); }
inline Bytes16 Or(Bytes16 a, Bytes16 b) noexcept { return _mm_or_si128(a, b); }
inline Bytes16 Xor(Bytes16 a, Bytes16 b) noexcept { return _mm_xor_si128(a, b); }
inline Bytes16 Equal(Bytes16 a, Bytes16 b) noexcept { return _mm_cmpeq_epi8(a, b); }
inline Bytes16 Less(Bytes16 a, Bytes16 b) noexcept { return _mm_cmplt_epi8(a, b); }
inline std::uint32_t HighBitsOf(Bytes16 bytes) noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes)); }
#endif

/// Index of the lowest bit set in `mask`, which is not 0.
inline unsigned LowestBit(std::uint32_t mask) noexcept {
#if defined(__GNUC__)
  return static_cast<unsigned>(__builtin_ctz(mask));
#else
  unsigned at = 0;
  while ((mask >> at & 1) == 0) ++at;
  return at;
#endif
}

/// Index of the highest one.
inline unsigned HighestBit(std::uint32_t mask) noexcept {
#if defined(__GNUC__)
  return 31u - static_cast<unsigned>(__builtin_clz(mask));
#else
  unsigned at = 31;
  while ((mask >> at & 1) == 0) --at;
  return at;
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
