// The TLS settings that the clients of all protocols share: the seed's names, and what they mean for the transport and
// for the engine. Invariant: as it is made, nothing goes but through TLS 1.2 or later to a server whose certificate is
// verified.
#ifndef SMTPOLL_CLIENT_CERTIFICATE_SETTINGS_HPP
#define SMTPOLL_CLIENT_CERTIFICATE_SETTINGS_HPP

#include <string>

#include "smtpoll/client/login_settings.hpp"
#include "smtpoll/transport/transport_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Public data members of a client whose transport takes TlsSettings. A change counts from the next connection on, also
/// one of a file that is named here. Files are in PEM.
struct CertificateSettings {
  CertificateSettings() = default;
  /// Copies all settings.
  CertificateSettings(const CertificateSettings&) = default;
  /// Copies all settings.
  CertificateSettings& operator=(const CertificateSettings&) = default;
  ~CertificateSettings() { detail::WipeText(CertificatePassword); }

  /// The lowest TLS version that is accepted. All before TLSv12 are refused as Errc::TlsSettings (RFC 8996).
  enum class SSLConnectionTypes : std::uint8_t { SSLv23, TLSv1, TLSv11, TLSv12, TLSv13 };

  /// Without it the connection is plain text, as with SMTPSocket (the seed's member, as the next five).
  bool SSLEnabled = true;
  /// The lowest TLS version that is accepted.
  SSLConnectionTypes SSLConnectionType = SSLConnectionTypes::TLSv12;
  /// The client's own certificate and, unless CertificateKeyFile names another file, its private key.
  std::string CertificateFile;
  std::string CertificatePassword;       ///< What the private key is encrypted with.
  std::string CertificateRejectionFile;  ///< Certificates that are not accepted, and revocation lists (CRL).
  /// Certificates to trust instead of the system's; for a server with a self-signed certificate that one.
  std::string CertificateAuthorityFile;

  std::string CertificateAuthorityPEM;  ///< As CertificateAuthorityFile, but the text itself.
  std::string CertificateKeyFile;       ///< The client's private key, where CertificateFile does not hold it.
  /// SHA-256 of the only public keys that the server may have, see TlsSettings::pins.
  std::string CertificatePins;
  bool SessionResumption = true;  ///< Save work on the second connection to the same server.
  TlsChannelBinding ChannelBinding = TlsChannelBinding::Automatic;  ///< For SCRAM-SHA-256-PLUS and its like.
  /// Accepts anybody for the server, see TlsSettings; the name says what it is.
  bool InsecureAcceptAnyCertificate = false;
};

namespace detail {

/// `settings` as the transport takes them; views of their strings.
inline TlsSettings ToTlsSettings(const CertificateSettings& settings) noexcept {
  TlsSettings tls;
  const bool newest = settings.SSLConnectionType == CertificateSettings::SSLConnectionTypes::TLSv13;
  tls.minimum_version = newest ? TlsVersion::Tls13 : TlsVersion::Tls12;
  tls.authority_file = settings.CertificateAuthorityFile.c_str();
  tls.authority_pem = settings.CertificateAuthorityPEM.c_str();
  tls.certificate_file = settings.CertificateFile.c_str();
  tls.key_file = settings.CertificateKeyFile.c_str();
  tls.certificate_password = settings.CertificatePassword.c_str();
  tls.rejection_file = settings.CertificateRejectionFile.c_str();
  tls.pins = settings.CertificatePins.c_str();
  tls.insecure_accept_any_certificate = settings.InsecureAcceptAnyCertificate;
  tls.resume_sessions = settings.SessionResumption;
  tls.channel_binding = settings.ChannelBinding;
  return tls;
}

/// Puts the wanted security into `options` and into the transport, before a byte is sent; the error says which setting
/// is wrong. `implicit`: TLS begins with the first byte, unless Security says otherwise.
template <typename Settings, typename Wire>
Error PrepareSecurity(const Settings& settings, bool implicit, const TlsAdvice& advice, std::uint16_t port, Wire& wire,
                      SessionOptions& options) {
  using smtpoll::Security;
  Security security = settings.Security;
  if constexpr (kTakesTlsSettings<Wire>) {
    const auto fault = [](std::string_view why) { return Error(Errc::TlsSettings, Phase::Tls, why); };
    const bool asks = security != Security::Automatic && security != Security::NoneAllowed;
    if (!settings.SSLEnabled && asks) return fault("SSLEnabled is false, but Security asks for TLS");
    if (!settings.SSLEnabled)
      security = Security::NoneAllowed;
    else if (security == Security::Automatic)
      security = implicit ? Security::ImplicitTLS : Security::Required;
    if (security != Security::NoneAllowed) {
      if (settings.SSLConnectionType < CertificateSettings::SSLConnectionTypes::TLSv12)
        return fault("SSLConnectionType: TLS before 1.2 is not safe (RFC 8996), set TLSv12 or TLSv13");
      if (Error error = wire.Configure(ToTlsSettings(settings))) return error;
      options.server_verified = !settings.InsecureAcceptAnyCertificate;
    }
  } else {
    static_cast<void>(wire);
    static_cast<void>(implicit);
  }
  return ApplySecurity(settings, security, Wire::kEncrypts, advice, port, options);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
