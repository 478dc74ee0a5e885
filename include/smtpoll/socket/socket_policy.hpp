// What a socket policy must be: the one place where smtpoll meets a TCP stack. Every call returns at once but Wait.
// A policy never raises SIGPIPE, never throws, and reports a lost connection as Closed or as Errc::ConnectionLost.
//
// The shortest correct policy has these members (tests/examples/own_socket_policy.cpp is one that runs):
//
//   class MySocket {
//    public:
//     using Handle = int;                                  // what the user's event loop takes
//     static constexpr Handle kNoHandle = -1;
//     static Millis Now();                                 // a clock that never runs backwards
//     IoResult Connect(const Endpoint& to);                // starts; Done, Again or Failed
//     IoResult ConnectStep();                              // goes on until Done
//     Readiness ConnectWants() const;                      // what ConnectStep waits for after Again
//     IoResult Read(char* into, std::size_t room);
//     IoResult Write(const char* bytes, std::size_t size);
//     Readiness Wait(Readiness what, Millis at_most);      // the only call that blocks; for None, also unconnected
//     void Close();                                        // at any time, more than once
//     Handle NativeHandle() const;                         // kNoHandle where there is none
//     std::size_t LocalAddress(char* into, std::size_t room) const;   // IP as text, 0 where unknown
//     std::size_t RemoteAddress(char* into, std::size_t room) const;
//   };
//
// A policy that can also take a connection adds Listen(std::uint16_t& port, std::string_view local) and AcceptStep();
// one whose failures need more than a number adds std::string_view FaultText() const; one whose ConnectStep has
// something to do at a certain time, though nothing is ready, adds Millis ConnectDeadline() const; one that can tell the
// look-up of a name from what follows adds bool Resolving() const, for diagnostics.
#ifndef SMTPOLL_SOCKET_SOCKET_POLICY_HPP
#define SMTPOLL_SOCKET_SOCKET_POLICY_HPP

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "smtpoll/base/io.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Where to connect to. The views need to live only as long as the call of Connect.
struct Endpoint {
  std::string_view host;           ///< Host name, IPv4 or IPv6 literal (with or without brackets).
  std::uint16_t port = 0;          ///< 1 to 65535.
  std::string_view local_address;  ///< IP of the local interface to bind to; empty: the system's choice.
};

namespace detail {

/// True where `Call<T...>` is a valid expression (the detection idiom; std's own is not in C++17).
template <template <typename...> class Call, typename Void, typename... T>
struct IsValid : std::false_type {};
template <template <typename...> class Call, typename... T>
struct IsValid<Call, std::void_t<Call<T...>>, T...> : std::true_type {};

template <typename Result, template <typename...> class Call, typename... T>
constexpr bool Returns() noexcept {
  if constexpr (IsValid<Call, void, T...>::value)
    return std::is_convertible_v<Call<T...>, Result>;
  else
    return false;
}

template <typename S>
using SocketNow = decltype(S::Now());
template <typename S>
using SocketConnect = decltype(std::declval<S&>().Connect(std::declval<const Endpoint&>()));
template <typename S>
using SocketConnectStep = decltype(std::declval<S&>().ConnectStep());
template <typename S>
using SocketConnectWants = decltype(std::declval<const S&>().ConnectWants());
template <typename S>
using StreamRead = decltype(std::declval<S&>().Read(std::declval<char*>(), std::size_t{}));
template <typename S>
using StreamWrite = decltype(std::declval<S&>().Write(std::declval<const char*>(), std::size_t{}));
template <typename S>
using StreamClose = decltype(std::declval<S&>().Close());
template <typename S>
using SocketWait = decltype(std::declval<S&>().Wait(Readiness::Read, Millis{}));
template <typename S>
using SocketHandle = decltype(std::declval<const S&>().NativeHandle() == S::kNoHandle);
template <typename S>
using SocketLocalAddress = decltype(std::declval<const S&>().LocalAddress(std::declval<char*>(), std::size_t{}));
template <typename S>
using SocketRemoteAddress = decltype(std::declval<const S&>().RemoteAddress(std::declval<char*>(), std::size_t{}));
template <typename S>
using StreamReadWait = decltype(std::declval<S&>().ReadWait(std::declval<char*>(), std::size_t{}, Millis{}));
template <typename S>
using SocketListen = decltype(std::declval<S&>().Listen(std::declval<std::uint16_t&>(), std::string_view{}));
template <typename S>
using SocketAcceptStep = decltype(std::declval<S&>().AcceptStep());
template <typename L>
using LayerFaultText = decltype(std::declval<const L&>().FaultText());

template <typename S>
using SocketConnectDeadline = decltype(std::declval<const S&>().ConnectDeadline());

/// When `socket` wants its ConnectStep called though nothing is ready; kNever where it has no ConnectDeadline().
template <typename Socket>
Millis ConnectDeadlineOf(const Socket& socket) noexcept {
  if constexpr (Returns<Millis, SocketConnectDeadline, Socket>())
    return socket.ConnectDeadline();
  else
    return kNever;
}

template <typename S>
using SocketResolving = decltype(std::declval<const S&>().Resolving());

/// `socket` is looking up a name; false where it cannot tell.
template <typename Socket>
bool IsResolving(const Socket& socket) noexcept {
  if constexpr (Returns<bool, SocketResolving, Socket>())
    return socket.Resolving();
  else
    return false;
}

/// What a socket or transport has to say about its last failure, beyond the number; empty where it has no FaultText().
template <typename Layer>
std::string_view FaultTextOf(const Layer& layer) noexcept {
  if constexpr (Returns<std::string_view, LayerFaultText, Layer>())
    return layer.FaultText();
  else
    return {};
}

}  // namespace detail

