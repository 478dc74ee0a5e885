// DKIM signatures (RFC 6376), relaxed/relaxed, with SHA-256 and RSA or Ed25519 (RFC 8463). This file knows no library:
// who holds the key derives from DkimSigner (dkim_openssl.hpp, dkim_mbedtls.hpp). Opt-in: smtpoll.hpp does not reach
// it. Invariant: the body is hashed as it streams by; no l= is ever written, so a signature covers the whole body.
#ifndef SMTPOLL_MESSAGE_DKIM_HPP
#define SMTPOLL_MESSAGE_DKIM_HPP

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/open_file.hpp"
#include "smtpoll/base/sha2.hpp"
#include "smtpoll/message/mailbox.hpp"
#include "smtpoll/message/message_signer.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What a signature says beside its hashes.
struct DkimSettings {
  std::string Domain;    ///< d=, who signs: the domain of From, or one above it, for DMARC to be content.
  std::string Selector;  ///< s=, under which Selector._domainkey.Domain has the public key.
  /// Header fields that are signed where they are in the message, each as often as it is there.
  std::vector<std::string> SignedHeaders = {
      "Sender",     "MIME-Version", "Content-Type",     "Content-Transfer-Encoding", "In-Reply-To",
      "References", "List-Id",      "List-Unsubscribe", "List-Unsubscribe-Post",     "Auto-Submitted"};
  /// Fields that are signed once more than they are in the message, so that nobody adds one (RFC 6376 8.15). From is
  /// always among them. A Date or Message-ID that is missing is not named: the first server adds it, and may.
  std::vector<std::string> OversignedHeaders = {"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID"};
  bool Timestamp = true;           ///< t=, when it was signed.
  std::int64_t ExpireSeconds = 0;  ///< x=, for how long the signature is good; 0: no end is named.
};

namespace detail {

/// Hashes a body by the relaxed rules of RFC 6376 3.4.4: runs of white space are one space, none at a line's end, and
/// no empty lines at the body's. Line ends are CRLF.
class DkimBodyHash {
 public:
  void Update(std::string_view piece) noexcept {
    std::size_t at = 0;
    while (at < piece.size()) {
      const char c = piece[at];
      if (c == '\n') {
        spaces_ = false;
        ++line_ends_;
        ++at;
      } else if (c == '\r' || IsSpace(c)) {
        spaces_ = spaces_ || c != '\r';
        ++at;
      } else {
        std::size_t end = at + 1;
        while (end < piece.size() && !EndsWord(piece[end])) ++end;
        WriteWord(piece.substr(at, end - at));
        at = end;
      }
    }
  }
  /// Writes the 32 bytes of the hash.
  void Finish(char* into) noexcept {
    if (any_) hash_.Update("\r\n");
    hash_.Finish(into);
  }

 private:
  static constexpr bool EndsWord(char c) noexcept { return c == '\r' || c == '\n' || IsSpace(c); }

  void WriteWord(std::string_view word) noexcept {
    for (; line_ends_ != 0; --line_ends_) hash_.Update("\r\n");
    if (spaces_) hash_.Update(" ");
    spaces_ = false;
    any_ = true;
    hash_.Update(word);
  }

  Sha256 hash_;
  std::uint64_t line_ends_ = 0;  // that are hashed only where text follows
  bool spaces_ = false;
  bool any_ = false;
};

/// One header field, with its folds, without its last line end.
struct DkimField {
  std::string_view name;
  std::string_view value;
};

/// Appends a field by the relaxed rules of RFC 6376 3.4.2, without a line end.
inline void AppendRelaxed(const DkimField& field, std::string& to) {
  for (const char c : Trim(field.name)) to += ToLower(c);
  to += ':';
  bool spaces = false, any = false;
  for (const char c : field.value) {
    if (c == '\r' || c == '\n' || IsSpace(c)) {
      spaces = spaces || IsSpace(c);
      continue;
    }
    if (spaces && any) to += ' ';
    spaces = false;
    any = true;
    to += c;
  }
}

/// The fields of a header whose lines end with CRLF.
inline std::vector<DkimField> ParseFields(std::string_view header) {
  std::vector<DkimField> fields;
  while (!header.empty()) {
    std::size_t end = 0;
    do {
      end = header.find("\r\n", end);
      end = end == std::string_view::npos ? header.size() : end + 2;
    } while (end < header.size() && IsSpace(header[end]));
    const std::string_view field = header.substr(0, end);
    if (const std::size_t colon = field.find(':'); colon != std::string_view::npos)
      fields.push_back({field.substr(0, colon), field.substr(colon + 1)});
    header.remove_prefix(end);
  }
  return fields;
}

/// Words of letters, digits, - and _ with dots between them: a selector, or a domain in ASCII.
inline bool IsDkimName(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 255 && IsAllAscii(name) && IsDotAtom(name) && DomainFault(name) == nullptr;
}

}  // namespace detail

