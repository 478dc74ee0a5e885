// One run of the fault tests: five messages through a faulty wire, the ledger against what passed over the wire, then
// the rest over a wire that is well, and the store against all that was promised.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include "fault_socket.hpp"
#include "smtpoll/client/smtp_socket.hpp"

namespace fault {

/// How the five messages are to go.
struct Way {
  const char* name;
  bool pipelining;
  bool chunking;
  std::uint32_t in_flight;
};
constexpr Way kWays[] = {{"DATA in lock-step", false, false, 16},
                         {"DATA in groups", true, false, 16},
                         {"BDAT one at a time", true, true, 1},
                         {"BDAT in flight", true, true, 16}};

/// Accepted; its recipient refused; one of two recipients refused; its content refused; accepted.
constexpr std::array<const char*, 5> kSenders = {"first@x.org", "nobody@x.org", "two.of@x.org", "unwelcome@x.org",
                                                 "last@x.org"};

inline std::string BodyOf(std::size_t i) {
  // Nothing is left of transparency or of a lone dot, and one body is longer than the send buffer.
  std::string body = ".\r\n..dots\r\n" + std::to_string(i) + "\r\n";
  if (i == 2)
    for (int line = 0; line < 60; ++line) body += ".a line of the long body, number " + std::to_string(line) + "\r\n";
  return body;
}

/// Small buffers, so that short contents need several.
struct SmallLimits {
  static constexpr std::size_t kInput = 512;
  static constexpr std::size_t kOutput = 2048;
  static constexpr std::size_t kInFlight = 16;
};

/// Only every so many-th call is tried: every fourth, or as SMTPOLL_FAULT_STRIDE says. tests/fault.sh tries every one.
inline int Stride() {
  const char* const text = std::getenv("SMTPOLL_FAULT_STRIDE");
  const int stride = text == nullptr ? 4 : std::atoi(text);
  return stride < 1 ? 1 : stride;
}

/// How often each outcome was the ledger's after a fault: a test in which nothing happens shows here.
inline std::map<smtpoll::Outcome, int>& Seen() {
  static std::map<smtpoll::Outcome, int> seen;
  return seen;
}

template <template <typename> class Transport>
class Run {
 public:
  using Socket = smtpoll::BasicSMTPSocket<FaultSocket, Transport, smtpoll::EventFunctions, SmallLimits>;

  /// `prepare` sets what the transport needs.
  template <typename Prepare>
  Run(Peer& peer, const Way& way, const Plan& plan, Prepare&& prepare)
      : peer_(peer), strict_(plan.kind != Kind::Early) {
    Manners& manners = peer.Server().manners;
    manners.pipelining = way.pipelining;
    manners.chunking = way.chunking;
    // To a reply out of order every answer behind it is another one's: then only what must hold for any server is
    // looked at, and the server refuses nothing.
    manners.refuses = strict_;
    FaultSocket::now = 0;
    Wire().peer = &peer;
    Wire().plan = plan;
    socket_.Address = "mx.test";
    socket_.Port = 25;
    socket_.ClientName = "me.test";
    socket_.MessagesInFlight = way.in_flight;
    prepare(socket_);
    for (std::size_t i = 0; i < kSenders.size(); ++i) {
      smtpoll::EmailMessage mail;
      mail.FromAddress = kSenders[i];
      mail.AddRecipient(i == 1 ? "refused@y.org" : "ok@y.org");
      if (i == 2) mail.AddRecipient("refused@y.org");
      mail.BodyPlainText = BodyOf(i);
      socket_.Messages.Append(mail);
    }
    socket_.MessageFinished = [this](const smtpoll::EmailMessage& mail, const smtpoll::SendResult& result) {
      ledger_[mail.FromAddress] = result.outcome;
    };
    Drive();
    calls = Wire().calls;
    bytes_read = Wire().bytes_read;
    CheckLedger();
    Resume();
    CheckStore();
  }

  int calls = 0;  // of the first drive
  std::size_t bytes_read = 0;
  bool finished = true;

 private:
  FaultSocket& Wire() { return socket_.Layer().NextLayer(); }

