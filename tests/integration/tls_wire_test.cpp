// What may happen on the wire before, during and after a handshake: servers that do not encrypt, that are interfered
// with, that stall or end. Wherever TLS does not come about, the server has seen no credential and no message.
#include "tls_bench.hpp"

using namespace tls;

namespace {

constexpr const char* kGreeted = "EHLO me.example.org\r\nSTARTTLS\r\n";

/// Connects by STARTTLS to `server`, which does not let it come about.
smtpoll::Error RefusedBy(Server& server, Errc code) {
  Client client(false);
  const smtpoll::Error error = client.Connect(server);
  INFO(ToString(error));
  CHECK(error.Code() == code);
  CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Queued);
  CHECK(server.SawNothingSecret());
  return error;
}

/// Sends a message through `socket` until nothing is left to do; the error it ended with, if any.
smtpoll::Error Drive(MailSocket& socket) {
  smtpoll::Error error;
  socket.Error = [&](const smtpoll::Error& told) { error = told; };
  socket.SendMail();
  while (socket.Poll(kPatience)) continue;
  return error;
}

}  // namespace

TEST_CASE("TLS: STARTTLS and implicit TLS carry credentials and a message") {
  for (const bool implicit : {false, true}) {
    Server server({{"mode", implicit ? "tls" : "starttls"}, {"after", kOffersAuth}});
    Client client(implicit);
    REQUIRE_FALSE(client.Connect(server));
    CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Sent);
    client.session.Quit();
    CHECK(server.Plain() == (implicit ? "" : kGreeted));
    const std::string saw = server.Saw();
    CHECK(saw.find("AUTH PLAIN AGFsaWNlAG9wZW4tc2VzYW1l\r\n") != std::string::npos);
    CHECK(saw.find("Top secret\r\n.\r\nQUIT\r\n") != std::string::npos);
    // And on the wire there is nothing of it.
    CHECK(client.session.Layer().NextLayer().sent.find("AUTH") == std::string::npos);
  }
}

TEST_CASE("RFC 3207 4: STARTTLS that is not offered, or was taken out of the offer, is an error") {
  Server server({{"mode", "starttls"}, {"offer", "0"}, {"before", kOffersAuth}});
  RefusedBy(server, Errc::TlsRefused);
  CHECK(server.Saw() == "EHLO me.example.org\r\nQUIT\r\n");
}

TEST_CASE("RFC 3207 4: STARTTLS that is refused is an error with the server's words") {
  for (const char* answer : {"454 4.7.0 TLS not available\r\n", "502 5.5.1 not implemented\r\n", "501 5.5.4 no\r\n"}) {
    Server server({{"mode", "starttls"}, {"answer", answer}, {"before", kOffersAuth}});
    const smtpoll::Error error = RefusedBy(server, Errc::TlsRefused);
    CHECK(error.reply_code == std::atoi(answer));
    CHECK(error.phase == smtpoll::Phase::Tls);
  }
}

TEST_CASE("RFC 3207 4.2: plain text behind the 220 is an error, and never taken for what came encrypted") {
  for (const char* injected : {"250 mx.example.org\r\n", "250-mx\r\n250 AUTH PLAIN\r\n", "2"}) {
    Server server({{"mode", "starttls"}, {"answer", "220 go\r\n" + std::string(injected)}, {"after", kOffersAuth}});
    RefusedBy(server, Errc::UnexpectedReply);
  }
}

TEST_CASE("RFC 3207 4.2: plain text that comes later than the 220 spoils the handshake") {
  Server server({{"mode", "starttls"}, {"spoil", "250 mx.example.org\r\n"}});
  RefusedBy(server, Errc::TlsHandshake);
}

TEST_CASE("RFC 3207 4.2: what was offered before TLS is forgotten") {
  Server server({{"mode", "starttls"}, {"before", "SIZE 10\nAUTH PLAIN\nCHUNKING\nSMTPUTF8"}, {"after", "8BITMIME"}});
  Client client(false);
  client.session.UserName.clear();
  REQUIRE_FALSE(client.Connect(server));
  const smtpoll::Capabilities& offers = client.session.ServerCapabilities();
  CHECK(offers.Has(smtpoll::Extension::EightBitMime));
  CHECK_FALSE(offers.Has(smtpoll::Extension::Size));
  CHECK_FALSE(offers.Has(smtpoll::Extension::Chunking));
  CHECK_FALSE(offers.Has(smtpoll::Extension::SmtpUtf8));
  CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Sent);
}

TEST_CASE("RFC 3207 4.2: mechanisms that were offered before TLS do not count") {
  Server server({{"mode", "starttls"}, {"before", kOffersAuth}});
  RefusedBy(server, Errc::AuthenticationUnavailable);
}

