// What a session is known by: the name it asks for, and the channel bindings of RFC 9266 and RFC 5929, as the server
// has them.
#include "smtpoll/transport/detail/tls_name.hpp"

#include "tls_bench.hpp"

using namespace tls;
using smtpoll::TlsChannelBinding;
using smtpoll::detail::TlsName;

namespace {

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

constexpr const char* kExport = " -keymatexport EXPORTER-Channel-Binding -keymatexportlen 32";

}  // namespace

TEST_CASE("RFC 6066 3: the name is said to the server, but not an address") {
  Server server({{"mode", "starttls"},
                 {"talk", "1"},
                 {"args", "-servername other.example.org -cert2 good.pem -key2 good.key"},
                 {"after", kOffersAuth}});
  Client client(false);
  REQUIRE_FALSE(client.Connect(server, "MX.example.org."));
  client.session.Quit();
  CHECK(server.Info().find("Hostname in TLS extension: \"MX.example.org\"") != std::string::npos);
  Server by_address({{"mode", "starttls"},
                     {"talk", "1"},
                     {"args", "-servername other.example.org -cert2 good.pem -key2 good.key"},
                     {"after", kOffersAuth}});
  for (const char* address : {"127.0.0.1", "[::1]"}) {
    REQUIRE_FALSE(client.Connect(by_address, address));
    client.session.Quit();
  }
  CHECK(by_address.Info().find("Hostname in TLS extension") == std::string::npos);
}

TEST_CASE("RFC 9266: tls-exporter with TLS 1.3 is what the server exports, another one for each session") {
  if (!HasExporter()) return;
  std::string last;
  for (int i = 0; i < 2; ++i) {
    Server server(
        {{"mode", "starttls"}, {"talk", "1"}, {"args", std::string("-tls1_3") + kExport}, {"after", kOffersAuth}});
    Client client(false);
    REQUIRE_FALSE(client.Connect(server));
    CHECK(client.session.Layer().ChannelBindingType() == "tls-exporter");
    const std::string binding = Hex(client.session.Layer().ChannelBinding());
    CHECK(binding.size() == 64);
    CHECK(binding != last);
    last = binding;
    client.session.Quit();
    CHECK(server.Info().find("Keying material: " + binding) != std::string::npos);
    CHECK(client.session.Layer().ChannelBinding().empty());
  }
}

TEST_CASE("RFC 5929 4: tls-server-end-point with TLS 1.2 is the digest of the server's certificate") {
  const std::string digest = ReadFile("good.digest");
  REQUIRE(digest.size() == 65);
  Server server({{"mode", "starttls"}, {"args", "-tls1_2"}, {"after", kOffersAuth}});
  Client client(false);
  for (const bool resumed : {false, true}) {
    if (resumed && SchannelCannot("wine resumes no session")) continue;
    REQUIRE_FALSE(client.Connect(server));
    CHECK(client.session.Layer().SessionResumed() == resumed);
    CHECK(client.session.Layer().ChannelBindingType() == "tls-server-end-point");
    CHECK(Hex(client.session.Layer().ChannelBinding()) + "\n" == digest);
    client.session.Quit();
  }
}

TEST_CASE("TlsChannelBinding: the one that is asked for, or none") {
  Server server({{"mode", "starttls"}, {"after", kOffersAuth}});
  Client client(false);
  client.session.ChannelBinding = TlsChannelBinding::None;
  REQUIRE_FALSE(client.Connect(server));
  CHECK(client.session.Layer().ChannelBindingType().empty());
  client.session.ChannelBinding = TlsChannelBinding::ServerEndPoint;
  REQUIRE_FALSE(client.Connect(server));
  CHECK(client.session.Layer().ChannelBindingType() == "tls-server-end-point");
}

TEST_CASE("RFC 5802 6: SCRAM-SHA-256-PLUS is taken where it is offered, bound to the session") {
  Server server({{"mode", "starttls"}, {"after", "AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS"}, {"on.AUTH", "535 no"}});
  Client client(false);
  CHECK(client.Connect(server).Code() == Errc::AuthenticationFailed);
  // base64 of "p=tls-", which "p=tls-exporter" and "p=tls-server-end-point" have in common
  CHECK(server.Saw().find("AUTH SCRAM-SHA-256-PLUS cD10bHMt") != std::string::npos);
}

TEST_CASE("RFC 4291 2.2, RFC 9525: names and addresses as they come from the user") {
  struct Case {
    const char* host;
    const char* name;  // empty: refused
    const char* address = "";
  };
  const Case cases[] = {{"mx.example.org", "mx.example.org"},
                        {"mx.example.org.", "mx.example.org"},
                        {"localhost", "localhost"},
                        {"192.0.2.25", "192.0.2.25", "C0000219"},
                        {"[192.0.2.25]", "192.0.2.25", "C0000219"},
                        {"192.0.2", "192.0.2"},
                        {"192.0.2.256", "192.0.2.256"},
                        {"192.0.2.25.26", "192.0.2.25.26"},
                        {"::1", "::1", "00000000000000000000000000000001"},
                        {"::", "::", "00000000000000000000000000000000"},
                        {"[2001:db8::25]", "2001:db8::25", "20010DB8000000000000000000000025"},
                        {"2001:DB8:0:0:1::", "2001:DB8:0:0:1::", "20010DB8000000000001000000000000"},
                        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "00010002000300040005000600070008"},
                        {"::ffff:192.0.2.25", "::ffff:192.0.2.25", "00000000000000000000FFFFC0000219"},
                        {"1:2:3:4:5:6:192.0.2.25", "1:2:3:4:5:6:192.0.2.25", "000100020003000400050006C0000219"},
                        {"fe80::1%eth0", "fe80::1", "FE800000000000000000000000000001"},
                        {"", ""},
                        {".", ""},
                        {"[]", ""},
                        {"mx example", ""},
                        {"mx\n", ""},
                        {"gr\xc3\xbc\xc3\x9f.de", ""},
                        {":", ""},
                        {":::", ""},
                        {"1::2::3", ""},
                        {"1:2:3:4:5:6:7", ""},
                        {"1:2:3:4:5:6:7:8:9", ""},
                        {"1:2:3:4:5:6:7::8", ""},
                        {"12345::", ""},
                        {"1:2:", ""},
                        {"[::1", ""},
                        {"::1]", ""},
                        {"1:2:3:4:5:6:7:192.0.2.25", ""},
                        {"mx.example.org:25", ""}};
  for (const Case& one : cases) {
    CAPTURE(one.host);
    TlsName name;
    CHECK(name.Assign(one.host) == (*one.name != '\0'));
    if (*one.name == '\0') continue;
    CHECK(name.View() == one.name);
    const auto address = name.Address();
    CHECK(Hex({reinterpret_cast<const char*>(address.data()), address.size()}) == one.address);
  }
  TlsName longest;
  CHECK(longest.Assign(std::string(253, 'a')));
  CHECK_FALSE(longest.Assign(std::string(254, 'a')));
}
