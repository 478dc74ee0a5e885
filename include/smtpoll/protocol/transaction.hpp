// A message in flight as the engine sees it: what of its transaction (RFC 5321 3.3) is written, answered and decided.
// Invariant: transactions are answered in the order in which they were started, so the oldest is the one that the next
// reply to a transaction belongs to, and the newest is the only one that may still be written.
#ifndef SMTPOLL_PROTOCOL_TRANSACTION_HPP
#define SMTPOLL_PROTOCOL_TRANSACTION_HPP

#include "smtpoll/protocol/envelope.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One message in flight. The driver hands the engine memory for as many as may be.
struct Transaction {
  /// What became of it, once that is known and until it is told.
  enum class End : std::uint8_t { Open, Accepted, Refused, InDoubt, Returned };

  std::string_view reverse_path;      ///< Of its envelope.
  Span<const Recipient> recipients;   ///< Of its envelope.
  std::uint64_t end_at = UINT64_MAX;  ///< Position in the output at which its content ends, once that is written.
  std::uint32_t number = 0;           ///< Counted from 1 in each session.
  std::uint32_t accepted = 0;         ///< Recipients that the server took.
  std::uint32_t final_replies = 0;    ///< LMTP: how many of them have come.
  End end = End::Open;                ///< How it ended.
  bool chunked = false;               ///< The content goes by BDAT.
  bool refused = false;               ///< By the server; the rest of its replies is read and passed over.
  bool broken = false;                ///< Broken off by this side before its end was written.
  bool overlaps = false;              ///< It started before the one before had its outcome.
  bool delivered = false;             ///< LMTP: one of the final replies was positive.

  /// All of its content is written, and its final reply will come.
  bool IsWhole() const noexcept { return end_at != UINT64_MAX; }
};

namespace detail {

/// The transactions in flight, oldest first, in memory that the caller sized.
class TransactionQueue {
 public:
  explicit TransactionQueue(Span<Transaction> memory) noexcept : memory_(memory) {}

  std::size_t Count() const noexcept { return count_; }
  std::size_t Room() const noexcept { return memory_.size(); }
  /// How many were added since Clear.
  std::uint32_t Started() const noexcept { return last_number_; }
  Transaction& Oldest() const noexcept { return memory_[first_]; }
  Transaction& Newest() const noexcept { return memory_[(first_ + count_ - 1) % memory_.size()]; }

  const Transaction* Find(std::uint32_t number) const noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      if (const Transaction& one = memory_[(first_ + i) % memory_.size()]; one.number == number) return &one;
    return nullptr;
  }

  Transaction& Add() noexcept {
    ++count_;
    Newest() = {};
    Newest().number = ++last_number_;
    return Newest();
  }
  void DropOldest() noexcept {
    first_ = (first_ + 1) % memory_.size();
    --count_;
  }
  void Clear() noexcept {
    first_ = count_ = 0;
    last_number_ = 0;
  }

  template <typename Function>
  void ForEach(Function&& function) const {
    for (std::size_t i = 0; i < count_; ++i) function(memory_[(first_ + i) % memory_.size()]);
  }

 private:
  Span<Transaction> memory_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint32_t last_number_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
