// What the socket policies whose peer is in the test itself have in common: no network, no clock, no addresses. Derive
// from it and add Read and Write, or take AcceptingWire.
#pragma once

#include <string_view>

#include "smtpoll/socket/socket_policy.hpp"

class MemoryWire {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;
  static smtpoll::Millis Now() { return 0; }
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) { return smtpoll::IoResult::Ok(); }
  smtpoll::IoResult ConnectStep() { return smtpoll::IoResult::Ok(); }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::None; }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis) { return what; }
  void Close() {}
  Handle NativeHandle() const { return kNoHandle; }
  std::size_t LocalAddress(char*, std::size_t) const { return 0; }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }

 protected:
  /// A Read that takes from the front of `waiting`, a std::string or std::string_view.
  template <typename Text>
  static smtpoll::IoResult Give(Text& waiting, char* into, std::size_t room) {
    if (waiting.empty()) return smtpoll::IoResult::TryAgain();
    const std::size_t size = waiting.copy(into, room);
    waiting = waiting.substr(size);
    return smtpoll::IoResult::Ok(size);
  }
};

/// A server that takes every message, without memory of its own: only smtpoll can then have asked the heap. One command
/// at a time.
class AcceptingWire : public MemoryWire {
 public:
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) {
    waiting_ = "220 hi\r\n";
    return smtpoll::IoResult::Ok();
  }
  smtpoll::IoResult Read(char* into, std::size_t room) { return Give(waiting_, into, room); }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    const std::string_view text(bytes, size);
    const bool ends = size >= 5 && text.substr(size - 5) == "\r\n.\r\n";
    if (content_ && !ends) return smtpoll::IoResult::Ok(size);
    content_ = text == "DATA\r\n";
    waiting_ = content_ ? "354 go\r\n" : "250 ok\r\n";
    return smtpoll::IoResult::Ok(size);
  }

 private:
  std::string_view waiting_;
  bool content_ = false;
};
