// The SMTP client as a state machine (RFC 5321): received bytes become decisions, decisions become bytes to send.
// It does no I/O, allocates nothing and has no clock: whoever owns the wire hands in bytes, room and the time.
//
// Theory: replies come in the order of the commands. So the state of a session is a stage (what the session is doing)
// and the ring of outstanding replies, whose front says what the next reply answers. OnReply is the table of what each
// reply does, WriteDue the table of what is to be written next; nothing else moves the machine. In lock-step the ring
// holds one entry; with PIPELINING (RFC 2920) the same two tables run with a longer one.
//
// Invariant: a message's outcome is told exactly once, and it is told before the end of the session that decided it.
#ifndef SMTPOLL_PROTOCOL_ENGINE_HPP
#define SMTPOLL_PROTOCOL_ENGINE_HPP

#include "smtpoll/base/io.hpp"
#include "smtpoll/protocol/capabilities.hpp"
#include "smtpoll/protocol/command_writer.hpp"
#include "smtpoll/protocol/content_writer.hpp"
#include "smtpoll/protocol/envelope.hpp"
#include "smtpoll/protocol/esmtp_parameters.hpp"
#include "smtpoll/protocol/event.hpp"
#include "smtpoll/protocol/reply.hpp"

SMTPOLL_NAMESPACE_BEGIN

class Engine {
 public:
  /// The engine works in memory that the caller sized and keeps: `input` at least 512 bytes (the longest reply must
  /// fit), `output` at least 1024 bytes, `window` at least 1 entry (that many commands may be outstanding).
  Engine(Span<char> input, Span<char> output, Span<AwaitedReply> window) noexcept
      : input_(input), commands_(output, window) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The wire is connected: waits for the greeting, then says EHLO and, where credentials are set, AUTH.
  void Start(const SessionOptions& options, Millis now) noexcept;

  /// After NeedTls: the handshake is done. All that the server said before is forgotten (RFC 3207 4.2), and EHLO is
  /// said again. The binding is what SCRAM's -PLUS mechanisms need, see Credentials; the views must stay valid as long
  /// as those.
  void Secured(Millis now, std::string_view channel_binding_type = {}, std::string_view channel_binding = {}) noexcept;

  /// Starts one message. Refused with an error, before a byte is sent, where the engine is not Idle() or the message
  /// needs what the server does not offer. Both arguments must stay valid until the outcome event (Accepted ...
  /// Returned) came.
  Error Send(const Envelope& envelope, Source& content, Millis now);

  /// Breaks the current message off; allowed right after a Chunk event. That chunk does not go, and the outcome is
  /// Refused (Errc::Cancelled). A content that goes by BDAT is then reset; for DATA there is no way to end without
  /// delivering, so MustReconnect follows.
  void Cancel() noexcept;

  /// Says one command of the caller's (NOOP, VRFY, EXPN, HELP, RSET) and tells CommandReply. False where the engine is
  /// not Idle(), or `line` is empty, longer than 510 bytes or would be more than one line.
  bool Command(std::string_view line, Millis now) noexcept;

  /// Ends the session in order; Ended comes when the server has answered or closed. Allowed when Idle().
  void Quit(Millis now) noexcept;

  /// Bytes to be sent; the view is valid until Next is called.
  Span<const char> Output() const noexcept {
    const Span<char> filled = commands_.Buffer().Filled();
    return {filled.data(), filled.size()};
  }
  /// The first `size` bytes of Output() are gone.
  void Sent(std::size_t size, Millis now) noexcept {
    commands_.Sent(size);
    if (size != 0) waiting_since_ = now;
  }

  /// Room for received bytes; empty only while a whole buffer of them waits for Next.
  Span<char> Input() noexcept {
    if (!sasl_.Working()) {
      DropReply();
      input_.Compact();
    }
    return input_.Free();
  }
  /// `size` bytes were put into Input().
  void Received(std::size_t size) noexcept { input_.Commit(size); }

  /// The wire is gone because of `why`. Call Next until None before, so that replies that did arrive count.
  void Closed(const Error& why) noexcept;

  /// Parses, decides and writes what is due until there is something to tell. None: nothing more until bytes or time
  /// come.
  Event Next(Millis now);

  /// What the session waits for on the wire.
  Readiness Wants() const noexcept {
    if (IsOver() || stage_ == Stage::AwaitTls) return Readiness::None;
    return commands_.Buffer().empty() ? Readiness::Read : Readiness::ReadOrWrite;
  }
  /// The time at which the present phase times out, kNever where none runs. Where a challenge of SCRAM costs work, it
  /// is in the past until that is done: each call of Next then does a part of it (RFC 5802 2.2), and waits for nothing.
  Millis NextDeadline() const noexcept;

