// The messages that SMTPSocket has under way, in the order in which the engine was given them: the engine tells their
// outcomes in that order too. Invariant: a flight stays where it is in memory until it is taken, and its memory is used
// again for a later one.
#ifndef SMTPOLL_CLIENT_FLIGHTS_HPP
#define SMTPOLL_CLIENT_FLIGHTS_HPP

#include <utility>

#include "smtpoll/base/owned.hpp"
#include "smtpoll/client/delivery.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A message under way and what is known of it.
struct Flight {
  EmailMessage mail;
  Delivery delivery;
  Owned<Flight> next;  // in the list that has it
};

/// A template for the same reason as BasicDelivery.
template <typename Flight>
class FlightList {
 public:
  using Owner = Owned<Flight>;

  bool empty() const noexcept { return count_ == 0; }
  std::size_t Count() const noexcept { return count_; }
  Flight& Oldest() noexcept { return *under_way_; }
  const Flight& Oldest() const noexcept { return *under_way_; }

  /// An empty flight that belongs to the caller.
  Owner Take() { return spare_ ? TakeFirst(spare_) : Owner(new Flight); }
  void Add(Owner flight) noexcept {
    Owner& end = empty() ? under_way_ : newest_->next;
    end = std::move(flight);
    newest_ = end.get();
    ++count_;
  }
  Owner TakeOldest() noexcept {
    --count_;
    return TakeFirst(under_way_);
  }
  /// The flight is over; its memory is kept, but that of attachments.
  void GiveBack(Owner flight) {
    if (!flight->mail.Attachments.empty()) flight->mail = EmailMessage();
    flight->next = std::move(spare_);
    spare_ = std::move(flight);
  }

 private:
  static Owner TakeFirst(Owner& list) noexcept {
    Owner first = std::move(list);
    list = std::move(first->next);
    return first;
  }

  Owner under_way_;  // oldest first
  Flight* newest_ = nullptr;
  Owner spare_;
  std::size_t count_ = 0;
};
using Flights = FlightList<Flight>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
