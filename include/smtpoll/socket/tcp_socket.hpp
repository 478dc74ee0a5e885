// One TCP connection, never blocking but in Wait: what POSIX and Winsock have in common, written once over a small
// layer of system calls (detail::PosixCalls in posix.hpp is the model). It fulfils SocketPolicy and can listen.
// Invariant: handle_ is open in the states Connected and Listening, and in no other.
#ifndef SMTPOLL_SOCKET_TCP_SOCKET_HPP
#define SMTPOLL_SOCKET_TCP_SOCKET_HPP

#include <climits>
#include <ctime>
#include <utility>

#include "smtpoll/socket/detail/connect_race.hpp"

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN

/// A TCP socket of the operating system. Not for use by several threads at a time. Errors are Errc's numbers where the
/// seed has one (lost connection, address in use, ...), the system's own elsewhere.
template <typename Calls>
class BasicTcpSocket {
 public:
  /// What the system names a socket with.
  using Handle = typename Calls::Handle;
  /// The handle of no socket.
  static constexpr Handle kNoHandle = Calls::kNoHandle;

  BasicTcpSocket() = default;
  /// Takes the connection; `other` has none then.
  BasicTcpSocket(BasicTcpSocket&& other) noexcept { *this = std::move(other); }
  /// What this one held is closed, and `other` is closed afterwards.
  BasicTcpSocket& operator=(BasicTcpSocket&& other) noexcept {
    if (this == &other) return *this;
    Close();
    handle_ = std::exchange(other.handle_, kNoHandle);
    state_ = std::exchange(other.state_, State::Closed);
    patience_ = other.patience_;
    network_ = std::move(other.network_);
    race_ = std::move(other.race_);
    resolver_ = std::move(other.resolver_);
    return *this;
  }
  ~BasicTcpSocket() { Close(); }

  /// Milliseconds of a clock that never runs backwards.
  static Millis Now() noexcept {
#if defined(SMTPOLL_WINDOWS)
    return static_cast<Millis>(GetTickCount64());
#else
    std::timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<Millis>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
#endif
  }

  /// Starts to connect; what was open before is closed. The addresses of a name are raced (RFC 8305): the next one
  /// starts when one fails or has not answered for 250 milliseconds, IPv6 and IPv4 by turns. Where all fail, the
  /// number is the last one's and FaultText() has the reason of each. Errors: 107 for port 0, 103 where the host does
  /// not resolve or local_address is no IP address, 105, 108, or the system's own.
  IoResult Connect(const Endpoint& to) noexcept {
    Close();
    if (to.port == 0) return Failed(Errc::InvalidPort);
    if (!network_.Start()) return Failed(Errc::NetworkInit);
    state_ = State::Resolving;
    return Resolved(resolver_.Start(to));
  }

  /// Goes on with Connect; Done once connected, and from then on.
  IoResult ConnectStep() noexcept {
    switch (state_) {
      case State::Resolving: return Resolved(resolver_.Step());
      case State::Connecting: break;
      case State::Connected: return IoResult::Ok();
      default: return Failed(Errc::InvalidState);
    }
    return Raced();
  }

  /// What ConnectStep waits for on NativeHandle() after Again.
  Readiness ConnectWants() const noexcept {
    if (state_ == State::Resolving) return Readiness::Read;
    return state_ == State::Connecting ? Readiness::Write : Readiness::None;
  }

  /// While ConnectStep says Again: when it has something to do though nothing is ready (another address starts, or one
  /// that NativeHandle() does not show is looked at), by the clock of Now(); kNever where only the handle matters.
  Millis ConnectDeadline() const noexcept { return state_ == State::Connecting ? race_.NextLook() : kNever; }

  /// Why each address that was tried failed; empty where there is nothing to tell. Valid until the next call.
  std::string_view FaultText() const noexcept { return race_.FaultText(); }

  /// A name is being looked up.
  bool Resolving() const noexcept { return state_ == State::Resolving; }

