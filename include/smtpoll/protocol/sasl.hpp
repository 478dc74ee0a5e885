// SASL on the client's side: what to answer to each challenge of AUTH (RFC 4422, RFC 4954; PLAIN is RFC 4616).
// Invariant: a secret is encoded straight into the send buffer and exists nowhere else in the engine.
#ifndef SMTPOLL_PROTOCOL_SASL_HPP
#define SMTPOLL_PROTOCOL_SASL_HPP

#include <string_view>

#include "smtpoll/base/base64.hpp"
#include "smtpoll/base/wire_buffer.hpp"
#include "smtpoll/protocol/capabilities.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Who the client is. The views must stay valid until the session is authenticated.
struct Credentials {
  std::string_view user_name;  ///< Empty: no authentication is tried.
  std::string_view password;
};

namespace detail {

/// Mechanisms in the order they are tried, with the names of the wire.
struct MechanismName {
  AuthMechanism mechanism;
  std::string_view name;
};
constexpr MechanismName kMechanismPreference[] = {{AuthMechanism::Plain, "PLAIN"}, {AuthMechanism::Login, "LOGIN"}};

/// Base64 of bytes that come in pieces, so that they need not be put together first.
class Base64Writer {
 public:
  explicit Base64Writer(char* into) noexcept : start_(into), out_(into) {}

  void Put(std::string_view bytes) noexcept {
    for (const char c : bytes) {
      group_[filled_++] = c;
      if (filled_ == 3) Flush();
    }
  }
  /// Ends the encoding and returns its size.
  std::size_t Finish() noexcept {
    if (filled_ != 0) Flush();
    return static_cast<std::size_t>(out_ - start_);
  }

 private:
  void Flush() noexcept {
    out_ += Base64Encode(group_, filled_, out_);
    Wipe(group_, sizeof group_);
    filled_ = 0;
  }

  char* start_;
  char* out_;
  char group_[3] = {};
  std::size_t filled_ = 0;
};

/// One exchange of one mechanism.
class SaslClient {
 public:
  void Start(AuthMechanism mechanism, const Credentials& credentials) noexcept {
    mechanism_ = mechanism;
    credentials_ = credentials;
    given_ = 0;
  }

  /// PLAIN sends its response along with the command; the server of LOGIN asks first.
  bool SpeaksFirst() const noexcept { return mechanism_ == AuthMechanism::Plain; }

  /// False when the mechanism has said all it has to say.
  bool HasResponse() const noexcept { return given_ < (mechanism_ == AuthMechanism::Plain ? 1 : 2); }

  /// Room that WriteResponse needs at most, in bytes.
  std::size_t MaxResponseSize() const noexcept {
    return Base64Size(credentials_.user_name.size() + credentials_.password.size() + 2);
  }

  /// Writes the base64 of the next response to `into` and returns its size.
  std::size_t WriteResponse(char* into) noexcept {
    Base64Writer writer(into);
    if (mechanism_ == AuthMechanism::Plain) {
      writer.Put({"\0", 1});
      writer.Put(credentials_.user_name);
      writer.Put({"\0", 1});
      writer.Put(credentials_.password);
    } else {
      writer.Put(given_ == 0 ? credentials_.user_name : credentials_.password);
    }
    ++given_;
    return writer.Finish();
  }

 private:
  AuthMechanism mechanism_ = AuthMechanism::Plain;
  Credentials credentials_;
  int given_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
