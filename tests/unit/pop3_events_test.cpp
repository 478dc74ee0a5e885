#include "smtpoll/pop3/events.hpp"

#include <doctest/doctest.h>

#include <string>

#include "smtpoll/pop3/session.hpp"
#include "smtpoll/pop3/socket.hpp"
#include "smtpoll/testing.hpp"

namespace {

using smtpoll::Errc;
using smtpoll::testing::Script;
using Socket = smtpoll::BasicPOP3Socket<smtpoll::testing::ScriptedSocket>;

Script& ServerOf(Socket& socket) { return socket.Layer().NextLayer().Server; }

void Run(Socket& socket) {
  socket.Address = "pop.test";
  socket.Port = 110;
  socket.Connect();
  for (const std::uint32_t message : {1u, 2u}) {
    socket.CountMessages();
    socket.ListMessages();
    socket.ListUniqueID(message);
    socket.RetrieveMessage(message);
    socket.RetrieveLines(message, 0);
    socket.DeleteMessage(message);
    socket.RollbackServer();
    socket.CheckServerConnection();
    socket.SendServerCommand("LANG");
  }
  for (int i = 0; i < 100000 && socket.Poll(); ++i) continue;
}

Script& Opening(Socket& socket) { return ServerOf(socket).Reply("+OK hi").Expect("CAPA").Reply("-ERR"); }

}  // namespace

TEST_CASE("POP3Socket: an event that nobody listens to is passed over, and every command goes on") {
  Socket socket;
  Script& script = Opening(socket);
  for (const char* one : {"1", "2"}) {
    const std::string number = one;
    script.Expect("STAT").Reply("+OK 2 320").Expect("LIST").Reply("+OK\n1 120\n2 200\n.");
    script.Expect("UIDL " + number).Reply("+OK " + number + " abc").Expect("RETR " + number).Reply("+OK\na\n.");
    script.Expect("TOP " + number + " 0").Reply("+OK\na\n.").Expect("DELE " + number);
    script.Reply(number == "1" ? "+OK" : "-ERR locked").Expect("RSET").Reply("+OK").Expect("NOOP").Reply("+OK");
    script.Expect("LANG").Reply("+OK en");
  }
  script.Expect("QUIT").Reply("+OK bye").Close();
  Run(socket);
  CHECK(socket.IsConnected());
  CHECK(ToString(socket.LastError()) == "command: the server refused the command [DELE 2]: locked");
  socket.DisconnectFromServer();
  for (int i = 0; i < 100000 && socket.Poll(); ++i) continue;
  CHECK(!socket.IsConnected());
  CHECK(ServerOf(socket).Verdict() == "");
}

TEST_CASE("POP3Socket: a connection that is lost, with nobody to hear of it, is told by LastError") {
  Socket socket;
  Opening(socket).Expect("STAT").Close();
  Run(socket);
  CHECK(!socket.IsConnected());
  CHECK(socket.LastErrorCode() == static_cast<int>(Errc::ConnectionLost));
  CHECK(socket.LastError().command.View() == "STAT");
  // What waited is forgotten with it.
  Opening(socket);
  socket.Connect();
  for (int i = 0; i < 100000 && socket.Poll(); ++i) continue;
  CHECK(socket.IsConnected());
  CHECK(ServerOf(socket).Verdict() == "");
}

namespace {

/// A socket with a user name and no password, of whom every word is written down.
struct Listener : Socket {
  Listener() {
    Address = "pop.test";
    Port = 110;
    AllowPlaintextCredentials = true;
    UserName = "mrose";
    ConnectionEstablished = [this](const std::string&) { told += "greeting\n"; };
    LoginSuccessful = [this] { told += "login\n"; };
    Disconnected = [this] { told += "disconnected\n"; };
    Error = [this](const smtpoll::Error& error) { told += ToString(error) + "\n"; };
    MessageCount = [this](std::uint32_t, std::uint64_t) { told += "count\n"; };
  }
  void Run() {
    for (int i = 0; i < 100000 && Poll(); ++i) continue;
  }
  std::string told;
};

/// A server that takes no password: its one way to log in is an access token.
Script& TokenOpening(Script& script, const std::string& token) {
  return script.Reply("+OK hi").Expect("CAPA").Reply("+OK\nSASL XOAUTH2\n.").Expect("AUTH XOAUTH2 " + token);
}
/// The response of XOAUTH2 for mrose.
std::string Response(const std::string& token) {
  const std::string plain = "user=mrose\1auth=Bearer " + token + "\1\1";
  std::string text(smtpoll::detail::Base64Size(plain.size()), '#');
  smtpoll::detail::Base64Encode(plain.data(), plain.size(), &text[0]);
  return text;
}

}  // namespace

