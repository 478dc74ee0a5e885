// SHA-1 (RFC 3174), for SCRAM-SHA-1 only: in HMAC it still holds, as a digest of documents it does not.
#ifndef SMTPOLL_BASE_SHA1_HPP
#define SMTPOLL_BASE_SHA1_HPP

#include "smtpoll/base/digest.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

struct Sha1Rules {
  using Word = std::uint32_t;
  static constexpr std::size_t kWords = 5;
  static constexpr bool kBigEndian = true;
  static constexpr Word kInitial[kWords] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};

  /// The eighty words of the schedule (RFC 3174 6.2) are made in place: only the last sixteen are ever looked at.
  static void Compress(Word* state, Word* schedule) noexcept {
    Word a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; ++i) {
      Word& word = schedule[i % 16];
      if (i >= 16)
        word = RotateLeft<Word>(schedule[(i + 13) % 16] ^ schedule[(i + 8) % 16] ^ schedule[(i + 2) % 16] ^ word, 1);
      Word mixed = 0;
      switch (i / 20) {
        case 0: mixed = ((b & c) | (~b & d)) + 0x5a827999u; break;
        case 1: mixed = (b ^ c ^ d) + 0x6ed9eba1u; break;
        case 2: mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu; break;
        default: mixed = (b ^ c ^ d) + 0xca62c1d6u; break;
      }
      const Word next = RotateLeft<Word>(a, 5) + mixed + e + word;
      e = d;
      d = c;
      c = RotateLeft<Word>(b, 30);
      b = a;
      a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
  }
};

using Sha1 = Digest<Sha1Rules>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
