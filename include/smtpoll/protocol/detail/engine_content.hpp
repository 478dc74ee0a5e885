// How the Engine puts content into the output: as lines up to a dot (RFC 5321 4.5.2), or in chunks (RFC 3030).
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_CONTENT_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_CONTENT_HPP

#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

inline void Engine::FillContent(Transaction& newest, Event& event) {
  if (!commands_.Buffer().empty()) return;
  const std::uint64_t left = content_.Left(), read = content_.Read();
  const detail::ContentWriter::Result result = content_.Fill(commands_.Buffer());
  WroteContent(newest, result, commands_.Buffer().Filled().size(), left, read, event);
  if (newest.IsWhole()) commands_.LastIsAskedHere();
}

// RFC 3030 2: each chunk is a command and has its reply; the reply to the last one is the message's.
inline void Engine::FillChunk(Transaction& newest, Event& event) {
  const std::size_t before = commands_.Buffer().Filled().size();
  if (!commands_.CanWrite(Window())) return;
  // A chunk joins the commands of its envelope, where it fits; each further one goes when the one before has gone.
  if (before != 0 && (content_.Read() != 0 || !FitsBehind(before))) return;
  const std::uint64_t left = content_.Left(), read = content_.Read();
  const detail::ContentWriter::Result result = content_.FillChunk(commands_.Buffer());
  if (commands_.Buffer().Filled().size() != before) commands_.ShowChunk(before);
  WroteContent(newest, result, commands_.Buffer().Filled().size() - before, left, read, event);
  if (chunk_size_ != 0) commands_.Expect(newest.IsWhole() ? Await::ContentEnd : Await::Chunk, newest.number);
}

/// The content fits into what is free behind `before` bytes, or would not fit into an empty buffer either.
inline bool Engine::FitsBehind(std::size_t before) const {
  const std::size_t capacity = commands_.Buffer().Capacity();
  const std::uint64_t room = content_.ChunkRoom();
  return room <= commands_.Buffer().Free().size() || (room > capacity && before < capacity / 2);
}

/// Content took `size` bytes of the output, after `left` and `read` were true of it.
inline void Engine::WroteContent(Transaction& newest, detail::ContentWriter::Result result, std::size_t size,
                                 std::uint64_t left, std::uint64_t read, Event& event) noexcept {
  if (result == detail::ContentWriter::Result::Failed) {
    BreakOff(Errc::SourceFailed, content_.Failure());
    return;
  }
  chunk_size_ = size;
  waits_for_source_ = size == 0;
  commands_.WroteContent(size);
  if (result == detail::ContentWriter::Result::End) {
    newest.end_at = commands_.Written();
    ++unsent_;
    step_ = Step::None;
    if constexpr (detail::kIsSmall) {
      commands_.Show(Side::Client, "[content]");
    } else {
      FixedText<64> note;
      note.Append("[");
      note.AppendDecimal(content_.Read());
      note.Append(newest.chunked ? " bytes of content by BDAT]" : " bytes of content]");
      commands_.Show(Side::Client, note.View());
    }
    if (!newest.chunked) commands_.Show(Side::Client, ".");
  }
  event.left = left;
  event.chunk = static_cast<std::size_t>(content_.Read() - read);
  if (event.chunk != 0) event.kind = EventKind::Chunk;
}

SMTPOLL_NAMESPACE_END

#endif
