// Version, namespace and platform switches; every macro of smtpoll starts with SMTPOLL_.
// Yours to define before the include: SMTPOLL_NO_SIMD does without vectors; SMTPOLL_SMALL, SMTPOLL_NO_AUTH and
// SMTPOLL_NO_DIGESTS leave things out, see base/features.hpp; SMTPOLL_NO_WSASTARTUP (Windows) leaves WSAStartup and
// WSACleanup to the program.
// The inline namespace carries the version, so two versions of the header can live in one program.
#ifndef SMTPOLL_BASE_CONFIG_HPP
#define SMTPOLL_BASE_CONFIG_HPP

#include <cstddef>
#include <cstdint>

#define SMTPOLL_VERSION "0.1.0"

#define SMTPOLL_NAMESPACE_BEGIN \
  namespace smtpoll {           \
  inline namespace v0_1_0 {
#define SMTPOLL_NAMESPACE_END \
  }                           \
  }

#if defined(_WIN32)
#define SMTPOLL_WINDOWS 1
#elif defined(__unix__) || (defined(__APPLE__) && defined(__MACH__))
#define SMTPOLL_POSIX 1
#endif

// A function that is rare and large is kept out of its callers: its room on the stack is theirs where it is inlined.
#if defined(__GNUC__)
#define SMTPOLL_APART __attribute__((noinline))
#else
#define SMTPOLL_APART
#endif

SMTPOLL_NAMESPACE_BEGIN

/// The library's semantic version, as in the macro SMTPOLL_VERSION.
constexpr const char* Version() noexcept { return SMTPOLL_VERSION; }

/// Milliseconds of a clock that never runs backwards; its zero is whatever the owner of the clock says.
using Millis = std::int64_t;

/// A point in time that never comes: no deadline is set.
inline constexpr Millis kNever = INT64_MAX;

SMTPOLL_NAMESPACE_END

#endif
