// SASL on the client's side: what to answer to each challenge of AUTH (RFC 4422, RFC 4954): SCRAM, OAUTHBEARER
// (RFC 7628), XOAUTH2, EXTERNAL, CRAM-MD5 (RFC 2195), PLAIN (RFC 4616) and LOGIN.
// Invariant: a secret is encoded straight into the send buffer; what is derived from one is overwritten after use.
// A challenge is not trusted: it is decoded strictly, in its own place, and what is wrong with it ends the exchange.
#ifndef SMTPOLL_PROTOCOL_SASL_HPP
#define SMTPOLL_PROTOCOL_SASL_HPP

#include <string_view>
#include <type_traits>

#include "smtpoll/base/span.hpp"
#include "smtpoll/protocol/sasl_state.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What is to be done about a challenge.
enum class SaslStep : std::uint8_t {
  Respond,  ///< SaslClient::WriteResponse.
  Again,    ///< SaslClient::Work, until it says something else; the challenge must stay where it is until then.
  Cancel,   ///< Nothing can be said to it; SaslClient::Fault says why.
};

/// One exchange of one mechanism; no heap.
class SaslClient {
 public:
  /// Starts an exchange for which Misfit finds nothing missing. `credentials` must stay valid until Stop.
  void Start(AuthMechanism mechanism, const Credentials& credentials) noexcept {
    Stop();
    mechanism_ = mechanism;
    credentials_ = &credentials;
    state_.Start(mechanism, credentials);
  }

  /// Ends the exchange and overwrites what was derived from a secret.
  void Stop() noexcept {
    state_.Reset();
    said_ = 0;
    working_ = verified_ = false;
    fault_ = "";
  }

  AuthMechanism Mechanism() const noexcept { return mechanism_; }

  /// True where the first response needs no challenge before it.
  bool SpeaksFirst() const noexcept { return Family() != SaslFamily::Login && Family() != SaslFamily::CramMd5; }

  /// The text of a 334 reply, which is overwritten. Where the server asks for what could have been said first, any
  /// text will do.
  SaslStep Take(Span<char> challenge) noexcept {
    const unsigned last = LastResponse();
    if (said_ > last) return Cancel("");
    const bool reads = Family() != SaslFamily::Login && (said_ != 0 || !SpeaksFirst());
    if (!reads) return SaslStep::Respond;
    const std::string_view encoded = Trim({challenge.data(), challenge.size()});
    const std::size_t size = Base64Decode(encoded, challenge.data(), challenge.size());
    if (size == kNotBase64) return Cancel("the server's challenge is no base64");
    const std::string_view text(challenge.data(), size);
    switch (Family()) {
      case SaslFamily::Scram: return said_ == 1 ? TakeServerFirst(text) : TakeServerFinal(text);
      case SaslFamily::CramMd5: state_.TakeCram(text); return SaslStep::Respond;
      default: Remember(text); return SaslStep::Respond;
    }
  }

  /// The exchange cannot go on because of `why`.
  SaslStep Cancel(const char* why) noexcept {
    fault_ = why;
    return SaslStep::Cancel;
  }

  /// Work is to be done before there is a response.
  bool Working() const noexcept { return working_; }

  /// Does a bounded part of the work that Take found.
  SaslStep Work() noexcept {
    working_ = !state_.WorkStep();
    return working_ ? SaslStep::Again : SaslStep::Respond;
  }

  /// Size of the next response in base64, bytes.
  std::size_t ResponseSize() const noexcept {
    std::size_t size = 0;
    PutResponse([&size](std::string_view piece) { size += piece.size(); });
    return Base64Size(size);
  }

  /// Writes the base64 of the next response to `into`, which has ResponseSize() bytes of room; returns its size.
  std::size_t WriteResponse(char* into) noexcept {
    char* at = into;
    const auto write = [&at](std::string_view piece) {
      for (const char c : piece) *at++ = c;
    };
    PutBase64(write, [this](auto& base64) { PutResponse(base64); });
    ++said_;
    return static_cast<std::size_t>(at - into);
  }

  /// The server says that the client is authenticated, in a reply with this text. True where it may say so: with SCRAM
  /// it must have proved that it knows the password, in a challenge before or in this text.
  bool Verified(std::string_view text) noexcept {
    if (Family() != SaslFamily::Scram || verified_) return true;
    char decoded[kOutcomeRoom];
    text = First(text, text.find_first_of(" \n"));
    const std::size_t size = Base64Decode(text, decoded, sizeof decoded);
    return said_ == 2 && size != kNotBase64 && IsServerFinal({decoded, size});
  }

  /// Why the exchange was cancelled; empty where it was not, or only because all was said.
  std::string_view Fault() const noexcept { return fault_; }

