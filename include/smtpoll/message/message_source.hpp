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
    detail::MessageStamp stamp;
    Open(mail, width, stamp);
  }
  /// As above, with the Date and the Message-ID of `stamp`; an empty one is filled.
  void Open(const EmailMessage& mail, detail::WireWidth width, detail::MessageStamp& stamp) {
    signer_ = mail.Signer.get();
    layout_.Lay(mail, signer_ == nullptr ? width : detail::WireWidth::SevenBit, stamp);
    failure_.clear();
    StartOver(false);
    StartSigning();
  }
  /// Lets go of the message.
  void Close() {
    reader_.Close();
    layout_.Clear();
    signing_.reset();
    signature_.clear();
    part_ = 0;
  }

  SourceResult Read(char* into, std::size_t room) override {
    if (signing_)
      if (const SourceStatus status = Sign(); status != SourceStatus::More) return {0, status};
    const std::size_t size = signature_.copy(into, room, signature_at_);
    signature_at_ += size;
    if (size == room) return {size, SourceStatus::More};
    const SourceResult rest = ReadParts(into + size, room - size);
    if (rest.status == SourceStatus::Again && size != 0) return {size, SourceStatus::More};
    return {size + rest.size, rest.status};
  }

  /// What the envelope has to ask the server for.
  detail::WireWidth Width() const noexcept { return layout_.Width(); }

  /// True while the signature is not there yet; Read then says Again now and then.
  bool Signing() const noexcept { return static_cast<bool>(signing_); }

  bool Rewind() override {
    signature_at_ = 0;
    if (!StartOver(true)) return false;
    if (signing_) StartSigning();
    return true;
  }

  std::uint64_t Size() const override {
    const std::uint64_t signature = signing_ ? signing_->Size() : signature_.size();
    return layout_.Size() == kUnknownSize ? kUnknownSize : layout_.Size() + signature;
  }

  std::string_view Failure() const override { return failure_; }

  detail::LineClaim Claim() const override {
    const bool unsigned_part = !signing_ && signature_at_ == signature_.size();
    return detail::LineClaim(unsigned_part ? static_cast<unsigned char>(Quality()) : 0);
  }

 private:
  /// Bytes that one Read may have signed: it must not take longer than a step should.
  static constexpr std::size_t kSignStep = std::size_t{1024} * 1024;

  bool StartOver(bool again) {
    again_ = again;
    part_ = 0;
    return StartPart();
  }

  detail::LineQuality Quality() const noexcept {
    return part_ == layout_.Parts().size() ? detail::LineQuality::NoDots : Part().lines;
  }

  /// The bytes of the message without its signature; in one read only such of the same quality, so that Claim is true
  /// of all of them.
  SourceResult ReadParts(char* into, std::size_t room) {
    std::size_t size = 0;
    const detail::LineQuality quality = Quality();
    while (size < room && part_ < layout_.Parts().size() && (size == 0 || Quality() == quality)) {
      const SourceResult result = ReadPart(into + size, room - size);
      size += result.size;
      if (result.status == SourceStatus::Failed) return {size, SourceStatus::Failed};
      if (result.status == SourceStatus::Again) return {size, size != 0 ? SourceStatus::More : SourceStatus::Again};
      // A part that stops before the room is full wants a larger one.
      if (result.status == SourceStatus::More) return {size, SourceStatus::More};
      ++part_;
      if (!StartPart()) return {size, SourceStatus::Failed};
    }
    return {size, part_ == layout_.Parts().size() ? SourceStatus::End : SourceStatus::More};
  }

  void StartSigning() {
    signature_.clear();
    signature_at_ = 0;
    signing_.reset();
    if (signer_ == nullptr) return;
    std::string header;
    layout_.AppendHeader(header);
    signing_ = signer_->Begin(header);
    unsigned_ = header.size() + 2;  // and the empty line
  }

  /// Has the signer read on. More: the signature is there, and the message stands at its start again.
  SourceStatus Sign() {
    char piece[4096];
    for (std::size_t signed_now = 0; signed_now < kSignStep;) {
      const SourceResult result = ReadParts(piece, sizeof piece);
      if (result.status == SourceStatus::Failed || result.status == SourceStatus::Again) return result.status;
      const std::size_t skipped = unsigned_ < result.size ? static_cast<std::size_t>(unsigned_) : result.size;
      unsigned_ -= skipped;
      signing_->Update({piece + skipped, result.size - skipped});
      signed_now += result.size;
      if (result.status != SourceStatus::End) continue;
      if (!signing_->Finish(signature_)) {
        failure_ = "the message cannot be signed with this key";
        return SourceStatus::Failed;
      }
      signing_.reset();
      return StartOver(true) ? SourceStatus::More : SourceStatus::Failed;
    }
    return SourceStatus::Again;
  }

  const detail::MessagePart& Part() const { return layout_.Parts()[part_]; }

  /// Makes the present part ready; false where its attachment cannot be read.
  bool StartPart() {
    if (part_ == layout_.Parts().size()) return true;
    const detail::MessagePart& part = Part();
    copied_ = part.is_literal ? layout_.Literals().substr(part.begin, part.end - part.begin) : part.text;
    if (part.is_literal || part.verbatim) return true;
    crlf_.Start(part.text);
    quoted_printable_.Start(part.text);
    base64_.Start();
    lines_.Start();
    lines_read_ = 0;
    if (part.attachment == nullptr) return true;
    if (part.attachment->InMemory()) copied_ = part.attachment->Data;
    if (reader_.Start(*part.attachment, again_)) return true;
    Fail(part);
    return false;
  }

  SourceResult ReadPart(char* into, std::size_t room) {
    const detail::MessagePart& part = Part();
    if (part.is_literal || part.verbatim) return Copy(into, room);
    if (part.attachment != nullptr && part.attachment->InMemory()) {
      if (part.encoding == detail::TransferEncoding::Base64) return base64_.Read(into, room, copied_);
      if (part.encoding == detail::TransferEncoding::Binary) return Copy(into, room);
    }
    if (part.attachment != nullptr) {
      const auto pull = [this](char* raw, std::size_t size) { return reader_.Read(raw, size); };
      const bool binary = part.encoding == detail::TransferEncoding::Binary;
      const bool base64 = part.encoding == detail::TransferEncoding::Base64;
      SourceResult result = binary   ? pull(into, room)
                            : base64 ? base64_.Read(into, room, pull)
                                     : lines_.Read(into, room, pull);
      if (!binary && !base64) {
        lines_read_ += result.size;
        // The file has other lines than when it was scanned.
        const bool ended = result.status == SourceStatus::End;
        if (lines_read_ > part.size || (ended && lines_read_ != part.size)) result = {0, SourceStatus::Failed};
      }
      if (result.status == SourceStatus::Failed) Fail(part);
      return result;
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

  SourceResult Copy(char* into, std::size_t room) noexcept {
    const std::size_t size = copied_.copy(into, room);
    copied_.remove_prefix(size);
    return {size, copied_.empty() ? SourceStatus::End : SourceStatus::More};
  }

  SourceResult ReadCrlf(char* into, std::size_t room) noexcept {
    const std::size_t size = crlf_.Read(into, room);
    return {size, crlf_.Done() ? SourceStatus::End : SourceStatus::More};
  }

  void Fail(const detail::MessagePart& part) {
    failure_ = "attachment ";
    failure_ += part.attachment->Name.empty() ? part.attachment->Path() : part.attachment->Name;
    failure_ += " cannot be read as long as it said it was";
  }

  detail::MessageLayout layout_;
  std::size_t part_ = 0;
  std::string_view copied_;  // what is left of a part whose bytes lie in memory
  std::uint64_t lines_read_ = 0;
  bool again_ = false;
  const MessageSigner* signer_ = nullptr;
  Owned<MessageSigning> signing_;  // until the signature is there
  std::uint64_t unsigned_ = 0;     // bytes of the header that the signer does not get again
  std::string signature_;
  std::size_t signature_at_ = 0;
  detail::CrlfText crlf_;
  detail::QuotedPrintableText quoted_printable_;
  detail::Base64Lines base64_;
  detail::CrlfLines lines_;
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

inline std::string EmailMessage::Render() const {
  MessageSource source;
  source.Open(*this);
  std::string text;
  char piece[4096];
  for (;;) {
    const SourceResult got = source.Read(piece, sizeof piece);
    text.append(piece, got.size);
    if (got.status == SourceStatus::End) return text;
    // A signer that works in steps goes on by itself; a callback that has nothing now may never.
    if (got.status == SourceStatus::Failed || (got.status == SourceStatus::Again && !source.Signing())) return {};
  }
}

SMTPOLL_NAMESPACE_END

#endif
