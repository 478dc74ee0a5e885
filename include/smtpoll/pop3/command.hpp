// The commands of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034): what each is called, which phase it belongs to, how
// long its response may take and what shape that has.
#ifndef SMTPOLL_POP3_COMMAND_HPP
#define SMTPOLL_POP3_COMMAND_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/error.hpp"
#include "smtpoll/protocol/timeouts.hpp"

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
  Phase phase;
  Millis Timeouts::*timeout;
  Pop3Shape shape;
};

/// In the order of Pop3Command.
inline constexpr Pop3Rule kPop3Rules[] = {
    {"", Phase::Idle, &Timeouts::command, Pop3Shape::Line},
    {"", Phase::Greeting, &Timeouts::greeting, Pop3Shape::Line},
    {"STLS", Phase::Tls, &Timeouts::hello, Pop3Shape::Line},
    {"USER", Phase::Authentication, &Timeouts::authentication, Pop3Shape::Line},
    {"PASS", Phase::Authentication, &Timeouts::authentication, Pop3Shape::Line},
    {"APOP", Phase::Authentication, &Timeouts::authentication, Pop3Shape::Line},
    {"AUTH", Phase::Authentication, &Timeouts::authentication, Pop3Shape::Line},
    {"*", Phase::Authentication, &Timeouts::authentication, Pop3Shape::Line},
    {"CAPA", Phase::Command, &Timeouts::hello, Pop3Shape::Lines},
    {"STAT", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"LIST", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"LIST", Phase::Command, &Timeouts::command, Pop3Shape::Lines},
    {"UIDL", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"UIDL", Phase::Command, &Timeouts::command, Pop3Shape::Lines},
    {"RETR", Phase::Content, &Timeouts::command, Pop3Shape::Content},
    {"TOP", Phase::Content, &Timeouts::command, Pop3Shape::Content},
    {"DELE", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"RSET", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"NOOP", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"", Phase::Command, &Timeouts::command, Pop3Shape::Line},
    {"QUIT", Phase::Quit, &Timeouts::quit, Pop3Shape::Line},
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
