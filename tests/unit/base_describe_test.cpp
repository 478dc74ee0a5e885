#include "smtpoll/base/describe.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <ostream>
#include <string>
#include <type_traits>

#include "smtpoll/protocol/reply.hpp"

using smtpoll::Describe;
using smtpoll::Errc;
using smtpoll::Error;
using smtpoll::Phase;
using smtpoll::detail::AdviceOn;
using smtpoll::detail::ErrorAdvice;
using smtpoll::detail::kErrorAdvice;

namespace {

std::string Text(const Error& error) { return std::string(Describe(error).View()); }

/// The error that the engine makes of a reply to `command` at `phase`, its lines as they come over the wire.
Error OnReply(Errc code, Phase phase, std::string_view command, std::string lines) {
  lines += "\r\n";
  smtpoll::detail::ReplyParser parser;
  smtpoll::Reply reply;
  const auto result = parser.Parse({&lines[0], lines.size()}, reply, [](std::string_view) {});
  REQUIRE(result == smtpoll::detail::ReplyParser::Result::Complete);
  Error error(code, phase, reply.text);
  error.reply_code = reply.code;
  error.enhanced = reply.enhanced;
  error.command.Assign(command);
  return error;
}

/// What the table says to a reply, of which `part` is a part.
void CheckHelp(const Error& error, std::string_view part) {
  const std::string text = Text(error);
  CHECK_MESSAGE(text.find(part) != std::string::npos, text << "\n  does not say: " << part);
}

void Refused(Phase phase, const char* lines, std::string_view part) {
  CheckHelp(OnReply(Errc::MessageRefused, phase, "RCPT TO:<x@example.org>", lines), part);
}

void LoginRefused(const char* lines, std::string_view part, const char* command = "AUTH PLAIN") {
  CheckHelp(OnReply(Errc::AuthenticationFailed, Phase::Authentication, command, lines), part);
}

/// The least error that a row is for.
Error ErrorFor(const ErrorAdvice& row, std::string_view word) {
  Error error(Errc::MessageRefused, row.when.phase, word);
  if (row.when.number != 0) error.ErrorNumber = row.when.number;
  if (row.when.refused || row.when.reply != 0)
    error.reply_code = row.when.reply == 0 ? 555 : row.when.reply < 10 ? row.when.reply * 100 + 55 : row.when.reply;
  error.enhanced = row.when.enhanced;
  return error;
}

}  // namespace

TEST_CASE("Describe: every error number of ours has advice of its own") {
  int known = 0;
  for (int number = 1; number < 2000; ++number) {
    if (smtpoll::detail::OwnName(static_cast<Errc>(number)) == nullptr) continue;
    ++known;
    const ErrorAdvice& advice = AdviceOn(Error::FromNumber(number, Phase::None));
    CHECK_MESSAGE(advice.when.number == number, "no advice on error " << number);
    CHECK(std::string_view(advice.help).size() > 20);
  }
  CHECK(known == 32);
}

TEST_CASE("Describe: no row of the table is hidden by one before it") {
  for (const ErrorAdvice& row : kErrorAdvice) {
    if (&row == std::end(kErrorAdvice) - 1) continue;
    std::string_view words = row.when.words;
    do {
      const std::string_view word = words.substr(0, words.find('|'));
      words.remove_prefix(word.size() == words.size() ? word.size() : word.size() + 1);
      const ErrorAdvice& first = AdviceOn(ErrorFor(row, word));
      CHECK_MESSAGE(&first == &row, "\"" << std::string(row.what) << "\" by \"" << word << "\" is hidden by \""
                                         << std::string(first.what) << "\"");
    } while (!words.empty());
  }
}

TEST_CASE("Describe: the room is enough for the longest reply at the longest row") {
  for (const ErrorAdvice& row : kErrorAdvice) {
    for (int phase = 0; phase <= static_cast<int>(Phase::Command); ++phase) {
      std::string word(row.when.words);
      word = word.substr(0, word.find('|'));
      word.resize(256, 'x');
      Error error = ErrorFor(row, word);
      error.phase = row.when.phase != Phase::None ? row.when.phase : static_cast<Phase>(phase);
      error.command.Assign(std::string(80, 'c'));
      const std::string text = Text(error);
      CHECK(text.size() < 1150);
      const std::string_view help = AdviceOn(error).help;
      CHECK(text.substr(text.size() - help.size()) == help);
    }
  }
}

