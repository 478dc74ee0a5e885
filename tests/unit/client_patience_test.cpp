// A policy that can wait and read in one call (ReadWait) must not be asked to wait while there is something to send.
#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <string>

#include "scripted_socket.hpp"

namespace {

/// The server answers at once, so a wait that finds nothing was in vain.
class WaitingSocket : public ScriptedSocket {
 public:
  smtpoll::IoResult ReadWait(char* into, std::size_t room, smtpoll::Millis at_most) {
    ++waited_reads;
    times += std::to_string(at_most) + " ";
    if (incoming.empty()) {
      ++waits_in_vain;
      now += at_most;
    }
    return ScriptedSocket::Read(into, room);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    return full ? smtpoll::IoResult::TryAgain() : ScriptedSocket::Write(bytes, size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis at_most) {
    waited_for_write = waited_for_write || Includes(what, smtpoll::Readiness::Write);
    full = false;
    return ScriptedSocket::Wait(what, at_most);
  }
  int waited_reads = 0, waits_in_vain = 0;
  std::string times;  // that the waits of ReadWait were allowed to take
  bool full = false;  // it takes no byte, until somebody waits
  bool waited_for_write = false;
};

using Client = smtpoll::BasicSMTPSocket<WaitingSocket>;

}  // namespace

TEST_CASE("SMTPSocket.Poll with a time does not wait between the pieces of a content") {
  for (const std::size_t size : {std::size_t{1000}, std::size_t{20000}, std::size_t{1000000}}) {
    CAPTURE(size);
    Client client;
    WaitingSocket& wire = client.Layer().NextLayer();
    wire.Serve(3);
    client.Address = "mx";
    client.Port = 25;
    for (int i = 0; i < 3; ++i) {
      smtpoll::EmailMessage mail;
      mail.FromAddress = "a@x.org";
      mail.AddRecipient("b@y.org");
      mail.BodyPlainText.assign(size, 'x');
      for (std::size_t at = 60; at < size; at += 61) mail.BodyPlainText[at] = '\n';
      client.Messages.Append(std::move(mail));
    }
    int sent = 0;
    client.MessageSent = [&](const smtpoll::EmailMessage&) { ++sent; };
    client.SendMail();
    for (int calls = 0; client.Poll(1000); ++calls) REQUIRE(calls < 1000);
    CHECK(sent == 3);
    CHECK(wire.waited_reads != 0);
    CHECK(wire.waits_in_vain == 0);
    CHECK(wire.waits <= 1);  // for the connection
  }
}

TEST_CASE("SMTPSocket.Poll with a time waits a second at most in one call, and not beyond a deadline") {
  ScriptedSocket::now = 0;
  Client client;
  WaitingSocket& wire = client.Layer().NextLayer();
  client.Address = "mx";
  client.Port = 25;
  client.Timeouts.greeting = 2500;
  client.Connect();
  for (int calls = 0; client.Poll(10000); ++calls) REQUIRE(calls < 1000);
  CHECK(wire.times == "1000 1000 500 ");
  CHECK(ScriptedSocket::now == 2500);
  CHECK(client.LastErrorCode() == static_cast<int>(smtpoll::Errc::TimedOut));
}

TEST_CASE("SMTPSocket.Poll with a time waits for writing, not in a read, while the wire takes nothing") {
  Client client;
  WaitingSocket& wire = client.Layer().NextLayer();
  wire.Serve(0);
  client.Address = "mx";
  client.Port = 25;
  client.ConnectionEstablished = [&](const std::string&) {
    wire.full = true;
    wire.waited_for_write = false;
  };
  client.Connect();
  for (int calls = 0; client.Poll(1000); ++calls) REQUIRE(calls < 1000);
  CHECK(client.IsConnected());
  CHECK(wire.sent.rfind("EHLO ", 0) == 0);
  CHECK(wire.waited_for_write);
  CHECK(wire.waits_in_vain == 0);
}

TEST_CASE("SMTPSocket.Poll with a time does not wait for a server that it can no longer write to") {
  Client client;
  WaitingSocket& wire = client.Layer().NextLayer();
  wire.Serve(0);
  client.Address = "mx";
  client.Port = 25;
  client.ConnectionEstablished = [&](const std::string&) { wire.fail_write = 32; };
  client.Connect();
  for (int calls = 0; client.Poll(1000); ++calls) REQUIRE(calls < 1000);
  CHECK(client.LastErrorCode() == static_cast<int>(smtpoll::Errc::ConnectionLost));
  CHECK(wire.waits_in_vain == 0);
}

TEST_CASE("SMTPSocket.Poll with a time asks a source that has nothing now again soon, and does not wait in a read") {
  ScriptedSocket::now = 0;
  Client client;
  WaitingSocket& wire = client.Layer().NextLayer();
  wire.Serve(1);
  client.Address = "mx";
  client.Port = 25;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "a@x.org";
  mail.AddRecipient("b@y.org");
  smtpoll::EmailAttachment attachment;
  attachment.Name = "slow.bin";
  int asked = 0;
  attachment.LoadFromCallback(
      [&](char* into, std::size_t) {
        if (++asked <= 5) return smtpoll::SourceResult{0, smtpoll::SourceStatus::Again};
        *into = 'x';
        return smtpoll::SourceResult{1, smtpoll::SourceStatus::End};
      },
      1);
  mail.Attachments.Append(attachment);
  client.Messages.Append(mail);
  int sent = 0;
  client.MessageSent = [&](const smtpoll::EmailMessage&) { ++sent; };
  client.SendMail();
  for (int calls = 0; client.Poll(1000); ++calls) REQUIRE(calls < 1000);
  CHECK(sent == 1);
  CHECK(asked == 6);
  CHECK(wire.waits_in_vain == 0);
  CHECK(ScriptedSocket::now <= 100);
}
