// Receivers in a thread of their own that sleeps until one of them has something to do, and clients that have mail for
// them: for examples that are about an event loop. A receiver takes one connection at a time, so each client has one.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "receiver.hpp"

/// Adds what `receiver` waits for to `waits`: an entry for the socket that listens, and one for each connection.
inline void AddWaits(const Receiver& receiver, std::vector<pollfd>& waits) {
  receiver.ForEachSocket([&waits](const smtpoll::SMTPSocket& socket) {
    const int events = (socket.WantsRead() ? POLLIN : 0) | (socket.WantsWrite() ? POLLOUT : 0);
    waits.push_back({socket.Handle(), static_cast<short>(events), 0});
  });
}

class Receivers {
 public:
  explicit Receivers(std::size_t count) : receivers_(count) {
    bool good = pipe(wake_) == 0;
    for (Receiver& receiver : receivers_) {
      good = receiver.Start() && good;
      ports_.push_back(receiver.Port());
    }
    if (good) thread_ = std::thread([this] { Run(); });
  }
  ~Receivers() { Stop(); }
  Receivers(const Receivers&) = delete;
  Receivers& operator=(const Receivers&) = delete;

  /// Where each of them listens.
  const std::vector<std::uint16_t>& Ports() const { return ports_; }

  /// Ends the thread; how many messages have arrived.
  std::size_t Stop() {
    if (wake_[1] >= 0) close(wake_[1]);
    if (thread_.joinable()) thread_.join();
    if (wake_[0] >= 0) close(wake_[0]);
    wake_[0] = wake_[1] = -1;
    std::size_t arrived = 0;
    for (const Receiver& receiver : receivers_) arrived += receiver.mails.size();
    return arrived;
  }

 private:
  void Run() {
    std::vector<pollfd> waits;
    do {
      waits.assign(1, {wake_[0], POLLIN, 0});
      for (Receiver& receiver : receivers_) {
        receiver.Poll();
        AddWaits(receiver, waits);
      }
      poll(waits.data(), static_cast<nfds_t>(waits.size()), -1);
    } while (waits[0].revents == 0);
  }

  std::vector<Receiver> receivers_;
  std::vector<std::uint16_t> ports_;
  int wake_[2] = {-1, -1};
  std::thread thread_;
};

/// Clients with `messages` messages each for the receivers, one client a receiver; SendMail was called, Poll was not.
inline std::deque<smtpoll::SMTPSocket> MakeClients(const Receivers& receivers, int messages) {
  std::deque<smtpoll::SMTPSocket> clients(receivers.Ports().size());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    smtpoll::SMTPSocket& client = clients[i];
    client.Address = "localhost";  // a name, so that there is something to look up
    client.Port = receivers.Ports()[i];
    client.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };
    for (int n = 0; n < messages; ++n) {
      smtpoll::EmailMessage mail;
      mail.FromAddress = "loop@example.org";
      mail.AddRecipient("you@example.org");
      mail.BodyPlainText = "number " + std::to_string(n) + "\n";
      client.Messages.Append(mail);
    }
    client.SendMail();
  }
  return clients;
}

/// Milliseconds until `client` wants a call of Poll even if nothing happens, at most an hour.
inline int TimeLeft(const smtpoll::SMTPSocket& client) {
  constexpr smtpoll::Millis kHour = 3600 * 1000;
  const smtpoll::Millis deadline = client.NextDeadline(), now = client.Now();
  if (deadline > now + kHour) return static_cast<int>(kHour);
  return deadline < now ? 0 : static_cast<int>(deadline - now);
}
