// Commands in a group (RFC 2449 6.6), by the engine alone: what may go, what answers what, and when it is too late.
#include "smtpoll/pop3/engine.hpp"

#include <doctest/doctest.h>

#include <string>

#include "smtpoll/base/error_category.hpp"

namespace {

using smtpoll::Errc;
using smtpoll::Phase;
using smtpoll::Pop3Engine;
using Command = smtpoll::Pop3Command;
using Kind = smtpoll::Pop3EventKind;

/// An engine whose mailbox is open, and a wire of which the test says how much has gone.
struct Bench {
  explicit Bench(const std::string& capabilities = "PIPELINING\r\n", bool pipelining = true) {
    smtpoll::Pop3Options options;
    options.pipelining = pipelining;
    options.start_tls = smtpoll::StartTls::Never;
    engine.Start(options, 0);
    Hear("+OK hi\r\n");
    CHECK(engine.Next(0).kind == Kind::Greeting);
    CHECK(Sent() == "CAPA\r\n");
    Hear("+OK\r\n" + capabilities + ".\r\n");
    CHECK(engine.Next(0).kind == Kind::None);
    CHECK(engine.Idle());
  }
  bool Begin(Command command, std::uint32_t message = 0, std::uint32_t lines = 0) {
    const smtpoll::Error error = engine.Begin({command, message, lines, {}}, now);
    CHECK((!error || error.Code() == Errc::InvalidState));
    return !error;
  }
  /// The next bytes of the output, which have gone then.
  std::string Sent(std::size_t size = SIZE_MAX) {
    const smtpoll::Span<const char> output = engine.Output();
    const std::string bytes(output.data(), size < output.size() ? size : output.size());
    engine.Sent(bytes.size(), now);
    return bytes;
  }
  void Hear(const std::string& bytes) {
    const std::size_t size = bytes.copy(engine.Input().data(), engine.Input().size());
    REQUIRE(size == bytes.size());
    engine.Received(size);
  }
  /// What the engine tells until it has nothing more to tell.
  std::string Told() {
    std::string told;
    for (;;) {
      const smtpoll::Pop3Event event = engine.Next(now);
      switch (event.kind) {
        case Kind::None: return told;
        case Kind::Entry: told += "entry " + std::to_string(event.message) + "; "; break;
        case Kind::Content: told += "content " + std::to_string(event.message) + "; "; break;
        case Kind::Done: told += "done " + std::to_string(event.message) + "; "; break;
        case Kind::Refused:
        case Kind::Failed: told += ToString(*event.error) + "; "; break;
        default: told += "?; "; break;
      }
    }
  }

  char in[512], out[2048];
  Pop3Engine engine{in, out};
  smtpoll::Millis now = 0;
};

}  // namespace

TEST_CASE("RFC 2449 6.6: commands go in a group, and each response answers the oldest") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{SIZE_MAX}}) {
    Bench bench;
    CHECK(bench.Begin(Command::ListOne, 1));
    CHECK(bench.Begin(Command::Retrieve, 2));
    CHECK(bench.Begin(Command::Top, 3, 4));
    CHECK(bench.Begin(Command::Delete, 5));
    CHECK(bench.Begin(Command::Uids));
    CHECK(bench.Begin(Command::Stat));
    CHECK(!bench.engine.Idle());
    CHECK(bench.Sent() == "LIST 1\r\nRETR 2\r\nTOP 3 4\r\nDELE 5\r\nUIDL\r\nSTAT\r\n");
    std::string all = "+OK 1 10\r\n+OK\r\nx\r\n.\r\n-ERR no\r\n-ERR locked\r\n+OK\r\n7 u\r\n.\r\n+OK 9 90\r\n";
    std::string told;
    for (; !all.empty(); all.erase(0, piece)) {
      bench.Hear(all.substr(0, piece));
      told += bench.Told();
      if (piece == SIZE_MAX) break;
    }
    for (std::size_t at = 0; (at = told.find("content 2; content 2; ")) != std::string::npos;) told.erase(at, 11);
    CHECK(told ==
          "entry 1; done 1; content 2; done 2; content: the server refused the command [TOP 3 4]: no; command: the "
          "server refused the command [DELE 5]: locked; entry 7; done 1; done 9; ");
    CHECK(bench.engine.Idle());
    CHECK(bench.engine.Marked() == 0);
  }
}

