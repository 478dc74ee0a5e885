// RetryQueue: SMTPSocket that does not give up at once. What was refused for now goes again later, a lost connection
// goes on at the next relay, and Poll drives that like all else; it needs no thread and no timer.
// Invariant: a message is in Messages, under way, in Waiting, in InDoubt, in GivenUp, or was handed to MessageFinished.
#ifndef SMTPOLL_CLIENT_RETRY_QUEUE_HPP
#define SMTPOLL_CLIENT_RETRY_QUEUE_HPP

#include <utility>
#include <vector>

#include "smtpoll/client/retry_policy.hpp"
#include "smtpoll/client/smtp_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// A message that waits for its next try.
struct WaitingMessage {
  EmailMessage Mail;  ///< The message.
  Millis Due = 0;     ///< When that is, on Now()'s clock.
};

namespace detail {

/// The part of RetryQueue that hears what became of each message: `Handler`, and before it the retries.
template <typename Handler>
class RetryHandler : public Handler {
 public:
  RetryPolicy Policy;
  /// Messages whose next try is due later, those for whom all relays failed too. May be changed between two Polls.
  std::vector<WaitingMessage> Waiting;

  void OnError(const Error& error) {
    fault_ = error;
    Handler::OnError(error);
  }
  /// Takes the message back where some of its recipients are worth another try; the others are settled.
  bool OnMessageLanded(EmailMessage& mail, const SendResult& result, Millis now) {
    if (result.outcome == Outcome::Sent || result.outcome == Outcome::Refused) ++landed_;
    bool again = false, settled = false;
    for (const RecipientResult& recipient : result.recipients) {
      const bool worth = IsWorthAnotherTry(recipient, result, Policy.SendInDoubtAgain);
      again = again || worth;
      settled = settled || !worth;
    }
    // A message that no recipient has been settled of is back in Messages, for the next relay.
    const bool untouched = result.outcome == Outcome::Queued && !settled;
    const bool in_doubt = result.outcome == Outcome::InDoubt && !Policy.SendInDoubtAgain;
    if (!again || untouched || in_doubt || IsLastTry(mail)) return false;
    for (const RecipientResult& recipient : result.recipients)
      if (!IsWorthAnotherTry(recipient, result, Policy.SendInDoubtAgain)) mail.Settled.push_back(recipient.mailbox);
    Defer(std::move(mail), result, now);
    return true;
  }

 protected:
  bool IsLastTry(const EmailMessage& mail) const noexcept {
    return Policy.Tries != 0 && mail.Tries + 1 >= Policy.Tries;
  }

  void Defer(EmailMessage mail, const SendResult& result, Millis now) {
    ++mail.Tries;
    const Millis delay = Policy.Delay(mail.Tries, RandomNumber(static_cast<std::uint64_t>(now)));
    Waiting.push_back({std::move(mail), now > kNever - delay ? kNever : now + delay});
    this->OnMessageDeferred(Waiting.back().Mail, result, delay);
  }

  smtpoll::Error fault_;    // the last one of the connection under way
  std::size_t landed_ = 0;  // messages that the server has decided on in it
};

}  // namespace detail

/// BasicSMTPSocket with retries. Fill Messages, call SendMail, then Poll while that says true: until every message is
/// sent, refused for good, in doubt or given up. Further messages may be put into Messages meanwhile. Errors of a
/// connection come through Error as with SMTPSocket; where they cannot go away by themselves (refused credentials, bad
/// settings), Poll says false and the messages stay in Messages until the next SendMail.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = EventFunctions,
          typename Limits = DefaultLimits>
class BasicRetryQueue : public BasicSMTPSocket<Socket, Transport, detail::RetryHandler<Handler>, Limits> {
  using Base = BasicSMTPSocket<Socket, Transport, detail::RetryHandler<Handler>, Limits>;

 public:
  /// The servers to try, best first: one that does not take the connection lets the next one have its turn. Address and
  /// Port then say which one it is. Empty: Address and Port alone.
  std::vector<Relay> Relays;
  /// Messages that no relay has taken in all their tries; certainly not accepted. The caller decides.
  Sequence<EmailMessage> GivenUp;

