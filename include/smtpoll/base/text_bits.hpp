// What kinds of bytes a piece of text holds, 32 bytes at a time and a bit for each byte: so a pass over a text looks at
// single bytes only where something is. Invariant: every variant gives the same bits.
#ifndef SMTPOLL_BASE_TEXT_BITS_HPP
#define SMTPOLL_BASE_TEXT_BITS_HPP

#include <string_view>

#include "smtpoll/base/features.hpp"
#include "smtpoll/base/piece.hpp"
#include "smtpoll/base/simd.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Bit i is byte i. No byte has two kinds; a byte of none is a printable character, a space or a tab.
struct TextBits {
  std::uint32_t cr = 0;
  std::uint32_t lf = 0;
  std::uint32_t control = 0;    ///< Other control characters, NUL and DEL among them.
  std::uint32_t eight_bit = 0;  ///< 0x80 and above.
};

/// Of `size` bytes, at most 32; the bits above are 0.
inline TextBits TextBitsByByte(const char* bytes, std::size_t size) noexcept {
  TextBits bits;
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const std::uint32_t bit = std::uint32_t{1} << i;
    if (byte >= 0x80)
      bits.eight_bit |= bit;
    else if (byte == '\r')
      bits.cr |= bit;
    else if (byte == '\n')
      bits.lf |= bit;
    else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
      bits.control |= bit;
  }
  return bits;
}

#if defined(SMTPOLL_SSE2)
inline TextBits TextBitsOf32(const char* bytes) noexcept {
  TextBits bits;
  for (int half = 0; half < 32; half += 16) {
    const Bytes16 text = Load16(bytes + half);
    const auto mask = [half](Bytes16 found) { return HighBitsOf(found) << half; };
    const auto is = [text](char c) { return Equal(text, Repeat16(c)); };
    const std::uint32_t cr = mask(is('\r')), lf = mask(is('\n'));
    // A signed comparison: bytes of 0x80 and above are below the space too.
    const std::uint32_t low = mask(Or(Less(text, Repeat16(' ')), is(0x7f)));
    bits.cr |= cr;
    bits.lf |= lf;
    if (low == (cr | lf)) continue;
    const std::uint32_t eight_bit = mask(text);
    bits.eight_bit |= eight_bit;
    bits.control |= low & ~(cr | lf | eight_bit | mask(is('\t')));
  }
  return bits;
}
#elif defined(SMTPOLL_NEON)
inline TextBits TextBitsOf32(const char* bytes) noexcept {
  constexpr std::uint8_t kWeights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t weights = vld1q_u8(kWeights);
  TextBits bits;
  for (int half = 0; half < 32; half += 16) {
    const uint8x16_t text = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes + half));
    const auto mask = [half, weights](uint8x16_t found) {
      const uint8x16_t weighed = vandq_u8(found, weights);
      const std::uint32_t low = vaddv_u8(vget_low_u8(weighed)), high = vaddv_u8(vget_high_u8(weighed));
      return (low | high << 8) << half;
    };
    const auto is = [text](std::uint8_t c) { return vceqq_u8(text, vdupq_n_u8(c)); };
    const std::uint32_t cr = mask(is('\r')), lf = mask(is('\n')), tab = mask(is('\t'));
    bits.cr |= cr;
    bits.lf |= lf;
    bits.eight_bit |= mask(vcgeq_u8(text, vdupq_n_u8(0x80)));
    bits.control |= mask(vorrq_u8(vcltq_u8(text, vdupq_n_u8(' ')), is(0x7f))) & ~(cr | lf | tab);
  }
  return bits;
}
#else
inline TextBits TextBitsOf32(const char* bytes) noexcept { return TextBitsByByte(bytes, 32); }
#endif

#if defined(SMTPOLL_AVX2)
SMTPOLL_TARGET("avx2") inline TextBits TextBitsOf32ByAvx2(const char* bytes) noexcept {
  using Chars = char __attribute__((vector_size(32)));
  using Signed = signed char __attribute__((vector_size(32)));
  Signed text;
  std::memcpy(&text, bytes, sizeof text);
  const auto mask = [](Signed found) SMTPOLL_TARGET("avx2") {
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<Chars>(found)));
  };
  TextBits bits;
  const std::uint32_t low = mask((text < ' ') | (text == 0x7f));
  if (low == 0) return bits;
  bits.cr = mask(text == '\r');
  bits.lf = mask(text == '\n');
  if (low == (bits.cr | bits.lf)) return bits;
  bits.eight_bit = mask(text);
  bits.control = low & ~(bits.cr | bits.lf | bits.eight_bit | mask(text == '\t'));
  return bits;
}
#endif

