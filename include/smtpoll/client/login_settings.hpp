// Who logs in, how the wire is encrypted and how long things may take: the settings that the clients of all protocols
// share, and the copy of their strings that one session runs on.
#ifndef SMTPOLL_CLIENT_LOGIN_SETTINGS_HPP
#define SMTPOLL_CLIENT_LOGIN_SETTINGS_HPP

#include <string>

#include "smtpoll/base/entropy.hpp"
#include "smtpoll/base/secret.hpp"
#include "smtpoll/protocol/event.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// How a connection is encrypted (RFC 3207, RFC 8314).
enum class Security : std::uint8_t {
  Automatic,      ///< Required where credentials are set, else Opportunistic; a transport that cannot encrypt does not.
  Required,       ///< STARTTLS, or no message and no credential goes.
  Opportunistic,  ///< STARTTLS where the server offers it. Whoever sits in between can take the offer away.
  ImplicitTLS,    ///< TLS before the greeting, as on port 465.
  NoneAllowed,    ///< Plain text.
};

/// Public data members of every client. A change counts from the next connection on. The secrets among them are
/// overwritten at the end of their lives.
struct LoginSettings {
  LoginSettings() = default;
  /// Copies all settings.
  LoginSettings(const LoginSettings&) = default;
  /// Copies all settings.
  LoginSettings& operator=(const LoginSettings&) = default;
  ~LoginSettings() {
    detail::WipeText(Password);
    detail::WipeText(AccessToken);
  }

  std::string UserName;         ///< Empty: no authentication (the seed's member).
  std::string Password;         ///< The seed's member.
  std::string AccessToken;      ///< OAuth 2.0 access token, for OAUTHBEARER and XOAUTH2; or see TokenProvider.
  std::string AuthorizationID;  ///< Whom to act as, where that is not the user himself (RFC 4422 3.4.1).
  /// The only SASL mechanism to use; Any takes the strongest that the server offers and the credentials fit.
  AuthMechanism Mechanism = AuthMechanism::Any;
  /// How the connection is encrypted.
  smtpoll::Security Security = smtpoll::Security::Automatic;
  /// Credentials go over an unencrypted connection only where this is set.
  bool AllowPlaintextCredentials = false;
  smtpoll::Timeouts Timeouts;  ///< Milliseconds for each phase (RFC 5321 4.5.3.2).
};

namespace detail {

/// What a protocol's clients are told of TLS.
struct TlsAdvice {
  std::uint16_t implicit_port;  // where the protocol speaks TLS from the first byte on
  std::string_view on_implicit_port;
  std::string_view cannot_encrypt;
};

/// Puts `security` into `options`. An error before a byte is sent where the transport cannot give it, where `port`
/// speaks another one, or where credentials would go over an unencrypted wire without being allowed to by name.
inline Error ApplySecurity(const LoginSettings& settings, smtpoll::Security security, bool can_encrypt,
                           const TlsAdvice& advice, std::uint16_t port, SessionOptions& options) {
  using smtpoll::Security;
  const bool credentials = !options.credentials.empty();
  if (security == Security::Automatic)
    security = !can_encrypt ? Security::NoneAllowed : credentials ? Security::Required : Security::Opportunistic;
  if (!can_encrypt && (security == Security::Required || security == Security::ImplicitTLS))
    return Error(Errc::TlsRefused, Phase::Tls, advice.cannot_encrypt);
  if ((!can_encrypt || security == Security::NoneAllowed) && credentials && !settings.AllowPlaintextCredentials)
    return Error(Errc::CredentialsOnPlainWire, Phase::Authentication,
                 "set AllowPlaintextCredentials to send them all the same");
  // RFC 8314 7.3: such a server waits for the client, and a client that waits for the greeting would wait for long.
  if (port == advice.implicit_port && security != Security::ImplicitTLS)
    return Error(Errc::TlsSettings, Phase::Tls, advice.on_implicit_port);
  options.tls_first = security == Security::ImplicitTLS;
  if (security == Security::Required) options.start_tls = StartTls::Required;
  if (security == Security::Opportunistic && can_encrypt) options.start_tls = StartTls::IfOffered;
  return {};
}

/// True for the AUTH command of a mechanism that sends an access token.
inline bool IsTokenCommand(std::string_view command) noexcept {
  for (const AuthMechanism mechanism : {AuthMechanism::OAuthBearer, AuthMechanism::XOAuth2}) {
    FixedText<32> text("AUTH ");
    text.Append(Name(mechanism));
    if (command == text.View()) return true;
  }
  return false;
}

/// What a login needs of its caller's strings, copied so that the caller may change his while a session runs.
class LoginStrings {
 public:
  LoginStrings() = default;
  LoginStrings(const LoginStrings&) = delete;
  LoginStrings& operator=(const LoginStrings&) = delete;
  ~LoginStrings() { Forget(); }

  /// Takes a copy, and has `options` look at it until the next Take or Forget.
  void Take(const LoginSettings& settings, std::string_view host, std::string_view local_address,
            SessionOptions& options) {
    Forget();
    host_ = host;
    local_address_ = local_address;
    user_name_ = settings.UserName;
    password_ = settings.Password;
    token_ = settings.AccessToken;
    authorization_id_ = settings.AuthorizationID;
    nonce_.Renew();
    options.credentials.user_name = user_name_;
    options.credentials.password = password_;
    options.credentials.token = token_;
    options.credentials.authorization_id = authorization_id_;
    options.credentials.nonce = nonce_.View();
    options.credentials.pinned = settings.Mechanism;
    options.allow_plaintext_credentials = settings.AllowPlaintextCredentials;
    options.timeouts = settings.Timeouts;
  }
  /// As Take, with a token of `handler`'s where it has one. `refused`: the server did not take the one before; false is
  /// returned where there is no other. Where `wanted` is false when the handler returns, he has closed the connection
  /// and may have started another one, whose strings these are now: they stay as they are.
  template <typename Handler>
  bool TakeToken(Handler& handler, bool refused, SessionOptions& options, const bool& wanted = kAlways) {
    const AuthMechanism pinned = options.credentials.pinned;
    const bool bearer = pinned == AuthMechanism::Any || RuleOf(pinned).family == SaslFamily::Bearer;
    std::string token;
    const bool provided = bearer && handler.OnTokenWanted(refused, token);
    if (provided && wanted) token_ = token;
    WipeText(token);
    options.credentials.token = token_;
    return provided || !refused;
  }
  /// Overwrites the secrets.
  void Forget() noexcept {
    WipeText(password_);
    WipeText(token_);
  }

  std::string_view Host() const noexcept { return host_; }
  std::string_view LocalAddress() const noexcept { return local_address_; }

 private:
  static constexpr bool kAlways = true;

  std::string host_;
  std::string local_address_;
  std::string user_name_;
  std::string password_;
  std::string token_;
  std::string authorization_id_;
  Nonce nonce_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
