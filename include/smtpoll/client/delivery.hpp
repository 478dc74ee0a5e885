// One message on its way: makes envelope and source of an EmailMessage for the engine, and gathers what becomes of it.
// This is the one place where the message floor and the protocol floor meet. Its memory is used again for the next
// message. A server that takes few recipients at once gets the message in several transactions (RFC 5321 4.5.3.1.10,
// RFC 9422). Invariant: a recipient that a transaction settled is in no further one.
#ifndef SMTPOLL_CLIENT_DELIVERY_HPP
#define SMTPOLL_CLIENT_DELIVERY_HPP

#include <string>

#include "smtpoll/base/plain_list.hpp"
#include "smtpoll/client/send_result.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_check.hpp"
#include "smtpoll/message/message_source.hpp"
#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Over the engine that it feeds; a template, so that only programs that send compile what it does.
template <typename Engine>
class BasicDelivery {
 public:
  /// Makes `mail` ready for Begin: reads its addresses, and has `source` lay it out for the server of `engine`; `mail`
  /// must not change from now on until its end. An error means that it cannot be sent.
  Error Prepare(const EmailMessage& mail, MessageSource& source, const Engine& engine) {
    result_.outcome = Outcome::Queued;
    result_.error = {};
    result_.server_text.clear();
    size_ = 0;
    stamp_ = {};
    Error error = ReadMessage(mail);
    if (!error) error = ChooseRecipients(mail, engine);
    if (error)
      End(Outcome::Refused, &error);
    else
      LayOutTransaction(mail, source, engine);
    return error;
  }
  /// Hands the message that was made ready to the engine. An error means that no byte of it was or will be sent.
  Error Begin(MessageSource& source, Engine& engine, Millis now) {
    const Error error = engine.Send(envelope_, source, now);
    if (error) End(Outcome::Refused, &error);
    return error;
  }
  /// Prepare and Begin.
  Error Start(const EmailMessage& mail, MessageSource& source, Engine& engine, Millis now) {
    const Error error = Prepare(mail, source, engine);
    return error ? error : Begin(source, engine, now);
  }

  /// A message that cannot even be tried, because of `why`.
  void Decline(const Error& why) {
    result_.outcome = Outcome::Queued;
    result_.error = why;
    result_.server_text.clear();
    result_.recipients.clear();
    has_more_ = false;
  }

  /// Some recipients have to wait for a further transaction.
  bool HasMore() const noexcept { return has_more_; }
  /// Starts that transaction. An error means that no byte of it was or will be sent.
  Error Continue(const EmailMessage& mail, MessageSource& source, Engine& engine, Millis now) {
    ChooseRecipients(mail, engine);
    LayOutTransaction(mail, source, engine);
    return Begin(source, engine, now);
  }

  /// Takes note of what the engine told.
  void OnRecipient(const Event& event) {
    RecipientResult& recipient = result_.recipients[asked_[event.recipient]];
    recipient.accepted = event.kind == EventKind::RecipientAccepted;
    recipient.reply_code = event.reply.code;
    recipient.enhanced = event.reply.enhanced;
    if (recipient.accepted)
      recipient.text.clear();
    else
      recipient.text = event.reply.text;
  }
  /// LMTP: the final reply of the `event.recipient`-th accepted recipient.
  void OnRecipientFinal(const Event& event) {
    std::size_t accepted_before = event.recipient;
    for (const std::size_t index : asked_) {
      RecipientResult& recipient = result_.recipients[index];
      if (!recipient.accepted && !recipient.final_reply) continue;
      if (accepted_before-- != 0) continue;
      recipient.final_reply = true;
      recipient.accepted = event.reply.IsPositive();
      recipient.reply_code = event.reply.code;
      recipient.enhanced = event.reply.enhanced;
      recipient.text = event.reply.text;
      return;
    }
  }
  void OnAccepted(const Event& event) {
    result_.server_text = event.reply.text;
    End(Outcome::Sent, nullptr);
  }

