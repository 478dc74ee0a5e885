// The transport that adds nothing: bytes go to the socket as they are. Also the shortest example of a transport policy.
#ifndef SMTPOLL_TRANSPORT_PLAIN_HPP
#define SMTPOLL_TRANSPORT_PLAIN_HPP

#include "smtpoll/transport/transport_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Sends and receives in plain text over `Socket`, a socket policy.
template <typename Socket>
class PlainTransport {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = false;

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  IoResult Handshake(std::string_view) noexcept { return IoResult::Ok(); }
  IoResult Read(char* into, std::size_t room) { return socket_.Read(into, room); }
  /// Only where the socket has it.
  template <typename S = Socket, typename = detail::StreamReadWait<S>>
  IoResult ReadWait(char* into, std::size_t room, Millis at_most) {
    return socket_.ReadWait(into, room, at_most);
  }
  IoResult Write(const char* bytes, std::size_t size) { return socket_.Write(bytes, size); }
  Readiness Wants() const noexcept { return Readiness::None; }
  bool Secured() const noexcept { return false; }
  void Close() { socket_.Close(); }
  ///@}

 private:
  Socket socket_;
};

SMTPOLL_NAMESPACE_END

#endif
