// TlsSettings as mbedTLS takes them: an mbedtls_ssl_config and what it points to, made once and kept until a setting or
// a file that it names changes. mbedTLS has no authorities of the system's: the list that this system keeps in a file
// is read. Invariant: what cannot be used is an error here, before a connection is made; no text of a key is kept.
#ifndef SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_CONTEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_CONTEXT_HPP

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include "smtpoll/transport/detail/tls_file.hpp"
#include "smtpoll/transport/detail/tls_fingerprint.hpp"

#if MBEDTLS_VERSION_NUMBER < 0x021C0000 || MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "smtpoll/transport/mbedtls.hpp needs mbedTLS 2.28 or 3"
#endif

// From 3.0 on, TLS 1.3 stands on the library's PSA, which wants to be begun.
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
#include <psa/crypto.h>
#define SMTPOLL_MBEDTLS_TLS13 1
#else
#define SMTPOLL_MBEDTLS_TLS13 0
#endif

// Whether "tls-exporter" (RFC 9266) can be had.
#if SMTPOLL_MBEDTLS_TLS13 && defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
#define SMTPOLL_MBEDTLS_EXPORTER 1
#else
#define SMTPOLL_MBEDTLS_EXPORTER 0
#endif

// 3.0 calls members private that it has no function for.
#if defined(MBEDTLS_PRIVATE)
#define SMTPOLL_MBEDTLS_MEMBER(name) MBEDTLS_PRIVATE(name)
#else
#define SMTPOLL_MBEDTLS_MEMBER(name) name
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Owns an object of mbedTLS's that has an init and a free.
template <typename T, void (*Init)(T*), void (*Free)(T*)>
class MbedTlsObject {
 public:
  MbedTlsObject() noexcept { Init(&object_); }
  ~MbedTlsObject() { Free(&object_); }
  MbedTlsObject(const MbedTlsObject&) = delete;
  MbedTlsObject& operator=(const MbedTlsObject&) = delete;

  void Reset() noexcept {
    Free(&object_);
    Init(&object_);
  }
  T* Get() noexcept { return &object_; }
  const T* Get() const noexcept { return &object_; }

 private:
  T object_;
};

using MbedTlsCertificates = MbedTlsObject<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free>;
using MbedTlsCrls = MbedTlsObject<mbedtls_x509_crl, mbedtls_x509_crl_init, mbedtls_x509_crl_free>;
using MbedTlsKey = MbedTlsObject<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using MbedTlsConfig = MbedTlsObject<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free>;
using MbedTlsEntropy = MbedTlsObject<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free>;
using MbedTlsRandom = MbedTlsObject<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free>;
using MbedTlsSession = MbedTlsObject<mbedtls_ssl_session, mbedtls_ssl_session_init, mbedtls_ssl_session_free>;
using MbedTlsConnection = MbedTlsObject<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free>;

class MbedTlsContext : public TlsChoices {
 public:
  /// Loads `settings`, unless they are loaded already. After an error there is no context.
  Error Configure(const TlsSettings& settings) noexcept {
    const TlsFingerprint wanted(settings);
    if (loaded_ && fingerprint_ == wanted) return {};
    loaded_ = false;
    ++changes_;
    const Error error = Load(settings);
    loaded_ = !error;
    fingerprint_ = wanted;
    return error;
  }

  bool IsLoaded() const noexcept { return loaded_; }
  mbedtls_ssl_config* Get() noexcept { return config_.Get(); }
  /// Another number whenever what was loaded before counts no more.
  unsigned Changes() const noexcept { return changes_; }
  const mbedtls_x509_crt& Rejected() const noexcept { return *rejected_.Get(); }
  const mbedtls_x509_crl& Revoked() const noexcept { return *revoked_.Get(); }

