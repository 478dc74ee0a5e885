// What the server said it can do: the keywords of its EHLO reply (RFC 5321 4.1.1.1), read by one table.
// Unknown keywords are passed over. HELO leaves the set empty.
#ifndef SMTPOLL_PROTOCOL_CAPABILITIES_HPP
#define SMTPOLL_PROTOCOL_CAPABILITIES_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/features.hpp"
#include "smtpoll/protocol/auth_mechanism.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// SMTP service extensions that the engine knows of.
enum class Extension : std::uint8_t {
  Pipelining,           ///< RFC 2920
  Size,                 ///< RFC 1870
  EightBitMime,         ///< RFC 6152
  SmtpUtf8,             ///< RFC 6531
  EnhancedStatusCodes,  ///< RFC 2034
  StartTls,             ///< RFC 3207
  Auth,                 ///< RFC 4954
  Chunking,             ///< RFC 3030
  BinaryMime,           ///< RFC 3030
  Dsn,                  ///< RFC 3461
  DeliverBy,            ///< RFC 2852
  FutureRelease,        ///< RFC 4865
  MtPriority,           ///< RFC 6710
  RequireTls,           ///< RFC 8689
  Limits,               ///< RFC 9422
};

namespace detail {

struct KnownExtension {
  std::string_view keyword;
  Extension extension;
};
inline constexpr KnownExtension kKnownExtensions[] = {
    {"PIPELINING", Extension::Pipelining},
    {"SIZE", Extension::Size},
    {"8BITMIME", Extension::EightBitMime},
    {"SMTPUTF8", Extension::SmtpUtf8},
    {"STARTTLS", Extension::StartTls},
    {"AUTH", Extension::Auth},
#if !defined(SMTPOLL_SMALL)
    {"ENHANCEDSTATUSCODES", Extension::EnhancedStatusCodes},
    {"CHUNKING", Extension::Chunking},
    {"DSN", Extension::Dsn},
    {"BINARYMIME", Extension::BinaryMime},
    {"DELIVERBY", Extension::DeliverBy},
    {"FUTURERELEASE", Extension::FutureRelease},
    {"LIMITS", Extension::Limits},
    {"MT-PRIORITY", Extension::MtPriority},
    {"REQUIRETLS", Extension::RequireTls},
#endif
};

}  // namespace detail

/// The extension's keyword in a reply to EHLO.
constexpr std::string_view Name(Extension extension) noexcept {
  for (const detail::KnownExtension& known : detail::kKnownExtensions)
    if (known.extension == extension) return known.keyword;
  return {};
}

/// The keywords of one EHLO reply.
class Capabilities {
 public:
  /// The server offers this extension.
  bool Has(Extension extension) const noexcept { return (extensions_ >> static_cast<unsigned>(extension) & 1) != 0; }
  /// The server offers this mechanism for AUTH.
  bool Has(AuthMechanism mechanism) const noexcept {
    return (mechanisms_ >> static_cast<unsigned>(mechanism) & 1) != 0;
  }

  /// The largest message the server takes, in bytes (RFC 1870); 0 where it named no limit.
  std::uint64_t MaxSize() const noexcept { return max_size_; }

  /// Limits of LIMITS (RFC 9422 4); SIZE_MAX where the server named none: recipients in one transaction, their domains,
  /// and transactions in one session.
  std::size_t MaxRecipients() const noexcept { return max_recipients_; }
  /// See MaxRecipients.
  std::size_t MaxRecipientDomains() const noexcept { return max_domains_; }
  /// See MaxRecipients.
  std::size_t MaxMails() const noexcept { return max_mails_; }

  /// Reads the text of an EHLO reply: the first line is the server's name, each further line a keyword.
  static Capabilities FromReplyText(std::string_view text) noexcept {
    Capabilities result;
    bool first = true;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      if (!first) result.AddLine(detail::First(text, end));
      first = false;
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return result;
  }

 private:
  void AddLine(std::string_view line) noexcept {
    std::string_view keyword = detail::NextWord(line);
    // "AUTH=LOGIN" is how servers before RFC 2554 said it; some still send both.
    if (detail::kHasAuth && detail::StartsWithIgnoringCase(keyword, "AUTH=")) {
      AddMechanism(detail::Rest(keyword, 5));
      keyword = detail::First(keyword, 4);
    }
    for (const detail::KnownExtension& known : detail::kKnownExtensions) {
      if (!detail::EqualIgnoringCase(keyword, known.keyword)) continue;
      extensions_ |= 1u << static_cast<unsigned>(known.extension);
      if (known.extension == Extension::Size) detail::ParseDecimal(detail::NextWord(line), max_size_);
      if (!detail::kIsSmall && known.extension == Extension::Limits)
        while (!detail::Trim(line).empty()) AddLimit(detail::NextWord(line));
      if (detail::kHasAuth && known.extension == Extension::Auth)
        while (!detail::Trim(line).empty()) AddMechanism(detail::NextWord(line));
    }
  }

  /// `name=value`; 0 and what is no number limits nothing (RFC 9422 4: a value is at least 1).
  void AddLimit(std::string_view limit) noexcept {
    const std::size_t equals = limit.find('=');
    std::uint64_t value = 0;
    if (equals == std::string_view::npos || !detail::ParseDecimal(detail::Rest(limit, equals + 1), value) || value == 0)
      return;
    const std::size_t most = value < SIZE_MAX ? static_cast<std::size_t>(value) : SIZE_MAX;
    const std::string_view name = detail::First(limit, equals);
    if (detail::EqualIgnoringCase(name, "RCPTMAX")) max_recipients_ = most;
    if (detail::EqualIgnoringCase(name, "RCPTDOMAINMAX")) max_domains_ = most;
    if (detail::EqualIgnoringCase(name, "MAILMAX")) max_mails_ = most;
  }

  void AddMechanism(std::string_view name) noexcept {
    for (std::size_t i = 0; i < detail::kAuthMechanismCount; ++i)
      if (detail::EqualIgnoringCase(name, detail::kAuthMechanisms[i].name)) mechanisms_ |= 1u << i;
  }

  std::uint32_t extensions_ = 0;
  std::uint32_t mechanisms_ = 0;
  std::uint64_t max_size_ = 0;
  std::size_t max_recipients_ = SIZE_MAX;
  std::size_t max_domains_ = SIZE_MAX;
  std::size_t max_mails_ = SIZE_MAX;
};

SMTPOLL_NAMESPACE_END

#endif
