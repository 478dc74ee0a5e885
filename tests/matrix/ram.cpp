// The memory that one message with an attachment takes: prints "RAM", the bytes of the session with all its buffers
// plus the most that the heap held at one moment, the message itself left out.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

std::size_t held = 0, most = 0;

/// Room in front of each block for its size, without harm to the block's alignment.
constexpr std::size_t kFront = 2 * sizeof(std::max_align_t);

/// A server that takes every message, without memory of its own.
class Taker {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;
  static smtpoll::Millis Now() { return 0; }
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) { return smtpoll::IoResult::Ok(); }
  smtpoll::IoResult ConnectStep() { return smtpoll::IoResult::Ok(); }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::None; }
  smtpoll::IoResult Read(char* into, std::size_t) {
    if (waiting_.empty()) return smtpoll::IoResult::TryAgain();
    const std::size_t size = waiting_.copy(into, waiting_.size());
    waiting_ = {};
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    const std::string_view text(bytes, size);
    const bool ends = size >= 5 && text.substr(size - 5) == "\r\n.\r\n";
    if (content_ && !ends) return smtpoll::IoResult::Ok(size);
    content_ = text == "DATA\r\n";
    waiting_ = content_ ? "354 go\r\n" : "250 ok\r\n";
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis) { return what; }
  void Close() {}
  Handle NativeHandle() const { return kNoHandle; }
  std::size_t LocalAddress(char*, std::size_t) const { return 0; }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }

 private:
  std::string_view waiting_ = "220 hi\r\n";
  bool content_ = false;
};

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  char* const block = static_cast<char*>(std::malloc(size + kFront));
  if (block == nullptr) return nullptr;
  *reinterpret_cast<std::size_t*>(block) = size;
  held += size;
  if (held > most) most = held;
  return block + kFront;
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  char* const block = static_cast<char*>(memory) - kFront;
  held -= *reinterpret_cast<std::size_t*>(block);
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }

int main() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@example.org";
  mail.AddRecipient("bob@example.org");
  mail.Subject = "A file";
  mail.BodyPlainText = "Hello, World!";
  mail.Attachments.Append({});
  mail.Attachments[0].Name = "file.bin";
  mail.Attachments[0].Data.assign(100000, 'x');
  const std::size_t before = most = held;
  smtpoll::BasicSession<Taker> session;
  const bool sent = !session.Connect("mail.example.org", 25) && session.Send(mail).Sent();
  session.Quit();
  std::printf("RAM %lu\n", static_cast<unsigned long>(sizeof session + most - before));
  return sent ? 0 : 1;
}
