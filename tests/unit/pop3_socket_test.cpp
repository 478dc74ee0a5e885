// POP3Socket's members and Pop3Session's, against a scripted server; then servers that mean harm, and every way to cut
// the wire.
#include "smtpoll/pop3.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "smtpoll/testing.hpp"

namespace {

using smtpoll::Errc;
using smtpoll::Phase;
using smtpoll::testing::Script;
using smtpoll::testing::ScriptedSocket;
using Session = smtpoll::BasicPop3Session<ScriptedSocket>;

/// A socket that writes down every event, ready to connect.
struct Bench : smtpoll::BasicPOP3Socket<ScriptedSocket> {
  Bench() {
    Address = "pop.test";
    Port = 110;
    AllowPlaintextCredentials = true;
    UserName = "mrose";
    Password = "secret";
    ConnectionEstablished = [this](const std::string& greeting) { told += "greeting " + greeting + "\n"; };
    LoginSuccessful = [this] { told += "login\n"; };
    Disconnected = [this] { told += "disconnected\n"; };
    Error = [this](const smtpoll::Error& error) { told += "error " + ToString(error) + "\n"; };
    ServerError = [this](int id, const std::string& text, std::uint32_t message) {
      told += "refused " + std::to_string(id) + " " + text + " " + std::to_string(message) + "\n";
    };
    MessageCount = [this](std::uint32_t count, std::uint64_t size) { Tell("count", count, size); };
    MessageListed = [this](std::uint32_t message, std::uint64_t size) { Tell("listed", message, size); };
    UniqueIDListed = [this](std::uint32_t message, std::string_view id) {
      told += "uid " + std::to_string(message) + " " + std::string(id) + "\n";
    };
    ListReceived = [this](std::uint32_t count) { told += "list of " + std::to_string(count) + "\n"; };
    MessageData = [this](std::uint32_t, std::string_view bytes) {
      data += bytes;
      return cancels;
    };
    MessageReceived = [this](std::uint32_t message, std::uint64_t size) { Tell("message", message, size); };
    TopLinesReceived = [this](std::uint32_t message, std::uint64_t size) { Tell("top", message, size); };
    MessageDeleted = [this](std::uint32_t message) { told += "deleted " + std::to_string(message) + "\n"; };
    RollbackSuccessful = [this] { told += "rollback\n"; };
    ServerAvailable = [this] { told += "available\n"; };
    ServerCommandReply = [this](const std::string& command, const std::string& text) {
      told += command + ": " + text + "\n";
    };
  }
  Script& Server() { return Layer().NextLayer().Server; }
  /// The login that nearly every dialogue begins with.
  Script& Opening() {
    return Server()
        .Reply("+OK hi")
        .Expect("CAPA")
        .Reply("+OK\nUSER\n.")
        .Expect("USER mrose")
        .Reply("+OK")
        .Expect("PASS secret")
        .Reply("+OK");
  }
  /// Polls until nothing is left to do, and returns what was told since the last call.
  std::string Run() {
    for (int i = 0; i < 100000 && Poll(); ++i) continue;
    std::string all;
    all.swap(told);
    return all;
  }

  std::string told, data;
  bool cancels = false;

 private:
  void Tell(const char* what, std::uint64_t a, std::uint64_t b) {
    told += std::string(what) + " " + std::to_string(a) + " " + std::to_string(b) + "\n";
  }
};

constexpr const char* kOpened = "greeting hi\nlogin\n";

}  // namespace

TEST_CASE("POP3Socket.Connect, ConnectionEstablished, LoginSuccessful, DisconnectFromServer and Disconnected") {
  Bench socket;
  CHECK(!socket.IsConnected());
  socket.Opening().Expect("QUIT").Reply("+OK bye");
  socket.Connect();
  CHECK(socket.Run() == kOpened);
  CHECK(socket.IsConnected());
  CHECK(!socket.SSLConnected());
  CHECK(socket.RemoteAddress() == "192.0.2.25");
  CHECK(socket.LocalAddress() == "192.0.2.1");
  CHECK(socket.Handle() == 0);
  socket.DisconnectFromServer();
  CHECK(socket.Run() == "disconnected\n");
  CHECK(!socket.IsConnected());
  CHECK(socket.LastErrorCode() == 0);
  CHECK(socket.Server().Verdict() == "");
}

