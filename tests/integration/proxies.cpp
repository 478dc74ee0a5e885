// Sends one message through each real proxy, to the receiver of the examples, and looks at the errors of those that
// refuse. Everything runs on loopback.
//   proxies SOCKS SOCKS_WITH_LOGIN HTTP HTTP_WITH_LOGIN    the four ports of 127.0.0.1; the login is joe / open-sesame
// Exit code 0: all went as it should.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "../examples/receiver.hpp"

namespace {

using smtpoll::Errc;
using smtpoll::HttpConnectProxy;
using smtpoll::NativeSocket;
using smtpoll::Socks5Proxy;

int failures = 0;

void Check(bool holds, const std::string& what, const std::string& seen) {
  std::printf("%s  %s%s%s\n", holds ? "ok    " : "FAILED", what.c_str(), seen.empty() ? "" : ": ", seen.c_str());
  failures += holds ? 0 : 1;
}

smtpoll::ProxySettings At(std::uint16_t port, const std::string& user = {}, const std::string& password = {}) {
  smtpoll::ProxySettings proxy;
  proxy.Address = "127.0.0.1";
  proxy.Port = port;
  proxy.UserName = user;
  proxy.Password = password;
  return proxy;
}

/// The error of sending to host:port, ErrorNumber 0 where the receiver took the message.
template <typename Client>
smtpoll::Error Send(Client& client, Receiver& receiver, const std::string& host, std::uint16_t port) {
  const std::size_t before = receiver.mails.size();
  client.Address = host;
  client.Port = port;
  client.Timeouts.connect = 10000;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "a@test.example";
  mail.AddRecipient("b@test.example");
  mail.Subject = "Through a proxy";
  mail.BodyPlainText = std::string(100000, 'x');
  client.Messages.Append(mail);
  smtpoll::Error error;
  client.Error = [&error](const smtpoll::Error& told) { error = told; };
  client.SendMail();
  while (client.Poll(1)) receiver.Poll();
  const bool came = receiver.mails.size() == before + 1 && receiver.mails.back().content.size() > 100000;
  if (!error && !came) error = smtpoll::Error(Errc::InvalidState, smtpoll::Phase::None, "the message did not arrive");
  return error;
}

template <template <typename> class Proxy>
smtpoll::Error Through(const smtpoll::ProxySettings& proxy, Receiver& receiver, const std::string& host,
                       std::uint16_t port) {
  smtpoll::BasicSMTPSocket<Proxy<NativeSocket>> client;
  client.Layer().NextLayer().Proxy = proxy;
  return Send(client, receiver, host, port);
}

/// Waits until somebody listens on `port`.
void Await(std::uint16_t port) {
  NativeSocket socket;
  const smtpoll::Millis deadline = NativeSocket::Now() + 10000;
  for (;;) {
    smtpoll::IoResult result = socket.Connect({"127.0.0.1", port, {}});
    while (result.status == smtpoll::IoStatus::Again) {
      socket.Wait(socket.ConnectWants(), 1000);
      result = socket.ConnectStep();
    }
    if (result.status == smtpoll::IoStatus::Done) return;
    if (NativeSocket::Now() > deadline) {
      std::printf("FAILED  nobody listens on port %d\n", static_cast<int>(port));
      std::exit(1);
    }
  }
}

/// A port that is free now.
std::uint16_t ClosedPort() {
  NativeSocket socket;
  std::uint16_t port = 0;
  socket.Listen(port, "127.0.0.1");
  return port;
}

template <template <typename> class Proxy>
void Try(const std::string& name, std::uint16_t open, std::uint16_t locked, const std::string& refusal) {
  Receiver receiver;
  receiver.Start();
  const auto check_sent = [&](const std::string& what, const smtpoll::Error& error) {
    Check(!error, name + ", " + what, ToString(error));
  };
  const auto check_failed = [&](const std::string& what, const smtpoll::Error& error, Errc code,
                                const std::string& text) {
    const std::string shown = ToString(error);
    Check(error.Code() == code && error.phase == smtpoll::Phase::Connect && shown.find(text) != std::string::npos &&
              shown.find("sesame") == std::string::npos && receiver.mails.size() == 3,
          name + ", " + what, shown);
  };
  check_sent("by name", Through<Proxy>(At(open), receiver, "localhost", receiver.Port()));
  check_sent("by IPv4 address", Through<Proxy>(At(open), receiver, "127.0.0.1", receiver.Port()));
  check_sent("with a password",
             Through<Proxy>(At(locked, "joe", "open-sesame"), receiver, "localhost", receiver.Port()));
  check_failed("a wrong password",
               Through<Proxy>(At(locked, "joe", "closed-sesame"), receiver, "localhost", receiver.Port()),
               Errc::ProxyAuthentication, "");
  check_failed("no password", Through<Proxy>(At(locked), receiver, "localhost", receiver.Port()),
               Errc::ProxyAuthentication, "");
  check_failed("a server that refuses", Through<Proxy>(At(open), receiver, "127.0.0.1", ClosedPort()),
               Errc::ProxyRefused, refusal);
  // Nobody listens there on IPv6, so that the address must have arrived as one.
  check_failed("an IPv6 address", Through<Proxy>(At(open), receiver, "::1", ClosedPort()), Errc::ProxyRefused, "");
  const std::uint16_t nobody = ClosedPort();
  const smtpoll::Error error = Through<Proxy>(At(nobody), receiver, "localhost", receiver.Port());
  Check(error && error.text.View() == "the proxy cannot be reached", name + ", no proxy", ToString(error));
  // The receiver is the proxy: what speaks another protocol is told from one that refuses.
  check_failed("no proxy but a mail server", Through<Proxy>(At(receiver.Port()), receiver, "localhost", 25),
               Errc::ProxyRefused, "the proxy does not speak");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s SOCKS SOCKS_WITH_LOGIN HTTP HTTP_WITH_LOGIN\n", argv[0]);
    return 2;
  }
  std::uint16_t ports[4];
  for (int i = 0; i < 4; ++i) {
    ports[i] = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    Await(ports[i]);
  }
  Try<Socks5Proxy>("SOCKS5", ports[0], ports[1], "the server refused the SOCKS5 proxy's connection");
  Try<HttpConnectProxy>("HTTP CONNECT", ports[2], ports[3], "HTTP/1.");

  Receiver receiver;
  receiver.Start();
  smtpoll::BasicSMTPSocket<Socks5Proxy<HttpConnectProxy<NativeSocket>>> client;
  client.Layer().NextLayer().Proxy = At(ports[1], "joe", "open-sesame");
  client.Layer().NextLayer().NextLayer().Proxy = At(ports[3], "joe", "open-sesame");
  const smtpoll::Error error = Send(client, receiver, "localhost", receiver.Port());
  Check(!error, "SOCKS5 through HTTP CONNECT", ToString(error));
  return failures == 0 ? 0 : 1;
}
