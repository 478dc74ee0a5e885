// A socket policy over a serial line, behind whose other end a server is: what lies between them, a modem or a program
// on the host, has made the connection already. The line itself says nothing of its end, so only time-outs tell.
#pragma once

#include "smtpoll/socket/socket_policy.hpp"

#include "board.hpp"

class UartSocket {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  static smtpoll::Millis Now() { return board::Now(); }
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) { return smtpoll::IoResult::Ok(); }
  smtpoll::IoResult ConnectStep() { return smtpoll::IoResult::Ok(); }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::None; }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    std::size_t size = 0;
    while (size < room && board::Receive(into[size])) ++size;
    return size != 0 ? smtpoll::IoResult::Ok(size) : smtpoll::IoResult::TryAgain();
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    std::size_t sent = 0;
    while (sent < size && board::Transmit(bytes[sent])) ++sent;
    return sent != 0 ? smtpoll::IoResult::Ok(sent) : smtpoll::IoResult::TryAgain();
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis) {
    board::Sleep();
    return what;
  }
  void Close() {}
  Handle NativeHandle() const { return kNoHandle; }
  std::size_t LocalAddress(char*, std::size_t) const { return 0; }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }
};