 private:
  // Where Linux systems, the BSDs, macOS and Alpine keep the list of their authorities.
  static constexpr const char* kSystemAuthorities[] = {"/etc/ssl/certs/ca-certificates.crt",
                                                       "/etc/pki/tls/certs/ca-bundle.crt",
                                                       "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                                       "/etc/ssl/ca-bundle.pem",
                                                       "/etc/ssl/cert.pem",
                                                       "/usr/local/share/certs/ca-root-nss.crt"};

  Error Load(const TlsSettings& settings) noexcept {
    config_.Reset();
    authorities_.Reset();
    rejected_.Reset();
    revoked_.Reset();
    own_.Reset();
    key_.Reset();
    if (const Error error = Choose(settings)) return error;
    mbedtls_ssl_config* const config = config_.Get();
    if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
      return Error(Errc::OutOfMemory, Phase::Tls, "mbedTLS gives no configuration");
    if (!Seed()) return Error(Errc::TlsSettings, Phase::Tls, "mbedTLS finds no source of random numbers");
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, random_.Get());
    if (settings.minimum_version == TlsVersion::Tls13 && SMTPOLL_MBEDTLS_TLS13 == 0)
      return TlsSettingsError("SSLConnectionType", "is a TLS version that this mbedTLS does not have");
    const bool newest = settings.minimum_version == TlsVersion::Tls13;
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(config, newest ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
#else
    // 3, 3 is TLS 1.2 as it stands on the wire, and 3, 4 is 1.3.
    mbedtls_ssl_conf_min_version(config, 3, newest ? 4 : 3);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if SMTPOLL_MBEDTLS_TLS13 && MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
#endif
    // Where any certificate is taken, MbedTlsPeer still looks at each.
    mbedtls_ssl_conf_authmode(config,
                              AcceptsAnyCertificate() ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED);
    Error error = LoadAuthorities(settings);
    if (!error) error = LoadRejected(settings.rejection_file);
    if (!error) error = LoadOwn(settings);
    return error;
  }

  bool Seed() noexcept {
    if (seeded_) return true;
#if SMTPOLL_MBEDTLS_TLS13
    if (psa_crypto_init() != PSA_SUCCESS) return false;
#endif
    seeded_ = mbedtls_ctr_drbg_seed(random_.Get(), mbedtls_entropy_func, entropy_.Get(), nullptr, 0) == 0;
    return seeded_;
  }

  Error LoadAuthorities(const TlsSettings& settings) noexcept {
    if (AcceptsAnyCertificate()) return {};
    const std::string_view text = settings.authority_pem;
    if (*settings.authority_file == '\0' && text.empty()) {
      if (Error error = LoadSystemAuthorities()) return error;
    }
    if (*settings.authority_file != '\0') {
      TlsFile file;
      if (!file.Load(settings.authority_file))
        return TlsSettingsError("CertificateAuthorityFile", "cannot be read", settings.authority_file);
      // Some that mbedTLS cannot read do no harm here: they are not trusted.
      if (Parse(file.View(), authorities_) < 0)
        return TlsSettingsError("CertificateAuthorityFile", "holds no certificates in PEM", settings.authority_file);
    }
    if (!text.empty() && Parse(text, authorities_) < 0)
      return TlsSettingsError("CertificateAuthorityPEM", "holds no certificates in PEM");
    mbedtls_ssl_conf_ca_chain(config_.Get(), authorities_.Get(), nullptr);
    return {};
  }

  Error LoadSystemAuthorities() noexcept {
    for (const char* path : kSystemAuthorities) {
      TlsFile file;
      if (file.Load(path) && Parse(file.View(), authorities_) >= 0) return {};
    }
    return TlsSettingsError(
        "CertificateAuthorityFile",
        "must be set with mbedTLS, for this system keeps no list of authorities where one is known");
  }

  /// `text` ends with a NUL. How many certificates of it cannot be read, or a negative number where there is none.
  static int Parse(std::string_view text, MbedTlsCertificates& into) noexcept {
    if (text.empty()) return -1;
    return mbedtls_x509_crt_parse(into.Get(), reinterpret_cast<const unsigned char*>(text.data()), text.size() + 1);
  }

