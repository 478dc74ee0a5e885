// The SMTP client as a state machine (RFC 5321): received bytes become decisions, decisions become bytes to send.
// It does no I/O, allocates nothing and has no clock: whoever owns the wire hands in bytes, room and the time.
//
// Theory: replies come in the order of the commands. So the state of a session is a stage (what the session is doing),
// the ring of outstanding replies, whose front says what the next reply answers, and the queue of transactions in
// flight: the newest may still be written (step_ says what comes next), the oldest is the one being answered. OnReply
// is the table of what each reply does, WriteDue the table of what is to be written next; nothing else moves the
// machine. In lock-step the ring holds one entry; with PIPELINING (RFC 2920) the same two tables run with a longer one,
// and the end of one content is in a group with the next envelope.
//
// Invariant: a message's outcome is told exactly once, in the order in which the messages were started, and before the
// end of the session that decided it.
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
#include "smtpoll/protocol/transaction.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One SMTP session, without I/O.
class Engine {
 public:
  /// The engine works in memory that the caller sized and keeps: `input` at least 512 bytes (the longest reply must
  /// fit), `output` at least 1024 bytes, `window` at least 1 entry (that many commands may be outstanding; 4 for each
  /// message in flight are enough), `transactions` at least 1 entry (that many messages may be in flight).
  Engine(Span<char> input, Span<char> output, Span<AwaitedReply> window, Span<Transaction> transactions) noexcept
      : input_(input), commands_(output, window), transactions_(transactions) {}
  /// With one message in flight at a time.
  Engine(Span<char> input, Span<char> output, Span<AwaitedReply> window) noexcept
      : input_(input), commands_(output, window), transactions_({&only_, 1}) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The wire is connected: waits for the greeting, then says EHLO and, where credentials are set, AUTH.
  void Start(const SessionOptions& options, Millis now) noexcept;

  /// After NeedTls: the handshake is done. All that the server said before is forgotten (RFC 3207 4.2), and EHLO is
  /// said again. The binding is what SCRAM's -PLUS mechanisms need, see Credentials; the views must stay valid as long
  /// as those.
  void Secured(Millis now, std::string_view channel_binding_type = {}, std::string_view channel_binding = {}) noexcept;

  /// Starts one message. Refused with an error, before a byte is sent, where CanSend() is false or the message needs
  /// what the server does not offer. `content` must stay valid until the next message is started or this one's outcome
  /// came, what `envelope` looks at until its outcome event (Accepted ... Returned) came.
  Error Send(const Envelope& envelope, Source& content, Millis now);

  /// A message can be started now. With others in flight that is so where the server offers PIPELINING, all their
  /// content is written and there is room; the event Ready says when it becomes so.
  bool CanSend() const noexcept;

  /// Breaks the newest message off; allowed right after a Chunk event. That chunk does not go, and the outcome is
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
    if (commands_.Buffer().empty()) unsent_ = 0;
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

  /// No message is in flight and no reply is awaited: ready for Send, Command or Quit.
  bool Idle() const noexcept {
    return stage_ == Stage::Ready && pending_ == 0 && InFlight() == 0 && commands_.Outstanding() == 0;
  }
  /// Messages started whose outcome has not been told.
  std::size_t InFlight() const noexcept { return transactions_.Count(); }
  /// No session: before Start, and after Failed, MustReconnect or Ended.
  bool IsOver() const noexcept { return stage_ == Stage::Over; }
  /// The source said Again: there is nothing to wait for on the wire.
  bool WaitsForSource() const noexcept { return waits_for_source_; }
  /// Bytes of the newest message's content not yet read from its source; kUnknownSize where not known, 0 where all was
  /// read.
  std::uint64_t ContentLeft() const noexcept { return step_ != Step::None ? content_.Left() : 0; }

  /// All of the newest message's content has gone out.
  bool ContentIsOut() const noexcept {
    return InFlight() != 0 && transactions_.Newest().IsWhole() &&
           commands_.SentBytes() >= transactions_.Newest().end_at;
  }

  /// The session takes no further message, though it stands (MAILMAX, RFC 9422): the next one needs a new session.
  bool IsExhausted() const noexcept {
    return stage_ == Stage::Ready && transactions_.Started() >= capabilities_.MaxMails();
  }
  /// The session failed while more than one reply was outstanding.
  bool FailedInGroup() const noexcept { return failed_in_group_; }
  /// The session ended because the server takes no message before the one before has its outcome, PIPELINING or not.
  bool RefusesOverlap() const noexcept { return refuses_overlap_; }
  /// One refused recipient refuses the message (SessionOptions).
  bool AllRecipientsOrNone() const noexcept { return options_.all_recipients_or_none; }

  /// Content may hold any bytes: it goes by BDAT to a server that offers BINARYMIME (RFC 3030 3).
  bool TakesBinary() const noexcept { return Chunks() && capabilities_.Has(Extension::BinaryMime); }

  /// What the session is doing, for errors.
  Phase CurrentPhase() const noexcept;
  /// What the last AUTH was by; says something once there was one.
  AuthMechanism Mechanism() const noexcept { return sasl_.Mechanism(); }
  /// What the server offered in its last EHLO reply.
  const Capabilities& ServerCapabilities() const noexcept { return capabilities_; }

 private:
  enum class Stage : std::uint8_t { Over, Opening, AwaitTls, Ready, Quitting };
  /// What the newest transaction writes next; None where it is whole, or given up, or there is none.
  enum class Step : std::uint8_t { None, Mail, Recipients, Data, AwaitGo, Content };
  /// Events that wait to be told, in the order of their telling; outcomes come before all of them.
  enum Pending : unsigned { kMustReconnect = 1, kFailed = 2, kEnded = 4 };

