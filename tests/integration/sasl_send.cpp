// Authenticates to real servers by every mechanism, with what is right and with what is wrong, through each door: what
// is right sends a message, what is wrong sends nothing (RFC 4954). The subjects of what must arrive go into a file.
// Invariant: no line of any transcript shows a secret, plain or in base64.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

namespace {

using smtpoll::AuthMechanism;
using smtpoll::Errc;
using smtpoll::SMTPSecureSocket;

int faults = 0;
int checks = 0;
std::string folder;
std::string transcript;
std::vector<std::string> sent;

void Expect(bool what, const std::string& saying) {
  ++checks;
  if (what) return;
  ++faults;
  std::printf("FAILED: %s\n", saying.c_str());
}

struct Door {
  const char* name;
  std::uint16_t port;
  bool wrapped;
};

struct Secrets {
  const char* name;
  const char* password;
  const char* token_file;
};

// A soft hyphen, a space that does not break, full-width letters, a superscript, and an emoji that Unicode 3.2 does not
// know (RFC 3454 A.1). What Dovecot has is prepared by SASLprep; only SCRAM says that a client does so too, PLAIN and
// its like send as it is.
constexpr Secrets kAlice{"alice", "opensesame, = and more", "alice"};
constexpr Secrets kUmlaut{"bj\xc3\xb8rn", "p\xc3\xa4ssw\xc3\xb6rt IX2\xf0\x9f\xa6\x8a", "umlaut"};
constexpr Secrets kUnprepared{"bj\xc3\xb8\xc2\xadrn",
                              "p\xc3\xa4ss\xc2\xadw\xc3\xb6rt\xc2\xa0\xef\xbc\xa9\xef\xbc\xb8\xc2\xb2\xf0\x9f\xa6\x8a",
                              "umlaut"};

std::string ReadFile(const std::string& name) {
  std::ifstream file(folder + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool IsBearer(AuthMechanism mechanism) {
  return mechanism == AuthMechanism::OAuthBearer || mechanism == AuthMechanism::XOAuth2;
}
bool IsScram(AuthMechanism mechanism) {
  return mechanism == AuthMechanism::ScramSha1 || mechanism == AuthMechanism::ScramSha256;
}

/// What a socket's run came to.
struct Outcome {
  smtpoll::Error error;
  bool sent = false;
  std::string used;      // the mechanism, as the client named it
  bool content = false;  // MAIL was said
};

/// Runs `socket` to its end with one message.
Outcome Run(SMTPSecureSocket& socket, const Door& door, const std::string& subject) {
  Outcome outcome;
  socket.Address = "127.0.0.1";
  socket.Port = door.port;
  socket.SMTPConnectionType =
      door.wrapped ? SMTPSecureSocket::SMTPConnectionTypes::SSLTLS : SMTPSecureSocket::SMTPConnectionTypes::STARTTLS;
  socket.CertificateAuthorityFile = folder + "/tls/ca.pem";
  socket.Error = [&](const smtpoll::Error& error) {
    if (!outcome.error) outcome.error = error;
  };
  socket.MessageSent = [&](const smtpoll::EmailMessage&) { outcome.sent = true; };
  socket.Transcript = [&](smtpoll::Side side, const std::string& line) {
    transcript += line + "\n";
    if (side != smtpoll::Side::Client) return;
    if (line.compare(0, 5, "AUTH ") == 0) outcome.used = line.substr(5, line.find(' ', 5) - 5);
    if (line.compare(0, 5, "MAIL ") == 0) outcome.content = true;
  };
  smtpoll::EmailMessage mail;
  mail.FromAddress = "sender@test.example";
  mail.ToAddress = "alice@test.example";
  mail.Subject = subject;
  mail.BodyPlainText = "By somebody who is who he says.\n";
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll(10000)) continue;
  if (outcome.sent) sent.push_back(subject);
  return outcome;
}

void Take(SMTPSecureSocket& socket, const Secrets& who, AuthMechanism mechanism) {
  socket.UserName = who.name;
  if (IsBearer(mechanism))
    socket.AccessToken = ReadFile(std::string("tokens/") + who.token_file);
  else
    socket.Password = who.password;
  socket.Mechanism = mechanism;
}

void ExpectSent(const Outcome& outcome, const std::string& subject, AuthMechanism mechanism) {
  Expect(outcome.sent && !outcome.error, subject + ": " + ToString(outcome.error));
  Expect(outcome.used == Name(mechanism), subject + ": the mechanism was " + outcome.used);
}

void ExpectRefused(const Outcome& outcome, const std::string& subject) {
  Expect(outcome.error.Code() == Errc::AuthenticationFailed, subject + ": " + ToString(outcome.error));
  Expect(outcome.error.reply_code == 535, subject + ": 535, not " + std::to_string(outcome.error.reply_code));
  Expect(!outcome.sent && !outcome.content, subject + ": nothing may go");
}

/// Right, wrong and non-ASCII, by one mechanism through one door.
void TryMechanism(const Door& door, AuthMechanism mechanism) {
  const std::string what = std::string(door.name) + " " + std::string(Name(mechanism));
  for (const Secrets* const who : {&kAlice, &kUmlaut, &kUnprepared}) {
    if (who == &kUnprepared && !IsScram(mechanism)) continue;
    SMTPSecureSocket socket;
    Take(socket, *who, mechanism);
    const std::string subject = what + (who == &kAlice    ? " alice"
                                        : who == &kUmlaut ? " non-ASCII"
                                                          : " non-ASCII unprepared");
    ExpectSent(Run(socket, door, subject), subject, mechanism);
    if (who == &kUnprepared) continue;

    SMTPSecureSocket wrong;
    Take(wrong, *who, mechanism);
    wrong.Password += IsBearer(mechanism) ? "" : "x";
    if (IsBearer(mechanism)) wrong.AccessToken = ReadFile("tokens/forged");
    const Outcome refused = Run(wrong, door, subject + ", wrong");
    ExpectRefused(refused, subject + ", wrong");
    if (IsBearer(mechanism)) {
      Expect(refused.error.text.View().find("{\"status\":\"") != std::string_view::npos,
             subject + ": the server's JSON is shown, not " + std::string(refused.error.text.View()));
    }
  }
  if (!IsBearer(mechanism)) {
    SMTPSecureSocket nobody;
    Take(nobody, kAlice, mechanism);
    nobody.UserName = "mallory";
    ExpectRefused(Run(nobody, door, what + " nobody"), what + " nobody");
    return;
  }
  // A token that ran out, and a provider with a better one; then a provider with none.
  for (const bool better : {true, false}) {
    SMTPSecureSocket socket;
    socket.UserName = "alice";
    socket.Mechanism = mechanism;
    int asked = 0, renewed = 0;
    socket.TokenProvider = [&](bool refused) {
      ++asked;
      renewed += refused ? 1 : 0;
      return ReadFile(refused && better ? "tokens/alice" : "tokens/expired");
    };
    const std::string subject = what + (better ? " token asked for anew" : " token bad twice");
    const Outcome outcome = Run(socket, door, subject);
    Expect(asked == 2 && renewed == 1, subject + ": asked twice, the second time because of the refusal");
    better ? ExpectSent(outcome, subject, mechanism) : ExpectRefused(outcome, subject);
  }
}

/// What is taken where nothing is pinned.
void TryUnpinned(const Door& door) {
  const std::string what = std::string(door.name) + " unpinned";
  SMTPSecureSocket by_password;
  Take(by_password, kAlice, AuthMechanism::Any);
  ExpectSent(Run(by_password, door, what + " password"), what + " password", AuthMechanism::ScramSha256);
  SMTPSecureSocket by_token;
  Take(by_token, kAlice, AuthMechanism::OAuthBearer);
  by_token.Mechanism = AuthMechanism::Any;
  ExpectSent(Run(by_token, door, what + " token"), what + " token", AuthMechanism::OAuthBearer);
  SMTPSecureSocket without;
  const Outcome outcome = Run(without, door, what + " nobody");
  Expect(!outcome.sent, what + ": who is not authenticated cannot send here");
}

/// A certificate says who the client is (RFC 4422 appendix A); without one it is nobody.
void TryExternal(const Door& door) {
  const std::string what = std::string(door.name) + " EXTERNAL";
  SMTPSecureSocket socket;
  socket.Mechanism = AuthMechanism::External;
  socket.CertificateFile = folder + "/tls/client-all.pem";
  ExpectSent(Run(socket, door, what), what, AuthMechanism::External);
  SMTPSecureSocket other;
  other.Mechanism = AuthMechanism::External;
  other.AuthorizationID = "alice";
  other.CertificateFile = folder + "/tls/client-all.pem";
  ExpectRefused(Run(other, door, what + " as somebody else"), what + " as somebody else");
  SMTPSecureSocket nobody;
  nobody.Mechanism = AuthMechanism::External;
  ExpectRefused(Run(nobody, door, what + " without a certificate"), what + " without a certificate");
}

/// `secret` as it is, and what of it every base64 of a text around it must contain.
void Look(const std::string& secret) {
  Expect(secret.size() >= 8 && transcript.find(secret) == std::string::npos, "a secret stands in a transcript");
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string text = std::string(before, 'x') + secret;
    std::string base64(smtpoll::detail::Base64Size(text.size()), '\0');
    base64.resize(smtpoll::detail::Base64Encode(text.data(), text.size(), &base64[0]));
    const std::size_t from = before == 0 ? 0 : 4;
    const std::string core = base64.substr(from, text.size() / 3 * 4 - from);
    Expect(core.size() >= 8 && transcript.find(core) == std::string::npos, "a secret stands in a transcript in base64");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s starttls|wrapped|submission PORT FOLDER\n", argv[0]);
    return 2;
  }
  const std::string kind = argv[1];
  const bool dovecot = kind == "submission";
  const Door door{kind == "starttls"  ? "Postfix STARTTLS"
                  : kind == "wrapped" ? "Postfix wrapped"
                                      : "Dovecot STARTTLS",
                  static_cast<std::uint16_t>(std::atoi(argv[2])), kind == "wrapped"};
  folder = argv[3];
  for (const AuthMechanism mechanism :
       {AuthMechanism::Plain, AuthMechanism::Login, AuthMechanism::CramMd5, AuthMechanism::ScramSha1,
        AuthMechanism::ScramSha256, AuthMechanism::OAuthBearer, AuthMechanism::XOAuth2})
    TryMechanism(door, mechanism);
  TryUnpinned(door);
  // Postfix does not tell Dovecot of certificates.
  if (dovecot) TryExternal(door);

  for (const Secrets& who : {kAlice, kUmlaut, kUnprepared}) Look(who.password);
  for (const char* const token : {"alice", "umlaut", "expired", "forged"})
    Look(ReadFile(std::string("tokens/") + token));
  Expect(transcript.find("AUTH ") != std::string::npos, "there are transcripts at all");

  std::ofstream list(folder + "/expected-" + kind);
  for (const std::string& subject : sent) list << "Subject: " << subject << "\n";
  std::printf("%s: %zu messages, %d checks, %d faults\n", door.name, sent.size(), checks, faults);
  return faults == 0 ? 0 : 1;
}
