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
