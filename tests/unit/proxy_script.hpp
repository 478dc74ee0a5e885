// Connects through a proxy over a scripted socket: the answer comes whole, byte by byte, and with pauses, and each way
// must end the same.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "scripted_socket.hpp"
#include "smtpoll/base/error.hpp"

/// How connecting through a proxy of type `Proxy` ended.
struct Passage {
  int error = -1;       // 0: connected
  std::string said;     // to the proxy
  std::string left;     // of what came, beyond the proxy's answer
  std::string told;     // FaultText
  std::string reached;  // host:port that the socket was asked for
};

template <template <typename> class Proxy>
Passage Pass(const smtpoll::ProxySettings& settings, const smtpoll::Endpoint& to, std::string_view answer,
             bool hangs_up = false) {
  Passage first;
  for (const int way : {0, 1, 2, 3}) {
    Proxy<ScriptedSocket> socket;
    smtpoll::RequireSocketPolicy<Proxy<ScriptedSocket>>();
    socket.Proxy = settings;
    ScriptedSocket& wire = socket.NextLayer();
    wire.incoming = answer;
    wire.peer_closed = hangs_up;
    wire.connect_steps = way;
    if (way != 0) wire.piece = way == 3 ? 3 : 1;
    wire.every_second_again = way >= 2;
    smtpoll::IoResult result = socket.Connect(to);
    int steps = 0;
    while (result.status == smtpoll::IoStatus::Again && ++steps < 100000) {
      CHECK(socket.ConnectWants() != smtpoll::Readiness::None);
      result = socket.ConnectStep();
    }
    Passage passage;
    passage.error = result.status == smtpoll::IoStatus::Done ? 0 : result.error;
    passage.said = wire.sent;
    passage.left = wire.incoming;
    passage.told = socket.FaultText();
    passage.reached = wire.host + ":" + std::to_string(wire.port);
    if (passage.error != 0) {
      CHECK(wire.closes == (wire.connects == 0 ? 0 : 1));
      CHECK(passage.told.find(settings.Password.empty() ? "\n" : settings.Password) == std::string::npos);
      // What was not read depends on how it came.
      passage.left.clear();
    } else {
      CHECK(socket.ConnectStep().status == smtpoll::IoStatus::Done);
    }
    if (way == 0) first = passage;
    CHECK(passage.error == first.error);
    CHECK(passage.said == first.said);
    CHECK(passage.left == first.left);
    CHECK(passage.told == first.told);
  }
  return first;
}

inline smtpoll::ProxySettings ProxyAt(std::string_view address, std::string_view user = {},
                                      std::string_view password = {}) {
  smtpoll::ProxySettings settings;
  settings.Address = address;
  settings.Port = 1080;
  settings.UserName = user;
  settings.Password = password;
  return settings;
}
