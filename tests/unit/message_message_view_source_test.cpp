#include "smtpoll/message/message_view_source.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "heap_watch.hpp"

using smtpoll::AttachmentView;
using smtpoll::HeaderView;
using smtpoll::MailboxView;
using smtpoll::MessageView;
using smtpoll::MessageViewSource;
using smtpoll::SourceResult;
using smtpoll::SourceStatus;

namespace {

constexpr MailboxView kTo[] = {{"b@y.org"}};

MessageView Mail() {
  MessageView mail;
  mail.from = {"a@x.org"};
  mail.to = kTo;
  return mail;
}

std::string ReadAll(smtpoll::Source& source, std::size_t room) {
  std::string all;
  std::vector<char> piece(room);
  for (SourceResult got{0, SourceStatus::More}; got.status == SourceStatus::More;) {
    got = source.Read(piece.data(), room);
    REQUIRE(got.size <= room);
    REQUIRE((got.size != 0 || got.status != SourceStatus::More));
    CHECK(got.status != SourceStatus::Failed);
    all.append(piece.data(), got.size);
  }
  return all;
}

/// The message as it goes over the wire; checks that room, rewinding and Size make no difference.
std::string Rendered(const MessageView& mail) {
  CHECK(!mail.Fault());
  MessageViewSource source;
  source.Open(mail);
  const std::string all = ReadAll(source, 4096);
  CHECK(source.Size() == all.size());
  for (const std::size_t room : {1u, 2u, 7u, 57u, 77u, 78u, 79u, 100u, 500u}) {
    REQUIRE(source.Rewind());
    CHECK_MESSAGE(ReadAll(source, room) == all, room);
  }
  return all;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("RFC 5322 3.6: the least message") {
  MessageView mail = Mail();
  mail.body = "hello\n";
  CHECK(Rendered(mail) ==
        "From: <a@x.org>\r\n"
        "To: <b@y.org>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "hello\r\n");
}

TEST_CASE("RFC 2046 5.1: a message with all that a view can say") {
  const MailboxView to[] = {{"b@y.org", "Bob"}, {"c@y.org", "Doe, \"J\" Jane"}};
  const MailboxView cc[] = {{"d@y.org", "Zo\xc3\xab"}};
  const MailboxView bcc[] = {{"secret@y.org"}};
  const HeaderView headers[] = {{"X-Serial", "0042"}};
  const AttachmentView attachments[] = {{"log.bin", {"\0\1\2", 3}}, {"n\xc3\xa4me.txt", "text", "text/plain"}};
  MessageView mail = Mail();
  mail.from.name = "A Chip";
  mail.to = to;
  mail.cc = cc;
  mail.bcc = bcc;
  mail.subject =
      "21 \xc2\xb0"
      "C";
  mail.body = "na\xc3\xafve\n";
  mail.attachments = attachments;
  mail.headers = headers;
  mail.date = 1795514400;
  mail.utc_offset = 60;
  mail.message_id = "42.1@x.org";
  CHECK(Rendered(mail) ==
        "Date: Tue, 24 Nov 2026 11:00:00 +0100\r\n"
        "From: A Chip <a@x.org>\r\n"
        "To: Bob <b@y.org>, \"Doe, \\\"J\\\" Jane\" <c@y.org>\r\n"
        "Cc: =?UTF-8?Q?Zo=C3=AB?= <d@y.org>\r\n"
        "Subject: 21 =?UTF-8?B?wrBD?=\r\n"
        "Message-ID: <42.1@x.org>\r\n"
        "X-Serial: 0042\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=\"=_smtpoll\"\r\n"
        "\r\n"
        "--=_smtpoll\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "na=C3=AFve\r\n"
        "\r\n"
        "--=_smtpoll\r\n"
        "Content-Type: application/octet-stream\r\n"
        "Content-Disposition: attachment; filename=\"log.bin\"\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "\r\n"
        "AAEC\r\n"
        "\r\n"
        "--=_smtpoll\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Disposition: attachment; filename*0*=utf-8''n%C3%A4me.txt\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "\r\n"
        "dGV4dA==\r\n"
        "\r\n"
        "--=_smtpoll--\r\n");
}

TEST_CASE("RFC 2045 2.7: a body goes as it is where it can, else as quoted-printable") {
  const auto encoding_of = [](const std::string& body) {
    MessageView mail = Mail();
    mail.body = body;
    const std::string all = Rendered(mail);
    return Has(all, "Content-Transfer-Encoding: 7bit\r\n") ? "7bit" : "quoted";
  };
  CHECK(encoding_of("") == std::string("7bit"));
  CHECK(encoding_of("a\tb\r\nc\rd\ne") == std::string("7bit"));
  CHECK(encoding_of(std::string(900, 'x') + "\n") == std::string("7bit"));
  CHECK(encoding_of(std::string(901, 'x') + "\n") == std::string("quoted"));
  CHECK(encoding_of("\xc3\xa9") == std::string("quoted"));
  CHECK(encoding_of(std::string("a\0b", 3)) == std::string("quoted"));
  CHECK(encoding_of("\x7f") == std::string("quoted"));
}

TEST_CASE("RFC 2046 5.1.1: no body can hold a boundary") {
  const AttachmentView attachments[] = {{"a", "x"}};
  MessageView mail = Mail();
  mail.attachments = attachments;
  mail.body = "see\n--=_smtpoll--\nand\n--=_smtpoll\n";
  const std::string all = Rendered(mail);
  CHECK(Has(all, "\r\n\r\nsee\r\n--=3D_smtpoll--\r\nand\r\n--=3D_smtpoll\r\n"));
  // Two delimiters and the closing one.
  std::size_t count = 0;
  for (std::size_t at = all.find("\r\n--=_"); at != std::string::npos; at = all.find("\r\n--=_", at + 1)) ++count;
  CHECK(count == 3);
}

TEST_CASE("RFC 2045 6.8: attachments of every length up to a few lines") {
  std::string data;
  for (int i = 0; i < 200; ++i) {
    const AttachmentView attachments[] = {{"a.bin", data}};
    MessageView mail = Mail();
    mail.attachments = attachments;
    MessageViewSource source;
    source.Open(mail);
    const std::string all = ReadAll(source, 100);
    CHECK(source.Size() == all.size());
    const std::string start = "base64\r\n\r\n";
    const std::size_t begin = all.find(start) + start.size(), end = all.find("\r\n--=_smtpoll--", begin);
    std::string encoded;
    for (const char c : all.substr(begin, end - begin))
      if (c != '\r' && c != '\n') encoded += c;
    std::string decoded(encoded.size(), '\0');
    decoded.resize(smtpoll::detail::Base64Decode(encoded, &decoded[0], decoded.size()));
    CHECK(decoded == data);
    data += static_cast<char>(i * 7);
  }
}

TEST_CASE("RFC 2047 5, RFC 5322 3.2.5: names as atoms, quoted strings or encoded words") {
  const auto from = [](std::string_view name) {
    MessageView mail = Mail();
    mail.from.name = name;
    const std::string all = Rendered(mail);
    return all.substr(6, all.find("\r\nTo:") - 6);
  };
  CHECK(from("Jane Doe") == "Jane Doe <a@x.org>");
  CHECK(from("Doe, Jane") == "\"Doe, Jane\" <a@x.org>");
  CHECK(from("J. Doe") == "\"J. Doe\" <a@x.org>");
  CHECK(from("back\\slash") == "\"back\\\\slash\" <a@x.org>");
  CHECK(from(" two  spaces ") == "\" two  spaces \" <a@x.org>");
  CHECK(from("=?UTF-8?Q?x?=") == "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <a@x.org>");
  CHECK(from("Zo\xc3\xab") == "=?UTF-8?Q?Zo=C3=AB?= <a@x.org>");
}

TEST_CASE("RFC 5322 2.1.1: many long names make no long line") {
  std::vector<MailboxView> to(20, MailboxView{"recipient@long.domain.example.org", "A Name That Is Long, As Some Are"});
  MessageView mail = Mail();
  mail.to = {to.data(), to.size()};
  std::string subject;
  for (int i = 0; i < 100; ++i) subject += "word\xc3\xa9 ";
  mail.subject = subject;
  const std::string all = Rendered(mail);
  std::size_t start = 0;
  for (std::size_t end = all.find("\r\n"); end != std::string::npos; end = all.find("\r\n", start)) {
    CHECK(end - start <= 78);
    start = end + 2;
  }
}

namespace {

/// Gives a byte, then nothing for once, then the next; fails or does not know its size where it is told so.
class SlowSource final : public smtpoll::Source {
 public:
  explicit SlowSource(std::string_view bytes) : bytes_(bytes) {}
  bool fails_at_end = false, knows_size = true, rewinds = true;

  SourceResult Read(char* into, std::size_t) override {
    waits_ = !waits_;
    if (waits_) return {0, SourceStatus::Again};
    if (at_ == bytes_.size()) return {0, fails_at_end ? SourceStatus::Failed : SourceStatus::End};
    *into = bytes_[at_++];
    return {1, SourceStatus::More};
  }
  bool Rewind() override {
    at_ = 0;
    waits_ = false;
    return rewinds;
  }
  std::uint64_t Size() const override { return knows_size ? bytes_.size() : smtpoll::kUnknownSize; }
  std::string_view Failure() const override { return fails_at_end ? "the flash is broken" : ""; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool waits_ = false;
};

}  // namespace

TEST_CASE("An attachment may come from a source that is slow, fails, or cannot start over") {
  SlowSource slow("some bytes that take their time, and make more than one line of base64 in the end");
  smtpoll::MemorySource fast("some bytes that take their time, and make more than one line of base64 in the end");
  const AttachmentView from_fast[] = {{"a.bin", {}, "a/b", &fast}};
  const AttachmentView from_slow[] = {{"a.bin", {}, "a/b", &slow}};
  MessageView mail = Mail();
  mail.attachments = from_fast;
  const std::string wanted = Rendered(mail);

  mail.attachments = from_slow;
  MessageViewSource source;
  source.Open(mail);
  CHECK(source.Size() == wanted.size());
  const auto read = [&source](SourceStatus& last) {
    std::string all;
    char piece[50];
    for (;;) {
      const SourceResult got = source.Read(piece, sizeof piece);
      all.append(piece, got.size);
      last = got.status;
      if (last == SourceStatus::Again) CHECK(got.size == 0);
      if (last == SourceStatus::End || last == SourceStatus::Failed) return all;
    }
  };
  SourceStatus last = SourceStatus::More;
  CHECK(read(last) == wanted);
  CHECK(last == SourceStatus::End);
  CHECK(source.Rewind());
  CHECK(read(last) == wanted);

  slow.fails_at_end = true;
  CHECK(source.Rewind());
  read(last);
  CHECK(last == SourceStatus::Failed);
  CHECK(source.Failure() == "the flash is broken");

  slow.rewinds = false;
  CHECK_FALSE(source.Rewind());
  slow.knows_size = false;
  source.Open(mail);
  CHECK(source.Size() == smtpoll::kUnknownSize);
}

TEST_CASE("Rendering a view asks the heap for nothing") {
  const std::string data(3000, '\xff');
  const AttachmentView attachments[] = {{"na\xc3\xafve name that is a little longer than most of them.bin", data}};
  MessageView mail = Mail();
  mail.subject = "A subject that does not fit the small string, na\xc3\xafvely, and has to be folded somewhere";
  mail.body = "caf\xc3\xa9\n";
  mail.attachments = attachments;
  char piece[100];
  std::size_t size = 0;
  int blocks = -1;
  {
    HeapCount count;
    MessageViewSource source;
    if (!mail.Fault()) source.Open(mail);
    for (SourceResult got{0, SourceStatus::More}; got.status == SourceStatus::More; size += got.size)
      got = source.Read(piece, sizeof piece);
    blocks = count.Blocks();
  }
  CHECK(size > 4000);
  CHECK(blocks == 0);
  {
    HeapCount count;
    const std::string asks(100, 'x');
    blocks = count.Blocks();
  }
  CHECK(blocks > 0);  // the count counts
}
