// POP3 servers that mean harm, and wires that break: each ends in a clear error, in bounded time and memory, and
// nothing is called received or deleted that was not. RFC 1939 3 says what a response is.
#include "smtpoll/pop3/session.hpp"
#include "smtpoll/pop3/socket.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../fault/hostile_wire.hpp"
#include "smtpoll/testing.hpp"

namespace {

using fault::HostileWire;
using smtpoll::Errc;
using smtpoll::Millis;
using smtpoll::Phase;

/// What a server says to the client below when all is well.
fault::Speeches Well(bool pipelining) {
  const std::string offer = pipelining ? "PIPELINING\r\n" : "";
  return {{"", "+OK hi <1@x>\r\n", ""},
          {"CAPA", "+OK\r\nUSER\r\n" + offer + "UIDL\r\nTOP\r\n.\r\n", ""},
          {"USER", "+OK\r\n", ""},
          {"PASS", "+OK\r\n", ""},
          {"STAT", "+OK 2 38\r\n", ""},
          {"LIST", "+OK\r\n1 19\r\n2 19\r\n.\r\n", ""},
          {"UIDL", "+OK\r\n1 one\r\n2 two\r\n.\r\n", ""},
          {"RETR", "+OK\r\nSubject: x\r\n\r\n..a\r\n..\r\n.\r\n", ""},
          {"DELE", "+OK\r\n", ""},
          {"RETR", "+OK\r\nSubject: x\r\n\r\n..a\r\n..\r\n.\r\n", ""},
          {"DELE", "+OK\r\n", ""},
          {"QUIT", "+OK\r\n", ""}};
}

const std::string kMessage = "Subject: x\r\n\r\n.a\r\n.\r\n";

/// A client that fetches both messages and deletes them; what it was told is in its members.
struct Client : smtpoll::BasicPOP3Socket<HostileWire> {
  explicit Client(bool pipelining) {
    HostileWire::now = 0;
    Server().speeches = Well(pipelining);
    Address = "pop.test";
    Port = 110;
    AllowPlaintextCredentials = true;
    UserName = "mrose";
    Password = "secret";
    MessageSizeLimit = 100000;
    ListLimit = 1000;
    Error = [this](const smtpoll::Error& error) {
      ++errors;
      failure = error;
    };
    ServerError = [this](int, const std::string&, std::uint32_t) { ++refused; };
    LoginSuccessful = [this] { ++logins; };
    MessageListed = [this](std::uint32_t, std::uint64_t) { ++listed; };
    UniqueIDListed = [this](std::uint32_t, std::string_view) { ++listed; };
    MessageData = [this](std::uint32_t message, std::string_view bytes) {
      if (message != fetching) content.clear();
      fetching = message;
      if (content.size() < 1000) content += bytes;
      data += bytes.size();
      return false;
    };
    MessageReceived = [this](std::uint32_t message, std::uint64_t size) {
      received.push_back(message);
      whole = whole && content == kMessage && size == kMessage.size();
    };
    MessageDeleted = [this](std::uint32_t) { ++marked; };
    Disconnected = [this] { ++ended; };
  }
  HostileWire& Server() { return Layer().NextLayer(); }
  void Run() {
    Connect();
    CountMessages();
    ListMessages();
    ListUniqueIDs();
    for (const std::uint32_t message : {1u, 2u}) {
      RetrieveMessage(message);
      DeleteMessage(message);
    }
    while (Poll() && polls < 200000) ++polls;
    if (polls == 200000) return;
    // QUIT may be asked for only where a connection stands.
    if (IsConnected()) DisconnectFromServer();
    while (Poll() && polls < 200000) ++polls;
  }
  int errors = 0, refused = 0, logins = 0, listed = 0, marked = 0, ended = 0, polls = 0;
  std::size_t data = 0;
  std::uint32_t fetching = 0;
  std::string content;
  std::vector<std::uint32_t> received;
  bool whole = true;
  smtpoll::Error failure;
};

struct Case {
  const char* at;
  std::string bytes, again;
  Errc error;
  Millis pause = 0;
  bool whole_only = false;  // in pieces the same bytes come in time
};

std::vector<Case> Cases() {
  const std::string nul("\0", 1);
  return {
      {"", "+OK ", "x", Errc::ReplyTooLong},
      {"", "", "\r\n", Errc::MalformedReply},
      {"", "", nul, Errc::MalformedReply},
      {"", "", "+", Errc::ReplyTooLong},
      {"", "+OK x", "\r", Errc::ReplyTooLong},
      {"", "+OK ", "x", Errc::TimedOut, 60000},
      {"", "", "", Errc::TimedOut},
      {"", "220 mx ESMTP\r\n", "", Errc::MalformedReply},
      {"", "* OK IMAP4rev1\r\n", "", Errc::MalformedReply},
      {"", "HTTP/1.1 400 Bad Request\r\n\r\n", "", Errc::MalformedReply},
      {"", "\x16\x03\x03" + nul + "\x7a", "", Errc::MalformedReply},
      {"", "+ go on\r\n", "", Errc::UnexpectedReply},
      {"", "+OKAY\r\n", "", Errc::MalformedReply},
      {"", "+ok\r\n", "", Errc::MalformedReply},
      {"", "-ERROR\r\n", "", Errc::MalformedReply},
      {"", "+OK\r\n+OK\r\n.\r\n", "", Errc::UnexpectedReply, 0, true},
      {"", "+OK\r\n-ERR\r\n", "", Errc::UnexpectedReply, 0, true},
      {"", "", "+OK\r\n", Errc::UnexpectedReply, 0, true},
      {"CAPA", "+OK\r\n", "X\r\n", Errc::ReplyTooLong},
      {"CAPA", "+OK\r\n", "X", Errc::ReplyTooLong},
      {"CAPA", "+OK\r\nSASL", " PLAIN", Errc::ReplyTooLong},
      {"CAPA", "+OK\r\n", "\r\n", Errc::ReplyTooLong},
      {"CAPA", "+OK\r\n.\r\n+OK\r\n", "", Errc::AuthenticationUnavailable, 0, true},
      {"CAPA", "+OK\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n", "", Errc::UnexpectedReply, 0, true},
      {"CAPA", "+OK\r\nUSER\r\n", "", Errc::TimedOut},
      {"CAPA", "+OK\r\n", "X\r\n", Errc::TimedOut, 60000},
      {"USER", "+ \r\n", "", Errc::UnexpectedReply},
      {"PASS", "+OK\r\n+OK 2 38\r\n", "", Errc::UnexpectedReply, 0, true},
      {"PASS", "", "", Errc::TimedOut},
      {"STAT", "+OK\r\n", "", Errc::MalformedReply},
      {"STAT", "+OK 2\r\n", "", Errc::MalformedReply},
      {"STAT", "+OK two 38\r\n", "", Errc::MalformedReply},
      {"STAT", "+OK -1 38\r\n", "", Errc::MalformedReply},
      {"STAT", "+OK 4294967296 38\r\n", "", Errc::MalformedReply},
      {"STAT", "+OK 1 18446744073709551616\r\n", "", Errc::MalformedReply},
      {"STAT", "+OK 2 38\r\n1 19\r\n", "", Errc::MalformedReply, 0, true},
      {"LIST", "+OK\r\n1\r\n.\r\n", "", Errc::MalformedReply},
      {"LIST", "+OK\r\n0 5\r\n.\r\n", "", Errc::MalformedReply},
      {"LIST", "+OK\r\nx 5\r\n.\r\n", "", Errc::MalformedReply},
      {"LIST", "+OK\r\n1 x\r\n.\r\n", "", Errc::MalformedReply},
      {"LIST", "+OK\r\n\r\n.\r\n", "", Errc::MalformedReply},
      {"LIST", "+OK\r\n", "1 19\r\n", Errc::ReplyTooLong},
      {"LIST", "+OK\r\n1 ", "9", Errc::ReplyTooLong},
      {"LIST", "+OK\r\n", "1 19\r\n", Errc::TimedOut, 10000},
      {"LIST", "+OK\r\n1 19\r\n", "", Errc::TimedOut},
      {"UIDL", "+OK\r\n1\r\n.\r\n", "", Errc::MalformedReply},
      {"UIDL", "+OK\r\n", "1 one\r\n", Errc::ReplyTooLong},
      {"UIDL", "+OK\r\n.\r\n.\r\n", "", Errc::MalformedReply, 0, true},
      {"RETR", "+OK\r\n", "x", Errc::ReplyTooLong},
      {"RETR", "+OK\r\n", "..\r\n", Errc::ReplyTooLong},
      {"RETR", "+OK\r\n", "\r\n", Errc::ReplyTooLong},
      {"RETR", "+OK\r\n", nul, Errc::ReplyTooLong},
      {"RETR", "+OK\r\na\r\n.\r", "", Errc::TimedOut},
      {"RETR", "+OK\r\na\n.\n", "", Errc::TimedOut},
      {"RETR", "+OK\r\na\r\n.\r\n+OK\r\n", "", Errc::UnexpectedReply, 0, true},
      {"RETR", "+OK\r\na\r\n.\r\n.\r\n", "", Errc::MalformedReply, 0, true},
      {"RETR", "+\r\n", "", Errc::UnexpectedReply},
      {"DELE", "+OK\r\n-ERR bye\r\n", "", Errc::ConnectionLost, 0, true},
      {"DELE", "", "", Errc::TimedOut},
  };
}

}  // namespace

