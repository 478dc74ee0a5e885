// The scripted server that users test their own code with: what it takes, what it refuses, and that a test which goes
// wrong ends with a word.
#include "smtpoll/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

using smtpoll::Errc;
using smtpoll::Outcome;
using smtpoll::testing::PretendTls;
using smtpoll::testing::Script;
using smtpoll::testing::ScriptedSocket;

namespace {

using Session = smtpoll::BasicSession<ScriptedSocket>;
using SecureSession = smtpoll::BasicSession<ScriptedSocket, PretendTls>;
using Socket = smtpoll::BasicSMTPSocket<ScriptedSocket>;

smtpoll::EmailMessage Mail(const std::string& text = "Hello\n.\n.dot\n") {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "a@x.org";
  mail.AddRecipient("b@y.org");
  mail.BodyPlainText = text;
  return mail;
}

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Says all of `text`, in as many calls as the socket wants.
void Say(ScriptedSocket& socket, std::string_view text) {
  while (!text.empty()) {
    const smtpoll::IoResult result = socket.Write(text.data(), text.size());
    REQUIRE(result.status == smtpoll::IoStatus::Done);
    text.remove_prefix(result.size);
  }
}

/// All that the server has to say now.
std::string Hear(ScriptedSocket& socket) {
  std::string heard;
  char room[16];
  smtpoll::IoResult result;
  while ((result = socket.Read(room, sizeof room)).status == smtpoll::IoStatus::Done) heard.append(room, result.size);
  CHECK(result.status == smtpoll::IoStatus::Again);
  return heard;
}

/// Sends one mail to what `script` says.
template <typename Client>
smtpoll::SendResult SendOne(Client& client) {
  if (const smtpoll::Error error = client.Connect("test", 25)) {
    smtpoll::SendResult result;
    result.error = error;
    return result;
  }
  smtpoll::SendResult result = client.Send(Mail());
  client.Quit();
  return result;
}

}  // namespace

TEST_CASE("testing::Script: a session by DATA, whole and byte by byte; transparency is undone") {
  for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{1}, std::size_t{3}}) {
    Session session;
    session.Layer().NextLayer().Piece = piece;
    Script& server = session.Layer().NextLayer().Server;
    server.Opening().Expect("MAIL FROM:<a@x.org>").Reply("250 ok").Expect("RCPT TO:<b@y.org>").Reply("250 ok");
    server.Expect("DATA").Reply("354 go").ExpectContent().Reply("250 taken").Quit();
    CHECK(SendOne(session).outcome == Outcome::Sent);
    CHECK_MESSAGE(server.Done(), server.Verdict());
    CHECK(server.Verdict().empty());
    REQUIRE(server.Contents().size() == 1);
    CHECK(EndsWith(server.Contents()[0], "\r\n\r\nHello\r\n.\r\n.dot\r\n"));
    CHECK(server.Lines()[1] == "MAIL FROM:<a@x.org>");
    CHECK(server.Connections() == 1);
  }
}

TEST_CASE("testing::Script: groups and BDAT, whole and byte by byte") {
  for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{1}, std::size_t{3}}) {
    Session session;
    session.Layer().NextLayer().Piece = piece;
    Script& server = session.Layer().NextLayer().Server;
    server.Opening("PIPELINING\nCHUNKING").Expect("MAIL*").Expect("RCPT*").ExpectChunk();
    server.Reply("250 ok").Reply("250 ok").Reply("250 taken").Quit();
    CHECK(SendOne(session).outcome == Outcome::Sent);
    CHECK_MESSAGE(server.Done(), server.Verdict());
    CHECK(server.Verdict().empty());
    REQUIRE(server.Contents().size() == 1);
    CHECK(EndsWith(server.Contents()[0], "\r\n\r\nHello\r\n.\r\n.dot\r\n"));
  }
}

