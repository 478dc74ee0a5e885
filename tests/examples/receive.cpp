// A mail server to try things with: takes mail on loopback, prints it, and keeps nothing.
//   receive PORT [COUNT]     ends after COUNT messages
#include <smtpoll/smtpoll.hpp>

#if defined(SMTPOLL_POSIX)
#include <cstdio>
#include <cstdlib>

#include "receivers.hpp"

int main(int argc, char** argv) {
  const int port = argc < 2 || argc > 3 ? 0 : std::atoi(argv[1]);
  const std::size_t count = argc == 3 ? static_cast<std::size_t>(std::atoi(argv[2])) : SIZE_MAX;
  if (port <= 0 || port > 65535 || count == 0) {
    std::fprintf(stderr, "usage: %s PORT [COUNT]\n", argv[0]);
    return 2;
  }
  Receiver receiver;
  if (!receiver.Start(static_cast<std::uint16_t>(port))) {
    std::fprintf(stderr, "port %d is taken\n", port);
    return 1;
  }
  std::printf("waiting for mail on port %d\n", port);
  std::fflush(stdout);
  for (std::size_t taken = 0;;) {
    std::vector<pollfd> waits;
    AddWaits(receiver, waits);
    if (taken >= count && waits.size() == 1) return 0;  // nobody is connected any more
    poll(waits.data(), static_cast<nfds_t>(waits.size()), -1);
    receiver.Poll();
    for (const ReceivedMail& mail : receiver.mails) {
      std::printf("-------- from <%s>", mail.reverse_path.c_str());
      for (const std::string& recipient : mail.recipients) std::printf(" to <%s>", recipient.c_str());
      std::printf("\n%s", mail.content.c_str());
    }
    taken += receiver.mails.size();
    receiver.mails.clear();
    std::fflush(stdout);
  }
}
#else
int main() { return 0; }
#endif
