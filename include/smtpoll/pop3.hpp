// Reading mail by POP3 (RFC 1939): POP3Socket, and the blocking Pop3Session. Opt-in: define SMTPOLL_POP3 before
// smtpoll.hpp, or include this. The parts that send mail neither know it nor pay for it. The TLS library is chosen as
// for SMTPSecureSocket; POP3SecureSocket and SecurePop3Session stand over it.
#ifndef SMTPOLL_POP3_HPP
#define SMTPOLL_POP3_HPP

#include "smtpoll/pop3/session.hpp"
#include "smtpoll/pop3/socket.hpp"
#include "smtpoll/transport/no_tls.hpp"

SMTPOLL_NAMESPACE_BEGIN

#if defined(SMTPOLL_OPENSSL)
/// POP3Socket with TLS by the library that a macro chose (the seed's class).
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, OpenSslTransport>;
/// Pop3Session with TLS by that library.
using SecurePop3Session = BasicPop3Session<NativeSocket, OpenSslTransport>;
#elif defined(SMTPOLL_MBEDTLS)
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, MbedTlsTransport>;
using SecurePop3Session = BasicPop3Session<NativeSocket, MbedTlsTransport>;
#elif defined(SMTPOLL_SCHANNEL)
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, SchannelTransport>;
using SecurePop3Session = BasicPop3Session<NativeSocket, SchannelTransport>;
#else
using POP3SecureSocket = BasicPOP3Socket<NativeSocket, detail::NoTlsTransport>;
using SecurePop3Session = BasicPop3Session<NativeSocket, detail::NoTlsTransport>;
#endif

SMTPOLL_NAMESPACE_END

#endif
