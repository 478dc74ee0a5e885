#include "smtpoll/base/line_scan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace smtpoll::detail;

namespace {

using Search = std::size_t (*)(const char* bytes, std::size_t from, std::size_t size, bool dots);
struct Variant {
  const char* name;
  Search find;
};

/// All that this processor can run.
std::vector<Variant> Variants() {
  std::vector<Variant> all = {{"memchr", FindLineFaultByMemchr}};
#if defined(SMTPOLL_SSE2)
  all.push_back({"SSE2", FindLineFaultBySse2});
#endif
#if defined(SMTPOLL_AVX2)
  if (HasAvx2()) all.push_back({"AVX2", FindLineFaultByAvx2});
#endif
#if defined(SMTPOLL_NEON)
  all.push_back({"NEON", FindLineFaultByNeon});
#endif
  return all;
}

std::size_t Expected(const std::string& text, std::size_t from, bool dots) {
  for (std::size_t i = from; i < text.size(); ++i)
    if (IsLineFault(text[i - 1], text[i], dots)) return i;
  return text.size();
}

}  // namespace

TEST_CASE("RFC 5321 2.3.8, 4.5.2: every variant finds the first bare CR, bare LF or leading dot") {
  // Every string of up to 5 of these bytes, at every place of a text that is clean but for it.
  constexpr char kBytes[] = {'\r', '\n', '.', 'a'};
  const std::vector<Variant> variants = Variants();
  for (std::size_t length = 1; length <= 5; ++length) {
    for (std::size_t n = 0; n < std::size_t{1} << 2 * length; ++n) {
      std::string core;
      for (std::size_t i = 0; i < length; ++i) core += kBytes[n >> 2 * i & 3];
      // All places for the short ones; for the longest a few, which differ from string to string.
      for (std::size_t place = length < 5 ? 1 : 1 + n % 7; place < 140; place += length < 5 ? 1 : 7) {
        std::string text(place, 'x');
        text += core;
        text.append(n % 3 == 0 ? 0 : 140 - place, 'y');
        for (const bool dots : {false, true}) {
          const std::size_t expected = Expected(text, 1, dots);
          for (const Variant& variant : variants) {
            const std::size_t found = variant.find(text.data(), 1, text.size(), dots);
            if (found == expected) continue;
            CAPTURE(variant.name);
            CAPTURE(text);
            REQUIRE(found == expected);
          }
        }
      }
    }
  }
  CHECK(variants.size() >= 1);
}

TEST_CASE("RFC 5321 2.3.8: the byte before counts, and so does the last one") {
  CHECK(FindLineFault('\n', ".", 1, true) == 0);
  CHECK(FindLineFault('\n', ".", 1, false) == 1);
  CHECK(FindLineFault('\r', "\n", 1, true) == 1);
  CHECK(FindLineFault('\r', "a", 1, true) == 0);
  CHECK(FindLineFault('a', "\n", 1, true) == 0);
  CHECK(FindLineFault('a', "\r", 1, true) == 1);
  CHECK(FindLineFault('a', "", 0, true) == 0);
  for (std::size_t size = 1; size < 200; ++size) {
    std::string text;
    while (text.size() < size) text += text.size() % 9 == 7 ? '\r' : text.size() % 9 == 8 ? '\n' : 'a';
    CHECK(FindLineFault('\n', text.data(), size, true) == size);
    if (text[size - 1] != 'a') continue;
    text[size - 1] = '\n';
    CHECK(FindLineFault('\n', text.data(), size, true) == size - 1);
  }
}
