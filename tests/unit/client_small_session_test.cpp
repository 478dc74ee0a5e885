#include "smtpoll/client/small_session.hpp"

#include <doctest/doctest.h>

#include <string>

#include "heap_watch.hpp"
#include "memory_wire.hpp"
#include "scripted_socket.hpp"

using smtpoll::Errc;
using smtpoll::MailboxView;
using smtpoll::MessageView;
using smtpoll::Outcome;

namespace {

using Session = smtpoll::SmallSession<ScriptedSocket>;

constexpr MailboxView kTo[] = {{"b@y.org"}};
constexpr smtpoll::Endpoint kServer = {"mx", 25, {}};

MessageView Mail() {
  MessageView mail;
  mail.from = {"a@x.org"};
  mail.to = kTo;
  mail.body = "hello\n.\n";
  return mail;
}

smtpoll::SessionOptions Options() {
  smtpoll::SessionOptions options;
  options.client_name = "chip";
  return options;
}

/// All that a session did for one message.
struct Told {
  Outcome result;
  smtpoll::Error error;
  std::string sent;
};

Told Send(Session& session, const MessageView& mail) {
  session.Connect(kServer, Options());
  session.Send(mail);
  session.Quit();
  session.Run();
  return {session.Result(), session.LastError(), session.Layer().NextLayer().sent};
}

}  // namespace

TEST_CASE("A small session connects, sends and quits") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    Session session;
    ScriptedSocket& socket = session.Layer().NextLayer();
    socket.Serve(1);
    socket.piece = piece;
    socket.every_second_again = piece == 7;
    socket.connect_steps = 3;
    socket.wakes_early = true;
    const MessageView mail = Mail();
    const Told told = Send(session, mail);
    CHECK(told.result == Outcome::Sent);
    CHECK(!told.error);
    CHECK(session.RecipientAccepted(0));
    CHECK_FALSE(session.RecipientAccepted(1));
    CHECK_FALSE(session.RecipientAccepted(SIZE_MAX));
    CHECK(told.sent ==
          "EHLO chip\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\n"
          "From: <a@x.org>\r\nTo: <b@y.org>\r\nMIME-Version: 1.0\r\n"
          "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
          "hello\r\n..\r\n.\r\nQUIT\r\n");
    CHECK_FALSE(session.IsConnected());
    CHECK(socket.closes == 1);
  }
}

TEST_CASE("Poll never waits, and says when nothing is left to do") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  CHECK_FALSE(session.Poll());
  socket.connect_steps = 1;
  session.Connect(kServer, Options());
  CHECK(session.Poll());
  CHECK(session.Poll());  // waits for a greeting that does not come
  socket.Serve(2);
  CHECK_FALSE(session.Poll());
  CHECK(session.IsConnected());
  const MessageView mail = Mail();
  for (int i = 0; i < 2; ++i) {
    REQUIRE(session.Send(mail));
    CHECK(session.Result() == Outcome::Queued);
    CHECK_FALSE(session.Send(mail));  // one at a time
    CHECK_FALSE(session.Poll());
    CHECK(session.Result() == Outcome::Sent);
    CHECK(session.IsConnected());
  }
  session.Quit();
  CHECK_FALSE(session.Poll());
  CHECK_FALSE(session.IsConnected());
  CHECK(socket.waits == 0);
}

TEST_CASE("To, Cc and Bcc are one envelope, and each recipient's answer is told") {
  const MailboxView cc[] = {{"c@y.org"}}, bcc[] = {{"d@y.org"}};
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  socket.incoming = "220 mx\r\n";
  socket.On("EHLO ", "250-mx\r\n250 PIPELINING\r\n");
  socket.On("MAIL ", "250 ok\r\n");
  socket.On("RCPT TO:<b@y.org>", "250 ok\r\n");
  socket.On("RCPT TO:<c@y.org>", "550 5.1.1 nobody\r\n");
  socket.On("RCPT TO:<d@y.org>", "250 ok\r\n");
  socket.On("DATA", "354 go\r\n");
  socket.On(".", "250 ok\r\n");
  socket.On("QUIT", "221 bye\r\n");
  MessageView mail = Mail();
  mail.cc = cc;
  mail.bcc = bcc;
  const Told told = Send(session, mail);
  CHECK(told.result == Outcome::Sent);
  CHECK(session.RecipientAccepted(0));
  CHECK_FALSE(session.RecipientAccepted(1));
  CHECK(session.RecipientAccepted(2));
  CHECK(told.sent.find("d@y.org") == told.sent.rfind("d@y.org"));  // no header says so
}