TEST_CASE("TLS: Opportunistic does not fall back to plain text where the handshake fails") {
  Server server({{"mode", "starttls"}, {"cert", "stranger"}});
  Client client(false);
  client.session.UserName.clear();
  client.session.Security = smtpoll::Security::Opportunistic;
  CHECK(client.Connect(server).Code() == Errc::CertificateUntrusted);
  CHECK(server.Saw() == kGreeted);
}

TEST_CASE("TLS: implicit TLS to a port that speaks plain SMTP is said, and does not hang") {
  Server server({{"mode", "plain"}});
  Client client(true);
  const smtpoll::Error error = client.Connect(server);
  INFO(ToString(error));
  CHECK(error.Code() == Errc::TlsHandshake);
  CHECK(Says(error, "STARTTLS"));
  CHECK(server.SawNothingSecret());
}

TEST_CASE("TLS: STARTTLS to a port that speaks TLS first ends in a time-out that says so") {
  Server server({{"mode", "tls"}});
  Client client(false);
  client.session.Timeouts.greeting = 300;
  const smtpoll::Error error = client.Connect(server);
  INFO(ToString(error));
  CHECK(error.Code() == Errc::TimedOut);
  CHECK(error.phase == smtpoll::Phase::Greeting);
  CHECK(Says(error, "SSLTLS"));
  CHECK(server.Saw().empty());
}

TEST_CASE("TLS: garbage in the place of the handshake is an error") {
  for (const char* garbage : {"\x01\x02\x03\x04\x05\x06\x07\x08", "\x16\x03\x03\x7f\x7f", "HTTP/1.1 400 no\r\n\r\n",
                              "\x15\x03\x03\x01\x02\x02\x28", "\x16\x03\x03\x01\x04\x02\x01\x01\x01\x01\x01\x01"}) {
    Server server({{"mode", "starttls"}, {"spoil", garbage}});
    Client client(false);
    client.session.Timeouts.tls = 500;
    const smtpoll::Error error = client.Connect(server);
    INFO(ToString(error));
    CHECK(error.phase == smtpoll::Phase::Tls);
    // A record that claims to be longer is waited for.
    CHECK((error.Code() == Errc::TlsHandshake || error.Code() == Errc::TimedOut));
    CHECK(server.SawNothingSecret());
  }
}

TEST_CASE("RFC 8446 6.1: a server that ends TLS in order in the middle of the handshake is a lost connection") {
  Server server({{"mode", "starttls"}, {"spoil", std::string("\x15\x03\x03\x00\x02\x01\x00", 7)}});
  const smtpoll::Error error = RefusedBy(server, Errc::ConnectionLost);
  CHECK(error.phase == smtpoll::Phase::Tls);
  if (!SchannelCannot("wine does not tell of a close_notify")) CHECK(Says(error, "the server ended TLS"));
}

TEST_CASE("TLS: a handshake that stalls anywhere ends in a time-out") {
  for (const char* bytes : {"1", "5", "100", "700"}) {
    for (const bool implicit : {false, true}) {
      Server server({{"mode", implicit ? "tls" : "starttls"}, {"stall", bytes}, {"after", kOffersAuth}});
      Client client(implicit);
      client.session.Timeouts.tls = 200;
      const smtpoll::Error error = client.Connect(server);
      CHECK(error.Code() == Errc::TimedOut);
      CHECK(error.phase == smtpoll::Phase::Tls);
      CHECK(server.SawNothingSecret());
    }
  }
}

TEST_CASE("TLS: a server that closes during the handshake is an error that says so") {
  for (const char* bytes : {"1", "5", "100", "700"}) {
    Server server({{"mode", "starttls"}, {"cut", bytes}, {"after", kOffersAuth}});
    Client client(false);
    const smtpoll::Error error = client.Connect(server);
    INFO(ToString(error));
    CHECK(error.Code() == Errc::ConnectionLost);
    CHECK(error.phase == smtpoll::Phase::Tls);
    CHECK(server.SawNothingSecret());
  }
}

