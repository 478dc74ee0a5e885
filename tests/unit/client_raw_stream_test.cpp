#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include "faulty_calls.hpp"

using smtpoll::SMTPSocket;

namespace {

/// Two connected raw streams: `server` came in through Listen, `client` speaks through its idle mail session.
struct Pair {
  Pair() {
    server.Listen();
    client.Address = "127.0.0.1";
    client.Port = server.Port;
    server.ConnectionEstablished = [this](const std::string& greeting) {
      CHECK(greeting.empty());
      CHECK(server.Write("220 hi\r\n"));
    };
    server.Error = [this](const smtpoll::Error& error) { server_error = error.ErrorNumber; };
    client.Error = [this](const smtpoll::Error& error) { client_error = error.ErrorNumber; };
    client.Connect();
    REQUIRE(RunUntil([this] { return server.Lookahead().find("\r\n") != std::string::npos; }));
    REQUIRE(server.ReadAll().rfind("EHLO ", 0) == 0);
    REQUIRE(server.Write("250 hi\r\n"));
    while (client.Poll()) server.Poll();
    REQUIRE(client.IsConnected());
  }
  template <typename Done>
  bool RunUntil(Done done) {
    for (int i = 0; i < 1000000 && !done(); ++i) {
      server.Poll();
      client.Poll();
    }
    return done();
  }

  SMTPSocket server, client;
  int server_error = 0, client_error = 0;
};

}  // namespace

TEST_CASE("SMTPSocket.Listen") {
  SMTPSocket listener;
  listener.Listen();
  CHECK(listener.Port != 0);
  CHECK_FALSE(listener.IsConnected());
  CHECK(listener.Poll());

  SMTPSocket second;
  second.Port = listener.Port;
  int number = 0;
  second.Error = [&](const smtpoll::Error& error) { number = error.ErrorNumber; };
  second.Listen();
  CHECK(number == 105);
  CHECK(second.LastErrorCode() == 105);
  listener.Listen();
  CHECK(listener.LastErrorCode() == 106);

  Pair pair;
  CHECK(pair.server.IsConnected());
  CHECK(pair.server.RemoteAddress() == "127.0.0.1");
}

TEST_CASE("SMTPSocket.Write") {
  Pair pair;
  CHECK(pair.client.Write("NOOP\r\n"));
  REQUIRE(pair.RunUntil([&] { return pair.server.Lookahead() == "NOOP\r\n"; }));

  SMTPSocket closed;
  CHECK_FALSE(closed.Write("x"));
  CHECK(closed.LastErrorCode() == 106);
  pair.client.SendBufferLimit = 10;
  CHECK_FALSE(pair.client.Write("more than ten bytes"));
  CHECK(pair.client_error == 108);
}

TEST_CASE("SMTPSocket.Read") {
  Pair pair;
  pair.server.Purge();
  pair.client.Write("abcdef");
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 6; }));
  CHECK(pair.server.Read(4) == "abcd");
  CHECK(pair.server.Read(4) == "ef");
  CHECK(pair.server.Read(4).empty());
}

TEST_CASE("SMTPSocket.ReadAll") {
  Pair pair;
  pair.client.Write("abc");
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 3; }));
  CHECK(pair.server.ReadAll() == "abc");
  CHECK(pair.server.ReadAll().empty());
}

TEST_CASE("SMTPSocket.Lookahead") {
  Pair pair;
  pair.client.Write("abc");
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 3; }));
  CHECK(pair.server.Lookahead() == "abc");
  CHECK(pair.server.Read(1) == "a");
  CHECK(pair.server.Lookahead() == "bc");
  CHECK(pair.server.BytesAvailable() == 2);
}

TEST_CASE("SMTPSocket.BytesAvailable") {
  Pair pair;
  CHECK(pair.server.BytesAvailable() == 0);
  pair.client.Write("abc");
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 3; }));
  pair.client.Write("de");
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 5; }));
}

TEST_CASE("SMTPSocket.EndOfFile") {
  Pair pair;
  CHECK(pair.server.EndOfFile());
  pair.client.Write("abc");
  REQUIRE(pair.RunUntil([&] { return !pair.server.EndOfFile(); }));
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 3; }));
  pair.server.Read(2);
  CHECK_FALSE(pair.server.EndOfFile());
  pair.server.Read(1);
  CHECK(pair.server.EndOfFile());
}

TEST_CASE("SMTPSocket.Purge") {
  Pair pair;
  pair.client.Write("def");
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 3; }));
  pair.server.Write("kept");
  pair.server.Purge();
  CHECK(pair.server.BytesAvailable() == 0);
  // The send buffer stays.
  CHECK(pair.server.BytesLeftToSend() == 4);
  REQUIRE(pair.RunUntil([&] { return pair.client.Lookahead() == "kept"; }));
}

