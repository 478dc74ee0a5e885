// TlsSettings as OpenSSL takes them: an SSL_CTX, made once and kept until a setting or a file that it names changes.
// Invariant: what cannot be used is an error here, before a connection is made; nothing is asked on a terminal.
#ifndef SMTPOLL_TRANSPORT_DETAIL_OPENSSL_CONTEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_OPENSSL_CONTEXT_HPP

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <memory>

#include "smtpoll/transport/detail/tls_fingerprint.hpp"

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "smtpoll/transport/openssl.hpp needs OpenSSL 3"
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Owns an object of OpenSSL's.
struct OpenSslFree {
  void operator()(SSL_CTX* object) const noexcept { SSL_CTX_free(object); }
  void operator()(SSL* object) const noexcept { SSL_free(object); }
  void operator()(SSL_SESSION* object) const noexcept { SSL_SESSION_free(object); }
  void operator()(BIO* object) const noexcept { BIO_free(object); }
  void operator()(BIO_METHOD* object) const noexcept { BIO_meth_free(object); }
  void operator()(GENERAL_NAMES* object) const noexcept { GENERAL_NAMES_free(object); }
  void operator()(STACK_OF(X509_INFO) * object) const noexcept { sk_X509_INFO_pop_free(object, X509_INFO_free); }
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

using OpenSslItems = OpenSslPtr<STACK_OF(X509_INFO)>;

/// All that stands in a PEM text; null where a part of it cannot be read.
inline OpenSslItems ReadPem(BIO* text) noexcept {
  // Null for the password: an encrypted key is skipped and not asked for.
  return OpenSslItems(text == nullptr ? nullptr : PEM_X509_INFO_read_bio(text, nullptr, nullptr, nullptr));
}

class OpenSslContext : public TlsChoices {
 public:
  /// Loads `settings`, unless they are loaded already. After an error there is no context.
  Error Configure(const TlsSettings& settings) noexcept {
    const TlsFingerprint wanted(settings);
    if (context_ != nullptr && fingerprint_ == wanted) return {};
    context_.reset();
    rejected_.reset();
    const Error error = Load(settings);
    ERR_clear_error();
    if (error)
      context_.reset();
    else
      fingerprint_ = wanted;
    ++changes_;
    return error;
  }

  SSL_CTX* Get() const noexcept { return context_.get(); }
  /// Another number whenever what was loaded before counts no more.
  unsigned Changes() const noexcept { return changes_; }
  /// Certificates and revocation lists; may be null.
  const STACK_OF(X509_INFO) * Rejected() const noexcept { return rejected_.get(); }

 private:
  Error Load(const TlsSettings& settings) noexcept {
    if (const Error error = Choose(settings)) return error;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (context_ == nullptr) return Error(Errc::OutOfMemory, Phase::Tls, "OpenSSL gives no context");
    SSL_CTX* const context = context_.get();
    // OpenSSL's own configuration may ask for more.
    const int lowest = settings.minimum_version == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_get_min_proto_version(context) < lowest && SSL_CTX_set_min_proto_version(context, lowest) != 1)
      return TlsSettingsError("SSLConnectionType", "is a TLS version that this OpenSSL does not have");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // The bytes of a write that has to be repeated stand where the engine has put them meanwhile.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);  // a flood of tickets does not hold a read for ever
    SSL_CTX_set_read_ahead(context, 1);  // a read of the socket takes what there is, not a record's header first
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    Error error = LoadAuthorities(settings);
    if (!error) error = LoadRejected(settings.rejection_file);
    if (!error) error = LoadOwn(settings);
    return error;
  }

