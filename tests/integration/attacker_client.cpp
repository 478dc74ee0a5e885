// The client that attacker.py gets between: it has credentials and one message with a marker in it, and tells in lines
// of `name value` what became of them. The TLS library is the one that the build's macro chooses.
//   attacker_client PORT starttls|tls|careless|plain session|poll SIZE MARKER AUTHORITY
// careless accepts any certificate, plain allows credentials without TLS: they show that the attacker would see
// something, were there something to see. `session` is SecureSession with BDAT, `poll` SMTPSecureSocket with DATA.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#if defined(SMTPOLL_OPENSSL)
#include <smtpoll/transport/openssl.hpp>
template <typename Socket>
using TestedTransport = smtpoll::OpenSslTransport<Socket>;
#else
#include <smtpoll/transport/mbedtls.hpp>
template <typename Socket>
using TestedTransport = smtpoll::MbedTlsTransport<Socket>;
#endif

namespace {

constexpr smtpoll::Millis kPatience = 10000;

/// Connects to this machine, whatever the name.
class LocalSocket : public smtpoll::NativeSocket {
 public:
  smtpoll::IoResult Connect(const smtpoll::Endpoint& to) {
    return smtpoll::NativeSocket::Connect({"127.0.0.1", to.port, to.local_address});
  }
};

using Session = smtpoll::BasicSession<LocalSocket, TestedTransport>;
using MailSocket = smtpoll::BasicSMTPSocket<LocalSocket, TestedTransport>;

void Tell(const char* name, const std::string& value) { std::printf("%s %s\n", name, value.c_str()); }

void Tell(const smtpoll::Error& error) {
  Tell("error", std::to_string(error.ErrorNumber));
  Tell("text", ToString(error));
}

template <typename Client>
void Prepare(Client& client, const std::string& how, const char* authority) {
  client.ClientName = "me.example.org";
  client.UserName = "alice";
  client.Password = "open-sesame-of-alice\xf0\x9f\xa6\x8a";
  client.CertificateAuthorityFile = authority;
  if (how == "tls") client.SMTPConnectionType = Client::SMTPConnectionTypes::SSLTLS;
  if (how == "careless") client.InsecureAcceptAnyCertificate = true;
  if (how == "plain") {
    client.SSLEnabled = false;
    client.AllowPlaintextCredentials = true;
    client.Mechanism = smtpoll::AuthMechanism::Plain;
  }
  auto& wait = client.Timeouts;
  wait.greeting = wait.tls = wait.hello = wait.mail = wait.recipient = kPatience;
  wait.authentication = wait.data = wait.content = wait.content_end = wait.quit = kPatience;
  client.Transcript = [](smtpoll::Side side, const std::string& line) {
    if (side == smtpoll::Side::Client && line.compare(0, 5, "AUTH ") == 0) Tell("auth", line);
  };
}

smtpoll::EmailMessage Mail(std::size_t size, const std::string& marker) {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@test.example";
  mail.AddRecipient("bob@test.example");
  mail.Subject = marker;
  while (mail.BodyPlainText.size() < size) mail.BodyPlainText += marker + " is what nobody else may read.\r\n";
  return mail;
}

void BySession(const std::string& how, std::uint16_t port, const char* authority, const smtpoll::EmailMessage& mail) {
  Session session;
  Prepare(session, how, authority);
  if (const smtpoll::Error error = session.Connect("mx.example.org", port)) {
    Tell(error);
    return Tell("outcome", "queued");
  }
  const smtpoll::SendResult& result = session.Send(mail);
  Tell(result.error);
  Tell("outcome", Name(result.outcome));
  session.Quit();
}

void ByPoll(const std::string& how, std::uint16_t port, const char* authority, const smtpoll::EmailMessage& mail) {
  MailSocket socket;
  Prepare(socket, how, authority);
  socket.Chunking = false;
  socket.Address = "mx.example.org";
  socket.Port = port;
  smtpoll::Outcome outcome = smtpoll::Outcome::Queued;
  smtpoll::Error error;
  // Its Error comes after the outcome too, where the connection breaks at QUIT; the first one is why.
  socket.Error = [&error](const smtpoll::Error& told) {
    if (!error) error = told;
  };
  socket.MessageFinished = [&](const smtpoll::EmailMessage&, const smtpoll::SendResult& result) {
    outcome = result.outcome;
    error = result.error;
  };
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll(-1)) {
  }
  Tell(error);
  Tell("outcome", Name(outcome));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) return 2;
  const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
  const smtpoll::EmailMessage mail = Mail(static_cast<std::size_t>(std::atol(arguments[4])), arguments[5]);
  const bool poll = std::string(arguments[3]) == "poll";
  (poll ? ByPoll : BySession)(arguments[2], port, arguments[6], mail);
}
