// TlsSettings as Windows takes them: Schannel credentials, a store of authorities and an engine that builds chains with
// it, made once and kept until a setting or a file that it names changes. The client's own certificate is a PKCS #12
// file, for Windows reads no private keys in PEM. Invariant: what cannot be used is an error here, before a connection.
#ifndef SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_CONTEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_CONTEXT_HPP

#include <cstddef>

#include "smtpoll/socket/detail/system_headers.hpp"
#include "smtpoll/transport/detail/tls_file.hpp"
#include "smtpoll/transport/detail/tls_fingerprint.hpp"

#if defined(SMTPOLL_WINDOWS)

#if !defined(SECURITY_WIN32)
#define SECURITY_WIN32
#define SMTPOLL_BORROWED_SECURITY_WIN32
#endif

#include <wincrypt.h>

#include <sspi.h>

#include <schannel.h>

#if defined(SMTPOLL_BORROWED_SECURITY_WIN32)
#undef SECURITY_WIN32
#undef SMTPOLL_BORROWED_SECURITY_WIN32
#endif

#else
#error "smtpoll/transport/schannel.hpp is for Windows: it stands on SSPI"
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Owns an object of Windows's.
struct SchannelFree {
  void operator()(void* store) const noexcept { CertCloseStore(store, 0); }
  void operator()(const CERT_CONTEXT* object) const noexcept { CertFreeCertificateContext(object); }
  void operator()(const CERT_CHAIN_CONTEXT* object) const noexcept { CertFreeCertificateChain(object); }
};
using CertificateStore = std::unique_ptr<void, SchannelFree>;
using CertificatePtr = std::unique_ptr<const CERT_CONTEXT, SchannelFree>;
using CertificateChainPtr = std::unique_ptr<const CERT_CHAIN_CONTEXT, SchannelFree>;

class SchannelContext : public TlsChoices {
 public:
  SchannelContext() = default;
  SchannelContext(const SchannelContext&) = delete;
  SchannelContext& operator=(const SchannelContext&) = delete;
  ~SchannelContext() { Clear(); }

  /// Loads `settings`, unless they are loaded already. After an error there is no context.
  Error Configure(const TlsSettings& settings) noexcept {
    const TlsFingerprint wanted(settings);
    if (loaded_ && fingerprint_ == wanted) return {};
    Clear();
    const Error error = Load(settings);
    if (error)
      Clear();
    else
      loaded_ = true;
    fingerprint_ = wanted;
    return error;
  }

  bool IsLoaded() const noexcept { return loaded_; }
  CredHandle* Credentials() noexcept { return &credentials_; }
  /// Windows keeps sessions by the credentials: with new ones nothing is resumed.
  bool RenewCredentials() noexcept { return Acquire(); }
  /// Null for Windows's own authorities.
  HCERTCHAINENGINE Engine() const noexcept { return engine_; }
  HCERTSTORE Rejected() const noexcept { return rejected_.get(); }

 private:
  static constexpr DWORD kEncoding = X509_ASN_ENCODING | PKCS_7_ASN_ENCODING;

  void Clear() noexcept {
    if (has_credentials_) FreeCredentialsHandle(&credentials_);
    if (engine_ != nullptr) CertFreeCertificateChainEngine(engine_);
    engine_ = nullptr;
    own_.reset();
    own_store_.reset();
    authorities_.reset();
    rejected_.reset();
    has_credentials_ = loaded_ = false;
  }

  Error Load(const TlsSettings& settings) noexcept {
    if (const Error error = Choose(settings)) return error;
    if (settings.minimum_version == TlsVersion::Tls13)
      return TlsSettingsError("SSLConnectionType", "is a TLS version that is not used by Schannel here");
    Error error = LoadAuthorities(settings);
    if (!error) error = LoadRejected(settings.rejection_file);
    if (!error) error = LoadOwn(settings);
    if (!error && !Acquire()) error = Error(Errc::TlsSettings, Phase::Tls, "Schannel gives no credentials");
    return error;
  }

  bool Acquire() noexcept {
    if (has_credentials_) FreeCredentialsHandle(&credentials_);
    SCHANNEL_CRED wanted{};
    PCCERT_CONTEXT own = own_.get();
    wanted.dwVersion = SCHANNEL_CRED_VERSION;
    wanted.cCreds = own != nullptr ? 1 : 0;
    wanted.paCred = own != nullptr ? &own : nullptr;
    wanted.grbitEnabledProtocols = SP_PROT_TLS1_2_CLIENT;
    // SchannelPeer verifies; and no certificate of the user's is shown unasked.
    wanted.dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS | SCH_USE_STRONG_CRYPTO;
    wchar_t package[] = UNISP_NAME_W;
    has_credentials_ = AcquireCredentialsHandleW(nullptr, package, SECPKG_CRED_OUTBOUND, nullptr, &wanted, nullptr,
                                                 nullptr, &credentials_, nullptr) == SEC_E_OK;
    return has_credentials_;
  }

