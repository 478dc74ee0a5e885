// Writes commands into the send buffer (RFC 5321 4.1.1), shows them to the transcript, and keeps the ring of those
// whose reply is still awaited. Invariant: replies come in the order of their commands, so the ring's front is the next
// reply's.
#ifndef SMTPOLL_PROTOCOL_COMMAND_WRITER_HPP
#define SMTPOLL_PROTOCOL_COMMAND_WRITER_HPP

#include <cstdint>

#include "smtpoll/base/wire_buffer.hpp"
#include "smtpoll/protocol/awaited_reply.hpp"
#include "smtpoll/protocol/event.hpp"

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// Room that the longest command of ours needs: RCPT with a path of 256 and an ORCPT of 500 octets (RFC 3461 4.2).
constexpr std::size_t kCommandRoom = 864;

class CommandWriter {
 public:
  CommandWriter(Span<char> memory, Span<AwaitedReply> ring) noexcept : output_(memory), ring_(ring) {}

  void Start(const Transcript& transcript) noexcept {
    transcript_ = transcript;
    output_.Clear();
    first_ = count_ = 0;
    written_ = sent_ = 0;
    secret_ = false;
  }

  WireBuffer& Buffer() noexcept { return output_; }
  const WireBuffer& Buffer() const noexcept { return output_; }

  /// True where a command can be written now, with at most `window` replies outstanding.
  bool CanWrite(std::size_t window) const noexcept {
    return count_ < window && count_ < ring_.size() && output_.Free().size() >= kCommandRoom;
  }

  /// Writes the command of `what` with its argument and parameters, and waits for its reply.
  void Write(Await what, std::string_view argument = {}, std::string_view parameters = {},
             std::uint32_t transaction = 0) noexcept {
    Say(what, argument, parameters);
    Expect(what, transaction);
  }

  /// As CanWrite, for RCPT: a further one needs no entry of its own.
  bool CanWriteRecipient(std::size_t window, std::uint32_t transaction) const noexcept {
    if (count_ == 0 || window == 1 || !JoinsRun(transaction)) return CanWrite(window);
    return output_.Free().size() >= kCommandRoom;
  }

  /// Writes RCPT for recipient `index` of a transaction; recipients come in order.
  void WriteRecipient(std::string_view mailbox, std::string_view parameters, std::uint32_t index,
                      std::uint32_t transaction) noexcept {
    Say(Await::Recipient, mailbox, parameters);
    if (count_ != 0 && JoinsRun(transaction))
      ++Last().count;
    else
      Push({Await::Recipient, index, 1, transaction, written_});
  }
  /// Bytes that WriteRecipient puts into the output.
  static std::size_t RecipientSize(std::string_view mailbox, std::string_view parameters) noexcept {
    const AwaitRule& rule = RuleOf(Await::Recipient);
    return rule.command.size() + mailbox.size() + rule.closing.size() + parameters.size() + 2;
  }

  /// Writes `prefix` and then what `encode(char*)` writes and returns the size of; the transcript sees asterisks
  /// instead.
  template <typename Encode>
  void WriteSecret(Await what, std::string_view prefix, std::string_view shown, Encode&& encode) noexcept {
    const std::size_t start = output_.Filled().size();
    secret_ = true;
    output_.Append(prefix);
    output_.Commit(encode(output_.Free().data()));
    output_.Append("\r\n");
    Show(Side::Client, shown);
    written_ += output_.Filled().size() - start;
    Expect(what);
  }

  /// `size` bytes of content were put into Buffer().
  void WroteContent(std::size_t size) noexcept { written_ += size; }

  /// Waits for a reply to what has been written so far.
  void Expect(Await what, std::uint32_t transaction = 0) noexcept { Push({what, 0, 1, transaction, written_}); }

  /// Waits for a reply that no output has asked for yet; LastIsAskedHere says when it has.
  void ExpectLater(Await what, std::uint32_t transaction) noexcept { Push({what, 0, 1, transaction, UINT64_MAX}); }
  void LastIsAskedHere() noexcept { Last().asked_at = written_; }

  /// The last reply is not expected any more: its command was taken back.
  void ForgetLast(std::size_t size) noexcept {
    output_.Retract(size);
    written_ -= size;
    --count_;
  }
  /// Positions in the output of this session: what has been written to it, and what has gone out.
  std::uint64_t Written() const noexcept { return written_; }
  std::uint64_t SentBytes() const noexcept { return sent_; }

  /// Entries of the ring: 0 where no reply is outstanding.
  std::size_t Outstanding() const noexcept { return count_; }
  const AwaitedReply& Front() const noexcept { return ring_[first_]; }
  const AwaitedReply& Back() const noexcept { return ring_[(first_ + count_ - 1) % ring_.size()]; }
  bool FrontWasAsked() const noexcept { return sent_ >= Front().asked_at; }
  void PopFront() noexcept {
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
  /// One reply of the run in front has come; the command of the next one is `next_size` bytes long.
  void PopRecipient(std::size_t next_size) noexcept {
    AwaitedReply& run = ring_[first_];
    ++run.recipient;
    --run.count;
    run.asked_at += next_size;
  }
  void ForgetAwaited() noexcept { count_ = 0; }

  /// `size` bytes went out; secrets are overwritten at once.
  void Sent(std::size_t size) noexcept {
    sent_ += size;
    if (secret_)
      output_.ConsumeAndWipe(size);
    else
      output_.Consume(size);
    if (output_.empty()) secret_ = false;
  }

  /// Drops what has not gone out.
  void DropOutput() noexcept {
    if (secret_) output_.ConsumeAndWipe(output_.Filled().size());
    output_.Clear();
    secret_ = false;
  }

  /// Shows the BDAT command behind the first `start` bytes of the output.
  void ShowChunk(std::size_t start) const {
    if (transcript_.show == nullptr) return;
    const Span<char> filled = output_.Filled();
    const std::string_view chunk(filled.data() + start, filled.size() - start);
    Show(Side::Client, First(chunk, chunk.find('\r')));
  }

  void Show(Side side, std::string_view line) const {
    if (transcript_.show != nullptr) transcript_.show(transcript_.context, side, line);
  }

 private:
  void Say(Await what, std::string_view argument, std::string_view parameters) noexcept {
    const std::size_t start = output_.Filled().size();
    for (const std::string_view piece : {RuleOf(what).command, argument, RuleOf(what).closing, parameters})
      output_.Append(piece);
    const Span<char> filled = output_.Filled();
    Show(Side::Client, {filled.data() + start, filled.size() - start});
    output_.Append("\r\n");
    written_ += output_.Filled().size() - start;
  }

  void Push(const AwaitedReply& awaited) noexcept { ring_[(first_ + count_++) % ring_.size()] = awaited; }
  AwaitedReply& Last() noexcept { return ring_[(first_ + count_ - 1) % ring_.size()]; }
  bool JoinsRun(std::uint32_t transaction) const noexcept {
    return Back().what == Await::Recipient && Back().transaction == transaction;
  }

  WireBuffer output_;
  Span<AwaitedReply> ring_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t sent_ = 0;
  bool secret_ = false;  // the buffer holds credentials
  Transcript transcript_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
