#include "smtpoll/message/dkim_openssl.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

namespace {

smtpoll::DkimSettings Settings() {
  smtpoll::DkimSettings settings;
  settings.Domain = "x.org";
  settings.Selector = "sel";
  settings.Timestamp = false;
  return settings;
}

/// A new key, as PEM; with a passphrase where one is given.
std::string Pem(EVP_PKEY* key, const std::string& passphrase = {}) {
  BIO* const bio = BIO_new(BIO_s_mem());
  const EVP_CIPHER* const cipher = passphrase.empty() ? nullptr : EVP_aes_256_cbc();
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, passphrase.data(), static_cast<int>(passphrase.size()),
                                        nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

class Key {
 public:
  explicit Key(EVP_PKEY* key) : key_(key) { REQUIRE(key != nullptr); }
  ~Key() { EVP_PKEY_free(key_); }
  EVP_PKEY* Get() const { return key_; }

 private:
  EVP_PKEY* key_;
};

std::string Fault(const smtpoll::OpenSSLDkimSigner& signer) { return signer.Fault() != nullptr ? signer.Fault() : ""; }

/// Signs an empty message and returns the bytes of b=; `signed_text` is what RFC 6376 3.7 hashes.
std::string Sign(const smtpoll::OpenSSLDkimSigner& signer, std::string& signed_text) {
  const auto signing = signer.Begin("From: a@x.org\r\n");
  std::string field;
  REQUIRE(signing->Finish(field));
  const std::size_t at = field.find(" b=") + 3;
  std::string value;
  for (const char c : field.substr(at))
    if (c != '\r' && c != '\n' && c != ' ') value += c;
  signed_text = "from:a@x.org\r\n";
  smtpoll::detail::AppendRelaxed({"DKIM-Signature", std::string_view(field).substr(15, at - 15)}, signed_text);
  const std::size_t size = smtpoll::detail::Base64Decode(value, &value[0], value.size());
  REQUIRE(size != smtpoll::detail::kNotBase64);
  return value.substr(0, size);
}

}  // namespace

TEST_CASE("RFC 6376 3.3.1: an RSA key from PEM signs what its public half accepts") {
  const Key key(EVP_RSA_gen(1024));
  for (const char* passphrase : {"", "secret words"}) {
    smtpoll::OpenSSLDkimSigner signer(Settings());
    CHECK(Fault(signer) == "there is no key: use UseKey or UseKeyFile");
    REQUIRE(signer.UseKey(Pem(key.Get(), passphrase), passphrase));
    CHECK(Fault(signer).empty());
    std::string text;
    const std::string signature = Sign(signer, text);
    CHECK(signature.size() == 128);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    REQUIRE(EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key.Get()) == 1);
    CHECK(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    EVP_MD_CTX_free(context);
  }
}

TEST_CASE("RFC 8463 3: an Ed25519 key signs the hash, not the text") {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  smtpoll::OpenSSLDkimSigner signer(Settings());
  REQUIRE(signer.UseKey(Pem(key.Get())));
  std::string text;
  const std::string signature = Sign(signer, text);
  CHECK(text.find("a=ed25519-sha256") != std::string::npos);
  smtpoll::detail::Sha256 hash;
  hash.Update(text);
  char digest[32];
  hash.Finish(digest);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  REQUIRE(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key.Get()) == 1);
  CHECK(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(digest), sizeof digest) == 1);
  EVP_MD_CTX_free(context);
}

TEST_CASE("OpenSSLDkimSigner.UseKey: what is no key, or one that nobody trusts, is refused by name") {
  smtpoll::OpenSSLDkimSigner signer(Settings());
  const Key good(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  REQUIRE(signer.UseKey(Pem(good.Get())));
  const std::string no_key = "the key is no private key in PEM, or its passphrase is wrong";
  for (const std::string& bad : {std::string(), std::string("nonsense"), Pem(good.Get()).substr(0, 60),
                                 Pem(good.Get(), "secret"), std::string(100000, 'x')}) {
    CHECK_FALSE(signer.UseKey(bad));
    CHECK(Fault(signer) == no_key);
  }
  CHECK_FALSE(signer.UseKey(Pem(good.Get(), "secret"), "wrong"));
  CHECK_FALSE(signer.UseKey(Pem(Key(EVP_RSA_gen(768)).Get())));
  CHECK(Fault(signer) == "an RSA key below 1024 bits is not trusted (RFC 8301)");
  CHECK_FALSE(signer.UseKey(Pem(Key(EVP_EC_gen("P-256")).Get())));
  CHECK(Fault(signer) == "the key is neither RSA nor Ed25519");
}

TEST_CASE("OpenSSLDkimSigner.UseKeyFile") {
  const std::string path = "./smtpoll-key-" + std::to_string(reinterpret_cast<std::uintptr_t>(&path)) + ".pem";
  const std::string pem = Pem(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")).Get());
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  std::fwrite(pem.data(), 1, pem.size(), file);
  std::fclose(file);
  smtpoll::OpenSSLDkimSigner signer(Settings());
  CHECK(signer.UseKeyFile(path));
  std::remove(path.c_str());
  CHECK_FALSE(signer.UseKeyFile(path));
  CHECK(Fault(signer) == "the file of the key cannot be read");
}

TEST_CASE("DkimSigner.Settings are those that it was made with") {
  const smtpoll::OpenSSLDkimSigner signer(Settings());
  CHECK(signer.Settings().Domain == "x.org");
  CHECK(signer.Settings().Selector == "sel");
  CHECK_FALSE(signer.Settings().Timestamp);
}
