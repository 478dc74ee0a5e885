// The order of a message's parts: literal text (headers, boundaries) and, between, bodies and attachments to be
// encoded. The tree is the smallest that holds what is there (RFC 2046 5.1, RFC 2387): mixed, related, alternative.
#ifndef SMTPOLL_MESSAGE_MESSAGE_LAYOUT_HPP
#define SMTPOLL_MESSAGE_MESSAGE_LAYOUT_HPP

#include <string>
#include <string_view>
#include <vector>

#include "smtpoll/base/text_buffer.hpp"
#include "smtpoll/message/attachment_plan.hpp"
#include "smtpoll/message/body_source.hpp"
#include "smtpoll/message/date.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/header_writer.hpp"
#include "smtpoll/message/token_mint.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a LineClaim may say of a part.
enum class LineQuality : std::uint8_t { Any, Crlf, NoDots };

struct MessagePart {
  bool is_literal = false;
  std::size_t begin = 0;  // of a literal: its place in Literals()
  std::size_t end = 0;
  std::string_view text;  // of a body
  TransferEncoding encoding = TransferEncoding::SevenBit;
  const EmailAttachment* attachment = nullptr;
  std::uint64_t size = 0;                // bytes on the wire, or kUnknownSize
  bool verbatim = false;                 // of a body: its lines need nothing
  LineQuality lines = LineQuality::Any;  // of what is read from here on until a part has given a byte
};

/// A longer name is encoded, because it may have no place where its line can be folded.
constexpr std::size_t kLongestPlainName = 500;

/// What makes a rendering this one and no other: a message that is rendered again with the same stamp shows the same
/// Date and the same Message-ID. All zero is a stamp that the first rendering fills.
struct MessageStamp {
  std::int64_t time = 0;  // seconds since 1970
  char token[TokenMint::kSize] =
      {};  // letters that no text of the message holds: the stem of its boundaries and its Message-ID
};

class MessageLayout {
 public:
  const std::vector<MessagePart>& Parts() const noexcept { return parts_; }
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
      WriteFields();
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

  // ---- Header fields.

  void WriteFields() {
    HeaderWriter writer(literals_);
    if (Ours("Date")) {
      writer.Begin("Date");
      writer.Word(clock_.Text(static_cast<std::time_t>(stamp_->time)));
      writer.End();
    }
    std::string_view author_domain;
    if (Ours("From"))
      author_domain = Addresses(writer, "From", mail_->FromAddress);
    else
      author_domain = FirstDomain(mail_->FromAddress);
    if (Ours("To") && !mail_->ToAddress.empty()) Addresses(writer, "To", mail_->ToAddress);
    if (Ours("Cc") && !mail_->CCAddress.empty()) Addresses(writer, "Cc", mail_->CCAddress);
    if (Ours("Subject") && !mail_->Subject.empty()) Field(writer, "Subject", mail_->Subject);
    if (Ours("Message-ID")) MessageId(writer, author_domain);
    if (Ours("TLS-Required") && mail_->Options.tls_required == TlsRequired::No) Field(writer, "TLS-Required", "No");
    for (const InternetHeaders::Field& field : mail_->Headers.Fields())
      if (IsAddressField(field.name))
        Addresses(writer, field.name, field.value);
      else if (!IsStructural(field.name))
        Field(writer, field.name, field.value);
    Put("MIME-Version: 1.0\r\n");
  }

  bool Ours(std::string_view name) const noexcept { return !mail_->Headers.Has(name); }

  /// Fields that say how the message is built are never the caller's, and Bcc reaches nobody.
  static bool IsStructural(std::string_view name) noexcept {
    for (const std::string_view one :
         {"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Bcc"})
      if (EqualIgnoringCase(name, one)) return true;
    return false;
  }

  static void Field(HeaderWriter& writer, std::string_view name, std::string_view value) {
    writer.Begin(name);
    writer.Text(value);
    writer.End();
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
    scratch_.assign("<").append(stamp_->token, sizeof stamp_->token);
    scratch_ += '@';
    if (domain.empty() || domain[0] == '[' || !IsAllAscii(domain)) domain = "localhost.localdomain";
    scratch_.append(domain);
    scratch_ += '>';
    writer.Begin("Message-ID");
    writer.Word(scratch_);
    writer.End();
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
    HeaderWriter writer(literals_);
    writer.Begin("Content-Type");
    writer.Word(plan.type);
    if (plan.is_utf8) {
      writer.Glue(";");
      writer.Word("charset=utf-8");
    }
    if (!IsAllAscii(one.Name)) NameForOldReaders(writer, one.Name);
    writer.End();
    writer.Begin("Content-Disposition");
    writer.Word(disposition);
    if (!one.Name.empty()) FileName(writer, one.Name);
    writer.End();
    if (!one.InlineContentID.empty()) {
      scratch_.assign("<").append(one.InlineContentID).append(">");
      Field(writer, "Content-ID", scratch_);
    }
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

  /// Readers that do not know RFC 2231 look here: the name with a low line for each character that is not ASCII. Not as
  /// a second filename parameter, which others take for a fault.
  void NameForOldReaders(HeaderWriter& writer, std::string_view name) {
    TextBuffer& plain = name_;
    plain.clear();
    while (!name.empty() && plain.size() < 60) {
      const Utf8Character character = FirstCharacter(name);
      plain += character.bytes.size() == 1 && IsPrint(character.bytes[0]) ? character.bytes[0] : '_';
      name.remove_prefix(character.consumed);
    }
    writer.Glue(";");
    scratch_.assign("name=");
    AppendQuoted(Trim(plain), scratch_);
    writer.Word(scratch_);
  }

  /// RFC 2183 2.3 where the name is plain and short, else RFC 2231 in segments that fit a line. A segment ends between
  /// two characters, because readers decode each by itself.
  void FileName(HeaderWriter& writer, std::string_view name) {
    writer.Glue(";");
    if (IsAllAscii(name) && name.size() <= 60 && Trim(name) == name) {
      scratch_.assign("filename=");
      AppendQuoted(name, scratch_);
      return writer.Word(scratch_);
    }
    constexpr std::size_t kSegment = 45;
    for (int number = 0; !name.empty(); ++number) {
      if (number != 0) writer.Glue(";");
      scratch_.assign("filename*").append(std::to_string(number)).append(number == 0 ? "*=utf-8''" : "*=");
      const std::size_t start = scratch_.size();
      while (!name.empty() && scratch_.size() - start < kSegment) {
        const Utf8Character character = FirstCharacter(name);
        for (const char c : character.bytes) AppendExtended(c);
        name.remove_prefix(character.consumed);
      }
      writer.Word(scratch_);
    }
  }

  /// RFC 2231 7: attribute-char as it is, all else in per cent.
  void AppendExtended(char c) {
    if (IsAlpha(c) || IsDigit(c) || c == '.' || c == '-' || c == '_') {
      scratch_ += c;
      return;
    }
    scratch_ += '%';
    scratch_ += kHexDigits[static_cast<unsigned char>(c) >> 4];
    scratch_ += kHexDigits[static_cast<unsigned char>(c) & 15];
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
  std::vector<MessagePart> parts_;
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