TEST_CASE("POP3Socket.CountMessages, MessageCount, ListMessages, ListUniqueIDs, ListReceived and Poll") {
  Bench socket;
  socket.Opening()
      .Expect("STAT")
      .Reply("+OK 2 320")
      .Expect("LIST")
      .Reply("+OK 2 messages (320 octets)\n1 120\n2 200 x\n.");
  socket.Server().Expect("UIDL").Reply("+OK\n1 whqtswO00WBw418f9t5JxYwZ\n2 QhdPYR:00WBw1Ph7x7\n.");
  socket.Server()
      .Expect("LIST 2")
      .Reply("+OK 2 200")
      .Expect("UIDL 1")
      .Reply("+OK 1 abc")
      .Expect("LIST")
      .Reply("+OK\n.");
  socket.Connect();
  CHECK(socket.CountMessages());  // before the login: it waits
  CHECK(socket.ListMessages());
  CHECK(socket.ListUniqueIDs());
  CHECK(socket.ListMessage(2));
  CHECK(socket.ListUniqueID(1));
  CHECK(socket.ListMessages());
  CHECK(socket.Run() ==
        std::string(kOpened) +
            "count 2 320\nlisted 1 120\nlisted 2 200\nlist of 2\nuid 1 whqtswO00WBw418f9t5JxYwZ\n"
            "uid 2 QhdPYR:00WBw1Ph7x7\nlist of 2\nlisted 2 200\nlist of 1\nuid 1 abc\nlist of 1\nlist of 0\n");
  CHECK(socket.Server().Verdict() == "");
}

TEST_CASE("POP3Socket.RetrieveMessage, RetrieveLines, MessageReceived and TopLinesReceived") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{SIZE_MAX}}) {
    Bench socket;
    socket.Layer().NextLayer().Piece = piece;
    socket.Opening().Expect("RETR 1").Reply("+OK 42 octets\nSubject: x\n\n..a\n.\n");
    socket.Server().Expect("TOP 2 10").Reply("+OK\nSubject: y\n\n.");
    socket.Connect();
    socket.RetrieveMessage(1);
    // The script's reply ends with an empty line: behind the end of a message it answers nothing.
    const std::string told = socket.Run();
    CHECK(socket.data.substr(0, 18) == "Subject: x\r\n\r\n.a\r\n");
    CHECK(told.find("message 1 18\n") != std::string::npos);
  }
  Bench socket;
  socket.Opening().Expect("RETR 1").Reply("+OK\nSubject: x\n\n..a\n.").Expect("TOP 2 10").Reply("+OK\nSubject: y\n\n.");
  socket.Connect();
  socket.RetrieveMessage(1);
  socket.RetrieveLines(2, 10);
  CHECK(socket.Run() == std::string(kOpened) + "message 1 18\ntop 2 14\n");
  CHECK(socket.data == "Subject: x\r\n\r\n.a\r\nSubject: y\r\n\r\n");
  CHECK(socket.Server().Verdict() == "");
}

TEST_CASE("POP3Socket.DeleteMessage, MessageDeleted, RollbackServer and RollbackSuccessful") {
  Bench socket;
  socket.Opening().Expect("DELE 1").Reply("+OK marked").Expect("RSET").Reply("+OK").Expect("DELE 2").Reply("+OK");
  socket.Server().Expect("QUIT").Reply("+OK");
  socket.Connect();
  socket.DeleteMessage(1);
  socket.RollbackServer();
  socket.DeleteMessage(2);
  CHECK(socket.Run() == std::string(kOpened) + "deleted 1\nrollback\ndeleted 2\n");
  socket.DisconnectFromServer();
  CHECK(socket.Run() == "disconnected\n");
  CHECK(socket.Server().Verdict() == "");
}