/// Signs with a key that a derived class holds. One signer serves any number of messages and sockets.
class DkimSigner : public MessageSigner {
 public:
  const char* Fault() const noexcept final {
    if (settings_fault_ != nullptr) return settings_fault_;
    return KeyFault();
  }
  Owned<MessageSigning> Begin(std::string_view header) const final;

  /// What it was made with.
  const DkimSettings& Settings() const noexcept { return settings_; }

 protected:
  /// How it signs (RFC 6376 3.3, RFC 8463).
  enum class Algorithm : std::uint8_t { RsaSha256, Ed25519Sha256 };

  /// For those who know a key; see OpenSSLDkimSigner.
  explicit DkimSigner(DkimSettings settings) : settings_(std::move(settings)) {
    if (settings_.Domain.size() <= 255 && detail::FindInvalidUtf8(settings_.Domain) == std::string::npos)
      detail::AppendAsciiDomain(settings_.Domain, domain_);
    settings_fault_ = SettingsFault();
  }

  /// Why there is no key that can be used; nullptr where there is.
  virtual const char* KeyFault() const noexcept = 0;
  /// The algorithm that the key is for.
  virtual Algorithm KeyAlgorithm() const noexcept = 0;
  /// Bytes of a signature by this key, at most kLongestSignature.
  virtual std::size_t SignatureSize() const noexcept = 0;
  /// Writes the signature of a SHA-256 hash, SignatureSize() bytes: PKCS #1 v1.5 of the digest, or Ed25519 of its 32
  /// bytes (RFC 8463 3).
  virtual bool SignHash(const unsigned char* hash, unsigned char* into) const = 0;

  /// Shorter RSA keys are for nobody to trust (RFC 8301 3.2), longer ones not for everybody to check.
  static constexpr int kShortestRsaKey = 1024;
  /// Bits of the longest RSA key.
  static constexpr int kLongestRsaKey = 4096;
  /// Bytes of the longest signature.
  static constexpr std::size_t kLongestSignature = kLongestRsaKey / 8;

  /// What an RSA key of `bits` has against it; nullptr where nothing.
  static const char* RsaFault(std::size_t bits) noexcept {
    if (bits < kShortestRsaKey) return "an RSA key below 1024 bits is not trusted (RFC 8301)";
    return bits > kLongestRsaKey ? "an RSA key above 4096 bits is not read by all" : nullptr;
  }

 private:
  class Signing;

  const char* SettingsFault() const noexcept {
    if (!detail::IsDkimName(domain_)) return "Domain is no domain";
    if (!detail::IsDkimName(settings_.Selector)) return "Selector is no name under a domain";
    if (settings_.ExpireSeconds < 0) return "ExpireSeconds is negative";
    for (const std::vector<std::string>* names : {&settings_.SignedHeaders, &settings_.OversignedHeaders})
      for (const std::string& name : *names) {
        if (name.empty() || name.size() > 76) return "the name of a signed header is empty or too long";
        for (const char c : name)
          if (!detail::IsPrint(c) || c == ' ' || c == ':' || c == ';') return "a signed header has a bad name";
      }
    return nullptr;
  }

  DkimSettings settings_;
  std::string domain_;
  const char* settings_fault_ = nullptr;
};

/// The signing of one message.
class DkimSigner::Signing final : public MessageSigning {
 public:
  /// Signs a message with this header for `signer`.
  Signing(const DkimSigner& signer, std::string_view header) : signer_(signer) {
    const bool rsa = signer.KeyAlgorithm() == Algorithm::RsaSha256;
    Line(rsa ? "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;"
             : "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;");
    Line(" d=" + signer.domain_ + ";");
    Line(" s=" + signer.settings_.Selector + ";");
    WriteTimes();
    SignFields(detail::ParseFields(header));
    text_ += " bh=";
  }

  void Update(std::string_view piece) override { body_.Update(piece); }