  Error LoadAuthorities(const TlsSettings& settings) noexcept {
    const bool by_file = *settings.authority_file != '\0';
    const bool by_text = *settings.authority_pem != '\0';
    if (AcceptsAnyCertificate() || (!by_file && !by_text)) return {};
    authorities_ = NewStore();
    if (by_file) {
      TlsFile file;
      if (!file.Load(settings.authority_file))
        return TlsSettingsError("CertificateAuthorityFile", "cannot be read", settings.authority_file);
      if (ReadPem(file.View(), authorities_.get(), false) <= 0)
        return TlsSettingsError("CertificateAuthorityFile", "holds no certificates in PEM", settings.authority_file);
    }
    if (by_text && ReadPem(settings.authority_pem, authorities_.get(), false) <= 0)
      return TlsSettingsError("CertificateAuthorityPEM", "holds no certificates in PEM");
    CERT_CHAIN_ENGINE_CONFIG wanted{};
    wanted.cbSize = sizeof wanted;
    wanted.hExclusiveRoot = authorities_.get();
    // What is named is trusted, whether or not it is signed by itself.
    wanted.dwExclusiveFlags = CERT_CHAIN_EXCLUSIVE_ENABLE_CA_FLAG;
    if (CertCreateCertificateChainEngine(&wanted, &engine_)) return {};
    // Windows 7 knows the structure without its last member, and only roots.
    wanted.cbSize = offsetof(CERT_CHAIN_ENGINE_CONFIG, dwExclusiveFlags);
    if (CertCreateCertificateChainEngine(&wanted, &engine_)) return {};
    engine_ = nullptr;
    return Error(Errc::TlsSettings, Phase::Tls, "this Windows takes no list of authorities");
  }

  Error LoadRejected(const char* path) noexcept {
    if (*path == '\0') return {};
    TlsFile file;
    if (!file.Load(path)) return TlsSettingsError("CertificateRejectionFile", "cannot be read", path);
    rejected_ = NewStore();
    if (ReadPem(file.View(), rejected_.get(), true) > 0) return {};
    return TlsSettingsError("CertificateRejectionFile", "holds neither certificates nor revocation lists in PEM", path);
  }

  static CertificateStore NewStore() noexcept {
    return CertificateStore(CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, CERT_STORE_CREATE_NEW_FLAG, nullptr));
  }

  /// Puts what stands in PEM into `store`; how many, or -1 where a part of it cannot be read.
  static int ReadPem(std::string_view text, HCERTSTORE store, bool with_lists) noexcept {
    constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
    int count = 0;
    for (std::size_t at; (at = text.find(kBegin)) != std::string_view::npos;) {
      text.remove_prefix(at);
      const std::string_view label = text.substr(kBegin.size(), text.find(kDashes, kBegin.size()) - kBegin.size());
      std::size_t end = text.find(kEnd);
      if (end != std::string_view::npos) end = text.find(kDashes, end + kEnd.size());
      if (end == std::string_view::npos) return -1;
      const std::string_view block = text.substr(0, end + kDashes.size());
      text.remove_prefix(block.size());
      const bool list = label == "X509 CRL";
      if (!(label == "CERTIFICATE" || (list && with_lists))) continue;
      DWORD size = 0;
      const auto length = static_cast<DWORD>(block.size());
      if (!CryptStringToBinaryA(block.data(), length, CRYPT_STRING_BASE64HEADER, nullptr, &size, nullptr, nullptr))
        return -1;
      const std::unique_ptr<BYTE[]> der(new (std::nothrow) BYTE[size]);
      if (der == nullptr ||
          !CryptStringToBinaryA(block.data(), length, CRYPT_STRING_BASE64HEADER, der.get(), &size, nullptr, nullptr))
        return -1;
      const BOOL added =
          list ? CertAddEncodedCRLToStore(store, kEncoding, der.get(), size, CERT_STORE_ADD_ALWAYS, nullptr)
               : CertAddEncodedCertificateToStore(store, kEncoding, der.get(), size, CERT_STORE_ADD_ALWAYS, nullptr);
      if (!added) return -1;
      ++count;
    }
    return count;
  }

  /// The client's own certificate and key.
  Error LoadOwn(const TlsSettings& settings) noexcept {
    const char* const path = settings.certificate_file;
    if (*settings.key_file != '\0')
      return TlsSettingsError("CertificateKeyFile",
                              "cannot be read with Schannel: CertificateFile holds both, as PKCS #12");
    if (*path == '\0') return {};
    TlsFile file;
    if (!file.Load(path)) return TlsSettingsError("CertificateFile", "cannot be read", path);
    if (file.View().empty() || file.View().front() != '\x30')
      return TlsSettingsError("CertificateFile", "must be PKCS #12 (.pfx, .p12) with Schannel", path);
    wchar_t password[256] = {};
    if (*settings.certificate_password != '\0' &&
        MultiByteToWideChar(CP_UTF8, 0, settings.certificate_password, -1, password, 255) == 0)
      return TlsSettingsError("CertificatePassword", "is too long, or not in UTF-8");
    CRYPT_DATA_BLOB blob{static_cast<DWORD>(file.View().size()),
                         reinterpret_cast<BYTE*>(const_cast<char*>(file.View().data()))};
    own_store_.reset(PFXImportCertStore(&blob, password, PKCS12_NO_PERSIST_KEY));
    Wipe(password, sizeof password);
    if (own_store_ == nullptr) return TlsSettingsError("CertificatePassword", "does not open the PKCS #12 file", path);
    own_.reset(CertFindCertificateInStore(own_store_.get(), kEncoding, 0, CERT_FIND_HAS_PRIVATE_KEY, nullptr, nullptr));
    if (own_ == nullptr) own_.reset(CertEnumCertificatesInStore(own_store_.get(), nullptr));
    if (own_ == nullptr) return TlsSettingsError("CertificateFile", "holds no certificate with a private key", path);
    return {};
  }

  CredHandle credentials_{};
  bool has_credentials_ = false;
  bool loaded_ = false;
  CertificateStore authorities_, rejected_, own_store_;
  CertificatePtr own_;
  HCERTCHAINENGINE engine_ = nullptr;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
