// SCRAM (RFC 5802 with SHA-1, RFC 7677 with SHA-256, the same with SHA-512): the texts of the exchange, and the proof.
// Invariant: no text is ever kept. The texts are put piece by piece, as often as they are needed, to whoever asks: the
// base64 of a response or the digest of them all. The password is digested in steps of bounded length.
#ifndef SMTPOLL_PROTOCOL_SCRAM_HPP
#define SMTPOLL_PROTOCOL_SCRAM_HPP

#include <string_view>

#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/pbkdf2.hpp"
#include "smtpoll/protocol/credentials.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Base64 of bytes that come in pieces; `put` gets it as it comes.
template <typename Put>
class Base64Pieces {
 public:
  explicit Base64Pieces(Put& put) noexcept : put_(put) {}
  ~Base64Pieces() { Wipe(group_, sizeof group_); }
  Base64Pieces(const Base64Pieces&) = delete;
  Base64Pieces& operator=(const Base64Pieces&) = delete;

  void operator()(std::string_view bytes) noexcept {
    for (const char c : bytes) {
      group_[filled_++] = c;
      if (filled_ == sizeof group_) Finish();
    }
  }
  /// The bytes are whole.
  void Finish() noexcept {
    char text[4];
    put_(std::string_view(text, Base64Encode(group_, filled_, text)));
    Wipe(text, sizeof text);
    filled_ = 0;
  }

 private:
  Put& put_;
  std::size_t filled_ = 0;
  char group_[3] = {};
};

/// Puts the base64 of what `say` puts to the function it is given.
template <typename Put, typename Say>
void PutBase64(Put& put, Say&& say) noexcept {
  Base64Pieces<Put> base64(put);
  say(base64);
  base64.Finish();
}

/// Fewer iterations than RFC 7677 4 allows make the password easy to guess for whoever reads along.
constexpr std::uint32_t kScramLeastIterations = 4096;
/// More are no defence but an attack: about a second of work on a desktop.
constexpr std::uint32_t kScramMostIterations = 1000000;
/// Iterations done in one go: well under a millisecond on a desktop, some 30 ms on a chip of 72 MHz.
constexpr std::uint32_t kScramStep = 128;

/// Takes "r=..." with the comma behind it from the front of `text`; false where another attribute stands there.
constexpr bool TakeScramAttribute(std::string_view& text, char name, std::string_view& value) noexcept {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return false;
  const std::size_t comma = text.find(',') < text.size() ? text.find(',') : text.size();
  value = First(Rest(text, 2), comma - 2);
  text.remove_prefix(comma < text.size() ? comma + 1 : comma);
  return true;
}

/// The texts of one exchange (RFC 5802 5 and 7). Views must stay valid as long as it is used.
class ScramTexts {
 public:
  ScramTexts() = default;
  ScramTexts(const Credentials& credentials, AuthMechanism mechanism) noexcept
      : credentials_(&credentials), bound_((RuleOf(mechanism).needs & kNeedsChannelBinding) != 0) {}

  template <typename Put>
  void PutClientFirst(Put&& put) const noexcept {
    PutHeader(put);
    PutClientFirstBare(put);
  }
  template <typename Put>
  void PutClientFinalWithoutProof(Put&& put) const noexcept {
    put("c=");
    PutBase64(put, [this](auto& base64) {
      PutHeader(base64);
      if (bound_) base64(credentials_->channel_binding);
    });
    put(",r=");
    put(nonce_);
  }
  /// What the proof and the server's signature are made over.
  template <typename Put>
  void PutAuthMessage(Put&& put) const noexcept {
    PutClientFirstBare(put);
    put(",");
    put(server_first_);
    put(",");
    PutClientFinalWithoutProof(put);
  }

  /// RFC 5802 5.1: the two characters that mean something in the grammar are quoted.
  template <typename Put>
  static void PutName(Put& put, std::string_view name) noexcept {
    for (std::size_t i = 0; i < name.size(); ++i)
      put(name[i] == ',' ? "=2C" : name[i] == '=' ? "=3D" : First(Rest(name, i), 1));
  }

