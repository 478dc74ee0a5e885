// Sends to an Exim that exim.sh has started: each mechanism it has with a right and a wrong password, then many
// messages by DATA and by BDAT. Its last line is the number of messages that must have arrived.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

int faults = 0;
int sent = 0;

void Expect(bool what, const std::string& saying) {
  if (what) return;
  ++faults;
  std::printf("FAILED: %s\n", saying.c_str());
}

/// Sends `count` messages and returns the error, if there was one. `lines`: MAIL and DATA commands said; the transcript
/// has no BDAT.
smtpoll::Error Send(smtpoll::SMTPSecureSocket& socket, char** argv, const std::string& subject, int count,
                    int (&lines)[2]) {
  smtpoll::Error error;
  socket.Address = "127.0.0.1";
  socket.Port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  socket.CertificateAuthorityFile = argv[2];
  socket.UserName = "alice";
  socket.Error = [&](const smtpoll::Error& told) { error = told; };
  socket.MessageSent = [](const smtpoll::EmailMessage&) { ++sent; };
  socket.Transcript = [&lines](smtpoll::Side side, const std::string& line) {
    if (side != smtpoll::Side::Client) return;
    lines[0] += line.compare(0, 5, "MAIL ") == 0;
    lines[1] += line == "DATA";
  };
  for (int i = 0; i < count; ++i) {
    smtpoll::EmailMessage mail;
    mail.FromAddress = "sender@test.example";
    mail.ToAddress = "bob@test.example, carol@test.example";
    mail.Subject = subject + " " + std::to_string(i);
    mail.BodyPlainText = ".a line that starts with a dot\n..\n.\ncaf\xc3\xa9\n";
    socket.Messages.Append(mail);
  }
  socket.SendMail();
  while (socket.Poll(30000)) continue;
  return error;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s PORT AUTHORITY\n", argv[0]);
    return 2;
  }
  using smtpoll::AuthMechanism;
  for (const AuthMechanism mechanism :
       {AuthMechanism::Plain, AuthMechanism::Login, AuthMechanism::CramMd5, AuthMechanism::Any}) {
    const std::string name = mechanism == AuthMechanism::Any ? "unpinned" : std::string(Name(mechanism));
    for (const bool right : {true, false}) {
      smtpoll::SMTPSecureSocket socket;
      socket.Mechanism = mechanism;
      socket.Password = right ? "opensesame" : "opensesamf";
      int lines[2] = {};
      const int before = sent;
      const smtpoll::Error error = Send(socket, argv, name, 1, lines);
      const std::string what = name + (right ? ": " : ", wrong: ") + ToString(error);
      if (right)
        Expect(!error && sent == before + 1, what);
      else
        Expect(error.Code() == smtpoll::Errc::AuthenticationFailed && lines[0] == 0 && sent == before, what);
    }
  }
  for (const bool chunking : {false, true}) {
    smtpoll::SMTPSecureSocket socket;
    socket.Password = "opensesame";
    socket.Chunking = chunking;
    int lines[2] = {};
    const int before = sent;
    const smtpoll::Error error = Send(socket, argv, chunking ? "BDAT" : "DATA", 100, lines);
    std::printf("%s: %d messages, MAIL %d, DATA %d\n", chunking ? "BDAT" : "DATA", sent - before, lines[0], lines[1]);
    Expect(!error && sent == before + 100 && lines[0] == 100, ToString(error));
    Expect(lines[1] == (chunking ? 0 : 100), "the commands");
  }
  std::printf("%d faults\n%d\n", faults, sent);
  return faults == 0 ? 0 : 1;
}