TEST_CASE(
    "POP3Socket.TokenProvider: a refused token is asked for once more, and its refusal told where there is none") {
  for (const int tokens : {1, 2, 3}) {
    CAPTURE(tokens);
    Listener socket;
    std::string asked;
    int given = 0;
    socket.TokenProvider = [&](bool refused) {
      asked += refused ? "again " : "first ";
      return given == tokens ? std::string() : "t" + std::to_string(++given);
    };
    TokenOpening(ServerOf(socket), Response("t1")).Reply("-ERR [AUTH] no").Expect("QUIT").Close();
    if (tokens > 1) TokenOpening(ServerOf(socket), Response("t2"));
    if (tokens == 2) ServerOf(socket).Reply("-ERR [AUTH] no, too").Expect("QUIT").Close();
    if (tokens == 3) ServerOf(socket).Reply("+OK").Expect("STAT").Reply("+OK 0 0");
    socket.Connect();
    socket.CountMessages();
    const std::string refusal = "authentication: the server refused the credentials [AUTH XOAUTH2]: [AUTH] no";
    socket.Run();
    CHECK(socket.told == (tokens == 1   ? "greeting\n" + refusal + "\ndisconnected\n"
                          : tokens == 2 ? "greeting\ngreeting\n" + refusal + ", too\ndisconnected\n"
                                        : "greeting\ngreeting\nlogin\ncount\n"));
    CHECK(asked == "first again ");
    CHECK(ServerOf(socket).Verdict() == "");
  }
}

TEST_CASE("POP3Socket.TokenProvider may close the socket, and connect anew with other settings") {
  for (const bool anew : {false, true}) {
    CAPTURE(anew);
    Listener socket;
    int asked = 0;
    socket.TokenProvider = [&](bool) {
      if (++asked > 1) return std::string("the second token, which is no short string");
      socket.Connect();  // in use already
      CHECK(socket.LastErrorCode() == static_cast<int>(Errc::InvalidState));
      socket.Close();
      if (anew) socket.Connect();
      return std::string(200, 'o');
    };
    if (anew) TokenOpening(ServerOf(socket), Response("the second token, which is no short string")).Reply("+OK");
    socket.Connect();
    socket.Run();
    CHECK(socket.told == std::string("connect: not allowed in this state: the socket is in use already\n") +
                             (anew ? "greeting\nlogin\n" : ""));
    CHECK(asked == (anew ? 2 : 1));
    CHECK(socket.IsConnected() == anew);
    CHECK(ServerOf(socket).Verdict() == "");
  }
}

TEST_CASE(
    "Pop3Session.TokenProvider: a refused token is asked for once more, and its refusal told where there is none") {
  for (const bool another : {false, true}) {
    CAPTURE(another);
    smtpoll::BasicPop3Session<smtpoll::testing::ScriptedSocket> session;
    session.AllowPlaintextCredentials = true;
    session.UserName = "mrose";
    std::string asked;
    session.TokenProvider = [&](bool refused) {
      asked += refused ? "again " : "first ";
      return std::string(!refused ? "t1" : another ? "t2" : "");
    };
    Script& script = session.Layer().NextLayer().Server;
    TokenOpening(script, Response("t1")).Reply("-ERR [AUTH] no").Expect("QUIT").Close();
    if (another) TokenOpening(script, Response("t2")).Reply("+OK");
    const smtpoll::Error error = session.Connect("pop.test", 110);
    CHECK(error.Code() == (another ? Errc::None : Errc::AuthenticationFailed));
    CHECK(error.text.View() == (another ? "" : "[AUTH] no"));
    CHECK(session.IsConnected() == another);
    CHECK(asked == "first again ");
    CHECK(script.Verdict() == "");
  }
}

TEST_CASE("Pop3Session without a connection, with port 0, and with a message that its caller breaks off") {
  smtpoll::BasicPop3Session<smtpoll::testing::ScriptedSocket> session;
  CHECK_FALSE(session.Quit());
  CHECK_FALSE(session.SSLConnected());
  CHECK(session.Connect("pop.test", 0).Code() == Errc::InvalidPort);
  CHECK_FALSE(session.IsConnected());
  Script& script = session.Layer().NextLayer().Server;
  script.Reply("+OK").Expect("CAPA").Reply("-ERR").Expect("RETR 1").Reply("+OK\na\nb\n.");
  REQUIRE_FALSE(session.Connect("pop.test", 110));
  int pieces = 0;
  CHECK(session.Retrieve(1, [&pieces](std::string_view) { return ++pieces == 1; }).Code() == Errc::Cancelled);
  CHECK(pieces == 1);
  CHECK_FALSE(session.IsConnected());
  CHECK(script.Verdict() == "");
}
