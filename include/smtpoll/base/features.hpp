// What a small program leaves out, as constants: one macro of the user's each, the same in every file of a program.
// What is left out is refused by name, never passed over.
#ifndef SMTPOLL_BASE_FEATURES_HPP
#define SMTPOLL_BASE_FEATURES_HPP

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// SMTPOLL_SMALL: less code and less memory. Texts are looked at byte by byte, without tables; texts of errors are cut
/// shorter; one message goes at a time; there is no BDAT (RFC 3030), no LMTP, none of DeliveryOptions, DSN among
/// them, and LIMITS (RFC 9422) is not read.
#if defined(SMTPOLL_SMALL)
constexpr bool kIsSmall = true;
#else
constexpr bool kIsSmall = false;
#endif

/// SMTPOLL_NO_AUTH: no AUTH (RFC 4954), for a server that takes mail from whoever may reach it.
#if defined(SMTPOLL_NO_AUTH)
constexpr bool kHasAuth = false;
#else
constexpr bool kHasAuth = true;
#endif

/// SMTPOLL_NO_DIGESTS: AUTH without SCRAM and CRAM-MD5, and so without their digests.
#if defined(SMTPOLL_NO_DIGESTS) || defined(SMTPOLL_NO_AUTH)
constexpr bool kHasDigests = false;
#else
constexpr bool kHasDigests = true;
#endif

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
