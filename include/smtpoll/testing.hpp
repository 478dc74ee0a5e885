// For tests of your own code: a server that says and expects what your test wrote down, on a wire in memory. Opt-in:
// define SMTPOLL_TESTING before smtpoll.hpp, or include this. Nothing here reaches a network or waits for a real clock.
// Invariant: a line that the script does not expect ends the connection and is told by Fault(), so a test that goes
// wrong ends, and ends as failed.
#ifndef SMTPOLL_TESTING_HPP
#define SMTPOLL_TESTING_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/error.hpp"
#include "smtpoll/socket/socket_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace testing {

/// A dialogue from the server's side, step by step: `Reply("220 hi").Expect("EHLO *").Reply("250 hi")`. A reply goes
/// out once all that is expected before it has come, whether the client groups its commands or not. Several
/// connections, one after the other, go on in one script.
class Script {
 public:
  /// The server says this: one line, or several with "\n" between them. CRLF is added.
  Script& Reply(std::string_view lines) { return Add(Kind::Reply, lines); }
  /// The server says these bytes and nothing more: for half lines and worse.
  Script& Say(std::string_view bytes) { return Add(Kind::Bytes, bytes); }
  /// The client's next line, without CRLF. Asterisks at its end stand for any rest: "MAIL FROM:<a@x.org>*".
  Script& Expect(std::string_view line) { return Add(Kind::Line, line); }
  /// Content after a 354, up to the line with the dot; see Contents.
  Script& ExpectContent() { return Add(Kind::Content, {}); }
  /// A chunk of content by BDAT (RFC 3030) with its command. Contents has it when the last chunk has come.
  Script& ExpectChunk() { return Add(Kind::Chunk, {}); }
  /// All chunks up to the one that says LAST, with no reply between them.
  Script& ExpectChunks() { return Add(Kind::Chunks, {}); }
  /// The server stays silent for so many milliseconds of the test's clock.
  Script& Wait(Millis time) {
    Add(Kind::Wait, {});
    steps_.back().time = time;
    return *this;
  }
  /// The server closes the connection; what follows belongs to the next one.
  Script& Close() { return Add(Kind::Close, {}); }
  /// The connection breaks with this error number; what follows belongs to the next one.
  Script& Break(int error = static_cast<int>(Errc::ConnectionLost)) {
    Add(Kind::Break, {});
    steps_.back().error = error;
    return *this;
  }

  /// What opens nearly every session; `keywords` are lines of the EHLO reply with "\n" between them.
  Script& Opening(std::string_view keywords = {}) {
    Reply("220 test ESMTP").Expect("EHLO *");
    if (keywords.empty()) return Reply("250 test");
    std::string lines = "250-test\n";
    for (std::size_t end = 0; (end = keywords.find('\n')) != std::string_view::npos; keywords.remove_prefix(end + 1))
      lines.append("250-").append(keywords.substr(0, end + 1));
    return Reply(lines.append("250 ").append(keywords));
  }
  /// QUIT and its reply.
  Script& Quit() { return Expect("QUIT").Reply("221 bye").Close(); }

  /// Appends a dialogue as the transcript shows it: a line a step, "> " before the client's and "< " before the
  /// server's; other lines are passed over. What the transcript hides, content and secrets, may then be anything.
  Script& Replay(std::string_view transcript) {
    while (!transcript.empty()) {
      const std::size_t end = transcript.find('\n');
      std::string_view line = transcript.substr(0, end);
      transcript.remove_prefix(end == std::string_view::npos ? transcript.size() : end + 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.size() < 2 || line[1] != ' ') continue;
      const std::string_view text = line.substr(2);
      if (line[0] == '<') {
        Reply(text);
      } else if (line[0] == '>' && EndsWith(text, " bytes of content by BDAT]")) {
        ExpectChunks();
      } else if (line[0] == '>' && EndsWith(text, " bytes of content]")) {
        ExpectContent();
      } else if (line[0] == '>' && text != "." && text.substr(0, 5) != "BDAT ") {
        Expect(text);
      }
    }
    return *this;
  }

  /// What went wrong, in one sentence; empty while nothing did.
  const std::string& Fault() const noexcept { return fault_; }
  /// All that was written down has happened, and nothing else.
  bool Done() const noexcept { return next_ == steps_.size() && fault_.empty() && said_.empty(); }
  /// Done, or the sentence that says why not: for a message of the test's.
  std::string Verdict() const {
    if (!fault_.empty()) return fault_;
    if (next_ != steps_.size()) return "the dialogue ended before: " + Describe(steps_[next_]);
    return said_.empty() ? std::string() : "the client also said: " + said_;
  }
  /// The contents that came, transparency undone, each as a whole.
  const std::vector<std::string>& Contents() const noexcept { return contents_; }
  /// Every line of the client's that was expected, with commands of content and without the content.
  const std::vector<std::string>& Lines() const noexcept { return lines_; }
  /// Connections that were made.
  int Connections() const noexcept { return connections_; }