TEST_CASE("A POP3 server that does what it should: both messages come whole and are deleted") {
  for (const bool pipelining : {false, true}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{SIZE_MAX}}) {
      Client client(pipelining);
      client.Server().piece = piece;
      client.Run();
      CHECK(client.errors == 0);
      CHECK(client.received == std::vector<std::uint32_t>{1, 2});
      CHECK(client.whole);
      CHECK(client.listed == 4);
      CHECK(client.marked == 2);
      CHECK(client.ended == 1);
      // CAPA, USER, PASS, then seven commands in one group or each for itself, then QUIT.
      if (piece == SIZE_MAX) CHECK(client.Server().writes == (pipelining ? 5 : 11));
    }
  }
}

TEST_CASE("Hostile POP3 servers: each ends in a clear error, in bounded time and memory") {
  for (const Case& one : Cases()) {
    INFO("at ", one.at, ": ", one.bytes.substr(0, 40), " and ", one.again);
    for (int way = 0; way < 4; ++way) {
      const bool pipelining = way % 2 == 1;
      const std::size_t piece = way < 2 ? SIZE_MAX : 1;
      if ((one.whole_only || one.pause != 0) && piece == 1) continue;
      CAPTURE(pipelining);
      Client client(pipelining);
      client.Server().speeches = fault::Spoil(Well(pipelining), one.at, one.bytes, one.again);
      client.Server().piece = one.pause != 0 ? 8 : piece;
      client.Server().pause = one.pause;
      client.Run();
      CHECK(client.polls < 200000);
      CHECK(client.errors == 1);
      // In a group what is too much answers the next command.
      if (!one.whole_only || !pipelining)
        CHECK(std::string(smtpoll::Name(client.failure.Code())) == smtpoll::Name(one.error));
      CHECK(client.failure.phase != Phase::None);
      CHECK(HostileWire::now <= 11 * 60 * 1000);
      CHECK(client.Server().read <= 200000);
      CHECK(client.data <= 100000);
      CHECK(client.marked <= static_cast<int>(client.received.size()));
      // QUIT deletes what is marked: nobody said it.
      if (client.logins != 0) CHECK(client.Server().said.find("QUIT") == std::string::npos);
    }
  }
}