namespace {

/// The content of Mail() with a large attachment.
std::string Content(const MessageView& mail) {
  smtpoll::MessageViewSource source;
  source.Open(mail);
  std::string content(static_cast<std::size_t>(source.Size()), '\0');
  CHECK(source.Read(&content[0], content.size()).size == content.size());
  return content;
}

/// A server that takes content by BDAT (RFC 3030), whatever the pieces in which it comes.
class ChunkServer : public ScriptedSocket {
 public:
  std::string content;
  int chunks = 0;

  smtpoll::IoResult Connect(const smtpoll::Endpoint& to) {
    incoming = "220 mx\r\n";
    return ScriptedSocket::Connect(to);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    for (const char c : std::string_view(bytes, size)) Take(c);
    return smtpoll::IoResult::Ok(size);
  }

 private:
  void Take(char c) {
    if (left_ != 0) {
      content += c;
      if (--left_ == 0) incoming += "250 ok\r\n";
      return;
    }
    line_ += c;
    if (c != '\n') return;
    if (line_.compare(0, 5, "BDAT ") == 0) {
      left_ = std::stoul(line_.substr(5));
      ++chunks;
    } else {
      incoming += line_[0] == 'E' ? "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n" : "250 ok\r\n";
    }
    line_.clear();
  }

  std::string line_;
  std::size_t left_ = 0;
};

}  // namespace

TEST_CASE("A message larger than the buffers goes by DATA") {
  const std::string data(20000, '\xfe');
  const smtpoll::AttachmentView attachments[] = {{"a.bin", data}};
  MessageView mail = Mail();
  mail.attachments = attachments;
  Session session;
  session.Layer().NextLayer().Serve(1);
  const Told told = Send(session, mail);
  CHECK(told.result == Outcome::Sent);
  const std::size_t begin = told.sent.find("DATA\r\n") + 6;
  std::string got = told.sent.substr(begin, told.sent.rfind("\r\n.\r\n") + 2 - begin);
  for (std::size_t at = got.find("\r\n.."); at != std::string::npos; at = got.find("\r\n..", at + 3))
    got.erase(at + 2, 1);
  CHECK((got == Content(mail)));
}

TEST_CASE("RFC 3030: a message larger than the buffers goes by BDAT") {
  const std::string data(20000, '\xfe');
  const smtpoll::AttachmentView attachments[] = {{"a.bin", data}};
  MessageView mail = Mail();
  mail.attachments = attachments;
  smtpoll::SmallSession<ChunkServer> session;
  session.Connect(kServer, Options());
  session.Send(mail);
  session.Quit();
  session.Run();
  CHECK(session.Result() == Outcome::Sent);
  const ChunkServer& server = session.Layer().NextLayer();
  CHECK(server.chunks > 20);
  CHECK((server.content == Content(mail)));
}