  /// Reads the server's first message, which must stay valid until the last Put; says what is wrong with it, or
  /// nullptr. An extension that is mandatory ("m=") stands before the nonce, and so is refused.
  const char* TakeServerFirst(std::string_view text, std::string_view& salt, std::uint32_t& iterations) noexcept {
    server_first_ = text;
    std::string_view count;
    if (!TakeScramAttribute(text, 'r', nonce_) || !TakeScramAttribute(text, 's', salt) ||
        !TakeScramAttribute(text, 'i', count) || salt.empty())
      return "the server's challenge is malformed";
    const std::string_view ours = credentials_->nonce;
    if (nonce_.size() <= ours.size() || First(nonce_, ours.size()) != ours || !IsScramNonce(nonce_))
      return "the server's nonce is none, or does not begin with ours";
    std::uint64_t value = 0;
    if (!ParseDecimal(count, value)) return "the server's challenge is malformed";
    if (value < kScramLeastIterations) return "the server's iteration count is so low that it gives the password away";
    if (value > kScramMostIterations) return "the server's iteration count is unreasonably high";
    iterations = static_cast<std::uint32_t>(value);
    return nullptr;
  }

 private:
  /// The GS2 header: whether the channel is bound, and whom to act as. "y" says that it could be bound, but that the
  /// server does not offer it; where somebody has cut the offer out, the server then knows (RFC 5802 6).
  template <typename Put>
  void PutHeader(Put& put) const noexcept {
    const bool could_be_bound = !credentials_->channel_binding.empty() && credentials_->pinned == AuthMechanism::Any;
    put(bound_ ? "p=" : could_be_bound ? "y" : "n");
    if (bound_) put(credentials_->channel_binding_type);
    put(credentials_->authorization_id.empty() ? "," : ",a=");
    PutName(put, credentials_->authorization_id);
    put(",");
  }
  template <typename Put>
  void PutClientFirstBare(Put& put) const noexcept {
    put("n=");
    PutName(put, PreparedText(credentials_->user_name).View());
    put(",r=");
    put(credentials_->nonce);
  }
  const Credentials* credentials_ = nullptr;
  bool bound_ = false;
  std::string_view server_first_;
  std::string_view nonce_;  // theirs, in server_first_
};

/// From the password to the client's proof and the server's signature (RFC 5802 3).
template <typename DigestType>
class ScramProof {
 public:
  explicit ScramProof(std::string_view prepared_password) noexcept : derivation_(prepared_password) {}
  ~ScramProof() {
    Wipe(proof_, sizeof proof_);
    Wipe(signature_, sizeof signature_);
  }

  /// False where the salt is no base64.
  bool Start(std::string_view salt, std::uint32_t iterations) noexcept {
    if (salt.size() % 4 != 0) return false;
    for (; !salt.empty(); salt.remove_prefix(4)) {
      char bytes[3];
      const std::size_t size = Base64Decode(First(salt, 4), bytes, sizeof bytes);
      if (size == kNotBase64 || (size != sizeof bytes && salt.size() != 4)) return false;
      derivation_.AddSalt({bytes, size});
    }
    derivation_.Start(iterations);
    return true;
  }

  /// Does the next part of the work; true when all is done, and then Proof may be asked for.
  bool Step(const ScramTexts& texts) noexcept {
    if (!derivation_.Step(kScramStep)) return false;
    char key[kSize];
    Hmac<DigestType> salted(derivation_.Key());
    salted.Code("Server Key", key);
    Sign(key, texts, signature_);
    salted.Code("Client Key", key);
    char stored_key[kSize];
    DigestType digest;
    digest.Update({key, kSize});
    digest.Finish(stored_key);
    Sign(stored_key, texts, proof_);
    for (std::size_t i = 0; i < kSize; ++i) proof_[i] = static_cast<char>(proof_[i] ^ key[i]);
    Wipe(key, sizeof key);
    Wipe(stored_key, sizeof stored_key);
    return true;
  }
  std::string_view Proof() const noexcept { return {proof_, kSize}; }

  /// True where the base64 `text` is the signature that only one who knows the password can make.
  bool IsSignature(std::string_view text) const noexcept {
    char bytes[kSize];
    return Base64Decode(text, bytes, kSize) == kSize && EqualInConstantTime(bytes, signature_, kSize);
  }

 private:
  static constexpr std::size_t kSize = DigestType::kSize;

  static void Sign(const char* key, const ScramTexts& texts, char* into) noexcept {
    Hmac<DigestType> hmac({key, kSize});
    const auto put = [&hmac](std::string_view piece) { hmac.Update(piece); };
    texts.PutAuthMessage(put);
    hmac.Finish(into);
  }

  Pbkdf2<DigestType> derivation_;
  char proof_[kSize] = {};
  char signature_[kSize] = {};
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