TEST_CASE("Describe: the rows read as sentences") {
  for (const ErrorAdvice& row : kErrorAdvice) {
    const std::string_view what = row.what, help = row.help;
    CHECK_MESSAGE((what.front() >= 'a' && what.front() <= 'z' && what.back() != '.'), what);
    CHECK_MESSAGE((help.front() >= 'A' && help.front() <= 'Z' && (help.back() == '.' || help.back() == '?')), help);
    CHECK(help.find("  ") == std::string_view::npos);
  }
}

TEST_CASE("Describe: what happened, at which step, what the server said, what helps") {
  Error error(Errc::MessageRefused, Phase::Recipient, "no such user\nhere");
  error.command.Assign("RCPT TO:<x@y.org>");
  error.reply_code = 550;
  error.enhanced = {5, 1, 1};
  CHECK(Text(error) ==
        "While naming a recipient to the server (RCPT), there is no such recipient. The server said to "
        "RCPT TO:<x@y.org>: \"550 5.1.1 no such user here\". What usually helps: Check the spelling of the address, "
        "and take it off your list where it is gone.");
  CHECK(Text(Error(Errc::InvalidPort, Phase::Connect, "Port is 0")) ==
        "While connecting to the server, the port cannot be used. In detail: Port is 0. What usually helps: Set Port: "
        "587 (STARTTLS), 465 (TLS from the first byte on), 25 between servers.");
  CHECK(Text(Error()) == "Nothing went wrong.");
  CHECK(Text(Error(Errc::Cancelled, Phase::None)).find("The message was cancelled") == 0);
}

TEST_CASE("Describe: neither throws nor allocates, and is of bounded size") {
  static_assert(noexcept(Describe(Error())));
  static_assert(std::is_nothrow_copy_constructible_v<smtpoll::Description>);
  static_assert(std::is_trivially_destructible_v<smtpoll::Description>);
  static_assert(sizeof(smtpoll::Description) <= 1280);
}

TEST_CASE("Describe: a hostile reply cannot leave its line or paint on a terminal") {
  Error error(Errc::MessageRefused, Phase::Mail, "a\x1b[31m\r\n\r\nb\x7f\tc \n");
  error.reply_code = 555;
  CHECK(Text(error).find("\"555 a [31m b c \"") != std::string::npos);
  for (const char c : Text(error)) CHECK(static_cast<unsigned char>(c) >= ' ');
}

TEST_CASE("Describe: a UTF-8 character that the error has cut is left out") {
  for (const char* character : {"\xc3\xbc", "\xe4\xb8\x96", "\xf0\x9f\x91\x8b"}) {
    for (std::size_t room = 1; room <= 4; ++room) {
      std::string reply(256 - room, 'x');
      Error error(Errc::MessageRefused, Phase::Mail, reply + character + "x");
      error.reply_code = 555;
      const std::string text = Text(error);
      const bool whole = std::string_view(character).size() <= room;
      CHECK((text.find(reply + character) != std::string::npos) == whole);
      CHECK((text.find(reply + '"') != std::string::npos) == !whole);
    }
  }
}

TEST_CASE("Describe: Gmail") {
  LoginRefused(
      "534-5.7.9 Application-specific password required. For more information, go to\r\n"
      "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor a12-20020a05600c - gsmtp",
      "app password");
  LoginRefused(
      "535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
      "535 5.7.8  https://support.google.com/mail/?p=BadCredentials a12-20020a05600c - gsmtp",
      "Check both");
  LoginRefused(
      "534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1&scc=1&plt=AKgnsb> Please\r\n"
      "534-5.7.14 log in via your web browser and then try again.\r\n"
      "534 5.7.14  Learn more at https://support.google.com/mail/answer/78754 - gsmtp",
      "in a browser once");
  LoginRefused("454 4.7.0 Too many login attempts, please try again later. - gsmtp", "Wait for some minutes");
  Refused(Phase::Mail, "530 5.7.0 Must issue a STARTTLS command first. - gsmtp", "STARTTLS on port 587");
  Refused(Phase::Mail,
          "530-5.7.0 Authentication Required. For more information, go to\r\n"
          "530 5.7.0  https://support.google.com/mail/?p=WantAuthError - gsmtp",
          "Set UserName and Password");
  Refused(Phase::ContentEnd,
          "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n"
          "550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.\r\n"
          "550 5.7.26  DKIM = did not pass, SPF [example.org] with ip: [192.0.2.1] = did not pass",
          "sign with DKIM");
  Refused(Phase::ContentEnd,
          "550-5.7.1 [192.0.2.1] Our system has detected that this message is likely\r\n"
          "550 5.7.1 unsolicited mail. To reduce the amount of spam sent to Gmail",
          "took the message or its sender for spam");
  Refused(Phase::ContentEnd,
          "421-4.7.0 [192.0.2.1] Our system has detected an unusual rate of unsolicited mail\r\n"
          "421 4.7.0 originating from your IP address.",
          "Send more slowly");
  Refused(Phase::Mail, "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits",
          "higher limit");
  Refused(Phase::Mail, "450 4.2.1 Peak SMTP relay limit exceeded for customer.", "Send more slowly");
  Refused(Phase::ContentEnd, "552 5.2.3 Your message exceeded Google's message size limits. For more information",
          "compress attachments");
  Refused(Phase::ContentEnd,
          "552-5.7.0 This message was blocked because its content presents a potential\r\n"
          "552 5.7.0 security issue. Please visit",
          "send the link");
  Refused(Phase::Recipient,
          "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n"
          "550 5.1.1 double-checking the recipient's email address for typos",
          "Check the spelling");
  Refused(Phase::Recipient, "452 4.2.2 The email account that you tried to reach is over quota.", "mailbox is full");
  Refused(Phase::ContentEnd, "550 5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record",
          "have a name");
}