  /// The transaction has this outcome, because of `why`. Where others have to follow, HasMore says so.
  void End(Outcome outcome, const Error* why) {
    for (const std::size_t index : asked_) {
      RecipientResult& recipient = result_.recipients[index];
      const bool rejected = recipient.reply_code != 0 && !recipient.accepted;
      if (outcome == Outcome::Queued || !rejected)
        recipient.outcome = outcome;
      else
        recipient.outcome = outcome == Outcome::Sent && IsOneTooMany(recipient) ? Outcome::Queued : Outcome::Refused;
    }
    asked_.clear();
    // What refuses a transaction before its recipients are known to be at fault would refuse the next one too.
    const bool refused =
        outcome == Outcome::Refused && why != nullptr && (why->phase != Phase::Recipient || why->reply_code == 0);
    bool some[4] = {};
    for (RecipientResult& recipient : result_.recipients) {
      if (refused && recipient.outcome == Outcome::Queued) recipient.outcome = Outcome::Refused;
      some[static_cast<unsigned>(recipient.outcome)] = true;
    }
    has_more_ =
        some[static_cast<unsigned>(Outcome::Queued)] && (outcome == Outcome::Sent || outcome == Outcome::Refused);
    result_.outcome = Outcome::Refused;
    for (const Outcome weightier : {Outcome::Sent, Outcome::Queued, Outcome::InDoubt})
      if (some[static_cast<unsigned>(weightier)]) result_.outcome = weightier;
    if (why != nullptr && (!result_.error || outcome == Outcome::InDoubt)) result_.error = *why;
    if (result_.outcome == Outcome::Sent) result_.error = {};
  }

  /// A part of the recipients has the message, or never will: noted in `mail`, a further try leaves them out. False
  /// where no recipient is settled.
  bool Settle(EmailMessage& mail) const {
    const std::size_t before = mail.Settled.size();
    for (const RecipientResult& recipient : result_.recipients)
      if (recipient.outcome == Outcome::Sent || recipient.outcome == Outcome::Refused)
        mail.Settled.push_back(recipient.mailbox);
    return mail.Settled.size() != before;
  }

  const SendResult& Result() const noexcept { return result_; }
  /// Rendered size of the message last started; 0 where it or a source of it does not know.
  std::uint64_t ContentSize() const noexcept { return size_; }

 private:
  static WireWidth WidthOf(const Engine& engine) noexcept {
    if (engine.TakesBinary()) return WireWidth::Binary;
    return engine.ServerCapabilities().Has(Extension::EightBitMime) ? WireWidth::EightBit : WireWidth::SevenBit;
  }

  /// RFC 5321 4.5.3.1.10: the recipient itself is not refused, it is one more than the server takes at once.
  static bool IsOneTooMany(const RecipientResult& recipient) noexcept {
    return recipient.reply_code == 452 && (!recipient.enhanced || recipient.enhanced == EnhancedCode{4, 5, 3});
  }

  /// Reads the addresses of `mail` and lays out the results; nothing of the wire is touched.
  Error ReadMessage(const EmailMessage& mail) {
    addresses_.clear();
    bounds_.clear();
    asked_.clear();
    has_more_ = false;
    const Error fault = ReadAddresses(mail);
    LayOutResults(mail, !fault);
    return fault;
  }

  /// The first address becomes the reverse-path, the others the recipients.
  Error ReadAddresses(const EmailMessage& mail) {
    const MessageFault fault = FaultFinder(mail).First([&](MailboxRole list, const Mailbox& mailbox) {
      const bool recipient = list == MailboxRole::Recipients;
      if (list == MailboxRole::Author && mail.ReversePath) return;
      if (!recipient && !bounds_.empty()) return;              // one author is enough
      if (recipient && bounds_.empty()) bounds_.push_back(0);  // the null reverse-path
      AppendAddrSpec(mailbox, addresses_);
      bounds_.push_back(addresses_.size());
    });
    if (bounds_.empty()) bounds_.push_back(0);
    return AsError(fault);
  }

