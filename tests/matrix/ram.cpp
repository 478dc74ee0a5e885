// The memory that one message with an attachment takes: prints "RAM", the bytes of the session with all its buffers
// plus the most that the heap held at one moment, the message itself left out.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "../unit/memory_wire.hpp"

namespace {

std::size_t held = 0, most = 0;

/// Room in front of each block for its size, without harm to the block's alignment.
constexpr std::size_t kFront = 2 * sizeof(std::max_align_t);

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
  smtpoll::BasicSession<AcceptingWire> session;
  const bool sent = !session.Connect("mail.example.org", 25) && session.Send(mail).Sent();
  session.Quit();
  std::printf("RAM %lu\n", static_cast<unsigned long>(sizeof session + most - before));
  return sent ? 0 : 1;
}
