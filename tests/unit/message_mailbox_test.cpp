#include "smtpoll/message/mailbox.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using smtpoll::Mailbox;
using smtpoll::MailboxParser;

namespace {

/// Every mailbox of `list` as `name|local|domain`, joined by spaces; `!column reason` where it fails.
std::string Parse(const std::string& list) {
  std::string result;
  MailboxParser parser(list);
  Mailbox mailbox;
  while (parser.Next(mailbox)) {
    if (!result.empty()) result += " ";
    result.append(mailbox.display_name).append("|").append(mailbox.local_part).append("|").append(mailbox.domain);
  }
  if (parser.Failed()) result += "!" + std::to_string(parser.FaultColumn()) + " " + parser.FaultReason();
  CHECK_FALSE(parser.Next(mailbox));
  return result;
}

std::string AddrSpec(const std::string& address) {
  MailboxParser parser(address);
  Mailbox mailbox;
  REQUIRE(parser.Next(mailbox));
  std::string result;
  smtpoll::detail::AppendAddrSpec(mailbox, result);
  return result;
}

}  // namespace

TEST_CASE("RFC 5322 3.4: a list as people type it") {
  CHECK(Parse("bob@y.org") == "|bob|y.org");
  CHECK(Parse("\"Doe, Jane\" <jane@x.org>, bob@y.org") == "\"Doe, Jane\"|jane|x.org |bob|y.org");
  CHECK(Parse("Jane Q. Doe <jane@x.org>") == "Jane Q. Doe|jane|x.org");
  CHECK(Parse("<jane@x.org>") == "|jane|x.org");
  CHECK(Parse(" , a@b ,, c@d , ") == "|a|b |c|d");
  CHECK(Parse("").empty());
  CHECK(Parse("  ").empty());
}

TEST_CASE("RFC 5322 3.4: groups give their members") {
  CHECK(Parse("Team: a@b, Carl <c@d>; , e@f") == "|a|b Carl|c|d |e|f");
  CHECK(Parse("undisclosed-recipients:;").empty());
  CHECK(Parse("Team: a@b") == "|a|b!10 a group has no ; at its end");
  CHECK(Parse("A: B: c@d;;").find("!5 a group inside a group") != std::string::npos);
  CHECK(Parse("a@b; c@d").find("!4 a comma is missing") == 0);
}

TEST_CASE("RFC 5322 3.2.2: comments and white space stand around every part") {
  CHECK(Parse("(x (y)) bob (a) @ (b) y.org (c)") == "|bob|y.org");
  CHECK(Parse("Bob (the \\) builder) <bob@y.org>") == "Bob|bob|y.org");
  CHECK(Parse("bob@y.org (never ends").find("a comment has no )") != std::string::npos);
}

TEST_CASE("RFC 5321 4.1.2 and 4.1.3: quoted local parts and address literals") {
  CHECK(Parse("\"a b@c\"@y.org") == "|\"a b@c\"|y.org");
  CHECK(Parse("bob@[192.0.2.1], bob@[IPv6:2001:db8::1]") == "|bob|[192.0.2.1] |bob|[IPv6:2001:db8::1]");
  CHECK(Parse("bob@[192.0.2.1").find("] is missing") != std::string::npos);
  CHECK(Parse("\"bob@y.org").find("a quoted string has no") != std::string::npos);
}

TEST_CASE("RFC 6532 3.2: UTF-8 in names, local parts and domains; broken UTF-8 is a fault") {
  CHECK(Parse("Zo\xc3\xab <zo\xc3\xab@b\xc3\xbc"
              "cher.example>") ==
        "Zo\xc3\xab|zo\xc3\xab|b\xc3\xbc"
        "cher.example");
  CHECK(Parse("a\xff@y.org") == "!2 no valid UTF-8");
}

TEST_CASE("RFC 5322 3.4.1: what is no address is refused with its column") {
  const struct {
    const char* list;
    const char* fault;
  } faults[] = {{"bob", "!4 @ is missing"},
                {"bob@", "!5 a character that cannot stand in an address"},
                {"@y.org", "!1 a local part is missing"},
                {"bob@y.org x", "!11 a comma is missing"},
                {"bob smith@y.org", "!10 < is missing before an address"},
                {"Bob <bob@y.org", "!15 > is missing"},
                {"Bob <@y.org>", "!6 a local part is missing"},
                {".bob@y.org", "!1 a dot at the wrong place"},
                {"b..b@y.org", "!1 a dot at the wrong place"},
                {"bob@y..org", "!5 a dot at the wrong place"},
                {"bob@.y.org", "!5 a dot at the wrong place"},
                {"a@b, bob@y,org!", "!16 @ is missing"},
                {"bob@[]", "!6 a bad address literal"},
                {"bob@[a\\]]", "!7 a bad address literal"},
                {"bob@[a[b]", "!7 a bad address literal"},
                // A path could not hold these (found by tests/fuzz/addresses.cpp).
                {"bob@[127.0.0@\".1]", "!14 a bad address literal"},
                {"\"a\tb\"@y.org", "!1 a tab in the local part"},
                {"bob@[a<b]", "!7 a bad address literal"},
                {"bob@[a>b]", "!7 a bad address literal"},
                {"bob@y!org", "!5 a character that cannot stand in a domain"}};
  for (const auto& fault : faults) {
    CAPTURE(fault.list);
    const std::string parsed = Parse(fault.list);
    CHECK(parsed.substr(parsed.find('!')) == fault.fault);
  }
}

TEST_CASE("RFC 5321 4.5.3.1: local part 64, domain 255, path 256 octets") {
  CHECK(Parse(std::string(64, 'a') + "@y.org").find('!') == std::string::npos);
  CHECK(Parse(std::string(65, 'a') + "@y.org") == "!1 the local part is longer than 64 octets");
  CHECK(Parse("a@" + std::string(256, 'b')) == "!3 the domain is longer than 255 octets");
  const std::string labels = std::string(63, 'b') + "." + std::string(63, 'c') + ".";  // 128
  CHECK(Parse(std::string(64, 'a') + "@" + labels + std::string(61, 'd')).find('!') == std::string::npos);
  CHECK(Parse(std::string(64, 'a') + "@" + labels + std::string(62, 'd')) ==
        "!1 the address is longer than 254 octets");
  CHECK(Parse("a@x." + std::string(64, 'b')) == "!3 a label of the domain is longer than 63 octets");
}

TEST_CASE("Header injection: a line break or NUL is a fault wherever it stands in an address") {
  const std::string address = "\"Jane (x)\" (y) <jane@x.org> , bob@y.org";
  for (const char bad : {'\r', '\n', '\0'}) {
    for (std::size_t at = 0; at <= address.size(); ++at) {
      std::string broken = address;
      broken.insert(at, 1, bad);
      CAPTURE(at);
      CHECK(Parse(broken).find('!') != std::string::npos);
    }
  }
}

TEST_CASE("RFC 5321 4.1.2: a local part is quoted only where it must be") {
  CHECK(AddrSpec("\"bob\"@y.org") == "bob@y.org");
  CHECK(AddrSpec("\"b.o.b\"@y.org") == "b.o.b@y.org");
  CHECK(AddrSpec("\"b b\"@y.org") == "\"b b\"@y.org");
  CHECK(AddrSpec("\"b..b\"@y.org") == "\"b..b\"@y.org");
  CHECK(AddrSpec("\"b\\\"b\"@y.org") == "\"b\\\"b\"@y.org");
}

TEST_CASE("RFC 5890: a domain in UTF-8 becomes A-labels behind a local part in ASCII") {
  CHECK(AddrSpec("bob@b\xc3\xbc"
                 "cher.example") == "bob@xn--bcher-kva.example");
  CHECK(AddrSpec("zo\xc3\xab@b\xc3\xbc"
                 "cher.example") ==
        "zo\xc3\xab@b\xc3\xbc"
        "cher.example");
}

TEST_CASE("A list says the same whether its elements are plain or have a comment behind them") {
  // A comment makes the parser look closely, so the quick way and the exact one are compared.
  std::uint32_t random = 7;
  const auto below = [&random](std::uint32_t most) {
    random = random * 1664525u + 1013904223u;
    return (random >> 8) % most;
  };
  int plain = 0;
  for (int run = 0; run < 20000; ++run) {
    std::string address;
    for (std::uint32_t left = 1 + below(12); left != 0; --left) address += "ab.@-_+ 9!<>[]:;,\"\xc3\xa9z."[below(23)];
    if (run % 3 == 0) address = "a" + address + "@b.c" + address.substr(address.size() / 2);
    if (run % 50 == 0) address.insert(0, std::string(60 + below(8), 'x'));
    if (run % 50 == 1) address += "@" + std::string(60 + below(8), 'x');
    if (address.find_first_of(",;:<\"[") != std::string::npos) continue;
    Mailbox quick, exact;
    const std::string commented = address + " (c)";
    MailboxParser quick_parser(address), exact_parser(commented);
    const bool found = quick_parser.Next(quick);
    REQUIRE(found == exact_parser.Next(exact));
    REQUIRE(quick_parser.Failed() == exact_parser.Failed());
    if (!found) continue;
    ++plain;
    CHECK(quick.local_part == exact.local_part);
    CHECK(quick.domain == exact.domain);
    CHECK(quick.display_name.empty());
    CHECK_FALSE(quick_parser.Next(quick));
  }
  CHECK(plain > 200);
}
