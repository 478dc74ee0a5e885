// The order of a message's parts: literal text (headers, boundaries) and, between, bodies and attachments to be
// encoded. The tree is the smallest that holds what is there (RFC 2046 5.1, RFC 2387): mixed, related, alternative.
#ifndef SMTPOLL_MESSAGE_MESSAGE_LAYOUT_HPP
#define SMTPOLL_MESSAGE_MESSAGE_LAYOUT_HPP

#include <string>
#include <string_view>

#include "smtpoll/base/plain_list.hpp"
#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/message/attachment_fields.hpp"
#include "smtpoll/message/body_source.hpp"
#include "smtpoll/message/message_fields.hpp"
#include "smtpoll/message/message_part.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class MessageLayout {
 public:
  const PlainList<MessagePart>& Parts() const noexcept { return parts_; }
  std::string_view Literals() const noexcept { return literals_; }

  void Clear() noexcept {
    parts_.clear();
    literals_.clear();
    literal_begin_ = 0;
  }

  /// What the wire has to carry for this message; the envelope asks the server for it.
  WireWidth Width() const noexcept {
    WireWidth width = WireWidth::SevenBit;
    for (const MessagePart& part : parts_) {
      if (part.encoding == TransferEncoding::Binary) return WireWidth::Binary;
      if (part.encoding == TransferEncoding::EightBit) width = WireWidth::EightBit;
    }
    return width;
  }

  /// Appends the header as it goes over the wire, without the empty line after it.
  void AppendHeader(std::string& to) const {
    if (mail_->Source.empty()) {
      to.append(Literals().substr(0, Literals().find("\r\n\r\n") + 2));
      return;
    }
    CrlfText header;
    header.Start(HeaderOf(mail_->Source));
    char piece[256];
    while (!header.Done()) to.append(piece, header.Read(piece, sizeof piece));
  }

  /// Bytes of the whole message, or kUnknownSize.
  std::uint64_t Size() const noexcept { return size_; }

  /// `width`: what the server offers, 8BITMIME or BINARYMIME. An empty `stamp` is filled.
  void Lay(const EmailMessage& mail, WireWidth width, MessageStamp& stamp) {
    Clear();
    stamp_ = &stamp;
    width_ = width;
    mail_ = &mail;
    if (mail.Source.empty()) {
      if (stamp.time == 0) {
        stamp.time = static_cast<std::int64_t>(std::time(nullptr));
        DrawToken();
      }
      MessageFields(mail, stamp, literals_, scratch_).Write(clock_);
      WriteMixed();
      EndLiteral();
    } else {
      const TextScan scan = Scanned(mail.Source);
      AddText(mail.Source, scan, scan.IsEightBit() ? TransferEncoding::EightBit : TransferEncoding::SevenBit);
    }
    SumUp();
  }

 private:
  void DrawToken() {
    do {
      mint_.Draw(stamp_->token);
    } while (HasBoundaries() && (Occurs(mail_->BodyPlainText) || Occurs(mail_->BodyHTML) ||
                                 Occurs(mail_->BodyEnriched) || Occurs(mail_->BodyCalendar) || OccursInAttachment()));
  }
  bool HasBoundaries() const noexcept { return !mail_->Attachments.empty() || CountBodies() > 1; }
  bool Occurs(const std::string& text) const {
    return text.find(stamp_->token, 0, sizeof stamp_->token) != std::string::npos;
  }
  int CountBodies() const noexcept {
    return !mail_->BodyPlainText.empty() + !mail_->BodyEnriched.empty() + !mail_->BodyHTML.empty() +
           !mail_->BodyCalendar.empty();
  }

  /// How long it all is, and what can be claimed of each part's lines. Boundaries, and fields that nobody checked, are
  /// looked at; bodies are encoded by us.
  void SumUp() noexcept {
    const bool literals_are_lines = FindLineFault('\n', Literals().data(), literals_.size(), false) == literals_.size();
    size_ = 0;
    LineQuality after = LineQuality::NoDots;
    for (std::size_t i = parts_.size(); i-- != 0;) {
      MessagePart& part = parts_[i];
      size_ = part.size == kUnknownSize || size_ == kUnknownSize ? kUnknownSize : size_ + part.size;
      part.lines = LineQuality::Crlf;
      if (part.is_literal && !literals_are_lines) part.lines = LineQuality::Any;
      if (part.encoding == TransferEncoding::Binary) part.lines = LineQuality::Any;
      if (part.encoding == TransferEncoding::Base64 || part.encoding == TransferEncoding::QuotedPrintable)
        part.lines = LineQuality::NoDots;
      // A part that may give no byte more is read together with what follows.
      const bool may_be_over = part.size == 0 || part.size == kUnknownSize;
      if (may_be_over && after < part.lines) part.lines = after;
      after = part.lines;
    }
  }

  // ---- The tree. Each of these writes an entity: its header fields, the empty line, its body.

  void WriteMixed() {
    std::size_t attached = 0;
    for (const EmailAttachment& one : mail_->Attachments) attached += !IsInline(one);
    if (attached == 0) return WriteBodies();
    StartMultipart("mixed", '1');
    Delimiter('1');
    WriteBodies();
    for (const EmailAttachment& one : mail_->Attachments) {
      if (IsInline(one)) continue;
      Delimiter('1');
      WriteAttachment(one, "attachment");
    }
    CloseDelimiter('1');
  }

  bool IsInline(const EmailAttachment& one) const noexcept {
    return !one.InlineContentID.empty() && !mail_->BodyHTML.empty();
  }

  void WriteBodies() {
    const int kinds = CountBodies();
    if (kinds > 1) StartMultipart("alternative", '2');
    const auto next = [&] {
      if (kinds > 1) Delimiter('2');
    };
    if (!mail_->BodyPlainText.empty() || kinds == 0) {
      next();
      WriteText("plain", {}, mail_->BodyPlainText);
    }
    if (!mail_->BodyEnriched.empty()) {
      next();
      WriteText("enriched", {}, mail_->BodyEnriched);
    }
    if (!mail_->BodyHTML.empty()) {
      next();
      WriteHtml();
    }
    // The last alternative is the one preferred by who can show it (RFC 2046 5.1.4, RFC 6047 2.4).
    if (!mail_->BodyCalendar.empty()) {
      next();
      WriteText("calendar", mail_->CalendarMethod, mail_->BodyCalendar);
    }
    if (kinds > 1) CloseDelimiter('2');
  }

  void WriteHtml() {
    bool related = false;
    for (const EmailAttachment& one : mail_->Attachments) related = related || IsInline(one);
    if (!related) return WriteText("html", {}, mail_->BodyHTML);
    StartMultipart("related", '3');
    Delimiter('3');
    WriteText("html", {}, mail_->BodyHTML);
    for (const EmailAttachment& one : mail_->Attachments) {
      if (!IsInline(one)) continue;
      Delimiter('3');
      WriteAttachment(one, "inline");
    }
    CloseDelimiter('3');
  }

  void WriteText(std::string_view subtype, std::string_view method, std::string_view text) {
    const TextScan scan = Scanned(text);
    const TransferEncoding encoding = ChooseEncoding(scan, width_ != WireWidth::SevenBit);
    Put("Content-Type: text/");
    Put(subtype);
    Put("; charset=utf-8");
    if (!method.empty()) literals_.append("; method=").append(method);
    Put("\r\n");
    EndHeader(encoding);
    AddText(text, scan, encoding);
  }

  static TextScan Scanned(std::string_view text) noexcept {
    TextScan scan;
    scan.Update(text);
    return scan;
  }
  void AddText(std::string_view text, const TextScan& scan, TransferEncoding encoding) {
    MessagePart part;
    part.text = text;
    part.encoding = encoding;
    part.size = WireSize(text, scan, encoding);
    part.verbatim =
        !scan.HasBareLineEnd() && (encoding == TransferEncoding::SevenBit || encoding == TransferEncoding::EightBit);
    parts_.push_back(part);
  }

  /// Only what may go without base64 can hold a boundary; a file is too long to be searched for what is that unlikely.
  bool OccursInAttachment() const {
    for (const EmailAttachment& one : mail_->Attachments)
      if (!one.Data.empty() && one.Size() == one.Data.size() && MayGoWithoutBase64(one, width_) && Occurs(one.Data))
        return true;
    return false;
  }

  void WriteAttachment(const EmailAttachment& one, std::string_view disposition) {
    const AttachmentPlan plan = AttachmentPlanner(one, width_).Plan();
    AttachmentFields(literals_, scratch_, name_).Write(one, plan, disposition);
    EndHeader(plan.encoding);
    if (plan.is_text && one.InMemory()) return AddText(one.Data, Scanned(one.Data), plan.encoding);
    MessagePart part;
    part.encoding = plan.encoding;
    part.attachment = &one;
    part.size = plan.wire_size;
    parts_.push_back(part);
  }

  /// The last field of an entity's header, and the empty line. 7bit is what no field says (RFC 2045 6.1).
  void EndHeader(TransferEncoding encoding) {
    constexpr std::string_view kNames[] = {"7bit", "8bit", "quoted-printable", "base64", "binary"};
    Put("Content-Transfer-Encoding: ");
    Put(kNames[static_cast<unsigned>(encoding)]);
    Put("\r\n\r\n");
    EndLiteral();
  }

  // ---- Boundaries (RFC 2046 5.1.1). "=_" stands in neither quoted-printable nor base64.

  void AppendBoundary(char level) {
    literals_.append("=_").append(stamp_->token, sizeof stamp_->token);
    literals_ += level;
  }
  void StartMultipart(std::string_view subtype, char level) {
    literals_.append("Content-Type: multipart/").append(subtype).append(";\r\n boundary=\"");
    AppendBoundary(level);
    literals_ += "\"\r\n";
  }
  void Delimiter(char level) {
    literals_ += "\r\n--";
    AppendBoundary(level);
    literals_ += "\r\n";
  }
  void CloseDelimiter(char level) {
    literals_ += "\r\n--";
    AppendBoundary(level);
    literals_ += "--\r\n";
  }

  void Put(std::string_view text) { literals_.append(text); }

  void EndLiteral() {
    if (literals_.size() == literal_begin_) return;
    MessagePart part;
    part.is_literal = true;
    part.begin = literal_begin_;
    part.end = literals_.size();
    part.size = part.end - part.begin;
    parts_.push_back(part);
    literal_begin_ = literals_.size();
  }

  const EmailMessage* mail_ = nullptr;
  MessageStamp* stamp_ = nullptr;
  PlainList<MessagePart> parts_;
  TextBuffer literals_;
  TextBuffer scratch_;
  TextBuffer name_;
  std::size_t literal_begin_ = 0;
  WireWidth width_ = WireWidth::SevenBit;
  std::uint64_t size_ = 0;
  DateClock clock_;
  TokenMint mint_;
};

}  // namespace detail

SMTPOLL_NAMESPACE_END

#endif