TEST_CASE("A message that cannot be sent safely is refused, and the session goes on") {
  Session session;
  session.Layer().NextLayer().Serve(1);
  session.Connect(kServer, Options());
  MessageView bad = Mail();
  bad.subject = "a\r\nBcc: x@y.org";
  CHECK(session.Send(bad));
  CHECK(session.Result() == Outcome::Refused);
  CHECK(session.LastError().Code() == Errc::InvalidMessage);
  CHECK(session.LastError().text.View() == "Subject: a line break or another control character");
  const MailboxView many[5] = {{"a@x"}, {"b@x"}, {"c@x"}, {"d@x"}, {"e@x"}};
  bad = Mail();
  bad.to = many;
  CHECK(session.Send(bad));
  CHECK(session.LastError().text.View() == "To: more recipients than Limits::kRecipients");
  const MessageView good = Mail();
  CHECK(session.Send(good));
  session.Quit();
  session.Run();
  CHECK(session.Result() == Outcome::Sent);
  CHECK(!session.LastError());
  CHECK(session.Layer().NextLayer().sent.find("x@y.org") == std::string::npos);
}

TEST_CASE("RFC 1870 6.3: a message above the server's SIZE is not tried, and the session quits all the same") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  socket.incoming = "220 mx\r\n";
  socket.On("EHLO ", "250-mx\r\n250 SIZE 100\r\n");
  socket.On("QUIT", "221 bye\r\n");
  const MessageView mail = Mail();
  const Told told = Send(session, mail);
  CHECK(told.result == Outcome::Refused);
  CHECK(told.error.Code() == Errc::MessageTooLarge);
  CHECK(told.sent == "EHLO chip\r\nQUIT\r\n");
}

TEST_CASE("The server's refusal is told with its reply") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  socket.incoming = "220 mx\r\n";
  socket.On("EHLO ", "250 mx\r\n");
  socket.On("MAIL ", "550 5.7.1 not you\r\n");
  socket.On("RSET", "250 ok\r\n");
  socket.On("QUIT", "221 bye\r\n");
  const MessageView mail = Mail();
  const Told told = Send(session, mail);
  CHECK(told.result == Outcome::Refused);
  CHECK(told.error.Code() == Errc::MessageRefused);
  CHECK(told.error.reply_code == 550);
  CHECK(told.error.enhanced == smtpoll::EnhancedCode{5, 7, 1});
  CHECK(told.error.text.View() == "not you");
}

TEST_CASE("A lost connection leaves a message queued or in doubt, by when it was lost") {
  const std::string told_lost = "the server has all of it, and says nothing";
  for (const char* last : {"MAIL FROM:<a@x.org>", "DATA", "."}) {
    Session session;
    ScriptedSocket& socket = session.Layer().NextLayer();
    socket.Serve(1);
    socket.closes_at = last;
    // The last line is not answered any more.
    ScriptedSocket silent;
    silent.incoming = "220 mx\r\n";
    silent.closes_at = last;
    for (const char* line : {"EHLO ", "MAIL FROM:", "RCPT TO:", "DATA", "."}) {
      if (std::string(last).compare(0, std::string(line).size(), line) == 0) break;
      silent.On(line, line == std::string("DATA") ? "354 go\r\n" : "250 ok\r\n");
    }
    socket = silent;
    const MessageView mail = Mail();
    const Told told = Send(session, mail);
    CHECK_MESSAGE(told.result == (last == std::string(".") ? Outcome::InDoubt : Outcome::Queued), last);
    CHECK(told.error.Code() == Errc::ConnectionLost);
    // The next one is not taken, and does not pass for sent.
    CHECK_FALSE(session.Send(mail));
    CHECK(session.Result() == Outcome::Queued);
    CHECK(session.LastError().Code() == Errc::ConnectionLost);
  }
}

TEST_CASE("A connection that cannot be made, and one that never was") {
  Session session;
  const MessageView mail = Mail();
  CHECK_FALSE(session.Send(mail));
  CHECK(session.LastError().Code() == Errc::InvalidState);
  session.Layer().NextLayer().connect_error = 4711;
  const Told told = Send(session, mail);
  CHECK(told.result == Outcome::Queued);
  CHECK(told.error.ErrorNumber == 4711);
  CHECK(told.error.phase == smtpoll::Phase::Connect);
}

