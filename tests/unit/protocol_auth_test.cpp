#include "smtpoll/protocol/engine.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dialogue.hpp"

using dialogue::Script;
using smtpoll::AuthMechanism;

namespace {
const std::string kOpened = "Greeting 220 mx.y.org ESMTP\nHello\n";
const std::string kWelcome = kOpened + "Authenticated\nEnded\n";

std::string Encoded(std::string_view bytes) {
  std::string text(smtpoll::detail::Base64Size(bytes.size()), '#');
  smtpoll::detail::Base64Encode(bytes.data(), bytes.size(), &text[0]);
  return text;
}

/// The texts of RFC 5802 5.
const std::string kClientFirst = Encoded("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
const std::string kServerFirst = Encoded("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
const std::string kClientFinal =
    Encoded("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
const std::string kServerFinal = Encoded("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");

/// A session of somebody who has a password, on an encrypted wire.
struct Session : Script {
  explicit Session(std::string_view mechanisms) {
    options.secured = true;
    options.credentials = {"user", "pencil"};
    options.credentials.nonce = "fyko+d2lbbFgONRv9qkxdawL";
    Opening("250 AUTH " + std::string(mechanisms));
  }
  /// SCRAM-SHA-1 up to the server's challenge.
  Session& Challenge(std::string_view challenge = kServerFirst) {
    Expect("AUTH SCRAM-SHA-1 " + kClientFirst).Reply("334 " + std::string(challenge));
    return *this;
  }
  /// The exchange is cancelled; what is told then.
  std::string Cancelled() {
    Expect("*").Reply("501 5.5.2 cancelled").Expect("QUIT");
    return Run();
  }
};

std::string Failed(const std::string& how) { return kOpened + "Failed 1008 authentication " + how + "\n"; }

/// What `engine` says to `bytes` of the server's, once what it said before has gone.
std::string Feed(smtpoll::Engine& engine, std::string_view bytes) {
  engine.Sent(engine.Output().size(), 0);
  bytes.copy(engine.Input().data(), bytes.size());
  engine.Received(bytes.size());
  while (engine.Next(0).kind != smtpoll::EventKind::None) continue;
  return {engine.Output().data(), engine.Output().size()};
}
}  // namespace

TEST_CASE("RFC 5802, RFC 4954 4: the server's last word in a challenge is answered by an empty line") {
  Session session("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1");
  session.Challenge().Expect(kClientFinal).Reply("334 " + kServerFinal).Expect("").Reply("235 2.7.0 hi").Quit();
  CHECK(session.Run() == kWelcome);
  CHECK(session.transcript.find("> AUTH SCRAM-SHA-1 ****\n") != std::string::npos);
  CHECK(session.transcript.find("> ****\n") != std::string::npos);
  CHECK(session.transcript.find(kClientFirst) == std::string::npos);
  CHECK(session.transcript.find(kClientFinal) == std::string::npos);
}

TEST_CASE("SCRAM: the server's last word may stand in the 235") {
  Session session("SCRAM-SHA-1");
  session.Challenge().Expect(kClientFinal).Reply("235 2.7.0 " + kServerFinal).Quit();
  CHECK(session.Run() == kWelcome);
}

TEST_CASE("SCRAM: 235 from a server that has not proved itself is a failure") {
  const std::string unproved = Failed("the server did not prove that it knows the password");
  Session early("SCRAM-SHA-1");
  early.Expect("AUTH SCRAM-SHA-1 " + kClientFirst).Reply("235 2.7.0 come in").Expect("QUIT");
  CHECK(early.Run() == unproved);
  Session without("SCRAM-SHA-1");
  without.Challenge().Expect(kClientFinal).Reply("235 2.7.0 come in").Expect("QUIT");
  CHECK(without.Run() == unproved);
  Session wrong("SCRAM-SHA-1");
  wrong.Challenge().Expect(kClientFinal).Reply("235 " + Encoded("v=AAAApqV8S7suAoZWja4dJRkFsKQ=")).Expect("QUIT");
  CHECK(wrong.Run() == unproved);
  Session after_error("SCRAM-SHA-1");
  after_error.Challenge().Expect(kClientFinal).Reply("334 " + Encoded("e=other-error")).Expect("");
  after_error.Reply("235 come in").Expect("QUIT");
  CHECK(after_error.Run() == unproved);
}

TEST_CASE("SCRAM: a wrong signature, garbage and bad offers are cancelled, the reason is told") {
  Session wrong("SCRAM-SHA-1");
  wrong.Challenge().Expect(kClientFinal).Reply("334 " + Encoded("v=AAAApqV8S7suAoZWja4dJRkFsKQ="));
  CHECK(wrong.Cancelled() == Failed("[AUTH SCRAM-SHA-1] the server could not prove that it knows the password"));

  const struct {
    std::string challenge;
    std::string reason;
  } cases[] = {
      {"", "the server's challenge is malformed"},
      {"what?", "the server's challenge is no base64"},
      {kServerFirst.substr(0, kServerFirst.size() - 1), "the server's challenge is no base64"},
      {kServerFirst.substr(0, kServerFirst.size() - 8), "the server's challenge is malformed"},
      {kServerFirst + "\r\n334 " + kServerFirst, "the server's challenge is no base64"},
      {Encoded("r=3rfcNHYJY1ZVvWVs7j,s=QSXC,i=4096"), "the server's nonce is none, or does not begin with ours"},
      {Encoded("r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXC,i=4095"),
       "the server's iteration count is so low that it gives the password away"},
      {Encoded("r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXC,i=2000000"), "the server's iteration count is unreasonably high"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.challenge);
    Session session("SCRAM-SHA-1");
    const bool lines = one.challenge.find('\n') != std::string::npos;
    if (lines)
      session.Expect("AUTH SCRAM-SHA-1 " + kClientFirst).Reply("334-" + one.challenge);
    else
      session.Challenge(one.challenge);
    CHECK(session.Cancelled() == Failed("[AUTH SCRAM-SHA-1] " + one.reason));
  }
}

TEST_CASE("SCRAM: the server refuses, with its own word for it or without") {
  Session plain("SCRAM-SHA-1");
  plain.Challenge().Expect(kClientFinal).Reply("535 5.7.8 bad").Expect("QUIT");
  CHECK(plain.Run() == Failed("[AUTH SCRAM-SHA-1] 535 5.7.8 bad"));
  Session worded("SCRAM-SHA-1");
  worded.Challenge().Expect(kClientFinal).Reply("334 " + Encoded("e=invalid-proof")).Expect("");
  worded.Reply("535 5.7.8 bad").Expect("QUIT");
  CHECK(worded.Run() == Failed("[AUTH SCRAM-SHA-1] 535 5.7.8 invalid-proof bad"));
}

TEST_CASE("SCRAM: one challenge too many is cancelled") {
  Session session("SCRAM-SHA-1");
  session.Challenge().Expect(kClientFinal).Reply("334 " + kServerFinal).Expect("").Reply("334 ");
  CHECK(session.Cancelled() == Failed("[AUTH SCRAM-SHA-1] 501 5.5.2 cancelled"));
}

TEST_CASE("SCRAM: the wire dies or time runs out while the password is digested") {
  char input[512], output[1024];
  smtpoll::AwaitedReply window[2];
  for (const bool dies : {true, false}) {
    smtpoll::Engine engine(input, output, window);
    smtpoll::SessionOptions options = Session("").options;
    engine.Start(options, 0);
    const auto answer = [&engine](std::string reply) {
      engine.Sent(engine.Output().size(), 0);
      reply += "\r\n";
      reply.copy(engine.Input().data(), reply.size());
      engine.Received(reply.size());
      return engine.Next(0).kind;
    };
    answer("220 hi");
    answer("250-mx\r\n250 AUTH SCRAM-SHA-1");
    CHECK(answer("334 " + kServerFirst) == smtpoll::EventKind::None);
    CHECK(engine.NextDeadline() <= 0);
    CHECK(engine.CurrentPhase() == smtpoll::Phase::Authentication);
    CHECK(engine.Output().empty());
    CHECK_FALSE(engine.Input().empty());
    const smtpoll::Millis end = options.timeouts.authentication;
    CHECK(engine.Next(end - 1).kind == smtpoll::EventKind::None);
    if (dies) engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
    const smtpoll::Event event = engine.Next(end);
    REQUIRE(event.kind == smtpoll::EventKind::Failed);
    CHECK(event.error->Code() == (dies ? smtpoll::Errc::ConnectionLost : smtpoll::Errc::TimedOut));
    CHECK(event.error->phase == smtpoll::Phase::Authentication);
    CHECK(engine.NextDeadline() == smtpoll::kNever);
  }
}

TEST_CASE("SCRAM: a challenge behind other bytes stays where it is while the password is digested") {
  char input[512], output[1024];
  smtpoll::AwaitedReply window[2];
  smtpoll::Engine engine(input, output, window);
  engine.Start(Session("").options, 0);
  Feed(engine, "220 hi\r\n");
  Feed(engine, "250-mx\r\n250 AUTH SCRAM-SHA-1\r\n");
  // What comes on the heels of the challenge is kept for later, and may not move it.
  CHECK(Feed(engine, "334 " + kServerFirst + "\r\n235 ").empty());
  CHECK(Feed(engine, "wel").empty());
  std::string said;
  while (engine.NextDeadline() <= 0) said = Feed(engine, "");
  CHECK(said == kClientFinal + "\r\n");
}

TEST_CASE("SCRAM: a nonce that makes the answer longer than the send buffer is cancelled") {
  char input[2048], output[1024];
  smtpoll::AwaitedReply window[2];
  smtpoll::Engine engine(input, output, window);
  engine.Start(Session("").options, 0);
  Feed(engine, "220 hi\r\n");
  Feed(engine, "250-mx\r\n250 AUTH SCRAM-SHA-1\r\n");
  const std::string nonce = "fyko+d2lbbFgONRv9qkxdawL" + std::string(900, 'x');
  std::string said = Feed(engine, "334 " + Encoded("r=" + nonce + ",s=QSXCR+Q6sek8bf92,i=4096") + "\r\n");
  while (engine.NextDeadline() <= 0) said = Feed(engine, "");
  CHECK(said == "*\r\n");
}

TEST_CASE("RFC 2195: CRAM-MD5") {
  Session session("LOGIN PLAIN CRAM-MD5");
  session.options.credentials = {"tim", "tanstaaftanstaaf"};
  session.Expect("AUTH CRAM-MD5").Reply("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
  session.Expect("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw").Reply("235 hi").Quit();
  CHECK(session.Run() == kWelcome);
  CHECK(session.transcript.find("dGltI") == std::string::npos);
  Session garbage("CRAM-MD5");
  garbage.Expect("AUTH CRAM-MD5").Reply("334 PDE4O");
  CHECK(garbage.Cancelled() == Failed("[AUTH CRAM-MD5] the server's challenge is no base64"));
}

TEST_CASE("RFC 7628 3.2.3: a refused token is told with the server's JSON") {
  const std::string json = "{\"status\":\"invalid_token\",\"scope\":\"mail\"}";
  const struct {
    const char* name;
    std::string first;
    std::string acknowledgement;
  } cases[] = {{"OAUTHBEARER", "n,a=user,\1auth=Bearer t0k.en\1\1", "AQ=="},
               {"XOAUTH2", "user=user\1auth=Bearer t0k.en\1\1", ""}};
  for (const auto& one : cases) {
    Session welcome(one.name), refused(one.name);
    for (Session* const session : {&welcome, &refused}) {
      session->options.credentials = {"user", ""};
      session->options.credentials.token = "t0k.en";
      session->Expect("AUTH " + std::string(one.name) + " " + Encoded(one.first));
    }
    welcome.Reply("235 2.7.0 Accepted").Quit();
    CHECK(welcome.Run() == kWelcome);
    CHECK(welcome.transcript.find("> AUTH " + std::string(one.name) + " ****\n") != std::string::npos);
    refused.Reply("334 " + Encoded(json)).Expect(one.acknowledgement).Reply("535 5.7.8 no").Expect("QUIT");
    CHECK(refused.Run() == Failed("[AUTH " + std::string(one.name) + "] 535 5.7.8 " + json + " no"));
  }
}

TEST_CASE("RFC 4954 4: a first response too long for a command line is given when asked for") {
  Session session("XOAUTH2");
  const std::string token(600, 't');
  session.options.credentials.token = token;
  session.options.credentials.password = "";
  session.Expect("AUTH XOAUTH2").Reply("334 ").Expect(Encoded("user=user\1auth=Bearer " + token + "\1\1"));
  session.Reply("235 hi").Quit();
  CHECK(session.Run() == kWelcome);
  CHECK(session.transcript.find("> ****\n") != std::string::npos);

  Session large("XOAUTH2");
  const std::string huge(2000, 't');
  large.options.credentials.token = huge;
  large.Expect("QUIT");
  CHECK(large.Run() == kOpened + "Failed 108 authentication the credentials do not fit the send buffer\n");
}

TEST_CASE("RFC 4422 A.1, RFC 4954 4: EXTERNAL only where it is pinned, an empty first response is '='") {
  Session pinned("PLAIN EXTERNAL");
  pinned.options.credentials = {};
  pinned.options.credentials.pinned = AuthMechanism::External;
  pinned.Expect("AUTH EXTERNAL =").Reply("235 hi").Quit();
  CHECK(pinned.Run() == kWelcome);
  Session named("EXTERNAL");
  named.options.credentials = pinned.options.credentials;
  named.options.credentials.authorization_id = "fred";
  named.Expect("AUTH EXTERNAL ZnJlZA==").Reply("235 hi").Quit();
  CHECK(named.Run() == kWelcome);
  Session unasked("EXTERNAL");
  unasked.Expect("QUIT");
  CHECK(unasked.Run() == kOpened + "Failed 1007 authentication EXTERNAL must be asked for\n");
}

TEST_CASE("RFC 4954 4, 6: 504 and 534 lead to the next mechanism, from the strongest on; 535 does not") {
  Session session("LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 SCRAM-SHA-1-PLUS XOAUTH2");
  session.Expect("AUTH SCRAM-SHA-512 " + kClientFirst).Reply("504 no");
  session.Expect("AUTH SCRAM-SHA-256 " + kClientFirst).Reply("534 too weak");
  session.Expect("AUTH SCRAM-SHA-1 " + kClientFirst).Reply("504 no");
  session.Expect("AUTH CRAM-MD5").Reply("504 no").Expect("AUTH PLAIN AHVzZXIAcGVuY2ls").Reply("504 no");
  session.Expect("AUTH LOGIN").Reply("504 5.5.4 none at all").Expect("QUIT");
  CHECK(session.Run() == kOpened + "Failed 1007 authentication [AUTH LOGIN] 504 5.5.4 none at all\n");
}

TEST_CASE("RFC 5802 6: with channel binding data the -PLUS mechanisms come first") {
  Session session("PLAIN SCRAM-SHA-512 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS");
  session.options.credentials.channel_binding = "hash";
  session.options.credentials.channel_binding_type = "tls-server-end-point";
  session.Expect("AUTH SCRAM-SHA-256-PLUS " + Encoded("p=tls-server-end-point,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"));
  session.Reply("535 no").Expect("QUIT");
  CHECK(session.Run() == Failed("[AUTH SCRAM-SHA-256-PLUS] 535 no"));
}

TEST_CASE("Credentials::pinned: one mechanism and no other") {
  Session session("PLAIN LOGIN SCRAM-SHA-256");
  session.options.credentials.pinned = AuthMechanism::Plain;
  session.Expect("AUTH PLAIN AHVzZXIAcGVuY2ls").Reply("235 hi").Quit();
  CHECK(session.Run() == kWelcome);
  Session refused("PLAIN LOGIN SCRAM-SHA-256");
  refused.options.credentials.pinned = AuthMechanism::Plain;
  refused.Expect("AUTH PLAIN AHVzZXIAcGVuY2ls").Reply("504 no").Expect("QUIT");
  CHECK(refused.Run() == kOpened + "Failed 1007 authentication [AUTH PLAIN] 504 no\n");
  Session missing("PLAIN LOGIN");
  missing.options.credentials.pinned = AuthMechanism::ScramSha256;
  missing.Expect("QUIT");
  CHECK(missing.Run() == kOpened + "Failed 1007 authentication SCRAM-SHA-256 is not offered\n");
  Session unfit("SCRAM-SHA-256");
  unfit.options.credentials.nonce = "";
  unfit.Expect("QUIT");
  CHECK(unfit.Run() == kOpened + "Failed 1007 authentication the nonce is missing or too short\n");
}

TEST_CASE("Engine: no mechanism of any kind goes over a plain wire unasked") {
  for (const char* name : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"}) {
    Session session(name);
    session.options.secured = false;
    session.options.credentials.token = "t";
    session.Expect("QUIT");
    CHECK(session.Run() == kOpened + "Failed 1006 authentication encrypt the connection or allow it by name\n");
  }
}
