// What the engine tells its driver, one event at a time, and what the driver may tell the engine before a session.
// Views in an event are valid until the engine is called again.
#ifndef SMTPOLL_PROTOCOL_EVENT_HPP
#define SMTPOLL_PROTOCOL_EVENT_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/error.hpp"
#include "smtpoll/protocol/reply.hpp"
#include "smtpoll/protocol/sasl.hpp"
#include "smtpoll/protocol/timeouts.hpp"

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
