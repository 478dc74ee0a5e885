#include "smtpoll/base/entropy.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_CASE("FillWithEntropy: fills all it was asked to, and something else each time") {
  std::string one(256, '\0'), other(256, '\0');
  REQUIRE(smtpoll::detail::FillWithEntropy(&one[0], one.size()));
  REQUIRE(smtpoll::detail::FillWithEntropy(&other[0], other.size()));
  CHECK(one != other);
  // Each half of 128 random bytes has some 100 values; fewer than 64 of them do not come by chance.
  CHECK(std::set<char>(one.begin(), one.begin() + 128).size() >= 64);
  CHECK(std::set<char>(one.begin() + 128, one.end()).size() >= 64);
}

TEST_CASE("RFC 5802 5.1: a nonce is printable, without a comma, and never the same") {
  smtpoll::detail::Nonce nonce;
  CHECK(nonce.View().empty());
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(nonce.Renew());
    CHECK(nonce.View().size() == 24);
    for (const char c : nonce.View()) CHECK(smtpoll::detail::Base64Value(c) < 64);
    CHECK(seen.insert(std::string(nonce.View())).second);
  }
}
