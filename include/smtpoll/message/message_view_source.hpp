// Renders a MessageView as it goes over the wire (RFC 5322, RFC 2045 to 2049), pulled piece by piece, without a heap.
// Headers and boundaries are no more held than bodies are: each read builds them anew and keeps what stands in its
// window. Invariant: the bytes do not depend on how much room each read gives, and a rewound source yields the same.
#ifndef SMTPOLL_MESSAGE_MESSAGE_VIEW_SOURCE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_VIEW_SOURCE_HPP

#include "smtpoll/base/one_of.hpp"
#include "smtpoll/base/text_window.hpp"
#include "smtpoll/message/body_source.hpp"
#include "smtpoll/message/date.hpp"
#include "smtpoll/message/file_name.hpp"
#include "smtpoll/message/header_writer.hpp"
#include "smtpoll/message/message_view.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The bytes of one message after the other; some 200 bytes, most of them for a line of base64.
class MessageViewSource final : public Source {
 public:
  MessageViewSource() = default;
  MessageViewSource(const MessageViewSource&) = delete;
  MessageViewSource& operator=(const MessageViewSource&) = delete;

  /// Starts `mail`, which has no Fault and must neither change nor go away before the next Open. Its text goes as 7bit
  /// or as quoted-printable, its attachments as base64, so any server takes it.
  void Open(const MessageView& mail) noexcept {
    mail_ = &mail;
    quoted_ = !GoesAsItIs(mail.body);
    StartOver();
    size_ = Measure();
  }

