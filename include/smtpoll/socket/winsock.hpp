// Sockets of Windows: the system calls that BasicTcpSocket is written over, and WinsockSocket itself.
// Programs link with ws2_32 and iphlpapi. With SMTPOLL_NO_WSASTARTUP defined, the program starts Winsock itself.
#ifndef SMTPOLL_SOCKET_WINSOCK_HPP
#define SMTPOLL_SOCKET_WINSOCK_HPP

#include "smtpoll/base/error.hpp"
#include "smtpoll/socket/tcp_socket.hpp"

#if defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The system as BasicTcpSocket sees it; detail::PosixCalls says what each call means.
struct WinsockCalls {
  using Handle = SOCKET;
  static constexpr Handle kNoHandle = ~Handle{0};

  /// A hold on Winsock, which counts its holders.
  class Network {
   public:
    Network() = default;
    Network(Network&& other) noexcept : started_(std::exchange(other.started_, false)) {}
    Network& operator=(Network&& other) noexcept {
      std::swap(started_, other.started_);
      return *this;
    }
#if defined(SMTPOLL_NO_WSASTARTUP)
    bool Start() noexcept { return true; }
#else
    ~Network() {
      if (started_) ::WSACleanup();
    }
    bool Start() noexcept {
      WSADATA data;
      started_ = started_ || ::WSAStartup(0x0202, &data) == 0;
      return started_;
    }
#endif

   private:
    bool started_ = false;
  };

  // ---- Error numbers.

  static int LastError() noexcept { return ::WSAGetLastError(); }
  static bool Interrupted(int number) noexcept { return number == WSAEINTR; }
  static bool WouldBlock(int number) noexcept { return number == WSAEWOULDBLOCK; }
  static bool ConnectPending(int number) noexcept { return number == WSAEWOULDBLOCK; }
  static bool PeerVanished(int number) noexcept { return number == WSAECONNRESET; }

  /// The number: Windows has its words in the user's language and code page, which a log may not take.
  static FixedText<64> Reason(int number) noexcept {
    FixedText<64> reason("Windows error ");
    reason.AppendDecimal(static_cast<unsigned>(number));
    return reason;
  }

  static int Translate(int number) noexcept {
    constexpr struct {
      int number;
      Errc code;
    } kTable[] = {
        {WSAECONNRESET, Errc::ConnectionLost}, {WSAECONNABORTED, Errc::ConnectionLost},
        {WSAENOTCONN, Errc::ConnectionLost},   {WSAESHUTDOWN, Errc::ConnectionLost},
        {WSAENETRESET, Errc::ConnectionLost},  {WSAEADDRINUSE, Errc::AddressInUse},
        {WSAENOBUFS, Errc::OutOfMemory},       {WSA_NOT_ENOUGH_MEMORY, Errc::OutOfMemory},
        {WSAENETDOWN, Errc::NetworkInit},      {WSANOTINITIALISED, Errc::NetworkInit},
        {WSASYSNOTREADY, Errc::NetworkInit},
    };
    for (const auto& row : kTable)
      if (row.number == number) return static_cast<int>(row.code);
    return number;
  }
  static int TranslateResolve(int number) noexcept {
    if (number == WSANOTINITIALISED) return static_cast<int>(Errc::NetworkInit);
    return static_cast<int>(number == WSA_NOT_ENOUGH_MEMORY ? Errc::OutOfMemory : Errc::NameResolution);
  }

  // ---- Addresses.

  static int GetAddresses(const char* host, const char* port, const addrinfo& hints, addrinfo*& list) noexcept {
    return ::getaddrinfo(host, port, &hints, &list);
  }
  static void FreeAddresses(addrinfo* list) noexcept { ::freeaddrinfo(list); }

  static bool OwnName(Handle handle, sockaddr_storage& into) noexcept {
    int size = sizeof into;
    return ::getsockname(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }
  static bool PeerName(Handle handle, sockaddr_storage& into) noexcept {
    int size = sizeof into;
    return ::getpeername(handle, reinterpret_cast<sockaddr*>(&into), &size) == 0;
  }

  // ---- Sockets.

  static Handle Open(int family) noexcept { return Prepared(OpenOf(family, SOCK_STREAM, IPPROTO_TCP)); }

  static bool Bind(Handle handle, const addrinfo& to) noexcept {
    return ::bind(handle, to.ai_addr, static_cast<int>(to.ai_addrlen)) == 0;
  }

  static bool Connect(Handle handle, const addrinfo& to) noexcept {
    return ::connect(handle, to.ai_addr, static_cast<int>(to.ai_addrlen)) == 0;
  }

  static int PendingError(Handle handle) noexcept {
    int number = 0, size = sizeof number;
    const bool known = ::getsockopt(handle, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&number), &size) == 0;
    return known ? number : LastError();
  }

