// Speaks LMTP (RFC 2033) to a server that knows alice, bob and full at test.example, whose mailbox takes nothing, and
// nobody else. Each gets a reply of his own, by Session and by SMTPSocket.
//   lmtp_send HOST PORT
// Exit code 0: every recipient of every message had the outcome that he should have. The last line tells how many
// deliveries there must be for alice, and as many for bob.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

int faults = 0;

void Expect(bool what, const char* saying) {
  if (what) return;
  ++faults;
  std::printf("FAILED: %s\n", saying);
}

smtpoll::EmailMessage MakeMail(const char* recipients, const char* subject) {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "sender@x.example";
  mail.ToAddress = recipients;
  mail.Subject = subject;
  mail.BodyPlainText = ".a line that starts with a dot\n..\n.\ncaf\xc3\xa9\n";
  return mail;
}

void Show(const smtpoll::SendResult& result) {
  std::printf("%s:", Name(result.outcome));
  for (const smtpoll::RecipientResult& one : result.recipients)
    std::printf(" %s %d%s %s;", one.mailbox.c_str(), one.reply_code, one.final_reply ? " (final)" : "",
                one.text.c_str());
  std::printf("\n");
}

/// One of three cannot take the mail after its content was sent, a fourth does not exist.
void CheckMixed(const smtpoll::SendResult& result) {
  Show(result);
  Expect(result.Sent(), "a message that somebody got was sent");
  Expect(result.recipients.size() == 4, "four results");
  if (result.recipients.size() != 4) return;
  const smtpoll::RecipientResult &alice = result.recipients[0], &full = result.recipients[1],
                                 &nobody = result.recipients[2], &bob = result.recipients[3];
  Expect(alice.accepted && alice.final_reply && alice.reply_code == 250, "alice got it");
  Expect(bob.accepted && bob.final_reply && bob.reply_code == 250, "bob got it");
  Expect(!full.accepted && full.final_reply && full.reply_code / 100 >= 4 && !full.text.empty(),
         "full was refused after the content");
  Expect(!nobody.accepted && !nobody.final_reply && nobody.reply_code == 550, "nobody was refused by RCPT");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  const char* const kMixed = "alice@test.example, full@test.example, nobody@test.example, bob@test.example";

  smtpoll::Session session;
  session.Lmtp = true;
  if (const smtpoll::Error error = session.Connect(argv[1], port)) {
    std::printf("%s\n", ToString(error).c_str());
    return 1;
  }
  CheckMixed(session.Send(MakeMail(kMixed, "by Session")));
  const smtpoll::SendResult& refused = session.Send(MakeMail("full@test.example", "for nobody"));
  Show(refused);
  Expect(refused.outcome == smtpoll::Outcome::Refused, "a message that nobody got is refused");
  Expect(session.Send(MakeMail("alice@test.example, bob@test.example", "after that")).Sent(), "the session goes on");
  Expect(session.Noop().reply_code == 250, "NOOP");
  session.Quit();

  smtpoll::SMTPSocket socket;
  socket.Address = argv[1];
  socket.Port = port;
  socket.Lmtp = true;
  int finished = 0;
  socket.MessageFinished = [&](const smtpoll::EmailMessage&, const smtpoll::SendResult& result) {
    ++finished;
    CheckMixed(result);
  };
  for (int i = 0; i < 3; ++i) socket.Messages.Append(MakeMail(kMixed, "by SMTPSocket"));
  socket.SendMail();
  while (socket.Poll(1000)) continue;
  Expect(finished == 3, "three messages of a queue");
  Expect(socket.Messages.empty() && socket.InDoubt.empty(), "nothing is left");

  std::printf("%d faults\n5\n", faults);
  return faults == 0 ? 0 : 1;
}
