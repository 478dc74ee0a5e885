// How the Pop3Engine reads responses, and what each does (RFC 1939 3 and 5).
#ifndef SMTPOLL_POP3_DETAIL_ENGINE_IMPL_HPP
#define SMTPOLL_POP3_DETAIL_ENGINE_IMPL_HPP

#include "smtpoll/pop3/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Lines that a CAPA response may have.
constexpr std::uint32_t kPop3MostCapabilities = 100;

/// Takes the number at the front of `text`, and the spaces behind it.
constexpr bool TakeNumber(std::string_view& text, std::uint64_t& value) noexcept {
  const std::size_t end = text.find(' ') < text.size() ? text.find(' ') : text.size();
  if (!ParseDecimal(text.substr(0, end), value)) return false;
  text.remove_prefix(end);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return true;
}

/// As TakeNumber, for the number of a message.
constexpr bool TakeMessageNumber(std::string_view& text, std::uint32_t& value) noexcept {
  std::uint64_t number = 0;
  if (!TakeNumber(text, number) || number > UINT32_MAX) return false;
  value = static_cast<std::uint32_t>(number);
  return true;
}

}  // namespace detail

inline void Pop3Engine::Start(const Pop3Options& options, Millis now) noexcept {
  options_ = options;
  capabilities_ = {};
  input_.Clear();
  output_.Clear();
  sasl_.Stop();
  timestamp_.Clear();
  reading_ = Reading::Status;
  outcome_ = Pop3EventKind::None;
  done_due_ = fresh_ = false;
  used_ = searched_ = 0;
  marked_ = 0;
  error_ = {};
  turned_ = false;
  waiting_since_ = now;
  stage_ = Stage::Opening;
  Expect(Pop3Command::Greeting, {});
}

inline Pop3Event Pop3Engine::Next(Millis now) noexcept {
  if (turned_) waiting_since_ = now;
  turned_ = false;
  for (;;) {
    DropUsed();
    if (outcome_ != Pop3EventKind::None) return TakeOutcome();
    if (IsOver() || stage_ == Stage::AwaitTls) return {};
    if (done_due_) return FinishReading();
    if (sasl_.Working()) {
      const detail::SaslStep step = sasl_.Work();
      if (step != detail::SaslStep::Again) {
        Respond(step);
        continue;
      }
      if (now - waiting_since_ < options_.timeouts.authentication) return {};
      Fail(Error(Errc::TimedOut, CurrentPhase()));
      continue;
    }
    if (reading_ == Reading::Content) {
      Pop3Event event;
      if (ReadContent(now, event)) {
        if (event.kind != Pop3EventKind::None) return event;
        continue;
      }
    } else {
      std::string_view line;
      if (FindLine(line)) {
        const Pop3Event event = OnLine(line);
        if (event.kind != Pop3EventKind::None) return event;
        continue;
      }
      if (outcome_ != Pop3EventKind::None) continue;
    }
    if (now < NextDeadline()) return {};
    Error error(Errc::TimedOut, CurrentPhase());
    if (error.phase == Phase::Quit) {
      Closed(error);
      continue;
    }
    if (error.phase == Phase::Greeting && !options_.secured)
      error.text.Assign("where the port speaks TLS first, as 995 does, set POP3ConnectionType to SSLTLS");
    Fail(error);
  }
}

/// Finds a whole line at the front of the input, which is then used; control characters in it are shown as '?'. What
/// cannot become one fails the session.
inline bool Pop3Engine::FindLine(std::string_view& line) noexcept {
  const Span<char> bytes = input_.Filled();
  // Decided before the line ends: whatever else speaks here never may end it.
  const bool starts_well = bytes.empty() || bytes[0] == '+' || bytes[0] == '-';
  if (reading_ == Reading::Status && !starts_well) {
    Fail(Error(Errc::MalformedReply, CurrentPhase(), "a response of POP3 begins with +OK or -ERR"));
    return false;
  }
  const void* found = nullptr;
  if (bytes.size() > searched_) found = std::memchr(bytes.data() + searched_, '\n', bytes.size() - searched_);
  if (found == nullptr) {
    searched_ = bytes.size();
    if (bytes.size() == input_.Capacity()) Fail(Error(Errc::ReplyTooLong, CurrentPhase()));
    return false;
  }
  std::size_t size = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
  used_ = size + 1;
  if (size != 0 && bytes[size - 1] == '\r') --size;
  for (std::size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if ((c < ' ' && c != '\t') || c == 0x7f) bytes[i] = '?';
  }
  line = {bytes.data(), size};
  return true;
}

