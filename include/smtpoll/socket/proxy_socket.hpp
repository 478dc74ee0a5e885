// A socket policy over another one that reaches the server through a proxy. What is said to the proxy is a dialogue
// class of its own (socks5_proxy.hpp, http_proxy.hpp), which knows no socket. The server's name is resolved by the
// proxy. Invariant: not a byte is read beyond the proxy's answer, since what follows belongs to the session; the
// proxy's password is written straight into the dialogue's buffer and overwritten when it has gone.
#ifndef SMTPOLL_SOCKET_PROXY_SOCKET_HPP
#define SMTPOLL_SOCKET_PROXY_SOCKET_HPP

#include <string>

#include "smtpoll/base/error.hpp"
#include "smtpoll/base/wire_buffer.hpp"
#include "smtpoll/socket/socket_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Which proxy to go through. A change counts from the next connection on; nothing may change while one is made.
struct ProxySettings {
  std::string Address;     ///< Host name or IP of the proxy; empty: no proxy, straight to the server.
  std::uint16_t Port = 0;  ///< 1 to 65535.
  std::string UserName;    ///< Empty: no authentication.
  std::string Password;    ///< With what to log in to the proxy.

  ProxySettings() = default;
  /// Copies all settings.
  ProxySettings(const ProxySettings&) = default;
  /// Copies all settings.
  ProxySettings& operator=(const ProxySettings&) = default;
  ~ProxySettings() { detail::WipeText(Password); }
};

namespace detail {

/// What the dialogues share: a buffer for what is said, and words for what went wrong.
class ProxyDialogue {
 public:
  ProxyDialogue() = default;
  ProxyDialogue(const ProxyDialogue&) = delete;
  ProxyDialogue& operator=(const ProxyDialogue&) = delete;
  ~ProxyDialogue() { Forget(); }

  /// What is to be said next; while it is empty and the dialogue not Done, Input() is to be filled.
  Span<const char> Output() const noexcept { return {output_.Filled().data(), output_.Filled().size()}; }
  void Sent(std::size_t size) noexcept { output_.ConsumeAndWipe(size); }

  bool Done() const noexcept { return done_; }
  Errc Code() const noexcept { return code_; }
  std::string_view Fault() const noexcept { return fault_.View(); }

  /// Overwrites what has not been said.
  void Forget() noexcept { Sent(output_.Filled().size()); }

 protected:
  static constexpr std::size_t kMaxHost = 255;

  /// Starts anew; false where no protocol can say this target.
  bool Restart(std::string_view host) noexcept {
    Forget();
    fault_.Clear();
    code_ = Errc::None;
    done_ = false;
    bool fits = !host.empty() && host.size() <= kMaxHost;
    for (const char c : host) fits = fits && static_cast<unsigned char>(c) > ' ' && c != 0x7f;
    return fits || Fail(Errc::NameResolution, "the server's name cannot be told to a proxy");
  }
  bool Fail(Errc code, std::string_view why) noexcept {
    code_ = code;
    fault_.Assign(why);
    return false;
  }

  WireBuffer& Say() noexcept { return output_; }
  void Finish() noexcept { done_ = true; }

 private:
  char buffer_[1536];
  WireBuffer output_{buffer_};
  FixedText<200> fault_;
  Errc code_ = Errc::None;
  bool done_ = false;
};

}  // namespace detail

/// `Socket` through the proxy that `Proxy` names. Where that fails, the error is the socket's own (the proxy cannot be
/// reached), Errc::ProxyRefused, Errc::ProxyAuthentication or Errc::ConnectionLost, and FaultText() says more.
/// `Dialogue` has the members of detail::ProxyDialogue and
///   bool Start(const Endpoint& to, const ProxySettings& proxy)   false: cannot be said, see Fault
///   Span<char> Input()                                           not empty, and no more than is sure to come
///   bool Received(std::size_t size)                              so many bytes of it came; false: see Fault
template <typename Socket, typename Dialogue>
class ProxySocket {
 public:
  ///@{
  /// What a socket policy has, see socket_policy.hpp.
  using Handle = typename Socket::Handle;
  static constexpr Handle kNoHandle = Socket::kNoHandle;

  ProxySettings Proxy;  ///< The proxy to go through. A change counts from the next Connect on.

  /// The socket beneath, which is connected to the proxy.
  Socket& NextLayer() noexcept { return next_; }
  const Socket& NextLayer() const noexcept { return next_; }

