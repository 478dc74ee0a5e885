// The SASL mechanisms that the engine can speak, strongest first: one table says each one's name on the wire, how it
// works and what it needs. First those where the server must prove itself too, then those with a token, then the rest.
#ifndef SMTPOLL_PROTOCOL_AUTH_MECHANISM_HPP
#define SMTPOLL_PROTOCOL_AUTH_MECHANISM_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// SASL mechanisms in the order in which they are tried.
enum class AuthMechanism : std::uint8_t {
  ScramSha512Plus,  ///< SCRAM (RFC 5802) with SHA-512, bound to the TLS channel.
  ScramSha256Plus,  ///< RFC 7677, bound to the TLS channel.
  ScramSha1Plus,    ///< RFC 5802, bound to the TLS channel.
  ScramSha512,      ///< SCRAM (RFC 5802) with SHA-512.
  ScramSha256,      ///< RFC 7677
  ScramSha1,        ///< RFC 5802
  OAuthBearer,      ///< RFC 7628
  XOAuth2,          ///< Google's and Microsoft's forerunner of OAUTHBEARER.
  External,         ///< RFC 4422 appendix A: the TLS client certificate says who it is. Only where pinned.
  CramMd5,          ///< RFC 2195
  Plain,            ///< RFC 4616
  Login,            ///< Never standardised; user name and password each on a line of their own.
  Any,              ///< None of them: the strongest that fits.
};

namespace detail {

constexpr std::size_t kAuthMechanismCount = static_cast<std::size_t>(AuthMechanism::Any);

enum class SaslFamily : std::uint8_t { Scram, Bearer, External, CramMd5, Plain, Login };

/// What the credentials must have for a mechanism, as bits.
enum SaslNeed : unsigned {
  kNeedsUserName = 1,
  kNeedsPassword = 2,
  kNeedsNonce = 4,
  kNeedsChannelBinding = 8,
  kNeedsToken = 16,
  kNeedsPinning = 32,
  kNeedsNoAuthorizationId = 64,  // it has no place for one, and without it the client would act as somebody else
};

struct AuthMechanismRule {
  std::string_view name;
  SaslFamily family;
  unsigned digest;  // the number of SCRAM's SHA
  unsigned needs;
};

constexpr unsigned kScramNeeds = kNeedsUserName | kNeedsPassword | kNeedsNonce;
constexpr unsigned kScramPlusNeeds = kScramNeeds | kNeedsChannelBinding;
constexpr unsigned kPasswordNeeds = kNeedsUserName | kNeedsPassword;

/// In the order of AuthMechanism.
inline constexpr AuthMechanismRule kAuthMechanisms[kAuthMechanismCount] = {
    {"SCRAM-SHA-512-PLUS", SaslFamily::Scram, 512, kScramPlusNeeds},
    {"SCRAM-SHA-256-PLUS", SaslFamily::Scram, 256, kScramPlusNeeds},
    {"SCRAM-SHA-1-PLUS", SaslFamily::Scram, 1, kScramPlusNeeds},
    {"SCRAM-SHA-512", SaslFamily::Scram, 512, kScramNeeds},
    {"SCRAM-SHA-256", SaslFamily::Scram, 256, kScramNeeds},
    {"SCRAM-SHA-1", SaslFamily::Scram, 1, kScramNeeds},
    {"OAUTHBEARER", SaslFamily::Bearer, 0, kNeedsToken},
    {"XOAUTH2", SaslFamily::Bearer, 0, kNeedsToken | kNeedsUserName | kNeedsNoAuthorizationId},
    {"EXTERNAL", SaslFamily::External, 0, kNeedsPinning},
    {"CRAM-MD5", SaslFamily::CramMd5, 0, kPasswordNeeds | kNeedsNoAuthorizationId},
    {"PLAIN", SaslFamily::Plain, 0, kPasswordNeeds},
    {"LOGIN", SaslFamily::Login, 0, kPasswordNeeds | kNeedsNoAuthorizationId},
};
constexpr const AuthMechanismRule& RuleOf(AuthMechanism mechanism) noexcept {
  return kAuthMechanisms[static_cast<std::size_t>(mechanism)];
}

}  // namespace detail

/// The mechanism's name on the wire; empty for Any.
constexpr std::string_view Name(AuthMechanism mechanism) noexcept {
  return mechanism == AuthMechanism::Any ? std::string_view() : detail::RuleOf(mechanism).name;
}

SMTPOLL_NAMESPACE_END

#endif
