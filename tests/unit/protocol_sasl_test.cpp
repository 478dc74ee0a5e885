#include "smtpoll/protocol/sasl.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::AuthMechanism;
using smtpoll::Credentials;
using smtpoll::detail::SaslClient;
using smtpoll::detail::SaslStep;

namespace {
std::string Encoded(std::string_view bytes) {
  std::string text(smtpoll::detail::Base64Size(bytes.size()), '#');
  smtpoll::detail::Base64Encode(bytes.data(), bytes.size(), &text[0]);
  return text;
}

std::string Decoded(std::string text) {
  const std::size_t size = smtpoll::detail::Base64Decode(text, &text[0], text.size());
  REQUIRE(size != smtpoll::detail::kNotBase64);
  text.resize(size);
  return text;
}

/// One exchange, its texts without base64.
struct Exchange {
  Exchange(AuthMechanism mechanism, const Credentials& own) : credentials(own) {
    REQUIRE(smtpoll::detail::Misfit(mechanism, credentials) == nullptr);
    client.Start(mechanism, credentials);
  }

  std::string Response() {
    std::string room(client.ResponseSize(), '#');
    REQUIRE(client.WriteResponse(&room[0]) == room.size());
    return Decoded(room);
  }

  /// What the client answers to `encoded`; "(cancelled) why" where it gives up.
  std::string AnswerEncoded(std::string encoded) {
    works = 0;
    SaslStep step = client.Take({&encoded[0], encoded.size()});
    for (; step == SaslStep::Again; ++works) {
      CHECK(client.Working());
      step = client.Work();
    }
    CHECK_FALSE(client.Working());
    if (step == SaslStep::Cancel) return "(cancelled) " + std::string(client.Fault());
    return Response();
  }
  std::string Answer(std::string_view challenge) { return AnswerEncoded(Encoded(challenge)); }

  Credentials credentials;
  SaslClient client;
  int works = 0;  // calls of Work that the last answer took
};

/// The user and the server of RFC 5802 5, whose salt and nonces the other digests use here too.
constexpr std::string_view kNonce = "fyko+d2lbbFgONRv9qkxdawL";
const std::string kServerFirst = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";

Credentials User(std::string_view nonce = kNonce) {
  Credentials result;
  result.user_name = "user";
  result.password = "pencil";
  result.nonce = nonce;
  return result;
}
}  // namespace

TEST_CASE("RFC 4616 2: PLAIN says all in one response") {
  Exchange plain(AuthMechanism::Plain, {"tim", "tanstaaftanstaaf"});
  CHECK(plain.client.SpeaksFirst());
  CHECK(plain.Response() == std::string("\0tim\0tanstaaftanstaaf", 21));
  CHECK(plain.Answer("") == "(cancelled) ");

  Credentials other = {"j\xc3\xb6rg", ""};
  other.authorization_id = "Ursel";
  CHECK(Exchange(AuthMechanism::Plain, other).Response() == std::string("Ursel\0j\xc3\xb6rg\0", 12));
}

TEST_CASE("RFC 4954 4: a first response that was not sent along is given when it is asked for") {
  Exchange plain(AuthMechanism::Plain, {"tim", "x"});
  CHECK(plain.AnswerEncoded("any text") == std::string("\0tim\0x", 6));
}

TEST_CASE("LOGIN answers two challenges, user name and password, whatever they say") {
  Exchange login(AuthMechanism::Login, {"tim", "pass"});
  CHECK_FALSE(login.client.SpeaksFirst());
  CHECK(login.Answer("Username:") == "tim");
  CHECK(login.AnswerEncoded("no base64") == "pass");
  CHECK(login.Answer("more?") == "(cancelled) ");
}

TEST_CASE("RFC 2195 2: CRAM-MD5") {
  Exchange cram(AuthMechanism::CramMd5, {"tim", "tanstaaftanstaaf"});
  CHECK_FALSE(cram.client.SpeaksFirst());
  CHECK(cram.Answer("<1896.697170952@postoffice.reston.mci.net>") == "tim b913a602c7eda7a495b4e6e7334d3890");
  CHECK(cram.Answer("again") == "(cancelled) ");
  Exchange garbage(AuthMechanism::CramMd5, {"tim", "x"});
  CHECK(garbage.AnswerEncoded("PDE4OTY") == "(cancelled) the server's challenge is no base64");
}

TEST_CASE("RFC 4422 A.4: EXTERNAL names an identity or nobody") {
  Credentials pinned;
  pinned.pinned = AuthMechanism::External;
  CHECK(Exchange(AuthMechanism::External, pinned).Response() == "");
  pinned.authorization_id = "fred@example.com";
  CHECK(Exchange(AuthMechanism::External, pinned).Response() == "fred@example.com");
}

TEST_CASE("RFC 7628 3.1, 3.2.3: OAUTHBEARER, and the answer to a refusal") {
  Credentials own;
  own.user_name = "user@example.com";
  own.token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
  Exchange bearer(AuthMechanism::OAuthBearer, own);
  CHECK(bearer.Response() == "n,a=user@example.com,\1auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1");
  CHECK(bearer.client.Remark() == "");
  CHECK(bearer.Answer("{\"status\":\"invalid_token\",\n\"scope\":\"mail\"}") == "\1");
  CHECK(bearer.client.Remark() == "{\"status\":\"invalid_token\",?\"scope\":\"mail\"}");
  CHECK(bearer.Answer("{}") == "(cancelled) ");

  own.authorization_id = "a,b=c";
  CHECK(Exchange(AuthMechanism::OAuthBearer, own).Response().substr(0, 18) == "n,a=a=2Cb=3Dc,\1aut");
  own.user_name = own.authorization_id = "";
  CHECK(Exchange(AuthMechanism::OAuthBearer, own).Response().substr(0, 8) == "n,,\1auth");
}

TEST_CASE("XOAUTH2: the answer to a refusal is empty") {
  Credentials own;
  own.user_name = "someuser@example.com";
  own.token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
  Exchange bearer(AuthMechanism::XOAuth2, own);
  CHECK(bearer.Response() == "user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1");
  CHECK(bearer.Answer("{\"status\":\"401\"}") == "");
  CHECK(bearer.client.Remark() == "{\"status\":\"401\"}");
  Exchange garbage(AuthMechanism::XOAuth2, own);
  garbage.Response();
  CHECK(garbage.AnswerEncoded("{}") == "(cancelled) the server's challenge is no base64");
}

TEST_CASE("RFC 5802 5: SCRAM-SHA-1") {
  Exchange scram(AuthMechanism::ScramSha1, User());
  CHECK(scram.client.SpeaksFirst());
  CHECK(scram.Response() == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  CHECK(scram.Answer(kServerFirst) ==
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  CHECK(scram.works == 32);
  CHECK_FALSE(scram.client.Verified("Authentication successful"));
  CHECK(scram.Answer("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=") == "");
  CHECK(scram.client.Verified("welcome"));
  CHECK(scram.Answer("") == "(cancelled) ");
}

TEST_CASE("RFC 7677 3: SCRAM-SHA-256") {
  Exchange scram(AuthMechanism::ScramSha256, User("rOprNGfwEbeRWgbNEkqO"));
  CHECK(scram.Response() == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  CHECK(scram.Answer("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") ==
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  CHECK(scram.client.Verified(Encoded("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") + " welcome"));
}
