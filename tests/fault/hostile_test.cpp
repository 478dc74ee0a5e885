// Servers that mean harm: each ends in a clear error, within a bounded number of calls and of the clock's milliseconds,
// and with a bounded amount of memory, all of which is asserted. RFC 5321 4.2 says what a reply is, 4.5.3.2 how long a
// client waits.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "hostile_wire.hpp"
#include "smtpoll/client/smtp_socket.hpp"

namespace {

std::size_t allocated = 0;  // bytes, by this thread, since it was set to 0

}  // namespace

void* operator new(std::size_t size) {
  allocated += size;
  if (void* const memory = std::malloc(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using fault::HostileWire;
using fault::Speeches;
using smtpoll::Errc;
using smtpoll::Millis;
using smtpoll::Outcome;

/// What must come of it.
struct Case {
  const char* name;
  Speeches speeches;
  Errc error;  // None: the session goes well
  Outcome outcome = Outcome::Queued;
  std::size_t piece = SIZE_MAX;
  Millis pause = 0;
  bool whole_only = false;  // in pieces the same bytes come in time
};

Speeches Then(const std::string& after, const std::string& bytes, const std::string& again = {}, bool goes_on = false) {
  const Speeches well = {{"", "220 mx\r\n", ""},     {"EHLO", "250 mx\r\n", ""}, {"MAIL", "250 ok\r\n", ""},
                         {"RCPT", "250 ok\r\n", ""}, {"DATA", "354 go\r\n", ""}, {"\r\n.\r\n", "250 taken\r\n", ""},
                         {"QUIT", "221 bye\r\n", ""}};
  return Spoil(well, after, bytes, again, goes_on);
}

std::string ManyCapabilities() {
  std::string reply;
  for (int i = 0; i < 1000000; ++i) reply += "250-X" + std::to_string(i) + "\r\n";
  return reply + "250 PIPELINING\r\n";
}

std::vector<Case> Cases() {
  const std::string nul("\0", 1);
  std::vector<Case> cases = {
      {"a greeting line without end", Then("", "220 ", "x"), Errc::ReplyTooLong},
      {"a greeting of lines without end", Then("", "", "220-x\r\n"), Errc::ReplyTooLong},
      {"a greeting of empty lines", Then("", "", "220-\r\n"), Errc::ReplyTooLong},
      {"line ends without end", Then("", "", "\r\n"), Errc::MalformedReply},
      {"CR without end", Then("", "220 x", "\r"), Errc::ReplyTooLong},
      {"bytes of zero without end", Then("", "", nul), Errc::MalformedReply},
      {"one byte a minute", Then("", "220 ", "x"), Errc::TimedOut, Outcome::Queued, 1, 60000},
      {"one line a minute", Then("", "", "220-x\r\n"), Errc::TimedOut, Outcome::Queued, 7, 60000},
      {"an EHLO reply of one byte a minute", Then("EHLO", "250-", "x"), Errc::TimedOut, Outcome::Queued, 1, 60000},
      {"a final reply of one byte a minute", Then("\r\n.\r\n", "250 ", "x"), Errc::TimedOut, Outcome::InDoubt, 1,
       60000},
      {"silence", Then("", ""), Errc::TimedOut},
      {"silence after the content", Then("\r\n.\r\n", ""), Errc::TimedOut, Outcome::InDoubt},
      {"a million capabilities", Then("EHLO", ManyCapabilities()), Errc::ReplyTooLong},
      {"capabilities without end", Then("EHLO", "", "250-SIZE 1\r\n"), Errc::ReplyTooLong},
      {"a mechanism list without end", Then("EHLO", "250-AUTH", " PLAIN"), Errc::ReplyTooLong},
      {"a final reply without end", Then("\r\n.\r\n", "250 ", "y"), Errc::ReplyTooLong, Outcome::InDoubt},
      {"a TLS record in plain text", Then("", "\x16\x03\x03" + nul + "\x7a\x02"), Errc::MalformedReply},
      {"a TLS alert for a reply", Then("EHLO", "\x15\x03\x03" + nul + "\x02\x02\x28"), Errc::MalformedReply},
      {"HTTP", Then("", "HTTP/1.1 400 Bad Request\r\n\r\n"), Errc::MalformedReply},
      {"a NUL in the code", Then("EHLO", "2" + nul + "0 hi\r\n"), Errc::MalformedReply},
      {"a NUL behind the code", Then("EHLO", "250" + nul + "hi\r\n"), Errc::MalformedReply},
      {"a code in other digits", Then("EHLO", "\xef\xbc\x92\xef\xbc\x95\xef\xbc\x90 hi\r\n"), Errc::MalformedReply},
      {"another code in the middle", Then("EHLO", "250-hi\r\n550-no\r\n250 hi\r\n"), Errc::MalformedReply},
      {"a NUL in the text is no harm", Then("QUIT", "221 b" + nul + "ye\r\n", "", true), Errc::None, Outcome::Sent},
      {"8-bit text is no harm", Then("\r\n.\r\n", "250 \xff\xfe\xc0\x80\x9b\r\n", "", true), Errc::None, Outcome::Sent},
      {"a bare LF ends a line as well", Then("EHLO", "250-mx\n250 SIZE 1000000\n", "", true), Errc::None,
       Outcome::Sent},
      {"a reply to EHLO that comes with the greeting", Then("", "220 mx\r\n250 mx\r\n"), Errc::UnexpectedReply,
       Outcome::Queued, SIZE_MAX, 0, true},
      {"an early 250, with the 354", Then("DATA", "354 go\r\n250 taken\r\n"), Errc::UnexpectedReply, Outcome::Queued,
       SIZE_MAX, 0, true},
      {"an early 250 for every message to come", Then("EHLO", "250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"),
       Errc::UnexpectedReply, Outcome::Queued, SIZE_MAX, 0, true},
      {"replies without end", Then("EHLO", "250 mx\r\n", "250 ok\r\n"), Errc::UnexpectedReply},
      {"354 to everything", Then("EHLO", "354 go\r\n"), Errc::UnexpectedReply},
      {"354 to RCPT", Then("RCPT", "354 go\r\n"), Errc::UnexpectedReply},
      {"250 to DATA", Then("DATA", "250 ok\r\n"), Errc::UnexpectedReply},
      {"354 to the content", Then("\r\n.\r\n", "354 more\r\n"), Errc::UnexpectedReply, Outcome::InDoubt},
      {"334 to the content", Then("\r\n.\r\n", "334 \r\n"), Errc::UnexpectedReply, Outcome::InDoubt},
      {"251 forwards", Then("RCPT", "251 user not local; will forward to <b@elsewhere.example>\r\n", "", true),
       Errc::None, Outcome::Sent},
  };
  for (const char* code : {"000", "100", "199", "600", "999", "2x0", "2", "25", " 250", "-250", "+250", "0250", "2500"})
    cases.push_back({"a code that is none", Then("EHLO", std::string(code) + " hi\r\n"), Errc::MalformedReply});
  for (const char* place : {"EHLO", "MAIL", "RCPT", "DATA", "\r\n.\r\n"}) {
    cases.push_back({"421", Then(place, "421 4.3.2 going down\r\n"), Errc::ConnectionLost});
    cases.push_back({"999", Then(place, "999 what\r\n"), Errc::MalformedReply,
                     place[0] == '\r' ? Outcome::InDoubt : Outcome::Queued});
  }
  Speeches redirect = Then("RCPT", "551 5.1.6 user not local; please try <evil@elsewhere.example>\r\n");
  redirect.push_back({"RSET", "250 ok\r\n", ""});
  redirect.push_back({"QUIT", "221 bye\r\n", ""});
  cases.push_back({"551 names another server", redirect, Errc::None, Outcome::Refused});
  cases.push_back({"421 for a greeting", Then("", "421 too busy\r\n"), Errc::ServiceRefused});
  return cases;
}

}  // namespace

TEST_CASE("Hostile servers: each ends in a clear error, in bounded time and memory") {
  for (const Case& one : Cases()) {
    INFO(std::string(one.name), ", first at ", one.speeches.back().after);
    for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{1}}) {
      if (one.whole_only && piece == 1) continue;
      smtpoll::BasicSMTPSocket<HostileWire> socket;
      HostileWire& wire = socket.Layer().NextLayer();
      wire.speeches = one.speeches;
      wire.piece = one.pause != 0 ? one.piece : piece;
      wire.pause = one.pause;
      HostileWire::now = 0;
      smtpoll::Error error;
      Outcome outcome = Outcome::Queued;
      socket.Error = [&](const smtpoll::Error& told) { error = told; };
      socket.MessageFinished = [&](const smtpoll::EmailMessage&, const smtpoll::SendResult& result) {
        outcome = result.outcome;
      };
      socket.Address = "mx";
      socket.Port = 25;
      socket.ClientName = "me.test";
      smtpoll::EmailMessage mail;
      mail.FromAddress = "a@x.org";
      mail.AddRecipient("b@y.org");
      mail.BodyPlainText = "top secret\n";
      socket.Messages.Append(mail);
      socket.SendMail();
      allocated = 0;
      std::size_t polls = 0;
      while (socket.Poll() && polls < 100000) ++polls;
      CHECK(polls < 100000);
      CHECK(error.ErrorNumber == static_cast<int>(one.error));
      CHECK(std::string(smtpoll::Name(outcome)) == std::string(smtpoll::Name(one.outcome)));
      // A clear error says where it happened.
      if (one.error != Errc::None) CHECK(error.phase != smtpoll::Phase::None);
      CHECK(HostileWire::now <= 15 * 60 * 1000);
      CHECK(wire.read <= 2 * smtpoll::DefaultLimits::kInput);
      CHECK(allocated < 64 * 1024);
    }
  }
  std::printf("hostile servers: %d\n", static_cast<int>(Cases().size()));
}
