#include "smtpoll/message/message_view.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::MailboxView;
using smtpoll::MessageView;

namespace {

/// "field: reason", or nothing.
std::string FaultOf(const MessageView& mail) {
  const smtpoll::MessageFault fault = mail.Fault();
  return fault ? std::string(fault.field) + ": " + fault.reason : "";
}

constexpr MailboxView kTo[] = {{"b@y.org"}};

MessageView Mail() {
  MessageView mail;
  mail.from = {"a@x.org"};
  mail.to = kTo;
  return mail;
}

const char* AddressFault(const std::string& address) { return smtpoll::detail::AddressFault(address); }

}  // namespace

TEST_CASE("RFC 5321 4.1.2: a view takes addresses of atoms, domains and address literals") {
  for (const char* good : {"a@b", "a1.2b@3c.4", "first.last+tag@mail.example.org", "o'neil!#$%&*/=?^_`{|}~-@x_y-z.org",
                           "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]"})
    CHECK_MESSAGE(AddressFault(good) == nullptr, good);
  for (const char* bad : {"",        "a",     "@b",           "a@",     "a@@b",        "a b@c",      "a@b c",
                          ".a@b",    "a.@b",  "a..b@c",       "a@.b",   "a@b.",        "a@b..c",     "\"a\"@b",
                          "a@b>",    "a<@b",  "a@b\r\nDATA",  "a\n@b",  "z\xc3\xa9@b", "a@\xc3\xa9", "a@[]",
                          "a@[1",    "a@[12", "a@[192.0.2.1", "a@[1]]", "a@[1>]",      "a@[1 2]",    "a@[1\n2]",
                          "a@b,c@d", "a@b!"})
    CHECK_MESSAGE(AddressFault(bad) != nullptr, bad);
  CHECK(AddressFault(std::string("a\0@b", 4)) != nullptr);
}

TEST_CASE("RFC 5321 4.5.3.1: the limits of an address") {
  const std::string label(63, 'd'), long_domain = label + '.' + label + '.' + label + ".com";
  CHECK(AddressFault(std::string(64, 'a') + "@b") == nullptr);
  CHECK(AddressFault(std::string(65, 'a') + "@b") != nullptr);
  CHECK(AddressFault("a@" + label) == nullptr);
  CHECK(AddressFault("a@" + label + 'd') != nullptr);
  CHECK(AddressFault("a@x." + label + "d.org") != nullptr);
  CHECK(AddressFault(std::string(254 - 1 - long_domain.size(), 'a') + '@' + long_domain) == nullptr);
  CHECK(AddressFault(std::string(255 - 1 - long_domain.size(), 'a') + '@' + long_domain) != nullptr);
}

TEST_CASE("A view without a fault, and one that names nobody") {
  CHECK(FaultOf(Mail()).empty());
  MessageView mail = Mail();
  mail.to = {};
  CHECK(FaultOf(mail) == "To: an address is missing");
  mail.bcc = kTo;
  CHECK(FaultOf(mail).empty());
  mail.bcc = {};
  mail.cc = kTo;
  CHECK(FaultOf(mail).empty());
  mail.from = {};
  CHECK(FaultOf(mail) == "From: @ is missing");
}

TEST_CASE("A value with a line break, a NUL or broken UTF-8 is refused by the name of its field") {
  const std::string reason = "a line break or another control character", utf8 = "no valid UTF-8";
  for (const std::string& bad :
       {std::string("a\rb"), std::string("a\nb"), std::string("a\0b", 3), std::string("a\xc3")}) {
    const std::string why = ": " + (bad.back() == '\xc3' ? utf8 : reason);
    MessageView mail = Mail();
    mail.subject = bad;
    CHECK(FaultOf(mail) == "Subject" + why);
    CHECK(mail.Fault().column == 2);

    mail = Mail();
    mail.from.name = bad;
    CHECK(FaultOf(mail) == "From" + why);

    mail = Mail();
    const MailboxView named[] = {{"b@y.org", bad}};
    mail.cc = named;
    CHECK(FaultOf(mail) == "Cc" + why);

    mail = Mail();
    const smtpoll::HeaderView header[] = {{"X-Mine", bad}};
    mail.headers = header;
    CHECK(FaultOf(mail) == "X-Mine" + why);

    mail = Mail();
    const smtpoll::AttachmentView attachment[] = {{bad, "data"}};
    mail.attachments = attachment;
    CHECK(FaultOf(mail) == "Attachments" + why);

    mail = Mail();
    const smtpoll::AttachmentView typed[] = {{"name", "data", bad}};
    mail.attachments = typed;
    CHECK(FaultOf(mail).substr(0, 13) == "Attachments: ");

    mail = Mail();
    const std::string id = bad + "@x.org";
    mail.message_id = id;
    CHECK(FaultOf(mail) == "Message-ID: a character that it cannot hold");
  }
  MessageView mail = Mail();
  mail.body = "a\xc3";
  CHECK(FaultOf(mail) == "Body: no valid UTF-8");
  mail.body = "line breaks\r\nand even controls\1 are a body's own\n";
  CHECK(FaultOf(mail).empty());
}