TEST_CASE("SMTPSocket.Flush") {
  Pair pair;
  pair.client.Write("abc");
  CHECK(pair.client.BytesLeftToSend() == 3);
  CHECK(pair.client.Flush());
  CHECK(pair.client.BytesLeftToSend() == 0);
  REQUIRE(pair.RunUntil([&] { return pair.server.BytesAvailable() == 3; }));
}

TEST_CASE("SMTPSocket.DataAvailable") {
  Pair pair;
  std::string got;
  pair.server.DataAvailable = [&] { got += pair.server.ReadAll(); };
  pair.client.Write("abc");
  REQUIRE(pair.RunUntil([&] { return got == "abc"; }));
}

TEST_CASE("SMTPSocket.ReceiveBufferLimit bounds memory, and nothing is lost") {
  Pair pair;
  pair.server.ReceiveBufferLimit = 1000;
  const std::string bytes(300000, 'x');
  pair.client.Write(bytes);
  std::string got;
  for (int i = 0; i < 1000000 && got.size() < bytes.size(); ++i) {
    pair.client.Poll();
    pair.server.Poll();
    CHECK(pair.server.BytesAvailable() <= 1000);
    got += pair.server.ReadAll();
  }
  CHECK(got == bytes);
}

TEST_CASE("SMTPSocket.Error: a raw peer that goes away is 102, and what it sent can still be read") {
  Pair pair;
  pair.client.Write("last words");
  REQUIRE(pair.client.Flush());
  pair.client.Close();
  for (int i = 0; i < 1000000 && pair.server_error == 0; ++i) pair.server.Poll();
  CHECK(pair.server_error == 102);
  CHECK_FALSE(pair.server.IsConnected());
  CHECK(pair.server.ReadAll() == "last words");
}

TEST_CASE("SMTPSocket: after raw commands the mail session goes on") {
  Pair pair;
  pair.client.Write("NOOP\r\n");
  REQUIRE(pair.RunUntil([&] { return pair.server.Lookahead() == "NOOP\r\n"; }));
  pair.server.ReadAll();
  pair.server.Write("250 ok\r\n");
  REQUIRE(pair.RunUntil([&] { return pair.client.Lookahead() == "250 ok\r\n"; }));
  pair.client.DisconnectFromServer();
  REQUIRE(pair.RunUntil([&] { return pair.server.Lookahead() == "QUIT\r\n"; }));
}

TEST_CASE("SMTPSocket.Listen: a connection that cannot be taken ends the listening with the system's own number") {
  Scope scope;
  smtpoll::BasicSMTPSocket<smtpoll::BasicTcpSocket<FaultyCalls>> listener;
  SMTPSocket client;
  smtpoll::Error error;
  listener.Error = [&](const smtpoll::Error& one) { error = one; };
  listener.Listen();
  faults.bad_accept = OS_ERROR(EMFILE);
  client.Address = "127.0.0.1";
  client.Port = listener.Port;
  client.Connect();
  for (int i = 0; i < 1000000 && !error; ++i) {
    client.Poll();
    listener.Poll();
  }
  CHECK(error.ErrorNumber == OS_ERROR(EMFILE));
  CHECK(error.phase == smtpoll::Phase::Listen);
  CHECK_FALSE(listener.IsConnected());
}

TEST_CASE("SMTPSocket.SendMail while listening, or on a stream that came in, is not allowed") {
  SMTPSocket listener;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient("bob@y.org");
  listener.Messages.Append(mail);
  listener.Listen();
  listener.SendMail();
  CHECK(listener.LastErrorCode() == 106);

  Pair pair;
  pair.server.Messages.Append(mail);
  pair.server.SendMail();
  CHECK(pair.server_error == 106);
  CHECK(pair.server.IsConnected());
  CHECK(pair.server.Messages.Count() == 1);
}

TEST_CASE("SMTPSocket.Flush where no stream is open goes one step, as Poll does") {
  SMTPSocket closed;
  CHECK(closed.Flush());
}

TEST_CASE("A raw stream with a handler that hides no hook") {
  struct Silent : smtpoll::NoEvents {};
  smtpoll::BasicSMTPSocket<smtpoll::NativeSocket, smtpoll::PlainTransport, Silent> server;
  SMTPSocket client;
  server.Listen();
  client.Address = "127.0.0.1";
  client.Port = server.Port;
  client.Connect();
  for (int i = 0; i < 1000000 && !server.IsConnected(); ++i) {
    server.Poll();
    client.Poll();
  }
  REQUIRE(server.Write("220 hi\r\n"));
  for (int i = 0; i < 1000000 && server.Lookahead().find("\r\n") == std::string::npos; ++i) {
    server.Poll();
    client.Poll();
  }
  CHECK(server.ReadAll().rfind("EHLO ", 0) == 0);
}