inline Pop3Event Pop3Engine::OnLine(std::string_view line) noexcept {
  Show(Side::Server, line);
  if (reading_ == Reading::Lines) return OnEntry(line);
  // Nothing is an answer to what has not been said as a whole.
  const bool asked = awaited_ != Pop3Command::None && output_.Filled().size() <= behind_size_;
  const auto is = [&line](std::string_view indicator) {
    return line.substr(0, indicator.size()) == indicator &&
           (line.size() == indicator.size() || line[indicator.size()] == ' ');
  };
  const bool positive = is("+OK"), negative = is("-ERR"), more = is("+");
  if (!positive && !negative && !more) {
    Fail(Error(Errc::MalformedReply, CurrentPhase(), "a response of POP3 begins with +OK or -ERR"));
    return {};
  }
  std::string_view text = line.substr(positive ? 3 : negative ? 4 : 1);
  if (!text.empty()) text.remove_prefix(1);
  if (!asked || (more && awaited_ != Pop3Command::Auth)) {
    // A server that has waited for too long may say so before it closes.
    const bool farewell = negative && awaited_ == Pop3Command::None;
    Fail(ErrorOn(awaited_, farewell ? Errc::ConnectionLost : Errc::UnexpectedReply, text));
    return {};
  }
  if (!more) return OnStatus(positive, text);
  OnChallenge(text);
  return {};
}

/// What each status line does.
inline Pop3Event Pop3Engine::OnStatus(bool positive, std::string_view text) noexcept {
  const Pop3Command answered = awaited_;
  const detail::Pop3Shape shape = detail::RuleOf(answered).shape;
  if (!positive) return OnRefusal(answered, text);
  if (shape != detail::Pop3Shape::Line) {
    entries_ = 0;
    size_ = 0;
    content_.Start();
    if (answered == Pop3Command::Capabilities) capabilities_.Start();
    reading_ = shape == detail::Pop3Shape::Lines ? Reading::Lines : Reading::Content;
    return {};
  }
  switch (answered) {
    case Pop3Command::Greeting: {
      TakeTimestamp(text);
      Pop3Event event = EventOf(Pop3EventKind::Greeting);
      event.text = text;
      AskCapabilities();
      return event;
    }
    case Pop3Command::StartTls: return OnStartTls();
    case Pop3Command::User: LoginByPassword(); return {};
    case Pop3Command::Auth:
      if (!sasl_.Verified(text)) {
        FailPolitely(Error(Errc::AuthenticationFailed, Phase::Authentication,
                           "the server did not prove that it knows the password"));
        return {};
      }
      return OnLoggedIn();
    case Pop3Command::Pass:
    case Pop3Command::Apop: return OnLoggedIn();
    case Pop3Command::AuthCancelled: Fail(ErrorOn(answered, Errc::UnexpectedReply, text)); return {};
    case Pop3Command::Quit: End(Pop3EventKind::Ended); return {};
    case Pop3Command::Delete: ++marked_; break;
    case Pop3Command::Reset: marked_ = 0; break;
    default: break;
  }
  return OnResult(text);
}

inline Pop3Event Pop3Engine::OnRefusal(Pop3Command answered, std::string_view text) noexcept {
  switch (answered) {
    case Pop3Command::Greeting: FailPolitely(ErrorOn(answered, Errc::ServiceRefused, text)); return {};
    case Pop3Command::StartTls:
      if (options_.start_tls == StartTls::IfOffered)
        Login();
      else
        FailPolitely(ErrorOn(answered, Errc::TlsRefused, text));
      return {};
    case Pop3Command::User:
    case Pop3Command::Pass:
    case Pop3Command::Apop:
    case Pop3Command::Auth:
    case Pop3Command::AuthCancelled: OnLoginRefused(answered, text); return {};
    case Pop3Command::Capabilities:
      if (stage_ == Stage::Ready) break;
      capabilities_ = {};  // the server is older than CAPA
      OnCapabilities();
      return {};
    case Pop3Command::Quit:
      // RFC 1939 6: some of the marked messages were not deleted.
      Fail(ErrorOn(answered, Errc::CommandRefused, text));
      return {};
    default: break;
  }
  error_ = ErrorOn(answered, Errc::CommandRefused, text);
  Pop3Event event = EventOf(Pop3EventKind::Refused);
  event.text = text;
  event.error = &error_;
  Answered();
  return event;
}

