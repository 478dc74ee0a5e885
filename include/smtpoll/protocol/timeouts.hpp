// How long the client waits for each step, with the minima of RFC 5321 4.5.3.2 as defaults.
#ifndef SMTPOLL_PROTOCOL_TIMEOUTS_HPP
#define SMTPOLL_PROTOCOL_TIMEOUTS_HPP

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Time-outs in milliseconds. A wait counts from the last command that went out or the last reply that came in.
struct Timeouts {
  Millis connect = 60 * 1000;             ///< Name resolution and connection together; the RFC names none.
  Millis greeting = 5 * 60 * 1000;        ///< 4.5.3.2.1: the initial 220.
  Millis hello = 5 * 60 * 1000;           ///< EHLO and HELO.
  Millis tls = 60 * 1000;                 ///< The TLS handshake as a whole.
  Millis authentication = 5 * 60 * 1000;  ///< Each step of AUTH.
  Millis mail = 5 * 60 * 1000;            ///< 4.5.3.2.2: MAIL.
  Millis recipient = 5 * 60 * 1000;       ///< 4.5.3.2.3: RCPT.
  Millis data = 2 * 60 * 1000;            ///< 4.5.3.2.4: DATA, until its 354.
  Millis content = 3 * 60 * 1000;         ///< 4.5.3.2.5: each piece of content handed to the wire.
  Millis content_end = 10 * 60 * 1000;    ///< 4.5.3.2.6: the final reply.
  Millis reset = 5 * 60 * 1000;           ///< RSET.
  Millis command = 5 * 60 * 1000;         ///< NOOP, VRFY, EXPN, HELP.
  Millis quit = 10 * 1000;                ///< QUIT; nothing is lost where its reply does not come.
};

SMTPOLL_NAMESPACE_END

#endif