  /// A result for each recipient that is not settled yet; none where the message is not `valid`.
  void LayOutResults(const EmailMessage& mail, bool valid) {
    std::size_t count = 0;
    for (std::size_t i = 1; valid && i < bounds_.size(); ++i) {
      const std::string_view mailbox(addresses_.data() + bounds_[i - 1], bounds_[i] - bounds_[i - 1]);
      bool settled = false;
      for (const std::string& one : mail.Settled) settled = settled || one == mailbox;
      if (settled) continue;
      if (count == result_.recipients.size()) result_.recipients.emplace_back();
      RecipientResult& result = result_.recipients[count++];
      result.mailbox = mailbox;
      result.outcome = Outcome::Queued;
      Forget(result);
    }
    result_.recipients.resize(count);
  }

  static void Forget(RecipientResult& result) {
    result.accepted = result.final_reply = false;
    result.reply_code = 0;
    result.enhanced = {};
    result.text.clear();
  }

  /// As many of the queued recipients as the server takes at once. An error, which only the first transaction can have:
  /// all are to go at once.
  Error ChooseRecipients(const EmailMessage& mail, const Engine& engine) {
    const Capabilities& server = engine.ServerCapabilities();
    recipients_.clear();
    for (std::size_t i = 0; i < result_.recipients.size() && recipients_.size() < server.MaxRecipients(); ++i) {
      RecipientResult& result = result_.recipients[i];
      if (result.outcome != Outcome::Queued || !FitsDomains(result.mailbox, server.MaxRecipientDomains())) continue;
      Forget(result);
      asked_.push_back(i);
      recipients_.push_back({result.mailbox, mail.Notify, {}});
      for (const RecipientOptions& one : mail.RecipientOptions)
        if (one.Mailbox == result.mailbox) recipients_.back() = {result.mailbox, one.Notify, one.OriginalRecipient};
    }
    if (engine.AllRecipientsOrNone() && asked_.size() != result_.recipients.size())
      return Error(Errc::NotOffered, Phase::Recipient, "the server does not take all recipients at once (LIMITS)");
    return {};
  }

  /// The envelope of a transaction with the recipients that were chosen, and its content.
  void LayOutTransaction(const EmailMessage& mail, MessageSource& source, const Engine& engine) {
    source.Open(mail, WidthOf(engine), stamp_);
    size_ = source.Size() == kUnknownSize ? 0 : source.Size();
    constexpr BodyType kBodies[] = {BodyType::SevenBit, BodyType::EightBitMime, BodyType::BinaryMime};
    envelope_.reverse_path = std::string_view(addresses_.data(), bounds_[0]);
    envelope_.recipients = {recipients_.data(), recipients_.size()};
    envelope_.envelope_id = mail.EnvelopeID;
    envelope_.options = mail.Options;
    envelope_.smtputf8 = mail.NeedsSmtpUtf8();
    envelope_.body = kBodies[static_cast<unsigned>(source.Width())];
  }

  static std::string_view DomainOf(std::string_view mailbox) noexcept { return mailbox.substr(mailbox.rfind('@') + 1); }
  /// RFC 9422 4.3: with `mailbox`, the recipients chosen so far have at most `most` domains.
  bool FitsDomains(std::string_view mailbox, std::size_t most) const noexcept {
    if (most == SIZE_MAX) return true;
    std::size_t domains = 1;
    for (std::size_t i = 0; i < recipients_.size(); ++i) {
      if (EqualIgnoringCase(DomainOf(recipients_[i].mailbox), DomainOf(mailbox))) return true;
      bool first = true;
      for (std::size_t k = 0; k < i; ++k)
        first = first && !EqualIgnoringCase(DomainOf(recipients_[k].mailbox), DomainOf(recipients_[i].mailbox));
      if (first) ++domains;
    }
    return domains <= most;
  }

  std::string addresses_;          // the addr-specs, one behind the other; the first is the reverse-path
  PlainList<std::size_t> bounds_;  // where each of them ends
  PlainList<std::size_t> asked_;   // the transaction's recipients, as numbers of results
  PlainList<Recipient> recipients_;
  Envelope envelope_;
  MessageStamp stamp_;  // every transaction of the message shows the same Date and Message-ID
  SendResult result_;
  std::uint64_t size_ = 0;
  bool has_more_ = false;
};
using Delivery = BasicDelivery<Engine>;

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
