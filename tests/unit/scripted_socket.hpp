// A socket policy without a network: the test says what the server answers, how many bytes a call moves, and what
// fails. It counts every call, so a test can show that Poll never waits and how many calls a message costs.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtpoll/socket/socket_policy.hpp"

class ScriptedSocket {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;
  inline static smtpoll::Millis now = 0;  // the test's clock
  static smtpoll::Millis Now() { return now; }

  /// As soon as the client has sent `line` (without CRLF), the server answers with `reply`.
  void On(std::string line, std::string reply) { answers_.emplace_back(std::move(line), std::move(reply)); }
  /// The server answers every message of lock-step SMTP with success.
  void Serve(int messages) {
    incoming = "220 mx ESMTP\r\n";
    On("EHLO ", "250 mx\r\n");
    for (int i = 0; i < messages; ++i) {
      On("MAIL FROM:", "250 ok\r\n");
      On("RCPT TO:", "250 ok\r\n");
      On("DATA", "354 go\r\n");
      On(".", "250 queued\r\n");
    }
    On("QUIT", "221 bye\r\n");
  }

  std::string incoming;          // what the client has not read yet
  std::string sent;              // all that the client has sent
  std::size_t piece = SIZE_MAX;  // bytes that one call moves at most
  std::string closes_at;              // the server closes when the client has sent this line
  bool peer_closed = false;      // end of file once `incoming` is empty
  int fail_read = 0;             // error of the next reads once `incoming` is empty
  int fail_write = 0;            // error of the next writes
  int connect_error = 0;
  bool wakes_early = false;           // Wait returns after a millisecond, not at its end
  int connect_steps = 0;            // ConnectStep says Again so many times
  bool every_second_again = false;  // each second Read and Write says Again
  int reads = 0, writes = 0, waits = 0, closes = 0, connects = 0;
  std::function<void(ScriptedSocket&)> when_connected;  // at each Connect from now on
  std::string host;
  std::uint16_t port = 0;
  std::string local;

  smtpoll::IoResult Connect(const smtpoll::Endpoint& to) {
    ++connects;
    host = to.host;
    port = to.port;
    local = to.local_address;
    open_ = true;
    if (when_connected) when_connected(*this);
    return smtpoll::IoResult::TryAgain();
  }
  smtpoll::IoResult ConnectStep() {
    if (connect_error != 0) return smtpoll::IoResult::Fail(connect_error);
    return connect_steps-- > 0 ? smtpoll::IoResult::TryAgain() : smtpoll::IoResult::Ok();
  }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::Write; }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    ++reads;
    if (every_second_again && reads % 2 == 0) return smtpoll::IoResult::TryAgain();
    if (incoming.empty()) {
      if (fail_read != 0) return smtpoll::IoResult::Fail(fail_read);
      return peer_closed ? smtpoll::IoResult::EndOfFile() : smtpoll::IoResult::TryAgain();
    }
    const std::size_t size = std::min(std::min(room, incoming.size()), piece);
    incoming.copy(into, size);
    incoming.erase(0, size);
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    ++writes;
    if (every_second_again && writes % 2 == 0) return smtpoll::IoResult::TryAgain();
    if (fail_write != 0) return smtpoll::IoResult::Fail(fail_write);
    size = std::min(size, piece);
    sent.append(bytes, size);
    Answer();
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis at_most) {
    ++waits;
    if (at_most > 0) now += wakes_early ? 1 : at_most;
    return what;
  }
  void Close() {
    if (open_) ++closes;
    open_ = false;
  }
  Handle NativeHandle() const { return open_ ? 7 : kNoHandle; }
  std::size_t LocalAddress(char* into, std::size_t) const { return open_ ? std::string("192.0.2.1").copy(into, 9) : 0; }
  std::size_t RemoteAddress(char* into, std::size_t) const {
    return open_ ? std::string("192.0.2.25").copy(into, 10) : 0;
  }

 private:
  void Answer() {
    for (std::size_t end = sent.find("\r\n", line_); end != std::string::npos; end = sent.find("\r\n", line_)) {
      const std::string line = sent.substr(line_, end - line_);
      line_ = end + 2;
      if (!closes_at.empty() && line == closes_at) peer_closed = true;
      if (next_ == answers_.size()) continue;
      const std::string& wanted = answers_[next_].first;
      const bool matches = wanted == "." ? line == "." : line.compare(0, wanted.size(), wanted) == 0;
      if (matches) incoming += answers_[next_++].second;
    }
  }

  std::vector<std::pair<std::string, std::string>> answers_;
  std::size_t next_ = 0;
  std::size_t line_ = 0;
  bool open_ = false;
};