  /// Listens on `port` (0: one that the system picks, which `port` holds afterwards) of the IP address `local`; empty:
  /// of all interfaces, IPv6 and IPv4. Errors: 105 where the port is taken, 103 where `local` is no IP address.
  IoResult Listen(std::uint16_t& port, std::string_view local) noexcept {
    Close();
    if (!network_.Start()) return Failed(Errc::NetworkInit);
    int error = local.empty() ? ListenOn(AF_INET6, local, port) : ListenOn(AF_UNSPEC, local, port);
    // A machine without IPv6 has IPv4 only; a port that is taken in IPv6 is taken.
    if (local.empty() && error != 0 && error != static_cast<int>(Errc::AddressInUse))
      error = ListenOn(AF_INET, local, port);
    if (error != 0) return IoResult::Fail(error);
    state_ = State::Listening;
    return IoResult::Ok();
  }

  /// After Listen: Again until a connection came. With Done the listening socket is closed, and this object is the
  /// connected peer. After Failed it still listens.
  IoResult AcceptStep() noexcept {
    if (state_ != State::Listening) return Failed(Errc::InvalidState);
    const Handle peer = Calls::Accept(handle_);
    if (peer == kNoHandle) {
      const int number = Calls::LastError();
      if (Calls::WouldBlock(number) || Calls::PeerVanished(number)) return IoResult::TryAgain();
      return IoResult::Fail(Calls::Translate(number));
    }
    Calls::CloseHandle(std::exchange(handle_, peer));
    return Established();
  }

  /// Receives at most `room` bytes. A connection that the peer has reset is error 102.
  IoResult Read(char* into, std::size_t room) noexcept {
    if (state_ != State::Connected) return Failed(Errc::InvalidState);
    if (room == 0) return IoResult::TryAgain();
    const std::ptrdiff_t moved = Calls::Receive(handle_, into, room);
    return moved == 0 ? IoResult::EndOfFile() : Moved(moved);
  }

  /// As Read, but waits up to `at_most` milliseconds (at least 1) for bytes, in the same system call where the system
  /// can do that. Again where none came.
  IoResult ReadWait(char* into, std::size_t room, Millis at_most) noexcept {
    if constexpr (Calls::kWaitsInReceive) {
      if (state_ != State::Connected) return Failed(Errc::InvalidState);
      if (room == 0) return IoResult::TryAgain();
      if (patience_ != at_most) Calls::SetPatience(handle_, patience_ = at_most);
      const std::ptrdiff_t moved = Calls::ReceiveWait(handle_, into, room);
      if (moved < 0 && Calls::Interrupted(Calls::LastError())) return IoResult::TryAgain();
      return moved == 0 ? IoResult::EndOfFile() : Moved(moved);
    } else {
      Wait(Readiness::Read, at_most);
      return Read(into, room);
    }
  }

  /// Sends at most `size` bytes; Done says how many the system took. A connection that is lost is error 102.
  IoResult Write(const char* bytes, std::size_t size) noexcept {
    if (state_ != State::Connected) return Failed(Errc::InvalidState);
    return size == 0 ? IoResult::TryAgain() : Moved(Calls::Send(handle_, bytes, size));
  }

  /// Blocks until the socket is ready for one of `what`, and says for which; None after `at_most` milliseconds
  /// (negative: no limit). Where nothing is open, it says `what` at once: the next step then fails. For None it waits
  /// all of `at_most`, open or not.
  Readiness Wait(Readiness what, Millis at_most) noexcept {
    const Handle handle = NativeHandle();
    if (what == Readiness::None ? at_most < 0 : handle == kNoHandle) return what;
    const bool racing = state_ == State::Connecting && what != Readiness::None;
    const Millis start = Now();
    const Millis deadline = at_most < 0 || at_most > kNever - start ? kNever : start + at_most;
    for (;;) {
      const Millis now = Now();
      if (racing && race_.NextStart() <= now) return what;
      const Millis until = racing && race_.NextStart() < deadline ? race_.NextStart() : deadline;
      const Millis left = until > now ? until - now : 0;
      const int patience = static_cast<int>(left < INT_MAX ? left : INT_MAX);
      Readiness ready = what;
      const int count = racing ? race_.Wait(patience) : Calls::Poll(handle, what, patience, ready = Readiness::None);
      if (count > 0) return ready;
      if (count < 0 && !Calls::Interrupted(Calls::LastError())) return what;
      // Windows' clock is coarser than its waits: some end before it says so.
      if (count == 0 && until == deadline && Now() >= deadline) return Readiness::None;
    }
  }

