// DKIM keys by mbedTLS 2.28 and 3: RSA (RFC 6376); this library has no Ed25519. Opt-in: include it by name and link
// mbedcrypto.
//   auto signer = std::make_shared<smtpoll::MbedTLSDkimSigner>(settings);
//   signer->UseKeyFile("dkim.pem");
//   mail.Signer = signer;
// Invariant: no text of a key is kept.
#ifndef SMTPOLL_MESSAGE_DKIM_MBEDTLS_HPP
#define SMTPOLL_MESSAGE_DKIM_MBEDTLS_HPP

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

#include <string>
#include <string_view>
#include <utility>

#include "smtpoll/base/entropy.hpp"
#include "smtpoll/base/secret.hpp"
#include "smtpoll/message/dkim.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// A signer for one thread at a time: the library keeps its blinding values in the key.
class MbedTLSDkimSigner final : public DkimSigner {
 public:
  /// A signer without a key yet.
  explicit MbedTLSDkimSigner(DkimSettings settings) : DkimSigner(std::move(settings)) { mbedtls_pk_init(&key_); }
  ~MbedTLSDkimSigner() override { mbedtls_pk_free(&key_); }

  /// Takes a private RSA key in PEM, from memory or from a file. False where it cannot be used; Fault then says why,
  /// and the key before it is gone.
  bool UseKey(std::string_view pem, std::string_view passphrase = {}) {
    mbedtls_pk_free(&key_);
    mbedtls_pk_init(&key_);
    std::string text(pem);  // the library wants a NUL behind it, and counts it
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.c_str());
    const auto* const secret = passphrase.empty() ? nullptr : reinterpret_cast<const unsigned char*>(passphrase.data());
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    const int result =
        mbedtls_pk_parse_key(&key_, bytes, text.size() + 1, secret, passphrase.size(), &FillRandom, nullptr);
#else
    const int result = mbedtls_pk_parse_key(&key_, bytes, text.size() + 1, secret, passphrase.size());
#endif
    detail::Wipe(&text[0], text.size());
    fault_ = "the key is no private key in PEM, or its passphrase is wrong";
    if (result != 0) return false;
    fault_ = mbedtls_pk_get_type(&key_) != MBEDTLS_PK_RSA ? "mbedTLS signs by RSA only"
                                                          : RsaFault(mbedtls_pk_get_bitlen(&key_));
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
  static int FillRandom(void*, unsigned char* into, std::size_t size) {
    for (std::size_t at = 0; at < size; at += 256)
      if (!detail::FillWithEntropy(reinterpret_cast<char*>(into) + at, size - at < 256 ? size - at : 256)) return -1;
    return 0;
  }

  const char* KeyFault() const noexcept override { return fault_; }
  Algorithm KeyAlgorithm() const noexcept override { return Algorithm::RsaSha256; }
  std::size_t SignatureSize() const noexcept override { return (mbedtls_pk_get_bitlen(&key_) + 7) / 8; }

  bool SignHash(const unsigned char* hash, unsigned char* into) const override {
    std::size_t size = 0;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    const int result = mbedtls_pk_sign(&key_, MBEDTLS_MD_SHA256, hash, detail::Sha256::kSize, into, kLongestSignature,
                                       &size, &FillRandom, nullptr);
#else
    const int result =
        mbedtls_pk_sign(&key_, MBEDTLS_MD_SHA256, hash, detail::Sha256::kSize, into, &size, &FillRandom, nullptr);
#endif
    return result == 0 && size == SignatureSize();
  }

  mutable mbedtls_pk_context key_;
  const char* fault_ = "there is no key: use UseKey or UseKeyFile";
};

SMTPOLL_NAMESPACE_END

#endif