  SourceResult Read(char* into, std::size_t room) override {
    std::size_t size = 0;
    while (size < room && section_ < Sections()) {
      const SourceResult result = ReadSection(into + size, room - size);
      size += result.size;
      if (result.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (result.status == SourceStatus::Again && size == 0) return result;
      // A section that stops before the room is full wants a larger one.
      if (result.status != SourceStatus::End) return {size, SourceStatus::More};
      Start(section_ + 1);
    }
    return {size, section_ == Sections() ? SourceStatus::End : SourceStatus::More};
  }

  /// False where a source of an attachment's cannot start over.
  bool Rewind() override {
    StartOver();
    for (const AttachmentView& attachment : mail_->attachments)
      if (attachment.source != nullptr && !attachment.source->Rewind()) return false;
    return true;
  }

  std::uint64_t Size() const override { return size_; }
  std::string_view Failure() const override {
    return IsAttachment() && Attachment().source != nullptr ? Attachment().source->Failure() : std::string_view();
  }

 private:
  // Sections: 0 is the header with the body's, 1 the body; then, for each attachment, its header and its bytes; where
  // there are any, the closing delimiter is the last one.
  bool IsMultipart() const noexcept { return !mail_->attachments.empty(); }
  std::size_t Sections() const noexcept { return 2 + 2 * mail_->attachments.size() + (IsMultipart() ? 1 : 0); }
  bool IsLiteral() const noexcept { return section_ % 2 == 0; }
  bool IsAttachment() const noexcept { return section_ > 1 && !IsLiteral() && section_ < Sections(); }
  const AttachmentView& Attachment() const noexcept { return mail_->attachments[section_ / 2 - 1]; }

  void StartOver() noexcept { Start(0); }
  void Start(std::size_t section) noexcept {
    section_ = section;
    at_ = 0;
    if (section == 1) {
      if (quoted_)
        encoder_.Emplace<detail::QuotedPrintableText>().Start(mail_->body);
      else
        encoder_.Emplace<detail::CrlfText>().Start(mail_->body);
    } else if (IsAttachment()) {
      encoder_.Emplace<detail::Base64Lines>().Start();
      memory_ = MemorySource(Attachment().data);
    }
  }

  SourceResult ReadSection(char* into, std::size_t room) {
    if (IsLiteral()) {
      detail::TextWindow window(into, room, at_);
      PutLiteral(section_, window);
      at_ += window.Kept();
      return {window.Kept(), at_ == window.size() ? SourceStatus::End : SourceStatus::More};
    }
    return ReadEncoded(into, room);
  }
  SMTPOLL_APART SourceResult ReadEncoded(char* into, std::size_t room) {
    if (auto* const text = encoder_.Get<detail::CrlfText>()) return ReadText(*text, into, room);
    if (auto* const text = encoder_.Get<detail::QuotedPrintableText>()) return ReadText(*text, into, room);
    detail::Base64Lines& lines = *encoder_.Get<detail::Base64Lines>();
    Source* const source = Attachment().source != nullptr ? Attachment().source : &memory_;
    return lines.Read(into, room, [source](char* to, std::size_t most) { return source->Read(to, most); });
  }
  template <typename Text>
  static SourceResult ReadText(Text& text, char* into, std::size_t room) noexcept {
    const std::size_t size = text.Read(into, room);
    return {size, text.Done() ? SourceStatus::End : SourceStatus::More};
  }

  /// RFC 2045 2.7, and nothing in it could be taken for a boundary: those have an equals sign and a low line, which
  /// neither quoted-printable nor base64 has.
  static bool GoesAsItIs(std::string_view text) noexcept {
    if (text.find("--=_") != std::string_view::npos) return false;
    std::size_t column = 0;
    for (const char c : text) {
      column = c == '\r' || c == '\n' ? 0 : column + 1;
      if (column > detail::kLongestTextLine || (column != 0 && c != '\t' && !detail::IsPrint(c))) return false;
    }
    return true;
  }

  std::uint64_t Measure() noexcept {
    std::uint64_t size = 0;
    for (std::size_t section = 0; section < Sections(); section += 2) {
      detail::TextWindow measure;
      PutLiteral(section, measure);
      size += measure.size();
    }
    char nowhere[32];
    Start(1);
    for (SourceResult piece{0, SourceStatus::More}; piece.status == SourceStatus::More; size += piece.size)
      piece = ReadSection(nowhere, sizeof nowhere);
    StartOver();
    for (const AttachmentView& attachment : mail_->attachments) {
      const std::uint64_t bytes = attachment.source != nullptr ? attachment.source->Size() : attachment.data.size();
      if (bytes == kUnknownSize) return kUnknownSize;
      size += detail::Base64LinesSize(bytes);
    }
    return size;
  }

  using Out = detail::TextWindow;
  using Writer = detail::BasicHeaderWriter<Out>;

  void PutLiteral(std::size_t section, Out& out) const {
    Writer writer(out);
    if (section == 0) {
      PutFields(writer, out);
      if (IsMultipart()) out.append("Content-Type: multipart/mixed; boundary=\"=_smtpoll\"\r\n\r\n--=_smtpoll\r\n");
      out.append("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ");
      out.append(quoted_ ? "quoted-printable\r\n\r\n" : "7bit\r\n\r\n");
      return;
    }
    out.append("\r\n--=_smtpoll");
    if (section + 1 == Sections()) {
      out.append("--\r\n");
      return;
    }
    out.append("\r\n");
    const AttachmentView& attachment = mail_->attachments[section / 2 - 1];
    writer.Begin("Content-Type");
    writer.Word(attachment.type);
    writer.End();
    writer.Begin("Content-Disposition");
    writer.Word("attachment");
    if (!attachment.name.empty()) detail::WriteFileName(attachment.name, writer, out);
    writer.End();
    out.append("Content-Transfer-Encoding: base64\r\n\r\n");
  }

  void PutFields(Writer& writer, Out& out) const {
    if (mail_->date != 0) {
      out.append("Date: ");
      detail::AppendDate(mail_->date, mail_->utc_offset, out);
      out.append("\r\n");
    }
    PutMailboxes("From", {&mail_->from, 1}, writer, out);
    PutMailboxes("To", mail_->to, writer, out);
    PutMailboxes("Cc", mail_->cc, writer, out);
    if (!mail_->subject.empty()) writer.Field("Subject", mail_->subject);
    if (!mail_->message_id.empty()) out.append("Message-ID: <").append(mail_->message_id).append(">\r\n");
    for (const HeaderView& header : mail_->headers) writer.Field(header.name, header.value);
    out.append("MIME-Version: 1.0\r\n");
  }

  static void PutMailboxes(std::string_view field, Span<const MailboxView> mailboxes, Writer& writer, Out& out) {
    if (mailboxes.empty()) return;
    writer.Begin(field);
    bool first = true;
    for (const MailboxView& mailbox : mailboxes) {
      if (!first) out += ',';
      first = false;
      if (!mailbox.name.empty()) PutName(mailbox.name, writer, out);
      writer.Space(mailbox.address.size() + 2);
      out += '<';
      out.append(mailbox.address);
      out += '>';
    }
    writer.End();
  }

  /// A phrase (RFC 5322 3.2.5): words as they are where they are atoms, else a quoted string, else encoded words.
  static void PutName(std::string_view name, Writer& writer, Out& out) {
    bool atoms = true;
    for (const char c : name)
      atoms = atoms && (detail::IsAlpha(c) || detail::IsDigit(c) || c == ' ' ||
                        detail::kAtomMarks.find(c) != std::string_view::npos);
    // A line cannot be folded in a quoted string of ours, and what looks like an encoded word must be one.
    if (!detail::IsAllPrint(name) || name.size() > 60 || name.find("=?") != std::string_view::npos)
      return writer.Encoded(name);
    if (atoms && detail::Trim(name).size() == name.size() && name.find("  ") == std::string_view::npos)
      return writer.Word(name);
    detail::TextMeter quoted;
    detail::AppendQuoted(name, quoted);
    writer.Space(quoted.size());
    detail::AppendQuoted(name, out);
  }

  const MessageView* mail_ = nullptr;
  bool quoted_ = false;      // the body goes as quoted-printable
  std::size_t section_ = 0;  // the one that is read
  std::size_t at_ = 0;       // of a literal: where the next read begins
  MemorySource memory_;      // of an attachment in memory
  std::uint64_t size_ = 0;
  detail::OneOf<detail::CrlfText, detail::QuotedPrintableText, detail::Base64Lines> encoder_;
};

SMTPOLL_NAMESPACE_END

#endif
