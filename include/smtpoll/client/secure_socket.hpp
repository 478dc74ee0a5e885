// SMTPSecureSocket, SecureSession and SecureRetryQueue: the seed's successor class and its siblings, over the TLS
// library that a macro chooses: SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or SMTPOLL_SCHANNEL, defined before smtpoll.hpp (the
// first of them counts). They are the classes without "Secure" over that transport; nothing else is special to them.
#ifndef SMTPOLL_CLIENT_SECURE_SOCKET_HPP
#define SMTPOLL_CLIENT_SECURE_SOCKET_HPP

#include "smtpoll/client/retry_queue.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN

// Each stands in the opt-in header of its name under smtpoll/transport/.
template <typename Socket>
class OpenSslTransport;
template <typename Socket>
class MbedTlsTransport;
template <typename Socket>
class SchannelTransport;

#if defined(SMTPOLL_OPENSSL)
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, OpenSslTransport>;
using SecureSession = BasicSession<NativeSocket, OpenSslTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, OpenSslTransport>;
#elif defined(SMTPOLL_MBEDTLS)
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, MbedTlsTransport>;
using SecureSession = BasicSession<NativeSocket, MbedTlsTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, MbedTlsTransport>;
#elif defined(SMTPOLL_SCHANNEL)
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, SchannelTransport>;
using SecureSession = BasicSession<NativeSocket, SchannelTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, SchannelTransport>;
#else
namespace detail {

template <typename>
constexpr bool kTlsIsChosen = false;

/// Stands where no TLS library was chosen, and tells so whoever wants one.
template <typename Socket>
class NoTlsTransport : public PlainTransport<Socket> {
  static_assert(kTlsIsChosen<Socket>,
                "SMTPSecureSocket and SecureSession need a TLS library: define SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or "
                "SMTPOLL_SCHANNEL before smtpoll.hpp, or include smtpoll/transport/openssl.hpp, mbedtls.hpp or "
                "schannel.hpp and use BasicSMTPSocket over its transport");
};

}  // namespace detail

using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, detail::NoTlsTransport>;
using SecureSession = BasicSession<NativeSocket, detail::NoTlsTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, detail::NoTlsTransport>;
#endif

SMTPOLL_NAMESPACE_END

#endif
