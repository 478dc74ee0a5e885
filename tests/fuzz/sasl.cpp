// Challenges of SASL (RFC 4954): any challenge ends in a response of the size that was said, or in a cancelled
// exchange; a server that does not know the password is never taken for one that does, and no exchange goes on without
// end.
#include "smtpoll/protocol/sasl.hpp"
#include "fuzz.hpp"
#include "smtpoll/protocol/credentials.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using smtpoll::AuthMechanism;
  using smtpoll::detail::SaslStep;
  static constexpr AuthMechanism kMechanisms[] = {
      AuthMechanism::ScramSha256, AuthMechanism::ScramSha1, AuthMechanism::CramMd5, AuthMechanism::OAuthBearer,
      AuthMechanism::XOAuth2,     AuthMechanism::Plain,     AuthMechanism::Login,   AuthMechanism::ScramSha512};
  fuzz::Input input(data, size);
  const AuthMechanism mechanism = kMechanisms[input.Byte() % 8];
  smtpoll::Credentials credentials;
  credentials.user_name = "user";
  credentials.password = "pencil";
  credentials.token = "token";
  credentials.nonce = "fyko+d2lbbFgONRv9qkxdawM";
  smtpoll::detail::SaslClient client;
  client.Start(mechanism, credentials);
  std::string response;
  const auto respond = [&] {
    const std::size_t wanted = client.ResponseSize();
    response.assign(wanted, ' ');
    FUZZ_CHECK(client.WriteResponse(&response[0]) == wanted);
    FUZZ_CHECK(response.find_first_of("\r\n") == std::string::npos);
  };
  if (client.SpeaksFirst()) respond();
  int responses = 0;
  while (!input.empty()) {
    std::string challenge(input.Field());
    SaslStep step = client.Take({&challenge[0], challenge.size()});
    // The number of iterations is the server's, so the work is bounded by what this client accepts.
    for (int parts = 0; step == SaslStep::Again && client.Working(); ++parts) {
      if (parts == 2000) return 0;
      step = client.Work();
    }
    if (step == SaslStep::Cancel) break;
    respond();
    FUZZ_CHECK(++responses < 4);
  }
  // Nobody here has the password's proof.
  const bool scram = smtpoll::detail::RuleOf(mechanism).family == smtpoll::detail::SaslFamily::Scram;
  if (scram) FUZZ_CHECK(!client.Verified(input.Rest()));
  client.Stop();
  return 0;
}