TEST_CASE("TLS: handshake and message byte by byte, and each second call without a byte") {
  for (const bool implicit : {false, true}) {
    Server server({{"mode", implicit ? "tls" : "starttls"}, {"piece", "1"}, {"after", kOffersAuth}});
    MailSocket socket;
    Prepare(socket);
    socket.Address = "mx.example.org";
    socket.Port = server.Port();
    if (implicit) socket.SMTPConnectionType = MailSocket::SMTPConnectionTypes::SSLTLS;
    LocalSocket& wire = socket.Layer().NextLayer();
    wire.piece = 1;
    wire.every_second_again = true;
    bool was_connecting = false, was_connected = false;
    socket.Messages.Append(SecretMail());
    smtpoll::Error error;
    socket.Error = [&](const smtpoll::Error& told) { error = told; };
    int sent = 0;
    socket.MailSent = [&] { ++sent; };
    socket.SendMail();
    // No step waits: what cannot be done yet is left to the next one.
    for (const smtpoll::Millis end = MailSocket::Now() + 3 * kPatience; socket.Poll() && MailSocket::Now() < end;) {
      was_connecting = was_connecting || socket.SSLConnecting();
      was_connected = was_connected || socket.SSLConnected();
      CHECK_FALSE((socket.SSLConnecting() && socket.SSLConnected()));
    }
    CHECK(wire.waits == 0);
    CHECK(sent == 1);
    CHECK_FALSE(error);
    CHECK(was_connecting);
    CHECK(was_connected);
    CHECK_FALSE(socket.SSLConnected());
    CHECK(server.Saw().find("Top secret\r\n.\r\nQUIT\r\n") != std::string::npos);
  }
}

TEST_CASE("TLS: one wrong bit anywhere in what the server says lets nothing out that it should not have") {
  int errors = 0;
  for (int at = 0; at < 1500; at += 61) {
    CAPTURE(at);
    Server server({{"mode", "starttls"}, {"flip", std::to_string(at)}, {"after", kOffersAuth}});
    Client client(false);
    client.session.Timeouts.tls = client.session.Timeouts.hello = 150;
    const smtpoll::Error error = client.Connect(server);
    if (error) {
      ++errors;
      CHECK_FALSE(client.session.IsConnected());
      CHECK(server.SawNothingSecret());
    } else {
      // Not all bytes of a record's head mean something.
      CHECK(client.session.Noop());
    }
    client.session.Close();
  }
  CHECK(errors > 12);
}

TEST_CASE("TLS: a wire that is cut without close_notify is a lost connection, before the content and after it") {
  struct Case {
    const char* at;
    smtpoll::Outcome outcome;
  };
  for (const Case& cut : {Case{"on.MAIL", smtpoll::Outcome::Queued}, Case{"on.DATA", smtpoll::Outcome::Queued},
                          Case{"on.CONTENT", smtpoll::Outcome::InDoubt}}) {
    CAPTURE(cut.at);
    Server server({{"mode", "starttls"}, {cut.at, "cut"}});
    Client client(false);
    client.session.UserName.clear();
    REQUIRE_FALSE(client.Connect(server));
    const smtpoll::SendResult& result = client.session.Send(SecretMail());
    CHECK(result.outcome == cut.outcome);
    CHECK(result.error.Code() == Errc::ConnectionLost);
  }
}

TEST_CASE("TLS: a server that cuts the wire is not taken for one that ends in order") {
  for (const bool in_order : {false, true}) {
    if (in_order && SchannelCannot("wine does not tell of a close_notify")) continue;
    CAPTURE(in_order);
    Server cutting({{"mode", "tls"}, {"by", "python"}, {"on.NOOP", in_order ? "end" : "cut"}});
    Client client(true);
    client.session.UserName.clear();
    REQUIRE_FALSE(client.Connect(cutting));
    const smtpoll::CommandResult result = client.session.Noop();
    INFO(ToString(result.error));
    CHECK(result.error.Code() == Errc::ConnectionLost);
    CHECK(Says(result.error, "cut") == !in_order);
  }
}

TEST_CASE("TLS: the client ends with close_notify") {
  Server server({{"mode", "starttls"}});
  Client client(false);
  client.session.UserName.clear();
  REQUIRE_FALSE(client.Connect(server));
  client.session.Quit();
  CHECK(server.Saw().find("QUIT") != std::string::npos);
  CHECK(server.Info().find("unexpected eof") == std::string::npos);
}

TEST_CASE("TLS: closed or destroyed in the middle of a handshake, and used again") {
  Server stalling({{"mode", "starttls"}, {"stall", "50"}});
  Server good({{"mode", "starttls"}, {"after", kOffersAuth}});
  MailSocket socket;
  Prepare(socket);
  {
    MailSocket abandoned;
    Prepare(abandoned);
    for (MailSocket* one : {&socket, &abandoned}) {
      one->Address = "mx.example.org";
      one->Port = stalling.Port();
      one->Connect();
      while (!one->SSLConnecting()) REQUIRE(one->Poll(kPatience));
    }
  }
  socket.Close();
  CHECK_FALSE(socket.SSLConnecting());
  socket.Port = good.Port();
  socket.Messages.Append(SecretMail());
  CHECK_FALSE(Drive(socket));
  CHECK(good.Saw().find("Top secret") != std::string::npos);
}
