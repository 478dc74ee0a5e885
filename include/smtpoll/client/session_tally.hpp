// What a driver notes of a connection: time by phase, bytes, round trips, outcomes, and what names the connection once
// it is gone. Numbers and text in place, so that noting costs a message nothing but a few additions.
#ifndef SMTPOLL_CLIENT_SESSION_TALLY_HPP
#define SMTPOLL_CLIENT_SESSION_TALLY_HPP

#include <cstdint>

#include "smtpoll/protocol/event.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What one connection took so far. Everything counts from its Connect on, and stays until the next one.
struct SessionTally {
  /// Number of phases.
  static constexpr std::size_t kPhases = static_cast<std::size_t>(Phase::Command) + 1;

  /// Milliseconds by Phase. Together they are all the time from Connect to the end; with messages in flight, a time is
  /// the phase's that the oldest of them was in.
  Millis milliseconds[kPhases] = {};
  std::uint64_t bytes_out = 0;    ///< Bytes of SMTP sent, before encryption.
  std::uint64_t bytes_in = 0;     ///< Bytes of SMTP received, after decryption.
  std::uint32_t round_trips = 0;  ///< How often the client had said something and then heard the server.
  std::uint32_t sent = 0;         ///< Transactions that were accepted, refused, in doubt, returned to the queue.
  std::uint32_t refused = 0;      ///< Transactions that were refused.
  std::uint32_t in_doubt = 0;     ///< Transactions that are in doubt.
  std::uint32_t returned = 0;     ///< Transactions that went back to the queue.
  std::uint16_t port = 0;         ///< Port of the server.
  AuthMechanism mechanism = AuthMechanism::Any;  ///< What logged in; Any where nobody did.
  FixedText<46> address;                         ///< IP of the server; empty where there was no connection.
  FixedText<10> tls_version;                     ///< As the transport names it, "TLSv1.3"; empty without TLS.
  FixedText<40> cipher;                          ///< Cipher suite by the TLS library's name; empty without TLS.
  FixedText<64> greeting;                        ///< Text of the 220, cut at 64 bytes.
  bool encrypted = false;                        ///< What was sent was encrypted in the end.
  bool said_hello = false;                       ///< EHLO or HELO was accepted.
  bool spoke = false;                            ///< Something was said since the server was heard last.

  /// Milliseconds spent in `phase`.
  Millis TimeIn(Phase phase) const noexcept { return milliseconds[static_cast<std::size_t>(phase)]; }

  /// Takes note of `size` bytes sent.
  void Wrote(std::size_t size) noexcept {
    bytes_out += size;
    spoke = true;
  }
  /// Takes note of `size` bytes received.
  void Read(std::size_t size) noexcept {
    bytes_in += size;
    round_trips += spoke;
    spoke = false;
  }
  /// Takes note of what the engine tells.
  void Note(const Event& event) noexcept {
    switch (event.kind) {
      case EventKind::Greeting: return greeting.Assign(event.reply.text);
      case EventKind::Hello: said_hello = true; return;
      case EventKind::Accepted: ++sent; return;
      case EventKind::Refused: ++refused; return;
      case EventKind::InDoubt: ++in_doubt; return;
      case EventKind::Returned: ++returned; return;
      default: return;
    }
  }
};

SMTPOLL_NAMESPACE_END

#endif
