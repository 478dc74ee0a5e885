// What an exchange of SASL keeps between two challenges, and the digests of SCRAM (RFC 5802) and CRAM-MD5 (RFC 2195).
// SMTPOLL_NO_DIGESTS leaves both mechanisms out: the state is then just the server's remark.
// Invariant: what is derived from a secret is overwritten by Reset, and with the state.
#ifndef SMTPOLL_PROTOCOL_SASL_STATE_HPP
#define SMTPOLL_PROTOCOL_SASL_STATE_HPP

#include <string_view>

#include "smtpoll/base/error.hpp"
#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/base/md5.hpp"
#include "smtpoll/base/one_of.hpp"
#include "smtpoll/base/sha1.hpp"
#include "smtpoll/base/sha2.hpp"
#include "smtpoll/protocol/scram.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What the server told about a refusal, as it goes into an Error.
using SaslRemark = FixedText<kErrorTextRoom - 16>;

#if !defined(SMTPOLL_NO_DIGESTS) && !defined(SMTPOLL_NO_AUTH)

/// Some 600 bytes, most of them for SHA-512; no heap.
class SaslState {
 public:
  /// Starts an exchange; `credentials` must stay valid until its end.
  void Start(AuthMechanism mechanism, const Credentials& credentials) noexcept {
    mechanism_ = mechanism;
    credentials_ = &credentials;
    scram_ = ScramTexts(credentials, mechanism);
  }
  void Reset() noexcept { state_.Reset(); }

  /// An empty remark in the place of all else.
  SaslRemark& NewRemark() noexcept { return state_.Emplace<SaslRemark>(); }
  const SaslRemark* Remark() const noexcept { return state_.Get<SaslRemark>(); }

  /// CRAM-MD5: the code of the server's challenge, and what is answered.
  void TakeCram(std::string_view challenge) noexcept {
    Hmac<Md5>(credentials_->password).Code(challenge, state_.Emplace<CramCode>().bytes);
  }
  template <typename Put>
  void PutCram(Put& put) const noexcept {
    put(credentials_->user_name);
    put(" ");
    for (const char c : state_.Get<CramCode>()->bytes)
      for (const int shift : {4, 0})
        put(First(Rest("0123456789abcdef", static_cast<unsigned char>(c) >> shift & 15), 1));
  }

  /// SCRAM: takes the server's first message, which must stay where it is until WorkStep has said true. What is wrong
  /// with it, or nullptr.
  const char* TakeServerFirst(std::string_view text) noexcept {
    std::string_view salt;
    std::uint32_t iterations = 0;
    const char* const wrong = scram_.TakeServerFirst(text, salt, iterations);
    if (wrong != nullptr) return wrong;
    const PreparedText password(credentials_->password);
    switch (RuleOf(mechanism_).digest) {
      case 512: state_.Emplace<ScramProof<Sha512>>(password.View()); break;
      case 256: state_.Emplace<ScramProof<Sha256>>(password.View()); break;
      default: state_.Emplace<ScramProof<Sha1>>(password.View()); break;
    }
    bool started = false;
    WithProof(state_, [&](auto& proof) { started = proof.Start(salt, iterations); });
    return started ? nullptr : "the server's challenge is malformed";
  }
  /// Does a bounded part of the work; true when all is done.
  bool WorkStep() noexcept {
    bool done = true;
    WithProof(state_, [&](auto& proof) { done = proof.Step(scram_); });
    return done;
  }
  /// True where the base64 `signature` is the one that only a server that knows the password can make.
  bool IsSignature(std::string_view signature) const noexcept {
    bool valid = false;
    WithProof(state_, [&](const auto& proof) { valid = proof.IsSignature(signature); });
    return valid;
  }
  /// Puts the response of this number, from 0 on; there is nothing to say to the server's signature.
  template <typename Put>
  void PutScram(Put& put, unsigned number) const noexcept {
    if (number == 0) {
      scram_.PutClientFirst(put);
    } else if (number == 1) {
      scram_.PutClientFinalWithoutProof(put);
      put(",p=");
      PutBase64(put,
                [this](auto& base64) { WithProof(state_, [&base64](const auto& proof) { base64(proof.Proof()); }); });
    }
  }

 private:
  struct CramCode {
    char bytes[Md5::kSize];
  };

  template <typename State, typename Use>
  static void WithProof(State& state, Use&& use) noexcept {
    if (auto* const sha1 = state.template Get<ScramProof<Sha1>>()) use(*sha1);
    if (auto* const sha256 = state.template Get<ScramProof<Sha256>>()) use(*sha256);
    if (auto* const sha512 = state.template Get<ScramProof<Sha512>>()) use(*sha512);
  }

  AuthMechanism mechanism_ = AuthMechanism::Any;
  const Credentials* credentials_ = nullptr;
  ScramTexts scram_;
  OneOf<CramCode, SaslRemark, ScramProof<Sha1>, ScramProof<Sha256>, ScramProof<Sha512>> state_;
};

#else

/// Misfit leaves no credentials fit for SCRAM and CRAM-MD5, so nobody asks for more than the remark.
class SaslState {
 public:
  void Start(AuthMechanism, const Credentials&) noexcept {}
  void Reset() noexcept { remark_.Clear(); }
  SaslRemark& NewRemark() noexcept {
    Reset();
    return remark_;
  }
  const SaslRemark* Remark() const noexcept { return &remark_; }
  void TakeCram(std::string_view) noexcept {}
  template <typename Put>
  void PutCram(Put&) const noexcept {}
  const char* TakeServerFirst(std::string_view) noexcept { return ""; }
  bool WorkStep() noexcept { return true; }
  bool IsSignature(std::string_view) const noexcept { return false; }
  template <typename Put>
  void PutScram(Put&, unsigned) const noexcept {}

 private:
  SaslRemark remark_;
};

#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