  Error LoadAuthorities(const TlsSettings& settings) noexcept {
    const bool by_file = *settings.authority_file != '\0';
    const bool by_text = *settings.authority_pem != '\0';
    if (AcceptsAnyCertificate()) return {};
    if (!by_file && !by_text) {
      SSL_CTX_set_default_verify_paths(context_.get());
      return {};
    }
    // What is named is trusted, whether or not it is signed by itself.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
    if (by_file) {
      const OpenSslPtr<BIO> file(BIO_new_file(settings.authority_file, "r"));
      if (file == nullptr)
        return TlsSettingsError("CertificateAuthorityFile", "cannot be read", settings.authority_file);
      if (!Trust(ReadPem(file.get())))
        return TlsSettingsError("CertificateAuthorityFile", "holds no certificates in PEM", settings.authority_file);
    }
    const OpenSslPtr<BIO> text(by_text ? BIO_new_mem_buf(settings.authority_pem, -1) : nullptr);
    if (by_text && !Trust(ReadPem(text.get())))
      return TlsSettingsError("CertificateAuthorityPEM", "holds no certificates in PEM");
    return {};
  }

  bool Trust(const OpenSslItems& items) noexcept {
    if (items == nullptr) return false;
    X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
    int count = 0;
    for (int i = 0; i < sk_X509_INFO_num(items.get()); ++i)
      if (X509* const certificate = sk_X509_INFO_value(items.get(), i)->x509)
        count += X509_STORE_add_cert(store, certificate);
    return count != 0;
  }

  Error LoadRejected(const char* path) noexcept {
    if (*path == '\0') return {};
    const OpenSslPtr<BIO> file(BIO_new_file(path, "r"));
    if (file == nullptr) return TlsSettingsError("CertificateRejectionFile", "cannot be read", path);
    rejected_ = ReadPem(file.get());
    int count = 0;
    for (int i = 0; i < sk_X509_INFO_num(rejected_.get()); ++i) {
      const X509_INFO* const item = sk_X509_INFO_value(rejected_.get(), i);
      count += item->x509 != nullptr || item->crl != nullptr;
    }
    if (count != 0) return {};
    return TlsSettingsError("CertificateRejectionFile", "holds neither certificates nor revocation lists in PEM", path);
  }

  /// The client's own certificate and key.
  Error LoadOwn(const TlsSettings& settings) noexcept {
    const char* const path = settings.certificate_file;
    const char* const key = *settings.key_file != '\0' ? settings.key_file : path;
    if (*key == '\0') return {};
    if (*path == '\0') return TlsSettingsError("CertificateFile", "is missing beside CertificateKeyFile");
    SSL_CTX* const context = context_.get();
    for (const char* one : {path, key})
      if (OpenSslPtr<BIO>(BIO_new_file(one, "r")) == nullptr)
        return TlsSettingsError(one == path ? "CertificateFile" : "CertificateKeyFile", "cannot be read", one);
    PasswordRequest request{settings.certificate_password};
    SSL_CTX_set_default_passwd_cb(context, &GivePassword);
    SSL_CTX_set_default_passwd_cb_userdata(context, &request);
    const bool has_certificate = SSL_CTX_use_certificate_chain_file(context, path) == 1;
    const bool has_key = has_certificate && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (!has_certificate) return TlsSettingsError("CertificateFile", "holds no certificate in PEM", path);
    if (!has_key && request.asked)
      return TlsSettingsError("CertificatePassword", "does not open the private key in", key);
    if (!has_key)
      return TlsSettingsError(key == path ? "CertificateFile" : "CertificateKeyFile",
                              "holds no private key that fits the certificate", key);
    return {};
  }

  struct PasswordRequest {
    const char* password;
    bool asked = false;
  };
  static int GivePassword(char* into, int room, int, void* request) noexcept {
    auto* const wanted = static_cast<PasswordRequest*>(request);
    if (wanted == nullptr) return 0;
    wanted->asked = true;
    const std::size_t size = std::strlen(wanted->password);
    if (room < 0 || size > static_cast<std::size_t>(room)) return 0;
    std::memcpy(into, wanted->password, size);
    return static_cast<int>(size);
  }

  OpenSslPtr<SSL_CTX> context_;
  OpenSslItems rejected_;
  unsigned changes_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
