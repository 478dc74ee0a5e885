// Drives two clients and their receiver with one poll(2) loop of the program's own: nothing waits inside smtpoll.
#include <smtpoll/smtpoll.hpp>

#if defined(SMTPOLL_POSIX)
#include <poll.h>

#include <cstdio>

#include "receiver.hpp"

int main() {
  Receiver receiver;
  if (!receiver.Start()) return 1;

  smtpoll::SMTPSocket clients[2];
  for (smtpoll::SMTPSocket& client : clients) {
    client.Address = "127.0.0.1";
    client.Port = receiver.Port();
    client.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };
    for (int i = 0; i < 10; ++i) {
      smtpoll::EmailMessage mail;
      mail.FromAddress = "loop@example.org";
      mail.AddRecipient("you@example.org");
      mail.BodyPlainText = "number " + std::to_string(i) + "\n";
      client.Messages.Append(mail);
    }
    client.SendMail();
  }

  bool work_left = true;
  while (work_left) {
    work_left = false;
    pollfd waits[2] = {};
    for (int i = 0; i < 2; ++i) {
      work_left = clients[i].Poll() || work_left;
      waits[i].fd = clients[i].Handle();
      if (clients[i].WantsRead()) waits[i].events |= POLLIN;
      if (clients[i].WantsWrite()) waits[i].events |= POLLOUT;
    }
    // The receiver lives in this thread too and wants its turn, so the loop looks but does not sleep.
    receiver.Poll();
    poll(waits, 2, 0);
  }
  std::printf("%zu messages arrived\n", receiver.mails.size());
  return receiver.mails.size() == 20 ? 0 : 1;
}
#else
int main() { return 0; }
#endif
