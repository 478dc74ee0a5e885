// What a certificate says of itself, compared and put into words, for the transports whose library leaves that to us:
// the names of its subject (RFC 9525 6), and its times. Invariant: only subject alternative names count, and a name is
// its bytes, whatever stands in them.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_CERTIFICATE_TEXT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_CERTIFICATE_TEXT_HPP

#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/transport/detail/tls_name.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The names in one certificate, told one by one, held against the one that is wanted.
class TlsSubjectNames {
 public:
  explicit TlsSubjectNames(const TlsName& wanted) noexcept : wanted_(wanted) {}

  /// A dNSName. RFC 9525 6.3: "*" stands for the whole first label, and for one label only.
  void AddHost(std::string_view name) noexcept {
    Separate();
    for (const char& c : name) list_.Append({IsPrint(c) ? &c : "?", 1});
    if (wanted_.IsAddress()) return;
    std::string_view wanted = wanted_.View();
    if (name.substr(0, 2) == "*.") {
      name.remove_prefix(1);
      const std::size_t dot = wanted.find('.');
      // "*.org" would be for a whole registry.
      if (dot == 0 || dot == std::string_view::npos || name.find('.', 1) == std::string_view::npos) return;
      wanted.remove_prefix(dot);
    }
    match_ = match_ || EqualIgnoringCase(name, wanted);
  }

  /// An iPAddress, of 4 or 16 bytes (RFC 5280 4.2.1.6).
  void AddAddress(Span<const unsigned char> bytes) noexcept {
    Separate();
    if (bytes.size() != 4) list_.Append("an IPv6 address");
    for (std::size_t i = 0; bytes.size() == 4 && i < 4; ++i) {
      if (i != 0) list_.Append(".");
      list_.AppendDecimal(bytes[i]);
    }
    const Span<const unsigned char> wanted = wanted_.Address();
    match_ = match_ || (wanted_.IsAddress() && wanted.size() == bytes.size() &&
                        std::memcmp(wanted.data(), bytes.data(), bytes.size()) == 0);
  }

  /// GeneralNames in DER, the value of the extension subjectAltName (RFC 5280 4.2.1.6). What is garbled is no name.
  void AddAll(Span<const unsigned char> der) noexcept {
    constexpr unsigned char kSequence = 0x30, kHost = 0x82, kAddress = 0x87;
    unsigned char tag = 0;
    Span<const unsigned char> names, name;
    if (!TakeItem(der, tag, names) || tag != kSequence) return;
    while (TakeItem(names, tag, name)) {
      if (tag == kHost) AddHost({reinterpret_cast<const char*>(name.data()), name.size()});
      if (tag == kAddress) AddAddress(name);
    }
  }

  bool Match() const noexcept { return match_; }

  /// "it is for mx.example.org, 192.0.2.25, not for mail.example.org"
  template <typename Text>
  void Describe(Text& text) const noexcept {
    text.Assign(count_ == 0 ? "it names no host" : "it is for ");
    text.Append(list_.View());
    text.Append(count_ == 0 ? " as a subject alternative name, not even " : ", not for ");
    text.Append(wanted_.View());
  }

 private:
  /// Takes the first item of DER from `rest`: its tag and its content. False at the end, and where it is garbled.
  static bool TakeItem(Span<const unsigned char>& rest, unsigned char& tag,
                       Span<const unsigned char>& content) noexcept {
    if (rest.size() < 2) return false;
    tag = rest[0];
    std::size_t head = 2, size = rest[1];
    if (size >= 0x80) {
      const std::size_t digits = size - 0x80;
      if (digits == 0 || digits > 3 || rest.size() < 2 + digits) return false;
      size = 0;
      for (std::size_t i = 0; i < digits; ++i) size = size * 256 + rest[head++];
    }
    if (size > rest.size() - head) return false;
    content = {rest.data() + head, size};
    rest = {content.data() + size, rest.size() - head - size};
    return true;
  }

  void Separate() noexcept {
    if (count_++ != 0) list_.Append(", ");
  }

  const TlsName& wanted_;
  bool match_ = false;
  std::size_t count_ = 0;
  FixedText<160> list_;
};

/// A time as "2026-01-31 23:59:59 UTC".
template <typename Text>
void AppendUtcTime(Text& text, const int (&parts)[6]) noexcept {
  constexpr const char* kBehind[] = {"-", "-", " ", ":", ":", " UTC"};
  for (int i = 0; i < 6; ++i) {
    if (parts[i] < 10) text.Append("0");
    text.AppendDecimal(static_cast<std::uint64_t>(parts[i]));
    text.Append(kBehind[i]);
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
