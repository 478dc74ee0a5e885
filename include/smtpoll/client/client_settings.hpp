// The settings that SMTPSocket and Session share, and the copy of them that one session runs on.
#ifndef SMTPOLL_CLIENT_CLIENT_SETTINGS_HPP
#define SMTPOLL_CLIENT_CLIENT_SETTINGS_HPP

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

/// Public data members of SMTPSocket and of Session. A change counts from the next connection on. The secrets among
/// them are overwritten at the end of their lives.
struct ClientSettings {
  ClientSettings() = default;
  ClientSettings(const ClientSettings&) = default;
  ClientSettings& operator=(const ClientSettings&) = default;
  ~ClientSettings() {
    detail::WipeText(Password);
    detail::WipeText(AccessToken);
  }

  std::string UserName;         ///< Empty: no authentication (the seed's member).
  std::string Password;         ///< The seed's member.
  std::string AccessToken;      ///< OAuth 2.0 access token, for OAUTHBEARER and XOAUTH2; or see TokenProvider.
  std::string AuthorizationID;  ///< Whom to act as, where that is not the user himself (RFC 4422 3.4.1).
  /// The only SASL mechanism to use; Any takes the strongest that the server offers and the credentials fit.
  AuthMechanism Mechanism = AuthMechanism::Any;
  /// EHLO's argument, a domain or an address literal. Empty: the address literal of the connection (RFC 5321 4.1.3).
  std::string ClientName;
  smtpoll::Security Security = smtpoll::Security::Automatic;
  /// Credentials go over an unencrypted connection only where this is set.
  bool AllowPlaintextCredentials = false;
  /// One refused recipient refuses the whole message; otherwise the others get it.
  bool AllRecipientsOrNone = false;
  /// Speak LMTP (RFC 2033): each recipient gets a final reply of its own.
  bool Lmtp = false;
  /// Group commands where the server offers PIPELINING (RFC 2920).
  bool Pipelining = true;
  /// Messages that may be on their way at once, with PIPELINING. By DATA one waits for its final reply while the next
  /// one's envelope goes; by BDAT that many, and as many are in doubt where the connection is lost. 1: never more than
  /// one.
  std::uint32_t MessagesInFlight = 16;
  /// Send content by BDAT where the server offers CHUNKING (RFC 3030); then a cancelled message costs no connection.
  bool Chunking = true;
  smtpoll::Timeouts Timeouts;  ///< Milliseconds for each phase (RFC 5321 4.5.3.2).
};

namespace detail {

constexpr std::uint16_t kImplicitTlsPort = 465;  ///< "submissions" (RFC 8314 7.3).

/// Puts `security` into `options`. An error before a byte is sent where the transport cannot give it, where `port`
/// speaks another one, or where credentials would go over an unencrypted wire without being allowed to by name.
inline Error ApplySecurity(const ClientSettings& settings, smtpoll::Security security, bool can_encrypt,
                           std::uint16_t port, SessionOptions& options) {
  using smtpoll::Security;
  const bool credentials = !options.credentials.empty();
  if (security == Security::Automatic)
    security = !can_encrypt ? Security::NoneAllowed : credentials ? Security::Required : Security::Opportunistic;
  if (!can_encrypt && (security == Security::Required || security == Security::ImplicitTLS))
    return Error(Errc::TlsRefused, Phase::Tls, "this transport cannot encrypt: use SMTPSecureSocket");
  if ((!can_encrypt || security == Security::NoneAllowed) && credentials && !settings.AllowPlaintextCredentials)
    return Error(Errc::CredentialsOnPlainWire, Phase::Authentication,
                 "set AllowPlaintextCredentials to send them all the same");
  // RFC 8314 7.3: such a server waits for the client, and a client that waits for the greeting would wait for long.
  if (port == kImplicitTlsPort && security != Security::ImplicitTLS)
    return Error(Errc::TlsSettings, Phase::Tls,
                 "port 465 speaks TLS from the first byte on: set SMTPConnectionType to SSLTLS (or Security to "
                 "ImplicitTLS), or use port 587");
  options.tls_first = security == Security::ImplicitTLS;
  if (security == Security::Required) options.start_tls = StartTls::Required;
  if (security == Security::Opportunistic && can_encrypt) options.start_tls = StartTls::IfOffered;
  return {};
}

/// True where `error` is a server's final word on an access token (RFC 7628 3.2.2): another one may do.
inline bool RefusesToken(const Error& error) noexcept {
  if (error.Code() != Errc::AuthenticationFailed || error.reply_code / 100 != 5) return false;
  for (const AuthMechanism mechanism : {AuthMechanism::OAuthBearer, AuthMechanism::XOAuth2}) {
    FixedText<32> command("AUTH ");
    command.Append(Name(mechanism));
    if (error.command.View() == command.View()) return true;
  }
  return false;
}

/// What a session needs of its caller's strings, copied so that the caller may change his while it runs.
class SessionStrings {
 public:
  SessionStrings() = default;
  SessionStrings(const SessionStrings&) = delete;
  SessionStrings& operator=(const SessionStrings&) = delete;
  ~SessionStrings() { Forget(); }

  /// Takes a copy and returns options that look at it until the next Take or Forget.
  SessionOptions Take(const ClientSettings& settings, std::string_view host, std::string_view local_address) {
    Forget();
    host_ = host;
    local_address_ = local_address;
    user_name_ = settings.UserName;
    password_ = settings.Password;
    token_ = settings.AccessToken;
    authorization_id_ = settings.AuthorizationID;
    nonce_.Renew();
    client_name_ = settings.ClientName;
    SessionOptions options;
    options.client_name = client_name_;
    options.credentials.user_name = user_name_;
    options.credentials.password = password_;
    options.credentials.token = token_;
    options.credentials.authorization_id = authorization_id_;
    options.credentials.nonce = nonce_.View();
    options.credentials.pinned = settings.Mechanism;
    options.allow_plaintext_credentials = settings.AllowPlaintextCredentials;
    options.all_recipients_or_none = settings.AllRecipientsOrNone;
    options.lmtp = settings.Lmtp;
    options.pipelining = settings.Pipelining;
    options.chunking = settings.Chunking;
    options.in_flight = settings.MessagesInFlight;
    options.timeouts = settings.Timeouts;
    return options;
  }
  /// As Take, with a token of `handler`'s where it has one. `refused`: the server did not take the one before; false is
  /// returned where there is no other.
  template <typename Handler>
  bool TakeToken(Handler& handler, bool refused, SessionOptions& options) {
    const AuthMechanism pinned = options.credentials.pinned;
    const bool bearer = pinned == AuthMechanism::Any || RuleOf(pinned).family == SaslFamily::Bearer;
    std::string token;
    const bool provided = bearer && handler.OnTokenWanted(refused, token);
    if (provided) token_ = token;
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
  std::string host_;
  std::string local_address_;
  std::string user_name_;
  std::string password_;
  std::string token_;
  std::string authorization_id_;
  Nonce nonce_;
  std::string client_name_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
