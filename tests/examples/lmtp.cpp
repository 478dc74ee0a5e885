// Delivers into mailboxes by LMTP (RFC 2033), as a mail server does at the end of the way: one message, and an answer
// of the server's for each mailbox.
//   lmtp HOST PORT FROM TO...
// Exit code 0: every mailbox has it; 75 (EX_TEMPFAIL of sysexits.h): try the others again; 1: some never will.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: %s HOST PORT FROM TO...\n", argv[0]);
    return 2;
  }
  smtpoll::EmailMessage mail;
  mail.FromAddress = argv[3];
  for (int i = 4; i < argc; ++i) mail.AddRecipient(argv[i]);
  mail.Subject = "By LMTP";
  mail.BodyPlainText = ".a line that starts with a dot\n";

  smtpoll::Session session;
  session.Lmtp = true;
  if (const smtpoll::Error error = session.Connect(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])))) {
    std::printf("%s\n", ToString(error).c_str());
    return 75;
  }
  int exit_code = 0;
  for (const smtpoll::RecipientResult& mailbox : session.Send(mail).recipients) {
    std::printf("%s: %s (%d %s)\n", mailbox.mailbox.c_str(), mailbox.accepted ? "delivered" : "not delivered",
                mailbox.reply_code, mailbox.text.c_str());
    if (mailbox.accepted) continue;
    const bool for_good = mailbox.reply_code / 100 == 5;
    exit_code = for_good || exit_code == 1 ? 1 : 75;
  }
  session.Quit();
  return exit_code;
}