  Error LoadRejected(const char* path) noexcept {
    if (*path == '\0') return {};
    TlsFile file;
    if (!file.Load(path)) return TlsSettingsError("CertificateRejectionFile", "cannot be read", path);
    const bool certificates = file.View().find("-----BEGIN CERTIFICATE") != std::string_view::npos;
    const bool lists = file.View().find("-----BEGIN X509 CRL") != std::string_view::npos;
    // What cannot be read here would be accepted.
    bool good = certificates || lists;
    if (certificates) good = Parse(file.View(), rejected_) == 0;
    if (good && lists)
      good = mbedtls_x509_crl_parse(revoked_.Get(), reinterpret_cast<const unsigned char*>(file.View().data()),
                                    file.View().size() + 1) == 0;
    if (good) return {};
    return TlsSettingsError("CertificateRejectionFile", "holds no certificates or revocation lists in PEM", path);
  }

  /// The client's own certificate and key.
  Error LoadOwn(const TlsSettings& settings) noexcept {
    const char* const path = settings.certificate_file;
    const bool apart = *settings.key_file != '\0';
    const char* const key_path = apart ? settings.key_file : path;
    if (*key_path == '\0') return {};
    if (*path == '\0') return TlsSettingsError("CertificateFile", "is missing beside CertificateKeyFile");
    TlsFile certificate, key_file;
    if (!certificate.Load(path)) return TlsSettingsError("CertificateFile", "cannot be read", path);
    if (apart && !key_file.Load(key_path)) return TlsSettingsError("CertificateKeyFile", "cannot be read", key_path);
    const std::string_view key = apart ? key_file.View() : certificate.View();
    if (Parse(certificate.View(), own_) != 0)
      return TlsSettingsError("CertificateFile", "holds no certificate in PEM", path);
    if (!ParseKey(key, settings.certificate_password)) {
      // "Proc-Type: 4,ENCRYPTED" or "BEGIN ENCRYPTED PRIVATE KEY"
      if (key.find("ENCRYPTED") != std::string_view::npos)
        return TlsSettingsError("CertificatePassword", "does not open the private key in", key_path);
      key_.Reset();
    }
    if (!KeyFits() || mbedtls_ssl_conf_own_cert(config_.Get(), own_.Get(), key_.Get()) != 0)
      return TlsSettingsError(apart ? "CertificateKeyFile" : "CertificateFile",
                              "holds no private key that fits the certificate", key_path);
    return {};
  }

  bool ParseKey(std::string_view text, const char* password) noexcept {
    if (text.empty()) return false;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t size = std::strlen(password);
    const auto* const secret = size != 0 ? reinterpret_cast<const unsigned char*>(password) : nullptr;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(key_.Get(), bytes, text.size() + 1, secret, size, mbedtls_ctr_drbg_random,
                                random_.Get()) == 0;
#else
    return mbedtls_pk_parse_key(key_.Get(), bytes, text.size() + 1, secret, size) == 0;
#endif
  }

  bool KeyFits() noexcept {
    if (mbedtls_pk_get_type(key_.Get()) == MBEDTLS_PK_NONE) return false;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(&own_.Get()->pk, key_.Get(), mbedtls_ctr_drbg_random, random_.Get()) == 0;
#else
    return mbedtls_pk_check_pair(&own_.Get()->pk, key_.Get()) == 0;
#endif
  }

  MbedTlsEntropy entropy_;
  MbedTlsRandom random_;
  MbedTlsCertificates authorities_, rejected_, own_;
  MbedTlsCrls revoked_;
  MbedTlsKey key_;
  MbedTlsConfig config_;  // points to those above, so it goes first
  bool seeded_ = false;
  bool loaded_ = false;
  unsigned changes_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
