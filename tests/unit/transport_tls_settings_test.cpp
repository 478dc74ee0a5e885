#include "smtpoll/transport/tls_settings.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::detail::TlsPins;

namespace {

// printf "" | openssl dgst -sha256 -binary | base64, and the same for "abc".
const std::string kPinOfNothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const std::string kPinOfAbc = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

}  // namespace

TEST_CASE("TlsSettings: as made, it verifies, with TLS 1.2 or later") {
  const smtpoll::TlsSettings settings;
  CHECK(settings.minimum_version == smtpoll::TlsVersion::Tls12);
  CHECK_FALSE(settings.insecure_accept_any_certificate);
}

TEST_CASE("TlsSettings.pins: one, several, with and without prefix, between spaces and commas") {
  for (const std::string& text : {kPinOfAbc, "sha256/" + kPinOfAbc, " sha256//" + kPinOfAbc + "\n",
                                  kPinOfNothing + "," + kPinOfAbc, kPinOfNothing + ", sha256/" + kPinOfAbc + ";"}) {
    TlsPins pins;
    CAPTURE(text);
    REQUIRE(pins.Read(text));
    CHECK_FALSE(pins.empty());
    CHECK(pins.Match("abc"));
    CHECK_FALSE(pins.Match("abd"));
  }
}

TEST_CASE("TlsSettings.pins: none set matches nothing and is empty") {
  TlsPins pins;
  CHECK(pins.Read(""));
  CHECK(pins.Read(" , "));
  CHECK(pins.empty());
  CHECK_FALSE(pins.Match("abc"));
}

TEST_CASE("TlsSettings.pins: what is no pin is refused") {
  TlsPins pins;
  for (const std::string& text :
       {std::string("abc"), kPinOfAbc.substr(1), kPinOfAbc + "A", "sha1/" + kPinOfAbc, "sha256///" + kPinOfAbc,
        kPinOfAbc + kPinOfNothing, "*" + kPinOfAbc.substr(1), std::string(44, '=')})
    CHECK_FALSE(pins.Read(text));
  std::string many;
  for (std::size_t i = 0; i < TlsPins::kMost; ++i) many += kPinOfAbc + " ";
  CHECK(pins.Read(many));
  CHECK_FALSE(pins.Read(many + kPinOfAbc));
}
