// The messages that SMTPSocket has under way, in the order in which the engine was given them: the engine tells their
// outcomes in that order too. Invariant: a flight stays where it is in memory until it is taken, and its memory is used
// again for a later one.
#ifndef SMTPOLL_CLIENT_FLIGHTS_HPP
#define SMTPOLL_CLIENT_FLIGHTS_HPP

#include <memory>
#include <utility>
#include <vector>

#include "smtpoll/client/delivery.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A message under way and what is known of it.
struct Flight {
  EmailMessage mail;
  Delivery delivery;
};

class Flights {
 public:
  using Owner = std::unique_ptr<Flight>;

  bool empty() const noexcept { return under_way_.empty(); }
  std::size_t Count() const noexcept { return under_way_.size(); }
  Flight& Oldest() noexcept { return *under_way_.front(); }
  const Flight& Oldest() const noexcept { return *under_way_.front(); }

  /// An empty flight that belongs to the caller.
  Owner Take() {
    if (spare_.empty()) return std::make_unique<Flight>();
    Owner flight = std::move(spare_.back());
    spare_.pop_back();
    return flight;
  }
  void Add(Owner flight) {
    under_way_.push_back(std::move(flight));
    spare_.reserve(under_way_.capacity());  // so that GiveBack never allocates
  }
  Owner TakeOldest() {
    Owner flight = std::move(under_way_.front());
    under_way_.erase(under_way_.begin());
    return flight;
  }
  /// The flight is over; its memory is kept, but that of attachments.
  void GiveBack(Owner flight) {
    if (!flight->mail.Attachments.empty()) flight->mail = EmailMessage();
    spare_.push_back(std::move(flight));
  }

 private:
  std::vector<Owner> under_way_;
  std::vector<Owner> spare_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
