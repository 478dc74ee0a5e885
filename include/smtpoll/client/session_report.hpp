// A connection explained, as data, as text and as JSON: what a support ticket needs, and no secret.
#ifndef SMTPOLL_CLIENT_SESSION_REPORT_HPP
#define SMTPOLL_CLIENT_SESSION_REPORT_HPP

#include <initializer_list>
#include <string>

#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/describe.hpp"
#include "smtpoll/base/error_category.hpp"
#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/client/client_settings.hpp"
#include "smtpoll/client/detail/json_writer.hpp"
#include "smtpoll/client/session_tally.hpp"
#include "smtpoll/protocol/capabilities.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What Explain() gives. It owns all that it says.
struct SessionReport {
  std::string host;        ///< As it was asked for.
  bool connected = false;  ///< When the report was made.
  SessionTally tally;      ///< Times, bytes, outcomes.
  Capabilities offered;    ///< What the last EHLO reply had.
  /// The last error, with what a server repeated of secrets replaced; ErrorNumber 0 where there was none.
  smtpoll::Error error;
};

namespace detail {

/// Phases as people group them, and their sum in milliseconds.
struct PhaseGroup {
  const char* name;
  Phase first;
  Phase last;
};
inline constexpr PhaseGroup kPhaseGroups[] = {
    {"resolve", Phase::Resolve, Phase::Resolve},
    {"connect", Phase::Connect, Phase::Connect},
    {"tls", Phase::Tls, Phase::Tls},
    {"greeting", Phase::Greeting, Phase::Greeting},
    {"ehlo", Phase::Hello, Phase::Hello},
    {"auth", Phase::Authentication, Phase::Authentication},
    {"envelope", Phase::Mail, Phase::Data},
    {"content", Phase::Content, Phase::Content},
    {"reply", Phase::ContentEnd, Phase::ContentEnd},
    {"idle", Phase::Idle, Phase::Idle},
    {"other", Phase::Reset, Phase::Command},
};
static_assert(Phase::Mail < Phase::Recipient && Phase::Recipient < Phase::Data && Phase::Reset < Phase::Quit &&
                  Phase::Quit < Phase::Command,
              "groups are runs of phases");

inline std::uint64_t TimeIn(const SessionTally& tally, const PhaseGroup& group) noexcept {
  Millis sum = 0;
  for (unsigned i = static_cast<unsigned>(group.first); i <= static_cast<unsigned>(group.last); ++i)
    sum += tally.milliseconds[i];
  return static_cast<std::uint64_t>(sum);
}
inline std::uint64_t WholeTime(const SessionTally& tally) noexcept {
  std::uint64_t sum = 0;
  for (const PhaseGroup& group : kPhaseGroups) sum += TimeIn(tally, group);
  return sum;
}

/// Calls `each(name)` for what the server offers, AUTH's mechanisms left out.
template <typename Each>
void ForEachExtension(const Capabilities& offered, Each&& each) {
  for (const KnownExtension& known : kKnownExtensions)
    if (offered.Has(known.extension)) each(known.keyword);
}
template <typename Each>
void ForEachMechanism(const Capabilities& offered, Each&& each) {
  for (std::size_t i = 0; i < kAuthMechanismCount; ++i)
    if (offered.Has(static_cast<AuthMechanism>(i))) each(smtpoll::Name(static_cast<AuthMechanism>(i)));
}

/// RFC 6750 2.1: what a token may have beside the letters of base64.
constexpr bool IsPunctuation(char c) noexcept { return c == '.' || c == '-' || c == '_' || c == '~'; }
constexpr bool IsTokenByte(char c) noexcept {
  return IsAlpha(c) || IsDigit(c) || c == '+' || c == '/' || c == '=' || IsPunctuation(c);
}

/// `error` without what looks like credentials: servers that lose their place repeat a line of AUTH in their reply. A
/// word goes that could be base64 of one, or that is as long as a token; and `secrets`, wherever they stand.
inline Error WithoutSecrets(const Error& error, std::initializer_list<std::string_view> secrets) {
  std::string text(error.text.View());
  for (const std::string_view secret : secrets)
    for (std::size_t at = 0; !secret.empty() && (at = text.find(secret, at)) != std::string::npos; at += 4)
      text.replace(at, secret.size(), "****");
  std::string shown;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && IsTokenByte(text[end])) ++end;
    while (end > i && IsPunctuation(text[end - 1])) --end;  // a sentence's, it may be
    bool marked = false, narrow = true;
    for (std::size_t at = i; at != end; ++at) {
      marked = marked || IsDigit(text[at]) || text[at] == '=' || text[at] == '+';
      narrow = narrow && !IsPunctuation(text[at]);
    }
    const std::size_t size = end - i;
    if (size == 0)
      shown += text[i++];
    else if (narrow && marked ? size >= 8 : size >= 60)
      shown.append("****");
    else
      shown.append(text, i, size);
    i += size;
  }
  Error safe = error;
  safe.text.Assign(shown);
  return safe;
}

inline std::string ToBase64(std::string_view text) {
  std::string encoded(Base64Size(text.size()), '=');
  Base64Encode(text.data(), text.size(), &encoded[0]);
  return encoded;
}

template <typename Driver>
SessionReport MakeReport(const Driver& driver, std::string_view host, const Error& error,
                         const ClientSettings& settings) {
  SessionReport report;
  report.host = host;
  report.connected = driver.IsConnected();
  report.tally = driver.Tally();
  if (report.tally.said_hello) report.offered = driver.Session().ServerCapabilities();
  report.error = error;
  if (error.phase != Phase::Authentication) return report;
  // As PLAIN and LOGIN say them.
  std::string plain = settings.AuthorizationID + '\0' + settings.UserName + '\0' + settings.Password;
  std::string plain64 = ToBase64(plain), password64 = ToBase64(settings.Password);
  report.error = WithoutSecrets(error, {plain64, password64, settings.Password, settings.AccessToken});
  for (std::string* text : {&plain, &plain64, &password64}) WipeText(*text);
  return report;
}

}  // namespace detail