TEST_CASE("Headers that say how the message is built, and such without a sound name, are refused") {
  for (const char* name : {"Content-Type", "content-transfer-encoding", "MIME-Version", "bcc", "To", "Date", "", "a b",
                           "a:", "X\r\nY", "X\xc3\xa9"}) {
    MessageView mail = Mail();
    const smtpoll::HeaderView header[] = {{name, "value"}};
    mail.headers = header;
    CHECK_MESSAGE(FaultOf(mail).substr(0, 9) == "Headers: ", name);
  }
}

TEST_CASE("An attachment has a type, and either data or a source") {
  MessageView mail = Mail();
  smtpoll::MemorySource source("x");
  smtpoll::AttachmentView attachment[] = {{"name", "data"}};
  mail.attachments = attachment;
  CHECK(FaultOf(mail).empty());
  attachment[0].source = &source;
  CHECK(FaultOf(mail) == "Attachments: an attachment has data and a source");
  attachment[0].data = {};
  CHECK(FaultOf(mail).empty());
  attachment[0].type = "binary";
  CHECK(FaultOf(mail) == "Attachments: no MIME type");
}

TEST_CASE("RFC 5322 3.6.4: a Message-ID is unique@domain") {
  MessageView mail = Mail();
  mail.message_id = "42.1@x.org";
  CHECK(FaultOf(mail).empty());
  for (const char* bad : {"42", "<42@x.org>", "4 2@x.org"}) {
    mail.message_id = bad;
    CHECK_MESSAGE(FaultOf(mail).substr(0, 12) == "Message-ID: ", bad);
  }
}

TEST_CASE("The limits of a view: a name, a Message-ID, the date and its zone; the first fault is the one told") {
  MessageView mail = Mail();
  const std::string name(255, 'n'), longer(256, 'n'), id(244, 'i');
  mail.from.name = name;
  CHECK(FaultOf(mail).empty());
  mail.from.name = longer;
  CHECK(FaultOf(mail) == "From: a name is longer than 255 octets");
  mail = Mail();
  const std::string fits = id + "@x.org", too_long = id + "i@x.org";
  mail.message_id = fits;
  CHECK(FaultOf(mail).empty());
  mail.message_id = too_long;
  CHECK(FaultOf(mail) == "Message-ID: no unique@domain of at most 250 octets");
  mail = Mail();
  for (const std::int64_t date : {std::int64_t{0}, std::int64_t{1}, std::int64_t{253402214400}}) {
    mail.date = date;
    CHECK(FaultOf(mail).empty());
  }
  for (const std::int64_t date : {std::int64_t{-1}, std::int64_t{253402214401}, INT64_MIN, INT64_MAX}) {
    mail.date = date;
    CHECK(FaultOf(mail) == "Date: a year after 9999, or before 1970");
  }
  mail = Mail();
  for (const int offset : {-24 * 60 + 1, 24 * 60 - 1}) {
    mail.utc_offset = offset;
    CHECK(FaultOf(mail).empty());
  }
  for (const int offset : {-24 * 60, 24 * 60}) {
    mail.utc_offset = offset;
    CHECK(FaultOf(mail) == "Date: a day or more ahead of UTC, or behind");
  }
  const smtpoll::HeaderView header[] = {{"a b", "value"}};
  const smtpoll::AttachmentView attachment[] = {{"name", "data", "binary"}};
  mail.headers = header;
  mail.attachments = attachment;
  mail.body = "a\xc3";
  CHECK(FaultOf(mail) == "Date: a day or more ahead of UTC, or behind");
}
