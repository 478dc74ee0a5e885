// smtpoll in the benchmarks: an SMTPSocket as anybody would use it, with a new EmailMessage for each message.
// Compiled with SMTPOLL_BENCH_COUNT it also counts what Poll asks of the heap and of the socket, and prints that.
//
// usage: smtpoll_client MODE PORT COUNT [FILE]
//   data, bdat      COUNT messages of 1 KiB, without and with CHUNKING; data1, bdat1: one message after the other
//   base64, binary  COUNT attachments of FILE, without and with CHUNKING (which the server offers with BINARYMIME)
//   recipients      one message to COUNT recipients
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include "work.hpp"

#if defined(SMTPOLL_BENCH_COUNT)
namespace {
bool counting = false;
unsigned long long allocations = 0;
unsigned long long reads = 0, writes = 0, waits = 0;

/// Each of these calls is one system call.
class CountingSocket : public smtpoll::NativeSocket {
 public:
  using Base = smtpoll::NativeSocket;
  smtpoll::IoResult Read(char* into, std::size_t room) {
    reads += counting;
    return Base::Read(into, room);
  }
  template <typename B = Base>
  auto ReadWait(char* into, std::size_t room, smtpoll::Millis at_most)
      -> decltype(std::declval<B&>().ReadWait(into, room, at_most)) {
    reads += counting;
    return Base::ReadWait(into, room, at_most);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    writes += counting;
    return Base::Write(bytes, size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis at_most) {
    waits += counting;
    return Base::Wait(what, at_most);
  }
};
}  // namespace

void* operator new(std::size_t size) {
  allocations += counting;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
// Not inlined: g++ would see memory of operator new go to free, and warn.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using Client = smtpoll::BasicSMTPSocket<CountingSocket>;
#else
using Client = smtpoll::SMTPSocket;
#endif

namespace {

smtpoll::EmailMessage Small() {
  static const std::string body = bench::Body();
  smtpoll::EmailMessage mail;
  mail.FromAddress = bench::kSender;
  mail.AddRecipient(bench::kRecipient);
  mail.Subject = bench::kSubject;
  mail.BodyPlainText = body;
  return mail;
}

smtpoll::EmailMessage WithAttachment(const std::string& path) {
  smtpoll::EmailMessage mail = Small();
  mail.BodyPlainText = "See the attachment.\r\n";
  smtpoll::EmailAttachment attachment;
  if (!attachment.LoadFromFile(path)) {
    std::perror(path.c_str());
    std::exit(1);
  }
  mail.Attachments.Append(std::move(attachment));
  return mail;
}

smtpoll::EmailMessage ToMany(int recipients) {
  smtpoll::EmailMessage mail = Small();
  mail.ToAddress.clear();
  for (int i = 0; i < recipients; ++i) mail.AddBCCRecipient(bench::Recipient(i));
  return mail;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Call call(argc, argv);
  const bool to_many = call.mode == "recipients";
  const bool attached = call.mode == "base64" || call.mode == "binary";
  const int messages = to_many ? 1 : call.count;
  int made = 0, sent = 0;
  bool failed = false;

  Client client;
  client.Address = "127.0.0.1";
  client.Port = static_cast<std::uint16_t>(call.port);
  client.Chunking = call.mode == "bdat" || call.mode == "bdat1" || call.mode == "binary" || to_many;
  if (call.mode == "data1" || call.mode == "bdat1") client.MessagesInFlight = 1;
  const auto make = [&] {
    ++made;
    client.Messages.Append(to_many ? ToMany(call.count) : attached ? WithAttachment(call.file) : Small());
  };
  client.Error = [&](const smtpoll::Error& error) {
    std::fprintf(stderr, "smtpoll: %s\n", ToString(error).c_str());
    failed = true;
  };
  client.ServerError = [&](int id, const std::string& text, const smtpoll::EmailMessage&) {
    std::fprintf(stderr, "smtpoll: %d %s\n", id, text.c_str());
    failed = true;
  };
#if defined(SMTPOLL_BENCH_COUNT)
  // The first half warms up: what counts is what the second half asks for, without the making of its messages.
  client.MessageSent = [&](const smtpoll::EmailMessage&) {
    counting = false;
    if (++sent == messages / 2) allocations = reads = writes = waits = 0;
    if (made < messages) make();
    counting = sent < messages;
  };
#else
  client.MessageSent = [&](const smtpoll::EmailMessage&) {
    ++sent;
    if (made < messages) make();
  };
#endif
  // As many as are worth having in flight; each that has arrived makes the next.
  while (made < messages && made < (attached ? 2 : 64)) make();
  client.SendMail();
  while (client.Poll(1000)) {
  }
#if defined(SMTPOLL_BENCH_COUNT)
  counting = false;
  const double half = messages - messages / 2;
  const auto each = [half](unsigned long long count) { return static_cast<double>(count) / half; };
  std::printf(
      "{\"allocations\": %.4f, \"reads\": %.4f, \"writes\": %.4f, \"waits\": %.4f, \"system_calls\": %.4f, "
      "\"sizeof SMTPSocket\": %zu, \"sizeof Session\": %zu, \"sizeof Engine\": %zu}\n",
      each(allocations), each(reads), each(writes), each(waits), each(reads + writes + waits),
      sizeof(smtpoll::SMTPSocket), sizeof(smtpoll::Session), sizeof(smtpoll::Engine));
#endif
  if (sent != messages) std::fprintf(stderr, "smtpoll: %d of %d sent\n", sent, messages);
  return sent == messages && !failed ? 0 : 1;
}
