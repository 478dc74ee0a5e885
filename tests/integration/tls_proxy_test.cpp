// TLS through real proxies (run_proxies.sh): a proxy is a socket like any other, so what the transport promises holds
// through it. The certificate is for the server, whoever stands in between; the proxy sees no more than anybody.
#include "smtpoll/socket/http_proxy.hpp"

#include "proxy_ports.hpp"
#include "smtpoll/socket/socks5_proxy.hpp"
#include "tls_bench.hpp"

using namespace tls;
using smtpoll::HttpConnectProxy;
using smtpoll::NativeSocket;
using smtpoll::Socks5Proxy;

namespace {

/// A client through a proxy, to `server` by the name or address `host`.
template <typename Proxy>
struct Through {
  using Session = smtpoll::BasicSession<Proxy, TestedTransport>;

  Through(const smtpoll::ProxySettings& proxy, bool implicit) {
    Prepare(session);
    session.Layer().NextLayer().Proxy = proxy;
    if (implicit) session.SMTPConnectionType = Session::SMTPConnectionTypes::SSLTLS;
  }
  Session session;
};

template <typename Proxy>
void Try(const smtpoll::ProxySettings& open, const smtpoll::ProxySettings& locked) {
  for (const bool implicit : {false, true}) {
    CAPTURE(implicit);
    const char* const mode = implicit ? "tls" : "starttls";
    for (const smtpoll::ProxySettings& proxy : {open, locked}) {
      for (const char* host : {"localhost", "127.0.0.1"}) {
        Server server({{"mode", mode}, {"after", kOffersAuth}});
        Through<Proxy> client(proxy, implicit);
        const smtpoll::Error error = client.session.Connect(host, server.Port());
        INFO(ToString(error));
        REQUIRE_FALSE(error);
        CHECK(client.session.Layer().Secured());
        CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Sent);
        client.session.Quit();
        CHECK(server.Saw().find("Top secret") != std::string::npos);
        CHECK(server.Plain().find("AUTH") == std::string::npos);
      }
    }
    // The name in the certificate has to be the server's.
    Server elsewhere({{"mode", mode}, {"cert", "elsewhere"}, {"before", kOffersAuth}});
    CHECK(Through<Proxy>(open, implicit).session.Connect("localhost", elsewhere.Port()).Code() ==
          Errc::CertificateName);
    CHECK(elsewhere.SawNothingSecret());
    // A proxy that refuses is an error of connecting, and nothing was said to the server.
    Server unreached({{"mode", mode}});
    smtpoll::ProxySettings wrong = locked;
    wrong.Password = "closed-sesame";
    const smtpoll::Error refused = Through<Proxy>(wrong, implicit).session.Connect("localhost", unreached.Port());
    CHECK(refused.Code() == Errc::ProxyAuthentication);
    CHECK(refused.phase == smtpoll::Phase::Connect);
    CHECK(ToString(refused).find("sesame") == std::string::npos);
    CHECK(unreached.Saw().empty());
  }
}

const ProxyPorts& Ports() {
  static const ProxyPorts ports = AwaitProxies();
  return ports;
}

}  // namespace

TEST_CASE("RFC 1928: TLS, by STARTTLS and from the first byte on, through a SOCKS5 proxy") {
  Try<Socks5Proxy<NativeSocket>>(ProxyAt(Ports().socks), ProxyAt(Ports().socks_with_login, "joe", "open-sesame"));
}

TEST_CASE("RFC 9110 9.3.6: TLS, by STARTTLS and from the first byte on, through an HTTP proxy") {
  Try<HttpConnectProxy<NativeSocket>>(ProxyAt(Ports().http), ProxyAt(Ports().http_with_login, "joe", "open-sesame"));
}

TEST_CASE("One proxy through another, and TLS over both, driven by Poll") {
  Server server({{"mode", "tls"}, {"after", kOffersAuth}});
  smtpoll::BasicSMTPSocket<Socks5Proxy<HttpConnectProxy<NativeSocket>>, TestedTransport> socket;
  Prepare(socket);
  socket.Layer().NextLayer().Proxy = ProxyAt(Ports().socks_with_login, "joe", "open-sesame");
  socket.Layer().NextLayer().NextLayer().Proxy = ProxyAt(Ports().http_with_login, "joe", "open-sesame");
  socket.SMTPConnectionType = decltype(socket)::SMTPConnectionTypes::SSLTLS;
  socket.Address = "localhost";
  socket.Port = server.Port();
  socket.Messages.Append(SecretMail());
  socket.SendMail();
  while (socket.Poll(kPatience)) continue;
  CHECK(socket.LastErrorCode() == 0);
  CHECK(server.Saw().find("Top secret") != std::string::npos);
}
