// Pop3Session: the blocking POP3 client. The same driver as POP3Socket's, in a loop that waits; nothing is thrown.
#ifndef SMTPOLL_POP3_SESSION_HPP
#define SMTPOLL_POP3_SESSION_HPP

#include <string>
#include <string_view>
#include <type_traits>

#include "smtpoll/base/error_category.hpp"
#include "smtpoll/client/driver.hpp"
#include "smtpoll/pop3/core.hpp"
#include "smtpoll/pop3/events.hpp"
#include "smtpoll/pop3/settings.hpp"
#include "smtpoll/socket/native.hpp"
#include "smtpoll/transport/plain.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// What a mailbox holds.
struct MailboxCount {
  smtpoll::Error error;        ///< ErrorNumber 0: the numbers are the server's.
  std::uint32_t messages = 0;  ///< Messages that are not marked.
  std::uint64_t size = 0;      ///< Bytes of all of them.
  /// True where there was no error.
  explicit operator bool() const noexcept { return !error; }
};

/// One connection to one POP3 server, used from one thread. Public settings are those of Pop3Settings, and those of
/// Pop3SecureSettings where the transport takes TlsSettings. Each method returns when it is done or has failed; the
/// error says the phase, the command and the server's words. After Errc::CommandRefused, InvalidMessage and
/// InvalidState the session stands as before, after all others it is over. Of the handler's hooks it calls
/// OnConnectionEstablished, OnTokenWanted and OnTranscript.
template <typename Socket, template <typename> class Transport = PlainTransport, typename Handler = Pop3EventFunctions,
          typename Limits = Pop3Limits>
class BasicPop3Session : public detail::Pop3SettingsOf<Transport<Socket>>, public Handler {
 public:
  BasicPop3Session() = default;
  BasicPop3Session(const BasicPop3Session&) = delete;
  BasicPop3Session& operator=(const BasicPop3Session&) = delete;
  /// Closes without QUIT, so that nothing is deleted, and without calling any handler.
  ~BasicPop3Session() = default;

  /// Connects and logs in. A connection that stands is closed first, without QUIT.
  smtpoll::Error Connect(std::string_view host, std::uint16_t port, std::string_view local_address = {}) {
    Close();
    if (port == 0) return smtpoll::Error(Errc::InvalidPort, Phase::Connect, "the port is 0");
    error_ = {};
    Open({host, port, local_address});
    // A token that was refused is asked for once more.
    if (detail::RefusesPop3Token(error_)) Open({host, port, local_address});
    return error_;
  }

  /// STAT: how many messages there are.
  MailboxCount Count() {
    MailboxCount count;
    count.error = Do({Pop3Command::Stat, 0, 0, {}}, [&count](const Pop3Event& event) {
      count.messages = event.message;
      count.size = event.size;
      return false;
    });
    return count;
  }
  /// LIST: `take(std::uint32_t message, std::uint64_t size)` for each message that is not marked.
  template <typename Take>
  smtpoll::Error List(Take&& take) {
    return Do({Pop3Command::List, 0, 0, {}}, [&take](const Pop3Event& event) {
      if (event.kind == Pop3EventKind::Entry) take(event.message, event.size);
      return false;
    });
  }
  /// UIDL: `take(std::uint32_t message, std::string_view id)` for each message that is not marked.
  template <typename Take>
  smtpoll::Error UniqueIDs(Take&& take) {
    return Do({Pop3Command::Uids, 0, 0, {}}, [&take](const Pop3Event& event) {
      if (event.kind == Pop3EventKind::Entry) take(event.message, event.text);
      return false;
    });
  }
  /// RETR: `take(std::string_view bytes)` for each piece of a message, with CRLF line ends, as the sender wrote it.
  /// Where it returns true, the message is broken off, which costs the connection (Errc::Cancelled).
  template <typename Take>
  smtpoll::Error Retrieve(std::uint32_t message, Take&& take) {
    return Fetch({Pop3Command::Retrieve, message, 0, {}}, take);
  }
  /// TOP: as Retrieve, for the header and `lines` lines of the body.
  template <typename Take>
  smtpoll::Error Top(std::uint32_t message, std::uint32_t lines, Take&& take) {
    return Fetch({Pop3Command::Top, message, lines, {}}, take);
  }
  /// DELE: marks a message; Quit deletes it.
  smtpoll::Error Delete(std::uint32_t message) { return Do({Pop3Command::Delete, message, 0, {}}); }
  /// RSET: takes all marks back.
  smtpoll::Error Reset() { return Do({Pop3Command::Reset, 0, 0, {}}); }
  /// NOOP
  smtpoll::Error Noop() { return Do({Pop3Command::Noop, 0, 0, {}}); }
  /// CAPA: asks anew what the server offers; see ServerCapabilities.
  smtpoll::Error Capabilities() { return Do({Pop3Command::Capabilities, 0, 0, {}}); }
  /// A command that no method is for and whose response has one line; `answer` gets its text.
  smtpoll::Error Command(std::string_view line, std::string& answer) {
    return Do({Pop3Command::Other, 0, 0, line}, [&answer](const Pop3Event& event) {
      answer = event.text;
      return false;
    });
  }

