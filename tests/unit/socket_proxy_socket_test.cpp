#include "smtpoll/socket/proxy_socket.hpp"

#include <doctest/doctest.h>

#include <string>

#include "proxy_script.hpp"
#include "smtpoll/base/error_category.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/socket/http_proxy.hpp"
#include "smtpoll/socket/socks5_proxy.hpp"

using smtpoll::Errc;
using smtpoll::IoStatus;

TEST_CASE("ProxySocket: without an address of a proxy it goes straight to the server") {
  smtpoll::HttpConnectProxy<ScriptedSocket> socket;
  CHECK(socket.Connect({"mx.y.org", 25, "192.0.2.7"}).status == IoStatus::Again);
  CHECK(socket.ConnectWants() == smtpoll::Readiness::Write);
  CHECK(socket.ConnectStep().status == IoStatus::Done);
  CHECK(socket.NextLayer().host == "mx.y.org");
  CHECK(socket.NextLayer().local == "192.0.2.7");
  CHECK(socket.NextLayer().sent.empty());
}

TEST_CASE("ProxySocket: reads and writes nothing of the session before the way is open") {
  smtpoll::HttpConnectProxy<ScriptedSocket> socket;
  socket.Proxy = ProxyAt("proxy");
  socket.Connect({"mx.y.org", 25, {}});
  char byte = 'x';
  CHECK(socket.Read(&byte, 1).error == static_cast<int>(Errc::InvalidState));
  CHECK(socket.Write(&byte, 1).error == static_cast<int>(Errc::InvalidState));
}

TEST_CASE("ProxySocket: a proxy that cannot be reached is told apart from the server") {
  smtpoll::BasicSession<smtpoll::Socks5Proxy<ScriptedSocket>> session;
  session.Layer().NextLayer().Proxy = ProxyAt("proxy", "joe", "sesame");
  session.Layer().NextLayer().NextLayer().connect_error = 111;
  const smtpoll::Error error = session.Connect("mx.y.org", 25);
  CHECK(error.ErrorNumber == 111);
  CHECK(error.phase == smtpoll::Phase::Connect);
  CHECK(error.text.View() == "the proxy cannot be reached");
}

TEST_CASE("ProxySocket: a proxy that hangs up, or says nothing, ends the connection") {
  CHECK(Pass<smtpoll::HttpConnectProxy>(ProxyAt("proxy"), {"mx", 25, {}}, "HTTP/1.1 20", true).told ==
        "the proxy hung up before it had answered");
  smtpoll::BasicSession<smtpoll::Socks5Proxy<ScriptedSocket>> session;
  session.Layer().NextLayer().Proxy = ProxyAt("proxy");
  session.Timeouts.connect = 1000;
  const smtpoll::Error error = session.Connect("mx.y.org", 25);
  CHECK(error.Code() == Errc::TimedOut);
  CHECK(error.phase == smtpoll::Phase::Connect);
}

TEST_CASE("ProxySocket: a whole session through it, the greeting right behind the proxy's answer") {
  smtpoll::BasicSession<smtpoll::HttpConnectProxy<ScriptedSocket>> session;
  session.ClientName = "me";
  session.Layer().NextLayer().Proxy = ProxyAt("proxy", "joe", "sesame");
  ScriptedSocket& wire = session.Layer().NextLayer().NextLayer();
  wire.incoming = "HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n220 mx ESMTP\r\n";
  wire.On("EHLO me", "250 mx\r\n");
  CHECK_FALSE(session.Connect("mx.y.org", 587));
  CHECK(wire.sent ==
        "CONNECT mx.y.org:587 HTTP/1.1\r\nHost: mx.y.org:587\r\n"
        "Proxy-Authorization: Basic am9lOnNlc2FtZQ==\r\n\r\nEHLO me\r\n");
}

TEST_CASE("ProxySocket: a refusal is an error of the session, with the proxy's words and without our password") {
  smtpoll::BasicSession<smtpoll::HttpConnectProxy<ScriptedSocket>> session;
  session.Layer().NextLayer().Proxy = ProxyAt("proxy", "joe", "sesame");
  session.Layer().NextLayer().NextLayer().incoming = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
  const smtpoll::Error error = session.Connect("mx.y.org", 587);
  CHECK(ToString(error) ==
        "connect: the proxy did not take the proxy credentials: HTTP/1.1 407 Proxy Authentication Required");
}

TEST_CASE("ProxySocket: one proxy through another") {
  smtpoll::Socks5Proxy<smtpoll::HttpConnectProxy<ScriptedSocket>> socket;
  socket.Proxy = ProxyAt("inner");
  socket.NextLayer().Proxy = ProxyAt("outer");
  ScriptedSocket& wire = socket.NextLayer().NextLayer();
  wire.incoming = "HTTP/1.1 200 \r\n\r\n" + std::string("\5\0\5\0\0\1\0\0\0\0\0\0", 12) + "220";
  wire.connect_steps = 1;
  smtpoll::IoResult result = socket.Connect({"mx.y.org", 25, {}});
  while (result.status == IoStatus::Again) result = socket.ConnectStep();
  CHECK(result.status == IoStatus::Done);
  CHECK(wire.host == "outer");
  CHECK(wire.sent.find("CONNECT inner:1080 ") == 0);
  CHECK(wire.incoming == "220");
}

TEST_CASE("ProxySocket: the address of this end is the one that the proxy sees") {
  smtpoll::HttpConnectProxy<ScriptedSocket> socket;
  char address[64] = {};
  CHECK(socket.LocalAddress(address, sizeof address) == 0);
  socket.Connect({"mx.y.org", 25, {}});
  CHECK(std::string(address, socket.LocalAddress(address, sizeof address)) == "192.0.2.1");
  CHECK(std::string(address, socket.RemoteAddress(address, sizeof address)) == "192.0.2.25");
}
