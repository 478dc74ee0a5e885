// How the Pop3Engine's session opens: CAPA (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034), APOP, USER and PASS (RFC
// 1939). Invariant: no credential is written before the wire is encrypted, unless the caller allowed that by name.
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_LOGIN_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_LOGIN_HPP

#include "smtpoll/base/md5.hpp"
#include "smtpoll/pop3/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The timestamp of a greeting, which is a message id (RFC 1939 7); empty where it has none. One that is not made as a
/// message id may be is none: whoever sits in between could choose it so that the digest gives the password away.
constexpr std::string_view FindTimestamp(std::string_view greeting) noexcept {
  const std::size_t start = greeting.find('<');
  if (start == std::string_view::npos) return {};
  std::string_view id = greeting.substr(start);
  const std::size_t end = id.find('>');
  if (end == std::string_view::npos) return {};
  id = id.substr(0, end + 1);
  std::size_t at_signs = 0;
  for (std::size_t i = 1; i < end; ++i) {
    if (id[i] <= ' ' || id[i] > '~' || id[i] == '<') return {};
    if (id[i] == '@') ++at_signs;
  }
  const bool inside = id[1] != '@' && id[end - 1] != '@';
  return at_signs == 1 && inside && id.size() <= 200 ? id : std::string_view();
}

/// The code in brackets that says that a login fails for another reason than the credentials (RFC 2449 8, RFC 3206 4).
constexpr bool SaysUnavailable(std::string_view text) noexcept {
  for (const std::string_view code : {"[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]", "[SYS/PERM]"})
    if (StartsWithIgnoringCase(text, code)) return true;
  return false;
}

}  // namespace detail

inline void Pop3Engine::TakeTimestamp(std::string_view greeting) noexcept {
  timestamp_.Assign(detail::FindTimestamp(greeting));
}

inline void Pop3Engine::OnCapabilities() noexcept {
  awaited_ = Pop3Command::None;
  if (options_.secured || options_.start_tls == StartTls::Never)
    Login();
  else if (capabilities_.Has(Pop3Extension::StartTls))
    Say(Pop3Command::StartTls, {});
  else if (options_.start_tls == StartTls::IfOffered)
    Login();
  else
    FailPolitely(Error(Errc::TlsRefused, Phase::Tls, "STLS is not offered"));
}

inline Pop3Event Pop3Engine::OnStartTls() noexcept {
  // RFC 2595 2.2, 4: what stands behind the answer was sent in the clear, and would be read as if it had been
  // encrypted.
  if (input_.Filled().size() != used_) {
    Fail(Error(Errc::UnexpectedReply, Phase::Tls,
               "plain text was sent behind the answer to STLS: use implicit TLS (port 995), or another network"));
    return {};
  }
  stage_ = Stage::AwaitTls;
  awaited_ = Pop3Command::None;
  return EventOf(Pop3EventKind::NeedTls);
}

inline void Pop3Engine::Secured(Millis now, std::string_view channel_binding_type,
                                std::string_view channel_binding) noexcept {
  if (stage_ != Stage::AwaitTls) return;
  options_.secured = true;
  options_.credentials.channel_binding_type = channel_binding_type;
  options_.credentials.channel_binding = channel_binding;
  capabilities_ = {};
  input_.Clear();
  used_ = searched_ = 0;
  waiting_since_ = now;
  stage_ = Stage::Opening;
  AskCapabilities();
}

/// APOP where it is asked for; else the strongest mechanism that the server offers and the credentials fit; else USER
/// and PASS.
inline void Pop3Engine::Login() noexcept {
  awaited_ = Pop3Command::None;
  const Credentials& credentials = options_.credentials;
  if (credentials.empty()) {
    stage_ = Stage::Ready;
    return;
  }
  if (!options_.secured && !options_.allow_plaintext_credentials)
    return FailPolitely(
        Error(Errc::CredentialsOnPlainWire, Phase::Authentication, "encrypt the connection or allow it by name"));
  if (options_.apop) return LoginByApop();
  Error error(Errc::AuthenticationUnavailable, Phase::Authentication);
  const AuthMechanism mechanism = detail::StrongestMechanism(capabilities_, credentials, 0, error.text);
  if (mechanism != AuthMechanism::Any) return StartMechanism(mechanism);
  const bool has_password = !credentials.password.empty() || credentials.token.empty();
  const bool may_say_password = credentials.pinned == AuthMechanism::Any && !credentials.user_name.empty() &&
                                has_password && credentials.authorization_id.empty();
  if (may_say_password && (!capabilities_.Known() || capabilities_.Has(Pop3Extension::User))) {
    // A line of the user's would be a command of his.
    const std::string_view name = credentials.user_name, password = credentials.password;
    const bool lines = detail::HasLineBreakOrNul(name) || detail::HasLineBreakOrNul(password);
    constexpr std::size_t kMost = detail::kPop3MostCommand - 5;
    if (!lines && name.size() <= kMost && password.size() <= kMost) return Say(Pop3Command::User, name);
    error.text.Assign(lines ? "the credentials have a line break or a NUL in them"
                            : "the credentials are too long for USER and PASS");
  }
  FailPolitely(error);
}

