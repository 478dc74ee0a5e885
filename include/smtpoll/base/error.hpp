// Errors: the seed's numbers, ours beside them, and a record that names the phase, the command and the server's reply.
// Invariant: an Error owns all it says (fixed room, no heap), so it may be kept and copied freely.
#ifndef SMTPOLL_BASE_ERROR_HPP
#define SMTPOLL_BASE_ERROR_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/config.hpp"
#include "smtpoll/base/features.hpp"
#include "smtpoll/base/fixed_text.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Error numbers. 100 to 108 are the seed's; from 1001 on they are ours; any other number is the OS's own.
enum class Errc : int {
  None = 0,
  NetworkInit = 100,     ///< The network could not be initialised.
  ConnectionLost = 102,  ///< The connection was closed or lost, by either side.
  NameResolution = 103,  ///< The host name did not resolve to an address.
  AddressInUse = 105,    ///< The local address or port is taken.
  InvalidState = 106,    ///< The call is not allowed in the present state.
  InvalidPort = 107,     ///< The port is 0 or cannot be used.
  OutOfMemory = 108,

  TimedOut = 1001,                ///< A phase took longer than its time-out (RFC 5321 4.5.3.2).
  MalformedReply = 1002,          ///< The server sent what is no reply (RFC 5321 4.2).
  ReplyTooLong = 1003,            ///< A reply was longer than the receive buffer or had too many lines.
  ServiceRefused = 1004,          ///< The server refused the session (554 greeting, EHLO and HELO refused).
  UnexpectedReply = 1005,         ///< A reply came that no command waited for, or with a code that fits no command.
  CredentialsOnPlainWire = 1006,  ///< Credentials are set, the wire is not encrypted, and nobody allowed that by name.
  AuthenticationUnavailable = 1007,  ///< The server offers no mechanism that we know.
  AuthenticationFailed = 1008,       ///< The server refused the credentials.
  InvalidMessage = 1009,             ///< A value of the message cannot be sent safely; nothing of it was sent.
  MessageTooLarge = 1010,            ///< Larger than the server's SIZE (RFC 1870); nothing of it was sent.
  NotOffered = 1011,                 ///< The message needs an extension that the server does not offer.
  SourceFailed = 1012,               ///< The content's source broke; the message was not completed.
  Cancelled = 1013,                  ///< The caller cancelled the message.
  MessageRefused = 1014,             ///< The server refused the message or all of its recipients.
  TlsHandshake = 1015,               ///< The TLS handshake failed.
  CertificateUntrusted = 1016,       ///< No trusted authority stands behind the server's certificate.
  CertificateName = 1017,            ///< The server's certificate is for another name.
  CertificateExpired = 1018,         ///< The server's certificate is not valid at this time.
  CertificateRejected = 1019,        ///< The server's certificate is revoked, or not the pinned one.
  TlsVersion = 1020,                 ///< The server speaks no TLS version that is allowed.
  TlsSettings = 1021,                ///< A file or value of the TLS settings cannot be used.
  TlsRefused = 1022,                 ///< STARTTLS is not offered or was refused, and encryption is required.
  ProxyRefused = 1023,               ///< The proxy did not connect us to the server.
  ProxyAuthentication = 1024,        ///< The proxy wants credentials, or refused those it got.
  CommandRefused = 1025,             ///< The server refused a command of the caller's (POP3); the session goes on.
};

/// Bytes of an Error's texts; what is longer is cut.
constexpr std::size_t kErrorCommandRoom = detail::kIsSmall ? 40 : 80;
/// As kErrorCommandRoom, for its text.
constexpr std::size_t kErrorTextRoom = detail::kIsSmall ? 64 : 256;

/// The step of a session in which something happened.
enum class Phase : std::uint8_t {
  None,
  Resolve,         ///< Looking up the host name.
  Connect,         ///< Establishing the connection.
  Listen,          ///< Waiting for an incoming connection.
  Greeting,        ///< Waiting for the 220 greeting.
  Hello,           ///< EHLO or HELO.
  Tls,             ///< STARTTLS or the handshake.
  Authentication,  ///< AUTH.
  Idle,            ///< Ready for a message.
  Mail,            ///< MAIL FROM.
  Recipient,       ///< RCPT TO.
  Data,            ///< DATA, before content.
  Content,         ///< Sending content; with POP3, receiving it.
  ContentEnd,      ///< The content is out; its final reply is awaited.
  Reset,           ///< RSET.
  Quit,            ///< QUIT.
  Command,         ///< A command of the caller: NOOP, VRFY, EXPN, HELP, RSET.
};

/// Name of a phase, for people.
constexpr const char* Name(Phase phase) noexcept {
  constexpr const char* kNames[] = {"",        "name resolution", "connect", "listen", "greeting", "EHLO",
                                    "TLS",     "authentication",  "idle",    "MAIL",   "RCPT",     "DATA",
                                    "content", "end of content",  "RSET",    "QUIT",   "command"};
  return kNames[static_cast<unsigned>(phase)];
}

