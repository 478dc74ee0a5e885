// Whether the server's certificate is good (RFC 5280 6, RFC 9525 6), and in words what is wrong with it. OpenSSL builds
// and checks the chain and the name; the list of rejected certificates and the pins are looked at here.
// Invariant: once something is wrong, it stays so until the next Begin.
#ifndef SMTPOLL_TRANSPORT_DETAIL_OPENSSL_PEER_HPP
#define SMTPOLL_TRANSPORT_DETAIL_OPENSSL_PEER_HPP

#include <ctime>

#include "smtpoll/transport/detail/openssl_context.hpp"
#include "smtpoll/transport/detail/tls_name.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class OpenSslPeer {
 public:
  /// A handshake with `name` begins.
  void Begin(const OpenSslContext& context, const TlsName& name) noexcept {
    context_ = &context;
    name_ = &name;
    fault_ = Errc::None;
    text_.Clear();
  }

  Errc Fault() const noexcept { return fault_; }
  std::string_view Text() const noexcept { return text_.View(); }

  /// OpenSSL's cert_verify_callback, called for each certificate chain; `self` is an OpenSslPeer.
  static int Verify(X509_STORE_CTX* store, void* self) noexcept {
    return static_cast<OpenSslPeer*>(self)->Check(store) ? 1 : 0;
  }

 private:
  bool Check(X509_STORE_CTX* store) noexcept {
    const X509* const certificate = X509_STORE_CTX_get0_cert(store);
    const bool insecure = context_->AcceptsAnyCertificate();
    if (!insecure && X509_verify_cert(store) != 1) {
      Explain(store);
      return false;
    }
    const STACK_OF(X509)* const chain =
        insecure ? X509_STORE_CTX_get0_untrusted(store) : X509_STORE_CTX_get0_chain(store);
    bool good = !IsRejected(certificate);
    for (int i = 0; good && i < sk_X509_num(chain); ++i) good = !IsRejected(sk_X509_value(chain, i));
    good = good && IsPinned(certificate);
    X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REVOKED);
    return good;
  }

  bool IsPinned(const X509* certificate) noexcept {
    if (context_->Pins().empty()) return true;
    unsigned char* info = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &info);
    const bool pinned =
        size > 0 && context_->Pins().Match({reinterpret_cast<const char*>(info), static_cast<std::size_t>(size)});
    OPENSSL_free(info);
    if (!pinned) Say(Errc::CertificateRejected, "its key is none of CertificatePins");
    return pinned;
  }

  bool IsRejected(const X509* certificate) noexcept {
    const STACK_OF(X509_INFO)* const items = context_->Rejected();
    for (int i = 0; items != nullptr && i < sk_X509_INFO_num(items); ++i) {
      const X509_INFO* const item = sk_X509_INFO_value(items, i);
      if (item->x509 != nullptr && X509_cmp(item->x509, certificate) == 0) {
        Say(Errc::CertificateRejected, "it stands in CertificateRejectionFile");
        return true;
      }
      if (item->crl == nullptr) continue;
      if (X509_NAME_cmp(X509_CRL_get_issuer(item->crl), X509_get_issuer_name(certificate)) != 0) continue;
      X509_REVOKED* entry = nullptr;
      // 2 is an entry that takes a revocation back.
      if (X509_CRL_get0_by_serial(item->crl, &entry, X509_get0_serialNumber(certificate)) != 1) continue;
      Say(Errc::CertificateRejected, "CertificateRejectionFile says that it is revoked");
      return true;
    }
    return false;
  }

  void Say(Errc fault, std::string_view text) noexcept {
    fault_ = fault;
    text_.Assign(text);
  }

  void Explain(X509_STORE_CTX* store) noexcept {
    const int why = X509_STORE_CTX_get_error(store);
    const X509* certificate = X509_STORE_CTX_get_current_cert(store);
    if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(store);
    switch (why) {
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        Say(Errc::CertificateName, "");
        return ListNames(X509_STORE_CTX_get0_cert(store));
      case X509_V_ERR_CERT_HAS_EXPIRED:
        Say(Errc::CertificateExpired, "it expired at ");
        return AppendTime(X509_get0_notAfter(certificate));
      case X509_V_ERR_CERT_NOT_YET_VALID:
        Say(Errc::CertificateExpired, "it becomes valid at ");
        return AppendTime(X509_get0_notBefore(certificate));
      default:
        Say(Errc::CertificateUntrusted, X509_verify_cert_error_string(why));
        text_.Append(", issued by ");
        return AppendIssuer(certificate);
    }
  }

  /// "it is for mx.example.org and 192.0.2.25, not for mail.example.org"
  void ListNames(const X509* certificate) noexcept {
    const OpenSslPtr<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    int count = 0;
    FixedText<160> list;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
      const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
      if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
      const ASN1_STRING* const value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
      if (count++ != 0) list.Append(", ");
      if (name->type == GEN_DNS)
        AppendPrintable(list, value);
      else
        AppendAddress(list, value);
    }
    text_.Assign(count == 0 ? "it names no host" : "it is for ");
    text_.Append(list.View());
    text_.Append(count == 0 ? " as a subject alternative name, not even " : ", not for ");
    text_.Append(name_->View());
  }

  template <typename Text>
  static void AppendPrintable(Text& text, const ASN1_STRING* value) noexcept {
    const unsigned char* const bytes = ASN1_STRING_get0_data(value);
    for (int i = 0; i < ASN1_STRING_length(value); ++i) {
      const char c = static_cast<char>(bytes[i]);
      text.Append({IsPrint(c) ? &c : "?", 1});
    }
  }

  template <typename Text>
  static void AppendAddress(Text& text, const ASN1_STRING* value) noexcept {
    const unsigned char* const bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (size != 4) return text.Append("an IPv6 address");
    for (int i = 0; i < size; ++i) {
      if (i != 0) text.Append(".");
      text.AppendDecimal(bytes[i]);
    }
  }

  void AppendIssuer(const X509* certificate) noexcept {
    char name[160];
    X509_NAME_oneline(X509_get_issuer_name(certificate), name, sizeof name);
    text_.Append(name);
  }

  /// As "2026-01-31 23:59:59 UTC".
  void AppendTime(const ASN1_TIME* time) noexcept {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return text_.Append("an unknown time");
    const auto two = [this](int value, std::string_view behind) {
      if (value < 10) text_.Append("0");
      text_.AppendDecimal(static_cast<std::uint64_t>(value));
      text_.Append(behind);
    };
    two(parts.tm_year + 1900, "-");
    two(parts.tm_mon + 1, "-");
    two(parts.tm_mday, " ");
    two(parts.tm_hour, ":");
    two(parts.tm_min, ":");
    two(parts.tm_sec, " UTC");
  }

  const OpenSslContext* context_ = nullptr;
  const TlsName* name_ = nullptr;
  Errc fault_ = Errc::None;
  FixedText<256> text_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
