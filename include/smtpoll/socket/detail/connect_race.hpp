// Connecting to whichever address of a host answers first, IPv6 and IPv4 raced (RFC 8305): each address gets a head
// start, then the next one is tried beside it; the first that is connected wins and the others are closed.
// Invariant: the first count_ lanes hold an open handle each, oldest first; all others hold none.
#ifndef SMTPOLL_SOCKET_DETAIL_CONNECT_RACE_HPP
#define SMTPOLL_SOCKET_DETAIL_CONNECT_RACE_HPP

#include <new>
#include <utility>

#include "smtpoll/base/owned.hpp"
#include "smtpoll/socket/resolver.hpp"

#if defined(SMTPOLL_POSIX) || defined(SMTPOLL_WINDOWS)

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename Calls>
class ConnectRace {
 public:
  using Handle = typename Calls::Handle;
  /// Connections that are tried at a time, at most.
  static constexpr std::size_t kLanes = 6;
  /// Milliseconds of head start (RFC 8305 section 8: 250).
  static constexpr Millis kHeadStart = 250;
  /// An event loop sees only the newest connection; the others are looked at after so many milliseconds.
  static constexpr Millis kLookAgain = 20;

  ConnectRace() = default;
  ConnectRace(ConnectRace&& other) noexcept { *this = std::move(other); }
  ConnectRace& operator=(ConnectRace&& other) noexcept {
    Close();
    for (; count_ < other.count_; ++count_) lanes_[count_] = std::exchange(other.lanes_[count_], Lane());
    other.count_ = 0;
    next_start_ = other.next_start_;
    looked_ = other.looked_;
    number_ = other.number_;
    told_ = std::move(other.told_);
    return *this;
  }
  ~ConnectRace() { Close(); }

  /// Begins, or goes on, with what `addresses` has found; `now` is the time. Done: Take() has the winner. Failed: no
  /// address is left; the number is the last one's, untranslated.
  IoResult Step(Resolver<Calls>& addresses, Millis now) noexcept {
    looked_ = now;
    for (std::size_t i = 0; i < count_;) {
      Readiness ready = Readiness::None;
      if (Calls::Poll(lanes_[i].handle, Readiness::Write, 0, ready) == 0) {
        ++i;
        continue;
      }
      const int number = Calls::PendingError(lanes_[i].handle);
      if (number == 0) return Won(i);
      Lost(*lanes_[i].to, number);
      Remove(i);
      next_start_ = now;
    }
    while (count_ < kLanes && now >= next_start_) {
      const addrinfo* to = addresses.NextAddress();
      if (to == nullptr) {
        next_start_ = kNever;
        break;
      }
      if (Start(*to, addresses.LocalAddress())) return Won(count_ - 1);
      if (count_ != 0 && lanes_[count_ - 1].to == to) next_start_ = now + kHeadStart;
    }
    return count_ != 0 ? IoResult::TryAgain() : IoResult::Fail(number_);
  }

  /// After Done: the connected handle, which is the caller's now.
  Handle Take() noexcept {
    const Handle winner = std::exchange(lanes_[0].handle, Calls::kNoHandle);
    count_ = 0;
    Close();
    return winner;
  }

  /// Ends all, and forgets what there was to tell.
  void Close() noexcept {
    while (count_ != 0) Remove(count_ - 1);
    next_start_ = 0;
    told_.reset();
  }

  /// The newest connection under way, kNoHandle where there is none.
  Handle Newest() const noexcept { return count_ != 0 ? lanes_[count_ - 1].handle : Calls::kNoHandle; }

  /// When Step has something to do though nothing is ready: a next address starts.
  Millis NextStart() const noexcept { return count_ < kLanes ? next_start_ : kNever; }
  /// The same for who waits for Newest() alone.
  Millis NextLook() const noexcept {
    const Millis again = count_ > 1 ? looked_ + kLookAgain : kNever;
    return again < NextStart() ? again : NextStart();
  }

  /// Waits at most `at_most` milliseconds until one of the connections is ready to be looked at; as Calls::Poll.
  int Wait(int at_most) const noexcept {
    Handle handles[kLanes];
    for (std::size_t i = 0; i < count_; ++i) handles[i] = lanes_[i].handle;
    return Calls::PollWritable(handles, count_, at_most);
  }

  /// Each address that failed, with the reason, and each that has not answered; valid until the next call.
  std::string_view FaultText() const noexcept {
    if (count_ != 0) Told();
    if (!told_) return {};
    told_->all = told_->lost;
    for (std::size_t i = 0; i < count_; ++i) Tell(told_->all, *lanes_[i].to, "no answer");
    return told_->all.View();
  }

 private:
  struct Lane {
    Handle handle = Calls::kNoHandle;
    const addrinfo* to = nullptr;
  };

  /// True where it is connected at once. Otherwise it is the last lane now, or has failed.
  bool Start(const addrinfo& to, const addrinfo* local) noexcept {
    Lane lane{Calls::Open(to.ai_family), &to};
    if (lane.handle != Calls::kNoHandle && (local == nullptr || Calls::Bind(lane.handle, *local))) {
      const bool connected = Calls::Connect(lane.handle, to);
      if (connected || Calls::ConnectPending(Calls::LastError())) {
        lanes_[count_++] = lane;
        return connected;
      }
    }
    const int number = Calls::LastError();
    Calls::CloseHandle(lane.handle);
    Lost(to, number);
    return false;
  }

  IoResult Won(std::size_t lane) noexcept {
    std::swap(lanes_[0], lanes_[lane]);
    while (count_ > 1) Remove(count_ - 1);
    return IoResult::Ok();
  }

  void Remove(std::size_t lane) noexcept {
    Calls::CloseHandle(lanes_[lane].handle);
    for (--count_; lane < count_; ++lane) lanes_[lane] = lanes_[lane + 1];
    lanes_[count_] = Lane();
  }

  using Text = FixedText<256>;
  struct Report {
    Text lost;  // what failed
    Text all;
  };

  /// Null where there is no memory.
  Report* Told() const noexcept {
    if (!told_) told_ = Owned<Report>(new (std::nothrow) Report);
    return told_.get();
  }

  void Lost(const addrinfo& to, int number) noexcept {
    number_ = number;
    if (Told() != nullptr) Tell(told_->lost, to, Calls::Reason(number).View());
  }

  static void Tell(Text& text, const addrinfo& to, std::string_view reason) noexcept {
    sockaddr_storage address{};
    std::memcpy(&address, to.ai_addr, static_cast<std::size_t>(to.ai_addrlen));
    if (!text.empty()) text.Append("; ");
    text.Append(ToText(address).View());
    text.Append(": ");
    text.Append(reason);
  }

  Lane lanes_[kLanes];
  std::size_t count_ = 0;
  Millis next_start_ = 0;  // when the next address may start
  Millis looked_ = 0;
  int number_ = 0;              // why the last one failed
  mutable Owned<Report> told_;  // only where there is something to tell
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif

#endif