  /// What the server told about its refusal in a challenge: JSON (RFC 7628 3.2.2), or SCRAM's error.
  std::string_view Remark() const noexcept {
    const SaslRemark* const remark = state_.Remark();
    return remark == nullptr ? std::string_view() : remark->View();
  }

 private:
  static constexpr std::size_t kOutcomeRoom = 192;

  SaslFamily Family() const noexcept { return RuleOf(mechanism_).family; }

  /// The number of the last response there is, from 0 on.
  unsigned LastResponse() const noexcept {
    switch (Family()) {
      case SaslFamily::Scram: return 2;
      case SaslFamily::Bearer:
      case SaslFamily::Login: return 1;
      default: return 0;
    }
  }

  void Remember(std::string_view text) noexcept {
    SaslRemark& remark = state_.NewRemark();
    for (const char c : text) {
      const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
      remark.Append(control ? std::string_view("?") : std::string_view(&c, 1));
    }
  }

  SaslStep TakeServerFirst(std::string_view text) noexcept {
    const char* const wrong = state_.TakeServerFirst(text);
    working_ = wrong == nullptr;
    return working_ ? SaslStep::Again : Cancel(wrong);
  }

  /// Nothing is said to a signature or an error, but something must be sent (RFC 4954 4).
  SaslStep TakeServerFinal(std::string_view text) noexcept {
    std::string_view error;
    std::string_view rest = text;
    if (TakeScramAttribute(rest, 'e', error)) {
      Remember(error);
      return SaslStep::Respond;
    }
    verified_ = IsServerFinal(text);
    return verified_ ? SaslStep::Respond : Cancel("the server could not prove that it knows the password");
  }

  bool IsServerFinal(std::string_view text) noexcept {
    std::string_view signature;
    return TakeScramAttribute(text, 'v', signature) && state_.IsSignature(signature);
  }

  /// Puts the next response, before base64.
  template <typename Put>
  void PutResponse(Put&& put) const noexcept {
    const Credentials& own = *credentials_;
    switch (Family()) {
      case SaslFamily::Scram: state_.PutScram(put, said_); break;
      case SaslFamily::Bearer: PutBearerResponse(put); break;
      case SaslFamily::External: put(own.authorization_id); break;
      case SaslFamily::CramMd5: state_.PutCram(put); break;
      case SaslFamily::Plain:
        for (const std::string_view text : {own.authorization_id, own.user_name}) {
          put(text);
          put(std::string_view("\0", 1));
        }
        put(own.password);
        break;
      case SaslFamily::Login: put(said_ == 0 ? own.user_name : own.password); break;
    }
  }

  /// The second response only says that the refusal was seen: ^A (RFC 7628 3.2.3), with XOAUTH2 nothing.
  template <typename Put>
  void PutBearerResponse(Put& put) const noexcept {
    const bool standard = mechanism_ == AuthMechanism::OAuthBearer;
    const Credentials& own = *credentials_;
    const std::string_view identity = own.authorization_id.empty() ? own.user_name : own.authorization_id;
    if (said_ != 0) {
      if (standard) put("\1");
      return;
    }
    if (standard) {
      put(identity.empty() ? "n,," : "n,a=");
      ScramTexts::PutName(put, identity);
      put(identity.empty() ? "\1" : ",\1");
    } else {
      put("user=");
      put(identity);
      put("\1");
    }
    put("auth=Bearer ");
    put(own.token);
    put("\1\1");
  }

  AuthMechanism mechanism_ = AuthMechanism::Plain;
  bool working_ = false;
  bool verified_ = false;  // the server has proved that it knows the password
  unsigned said_ = 0;      // responses
  const Credentials* credentials_ = nullptr;
  const char* fault_ = "";
  SaslState state_;
};

/// What stands in its place without AUTH: nothing is ever started.
class NoSasl {
 public:
  static void Start(AuthMechanism, const Credentials&) noexcept {}
  static void Stop() noexcept {}
  static AuthMechanism Mechanism() noexcept { return AuthMechanism::Any; }
  static bool SpeaksFirst() noexcept { return false; }
  static SaslStep Take(Span<char>) noexcept { return SaslStep::Cancel; }
  static SaslStep Cancel(const char*) noexcept { return SaslStep::Cancel; }
  static bool Working() noexcept { return false; }
  static SaslStep Work() noexcept { return SaslStep::Cancel; }
  static std::size_t ResponseSize() noexcept { return 0; }
  static std::size_t WriteResponse(char*) noexcept { return 0; }
  static bool Verified(std::string_view) noexcept { return false; }
  static std::string_view Fault() noexcept { return {}; }
  static std::string_view Remark() noexcept { return {}; }
};
using Sasl = std::conditional_t<kHasAuth, SaslClient, NoSasl>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