/// True where 32 bytes are all of no kind, and no tabs: a quick look that may say false of such bytes too.
inline bool ArePlain32(const char* bytes) noexcept {
#if defined(SMTPOLL_SSE2)
  const Bytes16 low = Load16(bytes), high = Load16(bytes + 16);
  // Signed comparisons: what is below the space, or 0x80 and above, is below; DEL is the greatest.
  const Bytes16 least = Repeat16(' ' - 1), most = Repeat16(0x7f);
  const Bytes16 low_plain = And(Less(least, low), Less(low, most));
  const Bytes16 high_plain = And(Less(least, high), Less(high, most));
  return HighBitsOf(And(low_plain, high_plain)) == 0xffff;
#else
  static_cast<void>(bytes);
  return false;
#endif
}

/// Number of bits set.
inline unsigned CountBits(std::uint32_t bits) noexcept {
  bits -= bits >> 1 & 0x55555555;
  bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
  return ((bits + (bits >> 4)) & 0x0f0f0f0f) * 0x01010101u >> 24;
}

constexpr std::uint64_t kEachByte = 0x0101010101010101u;
constexpr std::uint64_t kHighBits = 0x80 * kEachByte;

/// Eight bytes of `text` from `at` on, in the processor's order.
inline std::uint64_t EightBytes(std::string_view text, std::size_t at) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text.data() + at, sizeof bytes);
  return bytes;
}

/// How many bytes at the front of `text` surely are what `are(eight bytes)` and `is(one byte)` ask for: a multiple of
/// 8, or all.
template <typename Are, typename Is>
std::size_t SkipEights(std::string_view text, Are&& are, Is&& is) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8)
    if (!are(EightBytes(text, at))) return at;
  // The rest together with what is known already.
  if (at != 0 && at != text.size()) return are(EightBytes(text, text.size() - 8)) ? text.size() : at;
  for (std::size_t i = at; i < text.size(); ++i)
    if (!is(static_cast<unsigned char>(text[i]))) return at;
  return text.size();
}

inline bool AnyHighBitIn32(const char* bytes) noexcept {
#if defined(SMTPOLL_SSE2)
  return HighBitsOf(Or(Load16(bytes), Load16(bytes + 16))) != 0;
#else
  const std::string_view text(bytes, 32);
  const std::uint64_t low = EightBytes(text, 0) | EightBytes(text, 8),
                      high = EightBytes(text, 16) | EightBytes(text, 24);
  return ((low | high) & kHighBits) != 0;
#endif
}

/// How many bytes at the front of `text` are surely ASCII: a multiple of 8, or all.
inline std::size_t SkipAscii(std::string_view text) noexcept {
  std::size_t at = 0;
  if constexpr (kIsSmall) {
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at == text.size() ? at : at - at % 8;
  }
  for (; at + 32 <= text.size(); at += 32)
    if (AnyHighBitIn32(text.data() + at)) break;
  const auto are = [](std::uint64_t bytes) { return (bytes & kHighBits) == 0; };
  return at + SkipEights(Rest(text, at), are, [](unsigned char byte) { return byte < 0x80; });
}

/// True where all of `text` is printable ASCII.
inline bool IsAllPrint(std::string_view text) noexcept {
  if constexpr (kIsSmall) {
    for (const char c : text)
      if (c < ' ' || c > '~') return false;
    return true;
  }
  // A byte below the space borrows from its high bit, DEL and above carry into it.
  const auto are = [](std::uint64_t bytes) {
    return (((bytes - ' ' * kEachByte) | (bytes + kEachByte) | bytes) & kHighBits) == 0;
  };
  return SkipEights(text, are, [](unsigned char byte) { return byte >= ' ' && byte < 0x7f; }) == text.size();
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
