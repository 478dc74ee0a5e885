// Sockets of POSIX systems: the system calls that BasicTcpSocket is written over, and PosixSocket itself.
// Every descriptor is non-blocking and closed on exec; a lost connection never raises SIGPIPE.
#ifndef SMTPOLL_SOCKET_POSIX_HPP
#define SMTPOLL_SOCKET_POSIX_HPP

#include <cerrno>
#include <cstring>

#include "smtpoll/base/error.hpp"
#include "smtpoll/socket/tcp_socket.hpp"

#if defined(SMTPOLL_POSIX)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The system as BasicTcpSocket sees it. A call that returns bool, a handle or a size says false, kNoHandle or -1 where
/// it failed, and LastError() then says why.
struct PosixCalls {
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  /// A hold on the network, which needs none here.
  struct Network {
    static constexpr bool Start() noexcept { return true; }
  };

  // ---- Error numbers.

  static int LastError() noexcept { return errno; }
  static bool Interrupted(int number) noexcept { return number == EINTR; }
  static bool WouldBlock(int number) noexcept { return number == EAGAIN || number == EWOULDBLOCK; }
  /// True where connect goes on without us.
  static bool ConnectPending(int number) noexcept { return number == EINPROGRESS || number == EINTR; }
  /// True where an incoming connection was gone before it was accepted (Linux then tells its network error).
  static bool PeerVanished(int number) noexcept {
    return number == ECONNABORTED || number == EPROTO || number == EHOSTUNREACH || number == ENETUNREACH;
  }

  /// An errno in words.
  static FixedText<64> Reason(int number) noexcept {
    char room[64] = "";
    return FixedText<64>(Words(::strerror_r(number, room, sizeof room), room));
  }

  /// The seed's number for an errno, where it has one.
  static int Translate(int number) noexcept {
    constexpr struct {
      int number;
      Errc code;
    } kTable[] = {
        {ECONNRESET, Errc::ConnectionLost}, {ECONNABORTED, Errc::ConnectionLost}, {EPIPE, Errc::ConnectionLost},
        {ENOTCONN, Errc::ConnectionLost},   {ESHUTDOWN, Errc::ConnectionLost},    {ENETRESET, Errc::ConnectionLost},
        {EADDRINUSE, Errc::AddressInUse},   {ENOMEM, Errc::OutOfMemory},          {ENOBUFS, Errc::OutOfMemory},
        {ENETDOWN, Errc::NetworkInit},
    };
    for (const auto& row : kTable)
      if (row.number == number) return static_cast<int>(row.code);
    return number;
  }
  /// The same for a number of getaddrinfo's.
  static int TranslateResolve(int number) noexcept {
    return static_cast<int>(number == EAI_MEMORY ? Errc::OutOfMemory : Errc::NameResolution);
  }

  // ---- Addresses.

  static int GetAddresses(const char* host, const char* port, const addrinfo& hints, addrinfo*& list) noexcept {
    return ::getaddrinfo(host, port, &hints, &list);
  }
  static void FreeAddresses(addrinfo* list) noexcept { ::freeaddrinfo(list); }