TEST_CASE("A server that says nothing times out") {
  Session session;
  smtpoll::SessionOptions options = Options();
  options.timeouts.greeting = 5000;
  const smtpoll::Millis before = ScriptedSocket::now;
  session.Connect(kServer, options);
  const MessageView mail = Mail();
  session.Send(mail);
  session.Run();
  CHECK(session.Result() == Outcome::Queued);
  CHECK(session.LastError().Code() == Errc::TimedOut);
  CHECK(session.LastError().phase == smtpoll::Phase::Greeting);
  CHECK(ScriptedSocket::now - before == 5000);
}

TEST_CASE("Close in the middle of a message leaves it queued, and the session can connect again") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  session.Connect(kServer, Options());
  const MessageView mail = Mail();
  session.Send(mail);
  CHECK(session.Poll());
  session.Close();
  CHECK(session.Result() == Outcome::Queued);
  CHECK_FALSE(session.Poll());
  socket = ScriptedSocket();
  socket.Serve(1);
  CHECK(Send(session, mail).result == Outcome::Sent);
}

TEST_CASE("A ready-made content with an envelope of the caller's") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  socket.Serve(1);
  smtpoll::MemorySource content("Subject: hi\r\n\r\nbody\r\n");
  const smtpoll::Recipient recipients[] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::Envelope envelope;
  envelope.recipients = recipients;
  session.Connect(kServer, Options());
  CHECK(session.Send(envelope, content));
  session.Quit();
  session.Run();
  CHECK(session.Result() == Outcome::Sent);
  CHECK(socket.sent.find("MAIL FROM:<>\r\n") != std::string::npos);
  CHECK(socket.sent.find("DATA\r\nSubject: hi\r\n\r\nbody\r\n.\r\n") != std::string::npos);
}

TEST_CASE("An envelope of the caller's waits for its turn: not without a connection, not beside another message") {
  Session session;
  smtpoll::MemorySource content("Subject: hi\r\n\r\nbody\r\n");
  const smtpoll::Recipient recipients[] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::Envelope envelope;
  envelope.recipients = recipients;
  CHECK_FALSE(session.Send(envelope, content));
  CHECK(session.LastError().Code() == Errc::InvalidState);
  ScriptedSocket& socket = session.Layer().NextLayer();
  socket.Serve(1);
  session.Connect(kServer, Options());
  const MessageView mail = Mail();
  CHECK(session.Send(mail));
  CHECK_FALSE(session.Send(envelope, content));
  session.Quit();
  session.Run();
  CHECK(session.Result() == Outcome::Sent);
  CHECK(socket.sent.find("Subject: hi") == std::string::npos);
}

TEST_CASE("Quit before the session is ready ends it as soon as it is") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  session.Connect(kServer, Options());
  session.Quit();
  CHECK(session.Poll());
  CHECK(session.IsConnected());
  socket.Serve(0);
  CHECK_FALSE(session.Poll());
  CHECK(socket.sent == "EHLO chip\r\nQUIT\r\n");
  CHECK_FALSE(session.IsConnected());
  CHECK_FALSE(session.LastError());
}

TEST_CASE("A further message while the server is slow to answer RSET goes once it has") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  socket.incoming = "220 mx\r\n";
  socket.On("EHLO ", "250 mx\r\n");
  socket.On("MAIL FROM:", "550 no\r\n");
  session.Connect(kServer, Options());
  const MessageView mail = Mail();
  REQUIRE(session.Send(mail));
  CHECK(session.Poll());
  CHECK(session.Result() == Outcome::Refused);
  REQUIRE(session.Send(mail));
  const std::string sent = socket.sent;
  CHECK(session.Poll());
  CHECK(socket.sent == sent);
  CHECK(sent.rfind("RSET\r\n") == sent.size() - 6);
  for (const char* const command : {"MAIL FROM:", "RCPT TO:"}) socket.On(command, "250 ok\r\n");
  socket.On("DATA", "354 go\r\n");
  socket.On(".", "250 queued\r\n");
  socket.incoming = "250 ok\r\n";
  CHECK_FALSE(session.Poll());
  CHECK(session.Result() == Outcome::Sent);
}