  /// Ready for Send or Quit.
  bool Idle() const noexcept { return stage_ == Stage::Idle && pending_ == 0; }
  /// No session: before Start, and after Failed, MustReconnect or Ended.
  bool IsOver() const noexcept { return stage_ == Stage::Over; }
  /// The source said Again: there is nothing to wait for on the wire.
  bool WaitsForSource() const noexcept { return waits_for_source_; }
  /// Bytes of the current content not yet read from its source; kUnknownSize where not known, 0 without a message.
  std::uint64_t ContentLeft() const noexcept {
    return stage_ == Stage::Transaction && step_ != Step::Finished ? content_.Left() : 0;
  }

  /// Content may hold any bytes: it goes by BDAT to a server that offers BINARYMIME (RFC 3030 3).
  bool TakesBinary() const noexcept {
    return options_.chunking && capabilities_.Has(Extension::Chunking) && capabilities_.Has(Extension::BinaryMime);
  }

  Phase CurrentPhase() const noexcept;
  const Capabilities& ServerCapabilities() const noexcept { return capabilities_; }

 private:
  enum class Stage : std::uint8_t { Over, Opening, AwaitTls, Idle, Transaction, Resetting, Commanding, Quitting };
  /// What the current transaction writes next.
  enum class Step : std::uint8_t { Mail, Recipients, Data, Content, Finished };
  /// Events that wait to be told, in the order of their telling.
  enum Pending : unsigned {
    kRefused = 1,
    kInDoubt = 2,
    kReturned = 4,
    kMustReconnect = 8,
    kFailed = 16,
    kEnded = 32,
    kAccepted = 64
  };

  Event TakePending() noexcept;
  Event OnReply(const Reply& reply) noexcept;
  Event OnOpeningReply(Await what, const Reply& reply) noexcept;
  Event OnRecipientReply(std::uint32_t recipient, const Reply& reply) noexcept;
  Event OnDataReply(const Reply& reply) noexcept;
  Event OnContentEndReply(const Reply& reply) noexcept;
  Event OnRecipientFinalReply(const Reply& reply) noexcept;
  Event WriteDue();
  Event FillContent();
  Event FillChunk();
  Event WroteContent(detail::ContentWriter::Result result, std::size_t size, std::uint64_t left,
                     std::uint64_t read) noexcept;

  void SayHello(Await what) noexcept;
  Event OnStartTlsReply(const Reply& reply) noexcept;
  void EndOpening() noexcept;
  void Authenticate(std::size_t first, const Reply* refusal = nullptr) noexcept;
  void StartMechanism(AuthMechanism mechanism) noexcept;
  Event OnAuthReply(const Reply& reply) noexcept;
  void Respond(detail::SaslStep step) noexcept;

  void Refuse(Await what, std::uint32_t recipient, const Reply& reply) noexcept;
  Event Conclude() noexcept;
  void BreakOff(Errc code, std::string_view why) noexcept;
  void Fail(const Error& error) noexcept;
  void FailPolitely(const Error& error) noexcept;
  void EndSession(unsigned pending) noexcept;

  Error ErrorOn(Await what, Errc code, const Reply& reply, std::uint32_t recipient = 0) const noexcept;
  void DescribeCommand(const AwaitedReply& awaited, FixedText<80>& text) const noexcept;
  std::size_t Window() const noexcept {
    return options_.pipelining && capabilities_.Has(Extension::Pipelining) ? SIZE_MAX : 1;
  }
  /// Content is not all out yet: its final reply cannot come.
  bool SendsContent() const noexcept;
  /// The last reply is done with; not while SASL still works on the challenge in it.
  void DropReply() noexcept {
    if (sasl_.Working()) return;
    input_.Consume(reply_size_);
    reply_size_ = 0;
  }

  detail::WireBuffer input_;
  detail::CommandWriter commands_;
  detail::ReplyParser parser_;
  detail::ContentWriter content_;
  detail::SaslClient sasl_;
  SessionOptions options_;
  Capabilities capabilities_;
  Envelope envelope_;

  Stage stage_ = Stage::Over;
  Step step_ = Step::Mail;
  unsigned pending_ = 0;
  std::size_t reply_size_ = 0;        // bytes of input_ that the last event's reply looks at
  std::uint32_t next_recipient_ = 0;  // the next one to be written
  std::size_t accepted_recipients_ = 0;
  std::size_t final_replies_ = 0;  // LMTP: how many of them have come
  bool delivered_ = false;         // LMTP: one of them was positive
  bool refused_ = false;           // the transaction is refused, for the reason in refusal_
  std::size_t chunk_size_ = 0;     // bytes of output that the last chunk took
  bool chunked_ = false;           // the content goes by BDAT
  bool waits_for_source_ = false;
  Millis waiting_since_ = 0;
  Error refusal_;
  Error error_;
};

SMTPOLL_NAMESPACE_END

#include "smtpoll/protocol/detail/engine_ending.hpp"
#include "smtpoll/protocol/detail/engine_impl.hpp"
#include "smtpoll/protocol/detail/engine_opening.hpp"

#endif
