// Lines of base64 (57 bytes become 76 characters and CRLF) by vector instructions. A line is taken in pieces that
// overlap, so nothing before or after it is read; all of a line is read before its place is written.
// The arithmetic is W. Mula's: three bytes are spread over four by a shuffle, two multiplications shift the sextets in
// place, and a shuffle by the sextet's range gives what has to be added to make it a character.
#ifndef SMTPOLL_BASE_BASE64_VECTOR_HPP
#define SMTPOLL_BASE_BASE64_VECTOR_HPP

#include "smtpoll/base/simd.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

#if defined(SMTPOLL_SSSE3)

/// 12 bytes, 3 at each place that `spread` says, as 16 characters.
SMTPOLL_TARGET("ssse3") inline Bytes16 Base64Of12(Bytes16 bytes, Bytes16 spread) noexcept {
  using Words = unsigned short __attribute__((vector_size(16)));
  using SignedWords = short __attribute__((vector_size(16)));
  using Quads = std::uint32_t __attribute__((vector_size(16)));
  const auto in = reinterpret_cast<Quads>(
      __builtin_ia32_pshufb128(reinterpret_cast<Chars16>(bytes), reinterpret_cast<Chars16>(spread)));
  const Quads shift_high = Quads{} + 0x04000040u, shift_low = Quads{} + 0x01000010u;
  const SignedWords high = __builtin_ia32_pmulhuw128(reinterpret_cast<SignedWords>(in & 0x0fc0fc00u),
                                                     reinterpret_cast<SignedWords>(shift_high));
  const Words low = reinterpret_cast<Words>(in & 0x003f03f0u) * reinterpret_cast<Words>(shift_low);
  const Bytes16 sextets = reinterpret_cast<Bytes16>(high) | reinterpret_cast<Bytes16>(low);
#if !defined(__clang__) || __has_builtin(__builtin_ia32_psubusb128)
  const auto above_z = reinterpret_cast<Bytes16>(
      __builtin_ia32_psubusb128(reinterpret_cast<Chars16>(sextets), reinterpret_cast<Chars16>(Repeat16(51))));
#else
  const Bytes16 above_z = __builtin_elementwise_sub_sat(sextets, Repeat16(51));
#endif
  const Bytes16 range = above_z - Less(Repeat16(25), sextets);
  // 252 is -4, 237 is -19, 240 is -16.
  const Bytes16 offsets = {65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0};
  return sextets + reinterpret_cast<Bytes16>(
                       __builtin_ia32_pshufb128(reinterpret_cast<Chars16>(offsets), reinterpret_cast<Chars16>(range)));
}

SMTPOLL_TARGET("ssse3")
inline void Base64LinesBySsse3(const char* bytes, std::size_t lines, char* into) noexcept {
  const Bytes16 spread = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
  const Bytes16 spread_last = spread + 4;
  const auto store = [](char* at, Bytes16 text) { std::memcpy(at, &text, sizeof text); };
  for (; lines != 0; --lines, bytes += 57, into += 78) {
    const Bytes16 a = Load16(bytes), b = Load16(bytes + 12), c = Load16(bytes + 24), d = Load16(bytes + 36);
    const Bytes16 last = Load16(bytes + 41);  // its last 12 bytes, 3 of them done twice
    store(into, Base64Of12(a, spread));
    store(into + 16, Base64Of12(b, spread));
    store(into + 32, Base64Of12(c, spread));
    store(into + 48, Base64Of12(d, spread));
    store(into + 60, Base64Of12(last, spread_last));
    into[76] = '\r';
    into[77] = '\n';
  }
}

#endif

#if defined(SMTPOLL_AVX2)

/// As Base64Of12 in each half.
SMTPOLL_TARGET("avx2") inline Bytes32 Base64Of24(Bytes32 bytes, Bytes32 spread) noexcept {
  using Chars = char __attribute__((vector_size(32)));
  using Signed = signed char __attribute__((vector_size(32)));
  using Words = unsigned short __attribute__((vector_size(32)));
  using SignedWords = short __attribute__((vector_size(32)));
  using Quads = std::uint32_t __attribute__((vector_size(32)));
  const auto in = reinterpret_cast<Quads>(
      __builtin_ia32_pshufb256(reinterpret_cast<Chars>(bytes), reinterpret_cast<Chars>(spread)));
  const Quads shift_high = Quads{} + 0x04000040u, shift_low = Quads{} + 0x01000010u;
  const SignedWords high = __builtin_ia32_pmulhuw256(reinterpret_cast<SignedWords>(in & 0x0fc0fc00u),
                                                     reinterpret_cast<SignedWords>(shift_high));
  const Words low = reinterpret_cast<Words>(in & 0x003f03f0u) * reinterpret_cast<Words>(shift_low);
  const Bytes32 sextets = reinterpret_cast<Bytes32>(high) | reinterpret_cast<Bytes32>(low);
#if !defined(__clang__) || __has_builtin(__builtin_ia32_psubusb256)
  const auto above_z = reinterpret_cast<Bytes32>(
      __builtin_ia32_psubusb256(reinterpret_cast<Chars>(sextets), reinterpret_cast<Chars>(Bytes32{} + 51)));
#else
  const Bytes32 above_z = __builtin_elementwise_sub_sat(sextets, Bytes32{} + 51);
#endif
  const Bytes32 range = above_z - reinterpret_cast<Bytes32>(reinterpret_cast<Signed>(sextets) > 25);
  const Bytes32 offsets = {65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0,
                           65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0};
  return sextets + reinterpret_cast<Bytes32>(
                       __builtin_ia32_pshufb256(reinterpret_cast<Chars>(offsets), reinterpret_cast<Chars>(range)));
}

