// What errors mean to people and what usually helps: one table, the special before the general; the first row that fits
// an error is the one. Replies are known by their code, by their enhanced code (RFC 3463, RFC 7372) or by words that
// servers use. Invariant: every error number of Errc has a row of its own that fits it whatever else is unknown.
#ifndef SMTPOLL_BASE_ERROR_ADVICE_HPP
#define SMTPOLL_BASE_ERROR_ADVICE_HPP

#include <cerrno>

#include "smtpoll/base/error_pattern.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A row: which errors, what that means, what helps.
struct ErrorAdvice {
  ErrorPattern when;
  const char* what;  // goes on where "While logging in," begins
  const char* help;
};

/// Numbers of the operating system that a connection fails with; Winsock's are others than those of errno.
#if defined(SMTPOLL_WINDOWS)
enum SystemError : int {
  kSystemAccessDenied = 10013,
  kSystemAddressNotAvailable = 10049,
  kSystemNetworkUnreachable = 10051,
  kSystemTimedOut = 10060,
  kSystemRefused = 10061,
  kSystemHostUnreachable = 10065
};
#else
enum SystemError : int {
  kSystemAccessDenied = EACCES,
  kSystemAddressNotAvailable = EADDRNOTAVAIL,
  kSystemNetworkUnreachable = ENETUNREACH,
  kSystemTimedOut = ETIMEDOUT,
  kSystemRefused = ECONNREFUSED,
  kSystemHostUnreachable = EHOSTUNREACH
};
#endif

// What more than one row says.
inline constexpr char kUsePortForSubmission[] =
    "The way to this port is probably blocked: providers of internet access and of cloud machines block port 25, "
    "companies often all but a few. Use the port for submission of your provider, 587 (STARTTLS) or 465 (TLS from the "
    "first byte on), with user name and password; check the address, the port and the firewalls.";
inline constexpr char kSendAgain[] =
    "Connect again. A message that is queued is safe to send again; one that is in doubt (SendResult::outcome, "
    "InDoubt) may have arrived.";
inline constexpr char kMayHaveArrived[] =
    "The message may or may not have arrived: only the server knows. Ask the recipient, or look whether a copy came, "
    "before sending it again; sending it again may deliver it twice.";
inline constexpr char kLogIn[] =
    "Set UserName and Password, and use the port for submission (587 or 465) with TLS. A server that was not meant to "
    "send your mail has to be exchanged for your provider's.";
inline constexpr char kTooMuch[] =
    "Send more slowly, over one connection that stays open, and wait before the next try; for more in a day ask the "
    "provider for a higher limit.";
inline constexpr char kWaitAndSend[] =
    "Send the same message again in 15 minutes, and then less and less often. Servers put off what comes from unknown "
    "senders or too fast; nothing has to be changed unless it goes on for hours.";
inline constexpr char kOwnAuthority[] =
    "Where the server is your own or your company's, name its authority in CertificateAuthorityFile; on a machine "
    "without a list of authorities install it (ca-certificates). Where it is a provider's, somebody in between "
    "(antivirus, firewall, proxy) may be opening the connection: nothing was sent.";
inline constexpr char kNotYourMistake[] =
    "The server is broken, or something in between (antivirus, firewall, a proxy) changes what is said. Try TLS (port "
    "465), another network, or Pipelining = false; keep the transcript for whoever runs the server.";

