// Renders an EmailMessage as it goes over the wire (RFC 5322, RFC 2045 to 2049), pulled piece by piece. The headers and
// boundaries are written at Open; bodies and attachments are encoded straight into the reader's room.
// Invariant: no body and no attachment is held, and a rewound source yields the very same bytes.
#ifndef SMTPOLL_MESSAGE_MESSAGE_SOURCE_HPP
#define SMTPOLL_MESSAGE_MESSAGE_SOURCE_HPP

#include <string>
#include <vector>

#include "smtpoll/base/source.hpp"
#include "smtpoll/message/attachment_reader.hpp"
#include "smtpoll/message/body_source.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_layout.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The bytes of one message after the other; memory is used again.
class MessageSource final : public Source {
 public:
  MessageSource() = default;
  MessageSource(const MessageSource&) = delete;
  MessageSource& operator=(const MessageSource&) = delete;

  /// Starts `mail`, which must neither change nor go away until Close. What is wrong with it, Check says before.
  /// `width`: text may go as 8bit, attachments as they are, because the server offers 8BITMIME or BINARYMIME.
  void Open(const EmailMessage& mail, detail::WireWidth width = detail::WireWidth::SevenBit) {
    layout_.Lay(mail, width);
    failure_.clear();
    StartOver(false);
  }
  /// Lets go of the message.
  void Close() {
    reader_.Close();
    layout_.Clear();
    part_ = 0;
  }

  SourceResult Read(char* into, std::size_t room) override {
    std::size_t size = 0;
    while (size < room && part_ < layout_.Parts().size()) {
      const SourceResult result = ReadPart(into + size, room - size);
      size += result.size;
      if (result.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (result.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      if (result.status == SourceStatus::End) {
        ++part_;
        if (!StartPart()) return {size, SourceStatus::Failed};
      }
    }
    return {size, part_ == layout_.Parts().size() ? SourceStatus::End : SourceStatus::More};
  }

  /// What the envelope has to ask the server for.
  detail::WireWidth Width() const noexcept { return layout_.Width(); }

  bool Rewind() override { return StartOver(true); }

  std::uint64_t Size() const override {
    std::uint64_t sum = 0;
    for (const detail::MessagePart& part : layout_.Parts()) {
      const std::uint64_t size = PartSize(part);
      if (size == kUnknownSize) return kUnknownSize;
      sum += size;
    }
    return sum;
  }

  std::string_view Failure() const override { return failure_; }

 private:
  bool StartOver(bool again) {
    again_ = again;
    part_ = 0;
    return StartPart();
  }

  const detail::MessagePart& Part() const { return layout_.Parts()[part_]; }

  /// Makes the present part ready; false where its attachment cannot be read.
  bool StartPart() {
    if (part_ == layout_.Parts().size()) return true;
    const detail::MessagePart& part = Part();
    literal_at_ = part.begin;
    crlf_.Start(part.text);
    quoted_printable_.Start(part.text);
    base64_.Start();
    if (part.attachment == nullptr || reader_.Start(*part.attachment, again_)) return true;
    Fail(part);
    return false;
  }

  SourceResult ReadPart(char* into, std::size_t room) {
    const detail::MessagePart& part = Part();
    if (part.attachment != nullptr) {
      const auto pull = [this](char* raw, std::size_t size) { return reader_.Read(raw, size); };
      const bool binary = part.encoding == detail::TransferEncoding::Binary;
      const SourceResult result = binary ? pull(into, room) : base64_.Read(into, room, pull);
      if (result.status == SourceStatus::Failed) Fail(part);
      return result;
    }
    if (part.is_literal) {
      const std::size_t left = part.end - literal_at_, size = left < room ? left : room;
      layout_.Literals().copy(into, size, literal_at_);
      literal_at_ += size;
      return {size, size == left ? SourceStatus::End : SourceStatus::More};
    }
    switch (part.encoding) {
      case detail::TransferEncoding::QuotedPrintable: {
        const std::size_t size = quoted_printable_.Read(into, room);
        return {size, quoted_printable_.Done() ? SourceStatus::End : SourceStatus::More};
      }
      case detail::TransferEncoding::Base64:
        return base64_.Read(into, room, [this](char* raw, std::size_t size) { return ReadCrlf(raw, size); });
      case detail::TransferEncoding::SevenBit:
      case detail::TransferEncoding::EightBit:
      case detail::TransferEncoding::Binary: break;
    }
    return ReadCrlf(into, room);
  }

  SourceResult ReadCrlf(char* into, std::size_t room) noexcept {
    const std::size_t size = crlf_.Read(into, room);
    return {size, crlf_.Done() ? SourceStatus::End : SourceStatus::More};
  }

  static std::uint64_t PartSize(const detail::MessagePart& part) {
    if (part.is_literal) return part.end - part.begin;
    if (part.attachment != nullptr) {
      const std::uint64_t size = part.attachment->Size();
      const bool as_it_is = size == kUnknownSize || part.encoding == detail::TransferEncoding::Binary;
      return as_it_is ? size : detail::Base64LinesSize(size);
    }
    // A counting pass: encoded into nothing.
    char nowhere[512];
    std::uint64_t sum = 0;
    if (part.encoding == detail::TransferEncoding::QuotedPrintable) {
      detail::QuotedPrintableText text;
      text.Start(part.text);
      while (!text.Done()) sum += text.Read(nowhere, sizeof nowhere);
      return sum;
    }
    detail::CrlfText text;
    text.Start(part.text);
    while (!text.Done()) sum += text.Read(nowhere, sizeof nowhere);
    return part.encoding == detail::TransferEncoding::Base64 ? detail::Base64LinesSize(sum) : sum;
  }

  void Fail(const detail::MessagePart& part) {
    failure_ = "attachment ";
    failure_ += part.attachment->Name.empty() ? part.attachment->Path() : part.attachment->Name;
    failure_ += " cannot be read as long as it said it was";
  }

  detail::MessageLayout layout_;
  std::size_t part_ = 0;
  std::size_t literal_at_ = 0;
  bool again_ = false;
  detail::CrlfText crlf_;
  detail::QuotedPrintableText quoted_printable_;
  detail::Base64Lines base64_;
  detail::AttachmentReader reader_;
  std::string failure_;
};

namespace detail {

/// Bytes of `mail` as it goes over the wire; 0 where a source does not know.
inline std::uint64_t ContentSize(const EmailMessage& mail) {
  MessageSource source;
  source.Open(mail);
  return source.Size() == kUnknownSize ? 0 : source.Size();
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
