#include "smtpoll/protocol/capabilities.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::AuthMechanism;
using smtpoll::Capabilities;
using smtpoll::Extension;

TEST_CASE("RFC 5321 4.1.1.1: the keywords of an EHLO reply, whatever their case") {
  const Capabilities server = Capabilities::FromReplyText(
      "PIPELINING is my name\nsize "
      "35882577\n8bitMIME\nENHANCEDSTATUSCODES\nSMTPUTF8\nCHUNKING\nBINARYMIME\nDSN\nSTARTTLS\n"
      "REQUIRETLS\nDELIVERBY 240\nFUTURERELEASE 1 2\nMT-PRIORITY MIXER\nLIMITS RCPTMAX=20\nX-UNKNOWN a b");
  CHECK_FALSE(server.Has(Extension::Pipelining));
  CHECK(server.MaxSize() == 35882577);
  for (const Extension extension :
       {Extension::Size, Extension::EightBitMime, Extension::EnhancedStatusCodes, Extension::SmtpUtf8,
        Extension::Chunking, Extension::BinaryMime, Extension::Dsn, Extension::StartTls, Extension::RequireTls,
        Extension::DeliverBy, Extension::FutureRelease, Extension::MtPriority, Extension::Limits})
    CHECK(server.Has(extension));
  CHECK(Capabilities::FromReplyText("mx\nPIPELINING").Has(Extension::Pipelining));
  CHECK_FALSE(Capabilities::FromReplyText("mx").Has(Extension::Size));
}

TEST_CASE("RFC 1870 3: SIZE without a number, with 0 or with nonsense sets no limit") {
  for (const char* text : {"mx\nSIZE", "mx\nSIZE 0", "mx\nSIZE many", "mx\nSIZE 99999999999999999999"}) {
    CHECK(Capabilities::FromReplyText(text).Has(Extension::Size));
    CHECK(Capabilities::FromReplyText(text).MaxSize() == 0);
  }
}

TEST_CASE("RFC 4954 3: AUTH mechanisms, in the present form and in the one before") {
  const Capabilities both = Capabilities::FromReplyText("mx\nAUTH GSSAPI login\nAUTH=PLAIN");
  CHECK(both.Has(Extension::Auth));
  CHECK(both.Has(AuthMechanism::Login));
  CHECK(both.Has(AuthMechanism::Plain));
  const Capabilities none = Capabilities::FromReplyText("mx\nAUTH\nAUTHENTICATE PLAIN");
  CHECK(none.Has(Extension::Auth));
  CHECK_FALSE(none.Has(AuthMechanism::Plain));
}

TEST_CASE("RFC 9422 4: the limits that are known, whatever their case; one without a number of 1 or more limits nothing") {
  const Capabilities server = Capabilities::FromReplyText(
      "mx\nLIMITS mailmax=20 RcptMax=1000 RCPTDOMAINMAX=99999999999999999999 OTHER=1");
  CHECK(server.MaxMails() == 20);
  CHECK(server.MaxRecipients() == 1000);
  CHECK(server.MaxRecipientDomains() == SIZE_MAX);
  for (const char* limit : {"MAILMAX", "MAILMAX=", "MAILMAX=0", "MAILMAX=many", "=20", "MAILMAX=-1"}) {
    CAPTURE(limit);
    CHECK(Capabilities::FromReplyText("mx\nLIMITS " + std::string(limit)).MaxMails() == SIZE_MAX);
  }
}

TEST_CASE("Name of every extension is the keyword that says it") {
  for (int i = 0; i <= static_cast<int>(Extension::RequireTls); ++i) {
    const auto extension = static_cast<Extension>(i);
    CHECK_FALSE(Name(extension).empty());
    CHECK(Capabilities::FromReplyText("mx\n" + std::string(Name(extension))).Has(extension));
  }
  CHECK(Name(static_cast<Extension>(31)).empty());
}
