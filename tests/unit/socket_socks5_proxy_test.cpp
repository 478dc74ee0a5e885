#include "smtpoll/socket/socks5_proxy.hpp"

#include <doctest/doctest.h>

#include <string>

#include "proxy_script.hpp"

using smtpoll::Errc;
using smtpoll::Socks5Proxy;

namespace {

/// Bytes from a text that may hold NUL.
template <std::size_t kSize>
std::string Bytes(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

const std::string kBoundIPv4 = Bytes("\5\0\0\1\x7f\0\0\1\4\x38");

Passage Through(std::string_view answer, const smtpoll::ProxySettings& settings = ProxyAt("proxy"),
                std::string_view host = "mx.y.org", bool hangs_up = false) {
  return Pass<Socks5Proxy>(settings, {host, 587, {}}, answer, hangs_up);
}

}  // namespace

TEST_CASE("RFC 1928 3 to 6: a server's name goes to the proxy as it is") {
  const Passage passage = Through(Bytes("\5\0") + kBoundIPv4 + "220 mx\r\n");
  CHECK(passage.error == 0);
  CHECK(passage.reached == "proxy:1080");
  CHECK(passage.said == Bytes("\5\1\0") + Bytes("\5\1\0\3\x8mx.y.org\2\x4b"));
  CHECK(passage.left == "220 mx\r\n");
}

TEST_CASE("RFC 1928 4: IPv4 and IPv6 literals go as addresses") {
  const std::string answer = Bytes("\5\0") + kBoundIPv4;
  CHECK(Through(answer, ProxyAt("proxy"), "192.0.2.25").said == Bytes("\5\1\0\5\1\0\1\xc0\0\2\x19\2\x4b"));
  const std::string v6 = Bytes("\5\1\0\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x19\2\x4b");
  CHECK(Through(answer, ProxyAt("proxy"), "2001:db8::19").said == v6);
  CHECK(Through(answer, ProxyAt("proxy"), "[2001:db8::19]").said == v6);
}

TEST_CASE("RFC 1928 6: the address in the reply has any of three kinds, and is read to its end") {
  for (const std::string& bound :
       {Bytes("\5\0\0\1\1\2\3\4\0\1"), Bytes("\5\0\0\3\0\0\1"), Bytes("\5\0\0\3\4here\0\1"),
        Bytes("\5\0\0\4\1\2\3\4\5\6\7\x8\1\2\3\4\5\6\7\x8\0\1"), Bytes("\5\0\0\3\xff") + std::string(257, 'x')}) {
    const Passage passage = Through(Bytes("\5\0") + bound + "220 mx\r\n");
    CHECK(passage.error == 0);
    CHECK(passage.left == "220 mx\r\n");
  }
}

TEST_CASE("RFC 1929: user name and password, when the proxy chooses that") {
  const smtpoll::ProxySettings joe = ProxyAt("proxy", "joe", "sesame");
  const std::string login = Bytes("\5\2\0\2\1\3joe\6sesame");
  const std::string request = Bytes("\5\1\0\3\x8mx.y.org\2\x4b");
  const Passage chosen = Through(Bytes("\5\2\1\0") + kBoundIPv4 + "2", joe);
  CHECK(chosen.error == 0);
  CHECK(chosen.said == login + request);
  CHECK(chosen.left == "2");
  CHECK(Through(Bytes("\5\0") + kBoundIPv4, joe).said == Bytes("\5\2\0\2") + request);
  const Passage refused = Through(Bytes("\5\2\1\1"), joe);
  CHECK(refused.error == static_cast<int>(Errc::ProxyAuthentication));
  CHECK(refused.told == "the SOCKS5 proxy refused the user name or password");
  CHECK(refused.said == login);
}

TEST_CASE("RFC 1928 3: no method that suits both") {
  const Passage wants = Through(Bytes("\5\xff"));
  CHECK(wants.error == static_cast<int>(Errc::ProxyAuthentication));
  CHECK(wants.told == "the SOCKS5 proxy wants a user name and password");
  CHECK(Through(Bytes("\5\xff"), ProxyAt("proxy", "joe", "sesame")).told ==
        "the SOCKS5 proxy takes no user name and password");
  // One that was not offered: no password goes where none was set.
  const Passage pushed = Through(Bytes("\5\2"));
  CHECK(pushed.error == static_cast<int>(Errc::ProxyRefused));
  CHECK(pushed.said == Bytes("\5\1\0"));
}

TEST_CASE("RFC 1928 6: each refusal has its words") {
  const char* const words[] = {"general failure of the SOCKS5 proxy",
                               "the SOCKS5 proxy's rules do not allow it",
                               "the server's network cannot be reached from the SOCKS5 proxy",
                               "the SOCKS5 proxy cannot reach or resolve the server",
                               "the server refused the SOCKS5 proxy's connection",
                               "the SOCKS5 proxy's connection timed out on its way",
                               "the SOCKS5 proxy knows no CONNECT",
                               "the SOCKS5 proxy knows no addresses of this kind",
                               "a SOCKS5 reply that nobody defined"};
  for (std::size_t i = 0; i < 9; ++i) {
    // Some hang up right behind the number.
    for (const std::size_t size : {std::size_t{2}, std::size_t{10}}) {
      std::string reply = kBoundIPv4.substr(0, size);
      reply[1] = static_cast<char>(i + 1);
      const Passage passage = Through(Bytes("\5\0") + reply, ProxyAt("proxy"), "mx.y.org", true);
      CHECK(passage.error == static_cast<int>(Errc::ProxyRefused));
      CHECK(passage.told == words[i]);
    }
  }
}

TEST_CASE("SOCKS5: what is none") {
  for (const std::string& answer : {Bytes("\4\0"), Bytes("HTTP/1.1 400 Bad Request\r\n"), Bytes("\5\1"),
                                    Bytes("\5\0\4\0"), Bytes("\5\0\5\0\0\2\0\0")}) {
    const Passage passage = Through(answer);
    CHECK(passage.error == static_cast<int>(Errc::ProxyRefused));
    CHECK(passage.told == "the proxy does not speak SOCKS5");
  }
  CHECK(Through(Bytes("\5"), ProxyAt("proxy"), "mx.y.org", true).error == static_cast<int>(Errc::ConnectionLost));
}

TEST_CASE("SOCKS5: what cannot be said is an error before anything is") {
  const std::string long_one(256, 'x');
  CHECK(Through("", ProxyAt("proxy"), long_one).error == static_cast<int>(Errc::NameResolution));
  CHECK(Through("", ProxyAt("proxy"), "mx\r\n").error == static_cast<int>(Errc::NameResolution));
  CHECK(Through("", ProxyAt("proxy"), "").error == static_cast<int>(Errc::NameResolution));
  CHECK(Through("", ProxyAt("proxy"), "fe80::1%eth0").told == "the server's address is none");
  for (const smtpoll::ProxySettings& settings : {ProxyAt("proxy", long_one, "x"), ProxyAt("proxy", "x", long_one)}) {
    const Passage passage = Through("", settings);
    CHECK(passage.error == static_cast<int>(Errc::ProxyAuthentication));
    CHECK(passage.reached == ":0");
  }
  CHECK(Pass<Socks5Proxy>(ProxyAt("proxy"), {"mx", 0, {}}, "").error == static_cast<int>(Errc::InvalidPort));
}
