// The bodies of the Driver: how it connects, moves bytes, and loses the wire.
#ifndef SMTPOLL_CLIENT_DETAIL_DRIVER_IMPL_HPP
#define SMTPOLL_CLIENT_DETAIL_DRIVER_IMPL_HPP

#include "smtpoll/client/driver.hpp"

SMTPOLL_NAMESPACE_BEGIN

#define SMTPOLL_MEMBER(...)                                                                       \
  template <typename Socket, template <typename> class Transport, typename Limits, typename Core> \
  __VA_ARGS__ Driver<Socket, Transport, Limits, Core>

/// One step of connecting or of the handshake; false when it has to wait.
SMTPOLL_MEMBER(bool)::ConnectStep(Millis now) {
  const bool connecting = state_ == State::Connecting;
  const IoResult result = connecting ? wire_.NextLayer().ConnectStep() : wire_.Handshake(host_);
  if (result.status != IoStatus::Again) {
    Advance(result, connecting ? Phase::Connect : Phase::Tls);
    return true;
  }
  if (now < Deadline(connecting ? options_.timeouts.connect : options_.timeouts.tls)) return false;
  Break(static_cast<int>(Errc::TimedOut), connecting ? Phase::Connect : Phase::Tls);
  return true;
}

SMTPOLL_MEMBER(void)::Advance(const IoResult& result, Phase phase) {
  if (result.status == IoStatus::Again) return;
  if (result.status == IoStatus::Failed) return Break(result.error, phase);
  if (result.status == IoStatus::Closed) return Break(static_cast<int>(Errc::ConnectionLost), phase);
  since_ = Now();
  CountTime(since_);
  const bool upgraded = state_ == State::Securing && !options_.tls_first;
  if constexpr (kFull)
    if (phase == Phase::Connect) NoteAddress();
  state_ = state_ == State::Connecting && options_.tls_first ? State::Securing : State::Session;
  if (state_ == State::Securing) return;
  if constexpr (kFull) NoteEncryption();
  // A transport that only says that it is done must not pass for one that encrypts.
  if (options_.tls_first || upgraded)
    if (!wire_.Secured()) return Break(static_cast<int>(Errc::TlsHandshake), Phase::Tls);
  if constexpr (kBindsChannels<Wire>) {
    if (wire_.Secured()) {
      options_.credentials.channel_binding_type = wire_.ChannelBindingType();
      options_.credentials.channel_binding = wire_.ChannelBinding();
    }
  }
  if (upgraded)
    return core_.engine.Secured(since_, options_.credentials.channel_binding_type,
                                options_.credentials.channel_binding);
  if constexpr (kFull)
    if (options_.client_name.empty()) {
      char address[64];
      const std::size_t size = wire_.NextLayer().LocalAddress(address, sizeof address);
      detail::AssignAddressLiteral({address, size}, literal_);
      options_.client_name = literal_.View();
    }
  options_.secured = wire_.Secured();
  core_.engine.Start(options_, since_);
}

SMTPOLL_MEMBER(void)::NoteAddress() noexcept {
  char address[64];
  tally_.address.Assign({address, wire_.NextLayer().RemoteAddress(address, sizeof address)});
}

SMTPOLL_MEMBER(void)::NoteEncryption() noexcept {
  tally_.encrypted = wire_.Secured();
  if constexpr (kNamesSession<Wire>) {
    tally_.tls_version.Assign(wire_.ProtocolName());
    tally_.cipher.Assign(wire_.CipherName());
  }
}