 private:
  friend class ScriptedSocket;
  enum class Kind : std::uint8_t { Reply, Bytes, Line, Content, Chunk, Chunks, Wait, Close, Break };
  /// \cond
  struct Step {
    Kind kind;
    std::string text;
    Millis time = 0;
    int error = 0;
  };
  /// \endcond

  Script& Add(Kind kind, std::string_view text) {
    steps_.push_back({kind, std::string(text), 0, 0});
    return *this;
  }

  static bool EndsWith(std::string_view text, std::string_view end) noexcept {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
  }

  static bool Matches(std::string_view wanted, std::string_view line) noexcept {
    if (wanted.empty() || wanted.back() != '*') return wanted == line;
    while (!wanted.empty() && wanted.back() == '*') wanted.remove_suffix(1);
    return line.substr(0, wanted.size()) == wanted;
  }

  static std::string Describe(const Step& step) {
    switch (step.kind) {
      case Kind::Reply:
      case Kind::Bytes: return "the server says " + step.text;
      case Kind::Line: return "the client says " + step.text;
      case Kind::Content: return "the client sends content";
      case Kind::Chunk:
      case Kind::Chunks: return "the client sends a chunk by BDAT";
      case Kind::Wait: return "the server is silent for a while";
      case Kind::Close:
      case Kind::Break: return "the connection ends";
    }
    return {};
  }

  void Start() {
    ++connections_;
    said_.clear();
    heard_.clear();
    content_.clear();
    error_ = 0;
    closed_ = waiting_ = false;
  }

  void Stop(const std::string& fault) {
    if (fault_.empty()) fault_ = fault;
    error_ = static_cast<int>(Errc::ConnectionLost);
  }

  /// Takes one line of what the client said; false where it is not there as a whole yet.
  bool TakeLine(std::string& line) {
    const std::size_t end = said_.find("\r\n");
    if (end == std::string::npos) return false;
    line = said_.substr(0, end);
    said_.erase(0, end + 2);
    lines_.push_back(line);
    return true;
  }

  bool TakeContent() {
    const std::size_t end = said_.compare(0, 3, ".\r\n") == 0 ? 0 : said_.find("\r\n.\r\n");
    if (end == std::string::npos) return false;
    std::string content = said_.substr(0, end == 0 ? 0 : end + 2);
    said_.erase(0, end == 0 ? 3 : end + 5);
    if (!content.empty() && content[0] == '.') content.erase(0, 1);
    for (std::size_t at = 0; (at = content.find("\r\n.", at)) != std::string::npos; at += 2) content.erase(at + 2, 1);
    contents_.push_back(std::move(content));
    return true;
  }

  /// One chunk; `last` says whether it ended the content.
  bool TakeChunk(bool& last) {
    const std::size_t end = said_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string_view command(said_.data(), end);
    std::string_view number = command.substr(0, 5) == "BDAT " ? command.substr(5) : std::string_view();
    number = number.substr(0, number.find(' '));
    std::uint64_t size = 0;
    if (!detail::ParseDecimal(number, size)) {
      Stop("expected: a chunk by BDAT; the client said: " + std::string(command));
      return false;
    }
    if (said_.size() - end - 2 < size) return false;
    last = EndsWith(command, " LAST");
    lines_.emplace_back(command);
    content_.append(said_, end + 2, static_cast<std::size_t>(size));
    said_.erase(0, end + 2 + static_cast<std::size_t>(size));
    if (last) contents_.push_back(std::exchange(content_, {}));
    return true;
  }

  /// Goes on as far as what has been said and the time allow.
  void Go(Millis now) {
    while (error_ == 0 && !closed_ && next_ != steps_.size() && Take(steps_[next_], now)) ++next_;
    if (error_ == 0 && !closed_ && next_ == steps_.size() && said_.find("\r\n") != std::string::npos)
      Stop("nothing more was expected; the client said: " + said_.substr(0, said_.find("\r\n")));
  }

  bool Take(const Step& step, Millis now) {
    switch (step.kind) {
      case Kind::Reply:
        for (const char c : step.text) heard_.append(c == '\n' ? "\r\n" : std::string(1, c));
        heard_ += "\r\n";
        return true;
      case Kind::Bytes: heard_ += step.text; return true;
      case Kind::Line: {
        std::string line;
        if (!TakeLine(line)) return false;
        if (Matches(step.text, line)) return true;
        Stop("expected: " + step.text + "; the client said: " + line);
        return false;
      }
      case Kind::Content: return TakeContent();
      case Kind::Chunk: {
        bool last = false;
        return TakeChunk(last);
      }
      case Kind::Chunks: {
        bool last = false;
        while (!last)
          if (!TakeChunk(last)) return false;
        return true;
      }
      case Kind::Wait:
        if (!waiting_) wait_ends_ = now + step.time;
        waiting_ = now < wait_ends_;
        return !waiting_;
      case Kind::Close: closed_ = true; return true;
      case Kind::Break: error_ = step.error; return true;
    }
    return false;
  }

