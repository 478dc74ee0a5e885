#include "smtpoll/base/pbkdf2.hpp"

#include <doctest/doctest.h>

#include "hex.hpp"
#include "smtpoll/base/sha1.hpp"
#include "smtpoll/base/sha2.hpp"

using namespace smtpoll::detail;

namespace {
template <typename DigestType>
std::string Key(std::string_view password, std::string_view salt, std::uint32_t iterations, std::uint32_t step) {
  Pbkdf2<DigestType> derivation(password);
  derivation.AddSalt(salt.substr(0, 3));
  derivation.AddSalt(salt.substr(3));
  derivation.Start(iterations);
  std::uint32_t steps = 1;
  while (!derivation.Step(step)) ++steps;
  CHECK((steps == 1) == (iterations - 1 <= step));
  return Hex(derivation.Key());
}
}  // namespace

TEST_CASE("RFC 6070 2: PBKDF2 with HMAC-SHA-1, in steps of any size") {
  for (const std::uint32_t step : {1u, 100u, 5000u}) {
    CHECK(Key<Sha1>("password", "salt", 1, step) == "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    CHECK(Key<Sha1>("password", "salt", 2, step) == "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    CHECK(Key<Sha1>("password", "salt", 4096, step) == "4b007901b765489abead49d926f721d065a429c1");
    CHECK(Key<Sha1>({"pass\0word", 9}, {"sa\0lt", 5}, 4096, step).substr(0, 32) == "56fa6aa75548099dcc37d7f03425e0c3");
  }
}

TEST_CASE("RFC 8018 5.2: PBKDF2 with HMAC-SHA-256 and HMAC-SHA-512") {
  CHECK(Key<Sha256>("password", "salt", 4096, 128) ==
        "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
  CHECK(Key<Sha512>("password", "salt", 4096, 128) ==
        "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
        "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5");
}
