// What the alerts mean that a server may send (RFC 5246 7.2, RFC 8446 6), and what to do about them, for the transports
// whose library tells no more than the alert's number.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_ALERT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_ALERT_HPP

#include "smtpoll/base/error.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What to do about an alert of the server's (RFC 8446 6.2): the number for it and the words.
struct TlsAlertAdvice {
  int alert;
  Errc code;
  const char* text;
  bool later = false;  // may also come when the handshake is done for the client
};

constexpr TlsAlertAdvice kTlsAlertAdvice[] = {
    {70, Errc::TlsVersion, "the server and this client have no TLS version in common"},
    {40, Errc::TlsHandshake, "no cipher in common, or the server wants to see a certificate (CertificateFile)"},
    {71, Errc::TlsHandshake, "the server wants stronger ciphers or keys"},
    {42, Errc::TlsHandshake, "the server does not take CertificateFile: bad certificate", true},
    {43, Errc::TlsHandshake, "the server does not take CertificateFile: unsupported certificate", true},
    {44, Errc::TlsHandshake, "the server does not take CertificateFile: revoked", true},
    {45, Errc::TlsHandshake, "the server does not take CertificateFile: expired", true},
    {46, Errc::TlsHandshake, "the server does not take CertificateFile: certificate unknown", true},
    {48, Errc::TlsHandshake, "the server does not take CertificateFile: unknown authority", true},
    {49, Errc::TlsHandshake, "the server does not take CertificateFile: access denied", true},
    {112, Errc::CertificateName, "the server does not know this name"},
    {116, Errc::TlsHandshake, "the server wants to see a certificate, set CertificateFile", true},
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
