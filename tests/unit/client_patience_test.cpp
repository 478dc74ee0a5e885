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
    if (incoming.empty()) {
      ++waits_in_vain;
      now += at_most;
    }
    return ScriptedSocket::Read(into, room);
  }
  int waited_reads = 0, waits_in_vain = 0;
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
