// What a transport keeps of the TlsSettings that it has loaded: whether they are still the same, files included, without
// a copy of them, and what they choose.
// Invariant: it holds no secret but in a SHA-256 over much more than that secret.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_FINGERPRINT_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_FINGERPRINT_HPP

#include <cstdio>
#include <cstring>

#include "smtpoll/base/error.hpp"
#include "smtpoll/base/open_file.hpp"
#include "smtpoll/transport/tls_settings.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// An error of `setting`, a member of SecureSettings: "CertificateFile cannot be read: name.pem".
inline Error TlsSettingsError(std::string_view setting, std::string_view why, std::string_view value = {}) noexcept {
  Error error(Errc::TlsSettings, Phase::Tls, setting);
  error.text.Append(" ");
  error.text.Append(why);
  if (!value.empty()) error.text.Append(": ");
  error.text.Append(value);
  return error;
}

class TlsFingerprint {
 public:
  TlsFingerprint() = default;
  explicit TlsFingerprint(const TlsSettings& settings) noexcept : set_(true) {
    Sha256 sha;
    for (const char* text : {settings.authority_pem, settings.certificate_password, settings.pins})
      sha.Update({text, std::strlen(text) + 1});
    for (const char* path :
         {settings.authority_file, settings.certificate_file, settings.key_file, settings.rejection_file})
      AddFile(sha, path);
    const char switches[] = {static_cast<char>(settings.minimum_version),
                             static_cast<char>(settings.insecure_accept_any_certificate),
                             static_cast<char>(settings.resume_sessions), static_cast<char>(settings.channel_binding)};
    sha.Update({switches, sizeof switches});
    sha.Finish(digest_);
  }

  bool operator==(const TlsFingerprint& other) const noexcept {
    return set_ && other.set_ && std::memcmp(digest_, other.digest_, sizeof digest_) == 0;
  }

 private:
  /// The path, and what stands in the file; each of them with an end that cannot be in the other.
  static void AddFile(Sha256& sha, const char* path) noexcept {
    sha.Update({path, std::strlen(path) + 1});
    std::uint64_t size = 0;
    if (std::FILE* file = *path != '\0' ? OpenFile(path) : nullptr) {
      char bytes[4096];
      while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, file)) {
        sha.Update({bytes, got});
        size += got;
      }
      static_cast<void>(std::fclose(file));
      Wipe(bytes, sizeof bytes);
    }
    char end[sizeof size];
    std::memcpy(end, &size, sizeof size);
    sha.Update({end, sizeof end});
  }

  bool set_ = false;
  char digest_[Sha256::kSize] = {};
};

/// What a context keeps of its TlsSettings, whatever the library.
class TlsChoices {
 public:
  const TlsPins& Pins() const noexcept { return pins_; }
  bool AcceptsAnyCertificate() const noexcept { return insecure_; }
  bool ResumesSessions() const noexcept { return resumes_; }
  TlsChannelBinding ChannelBinding() const noexcept { return channel_binding_; }

 protected:
  Error Choose(const TlsSettings& settings) noexcept {
    insecure_ = settings.insecure_accept_any_certificate;
    resumes_ = settings.resume_sessions;
    channel_binding_ = settings.channel_binding;
    if (pins_.Read(settings.pins)) return {};
    return TlsSettingsError("CertificatePins", "are no SHA-256 in base64", settings.pins);
  }

  TlsFingerprint fingerprint_;  // of what is loaded

 private:
  TlsPins pins_;
  bool insecure_ = false;
  bool resumes_ = true;
  TlsChannelBinding channel_binding_ = TlsChannelBinding::Automatic;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