  /// As SMTPSocket::SendMail, for the messages whose time has come.
  void SendMail() {
    active_ = true;
    Begin();
  }
  /// As SMTPSocket::Poll.
  PollStatus Poll() { return Poll(0); }
  /// Waits up to `at_most` milliseconds (negative: no limit) where nothing can be done now, also for the next try.
  PollStatus Poll(Millis at_most) {
    if (polling_) return Status(false);
    detail::FlagScope polling(polling_);
    Begin();
    const bool waiting = active_ && !running_;
    const bool work_left = Base::Poll(waiting ? 0 : at_most).work_left;
    if (running_ && !work_left) {
      EndRun();
    } else if (waiting && !work_left && at_most != 0) {
      const Millis left = NextDue() > this->Now() ? NextDue() - this->Now() : 0;
      this->Layer().NextLayer().Wait(Readiness::None, at_most < 0 || left < at_most ? left : at_most);
    }
    return Status(work_left);
  }

  /// As SMTPSocket's, and the retries stop until the next SendMail.
  void Close() {
    active_ = running_ = false;
    Base::Close();
  }
  /// As SMTPSocket::Disconnect.
  void Disconnect() {
    active_ = running_ = false;
    Base::Disconnect();
  }
  /// As SMTPSocket::DisconnectFromServer.
  void DisconnectFromServer() {
    active_ = false;
    Base::DisconnectFromServer();
  }

  /// As SMTPSocket's, or when the next try is due.
  Millis NextDeadline() const {
    const Millis due = active_ && !running_ ? NextDue() : kNever;
    return due < Base::NextDeadline() ? due : Base::NextDeadline();
  }

 private:
  Millis NextDue() const noexcept {
    Millis due = kNever;
    for (const WaitingMessage& one : this->Waiting) due = one.Due < due ? one.Due : due;
    return due;
  }

  /// Starts a run with what is due; there is nothing left to do where nothing waits either.
  void Begin() {
    if (!active_ || running_) return;
    const Millis now = this->Now();
    std::size_t kept = 0;
    for (WaitingMessage& one : this->Waiting) {
      if (one.Due <= now)
        this->Messages.Append(std::move(one.Mail));
      else if (&this->Waiting[kept++] != &one)
        this->Waiting[kept - 1] = std::move(one);
    }
    this->Waiting.resize(kept);
    active_ = !this->Messages.empty() || kept != 0;
    if (this->Messages.empty()) return;
    running_ = true;
    curable_ = false;
    relay_ = 0;
    Try();
  }

  void Try() {
    if (relay_ < Relays.size()) {
      this->Address = Relays[relay_].Address;
      this->Port = Relays[relay_].Port;
    }
    this->fault_ = {};
    this->landed_ = 0;
    Base::SendMail();
  }

  /// The connection is over. Messages that are left have not been accepted.
  void EndRun() {
    if (active_ && !this->Messages.empty()) {
      if (this->landed_ != 0 || !this->fault_) return Try();  // this relay does work
      curable_ = curable_ || detail::IsWorthAnotherConnection(this->fault_);
      if (++relay_ < Relays.size()) return Try();
      if (curable_)
        DeferAll();
      else
        active_ = false;
    }
    running_ = false;
    active_ = active_ && !(this->Messages.empty() && this->Waiting.empty());
  }

  /// No relay took a connection: each message has been tried in vain.
  void DeferAll() {
    SendResult result;
    result.error = this->fault_;
    for (std::size_t left = this->Messages.Count(); left != 0 && !this->Messages.empty(); --left) {
      EmailMessage mail;
      this->Messages.PopFront(mail);
      if (!this->IsLastTry(mail)) {
        this->Defer(std::move(mail), result, this->Now());
        continue;
      }
      GivenUp.Append(std::move(mail));
      this->OnMessageFinished(GivenUp[GivenUp.Count() - 1], result);
    }
  }

  PollStatus Status(bool work_left) const {
    Readiness wants = this->WantsRead() ? Readiness::Read : Readiness::None;
    if (this->WantsWrite()) wants = wants | Readiness::Write;
    return {work_left || active_ || running_, wants, NextDeadline()};
  }

  std::size_t relay_ = 0;
  bool active_ = false;   // SendMail is at work
  bool running_ = false;  // with a connection to some relay
  bool curable_ = false;  // one of the relays failed in a way that may go away
  bool polling_ = false;
};

/// RetryQueue over this platform's sockets, without TLS.
using RetryQueue = BasicRetryQueue<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif
