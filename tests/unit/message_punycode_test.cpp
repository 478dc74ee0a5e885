#include "smtpoll/message/punycode.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {
std::string Punycode(const char* label) {
  std::string text;
  smtpoll::detail::AppendPunycode(label, text);
  return text;
}
std::string AsciiDomain(const char* domain) {
  std::string text;
  smtpoll::detail::AppendAsciiDomain(domain, text);
  return text;
}
}  // namespace

TEST_CASE("RFC 3492 7.1: sample strings") {
  // (A) Arabic, (B) Chinese, (I) Russian, (L) Japanese with ASCII, (S) ASCII that is not letters.
  CHECK(
      Punycode(
          "\xd9\x84\xd9\x8a\xd9\x87\xd9\x85\xd8\xa7\xd8\xa8\xd8\xaa\xd9\x83\xd9\x84\xd9\x85\xd9\x88\xd8\xb4\xd8\xb9\xd8"
          "\xb1\xd8\xa8\xd9\x8a\xd8\x9f") == "egbpdaj6bu4bxfgehfvwxn");
  CHECK(Punycode(
            "\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96"
            "\x87") == "ihqwcrb4cv8a8dqg056pqjye");
  CHECK(Punycode("3\xe5\xb9\xb4"
                 "B\xe7\xb5\x84\xe9\x87\x91\xe5\x85\xab\xe5\x85\x88\xe7\x94\x9f") == "3b-ww4c5e180e575a65lsy2b");
  CHECK(Punycode("-> $1.00 <-") == "-> $1.00 <--");
}

TEST_CASE("RFC 5891 4: domains with labels in UTF-8") {
  CHECK(AsciiDomain("b\xc3\xbc"
                    "cher.example") == "xn--bcher-kva.example");
  CHECK(AsciiDomain("www.m\xc3\xbcnchen.de") == "www.xn--mnchen-3ya.de");
  CHECK(AsciiDomain("\xf0\x9f\x92\xa9.la") == "xn--ls8h.la");
  CHECK(AsciiDomain("Plain.Example") == "Plain.Example");
  CHECK(AsciiDomain("stra\xc3\x9f"
                    "e.\xe4\xb8\xad\xe5\x9b\xbd") == "xn--strae-oqa.xn--fiqs8s");
}
