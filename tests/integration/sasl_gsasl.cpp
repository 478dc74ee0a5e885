// SCRAM (RFC 5802, RFC 7677) against a server side that GNU SASL plays, in this process: what is right is taken, what
// is wrong refused by the server, and a server that does not know the password by the client. With -PLUS the binding
// counts. Invariant: both sides see only what the other one said, in base64 as SMTP carries it (RFC 4954 4).
#include <smtpoll/smtpoll.hpp>

#include <gsasl.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using smtpoll::AuthMechanism;
using smtpoll::detail::SaslClient;
using smtpoll::detail::SaslStep;

int faults = 0;
int exchanges = 0;

void Expect(bool what, const std::string& saying) {
  if (what) return;
  ++faults;
  std::printf("FAILED: %s\n", saying.c_str());
}

std::string Base64(std::string_view text) {
  std::string base64(smtpoll::detail::Base64Size(text.size()), '\0');
  base64.resize(smtpoll::detail::Base64Encode(text.data(), text.size(), &base64[0]));
  return base64;
}

/// What the server side knows.
struct Known {
  const char* user = "alice";
  const char* password = "opensesame";
  const char* as = nullptr;  // whom the user asks to act as, if anybody
  std::string exporter;      // its end of the channel, in base64
};

int Answer(Gsasl* /*context*/, Gsasl_session* session, Gsasl_property wanted) {
  const Known& known = *static_cast<const Known*>(gsasl_session_hook_get(session));
  switch (wanted) {
    case GSASL_PASSWORD: {
      const char* const user = gsasl_property_fast(session, GSASL_AUTHID);
      if (user == nullptr || std::string_view(user) != known.user) return GSASL_NO_AUTHID;
      return gsasl_property_set(session, GSASL_PASSWORD, known.password);
    }
    case GSASL_SCRAM_ITER: return gsasl_property_set(session, GSASL_SCRAM_ITER, "4096");
    case GSASL_CB_TLS_EXPORTER:
      if (known.exporter.empty()) return GSASL_NO_CB_TLS_EXPORTER;
      return gsasl_property_set(session, GSASL_CB_TLS_EXPORTER, known.exporter.c_str());
    default: return GSASL_NO_CALLBACK;
  }
}

/// How an exchange ended.
struct Ending {
  bool server_agrees = false;
  bool client_agrees = false;
  std::string fault;  // the client's
  std::string as;     // whom the server lets act
};

/// `break_signature`: somebody changes the server's last word on its way.
Ending Exchange(AuthMechanism mechanism, smtpoll::Credentials credentials, const Known& known,
                bool break_signature = false) {
  ++exchanges;
  Ending ending;
  smtpoll::detail::Nonce nonce;
  nonce.Renew();
  credentials.nonce = nonce.View();
  Gsasl* context = nullptr;
  Gsasl_session* server = nullptr;
  if (gsasl_init(&context) != GSASL_OK) std::abort();
  gsasl_callback_set(context, Answer);
  if (gsasl_server_start(context, std::string(Name(mechanism)).c_str(), &server) != GSASL_OK) std::abort();
  gsasl_session_hook_set(server, const_cast<Known*>(&known));

  Expect(smtpoll::detail::Misfit(mechanism, credentials) == nullptr, "the credentials fit");
  SaslClient client;
  client.Start(mechanism, credentials);
  std::string challenge;
  for (int round = 0; round < 4; ++round) {
    std::string response(client.ResponseSize(), '\0');
    response.resize(client.WriteResponse(&response[0]));
    if (ending.server_agrees) break;  // that was the empty response to the server's last word
    char* said = nullptr;
    const int result = gsasl_step64(server, response.c_str(), &said);
    challenge = said == nullptr ? "" : said;
    gsasl_free(said);
    if (result != GSASL_OK && result != GSASL_NEEDS_MORE) break;
    ending.server_agrees = result == GSASL_OK;
    if (ending.server_agrees && break_signature) challenge[8] = challenge[8] == 'A' ? 'B' : 'A';
    SaslStep step = client.Take({&challenge[0], challenge.size()});
    while (step == SaslStep::Again) step = client.Work();
    if (step == SaslStep::Cancel) break;
  }
  ending.client_agrees = ending.server_agrees && client.Fault().empty() && client.Verified("");
  ending.fault = client.Fault();
  if (const char* const as = gsasl_property_fast(server, GSASL_AUTHZID)) ending.as = as;
  client.Stop();
  gsasl_finish(server);
  gsasl_done(context);
  return ending;
}

