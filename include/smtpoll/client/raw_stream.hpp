// The seed's raw stream: bytes the caller reads and writes himself, between buffers of bounded size and the wire.
// Invariant: received bytes are never dropped; when the buffer is full the wire is not read, so the peer has to wait.
#ifndef SMTPOLL_CLIENT_RAW_STREAM_HPP
#define SMTPOLL_CLIENT_RAW_STREAM_HPP

#include <string>
#include <string_view>

#include "smtpoll/base/error.hpp"
#include "smtpoll/base/io.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class RawStream {
 public:
  /// What one round of sending and receiving came to.
  struct Progress {
    bool sent = false;
    bool received = false;
    bool ended = false;  ///< The wire is gone, `error` says why; what was received before is still there.
    int error = 0;
  };

  std::string_view Received() const noexcept { return std::string_view(received_).substr(read_); }
  std::size_t Unsent() const noexcept { return unsent_.size() - sent_; }

  std::string Take(std::size_t count) {
    std::string bytes(Received().substr(0, count));
    read_ += bytes.size();
    if (read_ == received_.size()) Purge();
    return bytes;
  }
  void Purge() noexcept {
    received_.clear();
    read_ = 0;
  }

  /// Queues `bytes`; false, and nothing is queued, where more than `limit` bytes would wait.
  bool Queue(std::string_view bytes, std::size_t limit) {
    if (bytes.size() > limit || Unsent() > limit - bytes.size()) return false;
    if (sent_ == unsent_.size()) DropUnsent();
    unsent_ += bytes;
    return true;
  }
  void DropUnsent() noexcept {
    unsent_.clear();
    sent_ = 0;
  }

  /// Sends what it can of what is queued; the bytes sent are taken from `budget`.
  template <typename Wire>
  Progress Send(Wire& wire, std::size_t& budget) {
    Progress progress;
    while (Unsent() != 0 && budget != 0) {
      const IoResult result = wire.Write(unsent_.data() + sent_, Unsent());
      if (result.status != IoStatus::Done) return End(progress, result);
      sent_ += result.size;
      progress.sent = true;
      budget -= result.size < budget ? result.size : budget;
    }
    return progress;
  }

  /// Receives what is there, as long as at most `limit` bytes wait to be read.
  template <typename Wire>
  Progress Receive(Wire& wire, std::size_t limit, std::size_t& budget) {
    Progress progress;
    while (Received().size() < limit && budget != 0) {
      const std::size_t room = limit - Received().size() < kPiece ? limit - Received().size() : kPiece;
      received_.erase(0, read_);
      read_ = 0;
      const std::size_t before = received_.size();
      received_.resize(before + room);
      const IoResult result = wire.Read(&received_[before], room);
      received_.resize(before + (result.status == IoStatus::Done ? result.size : 0));
      if (result.status != IoStatus::Done) return End(progress, result);
      progress.received = true;
      budget -= result.size < budget ? result.size : budget;
    }
    return progress;
  }

 private:
  static constexpr std::size_t kPiece = 4096;

  static Progress End(Progress progress, const IoResult& result) noexcept {
    if (result.status == IoStatus::Again) return progress;
    progress.ended = true;
    progress.error = result.status == IoStatus::Failed ? result.error : static_cast<int>(Errc::ConnectionLost);
    return progress;
  }

  std::string received_;
  std::size_t read_ = 0;  // bytes of received_ that the caller has taken
  std::string unsent_;
  std::size_t sent_ = 0;  // bytes of unsent_ that the wire has taken
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