  /// Closes at once; what was not sent yet is the system's affair. A name resolution under way is left behind.
  void Close() noexcept {
    Calls::CloseHandle(std::exchange(handle_, kNoHandle));
    race_.Close();
    resolver_.Cancel();
    state_ = State::Closed;
  }

  /// What the caller's event loop waits on; another one with each stage of connecting, kNoHandle where nothing is open.
  Handle NativeHandle() const noexcept {
    if (state_ == State::Resolving) return resolver_.NativeHandle();
    return state_ == State::Connecting ? race_.Newest() : handle_;
  }

  /// Writes the IP of this end as text to `into` and returns its size; 0 where not connected or where it does not fit.
  std::size_t LocalAddress(char* into, std::size_t room) const noexcept { return Text(&Calls::OwnName, into, room); }

  /// As LocalAddress, for the peer.
  std::size_t RemoteAddress(char* into, std::size_t room) const noexcept { return Text(&Calls::PeerName, into, room); }

 private:
  enum class State : std::uint8_t { Closed, Resolving, Connecting, Connected, Listening };

  static IoResult Failed(Errc code) noexcept { return IoResult::Fail(static_cast<int>(code)); }

  static IoResult Moved(std::ptrdiff_t size) noexcept {
    if (size > 0) return IoResult::Ok(static_cast<std::size_t>(size));
    const int number = Calls::LastError();
    return Calls::WouldBlock(number) ? IoResult::TryAgain() : IoResult::Fail(Calls::Translate(number));
  }

  IoResult Resolved(const IoResult& result) noexcept {
    if (result.status == IoStatus::Done) return Raced();
    if (result.status == IoStatus::Failed) Close();
    return result;
  }

  /// A step of the race. What it has to tell of a failure is kept until the next Connect or Close.
  IoResult Raced() noexcept {
    state_ = State::Connecting;
    const IoResult result = race_.Step(resolver_, Now());
    if (result.status == IoStatus::Again) return result;
    if (result.status == IoStatus::Failed) {
      resolver_.Cancel();
      state_ = State::Closed;
      return IoResult::Fail(Calls::Translate(result.error));
    }
    handle_ = race_.Take();
    return Established();
  }

  IoResult Established() noexcept {
    resolver_.Cancel();
    state_ = State::Connected;
    patience_ = 0;
    if constexpr (Calls::kWaitsInReceive) Calls::AllowWaiting(handle_);
    return IoResult::Ok();
  }

  /// Returns the error's number, 0 for success.
  int ListenOn(int family, std::string_view local, std::uint16_t& port) noexcept {
    detail::TakeBrackets(local);
    detail::AddressList<Calls> address;
    if (!address.Prepare(local, port, family)) return static_cast<int>(Errc::NameResolution);
    const int unknown = address.Find(local.empty() ? AI_PASSIVE : AI_NUMERICHOST);
    if (unknown != 0) return Calls::TranslateResolve(unknown);
    handle_ = Calls::Open(address.First()->ai_family);
    if (handle_ == kNoHandle || !Calls::Listen(handle_, *address.First())) {
      const int number = Calls::LastError();
      Close();
      return Calls::Translate(number);
    }
    sockaddr_storage bound{};
    if (Calls::OwnName(handle_, bound)) port = detail::PortOf(bound);
    return 0;
  }

  std::size_t Text(bool (*name)(Handle, sockaddr_storage&), char* into, std::size_t room) const noexcept {
    sockaddr_storage address{};
    if (state_ != State::Connected || !name(handle_, address)) return 0;
    const detail::AddressText text = detail::ToText(address);
    return text.View().size() <= room ? text.View().copy(into, room) : 0;
  }

  Handle handle_ = kNoHandle;
  State state_ = State::Closed;
  Millis patience_ = 0;  // what the system was last told
  typename Calls::Network network_;
  detail::ConnectRace<Calls> race_;
  detail::Resolver<Calls> resolver_;
};

SMTPOLL_NAMESPACE_END

#endif

#endif
