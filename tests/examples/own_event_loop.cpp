// Drives two clients and their receivers with one poll(2) loop of the program's own: nothing waits inside smtpoll.
#include <smtpoll/smtpoll.hpp>

#if defined(SMTPOLL_POSIX)
#include <poll.h>

#include <cstdio>

#include "receiver.hpp"

int main() {
  // A socket that listens takes one connection, as the seed's does: so each client has a receiver of its own.
  Receiver receivers[2];
  smtpoll::SMTPSocket clients[2];
  for (int n = 0; n < 2; ++n) {
    if (!receivers[n].Start()) return 1;
    smtpoll::SMTPSocket& client = clients[n];
    client.Address = "127.0.0.1";
    client.Port = receivers[n].Port();
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
    // The receivers live in this thread too and want their turn, so the loop looks but does not sleep.
    for (Receiver& receiver : receivers) receiver.Poll();
    poll(waits, 2, 0);
  }
  const std::size_t arrived = receivers[0].mails.size() + receivers[1].mails.size();
  std::printf("%zu messages arrived\n", arrived);
  return arrived == 20 ? 0 : 1;
}
#else
int main() { return 0; }
#endif