  static bool OwnName(Handle handle, sockaddr_storage& into) noexcept {
    socklen_t size = sizeof into;
    return ::getsockname(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }
  static bool PeerName(Handle handle, sockaddr_storage& into) noexcept {
    socklen_t size = sizeof into;
    return ::getpeername(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }

  // ---- Sockets.

#if defined(MSG_DONTWAIT)
  static constexpr int kDontWait = MSG_DONTWAIT;
#else
  static constexpr int kDontWait = 0;  // the socket itself does not
#endif

  static Handle Open(int family) noexcept {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    return Prepared(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
#else
    return Prepared(WithFlags(::socket(family, SOCK_STREAM, IPPROTO_TCP)));
#endif
  }

  static bool Bind(Handle handle, const addrinfo& to) noexcept {
    return ::bind(handle, to.ai_addr, to.ai_addrlen) == 0;
  }

  static bool Connect(Handle handle, const addrinfo& to) noexcept {
    return ::connect(handle, to.ai_addr, to.ai_addrlen) == 0;
  }

  /// How a pending connect ended; 0: well.
  static int PendingError(Handle handle) noexcept {
    int number = 0;
    socklen_t size = sizeof number;
    return ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno;
  }

  /// Listens on `on`, an IPv6 socket for IPv4 too.
  static bool Listen(Handle handle, const addrinfo& on) noexcept {
    SetOption(handle, SOL_SOCKET, SO_REUSEADDR, 1);
    if (on.ai_family == AF_INET6) SetOption(handle, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return Bind(handle, on) && ::listen(handle, 1) == 0;
  }

  static Handle Accept(Handle listener) noexcept {
    return Prepared(Uninterrupted([&] {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
      return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
      return WithFlags(::accept(listener, nullptr, nullptr));
#endif
    }));
  }

  static std::ptrdiff_t Receive(Handle handle, char* into, std::size_t room) noexcept {
    return Uninterrupted([&] { return ::recv(handle, into, room, kDontWait); });
  }

  /// Where the system can say "do not wait" call by call, a connection is left in blocking mode, so that one call both
  /// waits and receives.
#if defined(MSG_DONTWAIT)
  static constexpr bool kWaitsInReceive = true;
  static void AllowWaiting(Handle handle) noexcept { ::fcntl(handle, F_SETFL, ::fcntl(handle, F_GETFL) & ~O_NONBLOCK); }
  static void SetPatience(Handle handle, Millis at_most) noexcept {
    timeval time{};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(at_most / 1000);
    time.tv_usec = static_cast<decltype(time.tv_usec)>(at_most % 1000 * 1000);
    ::setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  }
  /// As Receive, but waits as long as SetPatience said; a signal ends the wait.
  static std::ptrdiff_t ReceiveWait(Handle handle, char* into, std::size_t room) noexcept {
    return ::recv(handle, into, room, 0);
  }
#else
  static constexpr bool kWaitsInReceive = false;
#endif

  static std::ptrdiff_t Send(Handle handle, const char* bytes, std::size_t size) noexcept {
#if defined(MSG_NOSIGNAL)
    constexpr int kFlags = MSG_NOSIGNAL | kDontWait;
#else
    constexpr int kFlags = kDontWait;  // the socket has SO_NOSIGPIPE
#endif
    return Uninterrupted([&] { return ::send(handle, bytes, size, kFlags); });
  }

  /// Waits at most `at_most` milliseconds: 1 and `ready` where something is, 0 for time-out, -1 for an error. An error
  /// of the socket makes it ready for all of `what`. With Readiness::None it just waits.
  static int Poll(Handle handle, Readiness what, int at_most, Readiness& ready) noexcept {
    pollfd one{handle, 0, 0};
    if (Includes(what, Readiness::Read)) one.events |= POLLIN;
    if (Includes(what, Readiness::Write)) one.events |= POLLOUT;
    const int count = ::poll(&one, what == Readiness::None ? 0 : 1, at_most);
    if (count <= 0) return count;
    if ((one.revents & ~(POLLIN | POLLOUT)) != 0) {
      ready = what;
      return count;
    }
    if ((one.revents & POLLIN) != 0) ready = ready | Readiness::Read;
    if ((one.revents & POLLOUT) != 0) ready = ready | Readiness::Write;
    return count;
  }

  /// Waits at most `at_most` milliseconds until one of at most 8 handles is writable or has failed: how many are.
  static int PollWritable(const Handle* handles, std::size_t count, int at_most) noexcept {
    pollfd all[8];
    for (std::size_t i = 0; i < count; ++i) all[i] = {handles[i], POLLOUT, 0};
    return ::poll(all, static_cast<nfds_t>(count), at_most);
  }

  /// Nothing for kNoHandle.
  static void CloseHandle(Handle handle) noexcept {
    if (handle != kNoHandle) ::close(handle);
  }

  // ---- The resolver's thread.

  /// A pair of handles: Wake(writer) makes `reader` readable.
  static bool OpenWake(Handle& reader, Handle& writer) noexcept {
    int ends[2];
#if defined(SOCK_CLOEXEC)
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
#else
    if (::pipe(ends) != 0) return false;
    WithFlags(ends[0]);
    WithFlags(ends[1]);
#endif
    reader = ends[0];
    writer = ends[1];
    return true;
  }

  /// Only in a thread of StartThread's: the reader may be closed, and SIGPIPE is blocked there.
  static void Wake(Handle writer) noexcept {
    const char any = 0;
    [[maybe_unused]] const auto size = ::write(writer, &any, 1);
  }

  /// Runs `kBody(argument)` in a thread that nobody waits for and that takes none of the program's signals. Returns 0
  /// or an errno.
  template <void (*kBody)(void*) noexcept>
  static int StartThread(void* argument) noexcept {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread{};
    const int number = pthread_create(&thread, nullptr, &Run<kBody>, argument);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (number == 0) pthread_detach(thread);
    return number;
  }

 private:
  // strerror_r is POSIX's, which fills the room, or GNU's, which returns the words.
  [[maybe_unused]] static const char* Words(int, const char* room) noexcept { return room; }
  [[maybe_unused]] static const char* Words(const char* words, const char*) noexcept { return words; }

  template <void (*kBody)(void*) noexcept>
  static void* Run(void* argument) {
    kBody(argument);
    return nullptr;
  }

  template <typename Call>
  static std::invoke_result_t<Call> Uninterrupted(Call call) noexcept {
    for (;;) {
      const auto result = call();
      if (result >= 0 || errno != EINTR) return result;
    }
  }

  static void SetOption(Handle handle, int level, int name, int value) noexcept {
    ::setsockopt(handle, level, name, &value, sizeof value);
  }

  static Handle Prepared(Handle handle) noexcept {
    if (handle == kNoHandle) return handle;
    SetOption(handle, IPPROTO_TCP, TCP_NODELAY, 1);
#if defined(SO_NOSIGPIPE)
    SetOption(handle, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    return handle;
  }

  /// Non-blocking and closed on exec, where that cannot be asked for at once.
  [[maybe_unused]] static Handle WithFlags(Handle handle) noexcept {
    if (handle == kNoHandle) return handle;
    ::fcntl(handle, F_SETFD, FD_CLOEXEC);
    ::fcntl(handle, F_SETFL, ::fcntl(handle, F_GETFL) | O_NONBLOCK);
    return handle;
  }
};

}  // namespace detail

/// A TCP connection of a POSIX system. Name resolution uses a thread, so programs link with -pthread.
using PosixSocket = BasicTcpSocket<detail::PosixCalls>;

SMTPOLL_NAMESPACE_END

#endif

#endif
