// What smtpoll_send ends with: the codes of sysexits.h, by which cron, git and mail programs know what to do next.
#pragma once

#include <smtpoll/smtpoll.hpp>

enum ExitCode : int {
  kSent = 0,
  kUsage = 64,         // EX_USAGE
  kBadData = 65,       // EX_DATAERR: the message cannot be sent like this
  kNoInput = 66,       // EX_NOINPUT
  kNoUser = 67,        // EX_NOUSER: a recipient does not exist
  kNoHost = 68,        // EX_NOHOST
  kUnavailable = 69,   // EX_UNAVAILABLE: refused for good
  kSystem = 71,        // EX_OSERR
  kInDoubt = 74,       // EX_IOERR: it may have arrived, so whoever tries again may deliver twice
  kLater = 75,         // EX_TEMPFAIL: nothing arrived, try again
  kProtocol = 76,      // EX_PROTOCOL
  kNoPermission = 77,  // EX_NOPERM: the login was refused
  kSettings = 78       // EX_CONFIG
};

inline ExitCode CodeOf(const smtpoll::Error& error) {
  using smtpoll::Errc;
  using smtpoll::Phase;
  if (!error) return kSent;
  switch (error.Code()) {
    case Errc::CredentialsOnPlainWire:
    case Errc::AuthenticationUnavailable:
    case Errc::TlsSettings:
    case Errc::InvalidPort: return kSettings;
    case Errc::InvalidMessage: return kBadData;
    case Errc::SourceFailed: return kNoInput;
    case Errc::OutOfMemory: return kSystem;
    case Errc::NotOffered:
    case Errc::MessageTooLarge: return kUnavailable;
    case Errc::CertificateUntrusted:
    case Errc::CertificateName:
    case Errc::CertificateExpired:
    case Errc::CertificateRejected:
    case Errc::TlsHandshake:
    case Errc::TlsVersion:
    case Errc::TlsRefused:
    case Errc::MalformedReply:
    case Errc::ReplyTooLong:
    case Errc::UnexpectedReply: return kProtocol;
    case Errc::NameResolution: return kNoHost;
    default: break;
  }
  if (error.reply_code / 100 == 4) return kLater;
  if (error.Code() == Errc::AuthenticationFailed) return kNoPermission;
  if (error.reply_code / 100 != 5) return kLater;  // no way to the server, or it went away
  const bool no_user = error.enhanced == smtpoll::EnhancedCode{5, 1, 1} ||
                       (error.phase == Phase::Recipient && error.reply_code == 550 && !error.enhanced);
  return no_user ? kNoUser : kUnavailable;
}

/// One recipient who was refused is enough for a code that says so.
inline ExitCode CodeOf(const smtpoll::SendResult& result) {
  if (result.outcome == smtpoll::Outcome::InDoubt) return kInDoubt;
  if (!result.Sent()) return CodeOf(result.error) == kSent ? kLater : CodeOf(result.error);
  ExitCode code = kSent;
  for (const smtpoll::RecipientResult& recipient : result.recipients) {
    if (recipient.outcome == smtpoll::Outcome::Sent) continue;
    smtpoll::Error error(smtpoll::Errc::MessageRefused, smtpoll::Phase::Recipient);
    error.reply_code = recipient.reply_code;
    error.enhanced = recipient.enhanced;
    code = CodeOf(error);
  }
  return code;
}
