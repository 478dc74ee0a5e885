// Sends one message through each real proxy, to the receiver of the examples, and looks at the errors of those that
// refuse. Everything runs on loopback.
// Run by run_proxies.sh. Exit code 0: all went as it should.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <string>

#include "../examples/receiver.hpp"
#include "proxy_ports.hpp"

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
  check_sent("by name", Through<Proxy>(ProxyAt(open), receiver, "localhost", receiver.Port()));
  check_sent("by IPv4 address", Through<Proxy>(ProxyAt(open), receiver, "127.0.0.1", receiver.Port()));
  check_sent("with a password",
             Through<Proxy>(ProxyAt(locked, "joe", "open-sesame"), receiver, "localhost", receiver.Port()));
  check_failed("a wrong password",
               Through<Proxy>(ProxyAt(locked, "joe", "closed-sesame"), receiver, "localhost", receiver.Port()),
               Errc::ProxyAuthentication, "");
  check_failed("no password", Through<Proxy>(ProxyAt(locked), receiver, "localhost", receiver.Port()),
               Errc::ProxyAuthentication, "");
  check_failed("a server that refuses", Through<Proxy>(ProxyAt(open), receiver, "127.0.0.1", ClosedPort()),
               Errc::ProxyRefused, refusal);
  // Nobody listens there on IPv6, so that the address must have arrived as one.
  check_failed("an IPv6 address", Through<Proxy>(ProxyAt(open), receiver, "::1", ClosedPort()), Errc::ProxyRefused, "");
  const std::uint16_t nobody = ClosedPort();
  const smtpoll::Error error = Through<Proxy>(ProxyAt(nobody), receiver, "localhost", receiver.Port());
  Check(error && error.text.View().substr(0, 39) == "the proxy cannot be reached: 127.0.0.1:", name + ", no proxy",
        ToString(error));
  // The receiver is the proxy: what speaks another protocol is told from one that refuses.
  check_failed("no proxy but a mail server", Through<Proxy>(ProxyAt(receiver.Port()), receiver, "localhost", 25),
               Errc::ProxyRefused, "the proxy does not speak");
}

}  // namespace

int main() {
  const ProxyPorts ports = AwaitProxies();
  Try<Socks5Proxy>("SOCKS5", ports.socks, ports.socks_with_login, "the server refused the SOCKS5 proxy's connection");
  Try<HttpConnectProxy>("HTTP CONNECT", ports.http, ports.http_with_login, "HTTP/1.");

  Receiver receiver;
  receiver.Start();
  smtpoll::BasicSMTPSocket<Socks5Proxy<HttpConnectProxy<NativeSocket>>> client;
  client.Layer().NextLayer().Proxy = ProxyAt(ports.socks_with_login, "joe", "open-sesame");
  client.Layer().NextLayer().NextLayer().Proxy = ProxyAt(ports.http_with_login, "joe", "open-sesame");
  const smtpoll::Error error = Send(client, receiver, "localhost", receiver.Port());
  Check(!error, "SOCKS5 through HTTP CONNECT", ToString(error));
  return failures == 0 ? 0 : 1;
}
