// DKIM keys by OpenSSL 3: RSA and Ed25519 (RFC 6376, RFC 8463). Opt-in: include it by name and link crypto.
//   auto signer = std::make_shared<smtpoll::OpenSSLDkimSigner>(settings);
//   signer->UseKeyFile("dkim.pem");
//   mail.Signer = signer;
// Invariant: no key is ever asked for on a terminal, and no text of one is kept.
#ifndef SMTPOLL_MESSAGE_DKIM_OPENSSL_HPP
#define SMTPOLL_MESSAGE_DKIM_OPENSSL_HPP

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "smtpoll/base/secret.hpp"
#include "smtpoll/message/dkim.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// A signer that may be used from several threads at once, once it has its key.
class OpenSSLDkimSigner final : public DkimSigner {
 public:
  /// A signer without a key yet.
  explicit OpenSSLDkimSigner(DkimSettings settings) : DkimSigner(std::move(settings)) {}
  ~OpenSSLDkimSigner() override { EVP_PKEY_free(key_); }

  /// Takes a private key in PEM, from memory or from a file. False where it cannot be used; Fault then says why, and
  /// the key before it is gone.
  bool UseKey(std::string_view pem, std::string_view passphrase = {}) {
    EVP_PKEY_free(std::exchange(key_, nullptr));
    fault_ = "the key is no private key in PEM, or its passphrase is wrong";
    if (BIO* const bio = pem.size() < 65536 ? BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())) : nullptr) {
      key_ = PEM_read_bio_PrivateKey(bio, nullptr, &GivePassphrase, &passphrase);
      BIO_free(bio);
    }
    ERR_clear_error();
    if (key_ == nullptr) return false;
    fault_ = nullptr;
    const bool rsa = EVP_PKEY_is_a(key_, "RSA") == 1;
    if (!rsa && EVP_PKEY_is_a(key_, "ED25519") != 1) fault_ = "the key is neither RSA nor Ed25519";
    if (rsa) fault_ = RsaFault(static_cast<std::size_t>(EVP_PKEY_get_bits(key_)));
    return fault_ == nullptr;
  }
  /// As UseKey, from a PEM file.
  bool UseKeyFile(const std::string& path, std::string_view passphrase = {}) {
    std::string pem = detail::ReadKeyFile(path);
    const bool used = UseKey(pem, passphrase);
    if (pem.empty()) fault_ = "the file of the key cannot be read";
    detail::Wipe(pem.data(), pem.size());
    return used;
  }

 private:
  static int GivePassphrase(char* into, int room, int, void* passphrase) {
    const std::string_view text = *static_cast<const std::string_view*>(passphrase);
    if (text.empty() || room < 0 || text.size() > static_cast<std::size_t>(room)) return -1;
    std::memcpy(into, text.data(), text.size());
    return static_cast<int>(text.size());
  }

  const char* KeyFault() const noexcept override { return fault_; }
  Algorithm KeyAlgorithm() const noexcept override {
    return EVP_PKEY_is_a(key_, "RSA") == 1 ? Algorithm::RsaSha256 : Algorithm::Ed25519Sha256;
  }
  std::size_t SignatureSize() const noexcept override { return static_cast<std::size_t>(EVP_PKEY_get_size(key_)); }

  bool SignHash(const unsigned char* hash, unsigned char* into) const override {
    std::size_t size = SignatureSize();
    const bool done =
        KeyAlgorithm() == Algorithm::RsaSha256 ? SignByRsa(hash, into, size) : SignByEd25519(hash, into, size);
    ERR_clear_error();
    return done && size == SignatureSize();
  }
  bool SignByRsa(const unsigned char* hash, unsigned char* into, std::size_t& size) const {
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key_, nullptr);
    const bool done = context != nullptr && EVP_PKEY_sign_init(context) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_sign(context, into, &size, hash, detail::Sha256::kSize) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
  }
  bool SignByEd25519(const unsigned char* hash, unsigned char* into, std::size_t& size) const {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const bool done = context != nullptr && EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_) == 1 &&
                      EVP_DigestSign(context, into, &size, hash, detail::Sha256::kSize) == 1;
    EVP_MD_CTX_free(context);
    return done;
  }

  EVP_PKEY* key_ = nullptr;
  const char* fault_ = "there is no key: use UseKey or UseKeyFile";
};

SMTPOLL_NAMESPACE_END

#endif
