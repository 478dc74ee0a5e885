// Fixed works whose instructions are counted: what is between the two calls of Begin and End, and nothing else.
//
// usage: instructions data | bdat | base64 | replies | parts     (instructions.py runs it under valgrind)
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <string>

#include "memory_socket.hpp"
#include "work.hpp"

namespace {

constexpr int kMessages = 1000;
constexpr std::size_t kMebibyte = 1024 * 1024;

int failures = 0;

/// 1,000 messages of 1 KiB from EmailMessage to the wire and back.
void SendMessages(bool chunking) {
  smtpoll::BasicSMTPSocket<bench::MemorySocket> client;
  const std::string body = bench::Body();
  int made = 0, sent = 0;
  client.Address = "memory";
  client.Port = 25;
  client.Chunking = chunking;
  const auto make = [&] {
    ++made;
    smtpoll::EmailMessage mail;
    mail.FromAddress = bench::kSender;
    mail.AddRecipient(bench::kRecipient);
    mail.Subject = bench::kSubject;
    mail.BodyPlainText = body;
    client.Messages.Append(std::move(mail));
  };
  client.MessageSent = [&](const smtpoll::EmailMessage&) {
    ++sent;
    if (made < kMessages) make();
  };
  while (made < 32) make();
  client.SendMail();
  while (client.Poll()) {
  }
  failures += sent != kMessages;
}

/// Reads `mail` once as a source, 8 KiB at a time.
std::size_t Render(smtpoll::MessageSource& source, const smtpoll::EmailMessage& mail) {
  static char room[8192];
  std::size_t size = 0;
  source.Open(mail);
  for (;;) {
    const smtpoll::SourceResult got = source.Read(room, sizeof room);
    size += got.size;
    if (got.status == smtpoll::SourceStatus::More) continue;
    failures += got.status != smtpoll::SourceStatus::End;
    source.Close();
    return size;
  }
}

/// 8 MiB of attachment as base64.
void EncodeAttachment() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = bench::kSender;
  mail.AddRecipient(bench::kRecipient);
  smtpoll::EmailAttachment attachment;
  attachment.Name = "attachment.bin";
  attachment.Data.assign(kMebibyte, 'x');
  mail.Attachments.Append(std::move(attachment));
  smtpoll::MessageSource source;
  for (int i = 0; i < 8; ++i) failures += Render(source, mail) < kMebibyte / 3 * 4;
}

/// 1,000 messages with two bodies, names and a subject that need encoding.
void RenderParts() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "J\xc3\xbcrgen Gro\xc3\x9f <juergen@bench.example>";
  mail.ToAddress = "\"Doe, Jane\" <jane@bench.example>, bob@bench.example, Team: a@bench.example, c@bench.example;";
  mail.Subject =
      "Gr\xc3\xbc\xc3\x9f"
      "e aus K\xc3\xb6ln, with a few more words so that the line has to be folded";
  for (int i = 0; i < 10; ++i) {
    mail.BodyPlainText += "Zeile mit Umlauten: \xc3\xa4\xc3\xb6\xc3\xbc, and some more.\n";
    mail.BodyHTML += "<p>Zeile mit Umlauten: \xc3\xa4\xc3\xb6\xc3\xbc, and some more.</p>\n";
  }
  smtpoll::MessageSource source;
  for (int i = 0; i < kMessages; ++i) failures += Render(source, mail) < 1000 || mail.Fault();
}

/// 20,000 replies, every twentieth of many lines, as they come in one read after the other.
void ParseReplies() {
  const std::string many = "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1073741824\r\n250 CHUNKING\r\n";
  const std::string one = "250 2.1.5 Ok, the recipient is fine\r\n";
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = i % 20 == 0 ? many : one;
    smtpoll::detail::ReplyParser parser;
    smtpoll::Reply reply;
    const auto result = parser.Parse({&bytes[0], bytes.size()}, reply, [](std::string_view) {});
    failures += result != smtpoll::detail::ReplyParser::Result::Complete || reply.code != 250;
  }
}

}  // namespace

/// Named as it is so that callgrind can be told to count in here only.
extern "C" __attribute__((noinline)) void smtpoll_counted_work(std::string_view work) {
  if (work == "data" || work == "bdat")
    SendMessages(work == "bdat");
  else if (work == "base64")
    EncodeAttachment();
  else if (work == "parts")
    RenderParts();
  else if (work == "replies")
    ParseReplies();
  else
    ++failures;
}

int main(int argc, char** argv) {
  smtpoll_counted_work(argc > 1 ? argv[1] : "");
  if (failures != 0) std::fprintf(stderr, "instructions: %d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
