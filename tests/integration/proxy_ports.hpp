// Where run_proxies.sh has its proxies: the ports stand in PROXY_PORTS, the login is joe / open-sesame.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "smtpoll/socket/native.hpp"
#include "smtpoll/socket/proxy_socket.hpp"

struct ProxyPorts {
  std::uint16_t socks = 0, socks_with_login = 0, http = 0, http_with_login = 0;
};

/// Waits until all four listen; ends the program where that takes too long.
inline ProxyPorts AwaitProxies() {
  const char* next = std::getenv("PROXY_PORTS");
  ProxyPorts ports;
  for (std::uint16_t* port : {&ports.socks, &ports.socks_with_login, &ports.http, &ports.http_with_login}) {
    char* end = nullptr;
    *port = static_cast<std::uint16_t>(next == nullptr ? 0 : std::strtoul(next, &end, 10));
    next = end;
    smtpoll::NativeSocket socket;
    const smtpoll::Millis deadline = socket.Now() + 10000;
    for (;;) {
      smtpoll::IoResult result = socket.Connect({"127.0.0.1", *port, {}});
      while (result.status == smtpoll::IoStatus::Again) {
        socket.Wait(socket.ConnectWants(), 1000);
        result = socket.ConnectStep();
      }
      if (result.status == smtpoll::IoStatus::Done) break;
      if (*port != 0 && socket.Now() < deadline) continue;
      std::printf("FAILED  no proxy listens on port %d: this is run by run_proxies.sh\n", static_cast<int>(*port));
      std::exit(1);
    }
  }
  return ports;
}

inline smtpoll::ProxySettings ProxyAt(std::uint16_t port, const std::string& user = {},
                                      const std::string& password = {}) {
  smtpoll::ProxySettings proxy;
  proxy.Address = "127.0.0.1";
  proxy.Port = port;
  proxy.UserName = user;
  proxy.Password = password;
  return proxy;
}