  static Millis Now() { return Socket::Now(); }

  IoResult Connect(const Endpoint& to) {
    Close();
    fault_.Clear();
    if (Proxy.Address.empty()) return next_.Connect(to);
    if (to.port == 0) return IoResult::Fail(static_cast<int>(Errc::InvalidPort));
    if (!dialogue_.Start(to, Proxy)) return Failed(static_cast<int>(dialogue_.Code()), dialogue_.Fault());
    stage_ = Stage::Reaching;
    return Reached(next_.Connect({Proxy.Address, Proxy.Port, to.local_address}));
  }

  IoResult ConnectStep() {
    switch (stage_) {
      case Stage::Reaching: return Reached(next_.ConnectStep());
      case Stage::Talking: return Talk();
      case Stage::Through: break;
    }
    return next_.ConnectStep();
  }

  Readiness ConnectWants() const {
    if (stage_ != Stage::Talking) return next_.ConnectWants();
    return dialogue_.Output().empty() ? Readiness::Read : Readiness::Write;
  }

  Millis ConnectDeadline() const { return stage_ != Stage::Talking ? detail::ConnectDeadlineOf(next_) : kNever; }

  IoResult Read(char* into, std::size_t room) {
    return stage_ == Stage::Through ? next_.Read(into, room) : IoResult::Fail(static_cast<int>(Errc::InvalidState));
  }
  IoResult Write(const char* bytes, std::size_t size) {
    return stage_ == Stage::Through ? next_.Write(bytes, size) : IoResult::Fail(static_cast<int>(Errc::InvalidState));
  }
  Readiness Wait(Readiness what, Millis at_most) { return next_.Wait(what, at_most); }
  bool Resolving() const noexcept { return detail::IsResolving(next_); }
  void Close() {
    next_.Close();
    dialogue_.Forget();
    stage_ = Stage::Through;
  }

  Handle NativeHandle() const { return next_.NativeHandle(); }
  std::size_t LocalAddress(char* into, std::size_t room) const { return next_.LocalAddress(into, room); }
  /// IP of the proxy: that is the peer.
  std::size_t RemoteAddress(char* into, std::size_t room) const { return next_.RemoteAddress(into, room); }

  /// What there is to say about the last failure; empty where nothing. Never a credential of ours.
  std::string_view FaultText() const { return fault_.empty() ? detail::FaultTextOf(next_) : fault_.View(); }
  ///@}

 private:
  /// Through: nothing stands between the caller and the socket.
  enum class Stage : std::uint8_t { Through, Reaching, Talking };

  IoResult Failed(int number, std::string_view why) {
    Close();
    fault_.Assign(why);
    return IoResult::Fail(number);
  }

  IoResult Reached(const IoResult& result) {
    if (result.status == IoStatus::Again) return result;
    if (result.status == IoStatus::Done) {
      stage_ = Stage::Talking;
      return Talk();
    }
    FixedText<256> why("the proxy cannot be reached");
    const std::string_view told = detail::FaultTextOf(next_);
    if (!told.empty()) why.Append(": ");
    why.Append(told);
    return Failed(result.status == IoStatus::Failed ? result.error : static_cast<int>(Errc::ConnectionLost),
                  why.View());
  }

  IoResult Talk() {
    while (!dialogue_.Done()) {
      const Span<const char> output = dialogue_.Output();
      const Span<char> input = output.empty() ? dialogue_.Input() : Span<char>();
      const IoResult result =
          output.empty() ? next_.Read(input.data(), input.size()) : next_.Write(output.data(), output.size());
      if (result.status == IoStatus::Again) return result;
      if (result.status != IoStatus::Done)
        return Failed(result.status == IoStatus::Failed ? result.error : static_cast<int>(Errc::ConnectionLost),
                      "the proxy hung up before it had answered");
      if (!output.empty())
        dialogue_.Sent(result.size);
      else if (!dialogue_.Received(result.size))
        return Failed(static_cast<int>(dialogue_.Code()), dialogue_.Fault());
    }
    stage_ = Stage::Through;
    return IoResult::Ok();
  }

  Socket next_;
  Dialogue dialogue_;
  Stage stage_ = Stage::Through;
  FixedText<256> fault_;
};

SMTPOLL_NAMESPACE_END

#endif
