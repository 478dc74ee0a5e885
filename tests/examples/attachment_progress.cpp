// Sends a file as an attachment, shows how far it is, and stops when somebody wants to (Ctrl-C).
//   attachment_progress FILE [HOST PORT FROM TO]     without a server: to a receiver of its own
#include <smtpoll/smtpoll.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "receiver.hpp"

static volatile std::sig_atomic_t cancelled = 0;

int main(int argc, char** argv) {
  if (argc != 2 && argc != 6) {
    std::fprintf(stderr, "usage: %s FILE [HOST PORT FROM TO]\n", argv[0]);
    return 2;
  }
  Receiver receiver;
  if (argc == 2 && !receiver.Start()) return 1;
  std::signal(SIGINT, [](int) { cancelled = 1; });

  smtpoll::EmailMessage mail;
  mail.FromAddress = argc == 6 ? argv[4] : "me@example.org";
  mail.AddRecipient(argc == 6 ? argv[5] : "you@example.org");
  mail.Subject = "With a file";
  mail.BodyPlainText = "Please see the attachment.\n";
  smtpoll::EmailAttachment attachment;
  if (!attachment.LoadFromFile(argv[1])) {  // its bytes are read while they are sent, and never held
    std::fprintf(stderr, "cannot read %s\n", argv[1]);
    return 1;
  }
  mail.Attachments.Append(attachment);

  smtpoll::SMTPSocket socket;
  socket.Address = argc == 6 ? argv[2] : "127.0.0.1";
  socket.Port = argc == 6 ? static_cast<std::uint16_t>(std::atoi(argv[3])) : receiver.Port();
  std::size_t total = 0;
  socket.SendProgress = [&total](std::size_t, std::size_t left) {
    if (total == 0) total = left;  // before the first chunk all is left
    const std::size_t done = total == 0 ? 100 : (total - left) * 100 / total;
    std::printf("\r%3zu %% of %zu bytes", done, total);
    std::fflush(stdout);
    return cancelled != 0;  // true: the server forgets the message, nobody gets a part of it
  };
  bool sent = false;
  socket.MessageSent = [&sent](const smtpoll::EmailMessage&) { sent = true; };
  socket.ServerError = [](int code, const std::string& text, const smtpoll::EmailMessage&) {
    std::printf("\nrefused: %d %s", code, text.c_str());
  };
  socket.Error = [](const smtpoll::Error& error) { std::printf("\n%s", ToString(error).c_str()); };
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll(argc == 6 ? 100 : 0)) receiver.Poll();

  std::printf("\n%s\n", sent ? "sent" : "not sent");
  return sent ? 0 : 1;
}