TEST_CASE("RFC 2449 6.6: one command at a time where the server does not offer it, or where it is not wanted") {
  for (const bool wanted : {false, true}) {
    Bench bench(wanted ? "UIDL\r\n" : "PIPELINING\r\n", wanted);
    CHECK(bench.Begin(Command::Delete, 1));
    CHECK(!bench.engine.CanBegin(Command::Delete));
    CHECK(!bench.Begin(Command::Delete, 2));
    CHECK(bench.Sent() == "DELE 1\r\n");
  }
}

TEST_CASE("What is not known to have one line of response goes alone, and so does QUIT") {
  Bench bench;
  CHECK(bench.Begin(Command::Noop));
  CHECK(!bench.engine.CanBegin(Command::Other));
  CHECK(!bench.engine.CanBegin(Command::Capabilities));
  bench.engine.Quit(0);
  CHECK(bench.Sent() == "NOOP\r\n");
  bench.Hear("+OK\r\n");
  CHECK(bench.Told() == "done 0; ");
  CHECK(!bench.engine.Begin({Command::Other, 0, 0, "XTND X"}, 0));
  CHECK(!bench.engine.CanBegin(Command::Noop));
}

TEST_CASE("A group has at most sixteen commands, and there is room again as they are answered") {
  Bench bench;
  for (std::uint32_t round = 0; round < 3; ++round) {
    std::uint32_t begun = 0;
    while (bench.Begin(Command::Delete, begun + 1)) ++begun;
    CHECK(begun == (round == 0 ? 16 : 5));
    bench.Sent();
    bench.Hear("+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
    CHECK(!bench.Told().empty());
  }
  CHECK(bench.engine.Marked() == 15);
}

TEST_CASE("What has not been said as a whole is not answered, whoever says so") {
  Bench bench;
  CHECK(bench.Begin(Command::Delete, 1));
  CHECK(bench.Begin(Command::Delete, 2));
  CHECK(bench.Sent(15) == "DELE 1\r\nDELE 2\r");
  bench.Hear("+OK\r\n+OK\r\n");
  CHECK(bench.Told() ==
        "done 1; command: the server's reply fits no command: it is broken, or somebody in between speaks [DELE 2]; ");
  CHECK(bench.engine.IsOver());
  CHECK(bench.engine.Output().empty());
}

TEST_CASE("A refusal of what has not been said as a whole is none, and no farewell") {
  Bench bench;
  CHECK(bench.Begin(Command::Delete, 1));
  CHECK(bench.Sent(4) == "DELE");
  bench.Hear("-ERR no\r\n");
  CHECK(bench.Told() ==
        "command: the server's reply fits no command: it is broken, or somebody in between speaks [DELE 1]: no; ");
  Bench idle;
  idle.Hear("-ERR idle for too long\r\n");
  CHECK(idle.Told() == "idle: the connection was lost: idle for too long; ");
}

TEST_CASE("RFC 1939 5: LIST and UIDL of one message are answered about that one, or not at all") {
  for (const Command command : {Command::ListOne, Command::UidOne}) {
    const bool lists = command == Command::ListOne;
    for (const char* text : {"", " x 10", " 8 10", " 7", " 7 ", " 4294967303 10", lists ? " 7 x" : " 0 x",
                             lists ? " 7 18446744073709551616" : "  7 x"}) {
      CAPTURE(text);
      Bench bench;
      CHECK(bench.Begin(command, 7));
      bench.Sent();
      bench.Hear("+OK" + std::string(text) + "\r\n");
      CHECK(bench.Told().find("the server sent what is no reply") != std::string::npos);
      CHECK(bench.engine.IsOver());
    }
    Bench bench;
    CHECK(bench.Begin(command, 7));
    bench.Sent();
    bench.Hear("+OK 7  10 more\r\n");
    CHECK(bench.Told() == "entry 7; done 1; ");
  }
}

TEST_CASE("RFC 1939 3: a line of a listing that begins with a dot has one dot less; RFC 2449 5: CAPA may be refused") {
  Bench bench;
  CHECK(bench.Begin(Command::Uids));
  bench.Sent();
  bench.Hear("+OK\r\n..1 u\r\n");
  CHECK(bench.Told().find("[UIDL]: .1 u; ") != std::string::npos);
  Bench capable;
  CHECK(capable.Begin(Command::Capabilities));
  capable.Sent();
  capable.Hear("+OK\r\n..\r\n.UIDL\r\n.\r\n");
  smtpoll::Pop3Event event = capable.engine.Next(0);
  CHECK(event.kind == Kind::Entry);
  CHECK(event.text == ".");
  event = capable.engine.Next(0);
  CHECK(event.kind == Kind::Entry);
  CHECK(event.text == "UIDL");
  CHECK(capable.Told() == "done 2; ");
  CHECK(capable.engine.ServerCapabilities().Has(smtpoll::Pop3Extension::Uidl));
  CHECK(capable.Begin(Command::Capabilities));
  capable.Sent();
  capable.Hear("-ERR not now\r\n");
  CHECK(capable.Told() == "command: the server refused the command [CAPA]: not now; ");
  CHECK(capable.engine.Idle());
  CHECK(capable.engine.ServerCapabilities().Has(smtpoll::Pop3Extension::Uidl));
}

TEST_CASE("Pop3Engine: nothing but the handshake goes on after STLS, and a wire that is lost in it is told as TLS's") {
  Bench bench;
  smtpoll::Pop3Options options;
  options.start_tls = smtpoll::StartTls::Required;
  bench.engine.Start(options, 0);
  bench.Hear("+OK hi\r\n");
  CHECK(bench.engine.Next(0).kind == Kind::Greeting);
  CHECK(bench.Sent() == "CAPA\r\n");
  bench.Hear("+OK\r\nSTLS\r\n.\r\n");
  CHECK(bench.Told() == "");
  CHECK(bench.Sent() == "STLS\r\n");
  bench.Hear("+OK\r\n");
  CHECK(bench.engine.Next(0).kind == Kind::NeedTls);
  bench.now = smtpoll::kNever - 1;
  CHECK(bench.Told() == "");
  CHECK(bench.Sent() == "");
  bench.engine.Closed(smtpoll::Error(Errc::ConnectionLost, Phase::None));
  CHECK(bench.Told() == "TLS: the connection was lost; ");
}

TEST_CASE("Pop3Engine: a greeting that never comes, a time-out that no clock reaches, a QUIT whose wire has words") {
  for (const bool secured : {false, true}) {
    Bench bench;
    smtpoll::Pop3Options options;
    options.secured = secured;
    bench.engine.Start(options, 0);
    bench.now = options.timeouts.greeting;
    const std::string advice = ": where the port speaks TLS first, as 995 does, set POP3ConnectionType to SSLTLS";
    CHECK(bench.Told() == "greeting: timed out" + (secured ? "" : advice) + "; ");
    options.timeouts.greeting = smtpoll::kNever;
    bench.engine.Start(options, bench.now);
    CHECK(bench.engine.NextDeadline() == smtpoll::kNever);
    bench.now = smtpoll::kNever - 1;
    CHECK(bench.Told() == "");
  }
  for (const char* words : {"", "the peer's record is broken"}) {
    Bench bench;
    CHECK(bench.Begin(Command::Delete, 1));
    bench.Sent();
    bench.Hear("+OK\r\n");
    CHECK(bench.Told() == "done 1; ");
    bench.engine.Quit(0);
    CHECK(bench.Sent() == "QUIT\r\n");
    bench.engine.Closed(smtpoll::Error(Errc::ConnectionLost, Phase::None, words));
    const std::string unknown = "it is not known whether the marked messages were deleted";
    CHECK(bench.Told() == "QUIT: the connection was lost [QUIT]: " + (*words == '\0' ? unknown : words) + "; ");
  }
}

TEST_CASE("Each command of a group has its own time, from the answer to the one before on") {
  Bench bench;
  CHECK(bench.Begin(Command::Delete, 1));
  CHECK(bench.Begin(Command::Delete, 2));
  bench.Sent();
  const smtpoll::Millis limit = smtpoll::Timeouts().command;
  CHECK(bench.engine.NextDeadline() == limit);
  bench.now = limit - 1;
  bench.Hear("+OK\r\n");
  CHECK(bench.Told() == "done 1; ");
  CHECK(bench.engine.NextDeadline() == 2 * limit - 1);
  bench.now = 2 * limit - 1;
  CHECK(bench.Told() == "command: timed out [DELE 2]; ");
}
