#include "smtpoll/socket/http_proxy.hpp"

#include <doctest/doctest.h>

#include <string>

#include "proxy_script.hpp"

using smtpoll::Errc;
using smtpoll::HttpConnectProxy;

namespace {

Passage Through(std::string_view answer, const smtpoll::ProxySettings& settings = ProxyAt("proxy"),
                std::string_view host = "mx.y.org", bool hangs_up = false) {
  return Pass<HttpConnectProxy>(settings, {host, 587, {}}, answer, hangs_up);
}

const std::string kYes = "HTTP/1.1 200 Connection established\r\n\r\n";

}  // namespace

TEST_CASE("RFC 9110 9.3.6: CONNECT names host and port, the session begins behind the header") {
  const Passage passage = Through(kYes + "220 mx\r\n");
  CHECK(passage.error == 0);
  CHECK(passage.reached == "proxy:1080");
  CHECK(passage.said == "CONNECT mx.y.org:587 HTTP/1.1\r\nHost: mx.y.org:587\r\n\r\n");
  CHECK(passage.left == "220 mx\r\n");
}

TEST_CASE("RFC 9112 3.2.3: an IPv6 address stands in brackets") {
  const std::string said = "CONNECT [2001:db8::19]:587 HTTP/1.1\r\nHost: [2001:db8::19]:587\r\n\r\n";
  CHECK(Through(kYes, ProxyAt("proxy"), "2001:db8::19").said == said);
  CHECK(Through(kYes, ProxyAt("proxy"), "[2001:db8::19]").said == said);
}

TEST_CASE("RFC 9110 9.3.6: any 2xx opens the way, header fields are passed over") {
  for (const char* header : {"HTTP/1.1 200\r\n\r\n", "HTTP/1.0 299 fine\r\nVia: a\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\nX: \r\r\n\r\n",
                             "HTTP/1.1 200 \r\n\r\n"}) {
    CHECK(Through(header).error == 0);
    CHECK(Through(std::string(header) + "\r\n\r\n220").left == "\r\n\r\n220");
  }
}

TEST_CASE("RFC 7617: user name and password in base64") {
  const Passage passage = Through(kYes, ProxyAt("proxy", "Aladdin", "open sesame"));
  CHECK(passage.error == 0);
  CHECK(passage.said.find("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n") != std::string::npos);
  const Passage refused = Through("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
                                  ProxyAt("proxy", "Aladdin", "wrong"));
  CHECK(refused.error == static_cast<int>(Errc::ProxyAuthentication));
  CHECK(refused.told == "HTTP/1.1 407 Proxy Authentication Required");
  // tinyproxy's word for a wrong password
  CHECK(Through("HTTP/1.0 401 Unauthorized\r\n").error == static_cast<int>(Errc::ProxyAuthentication));
}

TEST_CASE("RFC 9110 15: any other status is an error with its line") {
  for (const char* line : {"HTTP/1.1 100 Continue", "HTTP/1.1 302 Found", "HTTP/1.1 403 Forbidden",
                           "HTTP/1.0 502 Bad Gateway", "HTTP/1.1 999", "HTTP/1.1 000 nothing"}) {
    // The line is enough: no answer is waited for beyond it.
    for (const char* end : {"\r\n", "\r\n\r\n", "\n"}) {
      const Passage passage = Through(std::string(line) + end);
      CHECK(passage.error == static_cast<int>(Errc::ProxyRefused));
      CHECK(passage.told == line);
    }
  }
  CHECK(Through("HTTP/1.1 500 \x1b[31m\t\xff\r\n").told == "HTTP/1.1 500 ?[31m??");
  CHECK(Through("HTTP/1.1 500 " + std::string(500, 'x') + "\r\n").told.size() == 160);
}

TEST_CASE("HTTP CONNECT: what is no HTTP/1") {
  for (const char* answer : {"220 mx.y.org ESMTP\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "\r\n\r\n",
                             "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2x0 ok\r\n\r\n"}) {
    const Passage passage = Through(answer);
    CHECK(passage.error == static_cast<int>(Errc::ProxyRefused));
    CHECK(passage.told == "the proxy does not speak HTTP/1.1");
  }
  CHECK(Through("HTTP/1.1 200 OK\r\nVia:", ProxyAt("proxy"), "mx", true).error ==
        static_cast<int>(Errc::ConnectionLost));
}

TEST_CASE("HTTP CONNECT: a header without end is cut off at 16 KiB") {
  for (const std::string& endless : {"HTTP/1.1 200 OK\r\n" + std::string(20000, 'x'), std::string(20000, 'x')}) {
    const Passage passage = Through(endless);
    CHECK(passage.error == static_cast<int>(Errc::ProxyRefused));
    CHECK(passage.told == "the HTTP proxy's answer has no end");
  }
}

TEST_CASE("HTTP CONNECT: what cannot be said is an error before anything is") {
  CHECK(Through("", ProxyAt("proxy"), std::string(256, 'x')).error == static_cast<int>(Errc::NameResolution));
  CHECK(Through("", ProxyAt("proxy"), "mx HTTP/1.1\r\nX: y").error == static_cast<int>(Errc::NameResolution));
  CHECK(Through("", ProxyAt("proxy"),
                "b\xc3\xbc"
                "cher.example")
            .told == "HTTP needs the server's name in A-labels");
  CHECK(Through("", ProxyAt("proxy", "a:b", "x")).error == static_cast<int>(Errc::ProxyAuthentication));
  CHECK(Through("", ProxyAt("proxy", "joe", std::string(600, 'x'))).error ==
        static_cast<int>(Errc::ProxyAuthentication));
  // The longest that can be said.
  const std::string host(255, 'h');
  const Passage longest = Through(kYes, ProxyAt("proxy", "joe", std::string(596, 'x')), host);
  CHECK(longest.error == 0);
  CHECK(longest.said.size() == 8 + 259 + 17 + 259 + 29 + 800 + 4);
}
