// Every fault at every call behind STARTTLS, with a real TLS library on both sides: the same ledger, the same store.
#include "smtpoll/transport/openssl.hpp"

#include <cstdio>

#include "ledger.hpp"
#include "tls_peer.hpp"

using namespace fault;

namespace {

int runs = 0;

Run<smtpoll::OpenSslTransport> Play(const Way& way, const Plan& plan) {
  static const TlsIdentity identity;
  StoreServer server;
  TlsPeer peer(server, identity);
  ++runs;
  return {peer, way, plan, [](auto& socket) {
            socket.CertificateAuthorityPEM = identity.pem;
            socket.Security = smtpoll::Security::Required;
          }};
}

}  // namespace

TEST_CASE("The ledger behind TLS: every fault at every call") {
  runs = 0;
  Seen().clear();
  for (const Way& way : kWays) {
    INFO(std::string(way.name));
    for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{300}}) {
      CAPTURE(piece);
      const int calls = Play(way, {Kind::None, 0, piece, SIZE_MAX}).calls;
      // In pieces there are many calls that differ in nothing: every third is enough.
      for (const Kind kind : kAllKinds) {
        CAPTURE(static_cast<int>(kind));
        for (int at = 1; at <= calls; at += (piece == SIZE_MAX ? 1 : 3) * Stride()) {
          CAPTURE(at);
          Play(way, {kind, at, piece, SIZE_MAX});
        }
      }
    }
  }
  std::printf("ledger behind TLS, every fault at every call: %d runs\n", runs);
  for (const auto outcome :
       {smtpoll::Outcome::Queued, smtpoll::Outcome::Sent, smtpoll::Outcome::Refused, smtpoll::Outcome::InDoubt})
    CHECK(Seen()[outcome] > 50 / Stride());
}
