// What is special to the transport over OpenSSL: its error queue belongs to the program too.
#include "smtpoll/transport/openssl.hpp"

#include "tls_bench.hpp"

using namespace tls;

namespace {

/// A server within this program, with TLS 1.2, to which `transport` is connected by TLS.
smtpoll::detail::OpenSslPtr<SSL> Serve(Transport& transport, smtpoll::NativeSocket& server, std::uint64_t options) {
  std::uint16_t port = 0;
  REQUIRE(server.Listen(port, "127.0.0.1").status == IoStatus::Done);
  LocalSocket& wire = transport.NextLayer();
  IoResult result = wire.Connect({"mx.example.org", port, {}});
  REQUIRE(server.Wait(Readiness::Read, kPatience) == Readiness::Read);
  REQUIRE(server.AcceptStep().status == IoStatus::Done);
  while (result.status == IoStatus::Again) {
    REQUIRE(wire.Wait(wire.ConnectWants(), kPatience) != Readiness::None);
    result = wire.ConnectStep();
  }
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  REQUIRE(context != nullptr);
  SSL_CTX_set_options(context, options | SSL_OP_NO_TLSv1_3);
  REQUIRE(SSL_CTX_use_certificate_file(context, File("good.pem").c_str(), SSL_FILETYPE_PEM) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(context, File("good.key").c_str(), SSL_FILETYPE_PEM) == 1);
  smtpoll::detail::OpenSslPtr<SSL> ssl(SSL_new(context));
  SSL_CTX_free(context);
  const int handle = static_cast<int>(server.NativeHandle());
  REQUIRE(BIO_socket_nbio(handle, 1) == 1);  // NativeSocket waits for nothing, whatever the handle does
  REQUIRE(SSL_set_fd(ssl.get(), handle) == 1);
  SSL_set_accept_state(ssl.get());
  const smtpoll::Millis end = LocalSocket::Now() + kPatience;
  for (bool served = false; !transport.Secured() || !served;) {
    REQUIRE(LocalSocket::Now() < end);
    const IoResult step = transport.Handshake("mx.example.org");
    INFO(transport.FaultText());
    REQUIRE((step.status == IoStatus::Done || step.status == IoStatus::Again));
    ERR_clear_error();
    const int accepted = SSL_do_handshake(ssl.get());
    served = accepted == 1;
    const int why = SSL_get_error(ssl.get(), accepted);
    REQUIRE((served || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE));
  }
  return ssl;
}

}  // namespace

TEST_CASE(
    "OpenSSL: errors that the program has left in the queue are not taken for ours, and none of ours stay there") {
  Server server({{"mode", "starttls"}, {"after", kOffersAuth}});
  Client client(false);
  const auto leave_error = [] { ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); };
  leave_error();
  REQUIRE_FALSE(client.Connect(server));
  leave_error();
  CHECK(client.session.Send(SecretMail()).outcome == smtpoll::Outcome::Sent);
  leave_error();
  client.session.Quit();
  Server wrong({{"mode", "starttls"}, {"cert", "expired"}});
  CHECK(client.Connect(wrong).Code() == Errc::CertificateExpired);
  client.session.CertificateAuthorityFile = File("garbled.pem");
  CHECK(client.Connect(wrong).Code() == Errc::TlsSettings);
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("RFC 5929 4.1: a certificate whose signature has no digest of its own gives no channel binding") {
  Server server({{"mode", "starttls"}, {"args", "-tls1_2"}, {"cert", "edwards"}, {"after", kOffersAuth}});
  Client client(false);
  client.session.CertificateAuthorityFile = File("edwards.pem");
  client.session.ChannelBinding = smtpoll::TlsChannelBinding::ServerEndPoint;
  REQUIRE_FALSE(client.Connect(server));
  CHECK(client.session.SSLConnected());
  CHECK(client.session.Layer().ChannelBindingType().empty());
  CHECK(client.session.Layer().ChannelBinding().empty());
}

TEST_CASE("RFC 9266 4.2: tls-exporter with TLS 1.2 there is where both have an extended master secret, or not at all") {
  for (const std::uint64_t options : {std::uint64_t{0}, std::uint64_t{SSL_OP_NO_EXTENDED_MASTER_SECRET}}) {
    CAPTURE(options);
    const std::string authority = File("ca.pem");
    smtpoll::TlsSettings settings;
    settings.authority_file = authority.c_str();
    settings.channel_binding = smtpoll::TlsChannelBinding::Exporter;
    Transport transport;
    REQUIRE_FALSE(transport.Configure(settings));
    smtpoll::NativeSocket server;
    const auto ssl = Serve(transport, server, options);
    CHECK(transport.ProtocolName() == "TLSv1.2");
    if (options != 0) {
      CHECK(transport.ChannelBindingType().empty());
      CHECK(transport.ChannelBinding().empty());
      continue;
    }
    CHECK(transport.ChannelBindingType() == "tls-exporter");
    // The context is of no length, which with TLS 1.2 is another one than none (RFC 5705 4).
    unsigned char exported[32];
    REQUIRE(SSL_export_keying_material(ssl.get(), exported, 32, "EXPORTER-Channel-Binding", 24, exported, 0, 1) == 1);
    CHECK(transport.ChannelBinding() == std::string_view(reinterpret_cast<const char*>(exported), 32));
  }
}
