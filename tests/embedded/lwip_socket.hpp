// A socket policy over lwIP's sockets, which need an operating system's threads below but no heap of ours above. An
// address is all that it connects to: names are left to whoever has a resolver.
#pragma once

#include <lwip/def.h>
#include <lwip/sockets.h>
#include <lwip/sys.h>

#include "smtpoll/base/error.hpp"
#include "smtpoll/socket/socket_policy.hpp"

class LwipSocket {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  static smtpoll::Millis Now() { return sys_now(); }
  smtpoll::IoResult Connect(const smtpoll::Endpoint& to) {
    Close();
    char host[16] = {};  // an IPv4 address
    sockaddr_in address = {};
    to.host.copy(host, sizeof host - 1);
    address.sin_family = AF_INET;
    address.sin_port = PP_HTONS(to.port);
    if (inet_aton(host, &address.sin_addr) == 0) return smtpoll::IoResult::Fail(int(smtpoll::Errc::NameResolution));
    handle_ = lwip_socket(AF_INET, SOCK_STREAM, 0);
    lwip_fcntl(handle_, F_SETFL, O_NONBLOCK);
    return Told(lwip_connect(handle_, reinterpret_cast<sockaddr*>(&address), sizeof address));
  }
  smtpoll::IoResult ConnectStep() {
    int error = 0;
    socklen_t size = sizeof error;
    if (!Ready(POLLOUT, 0)) return smtpoll::IoResult::TryAgain();
    lwip_getsockopt(handle_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? smtpoll::IoResult::Ok() : smtpoll::IoResult::Fail(error);
  }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::Write; }
  smtpoll::IoResult Read(char* into, std::size_t room) { return Told(lwip_recv(handle_, into, room, 0)); }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) { return Told(lwip_send(handle_, bytes, size, 0)); }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis at_most) {
    const bool writes = Includes(what, smtpoll::Readiness::Write);
    return Ready(writes ? POLLIN | POLLOUT : POLLIN, at_most < 0 || at_most > 1000 ? 1000 : int(at_most))
               ? what
               : smtpoll::Readiness::None;
  }
  void Close() {
    if (handle_ != kNoHandle) lwip_close(handle_);
    handle_ = kNoHandle;
  }
  Handle NativeHandle() const { return handle_; }
  std::size_t LocalAddress(char*, std::size_t) const { return 0; }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }

 private:
  static smtpoll::IoResult Told(ssize_t result) {
    if (result > 0) return smtpoll::IoResult::Ok(static_cast<std::size_t>(result));
    if (result == 0) return smtpoll::IoResult::EndOfFile();
    const bool again = errno == EAGAIN || errno == EINPROGRESS;
    return again ? smtpoll::IoResult::TryAgain() : smtpoll::IoResult::Fail(errno);
  }
  bool Ready(int events, int at_most) {
    pollfd one = {handle_, static_cast<short>(events), 0};
    return lwip_poll(&one, 1, at_most) > 0;
  }

  int handle_ = kNoHandle;
};