  void Drive() {
    socket_.SendMail();
    int polls = 0;
    while (socket_.Poll() && ++polls < 100000) continue;
    finished = finished && polls < 100000;
    CHECK(finished);
  }

  void CheckLedger() {
    std::map<std::string, int> places;
    for (const smtpoll::EmailMessage& mail : socket_.Messages) {
      ++places[mail.FromAddress];
      ledger_[mail.FromAddress] = smtpoll::Outcome::Queued;
    }
    for (const smtpoll::EmailMessage& mail : socket_.InDoubt) {
      ++places[mail.FromAddress];
      ledger_[mail.FromAddress] = smtpoll::Outcome::InDoubt;
      doubted_[mail.FromAddress] = true;
    }
    for (const char* sender : kSenders) {
      INFO(std::string(sender));
      const bool known = ledger_.count(sender) == 1;
      CHECK(known);
      if (!known) continue;
      const smtpoll::Outcome outcome = ledger_[sender];
      ++Seen()[outcome];
      const bool waits = outcome == smtpoll::Outcome::Queued || outcome == smtpoll::Outcome::InDoubt;
      CHECK(places[sender] == (waits ? 1 : 0));
      const std::size_t stored = TimesStored(sender);
      if (outcome == smtpoll::Outcome::Sent) CHECK(stored == 1);
      if (outcome == smtpoll::Outcome::Queued || outcome == smtpoll::Outcome::Refused) CHECK(stored == 0);
      if (strict_) {
        static constexpr smtpoll::Outcome kOutcomes[] = {smtpoll::Outcome::Queued, smtpoll::Outcome::Sent,
                                                         smtpoll::Outcome::Refused, smtpoll::Outcome::InDoubt};
        const smtpoll::Outcome wanted = kOutcomes[static_cast<unsigned>(peer_.Server().WhatIsKnown(sender))];
        CHECK(std::string(smtpoll::Name(outcome)) == std::string(smtpoll::Name(wanted)));
      }
    }
    CHECK(Wire().calls_after_close == 0);
  }

  /// The wire is well again: what is queued and, by the caller's decision, what is in doubt goes once more.
  void Resume() {
    Wire().plan = {};
    peer_.Server().closes_at = 0;
    while (socket_.InDoubt.Count() != 0) {
      socket_.Messages.Append(socket_.InDoubt[0]);
      socket_.InDoubt.Remove(0);
    }
    Drive();
    CHECK(socket_.Messages.Count() == 0);
    CHECK(socket_.InDoubt.Count() == 0);
    CHECK(Wire().calls_after_close == 0);
  }

  void CheckStore() {
    for (std::size_t i = 0; i < kSenders.size(); ++i) {
      INFO(std::string(kSenders[i]));
      const std::size_t stored = TimesStored(kSenders[i]);
      if (strict_ && (i == 1 || i == 3)) {
        CHECK(stored == 0);
        CHECK(ledger_[kSenders[i]] == smtpoll::Outcome::Refused);
        continue;
      }
      CHECK(ledger_[kSenders[i]] == smtpoll::Outcome::Sent);
      CHECK(stored >= 1);
      CHECK(stored <= (doubted_[kSenders[i]] ? 2u : 1u));
    }
    for (const Stored& one : peer_.Server().store) {
      std::size_t i = 0;
      while (i < kSenders.size() && one.sender != kSenders[i]) ++i;
      REQUIRE(i < kSenders.size());
      INFO(one.sender);
      const std::size_t body = one.content.find("\r\n\r\n");
      REQUIRE(body != std::string::npos);
      CHECK(one.content.substr(body + 4) == BodyOf(i));
      if (strict_) CHECK(one.recipients == std::vector<std::string>{"ok@y.org"});
    }
  }

  std::size_t TimesStored(const std::string& sender) const {
    std::size_t count = 0;
    for (const Stored& one : peer_.Server().store) count += one.sender == sender;
    return count;
  }

  Peer& peer_;
  bool strict_;
  Socket socket_;
  std::map<std::string, smtpoll::Outcome> ledger_;
  std::map<std::string, bool> doubted_;
};

}  // namespace fault
