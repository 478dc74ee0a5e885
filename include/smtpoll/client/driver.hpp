// Moves bytes between one engine and one transport: connect, handshake, then send and receive, never blocking but in
// Wait. It is the one pump of smtpoll: SMTPSocket::Poll calls it once, Session calls it in a loop. No heap, no clock
// but the socket's. Invariant: every reply that arrived is decided on before the end of the wire is.
#ifndef SMTPOLL_CLIENT_DRIVER_HPP
#define SMTPOLL_CLIENT_DRIVER_HPP

#include "smtpoll/client/smtp_core.hpp"
#include "smtpoll/socket/socket_policy.hpp"
#include "smtpoll/transport/transport_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Drives the engine of a protocol, see SmtpCore, over a transport policy over a socket policy.
template <typename Socket, template <typename> class Transport, typename Limits = DefaultLimits,
          typename Core = detail::SmtpCore<Limits>>
class Driver {
 public:
  /// The transport policy over its socket.
  using Wire = Transport<Socket>;
  /// The engine of the protocol.
  using Engine = typename Core::Engine;
  /// What the engine tells.
  using Event = typename Core::Event;
  /// What kind of event it is.
  using Kind = decltype(Event::kind);

  /// What the wire is used for.
  enum class State : std::uint8_t {
    Closed,
    Listening,   ///< Waits for an incoming connection.
    Connecting,  ///< Name resolution or connection under way.
    Securing,    ///< The transport's handshake is under way.
    Session,     ///< The engine speaks.
    Raw,         ///< The caller speaks: the engine is left out.
  };

