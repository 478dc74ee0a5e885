// How long the client waits for each step, with the minima of RFC 5321 4.5.3.2 as defaults.
#ifndef SMTPOLL_PROTOCOL_TIMEOUTS_HPP
#define SMTPOLL_PROTOCOL_TIMEOUTS_HPP

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// Time-outs in milliseconds. A wait counts from the last command that went out or the last reply that came in.
struct Timeouts {
  ///@{
  /// Milliseconds.
  static constexpr Millis kSecond = 1000;
  static constexpr Millis kMinute = 60 * kSecond;
  ///@}

  Millis connect = kMinute;             ///< Name resolution and connection together; the RFC names none.
  Millis greeting = 5 * kMinute;        ///< 4.5.3.2.1: the initial 220.
  Millis hello = 5 * kMinute;           ///< EHLO and HELO.
  Millis tls = kMinute;                 ///< The TLS handshake as a whole.
  Millis authentication = 5 * kMinute;  ///< Each step of AUTH.
  Millis mail = 5 * kMinute;            ///< 4.5.3.2.2: MAIL.
  Millis recipient = 5 * kMinute;       ///< 4.5.3.2.3: RCPT.
  Millis data = 2 * kMinute;            ///< 4.5.3.2.4: DATA, until its 354.
  Millis content = 3 * kMinute;         ///< 4.5.3.2.5: each piece of content handed to the wire.
  Millis content_end = 10 * kMinute;    ///< 4.5.3.2.6: the final reply.
  Millis reset = 5 * kMinute;           ///< RSET.
  Millis command = 5 * kMinute;         ///< NOOP, VRFY, EXPN, HELP.
  Millis quit = 10 * kSecond;           ///< QUIT; nothing is lost where its reply does not come.
};

SMTPOLL_NAMESPACE_END

#endif
