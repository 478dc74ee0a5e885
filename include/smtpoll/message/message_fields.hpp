// The header fields of a message (RFC 5322 3.6): those of its members, then the caller's own. Invariant: what says how
// the message is built is never the caller's, and Bcc reaches nobody.
#ifndef SMTPOLL_MESSAGE_MESSAGE_FIELDS_HPP
#define SMTPOLL_MESSAGE_MESSAGE_FIELDS_HPP

#include <string_view>

#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/message/date.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/header_writer.hpp"
#include "smtpoll/message/message_stamp.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A longer name is encoded, because it may have no place where its line can be folded.
constexpr std::size_t kLongestPlainName = 500;

/// The texts must stay valid until Write is done; `scratch` is room that its owner keeps for the next message.
class MessageFields {
 public:
  MessageFields(const EmailMessage& mail, const MessageStamp& stamp, TextBuffer& out, TextBuffer& scratch) noexcept
      : mail_(mail), stamp_(stamp), out_(out), scratch_(scratch) {}

  /// Writes them all; the fields about the body, and the empty line, are left to who lays it out.
  void Write(DateClock& clock) {
    HeaderWriter writer(out_);
    if (Ours("Date")) {
      writer.Begin("Date");
      writer.Word(clock.Text(static_cast<std::time_t>(stamp_.time)));
      writer.End();
    }
    std::string_view author_domain;
    if (Ours("From"))
      author_domain = Addresses(writer, "From", mail_.FromAddress);
    else
      author_domain = FirstDomain(mail_.FromAddress);
    if (Ours("To") && !mail_.ToAddress.empty()) Addresses(writer, "To", mail_.ToAddress);
    if (Ours("Cc") && !mail_.CCAddress.empty()) Addresses(writer, "Cc", mail_.CCAddress);
    if (Ours("Subject") && !mail_.Subject.empty()) writer.Field("Subject", mail_.Subject);
    if (Ours("Message-ID")) MessageId(writer, author_domain);
    if (Ours("TLS-Required") && mail_.Options.tls_required == TlsRequired::No) writer.Field("TLS-Required", "No");
    for (const InternetHeaders::Field& field : mail_.Headers.Fields())
      if (IsAddressField(field.name))
        Addresses(writer, field.name, field.value);
      else if (!IsStructural(field.name))
        writer.Field(field.name, field.value);
    out_.append("MIME-Version: 1.0\r\n");
  }

 private:
  bool Ours(std::string_view name) const noexcept { return !mail_.Headers.Has(name); }

  /// Fields that say how the message is built are never the caller's, and Bcc reaches nobody.
  static bool IsStructural(std::string_view name) noexcept {
    for (const std::string_view one :
         {"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Bcc"})
      if (EqualIgnoringCase(name, one)) return true;
    return false;
  }

  /// A field of mailboxes. An empty group, which names nobody, stands for itself; an empty list makes no field. Returns
  /// the domain of the first.
  std::string_view Addresses(HeaderWriter& writer, std::string_view name, std::string_view list) {
    MailboxParser parser(list);
    Mailbox mailbox;
    std::string_view first_domain;
    bool first = true;
    while (parser.Next(mailbox)) {
      if (first) {
        writer.Begin(name);
        first_domain = mailbox.domain;
      } else {
        writer.Glue(",");
      }
      first = false;
      if (mailbox.local_part.size() + 1 + mailbox.domain.size() == list.size() && list.front() != '"' &&
          IsAllPrint(list)) {
        writer.Word(list);
        continue;
      }
      if (IsAllAscii(mailbox.display_name) && mailbox.display_name.size() <= kLongestPlainName) {
        writer.Verbatim(mailbox.display_name);
      } else {
        scratch_.clear();
        AppendUnquoted(mailbox.display_name, scratch_);
        writer.Encoded(scratch_);
      }
      scratch_.clear();
      if (!mailbox.display_name.empty()) scratch_ += '<';
      AppendAddrSpec(mailbox, scratch_);
      if (!mailbox.display_name.empty()) scratch_ += '>';
      writer.Word(scratch_);
    }
    const bool group = first && list.find(':') != std::string_view::npos;
    if (group) {
      writer.Begin(name);
      writer.Word("undisclosed-recipients:;");
    }
    if (!first || group) writer.End();
    return first_domain;
  }

  static std::string_view FirstDomain(std::string_view list) noexcept {
    Mailbox mailbox;
    MailboxParser(list).Next(mailbox);
    return mailbox.domain;
  }

  void MessageId(HeaderWriter& writer, std::string_view domain) {
    scratch_.assign("<").append(stamp_.token, sizeof stamp_.token);
    scratch_ += '@';
    if (domain.empty() || domain[0] == '[' || !IsAllAscii(domain)) domain = "localhost.localdomain";
    scratch_.append(domain);
    scratch_ += '>';
    writer.Begin("Message-ID");
    writer.Word(scratch_);
    writer.End();
  }

  const EmailMessage& mail_;
  const MessageStamp& stamp_;
  TextBuffer& out_;
  TextBuffer& scratch_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
