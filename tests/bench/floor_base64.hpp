// Base64 lines of MIME (RFC 2045 6.8) with AVX2, for the floor only: what a hand-written client could reach at best.
// Invariant: reads up to 19 bytes and writes up to 2 characters beyond the ends, so both areas need that much slack.
#ifndef SMTPOLL_TESTS_BENCH_FLOOR_BASE64_HPP
#define SMTPOLL_TESTS_BENCH_FLOOR_BASE64_HPP

#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#define SMTPOLL_BENCH_AVX2 __attribute__((target("avx2")))

namespace bench {

/// 24 bytes in two lanes of 12 become 32 characters.
SMTPOLL_BENCH_AVX2 inline __m256i Characters(__m256i bytes) {
  const __m256i spread = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const __m256i group = _mm256_shuffle_epi8(bytes, spread);
  const __m256i high =
      _mm256_mulhi_epu16(_mm256_and_si256(group, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
  const __m256i low =
      _mm256_mullo_epi16(_mm256_and_si256(group, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
  const __m256i value = _mm256_or_si256(high, low);
  // What is to be added depends on the range of the value: 0 to 25, 26 to 51, one of ten digits, +, /.
  __m256i range = _mm256_subs_epu8(value, _mm256_set1_epi8(51));
  const __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), value);
  range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
  const __m256i offsets = _mm256_broadcastsi128_si256(
      _mm_setr_epi8('a' - 26, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, '+' - 62, '/' - 63, 'A', 0, 0));
  return _mm256_add_epi8(value, _mm256_shuffle_epi8(offsets, range));
}

SMTPOLL_BENCH_AVX2 inline __m256i TwoLanes(const char* bytes) {
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 12));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/// `lines` times 57 bytes become as many lines of 76 characters and CR LF. Returns where the next line goes.
SMTPOLL_BENCH_AVX2 inline char* EncodeLines(const char* bytes, std::size_t lines, char* into) {
  for (; lines != 0; --lines, bytes += 57, into += 78) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(into), Characters(TwoLanes(bytes)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(into + 32), Characters(TwoLanes(bytes + 24)));
    // The last 9 bytes are 12 characters; the four behind them are written over.
    const __m128i rest = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 48));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(into + 64),
                     _mm256_castsi256_si128(Characters(_mm256_castsi128_si256(rest))));
    std::memcpy(into + 76, "\r\n", 2);
  }
  return into;
}

}  // namespace bench
#endif

namespace bench {

/// The bytes behind the last whole line, at most 56, as one line; nothing for none. Also the whole work where there is
/// no AVX2.
inline char* EncodeRest(const char* bytes, std::size_t size, char* into) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (size == 0) return into;
  for (std::size_t i = 0; i < size; i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < size ? static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) : 0u;
    };
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *into++ = kAlphabet[group >> 18];
    *into++ = kAlphabet[group >> 12 & 63];
    *into++ = i + 1 < size ? kAlphabet[group >> 6 & 63] : '=';
    *into++ = i + 2 < size ? kAlphabet[group & 63] : '=';
  }
  *into++ = '\r';
  *into++ = '\n';
  return into;
}

}  // namespace bench

#endif