/// True where a socket or a transport can wait and read in one step: it has ReadWait(char* into, size_t room, Millis
/// at_most).
template <typename Stream>
constexpr bool kCanReadWait = detail::Returns<IoResult, detail::StreamReadWait, Stream>();

/// True where `Socket` can also take incoming connections (it has Listen and AcceptStep).
template <typename Socket>
constexpr bool kCanListen = detail::Returns<IoResult, detail::SocketListen, Socket>() &&
                            detail::Returns<IoResult, detail::SocketAcceptStep, Socket>();

/// Fails to compile, with one sentence a missing member, where `Socket` is no socket policy.
template <typename Socket>
constexpr void RequireSocketPolicy() noexcept {
  using namespace detail;
  static_assert(Returns<Millis, SocketNow, Socket>(), "SocketPolicy: needs static Millis Now()");
  static_assert(Returns<IoResult, SocketConnect, Socket>(), "SocketPolicy: needs IoResult Connect(const Endpoint& to)");
  static_assert(Returns<IoResult, SocketConnectStep, Socket>(), "SocketPolicy: needs IoResult ConnectStep()");
  static_assert(Returns<Readiness, SocketConnectWants, Socket>(), "SocketPolicy: needs Readiness ConnectWants() const");
  static_assert(Returns<IoResult, StreamRead, Socket>(), "SocketPolicy: needs IoResult Read(char* into, size_t room)");
  static_assert(Returns<IoResult, StreamWrite, Socket>(),
                "SocketPolicy: needs IoResult Write(const char* bytes, size_t size)");
  static_assert(IsValid<StreamClose, void, Socket>::value, "SocketPolicy: needs void Close()");
  static_assert(Returns<Readiness, SocketWait, Socket>(),
                "SocketPolicy: needs Readiness Wait(Readiness what, Millis at_most)");
  static_assert(Returns<bool, SocketHandle, Socket>(),
                "SocketPolicy: needs NativeHandle() const and a constant kNoHandle to compare it with");
  static_assert(Returns<std::size_t, SocketLocalAddress, Socket>(),
                "SocketPolicy: needs size_t LocalAddress(char* into, size_t room) const");
  static_assert(Returns<std::size_t, SocketRemoteAddress, Socket>(),
                "SocketPolicy: needs size_t RemoteAddress(char* into, size_t room) const");
}

SMTPOLL_NAMESPACE_END

#endif
