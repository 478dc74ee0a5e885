// Drives eight clients with one poll(2) loop of the program's own: it sleeps until one of them can go on, nothing waits
// inside smtpoll.
#include <smtpoll/smtpoll.hpp>

#if defined(SMTPOLL_POSIX)
#include <algorithm>
#include <cstdio>

#include "receivers.hpp"

int main() {
  Receivers receivers(8);
  std::deque<smtpoll::SMTPSocket> clients = MakeClients(receivers, 5);

  while (true) {
    std::vector<pollfd> waits;
    int patience = -1;
    for (smtpoll::SMTPSocket& client : clients) {
      if (!client.Poll()) continue;  // it has done its work
      const int events = (client.WantsRead() ? POLLIN : 0) | (client.WantsWrite() ? POLLOUT : 0);
      waits.push_back({client.Handle(), static_cast<short>(events), 0});
      patience = patience < 0 ? TimeLeft(client) : std::min(patience, TimeLeft(client));
    }
    if (waits.empty()) break;
    poll(waits.data(), static_cast<nfds_t>(waits.size()), patience);
    /* other descriptors, other work */
  }

  const std::size_t arrived = receivers.Stop();
  std::printf("%zu messages arrived\n", arrived);
  return arrived == 40 ? 0 : 1;
}
#else
int main() { return 0; }
#endif