  std::vector<Step> steps_;
  std::size_t next_ = 0;
  std::string said_;   // by the client, and not looked at yet
  std::string heard_;  // by the server, and not read yet
  std::string content_;
  std::vector<std::string> contents_, lines_;
  std::string fault_;
  Millis wait_ends_ = 0;
  int connections_ = 0, error_ = 0;
  bool closed_ = false, waiting_ = false;
};

/// A socket policy whose peer is a Script, which the socket has as its member Server. Use it in the place of
/// NativeSocket: `BasicSMTPSocket<testing::ScriptedSocket>`, `BasicSession<testing::ScriptedSocket>`; the script is
/// then `client.Layer().NextLayer().Server`. The clock is the test's, one for each thread: it moves by itself while
/// there is nothing to read, so that time-outs come at once.
class ScriptedSocket {
 public:
  ///@{
  /// What a socket policy has, see socket_policy.hpp.
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  Script Server;  ///< What the server says and expects.
  /// Bytes that one call moves at most: 1 shows whether your code depends on how the wire is cut.
  std::size_t Piece = SIZE_MAX;
  /// The connection cannot be made: this error number, or 0.
  int ConnectError = 0;

  static Millis Now() noexcept { return Clock(); }
  IoResult Connect(const Endpoint&) {
    if (ConnectError != 0) return IoResult::Fail(ConnectError);
    Server.Start();
    open_ = true;
    return IoResult::Ok();
  }
  IoResult ConnectStep() { return IoResult::Ok(); }
  Readiness ConnectWants() const noexcept { return Readiness::Write; }
  IoResult Read(char* into, std::size_t room) {
    Server.Go(Now());
    if (!Server.heard_.empty()) {
      const std::size_t size = Server.heard_.copy(into, room < Piece ? room : Piece);
      Server.heard_.erase(0, size);
      return IoResult::Ok(size);
    }
    if (Server.error_ != 0) return IoResult::Fail(Server.error_);
    if (Server.closed_ || !open_) return IoResult::EndOfFile();
    Clock() += kTick;
    return IoResult::TryAgain();
  }
  IoResult Write(const char* bytes, std::size_t size) {
    if (Server.error_ != 0 || !open_) return IoResult::Fail(static_cast<int>(Errc::ConnectionLost));
    size = size < Piece ? size : Piece;
    // What is said to a closed connection is lost.
    if (!Server.closed_) Server.said_.append(bytes, size);
    Server.Go(Now());
    return IoResult::Ok(size);
  }
  Readiness Wait(Readiness what, Millis at_most) noexcept {
    Clock() += what == Readiness::None && at_most >= 0 ? at_most : kTick;
    return what;
  }
  void Close() noexcept { open_ = false; }
  Handle NativeHandle() const noexcept { return open_ ? 0 : kNoHandle; }
  std::size_t LocalAddress(char* into, std::size_t room) const noexcept { return Address("192.0.2.1", into, room); }
  std::size_t RemoteAddress(char* into, std::size_t room) const noexcept { return Address("192.0.2.25", into, room); }
  ///@}

 private:
  static constexpr Millis kTick = 100;

  static Millis& Clock() noexcept {
    thread_local Millis now = 0;
    return now;
  }
  std::size_t Address(std::string_view text, char* into, std::size_t room) const noexcept {
    return open_ ? text.copy(into, room) : 0;
  }

  bool open_ = false;
};

/// A transport policy that says it encrypts and does not, for tests of code that sends credentials or requires TLS:
/// `BasicSession<testing::ScriptedSocket, testing::PretendTls>`. The script sees STARTTLS, then plain text.
template <typename Socket>
class PretendTls {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = true;

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }
  IoResult Handshake(std::string_view) noexcept {
    secured_ = true;
    return IoResult::Ok();
  }
  IoResult Read(char* into, std::size_t room) { return socket_.Read(into, room); }
  IoResult Write(const char* bytes, std::size_t size) { return socket_.Write(bytes, size); }
  Readiness Wants() const noexcept { return Readiness::None; }
  bool Secured() const noexcept { return secured_; }
  void Close() noexcept {
    secured_ = false;
    socket_.Close();
  }
  ///@}

 private:
  Socket socket_;
  bool secured_ = false;
};

}  // namespace testing
SMTPOLL_NAMESPACE_END

#endif
