// All of smtpoll in one translation unit, its templates instantiated with all that comes with it: for what analyses.
#define SMTPOLL_TESTING
#define SMTPOLL_OPENSSL
#define SMTPOLL_MBEDTLS
#define SMTPOLL_POP3
#include <smtpoll/smtpoll.hpp>

SMTPOLL_NAMESPACE_BEGIN

template class BasicSMTPSocket<NativeSocket>;
template class BasicSMTPSocket<NativeSocket, OpenSslTransport>;
template class BasicSMTPSocket<NativeSocket, MbedTlsTransport>;
template class BasicSession<Socks5Proxy<NativeSocket>>;
template class BasicSession<HttpConnectProxy<NativeSocket>>;
template class BasicSession<NativeSocket>;
template class BasicSession<NativeSocket, OpenSslTransport>;
template class BasicSession<testing::ScriptedSocket, testing::PretendTls>;
template class BasicRetryQueue<NativeSocket>;
template class SmallSession<NativeSocket>;
template class BasicPOP3Socket<NativeSocket, OpenSslTransport>;
template class BasicPop3Session<NativeSocket, OpenSslTransport>;

SMTPOLL_NAMESPACE_END
