// What an outstanding reply answers: the state of a session is the sequence of these. One table says which phase each
// belongs to and how long it may take (RFC 5321 4.5.3.2).
#ifndef SMTPOLL_PROTOCOL_AWAITED_REPLY_HPP
#define SMTPOLL_PROTOCOL_AWAITED_REPLY_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/error.hpp"
#include "smtpoll/protocol/timeouts.hpp"

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
