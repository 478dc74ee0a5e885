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

/// The two characters of each 12 bits: 8 KiB, which halves the look-ups. SMTPOLL_SMALL does without. A literal, because
/// a constexpr loop over as much costs every program compile time.
// clang-format off
#define SMTPOLL_BASE64_PAIRS(c) \
  c "A" c "B" c "C" c "D" c "E" c "F" c "G" c "H" c "I" c "J" c "K" c "L" c "M" c "N" c "O" c "P" c "Q" c "R" c "S" \
  c "T" c "U" c "V" c "W" c "X" c "Y" c "Z" c "a" c "b" c "c" c "d" c "e" c "f" c "g" c "h" c "i" c "j" c "k" c "l" \
  c "m" c "n" c "o" c "p" c "q" c "r" c "s" c "t" c "u" c "v" c "w" c "x" c "y" c "z" c "0" c "1" c "2" c "3" c "4" \
  c "5" c "6" c "7" c "8" c "9" c "+" c "/"
inline constexpr char kBase64Pairs[] =
    SMTPOLL_BASE64_PAIRS("A") SMTPOLL_BASE64_PAIRS("B") SMTPOLL_BASE64_PAIRS("C") SMTPOLL_BASE64_PAIRS("D")
    SMTPOLL_BASE64_PAIRS("E") SMTPOLL_BASE64_PAIRS("F") SMTPOLL_BASE64_PAIRS("G") SMTPOLL_BASE64_PAIRS("H")
    SMTPOLL_BASE64_PAIRS("I") SMTPOLL_BASE64_PAIRS("J") SMTPOLL_BASE64_PAIRS("K") SMTPOLL_BASE64_PAIRS("L")
    SMTPOLL_BASE64_PAIRS("M") SMTPOLL_BASE64_PAIRS("N") SMTPOLL_BASE64_PAIRS("O") SMTPOLL_BASE64_PAIRS("P")
    SMTPOLL_BASE64_PAIRS("Q") SMTPOLL_BASE64_PAIRS("R") SMTPOLL_BASE64_PAIRS("S") SMTPOLL_BASE64_PAIRS("T")
    SMTPOLL_BASE64_PAIRS("U") SMTPOLL_BASE64_PAIRS("V") SMTPOLL_BASE64_PAIRS("W") SMTPOLL_BASE64_PAIRS("X")
    SMTPOLL_BASE64_PAIRS("Y") SMTPOLL_BASE64_PAIRS("Z") SMTPOLL_BASE64_PAIRS("a") SMTPOLL_BASE64_PAIRS("b")
    SMTPOLL_BASE64_PAIRS("c") SMTPOLL_BASE64_PAIRS("d") SMTPOLL_BASE64_PAIRS("e") SMTPOLL_BASE64_PAIRS("f")
    SMTPOLL_BASE64_PAIRS("g") SMTPOLL_BASE64_PAIRS("h") SMTPOLL_BASE64_PAIRS("i") SMTPOLL_BASE64_PAIRS("j")
    SMTPOLL_BASE64_PAIRS("k") SMTPOLL_BASE64_PAIRS("l") SMTPOLL_BASE64_PAIRS("m") SMTPOLL_BASE64_PAIRS("n")
    SMTPOLL_BASE64_PAIRS("o") SMTPOLL_BASE64_PAIRS("p") SMTPOLL_BASE64_PAIRS("q") SMTPOLL_BASE64_PAIRS("r")
    SMTPOLL_BASE64_PAIRS("s") SMTPOLL_BASE64_PAIRS("t") SMTPOLL_BASE64_PAIRS("u") SMTPOLL_BASE64_PAIRS("v")
    SMTPOLL_BASE64_PAIRS("w") SMTPOLL_BASE64_PAIRS("x") SMTPOLL_BASE64_PAIRS("y") SMTPOLL_BASE64_PAIRS("z")
    SMTPOLL_BASE64_PAIRS("0") SMTPOLL_BASE64_PAIRS("1") SMTPOLL_BASE64_PAIRS("2") SMTPOLL_BASE64_PAIRS("3")
    SMTPOLL_BASE64_PAIRS("4") SMTPOLL_BASE64_PAIRS("5") SMTPOLL_BASE64_PAIRS("6") SMTPOLL_BASE64_PAIRS("7")
    SMTPOLL_BASE64_PAIRS("8") SMTPOLL_BASE64_PAIRS("9") SMTPOLL_BASE64_PAIRS("+") SMTPOLL_BASE64_PAIRS("/");
#undef SMTPOLL_BASE64_PAIRS
// clang-format on

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
  const auto put = [](char* at, std::uint64_t bits) { std::memcpy(at, kBase64Pairs + 2 * (bits & 4095), 2); };
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
