// Drives eight clients from libuv's loop: a client is a uv_poll_t and a uv_timer_t.
// needs: libuv
#include <smtpoll/smtpoll.hpp>

#include <uv.h>

#include <cstdio>

#include "receivers.hpp"

class UvSender {
 public:
  UvSender(uv_loop_t* loop, smtpoll::SMTPSocket& client) : loop_(loop), client_(client) {
    uv_timer_init(loop_, &timer_);
    timer_.data = this;
  }
  UvSender(const UvSender&) = delete;
  UvSender& operator=(const UvSender&) = delete;

  /// Lets the client do what it can, and waits for what it waits for then.
  void Turn() {
    if (poll_ != nullptr) uv_poll_stop(poll_);  // before the client may close what is watched
    if (!client_.Poll()) return Watch(smtpoll::NativeSocket::kNoHandle);
    if (client_.Handle() != handle_) Watch(client_.Handle());
    const int events = (client_.WantsRead() ? UV_READABLE : 0) | (client_.WantsWrite() ? UV_WRITABLE : 0);
    uv_poll_start(poll_, events, [](uv_poll_t* poll, int, int) { static_cast<UvSender*>(poll->data)->Turn(); });
    const auto left = static_cast<std::uint64_t>(TimeLeft(client_));
    uv_timer_start(
        &timer_, [](uv_timer_t* timer) { static_cast<UvSender*>(timer->data)->Turn(); }, left, 0);
  }

 private:
  /// A uv_poll_t is for one descriptor, and until the connection stands the client's may change.
  void Watch(smtpoll::NativeSocket::Handle handle) {
    if (poll_ != nullptr)
      uv_close(reinterpret_cast<uv_handle_t*>(poll_), [](uv_handle_t* it) { delete reinterpret_cast<uv_poll_t*>(it); });
    poll_ = nullptr;
    handle_ = handle;
    if (handle == smtpoll::NativeSocket::kNoHandle) return uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
    poll_ = new uv_poll_t;
    uv_poll_init(loop_, poll_, handle);
    poll_->data = this;
  }

  uv_loop_t* loop_;
  smtpoll::SMTPSocket& client_;
  uv_timer_t timer_;
  uv_poll_t* poll_ = nullptr;
  smtpoll::NativeSocket::Handle handle_ = smtpoll::NativeSocket::kNoHandle;
};

int main() {
  Receivers receivers(8);
  std::deque<smtpoll::SMTPSocket> clients = MakeClients(receivers, 5);

  uv_loop_t loop;
  uv_loop_init(&loop);
  std::deque<UvSender> senders;
  for (smtpoll::SMTPSocket& client : clients) senders.emplace_back(&loop, client).Turn();
  uv_run(&loop, UV_RUN_DEFAULT);  // until nothing is waited for any more
  const bool tidy = uv_loop_close(&loop) == 0;

  const std::size_t arrived = receivers.Stop();
  std::printf("%zu messages arrived\n", arrived);
  return tidy && arrived == 40 ? 0 : 1;
}