TEST_CASE("POP3Socket.CheckServerConnection, ServerAvailable, SendServerCommand and ServerCommandReply") {
  Bench socket;
  socket.Opening().Expect("NOOP").Reply("+OK").Expect("LANG en").Reply("+OK en hello");
  socket.Connect();
  socket.CheckServerConnection();
  socket.SendServerCommand("LANG en");
  CHECK(socket.Run() == std::string(kOpened) + "available\nLANG en: en hello\n");
  CHECK(socket.Server().Verdict() == "");
}

TEST_CASE("POP3Socket.ServerError: a refused command is told, and those behind it are said all the same") {
  Bench socket;
  socket.Opening()
      .Expect("RETR 9")
      .Reply("-ERR no such message")
      .Expect("DELE 9")
      .Reply("-ERR")
      .Expect("NOOP")
      .Reply("+OK");
  socket.Connect();
  socket.RetrieveMessage(9);
  socket.DeleteMessage(9);
  socket.CheckServerConnection();
  CHECK(socket.Run() == std::string(kOpened) + "refused 1025 no such message 9\nrefused 1025  9\navailable\n");
  CHECK(ToString(socket.LastError()) == "command: the server refused the command [DELE 9]");
  CHECK(socket.IsConnected());
}

TEST_CASE("POP3Socket.Close and Disconnect delete nothing and say no QUIT") {
  Bench socket;
  socket.Opening().Expect("DELE 1").Reply("+OK");
  socket.Connect();
  socket.DeleteMessage(1);
  socket.Run();
  socket.Close();
  CHECK(socket.Run().empty());
  CHECK(socket.Server().Verdict() == "");
  socket.Opening();
  socket.Connect();
  socket.Run();
  socket.Disconnect();
  CHECK(socket.told == "error the connection was lost: closed by Disconnect\n");
  CHECK(socket.LastErrorCode() == 102);
  CHECK(socket.Server().Verdict() == "");
}

TEST_CASE("POP3Socket.Error: what is not allowed is told at once, and nothing is sent") {
  Bench socket;
  CHECK(!socket.CountMessages());
  CHECK(socket.LastErrorCode() == 106);
  socket.Port = 0;
  socket.Connect();
  CHECK(socket.LastErrorCode() == 107);
  socket.Port = 110;
  socket.Address.clear();
  socket.Connect();
  CHECK(socket.LastErrorCode() == 103);
  socket.Address = "pop.test";
  socket.Opening();
  socket.Connect();
  socket.Run();
  socket.Connect();
  CHECK(socket.LastErrorCode() == 106);
  CHECK(!socket.RetrieveMessage(0));
  CHECK(!socket.DeleteMessage(0));
  CHECK(socket.LastError().Code() == Errc::InvalidMessage);
  socket.DisconnectFromServer();
  CHECK(!socket.CountMessages());
  CHECK(socket.LastErrorCode() == 106);
}

TEST_CASE("Command injection: no argument becomes a second command, or one that goes past the session") {
  const std::string nul("\0", 1);
  for (const std::string& evil : {std::string("\r\nDELE 1"), std::string("\n"), std::string("\r"), nul,
                                  std::string("\r\nQUIT\r\n"), std::string(250, 'x')}) {
    for (const std::string& line : {"LANG en" + evil, evil + "LANG en", "LANG" + evil}) {
      Bench socket;
      socket.Opening();
      socket.Connect();
      socket.Run();
      const bool too_short = line.size() <= 253 && evil.size() == 250;
      CHECK(!too_short);
      CHECK(!socket.SendServerCommand(line));
      CHECK(socket.LastError().Code() == Errc::InvalidMessage);
      CHECK(socket.Run().find("error") == 0);
      CHECK(socket.Server().Verdict() == "");
    }
  }
  for (const char* line : {"",         " ",          " QUIT", "QUIT",    "quit",   "QUIT now", "USER x", "pass x",
                           "APOP x y", "AUTH PLAIN", "STLS",  "CAPA",    "RETR 1", "TOP 1 1",  "DELE 1", "RSET",
                           "*",        "LIST",       "UIDL",  "QUIT\tx", "\tQUIT", "STAT"}) {
    CAPTURE(line);
    Bench socket;
    socket.Opening();
    socket.Connect();
    socket.Run();
    CHECK(!socket.SendServerCommand(line));
    CHECK(socket.LastError().Code() == Errc::InvalidMessage);
    CHECK(socket.Server().Verdict() == "");
  }
}