  bool HasOutcome() const noexcept { return InFlight() != 0 && transactions_.Oldest().end != Transaction::End::Open; }
  // What these tell goes into `event`, which is empty before: one event in memory is enough.
  void TakePending(Event& event) noexcept;
  bool TakeReply(Event& event, Millis now) noexcept;
  Event OnReply(const Reply& reply) noexcept;
  Event OnOpeningReply(Await what, const Reply& reply) noexcept;
  Event OnRecipientReply(std::uint32_t recipient, const Reply& reply) noexcept;
  void OnDataReply(const Reply& reply) noexcept;
  Event OnContentEndReply(const Reply& reply) noexcept;
  Event OnRecipientFinalReply(const Reply& reply) noexcept;
  bool AwaitsFurtherFinalReply() const noexcept;
  void ConcludeIfRefused() noexcept;
  void WriteDue(Event& event);
  void WriteMail(const Transaction& newest) noexcept;
  void WriteRecipient(const Transaction& newest) noexcept;
  void FillContent(Transaction& newest, Event& event);
  void FillChunk(Transaction& newest, Event& event);
  bool FitsBehind(std::size_t before) const;
  void WroteContent(Transaction& newest, detail::ContentWriter::Result result, std::size_t size, std::uint64_t left,
                    std::uint64_t read, Event& event) noexcept;

  void SayHello(Await what) noexcept;
  Event OnStartTlsReply(const Reply& reply) noexcept;
  void EndOpening() noexcept;
  void Authenticate(std::size_t first, const Reply* refusal = nullptr) noexcept;
  void StartMechanism(AuthMechanism mechanism) noexcept;
  Event OnAuthReply(const Reply& reply) noexcept;
  void Respond(detail::SaslStep step) noexcept;

  void Refuse(Await what, std::uint32_t recipient, const Reply& reply) noexcept;
  void Conclude() noexcept;
  void BreakOff(Errc code, std::string_view why) noexcept;
  void Fail(const Error& error) noexcept;
  void Lose(const Error& error) noexcept;
  void FailPolitely(const Error& error) noexcept;
  void Fail(Errc code, Phase phase, std::string_view why = {}) noexcept;
  void FailPolitely(Errc code, Phase phase, std::string_view why) noexcept;
  void Fail(Await what, Errc code, const Reply& reply, std::uint32_t recipient = 0) noexcept;
  void FailPolitely(Await what, Errc code, const Reply& reply) noexcept;
  void EndSession(unsigned pending, bool answered = false) noexcept;

  Error ErrorOn(Await what, Errc code, const Reply& reply, std::uint32_t recipient = 0) const noexcept;
  void DescribeCommand(const AwaitedReply& awaited, FixedText<kErrorCommandRoom>& text) const noexcept;
  /// Entries that the ring of outstanding replies may have.
  std::size_t Window() const noexcept { return Pipelines() ? SIZE_MAX : 1; }
  bool Chunks() const noexcept {
    return !detail::kIsSmall && options_.chunking && capabilities_.Has(Extension::Chunking);
  }
  bool Pipelines() const noexcept { return options_.pipelining && capabilities_.Has(Extension::Pipelining); }
  /// Replies to the oldest transaction are outstanding: the next ones, or the last ones, behind that to a RSET before.
  bool OldestIsAwaited() const noexcept {
    const std::uint32_t number = transactions_.Oldest().number;
    return commands_.Outstanding() != 0 &&
           (commands_.Front().transaction == number || commands_.Back().transaction == number);
  }
  std::size_t RecipientCommandSize(const Transaction& of, std::uint32_t index) const noexcept;
  /// Half of the messages that may be in flight wait to go out. They go first: while the server works on them, the
  /// other half is made.
  bool HalfWindowIsUnsent() const noexcept {
    const std::size_t most = transactions_.Room() < options_.in_flight ? transactions_.Room() : options_.in_flight;
    return transactions_.Newest().chunked && 2 * std::size_t{unsent_} >= most;
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
  detail::Sasl sasl_;
  SessionOptions options_;
  Capabilities capabilities_;
  Envelope envelope_;

  detail::TransactionQueue transactions_;

  Stage stage_ = Stage::Over;
  Step step_ = Step::None;
  unsigned pending_ = 0;
  std::size_t reply_size_ = 0;        // bytes of input_ that the last event's reply looks at
  std::uint32_t next_recipient_ = 0;  // the next one to be written
  std::uint32_t unsent_ = 0;          // messages whose content was written since the output was empty
  std::size_t chunk_size_ = 0;        // bytes of output that the chunk told last took
  bool reset_first_ = false;          // what the server makes of the message before is unknown: RSET goes before MAIL
  bool ready_told_ = false;           // Ready was told since the last Send
  bool failed_in_group_ = false;
  bool refuses_overlap_ = false;
  bool waits_for_source_ = false;
  Millis waiting_since_ = 0;
  Error refusal_;   // why the oldest transaction was refused
  Error breakage_;  // why one was broken off; no other starts before that is told
  Error error_;
  Transaction only_;
};

SMTPOLL_NAMESPACE_END

#include "smtpoll/protocol/detail/engine_content.hpp"
#include "smtpoll/protocol/detail/engine_ending.hpp"
#include "smtpoll/protocol/detail/engine_impl.hpp"
#include "smtpoll/protocol/detail/engine_opening.hpp"

#endif