TEST_CASE("A wire that is cut at any byte, in either way: nothing is called received that is not whole") {
  for (int way = 0; way < 4; ++way) {
    const bool pipelining = way % 2 == 1;
    const int cut = way < 2 ? 0 : 104;
    CAPTURE(pipelining);
    CAPTURE(cut);
    Client whole(pipelining);
    whole.Run();
    for (std::size_t at = 0; at < whole.Server().read; ++at) {
      CAPTURE(at);
      Client client(pipelining);
      client.Server().break_at = at;
      client.Server().cut = cut;
      client.Run();
      // Only the answer to QUIT is left: where it does not come, nobody says that the messages are gone.
      CHECK(client.errors == 1);
      CHECK(client.failure.ErrorNumber == (cut == 0 ? 102 : 104));
      CHECK(client.failure.phase != Phase::None);
      CHECK(client.whole);
      CHECK(client.marked <= static_cast<int>(client.received.size()));
      CHECK(client.ended == (at < 14 ? 0 : 1));
      CHECK(!client.IsConnected());
    }
  }
}

TEST_CASE("A write that fails, whichever it is") {
  for (const bool pipelining : {false, true}) {
    Client whole(pipelining);
    whole.Run();
    for (int which = 1; which <= whole.Server().writes; ++which) {
      CAPTURE(which);
      Client client(pipelining);
      client.Server().fails_write = which;
      client.Server().cut = 104;
      client.Run();
      CHECK(client.errors == 1);
      CHECK(client.failure.phase != Phase::None);
      CHECK(client.whole);
      CHECK(!client.IsConnected());
    }
  }
}

