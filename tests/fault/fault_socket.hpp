// A socket policy that injects one fault at the k-th call that does I/O, over a wire in memory whose other end a Peer
// is. Time is the test's own. Invariant: after the fault a connection behaves as a real one would; nothing of it is
// undone by a later call.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "smtpoll/socket/socket_policy.hpp"
#include "store_server.hpp"

namespace fault {

/// What the wire leads to.
class Peer {
 public:
  virtual void Connect() = 0;
  /// Bytes came over the wire.
  virtual void Take(std::string_view bytes) = 0;
  /// What goes back over the wire and has not been read.
  virtual std::string& Out() = 0;
  /// The client has read `size` bytes since Connect.
  virtual void Delivered(std::size_t size) = 0;
  virtual StoreServer& Server() = 0;
  /// The server says this now, though nobody asked.
  virtual void SayEarly(std::string_view reply) = 0;
  virtual ~Peer() = default;
};

/// The server in plain text.
class PlainPeer final : public Peer {
 public:
  explicit PlainPeer(StoreServer& server) : server_(server) {}
  void Connect() override { server_.Connect(); }
  void Take(std::string_view bytes) override { server_.Take(bytes); }
  std::string& Out() override { return server_.Replies(); }
  void Delivered(std::size_t size) override { server_.Delivered(size); }
  StoreServer& Server() override { return server_; }
  void SayEarly(std::string_view reply) override { server_.SayEarly(reply); }

 private:
  StoreServer& server_;
};

enum class Kind {
  None,
  Error,            // the call fails, and so do all after it
  EndOfFile,        // the peer has closed: nothing is read any more, and what is written is lost
  Again,            // the call does nothing, once
  AgainAndAgain,    // five calls do nothing, as where a signal interrupts them (EINTR) or the wire is busy
  OneByte,          // the call moves one byte
  OneByteFromHere,  // so does every call from here on
  Late,             // nothing comes, and a day has passed
  LateButThere,     // the call is done, and a day has passed
  ResetAfterWrite,  // this write or the next is done as a whole; then the connection is reset
  Early,            // the server says 250 to nothing
};
constexpr Kind kAllKinds[] = {
    Kind::Error,           Kind::EndOfFile, Kind::Again,        Kind::AgainAndAgain,   Kind::OneByte,
    Kind::OneByteFromHere, Kind::Late,      Kind::LateButThere, Kind::ResetAfterWrite, Kind::Early};

struct Plan {
  Kind kind = Kind::None;
  int at = 0;                       // the call, from 1 on
  std::size_t piece = SIZE_MAX;     // bytes that any call moves at most
  std::size_t split_at = SIZE_MAX;  // no read goes over this position in what is read, counted over all connections
};

class FaultSocket {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;
  inline static smtpoll::Millis now = 0;
  static smtpoll::Millis Now() { return now; }

  Peer* peer = nullptr;
  Plan plan;
  int calls = 0;               // that did I/O
  int calls_after_close = 0;   // which must not be
  std::size_t bytes_read = 0;  // over all connections

  smtpoll::IoResult Connect(const smtpoll::Endpoint&) {
    open_ = true;
    error_ = 0;
    ended_ = false;
    delivered_ = 0;
    peer->Connect();
    return smtpoll::IoResult::TryAgain();
  }
  smtpoll::IoResult ConnectStep() {
    smtpoll::IoResult result;
    if (Interferes(result)) return result;
    return smtpoll::IoResult::Ok();
  }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::Write; }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    smtpoll::IoResult result;
    if (Interferes(result)) return result;
    std::string& out = peer->Out();
    if (ended_ || (out.empty() && peer->Server().Gone())) return smtpoll::IoResult::EndOfFile();
    if (out.empty()) return smtpoll::IoResult::TryAgain();
    std::size_t size = std::min({room, out.size(), Most()});
    if (bytes_read < plan.split_at) size = std::min(size, plan.split_at - bytes_read);
    out.copy(into, size);
    out.erase(0, size);
    bytes_read += size;
    delivered_ += size;
    peer->Delivered(delivered_);
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    smtpoll::IoResult result;
    if (Interferes(result)) return result;
    size = std::min(size, Most());
    if (ended_) peer->Server().Leave();
    peer->Take({bytes, size});
    if (resets_) {
      resets_ = false;
      error_ = kReset;
    }
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis) { return what; }
  void Close() { open_ = false; }
  Handle NativeHandle() const { return open_ ? 7 : kNoHandle; }
  std::size_t LocalAddress(char* into, std::size_t room) const {
    return open_ ? std::string_view("192.0.2.1").copy(into, room) : 0;
  }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }

 private:
  static constexpr int kReset = 104;
  static constexpr smtpoll::Millis kDay = 24 * 3600 * 1000;

  /// Counts the call and injects what is due; true where the call is then over with `result`.
  bool Interferes(smtpoll::IoResult& result) {
    if (!open_) ++calls_after_close;
    ++calls;
    if (error_ == 0 && calls == plan.at) Inject();
    result = smtpoll::IoResult::TryAgain();
    if (error_ != 0) result = smtpoll::IoResult::Fail(error_);
    return error_ != 0 || (plan.at != 0 && calls >= plan.at && calls < plan.at + agains_);
  }
  void Inject() {
    switch (plan.kind) {
      case Kind::None:
      case Kind::OneByte:
      case Kind::OneByteFromHere: break;
      case Kind::Error: error_ = kReset; break;
      case Kind::EndOfFile: ended_ = true; break;
      case Kind::Again: agains_ = 1; break;
      case Kind::AgainAndAgain: agains_ = 5; break;
      case Kind::Late:
        agains_ = 1;
        now += kDay;
        break;
      case Kind::LateButThere: now += kDay; break;
      case Kind::ResetAfterWrite: resets_ = true; break;
      case Kind::Early: peer->SayEarly("250 2.0.0 early\r\n"); break;
    }
  }
  std::size_t Most() const {
    const bool one =
        (plan.kind == Kind::OneByte && calls == plan.at) || (plan.kind == Kind::OneByteFromHere && calls >= plan.at);
    return one ? 1 : plan.piece;
  }

  bool open_ = false, ended_ = false, resets_ = false;
  int error_ = 0, agains_ = 0;
  std::size_t delivered_ = 0;
};

}  // namespace fault
