#include "smtpoll/pop3/events.hpp"

#include <doctest/doctest.h>

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
