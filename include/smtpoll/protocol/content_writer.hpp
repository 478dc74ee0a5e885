// Pulls content from its source into the send buffer, encoded for DATA on the way (RFC 5321 4.5.2).
// Invariant: no byte of content is held anywhere but in the send buffer.
#ifndef SMTPOLL_PROTOCOL_CONTENT_WRITER_HPP
#define SMTPOLL_PROTOCOL_CONTENT_WRITER_HPP

#include "smtpoll/base/source.hpp"
#include "smtpoll/base/wire_buffer.hpp"
#include "smtpoll/protocol/content_encoder.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ContentWriter {
 public:
  enum class Result : std::uint8_t { More, Again, End, Failed };

  void Start(Source& source) noexcept {
    source_ = &source;
    size_ = source.Size();
    read_ = 0;
    encoder_.Reset();
  }

  /// Bytes of content not yet read, or kUnknownSize.
  std::uint64_t Left() const noexcept { return size_ == kUnknownSize ? size_ : size_ > read_ ? size_ - read_ : 0; }

  /// Bytes of content read so far.
  std::uint64_t Read() const noexcept { return read_; }

  std::string_view Failure() const { return source_->Failure(); }

  /// Fills `output` with content as far as it has room and the source gives; on End the end of content is written too.
  Result Fill(WireBuffer& output) {
    for (;;) {
      const Span<char> room = output.Free();
      if (room.size() < kLeastRoom) return Result::More;
      const std::size_t most = ContentEncoder::MaxInput(room.size() - kEndRoom);
      const SourceResult got = source_->Read(room.data(), most);
      if (got.status == SourceStatus::Failed || got.size > most) return Result::Failed;
      read_ += got.size;
      output.Commit(encoder_.Encode(room.data(), got.size));
      if (got.status == SourceStatus::End) {
        output.Commit(encoder_.Finish(output.Free().data()));
        return Result::End;
      }
      if (got.status == SourceStatus::Again || got.size == 0) return Result::Again;
    }
  }

 private:
  static constexpr std::size_t kEndRoom = 5;     // CR LF . CR LF
  static constexpr std::size_t kLeastRoom = 64;  // below that a read is not worth its call

  Source* source_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
  ContentEncoder encoder_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