TEST_CASE("Describe: Microsoft 365") {
  LoginRefused(
      "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit "
      "https://aka.ms/smtp_auth_disabled for more information. [AM0PR04CA0001]",
      "Authenticated SMTP");
  LoginRefused(
      "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults "
      "policy. Contact your administrator.",
      "Authenticated SMTP");
  LoginRefused("535 5.7.3 Authentication unsuccessful [AM0PR04CA0001.eurprd04.prod.outlook.com]", "Check both");
  LoginRefused("535 5.7.3 Authentication unsuccessful [AM0PR04CA0001.eurprd04.prod.outlook.com]", "new token",
               "AUTH XOAUTH2");
  Refused(Phase::Mail, "530 5.7.57 Client not authenticated to send mail. [AM0PR04CA0001]", "Set UserName");
  Refused(Phase::ContentEnd, "554 5.2.252 SendAsDenied; a@example.org not allowed to send as b@example.org",
          "address of the account");
  Refused(Phase::Mail, "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
          "address of the account");
  Refused(Phase::Recipient, "550 5.7.64 TenantAttribution; Relay Access Denied", "pass mail on");
  Refused(Phase::Recipient, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "block list");
  Refused(Phase::Mail, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.",
          "block list");
  Refused(Phase::Mail, "451 4.7.500 Server busy. Please try again later from [192.0.2.1].", "Send more slowly");
  Refused(Phase::Mail, "432 4.3.2 Concurrent connections limit exceeded", "Send more slowly");
  Refused(Phase::Recipient, "452 4.5.3 Too many recipients", "further message");
}

TEST_CASE("Describe: services that send for others") {
  Refused(Phase::ContentEnd,
          "554 Message rejected: Email address is not verified. The following identities failed the check in region "
          "EU-WEST-1: a@example.org",
          "verified");
  LoginRefused("535 Authentication Credentials Invalid", "SES");
  Refused(Phase::Mail, "454 Throttling failure: Maximum sending rate exceeded.", "Send more slowly");
  Refused(Phase::Mail, "454 Throttling failure: Daily message quota exceeded.", "higher limit");
  Refused(Phase::ContentEnd,
          "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is "
          "resolved.",
          "verified");
  LoginRefused("451 Authentication failed: Maximum credits exceeded", "higher limit");
  Refused(Phase::ContentEnd,
          "421 Domain sandbox.mailgun.org is not allowed to send: Free accounts are for test "
          "purposes only.",
          "set-up of the domain");
  Refused(Phase::ContentEnd, "551 5.7.1 Not authorised to send from this header address", "address of the account");
  Refused(Phase::ContentEnd, "550 5.7.0 From address is not one of your addresses", "address of the account");
  Refused(Phase::ContentEnd, "553 Relaying disallowed as info@example.org", "address of the account");
  LoginRefused("535 5.7.0 (#AUTH005) Too many bad auth attempts.", "Wait for some minutes");
  LoginRefused("535 Login fail. Please enter your authorization code to login.", "app password");
  Refused(Phase::Mail,
          "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or "
          "user complaints - 4.16.55.1",
          "for spam");
}

