// smtpoll 0.1.0 as a single header, made from include/ by amalgamate.py.
//
// MIT License
//
// Copyright (c) 2026 the smtpoll authors
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.

// smtpoll: a synchronous SMTP client in headers. This is the one include; it lists the floors in reading order.
#ifndef SMTPOLL_SMTPOLL_HPP
#define SMTPOLL_SMTPOLL_HPP

// Floor 5: what you use.
//   smtpoll/client/retry_queue.hpp
//   smtpoll/client/secure_socket.hpp
//   smtpoll/client/session.hpp
//   smtpoll/client/small_session.hpp
//   smtpoll/client/smtp_socket.hpp

// Floor 6, opt-in: reading mail.
//   smtpoll/pop3.hpp with SMTPOLL_POP3

// Floor 6, opt-in: a scripted server in memory, for tests of your own code.
//   smtpoll/testing.hpp with SMTPOLL_TESTING

// Floors 4 and 3: how bytes travel; bring your own policy for another TLS library or TCP stack.
//   smtpoll/socket/http_proxy.hpp
//   smtpoll/socket/native.hpp
//   smtpoll/socket/network_interface.hpp
//   smtpoll/socket/socket_policy.hpp
//   smtpoll/socket/socks5_proxy.hpp
//   smtpoll/transport/plain.hpp
//   smtpoll/transport/tls_settings.hpp
//   smtpoll/transport/transport_policy.hpp

// Floor 4, opt-in: TLS by a library of yours.
//   smtpoll/transport/openssl.hpp with SMTPOLL_OPENSSL
//   smtpoll/transport/mbedtls.hpp with SMTPOLL_MBEDTLS
//   smtpoll/transport/schannel.hpp with SMTPOLL_SCHANNEL

// Floor 2: SMTP without I/O.
//   smtpoll/protocol/engine.hpp

// Floor 1: messages without SMTP.
//   smtpoll/message/email_message.hpp
//   smtpoll/message/message_source.hpp
//   smtpoll/message/message_view.hpp
//   smtpoll/message/message_view_source.hpp

// Floor 1, opt-in: signatures by a library of yours.
//   smtpoll/message/dkim_openssl.hpp with SMTPOLL_OPENSSL
//   smtpoll/message/dkim_mbedtls.hpp with SMTPOLL_MBEDTLS

// Floor 0: errors, also for people, and byte sources.
//   smtpoll/base/describe.hpp
//   smtpoll/base/error_category.hpp
//   smtpoll/base/source.hpp

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

// ---- smtpoll/base/config.hpp ----
// Version, namespace and platform switches; every macro of smtpoll starts with SMTPOLL_.
// Yours to define before the include: SMTPOLL_NO_SIMD does without vectors; SMTPOLL_SMALL, SMTPOLL_NO_AUTH and
// SMTPOLL_NO_DIGESTS leave things out, see base/features.hpp; SMTPOLL_NO_WSASTARTUP (Windows) leaves WSAStartup and
// WSACleanup to the program.
// The inline namespace carries the version, so two versions of the header can live in one program.
#ifndef SMTPOLL_BASE_CONFIG_HPP
#define SMTPOLL_BASE_CONFIG_HPP

#define SMTPOLL_VERSION "0.1.0"

#define SMTPOLL_NAMESPACE_BEGIN \
  namespace smtpoll {           \
  inline namespace v0_1_0 {
#define SMTPOLL_NAMESPACE_END \
  }                           \
  }

#if defined(_WIN32)
#define SMTPOLL_WINDOWS 1
#elif defined(__unix__) || (defined(__APPLE__) && defined(__MACH__))
#define SMTPOLL_POSIX 1
#endif

// A function that is rare and large is kept out of its callers: its room on the stack is theirs where it is inlined.
#if defined(__GNUC__)
#define SMTPOLL_APART __attribute__((noinline))
#else
#define SMTPOLL_APART
#endif

SMTPOLL_NAMESPACE_BEGIN

/// The library's semantic version, as in the macro SMTPOLL_VERSION.
constexpr const char* Version() noexcept { return SMTPOLL_VERSION; }

/// Milliseconds of a clock that never runs backwards; its zero is whatever the owner of the clock says.
using Millis = std::int64_t;

/// A point in time that never comes: no deadline is set.
inline constexpr Millis kNever = INT64_MAX;

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/features.hpp ----
// What a small program leaves out, as constants: one macro of the user's each, the same in every file of a program.
// What is left out is refused by name, never passed over.
#ifndef SMTPOLL_BASE_FEATURES_HPP
#define SMTPOLL_BASE_FEATURES_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// SMTPOLL_SMALL: less code and less memory. Texts are looked at byte by byte, without tables; texts of errors are cut
/// shorter; one message goes at a time; there is no BDAT (RFC 3030), no LMTP, none of DeliveryOptions, DSN among
/// them, and LIMITS (RFC 9422) is not read.
#if defined(SMTPOLL_SMALL)
constexpr bool kIsSmall = true;
#else
constexpr bool kIsSmall = false;
#endif

/// SMTPOLL_NO_AUTH: no AUTH (RFC 4954), for a server that takes mail from whoever may reach it.
#if defined(SMTPOLL_NO_AUTH)
constexpr bool kHasAuth = false;
#else
constexpr bool kHasAuth = true;
#endif

/// SMTPOLL_NO_DIGESTS: AUTH without SCRAM and CRAM-MD5, and so without their digests.
#if defined(SMTPOLL_NO_DIGESTS) || defined(SMTPOLL_NO_AUTH)
constexpr bool kHasDigests = false;
#else
constexpr bool kHasDigests = true;
#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/fixed_text.hpp ----
// Text of bounded length held in place: it is cut where it does not fit, and it never touches the heap.
#ifndef SMTPOLL_BASE_FIXED_TEXT_HPP
#define SMTPOLL_BASE_FIXED_TEXT_HPP

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// Appends as much of `text` as fits to the `size` of `room` bytes that are filled; returns the new size. One function
/// for texts of all lengths.
inline std::uint16_t AppendFitting(std::string_view text, char* bytes, std::size_t size, std::size_t room) noexcept {
  const std::size_t more = text.size() < room - size ? text.size() : room - size;
  if (more != 0) std::memcpy(bytes + size, text.data(), more);
  return static_cast<std::uint16_t>(size + more);
}
inline std::uint16_t AppendFittingDecimal(std::uint64_t value, char* bytes, std::size_t size,
                                          std::size_t room) noexcept {
  char digits[20];
  std::size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return AppendFitting({digits + at, sizeof digits - at}, bytes, size, room);
}

}  // namespace detail

/// Up to kRoom bytes of text; what is longer is cut at the end.
template <std::size_t kRoom>
class FixedText {
 public:
  FixedText() = default;
  /// Holds `text`.
  explicit FixedText(std::string_view text) noexcept { Assign(text); }
  ///@{
  /// Copies the text.
  // What is not text is not copied: it may be what somebody else left on the stack.
  FixedText(const FixedText& other) noexcept { Assign(other.View()); }
  FixedText& operator=(const FixedText& other) noexcept {
    if (this != &other) Assign(other.View());
    return *this;
  }
  ///@}

  /// Holds `text` instead.
  void Assign(std::string_view text) noexcept {
    size_ = 0;
    Append(text);
  }
  /// Adds `text` at the end.
  void Append(std::string_view text) noexcept { size_ = detail::AppendFitting(text, bytes_, size_, kRoom); }
  /// Adds `value` in decimal digits.
  void AppendDecimal(std::uint64_t value) noexcept {
    size_ = detail::AppendFittingDecimal(value, bytes_, size_, kRoom);
  }
  /// Holds nothing.
  void Clear() noexcept { size_ = 0; }

  /// The text; valid until this object changes or ends.
  std::string_view View() const noexcept { return {bytes_, size_}; }
  /// True where there is no text.
  bool empty() const noexcept { return size_ == 0; }

 private:
  static_assert(kRoom <= UINT16_MAX, "FixedText: at most 65535 bytes");
  std::uint16_t size_ = 0;
  char bytes_[kRoom];
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/error.hpp ----
// Errors: the seed's numbers, ours beside them, and a record that names the phase, the command and the server's reply.
// Invariant: an Error owns all it says (fixed room, no heap), so it may be kept and copied freely.
#ifndef SMTPOLL_BASE_ERROR_HPP
#define SMTPOLL_BASE_ERROR_HPP

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

// ---- smtpoll/client/outcome.hpp ----
// What becomes of a message. Invariant: it is exactly one of queued, sent, refused, in doubt.
#ifndef SMTPOLL_CLIENT_OUTCOME_HPP
#define SMTPOLL_CLIENT_OUTCOME_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What became of a message.
enum class Outcome : std::uint8_t {
  Queued,   ///< Certainly not accepted; it may be sent (again).
  Sent,     ///< The server read it all and took it: a 2yz final reply was read.
  Refused,  ///< The server or the caller refused it, or it cannot be sent safely; sending it again as it is would not
            ///< help.
  InDoubt,  ///< The connection died after the content and before the final reply: it may or may not have arrived.
};

/// Name of an outcome, for people.
constexpr const char* Name(Outcome outcome) noexcept {
  constexpr const char* kNames[] = {"queued", "sent", "refused", "in doubt"};
  return kNames[static_cast<unsigned>(outcome)];
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/send_result.hpp ----
// What became of a message, recipient by recipient.
#ifndef SMTPOLL_CLIENT_SEND_RESULT_HPP
#define SMTPOLL_CLIENT_SEND_RESULT_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What the server said to one recipient, and what that came to.
struct RecipientResult {
  std::string mailbox;                ///< `local@domain`, as on the wire.
  Outcome outcome = Outcome::Queued;  ///< What became of the message for this recipient.
  bool accepted = false;              ///< The server took the recipient; that does not mean sent.
  bool final_reply = false;           ///< LMTP: this is the final reply, to the content (RFC 2033).
  int reply_code = 0;                 ///< 0 where the server was not asked.
  EnhancedCode enhanced;              ///< Its enhanced status code, where the server gave one.
  std::string text;                   ///< The reply's text, for a refused recipient; empty for an accepted one.
};

/// The result of one message. It owns all that it says. Where recipients differ, the message is in doubt if it is for
/// one of them, else queued, else sent, else refused.
struct SendResult {
  Outcome outcome = Outcome::Queued;  ///< What became of the message.
  smtpoll::Error error;               ///< Why it was not sent; ErrorNumber 0 for a sent one.
  std::string server_text;            ///< Text of the final reply of a sent message; servers put their queue id there.
  std::vector<RecipientResult> recipients;  ///< What became of it for each recipient.

  /// The server accepted the message.
  bool Sent() const noexcept { return outcome == Outcome::Sent; }
  /// As Sent.
  explicit operator bool() const noexcept { return Sent(); }
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/timeouts.hpp ----
// How long the client waits for each step, with the minima of RFC 5321 4.5.3.2 as defaults.
#ifndef SMTPOLL_PROTOCOL_TIMEOUTS_HPP
#define SMTPOLL_PROTOCOL_TIMEOUTS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Time-outs in milliseconds. A wait counts from the last command that went out or the last reply that came in.
struct Timeouts {
  ///@{
  /// Milliseconds.
  static constexpr Millis kSecond = 1000;
  static constexpr Millis kMinute = 60 * kSecond;
  ///@}

  Millis connect = kMinute;             ///< Name resolution and connection together; the RFC names none.
  Millis greeting = 5 * kMinute;        ///< 4.5.3.2.1: the initial 220.
  Millis hello = 5 * kMinute;           ///< EHLO and HELO.
  Millis tls = kMinute;                 ///< The TLS handshake as a whole.
  Millis authentication = 5 * kMinute;  ///< Each step of AUTH.
  Millis mail = 5 * kMinute;            ///< 4.5.3.2.2: MAIL.
  Millis recipient = 5 * kMinute;       ///< 4.5.3.2.3: RCPT.
  Millis data = 2 * kMinute;            ///< 4.5.3.2.4: DATA, until its 354.
  Millis content = 3 * kMinute;         ///< 4.5.3.2.5: each piece of content handed to the wire.
  Millis content_end = 10 * kMinute;    ///< 4.5.3.2.6: the final reply.
  Millis reset = 5 * kMinute;           ///< RSET.
  Millis command = 5 * kMinute;         ///< NOOP, VRFY, EXPN, HELP.
  Millis quit = 10 * kSecond;           ///< QUIT; nothing is lost where its reply does not come.
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/retry_policy.hpp ----
// When a message is tried again, and what is worth trying again at all: the rules of RetryQueue, without its machinery.
#ifndef SMTPOLL_CLIENT_RETRY_POLICY_HPP
#define SMTPOLL_CLIENT_RETRY_POLICY_HPP

SMTPOLL_NAMESPACE_BEGIN

/// A server that takes mail for us: one of several in order of preference, as a list of MX hosts is.
struct Relay {
  std::string Address;      ///< Host name, IPv4 or IPv6 literal.
  std::uint16_t Port = 25;  ///< Port to connect to.
};

/// How patient a RetryQueue is (RFC 5321 4.5.4.1).
struct RetryPolicy {
  Millis FirstDelay =
      Timeouts::kMinute;  ///< Milliseconds from the first try to the second; doubled with each further one,
  Millis LongestDelay = 60 * Timeouts::kMinute;  ///< up to this.
  unsigned JitterPercent = 20;  ///< Each delay is up to so much longer or shorter, by chance; at most 100.
  std::uint32_t Tries = 100;    ///< A message is tried so often (with these delays in about four days); 0: for ever.
  /// A message in doubt may have arrived, and arrives twice where it is sent again: only where this is set.
  bool SendInDoubtAgain = false;

  /// Milliseconds to wait after the `tries`-th try in vain (from 1 on); `chance` is any number, taken by chance.
  Millis Delay(std::uint32_t tries, std::uint64_t chance) const noexcept {
    Millis delay = FirstDelay;
    for (std::uint32_t i = 1; i < tries && delay < LongestDelay; ++i)
      delay = delay > LongestDelay / 2 ? LongestDelay : delay * 2;
    if (delay > LongestDelay) delay = LongestDelay;
    if (delay <= 0) return 0;
    const Millis spread = delay / 100 * (JitterPercent < 100 ? JitterPercent : 100);
    return delay - spread + static_cast<Millis>(chance % (2 * static_cast<std::uint64_t>(spread) + 1));
  }
};

namespace detail {

/// True where this recipient may take the message another time: not asked yet, refused for now (4yz), or in doubt where
/// that is `allowed`.
inline bool IsWorthAnotherTry(const RecipientResult& recipient, const SendResult& result, bool allowed) noexcept {
  if (recipient.outcome == Outcome::InDoubt) return allowed;
  if (recipient.outcome != Outcome::Refused) return recipient.outcome == Outcome::Queued;
  const bool by_name = recipient.reply_code != 0 && !recipient.accepted;
  return (by_name ? recipient.reply_code : result.error.reply_code) / 100 == 4;
}

/// True where another connection, later or to another relay, may go better without anybody mending something here.
inline bool IsWorthAnotherConnection(const Error& error) noexcept {
  switch (error.Code()) {
    case Errc::InvalidState:
    case Errc::InvalidPort:
    case Errc::CredentialsOnPlainWire:
    case Errc::AuthenticationUnavailable:
    case Errc::TlsSettings: return false;
    case Errc::AuthenticationFailed: return error.reply_code / 100 != 5;
    default: return true;
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/plain_list.hpp ----
// A list of plain items that keeps its memory for the next ones. std::vector would do, but for the compile time that it
// costs with each type of items.
#ifndef SMTPOLL_BASE_PLAIN_LIST_HPP
#define SMTPOLL_BASE_PLAIN_LIST_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename T>
class PlainList {
  static_assert(__is_trivially_copyable(T), "PlainList copies its items as bytes");

 public:
  PlainList() = default;
  PlainList(const PlainList&) = delete;
  PlainList& operator=(const PlainList&) = delete;
  ~PlainList() { delete[] items_; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t index) noexcept { return items_[index]; }
  const T& operator[](std::size_t index) const noexcept { return items_[index]; }
  T& back() noexcept { return items_[size_ - 1]; }
  const T* data() const noexcept { return items_; }
  const T* begin() const noexcept { return items_; }
  const T* end() const noexcept { return items_ + size_; }

  void clear() noexcept { size_ = 0; }
  /// Forgets all behind the first `size` items.
  void Truncate(std::size_t size) noexcept { size_ = size; }

  void push_back(T item) {
    if (size_ == room_) Grow(1);
    items_[size_++] = item;
  }
  void Append(const T* items, std::size_t count) {
    if (count > room_ - size_) Grow(count);
    if (count != 0) std::memcpy(items_ + size_, items, count * sizeof(T));
    size_ += count;
  }

 private:
  void Grow(std::size_t more) {
    std::size_t room = size_ + more > 2 * room_ ? size_ + more : 2 * room_;
    if (room * sizeof(T) < kLeastBytes) room = kLeastBytes / sizeof(T);
    T* const items = new T[room];
    if (size_ != 0) std::memcpy(static_cast<void*>(items), items_, size_ * sizeof(T));
    delete[] items_;
    items_ = items;
    room_ = room;
  }

  static constexpr std::size_t kLeastBytes = 128;

  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/text_buffer.hpp ----
// Text that is built piece by piece and keeps its memory for the next one. std::string would do, but for the cost of
// its appends: they are calls into the library, and a message is made of dozens of small ones.
#ifndef SMTPOLL_BASE_TEXT_BUFFER_HPP
#define SMTPOLL_BASE_TEXT_BUFFER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TextBuffer {
 public:
  std::size_t size() const noexcept { return bytes_.size(); }
  std::string_view View() const noexcept { return {bytes_.data(), bytes_.size()}; }
  operator std::string_view() const noexcept { return View(); }

  void clear() noexcept { bytes_.clear(); }
  /// Forgets all behind the first `size` bytes.
  void resize(std::size_t size) noexcept { bytes_.Truncate(size); }

  TextBuffer& append(std::string_view text) {
    bytes_.Append(text.data(), text.size());
    return *this;
  }
  TextBuffer& append(const char* text, std::size_t size) { return append(std::string_view(text, size)); }
  TextBuffer& assign(std::string_view text) {
    clear();
    return append(text);
  }
  TextBuffer& operator+=(std::string_view text) { return append(text); }
  TextBuffer& operator+=(char c) {
    bytes_.push_back(c);
    return *this;
  }

 private:
  PlainList<char> bytes_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/error_category.hpp ----
// Errors as std::error_code and as one line of text, for programs that have the standard library's strings.
#ifndef SMTPOLL_BASE_ERROR_CATEGORY_HPP
#define SMTPOLL_BASE_ERROR_CATEGORY_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "smtpoll"; }
  std::string message(int number) const override { return Name(static_cast<Errc>(number)); }
};

/// True for a number of Errc's; all others are the operating system's.
constexpr bool IsOurs(int number) noexcept { return OwnName(static_cast<Errc>(number)) != nullptr; }

#if defined(SMTPOLL_WINDOWS)
/// What std::errc calls a number of Winsock's, which MinGW's std::system_category does not know; 0 where it has no
/// word.
constexpr int GenericNumber(int number) noexcept {
  constexpr struct {
    int number;
    std::errc name;
  } kTable[] = {
      {10013, std::errc::permission_denied},
      {10049, std::errc::address_not_available},
      {10050, std::errc::network_down},
      {10051, std::errc::network_unreachable},
      {10060, std::errc::timed_out},
      {10061, std::errc::connection_refused},
      {10064, std::errc::host_unreachable},
      {10065, std::errc::host_unreachable},
      {10047, std::errc::address_family_not_supported},
      {10024, std::errc::too_many_files_open},
  };
  for (const auto& row : kTable)
    if (row.number == number) return static_cast<int>(row.name);
  return 0;
}
#endif

}  // namespace detail

/// The category of Errc.
inline const std::error_category& Category() noexcept {
  static const detail::ErrorCategory category;
  return category;
}

/// `code` as a std::error_code, so that the two compare.
inline std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), Category()}; }

/// `error` as a std::error_code: ours in Category(), the OS's own numbers in std::system_category(); on Windows those
/// of Winsock that std::errc has a name for in std::generic_category(), by that name.
inline std::error_code ToErrorCode(const Error& error) noexcept {
  if (!error) return {};
#if defined(SMTPOLL_WINDOWS)
  if (const int generic = detail::GenericNumber(error.ErrorNumber)) return {generic, std::generic_category()};
#endif
  return {error.ErrorNumber, detail::IsOurs(error.ErrorNumber) ? Category() : std::system_category()};
}

/// One line for people: the phase, what happened, the command and the server's reply as far as known.
inline std::string ToString(const Error& error) {
  detail::TextBuffer line;
  if (error.phase != Phase::None) line.append(Name(error.phase)).append(": ");
  line.append(ToErrorCode(error).message());
  if (!error.command.empty()) line.append(" [").append(error.command.View()).append("]");
  if (error.reply_code != 0) {
    line.append(": ").append(std::to_string(error.reply_code));
    if (error.enhanced) {
      line.append(" ").append(std::to_string(error.enhanced.status_class));
      line.append(".").append(std::to_string(error.enhanced.subject));
      line.append(".").append(std::to_string(error.enhanced.detail));
    }
    line.append(" ").append(error.text.View());
  } else if (!error.text.empty()) {
    line.append(": ").append(error.text.View());
  }
  return std::string(line.View());
}

SMTPOLL_NAMESPACE_END

/// \cond
template <>
struct std::is_error_code_enum<smtpoll::Errc> : std::true_type {};
/// \endcond

#endif

// ---- smtpoll/base/sequence.hpp ----
// A list whose front can be taken off cheaply: the seed's array operations plus a queue's two.
// Invariant: the elements are contiguous; PopFront never allocates, and room once taken is kept for reuse.
#ifndef SMTPOLL_BASE_SEQUENCE_HPP
#define SMTPOLL_BASE_SEQUENCE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The seed's list of messages or attachments. Element 0 is the first. References, pointers and iterators are valid
/// until the next call that is not const. An index is checked where the call says so; operator[] needs one below Count.
template <typename T>
class Sequence {
 public:
  /// What it holds.
  using value_type = T;

  Sequence() noexcept = default;
  /// Copies the items.
  Sequence(const Sequence& other) : Sequence() { AppendAll(other); }
  /// Takes the items; `other` is empty then.
  Sequence(Sequence&& other) noexcept { Swap(other); }
  /// Copies the items.
  // cppcheck-suppress operatorEqVarError
  Sequence& operator=(const Sequence& other) {
    if (this == &other) return *this;
    RemoveAll();
    AppendAll(other);
    return *this;
  }
  /// Takes the items; `other` is empty then.
  Sequence& operator=(Sequence&& other) noexcept {
    if (this == &other) return *this;
    RemoveAll();
    Swap(other);
    return *this;
  }
  ~Sequence() {
    RemoveAll();
    ::operator delete(items_);
  }

  /// Adds an element at the end (the seed's Append, and its newer name Add).
  void Append(const T& item) { Append(T(item)); }
  /// As above, by moving it.
  void Append(T&& item) {
    if (end_ == room_) {
      T kept(std::move(item));  // it may be one of ours
      MakeRoom();
      Construct(end_++, kept);
    } else {
      Construct(end_++, item);
    }
  }
  /// The seed's newer name for Append.
  void Add(const T& item) { Append(item); }
  /// As above, by moving it.
  void Add(T&& item) { Append(std::move(item)); }

  /// Puts `item` before element `index`; at the end where there is no such element.
  void Insert(std::size_t index, T item) {
    if (index == 0) return PushFront(std::move(item));
    Append(std::move(item));
    MoveLastTo(index);
  }

  /// Takes element `index` out; false where there is none.
  bool Remove(std::size_t index) {
    if (index >= Count()) return false;
    for (T* at = begin() + index; at + 1 != end(); ++at) *at = std::move(at[1]);
    items_[--end_].~T();
    if (empty()) RemoveAll();
    return true;
  }
  /// Removes all items.
  void RemoveAll() noexcept {
    while (!empty()) items_[--end_].~T();
    first_ = end_ = 0;
  }

  /// Number of items.
  std::size_t Count() const noexcept { return end_ - first_; }
  /// As Count: the standard library's name.
  std::size_t size() const noexcept { return Count(); }
  /// True where there is no item.
  bool empty() const noexcept { return Count() == 0; }

  /// Item `index`, from 0 on, which must be there.
  T& operator[](std::size_t index) noexcept { return items_[first_ + index]; }
  /// As above.
  const T& operator[](std::size_t index) const noexcept { return items_[first_ + index]; }

  /// Moves element 0 into `into` and takes it out, in constant time; false where there is none.
  bool PopFront(T& into) {
    if (empty()) return false;
    into = std::move(items_[first_]);
    items_[first_++].~T();
    if (empty()) RemoveAll();
    return true;
  }

  /// Puts `item` before all others; in constant time after a PopFront.
  void PushFront(T&& item) {
    if (first_ != 0) return Construct(--first_, item);
    Append(std::move(item));
    MoveLastTo(0);
  }

  /// The first item, for iteration; valid until the sequence changes.
  T* begin() noexcept { return items_ + first_; }
  /// Behind the last item.
  T* end() noexcept { return items_ + end_; }
  /// As above.
  const T* begin() const noexcept { return items_ + first_; }
  /// As above.
  const T* end() const noexcept { return items_ + end_; }

 private:
  void Construct(std::size_t at, T& from) noexcept { ::new (static_cast<void*>(items_ + at)) T(std::move(from)); }

  /// At the end: where the front was popped, or else in twice the memory.
  void MakeRoom() {
    static_assert(std::is_nothrow_move_constructible_v<T> && alignof(T) <= alignof(std::max_align_t),
                  "Sequence: items move without a fault, and operator new aligns them");
    T* const old = items_;
    if (2 * first_ <= room_) {
      const std::size_t room = room_ == 0 ? 1 : 2 * room_;
      items_ = static_cast<T*>(::operator new(room * sizeof(T)));
      room_ = room;
    }
    const std::size_t count = Count();
    for (std::size_t i = 0; i < count; ++i) {
      Construct(i, old[first_ + i]);
      old[first_ + i].~T();
    }
    first_ = 0;
    end_ = count;
    if (old != items_) ::operator delete(old);
  }

  void MoveLastTo(std::size_t index) noexcept {
    for (std::size_t i = Count() - 1; i > index; --i) std::swap((*this)[i], (*this)[i - 1]);
  }
  void AppendAll(const Sequence& other) {
    for (const T& item : other) Append(item);
  }
  void Swap(Sequence& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(first_, other.first_);
    std::swap(end_, other.end_);
    std::swap(room_, other.room_);
  }

  T* items_ = nullptr;
  std::size_t first_ = 0;  // what is before it was popped
  std::size_t end_ = 0;
  std::size_t room_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/base64.hpp ----
// Base64 of RFC 4648 section 4, in one piece and without line breaks; MIME's lines are made by the message floor.
// The decoder is strict (RFC 4648 3): one text for one value, and nothing of what is no base64 is passed over.
#ifndef SMTPOLL_BASE_BASE64_HPP
#define SMTPOLL_BASE_BASE64_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr char kBase64Alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters that `size` bytes become, padding included.
constexpr std::size_t Base64Size(std::size_t size) noexcept { return (size + 2) / 3 * 4; }

/// Encodes `size` bytes to `into`, which has room for Base64Size(size); returns that number. The areas must not
/// overlap.
inline std::size_t Base64Encode(const char* bytes, std::size_t size, char* into) noexcept {
  const auto byte = [bytes](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  char* out = into;
  std::size_t i = 0;
  for (; i + 3 <= size; i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *out++ = kBase64Alphabet[group >> 18];
    *out++ = kBase64Alphabet[group >> 12 & 63];
    *out++ = kBase64Alphabet[group >> 6 & 63];
    *out++ = kBase64Alphabet[group & 63];
  }
  if (i < size) {
    const bool two = i + 2 == size;
    const std::uint32_t group = byte(i) << 16 | (two ? byte(i + 1) << 8 : 0);
    *out++ = kBase64Alphabet[group >> 18];
    *out++ = kBase64Alphabet[group >> 12 & 63];
    *out++ = two ? kBase64Alphabet[group >> 6 & 63] : '=';
    *out++ = '=';
  }
  return static_cast<std::size_t>(out - into);
}

/// What a character of the alphabet stands for, 64 for any other.
constexpr std::uint32_t Base64Value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/// What Base64Decode returns for what is no base64 or does not fit.
constexpr std::size_t kNotBase64 = SIZE_MAX;

/// Decodes `text` to `into`, which has room for `room` bytes and may be where `text` begins. Returns how many bytes it
/// became, or kNotBase64 for a character outside the alphabet, wrong padding, bits that stand for nothing, or too
/// little room; `into` then holds nothing of use.
inline std::size_t Base64Decode(std::string_view text, char* into, std::size_t room) noexcept {
  if (text.size() % 4 != 0) return kNotBase64;
  std::size_t size = 0;
  for (; !text.empty(); text.remove_prefix(4)) {
    const bool last = text.size() == 4;
    const std::size_t padding = !last || text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint32_t value = i < 4 - padding ? Base64Value(text[i]) : 0;
      if (value == 64) return kNotBase64;
      group = group << 6 | value;
    }
    if ((group & ((1u << 8 * padding) - 1)) != 0 || room - size < 3 - padding) return kNotBase64;
    for (std::size_t i = 0; i < 3 - padding; ++i) into[size++] = static_cast<char>(group >> (16 - 8 * i) & 0xff);
  }
  return size;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/entropy.hpp ----
// Random bytes from the operating system, good enough for secrets. For hosted systems only: elsewhere there are none,
// and whoever needs some brings his own.
#ifndef SMTPOLL_BASE_ENTROPY_HPP
#define SMTPOLL_BASE_ENTROPY_HPP

#if defined(SMTPOLL_POSIX)
#include <fcntl.h>
#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

#if defined(SMTPOLL_WINDOWS)
/// RtlGenRandom, by the name under which advapi32 exports it; <ntsecapi.h> would bring all of <windows.h> along.
extern "C" __declspec(dllimport) unsigned char __stdcall SystemFunction036(void* into, unsigned long size);
#endif

/// Fills `size` bytes, at most 256, at `into` with random ones. False where the system has none to give; what stands
/// there then must not be used.
inline bool FillWithEntropy(char* into, std::size_t size) noexcept {
#if defined(SMTPOLL_WINDOWS)
  return SystemFunction036(into, static_cast<unsigned long>(size)) != 0;
#elif defined(SMTPOLL_POSIX)
#if __has_include(<sys/random.h>)
  if (getentropy(into, size) == 0) return true;
#endif
  const int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = read(file, into + filled, size - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  close(file);
  return filled == size;
#else
  static_cast<void>(into);
  static_cast<void>(size);
  return false;
#endif
}

/// A nonce of 24 characters of base64, 144 random bits: what SCRAM needs for each session (RFC 5802 5.1).
class Nonce {
 public:
  /// Makes a new one; false where there is no randomness, and the old one is then gone.
  bool Renew() noexcept {
    char bytes[18];
    size_ = FillWithEntropy(bytes, sizeof bytes) ? Base64Encode(bytes, sizeof bytes, text_) : 0;
    return size_ != 0;
  }
  /// Empty before the first Renew. Valid as long as the object, until the next Renew.
  std::string_view View() const noexcept { return {text_, size_}; }

 private:
  std::size_t size_ = 0;
  char text_[24];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/secret.hpp ----
// What handles secrets: memory that is overwritten after use, and a comparison whose time tells nothing.
// Invariant: neither may be optimised away or cut short.
#ifndef SMTPOLL_BASE_SECRET_HPP
#define SMTPOLL_BASE_SECRET_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Overwrites `size` bytes in a way that the compiler may not leave out.
inline void Wipe(void* bytes, std::size_t size) noexcept {
  volatile unsigned char* at = static_cast<unsigned char*>(bytes);
  while (size-- != 0) *at++ = 0;
}

/// Overwrites all that the string ever held in its present memory, and empties it.
template <typename String>
void WipeText(String& text) noexcept {
  text.resize(text.capacity());  // within its capacity a string does not move
  if (!text.empty()) Wipe(&text[0], text.size());
  text.clear();
}

/// Moves `from` to `to` and leaves nothing behind; true where there is something.
template <typename String>
bool MoveSecret(String from, String& to) noexcept {
  to.swap(from);
  WipeText(from);  // a short string is not moved but copied
  return !to.empty();
}

/// True where the `size` bytes at `a` and at `b` are the same; takes as long where they differ.
inline bool EqualInConstantTime(const char* a, const char* b, std::size_t size) noexcept {
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < size; ++i)
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/piece.hpp ----
// Pieces of a text. std::string_view::substr would do, but that it is ready to throw: on a small machine that alone
// brings the whole of exceptions, and with them a heap, into the image.
#ifndef SMTPOLL_BASE_PIECE_HPP
#define SMTPOLL_BASE_PIECE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The first `size` bytes of `text`; all of it where it has no more.
constexpr std::string_view First(std::string_view text, std::size_t size) noexcept {
  return {text.data(), size < text.size() ? size : text.size()};
}

/// `text` without its first `at` bytes; it has that many.
constexpr std::string_view Rest(std::string_view text, std::size_t at) noexcept {
  return {text.data() + at, text.size() - at};
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/simd.hpp ----
// Which vector instructions the fast paths may use: fixed by the compiler's target, or found at run time on x86-64 with
// g++ and clang++. Each fast path has a scalar twin that gives the same bytes; SMTPOLL_NO_SIMD leaves only the twins.
// The vectors are the compilers' own where they have any: <immintrin.h> costs more compile time than all of smtpoll,
// and <tmmintrin.h> than its sockets.
#ifndef SMTPOLL_BASE_SIMD_HPP
#define SMTPOLL_BASE_SIMD_HPP

#if !defined(SMTPOLL_NO_SIMD)
#if defined(__SSE2__) || defined(_M_X64)
#define SMTPOLL_SSE2 1
#endif
#if defined(__clang__)
#if __has_builtin(__builtin_ia32_pmovmskb128) && __has_builtin(__builtin_ia32_pshufb128) && \
    __has_builtin(__builtin_ia32_pmulhuw128)
#define SMTPOLL_VECTORS 1
#endif
#elif defined(__GNUC__)
#define SMTPOLL_VECTORS 1
#endif
#if defined(__x86_64__) && defined(SMTPOLL_VECTORS) && !defined(SMTPOLL_WINDOWS)
// Not on Windows, where g++ keeps the stack at 16 bytes and AVX2 spills would fault.
#define SMTPOLL_SSSE3 1
#define SMTPOLL_TARGET(name) __attribute__((target(name)))
#if !defined(__clang__)
#if __GNUC__ >= 12
#define SMTPOLL_AVX2 1
#endif
#elif __has_builtin(__builtin_ia32_pshufb256) && __has_builtin(__builtin_ia32_pmulhuw256) && \
    __has_builtin(__builtin_ia32_pmovmskb256)
#define SMTPOLL_AVX2 1
#endif
#elif defined(__SSSE3__) && defined(SMTPOLL_VECTORS)
#define SMTPOLL_SSSE3 1
#define SMTPOLL_TARGET(name)
#endif
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)
#define SMTPOLL_NEON 1
#endif
#endif

#if defined(SMTPOLL_SSE2) && !defined(SMTPOLL_VECTORS)
#include <emmintrin.h>
#elif defined(SMTPOLL_NEON)
#include <arm_neon.h>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// True where this processor has SSSE3, or AVX2. The compiler's start-up code has asked the processor already, so this
/// only looks at a bit.
inline bool HasSsse3() noexcept {
#if defined(SMTPOLL_SSSE3) && !defined(__SSSE3__) && defined(__GNUC__)
  return __builtin_cpu_supports("ssse3") != 0;
#elif defined(SMTPOLL_SSSE3)
  return true;
#else
  return false;
#endif
}
inline bool HasAvx2() noexcept {
#if defined(SMTPOLL_AVX2) && !defined(__AVX2__)
  return __builtin_cpu_supports("avx2") != 0;
#elif defined(SMTPOLL_AVX2)
  return true;
#else
  return false;
#endif
}

#if defined(SMTPOLL_AVX2)
using Bytes32 = unsigned char __attribute__((vector_size(32)));
#endif

#if defined(SMTPOLL_SSE2) && defined(SMTPOLL_VECTORS)
using Bytes16 = unsigned char __attribute__((vector_size(16)));
using Chars16 = char __attribute__((vector_size(16)));
using SignedBytes16 = signed char __attribute__((vector_size(16)));

inline Bytes16 Load16(const char* at) noexcept {
  Bytes16 bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}
inline Bytes16 Repeat16(char c) noexcept { return Bytes16{} + static_cast<unsigned char>(c); }
inline Bytes16 And(Bytes16 a, Bytes16 b) noexcept { return a & b; }
inline Bytes16 Or(Bytes16 a, Bytes16 b) noexcept { return a | b; }
inline Bytes16 Xor(Bytes16 a, Bytes16 b) noexcept { return a ^ b; }
/// All bits of a byte are set where the two are equal, or the first, as a number with a sign, is less.
inline Bytes16 Equal(Bytes16 a, Bytes16 b) noexcept { return reinterpret_cast<Bytes16>(a == b); }
inline Bytes16 Less(Bytes16 a, Bytes16 b) noexcept {
  return reinterpret_cast<Bytes16>(reinterpret_cast<SignedBytes16>(a) < reinterpret_cast<SignedBytes16>(b));
}
/// Bit i is the high bit of byte i.
inline std::uint32_t HighBitsOf(Bytes16 bytes) noexcept {
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<Chars16>(bytes)));
}
#elif defined(SMTPOLL_SSE2)
using Bytes16 = __m128i;

inline Bytes16 Load16(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
inline Bytes16 Repeat16(char c) noexcept { return _mm_set1_epi8(c); }
inline Bytes16 And(Bytes16 a, Bytes16 b) noexcept { return _mm_and_si128(a, b); }
inline Bytes16 Or(Bytes16 a, Bytes16 b) noexcept { return _mm_or_si128(a, b); }
inline Bytes16 Xor(Bytes16 a, Bytes16 b) noexcept { return _mm_xor_si128(a, b); }
inline Bytes16 Equal(Bytes16 a, Bytes16 b) noexcept { return _mm_cmpeq_epi8(a, b); }
inline Bytes16 Less(Bytes16 a, Bytes16 b) noexcept { return _mm_cmplt_epi8(a, b); }
inline std::uint32_t HighBitsOf(Bytes16 bytes) noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes)); }
#endif

/// Index of the lowest bit set in `mask`, which is not 0.
inline unsigned LowestBit(std::uint32_t mask) noexcept {
#if defined(__GNUC__)
  return static_cast<unsigned>(__builtin_ctz(mask));
#else
  unsigned at = 0;
  while ((mask >> at & 1) == 0) ++at;
  return at;
#endif
}

/// Index of the highest one.
inline unsigned HighestBit(std::uint32_t mask) noexcept {
#if defined(__GNUC__)
  return 31u - static_cast<unsigned>(__builtin_clz(mask));
#else
  unsigned at = 31;
  while ((mask >> at & 1) == 0) --at;
  return at;
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/text_bits.hpp ----
// What kinds of bytes a piece of text holds, 32 bytes at a time and a bit for each byte: so a pass over a text looks at
// single bytes only where something is. Invariant: every variant gives the same bits.
#ifndef SMTPOLL_BASE_TEXT_BITS_HPP
#define SMTPOLL_BASE_TEXT_BITS_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Bit i is byte i. No byte has two kinds; a byte of none is a printable character, a space or a tab.
struct TextBits {
  std::uint32_t cr = 0;
  std::uint32_t lf = 0;
  std::uint32_t control = 0;    ///< Other control characters, NUL and DEL among them.
  std::uint32_t eight_bit = 0;  ///< 0x80 and above.
};

/// Of `size` bytes, at most 32; the bits above are 0.
inline TextBits TextBitsByByte(const char* bytes, std::size_t size) noexcept {
  TextBits bits;
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const std::uint32_t bit = std::uint32_t{1} << i;
    if (byte >= 0x80)
      bits.eight_bit |= bit;
    else if (byte == '\r')
      bits.cr |= bit;
    else if (byte == '\n')
      bits.lf |= bit;
    else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
      bits.control |= bit;
  }
  return bits;
}

#if defined(SMTPOLL_SSE2)
inline TextBits TextBitsOf32(const char* bytes) noexcept {
  TextBits bits;
  for (int half = 0; half < 32; half += 16) {
    const Bytes16 text = Load16(bytes + half);
    const auto mask = [half](Bytes16 found) { return HighBitsOf(found) << half; };
    const auto is = [text](char c) { return Equal(text, Repeat16(c)); };
    const std::uint32_t cr = mask(is('\r')), lf = mask(is('\n'));
    // A signed comparison: bytes of 0x80 and above are below the space too.
    const std::uint32_t low = mask(Or(Less(text, Repeat16(' ')), is(0x7f)));
    bits.cr |= cr;
    bits.lf |= lf;
    if (low == (cr | lf)) continue;
    const std::uint32_t eight_bit = mask(text);
    bits.eight_bit |= eight_bit;
    bits.control |= low & ~(cr | lf | eight_bit | mask(is('\t')));
  }
  return bits;
}
#elif defined(SMTPOLL_NEON)
inline TextBits TextBitsOf32(const char* bytes) noexcept {
  constexpr std::uint8_t kWeights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t weights = vld1q_u8(kWeights);
  TextBits bits;
  for (int half = 0; half < 32; half += 16) {
    const uint8x16_t text = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes + half));
    const auto mask = [half, weights](uint8x16_t found) {
      const uint8x16_t weighed = vandq_u8(found, weights);
      const std::uint32_t low = vaddv_u8(vget_low_u8(weighed)), high = vaddv_u8(vget_high_u8(weighed));
      return (low | high << 8) << half;
    };
    const auto is = [text](std::uint8_t c) { return vceqq_u8(text, vdupq_n_u8(c)); };
    const std::uint32_t cr = mask(is('\r')), lf = mask(is('\n')), tab = mask(is('\t'));
    bits.cr |= cr;
    bits.lf |= lf;
    bits.eight_bit |= mask(vcgeq_u8(text, vdupq_n_u8(0x80)));
    bits.control |= mask(vorrq_u8(vcltq_u8(text, vdupq_n_u8(' ')), is(0x7f))) & ~(cr | lf | tab);
  }
  return bits;
}
#else
inline TextBits TextBitsOf32(const char* bytes) noexcept { return TextBitsByByte(bytes, 32); }
#endif

#if defined(SMTPOLL_AVX2)
SMTPOLL_TARGET("avx2") inline TextBits TextBitsOf32ByAvx2(const char* bytes) noexcept {
  using Chars = char __attribute__((vector_size(32)));
  using Signed = signed char __attribute__((vector_size(32)));
  Signed text;
  std::memcpy(&text, bytes, sizeof text);
  const auto mask = [](Signed found) SMTPOLL_TARGET("avx2") {
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<Chars>(found)));
  };
  TextBits bits;
  const std::uint32_t low = mask((text < ' ') | (text == 0x7f));
  if (low == 0) return bits;
  bits.cr = mask(text == '\r');
  bits.lf = mask(text == '\n');
  if (low == (bits.cr | bits.lf)) return bits;
  bits.eight_bit = mask(text);
  bits.control = low & ~(bits.cr | bits.lf | bits.eight_bit | mask(text == '\t'));
  return bits;
}
#endif

/// True where 32 bytes are all of no kind, and no tabs: a quick look that may say false of such bytes too.
inline bool ArePlain32(const char* bytes) noexcept {
#if defined(SMTPOLL_SSE2)
  const Bytes16 low = Load16(bytes), high = Load16(bytes + 16);
  // Signed comparisons: what is below the space, or 0x80 and above, is below; DEL is the greatest.
  const Bytes16 least = Repeat16(' ' - 1), most = Repeat16(0x7f);
  const Bytes16 low_plain = And(Less(least, low), Less(low, most));
  const Bytes16 high_plain = And(Less(least, high), Less(high, most));
  return HighBitsOf(And(low_plain, high_plain)) == 0xffff;
#else
  static_cast<void>(bytes);
  return false;
#endif
}

/// Number of bits set.
inline unsigned CountBits(std::uint32_t bits) noexcept {
  bits -= bits >> 1 & 0x55555555;
  bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
  return ((bits + (bits >> 4)) & 0x0f0f0f0f) * 0x01010101u >> 24;
}

constexpr std::uint64_t kEachByte = 0x0101010101010101u;
constexpr std::uint64_t kHighBits = 0x80 * kEachByte;

/// Eight bytes of `text` from `at` on, in the processor's order.
inline std::uint64_t EightBytes(std::string_view text, std::size_t at) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text.data() + at, sizeof bytes);
  return bytes;
}

/// How many bytes at the front of `text` surely are what `are(eight bytes)` and `is(one byte)` ask for: a multiple of
/// 8, or all.
template <typename Are, typename Is>
std::size_t SkipEights(std::string_view text, Are&& are, Is&& is) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8)
    if (!are(EightBytes(text, at))) return at;
  // The rest together with what is known already.
  if (at != 0 && at != text.size()) return are(EightBytes(text, text.size() - 8)) ? text.size() : at;
  for (std::size_t i = at; i < text.size(); ++i)
    if (!is(static_cast<unsigned char>(text[i]))) return at;
  return text.size();
}

inline bool AnyHighBitIn32(const char* bytes) noexcept {
#if defined(SMTPOLL_SSE2)
  return HighBitsOf(Or(Load16(bytes), Load16(bytes + 16))) != 0;
#else
  const std::string_view text(bytes, 32);
  const std::uint64_t low = EightBytes(text, 0) | EightBytes(text, 8),
                      high = EightBytes(text, 16) | EightBytes(text, 24);
  return ((low | high) & kHighBits) != 0;
#endif
}

/// How many bytes at the front of `text` are surely ASCII: a multiple of 8, or all.
inline std::size_t SkipAscii(std::string_view text) noexcept {
  std::size_t at = 0;
  if constexpr (kIsSmall) {
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at == text.size() ? at : at - at % 8;
  }
  for (; at + 32 <= text.size(); at += 32)
    if (AnyHighBitIn32(text.data() + at)) break;
  const auto are = [](std::uint64_t bytes) { return (bytes & kHighBits) == 0; };
  return at + SkipEights(Rest(text, at), are, [](unsigned char byte) { return byte < 0x80; });
}

/// True where all of `text` is printable ASCII.
inline bool IsAllPrint(std::string_view text) noexcept {
  if constexpr (kIsSmall) {
    for (const char c : text)
      if (c < ' ' || c > '~') return false;
    return true;
  }
  // A byte below the space borrows from its high bit, DEL and above carry into it.
  const auto are = [](std::uint64_t bytes) {
    return (((bytes - ' ' * kEachByte) | (bytes + kEachByte) | bytes) & kHighBits) == 0;
  };
  return SkipEights(text, are, [](unsigned char byte) { return byte >= ' ' && byte < 0x7f; }) == text.size();
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/ascii.hpp ----
// ASCII text: case, digits and character classes without a locale. Bytes above 127 are never letters here.
#ifndef SMTPOLL_BASE_ASCII_HPP
#define SMTPOLL_BASE_ASCII_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr char ToLower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool IsAlpha(char c) noexcept { return ToLower(c) >= 'a' && ToLower(c) <= 'z'; }

constexpr bool IsSpace(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr bool IsAscii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

/// True for a printing character or a space: what may stand in a line of plain ASCII text.
constexpr bool IsPrint(char c) noexcept { return c >= ' ' && c <= '~'; }

inline bool IsAllAscii(std::string_view text) noexcept { return SkipAscii(text) == text.size(); }

/// True where `text` would break out of a line: it holds CR, LF or NUL.
constexpr bool HasLineBreakOrNul(std::string_view text) noexcept {
  for (char c : text)
    if (c == '\r' || c == '\n' || c == '\0') return true;
  return false;
}

constexpr bool EqualIgnoringCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  return true;
}

constexpr bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && EqualIgnoringCase(First(text, prefix.size()), prefix);
}

/// `text` without spaces and tabs at both ends.
constexpr std::string_view Trim(std::string_view text) noexcept {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the first word off `line`; empty where none is left.
constexpr std::string_view NextWord(std::string_view& line) noexcept {
  line = Trim(line);
  std::size_t end = 0;
  while (end < line.size() && !IsSpace(line[end])) ++end;
  const std::string_view word = First(line, end);
  line.remove_prefix(end);
  return word;
}

/// Reads the decimal number that `text` is, all of it; false when it is none or above 2^64-1.
constexpr bool ParseDecimal(std::string_view text, std::uint64_t& value) noexcept {
  if (text.empty()) return false;
  std::uint64_t sum = 0;
  for (char c : text) {
    if (!IsDigit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  value = sum;
  return true;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/span.hpp ----
// A view of contiguous elements that somebody else owns (std::span is C++20). Never null-checked, never owning.
#ifndef SMTPOLL_BASE_SPAN_HPP
#define SMTPOLL_BASE_SPAN_HPP

SMTPOLL_NAMESPACE_BEGIN

/// `size()` elements of T from `data()` on; valid as long as what it looks at.
template <typename T>
class Span {
 public:
  constexpr Span() noexcept = default;
  /// `size` elements from `data` on.
  constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  /// All of an array.
  template <std::size_t kSize>
  constexpr Span(T (&array)[kSize]) noexcept : data_(array), size_(kSize) {}

  /// The first element.
  constexpr T* data() const noexcept { return data_; }
  /// Number of elements.
  constexpr std::size_t size() const noexcept { return size_; }
  /// True where there is none.
  constexpr bool empty() const noexcept { return size_ == 0; }
  /// Element `index`, from 0 on, which must be there.
  constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }
  /// The first element, for iteration.
  constexpr T* begin() const noexcept { return data_; }
  /// Behind the last element.
  constexpr T* end() const noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/reply.hpp ----
// Server replies: one or many lines, a code, an enhanced code and a text (RFC 5321 4.2, RFC 2034, RFC 3463).
// The parser works in place on the receive buffer and copies nothing: a reply's text is a view into that buffer.
// Invariant: a reply never takes more memory than the buffer it came in; what does not fit is an error.
#ifndef SMTPOLL_PROTOCOL_REPLY_HPP
#define SMTPOLL_PROTOCOL_REPLY_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One complete reply. `text` has the lines without their codes, joined by '\n', control characters shown as '?';
/// it is valid until the engine is called again.
struct Reply {
  int code = 0;           ///< 200 to 559.
  EnhancedCode enhanced;  ///< All zero where the server sent none.
  std::string_view text;  ///< What it says.

  bool IsPositive() const noexcept { return code / 100 == 2; }      ///< 2yz: done.
  bool IsIntermediate() const noexcept { return code / 100 == 3; }  ///< 3yz: go on.
  bool IsTransient() const noexcept { return code / 100 == 4; }     ///< 4yz: try later.
  bool IsPermanent() const noexcept { return code / 100 == 5; }     ///< 5yz: never.
};

namespace detail {

/// Reads "2.1.5" at the front of `text`; returns its length, 0 where there is none (RFC 2034 section 4).
constexpr std::size_t ParseEnhancedCode(std::string_view text, EnhancedCode& code) noexcept {
  std::uint16_t part[3] = {0, 0, 0};
  std::size_t at = 0;
  for (int i = 0; i < 3; ++i) {
    if (i != 0 && (at == text.size() || text[at++] != '.')) return 0;
    const std::size_t first = at;
    while (at < text.size() && IsDigit(text[at]) && at - first < 3)
      part[i] = static_cast<std::uint16_t>(part[i] * 10 + (text[at++] - '0'));
    if (at == first) return 0;
  }
  if ((part[0] != 2 && part[0] != 4 && part[0] != 5) || (at < text.size() && !IsSpace(text[at]))) return 0;
  code = {part[0], part[1], part[2]};
  return at;
}

/// Finds one reply at the front of a buffer that is filled piece by piece.
class ReplyParser {
 public:
  enum class Result : std::uint8_t { NeedMore, Complete, Malformed };

  /// Looks for a whole reply at the front of `bytes` (those of the last call and what has come since). On Complete the
  /// reply took the first Size() bytes, which have been rewritten in place to hold its text. `on_line` sees each raw
  /// line.
  template <typename OnLine>
  Result Parse(Span<char> bytes, Reply& reply, OnLine&& on_line) noexcept {
    while (line_end_search_ < bytes.size()) {
      const void* found = std::memchr(bytes.data() + line_end_search_, '\n', bytes.size() - line_end_search_);
      if (found == nullptr) break;
      const auto after = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
      std::string_view line(bytes.data() + line_start_, after - line_start_ - 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      on_line(line);
      line_start_ = line_end_search_ = after;
      bool last = false;
      if (!TakeLine(bytes.data(), line, last)) return Result::Malformed;
      if (last) {
        reply = {code_, enhanced_, {bytes.data(), text_size_}};
        return Result::Complete;
      }
    }
    line_end_search_ = bytes.size();
    return CouldBeReply({bytes.data() + line_start_, bytes.size() - line_start_}) ? Result::NeedMore
                                                                                  : Result::Malformed;
  }

  /// Bytes that the complete reply took.
  std::size_t Size() const noexcept { return line_start_; }

  /// Forgets all; the next call of Parse starts with a new reply.
  void Reset() noexcept { *this = ReplyParser(); }

 private:
  static constexpr bool IsCodeDigit(std::size_t place, char c) noexcept {
    return place == 0 ? c >= '2' && c <= '5' : place == 1 ? c >= '0' && c <= '5' : IsDigit(c);
  }

  /// Decides early: a peer that speaks something else is told apart before its line ends, if it ever does.
  static bool CouldBeReply(std::string_view start) noexcept {
    for (std::size_t i = 0; i < start.size() && i < 3; ++i)
      if (!IsCodeDigit(i, start[i])) return false;
    return start.size() < 4 || start[3] == ' ' || start[3] == '-' || start[3] == '\r';
  }

  /// Moves the line's text to the end of the text gathered so far. The text always starts before the line it comes
  /// from.
  bool TakeLine(char* bytes, std::string_view line, bool& last) noexcept {
    if (line.size() < 3 || !CouldBeReply(line) || (line.size() > 3 && line[3] == '\r')) return false;
    const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (code_ != 0 && code != code_) return false;
    last = line.size() == 3 || line[3] == ' ';
    line.remove_prefix(line.size() == 3 ? 3 : 4);

    EnhancedCode enhanced;
    if (const std::size_t size = ParseEnhancedCode(line, enhanced); size != 0 && enhanced.status_class == code / 100) {
      if (code_ == 0) enhanced_ = enhanced;
      line.remove_prefix(size == line.size() ? size : size + 1);
    }
    if (code_ != 0) bytes[text_size_++] = '\n';
    code_ = code;
    if (IsAllPrint(line)) {
      if (!line.empty()) std::memmove(bytes + text_size_, line.data(), line.size());
      text_size_ += line.size();
      return true;
    }
    for (const char c : line) {
      const bool control = (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
      bytes[text_size_++] = control ? '?' : c;
    }
    return true;
  }

  int code_ = 0;
  EnhancedCode enhanced_;
  std::size_t text_size_ = 0;
  std::size_t line_start_ = 0;
  std::size_t line_end_search_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/digest.hpp ----
// What MD5, SHA-1 and SHA-2 share: bytes gathered in blocks of sixteen words, a closing with the size in bits
// (RFC 1321 3, FIPS 180-4 5). Each of them adds its word, its start and its compression as a Rules type.
// Invariant: what was digested is overwritten when the digest is finished or dropped.
#ifndef SMTPOLL_BASE_DIGEST_HPP
#define SMTPOLL_BASE_DIGEST_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename Word>
constexpr Word RotateLeft(Word value, unsigned by) noexcept {
  return static_cast<Word>(value << by | value >> (8 * sizeof(Word) - by));
}
template <typename Word>
constexpr Word RotateRight(Word value, unsigned by) noexcept {
  return static_cast<Word>(value >> by | value << (8 * sizeof(Word) - by));
}

/// A digest by `Rules`, which has Word, kWords (of state), kBigEndian, kInitial[] and
/// Compress(state, block): sixteen words of message, which it may use up.
template <typename Rules>
class Digest {
 public:
  using Word = typename Rules::Word;
  static constexpr std::size_t kSize = Rules::kWords * sizeof(Word);  ///< Of the digest, in bytes.
  static constexpr std::size_t kBlockSize = 16 * sizeof(Word);

  /// What a whole number of blocks has come to; another digest can go on from there.
  struct State {
    Word words[Rules::kWords];
  };

  Digest() noexcept { Start(); }
  ~Digest() {
    Wipe(block_, sizeof block_);
    Wipe(&state_, sizeof state_);  // under HMAC it is as good as the key
  }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  /// Starts anew.
  void Start() noexcept {
    for (std::size_t i = 0; i < Rules::kWords; ++i) state_.words[i] = static_cast<Word>(Rules::kInitial[i]);
    size_ = 0;
  }
  /// Starts from `state`, which one block led to.
  void StartAfterBlock(const State& state) noexcept {
    state_ = state;
    size_ = kBlockSize;
  }
  const State& CurrentState() const noexcept { return state_; }

  void Update(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
      const std::size_t filled = Filled();
      const std::size_t size = bytes.size() < kBlockSize - filled ? bytes.size() : kBlockSize - filled;
      std::memcpy(block_ + filled, bytes.data(), size);
      bytes.remove_prefix(size);
      size_ += size;
      if (filled + size == kBlockSize) CompressBlock();
    }
  }

  /// Writes the digest's kSize bytes to `into`, overwrites what was digested, and starts anew.
  void Finish(char* into) noexcept {
    constexpr std::size_t kSizeField = 2 * sizeof(Word);
    const std::uint64_t bits = size_ * 8;
    Update({"\x80", 1});
    while (Filled() != kBlockSize - kSizeField) Update({"\0", 1});
    char size_field[kSizeField] = {};
    for (unsigned i = 0; i < 8; ++i)
      size_field[Rules::kBigEndian ? kSizeField - 1 - i : i] = static_cast<char>(bits >> 8 * i & 0xff);
    Update({size_field, sizeof size_field});
    for (std::size_t i = 0; i < kSize; ++i)
      into[i] = static_cast<char>(state_.words[i / sizeof(Word)] >> Shift(i % sizeof(Word)) & 0xff);
    Wipe(block_, sizeof block_);
    Start();
  }

 private:
  /// Where byte `i` of a word stands in it.
  static constexpr unsigned Shift(std::size_t i) noexcept {
    return static_cast<unsigned>(8 * (Rules::kBigEndian ? sizeof(Word) - 1 - i : i));
  }

  std::size_t Filled() const noexcept { return static_cast<std::size_t>(size_ % kBlockSize); }

  void CompressBlock() noexcept {
    Word words[16] = {};
    for (std::size_t i = 0; i < kBlockSize; ++i)
      words[i / sizeof(Word)] =
          static_cast<Word>(words[i / sizeof(Word)] | static_cast<Word>(static_cast<unsigned char>(block_[i]))
                                                          << Shift(i % sizeof(Word)));
    Rules::Compress(state_.words, words);
    Wipe(words, sizeof words);
  }

  State state_;
  std::uint64_t size_ = 0;
  char block_[kBlockSize];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/md5.hpp ----
// MD5 (RFC 1321), for CRAM-MD5 only: as a digest it is broken, and nothing else here may rest on it.
#ifndef SMTPOLL_BASE_MD5_HPP
#define SMTPOLL_BASE_MD5_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

struct Md5Rules {
  using Word = std::uint32_t;
  static constexpr std::size_t kWords = 4;
  static constexpr bool kBigEndian = false;
  static constexpr Word kInitial[kWords] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u};

  /// RFC 1321 3.4: the integer part of 2^32 times |sin(i)|, i from 1 on in radians.
  static constexpr Word kSines[64] = {
      0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu, 0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u,
      0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu, 0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u,
      0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau, 0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u,
      0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu, 0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au,
      0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu, 0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u,
      0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u, 0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u,
      0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u, 0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u,
      0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u, 0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u};
  static constexpr unsigned char kTurns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

  static void Compress(Word* state, const Word* block) noexcept {
    Word a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned i = 0; i < 64; ++i) {
      Word mixed = 0;
      unsigned at = 0;
      switch (i / 16) {
        case 0: mixed = (b & c) | (~b & d), at = i; break;
        case 1: mixed = (b & d) | (c & ~d), at = 5 * i + 1; break;
        case 2: mixed = b ^ c ^ d, at = 3 * i + 5; break;
        default: mixed = c ^ (b | ~d), at = 7 * i; break;
      }
      const Word turned = RotateLeft<Word>(a + mixed + kSines[i] + block[at % 16], kTurns[i / 16][i % 4]);
      a = d;
      d = c;
      c = b;
      b += turned;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
};

using Md5 = Digest<Md5Rules>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/one_of.hpp ----
// Room for one object of several types, or none: what <variant> does, without its cost to every program's compile time.
// Invariant: the object that was put in is destroyed before another takes its place, and with the room.
#ifndef SMTPOLL_BASE_ONE_OF_HPP
#define SMTPOLL_BASE_ONE_OF_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename... Types>
class OneOf {
 public:
  OneOf() = default;
  OneOf(const OneOf&) = delete;
  OneOf& operator=(const OneOf&) = delete;
  ~OneOf() { Reset(); }

  /// Makes a T here; what was here before is gone.
  template <typename T, typename... Arguments>
  T& Emplace(Arguments&&... arguments) {
    Reset();
    // cppcheck-suppress legacyUninitvar
    T* const made = ::new (static_cast<void*>(room_)) T(std::forward<Arguments>(arguments)...);
    which_ = NumberOf<T>();
    return *made;
  }

  /// The T that is here; nullptr where something else is, or nothing.
  template <typename T>
  T* Get() noexcept {
    return which_ == NumberOf<T>() ? std::launder(reinterpret_cast<T*>(room_)) : nullptr;
  }
  template <typename T>
  const T* Get() const noexcept {
    return which_ == NumberOf<T>() ? std::launder(reinterpret_cast<const T*>(room_)) : nullptr;
  }

  /// Leaves nothing here.
  void Reset() noexcept {
    (Destroy<Types>(), ...);
    which_ = 0;
  }

 private:
  /// From 1 on.
  template <typename T>
  static constexpr unsigned char NumberOf() noexcept {
    unsigned char number = 0, found = 0;
    ((++number, found = std::is_same_v<T, Types> ? number : found), ...);
    return found;
  }

  template <typename T>
  void Destroy() noexcept {
    if (T* const here = Get<T>()) here->~T();
  }

  static constexpr std::size_t Most() noexcept {
    std::size_t most = 1;
    ((most = sizeof(Types) > most ? sizeof(Types) : most), ...);
    return most;
  }

  alignas(Types...) unsigned char room_[Most()];
  unsigned char which_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/sha1.hpp ----
// SHA-1 (RFC 3174), for SCRAM-SHA-1 only: in HMAC it still holds, as a digest of documents it does not.
#ifndef SMTPOLL_BASE_SHA1_HPP
#define SMTPOLL_BASE_SHA1_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

struct Sha1Rules {
  using Word = std::uint32_t;
  static constexpr std::size_t kWords = 5;
  static constexpr bool kBigEndian = true;
  static constexpr Word kInitial[kWords] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};

  /// The eighty words of the schedule (RFC 3174 6.2) are made in place: only the last sixteen are ever looked at.
  static void Compress(Word* state, Word* schedule) noexcept {
    Word a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; ++i) {
      Word& word = schedule[i % 16];
      if (i >= 16)
        word = RotateLeft<Word>(schedule[(i + 13) % 16] ^ schedule[(i + 8) % 16] ^ schedule[(i + 2) % 16] ^ word, 1);
      Word mixed = 0;
      switch (i / 20) {
        case 0: mixed = ((b & c) | (~b & d)) + 0x5a827999u; break;
        case 1: mixed = (b ^ c ^ d) + 0x6ed9eba1u; break;
        case 2: mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu; break;
        default: mixed = (b ^ c ^ d) + 0xca62c1d6u; break;
      }
      const Word next = RotateLeft<Word>(a, 5) + mixed + e + word;
      e = d;
      d = c;
      c = RotateLeft<Word>(b, 30);
      b = a;
      a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
  }
};

using Sha1 = Digest<Sha1Rules>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/sha2.hpp ----
// SHA-256 and SHA-512 (RFC 6234, FIPS 180-4). Both are one algorithm over words of two sizes, and the constants of the
// smaller are the upper halves of the larger's.
#ifndef SMTPOLL_BASE_SHA2_HPP
#define SMTPOLL_BASE_SHA2_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The fractions of the cube roots of the first eighty primes (FIPS 180-4 4.2.3).
inline constexpr std::uint64_t kSha2Constants[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

/// How far the functions of FIPS 180-4 4.1.2 and 4.1.3 turn; the last of each small sigma is a shift.
struct Sha2Turns {
  unsigned char big_sigma0[3], big_sigma1[3], small_sigma0[3], small_sigma1[3];
};

template <typename WordType, unsigned kRounds>
struct Sha2Rules {
  using Word = WordType;
  static constexpr std::size_t kWords = 8;
  static constexpr bool kBigEndian = true;
  static constexpr bool kWide = sizeof(Word) == 8;
  static constexpr Word Upper(std::uint64_t value) noexcept { return static_cast<Word>(value >> (kWide ? 0 : 32)); }

  /// The fractions of the square roots of the first eight primes (FIPS 180-4 5.3.5).
  static constexpr Word kInitial[kWords] = {
      Upper(0x6a09e667f3bcc908), Upper(0xbb67ae8584caa73b), Upper(0x3c6ef372fe94f82b), Upper(0xa54ff53a5f1d36f1),
      Upper(0x510e527fade682d1), Upper(0x9b05688c2b3e6c1f), Upper(0x1f83d9abfb41bd6b), Upper(0x5be0cd19137e2179)};
  static constexpr Sha2Turns kTurns = kWide ? Sha2Turns{{28, 34, 39}, {14, 18, 41}, {1, 8, 7}, {19, 61, 6}}
                                            : Sha2Turns{{2, 13, 22}, {6, 11, 25}, {7, 18, 3}, {17, 19, 10}};

  static constexpr Word BigSigma(Word x, const unsigned char* turns) noexcept {
    return RotateRight(x, turns[0]) ^ RotateRight(x, turns[1]) ^ RotateRight(x, turns[2]);
  }
  static constexpr Word SmallSigma(Word x, const unsigned char* turns) noexcept {
    return RotateRight(x, turns[0]) ^ RotateRight(x, turns[1]) ^ static_cast<Word>(x >> turns[2]);
  }

  /// The schedule is made in place: only its last sixteen words are ever looked at.
  static void Compress(Word* state, Word* schedule) noexcept {
    Word a = state[0], b = state[1], c = state[2], d = state[3];
    Word e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned i = 0; i < kRounds; ++i) {
      Word& word = schedule[i % 16];
      if (i >= 16)
        word += SmallSigma(schedule[(i + 14) % 16], kTurns.small_sigma1) + schedule[(i + 9) % 16] +
                SmallSigma(schedule[(i + 1) % 16], kTurns.small_sigma0);
      const Word first = h + BigSigma(e, kTurns.big_sigma1) + ((e & f) ^ (~e & g)) + Upper(kSha2Constants[i]) + word;
      const Word second = BigSigma(a, kTurns.big_sigma0) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    const Word sums[kWords] = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < kWords; ++i) state[i] += sums[i];
  }
};

using Sha256 = Digest<Sha2Rules<std::uint32_t, 64>>;
using Sha512 = Digest<Sha2Rules<std::uint64_t, 80>>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/hmac.hpp ----
// HMAC (RFC 2104) over any of the digests. The two padded keys are digested once, when the key is set: the many
// messages that PBKDF2 makes under one key then cost two blocks each.
#ifndef SMTPOLL_BASE_HMAC_HPP
#define SMTPOLL_BASE_HMAC_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename DigestType>
class Hmac {
 public:
  static constexpr std::size_t kSize = DigestType::kSize;  ///< Of the code, in bytes.

  explicit Hmac(std::string_view key) noexcept {
    char block[DigestType::kBlockSize] = {};
    if (key.size() > sizeof block) {
      digest_.Update(key);
      digest_.Finish(block);
    } else if (!key.empty()) {
      std::memcpy(block, key.data(), key.size());
    }
    inner_ = Padded(block, 0x36);
    outer_ = Padded(block, 0x36 ^ 0x5c);
    Wipe(block, sizeof block);
    digest_.StartAfterBlock(inner_);
  }
  ~Hmac() {
    Wipe(&inner_, sizeof inner_);
    Wipe(&outer_, sizeof outer_);
  }

  void Update(std::string_view bytes) noexcept { digest_.Update(bytes); }

  /// Writes the code's kSize bytes to `into`, and starts the next message under the same key.
  void Finish(char* into) noexcept {
    digest_.Finish(into);
    digest_.StartAfterBlock(outer_);
    digest_.Update({into, kSize});
    digest_.Finish(into);
    digest_.StartAfterBlock(inner_);
  }

  /// The code of a message in one piece; `into` may be where `message` is.
  void Code(std::string_view message, char* into) noexcept {
    Update(message);
    Finish(into);
  }

 private:
  typename DigestType::State Padded(char* block, int pad) noexcept {
    for (std::size_t i = 0; i < DigestType::kBlockSize; ++i) block[i] = static_cast<char>(block[i] ^ pad);
    digest_.Start();
    digest_.Update({block, DigestType::kBlockSize});
    return digest_.CurrentState();
  }

  typename DigestType::State inner_;
  typename DigestType::State outer_;
  DigestType digest_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/pbkdf2.hpp ----
// PBKDF2 with HMAC (RFC 8018 5.2), one block of output: what SCRAM calls Hi (RFC 5802 2.2). It is slow on purpose, so
// it is done in steps whose length the caller sets, and nothing ever waits for all of it.
#ifndef SMTPOLL_BASE_PBKDF2_HPP
#define SMTPOLL_BASE_PBKDF2_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename DigestType>
class Pbkdf2 {
 public:
  static constexpr std::size_t kSize = DigestType::kSize;  ///< Of the key, in bytes.

  explicit Pbkdf2(std::string_view password) noexcept : hmac_(password) {}
  ~Pbkdf2() {
    Wipe(sum_, sizeof sum_);
    Wipe(last_, sizeof last_);
  }

  /// The salt, in as many pieces as it comes in.
  void AddSalt(std::string_view bytes) noexcept { hmac_.Update(bytes); }

  /// The salt is whole: `iterations`, at least 1, are to be done.
  void Start(std::uint32_t iterations) noexcept {
    hmac_.Code({"\0\0\0\1", 4}, last_);
    std::memcpy(sum_, last_, kSize);
    left_ = iterations - 1;
  }

  /// Does up to `at_most` iterations; true when all are done.
  bool Step(std::uint32_t at_most) noexcept {
    for (; left_ != 0 && at_most != 0; --left_, --at_most) {
      hmac_.Code({last_, kSize}, last_);
      for (std::size_t i = 0; i < kSize; ++i) sum_[i] = static_cast<char>(sum_[i] ^ last_[i]);
    }
    return left_ == 0;
  }

  /// The derived key, kSize bytes, once Step has said true.
  std::string_view Key() const noexcept { return {sum_, kSize}; }

 private:
  Hmac<DigestType> hmac_;
  char sum_[kSize];
  char last_[kSize];
  std::uint32_t left_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/auth_mechanism.hpp ----
// The SASL mechanisms that the engine can speak, strongest first: one table says each one's name on the wire, how it
// works and what it needs. First those where the server must prove itself too, then those with a token, then the rest.
#ifndef SMTPOLL_PROTOCOL_AUTH_MECHANISM_HPP
#define SMTPOLL_PROTOCOL_AUTH_MECHANISM_HPP

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

// ---- smtpoll/protocol/detail/unicode_tables.hpp ----
// Unicode 3.2 as SASLprep needs it (RFC 3454): generated by tests/tools/unicode_tables.py, which says what the numbers
// are.
#ifndef SMTPOLL_PROTOCOL_DETAIL_UNICODE_TABLES_HPP
#define SMTPOLL_PROTOCOL_DETAIL_UNICODE_TABLES_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

// clang-format off
#if !defined(SMTPOLL_SMALL)
/// Compatibility decompositions (NFKD), Hangul apart.
inline constexpr std::string_view kDecompositions{
    "gFAAgCHABAoYBAAiEEABhEkYCGAkBAABjBhYAAA45BCAB35BnZAAAiBAAA8DBAC7DkiI0BAACAkiIyBAACEkiI0BBBBcgYABBAhYABBAiYABBAjYAB"
    "BAoYABBAqYBBBEnZABBEgYABBAhYABBAiYABBAoYABBIgYABBAhYABBAiYABBAoYBBBKjYABBCgYABBAhYABBAiYABBAjYABBAoYCBBMgYABBAhYAB"
    "BAiYABBAoYABBIhYCBBQgYABBAhYABBAiYABBAjYABBAoYABBAqYBBBEnZABBEgYABBAhYABBAiYABBAoYABBIgYABBAhYABBAiYABBAoYBBBKjYAB"
    "BCgYABBAhYABBAiYABBAjYABBAoYCBBMgYABBAhYABBAiYABBAoYABBIhYBBBAoYABBvDkYABBgCkYABB/BmYABBgCmYABB/BoZABBgCoZABB7BhYA"
    "BBgChYABB/BiYABBgCiYABB/BnYABBgCnYABB/BsYABBgCsYABB9BsYABBgCsYCBB9BkYABBgCkYABB/BmYABBgCmYABB/BnYABBgCnYABB/BoZABB"
    "gCoZABB/BsYABBgCsYABB7BiYABBgCiYABB/BmYABBgCmYABB/BnYABBgCnYABB/BnZABBgCnZABB9BiYABBgCiYCBB9BjYABBgCjYABB/BkYABBgC"
    "kYABB/BmYABBgCmYABB/BoZABBgCoZABB/BnYBABAqCAABgCqDABB9BiYABBgCiYABB9BnZABBgCnZBBB9BhYABBgChYABB/BnZABBgCnZABB/BsYA"
    "BBgCsYAAB/B3FAABgC3FCBB7BhYABBgChYABB/BnZABBgCnZABB/BsYABBgCsYAAB8kBuDCBB5mBkYABBgCkYABB/BmYABBgCmYABB/BrYABBgCrYC"
    "BB5BhYABBgChYABB/BnZABBgCnZABB/BsYABBgCsYABB9BhYABBgChYABB/BiYABBgCiYABB/BnZABBgCnZABB/BsYABBgCsYABB9BnZABBgCnZABB"
    "/BsYABBgCsYCBB9BjYABBgCjYABB/BkYABBgCkYABB/BmYABBgCmYABB/BqYABBgCqYABB/BrYABBgCrYABB/BoZABBgCoZABB7BiYABBgCiYABB7B"
    "iYABBgCiYABB/BoYABBChYABBgChYABB/BnYABBgCnYABB/BsYABBgCsYAAANgBBBnC7YABBgC7YNBBzB7YABBgC7YTAChD6CsYAACA6DsYAACgC6D"
    "sYAABvBqCAABAqDAABgCqDAAB7BqCAABAqDAABgCqDABB5CsYABBgCsYABBvBsYABBgCsYABBzBsYABBgCsYABBzBsYABBgCsYABC/BoYkYABCgCoY"
    "kYABC/BoYhYABCgCoYhYABC/BoYsYABCgCoYsYABC/BoYgYABCgCoYgYBBCnDoYkYABCgCoYkYABC/BnYkYABCgCnYkYABBqGkYABBgCkYCBB9JsYA"
    "BBgCsYABB3BsYABBgCsYABB3BoZABBgCoZABC/BoZkYABCgCoZkYABBwUsYABB2NsYABBviBsYAABrC6CAABA6DAABgC6DABB5BhYABBgChYCBBxBg"
    "YABBgCgYABC5CqYhYABCgCqYhYABBqGhYABBgChYABBbhYABBgChYABBtLvYABBgCvYABB/BxYABBgCxYABB3BvYABBgCvYABB/BxYABBgCxYABB3B"
    "vYABBgCvYABB/BxYABBgCxYABBzBvYABBgCvYABB/BxYABBgCxYABB5BvYABBgCvYABB/BxYABBgCxYABB5BvYABBgCvYABB/BxYABBgCxYABBjCmZ"
    "ABBgCmZABB9BmZABBgCmZCBB3CsYABBgCsYGBBtCnYABBgCnYABB3BnZABBgCnZABCrBoYkYABCgCoYkYABC/BjYkYABCgCjYkYABB/BnYABBgCnYA"
    "BC/BnYkYABCgCnYkYABBrBkYABBgCkY8DAAhBAAA8fAAA3fAAAQAAAugBAAAEAAAMAAAzgBAAAEfABxFmYAABAnYAABAqYAABAoZAABAjYAABArYCA"
    "AmkBAAAtfAAAOAAAKAAA6hB7CGA2GBAAmBAABVhYvBAA9EFABxpBlaDAA2BFAB1BhYAACAoYhYABBi3BhYAAAztBABB8tBhYABBEhYABBEhYBBBMhY"
    "BBBMhYABBIhYABCgBoYhYZBB/BoYABBYoYABBYhYABBIhYABBEhYABBEhYABCYoYhYZBBXoYABBYoYABBLhYABBMhYABBIhYBAAtBAAAMAAAlBAABA"
    "hYAABAoYAAAiCAAALZAALAGAOBAAxCAAA6BKBBgGgYABBAoYBBBDhYDBBZoYEBBoBhYABBDgYABBWmYKBBVmYfBBgCmYWBBFgYABBAoYBBBDhYDBBm"
    "CoYEBB3BhYABBDgYABBWmYXHBiDvYpCBB7FmYABBgCmYNBBrCmYABBgCmYABB/BoYABBgCoYCBB1BmYABBgCmYCHBmKoYABBjMoYABBgCoYABB9BoY"
    "ABBgCoYCBB9BkYABBgCkYABB/BoYABBgCoYABBzBoYABBgCoYCHB0KoYABB1LoYABBgCoYABBzCkYABBgCkYABB/BoYABBgCoYABB/BrYABBgCrYAB"
    "B3BoYABBgCoYCBB3BoYABBgCoYtEAB0RisB6EBBkMzyBABBA0yBABBiC0yBABBhC1yBABBmC0yBuCABlC0zBAABiC0zBAAB+H0zBAAB5H0zBnCBB2I"
    "0yBBBBnB0yBQBBiB0yB1SBBslB8pCHBBQ8pCCBBG8pCjBKB7B8pCAABO8pCAGBK8pCAABU8pCAABI8pCrDBBwJ+tCABBA3uCPGBrC8tCBABc8tCzCA"
    "BmI8xCCABM8xCiBGBjC8xCAABM8xCCABe8xCpHBB4R26CCBBA+5CABBA36CPGBrC85C2BBBiH3+C1BHBoD+9CABBA3+C7DBBgI2iD3DBByH1mDGBBO"
    "1mDABBA2mDBBBAimDABCAimD1mD+DHBgI+pDABBA3qDtEBBmJquDBBBAvuDABCAvuDquDABBA/uD0CABoHyxD/DABgIy1DoBABjC50DAABAh1DuBAA"
    "gG2BABuD39DJABU39DEABK39DEABK39DEABK39DMAB1B19DJABiDy7DBABA07DAABiEg8DAACAx7Dg8DAABCg8DAACAx7Dg8DHABjEg8DRABiC39DJ"
    "ABU39DEABK39DEABK39DEABK39DMAB1B19DsDBBqJuhE5uDBBn+HlZABBgClZABB9BnYABBgCnYABB/BjZABBgCjZABB/BxZABBgCxZABC9BnZhYAB"
    "CgCnZhYABB9BnYABBgCnYABB/BjZABBgCjZABB/BxZABBgCxZABB/BnZABBgCnZABB/BtZABBgCtZABC9BkYgYABCgCkYgYABC/BkYhYABCgCkYhYA"
    "BB/BtZABBgCtZABB/BwZABBgCwZABC/BnZmYABCgCnZmYABB9BnYABBgCnYABB9BkYABBgCkYABB9BnYABBgCnYABB/BjZABBgCjZABB/BoYABBgCo"
    "YABB/BnZABBgCnZABB/BuZABBgCuZABB9BwZABBgCwZABC/BoYhYABCgCoYhYABB7BhYABBgChYABB/BjZABBgCjZABB/BxZABBgCxZABB9BjZABBg"
    "CjZABC/BjZkYABCgCjZkYABB/BxZABBgCxZABB/BtZABBgCtZABB9BhYABBgChYABB/BnYABBgCnYABB/BjZABBgCjZABB9BnYABBgCnYABB/BjZAB"
    "BgCjZABB/BxZABBgCxZABB/BtZABBgCtZABC9BjYhYABCgCjYhYABC/BjYoYABCgCjYoYABC/BkYgYABCgCkYgYABC/BkYhYABCgCkYhYABB9BhYAB"
    "BgChYABB/BnYABBgCnYABB7BnYABBgCnYABB/BjZABBgCjZABC/BjZkYABCgCjZkYABB/BxZABBgCxZABB9BnYABBgCnYABB/BjZABBgCjZABC/BhY"
    "nYABCgChYnYABC/BsYnYABCgCsYnYABC/BjZnYABCgCjZnYABB9BnYABBgCnYABB/BjZABBgCjZABB/BxZABBgCxZABB/BtZABBgCtZABB9BkZABBg"
    "CkZABB/BwZABBgCwZABB/BtZABBgCtZABC/BjYhYABCgCjYhYABC/BkYoYABCgCkYoYABB9BjYABBgCjYABB/BjZABBgCjZABB9BgYABBgCgYABB/B"
    "hYABBgChYABB/BoYABBgCoYABB/BnYABBgCnYABB/BjZABBgCjZABB9BnYABBgCnYABB/BoYABBgCoYABB9BnYABBgCnYABB9BiYABBgCiYABB/BjZ"
    "ABBgCjZABB/BxZABBgCxZABBjBxZABBYoYABBGqYABBEqYAABvB+VAABkBnYEBBjDjZABBgCjZABB/BpYABBgCpYABC/BiYhYABCgCiYhYABC/BiYg"
    "YABCgCiYgYABC/BiYpYABCgCiYpYABC/BiYjYABCgCiYjYABC/BjZiYABCgCjZiYABC/BmYhYABCgCmYhYABC/BmYgYABCgCmYgYABC/BmYpYABCgC"
    "mYpYABC/BmYjYABCgCmYjYABC/BjZmYABCgCjZmYABB3BjZABBgCjZABB/BpYABBgCpYABB/BjYABBgCjYABC/BiYhYABCgCiYhYABC/BiYgYABCgC"
    "iYgYABC/BiYpYABCgCiYpYABC/BiYjYABCgCiYjYABC/BjZiYABCgCjZiYABB3BpYABBgCpYABB/BjZABBgCjZABBzBjZABBgCjZABB/BpYABBgCpY"
    "ABC/BiYhYABCgCiYhYABC/BiYgYABCgCiYgYABC/BiYpYABCgCiYpYABC/BiYjYABCgCiYjYABC/BjZiYABCgCjZiYABC/B7YhYABCgC7YhYABC/B7"
    "YgYABCgC7YgYABC/B7YpYABCgC7YpYABC/B7YjYABCgC7YjYABC/B7YjZABCgC7YjZABBzBjZABBgCjZABB/BpYABBgCpYABC/B7YhYABCgC7YhYAB"
    "C/B7YgYABCgC7YgYABC/B7YpYABCgC7YpYABC/B7YjYABCgC7YjYABC/B7YjZABCgC7YjZABB3BgYABBgCgYABB/BjZABBgCjZABB/BpYABBgCpYAB"
    "B/BjYABBgCjYGBBwzBzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABCAzYiaABCA0YiaABB/BzYABBA0YABCAzYgYABCA0YgYABCAzYhYABC"
    "A0YhYABCAzYiaABCA0YiaABBoCzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYCBB/BzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYCBB"
    "kCzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABCAzYiaABCA0YiaABB/BzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABCAzYiaABC"
    "A0YiaABBkCzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABCAzYiaABCA0YiaABB/BzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABC"
    "AzYiaABCA0YiaABBsCzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYCBB/BzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYCBBsCzYABBA"
    "0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABCAzYiaABCA0YiaBBB/B0YBBCA0YgYBBCA0YhYBBCA0YiaABBoCzYABBA0YABCAzYgYABCA0YgYABCA"
    "zYhYABCA0YhYABCAzYiaABCA0YiaABB/BzYABBA0YABCAzYgYABCA0YgYABCAzYhYABCA0YhYABCAzYiaABCA0YiaABBQgYAABAhYABBIgYAABAhYA"
    "BBEgYAABAhYABBEgYAABAhYABBMgYAABAhYABBMgYAABAhYABBIgYAABAhYCBCvBzYlaABCA0YlaABDAzYgYlaABDA0YgYlaABDAzYhYlaABDA0YhY"
    "laABDAzYialaABDA0YialaABC/BzYlaABCA0YlaABDAzYgYlaABDA0YgYlaABDAzYhYlaABDA0YhYlaABDAzYialaABDA0YialaABCsCzYlaABCA0Y"
    "laABDAzYgYlaABDA0YgYlaABDAzYhYlaABDA0YhYlaABDAzYialaABDA0YialaABC/BzYlaABCA0YlaABDAzYgYlaABDA0YgYlaABDAzYhYlaABDA0"
    "YhYlaABDAzYialaABDA0YialaABCkDzYlaABCA0YlaABDAzYgYlaABDA0YgYlaABDAzYhYlaABDA0YhYlaABDAzYialaABDA0YialaABC/BzYlaABC"
    "A0YlaABDAzYgYlaABDA0YgYlaABDAzYhYlaABDA0YhYlaABDAzYialaABDA0YialaABBQmYABBAkYABCAgYlaABBAlaABCAhYlaBBBAiaABCAialaA"
    "BB/BmYABBAkYABBAgYAABAhYABBAlaAABh3BzYAAAy5BAABx5BzYAABAiaAACAoYiaABCu5BgYlaABBAlaABCAhYlaBBBAiaABCAialaABBjCgYAAB"
    "AhYABBEgYAABAhYABBAlaAACt3BzYgYAACAzYhYAACAzYiaABBy5BmYABBAkYABCAoYgYAACAoYhYCBBAiaABCAoYiaABB/BmYABBAkYABBAgYAABA"
    "hYBACx3B0YgYAACA0YhYAACA0YiaABBq6BmYABBAkYABCAoYgYAACAoYhYABBHzYABBA0YABBIiaABCAoYiaABB/BmYABBAkYABBAgYAABAhYABBH0"
    "YAACh4BoYgYAACAoYhYAAAgECBCy2BgYlaABBAlaABCAhYlaBBBAiaABCAialaABBzCgYAABAhYABBUgYAABAhYABBAlaAABx4BhYAABA0YBoBAAGA"
    "Ag/PFAB/+PzZMAAcAABAuBAACAuBuBIAAbDABkhQyhIAACAyhIyhIBABG1hIAACA1hI1hIEABnhQhBBABBlYIAB+B/BAABAhBAAB7B/BNADihQyhIy"
    "hIyhIHAAjhQQAAgBAAAyDCWApDAAARAAAu+QAAAp9QAGApBAAAsEAmBA7DAAAJAAAu+QAAAp9QAGApBZAB0CzD3CACevBjDAACAvBzDAAA7BAAB6Gj"
    "CBAC5EvBvDAACAvB1DAAA6SBAB/NmCAAAxEAIA9BAAAgCAAA+LAEA7NAAAGAAAgCBAA7BAABAvDCKAEAEAECABCtCAACClCsCAABAtCBAAMBAA+0BB"
    "AA90BBAAdAABTqYAGACBAAmCAGA/BBAAQAAAkCAOAi2CAAAt2CDAA00BAAA/BAAAaAAAinPEAA58QAGAgCAGAKJGCvDkiIzBAOCAkiI1BAACAkiI2B"
    "AACIkiI2BAACHkiI4BAACEkiI4BAACEkiI4BAACEkiI4BAABLkiIAAAwBAABApCAACApCpCAABA2CAAAaAABApCAACApCpCAADApCpCpCAABZ4CAAA"
    "eAABApCAACApCpCAAAXAGARAAAUAAA4BAABApDAACApDpDAABA2DAAAaAABApDAACApDpDAADApDpDpDAABZ4DAAAeAABApDAACApDpDAAAXAGARAA"
    "AUaBBmyQ4ZABBE4ZSBBE4ZeBB4D4ZABBI4ZABBD4Z0BBBiD4ZEBBK4ZCBBG4ZXBBwB4ZBBBE4ZFABMrxIAACArxIrxIBABGuxIAACAuxIuxIQBBc4Z"
    "CBBO4ZCBBE4ZBBBG4ZWBB1gR4ZBBBoiR4ZKBBnB4ZABBhhR4ZABBE4ZAHBsiR4ZCHBc4ZCHBI4ZGHBI4ZCHBQ4ZCHBI4ZiBBB4B4ZAHBM4ZABBG4Zw"
    "BHB9C4ZAHBqB4ZGPBiC4Z7BGAs1G1JiBAt9XAABAwBAABAxBAABAyBAABAzBAABA0BAABA1BAABA2BAABA3BAABA4BAABA5BAABCwBAACTxBpBAACA"
    "yBpBAACAzBpBAACA0BpBAACA1BpBAACA2BpBAACA3BpBAACA4BpBAACA5BpBAADAxBwBpBAADAxBxBpBAADAxByBpBAADAxBzBpBAADAxB0BpBAADA"
    "xB1BpBAADAxB2BpBAADAxB3BpBAADAxB4BpBAADAxB5BpBAADAyBwBpBAiBBSuBAACAwBuBAACAxBuBAACAyBuBAACAzBuBAACA0BuBAACA1BuBAAC"
    "A2BuBAACA3BuBAACA4BuBAACA5BuBAACCwBuBAACThDpBAACAiDpBAACAjDpBAACAkDpBAACAlDpBAACAmDpBAACAnDpBAACAoDpBAACApDpBAACAq"
    "DpBAACArDpBAACAsDpBAACAtDpBAACAuDpBAACAvDpBAACAwDpBAACAxDpBAACAyDpBAACAzDpBAACA0DpBAACA1DpBAACA2DpBAACA3DpBAACA4Dp"
    "BAACA5DpBAACA6DpBAmDAyBAmDAgCAAAhDhpBAD2/QrxIrxIrxInDACh/Q6B9BAABG9BAACA9B9BlDABgqV4ZieAAgvgBzCAAk9ZMAA95oBAAAwCAA"
    "AcAAASAAA0BAAA4CAAAOAAAoBAAA0BAAAqoBAAAsCAAAMAAAuBAAAoBAAAqBAAAqDAAAqBAAAWAAA2JAAA8FAAA4BAAAKAAA8BAAASAAA2BAAAaAAA"
    "yBAAAoDAAAkBAAA2BAAAovBAAAwEAAA4cAAAuBAAAQAAAWAAAkBAAA4EAAA6dAAAgDAAAwHAAAuBAAAmBAAAsBAAAsDAAAGAAA0WAAAUAAAYAAAaAA"
    "AoHAAAQAAAKAAAqHAAAUAAAaAAAQAAA6DAAAiBAAAkBAAAgFAAAqkBAAA8CAAAqBAAAouBAAAKAAAmFAAAgBAAAaAAAqBAAAuCAAAKAAA2QAAAwBAA"
    "AgCAAAw/BAAAkEAAAuBAAA0DAAAwBAAASAAAOAAAoDAAAKAAAgCAAAujCAAA+bAAAYAAAKAAAIAAAQAAAkBAAAEAAAiFAAAwNAAAKAAAmVAAAUAAAk"
    "DAAAOAAASAAAQAAA2FAAAOAAAoOAAAOAAAiDAAAiBAAA+CAAA6OAAAOAAAiBAAAuUAAA8HAAAMAAAsLAAAuFAAA8CAAA0XAAAqIAAA8jBAAA2BAAAy"
    "DAAAmDAAAoEAAAWAAAMAAAiCAAA4EAAAUAAA0VAAAOAAASAAASAAAgBAAAeAAAIAAA+EAAAIAAAMAAAq9BAAA8BAAAqdAAAYAAAuBAAA2RAAAaAAAu"
    "EAAA8CAAAujBAAAeAAAeAAAmCAAAqCAAAuMAAAYAAAmEAAAwPAAA+BAAAiNAAAqBAAAKAAA4NAAAwLAAA6HAAAMAAAKAAAs6BAAASAAA4JAAA0JAAA"
    "GAAA+CAAAyGAAAaAAAIAAAOAAAkGAAAkCAAAMAAAcAAAuKAAAmDAAAIAAAuLAAAGAAAmBAAA4PAAAgDAAAOAAAsEAAAUAAAGAAAUAAA8BAAA2YAAAg"
    "ZAAAUAAAsCAAAsBAAAQAAAUAAAIAAAwCAAAIAAAiBAAAKAAAaAAA2BAAAeAAAQAAA2DAAAeAAAIqBAA/3vC1BAAk/XBAA+yRAGAGRBBxvR5kMBBBE5"
    "kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMCBBG5kMBBBE5kMBBBE5kMGBBO5kMABBA6kMBBBG5kM"
    "ABBA6kMBBBG5kMABBA6kMBBBG5kMABBA6kMBBBG5kMABBA6kMWBBpD5kMGABriY5kMAABA6kMBBB6nY5kMAABpBqkMMBBmC5kMBBBE5kMBBBE5kMBB"
    "BE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMBBBE5kMCBBG5kMBBBE5kMBBBE5kMGBBO5kMABBA6kMBBBG5kMABBA6kMBBBG"
    "5kMABBA6kMBBBG5kMABBA6kMBBBG5kMABBA6kMWBBpD5kMCPByE5kMDBBc5kMAABzEomMxBGAl7PAAA0KAAAvKAGA0KAKAxKAWA6KAAArJAKAnBAAA"
    "2BAmBAvBAyCAwFAAABAGA3EAGAmLAAAKAAAEAAAKAAAIAAAEAAA5LAAAiMAAAEAGAjMAAAGAGAEAAAKAAAEASAEAAAOAAAIAAAUAAAOAAAKAGAqKAK"
    "AzJAGA6CAAAIAGASAAAGAAAUAAAGDAA+leAAA4IAAAlIAAAktEAAAhtEAAAmCAAAjCAAAuyTAAAxtTAAA/DAAAvBAAAwyFAAAxfAAArnEgDACjpnBg"
    "oEpBAACAioEpBAACAjoEpBAACAloEpBAACAmoEpBAACAnoEpBAACApoEpBAACAroEpBAACAsoEpBAACAuoEpBAACAvoEpBAACAwoEpBAACAxoEpBAA"
    "CAyoEpBAADAgoEhrEpBAADAioEhrEpBAADAjoEhrEpBAADAloEhrEpBAADAmoEhrEpBAADAnoEhrEpBAADApoEhrEpBAADAroEhrEpBAADAsoEhrEp"
    "BAADAuoEhrEpBAADAvoEhrEpBAADAwoEhrEpBAADAxoEhrEpBAADAyoEhrEpBAADAsoEurEpBDACAgwTpBAACAs0TpBAACApwTpBAACA72VpBAACA0"
    "0TpBAACAtrUpBAACAjwTpBAACArrUpBAACA9yTpBAACAh6UpBAACAo4ZpBAACArjcpBAACA0hbpBAACAo5ZpBAACAxukBpBAACA/4VpBAACAlvZpBA"
    "ACAqhapBAACAp4ZpBAACA+pepBAACAtgVpBAACA5zcpBAACAhljBpBAACA9qepBAACA01UpBAACAj3TpBAACA8jVpBAACAm7WpBAACAj3dpBAACAh4"
    "TpBAACAnmjBpBAACA06UpBAACAtrepBAACAx4TpBAACAqvgBpBAACAzvgBpBNABUxBAABAyBAABAzBAABA0BAABA1BAABA2BAABA3BAABA4BAABA5B"
    "AABCwBAABAxBAABAyBAABAzBAABA0BAABA1BAAA6sIAGAEAKAGAAAIAGAEASAGAABbhrEAGBEhrEAKBGhrEAABIhrEAGBEhrEASBGhrEEAAkveAAA4"
    "IAAAlIAAAktEAAAtkEAAAytBAAAz2BAAAw2BAAA7wBAAAouCAAAu8JAAAm2EAAAtjCAAA3wCAAAyqVAAAjrdAAAssHAAAqkBAAAhSAAAqjJAAAhzSA"
    "AA4mPAAAwiNAAAn0JAAAxqTAAAoyTAAAhqCAAAn8NAAAsvbAAA9zfAAAskBAAAw3MAAA6xVAAAnvkBAAAwoBAAA08MAAAx1OAAAmCAAAjCAAA29HAA"
    "Al/EAAAvLAAA4lEAAAhDAAA63NAAAj+TAAAs8eAAAl3cAAAw8CAABxusB2BAABA3BAABA4BAABA5BAABCwBAABAxBAABAyBAABAzBAABA0BAABA1BA"
    "ABA2BAABA3BAABA4BAABA5BAABCwBAiBBHo4ZAACAwBo4ZAACAxBo4ZAACAyBo4ZEAAinYAAAEAAAEAAAEAGAEAAAGAAAEAAAEAAAEAAAEAAAEAAAE"
    "AAAEAAAEAAAEAAAEAAAGAAAEAAAEAWAEAAAQAAAGAAAGAAAGASAGAAAMAAAEAWAEAOAOBAE5EvmM6kM8nMomMAADArnM1mMhlMAAEAznM4mM6kMilM"
    "AACA8nMrnMAAEErmMznMvlM5kMAACAznMhmMAACEplMznMAAFE5lMvlM8nMomM5kMAADA8nMrlM8nMAACEznM5lMAACA8nMgnMAACCklMqnMAADApn"
    "MjmMomMAADAtnMqnM8nMAADA5kMtnMznMAADA5kMznM+mMAADE5kMrlM5kMAADA5kMrmM8nMAADAlnMqnM8nMAAFA5kMrnM/lM5kM8nMAABAtnMAAF"
    "AtnMvlM5kMpnMgnMAAFAtnMhnM8nMomMrnMAAEAtnMvnMjmMomMAADE5kMpnMgnMAAFA5kMpnMgnMomMznMAAFArnM7lM5kMklMtnMAADAtnM8nMtm"
    "MAACE8nM5lMAACErnMqmMAADA8nM7mM6kMAADEklMvlMrnMAAEAznMhmM8nMgnMAAEEqnMznMvlM5kMAACIznMhmMAACAznMomMAADI5kM8nM5lMAA"
    "CO5kM3lMAACE5kMrnMAABAznMAABEumMAACIjmMomMAACCklMkmMAAFA6kM8nM7lMznMomMAADA6kM8nMkmMAAEA5kM8nMsnMrnMAAFG6kMilM5lMo"
    "mMrnMAADA6kMvlMrnMAACA6kMzlMAACA5kMrnMAAFGhlMpnMjmMomM5kMAADAjlM8nMomMAAFA5kMjmM3lMnlMrnMAACApnMznMAAEGvlM/lM8nMrn"
    "MAACA6kM9lMAADA6kMrmMymMAACArnMkmMAADA6kMznM5lMAAEA6kM8nM3lM5kMAADA5kM8nM/lMAAEG6kMklMznMomMAADA5kMrnMomMAABAznMAA"
    "EA6kMznMomM5kMAACA8nMrnMAACA8nMznMAADGklMvlMtnMAACAklMrnMAACAjmMvmMAACArnMvlMAAEAznM3lMnnMznMAADCvlMtnMznMAABAqnMA"
    "AFAqnMvmM5kM8nMrnMAACErlM5kMAAEArlM5kMomMznMAADA8nMomMrnMAADG8nMomM5kMAACA8nMrnMAACEilMznMAADIjmMomMrnMAABApnMAADC"
    "ymM6kM8nMAAEA8nM1mM5kMrnMAABCgnMAAFAznMomMxlM5kMznMAACGjmMomMAmBB9rY5lcAACCwB5lcAACAxB5lcAACAyB5lcAACAzB5lcAACA0B5"
    "lcAACA1B5lcAACA2B5lcAACA3B5lcAACA4B5lcAACA5B5lcAACCwB5lcAACAxB5lcAACAyB5lcAACAzB5lcAACA0B5lcAACsDwChDAABHhDAABlC1C"
    "AACiChDyDAABa2CAABCjDEABmgvBwwYAAB07DskVAABrwGj7aAABuuG7lbAAD4hBv4X64T+peAABz7zBhCAABDhCAAB80BhCAAB90BhCAABDhCAAB/"
    "BiCAABEiCAABLiCAAC4BhDsDAADQjDhDsDAABKmCAABDmCAAB80BmCAABAnDAAB90BnDAABDnDAABlC6DAACmCoC6DAAC7BoC6DAACLoC6DAACaoC6"
    "DAABw2BsDAAB90BsDAABRsDAABOsDAABJtDAABQtDAAB80BtDAAB90BtDAABTtDAABQtDAACEtDyBAACTtDyBAABUyBAACDtDyBAACEtDzBAACTtDz"
    "BAABUzBAACDtDzBAACE1wIzDAADA1wIzDyBAAB5BhDAAC2BwChDAAC7BwChDAACLwChDAAC2ChDkDAAEAhDkD1wIzDAAFAhDkD1wIzDyBAABDzDAAB"
    "DzDAAB80BzDAAB90BzDAABG2CAABD2CAAB80B2CAAB90B2CAABD2CAAB7B2CAABmC3CAABD3CAAB80B3CAAB90B3CAABD3CAAB7B3CAAB8BpdAAB7B"
    "pdAADoBuBtDuBAAB9BxDAABiCjDAABAkDAAD/B1wIrDnDAACAvDuBAABiCiCAAB5B5DAABiChDAAB/BwCAABiCuDAAB7BrCAABAtCAABgC0DAABCtD"
    "AABAuDAACAvDnDAABA4DAABCiDAACApDsDAACAvDsDAAB5BoCAADgCuBtDuBAAC/BwCtCAABAyCAABmCyDAAB/B2DAABIiDCiBBrClvZAACAwBlvZA"
    "ACAxBlvZAACAyBlvZAACAzBlvZAACA0BlvZAACA1BlvZAACA2BlvZAACA3BlvZAACA4BlvZAACA5BlvZAACCwBlvZAACAxBlvZAACAyBlvZAACAzBl"
    "vZAACA0BlvZAACA1BlvZAACA2BlvZAACA3BlvZAACA4BlvZAACA5BlvZAACCwBlvZAACAxBlvZhoxBAAqhmCAAAn1SAAAs9TAAAjgBAAAt/OAAA9pQ"
    "AAAm7CAEAu7lBAAA1kjBAAAgocAAAzkeAAAi8BAAA8qEAAAmnKAAA4xEAAA0rDAAA2XAAA8TAAAu5DAAA5oTAAAyxBAAA87BAAAqwBAAA+lIAAA6yG"
    "AAAuoEAAA92lBAAAmvCAAA+4LAAAuxDAAAkhKAAAi/LAAA7sgBAAA2pJAAAk+KAAAu5BAAA1pTAAA+wPAAAukDAAAp1UAAA6kEAAAmlDAAAk5CAAAk"
    "9OAAAv0gBAAAijBAAAuSAAAs+IAAA+gDAAA6zDAAAutCAAA0xEAAAqgDAAAsFAAAm5DAAAm0EAAA6jCAAA2oBAAA72SAAAmPAAAiiCAAAyiDAAA2zH"
    "AAA23FAAAx6JAAAt/YAAAqiDAAA41OAAA8hCAAA3hHAAAwmDAAAw/JAAAqjFAAA9hfAAA04BAAAi7GAAAu8BAAAqTAAAgiHAAAwQAAAohMAAAx3hBA"
    "AAy7WAAA9qXAAAfAAAglUAAAk6BAAAmjDAAAooJAAApvFAAAhrUAAAmzDAAA4vQAAApseAAA86GAAA2iCAAAq3JAAAyeAAAxlRAAAo+SAAA3zUAAA0"
    "+HAAA35IAAA+rPAAAn1DAAA06LAAA91UAAA2pCAAAmqPAAAw0GAAAimDAAA/uPAAAs/RAAAvyRAAAz4EAAAu+PAAAp0PAAAq8IAAAtrTAAA2rBAAAg"
    "GAAAwrLAAAsmKAAAw4CAAAmmEAAA6vDAAAztfAAA6UAAAizCAAAy3CAAAytDAAAyjFAAA4yEAAAmoOAAA6rCAAA6iCAAAuDAAAljmBAAA2iKAAAirC"
    "AAA2+RAAA7uYAAA4xBAAAgHAAA0pBAAAyoFAAAsiBAAAg0BAAAi0CAAA0iCAAA2nBAAAurHAAAvjFAAAqzFAAAuyBAAAlzgBAAA4IAAA0hBAAA2gOA"
    "AA0/LAAAweAAAh+VAAA4SAAAs4BAAAmjEAAAgpIAAAxsEAAAhpSAAAqhEAAA8uCAAAmdAAAkmBAAAs5JAAAuLAAAizFAAA4KAAA8+IAAAksCAAAkFA"
    "AAgNAAA5okBAAAmiVAAAsgMAAAowCAAAt9aAAA1lJAAAolBAAAoxFAAAiFAAA01EAAAymCAAA48DAAAonCAAA0rHAAAg4FAAAixHAAApwcAAAs6XAA"
    "Ap6hBAAAkvKAAAwHAAA80CAAA2VAAA62CAAAgVAAAkxBAAAqqCAAA80NAAAhvjBAAAisIAAA0kaAAA5kjBAAA8uGAAAitIAAAg0QAAA95XAAAybAAA"
    "mtDAAAg3FAAA+vRAAA5liBAAAseAAAslEAAA86EAAA2TAAA0VAAA6jCAAAiyDAAA4dAAAu5EAAAs1EAAAkBAAA2uEAAAsxCAAAl6hBAAA23NAAA5pN"
    "AAAm7OAAAwsBAAAk2IAAAyqIAAAo7CAAAwkBAAAvwbAAAojDAAA6hKAAA5xDAAAqFAAAkXAAAj9EAAAtiBAAA+rNAAAvpeAAAsnaAAA3vYAAAlDAAA"
    "+pGAAA6iCAAAmgNAAAh1QAAAy5IAAAzmDAAAuoUAAA9uDAAAigHAAAjsGAAAvrVAAAl5GAAAgoCCAA0pBBAA0hHCAArpKAAA40QAAAg6BAAAknBAAA"
    "kCAAAOAAA0CAAAu8OAAAvpNAAA+vBBAAqlDBAAsuCCAAg0CAAAqMDAAk/DAAAaAAA4CAAA4oCCAArgnBAAAyTAAAsGAAA4XAAA2BAAA6GAAA4kBAAA"
    "yGAAAkGAAAwdAAAwGAAA47BAAAUAAAsiCAAAoNAAAsCAAAoGAAA61BAAAmJAAA+KAAAofAAAkvCAAAmKAAAwQAAA4kBAAA6LAAAufAAA+mCAAA6KAA"
    "AWAAABAAAQAAAMAAAOAGAgDAAAmLAAAiEAAA+TAAAojBAAAqBAAAwDAAAiTAAAmJAAAweAEA4IAAA8dAAAyrCAAAsIAAA2WAAAwDAAA0ZAAAqDAAA8"
    "qBAAAkIAAA2qDAAA4RAAA4D1EABp9rCmDAABApDAABAsDAACAmDpDAACAmDsDAEBa0DMABiwC2rBAABAlrBAABArrBAABU2rBAABTtrBFABqG0tBBA"
    "ByB3tBAAAfAAAjBAGAGAKAQAAAaAAAEAAA97CAAB87ChuBAABAiuBAACA8tBhuBAACA8tBiuBAABxB3tBAABA4tBAaBA8tBBSBQ8tBBABM8tBBGBE8"
    "tBBGBG8tBBSBG8tBAABhB5tBAABH/tBAABU/tBAABS/tBAABnB8uBAEAiKAMAUAMAGAMAEAMALAMAKAMALAMA2CAMAEAMAjCAMABAMAGAMACAEAMAE"
    "ABAEAEAEALAEAgBAEANAMAwBAMAMAMAIAMADAEASAMACAEB0B0yBAMAnBAMAFAEAoBAEBA0yBhBMApCAEA0BAEABAEAEAABB0zBAEAIAEALAEAIAMA"
    "OAEAtIAECC0yBnxBAECA0yB12BAECA0yBoyBAECA0yBn2BAECA0yBm2BAECA0yBo2BAICA0yBw2BAICA0yBpyBAMAkIAACjI0yBsxBAACA0yBtxBAA"
    "CA0yBlyBAACA0yBpyBAACA0yBqyBAABjCsxBAABAtxBAABAuxBAABAlyBAABApyBAABAqyBAABEsxBAABAtxBAABAuxBAABAlyBAABApyBAABAqyBA"
    "ABCsxBAABAlyBAABApyBAABAqyBAABCtxBAABAlyBAABCsxBAABAlyBAABCsxBAABAtxBAABAlyBAABKsxBAABAtxBAABAuxBAABAlyBAABEtxBAAB"
    "AlyBAABCsxBAABAtxBAABAuxBAABAlyBAABCtxBAGBAlyBAABEsxBAABAlyBAABCsxBAABAlyBAABOsxBAABAtxBAABAuxBAABAlyBAABApyBAABAq"
    "yBAABCtxBAABAlyBAABApyBAABAqyBAABCnxBAABAsxBAABAtxBAABAuxBAABAkyBAABAlyBAABApyBAABAqyBAABCsxBAABAtxBAABAuxBAABAlyB"
    "AABApyBAABAqyBAABCsxBAABAtxBAABAuxBAABAlyBAABApyBAABAqyBAABCsxBAABAtxBAABAuxBAABAlyBAABApyBAABAqyBAABCsxBAABAlyBAA"
    "BApyBAABAqyBAABGsxBAABAtxBAABAuxBAABAlyBAABApyBAABAqyBAGBzBwzBAAByBwzBAACxiDsyBxyBAACAtyBxyBAACAuyBxyBAACAvyBxyBAA"
    "CAwyBxyBAACAxyBwzBAAC0iD0yBxxBAACA0yByxBAACA0yBlyBAACA0yBmyBAACA0yBpyBAACA0yBqyBAABjCxxBAABAyxBAABAlyBAABAmyBAABAp"
    "yBAABAqyBAABExxBAABAyxBAABAlyBAABAmyBAABApyBAABAqyBAABCxxBAABAyxBAABAlyBAABAmyBAABApyBAABAqyBAABsBpyBAABAqyBAABCpy"
    "BAABAqyBAABCnxBAABAkyBAABAlyBAABApyBAABAqyBAABClyBAABApyBAABAqyBAABCnxBAABAlyBAABCxxBAABAyxBAABAlyBAABAmyBAABApyBA"
    "ABAqyBAABGwzBAABCxxBAABAyxBAABAlyBAABAmyBAABApyBAABAqyBAACA0yBsxBAACA0yBtxBAACA0yBuxBAACA0yBlyBAACA0yBnyBAABjCsxBA"
    "ABAtxBAABAuxBAABAlyBAABAnyBAABEsxBAABAtxBAABAuxBAABAlyBAABAnyBAABClyBAABCtxBAABAlyBAABCsxBAABAlyBAABCsxBAABAlyBAAB"
    "KsxBAABAtxBAABAuxBAABAlyBAABEtxBAABAuxBAABAlyBAABCsxBAABAtxBAABAuxBAABAlyBAABCtxBAABClyBAABCsxBAABAlyBAABCsxBAABAl"
    "yBAABOsxBAABAtxBAABAuxBAABAlyBAABCtxBAABAlyBAABCsxBAABAtxBAABAuxBAABAkyBAABAlyBAABCsxBAABAtxBAABAuxBAABAlyBAABAnyB"
    "AABCsxBAABAtxBAABAuxBAABAlyBAABCsxBAABAtxBAABAuxBAABAlyBAABAnyBAABCsxBAABAlyBAABAwzBAABGsxBAABAtxBAABAuxBAABAlyBAA"
    "BAnyBAACA0yBlyBAACA0yBnyBAABjClyBAABAnyBAABElyBAABAnyBAABClyBAABAnyBAABQlyBAABAnyBAABClyBAABAnyBAABekyBAGBAlyBAABG"
    "lyBAABAnyBAABIlyBAABAnyBAACTuyBxyBAACAvyBxyBAACAwyBxyBAABRpyBAABAqyBAABEpyBAABAqyBAABCpyBAABAqyBAABNpyBAABAqyBAABC"
    "pyBAABAqyBAABNpyBAABAqyBAABBpyBAABAqyBAABEpyBAABAqyBAABOpyBAABAqyBAABCpyBAABAqyBAABDsxBAABAtxBAABAuxBAABAlyBAABAxx"
    "BAABBxxBAGBExxBAABEpyBAABAqyBAABEpyBAABAqyBAABCpyBAABAqyBAABNpyBAABAqyBAABCpyBAABAqyBAABNpyBAABAqyBAABBpyBAABAqyBA"
    "ABEpyBAABAqyBAABOpyBAABAqyBAABCpyBAABAqyBAABDsxBAABAtxBAABAuxBAABAlyBAABAxxBAABBxxBAGBExxBAABBsxBAABAtxBAABAuxBAAB"
    "AlyBAGBBnyBAABIlyBAABHsxBAABAtxBAABAuxBAABCsxBAABAtxBAABAuxBAGBGlyBAEBfryBSACGsxBlyBAECAtxBsxBAACAtxBlyBAACAuxBlyB"
    "AACAlyBsxBAACAlyBtxBAACAlyBuxBAECElyBtxBAACClyBqyBAACAlyBpyBAACMtxBsxBAACAsxBtxBAACAsxBpyBAECAlyBtxBAACAlyBsxBAECA"
    "lyBlyBAECEtxBtxBAACAlyBlyBAECBtxBlyBAACAsxBqyBAECAlyBuxBAECAlyBlyBAACEtxBpyBAECAuxBlyBAECClyBtxBAACAlyBlyBAACAlyBq"
    "yBAACEsxBlyBAECAlyBlyBAACAlyBpyBAACClyBlyBAACAlyBqyBAACAlyBpyBAECOuxBlyBAACClyBtxBAACAlyBlyBAACEtxBlyBAACAtxBqyBAA"
    "CAtxBpyBAECAsxBsxBAECAuxBlyBAECAlyBtxBAACCtxBsxBAACAtxBlyBAACAtxBqyBAACAsxBtxBAACAsxBlyBAACAuxBsxBAACAuxBlyBCACAsx"
    "BuxBAACElyBsxBAACAlyBlyBAACBtxBlyBAACAtxBpyBAECAsxBlyBAACAsxBpyBAACAlyBqyBAACAlyBpyBAECIlyBlyBAACjCuxBqyBAACEsxBqy"
    "BAACAsxBpyBAACAuxBqyBAACAuxBpyBAACAlyBqyBAACAlyBpyBAACElyBqyBAACAtxBpyBAACAlyBpyBAACOuxBpyBAACEtxBqyBAACBtxBqyBAAC"
    "EtxBqyBAACcsxBqyBAACAlyBqyBAACMtxBqyBAACAsxBqyBAACAlyBqyBAACJlyBqyBAACFlyBqyBAACItxBqyBAACHlyBtxBAACEtxBlyBAACVlyB"
    "qyBAACUlyBqyBAACGsxBtxBAACBuxBqyBAACBsxBlyBAACBlyBlyBAACCsxBlyBAACEsxBtxBAACzBtxBqyBAACCsxBqyBAACwBsxBqyBAACHlyBqy"
    "BAACxBtxBqyBAAC2BlyBlyBAACTsxBlyBAACHlyBlyBAACDuxBqyBAACmBsxBqyBoBAChBkyBy2BAACakyBy2BAAD1BkyBkyBnyBAADAjyBoxBxxBA"
    "AD8BtxBlyBvxBAADfkyB5xBlyBAADHzxBoyBkyBAADQkyBqyBnyBAADezxBkyBlyBAAClBkyBpyBAARAkyBpyBgBnxBkyBkyBnyBgB5xBkyBqyBnyB"
    "gBoyBzxBkyBlyBAAHRkyBgBsxBkyBnxBkyBnyBAADKs2BnxBkyBzBABlgDuBAAAs+PAAABAEAn7PAGAtDAAAmFAAAEAGAu5XAGAHAGALAGADAOAIEM"
    "B3+XlYAIA+DAAAlDAAAq9XAAAl9XBAAaAAABAAAKAAA7BAAAm/PAGA3+PAAAmFAAAEAGAu5XAAAh/XAAAGAGAIAAAGAAAeAAAEAAABBAA+BAGAvDAA"
    "A4BEAB/BryBAABgiDryBAAB/hDsyBBABAtyBBABAuyBAABgiDuyBAAB/hDvyBAABgiDvyBAAB/hDwyBAABgiDwyBAAB/hDxyBAABgiDxyBAAB/hDyy"
    "BAABgiDyyBAAA9BAEBMzyBAEBA0yBAEBiC0yBAEBhC1yBAMBmC0yBAEAlCAMACAEACAMACAMACAMACAMACAMACAEACAEACAEACAEACAMACAMACAMAC"
    "AMACAMACAMACAMACAMACAMAOAMACAMACAMACAMACAMACAMACAEACAEACAMACAECLnxBzyBAECAnxB0yBAECAnxB1yBAEBAnxBE2LAliDAGAo2UAAA6"
    "nDAGAUAAAVAAA0PAAARAAAhFAAAEAAAEAAAEAAAEAAA0DAAAEAAAEAAAnCAAAyDAAAzFAAAEAAAEAAAEAGAEAAAGAAAEAAAEAAAEAAAEAAAEAAAEAA"
    "AEAAAEAAAEAAAEAAAGAAAEAAAEAWAEAAAQAAAGAAAGAAAGASAGAAAMAAAEAWAEAAAOAAAIAGAzFAAAxzPAGA/FAAA0KAAAvKAGA0KAKAxKAWA6KAAA"
    "rJAKAnBAAA2BAmBAvBDWAwFCWAMCWAMCKAMDGAhtIAAAUAAB3IkYAAAsIAAABAAAogQBAAylCAOAj3BAAAghCAAA2Cvr0BGB441Glr0DAACClr0Dur"
    "0DAACAlr0Dvr0DAACAlr0Dwr0DAACAlr0Dxr0DAACAlr0Dyr0D2CGBiGlr0DAGCAlr0Dur0DAGCAlr0Dvr0D/RmDAv3oHAmDAgCAmDA/BAaAgCBmCA"
    "QAmDAvCAmDAgCAAA/BBGAECAAICGAGCOAIBeAKAOAcBAAKBOAEBGAKBqBAGAmDA9CAmDAgCAGA/BBOAGCeAMBaASBmDAcAGA/BBOAGBSAKBAAMDaAI"
    "BmDAcAmDA/BAmDAgCAmDA/BAmDAgCAmDA/BAmDAgCAmDA/BAmDAgCAmDA/BAmDAgCAmDA/BAmDAgCEiCAgzBAAAOAaAWAAAomPAiDArlPAAAilPAAA"
    "5kPAAAGAAAEAAAYAAAJAAABAiCA9CAAAOAaAWAAAomPAiDArlPAAAilPAAA5kPAAAGAAAEAAAYAAAJAAABAiCA9CAAAOAaAWAAAomPAiDArlPAAAil"
    "PAAA5kPAAAGAAAEAAAYAAAJAAABAiCA9CAAAOAaAWAAAomPAiDArlPAAAilPAAA5kPAAAGAAAEAAAYAAAJAAABAiCA9CAAAOAaAWAAAomPAiDArlPA"
    "AAilPAAA5kPAAAGAAAEAAAYAAAJAAABEmBA/4BAmBAAAmBAAAmBAAAmBAAggoCAA6gnBAAAJAAASAAAiu5GAAAj84GAAA8EAAAaAAAuEAAAwHAAA+B"
    "AAA8EAAAvBAAAhjOAAA45oHAAA5u6GAAAOAAAgBAAAmBAAAq65GAAAlmoHAAA8qOAAAsCAAA875GAAAn75GAAAaAAAvtBAAAguBAAASAAA0igJAAAz"
    "+/IAAAcAAAnyOAAA41OAAAWAAA4CAAAKAAAj2OAAAk7OAAAEAAA2BAAAsBAGAWAAAkBAAAkDAAAQAAASAAAyBAAAUAIAEAAA6q7GAAA37sGAAArqOA"
    "AAqBAAAo47GAAAv37GAAAMAAAqBAAAwJAAArGAAAgBAAAgCAAA0DAAAoFAAA0BAAAmEAAAgBAEAiCAAAqBAAAkBAAAQAAAeAAAoVAAA/QAAAiRAAAr"
    "MAAAmCAAA5mCAAAuuDAAA/RAAAsCAAAyBAAAjIAAAuKAAABAAA2HAAAwj+GAAAj/9GAAAKAAAeAAAoBAAAQAAAgEAAAs0+GAAAkEAAA7v+GAAA+CAA"
    "AYAAA9EAAA8IAAAv3RAAA4nuHAAAjm8GAEAsDAAA0o/GAAApg/GAAAqBAAAeAAAYAAAqy/GAAAxx/GAAAOAAA6yBAAAhxBAAAhqSAAA+tSAAAcAAAk"
    "FAAAlDAAAu1gHAAAhqgHAAAmqgHAAAvngHAAAFAAAiBAGAqGAAAj7SAAA88SAAA2CAAAqBAAA4CAAAtgTAAAiy0HAAAtw0HAAAojTAAAGAAAGAAAoB"
    "AAAwsiJAAAnpiJAEAmjiHAAA/ywGAEA9tRAAA1lTAAAi/8HAAAkyXAAAvnhIAAASAAAvoTAAAurTAAAmDAAAUAAAkCAAAwIAAAt0TAAA7BAAAw3TAA"
    "AgkjHAAA5gjHAAAiIAAAIAAAEAAADAAA8CAAAoBAAAoCAAAbAAAWAAA+CAAAoBAAAIAAA0BAAAWAAAkEAAAoFAAAmCAAA4HAAA47jHAAA98jHAAAhE"
    "AAA4GAAA2BAAAiGAAA6gkHAAA98jHAAA5FAAA3BAAA13UAAA2jVAAAqBAAA+BAAArCAAA1gVAAAmuVAAA6BAAA8plHAAAtilHAAAqRAAA9KAAA/yVA"
    "AAw3VAAAx4VAAAnCAAA8qLAAAGAAA22KAAAnGAAAihNAAAnteAAA8zRAAAIAAAMAAA6DAAAVAAAgnmHAAAzn8HAAAirWAAApHAAA6MAAAmDAAAw+lH"
    "AAA99lHAAA9GAAAqPAAAt3WAAAq6WAAAiGAAAuEAAA8LAAA2/lHAAAv8lHAAAlsXAAAywXAAAs4mHAAAl1mHAAArwXAAAoyXAAA6CAGA2BAAAmtnHA"
    "AAj4OAAA++OAAA3qnHAAA8moHAAA5/nHAAAcAAArGAAA+KAAAwCAAAyDAAArDAAAwCAAAeAAAaAAAy5nHAAAz+nHAAA2PAAA+DAAA1zYAAAw5YAAAH"
    "AAA0goHAAAvtoHAAAqXAAAg/nHAAAgDAAAv8nHAAAmHAAA1BAAAFAAApoZAAAorZAAAmDAAALAAAsDAAAwnqGAAA/9pGAAA8xoHAAAtsoHAAAh/WAA"
    "A6nXAAAaAAA2BAAAw7pHAAAv4pHAAAqBAAAgqqHAAA+NAAAzpqHAAAiBAAA9taAAAyvaAEA5uaAAA+4aAAAqBAAAqBAAAoBAAAqEAAA96aAAAygbAA"
    "AkxrHAAAvvrHAAAo1rHAAAjyrHAAA+i2GAAA941GAAAi5sHAAAuBAAA4IAAAvkoIAAAYAAA4ubAAA+/sHAAABAAAuCAAA0BAGAphtHAAACAAA2CAAA"
    "hxbAAAk1bAAAp0bAAAgFAAAu4pIAAA98tHAAA8DAAAgEAAAx+bAAAm0qIAAA/suHAAAo0uHAAA2CAAArzuHAAA4FAAA3rcAAAixcAAAUAAAKAAA6yv"
    "HAEA2SAAAx/vHAAA3qcAAAy6sIAAAp+vHAAAGAAAj6cAAAyltIAAA76vHAAAjjdAAAwkdAAAJAAA6BAAAsoxHAAAlixHAAAjmdAAAssdAAA2DAAAmE"
    "AAAhxdAAAovvIAAA+BAAA7uvIAAAg4vIAAA91xHAAAo8xHAAAx6xHAAAqGAAAWAAAqtyHAAAyEAAAlsyHAAAw0yHAAAvzyHAAA+u5GAAAz43HAAA6t"
    "eAAAiFAAAvveAAAmzeAAAxoTAAAkvmIAAAcAAAjiaAAASAAA154GAAAGAAA05GAAAlzlBAAAsifAAALAAAkBAAAz+XAAA8/XAAAEAAAUAAAyCAAAsl"
    "0HAAAtl0HAAAwDAAAsEAAA0EAAAzIAAA0JAAA0CAAAgHAAAnQAAAuHAAAEAAAgBAAA0l0HAAAqTAAArJAAAz6zIAAAs8fAAAEAAAmCAAAor3HAAArm"
    "3HAAAw80HAAA980IAAAIAAAgl1IAAAiSAAAt21IAAAqugBAAAYAAAWAAAEAAAgEAAAhCAAAsIAAA3CAAAuJAAAhFAAAmEAAA2BAAA9idAAA0odAAAg"
    "CAAAvghBAAAumhBAAAGAAAog3HAAA/42HAAAOAAAxqhBAAAqshBAAA9jqBAAAm/hJAAAwLAAAvq5IAAASAAAy9hBAAA6EAAA6JAAA2MAAAml4HAAA5"
    "/3HAAAsBAAA0FAAA4FAAAw74HAAA1y7BAAAxj9FAAAdAAAoDAAA8u9FAAAzg9FAAAoGAAA0p7HAAA2BAAAx16HAAA6FAAAgCAAA6h7HAAAlh7HAAA6"
    "RAGA+JAAA1FAAA6XAAA4BAAAq+7HAAA9m7HAAAr/lBAAAkimBAAAg87HAAAh5hJAAA6tmBAAAhxcAAAi3cAAAki9HAAAqNAAA36jJAAAQAAA02mBAA"
    "A0i+HAAAv1kJAAAo+kJAEA1o+HAAA8BAAA64+HAAAnt+HAAA96mBAAAs/mBAAA8HAAA2BAAA4DAAA/inBAAAk2nJAAA7hgIAAA8SAAA6LAAA9ioBAA"
    "A+BAAA0noBAAAu2hIAAAr9pJAAA6gqJAAAyQAAAmIAAAr9hIAAAp2oBAAAm6oBAAAKAAAOAAAUAAAOAAAqCAAAqsjI",
    24372};

/// Canonical combining classes other than 0.
inline constexpr std::string_view kCombiningClasses{
    "gYUmHAAoHAD8GAAoHAA4GAE8GABqGAD8GABqGAK8GAEBAD8GAHmHAAwHAAmHAC8GACmHAB8GRBqHAApHAMmHzIDmHqIA8GADmHAA8GACmHAA+GAA8G"
    "AFmHBE8GABmHAA8GABmHAA+GAAkHAAmHAAKAALAAMAANAAOAAPAAQAARAASAATBAUAAVAAWBAXBAYAAZBAmHmEAbAAcAAdAAeAAfAAgBAAhBAAiBAB"
    "mHAA8GaAjBlDGmHCDmHAA8GAAmHCBmHBA8GABmHAA8GjBAkBeAmHAA8GABmHAA8GABmHAC8GAAmHAB8GAAmHAA8GACmHAA8GAAmHAA8GAAmHAA8GAA"
    "mHAA8GABmHxPAHQAJDAmHAA8GABmHnDAHQAJuDAHQAJuDAHQAJuDAHQAJ/DAJ/DAJHA0CAA7C2DAJ/DAJ8DAJtDBnDAAJNDrDsDB2DOD6DsCB8GbA8"
    "GBA8GBA4G3BAhEAAiEBAkEFDiECAiEBBmHAAJBBmH+BA8GwDAHBAJ62BAJfAJ9EAJ2GAkHmhCBmHABBADmHACBABmHEAmHDBBAAmHAA8GAAmHAAB/5"
    "DA6GAAkHAAoHAA+GABgHpDBIj0yBAahYDmHh60BB4GACBDAiHAE4GIH8GCEmHAB8GeDmH",
    639};
#endif

/// What SASLprep does with a character: 1 Space, 2 Dropped, 3 Prohibited, 4 RightToLeft, 5 LeftToRight.
inline constexpr std::string_view kPrepKinds{
    "AfDhBZFGZFEgBDAABJAFCACHAFEAFFWFBeFBoJFBRFc9CFCIFCGFOBFOEFJAFxCBDNACqBAFLAFBCFBAFBTFBrBFBlBFKiEFHkCFBlBFCBFGPFhBlB"
    "FCGFBmBFBAF0BAEBAECAEMaEFEEmBAEDAEBZEFKEiBCEBkDEHADHBETEEBNEBADAAEBaEzClBELAExKAFB0BFDDFIDFDAFHJFCMFRBFBHFCBFCVFBG"
    "FBAFDDFECFGBFCBFKAFEBFBCFELFCGFKFFEBFCVFBGFBBFBBFBBFECFYDFBAFHJFCCFOAFBGFBAFBCFBVFBGFBBFBEFDDFIAFBBFDAFPAFFJFSBFBH"
    "FCBFCVFBGFBBFCDFDBFBAFGBFCBFKAFEBFBCFEKFSAFBFFDCFBDFDBFBAFBBFDBFDCFDHFBCFEBFBBFDCFBCFKAFPLFOCFBHFBCFBWFBJFBEFHDFbB"
    "FEJFSBFBHFBCFBWFBJFBEFEAFBEFCBFBBFJBFHAFBBFEJFSBFBHFBCFBWFBPFECFFCFBCFKAFIBFEJFSBFBRFDXFBIFBAFCGFICFGHFSCFMvBFBBFM"
    "GFIMFlBBFBAFCBFBAFCAFGDFBGFBCFBAFBAFCBFBDFBBFJAFCEFBAFJJFCBFiBXFCaFBAFBAFFJFBhBFUAFFAFCDFyBHFBFFCAFwBhBFBEFBBFBAFE"
    "AFGAFHXFoClBFKoBFCAFE5CFFjCFFxCFGGFB+BFBAFBDFCGFBAFBDFCmBFBAFBDFCeFBAFBDFCGFBAFBDFCGFBGFBWFBeFBAFBDFCGFBmBFBSFGbFj"
    "B0CFM1TFJABAZFFwCFPMFBDFORFDBFJRFOMFBCFP2BFHHFBBFLGFBAFDJFcACECCAADBJFG3CFIoBF3qB7EFE5CFGVFCFFClBFCFFCHFBAFBAFBAFB"
    "eFC0BFBGFBAFDCFBGFDDFCFFEMFFCFBGFDLBABCABDYGDAABvBABAACACDGFDBAFNAFiEAFEAFCJFBAFDEFGAFBAFBAFBDFBCFBGFDCFFEFWjBFyNk"
    "CFaAFmItCFm4CLDEABECFZIFHEFCEFE1CFGCFB5CFBDFFnBFE9CFBnBF4BsBFDjBFcbFDxBFPLFEuBFB2DFEiDFCeFB1tGFqCltUF6CskBFz7Bj9KF"
    "8iC/nGDAtJFC6BF1EGFMEFFAEBJEBMEBEEBAEBBEBBEBrDEhBqLES/BEC1BEIfDAMEDPCgDEEBmEECAChBZFGZFL4CFDFFCFFCFFCCFcGDgYeFBDFM"
    "aF1FlBFClBFy9yB1HFKmBFD8BFDIFAHDIBFHdFEvBFiR0CFBmCFBBFCAFCBFCDFBLFBAFBDFBBFBgCFBDFCHFBGFBbFBDFBEFBAFDGFBxKFEhJF0hK"
    "BDA22pBFppU9QFgvBBD+//BBD+//BBD+//BBD+//BBD+//BBD+//BBD+//BBD+//BBD+//BBD+//BBD+//BBDBADe/CD+7/BhggED",
    1469};
// clang-format on

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/unicode_form.hpp ----
// Normalisation form KC of Unicode 3.2 (RFC 3454 4): one form for texts that look the same. The tables are looked up
// from their front, which is slow and small: this is for names and passwords.
#ifndef SMTPOLL_PROTOCOL_UNICODE_FORM_HPP
#define SMTPOLL_PROTOCOL_UNICODE_FORM_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Reads the numbers of a table in unicode_tables.hpp, one after the other.
class NumberReader {
 public:
  explicit NumberReader(std::string_view text) noexcept : text_(text) {}
  bool AtEnd() const noexcept { return at_ == text_.size(); }
  std::uint32_t Next() noexcept {
    std::uint32_t number = 0;
    for (unsigned shift = 0;; shift += 5) {
      const std::uint32_t digit = DigitOf(text_[at_++]);
      number |= (digit & 31) << shift;
      if (digit < 32) return number;
    }
  }

 private:
  /// As in kBase64Alphabet.
  static constexpr std::uint32_t DigitOf(char c) noexcept {
    if (c >= 'a') return static_cast<std::uint32_t>(c - 'a') + 26;
    if (c >= 'A') return static_cast<std::uint32_t>(c - 'A');
    return c == '+' ? 62u : c == '/' ? 63u : static_cast<std::uint32_t>(c - '0') + 52;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The value that a table of ranges gives `character`; 0 for none.
inline std::uint32_t ValueInRanges(std::string_view table, std::uint32_t character) noexcept {
  NumberReader reader(table);
  for (std::uint32_t end = 0; !reader.AtEnd();) {
    const std::uint32_t first = end + reader.Next(), last = first + reader.Next(), value = reader.Next();
    if (character < first) return 0;
    if (character <= last) return value;
    end = last + 1;
  }
  return 0;
}

/// Characters of a text that may be secret: a bounded array, overwritten when dropped.
class CharacterList {
 public:
  static constexpr std::size_t kRoom = 256;

  CharacterList() = default;
  ~CharacterList() { Wipe(items_, sizeof items_); }
  CharacterList(const CharacterList&) = delete;
  CharacterList& operator=(const CharacterList&) = delete;

  std::size_t size() const noexcept { return size_; }
  std::uint32_t operator[](std::size_t i) const noexcept { return items_[i]; }
  std::uint32_t& operator[](std::size_t i) noexcept { return items_[i]; }
  const std::uint32_t* begin() const noexcept { return items_; }
  const std::uint32_t* end() const noexcept { return items_ + size_; }
  /// False where there is no room.
  bool Append(std::uint32_t character) noexcept {
    if (size_ == kRoom) return false;
    items_[size_++] = character;
    return true;
  }
  void Shorten(std::size_t size) noexcept { size_ = size; }

 private:
  std::uint32_t items_[kRoom] = {};
  std::size_t size_ = 0;
};

#if !defined(SMTPOLL_SMALL)

/// The syllables of Korean are made of two or three letters by rule (Unicode 3.2, 3.11).
struct Hangul {
  static constexpr std::uint32_t kSyllables = 0xac00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11a7;
  static constexpr std::uint32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
  static constexpr std::uint32_t kCount = kLeadCount * kVowelCount * kTailCount;

  static constexpr bool IsSyllable(std::uint32_t c) noexcept { return c - kSyllables < kCount; }
  /// The syllable that `next` makes of `before`; 0 where it makes none.
  static constexpr std::uint32_t Compose(std::uint32_t before, std::uint32_t next) noexcept {
    if (before - kLeads < kLeadCount && next - kVowels < kVowelCount)
      return kSyllables + ((before - kLeads) * kVowelCount + next - kVowels) * kTailCount;
    const bool open = IsSyllable(before) && (before - kSyllables) % kTailCount == 0;
    return open && next - kTails - 1 < kTailCount - 1 ? before + next - kTails : 0;
  }
  static bool Decompose(std::uint32_t c, CharacterList& to) noexcept {
    const std::uint32_t place = c - kSyllables, tail = place % kTailCount;
    return to.Append(kLeads + place / (kVowelCount * kTailCount)) &&
           to.Append(kVowels + place / kTailCount % kVowelCount) && (tail == 0 || to.Append(kTails + tail));
  }
};

/// A run of characters whose decompositions differ in nothing but their first characters, which go up by `step`.
struct Decomposition {
  std::uint32_t first = 0;
  std::uint32_t end = 0;  ///< The character after the last one.
  std::uint32_t step = 0;
  bool composite = false;  ///< Composing the decomposition gives the character again.
  std::uint32_t size = 0;
  std::uint32_t whole[18] = {};  ///< The decomposition of `first`.

  std::uint32_t FirstOf(std::uint32_t character) const noexcept { return whole[0] + step * (character - first); }
};

/// Reads kDecompositions from its front.
class DecompositionReader {
 public:
  bool Next(Decomposition& one) noexcept {
    if (reader_.AtEnd()) return false;
    one.first = one.end + reader_.Next();
    const std::uint32_t how = reader_.Next();
    one.end = one.first + how / 4 + 1;
    one.step = how / 2 % 2;
    one.composite = how % 2 != 0;
    one.size = reader_.Next() + 1;
    const std::uint32_t change = reader_.Next();
    one.whole[0] = change % 2 == 0 ? one.whole[0] + change / 2 : one.whole[0] - change / 2 - 1;
    for (std::uint32_t i = 1; i < one.size; ++i) one.whole[i] = reader_.Next();
    return true;
  }

 private:
  NumberReader reader_{kDecompositions};
};

/// Appends the compatibility decomposition of `character`; false where there is no room.
inline bool Decompose(std::uint32_t character, CharacterList& to) noexcept {
  if (character < 0xa0) return to.Append(character);
  if (Hangul::IsSyllable(character)) return Hangul::Decompose(character, to);
  Decomposition one;
  DecompositionReader reader;
  while (reader.Next(one) && one.first <= character) {
    if (character >= one.end) continue;
    bool fits = to.Append(one.FirstOf(character));
    for (std::uint32_t i = 1; i < one.size; ++i) fits = fits && to.Append(one.whole[i]);
    return fits;
  }
  return to.Append(character);
}

/// The character that is composed of `before`, which may be composed itself, and `next`; 0 where there is none.
inline std::uint32_t Compose(std::uint32_t before, std::uint32_t next) noexcept {
  if (next < 0x300) return 0;  // nothing below combines
  if (const std::uint32_t syllable = Hangul::Compose(before, next)) return syllable;
  CharacterList whole;
  if (!Decompose(before, whole) || !whole.Append(next)) return 0;
  Decomposition one;
  DecompositionReader reader;
  while (reader.Next(one)) {
    if (!one.composite || one.size != whole.size()) continue;
    const bool same_rest = std::memcmp(whole.begin() + 1, one.whole + 1, (whole.size() - 1) * sizeof one.whole[0]) == 0;
    for (std::uint32_t c = one.first; same_rest && c != one.end; ++c)
      if (one.FirstOf(c) == whole[0]) return c;
  }
  return 0;
}

/// Puts `text` into normalisation form KC; false where that is longer than CharacterList::kRoom.
inline bool NormalizeKc(CharacterList& text) noexcept {
  CharacterList whole;
  for (const std::uint32_t character : text)
    if (!Decompose(character, whole)) return false;

  // The canonical order: marks behind the character that they belong to, by their classes.
  const auto class_of = [](std::uint32_t c) { return c < 0x300 ? 0 : ValueInRanges(kCombiningClasses, c); };
  for (std::size_t i = 1; i < whole.size(); ++i) {
    const std::uint32_t mark = whole[i], mark_class = class_of(mark);
    std::size_t place = i;
    for (; mark_class != 0 && place != 0 && class_of(whole[place - 1]) > mark_class; --place)
      whole[place] = whole[place - 1];
    whole[place] = mark;
  }

  // Each mark joins the last starter, where nothing between them has its class or a higher one.
  text.Shorten(0);
  std::size_t starter = SIZE_MAX;
  std::uint32_t last_class = 0;
  for (const std::uint32_t character : whole) {
    const std::uint32_t here = class_of(character);
    const bool adjacent = starter + 1 == text.size();
    if (starter != SIZE_MAX && (adjacent || last_class < here)) {
      if (const std::uint32_t composite = Compose(text[starter], character)) {
        text[starter] = composite;
        continue;
      }
    }
    if (here == 0) starter = text.size();
    last_class = here;
    text.Append(character);
  }
  return true;
}

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/sasl_prep.hpp ----
// SASLprep (RFC 4013, a profile of RFC 3454): one form for user names and passwords that look the same, before SCRAM
// digests them. With SMTPOLL_SMALL there is no table for it: what is not ASCII is refused then, never sent unprepared.
//
// Characters that Unicode 3.2 does not know (RFC 3454 A.1), such as most emoji, stay as they are. RFC 5802 5.1 asks for
// that in user names, which are query strings (RFC 3454 7). In passwords its 2.2 forbids them, for they are to be
// stored strings; but a client stores none, and servers do take them: Dovecot and Cyrus SASL prepare no password at
// all. To refuse them would only keep their owners from SCRAM. (GNU SASL 2.2 refuses them, in user names too.)
#ifndef SMTPOLL_PROTOCOL_SASL_PREP_HPP
#define SMTPOLL_PROTOCOL_SASL_PREP_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The numbers of kPrepKinds.
enum class PrepKind : std::uint8_t { Kept, Space, Dropped, Prohibited, RightToLeft, LeftToRight };

inline PrepKind PrepKindOf(std::uint32_t character) noexcept {
  return static_cast<PrepKind>(ValueInRanges(kPrepKinds, character));
}

/// A text in SASLprep's form, overwritten when dropped.
class PreparedText {
 public:
  static constexpr std::size_t kRoom = 256;  ///< The longest prepared text, in bytes.

  explicit PreparedText(std::string_view text) noexcept { fault_ = IsAllPrint(text) ? Take(text) : Prepare(text); }
  ~PreparedText() { Wipe(bytes_, sizeof bytes_); }
  PreparedText(const PreparedText&) = delete;
  PreparedText& operator=(const PreparedText&) = delete;

  /// Why the text cannot be prepared; nullptr where it could.
  const char* Fault() const noexcept { return fault_; }
  std::string_view View() const noexcept { return {bytes_, size_}; }

 private:
  static constexpr const char* kTooLong = "a user name or password is longer than SCRAM takes here";

  const char* Take(std::string_view text) noexcept {
    if (text.size() > kRoom) return kTooLong;
    for (const char c : text) bytes_[size_++] = c;
    return nullptr;
  }

  /// The steps of RFC 3454 2.
  const char* Prepare(std::string_view text) noexcept {
    CharacterList characters;
    while (!text.empty()) {
      std::uint32_t character = 0;
      if (!TakeCharacter(text, character)) return "a user name or password is not UTF-8";
      const PrepKind kind = PrepKindOf(character);
      if (kind == PrepKind::Dropped) continue;
      if (!characters.Append(kind == PrepKind::Space ? ' ' : character)) return kTooLong;
    }
#if defined(SMTPOLL_SMALL)
    for (const std::uint32_t character : characters)
      if (character >= 0x80) return "a user name or password is not ASCII, and SMTPOLL_SMALL has no tables for that";
#else
    if (!NormalizeKc(characters)) return kTooLong;
#endif
    if (const char* const fault = CharactersFault(characters)) return fault;
    for (const std::uint32_t character : characters)
      if (!AppendUtf8(character)) return kTooLong;
    return nullptr;
  }

  /// What is prohibited (RFC 4013 2.3), and text of two directions (RFC 3454 6).
  static const char* CharactersFault(const CharacterList& characters) noexcept {
    bool right_to_left = false, left_to_right = false, starts_right = false, ends_right = false;
    for (std::size_t i = 0; i < characters.size(); ++i) {
      const PrepKind kind = PrepKindOf(characters[i]);
      if (kind == PrepKind::Prohibited) return "a user name or password has a character that SASLprep forbids";
      ends_right = kind == PrepKind::RightToLeft;
      if (i == 0) starts_right = ends_right;
      right_to_left = right_to_left || ends_right;
      left_to_right = left_to_right || kind == PrepKind::LeftToRight;
    }
    const bool mixed = right_to_left && (left_to_right || !starts_right || !ends_right);
    return mixed ? "a user name or password mixes writing directions" : nullptr;
  }

  /// Takes one character of UTF-8 (RFC 3629) from the front of `text`; false where there is none.
  static bool TakeCharacter(std::string_view& text, std::uint32_t& character) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xc2 ? 0 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
    if (size == 0 || byte(0) > 0xf4 || text.size() < size) return false;
    character = size == 1 ? byte(0) : byte(0) & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return false;
      character = character << 6 | (byte(i) & 0x3f);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    text.remove_prefix(size);
    return character >= kLeast[size] && character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
  }

  bool AppendUtf8(std::uint32_t character) noexcept {
    const std::size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    if (size > kRoom - size_) return false;
    constexpr unsigned kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (std::size_t i = size - 1; i != 0; --i, character >>= 6)
      bytes_[size_ + i] = static_cast<char>(0x80 | (character & 0x3f));
    bytes_[size_] = static_cast<char>(kLead[size] | character);
    size_ += size;
    return true;
  }

  const char* fault_ = nullptr;
  std::size_t size_ = 0;
  char bytes_[kRoom];
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/credentials.hpp ----
// Who the client is, and which mechanisms of SASL (RFC 4422) that is enough for. Every secret is a view of the caller's
// memory: the engine keeps none.
#ifndef SMTPOLL_PROTOCOL_CREDENTIALS_HPP
#define SMTPOLL_PROTOCOL_CREDENTIALS_HPP

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

// ---- smtpoll/protocol/scram.hpp ----
// SCRAM (RFC 5802 with SHA-1, RFC 7677 with SHA-256, the same with SHA-512): the texts of the exchange, and the proof.
// Invariant: no text is ever kept. The texts are put piece by piece, as often as they are needed, to whoever asks: the
// base64 of a response or the digest of them all. The password is digested in steps of bounded length.
#ifndef SMTPOLL_PROTOCOL_SCRAM_HPP
#define SMTPOLL_PROTOCOL_SCRAM_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Base64 of bytes that come in pieces; `put` gets it as it comes.
template <typename Put>
class Base64Pieces {
 public:
  explicit Base64Pieces(Put& put) noexcept : put_(put) {}
  ~Base64Pieces() { Wipe(group_, sizeof group_); }
  Base64Pieces(const Base64Pieces&) = delete;
  Base64Pieces& operator=(const Base64Pieces&) = delete;

  void operator()(std::string_view bytes) noexcept {
    for (const char c : bytes) {
      group_[filled_++] = c;
      if (filled_ == sizeof group_) Finish();
    }
  }
  /// The bytes are whole.
  void Finish() noexcept {
    char text[4];
    put_(std::string_view(text, Base64Encode(group_, filled_, text)));
    Wipe(text, sizeof text);
    filled_ = 0;
  }

 private:
  Put& put_;
  std::size_t filled_ = 0;
  char group_[3] = {};
};

/// Puts the base64 of what `say` puts to the function it is given.
template <typename Put, typename Say>
void PutBase64(Put& put, Say&& say) noexcept {
  Base64Pieces<Put> base64(put);
  say(base64);
  base64.Finish();
}

/// Fewer iterations than RFC 7677 4 allows make the password easy to guess for whoever reads along.
constexpr std::uint32_t kScramLeastIterations = 4096;
/// More are no defence but an attack: about a second of work on a desktop.
constexpr std::uint32_t kScramMostIterations = 1000000;
/// Iterations done in one go: well under a millisecond on a desktop, some 30 ms on a chip of 72 MHz.
constexpr std::uint32_t kScramStep = 128;

/// Takes "r=..." with the comma behind it from the front of `text`; false where another attribute stands there.
constexpr bool TakeScramAttribute(std::string_view& text, char name, std::string_view& value) noexcept {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return false;
  const std::size_t comma = text.find(',') < text.size() ? text.find(',') : text.size();
  value = First(Rest(text, 2), comma - 2);
  text.remove_prefix(comma < text.size() ? comma + 1 : comma);
  return true;
}

/// The texts of one exchange (RFC 5802 5 and 7). Views must stay valid as long as it is used.
class ScramTexts {
 public:
  ScramTexts() = default;
  ScramTexts(const Credentials& credentials, AuthMechanism mechanism) noexcept
      : credentials_(&credentials), bound_((RuleOf(mechanism).needs & kNeedsChannelBinding) != 0) {}

  template <typename Put>
  void PutClientFirst(Put&& put) const noexcept {
    PutHeader(put);
    PutClientFirstBare(put);
  }
  template <typename Put>
  void PutClientFinalWithoutProof(Put&& put) const noexcept {
    put("c=");
    PutBase64(put, [this](auto& base64) {
      PutHeader(base64);
      if (bound_) base64(credentials_->channel_binding);
    });
    put(",r=");
    put(nonce_);
  }
  /// What the proof and the server's signature are made over.
  template <typename Put>
  void PutAuthMessage(Put&& put) const noexcept {
    PutClientFirstBare(put);
    put(",");
    put(server_first_);
    put(",");
    PutClientFinalWithoutProof(put);
  }

  /// RFC 5802 5.1: the two characters that mean something in the grammar are quoted.
  template <typename Put>
  static void PutName(Put& put, std::string_view name) noexcept {
    for (std::size_t i = 0; i < name.size(); ++i)
      put(name[i] == ',' ? "=2C" : name[i] == '=' ? "=3D" : First(Rest(name, i), 1));
  }

  /// Reads the server's first message, which must stay valid until the last Put; says what is wrong with it, or
  /// nullptr. An extension that is mandatory ("m=") stands before the nonce, and so is refused.
  const char* TakeServerFirst(std::string_view text, std::string_view& salt, std::uint32_t& iterations) noexcept {
    server_first_ = text;
    std::string_view count;
    if (!TakeScramAttribute(text, 'r', nonce_) || !TakeScramAttribute(text, 's', salt) ||
        !TakeScramAttribute(text, 'i', count) || salt.empty())
      return "the server's challenge is malformed";
    const std::string_view ours = credentials_->nonce;
    if (nonce_.size() <= ours.size() || First(nonce_, ours.size()) != ours || !IsScramNonce(nonce_))
      return "the server's nonce is none, or does not begin with ours";
    std::uint64_t value = 0;
    if (!ParseDecimal(count, value)) return "the server's challenge is malformed";
    if (value < kScramLeastIterations) return "the server's iteration count is so low that it gives the password away";
    if (value > kScramMostIterations) return "the server's iteration count is unreasonably high";
    iterations = static_cast<std::uint32_t>(value);
    return nullptr;
  }

 private:
  /// The GS2 header: whether the channel is bound, and whom to act as. "y" says that it could be bound, but that the
  /// server does not offer it; where somebody has cut the offer out, the server then knows (RFC 5802 6).
  template <typename Put>
  void PutHeader(Put& put) const noexcept {
    const bool could_be_bound = !credentials_->channel_binding.empty() && credentials_->pinned == AuthMechanism::Any;
    put(bound_ ? "p=" : could_be_bound ? "y" : "n");
    if (bound_) put(credentials_->channel_binding_type);
    put(credentials_->authorization_id.empty() ? "," : ",a=");
    PutName(put, credentials_->authorization_id);
    put(",");
  }
  template <typename Put>
  void PutClientFirstBare(Put& put) const noexcept {
    put("n=");
    PutName(put, PreparedText(credentials_->user_name).View());
    put(",r=");
    put(credentials_->nonce);
  }
  const Credentials* credentials_ = nullptr;
  bool bound_ = false;
  std::string_view server_first_;
  std::string_view nonce_;  // theirs, in server_first_
};

/// From the password to the client's proof and the server's signature (RFC 5802 3).
template <typename DigestType>
class ScramProof {
 public:
  explicit ScramProof(std::string_view prepared_password) noexcept : derivation_(prepared_password) {}
  ~ScramProof() {
    Wipe(proof_, sizeof proof_);
    Wipe(signature_, sizeof signature_);
  }

  /// False where the salt is no base64.
  bool Start(std::string_view salt, std::uint32_t iterations) noexcept {
    if (salt.size() % 4 != 0) return false;
    for (; !salt.empty(); salt.remove_prefix(4)) {
      char bytes[3];
      const std::size_t size = Base64Decode(First(salt, 4), bytes, sizeof bytes);
      if (size == kNotBase64 || (size != sizeof bytes && salt.size() != 4)) return false;
      derivation_.AddSalt({bytes, size});
    }
    derivation_.Start(iterations);
    return true;
  }

  /// Does the next part of the work; true when all is done, and then Proof may be asked for.
  bool Step(const ScramTexts& texts) noexcept {
    if (!derivation_.Step(kScramStep)) return false;
    char key[kSize];
    Hmac<DigestType> salted(derivation_.Key());
    salted.Code("Server Key", key);
    Sign(key, texts, signature_);
    salted.Code("Client Key", key);
    char stored_key[kSize];
    DigestType digest;
    digest.Update({key, kSize});
    digest.Finish(stored_key);
    Sign(stored_key, texts, proof_);
    for (std::size_t i = 0; i < kSize; ++i) proof_[i] = static_cast<char>(proof_[i] ^ key[i]);
    Wipe(key, sizeof key);
    Wipe(stored_key, sizeof stored_key);
    return true;
  }
  std::string_view Proof() const noexcept { return {proof_, kSize}; }

  /// True where the base64 `text` is the signature that only one who knows the password can make.
  bool IsSignature(std::string_view text) const noexcept {
    char bytes[kSize];
    return Base64Decode(text, bytes, kSize) == kSize && EqualInConstantTime(bytes, signature_, kSize);
  }

 private:
  static constexpr std::size_t kSize = DigestType::kSize;

  static void Sign(const char* key, const ScramTexts& texts, char* into) noexcept {
    Hmac<DigestType> hmac({key, kSize});
    const auto put = [&hmac](std::string_view piece) { hmac.Update(piece); };
    texts.PutAuthMessage(put);
    hmac.Finish(into);
  }

  Pbkdf2<DigestType> derivation_;
  char proof_[kSize] = {};
  char signature_[kSize] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/sasl_state.hpp ----
// What an exchange of SASL keeps between two challenges, and the digests of SCRAM (RFC 5802) and CRAM-MD5 (RFC 2195).
// SMTPOLL_NO_DIGESTS leaves both mechanisms out: the state is then just the server's remark.
// Invariant: what is derived from a secret is overwritten by Reset, and with the state.
#ifndef SMTPOLL_PROTOCOL_SASL_STATE_HPP
#define SMTPOLL_PROTOCOL_SASL_STATE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What the server told about a refusal, as it goes into an Error.
using SaslRemark = FixedText<kErrorTextRoom - 16>;

#if !defined(SMTPOLL_NO_DIGESTS) && !defined(SMTPOLL_NO_AUTH)

/// Some 600 bytes, most of them for SHA-512; no heap.
class SaslState {
 public:
  /// Starts an exchange; `credentials` must stay valid until its end.
  void Start(AuthMechanism mechanism, const Credentials& credentials) noexcept {
    mechanism_ = mechanism;
    credentials_ = &credentials;
    scram_ = ScramTexts(credentials, mechanism);
  }
  void Reset() noexcept { state_.Reset(); }

  /// An empty remark in the place of all else.
  SaslRemark& NewRemark() noexcept { return state_.Emplace<SaslRemark>(); }
  const SaslRemark* Remark() const noexcept { return state_.Get<SaslRemark>(); }

  /// CRAM-MD5: the code of the server's challenge, and what is answered.
  void TakeCram(std::string_view challenge) noexcept {
    Hmac<Md5>(credentials_->password).Code(challenge, state_.Emplace<CramCode>().bytes);
  }
  template <typename Put>
  void PutCram(Put& put) const noexcept {
    put(credentials_->user_name);
    put(" ");
    for (const char c : state_.Get<CramCode>()->bytes)
      for (const int shift : {4, 0})
        put(First(Rest("0123456789abcdef", static_cast<unsigned char>(c) >> shift & 15), 1));
  }

  /// SCRAM: takes the server's first message, which must stay where it is until WorkStep has said true. What is wrong
  /// with it, or nullptr.
  const char* TakeServerFirst(std::string_view text) noexcept {
    std::string_view salt;
    std::uint32_t iterations = 0;
    const char* const wrong = scram_.TakeServerFirst(text, salt, iterations);
    if (wrong != nullptr) return wrong;
    const PreparedText password(credentials_->password);
    switch (RuleOf(mechanism_).digest) {
      case 512: state_.Emplace<ScramProof<Sha512>>(password.View()); break;
      case 256: state_.Emplace<ScramProof<Sha256>>(password.View()); break;
      default: state_.Emplace<ScramProof<Sha1>>(password.View()); break;
    }
    bool started = false;
    WithProof(state_, [&](auto& proof) { started = proof.Start(salt, iterations); });
    return started ? nullptr : "the server's challenge is malformed";
  }
  /// Does a bounded part of the work; true when all is done.
  bool WorkStep() noexcept {
    bool done = true;
    WithProof(state_, [&](auto& proof) { done = proof.Step(scram_); });
    return done;
  }
  /// True where the base64 `signature` is the one that only a server that knows the password can make.
  bool IsSignature(std::string_view signature) const noexcept {
    bool valid = false;
    WithProof(state_, [&](const auto& proof) { valid = proof.IsSignature(signature); });
    return valid;
  }
  /// Puts the response of this number, from 0 on; there is nothing to say to the server's signature.
  template <typename Put>
  void PutScram(Put& put, unsigned number) const noexcept {
    if (number == 0) {
      scram_.PutClientFirst(put);
    } else if (number == 1) {
      scram_.PutClientFinalWithoutProof(put);
      put(",p=");
      PutBase64(put,
                [this](auto& base64) { WithProof(state_, [&base64](const auto& proof) { base64(proof.Proof()); }); });
    }
  }

 private:
  struct CramCode {
    char bytes[Md5::kSize];
  };

  template <typename State, typename Use>
  static void WithProof(State& state, Use&& use) noexcept {
    if (auto* const sha1 = state.template Get<ScramProof<Sha1>>()) use(*sha1);
    if (auto* const sha256 = state.template Get<ScramProof<Sha256>>()) use(*sha256);
    if (auto* const sha512 = state.template Get<ScramProof<Sha512>>()) use(*sha512);
  }

  AuthMechanism mechanism_ = AuthMechanism::Any;
  const Credentials* credentials_ = nullptr;
  ScramTexts scram_;
  OneOf<CramCode, SaslRemark, ScramProof<Sha1>, ScramProof<Sha256>, ScramProof<Sha512>> state_;
};

#else

/// Misfit leaves no credentials fit for SCRAM and CRAM-MD5, so nobody asks for more than the remark.
class SaslState {
 public:
  void Start(AuthMechanism, const Credentials&) noexcept {}
  void Reset() noexcept { remark_.Clear(); }
  SaslRemark& NewRemark() noexcept {
    Reset();
    return remark_;
  }
  const SaslRemark* Remark() const noexcept { return &remark_; }
  void TakeCram(std::string_view) noexcept {}
  template <typename Put>
  void PutCram(Put&) const noexcept {}
  const char* TakeServerFirst(std::string_view) noexcept { return ""; }
  bool WorkStep() noexcept { return true; }
  bool IsSignature(std::string_view) const noexcept { return false; }
  template <typename Put>
  void PutScram(Put&, unsigned) const noexcept {}

 private:
  SaslRemark remark_;
};

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/sasl.hpp ----
// SASL on the client's side: what to answer to each challenge of AUTH (RFC 4422, RFC 4954): SCRAM, OAUTHBEARER
// (RFC 7628), XOAUTH2, EXTERNAL, CRAM-MD5 (RFC 2195), PLAIN (RFC 4616) and LOGIN.
// Invariant: a secret is encoded straight into the send buffer; what is derived from one is overwritten after use.
// A challenge is not trusted: it is decoded strictly, in its own place, and what is wrong with it ends the exchange.
#ifndef SMTPOLL_PROTOCOL_SASL_HPP
#define SMTPOLL_PROTOCOL_SASL_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What is to be done about a challenge.
enum class SaslStep : std::uint8_t {
  Respond,  ///< SaslClient::WriteResponse.
  Again,    ///< SaslClient::Work, until it says something else; the challenge must stay where it is until then.
  Cancel,   ///< Nothing can be said to it; SaslClient::Fault says why.
};

/// One exchange of one mechanism; no heap.
class SaslClient {
 public:
  /// Starts an exchange for which Misfit finds nothing missing. `credentials` must stay valid until Stop.
  void Start(AuthMechanism mechanism, const Credentials& credentials) noexcept {
    Stop();
    mechanism_ = mechanism;
    credentials_ = &credentials;
    state_.Start(mechanism, credentials);
  }

  /// Ends the exchange and overwrites what was derived from a secret.
  void Stop() noexcept {
    state_.Reset();
    said_ = 0;
    working_ = verified_ = false;
    fault_ = "";
  }

  AuthMechanism Mechanism() const noexcept { return mechanism_; }

  /// True where the first response needs no challenge before it.
  bool SpeaksFirst() const noexcept { return Family() != SaslFamily::Login && Family() != SaslFamily::CramMd5; }

  /// The text of a 334 reply, which is overwritten. Where the server asks for what could have been said first, any
  /// text will do.
  SaslStep Take(Span<char> challenge) noexcept {
    const unsigned last = LastResponse();
    if (said_ > last) return Cancel("");
    const bool reads = Family() != SaslFamily::Login && (said_ != 0 || !SpeaksFirst());
    if (!reads) return SaslStep::Respond;
    const std::string_view encoded = Trim({challenge.data(), challenge.size()});
    const std::size_t size = Base64Decode(encoded, challenge.data(), challenge.size());
    if (size == kNotBase64) return Cancel("the server's challenge is no base64");
    const std::string_view text(challenge.data(), size);
    switch (Family()) {
      case SaslFamily::Scram: return said_ == 1 ? TakeServerFirst(text) : TakeServerFinal(text);
      case SaslFamily::CramMd5: state_.TakeCram(text); return SaslStep::Respond;
      default: Remember(text); return SaslStep::Respond;
    }
  }

  /// The exchange cannot go on because of `why`.
  SaslStep Cancel(const char* why) noexcept {
    fault_ = why;
    return SaslStep::Cancel;
  }

  /// Work is to be done before there is a response.
  bool Working() const noexcept { return working_; }

  /// Does a bounded part of the work that Take found.
  SaslStep Work() noexcept {
    working_ = !state_.WorkStep();
    return working_ ? SaslStep::Again : SaslStep::Respond;
  }

  /// Size of the next response in base64, bytes.
  std::size_t ResponseSize() const noexcept {
    std::size_t size = 0;
    PutResponse([&size](std::string_view piece) { size += piece.size(); });
    return Base64Size(size);
  }

  /// Writes the base64 of the next response to `into`, which has ResponseSize() bytes of room; returns its size.
  std::size_t WriteResponse(char* into) noexcept {
    char* at = into;
    const auto write = [&at](std::string_view piece) {
      for (const char c : piece) *at++ = c;
    };
    PutBase64(write, [this](auto& base64) { PutResponse(base64); });
    ++said_;
    return static_cast<std::size_t>(at - into);
  }

  /// The server says that the client is authenticated, in a reply with this text. True where it may say so: with SCRAM
  /// it must have proved that it knows the password, in a challenge before or in this text.
  bool Verified(std::string_view text) noexcept {
    if (Family() != SaslFamily::Scram || verified_) return true;
    char decoded[kOutcomeRoom];
    text = First(text, text.find_first_of(" \n"));
    const std::size_t size = Base64Decode(text, decoded, sizeof decoded);
    return said_ == 2 && size != kNotBase64 && IsServerFinal({decoded, size});
  }

  /// Why the exchange was cancelled; empty where it was not, or only because all was said.
  std::string_view Fault() const noexcept { return fault_; }

  /// What the server told about its refusal in a challenge: JSON (RFC 7628 3.2.2), or SCRAM's error.
  std::string_view Remark() const noexcept {
    const SaslRemark* const remark = state_.Remark();
    return remark == nullptr ? std::string_view() : remark->View();
  }

 private:
  static constexpr std::size_t kOutcomeRoom = 192;

  SaslFamily Family() const noexcept { return RuleOf(mechanism_).family; }

  /// The number of the last response there is, from 0 on.
  unsigned LastResponse() const noexcept {
    switch (Family()) {
      case SaslFamily::Scram: return 2;
      case SaslFamily::Bearer:
      case SaslFamily::Login: return 1;
      default: return 0;
    }
  }

  void Remember(std::string_view text) noexcept {
    SaslRemark& remark = state_.NewRemark();
    for (const char c : text) {
      const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
      remark.Append(control ? std::string_view("?") : std::string_view(&c, 1));
    }
  }

  SaslStep TakeServerFirst(std::string_view text) noexcept {
    const char* const wrong = state_.TakeServerFirst(text);
    working_ = wrong == nullptr;
    return working_ ? SaslStep::Again : Cancel(wrong);
  }

  /// Nothing is said to a signature or an error, but something must be sent (RFC 4954 4).
  SaslStep TakeServerFinal(std::string_view text) noexcept {
    std::string_view error;
    std::string_view rest = text;
    if (TakeScramAttribute(rest, 'e', error)) {
      Remember(error);
      return SaslStep::Respond;
    }
    verified_ = IsServerFinal(text);
    return verified_ ? SaslStep::Respond : Cancel("the server could not prove that it knows the password");
  }

  bool IsServerFinal(std::string_view text) noexcept {
    std::string_view signature;
    return TakeScramAttribute(text, 'v', signature) && state_.IsSignature(signature);
  }

  /// Puts the next response, before base64.
  template <typename Put>
  void PutResponse(Put&& put) const noexcept {
    const Credentials& own = *credentials_;
    switch (Family()) {
      case SaslFamily::Scram: state_.PutScram(put, said_); break;
      case SaslFamily::Bearer: PutBearerResponse(put); break;
      case SaslFamily::External: put(own.authorization_id); break;
      case SaslFamily::CramMd5: state_.PutCram(put); break;
      case SaslFamily::Plain:
        for (const std::string_view text : {own.authorization_id, own.user_name}) {
          put(text);
          put(std::string_view("\0", 1));
        }
        put(own.password);
        break;
      case SaslFamily::Login: put(said_ == 0 ? own.user_name : own.password); break;
    }
  }

  /// The second response only says that the refusal was seen: ^A (RFC 7628 3.2.3), with XOAUTH2 nothing.
  template <typename Put>
  void PutBearerResponse(Put& put) const noexcept {
    const bool standard = mechanism_ == AuthMechanism::OAuthBearer;
    const Credentials& own = *credentials_;
    const std::string_view identity = own.authorization_id.empty() ? own.user_name : own.authorization_id;
    if (said_ != 0) {
      if (standard) put("\1");
      return;
    }
    if (standard) {
      put(identity.empty() ? "n,," : "n,a=");
      ScramTexts::PutName(put, identity);
      put(identity.empty() ? "\1" : ",\1");
    } else {
      put("user=");
      put(identity);
      put("\1");
    }
    put("auth=Bearer ");
    put(own.token);
    put("\1\1");
  }

  AuthMechanism mechanism_ = AuthMechanism::Plain;
  bool working_ = false;
  bool verified_ = false;  // the server has proved that it knows the password
  unsigned said_ = 0;      // responses
  const Credentials* credentials_ = nullptr;
  const char* fault_ = "";
  SaslState state_;
};

/// What stands in its place without AUTH: nothing is ever started.
class NoSasl {
 public:
  static void Start(AuthMechanism, const Credentials&) noexcept {}
  static void Stop() noexcept {}
  static AuthMechanism Mechanism() noexcept { return AuthMechanism::Any; }
  static bool SpeaksFirst() noexcept { return false; }
  static SaslStep Take(Span<char>) noexcept { return SaslStep::Cancel; }
  static SaslStep Cancel(const char*) noexcept { return SaslStep::Cancel; }
  static bool Working() noexcept { return false; }
  static SaslStep Work() noexcept { return SaslStep::Cancel; }
  static std::size_t ResponseSize() noexcept { return 0; }
  static std::size_t WriteResponse(char*) noexcept { return 0; }
  static bool Verified(std::string_view) noexcept { return false; }
  static std::string_view Fault() noexcept { return {}; }
  static std::string_view Remark() noexcept { return {}; }
};
using Sasl = std::conditional_t<kHasAuth, SaslClient, NoSasl>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/event.hpp ----
// What the engine tells its driver, one event at a time, and what the driver may tell the engine before a session.
// Views in an event are valid until the engine is called again.
#ifndef SMTPOLL_PROTOCOL_EVENT_HPP
#define SMTPOLL_PROTOCOL_EVENT_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What an Event tells.
enum class EventKind : std::uint8_t {
  None,               ///< Nothing more to tell now.
  Greeting,           ///< `reply` is the server's 220.
  Hello,              ///< EHLO or HELO was accepted: the capabilities are known.
  NeedTls,            ///< The server is ready for a TLS handshake on this wire: do it, then call Engine::Secured.
  Authenticated,      ///< The credentials were accepted.
  RecipientAccepted,  ///< `recipient` was accepted with `reply`.
  RecipientRefused,   ///< `recipient` was refused with `reply`.
  RecipientFinal,     ///< LMTP: the final `reply` for one accepted recipient; `recipient` counts the accepted ones.
  CommandReply,       ///< `reply` answers the caller's Command.
  Chunk,              ///< `chunk` bytes of content are about to go; `left` with them. Cancel() is allowed now.
  Ready,              ///< A further message may be started now: its commands join those that are about to go.
  Accepted,           ///< The message was accepted with `reply` (2yz): it is sent.
  Refused,            ///< The message was refused, `error` says by whom and why: it will not be sent.
  InDoubt,            ///< The wire died after the content and before the final reply.
  Returned,           ///< The wire died earlier: the message was certainly not accepted, it may be sent again.
  MustReconnect,      ///< The message was broken off half-way; the wire cannot be used any more, the session may go on.
  Failed,             ///< The session is over because of `error`.
  Ended,              ///< The session is over as asked for (QUIT).
};

/// Events of a message come in the order in which messages were started: Chunk is the newest one's, all others the
/// oldest one's that has no outcome yet.
struct Event {
  EventKind kind = EventKind::None;  ///< What happened.
  Reply reply;                       ///< The server's reply, where it is one.
  std::size_t recipient = 0;         ///< Index into the envelope's recipients.
  std::size_t chunk = 0;             ///< Bytes of content, before transparency.
  std::uint64_t left = 0;            ///< Bytes of content left, this chunk's among them; kUnknownSize where not known.
  const Error* error = nullptr;      ///< Valid until the engine is called again.
};

/// Who says a line of the dialogue.
enum class Side : std::uint8_t { Client, Server };

/// Sees the dialogue line by line, without line ends, with secrets and content replaced. `show` may be null.
struct Transcript {
  /// Gets each line; may be null.
  void (*show)(void* context, Side side, std::string_view line) = nullptr;
  void* context = nullptr;  ///< Is handed to `show`.
};

/// Whether a session asks for encryption with STARTTLS (RFC 3207).
enum class StartTls : std::uint8_t {
  Never,      ///< The wire stays as it is.
  IfOffered,  ///< Encrypt where the server offers it: no protection against one who strips the offer.
  Required,   ///< No credential, envelope or content goes before the wire is encrypted.
};

/// What a session needs to know before it starts. Views must stay valid until it ends.
struct SessionOptions {
  std::string_view client_name;              ///< EHLO's argument: a domain or an address literal (RFC 5321 4.1.3).
  Credentials credentials;                   ///< Who logs in.
  bool allow_plaintext_credentials = false;  ///< Send credentials though the wire is not encrypted.
  StartTls start_tls = StartTls::Never;      ///< Whether to ask for encryption.
  bool tls_first = false;                    ///< The wire is encrypted before the greeting (RFC 8314 3.3).
  bool secured = false;                      ///< The wire is encrypted now; whoever owns the wire says so.
  bool server_verified = true;               ///< Whoever secures the wire verifies the server; REQUIRETLS needs that.
  bool lmtp = false;                         ///< Speak LMTP (RFC 2033): LHLO, a final reply for each recipient.
  bool pipelining = true;                    ///< Group commands where the server offers PIPELINING.
  std::uint32_t in_flight = 16;              ///< Messages that may wait for their final reply at once, with PIPELINING.
  bool chunking = true;                      ///< Send content by BDAT where the server offers CHUNKING (RFC 3030).
  bool all_recipients_or_none = false;       ///< One refused recipient refuses the message.
  Timeouts timeouts;                         ///< How long each step may take.
  Transcript transcript;                     ///< Who sees the dialogue.
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/login_settings.hpp ----
// Who logs in, how the wire is encrypted and how long things may take: the settings that the clients of all protocols
// share, and the copy of their strings that one session runs on.
#ifndef SMTPOLL_CLIENT_LOGIN_SETTINGS_HPP
#define SMTPOLL_CLIENT_LOGIN_SETTINGS_HPP

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

// ---- smtpoll/client/client_settings.hpp ----
// The settings that SMTPSocket and Session share, and the copy of them that one session runs on.
#ifndef SMTPOLL_CLIENT_CLIENT_SETTINGS_HPP
#define SMTPOLL_CLIENT_CLIENT_SETTINGS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Public data members of SMTPSocket and of Session. A change counts from the next connection on.
struct ClientSettings : LoginSettings {
  /// EHLO's argument, a domain or an address literal. Empty: the address literal of the connection (RFC 5321 4.1.3).
  std::string ClientName;
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
};

namespace detail {

/// 465 is "submissions" (RFC 8314 7.3).
constexpr TlsAdvice kSmtpTlsAdvice = {
    465,
    "port 465 speaks TLS from the first byte on: set SMTPConnectionType to SSLTLS (or Security to ImplicitTLS), or use "
    "port 587",
    "this transport cannot encrypt: use SMTPSecureSocket"};

/// True where `error` is a server's final word on an access token (RFC 7628 3.2.2): another one may do.
inline bool RefusesToken(const Error& error) noexcept {
  return error.Code() == Errc::AuthenticationFailed && error.reply_code / 100 == 5 &&
         IsTokenCommand(error.command.View());
}

/// What an SMTP session needs of its caller's strings.
class SessionStrings : public LoginStrings {
 public:
  /// Takes a copy and returns options that look at it until the next Take or Forget.
  SessionOptions Take(const ClientSettings& settings, std::string_view host, std::string_view local_address) {
    SessionOptions options;
    LoginStrings::Take(settings, host, local_address, options);
    client_name_ = settings.ClientName;
    options.client_name = client_name_;
    options.all_recipients_or_none = settings.AllRecipientsOrNone;
    options.lmtp = settings.Lmtp;
    options.pipelining = settings.Pipelining;
    options.chunking = settings.Chunking;
    options.in_flight = settings.MessagesInFlight;
    return options;
  }

 private:
  std::string client_name_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/limits.hpp ----
// Compile-time sizes of a client's buffers. A type of your own with these three constants fits a smaller machine.
#ifndef SMTPOLL_CLIENT_LIMITS_HPP
#define SMTPOLL_CLIENT_LIMITS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The sizes that clients have where nothing else is said.
struct DefaultLimits {
  static constexpr std::size_t kInput = 4096;    ///< Receive buffer, bytes: the longest reply that is understood.
  static constexpr std::size_t kOutput = 49152;  ///< Send buffer, bytes: commands and content pass through it.
  static constexpr std::size_t kInFlight = 16;   ///< Messages that may wait for their final reply (PIPELINING).
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/session_tally.hpp ----
// What a driver notes of a connection: time by phase, bytes, round trips, outcomes, and what names the connection once
// it is gone. Numbers and text in place, so that noting costs a message nothing but a few additions.
#ifndef SMTPOLL_CLIENT_SESSION_TALLY_HPP
#define SMTPOLL_CLIENT_SESSION_TALLY_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What one connection took so far. Everything counts from its Connect on, and stays until the next one.
struct SessionTally {
  /// Number of phases.
  static constexpr std::size_t kPhases = static_cast<std::size_t>(Phase::Command) + 1;

  /// Milliseconds by Phase. Together they are all the time from Connect to the end; with messages in flight, a time is
  /// the phase's that the oldest of them was in.
  Millis milliseconds[kPhases] = {};
  std::uint64_t bytes_out = 0;    ///< Bytes of SMTP sent, before encryption.
  std::uint64_t bytes_in = 0;     ///< Bytes of SMTP received, after decryption.
  std::uint32_t round_trips = 0;  ///< How often the client had said something and then heard the server.
  std::uint32_t sent = 0;         ///< Transactions that were accepted, refused, in doubt, returned to the queue.
  std::uint32_t refused = 0;      ///< Transactions that were refused.
  std::uint32_t in_doubt = 0;     ///< Transactions that are in doubt.
  std::uint32_t returned = 0;     ///< Transactions that went back to the queue.
  std::uint16_t port = 0;         ///< Port of the server.
  AuthMechanism mechanism = AuthMechanism::Any;  ///< What logged in; Any where nobody did.
  FixedText<46> address;                         ///< IP of the server; empty where there was no connection.
  FixedText<10> tls_version;                     ///< As the transport names it, "TLSv1.3"; empty without TLS.
  FixedText<40> cipher;                          ///< Cipher suite by the TLS library's name; empty without TLS.
  FixedText<64> greeting;                        ///< Text of the 220, cut at 64 bytes.
  bool encrypted = false;                        ///< What was sent was encrypted in the end.
  bool said_hello = false;                       ///< EHLO or HELO was accepted.
  bool spoke = false;                            ///< Something was said since the server was heard last.

  /// Milliseconds spent in `phase`.
  Millis TimeIn(Phase phase) const noexcept { return milliseconds[static_cast<std::size_t>(phase)]; }

  /// Takes note of `size` bytes sent.
  void Wrote(std::size_t size) noexcept {
    bytes_out += size;
    spoke = true;
  }
  /// Takes note of `size` bytes received.
  void Read(std::size_t size) noexcept {
    bytes_in += size;
    round_trips += spoke;
    spoke = false;
  }
  /// Takes note of what the engine tells.
  void Note(const Event& event) noexcept {
    switch (event.kind) {
      case EventKind::Greeting: return greeting.Assign(event.reply.text);
      case EventKind::Hello: said_hello = true; return;
      case EventKind::Accepted: ++sent; return;
      case EventKind::Refused: ++refused; return;
      case EventKind::InDoubt: ++in_doubt; return;
      case EventKind::Returned: ++returned; return;
      default: return;
    }
  }
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/io.hpp ----
// The result of one non-blocking step of a socket or a transport. Nothing here blocks and nothing throws.
#ifndef SMTPOLL_BASE_IO_HPP
#define SMTPOLL_BASE_IO_HPP

SMTPOLL_NAMESPACE_BEGIN

/// How a non-blocking step ended.
enum class IoStatus : std::uint8_t {
  Done,    ///< It is done; for a read or a write, `size` (at least 1) bytes were moved.
  Again,   ///< Nothing could be done now; try again when the wire is ready.
  Closed,  ///< The peer has closed its side in order (end of file).
  Failed,  ///< It failed; `error` says why.
};

/// Result of a step: bytes moved, how it ended, and the error number (Errc's or the OS's own) where it failed.
struct IoResult {
  IoStatus status = IoStatus::Done;  ///< How it ended.
  std::size_t size = 0;              ///< Bytes moved.
  int error = 0;                     ///< The error number where it failed.

  /// It is done, with so many bytes.
  static constexpr IoResult Ok(std::size_t size = 0) noexcept { return {IoStatus::Done, size, 0}; }
  /// Nothing could be done now.
  static constexpr IoResult TryAgain() noexcept { return {IoStatus::Again, 0, 0}; }
  /// The peer has closed.
  static constexpr IoResult EndOfFile() noexcept { return {IoStatus::Closed, 0, 0}; }
  /// It failed, for this reason.
  static constexpr IoResult Fail(int error) noexcept { return {IoStatus::Failed, 0, error}; }
};

/// What somebody waits for on the wire; the values combine as bits.
enum class Readiness : std::uint8_t { None = 0, Read = 1, Write = 2, ReadOrWrite = 3 };

/// Both sets together.
constexpr Readiness operator|(Readiness a, Readiness b) noexcept {
  return static_cast<Readiness>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// `one` is in `set`.
constexpr bool Includes(Readiness set, Readiness one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/capabilities.hpp ----
// What the server said it can do: the keywords of its EHLO reply (RFC 5321 4.1.1.1), read by one table.
// Unknown keywords are passed over. HELO leaves the set empty.
#ifndef SMTPOLL_PROTOCOL_CAPABILITIES_HPP
#define SMTPOLL_PROTOCOL_CAPABILITIES_HPP

SMTPOLL_NAMESPACE_BEGIN

/// SMTP service extensions that the engine knows of.
enum class Extension : std::uint8_t {
  Pipelining,           ///< RFC 2920
  Size,                 ///< RFC 1870
  EightBitMime,         ///< RFC 6152
  SmtpUtf8,             ///< RFC 6531
  EnhancedStatusCodes,  ///< RFC 2034
  StartTls,             ///< RFC 3207
  Auth,                 ///< RFC 4954
  Chunking,             ///< RFC 3030
  BinaryMime,           ///< RFC 3030
  Dsn,                  ///< RFC 3461
  DeliverBy,            ///< RFC 2852
  FutureRelease,        ///< RFC 4865
  MtPriority,           ///< RFC 6710
  RequireTls,           ///< RFC 8689
  Limits,               ///< RFC 9422
};

namespace detail {

struct KnownExtension {
  std::string_view keyword;
  Extension extension;
};
inline constexpr KnownExtension kKnownExtensions[] = {
    {"PIPELINING", Extension::Pipelining},
    {"SIZE", Extension::Size},
    {"8BITMIME", Extension::EightBitMime},
    {"SMTPUTF8", Extension::SmtpUtf8},
    {"STARTTLS", Extension::StartTls},
    {"AUTH", Extension::Auth},
#if !defined(SMTPOLL_SMALL)
    {"ENHANCEDSTATUSCODES", Extension::EnhancedStatusCodes},
    {"CHUNKING", Extension::Chunking},
    {"DSN", Extension::Dsn},
    {"BINARYMIME", Extension::BinaryMime},
    {"DELIVERBY", Extension::DeliverBy},
    {"FUTURERELEASE", Extension::FutureRelease},
    {"LIMITS", Extension::Limits},
    {"MT-PRIORITY", Extension::MtPriority},
    {"REQUIRETLS", Extension::RequireTls},
#endif
};

}  // namespace detail

/// The extension's keyword in a reply to EHLO.
constexpr std::string_view Name(Extension extension) noexcept {
  for (const detail::KnownExtension& known : detail::kKnownExtensions)
    if (known.extension == extension) return known.keyword;
  return {};
}

/// The keywords of one EHLO reply.
class Capabilities {
 public:
  /// The server offers this extension.
  bool Has(Extension extension) const noexcept { return (extensions_ >> static_cast<unsigned>(extension) & 1) != 0; }
  /// The server offers this mechanism for AUTH.
  bool Has(AuthMechanism mechanism) const noexcept {
    return (mechanisms_ >> static_cast<unsigned>(mechanism) & 1) != 0;
  }

  /// The largest message the server takes, in bytes (RFC 1870); 0 where it named no limit.
  std::uint64_t MaxSize() const noexcept { return max_size_; }

  /// Limits of LIMITS (RFC 9422 4); SIZE_MAX where the server named none: recipients in one transaction, their domains,
  /// and transactions in one session.
  std::size_t MaxRecipients() const noexcept { return max_recipients_; }
  /// See MaxRecipients.
  std::size_t MaxRecipientDomains() const noexcept { return max_domains_; }
  /// See MaxRecipients.
  std::size_t MaxMails() const noexcept { return max_mails_; }

  /// Reads the text of an EHLO reply: the first line is the server's name, each further line a keyword.
  static Capabilities FromReplyText(std::string_view text) noexcept {
    Capabilities result;
    bool first = true;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      if (!first) result.AddLine(detail::First(text, end));
      first = false;
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return result;
  }

 private:
  void AddLine(std::string_view line) noexcept {
    std::string_view keyword = detail::NextWord(line);
    // "AUTH=LOGIN" is how servers before RFC 2554 said it; some still send both.
    if (detail::kHasAuth && detail::StartsWithIgnoringCase(keyword, "AUTH=")) {
      AddMechanism(detail::Rest(keyword, 5));
      keyword = detail::First(keyword, 4);
    }
    for (const detail::KnownExtension& known : detail::kKnownExtensions) {
      if (!detail::EqualIgnoringCase(keyword, known.keyword)) continue;
      extensions_ |= 1u << static_cast<unsigned>(known.extension);
      if (known.extension == Extension::Size) detail::ParseDecimal(detail::NextWord(line), max_size_);
      if (!detail::kIsSmall && known.extension == Extension::Limits)
        while (!detail::Trim(line).empty()) AddLimit(detail::NextWord(line));
      if (detail::kHasAuth && known.extension == Extension::Auth)
        while (!detail::Trim(line).empty()) AddMechanism(detail::NextWord(line));
    }
  }

  /// `name=value`; 0 and what is no number limits nothing (RFC 9422 4: a value is at least 1).
  void AddLimit(std::string_view limit) noexcept {
    const std::size_t equals = limit.find('=');
    std::uint64_t value = 0;
    if (equals == std::string_view::npos || !detail::ParseDecimal(detail::Rest(limit, equals + 1), value) || value == 0)
      return;
    const std::size_t most = value < SIZE_MAX ? static_cast<std::size_t>(value) : SIZE_MAX;
    const std::string_view name = detail::First(limit, equals);
    if (detail::EqualIgnoringCase(name, "RCPTMAX")) max_recipients_ = most;
    if (detail::EqualIgnoringCase(name, "RCPTDOMAINMAX")) max_domains_ = most;
    if (detail::EqualIgnoringCase(name, "MAILMAX")) max_mails_ = most;
  }

  void AddMechanism(std::string_view name) noexcept {
    for (std::size_t i = 0; i < detail::kAuthMechanismCount; ++i)
      if (detail::EqualIgnoringCase(name, detail::kAuthMechanisms[i].name)) mechanisms_ |= 1u << i;
  }

  std::uint32_t extensions_ = 0;
  std::uint32_t mechanisms_ = 0;
  std::uint64_t max_size_ = 0;
  std::size_t max_recipients_ = SIZE_MAX;
  std::size_t max_domains_ = SIZE_MAX;
  std::size_t max_mails_ = SIZE_MAX;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/wire_buffer.hpp ----
// A window over memory that the owner sized: bytes are appended at its tail and consumed at its head.
// Invariant: the filled bytes are contiguous; they move only in Compact, which no one calls while a write is pending.
#ifndef SMTPOLL_BASE_WIRE_BUFFER_HPP
#define SMTPOLL_BASE_WIRE_BUFFER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class WireBuffer {
 public:
  explicit WireBuffer(Span<char> memory) noexcept : memory_(memory) {}

  Span<char> Filled() const noexcept { return {memory_.data() + head_, tail_ - head_}; }
  Span<char> Free() const noexcept { return {memory_.data() + tail_, memory_.size() - tail_}; }
  bool empty() const noexcept { return head_ == tail_; }
  std::size_t Capacity() const noexcept { return memory_.size(); }

  /// `size` bytes were written to Free().
  void Commit(std::size_t size) noexcept { tail_ += size; }

  /// `size` bytes of Filled() are done with. An empty buffer starts at its beginning again.
  void Consume(std::size_t size) noexcept {
    head_ += size;
    if (head_ == tail_) head_ = tail_ = 0;
  }

  /// As Consume, and overwrites what it drops.
  void ConsumeAndWipe(std::size_t size) noexcept {
    Wipe(memory_.data() + head_, size);
    Consume(size);
  }

  /// Moves the filled bytes to the beginning, so that Free() is all the room there is.
  void Compact() noexcept {
    if (head_ == 0) return;
    std::memmove(memory_.data(), memory_.data() + head_, tail_ - head_);
    tail_ -= head_;
    head_ = 0;
  }

  /// Appends `text`, which must fit Free().
  void Append(std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(memory_.data() + tail_, text.data(), text.size());
    tail_ += text.size();
  }

  /// Takes the last `size` filled bytes back.
  void Retract(std::size_t size) noexcept { tail_ -= size; }

  /// Takes out `size` filled bytes behind the first `at`: the shorter of what stands before and behind them moves.
  void Remove(std::size_t at, std::size_t size) noexcept {
    char* const gap = memory_.data() + head_ + at;
    const std::size_t behind = tail_ - head_ - at - size;
    if (behind < at) {
      std::memmove(gap, gap + size, behind);
      tail_ -= size;
    } else {
      std::memmove(memory_.data() + head_ + size, memory_.data() + head_, at);
      head_ += size;
    }
  }

  void Clear() noexcept { head_ = tail_ = 0; }

 private:
  Span<char> memory_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/awaited_reply.hpp ----
// What an outstanding reply answers: the state of a session is the sequence of these. One table says which phase each
// belongs to and how long it may take (RFC 5321 4.5.3.2).
#ifndef SMTPOLL_PROTOCOL_AWAITED_REPLY_HPP
#define SMTPOLL_PROTOCOL_AWAITED_REPLY_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What a reply answers.
enum class Await : std::uint8_t {
  Greeting,
  Ehlo,
  Helo,
  Lhlo,
  StartTls,
  Auth,
  AuthCancelled,
  Mail,
  Recipient,
  Data,
  Chunk,
  ContentEnd,
  Reset,
  Quit,
  Command
};

/// One outstanding reply, or a run of them: the replies to RCPT that follow each other are one entry, so that a
/// thousand recipients need no more memory than one. The driver hands the engine memory for the entries.
struct AwaitedReply {
  Await what = Await::Greeting;   ///< What it answers.
  std::uint32_t recipient = 0;    ///< Await::Recipient: which one is next.
  std::uint32_t count = 1;        ///< Replies that are awaited, for Await::Recipient; 1 for all others.
  std::uint32_t transaction = 0;  ///< Number of the transaction that it belongs to, 0 for none.
  std::uint64_t asked_at = 0;     ///< Position in the output at which the next one's command ends: no reply may come
                                  ///< before.
};

namespace detail {

/// What is said for each kind of reply, what phase that is, and how long the reply may take.
struct AwaitRule {
  Phase phase;
  Millis Timeouts::*timeout;
  std::string_view command;  // up to its argument
  std::string_view closing;  // what stands behind the argument
};

/// In the order of Await.
inline constexpr AwaitRule kAwaitRules[] = {
    {Phase::Greeting, &Timeouts::greeting, "", ""},
    {Phase::Hello, &Timeouts::hello, "EHLO ", ""},
    {Phase::Hello, &Timeouts::hello, "HELO ", ""},
    {Phase::Hello, &Timeouts::hello, "LHLO ", ""},
    {Phase::Tls, &Timeouts::hello, "STARTTLS", ""},
    {Phase::Authentication, &Timeouts::authentication, "AUTH ", ""},
    {Phase::Authentication, &Timeouts::authentication, "*", ""},
    {Phase::Mail, &Timeouts::mail, "MAIL FROM:<", ">"},
    {Phase::Recipient, &Timeouts::recipient, "RCPT TO:<", ">"},
    {Phase::Data, &Timeouts::data, "DATA", ""},
    {Phase::Content, &Timeouts::content_end, "BDAT", ""},
    {Phase::ContentEnd, &Timeouts::content_end, ".", ""},
    {Phase::Reset, &Timeouts::reset, "RSET", ""},
    {Phase::Quit, &Timeouts::quit, "QUIT", ""},
    {Phase::Command, &Timeouts::command, "", ""},
};
constexpr const AwaitRule& RuleOf(Await what) noexcept { return kAwaitRules[static_cast<unsigned>(what)]; }

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/command_writer.hpp ----
// Writes commands into the send buffer (RFC 5321 4.1.1), shows them to the transcript, and keeps the ring of those
// whose reply is still awaited. Invariant: replies come in the order of their commands, so the ring's front is the next
// reply's.
#ifndef SMTPOLL_PROTOCOL_COMMAND_WRITER_HPP
#define SMTPOLL_PROTOCOL_COMMAND_WRITER_HPP

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// Room that the longest command of ours needs: RCPT with a path of 256 and an ORCPT of 500 octets (RFC 3461 4.2).
constexpr std::size_t kCommandRoom = 864;

class CommandWriter {
 public:
  CommandWriter(Span<char> memory, Span<AwaitedReply> ring) noexcept : output_(memory), ring_(ring) {}

  void Start(const Transcript& transcript) noexcept {
    transcript_ = transcript;
    output_.Clear();
    first_ = count_ = 0;
    written_ = sent_ = 0;
    secret_ = false;
  }

  WireBuffer& Buffer() noexcept { return output_; }
  const WireBuffer& Buffer() const noexcept { return output_; }

  /// True where a command can be written now, with at most `window` replies outstanding.
  bool CanWrite(std::size_t window) const noexcept {
    return count_ < window && count_ < ring_.size() && output_.Free().size() >= kCommandRoom;
  }

  /// Writes the command of `what` with its argument and parameters, and waits for its reply.
  void Write(Await what, std::string_view argument = {}, std::string_view parameters = {},
             std::uint32_t transaction = 0) noexcept {
    Say(what, argument, parameters);
    Expect(what, transaction);
  }

  /// As CanWrite, for RCPT: a further one needs no entry of its own.
  bool CanWriteRecipient(std::size_t window, std::uint32_t transaction) const noexcept {
    if (count_ == 0 || window == 1 || !JoinsRun(transaction)) return CanWrite(window);
    return output_.Free().size() >= kCommandRoom;
  }

  /// Writes RCPT for recipient `index` of a transaction; recipients come in order.
  void WriteRecipient(std::string_view mailbox, std::string_view parameters, std::uint32_t index,
                      std::uint32_t transaction) noexcept {
    Say(Await::Recipient, mailbox, parameters);
    if (count_ != 0 && JoinsRun(transaction))
      ++Last().count;
    else
      Push({Await::Recipient, index, 1, transaction, written_});
  }
  /// Bytes that WriteRecipient puts into the output.
  static std::size_t RecipientSize(std::string_view mailbox, std::string_view parameters) noexcept {
    const AwaitRule& rule = RuleOf(Await::Recipient);
    return rule.command.size() + mailbox.size() + rule.closing.size() + parameters.size() + 2;
  }

  /// Writes `prefix` and then what `encode(char*)` writes and returns the size of; the transcript sees asterisks
  /// instead.
  template <typename Encode>
  void WriteSecret(Await what, std::string_view prefix, std::string_view shown, Encode&& encode) noexcept {
    const std::size_t start = output_.Filled().size();
    secret_ = true;
    output_.Append(prefix);
    output_.Commit(encode(output_.Free().data()));
    output_.Append("\r\n");
    Show(Side::Client, shown);
    written_ += output_.Filled().size() - start;
    Expect(what);
  }

  /// `size` bytes of content were put into Buffer().
  void WroteContent(std::size_t size) noexcept { written_ += size; }

  /// Waits for a reply to what has been written so far.
  void Expect(Await what, std::uint32_t transaction = 0) noexcept { Push({what, 0, 1, transaction, written_}); }

  /// Waits for a reply that no output has asked for yet; LastIsAskedHere says when it has.
  void ExpectLater(Await what, std::uint32_t transaction) noexcept { Push({what, 0, 1, transaction, UINT64_MAX}); }
  void LastIsAskedHere() noexcept { Last().asked_at = written_; }

  /// The last reply is not expected any more: its command was taken back.
  void ForgetLast(std::size_t size) noexcept {
    output_.Retract(size);
    written_ -= size;
    --count_;
  }
  /// Positions in the output of this session: what has been written to it, and what has gone out.
  std::uint64_t Written() const noexcept { return written_; }
  std::uint64_t SentBytes() const noexcept { return sent_; }

  /// Entries of the ring: 0 where no reply is outstanding.
  std::size_t Outstanding() const noexcept { return count_; }
  const AwaitedReply& Front() const noexcept { return ring_[first_]; }
  const AwaitedReply& Back() const noexcept { return ring_[(first_ + count_ - 1) % ring_.size()]; }
  bool FrontWasAsked() const noexcept { return sent_ >= Front().asked_at; }
  void PopFront() noexcept {
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
  /// One reply of the run in front has come; the command of the next one is `next_size` bytes long.
  void PopRecipient(std::size_t next_size) noexcept {
    AwaitedReply& run = ring_[first_];
    ++run.recipient;
    --run.count;
    run.asked_at += next_size;
  }
  void ForgetAwaited() noexcept { count_ = 0; }

  /// `size` bytes went out; secrets are overwritten at once.
  void Sent(std::size_t size) noexcept {
    sent_ += size;
    if (secret_)
      output_.ConsumeAndWipe(size);
    else
      output_.Consume(size);
    if (output_.empty()) secret_ = false;
  }

  /// Drops what has not gone out.
  void DropOutput() noexcept {
    if (secret_) output_.ConsumeAndWipe(output_.Filled().size());
    output_.Clear();
    secret_ = false;
  }

  /// Shows the BDAT command behind the first `start` bytes of the output.
  void ShowChunk(std::size_t start) const {
    if (transcript_.show == nullptr) return;
    const Span<char> filled = output_.Filled();
    const std::string_view chunk(filled.data() + start, filled.size() - start);
    Show(Side::Client, First(chunk, chunk.find('\r')));
  }

  void Show(Side side, std::string_view line) const {
    if (transcript_.show != nullptr) transcript_.show(transcript_.context, side, line);
  }

 private:
  void Say(Await what, std::string_view argument, std::string_view parameters) noexcept {
    const std::size_t start = output_.Filled().size();
    for (const std::string_view piece : {RuleOf(what).command, argument, RuleOf(what).closing, parameters})
      output_.Append(piece);
    const Span<char> filled = output_.Filled();
    Show(Side::Client, {filled.data() + start, filled.size() - start});
    output_.Append("\r\n");
    written_ += output_.Filled().size() - start;
  }

  void Push(const AwaitedReply& awaited) noexcept { ring_[(first_ + count_++) % ring_.size()] = awaited; }
  AwaitedReply& Last() noexcept { return ring_[(first_ + count_ - 1) % ring_.size()]; }
  bool JoinsRun(std::uint32_t transaction) const noexcept {
    return Back().what == Await::Recipient && Back().transaction == transaction;
  }

  WireBuffer output_;
  Span<AwaitedReply> ring_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t sent_ = 0;
  bool secret_ = false;  // the buffer holds credentials
  Transcript transcript_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/source.hpp ----
// The byte source: content is pulled piece by piece into the reader's memory, never built as a whole.
// Invariant: the bytes a source yields after Rewind are the bytes it yielded before.
#ifndef SMTPOLL_BASE_SOURCE_HPP
#define SMTPOLL_BASE_SOURCE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What a read from a Source ended with.
enum class SourceStatus : std::uint8_t {
  More,    ///< `size` bytes were written; there may be more.
  Again,   ///< Nothing now (`size` is 0); ask again later.
  End,     ///< `size` bytes were written (0 is allowed), and no more will come.
  Failed,  ///< The source broke; what was read is not the whole.
};

/// Result of Source::Read: how many bytes were written, and how the read ended.
struct SourceResult {
  std::size_t size = 0;                     ///< Bytes read.
  SourceStatus status = SourceStatus::End;  ///< What comes after them.
};

class MessageSource;

namespace detail {

/// What is known of the lines that the next Read yields, so that they need not be looked through again. Nothing, but
/// where smtpoll's own renderer made them: nobody else can make a claim.
class LineClaim {
 public:
  constexpr LineClaim() noexcept = default;
  /// CR and LF stand only together and in this order; a read may end between them.
  constexpr bool CrlfLines() const noexcept { return level_ != 0; }
  /// As CrlfLines, and no line starts with a dot.
  constexpr bool NoDots() const noexcept { return level_ == 2; }

 private:
  friend class smtpoll::MessageSource;
  explicit constexpr LineClaim(unsigned char level) noexcept : level_(level) {}
  unsigned char level_ = 0;
};

}  // namespace detail

/// The size of a source that does not know how long it is.
inline constexpr std::uint64_t kUnknownSize = UINT64_MAX;

/// A resumable stream of bytes. Implementations never block longer than a local file read does.
class Source {
 public:
  /// Writes at most `room` (at least 1) bytes to `into`. More with size 0 is not allowed; say Again.
  virtual SourceResult Read(char* into, std::size_t room) = 0;

  /// Starts over from the first byte. False where the source cannot (a one-way stream).
  virtual bool Rewind() = 0;

  /// Total number of bytes from start to end, or kUnknownSize.
  virtual std::uint64_t Size() const = 0;

  /// Which source failed and why, for the error text; empty while all is well. Valid until the next call.
  virtual std::string_view Failure() const { return {}; }

  /// For smtpoll's own renderer: what the next Read yields is known to be clean.
  virtual detail::LineClaim Claim() const { return {}; }

 protected:
  Source() = default;
  /// A copy of what an own source has beside its functions.
  Source(const Source&) = default;
  /// As above.
  Source& operator=(const Source&) = default;
  ~Source() = default;  // nobody owns a source through this class
};

/// Yields bytes that somebody else holds; `bytes` must outlive the source.
class MemorySource final : public Source {
 public:
  MemorySource() = default;
  /// Reads `bytes`, which must stay valid as long as this is used.
  explicit MemorySource(std::string_view bytes) noexcept : bytes_(bytes) {}

  SourceResult Read(char* into, std::size_t room) override {
    const std::size_t left = bytes_.size() - at_;
    const std::size_t size = left < room ? left : room;
    if (size != 0) std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
    return {size, at_ == bytes_.size() ? SourceStatus::End : SourceStatus::More};
  }
  bool Rewind() override {
    at_ = 0;
    return true;
  }
  std::uint64_t Size() const override { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/line_scan.hpp ----
// Looks for what is wrong with lines: a CR or an LF that stands alone (RFC 5321 2.3.8), and a dot that starts a line
// (4.5.2). Both can be told from two neighbours, so 16 or 32 pairs are compared at once where the processor can.
// Invariant: every variant finds the same place.
#ifndef SMTPOLL_BASE_LINE_SCAN_HPP
#define SMTPOLL_BASE_LINE_SCAN_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// True where something has to stand between `before` and `c`: the other half of a CRLF, or with `dots` a dot.
constexpr bool IsLineFault(char before, char c, bool dots) noexcept {
  return (before == '\r') != (c == '\n') || (dots && c == '.' && before == '\n');
}

/// As FindLineFault from `from` (at least 1) on, without vector instructions of ours; memchr has those of the system.
inline std::size_t FindLineFaultByMemchr(const char* bytes, std::size_t from, std::size_t size, bool dots) noexcept {
  std::size_t at = from - 1;
  while (at + 1 < size) {
    if (bytes[at] != '\r' && bytes[at] != '\n') {
      const void* lf = std::memchr(bytes + at, '\n', size - at);
      const std::size_t end = lf == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(lf) - bytes);
      const void* cr = std::memchr(bytes + at, '\r', end - at);
      at = cr == nullptr ? end : static_cast<std::size_t>(static_cast<const char*>(cr) - bytes);
      if (at == size) return size;
      if (bytes[at] == '\n') return at;
      if (at + 1 == size) return size;
    }
    ++at;
    if (IsLineFault(bytes[at - 1], bytes[at], dots)) return at;
  }
  return size;
}

#if defined(SMTPOLL_SSE2)
inline std::size_t FindLineFaultBySse2(const char* bytes, std::size_t at, std::size_t size, bool dots) noexcept {
  const Bytes16 cr = Repeat16('\r'), lf = Repeat16('\n'), dot = Repeat16('.');
  const Bytes16 with_dots = Repeat16(static_cast<char>(dots ? -1 : 0));
  for (; at + 16 <= size; at += 16) {
    const Bytes16 before = Load16(bytes + at - 1), here = Load16(bytes + at);
    const Bytes16 alone = Xor(Equal(before, cr), Equal(here, lf));
    const Bytes16 dotted = And(Equal(before, lf), Equal(here, dot));
    const std::uint32_t mask = HighBitsOf(Or(alone, And(dotted, with_dots)));
    if (mask != 0) return at + LowestBit(mask);
  }
  return FindLineFaultByMemchr(bytes, at, size, dots);
}
#endif

#if defined(SMTPOLL_AVX2)
SMTPOLL_TARGET("avx2")
inline std::size_t FindLineFaultByAvx2(const char* bytes, std::size_t at, std::size_t size, bool dots) noexcept {
  using Chars = char __attribute__((vector_size(32)));
  using Signed = signed char __attribute__((vector_size(32)));
  const Chars cr = Chars{} + '\r', lf = Chars{} + '\n', dot = Chars{} + '.';
  const Signed with_dots = Signed{} - static_cast<signed char>(dots);
  const auto faults = [&](const char* place) SMTPOLL_TARGET("avx2") {
    Chars before, here;
    std::memcpy(&before, place - 1, sizeof before);
    std::memcpy(&here, place, sizeof here);
    return ((before == cr) ^ (here == lf)) | ((before == lf) & (here == dot) & with_dots);
  };
  const auto mask_of = [](Signed faults_found) SMTPOLL_TARGET("avx2") {
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<Chars>(faults_found)));
  };
  for (; at + 64 <= size; at += 64) {
    const Signed low = faults(bytes + at), high = faults(bytes + at + 32);
    if (mask_of(low | high) == 0) continue;
    const std::uint32_t mask = mask_of(low);
    return mask != 0 ? at + LowestBit(mask) : at + 32 + LowestBit(mask_of(high));
  }
  return FindLineFaultBySse2(bytes, at, size, dots);
}
#endif

#if defined(SMTPOLL_NEON)
inline std::size_t FindLineFaultByNeon(const char* bytes, std::size_t at, std::size_t size, bool dots) noexcept {
  const uint8x16_t cr = vdupq_n_u8('\r'), lf = vdupq_n_u8('\n'), dot = vdupq_n_u8('.');
  const uint8x16_t with_dots = vdupq_n_u8(dots ? 0xff : 0);
  for (; at + 16 <= size; at += 16) {
    const uint8x16_t before = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes + at - 1));
    const uint8x16_t here = vld1q_u8(reinterpret_cast<const std::uint8_t*>(bytes + at));
    const uint8x16_t alone = veorq_u8(vceqq_u8(before, cr), vceqq_u8(here, lf));
    const uint8x16_t dotted = vandq_u8(vandq_u8(vceqq_u8(before, lf), vceqq_u8(here, dot)), with_dots);
    if (vmaxvq_u8(vorrq_u8(alone, dotted)) == 0) continue;
    while (!IsLineFault(bytes[at - 1], bytes[at], dots)) ++at;
    return at;
  }
  return FindLineFaultByMemchr(bytes, at, size, dots);
}
#endif

/// Index of the first of `size` bytes before which something has to be put, `size` where there is none. `before` is
/// the byte before the first one.
inline std::size_t FindLineFault(char before, const char* bytes, std::size_t size, bool dots) noexcept {
  if constexpr (kIsSmall) {
    std::size_t at = 0;
    for (; at < size && !IsLineFault(before, bytes[at], dots); ++at) before = bytes[at];
    return at;
  }
  if (size == 0 || IsLineFault(before, bytes[0], dots)) return 0;
#if defined(SMTPOLL_AVX2)
  if (size > 64 && HasAvx2()) return FindLineFaultByAvx2(bytes, 1, size, dots);
#endif
#if defined(SMTPOLL_SSE2)
  return FindLineFaultBySse2(bytes, 1, size, dots);
#elif defined(SMTPOLL_NEON)
  return FindLineFaultByNeon(bytes, 1, size, dots);
#else
  return FindLineFaultByMemchr(bytes, 1, size, dots);
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/content_encoder.hpp ----
// Makes content fit for the wire, in place: lines end in CRLF and nothing else (RFC 5321 2.3.8), and for DATA a leading
// dot is doubled (4.1.1.4, 4.5.2). So no content, however built, can end early or smuggle a second message. Invariant:
// the result does not depend on where the content was split.
#ifndef SMTPOLL_PROTOCOL_CONTENT_ENCODER_HPP
#define SMTPOLL_PROTOCOL_CONTENT_ENCODER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ContentEncoder {
 public:
  /// The most that `size` bytes can become: each byte may need one more before it, and a CR may be left from before.
  static constexpr std::size_t MaxSize(std::size_t size) noexcept { return 2 * size + 1; }

  /// The most bytes of content that are sure to fit `room`, where nothing is known of them.
  static constexpr std::size_t MaxInput(std::size_t room) noexcept { return room == 0 ? 0 : (room - 1) / 2; }

  /// The same where `claim` is: lines that end in CRLF can only get a dot for every three bytes.
  std::size_t MaxInput(std::size_t room, LineClaim claim) const noexcept {
    if (IsClean(claim)) return room;
    return claim.CrlfLines() ? room - (room + 3) / 4 : MaxInput(room);
  }

  /// Content of which that is known goes as it is.
  bool IsClean(LineClaim claim) const noexcept { return transparent_ ? claim.NoDots() : claim.CrlfLines(); }

  /// Encodes `bytes[0, size)` in place; there is room for MaxSize(size), or `size` came from MaxInput. Returns the new
  /// size.
  std::size_t Encode(char* bytes, std::size_t size, LineClaim claim = {}) noexcept {
    if (size == 0) return 0;
    const char before = before_;
    before_ = bytes[size - 1];
    if (IsClean(claim)) return size;
    const std::size_t first = FindLineFault(before, bytes, size, transparent_);
    if (first == size) return size;
    const std::size_t more = Count(before, bytes, first, size);
    Expand(before, bytes, first, size, more);
    return size + more;
  }

  /// Writes what ends the content (at most 5 bytes) to `into` and returns its size: the end of the last line where that
  /// is missing, and for DATA the line with a dot.
  std::size_t Finish(char* into) noexcept {
    std::string_view end = before_ == '\n' ? ".\r\n" : before_ == '\r' ? "\n.\r\n" : "\r\n.\r\n";
    if (!transparent_) end.remove_suffix(3);
    if (!end.empty()) std::memcpy(into, end.data(), end.size());
    before_ = '\n';
    return end.size();
  }

  /// Starts a new content; `transparent` doubles leading dots, as DATA needs it and BDAT must not have it.
  void Reset(bool transparent) noexcept {
    before_ = '\n';
    transparent_ = transparent;
  }

 private:
  /// What has to stand between `before` and `c`. A CR is written when it comes, and completed by the byte after it, so
  /// a CR at the end of a piece needs no memory but `before_`.
  std::string_view Between(char before, char c) const noexcept {
    if (before == '\r') return c == '\n' ? "" : c == '.' && transparent_ ? "\n." : "\n";
    if (c == '\n') return "\r";
    return before == '\n' && c == '.' && transparent_ ? "." : "";
  }

  std::size_t Count(char before, const char* bytes, std::size_t at, std::size_t size) const noexcept {
    std::size_t more = 0;
    while (at != size) {
      more += Between(at == 0 ? before : bytes[at - 1], bytes[at]).size();
      at += 1 + FindLineFault(bytes[at], bytes + at + 1, size - at - 1, transparent_);
    }
    return more;
  }

  /// Moves what follows the first fault `more` bytes up, then copies it back down to where it belongs: the writer never
  /// meets the reader before all is put in.
  void Expand(char before, char* bytes, std::size_t first, std::size_t size, std::size_t more) const noexcept {
    char* in = bytes + first + more;
    char* const end = bytes + size + more;
    std::memmove(in, bytes + first, size - first);
    char* out = bytes + first;
    if (first != 0) before = bytes[first - 1];
    while (out != in) {
      for (const char c : Between(before, *in)) *out++ = c;
      before = *in;
      const std::size_t left = static_cast<std::size_t>(end - in);
      const std::size_t run = 1 + FindLineFault(before, in + 1, left - 1, transparent_);
      if (out == in) return;
      before = in[run - 1];
      std::memmove(out, in, run);
      out += run;
      in += run;
    }
  }

  char before_ = '\n';  // the last byte of content so far; the start of the content is the start of a line
  bool transparent_ = true;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/content_writer.hpp ----
// Pulls content from its source into the send buffer, encoded for DATA or cut into BDAT chunks on the way.
// Invariant: no byte of content is held anywhere but in the send buffer.
#ifndef SMTPOLL_PROTOCOL_CONTENT_WRITER_HPP
#define SMTPOLL_PROTOCOL_CONTENT_WRITER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ContentWriter {
 public:
  enum class Result : std::uint8_t { More, Again, End, Failed };

  /// `chunked`: the content goes by BDAT (RFC 3030), which counts bytes and needs no transparency; `binary`: as it is.
  void Start(Source& source, bool chunked, bool binary) noexcept {
    source_ = &source;
    size_ = source.Size();
    read_ = 0;
    binary_ = binary;
    encoder_.Reset(!chunked);
  }

  /// Bytes of content not yet read, or kUnknownSize.
  std::uint64_t Left() const noexcept { return size_ == kUnknownSize ? size_ : size_ > read_ ? size_ - read_ : 0; }

  /// Bytes of content read so far.
  std::uint64_t Read() const noexcept { return read_; }

  std::string_view Failure() const { return source_->Failure(); }

  /// Room that a chunk with all the content that is left needs, whatever its lines end in; kUnknownSize needs all.
  std::uint64_t ChunkRoom() const {
    const std::uint64_t size = Left();
    if (size > kUnknownSize / 4) return size;
    const bool as_it_is = binary_ || encoder_.IsClean(source_->Claim());
    return kHeaderRoom + (as_it_is ? size : 2 * size) + kEndRoom + kLeastRoom;
  }

  /// Fills `output` with content as far as it has room and the source gives; on End the end of content is written too.
  Result Fill(WireBuffer& output) {
    std::size_t least = kLeastRoom;
    for (;;) {
      const Span<char> room = output.Free();
      if (room.size() < least) return Result::More;
      const LineClaim claim = source_->Claim();
      const std::size_t most = binary_ ? room.size() : encoder_.MaxInput(room.size() - kEndRoom, claim);
      const SourceResult got = source_->Read(room.data(), most);
      if (got.status == SourceStatus::Failed || got.size > most) return Result::Failed;
      read_ += got.size;
      output.Commit(binary_ ? got.size : encoder_.Encode(room.data(), got.size, claim));
      if (got.status == SourceStatus::End) {
        if (!binary_) output.Commit(encoder_.Finish(output.Free().data()));
        return Result::End;
      }
      if (got.status == SourceStatus::Again || got.size == 0) return Result::Again;
      // The rest of a buffer that is nearly full is not worth a read of its own, but for the rest of the content.
      least = kLeastRoom + (Left() <= output.Free().size() ? 0 : output.Capacity() / 8);
    }
  }

  /// As Fill, with `BDAT n` or `BDAT n LAST` before what was read; nothing where nothing was.
  Result FillChunk(WireBuffer& output) {
    const std::size_t before = output.Filled().size();
    output.Commit(kHeaderRoom);
    const Result result = Fill(output);
    const std::size_t size = output.Filled().size() - before - kHeaderRoom;
    if (result == Result::Failed || (size == 0 && result != Result::End)) {
      output.Retract(kHeaderRoom + size);
      return result;
    }
    FixedText<kHeaderRoom> header;
    header.Append("BDAT ");
    header.AppendDecimal(size);
    header.Append(result == Result::End ? " LAST\r\n" : "\r\n");
    // The header's size is known only now; the room that it does not need is closed.
    output.Remove(before, kHeaderRoom - header.View().size());
    std::memcpy(output.Filled().data() + before, header.View().data(), header.View().size());
    return result;
  }

 private:
  static constexpr std::size_t kEndRoom = 5;      // CR LF . CR LF
  static constexpr std::size_t kHeaderRoom = 24;  // BDAT, ten digits, LAST
  static constexpr std::size_t kLeastRoom = 96;   // a line of base64 and the end

  Source* source_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
  bool binary_ = false;
  ContentEncoder encoder_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/delivery_options.hpp ----
// What a message may ask of the servers on its way: values without text, shared by the message and the protocol floor.
// DSN is RFC 3461, MT-PRIORITY RFC 6710, DELIVERBY RFC 2852, FUTURERELEASE RFC 4865, REQUIRETLS RFC 8689.
#ifndef SMTPOLL_BASE_DELIVERY_OPTIONS_HPP
#define SMTPOLL_BASE_DELIVERY_OPTIONS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// How much of the message a failure report returns (RET, RFC 3461 4.3).
enum class DsnReturn : std::uint8_t { Unset, Full, Headers };

/// When a report is wanted for a recipient (NOTIFY, RFC 3461 4.1); Success, Failure and Delay combine as bits.
enum class DsnNotify : std::uint8_t { Unset = 0, Never = 1, Success = 2, Failure = 4, Delay = 8 };

/// Both sets together.
constexpr DsnNotify operator|(DsnNotify a, DsnNotify b) noexcept {
  return static_cast<DsnNotify>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// `one` is in `set`.
constexpr bool Includes(DsnNotify set, DsnNotify one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

/// What happens to a message that is not delivered in time (BY, RFC 2852 4).
enum class DeliverByMode : std::uint8_t { Unset, Return, Notify };

/// What a message wants of TLS on its whole way (RFC 8689).
enum class TlsRequired : std::uint8_t {
  Unset,
  /// REQUIRETLS: it goes only over TLS, with a verified certificate, to servers that promise to do the same. Else it is
  /// refused with Errc::NotOffered before a byte of it is sent; Unoffered::Drop changes nothing about that.
  Yes,
  /// The header field "TLS-Required: No": rather to be delivered than to be protected, whatever the receiving side has
  /// published about TLS. That is a word to the servers on the way; the connection to the first one stays as safe as
  /// Security says. With a ready-made Source, whose header nobody here writes to, it is a fault of the message: there
  /// the Source has to hold the field itself.
  No,
};

/// What becomes of an option that the server does not offer.
enum class Unoffered : std::uint8_t {
  Refuse,  ///< The message is refused with Errc::NotOffered before a byte of it is sent.
  Drop,    ///< The message goes without the option.
};

/// The options of one message that are no text. A value not set asks for nothing.
struct DeliveryOptions {
  DsnReturn dsn_return = DsnReturn::Unset;               ///< RET of RFC 3461.
  DeliverByMode deliver_by_mode = DeliverByMode::Unset;  ///< What is to happen when that time is over (RFC 2852).
  bool deliver_by_trace = false;                         ///< Ask for "relayed" reports on the way.
  std::int32_t deliver_by_seconds = 0;  ///< Return needs at least 1; Notify takes 0 and less too (up to 9 digits).
  bool has_priority = false;            ///< MT-PRIORITY (RFC 6710) is asked for.
  std::int8_t priority = 0;             ///< -9 to 9, higher is more urgent.
  std::uint32_t hold_for_seconds = 0;   ///< 1 to 999999999: not to be delivered before that time has gone by.
  std::int64_t hold_until = 0;          ///< Not to be delivered before that time, in seconds since 1970 UTC; 0: unset.
  TlsRequired tls_required = TlsRequired::Unset;  ///< See TlsRequired.
  Unoffered unoffered = Unoffered::Refuse;        ///< What to do where the server does not offer what is set here.
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/envelope.hpp ----
// The SMTP envelope of one message: reverse-path, recipients and what the message asks of the server (RFC 5321 2.3.1).
// Views only: whoever hands an envelope over keeps what it looks at until the message's outcome is known.
#ifndef SMTPOLL_PROTOCOL_ENVELOPE_HPP
#define SMTPOLL_PROTOCOL_ENVELOPE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What the content needs of the wire (RFC 6152, RFC 3030).
enum class BodyType : std::uint8_t { SevenBit, EightBitMime, BinaryMime };

/// One recipient of an envelope.
struct Recipient {
  std::string_view mailbox;             ///< `local@domain` without brackets.
  DsnNotify notify = DsnNotify::Unset;  ///< NOTIFY of RFC 3461.
  std::string_view original_recipient;  ///< ORCPT of RFC 3461: the address as first given, empty for none.
};

/// Who sends to whom, and how; views of the caller's memory.
struct Envelope {
  std::string_view reverse_path;       ///< `local@domain` without brackets; empty is the null reverse-path.
  Span<const Recipient> recipients;    ///< Who gets it; at least one.
  BodyType body = BodyType::SevenBit;  ///< What the content may hold.
  bool smtputf8 = false;               ///< The headers hold UTF-8 (RFC 6531); a UTF-8 mailbox implies it.
  std::string_view envelope_id;        ///< ENVID of RFC 3461, at most 100 printable characters; empty for none.
  DeliveryOptions options;             ///< What else is asked for.
};

namespace detail {

/// RFC 5321 4.5.3.1.3: a path has at most 256 octets, brackets included.
constexpr std::size_t kMaxPath = 256;
/// RFC 3461 4.4 and 4.2.
constexpr std::size_t kMaxEnvelopeId = 100;
constexpr std::size_t kMaxOriginalRecipient = 500;

/// 9999-12-31T23:59:59Z: what a date-time of RFC 3339 can say, which HOLDUNTIL is (RFC 4865 3).
constexpr std::int64_t kLastHoldUntil = 253402300799;

/// True where no character of `mailbox` means more than itself between < and >: what most have.
inline bool IsPlainPath(std::string_view mailbox) noexcept {
  // Of printable ASCII these are all that might.
  bool plain = true;
  for (const char c : mailbox) plain = plain & (c != ' ') & (c != '"') & (c != '\\') & (c != '<') & (c != '>');
  return plain && IsAllPrint(mailbox);
}

/// Why `mailbox` cannot stand between < and > in a command; nullptr where it can. This is the last guard on the wire,
/// not the address grammar: that is the message floor's.
inline const char* PathFault(std::string_view mailbox) noexcept {
  if (mailbox.size() + 2 > kMaxPath) return "mailbox longer than 254 octets";
  if (IsPlainPath(mailbox)) return nullptr;
  if constexpr (kIsSmall) return "SMTPOLL_SMALL takes no such mailbox";
  bool quoted = false;
  for (std::size_t i = 0; i < mailbox.size(); ++i) {
    const char c = mailbox[i];
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return "control character in mailbox";
    if (quoted && c == '\\') {
      if (++i == mailbox.size() || !IsPrint(mailbox[i])) return "unfinished quoted pair in mailbox";
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
      return "space or angle bracket in mailbox";
    }
  }
  return quoted ? "unfinished quoted string in mailbox" : nullptr;
}

/// Characters that xtext may hold as they are (RFC 3461 4); all others are written as +HH.
constexpr bool IsXchar(char c) noexcept { return c > ' ' && c <= '~' && c != '+' && c != '='; }

constexpr std::size_t XtextSize(std::string_view text) noexcept {
  std::size_t size = 0;
  for (const char c : text) size += IsXchar(c) ? 1 : 3;
  return size;
}

inline bool NeedsSmtpUtf8(const Envelope& envelope) noexcept {
  if (envelope.smtputf8 || !IsAllAscii(envelope.reverse_path)) return true;
  for (const Recipient& recipient : envelope.recipients)
    if (!IsAllAscii(recipient.mailbox)) return true;
  return false;
}

inline bool AsksForDsn(const Envelope& envelope) noexcept {
  if (envelope.options.dsn_return != DsnReturn::Unset || !envelope.envelope_id.empty()) return true;
  for (const Recipient& recipient : envelope.recipients)
    if (recipient.notify != DsnNotify::Unset || !recipient.original_recipient.empty()) return true;
  return false;
}

/// What of the envelope breaks its own rules, whatever the server offers; nullptr where nothing does.
inline const char* OptionsFault(const Envelope& envelope) noexcept {
  const DeliveryOptions& options = envelope.options;
  if (options.priority < -9 || options.priority > 9) return "MT-PRIORITY is -9 to 9";
  if (options.hold_for_seconds > 999999999) return "HOLDFOR has at most 9 digits";
  if (options.hold_until < 0 || options.hold_until > kLastHoldUntil) return "HOLDUNTIL is a time from 1970 to 9999";
  if (options.hold_for_seconds != 0 && options.hold_until != 0) return "HOLDFOR and HOLDUNTIL exclude each other";
  if (options.deliver_by_seconds > 999999999 || options.deliver_by_seconds < -999999999)
    return "BY has at most 9 digits";
  if (options.deliver_by_mode == DeliverByMode::Return && options.deliver_by_seconds < 1)
    return "BY with Return needs a time";
  if (XtextSize(envelope.envelope_id) > kMaxEnvelopeId) return "ENVID is longer than 100 characters";
  for (const char c : envelope.envelope_id)
    if (!IsPrint(c)) return "ENVID holds what is not printable ASCII";
  for (const Recipient& recipient : envelope.recipients) {
    if (recipient.notify != DsnNotify::Never && Includes(recipient.notify, DsnNotify::Never))
      return "NOTIFY=NEVER stands alone";
    if (XtextSize(recipient.original_recipient) + 7 > kMaxOriginalRecipient)
      return "ORCPT is longer than 500 characters";
    for (const char c : recipient.original_recipient)
      if (!IsPrint(c)) return "ORCPT holds what is not printable ASCII";
  }
  return nullptr;
}

/// The first option that the server does not offer; nullptr where it offers all.
inline const char* FirstUnoffered(const Envelope& envelope, const Capabilities& server) noexcept {
  const DeliveryOptions& options = envelope.options;
  if constexpr (kIsSmall) {
    const bool asks = AsksForDsn(envelope) || options.has_priority || options.deliver_by_mode != DeliverByMode::Unset ||
                      options.hold_for_seconds != 0 || options.hold_until != 0;
    return asks ? "SMTPOLL_SMALL leaves delivery options out" : nullptr;
  }
  if (AsksForDsn(envelope) && !server.Has(Extension::Dsn)) return "the message asks for DSN";
  if (options.has_priority && !server.Has(Extension::MtPriority)) return "the message asks for MT-PRIORITY";
  if (options.deliver_by_mode != DeliverByMode::Unset && !server.Has(Extension::DeliverBy))
    return "the message asks for DELIVERBY";
  if ((options.hold_for_seconds != 0 || options.hold_until != 0) && !server.Has(Extension::FutureRelease))
    return "the message asks for FUTURERELEASE";
  return nullptr;
}

/// Why a message with REQUIRETLS must not go to this server (RFC 8689 4.2.1); nullptr where it may. `trusted`: the wire
/// is encrypted, and the server's certificate was verified.
inline const char* RequireTlsFault(const Envelope& envelope, const Capabilities& server, bool trusted) noexcept {
  if (envelope.options.tls_required != TlsRequired::Yes) return nullptr;
  if constexpr (kIsSmall) return "SMTPOLL_SMALL leaves REQUIRETLS out";
  if (!trusted) return "the message asks for REQUIRETLS, but this connection is not encrypted and verified";
  return server.Has(Extension::RequireTls) ? nullptr : "the message asks for REQUIRETLS";
}

/// Why the message cannot go to this server, known before a byte of it is sent: a mailbox that would break out of its
/// command, a recipient missing, an extension not offered, a size above the server's (RFC 1870 6.3: do not even try).
inline Error CheckEnvelope(const Envelope& envelope, std::uint64_t content_size, const Capabilities& server) noexcept {
  if (envelope.recipients.empty()) return Error(Errc::InvalidMessage, Phase::Recipient, "the message has no recipient");
  if (const char* fault = PathFault(envelope.reverse_path)) return Error(Errc::InvalidMessage, Phase::Mail, fault);
  for (const Recipient& recipient : envelope.recipients) {
    const char* fault = recipient.mailbox.empty() ? "empty mailbox" : PathFault(recipient.mailbox);
    if (fault != nullptr) return Error(Errc::InvalidMessage, Phase::Recipient, fault);
  }
  if constexpr (!kIsSmall)
    if (const char* fault = OptionsFault(envelope)) return Error(Errc::InvalidMessage, Phase::Mail, fault);
  if (NeedsSmtpUtf8(envelope) && !server.Has(Extension::SmtpUtf8))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs SMTPUTF8");
  if (envelope.body == BodyType::EightBitMime && !server.Has(Extension::EightBitMime))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs 8BITMIME");
  if (envelope.body == BodyType::BinaryMime && !(server.Has(Extension::BinaryMime) && server.Has(Extension::Chunking)))
    return Error(Errc::NotOffered, Phase::Mail, "the message needs BINARYMIME");
  if (envelope.options.unoffered == Unoffered::Refuse)
    if (const char* missing = FirstUnoffered(envelope, server)) return Error(Errc::NotOffered, Phase::Mail, missing);
  if (content_size != kUnknownSize && server.MaxSize() != 0 && content_size > server.MaxSize()) {
    Error error(Errc::MessageTooLarge, Phase::Mail);
    error.text.AppendDecimal(content_size);
    error.text.Append(" bytes, the server takes ");
    error.text.AppendDecimal(server.MaxSize());
    return error;
  }
  return {};
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/calendar.hpp ----
// Days and times of the Gregorian calendar, computed without locale and without the limits of time_t; SMTPOLL_SMALL
// ends in the year 5881580.
// Invariant: every number of seconds has one calendar time, and the way back leads to it.
#ifndef SMTPOLL_BASE_CALENDAR_HPP
#define SMTPOLL_BASE_CALENDAR_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Days since 1970-01-01 of a date of the Gregorian calendar.
constexpr std::int64_t DaysFromDate(std::int64_t year, int month, int day) noexcept {
  // Years start in March here, so that the leap day is the last one.
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct CalendarTime {
  std::int64_t year = 1970;
  int month = 1, day = 1, weekday = 4;  // 1 is the first month and day; 0 is Sunday
  int hour = 0, minute = 0, second = 0;
};

/// The calendar time of `seconds` since 1970-01-01.
constexpr CalendarTime ToCalendarTime(std::int64_t seconds) noexcept {
  CalendarTime time;
  const std::int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
  const auto second_of_day = static_cast<int>(seconds - days * 86400);
  // From the first of March of the year 0 on: 400 years have 146097 days, which is a whole number of weeks, and a leap
  // day is the last of its year, of its 4 years, of its 400 years. All that is inside of 400 years fits an int.
  using Days = std::conditional_t<kIsSmall, std::int32_t, std::int64_t>;
  const Days since_march = static_cast<Days>(days) + 719468;
  const Days era = (since_march >= 0 ? since_march : since_march - 146096) / 146097;
  const int day_of_era = static_cast<int>(since_march - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = (5 * day_of_year + 2) / 153;  // 0 is March
  time.day = day_of_year - (153 * month + 2) / 5 + 1;
  time.month = month < 10 ? month + 3 : month - 9;
  time.year = era * 400 + Days{year_of_era} + (time.month <= 2 ? 1 : 0);
  time.weekday = (day_of_era + 3) % 7;
  time.hour = second_of_day / 3600;
  time.minute = second_of_day / 60 % 60;
  time.second = second_of_day % 60;
  return time;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/esmtp_parameters.hpp ----
// The parameters behind MAIL and RCPT (RFC 5321 4.1.2: esmtp-param), one rule each. What the server does not offer is
// left out: whether that is allowed, CheckEnvelope has decided before.
#ifndef SMTPOLL_PROTOCOL_ESMTP_PARAMETERS_HPP
#define SMTPOLL_PROTOCOL_ESMTP_PARAMETERS_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Room for the longest parameters: those of RCPT, with an ORCPT of 500 characters; else SIZE, BODY and SMTPUTF8.
using ParameterText = FixedText<kIsSmall ? 64 : 560>;

inline void AppendXtext(ParameterText& text, std::string_view value) noexcept {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const char escaped[3] = {'+', kHex[byte >> 4], kHex[byte & 15]};
    text.Append(IsXchar(c) ? std::string_view(&c, 1) : std::string_view(escaped, 3));
  }
}

inline void AppendSigned(ParameterText& text, std::int32_t value) noexcept {
  if (value < 0) text.Append("-");
  text.AppendDecimal(static_cast<std::uint64_t>(value < 0 ? -static_cast<std::int64_t>(value) : value));
}

/// `2026-11-24T10:00:00Z` (RFC 3339 5.6).
inline void AppendUtcTime(ParameterText& text, std::int64_t seconds) noexcept {
  const CalendarTime time = ToCalendarTime(seconds);
  const auto two = [&text](int value, std::string_view end) {
    text.AppendDecimal(static_cast<std::uint64_t>(value / 10));
    text.AppendDecimal(static_cast<std::uint64_t>(value % 10));
    text.Append(end);
  };
  two(static_cast<int>(time.year / 100), "");
  two(static_cast<int>(time.year % 100), "-");
  two(time.month, "-");
  two(time.day, "T");
  two(time.hour, ":");
  two(time.minute, ":");
  two(time.second, "Z");
}

inline ParameterText MailParameters(const Envelope& envelope, std::uint64_t content_size,
                                    const Capabilities& server) noexcept {
  const DeliveryOptions& options = envelope.options;
  ParameterText text;
  if (server.Has(Extension::Size) && content_size != kUnknownSize) {
    text.Append(" SIZE=");
    text.AppendDecimal(content_size);
  }
  if (envelope.body == BodyType::EightBitMime) text.Append(" BODY=8BITMIME");
  if (envelope.body == BodyType::BinaryMime) text.Append(" BODY=BINARYMIME");
  if (NeedsSmtpUtf8(envelope)) text.Append(" SMTPUTF8");
  if constexpr (kIsSmall) return text;
  if (options.tls_required == TlsRequired::Yes) text.Append(" REQUIRETLS");
  if (server.Has(Extension::Dsn)) {
    if (options.dsn_return != DsnReturn::Unset)
      text.Append(options.dsn_return == DsnReturn::Full ? " RET=FULL" : " RET=HDRS");
    if (!envelope.envelope_id.empty()) {
      text.Append(" ENVID=");
      AppendXtext(text, envelope.envelope_id);
    }
  }
  if (options.has_priority && server.Has(Extension::MtPriority)) {
    text.Append(" MT-PRIORITY=");
    AppendSigned(text, options.priority);
  }
  if (options.deliver_by_mode != DeliverByMode::Unset && server.Has(Extension::DeliverBy)) {
    text.Append(" BY=");
    AppendSigned(text, options.deliver_by_seconds);
    text.Append(options.deliver_by_mode == DeliverByMode::Return ? ";R" : ";N");
    if (options.deliver_by_trace) text.Append("T");
  }
  if (options.hold_for_seconds != 0 && server.Has(Extension::FutureRelease)) {
    text.Append(" HOLDFOR=");
    text.AppendDecimal(options.hold_for_seconds);
  }
  if (options.hold_until != 0 && server.Has(Extension::FutureRelease)) {
    text.Append(" HOLDUNTIL=");
    AppendUtcTime(text, options.hold_until);
  }
  return text;
}

inline ParameterText RecipientParameters(const Recipient& recipient, const Capabilities& server) noexcept {
  ParameterText text;
  if (kIsSmall || !server.Has(Extension::Dsn)) return text;
  if (recipient.notify != DsnNotify::Unset) {
    constexpr struct {
      DsnNotify bit;
      std::string_view word;
    } kWords[] = {{DsnNotify::Never, "NEVER"},
                  {DsnNotify::Success, "SUCCESS"},
                  {DsnNotify::Failure, "FAILURE"},
                  {DsnNotify::Delay, "DELAY"}};
    std::string_view separator = " NOTIFY=";
    for (const auto& word : kWords) {
      if (!Includes(recipient.notify, word.bit)) continue;
      text.Append(separator);
      text.Append(word.word);
      separator = ",";
    }
  }
  if (!recipient.original_recipient.empty()) {
    text.Append(" ORCPT=rfc822;");
    AppendXtext(text, recipient.original_recipient);
  }
  return text;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/transaction.hpp ----
// A message in flight as the engine sees it: what of its transaction (RFC 5321 3.3) is written, answered and decided.
// Invariant: transactions are answered in the order in which they were started, so the oldest is the one that the next
// reply to a transaction belongs to, and the newest is the only one that may still be written.
#ifndef SMTPOLL_PROTOCOL_TRANSACTION_HPP
#define SMTPOLL_PROTOCOL_TRANSACTION_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One message in flight. The driver hands the engine memory for as many as may be.
struct Transaction {
  /// What became of it, once that is known and until it is told.
  enum class End : std::uint8_t { Open, Accepted, Refused, InDoubt, Returned };

  std::string_view reverse_path;      ///< Of its envelope.
  Span<const Recipient> recipients;   ///< Of its envelope.
  std::uint64_t end_at = UINT64_MAX;  ///< Position in the output at which its content ends, once that is written.
  std::uint32_t number = 0;           ///< Counted from 1 in each session.
  std::uint32_t accepted = 0;         ///< Recipients that the server took.
  std::uint32_t final_replies = 0;    ///< LMTP: how many of them have come.
  End end = End::Open;                ///< How it ended.
  bool chunked = false;               ///< The content goes by BDAT.
  bool refused = false;               ///< By the server; the rest of its replies is read and passed over.
  bool broken = false;                ///< Broken off by this side before its end was written.
  bool overlaps = false;              ///< It started before the one before had its outcome.
  bool delivered = false;             ///< LMTP: one of the final replies was positive.

  /// All of its content is written, and its final reply will come.
  bool IsWhole() const noexcept { return end_at != UINT64_MAX; }
};

namespace detail {

/// The transactions in flight, oldest first, in memory that the caller sized.
class TransactionQueue {
 public:
  explicit TransactionQueue(Span<Transaction> memory) noexcept : memory_(memory) {}

  std::size_t Count() const noexcept { return count_; }
  std::size_t Room() const noexcept { return memory_.size(); }
  /// How many were added since Clear.
  std::uint32_t Started() const noexcept { return last_number_; }
  Transaction& Oldest() const noexcept { return memory_[first_]; }
  Transaction& Newest() const noexcept { return memory_[(first_ + count_ - 1) % memory_.size()]; }

  const Transaction* Find(std::uint32_t number) const noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      if (const Transaction& one = memory_[(first_ + i) % memory_.size()]; one.number == number) return &one;
    return nullptr;
  }

  Transaction& Add() noexcept {
    ++count_;
    Newest() = {};
    Newest().number = ++last_number_;
    return Newest();
  }
  void DropOldest() noexcept {
    first_ = (first_ + 1) % memory_.size();
    --count_;
  }
  void Clear() noexcept {
    first_ = count_ = 0;
    last_number_ = 0;
  }

  template <typename Function>
  void ForEach(Function&& function) const {
    for (std::size_t i = 0; i < count_; ++i) function(memory_[(first_ + i) % memory_.size()]);
  }

 private:
  Span<Transaction> memory_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint32_t last_number_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/engine.hpp ----
// The SMTP client as a state machine (RFC 5321): received bytes become decisions, decisions become bytes to send.
// It does no I/O, allocates nothing and has no clock: whoever owns the wire hands in bytes, room and the time.
//
// Theory: replies come in the order of the commands. So the state of a session is a stage (what the session is doing),
// the ring of outstanding replies, whose front says what the next reply answers, and the queue of transactions in
// flight: the newest may still be written (step_ says what comes next), the oldest is the one being answered. OnReply
// is the table of what each reply does, WriteDue the table of what is to be written next; nothing else moves the
// machine. In lock-step the ring holds one entry; with PIPELINING (RFC 2920) the same two tables run with a longer one,
// and the end of one content is in a group with the next envelope.
//
// Invariant: a message's outcome is told exactly once, in the order in which the messages were started, and before the
// end of the session that decided it.
#ifndef SMTPOLL_PROTOCOL_ENGINE_HPP
#define SMTPOLL_PROTOCOL_ENGINE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One SMTP session, without I/O.
class Engine {
 public:
  /// The engine works in memory that the caller sized and keeps: `input` at least 512 bytes (the longest reply must
  /// fit), `output` at least 1024 bytes, `window` at least 1 entry (that many commands may be outstanding; 4 for each
  /// message in flight are enough), `transactions` at least 1 entry (that many messages may be in flight).
  Engine(Span<char> input, Span<char> output, Span<AwaitedReply> window, Span<Transaction> transactions) noexcept
      : input_(input), commands_(output, window), transactions_(transactions) {}
  /// With one message in flight at a time.
  Engine(Span<char> input, Span<char> output, Span<AwaitedReply> window) noexcept
      : input_(input), commands_(output, window), transactions_({&only_, 1}) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The wire is connected: waits for the greeting, then says EHLO and, where credentials are set, AUTH.
  void Start(const SessionOptions& options, Millis now) noexcept;

  /// After NeedTls: the handshake is done. All that the server said before is forgotten (RFC 3207 4.2), and EHLO is
  /// said again. The binding is what SCRAM's -PLUS mechanisms need, see Credentials; the views must stay valid as long
  /// as those.
  void Secured(Millis now, std::string_view channel_binding_type = {}, std::string_view channel_binding = {}) noexcept;

  /// Starts one message. Refused with an error, before a byte is sent, where CanSend() is false or the message needs
  /// what the server does not offer. `content` must stay valid until the next message is started or this one's outcome
  /// came, what `envelope` looks at until its outcome event (Accepted ... Returned) came.
  Error Send(const Envelope& envelope, Source& content, Millis now);

  /// A message can be started now. With others in flight that is so where the server offers PIPELINING, all their
  /// content is written and there is room; the event Ready says when it becomes so.
  bool CanSend() const noexcept;

  /// Breaks the newest message off; allowed right after a Chunk event. That chunk does not go, and the outcome is
  /// Refused (Errc::Cancelled). A content that goes by BDAT is then reset; for DATA there is no way to end without
  /// delivering, so MustReconnect follows.
  void Cancel() noexcept;

  /// Says one command of the caller's (NOOP, VRFY, EXPN, HELP, RSET) and tells CommandReply. False where the engine is
  /// not Idle(), or `line` is empty, longer than 510 bytes or would be more than one line.
  bool Command(std::string_view line, Millis now) noexcept;

  /// Ends the session in order; Ended comes when the server has answered or closed. Allowed when Idle().
  void Quit(Millis now) noexcept;

  /// Bytes to be sent; the view is valid until Next is called.
  Span<const char> Output() const noexcept {
    const Span<char> filled = commands_.Buffer().Filled();
    return {filled.data(), filled.size()};
  }
  /// The first `size` bytes of Output() are gone.
  void Sent(std::size_t size, Millis now) noexcept {
    commands_.Sent(size);
    if (size != 0) waiting_since_ = now;
    if (commands_.Buffer().empty()) unsent_ = 0;
  }

  /// Room for received bytes; empty only while a whole buffer of them waits for Next.
  Span<char> Input() noexcept {
    if (!sasl_.Working()) {
      DropReply();
      input_.Compact();
    }
    return input_.Free();
  }
  /// `size` bytes were put into Input().
  void Received(std::size_t size) noexcept { input_.Commit(size); }

  /// The wire is gone because of `why`. Call Next until None before, so that replies that did arrive count.
  void Closed(const Error& why) noexcept;

  /// Parses, decides and writes what is due until there is something to tell. None: nothing more until bytes or time
  /// come.
  Event Next(Millis now);

  /// What the session waits for on the wire.
  Readiness Wants() const noexcept {
    if (IsOver() || stage_ == Stage::AwaitTls) return Readiness::None;
    return commands_.Buffer().empty() ? Readiness::Read : Readiness::ReadOrWrite;
  }
  /// The time at which the present phase times out, kNever where none runs. Where a challenge of SCRAM costs work, it
  /// is in the past until that is done: each call of Next then does a part of it (RFC 5802 2.2), and waits for nothing.
  Millis NextDeadline() const noexcept;

  /// No message is in flight and no reply is awaited: ready for Send, Command or Quit.
  bool Idle() const noexcept {
    return stage_ == Stage::Ready && pending_ == 0 && InFlight() == 0 && commands_.Outstanding() == 0;
  }
  /// Messages started whose outcome has not been told.
  std::size_t InFlight() const noexcept { return transactions_.Count(); }
  /// No session: before Start, and after Failed, MustReconnect or Ended.
  bool IsOver() const noexcept { return stage_ == Stage::Over; }
  /// The source said Again: there is nothing to wait for on the wire.
  bool WaitsForSource() const noexcept { return waits_for_source_; }
  /// Bytes of the newest message's content not yet read from its source; kUnknownSize where not known, 0 where all was
  /// read.
  std::uint64_t ContentLeft() const noexcept { return step_ != Step::None ? content_.Left() : 0; }

  /// All of the newest message's content has gone out.
  bool ContentIsOut() const noexcept {
    return InFlight() != 0 && transactions_.Newest().IsWhole() &&
           commands_.SentBytes() >= transactions_.Newest().end_at;
  }

  /// The session takes no further message, though it stands (MAILMAX, RFC 9422): the next one needs a new session.
  bool IsExhausted() const noexcept {
    return stage_ == Stage::Ready && transactions_.Started() >= capabilities_.MaxMails();
  }
  /// The session failed while more than one reply was outstanding.
  bool FailedInGroup() const noexcept { return failed_in_group_; }
  /// The session ended because the server takes no message before the one before has its outcome, PIPELINING or not.
  bool RefusesOverlap() const noexcept { return refuses_overlap_; }
  /// One refused recipient refuses the message (SessionOptions).
  bool AllRecipientsOrNone() const noexcept { return options_.all_recipients_or_none; }

  /// Content may hold any bytes: it goes by BDAT to a server that offers BINARYMIME (RFC 3030 3).
  bool TakesBinary() const noexcept { return Chunks() && capabilities_.Has(Extension::BinaryMime); }

  /// What the session is doing, for errors.
  Phase CurrentPhase() const noexcept;
  /// What the last AUTH was by; says something once there was one.
  AuthMechanism Mechanism() const noexcept { return sasl_.Mechanism(); }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const noexcept { return capabilities_; }

 private:
  enum class Stage : std::uint8_t { Over, Opening, AwaitTls, Ready, Quitting };
  /// What the newest transaction writes next; None where it is whole, or given up, or there is none.
  enum class Step : std::uint8_t { None, Mail, Recipients, Data, AwaitGo, Content };
  /// Events that wait to be told, in the order of their telling; outcomes come before all of them.
  enum Pending : unsigned { kMustReconnect = 1, kFailed = 2, kEnded = 4 };

  bool HasOutcome() const noexcept { return InFlight() != 0 && transactions_.Oldest().end != Transaction::End::Open; }
  // What these tell goes into `event`, which is empty before: one event in memory is enough.
  void TakePending(Event& event) noexcept;
  bool TakeReply(Event& event, Millis now) noexcept;
  Event OnReply(const Reply& reply) noexcept;
  Event OnOpeningReply(Await what, const Reply& reply) noexcept;
  Event OnRecipientReply(std::uint32_t recipient, const Reply& reply) noexcept;
  void OnDataReply(const Reply& reply) noexcept;
  Event OnContentEndReply(const Reply& reply) noexcept;
  Event OnRecipientFinalReply(const Reply& reply) noexcept;
  bool AwaitsFurtherFinalReply() const noexcept;
  void ConcludeIfRefused() noexcept;
  void WriteDue(Event& event);
  void WriteMail(const Transaction& newest) noexcept;
  void WriteRecipient(const Transaction& newest) noexcept;
  void FillContent(Transaction& newest, Event& event);
  void FillChunk(Transaction& newest, Event& event);
  bool FitsBehind(std::size_t before) const;
  void WroteContent(Transaction& newest, detail::ContentWriter::Result result, std::size_t size, std::uint64_t left,
                    std::uint64_t read, Event& event) noexcept;

  void SayHello(Await what) noexcept;
  Event OnStartTlsReply(const Reply& reply) noexcept;
  void EndOpening() noexcept;
  void Authenticate(std::size_t first, const Reply* refusal = nullptr) noexcept;
  void StartMechanism(AuthMechanism mechanism) noexcept;
  Event OnAuthReply(const Reply& reply) noexcept;
  void Respond(detail::SaslStep step) noexcept;

  void Refuse(Await what, std::uint32_t recipient, const Reply& reply) noexcept;
  void Conclude() noexcept;
  void BreakOff(Errc code, std::string_view why) noexcept;
  void Fail(const Error& error) noexcept;
  void Lose(const Error& error) noexcept;
  void FailPolitely(const Error& error) noexcept;
  void Fail(Errc code, Phase phase, std::string_view why = {}) noexcept;
  void FailPolitely(Errc code, Phase phase, std::string_view why) noexcept;
  void Fail(Await what, Errc code, const Reply& reply, std::uint32_t recipient = 0) noexcept;
  void FailPolitely(Await what, Errc code, const Reply& reply) noexcept;
  void EndSession(unsigned pending, bool answered = false) noexcept;

  Error ErrorOn(Await what, Errc code, const Reply& reply, std::uint32_t recipient = 0) const noexcept;
  void DescribeCommand(const AwaitedReply& awaited, FixedText<kErrorCommandRoom>& text) const noexcept;
  /// Entries that the ring of outstanding replies may have.
  std::size_t Window() const noexcept { return Pipelines() ? SIZE_MAX : 1; }
  bool Chunks() const noexcept {
    return !detail::kIsSmall && options_.chunking && capabilities_.Has(Extension::Chunking);
  }
  bool Pipelines() const noexcept { return options_.pipelining && capabilities_.Has(Extension::Pipelining); }
  /// Replies to the oldest transaction are outstanding: the next ones, or the last ones, behind that to a RSET before.
  bool OldestIsAwaited() const noexcept {
    const std::uint32_t number = transactions_.Oldest().number;
    return commands_.Outstanding() != 0 &&
           (commands_.Front().transaction == number || commands_.Back().transaction == number);
  }
  std::size_t RecipientCommandSize(const Transaction& of, std::uint32_t index) const noexcept;
  /// Half of the messages that may be in flight wait to go out. They go first: while the server works on them, the
  /// other half is made.
  bool HalfWindowIsUnsent() const noexcept {
    const std::size_t most = transactions_.Room() < options_.in_flight ? transactions_.Room() : options_.in_flight;
    return transactions_.Newest().chunked && 2 * std::size_t{unsent_} >= most;
  }
  /// Content is not all out yet: its final reply cannot come.
  bool SendsContent() const noexcept;
  /// The last reply is done with; not while SASL still works on the challenge in it.
  void DropReply() noexcept {
    if (sasl_.Working()) return;
    input_.Consume(reply_size_);
    reply_size_ = 0;
  }

  detail::WireBuffer input_;
  detail::CommandWriter commands_;
  detail::ReplyParser parser_;
  detail::ContentWriter content_;
  detail::Sasl sasl_;
  SessionOptions options_;
  Capabilities capabilities_;
  Envelope envelope_;

  detail::TransactionQueue transactions_;

  Stage stage_ = Stage::Over;
  Step step_ = Step::None;
  unsigned pending_ = 0;
  std::size_t reply_size_ = 0;        // bytes of input_ that the last event's reply looks at
  std::uint32_t next_recipient_ = 0;  // the next one to be written
  std::uint32_t unsent_ = 0;          // messages whose content was written since the output was empty
  std::size_t chunk_size_ = 0;        // bytes of output that the chunk told last took
  bool reset_first_ = false;          // what the server makes of the message before is unknown: RSET goes before MAIL
  bool ready_told_ = false;           // Ready was told since the last Send
  bool failed_in_group_ = false;
  bool refuses_overlap_ = false;
  bool waits_for_source_ = false;
  Millis waiting_since_ = 0;
  Error refusal_;   // why the oldest transaction was refused
  Error breakage_;  // why one was broken off; no other starts before that is told
  Error error_;
  Transaction only_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/detail/engine_content.hpp ----
// How the Engine puts content into the output: as lines up to a dot (RFC 5321 4.5.2), or in chunks (RFC 3030).
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_CONTENT_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_CONTENT_HPP

SMTPOLL_NAMESPACE_BEGIN

inline void Engine::FillContent(Transaction& newest, Event& event) {
  if (!commands_.Buffer().empty()) return;
  const std::uint64_t left = content_.Left(), read = content_.Read();
  const detail::ContentWriter::Result result = content_.Fill(commands_.Buffer());
  WroteContent(newest, result, commands_.Buffer().Filled().size(), left, read, event);
  if (newest.IsWhole()) commands_.LastIsAskedHere();
}

// RFC 3030 2: each chunk is a command and has its reply; the reply to the last one is the message's.
inline void Engine::FillChunk(Transaction& newest, Event& event) {
  const std::size_t before = commands_.Buffer().Filled().size();
  if (!commands_.CanWrite(Window())) return;
  // A chunk joins the commands of its envelope, where it fits; each further one goes when the one before has gone.
  if (before != 0 && (content_.Read() != 0 || !FitsBehind(before))) return;
  const std::uint64_t left = content_.Left(), read = content_.Read();
  const detail::ContentWriter::Result result = content_.FillChunk(commands_.Buffer());
  if (commands_.Buffer().Filled().size() != before) commands_.ShowChunk(before);
  WroteContent(newest, result, commands_.Buffer().Filled().size() - before, left, read, event);
  if (chunk_size_ != 0) commands_.Expect(newest.IsWhole() ? Await::ContentEnd : Await::Chunk, newest.number);
}

/// The content fits into what is free behind `before` bytes, or would not fit into an empty buffer either.
inline bool Engine::FitsBehind(std::size_t before) const {
  const std::size_t capacity = commands_.Buffer().Capacity();
  const std::uint64_t room = content_.ChunkRoom();
  return room <= commands_.Buffer().Free().size() || (room > capacity && before < capacity / 2);
}

/// Content took `size` bytes of the output, after `left` and `read` were true of it.
inline void Engine::WroteContent(Transaction& newest, detail::ContentWriter::Result result, std::size_t size,
                                 std::uint64_t left, std::uint64_t read, Event& event) noexcept {
  if (result == detail::ContentWriter::Result::Failed) {
    BreakOff(Errc::SourceFailed, content_.Failure());
    return;
  }
  chunk_size_ = size;
  waits_for_source_ = size == 0;
  commands_.WroteContent(size);
  if (result == detail::ContentWriter::Result::End) {
    newest.end_at = commands_.Written();
    ++unsent_;
    step_ = Step::None;
    if constexpr (detail::kIsSmall) {
      commands_.Show(Side::Client, "[content]");
    } else {
      FixedText<64> note;
      note.Append("[");
      note.AppendDecimal(content_.Read());
      note.Append(newest.chunked ? " bytes of content by BDAT]" : " bytes of content]");
      commands_.Show(Side::Client, note.View());
    }
    if (!newest.chunked) commands_.Show(Side::Client, ".");
  }
  event.left = left;
  event.chunk = static_cast<std::size_t>(content_.Read() - read);
  if (event.chunk != 0) event.kind = EventKind::Chunk;
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/detail/engine_ending.hpp ----
// How the Engine's messages and sessions end, and what each end is called: refused, returned, in doubt, failed.
// Invariant: in doubt is a message whose last byte went out and whose final reply did not come in; nothing else.
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_ENDING_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_ENDING_HPP

SMTPOLL_NAMESPACE_BEGIN

// How a transaction ends. The first refusal is the reason that is told; what is not written yet is not written any
// more.
inline void Engine::Refuse(Await what, std::uint32_t recipient, const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  if (oldest.refused) return;
  oldest.refused = true;
  refusal_ = ErrorOn(what, Errc::MessageRefused, reply, recipient);
  if (InFlight() == 1) step_ = Step::None;
}

/// The oldest transaction is refused or broken off: that is its outcome once every command of it has its reply. The
/// server's state is cleared (RFC 5321 4.1.1.5), unless the next message, which is on its way already, does that.
inline void Engine::Conclude() noexcept {
  if (OldestIsAwaited()) return;
  transactions_.Oldest().end = Transaction::End::Refused;
  if (InFlight() == 1) commands_.Write(Await::Reset);
}

/// Gives the newest message up before its end is written. By BDAT the server can be told so; DATA can only be cut off.
SMTPOLL_APART inline void Engine::BreakOff(Errc code, std::string_view why) noexcept {
  Transaction& newest = transactions_.Newest();
  breakage_ = Error(code, Phase::Content, why);
  newest.broken = true;
  newest.end_at = UINT64_MAX;
  step_ = Step::None;
  if (!newest.chunked)
    EndSession(kMustReconnect);
  else if (InFlight() == 1)
    Conclude();
}

// How a session ends.
inline void Engine::Fail(const Error& error) noexcept {
  error_ = error;
  failed_in_group_ = commands_.Outstanding() > 1 || (commands_.Outstanding() == 1 && commands_.Front().count > 1);
  if (commands_.Outstanding() != 0 && error_.command.empty()) DescribeCommand(commands_.Front(), error_.command);
  EndSession(kFailed, error.reply_code / 100 == 4 || error.reply_code / 100 == 5);
}

/// As Fail, for a wire that is gone. A server may hang up on the chunks that were on their way when it refused one: the
/// message has its answer all the same, and what waits needs a new wire, as when DATA's content is refused half-way.
inline void Engine::Lose(const Error& error) noexcept {
  const bool answered = InFlight() != 0 && transactions_.Oldest().refused && refusal_.phase == Phase::Content;
  Fail(error);
  if (answered) pending_ = (pending_ & ~static_cast<unsigned>(kFailed)) | kMustReconnect;
}

/// As Fail, and leaves QUIT in the output for a driver that will flush once more (RFC 5321 3.1: after 554, QUIT).
inline void Engine::FailPolitely(const Error& error) noexcept {
  Fail(error);
  commands_.Write(Await::Quit);
  commands_.ForgetAwaited();
}

SMTPOLL_APART inline void Engine::Fail(Errc code, Phase phase, std::string_view why) noexcept {
  Fail(Error(code, phase, why));
}
SMTPOLL_APART inline void Engine::FailPolitely(Errc code, Phase phase, std::string_view why) noexcept {
  FailPolitely(Error(code, phase, why));
}
/// Because of a reply; 421 is the end of the wire.
SMTPOLL_APART inline void Engine::Fail(Await what, Errc code, const Reply& reply, std::uint32_t recipient) noexcept {
  const Error error = ErrorOn(what, code, reply, recipient);
  reply.code == 421 ? Lose(error) : Fail(error);
}
SMTPOLL_APART inline void Engine::FailPolitely(Await what, Errc code, const Reply& reply) noexcept {
  FailPolitely(ErrorOn(what, code, reply));
}

/// Every message in flight has its outcome now. `answered`: the oldest got its answer, which was no.
inline void Engine::EndSession(unsigned pending, bool answered) noexcept {
  transactions_.ForEach([&](Transaction& one) {
    if (one.end != Transaction::End::Open) return;
    const bool out = one.IsWhole() && commands_.SentBytes() >= one.end_at;
    one.end = one.refused || one.broken ? Transaction::End::Refused
              : out && !answered        ? Transaction::End::InDoubt
                                        : Transaction::End::Returned;
    answered = false;
  });
  commands_.DropOutput();
  commands_.ForgetAwaited();
  stage_ = Stage::Over;
  step_ = Step::None;
  sasl_.Stop();
  waits_for_source_ = false;
  pending_ |= pending;
}

inline void Engine::Closed(const Error& why) noexcept {
  if (IsOver()) return;
  if (stage_ == Stage::Quitting) {
    EndSession(kEnded);
    return;
  }
  const Phase phase = CurrentPhase();
  Lose(why);
  if (error_.phase == Phase::None) error_.phase = phase;
}

inline void Engine::TakePending(Event& event) noexcept {
  if (HasOutcome()) {
    const Transaction& oldest = transactions_.Oldest();
    switch (oldest.end) {
      case Transaction::End::Accepted: event.kind = EventKind::Accepted; break;
      case Transaction::End::InDoubt: event.kind = EventKind::InDoubt; break;
      case Transaction::End::Returned: event.kind = EventKind::Returned; break;
      default: event.kind = EventKind::Refused; break;
    }
    event.error = event.kind != EventKind::Refused ? &error_ : oldest.refused ? &refusal_ : &breakage_;
    transactions_.DropOldest();
    return;
  }
  struct Telling {
    Pending pending;
    EventKind kind;
  };
  constexpr Telling kOrder[] = {
      {kMustReconnect, EventKind::MustReconnect}, {kFailed, EventKind::Failed}, {kEnded, EventKind::Ended}};
  event.error = &error_;
  for (const Telling& telling : kOrder) {
    if ((pending_ & telling.pending) == 0) continue;
    pending_ &= ~static_cast<unsigned>(telling.pending);
    event.kind = telling.kind;
    break;
  }
}

inline Phase Engine::CurrentPhase() const noexcept {
  if (SendsContent()) return Phase::Content;
  if (commands_.Outstanding() != 0) return detail::RuleOf(commands_.Front().what).phase;
  if (sasl_.Working()) return Phase::Authentication;
  return stage_ == Stage::Over ? Phase::None : stage_ == Stage::AwaitTls ? Phase::Tls : Phase::Idle;
}

inline Millis Engine::NextDeadline() const noexcept {
  if (sasl_.Working()) return waiting_since_;
  Millis timeout = options_.timeouts.content;
  if (!SendsContent()) {
    if (commands_.Outstanding() == 0) return kNever;
    timeout = options_.timeouts.*detail::RuleOf(commands_.Front().what).timeout;
  }
  return timeout > kNever - waiting_since_ ? kNever : waiting_since_ + timeout;
}

inline bool Engine::SendsContent() const noexcept {
  if (stage_ != Stage::Ready || InFlight() == 0) return false;
  const Transaction& oldest = transactions_.Oldest();
  if (oldest.refused || oldest.broken) return false;
  if (commands_.Outstanding() == 0) return step_ == Step::Content;
  const Await what = commands_.Front().what;
  return (what == Await::Chunk || what == Await::ContentEnd) && !commands_.FrontWasAsked();
}

inline Error Engine::ErrorOn(Await what, Errc code, const Reply& reply, std::uint32_t recipient) const noexcept {
  Error error(code, detail::RuleOf(what).phase, reply.text);
  error.reply_code = reply.code;
  error.enhanced = reply.enhanced;
  AwaitedReply awaited;
  awaited.what = what;
  awaited.recipient = recipient;
  awaited.transaction = InFlight() != 0 ? transactions_.Oldest().number : 0;
  DescribeCommand(awaited, error.command);
  return error;
}

inline void Engine::DescribeCommand(const AwaitedReply& awaited, FixedText<kErrorCommandRoom>& text) const noexcept {
  const detail::AwaitRule& rule = detail::RuleOf(awaited.what);
  text.Assign(rule.command);
  if (rule.phase == Phase::Hello) text.Append(options_.client_name);
  if (detail::kHasAuth && awaited.what == Await::Auth) text.Append(Name(sasl_.Mechanism()));
  if (const Transaction* one = transactions_.Find(awaited.transaction)) {
    if (awaited.what == Await::Mail) text.Append(one->reverse_path);
    if (awaited.what == Await::Recipient) text.Append(one->recipients[awaited.recipient].mailbox);
  }
  text.Append(rule.closing);
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/detail/engine_impl.hpp ----
// The two tables that move the Engine: OnReply, what each reply does, and WriteDue, what is to be written next.
// RFC 5321 3 and 4, RFC 2920 (groups), RFC 3030 (chunks), RFC 2033 (LMTP).
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_IMPL_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_IMPL_HPP

SMTPOLL_NAMESPACE_BEGIN

inline void Engine::Start(const SessionOptions& options, Millis now) noexcept {
  options_ = options;
  capabilities_ = {};
  input_.Clear();
  reply_size_ = 0;
  parser_.Reset();
  pending_ = 0;
  transactions_.Clear();
  step_ = Step::None;
  unsent_ = 0;
  chunk_size_ = 0;
  failed_in_group_ = refuses_overlap_ = false;
  sasl_.Stop();
  error_ = {};
  waits_for_source_ = false;
  waiting_since_ = now;
  commands_.Start(options.transcript);
  stage_ = Stage::Opening;
  commands_.Expect(Await::Greeting);
  const bool fits = !options.client_name.empty() && options.client_name.size() <= 255;
  if (!fits || detail::HasLineBreakOrNul(options.client_name) ||
      options.client_name.find(' ') != std::string_view::npos)
    Fail(Errc::InvalidMessage, Phase::Hello, "the client's name is no domain or address literal");
  else if (detail::kIsSmall && options.lmtp)
    Fail(Errc::NotOffered, Phase::Hello, "SMTPOLL_SMALL leaves LMTP out");
}

inline Event Engine::Next(Millis now) {
  Event event;
  chunk_size_ = 0;
  for (;;) {
    DropReply();
    if (HasOutcome() || pending_ != 0) {
      TakePending(event);
      return event;
    }
    if (IsOver() || stage_ == Stage::AwaitTls) return event;
    if (sasl_.Working()) {
      const detail::SaslStep step = sasl_.Work();
      if (step != detail::SaslStep::Again) {
        Respond(step);
        continue;
      }
      if (now - waiting_since_ < options_.timeouts.authentication) return event;
      Fail(Errc::TimedOut, CurrentPhase());
      continue;
    }

    if (TakeReply(event, now)) {
      if (event.kind != EventKind::None) return event;
      continue;
    }
    WriteDue(event);
    if (event.kind != EventKind::None) return event;
    if (HasOutcome() || pending_ != 0) continue;
    if (!ready_told_ && InFlight() != 0 && CanSend()) {
      ready_told_ = true;
      event.kind = EventKind::Ready;
      return event;
    }
    if (now < NextDeadline()) return event;
    const bool may_want_tls = !detail::kIsSmall && CurrentPhase() == Phase::Greeting && !options_.secured;
    Fail(Errc::TimedOut, CurrentPhase(),
         may_want_tls ? "where the port speaks TLS first, as 465 does, set SMTPConnectionType to SSLTLS" : "");
  }
}

/// Reads one reply and does what it asks for; false where none is whole yet.
SMTPOLL_APART inline bool Engine::TakeReply(Event& event, Millis now) noexcept {
  Reply reply;
  switch (
      parser_.Parse(input_.Filled(), reply, [this](std::string_view line) { commands_.Show(Side::Server, line); })) {
    case detail::ReplyParser::Result::Complete:
      reply_size_ = parser_.Size();
      parser_.Reset();
      waiting_since_ = now;
      event = OnReply(reply);
      return true;
    case detail::ReplyParser::Result::Malformed: Fail(Errc::MalformedReply, CurrentPhase()); return true;
    case detail::ReplyParser::Result::NeedMore: break;
  }
  if (input_.Filled().size() < input_.Capacity()) return false;
  Fail(Errc::ReplyTooLong, CurrentPhase());
  return true;
}

// What each reply does.
inline Event Engine::OnReply(const Reply& reply) noexcept {
  const Errc unexpected = reply.code == 421 ? Errc::ConnectionLost : Errc::UnexpectedReply;
  if (commands_.Outstanding() == 0) {
    // RFC 5321 3.8: a server may say 421 at any time; nothing else comes unasked.
    Fail(Await::Greeting, unexpected, reply);
    error_.phase = Phase::Idle;
    return {};
  }
  const AwaitedReply awaited = commands_.Front();
  const Await what = awaited.what;
  const auto fail = [&] { Fail(what, unexpected, reply, awaited.recipient); };
  // A refusal may overtake the content; nothing else may come before its command has gone out.
  const bool content = what == Await::Chunk || what == Await::ContentEnd;
  const bool overtakes = content && !reply.IsPositive() && !reply.IsIntermediate();
  const bool out_of_turn = !commands_.FrontWasAsked() && !overtakes;
  const bool asks_for_more = reply.IsIntermediate() && what != Await::Data && what != Await::Auth;
  const bool closing = reply.code == 421 && what != Await::Quit && what != Await::Greeting;
  if (out_of_turn || asks_for_more || closing) {
    fail();
    return {};
  }
  if (what == Await::Recipient && awaited.count > 1)
    commands_.PopRecipient(RecipientCommandSize(transactions_.Oldest(), awaited.recipient + 1));
  else if (what != Await::ContentEnd || !AwaitsFurtherFinalReply())
    commands_.PopFront();
  switch (what) {
    case Await::Greeting:
    case Await::Ehlo:
    case Await::Helo:
    case Await::Lhlo: return OnOpeningReply(what, reply);
    case Await::Auth:
      if constexpr (detail::kHasAuth) return OnAuthReply(reply);
      return {};
    case Await::AuthCancelled: {
      if constexpr (!detail::kHasAuth) return {};
      const std::string_view fault = sasl_.Fault();
      FailPolitely(Await::Auth, Errc::AuthenticationFailed, reply);
      if (fault.empty()) return {};
      error_.reply_code = 0;
      error_.enhanced = {};
      error_.text.Assign(fault);
      return {};
    }
    case Await::StartTls: return OnStartTlsReply(reply);
    case Await::Mail:
      // "Bad sequence of commands" where there is none: a server that takes nothing behind the end of a content.
      if (!detail::kIsSmall && reply.code == 503 && transactions_.Oldest().overlaps) {
        refuses_overlap_ = true;
        error_ = ErrorOn(what, Errc::UnexpectedReply, reply);
        EndSession(kMustReconnect, true);
        return {};
      }
      if (!reply.IsPositive()) Refuse(what, 0, reply);
      ConcludeIfRefused();
      return {};
    case Await::Recipient: return OnRecipientReply(awaited.recipient, reply);
    case Await::Data: OnDataReply(reply); return {};
    case Await::Chunk:
      if (!reply.IsPositive()) Refuse(what, 0, reply);
      ConcludeIfRefused();
      return {};
    case Await::ContentEnd: return OnContentEndReply(reply);
    case Await::Reset:
      if (!reply.IsPositive()) fail();
      return {};
    case Await::Quit: EndSession(kEnded); return {};
    case Await::Command: {
      Event event;
      event.kind = EventKind::CommandReply;
      event.reply = reply;
      return event;
    }
  }
  return {};
}

inline Event Engine::OnRecipientReply(std::uint32_t recipient, const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  Event event;
  event.reply = reply;
  event.recipient = recipient;
  event.kind = reply.IsPositive() ? EventKind::RecipientAccepted : EventKind::RecipientRefused;
  if (reply.IsPositive()) ++oldest.accepted;
  // The message is refused when no recipient is left; the last refusal is then the reason given.
  const bool last = recipient + 1 == oldest.recipients.size();
  if (!reply.IsPositive() && (options_.all_recipients_or_none || (last && oldest.accepted == 0)))
    Refuse(Await::Recipient, recipient, reply);
  ConcludeIfRefused();
  return event;
}

inline void Engine::OnDataReply(const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  if (!reply.IsIntermediate()) {
    if (reply.IsPositive()) return Fail(Await::Data, Errc::UnexpectedReply, reply);
    Refuse(Await::Data, 0, reply);
    return Conclude();
  }
  // RFC 2920 3.1: DATA was grouped and accepted though no recipient was; an empty message must follow, and is refused.
  if (oldest.refused) return commands_.Write(Await::ContentEnd, {}, {}, oldest.number);
  step_ = Step::Content;
  commands_.ExpectLater(Await::ContentEnd, oldest.number);
}

inline Event Engine::OnContentEndReply(const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  if (oldest.refused) {
    Conclude();
    return {};
  }
  if constexpr (!detail::kIsSmall)
    if (options_.lmtp && oldest.IsWhole()) return OnRecipientFinalReply(reply);
  if (reply.IsPositive()) {
    transactions_.DropOldest();
    Event event;
    event.kind = EventKind::Accepted;
    event.reply = reply;
    return event;
  }
  Refuse(Await::ContentEnd, 0, reply);
  // Refused half-way: what the server makes of the rest is unknown, so the wire is given up.
  if (oldest.IsWhole())
    Conclude();
  else
    EndSession(kMustReconnect);
  return {};
}

// RFC 2033 4.2: the content gets a reply for each recipient that was accepted, in their order.
inline Event Engine::OnRecipientFinalReply(const Reply& reply) noexcept {
  Transaction& oldest = transactions_.Oldest();
  Event event;
  event.kind = EventKind::RecipientFinal;
  event.reply = reply;
  event.recipient = oldest.final_replies++;
  oldest.delivered = oldest.delivered || reply.IsPositive();
  if (oldest.final_replies < oldest.accepted) return event;
  if (oldest.delivered) {
    oldest.end = Transaction::End::Accepted;
  } else {
    Refuse(Await::ContentEnd, 0, reply);
    Conclude();
  }
  return event;
}

inline bool Engine::AwaitsFurtherFinalReply() const noexcept {
  if constexpr (detail::kIsSmall) return false;
  const Transaction& oldest = transactions_.Oldest();
  return options_.lmtp && oldest.IsWhole() && !oldest.refused && oldest.final_replies + 1 < oldest.accepted;
}

inline void Engine::ConcludeIfRefused() noexcept {
  if (transactions_.Oldest().refused || transactions_.Oldest().broken) Conclude();
}

// What is to be written next.
inline void Engine::WriteDue(Event& event) {
  while (stage_ == Stage::Ready && step_ != Step::None) {
    Transaction& newest = transactions_.Newest();
    switch (step_) {
      case Step::Mail: {
        if (!commands_.CanWrite(Window())) return;
        if (reset_first_) {
          reset_first_ = false;
          commands_.Write(Await::Reset, {}, {}, newest.number);
          break;
        }
        WriteMail(newest);
        step_ = Step::Recipients;
        break;
      }
      case Step::Recipients:
        if (!commands_.CanWriteRecipient(Window(), newest.number)) return;
        WriteRecipient(newest);
        if (++next_recipient_ == envelope_.recipients.size()) step_ = Step::Data;
        break;
      case Step::Data:
        if (!commands_.CanWrite(options_.all_recipients_or_none ? 1 : Window())) return;
        if (!newest.chunked) commands_.Write(Await::Data, {}, {}, newest.number);
        step_ = newest.chunked ? Step::Content : Step::AwaitGo;
        break;
      case Step::Content:
        if constexpr (!detail::kIsSmall)
          if (newest.chunked) return FillChunk(newest, event);
        return FillContent(newest, event);
      case Step::AwaitGo:
      case Step::None: return;
    }
  }
}

SMTPOLL_APART inline void Engine::WriteMail(const Transaction& newest) noexcept {
  const detail::ParameterText parameters = detail::MailParameters(envelope_, content_.Left(), capabilities_);
  commands_.Write(Await::Mail, envelope_.reverse_path, parameters.View(), newest.number);
}

SMTPOLL_APART inline void Engine::WriteRecipient(const Transaction& newest) noexcept {
  const Recipient& recipient = envelope_.recipients[next_recipient_];
  const detail::ParameterText parameters = detail::RecipientParameters(recipient, capabilities_);
  commands_.WriteRecipient(recipient.mailbox, parameters.View(), next_recipient_, newest.number);
}

inline std::size_t Engine::RecipientCommandSize(const Transaction& of, std::uint32_t index) const noexcept {
  const Recipient& recipient = of.recipients[index];
  return detail::CommandWriter::RecipientSize(recipient.mailbox,
                                              detail::RecipientParameters(recipient, capabilities_).View());
}

inline bool Engine::CanSend() const noexcept {
  if (stage_ != Stage::Ready || pending_ != 0 || HasOutcome() || step_ != Step::None || IsExhausted()) return false;
  const bool alone = InFlight() == 0;
  if (alone && commands_.Outstanding() == 0) return true;
  // RFC 2920 3.1: the end of content, RSET, MAIL and RCPT may stand anywhere in a group, a command like VRFY only last.
  if (!Pipelines() || !commands_.CanWrite(SIZE_MAX) || commands_.Back().what == Await::Command) return false;
  return alone || (!detail::kIsSmall && transactions_.Newest().IsWhole() && InFlight() < transactions_.Room() &&
                   InFlight() < options_.in_flight && !HalfWindowIsUnsent());
}

inline Error Engine::Send(const Envelope& envelope, Source& content, Millis now) {
  if (!CanSend())
    return Error(Errc::InvalidState, CurrentPhase(), "a message cannot start before the session is ready");
  const Error error = detail::CheckEnvelope(envelope, content.Size(), capabilities_);
  if (error) return error;
  const bool trusted = options_.secured && options_.server_verified;
  if (const char* fault = detail::RequireTlsFault(envelope, capabilities_, trusted))
    return Error(Errc::NotOffered, Phase::Mail, fault);
  const bool binary = envelope.body == BodyType::BinaryMime;
  if (binary && !TakesBinary())
    return Error(Errc::NotOffered, Phase::Mail, "BINARYMIME needs BDAT, which is turned off");
  // After DATA's content the server has forgotten its envelope (RFC 5321 4.1.1.4); a BDAT that it refused leaves it,
  // and whether it does is not known yet.
  reset_first_ = InFlight() != 0 && transactions_.Newest().chunked;
  Transaction& newest = transactions_.Add();
  newest.overlaps = InFlight() > 1;
  newest.reverse_path = envelope.reverse_path;
  newest.recipients = envelope.recipients;
  envelope_ = envelope;
  // Each chunk has its reply: without PIPELINING, DATA is faster unless one chunk is enough.
  const bool one_chunk = content.Size() <= commands_.Buffer().Capacity() / 4;
  newest.chunked = Chunks() && (binary || one_chunk || Pipelines());
  content_.Start(content, newest.chunked, binary);
  next_recipient_ = 0;
  waits_for_source_ = ready_told_ = false;
  step_ = Step::Mail;
  if (commands_.Outstanding() == 0) waiting_since_ = now;
  return {};
}

inline void Engine::Quit(Millis now) noexcept {
  if (!Idle()) return;
  stage_ = Stage::Quitting;
  waiting_since_ = now;
  commands_.Write(Await::Quit);
}

inline bool Engine::Command(std::string_view line, Millis now) noexcept {
  if (!Idle() || line.empty() || line.size() > 510 || detail::HasLineBreakOrNul(line)) return false;
  waiting_since_ = now;
  commands_.Write(Await::Command, line);
  return true;
}

inline void Engine::Cancel() noexcept {
  if (stage_ != Stage::Ready || InFlight() == 0 || chunk_size_ == 0) return;
  if (transactions_.Newest().chunked) commands_.ForgetLast(chunk_size_);
  chunk_size_ = 0;
  BreakOff(Errc::Cancelled, "SendProgress asked for it");
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/protocol/detail/engine_opening.hpp ----
// How the Engine's session opens: EHLO or HELO or LHLO (RFC 5321 3.2), STARTTLS (RFC 3207), AUTH (RFC 4954).
// Invariant: no credential is written before the wire is encrypted, unless the caller allowed that by name.
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_OPENING_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_OPENING_HPP

SMTPOLL_NAMESPACE_BEGIN

inline Event Engine::OnOpeningReply(Await what, const Reply& reply) noexcept {
  Event event;
  event.reply = reply;
  switch (what) {
    case Await::Greeting:
      if (!reply.IsPositive()) {
        FailPolitely(what, Errc::ServiceRefused, reply);
        return {};
      }
      event.kind = EventKind::Greeting;
      SayHello(options_.lmtp ? Await::Lhlo : Await::Ehlo);
      return event;
    case Await::Ehlo:
    case Await::Helo:
    case Await::Lhlo:
      if (reply.IsPositive()) {
        if (what != Await::Helo) capabilities_ = Capabilities::FromReplyText(reply.text);
        event.kind = EventKind::Hello;
        if (options_.secured || options_.start_tls == StartTls::Never)
          EndOpening();
        else if (capabilities_.Has(Extension::StartTls))
          commands_.Write(Await::StartTls);
        else if (options_.start_tls == StartTls::IfOffered)
          EndOpening();
        else
          FailPolitely(Errc::TlsRefused, Phase::Tls, "STARTTLS is not offered");
        return event;
      }
      // RFC 5321 3.2: a server that does not know EHLO gets HELO.
      if (what == Await::Ehlo && reply.IsPermanent())
        SayHello(Await::Helo);
      else
        FailPolitely(what, Errc::ServiceRefused, reply);
      return {};
    default: return {};
  }
}

inline Event Engine::OnStartTlsReply(const Reply& reply) noexcept {
  if (!reply.IsPositive()) {
    if (options_.start_tls == StartTls::IfOffered)
      EndOpening();
    else
      FailPolitely(Await::StartTls, Errc::TlsRefused, reply);
    return {};
  }
  // RFC 3207 4.2: what stands behind the 220 was sent in the clear, and would be read as if it had been encrypted.
  if (input_.Filled().size() != reply_size_) {
    Fail(Errc::UnexpectedReply, Phase::Tls,
         "plain text was sent behind the answer to STARTTLS: use implicit TLS (port 465), or another network");
    return {};
  }
  stage_ = Stage::AwaitTls;
  Event event;
  event.kind = EventKind::NeedTls;
  event.reply = reply;
  return event;
}

inline void Engine::Secured(Millis now, std::string_view channel_binding_type,
                            std::string_view channel_binding) noexcept {
  if (stage_ != Stage::AwaitTls) return;
  options_.secured = true;
  options_.credentials.channel_binding_type = channel_binding_type;
  options_.credentials.channel_binding = channel_binding;
  capabilities_ = {};
  input_.Clear();
  reply_size_ = 0;
  parser_.Reset();
  waiting_since_ = now;
  stage_ = Stage::Opening;
  SayHello(options_.lmtp ? Await::Lhlo : Await::Ehlo);
}

inline void Engine::EndOpening() noexcept {
  if (options_.credentials.empty())
    stage_ = Stage::Ready;
  else if (detail::kHasAuth)
    Authenticate(0);
  else
    FailPolitely(Errc::AuthenticationUnavailable, Phase::Authentication, "SMTPOLL_NO_AUTH leaves AUTH out");
}

inline void Engine::SayHello(Await what) noexcept { commands_.Write(what, options_.client_name); }

// RFC 4954: the strongest mechanism, from number `first` on, that the server offers and the credentials fit. `refusal`
// is the server's word on the one before, where that is why the next is tried.
inline void Engine::Authenticate(std::size_t first, const Reply* refusal) noexcept {
  const Credentials& credentials = options_.credentials;
  if (!options_.secured && !options_.allow_plaintext_credentials) {
    FailPolitely(Errc::CredentialsOnPlainWire, Phase::Authentication, "encrypt the connection or allow it by name");
    return;
  }
  Error error(Errc::AuthenticationUnavailable, Phase::Authentication);
  const AuthMechanism mechanism = detail::StrongestMechanism(capabilities_, credentials, first, error.text);
  if (mechanism != AuthMechanism::Any) return StartMechanism(mechanism);
  if (error.text.empty()) error.text.Assign("use its port for submission (587, 465), or no UserName");
  FailPolitely(refusal == nullptr ? error : ErrorOn(Await::Auth, Errc::AuthenticationUnavailable, *refusal));
}

inline void Engine::StartMechanism(AuthMechanism mechanism) noexcept {
  sasl_.Start(mechanism, options_.credentials);
  FixedText<64> command(detail::RuleOf(Await::Auth).command);
  command.Append(Name(mechanism));
  const std::size_t size = sasl_.SpeaksFirst() ? sasl_.ResponseSize() : 0;
  if (size + 2 > commands_.Buffer().Free().size()) {
    FailPolitely(Errc::OutOfMemory, Phase::Authentication, "the credentials do not fit the send buffer");
    return;
  }
  // RFC 4954 4: a command line has 512 bytes; what is longer waits to be asked for.
  command.Append(" ");
  if (!sasl_.SpeaksFirst() || command.View().size() + size + 2 > 512)
    return commands_.Write(Await::Auth, Name(mechanism));
  FixedText<72> shown(command.View());
  shown.Append("****");
  commands_.WriteSecret(Await::Auth, command.View(), shown.View(), [this](char* into) {
    const std::size_t written = sasl_.WriteResponse(into);
    if (written == 0) *into = '=';
    return written == 0 ? 1 : written;
  });
}

inline Event Engine::OnAuthReply(const Reply& reply) noexcept {
  if (reply.IsIntermediate()) {
    // The text stands in the receive buffer, and is decoded there.
    const Span<char> received = input_.Filled();
    Respond(sasl_.Take({received.data() + (reply.text.data() - received.data()), reply.text.size()}));
    return {};
  }
  if (reply.IsPositive()) {
    if (!sasl_.Verified(reply.text)) {
      FailPolitely(Errc::AuthenticationFailed, Phase::Authentication,
                   "the server did not prove that it knows the password");
      return {};
    }
    sasl_.Stop();
    stage_ = Stage::Ready;
    Event event;
    event.kind = EventKind::Authenticated;
    event.reply = reply;
    return event;
  }
  // RFC 4954 4 and 6: 504 and 534 refuse the mechanism and not the credentials; another one may do.
  if (reply.code == 504 || reply.code == 534) {
    Authenticate(static_cast<std::size_t>(sasl_.Mechanism()) + 1, &reply);
    return {};
  }
  Error error = ErrorOn(Await::Auth, Errc::AuthenticationFailed, reply);
  if (!sasl_.Remark().empty()) {
    error.text.Assign(sasl_.Remark());
    error.text.Append(" ");
    error.text.Append(reply.text);
  }
  FailPolitely(error);
  return {};
}

inline void Engine::Respond(detail::SaslStep step) noexcept {
  if (step == detail::SaslStep::Again) return;
  if (step == detail::SaslStep::Respond && sasl_.ResponseSize() + 2 > commands_.Buffer().Free().size())
    step = sasl_.Cancel("the response does not fit the send buffer");
  if (step == detail::SaslStep::Respond)
    commands_.WriteSecret(Await::Auth, "", "****", [this](char* into) { return sasl_.WriteResponse(into); });
  else
    commands_.Write(Await::AuthCancelled);  // RFC 4954 4: the way to cancel
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/smtp_core.hpp ----
// What is SMTP's own of a Driver: the engine with the memory it works in, and how a client without a name calls itself.
#ifndef SMTPOLL_CLIENT_SMTP_CORE_HPP
#define SMTPOLL_CLIENT_SMTP_CORE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a Driver drives: the engine of a protocol, the memory it works in and the options it starts with.
template <typename Limits>
struct SmtpCore {
  static_assert(Limits::kInput >= 512 && Limits::kOutput >= 1024 && Limits::kInFlight >= 1,
                "Limits: kInput is at least 512, kOutput at least 1024 bytes, kInFlight at least 1");
  using Engine = smtpoll::Engine;
  using Event = smtpoll::Event;
  using Options = SessionOptions;
  using Tally = SessionTally;

  /// True for an event after which the wire is closed.
  static constexpr bool EndsWire(EventKind kind) noexcept {
    return kind == EventKind::Failed || kind == EventKind::Ended || kind == EventKind::MustReconnect;
  }

  /// Notes what the engine tells.
  void Note(const Event& event, SessionTally& tally) const noexcept {
    tally.Note(event);
    if (event.kind == EventKind::Authenticated) tally.mechanism = engine.Mechanism();
  }

  AwaitedReply window[4 * Limits::kInFlight];  // RSET, MAIL, RCPT and the content's end, for each message
  Transaction in_flight[Limits::kInFlight];
  char input[Limits::kInput];
  char output[Limits::kOutput];
  Engine engine{input, output, window, in_flight};
};

/// The same for a client that has no memory to spare, neither for a tally nor for a name that it was not given.
template <typename Limits>
struct SmallSmtpCore : SmtpCore<Limits> {
  struct Tally {};
};

/// `[127.0.0.1]` or `[IPv6:::1]`: how a client without a domain names itself (RFC 5321 4.1.3), whose IP is `address`.
template <typename Text>
void AssignAddressLiteral(std::string_view address, Text& to) noexcept {
  to.Assign("[");
  if (address.find(':') != std::string_view::npos) to.Append("IPv6:");
  to.Append(address.empty() ? std::string_view("127.0.0.1") : First(address, address.find('%')));
  to.Append("]");
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/socket_policy.hpp ----
// What a socket policy must be: the one place where smtpoll meets a TCP stack. Every call returns at once but Wait.
// A policy never raises SIGPIPE, never throws, and reports a lost connection as Closed or as Errc::ConnectionLost.
//
// The shortest correct policy has these members (tests/examples/own_socket_policy.cpp is one that runs):
//
//   class MySocket {
//    public:
//     using Handle = int;                                  // what the user's event loop takes
//     static constexpr Handle kNoHandle = -1;
//     static Millis Now();                                 // a clock that never runs backwards
//     IoResult Connect(const Endpoint& to);                // starts; Done, Again or Failed
//     IoResult ConnectStep();                              // goes on until Done
//     Readiness ConnectWants() const;                      // what ConnectStep waits for after Again
//     IoResult Read(char* into, std::size_t room);
//     IoResult Write(const char* bytes, std::size_t size);
//     Readiness Wait(Readiness what, Millis at_most);      // the only call that blocks; for None, also unconnected
//     void Close();                                        // at any time, more than once
//     Handle NativeHandle() const;                         // kNoHandle where there is none
//     std::size_t LocalAddress(char* into, std::size_t room) const;   // IP as text, 0 where unknown
//     std::size_t RemoteAddress(char* into, std::size_t room) const;
//   };
//
// A policy that can also take a connection adds Listen(std::uint16_t& port, std::string_view local) and AcceptStep();
// one whose failures need more than a number adds std::string_view FaultText() const; one whose ConnectStep has
// something to do at a certain time, though nothing is ready, adds Millis ConnectDeadline() const; one that can tell the
// look-up of a name from what follows adds bool Resolving() const, for diagnostics.
#ifndef SMTPOLL_SOCKET_SOCKET_POLICY_HPP
#define SMTPOLL_SOCKET_SOCKET_POLICY_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Where to connect to. The views need to live only as long as the call of Connect.
struct Endpoint {
  std::string_view host;           ///< Host name, IPv4 or IPv6 literal (with or without brackets).
  std::uint16_t port = 0;          ///< 1 to 65535.
  std::string_view local_address;  ///< IP of the local interface to bind to; empty: the system's choice.
};

namespace detail {

/// True where `Call<T...>` is a valid expression (the detection idiom; std's own is not in C++17).
template <template <typename...> class Call, typename Void, typename... T>
struct IsValid : std::false_type {};
template <template <typename...> class Call, typename... T>
struct IsValid<Call, std::void_t<Call<T...>>, T...> : std::true_type {};

template <typename Result, template <typename...> class Call, typename... T>
constexpr bool Returns() noexcept {
  if constexpr (IsValid<Call, void, T...>::value)
    return std::is_convertible_v<Call<T...>, Result>;
  else
    return false;
}

template <typename S>
using SocketNow = decltype(S::Now());
template <typename S>
using SocketConnect = decltype(std::declval<S&>().Connect(std::declval<const Endpoint&>()));
template <typename S>
using SocketConnectStep = decltype(std::declval<S&>().ConnectStep());
template <typename S>
using SocketConnectWants = decltype(std::declval<const S&>().ConnectWants());
template <typename S>
using StreamRead = decltype(std::declval<S&>().Read(std::declval<char*>(), std::size_t{}));
template <typename S>
using StreamWrite = decltype(std::declval<S&>().Write(std::declval<const char*>(), std::size_t{}));
template <typename S>
using StreamClose = decltype(std::declval<S&>().Close());
template <typename S>
using SocketWait = decltype(std::declval<S&>().Wait(Readiness::Read, Millis{}));
template <typename S>
using SocketHandle = decltype(std::declval<const S&>().NativeHandle() == S::kNoHandle);
template <typename S>
using SocketLocalAddress = decltype(std::declval<const S&>().LocalAddress(std::declval<char*>(), std::size_t{}));
template <typename S>
using SocketRemoteAddress = decltype(std::declval<const S&>().RemoteAddress(std::declval<char*>(), std::size_t{}));
template <typename S>
using StreamReadWait = decltype(std::declval<S&>().ReadWait(std::declval<char*>(), std::size_t{}, Millis{}));
template <typename S>
using SocketListen = decltype(std::declval<S&>().Listen(std::declval<std::uint16_t&>(), std::string_view{}));
template <typename S>
using SocketAcceptStep = decltype(std::declval<S&>().AcceptStep());
template <typename L>
using LayerFaultText = decltype(std::declval<const L&>().FaultText());

template <typename S>
using SocketConnectDeadline = decltype(std::declval<const S&>().ConnectDeadline());

/// When `socket` wants its ConnectStep called though nothing is ready; kNever where it has no ConnectDeadline().
template <typename Socket>
Millis ConnectDeadlineOf(const Socket& socket) noexcept {
  if constexpr (Returns<Millis, SocketConnectDeadline, Socket>())
    return socket.ConnectDeadline();
  else
    return kNever;
}

template <typename S>
using SocketResolving = decltype(std::declval<const S&>().Resolving());

/// `socket` is looking up a name; false where it cannot tell.
template <typename Socket>
bool IsResolving(const Socket& socket) noexcept {
  if constexpr (Returns<bool, SocketResolving, Socket>())
    return socket.Resolving();
  else
    return false;
}

/// What a socket or transport has to say about its last failure, beyond the number; empty where it has no FaultText().
template <typename Layer>
std::string_view FaultTextOf(const Layer& layer) noexcept {
  if constexpr (Returns<std::string_view, LayerFaultText, Layer>())
    return layer.FaultText();
  else
    return {};
}

}  // namespace detail

/// True where a socket or a transport can wait and read in one step: it has ReadWait(char* into, size_t room, Millis
/// at_most).
template <typename Stream>
constexpr bool kCanReadWait = detail::Returns<IoResult, detail::StreamReadWait, Stream>();

/// True where `Socket` can also take incoming connections (it has Listen and AcceptStep).
template <typename Socket>
constexpr bool kCanListen = detail::Returns<IoResult, detail::SocketListen, Socket>() &&
                            detail::Returns<IoResult, detail::SocketAcceptStep, Socket>();

/// Fails to compile, with one sentence a missing member, where `Socket` is no socket policy.
template <typename Socket>
constexpr void RequireSocketPolicy() noexcept {
  using namespace detail;
  static_assert(Returns<Millis, SocketNow, Socket>(), "SocketPolicy: needs static Millis Now()");
  static_assert(Returns<IoResult, SocketConnect, Socket>(), "SocketPolicy: needs IoResult Connect(const Endpoint& to)");
  static_assert(Returns<IoResult, SocketConnectStep, Socket>(), "SocketPolicy: needs IoResult ConnectStep()");
  static_assert(Returns<Readiness, SocketConnectWants, Socket>(), "SocketPolicy: needs Readiness ConnectWants() const");
  static_assert(Returns<IoResult, StreamRead, Socket>(), "SocketPolicy: needs IoResult Read(char* into, size_t room)");
  static_assert(Returns<IoResult, StreamWrite, Socket>(),
                "SocketPolicy: needs IoResult Write(const char* bytes, size_t size)");
  static_assert(IsValid<StreamClose, void, Socket>::value, "SocketPolicy: needs void Close()");
  static_assert(Returns<Readiness, SocketWait, Socket>(),
                "SocketPolicy: needs Readiness Wait(Readiness what, Millis at_most)");
  static_assert(Returns<bool, SocketHandle, Socket>(),
                "SocketPolicy: needs NativeHandle() const and a constant kNoHandle to compare it with");
  static_assert(Returns<std::size_t, SocketLocalAddress, Socket>(),
                "SocketPolicy: needs size_t LocalAddress(char* into, size_t room) const");
  static_assert(Returns<std::size_t, SocketRemoteAddress, Socket>(),
                "SocketPolicy: needs size_t RemoteAddress(char* into, size_t room) const");
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/transport/tls_settings.hpp ----
// What every TLS transport can be told, whatever library it is written over. Nothing here allocates or owns: a
// transport looks at the settings only during Configure, and loads there what they name, so a file that cannot be used
// is an error before a byte is sent. Invariant: a default TlsSettings verifies the server's chain and name, with
// TLS 1.2 or later.
#ifndef SMTPOLL_TRANSPORT_TLS_SETTINGS_HPP
#define SMTPOLL_TRANSPORT_TLS_SETTINGS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The lowest TLS version that is accepted. Older ones are not safe (RFC 8996).
enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

/// Which channel binding SASL's -PLUS mechanisms get, where the transport can give it. OpenSSL can give all. Schannel
/// and mbedTLS give ServerEndPoint alone (see MbedTlsTransport for an exception): with them Automatic means it whatever
/// the TLS version, and Exporter means None.
enum class TlsChannelBinding : std::uint8_t {
  Automatic,       ///< Exporter with TLS 1.3, ServerEndPoint with TLS 1.2.
  Exporter,        ///< "tls-exporter" (RFC 9266).
  ServerEndPoint,  ///< "tls-server-end-point" (RFC 5929 4).
  None,
};

/// The settings of one connection. Texts end with a NUL, and are empty where nothing is set; files are in PEM.
struct TlsSettings {
  TlsVersion minimum_version = TlsVersion::Tls12;  ///< The lowest version that is accepted.
  const char* authority_file = "";                 ///< Certificates to trust instead of those of the system.
  const char* authority_pem = "";                  ///< The same as text in memory; both together make one list.
  const char* certificate_file = "";  ///< The client's certificate, with the ones that lead to its authority behind it.
  const char* key_file = "";          ///< The client's private key; empty: it stands in certificate_file.
  const char* certificate_password = "";  ///< What the private key is encrypted with.
  /// Certificates that are not accepted wherever they stand in the server's chain, and revocation lists (CRL), which
  /// say the same by issuer and serial number; an old list still counts.
  const char* rejection_file = "";
  /// One of these must be the server's key: SHA-256 of its SubjectPublicKeyInfo in base64, with or without "sha256/"
  /// in front, separated by spaces or commas; at most 8.
  const char* pins = "";
  /// Take any certificate for any name (the pins still count): whoever sits in between reads all. For tests only.
  bool insecure_accept_any_certificate = false;
  /// Resume the last session with the same server, which saves it the certificate's signature.
  bool resume_sessions = true;
  TlsChannelBinding channel_binding = TlsChannelBinding::Automatic;  ///< See TlsChannelBinding.
};

namespace detail {

/// The pins of TlsSettings, read.
class TlsPins {
 public:
  static constexpr std::size_t kMost = 8;

  /// False where `text` holds something else than pins, or more than kMost of them.
  bool Read(std::string_view text) noexcept {
    constexpr std::string_view kBetween = " ,;\t\r\n";
    count_ = 0;
    for (;;) {
      const std::size_t begin = text.find_first_not_of(kBetween);
      if (begin == std::string_view::npos) return true;
      text.remove_prefix(begin);
      std::string_view pin = text.substr(0, text.find_first_of(kBetween));
      text.remove_prefix(pin.size());
      // The slash is a digit of base64 too: what counts is how long the rest is.
      const std::size_t prefix = pin.size() < kTextSize ? 0 : pin.size() - kTextSize;
      const std::string_view name = pin.substr(0, prefix);
      if (!name.empty() && name != "sha256/" && name != "sha256//") return false;
      if (count_ == kMost || Base64Decode(pin.substr(prefix), pins_[count_], Sha256::kSize) != Sha256::kSize)
        return false;
      ++count_;
    }
  }

  bool empty() const noexcept { return count_ == 0; }

  /// True where the SubjectPublicKeyInfo of a certificate, in DER, is the one of a pin.
  bool Match(std::string_view public_key_info) const noexcept {
    char digest[Sha256::kSize];
    Sha256 sha;
    sha.Update(public_key_info);
    sha.Finish(digest);
    for (std::size_t i = 0; i < count_; ++i)
      if (EqualInConstantTime(pins_[i], digest, sizeof digest)) return true;
    return false;
  }

 private:
  static constexpr std::size_t kTextSize = Base64Size(Sha256::kSize);

  std::size_t count_ = 0;
  char pins_[kMost][Sha256::kSize + 1];  // Base64Decode may want room for a whole group
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/transport/transport_policy.hpp ----
// What a transport policy must be: the layer between the engine and a socket, where TLS lives. It owns its socket, and
// like a socket it never blocks, never throws, and reports a lost connection as Closed or as Errc::ConnectionLost.
//
// The shortest correct policy has these members (transport/plain.hpp is one that runs):
//
//   template <typename Socket>
//   class MyTransport {
//    public:
//     static constexpr bool kEncrypts = true;               // whether credentials may pass, once Secured()
//     MyTransport();                                        // its settings are members of its own
//     Socket& NextLayer();                                  // connects, waits and has the addresses
//     const Socket& NextLayer() const;
//     IoResult Handshake(std::string_view server_name);     // a step: Done, Again or Failed; NextLayer is connected
//     IoResult Read(char* into, std::size_t room);
//     IoResult Write(const char* bytes, std::size_t size);  // after Again it comes again with the same bytes in front
//     Readiness Wants() const;                              // what the wire has to become before the last Again ends
//     bool Secured() const;                                 // the handshake is done and what is sent is encrypted
//     void Close();                                         // ends the encryption and closes NextLayer; more than once
//   };
//
// Before the first Handshake, bytes pass in plain text (SMTP's STARTTLS begins so). Handshake is called again until it
// says no more Again; Close ends it, and the object is as new. Read may have to write and Write to read (TLS): Wants()
// says so, and is None where Read just waits for the wire to be readable and Write for it to be writable. Closed means
// that the peer ended in order; TLS that is cut off without its close_notify has Failed with Errc::ConnectionLost.
// After a Write that has Failed, Read still gives what had come before: a server that ends may have said why.
//
// A transport that can say or do more adds any of these, and is then used so:
//
//     Error Configure(const TlsSettings&);         // before each connection: loads what the settings name, or says
//     what
//                                                  // cannot be used; SMTPSecureSocket's settings come with it
//     std::string_view FaultText() const;          // in words, until Close: what the last Failed was about and what to
//                                                  // do; empty where the error number says it all
//     bool Pending() const;                        // Read has bytes although the wire may never be readable again
//     std::string_view ChannelBindingType() const; // once Secured, until Close: for SCRAM-...-PLUS, see
//     std::string_view ChannelBinding() const;     // TlsChannelBinding; empty where there is none
//     std::string_view ProtocolName() const;       // once Secured, for diagnostics: "TLSv1.3"
//     std::string_view CipherName() const;         // and the cipher suite by the library's name
#ifndef SMTPOLL_TRANSPORT_TRANSPORT_POLICY_HPP
#define SMTPOLL_TRANSPORT_TRANSPORT_POLICY_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename T>
using TransportNextLayer = decltype(std::declval<T&>().NextLayer());
template <typename T>
using TransportConstNextLayer = decltype(std::declval<const T&>().NextLayer());
template <typename T>
using TransportEncrypts = std::bool_constant<T::kEncrypts>;
template <typename T>
using TransportHandshake = decltype(std::declval<T&>().Handshake(std::string_view{}));
template <typename T>
using TransportWants = decltype(std::declval<const T&>().Wants());
template <typename T>
using TransportSecured = decltype(std::declval<const T&>().Secured());
template <typename T>
using TransportConfigure = decltype(std::declval<T&>().Configure(std::declval<const TlsSettings&>()));
template <typename T>
using TransportPending = decltype(std::declval<const T&>().Pending());
template <typename T>
using TransportChannelBinding =
    decltype(std::declval<const T&>().ChannelBindingType(), std::declval<const T&>().ChannelBinding());

template <typename T>
using TransportNames = decltype(std::declval<const T&>().ProtocolName(), std::declval<const T&>().CipherName());

}  // namespace detail

/// True where `Transport` takes TlsSettings.
template <typename Transport>
constexpr bool kTakesTlsSettings = detail::Returns<Error, detail::TransportConfigure, Transport>();
/// True where `Transport` may hold received bytes back.
template <typename Transport>
constexpr bool kMayBePending = detail::Returns<bool, detail::TransportPending, Transport>();
/// True where `Transport` can bind SASL to its session.
template <typename Transport>
constexpr bool kBindsChannels = detail::Returns<std::string_view, detail::TransportChannelBinding, Transport>();

/// True where `Transport` can name the protocol and the cipher of its session.
template <typename Transport>
constexpr bool kNamesSession = detail::Returns<std::string_view, detail::TransportNames, Transport>();

/// Fails to compile, with one sentence a missing member, where `Transport` is no transport policy over `Socket`.
template <template <typename> class Transport, typename Socket>
constexpr void RequireTransportPolicy() noexcept {
  using namespace detail;
  using T = Transport<Socket>;
  static_assert(std::is_default_constructible_v<T>, "TransportPolicy: needs a constructor without arguments");
  static_assert(IsValid<TransportEncrypts, void, T>::value, "TransportPolicy: needs static constexpr bool kEncrypts");
  static_assert(Returns<Socket&, TransportNextLayer, T>(), "TransportPolicy: needs Socket& NextLayer()");
  static_assert(Returns<const Socket&, TransportConstNextLayer, T>(),
                "TransportPolicy: needs const Socket& NextLayer() const");
  static_assert(Returns<IoResult, TransportHandshake, T>(),
                "TransportPolicy: needs IoResult Handshake(string_view server_name)");
  static_assert(Returns<IoResult, StreamRead, T>(), "TransportPolicy: needs IoResult Read(char* into, size_t room)");
  static_assert(Returns<IoResult, StreamWrite, T>(),
                "TransportPolicy: needs IoResult Write(const char* bytes, size_t size)");
  static_assert(Returns<Readiness, TransportWants, T>(), "TransportPolicy: needs Readiness Wants() const");
  static_assert(Returns<bool, TransportSecured, T>(), "TransportPolicy: needs bool Secured() const");
  static_assert(IsValid<StreamClose, void, T>::value, "TransportPolicy: needs void Close()");
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/driver.hpp ----
// Moves bytes between one engine and one transport: connect, handshake, then send and receive, never blocking but in
// Wait. It is the one pump of smtpoll: SMTPSocket::Poll calls it once, Session calls it in a loop. No heap, no clock
// but the socket's. Invariant: every reply that arrived is decided on before the end of the wire is.
#ifndef SMTPOLL_CLIENT_DRIVER_HPP
#define SMTPOLL_CLIENT_DRIVER_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Drives the engine of a protocol, see SmtpCore, over a transport policy over a socket policy.
template <typename Socket, template <typename> class Transport, typename Limits = DefaultLimits,
          typename Core = detail::SmtpCore<Limits>>
class Driver {
 public:
  /// The transport policy over its socket.
  using Wire = Transport<Socket>;
  /// The engine of the protocol.
  using Engine = typename Core::Engine;
  /// What the engine tells.
  using Event = typename Core::Event;
  /// What kind of event it is.
  using Kind = decltype(Event::kind);

  /// What the wire is used for.
  enum class State : std::uint8_t {
    Closed,
    Listening,   ///< Waits for an incoming connection.
    Connecting,  ///< Name resolution or connection under way.
    Securing,    ///< The transport's handshake is under way.
    Session,     ///< The engine speaks.
    Raw,         ///< The caller speaks: the engine is left out.
  };

  Driver() noexcept {
    RequireSocketPolicy<Socket>();
    RequireTransportPolicy<Transport, Socket>();
  }
  ~Driver() {
    core_.engine.Closed(Error(Errc::ConnectionLost, Phase::None));  // overwrites what is secret
    wire_.Close();
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Starts to connect; `options` and the host name of `to` must stay valid until the session is over. A fault comes as
  /// Failed.
  void Connect(const Endpoint& to, const typename Core::Options& options) {
    Close();
    options_ = options;
    host_ = to.host;
    StartTally(to.port);
    since_ = counted_at_;
    state_ = State::Connecting;
    Advance(wire_.NextLayer().Connect(to), Phase::Connect);
  }

  /// Waits for one incoming connection, which is then Raw. `port` 0 becomes the one the system picked.
  void Listen(std::uint16_t& port, std::string_view local_address) {
    static_assert(kCanListen<Socket>,
                  "SocketPolicy: Listen needs Listen(uint16_t& port, string_view local) and AcceptStep()");
    Close();
    StartTally(port);
    state_ = State::Listening;
    const IoResult result = wire_.NextLayer().Listen(port, local_address);
    if (result.status == IoStatus::Failed) Break(result.error, Phase::Listen);
  }

  /// Does what can be done now and returns the next event; None when nothing more can be done now. Moves at most about
  /// `budget` bytes over all calls that share it, and takes what it moved from it.
  Event Next(std::size_t& budget) {
    return Next(budget, [] {});
  }
  /// As above; `before_wait()` is called before anything waits, for work that does not touch the wire.
  template <typename BeforeWait>
  Event Next(std::size_t& budget, BeforeWait&& before_wait) {
    for (;;) {
      const Millis now = Now();
      CountTime(now);
      switch (state_) {
        case State::Closed: return TakeFailure();
        case State::Listening:
          if constexpr (kCanListen<Socket>) {
            const IoResult result = wire_.NextLayer().AcceptStep();
            if (result.status == IoStatus::Again) return {};
            if (result.status == IoStatus::Done)
              state_ = State::Raw;
            else
              Break(result.error, Phase::Listen);
          }
          break;
        case State::Connecting:
        case State::Securing:
          if (!ConnectStep(now)) return {};
          break;
        case State::Raw: return {};
        case State::Session: {
          const Event event = core_.engine.Next(now);
          if (event.kind == Kind::NeedTls) {
            since_ = now;
            state_ = State::Securing;
            break;
          }
          if (event.kind != Kind::None) {
            if constexpr (kFull) core_.Note(event, tally_);
            if (Core::EndsWire(event.kind)) HangUp();
            return event;
          }
          if (!Pump(now, budget, before_wait)) return {};
          break;
        }
      }
    }
  }

  /// Ends all at once. The outcome of a message under way is told by the Next that follows, then Closed.
  void Close() noexcept {
    core_.engine.Closed(Error(Errc::ConnectionLost, Phase::None, "closed by the caller"));
    wire_.Close();
    has_failure_ = false;
    write_failed_ = false;
    if (state_ != State::Session) state_ = State::Closed;
  }

  /// Takes the engine out of the way: from now on the caller reads and writes Layer() itself. Only when the engine is
  /// idle.
  void EnterRaw() noexcept { state_ = State::Raw; }
  /// Lets the engine speak again.
  void LeaveRaw() noexcept { state_ = State::Session; }

  /// The calls of Next that follow may together wait up to `at_most` milliseconds for bytes, in the step that reads
  /// them (negative: no limit but a deadline's). With any patience, what a short read has shown to be empty is not read
  /// again.
  void SetPatience(Millis at_most) noexcept {
    patience_ = at_most;
    patient_ = kCanReadWait<Wire> && at_most != 0;
    drained_ = wrote_last_ = false;
  }
  /// What is left of the patience: 0 once it was used.
  Millis Patience() const noexcept { return patience_; }

  /// Waits until the wire is ready for what is waited for, a deadline comes, or `at_most` milliseconds are over;
  /// negative waits without limit.
  void Wait(Readiness what, Millis at_most) {
    if (HasPending() && Includes(what, Readiness::Read)) return;
    const Millis deadline = NextDeadline();
    if (deadline != kNever) {
      const Millis left = deadline - Now() > 0 ? deadline - Now() : 0;
      if (at_most < 0 || left < at_most) at_most = left;
    }
    // A source that has nothing now makes nothing readable; it is asked again after a short time.
    if (core_.engine.WaitsForSource() && (at_most < 0 || at_most > kSourcePause)) at_most = kSourcePause;
    wire_.NextLayer().Wait(what, at_most);
  }

  /// What the wire has to become before more can be done.
  Readiness Wants() const noexcept {
    switch (state_) {
      case State::Closed: return Readiness::None;
      case State::Listening:
      case State::Raw: return Readiness::Read;
      case State::Connecting: return wire_.NextLayer().ConnectWants();
      case State::Securing: return wire_.Wants();
      case State::Session: break;
    }
    const Readiness engine = core_.engine.Wants();
    return wire_.Wants() == Readiness::None ? engine : engine | wire_.Wants();
  }

  /// When Next should be called even if nothing happens, on Now()'s clock.
  Millis NextDeadline() const noexcept {
    switch (state_) {
      case State::Connecting: {
        const Millis step = detail::ConnectDeadlineOf(wire_.NextLayer());
        const Millis end = Deadline(options_.timeouts.connect);
        return step < end ? step : end;
      }
      case State::Securing: return Deadline(options_.timeouts.tls);
      // What the transport holds already makes no wire readable: there is something to do at once.
      case State::Session: return HasPending() ? since_ : core_.engine.NextDeadline();
      case State::Raw: return HasPending() ? since_ : kNever;
      default: return kNever;
    }
  }

  /// The transport holds bytes that were received and not read yet.
  bool HasPending() const noexcept {
    if constexpr (kMayBePending<Wire>)
      return (state_ == State::Session || state_ == State::Raw) && wire_.Pending();
    else
      return false;
  }

  /// Forgets what the connection before took.
  void StartTally(std::uint16_t port) noexcept {
    tally_ = {};
    if constexpr (kFull) tally_.port = port;
    counted_at_ = Now();
  }
  /// What the present connection took so far, or the last one took.
  typename Core::Tally Tally() const {
    typename Core::Tally tally = tally_;
    tally.milliseconds[static_cast<std::size_t>(CurrentPhase())] += Now() - counted_at_;
    return tally;
  }

  /// The socket's clock, milliseconds.
  static Millis Now() { return Socket::Now(); }
  /// What the wire is used for now.
  State CurrentState() const noexcept { return state_; }
  /// A connection stands.
  bool IsConnected() const noexcept { return state_ == State::Session || state_ == State::Raw; }
  /// The engine.
  Engine& Session() noexcept { return core_.engine; }
  /// As above.
  const Engine& Session() const noexcept { return core_.engine; }
  /// The transport.
  Wire& Layer() noexcept { return wire_; }
  /// As above.
  const Wire& Layer() const noexcept { return wire_; }

 private:
  /// There is memory for a tally, and for a name of the client's where it has none.
  static constexpr bool kFull = std::is_same_v<typename Core::Tally, SessionTally>;
  static constexpr Millis kSourcePause = 10;
  static constexpr Millis kLongestWait =
      1000;  // a round number, so that the system need not be told a new one each time

  /// What the wire is waited for; None where it is closed.
  Phase CurrentPhase() const noexcept {
    switch (state_) {
      case State::Closed: return Phase::None;
      case State::Listening: return Phase::Listen;
      case State::Connecting: return detail::IsResolving(wire_.NextLayer()) ? Phase::Resolve : Phase::Connect;
      case State::Securing: return Phase::Tls;
      case State::Session: return core_.engine.CurrentPhase();
      case State::Raw: break;
    }
    return Phase::Idle;
  }

  /// The time since the last call belongs to what has been waited for: nothing has been done about it yet.
  void CountTime(Millis now) noexcept {
    if (now == counted_at_) return;
    if constexpr (kFull) tally_.milliseconds[static_cast<std::size_t>(CurrentPhase())] += now - counted_at_;
    counted_at_ = now;
  }

  Millis Deadline(Millis timeout) const noexcept { return timeout > kNever - since_ ? kNever : since_ + timeout; }

  bool ConnectStep(Millis now);
  void Advance(const IoResult& result, Phase phase);
  void NoteAddress() noexcept;
  void NoteEncryption() noexcept;
  template <typename BeforeWait>
  bool Pump(Millis now, std::size_t& budget, BeforeWait&& before_wait);
  SMTPOLL_APART void TellLoss(const IoResult& result) noexcept;
  template <typename BeforeWait>
  IoResult Receive(Span<char> room, Millis now, BeforeWait&& before_wait);
  void HangUp();
  void Break(int number, Phase phase) noexcept;
  Error WireError(int number, Phase phase) const noexcept;
  Event TakeFailure() noexcept;

  Wire wire_;
  State state_ = State::Closed;
  bool write_failed_ = false;
  bool patient_ = false;
  bool drained_ = false;
  bool wrote_last_ = false;  // the last step of the pump wrote
  Millis patience_ = 0;
  Millis since_ = 0;
  Millis counted_at_ = 0;  // the time up to which tally_ knows where it went
  typename Core::Options options_;
  std::string_view host_;
  FixedText<kFull ? 80 : 1> literal_;
  Error failure_;
  bool has_failure_ = false;  // and it was not told yet
  typename Core::Tally tally_;
  Core core_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/detail/driver_impl.hpp ----
// The bodies of the Driver: how it connects, moves bytes, and loses the wire.
#ifndef SMTPOLL_CLIENT_DETAIL_DRIVER_IMPL_HPP
#define SMTPOLL_CLIENT_DETAIL_DRIVER_IMPL_HPP

SMTPOLL_NAMESPACE_BEGIN

#define SMTPOLL_MEMBER(...)                                                                       \
  template <typename Socket, template <typename> class Transport, typename Limits, typename Core> \
  __VA_ARGS__ Driver<Socket, Transport, Limits, Core>

/// One step of connecting or of the handshake; false when it has to wait.
SMTPOLL_MEMBER(bool)::ConnectStep(Millis now) {
  const bool connecting = state_ == State::Connecting;
  const IoResult result = connecting ? wire_.NextLayer().ConnectStep() : wire_.Handshake(host_);
  if (result.status != IoStatus::Again) {
    Advance(result, connecting ? Phase::Connect : Phase::Tls);
    return true;
  }
  if (now < Deadline(connecting ? options_.timeouts.connect : options_.timeouts.tls)) return false;
  Break(static_cast<int>(Errc::TimedOut), connecting ? Phase::Connect : Phase::Tls);
  return true;
}

SMTPOLL_MEMBER(void)::Advance(const IoResult& result, Phase phase) {
  if (result.status == IoStatus::Again) return;
  if (result.status == IoStatus::Failed) return Break(result.error, phase);
  if (result.status == IoStatus::Closed) return Break(static_cast<int>(Errc::ConnectionLost), phase);
  since_ = Now();
  CountTime(since_);
  const bool upgraded = state_ == State::Securing && !options_.tls_first;
  if constexpr (kFull)
    if (phase == Phase::Connect) NoteAddress();
  state_ = state_ == State::Connecting && options_.tls_first ? State::Securing : State::Session;
  if (state_ == State::Securing) return;
  if constexpr (kFull) NoteEncryption();
  // A transport that only says that it is done must not pass for one that encrypts.
  if (options_.tls_first || upgraded)
    if (!wire_.Secured()) return Break(static_cast<int>(Errc::TlsHandshake), Phase::Tls);
  if constexpr (kBindsChannels<Wire>) {
    if (wire_.Secured()) {
      options_.credentials.channel_binding_type = wire_.ChannelBindingType();
      options_.credentials.channel_binding = wire_.ChannelBinding();
    }
  }
  if (upgraded)
    return core_.engine.Secured(since_, options_.credentials.channel_binding_type,
                                options_.credentials.channel_binding);
  if constexpr (kFull)
    if (options_.client_name.empty()) {
      char address[64];
      const std::size_t size = wire_.NextLayer().LocalAddress(address, sizeof address);
      detail::AssignAddressLiteral({address, size}, literal_);
      options_.client_name = literal_.View();
    }
  options_.secured = wire_.Secured();
  core_.engine.Start(options_, since_);
}

SMTPOLL_MEMBER(void)::NoteAddress() noexcept {
  char address[64];
  tally_.address.Assign({address, wire_.NextLayer().RemoteAddress(address, sizeof address)});
}

SMTPOLL_MEMBER(void)::NoteEncryption() noexcept {
  tally_.encrypted = wire_.Secured();
  if constexpr (kNamesSession<Wire>) {
    tally_.tls_version.Assign(wire_.ProtocolName());
    tally_.cipher.Assign(wire_.CipherName());
  }
}

/// Sends and receives once each; false when neither moved a byte.
SMTPOLL_MEMBER(template <typename BeforeWait> bool)::Pump(Millis now, std::size_t& budget, BeforeWait&& before_wait) {
  bool moved = false;
  const Span<const char> output = core_.engine.Output();
  if (!output.empty() && !write_failed_ && budget != 0) {
    const IoResult result = wire_.Write(output.data(), output.size());
    if (result.status == IoStatus::Done) {
      core_.engine.Sent(result.size, now);
      moved = true;
      if constexpr (kFull) tally_.Wrote(result.size);
      budget -= result.size < budget ? result.size : budget;
    } else if (result.status != IoStatus::Again) {
      // The server may have said why before it closed, so what it sent is read first.
      write_failed_ = true;
    }
  }
  // Before anything waits the engine may have more to write; where it writes again and again, each write has its
  // read.
  const bool engine_first = moved && !wrote_last_ && patience_ != 0 && core_.engine.Output().empty();
  wrote_last_ = moved;
  if (engine_first) return true;
  const Span<char> room = core_.engine.Input();
  if (room.empty() || budget == 0 || drained_) return moved;
  const IoResult result = moved ? wire_.Read(room.data(), room.size()) : Receive(room, now, before_wait);
  if (result.status == IoStatus::Done) {
    // A plain stream that gave less than was asked for has no more; the records of TLS end where they like.
    drained_ = patient_ && result.size < room.size() && !wire_.Secured();
    core_.engine.Received(result.size);
    if constexpr (kFull) tally_.Read(result.size);
    budget -= result.size < budget ? result.size : budget;
    return true;
  }
  if (result.status == IoStatus::Again && !write_failed_) return moved;
  TellLoss(result);
  return true;
}

SMTPOLL_MEMBER(SMTPOLL_APART void)::TellLoss(const IoResult& result) noexcept {
  const bool failed = result.status == IoStatus::Failed;
  core_.engine.Closed(WireError(failed ? result.error : static_cast<int>(Errc::ConnectionLost), Phase::None));
}

/// Reads; waits for bytes where that is allowed and there is nothing else to do.
SMTPOLL_MEMBER(template <typename BeforeWait> IoResult)::Receive(Span<char> room, Millis now,
                                                                 BeforeWait&& before_wait) {
  if constexpr (kCanReadWait<Wire>) {
    const Millis deadline = NextDeadline();
    if (patience_ != 0 && core_.engine.Output().empty() && !write_failed_ && !core_.engine.Idle() &&
        !core_.engine.WaitsForSource() && deadline > now) {
      Millis at_most = patience_ < 0 || patience_ > kLongestWait ? kLongestWait : patience_;
      if (deadline - now < at_most) at_most = deadline - now;
      patience_ = 0;
      before_wait();
      return wire_.ReadWait(room.data(), room.size(), at_most);
    }
  }
  return wire_.Read(room.data(), room.size());
}

/// The engine has told its last event: what it still wants to say (QUIT) is tried once, then the wire is closed.
SMTPOLL_MEMBER(void)::HangUp() {
  const Span<const char> last_words = core_.engine.Output();
  if (!last_words.empty()) wire_.Write(last_words.data(), last_words.size());
  wire_.Close();
  write_failed_ = false;
  state_ = State::Closed;
}

/// The wire failed before the engine was started.
SMTPOLL_MEMBER(void)::Break(int number, Phase phase) noexcept {
  if (number == static_cast<int>(Errc::NameResolution)) phase = Phase::Resolve;
  failure_ = WireError(number, phase);
  has_failure_ = true;
  wire_.Close();
  state_ = State::Closed;
}

/// An error of the wire, with what its layers have to say about it.
SMTPOLL_MEMBER(Error)::WireError(int number, Phase phase) const noexcept {
  Error error = Error::FromNumber(number, phase);
  const std::string_view told = detail::FaultTextOf(wire_);
  error.text.Assign(told.empty() ? detail::FaultTextOf(wire_.NextLayer()) : told);
  return error;
}

SMTPOLL_MEMBER(auto)::TakeFailure() noexcept -> Event {
  Event event;
  if (!has_failure_) return event;
  has_failure_ = false;
  event.kind = Kind::Failed;
  event.error = &failure_;
  return event;
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/function.hpp ----
// Something to call that is chosen at run time: what smtpoll needs of std::function. <functional> alone costs a program
// more compile time than a third of smtpoll.
// Invariant: a callable that can be copied as bytes, two pointers at most, lies within; any other on the heap.
#ifndef SMTPOLL_BASE_FUNCTION_HPP
#define SMTPOLL_BASE_FUNCTION_HPP

SMTPOLL_NAMESPACE_BEGIN

/// See Function<Result(Arguments...)>.
template <typename Signature>
class Function;

/// A callable that can be copied, or none: made of a lambda, a function or a std::function, as that would be. Calling
/// none is undefined: ask it by `if (function)` before.
template <typename Result, typename... Arguments>
class Function<Result(Arguments...)> {
  template <typename Callable>
  using Returned = decltype(std::declval<Callable&>()(std::declval<Arguments>()...));
  template <typename Callable>
  using Fits = std::enable_if_t<std::is_void_v<Result> || std::is_convertible_v<Returned<Callable>, Result>>;

 public:
  /// None.
  Function() noexcept = default;
  /// None.
  Function(std::nullptr_t) noexcept {}
  /// Calls `callable` from now on; a null pointer to a function and an empty std::function are none.
  template <typename Callable, typename = Fits<Callable>>
  Function(Callable callable) {
    static_assert(std::is_copy_constructible_v<Callable>, "Function: what it is made of can be copied");
    if constexpr (std::is_constructible_v<Callable, std::nullptr_t> && std::is_constructible_v<bool, Callable>)
      if (!static_cast<bool>(callable)) return;
    if constexpr (LiesWithin<Callable>())
      ::new (static_cast<void*>(room_.bytes)) Callable(std::move(callable));
    else
      room_.heap = new Callable(std::move(callable));
    kind_ = &kKindOf<Callable>;
  }
  /// Copies the callable.
  Function(const Function& other) {
    if (other.kind_ != nullptr) other.kind_->copy(room_, other.room_);
    kind_ = other.kind_;
  }
  /// Takes the callable; `other` is none then.
  Function(Function&& other) noexcept { Swap(other); }
  /// Copies or takes the callable.
  Function& operator=(Function other) noexcept {
    Swap(other);
    return *this;
  }
  ~Function() {
    if (kind_ != nullptr) kind_->destroy(room_);
  }

  /// False where it is none.
  explicit operator bool() const noexcept { return kind_ != nullptr; }
  /// True where it is none.
  friend bool operator==(const Function& function, std::nullptr_t) noexcept { return !function; }
  /// False where it is none.
  friend bool operator!=(const Function& function, std::nullptr_t) noexcept { return static_cast<bool>(function); }

  /// Calls it.
  Result operator()(Arguments... arguments) const { return kind_->call(room_, static_cast<Arguments&&>(arguments)...); }

 private:
  union Room {
    void* heap;
    unsigned char bytes[2 * sizeof(void*)];
  };
  struct Kind {
    Result (*call)(const Room& room, Arguments&&... arguments);
    void (*copy)(Room& to, const Room& from);
    void (*destroy)(Room& room);
  };

  template <typename Callable>
  static constexpr bool LiesWithin() noexcept {
    return std::is_trivially_copyable_v<Callable> && sizeof(Callable) <= sizeof(Room) &&
           alignof(Callable) <= alignof(Room);
  }
  template <typename Callable>
  static Callable& In(const Room& room) noexcept {
    if constexpr (LiesWithin<Callable>())
      return *std::launder(reinterpret_cast<Callable*>(const_cast<unsigned char*>(room.bytes)));
    else
      return *static_cast<Callable*>(room.heap);
  }

  template <typename Callable>
  static Result Call(const Room& room, Arguments&&... arguments) {
    return static_cast<Result>(In<Callable>(room)(static_cast<Arguments&&>(arguments)...));
  }
  template <typename Callable>
  static void Copy(Room& to, const Room& from) {
    if constexpr (LiesWithin<Callable>())
      to = from;
    else
      to.heap = new Callable(In<Callable>(from));
  }
  template <typename Callable>
  static void Destroy(Room& room) {
    if constexpr (!LiesWithin<Callable>()) delete &In<Callable>(room);
  }
  template <typename Callable>
  static constexpr Kind kKindOf = {Call<Callable>, Copy<Callable>, Destroy<Callable>};

  void Swap(Function& other) noexcept {
    std::swap(room_, other.room_);
    std::swap(kind_, other.kind_);
  }

  Room room_ = {};
  const Kind* kind_ = nullptr;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/unicode.hpp ----
// Characters in UTF-8 (RFC 3629) and UTF-16 (RFC 2781): where one ends, and a text of one form in the other, strictly.
#ifndef SMTPOLL_BASE_UNICODE_HPP
#define SMTPOLL_BASE_UNICODE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Bytes (1 to 4) of the character that `text` starts with; 0 where it starts with none or is empty (RFC 3629 4).
constexpr std::size_t Utf8Length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const unsigned first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  // The second byte's range leaves out over-long forms, surrogates and what lies above U+10FFFF.
  const unsigned second = static_cast<unsigned char>(text[1]);
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  return size;
}

/// Writes `text` as UTF-16 to `into`, which has room for text.size() units, and returns how many it took; npos where
/// `text` is no UTF-8 (RFC 2781 2.1).
template <typename Unit>
constexpr std::size_t Utf8ToUtf16(std::string_view text, Unit* into) noexcept {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t size = Utf8Length(text);
    if (size == 0) return std::string_view::npos;
    const unsigned first = static_cast<unsigned char>(text[0]);
    std::uint32_t character = size == 1 ? first : first & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    text.remove_prefix(size);
    if (character >= 0x10000) {
      into[count++] = static_cast<Unit>(0xD800 + ((character - 0x10000) >> 10));
      character = 0xDC00 + ((character - 0x10000) & 0x3FF);
    }
    into[count++] = static_cast<Unit>(character);
  }
  return count;
}

/// Appends `text`, UTF-16, as UTF-8; false where half of a pair stands alone (RFC 2781 2.2), which UTF-8 cannot say.
template <typename Unit>
bool AppendUtf16(std::basic_string_view<Unit> text, std::string& into) {
  const auto put = [&into](std::uint32_t bits) { into += static_cast<char>(static_cast<unsigned char>(bits)); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t character = static_cast<std::uint32_t>(text[i]) & 0xFFFF;
    if (character >= 0xD800 && character < 0xE000) {
      const std::uint32_t second = i + 1 < text.size() ? static_cast<std::uint32_t>(text[i + 1]) & 0xFFFF : 0;
      if (character >= 0xDC00 || second < 0xDC00 || second >= 0xE000) return false;
      character = 0x10000 + ((character - 0xD800) << 10) + (second - 0xDC00);
      ++i;
    }
    if (character < 0x80) {
      put(character);
      continue;
    }
    const unsigned more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    put((0xFF00u >> (more + 1) & 0xFF) | character >> (6 * more));
    for (unsigned left = more; left-- > 0;) put(0x80 | (character >> (6 * left) & 0x3F));
  }
  return true;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/open_file.hpp ----
// Opens a file for reading by its path: UTF-8 on Windows, whose narrow calls would take it to be in a code page of the
// machine's; bytes elsewhere. No process that is started later gets the file along.
#ifndef SMTPOLL_BASE_OPEN_FILE_HPP
#define SMTPOLL_BASE_OPEN_FILE_HPP

#if defined(SMTPOLL_WINDOWS)
#include <fcntl.h>
#include <io.h>
#include <share.h>

#include <memory>
#include <new>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The bytes of a file, to be closed by fclose; null where it cannot be opened.
inline std::FILE* OpenFile(const char* path) noexcept {
#if defined(SMTPOLL_WINDOWS)
  const std::size_t size = std::strlen(path);
  const std::unique_ptr<wchar_t[]> wide(new (std::nothrow) wchar_t[size + 1]);
  const std::size_t units = wide != nullptr ? Utf8ToUtf16({path, size}, wide.get()) : std::string_view::npos;
  if (units == std::string_view::npos) return nullptr;
  wide[units] = L'\0';
  int file = -1;
  if (::_wsopen_s(&file, wide.get(), _O_RDONLY | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, 0) != 0) return nullptr;
  std::FILE* const stream = ::_fdopen(file, "rb");
  if (stream == nullptr) ::_close(file);
  return stream;
#elif defined(SMTPOLL_POSIX)
  return std::fopen(path, "rbe");
#else
  return std::fopen(path, "rb");
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/file_reader.hpp ----
// Reads a file from its start, each read straight into the caller's memory: no buffer lies between. By the system's own
// calls on POSIX, by an unbuffered stream elsewhere. Sizes have 64 bits, also where the system's long has 32.
#ifndef SMTPOLL_MESSAGE_FILE_READER_HPP
#define SMTPOLL_MESSAGE_FILE_READER_HPP

#if defined(SMTPOLL_POSIX)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#elif defined(SMTPOLL_WINDOWS)
#include <io.h>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class FileReader {
 public:
  FileReader() = default;
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader() { Close(); }

#if defined(SMTPOLL_POSIX)
  bool IsOpen() const noexcept { return file_ >= 0; }

  /// False where there is no such file, or it is none that has a size.
  bool Open(const char* path) noexcept {
    Close();
    file_ = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | kLargeFile);
    Stat about;
    if (file_ >= 0 && GetStat(file_, about) && S_ISREG(about.st_mode)) {
      size_ = static_cast<std::uint64_t>(about.st_size);
      return true;
    }
    Close();
    return false;
  }
  void Close() noexcept {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  /// End comes with the read that finds nothing more.
  SourceResult Read(char* into, std::size_t room) noexcept {
    for (;;) {
      const ssize_t got = ::read(file_, into, room);
      if (got > 0) return {static_cast<std::size_t>(got), SourceStatus::More};
      if (got == 0) return {0, SourceStatus::End};
      if (errno != EINTR) return {0, SourceStatus::Failed};
    }
  }
#else
  bool IsOpen() const noexcept { return file_ != nullptr; }

  /// As above; `path` is UTF-8 on Windows too.
  bool Open(const char* path) noexcept {
    Close();
    file_ = OpenFile(path);
    if (file_ == nullptr) return false;
    std::setvbuf(file_, nullptr, _IONBF, 0);
#if defined(SMTPOLL_WINDOWS)
    const std::int64_t size = ::_filelengthi64(::_fileno(file_));
#else
    const bool sized = std::fseek(file_, 0, SEEK_END) == 0;
    const long size = sized ? std::ftell(file_) : -1;
    std::rewind(file_);
#endif
    size_ = static_cast<std::uint64_t>(size);
    if (size < 0) Close();
    return size >= 0;
  }
  void Close() noexcept {
    if (file_ != nullptr) std::fclose(file_);
    file_ = nullptr;
  }

  SourceResult Read(char* into, std::size_t room) noexcept {
    const std::size_t size = std::fread(into, 1, room, file_);
    if (size == 0) return {0, std::ferror(file_) != 0 ? SourceStatus::Failed : SourceStatus::End};
    return {size, SourceStatus::More};
  }
#endif

  /// Bytes in the file when it was opened.
  std::uint64_t Size() const noexcept { return size_; }

 private:
#if defined(SMTPOLL_POSIX)
  // On 32-bit systems glibc counts in 32 bits unless it is asked otherwise.
#if defined(__GLIBC__) && defined(_LARGEFILE64_SOURCE)
  using Stat = struct stat64;
  static constexpr int kLargeFile = O_LARGEFILE;
  static bool GetStat(int file, Stat& into) noexcept { return ::fstat64(file, &into) == 0; }
#else
  using Stat = struct stat;
  static constexpr int kLargeFile = 0;
  static bool GetStat(int file, Stat& into) noexcept { return ::fstat(file, &into) == 0; }
#endif
  int file_ = -1;
#else
  std::FILE* file_ = nullptr;
#endif
  std::uint64_t size_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/mime_type.hpp ----
// The media type of a file by its extension (RFC 2046, and the types people mail most).
#ifndef SMTPOLL_MESSAGE_MIME_TYPE_HPP
#define SMTPOLL_MESSAGE_MIME_TYPE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Pointers, because a view is a call at compile time.
struct MimeType {
  const char* extension;
  const char* type;
};
inline constexpr MimeType kMimeTypes[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"avi", "video/x-msvideo"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/x-c"},
    {"cpp", "text/x-c++"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"jar", "application/java-archive"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ogg", "audio/ogg"},
    {"pdf", "application/pdf"},
    {"pem", "application/x-pem-file"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"py", "text/x-python"},
    {"rar", "application/vnd.rar"},
    {"rtf", "application/rtf"},
    {"sh", "application/x-sh"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"woff2", "font/woff2"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"zip", "application/zip"},
};

}  // namespace detail

/// The media type of a file of this name; application/octet-stream where its extension is not known.
constexpr std::string_view MimeTypeOf(std::string_view file_name) noexcept {
  const std::size_t dot = file_name.rfind('.');
  if (dot != std::string_view::npos)
    for (const detail::MimeType& known : detail::kMimeTypes)
      if (detail::EqualIgnoringCase(file_name.substr(dot + 1), known.extension)) return known.type;
  return "application/octet-stream";
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/email_attachment.hpp ----
// An attachment: the seed's EmailAttachment. Its bytes lie in memory, in a file or behind a callback, and stay there
// until they are sent. Invariant: copying an attachment copies where its bytes are, not the file.
#ifndef SMTPOLL_MESSAGE_EMAIL_ATTACHMENT_HPP
#define SMTPOLL_MESSAGE_EMAIL_ATTACHMENT_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The seed's EmailAttachment: bytes with a name and a type, from memory, a file or a callback.
class EmailAttachment {
 public:
  std::string Name;      ///< File name shown to the receiver, UTF-8.
  std::string MIMEType;  ///< Empty: by the extension of Name.
  std::string Data;      ///< The bytes, where they are in memory.
  /// Transfer encoding: base64, which carries every byte; quoted-printable, 7bit or 8bit, which are taken where the
  /// bytes are in memory and come through by them; binary, where the server has it. Empty: the one that suits MIMEType.
  /// base64 is the fall-back of all, and a server with BINARYMIME gets the bytes as they are.
  std::string ContentEncoding = "base64";
  std::string InlineContentID;  ///< Not empty: shown inside the HTML body, which names it as `cid:...`.

  /// Reads one piece of a callback's bytes; as Source::Read.
  using ReadFunction = Function<SourceResult(char* into, std::size_t room)>;
  /// Starts a callback over; false where it cannot.
  using RewindFunction = Function<bool()>;

  /// Attaches a file. Its bytes are read when the message is sent; it must then still be as long as it is now. Name and
  /// MIMEType are set from the path where they are empty. False, and nothing changes, where it cannot be opened. The
  /// path is UTF-8 on Windows, bytes elsewhere; a std::filesystem::path fits too.
  bool LoadFromFile(const std::string& path) {
    detail::FileReader file;
    if (!file.Open(path.c_str())) return false;
    path_ = path;
    read_ = nullptr;
    size_ = file.Size();
    const std::size_t slash = path.find_last_of("/\\");
    if (Name.empty()) Name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (MIMEType.empty()) MIMEType = MimeTypeOf(Name);
    return true;
  }

#if defined(SMTPOLL_WINDOWS)
  /// The same by a path in UTF-16. False also where half of a surrogate pair stands alone in it.
  bool LoadFromFile(const std::wstring& path) {
    std::string utf8;
    return detail::AppendUtf16(std::wstring_view(path), utf8) && LoadFromFile(utf8);
  }
#endif

  /// Attaches what `read` yields; `size` bytes, or kUnknownSize. Without `rewind` the message can be sent once.
  void LoadFromCallback(ReadFunction read, std::uint64_t size = kUnknownSize, RewindFunction rewind = nullptr) {
    path_.clear();
    read_ = std::move(read);
    rewind_ = std::move(rewind);
    size_ = size;
  }

  /// True where the bytes are those of Data.
  bool InMemory() const noexcept { return path_.empty() && !read_; }

  /// Number of bytes, or kUnknownSize.
  std::uint64_t Size() const noexcept { return InMemory() ? Data.size() : size_; }

  /// The file it comes from; empty where it comes from none.
  const std::string& Path() const noexcept { return path_; }
  /// The callback it comes from; empty where it comes from none.
  const ReadFunction& Callback() const noexcept { return read_; }
  /// The callback that starts it again; may be empty.
  const RewindFunction& Rewinder() const noexcept { return rewind_; }

 private:
  std::string path_;
  ReadFunction read_;
  RewindFunction rewind_;
  std::uint64_t size_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/utf8.hpp ----
// UTF-8 (RFC 3629): whether a text is valid, and a valid text from any bytes.
#ifndef SMTPOLL_MESSAGE_UTF8_HPP
#define SMTPOLL_MESSAGE_UTF8_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// U+FFFD, which stands for a byte that is no UTF-8.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// One character taken from the front of a text: its bytes, or U+FFFD for a byte that is none.
struct Utf8Character {
  std::string_view bytes;
  std::size_t consumed;
};

/// The first character of `text`, which is not empty.
constexpr Utf8Character FirstCharacter(std::string_view text) noexcept {
  const std::size_t size = Utf8Length(text);
  if (size == 0) return {kReplacementCharacter, 1};
  return {First(text, size), size};
}

/// Offset of the first byte that is no UTF-8; npos where all is valid.
inline std::size_t FindInvalidUtf8(std::string_view text) noexcept {
  for (std::size_t i = SkipAscii(text); i != text.size(); i += SkipAscii(Rest(text, i))) {
    for (const std::size_t next = i + 8; i < next && i != text.size();) {
      const std::size_t size = Utf8Length(Rest(text, i));
      if (size == 0) return i;
      i += size;
    }
  }
  return std::string_view::npos;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/fault.hpp ----
// What keeps a message from being sent safely, as one value, and the checks that every kind of message shares.
// Invariant: text without a fault cannot end its line.
#ifndef SMTPOLL_MESSAGE_FAULT_HPP
#define SMTPOLL_MESSAGE_FAULT_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Why a message cannot be sent safely: the field, where in it (bytes from 1; 0 for the whole), and the reason.
struct MessageFault {
  std::string_view field;        ///< The field or member concerned; a literal.
  std::size_t column = 0;        ///< Where in it, bytes from 1 on; 0 for all of it.
  const char* reason = nullptr;  ///< What is wrong; a literal.
  /// True where something is wrong.
  explicit operator bool() const noexcept { return reason != nullptr; }
};

namespace detail {

/// A name longer than this leaves no room for a value (RFC 5322 2.1.1).
constexpr std::size_t kLongestFieldName = 76;
/// Two names of 127 characters and parameters (RFC 6838 4.2).
constexpr std::size_t kLongestMimeType = 400;

/// Of text that becomes a header: UTF-8 without control characters.
inline MessageFault LineFault(std::string_view field, std::string_view value) noexcept {
  if (IsAllPrint(value)) return {};
  for (std::size_t i = 0; i < value.size(); ++i)
    if ((static_cast<unsigned char>(value[i]) < ' ' && value[i] != '\t') || value[i] == 0x7f)
      return {field, i + 1, "a line break or another control character"};
  const std::size_t invalid = FindInvalidUtf8(value);
  return invalid == std::string_view::npos ? MessageFault() : MessageFault{field, invalid + 1, "no valid UTF-8"};
}

/// Of the name of a header that the caller brings (RFC 5322 2.2).
inline MessageFault FieldNameFault(std::string_view name) noexcept {
  if (name.empty()) return {"Headers", 0, "a header without a name"};
  for (const char c : name)
    if (!IsPrint(c) || c == ' ' || c == ':') return {"Headers", 0, "a bad character in a header's name"};
  if (name.size() > kLongestFieldName) return {"Headers", 0, "a header's name is too long"};
  return {};
}

inline MessageFault MimeTypeFault(std::string_view type) noexcept {
  for (const char c : type)
    if (!IsPrint(c)) return {"Attachments", 0, "a bad character in a MIME type"};
  if (type.size() > kLongestMimeType) return {"Attachments", 0, "a MIME type is too long"};
  return {};
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/internet_headers.hpp ----
// The caller's own header fields: the seed's InternetHeaders. Order is kept, names do not mind their case (RFC
// 5322 2.2). Values are kept as they were given; what cannot stand in a header is found by EmailMessage::Check, and
// never sent.
#ifndef SMTPOLL_MESSAGE_INTERNET_HEADERS_HPP
#define SMTPOLL_MESSAGE_INTERNET_HEADERS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The seed's InternetHeaders: header fields in their order.
class InternetHeaders {
 public:
  /// Adds a field behind the others, also where one of that name is there.
  void AppendHeader(std::string_view name, std::string_view value) {
    fields_.Append({std::string(name), std::string(value)});
  }
  /// The newer name of AppendHeader.
  void AddHeader(std::string_view name, std::string_view value) { AppendHeader(name, value); }

  /// Replaces the first field of that name and removes the others; appends where there is none.
  void SetHeader(std::string_view name, std::string_view value) {
    const std::size_t first = Find(name);
    if (first == fields_.Count()) return AppendHeader(name, value);
    fields_[first].value = value;
    for (std::size_t i = fields_.Count(); i-- > first + 1;)
      if (detail::EqualIgnoringCase(fields_[i].name, name)) Delete(i);
  }

  /// Removes every field of that name.
  void Delete(std::string_view name) {
    for (std::size_t i = fields_.Count(); i-- > 0;)
      if (detail::EqualIgnoringCase(fields_[i].name, name)) Delete(i);
  }
  /// As above.
  void Delete(const char* name) { Delete(std::string_view(name)); }
  /// Removes the field at `index`; nothing where there is none.
  void Delete(std::size_t index) { fields_.Remove(index); }
  /// An index of any type; without this overload a literal 0 could be a pointer as well.
  template <typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  void Delete(Index index) {
    Delete(static_cast<std::size_t>(index));
  }
  /// Removes all fields.
  void DeleteAll() { fields_.RemoveAll(); }

  /// Number of fields.
  std::size_t Count() const noexcept { return fields_.Count(); }
  /// Name of the field at `index`; empty where there is none.
  std::string Name(std::size_t index) const { return index < fields_.Count() ? fields_[index].name : std::string(); }
  /// Value of the field at `index`; empty where there is none.
  std::string Value(std::size_t index) const { return index < fields_.Count() ? fields_[index].value : std::string(); }
  /// Value of the first field of that name; empty where there is none.
  std::string Value(std::string_view name) const { return Value(Find(name)); }
  /// As above.
  std::string Value(const char* name) const { return Value(std::string_view(name)); }
  /// The value of field `index`, from 0 on; empty where there is none.
  template <typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  std::string Value(Index index) const {
    return Value(static_cast<std::size_t>(index));
  }
  /// There is a field of this name.
  bool Has(std::string_view name) const noexcept { return Find(name) != fields_.Count(); }

  /// All fields as they were given, a line each.
  std::string Source() const {
    std::string text;
    for (const Field& field : fields_) text.append(field.name).append(": ").append(field.value).append("\r\n");
    return text;
  }

  /// One field.
  struct Field {
    std::string name;   ///< Without the colon.
    std::string value;  ///< UTF-8, not folded.
  };
  /// All fields.
  const Sequence<Field>& Fields() const noexcept { return fields_; }

 private:
  std::size_t Find(std::string_view name) const noexcept {
    std::size_t i = 0;
    while (i < fields_.Count() && !detail::EqualIgnoringCase(fields_[i].name, name)) ++i;
    return i;
  }

  Sequence<Field> fields_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/punycode.hpp ----
// International domain names in ASCII: A-labels (RFC 5890) by Punycode (RFC 3492), so that a domain in UTF-8 needs no
// SMTPUTF8. ASCII letters are lowered; other characters are taken as they are given, without the mappings of RFC 5895.
#ifndef SMTPOLL_MESSAGE_PUNYCODE_HPP
#define SMTPOLL_MESSAGE_PUNYCODE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Code point of the character at the front of `text`, which is valid UTF-8.
constexpr std::uint32_t CodePointOf(std::string_view text) noexcept {
  const std::size_t size = Utf8Length(text);
  const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  if (size == 1) return byte(0);
  std::uint32_t value = byte(0) & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte(i) & 0x3F);
  return value;
}

/// RFC 3492 6.1: how the bias follows what was encoded.
constexpr std::uint32_t AdaptBias(std::uint32_t delta, std::uint32_t count, bool first) noexcept {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

/// Appends the Punycode of `label` (RFC 3492 6.3), valid UTF-8 of at most 255 bytes: no number here can overflow.
template <typename Text>
void AppendPunycode(std::string_view label, Text& to) {
  const auto each = [label](auto&& visit) {
    for (std::size_t at = 0; at < label.size(); at += Utf8Length(label.substr(at)))
      visit(CodePointOf(label.substr(at)));
  };
  const std::size_t start = to.size();
  std::uint32_t total = 0;
  each([&](std::uint32_t c) {
    ++total;
    if (c < 0x80) to += ToLower(static_cast<char>(c));
  });
  std::uint32_t done = static_cast<std::uint32_t>(to.size() - start);
  const std::uint32_t basic = done;
  if (basic != 0) to += '-';
  std::uint32_t n = 0x80, delta = 0, bias = 72;
  while (done < total) {
    std::uint32_t next = UINT32_MAX;
    each([&](std::uint32_t c) {
      if (c >= n && c < next) next = c;
    });
    delta += (next - n) * (done + 1);
    n = next;
    each([&](std::uint32_t c) {
      if (c < n) ++delta;
      if (c != n) return;
      std::uint32_t q = delta;
      for (std::uint32_t k = 36;; k += 36) {
        const std::uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        const std::uint32_t digit = q < t ? q : t + (q - t) % (36 - t);
        to += static_cast<char>(digit < 26 ? 'a' + digit : '0' + (digit - 26));
        if (q < t) break;
        q = (q - t) / (36 - t);
      }
      bias = AdaptBias(delta, done + 1, done == basic);
      delta = 0;
      ++done;
    });
    ++delta;
    ++n;
  }
}

/// Appends `domain` with every label in ASCII to a std::string, or to what has its size() and += only.
template <typename Text>
void AppendAsciiDomain(std::string_view domain, Text& to) {
  if (IsAllAscii(domain)) {
    to += domain;
    return;
  }
  for (bool first = true; first || !domain.empty(); first = false) {
    if (!first) to += '.';
    const std::string_view label = domain.substr(0, domain.find('.'));
    domain.remove_prefix(label.size() < domain.size() ? label.size() + 1 : label.size());
    if (IsAllAscii(label)) {
      to += label;
    } else {
      to += "xn--";
      AppendPunycode(label, to);
    }
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/mailbox.hpp ----
// Mailboxes as people type them: `"Doe, Jane" <jane@x.org>, bob@y.org, Team: a@b, c@d;` (RFC 5322 3.4, RFC 6532).
// The parser is pulled, one mailbox a call, and copies nothing. It is strict where a command or a header could be
// broken, and takes what is common: empty list elements, white space and comments around every part.
#ifndef SMTPOLL_MESSAGE_MAILBOX_HPP
#define SMTPOLL_MESSAGE_MAILBOX_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One mailbox of a list; the views look into that list.
struct Mailbox {
  std::string_view display_name;  ///< The phrase before <, as typed, quotes and escapes included; may be empty.
  std::string_view local_part;    ///< As typed, with its quotes where it has them.
  std::string_view domain;        ///< A domain, or an address literal with its brackets.
};

namespace detail {

/// What an ASCII character may be in an address.
enum AddressCharacter : std::uint8_t {
  kInAtom = 1,    ///< RFC 5322 3.2.3.
  kInDomain = 2,  ///< RFC 5321 4.1.2; the low line is in use, so it is taken.
  kDot = 4,
};

struct AddressCharacters {
  std::uint8_t kinds[128] = {};
  constexpr AddressCharacters() noexcept {
    for (unsigned i = 0; i < 128; ++i) {
      const auto c = static_cast<char>(i);
      const bool both = IsAlpha(c) || IsDigit(c) || c == '-' || c == '_';
      kinds[i] = both ? kInAtom | kInDomain : c == '.' ? kDot : 0;
    }
    for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '/', '=', '?', '^', '`', '{', '|', '}', '~'})
      kinds[static_cast<unsigned char>(c)] = kInAtom;
  }
};
inline constexpr AddressCharacters kAddressCharacters;

/// True where `c` is ASCII and one of `kinds`.
constexpr bool IsAddressCharacter(char c, unsigned kinds) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 128 && (kAddressCharacters.kinds[byte] & kinds) != 0;
}

/// RFC 5322 3.2.3 and RFC 6532: what an atom may hold.
constexpr bool IsAtomChar(char c) noexcept { return !IsAscii(c) || IsAddressCharacter(c, kInAtom); }

/// True for atoms joined by single dots.
constexpr bool IsDotAtom(std::string_view text) noexcept {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !IsAtomChar(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// Why `domain`, of atoms and dots, is no domain; nullptr where it is one (RFC 5321 4.1.2, RFC 1035 2.3.4).
constexpr const char* DomainFault(std::string_view domain) noexcept {
  std::size_t label = 0;
  for (const char c : domain) {
    if (c == '.') {
      if (label == 0) return "a dot at the wrong place";
      label = 0;
      continue;
    }
    if (++label > 63) return "a label of the domain is longer than 63 octets";
    if (IsAscii(c) && !IsAddressCharacter(c, kInDomain)) return "a character that cannot stand in a domain";
  }
  return label == 0 ? "a dot at the wrong place" : nullptr;
}

/// Appends what a quoted string means: without its quotes and escapes. Text without quotes is appended as it is.
template <typename Text>
void AppendUnquoted(std::string_view text, Text& to) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"')
      quoted = !quoted;
    else if (quoted && text[i] == '\\' && i + 1 < text.size())
      to += text[++i];
    else
      to += text[i];
  }
}

}  // namespace detail

/// Reads a list of mailboxes; Next until false, then Failed tells the end from a fault.
class MailboxParser {
 public:
  /// Reads `list`, which must stay valid.
  explicit MailboxParser(std::string_view list) noexcept : list_(list) {}

  /// Reads the next mailbox; false at the end of the list and at a fault.
  bool Next(Mailbox& mailbox) noexcept {
    while (reason_ == nullptr && SkipSpace() && at_ < list_.size()) {
      const char c = list_[at_];
      if (c == ',' || (c == ';' && in_group_)) {
        in_group_ = in_group_ && c != ';';
        ++at_;
        continue;
      }
      if (Element(mailbox)) return true;
    }
    if (reason_ == nullptr && in_group_) Fault("a group has no ; at its end");
    return false;
  }

  /// The list is no list of mailboxes.
  bool Failed() const noexcept { return reason_ != nullptr; }
  /// Where the fault is, counted in bytes from 1.
  std::size_t FaultColumn() const noexcept { return at_ + 1; }
  /// What is wrong there; nullptr where nothing is.
  const char* FaultReason() const noexcept { return reason_; }

 private:
  bool Fault(const char* reason) noexcept {
    if (reason_ == nullptr) reason_ = reason;
    return false;
  }
  char Peek() const noexcept { return at_ < list_.size() ? list_[at_] : '\0'; }

  /// White space and comments (RFC 5322 3.2.2); false at a fault.
  bool SkipSpace() noexcept {
    int depth = 0;
    for (; at_ < list_.size(); ++at_) {
      const char c = list_[at_];
      if (c == '\r' || c == '\n' || c == '\0') return Fault("a line break or NUL");
      if (c == '(') {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (depth > 0) {
        if (c == '\\') ++at_;
      } else if (!detail::IsSpace(c)) {
        return true;
      }
    }
    if (at_ > list_.size()) at_ = list_.size();
    return depth == 0 || Fault("a comment has no ) at its end");
  }

  bool QuotedString() noexcept {
    for (++at_; at_ < list_.size(); ++at_) {
      const char c = list_[at_];
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f) return Fault("a control character");
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\' && ++at_ < list_.size() && !detail::IsPrint(list_[at_])) return Fault("a control character");
    }
    at_ = list_.size();
    return Fault("a quoted string has no \" at its end");
  }

  bool Atoms() noexcept {
    const std::size_t start = at_;
    for (;;) {
      while (at_ < list_.size() && detail::IsAddressCharacter(list_[at_], detail::kInAtom | detail::kDot)) ++at_;
      if (at_ == list_.size() || detail::IsAscii(list_[at_])) break;
      const std::size_t size = detail::Utf8Length(list_.substr(at_));
      if (size == 0) return Fault("no valid UTF-8");
      at_ += size;
    }
    return at_ != start || Fault("a character that cannot stand in an address");
  }

  /// A phrase and <addr-spec>, or an addr-spec, or the name of a group. True where a mailbox was read.
  bool Element(Mailbox& mailbox) noexcept {
    if (PlainElement(mailbox)) return true;
    const std::size_t start = at_;
    std::size_t end = at_, words = 0;
    while (at_ < list_.size() && Peek() != '<' && Peek() != '@' && Peek() != ':' && Peek() != ',' && Peek() != ';') {
      if (!(Peek() == '"' ? QuotedString() : Atoms())) return false;
      end = at_;
      ++words;
      if (!SkipSpace()) return false;
    }
    const std::string_view phrase = list_.substr(start, end - start);
    if (Peek() == ':' && words != 0) {
      if (in_group_) return Fault("a group inside a group");
      in_group_ = true;
      ++at_;
      return false;
    }
    if (Peek() == '<') {
      ++at_;
      mailbox.display_name = phrase;
      if (!SkipSpace()) return false;
      const std::size_t local = at_;
      if (Peek() == '@') return Fault("a local part is missing");
      if (!(Peek() == '"' ? QuotedString() : Atoms())) return false;
      mailbox.local_part = list_.substr(local, at_ - local);
      if (!SkipSpace() || !AtAndDomain(mailbox) || !SkipSpace()) return false;
      if (Peek() != '>') return Fault("> is missing");
      ++at_;
    } else {
      if (words > 1) return Fault("< is missing before an address");
      if (words == 0) return Fault("a local part is missing");
      mailbox.display_name = {};
      mailbox.local_part = phrase;
      if (!AtAndDomain(mailbox)) return false;
    }
    if (!SkipSpace()) return false;
    const bool ends = at_ == list_.size() || Peek() == ',' || (Peek() == ';' && in_group_);
    return ends ? CheckParts(mailbox) : Fault("a comma is missing");
  }

  /// An addr-spec of plain ASCII without a fault, in one pass: what most elements are. False, and nothing has changed,
  /// for all that has to be looked at closely.
  bool PlainElement(Mailbox& mailbox) noexcept {
    const std::string_view local = PlainAtoms(at_, detail::kInAtom);
    const std::size_t at = at_ + local.size();
    if (local.empty() || at == list_.size() || list_[at] != '@') return false;
    const std::string_view domain = PlainAtoms(at + 1, detail::kInDomain);
    const std::size_t end = at + 1 + domain.size();
    if (domain.empty() || (end != list_.size() && list_[end] != ',')) return false;
    // A domain of 63 octets has no label that is too long.
    if (local.size() > 64 || domain.size() > 63) return false;
    mailbox = {{}, local, domain};
    at_ = end;
    return true;
  }

  /// The run of characters of `kind` and single dots between them that starts at `at`; empty where a dot is stray.
  std::string_view PlainAtoms(std::size_t at, unsigned kind) const noexcept {
    const std::size_t start = at;
    std::size_t dot = start - 1;  // the last one
    for (; at < list_.size() && detail::IsAddressCharacter(list_[at], kind | detail::kDot); ++at) {
      if (list_[at] != '.') continue;
      if (dot + 1 == at) return {};
      dot = at;
    }
    return dot + 1 == at ? std::string_view() : std::string_view(list_.data() + start, at - start);
  }

  bool AtAndDomain(Mailbox& mailbox) noexcept {
    if (Peek() != '@') return Fault("@ is missing");
    ++at_;
    if (!SkipSpace()) return false;
    const std::size_t start = at_;
    if (Peek() == '[') {
      while (at_ < list_.size() && Peek() != ']') {
        // No literal in use has these, and quotes and angle brackets would break a path.
        const bool breaks = Peek() == ' ' || Peek() == '\\' || Peek() == '"' || Peek() == '<' || Peek() == '>';
        if (!detail::IsPrint(Peek()) || breaks || (Peek() == '[' && at_ != start))
          return Fault("a bad address literal");
        ++at_;
      }
      if (at_ == list_.size()) return Fault("] is missing");
      if (at_ == start + 1) return Fault("a bad address literal");
      ++at_;
    } else if (!Atoms()) {
      return false;
    }
    mailbox.domain = list_.substr(start, at_ - start);
    return true;
  }

  /// Of atoms and dots: whether a dot stands at an end, or beside another.
  static bool HasStrayDot(std::string_view atoms) noexcept {
    char before = '.';
    for (const char c : atoms) {
      if (c == '.' && before == '.') return true;
      before = c;
    }
    return before == '.';
  }

  /// RFC 5321 4.5.3.1: the limits; and the rule of dots.
  bool CheckParts(const Mailbox& mailbox) noexcept {
    const auto fault_at = [this](std::string_view part, const char* reason) {
      at_ = static_cast<std::size_t>(part.data() - list_.data());
      return Fault(reason);
    };
    const std::string_view local = mailbox.local_part, domain = mailbox.domain;
    if (local[0] != '"' && HasStrayDot(local)) return fault_at(local, "a dot at the wrong place");
    if (local.find('\t') != std::string_view::npos) return fault_at(local, "a tab in the local part");
    if (local.size() > 64) return fault_at(local, "the local part is longer than 64 octets");
    if (domain.size() > 255) return fault_at(domain, "the domain is longer than 255 octets");
    if (domain[0] != '[')
      if (const char* fault = detail::DomainFault(domain)) return fault_at(domain, fault);
    if (local.size() + domain.size() + 3 > 256) return fault_at(local, "the address is longer than 254 octets");
    return true;
  }

  std::string_view list_;
  std::size_t at_ = 0;
  bool in_group_ = false;
  const char* reason_ = nullptr;
};

namespace detail {

/// Appends `local@domain` in its shortest form: the local part is quoted only where it must be (RFC 5321 4.1.2), and
/// behind a local part in ASCII the domain is in ASCII too. Up to 4 times as long as `mailbox`.
template <typename Text>
void AppendAddrSpec(const Mailbox& mailbox, Text& to) {
  const bool quoted = mailbox.local_part.front() == '"';
  if (!quoted && IsAllAscii(mailbox.local_part) && IsAllAscii(mailbox.domain)) {
    to.append(mailbox.local_part);
    to += '@';
    to.append(mailbox.domain);
    return;
  }
  if (!quoted) {
    to.append(mailbox.local_part);
  } else {
    const std::size_t start = to.size();
    AppendUnquoted(mailbox.local_part, to);
    if (!IsDotAtom(std::string_view(to).substr(start))) {
      to.resize(start);
      to.append(mailbox.local_part);
    }
  }
  to += '@';
  if (IsAllAscii(mailbox.local_part))
    AppendAsciiDomain(mailbox.domain, to);
  else
    to.append(mailbox.domain);
}

/// True where the mailbox itself cannot be said in ASCII (RFC 6531); a domain always can.
inline bool NeedsSmtpUtf8(const Mailbox& mailbox) noexcept { return !IsAllAscii(mailbox.local_part); }

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/owned.hpp ----
// An object on the heap and its one owner: what smtpoll needs of std::unique_ptr, whose header <memory> costs a program
// as much compile time as all of smtpoll's sockets.
#ifndef SMTPOLL_BASE_OWNED_HPP
#define SMTPOLL_BASE_OWNED_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Owns an object made by `new`, or nothing. It takes what a std::unique_ptr owns, too.
template <typename T>
class Owned {
  template <typename Owner>
  using Released = decltype(std::declval<T*&>() = std::declval<Owner&>().release());

 public:
  /// Nothing.
  Owned() noexcept = default;
  /// Owns `object`, made by `new`, or nothing where it is null.
  explicit Owned(T* object) noexcept : object_(object) {}
  /// Takes what `owner` owns: another Owned, or a std::unique_ptr that deletes as usual.
  template <typename Owner, typename = Released<Owner>>
  Owned(Owner owner) noexcept : object_(owner.release()) {}
  /// Takes what `other` owns.
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  /// Deletes what it owned and takes what `other` owns.
  Owned& operator=(Owned&& other) noexcept {
    T* const taken = other.release();
    delete object_;
    object_ = taken;
    return *this;
  }
  ~Owned() { delete object_; }

  /// The object; null where it owns nothing.
  T* get() const noexcept { return object_; }
  /// As get, for members of the object, which must be there.
  T* operator->() const noexcept { return object_; }
  /// The object, which must be there.
  T& operator*() const noexcept { return *object_; }
  /// True where it owns something.
  explicit operator bool() const noexcept { return object_ != nullptr; }

  /// Gives up the object, which the caller owns then.
  T* release() noexcept { return std::exchange(object_, nullptr); }
  /// Deletes the object.
  void reset() noexcept { delete release(); }

 private:
  T* object_ = nullptr;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_signer.hpp ----
// What signs a message while it is rendered, for example by DKIM (dkim_openssl.hpp, dkim_mbedtls.hpp). The message
// floor knows this interface only; without a signer nothing else of signing is compiled. A signed message is rendered
// twice: once for the signer to read, then for the wire with the signature before it.
#ifndef SMTPOLL_MESSAGE_MESSAGE_SIGNER_HPP
#define SMTPOLL_MESSAGE_MESSAGE_SIGNER_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The signing of one message.
class MessageSigning {
 public:
  MessageSigning() = default;
  MessageSigning(const MessageSigning&) = delete;
  MessageSigning& operator=(const MessageSigning&) = delete;
  virtual ~MessageSigning() = default;

  /// Reads the next piece of the body, in the transfer encoding and with the line ends it has on the wire.
  virtual void Update(std::string_view piece) = 0;

  /// The body is over: appends the signature to `to`, whole header fields of Size() bytes, each ended by CRLF. False
  /// where the key does not work.
  virtual bool Finish(std::string& to) = 0;

  /// Bytes that Finish appends, known from the start so that the message's size is.
  virtual std::size_t Size() const noexcept = 0;
};

/// Signs any number of messages; EmailMessage::Signer points at one. Begin may be called while other signings of the
/// same signer are under way.
class MessageSigner {
 public:
  MessageSigner() = default;
  MessageSigner(const MessageSigner&) = delete;
  MessageSigner& operator=(const MessageSigner&) = delete;
  virtual ~MessageSigner() = default;

  /// Why no message can be signed, in a few words; nullptr where all is well. Asked before anything is sent.
  virtual const char* Fault() const noexcept = 0;

  /// Starts to sign a message with this header: its fields as they go over the wire, each line ended by CRLF, without
  /// the empty line. The signing must not outlive the signer.
  virtual Owned<MessageSigning> Begin(std::string_view header) const = 0;
};

/// What points at a signer: a std::shared_ptr or anything like it, which keeps the signer, or a plain pointer, which
/// does not. Copies point at the same signer.
class SignerPointer {
  template <typename Pointer>
  using Fits = decltype(std::declval<const MessageSigner*&>() = &*std::declval<const Pointer&>());

 public:
  /// No signer.
  SignerPointer() = default;
  /// No signer.
  SignerPointer(std::nullptr_t) noexcept {}
  /// The signer that `pointer` points at, or none where it is null.
  template <typename Pointer, typename = Fits<Pointer>>
  SignerPointer(Pointer pointer) {
    if (pointer == nullptr) return;
    signer_ = [kept = std::move(pointer)]() -> const MessageSigner* { return &*kept; };
  }

  /// The signer; nullptr where there is none.
  const MessageSigner* get() const { return signer_ ? signer_() : nullptr; }
  /// The signer, which must be there.
  const MessageSigner* operator->() const { return get(); }
  /// True where there is a signer.
  explicit operator bool() const noexcept { return static_cast<bool>(signer_); }

 private:
  Function<const MessageSigner*()> signer_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/email_message.hpp ----
// A mail as its author thinks of it: the seed's EmailMessage. Plain data; nothing is checked or encoded before it is
// sent.
#ifndef SMTPOLL_MESSAGE_EMAIL_MESSAGE_HPP
#define SMTPOLL_MESSAGE_EMAIL_MESSAGE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One line of EmailMessage::Check: what is wrong or unwise, and how to mend it.
struct MessageFinding {
  bool blocks = false;     ///< The message cannot be sent like this.
  std::string field;       ///< The field or member concerned.
  std::size_t column = 0;  ///< Bytes from 1; 0 for the field as a whole.
  std::string what;        ///< What is wrong with it.
  std::string mend;        ///< What to do about it.
};

/// How urgent the reader's program shows a message.
enum class MessagePriority : std::uint8_t { High, Normal, Low };

/// What is asked of the servers for one recipient (RFC 3461). `Mailbox` is the address as it stands in a list.
struct RecipientOptions {
  std::string Mailbox;                  ///< The recipient, as in ToAddress.
  DsnNotify Notify = DsnNotify::Unset;  ///< When to tell the sender (NOTIFY, RFC 3461).
  std::string OriginalRecipient;        ///< ORCPT: the address as it was first given; empty for none.
};

namespace detail {

/// Fields that hold addresses (RFC 5322 3.6.2, 3.6.6; RFC 8098 2.1): names in them are encoded, the addresses are not.
inline bool IsAddressField(std::string_view name) noexcept {
  for (const std::string_view one : {"From", "Sender", "Reply-To", "To", "Cc", "Resent-From", "Resent-Sender",
                                     "Resent-To", "Resent-Cc", "Disposition-Notification-To"})
    if (EqualIgnoringCase(name, one)) return true;
  return false;
}

/// 64 random bits; `otherwise` where the system has none to give.
inline std::uint64_t RandomNumber(std::uint64_t otherwise) noexcept {
  char bytes[sizeof otherwise];
  if (FillWithEntropy(bytes, sizeof bytes)) std::memcpy(&otherwise, bytes, sizeof otherwise);
  return otherwise;
}

/// The header of a ready-made message: all before its first empty line.
inline std::string_view HeaderOf(std::string_view source) noexcept {
  for (std::size_t at = 0; at < source.size();) {
    if (source[at] == '\r' || source[at] == '\n') return source.substr(0, at);
    const std::size_t end = source.find_first_of("\r\n", at);
    if (end == std::string_view::npos) break;
    at = end + (source.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  return source;
}

}  // namespace detail

/// The seed's EmailMessage: who gets what from whom.
class EmailMessage {
 public:
  std::string FromAddress;                ///< The author; the first mailbox of it is the envelope's reverse-path too.
  std::string Subject;                    ///< UTF-8.
  std::string BodyPlainText;              ///< UTF-8, lines ended by CRLF, LF or CR.
  std::string BodyHTML;                   ///< UTF-8.
  std::string BodyEnriched;               ///< text/enriched (RFC 1896), UTF-8.
  std::string ToAddress;                  ///< Mailboxes with commas between them, as CCAddress and BCCAddress.
  std::string CCAddress;                  ///< Mailboxes that get a copy.
  std::string BCCAddress;                 ///< Gets the message; no header says so.
  Sequence<EmailAttachment> Attachments;  ///< Its attachments, in their order.
  InternetHeaders Headers;   ///< Further fields; one named Date, Message-ID, From, ... takes the place of ours.
  std::string BodyCalendar;  ///< An invitation (RFC 5545), shown beside the other bodies.
  std::string CalendarMethod = "REQUEST";  ///< Its METHOD: REQUEST, REPLY, CANCEL, ...
  /// A ready-made message, sent as it is instead of all above but the addresses; line ends become CRLF.
  std::string Source;

  // Ours, beside the seed's: the envelope.

  /// The envelope's reverse-path where it is not the author; empty text is the null reverse-path (RFC 5321 4.5.5).
  std::optional<std::string> ReversePath;
  smtpoll::DeliveryOptions Options;     ///< What is asked of the servers for the whole message.
  std::string EnvelopeID;               ///< ENVID of RFC 3461; empty for none.
  DsnNotify Notify = DsnNotify::Unset;  ///< NOTIFY for the recipients that RecipientOptions does not name.
  std::vector<smtpoll::RecipientOptions> RecipientOptions;  ///< What is special to single recipients.
  /// Mailboxes that a further try leaves out, because they have the message or never will: filled when a connection is
  /// lost after the server took the message for a part of the recipients.
  std::vector<std::string> Settled;
  std::uint32_t Tries = 0;  ///< How often a RetryQueue has tried it in vain.
  std::string Tag;          ///< The caller's own, to know a message by in an event; never sent, never looked at.

  /// Signs the message on its way out, for example by DKIM. A signed message goes in ASCII, because a relay that turned
  /// 8bit into something else would break the signature; and its attachments are read twice.
  SignerPointer Signer;

  /// Add to the address lists.
  void AddRecipient(std::string_view address) { AddTo(ToAddress, address); }
  /// As AddRecipient, for CCAddress.
  void AddCCRecipient(std::string_view address) { AddTo(CCAddress, address); }
  /// As AddRecipient, for BCCAddress.
  void AddBCCRecipient(std::string_view address) { AddTo(BCCAddress, address); }

  /// Attaches something that BodyHTML shows, and returns its content identifier: `<img src="cid:...">` (RFC 2392).
  std::string AddInline(EmailAttachment attachment) {
    if (attachment.InlineContentID.empty()) {
      // An identifier is for the whole world (RFC 2392 2): messages are forwarded within others.
      const std::uint64_t place = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this));
      attachment.InlineContentID = "inline" + std::to_string(Attachments.Count() + 1) + "." +
                                   std::to_string(detail::RandomNumber(place)) + "@smtpoll.invalid";
    }
    Attachments.Append(std::move(attachment));
    return Attachments[Attachments.Count() - 1].InlineContentID;
  }

  /// Sets X-Priority and Importance; Normal removes them.
  void SetPriority(MessagePriority priority) {
    Headers.Delete("X-Priority");
    Headers.Delete("Importance");
    if (priority == MessagePriority::Normal) return;
    Headers.AppendHeader("X-Priority", priority == MessagePriority::High ? "1 (Highest)" : "5 (Lowest)");
    Headers.AppendHeader("Importance", priority == MessagePriority::High ? "high" : "low");
  }
  /// Sets List-Unsubscribe to a https: or mailto: URI (RFC 2369); `one_click` adds what RFC 8058 asks for, with https:
  /// only.
  void SetListUnsubscribe(std::string_view uri, bool one_click) {
    Headers.SetHeader("List-Unsubscribe", "<" + std::string(uri) + ">");
    Headers.Delete("List-Unsubscribe-Post");
    if (one_click) Headers.AppendHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  }
  /// Says that no human wrote this, so that no vacation program answers (RFC 3834): auto-generated or auto-replied.
  void SetAutoSubmitted(std::string_view keyword) { Headers.SetHeader("Auto-Submitted", keyword); }
  /// Makes this an answer to the message with that Message-ID and References (RFC 5322 3.6.4).
  void SetInReplyTo(std::string_view message_id, std::string_view references) {
    Headers.SetHeader("In-Reply-To", message_id);
    Headers.SetHeader("References", references.empty() ? std::string(message_id)
                                                       : std::string(references) + " " + std::string(message_id));
  }

  /// All that a receiver or a spam filter would hold against this message, and what keeps it from being sent.
  Sequence<MessageFinding> Check() const;

  /// The first thing that keeps this message from being sent safely; nothing of it is sent then.
  MessageFault Fault() const;

  /// True where an address, or the header of a ready-made message, cannot be said in ASCII, so that the server has to
  /// offer SMTPUTF8 (RFC 6531).
  bool NeedsSmtpUtf8() const noexcept;

  /// The whole message as it would be sent to a server that takes ASCII only (the seed's Source, read): for an archive
  /// or a folder of sent mail. Date, Message-ID and boundaries are new with each call. Empty where a source fails, or
  /// has nothing now.
  std::string Render() const;

 private:
  static void AddTo(std::string& list, std::string_view address) {
    if (!list.empty()) list += ", ";
    list += address;
  }
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/encoded_word.hpp ----
// Encoded words (RFC 2047): text that is not plain ASCII, for a header. Charset UTF-8, B or Q whichever is shorter.
// Invariant: a word is at most 75 characters, holds whole characters only, and decodes to what was put in; a byte that
// is no UTF-8 becomes U+FFFD.
#ifndef SMTPOLL_MESSAGE_ENCODED_WORD_HPP
#define SMTPOLL_MESSAGE_ENCODED_WORD_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The longest encoded word (RFC 2047 2).
constexpr std::size_t kMaxEncodedWord = 75;

/// `=?UTF-8?B?` and `?=` around the text of a word.
constexpr std::size_t kEncodedWordOverhead = 12;

/// Room in which a word with any one character surely fits: four bytes as Q, or as B.
constexpr std::size_t kLeastEncodedWord = kEncodedWordOverhead + 12;

constexpr char kHexDigits[17] = "0123456789ABCDEF";

enum class WordEncoding : std::uint8_t { B, Q };

/// Characters that stand for themselves in Q wherever the word is, also in a phrase (RFC 2047 5 (3)).
constexpr bool IsPlainInQ(char c) noexcept {
  return IsAlpha(c) || IsDigit(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

constexpr std::size_t SizeInQ(std::string_view bytes) noexcept {
  std::size_t size = 0;
  for (char c : bytes) size += IsPlainInQ(c) || c == ' ' ? 1 : 3;
  return size;
}

/// The shorter encoding of `text`.
constexpr WordEncoding ShorterEncoding(std::string_view text) noexcept {
  std::size_t q = 0, bytes = 0;
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    q += SizeInQ(character.bytes);
    bytes += character.bytes.size();
    text.remove_prefix(character.consumed);
  }
  return q <= Base64Size(bytes) ? WordEncoding::Q : WordEncoding::B;
}

template <typename Text>
void AppendQ(std::string_view bytes, Text& into) {
  for (char c : bytes) {
    if (IsPlainInQ(c)) {
      into += c;
    } else if (c == ' ') {
      into += '_';
    } else {
      const unsigned value = static_cast<unsigned char>(c);
      into += '=';
      into += kHexDigits[value >> 4];
      into += kHexDigits[value & 15];
    }
  }
}

/// Takes as many characters off the front of `text` as fit one encoded word of at most `room` characters, and appends
/// that word to `into`. False where not even one fits; then nothing is changed. A word in B that is not the last one
/// has no padding, because GMime loses what follows some (it decodes a run of words as one); where that cannot be, it
/// is in Q.
template <typename Text>
bool TakeEncodedWord(std::string_view& text, std::size_t room, WordEncoding encoding, Text& into) {
  if (room > kMaxEncodedWord) room = kMaxEncodedWord;
  if (text.empty() || room < kEncodedWordOverhead) return false;
  room -= kEncodedWordOverhead;
  bool b = encoding == WordEncoding::B;
  std::size_t taken = 0;
  for (;; b = false) {
    std::size_t size = 0, used = 0;
    std::size_t even_taken = 0;  // as far as there is no padding
    for (taken = 0; taken < text.size();) {
      const Utf8Character character = FirstCharacter(Rest(text, taken));
      size += character.bytes.size();
      used = b ? Base64Size(size) : used + SizeInQ(character.bytes);
      if (used > room) break;
      taken += character.consumed;
      if (size % 3 == 0) even_taken = taken;
    }
    if (taken == 0) return false;
    if (!b || taken == text.size()) break;
    taken = even_taken;
    if (taken != 0) break;
  }
  std::string_view word = First(text, taken);
  text.remove_prefix(taken);
  into.append(b ? "=?UTF-8?B?" : "=?UTF-8?Q?");
  char group[3], encoded[5];
  std::size_t filled = 0;
  while (!word.empty()) {
    const Utf8Character character = FirstCharacter(word);
    word.remove_prefix(character.consumed);
    if (!b) AppendQ(character.bytes, into);
    for (std::size_t i = 0; b && i < character.bytes.size(); ++i) {
      group[filled++] = character.bytes[i];
      if (filled == sizeof group || (word.empty() && i + 1 == character.bytes.size())) {
        into.append(encoded, Base64Encode(group, filled, encoded));
        filled = 0;
      }
    }
  }
  into.append("?=");
  return true;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/header_writer.hpp ----
// Writes header fields line by line: folded at 78 characters where there is a space, never over 998 (RFC 5322 2.1.1,
// 2.2.3), text that is not plain ASCII as encoded words (RFC 2047).
// Invariant: whatever is given as text, no CR, LF or NUL of it reaches the header.
#ifndef SMTPOLL_MESSAGE_HEADER_WRITER_HPP
#define SMTPOLL_MESSAGE_HEADER_WRITER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The longest line that a header should have, and with encoded words in it (RFC 5322 2.1.1, RFC 2047 2).
constexpr std::size_t kFoldColumn = 78;
constexpr std::size_t kEncodedFoldColumn = 76;

/// The longest line of all (RFC 5322 2.1.1).
constexpr std::size_t kMaxLine = 998;

/// The longest word that is written as it is: with spaces before it, it stays below kMaxLine.
constexpr std::size_t kMaxWord = 950;

/// A run of spaces longer than this is encoded, so that kMaxWord holds.
constexpr std::size_t kMaxSpaces = 40;

/// Appends header fields to a text that the owner keeps; one field at a time: Begin, its parts, End.
template <typename Out>
class BasicHeaderWriter {
 public:
  explicit BasicHeaderWriter(Out& out) noexcept : out_(out) {}

  void Begin(std::string_view name) {
    line_ = out_.size();
    first_ = true;
    out_.append(name);
    out_ += ':';
  }

  /// A word that is not taken apart, after `spaces`; before these the line is folded where the word would not fit.
  void Word(std::string_view word, std::string_view spaces = " ") {
    Space(word.size(), spaces);
    out_.append(word);
  }

  /// What stands before a word of `size` bytes that Glue writes: as Word.
  void Space(std::size_t size, std::string_view spaces = " ") {
    const std::size_t column = Column() + spaces.size() + size + 1;  // a comma may follow
    if (column > (first_ ? kMaxLine : kFoldColumn)) Fold();
    out_.append(spaces);
    first_ = false;
  }

  /// Text that belongs to the word before it.
  void Glue(std::string_view text) { out_.append(text); }

  /// Words of printable ASCII with spaces between them, as they are.
  void Verbatim(std::string_view text) {
    while (!text.empty()) {
      const std::size_t spaces = SpacesAt(text);
      const std::size_t word = WordAt(Rest(text, spaces));
      if (word != 0) Word(First(Rest(text, spaces), word), spaces == 0 ? " " : First(text, spaces));
      text.remove_prefix(spaces + word);
    }
  }

  /// `text` as encoded words, with a space before each.
  void Encoded(std::string_view text) {
    const WordEncoding encoding = ShorterEncoding(text);
    while (!text.empty()) {
      if (Column() + 1 + kLeastEncodedWord > kEncodedFoldColumn && !first_) Fold();
      out_ += ' ';
      // A name that leaves no room makes a line over 76, which is better than none.
      const std::size_t column = Column();
      const std::size_t room =
          column + kLeastEncodedWord > kEncodedFoldColumn ? kLeastEncodedWord : kEncodedFoldColumn - column;
      TakeEncodedWord(text, room, encoding, out_);
      first_ = false;
      if (!text.empty()) Fold();
    }
  }

  /// Unstructured text (RFC 5322 2.2.1): words that are plain stay as they are if they have at most `longest`
  /// characters, the others are encoded together with the spaces between them, so that the text is read as it was.
  void Text(std::string_view text, std::size_t longest = kMaxWord) {
    if (text.size() <= longest && FitsAsItIs(text)) return Word(text);
    std::size_t at = 0;
    while (at < text.size()) {
      std::size_t end = NextUnit(text, at);
      if (!NeedsEncoding(text, at, end, longest)) {
        const std::size_t spaces = SpacesAt(Rest(text, at));
        Word(First(Rest(text, at + spaces), end - at - spaces), spaces == 0 ? " " : First(Rest(text, at), spaces));
      } else {
        while (end < text.size() && NeedsEncoding(text, end, NextUnit(text, end), longest)) end = NextUnit(text, end);
        // One space stands before the encoded words anyway; readers drop those between them.
        if (at != 0) ++at;
        Encoded(First(Rest(text, at), end - at));
      }
      at = end;
    }
  }

  void End() { out_.append("\r\n", 2); }

  /// A whole field of unstructured text.
  void Field(std::string_view name, std::string_view text) {
    Begin(name);
    Text(text);
    End();
  }

  std::size_t Column() const noexcept { return out_.size() - line_; }

 private:
  /// What Text would write word by word without change: the common case, told by a few looks.
  bool FitsAsItIs(std::string_view text) const noexcept {
    return !text.empty() && Column() + 1 + text.size() + 1 <= kFoldColumn && text.front() != ' ' &&
           text.back() != ' ' && IsAllPrint(text) && !HasPair(text, "=?") && !HasPair(text, "  ");
  }
  static bool HasPair(std::string_view text, const char* pair) noexcept {
    for (std::size_t i = 1; i < text.size(); ++i)
      if (text[i] == pair[1] && text[i - 1] == pair[0]) return true;
    return false;
  }

  void Fold() {
    out_.append("\r\n", 2);
    line_ = out_.size();
  }

  static std::size_t SpacesAt(std::string_view text) noexcept {
    const std::size_t end = text.find_first_not_of(' ');
    return end == std::string_view::npos ? text.size() : end;
  }
  static std::size_t WordAt(std::string_view text) noexcept {
    const std::size_t end = text.find(' ');
    return end == std::string_view::npos ? text.size() : end;
  }

  /// End of the unit that starts at `at`: its spaces and the word after them.
  static std::size_t NextUnit(std::string_view text, std::size_t at) noexcept {
    at += SpacesAt(Rest(text, at));
    return at + WordAt(Rest(text, at));
  }

  static bool NeedsEncoding(std::string_view text, std::size_t at, std::size_t end, std::size_t longest) noexcept {
    const std::size_t spaces = SpacesAt(First(Rest(text, at), end - at));
    const std::string_view word = First(Rest(text, at + spaces), end - at - spaces);
    // Spaces at either end would be lost on the way; a unit without a word is such an end.
    if ((at == 0 && spaces != 0) || spaces > kMaxSpaces || word.empty() || word.size() > longest) return true;
    if (end < text.size() && NextUnit(text, end) == text.size() && text.back() == ' ') return true;
    for (char c : word)
      if (!IsPrint(c)) return true;
    return word.find("=?") != std::string_view::npos;
  }

  Out& out_;
  std::size_t line_ = 0;  // where the current line starts in out_
  bool first_ = true;     // nothing stands after the name yet
};

using HeaderWriter = BasicHeaderWriter<TextBuffer>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/text_scan.hpp ----
// One pass over a text, in pieces: what it needs of the wire, and how long it is once its lines end with CRLF.
// RFC 2045 2.7 to 2.9 say what 7bit, 8bit and binary data are.
#ifndef SMTPOLL_MESSAGE_TEXT_SCAN_HPP
#define SMTPOLL_MESSAGE_TEXT_SCAN_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A text with a line longer than this is encoded; RFC 5322 2.1.1 allows 998.
constexpr std::size_t kLongestTextLine = 900;

/// Gathers facts of a text that comes in pieces; they hold for all pieces so far.
class TextScan {
 public:
  void Update(std::string_view piece) noexcept {
    const std::string_view tail = Rest(piece, piece.size() / 32 * 32);
    std::string_view blocks(piece.data(), piece.size() - tail.size());
#if defined(SMTPOLL_AVX2)
    if (blocks.size() > 32 && HasAvx2()) TakeBlocksByAvx2(blocks);
#endif
    for (; !blocks.empty(); blocks.remove_prefix(32)) {
      if (after_cr_ == 0 && ArePlain32(blocks.data()))
        TakePlain32();
      else
        Take(TextBitsOf32(blocks.data()), 32);
    }
    if (tail.empty()) return;
    const auto rest = static_cast<unsigned>(tail.size());
    if (rest == piece.size()) return Take(TextBitsByByte(tail.data(), rest), rest);
    // The last 32 bytes, without those that are counted already.
    TextBits bits = TextBitsOf32(tail.data() + rest - 32);
    for (std::uint32_t* const one : {&bits.cr, &bits.lf, &bits.control, &bits.eight_bit}) *one >>= 32 - rest;
    Take(bits, rest);
  }

  /// True where it can go as it is but for its line ends: 7bit, or 8bit where `eight_bit` allows that.
  bool GoesAsItIs(bool eight_bit) const noexcept { return !long_line_ && !control_ && (eight_bit || !eight_bit_); }
  bool IsEightBit() const noexcept { return eight_bit_; }
  bool HasLongLine() const noexcept { return long_line_; }
  /// A CR or LF stands without the other.
  bool HasBareLineEnd() const noexcept { return missing_ != 0 || after_cr_ != 0; }
  /// Bytes as they are.
  std::uint64_t Size() const noexcept { return size_; }
  /// Bytes with every line end as CRLF.
  std::uint64_t CrlfSize() const noexcept { return size_ + missing_ + after_cr_; }
  /// Bytes that are no printable character, no space, tab, CR or LF.
  std::uint64_t Escaped() const noexcept { return escaped_; }

 private:
#if defined(SMTPOLL_AVX2)
  SMTPOLL_TARGET("avx2") void TakeBlocksByAvx2(std::string_view& blocks) noexcept {
    for (; !blocks.empty(); blocks.remove_prefix(32)) {
      const TextBits bits = TextBitsOf32ByAvx2(blocks.data());
      if ((bits.cr | bits.lf | bits.control | bits.eight_bit | after_cr_) == 0)
        TakePlain32();
      else
        Take(bits, 32);
    }
  }
#endif

  void TakePlain32() noexcept {
    size_ += 32;
    column_ += 32;
    long_line_ = long_line_ || column_ > kLongestTextLine;
  }

  void Take(const TextBits& bits, unsigned size) noexcept {
    // Where the other half of a CRLF is missing, as IsLineFault says it.
    const std::uint32_t inside = 0xffffffffu >> (32 - size);
    const std::uint32_t missing = ((bits.cr << 1 | after_cr_) & inside) ^ bits.lf;
    if (missing != 0) missing_ += CountBits(missing);
    after_cr_ = bits.cr >> (size - 1) & 1;
    size_ += size;
    const std::uint32_t ends = bits.cr | bits.lf, escaped = bits.control | bits.eight_bit;
    if (escaped != 0) {
      escaped_ += CountBits(escaped);
      control_ = control_ || bits.control != 0;
      eight_bit_ = eight_bit_ || bits.eight_bit != 0;
    }
    // A line that begins and ends within 32 bytes is not too long.
    column_ += ends == 0 ? size : LowestBit(ends);
    long_line_ = long_line_ || column_ > kLongestTextLine;
    if (ends != 0) column_ = size - 1 - HighestBit(ends);
  }

  std::uint64_t size_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t escaped_ = 0;
  std::size_t column_ = 0;
  std::uint32_t after_cr_ = 0;  // 1 where the last byte was a CR
  bool long_line_ = false;
  bool eight_bit_ = false;
  bool control_ = false;
};

/// The bytes of a source with every line end, CR, LF or CRLF, as CRLF.
class CrlfLines {
 public:
  void Start() noexcept { before_ = '\n', holds_ = ended_ = false; }

  /// `pull(char*, size_t)` is Source::Read. What it says other than More is passed on once all before it is written.
  template <typename Pull>
  SourceResult Read(char* into, std::size_t room, Pull&& pull) {
    std::size_t size = 0;
    if (holds_) {
      into[size++] = before_ = held_;
      holds_ = false;
    }
    while (size < room && !ended_) {
      // Each byte may need one more: half of the room is read into, its end. Where only one byte is left, it is held.
      const std::size_t most = (room - size) / 2;
      char* const raw = most != 0 ? into + room - most : &held_;
      const SourceResult got = pull(raw, most != 0 ? most : 1);
      if (got.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (got.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      ended_ = got.status == SourceStatus::End;
      for (std::size_t at = 0; at < got.size;) {
        const std::size_t run = FindLineFault(before_, raw + at, got.size - at, false);
        if (run == 0) {
          into[size++] = before_ = before_ == '\r' ? '\n' : '\r';
          if (most != 0) continue;
          holds_ = true;
          break;
        }
        std::memmove(into + size, raw + at, run);
        size += run;
        at += run;
        before_ = into[size - 1];
      }
    }
    if (ended_ && !holds_ && before_ == '\r' && size < room) into[size++] = before_ = '\n';
    return {size, ended_ && !holds_ && before_ != '\r' ? SourceStatus::End : SourceStatus::More};
  }

 private:
  char before_ = '\n';  // the last byte written
  char held_ = '\n';    // a byte that there was no room for
  bool holds_ = false;
  bool ended_ = false;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_advice.hpp ----
// What a receiver or a spam filter would hold against a message, with a word on how to mend it. Nothing here keeps a
// message from being sent; that is EmailMessage::Fault's.
#ifndef SMTPOLL_MESSAGE_MESSAGE_ADVICE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_ADVICE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

inline std::size_t CountMailboxes(std::string_view list) noexcept {
  MailboxParser parser(list);
  Mailbox mailbox;
  std::size_t count = 0;
  while (parser.Next(mailbox)) ++count;
  return count;
}

/// `<left@right>`, one or more of them (RFC 5322 3.6.4).
inline bool LooksLikeMessageIds(std::string_view text) noexcept {
  for (text = Trim(text); !text.empty(); text = Trim(text)) {
    const std::size_t at = text.find('@'), end = text.find('>');
    if (text[0] != '<' || end == std::string_view::npos || at > end || at < 2 || end - at < 2) return false;
    text.remove_prefix(end + 1);
  }
  return true;
}

/// Extensions that many receivers refuse, whatever is in the file.
inline bool IsBlockedExtension(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  for (const std::string_view one :
       {"exe", "bat", "cmd", "com", "cpl", "dll", "hta", "jar", "js", "lnk", "msi", "ps1", "reg", "scr", "vbs", "wsf"})
    if (EqualIgnoringCase(name.substr(dot + 1), one)) return true;
  return false;
}

class Adviser {
 public:
  explicit Adviser(const EmailMessage& mail) : mail_(mail) {}

  Sequence<MessageFinding> Findings() {
    if (const MessageFault fault = mail_.Fault())
      findings_.Append({true, std::string(fault.field), fault.column, fault.reason, "it is refused before it is sent"});
    const std::size_t to = CountMailboxes(mail_.ToAddress), cc = CountMailboxes(mail_.CCAddress);
    if (to + cc + CountMailboxes(mail_.BCCAddress) == 0)
      findings_.Append({true, "ToAddress", 0, "there is no recipient", "add one with AddRecipient"});
    if (!mail_.Source.empty()) return CheckSource();
    if (to + cc == 0)
      Note("ToAddress", "no recipient is visible", "filters take mail without To for bulk: put one address there");
    if (to + cc > 100) Note("ToAddress", "more than 100 visible recipients", "send a message each, or use BCCAddress");
    CheckHeaders();
    CheckEnvelope();
    CheckBodies();
    CheckAttachments();
    return std::move(findings_);
  }

 private:
  void Note(std::string_view field, const char* what, const char* mend) {
    findings_.Append({false, std::string(field), 0, what, mend});
  }

  Sequence<MessageFinding> CheckSource() {
    const std::string_view text = mail_.Source, header = HeaderOf(text);
    for (const std::string_view name : {"From:", "Date:", "Message-ID:"}) {
      bool found = false;
      for (std::size_t at = 0; at < header.size() && !found;) {
        found = StartsWithIgnoringCase(header.substr(at), name);
        const std::size_t end = header.find_first_of("\r\n", at);
        at = end == std::string_view::npos ? header.size() : end + 1;
      }
      if (!found)
        Note(name.substr(0, name.size() - 1), "the ready-made message lacks this field", "add it: RFC 5322 3.6");
    }
    if (header.size() == text.size())
      Note("Source", "the ready-made message has no empty line", "one stands between header and body");
    if (!IsAllAscii(header))
      Note("Source", "its header has bytes that are not ASCII",
           "write encoded words (RFC 2047): few servers offer SMTPUTF8");
    CheckSourceLines(text);
    CheckEnvelope();
    return std::move(findings_);
  }
  void CheckSourceLines(std::string_view text) {
    bool long_line = false, bare = false;
    std::size_t column = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool lone_cr = c == '\r' && text.substr(i + 1, 1) != "\n";
      bare = bare || lone_cr || (c == '\n' && (i == 0 || text[i - 1] != '\r'));
      column = c == '\r' || c == '\n' ? 0 : column + 1;
      long_line = long_line || column > kMaxLine;
    }
    if (long_line)
      Note("Source", "a line is longer than 998 bytes", "fold it, or encode the part as quoted-printable or base64");
    if (bare) Note("Source", "a CR or LF stands alone", "it is sent as CRLF; a signature in the message may break");
  }

  /// What concerns the wire and not the text.
  void CheckEnvelope() {
    if (mail_.NeedsSmtpUtf8() && mail_.Source.empty())
      Note("FromAddress", "an address needs SMTPUTF8", "servers without it refuse the message: give one in ASCII, too");
    for (const RecipientOptions& one : mail_.RecipientOptions) {
      bool found = false;
      for (const std::string* list : {&mail_.ToAddress, &mail_.CCAddress, &mail_.BCCAddress})
        found = found || Names(*list, one.Mailbox);
      if (!found) Note("RecipientOptions", "one names no recipient", "write the address as the list has it");
    }
  }
  static bool Names(std::string_view list, std::string_view address) {
    MailboxParser parser(list);
    Mailbox mailbox;
    TextBuffer text;
    while (parser.Next(mailbox)) {
      text.clear();
      AppendAddrSpec(mailbox, text);
      if (text.View() == address) return true;
    }
    return false;
  }

  void CheckHeaders() {
    const InternetHeaders& headers = mail_.Headers;
    if (Trim(mail_.Subject).empty() && !headers.Has("Subject"))
      Note("Subject", "it is empty", "say what the mail is about");
    if (mail_.Subject.size() > 200) Note("Subject", "it is longer than 200 bytes", "readers show some 60 characters");
    if (CountMailboxes(mail_.FromAddress) > 1 && !headers.Has("Sender"))
      Note("FromAddress", "several authors and no Sender",
           "set the header Sender to the one who sends (RFC 5322 3.6.2)");
    for (const char* name : {"Message-ID", "In-Reply-To", "References"})
      if (headers.Has(name) && !LooksLikeMessageIds(headers.Value(name)))
        Note(name, "it is no message identifier", "write it as <left@right>");
    for (const char* name : {"Date", "Message-ID", "From"})
      if (headers.Has(name) && Trim(headers.Value(name)).empty())
        Note(name, "it is empty", "take it out of Headers, then ours is sent");
    if (headers.Has("List-Unsubscribe-Post") && !headers.Has("List-Unsubscribe"))
      Note("List-Unsubscribe-Post", "it stands without List-Unsubscribe", "use SetListUnsubscribe (RFC 8058)");
    for (const std::string_view name : {"Date", "Message-ID", "Subject", "From", "To", "Cc", "Sender", "Reply-To"}) {
      std::size_t count = 0;
      for (const InternetHeaders::Field& field : headers.Fields()) count += EqualIgnoringCase(field.name, name);
      if (count > 1) Note(name, "it stands more than once", "use SetHeader: RFC 5322 3.6 allows one");
    }
  }

  void CheckBodies() {
    if (mail_.BodyPlainText.empty() && mail_.BodyHTML.empty() && mail_.BodyEnriched.empty() &&
        mail_.BodyCalendar.empty() && mail_.Attachments.empty())
      Note("BodyPlainText", "the message is empty", "write something");
    if (!mail_.BodyHTML.empty() && mail_.BodyPlainText.empty())
      Note("BodyPlainText", "HTML without plain text",
           "filters hold that against a mail: say the same in BodyPlainText");
    for (const std::string* body : {&mail_.BodyPlainText, &mail_.BodyHTML, &mail_.BodyEnriched}) {
      TextScan scan;
      scan.Update(*body);
      if (scan.HasLongLine())
        Note("Body", "a line is longer than 900 bytes", "it is sent encoded, and readers may not wrap it: break it");
      if (body->find('\0') != std::string::npos)
        Note("Body", "it holds a NUL", "readers cut a text there: take it out");
    }
  }

  /// What most servers take, base64 included.
  static constexpr std::uint64_t kLargeMessage = std::uint64_t{25} * 1024 * 1024;

  void CheckAttachments() {
    std::uint64_t sum = 0;
    for (const EmailAttachment& one : mail_.Attachments) {
      sum += one.Size() == kUnknownSize ? 0 : one.Size() / 3 * 4;
      if (one.Name.empty() && one.InlineContentID.empty())
        Note("Attachments", "one has no Name", "readers invent one then");
      if (IsBlockedExtension(one.Name))
        Note("Attachments", "many receivers refuse this kind of file", "send a link, or a .zip");
      if (one.InlineContentID.empty()) continue;
      if (mail_.BodyHTML.find("cid:" + one.InlineContentID) == std::string::npos)
        Note("Attachments", "BodyHTML does not show an inline attachment", "write cid: and its InlineContentID there");
    }
    if (sum > kLargeMessage)
      Note("Attachments", "together they are larger than most servers take", "send a link; 25 MiB is a usual limit");
  }

  const EmailMessage& mail_;
  Sequence<MessageFinding> findings_;
};

}  // namespace detail

inline Sequence<MessageFinding> EmailMessage::Check() const { return detail::Adviser(*this).Findings(); }

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/base64_vector.hpp ----
// Lines of base64 (57 bytes become 76 characters and CRLF) by vector instructions. A line is taken in pieces that
// overlap, so nothing before or after it is read; all of a line is read before its place is written.
// The arithmetic is W. Mula's: three bytes are spread over four by a shuffle, two multiplications shift the sextets in
// place, and a shuffle by the sextet's range gives what has to be added to make it a character.
#ifndef SMTPOLL_BASE_BASE64_VECTOR_HPP
#define SMTPOLL_BASE_BASE64_VECTOR_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

#if defined(SMTPOLL_SSSE3)

/// 12 bytes, 3 at each place that `spread` says, as 16 characters.
SMTPOLL_TARGET("ssse3") inline Bytes16 Base64Of12(Bytes16 bytes, Bytes16 spread) noexcept {
  using Words = unsigned short __attribute__((vector_size(16)));
  using SignedWords = short __attribute__((vector_size(16)));
  using Quads = std::uint32_t __attribute__((vector_size(16)));
  const auto in = reinterpret_cast<Quads>(
      __builtin_ia32_pshufb128(reinterpret_cast<Chars16>(bytes), reinterpret_cast<Chars16>(spread)));
  const Quads shift_high = Quads{} + 0x04000040u, shift_low = Quads{} + 0x01000010u;
  const SignedWords high = __builtin_ia32_pmulhuw128(reinterpret_cast<SignedWords>(in & 0x0fc0fc00u),
                                                     reinterpret_cast<SignedWords>(shift_high));
  const Words low = reinterpret_cast<Words>(in & 0x003f03f0u) * reinterpret_cast<Words>(shift_low);
  const Bytes16 sextets = reinterpret_cast<Bytes16>(high) | reinterpret_cast<Bytes16>(low);
#if !defined(__clang__) || __has_builtin(__builtin_ia32_psubusb128)
  const auto above_z = reinterpret_cast<Bytes16>(
      __builtin_ia32_psubusb128(reinterpret_cast<Chars16>(sextets), reinterpret_cast<Chars16>(Repeat16(51))));
#else
  const Bytes16 above_z = __builtin_elementwise_sub_sat(sextets, Repeat16(51));
#endif
  const Bytes16 range = above_z - Less(Repeat16(25), sextets);
  // 252 is -4, 237 is -19, 240 is -16.
  const Bytes16 offsets = {65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0};
  return sextets + reinterpret_cast<Bytes16>(
                       __builtin_ia32_pshufb128(reinterpret_cast<Chars16>(offsets), reinterpret_cast<Chars16>(range)));
}

SMTPOLL_TARGET("ssse3")
inline void Base64LinesBySsse3(const char* bytes, std::size_t lines, char* into) noexcept {
  const Bytes16 spread = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
  const Bytes16 spread_last = spread + 4;
  const auto store = [](char* at, Bytes16 text) { std::memcpy(at, &text, sizeof text); };
  for (; lines != 0; --lines, bytes += 57, into += 78) {
    const Bytes16 a = Load16(bytes), b = Load16(bytes + 12), c = Load16(bytes + 24), d = Load16(bytes + 36);
    const Bytes16 last = Load16(bytes + 41);  // its last 12 bytes, 3 of them done twice
    store(into, Base64Of12(a, spread));
    store(into + 16, Base64Of12(b, spread));
    store(into + 32, Base64Of12(c, spread));
    store(into + 48, Base64Of12(d, spread));
    store(into + 60, Base64Of12(last, spread_last));
    into[76] = '\r';
    into[77] = '\n';
  }
}

#endif

#if defined(SMTPOLL_AVX2)

/// As Base64Of12 in each half.
SMTPOLL_TARGET("avx2") inline Bytes32 Base64Of24(Bytes32 bytes, Bytes32 spread) noexcept {
  using Chars = char __attribute__((vector_size(32)));
  using Signed = signed char __attribute__((vector_size(32)));
  using Words = unsigned short __attribute__((vector_size(32)));
  using SignedWords = short __attribute__((vector_size(32)));
  using Quads = std::uint32_t __attribute__((vector_size(32)));
  const auto in = reinterpret_cast<Quads>(
      __builtin_ia32_pshufb256(reinterpret_cast<Chars>(bytes), reinterpret_cast<Chars>(spread)));
  const Quads shift_high = Quads{} + 0x04000040u, shift_low = Quads{} + 0x01000010u;
  const SignedWords high = __builtin_ia32_pmulhuw256(reinterpret_cast<SignedWords>(in & 0x0fc0fc00u),
                                                     reinterpret_cast<SignedWords>(shift_high));
  const Words low = reinterpret_cast<Words>(in & 0x003f03f0u) * reinterpret_cast<Words>(shift_low);
  const Bytes32 sextets = reinterpret_cast<Bytes32>(high) | reinterpret_cast<Bytes32>(low);
#if !defined(__clang__) || __has_builtin(__builtin_ia32_psubusb256)
  const auto above_z = reinterpret_cast<Bytes32>(
      __builtin_ia32_psubusb256(reinterpret_cast<Chars>(sextets), reinterpret_cast<Chars>(Bytes32{} + 51)));
#else
  const Bytes32 above_z = __builtin_elementwise_sub_sat(sextets, Bytes32{} + 51);
#endif
  const Bytes32 range = above_z - reinterpret_cast<Bytes32>(reinterpret_cast<Signed>(sextets) > 25);
  const Bytes32 offsets = {65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0,
                           65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0};
  return sextets + reinterpret_cast<Bytes32>(
                       __builtin_ia32_pshufb256(reinterpret_cast<Chars>(offsets), reinterpret_cast<Chars>(range)));
}

/// 16 bytes at each of two places.
SMTPOLL_TARGET("avx2") inline Bytes32 Load16And16(const char* low, const char* high) noexcept {
  Bytes16 a, b;
  std::memcpy(&a, low, sizeof a);
  std::memcpy(&b, high, sizeof b);
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                 23, 24, 25, 26, 27, 28, 29, 30, 31);
}

SMTPOLL_TARGET("avx2")
inline void Base64LinesByAvx2(const char* bytes, std::size_t lines, char* into) noexcept {
  const Bytes32 spread = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
  const Bytes32 spread_last = spread + 4;
  for (; lines != 0; bytes += 114, into += 156) {
    // Two lines share one step for the last 12 bytes of each.
    const std::size_t second = lines == 1 ? 0 : 57;
    const Bytes32 a = Load16And16(bytes, bytes + 12), b = Load16And16(bytes + 24, bytes + 36);
    const Bytes32 c = Load16And16(bytes + second, bytes + second + 12);
    const Bytes32 d = Load16And16(bytes + second + 24, bytes + second + 36);
    const Bytes32 last = Base64Of24(Load16And16(bytes + 41, bytes + second + 41), spread_last);
    const Bytes32 text_a = Base64Of24(a, spread), text_b = Base64Of24(b, spread);
    std::memcpy(into, &text_a, 32);
    std::memcpy(into + 32, &text_b, 32);
    std::memcpy(into + 60, &last, 16);
    std::memcpy(into + 76, "\r\n", 2);
    if (lines == 1) return;
    const Bytes32 text_c = Base64Of24(c, spread), text_d = Base64Of24(d, spread);
    const Bytes16 last_16 =
        __builtin_shufflevector(last, last, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
    std::memcpy(into + 78, &text_c, 32);
    std::memcpy(into + 110, &text_d, 32);
    std::memcpy(into + 138, &last_16, 16);
    std::memcpy(into + 154, "\r\n", 2);
    lines -= 2;
  }
}

#endif

#if defined(SMTPOLL_NEON)

inline void Base64LinesByNeon(const char* bytes, std::size_t lines, char* into) noexcept {
  const uint8x16x4_t alphabet = vld1q_u8_x4(reinterpret_cast<const std::uint8_t*>(kBase64Alphabet));
  const uint8x16_t low_six = vdupq_n_u8(63);
  const auto* in = reinterpret_cast<const std::uint8_t*>(bytes);
  auto* out = reinterpret_cast<std::uint8_t*>(into);
  for (; lines != 0; --lines, in += 57, out += 78) {
    // 48 bytes, and the last 24 of the line, 15 of them done twice.
    const uint8x16x3_t a = vld3q_u8(in);
    const uint8x8x3_t b = vld3_u8(in + 33);
    uint8x16x4_t text;
    text.val[0] = vqtbl4q_u8(alphabet, vshrq_n_u8(a.val[0], 2));
    text.val[1] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(a.val[1], 4), a.val[0], 4), low_six));
    text.val[2] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(a.val[2], 6), a.val[1], 2), low_six));
    text.val[3] = vqtbl4q_u8(alphabet, vandq_u8(a.val[2], low_six));
    const uint8x8_t low_six_b = vget_low_u8(low_six);
    uint8x8x4_t last;
    last.val[0] = vqtbl4_u8(alphabet, vshr_n_u8(b.val[0], 2));
    last.val[1] = vqtbl4_u8(alphabet, vand_u8(vsli_n_u8(vshr_n_u8(b.val[1], 4), b.val[0], 4), low_six_b));
    last.val[2] = vqtbl4_u8(alphabet, vand_u8(vsli_n_u8(vshr_n_u8(b.val[2], 6), b.val[1], 2), low_six_b));
    last.val[3] = vqtbl4_u8(alphabet, vand_u8(b.val[2], low_six_b));
    vst4q_u8(out, text);
    vst4_u8(out + 44, last);
    out[76] = '\r';
    out[77] = '\n';
  }
}

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/base64_lines.hpp ----
// MIME's lines of base64 (RFC 2045 6.8): 57 bytes become 76 characters and CRLF, a whole number of lines at a time.
// The fastest variant that this processor has is taken; all give the same bytes, and all may encode in place.
#ifndef SMTPOLL_BASE_BASE64_LINES_HPP
#define SMTPOLL_BASE_BASE64_LINES_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// RFC 2045 6.8: 76 characters of base64 are 57 bytes.
constexpr std::size_t kBase64LineBytes = 57;
constexpr std::size_t kBase64LineSize = 78;

constexpr std::uint64_t Base64LinesSize(std::uint64_t bytes) noexcept {
  const std::uint64_t rest = bytes % kBase64LineBytes;
  return bytes / kBase64LineBytes * kBase64LineSize + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

#if !defined(SMTPOLL_SMALL)

/// The two characters of each 12 bits: 8 KiB, which halves the look-ups. SMTPOLL_SMALL does without. A literal, because
/// a constexpr loop over as much costs every program compile time.
// clang-format off
#define SMTPOLL_BASE64_PAIRS(c) \
  c "A" c "B" c "C" c "D" c "E" c "F" c "G" c "H" c "I" c "J" c "K" c "L" c "M" c "N" c "O" c "P" c "Q" c "R" c "S" \
  c "T" c "U" c "V" c "W" c "X" c "Y" c "Z" c "a" c "b" c "c" c "d" c "e" c "f" c "g" c "h" c "i" c "j" c "k" c "l" \
  c "m" c "n" c "o" c "p" c "q" c "r" c "s" c "t" c "u" c "v" c "w" c "x" c "y" c "z" c "0" c "1" c "2" c "3" c "4" \
  c "5" c "6" c "7" c "8" c "9" c "+" c "/"
inline constexpr char kBase64Pairs[] =
    SMTPOLL_BASE64_PAIRS("A") SMTPOLL_BASE64_PAIRS("B") SMTPOLL_BASE64_PAIRS("C") SMTPOLL_BASE64_PAIRS("D")
    SMTPOLL_BASE64_PAIRS("E") SMTPOLL_BASE64_PAIRS("F") SMTPOLL_BASE64_PAIRS("G") SMTPOLL_BASE64_PAIRS("H")
    SMTPOLL_BASE64_PAIRS("I") SMTPOLL_BASE64_PAIRS("J") SMTPOLL_BASE64_PAIRS("K") SMTPOLL_BASE64_PAIRS("L")
    SMTPOLL_BASE64_PAIRS("M") SMTPOLL_BASE64_PAIRS("N") SMTPOLL_BASE64_PAIRS("O") SMTPOLL_BASE64_PAIRS("P")
    SMTPOLL_BASE64_PAIRS("Q") SMTPOLL_BASE64_PAIRS("R") SMTPOLL_BASE64_PAIRS("S") SMTPOLL_BASE64_PAIRS("T")
    SMTPOLL_BASE64_PAIRS("U") SMTPOLL_BASE64_PAIRS("V") SMTPOLL_BASE64_PAIRS("W") SMTPOLL_BASE64_PAIRS("X")
    SMTPOLL_BASE64_PAIRS("Y") SMTPOLL_BASE64_PAIRS("Z") SMTPOLL_BASE64_PAIRS("a") SMTPOLL_BASE64_PAIRS("b")
    SMTPOLL_BASE64_PAIRS("c") SMTPOLL_BASE64_PAIRS("d") SMTPOLL_BASE64_PAIRS("e") SMTPOLL_BASE64_PAIRS("f")
    SMTPOLL_BASE64_PAIRS("g") SMTPOLL_BASE64_PAIRS("h") SMTPOLL_BASE64_PAIRS("i") SMTPOLL_BASE64_PAIRS("j")
    SMTPOLL_BASE64_PAIRS("k") SMTPOLL_BASE64_PAIRS("l") SMTPOLL_BASE64_PAIRS("m") SMTPOLL_BASE64_PAIRS("n")
    SMTPOLL_BASE64_PAIRS("o") SMTPOLL_BASE64_PAIRS("p") SMTPOLL_BASE64_PAIRS("q") SMTPOLL_BASE64_PAIRS("r")
    SMTPOLL_BASE64_PAIRS("s") SMTPOLL_BASE64_PAIRS("t") SMTPOLL_BASE64_PAIRS("u") SMTPOLL_BASE64_PAIRS("v")
    SMTPOLL_BASE64_PAIRS("w") SMTPOLL_BASE64_PAIRS("x") SMTPOLL_BASE64_PAIRS("y") SMTPOLL_BASE64_PAIRS("z")
    SMTPOLL_BASE64_PAIRS("0") SMTPOLL_BASE64_PAIRS("1") SMTPOLL_BASE64_PAIRS("2") SMTPOLL_BASE64_PAIRS("3")
    SMTPOLL_BASE64_PAIRS("4") SMTPOLL_BASE64_PAIRS("5") SMTPOLL_BASE64_PAIRS("6") SMTPOLL_BASE64_PAIRS("7")
    SMTPOLL_BASE64_PAIRS("8") SMTPOLL_BASE64_PAIRS("9") SMTPOLL_BASE64_PAIRS("+") SMTPOLL_BASE64_PAIRS("/");
#undef SMTPOLL_BASE64_PAIRS
// clang-format on

/// Eight bytes, the first one on top.
inline std::uint64_t Load8(const char* at) noexcept {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  std::uint64_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return __builtin_bswap64(bits);
#else
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(at[i]);
  return bits;
#endif
}

/// As Base64EncodeLines, without vector instructions.
inline void Base64LinesByTable(const char* bytes, std::size_t lines, char* into) noexcept {
  const auto put = [](char* at, std::uint64_t bits) { std::memcpy(at, kBase64Pairs + 2 * (bits & 4095), 2); };
  for (; lines != 0; --lines) {
    // Six of eight bytes at a time; the line's last three stand at the end of the ninth eight.
    std::uint64_t bits = 0;
    for (int i = 0; i < 9; ++i, bytes += 6, into += 8) {
      bits = Load8(bytes);
      put(into, bits >> 52);
      put(into + 2, bits >> 40);
      put(into + 4, bits >> 28);
      put(into + 6, bits >> 16);
    }
    bits = bits << 8 | static_cast<unsigned char>(bytes[2]);
    bytes += 3;
    put(into, bits >> 12);
    put(into + 2, bits);
    into[4] = '\r';
    into[5] = '\n';
    into += 6;
  }
}

#else

inline void Base64LinesByTable(const char* bytes, std::size_t lines, char* into) noexcept {
  for (; lines != 0; --lines, bytes += kBase64LineBytes) {
    into += Base64Encode(bytes, kBase64LineBytes, into);
    *into++ = '\r';
    *into++ = '\n';
  }
}

#endif

/// Encodes `lines` times 57 bytes to `into`, which has room for 78 times as many and does not overlap them, or begins
/// at least 21 * `lines` bytes before them.
inline void Base64EncodeLines(const char* bytes, std::size_t lines, char* into) noexcept {
#if defined(SMTPOLL_AVX2)
  if (HasAvx2()) return Base64LinesByAvx2(bytes, lines, into);
#endif
#if defined(SMTPOLL_SSSE3)
  if (HasSsse3()) return Base64LinesBySsse3(bytes, lines, into);
#endif
#if defined(SMTPOLL_NEON)
  return Base64LinesByNeon(bytes, lines, into);
#else
  Base64LinesByTable(bytes, lines, into);
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/transfer_encoding.hpp ----
// How text goes over the wire (RFC 2045 6), and how that is chosen. Invariant: what is chosen carries the text as it
// is, but for its line ends.
#ifndef SMTPOLL_MESSAGE_TRANSFER_ENCODING_HPP
#define SMTPOLL_MESSAGE_TRANSFER_ENCODING_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

enum class TransferEncoding : std::uint8_t { SevenBit, EightBit, QuotedPrintable, Base64, Binary };

/// What the wire carries beside lines of ASCII (RFC 6152, RFC 3030); each includes the one before.
enum class WireWidth : std::uint8_t { SevenBit, EightBit, Binary };

/// The smallest encoding of a scanned text that the way carries; 8bit only where `eight_bit` allows it.
inline TransferEncoding ChooseEncoding(const TextScan& scan, bool eight_bit) noexcept {
  if (scan.Escaped() == 0 && !scan.HasLongLine()) return TransferEncoding::SevenBit;
  if (scan.GoesAsItIs(eight_bit)) return TransferEncoding::EightBit;
  return scan.Escaped() * 6 > scan.Size() ? TransferEncoding::Base64 : TransferEncoding::QuotedPrintable;
}

inline TransferEncoding ChooseEncoding(std::string_view text, bool eight_bit) noexcept {
  TextScan scan;
  scan.Update(text);
  return ChooseEncoding(scan, eight_bit);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/attachment_plan.hpp ----
// How an attachment goes over the wire: its media type, its transfer encoding, its size there. A message that is
// forwarded is message/rfc822 where its lines can go as they are, because that type must not be base64 (RFC 2046
// 5.2.1). Invariant: the receiver gets the very bytes, but for the line ends of a forwarded message.
#ifndef SMTPOLL_MESSAGE_ATTACHMENT_PLAN_HPP
#define SMTPOLL_MESSAGE_ATTACHMENT_PLAN_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

struct AttachmentPlan {
  std::string_view type;  ///< As for Content-Type; looks into the attachment or is a literal.
  TransferEncoding encoding = TransferEncoding::Base64;
  bool is_text = false;         ///< Its lines are read as text: `encoding` is SevenBit, EightBit or QuotedPrintable.
  bool is_utf8 = false;         ///< A text whose bytes are UTF-8 and whose type does not say so.
  bool is_forward = false;      ///< A whole message (message/rfc822).
  std::uint64_t wire_size = 0;  ///< Bytes on the wire, or kUnknownSize.
};

/// The values of EmailAttachment::ContentEncoding.
inline bool IsContentEncoding(std::string_view name) noexcept {
  for (const std::string_view one : {"", "base64", "quoted-printable", "7bit", "8bit", "binary"})
    if (EqualIgnoringCase(name, one)) return true;
  return false;
}

/// False where an attachment goes by base64 whatever its bytes are.
inline bool MayGoWithoutBase64(const EmailAttachment& one, WireWidth width) noexcept {
  if (width == WireWidth::Binary || !EqualIgnoringCase(one.ContentEncoding, "base64")) return true;
  return EqualIgnoringCase(one.MIMEType.empty() ? MimeTypeOf(one.Name) : one.MIMEType, "message/rfc822");
}

/// Scans the bytes of an attachment in memory or in a file; false where it is neither or cannot be read.
inline bool ScanAttachment(const EmailAttachment& one, TextScan& scan) {
  if (one.Callback()) return false;
  if (one.Path().empty()) {
    scan.Update(one.Data);
    return true;
  }
  FileReader file;
  if (!file.Open(one.Path().c_str())) return false;
  char piece[4096];
  for (;;) {
    const SourceResult got = file.Read(piece, sizeof piece);
    scan.Update({piece, got.size});
    if (got.status != SourceStatus::More) return got.status == SourceStatus::End;
  }
}

/// True where a text starts with valid UTF-8: all of it that is in memory, or the start of the file.
inline bool StartsWithUtf8(const EmailAttachment& one) {
  if (one.Callback()) return false;
  if (one.Path().empty()) return FindInvalidUtf8(one.Data) == std::string_view::npos;
  FileReader file;
  if (!file.Open(one.Path().c_str())) return false;
  char piece[4096];
  std::size_t size = 0;
  SourceResult got = {0, SourceStatus::More};
  while (got.status == SourceStatus::More && size < sizeof piece) {
    got = file.Read(piece + size, sizeof piece - size);
    size += got.size;
  }
  if (got.status == SourceStatus::Failed) return false;
  const std::string_view start(piece, size);
  const std::size_t invalid = FindInvalidUtf8(start);
  // A character may be cut at the end of the piece.
  return invalid == std::string_view::npos || (got.status == SourceStatus::More && size - invalid < 4);
}

class AttachmentPlanner {
 public:
  AttachmentPlanner(const EmailAttachment& attachment, WireWidth width) : one_(attachment), width_(width) {
    plan_.type = one_.MIMEType.empty() ? MimeTypeOf(one_.Name) : std::string_view(one_.MIMEType);
    const bool forward = EqualIgnoringCase(plan_.type, "message/rfc822");
    const bool composite =
        StartsWithIgnoringCase(plan_.type, "message/") || StartsWithIgnoringCase(plan_.type, "multipart/");
    if (forward && GoesAsText()) {
      plan_.is_forward = true;
      return;
    }
    const bool raw = width == WireWidth::Binary;
    if (plan_.type.find('/') == std::string_view::npos || (composite && !(forward && raw)))
      plan_.type = "application/octet-stream";
    plan_.is_utf8 = StartsWithIgnoringCase(plan_.type, "text/") && plan_.type.find(';') == std::string_view::npos &&
                    StartsWithUtf8(one_);
    if (!forward && IsPreferredAsText()) return;
    plan_.encoding = raw ? TransferEncoding::Binary : TransferEncoding::Base64;
    plan_.wire_size = raw || one_.Size() == kUnknownSize ? one_.Size() : Base64LinesSize(one_.Size());
  }
  const AttachmentPlan& Plan() const noexcept { return plan_; }

 private:
  /// A message of no bytes is no message; a file that is empty now is left to the reader.
  bool GoesAsText() {
    TextScan scan;
    if (one_.Size() == 0 || !ScanAttachment(one_, scan)) return false;
    if (!scan.GoesAsItIs(width_ != WireWidth::SevenBit)) return false;
    TakeText(scan.IsEightBit() ? TransferEncoding::EightBit : TransferEncoding::SevenBit, scan.CrlfSize());
    return true;
  }

  /// The caller named another encoding than base64, or none, and the bytes come through by it.
  bool IsPreferredAsText() {
    const std::string_view wanted = one_.ContentEncoding;
    if (EqualIgnoringCase(wanted, "base64") || EqualIgnoringCase(wanted, "binary")) return false;
    if (wanted.empty() && !StartsWithIgnoringCase(plan_.type, "text/")) return false;
    TextScan scan;
    if (one_.Callback() || !one_.Path().empty() || one_.Data.empty()) return false;
    scan.Update(one_.Data);
    if (scan.HasBareLineEnd()) return false;  // a text's line ends become CRLF
    const bool quoted = EqualIgnoringCase(wanted, "quoted-printable");
    if (!quoted && scan.GoesAsItIs(width_ != WireWidth::SevenBit && !EqualIgnoringCase(wanted, "7bit"))) {
      TakeText(scan.IsEightBit() ? TransferEncoding::EightBit : TransferEncoding::SevenBit, scan.CrlfSize());
      return true;
    }
    if (!quoted && ChooseEncoding(one_.Data, false) != TransferEncoding::QuotedPrintable) return false;
    TakeText(TransferEncoding::QuotedPrintable, 0);
    return true;
  }

  void TakeText(TransferEncoding encoding, std::uint64_t size) noexcept {
    plan_.is_text = true;
    plan_.encoding = encoding;
    plan_.wire_size = size;
  }

  const EmailAttachment& one_;
  WireWidth width_;
  AttachmentPlan plan_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_fault.hpp ----
// The first thing that keeps a message from being sent safely, by the name of its field. Nothing here is about taste;
// that is Check's. Invariant: of a message without a fault no value can end its line, its header, or its command.
#ifndef SMTPOLL_MESSAGE_MESSAGE_FAULT_HPP
#define SMTPOLL_MESSAGE_MESSAGE_FAULT_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr std::size_t kLongestContentId = 250;
constexpr std::size_t kLongestMethod = 32;

/// Fields of tokens, identifiers and addresses, in which an encoded word means nothing (RFC 2047 5).
inline bool IsTokenField(std::string_view name) noexcept {
  for (const std::string_view one :
       {"Message-ID", "In-Reply-To", "References", "Date", "Resent-Date", "Resent-Message-ID", "Auto-Submitted",
        "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Subscribe", "List-Post", "List-Archive"})
    if (EqualIgnoringCase(name, one)) return true;
  return false;
}

/// Takes a domain in ASCII as a string does, and keeps nothing but how long it and its labels are (RFC 1035 2.3.4).
class DomainMeter {
 public:
  std::size_t size() const noexcept { return size_; }
  void operator+=(char c) noexcept {
    ++size_;
    label_ = c == '.' ? 0 : label_ + 1;
    if (label_ > longest_) longest_ = label_;
  }
  void operator+=(std::string_view text) noexcept {
    for (const char c : text) *this += c;
  }
  const char* Fault() const noexcept {
    if (longest_ > 63) return "a label of the domain is longer than 63 octets";
    return size_ > 255 ? "the domain is longer than 255 octets" : nullptr;
  }

 private:
  std::size_t size_ = 0;
  std::size_t label_ = 0;
  std::size_t longest_ = 0;
};

/// What a mailbox of a message is for.
enum class MailboxRole : std::uint8_t { Author, ReversePath, Recipients };

class FaultFinder {
 public:
  explicit FaultFinder(const EmailMessage& mail) noexcept : mail_(mail) {}

  MessageFault First() const {
    return First([](MailboxRole, const Mailbox&) {});
  }

  /// As First, and hands each mailbox of the envelope to `take(MailboxRole, const Mailbox&)` on the way, so that who
  /// sends the message need not read the lists once more.
  template <typename Take>
  MessageFault First(Take&& take) const {
    // A ready-made message that has its reverse-path too says by itself who wrote it.
    const bool author_known = mail_.ReversePath && !mail_.Source.empty();
    const auto check = [&](std::string_view field, std::string_view list, MailboxRole kind) {
      const bool needed = kind == MailboxRole::Author ? !author_known : kind == MailboxRole::ReversePath;
      return Addresses(field, list, needed, [&take, kind](const Mailbox& mailbox) { take(kind, mailbox); });
    };
    if (const MessageFault fault = check("FromAddress", mail_.FromAddress, MailboxRole::Author)) return fault;
    if (mail_.ReversePath && !mail_.ReversePath->empty())
      if (const MessageFault fault = check("ReversePath", *mail_.ReversePath, MailboxRole::ReversePath)) return fault;
    if (const MessageFault fault = check("ToAddress", mail_.ToAddress, MailboxRole::Recipients)) return fault;
    if (const MessageFault fault = check("CCAddress", mail_.CCAddress, MailboxRole::Recipients)) return fault;
    if (const MessageFault fault = check("BCCAddress", mail_.BCCAddress, MailboxRole::Recipients)) return fault;
    return BesideAddresses();
  }

 private:
  MessageFault BesideAddresses() const {
    if (const MessageFault fault = Signing()) return fault;
    if (mail_.Options.tls_required == TlsRequired::Yes && mail_.Headers.Has("TLS-Required"))
      return {"TLS-Required", 0, "Options.tls_required asks for REQUIRETLS, and that excludes it (RFC 8689 4.1)"};
    if (mail_.Options.tls_required == TlsRequired::No && !mail_.Source.empty())
      return {"Options", 0, "a ready-made Source has to say TLS-Required itself"};
    if (!mail_.Source.empty()) {
      const std::size_t nul = mail_.Source.find('\0');
      return nul == std::string::npos ? MessageFault() : MessageFault{"Source", nul + 1, "a NUL"};
    }
    if (const MessageFault fault = LineFault("Subject", mail_.Subject)) return fault;
    for (const InternetHeaders::Field& field : mail_.Headers.Fields())
      if (const MessageFault fault = Header(field)) return fault;
    for (const EmailAttachment& attachment : mail_.Attachments)
      if (const MessageFault fault = Attachment(attachment)) return fault;
    if (mail_.CalendarMethod.size() > kLongestMethod) return {"CalendarMethod", 0, "it is too long"};
    for (const char c : mail_.CalendarMethod)
      if (!IsAlpha(c) && c != '-') return {"CalendarMethod", 0, "a METHOD is one word"};
    for (const std::string* body : {&mail_.BodyPlainText, &mail_.BodyHTML, &mail_.BodyEnriched, &mail_.BodyCalendar})
      if (const std::size_t at = FindInvalidUtf8(*body); at != std::string_view::npos)
        return {"Body", at + 1, "no valid UTF-8"};
    return {};
  }

  template <typename Take>
  static MessageFault Addresses(std::string_view field, std::string_view list, bool needed, Take&& take) {
    MailboxParser parser(list);
    Mailbox mailbox;
    bool found = false;
    while (parser.Next(mailbox)) {
      found = true;
      take(mailbox);
      if (IsAllAscii(mailbox.domain)) continue;
      DomainMeter ascii;
      AppendAsciiDomain(mailbox.domain, ascii);
      if (const char* reason = ascii.Fault())
        return {field, static_cast<std::size_t>(mailbox.domain.data() - list.data()) + 1, reason};
    }
    if (parser.Failed()) return {field, parser.FaultColumn(), parser.FaultReason()};
    return needed && !found ? MessageFault{field, 0, "an address is missing"} : MessageFault();
  }

  static MessageFault Tokens(std::string_view field, std::string_view value) noexcept {
    std::size_t word = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!IsPrint(value[i])) return {field, i + 1, "a character that this header cannot hold"};
      word = value[i] == ' ' ? 0 : word + 1;
      if (word > kMaxWord) return {field, i + 1, "a word that is too long for a line"};
    }
    return {};
  }

  static MessageFault Header(const InternetHeaders::Field& field) {
    if (const MessageFault fault = FieldNameFault(field.name)) return fault;
    if (const MessageFault fault = LineFault(field.name, field.value)) return fault;
    if (IsTokenField(field.name)) return Tokens(field.name, field.value);
    if (!IsAddressField(field.name)) return {};
    return Addresses(field.name, field.value, false, [](const Mailbox&) {});
  }

  static MessageFault Attachment(const EmailAttachment& one) {
    if (const MessageFault fault = LineFault("Attachments", one.Name)) return fault;
    if (const MessageFault fault = MimeTypeFault(one.MIMEType)) return fault;
    for (const char c : one.InlineContentID)
      if (!IsPrint(c) || c == ' ' || c == '<' || c == '>')
        return {"Attachments", 0, "a bad character in an InlineContentID"};
    if (one.InlineContentID.size() > kLongestContentId) return {"Attachments", 0, "an InlineContentID is too long"};
    if (!IsContentEncoding(one.ContentEncoding)) return {"Attachments", 0, "there is no such ContentEncoding"};
    if (one.Path().empty()) return {};
    FileReader file;
    return file.Open(one.Path().c_str()) ? MessageFault() : MessageFault{"Attachments", 0, "a file cannot be opened"};
  }

  MessageFault Signing() const noexcept {
    if (!mail_.Signer) return {};
    if (const char* reason = mail_.Signer->Fault()) return {"Signer", 0, reason};
    if (!mail_.Source.empty()) return {};
    for (const EmailAttachment& one : mail_.Attachments)
      if (one.Callback() && !one.Rewinder())
        return {"Attachments", 0, "signing reads a message twice: LoadFromCallback needs a rewind"};
    return {};
  }

  const EmailMessage& mail_;
};

inline bool HasUtf8Mailbox(std::string_view list) noexcept {
  if (IsAllAscii(list)) return false;
  MailboxParser parser(list);
  Mailbox mailbox;
  while (parser.Next(mailbox))
    if (NeedsSmtpUtf8(mailbox)) return true;
  return false;
}

}  // namespace detail

inline MessageFault EmailMessage::Fault() const { return detail::FaultFinder(*this).First(); }

inline bool EmailMessage::NeedsSmtpUtf8() const noexcept {
  for (const std::string* list : {&FromAddress, &ToAddress, &CCAddress, &BCCAddress})
    if (detail::HasUtf8Mailbox(*list)) return true;
  if (ReversePath && detail::HasUtf8Mailbox(*ReversePath)) return true;
  if (!Source.empty()) return !detail::IsAllAscii(detail::HeaderOf(Source));
  for (const InternetHeaders::Field& field : Headers.Fields())
    if (detail::IsAddressField(field.name) && detail::HasUtf8Mailbox(field.value)) return true;
  return false;
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/events.hpp ----
// Handler policies: who hears what happens. EventFunctions is the default, a public Function a seed event.
// For builds without a heap, derive from NoEvents and hide the hooks you want: they are called statically.
#ifndef SMTPOLL_CLIENT_EVENTS_HPP
#define SMTPOLL_CLIENT_EVENTS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// A handler that does nothing, and the list of all hooks. Views and references are valid during the call. A hook may
/// call any method of its socket (Poll then does nothing) and change Messages; it must not destroy the socket.
struct NoEvents {
  /// The server's greeting was read; empty text: a connection came in through Listen.
  void OnConnectionEstablished(std::string_view /*greeting*/) {}
  /// New bytes came into the receive buffer.
  void OnDataAvailable() {}
  /// The connection failed, a call was not allowed, or a message could not be sent safely.
  void OnError(const smtpoll::Error& /*error*/) {}
  /// The queue has become empty, and at least one message of this run was sent.
  void OnMailSent() {}
  /// The server accepted this message.
  void OnMessageSent(const EmailMessage& /*email*/) {}
  /// The server refused this message: its reply code and text.
  void OnServerError(int /*id*/, std::string_view /*text*/, const EmailMessage& /*email*/) {}
  /// The connection died before the final reply to this message, which is now in InDoubt.
  void OnMessageInDoubt(const EmailMessage& /*email*/, const smtpoll::Error& /*error*/) {}
  /// This message has its outcome, with a result per recipient. Comes before the more special hooks.
  void OnMessageFinished(const EmailMessage& /*email*/, const SendResult& /*result*/) {}
  /// Only from RetryQueue: this message goes again in `delay` milliseconds, to those recipients that it may still
  /// reach; `result` is what the try came to.
  void OnMessageDeferred(const EmailMessage& /*email*/, const SendResult& /*result*/, Millis /*delay*/) {}
  /// A chunk of `bytes_sent` bytes is about to go, `bytes_left` are left with it; (0, 0) when all has gone. True
  /// cancels.
  bool OnSendProgress(std::size_t /*bytes_sent*/, std::size_t /*bytes_left*/) { return false; }
  /// An access token is wanted (RFC 6750), for a connection that is about to be made; `refused`: because the server
  /// refused the one before, which happens once for each connection. True: it was put into `token`, which is
  /// overwritten after use. False: AccessToken is the one, and after a refusal there is no other. Poll takes as long as
  /// this does.
  bool OnTokenWanted(bool /*refused*/, std::string& /*token*/) { return false; }
  /// A line of the dialogue, without its line end; secrets and content are replaced.
  void OnTranscript(Side /*side*/, std::string_view /*line*/) {}
};

/// The seed's events as public members, each a Function; an empty one is passed over.
struct EventFunctions {
  ///@{
  /// The event of its name: see the hook in NoEvents.
  Function<void(const std::string& greeting)> ConnectionEstablished;
  Function<void()> DataAvailable;
  Function<void(const smtpoll::Error& error)> Error;
  Function<void()> MailSent;
  Function<void(const EmailMessage& email)> MessageSent;
  Function<void(int id, const std::string& text, const EmailMessage& email)> ServerError;
  Function<bool(std::size_t bytes_sent, std::size_t bytes_left)> SendProgress;
  // Ours, beside the seed's.
  Function<void(const EmailMessage& email, const smtpoll::Error& error)> MessageInDoubt;
  Function<void(const EmailMessage& email, const SendResult& result)> MessageFinished;
  /// Only from RetryQueue: see NoEvents::OnMessageDeferred.
  Function<void(const EmailMessage& email, const SendResult& result, Millis delay)> MessageDeferred;
  Function<void(Side side, const std::string& line)> Transcript;
  /// Returns an access token, or none (empty text): then AccessToken is used. `refused`: see NoEvents::OnTokenWanted.
  Function<std::string(bool refused)> TokenProvider;
  ///@}

  ///@{
  /// Calls the function of its name.
  void OnConnectionEstablished(std::string_view greeting) {
    if (ConnectionEstablished) ConnectionEstablished(std::string(greeting));
  }
  void OnDataAvailable() {
    if (DataAvailable) DataAvailable();
  }
  void OnError(const smtpoll::Error& error) {
    if (Error) Error(error);
  }
  void OnMailSent() {
    if (MailSent) MailSent();
  }
  void OnMessageSent(const EmailMessage& email) {
    if (MessageSent) MessageSent(email);
  }
  void OnServerError(int id, std::string_view text, const EmailMessage& email) {
    if (ServerError) ServerError(id, std::string(text), email);
  }
  void OnMessageInDoubt(const EmailMessage& email, const smtpoll::Error& error) {
    if (MessageInDoubt) MessageInDoubt(email, error);
  }
  void OnMessageFinished(const EmailMessage& email, const SendResult& result) {
    if (MessageFinished) MessageFinished(email, result);
  }
  void OnMessageDeferred(const EmailMessage& email, const SendResult& result, Millis delay) {
    if (MessageDeferred) MessageDeferred(email, result, delay);
  }
  bool OnSendProgress(std::size_t bytes_sent, std::size_t bytes_left) {
    return SendProgress && SendProgress(bytes_sent, bytes_left);
  }
  bool OnTokenWanted(bool refused, std::string& token) {
    return TokenProvider && detail::MoveSecret(TokenProvider(refused), token);
  }
  void OnTranscript(Side side, std::string_view line) {
    if (Transcript) Transcript(side, std::string(line));
  }
  ///@}
};

namespace detail {

/// A handler that may take a message for itself when its outcome is known, before anybody else hears of it:
/// RetryQueue's.
template <typename Handler>
using TakenWhenLanded = decltype(std::declval<Handler&>().OnMessageLanded(std::declval<EmailMessage&>(),
                                                                          std::declval<const SendResult&>(), Millis{}));

constexpr std::size_t ClampToSize(std::uint64_t value) noexcept {
  return value > SIZE_MAX ? SIZE_MAX : static_cast<std::size_t>(value);
}

/// Tells the handler of a chunk that is about to go; true where it cancels. A content of unknown size has at least the
/// chunk left.
template <typename Handler>
bool AskAboutChunk(Handler& handler, const Event& event) {
  return handler.OnSendProgress(event.chunk, ClampToSize(event.left == kUnknownSize ? event.chunk : event.left));
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/flag_scope.hpp ----
// A flag that is set for the time of a scope.
#ifndef SMTPOLL_CLIENT_FLAG_SCOPE_HPP
#define SMTPOLL_CLIENT_FLAG_SCOPE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Holds a flag for the time of a scope, also when a handler throws through it.
class FlagScope {
 public:
  explicit FlagScope(bool& flag) noexcept : flag_(flag), before_(flag) { flag_ = true; }
  ~FlagScope() { flag_ = before_; }
  FlagScope(const FlagScope&) = delete;
  FlagScope& operator=(const FlagScope&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_check.hpp ----
// A message's fault as the error that its sender hears: it names the field and the column.
#ifndef SMTPOLL_MESSAGE_MESSAGE_CHECK_HPP
#define SMTPOLL_MESSAGE_MESSAGE_CHECK_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

inline Error InvalidMessage(std::string_view field, std::size_t column, const char* reason) {
  Error error(Errc::InvalidMessage, Phase::None, field);
  if (column != 0) {
    error.text.Append(", column ");
    error.text.AppendDecimal(column);
  }
  error.text.Append(": ");
  error.text.Append(reason);
  return error;
}
inline Error AsError(const MessageFault& fault) {
  return fault ? InvalidMessage(fault.field, fault.column, fault.reason) : Error();
}
}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/attachment_reader.hpp ----
// Reads the bytes of one attachment from wherever they are. An attachment that is not as long as it said is a failure:
// a message must not go out with less, or with another length than was promised to the server.
#ifndef SMTPOLL_MESSAGE_ATTACHMENT_READER_HPP
#define SMTPOLL_MESSAGE_ATTACHMENT_READER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class AttachmentReader {
 public:
  /// Starts over; false where the attachment cannot be read (again).
  bool Start(const EmailAttachment& attachment, bool again) {
    Close();
    attachment_ = &attachment;
    read_ = 0;
    if (!attachment.Path().empty()) return file_.Open(attachment.Path().c_str());
    if (attachment.Callback() && again) return attachment.Rewinder() && attachment.Rewinder()();
    return true;
  }
  void Close() noexcept { file_.Close(); }

  SourceResult Read(char* into, std::size_t room) {
    const SourceResult result = ReadPiece(into, room);
    if (result.status == SourceStatus::Failed || result.size > room) return {0, SourceStatus::Failed};
    read_ += result.size;
    const std::uint64_t size = attachment_->Size();
    if (size == kUnknownSize) return result;
    const bool too_long = read_ > size || (result.status != SourceStatus::End && read_ == size && !AtEnd());
    const bool too_short = result.status == SourceStatus::End && read_ < size;
    if (too_long || too_short) return {0, SourceStatus::Failed};
    return {result.size, read_ == size ? SourceStatus::End : result.status};
  }

 private:
  SourceResult ReadPiece(char* into, std::size_t room) {
    if (file_.IsOpen()) return file_.Read(into, room);
    if (attachment_->Callback()) return attachment_->Callback()(into, room);
    const std::size_t at = static_cast<std::size_t>(read_), left = attachment_->Data.size() - at;
    const std::size_t size = left < room ? left : room;
    if (size != 0) std::memcpy(into, attachment_->Data.data() + at, size);
    return {size, size == left ? SourceStatus::End : SourceStatus::More};
  }

  /// True where a file has no byte left; a callback is believed.
  bool AtEnd() noexcept {
    char next = '\0';
    return !file_.IsOpen() || file_.Read(&next, 1).status == SourceStatus::End;
  }

  const EmailAttachment* attachment_ = nullptr;
  FileReader file_;
  std::uint64_t read_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/body_source.hpp ----
// Bodies as they go over the wire: text with CRLF, quoted-printable or base64 lines (RFC 2045 6), made piece by piece.
// Invariant: the bytes do not depend on how much room each read gives.
#ifndef SMTPOLL_MESSAGE_BODY_SOURCE_HPP
#define SMTPOLL_MESSAGE_BODY_SOURCE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Text with every line end, CR, LF or CRLF, as CRLF. What stands between two faulty line ends is copied at once.
class CrlfText {
 public:
  void Start(std::string_view text) noexcept {
    text_ = text;
    at_ = 0;
    before_ = '\n';
  }
  bool Done() const noexcept { return at_ == text_.size() && before_ != '\r'; }
  std::size_t Read(char* into, std::size_t room) noexcept {
    std::size_t size = 0;
    while (size < room && !Done()) {
      const std::size_t left = text_.size() - at_, most = left < room - size ? left : room - size;
      const std::size_t run = FindLineFault(before_, text_.data() + at_, most, false);
      if (run != 0) {
        std::memcpy(into + size, text_.data() + at_, run);
        size += run;
        at_ += run;
        before_ = text_[at_ - 1];
      }
      if (size == room || Done()) break;
      // Here, or at the end of the text, the other half of a CRLF is missing.
      if (run != most || at_ == text_.size()) into[size++] = before_ = before_ == '\r' ? '\n' : '\r';
    }
    return size;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  char before_ = '\n';  // the last byte written
};

/// Text as quoted-printable, lines of at most 76 characters (RFC 2045 6.7).
class QuotedPrintableText {
 public:
  void Start(std::string_view text) noexcept {
    text_ = text;
    at_ = column_ = token_size_ = token_at_ = 0;
    block_ = SIZE_MAX;
  }
  bool Done() const noexcept { return at_ == text_.size() && token_at_ == token_size_; }
  std::size_t Read(char* into, std::size_t room) noexcept {
    std::size_t size = 0;
    while (size < room && !Done()) {
      if (token_at_ == token_size_) {
        const std::size_t run = PlainRun(room - size);
        if (run != 0) {
          std::memcpy(into + size, text_.data() + at_, run);
          size += run;
          at_ += run;
          column_ += run;
          continue;
        }
        NextToken();
      }
      while (size < room && token_at_ < token_size_) into[size++] = token_[token_at_++];
    }
    return size;
  }

 private:
  static constexpr std::size_t kMaxColumn = 75;  // and the = of a soft line break

  /// How many bytes from here on, at most `most`, stand for themselves and fit the line.
  std::size_t PlainRun(std::size_t most) noexcept {
    if constexpr (kIsSmall) return 0;  // byte by byte, then
    const char* const here = text_.data() + at_;
    const std::size_t left = text_.size() - at_;
    if (most > left) most = left;
    if (most > kMaxColumn - column_) most = kMaxColumn - column_;
    if (most == 0 || !IsPrint(*here) || (column_ == 0 && IsHabit(*here))) return 0;
    std::size_t run = 0;
    while (run < most) {
      const std::size_t place = at_ + run;
      if (place / 32 != block_) LookAtBlock(place / 32);
      const std::uint32_t other = other_ >> place % 32;
      if (other != 0) {
        run += LowestBit(other);
        break;
      }
      run += 32 - place % 32;
    }
    if (run > most) run = most;
    const void* const equals = std::memchr(here, '=', run);
    if (equals != nullptr) run = static_cast<std::size_t>(static_cast<const char*>(equals) - here);
    const bool line_ends = run == left || here[run] == '\r' || here[run] == '\n';
    return run != 0 && line_ends && IsSpace(here[run - 1]) ? run - 1 : run;
  }

  /// Notes which of the 32 bytes of a block are not plain; each block is looked at once.
  void LookAtBlock(std::size_t block) noexcept {
    const std::string_view bytes = Rest(text_, block * 32);
    const TextBits bits = bytes.size() >= 32 ? TextBitsOf32(bytes.data()) : TextBitsByByte(bytes.data(), bytes.size());
    other_ = bits.cr | bits.lf | bits.control | bits.eight_bit;
    block_ = block;
  }

  /// "From " at a line's start and a lone dot meet habits of old software.
  static bool IsHabit(char c) noexcept { return c == 'F' || c == '.'; }

  void Put(char c) noexcept { token_[token_size_++] = c; }

  void NextToken() noexcept {
    token_size_ = token_at_ = 0;
    const char c = text_[at_++];
    if (c == '\r' || c == '\n') {
      if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      Put('\r');
      Put('\n');
      column_ = 0;
      return;
    }
    const bool line_ends = at_ == text_.size() || text_[at_] == '\r' || text_[at_] == '\n';
    // White space at a line's end would be lost.
    const bool plain = IsSpace(c) ? !line_ends : IsPrint(c) && c != '=' && !(column_ == 0 && IsHabit(c));
    const std::size_t size = plain ? 1 : 3;
    if (column_ + size > kMaxColumn) {
      Put('=');
      Put('\r');
      Put('\n');
      column_ = 0;
    }
    column_ += size;
    if (plain) return Put(c);
    constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    Put('=');
    Put(kHex[byte >> 4]);
    Put(kHex[byte & 15]);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t block_ = SIZE_MAX;  // the block of text_ that other_ is of
  std::uint32_t other_ = 0;
  std::size_t column_ = 0;
  char token_[8];
  std::size_t token_size_ = 0;
  std::size_t token_at_ = 0;
};

/// Bytes as lines of base64: whole lines are encoded straight into the reader's room, out of its own tail or out of
/// the memory where the bytes are. Only a line that is torn by a read's end is held.
class Base64Lines {
 public:
  void Start() noexcept { carried_ = line_size_ = line_at_ = 0, ended_ = false; }
  bool Done() const noexcept { return ended_ && carried_ == 0 && line_at_ == line_size_; }

  /// `pull(char*, size_t)` is Source::Read. What it says other than More is passed on once all before it is written.
  /// Less than `room` is filled where the rest is too small for a line.
  template <typename Pull>
  SourceResult Read(char* into, std::size_t room, Pull&& pull) {
    std::size_t size = 0;
    for (;;) {
      size += TakeLine(into + size, room - size);
      if (size == room || Done()) return {size, Done() ? SourceStatus::End : SourceStatus::More};
      if (ended_) {
        EncodeCarried();
        continue;
      }
      const std::size_t lines = (room - size) / kBase64LineSize;
      if (lines == 0 && size != 0) return {size, SourceStatus::More};
      // What is read goes to the end of the room, behind what is left from before: encoding it forward to the room's
      // front never overtakes it.
      char* const raw = lines != 0 ? into + room - lines * kBase64LineBytes : carry_;
      const std::size_t most = lines != 0 ? lines * kBase64LineBytes : kBase64LineBytes;
      if (lines != 0) std::memcpy(raw, carry_, carried_);
      const SourceResult got = pull(raw + carried_, most - carried_);
      if (got.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (got.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      ended_ = got.status == SourceStatus::End;
      carried_ += got.size;
      if (lines == 0) {
        if (carried_ == kBase64LineBytes) EncodeCarried();
        continue;
      }
      const std::size_t whole = carried_ / kBase64LineBytes;
      carried_ -= whole * kBase64LineBytes;
      std::memcpy(carry_, raw + whole * kBase64LineBytes, carried_);
      Base64EncodeLines(raw, whole, into + size);
      size += whole * kBase64LineSize;
    }
  }

  /// The same of bytes in memory, taken off the front of `bytes`.
  SourceResult Read(char* into, std::size_t room, std::string_view& bytes) noexcept {
    std::size_t size = 0;
    for (;;) {
      size += TakeLine(into + size, room - size);
      ended_ = bytes.empty();
      if (size == room || Done()) return {size, Done() ? SourceStatus::End : SourceStatus::More};
      const std::size_t lines = (room - size) / kBase64LineSize, there = bytes.size() / kBase64LineBytes;
      const std::size_t whole = lines < there ? lines : there;
      if (whole == 0) {
        carried_ = there != 0 ? kBase64LineBytes : bytes.size();
        std::memcpy(carry_, bytes.data(), carried_);
        bytes.remove_prefix(carried_);
        EncodeCarried();
        continue;
      }
      Base64EncodeLines(bytes.data(), whole, into + size);
      bytes.remove_prefix(whole * kBase64LineBytes);
      size += whole * kBase64LineSize;
    }
  }

 private:
  /// Writes what is left of the line that is held.
  std::size_t TakeLine(char* into, std::size_t room) noexcept {
    const std::size_t left = line_size_ - line_at_, size = left < room ? left : room;
    if (size != 0) std::memcpy(into, line_ + line_at_, size);
    line_at_ += size;
    return size;
  }

  void EncodeCarried() noexcept {
    line_size_ = Base64Encode(carry_, carried_, line_);
    line_[line_size_++] = '\r';
    line_[line_size_++] = '\n';
    line_at_ = carried_ = 0;
  }

  char carry_[kBase64LineBytes];
  char line_[kBase64LineSize];
  std::size_t carried_ = 0;
  std::size_t line_size_ = 0;
  std::size_t line_at_ = 0;
  bool ended_ = false;
};

/// Bytes that a text becomes on the wire; `scan` has seen all of it.
inline std::uint64_t WireSize(std::string_view text, const TextScan& scan, TransferEncoding encoding) noexcept {
  if (encoding == TransferEncoding::Base64) return Base64LinesSize(scan.CrlfSize());
  if (encoding != TransferEncoding::QuotedPrintable) return scan.CrlfSize();
  // A counting pass: encoded into nothing.
  char nowhere[512];
  std::uint64_t size = 0;
  QuotedPrintableText quoted;
  quoted.Start(text);
  while (!quoted.Done()) size += quoted.Read(nowhere, sizeof nowhere);
  return size;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/file_name.hpp ----
// The name of an attached file in its header: a quoted string where it is plain and short (RFC 2183 2.3), else UTF-8 in
// segments that each fit a line (RFC 2231).
#ifndef SMTPOLL_MESSAGE_FILE_NAME_HPP
#define SMTPOLL_MESSAGE_FILE_NAME_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Takes text, and keeps nothing but how long it is.
class TextMeter {
 public:
  std::size_t size() const noexcept { return size_; }
  void operator+=(char) noexcept { ++size_; }

 private:
  std::size_t size_ = 0;
};

template <typename Text>
void AppendQuoted(std::string_view text, Text& to) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') to += '\\';
    to += c;
  }
  to += '"';
}

/// RFC 2231 7: attribute-char as it is, all else in per cent.
template <typename Text>
void AppendExtended(char c, Text& to) {
  if (IsAlpha(c) || IsDigit(c) || c == '.' || c == '-' || c == '_') {
    to += c;
    return;
  }
  to += '%';
  to += kHexDigits[static_cast<unsigned char>(c) >> 4];
  to += kHexDigits[static_cast<unsigned char>(c) & 15];
}

/// Takes as many characters off the front of `name` as make a segment: whole ones, because readers decode each segment
/// by itself.
template <typename Text>
void TakeExtendedSegment(std::string_view& name, Text& to) {
  constexpr std::size_t kSegment = 45;
  const std::size_t start = to.size();
  while (!name.empty() && to.size() - start < kSegment) {
    const Utf8Character character = FirstCharacter(name);
    for (const char c : character.bytes) AppendExtended(c, to);
    name.remove_prefix(character.consumed);
  }
}

/// Writes the parameter, or parameters, `filename` behind what stands in the header that `writer` writes to `out`.
template <typename Out>
void WriteFileName(std::string_view name, BasicHeaderWriter<Out>& writer, Out& out) {
  out += ';';
  if (IsAllAscii(name) && name.size() <= 60 && Trim(name).size() == name.size()) {
    TextMeter quoted;
    AppendQuoted(name, quoted);
    constexpr std::string_view kParameter = "filename=";
    writer.Space(kParameter.size() + quoted.size());
    out.append(kParameter);
    AppendQuoted(name, out);
    return;
  }
  for (unsigned number = 0; !name.empty(); ++number) {
    if (number != 0) out += ';';
    FixedText<32> parameter("filename*");
    parameter.AppendDecimal(number);
    parameter.Append(number == 0 ? "*=utf-8''" : "*=");
    TextMeter segment;
    std::string_view measured = name;
    TakeExtendedSegment(measured, segment);
    writer.Space(parameter.View().size() + segment.size());
    out.append(parameter.View());
    TakeExtendedSegment(name, out);
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/attachment_fields.hpp ----
// The header fields of an attachment: its type, its name by RFC 2183 and RFC 2231, and by what older readers look for.
// Invariant: all that is written is ASCII, whatever the name holds.
#ifndef SMTPOLL_MESSAGE_ATTACHMENT_FIELDS_HPP
#define SMTPOLL_MESSAGE_ATTACHMENT_FIELDS_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// `scratch` and `name` are room that its owner keeps for the next attachment.
class AttachmentFields {
 public:
  AttachmentFields(TextBuffer& out, TextBuffer& scratch, TextBuffer& name) noexcept
      : out_(out), scratch_(scratch), name_(name) {}

  /// Writes them all but the transfer encoding.
  void Write(const EmailAttachment& one, const AttachmentPlan& plan, std::string_view disposition) {
    HeaderWriter writer(out_);
    writer.Begin("Content-Type");
    writer.Word(plan.type);
    if (plan.is_utf8) {
      writer.Glue(";");
      writer.Word("charset=utf-8");
    }
    if (!IsAllAscii(one.Name)) NameForOldReaders(writer, one.Name);
    writer.End();
    writer.Begin("Content-Disposition");
    writer.Word(disposition);
    if (!one.Name.empty()) WriteFileName(one.Name, writer, out_);
    writer.End();
    if (!one.InlineContentID.empty()) {
      scratch_.assign("<").append(one.InlineContentID).append(">");
      writer.Field("Content-ID", scratch_);
    }
  }

 private:
  /// Readers that do not know RFC 2231 look here: the name with a low line for each character that is not ASCII. Not as
  /// a second filename parameter, which others take for a fault.
  void NameForOldReaders(HeaderWriter& writer, std::string_view name) {
    TextBuffer& plain = name_;
    plain.clear();
    while (!name.empty() && plain.size() < 60) {
      const Utf8Character character = FirstCharacter(name);
      plain += character.bytes.size() == 1 && IsPrint(character.bytes[0]) ? character.bytes[0] : '_';
      name.remove_prefix(character.consumed);
    }
    writer.Glue(";");
    scratch_.assign("name=");
    AppendQuoted(Trim(plain), scratch_);
    writer.Word(scratch_);
  }

  TextBuffer& out_;
  TextBuffer& scratch_;
  TextBuffer& name_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/date.hpp ----
// The date of a message (RFC 5322 3.3): `Tue, 24 Nov 2026 10:00:00 +0100`, the local time and how far it is ahead of
// UTC. Its words are English whatever the locale says.
#ifndef SMTPOLL_MESSAGE_DATE_HPP
#define SMTPOLL_MESSAGE_DATE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Appends the date of `seconds` since 1970-01-01 UTC as it is on a clock that is `offset` minutes ahead of UTC.
template <typename Text>
void AppendDate(std::int64_t seconds, int offset, Text& to) {
  // Three letters each.
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat", kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto word = [&to](std::string_view words, int number) {
    to.append(First(Rest(words, 3 * static_cast<std::size_t>(number)), 3));
  };
  const auto two = [&to](int value) {
    to += static_cast<char>('0' + value / 10);
    to += static_cast<char>('0' + value % 10);
  };
  const CalendarTime time = ToCalendarTime(seconds + std::int64_t{60} * offset);
  word(kDays, time.weekday);
  to.append(", ");
  if (time.day >= 10) to += static_cast<char>('0' + time.day / 10);
  to += static_cast<char>('0' + time.day % 10);
  to += ' ';
  word(kMonths, time.month - 1);
  to += ' ';
  if (time.year >= 1000 && time.year <= 9999) {
    two(static_cast<int>(time.year) / 100);
    two(static_cast<int>(time.year) % 100);
  } else {
    FixedText<24> year(time.year < 0 ? "-" : "");
    year.AppendDecimal(static_cast<std::uint64_t>(time.year < 0 ? -time.year : time.year));
    to.append(year.View());
  }
  to += ' ';
  two(time.hour);
  to += ':';
  two(time.minute);
  to += ':';
  two(time.second);
  to.append(offset < 0 ? " -" : " +");
  const int distance = offset < 0 ? -offset : offset;
  two(distance / 60);
  two(distance % 60);
}

/// Minutes by which the local clock is ahead of UTC at `now`; 0 where the system does not say.
inline int LocalOffset(std::time_t now) noexcept {
  std::tm local{};
#if defined(SMTPOLL_WINDOWS)
  if (localtime_s(&local, &now) != 0) return 0;
#elif defined(SMTPOLL_POSIX)
  if (localtime_r(&now, &local) == nullptr) return 0;
#else
  return 0;
#endif
  const std::int64_t as_if_utc = DaysFromDate(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday) * 86400 +
                                 std::int64_t{3600} * local.tm_hour + std::int64_t{60} * local.tm_min + local.tm_sec;
  return static_cast<int>((as_if_utc - static_cast<std::int64_t>(now)) / 60);
}

/// The present date as text, made anew only when the second has changed.
class DateClock {
 public:
  /// The text of `now`, which is std::time; valid until the next call.
  const std::string& Text(std::time_t now) {
    if (now == second_ && !text_.empty()) return text_;
    second_ = now;
    text_.clear();
    AppendDate(static_cast<std::int64_t>(now), LocalOffset(now), text_);
    return text_;
  }

 private:
  std::time_t second_ = 0;
  std::string text_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/token_mint.hpp ----
// Letters for boundaries and Message-IDs (RFC 2046 5.1.1, RFC 5322 3.6.4) that nobody else draws: they grow out of the
// system's randomness, asked for once, a count, the moment and the processor. Invariant: no other object, thread or
// process draws the same token, also none that was forked off with this object in it. They are no secrets.
#ifndef SMTPOLL_MESSAGE_TOKEN_MINT_HPP
#define SMTPOLL_MESSAGE_TOKEN_MINT_HPP

#if defined(__linux__)
#include <sched.h>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TokenMint {
 public:
  /// Letters of a token: 113 bits.
  static constexpr std::size_t kSize = 24;

  /// Writes kSize lower-case letters to `into`.
  void Draw(char* into) noexcept {
    if (count_ == 0) TakeSeed();
    ++count_;
    const std::uint64_t here = Mixed(HereAndNow());
    for (const std::uint64_t half : seed_) {
      std::uint64_t bits = Mixed(Mixed(half + count_) ^ here);
      for (std::size_t i = 0; i < kSize / 2; ++i, bits /= 26) *into++ = static_cast<char>('a' + bits % 26);
    }
  }

 private:
  void TakeSeed() noexcept {
    if (FillWithEntropy(reinterpret_cast<char*>(seed_), sizeof seed_)) return;
    // A system without randomness: the time and the place still tell two objects apart.
    seed_[0] = static_cast<std::uint64_t>(std::time(nullptr));
    seed_[1] = reinterpret_cast<std::uintptr_t>(this);
  }

  /// Another value in every process at every moment. It costs no system call on Linux: two processes do not run on one
  /// processor in the same nanosecond.
  static std::uint64_t HereAndNow() noexcept {
#if defined(SMTPOLL_POSIX)
    std::timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto moment = static_cast<std::uint64_t>(now.tv_sec) * 1000000000u + static_cast<std::uint64_t>(now.tv_nsec);
#if defined(__linux__)
    return moment << 12 ^ static_cast<std::uint64_t>(sched_getcpu());
#else
    return moment << 24 ^ static_cast<std::uint64_t>(getpid());
#endif
#else
    return 0;  // nothing forks here
#endif
  }

  /// The last step of splitmix64: every bit of the result depends on every bit of `z`.
  static std::uint64_t Mixed(std::uint64_t z) noexcept {
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

  std::uint64_t seed_[2] = {};
  std::uint64_t count_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_stamp.hpp ----
// What makes a rendering this one and no other: a message that is rendered again with the same stamp shows the same
// Date, the same Message-ID (RFC 5322 3.6.4) and the same boundaries.
#ifndef SMTPOLL_MESSAGE_MESSAGE_STAMP_HPP
#define SMTPOLL_MESSAGE_MESSAGE_STAMP_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// All zero is a stamp that the first rendering fills.
struct MessageStamp {
  std::int64_t time = 0;  ///< Seconds since 1970.
  /// Letters that no text of the message holds: the stem of its boundaries and its Message-ID.
  char token[TokenMint::kSize] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_fields.hpp ----
// The header fields of a message (RFC 5322 3.6): those of its members, then the caller's own. Invariant: what says how
// the message is built is never the caller's, and Bcc reaches nobody.
#ifndef SMTPOLL_MESSAGE_MESSAGE_FIELDS_HPP
#define SMTPOLL_MESSAGE_MESSAGE_FIELDS_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A longer name is encoded, because it may have no place where its line can be folded.
constexpr std::size_t kLongestPlainName = 500;

/// The texts must stay valid until Write is done; `scratch` is room that its owner keeps for the next message.
class MessageFields {
 public:
  MessageFields(const EmailMessage& mail, const MessageStamp& stamp, TextBuffer& out, TextBuffer& scratch) noexcept
      : mail_(mail), stamp_(stamp), out_(out), scratch_(scratch) {}

  /// Writes them all; the fields about the body, and the empty line, are left to who lays it out.
  void Write(DateClock& clock) {
    HeaderWriter writer(out_);
    if (Ours("Date")) {
      writer.Begin("Date");
      writer.Word(clock.Text(static_cast<std::time_t>(stamp_.time)));
      writer.End();
    }
    std::string_view author_domain;
    if (Ours("From"))
      author_domain = Addresses(writer, "From", mail_.FromAddress);
    else
      author_domain = FirstDomain(mail_.FromAddress);
    if (Ours("To") && !mail_.ToAddress.empty()) Addresses(writer, "To", mail_.ToAddress);
    if (Ours("Cc") && !mail_.CCAddress.empty()) Addresses(writer, "Cc", mail_.CCAddress);
    if (Ours("Subject") && !mail_.Subject.empty()) writer.Field("Subject", mail_.Subject);
    if (Ours("Message-ID")) MessageId(writer, author_domain);
    if (Ours("TLS-Required") && mail_.Options.tls_required == TlsRequired::No) writer.Field("TLS-Required", "No");
    for (const InternetHeaders::Field& field : mail_.Headers.Fields())
      if (IsAddressField(field.name))
        Addresses(writer, field.name, field.value);
      else if (!IsStructural(field.name))
        writer.Field(field.name, field.value);
    out_.append("MIME-Version: 1.0\r\n");
  }

 private:
  bool Ours(std::string_view name) const noexcept { return !mail_.Headers.Has(name); }

  /// Fields that say how the message is built are never the caller's, and Bcc reaches nobody.
  static bool IsStructural(std::string_view name) noexcept {
    for (const std::string_view one :
         {"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Bcc"})
      if (EqualIgnoringCase(name, one)) return true;
    return false;
  }

  /// A field of mailboxes. An empty group, which names nobody, stands for itself; an empty list makes no field. Returns
  /// the domain of the first.
  std::string_view Addresses(HeaderWriter& writer, std::string_view name, std::string_view list) {
    MailboxParser parser(list);
    Mailbox mailbox;
    std::string_view first_domain;
    bool first = true;
    while (parser.Next(mailbox)) {
      if (first) {
        writer.Begin(name);
        first_domain = mailbox.domain;
      } else {
        writer.Glue(",");
      }
      first = false;
      if (mailbox.local_part.size() + 1 + mailbox.domain.size() == list.size() && list.front() != '"' &&
          IsAllPrint(list)) {
        writer.Word(list);
        continue;
      }
      if (IsAllAscii(mailbox.display_name) && mailbox.display_name.size() <= kLongestPlainName) {
        writer.Verbatim(mailbox.display_name);
      } else {
        scratch_.clear();
        AppendUnquoted(mailbox.display_name, scratch_);
        writer.Encoded(scratch_);
      }
      scratch_.clear();
      if (!mailbox.display_name.empty()) scratch_ += '<';
      AppendAddrSpec(mailbox, scratch_);
      if (!mailbox.display_name.empty()) scratch_ += '>';
      writer.Word(scratch_);
    }
    const bool group = first && list.find(':') != std::string_view::npos;
    if (group) {
      writer.Begin(name);
      writer.Word("undisclosed-recipients:;");
    }
    if (!first || group) writer.End();
    return first_domain;
  }

  static std::string_view FirstDomain(std::string_view list) noexcept {
    Mailbox mailbox;
    MailboxParser(list).Next(mailbox);
    return mailbox.domain;
  }

  void MessageId(HeaderWriter& writer, std::string_view domain) {
    scratch_.assign("<").append(stamp_.token, sizeof stamp_.token);
    scratch_ += '@';
    if (domain.empty() || domain[0] == '[' || !IsAllAscii(domain)) domain = "localhost.localdomain";
    scratch_.append(domain);
    scratch_ += '>';
    writer.Begin("Message-ID");
    writer.Word(scratch_);
    writer.End();
  }

  const EmailMessage& mail_;
  const MessageStamp& stamp_;
  TextBuffer& out_;
  TextBuffer& scratch_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_part.hpp ----
// One piece of a message on its way: literal text, or a body or an attachment that is to be encoded.
#ifndef SMTPOLL_MESSAGE_MESSAGE_PART_HPP
#define SMTPOLL_MESSAGE_MESSAGE_PART_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a LineClaim may say of a part.
enum class LineQuality : std::uint8_t { Any, Crlf, NoDots };

struct MessagePart {
  bool is_literal = false;
  std::size_t begin = 0;  // of a literal: its place in Literals()
  std::size_t end = 0;
  std::string_view text;  // of a body
  TransferEncoding encoding = TransferEncoding::SevenBit;
  const EmailAttachment* attachment = nullptr;
  std::uint64_t size = 0;                // bytes on the wire, or kUnknownSize
  bool verbatim = false;                 // of a body: its lines need nothing
  LineQuality lines = LineQuality::Any;  // of what is read from here on until a part has given a byte
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_layout.hpp ----
// The order of a message's parts: literal text (headers, boundaries) and, between, bodies and attachments to be
// encoded. The tree is the smallest that holds what is there (RFC 2046 5.1, RFC 2387): mixed, related, alternative.
#ifndef SMTPOLL_MESSAGE_MESSAGE_LAYOUT_HPP
#define SMTPOLL_MESSAGE_MESSAGE_LAYOUT_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class MessageLayout {
 public:
  const PlainList<MessagePart>& Parts() const noexcept { return parts_; }
  std::string_view Literals() const noexcept { return literals_; }

  void Clear() noexcept {
    parts_.clear();
    literals_.clear();
    literal_begin_ = 0;
  }

  /// What the wire has to carry for this message; the envelope asks the server for it.
  WireWidth Width() const noexcept {
    WireWidth width = WireWidth::SevenBit;
    for (const MessagePart& part : parts_) {
      if (part.encoding == TransferEncoding::Binary) return WireWidth::Binary;
      if (part.encoding == TransferEncoding::EightBit) width = WireWidth::EightBit;
    }
    return width;
  }

  /// Appends the header as it goes over the wire, without the empty line after it.
  void AppendHeader(std::string& to) const {
    if (mail_->Source.empty()) {
      to.append(Literals().substr(0, Literals().find("\r\n\r\n") + 2));
      return;
    }
    CrlfText header;
    header.Start(HeaderOf(mail_->Source));
    char piece[256];
    while (!header.Done()) to.append(piece, header.Read(piece, sizeof piece));
  }

  /// Bytes of the whole message, or kUnknownSize.
  std::uint64_t Size() const noexcept { return size_; }

  /// `width`: what the server offers, 8BITMIME or BINARYMIME. An empty `stamp` is filled.
  void Lay(const EmailMessage& mail, WireWidth width, MessageStamp& stamp) {
    Clear();
    stamp_ = &stamp;
    width_ = width;
    mail_ = &mail;
    if (mail.Source.empty()) {
      if (stamp.time == 0) {
        stamp.time = static_cast<std::int64_t>(std::time(nullptr));
        DrawToken();
      }
      MessageFields(mail, stamp, literals_, scratch_).Write(clock_);
      WriteMixed();
      EndLiteral();
    } else {
      const TextScan scan = Scanned(mail.Source);
      AddText(mail.Source, scan, scan.IsEightBit() ? TransferEncoding::EightBit : TransferEncoding::SevenBit);
    }
    SumUp();
  }

 private:
  void DrawToken() {
    do {
      mint_.Draw(stamp_->token);
    } while (HasBoundaries() && (Occurs(mail_->BodyPlainText) || Occurs(mail_->BodyHTML) ||
                                 Occurs(mail_->BodyEnriched) || Occurs(mail_->BodyCalendar) || OccursInAttachment()));
  }
  bool HasBoundaries() const noexcept { return !mail_->Attachments.empty() || CountBodies() > 1; }
  bool Occurs(const std::string& text) const {
    return text.find(stamp_->token, 0, sizeof stamp_->token) != std::string::npos;
  }
  int CountBodies() const noexcept {
    return !mail_->BodyPlainText.empty() + !mail_->BodyEnriched.empty() + !mail_->BodyHTML.empty() +
           !mail_->BodyCalendar.empty();
  }

  /// How long it all is, and what can be claimed of each part's lines. Boundaries, and fields that nobody checked, are
  /// looked at; bodies are encoded by us.
  void SumUp() noexcept {
    const bool literals_are_lines = FindLineFault('\n', Literals().data(), literals_.size(), false) == literals_.size();
    size_ = 0;
    LineQuality after = LineQuality::NoDots;
    for (std::size_t i = parts_.size(); i-- != 0;) {
      MessagePart& part = parts_[i];
      size_ = part.size == kUnknownSize || size_ == kUnknownSize ? kUnknownSize : size_ + part.size;
      part.lines = LineQuality::Crlf;
      if (part.is_literal && !literals_are_lines) part.lines = LineQuality::Any;
      if (part.encoding == TransferEncoding::Binary) part.lines = LineQuality::Any;
      if (part.encoding == TransferEncoding::Base64 || part.encoding == TransferEncoding::QuotedPrintable)
        part.lines = LineQuality::NoDots;
      // A part that may give no byte more is read together with what follows.
      const bool may_be_over = part.size == 0 || part.size == kUnknownSize;
      if (may_be_over && after < part.lines) part.lines = after;
      after = part.lines;
    }
  }

  // ---- The tree. Each of these writes an entity: its header fields, the empty line, its body.

  void WriteMixed() {
    std::size_t attached = 0;
    for (const EmailAttachment& one : mail_->Attachments) attached += !IsInline(one);
    if (attached == 0) return WriteBodies();
    StartMultipart("mixed", '1');
    Delimiter('1');
    WriteBodies();
    for (const EmailAttachment& one : mail_->Attachments) {
      if (IsInline(one)) continue;
      Delimiter('1');
      WriteAttachment(one, "attachment");
    }
    CloseDelimiter('1');
  }

  bool IsInline(const EmailAttachment& one) const noexcept {
    return !one.InlineContentID.empty() && !mail_->BodyHTML.empty();
  }

  void WriteBodies() {
    const int kinds = CountBodies();
    if (kinds > 1) StartMultipart("alternative", '2');
    const auto next = [&] {
      if (kinds > 1) Delimiter('2');
    };
    if (!mail_->BodyPlainText.empty() || kinds == 0) {
      next();
      WriteText("plain", {}, mail_->BodyPlainText);
    }
    if (!mail_->BodyEnriched.empty()) {
      next();
      WriteText("enriched", {}, mail_->BodyEnriched);
    }
    if (!mail_->BodyHTML.empty()) {
      next();
      WriteHtml();
    }
    // The last alternative is the one preferred by who can show it (RFC 2046 5.1.4, RFC 6047 2.4).
    if (!mail_->BodyCalendar.empty()) {
      next();
      WriteText("calendar", mail_->CalendarMethod, mail_->BodyCalendar);
    }
    if (kinds > 1) CloseDelimiter('2');
  }

  void WriteHtml() {
    bool related = false;
    for (const EmailAttachment& one : mail_->Attachments) related = related || IsInline(one);
    if (!related) return WriteText("html", {}, mail_->BodyHTML);
    StartMultipart("related", '3');
    Delimiter('3');
    WriteText("html", {}, mail_->BodyHTML);
    for (const EmailAttachment& one : mail_->Attachments) {
      if (!IsInline(one)) continue;
      Delimiter('3');
      WriteAttachment(one, "inline");
    }
    CloseDelimiter('3');
  }

  void WriteText(std::string_view subtype, std::string_view method, std::string_view text) {
    const TextScan scan = Scanned(text);
    const TransferEncoding encoding = ChooseEncoding(scan, width_ != WireWidth::SevenBit);
    Put("Content-Type: text/");
    Put(subtype);
    Put("; charset=utf-8");
    if (!method.empty()) literals_.append("; method=").append(method);
    Put("\r\n");
    EndHeader(encoding);
    AddText(text, scan, encoding);
  }

  static TextScan Scanned(std::string_view text) noexcept {
    TextScan scan;
    scan.Update(text);
    return scan;
  }
  void AddText(std::string_view text, const TextScan& scan, TransferEncoding encoding) {
    MessagePart part;
    part.text = text;
    part.encoding = encoding;
    part.size = WireSize(text, scan, encoding);
    part.verbatim =
        !scan.HasBareLineEnd() && (encoding == TransferEncoding::SevenBit || encoding == TransferEncoding::EightBit);
    parts_.push_back(part);
  }

  /// Only what may go without base64 can hold a boundary; a file is too long to be searched for what is that unlikely.
  bool OccursInAttachment() const {
    for (const EmailAttachment& one : mail_->Attachments)
      if (!one.Data.empty() && one.Size() == one.Data.size() && MayGoWithoutBase64(one, width_) && Occurs(one.Data))
        return true;
    return false;
  }

  void WriteAttachment(const EmailAttachment& one, std::string_view disposition) {
    const AttachmentPlan plan = AttachmentPlanner(one, width_).Plan();
    AttachmentFields(literals_, scratch_, name_).Write(one, plan, disposition);
    EndHeader(plan.encoding);
    if (plan.is_text && one.InMemory()) return AddText(one.Data, Scanned(one.Data), plan.encoding);
    MessagePart part;
    part.encoding = plan.encoding;
    part.attachment = &one;
    part.size = plan.wire_size;
    parts_.push_back(part);
  }

  /// The last field of an entity's header, and the empty line. 7bit is what no field says (RFC 2045 6.1).
  void EndHeader(TransferEncoding encoding) {
    constexpr std::string_view kNames[] = {"7bit", "8bit", "quoted-printable", "base64", "binary"};
    Put("Content-Transfer-Encoding: ");
    Put(kNames[static_cast<unsigned>(encoding)]);
    Put("\r\n\r\n");
    EndLiteral();
  }

  // ---- Boundaries (RFC 2046 5.1.1). "=_" stands in neither quoted-printable nor base64.

  void AppendBoundary(char level) {
    literals_.append("=_").append(stamp_->token, sizeof stamp_->token);
    literals_ += level;
  }
  void StartMultipart(std::string_view subtype, char level) {
    literals_.append("Content-Type: multipart/").append(subtype).append(";\r\n boundary=\"");
    AppendBoundary(level);
    literals_ += "\"\r\n";
  }
  void Delimiter(char level) {
    literals_ += "\r\n--";
    AppendBoundary(level);
    literals_ += "\r\n";
  }
  void CloseDelimiter(char level) {
    literals_ += "\r\n--";
    AppendBoundary(level);
    literals_ += "--\r\n";
  }

  void Put(std::string_view text) { literals_.append(text); }

  void EndLiteral() {
    if (literals_.size() == literal_begin_) return;
    MessagePart part;
    part.is_literal = true;
    part.begin = literal_begin_;
    part.end = literals_.size();
    part.size = part.end - part.begin;
    parts_.push_back(part);
    literal_begin_ = literals_.size();
  }

  const EmailMessage* mail_ = nullptr;
  MessageStamp* stamp_ = nullptr;
  PlainList<MessagePart> parts_;
  TextBuffer literals_;
  TextBuffer scratch_;
  TextBuffer name_;
  std::size_t literal_begin_ = 0;
  WireWidth width_ = WireWidth::SevenBit;
  std::uint64_t size_ = 0;
  DateClock clock_;
  TokenMint mint_;
};

}  // namespace detail

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_source.hpp ----
// Renders an EmailMessage as it goes over the wire (RFC 5322, RFC 2045 to 2049), pulled piece by piece. The headers and
// boundaries are written at Open; bodies and attachments are encoded straight into the reader's room.
// Invariant: no body and no attachment is held, and a rewound source yields the very same bytes.
#ifndef SMTPOLL_MESSAGE_MESSAGE_SOURCE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_SOURCE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The bytes of one message after the other; memory is used again.
class MessageSource final : public Source {
 public:
  MessageSource() = default;
  MessageSource(const MessageSource&) = delete;
  MessageSource& operator=(const MessageSource&) = delete;

  /// Starts `mail`, which must neither change nor go away until Close. What is wrong with it, Check says before.
  /// `width`: text may go as 8bit, attachments as they are, because the server offers 8BITMIME or BINARYMIME.
  void Open(const EmailMessage& mail, detail::WireWidth width = detail::WireWidth::SevenBit) {
    detail::MessageStamp stamp;
    Open(mail, width, stamp);
  }
  /// As above, with the Date and the Message-ID of `stamp`; an empty one is filled.
  void Open(const EmailMessage& mail, detail::WireWidth width, detail::MessageStamp& stamp) {
    signer_ = mail.Signer.get();
    layout_.Lay(mail, signer_ == nullptr ? width : detail::WireWidth::SevenBit, stamp);
    failure_.clear();
    StartOver(false);
    StartSigning();
  }
  /// Lets go of the message.
  void Close() {
    reader_.Close();
    layout_.Clear();
    signing_.reset();
    signature_.clear();
    part_ = 0;
  }

  SourceResult Read(char* into, std::size_t room) override {
    if (signing_)
      if (const SourceStatus status = Sign(); status != SourceStatus::More) return {0, status};
    const std::size_t size = signature_.copy(into, room, signature_at_);
    signature_at_ += size;
    if (size == room) return {size, SourceStatus::More};
    const SourceResult rest = ReadParts(into + size, room - size);
    if (rest.status == SourceStatus::Again && size != 0) return {size, SourceStatus::More};
    return {size + rest.size, rest.status};
  }

  /// What the envelope has to ask the server for.
  detail::WireWidth Width() const noexcept { return layout_.Width(); }

  /// True while the signature is not there yet; Read then says Again now and then.
  bool Signing() const noexcept { return static_cast<bool>(signing_); }

  bool Rewind() override {
    signature_at_ = 0;
    if (!StartOver(true)) return false;
    if (signing_) StartSigning();
    return true;
  }

  std::uint64_t Size() const override {
    const std::uint64_t signature = signing_ ? signing_->Size() : signature_.size();
    return layout_.Size() == kUnknownSize ? kUnknownSize : layout_.Size() + signature;
  }

  std::string_view Failure() const override { return failure_; }

  detail::LineClaim Claim() const override {
    const bool unsigned_part = !signing_ && signature_at_ == signature_.size();
    return detail::LineClaim(unsigned_part ? static_cast<unsigned char>(Quality()) : 0);
  }

 private:
  /// Bytes that one Read may have signed: it must not take longer than a step should.
  static constexpr std::size_t kSignStep = std::size_t{1024} * 1024;

  bool StartOver(bool again) {
    again_ = again;
    part_ = 0;
    return StartPart();
  }

  detail::LineQuality Quality() const noexcept {
    return part_ == layout_.Parts().size() ? detail::LineQuality::NoDots : Part().lines;
  }

  /// The bytes of the message without its signature; in one read only such of the same quality, so that Claim is true
  /// of all of them.
  SourceResult ReadParts(char* into, std::size_t room) {
    std::size_t size = 0;
    const detail::LineQuality quality = Quality();
    while (size < room && part_ < layout_.Parts().size() && (size == 0 || Quality() == quality)) {
      const SourceResult result = ReadPart(into + size, room - size);
      size += result.size;
      if (result.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (result.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      // A part that stops before the room is full wants a larger one.
      if (result.status == SourceStatus::More) return {size, SourceStatus::More};
      ++part_;
      if (!StartPart()) return {size, SourceStatus::Failed};
    }
    return {size, part_ == layout_.Parts().size() ? SourceStatus::End : SourceStatus::More};
  }

  void StartSigning() {
    signature_.clear();
    signature_at_ = 0;
    signing_.reset();
    if (signer_ == nullptr) return;
    std::string header;
    layout_.AppendHeader(header);
    signing_ = signer_->Begin(header);
    unsigned_ = header.size() + 2;  // and the empty line
  }

  /// Has the signer read on. More: the signature is there, and the message stands at its start again.
  SourceStatus Sign() {
    char piece[4096];
    for (std::size_t signed_now = 0; signed_now < kSignStep;) {
      const SourceResult result = ReadParts(piece, sizeof piece);
      if (result.status == SourceStatus::Failed || result.status == SourceStatus::Again) return result.status;
      const std::size_t skipped = unsigned_ < result.size ? static_cast<std::size_t>(unsigned_) : result.size;
      unsigned_ -= skipped;
      signing_->Update({piece + skipped, result.size - skipped});
      signed_now += result.size;
      if (result.status != SourceStatus::End) continue;
      if (!signing_->Finish(signature_)) {
        failure_ = "the message cannot be signed with this key";
        return SourceStatus::Failed;
      }
      signing_.reset();
      return StartOver(true) ? SourceStatus::More : SourceStatus::Failed;
    }
    return SourceStatus::Again;
  }

  const detail::MessagePart& Part() const { return layout_.Parts()[part_]; }

  /// Makes the present part ready; false where its attachment cannot be read.
  bool StartPart() {
    if (part_ == layout_.Parts().size()) return true;
    const detail::MessagePart& part = Part();
    copied_ = part.is_literal ? layout_.Literals().substr(part.begin, part.end - part.begin) : part.text;
    if (part.is_literal || part.verbatim) return true;
    crlf_.Start(part.text);
    quoted_printable_.Start(part.text);
    base64_.Start();
    lines_.Start();
    lines_read_ = 0;
    if (part.attachment == nullptr) return true;
    if (part.attachment->InMemory()) copied_ = part.attachment->Data;
    if (reader_.Start(*part.attachment, again_)) return true;
    Fail(part);
    return false;
  }

  SourceResult ReadPart(char* into, std::size_t room) {
    const detail::MessagePart& part = Part();
    if (part.is_literal || part.verbatim) return Copy(into, room);
    if (part.attachment != nullptr && part.attachment->InMemory()) {
      if (part.encoding == detail::TransferEncoding::Base64) return base64_.Read(into, room, copied_);
      if (part.encoding == detail::TransferEncoding::Binary) return Copy(into, room);
    }
    if (part.attachment != nullptr) {
      const auto pull = [this](char* raw, std::size_t size) { return reader_.Read(raw, size); };
      const bool binary = part.encoding == detail::TransferEncoding::Binary;
      const bool base64 = part.encoding == detail::TransferEncoding::Base64;
      SourceResult result = binary   ? pull(into, room)
                            : base64 ? base64_.Read(into, room, pull)
                                     : lines_.Read(into, room, pull);
      if (!binary && !base64) {
        lines_read_ += result.size;
        // The file has other lines than when it was scanned.
        const bool ended = result.status == SourceStatus::End;
        if (lines_read_ > part.size || (ended && lines_read_ != part.size)) result = {0, SourceStatus::Failed};
      }
      if (result.status == SourceStatus::Failed) Fail(part);
      return result;
    }
    switch (part.encoding) {
      case detail::TransferEncoding::QuotedPrintable: {
        const std::size_t size = quoted_printable_.Read(into, room);
        return {size, quoted_printable_.Done() ? SourceStatus::End : SourceStatus::More};
      }
      case detail::TransferEncoding::Base64:
        return base64_.Read(into, room, [this](char* raw, std::size_t size) { return ReadCrlf(raw, size); });
      case detail::TransferEncoding::SevenBit:
      case detail::TransferEncoding::EightBit:
      case detail::TransferEncoding::Binary: break;
    }
    return ReadCrlf(into, room);
  }

  SourceResult Copy(char* into, std::size_t room) noexcept {
    const std::size_t size = copied_.copy(into, room);
    copied_.remove_prefix(size);
    return {size, copied_.empty() ? SourceStatus::End : SourceStatus::More};
  }

  SourceResult ReadCrlf(char* into, std::size_t room) noexcept {
    const std::size_t size = crlf_.Read(into, room);
    return {size, crlf_.Done() ? SourceStatus::End : SourceStatus::More};
  }

  void Fail(const detail::MessagePart& part) {
    failure_ = "attachment ";
    failure_ += part.attachment->Name.empty() ? part.attachment->Path() : part.attachment->Name;
    failure_ += " cannot be read as long as it said it was";
  }

  detail::MessageLayout layout_;
  std::size_t part_ = 0;
  std::string_view copied_;  // what is left of a part whose bytes lie in memory
  std::uint64_t lines_read_ = 0;
  bool again_ = false;
  const MessageSigner* signer_ = nullptr;
  Owned<MessageSigning> signing_;  // until the signature is there
  std::uint64_t unsigned_ = 0;     // bytes of the header that the signer does not get again
  std::string signature_;
  std::size_t signature_at_ = 0;
  detail::CrlfText crlf_;
  detail::QuotedPrintableText quoted_printable_;
  detail::Base64Lines base64_;
  detail::CrlfLines lines_;
  detail::AttachmentReader reader_;
  std::string failure_;
};

namespace detail {

/// Bytes of `mail` as it goes over the wire; 0 where a source does not know.
inline std::uint64_t ContentSize(const EmailMessage& mail) {
  MessageSource source;
  source.Open(mail);
  return source.Size() == kUnknownSize ? 0 : source.Size();
}

}  // namespace detail

inline std::string EmailMessage::Render() const {
  MessageSource source;
  source.Open(*this);
  std::string text;
  char piece[4096];
  for (;;) {
    const SourceResult got = source.Read(piece, sizeof piece);
    text.append(piece, got.size);
    if (got.status == SourceStatus::End) return text;
    // A signer that works in steps goes on by itself; a callback that has nothing now may never.
    if (got.status == SourceStatus::Failed || (got.status == SourceStatus::Again && !source.Signing())) return {};
  }
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/delivery.hpp ----
// One message on its way: makes envelope and source of an EmailMessage for the engine, and gathers what becomes of it.
// This is the one place where the message floor and the protocol floor meet. Its memory is used again for the next
// message. A server that takes few recipients at once gets the message in several transactions (RFC 5321 4.5.3.1.10,
// RFC 9422). Invariant: a recipient that a transaction settled is in no further one.
#ifndef SMTPOLL_CLIENT_DELIVERY_HPP
#define SMTPOLL_CLIENT_DELIVERY_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Over the engine that it feeds; a template, so that only programs that send compile what it does.
template <typename Engine>
class BasicDelivery {
 public:
  /// Makes `mail` ready for Begin: reads its addresses, and has `source` lay it out for the server of `engine`; `mail`
  /// must not change from now on until its end. An error means that it cannot be sent.
  Error Prepare(const EmailMessage& mail, MessageSource& source, const Engine& engine) {
    result_.outcome = Outcome::Queued;
    result_.error = {};
    result_.server_text.clear();
    size_ = 0;
    stamp_ = {};
    Error error = ReadMessage(mail);
    if (!error) error = ChooseRecipients(mail, engine);
    if (error)
      End(Outcome::Refused, &error);
    else
      LayOutTransaction(mail, source, engine);
    return error;
  }
  /// Hands the message that was made ready to the engine. An error means that no byte of it was or will be sent.
  Error Begin(MessageSource& source, Engine& engine, Millis now) {
    const Error error = engine.Send(envelope_, source, now);
    if (error) End(Outcome::Refused, &error);
    return error;
  }
  /// Prepare and Begin.
  Error Start(const EmailMessage& mail, MessageSource& source, Engine& engine, Millis now) {
    const Error error = Prepare(mail, source, engine);
    return error ? error : Begin(source, engine, now);
  }

  /// A message that cannot even be tried, because of `why`.
  void Decline(const Error& why) {
    result_.outcome = Outcome::Queued;
    result_.error = why;
    result_.server_text.clear();
    result_.recipients.clear();
    has_more_ = false;
  }

  /// Some recipients have to wait for a further transaction.
  bool HasMore() const noexcept { return has_more_; }
  /// Starts that transaction. An error means that no byte of it was or will be sent.
  Error Continue(const EmailMessage& mail, MessageSource& source, Engine& engine, Millis now) {
    ChooseRecipients(mail, engine);
    LayOutTransaction(mail, source, engine);
    return Begin(source, engine, now);
  }

  /// Takes note of what the engine told.
  void OnRecipient(const Event& event) {
    RecipientResult& recipient = result_.recipients[asked_[event.recipient]];
    recipient.accepted = event.kind == EventKind::RecipientAccepted;
    recipient.reply_code = event.reply.code;
    recipient.enhanced = event.reply.enhanced;
    if (recipient.accepted)
      recipient.text.clear();
    else
      recipient.text = event.reply.text;
  }
  /// LMTP: the final reply of the `event.recipient`-th accepted recipient.
  void OnRecipientFinal(const Event& event) {
    std::size_t accepted_before = event.recipient;
    for (const std::size_t index : asked_) {
      RecipientResult& recipient = result_.recipients[index];
      if (!recipient.accepted && !recipient.final_reply) continue;
      if (accepted_before-- != 0) continue;
      recipient.final_reply = true;
      recipient.accepted = event.reply.IsPositive();
      recipient.reply_code = event.reply.code;
      recipient.enhanced = event.reply.enhanced;
      recipient.text = event.reply.text;
      return;
    }
  }
  void OnAccepted(const Event& event) {
    result_.server_text = event.reply.text;
    End(Outcome::Sent, nullptr);
  }

  /// The transaction has this outcome, because of `why`. Where others have to follow, HasMore says so.
  void End(Outcome outcome, const Error* why) {
    for (const std::size_t index : asked_) {
      RecipientResult& recipient = result_.recipients[index];
      const bool rejected = recipient.reply_code != 0 && !recipient.accepted;
      if (outcome == Outcome::Queued || !rejected)
        recipient.outcome = outcome;
      else
        recipient.outcome = outcome == Outcome::Sent && IsOneTooMany(recipient) ? Outcome::Queued : Outcome::Refused;
    }
    asked_.clear();
    // What refuses a transaction before its recipients are known to be at fault would refuse the next one too.
    const bool refused =
        outcome == Outcome::Refused && why != nullptr && (why->phase != Phase::Recipient || why->reply_code == 0);
    bool some[4] = {};
    for (RecipientResult& recipient : result_.recipients) {
      if (refused && recipient.outcome == Outcome::Queued) recipient.outcome = Outcome::Refused;
      some[static_cast<unsigned>(recipient.outcome)] = true;
    }
    has_more_ =
        some[static_cast<unsigned>(Outcome::Queued)] && (outcome == Outcome::Sent || outcome == Outcome::Refused);
    result_.outcome = Outcome::Refused;
    for (const Outcome weightier : {Outcome::Sent, Outcome::Queued, Outcome::InDoubt})
      if (some[static_cast<unsigned>(weightier)]) result_.outcome = weightier;
    if (why != nullptr && (!result_.error || outcome == Outcome::InDoubt)) result_.error = *why;
    if (result_.outcome == Outcome::Sent) result_.error = {};
  }

  /// A part of the recipients has the message, or never will: noted in `mail`, a further try leaves them out. False
  /// where no recipient is settled.
  bool Settle(EmailMessage& mail) const {
    const std::size_t before = mail.Settled.size();
    for (const RecipientResult& recipient : result_.recipients)
      if (recipient.outcome == Outcome::Sent || recipient.outcome == Outcome::Refused)
        mail.Settled.push_back(recipient.mailbox);
    return mail.Settled.size() != before;
  }

  const SendResult& Result() const noexcept { return result_; }
  /// Rendered size of the message last started; 0 where it or a source of it does not know.
  std::uint64_t ContentSize() const noexcept { return size_; }

 private:
  static WireWidth WidthOf(const Engine& engine) noexcept {
    if (engine.TakesBinary()) return WireWidth::Binary;
    return engine.ServerCapabilities().Has(Extension::EightBitMime) ? WireWidth::EightBit : WireWidth::SevenBit;
  }

  /// RFC 5321 4.5.3.1.10: the recipient itself is not refused, it is one more than the server takes at once.
  static bool IsOneTooMany(const RecipientResult& recipient) noexcept {
    return recipient.reply_code == 452 && (!recipient.enhanced || recipient.enhanced == EnhancedCode{4, 5, 3});
  }

  /// Reads the addresses of `mail` and lays out the results; nothing of the wire is touched.
  Error ReadMessage(const EmailMessage& mail) {
    addresses_.clear();
    bounds_.clear();
    asked_.clear();
    has_more_ = false;
    const Error fault = ReadAddresses(mail);
    LayOutResults(mail, !fault);
    return fault;
  }

  /// The first address becomes the reverse-path, the others the recipients.
  Error ReadAddresses(const EmailMessage& mail) {
    const MessageFault fault = FaultFinder(mail).First([&](MailboxRole list, const Mailbox& mailbox) {
      const bool recipient = list == MailboxRole::Recipients;
      if (list == MailboxRole::Author && mail.ReversePath) return;
      if (!recipient && !bounds_.empty()) return;              // one author is enough
      if (recipient && bounds_.empty()) bounds_.push_back(0);  // the null reverse-path
      AppendAddrSpec(mailbox, addresses_);
      bounds_.push_back(addresses_.size());
    });
    if (bounds_.empty()) bounds_.push_back(0);
    return AsError(fault);
  }

  /// A result for each recipient that is not settled yet; none where the message is not `valid`.
  void LayOutResults(const EmailMessage& mail, bool valid) {
    std::size_t count = 0;
    for (std::size_t i = 1; valid && i < bounds_.size(); ++i) {
      const std::string_view mailbox(addresses_.data() + bounds_[i - 1], bounds_[i] - bounds_[i - 1]);
      bool settled = false;
      for (const std::string& one : mail.Settled) settled = settled || one == mailbox;
      if (settled) continue;
      if (count == result_.recipients.size()) result_.recipients.emplace_back();
      RecipientResult& result = result_.recipients[count++];
      result.mailbox = mailbox;
      result.outcome = Outcome::Queued;
      Forget(result);
    }
    result_.recipients.resize(count);
  }

  static void Forget(RecipientResult& result) {
    result.accepted = result.final_reply = false;
    result.reply_code = 0;
    result.enhanced = {};
    result.text.clear();
  }

  /// As many of the queued recipients as the server takes at once. An error, which only the first transaction can have:
  /// all are to go at once.
  Error ChooseRecipients(const EmailMessage& mail, const Engine& engine) {
    const Capabilities& server = engine.ServerCapabilities();
    recipients_.clear();
    for (std::size_t i = 0; i < result_.recipients.size() && recipients_.size() < server.MaxRecipients(); ++i) {
      RecipientResult& result = result_.recipients[i];
      if (result.outcome != Outcome::Queued || !FitsDomains(result.mailbox, server.MaxRecipientDomains())) continue;
      Forget(result);
      asked_.push_back(i);
      recipients_.push_back({result.mailbox, mail.Notify, {}});
      for (const RecipientOptions& one : mail.RecipientOptions)
        if (one.Mailbox == result.mailbox) recipients_.back() = {result.mailbox, one.Notify, one.OriginalRecipient};
    }
    if (engine.AllRecipientsOrNone() && asked_.size() != result_.recipients.size())
      return Error(Errc::NotOffered, Phase::Recipient, "the server does not take all recipients at once (LIMITS)");
    return {};
  }

  /// The envelope of a transaction with the recipients that were chosen, and its content.
  void LayOutTransaction(const EmailMessage& mail, MessageSource& source, const Engine& engine) {
    source.Open(mail, WidthOf(engine), stamp_);
    size_ = source.Size() == kUnknownSize ? 0 : source.Size();
    constexpr BodyType kBodies[] = {BodyType::SevenBit, BodyType::EightBitMime, BodyType::BinaryMime};
    envelope_.reverse_path = std::string_view(addresses_.data(), bounds_[0]);
    envelope_.recipients = {recipients_.data(), recipients_.size()};
    envelope_.envelope_id = mail.EnvelopeID;
    envelope_.options = mail.Options;
    envelope_.smtputf8 = mail.NeedsSmtpUtf8();
    envelope_.body = kBodies[static_cast<unsigned>(source.Width())];
  }

  static std::string_view DomainOf(std::string_view mailbox) noexcept { return mailbox.substr(mailbox.rfind('@') + 1); }
  /// RFC 9422 4.3: with `mailbox`, the recipients chosen so far have at most `most` domains.
  bool FitsDomains(std::string_view mailbox, std::size_t most) const noexcept {
    if (most == SIZE_MAX) return true;
    std::size_t domains = 1;
    for (std::size_t i = 0; i < recipients_.size(); ++i) {
      if (EqualIgnoringCase(DomainOf(recipients_[i].mailbox), DomainOf(mailbox))) return true;
      bool first = true;
      for (std::size_t k = 0; k < i; ++k)
        first = first && !EqualIgnoringCase(DomainOf(recipients_[k].mailbox), DomainOf(recipients_[i].mailbox));
      if (first) ++domains;
    }
    return domains <= most;
  }

  std::string addresses_;          // the addr-specs, one behind the other; the first is the reverse-path
  PlainList<std::size_t> bounds_;  // where each of them ends
  PlainList<std::size_t> asked_;   // the transaction's recipients, as numbers of results
  PlainList<Recipient> recipients_;
  Envelope envelope_;
  MessageStamp stamp_;  // every transaction of the message shows the same Date and Message-ID
  SendResult result_;
  std::uint64_t size_ = 0;
  bool has_more_ = false;
};
using Delivery = BasicDelivery<Engine>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/flights.hpp ----
// The messages that SMTPSocket has under way, in the order in which the engine was given them: the engine tells their
// outcomes in that order too. Invariant: a flight stays where it is in memory until it is taken, and its memory is used
// again for a later one.
#ifndef SMTPOLL_CLIENT_FLIGHTS_HPP
#define SMTPOLL_CLIENT_FLIGHTS_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A message under way and what is known of it.
struct Flight {
  EmailMessage mail;
  Delivery delivery;
  Owned<Flight> next;  // in the list that has it
};

/// A template for the same reason as BasicDelivery.
template <typename Flight>
class FlightList {
 public:
  using Owner = Owned<Flight>;

  bool empty() const noexcept { return count_ == 0; }
  std::size_t Count() const noexcept { return count_; }
  Flight& Oldest() noexcept { return *under_way_; }
  const Flight& Oldest() const noexcept { return *under_way_; }

  /// An empty flight that belongs to the caller.
  Owner Take() { return spare_ ? TakeFirst(spare_) : Owner(new Flight); }
  void Add(Owner flight) noexcept {
    Owner& end = empty() ? under_way_ : newest_->next;
    end = std::move(flight);
    newest_ = end.get();
    ++count_;
  }
  Owner TakeOldest() noexcept {
    --count_;
    return TakeFirst(under_way_);
  }
  /// The flight is over; its memory is kept, but that of attachments.
  void GiveBack(Owner flight) {
    if (!flight->mail.Attachments.empty()) flight->mail = EmailMessage();
    flight->next = std::move(spare_);
    spare_ = std::move(flight);
  }

 private:
  static Owner TakeFirst(Owner& list) noexcept {
    Owner first = std::move(list);
    list = std::move(first->next);
    return first;
  }

  Owner under_way_;  // oldest first
  Flight* newest_ = nullptr;
  Owner spare_;
  std::size_t count_ = 0;
};
using Flights = FlightList<Flight>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/pipelining_trust.hpp ----
// Whether a server is trusted to take commands in groups (RFC 2920). Some offer PIPELINING and lose or mix up what
// comes in a group; a session that failed in the middle of one is tried again in lock-step.
#ifndef SMTPOLL_CLIENT_PIPELINING_TRUST_HPP
#define SMTPOLL_CLIENT_PIPELINING_TRUST_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class PipeliningTrust {
 public:
  /// A session with `host`:`port` starts: true where it may pipeline.
  bool Start(std::string_view host, std::uint16_t port) {
    if (host != host_ || port != port_) {
      host_ = host;
      port_ = port;
      doubt_ = Doubt::None;
      one_at_a_time_ = false;
    }
    const bool trusted = doubt_ == Doubt::None;
    if (doubt_ == Doubt::Once) doubt_ = Doubt::None;
    return trusted;
  }

  /// A session failed because of `error` with more than one reply outstanding. Replies that fit no command show a
  /// server that cannot pipeline; a lost connection or a time-out may have other reasons, and is doubted once.
  void FailedInGroup(const Error& error) noexcept {
    if (error.reply_code == 421) return;
    const Errc code = error.Code();
    if (code == Errc::UnexpectedReply || code == Errc::MalformedReply)
      doubt_ = Doubt::Always;
    else if (doubt_ == Doubt::None)
      doubt_ = Doubt::Once;
  }

  /// The server takes commands in groups, but none behind the end of a content.
  void RefusedOverlap() noexcept { one_at_a_time_ = true; }
  /// Each message has to wait for the outcome of the one before.
  bool OneAtATime() const noexcept { return one_at_a_time_; }

 private:
  enum class Doubt : std::uint8_t { None, Once, Always };

  std::string host_;
  std::uint16_t port_ = 0;
  Doubt doubt_ = Doubt::None;
  bool one_at_a_time_ = false;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/poll_status.hpp ----
// What Poll answers: whether there is work left, and what it waits for.
#ifndef SMTPOLL_CLIENT_POLL_STATUS_HPP
#define SMTPOLL_CLIENT_POLL_STATUS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What Poll has left to do. True (in a condition) while there is work.
struct PollStatus {
  bool work_left = false;                 ///< Poll has to be called again.
  Readiness waits_for = Readiness::None;  ///< What the Handle() has to become before Poll can do more.
  Millis deadline = kNever;               ///< When a time-out is due, on Now()'s clock.
  /// True while there is work.
  explicit operator bool() const noexcept { return work_left; }
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/raw_stream.hpp ----
// The seed's raw stream: bytes the caller reads and writes himself, between buffers of bounded size and the wire.
// Invariant: received bytes are never dropped; when the buffer is full the wire is not read, so the peer has to wait.
#ifndef SMTPOLL_CLIENT_RAW_STREAM_HPP
#define SMTPOLL_CLIENT_RAW_STREAM_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class RawStream {
 public:
  /// What one round of sending and receiving came to.
  struct Progress {
    bool sent = false;
    bool received = false;
    bool ended = false;  ///< The wire is gone, `error` says why; what was received before is still there.
    int error = 0;
  };

  std::string_view Received() const noexcept { return std::string_view(received_).substr(read_); }
  std::size_t Unsent() const noexcept { return unsent_.size() - sent_; }

  std::string Take(std::size_t count) {
    std::string bytes(Received().substr(0, count));
    read_ += bytes.size();
    if (read_ == received_.size()) Purge();
    return bytes;
  }
  void Purge() noexcept {
    received_.clear();
    read_ = 0;
  }

  /// Queues `bytes`; false, and nothing is queued, where more than `limit` bytes would wait.
  bool Queue(std::string_view bytes, std::size_t limit) {
    if (bytes.size() > limit || Unsent() > limit - bytes.size()) return false;
    if (sent_ == unsent_.size()) DropUnsent();
    unsent_ += bytes;
    return true;
  }
  void DropUnsent() noexcept {
    unsent_.clear();
    sent_ = 0;
  }

  /// Sends what it can of what is queued; the bytes sent are taken from `budget`.
  template <typename Wire>
  Progress Send(Wire& wire, std::size_t& budget) {
    Progress progress;
    while (Unsent() != 0 && budget != 0) {
      const IoResult result = wire.Write(unsent_.data() + sent_, Unsent());
      if (result.status != IoStatus::Done) return End(progress, result);
      sent_ += result.size;
      progress.sent = true;
      budget -= result.size < budget ? result.size : budget;
    }
    return progress;
  }

  /// Receives what is there, as long as at most `limit` bytes wait to be read.
  template <typename Wire>
  Progress Receive(Wire& wire, std::size_t limit, std::size_t& budget) {
    Progress progress;
    while (Received().size() < limit && budget != 0) {
      const std::size_t room = limit - Received().size() < kPiece ? limit - Received().size() : kPiece;
      received_.erase(0, read_);
      read_ = 0;
      const std::size_t before = received_.size();
      received_.resize(before + room);
      const IoResult result = wire.Read(&received_[before], room);
      received_.resize(before + (result.status == IoStatus::Done ? result.size : 0));
      if (result.status != IoStatus::Done) return End(progress, result);
      progress.received = true;
      budget -= result.size < budget ? result.size : budget;
    }
    return progress;
  }

 private:
  static constexpr std::size_t kPiece = 4096;

  static Progress End(Progress progress, const IoResult& result) noexcept {
    if (result.status == IoStatus::Again) return progress;
    progress.ended = true;
    progress.error = result.status == IoStatus::Failed ? result.error : static_cast<int>(Errc::ConnectionLost);
    return progress;
  }

  std::string received_;
  std::size_t read_ = 0;  // bytes of received_ that the caller has taken
  std::string unsent_;
  std::size_t sent_ = 0;  // bytes of unsent_ that the wire has taken
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/certificate_settings.hpp ----
// The TLS settings that the clients of all protocols share: the seed's names, and what they mean for the transport and
// for the engine. Invariant: as it is made, nothing goes but through TLS 1.2 or later to a server whose certificate is
// verified.
#ifndef SMTPOLL_CLIENT_CERTIFICATE_SETTINGS_HPP
#define SMTPOLL_CLIENT_CERTIFICATE_SETTINGS_HPP

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

// ---- smtpoll/client/secure_settings.hpp ----
// The settings of SMTPSecureSocket and SecureSession, by the seed's names.
#ifndef SMTPOLL_CLIENT_SECURE_SETTINGS_HPP
#define SMTPOLL_CLIENT_SECURE_SETTINGS_HPP

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

// ---- smtpoll/base/error_pattern.hpp ----
// A pattern that errors fit or do not: by number, phase, reply code, enhanced code, or words that servers use.
#ifndef SMTPOLL_BASE_ERROR_PATTERN_HPP
#define SMTPOLL_BASE_ERROR_PATTERN_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What an error has to be for a row to fit; what is not named may be anything.
struct ErrorPattern {
  int number = 0;        // Error::ErrorNumber
  int reply = 0;         // reply code, or its first digit
  bool refused = false;  // a reply code from 400 on
  Phase phase = Phase::None;
  EnhancedCode enhanced;
  const char* words = "";  // one of these, separated by '|', stands in the reply (or in AUTH's command)

  constexpr ErrorPattern In(Phase value) const noexcept {
    ErrorPattern changed = *this;
    changed.phase = value;
    return changed;
  }
  constexpr ErrorPattern Reply(int value) const noexcept {
    ErrorPattern changed = *this;
    changed.reply = value;
    return changed;
  }
  constexpr ErrorPattern Code(std::uint16_t status_class, std::uint16_t subject, std::uint16_t detail) const noexcept {
    ErrorPattern changed = *this;
    changed.enhanced = {status_class, subject, detail};
    return changed;
  }
  constexpr ErrorPattern Words(const char* value) const noexcept {
    ErrorPattern changed = *this;
    changed.words = value;
    return changed;
  }
};
constexpr ErrorPattern Is(int number) noexcept {
  ErrorPattern pattern;
  pattern.number = number;
  return pattern;
}
constexpr ErrorPattern Is(Errc code) noexcept { return Is(static_cast<int>(code)); }
constexpr ErrorPattern Refusal(int reply = 0) noexcept {
  ErrorPattern pattern;
  pattern.refused = true;
  pattern.reply = reply;
  return pattern;
}

/// `word` stands in `text`, in whatever case.
constexpr bool HasWord(std::string_view text, std::string_view word) noexcept {
  for (; text.size() >= word.size(); text.remove_prefix(1))
    if (StartsWithIgnoringCase(text, word)) return true;
  return false;
}

/// One of `words`, separated by '|', stands in `text`.
constexpr bool HasOneOf(std::string_view text, std::string_view words) noexcept {
  while (!words.empty()) {
    const std::size_t end = words.find('|');
    if (HasWord(text, words.substr(0, end))) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

inline bool Fits(const ErrorPattern& when, const Error& error) noexcept {
  if (when.number != 0 && when.number != error.ErrorNumber) return false;
  if (when.refused && error.reply_code < 400) return false;
  if (when.reply != 0 && when.reply != error.reply_code && when.reply != error.reply_code / 100) return false;
  if (when.phase != Phase::None && when.phase != error.phase) return false;
  if (when.enhanced && !(when.enhanced == error.enhanced)) return false;
  if (*when.words == '\0' || HasOneOf(error.text.View(), when.words)) return true;
  return when.phase == Phase::Authentication && HasOneOf(error.command.View(), when.words);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/error_advice.hpp ----
// What errors mean to people and what usually helps: one table, the special before the general; the first row that fits
// an error is the one. Replies are known by their code, by their enhanced code (RFC 3463, RFC 7372) or by words that
// servers use. Invariant: every error number of Errc has a row of its own that fits it whatever else is unknown.
#ifndef SMTPOLL_BASE_ERROR_ADVICE_HPP
#define SMTPOLL_BASE_ERROR_ADVICE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A row: which errors, what that means, what helps.
struct ErrorAdvice {
  ErrorPattern when;
  const char* what;  // goes on where "While logging in," begins
  const char* help;
};

/// Numbers of the operating system that a connection fails with; Winsock's are others than those of errno.
#if defined(SMTPOLL_WINDOWS)
enum SystemError : int {
  kSystemAccessDenied = 10013,
  kSystemAddressNotAvailable = 10049,
  kSystemNetworkUnreachable = 10051,
  kSystemTimedOut = 10060,
  kSystemRefused = 10061,
  kSystemHostUnreachable = 10065
};
#else
enum SystemError : int {
  kSystemAccessDenied = EACCES,
  kSystemAddressNotAvailable = EADDRNOTAVAIL,
  kSystemNetworkUnreachable = ENETUNREACH,
  kSystemTimedOut = ETIMEDOUT,
  kSystemRefused = ECONNREFUSED,
  kSystemHostUnreachable = EHOSTUNREACH
};
#endif

// What more than one row says.
inline constexpr char kUsePortForSubmission[] =
    "The way to this port is probably blocked: providers of internet access and of cloud machines block port 25, "
    "companies often all but a few. Use the port for submission of your provider, 587 (STARTTLS) or 465 (TLS from the "
    "first byte on), with user name and password; check the address, the port and the firewalls.";
inline constexpr char kSendAgain[] =
    "Connect again. A message that is queued is safe to send again; one that is in doubt (SendResult::outcome, "
    "InDoubt) may have arrived.";
inline constexpr char kMayHaveArrived[] =
    "The message may or may not have arrived: only the server knows. Ask the recipient, or look whether a copy came, "
    "before sending it again; sending it again may deliver it twice.";
inline constexpr char kLogIn[] =
    "Set UserName and Password, and use the port for submission (587 or 465) with TLS. A server that was not meant to "
    "send your mail has to be exchanged for your provider's.";
inline constexpr char kTooMuch[] =
    "Send more slowly, over one connection that stays open, and wait before the next try; for more in a day ask the "
    "provider for a higher limit.";
inline constexpr char kWaitAndSend[] =
    "Send the same message again in 15 minutes, and then less and less often. Servers put off what comes from unknown "
    "senders or too fast; nothing has to be changed unless it goes on for hours.";
inline constexpr char kOwnAuthority[] =
    "Where the server is your own or your company's, name its authority in CertificateAuthorityFile; on a machine "
    "without a list of authorities install it (ca-certificates). Where it is a provider's, somebody in between "
    "(antivirus, firewall, proxy) may be opening the connection: nothing was sent.";
inline constexpr char kNotYourMistake[] =
    "The server is broken, or something in between (antivirus, firewall, a proxy) changes what is said. Try TLS (port "
    "465), another network, or Pipelining = false; keep the transcript for whoever runs the server.";

inline constexpr ErrorAdvice kErrorAdvice[] = {
    // Logging in.
    {Refusal(534).In(Phase::Authentication).Code(5, 7, 9), "the server wants a password that was made for programs",
     "Use an app password instead of the account's own: Google gives one under Security, 2-Step Verification, App "
     "passwords. Or log in by OAuth 2.0 (AccessToken or TokenProvider)."},
    {Refusal(5)
         .In(Phase::Authentication)
         .Words("app password|application-specific|InvalidSecondFactor|authorization code"),
     "the server wants a password that was made for programs",
     "Make an app password (some call it authorization code) in the settings of the account, and use it as Password; "
     "or log in by OAuth 2.0 (AccessToken or TokenProvider)."},
    {Refusal(534).In(Phase::Authentication).Code(5, 7, 14), "the server wants you to log in by a web browser first",
     "Log in to the account in a browser once, confirm that it was you, and try again; an app password or OAuth 2.0 "
     "keeps that from happening again."},
    {Refusal(5)
         .In(Phase::Authentication)
         .Words("SmtpClientAuthentication|smtp_auth_disabled|basic authentication is disabled|security defaults|did "
                "not meet the criteria"),
     "the organization or the mailbox does not allow login by SMTP",
     "Have an administrator allow Authenticated SMTP for this mailbox (Microsoft 365 admin center, Mail, Manage email "
     "apps) and for the organization, or log in by OAuth 2.0 (AccessToken or TokenProvider)."},
    {Refusal().In(Phase::Authentication).Words("too many|temporarily locked|temporarily blocked"),
     "the server has seen too many logins",
     "Wait for some minutes, keep one connection open for many messages instead of logging in for each, and look for "
     "another program that tries with an old password."},
    {Refusal(4).In(Phase::Authentication).Words("credits exceeded|throttl|quota"),
     "the account has used up what it may send", kTooMuch},
    {Refusal(432).In(Phase::Authentication), "the server wants the password to be set up anew for this mechanism",
     "Log in once with Mechanism set to Plain, over TLS, or set the password again at the provider."},
    {Refusal(538).In(Phase::Authentication), "the server takes these credentials only over an encrypted connection",
     "Use SMTPSecureSocket or SecureSession: STARTTLS on port 587, or TLS on port 465."},
    {Refusal(5).In(Phase::Authentication).Words("AUTH XOAUTH2|AUTH OAUTHBEARER"), "the server refused the access token",
     "Get a new token, it may have expired; its scope must allow SMTP (Google: https://mail.google.com/, Microsoft: "
     "https://outlook.office.com/SMTP.Send) and its account must be the one in UserName. TokenProvider is asked for "
     "each connection."},
    {Refusal(535).In(Phase::Authentication), "the server refused the user name or the password",
     "Check both; most servers want the whole mail address as user name. Accounts with a second factor (Gmail, "
     "Microsoft, Yahoo, iCloud, Fastmail) need an app password, and services as SES, SendGrid and Mailgun give "
     "credentials for SMTP only."},
    {Refusal(4).In(Phase::Authentication), "the server cannot check credentials just now",
     "Try again in a few minutes; the credentials may be right."},
    {Is(Errc::AuthenticationFailed).In(Phase::Authentication).Words("did not prove"),
     "the server did not prove that it knows the password",
     "Do not trust it: it may be somebody else. Check the address, and that the password is the one that this server "
     "was given; nothing was sent."},
    // Wants a login or encryption first, at whatever step.
    {Refusal(530).Words("starttls"), "the server takes nothing before the connection is encrypted",
     "Use SMTPSecureSocket or SecureSession over a TLS library: STARTTLS on port 587, or TLS on port 465."},
    {Refusal(5).Words("must issue a STARTTLS|encryption required|requires encryption|TLS required"),
     "the server takes nothing before the connection is encrypted",
     "Use SMTPSecureSocket or SecureSession over a TLS library: STARTTLS on port 587, or TLS on port 465."},
    {Refusal(530), "the server wants you to log in first", kLogIn},
    {Refusal(5).Words("authentication required|not authenticated|authenticate first|requires authentication"),
     "the server wants you to log in first", kLogIn},
    // Who may send in whose name.
    {Refusal(5).Code(5, 7, 26), "the message failed the tests of who may send for its domain (SPF, DKIM, DMARC)",
     "Send through the server of the domain that From names, or publish an SPF record that names this server and sign "
     "with DKIM by that domain (mail.Signer)."},
    {Refusal(5).Words("dmarc|unauthenticated|spf check|dkim|sender policy framework|spf record"),
     "the message failed the tests of who may send for its domain (SPF, DKIM, DMARC)",
     "Send through the server of the domain that From names, or publish an SPF record that names this server and sign "
     "with DKIM by that domain (mail.Signer)."},
    {Refusal(5).Words(
         "SendAsDenied|not owned by|send as this sender|not one of your addresses|sender identity|not authori|not "
         "allowed to send|sender address is not allowed|sending domain|not verified|disallowed as"),
     "the account may not send in the name of this address",
     "Set FromAddress to the address of the account, or have the address or its domain verified at the provider "
     "(Microsoft 365: the right to send as; SES, SendGrid, Mailgun: a verified sender)."},
    {Refusal(4).Words("not allowed to send"), "the account may not send in the name of this address",
     "Finish the set-up of the domain at the provider: verification, payment, and the list of recipients for tests."},
    {Refusal().Words("relay access denied|relaying denied|relay not permitted|not permitted to relay|relaying "
                     "not|unable to relay|relay denied|relaying disallowed|not relay|no relaying"),
     "the server does not pass mail on to that recipient for you",
     "Log in (UserName, Password) on the port for submission, 587 or 465: without a login a server takes mail for its "
     "own domains only. Or send through your provider's server."},
    {Refusal().Words("PTR record|reverse DNS|reverse hostname|cannot find your hostname|rDNS"),
     "the server wants the address of this machine to have a name",
     "Send through your provider's server with a login; where this machine is the server, have whoever gave the "
     "address set its PTR record to a name that resolves to it."},
    {Refusal(5).Code(5, 7, 25), "the server wants the address of this machine to have a name",
     "Send through your provider's server with a login; where this machine is the server, have whoever gave the "
     "address set its PTR record to a name that resolves to it."},
    {Refusal().Words("spamhaus|blocked using|blocklist|blacklist|block list|banned sending "
                     "ip|dnsbl|spamcop|barracuda|not accepted from this ip|poor reputation|listed at|listed in"),
     "the address of this machine is on a block list",
     "Addresses of homes and clouds mostly are: send through your provider's server with a login (port 587 or 465). "
     "Where this machine is the server, look its address up at the list that the reply names, and ask to be removed."},
    {Refusal().Words("greylist|graylist|grey list|gray list|postgrey"),
     "the server puts off mail from senders that it does not know yet (greylisting)", kWaitAndSend},
    {Refusal(4).Code(4, 2, 2), "the recipient's mailbox is full",
     "Send again in a day, or reach the recipient in another way."},
    {Refusal(5).Code(5, 2, 2), "the recipient's mailbox is full", "Reach the recipient in another way."},
    {Refusal().Words("sending rate|unusual rate|rate limit|ratelimit|limit exceeded|sending limit|quota "
                     "exceeded|throttl|too quickly|too fast|at a rate|too many messages|too many "
                     "connections|concurrent connections|concurrent smtp|server busy"),
     "the server gets more from you than it takes in a time", kTooMuch},
    // Sizes and mailboxes.
    {Refusal().Words("over quota|overquota|mailbox full|mailbox is full|out of storage|quota"),
     "the recipient's mailbox is full", "Send again in a day, or reach the recipient in another way."},
    {Refusal().Words("too many recipients"), "the server takes fewer recipients at once",
     "Send to the others in a further message."},
    {Refusal().Words("size limit|too large|message size|maximum size|too big"),
     "the message is larger than the server takes",
     "Make it smaller: compress attachments or put them on a server and send the link. In a message base64 makes a "
     "file a third larger than it is; 25 MB is what most providers take."},
    {Refusal(5).Words("virus|malware|security issue|dangerous|attachment|file type"),
     "the server does not take what is attached",
     "Programs, scripts and archives of them are not taken by most servers, encrypted archives by some: put the file "
     "on a server and send the link."},
    {Refusal(552), "the message is larger than the server takes, or the mailbox has no room for it",
     "Make it smaller: compress attachments or put them on a server and send the link. In a message base64 makes a "
     "file a third larger than it is; 25 MB is what most providers take."},
    {Refusal(452), "the server has no room for the message just now", "Send it again later."},
    {Refusal().Words("recipient address rejected: domain not found"),
     "the domain of the recipient's address does not exist", "Check the spelling of the recipient's address."},
    {Refusal(5).Code(5, 1, 2), "the domain of the recipient's address does not exist",
     "Check the spelling of the recipient's address."},
    {Refusal().Words("domain not found|domain does not exist|domain of sender|sender domain|sender verify"),
     "the server does not find the domain of the sender's address",
     "Check the spelling of FromAddress: its domain must exist in the DNS and take mail."},
    {Refusal(5).In(Phase::Hello), "the server did not take the name by which this client says hello",
     "Set ClientName to a name of this machine that the DNS knows (as mail.example.org); where it is empty the address "
     "is said."},
    {Refusal().Words("helo command|helo argument|ehlo argument|invalid helo|fully-qualified hostname"),
     "the server did not take the name by which this client says hello",
     "Set ClientName to a name of this machine that the DNS knows (as mail.example.org); where it is empty the address "
     "is said."},
    {Refusal(5).Code(5, 2, 1), "the recipient's mailbox is closed",
     "Reach the recipient in another way, and take the address off your list."},
    {Refusal(5).Code(5, 1, 1), "there is no such recipient",
     "Check the spelling of the address, and take it off your list where it is gone."},
    {Refusal(5).Words("user unknown|unknown user|no such user|does not exist|not exist|mailbox unavailable|mailbox not "
                      "found|recipient not found|unrouteable|invalid recipient|no mailbox|unknown recipient"),
     "there is no such recipient", "Check the spelling of the address, and take it off your list where it is gone."},
    {Refusal(5).Words("no valid recipients"), "the server took none of the recipients",
     "Look at what it said to each of them (SendResult::recipients)."},
    // What is in the message.
    {Refusal().Words("spam|unsolicited|user complaints|junk"), "the server took the message or its sender for spam",
     "Look at what mail.Check() says, send only to those who asked for it, and through the server of the domain that "
     "From names, with SPF and DKIM. Sending the same again does not help."},
    {Refusal(5).Words("rfc 5322|rfc5322|rfc 2822|from: header|header"),
     "the server does not take the form of the message",
     "Look at what mail.Check() says; a ready-made message needs one From and one Date field, and each of To, Cc, "
     "Subject and Message-ID once at most."},
    // Refused for another reason.
    {Refusal(554).In(Phase::Greeting), "the server takes no mail from this machine",
     "Send through your provider's server with a login (port 587 or 465); the address of this machine may be on a "
     "block list or the server may be no mail server for clients."},
    {Refusal(421), "the server is closing the connection, or has no time now",
     "Try again in some minutes, with fewer connections at once; a message that is queued is safe to send again."},
    {Refusal(450), "the server puts the mail off", kWaitAndSend},
    {Refusal(451), "the server puts the mail off", kWaitAndSend},
    {Refusal(454).In(Phase::Tls), "the server cannot encrypt just now", "Try again later, or use port 465."},
    {Refusal(550).Code(5, 7, 1), "a rule of the server forbids this message or this sender",
     "The reply mostly says which rule. It helps to log in, to send from the account's own address, and to send "
     "through the provider of From's domain; the server's administrator knows the rest."},
    {Refusal(554), "a rule of the server forbids this message or this sender",
     "The reply mostly says which rule. It helps to log in, to send from the account's own address, and to send "
     "through the provider of From's domain; the server's administrator knows the rest."},
    {Is(Errc::MessageRefused).Reply(4), "the server refused the message for now", kWaitAndSend},
    {Is(Errc::MessageRefused).Reply(5), "the server refused the message for good",
     "The server's words say why: sending the same again does not help. Check the recipient's address, the sender's "
     "address, and that you log in where the server wants it."},
    // Finding and reaching the server.
    {Is(Errc::NameResolution), "the name did not lead to an address",
     "Check the spelling of the server's name (Gmail's is smtp.gmail.com, not gmail.com), that this machine is online "
     "and that its DNS works; a local address to bind to must be an IP address of this machine."},
    {Is(kSystemRefused), "nobody listens on this port, or a firewall says no",
     "Check address and port: 587 (STARTTLS), 465 (TLS from the first byte on), 25 between servers. Is the server "
     "running?"},
    {Is(kSystemTimedOut), "no answer came", kUsePortForSubmission},
    {Is(Errc::TimedOut).In(Phase::Resolve), "no answer came in time",
     "Check that this machine is online and that its DNS works."},
    {Is(Errc::TimedOut).In(Phase::Connect), "no answer came in time", kUsePortForSubmission},
    {Is(kSystemNetworkUnreachable), "there is no way to the server's network",
     "Check that this machine is online; where only IPv6 or only IPv4 works here, use an address of that kind."},
    {Is(kSystemHostUnreachable), "there is no way to the server",
     "Check that this machine is online, the server's address, and the firewalls on the way."},
    {Is(kSystemAccessDenied), "this machine does not allow the connection",
     "A firewall, an antivirus or a rule for this program (sandbox, SELinux, AppArmor) forbids it: allow the port "
     "there; a program without rights cannot listen on ports below 1024."},
    {Is(kSystemAddressNotAvailable), "the local address is none of this machine's",
     "Leave NetworkInterface unset, or take one of System::NetworkInterfaces()."},
    {Is(Errc::AddressInUse), "the local address or port is taken",
     "Another program listens on this port: use another port, 0 for any that is free, or end that program."},
    {Is(Errc::InvalidPort), "the port cannot be used",
     "Set Port: 587 (STARTTLS), 465 (TLS from the first byte on), 25 between servers."},
    {Is(Errc::NetworkInit), "the network of this machine could not be used",
     "Check that the network is up; on Windows, that Winsock (ws2_32) is there."},
    {Is(Errc::ProxyRefused), "the proxy did not connect us to the server",
     "Check address, port and kind of the proxy (SOCKS5 or HTTP CONNECT); many allow port 443 only: its administrator "
     "can allow 587 and 465."},
    {Is(Errc::ProxyAuthentication), "the proxy wants other credentials",
     "Set UserName and Password of the proxy's settings; those of the mail account are others."},
    // TLS.
    {Is(Errc::TimedOut).In(Phase::Tls), "the TLS handshake did not end in time",
     "The port may not speak TLS as it is asked to: 465 speaks it from the first byte on (SSLTLS), 587 after STARTTLS. "
     "Something in between may hold it up."},
    {Is(Errc::CertificateExpired), "the server's certificate is not valid at this time",
     "Check this machine's clock and date first; where they are right, the server's administrator has to renew the "
     "certificate. Nothing was sent."},
    {Is(Errc::CertificateName), "the server's certificate is for another name",
     "Set Address to the name that the certificate is for (not to an IP address, nor to an alias of it). If the name "
     "is right, somebody else may have answered: nothing was sent."},
    {Is(Errc::CertificateUntrusted), "no trusted authority stands behind the certificate", kOwnAuthority},
    {Is(Errc::CertificateRejected), "the server's certificate is revoked or not the pinned one",
     "Do not send there. If the server has a new key, add it to CertificatePins; ask its administrator by another "
     "way."},
    {Is(Errc::TlsVersion), "the server and this client have no TLS version in common",
     "The server must learn TLS 1.2 or 1.3, older versions are not safe (RFC 8996); SSLConnectionType = TLSv13 asks "
     "for more than some can. Another port of the same server may have newer TLS."},
    {Is(Errc::TlsSettings), "a TLS setting cannot be used",
     "Mend what is named here: the file must exist, be readable and in the right form (PEM), a key must fit its "
     "certificate, and port 465 wants SMTPConnectionType = SSLTLS."},
    {Is(Errc::TlsRefused), "the connection cannot be encrypted, and encryption is required",
     "Use SMTPSecureSocket or SecureSession, and port 587 (STARTTLS) or 465 (SSLTLS). Where the server should offer "
     "STARTTLS and does not, something in between may have taken the offer away. Security::NoneAllowed sends in plain "
     "text, for servers on this machine."},
    {Is(Errc::TlsHandshake), "the TLS handshake failed",
     "Check that port and kind fit: 465 speaks TLS from the first byte on (SSLTLS), 587 after STARTTLS. Antivirus and "
     "firewalls that look into TLS break it too; a server may want to see a certificate (CertificateFile)."},
    // The session.
    {Is(Errc::TimedOut).In(Phase::Greeting), "the server did not greet in time",
     "Where the port speaks TLS from the first byte on, as 465 does, set SMTPConnectionType to SSLTLS. A busy server "
     "makes unknown machines wait: try again later, or use port 587."},
    {Is(Errc::TimedOut).In(Phase::ContentEnd), "the server did not say in time whether it takes the message",
     kMayHaveArrived},
    {Is(Errc::TimedOut).In(Phase::Content), "the server took no more of the content",
     "The line may be too slow or was cut without a word; a larger Timeouts.content waits for longer. The message was "
     "not delivered and is safe to send again."},
    {Is(Errc::TimedOut), "the server did not answer in time",
     "It is busy, or the connection was cut without a word (by a firewall, a change of network). Timeouts says how "
     "long to wait for each step. A message that is queued is safe to send again; one that is in doubt may have "
     "arrived."},
    {Is(Errc::ConnectionLost).In(Phase::Greeting), "the server closed the connection before it said anything",
     "It may not take connections from this machine, or the port speaks TLS from the first byte on (465: SSLTLS). Try "
     "port 587 and your provider's server."},
    {Is(Errc::ConnectionLost).In(Phase::ContentEnd),
     "the connection was lost before the server said whether it takes the message", kMayHaveArrived},
    {Is(Errc::ConnectionLost).In(Phase::Content), "the connection was lost while the message was on its way",
     "The server may have cut a message that is too large or that a filter does not like; else try again, the message "
     "was not delivered."},
    {Is(Errc::ConnectionLost).In(Phase::Tls), "the connection was lost during the TLS handshake",
     "Check that port and kind fit: 465 speaks TLS from the first byte on (SSLTLS), 587 after STARTTLS. Antivirus and "
     "firewalls that look into TLS break it too."},
    {Is(Errc::ConnectionLost).In(Phase::Authentication), "the connection was lost during the login",
     "Some servers hang up on wrong credentials, or on too many logins in a row: check user name and password, wait a "
     "few minutes, try again."},
    {Is(Errc::ConnectionLost).In(Phase::Idle), "the connection was closed while nothing was going on",
     "Servers end connections that idle for some minutes: connect again. Nothing was lost."},
    {Is(Errc::ConnectionLost), "the connection was lost", kSendAgain},
    {Is(Errc::ServiceRefused), "the server does not want to talk to this client",
     "Use your provider's server for submission (port 587 or 465) with a login; the server's words may say more."},
    {Is(Errc::MalformedReply), "what came from the server is no SMTP",
     "The port may belong to another service (465 speaks TLS from the first byte on: SSLTLS; 993 and 995 are for "
     "reading mail, 443 for the web). Use 587 or 465."},
    {Is(Errc::ReplyTooLong), "the server's reply was longer than is allowed",
     "The port may belong to another service; else the server is broken, or Limits::kInput is too small for it."},
    {Is(Errc::UnexpectedReply), "the server said what fits no command", kNotYourMistake},
    {Is(Errc::CredentialsOnPlainWire), "credentials would have gone over an unencrypted connection",
     "Use SMTPSecureSocket or SecureSession (STARTTLS on port 587, TLS on port 465). On a network that is your own, "
     "AllowPlaintextCredentials sends them all the same. Nothing was sent."},
    {Is(Errc::AuthenticationUnavailable), "the server offers no way of logging in that can be used",
     "Use the port for submission (587 or 465): most servers offer AUTH there only, and only once encrypted. Where no "
     "login is needed leave UserName empty; where Mechanism is set, leave it at Any."},
    {Is(Errc::AuthenticationFailed), "the login failed",
     "Check user name and password; accounts with a second factor need an app password or OAuth 2.0."},
    // This program.
    {Is(Errc::InvalidMessage).In(Phase::Hello), "the name by which this client says hello cannot be used",
     "Set ClientName to a domain or an address literal, without spaces, or leave it empty."},
    {Is(Errc::InvalidMessage).In(Phase::Command), "the command cannot be said",
     "Its argument must be one line of at most 500 bytes."},
    {Is(Errc::InvalidMessage), "the message cannot be sent safely",
     "Mend the value that is named here: addresses and headers take no line breaks, each recipient must be an address, "
     "and one at least must be there. mail.Check() lists all that is wrong. Nothing of it was sent."},
    {Is(Errc::MessageTooLarge), "the message is larger than the server takes",
     "Make it smaller: compress attachments or put them on a server and send the link. In a message base64 makes a "
     "file a third larger than it is. Nothing of it was sent."},
    {Is(Errc::NotOffered), "the message needs what the server does not offer",
     "Use another server, or do without: addresses in ASCII need no SMTPUTF8, and Options of the message that are not "
     "offered can be dropped. Nothing of it was sent."},
    {Is(Errc::SourceFailed), "the content could not be read to its end",
     "Check that the file is there, can be read and does not change while it is sent. The message was not delivered."},
    {Is(Errc::Cancelled), "the message was cancelled by the program",
     "It was not delivered; sending it again starts anew."},
    {Is(Errc::MessageRefused), "the server refused the message or all of its recipients",
     "Look at what it said to each recipient (SendResult::recipients)."},
    {Is(Errc::CommandRefused), "the server refused the command",
     "Its words say why: there may be no such message, it may be marked for deletion, or the server does not know the "
     "command. The session goes on."},
    {Is(Errc::InvalidState), "the call does not fit what is going on",
     "The program has to connect before it sends, and to wait for one thing to end before it starts another."},
    {Is(Errc::OutOfMemory), "there was no room left", "Free memory or disk, or raise the limit that is named here."},
    {ErrorPattern(), "the operating system reported an error",
     "Its number says more: perror and the system's documentation know it."},
};

/// The row for `error`; the last one fits all.
inline const ErrorAdvice& AdviceOn(const Error& error) noexcept {
  const ErrorAdvice* row = kErrorAdvice;
  while (!Fits(row->when, error)) ++row;
  return *row;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/describe.hpp ----
// An error as a paragraph for people: what happened, at which step, what the server said, and what usually helps.
#ifndef SMTPOLL_BASE_DESCRIBE_HPP
#define SMTPOLL_BASE_DESCRIBE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// How a sentence about a phase begins.
constexpr const char* Beginning(Phase phase) noexcept {
  switch (phase) {
    case Phase::None: return "";
    case Phase::Resolve: return "While looking up the server's name, ";
    case Phase::Connect: return "While connecting to the server, ";
    case Phase::Listen: return "While listening for a connection, ";
    case Phase::Greeting: return "While waiting for the server's greeting, ";
    case Phase::Hello: return "While saying hello to the server (EHLO), ";
    case Phase::Tls: return "While encrypting the connection (TLS), ";
    case Phase::Authentication: return "While logging in (AUTH), ";
    case Phase::Idle: return "Between two messages, ";
    case Phase::Mail: return "While naming the sender to the server (MAIL), ";
    case Phase::Recipient: return "While naming a recipient to the server (RCPT), ";
    case Phase::Data: return "Before the content of the message (DATA), ";
    case Phase::Content: return "While sending the content of the message, ";
    case Phase::ContentEnd: return "After the content of the message, ";
    case Phase::Reset: return "While starting afresh (RSET), ";
    case Phase::Quit: return "While saying goodbye (QUIT), ";
    case Phase::Command: return "While asking the server something, ";
  }
  return "";
}

/// `text` without a last UTF-8 character that was cut (RFC 3629 3).
constexpr std::string_view WithoutCutCharacter(std::string_view text) noexcept {
  std::size_t start = text.size();
  for (int back = 0; back < 4 && start != 0; ++back) {
    const unsigned byte = static_cast<unsigned char>(text[--start]);
    if (byte < 0x80) return text;
    if (byte < 0xC0) continue;
    const std::size_t size = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return text.size() - start < size ? text.substr(0, start) : text;
  }
  return text;
}

/// Appends `text` as one line: line ends and other control characters become spaces, and no two spaces stay together.
template <std::size_t kRoom>
void AppendLine(std::string_view text, FixedText<kRoom>& into) noexcept {
  text = WithoutCutCharacter(text);
  bool pause = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool space = static_cast<unsigned char>(text[i]) <= ' ' || text[i] == 0x7f;
    if (!space) {
      into.Append(text.substr(i, 1));
    } else if (!pause) {
      into.Append(" ");
    }
    pause = space;
  }
}

/// Appends "5.7.1" (RFC 3463 2).
template <std::size_t kRoom>
void AppendEnhancedCode(EnhancedCode code, FixedText<kRoom>& into) noexcept {
  into.AppendDecimal(code.status_class);
  into.Append(".");
  into.AppendDecimal(code.subject);
  into.Append(".");
  into.AppendDecimal(code.detail);
}

}  // namespace detail

/// One paragraph in bounded room; View() has no line ends, and no control characters whatever the server said.
using Description = FixedText<1200>;

/// What happened, at which step, what the server said, and what usually helps. The server's own words stand in
/// quotation marks. Nothing is allocated, nothing is thrown; no secret is in it (see Error).
inline Description Describe(const Error& error) noexcept {
  Description text;
  if (!error) {
    text.Append("Nothing went wrong.");
    return text;
  }
  const detail::ErrorAdvice& advice = detail::AdviceOn(error);
  std::string_view what = advice.what;
  if (error.phase == Phase::None) {
    const char first = static_cast<char>(what[0] - 'a' + 'A');
    text.Append({&first, 1});
    what.remove_prefix(1);
  }
  text.Append(detail::Beginning(error.phase));
  text.Append(what);
  if (detail::OwnName(error.Code()) == nullptr) {
    text.Append(" (system error ");
    text.AppendDecimal(static_cast<std::uint64_t>(error.ErrorNumber));
    text.Append(")");
  }
  text.Append(".");
  if (error.reply_code != 0) {
    text.Append(" The server said ");
    if (!error.command.empty()) {
      text.Append("to ");
      detail::AppendLine(error.command.View(), text);
      text.Append(": ");
    }
    text.Append("\"");
    text.AppendDecimal(static_cast<std::uint64_t>(error.reply_code));
    if (error.enhanced) {
      text.Append(" ");
      detail::AppendEnhancedCode(error.enhanced, text);
    }
    if (!error.text.empty()) text.Append(" ");
    detail::AppendLine(error.text.View(), text);
    text.Append("\".");
  } else if (!error.text.empty() || !error.command.empty()) {
    text.Append(" In detail: ");
    if (!error.command.empty()) {
      detail::AppendLine(error.command.View(), text);
      if (!error.text.empty()) text.Append(": ");
    }
    detail::AppendLine(error.text.View(), text);
    text.Append(".");
  }
  text.Append(" What usually helps: ");
  text.Append(advice.help);
  return text;
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/detail/json_writer.hpp ----
// Writes JSON (RFC 8259) on one line: valid whatever bytes a value has, those that are no UTF-8 become U+FFFD.
#ifndef SMTPOLL_CLIENT_DETAIL_JSON_WRITER_HPP
#define SMTPOLL_CLIENT_DETAIL_JSON_WRITER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class JsonWriter {
 public:
  /// `bracket` opens an object or an array; Close takes the one that ends it.
  JsonWriter& Open(char bracket) { return Begin().Put(bracket, true); }
  JsonWriter& Close(char bracket) {
    first_ = false;
    text_ += bracket;
    return *this;
  }
  /// A name of ours; its value comes next.
  JsonWriter& Name(std::string_view name) {
    Value(name);
    text_ += ": ";
    first_ = true;
    return *this;
  }
  JsonWriter& Value(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    Begin().Put('"', false);
    while (!text.empty()) {
      const Utf8Character character = FirstCharacter(text);
      const unsigned byte = static_cast<unsigned char>(text[0]);
      text.remove_prefix(character.consumed);
      if (byte < ' ' || byte == 0x7f) {
        text_.append("\\u00");
        text_ += kHex[byte >> 4];
        text_ += kHex[byte & 15];
        continue;
      }
      if (byte == '"' || byte == '\\') text_ += '\\';
      text_.append(character.bytes);
    }
    return Put('"', false);
  }
  JsonWriter& Value(std::uint64_t number) {
    Begin().text_.append(std::to_string(number));
    return *this;
  }
  /// null, true or false.
  JsonWriter& Literal(std::string_view word) {
    Begin().text_.append(word);
    return *this;
  }
  template <typename T>
  JsonWriter& Member(std::string_view name, const T& value) {
    return Name(name).Value(value);
  }
  /// null where the text is empty.
  JsonWriter& TextOrNull(std::string_view name, std::string_view text) {
    Name(name);
    return text.empty() ? Literal("null") : Value(text);
  }

  std::string Take() { return std::move(text_); }

 private:
  JsonWriter& Begin() {
    if (!first_) text_.append(", ");
    first_ = false;
    return *this;
  }
  JsonWriter& Put(char c, bool first) {
    text_ += c;
    first_ = first;
    return *this;
  }

  std::string text_;
  bool first_ = true;  // no comma goes before what comes next
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/session_report.hpp ----
// A connection explained, as data, as text and as JSON: what a support ticket needs, and no secret.
#ifndef SMTPOLL_CLIENT_SESSION_REPORT_HPP
#define SMTPOLL_CLIENT_SESSION_REPORT_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What Explain() gives. It owns all that it says.
struct SessionReport {
  std::string host;        ///< As it was asked for.
  bool connected = false;  ///< When the report was made.
  SessionTally tally;      ///< Times, bytes, outcomes.
  Capabilities offered;    ///< What the last EHLO reply had.
  /// The last error, with what a server repeated of secrets replaced; ErrorNumber 0 where there was none.
  smtpoll::Error error;
};

namespace detail {

/// Phases as people group them, and their sum in milliseconds.
struct PhaseGroup {
  const char* name;
  Phase first;
  Phase last;
};
inline constexpr PhaseGroup kPhaseGroups[] = {
    {"resolve", Phase::Resolve, Phase::Resolve},
    {"connect", Phase::Connect, Phase::Connect},
    {"tls", Phase::Tls, Phase::Tls},
    {"greeting", Phase::Greeting, Phase::Greeting},
    {"ehlo", Phase::Hello, Phase::Hello},
    {"auth", Phase::Authentication, Phase::Authentication},
    {"envelope", Phase::Mail, Phase::Data},
    {"content", Phase::Content, Phase::Content},
    {"reply", Phase::ContentEnd, Phase::ContentEnd},
    {"idle", Phase::Idle, Phase::Idle},
    {"other", Phase::Reset, Phase::Command},
};
static_assert(Phase::Mail < Phase::Recipient && Phase::Recipient < Phase::Data && Phase::Reset < Phase::Quit &&
                  Phase::Quit < Phase::Command,
              "groups are runs of phases");

inline std::uint64_t TimeIn(const SessionTally& tally, const PhaseGroup& group) noexcept {
  Millis sum = 0;
  for (unsigned i = static_cast<unsigned>(group.first); i <= static_cast<unsigned>(group.last); ++i)
    sum += tally.milliseconds[i];
  return static_cast<std::uint64_t>(sum);
}
inline std::uint64_t WholeTime(const SessionTally& tally) noexcept {
  std::uint64_t sum = 0;
  for (const PhaseGroup& group : kPhaseGroups) sum += TimeIn(tally, group);
  return sum;
}

/// Calls `each(name)` for what the server offers, AUTH's mechanisms left out.
template <typename Each>
void ForEachExtension(const Capabilities& offered, Each&& each) {
  for (const KnownExtension& known : kKnownExtensions)
    if (offered.Has(known.extension)) each(known.keyword);
}
template <typename Each>
void ForEachMechanism(const Capabilities& offered, Each&& each) {
  for (std::size_t i = 0; i < kAuthMechanismCount; ++i)
    if (offered.Has(static_cast<AuthMechanism>(i))) each(smtpoll::Name(static_cast<AuthMechanism>(i)));
}

/// RFC 6750 2.1: what a token may have beside the letters of base64.
constexpr bool IsPunctuation(char c) noexcept { return c == '.' || c == '-' || c == '_' || c == '~'; }
constexpr bool IsTokenByte(char c) noexcept {
  return IsAlpha(c) || IsDigit(c) || c == '+' || c == '/' || c == '=' || IsPunctuation(c);
}

/// `error` without what looks like credentials: servers that lose their place repeat a line of AUTH in their reply. A
/// word goes that could be base64 of one, or that is as long as a token; and `secrets`, wherever they stand.
inline Error WithoutSecrets(const Error& error, std::initializer_list<std::string_view> secrets) {
  std::string text(error.text.View());
  for (const std::string_view secret : secrets)
    for (std::size_t at = 0; !secret.empty() && (at = text.find(secret, at)) != std::string::npos; at += 4)
      text.replace(at, secret.size(), "****");
  std::string shown;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && IsTokenByte(text[end])) ++end;
    while (end > i && IsPunctuation(text[end - 1])) --end;  // a sentence's, it may be
    bool marked = false, narrow = true;
    for (std::size_t at = i; at != end; ++at) {
      marked = marked || IsDigit(text[at]) || text[at] == '=' || text[at] == '+';
      narrow = narrow && !IsPunctuation(text[at]);
    }
    const std::size_t size = end - i;
    if (size == 0)
      shown += text[i++];
    else if (narrow && marked ? size >= 8 : size >= 60)
      shown.append("****");
    else
      shown.append(text, i, size);
    i += size;
  }
  Error safe = error;
  safe.text.Assign(shown);
  return safe;
}

inline std::string ToBase64(std::string_view text) {
  std::string encoded(Base64Size(text.size()), '=');
  Base64Encode(text.data(), text.size(), &encoded[0]);
  return encoded;
}

template <typename Driver>
SessionReport MakeReport(const Driver& driver, std::string_view host, const Error& error,
                         const ClientSettings& settings) {
  SessionReport report;
  report.host = host;
  report.connected = driver.IsConnected();
  report.tally = driver.Tally();
  if (report.tally.said_hello) report.offered = driver.Session().ServerCapabilities();
  report.error = error;
  if (error.phase != Phase::Authentication) return report;
  // As PLAIN and LOGIN say them.
  std::string plain = settings.AuthorizationID + '\0' + settings.UserName + '\0' + settings.Password;
  std::string plain64 = ToBase64(plain), password64 = ToBase64(settings.Password);
  report.error = WithoutSecrets(error, {plain64, password64, settings.Password, settings.AccessToken});
  for (std::string* text : {&plain, &plain64, &password64}) WipeText(*text);
  return report;
}

}  // namespace detail

/// The report in some lines of text.
inline std::string ToString(const SessionReport& report) {
  const SessionTally& tally = report.tally;
  detail::TextBuffer text;
  text.append("smtpoll ").append(Version()).append(": ");
  const auto count = [&text](std::uint64_t number, const char* unit) {
    text.append(std::to_string(number)).append(" ").append(unit);
  };
  text.append(report.host.empty() ? "no server" : report.host);
  if (tally.port != 0) text.append(" port ").append(std::to_string(tally.port));
  if (!tally.address.empty()) text.append(" (").append(tally.address.View()).append(")");
  text.append(report.connected ? ", connected" : ", not connected");
  text.append("\nencryption: ");
  text.append(!tally.encrypted ? "none" : tally.tls_version.empty() ? "TLS" : tally.tls_version.View());
  if (!tally.cipher.empty()) text.append(" ").append(tally.cipher.View());
  text.append("\nlogin: ").append(tally.mechanism == AuthMechanism::Any ? "none" : smtpoll::Name(tally.mechanism));
  text.append("\ngreeting: ").append(tally.greeting.View()).append("\noffered:");
  detail::ForEachExtension(report.offered, [&](std::string_view name) {
    text.append(" ").append(name);
    if (name == smtpoll::Name(Extension::Size) && report.offered.MaxSize() != 0)
      text.append("=").append(std::to_string(report.offered.MaxSize()));
  });
  text.append("\nAUTH offered:");
  detail::ForEachMechanism(report.offered, [&](std::string_view name) { text.append(" ").append(name); });
  text.append("\nmilliseconds:");
  for (const detail::PhaseGroup& group : detail::kPhaseGroups)
    text.append(" ").append(group.name).append(" ").append(std::to_string(detail::TimeIn(tally, group))).append(",");
  text.append(" together ").append(std::to_string(detail::WholeTime(tally)));
  text.append("\ntraffic: ");
  count(tally.bytes_out, "bytes out, ");
  count(tally.bytes_in, "bytes in, ");
  count(tally.round_trips, "round trips");
  text.append("\nmessages: ");
  count(tally.sent, "sent, ");
  count(tally.refused, "refused, ");
  count(tally.in_doubt, "in doubt, ");
  count(tally.returned, "returned");
  text.append("\nlast error: ");
  text.append(report.error ? Describe(report.error).View() : "none").append("\n");
  return std::string(text.View());
}

/// The report as one JSON object (RFC 8259), on one line without a line end. Times are milliseconds; what does not
/// apply is null.
inline std::string ToJson(const SessionReport& report) {
  const SessionTally& tally = report.tally;
  detail::JsonWriter json;
  json.Open('{').Member("smtpoll", std::string_view(Version()));
  json.Name("server").Open('{').TextOrNull("host", report.host).Member("port", std::uint64_t{tally.port});
  json.TextOrNull("address", tally.address.View()).TextOrNull("greeting", tally.greeting.View()).Close('}');
  json.Name("connected").Literal(report.connected ? "true" : "false");
  json.Name("tls");
  if (!tally.encrypted)
    json.Literal("null");
  else
    json.Open('{').TextOrNull("version", tally.tls_version.View()).TextOrNull("cipher", tally.cipher.View()).Close('}');
  json.TextOrNull("mechanism", smtpoll::Name(tally.mechanism));
  json.Name("offered").Open('{').Name("extensions").Open('[');
  detail::ForEachExtension(report.offered, [&](std::string_view name) { json.Value(name); });
  json.Close(']').Name("auth").Open('[');
  detail::ForEachMechanism(report.offered, [&](std::string_view name) { json.Value(name); });
  json.Close(']').Name("size");
  if (report.offered.MaxSize() == 0)
    json.Literal("null");
  else
    json.Value(report.offered.MaxSize());
  json.Close('}').Name("milliseconds").Open('{');
  for (const detail::PhaseGroup& group : detail::kPhaseGroups) json.Member(group.name, detail::TimeIn(tally, group));
  json.Member("together", detail::WholeTime(tally)).Close('}');
  json.Name("bytes").Open('{').Member("out", tally.bytes_out).Member("in", tally.bytes_in).Close('}');
  json.Member("round_trips", std::uint64_t{tally.round_trips});
  json.Name("messages").Open('{').Member("sent", std::uint64_t{tally.sent});
  json.Member("refused", std::uint64_t{tally.refused}).Member("in_doubt", std::uint64_t{tally.in_doubt});
  json.Member("returned", std::uint64_t{tally.returned}).Close('}').Name("error");
  const smtpoll::Error& error = report.error;
  if (!error) return json.Literal("null").Close('}').Take();
  json.Open('{').Member("number", static_cast<std::uint64_t>(error.ErrorNumber));
  json.Member("name", std::string_view(Name(error.Code()))).TextOrNull("phase", Name(error.phase));
  json.Name("reply_code");
  if (error.reply_code == 0)
    json.Literal("null");
  else
    json.Value(static_cast<std::uint64_t>(error.reply_code));
  FixedText<20> enhanced;
  if (error.enhanced) detail::AppendEnhancedCode(error.enhanced, enhanced);
  json.TextOrNull("enhanced", enhanced.View()).TextOrNull("command", error.command.View());
  json.TextOrNull("text", error.text.View()).Member("help", Describe(error).View());
  return json.Close('}').Close('}').Take();
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/atomic.hpp ----
// A small value that two threads share: what smtpoll needs of std::atomic, by the builtins below it, because <atomic>
// costs every program compile time.
#ifndef SMTPOLL_BASE_ATOMIC_HPP
#define SMTPOLL_BASE_ATOMIC_HPP

#if !defined(__GNUC__)
#include <atomic>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a thread wrote before its Store or Exchange is seen by the thread whose Load or Exchange finds the value.
template <typename T>
class Atomic {
 public:
  constexpr explicit Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

#if defined(__GNUC__)
  T Load() const noexcept {
    T value;
    __atomic_load(&value_, &value, __ATOMIC_ACQUIRE);
    return value;
  }
  void Store(T value) noexcept { __atomic_store(&value_, &value, __ATOMIC_RELEASE); }
  /// Returns the value before.
  T Exchange(T value) noexcept {
    T before;
    __atomic_exchange(&value_, &value, &before, __ATOMIC_ACQ_REL);
    return before;
  }

 private:
  T value_;
#else
  T Load() const noexcept { return value_.load(std::memory_order_acquire); }
  void Store(T value) noexcept { value_.store(value, std::memory_order_release); }
  T Exchange(T value) noexcept { return value_.exchange(value, std::memory_order_acq_rel); }

 private:
  std::atomic<T> value_;
#endif
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/detail/system_headers.hpp ----
// The system's socket headers, POSIX's or Windows's. Both have BSD's names, so the code over them is the same.
// <windows.h> leaves no macros min and max behind, and what the user has defined stays as it was.
#ifndef SMTPOLL_SOCKET_DETAIL_SYSTEM_HEADERS_HPP
#define SMTPOLL_SOCKET_DETAIL_SYSTEM_HEADERS_HPP

#if defined(SMTPOLL_POSIX)

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#elif defined(SMTPOLL_WINDOWS)

#if !defined(NOMINMAX)
#define NOMINMAX
#define SMTPOLL_BORROWED_NOMINMAX
#endif
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#define SMTPOLL_BORROWED_LEAN_AND_MEAN
#endif

// MinGW's <winsock2.h> copes with an earlier <windows.h>, but warns of it.
#if defined(__MINGW32__) && !defined(_WINSOCK2API_)
#undef _WINSOCKAPI_
#endif

#include <winsock2.h>

#include <ws2tcpip.h>

#include <iphlpapi.h>
#include <process.h>
#include <windows.h>

#if defined(SMTPOLL_BORROWED_NOMINMAX)
#undef NOMINMAX
#undef SMTPOLL_BORROWED_NOMINMAX
#endif
#if defined(SMTPOLL_BORROWED_LEAN_AND_MEAN)
#undef WIN32_LEAN_AND_MEAN
#undef SMTPOLL_BORROWED_LEAN_AND_MEAN
#endif

#endif

#endif

// ---- smtpoll/socket/detail/address_text.hpp ----
// IP addresses as text, both ways: what the user wrote to what getaddrinfo takes, and a socket address to what people
// read. An IPv4 address that came through an IPv6 socket (RFC 4291 2.5.5.2) is written as the IPv4 address it is.
#ifndef SMTPOLL_SOCKET_DETAIL_ADDRESS_TEXT_HPP
#define SMTPOLL_SOCKET_DETAIL_ADDRESS_TEXT_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// True where `host` can only be an address, not a name; takes the brackets off.
constexpr bool TakeBrackets(std::string_view& host) noexcept {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  return bracketed || host.find(':') != std::string_view::npos;
}

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

/// Longest text of an address: IPv6 in its longest form, `%` and a scope's number.
using AddressText = FixedText<INET6_ADDRSTRLEN + 11>;

/// The address that `from` holds, without its port; empty where it is neither IPv4 nor IPv6.
inline AddressText ToText(const sockaddr_storage& from) noexcept {
  char text[INET6_ADDRSTRLEN];
  AddressText result;
  if (from.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &from, sizeof v4);
    if (inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text) != nullptr) result.Append(text);
  } else if (from.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &from, sizeof v6);
    constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const unsigned char* bytes = v6.sin6_addr.s6_addr;
    const bool is_v4 = std::memcmp(bytes, kMapped, sizeof kMapped) == 0;
    if (inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? bytes + sizeof kMapped : bytes, text, sizeof text) != nullptr)
      result.Append(text);
    if (!result.empty() && v6.sin6_scope_id != 0) {
      result.Append("%");
      result.AppendDecimal(v6.sin6_scope_id);
    }
  }
  return result;
}

/// The port that `from` holds, 0 where it is neither IPv4 nor IPv6.
inline std::uint16_t PortOf(const sockaddr_storage& from) noexcept {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (from.ss_family == AF_INET) std::memcpy(&v4, &from, sizeof v4);
  if (from.ss_family == AF_INET6) std::memcpy(&v6, &from, sizeof v6);
  return ntohs(from.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
}

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/resolver.hpp ----
// Name resolution that never blocks its caller: getaddrinfo runs in a thread of its own, and its end makes a handle
// readable that fits any event loop. IP addresses need no thread.
// Invariant: the side that leaves last, caller or thread, frees the job; so giving up takes no time and leaks nothing.
#ifndef SMTPOLL_SOCKET_RESOLVER_HPP
#define SMTPOLL_SOCKET_RESOLVER_HPP

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The addresses of a host or of this machine, as getaddrinfo finds them; frees them.
template <typename Calls>
class AddressList {
 public:
  AddressList() = default;
  AddressList(const AddressList&) = delete;
  AddressList& operator=(const AddressList&) = delete;
  ~AddressList() {
    if (first_ != nullptr) Calls::FreeAddresses(first_);
  }

  /// What to look for: a host name or address without brackets (empty: this machine). False where it can be none.
  bool Prepare(std::string_view host, std::uint16_t port, int family) noexcept {
    if (host.size() >= sizeof host_ || host.find('\0') != std::string_view::npos) return false;
    host_[host.copy(host_, host.size())] = '\0';
    FixedText<sizeof port_ - 1> digits;
    digits.AppendDecimal(port);
    port_[digits.View().copy(port_, sizeof port_ - 1)] = '\0';
    family_ = family;
    return true;
  }

  /// Looks for it, once; returns getaddrinfo's number, 0 for success. Blocks where `flags` lack AI_NUMERICHOST.
  int Find(int flags) noexcept {
    addrinfo hints{};
    hints.ai_family = family_;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    return Calls::GetAddresses(host_[0] != '\0' ? host_ : nullptr, port_, hints, first_);
  }

  const addrinfo* First() const noexcept { return first_; }

 private:
  addrinfo* first_ = nullptr;
  int family_ = AF_UNSPEC;
  char port_[6];
  char host_[256];
};

/// Turns an Endpoint into the socket addresses to try, one after the other. `Calls` is the system (see tcp_socket.hpp).
template <typename Calls>
class Resolver {
 public:
  using Handle = typename Calls::Handle;

  Resolver() = default;
  Resolver(Resolver&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
  Resolver& operator=(Resolver&& other) noexcept {
    std::swap(job_, other.job_);
    return *this;
  }
  ~Resolver() { Cancel(); }

  /// Starts; nothing of `to` is needed after the call. Again where a thread looks up a name. Fails with Errc's
  /// NameResolution or OutOfMemory, or the system's number where there is no thread or handle to be had.
  IoResult Start(const Endpoint& to) noexcept {
    Cancel();
    job_ = new (std::nothrow) Job;
    if (job_ == nullptr) return Failed(Errc::OutOfMemory);
    if (!job_->network.Start()) return Failed(Errc::NetworkInit);

    int family = AF_UNSPEC;
    if (!to.local_address.empty()) {
      std::string_view local = to.local_address;
      TakeBrackets(local);
      if (!job_->local.Prepare(local, 0, AF_UNSPEC)) return Failed(Errc::NameResolution);
      job_->number = job_->local.Find(AI_NUMERICHOST);
      if (job_->number != 0) return Step();
      family = job_->local.First()->ai_family;
    }

    std::string_view host = to.host;
    const bool is_address = TakeBrackets(host);
    if (host.empty() || !job_->remote.Prepare(host, to.port, family)) return Failed(Errc::NameResolution);
    job_->number = job_->remote.Find(AI_NUMERICHOST);
    return job_->number == 0 || is_address ? Step() : StartThread();
  }

  /// Done when the addresses are there, Again while the thread runs.
  IoResult Step() noexcept {
    if (job_->fate.Load() == Fate::Running) return IoResult::TryAgain();
    Calls::CloseHandle(std::exchange(job_->wake_reader, Calls::kNoHandle));
    if (job_->number != 0) return IoResult::Fail(Calls::TranslateResolve(job_->number));
    const addrinfo* other = job_->remote.First();
    job_->next[0] = other;
    while (other != nullptr && other->ai_family == job_->remote.First()->ai_family) other = other->ai_next;
    job_->next[1] = other;
    job_->turn = 0;
    return IoResult::Ok();
  }

  /// Becomes readable when Step has more to say than Again.
  Handle NativeHandle() const noexcept { return job_ != nullptr ? job_->wake_reader : Calls::kNoHandle; }

  /// After Done: the next address to try, null after the last. IPv6 and IPv4 take turns, the system's favourite first
  /// (RFC 8305 section 4). Valid until Cancel.
  const addrinfo* NextAddress() noexcept {
    const int favourite = job_->remote.First()->ai_family;
    const addrinfo*& mine = job_->next[job_->turn];
    job_->turn ^= 1;
    const addrinfo*& next = mine != nullptr ? mine : job_->next[job_->turn];
    const addrinfo* address = next;
    if (address == nullptr) return nullptr;
    const bool first_kind = address->ai_family == favourite;
    do next = next->ai_next;
    while (next != nullptr && (next->ai_family == favourite) != first_kind);
    return address;
  }

  /// After Done: the address to bind to, null where there is none. Valid until Cancel.
  const addrinfo* LocalAddress() const noexcept { return job_->local.First(); }

  /// Gives up, or frees what was found. A thread that still runs goes on alone and cleans up after itself.
  void Cancel() noexcept {
    if (job_ == nullptr) return;
    Calls::CloseHandle(std::exchange(job_->wake_reader, Calls::kNoHandle));
    if (job_->fate.Exchange(Fate::Abandoned) != Fate::Running) delete job_;
    job_ = nullptr;
  }

 private:
  enum class Fate : std::uint8_t {
    Resting,    // There is no thread, or it has done its work: the caller owns the job.
    Running,    // Both own it.
    Abandoned,  // The caller has left: the thread owns it.
  };

  struct Job {
    typename Calls::Network network;
    Atomic<Fate> fate{Fate::Resting};
    int number = 0;  // what getaddrinfo returned
    AddressList<Calls> local;
    AddressList<Calls> remote;
    const addrinfo* next[2] = {};  // of the first address's family, and of the others
    unsigned turn = 0;
    Handle wake_reader = Calls::kNoHandle;  // the caller's
    Handle wake_writer = Calls::kNoHandle;  // the thread's
  };

  static IoResult Failed(Errc code) noexcept { return IoResult::Fail(static_cast<int>(code)); }

  IoResult StartThread() noexcept {
    if (!Calls::OpenWake(job_->wake_reader, job_->wake_writer))
      return IoResult::Fail(Calls::Translate(Calls::LastError()));
    job_->fate.Store(Fate::Running);
    const int number = Calls::template StartThread<&Resolver::Run>(job_);
    if (number == 0) return IoResult::TryAgain();
    job_->fate.Store(Fate::Resting);
    Calls::CloseHandle(job_->wake_writer);
    return IoResult::Fail(Calls::Translate(number));
  }

  static void Run(void* argument) noexcept {
    // The job, and with it its hold on the network, may be gone before the writer is closed.
    typename Calls::Network network;
    network.Start();
    Job* job = static_cast<Job*>(argument);
    const Handle writer = job->wake_writer;
    job->number = job->remote.Find(0);
    if (job->fate.Exchange(Fate::Resting) == Fate::Abandoned) delete job;
    Calls::Wake(writer);
    Calls::CloseHandle(writer);
  }

  Job* job_ = nullptr;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

// ---- smtpoll/socket/detail/connect_race.hpp ----
// Connecting to whichever address of a host answers first, IPv6 and IPv4 raced (RFC 8305): each address gets a head
// start, then the next one is tried beside it; the first that is connected wins and the others are closed.
// Invariant: the first count_ lanes hold an open handle each, oldest first; all others hold none.
#ifndef SMTPOLL_SOCKET_DETAIL_CONNECT_RACE_HPP
#define SMTPOLL_SOCKET_DETAIL_CONNECT_RACE_HPP

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename Calls>
class ConnectRace {
 public:
  using Handle = typename Calls::Handle;
  /// Connections that are tried at a time, at most.
  static constexpr std::size_t kLanes = 6;
  /// Milliseconds of head start (RFC 8305 section 8: 250).
  static constexpr Millis kHeadStart = 250;
  /// An event loop sees only the newest connection; the others are looked at after so many milliseconds.
  static constexpr Millis kLookAgain = 20;

  ConnectRace() = default;
  ConnectRace(ConnectRace&& other) noexcept { *this = std::move(other); }
  ConnectRace& operator=(ConnectRace&& other) noexcept {
    Close();
    for (; count_ < other.count_; ++count_) lanes_[count_] = std::exchange(other.lanes_[count_], Lane());
    other.count_ = 0;
    next_start_ = other.next_start_;
    looked_ = other.looked_;
    number_ = other.number_;
    told_ = std::move(other.told_);
    return *this;
  }
  ~ConnectRace() { Close(); }

  /// Begins, or goes on, with what `addresses` has found; `now` is the time. Done: Take() has the winner. Failed: no
  /// address is left; the number is the last one's, untranslated.
  IoResult Step(Resolver<Calls>& addresses, Millis now) noexcept {
    looked_ = now;
    for (std::size_t i = 0; i < count_;) {
      Readiness ready = Readiness::None;
      if (Calls::Poll(lanes_[i].handle, Readiness::Write, 0, ready) == 0) {
        ++i;
        continue;
      }
      const int number = Calls::PendingError(lanes_[i].handle);
      if (number == 0) return Won(i);
      Lost(*lanes_[i].to, number);
      Remove(i);
      next_start_ = now;
    }
    while (count_ < kLanes && now >= next_start_) {
      const addrinfo* to = addresses.NextAddress();
      if (to == nullptr) {
        next_start_ = kNever;
        break;
      }
      if (Start(*to, addresses.LocalAddress())) return Won(count_ - 1);
      if (count_ != 0 && lanes_[count_ - 1].to == to) next_start_ = now + kHeadStart;
    }
    return count_ != 0 ? IoResult::TryAgain() : IoResult::Fail(number_);
  }

  /// After Done: the connected handle, which is the caller's now.
  Handle Take() noexcept {
    const Handle winner = std::exchange(lanes_[0].handle, Calls::kNoHandle);
    count_ = 0;
    Close();
    return winner;
  }

  /// Ends all, and forgets what there was to tell.
  void Close() noexcept {
    while (count_ != 0) Remove(count_ - 1);
    next_start_ = 0;
    told_.reset();
  }

  /// The newest connection under way, kNoHandle where there is none.
  Handle Newest() const noexcept { return count_ != 0 ? lanes_[count_ - 1].handle : Calls::kNoHandle; }

  /// When Step has something to do though nothing is ready: a next address starts.
  Millis NextStart() const noexcept { return count_ < kLanes ? next_start_ : kNever; }
  /// The same for who waits for Newest() alone.
  Millis NextLook() const noexcept {
    const Millis again = count_ > 1 ? looked_ + kLookAgain : kNever;
    return again < NextStart() ? again : NextStart();
  }

  /// Waits at most `at_most` milliseconds until one of the connections is ready to be looked at; as Calls::Poll.
  int Wait(int at_most) const noexcept {
    Handle handles[kLanes];
    for (std::size_t i = 0; i < count_; ++i) handles[i] = lanes_[i].handle;
    return Calls::PollWritable(handles, count_, at_most);
  }

  /// Each address that failed, with the reason, and each that has not answered; valid until the next call.
  std::string_view FaultText() const noexcept {
    if (count_ != 0) Told();
    if (!told_) return {};
    told_->all = told_->lost;
    for (std::size_t i = 0; i < count_; ++i) Tell(told_->all, *lanes_[i].to, "no answer");
    return told_->all.View();
  }

 private:
  struct Lane {
    Handle handle = Calls::kNoHandle;
    const addrinfo* to = nullptr;
  };

  /// True where it is connected at once. Otherwise it is the last lane now, or has failed.
  bool Start(const addrinfo& to, const addrinfo* local) noexcept {
    Lane lane{Calls::Open(to.ai_family), &to};
    if (lane.handle != Calls::kNoHandle && (local == nullptr || Calls::Bind(lane.handle, *local))) {
      const bool connected = Calls::Connect(lane.handle, to);
      if (connected || Calls::ConnectPending(Calls::LastError())) {
        lanes_[count_++] = lane;
        return connected;
      }
    }
    const int number = Calls::LastError();
    Calls::CloseHandle(lane.handle);
    Lost(to, number);
    return false;
  }

  IoResult Won(std::size_t lane) noexcept {
    std::swap(lanes_[0], lanes_[lane]);
    while (count_ > 1) Remove(count_ - 1);
    return IoResult::Ok();
  }

  void Remove(std::size_t lane) noexcept {
    Calls::CloseHandle(lanes_[lane].handle);
    for (--count_; lane < count_; ++lane) lanes_[lane] = lanes_[lane + 1];
    lanes_[count_] = Lane();
  }

  using Text = FixedText<256>;
  struct Report {
    Text lost;  // what failed
    Text all;
  };

  /// Null where there is no memory.
  Report* Told() const noexcept {
    if (!told_) told_ = Owned<Report>(new (std::nothrow) Report);
    return told_.get();
  }

  void Lost(const addrinfo& to, int number) noexcept {
    number_ = number;
    if (Told() != nullptr) Tell(told_->lost, to, Calls::Reason(number).View());
  }

  static void Tell(Text& text, const addrinfo& to, std::string_view reason) noexcept {
    sockaddr_storage address{};
    std::memcpy(&address, to.ai_addr, static_cast<std::size_t>(to.ai_addrlen));
    if (!text.empty()) text.Append("; ");
    text.Append(ToText(address).View());
    text.Append(": ");
    text.Append(reason);
  }

  Lane lanes_[kLanes];
  std::size_t count_ = 0;
  Millis next_start_ = 0;  // when the next address may start
  Millis looked_ = 0;
  int number_ = 0;              // why the last one failed
  mutable Owned<Report> told_;  // only where there is something to tell
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

// ---- smtpoll/socket/tcp_socket.hpp ----
// One TCP connection, never blocking but in Wait: what POSIX and Winsock have in common, written once over a small
// layer of system calls (detail::PosixCalls in posix.hpp is the model). It fulfils SocketPolicy and can listen.
// Invariant: handle_ is open in the states Connected and Listening, and in no other.
#ifndef SMTPOLL_SOCKET_TCP_SOCKET_HPP
#define SMTPOLL_SOCKET_TCP_SOCKET_HPP

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN

/// A TCP socket of the operating system. Not for use by several threads at a time. Errors are Errc's numbers where the
/// seed has one (lost connection, address in use, ...), the system's own elsewhere.
template <typename Calls>
class BasicTcpSocket {
 public:
  /// What the system names a socket with.
  using Handle = typename Calls::Handle;
  /// The handle of no socket.
  static constexpr Handle kNoHandle = Calls::kNoHandle;

  BasicTcpSocket() = default;
  /// Takes the connection; `other` has none then.
  BasicTcpSocket(BasicTcpSocket&& other) noexcept { *this = std::move(other); }
  /// What this one held is closed, and `other` is closed afterwards.
  BasicTcpSocket& operator=(BasicTcpSocket&& other) noexcept {
    if (this == &other) return *this;
    Close();
    handle_ = std::exchange(other.handle_, kNoHandle);
    state_ = std::exchange(other.state_, State::Closed);
    patience_ = other.patience_;
    network_ = std::move(other.network_);
    race_ = std::move(other.race_);
    resolver_ = std::move(other.resolver_);
    return *this;
  }
  ~BasicTcpSocket() { Close(); }

  /// Milliseconds of a clock that never runs backwards.
  static Millis Now() noexcept {
#if defined(SMTPOLL_WINDOWS)
    return static_cast<Millis>(GetTickCount64());
#else
    std::timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<Millis>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
#endif
  }

  /// Starts to connect; what was open before is closed. The addresses of a name are raced (RFC 8305): the next one
  /// starts when one fails or has not answered for 250 milliseconds, IPv6 and IPv4 by turns. Where all fail, the
  /// number is the last one's and FaultText() has the reason of each. Errors: 107 for port 0, 103 where the host does
  /// not resolve or local_address is no IP address, 105, 108, or the system's own.
  IoResult Connect(const Endpoint& to) noexcept {
    Close();
    if (to.port == 0) return Failed(Errc::InvalidPort);
    if (!network_.Start()) return Failed(Errc::NetworkInit);
    state_ = State::Resolving;
    return Resolved(resolver_.Start(to));
  }

  /// Goes on with Connect; Done once connected, and from then on.
  IoResult ConnectStep() noexcept {
    switch (state_) {
      case State::Resolving: return Resolved(resolver_.Step());
      case State::Connecting: break;
      case State::Connected: return IoResult::Ok();
      default: return Failed(Errc::InvalidState);
    }
    return Raced();
  }

  /// What ConnectStep waits for on NativeHandle() after Again.
  Readiness ConnectWants() const noexcept {
    if (state_ == State::Resolving) return Readiness::Read;
    return state_ == State::Connecting ? Readiness::Write : Readiness::None;
  }

  /// While ConnectStep says Again: when it has something to do though nothing is ready (another address starts, or one
  /// that NativeHandle() does not show is looked at), by the clock of Now(); kNever where only the handle matters.
  Millis ConnectDeadline() const noexcept { return state_ == State::Connecting ? race_.NextLook() : kNever; }

  /// Why each address that was tried failed; empty where there is nothing to tell. Valid until the next call.
  std::string_view FaultText() const noexcept { return race_.FaultText(); }

  /// A name is being looked up.
  bool Resolving() const noexcept { return state_ == State::Resolving; }

  /// Listens on `port` (0: one that the system picks, which `port` holds afterwards) of the IP address `local`; empty:
  /// of all interfaces, IPv6 and IPv4. Errors: 105 where the port is taken, 103 where `local` is no IP address.
  IoResult Listen(std::uint16_t& port, std::string_view local) noexcept {
    Close();
    if (!network_.Start()) return Failed(Errc::NetworkInit);
    int error = local.empty() ? ListenOn(AF_INET6, local, port) : ListenOn(AF_UNSPEC, local, port);
    // A machine without IPv6 has IPv4 only; a port that is taken in IPv6 is taken.
    if (local.empty() && error != 0 && error != static_cast<int>(Errc::AddressInUse))
      error = ListenOn(AF_INET, local, port);
    if (error != 0) return IoResult::Fail(error);
    state_ = State::Listening;
    return IoResult::Ok();
  }

  /// After Listen: Again until a connection came. With Done the listening socket is closed, and this object is the
  /// connected peer. After Failed it still listens.
  IoResult AcceptStep() noexcept {
    if (state_ != State::Listening) return Failed(Errc::InvalidState);
    const Handle peer = Calls::Accept(handle_);
    if (peer == kNoHandle) {
      const int number = Calls::LastError();
      if (Calls::WouldBlock(number) || Calls::PeerVanished(number)) return IoResult::TryAgain();
      return IoResult::Fail(Calls::Translate(number));
    }
    Calls::CloseHandle(std::exchange(handle_, peer));
    return Established();
  }

  /// Receives at most `room` bytes. A connection that the peer has reset is error 102.
  IoResult Read(char* into, std::size_t room) noexcept {
    if (state_ != State::Connected) return Failed(Errc::InvalidState);
    if (room == 0) return IoResult::TryAgain();
    const std::ptrdiff_t moved = Calls::Receive(handle_, into, room);
    return moved == 0 ? IoResult::EndOfFile() : Moved(moved);
  }

  /// As Read, but waits up to `at_most` milliseconds (at least 1) for bytes, in the same system call where the system
  /// can do that. Again where none came.
  IoResult ReadWait(char* into, std::size_t room, Millis at_most) noexcept {
    if constexpr (Calls::kWaitsInReceive) {
      if (state_ != State::Connected) return Failed(Errc::InvalidState);
      if (room == 0) return IoResult::TryAgain();
      if (patience_ != at_most) Calls::SetPatience(handle_, patience_ = at_most);
      const std::ptrdiff_t moved = Calls::ReceiveWait(handle_, into, room);
      if (moved < 0 && Calls::Interrupted(Calls::LastError())) return IoResult::TryAgain();
      return moved == 0 ? IoResult::EndOfFile() : Moved(moved);
    } else {
      Wait(Readiness::Read, at_most);
      return Read(into, room);
    }
  }

  /// Sends at most `size` bytes; Done says how many the system took. A connection that is lost is error 102.
  IoResult Write(const char* bytes, std::size_t size) noexcept {
    if (state_ != State::Connected) return Failed(Errc::InvalidState);
    return size == 0 ? IoResult::TryAgain() : Moved(Calls::Send(handle_, bytes, size));
  }

  /// Blocks until the socket is ready for one of `what`, and says for which; None after `at_most` milliseconds
  /// (negative: no limit). Where nothing is open, it says `what` at once: the next step then fails. For None it waits
  /// all of `at_most`, open or not.
  Readiness Wait(Readiness what, Millis at_most) noexcept {
    const Handle handle = NativeHandle();
    if (what == Readiness::None ? at_most < 0 : handle == kNoHandle) return what;
    const bool racing = state_ == State::Connecting && what != Readiness::None;
    const Millis start = Now();
    const Millis deadline = at_most < 0 || at_most > kNever - start ? kNever : start + at_most;
    for (;;) {
      const Millis now = Now();
      if (racing && race_.NextStart() <= now) return what;
      const Millis until = racing && race_.NextStart() < deadline ? race_.NextStart() : deadline;
      const Millis left = until > now ? until - now : 0;
      const int patience = static_cast<int>(left < INT_MAX ? left : INT_MAX);
      Readiness ready = what;
      const int count = racing ? race_.Wait(patience) : Calls::Poll(handle, what, patience, ready = Readiness::None);
      if (count > 0) return ready;
      if (count < 0 && !Calls::Interrupted(Calls::LastError())) return what;
      // Windows' clock is coarser than its waits: some end before it says so.
      if (count == 0 && until == deadline && Now() >= deadline) return Readiness::None;
    }
  }

  /// Closes at once; what was not sent yet is the system's affair. A name resolution under way is left behind.
  void Close() noexcept {
    Calls::CloseHandle(std::exchange(handle_, kNoHandle));
    race_.Close();
    resolver_.Cancel();
    state_ = State::Closed;
  }

  /// What the caller's event loop waits on; another one with each stage of connecting, kNoHandle where nothing is open.
  Handle NativeHandle() const noexcept {
    if (state_ == State::Resolving) return resolver_.NativeHandle();
    return state_ == State::Connecting ? race_.Newest() : handle_;
  }

  /// Writes the IP of this end as text to `into` and returns its size; 0 where not connected or where it does not fit.
  std::size_t LocalAddress(char* into, std::size_t room) const noexcept { return Text(&Calls::OwnName, into, room); }

  /// As LocalAddress, for the peer.
  std::size_t RemoteAddress(char* into, std::size_t room) const noexcept { return Text(&Calls::PeerName, into, room); }

 private:
  enum class State : std::uint8_t { Closed, Resolving, Connecting, Connected, Listening };

  static IoResult Failed(Errc code) noexcept { return IoResult::Fail(static_cast<int>(code)); }

  static IoResult Moved(std::ptrdiff_t size) noexcept {
    if (size > 0) return IoResult::Ok(static_cast<std::size_t>(size));
    const int number = Calls::LastError();
    return Calls::WouldBlock(number) ? IoResult::TryAgain() : IoResult::Fail(Calls::Translate(number));
  }

  IoResult Resolved(const IoResult& result) noexcept {
    if (result.status == IoStatus::Done) return Raced();
    if (result.status == IoStatus::Failed) Close();
    return result;
  }

  /// A step of the race. What it has to tell of a failure is kept until the next Connect or Close.
  IoResult Raced() noexcept {
    state_ = State::Connecting;
    const IoResult result = race_.Step(resolver_, Now());
    if (result.status == IoStatus::Again) return result;
    if (result.status == IoStatus::Failed) {
      resolver_.Cancel();
      state_ = State::Closed;
      return IoResult::Fail(Calls::Translate(result.error));
    }
    handle_ = race_.Take();
    return Established();
  }

  IoResult Established() noexcept {
    resolver_.Cancel();
    state_ = State::Connected;
    patience_ = 0;
    if constexpr (Calls::kWaitsInReceive) Calls::AllowWaiting(handle_);
    return IoResult::Ok();
  }

  /// Returns the error's number, 0 for success.
  int ListenOn(int family, std::string_view local, std::uint16_t& port) noexcept {
    detail::TakeBrackets(local);
    detail::AddressList<Calls> address;
    if (!address.Prepare(local, port, family)) return static_cast<int>(Errc::NameResolution);
    const int unknown = address.Find(local.empty() ? AI_PASSIVE : AI_NUMERICHOST);
    if (unknown != 0) return Calls::TranslateResolve(unknown);
    handle_ = Calls::Open(address.First()->ai_family);
    if (handle_ == kNoHandle || !Calls::Listen(handle_, *address.First())) {
      const int number = Calls::LastError();
      Close();
      return Calls::Translate(number);
    }
    sockaddr_storage bound{};
    if (Calls::OwnName(handle_, bound)) port = detail::PortOf(bound);
    return 0;
  }

  std::size_t Text(bool (*name)(Handle, sockaddr_storage&), char* into, std::size_t room) const noexcept {
    sockaddr_storage address{};
    if (state_ != State::Connected || !name(handle_, address)) return 0;
    const detail::AddressText text = detail::ToText(address);
    return text.View().size() <= room ? text.View().copy(into, room) : 0;
  }

  Handle handle_ = kNoHandle;
  State state_ = State::Closed;
  Millis patience_ = 0;  // what the system was last told
  typename Calls::Network network_;
  detail::ConnectRace<Calls> race_;
  detail::Resolver<Calls> resolver_;
};

SMTPOLL_NAMESPACE_END

#endif

#endif

// ---- smtpoll/socket/posix.hpp ----
// Sockets of POSIX systems: the system calls that BasicTcpSocket is written over, and PosixSocket itself.
// Every descriptor is non-blocking and closed on exec; a lost connection never raises SIGPIPE.
#ifndef SMTPOLL_SOCKET_POSIX_HPP
#define SMTPOLL_SOCKET_POSIX_HPP

#if defined(SMTPOLL_POSIX)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The system as BasicTcpSocket sees it. A call that returns bool, a handle or a size says false, kNoHandle or -1 where
/// it failed, and LastError() then says why.
struct PosixCalls {
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  /// A hold on the network, which needs none here.
  struct Network {
    static constexpr bool Start() noexcept { return true; }
  };

  // ---- Error numbers.

  static int LastError() noexcept { return errno; }
  static bool Interrupted(int number) noexcept { return number == EINTR; }
  static bool WouldBlock(int number) noexcept { return number == EAGAIN || number == EWOULDBLOCK; }
  /// True where connect goes on without us.
  static bool ConnectPending(int number) noexcept { return number == EINPROGRESS || number == EINTR; }
  /// True where an incoming connection was gone before it was accepted (Linux then tells its network error).
  static bool PeerVanished(int number) noexcept {
    return number == ECONNABORTED || number == EPROTO || number == EHOSTUNREACH || number == ENETUNREACH;
  }

  /// An errno in words.
  static FixedText<64> Reason(int number) noexcept {
    char room[64] = "";
    return FixedText<64>(Words(::strerror_r(number, room, sizeof room), room));
  }

  /// The seed's number for an errno, where it has one.
  static int Translate(int number) noexcept {
    constexpr struct {
      int number;
      Errc code;
    } kTable[] = {
        {ECONNRESET, Errc::ConnectionLost}, {ECONNABORTED, Errc::ConnectionLost}, {EPIPE, Errc::ConnectionLost},
        {ENOTCONN, Errc::ConnectionLost},   {ESHUTDOWN, Errc::ConnectionLost},    {ENETRESET, Errc::ConnectionLost},
        {EADDRINUSE, Errc::AddressInUse},   {ENOMEM, Errc::OutOfMemory},          {ENOBUFS, Errc::OutOfMemory},
        {ENETDOWN, Errc::NetworkInit},
    };
    for (const auto& row : kTable)
      if (row.number == number) return static_cast<int>(row.code);
    return number;
  }
  /// The same for a number of getaddrinfo's.
  static int TranslateResolve(int number) noexcept {
    return static_cast<int>(number == EAI_MEMORY ? Errc::OutOfMemory : Errc::NameResolution);
  }

  // ---- Addresses.

  static int GetAddresses(const char* host, const char* port, const addrinfo& hints, addrinfo*& list) noexcept {
    return ::getaddrinfo(host, port, &hints, &list);
  }
  static void FreeAddresses(addrinfo* list) noexcept { ::freeaddrinfo(list); }

  static bool OwnName(Handle handle, sockaddr_storage& into) noexcept {
    socklen_t size = sizeof into;
    return ::getsockname(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }
  static bool PeerName(Handle handle, sockaddr_storage& into) noexcept {
    socklen_t size = sizeof into;
    return ::getpeername(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }

  // ---- Sockets.

#if defined(MSG_DONTWAIT)
  static constexpr int kDontWait = MSG_DONTWAIT;
#else
  static constexpr int kDontWait = 0;  // the socket itself does not
#endif

  static Handle Open(int family) noexcept {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    return Prepared(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
#else
    return Prepared(WithFlags(::socket(family, SOCK_STREAM, IPPROTO_TCP)));
#endif
  }

  static bool Bind(Handle handle, const addrinfo& to) noexcept {
    return ::bind(handle, to.ai_addr, to.ai_addrlen) == 0;
  }

  static bool Connect(Handle handle, const addrinfo& to) noexcept {
    return ::connect(handle, to.ai_addr, to.ai_addrlen) == 0;
  }

  /// How a pending connect ended; 0: well.
  static int PendingError(Handle handle) noexcept {
    int number = 0;
    socklen_t size = sizeof number;
    return ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno;
  }

  /// Listens on `on`, an IPv6 socket for IPv4 too.
  static bool Listen(Handle handle, const addrinfo& on) noexcept {
    SetOption(handle, SOL_SOCKET, SO_REUSEADDR, 1);
    if (on.ai_family == AF_INET6) SetOption(handle, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return Bind(handle, on) && ::listen(handle, 1) == 0;
  }

  static Handle Accept(Handle listener) noexcept {
    return Prepared(Uninterrupted([&] {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
      return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
      return WithFlags(::accept(listener, nullptr, nullptr));
#endif
    }));
  }

  static std::ptrdiff_t Receive(Handle handle, char* into, std::size_t room) noexcept {
    return Uninterrupted([&] { return ::recv(handle, into, room, kDontWait); });
  }

  /// Where the system can say "do not wait" call by call, a connection is left in blocking mode, so that one call both
  /// waits and receives.
#if defined(MSG_DONTWAIT)
  static constexpr bool kWaitsInReceive = true;
  static void AllowWaiting(Handle handle) noexcept { ::fcntl(handle, F_SETFL, ::fcntl(handle, F_GETFL) & ~O_NONBLOCK); }
  static void SetPatience(Handle handle, Millis at_most) noexcept {
    timeval time{};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(at_most / 1000);
    time.tv_usec = static_cast<decltype(time.tv_usec)>(at_most % 1000 * 1000);
    ::setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  }
  /// As Receive, but waits as long as SetPatience said; a signal ends the wait.
  static std::ptrdiff_t ReceiveWait(Handle handle, char* into, std::size_t room) noexcept {
    return ::recv(handle, into, room, 0);
  }
#else
  static constexpr bool kWaitsInReceive = false;
#endif

  static std::ptrdiff_t Send(Handle handle, const char* bytes, std::size_t size) noexcept {
#if defined(MSG_NOSIGNAL)
    constexpr int kFlags = MSG_NOSIGNAL | kDontWait;
#else
    constexpr int kFlags = kDontWait;  // the socket has SO_NOSIGPIPE
#endif
    return Uninterrupted([&] { return ::send(handle, bytes, size, kFlags); });
  }

  /// Waits at most `at_most` milliseconds: 1 and `ready` where something is, 0 for time-out, -1 for an error. An error
  /// of the socket makes it ready for all of `what`. With Readiness::None it just waits.
  static int Poll(Handle handle, Readiness what, int at_most, Readiness& ready) noexcept {
    pollfd one{handle, 0, 0};
    if (Includes(what, Readiness::Read)) one.events |= POLLIN;
    if (Includes(what, Readiness::Write)) one.events |= POLLOUT;
    const int count = ::poll(&one, what == Readiness::None ? 0 : 1, at_most);
    if (count <= 0) return count;
    if ((one.revents & ~(POLLIN | POLLOUT)) != 0) {
      ready = what;
      return count;
    }
    if ((one.revents & POLLIN) != 0) ready = ready | Readiness::Read;
    if ((one.revents & POLLOUT) != 0) ready = ready | Readiness::Write;
    return count;
  }

  /// Waits at most `at_most` milliseconds until one of at most 8 handles is writable or has failed: how many are.
  static int PollWritable(const Handle* handles, std::size_t count, int at_most) noexcept {
    pollfd all[8];
    for (std::size_t i = 0; i < count; ++i) all[i] = {handles[i], POLLOUT, 0};
    return ::poll(all, static_cast<nfds_t>(count), at_most);
  }

  /// Nothing for kNoHandle.
  static void CloseHandle(Handle handle) noexcept {
    if (handle != kNoHandle) ::close(handle);
  }

  // ---- The resolver's thread.

  /// A pair of handles: Wake(writer) makes `reader` readable.
  static bool OpenWake(Handle& reader, Handle& writer) noexcept {
    int ends[2];
#if defined(SOCK_CLOEXEC)
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
#else
    if (::pipe(ends) != 0) return false;
    WithFlags(ends[0]);
    WithFlags(ends[1]);
#endif
    reader = ends[0];
    writer = ends[1];
    return true;
  }

  /// Only in a thread of StartThread's: the reader may be closed, and SIGPIPE is blocked there.
  static void Wake(Handle writer) noexcept {
    const char any = 0;
    [[maybe_unused]] const auto size = ::write(writer, &any, 1);
  }

  /// Runs `kBody(argument)` in a thread that nobody waits for and that takes none of the program's signals. Returns 0
  /// or an errno.
  template <void (*kBody)(void*) noexcept>
  static int StartThread(void* argument) noexcept {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread{};
    const int number = pthread_create(&thread, nullptr, &Run<kBody>, argument);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (number == 0) pthread_detach(thread);
    return number;
  }

 private:
  // strerror_r is POSIX's, which fills the room, or GNU's, which returns the words.
  [[maybe_unused]] static const char* Words(int, const char* room) noexcept { return room; }
  [[maybe_unused]] static const char* Words(const char* words, const char*) noexcept { return words; }

  template <void (*kBody)(void*) noexcept>
  static void* Run(void* argument) {
    kBody(argument);
    return nullptr;
  }

  template <typename Call>
  static std::invoke_result_t<Call> Uninterrupted(Call call) noexcept {
    for (;;) {
      const auto result = call();
      if (result >= 0 || errno != EINTR) return result;
    }
  }

  static void SetOption(Handle handle, int level, int name, int value) noexcept {
    ::setsockopt(handle, level, name, &value, sizeof value);
  }

  static Handle Prepared(Handle handle) noexcept {
    if (handle == kNoHandle) return handle;
    SetOption(handle, IPPROTO_TCP, TCP_NODELAY, 1);
#if defined(SO_NOSIGPIPE)
    SetOption(handle, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    return handle;
  }

  /// Non-blocking and closed on exec, where that cannot be asked for at once.
  [[maybe_unused]] static Handle WithFlags(Handle handle) noexcept {
    if (handle == kNoHandle) return handle;
    ::fcntl(handle, F_SETFD, FD_CLOEXEC);
    ::fcntl(handle, F_SETFL, ::fcntl(handle, F_GETFL) | O_NONBLOCK);
    return handle;
  }
};

}  // namespace detail

/// A TCP connection of a POSIX system. Name resolution uses a thread, so programs link with -pthread.
using PosixSocket = BasicTcpSocket<detail::PosixCalls>;

SMTPOLL_NAMESPACE_END

#endif

#endif

// ---- smtpoll/socket/winsock.hpp ----
// Sockets of Windows: the system calls that BasicTcpSocket is written over, and WinsockSocket itself.
// Programs link with ws2_32 and iphlpapi. With SMTPOLL_NO_WSASTARTUP defined, the program starts Winsock itself.
#ifndef SMTPOLL_SOCKET_WINSOCK_HPP
#define SMTPOLL_SOCKET_WINSOCK_HPP

#if defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The system as BasicTcpSocket sees it; detail::PosixCalls says what each call means.
struct WinsockCalls {
  using Handle = SOCKET;
  static constexpr Handle kNoHandle = ~Handle{0};

  /// A hold on Winsock, which counts its holders.
  class Network {
   public:
    Network() = default;
    Network(Network&& other) noexcept : started_(std::exchange(other.started_, false)) {}
    Network& operator=(Network&& other) noexcept {
      std::swap(started_, other.started_);
      return *this;
    }
#if defined(SMTPOLL_NO_WSASTARTUP)
    bool Start() noexcept { return true; }
#else
    ~Network() {
      if (started_) ::WSACleanup();
    }
    bool Start() noexcept {
      WSADATA data;
      started_ = started_ || ::WSAStartup(0x0202, &data) == 0;
      return started_;
    }
#endif

   private:
    bool started_ = false;
  };

  // ---- Error numbers.

  static int LastError() noexcept { return ::WSAGetLastError(); }
  static bool Interrupted(int number) noexcept { return number == WSAEINTR; }
  static bool WouldBlock(int number) noexcept { return number == WSAEWOULDBLOCK; }
  static bool ConnectPending(int number) noexcept { return number == WSAEWOULDBLOCK; }
  static bool PeerVanished(int number) noexcept { return number == WSAECONNRESET; }

  /// The number: Windows has its words in the user's language and code page, which a log may not take.
  static FixedText<64> Reason(int number) noexcept {
    FixedText<64> reason("Windows error ");
    reason.AppendDecimal(static_cast<unsigned>(number));
    return reason;
  }

  static int Translate(int number) noexcept {
    constexpr struct {
      int number;
      Errc code;
    } kTable[] = {
        {WSAECONNRESET, Errc::ConnectionLost}, {WSAECONNABORTED, Errc::ConnectionLost},
        {WSAENOTCONN, Errc::ConnectionLost},   {WSAESHUTDOWN, Errc::ConnectionLost},
        {WSAENETRESET, Errc::ConnectionLost},  {WSAEADDRINUSE, Errc::AddressInUse},
        {WSAENOBUFS, Errc::OutOfMemory},       {WSA_NOT_ENOUGH_MEMORY, Errc::OutOfMemory},
        {WSAENETDOWN, Errc::NetworkInit},      {WSANOTINITIALISED, Errc::NetworkInit},
        {WSASYSNOTREADY, Errc::NetworkInit},
    };
    for (const auto& row : kTable)
      if (row.number == number) return static_cast<int>(row.code);
    return number;
  }
  static int TranslateResolve(int number) noexcept {
    if (number == WSANOTINITIALISED) return static_cast<int>(Errc::NetworkInit);
    return static_cast<int>(number == WSA_NOT_ENOUGH_MEMORY ? Errc::OutOfMemory : Errc::NameResolution);
  }

  // ---- Addresses.

  static int GetAddresses(const char* host, const char* port, const addrinfo& hints, addrinfo*& list) noexcept {
    return ::getaddrinfo(host, port, &hints, &list);
  }
  static void FreeAddresses(addrinfo* list) noexcept { ::freeaddrinfo(list); }

  static bool OwnName(Handle handle, sockaddr_storage& into) noexcept {
    int size = sizeof into;
    return ::getsockname(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }
  static bool PeerName(Handle handle, sockaddr_storage& into) noexcept {
    int size = sizeof into;
    return ::getpeername(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }

  // ---- Sockets.

  static Handle Open(int family) noexcept { return Prepared(OpenOf(family, SOCK_STREAM, IPPROTO_TCP)); }

  static bool Bind(Handle handle, const addrinfo& to) noexcept {
    return ::bind(handle, to.ai_addr, static_cast<int>(to.ai_addrlen)) == 0;
  }

  static bool Connect(Handle handle, const addrinfo& to) noexcept {
    return ::connect(handle, to.ai_addr, static_cast<int>(to.ai_addrlen)) == 0;
  }

  static int PendingError(Handle handle) noexcept {
    int number = 0, size = sizeof number;
    const bool known = ::getsockopt(handle, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&number), &size) == 0;
    return known ? number : LastError();
  }

  /// SO_REUSEADDR would let another program take the port here, so it is the opposite that is asked for. A port that
  /// somebody else has in this way is refused with WSAEACCES.
  static bool Listen(Handle handle, const addrinfo& on) noexcept {
    SetOption(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
    if (on.ai_family == AF_INET6) SetOption(handle, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (Bind(handle, on) && ::listen(handle, 1) == 0) return true;
    if (LastError() == WSAEACCES) ::WSASetLastError(WSAEADDRINUSE);
    return false;
  }

  /// What is accepted is non-blocking as the listener is.
  static Handle Accept(Handle listener) noexcept { return Prepared(::accept(listener, nullptr, nullptr)); }

  static constexpr bool kWaitsInReceive = false;
  static std::ptrdiff_t Receive(Handle handle, char* into, std::size_t room) noexcept {
    return ::recv(handle, into, Clamp(room), 0);
  }

  static std::ptrdiff_t Send(Handle handle, const char* bytes, std::size_t size) noexcept {
    return ::send(handle, bytes, Clamp(size), 0);
  }

  /// By select, because WSAPoll of older systems does not tell of a connect that failed.
  static int Poll(Handle handle, Readiness what, int at_most, Readiness& ready) noexcept {
    if (what == Readiness::None) {
      ::Sleep(static_cast<DWORD>(at_most));
      return 0;
    }
    timeval time{at_most / 1000, at_most % 1000 * 1000};
    fd_set readable = SetOf(handle, Includes(what, Readiness::Read));
    fd_set writable = SetOf(handle, Includes(what, Readiness::Write));
    fd_set failed = SetOf(handle, true);
    const int count = ::select(0, &readable, &writable, &failed, &time);
    if (count <= 0) return count;
    if (failed.fd_count != 0) ready = what;
    if (readable.fd_count != 0) ready = ready | Readiness::Read;
    if (writable.fd_count != 0) ready = ready | Readiness::Write;
    return count;
  }

  static int PollWritable(const Handle* handles, std::size_t count, int at_most) noexcept {
    timeval time{at_most / 1000, at_most % 1000 * 1000};
    fd_set writable = SetOf(handles[0], false), failed = writable;
    for (std::size_t i = 0; i < count; ++i) writable.fd_array[i] = failed.fd_array[i] = handles[i];
    writable.fd_count = failed.fd_count = static_cast<unsigned>(count);
    return ::select(0, nullptr, &writable, &failed, &time);
  }

  static void CloseHandle(Handle handle) noexcept {
    if (handle != kNoHandle) ::closesocket(handle);
  }

  // ---- The resolver's thread.

  /// Two datagram sockets on loopback, connected to each other so that nobody else's datagram wakes us.
  static bool OpenWake(Handle& reader, Handle& writer) noexcept {
    reader = OpenOf(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (reader == kNoHandle) return false;
    writer = OpenOf(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (writer != kNoHandle && BindLoopback(reader) && BindLoopback(writer) && ConnectTo(reader, writer) &&
        ConnectTo(writer, reader))
      return true;
    const int number = LastError();
    CloseHandle(std::exchange(reader, kNoHandle));
    CloseHandle(std::exchange(writer, kNoHandle));
    ::WSASetLastError(number);
    return false;
  }

  static void Wake(Handle writer) noexcept {
    const char any = 0;
    ::send(writer, &any, 1, 0);
  }

  template <void (*kBody)(void*) noexcept>
  static int StartThread(void* argument) noexcept {
    const std::uintptr_t thread = ::_beginthreadex(nullptr, 0, &Run<kBody>, argument, 0, nullptr);
    if (thread == 0) return LastError();
    ::CloseHandle(reinterpret_cast<HANDLE>(thread));
    return 0;
  }

 private:
  template <void (*kBody)(void*) noexcept>
  static unsigned __stdcall Run(void* argument) {
    kBody(argument);
    return 0;
  }

  static int Clamp(std::size_t size) noexcept { return size < INT_MAX ? static_cast<int>(size) : INT_MAX; }

  static Handle OpenOf(int family, int type, int protocol) noexcept {
    const Handle handle =
        ::WSASocketW(family, type, protocol, nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    u_long non_blocking = 1;
    if (handle != kNoHandle) ::ioctlsocket(handle, static_cast<long>(FIONBIO), &non_blocking);
    return handle;
  }

  static Handle Prepared(Handle handle) noexcept {
    if (handle != kNoHandle) SetOption(handle, IPPROTO_TCP, TCP_NODELAY, 1);
    return handle;
  }

  static void SetOption(Handle handle, int level, int name, int value) noexcept {
    ::setsockopt(handle, level, name, reinterpret_cast<const char*>(&value), sizeof value);
  }

  static fd_set SetOf(Handle handle, bool wanted) noexcept {
    fd_set set{};
    set.fd_count = wanted ? 1 : 0;
    set.fd_array[0] = handle;
    return set;
  }

  static bool BindLoopback(Handle handle) noexcept {
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(handle, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
  }

  static bool ConnectTo(Handle handle, Handle other) noexcept {
    sockaddr_storage address{};
    return OwnName(other, address) &&
           ::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)) == 0;
  }
};

}  // namespace detail

/// A TCP connection of Windows.
using WinsockSocket = BasicTcpSocket<detail::WinsockCalls>;

SMTPOLL_NAMESPACE_END

#endif

#endif

// ---- smtpoll/socket/native.hpp ----
// NativeSocket: the socket policy of the operating system that the program is compiled for.
#ifndef SMTPOLL_SOCKET_NATIVE_HPP
#define SMTPOLL_SOCKET_NATIVE_HPP

SMTPOLL_NAMESPACE_BEGIN

#if defined(SMTPOLL_POSIX)
/// The TCP sockets of this platform.
using NativeSocket = PosixSocket;
#elif defined(SMTPOLL_WINDOWS)
using NativeSocket = WinsockSocket;
#else
namespace detail {

template <typename Platform>
class NoSocket {
  static_assert(!sizeof(Platform*),
                "NativeSocket: this platform has neither POSIX sockets nor Winsock; bring a socket policy of your own");
};
struct UnknownPlatform;

}  // namespace detail

/// Fails to compile where it is used: this platform needs a socket policy of the user's own.
using NativeSocket = detail::NoSocket<detail::UnknownPlatform>;
#endif

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/network_interface.hpp ----
// The network interfaces of this machine: the seed's class NetworkInterface and its System functions.
// An interface with several IP addresses is listed once for each, IPv4 first; one without an address is left out.
#ifndef SMTPOLL_SOCKET_NETWORK_INTERFACE_HPP
#define SMTPOLL_SOCKET_NETWORK_INTERFACE_HPP

#if defined(SMTPOLL_WINDOWS)
#include <vector>
#elif defined(SMTPOLL_POSIX)
#include <ifaddrs.h>
#include <net/if.h>
#if defined(__linux__)
#include <netpacket/packet.h>
#elif __has_include(<net/if_dl.h>)
#include <net/if_dl.h>
#endif
#endif

SMTPOLL_NAMESPACE_BEGIN

/// One IP address of one network interface; its IPAddress is what a socket binds to.
class NetworkInterface {
 public:
  NetworkInterface() = default;
  /// An interface with these values.
  NetworkInterface(std::string name, std::string ip_address, std::string subnet_mask, std::string mac_address)
      : name_(std::move(name)),
        ip_address_(std::move(ip_address)),
        subnet_mask_(std::move(subnet_mask)),
        mac_address_(std::move(mac_address)) {}

  /// The system's name, `eth0` or (Windows) the one people see, in UTF-8.
  const std::string& Name() const noexcept { return name_; }
  /// IPv4 or IPv6; that of a link-local address ends with `%` and the interface's number.
  const std::string& IPAddress() const noexcept { return ip_address_; }
  /// `00:1A:2B:3C:4D:5E`; empty where the interface has none.
  const std::string& MACAddress() const noexcept { return mac_address_; }
  /// `255.255.255.0`, for IPv6 `ffff:ffff:ffff:ffff::`.
  const std::string& SubnetMask() const noexcept { return subnet_mask_; }

 private:
  std::string name_;
  std::string ip_address_;
  std::string subnet_mask_;
  std::string mac_address_;
};

namespace detail {

/// True for an address that does not leave this machine.
inline bool IsLoopback(std::string_view ip_address) noexcept {
  return ip_address == "::1" || ip_address.substr(0, 4) == "127.";
}

/// A hardware address as text; all zero is none.
inline std::string HardwareAddressText(const unsigned char* bytes, std::size_t size) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  unsigned all = 0;
  for (std::size_t i = 0; i < size; ++i) all |= bytes[i];
  if (all == 0) return text;
  for (std::size_t i = 0; i < size; ++i) {
    if (i != 0) text += ':';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

#if defined(SMTPOLL_POSIX)

/// A copy of the address or mask `from` with the family given: BSD cuts masks short and may leave their family out.
inline sockaddr_storage CopyOf(const sockaddr* from, int family) noexcept {
  sockaddr_storage copy{};
  std::size_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
#if defined(SIN6_LEN)
  if (from->sa_len < size) size = from->sa_len;
#endif
  std::memcpy(&copy, from, size);
  copy.ss_family = static_cast<sa_family_t>(family);
  return copy;
}

/// The hardware address of the interface `name`: that of its link layer's entry among all the entries from `at` on.
inline std::string HardwareAddressOf(std::string_view name, const ifaddrs* at) {
  for (; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_name != name) continue;
#if defined(__linux__)
    if (at->ifa_addr->sa_family != AF_PACKET) continue;
    sockaddr_ll link;
    std::memcpy(&link, at->ifa_addr, sizeof link);
    const std::size_t size = link.sll_halen;
    return HardwareAddressText(link.sll_addr, size < sizeof link.sll_addr ? size : sizeof link.sll_addr);
#elif defined(AF_LINK)
    if (at->ifa_addr->sa_family != AF_LINK) continue;
    const auto* link = reinterpret_cast<const sockaddr_dl*>(at->ifa_addr);
    return HardwareAddressText(reinterpret_cast<const unsigned char*>(LLADDR(link)), link->sdl_alen);
#endif
  }
  return {};
}

inline Sequence<NetworkInterface> ListInterfaces() {
  Sequence<NetworkInterface> list;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return list;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
      if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != family || (at->ifa_flags & IFF_UP) == 0) continue;
      std::string mask;
      if (at->ifa_netmask != nullptr) mask = ToText(CopyOf(at->ifa_netmask, family)).View();
      list.Append({at->ifa_name, std::string(ToText(CopyOf(at->ifa_addr, family)).View()), std::move(mask),
                   HardwareAddressOf(at->ifa_name, first)});
    }
  }
  ::freeifaddrs(first);
  return list;
}

#elif defined(SMTPOLL_WINDOWS)

inline std::string ToUtf8(const wchar_t* text) {
  const int size = ::WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(size > 0 ? size : 1), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text, -1, result.data(), size, nullptr, nullptr);
  result.pop_back();
  return result;
}

/// The mask whose first `prefix` bits are set.
inline sockaddr_storage MaskOf(int family, unsigned prefix) noexcept {
  unsigned char bits[16] = {};
  for (unsigned i = 0; i < prefix && i < 128; ++i)
    bits[i / 8] = static_cast<unsigned char>(bits[i / 8] | 0x80 >> i % 8);
  sockaddr_storage mask{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  std::memcpy(&v4.sin_addr, bits, sizeof v4.sin_addr);
  std::memcpy(&v6.sin6_addr, bits, sizeof v6.sin6_addr);
  std::memcpy(&mask, family == AF_INET ? static_cast<const void*>(&v4) : &v6,
              family == AF_INET ? sizeof v4 : sizeof v6);
  mask.ss_family = static_cast<ADDRESS_FAMILY>(family);
  return mask;
}

inline Sequence<NetworkInterface> ListInterfaces() {
  constexpr ULONG kFlags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
  Sequence<NetworkInterface> list;
  ULONG size = 16 * 1024;
  std::vector<IP_ADAPTER_ADDRESSES> memory;
  ULONG result = ERROR_BUFFER_OVERFLOW;
  for (int i = 0; i < 4 && result == ERROR_BUFFER_OVERFLOW; ++i) {
    memory.resize(size / sizeof(IP_ADAPTER_ADDRESSES) + 1);
    result = ::GetAdaptersAddresses(AF_UNSPEC, kFlags, nullptr, memory.data(), &size);
  }
  if (result != ERROR_SUCCESS) return list;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const IP_ADAPTER_ADDRESSES* at = memory.data(); at != nullptr; at = at->Next) {
      if (at->OperStatus != IfOperStatusUp) continue;
      for (const auto* address = at->FirstUnicastAddress; address != nullptr; address = address->Next) {
        if (address->Address.lpSockaddr->sa_family != family) continue;
        sockaddr_storage ip{};
        std::memcpy(&ip, address->Address.lpSockaddr, static_cast<std::size_t>(address->Address.iSockaddrLength));
        list.Append({ToUtf8(at->FriendlyName), std::string(ToText(ip).View()),
                     std::string(ToText(MaskOf(family, address->OnLinkPrefixLength)).View()),
                     HardwareAddressText(at->PhysicalAddress, at->PhysicalAddressLength)});
      }
    }
  }
  return list;
}

#else

inline Sequence<NetworkInterface> ListInterfaces() { return {}; }

#endif

}  // namespace detail

/// The seed's System functions about interfaces. Each call asks the operating system anew.
namespace System {

/// All interfaces that are up; empty where the system does not tell.
inline Sequence<smtpoll::NetworkInterface> NetworkInterfaces() { return detail::ListInterfaces(); }

/// How many NetworkInterfaces lists.
inline std::size_t NetworkInterfaceCount() { return NetworkInterfaces().size(); }

/// The seed's System.NetworkInterface(index), from 0; one with all members empty where there is none.
inline smtpoll::NetworkInterface NetworkInterface(std::size_t index) {
  Sequence<smtpoll::NetworkInterface> list = NetworkInterfaces();
  return index < list.Count() ? std::move(list[index]) : smtpoll::NetworkInterface();
}

/// IP of this machine: of the first interface that is no loopback, else of the first; empty where there is none.
inline std::string HostAddress() {
  const Sequence<smtpoll::NetworkInterface> list = NetworkInterfaces();
  for (const smtpoll::NetworkInterface& one : list)
    if (!detail::IsLoopback(one.IPAddress())) return one.IPAddress();
  return list.empty() ? std::string() : list[0].IPAddress();
}

}  // namespace System

namespace detail {

/// IP of this end of a socket policy's connection; where there is none, of the interface wanted or of the host.
template <typename Socket>
std::string LocalAddressOf(const Socket& socket, const std::optional<NetworkInterface>& wanted) {
  char address[64];
  if (const std::size_t size = socket.LocalAddress(address, sizeof address); size != 0) return {address, size};
  return wanted ? wanted->IPAddress() : System::HostAddress();
}

/// IP of the peer; empty where not connected.
template <typename Socket>
std::string RemoteAddressOf(const Socket& socket) {
  char address[64];
  return {address, socket.RemoteAddress(address, sizeof address)};
}

}  // namespace detail

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/transport/plain.hpp ----
// The transport that adds nothing: bytes go to the socket as they are. Also the shortest example of a transport policy.
#ifndef SMTPOLL_TRANSPORT_PLAIN_HPP
#define SMTPOLL_TRANSPORT_PLAIN_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Sends and receives in plain text over `Socket`, a socket policy.
template <typename Socket>
class PlainTransport {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = false;

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  IoResult Handshake(std::string_view) noexcept { return IoResult::Ok(); }
  IoResult Read(char* into, std::size_t room) { return socket_.Read(into, room); }
  /// Only where the socket has it.
  template <typename S = Socket, typename = detail::StreamReadWait<S>>
  IoResult ReadWait(char* into, std::size_t room, Millis at_most) {
    return socket_.ReadWait(into, room, at_most);
  }
  IoResult Write(const char* bytes, std::size_t size) { return socket_.Write(bytes, size); }
  Readiness Wants() const noexcept { return Readiness::None; }
  bool Secured() const noexcept { return false; }
  void Close() { socket_.Close(); }
  ///@}

 private:
  Socket socket_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/smtp_socket.hpp ----
// SMTPSocket: the seed's class. Properties, methods and events have the seed's names; Poll() drives it step by step.
// Nothing here blocks but Poll(milliseconds). One object belongs to one thread at a time; objects share nothing.
// Invariant: a message is in Messages, under way, in InDoubt, or was handed to MessageFinished as sent or refused.
#ifndef SMTPOLL_CLIENT_SMTP_SOCKET_HPP
#define SMTPOLL_CLIENT_SMTP_SOCKET_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The seed's SMTPSocket over a socket policy, a transport policy, a handler policy and buffer sizes. The public
/// members of ClientSettings (UserName, Password, ...) and of the handler (the events) are members of this class too;
/// over a transport that takes TlsSettings, those of SecureSettings as well.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = EventFunctions,
          typename Limits = DefaultLimits>
class BasicSMTPSocket : public detail::SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicSMTPSocket() = default;
  BasicSMTPSocket(const BasicSMTPSocket&) = delete;
  BasicSMTPSocket& operator=(const BasicSMTPSocket&) = delete;

  std::string Address;     ///< Host name, IPv4 or IPv6 literal to connect to.
  std::uint16_t Port = 0;  ///< Port to connect to, or to listen on; after Listen on 0 the one the system picked.
  /// The queue; element 0 is the next to go. May be changed at any time, also in an event. Messages that are under way
  /// (up to MessagesInFlight) are not in it any more.
  Sequence<EmailMessage> Messages;
  /// Messages whose fate is unknown: the connection died after the content and before the reply. The caller decides.
  Sequence<EmailMessage> InDoubt;
  /// The local interface to bind to; unset: the system's choice.
  std::optional<smtpoll::NetworkInterface> NetworkInterface;
  std::size_t PollBudget = std::size_t{256} * 1024;  ///< Bytes that one Poll moves at most, about.
  std::size_t ReceiveBufferLimit =
      std::size_t{256} * 1024;  ///< Bytes of raw data kept unread; the peer has to wait for more room.
  std::size_t SendBufferLimit = std::size_t{1024} * 1024;  ///< Bytes of raw data that Write queues; more is an error.

  /// Starts to connect to Address:Port; Poll goes on to the greeting, EHLO and AUTH. Faults come through Error:
  /// 106 where a connection is there already, 107 for port 0, Errc::CredentialsOnPlainWire before a byte is sent.
  void Connect();
  /// Connects where that is not done yet, sends every queued message and disconnects. Returns at once; Poll drives it.
  void SendMail();
  /// Makes all the progress that can be made now, without blocking, and fires the events that are due.
  PollStatus Poll();
  /// As Poll, but where nothing can be done now waits up to `at_most` milliseconds for something (negative: no limit).
  PollStatus Poll(Millis at_most);

  /// Closes and resets. Address, Port, LastError, the settings, the queue and the unread receive buffer stay.
  void Close();
  /// As Close, and fires Error with 102.
  void Disconnect();
  /// Ends the mail session with QUIT after the message under way, then closes; Poll drives it.
  void DisconnectFromServer();
  /// Empties the queue; a message under way stays under way.
  void DeleteAllMessages() { Messages.RemoveAll(); }

  /// Listens on Port (of NetworkInterface); the next incoming connection turns this object into its connected peer.
  void Listen();
  /// Up to `count` bytes of the receive buffer; fewer where fewer are there.
  std::string Read(std::size_t count) { return raw_.Take(count); }
  /// All of the receive buffer.
  std::string ReadAll() { return raw_.Take(SIZE_MAX); }
  /// The receive buffer's content, which stays there.
  std::string Lookahead() const { return std::string(raw_.Received()); }
  /// Queues raw bytes. Only where connected and no message is under way; otherwise Error 106 and false. 108 where
  /// SendBufferLimit would be passed. What the peer answers then comes through DataAvailable and Read.
  bool Write(std::string_view data);
  /// Pushes out now what the wire takes; true where nothing is left to send.
  bool Flush();
  /// Empties the receive buffer; the send buffer stays.
  void Purge() { raw_.Purge(); }
  /// True where the receive buffer is empty.
  bool EndOfFile() const { return raw_.Received().empty(); }
  /// Bytes in the receive buffer.
  std::size_t BytesAvailable() const { return raw_.Received().size(); }
  /// Bytes queued and not yet taken by the system: raw bytes, commands, the rest of the message under way and, while
  /// SendMail is at work, the messages that wait. Not 0 as long as the content of a message is left to send.
  std::size_t BytesLeftToSend() const;

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// TLS is established: all that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// A TLS handshake is under way.
  bool SSLConnecting() const { return driver_.CurrentState() == State::Securing; }
  /// IP of this end; of the host (its first interface that is no loopback) where not connected.
  std::string LocalAddress() const { return detail::LocalAddressOf(driver_.Layer().NextLayer(), NetworkInterface); }
  /// IP of the peer; empty where not connected.
  std::string RemoteAddress() const { return detail::RemoteAddressOf(driver_.Layer().NextLayer()); }
  /// The socket for the caller's own event loop; Socket::kNoHandle where there is none. It may change with each Poll
  /// until the connection stands (name resolution and each address tried have their own).
  typename Socket::Handle Handle() const { return driver_.Layer().NextLayer().NativeHandle(); }
  /// The Handle() has to become readable before Poll can do more.
  bool WantsRead() const { return Includes(Wants(), Readiness::Read); }
  /// The Handle() has to become writable before Poll can do more.
  bool WantsWrite() const { return Includes(Wants(), Readiness::Write); }
  /// When Poll should be called even if nothing happens, on Now()'s clock; kNever where nothing is pending.
  Millis NextDeadline() const {
    return driver_.CurrentState() == State::Raw && !WantsRead() ? kNever : driver_.NextDeadline();
  }
  /// The socket's clock, milliseconds; it never runs backwards.
  static Millis Now() { return Socket::Now(); }

  /// The last error; it stays until the next one.
  const smtpoll::Error& LastError() const { return last_error_; }
  /// The seed's LastErrorCode.
  int LastErrorCode() const { return last_error_.ErrorNumber; }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The present connection, or the last one, for a support ticket: ToString and ToJson write it out.
  SessionReport Explain() const { return detail::MakeReport(driver_, strings_.Host(), last_error_, *this); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using State = typename Driver<Socket, Transport, Limits>::State;

  void Open(const smtpoll::Error* refusal = nullptr);
  PollStatus Turn(Millis patience);
  void Round(std::size_t& budget);
  bool StartNext();
  bool StartMessage();
  void PrepareMessage();
  void PrepareAhead();
  void ReturnPrepared();
  MessageSource& Rendering() { return sources_[rendering_]; }
  void FinishRun();
  void PumpRaw(std::size_t& budget);
  void Dispatch(const Event& event);
  void ReportChunk(const Event& event);
  void ReportLastChunk();
  void Land(Outcome outcome, const smtpoll::Error* why);
  void ReturnUnfinished(const smtpoll::Error* why = nullptr);
  void Finish(detail::Flights::Owner flight, const smtpoll::Error* because);
  void Fault(const smtpoll::Error& error);
  void Report(const smtpoll::Error& error);
  void TearDown();
  bool InIdleSession() const { return driver_.CurrentState() == State::Session && driver_.Session().Idle(); }
  Readiness Wants() const;
  PollStatus Status() const;
  std::string BindAddress() const { return NetworkInterface ? NetworkInterface->IPAddress() : std::string(); }
  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicSMTPSocket*>(self)->OnTranscript(side, line);
  }

  detail::SessionStrings strings_;
  detail::RawStream raw_;
  detail::PipeliningTrust trust_;
  detail::Flights flights_;     // the messages that the engine has, oldest first
  detail::Flights unfinished_;  // those that need another transaction for more of their recipients
  detail::Flights prepared_;    // at most one, that is laid out and waits for its turn
  MessageSource sources_[2];    // one renders the newest message, the other one holds what is prepared
  unsigned rendering_ = 0;
  std::size_t returned_ = 0;     // messages that came back to the queue since the connection was made
  bool sending_ = false;         // SendMail is at work
  bool quit_wanted_ = false;     // QUIT as soon as the session is idle
  bool looks_first_ = false;     // SendMail found a connection: whether the server has hung up is to be seen first
  bool sent_some_ = false;       // at least one message of this run was sent
  bool accepted_ = false;        // the connection came in through Listen
  bool last_chunk_due_ = false;  // the newest message's final SendProgress has not come yet
  std::size_t raw_told_ = 0;     // what SendProgress was last told of the raw send buffer
  bool opening_ = false;         // Open asks for a token
  bool token_renewed_ = false;   // this connection has a token that was asked for after a refusal
  bool polling_ = false;
  bool closing_ = false;
  bool progress_ = false;  // the last round did something
  smtpoll::Error last_error_;
  mutable std::uint64_t waiting_size_ = 0;  // rendered size of the first waiting_count_ messages of the queue
  mutable std::size_t waiting_count_ = 0;
  Driver<Socket, Transport, Limits> driver_;  // last, because its end looks at what the others have
};

/// SMTPSocket over this platform's sockets, without TLS.
using SMTPSocket = BasicSMTPSocket<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/detail/smtp_socket_events.hpp ----
// What each event of the engine means for BasicSMTPSocket's queue and its caller: where a message goes when its outcome
// is known, and who hears of it. Invariant: a flight is taken out of its list before a handler hears of it, so a
// handler may end the connection.
#ifndef SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_EVENTS_HPP
#define SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_EVENTS_HPP

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// The wire is gone, or the server has said goodbye: by that, no reply is wrong.
inline bool IsLoss(const Error& error) noexcept {
  return error.Code() == Errc::ConnectionLost || OwnName(error.Code()) == nullptr;
}

}  // namespace detail

#define SMTPOLL_MEMBER(...)                                                                          \
  template <typename Socket, template <typename> class Transport, typename Handler, typename Limits> \
  __VA_ARGS__ BasicSMTPSocket<Socket, Transport, Handler, Limits>

// What each event of the engine means for the queue and the caller.
SMTPOLL_MEMBER(void)::Dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::None:
    case EventKind::CommandReply:
    case EventKind::NeedTls:
    case EventKind::Hello:
    case EventKind::Ready: return;
    case EventKind::Authenticated: return strings_.Forget();
    case EventKind::Greeting: return this->OnConnectionEstablished(event.reply.text);
    case EventKind::RecipientAccepted:
    case EventKind::RecipientRefused: return flights_.Oldest().delivery.OnRecipient(event);
    case EventKind::RecipientFinal: return flights_.Oldest().delivery.OnRecipientFinal(event);
    case EventKind::Chunk: return ReportChunk(event);
    case EventKind::Accepted: flights_.Oldest().delivery.OnAccepted(event); return Land(Outcome::Sent, nullptr);
    case EventKind::Refused: return Land(Outcome::Refused, event.error);
    case EventKind::InDoubt: return Land(Outcome::InDoubt, event.error);
    case EventKind::Returned: return Land(Outcome::Queued, event.error);
    case EventKind::MustReconnect:
      if (driver_.Session().RefusesOverlap()) trust_.RefusedOverlap();
      // The message is out of the queue; those that wait need a new wire.
      ReturnPrepared();
      if (sending_ && Messages.empty() && unfinished_.empty()) FinishRun();
      if ((sending_ || !unfinished_.empty()) && !closing_) return Open();
      quit_wanted_ = false;
      return;
    case EventKind::Failed: {
      const smtpoll::Error why = *event.error;  // a handler may bring about the next one
      if (!closing_ && driver_.Session().FailedInGroup()) trust_.FailedInGroup(why);
      if (!closing_) {
        if (!token_renewed_ && detail::RefusesToken(why)) return Open(&why);
        if (looks_first_ && sending_ && detail::IsLoss(why)) return Open();
        Fault(why);
      }
      ReturnUnfinished(&why);
      return;
    }
    case EventKind::Ended:
      strings_.Forget();
      // SendMail was called again while QUIT was on its way.
      if ((sending_ || !unfinished_.empty()) && !closing_) return Open();
      ReturnUnfinished();
      return;
  }
}

SMTPOLL_MEMBER(void)::ReportChunk(const Event& event) {
  const bool cancelled = detail::AskAboutChunk(static_cast<Handler&>(*this), event);
  last_chunk_due_ = !cancelled;
  if (cancelled) driver_.Session().Cancel();
}

/// All content of the newest message has gone, or stands in the send buffer with the next message behind it.
SMTPOLL_MEMBER(void)::ReportLastChunk() {
  last_chunk_due_ = false;
  this->OnSendProgress(0, 0);
}

/// The oldest message under way has its outcome; more of its recipients may need another transaction.
SMTPOLL_MEMBER(void)::Land(Outcome outcome, const smtpoll::Error* why) {
  smtpoll::Error reason;
  if (why != nullptr) {
    reason = *why;  // a handler that connects again writes over it
    why = &reason;
  }
  detail::Flights::Owner flight = flights_.TakeOldest();
  if (outcome != Outcome::Sent) flight->delivery.End(outcome, why);
  const bool has_more = flight->delivery.HasMore();
  if (has_more) unfinished_.Add(std::move(flight));
  if (flights_.Count() == 0) {
    Rendering().Close();
    const bool gone = outcome == Outcome::Sent || (why != nullptr && why->reply_code != 0);
    if (last_chunk_due_ && gone) ReportLastChunk();
    last_chunk_due_ = false;
  }
  if (!has_more) return Finish(std::move(flight), why);  // NOLINT(bugprone-use-after-move): it is here still
  if (closing_) ReturnUnfinished();
}

/// The connection is gone, because of `why`, before the last recipients of these messages had their turn.
SMTPOLL_MEMBER(void)::ReturnUnfinished(const smtpoll::Error* why) {
  ReturnPrepared();
  while (!unfinished_.empty()) {
    detail::Flights::Owner flight = unfinished_.TakeOldest();
    flight->delivery.End(Outcome::Queued, why);
    Finish(std::move(flight), nullptr);
  }
}

/// The message goes where its outcome says, and the caller hears of it.
SMTPOLL_MEMBER(void)::Finish(detail::Flights::Owner flight, const smtpoll::Error* because) {
  EmailMessage& mail = flight->mail;
  const SendResult& result = flight->delivery.Result();
  const smtpoll::Error why = because != nullptr ? *because : result.error;
  if constexpr (detail::Returns<bool, detail::TakenWhenLanded, Handler>()) {
    if (this->OnMessageLanded(mail, result, Now())) {
      sent_some_ = sent_some_ || result.outcome == Outcome::Sent;
      return flights_.GiveBack(std::move(flight));
    }
  }
  switch (result.outcome) {
    case Outcome::Queued:
      if (flight->delivery.Settle(mail)) this->OnMessageFinished(mail, result);
      Messages.Insert(returned_++, std::move(mail));
      break;
    case Outcome::Sent:
      sent_some_ = true;
      this->OnMessageFinished(mail, result);
      this->OnMessageSent(mail);
      break;
    case Outcome::InDoubt:
      this->OnMessageFinished(mail, result);
      flight->delivery.Settle(mail);
      InDoubt.Append(std::move(mail));
      this->OnMessageInDoubt(InDoubt[InDoubt.Count() - 1], why);
      break;
    case Outcome::Refused:
      this->OnMessageFinished(mail, result);
      if (why.reply_code != 0) {
        last_error_ = why;
        this->OnServerError(why.reply_code, why.text.View(), mail);
      } else if (why.Code() != Errc::Cancelled) {
        Report(why);
      }
      break;
  }
  flights_.GiveBack(std::move(flight));
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/detail/smtp_socket_impl.hpp ----
// The bodies of BasicSMTPSocket: connecting, Poll and its rounds, the raw stream, and how a connection ends.
#ifndef SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_IMPL_HPP
#define SMTPOLL_CLIENT_DETAIL_SMTP_SOCKET_IMPL_HPP

SMTPOLL_NAMESPACE_BEGIN

#define SMTPOLL_MEMBER(...)                                                                          \
  template <typename Socket, template <typename> class Transport, typename Handler, typename Limits> \
  __VA_ARGS__ BasicSMTPSocket<Socket, Transport, Handler, Limits>

SMTPOLL_MEMBER(void)::Connect() {
  if (driver_.CurrentState() != State::Closed || opening_)
    Report(smtpoll::Error(Errc::InvalidState, Phase::Connect, "the socket is in use already"));
  else
    Open();
}

SMTPOLL_MEMBER(void)::SendMail() {
  if (Messages.empty() && flights_.empty() && unfinished_.empty() && prepared_.empty()) return;
  const State state = driver_.CurrentState();
  if (state == State::Listening || (state == State::Raw && (accepted_ || raw_.Unsent() != 0)))
    return Report(smtpoll::Error(Errc::InvalidState, Phase::Idle, "the connection is used as a raw stream"));
  if (state == State::Raw) driver_.LeaveRaw();
  if (!sending_) sent_some_ = false;
  sending_ = true;
  quit_wanted_ = true;
  looks_first_ = InIdleSession();
  if (state == State::Closed && !opening_) Open();
}

/// `refusal`: the server's word on the access token of the connection before.
SMTPOLL_MEMBER(void)::Open(const smtpoll::Error* refusal) {
  if (Port == 0) return Fault(smtpoll::Error(Errc::InvalidPort, Phase::Connect, "Port is 0"));
  if (Address.empty()) return Fault(smtpoll::Error(Errc::NameResolution, Phase::Resolve, "Address is empty"));
  accepted_ = looks_first_ = false;
  returned_ = 0;
  last_chunk_due_ = false;
  SessionOptions options = strings_.Take(*this, Address, BindAddress());
  driver_.StartTally(Port);
  token_renewed_ = refusal != nullptr;
  bool has_token = false, closed = false;
  {
    detail::FlagScope opening(opening_);
    has_token = strings_.TakeToken(static_cast<Handler&>(*this), token_renewed_, options, opening_);
    closed = !opening_;
  }
  if (closed) return;  // by the handler, who may have connected anew
  if (!has_token) return Fault(*refusal);
  if (const smtpoll::Error error = detail::PrepareSecurity(*this, Port, driver_.Layer(), options)) return Fault(error);
  options.transcript = {&ShowLine, this};
  options.pipelining = options.pipelining && trust_.Start(Address, Port);
  if (trust_.OneAtATime()) options.in_flight = 1;
  driver_.Connect({strings_.Host(), Port, strings_.LocalAddress()}, options);
}

SMTPOLL_MEMBER(void)::Listen() {
  if (driver_.CurrentState() != State::Closed)
    return Report(smtpoll::Error(Errc::InvalidState, Phase::Listen, "the socket is in use already"));
  accepted_ = true;
  driver_.Listen(Port, BindAddress());
  // A port that is taken is told at once, not with the first Poll.
  std::size_t budget = 0;
  const Event event = driver_.CurrentState() == State::Closed ? driver_.Next(budget) : Event();
  if (event.kind == EventKind::Failed) Fault(*event.error);
}

SMTPOLL_MEMBER(PollStatus)::Poll() { return Turn(0); }

SMTPOLL_MEMBER(PollStatus)::Poll(Millis at_most) {
  const PollStatus status = Turn(at_most);
  const bool waited = at_most == 0 || driver_.Patience() == 0;
  if (polling_ || progress_ || waited || status.waits_for == Readiness::None) return status;
  driver_.Wait(status.waits_for, at_most);
  return Turn(0);
}

SMTPOLL_MEMBER(PollStatus)::Turn(Millis patience) {
  if (polling_) return Status();
  {
    detail::FlagScope polling(polling_);
    progress_ = false;
    driver_.SetPatience(patience);
    const std::size_t whole = PollBudget == 0 ? 1 : PollBudget;
    std::size_t budget = whole;
    Round(budget);
    progress_ = progress_ || budget != whole;
  }
  return Status();
}

SMTPOLL_MEMBER(void)::Round(std::size_t& budget) {
  for (;;) {
    const State before = driver_.CurrentState();
    if (before == State::Raw) {
      PumpRaw(budget);
      if (driver_.CurrentState() == State::Raw) return;
      continue;
    }
    // A message that is sent to a server that has hung up may be in doubt, though nobody has read it.
    if (!looks_first_ && StartMessage()) continue;
    // Before Next: between an event and its dispatch no handler may end the session.
    if (last_chunk_due_ && driver_.Session().ContentIsOut()) ReportLastChunk();
    const Event event = driver_.Next(budget, [this] { PrepareAhead(); });
    if (event.kind != EventKind::None) {
      progress_ = true;
      Dispatch(event);
    } else if (before == State::Listening && driver_.CurrentState() == State::Raw) {
      progress_ = true;
      this->OnConnectionEstablished({});
    } else if (looks_first_) {
      if (budget == 0) return;
      looks_first_ = false;
    } else if (!StartNext()) {
      return PrepareAhead();
    }
  }
}

/// Starts what can be started now: a message, or QUIT. False where there is nothing to start.
SMTPOLL_MEMBER(bool)::StartNext() {
  if (StartMessage()) return true;
  if (!InIdleSession()) return false;
  if (sending_ && Messages.empty() && prepared_.empty() && unfinished_.empty()) {
    FinishRun();
    if (!InIdleSession() || StartMessage()) return true;
  }
  // A session that takes no further message is ended for a new one.
  const bool exhausted = (sending_ || !unfinished_.empty()) && driver_.Session().IsExhausted();
  if (!quit_wanted_ && !exhausted) return false;
  if (!exhausted) quit_wanted_ = false;
  driver_.Session().Quit(Now());
  return true;
}

/// Starts a message: first those that have recipients left from a transaction before.
SMTPOLL_MEMBER(bool)::StartMessage() {
  if (driver_.CurrentState() != State::Session || !driver_.Session().CanSend()) return false;
  const bool unfinished = !unfinished_.empty();
  if (!unfinished && (!sending_ || (prepared_.empty() && Messages.empty()))) return false;
  if (last_chunk_due_) {
    ReportLastChunk();
    return true;  // the handler may have changed all this
  }
  progress_ = true;
  detail::Flights::Owner flight;
  smtpoll::Error error;
  if (unfinished) {
    flight = unfinished_.TakeOldest();
    error = flight->delivery.Continue(flight->mail, Rendering(), driver_.Session(), Now());
  } else {
    if (prepared_.empty()) PrepareMessage();
    flight = prepared_.TakeOldest();
    rendering_ = 1 - rendering_;
    error = flight->delivery.Result().error;
    if (!error) error = flight->delivery.Begin(Rendering(), driver_.Session(), Now());
  }
  if (error)
    Finish(std::move(flight), &error);
  else
    flights_.Add(std::move(flight));
  return true;
}

/// Takes the next message out of the queue and has it laid out, so that it can go when its turn comes.
SMTPOLL_MEMBER(void)::PrepareMessage() {
  detail::Flights::Owner flight = flights_.Take();
  Messages.PopFront(flight->mail);
  flight->delivery.Prepare(flight->mail, sources_[1 - rendering_], driver_.Session());
  if (waiting_count_ == Messages.Count() + 1) {
    waiting_count_ = Messages.Count();
    const std::uint64_t size = flight->delivery.ContentSize();
    waiting_size_ -= size < waiting_size_ ? size : waiting_size_;
  }
  prepared_.Add(std::move(flight));
}

/// While the server's replies are awaited there is time for what goes next.
SMTPOLL_MEMBER(void)::PrepareAhead() {
  if (sending_ && prepared_.empty() && !Messages.empty() && this->MessagesInFlight > 1 && flights_.Count() != 0 &&
      driver_.CurrentState() == State::Session)
    PrepareMessage();
}

/// What was made ready has not begun, and goes back.
SMTPOLL_MEMBER(void)::ReturnPrepared() {
  if (prepared_.empty()) return;
  detail::Flights::Owner flight = prepared_.TakeOldest();
  sources_[1 - rendering_].Close();
  Messages.Insert(returned_, std::move(flight->mail));
  flights_.GiveBack(std::move(flight));
}

/// The queue is empty: says so, and goes on with what a handler has put into it.
SMTPOLL_MEMBER(void)::FinishRun() {
  sending_ = false;
  if (!sent_some_) return;
  sent_some_ = false;
  this->OnMailSent();
  // Close in the handler has taken quit_wanted_ back: then the run is over.
  sending_ = sending_ || (quit_wanted_ && !Messages.empty());
}

SMTPOLL_MEMBER(void)::PumpRaw(std::size_t& budget) {
  for (;;) {
    const bool had_unsent = raw_.Unsent() != 0;
    if (had_unsent && raw_.Unsent() != raw_told_) {
      raw_told_ = raw_.Unsent();
      if (this->OnSendProgress(raw_told_, raw_told_)) raw_.DropUnsent();
    }
    const detail::RawStream::Progress outgoing = raw_.Send(driver_.Layer(), budget);
    if (had_unsent && raw_.Unsent() == 0) this->OnSendProgress(0, 0);
    const detail::RawStream::Progress incoming = raw_.Receive(driver_.Layer(), ReceiveBufferLimit, budget);
    if (incoming.received) this->OnDataAvailable();
    if (driver_.CurrentState() != State::Raw) return;
    // While nothing can be read, for want of room, a failed write says that the wire is gone.
    const bool deaf = raw_.Received().size() >= ReceiveBufferLimit;
    if (incoming.ended || (outgoing.ended && deaf)) {
      const int number = incoming.ended ? incoming.error : outgoing.error;
      TearDown();
      return Report(smtpoll::Error::FromNumber(number, Phase::Idle));
    }
    if (!outgoing.sent && !incoming.received) return;
  }
}

/// The connection failed, or could not be started.
SMTPOLL_MEMBER(void)::Fault(const smtpoll::Error& error) {
  sending_ = quit_wanted_ = looks_first_ = false;
  strings_.Forget();
  Report(error);
}

SMTPOLL_MEMBER(void)::Report(const smtpoll::Error& error) {
  last_error_ = error;
  const smtpoll::Error told = last_error_;  // the handler may bring about the next one
  this->OnError(told);
}

/// Ends the connection; a message under way gets its outcome.
SMTPOLL_MEMBER(void)::TearDown() {
  detail::FlagScope closing(closing_);
  opening_ = false;
  driver_.Close();
  std::size_t budget = 0;
  for (;;) {
    const Event event = driver_.Next(budget);
    if (event.kind == EventKind::None) break;
    Dispatch(event);
  }
  ReturnUnfinished();
  raw_.DropUnsent();
  strings_.Forget();
  sending_ = quit_wanted_ = looks_first_ = last_chunk_due_ = false;
}

SMTPOLL_MEMBER(void)::Close() { TearDown(); }

SMTPOLL_MEMBER(void)::Disconnect() {
  TearDown();
  Fault(smtpoll::Error(Errc::ConnectionLost, Phase::None, "closed by Disconnect"));
}

SMTPOLL_MEMBER(void)::DisconnectFromServer() {
  if (driver_.CurrentState() == State::Raw && !accepted_ && raw_.Unsent() == 0) driver_.LeaveRaw();
  if (driver_.CurrentState() != State::Session) return Close();
  sending_ = false;
  quit_wanted_ = true;
}

SMTPOLL_MEMBER(bool)::Write(std::string_view data) {
  if (InIdleSession() && !sending_) {
    driver_.EnterRaw();
  } else if (driver_.CurrentState() != State::Raw) {
    Report(smtpoll::Error(Errc::InvalidState, Phase::Idle, "Write needs a connection without a message under way"));
    return false;
  }
  if (raw_.Queue(data, SendBufferLimit)) return true;
  Report(smtpoll::Error(Errc::OutOfMemory, Phase::Idle, "more than SendBufferLimit bytes would wait to be sent"));
  return false;
}

SMTPOLL_MEMBER(bool)::Flush() {
  std::size_t budget = SIZE_MAX;
  if (driver_.CurrentState() == State::Raw)
    raw_.Send(driver_.Layer(), budget);
  else
    Poll();
  return raw_.Unsent() == 0 && driver_.Session().Output().empty();
}

SMTPOLL_MEMBER(std::size_t)::BytesLeftToSend() const {
  std::uint64_t left = raw_.Unsent() + driver_.Session().Output().size();
  const std::uint64_t content = driver_.Session().ContentLeft();
  left += content == kUnknownSize ? 1 : content;
  if (!prepared_.empty()) left += prepared_.Oldest().delivery.ContentSize();
  if (sending_ && waiting_count_ != Messages.Count()) {
    waiting_size_ = 0;
    for (const EmailMessage& mail : Messages) waiting_size_ += detail::ContentSize(mail);
    waiting_count_ = Messages.Count();
  }
  return detail::ClampToSize(sending_ ? left + waiting_size_ : left);
}

SMTPOLL_MEMBER(Readiness)::Wants() const {
  if (driver_.CurrentState() != State::Raw) return driver_.Wants();
  const Readiness read = raw_.Received().size() < ReceiveBufferLimit ? Readiness::Read : Readiness::None;
  return raw_.Unsent() != 0 ? read | Readiness::Write : read;
}

SMTPOLL_MEMBER(PollStatus)::Status() const {
  const State state = driver_.CurrentState();
  return {(state != State::Closed && !InIdleSession()) || sending_ || quit_wanted_, Wants(), NextDeadline()};
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/retry_queue.hpp ----
// RetryQueue: SMTPSocket that does not give up at once. What was refused for now goes again later, a lost connection
// goes on at the next relay, and Poll drives that like all else; it needs no thread and no timer.
// Invariant: a message is in Messages, under way, in Waiting, in InDoubt, in GivenUp, or was handed to MessageFinished.
#ifndef SMTPOLL_CLIENT_RETRY_QUEUE_HPP
#define SMTPOLL_CLIENT_RETRY_QUEUE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// A message that waits for its next try.
struct WaitingMessage {
  EmailMessage Mail;  ///< The message.
  Millis Due = 0;     ///< When that is, on Now()'s clock.
};

namespace detail {

/// The part of RetryQueue that hears what became of each message: `Handler`, and before it the retries.
template <typename Handler>
class RetryHandler : public Handler {
 public:
  RetryPolicy Policy;
  /// Messages whose next try is due later, those for whom all relays failed too. May be changed between two Polls.
  std::vector<WaitingMessage> Waiting;

  void OnError(const Error& error) {
    fault_ = error;
    Handler::OnError(error);
  }
  /// Takes the message back where some of its recipients are worth another try; the others are settled.
  bool OnMessageLanded(EmailMessage& mail, const SendResult& result, Millis now) {
    if (result.outcome == Outcome::Sent || result.outcome == Outcome::Refused) ++landed_;
    bool again = false, settled = false;
    for (const RecipientResult& recipient : result.recipients) {
      const bool worth = IsWorthAnotherTry(recipient, result, Policy.SendInDoubtAgain);
      again = again || worth;
      settled = settled || !worth;
    }
    // A message that no recipient has been settled of is back in Messages, for the next relay.
    const bool untouched = result.outcome == Outcome::Queued && !settled;
    const bool in_doubt = result.outcome == Outcome::InDoubt && !Policy.SendInDoubtAgain;
    if (!again || untouched || in_doubt || IsLastTry(mail)) return false;
    for (const RecipientResult& recipient : result.recipients)
      if (!IsWorthAnotherTry(recipient, result, Policy.SendInDoubtAgain)) mail.Settled.push_back(recipient.mailbox);
    Defer(std::move(mail), result, now);
    return true;
  }

 protected:
  bool IsLastTry(const EmailMessage& mail) const noexcept {
    return Policy.Tries != 0 && mail.Tries + 1 >= Policy.Tries;
  }

  void Defer(EmailMessage mail, const SendResult& result, Millis now) {
    ++mail.Tries;
    const Millis delay = Policy.Delay(mail.Tries, RandomNumber(static_cast<std::uint64_t>(now)));
    Waiting.push_back({std::move(mail), now > kNever - delay ? kNever : now + delay});
    this->OnMessageDeferred(Waiting.back().Mail, result, delay);
  }

  smtpoll::Error fault_;    // the last one of the connection under way
  std::size_t landed_ = 0;  // messages that the server has decided on in it
};

}  // namespace detail

/// BasicSMTPSocket with retries. Fill Messages, call SendMail, then Poll while that says true: until every message is
/// sent, refused for good, in doubt or given up. Further messages may be put into Messages meanwhile. Errors of a
/// connection come through Error as with SMTPSocket; where they cannot go away by themselves (refused credentials, bad
/// settings), Poll says false and the messages stay in Messages until the next SendMail.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = EventFunctions,
          typename Limits = DefaultLimits>
class BasicRetryQueue : public BasicSMTPSocket<Socket, Transport, detail::RetryHandler<Handler>, Limits> {
  using Base = BasicSMTPSocket<Socket, Transport, detail::RetryHandler<Handler>, Limits>;

 public:
  /// The servers to try, best first: one that does not take the connection lets the next one have its turn. Address and
  /// Port then say which one it is. Empty: Address and Port alone.
  std::vector<Relay> Relays;
  /// Messages that no relay has taken in all their tries; certainly not accepted. The caller decides.
  Sequence<EmailMessage> GivenUp;

  /// As SMTPSocket::SendMail, for the messages whose time has come.
  void SendMail() {
    active_ = true;
    Begin();
  }
  /// As SMTPSocket::Poll.
  PollStatus Poll() { return Poll(0); }
  /// Waits up to `at_most` milliseconds (negative: no limit) where nothing can be done now, also for the next try.
  PollStatus Poll(Millis at_most) {
    if (polling_) return Status(false);
    detail::FlagScope polling(polling_);
    Begin();
    const bool waiting = active_ && !running_;
    const bool work_left = Base::Poll(waiting ? 0 : at_most).work_left;
    if (running_ && !work_left) {
      EndRun();
    } else if (waiting && !work_left && at_most != 0) {
      const Millis left = NextDue() > this->Now() ? NextDue() - this->Now() : 0;
      this->Layer().NextLayer().Wait(Readiness::None, at_most < 0 || left < at_most ? left : at_most);
    }
    return Status(work_left);
  }

  /// As SMTPSocket's, and the retries stop until the next SendMail.
  void Close() {
    active_ = running_ = false;
    Base::Close();
  }
  /// As SMTPSocket::Disconnect.
  void Disconnect() {
    active_ = running_ = false;
    Base::Disconnect();
  }
  /// As SMTPSocket::DisconnectFromServer.
  void DisconnectFromServer() {
    active_ = false;
    Base::DisconnectFromServer();
  }

  /// As SMTPSocket's, or when the next try is due.
  Millis NextDeadline() const {
    const Millis due = active_ && !running_ ? NextDue() : kNever;
    return due < Base::NextDeadline() ? due : Base::NextDeadline();
  }

 private:
  Millis NextDue() const noexcept {
    Millis due = kNever;
    for (const WaitingMessage& one : this->Waiting) due = one.Due < due ? one.Due : due;
    return due;
  }

  /// Starts a run with what is due; there is nothing left to do where nothing waits either.
  void Begin() {
    if (!active_ || running_) return;
    const Millis now = this->Now();
    std::size_t kept = 0;
    for (WaitingMessage& one : this->Waiting) {
      if (one.Due <= now)
        this->Messages.Append(std::move(one.Mail));
      else if (&this->Waiting[kept++] != &one)
        this->Waiting[kept - 1] = std::move(one);
    }
    this->Waiting.resize(kept);
    active_ = !this->Messages.empty() || kept != 0;
    if (this->Messages.empty()) return;
    running_ = true;
    curable_ = false;
    relay_ = 0;
    Try();
  }

  void Try() {
    if (relay_ < Relays.size()) {
      this->Address = Relays[relay_].Address;
      this->Port = Relays[relay_].Port;
    }
    this->fault_ = {};
    this->landed_ = 0;
    Base::SendMail();
  }

  /// The connection is over. Messages that are left have not been accepted.
  void EndRun() {
    if (active_ && !this->Messages.empty()) {
      if (this->landed_ != 0 || !this->fault_) return Try();  // this relay does work
      curable_ = curable_ || detail::IsWorthAnotherConnection(this->fault_);
      if (++relay_ < Relays.size()) return Try();
      if (curable_)
        DeferAll();
      else
        active_ = false;
    }
    running_ = false;
    active_ = active_ && !(this->Messages.empty() && this->Waiting.empty());
  }

  /// No relay took a connection: each message has been tried in vain.
  void DeferAll() {
    SendResult result;
    result.error = this->fault_;
    for (std::size_t left = this->Messages.Count(); left != 0 && !this->Messages.empty(); --left) {
      EmailMessage mail;
      this->Messages.PopFront(mail);
      if (!this->IsLastTry(mail)) {
        this->Defer(std::move(mail), result, this->Now());
        continue;
      }
      GivenUp.Append(std::move(mail));
      this->OnMessageFinished(GivenUp[GivenUp.Count() - 1], result);
    }
  }

  PollStatus Status(bool work_left) const {
    Readiness wants = this->WantsRead() ? Readiness::Read : Readiness::None;
    if (this->WantsWrite()) wants = wants | Readiness::Write;
    return {work_left || active_ || running_, wants, NextDeadline()};
  }

  std::size_t relay_ = 0;
  bool active_ = false;   // SendMail is at work
  bool running_ = false;  // with a connection to some relay
  bool curable_ = false;  // one of the relays failed in a way that may go away
  bool polling_ = false;
};

/// RetryQueue over this platform's sockets, without TLS.
using RetryQueue = BasicRetryQueue<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/session.hpp ----
// Session: the blocking client. The same driver as SMTPSocket's, in a loop that waits; nothing is thrown.
#ifndef SMTPOLL_CLIENT_SESSION_HPP
#define SMTPOLL_CLIENT_SESSION_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What the server answered to a command.
struct CommandResult {
  smtpoll::Error error;   ///< ErrorNumber 0: the reply below was read, whatever it says.
  int reply_code = 0;     ///< The reply's code; 0 where none was read.
  EnhancedCode enhanced;  ///< Its enhanced status code, where the server gave one.
  std::string text;       ///< Its text, lines joined by LF.
  /// True for a positive reply (2yz).
  explicit operator bool() const noexcept { return reply_code / 100 == 2; }
};

/// One connection to one server, used from one thread. Public settings are those of ClientSettings; time-outs are its
/// Timeouts, and those of SecureSettings where the transport takes TlsSettings. Of the handler's hooks it calls
/// OnConnectionEstablished, OnSendProgress, OnTranscript, OnTokenWanted and OnMessageFinished.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = EventFunctions,
          typename Limits = DefaultLimits>
class BasicSession : public detail::SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicSession() = default;
  BasicSession(const BasicSession&) = delete;
  BasicSession& operator=(const BasicSession&) = delete;
  /// Closes without QUIT and without calling any handler: what a handler looks at may be gone already.
  ~BasicSession() = default;

  /// Connects, reads the greeting, says EHLO and authenticates; returns when that is done or has failed. A connection
  /// that stands is ended first. ErrorNumber 0 is success; else the error says the phase, the command and the server's
  /// reply.
  smtpoll::Error Connect(std::string_view host, std::uint16_t port, std::string_view local_address = {}) {
    Quit();
    if (port == 0) return smtpoll::Error(Errc::InvalidPort, Phase::Connect, "the port is 0");
    error_ = {};
    Open({host, port, local_address});
    // A token that was refused is asked for once more.
    if (detail::RefusesToken(error_)) Open({host, port, local_address});
    return error_;
  }

  /// Sends one message and waits for its outcome. The result is valid until the next call; copy it to keep it. Without
  /// a connection the outcome is Queued with Errc::InvalidState.
  const SendResult& Send(const EmailMessage& mail) {
    error_ = {};
    if (IsConnected()) Run();  // the server may have said goodbye in the meantime
    if (!IsConnected()) {
      const smtpoll::Error none(Errc::InvalidState, Phase::Idle, "not connected");
      delivery_.Decline(error_ ? error_ : none);
      return delivery_.Result();
    }
    if (driver_.Session().IsExhausted()) {
      delivery_.Decline(Exhausted());
      return delivery_.Result();
    }
    smtpoll::Error refused = delivery_.Start(mail, source_, driver_.Session(), Socket::Now());
    while (!refused) {
      Run();
      if (!delivery_.HasMore() || !IsConnected()) break;
      if (driver_.Session().IsExhausted()) {
        error_ = Exhausted();
        break;
      }
      refused = delivery_.Continue(mail, source_, driver_.Session(), Socket::Now());
    }
    if (delivery_.HasMore()) delivery_.End(Outcome::Queued, &error_);
    source_.Close();
    this->OnMessageFinished(mail, delivery_.Result());
    return delivery_.Result();
  }

  /// Asks the server something on an idle session; each returns its reply, or the error that ended the session. An
  /// argument that would be more than one line is refused with Errc::InvalidMessage. RFC 5321 4.1.1.5 to 4.1.1.9.
  CommandResult Noop() { return Command("NOOP"); }
  /// RSET
  CommandResult Reset() { return Command("RSET"); }
  /// VRFY: is there such a mailbox?
  CommandResult Verify(std::string_view who) { return Command("VRFY ", who); }
  /// EXPN: who is on this list?
  CommandResult Expand(std::string_view list) { return Command("EXPN ", list); }
  /// HELP
  CommandResult Help(std::string_view topic = {}) { return Command(topic.empty() ? "HELP" : "HELP ", topic); }

  /// Ends the session with QUIT and closes; waits for the server's 221 as long as Timeouts.quit says.
  void Quit() {
    driver_.Session().Quit(Socket::Now());
    if (driver_.CurrentState() != State::Closed) Run();
    Close();
  }

  /// Closes at once.
  void Close() {
    driver_.Close();
    Run();
    strings_.Forget();
  }

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// All that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The present connection, or the last one, for a support ticket: ToString and ToJson write it out.
  SessionReport Explain() const {
    const smtpoll::Error& error = error_ ? error_ : delivery_.Result().error;
    return detail::MakeReport(driver_, strings_.Host(), error, *this);
  }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using State = typename Driver<Socket, Transport, Limits>::State;

  /// With an error in error_, which is then a refused token, only where there is another one.
  void Open(const Endpoint& to) {
    SessionOptions options = strings_.Take(*this, to.host, to.local_address);
    driver_.StartTally(to.port);
    if (strings_.TakeToken(static_cast<Handler&>(*this), static_cast<bool>(error_), options)) {
      error_ = detail::PrepareSecurity(*this, to.port, driver_.Layer(), options);
      options.transcript = {&ShowLine, this};
      options.pipelining = options.pipelining && trust_.Start(to.host, to.port);
      if (!error_) driver_.Connect({strings_.Host(), to.port, strings_.LocalAddress()}, options);
      Run();
    }
    strings_.Forget();
  }

  CommandResult Command(std::string_view verb, std::string_view argument = {}) {
    answer_ = {};
    error_ = {};
    if (IsConnected()) Run();
    if (!IsConnected()) {
      answer_.error = error_ ? error_ : smtpoll::Error(Errc::InvalidState, Phase::Idle, "not connected");
    } else if (driver_.Session().Command(std::string(verb).append(argument), Socket::Now())) {
      Run();
      answer_.error = error_;
    } else {
      answer_.error =
          smtpoll::Error(Errc::InvalidMessage, Phase::Command, "the argument is no single line of 500 bytes");
    }
    return answer_;
  }

  /// Drives until the session is idle or over; the error of a session that failed is then in error_.
  void Run() {
    for (;;) {
      driver_.SetPatience(-1);
      std::size_t budget = SIZE_MAX;
      const Event event = driver_.Next(budget);
      if (event.kind != EventKind::None) {
        Dispatch(event);
        continue;
      }
      const bool idle = driver_.CurrentState() == State::Session && driver_.Session().Idle();
      if (idle || driver_.CurrentState() == State::Closed) return;
      if (driver_.Patience() != 0) driver_.Wait(driver_.Wants(), -1);
    }
  }

  void Dispatch(const Event& event) {
    switch (event.kind) {
      case EventKind::None:
      case EventKind::Hello:
      case EventKind::NeedTls:
      case EventKind::Authenticated:
      case EventKind::Ready:
      case EventKind::Ended: return;
      case EventKind::Greeting: return this->OnConnectionEstablished(event.reply.text);
      case EventKind::RecipientAccepted:
      case EventKind::RecipientRefused: return delivery_.OnRecipient(event);
      case EventKind::RecipientFinal: return delivery_.OnRecipientFinal(event);
      case EventKind::CommandReply:
        answer_.reply_code = event.reply.code;
        answer_.enhanced = event.reply.enhanced;
        answer_.text = event.reply.text;
        return;
      case EventKind::Chunk:
        if (detail::AskAboutChunk(static_cast<Handler&>(*this), event)) driver_.Session().Cancel();
        return;
      case EventKind::Accepted: this->OnSendProgress(0, 0); return delivery_.OnAccepted(event);
      case EventKind::Refused: return delivery_.End(Outcome::Refused, event.error);
      case EventKind::InDoubt: return delivery_.End(Outcome::InDoubt, event.error);
      case EventKind::Returned: return delivery_.End(Outcome::Queued, event.error);
      case EventKind::MustReconnect: error_ = *event.error; return;
      case EventKind::Failed:
        error_ = *event.error;
        if (driver_.Session().FailedInGroup()) trust_.FailedInGroup(error_);
        return;
    }
  }

  static smtpoll::Error Exhausted() noexcept {
    return {Errc::InvalidState, Phase::Idle, "the server takes no more messages in this session"};
  }

  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicSession*>(self)->OnTranscript(side, line);
  }

  detail::SessionStrings strings_;
  detail::PipeliningTrust trust_;
  detail::Delivery delivery_;
  MessageSource source_;
  smtpoll::Error error_;
  CommandResult answer_;
  Driver<Socket, Transport, Limits> driver_;  // last, because its end looks at what the others have
};

/// A blocking session over this platform's sockets, without TLS.
using Session = BasicSession<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/transport/no_tls.hpp ----
// The TLS transports by name, and what stands in their place where no TLS library was chosen.
#ifndef SMTPOLL_TRANSPORT_NO_TLS_HPP
#define SMTPOLL_TRANSPORT_NO_TLS_HPP

SMTPOLL_NAMESPACE_BEGIN

// Each stands in the opt-in header of its name under smtpoll/transport/.
template <typename Socket>
class OpenSslTransport;
template <typename Socket>
class MbedTlsTransport;
template <typename Socket>
class SchannelTransport;

namespace detail {

template <typename>
constexpr bool kTlsIsChosen = false;

/// Stands where no TLS library was chosen, and tells so whoever wants one.
template <typename Socket>
class NoTlsTransport : public PlainTransport<Socket> {
  static_assert(kTlsIsChosen<Socket>,
                "SMTPSecureSocket and SecureSession need a TLS library: define SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or "
                "SMTPOLL_SCHANNEL before smtpoll.hpp, or include smtpoll/transport/openssl.hpp, mbedtls.hpp or "
                "schannel.hpp and use BasicSMTPSocket over its transport (so do POP3SecureSocket and "
                "SecurePop3Session)");
};

}  // namespace detail

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/secure_socket.hpp ----
// SMTPSecureSocket, SecureSession and SecureRetryQueue: the seed's successor class and its siblings, over the TLS
// library that a macro chooses: SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or SMTPOLL_SCHANNEL, defined before smtpoll.hpp (the
// first of them counts). They are the classes without "Secure" over that transport; nothing else is special to them.
#ifndef SMTPOLL_CLIENT_SECURE_SOCKET_HPP
#define SMTPOLL_CLIENT_SECURE_SOCKET_HPP

SMTPOLL_NAMESPACE_BEGIN

#if defined(SMTPOLL_OPENSSL)
/// SMTPSocket with TLS by the library that a macro chose (the seed's class).
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, OpenSslTransport>;
/// Session with TLS by that library.
using SecureSession = BasicSession<NativeSocket, OpenSslTransport>;
/// RetryQueue with TLS by that library.
using SecureRetryQueue = BasicRetryQueue<NativeSocket, OpenSslTransport>;
#elif defined(SMTPOLL_MBEDTLS)
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, MbedTlsTransport>;
using SecureSession = BasicSession<NativeSocket, MbedTlsTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, MbedTlsTransport>;
#elif defined(SMTPOLL_SCHANNEL)
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, SchannelTransport>;
using SecureSession = BasicSession<NativeSocket, SchannelTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, SchannelTransport>;
#else
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, detail::NoTlsTransport>;
using SecureSession = BasicSession<NativeSocket, detail::NoTlsTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, detail::NoTlsTransport>;
#endif

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/base/text_window.hpp ----
// Text that is built anew for each look at it, and of which only a window is kept: so it needs no memory of its own.
// Invariant: whoever builds the same text again gets windows of the same text.
#ifndef SMTPOLL_BASE_TEXT_WINDOW_HPP
#define SMTPOLL_BASE_TEXT_WINDOW_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TextWindow {
 public:
  /// Keeps nothing: only measures.
  TextWindow() noexcept = default;
  /// Keeps what stands from byte `from` on, at most `room` bytes, at `into`.
  TextWindow(char* into, std::size_t room, std::size_t from) noexcept : into_(into), room_(room), from_(from) {}

  /// Bytes of the text so far, kept or not.
  std::size_t size() const noexcept { return size_; }
  /// Bytes of it that were kept.
  std::size_t Kept() const noexcept {
    const std::size_t behind = size_ > from_ ? size_ - from_ : 0;
    return behind < room_ ? behind : room_;
  }

  TextWindow& operator+=(char c) noexcept {
    // What stands before the window is, counted from its start, far behind it.
    if (size_ - from_ < room_) into_[size_ - from_] = c;
    ++size_;
    return *this;
  }
  TextWindow& append(std::string_view text) noexcept {
    for (const char c : text) *this += c;
    return *this;
  }
  TextWindow& append(const char* text, std::size_t size) noexcept { return append(std::string_view(text, size)); }

 private:
  char* into_ = nullptr;
  std::size_t room_ = 0;
  std::size_t from_ = 0;
  std::size_t size_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_view.hpp ----
// A message over memory of the caller's: what EmailMessage is, for a program without a heap. Texts, lists and the bytes
// of attachments are looked at where they are, in flash for example. Invariant: no value of a message without a Fault
// can end its line or its header.
#ifndef SMTPOLL_MESSAGE_MESSAGE_VIEW_HPP
#define SMTPOLL_MESSAGE_MESSAGE_VIEW_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One person.
struct MailboxView {
  std::string_view address;    ///< `local@domain` in ASCII: atoms with dots, a domain or an address literal.
  std::string_view name = {};  ///< UTF-8, as people read it, without quotes; empty for none.
};

/// A further header of the message.
struct HeaderView {
  std::string_view name;   ///< Without the colon; none of those that the message writes itself.
  std::string_view value;  ///< UTF-8, one line.
};

/// One attached file.
struct AttachmentView {
  std::string_view name;                               ///< UTF-8; empty for none.
  std::string_view data = {};                          ///< Its bytes.
  std::string_view type = "application/octet-stream";  ///< RFC 2045 5.1, parameters included.
  Source* source = nullptr;  ///< Yields the bytes instead of `data`, which is then empty: from a slower memory.
};

/// A mail; nothing is owned, nothing is copied, and all that is looked at must stay as it is while it is sent.
struct MessageView {
  MailboxView from;                        ///< The author; the envelope's reverse-path too.
  Span<const MailboxView> to;              ///< Recipients.
  Span<const MailboxView> cc;              ///< Recipients of a copy.
  Span<const MailboxView> bcc;             ///< They get the message; no header says so.
  std::string_view subject;                ///< UTF-8.
  std::string_view body;                   ///< UTF-8, lines ended by CRLF, LF or CR.
  Span<const AttachmentView> attachments;  ///< Attachments, in their order.
  Span<const HeaderView> headers;          ///< Further header fields.
  /// Seconds since 1970-01-01 UTC. 0: no Date field, on a machine that does not know the time; a submission server adds
  /// it (RFC 6409 8.1).
  std::int64_t date = 0;
  int utc_offset = 0;  ///< Minutes that the date is shown ahead of UTC.
  /// `unique@domain` without brackets: a serial number and a count of messages, say. Empty: no Message-ID field; a
  /// submission server adds it (RFC 6409 8.3).
  std::string_view message_id;

  /// The first thing that keeps the message from being sent safely; false where there is none.
  MessageFault Fault() const noexcept;
};

namespace detail {

/// True for atoms with single dots between them (RFC 5322 3.2.3), in ASCII.
constexpr bool IsAsciiDotAtom(std::string_view text, std::string_view others) noexcept {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !(IsAlpha(c) || IsDigit(c) || others.find(c) != std::string_view::npos)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// 9999-12-31T00:00:00Z: in any zone, a date has a year of four digits (RFC 5322 3.3).
constexpr std::int64_t kLastDate = 253402214400;

constexpr std::string_view kAtomMarks = "!#$%&'*+-/=?^_`{|}~";

/// Why `address` is none that a view may have; nullptr where it is one (RFC 5321 4.1.2, 4.5.3.1).
constexpr const char* AddressFault(std::string_view address) noexcept {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return "@ is missing";
  const std::string_view local = First(address, at);
  std::string_view domain = Rest(address, at + 1);
  if (!IsAsciiDotAtom(local, kAtomMarks)) return "the local part is missing, or not of atoms in ASCII";
  if (local.size() > 64) return "the local part is longer than 64 octets";
  if (address.size() > 254) return "the address is longer than 254 octets";
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    for (const char c : First(domain, domain.size() - 1))
      if (!IsPrint(c) || std::string_view(" \"\\<>]").find(c) != std::string_view::npos) return "a bad address literal";
    return nullptr;
  }
  if (!IsAsciiDotAtom(domain, "-_")) return "the domain is missing, or none in ASCII";
  while (!domain.empty()) {
    const std::size_t dot = domain.find('.');
    const std::size_t label = dot < domain.size() ? dot : domain.size();
    if (label > 63) return "a label of the domain is longer than 63 octets";
    domain.remove_prefix(dot < domain.size() ? dot + 1 : label);
  }
  return nullptr;
}

/// Reads the fields one after the other and keeps the first fault.
class ViewCheck {
 public:
  const MessageFault& First() const noexcept { return first_; }

  void Mailboxes(std::string_view field, Span<const MailboxView> mailboxes) noexcept {
    for (const MailboxView& mailbox : mailboxes) {
      Note(field, AddressFault(mailbox.address));
      if (mailbox.name.size() > 255) Note(field, "a name is longer than 255 octets");
      Line(field, mailbox.name);
    }
  }
  void Line(std::string_view field, std::string_view value) noexcept {
    if (!first_) first_ = LineFault(field, value);
  }
  void MessageId(std::string_view id) noexcept {
    for (const char c : id)
      if (!IsPrint(c) || c == ' ' || c == '<' || c == '>') Note("Message-ID", "a character that it cannot hold");
    if (!id.empty() && (id.find('@') == std::string_view::npos || id.size() > 250))
      Note("Message-ID", "no unique@domain of at most 250 octets");
  }
  /// How the message is built is never the caller's, and what has a member of its own is not said twice.
  void Header(const HeaderView& header) noexcept {
    if (!first_) first_ = FieldNameFault(header.name);
    for (const char* own : {"Date", "From", "To", "Cc", "Bcc", "Subject", "Message-ID", "MIME-Version"})
      if (EqualIgnoringCase(header.name, own)) Note("Headers", kOwnField);
    if (StartsWithIgnoringCase(header.name, "Content-")) Note("Headers", kOwnField);
    Line(header.name, header.value);
  }
  void Attachment(const AttachmentView& attachment) noexcept {
    constexpr std::string_view kField = "Attachments";
    if (attachment.source != nullptr && !attachment.data.empty()) Note(kField, "an attachment has data and a source");
    if (attachment.type.find('/') == std::string_view::npos) Note(kField, "no MIME type");
    if (!first_) first_ = MimeTypeFault(attachment.type);
    Line(kField, attachment.name);
  }
  void Body(std::string_view body) noexcept {
    const std::size_t invalid = FindInvalidUtf8(body);
    if (invalid != std::string_view::npos && !first_) first_ = {"Body", invalid + 1, "no valid UTF-8"};
  }
  void Note(std::string_view field, const char* reason) noexcept {
    if (!first_) first_ = {field, 0, reason};
  }

 private:
  static constexpr const char* kOwnField = "a header that the message writes itself";
  MessageFault first_;
};

}  // namespace detail

inline MessageFault MessageView::Fault() const noexcept {
  detail::ViewCheck check;
  check.Mailboxes("From", {&from, 1});
  check.Mailboxes("To", to);
  check.Mailboxes("Cc", cc);
  check.Mailboxes("Bcc", bcc);
  if (to.empty() && cc.empty() && bcc.empty()) check.Note("To", "an address is missing");
  check.Line("Subject", subject);
  if (date < 0 || date > detail::kLastDate) check.Note("Date", "a year after 9999, or before 1970");
  if (utc_offset <= -24 * 60 || utc_offset >= 24 * 60) check.Note("Date", "a day or more ahead of UTC, or behind");
  check.MessageId(message_id);
  for (const HeaderView& header : headers) check.Header(header);
  for (const AttachmentView& attachment : attachments) check.Attachment(attachment);
  check.Body(body);
  return check.First();
}

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/message/message_view_source.hpp ----
// Renders a MessageView as it goes over the wire (RFC 5322, RFC 2045 to 2049), pulled piece by piece, without a heap.
// Headers and boundaries are no more held than bodies are: each read builds them anew and keeps what stands in its
// window. Invariant: the bytes do not depend on how much room each read gives, and a rewound source yields the same.
#ifndef SMTPOLL_MESSAGE_MESSAGE_VIEW_SOURCE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_VIEW_SOURCE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The bytes of one message after the other; some 200 bytes, most of them for a line of base64.
class MessageViewSource final : public Source {
 public:
  MessageViewSource() = default;
  MessageViewSource(const MessageViewSource&) = delete;
  MessageViewSource& operator=(const MessageViewSource&) = delete;

  /// Starts `mail`, which has no Fault and must neither change nor go away before the next Open. Its text goes as 7bit
  /// or as quoted-printable, its attachments as base64, so any server takes it.
  void Open(const MessageView& mail) noexcept {
    mail_ = &mail;
    quoted_ = !GoesAsItIs(mail.body);
    StartOver();
    size_ = Measure();
  }

  SourceResult Read(char* into, std::size_t room) override {
    std::size_t size = 0;
    while (size < room && section_ < Sections()) {
      const SourceResult result = ReadSection(into + size, room - size);
      size += result.size;
      if (result.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (result.status == SourceStatus::Again && size == 0) return result;
      // A section that stops before the room is full wants a larger one.
      if (result.status != SourceStatus::End) return {size, SourceStatus::More};
      Start(section_ + 1);
    }
    return {size, section_ == Sections() ? SourceStatus::End : SourceStatus::More};
  }

  /// False where a source of an attachment's cannot start over.
  bool Rewind() override {
    StartOver();
    for (const AttachmentView& attachment : mail_->attachments)
      if (attachment.source != nullptr && !attachment.source->Rewind()) return false;
    return true;
  }

  std::uint64_t Size() const override { return size_; }
  std::string_view Failure() const override {
    return IsAttachment() && Attachment().source != nullptr ? Attachment().source->Failure() : std::string_view();
  }

 private:
  // Sections: 0 is the header with the body's, 1 the body; then, for each attachment, its header and its bytes; where
  // there are any, the closing delimiter is the last one.
  bool IsMultipart() const noexcept { return !mail_->attachments.empty(); }
  std::size_t Sections() const noexcept { return 2 + 2 * mail_->attachments.size() + (IsMultipart() ? 1 : 0); }
  bool IsLiteral() const noexcept { return section_ % 2 == 0; }
  bool IsAttachment() const noexcept { return section_ > 1 && !IsLiteral() && section_ < Sections(); }
  const AttachmentView& Attachment() const noexcept { return mail_->attachments[section_ / 2 - 1]; }

  void StartOver() noexcept { Start(0); }
  void Start(std::size_t section) noexcept {
    section_ = section;
    at_ = 0;
    if (section == 1) {
      if (quoted_)
        encoder_.Emplace<detail::QuotedPrintableText>().Start(mail_->body);
      else
        encoder_.Emplace<detail::CrlfText>().Start(mail_->body);
    } else if (IsAttachment()) {
      encoder_.Emplace<detail::Base64Lines>().Start();
      memory_ = MemorySource(Attachment().data);
    }
  }

  SourceResult ReadSection(char* into, std::size_t room) {
    if (IsLiteral()) {
      detail::TextWindow window(into, room, at_);
      PutLiteral(section_, window);
      at_ += window.Kept();
      return {window.Kept(), at_ == window.size() ? SourceStatus::End : SourceStatus::More};
    }
    return ReadEncoded(into, room);
  }
  SMTPOLL_APART SourceResult ReadEncoded(char* into, std::size_t room) {
    if (auto* const text = encoder_.Get<detail::CrlfText>()) return ReadText(*text, into, room);
    if (auto* const text = encoder_.Get<detail::QuotedPrintableText>()) return ReadText(*text, into, room);
    detail::Base64Lines& lines = *encoder_.Get<detail::Base64Lines>();
    Source* const source = Attachment().source != nullptr ? Attachment().source : &memory_;
    return lines.Read(into, room, [source](char* to, std::size_t most) { return source->Read(to, most); });
  }
  template <typename Text>
  static SourceResult ReadText(Text& text, char* into, std::size_t room) noexcept {
    const std::size_t size = text.Read(into, room);
    return {size, text.Done() ? SourceStatus::End : SourceStatus::More};
  }

  /// RFC 2045 2.7, and nothing in it could be taken for a boundary: those have an equals sign and a low line, which
  /// neither quoted-printable nor base64 has.
  static bool GoesAsItIs(std::string_view text) noexcept {
    if (text.find("--=_") != std::string_view::npos) return false;
    std::size_t column = 0;
    for (const char c : text) {
      column = c == '\r' || c == '\n' ? 0 : column + 1;
      if (column > detail::kLongestTextLine || (column != 0 && c != '\t' && !detail::IsPrint(c))) return false;
    }
    return true;
  }

  std::uint64_t Measure() noexcept {
    std::uint64_t size = 0;
    for (std::size_t section = 0; section < Sections(); section += 2) {
      detail::TextWindow measure;
      PutLiteral(section, measure);
      size += measure.size();
    }
    char nowhere[32];
    Start(1);
    for (SourceResult piece{0, SourceStatus::More}; piece.status == SourceStatus::More; size += piece.size)
      piece = ReadSection(nowhere, sizeof nowhere);
    StartOver();
    for (const AttachmentView& attachment : mail_->attachments) {
      const std::uint64_t bytes = attachment.source != nullptr ? attachment.source->Size() : attachment.data.size();
      if (bytes == kUnknownSize) return kUnknownSize;
      size += detail::Base64LinesSize(bytes);
    }
    return size;
  }

  using Out = detail::TextWindow;
  using Writer = detail::BasicHeaderWriter<Out>;

  void PutLiteral(std::size_t section, Out& out) const {
    Writer writer(out);
    if (section == 0) {
      PutFields(writer, out);
      if (IsMultipart()) out.append("Content-Type: multipart/mixed; boundary=\"=_smtpoll\"\r\n\r\n--=_smtpoll\r\n");
      out.append("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ");
      out.append(quoted_ ? "quoted-printable\r\n\r\n" : "7bit\r\n\r\n");
      return;
    }
    out.append("\r\n--=_smtpoll");
    if (section + 1 == Sections()) {
      out.append("--\r\n");
      return;
    }
    out.append("\r\n");
    const AttachmentView& attachment = mail_->attachments[section / 2 - 1];
    writer.Begin("Content-Type");
    writer.Word(attachment.type);
    writer.End();
    writer.Begin("Content-Disposition");
    writer.Word("attachment");
    if (!attachment.name.empty()) detail::WriteFileName(attachment.name, writer, out);
    writer.End();
    out.append("Content-Transfer-Encoding: base64\r\n\r\n");
  }

  void PutFields(Writer& writer, Out& out) const {
    if (mail_->date != 0) {
      out.append("Date: ");
      detail::AppendDate(mail_->date, mail_->utc_offset, out);
      out.append("\r\n");
    }
    PutMailboxes("From", {&mail_->from, 1}, writer, out);
    PutMailboxes("To", mail_->to, writer, out);
    PutMailboxes("Cc", mail_->cc, writer, out);
    if (!mail_->subject.empty()) writer.Field("Subject", mail_->subject);
    if (!mail_->message_id.empty()) out.append("Message-ID: <").append(mail_->message_id).append(">\r\n");
    for (const HeaderView& header : mail_->headers) writer.Field(header.name, header.value);
    out.append("MIME-Version: 1.0\r\n");
  }

  static void PutMailboxes(std::string_view field, Span<const MailboxView> mailboxes, Writer& writer, Out& out) {
    if (mailboxes.empty()) return;
    writer.Begin(field);
    bool first = true;
    for (const MailboxView& mailbox : mailboxes) {
      if (!first) out += ',';
      first = false;
      if (!mailbox.name.empty()) PutName(mailbox.name, writer, out);
      writer.Space(mailbox.address.size() + 2);
      out += '<';
      out.append(mailbox.address);
      out += '>';
    }
    writer.End();
  }

  /// A phrase (RFC 5322 3.2.5): words as they are where they are atoms, else a quoted string, else encoded words.
  static void PutName(std::string_view name, Writer& writer, Out& out) {
    bool atoms = true;
    for (const char c : name)
      atoms = atoms && (detail::IsAlpha(c) || detail::IsDigit(c) || c == ' ' ||
                        detail::kAtomMarks.find(c) != std::string_view::npos);
    // A line cannot be folded in a quoted string of ours, and what looks like an encoded word must be one.
    if (!detail::IsAllPrint(name) || name.size() > 60 || name.find("=?") != std::string_view::npos)
      return writer.Encoded(name);
    if (atoms && detail::Trim(name).size() == name.size() && name.find("  ") == std::string_view::npos)
      return writer.Word(name);
    detail::TextMeter quoted;
    detail::AppendQuoted(name, quoted);
    writer.Space(quoted.size());
    detail::AppendQuoted(name, out);
  }

  const MessageView* mail_ = nullptr;
  bool quoted_ = false;      // the body goes as quoted-printable
  std::size_t section_ = 0;  // the one that is read
  std::size_t at_ = 0;       // of a literal: where the next read begins
  MemorySource memory_;      // of an attachment in memory
  std::uint64_t size_ = 0;
  detail::OneOf<detail::CrlfText, detail::QuotedPrintableText, detail::Base64Lines> encoder_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/client/small_session.hpp ----
// SmallSession: the client for a machine without an operating system. No heap, no exceptions, no RTTI, no threads, no
// clock but the socket policy's: the same driver and engine as SMTPSocket's, under messages that are views. Invariant:
// all memory is inside the object, and its size is known when it is compiled.
#ifndef SMTPOLL_CLIENT_SMALL_SESSION_HPP
#define SMTPOLL_CLIENT_SMALL_SESSION_HPP

SMTPOLL_NAMESPACE_BEGIN

/// The least that SMTP gets by with. A type of your own with these constants may have more.
struct SmallLimits {
  static constexpr std::size_t kInput = 512;     ///< Receive buffer, bytes: the longest reply that is understood.
  static constexpr std::size_t kOutput = 1024;   ///< Send buffer, bytes: commands and content pass through it.
  static constexpr std::size_t kInFlight = 1;    ///< Messages that may wait for their final reply.
  static constexpr std::size_t kRecipients = 4;  ///< Recipients of one message, at most 32.
};

/// One connection to one server. The calls only note what is to be done, in this order: Connect, Send, Quit. Poll does
/// it, and never blocks; Run calls Poll and waits until all is done.
///
///   static smtpoll::SmallSession<MyUart> session;
///   session.Connect({"192.0.2.25", 25, {}}, options);
///   session.Send(mail);
///   session.Quit();
///   while (session.Poll()) FeedTheWatchdog();
///   if (session.Result() != smtpoll::Outcome::Sent) Report(session.LastError());
template <typename Socket, template <typename> class Transport = PlainTransport, typename Limits = SmallLimits>
class SmallSession {
 public:
  SmallSession() = default;
  SmallSession(const SmallSession&) = delete;
  SmallSession& operator=(const SmallSession&) = delete;
  ~SmallSession() = default;

  /// Starts to connect; a connection that stands is closed. The host, and what `options` look at, must stay until the
  /// session is over. `options.client_name` has to be given. Where the buffers are small, `chunking = false` saves a
  /// reply for each of them.
  SMTPOLL_APART void Connect(const Endpoint& to, const SessionOptions& options) {
    Close();
    SetError(Errc::None, Phase::None, {});
    outcome_ = Outcome::Queued;
    driver_.Connect(to, options);
  }

  /// Sends `mail`, as soon as the session is ready for it; until Result is known, it and all it looks at must stay as
  /// they are. False where another message is still under way, and where the connection is lost: then the result is
  /// Queued.
  SMTPOLL_APART bool Send(const MessageView& mail) {
    if (!CanTake()) return false;
    if (const MessageFault fault = mail.Fault()) return Decline(fault.field, fault.reason);
    std::size_t count = 0;
    for (const Span<const MailboxView>& list : {mail.to, mail.cc, mail.bcc})
      for (const MailboxView& mailbox : list) {
        if (count == Limits::kRecipients) return Decline("To", "more recipients than Limits::kRecipients");
        recipients_[count++].mailbox = mailbox.address;
      }
    source_.Open(mail);
    envelope_ = {};
    envelope_.reverse_path = mail.from.address;
    envelope_.recipients = {recipients_, count};
    Begin(source_);
    return true;
  }

  /// The same with a ready-made content, and an envelope of at most 32 recipients.
  bool Send(const Envelope& envelope, Source& content) {
    if (!CanTake()) return false;
    envelope_ = envelope;
    Begin(content);
    return true;
  }

  /// Ends the session in order once what was to be sent has its result.
  void Quit() { quits_ = true; }

  /// Closes at once; a message under way has its result then.
  void Close() {
    driver_.Close();
    while (Step()) continue;
    content_ = nullptr;
    quits_ = false;
  }

  /// Does what can be done now, and never blocks. False: nothing is left to do; the session may stand, and then goes on
  /// with the next Send.
  bool Poll() {
    while (Step()) continue;
    return IsBusy();
  }

  /// Polls until there is nothing left to do, and lets the socket policy wait between.
  void Run() {
    while (Poll()) driver_.Wait(driver_.Wants(), -1);
  }

  /// What became of the message last handed to Send; Queued as long as that is not known.
  Outcome Result() const noexcept { return outcome_; }
  /// The server took recipient `index` of the message: to, cc and bcc counted as one list.
  bool RecipientAccepted(std::size_t index) const noexcept { return index < 32 && (accepted_ >> index & 1) != 0; }
  /// Why the message was not sent or the session failed; ErrorNumber 0 where neither is so.
  const smtpoll::Error& LastError() const noexcept { return error_; }

  /// A connection stands.
  bool IsConnected() const noexcept { return driver_.IsConnected(); }
  /// What Poll waits for on the wire, and the time at which it has to be called in any case.
  Readiness Wants() const noexcept { return driver_.Wants(); }
  /// When to call again even if nothing happens, on the socket's clock.
  Millis NextDeadline() const noexcept { return driver_.NextDeadline(); }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const noexcept { return driver_.Session().ServerCapabilities(); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() noexcept { return driver_.Layer(); }

 private:
  using Pump = Driver<Socket, Transport, Limits, detail::SmallSmtpCore<Limits>>;
  static constexpr std::size_t kBudget = 4 * (Limits::kInput + Limits::kOutput);  // bytes that one step moves

  static_assert(Limits::kRecipients >= 1 && Limits::kRecipients <= 32, "Limits: kRecipients is 1 to 32");

  bool IsIdle() const noexcept { return driver_.CurrentState() == Pump::State::Session && driver_.Session().Idle(); }
  bool IsBusy() const noexcept {
    if (driver_.CurrentState() == Pump::State::Closed) return false;
    return content_ != nullptr || quits_ || !IsIdle();
  }

  SMTPOLL_APART void SetError(Errc code, Phase phase, std::string_view text) noexcept {
    error_ = smtpoll::Error(code, phase, text);
  }
  bool CanTake() {
    if (content_ != nullptr) return false;
    outcome_ = Outcome::Queued;
    if (driver_.CurrentState() != Pump::State::Closed) {
      SetError(Errc::None, Phase::None, {});
      return true;
    }
    while (Step()) continue;  // why it is closed
    if (!error_) SetError(Errc::InvalidState, Phase::Idle, "not connected");
    return false;
  }
  /// The message cannot be sent at all.
  SMTPOLL_APART bool Decline(std::string_view field, const char* reason) {
    SetError(Errc::InvalidMessage, Phase::None, field);
    error_.text.Append(": ");
    error_.text.Append(reason);
    outcome_ = Outcome::Refused;
    return true;
  }
  void Begin(Source& content) noexcept {
    content_ = &content;
    is_started_ = false;
    accepted_ = 0;
    outcome_ = Outcome::Queued;
  }

  /// Starts what is next on an idle session, then takes one event; false where there is none now.
  bool Step() {
    if (IsIdle()) StartNext();
    std::size_t budget = kBudget;
    const Event event = driver_.Next(budget);
    if (event.kind == EventKind::None) return IsIdle() && (content_ != nullptr || quits_);
    Take(event);
    return true;
  }

  SMTPOLL_APART void StartNext() {
    if (content_ != nullptr && !is_started_) {
      is_started_ = true;
      const smtpoll::Error refused = driver_.Session().Send(envelope_, *content_, Socket::Now());
      if (refused) End(Outcome::Refused, &refused);
    } else if (content_ == nullptr && quits_) {
      quits_ = false;
      driver_.Session().Quit(Socket::Now());
    }
  }

  void Take(const Event& event) noexcept {
    switch (event.kind) {
      case EventKind::RecipientAccepted:
        if (event.recipient < 32) accepted_ |= std::uint32_t{1} << event.recipient;
        return;
      case EventKind::Accepted: return End(Outcome::Sent, nullptr);
      case EventKind::Refused: return End(Outcome::Refused, event.error);
      case EventKind::InDoubt: return End(Outcome::InDoubt, event.error);
      case EventKind::Returned: return End(Outcome::Queued, event.error);
      case EventKind::MustReconnect:
      case EventKind::Failed:
        if (!error_) error_ = *event.error;
        content_ = nullptr;  // not started yet
        return;
      default: return;
    }
  }
  void End(Outcome outcome, const smtpoll::Error* why) noexcept {
    content_ = nullptr;
    outcome_ = outcome;
    if (why != nullptr) error_ = *why;
  }

  Pump driver_;
  smtpoll::Error error_;
  Envelope envelope_;
  Recipient recipients_[Limits::kRecipients];
  MessageViewSource source_;
  Source* content_ = nullptr;  // of the message under way
  std::uint32_t accepted_ = 0;
  Outcome outcome_ = Outcome::Queued;
  bool is_started_ = false;
  bool quits_ = false;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/proxy_socket.hpp ----
// A socket policy over another one that reaches the server through a proxy. What is said to the proxy is a dialogue
// class of its own (socks5_proxy.hpp, http_proxy.hpp), which knows no socket. The server's name is resolved by the
// proxy. Invariant: not a byte is read beyond the proxy's answer, since what follows belongs to the session; the
// proxy's password is written straight into the dialogue's buffer and overwritten when it has gone.
#ifndef SMTPOLL_SOCKET_PROXY_SOCKET_HPP
#define SMTPOLL_SOCKET_PROXY_SOCKET_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Which proxy to go through. A change counts from the next connection on; nothing may change while one is made.
struct ProxySettings {
  std::string Address;     ///< Host name or IP of the proxy; empty: no proxy, straight to the server.
  std::uint16_t Port = 0;  ///< 1 to 65535.
  std::string UserName;    ///< Empty: no authentication.
  std::string Password;    ///< With what to log in to the proxy.

  ProxySettings() = default;
  /// Copies all settings.
  ProxySettings(const ProxySettings&) = default;
  /// Copies all settings.
  ProxySettings& operator=(const ProxySettings&) = default;
  ~ProxySettings() { detail::WipeText(Password); }
};

namespace detail {

/// What the dialogues share: a buffer for what is said, and words for what went wrong.
class ProxyDialogue {
 public:
  ProxyDialogue() = default;
  ProxyDialogue(const ProxyDialogue&) = delete;
  ProxyDialogue& operator=(const ProxyDialogue&) = delete;
  ~ProxyDialogue() { Forget(); }

  /// What is to be said next; while it is empty and the dialogue not Done, Input() is to be filled.
  Span<const char> Output() const noexcept { return {output_.Filled().data(), output_.Filled().size()}; }
  void Sent(std::size_t size) noexcept { output_.ConsumeAndWipe(size); }

  bool Done() const noexcept { return done_; }
  Errc Code() const noexcept { return code_; }
  std::string_view Fault() const noexcept { return fault_.View(); }

  /// Overwrites what has not been said.
  void Forget() noexcept { Sent(output_.Filled().size()); }

 protected:
  static constexpr std::size_t kMaxHost = 255;

  /// Starts anew; false where no protocol can say this target.
  bool Restart(std::string_view host) noexcept {
    Forget();
    fault_.Clear();
    code_ = Errc::None;
    done_ = false;
    bool fits = !host.empty() && host.size() <= kMaxHost;
    for (const char c : host) fits = fits && static_cast<unsigned char>(c) > ' ' && c != 0x7f;
    return fits || Fail(Errc::NameResolution, "the server's name cannot be told to a proxy");
  }
  bool Fail(Errc code, std::string_view why) noexcept {
    code_ = code;
    fault_.Assign(why);
    return false;
  }

  WireBuffer& Say() noexcept { return output_; }
  void Finish() noexcept { done_ = true; }

 private:
  char buffer_[1536];
  WireBuffer output_{buffer_};
  FixedText<200> fault_;
  Errc code_ = Errc::None;
  bool done_ = false;
};

}  // namespace detail

/// `Socket` through the proxy that `Proxy` names. Where that fails, the error is the socket's own (the proxy cannot be
/// reached), Errc::ProxyRefused, Errc::ProxyAuthentication or Errc::ConnectionLost, and FaultText() says more.
/// `Dialogue` has the members of detail::ProxyDialogue and
///   bool Start(const Endpoint& to, const ProxySettings& proxy)   false: cannot be said, see Fault
///   Span<char> Input()                                           not empty, and no more than is sure to come
///   bool Received(std::size_t size)                              so many bytes of it came; false: see Fault
template <typename Socket, typename Dialogue>
class ProxySocket {
 public:
  ///@{
  /// What a socket policy has, see socket_policy.hpp.
  using Handle = typename Socket::Handle;
  static constexpr Handle kNoHandle = Socket::kNoHandle;

  ProxySettings Proxy;  ///< The proxy to go through. A change counts from the next Connect on.

  /// The socket beneath, which is connected to the proxy.
  Socket& NextLayer() noexcept { return next_; }
  const Socket& NextLayer() const noexcept { return next_; }

  static Millis Now() { return Socket::Now(); }

  IoResult Connect(const Endpoint& to) {
    Close();
    fault_.Clear();
    if (Proxy.Address.empty()) return next_.Connect(to);
    if (to.port == 0) return IoResult::Fail(static_cast<int>(Errc::InvalidPort));
    if (!dialogue_.Start(to, Proxy)) return Failed(static_cast<int>(dialogue_.Code()), dialogue_.Fault());
    stage_ = Stage::Reaching;
    return Reached(next_.Connect({Proxy.Address, Proxy.Port, to.local_address}));
  }

  IoResult ConnectStep() {
    switch (stage_) {
      case Stage::Reaching: return Reached(next_.ConnectStep());
      case Stage::Talking: return Talk();
      case Stage::Through: break;
    }
    return next_.ConnectStep();
  }

  Readiness ConnectWants() const {
    if (stage_ != Stage::Talking) return next_.ConnectWants();
    return dialogue_.Output().empty() ? Readiness::Read : Readiness::Write;
  }

  Millis ConnectDeadline() const { return stage_ != Stage::Talking ? detail::ConnectDeadlineOf(next_) : kNever; }

  IoResult Read(char* into, std::size_t room) {
    return stage_ == Stage::Through ? next_.Read(into, room) : IoResult::Fail(static_cast<int>(Errc::InvalidState));
  }
  IoResult Write(const char* bytes, std::size_t size) {
    return stage_ == Stage::Through ? next_.Write(bytes, size) : IoResult::Fail(static_cast<int>(Errc::InvalidState));
  }
  Readiness Wait(Readiness what, Millis at_most) { return next_.Wait(what, at_most); }
  bool Resolving() const noexcept { return detail::IsResolving(next_); }
  void Close() {
    next_.Close();
    dialogue_.Forget();
    stage_ = Stage::Through;
  }

  Handle NativeHandle() const { return next_.NativeHandle(); }
  std::size_t LocalAddress(char* into, std::size_t room) const { return next_.LocalAddress(into, room); }
  /// IP of the proxy: that is the peer.
  std::size_t RemoteAddress(char* into, std::size_t room) const { return next_.RemoteAddress(into, room); }

  /// What there is to say about the last failure; empty where nothing. Never a credential of ours.
  std::string_view FaultText() const { return fault_.empty() ? detail::FaultTextOf(next_) : fault_.View(); }
  ///@}

 private:
  /// Through: nothing stands between the caller and the socket.
  enum class Stage : std::uint8_t { Through, Reaching, Talking };

  IoResult Failed(int number, std::string_view why) {
    Close();
    fault_.Assign(why);
    return IoResult::Fail(number);
  }

  IoResult Reached(const IoResult& result) {
    if (result.status == IoStatus::Again) return result;
    if (result.status == IoStatus::Done) {
      stage_ = Stage::Talking;
      return Talk();
    }
    FixedText<256> why("the proxy cannot be reached");
    const std::string_view told = detail::FaultTextOf(next_);
    if (!told.empty()) why.Append(": ");
    why.Append(told);
    return Failed(result.status == IoStatus::Failed ? result.error : static_cast<int>(Errc::ConnectionLost),
                  why.View());
  }

  IoResult Talk() {
    while (!dialogue_.Done()) {
      const Span<const char> output = dialogue_.Output();
      const Span<char> input = output.empty() ? dialogue_.Input() : Span<char>();
      const IoResult result =
          output.empty() ? next_.Read(input.data(), input.size()) : next_.Write(output.data(), output.size());
      if (result.status == IoStatus::Again) return result;
      if (result.status != IoStatus::Done)
        return Failed(result.status == IoStatus::Failed ? result.error : static_cast<int>(Errc::ConnectionLost),
                      "the proxy hung up before it had answered");
      if (!output.empty())
        dialogue_.Sent(result.size);
      else if (!dialogue_.Received(result.size))
        return Failed(static_cast<int>(dialogue_.Code()), dialogue_.Fault());
    }
    stage_ = Stage::Through;
    return IoResult::Ok();
  }

  Socket next_;
  Dialogue dialogue_;
  Stage stage_ = Stage::Through;
  FixedText<256> fault_;
};

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/http_proxy.hpp ----
// HTTP's CONNECT (RFC 9110 9.3.6, RFC 9112 3.2.3) with Basic authentication (RFC 7617): how a server is reached through
// a web proxy. Only a status of 2xx opens the way; the header behind it is read to its end and not a byte further.
#ifndef SMTPOLL_SOCKET_HTTP_PROXY_HPP
#define SMTPOLL_SOCKET_HTTP_PROXY_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class HttpConnectDialogue : public ProxyDialogue {
 public:
  bool Start(const Endpoint& to, const ProxySettings& proxy) noexcept {
    line_.Clear();
    line_ended_ = false;
    header_size_ = matched_ = 0;
    std::string_view host = to.host;
    const bool v6 = TakeBrackets(host);
    if (!Restart(host)) return false;
    if (!IsAllAscii(host)) return Fail(Errc::NameResolution, "HTTP needs the server's name in A-labels");
    // What the two lines with the host leave of the buffer is more than this becomes in base64.
    constexpr std::size_t kMaxLogin = 600;
    const std::size_t login = proxy.UserName.size() + 1 + proxy.Password.size();
    if (login > kMaxLogin)
      return Fail(Errc::ProxyAuthentication, "HTTP takes user names and passwords of up to 599 bytes here");
    if (proxy.UserName.find(':') != std::string::npos)
      return Fail(Errc::ProxyAuthentication, "HTTP has no place for a colon in a user name");
    FixedText<kMaxHost + 8> authority(v6 ? "[" : "");
    authority.Append(host);
    authority.Append(v6 ? "]:" : ":");
    authority.AppendDecimal(to.port);
    for (const std::string_view piece :
         {std::string_view("CONNECT "), authority.View(), std::string_view(" HTTP/1.1\r\nHost: "), authority.View()})
      Say().Append(piece);
    if (!proxy.UserName.empty()) {
      Say().Append("\r\nProxy-Authorization: Basic ");
      char text[kMaxLogin];
      proxy.UserName.copy(text, proxy.UserName.size());
      text[proxy.UserName.size()] = ':';
      proxy.Password.copy(text + proxy.UserName.size() + 1, proxy.Password.size());
      Say().Commit(Base64Encode(text, login, Say().Free().data()));
      Wipe(text, sizeof text);
    }
    Say().Append("\r\n\r\n");
    return true;
  }

  /// However the answer goes on, so many bytes are missing until its end.
  Span<char> Input() noexcept { return {piece_, sizeof piece_ - matched_}; }

  bool Received(std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
      const char c = piece_[i];
      matched_ = c == "\r\n\r\n"[matched_] ? matched_ + 1 : c == '\r' ? 1 : 0;
      if (++header_size_ > kMaxHeader) return Fail(Errc::ProxyRefused, "the HTTP proxy's answer has no end");
      if (line_ended_) continue;
      if (c == '\n') {
        line_ended_ = true;
        if (!JudgeStatus(line_.View())) return false;
      } else if (c != '\r') {
        const char shown = IsPrint(c) ? c : '?';
        line_.Append({&shown, 1});
      }
    }
    if (matched_ == sizeof piece_) Finish();
    return true;
  }

 private:
  static constexpr std::size_t kMaxHeader = 16384;

  /// "HTTP/1.1 200 Connection established"; the words may be missing.
  bool JudgeStatus(std::string_view line) noexcept {
    constexpr std::size_t kCode = 9;
    const bool http = line.substr(0, 7) == "HTTP/1." && line.size() >= kCode + 3 && line[kCode - 1] == ' ' &&
                      (line.size() == kCode + 3 || line[kCode + 3] == ' ');
    std::uint64_t code = 0;
    if (!http || !ParseDecimal(line.substr(kCode, 3), code))
      return Fail(Errc::ProxyRefused, "the proxy does not speak HTTP/1.1");
    if (code / 100 == 2) return true;
    // tinyproxy says 401 where 407 is meant.
    return Fail(code == 407 || code == 401 ? Errc::ProxyAuthentication : Errc::ProxyRefused, line);
  }

  std::size_t header_size_ = 0;
  std::size_t matched_ = 0;  // characters of the header's end that have come
  bool line_ended_ = false;  // the status line is whole, and was good
  FixedText<160> line_;      // the status line, fit to be shown
  char piece_[4];
};

}  // namespace detail

/// `Socket` through an HTTP proxy by CONNECT: BasicSMTPSocket<HttpConnectProxy<NativeSocket>>, and
/// `mail.Layer().NextLayer().Proxy.Address = "proxy.example.org"`. Errors: ProxySocket.
template <typename Socket>
using HttpConnectProxy = ProxySocket<Socket, detail::HttpConnectDialogue>;

SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/detail/address_bytes.hpp ----
// An IP address from text to bytes, strictly and without the system: dotted decimal (RFC 6943 3.1.1's strict form) and
// IPv6 (RFC 4291 2.2). For those who have to say an address in a protocol; a socket leaves it to the system.
#ifndef SMTPOLL_SOCKET_DETAIL_ADDRESS_BYTES_HPP
#define SMTPOLL_SOCKET_DETAIL_ADDRESS_BYTES_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

constexpr bool ParseIPv4(std::string_view text, unsigned char* into) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    const std::string_view digits = text.substr(0, dot);
    std::uint64_t value = 0;
    if (dot == std::string_view::npos || digits.size() > 3 || !ParseDecimal(digits, value) || value > 255) return false;
    if (digits.size() > 1 && digits[0] == '0') return false;
    into[i] = static_cast<unsigned char>(value);
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return true;
}

/// 1 to 4 hexadecimal digits.
constexpr bool ParseGroup(std::string_view text, unsigned& value) noexcept {
  if (text.empty() || text.size() > 4) return false;
  value = 0;
  for (const char c : text) {
    const char lower = ToLower(c);
    if (!IsDigit(c) && (lower < 'a' || lower > 'f')) return false;
    value = value << 4 | static_cast<unsigned>(IsDigit(c) ? c - '0' : lower - 'a' + 10);
  }
  return true;
}

constexpr bool ParseIPv6(std::string_view text, unsigned char* into) noexcept {
  constexpr std::size_t kSize = 16, kNoGap = kSize + 1;
  std::size_t size = 0, gap = kNoGap;
  if (text.substr(0, 2) == "::") {
    gap = 0;
    text.remove_prefix(2);
  }
  if (text.empty() && gap == kNoGap) return false;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view piece = text.substr(0, colon);
    unsigned group = 0;
    if (piece.find('.') != std::string_view::npos) {
      if (colon != std::string_view::npos || size > kSize - 4 || !ParseIPv4(piece, into + size)) return false;
      size += 4;
      break;
    }
    if (size > kSize - 2 || !ParseGroup(piece, group)) return false;
    into[size++] = static_cast<unsigned char>(group >> 8);
    into[size++] = static_cast<unsigned char>(group & 0xff);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
    if (text[0] != ':') continue;
    if (gap != kNoGap) return false;
    gap = size;
    text.remove_prefix(1);
  }
  if (gap == kNoGap) return size == kSize;
  if (size == kSize) return false;
  for (std::size_t i = 0; i < kSize - gap; ++i)
    into[kSize - 1 - i] = i < size - gap ? into[size - 1 - i] : static_cast<unsigned char>(0);
  return true;
}

/// Writes the address that `text` is to `into`, which has 16 bytes; returns 4 or 16, 0 where it is none.
constexpr std::size_t ParseAddress(std::string_view text, unsigned char* into) noexcept {
  if (ParseIPv4(text, into)) return 4;
  return ParseIPv6(text, into) ? 16 : 0;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

// ---- smtpoll/socket/socks5_proxy.hpp ----
// SOCKS5 (RFC 1928) with user name and password (RFC 1929): what a client says to reach a server through such a proxy.
// The server's name goes to the proxy as it is, so that nothing is looked up here; an IP address goes as its bytes.
#ifndef SMTPOLL_SOCKET_SOCKS5_PROXY_HPP
#define SMTPOLL_SOCKET_SOCKS5_PROXY_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Why a SOCKS5 proxy did not connect (RFC 1928 6).
constexpr std::string_view Socks5Reply(unsigned code) noexcept {
  constexpr std::string_view kReplies[] = {"",
                                           "general failure of the SOCKS5 proxy",
                                           "the SOCKS5 proxy's rules do not allow it",
                                           "the server's network cannot be reached from the SOCKS5 proxy",
                                           "the SOCKS5 proxy cannot reach or resolve the server",
                                           "the server refused the SOCKS5 proxy's connection",
                                           "the SOCKS5 proxy's connection timed out on its way",
                                           "the SOCKS5 proxy knows no CONNECT",
                                           "the SOCKS5 proxy knows no addresses of this kind"};
  return code < sizeof kReplies / sizeof kReplies[0] ? kReplies[code] : "a SOCKS5 reply that nobody defined";
}

class Socks5Dialogue : public ProxyDialogue {
 public:
  bool Start(const Endpoint& to, const ProxySettings& proxy) noexcept {
    proxy_ = &proxy;
    host_.Assign(to.host);
    port_ = to.port;
    if (!Restart(to.host)) return false;
    std::string_view host = to.host;
    const bool literal = TakeBrackets(host);
    if (const std::size_t size = ParseAddress(host, address_); size != 0)
      kind_ = size == 4 ? kIPv4 : kIPv6;
    else if (!literal)
      kind_ = kName;
    else
      return Fail(Errc::NameResolution, "the server's address is none");
    if (proxy.UserName.size() > 255 || proxy.Password.size() > 255)
      return Fail(Errc::ProxyAuthentication, "SOCKS5 takes user names and passwords of up to 255 bytes");
    Put({kVersion, proxy.UserName.empty() ? 1u : 2u, kNoLogin});
    if (!proxy.UserName.empty()) Put({kLogin});
    Await(Step::Method, 2);
    return true;
  }

  Span<char> Input() noexcept { return {answer_ + size_, wanted_ - size_}; }

  bool Received(std::size_t size) noexcept {
    size_ += size;
    if (size_ < wanted_) return true;
    switch (step_) {
      case Step::Method: return TakeMethod();
      case Step::Login:
        if (At(1) != 0) return Fail(Errc::ProxyAuthentication, "the SOCKS5 proxy refused the user name or password");
        Ask();
        return true;
      case Step::Reply:
        if (At(0) != kVersion) return NoSocks5();
        if (At(1) != 0) return Fail(Errc::ProxyRefused, Socks5Reply(At(1)));
        Await(Step::Kind, 3);
        return true;
      case Step::Kind: return TakeKind();
      case Step::Address: Finish(); return true;
    }
    return true;
  }

 private:
  /// What is waited for: the method chosen, the word on the password, the first two bytes of the reply, three more that
  /// say how long its address is, and the rest of that.
  enum class Step : std::uint8_t { Method, Login, Reply, Kind, Address };
  static constexpr unsigned kVersion = 5, kNoLogin = 0, kLogin = 2, kNoMethod = 255, kConnect = 1;
  static constexpr unsigned kIPv4 = 1, kName = 3, kIPv6 = 4;

  void Put(std::initializer_list<unsigned> bytes) noexcept {
    for (const unsigned byte : bytes) {
      const char c = static_cast<char>(byte & 0xff);
      Say().Append({&c, 1});
    }
  }
  void PutCounted(std::string_view text) noexcept {
    Put({static_cast<unsigned>(text.size())});
    Say().Append(text);
  }
  unsigned At(std::size_t i) const noexcept { return static_cast<unsigned char>(answer_[i]); }

  void Await(Step step, std::size_t wanted) noexcept {
    step_ = step;
    size_ = 0;
    wanted_ = wanted;
  }

  bool NoSocks5() noexcept { return Fail(Errc::ProxyRefused, "the proxy does not speak SOCKS5"); }

  bool TakeMethod() noexcept {
    if (At(0) != kVersion) return NoSocks5();
    if (At(1) == kNoMethod)
      return Fail(Errc::ProxyAuthentication, proxy_->UserName.empty()
                                                 ? "the SOCKS5 proxy wants a user name and password"
                                                 : "the SOCKS5 proxy takes no user name and password");
    if (At(1) == kLogin && !proxy_->UserName.empty()) {
      Put({1});  // the version of RFC 1929
      PutCounted(proxy_->UserName);
      PutCounted(proxy_->Password);
      Await(Step::Login, 2);
      return true;
    }
    if (At(1) != kNoLogin) return NoSocks5();
    Ask();
    return true;
  }

  void Ask() noexcept {
    Put({kVersion, kConnect, 0, kind_});
    if (kind_ == kName)
      PutCounted(host_.View());
    else
      for (std::size_t i = 0; i < (kind_ == kIPv4 ? 4u : 16u); ++i) Put({address_[i]});
    Put({static_cast<unsigned>(port_ >> 8), static_cast<unsigned>(port_ & 0xff)});
    Await(Step::Reply, 2);
  }

  /// The address that the proxy bound tells us nothing, but it has to be read.
  bool TakeKind() noexcept {
    const unsigned kind = At(1);
    // Of what remains, the third byte has come already; a port of two bytes stands behind it.
    const std::size_t rest = kind == kIPv4 ? 3 : kind == kIPv6 ? 15 : kind == kName ? At(2) : SIZE_MAX;
    if (rest == SIZE_MAX) return NoSocks5();
    Await(Step::Address, rest + 2);
    return true;
  }

  const ProxySettings* proxy_ = nullptr;
  FixedText<kMaxHost> host_;
  std::uint16_t port_ = 0;
  unsigned kind_ = kName;
  unsigned char address_[16] = {};
  Step step_ = Step::Method;
  std::size_t size_ = 0;    // bytes of the answer that came
  std::size_t wanted_ = 0;  // that it has
  char answer_[kMaxHost + 2];
};

}  // namespace detail

/// `Socket` through a SOCKS5 proxy, which resolves the server's name: BasicSMTPSocket<Socks5Proxy<NativeSocket>>, and
/// `mail.Layer().NextLayer().Proxy.Address = "proxy.example.org"`. Errors: ProxySocket.
template <typename Socket>
using Socks5Proxy = ProxySocket<Socket, detail::Socks5Dialogue>;

SMTPOLL_NAMESPACE_END

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/capabilities.hpp ----
// What a POP3 server said it can do: the lines of its CAPA response (RFC 2449), read by one table. Unknown ones are
// passed over.
#ifndef SMTPOLL_POP3_CAPABILITIES_HPP
#define SMTPOLL_POP3_CAPABILITIES_HPP

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

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/content_reader.hpp ----
// The content of a message as it comes from a POP3 server (RFC 1939 3): a dot before a line that starts with one is
// taken away, and a line with nothing but a dot is the end. It works on whatever piece has come and holds nothing back
// but what may be that line. Invariant: only CRLF ends a line, so no byte of a message can pass for its end.
#ifndef SMTPOLL_POP3_CONTENT_READER_HPP
#define SMTPOLL_POP3_CONTENT_READER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class Pop3ContentReader {
 public:
  /// What the front of the received bytes is.
  struct Piece {
    std::size_t skip = 0;  ///< Bytes that are no content, before it.
    std::size_t size = 0;  ///< Bytes of content behind those; 0: nothing more before further bytes have come.
    bool end = false;      ///< The content is over, with the bytes skipped.
  };

  /// A content begins.
  void Start() noexcept { place_ = Place::LineStart; }

  /// Reads the front of `bytes`. The caller drops what is skipped and the content, and calls again with the rest.
  Piece Read(std::string_view bytes) noexcept {
    Piece piece;
    if (place_ == Place::LineStart && !bytes.empty() && bytes[0] == '.') {
      constexpr std::string_view kEnd = ".\r\n";
      if (bytes.size() < kEnd.size() && bytes == kEnd.substr(0, bytes.size())) return piece;
      piece.skip = 1;
      piece.end = bytes.substr(0, kEnd.size()) == kEnd;
      if (piece.end) piece.skip = kEnd.size();
      if (piece.end) return piece;
      place_ = Place::Line;
      bytes.remove_prefix(1);
    }
    piece.size = FindStuffedDot(bytes);
    if (piece.size != 0) place_ = PlaceAfter(bytes.substr(0, piece.size));
    return piece;
  }

 private:
  enum class Place : unsigned char { Line, BehindCr, LineStart };

  /// Index of the first dot that starts a line; the size of `bytes` where there is none.
  std::size_t FindStuffedDot(std::string_view bytes) const noexcept {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const void* const found = std::memchr(bytes.data() + at, '.', bytes.size() - at);
      if (found == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      if (PlaceAfter(bytes.substr(0, at)) == Place::LineStart) return at;
    }
    return bytes.size();
  }

  /// Where the byte behind `bytes` stands.
  Place PlaceAfter(std::string_view bytes) const noexcept {
    if (bytes.empty()) return place_;
    if (bytes.back() == '\r') return Place::BehindCr;
    if (bytes.back() != '\n') return Place::Line;
    const bool cr = bytes.size() == 1 ? place_ == Place::BehindCr : bytes[bytes.size() - 2] == '\r';
    return cr ? Place::LineStart : Place::Line;
  }

  Place place_ = Place::LineStart;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/command.hpp ----
// The commands of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034): what each is called, which phase it belongs to, how
// long its response may take and what shape that has.
#ifndef SMTPOLL_POP3_COMMAND_HPP
#define SMTPOLL_POP3_COMMAND_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What a response answers. The first ones open a session by themselves; from Stat on they are the caller's.
enum class Pop3Command : std::uint8_t {
  None,           ///< No response is awaited.
  Greeting,       ///< Not a command: what the server says first.
  StartTls,       ///< STLS (RFC 2595 4).
  User,           ///< USER
  Pass,           ///< PASS
  Apop,           ///< APOP
  Auth,           ///< AUTH (RFC 5034).
  AuthCancelled,  ///< The line that takes AUTH back.
  Capabilities,   ///< CAPA (RFC 2449 5).
  Stat,           ///< STAT: how many messages there are, and their size.
  ListOne,        ///< LIST with a number: the size of one message.
  List,           ///< LIST: the sizes of all.
  UidOne,         ///< UIDL with a number: the unique id of one message.
  Uids,           ///< UIDL: the unique ids of all.
  Retrieve,       ///< RETR: a whole message.
  Top,            ///< TOP: the header of a message and some lines of its body.
  Delete,         ///< DELE: marks a message; it is gone when QUIT has been answered.
  Reset,          ///< RSET: takes all marks back.
  Noop,           ///< NOOP
  Other,          ///< A line of the caller's that has a response of one line.
  Quit,           ///< QUIT
};

namespace detail {

/// RFC 2449 4: with its line end a command has at most 255 bytes.
constexpr std::size_t kPop3MostCommand = 253;

/// What follows a positive status line.
enum class Pop3Shape : std::uint8_t { Line, Lines, Content };

struct Pop3Rule {
  std::string_view verb;
  Millis Timeouts::*timeout;
  Phase phase;
  Pop3Shape shape;
};

/// In the order of Pop3Command.
inline constexpr Pop3Rule kPop3Rules[] = {
    {"", &Timeouts::command, Phase::Idle, Pop3Shape::Line},
    {"", &Timeouts::greeting, Phase::Greeting, Pop3Shape::Line},
    {"STLS", &Timeouts::hello, Phase::Tls, Pop3Shape::Line},
    {"USER", &Timeouts::authentication, Phase::Authentication, Pop3Shape::Line},
    {"PASS", &Timeouts::authentication, Phase::Authentication, Pop3Shape::Line},
    {"APOP", &Timeouts::authentication, Phase::Authentication, Pop3Shape::Line},
    {"AUTH", &Timeouts::authentication, Phase::Authentication, Pop3Shape::Line},
    {"*", &Timeouts::authentication, Phase::Authentication, Pop3Shape::Line},
    {"CAPA", &Timeouts::hello, Phase::Command, Pop3Shape::Lines},
    {"STAT", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"LIST", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"LIST", &Timeouts::command, Phase::Command, Pop3Shape::Lines},
    {"UIDL", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"UIDL", &Timeouts::command, Phase::Command, Pop3Shape::Lines},
    {"RETR", &Timeouts::command, Phase::Content, Pop3Shape::Content},
    {"TOP", &Timeouts::command, Phase::Content, Pop3Shape::Content},
    {"DELE", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"RSET", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"NOOP", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"", &Timeouts::command, Phase::Command, Pop3Shape::Line},
    {"QUIT", &Timeouts::quit, Phase::Quit, Pop3Shape::Line},
};
constexpr const Pop3Rule& RuleOf(Pop3Command command) noexcept { return kPop3Rules[static_cast<std::size_t>(command)]; }

}  // namespace detail

/// One command of the caller's.
struct Pop3Request {
  Pop3Command command = Pop3Command::Noop;  ///< What is asked.
  std::uint32_t message = 0;  ///< Number of a message, from 1 on; for ListOne, UidOne, Retrieve, Top and Delete.
  std::uint32_t lines = 0;    ///< Of the body, for Top.
  std::string_view line;      ///< For Other: all of it, without its line end; valid during the call it is given to.
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/event.hpp ----
// What the POP3 engine tells its driver, one event at a time, and what it is told before a session. Views in an event
// are valid until the engine is called again.
#ifndef SMTPOLL_POP3_EVENT_HPP
#define SMTPOLL_POP3_EVENT_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What a Pop3Event tells.
enum class Pop3EventKind : std::uint8_t {
  None,           ///< Nothing more to tell now.
  Greeting,       ///< `text` is what the server said first.
  NeedTls,        ///< The server is ready for a TLS handshake on this wire: do it, then call Pop3Engine::Secured.
  Authenticated,  ///< The credentials were accepted: the mailbox is open and locked.
  Entry,          ///< A line of a listing: `message` and its `size`, or `text` is its unique id or the line itself.
  Content,        ///< `text` is the next piece of the message that is fetched, dots as the sender wrote them.
  Done,           ///< The command is done. `message`: of a listing or STAT, how many there are; else its number.
                  ///< `size`: of the content that came; of STAT, of all messages. `text`: the server's words.
  Refused,        ///< The server refused the command, `error` says why; the session goes on.
  Failed,         ///< The session is over because of `error`.
  Ended,          ///< The session is over as asked for (QUIT).
};

/// One event of a POP3 session.
struct Pop3Event {
  Pop3EventKind kind = Pop3EventKind::None;  ///< What happened.
  Pop3Command command = Pop3Command::None;   ///< The command concerned.
  std::uint32_t message = 0;                 ///< Number of a message, or of messages.
  std::uint64_t size = 0;                    ///< Bytes.
  std::string_view text;                     ///< The text that belongs to it.
  const Error* error = nullptr;              ///< Valid until the engine is called again.
};

/// What a POP3 session needs to know before it starts: of SessionOptions the credentials, all about TLS, pipelining,
/// the time-outs and the transcript.
struct Pop3Options : SessionOptions {
  bool apop = false;                                       ///< APOP, and nothing else.
  std::uint32_t most_entries = 1000 * 1000;                ///< Lines that a listing may have.
  std::uint64_t most_content = std::uint64_t{1024} << 20;  ///< Bytes that a message may have.
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/engine.hpp ----
// The POP3 client as a state machine (RFC 1939): received bytes become decisions, decisions become bytes to send. Like
// SMTP's Engine it does no I/O, allocates nothing and has no clock, and a Driver moves its bytes.
//
// Theory: responses come in the order of the commands. awaited_ says what the next status line answers, reading_ what
// follows it. A byte that no command has asked for ends the session, whoever sent it. OnStatus is the table of what
// each status line does. With PIPELINING (RFC 2449 6.6) commands of the caller's may be said behind the present one;
// they wait in behind_, and each is the present one when the one before it has its response.
//
// Invariant: once the mailbox is open, QUIT is said only where the caller asks for it, since QUIT deletes what is
// marked; a session that fails deletes nothing.
#ifndef SMTPOLL_POP3_ENGINE_HPP
#define SMTPOLL_POP3_ENGINE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// One POP3 session, without I/O.
class Pop3Engine {
 public:
  /// The engine works in memory that the caller sized and keeps: `input` at least 512 bytes (the longest line of a
  /// response must fit), `output` at least 1024 bytes (the longest response of SASL must fit).
  Pop3Engine(Span<char> input, Span<char> output) noexcept : input_(input), output_(output) {}
  Pop3Engine(const Pop3Engine&) = delete;
  Pop3Engine& operator=(const Pop3Engine&) = delete;

  /// The wire is connected: waits for the greeting, then asks for the capabilities and, where credentials are set, logs
  /// in.
  void Start(const Pop3Options& options, Millis now) noexcept;

  /// After NeedTls: the handshake is done. What the server said before is forgotten (RFC 2595 4), and the capabilities
  /// are asked for again. For the binding see Engine::Secured.
  void Secured(Millis now, std::string_view channel_binding_type = {}, std::string_view channel_binding = {}) noexcept;

  /// What is wrong with a request, if anything: Errc::InvalidMessage where it is no command of one line of 255 bytes
  /// (RFC 2449 4), or one that the engine says by itself.
  static Error Check(const Pop3Request& request) noexcept;

  /// Says one command of the caller's. An error, and not a byte is said, where that cannot be begun now
  /// (Errc::InvalidState), or what Check finds.
  Error Begin(const Pop3Request& request, Millis now) noexcept;

  /// This command can be begun now: the engine is Idle(), or the server offers PIPELINING and there is room behind the
  /// commands that it has not answered yet.
  bool CanBegin(Pop3Command command) const noexcept;

  /// Ends the session in order: the messages that are marked are deleted. Ended comes when the server has done so;
  /// Failed where messages were marked and it is not known whether they are gone. Allowed when Idle().
  void Quit(Millis now) noexcept;

  /// Breaks the content off that is being received; allowed right after a Content event. There is no way to tell the
  /// server so: the session fails with Errc::Cancelled.
  void Cancel() noexcept;

  /// Bytes to be sent; the view is valid until Next is called.
  Span<const char> Output() const noexcept { return {output_.Filled().data(), output_.Filled().size()}; }
  /// The first `size` bytes of Output() are gone.
  void Sent(std::size_t size, Millis now) noexcept {
    output_.ConsumeAndWipe(size);
    if (size != 0) waiting_since_ = now;
  }

  /// Room for received bytes; empty only while a whole buffer of them waits for Next.
  Span<char> Input() noexcept {
    if (!sasl_.Working()) {
      DropUsed();
      input_.Compact();
    }
    return input_.Free();
  }
  /// `size` bytes were put into Input().
  void Received(std::size_t size) noexcept {
    input_.Commit(size);
    fresh_ = true;
  }

  /// The wire is gone because of `why`. Call Next until None before, so that what did arrive counts.
  void Closed(const Error& why) noexcept;

  /// Parses, decides and writes what is due until there is something to tell. None: nothing more until bytes or time
  /// come.
  Pop3Event Next(Millis now) noexcept;

  /// What the session waits for on the wire.
  Readiness Wants() const noexcept {
    if (IsOver() || stage_ == Stage::AwaitTls) return Readiness::None;
    return output_.empty() ? Readiness::Read : Readiness::ReadOrWrite;
  }
  /// The time at which the present phase times out, kNever where none runs; see Engine::NextDeadline.
  Millis NextDeadline() const noexcept;

  /// No response is awaited: ready for Begin or Quit.
  bool Idle() const noexcept { return stage_ == Stage::Ready && awaited_ == Pop3Command::None && !done_due_; }
  /// No session: before Start, and after Failed or Ended.
  bool IsOver() const noexcept { return stage_ == Stage::Over; }
  /// What is sent is always there.
  static constexpr bool WaitsForSource() noexcept { return false; }

  /// What the session is doing, for errors.
  Phase CurrentPhase() const noexcept;
  /// What the server offered in its last CAPA response.
  const Pop3Capabilities& ServerCapabilities() const noexcept { return capabilities_; }
  /// Messages that are marked and will be gone with Quit.
  std::uint32_t Marked() const noexcept { return marked_; }

 private:
  static constexpr std::size_t kMostBehind = 15;
  enum class Stage : std::uint8_t { Over, Opening, AwaitTls, Ready };
  enum class Reading : std::uint8_t { Status, Lines, Content };

  Pop3Event TakeOutcome() noexcept;
  bool FindLine(std::string_view& line) noexcept;
  Pop3Event OnLine(std::string_view line) noexcept;
  Pop3Event OnStatus(bool positive, std::string_view text) noexcept;
  Pop3Event OnRefusal(Pop3Command answered, std::string_view text) noexcept;
  Pop3Event OnResult(std::string_view text) noexcept;
  Pop3Event OnEntry(std::string_view line) noexcept;
  bool ReadContent(Millis now, Pop3Event& event) noexcept;
  Pop3Event FinishReading() noexcept;
  void Answered() noexcept;

  void AskCapabilities() noexcept { Say(Pop3Command::Capabilities, {}); }
  void OnCapabilities() noexcept;
  Pop3Event OnStartTls() noexcept;
  Pop3Event OnLoggedIn() noexcept;
  void OnLoginRefused(Pop3Command answered, std::string_view text) noexcept;
  void Login() noexcept;
  void LoginByApop() noexcept;
  void LoginByPassword() noexcept;
  void StartMechanism(AuthMechanism mechanism) noexcept;
  void OnChallenge(std::string_view text) noexcept;
  void Respond(detail::SaslStep step) noexcept;
  void TakeTimestamp(std::string_view greeting) noexcept;

  void Say(Pop3Command command, std::string_view argument) noexcept;
  void SaySecret(Pop3Command command, std::string_view shown, std::initializer_list<std::string_view> pieces) noexcept;
  void WriteLine(std::initializer_list<std::string_view> pieces, std::string_view shown) noexcept;
  void BeginSaying(Pop3Command command) noexcept;
  void Expect(Pop3Command command, std::string_view shown) noexcept;
  void Show(Side side, std::string_view line) const {
    if (options_.transcript.show != nullptr) options_.transcript.show(options_.transcript.context, side, line);
  }

  Pop3Event EventOf(Pop3EventKind kind) const noexcept;
  Error ErrorOn(Pop3Command command, Errc code, std::string_view text) const noexcept;
  void Fail(const Error& error) noexcept;
  void FailPolitely(const Error& error) noexcept;
  void End(Pop3EventKind outcome) noexcept;

  /// What the last event looked at is done with; not while SASL still works on a challenge there.
  void DropUsed() noexcept {
    if (sasl_.Working()) return;
    input_.Consume(used_);
    searched_ = searched_ > used_ ? searched_ - used_ : 0;
    used_ = 0;
  }

  detail::WireBuffer input_;
  detail::WireBuffer output_;
  detail::SaslClient sasl_;
  detail::Pop3ContentReader content_;
  Pop3Options options_;
  Pop3Capabilities capabilities_;
  FixedText<256> timestamp_;              // of the greeting, for APOP
  FixedText<kErrorCommandRoom> command_;  // that awaited_ answers, secrets replaced

  Stage stage_ = Stage::Over;
  Reading reading_ = Reading::Status;
  Pop3Command awaited_ = Pop3Command::None;
  Pop3EventKind outcome_ = Pop3EventKind::None;  // of the session, not told yet
  bool done_due_ = false;                        // Done of the present command is to be told
  bool fresh_ = false;                           // bytes have come since they were last looked at
  std::size_t used_ = 0;                         // bytes of input_ that the last event looks at
  std::size_t searched_ = 0;                     // bytes of input_ in which no line end is
  std::uint32_t message_ = 0;                    // what the present command is about
  Pop3Request behind_[kMostBehind];              // a ring, oldest at oldest_behind_; without a line
  std::size_t oldest_behind_ = 0;
  std::size_t behind_count_ = 0;
  std::size_t behind_size_ = 0;  // bytes of their lines
  bool turned_ = false;          // the present command was one of them, and its time has not begun
  std::uint32_t entries_ = 0;    // lines of the present listing
  std::uint64_t size_ = 0;       // bytes of the present content
  std::uint32_t marked_ = 0;
  Millis waiting_since_ = 0;
  Error error_;
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/detail/engine_commands.hpp ----
// How the Pop3Engine says commands: what the caller may ask for, and groups of commands (RFC 2449 6.6).
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_COMMANDS_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_COMMANDS_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A command that may be said with others before they are answered.
constexpr bool MayPipeline(Pop3Command command) noexcept {
  return command >= Pop3Command::Stat && command < Pop3Command::Other;
}

/// The line of a command of the caller's, without its end.
inline FixedText<kPop3MostCommand> LineOf(const Pop3Request& request) noexcept {
  if (request.command == Pop3Command::Other) return FixedText<kPop3MostCommand>(request.line);
  FixedText<kPop3MostCommand> line(RuleOf(request.command).verb);
  const auto append = [&line](std::uint32_t number) {
    line.Append(" ");
    line.AppendDecimal(number);
  };
  if (request.message != 0) append(request.message);
  if (request.command == Pop3Command::Top) append(request.lines);
  return line;
}

}  // namespace detail

inline Error Pop3Engine::Check(const Pop3Request& request) noexcept {
  using Command = Pop3Command;
  const auto refuse = [](std::string_view why) { return Error(Errc::InvalidMessage, Phase::Command, why); };
  switch (request.command) {
    case Command::ListOne:
    case Command::UidOne:
    case Command::Retrieve:
    case Command::Top:
    case Command::Delete: return request.message != 0 ? Error() : refuse("messages are counted from 1 on");
    case Command::Capabilities:
    case Command::Stat:
    case Command::List:
    case Command::Uids:
    case Command::Reset:
    case Command::Noop: return request.message == 0 ? Error() : refuse("the command is about no message");
    case Command::Other: break;
    default: return refuse("this is no command of the caller's");
  }
  if (request.line.size() > detail::kPop3MostCommand || detail::HasLineBreakOrNul(request.line))
    return refuse("the command is no single line of 253 bytes");
  const std::string_view verb = request.line.substr(0, request.line.find(' '));
  bool word = !verb.empty();
  for (const char c : verb) word = word && (detail::IsAlpha(c) || detail::IsDigit(c) || c == '-');
  if (!word) return refuse("the command begins with no word");
  // What these say would go past the state of the session, or past the rules for credentials.
  for (const detail::Pop3Rule& own : detail::kPop3Rules)
    if (detail::EqualIgnoringCase(verb, own.verb)) return refuse("there is a method of its own for this command");
  return {};
}

inline Error Pop3Engine::Begin(const Pop3Request& request, Millis now) noexcept {
  if (!CanBegin(request.command))
    return Error(Errc::InvalidState, Phase::Command, "the session is not ready for a command");
  if (const Error error = Check(request)) return error;
  const auto line = detail::LineOf(request);
  if (Idle()) {
    message_ = request.message;
    waiting_since_ = now;
    SaySecret(request.command, line.View(), {line.View()});
    return {};
  }
  Pop3Request& behind = behind_[(oldest_behind_ + behind_count_++) % kMostBehind];
  behind = request;
  behind.line = {};
  WriteLine({line.View()}, line.View());
  behind_size_ += line.View().size() + 2;
  return {};
}

inline bool Pop3Engine::CanBegin(Pop3Command command) const noexcept {
  if (Idle()) return true;
  return stage_ == Stage::Ready && detail::MayPipeline(awaited_) && detail::MayPipeline(command) &&
         options_.pipelining && capabilities_.Has(Pop3Extension::Pipelining) && behind_count_ != kMostBehind &&
         output_.Free().size() >= detail::kPop3MostCommand + 2;
}

/// The present command has its response: the one behind it is the present one now.
inline void Pop3Engine::Answered() noexcept {
  awaited_ = Pop3Command::None;
  if (behind_count_ == 0) return;
  const Pop3Request& next = behind_[oldest_behind_];
  oldest_behind_ = (oldest_behind_ + 1) % kMostBehind;
  --behind_count_;
  const auto line = detail::LineOf(next);
  behind_size_ -= line.View().size() + 2;
  message_ = next.message;
  Expect(next.command, line.View());
  turned_ = true;
}

inline void Pop3Engine::Quit(Millis now) noexcept {
  if (!Idle()) return;
  waiting_since_ = now;
  Say(Pop3Command::Quit, {});
}

inline void Pop3Engine::Cancel() noexcept {
  if (reading_ == Reading::Content) Fail(ErrorOn(awaited_, Errc::Cancelled, {}));
}

inline void Pop3Engine::BeginSaying(Pop3Command command) noexcept {
  // What has come already answers nothing: it was said before the question.
  if (input_.Filled().size() != used_) Fail(ErrorOn(command, Errc::UnexpectedReply, "the server answered too early"));
}

inline void Pop3Engine::Say(Pop3Command command, std::string_view argument) noexcept {
  const std::string_view verb = detail::RuleOf(command).verb;
  FixedText<256> line(verb);
  if (!verb.empty() && !argument.empty()) line.Append(" ");
  line.Append(argument);
  SaySecret(command, line.View(), {line.View()});
}

/// Says `pieces` as one line; the transcript and errors have `shown` instead.
inline void Pop3Engine::SaySecret(Pop3Command command, std::string_view shown,
                                  std::initializer_list<std::string_view> pieces) noexcept {
  BeginSaying(command);
  if (IsOver()) return;
  WriteLine(pieces, shown);
  Expect(command, shown);
}

inline void Pop3Engine::WriteLine(std::initializer_list<std::string_view> pieces, std::string_view shown) noexcept {
  for (const std::string_view piece : pieces) output_.Append(piece);
  output_.Append("\r\n");
  Show(Side::Client, shown);
}

inline void Pop3Engine::Expect(Pop3Command command, std::string_view shown) noexcept {
  awaited_ = command;
  command_.Assign(shown);
}

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/detail/engine_ending.hpp ----
// What the Pop3Engine tells of a command, and how a session ends.
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_ENDING_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_ENDING_HPP

SMTPOLL_NAMESPACE_BEGIN

inline Pop3Event Pop3Engine::EventOf(Pop3EventKind kind) const noexcept {
  Pop3Event event;
  event.kind = kind;
  event.command = awaited_;
  event.message = message_;
  return event;
}

inline Error Pop3Engine::ErrorOn(Pop3Command command, Errc code, std::string_view text) const noexcept {
  Error error(code, detail::RuleOf(command).phase, text);
  if (command == awaited_ && command != Pop3Command::None) error.command.Assign(command_.View());
  return error;
}

inline void Pop3Engine::Fail(const Error& error) noexcept {
  error_ = error;
  if (error_.command.empty() && awaited_ != Pop3Command::None) error_.command.Assign(command_.View());
  End(Pop3EventKind::Failed);
}

/// As Fail, before the mailbox is open; leaves QUIT in the output for a driver that will flush once more.
inline void Pop3Engine::FailPolitely(const Error& error) noexcept {
  Fail(error);
  output_.Append("QUIT\r\n");
  Show(Side::Client, "QUIT");
}

inline void Pop3Engine::End(Pop3EventKind outcome) noexcept {
  output_.ConsumeAndWipe(output_.Filled().size());
  sasl_.Stop();
  stage_ = Stage::Over;
  reading_ = Reading::Status;
  done_due_ = false;
  awaited_ = Pop3Command::None;
  behind_count_ = behind_size_ = 0;
  outcome_ = outcome;
}

inline void Pop3Engine::Closed(const Error& why) noexcept {
  if (IsOver()) return;
  // With nothing marked, nothing depends on the answer to QUIT.
  if (awaited_ == Pop3Command::Quit && marked_ == 0) return End(Pop3EventKind::Ended);
  Error error = why;
  if (error.phase == Phase::None) error.phase = CurrentPhase();
  if (awaited_ == Pop3Command::Quit && error.text.empty())
    error.text.Assign("it is not known whether the marked messages were deleted");
  Fail(error);
}

inline Pop3Event Pop3Engine::TakeOutcome() noexcept {
  Pop3Event event;
  event.kind = outcome_;
  event.error = &error_;
  outcome_ = Pop3EventKind::None;
  return event;
}

inline Phase Pop3Engine::CurrentPhase() const noexcept {
  if (stage_ == Stage::Over) return Phase::None;
  return stage_ == Stage::AwaitTls ? Phase::Tls : detail::RuleOf(awaited_).phase;
}

inline Millis Pop3Engine::NextDeadline() const noexcept {
  if (sasl_.Working()) return waiting_since_;
  if (awaited_ == Pop3Command::None || IsOver()) return kNever;
  Millis timeout = options_.timeouts.*detail::RuleOf(awaited_).timeout;
  if (reading_ == Reading::Content) timeout = options_.timeouts.content;
  // To delete takes its time, and what becomes of it is worth waiting for.
  if (awaited_ == Pop3Command::Quit && marked_ != 0) timeout = options_.timeouts.command;
  return timeout > kNever - waiting_since_ ? kNever : waiting_since_ + timeout;
}

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/detail/engine_impl.hpp ----
// How the Pop3Engine reads responses, and what each does (RFC 1939 3 and 5).
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_IMPL_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_IMPL_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Lines that a CAPA response may have.
constexpr std::uint32_t kPop3MostCapabilities = 100;

/// Takes the number at the front of `text`, and the spaces behind it.
constexpr bool TakeNumber(std::string_view& text, std::uint64_t& value) noexcept {
  const std::size_t end = text.find(' ') < text.size() ? text.find(' ') : text.size();
  if (!ParseDecimal(text.substr(0, end), value)) return false;
  text.remove_prefix(end);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return true;
}

/// As TakeNumber, for the number of a message.
constexpr bool TakeMessageNumber(std::string_view& text, std::uint32_t& value) noexcept {
  std::uint64_t number = 0;
  if (!TakeNumber(text, number) || number > UINT32_MAX) return false;
  value = static_cast<std::uint32_t>(number);
  return true;
}

}  // namespace detail

inline void Pop3Engine::Start(const Pop3Options& options, Millis now) noexcept {
  options_ = options;
  capabilities_ = {};
  input_.Clear();
  output_.Clear();
  sasl_.Stop();
  timestamp_.Clear();
  reading_ = Reading::Status;
  outcome_ = Pop3EventKind::None;
  done_due_ = fresh_ = false;
  used_ = searched_ = 0;
  marked_ = 0;
  error_ = {};
  turned_ = false;
  waiting_since_ = now;
  stage_ = Stage::Opening;
  Expect(Pop3Command::Greeting, {});
}

inline Pop3Event Pop3Engine::Next(Millis now) noexcept {
  if (turned_) waiting_since_ = now;
  turned_ = false;
  for (;;) {
    DropUsed();
    if (outcome_ != Pop3EventKind::None) return TakeOutcome();
    if (IsOver() || stage_ == Stage::AwaitTls) return {};
    if (done_due_) return FinishReading();
    if (sasl_.Working()) {
      const detail::SaslStep step = sasl_.Work();
      if (step != detail::SaslStep::Again) {
        Respond(step);
        continue;
      }
      if (now - waiting_since_ < options_.timeouts.authentication) return {};
      Fail(Error(Errc::TimedOut, CurrentPhase()));
      continue;
    }
    if (reading_ == Reading::Content) {
      Pop3Event event;
      if (ReadContent(now, event)) {
        if (event.kind != Pop3EventKind::None) return event;
        continue;
      }
    } else {
      std::string_view line;
      if (FindLine(line)) {
        const Pop3Event event = OnLine(line);
        if (event.kind != Pop3EventKind::None) return event;
        continue;
      }
      if (outcome_ != Pop3EventKind::None) continue;
    }
    if (now < NextDeadline()) return {};
    Error error(Errc::TimedOut, CurrentPhase());
    if (error.phase == Phase::Quit) {
      Closed(error);
      continue;
    }
    if (error.phase == Phase::Greeting && !options_.secured)
      error.text.Assign("where the port speaks TLS first, as 995 does, set POP3ConnectionType to SSLTLS");
    Fail(error);
  }
}

/// Finds a whole line at the front of the input, which is then used; control characters in it are shown as '?'. What
/// cannot become one fails the session.
inline bool Pop3Engine::FindLine(std::string_view& line) noexcept {
  const Span<char> bytes = input_.Filled();
  // Decided before the line ends: whatever else speaks here never may end it.
  const bool starts_well = bytes.empty() || bytes[0] == '+' || bytes[0] == '-';
  if (reading_ == Reading::Status && !starts_well) {
    Fail(Error(Errc::MalformedReply, CurrentPhase(), "a response of POP3 begins with +OK or -ERR"));
    return false;
  }
  const void* found = nullptr;
  if (bytes.size() > searched_) found = std::memchr(bytes.data() + searched_, '\n', bytes.size() - searched_);
  if (found == nullptr) {
    searched_ = bytes.size();
    if (bytes.size() == input_.Capacity()) Fail(Error(Errc::ReplyTooLong, CurrentPhase()));
    return false;
  }
  std::size_t size = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
  used_ = size + 1;
  if (size != 0 && bytes[size - 1] == '\r') --size;
  for (std::size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if ((c < ' ' && c != '\t') || c == 0x7f) bytes[i] = '?';
  }
  line = {bytes.data(), size};
  return true;
}

inline Pop3Event Pop3Engine::OnLine(std::string_view line) noexcept {
  Show(Side::Server, line);
  if (reading_ == Reading::Lines) return OnEntry(line);
  // Nothing is an answer to what has not been said as a whole.
  const bool asked = awaited_ != Pop3Command::None && output_.Filled().size() <= behind_size_;
  const auto is = [&line](std::string_view indicator) {
    return line.substr(0, indicator.size()) == indicator &&
           (line.size() == indicator.size() || line[indicator.size()] == ' ');
  };
  const bool positive = is("+OK"), negative = is("-ERR"), more = is("+");
  if (!positive && !negative && !more) {
    Fail(Error(Errc::MalformedReply, CurrentPhase(), "a response of POP3 begins with +OK or -ERR"));
    return {};
  }
  std::string_view text = line.substr(positive ? 3 : negative ? 4 : 1);
  if (!text.empty()) text.remove_prefix(1);
  if (!asked || (more && awaited_ != Pop3Command::Auth)) {
    // A server that has waited for too long may say so before it closes.
    const bool farewell = negative && awaited_ == Pop3Command::None;
    Fail(ErrorOn(awaited_, farewell ? Errc::ConnectionLost : Errc::UnexpectedReply, text));
    return {};
  }
  if (!more) return OnStatus(positive, text);
  OnChallenge(text);
  return {};
}

/// What each status line does.
inline Pop3Event Pop3Engine::OnStatus(bool positive, std::string_view text) noexcept {
  const Pop3Command answered = awaited_;
  const detail::Pop3Shape shape = detail::RuleOf(answered).shape;
  if (!positive) return OnRefusal(answered, text);
  if (shape != detail::Pop3Shape::Line) {
    entries_ = 0;
    size_ = 0;
    content_.Start();
    if (answered == Pop3Command::Capabilities) capabilities_.Start();
    reading_ = shape == detail::Pop3Shape::Lines ? Reading::Lines : Reading::Content;
    return {};
  }
  switch (answered) {
    case Pop3Command::Greeting: {
      TakeTimestamp(text);
      Pop3Event event = EventOf(Pop3EventKind::Greeting);
      event.text = text;
      AskCapabilities();
      return event;
    }
    case Pop3Command::StartTls: return OnStartTls();
    case Pop3Command::User: LoginByPassword(); return {};
    case Pop3Command::Auth:
      if (!sasl_.Verified(text)) {
        FailPolitely(Error(Errc::AuthenticationFailed, Phase::Authentication,
                           "the server did not prove that it knows the password"));
        return {};
      }
      return OnLoggedIn();
    case Pop3Command::Pass:
    case Pop3Command::Apop: return OnLoggedIn();
    case Pop3Command::AuthCancelled: Fail(ErrorOn(answered, Errc::UnexpectedReply, text)); return {};
    case Pop3Command::Quit: End(Pop3EventKind::Ended); return {};
    case Pop3Command::Delete: ++marked_; break;
    case Pop3Command::Reset: marked_ = 0; break;
    default: break;
  }
  return OnResult(text);
}

inline Pop3Event Pop3Engine::OnRefusal(Pop3Command answered, std::string_view text) noexcept {
  switch (answered) {
    case Pop3Command::Greeting: FailPolitely(ErrorOn(answered, Errc::ServiceRefused, text)); return {};
    case Pop3Command::StartTls:
      if (options_.start_tls == StartTls::IfOffered)
        Login();
      else
        FailPolitely(ErrorOn(answered, Errc::TlsRefused, text));
      return {};
    case Pop3Command::User:
    case Pop3Command::Pass:
    case Pop3Command::Apop:
    case Pop3Command::Auth:
    case Pop3Command::AuthCancelled: OnLoginRefused(answered, text); return {};
    case Pop3Command::Capabilities:
      if (stage_ == Stage::Ready) break;
      capabilities_ = {};  // the server is older than CAPA
      OnCapabilities();
      return {};
    case Pop3Command::Quit:
      // RFC 1939 6: some of the marked messages were not deleted.
      Fail(ErrorOn(answered, Errc::CommandRefused, text));
      return {};
    default: break;
  }
  error_ = ErrorOn(answered, Errc::CommandRefused, text);
  Pop3Event event = EventOf(Pop3EventKind::Refused);
  event.text = text;
  event.error = &error_;
  Answered();
  return event;
}

/// A command whose response is one line is done.
inline Pop3Event Pop3Engine::OnResult(std::string_view text) noexcept {
  Pop3Event event = EventOf(Pop3EventKind::Done);
  event.text = text;
  const bool lists = awaited_ == Pop3Command::ListOne || awaited_ == Pop3Command::UidOne;
  bool fits = true;
  if (awaited_ == Pop3Command::Stat) {
    fits = detail::TakeMessageNumber(text, event.message) && detail::TakeNumber(text, event.size);
  } else if (lists) {
    event.kind = Pop3EventKind::Entry;
    fits = detail::TakeMessageNumber(text, event.message) && event.message == message_ && !text.empty();
    if (awaited_ == Pop3Command::ListOne) fits = fits && detail::TakeNumber(text, event.size);
    event.text = text;
  }
  if (!fits) {
    Fail(ErrorOn(awaited_, Errc::MalformedReply, text));
    return {};
  }
  if (lists) {
    entries_ = 1;
    done_due_ = true;
  } else {
    Answered();
  }
  return event;
}

/// A line of a listing (RFC 1939 3: a dot alone is its end).
inline Pop3Event Pop3Engine::OnEntry(std::string_view line) noexcept {
  const bool capabilities = awaited_ == Pop3Command::Capabilities;
  if (line == ".") {
    reading_ = Reading::Status;
    if (!capabilities || stage_ == Stage::Ready) return FinishReading();
    OnCapabilities();
    return {};
  }
  if (!line.empty() && line.front() == '.') line.remove_prefix(1);
  if (entries_++ == (capabilities ? detail::kPop3MostCapabilities : options_.most_entries)) {
    Fail(ErrorOn(awaited_, Errc::ReplyTooLong, "the listing has too many lines"));
    return {};
  }
  if (capabilities) {
    capabilities_.AddLine(line);
    if (stage_ != Stage::Ready) return {};
  }
  Pop3Event event = EventOf(Pop3EventKind::Entry);
  event.text = line;
  bool fits = capabilities;
  if (!fits) {
    fits = detail::TakeMessageNumber(event.text, event.message) && event.message != 0 && !event.text.empty();
    std::string_view text = event.text;
    if (awaited_ == Pop3Command::List) fits = fits && detail::TakeNumber(text, event.size);
  }
  if (fits) return event;
  Fail(ErrorOn(awaited_, Errc::MalformedReply, line));
  return {};
}

/// False where further bytes have to come.
inline bool Pop3Engine::ReadContent(Millis now, Pop3Event& event) noexcept {
  // A server that still sends is not late, whatever the size of the message.
  if (fresh_) waiting_since_ = now;
  fresh_ = false;
  const Span<char> bytes = input_.Filled();
  const detail::Pop3ContentReader::Piece piece = content_.Read({bytes.data(), bytes.size()});
  used_ = piece.skip + piece.size;
  if (piece.end) {
    reading_ = Reading::Status;
    FixedText<64> shown("[");
    shown.AppendDecimal(size_);
    shown.Append(" bytes of message]");
    Show(Side::Server, shown.View());
    Show(Side::Server, ".");
    event = FinishReading();
    return true;
  }
  if (piece.size > options_.most_content - size_) {
    Fail(ErrorOn(awaited_, Errc::ReplyTooLong, "the message is longer than MessageSizeLimit"));
    return true;
  }
  size_ += piece.size;
  if (piece.size != 0) {
    event = EventOf(Pop3EventKind::Content);
    event.text = {bytes.data() + piece.skip, piece.size};
    event.size = size_;
  }
  return used_ != 0;
}

/// The command with a listing or a content is done.
inline Pop3Event Pop3Engine::FinishReading() noexcept {
  Pop3Event event = EventOf(Pop3EventKind::Done);
  const bool content = detail::RuleOf(awaited_).shape == detail::Pop3Shape::Content;
  if (!content) event.message = entries_;
  if (content) event.size = size_;
  done_due_ = false;
  Answered();
  return event;
}

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/detail/engine_login.hpp ----
// How the Pop3Engine's session opens: CAPA (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034), APOP, USER and PASS (RFC
// 1939). Invariant: no credential is written before the wire is encrypted, unless the caller allowed that by name.
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_LOGIN_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_LOGIN_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The timestamp of a greeting, which is a message id (RFC 1939 7); empty where it has none. One that is not made as a
/// message id may be is none: whoever sits in between could choose it so that the digest gives the password away.
constexpr std::string_view FindTimestamp(std::string_view greeting) noexcept {
  const std::size_t start = greeting.find('<');
  if (start == std::string_view::npos) return {};
  std::string_view id = greeting.substr(start);
  const std::size_t end = id.find('>');
  if (end == std::string_view::npos) return {};
  id = id.substr(0, end + 1);
  std::size_t at_signs = 0;
  for (std::size_t i = 1; i < end; ++i) {
    if (id[i] <= ' ' || id[i] > '~' || id[i] == '<') return {};
    if (id[i] == '@') ++at_signs;
  }
  const bool inside = id[1] != '@' && id[end - 1] != '@';
  return at_signs == 1 && inside && id.size() <= 200 ? id : std::string_view();
}

/// The code in brackets that says that a login fails for another reason than the credentials (RFC 2449 8, RFC 3206 4).
constexpr bool SaysUnavailable(std::string_view text) noexcept {
  for (const std::string_view code : {"[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]", "[SYS/PERM]"})
    if (StartsWithIgnoringCase(text, code)) return true;
  return false;
}

}  // namespace detail

inline void Pop3Engine::TakeTimestamp(std::string_view greeting) noexcept {
  timestamp_.Assign(detail::FindTimestamp(greeting));
}

inline void Pop3Engine::OnCapabilities() noexcept {
  awaited_ = Pop3Command::None;
  if (options_.secured || options_.start_tls == StartTls::Never)
    Login();
  else if (capabilities_.Has(Pop3Extension::StartTls))
    Say(Pop3Command::StartTls, {});
  else if (options_.start_tls == StartTls::IfOffered)
    Login();
  else
    FailPolitely(Error(Errc::TlsRefused, Phase::Tls, "STLS is not offered"));
}

inline Pop3Event Pop3Engine::OnStartTls() noexcept {
  // RFC 2595 2.2, 4: what stands behind the answer was sent in the clear, and would be read as if it had been
  // encrypted.
  if (input_.Filled().size() != used_) {
    Fail(Error(Errc::UnexpectedReply, Phase::Tls,
               "plain text was sent behind the answer to STLS: use implicit TLS (port 995), or another network"));
    return {};
  }
  stage_ = Stage::AwaitTls;
  awaited_ = Pop3Command::None;
  return EventOf(Pop3EventKind::NeedTls);
}

inline void Pop3Engine::Secured(Millis now, std::string_view channel_binding_type,
                                std::string_view channel_binding) noexcept {
  if (stage_ != Stage::AwaitTls) return;
  options_.secured = true;
  options_.credentials.channel_binding_type = channel_binding_type;
  options_.credentials.channel_binding = channel_binding;
  capabilities_ = {};
  input_.Clear();
  used_ = searched_ = 0;
  waiting_since_ = now;
  stage_ = Stage::Opening;
  AskCapabilities();
}

/// APOP where it is asked for; else the strongest mechanism that the server offers and the credentials fit; else USER
/// and PASS.
inline void Pop3Engine::Login() noexcept {
  awaited_ = Pop3Command::None;
  const Credentials& credentials = options_.credentials;
  if (credentials.empty()) {
    stage_ = Stage::Ready;
    return;
  }
  if (!options_.secured && !options_.allow_plaintext_credentials)
    return FailPolitely(
        Error(Errc::CredentialsOnPlainWire, Phase::Authentication, "encrypt the connection or allow it by name"));
  if (options_.apop) return LoginByApop();
  Error error(Errc::AuthenticationUnavailable, Phase::Authentication);
  const AuthMechanism mechanism = detail::StrongestMechanism(capabilities_, credentials, 0, error.text);
  if (mechanism != AuthMechanism::Any) return StartMechanism(mechanism);
  const bool has_password = !credentials.password.empty() || credentials.token.empty();
  const bool may_say_password = credentials.pinned == AuthMechanism::Any && !credentials.user_name.empty() &&
                                has_password && credentials.authorization_id.empty();
  if (may_say_password && (!capabilities_.Known() || capabilities_.Has(Pop3Extension::User))) {
    // A line of the user's would be a command of his.
    const std::string_view name = credentials.user_name, password = credentials.password;
    const bool lines = detail::HasLineBreakOrNul(name) || detail::HasLineBreakOrNul(password);
    constexpr std::size_t kMost = detail::kPop3MostCommand - 5;
    if (!lines && name.size() <= kMost && password.size() <= kMost) return Say(Pop3Command::User, name);
    error.text.Assign(lines ? "the credentials have a line break or a NUL in them"
                            : "the credentials are too long for USER and PASS");
  }
  FailPolitely(error);
}

inline void Pop3Engine::LoginByPassword() noexcept {
  SaySecret(Pop3Command::Pass, "PASS ****", {"PASS ", options_.credentials.password});
}

/// RFC 1939 7: the password goes as the MD5 of the greeting's timestamp and itself.
inline void Pop3Engine::LoginByApop() noexcept {
  const std::string_view name = options_.credentials.user_name;
  const auto refuse = [this](std::string_view why) {
    FailPolitely(Error(Errc::AuthenticationUnavailable, Phase::Authentication, why));
  };
  if (timestamp_.empty()) return refuse("APOP: the greeting has no timestamp");
  if (name.empty() || name.size() > 200 || detail::HasLineBreakOrNul(name) || name.find(' ') != std::string_view::npos)
    return refuse("APOP: the user name is empty, too long, or has a space, a line break or a NUL in it");
  char code[detail::Md5::kSize];
  {
    detail::Md5 digest;
    digest.Update(timestamp_.View());
    digest.Update(options_.credentials.password);
    digest.Finish(code);
  }
  char hex[2 * sizeof code];
  for (std::size_t i = 0; i < sizeof code; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex[2 * i] = kDigits[static_cast<unsigned char>(code[i]) >> 4];
    hex[2 * i + 1] = kDigits[static_cast<unsigned char>(code[i]) & 15];
  }
  FixedText<256> shown("APOP ");
  shown.Append(name);
  shown.Append(" ****");
  SaySecret(Pop3Command::Apop, shown.View(), {"APOP ", name, " ", {hex, sizeof hex}});
  detail::Wipe(code, sizeof code);
  detail::Wipe(hex, sizeof hex);
}

inline void Pop3Engine::StartMechanism(AuthMechanism mechanism) noexcept {
  sasl_.Start(mechanism, options_.credentials);
  const std::size_t size = sasl_.SpeaksFirst() ? sasl_.ResponseSize() : 0;
  FixedText<64> command("AUTH ");
  command.Append(Name(mechanism));
  BeginSaying(Pop3Command::Auth);
  if (IsOver()) return;
  // RFC 5034 4: what does not fit a command line waits to be asked for.
  const bool at_once = sasl_.SpeaksFirst() && command.View().size() + 1 + size <= detail::kPop3MostCommand;
  output_.Append(command.View());
  FixedText<72> shown(command.View());
  if (at_once) {
    output_.Append(" ");
    const std::size_t written = sasl_.WriteResponse(output_.Free().data());
    output_.Commit(written);
    if (written == 0) output_.Append("=");
    shown.Append(" ****");
  }
  output_.Append("\r\n");
  Show(Side::Client, shown.View());
  Expect(Pop3Command::Auth, command.View());
}

/// The text stands in the receive buffer, and is decoded there.
inline void Pop3Engine::OnChallenge(std::string_view text) noexcept {
  const Span<char> received = input_.Filled();
  Respond(sasl_.Take({received.data() + (text.data() - received.data()), text.size()}));
}

inline void Pop3Engine::Respond(detail::SaslStep step) noexcept {
  if (step == detail::SaslStep::Again) return;
  BeginSaying(Pop3Command::Auth);
  if (IsOver()) return;
  if (step == detail::SaslStep::Respond && sasl_.ResponseSize() + 2 > output_.Free().size())
    step = sasl_.Cancel("the response does not fit the send buffer");
  if (step != detail::SaslStep::Respond) {
    const FixedText<kErrorCommandRoom> command = command_;
    SaySecret(Pop3Command::AuthCancelled, "*", {"*"});
    command_ = command;
    return;
  }
  output_.Commit(sasl_.WriteResponse(output_.Free().data()));
  output_.Append("\r\n");
  Show(Side::Client, "****");
}

inline Pop3Event Pop3Engine::OnLoggedIn() noexcept {
  sasl_.Stop();
  stage_ = Stage::Ready;
  const Pop3Event event = EventOf(Pop3EventKind::Authenticated);
  awaited_ = Pop3Command::None;
  return event;
}

inline void Pop3Engine::OnLoginRefused(Pop3Command answered, std::string_view text) noexcept {
  const bool unavailable = detail::SaysUnavailable(text);
  Error error = ErrorOn(answered, unavailable ? Errc::ServiceRefused : Errc::AuthenticationFailed, text);
  if (answered == Pop3Command::AuthCancelled && !sasl_.Fault().empty()) {
    error = ErrorOn(answered, Errc::AuthenticationFailed, sasl_.Fault());
  } else if (!sasl_.Remark().empty()) {
    error.text.Assign(sasl_.Remark());
    error.text.Append(" ");
    error.text.Append(text);
  }
  FailPolitely(error);
}

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/core.hpp ----
// What a Driver needs to drive the POP3 engine.
#ifndef SMTPOLL_POP3_CORE_HPP
#define SMTPOLL_POP3_CORE_HPP

SMTPOLL_NAMESPACE_BEGIN

/// Compile-time sizes of a POP3 client's buffers. A type of your own with these constants fits a smaller machine.
struct Pop3Limits {
  static constexpr std::size_t kInput = 16384;  ///< Receive buffer, bytes; messages pass through it.
  static constexpr std::size_t kOutput = 8192;  ///< Send buffer, bytes: the longest response of SASL must fit.
};

namespace detail {

/// See SmtpCore.
template <typename Limits>
struct Pop3Core {
  static_assert(Limits::kInput >= 512 && Limits::kOutput >= 1024,
                "Limits: kInput is at least 512, kOutput at least 1024 bytes");
  using Engine = Pop3Engine;
  using Event = Pop3Event;
  using Options = Pop3Options;
  using Tally = SessionTally;

  static constexpr bool EndsWire(Pop3EventKind kind) noexcept {
    return kind == Pop3EventKind::Failed || kind == Pop3EventKind::Ended;
  }

  void Note(const Pop3Event& event, SessionTally& tally) const noexcept {
    if (event.kind == Pop3EventKind::Greeting) tally.greeting.Assign(event.text);
  }

  char input[Limits::kInput];
  char output[Limits::kOutput];
  Engine engine{input, output};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/events.hpp ----
// Handler policies of the POP3 clients: who hears what happens. Pop3EventFunctions is the default, a public
// Function an event. For builds without a heap, derive from Pop3NoEvents and hide the hooks you want.
#ifndef SMTPOLL_POP3_EVENTS_HPP
#define SMTPOLL_POP3_EVENTS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// A handler that does nothing, and the list of all hooks. Views and references are valid during the call. A hook may
/// call any method of its socket (Poll then does nothing); it must not destroy the socket. Messages have the numbers
/// that the server gives them for this session, from 1 on; sizes are bytes.
struct Pop3NoEvents {
  /// The server's greeting was read.
  void OnConnectionEstablished(std::string_view /*greeting*/) {}
  /// The mailbox is open, and locked for this session.
  void OnLoginSuccessful() {}
  /// A connection that had greeted us is over, as asked for or after OnError.
  void OnDisconnected() {}
  /// The connection failed, or a call was not allowed.
  void OnError(const smtpoll::Error& /*error*/) {}
  /// The server refused a command (an Errc, in `id`) with `text`; `message` is the message it was about, 0 where it was
  /// about none. The session goes on; LastError has the command too.
  void OnServerError(int /*id*/, std::string_view /*text*/, std::uint32_t /*message*/) {}
  /// The answer to CountMessages: how many messages there are, and the size of all.
  void OnMessageCount(std::uint32_t /*count*/, std::uint64_t /*size*/) {}
  /// One line of ListMessages.
  void OnMessageListed(std::uint32_t /*message*/, std::uint64_t /*size*/) {}
  /// One line of ListUniqueIDs: an id that stays the same in all sessions.
  void OnUniqueIDListed(std::uint32_t /*message*/, std::string_view /*id*/) {}
  /// The listing is over; it had `count` lines.
  void OnListReceived(std::uint32_t /*count*/) {}
  /// The next piece of a message: any number of bytes, with CRLF line ends, as the sender wrote them. True breaks the
  /// message off, which costs the connection.
  bool OnMessageData(std::uint32_t /*message*/, std::string_view /*bytes*/) { return false; }
  /// All of a message has come, `size` bytes.
  void OnMessageReceived(std::uint32_t /*message*/, std::uint64_t /*size*/) {}
  /// The header and the lines asked for have come, `size` bytes.
  void OnTopLinesReceived(std::uint32_t /*message*/, std::uint64_t /*size*/) {}
  /// The message is marked; it is deleted when the session ends by DisconnectFromServer.
  void OnMessageDeleted(std::uint32_t /*message*/) {}
  /// All marks are taken back.
  void OnRollbackSuccessful() {}
  /// The answer to CheckServerConnection: the server is there.
  void OnServerAvailable() {}
  /// The positive answer to SendServerCommand.
  void OnServerCommandReply(std::string_view /*command*/, std::string_view /*data*/) {}
  /// See NoEvents::OnTokenWanted.
  bool OnTokenWanted(bool /*refused*/, std::string& /*token*/) { return false; }
  /// A line of the dialogue, without its line end; secrets and messages are replaced.
  void OnTranscript(Side /*side*/, std::string_view /*line*/) {}
};

/// The events as public members, each a Function, by the seed's names where it has them; an empty one is passed over.
/// Each is the hook of its name in Pop3NoEvents.
struct Pop3EventFunctions {
  ///@{
  /// The event of its name: see the hook in Pop3NoEvents.
  Function<void(const std::string& greeting)> ConnectionEstablished;
  Function<void()> LoginSuccessful;
  Function<void()> Disconnected;
  Function<void(const smtpoll::Error& error)> Error;
  Function<void(int id, const std::string& text, std::uint32_t message)> ServerError;
  Function<void(std::uint32_t count, std::uint64_t size)> MessageCount;
  Function<void(std::uint32_t count)> ListReceived;
  Function<void(std::uint32_t message, std::uint64_t size)> MessageReceived;
  Function<void(std::uint32_t message, std::uint64_t size)> TopLinesReceived;
  Function<void(std::uint32_t message)> MessageDeleted;
  Function<void()> RollbackSuccessful;
  Function<void()> ServerAvailable;
  Function<void(const std::string& command, const std::string& data)> ServerCommandReply;
  // Ours, beside the seed's.
  Function<void(std::uint32_t message, std::uint64_t size)> MessageListed;
  Function<void(std::uint32_t message, std::string_view id)> UniqueIDListed;
  Function<bool(std::uint32_t message, std::string_view bytes)> MessageData;
  Function<std::string(bool refused)> TokenProvider;
  Function<void(Side side, const std::string& line)> Transcript;
  ///@}

  ///@{
  /// Calls the function of its name.
  void OnConnectionEstablished(std::string_view greeting) {
    if (ConnectionEstablished) ConnectionEstablished(std::string(greeting));
  }
  void OnLoginSuccessful() {
    if (LoginSuccessful) LoginSuccessful();
  }
  void OnDisconnected() {
    if (Disconnected) Disconnected();
  }
  void OnError(const smtpoll::Error& error) {
    if (Error) Error(error);
  }
  void OnServerError(int id, std::string_view text, std::uint32_t message) {
    if (ServerError) ServerError(id, std::string(text), message);
  }
  void OnMessageCount(std::uint32_t count, std::uint64_t size) {
    if (MessageCount) MessageCount(count, size);
  }
  void OnMessageListed(std::uint32_t message, std::uint64_t size) {
    if (MessageListed) MessageListed(message, size);
  }
  void OnUniqueIDListed(std::uint32_t message, std::string_view id) {
    if (UniqueIDListed) UniqueIDListed(message, id);
  }
  void OnListReceived(std::uint32_t count) {
    if (ListReceived) ListReceived(count);
  }
  bool OnMessageData(std::uint32_t message, std::string_view bytes) {
    return MessageData && MessageData(message, bytes);
  }
  void OnMessageReceived(std::uint32_t message, std::uint64_t size) {
    if (MessageReceived) MessageReceived(message, size);
  }
  void OnTopLinesReceived(std::uint32_t message, std::uint64_t size) {
    if (TopLinesReceived) TopLinesReceived(message, size);
  }
  void OnMessageDeleted(std::uint32_t message) {
    if (MessageDeleted) MessageDeleted(message);
  }
  void OnRollbackSuccessful() {
    if (RollbackSuccessful) RollbackSuccessful();
  }
  void OnServerAvailable() {
    if (ServerAvailable) ServerAvailable();
  }
  void OnServerCommandReply(std::string_view command, std::string_view data) {
    if (ServerCommandReply) ServerCommandReply(std::string(command), std::string(data));
  }
  bool OnTokenWanted(bool refused, std::string& token) {
    return TokenProvider && detail::MoveSecret(TokenProvider(refused), token);
  }
  void OnTranscript(Side side, std::string_view line) {
    if (Transcript) Transcript(side, std::string(line));
  }
  ///@}
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/settings.hpp ----
// The settings of POP3Socket and Pop3Session, by the seed's names, and the options that one session gets of them.
#ifndef SMTPOLL_POP3_SETTINGS_HPP
#define SMTPOLL_POP3_SETTINGS_HPP

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

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/session.hpp ----
// Pop3Session: the blocking POP3 client. The same driver as POP3Socket's, in a loop that waits; nothing is thrown.
#ifndef SMTPOLL_POP3_SESSION_HPP
#define SMTPOLL_POP3_SESSION_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What a mailbox holds.
struct MailboxCount {
  smtpoll::Error error;        ///< ErrorNumber 0: the numbers are the server's.
  std::uint32_t messages = 0;  ///< Messages that are not marked.
  std::uint64_t size = 0;      ///< Bytes of all of them.
  /// True where there was no error.
  explicit operator bool() const noexcept { return !error; }
};

/// One connection to one POP3 server, used from one thread. Public settings are those of Pop3Settings, and those of
/// Pop3SecureSettings where the transport takes TlsSettings. Each method returns when it is done or has failed; the
/// error says the phase, the command and the server's words. After Errc::CommandRefused, InvalidMessage and
/// InvalidState the session stands as before, after all others it is over. Of the handler's hooks it calls
/// OnConnectionEstablished, OnTokenWanted and OnTranscript.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = Pop3EventFunctions,
          typename Limits = Pop3Limits>
class BasicPop3Session : public detail::Pop3SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicPop3Session() = default;
  BasicPop3Session(const BasicPop3Session&) = delete;
  BasicPop3Session& operator=(const BasicPop3Session&) = delete;
  /// Closes without QUIT, so that nothing is deleted, and without calling any handler.
  ~BasicPop3Session() = default;

  /// Connects and logs in. A connection that stands is closed first, without QUIT.
  smtpoll::Error Connect(std::string_view host, std::uint16_t port, std::string_view local_address = {}) {
    Close();
    if (port == 0) return smtpoll::Error(Errc::InvalidPort, Phase::Connect, "the port is 0");
    error_ = {};
    Open({host, port, local_address});
    // A token that was refused is asked for once more.
    if (detail::RefusesPop3Token(error_)) Open({host, port, local_address});
    return error_;
  }

  /// STAT: how many messages there are.
  MailboxCount Count() {
    MailboxCount count;
    count.error = Do({Pop3Command::Stat, 0, 0, {}}, [&count](const Pop3Event& event) {
      count.messages = event.message;
      count.size = event.size;
      return false;
    });
    return count;
  }
  /// LIST: `take(std::uint32_t message, std::uint64_t size)` for each message that is not marked.
  template <typename Take>
  smtpoll::Error List(Take&& take) {
    return Do({Pop3Command::List, 0, 0, {}}, [&take](const Pop3Event& event) {
      if (event.kind == Pop3EventKind::Entry) take(event.message, event.size);
      return false;
    });
  }
  /// UIDL: `take(std::uint32_t message, std::string_view id)` for each message that is not marked.
  template <typename Take>
  smtpoll::Error UniqueIDs(Take&& take) {
    return Do({Pop3Command::Uids, 0, 0, {}}, [&take](const Pop3Event& event) {
      if (event.kind == Pop3EventKind::Entry) take(event.message, event.text);
      return false;
    });
  }
  /// RETR: `take(std::string_view bytes)` for each piece of a message, with CRLF line ends, as the sender wrote it.
  /// Where it returns true, the message is broken off, which costs the connection (Errc::Cancelled).
  template <typename Take>
  smtpoll::Error Retrieve(std::uint32_t message, Take&& take) {
    return Fetch({Pop3Command::Retrieve, message, 0, {}}, take);
  }
  /// TOP: as Retrieve, for the header and `lines` lines of the body.
  template <typename Take>
  smtpoll::Error Top(std::uint32_t message, std::uint32_t lines, Take&& take) {
    return Fetch({Pop3Command::Top, message, lines, {}}, take);
  }
  /// DELE: marks a message; Quit deletes it.
  smtpoll::Error Delete(std::uint32_t message) { return Do({Pop3Command::Delete, message, 0, {}}); }
  /// RSET: takes all marks back.
  smtpoll::Error Reset() { return Do({Pop3Command::Reset, 0, 0, {}}); }
  /// NOOP
  smtpoll::Error Noop() { return Do({Pop3Command::Noop, 0, 0, {}}); }
  /// CAPA: asks anew what the server offers; see ServerCapabilities.
  smtpoll::Error Capabilities() { return Do({Pop3Command::Capabilities, 0, 0, {}}); }
  /// A command that no method is for and whose response has one line; `answer` gets its text.
  smtpoll::Error Command(std::string_view line, std::string& answer) {
    return Do({Pop3Command::Other, 0, 0, line}, [&answer](const Pop3Event& event) {
      answer = event.text;
      return false;
    });
  }

  /// Ends the session with QUIT: now the server deletes what is marked. An error means that it is not known to have
  /// done so, or only in part; where nothing was marked there is none.
  smtpoll::Error Quit() {
    error_ = {};
    driver_.Session().Quit(Socket::Now());
    if (driver_.CurrentState() != State::Closed) Run([](const Pop3Event&) { return false; });
    const smtpoll::Error error = error_;
    Close();
    return error;
  }

  /// Closes at once, without QUIT: nothing is deleted.
  void Close() {
    driver_.Close();
    std::size_t budget = 0;
    while (driver_.Next(budget).kind != Pop3EventKind::None) continue;
    strings_.Forget();
  }

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// All that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// What the server offered in its last CAPA response.
  const Pop3Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using Machine = Driver<Socket, Transport, Limits, detail::Pop3Core<Limits>>;
  using State = typename Machine::State;

  /// With an error in error_, which is then a refused token, only where there is another one.
  void Open(const Endpoint& to) {
    Pop3Options options = strings_.Take(*this, to.host, to.local_address);
    if (strings_.TakeToken(static_cast<Handler&>(*this), static_cast<bool>(error_), options)) {
      error_ = detail::PreparePop3Security(*this, to.port, driver_.Layer(), options);
      options.transcript = {&ShowLine, this};
      if (!error_) driver_.Connect({strings_.Host(), to.port, strings_.LocalAddress()}, options);
      Run([this](const Pop3Event& event) {
        if (event.kind == Pop3EventKind::Greeting) this->OnConnectionEstablished(event.text);
        return false;
      });
    }
    strings_.Forget();
  }

  smtpoll::Error Do(const Pop3Request& request) {
    return Do(request, [](const Pop3Event&) { return false; });
  }
  /// One command; `take` sees its events of success, and breaks a content off by returning true.
  template <typename Take>
  smtpoll::Error Do(const Pop3Request& request, Take&& take) {
    error_ = {};
    if (IsConnected()) Run([](const Pop3Event&) { return false; });  // the server may have closed in the meantime
    if (!IsConnected()) return error_ ? error_ : smtpoll::Error(Errc::InvalidState, Phase::Idle, "not connected");
    error_ = driver_.Session().Begin(request, Socket::Now());
    if (!error_) Run(take);
    return error_;
  }
  template <typename Take>
  smtpoll::Error Fetch(const Pop3Request& request, Take& take) {
    return Do(request, [&take](const Pop3Event& event) {
      if (event.kind != Pop3EventKind::Content) return false;
      if constexpr (std::is_same_v<decltype(take(event.text)), bool>) {
        return take(event.text);
      } else {
        take(event.text);
        return false;
      }
    });
  }

  /// Drives until the session is idle or over; the error of a command or of the session is then in error_.
  template <typename Take>
  void Run(Take&& take) {
    for (;;) {
      driver_.SetPatience(-1);
      std::size_t budget = SIZE_MAX;
      const Pop3Event event = driver_.Next(budget);
      if (event.kind == Pop3EventKind::Refused || event.kind == Pop3EventKind::Failed) {
        error_ = *event.error;
      } else if (event.kind != Pop3EventKind::None) {
        if (take(event)) driver_.Session().Cancel();
      } else {
        const bool idle = driver_.CurrentState() == State::Session && driver_.Session().Idle();
        if (idle || driver_.CurrentState() == State::Closed) return;
        if (driver_.Patience() != 0) driver_.Wait(driver_.Wants(), -1);
      }
    }
  }

  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicPop3Session*>(self)->OnTranscript(side, line);
  }

  detail::Pop3Strings strings_;
  smtpoll::Error error_;
  Machine driver_;  // last, because its end looks at what the others have
};

/// A blocking POP3 session over this platform's sockets, without TLS.
using Pop3Session = BasicPop3Session<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

#include <deque>

// ---- smtpoll/pop3/socket.hpp ----
// POP3Socket: the seed's companion of SMTPSocket, for reading mail. Properties, methods and events have the seed's
// names; Poll() drives it step by step, as with SMTPSocket. Nothing here blocks but Poll(milliseconds). One object
// belongs to one thread at a time; objects share nothing. Invariant: the commands asked for are said and answered in
// their order; no message is ever held.
#ifndef SMTPOLL_POP3_SOCKET_HPP
#define SMTPOLL_POP3_SOCKET_HPP

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// A command that waits for its turn.
struct WaitingCommand {
  Pop3Request request;
  std::string line;  // of SendServerCommand
};

}  // namespace detail

/// A POP3 client over a socket policy, a transport policy, a handler policy and buffer sizes. The public members of
/// Pop3Settings (UserName, Password, ...) and of the handler (the events) are members of this class too; over a
/// transport that takes TlsSettings, those of Pop3SecureSettings as well.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = Pop3EventFunctions,
          typename Limits = Pop3Limits>
class BasicPOP3Socket : public detail::Pop3SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicPOP3Socket() = default;
  BasicPOP3Socket(const BasicPOP3Socket&) = delete;
  BasicPOP3Socket& operator=(const BasicPOP3Socket&) = delete;

  std::string Address;     ///< Host name, IPv4 or IPv6 literal to connect to.
  std::uint16_t Port = 0;  ///< Port to connect to: 110, or 995 for TLS from the first byte on.
  /// The local interface to bind to; unset: the system's choice.
  std::optional<smtpoll::NetworkInterface> NetworkInterface;
  std::size_t PollBudget = std::size_t{256} * 1024;  ///< Bytes that one Poll moves at most, about.

  /// Starts to connect to Address:Port; Poll goes on to the greeting and the login. Faults come through Error: 106
  /// where a connection is there already, 107 for port 0, Errc::CredentialsOnPlainWire before a byte is sent.
  void Connect();

  /// The commands: Poll says them in their order, each when those before it have been answered or, where the server
  /// offers PIPELINING, in a group, and the event named answers it. Without a connection, and where the arguments are
  /// none, Error comes at once and false is returned. A command that the server refuses is told by ServerError; the
  /// ones behind it are said all the same. Where the connection fails, those that are left are dropped.
  /// STAT; MessageCount.
  bool CountMessages() { return Ask({Pop3Command::Stat, 0, 0, {}}); }
  /// LIST; MessageListed for each message that is not marked, then ListReceived.
  bool ListMessages() { return Ask({Pop3Command::List, 0, 0, {}}); }
  /// LIST for one message.
  bool ListMessage(std::uint32_t message) { return Ask({Pop3Command::ListOne, message, 0, {}}); }
  /// UIDL; UniqueIDListed for each message that is not marked, then ListReceived.
  bool ListUniqueIDs() { return Ask({Pop3Command::Uids, 0, 0, {}}); }
  /// UIDL for one message.
  bool ListUniqueID(std::uint32_t message) { return Ask({Pop3Command::UidOne, message, 0, {}}); }
  /// RETR; MessageData for each piece, then MessageReceived.
  bool RetrieveMessage(std::uint32_t message) { return Ask({Pop3Command::Retrieve, message, 0, {}}); }
  /// TOP: the header and `lines` lines of the body; MessageData for each piece, then TopLinesReceived.
  bool RetrieveLines(std::uint32_t message, std::uint32_t lines) { return Ask({Pop3Command::Top, message, lines, {}}); }
  /// DELE: marks a message, see DisconnectFromServer; MessageDeleted.
  bool DeleteMessage(std::uint32_t message) { return Ask({Pop3Command::Delete, message, 0, {}}); }
  /// RSET: takes all marks back; RollbackSuccessful.
  bool RollbackServer() { return Ask({Pop3Command::Reset, 0, 0, {}}); }
  /// NOOP; ServerAvailable.
  bool CheckServerConnection() { return Ask({Pop3Command::Noop, 0, 0, {}}); }
  /// A command that no method is for and whose response has one line; ServerCommandReply.
  bool SendServerCommand(std::string_view command) { return Ask({Pop3Command::Other, 0, 0, command}); }
  /// Ends the session with QUIT after the commands asked for: now the server deletes what is marked. Disconnected;
  /// where messages were marked and no good answer came, Error.
  void DisconnectFromServer();

  /// Makes all the progress that can be made now, without blocking, and fires the events that are due.
  PollStatus Poll() { return Turn(0); }
  /// As Poll, but where nothing can be done now waits up to `at_most` milliseconds for something (negative: no limit).
  PollStatus Poll(Millis at_most);

  /// Closes without QUIT: nothing is deleted. Address, Port, LastError and the settings stay.
  void Close() { TearDown(); }
  /// As Close, and fires Error with 102.
  void Disconnect();

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// TLS is established: all that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// A TLS handshake is under way.
  bool SSLConnecting() const { return driver_.CurrentState() == State::Securing; }
  /// Bytes of commands that the system has not taken; commands that wait for their turn are not among them.
  std::size_t BytesLeftToSend() const { return driver_.Session().Output().size(); }
  /// IP of this end; of the host (its first interface that is no loopback) where not connected.
  std::string LocalAddress() const { return detail::LocalAddressOf(driver_.Layer().NextLayer(), NetworkInterface); }
  /// IP of the peer; empty where not connected.
  std::string RemoteAddress() const { return detail::RemoteAddressOf(driver_.Layer().NextLayer()); }
  /// The socket for the caller's own event loop; see BasicSMTPSocket::Handle.
  typename Socket::Handle Handle() const { return driver_.Layer().NextLayer().NativeHandle(); }
  /// The Handle() has to become readable before Poll can do more.
  bool WantsRead() const { return Includes(driver_.Wants(), Readiness::Read); }
  /// The Handle() has to become writable before Poll can do more.
  bool WantsWrite() const { return Includes(driver_.Wants(), Readiness::Write); }
  /// When Poll should be called even if nothing happens, on Now()'s clock; kNever where nothing is pending.
  Millis NextDeadline() const { return driver_.NextDeadline(); }
  /// The socket's clock, milliseconds; it never runs backwards.
  static Millis Now() { return Socket::Now(); }

  /// The last error, or the last refusal of the server's; it stays until the next one.
  const smtpoll::Error& LastError() const { return last_error_; }
  /// The seed's LastErrorCode.
  int LastErrorCode() const { return last_error_.ErrorNumber; }
  /// What the server offered in its last CAPA response.
  const Pop3Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using Machine = Driver<Socket, Transport, Limits, detail::Pop3Core<Limits>>;
  using State = typename Machine::State;

  void Open(const smtpoll::Error* refusal = nullptr);
  bool Ask(const Pop3Request& request);
  PollStatus Turn(Millis patience);
  bool StartNext();
  void Dispatch(const Pop3Event& event);
  void OnEntry(const Pop3Event& event);
  void OnDone(const Pop3Event& event);
  void OnFailed(const smtpoll::Error& error);
  void Say(const smtpoll::Error& error);
  void Leave();
  void TearDown();
  bool Idles() const { return driver_.CurrentState() == State::Session && driver_.Session().Idle(); }
  PollStatus Status() const;
  std::string BindAddress() const { return NetworkInterface ? NetworkInterface->IPAddress() : std::string(); }
  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicPOP3Socket*>(self)->OnTranscript(side, line);
  }

  detail::Pop3Strings strings_;
  std::deque<detail::WaitingCommand> waiting_;
  std::string line_;            // of the SendServerCommand that is being answered
  bool quit_wanted_ = false;    // QUIT when all commands are answered
  bool greeted_ = false;        // Disconnected is due when the connection ends
  bool opening_ = false;        // Open asks for a token
  bool token_renewed_ = false;  // this connection has a token that was asked for after a refusal
  bool polling_ = false;
  bool progress_ = false;  // the last round did something
  smtpoll::Error last_error_;
  Machine driver_;  // last, because its end looks at what the others have
};

/// POP3Socket over this platform's sockets, without TLS.
using POP3Socket = BasicPOP3Socket<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3/detail/socket_impl.hpp ----
// The bodies of BasicPOP3Socket: connecting, the queue of commands, Poll, and what each event means for the caller.
#ifndef SMTPOLL_POP3_DETAIL_SOCKET_IMPL_HPP
#define SMTPOLL_POP3_DETAIL_SOCKET_IMPL_HPP

SMTPOLL_NAMESPACE_BEGIN

#define SMTPOLL_MEMBER(...)                                                                          \
  template <typename Socket, template <typename> class Transport, typename Handler, typename Limits> \
  __VA_ARGS__ BasicPOP3Socket<Socket, Transport, Handler, Limits>

SMTPOLL_MEMBER(void)::Connect() {
  if (driver_.CurrentState() != State::Closed || opening_)
    Say(smtpoll::Error(Errc::InvalidState, Phase::Connect, "the socket is in use already"));
  else
    Open();
}

/// `refusal`: the server's word on the access token of the connection before.
SMTPOLL_MEMBER(void)::Open(const smtpoll::Error* refusal) {
  if (Port == 0) return OnFailed(smtpoll::Error(Errc::InvalidPort, Phase::Connect, "Port is 0"));
  if (Address.empty()) return OnFailed(smtpoll::Error(Errc::NameResolution, Phase::Resolve, "Address is empty"));
  Pop3Options options = strings_.Take(*this, Address, BindAddress());
  token_renewed_ = refusal != nullptr;
  bool has_token = false, closed = false;
  {
    detail::FlagScope opening(opening_);
    has_token = strings_.TakeToken(static_cast<Handler&>(*this), token_renewed_, options, opening_);
    closed = !opening_;
  }
  if (closed) return;  // by the handler, who may have connected anew
  if (!has_token) return OnFailed(*refusal);
  if (const smtpoll::Error error = detail::PreparePop3Security(*this, Port, driver_.Layer(), options))
    return OnFailed(error);
  options.transcript = {&ShowLine, this};
  driver_.Connect({strings_.Host(), Port, strings_.LocalAddress()}, options);
}

SMTPOLL_MEMBER(bool)::Ask(const Pop3Request& request) {
  smtpoll::Error error = Pop3Engine::Check(request);
  if (driver_.CurrentState() == State::Closed || quit_wanted_)
    error = smtpoll::Error(Errc::InvalidState, Phase::Command, "there is no connection, or it is about to end");
  if (error) {
    Say(error);
    return false;
  }
  waiting_.push_back({request, std::string(request.line)});
  return true;
}

SMTPOLL_MEMBER(void)::DisconnectFromServer() {
  if (driver_.CurrentState() == State::Session)
    quit_wanted_ = true;
  else
    Close();
}

SMTPOLL_MEMBER(PollStatus)::Poll(Millis at_most) {
  const PollStatus status = Turn(at_most);
  const bool waited = at_most == 0 || driver_.Patience() == 0;
  if (polling_ || progress_ || waited || status.waits_for == Readiness::None) return status;
  driver_.Wait(status.waits_for, at_most);
  return Turn(0);
}

SMTPOLL_MEMBER(PollStatus)::Turn(Millis patience) {
  if (polling_) return Status();
  {
    detail::FlagScope polling(polling_);
    progress_ = false;
    driver_.SetPatience(patience);
    const std::size_t whole = PollBudget == 0 ? 1 : PollBudget;
    std::size_t budget = whole;
    for (;;) {
      const Pop3Event event = driver_.Next(budget);
      if (event.kind != Pop3EventKind::None)
        Dispatch(event);
      else if (!StartNext())
        break;
      progress_ = true;
    }
    progress_ = progress_ || budget != whole;
  }
  return Status();
}

/// Says the next commands that can be said now, or QUIT. False where there is nothing to say.
SMTPOLL_MEMBER(bool)::StartNext() {
  bool said = false;
  while (!waiting_.empty() && driver_.CurrentState() == State::Session &&
         driver_.Session().CanBegin(waiting_.front().request.command)) {
    detail::WaitingCommand next = std::move(waiting_.front());
    waiting_.pop_front();
    line_ = std::move(next.line);
    next.request.line = line_;
    said = true;
    if (const smtpoll::Error error = driver_.Session().Begin(next.request, Now())) Say(error);
  }
  if (said || !quit_wanted_ || !waiting_.empty() || !Idles()) return said;
  quit_wanted_ = false;
  driver_.Session().Quit(Now());
  return true;
}

SMTPOLL_MEMBER(void)::Dispatch(const Pop3Event& event) {
  switch (event.kind) {
    case Pop3EventKind::None:
    case Pop3EventKind::NeedTls: return;
    case Pop3EventKind::Greeting: greeted_ = true; return this->OnConnectionEstablished(event.text);
    case Pop3EventKind::Authenticated: strings_.Forget(); return this->OnLoginSuccessful();
    case Pop3EventKind::Entry: return OnEntry(event);
    case Pop3EventKind::Content:
      if (this->OnMessageData(event.message, event.text)) driver_.Session().Cancel();
      return;
    case Pop3EventKind::Done: return OnDone(event);
    case Pop3EventKind::Refused:
      last_error_ = *event.error;
      return this->OnServerError(last_error_.ErrorNumber, event.text, event.message);
    case Pop3EventKind::Failed:
      if (!token_renewed_ && detail::RefusesPop3Token(*event.error)) return Open(event.error);
      return OnFailed(*event.error);
    case Pop3EventKind::Ended: return Leave();
  }
}

SMTPOLL_MEMBER(void)::OnEntry(const Pop3Event& event) {
  if (event.command == Pop3Command::List || event.command == Pop3Command::ListOne)
    this->OnMessageListed(event.message, event.size);
  else
    this->OnUniqueIDListed(event.message, event.text);
}

SMTPOLL_MEMBER(void)::OnDone(const Pop3Event& event) {
  switch (event.command) {
    case Pop3Command::Stat: return this->OnMessageCount(event.message, event.size);
    case Pop3Command::List:
    case Pop3Command::ListOne:
    case Pop3Command::Uids:
    case Pop3Command::UidOne: return this->OnListReceived(event.message);
    case Pop3Command::Retrieve: return this->OnMessageReceived(event.message, event.size);
    case Pop3Command::Top: return this->OnTopLinesReceived(event.message, event.size);
    case Pop3Command::Delete: return this->OnMessageDeleted(event.message);
    case Pop3Command::Reset: return this->OnRollbackSuccessful();
    case Pop3Command::Noop: return this->OnServerAvailable();
    case Pop3Command::Other: return this->OnServerCommandReply(line_, event.text);
    default: return;
  }
}

/// The connection failed, or could not be started.
SMTPOLL_MEMBER(void)::OnFailed(const smtpoll::Error& error) {
  const bool greeted = greeted_;
  greeted_ = quit_wanted_ = false;
  waiting_.clear();
  strings_.Forget();
  Say(error);
  if (greeted) this->OnDisconnected();
}

SMTPOLL_MEMBER(void)::Say(const smtpoll::Error& error) {
  last_error_ = error;
  const smtpoll::Error told = last_error_;  // the handler may bring about the next one
  this->OnError(told);
}

/// The session ended as asked for.
SMTPOLL_MEMBER(void)::Leave() {
  greeted_ = quit_wanted_ = false;
  waiting_.clear();
  strings_.Forget();
  this->OnDisconnected();
}

/// Ends the connection; nobody hears of it.
SMTPOLL_MEMBER(void)::TearDown() {
  opening_ = greeted_ = quit_wanted_ = false;
  driver_.Close();
  std::size_t budget = 0;
  while (driver_.Next(budget).kind != Pop3EventKind::None) continue;
  waiting_.clear();
  strings_.Forget();
}

SMTPOLL_MEMBER(void)::Disconnect() {
  TearDown();
  Say(smtpoll::Error(Errc::ConnectionLost, Phase::None, "closed by Disconnect"));
}

SMTPOLL_MEMBER(PollStatus)::Status() const {
  const bool rests = driver_.CurrentState() == State::Closed || Idles();
  return {!rests || !waiting_.empty() || quit_wanted_, driver_.Wants(), NextDeadline()};
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_POP3)

// ---- smtpoll/pop3.hpp ----
// Reading mail by POP3 (RFC 1939): POP3Socket, and the blocking Pop3Session. Opt-in: define SMTPOLL_POP3 before
// smtpoll.hpp, or include this. The parts that send mail neither know it nor pay for it. The TLS library is chosen as
// for SMTPSecureSocket; POP3SecureSocket and SecurePop3Session stand over it.
#ifndef SMTPOLL_POP3_HPP
#define SMTPOLL_POP3_HPP

SMTPOLL_NAMESPACE_BEGIN

#if defined(SMTPOLL_OPENSSL)
/// POP3Socket with TLS by the library that a macro chose (the seed's class).
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, OpenSslTransport>;
/// Pop3Session with TLS by that library.
using SecurePop3Session = BasicPop3Session<NativeSocket, OpenSslTransport>;
#elif defined(SMTPOLL_MBEDTLS)
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, MbedTlsTransport>;
using SecurePop3Session = BasicPop3Session<NativeSocket, MbedTlsTransport>;
#elif defined(SMTPOLL_SCHANNEL)
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, SchannelTransport>;
using SecurePop3Session = BasicPop3Session<NativeSocket, SchannelTransport>;
#else
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, detail::NoTlsTransport>;
using SecurePop3Session = BasicPop3Session<NativeSocket, detail::NoTlsTransport>;
#endif

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_TESTING)

// ---- smtpoll/testing.hpp ----
// For tests of your own code: a server that says and expects what your test wrote down, on a wire in memory. Opt-in:
// define SMTPOLL_TESTING before smtpoll.hpp, or include this. Nothing here reaches a network or waits for a real clock.
// Invariant: a line that the script does not expect ends the connection and is told by Fault(), so a test that goes
// wrong ends, and ends as failed.
#ifndef SMTPOLL_TESTING_HPP
#define SMTPOLL_TESTING_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace testing {

/// A dialogue from the server's side, step by step: `Reply("220 hi").Expect("EHLO *").Reply("250 hi")`. A reply goes
/// out once all that is expected before it has come, whether the client groups its commands or not. Several
/// connections, one after the other, go on in one script.
class Script {
 public:
  /// The server says this: one line, or several with "\n" between them. CRLF is added.
  Script& Reply(std::string_view lines) { return Add(Kind::Reply, lines); }
  /// The server says these bytes and nothing more: for half lines and worse.
  Script& Say(std::string_view bytes) { return Add(Kind::Bytes, bytes); }
  /// The client's next line, without CRLF. Asterisks at its end stand for any rest: "MAIL FROM:<a@x.org>*".
  Script& Expect(std::string_view line) { return Add(Kind::Line, line); }
  /// Content after a 354, up to the line with the dot; see Contents.
  Script& ExpectContent() { return Add(Kind::Content, {}); }
  /// A chunk of content by BDAT (RFC 3030) with its command. Contents has it when the last chunk has come.
  Script& ExpectChunk() { return Add(Kind::Chunk, {}); }
  /// All chunks up to the one that says LAST, with no reply between them.
  Script& ExpectChunks() { return Add(Kind::Chunks, {}); }
  /// The server stays silent for so many milliseconds of the test's clock.
  Script& Wait(Millis time) {
    Add(Kind::Wait, {});
    steps_.back().time = time;
    return *this;
  }
  /// The server closes the connection; what follows belongs to the next one.
  Script& Close() { return Add(Kind::Close, {}); }
  /// The connection breaks with this error number; what follows belongs to the next one.
  Script& Break(int error = static_cast<int>(Errc::ConnectionLost)) {
    Add(Kind::Break, {});
    steps_.back().error = error;
    return *this;
  }

  /// What opens nearly every session; `keywords` are lines of the EHLO reply with "\n" between them.
  Script& Opening(std::string_view keywords = {}) {
    Reply("220 test ESMTP").Expect("EHLO *");
    if (keywords.empty()) return Reply("250 test");
    std::string lines = "250-test\n";
    for (std::size_t end = 0; (end = keywords.find('\n')) != std::string_view::npos; keywords.remove_prefix(end + 1))
      lines.append("250-").append(keywords.substr(0, end + 1));
    return Reply(lines.append("250 ").append(keywords));
  }
  /// QUIT and its reply.
  Script& Quit() { return Expect("QUIT").Reply("221 bye").Close(); }

  /// Appends a dialogue as the transcript shows it: a line a step, "> " before the client's and "< " before the
  /// server's; other lines are passed over. What the transcript hides, content and secrets, may then be anything.
  Script& Replay(std::string_view transcript) {
    while (!transcript.empty()) {
      const std::size_t end = transcript.find('\n');
      std::string_view line = transcript.substr(0, end);
      transcript.remove_prefix(end == std::string_view::npos ? transcript.size() : end + 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.size() < 2 || line[1] != ' ') continue;
      const std::string_view text = line.substr(2);
      if (line[0] == '<') {
        Reply(text);
      } else if (line[0] == '>' && EndsWith(text, " bytes of content by BDAT]")) {
        ExpectChunks();
      } else if (line[0] == '>' && EndsWith(text, " bytes of content]")) {
        ExpectContent();
      } else if (line[0] == '>' && text != "." && text.substr(0, 5) != "BDAT ") {
        Expect(text);
      }
    }
    return *this;
  }

  /// What went wrong, in one sentence; empty while nothing did.
  const std::string& Fault() const noexcept { return fault_; }
  /// All that was written down has happened, and nothing else.
  bool Done() const noexcept { return next_ == steps_.size() && fault_.empty() && said_.empty(); }
  /// Done, or the sentence that says why not: for a message of the test's.
  std::string Verdict() const {
    if (!fault_.empty()) return fault_;
    if (next_ != steps_.size()) return "the dialogue ended before: " + Describe(steps_[next_]);
    return said_.empty() ? std::string() : "the client also said: " + said_;
  }
  /// The contents that came, transparency undone, each as a whole.
  const std::vector<std::string>& Contents() const noexcept { return contents_; }
  /// Every line of the client's that was expected, with commands of content and without the content.
  const std::vector<std::string>& Lines() const noexcept { return lines_; }
  /// Connections that were made.
  int Connections() const noexcept { return connections_; }

 private:
  friend class ScriptedSocket;
  enum class Kind : std::uint8_t { Reply, Bytes, Line, Content, Chunk, Chunks, Wait, Close, Break };
  /// \cond
  struct Step {
    Kind kind;
    std::string text;
    Millis time = 0;
    int error = 0;
  };
  /// \endcond

  Script& Add(Kind kind, std::string_view text) {
    steps_.push_back({kind, std::string(text), 0, 0});
    return *this;
  }

  static bool EndsWith(std::string_view text, std::string_view end) noexcept {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
  }

  static bool Matches(std::string_view wanted, std::string_view line) noexcept {
    if (wanted.empty() || wanted.back() != '*') return wanted == line;
    while (!wanted.empty() && wanted.back() == '*') wanted.remove_suffix(1);
    return line.substr(0, wanted.size()) == wanted;
  }

  static std::string Describe(const Step& step) {
    switch (step.kind) {
      case Kind::Reply:
      case Kind::Bytes: return "the server says " + step.text;
      case Kind::Line: return "the client says " + step.text;
      case Kind::Content: return "the client sends content";
      case Kind::Chunk:
      case Kind::Chunks: return "the client sends a chunk by BDAT";
      case Kind::Wait: return "the server is silent for a while";
      case Kind::Close:
      case Kind::Break: return "the connection ends";
    }
    return {};
  }

  void Start() {
    ++connections_;
    said_.clear();
    heard_.clear();
    content_.clear();
    error_ = 0;
    closed_ = waiting_ = false;
  }

  void Stop(const std::string& fault) {
    if (fault_.empty()) fault_ = fault;
    error_ = static_cast<int>(Errc::ConnectionLost);
  }

  /// Takes one line of what the client said; false where it is not there as a whole yet.
  bool TakeLine(std::string& line) {
    const std::size_t end = said_.find("\r\n");
    if (end == std::string::npos) return false;
    line = said_.substr(0, end);
    said_.erase(0, end + 2);
    lines_.push_back(line);
    return true;
  }

  bool TakeContent() {
    const std::size_t end = said_.compare(0, 3, ".\r\n") == 0 ? 0 : said_.find("\r\n.\r\n");
    if (end == std::string::npos) return false;
    std::string content = said_.substr(0, end == 0 ? 0 : end + 2);
    said_.erase(0, end == 0 ? 3 : end + 5);
    if (!content.empty() && content[0] == '.') content.erase(0, 1);
    for (std::size_t at = 0; (at = content.find("\r\n.", at)) != std::string::npos; at += 2) content.erase(at + 2, 1);
    contents_.push_back(std::move(content));
    return true;
  }

  /// One chunk; `last` says whether it ended the content.
  bool TakeChunk(bool& last) {
    const std::size_t end = said_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string_view command(said_.data(), end);
    std::string_view number = command.substr(0, 5) == "BDAT " ? command.substr(5) : std::string_view();
    number = number.substr(0, number.find(' '));
    std::uint64_t size = 0;
    if (!detail::ParseDecimal(number, size)) {
      Stop("expected: a chunk by BDAT; the client said: " + std::string(command));
      return false;
    }
    if (said_.size() - end - 2 < size) return false;
    last = EndsWith(command, " LAST");
    lines_.emplace_back(command);
    content_.append(said_, end + 2, static_cast<std::size_t>(size));
    said_.erase(0, end + 2 + static_cast<std::size_t>(size));
    if (last) contents_.push_back(std::exchange(content_, {}));
    return true;
  }

  /// Goes on as far as what has been said and the time allow.
  void Go(Millis now) {
    while (error_ == 0 && !closed_ && next_ != steps_.size() && Take(steps_[next_], now)) ++next_;
    if (error_ == 0 && !closed_ && next_ == steps_.size() && said_.find("\r\n") != std::string::npos)
      Stop("nothing more was expected; the client said: " + said_.substr(0, said_.find("\r\n")));
  }

  bool Take(const Step& step, Millis now) {
    switch (step.kind) {
      case Kind::Reply:
        for (const char c : step.text) heard_.append(c == '\n' ? "\r\n" : std::string(1, c));
        heard_ += "\r\n";
        return true;
      case Kind::Bytes: heard_ += step.text; return true;
      case Kind::Line: {
        std::string line;
        if (!TakeLine(line)) return false;
        if (Matches(step.text, line)) return true;
        Stop("expected: " + step.text + "; the client said: " + line);
        return false;
      }
      case Kind::Content: return TakeContent();
      case Kind::Chunk: {
        bool last = false;
        return TakeChunk(last);
      }
      case Kind::Chunks: {
        bool last = false;
        while (!last)
          if (!TakeChunk(last)) return false;
        return true;
      }
      case Kind::Wait:
        if (!waiting_) wait_ends_ = now + step.time;
        waiting_ = now < wait_ends_;
        return !waiting_;
      case Kind::Close: closed_ = true; return true;
      case Kind::Break: error_ = step.error; return true;
    }
    return false;
  }

  std::vector<Step> steps_;
  std::size_t next_ = 0;
  std::string said_;   // by the client, and not looked at yet
  std::string heard_;  // by the server, and not read yet
  std::string content_;
  std::vector<std::string> contents_, lines_;
  std::string fault_;
  Millis wait_ends_ = 0;
  int connections_ = 0, error_ = 0;
  bool closed_ = false, waiting_ = false;
};

/// A socket policy whose peer is a Script, which the socket has as its member Server. Use it in the place of
/// NativeSocket: `BasicSMTPSocket<testing::ScriptedSocket>`, `BasicSession<testing::ScriptedSocket>`; the script is
/// then `client.Layer().NextLayer().Server`. The clock is the test's, one for each thread: it moves by itself while
/// there is nothing to read, so that time-outs come at once.
class ScriptedSocket {
 public:
  ///@{
  /// What a socket policy has, see socket_policy.hpp.
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  Script Server;  ///< What the server says and expects.
  /// Bytes that one call moves at most: 1 shows whether your code depends on how the wire is cut.
  std::size_t Piece = SIZE_MAX;
  /// The connection cannot be made: this error number, or 0.
  int ConnectError = 0;

  static Millis Now() noexcept { return Clock(); }
  IoResult Connect(const Endpoint&) {
    if (ConnectError != 0) return IoResult::Fail(ConnectError);
    Server.Start();
    open_ = true;
    return IoResult::Ok();
  }
  IoResult ConnectStep() { return IoResult::Ok(); }
  Readiness ConnectWants() const noexcept { return Readiness::Write; }
  IoResult Read(char* into, std::size_t room) {
    Server.Go(Now());
    if (!Server.heard_.empty()) {
      const std::size_t size = Server.heard_.copy(into, room < Piece ? room : Piece);
      Server.heard_.erase(0, size);
      return IoResult::Ok(size);
    }
    if (Server.error_ != 0) return IoResult::Fail(Server.error_);
    if (Server.closed_ || !open_) return IoResult::EndOfFile();
    Clock() += kTick;
    return IoResult::TryAgain();
  }
  IoResult Write(const char* bytes, std::size_t size) {
    if (Server.error_ != 0 || !open_) return IoResult::Fail(static_cast<int>(Errc::ConnectionLost));
    size = size < Piece ? size : Piece;
    // What is said to a closed connection is lost.
    if (!Server.closed_) Server.said_.append(bytes, size);
    Server.Go(Now());
    return IoResult::Ok(size);
  }
  Readiness Wait(Readiness what, Millis at_most) noexcept {
    Clock() += what == Readiness::None && at_most >= 0 ? at_most : kTick;
    return what;
  }
  void Close() noexcept { open_ = false; }
  Handle NativeHandle() const noexcept { return open_ ? 0 : kNoHandle; }
  std::size_t LocalAddress(char* into, std::size_t room) const noexcept { return Address("192.0.2.1", into, room); }
  std::size_t RemoteAddress(char* into, std::size_t room) const noexcept { return Address("192.0.2.25", into, room); }
  ///@}

 private:
  static constexpr Millis kTick = 100;

  static Millis& Clock() noexcept {
    thread_local Millis now = 0;
    return now;
  }
  std::size_t Address(std::string_view text, char* into, std::size_t room) const noexcept {
    return open_ ? text.copy(into, room) : 0;
  }

  bool open_ = false;
};

/// A transport policy that says it encrypts and does not, for tests of code that sends credentials or requires TLS:
/// `BasicSession<testing::ScriptedSocket, testing::PretendTls>`. The script sees STARTTLS, then plain text.
template <typename Socket>
class PretendTls {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = true;

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }
  IoResult Handshake(std::string_view) noexcept {
    secured_ = true;
    return IoResult::Ok();
  }
  IoResult Read(char* into, std::size_t room) { return socket_.Read(into, room); }
  IoResult Write(const char* bytes, std::size_t size) { return socket_.Write(bytes, size); }
  Readiness Wants() const noexcept { return Readiness::None; }
  bool Secured() const noexcept { return secured_; }
  void Close() noexcept {
    secured_ = false;
    socket_.Close();
  }
  ///@}

 private:
  Socket socket_;
  bool secured_ = false;
};

}  // namespace testing
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL) || defined(SMTPOLL_MBEDTLS) || defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/tls_fingerprint.hpp ----
// What a transport keeps of the TlsSettings that it has loaded: whether they are still the same, files included, without
// a copy of them, and what they choose.
// Invariant: it holds no secret but in a SHA-256 over much more than that secret.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_FINGERPRINT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_FINGERPRINT_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// An error of `setting`, a member of SecureSettings: "CertificateFile cannot be read: name.pem".
inline Error TlsSettingsError(std::string_view setting, std::string_view why, std::string_view value = {}) noexcept {
  Error error(Errc::TlsSettings, Phase::Tls, setting);
  error.text.Append(" ");
  error.text.Append(why);
  if (!value.empty()) error.text.Append(": ");
  error.text.Append(value);
  return error;
}

class TlsFingerprint {
 public:
  TlsFingerprint() = default;
  explicit TlsFingerprint(const TlsSettings& settings) noexcept : set_(true) {
    Sha256 sha;
    for (const char* text : {settings.authority_pem, settings.certificate_password, settings.pins})
      sha.Update({text, std::strlen(text) + 1});
    for (const char* path :
         {settings.authority_file, settings.certificate_file, settings.key_file, settings.rejection_file})
      AddFile(sha, path);
    const char switches[] = {static_cast<char>(settings.minimum_version),
                             static_cast<char>(settings.insecure_accept_any_certificate),
                             static_cast<char>(settings.resume_sessions), static_cast<char>(settings.channel_binding)};
    sha.Update({switches, sizeof switches});
    sha.Finish(digest_);
  }

  bool operator==(const TlsFingerprint& other) const noexcept {
    return set_ && other.set_ && std::memcmp(digest_, other.digest_, sizeof digest_) == 0;
  }

 private:
  /// The path, and what stands in the file; each of them with an end that cannot be in the other.
  static void AddFile(Sha256& sha, const char* path) noexcept {
    sha.Update({path, std::strlen(path) + 1});
    std::uint64_t size = 0;
    if (std::FILE* file = *path != '\0' ? OpenFile(path) : nullptr) {
      char bytes[4096];
      while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, file)) {
        sha.Update({bytes, got});
        size += got;
      }
      static_cast<void>(std::fclose(file));
      Wipe(bytes, sizeof bytes);
    }
    char end[sizeof size];
    std::memcpy(end, &size, sizeof size);
    sha.Update({end, sizeof end});
  }

  bool set_ = false;
  char digest_[Sha256::kSize] = {};
};

/// What a context keeps of its TlsSettings, whatever the library.
class TlsChoices {
 public:
  const TlsPins& Pins() const noexcept { return pins_; }
  bool AcceptsAnyCertificate() const noexcept { return insecure_; }
  bool ResumesSessions() const noexcept { return resumes_; }
  TlsChannelBinding ChannelBinding() const noexcept { return channel_binding_; }

 protected:
  Error Choose(const TlsSettings& settings) noexcept {
    insecure_ = settings.insecure_accept_any_certificate;
    resumes_ = settings.resume_sessions;
    channel_binding_ = settings.channel_binding;
    if (pins_.Read(settings.pins)) return {};
    return TlsSettingsError("CertificatePins", "are no SHA-256 in base64", settings.pins);
  }

  TlsFingerprint fingerprint_;  // of what is loaded

 private:
  TlsPins pins_;
  bool insecure_ = false;
  bool resumes_ = true;
  TlsChannelBinding channel_binding_ = TlsChannelBinding::Automatic;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL)

#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// ---- smtpoll/transport/detail/openssl_context.hpp ----
// TlsSettings as OpenSSL takes them: an SSL_CTX, made once and kept until a setting or a file that it names changes.
// Invariant: what cannot be used is an error here, before a connection is made; nothing is asked on a terminal.
#ifndef SMTPOLL_TRANSPORT_DETAIL_OPENSSL_CONTEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_OPENSSL_CONTEXT_HPP

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "smtpoll/transport/openssl.hpp needs OpenSSL 3"
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Owns an object of OpenSSL's.
struct OpenSslFree {
  void operator()(SSL_CTX* object) const noexcept { SSL_CTX_free(object); }
  void operator()(SSL* object) const noexcept { SSL_free(object); }
  void operator()(SSL_SESSION* object) const noexcept { SSL_SESSION_free(object); }
  void operator()(BIO* object) const noexcept { BIO_free(object); }
  void operator()(BIO_METHOD* object) const noexcept { BIO_meth_free(object); }
  void operator()(GENERAL_NAMES* object) const noexcept { GENERAL_NAMES_free(object); }
  void operator()(STACK_OF(X509_INFO) * object) const noexcept { sk_X509_INFO_pop_free(object, X509_INFO_free); }
};
template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree>;

using OpenSslItems = OpenSslPtr<STACK_OF(X509_INFO)>;

/// All that stands in a PEM text; null where a part of it cannot be read.
inline OpenSslItems ReadPem(BIO* text) noexcept {
  // Null for the password: an encrypted key is skipped and not asked for.
  return OpenSslItems(text == nullptr ? nullptr : PEM_X509_INFO_read_bio(text, nullptr, nullptr, nullptr));
}

class OpenSslContext : public TlsChoices {
 public:
  /// Loads `settings`, unless they are loaded already. After an error there is no context.
  Error Configure(const TlsSettings& settings) noexcept {
    const TlsFingerprint wanted(settings);
    if (context_ != nullptr && fingerprint_ == wanted) return {};
    context_.reset();
    rejected_.reset();
    const Error error = Load(settings);
    ERR_clear_error();
    if (error)
      context_.reset();
    else
      fingerprint_ = wanted;
    ++changes_;
    return error;
  }

  SSL_CTX* Get() const noexcept { return context_.get(); }
  /// Another number whenever what was loaded before counts no more.
  unsigned Changes() const noexcept { return changes_; }
  /// Certificates and revocation lists; may be null.
  const STACK_OF(X509_INFO) * Rejected() const noexcept { return rejected_.get(); }

 private:
  Error Load(const TlsSettings& settings) noexcept {
    if (const Error error = Choose(settings)) return error;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (context_ == nullptr) return Error(Errc::OutOfMemory, Phase::Tls, "OpenSSL gives no context");
    SSL_CTX* const context = context_.get();
    // OpenSSL's own configuration may ask for more.
    const int lowest = settings.minimum_version == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_get_min_proto_version(context) < lowest && SSL_CTX_set_min_proto_version(context, lowest) != 1)
      return TlsSettingsError("SSLConnectionType", "is a TLS version that this OpenSSL does not have");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // The bytes of a write that has to be repeated stand where the engine has put them meanwhile.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);  // a flood of tickets does not hold a read for ever
    SSL_CTX_set_read_ahead(context, 1);  // a read of the socket takes what there is, not a record's header first
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    Error error = LoadAuthorities(settings);
    if (!error) error = LoadRejected(settings.rejection_file);
    if (!error) error = LoadOwn(settings);
    return error;
  }

  Error LoadAuthorities(const TlsSettings& settings) noexcept {
    const bool by_file = *settings.authority_file != '\0';
    const bool by_text = *settings.authority_pem != '\0';
    if (AcceptsAnyCertificate()) return {};
    if (!by_file && !by_text) {
      SSL_CTX_set_default_verify_paths(context_.get());
      return {};
    }
    // What is named is trusted, whether or not it is signed by itself.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
    if (by_file) {
      const OpenSslPtr<BIO> file(BIO_new_file(settings.authority_file, "r"));
      if (file == nullptr)
        return TlsSettingsError("CertificateAuthorityFile", "cannot be read", settings.authority_file);
      if (!Trust(ReadPem(file.get())))
        return TlsSettingsError("CertificateAuthorityFile", "holds no certificates in PEM", settings.authority_file);
    }
    const OpenSslPtr<BIO> text(by_text ? BIO_new_mem_buf(settings.authority_pem, -1) : nullptr);
    if (by_text && !Trust(ReadPem(text.get())))
      return TlsSettingsError("CertificateAuthorityPEM", "holds no certificates in PEM");
    return {};
  }

  bool Trust(const OpenSslItems& items) noexcept {
    if (items == nullptr) return false;
    X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
    int count = 0;
    for (int i = 0; i < sk_X509_INFO_num(items.get()); ++i)
      if (X509* const certificate = sk_X509_INFO_value(items.get(), i)->x509)
        count += X509_STORE_add_cert(store, certificate);
    return count != 0;
  }

  Error LoadRejected(const char* path) noexcept {
    if (*path == '\0') return {};
    const OpenSslPtr<BIO> file(BIO_new_file(path, "r"));
    if (file == nullptr) return TlsSettingsError("CertificateRejectionFile", "cannot be read", path);
    rejected_ = ReadPem(file.get());
    int count = 0;
    for (int i = 0; i < sk_X509_INFO_num(rejected_.get()); ++i) {
      const X509_INFO* const item = sk_X509_INFO_value(rejected_.get(), i);
      count += item->x509 != nullptr || item->crl != nullptr;
    }
    if (count != 0) return {};
    return TlsSettingsError("CertificateRejectionFile", "holds neither certificates nor revocation lists in PEM", path);
  }

  /// The client's own certificate and key.
  Error LoadOwn(const TlsSettings& settings) noexcept {
    const char* const path = settings.certificate_file;
    const char* const key = *settings.key_file != '\0' ? settings.key_file : path;
    if (*key == '\0') return {};
    if (*path == '\0') return TlsSettingsError("CertificateFile", "is missing beside CertificateKeyFile");
    SSL_CTX* const context = context_.get();
    for (const char* one : {path, key})
      if (OpenSslPtr<BIO>(BIO_new_file(one, "r")) == nullptr)
        return TlsSettingsError(one == path ? "CertificateFile" : "CertificateKeyFile", "cannot be read", one);
    PasswordRequest request{settings.certificate_password};
    SSL_CTX_set_default_passwd_cb(context, &GivePassword);
    SSL_CTX_set_default_passwd_cb_userdata(context, &request);
    const bool has_certificate = SSL_CTX_use_certificate_chain_file(context, path) == 1;
    const bool has_key = has_certificate && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (!has_certificate) return TlsSettingsError("CertificateFile", "holds no certificate in PEM", path);
    if (!has_key && request.asked)
      return TlsSettingsError("CertificatePassword", "does not open the private key in", key);
    if (!has_key)
      return TlsSettingsError(key == path ? "CertificateFile" : "CertificateKeyFile",
                              "holds no private key that fits the certificate", key);
    return {};
  }

  struct PasswordRequest {
    const char* password;
    bool asked = false;
  };
  static int GivePassword(char* into, int room, int, void* request) noexcept {
    auto* const wanted = static_cast<PasswordRequest*>(request);
    if (wanted == nullptr) return 0;
    wanted->asked = true;
    const std::size_t size = std::strlen(wanted->password);
    if (room < 0 || size > static_cast<std::size_t>(room)) return 0;
    std::memcpy(into, wanted->password, size);
    return static_cast<int>(size);
  }

  OpenSslPtr<SSL_CTX> context_;
  OpenSslItems rejected_;
  unsigned changes_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL) || defined(SMTPOLL_MBEDTLS) || defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/tls_name.hpp ----
// The name that a server's certificate must be for: a host name or an IP literal, as it comes from the endpoint.
// Invariant: at most 253 bytes of printable ASCII, without the brackets of a literal and the dot of an absolute name
// (RFC 9525 6.3, RFC 6066 3).
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_NAME_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_NAME_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TlsName {
 public:
  /// Takes `host`; false where no certificate can be for it.
  bool Assign(std::string_view host) noexcept {
    *this = {};
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.find(':') != std::string_view::npos) host = host.substr(0, host.find('%'));  // without its zone
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    if (host.empty() || host.size() >= sizeof text_ - 1) return false;
    for (const char c : host)
      if (!IsPrint(c) || c == ' ') return false;
    std::memcpy(text_, host.data(), host.size());
    size_ = host.size();
    if (ParseIPv4(host, address_))
      address_size_ = 4;
    else if (ParseIPv6(host))
      address_size_ = 16;
    return address_size_ != 0 || host.find(':') == std::string_view::npos;
  }

  std::string_view View() const noexcept { return {text_, size_}; }
  const char* Text() const noexcept { return text_; }  ///< With a NUL at its end.
  /// The 4 or 16 bytes of an IP literal, in network order; empty for a name.
  Span<const unsigned char> Address() const noexcept { return {address_, address_size_}; }
  bool IsAddress() const noexcept { return address_size_ != 0; }

 private:
  static bool ParseIPv4(std::string_view text, unsigned char* into) noexcept {
    for (int i = 0; i < 4; ++i) {
      const std::size_t end = i == 3 ? text.size() : text.find('.');
      std::uint64_t value = 0;
      if (end > 3 || !ParseDecimal(text.substr(0, end), value) || value > 255) return false;
      into[i] = static_cast<unsigned char>(value);
      text.remove_prefix(i == 3 ? end : end + 1);
    }
    return true;
  }

  /// RFC 4291 2.2, all three forms.
  bool ParseIPv6(std::string_view text) noexcept {
    unsigned char bytes[16] = {};
    std::size_t size = 0;
    std::size_t gap = SIZE_MAX;  // where "::" stands
    if (text.substr(0, 2) == "::") {
      gap = 0;
      text.remove_prefix(2);
    }
    while (!text.empty()) {
      if (size <= 12 && ParseIPv4(text, bytes + size)) {
        size += 4;
        break;
      }
      unsigned value = 0;
      std::size_t digits = 0;
      for (; digits < text.size() && digits < 4 && HexValue(text[digits]) < 16; ++digits)
        value = value * 16 + HexValue(text[digits]);
      if (digits == 0 || size == 16) return false;
      bytes[size++] = static_cast<unsigned char>(value >> 8);
      bytes[size++] = static_cast<unsigned char>(value & 0xff);
      text.remove_prefix(digits);
      if (text.empty()) break;
      if (text.front() != ':' || text.size() == 1) return false;
      text.remove_prefix(1);
      if (text.front() != ':') continue;
      if (gap != SIZE_MAX) return false;
      gap = size;
      text.remove_prefix(1);
    }
    if (gap == SIZE_MAX ? size != 16 : size > 14) return false;
    if (gap == SIZE_MAX) gap = size;
    std::memset(address_, 0, sizeof address_);
    std::memcpy(address_, bytes, gap);
    std::memcpy(address_ + 16 - (size - gap), bytes + gap, size - gap);
    return true;
  }

  static unsigned HexValue(char c) noexcept {
    if (IsDigit(c)) return static_cast<unsigned>(c - '0');
    c = ToLower(c);
    return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 16;
  }

  std::size_t size_ = 0;
  std::size_t address_size_ = 0;
  char text_[255] = {};
  unsigned char address_[16] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL)

// ---- smtpoll/transport/detail/openssl_peer.hpp ----
// Whether the server's certificate is good (RFC 5280 6, RFC 9525 6), and in words what is wrong with it. OpenSSL builds
// and checks the chain and the name; the list of rejected certificates and the pins are looked at here.
// Invariant: once something is wrong, it stays so until the next Begin.
#ifndef SMTPOLL_TRANSPORT_DETAIL_OPENSSL_PEER_HPP
#define SMTPOLL_TRANSPORT_DETAIL_OPENSSL_PEER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class OpenSslPeer {
 public:
  /// A handshake with `name` begins.
  void Begin(const OpenSslContext& context, const TlsName& name) noexcept {
    context_ = &context;
    name_ = &name;
    fault_ = Errc::None;
    text_.Clear();
  }

  Errc Fault() const noexcept { return fault_; }
  std::string_view Text() const noexcept { return text_.View(); }

  /// OpenSSL's cert_verify_callback, called for each certificate chain; `self` is an OpenSslPeer.
  static int Verify(X509_STORE_CTX* store, void* self) noexcept {
    return static_cast<OpenSslPeer*>(self)->Check(store) ? 1 : 0;
  }

 private:
  bool Check(X509_STORE_CTX* store) noexcept {
    const X509* const certificate = X509_STORE_CTX_get0_cert(store);
    const bool insecure = context_->AcceptsAnyCertificate();
    if (!insecure && X509_verify_cert(store) != 1) {
      Explain(store);
      return false;
    }
    const STACK_OF(X509)* const chain =
        insecure ? X509_STORE_CTX_get0_untrusted(store) : X509_STORE_CTX_get0_chain(store);
    bool good = !IsRejected(certificate);
    for (int i = 0; good && i < sk_X509_num(chain); ++i) good = !IsRejected(sk_X509_value(chain, i));
    good = good && IsPinned(certificate);
    X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REVOKED);
    return good;
  }

  bool IsPinned(const X509* certificate) noexcept {
    if (context_->Pins().empty()) return true;
    unsigned char* info = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &info);
    const bool pinned =
        size > 0 && context_->Pins().Match({reinterpret_cast<const char*>(info), static_cast<std::size_t>(size)});
    OPENSSL_free(info);
    if (!pinned) Say(Errc::CertificateRejected, "its key is none of CertificatePins");
    return pinned;
  }

  bool IsRejected(const X509* certificate) noexcept {
    const STACK_OF(X509_INFO)* const items = context_->Rejected();
    for (int i = 0; items != nullptr && i < sk_X509_INFO_num(items); ++i) {
      const X509_INFO* const item = sk_X509_INFO_value(items, i);
      if (item->x509 != nullptr && X509_cmp(item->x509, certificate) == 0) {
        Say(Errc::CertificateRejected, "it stands in CertificateRejectionFile");
        return true;
      }
      if (item->crl == nullptr) continue;
      if (X509_NAME_cmp(X509_CRL_get_issuer(item->crl), X509_get_issuer_name(certificate)) != 0) continue;
      X509_REVOKED* entry = nullptr;
      // 2 is an entry that takes a revocation back.
      if (X509_CRL_get0_by_serial(item->crl, &entry, X509_get0_serialNumber(certificate)) != 1) continue;
      Say(Errc::CertificateRejected, "CertificateRejectionFile says that it is revoked");
      return true;
    }
    return false;
  }

  void Say(Errc fault, std::string_view text) noexcept {
    fault_ = fault;
    text_.Assign(text);
  }

  void Explain(X509_STORE_CTX* store) noexcept {
    const int why = X509_STORE_CTX_get_error(store);
    const X509* certificate = X509_STORE_CTX_get_current_cert(store);
    if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(store);
    switch (why) {
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        Say(Errc::CertificateName, "");
        return ListNames(X509_STORE_CTX_get0_cert(store));
      case X509_V_ERR_CERT_HAS_EXPIRED:
        Say(Errc::CertificateExpired, "it expired at ");
        return AppendTime(X509_get0_notAfter(certificate));
      case X509_V_ERR_CERT_NOT_YET_VALID:
        Say(Errc::CertificateExpired, "it becomes valid at ");
        return AppendTime(X509_get0_notBefore(certificate));
      default:
        Say(Errc::CertificateUntrusted, X509_verify_cert_error_string(why));
        text_.Append(", issued by ");
        return AppendIssuer(certificate);
    }
  }

  /// "it is for mx.example.org and 192.0.2.25, not for mail.example.org"
  void ListNames(const X509* certificate) noexcept {
    const OpenSslPtr<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    int count = 0;
    FixedText<160> list;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
      const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
      if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
      const ASN1_STRING* const value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
      if (count++ != 0) list.Append(", ");
      if (name->type == GEN_DNS)
        AppendPrintable(list, value);
      else
        AppendAddress(list, value);
    }
    text_.Assign(count == 0 ? "it names no host" : "it is for ");
    text_.Append(list.View());
    text_.Append(count == 0 ? " as a subject alternative name, not even " : ", not for ");
    text_.Append(name_->View());
  }

  template <typename Text>
  static void AppendPrintable(Text& text, const ASN1_STRING* value) noexcept {
    const unsigned char* const bytes = ASN1_STRING_get0_data(value);
    for (int i = 0; i < ASN1_STRING_length(value); ++i) {
      const char c = static_cast<char>(bytes[i]);
      text.Append({IsPrint(c) ? &c : "?", 1});
    }
  }

  template <typename Text>
  static void AppendAddress(Text& text, const ASN1_STRING* value) noexcept {
    const unsigned char* const bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (size != 4) return text.Append("an IPv6 address");
    for (int i = 0; i < size; ++i) {
      if (i != 0) text.Append(".");
      text.AppendDecimal(bytes[i]);
    }
  }

  void AppendIssuer(const X509* certificate) noexcept {
    char name[160];
    X509_NAME_oneline(X509_get_issuer_name(certificate), name, sizeof name);
    text_.Append(name);
  }

  /// As "2026-01-31 23:59:59 UTC".
  void AppendTime(const ASN1_TIME* time) noexcept {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return text_.Append("an unknown time");
    const auto two = [this](int value, std::string_view behind) {
      if (value < 10) text_.Append("0");
      text_.AppendDecimal(static_cast<std::uint64_t>(value));
      text_.Append(behind);
    };
    two(parts.tm_year + 1900, "-");
    two(parts.tm_mon + 1, "-");
    two(parts.tm_mday, " ");
    two(parts.tm_hour, ":");
    two(parts.tm_min, ":");
    two(parts.tm_sec, " UTC");
  }

  const OpenSslContext* context_ = nullptr;
  const TlsName* name_ = nullptr;
  Errc fault_ = Errc::None;
  FixedText<256> text_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL) || defined(SMTPOLL_MBEDTLS) || defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/tls_state.hpp ----
// What the transports over TLS share, whatever their library: the error that ended the session, what it waits for on
// the wire, how the wire ended, and the channel binding. Invariant: after a fatal error Fail tells it again and again.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_STATE_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_STATE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A transport over TLS is one.
class TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = true;

  Readiness Wants() const noexcept {
    const Readiness write = read_wants_write_ ? Readiness::Write : Readiness::None;
    return handshake_wants_ | write | (write_wants_read_ ? Readiness::Read : Readiness::None);
  }
  bool Secured() const noexcept { return secured_ && failed_ == 0; }
  std::string_view FaultText() const noexcept { return fault_text_.View(); }
  std::string_view ChannelBindingType() const noexcept { return binding_type_; }
  std::string_view ChannelBinding() const noexcept { return {binding_, binding_size_}; }
  ///@}

 protected:
  static constexpr int kRecordsAtOnce = 16;  // that a Read goes through without data

  IoResult Fail(int number, std::string_view text) noexcept {
    failed_ = number;
    if (!text.empty()) fault_text_.Assign(text);
    return IoResult::Fail(number);
  }
  IoResult Fail(Errc code, std::string_view text) noexcept { return Fail(static_cast<int>(code), text); }
  IoResult FailOnPlainText() noexcept {
    return Fail(Errc::TlsHandshake,
                "the server answered in plain text: this port wants STARTTLS (set SMTPConnectionType to STARTTLS), or "
                "has no TLS at all");
  }
  bool WireIsGone() const noexcept { return wire_ended_ || wire_error_ != 0; }
  IoResult FailOnWire() noexcept {
    if (wire_error_ != 0) return Fail(wire_error_, {});
    return Fail(Errc::ConnectionLost, secured_ ? "the wire was cut, TLS was not ended in order"
                                               : "the server closed the connection during the handshake");
  }
  void WireEnds(const IoResult& result) noexcept {
    wire_ended_ = result.status == IoStatus::Closed;
    if (!wire_ended_) wire_error_ = result.error;
  }
  /// The wire takes nothing more, while what the server has said may still be read.
  IoResult Unwritable() const noexcept {
    return unwritable_.status == IoStatus::Failed ? unwritable_
                                                  : IoResult::Fail(static_cast<int>(Errc::ConnectionLost));
  }

  /// The first bytes of a TLS record are no printable text; those of any SMTP reply are.
  static bool LooksLikeReply(std::string_view heard) noexcept {
    return heard.size() >= 3 && IsDigit(heard[0]) && IsDigit(heard[1]) && IsDigit(heard[2]);
  }
  void Hear(std::string_view bytes) noexcept { first_.Append(bytes); }

  void Bind(std::string_view type, std::size_t size) noexcept {
    binding_type_ = size != 0 ? type : std::string_view();
    binding_size_ = size;
  }

  /// The wire is in plain text again; the fault stays.
  void EndState() noexcept {
    Wipe(binding_, sizeof binding_);
    Bind({}, 0);
    unfinished_ = 0;
    handshake_wants_ = blocked_ = Readiness::None;
    failed_ = wire_error_ = 0;
    unwritable_ = {};
    secured_ = read_wants_write_ = write_wants_read_ = wire_ended_ = starved_ = false;
  }

  bool secured_ = false;
  int failed_ = 0;  // the error that ended it; nothing is done after it
  FixedText<256> fault_text_;
  Readiness blocked_ = Readiness::None;  // what the last call of the library's waits for
  Readiness handshake_wants_ = Readiness::None;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool starved_ = false;        // the socket had nothing when it was last read
  std::size_t unfinished_ = 0;  // size of the write that has to be repeated
  bool wire_ended_ = false;
  int wire_error_ = 0;
  IoResult unwritable_;  // how a write to the wire ended that failed
  FixedText<3> first_;   // the server's first bytes behind our hello
  char binding_[64] = {};

 private:
  std::size_t binding_size_ = 0;
  std::string_view binding_type_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL)

// ---- smtpoll/transport/openssl.hpp ----
// TLS by OpenSSL 3: a transport policy that verifies the server's chain and name by default, with TLS 1.2 or later.
// Opt-in: define SMTPOLL_OPENSSL before smtpoll.hpp, or include this; link with -lssl -lcrypto. Each call does one step
// over the socket policy and never blocks. Of OpenSSL's global state only the calling thread's error queue is touched:
// it is empty after each call, as OpenSSL asks for. Invariant: after a fatal error nothing is sent any more.
#ifndef SMTPOLL_TRANSPORT_OPENSSL_HPP
#define SMTPOLL_TRANSPORT_OPENSSL_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What to do about an error of OpenSSL's during the handshake: its reason, the number for it and the words, to which
/// OpenSSL's own are added.
struct OpenSslAdvice {
  int reason;
  Errc code;
  const char* text;
  bool later = false;  // may also come when the handshake is done for the client
};

constexpr const char* kNoCommonVersion = "the server and this client have no TLS version in common: ";
constexpr const char* kRefusesOurs = "the server does not take CertificateFile: ";

constexpr OpenSslAdvice kOpenSslAdvice[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_WRONG_SSL_VERSION, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_VERSION_TOO_LOW, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, Errc::TlsHandshake,
     "the server wants to see a certificate, set CertificateFile: ", true},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, Errc::TlsHandshake,
     "no cipher in common, or the server wants to see a certificate (CertificateFile): "},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, Errc::CertificateName, "the server does not know this name: "},
};

}  // namespace detail

/// TLS over `Socket`, a socket policy. After Configure the settings are loaded; a Handshake without it verifies by the
/// system's authorities. Sessions are resumed with the same server name.
template <typename Socket>
class OpenSslTransport : public detail::TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  OpenSslTransport() = default;
  OpenSslTransport(const OpenSslTransport&) = delete;
  OpenSslTransport& operator=(const OpenSslTransport&) = delete;
  ~OpenSslTransport() { EndTls(); }

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  /// Loads what `settings` name, unless it is loaded already and no file has changed. Errc::TlsSettings says what
  /// cannot be used; Handshake then fails too. Not while a handshake or a session is under way.
  Error Configure(const TlsSettings& settings) {
    if (ssl_ != nullptr) return Error(Errc::InvalidState, Phase::Tls, "a session is under way");
    const Error error = context_.Configure(settings);
    configured_ = true;
    if (error || loaded_ != context_.Changes()) session_.reset();
    loaded_ = context_.Changes();
    return error;
  }

  IoResult Handshake(std::string_view server_name) {
    if (failed_ != 0) return Fail(failed_, {});
    if (secured_) return IoResult::Ok();
    if (ssl_ == nullptr)
      if (const Error error = Begin(server_name)) return Fail(error.ErrorNumber, error.text.View());
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const IoResult step = result == 1 ? Establish() : AfterFailure(result);
    handshake_wants_ = step.status == IoStatus::Again ? blocked_ : Readiness::None;
    ERR_clear_error();
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, "the server ended TLS") : step;
  }

  IoResult Read(char* into, std::size_t room) {
    if (failed_ != 0) return Fail(failed_, {});
    if (ssl_ == nullptr) return socket_.Read(into, room);
    if (room == 0 || !secured_) return IoResult::TryAgain();
    ERR_clear_error();
    IoResult step = ReadOnce(into, room);
    // Tickets and new keys are no data of ours: what stands behind them is looked at too, within limits.
    for (int i = 1; i < kRecordsAtOnce && step.status == IoStatus::Again && Pending(); ++i) step = ReadOnce(into, room);
    read_wants_write_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Write);
    ERR_clear_error();
    return step;
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (ssl_ == nullptr) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // What OpenSSL has encrypted already is asked for again with the same size.
    if (unfinished_ != 0 && unfinished_ < size) size = unfinished_;
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes, size, &written);
    const IoResult step = result == 1 ? IoResult::Ok(written) : AfterFailure(result);
    unfinished_ = step.status == IoStatus::Again ? size : 0;
    write_wants_read_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Read);
    ERR_clear_error();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // The peer has ended its side; what cannot be written then is lost.
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, {}) : step;
  }

  bool Pending() const noexcept { return secured_ && failed_ == 0 && SSL_has_pending(ssl_.get()) == 1 && !starved_; }

  /// "TLSv1.3"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? SSL_get_version(ssl_.get()) : ""; }
  std::string_view CipherName() const noexcept { return secured_ ? SSL_get_cipher_name(ssl_.get()) : ""; }
  /// The handshake took up an earlier session.
  bool SessionResumed() const noexcept { return secured_ && SSL_session_reused(ssl_.get()) == 1; }

  /// Says close_notify if that can go at once, and closes the socket.
  void Close() {
    EndTls();
    fault_text_.Clear();
    socket_.Close();
  }
  ///@}

 private:
  Error Begin(std::string_view server_name) {
    if (!configured_)
      if (const Error error = Configure(TlsSettings())) return error;
    if (context_.Get() == nullptr) return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    const Error no_memory(Errc::OutOfMemory, Phase::Tls, "OpenSSL gives no session");
    if (method_ == nullptr) method_.reset(NewMethod());
    ssl_.reset(SSL_new(context_.Get()));
    BIO* const wire = method_ != nullptr && ssl_ != nullptr ? BIO_new(method_.get()) : nullptr;
    if (wire == nullptr) {
      ssl_.reset();
      return no_memory;
    }
    BIO_set_data(wire, this);
    BIO_set_init(wire, 1);
    SSL_set_bio(ssl_.get(), wire, wire);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_connect_state(ssl_.get());
    SSL_CTX_set_cert_verify_callback(context_.Get(), &detail::OpenSslPeer::Verify, &peer_);
    SSL_CTX_set_session_cache_mode(context_.Get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.Get(), &KeepSession);
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
    // RFC 9525 6.3 and 2: no "*" within a label, and no names in the subject.
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const Span<const unsigned char> address = name_.Address();
    const bool named = name_.IsAddress() ? X509_VERIFY_PARAM_set1_ip(wanted, address.data(), address.size()) == 1
                                         : X509_VERIFY_PARAM_set1_host(wanted, name_.Text(), 0) == 1 && SayName();
    if (!named) {
      ssl_.reset();
      return no_memory;
    }
    if (session_ != nullptr && session_name_.View() == name_.View()) {
      SSL_set_session(ssl_.get(), session_.get());
      // RFC 8446 C.4: a ticket is used once; the server sends new ones.
      if (SSL_SESSION_get_protocol_version(session_.get()) >= TLS1_3_VERSION) session_.reset();
    } else {
      session_.reset();
    }
    peer_.Begin(context_, name_);
    first_.Clear();
    return {};
  }

  /// SNI; the macro for it has an old-style cast.
  bool SayName() noexcept {
    return SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(name_.Text())) == 1;
  }

  IoResult ReadOnce(char* into, std::size_t room) {
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), into, room, &size);
    return result == 1 ? IoResult::Ok(size) : AfterFailure(result);
  }

  IoResult Establish() {
    secured_ = true;
    BindChannel();
    return IoResult::Ok();
  }

  /// RFC 9266 and RFC 5929 4.
  void BindChannel() noexcept {
    TlsChannelBinding kind = context_.ChannelBinding();
    const bool newest = SSL_version(ssl_.get()) >= TLS1_3_VERSION;
    if (kind == TlsChannelBinding::Automatic)
      kind = newest ? TlsChannelBinding::Exporter : TlsChannelBinding::ServerEndPoint;
    if (kind == TlsChannelBinding::Exporter) {
      constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
      auto* const into = reinterpret_cast<unsigned char*>(binding_);
      // RFC 9266 4.2: with TLS 1.2 only where the master secret is bound to the session.
      if (!newest && SSL_get_extms_support(ssl_.get()) != 1) return;
      if (SSL_export_keying_material(ssl_.get(), into, 32, kLabel.data(), kLabel.size(), into, 0, 1) != 1) return;
      Bind("tls-exporter", 32);
    } else if (kind == TlsChannelBinding::ServerEndPoint) {
      const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
      int digest = NID_undef;
      if (certificate == nullptr ||
          X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, nullptr, nullptr) != 1)
        return;
      if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
      const EVP_MD* const algorithm = EVP_get_digestbynid(digest);
      unsigned size = 0;
      static_assert(sizeof binding_ >= EVP_MAX_MD_SIZE, "any digest fits");
      if (algorithm == nullptr ||
          X509_digest(certificate, algorithm, reinterpret_cast<unsigned char*>(binding_), &size) != 1)
        return;
      Bind("tls-server-end-point", size);
    }
  }

  /// What became of a call of OpenSSL's that returned `result`, not success.
  IoResult AfterFailure(int result) {
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
      blocked_ = kind == SSL_ERROR_WANT_READ ? Readiness::Read : Readiness::Write;
      return IoResult::TryAgain();
    }
    if (kind == SSL_ERROR_ZERO_RETURN) return IoResult::EndOfFile();
    session_.reset();
    if (peer_.Fault() != Errc::None) return Fail(peer_.Fault(), peer_.Text());
    if (WireIsGone()) return FailOnWire();
    return Explain(ERR_peek_error());
  }

  /// An error of OpenSSL's.
  IoResult Explain(unsigned long error) {
    const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char* own = ERR_reason_error_string(error);
    if (own == nullptr) own = "unknown error of OpenSSL";
    if (!secured_ && LooksLikeReply(first_.View())) return FailOnPlainText();
    for (const detail::OpenSslAdvice& advice : detail::kOpenSslAdvice) {
      if (advice.reason != reason || (secured_ && !advice.later)) continue;
      fault_text_.Assign(advice.text);
      fault_text_.Append(own);
      return Fail(advice.code, {});
    }
    // After the handshake a record that cannot be read is as good as a wire that was cut.
    return Fail(secured_ ? Errc::ConnectionLost : Errc::TlsHandshake, own);
  }

  void EndTls() {
    if (ssl_ != nullptr && secured_ && failed_ == 0) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
    }
    ssl_.reset();
    EndState();
  }

  // ---- The socket as OpenSSL sees it.

  static BIO_METHOD* NewMethod() noexcept {
    BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "smtpoll");
    if (method == nullptr) return nullptr;
    BIO_meth_set_read(method, &BioRead);
    BIO_meth_set_write(method, &BioWrite);
    BIO_meth_set_ctrl(method, &BioControl);
    return method;
  }

  static int BioRead(BIO* bio, char* into, int room) {
    auto* const self = static_cast<OpenSslTransport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    self->starved_ = false;
    const IoResult result = self->socket_.Read(into, static_cast<std::size_t>(room));
    if (result.status == IoStatus::Done) {
      self->Hear({into, result.size});
      return static_cast<int>(result.size);
    }
    if (result.status != IoStatus::Again) return self->EndWire(result);
    if (self->unwritable_.status != IoStatus::Done) return self->EndWire(self->unwritable_);
    self->starved_ = true;
    BIO_set_retry_read(bio);
    return -1;
  }

  static int BioWrite(BIO* bio, const char* bytes, int size) {
    auto* const self = static_cast<OpenSslTransport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self->unwritable_.status != IoStatus::Done) return size;
    const IoResult result = self->socket_.Write(bytes, static_cast<std::size_t>(size));
    if (result.status == IoStatus::Done) return static_cast<int>(result.size);
    if (result.status != IoStatus::Again) {
      // A server that has ended may have said why: OpenSSL goes on until it has read that.
      self->unwritable_ = result;
      return size;
    }
    BIO_set_retry_write(bio);
    return -1;
  }

  int EndWire(const IoResult& result) noexcept {
    WireEnds(result);
    return wire_ended_ ? 0 : -1;
  }

  static long BioControl(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return static_cast<OpenSslTransport*>(BIO_get_data(bio))->wire_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static int KeepSession(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<OpenSslTransport*>(SSL_get_app_data(ssl));
    if (!self->context_.ResumesSessions()) return 0;
    self->session_.reset(session);
    self->session_name_.Assign(self->name_.View());
    return 1;  // the session is ours now
  }

  Socket socket_;
  detail::OpenSslContext context_;
  detail::OpenSslPeer peer_;
  detail::TlsName name_;
  detail::OpenSslPtr<BIO_METHOD> method_;
  detail::OpenSslPtr<SSL_SESSION> session_;  // of the last connection, to be resumed
  FixedText<256> session_name_;
  unsigned loaded_ = 0;  // which of context_'s states session_ belongs to
  bool configured_ = false;

  detail::OpenSslPtr<SSL> ssl_;  // null while the wire is in plain text
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_MBEDTLS) || defined(SMTPOLL_SCHANNEL)

#include <memory>

// ---- smtpoll/transport/detail/tls_file.hpp ----
// A file that the TLS settings name, as a whole in memory, for the transports whose library does not read files itself.
// Invariant: it is overwritten in the end, for it may be a private key; it is never larger than kMost.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_FILE_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_FILE_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A whole file in memory with a NUL behind it, as libraries want PEM; overwritten in the end, for it may be a key.
class TlsFile {
 public:
  TlsFile() = default;
  ~TlsFile() { Wipe(bytes_.get(), size_); }
  TlsFile(const TlsFile&) = delete;
  TlsFile& operator=(const TlsFile&) = delete;

  /// False where the file cannot be read, or is larger than any such file.
  bool Load(const char* path) noexcept {
    constexpr std::size_t kMost = std::size_t{16} << 20;
    std::FILE* const file = *path != '\0' ? OpenFile(path) : nullptr;
    if (file == nullptr) return false;
    bool good = true;
    char bytes[4096];
    while (good) {
      const std::size_t got = std::fread(bytes, 1, sizeof bytes, file);
      if (got == 0) break;
      good = used_ + got <= kMost && Append(bytes, got);
    }
    good = good && std::ferror(file) == 0;
    static_cast<void>(std::fclose(file));
    Wipe(bytes, sizeof bytes);
    return good;
  }

  std::string_view View() const noexcept { return {bytes_.get() == nullptr ? "" : bytes_.get(), used_}; }

 private:
  bool Append(const char* bytes, std::size_t size) noexcept {
    if (used_ + size >= size_) {
      const std::size_t room = 2 * (used_ + size) + 1;
      std::unique_ptr<char[]> larger(new (std::nothrow) char[room]());
      if (larger == nullptr) return false;
      if (used_ != 0) std::memcpy(larger.get(), bytes_.get(), used_);
      Wipe(bytes_.get(), size_);
      bytes_ = std::move(larger);
      size_ = room;
    }
    std::memcpy(bytes_.get() + used_, bytes, size);
    used_ += size;
    return true;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_MBEDTLS)

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

// ---- smtpoll/transport/detail/mbedtls_context.hpp ----
// TlsSettings as mbedTLS takes them: an mbedtls_ssl_config and what it points to, made once and kept until a setting or
// a file that it names changes. mbedTLS has no authorities of the system's: the list that this system keeps in a file
// is read. Invariant: what cannot be used is an error here, before a connection is made; no text of a key is kept.
#ifndef SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_CONTEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_CONTEXT_HPP

#if MBEDTLS_VERSION_NUMBER < 0x021C0000 || MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "smtpoll/transport/mbedtls.hpp needs mbedTLS 2.28 or 3"
#endif

// From 3.0 on, TLS 1.3 stands on the library's PSA, which wants to be begun.
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
#include <psa/crypto.h>
#define SMTPOLL_MBEDTLS_TLS13 1
#else
#define SMTPOLL_MBEDTLS_TLS13 0
#endif

// Whether "tls-exporter" (RFC 9266) can be had.
#if SMTPOLL_MBEDTLS_TLS13 && defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
#define SMTPOLL_MBEDTLS_EXPORTER 1
#else
#define SMTPOLL_MBEDTLS_EXPORTER 0
#endif

// 3.0 calls members private that it has no function for.
#if defined(MBEDTLS_PRIVATE)
#define SMTPOLL_MBEDTLS_MEMBER(name) MBEDTLS_PRIVATE(name)
#else
#define SMTPOLL_MBEDTLS_MEMBER(name) name
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Owns an object of mbedTLS's that has an init and a free.
template <typename T, void (*Init)(T*), void (*Free)(T*)>
class MbedTlsObject {
 public:
  MbedTlsObject() noexcept { Init(&object_); }
  ~MbedTlsObject() { Free(&object_); }
  MbedTlsObject(const MbedTlsObject&) = delete;
  MbedTlsObject& operator=(const MbedTlsObject&) = delete;

  void Reset() noexcept {
    Free(&object_);
    Init(&object_);
  }
  T* Get() noexcept { return &object_; }
  const T* Get() const noexcept { return &object_; }

 private:
  T object_;
};

using MbedTlsCertificates = MbedTlsObject<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free>;
using MbedTlsCrls = MbedTlsObject<mbedtls_x509_crl, mbedtls_x509_crl_init, mbedtls_x509_crl_free>;
using MbedTlsKey = MbedTlsObject<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using MbedTlsConfig = MbedTlsObject<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free>;
using MbedTlsEntropy = MbedTlsObject<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free>;
using MbedTlsRandom = MbedTlsObject<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free>;
using MbedTlsSession = MbedTlsObject<mbedtls_ssl_session, mbedtls_ssl_session_init, mbedtls_ssl_session_free>;
using MbedTlsConnection = MbedTlsObject<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free>;

class MbedTlsContext : public TlsChoices {
 public:
  /// Loads `settings`, unless they are loaded already. After an error there is no context.
  Error Configure(const TlsSettings& settings) noexcept {
    const TlsFingerprint wanted(settings);
    if (loaded_ && fingerprint_ == wanted) return {};
    loaded_ = false;
    ++changes_;
    const Error error = Load(settings);
    loaded_ = !error;
    fingerprint_ = wanted;
    return error;
  }

  bool IsLoaded() const noexcept { return loaded_; }
  mbedtls_ssl_config* Get() noexcept { return config_.Get(); }
  /// Another number whenever what was loaded before counts no more.
  unsigned Changes() const noexcept { return changes_; }
  const mbedtls_x509_crt& Rejected() const noexcept { return *rejected_.Get(); }
  const mbedtls_x509_crl& Revoked() const noexcept { return *revoked_.Get(); }

 private:
  // Where Linux systems, the BSDs, macOS and Alpine keep the list of their authorities.
  static constexpr const char* kSystemAuthorities[] = {"/etc/ssl/certs/ca-certificates.crt",
                                                       "/etc/pki/tls/certs/ca-bundle.crt",
                                                       "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                                       "/etc/ssl/ca-bundle.pem",
                                                       "/etc/ssl/cert.pem",
                                                       "/usr/local/share/certs/ca-root-nss.crt"};

  Error Load(const TlsSettings& settings) noexcept {
    config_.Reset();
    authorities_.Reset();
    rejected_.Reset();
    revoked_.Reset();
    own_.Reset();
    key_.Reset();
    if (const Error error = Choose(settings)) return error;
    mbedtls_ssl_config* const config = config_.Get();
    if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
      return Error(Errc::OutOfMemory, Phase::Tls, "mbedTLS gives no configuration");
    if (!Seed()) return Error(Errc::TlsSettings, Phase::Tls, "mbedTLS finds no source of random numbers");
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, random_.Get());
    if (settings.minimum_version == TlsVersion::Tls13 && SMTPOLL_MBEDTLS_TLS13 == 0)
      return TlsSettingsError("SSLConnectionType", "is a TLS version that this mbedTLS does not have");
    const bool newest = settings.minimum_version == TlsVersion::Tls13;
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(config, newest ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
#else
    // 3, 3 is TLS 1.2 as it stands on the wire, and 3, 4 is 1.3.
    mbedtls_ssl_conf_min_version(config, 3, newest ? 4 : 3);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if SMTPOLL_MBEDTLS_TLS13 && MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
#endif
    // Where any certificate is taken, MbedTlsPeer still looks at each.
    mbedtls_ssl_conf_authmode(config,
                              AcceptsAnyCertificate() ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED);
    Error error = LoadAuthorities(settings);
    if (!error) error = LoadRejected(settings.rejection_file);
    if (!error) error = LoadOwn(settings);
    return error;
  }

  bool Seed() noexcept {
    if (seeded_) return true;
#if SMTPOLL_MBEDTLS_TLS13
    if (psa_crypto_init() != PSA_SUCCESS) return false;
#endif
    seeded_ = mbedtls_ctr_drbg_seed(random_.Get(), mbedtls_entropy_func, entropy_.Get(), nullptr, 0) == 0;
    return seeded_;
  }

  Error LoadAuthorities(const TlsSettings& settings) noexcept {
    if (AcceptsAnyCertificate()) return {};
    const std::string_view text = settings.authority_pem;
    if (*settings.authority_file == '\0' && text.empty()) {
      if (Error error = LoadSystemAuthorities()) return error;
    }
    if (*settings.authority_file != '\0') {
      TlsFile file;
      if (!file.Load(settings.authority_file))
        return TlsSettingsError("CertificateAuthorityFile", "cannot be read", settings.authority_file);
      // Some that mbedTLS cannot read do no harm here: they are not trusted.
      if (Parse(file.View(), authorities_) < 0)
        return TlsSettingsError("CertificateAuthorityFile", "holds no certificates in PEM", settings.authority_file);
    }
    if (!text.empty() && Parse(text, authorities_) < 0)
      return TlsSettingsError("CertificateAuthorityPEM", "holds no certificates in PEM");
    mbedtls_ssl_conf_ca_chain(config_.Get(), authorities_.Get(), nullptr);
    return {};
  }

  Error LoadSystemAuthorities() noexcept {
    for (const char* path : kSystemAuthorities) {
      TlsFile file;
      if (file.Load(path) && Parse(file.View(), authorities_) >= 0) return {};
    }
    return TlsSettingsError(
        "CertificateAuthorityFile",
        "must be set with mbedTLS, for this system keeps no list of authorities where one is known");
  }

  /// `text` ends with a NUL. How many certificates of it cannot be read, or a negative number where there is none.
  static int Parse(std::string_view text, MbedTlsCertificates& into) noexcept {
    if (text.empty()) return -1;
    return mbedtls_x509_crt_parse(into.Get(), reinterpret_cast<const unsigned char*>(text.data()), text.size() + 1);
  }

  Error LoadRejected(const char* path) noexcept {
    if (*path == '\0') return {};
    TlsFile file;
    if (!file.Load(path)) return TlsSettingsError("CertificateRejectionFile", "cannot be read", path);
    const bool certificates = file.View().find("-----BEGIN CERTIFICATE") != std::string_view::npos;
    const bool lists = file.View().find("-----BEGIN X509 CRL") != std::string_view::npos;
    // What cannot be read here would be accepted.
    bool good = certificates || lists;
    if (certificates) good = Parse(file.View(), rejected_) == 0;
    if (good && lists)
      good = mbedtls_x509_crl_parse(revoked_.Get(), reinterpret_cast<const unsigned char*>(file.View().data()),
                                    file.View().size() + 1) == 0;
    if (good) return {};
    return TlsSettingsError("CertificateRejectionFile", "holds no certificates or revocation lists in PEM", path);
  }

  /// The client's own certificate and key.
  Error LoadOwn(const TlsSettings& settings) noexcept {
    const char* const path = settings.certificate_file;
    const bool apart = *settings.key_file != '\0';
    const char* const key_path = apart ? settings.key_file : path;
    if (*key_path == '\0') return {};
    if (*path == '\0') return TlsSettingsError("CertificateFile", "is missing beside CertificateKeyFile");
    TlsFile certificate, key_file;
    if (!certificate.Load(path)) return TlsSettingsError("CertificateFile", "cannot be read", path);
    if (apart && !key_file.Load(key_path)) return TlsSettingsError("CertificateKeyFile", "cannot be read", key_path);
    const std::string_view key = apart ? key_file.View() : certificate.View();
    if (Parse(certificate.View(), own_) != 0)
      return TlsSettingsError("CertificateFile", "holds no certificate in PEM", path);
    if (!ParseKey(key, settings.certificate_password)) {
      // "Proc-Type: 4,ENCRYPTED" or "BEGIN ENCRYPTED PRIVATE KEY"
      if (key.find("ENCRYPTED") != std::string_view::npos)
        return TlsSettingsError("CertificatePassword", "does not open the private key in", key_path);
      key_.Reset();
    }
    if (!KeyFits() || mbedtls_ssl_conf_own_cert(config_.Get(), own_.Get(), key_.Get()) != 0)
      return TlsSettingsError(apart ? "CertificateKeyFile" : "CertificateFile",
                              "holds no private key that fits the certificate", key_path);
    return {};
  }

  bool ParseKey(std::string_view text, const char* password) noexcept {
    if (text.empty()) return false;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t size = std::strlen(password);
    const auto* const secret = size != 0 ? reinterpret_cast<const unsigned char*>(password) : nullptr;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(key_.Get(), bytes, text.size() + 1, secret, size, mbedtls_ctr_drbg_random,
                                random_.Get()) == 0;
#else
    return mbedtls_pk_parse_key(key_.Get(), bytes, text.size() + 1, secret, size) == 0;
#endif
  }

  bool KeyFits() noexcept {
    if (mbedtls_pk_get_type(key_.Get()) == MBEDTLS_PK_NONE) return false;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(&own_.Get()->pk, key_.Get(), mbedtls_ctr_drbg_random, random_.Get()) == 0;
#else
    return mbedtls_pk_check_pair(&own_.Get()->pk, key_.Get()) == 0;
#endif
  }

  MbedTlsEntropy entropy_;
  MbedTlsRandom random_;
  MbedTlsCertificates authorities_, rejected_, own_;
  MbedTlsCrls revoked_;
  MbedTlsKey key_;
  MbedTlsConfig config_;  // points to those above, so it goes first
  bool seeded_ = false;
  bool loaded_ = false;
  unsigned changes_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_MBEDTLS) || defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/tls_certificate_text.hpp ----
// What a certificate says of itself, compared and put into words, for the transports whose library leaves that to us:
// the names of its subject (RFC 9525 6), and its times. Invariant: only subject alternative names count, and a name is
// its bytes, whatever stands in them.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_CERTIFICATE_TEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_CERTIFICATE_TEXT_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The names in one certificate, told one by one, held against the one that is wanted.
class TlsSubjectNames {
 public:
  explicit TlsSubjectNames(const TlsName& wanted) noexcept : wanted_(wanted) {}

  /// A dNSName. RFC 9525 6.3: "*" stands for the whole first label, and for one label only.
  void AddHost(std::string_view name) noexcept {
    Separate();
    for (const char& c : name) list_.Append({IsPrint(c) ? &c : "?", 1});
    if (wanted_.IsAddress()) return;
    std::string_view wanted = wanted_.View();
    if (name.substr(0, 2) == "*.") {
      name.remove_prefix(1);
      const std::size_t dot = wanted.find('.');
      // "*.org" would be for a whole registry.
      if (dot == 0 || dot == std::string_view::npos || name.find('.', 1) == std::string_view::npos) return;
      wanted.remove_prefix(dot);
    }
    match_ = match_ || EqualIgnoringCase(name, wanted);
  }

  /// An iPAddress, of 4 or 16 bytes (RFC 5280 4.2.1.6).
  void AddAddress(Span<const unsigned char> bytes) noexcept {
    Separate();
    if (bytes.size() != 4) list_.Append("an IPv6 address");
    for (std::size_t i = 0; bytes.size() == 4 && i < 4; ++i) {
      if (i != 0) list_.Append(".");
      list_.AppendDecimal(bytes[i]);
    }
    const Span<const unsigned char> wanted = wanted_.Address();
    match_ = match_ || (wanted_.IsAddress() && wanted.size() == bytes.size() &&
                        std::memcmp(wanted.data(), bytes.data(), bytes.size()) == 0);
  }

  /// GeneralNames in DER, the value of the extension subjectAltName (RFC 5280 4.2.1.6). What is garbled is no name.
  void AddAll(Span<const unsigned char> der) noexcept {
    constexpr unsigned char kSequence = 0x30, kHost = 0x82, kAddress = 0x87;
    unsigned char tag = 0;
    Span<const unsigned char> names, name;
    if (!TakeItem(der, tag, names) || tag != kSequence) return;
    while (TakeItem(names, tag, name)) {
      if (tag == kHost) AddHost({reinterpret_cast<const char*>(name.data()), name.size()});
      if (tag == kAddress) AddAddress(name);
    }
  }

  bool Match() const noexcept { return match_; }

  /// "it is for mx.example.org, 192.0.2.25, not for mail.example.org"
  template <typename Text>
  void Describe(Text& text) const noexcept {
    text.Assign(count_ == 0 ? "it names no host" : "it is for ");
    text.Append(list_.View());
    text.Append(count_ == 0 ? " as a subject alternative name, not even " : ", not for ");
    text.Append(wanted_.View());
  }

 private:
  /// Takes the first item of DER from `rest`: its tag and its content. False at the end, and where it is garbled.
  static bool TakeItem(Span<const unsigned char>& rest, unsigned char& tag,
                       Span<const unsigned char>& content) noexcept {
    if (rest.size() < 2) return false;
    tag = rest[0];
    std::size_t head = 2, size = rest[1];
    if (size >= 0x80) {
      const std::size_t digits = size - 0x80;
      if (digits == 0 || digits > 3 || rest.size() < 2 + digits) return false;
      size = 0;
      for (std::size_t i = 0; i < digits; ++i) size = size * 256 + rest[head++];
    }
    if (size > rest.size() - head) return false;
    content = {rest.data() + head, size};
    rest = {content.data() + size, rest.size() - head - size};
    return true;
  }

  void Separate() noexcept {
    if (count_++ != 0) list_.Append(", ");
  }

  const TlsName& wanted_;
  bool match_ = false;
  std::size_t count_ = 0;
  FixedText<160> list_;
};

/// A time as "2026-01-31 23:59:59 UTC".
template <typename Text>
void AppendUtcTime(Text& text, const int (&parts)[6]) noexcept {
  constexpr const char* kBehind[] = {"-", "-", " ", ":", ":", " UTC"};
  for (int i = 0; i < 6; ++i) {
    if (parts[i] < 10) text.Append("0");
    text.AppendDecimal(static_cast<std::uint64_t>(parts[i]));
    text.Append(kBehind[i]);
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_MBEDTLS)

#include <mbedtls/asn1.h>
#include <mbedtls/md.h>

// ---- smtpoll/transport/detail/mbedtls_peer.hpp ----
// Whether the server's certificate is good (RFC 5280 6, RFC 9525 6), and in words what is wrong with it. mbedTLS builds
// and checks the chain; the name (2.28 knows no addresses, and takes the subject's common name), the list of rejected
// certificates and the pins are looked at here. Invariant: once something is wrong, it stays so until the next Begin.
#ifndef SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_PEER_HPP
#define SMTPOLL_TRANSPORT_DETAIL_MBEDTLS_PEER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class MbedTlsPeer {
 public:
  /// A handshake with `name` begins.
  void Begin(const MbedTlsContext& context, const TlsName& name) noexcept {
    context_ = &context;
    name_ = &name;
    fault_ = Errc::None;
    text_.Clear();
    seen_ = false;
    digest_size_ = 0;
  }

  Errc Fault() const noexcept { return fault_; }
  std::string_view Text() const noexcept { return text_.View(); }
  /// The server has shown its certificate; it does not where a session is resumed.
  bool Seen() const noexcept { return seen_; }
  /// RFC 5929 4.1: the digest of the server's certificate; empty where there is none.
  std::string_view Digest() const noexcept { return {digest_, digest_size_}; }

  /// mbedTLS's f_vrfy, called for each certificate of a chain, the server's last; `self` is an MbedTlsPeer.
  static int Verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept {
    return static_cast<MbedTlsPeer*>(self)->Check(*certificate, depth, *flags);
  }

  /// What mbedTLS found after all calls of Verify: what the certificate may be used for.
  void CheckUse(std::uint32_t flags) noexcept {
    if (fault_ == Errc::None && flags != 0 && flags != UINT32_MAX) ExplainFlags(nullptr, flags);
  }

 private:
  /// Everything that is wrong is fatal here, so that nothing more goes to such a server.
  int Check(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) noexcept {
    flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_CN_MISMATCH);
    if (context_->AcceptsAnyCertificate()) flags = 0;
    if (fault_ == Errc::None && flags != 0) ExplainFlags(&certificate, flags);
    if (fault_ == Errc::None) CheckRejected(certificate);
    if (depth == 0) {
      seen_ = true;
      if (fault_ == Errc::None && !context_->AcceptsAnyCertificate()) CheckName(certificate);
      if (fault_ == Errc::None) CheckPins(certificate);
      if (fault_ == Errc::None) KeepDigest(certificate);
    }
    return fault_ == Errc::None ? 0 : MBEDTLS_ERR_X509_FATAL_ERROR;
  }

  void CheckRejected(const mbedtls_x509_crt& certificate) noexcept {
    for (const mbedtls_x509_crt* one = &context_->Rejected(); one != nullptr && one->raw.p != nullptr; one = one->next)
      if (Same(one->raw, certificate.raw))
        return Say(Errc::CertificateRejected, "it stands in CertificateRejectionFile");
    for (const mbedtls_x509_crl* list = &context_->Revoked(); list != nullptr && list->raw.p != nullptr;
         list = list->next) {
      if (!SameName(list->issuer_raw, list->issuer, certificate.issuer_raw, certificate.issuer)) continue;
      for (const mbedtls_x509_crl_entry* entry = &list->entry; entry != nullptr && entry->serial.p != nullptr;
           entry = entry->next)
        if (Same(entry->serial, certificate.serial))
          return Say(Errc::CertificateRejected, "CertificateRejectionFile says that it is revoked");
    }
  }

  void CheckName(const mbedtls_x509_crt& certificate) noexcept {
    TlsSubjectNames names(*name_);
    ListNames(certificate, names);
    if (names.Match()) return;
    fault_ = Errc::CertificateName;
    names.Describe(text_);
  }

  /// RFC 5280 4.2.1.6; the library's own list leaves addresses out.
  static void ListNames(const mbedtls_x509_crt& certificate, TlsSubjectNames& names) noexcept {
    constexpr int kSequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    constexpr unsigned char kAlternativeName[] = {0x55, 0x1d, 0x11};  // 2.5.29.17
    unsigned char* at = certificate.v3_ext.p;
    if (at == nullptr) return;
    const unsigned char* end = at + certificate.v3_ext.len;
    std::size_t size = 0;
    if (mbedtls_asn1_get_tag(&at, end, &size, kSequence) != 0) return;
    end = at + size;
    while (at < end && mbedtls_asn1_get_tag(&at, end, &size, kSequence) == 0) {
      const unsigned char* const extension_end = at + size;
      std::size_t id_size = 0;
      if (mbedtls_asn1_get_tag(&at, extension_end, &id_size, MBEDTLS_ASN1_OID) != 0) return;
      const bool wanted =
          id_size == sizeof kAlternativeName && std::memcmp(at, kAlternativeName, sizeof kAlternativeName) == 0;
      at += id_size;
      int critical = 0;
      const int with_flag = mbedtls_asn1_get_bool(&at, extension_end, &critical);
      if (with_flag != 0 && with_flag != MBEDTLS_ERR_ASN1_UNEXPECTED_TAG) return;
      if (wanted && mbedtls_asn1_get_tag(&at, extension_end, &size, MBEDTLS_ASN1_OCTET_STRING) == 0)
        names.AddAll({at, size});
      at += extension_end - at;
    }
  }

  void CheckPins(const mbedtls_x509_crt& certificate) noexcept {
    const mbedtls_x509_buf& key = certificate.pk_raw;
    if (!context_->Pins().empty() && !context_->Pins().Match({reinterpret_cast<const char*>(key.p), key.len}))
      Say(Errc::CertificateRejected, "its key is none of CertificatePins");
  }

  void KeepDigest(const mbedtls_x509_crt& certificate) noexcept {
    mbedtls_md_type_t kind = certificate.SMTPOLL_MBEDTLS_MEMBER(sig_md);
    const mbedtls_md_info_t* algorithm = mbedtls_md_info_from_type(kind);
    if (algorithm != nullptr && mbedtls_md_get_size(algorithm) <= 20)  // MD5, SHA-1
      algorithm = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    static_assert(sizeof digest_ >= MBEDTLS_MD_MAX_SIZE, "any digest fits");
    if (algorithm != nullptr &&
        mbedtls_md(algorithm, certificate.raw.p, certificate.raw.len, reinterpret_cast<unsigned char*>(digest_)) == 0)
      digest_size_ = mbedtls_md_get_size(algorithm);
  }

  static bool Same(const mbedtls_x509_buf& a, const mbedtls_x509_buf& b) noexcept {
    return a.len == b.len && std::memcmp(a.p, b.p, a.len) == 0;
  }

  /// The same name, whatever kinds of strings it is written in.
  static bool SameName(const mbedtls_x509_buf& raw_a, const mbedtls_x509_name& a, const mbedtls_x509_buf& raw_b,
                       const mbedtls_x509_name& b) noexcept {
    if (Same(raw_a, raw_b)) return true;
    char text_a[512], text_b[512];
    const int size_a = mbedtls_x509_dn_gets(text_a, sizeof text_a, &a);
    const int size_b = mbedtls_x509_dn_gets(text_b, sizeof text_b, &b);
    return size_a > 0 && size_b > 0 && EqualIgnoringCase(text_a, text_b);
  }

  void Say(Errc fault, std::string_view text) noexcept {
    fault_ = fault;
    text_.Assign(text);
  }

  void ExplainFlags(const mbedtls_x509_crt* certificate, std::uint32_t flags) noexcept {
    struct Meaning {
      int flag;
      const char* text;
    };
    constexpr Meaning kMeanings[] = {
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, "no trusted authority stands behind it"},
        {MBEDTLS_X509_BADCERT_KEY_USAGE, "it may not be used so: its key usage is another"},
        {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, "it is no certificate for servers"},
        {MBEDTLS_X509_BADCERT_NS_CERT_TYPE, "it is no certificate for servers"},
        {MBEDTLS_X509_BADCERT_BAD_MD, "its signature is by a hash that is not safe"},
        {MBEDTLS_X509_BADCERT_BAD_PK, "its signature is by an algorithm that is not accepted"},
        {MBEDTLS_X509_BADCERT_BAD_KEY, "its key is too short, or on a curve that is not accepted"}};
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0 && certificate != nullptr) {
      const bool expired = (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0;
      if (expired || (flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        Say(Errc::CertificateExpired, expired ? "it expired at " : "it becomes valid at ");
        const mbedtls_x509_time& time = expired ? certificate->valid_to : certificate->valid_from;
        return AppendUtcTime(text_, {time.year, time.mon, time.day, time.hour, time.min, time.sec});
      }
    }
    Say(Errc::CertificateUntrusted, "mbedTLS does not accept it");
    for (const Meaning& one : kMeanings)
      if ((flags & static_cast<std::uint32_t>(one.flag)) != 0) {
        text_.Assign(one.text);
        break;
      }
    if (certificate == nullptr) return;
    if (Same(certificate->issuer_raw, certificate->subject_raw)) text_.Append(" (self-signed)");
    char issuer[160];
    const int size = mbedtls_x509_dn_gets(issuer, sizeof issuer, &certificate->issuer);
    text_.Append(", issued by ");
    text_.Append(size > 0 ? std::string_view(issuer, static_cast<std::size_t>(size)) : "a name that is too long");
  }

  const MbedTlsContext* context_ = nullptr;
  const TlsName* name_ = nullptr;
  Errc fault_ = Errc::None;
  FixedText<256> text_;
  bool seen_ = false;
  std::size_t digest_size_ = 0;
  char digest_[64] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_MBEDTLS) || defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/tls_alert.hpp ----
// What the alerts mean that a server may send (RFC 5246 7.2, RFC 8446 6), and what to do about them, for the transports
// whose library tells no more than the alert's number.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_ALERT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_ALERT_HPP

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

#endif

#if defined(SMTPOLL_MBEDTLS)

#include <mbedtls/error.h>

// ---- smtpoll/transport/mbedtls.hpp ----
// TLS by mbedTLS 2.28 or 3: a transport policy that verifies the server's chain and name by default, with TLS 1.2 or
// later. Opt-in: define SMTPOLL_MBEDTLS before smtpoll.hpp, or include this; link with -lmbedtls -lmbedx509
// -lmbedcrypto. Each call does one step over the socket policy and never blocks. 2.28 has no TLS 1.3. Invariant: after
// a fatal error nothing is sent any more.
#ifndef SMTPOLL_TRANSPORT_MBEDTLS_HPP
#define SMTPOLL_TRANSPORT_MBEDTLS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// TLS over `Socket`, a socket policy. After Configure the settings are loaded; a Handshake without it verifies by the
/// system's authorities. Sessions are resumed with the same server name. The channel binding is "tls-server-end-point"
/// (RFC 5929 4); "tls-exporter" (RFC 9266) there is only with TLS 1.3 by a library that has
/// MBEDTLS_SSL_KEYING_MATERIAL_EXPORT, as the later ones of 3.6 do. Those of 3 know no KeyUpdate (RFC 8446 4.6.3): a
/// server that wants new keys loses the connection.
template <typename Socket>
class MbedTlsTransport : public detail::TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  MbedTlsTransport() = default;
  MbedTlsTransport(const MbedTlsTransport&) = delete;
  MbedTlsTransport& operator=(const MbedTlsTransport&) = delete;
  ~MbedTlsTransport() { EndTls(); }

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  /// Loads what `settings` name, unless it is loaded already and no file has changed. Errc::TlsSettings says what
  /// cannot be used; Handshake then fails too. Not while a handshake or a session is under way.
  Error Configure(const TlsSettings& settings) {
    if (active_) return Error(Errc::InvalidState, Phase::Tls, "a session is under way");
    const Error error = context_.Configure(settings);
    configured_ = true;
    if (error || changes_ != context_.Changes()) ForgetSession();
    changes_ = context_.Changes();
    return error;
  }

  IoResult Handshake(std::string_view server_name) {
    if (failed_ != 0) return Fail(failed_, {});
    if (secured_) return IoResult::Ok();
    if (!active_)
      if (const Error error = Begin(server_name)) return Fail(error.ErrorNumber, error.text.View());
    const int result = mbedtls_ssl_handshake(tls_.Get());
    const IoResult step = result == 0 ? Establish() : AfterFailure(result);
    handshake_wants_ = step.status == IoStatus::Again ? blocked_ : Readiness::None;
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, "the server ended TLS") : step;
  }

  IoResult Read(char* into, std::size_t room) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Read(into, room);
    if (room == 0 || !secured_) return IoResult::TryAgain();
    IoResult step = ReadOnce(into, room);
    // Tickets and the like are no data of ours: what stands behind them is looked at too, within limits.
    for (int i = 1; i < kRecordsAtOnce && step.status == IoStatus::Again && !starved_; ++i) step = ReadOnce(into, room);
    read_wants_write_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Write);
    return step;
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // An alert that is not out yet would be taken for these bytes: an empty write sends what is left of it.
    if (unsent_ && unfinished_ == 0) {
      const IoResult step = WriteOnce(bytes, 0);
      if (step.status != IoStatus::Done) return step;
    }
    // What mbedTLS has encrypted already is asked for again with the same size.
    if (unfinished_ != 0 && unfinished_ < size) size = unfinished_;
    const IoResult step = WriteOnce(bytes, size);
    unfinished_ = step.status == IoStatus::Again ? size : 0;
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // The peer has ended its side; what cannot be written then is lost.
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, {}) : step;
  }

  bool Pending() const noexcept {
    return secured_ && failed_ == 0 && (mbedtls_ssl_check_pending(tls_.Get()) != 0 || more_records_);
  }

  /// "TLSv1.2"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? mbedtls_ssl_get_version(tls_.Get()) : ""; }
  std::string_view CipherName() const noexcept { return secured_ ? mbedtls_ssl_get_ciphersuite(tls_.Get()) : ""; }
  /// The handshake took up an earlier session.
  bool SessionResumed() const noexcept { return secured_ && resumed_; }

  /// Says close_notify if that can go at once, and closes the socket.
  void Close() {
    EndTls();
    fault_text_.Clear();
    socket_.Close();
  }
  ///@}

 private:
  Error Begin(std::string_view server_name) {
    if (!configured_)
      if (const Error error = Configure(TlsSettings())) return error;
    if (!context_.IsLoaded()) return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    mbedtls_ssl_conf_verify(context_.Get(), &detail::MbedTlsPeer::Verify, &peer_);
    // RFC 6066 3: an address is not said to the server.
    if (mbedtls_ssl_setup(tls_.Get(), context_.Get()) != 0 ||
        mbedtls_ssl_set_hostname(tls_.Get(), name_.IsAddress() ? nullptr : name_.Text()) != 0) {
      tls_.Reset();
      return Error(Errc::OutOfMemory, Phase::Tls, "mbedTLS gives no session");
    }
    active_ = true;
    mbedtls_ssl_set_bio(tls_.Get(), this, &WireWrite, &WireRead, nullptr);
    if (has_session_ && session_name_.View() == name_.View())
      offered_ = mbedtls_ssl_set_session(tls_.Get(), session_.Get()) == 0;
    else
      ForgetSession();
    peer_.Begin(context_, name_);
    first_.Clear();
    return {};
  }

  IoResult Establish() {
    secured_ = true;
    resumed_ = offered_ && !peer_.Seen();
    if (!resumed_) {
      // The binding of a resumed session is the one of the session that it takes up.
      digest_size_ = peer_.Digest().size();
      std::memcpy(digest_, peer_.Digest().data(), digest_size_);
    }
    KeepSession();
    BindChannel();
    return IoResult::Ok();
  }

  /// RFC 9266 and RFC 5929 4.
  void BindChannel() noexcept {
    const TlsChannelBinding kind = context_.ChannelBinding();
#if SMTPOLL_MBEDTLS_EXPORTER
    // With TLS 1.2 the master secret would have to be bound to the session (RFC 9266 4.2), which mbedTLS does not tell.
    const bool newest = mbedtls_ssl_get_version_number(tls_.Get()) == MBEDTLS_SSL_VERSION_TLS1_3;
    if (newest && (kind == TlsChannelBinding::Automatic || kind == TlsChannelBinding::Exporter)) {
      constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
      auto* const into = reinterpret_cast<unsigned char*>(binding_);
      if (mbedtls_ssl_export_keying_material(tls_.Get(), into, 32, kLabel.data(), kLabel.size(), nullptr, 0, 1) != 0)
        return;
      return Bind("tls-exporter", 32);
    }
#endif
    if (kind != TlsChannelBinding::Automatic && kind != TlsChannelBinding::ServerEndPoint) return;
    std::memcpy(binding_, digest_, digest_size_);
    Bind("tls-server-end-point", digest_size_);
  }

  void KeepSession() noexcept {
    session_.Reset();
    has_session_ = context_.ResumesSessions() && mbedtls_ssl_get_session(tls_.Get(), session_.Get()) == 0;
    if (has_session_) session_name_.Assign(name_.View());
  }

  void ForgetSession() noexcept {
    session_.Reset();
    has_session_ = false;
  }

  IoResult ReadOnce(char* into, std::size_t room) {
    starved_ = false;
    const int result = mbedtls_ssl_read(tls_.Get(), reinterpret_cast<unsigned char*>(into), room);
    if (result > 0) {
      more_records_ = false;
      return IoResult::Ok(static_cast<std::size_t>(result));
    }
    const IoResult step = AfterFailure(result == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : result);
    more_records_ = step.status == IoStatus::Again && !starved_ && !unsent_;
    return step;
  }

  IoResult WriteOnce(const char* bytes, std::size_t size) {
    const int result = mbedtls_ssl_write(tls_.Get(), reinterpret_cast<const unsigned char*>(bytes), size);
    const IoResult step = result >= 0 ? IoResult::Ok(static_cast<std::size_t>(result)) : AfterFailure(result);
    write_wants_read_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Read);
    return step;
  }

  /// What became of a call of mbedTLS's that returned `result`, an error.
  IoResult AfterFailure(int result) {
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
      blocked_ = result == MBEDTLS_ERR_SSL_WANT_READ ? Readiness::Read : Readiness::Write;
      return IoResult::TryAgain();
    }
#if SMTPOLL_MBEDTLS_TLS13 && defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
      KeepSession();
      blocked_ = Readiness::Read;
      return IoResult::TryAgain();
    }
#endif
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return IoResult::EndOfFile();
    ForgetSession();
    peer_.CheckUse(secured_ ? 0 : mbedtls_ssl_get_verify_result(tls_.Get()));
    if (!secured_ && peer_.Fault() != Errc::None) return Fail(peer_.Fault(), peer_.Text());
    if (WireIsGone()) return FailOnWire();
    return Explain(result);
  }

  IoResult Explain(int error) {
    if (!secured_ && LooksLikeReply(first_.View())) return FailOnPlainText();
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    constexpr int kBadVersion = MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
#else
    constexpr int kBadVersion = MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
#endif
    // The alert's description is its second byte.
    int alert = 0;
    if (error == kBadVersion)
      alert = 70;
    else if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
      alert = tls_.Get()->SMTPOLL_MBEDTLS_MEMBER(in_msg)[1];
    for (const detail::TlsAlertAdvice& advice : detail::kTlsAlertAdvice)
      if (advice.alert == alert && (!secured_ || advice.later)) return Fail(advice.code, advice.text);
    char text[160] = {};
    mbedtls_strerror(error, text, sizeof text);
    fault_text_.Assign(text);
    if (alert != 0) {
      fault_text_.Append(", alert ");
      fault_text_.AppendDecimal(static_cast<std::uint64_t>(alert));
    }
    // After the handshake a record that cannot be read is as good as a wire that was cut.
    return Fail(secured_ ? Errc::ConnectionLost : Errc::TlsHandshake, {});
  }

  void EndTls() {
    if (secured_ && failed_ == 0) mbedtls_ssl_close_notify(tls_.Get());
    if (active_) tls_.Reset();
    EndState();
    active_ = resumed_ = offered_ = unsent_ = more_records_ = false;
  }

  // ---- The socket as mbedTLS sees it.

  static int WireRead(void* transport, unsigned char* into, std::size_t room) {
    auto* const self = static_cast<MbedTlsTransport*>(transport);
    const IoResult result = self->socket_.Read(reinterpret_cast<char*>(into), room);
    if (result.status == IoStatus::Done) {
      self->Hear({reinterpret_cast<const char*>(into), result.size});
      return static_cast<int>(result.size);
    }
    if (result.status != IoStatus::Again) return self->EndWire(result);
    if (self->unwritable_.status != IoStatus::Done) return self->EndWire(self->unwritable_);
    self->starved_ = true;
    return MBEDTLS_ERR_SSL_WANT_READ;
  }

  static int WireWrite(void* transport, const unsigned char* bytes, std::size_t size) {
    auto* const self = static_cast<MbedTlsTransport*>(transport);
    if (self->unwritable_.status != IoStatus::Done) return static_cast<int>(size);
    const IoResult result = self->socket_.Write(reinterpret_cast<const char*>(bytes), size);
    self->unsent_ = result.status == IoStatus::Again || (result.status == IoStatus::Done && result.size < size);
    if (result.status == IoStatus::Done) return static_cast<int>(result.size);
    if (result.status == IoStatus::Again) return MBEDTLS_ERR_SSL_WANT_WRITE;
    // A server that has ended may have said why: mbedTLS goes on until it has read that.
    self->unwritable_ = result;
    return static_cast<int>(size);
  }

  int EndWire(const IoResult& result) noexcept {
    WireEnds(result);
    return MBEDTLS_ERR_SSL_CONN_EOF;
  }

  Socket socket_;
  detail::MbedTlsContext context_;
  detail::MbedTlsPeer peer_;
  detail::TlsName name_;
  detail::MbedTlsSession session_;  // of the last connection, to be resumed
  bool has_session_ = false;
  FixedText<256> session_name_;
  char digest_[64] = {};  // of the certificate that the session was made with
  std::size_t digest_size_ = 0;
  unsigned changes_ = 0;  // which of context_'s states session_ belongs to
  bool configured_ = false;

  detail::MbedTlsConnection tls_;
  bool active_ = false;   // the wire is no more in plain text
  bool offered_ = false;  // session_ was offered to the server
  bool resumed_ = false;
  bool unsent_ = false;        // mbedTLS holds encrypted bytes that the socket did not take
  bool more_records_ = false;  // the last read ended for another reason than the socket
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/schannel_context.hpp ----
// TlsSettings as Windows takes them: Schannel credentials, a store of authorities and an engine that builds chains with
// it, made once and kept until a setting or a file that it names changes. The client's own certificate is a PKCS #12
// file, for Windows reads no private keys in PEM. Invariant: what cannot be used is an error here, before a connection.
#ifndef SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_CONTEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_CONTEXT_HPP

#if defined(SMTPOLL_WINDOWS)

#if !defined(SECURITY_WIN32)
#define SECURITY_WIN32
#define SMTPOLL_BORROWED_SECURITY_WIN32
#endif

#include <wincrypt.h>

#include <sspi.h>

#include <schannel.h>

#if defined(SMTPOLL_BORROWED_SECURITY_WIN32)
#undef SECURITY_WIN32
#undef SMTPOLL_BORROWED_SECURITY_WIN32
#endif

#else
#error "smtpoll/transport/schannel.hpp is for Windows: it stands on SSPI"
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Owns an object of Windows's.
struct SchannelFree {
  void operator()(void* store) const noexcept { CertCloseStore(store, 0); }
  void operator()(const CERT_CONTEXT* object) const noexcept { CertFreeCertificateContext(object); }
  void operator()(const CERT_CHAIN_CONTEXT* object) const noexcept { CertFreeCertificateChain(object); }
};
using CertificateStore = std::unique_ptr<void, SchannelFree>;
using CertificatePtr = std::unique_ptr<const CERT_CONTEXT, SchannelFree>;
using CertificateChainPtr = std::unique_ptr<const CERT_CHAIN_CONTEXT, SchannelFree>;

class SchannelContext : public TlsChoices {
 public:
  SchannelContext() = default;
  SchannelContext(const SchannelContext&) = delete;
  SchannelContext& operator=(const SchannelContext&) = delete;
  ~SchannelContext() { Clear(); }

  /// Loads `settings`, unless they are loaded already. After an error there is no context.
  Error Configure(const TlsSettings& settings) noexcept {
    const TlsFingerprint wanted(settings);
    if (loaded_ && fingerprint_ == wanted) return {};
    Clear();
    const Error error = Load(settings);
    if (error)
      Clear();
    else
      loaded_ = true;
    fingerprint_ = wanted;
    return error;
  }

  bool IsLoaded() const noexcept { return loaded_; }
  CredHandle* Credentials() noexcept { return &credentials_; }
  /// Windows keeps sessions by the credentials: with new ones nothing is resumed.
  bool RenewCredentials() noexcept { return Acquire(); }
  /// Null for Windows's own authorities.
  HCERTCHAINENGINE Engine() const noexcept { return engine_; }
  HCERTSTORE Rejected() const noexcept { return rejected_.get(); }

 private:
  static constexpr DWORD kEncoding = X509_ASN_ENCODING | PKCS_7_ASN_ENCODING;

  void Clear() noexcept {
    if (has_credentials_) FreeCredentialsHandle(&credentials_);
    if (engine_ != nullptr) CertFreeCertificateChainEngine(engine_);
    engine_ = nullptr;
    own_.reset();
    own_store_.reset();
    authorities_.reset();
    rejected_.reset();
    has_credentials_ = loaded_ = false;
  }

  Error Load(const TlsSettings& settings) noexcept {
    if (const Error error = Choose(settings)) return error;
    if (settings.minimum_version == TlsVersion::Tls13)
      return TlsSettingsError("SSLConnectionType", "is a TLS version that is not used by Schannel here");
    Error error = LoadAuthorities(settings);
    if (!error) error = LoadRejected(settings.rejection_file);
    if (!error) error = LoadOwn(settings);
    if (!error && !Acquire()) error = Error(Errc::TlsSettings, Phase::Tls, "Schannel gives no credentials");
    return error;
  }

  bool Acquire() noexcept {
    if (has_credentials_) FreeCredentialsHandle(&credentials_);
    SCHANNEL_CRED wanted{};
    PCCERT_CONTEXT own = own_.get();
    wanted.dwVersion = SCHANNEL_CRED_VERSION;
    wanted.cCreds = own != nullptr ? 1 : 0;
    wanted.paCred = own != nullptr ? &own : nullptr;
    wanted.grbitEnabledProtocols = SP_PROT_TLS1_2_CLIENT;
    // SchannelPeer verifies; and no certificate of the user's is shown unasked.
    wanted.dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS | SCH_USE_STRONG_CRYPTO;
    wchar_t package[] = UNISP_NAME_W;
    has_credentials_ = AcquireCredentialsHandleW(nullptr, package, SECPKG_CRED_OUTBOUND, nullptr, &wanted, nullptr,
                                                 nullptr, &credentials_, nullptr) == SEC_E_OK;
    return has_credentials_;
  }

  Error LoadAuthorities(const TlsSettings& settings) noexcept {
    const bool by_file = *settings.authority_file != '\0';
    const bool by_text = *settings.authority_pem != '\0';
    if (AcceptsAnyCertificate() || (!by_file && !by_text)) return {};
    authorities_ = NewStore();
    if (by_file) {
      TlsFile file;
      if (!file.Load(settings.authority_file))
        return TlsSettingsError("CertificateAuthorityFile", "cannot be read", settings.authority_file);
      if (ReadPem(file.View(), authorities_.get(), false) <= 0)
        return TlsSettingsError("CertificateAuthorityFile", "holds no certificates in PEM", settings.authority_file);
    }
    if (by_text && ReadPem(settings.authority_pem, authorities_.get(), false) <= 0)
      return TlsSettingsError("CertificateAuthorityPEM", "holds no certificates in PEM");
    CERT_CHAIN_ENGINE_CONFIG wanted{};
    wanted.cbSize = sizeof wanted;
    wanted.hExclusiveRoot = authorities_.get();
    // What is named is trusted, whether or not it is signed by itself.
    wanted.dwExclusiveFlags = CERT_CHAIN_EXCLUSIVE_ENABLE_CA_FLAG;
    if (CertCreateCertificateChainEngine(&wanted, &engine_)) return {};
    // Windows 7 knows the structure without its last member, and only roots.
    wanted.cbSize = offsetof(CERT_CHAIN_ENGINE_CONFIG, dwExclusiveFlags);
    if (CertCreateCertificateChainEngine(&wanted, &engine_)) return {};
    engine_ = nullptr;
    return Error(Errc::TlsSettings, Phase::Tls, "this Windows takes no list of authorities");
  }

  Error LoadRejected(const char* path) noexcept {
    if (*path == '\0') return {};
    TlsFile file;
    if (!file.Load(path)) return TlsSettingsError("CertificateRejectionFile", "cannot be read", path);
    rejected_ = NewStore();
    if (ReadPem(file.View(), rejected_.get(), true) > 0) return {};
    return TlsSettingsError("CertificateRejectionFile", "holds neither certificates nor revocation lists in PEM", path);
  }

  static CertificateStore NewStore() noexcept {
    return CertificateStore(CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, CERT_STORE_CREATE_NEW_FLAG, nullptr));
  }

  /// Puts what stands in PEM into `store`; how many, or -1 where a part of it cannot be read.
  static int ReadPem(std::string_view text, HCERTSTORE store, bool with_lists) noexcept {
    constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
    int count = 0;
    for (std::size_t at; (at = text.find(kBegin)) != std::string_view::npos;) {
      text.remove_prefix(at);
      const std::string_view label = text.substr(kBegin.size(), text.find(kDashes, kBegin.size()) - kBegin.size());
      std::size_t end = text.find(kEnd);
      if (end != std::string_view::npos) end = text.find(kDashes, end + kEnd.size());
      if (end == std::string_view::npos) return -1;
      const std::string_view block = text.substr(0, end + kDashes.size());
      text.remove_prefix(block.size());
      const bool list = label == "X509 CRL";
      if (!(label == "CERTIFICATE" || (list && with_lists))) continue;
      DWORD size = 0;
      const auto length = static_cast<DWORD>(block.size());
      if (!CryptStringToBinaryA(block.data(), length, CRYPT_STRING_BASE64HEADER, nullptr, &size, nullptr, nullptr))
        return -1;
      const std::unique_ptr<BYTE[]> der(new (std::nothrow) BYTE[size]);
      if (der == nullptr ||
          !CryptStringToBinaryA(block.data(), length, CRYPT_STRING_BASE64HEADER, der.get(), &size, nullptr, nullptr))
        return -1;
      const BOOL added =
          list ? CertAddEncodedCRLToStore(store, kEncoding, der.get(), size, CERT_STORE_ADD_ALWAYS, nullptr)
               : CertAddEncodedCertificateToStore(store, kEncoding, der.get(), size, CERT_STORE_ADD_ALWAYS, nullptr);
      if (!added) return -1;
      ++count;
    }
    return count;
  }

  /// The client's own certificate and key.
  Error LoadOwn(const TlsSettings& settings) noexcept {
    const char* const path = settings.certificate_file;
    if (*settings.key_file != '\0')
      return TlsSettingsError("CertificateKeyFile",
                              "cannot be read with Schannel: CertificateFile holds both, as PKCS #12");
    if (*path == '\0') return {};
    TlsFile file;
    if (!file.Load(path)) return TlsSettingsError("CertificateFile", "cannot be read", path);
    if (file.View().empty() || file.View().front() != '\x30')
      return TlsSettingsError("CertificateFile", "must be PKCS #12 (.pfx, .p12) with Schannel", path);
    wchar_t password[256] = {};
    if (*settings.certificate_password != '\0' &&
        MultiByteToWideChar(CP_UTF8, 0, settings.certificate_password, -1, password, 255) == 0)
      return TlsSettingsError("CertificatePassword", "is too long, or not in UTF-8");
    CRYPT_DATA_BLOB blob{static_cast<DWORD>(file.View().size()),
                         reinterpret_cast<BYTE*>(const_cast<char*>(file.View().data()))};
    own_store_.reset(PFXImportCertStore(&blob, password, PKCS12_NO_PERSIST_KEY));
    Wipe(password, sizeof password);
    if (own_store_ == nullptr) return TlsSettingsError("CertificatePassword", "does not open the PKCS #12 file", path);
    own_.reset(CertFindCertificateInStore(own_store_.get(), kEncoding, 0, CERT_FIND_HAS_PRIVATE_KEY, nullptr, nullptr));
    if (own_ == nullptr) own_.reset(CertEnumCertificatesInStore(own_store_.get(), nullptr));
    if (own_ == nullptr) return TlsSettingsError("CertificateFile", "holds no certificate with a private key", path);
    return {};
  }

  CredHandle credentials_{};
  bool has_credentials_ = false;
  bool loaded_ = false;
  CertificateStore authorities_, rejected_, own_store_;
  CertificatePtr own_;
  HCERTCHAINENGINE engine_ = nullptr;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/detail/schannel_peer.hpp ----
// Whether the server's certificate is good (RFC 5280 6, RFC 9525 6), and in words what is wrong with it. Windows builds
// and checks the chain; the name (Windows takes the subject's common name too), the list of rejected certificates and
// the pins are looked at here. Invariant: nothing is fetched for it but what Windows's own list of roots may lack.
#ifndef SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_PEER_HPP
#define SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_PEER_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class SchannelPeer {
 public:
  /// Judges the server's certificate; `certificate` has the others that the server sent in its store.
  Errc Check(const SchannelContext& context, const TlsName& name, const CERT_CONTEXT* certificate) noexcept {
    fault_ = Errc::None;
    text_.Clear();
    char usage[] = szOID_PKIX_KP_SERVER_AUTH;
    char* usages[] = {usage};
    CERT_CHAIN_PARA wanted{};
    wanted.cbSize = sizeof wanted;
    wanted.RequestedUsage.dwType = USAGE_MATCH_TYPE_OR;
    wanted.RequestedUsage.Usage.cUsageIdentifier = 1;
    wanted.RequestedUsage.Usage.rgpszUsageIdentifier = usages;
    const CERT_CHAIN_CONTEXT* built = nullptr;
    if (!CertGetCertificateChain(context.Engine(), certificate, nullptr, certificate->hCertStore, &wanted,
                                 CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL, nullptr, &built))
      return Say(Errc::CertificateUntrusted, "Windows builds no chain with it");
    const CertificateChainPtr chain(built);
    if (!context.AcceptsAnyCertificate()) CheckChain(*chain, certificate);
    if (fault_ == Errc::None && !context.AcceptsAnyCertificate()) CheckName(name, certificate);
    for (DWORD i = 0; fault_ == Errc::None && i < chain->cChain; ++i)
      for (DWORD j = 0; j < chain->rgpChain[i]->cElement; ++j)
        CheckRejected(context, chain->rgpChain[i]->rgpElement[j]->pCertContext);
    if (fault_ == Errc::None && !context.Pins().empty()) CheckPins(context, certificate);
    return fault_;
  }

  std::string_view Text() const noexcept { return text_.View(); }

 private:
  static constexpr DWORD kEncoding = X509_ASN_ENCODING | PKCS_7_ASN_ENCODING;

  void CheckChain(const CERT_CHAIN_CONTEXT& chain, const CERT_CONTEXT* certificate) noexcept {
    // Whether a certificate is revoked is asked of nobody.
    const DWORD status = chain.TrustStatus.dwErrorStatus &
                         ~static_cast<DWORD>(CERT_TRUST_REVOCATION_STATUS_UNKNOWN | CERT_TRUST_IS_OFFLINE_REVOCATION);
    if (status == 0) return CheckPolicy(chain);
    if ((status & ~static_cast<DWORD>(CERT_TRUST_IS_NOT_TIME_VALID)) == 0) {
      const CERT_SIMPLE_CHAIN* const simple = chain.rgpChain[0];
      for (DWORD i = 0; i < simple->cElement; ++i)
        if ((simple->rgpElement[i]->TrustStatus.dwErrorStatus & CERT_TRUST_IS_NOT_TIME_VALID) != 0)
          return SayTime(*simple->rgpElement[i]->pCertContext->pCertInfo);
      return SayTime(*certificate->pCertInfo);
    }
    struct Meaning {
      DWORD status;
      const char* text;
    };
    constexpr Meaning kMeanings[] = {{CERT_TRUST_IS_REVOKED, "it is revoked"},
                                     {CERT_TRUST_IS_EXPLICIT_DISTRUST, "this Windows does not trust it"},
                                     {CERT_TRUST_IS_NOT_SIGNATURE_VALID, "its signature is wrong"},
                                     {CERT_TRUST_INVALID_BASIC_CONSTRAINTS, "one that is no authority has signed it"},
                                     {CERT_TRUST_IS_NOT_VALID_FOR_USAGE, "it is no certificate for servers"},
                                     {CERT_TRUST_IS_UNTRUSTED_ROOT, "its authority is not trusted"},
                                     {CERT_TRUST_IS_PARTIAL_CHAIN, "no trusted authority stands behind it"}};
    Say(Errc::CertificateUntrusted, "Windows does not accept its chain");
    for (const Meaning& one : kMeanings)
      if ((status & one.status) != 0) {
        Say(one.status == CERT_TRUST_IS_REVOKED ? Errc::CertificateRejected : Errc::CertificateUntrusted, one.text);
        break;
      }
    const CERT_SIMPLE_CHAIN* const simple = chain.rgpChain[0];
    const CERT_INFO& last = *simple->rgpElement[simple->cElement - 1]->pCertContext->pCertInfo;
    if (simple->cElement == 1 && CertCompareCertificateName(kEncoding, const_cast<CERT_NAME_BLOB*>(&last.Issuer),
                                                            const_cast<CERT_NAME_BLOB*>(&last.Subject)))
      text_.Append(" (self-signed)");
    text_.Append(", issued by ");
    char issuer[160] = {};
    CertNameToStrA(kEncoding, const_cast<CERT_NAME_BLOB*>(&last.Issuer), CERT_X500_NAME_STR, issuer, sizeof issuer);
    text_.Append(issuer);
  }

  /// What else Windows wants of a server's certificate; the name is not among it.
  void CheckPolicy(const CERT_CHAIN_CONTEXT& chain) noexcept {
    SSL_EXTRA_CERT_CHAIN_POLICY_PARA tls{};
    tls.cbSize = sizeof tls;
    tls.dwAuthType = AUTHTYPE_SERVER;
    CERT_CHAIN_POLICY_PARA wanted{};
    wanted.cbSize = sizeof wanted;
    wanted.dwFlags = CERT_CHAIN_POLICY_IGNORE_ALL_REV_UNKNOWN_FLAGS;
    wanted.pvExtraPolicyPara = &tls;
    CERT_CHAIN_POLICY_STATUS status{};
    status.cbSize = sizeof status;
    // Windows's macro for this policy has an old-style cast.
    const auto policy = reinterpret_cast<LPCSTR>(std::uintptr_t{4});
    if (CertVerifyCertificateChainPolicy(policy, &chain, &wanted, &status) && status.dwError == 0) return;
    Say(Errc::CertificateUntrusted, "Windows does not accept it for TLS, error ");
    text_.AppendDecimal(status.dwError);
  }

  void CheckName(const TlsName& name, const CERT_CONTEXT* certificate) noexcept {
    TlsSubjectNames names(name);
    const CERT_INFO& info = *certificate->pCertInfo;
    const CERT_EXTENSION* const extension =
        CertFindExtension(szOID_SUBJECT_ALT_NAME2, info.cExtension, info.rgExtension);
    if (extension != nullptr) names.AddAll({extension->Value.pbData, extension->Value.cbData});
    if (names.Match()) return;
    fault_ = Errc::CertificateName;
    names.Describe(text_);
  }

  void CheckRejected(const SchannelContext& context, const CERT_CONTEXT* certificate) noexcept {
    if (context.Rejected() == nullptr || fault_ != Errc::None) return;
    const CERT_CONTEXT* one = nullptr;
    while ((one = CertEnumCertificatesInStore(context.Rejected(), one)) != nullptr) {
      if (one->cbCertEncoded != certificate->cbCertEncoded ||
          std::memcmp(one->pbCertEncoded, certificate->pbCertEncoded, one->cbCertEncoded) != 0)
        continue;
      Say(Errc::CertificateRejected, "it stands in CertificateRejectionFile");
    }
    const CRL_CONTEXT* list = nullptr;
    while ((list = CertEnumCRLsInStore(context.Rejected(), list)) != nullptr) {
      if (!CertCompareCertificateName(kEncoding, &list->pCrlInfo->Issuer, &certificate->pCertInfo->Issuer)) continue;
      for (DWORD i = 0; i < list->pCrlInfo->cCRLEntry; ++i)
        if (CertCompareIntegerBlob(&list->pCrlInfo->rgCRLEntry[i].SerialNumber, &certificate->pCertInfo->SerialNumber))
          Say(Errc::CertificateRejected, "CertificateRejectionFile says that it is revoked");
    }
  }

  void CheckPins(const SchannelContext& context, const CERT_CONTEXT* certificate) noexcept {
    unsigned char key[4096];
    DWORD size = sizeof key;
    if (!CryptEncodeObject(kEncoding, X509_PUBLIC_KEY_INFO, &certificate->pCertInfo->SubjectPublicKeyInfo, key,
                           &size) ||
        !context.Pins().Match({reinterpret_cast<const char*>(key), size}))
      Say(Errc::CertificateRejected, "its key is none of CertificatePins");
  }

  Errc Say(Errc fault, std::string_view text) noexcept {
    text_.Assign(text);
    return fault_ = fault;
  }

  void SayTime(const CERT_INFO& info) noexcept {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    const bool expired = CompareFileTime(&now, &info.NotAfter) > 0;
    Say(Errc::CertificateExpired, expired ? "it expired at " : "it becomes valid at ");
    SYSTEMTIME time{};
    FileTimeToSystemTime(expired ? &info.NotAfter : &info.NotBefore, &time);
    AppendUtcTime(text_, {time.wYear, time.wMonth, time.wDay, time.wHour, time.wMinute, time.wSecond});
  }

  Errc fault_ = Errc::None;
  FixedText<256> text_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_SCHANNEL)

#include <memory>

// ---- smtpoll/transport/detail/schannel_session.hpp ----
// One session of Schannel's, without a socket: what was received goes in, and what is to be sent and what was decrypted
// come out, of two buffers of its own. Invariant: the buffers are overwritten when the session ends.
#ifndef SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_SESSION_HPP
#define SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_SESSION_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class SchannelSession {
 public:
  SchannelSession() = default;
  SchannelSession(const SchannelSession&) = delete;
  SchannelSession& operator=(const SchannelSession&) = delete;
  ~SchannelSession() { End(); }

  /// False where there is no room.
  bool Begin(const TlsName& name) noexcept {
    if (in_ == nullptr) in_.reset(new (std::nothrow) char[kRoom]);
    if (out_ == nullptr) out_.reset(new (std::nothrow) char[kRoom]);
    if (in_ == nullptr || out_ == nullptr) return false;
    for (std::size_t i = 0; i <= name.View().size(); ++i) target_[i] = static_cast<wchar_t>(name.Text()[i]);
    // RFC 6066 3: an address is not said to the server.
    says_target_ = !name.IsAddress();
    starved_ = true;
    return true;
  }

  void End() noexcept {
    if (begun_) DeleteSecurityContext(&security_);
    if (in_ != nullptr) Wipe(in_.get(), kRoom);
    if (out_ != nullptr) Wipe(out_.get(), kRoom);
    in_.reset();
    out_.reset();
    received_ = extra_ = plain_size_ = out_begin_ = out_end_ = 0;
    begun_ = finished_ = starved_ = false;
  }

  // ---- What is received.

  /// Where bytes from the wire go to; Received says how many, 0 where the wire has none now.
  Span<char> Room() noexcept { return {in_.get() + received_, kRoom - received_}; }
  void Received(std::size_t size) noexcept {
    received_ += size;
    starved_ = size == 0;
  }
  /// The bytes that no step has used.
  std::string_view Unused() const noexcept { return {in_.get(), received_}; }
  /// What is unused is no whole message: only more bytes lead on.
  bool Starved() const noexcept { return starved_ || received_ == 0; }
  void Starve() noexcept { starved_ = true; }

  // ---- What is to be sent.

  Span<const char> Output() const noexcept { return {out_.get() + out_begin_, out_end_ - out_begin_}; }
  void Sent(std::size_t size) noexcept { out_begin_ += size; }
  void DropOutput() noexcept { out_begin_ = out_end_ = 0; }

  // ---- The handshake.

  /// The first hello was said.
  bool Begun() const noexcept { return begun_; }
  /// Schannel has all that it needs; what it says last may still have to go.
  bool Finished() const noexcept { return finished_; }

  /// One step, and what it wants to be sent. SEC_E_OK where there may be another one; SEC_E_INCOMPLETE_MESSAGE where a
  /// message of the server's is longer than all the room, SEC_E_BUFFER_TOO_SMALL where one of ours is.
  SECURITY_STATUS Negotiate(CredHandle* credentials) noexcept {
    SecBuffer in[2] = {{static_cast<unsigned long>(received_), SECBUFFER_TOKEN, in_.get()},
                       {0, SECBUFFER_EMPTY, nullptr}};
    SecBuffer out[2] = {{0, SECBUFFER_TOKEN, nullptr}, {0, SECBUFFER_ALERT, nullptr}};
    SecBufferDesc in_list{SECBUFFER_VERSION, 2, in}, out_list{SECBUFFER_VERSION, 2, out};
    DWORD attributes = 0;
    TimeStamp expiry;
    const SECURITY_STATUS status = InitializeSecurityContextW(
        credentials, begun_ ? &security_ : nullptr, says_target_ ? target_ : nullptr, kRequirements, 0, 0,
        begun_ ? &in_list : nullptr, 0, begun_ ? nullptr : &security_, &out_list, &attributes, &expiry);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return received_ == kRoom ? status : SEC_E_OK;
    }
    if (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED) begun_ = true;
    bool queued = true;
    for (const SecBuffer& one : out) {
      if (one.pvBuffer == nullptr) continue;
      if (one.BufferType == SECBUFFER_TOKEN)
        queued = queued && Queue(static_cast<const char*>(one.pvBuffer), one.cbBuffer);
      FreeContextBuffer(one.pvBuffer);
    }
    // The server wants a certificate, and there is none: the same again goes on without.
    if (status == SEC_I_INCOMPLETE_CREDENTIALS) return SEC_E_OK;
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) return status;
    if (!queued) return SEC_E_BUFFER_TOO_SMALL;
    Keep(in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0);
    finished_ = status == SEC_E_OK;
    return SEC_E_OK;
  }

  /// The server's certificate, with the others that it sent in its store; null where it showed none.
  CertificatePtr Certificate() noexcept {
    const CERT_CONTEXT* shown = nullptr;
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &shown) != SEC_E_OK) shown = nullptr;
    return CertificatePtr(shown);
  }

  /// What Encrypt has to know; false where Windows does not tell. The version then is one of SP_PROT_.
  bool Measure(DWORD& version) noexcept {
    SecPkgContext_ConnectionInfo connection{};
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_STREAM_SIZES, &sizes_) != SEC_E_OK ||
        QueryContextAttributesW(&security_, SECPKG_ATTR_CONNECTION_INFO, &connection) != SEC_E_OK)
      return false;
    if (sizes_.cbHeader + sizes_.cbMaximumMessage + sizes_.cbTrailer > kRoom)
      sizes_.cbMaximumMessage = static_cast<unsigned long>(kRoom - sizes_.cbHeader - sizes_.cbTrailer);
    version = connection.dwProtocol;
    return true;
  }

  bool IsResumed() noexcept {
    SecPkgContext_SessionInfo session{};
    return QueryContextAttributesW(&security_, SECPKG_ATTR_SESSION_INFO, &session) == SEC_E_OK &&
           (session.dwFlags & SSL_SESSION_RECONNECT) != 0;
  }

  /// Empty where Windows does not tell.
  FixedText<64> CipherName() noexcept {
    FixedText<64> name;
    SecPkgContext_CipherInfo cipher{};
    cipher.dwVersion = SECPKGCONTEXT_CIPHERINFO_V1;
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_CIPHER_INFO, &cipher) == SEC_E_OK) {
      for (const wchar_t* at = cipher.szCipherSuite; *at != 0 && *at < 128; ++at) {
        const char c = static_cast<char>(*at);
        name.Append({&c, 1});
      }
    }
    return name;
  }

  /// tls-server-end-point (RFC 5929 4), which Windows puts the type in front of; its size, 0 where there is none.
  std::size_t ServerEndPoint(Span<char> into) noexcept {
    constexpr std::string_view kPrefix = "tls-server-end-point:";
    SecPkgContext_Bindings told{};
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_ENDPOINT_BINDINGS, &told) != SEC_E_OK ||
        told.Bindings == nullptr)
      return 0;
    const std::string_view data(reinterpret_cast<const char*>(told.Bindings) + told.Bindings->dwApplicationDataOffset,
                                told.Bindings->cbApplicationDataLength);
    std::size_t size = 0;
    if (data.substr(0, kPrefix.size()) == kPrefix && data.size() - kPrefix.size() <= into.size()) {
      size = data.size() - kPrefix.size();
      std::memcpy(into.data(), data.data() + kPrefix.size(), size);
    }
    FreeContextBuffer(told.Bindings);
    return size;
  }

  // ---- The data.

  bool HasPlain() const noexcept { return plain_size_ != 0; }
  /// Decrypted bytes, as many as there are and fit; returns how many.
  std::size_t TakePlain(char* into, std::size_t room) noexcept {
    const std::size_t size = room < plain_size_ ? room : plain_size_;
    std::memcpy(into, plain_, size);
    plain_ += size;
    plain_size_ -= size;
    return size;
  }
  /// The data is gone: what stands behind it moves to the front. Before Room and before Decrypt.
  void CloseGap() noexcept {
    if (extra_ != 0) std::memmove(in_.get(), in_.get() + extra_, received_);
    extra_ = 0;
  }

  /// One record of what was received. SEC_E_OK where it may have brought data, or more bytes are needed;
  /// SEC_E_INCOMPLETE_MESSAGE where it is longer than all the room.
  SECURITY_STATUS Decrypt() noexcept {
    SecBuffer parts[4] = {{static_cast<unsigned long>(received_), SECBUFFER_DATA, in_.get()},
                          {0, SECBUFFER_EMPTY, nullptr},
                          {0, SECBUFFER_EMPTY, nullptr},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc list{SECBUFFER_VERSION, 4, parts};
    const SECURITY_STATUS status = DecryptMessage(&security_, &list, 0, nullptr);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return received_ == kRoom ? status : SEC_E_OK;
    }
    if (status != SEC_E_OK) return status;
    std::size_t extra = 0;
    for (const SecBuffer& part : parts) {
      if (part.BufferType == SECBUFFER_DATA) {
        plain_ = static_cast<const char*>(part.pvBuffer);
        plain_size_ = part.cbBuffer;
      } else if (part.BufferType == SECBUFFER_EXTRA) {
        extra = part.cbBuffer;
      }
    }
    // The data stands in front of the next record: that one is moved when the data is gone.
    extra_ = received_ - extra;
    received_ = extra;
    return SEC_E_OK;
  }

  /// Encrypts as many of the bytes as one record takes, once all output is sent; returns how many, 0 after an error.
  std::size_t Encrypt(const char* bytes, std::size_t size) noexcept {
    if (size > sizes_.cbMaximumMessage) size = sizes_.cbMaximumMessage;
    std::memcpy(out_.get() + sizes_.cbHeader, bytes, size);
    const auto length = static_cast<unsigned long>(size);
    char* const at = out_.get();
    SecBuffer parts[4] = {{sizes_.cbHeader, SECBUFFER_STREAM_HEADER, at},
                          {length, SECBUFFER_DATA, at + sizes_.cbHeader},
                          {sizes_.cbTrailer, SECBUFFER_STREAM_TRAILER, at + sizes_.cbHeader + size},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc list{SECBUFFER_VERSION, 4, parts};
    if (EncryptMessage(&security_, 0, &list, 0) != SEC_E_OK) return 0;
    out_begin_ = 0;
    out_end_ = std::size_t{parts[0].cbBuffer} + parts[1].cbBuffer + parts[2].cbBuffer;
    return size;
  }

  /// Puts close_notify to the output.
  void Shut(CredHandle* credentials) noexcept {
    DWORD word = SCHANNEL_SHUTDOWN;
    SecBuffer token{sizeof word, SECBUFFER_TOKEN, &word};
    SecBufferDesc list{SECBUFFER_VERSION, 1, &token};
    if (ApplyControlToken(&security_, &list) != SEC_E_OK) return;
    SecBuffer out{0, SECBUFFER_TOKEN, nullptr};
    SecBufferDesc out_list{SECBUFFER_VERSION, 1, &out};
    DWORD attributes = 0;
    TimeStamp expiry;
    InitializeSecurityContextW(credentials, &security_, nullptr, kRequirements, 0, 0, nullptr, 0, nullptr, &out_list,
                               &attributes, &expiry);
    if (out.pvBuffer == nullptr) return;
    Queue(static_cast<const char*>(out.pvBuffer), out.cbBuffer);
    FreeContextBuffer(out.pvBuffer);
  }

 private:
  static constexpr std::size_t kRoom = 40 * 1024;  // for two records of the largest size
  static constexpr DWORD kRequirements = ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY |
                                         ISC_REQ_EXTENDED_ERROR | ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM |
                                         ISC_REQ_MANUAL_CRED_VALIDATION | ISC_REQ_USE_SUPPLIED_CREDS;

  /// Of the received bytes the last `size` are left.
  void Keep(std::size_t size) noexcept {
    std::memmove(in_.get(), in_.get() + received_ - size, size);
    received_ = size;
  }

  bool Queue(const char* bytes, std::size_t size) noexcept {
    if (out_begin_ == out_end_) out_begin_ = out_end_ = 0;
    if (size > kRoom - out_end_) return false;
    std::memcpy(out_.get() + out_end_, bytes, size);
    out_end_ += size;
    return true;
  }

  CtxtHandle security_{};
  bool begun_ = false;  // security_ is one
  bool finished_ = false;
  bool says_target_ = false;
  wchar_t target_[256] = {};
  SecPkgContext_StreamSizes sizes_{};
  std::unique_ptr<char[]> in_, out_;  // kRoom each, while TLS is under way
  bool starved_ = false;
  const char* plain_ = nullptr;  // decrypted, in in_
  std::size_t plain_size_ = 0;
  std::size_t received_ = 0;   // bytes not decrypted, from in_ + extra_ on
  std::size_t extra_ = 0;      // where they begin
  std::size_t out_begin_ = 0;  // bytes that are to be sent
  std::size_t out_end_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_SCHANNEL)

// ---- smtpoll/transport/schannel.hpp ----
// TLS by Schannel, which every Windows has (8 and later): a transport policy that verifies the server's chain and name
// by default, with TLS 1.2. Opt-in: define SMTPOLL_SCHANNEL before smtpoll.hpp, or include this; link with -lsecur32
// -lcrypt32. Each call does one step over the socket policy and never blocks. CertificateFile is PKCS #12 here.
// Invariant: after a fatal error nothing is sent any more; no byte of the caller's goes before the certificate is
// judged.
#ifndef SMTPOLL_TRANSPORT_SCHANNEL_HPP
#define SMTPOLL_TRANSPORT_SCHANNEL_HPP

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What to do about an error of Schannel's during the handshake: its number, the one for it and the words.
struct SchannelAdvice {
  SECURITY_STATUS status;
  Errc code;
  const char* text;
  bool later = false;  // may also come when the handshake is done for the client
};

constexpr SchannelAdvice kSchannelAdvice[] = {
    {SEC_E_UNSUPPORTED_FUNCTION, Errc::TlsVersion, "the server and this client have no TLS version in common"},
    {SEC_E_ALGORITHM_MISMATCH, Errc::TlsHandshake,
     "no cipher in common, or the server wants to see a certificate (CertificateFile)"},
    {SEC_E_ILLEGAL_MESSAGE, Errc::TlsHandshake,
     "an alert or a message that is against TLS; the server may want to see a certificate (CertificateFile)"},
    {SEC_E_CERT_UNKNOWN, Errc::TlsHandshake, "the server does not take CertificateFile", true},
    {SEC_E_CERT_EXPIRED, Errc::TlsHandshake, "the server does not take CertificateFile: expired", true},
    {SEC_E_UNTRUSTED_ROOT, Errc::TlsHandshake, "the server does not take CertificateFile: unknown authority", true},
    {SEC_E_INVALID_TOKEN, Errc::TlsHandshake, "what came is no TLS"},
};

}  // namespace detail

/// TLS over `Socket`, a socket policy. After Configure the settings are loaded; a Handshake without it verifies by the
/// system's authorities. Windows resumes sessions with the same server name. The channel binding is
/// "tls-server-end-point" (RFC 5929 4), never "tls-exporter" (RFC 9266).
template <typename Socket>
class SchannelTransport : public detail::TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  SchannelTransport() = default;
  SchannelTransport(const SchannelTransport&) = delete;
  SchannelTransport& operator=(const SchannelTransport&) = delete;
  ~SchannelTransport() { EndTls(); }

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  /// Loads what `settings` name, unless it is loaded already and no file has changed. Errc::TlsSettings says what
  /// cannot be used; Handshake then fails too. Not while a handshake or a session is under way.
  Error Configure(const TlsSettings& settings) {
    if (active_) return Error(Errc::InvalidState, Phase::Tls, "a session is under way");
    configured_ = true;
    return context_.Configure(settings);
  }

  IoResult Handshake(std::string_view server_name) {
    if (failed_ != 0) return Fail(failed_, {});
    if (secured_) return IoResult::Ok();
    if (!active_)
      if (const Error error = Begin(server_name)) return Fail(error.ErrorNumber, error.text.View());
    const IoResult step = HandshakeSteps();
    handshake_wants_ = step.status == IoStatus::Again ? blocked_ : Readiness::None;
    return step;
  }

  IoResult Read(char* into, std::size_t room) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Read(into, room);
    if (room == 0 || !secured_) return IoResult::TryAgain();
    // Records without data are gone through, within limits.
    for (int i = 0; i < kRecordsAtOnce; ++i) {
      if (session_.HasPlain()) return IoResult::Ok(session_.TakePlain(into, room));
      session_.CloseGap();
      if (session_.Starved()) {
        const IoResult got = Receive();
        if (got.status == IoStatus::Closed)
          return Fail(Errc::ConnectionLost, "the wire was cut, TLS was not ended in order");
        if (got.status == IoStatus::Failed) return Fail(got.error, {});
        if (got.status != IoStatus::Done) return got;
      }
      switch (const SECURITY_STATUS status = session_.Decrypt()) {
        case SEC_E_OK: break;
        case SEC_E_INCOMPLETE_MESSAGE: return Fail(Errc::ConnectionLost, "a record of the server's is too long");
        case SEC_I_CONTEXT_EXPIRED: return IoResult::EndOfFile();
        case SEC_I_RENEGOTIATE: return Fail(Errc::ConnectionLost, "the server asked for a new negotiation");
        default: return Explain(status);
      }
    }
    return IoResult::TryAgain();
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    if (unfinished_ == 0) {
      unfinished_ = session_.Encrypt(bytes, size);
      if (unfinished_ == 0) return Fail(Errc::ConnectionLost, "Schannel does not encrypt");
    }
    // What is encrypted already is not encrypted again: it comes with the same bytes in front.
    const IoResult step = Flush();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    return step.status == IoStatus::Done ? IoResult::Ok(std::exchange(unfinished_, 0)) : step;
  }

  bool Pending() const noexcept { return Secured() && (session_.HasPlain() || !session_.Starved()); }

  /// "TLSv1.2"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? "TLSv1.2" : ""; }
  /// "unknown" where Windows does not tell.
  std::string_view CipherName() const noexcept { return secured_ ? cipher_.View() : std::string_view(); }
  bool SessionResumed() const noexcept { return secured_ && resumed_; }

  /// Says close_notify if that can go at once, and closes the socket.
  void Close() {
    EndTls();
    fault_text_.Clear();
    socket_.Close();
  }
  ///@}

 private:
  Error Begin(std::string_view server_name) {
    if (!configured_)
      if (const Error error = Configure(TlsSettings())) return error;
    if (!context_.IsLoaded() || (!context_.ResumesSessions() && !context_.RenewCredentials()))
      return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    if (!session_.Begin(name_)) return Error(Errc::OutOfMemory, Phase::Tls, "no room for TLS");
    active_ = true;
    return {};
  }

  IoResult HandshakeSteps() {
    for (;;) {
      const IoResult step = Flush();
      if (step.status == IoStatus::Again) {
        blocked_ = Readiness::Write;
        return step;
      }
      if (session_.Finished()) return Establish();
      if (session_.Begun() && session_.Starved()) {
        const IoResult got = Receive();
        if (got.status == IoStatus::Again) {
          blocked_ = Readiness::Read;
          return got;
        }
        if (got.status == IoStatus::Closed)
          return Fail(Errc::ConnectionLost, "the server closed the connection during the handshake");
        if (got.status != IoStatus::Done) return Fail(got.error, {});
      }
      // Schannel may wait for the rest of what is no record of TLS.
      const std::string_view heard = session_.Unused();
      if (session_.Begun() && (heard[0] < 20 || heard[0] > 23)) {
        if (heard.size() >= 3 || !detail::IsDigit(heard[0])) return Explain(SEC_E_INVALID_TOKEN);
        session_.Starve();
        continue;
      }
      switch (const SECURITY_STATUS status = session_.Negotiate(context_.Credentials())) {
        case SEC_E_OK: break;
        case SEC_E_INCOMPLETE_MESSAGE: return Fail(Errc::TlsHandshake, "a message of the server's is too long");
        case SEC_E_BUFFER_TOO_SMALL: return Fail(Errc::TlsHandshake, "a message of this client's is too long");
        default: Flush(); return Explain(status);  // there may be an alert
      }
    }
  }

  IoResult Establish() {
    const detail::CertificatePtr certificate = session_.Certificate();
    if (certificate == nullptr) return Fail(Errc::CertificateUntrusted, "the server has shown no certificate");
    const Errc fault = peer_.Check(context_, name_, certificate.get());
    if (fault != Errc::None) {
      Shut();
      return Fail(fault, peer_.Text());
    }
    DWORD version = 0;
    if (!session_.Measure(version)) return Fail(Errc::TlsHandshake, "Schannel does not say what it needs");
    if ((version & SP_PROT_TLS1_2_CLIENT) == 0) return Fail(Errc::TlsVersion, "the TLS version is another than 1.2");
    resumed_ = session_.IsResumed();
    cipher_ = session_.CipherName();
    if (cipher_.empty()) cipher_.Assign("unknown");
    const TlsChannelBinding kind = context_.ChannelBinding();
    if (kind == TlsChannelBinding::Automatic || kind == TlsChannelBinding::ServerEndPoint)
      Bind("tls-server-end-point", session_.ServerEndPoint(binding_));
    secured_ = true;
    return IoResult::Ok();
  }

  /// More bytes from the socket, behind those that are there.
  IoResult Receive() {
    const Span<char> room = session_.Room();
    const IoResult got = socket_.Read(room.data(), room.size());
    session_.Received(got.status == IoStatus::Done ? got.size : 0);
    return got.status == IoStatus::Again && unwritable_.status != IoStatus::Done ? unwritable_ : got;
  }

  /// Sends what Schannel wants to say; Again where that is not all. A server that has ended may have said why: what
  /// cannot be written is dropped, and all goes on until that is read.
  IoResult Flush() {
    while (!session_.Output().empty()) {
      if (unwritable_.status != IoStatus::Done) {
        session_.DropOutput();
        break;
      }
      const IoResult result = socket_.Write(session_.Output().data(), session_.Output().size());
      if (result.status == IoStatus::Again) return result;
      if (result.status == IoStatus::Done)
        session_.Sent(result.size);
      else
        unwritable_ = result;
    }
    return IoResult::Ok();
  }

  IoResult Explain(SECURITY_STATUS status) {
    if (!secured_ && LooksLikeReply(session_.Unused())) return FailOnPlainText();
    const int alert = secured_ ? 0 : AlertInTheOpen();
    for (const detail::TlsAlertAdvice& advice : detail::kTlsAlertAdvice)
      if (advice.alert == alert) return Fail(advice.code, advice.text);
    Errc code = secured_ ? Errc::ConnectionLost : Errc::TlsHandshake;
    fault_text_.Clear();
    for (const detail::SchannelAdvice& advice : detail::kSchannelAdvice) {
      if (advice.status != status || (secured_ && !advice.later)) continue;
      code = advice.code;
      fault_text_.Assign(advice.text);
      fault_text_.Append(", ");
    }
    constexpr char kDigits[] = "0123456789abcdef";
    fault_text_.Append("error of Schannel's 0x");
    for (int shift = 28; shift >= 0; shift -= 4)
      fault_text_.Append({&kDigits[(static_cast<unsigned long>(status) >> shift) & 15], 1});
    return Fail(code, {});
  }

  /// The alert that the server has sent unencrypted, where Schannel tells less: its number; that of protocol_version
  /// also where the server's hello is of an older TLS; 0 for anything else.
  int AlertInTheOpen() const noexcept {
    constexpr char kAlert = 21, kHandshake = 22, kServerHello = 2;
    const std::string_view heard = session_.Unused();
    if (heard.size() == 7 && heard[0] == kAlert) return static_cast<unsigned char>(heard[6]);
    return heard.size() > 10 && heard[0] == kHandshake && heard[5] == kServerHello && heard[9] == 3 && heard[10] < 3
               ? 70
               : 0;
  }

  /// Says close_notify, where that can go at once.
  void Shut() {
    if (Flush().status != IoStatus::Done) return;
    session_.Shut(context_.Credentials());
    Flush();
  }

  void EndTls() {
    if (secured_ && failed_ == 0) Shut();
    session_.End();
    EndState();
    active_ = resumed_ = false;
  }

  Socket socket_;
  detail::SchannelContext context_;
  detail::SchannelSession session_;
  detail::SchannelPeer peer_;
  detail::TlsName name_;
  bool configured_ = false;
  bool active_ = false;  // the wire is no more in plain text
  bool resumed_ = false;
  FixedText<64> cipher_;
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL) || defined(SMTPOLL_MBEDTLS)

// ---- smtpoll/message/dkim.hpp ----
// DKIM signatures (RFC 6376), relaxed/relaxed, with SHA-256 and RSA or Ed25519 (RFC 8463). This file knows no library:
// who holds the key derives from DkimSigner (dkim_openssl.hpp, dkim_mbedtls.hpp). Opt-in: smtpoll.hpp does not reach
// it. Invariant: the body is hashed as it streams by; no l= is ever written, so a signature covers the whole body.
#ifndef SMTPOLL_MESSAGE_DKIM_HPP
#define SMTPOLL_MESSAGE_DKIM_HPP

SMTPOLL_NAMESPACE_BEGIN

/// What a signature says beside its hashes.
struct DkimSettings {
  std::string Domain;    ///< d=, who signs: the domain of From, or one above it, for DMARC to be content.
  std::string Selector;  ///< s=, under which Selector._domainkey.Domain has the public key.
  /// Header fields that are signed where they are in the message, each as often as it is there.
  std::vector<std::string> SignedHeaders = {
      "Sender",     "MIME-Version", "Content-Type",     "Content-Transfer-Encoding", "In-Reply-To",
      "References", "List-Id",      "List-Unsubscribe", "List-Unsubscribe-Post",     "Auto-Submitted"};
  /// Fields that are signed once more than they are in the message, so that nobody adds one (RFC 6376 8.15). From is
  /// always among them. A Date or Message-ID that is missing is not named: the first server adds it, and may.
  std::vector<std::string> OversignedHeaders = {"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID"};
  bool Timestamp = true;           ///< t=, when it was signed.
  std::int64_t ExpireSeconds = 0;  ///< x=, for how long the signature is good; 0: no end is named.
};

namespace detail {

/// Hashes a body by the relaxed rules of RFC 6376 3.4.4: runs of white space are one space, none at a line's end, and
/// no empty lines at the body's. Line ends are CRLF.
class DkimBodyHash {
 public:
  void Update(std::string_view piece) noexcept {
    std::size_t at = 0;
    while (at < piece.size()) {
      const char c = piece[at];
      if (c == '\n') {
        spaces_ = false;
        ++line_ends_;
        ++at;
      } else if (c == '\r' || IsSpace(c)) {
        spaces_ = spaces_ || c != '\r';
        ++at;
      } else {
        std::size_t end = at + 1;
        while (end < piece.size() && !EndsWord(piece[end])) ++end;
        WriteWord(piece.substr(at, end - at));
        at = end;
      }
    }
  }
  /// Writes the 32 bytes of the hash.
  void Finish(char* into) noexcept {
    if (any_) hash_.Update("\r\n");
    hash_.Finish(into);
  }

 private:
  static constexpr bool EndsWord(char c) noexcept { return c == '\r' || c == '\n' || IsSpace(c); }

  void WriteWord(std::string_view word) noexcept {
    for (; line_ends_ != 0; --line_ends_) hash_.Update("\r\n");
    if (spaces_) hash_.Update(" ");
    spaces_ = false;
    any_ = true;
    hash_.Update(word);
  }

  Sha256 hash_;
  std::uint64_t line_ends_ = 0;  // that are hashed only where text follows
  bool spaces_ = false;
  bool any_ = false;
};

/// One header field, with its folds, without its last line end.
struct DkimField {
  std::string_view name;
  std::string_view value;
};

/// Appends a field by the relaxed rules of RFC 6376 3.4.2, without a line end.
inline void AppendRelaxed(const DkimField& field, std::string& to) {
  for (const char c : Trim(field.name)) to += ToLower(c);
  to += ':';
  bool spaces = false, any = false;
  for (const char c : field.value) {
    if (c == '\r' || c == '\n' || IsSpace(c)) {
      spaces = spaces || IsSpace(c);
      continue;
    }
    if (spaces && any) to += ' ';
    spaces = false;
    any = true;
    to += c;
  }
}

/// The fields of a header whose lines end with CRLF.
inline std::vector<DkimField> ParseFields(std::string_view header) {
  std::vector<DkimField> fields;
  while (!header.empty()) {
    std::size_t end = 0;
    do {
      end = header.find("\r\n", end);
      end = end == std::string_view::npos ? header.size() : end + 2;
    } while (end < header.size() && IsSpace(header[end]));
    const std::string_view field = header.substr(0, end);
    if (const std::size_t colon = field.find(':'); colon != std::string_view::npos)
      fields.push_back({field.substr(0, colon), field.substr(colon + 1)});
    header.remove_prefix(end);
  }
  return fields;
}

/// Words of letters, digits, - and _ with dots between them: a selector, or a domain in ASCII.
inline bool IsDkimName(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 255 && IsAllAscii(name) && IsDotAtom(name) && DomainFault(name) == nullptr;
}

}  // namespace detail

/// Signs with a key that a derived class holds. One signer serves any number of messages and sockets.
class DkimSigner : public MessageSigner {
 public:
  const char* Fault() const noexcept final {
    if (settings_fault_ != nullptr) return settings_fault_;
    return KeyFault();
  }
  Owned<MessageSigning> Begin(std::string_view header) const final;

  /// What it was made with.
  const DkimSettings& Settings() const noexcept { return settings_; }

 protected:
  /// How it signs (RFC 6376 3.3, RFC 8463).
  enum class Algorithm : std::uint8_t { RsaSha256, Ed25519Sha256 };

  /// For those who know a key; see OpenSSLDkimSigner.
  explicit DkimSigner(DkimSettings settings) : settings_(std::move(settings)) {
    if (settings_.Domain.size() <= 255 && detail::FindInvalidUtf8(settings_.Domain) == std::string::npos)
      detail::AppendAsciiDomain(settings_.Domain, domain_);
    settings_fault_ = SettingsFault();
  }

  /// Why there is no key that can be used; nullptr where there is.
  virtual const char* KeyFault() const noexcept = 0;
  /// The algorithm that the key is for.
  virtual Algorithm KeyAlgorithm() const noexcept = 0;
  /// Bytes of a signature by this key, at most kLongestSignature.
  virtual std::size_t SignatureSize() const noexcept = 0;
  /// Writes the signature of a SHA-256 hash, SignatureSize() bytes: PKCS #1 v1.5 of the digest, or Ed25519 of its 32
  /// bytes (RFC 8463 3).
  virtual bool SignHash(const unsigned char* hash, unsigned char* into) const = 0;

  /// Shorter RSA keys are for nobody to trust (RFC 8301 3.2), longer ones not for everybody to check.
  static constexpr int kShortestRsaKey = 1024;
  /// Bits of the longest RSA key.
  static constexpr int kLongestRsaKey = 4096;
  /// Bytes of the longest signature.
  static constexpr std::size_t kLongestSignature = kLongestRsaKey / 8;

  /// What an RSA key of `bits` has against it; nullptr where nothing.
  static const char* RsaFault(std::size_t bits) noexcept {
    if (bits < kShortestRsaKey) return "an RSA key below 1024 bits is not trusted (RFC 8301)";
    return bits > kLongestRsaKey ? "an RSA key above 4096 bits is not read by all" : nullptr;
  }

 private:
  class Signing;

  const char* SettingsFault() const noexcept {
    if (!detail::IsDkimName(domain_)) return "Domain is no domain";
    if (!detail::IsDkimName(settings_.Selector)) return "Selector is no name under a domain";
    if (settings_.ExpireSeconds < 0) return "ExpireSeconds is negative";
    for (const std::vector<std::string>* names : {&settings_.SignedHeaders, &settings_.OversignedHeaders})
      for (const std::string& name : *names) {
        if (name.empty() || name.size() > 76) return "the name of a signed header is empty or too long";
        for (const char c : name)
          if (!detail::IsPrint(c) || c == ' ' || c == ':' || c == ';') return "a signed header has a bad name";
      }
    return nullptr;
  }

  DkimSettings settings_;
  std::string domain_;
  const char* settings_fault_ = nullptr;
};

/// The signing of one message.
class DkimSigner::Signing final : public MessageSigning {
 public:
  /// Signs a message with this header for `signer`.
  Signing(const DkimSigner& signer, std::string_view header) : signer_(signer) {
    const bool rsa = signer.KeyAlgorithm() == Algorithm::RsaSha256;
    Line(rsa ? "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;"
             : "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;");
    Line(" d=" + signer.domain_ + ";");
    Line(" s=" + signer.settings_.Selector + ";");
    WriteTimes();
    SignFields(detail::ParseFields(header));
    text_ += " bh=";
  }

  void Update(std::string_view piece) override { body_.Update(piece); }

  bool Finish(std::string& to) override {
    char hash[detail::Sha256::kSize];
    body_.Finish(hash);
    AppendBase64(hash, sizeof hash, text_);
    text_ += ";\r\n b=";
    std::string canonical;
    const std::size_t colon = text_.find(':');
    const std::string_view text = text_;
    detail::AppendRelaxed({text.substr(0, colon), text.substr(colon + 1)}, canonical);
    fields_.Update(canonical);
    unsigned char digest[detail::Sha256::kSize], signature[kLongestSignature];
    fields_.Finish(reinterpret_cast<char*>(digest));
    if (!signer_.SignHash(digest, signature)) return false;
    std::string value;
    AppendBase64(reinterpret_cast<const char*>(signature), signer_.SignatureSize(), value);
    for (std::size_t at = 0; at < value.size(); at += kFold) {
      if (at != 0) text_ += "\r\n ";
      text_.append(value, at, kFold);
    }
    to.append(text_).append("\r\n");
    return true;
  }

  std::size_t Size() const noexcept override {
    const std::size_t value = detail::Base64Size(signer_.SignatureSize());
    return text_.size() + detail::Base64Size(detail::Sha256::kSize) + 6 + value + (value - 1) / kFold * 3 + 2;
  }

 private:
  static constexpr std::size_t kFold = 72;

  static void AppendBase64(const char* bytes, std::size_t size, std::string& to) {
    const std::size_t at = to.size();
    to.resize(at + detail::Base64Size(size));
    detail::Base64Encode(bytes, size, &to[at]);
  }
  void Line(const std::string& text) { text_.append(text).append("\r\n"); }

  void WriteTimes() {
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    if (signer_.settings_.Timestamp) Line(" t=" + std::to_string(now) + ";");
    if (signer_.settings_.ExpireSeconds != 0) Line(" x=" + std::to_string(now + signer_.settings_.ExpireSeconds) + ";");
  }

  /// Writes h= and hashes the fields that it names. Of several fields of a name the last is signed first (RFC 6376
  /// 5.4.2).
  void SignFields(const std::vector<detail::DkimField>& fields) {
    text_ += " h=";
    line_ = text_.size() - 3;
    std::vector<std::string_view> done;
    const auto sign = [&](std::string_view name, bool once_more) {
      for (const std::string_view one : done)
        if (detail::EqualIgnoringCase(one, name)) return;
      done.push_back(name);
      bool found = false;
      for (std::size_t i = fields.size(); i-- > 0;) {
        if (!detail::EqualIgnoringCase(detail::Trim(fields[i].name), name)) continue;
        found = true;
        WriteName(name);
        std::string canonical;
        detail::AppendRelaxed(fields[i], canonical);
        fields_.Update(canonical);
        fields_.Update("\r\n");
      }
      const bool is_added = detail::EqualIgnoringCase(name, "Date") || detail::EqualIgnoringCase(name, "Message-ID");
      if (once_more && (found || !is_added)) WriteName(name);
    };
    sign("From", true);
    for (const std::string& name : signer_.settings_.OversignedHeaders) sign(name, true);
    for (const std::string& name : signer_.settings_.SignedHeaders) sign(name, false);
    text_ += ";\r\n";
  }
  void WriteName(std::string_view name) {
    if (text_.back() != '=') text_ += ':';
    if (text_.size() - line_ + name.size() > kFold) {
      text_ += "\r\n  ";
      line_ = text_.size() - 2;
    }
    text_ += name;
  }

  const DkimSigner& signer_;
  std::string text_;  // the signature's field, as far as it is known
  std::size_t line_ = 0;
  detail::DkimBodyHash body_;
  detail::Sha256 fields_;
};

inline Owned<MessageSigning> DkimSigner::Begin(std::string_view header) const {
  return Owned<MessageSigning>(new Signing(*this, header));
}

namespace detail {

/// Reads a file with a key, whole; empty where it cannot be read or is no key's size. Whoever gets it wipes it.
inline std::string ReadKeyFile(const std::string& path) {
  std::string text;
  std::FILE* const file = OpenFile(path.c_str());
  if (file == nullptr) return text;
  text.resize(65536);
  static_cast<void>(std::setvbuf(file, nullptr, _IONBF, 0));  // no copy of the key stays in a buffer
  const std::size_t size = std::fread(&text[0], 1, text.size(), file);
  static_cast<void>(std::fclose(file));
  text.resize(size < 65536 ? size : 0);
  return text;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_OPENSSL)

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

// ---- smtpoll/message/dkim_openssl.hpp ----
// DKIM keys by OpenSSL 3: RSA and Ed25519 (RFC 6376, RFC 8463). Opt-in: include it by name and link crypto.
//   auto signer = std::make_shared<smtpoll::OpenSSLDkimSigner>(settings);
//   signer->UseKeyFile("dkim.pem");
//   mail.Signer = signer;
// Invariant: no key is ever asked for on a terminal, and no text of one is kept.
#ifndef SMTPOLL_MESSAGE_DKIM_OPENSSL_HPP
#define SMTPOLL_MESSAGE_DKIM_OPENSSL_HPP

SMTPOLL_NAMESPACE_BEGIN

/// A signer that may be used from several threads at once, once it has its key.
class OpenSSLDkimSigner final : public DkimSigner {
 public:
  /// A signer without a key yet.
  explicit OpenSSLDkimSigner(DkimSettings settings) : DkimSigner(std::move(settings)) {}
  ~OpenSSLDkimSigner() override { EVP_PKEY_free(key_); }

  /// Takes a private key in PEM, from memory or from a file. False where it cannot be used; Fault then says why, and
  /// the key before it is gone.
  bool UseKey(std::string_view pem, std::string_view passphrase = {}) {
    EVP_PKEY_free(std::exchange(key_, nullptr));
    fault_ = "the key is no private key in PEM, or its passphrase is wrong";
    if (BIO* const bio = pem.size() < 65536 ? BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())) : nullptr) {
      key_ = PEM_read_bio_PrivateKey(bio, nullptr, &GivePassphrase, &passphrase);
      BIO_free(bio);
    }
    ERR_clear_error();
    if (key_ == nullptr) return false;
    fault_ = nullptr;
    const bool rsa = EVP_PKEY_is_a(key_, "RSA") == 1;
    if (!rsa && EVP_PKEY_is_a(key_, "ED25519") != 1) fault_ = "the key is neither RSA nor Ed25519";
    if (rsa) fault_ = RsaFault(static_cast<std::size_t>(EVP_PKEY_get_bits(key_)));
    return fault_ == nullptr;
  }
  /// As UseKey, from a PEM file.
  bool UseKeyFile(const std::string& path, std::string_view passphrase = {}) {
    std::string pem = detail::ReadKeyFile(path);
    const bool used = UseKey(pem, passphrase);
    if (pem.empty()) fault_ = "the file of the key cannot be read";
    detail::Wipe(pem.data(), pem.size());
    return used;
  }

 private:
  static int GivePassphrase(char* into, int room, int, void* passphrase) {
    const std::string_view text = *static_cast<const std::string_view*>(passphrase);
    if (text.empty() || room < 0 || text.size() > static_cast<std::size_t>(room)) return -1;
    std::memcpy(into, text.data(), text.size());
    return static_cast<int>(text.size());
  }

  const char* KeyFault() const noexcept override { return fault_; }
  Algorithm KeyAlgorithm() const noexcept override {
    return EVP_PKEY_is_a(key_, "RSA") == 1 ? Algorithm::RsaSha256 : Algorithm::Ed25519Sha256;
  }
  std::size_t SignatureSize() const noexcept override { return static_cast<std::size_t>(EVP_PKEY_get_size(key_)); }

  bool SignHash(const unsigned char* hash, unsigned char* into) const override {
    std::size_t size = SignatureSize();
    const bool done =
        KeyAlgorithm() == Algorithm::RsaSha256 ? SignByRsa(hash, into, size) : SignByEd25519(hash, into, size);
    ERR_clear_error();
    return done && size == SignatureSize();
  }
  bool SignByRsa(const unsigned char* hash, unsigned char* into, std::size_t& size) const {
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key_, nullptr);
    const bool done = context != nullptr && EVP_PKEY_sign_init(context) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_sign(context, into, &size, hash, detail::Sha256::kSize) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
  }
  bool SignByEd25519(const unsigned char* hash, unsigned char* into, std::size_t& size) const {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const bool done = context != nullptr && EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_) == 1 &&
                      EVP_DigestSign(context, into, &size, hash, detail::Sha256::kSize) == 1;
    EVP_MD_CTX_free(context);
    return done;
  }

  EVP_PKEY* key_ = nullptr;
  const char* fault_ = "there is no key: use UseKey or UseKeyFile";
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#if defined(SMTPOLL_MBEDTLS)

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

// ---- smtpoll/message/dkim_mbedtls.hpp ----
// DKIM keys by mbedTLS 2.28 and 3: RSA (RFC 6376); this library has no Ed25519. Opt-in: include it by name and link
// mbedcrypto.
//   auto signer = std::make_shared<smtpoll::MbedTLSDkimSigner>(settings);
//   signer->UseKeyFile("dkim.pem");
//   mail.Signer = signer;
// Invariant: no text of a key is kept.
#ifndef SMTPOLL_MESSAGE_DKIM_MBEDTLS_HPP
#define SMTPOLL_MESSAGE_DKIM_MBEDTLS_HPP

SMTPOLL_NAMESPACE_BEGIN

/// A signer for one thread at a time: the library keeps its blinding values in the key.
class MbedTLSDkimSigner final : public DkimSigner {
 public:
  /// A signer without a key yet.
  explicit MbedTLSDkimSigner(DkimSettings settings) : DkimSigner(std::move(settings)) { mbedtls_pk_init(&key_); }
  ~MbedTLSDkimSigner() override { mbedtls_pk_free(&key_); }

  /// Takes a private RSA key in PEM, from memory or from a file. False where it cannot be used; Fault then says why,
  /// and the key before it is gone.
  bool UseKey(std::string_view pem, std::string_view passphrase = {}) {
    mbedtls_pk_free(&key_);
    mbedtls_pk_init(&key_);
    std::string text(pem);  // the library wants a NUL behind it, and counts it
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.c_str());
    const auto* const secret = passphrase.empty() ? nullptr : reinterpret_cast<const unsigned char*>(passphrase.data());
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    const int result =
        mbedtls_pk_parse_key(&key_, bytes, text.size() + 1, secret, passphrase.size(), &FillRandom, nullptr);
#else
    const int result = mbedtls_pk_parse_key(&key_, bytes, text.size() + 1, secret, passphrase.size());
#endif
    detail::Wipe(&text[0], text.size());
    fault_ = "the key is no private key in PEM, or its passphrase is wrong";
    if (result != 0) return false;
    fault_ = mbedtls_pk_get_type(&key_) != MBEDTLS_PK_RSA ? "mbedTLS signs by RSA only"
                                                          : RsaFault(mbedtls_pk_get_bitlen(&key_));
    return fault_ == nullptr;
  }
  /// As UseKey, from a PEM file.
  bool UseKeyFile(const std::string& path, std::string_view passphrase = {}) {
    std::string pem = detail::ReadKeyFile(path);
    const bool used = UseKey(pem, passphrase);
    if (pem.empty()) fault_ = "the file of the key cannot be read";
    detail::Wipe(pem.data(), pem.size());
    return used;
  }

 private:
  static int FillRandom(void*, unsigned char* into, std::size_t size) {
    for (std::size_t at = 0; at < size; at += 256)
      if (!detail::FillWithEntropy(reinterpret_cast<char*>(into) + at, size - at < 256 ? size - at : 256)) return -1;
    return 0;
  }

  const char* KeyFault() const noexcept override { return fault_; }
  Algorithm KeyAlgorithm() const noexcept override { return Algorithm::RsaSha256; }
  std::size_t SignatureSize() const noexcept override { return (mbedtls_pk_get_bitlen(&key_) + 7) / 8; }

  bool SignHash(const unsigned char* hash, unsigned char* into) const override {
    std::size_t size = 0;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    const int result = mbedtls_pk_sign(&key_, MBEDTLS_MD_SHA256, hash, detail::Sha256::kSize, into, kLongestSignature,
                                       &size, &FillRandom, nullptr);
#else
    const int result =
        mbedtls_pk_sign(&key_, MBEDTLS_MD_SHA256, hash, detail::Sha256::kSize, into, &size, &FillRandom, nullptr);
#endif
    return result == 0 && size == SignatureSize();
  }

  mutable mbedtls_pk_context key_;
  const char* fault_ = "there is no key: use UseKey or UseKeyFile";
};

SMTPOLL_NAMESPACE_END

#endif

#endif

#endif
