#include "smtpoll/base/base64_lines.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace smtpoll::detail;

namespace {

struct Variant {
  const char* name;
  void (*encode)(const char* bytes, std::size_t lines, char* into);
};

/// All that this processor can run.
std::vector<Variant> Variants() {
  std::vector<Variant> all = {{"table", Base64LinesByTable}, {"chosen", Base64EncodeLines}};
#if defined(SMTPOLL_SSSE3)
  if (HasSsse3()) all.push_back({"SSSE3", Base64LinesBySsse3});
#endif
#if defined(SMTPOLL_AVX2)
  if (HasAvx2()) all.push_back({"AVX2", Base64LinesByAvx2});
#endif
#if defined(SMTPOLL_NEON)
  all.push_back({"NEON", Base64LinesByNeon});
#endif
  return all;
}

/// The same line by line by the plain encoder.
std::string Expected(const std::string& bytes) {
  std::string result;
  for (std::size_t at = 0; at < bytes.size(); at += 57) {
    char line[76];
    REQUIRE(Base64Encode(bytes.data() + at, 57, line) == 76);
    result.append(line, sizeof line).append("\r\n");
  }
  return result;
}

std::string SomeBytes(std::size_t size, std::uint32_t seed) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

}  // namespace

TEST_CASE("RFC 2045 6.8: every variant makes the same lines, wherever they lie, and touches nothing beside them") {
  for (const Variant& variant : Variants()) {
    CAPTURE(variant.name);
    for (std::size_t lines = 0; lines <= 9; ++lines) {
      for (std::size_t shift = 0; shift < 64; ++shift) {
        const std::string bytes = SomeBytes(lines * 57, static_cast<std::uint32_t>(lines * 64 + shift));
        const std::string expected = Expected(bytes);
        // Apart: the bytes end where their memory ends.
        std::vector<char> raw(shift), text(shift + expected.size() + 33, '#');
        raw.insert(raw.end(), bytes.begin(), bytes.end());
        raw.shrink_to_fit();
        variant.encode(raw.data() + shift, lines, text.data() + shift);
        const std::string result(text.begin(), text.end());
        REQUIRE(result == std::string(shift, '#') + expected + std::string(33, '#'));
        // In place: the bytes end where their text will end, or further up.
        std::vector<char> room(expected.size() + shift, '#');
        std::copy(bytes.begin(), bytes.end(), room.end() - static_cast<std::ptrdiff_t>(bytes.size()));
        variant.encode(room.data() + room.size() - bytes.size(), lines, room.data());
        REQUIRE(std::string(room.data(), expected.size()) == expected);
      }
    }
  }
}

TEST_CASE("RFC 4648 4: every variant knows every sextet at every place") {
  for (const Variant& variant : Variants()) {
    CAPTURE(variant.name);
    for (unsigned sextet = 0; sextet < 64; ++sextet) {
      for (std::size_t place = 0; place < 76; ++place) {
        // The sextet's six bits at its place among the line's 456, all others 0; then all others 1.
        for (const bool ones : {false, true}) {
          std::string bytes(57, ones ? '\xff' : '\0'), expected(76, ones ? '/' : 'A');
          for (unsigned bit = 0; bit < 6; ++bit) {
            const std::size_t at = place * 6 + bit;
            const auto mask = static_cast<unsigned char>(0x80 >> at % 8);
            const bool set = (sextet >> (5 - bit) & 1) != 0;
            const auto before = static_cast<unsigned char>(bytes[at / 8]);
            bytes[at / 8] = static_cast<char>(set ? before | mask : before & ~mask);
          }
          expected[place] = kBase64Alphabet[sextet];
          char line[78];
          variant.encode(bytes.data(), 1, line);
          REQUIRE(std::string(line, 78) == expected + "\r\n");
        }
      }
    }
  }
}