namespace detail {

/// One sentence for an error number of Errc; nullptr for any other.
constexpr const char* OwnName(Errc code) noexcept {
  switch (code) {
    case Errc::None: return "no error";
    case Errc::NetworkInit: return "the network could not be initialised";
    case Errc::ConnectionLost: return "the connection was lost";
    case Errc::NameResolution: return "the host name did not resolve";
    case Errc::AddressInUse: return "the address is in use";
    case Errc::InvalidState: return "not allowed in this state";
    case Errc::InvalidPort: return "the port cannot be used";
    case Errc::OutOfMemory: return "out of memory";
    case Errc::TimedOut: return "timed out";
    case Errc::MalformedReply: return "the server sent what is no reply";
    case Errc::ReplyTooLong: return "the server's reply is too long";
    case Errc::ServiceRefused: return "the server refused the session";
    case Errc::UnexpectedReply:
      return "the server's reply fits no command: it is broken, or somebody in between speaks";
    case Errc::CredentialsOnPlainWire: return "credentials are not sent over an unencrypted connection";
    case Errc::AuthenticationUnavailable: return "the server offers no known AUTH mechanism";
    case Errc::AuthenticationFailed: return "the server refused the credentials";
    case Errc::InvalidMessage: return "the message cannot be sent safely";
    case Errc::MessageTooLarge: return "the message is larger than the server takes";
    case Errc::NotOffered: return "the server does not offer what the message needs";
    case Errc::SourceFailed: return "the content could not be read";
    case Errc::Cancelled: return "cancelled by the caller";
    case Errc::MessageRefused: return "the server refused the message";
    case Errc::TlsHandshake: return "the TLS handshake failed";
    case Errc::CertificateUntrusted:
      return "the server's certificate is not trusted: name its authority in the settings";
    case Errc::CertificateName: return "the server's certificate is for another name: connect by that name";
    case Errc::CertificateExpired: return "the server's certificate is not valid now: check this machine's clock first";
    case Errc::CertificateRejected: return "the server's certificate is revoked or not the pinned one";
    case Errc::TlsVersion:
      return "the server speaks no TLS version that is allowed: it has to be renewed, or TLSv12 is to be allowed";
    case Errc::TlsSettings: return "the TLS settings cannot be used";
    case Errc::TlsRefused: return "the server does not encrypt here: use its other port, or allow plain text by name";
    case Errc::ProxyRefused: return "the proxy did not connect to the server";
    case Errc::ProxyAuthentication: return "the proxy did not take the proxy credentials";
    case Errc::CommandRefused: return "the server refused the command";
  }
  return nullptr;
}

}  // namespace detail

/// One sentence for an error number of Errc; "operating system error" for any other.
constexpr const char* Name(Errc code) noexcept {
  const char* const own = detail::OwnName(code);
  return own != nullptr ? own : "operating system error";
}

/// An enhanced status code, class.subject.detail (RFC 3463); all zero where the server gave none.
struct EnhancedCode {
  std::uint16_t status_class = 0;  ///< 2, 4 or 5: success, failure for now, failure for good.
  std::uint16_t subject = 0;       ///< What it is about: 1 addresses, 2 mailboxes, 7 security, ...
  std::uint16_t detail = 0;        ///< What exactly.
  /// True where the server gave one.
  constexpr explicit operator bool() const noexcept { return status_class != 0; }
  /// All three numbers are the same.
  friend constexpr bool operator==(EnhancedCode a, EnhancedCode b) noexcept {
    return a.status_class == b.status_class && a.subject == b.subject && a.detail == b.detail;
  }
};

/// What went wrong, where, and what the server said. ErrorNumber 0 means that nothing did.
struct Error {
  int ErrorNumber = 0;                   ///< An Errc, or the operating system's own number (the seed's member).
  Phase phase = Phase::None;             ///< The step it happened in.
  int reply_code = 0;                    ///< The server's reply code, 0 where no reply was involved.
  EnhancedCode enhanced;                 ///< The server's enhanced status code, where it gave one.
  FixedText<kErrorCommandRoom> command;  ///< The command concerned, secrets replaced.
  FixedText<kErrorTextRoom> text;        ///< The server's reply text, or the detail of a local error.

  Error() = default;
  /// Copies what is in use of the texts. A move would be the same code once more, so there is none.
  Error(const Error&) = default;
  /// As the copy.
  Error& operator=(const Error&) = default;
  /// An error of ours; `detail` becomes its text.
  Error(Errc code, Phase where, std::string_view detail = {}) noexcept
      : ErrorNumber(static_cast<int>(code)), phase(where), text(detail) {}
  /// An error by its number, which may be the operating system's own.
  static Error FromNumber(int number, Phase where) noexcept {
    Error error;
    error.ErrorNumber = number;
    error.phase = where;
    return error;
  }

  /// ErrorNumber as an Errc; one of no name where it is the operating system's.
  Errc Code() const noexcept { return static_cast<Errc>(ErrorNumber); }
  /// True where something went wrong.
  explicit operator bool() const noexcept { return ErrorNumber != 0; }
};

SMTPOLL_NAMESPACE_END

#endif
