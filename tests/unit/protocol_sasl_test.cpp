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
  CHECK(bearer.Response() ==
        "user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1");
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

TEST_CASE("SCRAM-SHA-512, and RFC 5802 6: a bound channel is digested along") {
  const std::string final_start = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=";
  Exchange plain(AuthMechanism::ScramSha512, User());
  CHECK(plain.Response() == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  CHECK(plain.Answer(kServerFirst) == final_start +
                                          "VdS8LkrURiej1tG6iX+fqCXQfUnBb//d9llXYaH+ylUbDwBUz9geyR9fC4TewskRUM2tlYSalhAT"
                                          "4Aay1Q5dTA==");
  CHECK(plain.Answer(
            "v=14PAAuavk9hxBEkgB0brDxUhvWu+N16meYk+qxVNFqchR8QPohM09Y4Z6WaTCuX4C6nqMB9KIJTDm6RpSM990g==,x=y") == "");
  CHECK(plain.client.Verified(""));

  const struct {
    AuthMechanism mechanism;
    const char* proof;
    const char* signature;
  } bound[] = {
      {AuthMechanism::ScramSha1Plus, "KUxegR8888jVw5VOOFjhLLwMC9w=", "pZMWD2JSPvk6Wkq5OQ7Z+y2gpwE="},
      {AuthMechanism::ScramSha256Plus,
       "G2aYlXjn3D9JLP+hqiWRtfIeVtcsKgpUCUq2xZgpTDU=", "doiGVAQJLYJ9sVY9oDjyawKzZs5mEseXdu6tA7vqYyM="},
      {AuthMechanism::ScramSha512Plus,
       "wOhMskNBzFsuRKTBC8VRDypSu9estRrNG1kOOm9qhFIpOqCrRZsNRL8dt+CgX8ozut6pfdAJ1qBfQR6ki9UYPA==",
       "PdkTftjAr+o2LN8GAnNGRwuVlqyCXVjtpZ5DB8J3/8TW6XyPHIQiPrDu5wOAHx5EFasHDbkTFGlMMjFs2RQwrg=="},
  };
  Credentials own = User();
  own.channel_binding =
      "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff"
      "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff";
  own.channel_binding_type = "tls-exporter";
  for (const auto& expected : bound) {
    Exchange scram(expected.mechanism, own);
    CHECK(scram.Response() == "p=tls-exporter,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    CHECK(scram.Answer(kServerFirst) ==
          "c=cD10bHMtZXhwb3J0ZXIsLPDx8vP09fb3+Pn6+/z9/v/w8fLz9PX29/j5+vv8/f7/,"
          "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=" +
              std::string(expected.proof));
    CHECK(scram.Answer("v=" + std::string(expected.signature)) == "");
  }

  // A client that could bind the channel says so where the server does not offer it.
  Exchange unbound(AuthMechanism::ScramSha1, own);
  CHECK(unbound.Response() == "y,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  CHECK(unbound.Answer(kServerFirst) ==
        "c=eSws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=BjZF5dV+EkD3YCb3pH3IP8riMGw=");
  own.pinned = AuthMechanism::ScramSha1;
  CHECK(Exchange(AuthMechanism::ScramSha1, own).Response().substr(0, 3) == "n,,");
}

TEST_CASE("RFC 5802 5.1: names are prepared and quoted, and the identity to act as is named") {
  Credentials own = User();
  own.user_name = "us,e=r";
  own.authorization_id = "boss,=";
  Exchange scram(AuthMechanism::ScramSha256, own);
  CHECK(scram.Response() == "n,a=boss=2C=3D,n=us=2Ce=3Dr,r=fyko+d2lbbFgONRv9qkxdawL");
  CHECK(scram.Answer(kServerFirst) ==
        "c=bixhPWJvc3M9MkM9M0Qs,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
        "p=bo7ncSiFr6PtLFEFEfCEFH601IpuhEoKl7sSVOA96Gg=");

  own = User();
  own.user_name = "I\xc2\xadX";
  own.password = "\xc2\xaa\xc3\xbc\xc2\xa0\xef\xbd\x82";
  Exchange prepared(AuthMechanism::ScramSha1, own);
  CHECK(prepared.Response() == "n,,n=IX,r=fyko+d2lbbFgONRv9qkxdawL");
  CHECK(prepared.Answer("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=5000") ==
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=wt5lUxm8P9CNjK9jSs81+fGBnkY=");
}

TEST_CASE("RFC 5802 5: a challenge that is no first message of a server") {
  const std::string malformed = "(cancelled) the server's challenge is malformed";
  const std::string nonce = "(cancelled) the server's nonce is none, or does not begin with ours";
  const std::string good = "r=fyko+d2lbbFgONRv9qkxdawL3rfc";
  const struct {
    std::string challenge;
    std::string answer;
  } cases[] = {
      {"", malformed},
      {"r=", malformed},
      {"=,", malformed},
      {good, malformed},
      {good + ",", malformed},
      {good + ",s=QSXCR+Q6sek8bf92", malformed},
      {good + ",i=4096,s=QSXCR+Q6sek8bf92", malformed},
      {good + ",s=,i=4096", malformed},
      {good + ",s=QSX,i=4096", malformed},
      {good + ",s=QSXC====,i=4096", malformed},
      {good + ",s=QQ==QSXC,i=4096", malformed},
      {good + ",s=QS C,i=4096", malformed},
      {good + ",s=QSXC,i=", malformed},
      {good + ",s=QSXC,i=-1", malformed},
      {good + ",s=QSXC,i=4096x", malformed},
      {good + ",s=QSXC,i=18446744073709551616", malformed},
      {"m=new," + good + ",s=QSXC,i=4096", malformed},
      {"e=other-error", malformed},
      {"r=fyko+d2lbbFgONRv9qkxdawL,s=QSXC,i=4096", nonce},
      {"r=Fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXC,i=4096", nonce},
      {"r=3rfc,s=QSXC,i=4096", nonce},
      {"r=,s=QSXC,i=4096", nonce},
      {good + "\x7f,s=QSXC,i=4096", nonce},
      {good + ",s=QSXC,i=4095", "(cancelled) the server's iteration count is so low that it gives the password away"},
      {good + ",s=QSXC,i=0", "(cancelled) the server's iteration count is so low that it gives the password away"},
      {good + ",s=QSXC,i=1000001", "(cancelled) the server's iteration count is unreasonably high"},
      {good + ",s=QSXC,i=4294971392", "(cancelled) the server's iteration count is unreasonably high"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.challenge);
    Exchange scram(AuthMechanism::ScramSha1, User());
    scram.Response();
    CHECK(scram.Answer(one.challenge) == one.answer);
    CHECK_FALSE(scram.client.Verified(""));
  }
  for (const char* encoded : {"cj1meWtv=", "r=fyko", "====", "cj1m\ncj1m"}) {
    Exchange scram(AuthMechanism::ScramSha1, User());
    scram.Response();
    CHECK(scram.AnswerEncoded(encoded) == "(cancelled) the server's challenge is no base64");
  }
}

TEST_CASE("RFC 5802 5.1: optional extensions of the server are passed over") {
  Exchange scram(AuthMechanism::ScramSha1, User());
  scram.Response();
  CHECK(scram.Answer(kServerFirst + ",x=y").substr(0, 7) == "c=biws,");
}

TEST_CASE("RFC 5802 3: a server that cannot prove that it knows the password is refused") {
  const std::string wrong = "(cancelled) the server could not prove that it knows the password";
  for (const char* last : {"v=rmF9pqV8S7suAoZWja4dJRkFsKA=", "v=rmF9pqV8S7suAoZWja4dJRkFsA==", "v=", "", "v", "x=y",
                           "v=rmF9pqV8S7suAoZWja4dJRkFsKQ", "v=rmF9pqV8S7suAoZWja4dJRkFsKQA"}) {
    CAPTURE(last);
    Exchange scram(AuthMechanism::ScramSha1, User());
    scram.Response();
    scram.Answer(kServerFirst);
    CHECK(scram.Answer(last) == wrong);
    CHECK_FALSE(scram.client.Verified(Encoded(last)));
  }
  Exchange early(AuthMechanism::ScramSha1, User());
  CHECK_FALSE(early.client.Verified("welcome"));
  early.Response();
  CHECK_FALSE(early.client.Verified(Encoded("v=")));
  CHECK_FALSE(early.client.Verified(Encoded("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")));

  Exchange refused(AuthMechanism::ScramSha1, User());
  refused.Response();
  refused.Answer(kServerFirst);
  CHECK(refused.Answer("e=invalid-proof") == "");
  CHECK(refused.client.Remark() == "invalid-proof");
  CHECK_FALSE(refused.client.Verified(Encoded("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")));
}

TEST_CASE("SCRAM: the work is done in parts, also where a hostile server asks for the most there may be") {
  Exchange scram(AuthMechanism::ScramSha1, User());
  scram.Response();
  CHECK(scram.Answer("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=1000000") ==
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=hmrr5igRb+lIgZj+6T4Pi1eZtnY=");
  CHECK(scram.works == 7813);
}

TEST_CASE("SaslClient: garbage of any size ends the exchange and reads nothing out of bounds") {
  std::uint32_t seed = 1;
  const auto random = [&seed] { return (seed = seed * 1664525u + 1013904223u) >> 16; };
  for (int round = 0; round < 3000; ++round) {
    Exchange scram(AuthMechanism::ScramSha1, User());
    scram.Response();
    std::string text = kServerFirst;
    for (unsigned changes = random() % 3 + 1; changes != 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0)
        text[at] = static_cast<char>(random() % 256);
      else
        text.resize(at + 1);
    }
    std::string encoded = Encoded(text);
    if (random() % 4 == 0) encoded.resize(random() % (encoded.size() + 1));
    scram.client.Take({&encoded[0], encoded.size()});
  }
  CHECK(smtpoll::detail::SaslClient().Fault().empty());
}
