// Whether the server's certificate is good (RFC 5280 6, RFC 9525 6), and in words what is wrong with it. mbedTLS builds
// and checks the chain; the name (2.28 knows no addresses, and takes the subject's common name), the list of rejected
// certificates and the pins are looked at here. Invariant: once something is wrong, it stays so until the next Begin.
#ifndef SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_PEER_HPP
#define SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_PEER_HPP

#include <mbedtls/asn1.h>
#include <mbedtls/md.h>

#include "smtpoll/transport/detail/mbedtls_context.hpp"
#include "smtpoll/transport/detail/tls_certificate_text.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class MbedTlsPeer {
 public:
  /// A handshake with `name` begins.
  void Begin(const MbedTlsContext& context, const TlsName& name) noexcept {
    context_ = &context;
    name_ = &name;
    fault_ = Errc::None;
    text_.Clear();
    seen_ = false;
    digest_size_ = 0;
  }

  Errc Fault() const noexcept { return fault_; }
  std::string_view Text() const noexcept { return text_.View(); }
  /// The server has shown its certificate; it does not where a session is resumed.
  bool Seen() const noexcept { return seen_; }
  /// RFC 5929 4.1: the digest of the server's certificate; empty where there is none.
  std::string_view Digest() const noexcept { return {digest_, digest_size_}; }

  /// mbedTLS's f_vrfy, called for each certificate of a chain, the server's last; `self` is an MbedTlsPeer.
  static int Verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept {
    return static_cast<MbedTlsPeer*>(self)->Check(*certificate, depth, *flags);
  }

  /// What mbedTLS found after all calls of Verify: what the certificate may be used for.
  void CheckUse(std::uint32_t flags) noexcept {
    if (fault_ == Errc::None && flags != 0 && flags != UINT32_MAX) ExplainFlags(nullptr, flags);
  }

 private:
  /// Everything that is wrong is fatal here, so that nothing more goes to such a server.
  int Check(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) noexcept {
    flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_CN_MISMATCH);
    if (context_->AcceptsAnyCertificate()) flags = 0;
    if (fault_ == Errc::None && flags != 0) ExplainFlags(&certificate, flags);
    if (fault_ == Errc::None) CheckRejected(certificate);
    if (depth == 0) {
      seen_ = true;
      if (fault_ == Errc::None && !context_->AcceptsAnyCertificate()) CheckName(certificate);
      if (fault_ == Errc::None) CheckPins(certificate);
      if (fault_ == Errc::None) KeepDigest(certificate);
    }
    return fault_ == Errc::None ? 0 : MBEDTLS_ERR_X509_FATAL_ERROR;
  }

  void CheckRejected(const mbedtls_x509_crt& certificate) noexcept {
    for (const mbedtls_x509_crt* one = &context_->Rejected(); one != nullptr && one->raw.p != nullptr; one = one->next)
      if (Same(one->raw, certificate.raw))
        return Say(Errc::CertificateRejected, "it stands in CertificateRejectionFile");
    for (const mbedtls_x509_crl* list = &context_->Revoked(); list != nullptr && list->raw.p != nullptr;
         list = list->next) {
      if (!SameName(list->issuer_raw, list->issuer, certificate.issuer_raw, certificate.issuer)) continue;
      for (const mbedtls_x509_crl_entry* entry = &list->entry; entry != nullptr && entry->serial.p != nullptr;
           entry = entry->next)
        if (Same(entry->serial, certificate.serial))
          return Say(Errc::CertificateRejected, "CertificateRejectionFile says that it is revoked");
    }
  }

  void CheckName(const mbedtls_x509_crt& certificate) noexcept {
    TlsSubjectNames names(*name_);
    ListNames(certificate, names);
    if (names.Match()) return;
    fault_ = Errc::CertificateName;
    names.Describe(text_);
  }

  /// RFC 5280 4.2.1.6; the library's own list leaves addresses out.
  static void ListNames(const mbedtls_x509_crt& certificate, TlsSubjectNames& names) noexcept {
    constexpr int kSequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    constexpr unsigned char kAlternativeName[] = {0x55, 0x1d, 0x11};  // 2.5.29.17
    unsigned char* at = certificate.v3_ext.p;
    if (at == nullptr) return;
    const unsigned char* end = at + certificate.v3_ext.len;
    std::size_t size = 0;
    if (mbedtls_asn1_get_tag(&at, end, &size, kSequence) != 0) return;
    end = at + size;
    while (at < end && mbedtls_asn1_get_tag(&at, end, &size, kSequence) == 0) {
      const unsigned char* const extension_end = at + size;
      std::size_t id_size = 0;
      if (mbedtls_asn1_get_tag(&at, extension_end, &id_size, MBEDTLS_ASN1_OID) != 0) return;
      const bool wanted =
          id_size == sizeof kAlternativeName && std::memcmp(at, kAlternativeName, sizeof kAlternativeName) == 0;
      at += id_size;
      int critical = 0;
      const int with_flag = mbedtls_asn1_get_bool(&at, extension_end, &critical);
      if (with_flag != 0 && with_flag != MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) return;
      if (wanted && mbedtls_asn1_get_tag(&at, extension_end, &size, MBEDTLS_ASN1_OCTET_STRING) == 0)
        names.AddAll({at, size});
      at += extension_end - at;
    }
  }

  void CheckPins(const mbedtls_x509_crt& certificate) noexcept {
    const mbedtls_x509_buf& key = certificate.pk_raw;
    if (!context_->Pins().empty() && !context_->Pins().Match({reinterpret_cast<const char*>(key.p), key.len}))
      Say(Errc::CertificateRejected, "its key is none of CertificatePins");
  }

  void KeepDigest(const mbedtls_x509_crt& certificate) noexcept {
    mbedtls_md_type_t kind = certificate.SMTPOLL_MBEDTLS_MEMBER(sig_md);
    const mbedtls_md_info_t* algorithm = mbedtls_md_info_from_type(kind);
    if (algorithm != nullptr && mbedtls_md_get_size(algorithm) <= 20)  // MD5, SHA-1
      algorithm = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    static_assert(sizeof digest_ >= MBEDTLS_MD_MAX_SIZE, "any digest fits");
    if (algorithm != nullptr &&
        mbedtls_md(algorithm, certificate.raw.p, certificate.raw.len, reinterpret_cast<unsigned char*>(digest_)) == 0)
      digest_size_ = mbedtls_md_get_size(algorithm);
  }

  static bool Same(const mbedtls_x509_buf& a, const mbedtls_x509_buf& b) noexcept {
    return a.len == b.len && std::memcmp(a.p, b.p, a.len) == 0;
  }

  /// The same name, whatever kinds of strings it is written in.
  static bool SameName(const mbedtls_x509_buf& raw_a, const mbedtls_x509_name& a, const mbedtls_x509_buf& raw_b,
                       const mbedtls_x509_name& b) noexcept {
    if (Same(raw_a, raw_b)) return true;
    char text_a[512], text_b[512];
    const int size_a = mbedtls_x509_dn_gets(text_a, sizeof text_a, &a);
    const int size_b = mbedtls_x509_dn_gets(text_b, sizeof text_b, &b);
    return size_a > 0 && size_b > 0 && EqualIgnoringCase(text_a, text_b);
  }

  void Say(Errc fault, std::string_view text) noexcept {
    fault_ = fault;
    text_.Assign(text);
  }

  void ExplainFlags(const mbedtls_x509_crt* certificate, std::uint32_t flags) noexcept {
    struct Meaning {
      int flag;
      const char* text;
    };
    constexpr Meaning kMeanings[] = {
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, "no trusted authority stands behind it"},
        {MBEDTLS_X509_BADCERT_KEY_USAGE, "it may not be used so: its key usage is another"},
        {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, "it is no certificate for servers"},
        {MBEDTLS_X509_BADCERT_NS_CERT_TYPE, "it is no certificate for servers"},
        {MBEDTLS_X509_BADCERT_BAD_MD, "its signature is by a hash that is not safe"},
        {MBEDTLS_X509_BADCERT_BAD_PK, "its signature is by an algorithm that is not accepted"},
        {MBEDTLS_X509_BADCERT_BAD_KEY, "its key is too short, or on a curve that is not accepted"}};
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0 && certificate != nullptr) {
      const bool expired = (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0;
      if (expired || (flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        Say(Errc::CertificateExpired, expired ? "it expired at " : "it becomes valid at ");
        const mbedtls_x509_time& time = expired ? certificate->valid_to : certificate->valid_from;
        return AppendUtcTime(text_, {time.year, time.mon, time.day, time.hour, time.min, time.sec});
      }
    }
    Say(Errc::CertificateUntrusted, "mbedTLS does not accept it");
    for (const Meaning& one : kMeanings)
      if ((flags & static_cast<std::uint32_t>(one.flag)) != 0) {
        text_.Assign(one.text);
        break;
      }
    if (certificate == nullptr) return;
    if (Same(certificate->issuer_raw, certificate->subject_raw)) text_.Append(" (self-signed)");
    char issuer[160];
    const int size = mbedtls_x509_dn_gets(issuer, sizeof issuer, &certificate->issuer);
    text_.Append(", issued by ");
    text_.Append(size > 0 ? std::string_view(issuer, static_cast<std::size_t>(size)) : "a name that is too long");
  }

  const MbedTlsContext* context_ = nullptr;
  const TlsName* name_ = nullptr;
  Errc fault_ = Errc::None;
  FixedText<256> text_;
  bool seen_ = false;
  std::size_t digest_size_ = 0;
  char digest_[64] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
