// Whether the server's certificate is good (RFC 5280 6, RFC 9525 6), and in words what is wrong with it. Windows builds
// and checks the chain; the name (Windows takes the subject's common name too), the list of rejected certificates and
// the pins are looked at here. Invariant: nothing is fetched for it but what Windows's own list of roots may lack.
#ifndef SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_PEER_HPP
#define SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_PEER_HPP

#include "smtpoll/transport/detail/schannel_context.hpp"
#include "smtpoll/transport/detail/tls_certificate_text.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class SchannelPeer {
 public:
  /// Judges the server's certificate; `certificate` has the others that the server sent in its store.
  Errc Check(const SchannelContext& context, const TlsName& name, const CERT_CONTEXT* certificate) noexcept {
    fault_ = Errc::None;
    text_.Clear();
    char usage[] = szOID_PKIX_KP_SERVER_AUTH;
    char* usages[] = {usage};
    CERT_CHAIN_PARA wanted{};
    wanted.cbSize = sizeof wanted;
    wanted.RequestedUsage.dwType = USAGE_MATCH_TYPE_OR;
    wanted.RequestedUsage.Usage.cUsageIdentifier = 1;
    wanted.RequestedUsage.Usage.rgpszUsageIdentifier = usages;
    const CERT_CHAIN_CONTEXT* built = nullptr;
    if (!CertGetCertificateChain(context.Engine(), certificate, nullptr, certificate->hCertStore, &wanted,
                                 CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL, nullptr, &built))
      return Say(Errc::CertificateUntrusted, "Windows builds no chain with it");
    const CertificateChainPtr chain(built);
    if (!context.AcceptsAnyCertificate()) CheckChain(*chain, certificate);
    if (fault_ == Errc::None && !context.AcceptsAnyCertificate()) CheckName(name, certificate);
    for (DWORD i = 0; fault_ == Errc::None && i < chain->cChain; ++i)
      for (DWORD j = 0; j < chain->rgpChain[i]->cElement; ++j)
        CheckRejected(context, chain->rgpChain[i]->rgpElement[j]->pCertContext);
    if (fault_ == Errc::None && !context.Pins().empty()) CheckPins(context, certificate);
    return fault_;
  }

  std::string_view Text() const noexcept { return text_.View(); }

 private:
  static constexpr DWORD kEncoding = X509_ASN_ENCODING | PKCS_7_ASN_ENCODING;

  void CheckChain(const CERT_CHAIN_CONTEXT& chain, const CERT_CONTEXT* certificate) noexcept {
    // Whether a certificate is revoked is asked of nobody.
    const DWORD status = chain.TrustStatus.dwErrorStatus &
                         ~static_cast<DWORD>(CERT_TRUST_REVOCATION_STATUS_UNKNOWN | CERT_TRUST_IS_OFFLINE_REVOCATION);
    if (status == 0) return CheckPolicy(chain);
    if ((status & ~static_cast<DWORD>(CERT_TRUST_IS_NOT_TIME_VALID)) == 0) {
      const CERT_SIMPLE_CHAIN* const simple = chain.rgpChain[0];
      for (DWORD i = 0; i < simple->cElement; ++i)
        if ((simple->rgpElement[i]->TrustStatus.dwErrorStatus & CERT_TRUST_IS_NOT_TIME_VALID) != 0)
          return SayTime(*simple->rgpElement[i]->pCertContext->pCertInfo);
      return SayTime(*certificate->pCertInfo);
    }
    struct Meaning {
      DWORD status;
      const char* text;
    };
    constexpr Meaning kMeanings[] = {{CERT_TRUST_IS_REVOKED, "it is revoked"},
                                     {CERT_TRUST_IS_EXPLICIT_DISTRUST, "this Windows does not trust it"},
                                     {CERT_TRUST_IS_NOT_SIGNATURE_VALID, "its signature is wrong"},
                                     {CERT_TRUST_INVALID_BASIC_CONSTRAINTS, "one that is no authority has signed it"},
                                     {CERT_TRUST_IS_NOT_VALID_FOR_USAGE, "it is no certificate for servers"},
                                     {CERT_TRUST_IS_UNTRUSTED_ROOT, "its authority is not trusted"},
                                     {CERT_TRUST_IS_PARTIAL_CHAIN, "no trusted authority stands behind it"}};
    Say(Errc::CertificateUntrusted, "Windows does not accept its chain");
    for (const Meaning& one : kMeanings)
      if ((status & one.status) != 0) {
        Say(one.status == CERT_TRUST_IS_REVOKED ? Errc::CertificateRejected : Errc::CertificateUntrusted, one.text);
        break;
      }
    const CERT_SIMPLE_CHAIN* const simple = chain.rgpChain[0];
    const CERT_INFO& last = *simple->rgpElement[simple->cElement - 1]->pCertContext->pCertInfo;
    if (simple->cElement == 1 && CertCompareCertificateName(kEncoding, const_cast<CERT_NAME_BLOB*>(&last.Issuer),
                                                            const_cast<CERT_NAME_BLOB*>(&last.Subject)))
      text_.Append(" (self-signed)");
    text_.Append(", issued by ");
    char issuer[160] = {};
    CertNameToStrA(kEncoding, const_cast<CERT_NAME_BLOB*>(&last.Issuer), CERT_X500_NAME_STR, issuer, sizeof issuer);
    text_.Append(issuer);
  }

  /// What else Windows wants of a server's certificate; the name is not among it.
  void CheckPolicy(const CERT_CHAIN_CONTEXT& chain) noexcept {
    SSL_EXTRA_CERT_CHAIN_POLICY_PARA tls{};
    tls.cbSize = sizeof tls;
    tls.dwAuthType = AUTHTYPE_SERVER;
    CERT_CHAIN_POLICY_PARA wanted{};
    wanted.cbSize = sizeof wanted;
    wanted.dwFlags = CERT_CHAIN_POLICY_IGNORE_ALL_REV_UNKNOWN_FLAGS;
    wanted.pvExtraPolicyPara = &tls;
    CERT_CHAIN_POLICY_STATUS status{};
    status.cbSize = sizeof status;
    // Windows's macro for this policy has an old-style cast.
    const auto policy = reinterpret_cast<LPCSTR>(std::uintptr_t{4});
    if (CertVerifyCertificateChainPolicy(policy, &chain, &wanted, &status) && status.dwError == 0) return;
    Say(Errc::CertificateUntrusted, "Windows does not accept it for TLS, error ");
    text_.AppendDecimal(status.dwError);
  }

  void CheckName(const TlsName& name, const CERT_CONTEXT* certificate) noexcept {
    TlsSubjectNames names(name);
    const CERT_INFO& info = *certificate->pCertInfo;
    const CERT_EXTENSION* const extension =
        CertFindExtension(szOID_SUBJECT_ALT_NAME2, info.cExtension, info.rgExtension);
    if (extension != nullptr) names.AddAll({extension->Value.pbData, extension->Value.cbData});
    if (names.Match()) return;
    fault_ = Errc::CertificateName;
    names.Describe(text_);
  }

  void CheckRejected(const SchannelContext& context, const CERT_CONTEXT* certificate) noexcept {
    if (context.Rejected() == nullptr || fault_ != Errc::None) return;
    const CERT_CONTEXT* one = nullptr;
    while ((one = CertEnumCertificatesInStore(context.Rejected(), one)) != nullptr) {
      if (one->cbCertEncoded != certificate->cbCertEncoded ||
          std::memcmp(one->pbCertEncoded, certificate->pbCertEncoded, one->cbCertEncoded) != 0)
        continue;
      Say(Errc::CertificateRejected, "it stands in CertificateRejectionFile");
    }
    const CRL_CONTEXT* list = nullptr;
    while ((list = CertEnumCRLsInStore(context.Rejected(), list)) != nullptr) {
      if (!CertCompareCertificateName(kEncoding, &list->pCrlInfo->Issuer, &certificate->pCertInfo->Issuer)) continue;
      for (DWORD i = 0; i < list->pCrlInfo->cCRLEntry; ++i)
        if (CertCompareIntegerBlob(&list->pCrlInfo->rgCRLEntry[i].SerialNumber, &certificate->pCertInfo->SerialNumber))
          Say(Errc::CertificateRejected, "CertificateRejectionFile says that it is revoked");
    }
  }

  void CheckPins(const SchannelContext& context, const CERT_CONTEXT* certificate) noexcept {
    unsigned char key[4096];
    DWORD size = sizeof key;
    if (!CryptEncodeObject(kEncoding, X509_PUBLIC_KEY_INFO, &certificate->pCertInfo->SubjectPublicKeyInfo, key,
                           &size) ||
        !context.Pins().Match({reinterpret_cast<const char*>(key), size}))
      Say(Errc::CertificateRejected, "its key is none of CertificatePins");
  }

  Errc Say(Errc fault, std::string_view text) noexcept {
    text_.Assign(text);
    return fault_ = fault;
  }

  void SayTime(const CERT_INFO& info) noexcept {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    const bool expired = CompareFileTime(&now, &info.NotAfter) > 0;
    Say(Errc::CertificateExpired, expired ? "it expired at " : "it becomes valid at ");
    SYSTEMTIME time{};
    FileTimeToSystemTime(expired ? &info.NotAfter : &info.NotBefore, &time);
    AppendUtcTime(text_, {time.wYear, time.wMonth, time.wDay, time.wHour, time.wMinute, time.wSecond});
  }

  Errc fault_ = Errc::None;
  FixedText<256> text_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
