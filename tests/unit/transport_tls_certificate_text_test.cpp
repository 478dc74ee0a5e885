#include "smtpoll/transport/detail/tls_certificate_text.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::FixedText;
using smtpoll::detail::TlsName;
using smtpoll::detail::TlsSubjectNames;

namespace {

/// An item of DER with the shortest length there is for it.
std::string Item(unsigned char tag, const std::string& content) {
  std::string item(1, static_cast<char>(tag));
  std::string size;
  for (std::size_t rest = content.size(); rest != 0; rest /= 256) size.insert(0, 1, static_cast<char>(rest % 256));
  if (content.size() < 128)
    item += static_cast<char>(content.size());
  else
    item += static_cast<char>(0x80 + size.size()) + size;
  return item + content;
}
std::string Host(const std::string& name) { return Item(0x82, name); }
std::string Names(const std::string& items) { return Item(0x30, items); }

/// What the names in `der` come to for `wanted`: true, and the sentence about them.
struct Judged {
  Judged(const std::string& der, const std::string& wanted) {
    TlsName name;
    REQUIRE(name.Assign(wanted));
    TlsSubjectNames names(name);
    names.AddAll({reinterpret_cast<const unsigned char*>(der.data()), der.size()});
    matches = names.Match();
    FixedText<400> words;
    names.Describe(words);
    text = std::string(words.View());
  }
  bool matches = false;
  std::string text;
};

bool Matches(const std::string& der, const std::string& wanted) { return Judged(der, wanted).matches; }

}  // namespace

TEST_CASE("RFC 9525 6.3: a name matches whole, whatever its case; * is one whole first label") {
  CHECK(Matches(Names(Host("MX.y.org")), "mx.Y.org"));
  CHECK(Matches(Names(Host("other.org") + Host("mx.y.org")), "mx.y.org"));
  CHECK_FALSE(Matches(Names(Host("mx.y.org")), "y.org"));
  CHECK_FALSE(Matches(Names(Host("mx.y.org" + std::string(1, '\0'))), "mx.y.org"));
  CHECK(Matches(Names(Host("*.y.org")), "mx.y.org"));
  CHECK_FALSE(Matches(Names(Host("*.y.org")), "a.mx.y.org"));
  CHECK_FALSE(Matches(Names(Host("*.y.org")), "y.org"));
  CHECK_FALSE(Matches(Names(Host("*.y.org")), ".y.org"));
  CHECK_FALSE(Matches(Names(Host("*.org")), "y.org"));
  CHECK_FALSE(Matches(Names(Host("*.org")), "localhost"));
  CHECK_FALSE(Matches(Names(Host("192.0.2.1")), "192.0.2.1"));
}

TEST_CASE("RFC 5280 4.2.1.6: addresses by their bytes") {
  const std::string four = Names(Item(0x87, std::string("\xc0\x00\x02\x01", 4)));
  CHECK(Matches(four, "192.0.2.1"));
  CHECK_FALSE(Matches(four, "192.0.2.2"));
  CHECK_FALSE(Matches(four, "2001:db8::1"));
  CHECK_FALSE(Matches(four, "mx.y.org"));
  std::string six("\x20\x01\x0d\xb8", 4);
  six += std::string(11, '\0') + '\1';
  CHECK(Matches(Names(Item(0x87, six)), "2001:db8::1"));
  CHECK(Judged(Names(Item(0x87, six) + Item(0x81, "a@b")), "x").text == "it is for an IPv6 address, not for x");
}

TEST_CASE("DER: lengths of one byte and of more; what is garbled is no name") {
  std::string many;
  for (int i = 0; i < 100; ++i) many += Host("host" + std::to_string(i) + ".y.org");
  CHECK(Matches(Names(many), "host0.y.org"));
  CHECK(Matches(Names(many), "host99.y.org"));
  const std::string longest(200, 'x');
  CHECK(Matches(Names(Host(longest)), longest));
  CHECK(Matches(Names(std::string(70000, '\0') + Host("mx.y.org")), "mx.y.org"));

  const std::string good = Names(Host("mx.y.org"));
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(Matches(good.substr(0, size), "mx.y.org"));
  const std::string host = Host("mx.y.org");
  for (const std::string& head : {std::string("\x31\x0a"), std::string("\x30\x80"), std::string("\x30\x84\0\0\0\x0a", 6),
                                  std::string("\x30\x82\x0a"), std::string("\x30\x82")})
    CHECK_FALSE(Matches(head + host, "mx.y.org"));
  CHECK_FALSE(Matches("\x30\x82", "mx.y.org"));
  CHECK(Matches(std::string("\x30\x81\x0a") + host, "mx.y.org"));
}

TEST_CASE("The names are told, what cannot be printed in them as ?") {
  CHECK(Judged("", "mx.y.org").text == "it names no host as a subject alternative name, not even mx.y.org");
  CHECK(Judged(Names(Host("a\nb") + Item(0x87, std::string("\x7f\0\0\1", 4))), "mx").text ==
        "it is for a?b, 127.0.0.1, not for mx");
}

TEST_CASE("A time in UTC") {
  FixedText<40> text;
  smtpoll::detail::AppendUtcTime(text, {2026, 1, 31, 23, 59, 9});
  CHECK(text.View() == "2026-01-31 23:59:09 UTC");
}