/// A command whose response is one line is done.
inline Pop3Event Pop3Engine::OnResult(std::string_view text) noexcept {
  Pop3Event event = EventOf(Pop3EventKind::Done);
  event.text = text;
  const bool lists = awaited_ == Pop3Command::ListOne || awaited_ == Pop3Command::UidOne;
  bool fits = true;
  if (awaited_ == Pop3Command::Stat) {
    fits = detail::TakeMessageNumber(text, event.message) && detail::TakeNumber(text, event.size);
  } else if (lists) {
    event.kind = Pop3EventKind::Entry;
    fits = detail::TakeMessageNumber(text, event.message) && event.message == message_ && !text.empty();
    if (awaited_ == Pop3Command::ListOne) fits = fits && detail::TakeNumber(text, event.size);
    event.text = text;
  }
  if (!fits) {
    Fail(ErrorOn(awaited_, Errc::MalformedReply, text));
    return {};
  }
  if (lists) {
    entries_ = 1;
    done_due_ = true;
  } else {
    Answered();
  }
  return event;
}

/// A line of a listing (RFC 1939 3: a dot alone is its end).
inline Pop3Event Pop3Engine::OnEntry(std::string_view line) noexcept {
  const bool capabilities = awaited_ == Pop3Command::Capabilities;
  if (line == ".") {
    reading_ = Reading::Status;
    if (!capabilities || stage_ == Stage::Ready) return FinishReading();
    OnCapabilities();
    return {};
  }
  if (!line.empty() && line.front() == '.') line.remove_prefix(1);
  if (entries_++ == (capabilities ? detail::kPop3MostCapabilities : options_.most_entries)) {
    Fail(ErrorOn(awaited_, Errc::ReplyTooLong, "the listing has too many lines"));
    return {};
  }
  if (capabilities) {
    capabilities_.AddLine(line);
    if (stage_ != Stage::Ready) return {};
  }
  Pop3Event event = EventOf(Pop3EventKind::Entry);
  event.text = line;
  bool fits = capabilities;
  if (!fits) {
    fits = detail::TakeMessageNumber(event.text, event.message) && event.message != 0 && !event.text.empty();
    std::string_view text = event.text;
    if (awaited_ == Pop3Command::List) fits = fits && detail::TakeNumber(text, event.size);
  }
  if (fits) return event;
  Fail(ErrorOn(awaited_, Errc::MalformedReply, line));
  return {};
}

/// False where further bytes have to come.
inline bool Pop3Engine::ReadContent(Millis now, Pop3Event& event) noexcept {
  // A server that still sends is not late, whatever the size of the message.
  if (fresh_) waiting_since_ = now;
  fresh_ = false;
  const Span<char> bytes = input_.Filled();
  const detail::Pop3ContentReader::Piece piece = content_.Read({bytes.data(), bytes.size()});
  used_ = piece.skip + piece.size;
  if (piece.end) {
    reading_ = Reading::Status;
    FixedText<64> shown("[");
    shown.AppendDecimal(size_);
    shown.Append(" bytes of message]");
    Show(Side::Server, shown.View());
    Show(Side::Server, ".");
    event = FinishReading();
    return true;
  }
  if (piece.size > options_.most_content - size_) {
    Fail(ErrorOn(awaited_, Errc::ReplyTooLong, "the message is longer than MessageSizeLimit"));
    return true;
  }
  size_ += piece.size;
  if (piece.size != 0) {
    event = EventOf(Pop3EventKind::Content);
    event.text = {bytes.data() + piece.skip, piece.size};
    event.size = size_;
  }
  return used_ != 0;
}

/// The command with a listing or a content is done.
inline Pop3Event Pop3Engine::FinishReading() noexcept {
  Pop3Event event = EventOf(Pop3EventKind::Done);
  const bool content = detail::RuleOf(awaited_).shape == detail::Pop3Shape::Content;
  if (!content) event.message = entries_;
  if (content) event.size = size_;
  done_due_ = false;
  Answered();
  return event;
}

SMTPOLL_NAMESPACE_END

#endif
