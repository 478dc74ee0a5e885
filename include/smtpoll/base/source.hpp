// The byte source: content is pulled piece by piece into the reader's memory, never built as a whole.
// Invariant: the bytes a source yields after Rewind are the bytes it yielded before.
#ifndef SMTPOLL_BASE_SOURCE_HPP
#define SMTPOLL_BASE_SOURCE_HPP

#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What a read from a Source ended with.
enum class SourceStatus : std::uint8_t {
  More,    ///< `size` bytes were written; there may be more.
  Again,   ///< Nothing now (`size` is 0); ask again later.
  End,     ///< `size` bytes were written (0 is allowed), and no more will come.
  Failed,  ///< The source broke; what was read is not the whole.
};

/// Result of Source::Read: how many bytes were written, and how the read ended.
struct SourceResult {
  std::size_t size = 0;                     ///< Bytes read.
  SourceStatus status = SourceStatus::End;  ///< What comes after them.
};

class MessageSource;

namespace detail {

/// What is known of the lines that the next Read yields, so that they need not be looked through again. Nothing, but
/// where smtpoll's own renderer made them: nobody else can make a claim.
class LineClaim {
 public:
  constexpr LineClaim() noexcept = default;
  /// CR and LF stand only together and in this order; a read may end between them.
  constexpr bool CrlfLines() const noexcept { return level_ != 0; }
  /// As CrlfLines, and no line starts with a dot.
  constexpr bool NoDots() const noexcept { return level_ == 2; }

 private:
  friend class smtpoll::MessageSource;
  explicit constexpr LineClaim(unsigned char level) noexcept : level_(level) {}
  unsigned char level_ = 0;
};

}  // namespace detail

/// The size of a source that does not know how long it is.
inline constexpr std::uint64_t kUnknownSize = UINT64_MAX;

/// A resumable stream of bytes. Implementations never block longer than a local file read does.
class Source {
 public:
  /// Writes at most `room` (at least 1) bytes to `into`. More with size 0 is not allowed; say Again.
  virtual SourceResult Read(char* into, std::size_t room) = 0;

  /// Starts over from the first byte. False where the source cannot (a one-way stream).
  virtual bool Rewind() = 0;

  /// Total number of bytes from start to end, or kUnknownSize.
  virtual std::uint64_t Size() const = 0;

  /// Which source failed and why, for the error text; empty while all is well. Valid until the next call.
  virtual std::string_view Failure() const { return {}; }

  /// For smtpoll's own renderer: what the next Read yields is known to be clean.
  virtual detail::LineClaim Claim() const { return {}; }

 protected:
  Source() = default;
  /// A copy of what an own source has beside its functions.
  Source(const Source&) = default;
  /// As above.
  Source& operator=(const Source&) = default;
  ~Source() = default;  // nobody owns a source through this class
};

/// Yields bytes that somebody else holds; `bytes` must outlive the source.
class MemorySource final : public Source {
 public:
  MemorySource() = default;
  /// Reads `bytes`, which must stay valid as long as this is used.
  explicit MemorySource(std::string_view bytes) noexcept : bytes_(bytes) {}

  SourceResult Read(char* into, std::size_t room) override {
    const std::size_t left = bytes_.size() - at_;
    const std::size_t size = left < room ? left : room;
    if (size != 0) std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
    return {size, at_ == bytes_.size() ? SourceStatus::End : SourceStatus::More};
  }
  bool Rewind() override {
    at_ = 0;
    return true;
  }
  std::uint64_t Size() const override { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