TEST_CASE("A message is broken off by MessageData, which costs the connection") {
  Bench socket;
  socket.Opening().Expect("RETR 1").Reply("+OK\nhello\n.");
  socket.Connect();
  socket.RetrieveMessage(1);
  socket.RetrieveMessage(2);
  socket.cancels = true;
  CHECK(socket.Run() == std::string(kOpened) + "error content: cancelled by the caller [RETR 1]\ndisconnected\n");
  CHECK(!socket.IsConnected());
}

TEST_CASE("A handler may ask for more, close and connect again") {
  Bench socket;
  socket.Opening().Expect("STAT").Reply("+OK 2 320").Expect("RETR 1").Reply("+OK\na\n.");
  socket.Server().Expect("RETR 2").Reply("+OK\nb\n.").Expect("DELE 1").Reply("+OK").Expect("RETR 2").Reply("+OK\nb\n.");
  socket.LoginSuccessful = [&socket] { socket.CountMessages(); };
  socket.MessageCount = [&socket](std::uint32_t count, std::uint64_t) {
    for (std::uint32_t i = 1; i <= count; ++i) socket.RetrieveMessage(i);
  };
  socket.MessageReceived = [&socket](std::uint32_t message, std::uint64_t) {
    // What is asked for now comes behind what was asked for before.
    if (message == 1) socket.DeleteMessage(1);
    if (message == 1) socket.RetrieveMessage(2);
    if (message == 2) socket.LoginSuccessful = nullptr;
  };
  bool closed = false;
  socket.MessageData = [&socket, &closed](std::uint32_t, std::string_view bytes) {
    socket.data += bytes;
    if (socket.data != "a\r\nb\r\nb\r\n") return false;
    socket.Opening();
    socket.Close();
    socket.Connect();
    closed = true;
    return true;  // counts for nothing: that message is over
  };
  socket.Connect();
  CHECK(socket.Run() == "greeting hi\ndeleted 1\ngreeting hi\n");
  CHECK(closed);
  CHECK(socket.IsConnected());
  CHECK(socket.Server().Verdict() == "");
  CHECK(socket.Server().Connections() == 2);
}

TEST_CASE("QUIT: where messages were marked and no good answer came, nobody is told that they are gone") {
  const auto ends = [](Script& script, int how) {
    if (how == 0) script.Reply("-ERR some deleted messages not removed");
    if (how == 1) script.Close();
    if (how == 2) script.Wait(6 * 60 * 1000).Reply("+OK");
  };
  const std::string unknown = " [QUIT]: it is not known whether the marked messages were deleted\ndisconnected\n";
  const std::string wanted[] = {
      "error QUIT: the server refused the command [QUIT]: some deleted messages not removed\ndisconnected\n",
      "error QUIT: the connection was lost" + unknown, "error QUIT: timed out" + unknown};
  for (int how = 0; how < 3; ++how) {
    Bench socket;
    ends(socket.Opening().Expect("DELE 1").Reply("+OK").Expect("QUIT"), how);
    socket.Connect();
    socket.DeleteMessage(1);
    socket.Run();
    socket.DisconnectFromServer();
    CHECK(socket.Run() == wanted[how]);
  }
  // With nothing marked nothing depends on the answer, but a refusal is one.
  for (int how = 1; how < 3; ++how) {
    Bench socket;
    ends(socket.Opening().Expect("QUIT"), how);
    socket.Connect();
    socket.Run();
    socket.DisconnectFromServer();
    CHECK(socket.Run() == "disconnected\n");
  }
}