inline constexpr ErrorAdvice kErrorAdvice[] = {
    // Logging in.
    {Refusal(534).In(Phase::Authentication).Code(5, 7, 9), "the server wants a password that was made for programs",
     "Use an app password instead of the account's own: Google gives one under Security, 2-Step Verification, App "
     "passwords. Or log in by OAuth 2.0 (AccessToken or TokenProvider)."},
    {Refusal(5)
         .In(Phase::Authentication)
         .Words("app password|application-specific|InvalidSecondFactor|authorization code"),
     "the server wants a password that was made for programs",
     "Make an app password (some call it authorization code) in the settings of the account, and use it as Password; "
     "or log in by OAuth 2.0 (AccessToken or TokenProvider)."},
    {Refusal(534).In(Phase::Authentication).Code(5, 7, 14), "the server wants you to log in by a web browser first",
     "Log in to the account in a browser once, confirm that it was you, and try again; an app password or OAuth 2.0 "
     "keeps that from happening again."},
    {Refusal(5)
         .In(Phase::Authentication)
         .Words("SmtpClientAuthentication|smtp_auth_disabled|basic authentication is disabled|security defaults|did "
                "not meet the criteria"),
     "the organization or the mailbox does not allow login by SMTP",
     "Have an administrator allow Authenticated SMTP for this mailbox (Microsoft 365 admin center, Mail, Manage email "
     "apps) and for the organization, or log in by OAuth 2.0 (AccessToken or TokenProvider)."},
    {Refusal().In(Phase::Authentication).Words("too many|temporarily locked|temporarily blocked"),
     "the server has seen too many logins",
     "Wait for some minutes, keep one connection open for many messages instead of logging in for each, and look for "
     "another program that tries with an old password."},
    {Refusal(4).In(Phase::Authentication).Words("credits exceeded|throttl|quota"),
     "the account has used up what it may send", kTooMuch},
    {Refusal(432).In(Phase::Authentication), "the server wants the password to be set up anew for this mechanism",
     "Log in once with Mechanism set to Plain, over TLS, or set the password again at the provider."},
    {Refusal(538).In(Phase::Authentication), "the server takes these credentials only over an encrypted connection",
     "Use SMTPSecureSocket or SecureSession: STARTTLS on port 587, or TLS on port 465."},
    {Refusal(5).In(Phase::Authentication).Words("AUTH XOAUTH2|AUTH OAUTHBEARER"), "the server refused the access token",
     "Get a new token, it may have expired; its scope must allow SMTP (Google: https://mail.google.com/, Microsoft: "
     "https://outlook.office.com/SMTP.Send) and its account must be the one in UserName. TokenProvider is asked for "
     "each connection."},
    {Refusal(535).In(Phase::Authentication), "the server refused the user name or the password",
     "Check both; most servers want the whole mail address as user name. Accounts with a second factor (Gmail, "
     "Microsoft, Yahoo, iCloud, Fastmail) need an app password, and services as SES, SendGrid and Mailgun give "
     "credentials for SMTP only."},
    {Refusal(4).In(Phase::Authentication), "the server cannot check credentials just now",
     "Try again in a few minutes; the credentials may be right."},
    {Is(Errc::AuthenticationFailed).In(Phase::Authentication).Words("did not prove"),
     "the server did not prove that it knows the password",
     "Do not trust it: it may be somebody else. Check the address, and that the password is the one that this server "
     "was given; nothing was sent."},
    // Wants a login or encryption first, at whatever step.
    {Refusal(530).Words("starttls"), "the server takes nothing before the connection is encrypted",
     "Use SMTPSecureSocket or SecureSession over a TLS library: STARTTLS on port 587, or TLS on port 465."},
    {Refusal(5).Words("must issue a STARTTLS|encryption required|requires encryption|TLS required"),
     "the server takes nothing before the connection is encrypted",
     "Use SMTPSecureSocket or SecureSession over a TLS library: STARTTLS on port 587, or TLS on port 465."},
    {Refusal(530), "the server wants you to log in first", kLogIn},
    {Refusal(5).Words("authentication required|not authenticated|authenticate first|requires authentication"),
     "the server wants you to log in first", kLogIn},
    // Who may send in whose name.
    {Refusal(5).Code(5, 7, 26), "the message failed the tests of who may send for its domain (SPF, DKIM, DMARC)",
     "Send through the server of the domain that From names, or publish an SPF record that names this server and sign "
     "with DKIM by that domain (mail.Signer)."},
    {Refusal(5).Words("dmarc|unauthenticated|spf check|dkim|sender policy framework|spf record"),
     "the message failed the tests of who may send for its domain (SPF, DKIM, DMARC)",
     "Send through the server of the domain that From names, or publish an SPF record that names this server and sign "
     "with DKIM by that domain (mail.Signer)."},
    {Refusal(5).Words(
         "SendAsDenied|not owned by|send as this sender|not one of your addresses|sender identity|not authori|not "
         "allowed to send|sender address is not allowed|sending domain|not verified|disallowed as"),
     "the account may not send in the name of this address",
     "Set FromAddress to the address of the account, or have the address or its domain verified at the provider "
     "(Microsoft 365: the right to send as; SES, SendGrid, Mailgun: a verified sender)."},
    {Refusal(4).Words("not allowed to send"), "the account may not send in the name of this address",
     "Finish the set-up of the domain at the provider: verification, payment, and the list of recipients for tests."},
    {Refusal().Words("relay access denied|relaying denied|relay not permitted|not permitted to relay|relaying "
                     "not|unable to relay|relay denied|relaying disallowed|not relay|no relaying"),
     "the server does not pass mail on to that recipient for you",
     "Log in (UserName, Password) on the port for submission, 587 or 465: without a login a server takes mail for its "
     "own domains only. Or send through your provider's server."},
    {Refusal().Words("PTR record|reverse DNS|reverse hostname|cannot find your hostname|rDNS"),
     "the server wants the address of this machine to have a name",
     "Send through your provider's server with a login; where this machine is the server, have whoever gave the "
     "address set its PTR record to a name that resolves to it."},
    {Refusal(5).Code(5, 7, 25), "the server wants the address of this machine to have a name",
     "Send through your provider's server with a login; where this machine is the server, have whoever gave the "
     "address set its PTR record to a name that resolves to it."},
    {Refusal().Words("spamhaus|blocked using|blocklist|blacklist|block list|banned sending "
                     "ip|dnsbl|spamcop|barracuda|not accepted from this ip|poor reputation|listed at|listed in"),
     "the address of this machine is on a block list",
     "Addresses of homes and clouds mostly are: send through your provider's server with a login (port 587 or 465). "
     "Where this machine is the server, look its address up at the list that the reply names, and ask to be removed."},
    {Refusal().Words("greylist|graylist|grey list|gray list|postgrey"),
     "the server puts off mail from senders that it does not know yet (greylisting)", kWaitAndSend},
    {Refusal(4).Code(4, 2, 2), "the recipient's mailbox is full",
     "Send again in a day, or reach the recipient in another way."},
    {Refusal(5).Code(5, 2, 2), "the recipient's mailbox is full", "Reach the recipient in another way."},
    {Refusal().Words("sending rate|unusual rate|rate limit|ratelimit|limit exceeded|sending limit|quota "
                     "exceeded|throttl|too quickly|too fast|at a rate|too many messages|too many "
                     "connections|concurrent connections|concurrent smtp|server busy"),
     "the server gets more from you than it takes in a time", kTooMuch},
    // Sizes and mailboxes.
    {Refusal().Words("over quota|overquota|mailbox full|mailbox is full|out of storage|quota"),
     "the recipient's mailbox is full", "Send again in a day, or reach the recipient in another way."},
    {Refusal().Words("too many recipients"), "the server takes fewer recipients at once",
     "Send to the others in a further message."},
    {Refusal().Words("size limit|too large|message size|maximum size|too big"),
     "the message is larger than the server takes",
     "Make it smaller: compress attachments or put them on a server and send the link. In a message base64 makes a "
     "file a third larger than it is; 25 MB is what most providers take."},
    {Refusal(5).Words("virus|malware|security issue|dangerous|attachment|file type"),
     "the server does not take what is attached",
     "Programs, scripts and archives of them are not taken by most servers, encrypted archives by some: put the file "
     "on a server and send the link."},
    {Refusal(552), "the message is larger than the server takes, or the mailbox has no room for it",
     "Make it smaller: compress attachments or put them on a server and send the link. In a message base64 makes a "
     "file a third larger than it is; 25 MB is what most providers take."},
    {Refusal(452), "the server has no room for the message just now", "Send it again later."},
    {Refusal().Words("recipient address rejected: domain not found"),
     "the domain of the recipient's address does not exist", "Check the spelling of the recipient's address."},
    {Refusal(5).Code(5, 1, 2), "the domain of the recipient's address does not exist",
     "Check the spelling of the recipient's address."},
    {Refusal().Words("domain not found|domain does not exist|domain of sender|sender domain|sender verify"),
     "the server does not find the domain of the sender's address",
     "Check the spelling of FromAddress: its domain must exist in the DNS and take mail."},
    {Refusal(5).In(Phase::Hello), "the server did not take the name by which this client says hello",
     "Set ClientName to a name of this machine that the DNS knows (as mail.example.org); where it is empty the address "
     "is said."},
    {Refusal().Words("helo command|helo argument|ehlo argument|invalid helo|fully-qualified hostname"),
     "the server did not take the name by which this client says hello",
     "Set ClientName to a name of this machine that the DNS knows (as mail.example.org); where it is empty the address "
     "is said."},
    {Refusal(5).Code(5, 2, 1), "the recipient's mailbox is closed",
     "Reach the recipient in another way, and take the address off your list."},
    {Refusal(5).Code(5, 1, 1), "there is no such recipient",
     "Check the spelling of the address, and take it off your list where it is gone."},
    {Refusal(5).Words("user unknown|unknown user|no such user|does not exist|not exist|mailbox unavailable|mailbox not "
                      "found|recipient not found|unrouteable|invalid recipient|no mailbox|unknown recipient"),
     "there is no such recipient", "Check the spelling of the address, and take it off your list where it is gone."},
    {Refusal(5).Words("no valid recipients"), "the server took none of the recipients",
     "Look at what it said to each of them (SendResult::recipients)."},
    // What is in the message.
    {Refusal().Words("spam|unsolicited|user complaints|junk"), "the server took the message or its sender for spam",
     "Look at what mail.Check() says, send only to those who asked for it, and through the server of the domain that "
     "From names, with SPF and DKIM. Sending the same again does not help."},
    {Refusal(5).Words("rfc 5322|rfc5322|rfc 2822|from: header|header"),
     "the server does not take the form of the message",
     "Look at what mail.Check() says; a ready-made message needs one From and one Date field, and each of To, Cc, "
     "Subject and Message-ID once at most."},
    // Refused for another reason.
    {Refusal(554).In(Phase::Greeting), "the server takes no mail from this machine",
     "Send through your provider's server with a login (port 587 or 465); the address of this machine may be on a "
     "block list or the server may be no mail server for clients."},
    {Refusal(421), "the server is closing the connection, or has no time now",
     "Try again in some minutes, with fewer connections at once; a message that is queued is safe to send again."},
    {Refusal(450), "the server puts the mail off", kWaitAndSend},
    {Refusal(451), "the server puts the mail off", kWaitAndSend},
    {Refusal(454).In(Phase::Tls), "the server cannot encrypt just now", "Try again later, or use port 465."},
    {Refusal(550).Code(5, 7, 1), "a rule of the server forbids this message or this sender",
     "The reply mostly says which rule. It helps to log in, to send from the account's own address, and to send "
     "through the provider of From's domain; the server's administrator knows the rest."},
    {Refusal(554), "a rule of the server forbids this message or this sender",
     "The reply mostly says which rule. It helps to log in, to send from the account's own address, and to send "
     "through the provider of From's domain; the server's administrator knows the rest."},
    {Is(Errc::MessageRefused).Reply(4), "the server refused the message for now", kWaitAndSend},
    {Is(Errc::MessageRefused).Reply(5), "the server refused the message for good",
     "The server's words say why: sending the same again does not help. Check the recipient's address, the sender's "
     "address, and that you log in where the server wants it."},
    // Finding and reaching the server.
    {Is(Errc::NameResolution), "the name did not lead to an address",
     "Check the spelling of the server's name (Gmail's is smtp.gmail.com, not gmail.com), that this machine is online "
     "and that its DNS works; a local address to bind to must be an IP address of this machine."},
    {Is(kSystemRefused), "nobody listens on this port, or a firewall says no",
     "Check address and port: 587 (STARTTLS), 465 (TLS from the first byte on), 25 between servers. Is the server "
     "running?"},
    {Is(kSystemTimedOut), "no answer came", kUsePortForSubmission},
    {Is(Errc::TimedOut).In(Phase::Resolve), "no answer came in time",
     "Check that this machine is online and that its DNS works."},
    {Is(Errc::TimedOut).In(Phase::Connect), "no answer came in time", kUsePortForSubmission},
    {Is(kSystemNetworkUnreachable), "there is no way to the server's network",
     "Check that this machine is online; where only IPv6 or only IPv4 works here, use an address of that kind."},
    {Is(kSystemHostUnreachable), "there is no way to the server",
     "Check that this machine is online, the server's address, and the firewalls on the way."},
    {Is(kSystemAccessDenied), "this machine does not allow the connection",
     "A firewall, an antivirus or a rule for this program (sandbox, SELinux, AppArmor) forbids it: allow the port "
     "there; a program without rights cannot listen on ports below 1024."},
    {Is(kSystemAddressNotAvailable), "the local address is none of this machine's",
     "Leave NetworkInterface unset, or take one of System::NetworkInterfaces()."},
    {Is(Errc::AddressInUse), "the local address or port is taken",
     "Another program listens on this port: use another port, 0 for any that is free, or end that program."},
    {Is(Errc::InvalidPort), "the port cannot be used",
     "Set Port: 587 (STARTTLS), 465 (TLS from the first byte on), 25 between servers."},
    {Is(Errc::NetworkInit), "the network of this machine could not be used",
     "Check that the network is up; on Windows, that Winsock (ws2_32) is there."},
    {Is(Errc::ProxyRefused), "the proxy did not connect us to the server",
     "Check address, port and kind of the proxy (SOCKS5 or HTTP CONNECT); many allow port 443 only: its administrator "
     "can allow 587 and 465."},
    {Is(Errc::ProxyAuthentication), "the proxy wants other credentials",
     "Set UserName and Password of the proxy's settings; those of the mail account are others."},
    // TLS.
    {Is(Errc::TimedOut).In(Phase::Tls), "the TLS handshake did not end in time",
     "The port may not speak TLS as it is asked to: 465 speaks it from the first byte on (SSLTLS), 587 after STARTTLS. "
     "Something in between may hold it up."},
    {Is(Errc::CertificateExpired), "the server's certificate is not valid at this time",
     "Check this machine's clock and date first; where they are right, the server's administrator has to renew the "
     "certificate. Nothing was sent."},
    {Is(Errc::CertificateName), "the server's certificate is for another name",
     "Set Address to the name that the certificate is for (not to an IP address, nor to an alias of it). If the name "
     "is right, somebody else may have answered: nothing was sent."},
    {Is(Errc::CertificateUntrusted), "no trusted authority stands behind the certificate", kOwnAuthority},
    {Is(Errc::CertificateRejected), "the server's certificate is revoked or not the pinned one",
     "Do not send there. If the server has a new key, add it to CertificatePins; ask its administrator by another "
     "way."},
    {Is(Errc::TlsVersion), "the server and this client have no TLS version in common",
     "The server must learn TLS 1.2 or 1.3, older versions are not safe (RFC 8996); SSLConnectionType = TLSv13 asks "
     "for more than some can. Another port of the same server may have newer TLS."},
    {Is(Errc::TlsSettings), "a TLS setting cannot be used",
     "Mend what is named here: the file must exist, be readable and in the right form (PEM), a key must fit its "
     "certificate, and port 465 wants SMTPConnectionType = SSLTLS."},
    {Is(Errc::TlsRefused), "the connection cannot be encrypted, and encryption is required",
     "Use SMTPSecureSocket or SecureSession, and port 587 (STARTTLS) or 465 (SSLTLS). Where the server should offer "
     "STARTTLS and does not, something in between may have taken the offer away. Security::NoneAllowed sends in plain "
     "text, for servers on this machine."},
    {Is(Errc::TlsHandshake), "the TLS handshake failed",
     "Check that port and kind fit: 465 speaks TLS from the first byte on (SSLTLS), 587 after STARTTLS. Antivirus and "
     "firewalls that look into TLS break it too; a server may want to see a certificate (CertificateFile)."},
    // The session.
    {Is(Errc::TimedOut).In(Phase::Greeting), "the server did not greet in time",
     "Where the port speaks TLS from the first byte on, as 465 does, set SMTPConnectionType to SSLTLS. A busy server "
     "makes unknown machines wait: try again later, or use port 587."},
    {Is(Errc::TimedOut).In(Phase::ContentEnd), "the server did not say in time whether it takes the message",
     kMayHaveArrived},
    {Is(Errc::TimedOut).In(Phase::Content), "the server took no more of the content",
     "The line may be too slow or was cut without a word; a larger Timeouts.content waits for longer. The message was "
     "not delivered and is safe to send again."},
    {Is(Errc::TimedOut), "the server did not answer in time",
     "It is busy, or the connection was cut without a word (by a firewall, a change of network). Timeouts says how "
     "long to wait for each step. A message that is queued is safe to send again; one that is in doubt may have "
     "arrived."},
    {Is(Errc::ConnectionLost).In(Phase::Greeting), "the server closed the connection before it said anything",
     "It may not take connections from this machine, or the port speaks TLS from the first byte on (465: SSLTLS). Try "
     "port 587 and your provider's server."},
    {Is(Errc::ConnectionLost).In(Phase::ContentEnd),
     "the connection was lost before the server said whether it takes the message", kMayHaveArrived},
    {Is(Errc::ConnectionLost).In(Phase::Content), "the connection was lost while the message was on its way",
     "The server may have cut a message that is too large or that a filter does not like; else try again, the message "
     "was not delivered."},
    {Is(Errc::ConnectionLost).In(Phase::Tls), "the connection was lost during the TLS handshake",
     "Check that port and kind fit: 465 speaks TLS from the first byte on (SSLTLS), 587 after STARTTLS. Antivirus and "
     "firewalls that look into TLS break it too."},
    {Is(Errc::ConnectionLost).In(Phase::Authentication), "the connection was lost during the login",
     "Some servers hang up on wrong credentials, or on too many logins in a row: check user name and password, wait a "
     "few minutes, try again."},
    {Is(Errc::ConnectionLost).In(Phase::Idle), "the connection was closed while nothing was going on",
     "Servers end connections that idle for some minutes: connect again. Nothing was lost."},
    {Is(Errc::ConnectionLost), "the connection was lost", kSendAgain},
    {Is(Errc::ServiceRefused), "the server does not want to talk to this client",
     "Use your provider's server for submission (port 587 or 465) with a login; the server's words may say more."},
    {Is(Errc::MalformedReply), "what came from the server is no SMTP",
     "The port may belong to another service (465 speaks TLS from the first byte on: SSLTLS; 993 and 995 are for "
     "reading mail, 443 for the web). Use 587 or 465."},
    {Is(Errc::ReplyTooLong), "the server's reply was longer than is allowed",
     "The port may belong to another service; else the server is broken, or Limits::kInput is too small for it."},
    {Is(Errc::UnexpectedReply), "the server said what fits no command", kNotYourMistake},
    {Is(Errc::CredentialsOnPlainWire), "credentials would have gone over an unencrypted connection",
     "Use SMTPSecureSocket or SecureSession (STARTTLS on port 587, TLS on port 465). On a network that is your own, "
     "AllowPlaintextCredentials sends them all the same. Nothing was sent."},
    {Is(Errc::AuthenticationUnavailable), "the server offers no way of logging in that can be used",
     "Use the port for submission (587 or 465): most servers offer AUTH there only, and only once encrypted. Where no "
     "login is needed leave UserName empty; where Mechanism is set, leave it at Any."},
    {Is(Errc::AuthenticationFailed), "the login failed",
     "Check user name and password; accounts with a second factor need an app password or OAuth 2.0."},
    // This program.
    {Is(Errc::InvalidMessage).In(Phase::Hello), "the name by which this client says hello cannot be used",
     "Set ClientName to a domain or an address literal, without spaces, or leave it empty."},
    {Is(Errc::InvalidMessage).In(Phase::Command), "the command cannot be said",
     "Its argument must be one line of at most 500 bytes."},
    {Is(Errc::InvalidMessage), "the message cannot be sent safely",
     "Mend the value that is named here: addresses and headers take no line breaks, each recipient must be an address, "
     "and one at least must be there. mail.Check() lists all that is wrong. Nothing of it was sent."},
    {Is(Errc::MessageTooLarge), "the message is larger than the server takes",
     "Make it smaller: compress attachments or put them on a server and send the link. In a message base64 makes a "
     "file a third larger than it is. Nothing of it was sent."},
    {Is(Errc::NotOffered), "the message needs what the server does not offer",
     "Use another server, or do without: addresses in ASCII need no SMTPUTF8, and Options of the message that are not "
     "offered can be dropped. Nothing of it was sent."},
    {Is(Errc::SourceFailed), "the content could not be read to its end",
     "Check that the file is there, can be read and does not change while it is sent. The message was not delivered."},
    {Is(Errc::Cancelled), "the message was cancelled by the program",
     "It was not delivered; sending it again starts anew."},
    {Is(Errc::MessageRefused), "the server refused the message or all of its recipients",
     "Look at what it said to each recipient (SendResult::recipients)."},
    {Is(Errc::CommandRefused), "the server refused the command",
     "Its words say why: there may be no such message, it may be marked for deletion, or the server does not know the "
     "command. The session goes on."},
    {Is(Errc::InvalidState), "the call does not fit what is going on",
     "The program has to connect before it sends, and to wait for one thing to end before it starts another."},
    {Is(Errc::OutOfMemory), "there was no room left", "Free memory or disk, or raise the limit that is named here."},
    {ErrorPattern(), "the operating system reported an error",
     "Its number says more: perror and the system's documentation know it."},
};

/// The row for `error`; the last one fits all.
inline const ErrorAdvice& AdviceOn(const Error& error) noexcept {
  const ErrorAdvice* row = kErrorAdvice;
  while (!Fits(row->when, error)) ++row;
  return *row;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