TEST_CASE("testing::Script: content in two chunks comes whole and once, however the wire is cut") {
  Script single, several, replayed;
  single.ExpectChunk().Reply("250 more").ExpectChunk().Reply("250 taken");
  several.ExpectChunks().Reply("250 taken");
  replayed.Replay("> BDAT 7\n> BDAT 8 LAST\n> [15 bytes of content by BDAT]\n< 250 taken\n");
  for (const Script* script : {&single, &several, &replayed}) {
    for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{1}, std::size_t{12}}) {
      ScriptedSocket socket;
      socket.Piece = piece;
      socket.Server = *script;
      REQUIRE(socket.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
      // The line with the dot is content here, and so is what looks like a command.
      Say(socket, "BDAT 7\r\nHello\r\nBDAT 8 LAST\r\n.\r\nBDAT ");
      CHECK(Hear(socket) == (script == &single ? "250 more\r\n250 taken\r\n" : "250 taken\r\n"));
      CHECK_MESSAGE(socket.Server.Done(), socket.Server.Verdict());
      REQUIRE(socket.Server.Contents().size() == 1);
      CHECK(socket.Server.Contents()[0] == "Hello\r\n.\r\nBDAT ");
      CHECK(socket.Server.Lines() == std::vector<std::string>{"BDAT 7", "BDAT 8 LAST"});
    }
  }
  // The second one does not come: what there is is no content yet.
  ScriptedSocket less;
  less.Server = several;
  REQUIRE(less.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
  Say(less, "BDAT 7\r\nHello\r\nRSET\r\n");
  CHECK(less.Server.Contents().empty());
  CHECK(less.Server.Verdict() == "expected: a chunk by BDAT; the client said: RSET");
}

TEST_CASE("testing::Script: content that is empty, or that begins with a dot") {
  for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{1}}) {
    ScriptedSocket socket;
    socket.Piece = piece;
    socket.Server.ExpectContent().Reply("250 one").ExpectContent().Reply("250 two");
    REQUIRE(socket.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
    Say(socket, ".\r\n");
    CHECK(Hear(socket) == "250 one\r\n");
    Say(socket, "..\r\n...\r\n.\r\n");
    CHECK(Hear(socket) == "250 two\r\n");
    CHECK_MESSAGE(socket.Server.Done(), socket.Server.Verdict());
    CHECK(socket.Server.Contents() == std::vector<std::string>{"", ".\r\n..\r\n"});
  }
}

