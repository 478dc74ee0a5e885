// Drives eight clients from Asio's io_context: a client is a descriptor to wait for and a timer, like any other work.
#include <smtpoll/smtpoll.hpp>

#if __has_include(<asio.hpp>)
#include <asio.hpp>
#include <chrono>
#include <cstdio>

#include "receivers.hpp"

class AsioSender {
 public:
  AsioSender(asio::io_context& context, smtpoll::SMTPSocket& client)
      : client_(client), descriptor_(context), timer_(context) {}
  ~AsioSender() { Forget(); }
  AsioSender(const AsioSender&) = delete;
  AsioSender& operator=(const AsioSender&) = delete;

  /// Lets the client do what it can, and waits for what it waits for then.
  void Turn() {
    Forget();
    if (!client_.Poll()) return;
    descriptor_.assign(client_.Handle());
    const auto again = [this](const asio::error_code& error) {
      if (!error) Turn();
    };
    if (client_.WantsRead()) descriptor_.async_wait(asio::posix::descriptor_base::wait_read, again);
    if (client_.WantsWrite()) descriptor_.async_wait(asio::posix::descriptor_base::wait_write, again);
    timer_.expires_after(std::chrono::milliseconds(TimeLeft(client_)));
    timer_.async_wait(again);
  }

 private:
  /// The descriptor is the client's: it may close it in any Poll, so Asio has to let go of it before.
  void Forget() {
    timer_.cancel();
    if (descriptor_.is_open()) descriptor_.release();
  }

  smtpoll::SMTPSocket& client_;
  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer timer_;
};

int main() {
  Receivers receivers(8);
  std::deque<smtpoll::SMTPSocket> clients = MakeClients(receivers, 5);

  asio::io_context context;
  std::deque<AsioSender> senders;
  for (smtpoll::SMTPSocket& client : clients) senders.emplace_back(context, client).Turn();
  context.run();  // until nothing is waited for any more

  const std::size_t arrived = receivers.Stop();
  std::printf("%zu messages arrived\n", arrived);
  return arrived == 40 ? 0 : 1;
}
#else
int main() { return 0; }
#endif
