// What the POP3 engine tells its driver, one event at a time, and what it is told before a session. Views in an event
// are valid until the engine is called again.
#ifndef SMTPOLL_POP3_EVENT_HPP
#define SMTPOLL_POP3_EVENT_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/pop3/command.hpp"
#include "smtpoll/protocol/event.hpp"

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
