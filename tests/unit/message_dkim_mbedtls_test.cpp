#include "smtpoll/message/dkim_mbedtls.hpp"

#include <doctest/doctest.h>
#include <mbedtls/ecp.h>

#include <string>

#include "smtpoll/base/entropy.hpp"

namespace {

int Random(void*, unsigned char* into, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    if (!smtpoll::detail::FillWithEntropy(reinterpret_cast<char*>(into + i), 1)) return -1;
  return 0;
}

smtpoll::DkimSettings Settings() {
  smtpoll::DkimSettings settings;
  settings.Domain = "x.org";
  settings.Selector = "sel";
  settings.Timestamp = false;
  return settings;
}

class Key {
 public:
  explicit Key(unsigned bits) {
    mbedtls_pk_init(&key_);
    const bool rsa = bits != 0;
    REQUIRE(mbedtls_pk_setup(&key_, mbedtls_pk_info_from_type(rsa ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY)) == 0);
    if (rsa)
      REQUIRE(mbedtls_rsa_gen_key(mbedtls_pk_rsa(key_), &Random, nullptr, bits, 65537) == 0);
    else
      REQUIRE(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key_), &Random, nullptr) == 0);
  }
  ~Key() { mbedtls_pk_free(&key_); }
  std::string Pem() {
    unsigned char text[8000] = {};
    REQUIRE(mbedtls_pk_write_key_pem(&key_, text, sizeof text) == 0);
    return reinterpret_cast<const char*>(text);
  }
  mbedtls_pk_context* Get() { return &key_; }

 private:
  mbedtls_pk_context key_;
};

std::string Fault(const smtpoll::MbedTLSDkimSigner& signer) { return signer.Fault() != nullptr ? signer.Fault() : ""; }

}  // namespace

TEST_CASE("RFC 6376 3.3.1: an RSA key from PEM signs by mbedTLS what its public half accepts") {
  Key key(1024);
  smtpoll::MbedTLSDkimSigner signer(Settings());
  CHECK(Fault(signer) == "there is no key: use UseKey or UseKeyFile");
  REQUIRE(signer.UseKey(key.Pem()));
  CHECK(Fault(signer).empty());
  const auto signing = signer.Begin("From: a@x.org\r\n");
  std::string field;
  REQUIRE(signing->Finish(field));
  const std::size_t at = field.find(" b=") + 3;
  std::string value, text = "from:a@x.org\r\n";
  for (const char c : field.substr(at))
    if (c != '\r' && c != '\n' && c != ' ') value += c;
  smtpoll::detail::AppendRelaxed({"DKIM-Signature", std::string_view(field).substr(15, at - 15)}, text);
  const std::size_t size = smtpoll::detail::Base64Decode(value, &value[0], value.size());
  CHECK(size == 128);
  smtpoll::detail::Sha256 hash;
  hash.Update(text);
  char digest[32];
  hash.Finish(digest);
  CHECK(mbedtls_pk_verify(key.Get(), MBEDTLS_MD_SHA256, reinterpret_cast<const unsigned char*>(digest), sizeof digest,
                          reinterpret_cast<const unsigned char*>(value.data()), size) == 0);
}

TEST_CASE("MbedTLSDkimSigner.UseKey: what is no key, or one that nobody trusts, is refused by name") {
  smtpoll::MbedTLSDkimSigner signer(Settings());
  for (const char* bad : {"", "nonsense", "-----BEGIN RSA PRIVATE KEY-----\n"}) {
    CHECK_FALSE(signer.UseKey(bad));
    CHECK(Fault(signer) == "the key is no private key in PEM, or its passphrase is wrong");
  }
  CHECK_FALSE(signer.UseKey(Key(768).Pem()));
  CHECK(Fault(signer) == "an RSA key below 1024 bits is not trusted (RFC 8301)");
  CHECK_FALSE(signer.UseKey(Key(0).Pem()));
  CHECK(Fault(signer) == "mbedTLS signs by RSA only");
  CHECK_FALSE(signer.UseKeyFile("./no-such-key.pem"));
  CHECK(Fault(signer) == "the file of the key cannot be read");
}
