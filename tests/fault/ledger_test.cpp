// Every fault at every call, in plain text: what the client calls sent, refused, queued and in doubt is what the wire
// says, nothing is lost, and nothing is sent twice that was not in doubt.
#include "ledger.hpp"

#include <cstdio>

using namespace fault;

namespace {

int runs = 0;

Run<smtpoll::PlainTransport> Play(const Way& way, const Plan& plan, int closes_at = 0, const char* last_words = "") {
  StoreServer server;
  server.closes_at = closes_at;
  server.last_words = last_words;
  PlainPeer peer(server);
  ++runs;
  return {peer, way, plan, [](auto&) {}};
}

}  // namespace

TEST_CASE("The ledger: every fault at every call") {
  runs = 0;
  Seen().clear();
  for (const Way& way : kWays) {
    INFO(std::string(way.name));
    for (const std::size_t piece :
         {std::size_t{SIZE_MAX}, std::size_t{300}, std::size_t{100}, std::size_t{50}, std::size_t{25}}) {
      CAPTURE(piece);
      const int calls = Play(way, {Kind::None, 0, piece, SIZE_MAX}).calls;
      for (const Kind kind : kAllKinds) {
        CAPTURE(static_cast<int>(kind));
        for (int at = 1; at <= calls; at += Stride()) {
          CAPTURE(at);
          Play(way, {kind, at, piece, SIZE_MAX});
        }
      }
    }
  }
  std::printf("ledger, every fault at every call: %d runs\n", runs);
  CHECK(runs >= 20000 / Stride());
  for (const auto outcome :
       {smtpoll::Outcome::Queued, smtpoll::Outcome::Sent, smtpoll::Outcome::Refused, smtpoll::Outcome::InDoubt})
    CHECK(Seen()[outcome] > 300 / Stride());
}

TEST_CASE("The ledger: replies split at every byte") {
  runs = 0;
  for (const Way& way : kWays) {
    INFO(std::string(way.name));
    const std::size_t bytes = Play(way, {}).bytes_read;
    for (std::size_t split = 1; split < bytes; split += static_cast<std::size_t>(Stride())) {
      CAPTURE(split);
      Play(way, {Kind::None, 0, SIZE_MAX, split});
    }
  }
  std::printf("ledger, replies split at every byte: %d runs\n", runs);
}

TEST_CASE("The ledger: the server leaves at every command, with 421 and without a word") {
  runs = 0;
  for (const Way& way : kWays) {
    INFO(std::string(way.name));
    for (const char* words : {"", "421 4.3.2 shutting down\r\n"}) {
      INFO(std::string(words));
      for (int at = 1; at <= 30; ++at) {
        CAPTURE(at);
        Play(way, {}, at, words);
        Play(way, {Kind::None, 0, 40, SIZE_MAX}, at, words);
      }
    }
  }
  std::printf("ledger, the server leaves: %d runs\n", runs);
}
