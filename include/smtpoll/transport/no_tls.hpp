// The TLS transports by name, and what stands in their place where no TLS library was chosen.
#ifndef SMTPOLL_TRANSPORT_NO_TLS_HPP
#define SMTPOLL_TRANSPORT_NO_TLS_HPP

#include "smtpoll/transport/plain.hpp"

SMTPOLL_NAMESPACE_BEGIN

// Each stands in the opt-in header of its name under smtpoll/transport/.
template <typename Socket>
class OpenSslTransport;
template <typename Socket>
class MbedTlsTransport;
template <typename Socket>
class SchannelTransport;

namespace detail {

template <typename>
constexpr bool kTlsIsChosen = false;

/// Stands where no TLS library was chosen, and tells so whoever wants one.
template <typename Socket>
class NoTlsTransport : public PlainTransport<Socket> {
  static_assert(kTlsIsChosen<Socket>,
                "SMTPSecureSocket and SecureSession need a TLS library: define SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or "
                "SMTPOLL_SCHANNEL before smtpoll.hpp, or include smtpoll/transport/openssl.hpp, mbedtls.hpp or "
                "schannel.hpp and use BasicSMTPSocket over its transport (so do POP3SecureSocket and "
                "SecurePop3Session)");
};

}  // namespace detail

SMTPOLL_NAMESPACE_END

#endif
