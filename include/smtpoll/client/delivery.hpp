// One message on its way: makes envelope and source of an EmailMessage for the engine, and gathers what becomes of it.
// This is the one place where the message floor and the protocol floor meet. Its memory is used again for the next
// message.
#ifndef SMTPOLL_CLIENT_DELIVERY_HPP
#define SMTPOLL_CLIENT_DELIVERY_HPP

#include <string>
#include <vector>

#include "smtpoll/client/send_result.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_check.hpp"
#include "smtpoll/message/message_source.hpp"
#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class Delivery {
 public:
  /// Hands `mail` to the engine; `mail` must not change until End. An error means that no byte of it was or will be
  /// sent.
  Error Start(const EmailMessage& mail, Engine& engine, Millis now) {
    result_.outcome = Outcome::Queued;
    result_.error = {};
    result_.server_text.clear();
    size_ = 0;
    Error error = Prepare(mail, WidthOf(engine));
    if (!error) error = engine.Send(envelope_, source_, now);
    if (error) End(Outcome::Refused, &error);
    return error;
  }

  /// Takes note of what the engine told.
  void OnRecipient(const Event& event) {
    RecipientResult& recipient = result_.recipients[event.recipient];
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
    for (RecipientResult& recipient : result_.recipients) {
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
  void End(Outcome outcome, const Error* why) {
    result_.outcome = outcome;
    if (why != nullptr) result_.error = *why;
    source_.Close();
  }

  const SendResult& Result() const noexcept { return result_; }
  /// Rendered size of the message last started; 0 where it or a source of it does not know.
  std::uint64_t ContentSize() const noexcept { return size_; }

 private:
  static WireWidth WidthOf(const Engine& engine) noexcept {
    if (engine.TakesBinary()) return WireWidth::Binary;
    return engine.ServerCapabilities().Has(Extension::EightBitMime) ? WireWidth::EightBit : WireWidth::SevenBit;
  }

  Error Prepare(const EmailMessage& mail, WireWidth width) {
    addresses_.clear();
    bounds_.clear();
    if (const Error fault = CheckMessage(mail)) return fault;
    const std::string& author = mail.ReversePath ? *mail.ReversePath : mail.FromAddress;
    if (const Error fault = AddMailboxes("FromAddress", author, 1)) return fault;
    if (bounds_.empty()) bounds_.push_back(0);  // the null reverse-path
    if (const Error fault = AddMailboxes("ToAddress", mail.ToAddress, SIZE_MAX)) return fault;
    if (const Error fault = AddMailboxes("CCAddress", mail.CCAddress, SIZE_MAX)) return fault;
    if (const Error fault = AddMailboxes("BCCAddress", mail.BCCAddress, SIZE_MAX)) return fault;
    LayOutEnvelope(mail);
    envelope_.smtputf8 = mail.NeedsSmtpUtf8();
    source_.Open(mail, width);
    constexpr BodyType kBodies[] = {BodyType::SevenBit, BodyType::EightBitMime, BodyType::BinaryMime};
    envelope_.body = kBodies[static_cast<unsigned>(source_.Width())];
    size_ = source_.Size() == kUnknownSize ? 0 : source_.Size();
    return {};
  }

  /// Appends the addr-specs of `list`, at most `most` of them, to addresses_.
  Error AddMailboxes(std::string_view field, std::string_view list, std::size_t most) {
    MailboxParser parser(list);
    Mailbox mailbox;
    for (; most != 0 && parser.Next(mailbox); --most) {
      AppendAddrSpec(mailbox, addresses_);
      bounds_.push_back(addresses_.size());
    }
    if (!parser.Failed()) return {};
    return InvalidMessage(field, parser.FaultColumn(), parser.FaultReason());
  }

  /// The first address is the reverse-path, the others are the recipients.
  void LayOutEnvelope(const EmailMessage& mail) {
    recipients_.clear();
    result_.recipients.resize(bounds_.size() - 1);
    for (std::size_t i = 1; i < bounds_.size(); ++i) {
      const std::string_view mailbox(addresses_.data() + bounds_[i - 1], bounds_[i] - bounds_[i - 1]);
      recipients_.push_back({mailbox, mail.Notify, {}});
      for (const RecipientOptions& one : mail.RecipientOptions)
        if (one.Mailbox == mailbox) recipients_.back() = {mailbox, one.Notify, one.OriginalRecipient};
      RecipientResult& result = result_.recipients[i - 1];
      result.mailbox = mailbox;
      result.accepted = result.final_reply = false;
      result.reply_code = 0;
      result.enhanced = {};
      result.text.clear();
    }
    envelope_.reverse_path = std::string_view(addresses_.data(), bounds_[0]);
    envelope_.recipients = {recipients_.data(), recipients_.size()};
    envelope_.envelope_id = mail.EnvelopeID;
    envelope_.options = mail.Options;
  }

  std::string addresses_;            // all addr-specs, one behind the other
  std::vector<std::size_t> bounds_;  // where each of them ends
  std::vector<Recipient> recipients_;
  Envelope envelope_;
  MessageSource source_;
  SendResult result_;
  std::uint64_t size_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
