#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "faulty_calls.hpp"
#include "scripted_socket.hpp"

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

/// A wire that takes so many bytes more, and then none now, or fails where `fail_write` is set.
class NarrowSocket : public ScriptedSocket {
 public:
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    if (room == 0 && fail_write == 0) return smtpoll::IoResult::TryAgain();
    const std::size_t most = room == 0 ? size : std::min(size, room);
    const smtpoll::IoResult result = ScriptedSocket::Write(bytes, most);
    room -= std::min(room, result.size);
    return result;
  }
  std::size_t room = SIZE_MAX;
};

/// An idle mail session on a narrow wire, ready for Write.
struct NarrowBench {
  NarrowBench() {
    ScriptedSocket::now = 0;
    client.Address = "mx";
    client.Port = 25;
    client.Error = [this](const smtpoll::Error& error) { told += std::to_string(error.ErrorNumber) + " "; };
    Wire().incoming = "220 mx\r\n";
    Wire().On("EHLO ", "250 mx\r\n");
    client.Connect();
    while (client.Poll()) continue;
    REQUIRE(client.IsConnected());
    Wire().sent.clear();
  }
  NarrowSocket& Wire() { return client.Layer().NextLayer(); }
  smtpoll::BasicSMTPSocket<NarrowSocket> client;
  std::string told;  // the errors
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

TEST_CASE("SMTPSocket.DisconnectFromServer on a stream that came in closes it, without QUIT") {
  Pair pair;
  pair.server.DisconnectFromServer();
  CHECK_FALSE(pair.server.IsConnected());
  CHECK(pair.server_error == 0);
  REQUIRE(pair.RunUntil([&] { return !pair.client.IsConnected(); }));
  CHECK(pair.client_error == 102);
  CHECK(pair.client.ReadAll().empty());
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

TEST_CASE("RawStream: what the wire does not take now waits in its order, and counts against the limit") {
  smtpoll::detail::RawStream stream;
  NarrowSocket wire;
  std::size_t budget = 100;
  CHECK(stream.Queue("abcdef", 8));
  wire.room = 4;
  auto progress = stream.Send(wire, budget);
  CHECK(progress.sent);
  CHECK_FALSE(progress.ended);
  CHECK(stream.Unsent() == 2);
  CHECK(budget == 96);
  CHECK_FALSE(stream.Queue("ghijklm", 8));  // it fits the limit alone
  CHECK(stream.Queue("ghijkl", 8));
  CHECK_FALSE(stream.Queue("m", 8));
  CHECK(stream.Unsent() == 8);

  progress = stream.Send(wire, budget);
  CHECK_FALSE(progress.sent);
  CHECK_FALSE(progress.ended);
  CHECK(stream.Unsent() == 8);
  wire.fail_write = 32;
  progress = stream.Send(wire, budget);
  CHECK_FALSE(progress.sent);
  CHECK(progress.ended);
  CHECK(progress.error == 32);
  CHECK(stream.Unsent() == 8);
  CHECK(wire.sent == "abcd");

  wire.fail_write = 0;
  wire.room = 7;
  budget = 3;
  progress = stream.Send(wire, budget);
  CHECK(progress.sent);
  CHECK(budget == 0);
  CHECK(stream.Unsent() == 1);
  wire.room = 100;
  budget = 100;
  CHECK(stream.Send(wire, budget).sent);
  CHECK(stream.Unsent() == 0);
  CHECK(wire.sent == "abcdefghijkl");
}

TEST_CASE(
    "SMTPSocket.Error: a raw stream whose write fails is told by the read, or at once while nothing can be read") {
  for (const bool deaf : {false, true}) {
    CAPTURE(deaf);
    NarrowBench bench;
    if (deaf) bench.client.ReceiveBufferLimit = 4;
    REQUIRE(bench.client.Write("hello"));
    bench.Wire().room = 2;
    bench.client.Poll();
    CHECK(bench.client.BytesLeftToSend() == 3);
    bench.Wire().incoming = "last words";
    bench.Wire().fail_write = 32;
    bench.Wire().room = 0;
    bench.client.Poll();
    CHECK(bench.client.Lookahead() == (deaf ? "last" : "last words"));
    CHECK(bench.told == (deaf ? "32 " : ""));
    CHECK(bench.client.IsConnected() == !deaf);
    bench.Wire().fail_read = 104;
    bench.client.Poll();
    CHECK(bench.told == (deaf ? "32 " : "104 "));
    CHECK_FALSE(bench.client.IsConnected());
    CHECK(bench.client.BytesLeftToSend() == 0);
    CHECK(bench.client.ReadAll() == (deaf ? "last" : "last words"));
    CHECK(bench.Wire().sent == "he");
  }
}

TEST_CASE("SMTPSocket.Flush and SendMail on a raw stream that the wire does not take now") {
  NarrowBench bench;
  bench.Wire().room = 2;
  REQUIRE(bench.client.Write("NOOP\r\n"));
  CHECK_FALSE(bench.client.Flush());
  CHECK(bench.Wire().sent == "NO");
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient("bob@y.org");
  bench.client.Messages.Append(mail);
  bench.client.SendMail();
  CHECK(bench.told == "106 ");
  CHECK(bench.client.Messages.Count() == 1);
  bench.Wire().room = 100;
  CHECK(bench.client.Flush());
  CHECK(bench.Wire().sent == "NOOP\r\n");

  // The mail session goes on, and the wire takes nothing again.
  bench.Wire().room = 0;
  bench.client.SendMail();
  CHECK_FALSE(bench.client.Flush());
  bench.Wire().room = 100;
  CHECK(bench.client.Flush());
  CHECK(bench.Wire().sent == "NOOP\r\nMAIL FROM:<alice@x.org>\r\n");
}

TEST_CASE("SMTPSocket.SendProgress stops what is left of a raw stream") {
  NarrowBench bench;
  std::string told;
  bench.client.SendProgress = [&](std::size_t left, std::size_t) {
    told += std::to_string(left) + " ";
    return left < 5 && left != 0;
  };
  bench.Wire().room = 2;
  REQUIRE(bench.client.Write("hello"));
  bench.client.Poll();
  bench.client.Poll();
  CHECK(told == "5 3 0 ");
  CHECK(bench.Wire().sent == "he");
  CHECK(bench.client.BytesLeftToSend() == 0);
  CHECK(bench.client.IsConnected());
  CHECK(bench.told.empty());
}
