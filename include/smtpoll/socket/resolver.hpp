// Name resolution that never blocks its caller: getaddrinfo runs in a thread of its own, and its end makes a handle
// readable that fits any event loop. IP addresses need no thread.
// Invariant: the side that leaves last, caller or thread, frees the job; so giving up takes no time and leaks nothing.
#ifndef SMTPOLL_SOCKET_RESOLVER_HPP
#define SMTPOLL_SOCKET_RESOLVER_HPP

#include <new>
#include <utility>

#include "smtpoll/base/atomic.hpp"
#include "smtpoll/base/error.hpp"
#include "smtpoll/socket/detail/address_text.hpp"
#include "smtpoll/socket/socket_policy.hpp"

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The addresses of a host or of this machine, as getaddrinfo finds them; frees them.
template <typename Calls>
class AddressList {
 public:
  AddressList() = default;
  AddressList(const AddressList&) = delete;
  AddressList& operator=(const AddressList&) = delete;
  ~AddressList() {
    if (first_ != nullptr) Calls::FreeAddresses(first_);
  }

  /// What to look for: a host name or address without brackets (empty: this machine). False where it can be none.
  bool Prepare(std::string_view host, std::uint16_t port, int family) noexcept {
    if (host.size() >= sizeof host_ || host.find('\0') != std::string_view::npos) return false;
    host_[host.copy(host_, host.size())] = '\0';
    FixedText<sizeof port_ - 1> digits;
    digits.AppendDecimal(port);
    port_[digits.View().copy(port_, sizeof port_ - 1)] = '\0';
    family_ = family;
    return true;
  }

  /// Looks for it, once; returns getaddrinfo's number, 0 for success. Blocks where `flags` lack AI_NUMERICHOST.
  int Find(int flags) noexcept {
    addrinfo hints{};
    hints.ai_family = family_;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    return Calls::GetAddresses(host_[0] != '\0' ? host_ : nullptr, port_, hints, first_);
  }

  const addrinfo* First() const noexcept { return first_; }

 private:
  addrinfo* first_ = nullptr;
  int family_ = AF_UNSPEC;
  char port_[6];
  char host_[256];
};

/// Turns an Endpoint into the socket addresses to try, one after the other. `Calls` is the system (see tcp_socket.hpp).
template <typename Calls>
class Resolver {
 public:
  using Handle = typename Calls::Handle;

