// The result of one non-blocking step of a socket or a transport. Nothing here blocks and nothing throws.
#ifndef SMTPOLL_BASE_IO_HPP
#define SMTPOLL_BASE_IO_HPP

#include <cstddef>
#include <cstdint>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// How a non-blocking step ended.
enum class IoStatus : std::uint8_t {
  Done,    ///< It is done; for a read or a write, `size` (at least 1) bytes were moved.
  Again,   ///< Nothing could be done now; try again when the wire is ready.
  Closed,  ///< The peer has closed its side in order (end of file).
  Failed,  ///< It failed; `error` says why.
};

/// Result of a step: bytes moved, how it ended, and the error number (Errc's or the OS's own) where it failed.
struct IoResult {
  IoStatus status = IoStatus::Done;  ///< How it ended.
  std::size_t size = 0;              ///< Bytes moved.
  int error = 0;                     ///< The error number where it failed.

  /// It is done, with so many bytes.
  static constexpr IoResult Ok(std::size_t size = 0) noexcept { return {IoStatus::Done, size, 0}; }
  /// Nothing could be done now.
  static constexpr IoResult TryAgain() noexcept { return {IoStatus::Again, 0, 0}; }
  /// The peer has closed.
  static constexpr IoResult EndOfFile() noexcept { return {IoStatus::Closed, 0, 0}; }
  /// It failed, for this reason.
  static constexpr IoResult Fail(int error) noexcept { return {IoStatus::Failed, 0, error}; }
};

/// What somebody waits for on the wire; the values combine as bits.
enum class Readiness : std::uint8_t { None = 0, Read = 1, Write = 2, ReadOrWrite = 3 };

/// Both sets together.
constexpr Readiness operator|(Readiness a, Readiness b) noexcept {
  return static_cast<Readiness>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// `one` is in `set`.
constexpr bool Includes(Readiness set, Readiness one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

SMTPOLL_NAMESPACE_END

#endif