/// The report in some lines of text.
inline std::string ToString(const SessionReport& report) {
  const SessionTally& tally = report.tally;
  detail::TextBuffer text;
  text.append("smtpoll ").append(Version()).append(": ");
  const auto count = [&text](std::uint64_t number, const char* unit) {
    text.append(std::to_string(number)).append(" ").append(unit);
  };
  text.append(report.host.empty() ? "no server" : report.host);
  if (tally.port != 0) text.append(" port ").append(std::to_string(tally.port));
  if (!tally.address.empty()) text.append(" (").append(tally.address.View()).append(")");
  text.append(report.connected ? ", connected" : ", not connected");
  text.append("\nencryption: ");
  text.append(!tally.encrypted ? "none" : tally.tls_version.empty() ? "TLS" : tally.tls_version.View());
  if (!tally.cipher.empty()) text.append(" ").append(tally.cipher.View());
  text.append("\nlogin: ").append(tally.mechanism == AuthMechanism::Any ? "none" : smtpoll::Name(tally.mechanism));
  text.append("\ngreeting: ").append(tally.greeting.View()).append("\noffered:");
  detail::ForEachExtension(report.offered, [&](std::string_view name) {
    text.append(" ").append(name);
    if (name == smtpoll::Name(Extension::Size) && report.offered.MaxSize() != 0)
      text.append("=").append(std::to_string(report.offered.MaxSize()));
  });
  text.append("\nAUTH offered:");
  detail::ForEachMechanism(report.offered, [&](std::string_view name) { text.append(" ").append(name); });
  text.append("\nmilliseconds:");
  for (const detail::PhaseGroup& group : detail::kPhaseGroups)
    text.append(" ").append(group.name).append(" ").append(std::to_string(detail::TimeIn(tally, group))).append(",");
  text.append(" together ").append(std::to_string(detail::WholeTime(tally)));
  text.append("\ntraffic: ");
  count(tally.bytes_out, "bytes out, ");
  count(tally.bytes_in, "bytes in, ");
  count(tally.round_trips, "round trips");
  text.append("\nmessages: ");
  count(tally.sent, "sent, ");
  count(tally.refused, "refused, ");
  count(tally.in_doubt, "in doubt, ");
  count(tally.returned, "returned");
  text.append("\nlast error: ");
  text.append(report.error ? Describe(report.error).View() : "none").append("\n");
  return std::string(text.View());
}

/// The report as one JSON object (RFC 8259), on one line without a line end. Times are milliseconds; what does not
/// apply is null.
inline std::string ToJson(const SessionReport& report) {
  const SessionTally& tally = report.tally;
  detail::JsonWriter json;
  json.Open('{').Member("smtpoll", std::string_view(Version()));
  json.Name("server").Open('{').TextOrNull("host", report.host).Member("port", std::uint64_t{tally.port});
  json.TextOrNull("address", tally.address.View()).TextOrNull("greeting", tally.greeting.View()).Close('}');
  json.Name("connected").Literal(report.connected ? "true" : "false");
  json.Name("tls");
  if (!tally.encrypted)
    json.Literal("null");
  else
    json.Open('{').TextOrNull("version", tally.tls_version.View()).TextOrNull("cipher", tally.cipher.View()).Close('}');
  json.TextOrNull("mechanism", smtpoll::Name(tally.mechanism));
  json.Name("offered").Open('{').Name("extensions").Open('[');
  detail::ForEachExtension(report.offered, [&](std::string_view name) { json.Value(name); });
  json.Close(']').Name("auth").Open('[');
  detail::ForEachMechanism(report.offered, [&](std::string_view name) { json.Value(name); });
  json.Close(']').Name("size");
  if (report.offered.MaxSize() == 0)
    json.Literal("null");
  else
    json.Value(report.offered.MaxSize());
  json.Close('}').Name("milliseconds").Open('{');
  for (const detail::PhaseGroup& group : detail::kPhaseGroups) json.Member(group.name, detail::TimeIn(tally, group));
  json.Member("together", detail::WholeTime(tally)).Close('}');
  json.Name("bytes").Open('{').Member("out", tally.bytes_out).Member("in", tally.bytes_in).Close('}');
  json.Member("round_trips", std::uint64_t{tally.round_trips});
  json.Name("messages").Open('{').Member("sent", std::uint64_t{tally.sent});
  json.Member("refused", std::uint64_t{tally.refused}).Member("in_doubt", std::uint64_t{tally.in_doubt});
  json.Member("returned", std::uint64_t{tally.returned}).Close('}').Name("error");
  const smtpoll::Error& error = report.error;
  if (!error) return json.Literal("null").Close('}').Take();
  json.Open('{').Member("number", static_cast<std::uint64_t>(error.ErrorNumber));
  json.Member("name", std::string_view(Name(error.Code()))).TextOrNull("phase", Name(error.phase));
  json.Name("reply_code");
  if (error.reply_code == 0)
    json.Literal("null");
  else
    json.Value(static_cast<std::uint64_t>(error.reply_code));
  FixedText<20> enhanced;
  if (error.enhanced) detail::AppendEnhancedCode(error.enhanced, enhanced);
  json.TextOrNull("enhanced", enhanced.View()).TextOrNull("command", error.command.View());
  json.TextOrNull("text", error.text.View()).Member("help", Describe(error).View());
  return json.Close('}').Close('}').Take();
}

SMTPOLL_NAMESPACE_END

#endif
