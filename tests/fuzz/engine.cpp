// The whole engine against arbitrary bytes in arbitrary pieces: it ends, every message has one outcome, what it says
// are whole lines, and a session that is over stays over.
#include <algorithm>
#include <vector>

#include "fuzz.hpp"
#include "smtpoll/protocol/engine.hpp"

namespace {

constexpr std::size_t kMails = 3;

struct Play {
  explicit Play(fuzz::Input bytes) : input(bytes) {
    const unsigned how = input.Byte();
    options.client_name = "me.test";
    options.pipelining = (how & 1) != 0;
    options.chunking = (how & 2) != 0;
    options.lmtp = (how & 4) != 0;
    options.all_recipients_or_none = (how & 8) != 0;
    options.in_flight = (how & 16) != 0 ? 3 : 1;
    if ((how & 32) != 0) {
      options.start_tls = smtpoll::StartTls::IfOffered;
      options.credentials.user_name = "user";
      options.credentials.password = "pencil";
      options.credentials.nonce = "fyko+d2lbbFgONRv9qkxdawL";
      options.allow_plaintext_credentials = (how & 64) != 0;
    }
    cancels = (how & 128) != 0;
    const unsigned pieces = input.Byte();
    most_in = 1 + pieces % 16 * 16;
    most_out = 1 + pieces / 16 * 64;
  }

  void Run() {
    engine.Start(options, now);
    for (int round = 0; round < 5000 && !engine.IsOver(); ++round) {
      Drain();
      const smtpoll::Span<const char> output = engine.Output();
      if (!output.empty()) {
        const std::size_t size = std::min(output.size(), most_out);
        said.append(output.data(), size);
        engine.Sent(size, now);
        continue;
      }
      if (engine.IsOver()) break;
      const smtpoll::Span<char> room = engine.Input();
      const std::string_view got = input.Take(std::min(room.size(), most_in));
      if (!got.empty()) {
        got.copy(room.data(), got.size());
        engine.Received(got.size());
      } else if (engine.NextDeadline() <= now) {
        continue;  // it works at a challenge
      } else if (input.empty() && engine.NextDeadline() != smtpoll::kNever && how_it_ends % 2 == 0) {
        now = engine.NextDeadline();  // the server says nothing more
      } else if (input.empty()) {
        Drain();
        engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
      }
    }
    Drain();
    FUZZ_CHECK(engine.IsOver());
    FUZZ_CHECK(outcomes == started);
    FUZZ_CHECK(ends == 1);
    FUZZ_CHECK(engine.Next(now).kind == smtpoll::EventKind::None);
    FUZZ_CHECK(!engine.CanSend() && !engine.Idle());
    for (std::size_t at = 0; (at = said.find('\n', at)) != std::string::npos; ++at)
      FUZZ_CHECK(at != 0 && said[at - 1] == '\r');
    if (!options.allow_plaintext_credentials && !secured)
      FUZZ_CHECK(said.find("AUTH") == std::string::npos || said.find("AUTH") > said.size());
  }

  void Drain() {
    using smtpoll::EventKind;
    for (int i = 0; i < 100000; ++i) {
      const smtpoll::Event event = engine.Next(now);
      switch (event.kind) {
        case EventKind::None:
          if (!engine.Idle() || engine.IsOver()) return;
          if (started == kMails || engine.IsExhausted())
            engine.Quit(now);
          else if (!Start())
            engine.Quit(now);
          return;
        case EventKind::NeedTls:
          secured = true;
          FUZZ_CHECK(engine.Output().empty());
          engine.Secured(now);
          break;
        case EventKind::Ready:
          if (started != kMails) Start();
          break;
        case EventKind::Chunk:
          if (cancels && started == 2) engine.Cancel();
          break;
        case EventKind::RecipientAccepted:
        case EventKind::RecipientRefused: FUZZ_CHECK(event.recipient < 2 && outcomes < started); break;
        case EventKind::RecipientFinal: FUZZ_CHECK(options.lmtp && event.recipient < 2); break;
        case EventKind::Accepted:
        case EventKind::Refused:
        case EventKind::InDoubt:
        case EventKind::Returned:
          FUZZ_CHECK(outcomes < started);
          ++outcomes;
          break;
        case EventKind::MustReconnect:
        case EventKind::Failed:
        case EventKind::Ended: ++ends; break;
        default: break;
      }
    }
    FUZZ_CHECK(!"events without end");
  }

  bool Start() {
    source = smtpoll::MemorySource(started == 1 ? long_content : short_content);
    const smtpoll::Envelope envelope{"a@x.org", {recipients, 2}, smtpoll::BodyType::SevenBit, false, {}, {}};
    if (engine.Send(envelope, source, now)) return false;
    ++started;
    return true;
  }

  fuzz::Input input;
  smtpoll::SessionOptions options;
  smtpoll::Millis now = 0;
  std::size_t most_in = 1, most_out = 1;
  unsigned how_it_ends = 0;
  bool cancels = false, secured = false;
  std::size_t started = 0, outcomes = 0;
  int ends = 0;
  std::string said;
  const std::string short_content = "Subject: x\r\n\r\n.y\r\n";
  const std::string long_content = std::string(3000, 'z');
  const smtpoll::Recipient recipients[2] = {{"b@y.org", smtpoll::DsnNotify::Unset, {}},
                                            {"c@y.org", smtpoll::DsnNotify::Unset, {}}};
  smtpoll::MemorySource source;
  char input_memory[512], output_memory[1024];
  smtpoll::AwaitedReply window[12];
  smtpoll::Transaction transactions[3];
  smtpoll::Engine engine{input_memory, output_memory, window, transactions};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const unsigned how_it_ends : {0u, 1u}) {
    Play play(fuzz::Input(data, size));
    play.how_it_ends = how_it_ends;
    play.Run();
  }
  return 0;
}
