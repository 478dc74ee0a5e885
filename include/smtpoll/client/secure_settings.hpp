// The settings of SMTPSecureSocket and SecureSession, by the seed's names.
#ifndef SMTPOLL_CLIENT_SECURE_SETTINGS_HPP
#define SMTPOLL_CLIENT_SECURE_SETTINGS_HPP

#include <type_traits>

#include "smtpoll/client/certificate_settings.hpp"
#include "smtpoll/client/client_settings.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Public data members of SMTPSecureSocket and SecureSession, and of any other SMTP client whose transport takes
/// TlsSettings.
struct SecureSettings : ClientSettings, CertificateSettings {
  /// How TLS begins.
  enum class SMTPConnectionTypes : std::uint8_t {
    STARTTLS,  ///< A plain connection is encrypted before anything but EHLO goes, as on port 587 (RFC 3207).
    SSLTLS,    ///< TLS from the first byte on, as on port 465 (RFC 8314 3.3).
  };

  /// How TLS begins (the seed's member). `Security`, where it is not Automatic, says so instead, and can say
  /// Opportunistic too.
  SMTPConnectionTypes SMTPConnectionType = SMTPConnectionTypes::STARTTLS;
};

namespace detail {

/// The settings that a client over `Wire` has.
template <typename Wire>
using SettingsOf = std::conditional_t<kTakesTlsSettings<Wire>, SecureSettings, ClientSettings>;

/// As PrepareSecurity for any protocol, for SMTP's settings.
template <typename Wire>
Error PrepareSecurity(const SettingsOf<Wire>& settings, std::uint16_t port, Wire& wire, SessionOptions& options) {
  bool implicit = false;
  if constexpr (kTakesTlsSettings<Wire>)
    implicit = settings.SMTPConnectionType == SecureSettings::SMTPConnectionTypes::SSLTLS;
  return PrepareSecurity(settings, implicit, kSmtpTlsAdvice, port, wire, options);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
