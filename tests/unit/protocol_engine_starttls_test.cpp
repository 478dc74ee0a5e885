#include "smtpoll/protocol/engine.hpp"

#include "dialogue.hpp"

using dialogue::Script;

namespace {
const std::string kOpened = "Greeting 220 mx.y.org ESMTP\nHello\n";
}  // namespace

TEST_CASE("RFC 3207 4: STARTTLS is refused, stripped or not offered: no credential goes over the plain wire") {
  for (const bool required : {true, false}) {
    const auto opened = [required](const char* keywords) {
      Script script;
      script.options.start_tls = required ? smtpoll::StartTls::Required : smtpoll::StartTls::IfOffered;
      script.options.credentials = {"alice", "sesame"};
      script.Opening(keywords);
      return script;
    };
    const std::string refused = required ? "Failed 1022 TLS [STARTTLS] 454 4.7.0 not now\n"
                                         : "Failed 1006 authentication encrypt the connection or allow it by name\n";
    CHECK(opened("250-AUTH PLAIN\r\n250 STARTTLS").Expect("STARTTLS").Reply("454 4.7.0 not now").Expect("QUIT").Run() ==
          kOpened + refused);
    const std::string missing = required ? "Failed 1022 TLS STARTTLS is not offered\n"
                                         : "Failed 1006 authentication encrypt the connection or allow it by name\n";
    CHECK(opened("250 AUTH PLAIN").Expect("QUIT").Run() == kOpened + missing);
    CHECK(opened("250 STARTTLS").Expect("STARTTLS").Server("220 go\r\n250 AUTH PLAIN").RunWhole() ==
          kOpened +
              "Failed 1005 TLS plain text was sent behind the answer to STARTTLS: use implicit TLS (port 465), "
              "or another network\n");
  }
}

TEST_CASE("RFC 3207 4.2: after the handshake all that was known before is forgotten") {
  for (const bool lmtp : {false, true}) {
    const std::string hello = lmtp ? "LHLO me\r\n" : "EHLO me\r\n";
    char input[512], output[1024];
    smtpoll::AwaitedReply window[4];
    smtpoll::Engine engine(input, output, window);
    smtpoll::SessionOptions options;
    options.client_name = "me";
    options.lmtp = lmtp;
    options.start_tls = smtpoll::StartTls::Required;
    options.credentials = {"alice", "sesame"};
    engine.Start(options, 0);
    const auto answer = [&](std::string reply) {
      engine.Sent(engine.Output().size(), 0);
      reply += "\r\n";
      reply.copy(engine.Input().data(), reply.size());
      engine.Received(reply.size());
      return engine.Next(0).kind;
    };
    CHECK(answer("220 hi") == smtpoll::EventKind::Greeting);
    CHECK(std::string_view(engine.Output().data(), engine.Output().size()) == hello);
    CHECK(answer("250-mx\r\n250-AUTH PLAIN\r\n250-SIZE 1\r\n250 STARTTLS") == smtpoll::EventKind::Hello);
    CHECK(answer("220 go") == smtpoll::EventKind::NeedTls);
    CHECK(engine.Next(0).kind == smtpoll::EventKind::None);
    CHECK(engine.Wants() == smtpoll::Readiness::None);
    CHECK(engine.Output().empty());
    CHECK(engine.CurrentPhase() == smtpoll::Phase::Tls);
    engine.Secured(0);
    CHECK_FALSE(engine.ServerCapabilities().Has(smtpoll::Extension::Auth));
    CHECK(std::string_view(engine.Output().data(), engine.Output().size()) == hello);
    CHECK(answer("250-mx\r\n250-STARTTLS\r\n250 AUTH LOGIN") == smtpoll::EventKind::Hello);
    CHECK(engine.ServerCapabilities().MaxSize() == 0);
    CHECK(std::string_view(engine.Output().data(), engine.Output().size()) == "AUTH LOGIN\r\n");
  }
}
