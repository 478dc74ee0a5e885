// Reads the bytes of one attachment from wherever they are. An attachment that is not as long as it said is a failure:
// a message must not go out with less, or with another length than was promised to the server.
#ifndef SMTPOLL_MESSAGE_ATTACHMENT_READER_HPP
#define SMTPOLL_MESSAGE_ATTACHMENT_READER_HPP

#include <cstring>

#include "smtpoll/message/email_attachment.hpp"
#include "smtpoll/message/file_reader.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class AttachmentReader {
 public:
  /// Starts over; false where the attachment cannot be read (again).
  bool Start(const EmailAttachment& attachment, bool again) {
    Close();
    attachment_ = &attachment;
    read_ = 0;
    if (!attachment.Path().empty()) return file_.Open(attachment.Path().c_str());
    if (attachment.Callback() && again) return attachment.Rewinder() && attachment.Rewinder()();
    return true;
  }
  void Close() noexcept { file_.Close(); }

  SourceResult Read(char* into, std::size_t room) {
    const SourceResult result = ReadPiece(into, room);
    if (result.status == SourceStatus::Failed || result.size > room) return {0, SourceStatus::Failed};
    read_ += result.size;
    const std::uint64_t size = attachment_->Size();
    if (size == kUnknownSize) return result;
    const bool too_long = read_ > size || (result.status != SourceStatus::End && read_ == size && !AtEnd());
    const bool too_short = result.status == SourceStatus::End && read_ < size;
    if (too_long || too_short) return {0, SourceStatus::Failed};
    return {result.size, read_ == size ? SourceStatus::End : result.status};
  }

 private:
  SourceResult ReadPiece(char* into, std::size_t room) {
    if (file_.IsOpen()) return file_.Read(into, room);
    if (attachment_->Callback()) return attachment_->Callback()(into, room);
    const std::size_t at = static_cast<std::size_t>(read_), left = attachment_->Data.size() - at;
    const std::size_t size = left < room ? left : room;
    if (size != 0) std::memcpy(into, attachment_->Data.data() + at, size);
    return {size, size == left ? SourceStatus::End : SourceStatus::More};
  }

  /// True where a file has no byte left; a callback is believed.
  bool AtEnd() noexcept {
    char next = '\0';
    return !file_.IsOpen() || file_.Read(&next, 1).status == SourceStatus::End;
  }

  const EmailAttachment* attachment_ = nullptr;
  FileReader file_;
  std::uint64_t read_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
