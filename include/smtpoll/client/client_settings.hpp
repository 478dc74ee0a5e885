// The settings that SMTPSocket and Session share, and the copy of them that one session runs on.
#ifndef SMTPOLL_CLIENT_CLIENT_SETTINGS_HPP
#define SMTPOLL_CLIENT_CLIENT_SETTINGS_HPP

#include <string>

#include "smtpoll/client/login_settings.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Public data members of SMTPSocket and of Session. A change counts from the next connection on.
struct ClientSettings : LoginSettings {
  /// EHLO's argument, a domain or an address literal. Empty: the address literal of the connection (RFC 5321 4.1.3).
  std::string ClientName;
  /// One refused recipient refuses the whole message; otherwise the others get it.
  bool AllRecipientsOrNone = false;
  /// Speak LMTP (RFC 2033): each recipient gets a final reply of its own.
  bool Lmtp = false;
  /// Group commands where the server offers PIPELINING (RFC 2920).
  bool Pipelining = true;
  /// Messages that may be on their way at once, with PIPELINING. By DATA one waits for its final reply while the next
  /// one's envelope goes; by BDAT that many, and as many are in doubt where the connection is lost. 1: never more than
  /// one.
  std::uint32_t MessagesInFlight = 16;
  /// Send content by BDAT where the server offers CHUNKING (RFC 3030); then a cancelled message costs no connection.
  bool Chunking = true;
};

namespace detail {

/// 465 is "submissions" (RFC 8314 7.3).
constexpr TlsAdvice kSmtpTlsAdvice = {
    465,
    "port 465 speaks TLS from the first byte on: set SMTPConnectionType to SSLTLS (or Security to ImplicitTLS), or use "
    "port 587",
    "this transport cannot encrypt: use SMTPSecureSocket"};

/// True where `error` is a server's final word on an access token (RFC 7628 3.2.2): another one may do.
inline bool RefusesToken(const Error& error) noexcept {
  return error.Code() == Errc::AuthenticationFailed && error.reply_code / 100 == 5 &&
         IsTokenCommand(error.command.View());
}

/// What an SMTP session needs of its caller's strings.
class SessionStrings : public LoginStrings {
 public:
  /// Takes a copy and returns options that look at it until the next Take or Forget.
  SessionOptions Take(const ClientSettings& settings, std::string_view host, std::string_view local_address) {
    SessionOptions options;
    LoginStrings::Take(settings, host, local_address, options);
    client_name_ = settings.ClientName;
    options.client_name = client_name_;
    options.all_recipients_or_none = settings.AllRecipientsOrNone;
    options.lmtp = settings.Lmtp;
    options.pipelining = settings.Pipelining;
    options.chunking = settings.Chunking;
    options.in_flight = settings.MessagesInFlight;
    return options;
  }

 private:
  std::string client_name_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