TEST_CASE("Pop3Session: every method, blocking") {
  Session session;
  session.AllowPlaintextCredentials = true;
  session.UserName = "mrose";
  session.Password = "secret";
  Script& server = session.Layer().NextLayer().Server;
  server.Reply("+OK hi")
      .Expect("CAPA")
      .Reply("-ERR")
      .Expect("USER mrose")
      .Reply("+OK")
      .Expect("PASS secret")
      .Reply("+OK");
  server.Expect("STAT")
      .Reply("+OK 2 320")
      .Expect("LIST")
      .Reply("+OK\n1 120\n2 200\n.")
      .Expect("UIDL")
      .Reply("+OK\n1 a\n2 b\n.");
  server.Expect("RETR 1").Reply("+OK\nhello\n.").Expect("TOP 2 0").Reply("+OK\nSubject: y\n\n.");
  server.Expect("RETR 3").Reply("-ERR no such message").Expect("DELE 1").Reply("+OK").Expect("RSET").Reply("+OK");
  server.Expect("NOOP")
      .Reply("+OK")
      .Expect("CAPA")
      .Reply("+OK\nTOP\n.")
      .Expect("LANG")
      .Reply("+OK en")
      .Expect("QUIT")
      .Reply("+OK");
  REQUIRE(!session.Connect("pop.test", 110));
  const smtpoll::MailboxCount count = session.Count();
  CHECK(count);
  CHECK(count.messages == 2);
  CHECK(count.size == 320);
  std::string seen;
  CHECK(!session.List([&seen](std::uint32_t message, std::uint64_t size) {
    seen += std::to_string(message) + ":" + std::to_string(size) + " ";
  }));
  CHECK(!session.UniqueIDs([&seen](std::uint32_t message, std::string_view id) {
    seen += std::to_string(message) + ":" + std::string(id) + " ";
  }));
  CHECK(!session.Retrieve(1, [&seen](std::string_view bytes) { seen += bytes; }));
  CHECK(!session.Top(2, 0, [&seen](std::string_view bytes) {
    seen += bytes;
    return false;
  }));
  CHECK(seen == "1:120 2:200 1:a 2:b hello\r\nSubject: y\r\n\r\n");
  const smtpoll::Error refused = session.Retrieve(3, [](std::string_view) {});
  CHECK(ToString(refused) == "content: the server refused the command [RETR 3]: no such message");
  CHECK(session.Delete(0).Code() == Errc::InvalidMessage);
  CHECK(!session.Delete(1));
  CHECK(!session.Reset());
  CHECK(!session.Noop());
  CHECK(!session.Capabilities());
  CHECK(session.ServerCapabilities().Has(smtpoll::Pop3Extension::Top));
  std::string answer;
  CHECK(session.Command("DELE 1", answer).Code() == Errc::InvalidMessage);
  CHECK(!session.Command("LANG", answer));
  CHECK(answer == "en");
  CHECK(!session.Quit());
  CHECK(server.Verdict() == "");
  CHECK(session.Noop().Code() == Errc::InvalidState);
  CHECK(session.Count().error.Code() == Errc::InvalidState);
}

TEST_CASE("Pop3Session: a server that closes an idle session says why") {
  Session session;
  Script& server = session.Layer().NextLayer().Server;
  server.Reply("+OK").Expect("CAPA").Reply("-ERR").Wait(50).Reply("-ERR Disconnected for inactivity.").Close();
  session.Connect("pop.test", 110);
  const smtpoll::Error error = session.Noop();
  CHECK(error.Code() == Errc::ConnectionLost);
  CHECK(error.text.View() == "Disconnected for inactivity.");
}