inline void Pop3Engine::LoginByPassword() noexcept {
  SaySecret(Pop3Command::Pass, "PASS ****", {"PASS ", options_.credentials.password});
}

/// RFC 1939 7: the password goes as the MD5 of the greeting's timestamp and itself.
inline void Pop3Engine::LoginByApop() noexcept {
  const std::string_view name = options_.credentials.user_name;
  const auto refuse = [this](std::string_view why) {
    FailPolitely(Error(Errc::AuthenticationUnavailable, Phase::Authentication, why));
  };
  if (timestamp_.empty()) return refuse("APOP: the greeting has no timestamp");
  if (name.empty() || name.size() > 200 || detail::HasLineBreakOrNul(name) || name.find(' ') != std::string_view::npos)
    return refuse("APOP: the user name is empty, too long, or has a space, a line break or a NUL in it");
  char code[detail::Md5::kSize];
  {
    detail::Md5 digest;
    digest.Update(timestamp_.View());
    digest.Update(options_.credentials.password);
    digest.Finish(code);
  }
  char hex[2 * sizeof code];
  for (std::size_t i = 0; i < sizeof code; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex[2 * i] = kDigits[static_cast<unsigned char>(code[i]) >> 4];
    hex[2 * i + 1] = kDigits[static_cast<unsigned char>(code[i]) & 15];
  }
  FixedText<256> shown("APOP ");
  shown.Append(name);
  shown.Append(" ****");
  SaySecret(Pop3Command::Apop, shown.View(), {"APOP ", name, " ", {hex, sizeof hex}});
  detail::Wipe(code, sizeof code);
  detail::Wipe(hex, sizeof hex);
}

inline void Pop3Engine::StartMechanism(AuthMechanism mechanism) noexcept {
  sasl_.Start(mechanism, options_.credentials);
  const std::size_t size = sasl_.SpeaksFirst() ? sasl_.ResponseSize() : 0;
  FixedText<64> command("AUTH ");
  command.Append(Name(mechanism));
  BeginSaying(Pop3Command::Auth);
  if (IsOver()) return;
  // RFC 5034 4: what does not fit a command line waits to be asked for.
  const bool at_once = sasl_.SpeaksFirst() && command.View().size() + 1 + size <= detail::kPop3MostCommand;
  output_.Append(command.View());
  FixedText<72> shown(command.View());
  if (at_once) {
    output_.Append(" ");
    const std::size_t written = sasl_.WriteResponse(output_.Free().data());
    output_.Commit(written);
    if (written == 0) output_.Append("=");
    shown.Append(" ****");
  }
  output_.Append("\r\n");
  Show(Side::Client, shown.View());
  Expect(Pop3Command::Auth, command.View());
}

/// The text stands in the receive buffer, and is decoded there.
inline void Pop3Engine::OnChallenge(std::string_view text) noexcept {
  const Span<char> received = input_.Filled();
  Respond(sasl_.Take({received.data() + (text.data() - received.data()), text.size()}));
}

inline void Pop3Engine::Respond(detail::SaslStep step) noexcept {
  if (step == detail::SaslStep::Again) return;
  BeginSaying(Pop3Command::Auth);
  if (IsOver()) return;
  if (step == detail::SaslStep::Respond && sasl_.ResponseSize() + 2 > output_.Free().size())
    step = sasl_.Cancel("the response does not fit the send buffer");
  if (step != detail::SaslStep::Respond) {
    const FixedText<kErrorCommandRoom> command = command_;
    SaySecret(Pop3Command::AuthCancelled, "*", {"*"});
    command_ = command;
    return;
  }
  output_.Commit(sasl_.WriteResponse(output_.Free().data()));
  output_.Append("\r\n");
  Show(Side::Client, "****");
}

inline Pop3Event Pop3Engine::OnLoggedIn() noexcept {
  sasl_.Stop();
  stage_ = Stage::Ready;
  const Pop3Event event = EventOf(Pop3EventKind::Authenticated);
  awaited_ = Pop3Command::None;
  return event;
}

inline void Pop3Engine::OnLoginRefused(Pop3Command answered, std::string_view text) noexcept {
  const bool unavailable = detail::SaysUnavailable(text);
  Error error = ErrorOn(answered, unavailable ? Errc::ServiceRefused : Errc::AuthenticationFailed, text);
  if (answered == Pop3Command::AuthCancelled && !sasl_.Fault().empty()) {
    error = ErrorOn(answered, Errc::AuthenticationFailed, sasl_.Fault());
  } else if (!sasl_.Remark().empty()) {
    error.text.Assign(sasl_.Remark());
    error.text.Append(" ");
    error.text.Append(text);
  }
  FailPolitely(error);
}

SMTPOLL_NAMESPACE_END

#endif
