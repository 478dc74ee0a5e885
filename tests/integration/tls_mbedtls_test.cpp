// What is special to the transport over mbedTLS: 2.28 has no TLS 1.3, and no tls-exporter to give; and names are held
// against the certificate by us.
#include "smtpoll/transport/mbedtls.hpp"

#include "tls_bench.hpp"

using namespace tls;

TEST_CASE("mbedTLS: TLSv13 as the lowest version is a setting that cannot be used, where the library has none") {
  if (kHasTls13) return;
  Server server({{"mode", "starttls"}});
  Client client(false);
  client.session.SSLConnectionType = Session::SSLConnectionTypes::TLSv13;
  const smtpoll::Error error = client.Connect(server);
  CHECK(error.Code() == Errc::TlsSettings);
  CHECK(Says(error, "SSLConnectionType"));
  CHECK(server.Saw().empty());
}

TEST_CASE("mbedTLS: tls-exporter, where it cannot give it, is no channel binding, and nothing else in its place") {
  // Not with TLS 1.2, whatever the library.
  Server server({{"mode", "starttls"},
                 {"args", "-tls1_2"},
                 {"after", "AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS"},
                 {"on.AUTH", "535 no"}});
  Client client(false);
  client.session.ChannelBinding = smtpoll::TlsChannelBinding::Exporter;
  CHECK(client.Connect(server).Code() == Errc::AuthenticationFailed);
  CHECK(client.session.Layer().ChannelBindingType().empty());
  CHECK(server.Saw().find("AUTH SCRAM-SHA-256 ") != std::string::npos);
}

TEST_CASE("RFC 5280 4.2.1.6: the names of a certificate, held against a host and an address") {
  using smtpoll::detail::TlsSubjectNames;
  struct Case {
    const char* wanted;
    const char* name;
    bool match;
  };
  const Case cases[] = {{"mx.example.org", "mx.example.org", true},
                        {"mx.example.org", "MX.Example.Org", true},
                        {"mx.example.org.", "mx.example.org", true},
                        {"mx.example.org", "mx.example.or", false},
                        {"mx.example.org", "example.org", false},
                        {"mx.example.org", "*.example.org", true},
                        {"a.mx.example.org", "*.example.org", false},
                        {"example.org", "*.example.org", false},
                        {"example.org", "*.org", false},
                        {"mx.example.org", "*", false},
                        {"mx.example.org", "*.", false},
                        {"mx.example.org", "m*.example.org", false},
                        {"mx.example.org", "*x.example.org", false},
                        {"mx.example.org", "*.*.org", false},
                        {"mx.example.org", "", false},
                        {".example.org", "*.example.org", false},
                        {"192.0.2.25", "192.0.2.25", false},
                        {"192.0.2.25", "*.0.2.25", false}};
  for (const Case& one : cases) {
    CAPTURE(one.wanted);
    CAPTURE(one.name);
    smtpoll::detail::TlsName wanted;
    REQUIRE(wanted.Assign(one.wanted));
    TlsSubjectNames names(wanted);
    names.AddHost("elsewhere.example");
    names.AddHost(one.name);
    CHECK(names.Match() == one.match);
  }
  smtpoll::detail::TlsName address;
  REQUIRE(address.Assign("192.0.2.25"));
  const unsigned char bytes[] = {192, 0, 2, 25};
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{4}}) {
    TlsSubjectNames names(address);
    names.AddAddress({bytes, size});
    CHECK(names.Match() == (size == 4));
  }
}
