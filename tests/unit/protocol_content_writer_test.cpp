#include "smtpoll/protocol/content_writer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "smtpoll/message/message_source.hpp"

using namespace smtpoll;
using detail::ContentWriter;
using Result = detail::ContentWriter::Result;

namespace {

/// What goes out where the buffer has `room` bytes, and in how many fills.
struct Written {
  std::string bytes;
  int fills = 0;
};
Written Write(Source& source, std::size_t room, bool chunked, bool binary = false) {
  std::vector<char> memory(room);
  detail::WireBuffer output({memory.data(), memory.size()});
  ContentWriter writer;
  writer.Start(source, chunked, binary);
  Written written;
  for (;;) {
    const Result result = chunked ? writer.FillChunk(output) : writer.Fill(output);
    REQUIRE((result == Result::More || result == Result::End));
    written.bytes.append(output.Filled().data(), output.Filled().size());
    output.Consume(output.Filled().size());
    ++written.fills;
    if (result == Result::End) return written;
    REQUIRE(written.fills < 100000);
  }
}

EmailMessage Mail(const std::string& body, std::size_t attached) {
  EmailMessage mail;
  mail.FromAddress = "a@x.org";
  mail.ToAddress = "b@y.org";
  mail.BodyPlainText = body;
  EmailAttachment attachment;
  attachment.Name = "a.bin";
  attachment.Data.assign(attached, '.');
  if (attached != 0) mail.Attachments.Append(attachment);
  return mail;
}

}  // namespace

TEST_CASE("RFC 5321 4.5.2: what a source claims of its lines changes nothing of what goes out") {
  for (const char* body : {".\r\n..\r\n.", "a\n.b\r.c", "caf\xc3\xa9\r\n.\xc3\xa9\r\n"}) {
    for (const std::size_t attached : {0u, 5u, 3000u}) {
      const EmailMessage mail = Mail(body, attached);
      detail::MessageStamp stamp;
      MessageSource source;
      source.Open(mail, detail::WireWidth::SevenBit, stamp);
      std::string content(100000, '#');
      std::size_t size = 0;
      for (SourceStatus status = SourceStatus::More; status == SourceStatus::More;) {
        const SourceResult got = source.Read(&content[size], content.size() - size);
        size += got.size;
        status = got.status;
        REQUIRE(status != SourceStatus::Failed);
      }
      content.resize(size);
      for (const std::size_t room : {128u, 200u, 1000u, 8192u, 100000u}) {
        MemorySource plain(content);
        const std::string expected = Write(plain, 8192, false).bytes;
        REQUIRE(source.Rewind());
        CHECK(Write(source, room, false).bytes == expected);
      }
    }
  }
}

TEST_CASE("RFC 3030 2: content whose lines are known to be clean needs no room but its own, and goes in one chunk") {
  const EmailMessage mail = Mail(std::string(1000, 'x').insert(500, "\r\n"), 200);
  MessageSource source;
  source.Open(mail);
  const std::size_t size = static_cast<std::size_t>(source.Size());
  ContentWriter writer;
  writer.Start(source, true, false);
  const std::size_t room = static_cast<std::size_t>(writer.ChunkRoom());
  CHECK(room < size + 200);
  const Written written = Write(source, room, true);
  CHECK(written.fills == 1);
  const std::string header = "BDAT " + std::to_string(size) + " LAST\r\n";
  CHECK(written.bytes.substr(0, header.size()) == header);
  CHECK(written.bytes.size() == header.size() + size);
  MemorySource plain(std::string_view("x"));
  writer.Start(plain, true, false);
  CHECK(writer.ChunkRoom() > 2);
}

TEST_CASE("RFC 5321 4.5.2: base64 fills the whole buffer with each read") {
  const EmailMessage mail = Mail("x\r\n", 1000000);
  MessageSource source;
  source.Open(mail);
  const std::uint64_t size = source.Size();
  CHECK(Write(source, 8192, false).fills <= static_cast<int>(size / (8192 - 78 - 5)) + 3);
}