  Resolver() = default;
  Resolver(Resolver&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
  Resolver& operator=(Resolver&& other) noexcept {
    std::swap(job_, other.job_);
    return *this;
  }
  ~Resolver() { Cancel(); }

  /// Starts; nothing of `to` is needed after the call. Again where a thread looks up a name. Fails with Errc's
  /// NameResolution or OutOfMemory, or the system's number where there is no thread or handle to be had.
  IoResult Start(const Endpoint& to) noexcept {
    Cancel();
    job_ = new (std::nothrow) Job;
    if (job_ == nullptr) return Failed(Errc::OutOfMemory);
    if (!job_->network.Start()) return Failed(Errc::NetworkInit);

    int family = AF_UNSPEC;
    if (!to.local_address.empty()) {
      std::string_view local = to.local_address;
      TakeBrackets(local);
      if (!job_->local.Prepare(local, 0, AF_UNSPEC)) return Failed(Errc::NameResolution);
      job_->number = job_->local.Find(AI_NUMERICHOST);
      if (job_->number != 0) return Step();
      family = job_->local.First()->ai_family;
    }

    std::string_view host = to.host;
    const bool is_address = TakeBrackets(host);
    if (host.empty() || !job_->remote.Prepare(host, to.port, family)) return Failed(Errc::NameResolution);
    job_->number = job_->remote.Find(AI_NUMERICHOST);
    return job_->number == 0 || is_address ? Step() : StartThread();
  }

  /// Done when the addresses are there, Again while the thread runs.
  IoResult Step() noexcept {
    if (job_->fate.Load() == Fate::Running) return IoResult::TryAgain();
    Calls::CloseHandle(std::exchange(job_->wake_reader, Calls::kNoHandle));
    if (job_->number != 0) return IoResult::Fail(Calls::TranslateResolve(job_->number));
    const addrinfo* other = job_->remote.First();
    job_->next[0] = other;
    while (other != nullptr && other->ai_family == job_->remote.First()->ai_family) other = other->ai_next;
    job_->next[1] = other;
    job_->turn = 0;
    return IoResult::Ok();
  }

  /// Becomes readable when Step has more to say than Again.
  Handle NativeHandle() const noexcept { return job_ != nullptr ? job_->wake_reader : Calls::kNoHandle; }

  /// After Done: the next address to try, null after the last. IPv6 and IPv4 take turns, the system's favourite first
  /// (RFC 8305 section 4). Valid until Cancel.
  const addrinfo* NextAddress() noexcept {
    const int favourite = job_->remote.First()->ai_family;
    const addrinfo*& mine = job_->next[job_->turn];
    job_->turn ^= 1;
    const addrinfo*& next = mine != nullptr ? mine : job_->next[job_->turn];
    const addrinfo* address = next;
    if (address == nullptr) return nullptr;
    const bool first_kind = address->ai_family == favourite;
    do next = next->ai_next;
    while (next != nullptr && (next->ai_family == favourite) != first_kind);
    return address;
  }

  /// After Done: the address to bind to, null where there is none. Valid until Cancel.
  const addrinfo* LocalAddress() const noexcept { return job_->local.First(); }

  /// Gives up, or frees what was found. A thread that still runs goes on alone and cleans up after itself.
  void Cancel() noexcept {
    if (job_ == nullptr) return;
    Calls::CloseHandle(std::exchange(job_->wake_reader, Calls::kNoHandle));
    if (job_->fate.Exchange(Fate::Abandoned) != Fate::Running) delete job_;
    job_ = nullptr;
  }

 private:
  enum class Fate : std::uint8_t {
    Resting,    // There is no thread, or it has done its work: the caller owns the job.
    Running,    // Both own it.
    Abandoned,  // The caller has left: the thread owns it.
  };

  struct Job {
    typename Calls::Network network;
    Atomic<Fate> fate{Fate::Resting};
    int number = 0;  // what getaddrinfo returned
    AddressList<Calls> local;
    AddressList<Calls> remote;
    const addrinfo* next[2] = {};  // of the first address's family, and of the others
    unsigned turn = 0;
    Handle wake_reader = Calls::kNoHandle;  // the caller's
    Handle wake_writer = Calls::kNoHandle;  // the thread's
  };

  static IoResult Failed(Errc code) noexcept { return IoResult::Fail(static_cast<int>(code)); }

  IoResult StartThread() noexcept {
    if (!Calls::OpenWake(job_->wake_reader, job_->wake_writer))
      return IoResult::Fail(Calls::Translate(Calls::LastError()));
    job_->fate.Store(Fate::Running);
    const int number = Calls::template StartThread<&Resolver::Run>(job_);
    if (number == 0) return IoResult::TryAgain();
    job_->fate.Store(Fate::Resting);
    Calls::CloseHandle(job_->wake_writer);
    return IoResult::Fail(Calls::Translate(number));
  }

  static void Run(void* argument) noexcept {
    // The job, and with it its hold on the network, may be gone before the writer is closed.
    typename Calls::Network network;
    network.Start();
    Job* job = static_cast<Job*>(argument);
    const Handle writer = job->wake_writer;
    job->number = job->remote.Find(0);
    if (job->fate.Exchange(Fate::Resting) == Fate::Abandoned) delete job;
    Calls::Wake(writer);
    Calls::CloseHandle(writer);
  }

  Job* job_ = nullptr;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif
