// The POP3 client as a state machine (RFC 1939): received bytes become decisions, decisions become bytes to send. Like
// SMTP's Engine it does no I/O, allocates nothing and has no clock, and a Driver moves its bytes.
//
// Theory: responses come in the order of the commands. awaited_ says what the next status line answers, reading_ what
// follows it. A byte that no command has asked for ends the session, whoever sent it. OnStatus is the table of what
// each status line does. With PIPELINING (RFC 2449 6.6) commands of the caller's may be said behind the present one;
// they wait in behind_, and each is the present one when the one before it has its response.
//
// Invariant: once the mailbox is open, QUIT is said only where the caller asks for it, since QUIT deletes what is
// marked; a session that fails deletes nothing.
#ifndef SMTPOLL_POP3_ENGINE_HPP
#define SMTPOLL_POP3_ENGINE_HPP

#include <initializer_list>

#include "smtpoll/base/io.hpp"
#include "smtpoll/base/span.hpp"
#include "smtpoll/base/wire_buffer.hpp"
#include "smtpoll/pop3/capabilities.hpp"
#include "smtpoll/pop3/content_reader.hpp"
#include "smtpoll/pop3/event.hpp"
#include "smtpoll/protocol/sasl.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// One POP3 session, without I/O.
class Pop3Engine {
 public:
  /// The engine works in memory that the caller sized and keeps: `input` at least 512 bytes (the longest line of a
  /// response must fit), `output` at least 1024 bytes (the longest response of SASL must fit).
  Pop3Engine(Span<char> input, Span<char> output) noexcept : input_(input), output_(output) {}
  Pop3Engine(const Pop3Engine&) = delete;
  Pop3Engine& operator=(const Pop3Engine&) = delete;

  /// The wire is connected: waits for the greeting, then asks for the capabilities and, where credentials are set, logs
  /// in.
  void Start(const Pop3Options& options, Millis now) noexcept;

  /// After NeedTls: the handshake is done. What the server said before is forgotten (RFC 2595 4), and the capabilities
  /// are asked for again. For the binding see Engine::Secured.
  void Secured(Millis now, std::string_view channel_binding_type = {}, std::string_view channel_binding = {}) noexcept;

  /// What is wrong with a request, if anything: Errc::InvalidMessage where it is no command of one line of 255 bytes
  /// (RFC 2449 4), or one that the engine says by itself.
  static Error Check(const Pop3Request& request) noexcept;

  /// Says one command of the caller's. An error, and not a byte is said, where that cannot be begun now
  /// (Errc::InvalidState), or what Check finds.
  Error Begin(const Pop3Request& request, Millis now) noexcept;

  /// This command can be begun now: the engine is Idle(), or the server offers PIPELINING and there is room behind the
  /// commands that it has not answered yet.
  bool CanBegin(Pop3Command command) const noexcept;

  /// Ends the session in order: the messages that are marked are deleted. Ended comes when the server has done so;
  /// Failed where messages were marked and it is not known whether they are gone. Allowed when Idle().
  void Quit(Millis now) noexcept;

  /// Breaks the content off that is being received; allowed right after a Content event. There is no way to tell the
  /// server so: the session fails with Errc::Cancelled.
  void Cancel() noexcept;

  /// Bytes to be sent; the view is valid until Next is called.
  Span<const char> Output() const noexcept { return {output_.Filled().data(), output_.Filled().size()}; }
  /// The first `size` bytes of Output() are gone.
  void Sent(std::size_t size, Millis now) noexcept {
    output_.ConsumeAndWipe(size);
    if (size != 0) waiting_since_ = now;
  }

  /// Room for received bytes; empty only while a whole buffer of them waits for Next.
  Span<char> Input() noexcept {
    if (!sasl_.Working()) {
      DropUsed();
      input_.Compact();
    }
    return input_.Free();
  }
  /// `size` bytes were put into Input().
  void Received(std::size_t size) noexcept {
    input_.Commit(size);
    fresh_ = true;
  }

  /// The wire is gone because of `why`. Call Next until None before, so that what did arrive counts.
  void Closed(const Error& why) noexcept;

  /// Parses, decides and writes what is due until there is something to tell. None: nothing more until bytes or time
  /// come.
  Pop3Event Next(Millis now) noexcept;

  /// What the session waits for on the wire.
  Readiness Wants() const noexcept {
    if (IsOver() || stage_ == Stage::AwaitTls) return Readiness::None;
    return output_.empty() ? Readiness::Read : Readiness::ReadOrWrite;
  }
  /// The time at which the present phase times out, kNever where none runs; see Engine::NextDeadline.
  Millis NextDeadline() const noexcept;

  /// No response is awaited: ready for Begin or Quit.
  bool Idle() const noexcept { return stage_ == Stage::Ready && awaited_ == Pop3Command::None && !done_due_; }
  /// No session: before Start, and after Failed or Ended.
  bool IsOver() const noexcept { return stage_ == Stage::Over; }
  /// What is sent is always there.
  static constexpr bool WaitsForSource() noexcept { return false; }

  /// What the session is doing, for errors.
  Phase CurrentPhase() const noexcept;
  /// What the server offered in its last CAPA response.
  const Pop3Capabilities& ServerCapabilities() const noexcept { return capabilities_; }
  /// Messages that are marked and will be gone with Quit.
  std::uint32_t Marked() const noexcept { return marked_; }

 private:
  static constexpr std::size_t kMostBehind = 15;
  enum class Stage : std::uint8_t { Over, Opening, AwaitTls, Ready };
  enum class Reading : std::uint8_t { Status, Lines, Content };

  Pop3Event TakeOutcome() noexcept;
  bool FindLine(std::string_view& line) noexcept;
  Pop3Event OnLine(std::string_view line) noexcept;
  Pop3Event OnStatus(bool positive, std::string_view text) noexcept;
  Pop3Event OnRefusal(Pop3Command answered, std::string_view text) noexcept;
  Pop3Event OnResult(std::string_view text) noexcept;
  Pop3Event OnEntry(std::string_view line) noexcept;
  bool ReadContent(Millis now, Pop3Event& event) noexcept;
  Pop3Event FinishReading() noexcept;
  void Answered() noexcept;

  void AskCapabilities() noexcept { Say(Pop3Command::Capabilities, {}); }
  void OnCapabilities() noexcept;
  Pop3Event OnStartTls() noexcept;
  Pop3Event OnLoggedIn() noexcept;
  void OnLoginRefused(Pop3Command answered, std::string_view text) noexcept;
  void Login() noexcept;
  void LoginByApop() noexcept;
  void LoginByPassword() noexcept;
  void StartMechanism(AuthMechanism mechanism) noexcept;
  void OnChallenge(std::string_view text) noexcept;
  void Respond(detail::SaslStep step) noexcept;
  void TakeTimestamp(std::string_view greeting) noexcept;

  void Say(Pop3Command command, std::string_view argument) noexcept;
  void SaySecret(Pop3Command command, std::string_view shown, std::initializer_list<std::string_view> pieces) noexcept;
  void WriteLine(std::initializer_list<std::string_view> pieces, std::string_view shown) noexcept;
  void BeginSaying(Pop3Command command) noexcept;
  void Expect(Pop3Command command, std::string_view shown) noexcept;
  void Show(Side side, std::string_view line) const {
    if (options_.transcript.show != nullptr) options_.transcript.show(options_.transcript.context, side, line);
  }

  Pop3Event EventOf(Pop3EventKind kind) const noexcept;
  Error ErrorOn(Pop3Command command, Errc code, std::string_view text) const noexcept;
  void Fail(const Error& error) noexcept;
  void FailPolitely(const Error& error) noexcept;
  void End(Pop3EventKind outcome) noexcept;

  /// What the last event looked at is done with; not while SASL still works on a challenge there.
  void DropUsed() noexcept {
    if (sasl_.Working()) return;
    input_.Consume(used_);
    searched_ = searched_ > used_ ? searched_ - used_ : 0;
    used_ = 0;
  }

  detail::WireBuffer input_;
  detail::WireBuffer output_;
  detail::SaslClient sasl_;
  detail::Pop3ContentReader content_;
  Pop3Options options_;
  Pop3Capabilities capabilities_;
  FixedText<256> timestamp_;              // of the greeting, for APOP
  FixedText<kErrorCommandRoom> command_;  // that awaited_ answers, secrets replaced

  Stage stage_ = Stage::Over;
  Reading reading_ = Reading::Status;
  Pop3Command awaited_ = Pop3Command::None;
  Pop3EventKind outcome_ = Pop3EventKind::None;  // of the session, not told yet
  bool done_due_ = false;                        // Done of the present command is to be told
  bool fresh_ = false;                           // bytes have come since they were last looked at
  std::size_t used_ = 0;                         // bytes of input_ that the last event looks at
  std::size_t searched_ = 0;                     // bytes of input_ in which no line end is
  std::uint32_t message_ = 0;                    // what the present command is about
  Pop3Request behind_[kMostBehind];              // a ring, oldest at oldest_behind_; without a line
  std::size_t oldest_behind_ = 0;
  std::size_t behind_count_ = 0;
  std::size_t behind_size_ = 0;  // bytes of their lines
  bool turned_ = false;          // the present command was one of them, and its time has not begun
  std::uint32_t entries_ = 0;    // lines of the present listing
  std::uint64_t size_ = 0;       // bytes of the present content
  std::uint32_t marked_ = 0;
  Millis waiting_since_ = 0;
  Error error_;
};

SMTPOLL_NAMESPACE_END

#include "smtpoll/pop3/detail/engine_commands.hpp"
#include "smtpoll/pop3/detail/engine_ending.hpp"
#include "smtpoll/pop3/detail/engine_impl.hpp"
#include "smtpoll/pop3/detail/engine_login.hpp"

#endif