TEST_CASE("Pop3NoEvents: a handler that hides no hook hears nothing, and every command goes on") {
  struct Silent : smtpoll::Pop3NoEvents {};
  smtpoll::BasicPOP3Socket<ScriptedSocket, smtpoll::PlainTransport, Silent> socket;
  Script& server = socket.Layer().NextLayer().Server;
  socket.Address = "pop.test";
  socket.Port = 110;
  socket.AllowPlaintextCredentials = true;
  socket.UserName = "mrose";
  socket.Password = "secret";
  server.Reply("+OK hi").Expect("CAPA").Reply("+OK\nUSER\nPIPELINING\n.").Expect("USER mrose").Reply("+OK");
  server.Expect("PASS secret").Reply("+OK");
  server.Expect("STAT").Reply("+OK 1 5").Expect("LIST").Reply("+OK\n1 5\n.").Expect("UIDL").Reply("+OK\n1 a\n.");
  server.Expect("RETR 1").Reply("+OK\nhi\n.").Expect("TOP 1 0").Reply("+OK\nS: y\n\n.").Expect("DELE 1").Reply("+OK");
  server.Expect("DELE 2").Reply("-ERR no").Expect("RSET").Reply("+OK").Expect("NOOP").Reply("+OK");
  server.Expect("LANG").Reply("+OK en").Expect("QUIT").Reply("+OK").Close();
  socket.Connect();
  CHECK(socket.CountMessages());
  CHECK(socket.ListMessages());
  CHECK(socket.ListUniqueIDs());
  CHECK(socket.RetrieveMessage(1));
  CHECK(socket.RetrieveLines(1, 0));
  CHECK(socket.DeleteMessage(1));
  CHECK(socket.DeleteMessage(2));
  CHECK(socket.RollbackServer());
  CHECK(socket.CheckServerConnection());
  CHECK(socket.SendServerCommand("LANG"));
  for (int i = 0; i < 10000 && socket.Poll(10); ++i) continue;
  CHECK(socket.ServerCapabilities().Has(smtpoll::Pop3Extension::User));
  CHECK(socket.LastError().Code() == Errc::CommandRefused);
  socket.DisconnectFromServer();
  for (int i = 0; i < 10000 && socket.Poll(10); ++i) continue;
  CHECK(!socket.IsConnected());
  CHECK(server.Verdict() == "");
  socket.Port = 0;
  socket.Connect();
  CHECK(socket.LastErrorCode() == static_cast<int>(Errc::InvalidPort));
}

TEST_CASE("POP3Socket.WantsRead, WantsWrite, BytesLeftToSend and SSLConnecting, for an event loop of the caller's") {
  Bench socket;
  CHECK(!socket.WantsRead());
  CHECK(!socket.WantsWrite());
  CHECK(socket.BytesLeftToSend() == 0);
  CHECK(socket.NextDeadline() == smtpoll::kNever);
  socket.Opening();
  socket.PollBudget = 1;
  socket.Connect();
  bool wrote = false, read = false;
  for (int i = 0; i < 100000 && socket.Poll(); ++i) {
    CHECK(!socket.SSLConnecting());
    CHECK((socket.BytesLeftToSend() == 0 || socket.WantsWrite()));
    wrote = wrote || socket.WantsWrite();
    read = read || socket.WantsRead();
  }
  CHECK(wrote);
  CHECK(read);
  CHECK(socket.told == kOpened);
}

TEST_CASE("POP3Socket.Connect: credentials that would go in plain text are an error at once") {
  Bench socket;
  socket.AllowPlaintextCredentials = false;
  socket.Connect();
  CHECK(socket.LastErrorCode() == static_cast<int>(Errc::CredentialsOnPlainWire));
  CHECK(socket.Server().Connections() == 0);
}

