// Pulls content from its source into the send buffer, encoded for DATA or cut into BDAT chunks on the way.
// Invariant: no byte of content is held anywhere but in the send buffer.
#ifndef SMTPOLL_PROTOCOL_CONTENT_WRITER_HPP
#define SMTPOLL_PROTOCOL_CONTENT_WRITER_HPP

#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/base/source.hpp"
#include "smtpoll/base/wire_buffer.hpp"
#include "smtpoll/protocol/content_encoder.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class ContentWriter {
 public:
  enum class Result : std::uint8_t { More, Again, End, Failed };

  /// `chunked`: the content goes by BDAT (RFC 3030), which counts bytes and needs no transparency; `binary`: as it is.
  void Start(Source& source, bool chunked, bool binary) noexcept {
    source_ = &source;
    size_ = source.Size();
    read_ = 0;
    binary_ = binary;
    encoder_.Reset(!chunked);
  }

  /// Bytes of content not yet read, or kUnknownSize.
  std::uint64_t Left() const noexcept { return size_ == kUnknownSize ? size_ : size_ > read_ ? size_ - read_ : 0; }

  /// Bytes of content read so far.
  std::uint64_t Read() const noexcept { return read_; }

  std::string_view Failure() const { return source_->Failure(); }

  /// Room that a chunk with all the content that is left needs, whatever its lines end in; kUnknownSize needs all.
  std::uint64_t ChunkRoom() const {
    const std::uint64_t size = Left();
    if (size > kUnknownSize / 4) return size;
    const bool as_it_is = binary_ || encoder_.IsClean(source_->Claim());
    return kHeaderRoom + (as_it_is ? size : 2 * size) + kEndRoom + kLeastRoom;
  }

  /// Fills `output` with content as far as it has room and the source gives; on End the end of content is written too.
  Result Fill(WireBuffer& output) {
    std::size_t least = kLeastRoom;
    for (;;) {
      const Span<char> room = output.Free();
      if (room.size() < least) return Result::More;
      const LineClaim claim = source_->Claim();
      const std::size_t most = binary_ ? room.size() : encoder_.MaxInput(room.size() - kEndRoom, claim);
      const SourceResult got = source_->Read(room.data(), most);
      if (got.status == SourceStatus::Failed || got.size > most) return Result::Failed;
      read_ += got.size;
      output.Commit(binary_ ? got.size : encoder_.Encode(room.data(), got.size, claim));
      if (got.status == SourceStatus::End) {
        if (!binary_) output.Commit(encoder_.Finish(output.Free().data()));
        return Result::End;
      }
      if (got.status == SourceStatus::Again || got.size == 0) return Result::Again;
      // The rest of a buffer that is nearly full is not worth a read of its own, but for the rest of the content.
      least = kLeastRoom + (Left() <= output.Free().size() ? 0 : output.Capacity() / 8);
    }
  }

  /// As Fill, with `BDAT n` or `BDAT n LAST` before what was read; nothing where nothing was.
  Result FillChunk(WireBuffer& output) {
    const std::size_t before = output.Filled().size();
    output.Commit(kHeaderRoom);
    const Result result = Fill(output);
    const std::size_t size = output.Filled().size() - before - kHeaderRoom;
    if (result == Result::Failed || (size == 0 && result != Result::End)) {
      output.Retract(kHeaderRoom + size);
      return result;
    }
    FixedText<kHeaderRoom> header;
    header.Append("BDAT ");
    header.AppendDecimal(size);
    header.Append(result == Result::End ? " LAST\r\n" : "\r\n");
    // The header's size is known only now; the room that it does not need is closed.
    output.Remove(before, kHeaderRoom - header.View().size());
    std::memcpy(output.Filled().data() + before, header.View().data(), header.View().size());
    return result;
  }

 private:
  static constexpr std::size_t kEndRoom = 5;      // CR LF . CR LF
  static constexpr std::size_t kHeaderRoom = 24;  // BDAT, ten digits, LAST
  static constexpr std::size_t kLeastRoom = 96;   // a line of base64 and the end

  Source* source_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
  bool binary_ = false;
  ContentEncoder encoder_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
