// MD5 (RFC 1321), for CRAM-MD5 only: as a digest it is broken, and nothing else here may rest on it.
#ifndef SMTPOLL_BASE_MD5_HPP
#define SMTPOLL_BASE_MD5_HPP

#include "smtpoll/base/digest.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

struct Md5Rules {
  using Word = std::uint32_t;
  static constexpr std::size_t kWords = 4;
  static constexpr bool kBigEndian = false;
  static constexpr Word kInitial[kWords] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u};

  /// RFC 1321 3.4: the integer part of 2^32 times |sin(i)|, i from 1 on in radians.
  static constexpr Word kSines[64] = {
      0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu, 0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u,
      0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu, 0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u,
      0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau, 0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u,
      0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu, 0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au,
      0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu, 0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u,
      0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u, 0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u,
      0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u, 0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u,
      0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u, 0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u};
  static constexpr unsigned char kTurns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

  static void Compress(Word* state, const Word* block) noexcept {
    Word a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned i = 0; i < 64; ++i) {
      Word mixed = 0;
      unsigned at = 0;
      switch (i / 16) {
        case 0: mixed = (b & c) | (~b & d), at = i; break;
        case 1: mixed = (b & d) | (c & ~d), at = 5 * i + 1; break;
        case 2: mixed = b ^ c ^ d, at = 3 * i + 5; break;
        default: mixed = c ^ (b | ~d), at = 7 * i; break;
      }
      const Word turned = RotateLeft<Word>(a + mixed + kSines[i] + block[at % 16], kTurns[i / 16][i % 4]);
      a = d;
      d = c;
      c = b;
      b += turned;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
};

using Md5 = Digest<Md5Rules>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
