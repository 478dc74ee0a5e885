// Counts what the heap is asked for while messages are sent. The replaced operator new serves the whole test program.
#include <cstdlib>
#include <new>

#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include "heap_watch.hpp"
#include "memory_wire.hpp"
#include "scripted_socket.hpp"
#include "smtpoll/pop3/session.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {
thread_local bool counting = false;
thread_local int allocations = 0;
}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  if (heap_count != nullptr) ++*heap_count;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  std::abort();
}
// Not inlined: g++ would see memory of operator new go to free, and warn.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
#if defined(__GLIBC__)
  if (heap_watch != nullptr && memory != nullptr)
    heap_watch(static_cast<const char*>(memory), malloc_usable_size(memory));
#endif
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }

TEST_CASE("No heap allocation per message after the first ones") {
  smtpoll::BasicSMTPSocket<AcceptingWire> client;
  client.Address = "sink";
  client.Port = 25;
  for (int i = 0; i < 50; ++i) {
    smtpoll::EmailMessage mail;
    mail.FromAddress = "A Sender With A Long Name <sender@long.domain.example.org>";
    mail.AddRecipient("first.recipient@long.domain.example.org");
    mail.AddRecipient("second.recipient@long.domain.example.org");
    mail.Subject = "A subject that does not fit the small string, na\xc3\xafvely";
    mail.BodyPlainText = std::string(1000, 'x') + " caf\xc3\xa9\n";
    mail.BodyHTML = "<p>" + std::string(500, 'y') + "</p>\n";
    client.Messages.Append(std::move(mail));
  }
  int sent = 0;
  client.MessageSent = [&](const smtpoll::EmailMessage&) {
    if (++sent == 3) counting = true;
    if (sent == 50) counting = false;
  };
  client.SendMail();
  for (int i = 0; i < 100000 && sent < 50; ++i) client.Poll();
  counting = false;
  CHECK(sent == 50);
  CHECK(allocations == 0);
}

TEST_CASE("Rendering a message of 1 KiB asks the heap for nothing after the first one") {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "Zo\xc3\xab With A Name <sender@long.domain.example.org>";
  mail.AddRecipient("\"Recipient, First\" <first.recipient@long.domain.example.org>");
  mail.AddCCRecipient(
      "second.recipient@b\xc3\xbc"
      "cher.example.org");
  mail.Subject = "A subject that does not fit the small string, na\xc3\xafvely, and has to be folded somewhere";
  mail.BodyPlainText = std::string(500, 'x') + " caf\xc3\xa9\n";
  mail.BodyHTML = "<p>" + std::string(200, 'y') + "</p>\n";
  mail.Headers.AppendHeader("X-Mailer", "smtpoll, in its tests");
  smtpoll::EmailAttachment attachment;
  attachment.Name = "na\xc3\xafve name that is a little longer than most of them.bin";
  attachment.Data = std::string(100, '\xff');
  mail.Attachments.Append(attachment);
  smtpoll::MessageSource source;
  for (const auto width : {smtpoll::detail::WireWidth::SevenBit, smtpoll::detail::WireWidth::EightBit,
                           smtpoll::detail::WireWidth::Binary}) {
    allocations = 0;
    std::size_t size = 0;
    for (int i = 0; i < 100; ++i) {
      counting = i != 0;
      const bool good = !mail.Fault();
      source.Open(mail, width);
      char piece[1000];
      for (bool ends = !good; !ends;) {
        const smtpoll::SourceResult got = source.Read(piece, sizeof piece);
        size += got.size;
        ends = got.status != smtpoll::SourceStatus::More;
      }
      source.Close();
      counting = false;
    }
    CHECK(size > 100 * 1024);
    CHECK(allocations == 0);
  }
}

namespace {

/// A POP3 server with a message of a megabyte, in fixed memory.
class Mailbox : public MemoryWire {
 public:
  static constexpr std::string_view kLine = "..a line that starts with a dot, and some more of it to fill the line\r\n";
  static constexpr int kLines = 15000;
  smtpoll::IoResult Read(char* into, std::size_t room) {
    if (waiting_.empty() && lines_ != 0) waiting_ = --lines_ == 0 ? std::string_view(".\r\n") : kLine;
    return Give(waiting_, into, room);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    const std::string_view text(bytes, size);
    waiting_ = text == "CAPA\r\n"   ? "+OK\r\nTOP\r\nUIDL\r\n.\r\n"
               : text == "UIDL\r\n" ? "+OK\r\n1 abc\r\n2 def\r\n.\r\n"
                                    : "+OK 1 2\r\n";
    if (text == "RETR 1\r\n") lines_ = kLines + 1;
    return smtpoll::IoResult::Ok(size);
  }

 private:
  std::string_view waiting_ = "+OK hi\r\n";
  int lines_ = 0;
};

}  // namespace

TEST_CASE("No heap allocation by what a POP3 server says") {
  smtpoll::BasicPop3Session<Mailbox, smtpoll::PlainTransport, smtpoll::Pop3NoEvents> session;
  REQUIRE(!session.Connect("mailbox", 110));
  allocations = 0;
  counting = true;
  std::size_t size = 0, ids = 0;
  const smtpoll::MailboxCount count = session.Count();
  const smtpoll::Error listed = session.UniqueIDs([&ids](std::uint32_t, std::string_view) { ++ids; });
  const smtpoll::Error fetched = session.Retrieve(1, [&size](std::string_view bytes) { size += bytes.size(); });
  const smtpoll::Error marked = session.Delete(1);
  counting = false;
  CHECK(allocations == 0);
  CHECK(count.messages == 1);
  CHECK(!listed);
  CHECK(!fetched);
  CHECK(!marked);
  CHECK(ids == 2);
  CHECK(size == Mailbox::kLines * (Mailbox::kLine.size() - 1));
}