  bool Finish(std::string& to) override {
    char hash[detail::Sha256::kSize];
    body_.Finish(hash);
    AppendBase64(hash, sizeof hash, text_);
    text_ += ";\r\n b=";
    std::string canonical;
    const std::size_t colon = text_.find(':');
    const std::string_view text = text_;
    detail::AppendRelaxed({text.substr(0, colon), text.substr(colon + 1)}, canonical);
    fields_.Update(canonical);
    unsigned char digest[detail::Sha256::kSize], signature[kLongestSignature];
    fields_.Finish(reinterpret_cast<char*>(digest));
    if (!signer_.SignHash(digest, signature)) return false;
    std::string value;
    AppendBase64(reinterpret_cast<const char*>(signature), signer_.SignatureSize(), value);
    for (std::size_t at = 0; at < value.size(); at += kFold) {
      if (at != 0) text_ += "\r\n ";
      text_.append(value, at, kFold);
    }
    to.append(text_).append("\r\n");
    return true;
  }

  std::size_t Size() const noexcept override {
    const std::size_t value = detail::Base64Size(signer_.SignatureSize());
    return text_.size() + detail::Base64Size(detail::Sha256::kSize) + 6 + value + (value - 1) / kFold * 3 + 2;
  }

 private:
  static constexpr std::size_t kFold = 72;

  static void AppendBase64(const char* bytes, std::size_t size, std::string& to) {
    const std::size_t at = to.size();
    to.resize(at + detail::Base64Size(size));
    detail::Base64Encode(bytes, size, &to[at]);
  }
  void Line(const std::string& text) { text_.append(text).append("\r\n"); }

  void WriteTimes() {
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    if (signer_.settings_.Timestamp) Line(" t=" + std::to_string(now) + ";");
    if (signer_.settings_.ExpireSeconds != 0) Line(" x=" + std::to_string(now + signer_.settings_.ExpireSeconds) + ";");
  }

  /// Writes h= and hashes the fields that it names. Of several fields of a name the last is signed first (RFC 6376
  /// 5.4.2).
  void SignFields(const std::vector<detail::DkimField>& fields) {
    text_ += " h=";
    line_ = text_.size() - 3;
    std::vector<std::string_view> done;
    const auto sign = [&](std::string_view name, bool once_more) {
      for (const std::string_view one : done)
        if (detail::EqualIgnoringCase(one, name)) return;
      done.push_back(name);
      bool found = false;
      for (std::size_t i = fields.size(); i-- > 0;) {
        if (!detail::EqualIgnoringCase(detail::Trim(fields[i].name), name)) continue;
        found = true;
        WriteName(name);
        std::string canonical;
        detail::AppendRelaxed(fields[i], canonical);
        fields_.Update(canonical);
        fields_.Update("\r\n");
      }
      const bool is_added = detail::EqualIgnoringCase(name, "Date") || detail::EqualIgnoringCase(name, "Message-ID");
      if (once_more && (found || !is_added)) WriteName(name);
    };
    sign("From", true);
    for (const std::string& name : signer_.settings_.OversignedHeaders) sign(name, true);
    for (const std::string& name : signer_.settings_.SignedHeaders) sign(name, false);
    text_ += ";\r\n";
  }
  void WriteName(std::string_view name) {
    if (text_.back() != '=') text_ += ':';
    if (text_.size() - line_ + name.size() > kFold) {
      text_ += "\r\n  ";
      line_ = text_.size() - 2;
    }
    text_ += name;
  }

  const DkimSigner& signer_;
  std::string text_;  // the signature's field, as far as it is known
  std::size_t line_ = 0;
  detail::DkimBodyHash body_;
  detail::Sha256 fields_;
};

inline Owned<MessageSigning> DkimSigner::Begin(std::string_view header) const {
  return Owned<MessageSigning>(new Signing(*this, header));
}

namespace detail {

/// Reads a file with a key, whole; empty where it cannot be read or is no key's size. Whoever gets it wipes it.
inline std::string ReadKeyFile(const std::string& path) {
  std::string text;
  std::FILE* const file = OpenFile(path.c_str());
  if (file == nullptr) return text;
  text.resize(65536);
  static_cast<void>(std::setvbuf(file, nullptr, _IONBF, 0));  // no copy of the key stays in a buffer
  const std::size_t size = std::fread(&text[0], 1, text.size(), file);
  static_cast<void>(std::fclose(file));
  text.resize(size < 65536 ? size : 0);
  return text;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
