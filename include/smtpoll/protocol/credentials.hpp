// Who the client is, and which mechanisms of SASL (RFC 4422) that is enough for. Every secret is a view of the caller's
// memory: the engine keeps none.
#ifndef SMTPOLL_PROTOCOL_CREDENTIALS_HPP
#define SMTPOLL_PROTOCOL_CREDENTIALS_HPP

#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/features.hpp"
#include "smtpoll/protocol/auth_mechanism.hpp"
#include "smtpoll/protocol/sasl_prep.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Who the client is. The views must stay valid until the session is authenticated. No authentication is tried where
/// there is no user name, no token and no pinned mechanism.
struct Credentials {
  std::string_view user_name = {};         ///< Who logs in.
  std::string_view password = {};          ///< With what.
  std::string_view token = {};             ///< OAuth 2.0 access token (RFC 6750), for OAUTHBEARER and XOAUTH2.
  std::string_view authorization_id = {};  ///< Whom to act as, where that is not the user himself.
  /// SCRAM needs at least 18 random printable characters without a comma, others for each session; without them it is
  /// not tried. The engine has no randomness of its own.
  std::string_view nonce = {};
  std::string_view channel_binding = {};  ///< What the TLS session gives for the type; the -PLUS mechanisms need it.
  std::string_view channel_binding_type = {};  ///< "tls-exporter" (RFC 9266) or "tls-server-end-point" (RFC 5929).
  AuthMechanism pinned = AuthMechanism::Any;   ///< The only mechanism to be used.

  /// Nobody is to log in.
  constexpr bool empty() const noexcept { return user_name.empty() && token.empty() && pinned == AuthMechanism::Any; }
};

namespace detail {

/// RFC 5802 7: printable, without the comma that ends it.
constexpr bool IsScramNonce(std::string_view nonce) noexcept {
  for (const char c : nonce)
    if (c <= ' ' || c > '~' || c == ',') return false;
  return !nonce.empty();
}

constexpr bool HasControl(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return true;
  return false;
}

/// Why SCRAM cannot say `user_name`; nullptr where it can. One of which nothing is left is none (RFC 5802 5.1).
inline const char* UserNameFault(std::string_view user_name) noexcept {
  const PreparedText prepared(user_name);
  if (prepared.Fault() != nullptr) return prepared.Fault();
  return prepared.View().empty() ? "nothing is left of the user name when SASLprep is done" : nullptr;
}

/// What `credentials` lack for `mechanism`; nullptr where they lack nothing.
inline const char* Misfit(AuthMechanism mechanism, const Credentials& credentials) noexcept {
  constexpr std::size_t kLeastNonce = 18;
  const AuthMechanismRule& rule = RuleOf(mechanism);
  if (!kHasDigests && (rule.family == SaslFamily::Scram || rule.family == SaslFamily::CramMd5))
    return "SMTPOLL_NO_DIGESTS leaves that mechanism out";
  const auto needs = [&rule](SaslNeed need) { return (rule.needs & need) != 0; };
  if (needs(kNeedsPinning) && credentials.pinned != mechanism) return "EXTERNAL must be asked for";
  if (needs(kNeedsUserName) && credentials.user_name.empty()) return "the user name is missing";
  // An empty password is one, but not beside a token.
  if (needs(kNeedsPassword) && credentials.password.empty() && !credentials.token.empty())
    return "the password is missing";
  if (needs(kNeedsToken) && credentials.token.empty()) return "the token is missing";
  if (needs(kNeedsNoAuthorizationId) && !credentials.authorization_id.empty())
    return "the mechanism has no place for an authorization identity";
  if (needs(kNeedsChannelBinding) && (credentials.channel_binding.empty() || credentials.channel_binding_type.empty()))
    return "the channel binding is missing";
  if (needs(kNeedsNonce) && (credentials.nonce.size() < kLeastNonce || !IsScramNonce(credentials.nonce)))
    return "the nonce is missing or too short";
  for (const std::string_view text : {credentials.user_name, credentials.password, credentials.authorization_id})
    if (text.find('\0') != std::string_view::npos) return "the credentials have a NUL in them";
  if (rule.family == SaslFamily::Bearer)
    for (const std::string_view text : {credentials.user_name, credentials.authorization_id, credentials.token})
      if (HasControl(text)) return "the credentials have a control character in them";
  if constexpr (kHasDigests) {
    if (rule.family != SaslFamily::Scram) return nullptr;
    const char* const fault = UserNameFault(credentials.user_name);
    return fault != nullptr ? fault : PreparedText(credentials.password).Fault();
  }
  return nullptr;
}

/// The strongest mechanism, from number `first` on, that is in `offered` and that the credentials fit; Any where there
/// is none, and `why` then says so if that is the credentials' fault.
template <typename Offered, typename Text>
AuthMechanism StrongestMechanism(const Offered& offered, const Credentials& credentials, std::size_t first,
                                 Text& why) noexcept {
  const AuthMechanism pinned = credentials.pinned;
  for (std::size_t i = first; i < kAuthMechanismCount; ++i) {
    const auto mechanism = static_cast<AuthMechanism>(i);
    if ((pinned != AuthMechanism::Any && pinned != mechanism) || !offered.Has(mechanism)) continue;
    const char* const misfit = Misfit(mechanism, credentials);
    if (misfit == nullptr) return mechanism;
    if (why.empty()) why.Assign(misfit);
  }
  if (why.empty() && pinned != AuthMechanism::Any) {
    why.Assign(Name(pinned));
    why.Append(" is not offered");
  }
  return AuthMechanism::Any;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
