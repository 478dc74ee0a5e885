// What a POP3 server said it can do: the lines of its CAPA response (RFC 2449), read by one table. Unknown ones are
// passed over.
#ifndef SMTPOLL_POP3_CAPABILITIES_HPP
#define SMTPOLL_POP3_CAPABILITIES_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/protocol/auth_mechanism.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Capabilities of a POP3 server.
enum class Pop3Extension : std::uint8_t {
  Top,               ///< RFC 2449 6.1
  User,              ///< RFC 2449 6.2: USER and PASS.
  Sasl,              ///< RFC 5034: AUTH, with the mechanisms that Has(AuthMechanism) tells.
  ResponseCodes,     ///< RFC 2449 6.4
  Pipelining,        ///< RFC 2449 6.6
  Uidl,              ///< RFC 2449 6.8
  StartTls,          ///< RFC 2595 4: STLS.
  AuthResponseCode,  ///< RFC 3206
  Utf8,              ///< RFC 6856
};

namespace detail {

struct Pop3KnownExtension {
  std::string_view keyword;
  Pop3Extension extension;
};
inline constexpr Pop3KnownExtension kPop3Extensions[] = {
    {"TOP", Pop3Extension::Top},
    {"USER", Pop3Extension::User},
    {"SASL", Pop3Extension::Sasl},
    {"RESP-CODES", Pop3Extension::ResponseCodes},
    {"PIPELINING", Pop3Extension::Pipelining},
    {"UIDL", Pop3Extension::Uidl},
    {"STLS", Pop3Extension::StartTls},
    {"AUTH-RESP-CODE", Pop3Extension::AuthResponseCode},
    {"UTF8", Pop3Extension::Utf8},
};

}  // namespace detail

/// The lines of one CAPA response; of a server that knows no CAPA, none.
class Pop3Capabilities {
 public:
  /// The server named this capability.
  bool Has(Pop3Extension extension) const noexcept {
    return (extensions_ >> static_cast<unsigned>(extension) & 1) != 0;
  }
  /// The server named this mechanism for AUTH.
  bool Has(AuthMechanism mechanism) const noexcept {
    return (mechanisms_ >> static_cast<unsigned>(mechanism) & 1) != 0;
  }
  /// The server knows CAPA: what it does not name it cannot do.
  bool Known() const noexcept { return known_; }

  /// A CAPA response begins: what was known is forgotten.
  void Start() noexcept {
    *this = {};
    known_ = true;
  }
  /// Takes one of its lines.
  void AddLine(std::string_view line) noexcept {
    const std::string_view keyword = detail::NextWord(line);
    for (const detail::Pop3KnownExtension& known : detail::kPop3Extensions) {
      if (!detail::EqualIgnoringCase(keyword, known.keyword)) continue;
      extensions_ |= 1u << static_cast<unsigned>(known.extension);
      if (known.extension == Pop3Extension::Sasl)
        while (!detail::Trim(line).empty()) AddMechanism(detail::NextWord(line));
    }
  }

 private:
  void AddMechanism(std::string_view name) noexcept {
    for (std::size_t i = 0; i < detail::kAuthMechanismCount; ++i)
      if (detail::EqualIgnoringCase(name, detail::kAuthMechanisms[i].name)) mechanisms_ |= 1u << i;
  }

  bool known_ = false;
  std::uint32_t extensions_ = 0;
  std::uint32_t mechanisms_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