TEST_CASE("testing::Script: the first thing that went wrong is what is told") {
  ScriptedSocket socket;
  socket.Server.Expect("NOOP").Reply("250 ok");
  for (const char* said : {"QUIT\r\n", "RSET\r\n"}) {
    REQUIRE(socket.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
    Say(socket, said);
    CHECK(socket.Server.Fault() == "expected: NOOP; the client said: QUIT");
    char one = 'x';
    CHECK(socket.Write(&one, 1).error == static_cast<int>(Errc::ConnectionLost));
    CHECK(socket.Read(&one, 1).error == static_cast<int>(Errc::ConnectionLost));
  }
  CHECK(socket.Server.Connections() == 2);
  CHECK(socket.Server.Lines() == std::vector<std::string>{"QUIT", "RSET"});
}

TEST_CASE("testing::Script: what is said to a server that has closed or broken the connection is not heard") {
  ScriptedSocket closed;
  closed.Server.Close().Expect("NOOP");
  REQUIRE(closed.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
  char one = 'x';
  CHECK(closed.Read(&one, 1).status == smtpoll::IoStatus::Closed);
  Say(closed, "NOOP\r\n");
  CHECK(closed.Server.Verdict() == "the dialogue ended before: the client says NOOP");

  ScriptedSocket broken;
  broken.Server.Break(104);
  REQUIRE(broken.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
  CHECK(broken.Read(&one, 1).error == 104);
  CHECK(broken.Write(&one, 1).error == static_cast<int>(Errc::ConnectionLost));
  CHECK_MESSAGE(broken.Server.Done(), broken.Server.Verdict());
}

TEST_CASE("testing::Script: what is not expected ends the connection and is told") {
  Session session;
  Script& server = session.Layer().NextLayer().Server;
  server.Opening().Expect("MAIL FROM:<other@x.org>").Reply("250 ok");
  const smtpoll::SendResult result = SendOne(session);
  CHECK(result.outcome == Outcome::Queued);
  CHECK(server.Fault() == "expected: MAIL FROM:<other@x.org>; the client said: MAIL FROM:<a@x.org>");
  CHECK_FALSE(server.Done());

  Session more;
  more.Layer().NextLayer().Server.Opening();
  CHECK(SendOne(more).outcome == Outcome::Queued);
  CHECK(more.Layer().NextLayer().Server.Verdict() == "nothing more was expected; the client said: MAIL FROM:<a@x.org>");

  Session less;
  less.Layer().NextLayer().Server.Opening().Expect("NOOP");
  CHECK_FALSE(less.Connect("test", 25));
  CHECK(less.Layer().NextLayer().Server.Verdict() == "the dialogue ended before: the client says NOOP");

  Session chunk;
  chunk.Layer().NextLayer().Server.Opening().ExpectChunk();
  CHECK(SendOne(chunk).outcome == Outcome::Queued);
  CHECK(chunk.Layer().NextLayer().Server.Fault() == "expected: a chunk by BDAT; the client said: MAIL FROM:<a@x.org>");
}

TEST_CASE("testing::Script: silence, a lost connection and a next one, with SMTPSocket and plain Poll") {
  Socket socket;
  Script& server = socket.Layer().NextLayer().Server;
  int error = 0;
  socket.Error = [&](const smtpoll::Error& told) { error = told.ErrorNumber; };
  socket.Address = "test";
  socket.Port = 25;
  socket.Messages.Append(Mail());
  server.Reply("220 hi").Expect("EHLO *").Wait(3600 * 1000);
  socket.SendMail();
  while (socket.Poll()) continue;
  CHECK(error == static_cast<int>(Errc::TimedOut));

  Socket again;
  Script& next = again.Layer().NextLayer().Server;
  again.Error = socket.Error;
  again.Address = "test";
  again.Port = 25;
  again.Messages.Append(Mail());
  next.Opening().Expect("MAIL*").Wait(1000).Reply("250 ok").Expect("RCPT*").Break(104);
  next.Opening().Expect("MAIL*").Reply("250 ok").Expect("RCPT*").Say("25").Say("0 ok\r\n").Expect("DATA");
  next.Reply("354 go").ExpectContent().Close();
  again.SendMail();
  while (again.Poll()) continue;
  CHECK(error == 104);
  CHECK(again.Messages.Count() == 1);
  again.SendMail();
  while (again.Poll()) continue;
  CHECK(again.InDoubt.Count() == 1);
  CHECK_MESSAGE(next.Done(), next.Verdict());
  CHECK(next.Connections() == 2);

  again.Layer().NextLayer().ConnectError = 111;
  again.Connect();
  while (again.Poll()) continue;
  CHECK(error == 111);
}

TEST_CASE("testing::Script::Replay: a transcript is a script, by DATA and by BDAT, with its secrets hidden") {
  for (const char* keywords : {"AUTH PLAIN", "PIPELINING\nAUTH PLAIN", "PIPELINING\nCHUNKING\nAUTH PLAIN"}) {
    const bool grouped = keywords[0] == 'P', chunks = std::string(keywords).find("CHUNK") != std::string::npos;
    std::string transcript;
    const auto record = [&](smtpoll::Side side, const std::string& line) {
      transcript += (side == smtpoll::Side::Client ? "> " : "< ") + line + "\n";
    };
    const auto prepare = [](Session& session) {
      session.UserName = "alice";
      session.Password = "secret";
      session.AllowPlaintextCredentials = true;
    };
    Session first;
    prepare(first);
    first.Transcript = record;
    Script& server = first.Layer().NextLayer().Server;
    server.Opening(keywords).Expect("AUTH PLAIN AGFsaWNlAHNlY3JldA==").Reply("235 yes").Expect("MAIL*");
    if (!grouped) server.Reply("250 ok");
    server.Expect("RCPT*");
    if (!grouped) server.Reply("250 ok");
    if (chunks)
      server.ExpectChunks();
    else
      server.Expect("DATA");
    if (grouped) server.Reply("250 ok").Reply("250 ok");
    if (!chunks) server.Reply("354 go").ExpectContent();
    server.Reply("250 taken").Quit();
    CHECK(SendOne(first).outcome == Outcome::Sent);
    CHECK_MESSAGE(server.Done(), server.Verdict());
    CHECK(transcript.find("AGFsaWNl") == std::string::npos);

    Session second;
    prepare(second);
    second.Layer().NextLayer().Server.Replay("a remark\n" + transcript);
    CHECK(SendOne(second).outcome == Outcome::Sent);
    CHECK_MESSAGE(second.Layer().NextLayer().Server.Done(), second.Layer().NextLayer().Server.Verdict());
    CHECK(second.Layer().NextLayer().Server.Contents().size() == 1);
  }
}

TEST_CASE("testing::PretendTls: for code that requires TLS") {
  SecureSession session;
  session.Security = smtpoll::Security::Required;
  session.UserName = "alice";
  session.Password = "secret";
  Script& server = session.Layer().NextLayer().Server;
  server.Opening("STARTTLS").Expect("STARTTLS").Reply("220 go").Expect("EHLO *").Reply("250-test\n250 AUTH PLAIN");
  server.Expect("AUTH PLAIN *").Reply("235 yes").Quit();
  CHECK_FALSE(session.Connect("test", 587));
  CHECK(session.SSLConnected());
  session.Quit();
  CHECK_FALSE(session.SSLConnected());
  CHECK_MESSAGE(server.Done(), server.Verdict());
}

TEST_CASE("testing::Script: each step that did not come has its words") {
  struct Case {
    const char* words;
    Script script;
  };
  Script reply, bytes, line, content, chunk, chunks, wait, close, broken;
  reply.Reply("250 ok");
  bytes.Say("25");
  line.Expect("NOOP");
  content.ExpectContent();
  chunk.ExpectChunk();
  chunks.ExpectChunks();
  wait.Wait(1000);
  close.Close();
  broken.Break(104);
  for (const Case& one :
       {Case{"the server says 250 ok", reply}, Case{"the server says 25", bytes}, Case{"the client says NOOP", line},
        Case{"the client sends content", content}, Case{"the client sends a chunk by BDAT", chunk},
        Case{"the client sends a chunk by BDAT", chunks}, Case{"the server is silent for a while", wait},
        Case{"the connection ends", close}, Case{"the connection ends", broken}}) {
    CHECK_FALSE(one.script.Done());
    CHECK(one.script.Verdict() == std::string("the dialogue ended before: ") + one.words);
  }
}

TEST_CASE("testing::Script: what the client says after all that was written down is told") {
  ScriptedSocket socket;
  socket.Server.Reply("220 hi");
  REQUIRE(socket.Connect({"test", 25, {}}).status == smtpoll::IoStatus::Done);
  CHECK(socket.Write("QUI", 3).size == 3);
  CHECK_FALSE(socket.Server.Done());
  CHECK(socket.Server.Verdict() == "the client also said: QUI");
  CHECK(socket.Write("T\r\n", 3).size == 3);
  CHECK_FALSE(socket.Server.Done());
  CHECK(socket.Server.Verdict() == "nothing more was expected; the client said: QUIT");
}

TEST_CASE("testing::Script: a transcript without its last line end, with CRLF, and with other words between") {
  Session session;
  Script& server = session.Layer().NextLayer().Server;
  server.Replay("connected\r\n\r\n\n?\r\n< 220 hi\r\n> EHLO *\r\n< 250 test\r\n> QUIT\r\n< 221 bye");
  CHECK_FALSE(session.Connect("test", 25));
  session.Quit();
  CHECK(server.Verdict() == "");
}

TEST_CASE("testing::ScriptedSocket: the clock moves by a wait for nothing, and a little by any other") {
  ScriptedSocket socket;
  smtpoll::Millis before = ScriptedSocket::Now();
  CHECK(socket.Wait(smtpoll::Readiness::None, 3600 * 1000) == smtpoll::Readiness::None);
  CHECK(ScriptedSocket::Now() - before == 3600 * 1000);
  for (const smtpoll::Readiness what : {smtpoll::Readiness::None, smtpoll::Readiness::Read}) {
    before = ScriptedSocket::Now();
    CHECK(socket.Wait(what, -1) == what);
    CHECK(ScriptedSocket::Now() - before > 0);
    CHECK(ScriptedSocket::Now() - before <= 1000);
  }
}

TEST_CASE("testing::ScriptedSocket and PretendTls have all that their policies ask for") {
  ScriptedSocket socket;
  char one = 'x';
  CHECK(socket.NativeHandle() == ScriptedSocket::kNoHandle);
  CHECK(socket.LocalAddress(&one, 1) == 0);
  CHECK(socket.Write(&one, 1).error == static_cast<int>(Errc::ConnectionLost));
  CHECK(socket.Read(&one, 1).status == smtpoll::IoStatus::Closed);
  CHECK(socket.ConnectStep().status == smtpoll::IoStatus::Done);
  CHECK(socket.ConnectWants() == smtpoll::Readiness::Write);
  const PretendTls<ScriptedSocket> wire;
  CHECK(wire.Wants() == smtpoll::Readiness::None);
  CHECK(wire.NextLayer().NativeHandle() == ScriptedSocket::kNoHandle);
}
