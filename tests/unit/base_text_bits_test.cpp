#include "smtpoll/base/text_bits.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace smtpoll::detail;

namespace {
bool Same(const TextBits& a, const TextBits& b) {
  return a.cr == b.cr && a.lf == b.lf && a.control == b.control && a.eight_bit == b.eight_bit;
}
}  // namespace

TEST_CASE("RFC 2045 2.7: every byte value at every place has its kind") {
  for (unsigned value = 0; value < 256; ++value) {
    for (std::size_t place = 0; place < 32; ++place) {
      std::string text(40, 'a');
      text[3 + place] = static_cast<char>(value);
      const TextBits bits = TextBitsOf32(text.data() + 3);
      const std::uint32_t bit = std::uint32_t{1} << place;
      const bool control = (value < 32 && value != 9 && value != 10 && value != 13) || value == 127;
      REQUIRE(bits.cr == (value == 13 ? bit : 0));
      REQUIRE(bits.lf == (value == 10 ? bit : 0));
      REQUIRE(bits.control == (control ? bit : 0));
      REQUIRE(bits.eight_bit == (value >= 128 ? bit : 0));
#if defined(SMTPOLL_AVX2)
      if (HasAvx2()) REQUIRE(Same(TextBitsOf32ByAvx2(text.data() + 3), bits));
#endif
      const bool plain = value >= ' ' && value < 127;
      if (!plain) REQUIRE_FALSE(ArePlain32(text.data() + 3));
#if defined(SMTPOLL_SSE2)
      if (plain) REQUIRE(ArePlain32(text.data() + 3));
#endif
    }
  }
}

TEST_CASE("RFC 2045 2.7: the kinds of mixed text are the same by vectors and by byte") {
  std::string text;
  std::uint32_t seed = 1;
  for (int i = 0; i < 4000; ++i) text += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  for (std::size_t i = 0; i + 32 <= text.size(); ++i)
    REQUIRE(Same(TextBitsOf32(text.data() + i), TextBitsByByte(text.data() + i, 32)));
#if defined(SMTPOLL_AVX2)
  for (std::size_t i = 0; i + 32 <= text.size() && HasAvx2(); ++i)
    REQUIRE(Same(TextBitsOf32ByAvx2(text.data() + i), TextBitsByByte(text.data() + i, 32)));
#endif
  CHECK(Same(TextBitsByByte("\r\n\x01\x80z", 2), TextBitsByByte("\r\n", 2)));
}

TEST_CASE("SkipAscii never passes over a byte of 0x80 and above, and is at most 7 bytes short of it") {
  for (std::size_t size = 0; size < 40; ++size) {
    CHECK(SkipAscii(std::string(size, 'a')) == size);
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, 'a');
      text[place] = '\x80';
      CHECK(SkipAscii(text) <= place);
      CHECK(SkipAscii(text) + 8 > place);
    }
  }
}

TEST_CASE("IsAllPrint: one byte of any value at any place of a text of any length") {
  for (std::size_t size = 1; size < 20; ++size) {
    CHECK(IsAllPrint(std::string(size, '~')));
    for (std::size_t place = 0; place < size; ++place) {
      for (unsigned value = 0; value < 256; ++value) {
        std::string text(size, place % 2 == 0 ? ' ' : '~');
        text[place] = static_cast<char>(value);
        REQUIRE(IsAllPrint(text) == (value >= ' ' && value < 127));
      }
    }
  }
  CHECK(IsAllPrint(""));
}

TEST_CASE("CountBits, LowestBit and HighestBit") {
  CHECK(CountBits(0) == 0);
  CHECK(CountBits(0xffffffff) == 32);
  for (unsigned i = 0; i < 32; ++i) {
    CHECK(CountBits(std::uint32_t{1} << i) == 1);
    CHECK(CountBits(0xffffffff >> i) == 32 - i);
    CHECK(LowestBit(0xffffffff << i) == i);
    CHECK(HighestBit(0xffffffff >> i) == 31 - i);
  }
}