/// 16 bytes at each of two places.
SMTPOLL_TARGET("avx2") inline Bytes32 Load16And16(const char* low, const char* high) noexcept {
  Bytes16 a, b;
  std::memcpy(&a, low, sizeof a);
  std::memcpy(&b, high, sizeof b);
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                 23, 24, 25, 26, 27, 28, 29, 30, 31);
}

SMTPOLL_TARGET("avx2")
inline void Base64LinesByAvx2(const char* bytes, std::size_t lines, char* into) noexcept {
  const Bytes32 spread = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
  const Bytes32 spread_last = spread + 4;
  for (; lines != 0; bytes += 114, into += 156) {
    // Two lines share one step for the last 12 bytes of each.
    const std::size_t second = lines == 1 ? 0 : 57;
    const Bytes32 a = Load16And16(bytes, bytes + 12), b = Load16And16(bytes + 24, bytes + 36);
    const Bytes32 c = Load16And16(bytes + second, bytes + second + 12);
    const Bytes32 d = Load16And16(bytes + second + 24, bytes + second + 36);
    const Bytes32 last = Base64Of24(Load16And16(bytes + 41, bytes + second + 41), spread_last);
    const Bytes32 text_a = Base64Of24(a, spread), text_b = Base64Of24(b, spread);
    std::memcpy(into, &text_a, 32);
    std::memcpy(into + 32, &text_b, 32);
    std::memcpy(into + 60, &last, 16);
    std::memcpy(into + 76, "\r\n", 2);
    if (lines == 1) return;
    const Bytes32 text_c = Base64Of24(c, spread), text_d = Base64Of24(d, spread);
    const Bytes16 last_16 =
        __builtin_shufflevector(last, last, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
    std::memcpy(into + 78, &text_c, 32);
    std::memcpy(into + 110, &text_d, 32);
    std::memcpy(into + 138, &last_16, 16);
    std::memcpy(into + 154, "\r\n", 2);
    lines -= 2;
  }
}

#endif

#if defined(SMTPOLL_NEON)

inline void Base64LinesByNeon(const char* bytes, std::size_t lines, char* into) noexcept {
  const uint8x16x4_t alphabet = vld1q_u8_x4(reinterpret_cast<const std::uint8_t*>(kBase64Alphabet));
  const uint8x16_t low_six = vdupq_n_u8(63);
  const auto* in = reinterpret_cast<const std::uint8_t*>(bytes);
  auto* out = reinterpret_cast<std::uint8_t*>(into);
  for (; lines != 0; --lines, in += 57, out += 78) {
    // 48 bytes, and the last 24 of the line, 15 of them done twice.
    const uint8x16x3_t a = vld3q_u8(in);
    const uint8x8x3_t b = vld3_u8(in + 33);
    uint8x16x4_t text;
    text.val[0] = vqtbl4q_u8(alphabet, vshrq_n_u8(a.val[0], 2));
    text.val[1] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(a.val[1], 4), a.val[0], 4), low_six));
    text.val[2] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(a.val[2], 6), a.val[1], 2), low_six));
    text.val[3] = vqtbl4q_u8(alphabet, vandq_u8(a.val[2], low_six));
    const uint8x8_t low_six_b = vget_low_u8(low_six);
    uint8x8x4_t last;
    last.val[0] = vqtbl4_u8(alphabet, vshr_n_u8(b.val[0], 2));
    last.val[1] = vqtbl4_u8(alphabet, vand_u8(vsli_n_u8(vshr_n_u8(b.val[1], 4), b.val[0], 4), low_six_b));
    last.val[2] = vqtbl4_u8(alphabet, vand_u8(vsli_n_u8(vshr_n_u8(b.val[2], 6), b.val[1], 2), low_six_b));
    last.val[3] = vqtbl4_u8(alphabet, vand_u8(b.val[2], low_six_b));
    vst4q_u8(out, text);
    vst4_u8(out + 44, last);
    out[76] = '\r';
    out[77] = '\n';
  }
}

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