void Try(AuthMechanism mechanism) {
  const std::string name(Name(mechanism));
  const bool plus = smtpoll::detail::RuleOf(mechanism).needs & smtpoll::detail::kNeedsChannelBinding;
  const std::string channel(32, '\x9c'), other_channel(32, '\x9d');
  Known known;
  smtpoll::Credentials alice;
  alice.user_name = known.user;
  alice.password = known.password;
  alice.pinned = mechanism;
  if (plus) {
    known.exporter = Base64(channel);
    alice.channel_binding = channel;
    alice.channel_binding_type = "tls-exporter";
  }
  const auto both = [&](const Ending& ending, const std::string& what) {
    Expect(ending.server_agrees && ending.client_agrees, name + ": " + what + " " + ending.fault);
  };
  const auto neither = [&](const Ending& ending, const std::string& what) {
    Expect(!ending.server_agrees && !ending.client_agrees, name + ": " + what);
  };
  both(Exchange(mechanism, alice, known), "the right password");

  smtpoll::Credentials wrong = alice;
  wrong.password = "opensesamf";
  neither(Exchange(mechanism, wrong, known), "a wrong password");
  wrong = alice;
  wrong.user_name = "mallory";
  neither(Exchange(mechanism, wrong, known), "a user who does not exist");

  const Ending broken = Exchange(mechanism, alice, known, true);
  Expect(broken.server_agrees && !broken.client_agrees, name + ": a wrong signature of the server's");
  Expect(broken.fault == "the server could not prove that it knows the password", name + ": says why: " + broken.fault);

  smtpoll::Credentials acts = alice;
  acts.authorization_id = "boss, the = one";
  const Ending as = Exchange(mechanism, acts, known);
  both(as, "an authorization identity");
  Expect(as.as == "boss, the = one", name + ": acts as " + as.as);

  // Names with what the grammar quotes, and both sides prepare (RFC 4013), each by its own.
  Known strange = known;
  strange.user = "bj\xc3\xb8rn=a,b";
  strange.password = "p\xc3\xa4ssw\xc3\xb6rt IX2";
  smtpoll::Credentials unprepared = alice;
  unprepared.user_name = "bj\xc3\xb8\xc2\xadrn=a,b";
  unprepared.password = "p\xc3\xa4ss\xc2\xadw\xc3\xb6rt\xc2\xa0\xef\xbc\xa9\xef\xbc\xb8\xc2\xb2";
  both(Exchange(mechanism, unprepared, strange), "non-ASCII that is not prepared");

  if (!plus) return;
  Known elsewhere = known;
  elsewhere.exporter = Base64(other_channel);
  neither(Exchange(mechanism, alice, elsewhere), "another channel, as with somebody in the middle");
}

/// The offer of -PLUS was cut out by somebody in the middle: the client says that it could, and the server sees through
/// it.
void TryDowngrade() {
  const std::string channel(32, '\x9c');
  Known known;
  known.exporter = Base64(channel);
  smtpoll::Credentials alice;
  alice.user_name = known.user;
  alice.password = known.password;
  alice.channel_binding = channel;
  alice.channel_binding_type = "tls-exporter";
  const Ending ending = Exchange(AuthMechanism::ScramSha256, alice, known);
  Expect(!ending.server_agrees && !ending.client_agrees, "a downgrade from -PLUS is refused");
}

}  // namespace

int main() {
  std::printf("GNU SASL %s, bindings by tls-exporter (it knows no tls-server-end-point)\n",
              gsasl_check_version(nullptr));
  for (const AuthMechanism mechanism : {AuthMechanism::ScramSha1, AuthMechanism::ScramSha256,
                                        AuthMechanism::ScramSha1Plus, AuthMechanism::ScramSha256Plus})
    Try(mechanism);
  TryDowngrade();
  std::printf("%d exchanges, %d faults\n", exchanges, faults);
  return faults == 0 ? 0 : 1;
}
