#include "smtpoll/protocol/credentials.hpp"

#include <doctest/doctest.h>

#include <string>

#include "smtpoll/base/fixed_text.hpp"

using smtpoll::AuthMechanism;
using smtpoll::Credentials;

namespace {
/// The mechanisms that `credentials` are enough for, in the order of their trying.
std::string Fitting(const Credentials& credentials) {
  std::string names;
  for (std::size_t i = 0; i < smtpoll::detail::kAuthMechanismCount; ++i) {
    const auto mechanism = static_cast<AuthMechanism>(i);
    if (smtpoll::detail::Misfit(mechanism, credentials) == nullptr) names.append(Name(mechanism)).append(" ");
  }
  return names;
}
}  // namespace

TEST_CASE("Credentials: what each kind of them is enough for, strongest first") {
  Credentials own;
  CHECK(own.empty());
  CHECK(Fitting(own).empty());
  own.user_name = "user";
  CHECK_FALSE(own.empty());
  own.password = "pencil";
  CHECK(Fitting(own) == "CRAM-MD5 PLAIN LOGIN ");
  own.nonce = "12345678901234567,";
  CHECK(Fitting(own) == "CRAM-MD5 PLAIN LOGIN ");
  own.nonce = "12345678901234567";
  CHECK(Fitting(own) == "CRAM-MD5 PLAIN LOGIN ");
  own.nonce = "123456789012345678";
  CHECK(Fitting(own) == "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN ");
  own.channel_binding = "x";
  CHECK(Fitting(own) == "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN ");
  own.channel_binding_type = "tls-exporter";
  own.token = "t";
  CHECK(Fitting(own) ==
        "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 "
        "OAUTHBEARER XOAUTH2 CRAM-MD5 PLAIN LOGIN ");
  own.password = "";
  CHECK(Fitting(own) == "OAUTHBEARER XOAUTH2 ");
  own.authorization_id = "boss";
  CHECK(Fitting(own) == "OAUTHBEARER ");
  own.token = "";
  own.channel_binding = "";
  CHECK(Fitting(own) == "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN ");
  own = {};
  own.pinned = AuthMechanism::External;
  CHECK_FALSE(own.empty());
  CHECK(Fitting(own) == "EXTERNAL ");
}

TEST_CASE("Credentials: what a mechanism has no words for") {
  Credentials own = {"user", {"pass\0word", 9}};
  CHECK(Fitting(own).empty());
  own = {"us\1er", "\x07"};
  own.token = "t";
  own.nonce = "123456789012345678";
  CHECK(Fitting(own) == "CRAM-MD5 PLAIN LOGIN ");
  own.token = "";
  own.password = "sesame";
  own.user_name = "\xc2\xad";
  CHECK(Fitting(own) == "CRAM-MD5 PLAIN LOGIN ");
  own = {"user", ""};
  for (const char* token : {"t\1\1", "t\x7f", "\nt"}) {
    own.token = token;
    CHECK(Fitting(own).empty());
  }
  own.token = "t";
  CHECK(Fitting(own) == "OAUTHBEARER XOAUTH2 ");
  own.user_name =
      "us\x7f"
      "er";
  CHECK(Fitting(own).empty());
  own.user_name = "user";
  own.authorization_id = "\x7f";
  CHECK(Fitting(own).empty());
}

TEST_CASE("Credentials: of several mechanisms that do not fit, the strongest one's reason is told") {
  struct Offer {
    bool Has(AuthMechanism mechanism) const {
      return mechanism == AuthMechanism::ScramSha256 || mechanism == AuthMechanism::XOAuth2;
    }
  };
  const Credentials own = {"user", "pencil"};
  smtpoll::FixedText<128> why;
  CHECK(smtpoll::detail::StrongestMechanism(Offer(), own, 0, why) == AuthMechanism::Any);
  CHECK(why.View() == "the nonce is missing or too short");
  why.Clear();
  const auto behind = static_cast<std::size_t>(AuthMechanism::ScramSha256) + 1;
  CHECK(smtpoll::detail::StrongestMechanism(Offer(), own, behind, why) == AuthMechanism::Any);
  CHECK(why.View() == "the token is missing");
}
