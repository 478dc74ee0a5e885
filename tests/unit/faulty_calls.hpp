// The operating system with faults: detail::PosixCalls or detail::WinsockCalls, and what a test wants to go wrong. It
// knows names of its own, so no test needs a name server, and counts handles, so none gets lost unseen.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string_view>

#include "smtpoll/socket/native.hpp"

#if defined(SMTPOLL_WINDOWS)
using NativeCalls = smtpoll::detail::WinsockCalls;
#define OS_ERROR(name) WSA##name
#else
using NativeCalls = smtpoll::detail::PosixCalls;
#define OS_ERROR(name) name
#endif

/// What goes wrong; a test declares a Scope first.
struct Faults {
  bool no_network = false;
  int no_family = -1;         // Open fails for this address family
  int no_wake = 0;            // the error of OpenWake
  int no_thread = 0;          // the error of StartThread
  int bad_accept = 0;         // the error of the next Accept
  int interruptions = 0;      // how often Poll is interrupted
  int no_resolver = 0;        // what getaddrinfo returns for every name
  bool hold_names = false;    // names resolve only after Release()
  std::string_view silent;    // connecting to addresses that begin so does not end while this says so
  std::string_view no_route;  // connecting to addresses that begin so fails at once
};
inline Faults faults;

struct ConnectingHandle {
  NativeCalls::Handle handle = NativeCalls::kNoHandle;
  smtpoll::detail::AddressText to;
};

struct FaultyCalls : NativeCalls {
  inline static int opened = 0;               // calls of Open
  inline static std::atomic<int> handles{0};  // open now

  /// Lets the threads go on that hold_names has stopped. True when all handles are closed, false where some stay open.
  static bool Release() {
    std::unique_lock<std::mutex> lock(mutex);
    faults.hold_names = false;
    changed.notify_all();
    return changed.wait_for(lock, std::chrono::seconds(30), [] { return handles == 0; });
  }

  struct Network {
    static bool Start() { return !faults.no_network && system.Start(); }
    inline static NativeCalls::Network system;
  };