TEST_CASE("Describe: Postfix, Exim and others of one's own") {
  Refused(Phase::Recipient, "554 5.7.1 <x@example.org>: Relay access denied", "pass mail on");
  Refused(Phase::Recipient, "550 relay not permitted", "pass mail on");
  Refused(Phase::Recipient,
          "450 4.2.0 <x@example.org>: Recipient address rejected: Greylisted, see http://postgrey."
          "schweikert.ch/help/example.org.html",
          "15 minutes");
  Refused(Phase::Recipient, "451 4.7.1 Please try again later", "15 minutes");
  Refused(Phase::Recipient, "450 4.1.8 <a@nowhere.example>: Sender address rejected: Domain not found",
          "spelling of FromAddress");
  Refused(Phase::Recipient, "450 4.1.2 <x@nowhere.example>: Recipient address rejected: Domain not found",
          "spelling of the recipient");
  Refused(Phase::Mail, "552 5.3.4 Message size exceeds fixed limit", "compress attachments");
  Refused(Phase::Recipient, "550 5.1.1 <x@y.org>: Recipient address rejected: User unknown in virtual mailbox table",
          "no such recipient");
  Refused(Phase::Recipient, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
          "Set ClientName");
  Refused(Phase::Recipient, "553 5.7.1 <a@example.org>: Sender address rejected: not owned by user b",
          "address of the account");
  Refused(Phase::Recipient, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
          "block list");
  Refused(Phase::Recipient, "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]", "PTR record");
  Refused(Phase::Recipient, "550 Unrouteable address", "no such recipient");
  Refused(Phase::ContentEnd, "554 5.7.1 Rejected by policy", "rule of the server");
  Refused(Phase::ContentEnd, "550 5.7.1 Email rejected per DMARC policy for example.org", "sign with DKIM");
  CheckHelp(OnReply(Errc::ServiceRefused, Phase::Greeting, "", "554 mx.example.org ESMTP not accepting messages"),
            "no mail from this machine");
  CheckHelp(OnReply(Errc::ServiceRefused, Phase::Hello, "EHLO a_b", "501 Syntactically invalid HELO argument(s)"),
            "Set ClientName");
  CheckHelp(OnReply(Errc::ConnectionLost, Phase::Mail, "MAIL FROM:<a@x.org>", "421 4.3.2 Service shutting down"),
            "Try again in some minutes");
  // A mailbox whose name is a word of the table is none of a server's words.
  CheckHelp(OnReply(Errc::MessageRefused, Phase::Recipient, "RCPT TO:<spam@y.org>", "550 5.1.1 User unknown"),
            "no such recipient");
}

TEST_CASE("Describe: what fails before the server says anything") {
  CheckHelp(Error(Errc::NameResolution, Phase::Resolve), "spelling of the server's name");
  CheckHelp(Error(Errc::TimedOut, Phase::Connect), "block port 25");
  CheckHelp(Error::FromNumber(smtpoll::detail::kSystemTimedOut, Phase::Connect), "block port 25");
  CheckHelp(Error::FromNumber(smtpoll::detail::kSystemRefused, Phase::Connect), "nobody listens");
  CheckHelp(Error::FromNumber(smtpoll::detail::kSystemNetworkUnreachable, Phase::Connect), "online");
  CheckHelp(Error::FromNumber(smtpoll::detail::kSystemHostUnreachable, Phase::Connect), "no way to the server");
  CheckHelp(Error(Errc::CertificateExpired, Phase::Tls, "it expired at 2020-01-01 00:00:00"), "clock");
  CheckHelp(Error(Errc::CertificateExpired, Phase::Tls, "it expired at 2020-01-01 00:00:00"), "2020-01-01");
  CheckHelp(Error(Errc::CertificateName, Phase::Tls, "it is for imap.example.org"), "Set Address to the name");
  CheckHelp(Error(Errc::CertificateUntrusted, Phase::Tls, "self-signed certificate"), "CertificateAuthorityFile");
  CheckHelp(Error(Errc::TlsRefused, Phase::Tls, "STARTTLS is not offered"), "465");
  CheckHelp(Error(Errc::TimedOut, Phase::Greeting), "SSLTLS");
  CheckHelp(Error(Errc::ProxyRefused, Phase::Connect, "connection not allowed by ruleset"), "kind of the proxy");
  CheckHelp(Error(Errc::ProxyAuthentication, Phase::Connect), "UserName and Password of the proxy");
  CheckHelp(Error::FromNumber(4711, Phase::Connect), "(system error 4711)");
}

TEST_CASE("Describe: a message that is in doubt is never called safe to send again") {
  for (const Errc code : {Errc::ConnectionLost, Errc::TimedOut}) {
    const std::string text = Text(Error(code, Phase::ContentEnd));
    CHECK(text.find("may or may not have arrived") != std::string::npos);
    // With messages in flight (RFC 2920) the step is that of the oldest reply, so others may be in doubt too.
    for (const Phase phase : {Phase::Mail, Phase::Recipient, Phase::Data, Phase::Reset})
      CHECK(Text(Error(code, phase)).find("in doubt") != std::string::npos);
  }
}
