// smtpoll: a synchronous SMTP client in headers. This is the one include; it lists the floors in reading order.
#ifndef SMTPOLL_SMTPOLL_HPP
#define SMTPOLL_SMTPOLL_HPP

// Floor 5: what you use.
#include "smtpoll/client/retry_queue.hpp"
#include "smtpoll/client/secure_socket.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/client/small_session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

// Floor 6, opt-in: reading mail.
#if defined(SMTPOLL_POP3)
#include "smtpoll/pop3.hpp"
#endif

// Floor 6, opt-in: a scripted server in memory, for tests of your own code.
#if defined(SMTPOLL_TESTING)
#include "smtpoll/testing.hpp"
#endif

// Floors 4 and 3: how bytes travel; bring your own policy for another TLS library or TCP stack.
#include "smtpoll/socket/http_proxy.hpp"
#include "smtpoll/socket/native.hpp"
#include "smtpoll/socket/network_interface.hpp"
#include "smtpoll/socket/socket_policy.hpp"
#include "smtpoll/socket/socks5_proxy.hpp"
#include "smtpoll/transport/plain.hpp"
#include "smtpoll/transport/tls_settings.hpp"
#include "smtpoll/transport/transport_policy.hpp"

// Floor 4, opt-in: TLS by a library of yours.
#if defined(SMTPOLL_OPENSSL)
#include "smtpoll/transport/openssl.hpp"
#endif
#if defined(SMTPOLL_MBEDTLS)
#include "smtpoll/transport/mbedtls.hpp"
#endif
#if defined(SMTPOLL_SCHANNEL)
#include "smtpoll/transport/schannel.hpp"
#endif

// Floor 2: SMTP without I/O.
#include "smtpoll/protocol/engine.hpp"

// Floor 1: messages without SMTP.
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_source.hpp"
#include "smtpoll/message/message_view.hpp"
#include "smtpoll/message/message_view_source.hpp"

// Floor 1, opt-in: signatures by a library of yours.
#if defined(SMTPOLL_OPENSSL)
#include "smtpoll/message/dkim_openssl.hpp"
#endif
#if defined(SMTPOLL_MBEDTLS)
#include "smtpoll/message/dkim_mbedtls.hpp"
#endif

// Floor 0: errors, also for people, and byte sources.
#include "smtpoll/base/describe.hpp"
#include "smtpoll/base/error_category.hpp"
#include "smtpoll/base/source.hpp"

#endif
