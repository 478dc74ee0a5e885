// Drives eight clients with epoll: it is told what each waits for, and only those are polled that can go on.
#include <smtpoll/smtpoll.hpp>

#if defined(__linux__)
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "receivers.hpp"

/// Lets `client` do what it can, and tells epoll what it waits for then. False: it has done its work.
static bool Turn(int epoll, smtpoll::SMTPSocket& client) {
  if (!client.Poll()) return false;
  epoll_event event = {};
  event.events = (client.WantsRead() ? EPOLLIN : 0u) | (client.WantsWrite() ? EPOLLOUT : 0u);
  event.data.ptr = &client;
  // Until the connection stands Handle() may be another one after each Poll. epoll forgets what was closed, also where
  // the new one has got the same number: so the first try is to change what it knows, the second to tell it anew.
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, client.Handle(), &event) != 0 && errno == ENOENT)
    epoll_ctl(epoll, EPOLL_CTL_ADD, client.Handle(), &event);
  return true;
}

int main() {
  Receivers receivers(8);
  std::deque<smtpoll::SMTPSocket> clients = MakeClients(receivers, 5);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);

  std::vector<smtpoll::SMTPSocket*> at_work;
  for (smtpoll::SMTPSocket& client : clients)
    if (Turn(epoll, client)) at_work.push_back(&client);
  while (!at_work.empty()) {
    int patience = TimeLeft(*at_work[0]);  // where clients are thousands, their deadlines belong into a heap
    for (const smtpoll::SMTPSocket* client : at_work) patience = std::min(patience, TimeLeft(*client));
    epoll_event events[8];
    const int ready = epoll_wait(epoll, events, 8, patience);

    std::vector<smtpoll::SMTPSocket*> due;
    for (int i = 0; i < ready; ++i) due.push_back(static_cast<smtpoll::SMTPSocket*>(events[i].data.ptr));
    if (ready == 0)
      for (smtpoll::SMTPSocket* client : at_work)
        if (TimeLeft(*client) == 0) due.push_back(client);
    for (smtpoll::SMTPSocket* client : due)
      if (!Turn(epoll, *client)) at_work.erase(std::find(at_work.begin(), at_work.end(), client));
  }

  close(epoll);
  const std::size_t arrived = receivers.Stop();
  std::printf("%zu messages arrived\n", arrived);
  return arrived == 40 ? 0 : 1;
}
#else
int main() { return 0; }
#endif
