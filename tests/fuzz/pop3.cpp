// A POP3 server that says anything (RFC 1939): the session ends or waits, in bounded steps; no credential goes over a
// wire that is not encrypted and was to be, QUIT is not said by itself once the mailbox is open, and no more content is
// told than came.
#include "fuzz.hpp"
#include "smtpoll/pop3/engine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = smtpoll::Pop3EventKind;
  using Command = smtpoll::Pop3Command;
  fuzz::Input input(data, size);
  const unsigned choice = input.Byte();
  const std::size_t piece = 1 + input.Byte() % 64;
  smtpoll::Pop3Options options;
  options.credentials.user_name = "the-user";
  options.credentials.password = "open-sesame";
  options.credentials.nonce = "fyko+d2lbbFgONRv9qkxdawM";
  options.allow_plaintext_credentials = (choice & 1) != 0;
  options.start_tls = (choice & 1) == 0 ? smtpoll::StartTls::Required : smtpoll::StartTls::Never;
  options.apop = (choice & 2) != 0;
  options.most_entries = 50;
  options.most_content = 2000;
  const bool secures = (choice & 4) != 0;
  constexpr Command kCommands[] = {Command::Stat, Command::List, Command::Uids,  Command::Retrieve,
                                   Command::Top,  Command::Noop, Command::Reset, Command::Delete};

  char in[512], out[1024];
  smtpoll::Pop3Engine engine(in, out);
  engine.Start(options, 0);
  bool open = false, secured = false, asked_to_quit = false;
  std::string said;
  std::uint64_t came = 0, told = 0;
  unsigned next = choice;
  int steps = 0;
  // A field is what the server says once it has heard all that the client says.
  while (!engine.IsOver()) {
    std::string_view speech = input.empty() ? std::string_view() : input.Field();
    const bool last = input.empty();
    do {
      const std::string_view now = speech.substr(0, piece);
      speech.remove_prefix(now.size());
      const smtpoll::Span<char> room = engine.Input();
      FUZZ_CHECK(room.size() >= now.size() || room.size() < sizeof in);
      const std::size_t taken = now.copy(room.data(), room.size());
      came += taken;
      engine.Received(taken);
      for (;;) {
        FUZZ_CHECK(++steps < 200000);
        const smtpoll::Pop3Event event = engine.Next(0);
        if (event.kind == Kind::None && engine.NextDeadline() > 0) break;
        if (event.kind == Kind::Authenticated) open = true;
        if (event.kind == Kind::Content) told += event.text.size();
        if (event.kind == Kind::NeedTls) {
          FUZZ_CHECK(said.find("STLS") != std::string::npos);
          if (!secures) return 0;
          engine.Secured(0);
          secured = true;
        }
        if (event.kind == Kind::Failed) FUZZ_CHECK(event.error->ErrorNumber != 0);
        if (event.kind == Kind::Failed || event.kind == Kind::Ended) break;
      }
      const smtpoll::Span<const char> output = engine.Output();
      const std::string words(output.data(), output.size());
      said += words;
      if (!open && !secured && !options.allow_plaintext_credentials)
        FUZZ_CHECK(words.find("the-user") == std::string::npos);
      if (open && !asked_to_quit) FUZZ_CHECK(words.find("QUIT") == std::string::npos);
      engine.Sent(output.size(), 0);
      FUZZ_CHECK(told <= came && told <= options.most_content * 100);
      if (engine.Idle() && !open) return 0;  // nobody logged in, since nobody was to
      if (engine.Idle() && ++next % 16 == 0) {
        asked_to_quit = true;
        engine.Quit(0);
      }
      // With PIPELINING as many as may go in a group.
      for (int begun = 0; !asked_to_quit && engine.CanBegin(kCommands[next % 8]); ++next) {
        FUZZ_CHECK(++begun <= 16);
        const Command command = kCommands[next % 8];
        const bool numbered = command == Command::Retrieve || command == Command::Top || command == Command::Delete;
        engine.Begin({command, numbered ? next : 0, 3, {}}, 0);
        if (next % 16 == 15) break;
      }
    } while (!speech.empty() && !engine.IsOver());
    if (last) break;
  }
  engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
  for (int i = 0; engine.Next(0).kind != Kind::None; ++i) FUZZ_CHECK(i < 3);
  FUZZ_CHECK(engine.IsOver());
  return 0;
}