/// Sends and receives once each; false when neither moved a byte.
SMTPOLL_MEMBER(template <typename BeforeWait> bool)::Pump(Millis now, std::size_t& budget, BeforeWait&& before_wait) {
  bool moved = false;
  const Span<const char> output = core_.engine.Output();
  if (!output.empty() && !write_failed_ && budget != 0) {
    const IoResult result = wire_.Write(output.data(), output.size());
    if (result.status == IoStatus::Done) {
      core_.engine.Sent(result.size, now);
      moved = true;
      if constexpr (kFull) tally_.Wrote(result.size);
      budget -= result.size < budget ? result.size : budget;
    } else if (result.status != IoStatus::Again) {
      // The server may have said why before it closed, so what it sent is read first.
      write_failed_ = true;
    }
  }
  // Before anything waits the engine may have more to write; where it writes again and again, each write has its
  // read.
  const bool engine_first = moved && !wrote_last_ && patience_ != 0 && core_.engine.Output().empty();
  wrote_last_ = moved;
  if (engine_first) return true;
  const Span<char> room = core_.engine.Input();
  if (room.empty() || budget == 0 || drained_) return moved;
  const IoResult result = moved ? wire_.Read(room.data(), room.size()) : Receive(room, now, before_wait);
  if (result.status == IoStatus::Done) {
    // A plain stream that gave less than was asked for has no more; the records of TLS end where they like.
    drained_ = patient_ && result.size < room.size() && !wire_.Secured();
    core_.engine.Received(result.size);
    if constexpr (kFull) tally_.Read(result.size);
    budget -= result.size < budget ? result.size : budget;
    return true;
  }
  if (result.status == IoStatus::Again && !write_failed_) return moved;
  TellLoss(result);
  return true;
}

SMTPOLL_MEMBER(SMTPOLL_APART void)::TellLoss(const IoResult& result) noexcept {
  const bool failed = result.status == IoStatus::Failed;
  core_.engine.Closed(WireError(failed ? result.error : static_cast<int>(Errc::ConnectionLost), Phase::None));
}

/// Reads; waits for bytes where that is allowed and there is nothing else to do.
SMTPOLL_MEMBER(template <typename BeforeWait> IoResult)::Receive(Span<char> room, Millis now,
                                                                 BeforeWait&& before_wait) {
  if constexpr (kCanReadWait<Wire>) {
    const Millis deadline = NextDeadline();
    if (patience_ != 0 && core_.engine.Output().empty() && !write_failed_ && !core_.engine.Idle() &&
        !core_.engine.WaitsForSource() && deadline > now) {
      Millis at_most = patience_ < 0 || patience_ > kLongestWait ? kLongestWait : patience_;
      if (deadline - now < at_most) at_most = deadline - now;
      patience_ = 0;
      before_wait();
      return wire_.ReadWait(room.data(), room.size(), at_most);
    }
  }
  return wire_.Read(room.data(), room.size());
}

/// The engine has told its last event: what it still wants to say (QUIT) is tried once, then the wire is closed.
SMTPOLL_MEMBER(void)::HangUp() {
  const Span<const char> last_words = core_.engine.Output();
  if (!last_words.empty()) wire_.Write(last_words.data(), last_words.size());
  wire_.Close();
  write_failed_ = false;
  state_ = State::Closed;
}

/// The wire failed before the engine was started.
SMTPOLL_MEMBER(void)::Break(int number, Phase phase) noexcept {
  if (number == static_cast<int>(Errc::NameResolution)) phase = Phase::Resolve;
  failure_ = WireError(number, phase);
  has_failure_ = true;
  wire_.Close();
  state_ = State::Closed;
}

/// An error of the wire, with what its layers have to say about it.
SMTPOLL_MEMBER(Error)::WireError(int number, Phase phase) const noexcept {
  Error error = Error::FromNumber(number, phase);
  const std::string_view told = detail::FaultTextOf(wire_);
  error.text.Assign(told.empty() ? detail::FaultTextOf(wire_.NextLayer()) : told);
  return error;
}

SMTPOLL_MEMBER(auto)::TakeFailure() noexcept -> Event {
  Event event;
  if (!has_failure_) return event;
  has_failure_ = false;
  event.kind = Kind::Failed;
  event.error = &failure_;
  return event;
}

#undef SMTPOLL_MEMBER

SMTPOLL_NAMESPACE_END

#endif
