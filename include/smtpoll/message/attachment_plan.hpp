// How an attachment goes over the wire: its media type, its transfer encoding, its size there. A message that is
// forwarded is message/rfc822 where its lines can go as they are, because that type must not be base64 (RFC 2046
// 5.2.1). Invariant: the receiver gets the very bytes, but for the line ends of a forwarded message.
#ifndef SMTPOLL_MESSAGE_ATTACHMENT_PLAN_HPP
#define SMTPOLL_MESSAGE_ATTACHMENT_PLAN_HPP

#include <string_view>

#include "smtpoll/base/base64_lines.hpp"
#include "smtpoll/message/email_attachment.hpp"
#include "smtpoll/message/transfer_encoding.hpp"
#include "smtpoll/message/utf8.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

struct AttachmentPlan {
  std::string_view type;  ///< As for Content-Type; looks into the attachment or is a literal.
  TransferEncoding encoding = TransferEncoding::Base64;
  bool is_text = false;         ///< Its lines are read as text: `encoding` is SevenBit, EightBit or QuotedPrintable.
  bool is_utf8 = false;         ///< A text whose bytes are UTF-8 and whose type does not say so.
  bool is_forward = false;      ///< A whole message (message/rfc822).
  std::uint64_t wire_size = 0;  ///< Bytes on the wire, or kUnknownSize.
};

/// The values of EmailAttachment::ContentEncoding.
inline bool IsContentEncoding(std::string_view name) noexcept {
  for (const std::string_view one : {"", "base64", "quoted-printable", "7bit", "8bit", "binary"})
    if (EqualIgnoringCase(name, one)) return true;
  return false;
}

/// False where an attachment goes by base64 whatever its bytes are.
inline bool MayGoWithoutBase64(const EmailAttachment& one, WireWidth width) noexcept {
  if (width == WireWidth::Binary || !EqualIgnoringCase(one.ContentEncoding, "base64")) return true;
  return EqualIgnoringCase(one.MIMEType.empty() ? MimeTypeOf(one.Name) : one.MIMEType, "message/rfc822");
}

/// Scans the bytes of an attachment in memory or in a file; false where it is neither or cannot be read.
inline bool ScanAttachment(const EmailAttachment& one, TextScan& scan) {
  if (one.Callback()) return false;
  if (one.Path().empty()) {
    scan.Update(one.Data);
    return true;
  }
  FileReader file;
  if (!file.Open(one.Path().c_str())) return false;
  char piece[4096];
  for (;;) {
    const SourceResult got = file.Read(piece, sizeof piece);
    scan.Update({piece, got.size});
    if (got.status != SourceStatus::More) return got.status == SourceStatus::End;
  }
}

/// True where a text starts with valid UTF-8: all of it that is in memory, or the start of the file.
inline bool StartsWithUtf8(const EmailAttachment& one) {
  if (one.Callback()) return false;
  if (one.Path().empty()) return FindInvalidUtf8(one.Data) == std::string_view::npos;
  FileReader file;
  if (!file.Open(one.Path().c_str())) return false;
  char piece[4096];
  std::size_t size = 0;
  SourceResult got = {0, SourceStatus::More};
  while (got.status == SourceStatus::More && size < sizeof piece) {
    got = file.Read(piece + size, sizeof piece - size);
    size += got.size;
  }
  if (got.status == SourceStatus::Failed) return false;
  const std::string_view start(piece, size);
  const std::size_t invalid = FindInvalidUtf8(start);
  // A character may be cut at the end of the piece.
  return invalid == std::string_view::npos || (got.status == SourceStatus::More && size - invalid < 4);
}

class AttachmentPlanner {
 public:
  AttachmentPlanner(const EmailAttachment& attachment, WireWidth width) : one_(attachment), width_(width) {
    plan_.type = one_.MIMEType.empty() ? MimeTypeOf(one_.Name) : std::string_view(one_.MIMEType);
    const bool forward = EqualIgnoringCase(plan_.type, "message/rfc822");
    const bool composite =
        StartsWithIgnoringCase(plan_.type, "message/") || StartsWithIgnoringCase(plan_.type, "multipart/");
    if (forward && GoesAsText()) {
      plan_.is_forward = true;
      return;
    }
    const bool raw = width == WireWidth::Binary;
    if (plan_.type.find('/') == std::string_view::npos || (composite && !(forward && raw)))
      plan_.type = "application/octet-stream";
    plan_.is_utf8 = StartsWithIgnoringCase(plan_.type, "text/") && plan_.type.find(';') == std::string_view::npos &&
                    StartsWithUtf8(one_);
    if (!forward && IsPreferredAsText()) return;
    plan_.encoding = raw ? TransferEncoding::Binary : TransferEncoding::Base64;
    plan_.wire_size = raw || one_.Size() == kUnknownSize ? one_.Size() : Base64LinesSize(one_.Size());
  }
  const AttachmentPlan& Plan() const noexcept { return plan_; }

 private:
  /// A message of no bytes is no message; a file that is empty now is left to the reader.
  bool GoesAsText() {
    TextScan scan;
    if (one_.Size() == 0 || !ScanAttachment(one_, scan)) return false;
    if (!scan.GoesAsItIs(width_ != WireWidth::SevenBit)) return false;
    TakeText(scan.IsEightBit() ? TransferEncoding::EightBit : TransferEncoding::SevenBit, scan.CrlfSize());
    return true;
  }

  /// The caller named another encoding than base64, or none, and the bytes come through by it.
  bool IsPreferredAsText() {
    const std::string_view wanted = one_.ContentEncoding;
    if (EqualIgnoringCase(wanted, "base64") || EqualIgnoringCase(wanted, "binary")) return false;
    if (wanted.empty() && !StartsWithIgnoringCase(plan_.type, "text/")) return false;
    TextScan scan;
    if (one_.Callback() || !one_.Path().empty() || one_.Data.empty()) return false;
    scan.Update(one_.Data);
    if (scan.HasBareLineEnd()) return false;  // a text's line ends become CRLF
    const bool quoted = EqualIgnoringCase(wanted, "quoted-printable");
    if (!quoted && scan.GoesAsItIs(width_ != WireWidth::SevenBit && !EqualIgnoringCase(wanted, "7bit"))) {
      TakeText(scan.IsEightBit() ? TransferEncoding::EightBit : TransferEncoding::SevenBit, scan.CrlfSize());
      return true;
    }
    if (!quoted && ChooseEncoding(one_.Data, false) != TransferEncoding::QuotedPrintable) return false;
    TakeText(TransferEncoding::QuotedPrintable, 0);
    return true;
  }

  void TakeText(TransferEncoding encoding, std::uint64_t size) noexcept {
    plan_.is_text = true;
    plan_.encoding = encoding;
    plan_.wire_size = size;
  }

  const EmailAttachment& one_;
  WireWidth width_;
  AttachmentPlan plan_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