namespace {

/// No connection comes to be, and that is known at once.
class DeadWire : public MemoryWire {
 public:
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) { return smtpoll::IoResult::Fail(4711); }
  smtpoll::IoResult Read(char*, std::size_t) { return smtpoll::IoResult::EndOfFile(); }
  smtpoll::IoResult Write(const char*, std::size_t) { return smtpoll::IoResult::EndOfFile(); }
};

}  // namespace

TEST_CASE("Send behind a Connect that failed at once says why, without a Poll between") {
  smtpoll::SmallSession<DeadWire> session;
  session.Connect(kServer, Options());
  const MessageView mail = Mail();
  CHECK_FALSE(session.Send(mail));
  CHECK(session.Result() == Outcome::Queued);
  CHECK(session.LastError().ErrorNumber == 4711);
  CHECK(session.LastError().phase == smtpoll::Phase::Connect);
  CHECK_FALSE(session.Poll());
}

TEST_CASE("A content of the caller's own that breaks off, and one that is not ready at first") {
  struct Half : smtpoll::Source {
    smtpoll::SourceResult Read(char* into, std::size_t) override {
      if (step++ == 0) return {0, smtpoll::SourceStatus::Again};
      if (step > 3) return {0, breaks ? smtpoll::SourceStatus::Failed : smtpoll::SourceStatus::End};
      *into = 'x';
      return {1, smtpoll::SourceStatus::More};
    }
    bool Rewind() override { return step == 0; }
    std::uint64_t Size() const override { return smtpoll::kUnknownSize; }
    int step = 0;
    bool breaks = false;
  };
  for (const bool breaks : {true, false}) {
    Session session;
    ScriptedSocket& socket = session.Layer().NextLayer();
    socket.Serve(1);
    Half content;
    content.breaks = breaks;
    const smtpoll::Recipient recipients[] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}}};
    smtpoll::Envelope envelope;
    envelope.recipients = recipients;
    session.Connect(kServer, Options());
    CHECK(session.Send(envelope, content));
    session.Quit();
    session.Run();
    CHECK(session.Result() == (breaks ? Outcome::Refused : Outcome::Sent));
    CHECK(session.LastError().Code() == (breaks ? Errc::SourceFailed : Errc::None));
    CHECK(session.LastError().text.empty());
    CHECK((socket.sent.find("DATA\r\nxx\r\n.\r\n") != std::string::npos) == !breaks);
  }
}

TEST_CASE("A small session says what it waits for, until when, and what the server offers") {
  Session session;
  ScriptedSocket& socket = session.Layer().NextLayer();
  CHECK(session.NextDeadline() == smtpoll::kNever);
  socket.incoming = "220 mx ESMTP\r\n";
  socket.On("EHLO ", "250-mx\r\n250 SIZE 1000\r\n");
  const smtpoll::Millis start = ScriptedSocket::Now();
  session.Connect(kServer, Options());
  CHECK(session.NextDeadline() > start);
  CHECK(session.NextDeadline() != smtpoll::kNever);
  while (!session.IsConnected()) session.Poll();
  for (int i = 0; i < 10; ++i) session.Poll();
  CHECK(session.Wants() == smtpoll::Readiness::Read);
  CHECK(session.ServerCapabilities().MaxSize() == 1000);
}

TEST_CASE("A small session asks the heap for nothing, from its making to its end") {
  const std::string data(3000, '\xff');
  const smtpoll::AttachmentView attachments[] = {{"a name.bin", data}};
  MessageView mail = Mail();
  mail.attachments = attachments;
  const smtpoll::SessionOptions options = Options();
  int blocks = -1;
  bool sent = false;
  {
    HeapCount count;
    smtpoll::SmallSession<AcceptingWire> session;
    session.Connect(kServer, options);
    session.Send(mail);
    session.Quit();
    session.Run();
    sent = session.Result() == Outcome::Sent;
    blocks = count.Blocks();
  }
  CHECK(sent);
  CHECK(blocks == 0);
}
