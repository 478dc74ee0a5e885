#include "smtpoll/protocol/sasl.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::AuthMechanism;
using smtpoll::detail::SaslClient;

namespace {
std::string Respond(SaslClient& client) {
  std::string room(client.MaxResponseSize(), '#');
  room.resize(client.WriteResponse(&room[0]));
  return room;
}
}  // namespace

TEST_CASE("RFC 4616 2: PLAIN says all in one response") {
  SaslClient client;
  client.Start(AuthMechanism::Plain, {"tim", "tanstaaftanstaaf"});
  CHECK(client.SpeaksFirst());
  REQUIRE(client.HasResponse());
  CHECK(Respond(client) == "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
  CHECK_FALSE(client.HasResponse());
}

TEST_CASE("LOGIN answers two challenges, user name and password") {
  SaslClient client;
  client.Start(AuthMechanism::Login, {"tim", "pass"});
  CHECK_FALSE(client.SpeaksFirst());
  CHECK(Respond(client) == "dGlt");
  CHECK(client.HasResponse());
  CHECK(Respond(client) == "cGFzcw==");
  CHECK_FALSE(client.HasResponse());
}

TEST_CASE("RFC 4616 2: UTF-8 and empty passwords") {
  SaslClient client;
  client.Start(AuthMechanism::Plain, {"j\xc3\xb6rg", ""});
  CHECK(Respond(client) == "AGrDtnJnAA==");
}