TEST_CASE("Pop3Engine::Check: what the session says by itself is no command of the caller's") {
  using smtpoll::Pop3Command;
  for (const Pop3Command own : {Pop3Command::None, Pop3Command::Greeting, Pop3Command::StartTls, Pop3Command::User,
                                Pop3Command::Pass, Pop3Command::Apop, Pop3Command::Auth, Pop3Command::Quit}) {
    smtpoll::Pop3Request request;
    request.command = own;
    CHECK(smtpoll::Pop3Engine::Check(request).Code() == Errc::InvalidMessage);
  }
  for (const Pop3Command whole : {Pop3Command::Stat, Pop3Command::Noop, Pop3Command::Reset, Pop3Command::List}) {
    smtpoll::Pop3Request request;
    request.command = whole;
    CHECK(!smtpoll::Pop3Engine::Check(request));
    request.message = 1;
    CHECK(smtpoll::Pop3Engine::Check(request).Code() == Errc::InvalidMessage);
  }
  for (const char* line : {"", " x", "a_b", "1\xc3\xa9", "A\n"}) {
    smtpoll::Pop3Request request;
    request.command = Pop3Command::Other;
    request.line = line;
    CHECK(smtpoll::Pop3Engine::Check(request).Code() == Errc::InvalidMessage);
  }
}

namespace {

/// A socket that does not connect at once.
struct SlowSocket : ScriptedSocket {
  smtpoll::IoResult Connect(const smtpoll::Endpoint& to) {
    const smtpoll::IoResult result = ScriptedSocket::Connect(to);
    return result.status == smtpoll::IoStatus::Done ? smtpoll::IoResult::TryAgain() : result;
  }
  smtpoll::IoResult ConnectStep() { return steps-- > 0 ? smtpoll::IoResult::TryAgain() : smtpoll::IoResult::Ok(); }
  int steps = 2;
};

}  // namespace

TEST_CASE("POP3Socket.Poll with milliseconds waits for a connection; DisconnectFromServer before it stands closes") {
  smtpoll::BasicPOP3Socket<SlowSocket> socket;
  socket.Layer().NextLayer().Server.Reply("+OK").Expect("CAPA").Reply("-ERR");
  socket.Address = "pop.test";
  socket.Port = 110;
  socket.Connect();
  CHECK(!socket.IsConnected());
  socket.DisconnectFromServer();
  CHECK(socket.Handle() == ScriptedSocket::kNoHandle);
  socket.Connect();
  for (int i = 0; i < 1000 && socket.Poll(1000); ++i) continue;
  CHECK(socket.IsConnected());
  CHECK(socket.Layer().NextLayer().Server.Verdict() == "");
}

TEST_CASE("Pop3Session.Connect waits for a connection that takes its time, and Close ends one at once") {
  smtpoll::BasicPop3Session<SlowSocket> session;
  session.Layer().NextLayer().Server.Reply("+OK").Expect("CAPA").Reply("-ERR");
  CHECK(!session.Connect("pop.test", 110));
  CHECK(session.IsConnected());
  session.Close();
  CHECK(!session.IsConnected());
  CHECK(session.Layer().NextLayer().Server.Verdict() == "");
}

TEST_CASE("POP3Socket.DisconnectFromServer waits for what was asked for, and takes nothing more") {
  Bench socket;
  socket.PollBudget = 0;
  socket.Opening().Expect("STAT").Reply("+OK 2 320").Expect("DELE 1").Reply("+OK").Expect("QUIT").Reply("+OK bye");
  int turns = 0;
  socket.MessageCount = [&](std::uint32_t, std::uint64_t) {
    socket.DisconnectFromServer();
    CHECK(!socket.CheckServerConnection());
    // A turn within a turn does nothing.
    CHECK(socket.Poll());
    CHECK(socket.Poll(1000));
    ++turns;
  };
  socket.Connect();
  socket.CountMessages();
  socket.DeleteMessage(1);
  CHECK(socket.Run() == std::string(kOpened) +
                            "error command: not allowed in this state: there is no connection, or it is about to end\n"
                            "deleted 1\ndisconnected\n");
  CHECK(turns == 1);
  CHECK(!socket.Poll(1000));
  CHECK(socket.Server().Verdict() == "");
}