  /// Ends the session with QUIT: now the server deletes what is marked. An error means that it is not known to have
  /// done so, or only in part; where nothing was marked there is none.
  smtpoll::Error Quit() {
    error_ = {};
    driver_.Session().Quit(Socket::Now());
    if (driver_.CurrentState() != State::Closed) Run([](const Pop3Event&) { return false; });
    const smtpoll::Error error = error_;
    Close();
    return error;
  }

  /// Closes at once, without QUIT: nothing is deleted.
  void Close() {
    driver_.Close();
    std::size_t budget = 0;
    while (driver_.Next(budget).kind != Pop3EventKind::None) continue;
    strings_.Forget();
  }

  /// A connection stands.
  bool IsConnected() const { return driver_.IsConnected(); }
  /// All that is sent is encrypted.
  bool SSLConnected() const { return driver_.IsConnected() && driver_.Layer().Secured(); }
  /// What the server offered in its last CAPA response.
  const Pop3Capabilities& ServerCapabilities() const { return driver_.Session().ServerCapabilities(); }
  /// The transport, for what is special to it.
  Transport<Socket>& Layer() { return driver_.Layer(); }

 private:
  using Machine = Driver<Socket, Transport, Limits, detail::Pop3Core<Limits>>;
  using State = typename Machine::State;

  /// With an error in error_, which is then a refused token, only where there is another one.
  void Open(const Endpoint& to) {
    Pop3Options options = strings_.Take(*this, to.host, to.local_address);
    if (strings_.TakeToken(static_cast<Handler&>(*this), static_cast<bool>(error_), options)) {
      error_ = detail::PreparePop3Security(*this, to.port, driver_.Layer(), options);
      options.transcript = {&ShowLine, this};
      if (!error_) driver_.Connect({strings_.Host(), to.port, strings_.LocalAddress()}, options);
      Run([this](const Pop3Event& event) {
        if (event.kind == Pop3EventKind::Greeting) this->OnConnectionEstablished(event.text);
        return false;
      });
    }
    strings_.Forget();
  }

  smtpoll::Error Do(const Pop3Request& request) {
    return Do(request, [](const Pop3Event&) { return false; });
  }
  /// One command; `take` sees its events of success, and breaks a content off by returning true.
  template <typename Take>
  smtpoll::Error Do(const Pop3Request& request, Take&& take) {
    error_ = {};
    if (IsConnected()) Run([](const Pop3Event&) { return false; });  // the server may have closed in the meantime
    if (!IsConnected()) return error_ ? error_ : smtpoll::Error(Errc::InvalidState, Phase::Idle, "not connected");
    error_ = driver_.Session().Begin(request, Socket::Now());
    if (!error_) Run(take);
    return error_;
  }
  template <typename Take>
  smtpoll::Error Fetch(const Pop3Request& request, Take& take) {
    return Do(request, [&take](const Pop3Event& event) {
      if (event.kind != Pop3EventKind::Content) return false;
      if constexpr (std::is_same_v<decltype(take(event.text)), bool>) {
        return take(event.text);
      } else {
        take(event.text);
        return false;
      }
    });
  }

  /// Drives until the session is idle or over; the error of a command or of the session is then in error_.
  template <typename Take>
  void Run(Take&& take) {
    for (;;) {
      driver_.SetPatience(-1);
      std::size_t budget = SIZE_MAX;
      const Pop3Event event = driver_.Next(budget);
      if (event.kind == Pop3EventKind::Refused || event.kind == Pop3EventKind::Failed) {
        error_ = *event.error;
      } else if (event.kind != Pop3EventKind::None) {
        if (take(event)) driver_.Session().Cancel();
      } else {
        const bool idle = driver_.CurrentState() == State::Session && driver_.Session().Idle();
        if (idle || driver_.CurrentState() == State::Closed) return;
        if (driver_.Patience() != 0) driver_.Wait(driver_.Wants(), -1);
      }
    }
  }

  static void ShowLine(void* self, Side side, std::string_view line) {
    static_cast<BasicPop3Session*>(self)->OnTranscript(side, line);
  }

  detail::Pop3Strings strings_;
  smtpoll::Error error_;
  Machine driver_;  // last, because its end looks at what the others have
};

/// A blocking POP3 session over this platform's sockets, without TLS.
using Pop3Session = BasicPop3Session<NativeSocket>;

SMTPOLL_NAMESPACE_END

#endif
