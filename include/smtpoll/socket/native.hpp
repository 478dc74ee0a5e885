// NativeSocket: the socket policy of the operating system that the program is compiled for.
#ifndef SMTPOLL_SOCKET_NATIVE_HPP
#define SMTPOLL_SOCKET_NATIVE_HPP

#include "smtpoll/socket/posix.hpp"
#include "smtpoll/socket/winsock.hpp"

SMTPOLL_NAMESPACE_BEGIN

#if defined(SMTPOLL_POSIX)
/// The TCP sockets of this platform.
using NativeSocket = PosixSocket;
#elif defined(SMTPOLL_WINDOWS)
using NativeSocket = WinsockSocket;
#else
namespace detail {

template <typename Platform>
class NoSocket {
  static_assert(!sizeof(Platform*),
                "NativeSocket: this platform has neither POSIX sockets nor Winsock; bring a socket policy of your own");
};
struct UnknownPlatform;

}  // namespace detail

/// Fails to compile where it is used: this platform needs a socket policy of the user's own.
using NativeSocket = detail::NoSocket<detail::UnknownPlatform>;
#endif

SMTPOLL_NAMESPACE_END

#endif