  Driver() noexcept {
    RequireSocketPolicy<Socket>();
    RequireTransportPolicy<Transport, Socket>();
  }
  ~Driver() {
    core_.engine.Closed(Error(Errc::ConnectionLost, Phase::None));  // overwrites what is secret
    wire_.Close();
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Starts to connect; `options` and the host name of `to` must stay valid until the session is over. A fault comes as
  /// Failed.
  void Connect(const Endpoint& to, const typename Core::Options& options) {
    Close();
    options_ = options;
    host_ = to.host;
    StartTally(to.port);
    since_ = counted_at_;
    state_ = State::Connecting;
    Advance(wire_.NextLayer().Connect(to), Phase::Connect);
  }

  /// Waits for one incoming connection, which is then Raw. `port` 0 becomes the one the system picked.
  void Listen(std::uint16_t& port, std::string_view local_address) {
    static_assert(kCanListen<Socket>,
                  "SocketPolicy: Listen needs Listen(uint16_t& port, string_view local) and AcceptStep()");
    Close();
    StartTally(port);
    state_ = State::Listening;
    const IoResult result = wire_.NextLayer().Listen(port, local_address);
    if (result.status == IoStatus::Failed) Break(result.error, Phase::Listen);
  }

  /// Does what can be done now and returns the next event; None when nothing more can be done now. Moves at most about
  /// `budget` bytes over all calls that share it, and takes what it moved from it.
  Event Next(std::size_t& budget) {
    return Next(budget, [] {});
  }
  /// As above; `before_wait()` is called before anything waits, for work that does not touch the wire.
  template <typename BeforeWait>
  Event Next(std::size_t& budget, BeforeWait&& before_wait) {
    for (;;) {
      const Millis now = Now();
      CountTime(now);
      switch (state_) {
        case State::Closed: return TakeFailure();
        case State::Listening:
          if constexpr (kCanListen<Socket>) {
            const IoResult result = wire_.NextLayer().AcceptStep();
            if (result.status == IoStatus::Again) return {};
            if (result.status == IoStatus::Done)
              state_ = State::Raw;
            else
              Break(result.error, Phase::Listen);
          }
          break;
        case State::Connecting:
        case State::Securing:
          if (!ConnectStep(now)) return {};
          break;
        case State::Raw: return {};
        case State::Session: {
          const Event event = core_.engine.Next(now);
          if (event.kind == Kind::NeedTls) {
            since_ = now;
            state_ = State::Securing;
            break;
          }
          if (event.kind != Kind::None) {
            if constexpr (kFull) core_.Note(event, tally_);
            if (Core::EndsWire(event.kind)) HangUp();
            return event;
          }
          if (!Pump(now, budget, before_wait)) return {};
          break;
        }
      }
    }
  }

  /// Ends all at once. The outcome of a message under way is told by the Next that follows, then Closed.
  void Close() noexcept {
    core_.engine.Closed(Error(Errc::ConnectionLost, Phase::None, "closed by the caller"));
    wire_.Close();
    has_failure_ = false;
    write_failed_ = false;
    if (state_ != State::Session) state_ = State::Closed;
  }

  /// Takes the engine out of the way: from now on the caller reads and writes Layer() itself. Only when the engine is
  /// idle.
  void EnterRaw() noexcept { state_ = State::Raw; }
  /// Lets the engine speak again.
  void LeaveRaw() noexcept { state_ = State::Session; }

  /// The calls of Next that follow may together wait up to `at_most` milliseconds for bytes, in the step that reads
  /// them (negative: no limit but a deadline's). With any patience, what a short read has shown to be empty is not read
  /// again.
  void SetPatience(Millis at_most) noexcept {
    patience_ = at_most;
    patient_ = kCanReadWait<Wire> && at_most != 0;
    drained_ = wrote_last_ = false;
  }
  /// What is left of the patience: 0 once it was used.
  Millis Patience() const noexcept { return patience_; }

  /// Waits until the wire is ready for what is waited for, a deadline comes, or `at_most` milliseconds are over;
  /// negative waits without limit.
  void Wait(Readiness what, Millis at_most) {
    if (HasPending() && Includes(what, Readiness::Read)) return;
    const Millis deadline = NextDeadline();
    if (deadline != kNever) {
      const Millis left = deadline - Now() > 0 ? deadline - Now() : 0;
      if (at_most < 0 || left < at_most) at_most = left;
    }
    // A source that has nothing now makes nothing readable; it is asked again after a short time.
    if (core_.engine.WaitsForSource() && (at_most < 0 || at_most > kSourcePause)) at_most = kSourcePause;
    wire_.NextLayer().Wait(what, at_most);
  }

  /// What the wire has to become before more can be done.
  Readiness Wants() const noexcept {
    switch (state_) {
      case State::Closed: return Readiness::None;
      case State::Listening:
      case State::Raw: return Readiness::Read;
      case State::Connecting: return wire_.NextLayer().ConnectWants();
      case State::Securing: return wire_.Wants();
      case State::Session: break;
    }
    const Readiness engine = core_.engine.Wants();
    return wire_.Wants() == Readiness::None ? engine : engine | wire_.Wants();
  }

  /// When Next should be called even if nothing happens, on Now()'s clock.
  Millis NextDeadline() const noexcept {
    switch (state_) {
      case State::Connecting: {
        const Millis step = detail::ConnectDeadlineOf(wire_.NextLayer());
        const Millis end = Deadline(options_.timeouts.connect);
        return step < end ? step : end;
      }
      case State::Securing: return Deadline(options_.timeouts.tls);
      // What the transport holds already makes no wire readable: there is something to do at once.
      case State::Session: return HasPending() ? since_ : core_.engine.NextDeadline();
      case State::Raw: return HasPending() ? since_ : kNever;
      default: return kNever;
    }
  }

  /// The transport holds bytes that were received and not read yet.
  bool HasPending() const noexcept {
    if constexpr (kMayBePending<Wire>)
      return (state_ == State::Session || state_ == State::Raw) && wire_.Pending();
    else
      return false;
  }

  /// Forgets what the connection before took.
  void StartTally(std::uint16_t port) noexcept {
    tally_ = {};
    if constexpr (kFull) tally_.port = port;
    counted_at_ = Now();
  }
  /// What the present connection took so far, or the last one took.
  typename Core::Tally Tally() const {
    typename Core::Tally tally = tally_;
    tally.milliseconds[static_cast<std::size_t>(CurrentPhase())] += Now() - counted_at_;
    return tally;
  }

  /// The socket's clock, milliseconds.
  static Millis Now() { return Socket::Now(); }
  /// What the wire is used for now.
  State CurrentState() const noexcept { return state_; }
  /// A connection stands.
  bool IsConnected() const noexcept { return state_ == State::Session || state_ == State::Raw; }
  /// The engine.
  Engine& Session() noexcept { return core_.engine; }
  /// As above.
  const Engine& Session() const noexcept { return core_.engine; }
  /// The transport.
  Wire& Layer() noexcept { return wire_; }
  /// As above.
  const Wire& Layer() const noexcept { return wire_; }

 private:
  /// There is memory for a tally, and for a name of the client's where it has none.
  static constexpr bool kFull = std::is_same_v<typename Core::Tally, SessionTally>;
  static constexpr Millis kSourcePause = 10;
  static constexpr Millis kLongestWait =
      1000;  // a round number, so that the system need not be told a new one each time

  /// What the wire is waited for; None where it is closed.
  Phase CurrentPhase() const noexcept {
    switch (state_) {
      case State::Closed: return Phase::None;
      case State::Listening: return Phase::Listen;
      case State::Connecting: return detail::IsResolving(wire_.NextLayer()) ? Phase::Resolve : Phase::Connect;
      case State::Securing: return Phase::Tls;
      case State::Session: return core_.engine.CurrentPhase();
      case State::Raw: break;
    }
    return Phase::Idle;
  }

  /// The time since the last call belongs to what has been waited for: nothing has been done about it yet.
  void CountTime(Millis now) noexcept {
    if (now == counted_at_) return;
    if constexpr (kFull) tally_.milliseconds[static_cast<std::size_t>(CurrentPhase())] += now - counted_at_;
    counted_at_ = now;
  }

  Millis Deadline(Millis timeout) const noexcept { return timeout > kNever - since_ ? kNever : since_ + timeout; }

  bool ConnectStep(Millis now);
  void Advance(const IoResult& result, Phase phase);
  void NoteAddress() noexcept;
  void NoteEncryption() noexcept;
  template <typename BeforeWait>
  bool Pump(Millis now, std::size_t& budget, BeforeWait&& before_wait);
  SMTPOLL_APART void TellLoss(const IoResult& result) noexcept;
  template <typename BeforeWait>
  IoResult Receive(Span<char> room, Millis now, BeforeWait&& before_wait);
  void HangUp();
  void Break(int number, Phase phase) noexcept;
  Error WireError(int number, Phase phase) const noexcept;
  Event TakeFailure() noexcept;

  Wire wire_;
  State state_ = State::Closed;
  bool write_failed_ = false;
  bool patient_ = false;
  bool drained_ = false;
  bool wrote_last_ = false;  // the last step of the pump wrote
  Millis patience_ = 0;
  Millis since_ = 0;
  Millis counted_at_ = 0;  // the time up to which tally_ knows where it went
  typename Core::Options options_;
  std::string_view host_;
  FixedText<kFull ? 80 : 1> literal_;
  Error failure_;
  bool has_failure_ = false;  // and it was not told yet
  typename Core::Tally tally_;
  Core core_;
};

SMTPOLL_NAMESPACE_END

#include "smtpoll/client/detail/driver_impl.hpp"

#endif
