// SMTPSecureSocket, SecureSession and SecureRetryQueue: the seed's successor class and its siblings, over the TLS
// library that a macro chooses: SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or SMTPOLL_SCHANNEL, defined before smtpoll.hpp (the
// first of them counts). They are the classes without "Secure" over that transport; nothing else is special to them.
#ifndef SMTPOLL_CLIENT_SECURE_SOCKET_HPP
#define SMTPOLL_CLIENT_SECURE_SOCKET_HPP

#include "smtpoll/client/retry_queue.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"
#include "smtpoll/transport/no_tls.hpp"

SMTPOLL_NAMESPACE_BEGIN

#if defined(SMTPOLL_OPENSSL)
/// SMTPSocket with TLS by the library that a macro chose (the seed's class).
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, OpenSslTransport>;
/// Session with TLS by that library.
using SecureSession = BasicSession<NativeSocket, OpenSslTransport>;
/// RetryQueue with TLS by that library.
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
using SMTPSecureSocket = BasicSMTPSocket<NativeSocket, detail::NoTlsTransport>;
using SecureSession = BasicSession<NativeSocket, detail::NoTlsTransport>;
using SecureRetryQueue = BasicRetryQueue<NativeSocket, detail::NoTlsTransport>;
#endif

SMTPOLL_NAMESPACE_END

#endif