  /// SO_REUSEADDR would let another program take the port here, so it is the opposite that is asked for. A port that
  /// somebody else has in this way is refused with WSAEACCES.
  static bool Listen(Handle handle, const addrinfo& on) noexcept {
    SetOption(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
    if (on.ai_family == AF_INET6) SetOption(handle, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (Bind(handle, on) && ::listen(handle, 1) == 0) return true;
    if (LastError() == WSAEACCES) ::WSASetLastError(WSAEADDRINUSE);
    return false;
  }

  /// What is accepted is non-blocking as the listener is.
  static Handle Accept(Handle listener) noexcept { return Prepared(::accept(listener, nullptr, nullptr)); }

  static constexpr bool kWaitsInReceive = false;
  static std::ptrdiff_t Receive(Handle handle, char* into, std::size_t room) noexcept {
    return ::recv(handle, into, Clamp(room), 0);
  }

  static std::ptrdiff_t Send(Handle handle, const char* bytes, std::size_t size) noexcept {
    return ::send(handle, bytes, Clamp(size), 0);
  }

  /// By select, because WSAPoll of older systems does not tell of a connect that failed.
  static int Poll(Handle handle, Readiness what, int at_most, Readiness& ready) noexcept {
    if (what == Readiness::None) {
      ::Sleep(static_cast<DWORD>(at_most));
      return 0;
    }
    timeval time{at_most / 1000, at_most % 1000 * 1000};
    fd_set readable = SetOf(handle, Includes(what, Readiness::Read));
    fd_set writable = SetOf(handle, Includes(what, Readiness::Write));
    fd_set failed = SetOf(handle, true);
    const int count = ::select(0, &readable, &writable, &failed, &time);
    if (count <= 0) return count;
    if (failed.fd_count != 0) ready = what;
    if (readable.fd_count != 0) ready = ready | Readiness::Read;
    if (writable.fd_count != 0) ready = ready | Readiness::Write;
    return count;
  }

  static int PollWritable(const Handle* handles, std::size_t count, int at_most) noexcept {
    timeval time{at_most / 1000, at_most % 1000 * 1000};
    fd_set writable = SetOf(handles[0], false), failed = writable;
    for (std::size_t i = 0; i < count; ++i) writable.fd_array[i] = failed.fd_array[i] = handles[i];
    writable.fd_count = failed.fd_count = static_cast<unsigned>(count);
    return ::select(0, nullptr, &writable, &failed, &time);
  }

  static void CloseHandle(Handle handle) noexcept {
    if (handle != kNoHandle) ::closesocket(handle);
  }

  // ---- The resolver's thread.

  /// Two datagram sockets on loopback, connected to each other so that nobody else's datagram wakes us.
  static bool OpenWake(Handle& reader, Handle& writer) noexcept {
    reader = OpenOf(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (reader == kNoHandle) return false;
    writer = OpenOf(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (writer != kNoHandle && BindLoopback(reader) && BindLoopback(writer) && ConnectTo(reader, writer) &&
        ConnectTo(writer, reader))
      return true;
    const int number = LastError();
    CloseHandle(std::exchange(reader, kNoHandle));
    CloseHandle(std::exchange(writer, kNoHandle));
    ::WSASetLastError(number);
    return false;
  }

  static void Wake(Handle writer) noexcept {
    const char any = 0;
    ::send(writer, &any, 1, 0);
  }

  template <void (*kBody)(void*) noexcept>
  static int StartThread(void* argument) noexcept {
    const std::uintptr_t thread = ::_beginthreadex(nullptr, 0, &Run<kBody>, argument, 0, nullptr);
    if (thread == 0) return LastError();
    ::CloseHandle(reinterpret_cast<HANDLE>(thread));
    return 0;
  }

 private:
  template <void (*kBody)(void*) noexcept>
  static unsigned __stdcall Run(void* argument) {
    kBody(argument);
    return 0;
  }

  static int Clamp(std::size_t size) noexcept { return size < INT_MAX ? static_cast<int>(size) : INT_MAX; }

  static Handle OpenOf(int family, int type, int protocol) noexcept {
    const Handle handle =
        ::WSASocketW(family, type, protocol, nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    u_long non_blocking = 1;
    if (handle != kNoHandle) ::ioctlsocket(handle, static_cast<long>(FIONBIO), &non_blocking);
    return handle;
  }

  static Handle Prepared(Handle handle) noexcept {
    if (handle != kNoHandle) SetOption(handle, IPPROTO_TCP, TCP_NODELAY, 1);
    return handle;
  }

  static void SetOption(Handle handle, int level, int name, int value) noexcept {
    ::setsockopt(handle, level, name, reinterpret_cast<const char*>(&value), sizeof value);
  }

  static fd_set SetOf(Handle handle, bool wanted) noexcept {
    fd_set set{};
    set.fd_count = wanted ? 1 : 0;
    set.fd_array[0] = handle;
    return set;
  }

  static bool BindLoopback(Handle handle) noexcept {
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(handle, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
  }

  static bool ConnectTo(Handle handle, Handle other) noexcept {
    sockaddr_storage address{};
    return OwnName(other, address) &&
           ::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)) == 0;
  }
};

}  // namespace detail

/// A TCP connection of Windows.
using WinsockSocket = BasicTcpSocket<detail::WinsockCalls>;

SMTPOLL_NAMESPACE_END

#endif

#endif
