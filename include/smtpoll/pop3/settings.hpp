// The settings of POP3Socket and Pop3Session, by the seed's names, and the options that one session gets of them.
#ifndef SMTPOLL_POP3_SETTINGS_HPP
#define SMTPOLL_POP3_SETTINGS_HPP

#include <cstdint>
#include <type_traits>

#include "smtpoll/client/certificate_settings.hpp"
#include "smtpoll/client/login_settings.hpp"
#include "smtpoll/pop3/event.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Public data members of POP3Socket and Pop3Session. A change counts from the next connection on. Of Timeouts count
/// connect, greeting, hello (CAPA, STLS), tls, authentication, command, content (each piece of a message) and quit.
struct Pop3Settings : LoginSettings {
  /// Log in by APOP, and by nothing else (the seed's member). Where it is false, the strongest mechanism that the
  /// server offers is taken, USER and PASS where there is none. APOP rests on MD5: it is no substitute for TLS.
  bool EncryptPassword = false;
  /// POP3Socket says commands that are asked for at once in a group, where the server offers PIPELINING (RFC 2449 6.6).
  bool Pipelining = true;
  /// Bytes that a message may have; a longer one ends the connection with Errc::ReplyTooLong.
  std::uint64_t MessageSizeLimit = std::uint64_t{1024} << 20;
  /// Lines that a listing may have; a longer one ends the connection with Errc::ReplyTooLong.
  std::uint32_t ListLimit = 1000 * 1000;
};

/// Public data members of POP3SecureSocket and SecurePop3Session, and of any other POP3 client whose transport takes
/// TlsSettings.
struct Pop3SecureSettings : Pop3Settings, CertificateSettings {
  /// How TLS begins.
  enum class POP3ConnectionTypes : std::uint8_t {
    STLS,    ///< A plain connection is encrypted before anything but CAPA goes, as on port 110 (RFC 2595).
    SSLTLS,  ///< TLS from the first byte on, as on port 995 (RFC 8314 3.2).
  };

  /// How TLS begins. `Security`, where it is not Automatic, says so instead, and can say Opportunistic too.
  POP3ConnectionTypes POP3ConnectionType = POP3ConnectionTypes::STLS;
};

namespace detail {

/// The settings that a POP3 client over `Wire` has.
template <typename Wire>
using Pop3SettingsOf = std::conditional_t<kTakesTlsSettings<Wire>, Pop3SecureSettings, Pop3Settings>;

/// 995 is "pop3s" (RFC 8314 7.1).
constexpr TlsAdvice kPop3TlsAdvice = {
    995,
    "port 995 speaks TLS from the first byte on: set POP3ConnectionType to SSLTLS (or Security to ImplicitTLS), or use "
    "port 110",
    "this transport cannot encrypt: use POP3SecureSocket"};

/// What a POP3 session needs of its caller's strings.
class Pop3Strings : public LoginStrings {
 public:
  /// Takes a copy and returns options that look at it until the next Take or Forget.
  Pop3Options Take(const Pop3Settings& settings, std::string_view host, std::string_view local_address) {
    Pop3Options options;
    LoginStrings::Take(settings, host, local_address, options);
    options.apop = settings.EncryptPassword;
    options.pipelining = settings.Pipelining;
    options.most_content = settings.MessageSizeLimit;
    options.most_entries = settings.ListLimit;
    return options;
  }
};

/// As PrepareSecurity for any protocol, for POP3's settings.
template <typename Wire>
Error PreparePop3Security(const Pop3SettingsOf<Wire>& settings, std::uint16_t port, Wire& wire, Pop3Options& options) {
  bool implicit = false;
  if constexpr (kTakesTlsSettings<Wire>)
    implicit = settings.POP3ConnectionType == Pop3SecureSettings::POP3ConnectionTypes::SSLTLS;
  return PrepareSecurity(settings, implicit, kPop3TlsAdvice, port, wire, options);
}

/// True where `error` is a server's final word on an access token: another one may do.
inline bool RefusesPop3Token(const Error& error) noexcept {
  return error.Code() == Errc::AuthenticationFailed && IsTokenCommand(error.command.View());
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
