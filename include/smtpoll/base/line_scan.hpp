// Looks for what is wrong with lines: a CR or an LF that stands alone (RFC 5321 2.3.8), and a dot that starts a line
// (4.5.2). Both can be told from two neighbours, so 16 or 32 pairs are compared at once where the processor can.
// Invariant: every variant finds the same place.
#ifndef SMTPOLL_BASE_LINE_SCAN_HPP
#define SMTPOLL_BASE_LINE_SCAN_HPP

#include "smtpoll/base/features.hpp"
#include "smtpoll/base/simd.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// True where something has to stand between `before` and `c`: the other half of a CRLF, or with `dots` a dot.
constexpr bool IsLineFault(char before, char c, bool dots) noexcept {
  return (before == '\r') != (c == '\n') || (dots && c == '.' && before == '\n');
}

/// As FindLineFault from `from` (at least 1) on, without vector instructions of ours; memchr has those of the system.
inline std::size_t FindLineFaultByMemchr(const char* bytes, std::size_t from, std::size_t size, bool dots) noexcept {
  std::size_t at = from - 1;
  while (at + 1 < size) {
    if (bytes[at] != '\r' && bytes[at] != '\n') {
      const void* lf = std::memchr(bytes + at, '\n', size - at);
      const std::size_t end = lf == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(lf) - bytes);
      const void* cr = std::memchr(bytes + at, '\r', end - at);
      at = cr == nullptr ? end : static_cast<std::size_t>(static_cast<const char*>(cr) - bytes);
      if (at == size) return size;
      if (bytes[at] == '\n') return at;
      if (at + 1 == size) return size;
    }
    ++at;
    if (IsLineFault(bytes[at - 1], bytes[at], dots)) return at;
  }
  return size;
}

#if defined(SMTPOLL_SSE2)
inline std::size_t FindLineFaultBySse2(const char* bytes, std::size_t at, std::size_t size, bool dots) noexcept {
  const Bytes16 cr = Repeat16('\r'), lf = Repeat16('\n'), dot = Repeat16('.');
  const Bytes16 with_dots = Repeat16(static_cast<char>(dots ? -1 : 0));
  for (; at + 16 <= size; at += 16) {
    const Bytes16 before = Load16(bytes + at - 1), here = Load16(bytes + at);
    const Bytes16 alone = Xor(Equal(before, cr), Equal(here, lf));
    const Bytes16 dotted = And(Equal(before, lf), Equal(here, dot));
    const std::uint32_t mask = HighBitsOf(Or(alone, And(dotted, with_dots)));
    if (mask != 0) return at + LowestBit(mask);
  }
  return FindLineFaultByMemchr(bytes, at, size, dots);
}
#endif

#if defined(SMTPOLL_AVX2)
SMTPOLL_TARGET("avx2")
inline std::size_t FindLineFaultByAvx2(const char* bytes, std::size_t at, std::size_t size, bool dots) noexcept {
  using Chars = char __attribute__((vector_size(32)));
  using Signed = signed char __attribute__((vector_size(32)));
  const Chars cr = Chars{} + '\r', lf = Chars{} + '\n', dot = Chars{} + '.';
  const Signed with_dots = Signed{} - static_cast<signed char>(dots);
  const auto faults = [&](const char* place) SMTPOLL_TARGET("avx2") {
    Chars before, here;
    std::memcpy(&before, place - 1, sizeof before);
    std::memcpy(&here, place, sizeof here);
    return ((before == cr) ^ (here == lf)) | ((before == lf) & (here == dot) & with_dots);
  };
  const auto mask_of = [](Signed faults_found) SMTPOLL_TARGET("avx2") {
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<Chars>(faults_found)));
  };
  for (; at + 64 <= size; at += 64) {
    const Signed low = faults(bytes + at), high = faults(bytes + at + 32);
    if (mask_of(low | high) == 0) continue;
    const std::uint32_t mask = mask_of(low);
    return mask != 0 ? at + LowestBit(mask) : at + 32 + LowestBit(mask_of(high));
  }
  return FindLineFaultBySse2(bytes, at, size, dots);
}
#endif

#if defined(SMTPOLL_NEON)
inline std::size_t FindLineFaultByNeon(const char* bytes, std::size_t at, std::size_t size, bool dots) noexcept {
  const uint8x16_t cr = vdupq_n_u8('\r'), lf = vdupq_n_u8('\n'), dot = vdupq_n_u8('.');
  const uint8x16_t with_dots = vdupq_n_u8(dots ? 0xff : 0);
  for (; at + 16 <= size; at += 16) {
    const uint8x16_t before = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes + at - 1));
    const uint8x16_t here = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes + at));
    const uint8x16_t alone = veorq_u8(vceqq_u8(before, cr), vceqq_u8(here, lf));
    const uint8x16_t dotted = vandq_u8(vandq_u8(vceqq_u8(before, lf), vceqq_u8(here, dot)), with_dots);
    if (vmaxvq_u8(vorrq_u8(alone, dotted)) == 0) continue;
    while (!IsLineFault(bytes[at - 1], bytes[at], dots)) ++at;
    return at;
  }
  return FindLineFaultByMemchr(bytes, at, size, dots);
}
#endif

/// Index of the first of `size` bytes before which something has to be put, `size` where there is none. `before` is
/// the byte before the first one.
inline std::size_t FindLineFault(char before, const char* bytes, std::size_t size, bool dots) noexcept {
  if constexpr (kIsSmall) {
    std::size_t at = 0;
    for (; at < size && !IsLineFault(before, bytes[at], dots); ++at) before = bytes[at];
    return at;
  }
  if (size == 0 || IsLineFault(before, bytes[0], dots)) return 0;
#if defined(SMTPOLL_AVX2)
  if (size > 64 && HasAvx2()) return FindLineFaultByAvx2(bytes, 1, size, dots);
#endif
#if defined(SMTPOLL_SSE2)
  return FindLineFaultBySse2(bytes, 1, size, dots);
#elif defined(SMTPOLL_NEON)
  return FindLineFaultByNeon(bytes, 1, size, dots);
#else
  return FindLineFaultByMemchr(bytes, 1, size, dots);
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
