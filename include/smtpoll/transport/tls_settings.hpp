// What every TLS transport can be told, whatever library it is written over. Nothing here allocates or owns: a
// transport looks at the settings only during Configure, and loads there what they name, so a file that cannot be used
// is an error before a byte is sent. Invariant: a default TlsSettings verifies the server's chain and name, with
// TLS 1.2 or later.
#ifndef SMTPOLL_TRANSPORT_TLS_SETTINGS_HPP
#define SMTPOLL_TRANSPORT_TLS_SETTINGS_HPP

#include <cstdint>

#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/sha2.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The lowest TLS version that is accepted. Older ones are not safe (RFC 8996).
enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

/// Which channel binding SASL's -PLUS mechanisms get, where the transport can give it. OpenSSL can give all. Schannel
/// and mbedTLS give ServerEndPoint alone (see MbedTlsTransport for an exception): with them Automatic means it whatever
/// the TLS version, and Exporter means None.
enum class TlsChannelBinding : std::uint8_t {
  Automatic,       ///< Exporter with TLS 1.3, ServerEndPoint with TLS 1.2.
  Exporter,        ///< "tls-exporter" (RFC 9266).
  ServerEndPoint,  ///< "tls-server-end-point" (RFC 5929 4).
  None,
};

/// The settings of one connection. Texts end with a NUL, and are empty where nothing is set; files are in PEM.
struct TlsSettings {
  TlsVersion minimum_version = TlsVersion::Tls12;  ///< The lowest version that is accepted.
  const char* authority_file = "";                 ///< Certificates to trust instead of those of the system.
  const char* authority_pem = "";                  ///< The same as text in memory; both together make one list.
  const char* certificate_file = "";  ///< The client's certificate, with the ones that lead to its authority behind it.
  const char* key_file = "";          ///< The client's private key; empty: it stands in certificate_file.
  const char* certificate_password = "";  ///< What the private key is encrypted with.
  /// Certificates that are not accepted wherever they stand in the server's chain, and revocation lists (CRL), which
  /// say the same by issuer and serial number; an old list still counts.
  const char* rejection_file = "";
  /// One of these must be the server's key: SHA-256 of its SubjectPublicKeyInfo in base64, with or without "sha256/"
  /// in front, separated by spaces or commas; at most 8.
  const char* pins = "";
  /// Take any certificate for any name (the pins still count): whoever sits in between reads all. For tests only.
  bool insecure_accept_any_certificate = false;
  /// Resume the last session with the same server, which saves it the certificate's signature.
  bool resume_sessions = true;
  TlsChannelBinding channel_binding = TlsChannelBinding::Automatic;  ///< See TlsChannelBinding.
};

namespace detail {

/// The pins of TlsSettings, read.
class TlsPins {
 public:
  static constexpr std::size_t kMost = 8;

  /// False where `text` holds something else than pins, or more than kMost of them.
  bool Read(std::string_view text) noexcept {
    constexpr std::string_view kBetween = " ,;\t\r\n";
    count_ = 0;
    for (;;) {
      const std::size_t begin = text.find_first_not_of(kBetween);
      if (begin == std::string_view::npos) return true;
      text.remove_prefix(begin);
      std::string_view pin = text.substr(0, text.find_first_of(kBetween));
      text.remove_prefix(pin.size());
      // The slash is a digit of base64 too: what counts is how long the rest is.
      const std::size_t prefix = pin.size() < kTextSize ? 0 : pin.size() - kTextSize;
      const std::string_view name = pin.substr(0, prefix);
      if (!name.empty() && name != "sha256/" && name != "sha256//") return false;
      if (count_ == kMost || Base64Decode(pin.substr(prefix), pins_[count_], Sha256::kSize) != Sha256::kSize)
        return false;
      ++count_;
    }
  }

  bool empty() const noexcept { return count_ == 0; }

  /// True where the SubjectPublicKeyInfo of a certificate, in DER, is the one of a pin.
  bool Match(std::string_view public_key_info) const noexcept {
    char digest[Sha256::kSize];
    Sha256 sha;
    sha.Update(public_key_info);
    sha.Finish(digest);
    for (std::size_t i = 0; i < count_; ++i)
      if (EqualInConstantTime(pins_[i], digest, sizeof digest)) return true;
    return false;
  }

 private:
  static constexpr std::size_t kTextSize = Base64Size(Sha256::kSize);

  std::size_t count_ = 0;
  char pins_[kMost][Sha256::kSize + 1];  // Base64Decode may want room for a whole group
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
