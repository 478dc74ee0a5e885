// MIME's lines of base64 (RFC 2045 6.8): 57 bytes become 76 characters and CRLF, a whole number of lines at a time.
// The fastest variant that this processor has is taken; all give the same bytes, and all may encode in place.
#ifndef SMTPOLL_BASE_BASE64_LINES_HPP
#define SMTPOLL_BASE_BASE64_LINES_HPP

#include <cstring>

#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/base64_vector.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// RFC 2045 6.8: 76 characters of base64 are 57 bytes.
constexpr std::size_t kBase64LineBytes = 57;
constexpr std::size_t kBase64LineSize = 78;

constexpr std::uint64_t Base64LinesSize(std::uint64_t bytes) noexcept {
  const std::uint64_t rest = bytes % kBase64LineBytes;
  return bytes / kBase64LineBytes * kBase64LineSize + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

#if !defined(SMTPOLL_SMALL)

/// The two characters of each 12 bits: 8 KiB, which halves the look-ups. SMTPOLL_SMALL does without.
struct Base64Pairs {
  char text[4096][2] = {};
  constexpr Base64Pairs() noexcept {
    for (unsigned i = 0; i < 4096; ++i) {
      text[i][0] = kBase64Alphabet[i >> 6];
      text[i][1] = kBase64Alphabet[i & 63];
    }
  }
};
inline constexpr Base64Pairs kBase64Pairs;

/// Eight bytes, the first one on top.
inline std::uint64_t Load8(const char* at) noexcept {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  std::uint64_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return __builtin_bswap64(bits);
#else
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(at[i]);
  return bits;
#endif
}

/// As Base64EncodeLines, without vector instructions.
inline void Base64LinesByTable(const char* bytes, std::size_t lines, char* into) noexcept {
  const auto put = [](char* at, std::uint64_t bits) { std::memcpy(at, kBase64Pairs.text[bits & 4095], 2); };
  for (; lines != 0; --lines) {
    // Six of eight bytes at a time; the line's last three stand at the end of the ninth eight.
    std::uint64_t bits = 0;
    for (int i = 0; i < 9; ++i, bytes += 6, into += 8) {
      bits = Load8(bytes);
      put(into, bits >> 52);
      put(into + 2, bits >> 40);
      put(into + 4, bits >> 28);
      put(into + 6, bits >> 16);
    }
    bits = bits << 8 | static_cast<unsigned char>(bytes[2]);
    bytes += 3;
    put(into, bits >> 12);
    put(into + 2, bits);
    into[4] = '\r';
    into[5] = '\n';
    into += 6;
  }
}

#else

inline void Base64LinesByTable(const char* bytes, std::size_t lines, char* into) noexcept {
  for (; lines != 0; --lines, bytes += kBase64LineBytes) {
    into += Base64Encode(bytes, kBase64LineBytes, into);
    *into++ = '\r';
    *into++ = '\n';
  }
}

#endif

/// Encodes `lines` times 57 bytes to `into`, which has room for 78 times as many and does not overlap them, or begins
/// at least 21 * `lines` bytes before them.
inline void Base64EncodeLines(const char* bytes, std::size_t lines, char* into) noexcept {
#if defined(SMTPOLL_AVX2)
  if (HasAvx2()) return Base64LinesByAvx2(bytes, lines, into);
#endif
#if defined(SMTPOLL_SSSE3)
  if (HasSsse3()) return Base64LinesBySsse3(bytes, lines, into);
#endif
#if defined(SMTPOLL_NEON)
  return Base64LinesByNeon(bytes, lines, into);
#else
  Base64LinesByTable(bytes, lines, into);
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