TEST_CASE(
    "Control characters of a POP3 server reach no terminal: they are '?' for callers, in errors and transcripts") {
  using smtpoll::testing::ScriptedSocket;
  const std::string nul("\0", 1);
  for (const std::string& end : {std::string("\r\n"), std::string("\n")}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{SIZE_MAX}}) {
      CAPTURE(piece);
      smtpoll::BasicPop3Session<ScriptedSocket> session;
      std::string greeting, transcript, ids;
      session.ConnectionEstablished = [&greeting](const std::string& text) { greeting = text; };
      session.Transcript = [&transcript](smtpoll::Side, const std::string& line) { transcript += line + "\n"; };
      ScriptedSocket& socket = session.Layer().NextLayer();
      socket.Piece = piece;
      socket.Server.Say("+OK hi\x1b[2J" + nul + "\x7f\tthere" + end).Expect("CAPA");
      socket.Server.Say("+OK" + end + "UIDL" + end + end + "X-\x1b[1m" + end + "." + end).Expect("UIDL");
      socket.Server.Say("+OK" + end + "1 a\x1b]0;b\x07" + end + "2 " + nul + "c\x7f\rd" + end + "." + end);
      socket.Server.Expect("DELE 1").Say("-ERR \x1b[31mno" + nul + end).Expect("LIST");
      socket.Server.Say("+OK" + end + "\x1b[H\x7f" + end);
      REQUIRE_FALSE(session.Connect("pop.test", 110));
      CHECK(greeting == "hi?[2J??\tthere");
      CHECK_FALSE(session.UniqueIDs([&ids](std::uint32_t message, std::string_view id) {
        ids += std::to_string(message) + "=" + std::string(id) + ";";
      }));
      CHECK(ids == "1=a?]0;b?;2=?c??d;");
      const smtpoll::Error refused = session.Delete(1);
      CHECK(refused.Code() == Errc::CommandRefused);
      CHECK(refused.text.View() == "?[31mno?");
      const smtpoll::Error broken = session.List([](std::uint32_t, std::uint64_t) {});
      CHECK(broken.Code() == Errc::MalformedReply);
      CHECK(broken.text.View() == "?[H?");
      CHECK(transcript ==
            "+OK hi?[2J??\tthere\nCAPA\n+OK\nUIDL\n\nX-?[1m\n.\nUIDL\n+OK\n1 a?]0;b?\n2 ?c??d\n.\nDELE 1\n"
            "-ERR ?[31mno?\nLIST\n+OK\n?[H?\n");
      CHECK(socket.Server.Verdict() == "");
    }
  }
  smtpoll::BasicPop3Session<ScriptedSocket> session;
  session.Layer().NextLayer().Server.Say("-ERR \x1b[5m" + nul + "go away\x7f\n").Expect("QUIT");
  CHECK(ToString(session.Connect("pop.test", 110)) == "greeting: the server refused the session: ?[5m?go away?");
}
