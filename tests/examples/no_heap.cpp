// A message without a heap: for a chip, or wherever memory has to be known beforehand. Message, attachment and buffers
// are where the program put them; here anything that asks the heap ends the program. tests/embedded sends the same way
// from a Cortex-M3 without an operating system.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>

void* operator new(std::size_t) { std::abort(); }

/// The wire: put your UART, modem or TCP stack here. This one is a server of a few lines in the same program.
class Wire {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  static smtpoll::Millis Now() { return 0; }  // milliseconds of your timer
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) {
    reply_ = "220 chip.test\r\n";
    return smtpoll::IoResult::Ok();
  }
  smtpoll::IoResult ConnectStep() { return smtpoll::IoResult::Ok(); }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::None; }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    if (reply_.empty()) return smtpoll::IoResult::TryAgain();
    const std::size_t size = reply_.copy(into, room);
    reply_.remove_prefix(size);
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    for (const char c : std::string_view(bytes, size)) Take(c);
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis) { return what; }  // sleep here, if you like
  void Close() {}
  Handle NativeHandle() const { return kNoHandle; }
  std::size_t LocalAddress(char*, std::size_t) const { return 0; }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }

 private:
  void Take(char c) {
    if (c == '\r') return;
    if (c != '\n') {
      if (size_ < sizeof line_) line_[size_] = c;
      ++size_;
      return;
    }
    const std::string_view line(line_, size_ < sizeof line_ ? size_ : sizeof line_);
    size_ = 0;
    if (in_content_ && line != ".") return;
    in_content_ = line == "DATA";
    reply_ = in_content_ ? "354 go on\r\n" : line == "QUIT" ? "221 bye\r\n" : "250 ok\r\n";
  }

  std::string_view reply_;
  char line_[8] = {};
  std::size_t size_ = 0;
  bool in_content_ = false;
};

namespace {

// All of this may lie in flash.
constexpr unsigned char kLog[] = {0x00, 0x01, 0x02, 0xfd, 0xfe, 0xff};
constexpr smtpoll::MailboxView kOperators[] = {{"operator@example.org", "Zo\xc3\xab"}, {"archive@example.org"}};

smtpoll::SmallSession<Wire> session;  // all the memory there is: buffers, state, one line of base64

}  // namespace

int main() {
  const smtpoll::AttachmentView log[] = {{"log.bin", {reinterpret_cast<const char*>(kLog), sizeof kLog}}};
  smtpoll::MessageView mail;
  mail.from = {"chip@example.org", "Chip no. 42"};
  mail.to = kOperators;
  mail.subject =
      "21.5 \xc2\xb0"
      "C";
  mail.body = "All is well.\n";
  mail.attachments = log;
  mail.message_id = "0042.1@example.org";  // yours: a serial number and a count, say

  smtpoll::SessionOptions options;
  options.client_name = "chip.example.org";
  session.Connect({"192.0.2.25", 25, {}}, options);
  session.Send(mail);
  session.Quit();
  while (session.Poll()) { /* the watchdog, other work */
  }

  const bool sent = session.Result() == smtpoll::Outcome::Sent;
  std::printf("%s with %u bytes of memory\n", Name(session.Result()), static_cast<unsigned>(sizeof session));
  return sent ? 0 : 1;
}