  /// Knows "two.test": 127.0.0.3, then 127.0.0.1; "mixed.test": two of IPv6, then two of IPv4; "many.test": nine.
  static int GetAddresses(const char* host, const char* port, const addrinfo& hints, addrinfo*& list) {
    const std::string_view name(host != nullptr ? host : "");
    if (name.find(".test") == std::string_view::npos) return NativeCalls::GetAddresses(host, port, hints, list);
    if ((hints.ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [] { return !faults.hold_names; });
    if (faults.no_resolver != 0) return faults.no_resolver;
    addrinfo numeric = hints;
    numeric.ai_flags = AI_NUMERICHOST;
    constexpr const char* kTwo[] = {"127.0.0.3", "127.0.0.1", nullptr};
    constexpr const char* kMixed[] = {"::1", "::2", "127.0.0.3", "127.0.0.1", nullptr};
    constexpr const char* kMany[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6",
                                     "127.0.0.7", "127.0.0.8", "127.0.0.9", "127.0.0.1", nullptr};
    const char* const* address = name == "mixed.test" ? kMixed : name == "many.test" ? kMany : kTwo;
    for (int i = 0; address[i] != nullptr; ++i) {
      addrinfo* one = nullptr;
      const int number = NativeCalls::GetAddresses(address[i], port, numeric, one);
      if (number != 0) return number;
      std::memcpy(&addresses[i], one->ai_addr, one->ai_addrlen);
      found[i] = *one;
      found[i].ai_addr = reinterpret_cast<sockaddr*>(&addresses[i]);
      found[i].ai_next = address[i + 1] != nullptr ? &found[i + 1] : nullptr;
      NativeCalls::FreeAddresses(one);
    }
    list = found;
    return 0;
  }
  static void FreeAddresses(addrinfo* list) {
    if (list != found) NativeCalls::FreeAddresses(list);
  }

  static Handle Open(int family) {
    ++opened;
    if (family != faults.no_family) return Count(NativeCalls::Open(family));
    SetError(OS_ERROR(EAFNOSUPPORT));
    return kNoHandle;
  }
  static bool Connect(Handle handle, const addrinfo& to) {
    sockaddr_storage address{};
    std::memcpy(&address, to.ai_addr, static_cast<std::size_t>(to.ai_addrlen));
    for (ConnectingHandle& one : connecting) {
      if (one.handle != kNoHandle) continue;
      one = {handle, smtpoll::detail::ToText(address)};
      break;
    }
    const std::string_view no_route = faults.no_route;
    if (!no_route.empty() && smtpoll::detail::ToText(address).View().substr(0, no_route.size()) == no_route) {
      SetError(OS_ERROR(ENETUNREACH));
      return false;
    }
    const bool connected = NativeCalls::Connect(handle, to);
    if (!Silent(handle)) return connected;
    SetError(kPending);
    return false;
  }
  static Handle Accept(Handle listener) {
    const int number = std::exchange(faults.bad_accept, 0);
    if (number == 0) return Count(NativeCalls::Accept(listener));
    SetError(number);
    return kNoHandle;
  }
  static bool OpenWake(Handle& reader, Handle& writer) {
    SetError(faults.no_wake);
    if (faults.no_wake != 0 || !NativeCalls::OpenWake(reader, writer)) return false;
    Count(reader);
    Count(writer);
    return true;
  }
  template <void (*kBody)(void*) noexcept>
  static int StartThread(void* argument) {
    return faults.no_thread != 0 ? faults.no_thread : NativeCalls::StartThread<kBody>(argument);
  }
  static int Poll(Handle handle, smtpoll::Readiness what, int at_most, smtpoll::Readiness& ready) {
    if (Silent(handle)) return NativeCalls::Poll(handle, smtpoll::Readiness::None, at_most, ready);
    if (faults.interruptions == 0) return NativeCalls::Poll(handle, what, at_most, ready);
    --faults.interruptions;
    SetError(OS_ERROR(EINTR));
    return -1;
  }
  static int PollWritable(const Handle* several, std::size_t count, int at_most) {
    Handle speaking[8];
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i)
      if (!Silent(several[i])) speaking[size++] = several[i];
    if (size != 0) return NativeCalls::PollWritable(speaking, size, at_most);
    smtpoll::Readiness ready = smtpoll::Readiness::None;
    return NativeCalls::Poll(several[0], smtpoll::Readiness::None, at_most, ready);
  }
  static void CloseHandle(Handle handle) {
    NativeCalls::CloseHandle(handle);
    if (handle == kNoHandle) return;
    for (ConnectingHandle& one : connecting)
      if (one.handle == handle) one = ConnectingHandle();
    const std::lock_guard<std::mutex> lock(mutex);
    --handles;
    changed.notify_all();
  }

  static void SetError(int number) {
#if defined(SMTPOLL_WINDOWS)
    ::WSASetLastError(number);
#else
    errno = number;
#endif
  }

 private:
#if defined(SMTPOLL_WINDOWS)
  static constexpr int kPending = WSAEWOULDBLOCK;
#else
  static constexpr int kPending = EINPROGRESS;
#endif

  static Handle Count(Handle handle) {
    if (handle != kNoHandle) ++handles;
    return handle;
  }

  inline static std::mutex mutex;
  inline static std::condition_variable changed;
  /// True where connecting `handle` is not to end now.
  static bool Silent(Handle handle) {
    for (const ConnectingHandle& one : connecting)
      if (one.handle == handle)
        return !faults.silent.empty() && one.to.View().substr(0, faults.silent.size()) == faults.silent;
    return false;
  }

  inline static ConnectingHandle connecting[9];
  inline static addrinfo found[9];
  inline static sockaddr_storage addresses[9];
};

/// No faults at its start; at its end, all handles must be closed.
struct Scope {
  Scope() {
    faults = {};
    FaultyCalls::opened = 0;
  }
  ~Scope() {
    CHECK(FaultyCalls::Release());
    faults = {};
  }
};
