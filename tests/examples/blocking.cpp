// Sends one message and waits for the result, recipient by recipient.
//   blocking HOST PORT FROM TO
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s HOST PORT FROM TO\n", argv[0]);
    return 2;
  }
  smtpoll::EmailMessage mail;
  mail.FromAddress = argv[3];
  mail.ToAddress = argv[4];
  mail.Subject = "From a blocking session";
  mail.BodyPlainText = "Hello, World!\n";

  smtpoll::Session session;
  if (const smtpoll::Error error = session.Connect(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])))) {
    std::printf("%s\n", ToString(error).c_str());
    return 1;
  }
  const smtpoll::SendResult& result = session.Send(mail);
  std::printf("%s %s\n", Name(result.outcome),
              result.error ? ToString(result.error).c_str() : result.server_text.c_str());
  for (const smtpoll::RecipientResult& recipient : result.recipients)
    std::printf("  %s: %d %s\n", recipient.mailbox.c_str(), recipient.reply_code, recipient.text.c_str());
  return result.Sent() ? 0 : 1;
}
