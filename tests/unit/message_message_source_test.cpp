#include "smtpoll/message/message_source.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "smtpoll/base/line_scan.hpp"

using smtpoll::EmailAttachment;
using smtpoll::EmailMessage;
using smtpoll::MessageSource;
using smtpoll::SourceResult;
using smtpoll::SourceStatus;

namespace {

std::string ReadAll(smtpoll::Source& source, std::size_t room) {
  std::string result, piece(room, '#');
  for (int i = 0; i < 1000000; ++i) {
    const SourceResult got = source.Read(&piece[0], room);
    result.append(piece, 0, got.size);
    if (got.status == SourceStatus::Failed) return result + "[failed: " + std::string(source.Failure()) + "]";
    if (got.status == SourceStatus::End) return result;
  }
  return "never ends";
}

EmailMessage Mail() {
  EmailMessage mail;
  mail.FromAddress = "Alice <alice@x.org>";
  mail.ToAddress = "bob@y.org";
  mail.Subject = "hi";
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

EmailAttachment Attachment(const std::string& name, const std::string& data) {
  EmailAttachment attachment;
  attachment.Name = name;
  attachment.Data = data;
  return attachment;
}

/// The rendered message, read in pieces of every size that matters; all must agree, with Size() and after Rewind too.
std::string Render(const EmailMessage& mail) {
  MessageSource source;
  source.Open(mail);
  const std::string whole = ReadAll(source, 65536);
  CHECK(source.Size() == whole.size());
  for (const std::size_t room : {1u, 2u, 3u, 7u, 57u, 78u, 79u, 4096u}) {
    REQUIRE(source.Rewind());
    CHECK(ReadAll(source, room) == whole);
  }
  std::size_t line = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK((whole[i] != '\n' || (i > 0 && whole[i - 1] == '\r')));
    CHECK((whole[i] != '\r' || (i + 1 < whole.size() && whole[i + 1] == '\n')));
    line = whole[i] == '\n' ? 0 : line + 1;
    CHECK(line <= 999);
  }
  return whole;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The Content-Types of a message, in their order.
std::string Types(const std::string& text) {
  std::string types;
  for (std::size_t at = text.find("Content-Type: "); at != std::string::npos; at = text.find("Content-Type: ", at)) {
    at += 14;
    types += text.substr(at, text.find_first_of(";\r", at) - at) + " ";
  }
  return types;
}

}  // namespace

TEST_CASE("RFC 5322 3.6: the fields of a plain message") {
  EmailMessage mail = Mail();
  mail.CCAddress = "carol@y.org";
  mail.BCCAddress = "dave@y.org";
  mail.Headers.AppendHeader("X-Mailer", "smtpoll test");
  const std::string text = Render(mail);
  CHECK(Has(text, "From: Alice <alice@x.org>\r\n"));
  CHECK(Has(text, "To: bob@y.org\r\n"));
  CHECK(Has(text, "Cc: carol@y.org\r\n"));
  CHECK(Has(text, "Subject: hi\r\n"));
  CHECK(Has(text, "X-Mailer: smtpoll test\r\n"));
  CHECK(Has(text, "Date: "));
  CHECK(Has(text, "Message-ID: <"));
  CHECK(Has(text, "@x.org>\r\n"));
  CHECK(Has(text, "MIME-Version: 1.0\r\n"));
  CHECK(Has(text, "\r\n\r\nHello, World!\r\n"));
  CHECK_FALSE(Has(text, "dave"));
  CHECK_FALSE(Has(text, "Bcc"));
}

TEST_CASE("RFC 5322 3.6: a field of the caller's takes the place of ours; Bcc and the MIME fields stay ours") {
  EmailMessage mail = Mail();
  mail.Headers.AppendHeader("date", "Tue, 24 Nov 2026 10:00:00 +0000");
  mail.Headers.AppendHeader("Message-ID", "<fixed@x.org>");
  mail.Headers.AppendHeader("From", "Someone Else <else@x.org>");
  mail.Headers.AppendHeader("bcc", "evil@z.org");
  mail.Headers.AppendHeader("Content-Type", "text/evil");
  const std::string text = Render(mail);
  CHECK(Has(text, "date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"));
  CHECK_FALSE(Has(text, "Date: "));
  CHECK(Has(text, "Message-ID: <fixed@x.org>\r\n"));
  CHECK_FALSE(Has(text, "alice"));
  CHECK_FALSE(Has(text, "evil"));
  mail = Mail();
  mail.CCAddress = "carol@y.org";
  const std::pair<const char*, const char*> others[] = {
      {"to", "All <all@z.org>"}, {"cc", "none@z.org"}, {"subject", "another"}};
  for (const auto& other : others) mail.Headers.AppendHeader(other.first, other.second);
  const std::string replaced = Render(mail);
  for (const char* ours : {"To: ", "Cc: ", "Subject: ", "bob@", "carol@"}) CHECK_FALSE(Has(replaced, ours));
  for (const auto& other : others) CHECK(Has(replaced, std::string(other.first) + ": " + other.second + "\r\n"));
}

TEST_CASE("RFC 8689 3: TLS-Required: No is a field of the message, and excludes REQUIRETLS") {
  EmailMessage mail = Mail();
  CHECK_FALSE(Has(Render(mail), "TLS-Required"));
  mail.Options.tls_required = smtpoll::TlsRequired::No;
  CHECK(Has(Render(mail), "\r\nTLS-Required: No\r\n"));
  mail.Headers.AppendHeader("TLS-Required", "No");
  const std::string twice = Render(mail);
  CHECK(twice.find("TLS-Required") == twice.rfind("TLS-Required"));
  CHECK_FALSE(mail.Fault());
  mail.Options.tls_required = smtpoll::TlsRequired::Yes;
  CHECK(mail.Fault().field == "TLS-Required");
  mail.Headers.Delete("TLS-Required");
  CHECK_FALSE(mail.Fault());
  CHECK_FALSE(Has(Render(mail), "TLS-Required"));
  mail.Source = "Subject: ready\r\n\r\nmade\r\n";
  CHECK_FALSE(mail.Fault());
  mail.Options.tls_required = smtpoll::TlsRequired::No;
  CHECK(mail.Fault().field == "Options");
}

TEST_CASE("RFC 2046 5.1: the tree is the smallest that holds what is there") {
  EmailMessage mail = Mail();
  CHECK(Types(Render(mail)) == "text/plain ");
  mail.BodyHTML = "<p>hi</p>";
  CHECK(Types(Render(mail)) == "multipart/alternative text/plain text/html ");
  mail.BodyEnriched = "<bold>hi</bold>";
  CHECK(Types(Render(mail)) == "multipart/alternative text/plain text/enriched text/html ");
  mail.BodyEnriched = mail.BodyPlainText = "";
  CHECK(Types(Render(mail)) == "text/html ");
  mail.Attachments.Append(Attachment("a.png", "png"));
  CHECK(Types(Render(mail)) == "multipart/mixed text/html image/png ");
  mail.Attachments[0].InlineContentID = "logo@x.org";
  CHECK(Types(Render(mail)) == "multipart/related text/html image/png ");
  CHECK(Has(Render(mail), "Content-ID: <logo@x.org>\r\n"));
  mail.BodyPlainText = "hi";
  mail.Attachments.Append(Attachment("b.pdf", "pdf"));
  CHECK(Types(Render(mail)) ==
        "multipart/mixed multipart/alternative text/plain multipart/related text/html image/png application/pdf ");
  EmailMessage empty = Mail();
  empty.BodyPlainText = "";
  CHECK(Types(Render(empty)) == "text/plain ");
}

TEST_CASE("RFC 2046 5.1.1: a boundary does not occur in the bodies, and differs from message to message") {
  EmailMessage mail = Mail();
  mail.BodyHTML = "<p>";
  const std::string one = Render(mail), two = Render(mail);
  const auto boundary = [](const std::string& text) {
    const std::size_t at = text.find("boundary=\"") + 10;
    return text.substr(at, text.find('"', at) - at);
  };
  CHECK(boundary(one) != boundary(two));
  CHECK(boundary(one).size() <= 70);
}

TEST_CASE("RFC 2183 2.3 and RFC 2231: file names, plain, quoted, long and in UTF-8") {
  EmailMessage mail = Mail();
  mail.Attachments.Append(Attachment("plain \"name\".txt", "x"));
  CHECK(Has(Render(mail), "filename=\"plain \\\"name\\\".txt\"\r\n"));
  mail.Attachments[0].Name = "na\xc3\xafve \xf0\x9f\x91\x8b.bin";
  CHECK(Has(Render(mail), " filename*0*=utf-8''na%C3%AFve%20%F0%9F%91%8B.bin\r\n"));
  mail.Attachments[0].Name = std::string(300, 'x') + ".bin";
  CHECK(Has(Render(mail), " filename*1*=xxx"));
}

TEST_CASE("RFC 2046 5.2.1: a forwarded message is message/rfc822 where it can go as it is, and a file where not") {
  EmailMessage mail = Mail();
  mail.Attachments.Append(Attachment("forward.eml", "Subject: x\n\ny\n"));
  mail.Attachments.Append(Attachment("odd", "x"));
  mail.Attachments[1].MIMEType = "nonsense";
  std::string text = Render(mail);
  CHECK(Types(text) == "multipart/mixed text/plain message/rfc822 application/octet-stream ");
  CHECK(Has(text, "\r\n\r\nSubject: x\r\n\r\ny\r\n\r\n--"));
  mail.Attachments[0].Data = "Subject: caf\xc3\xa9\n\ny\n";
  CHECK(Types(Render(mail)) == "multipart/mixed text/plain application/octet-stream application/octet-stream ");
  MessageSource source;
  source.Open(mail, smtpoll::detail::WireWidth::EightBit);
  CHECK(source.Width() == smtpoll::detail::WireWidth::EightBit);
  text = ReadAll(source, 100);
  CHECK(Has(text, "Content-Type: message/rfc822\r\n"));
  CHECK(Has(text, "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: caf\xc3\xa9\r\n"));
}

TEST_CASE("RFC 2046 5.2.1: a message in a file is forwarded as it is, and streamed") {
  const std::string path = "./smtpoll-forward-" + std::to_string(reinterpret_cast<std::uintptr_t>(&path)) + ".eml";
  const auto write = [&](const std::string& text) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  std::string body;
  for (int i = 0; i < 300; ++i) body += "line " + std::to_string(i) + "\n";
  write("Subject: x\n\n" + body);
  EmailMessage mail = Mail();
  mail.Attachments.Append({});
  REQUIRE(mail.Attachments[0].LoadFromFile(path));
  const std::string text = Render(mail);
  CHECK(Types(text) == "multipart/mixed text/plain message/rfc822 ");
  CHECK(Has(text, "Content-Transfer-Encoding: 7bit\r\n\r\nSubject: x\r\n\r\nline 0\r\n"));
  CHECK(Has(text, "line 299\r\n\r\n--"));
  // As long as it was, but with other lines: then its size on the wire is another than was promised.
  MessageSource source;
  for (const char* other : {"Subject: x\r\n", "Subject: x_\n", "Subject:\n\n\n\n"}) {
    source.Open(mail);
    write(other + body);
    CHECK(Has(ReadAll(source, 100), "[failed: attachment smtpoll-forward-"));
    write("Subject: x\n\n" + body);
  }
  std::remove(path.c_str());
}

TEST_CASE("RFC 5322 3.4: an empty group stands for itself, an empty list makes no field") {
  EmailMessage mail = Mail();
  mail.ToAddress = "undisclosed-recipients:;";
  mail.BCCAddress = "bob@y.org";
  mail.CCAddress = " , ";
  mail.Headers.AppendHeader("Reply-To", "");
  const std::string text = Render(mail);
  CHECK(Has(text, "\r\nTo: undisclosed-recipients:;\r\n"));
  CHECK_FALSE(Has(text, "Cc:"));
  CHECK_FALSE(Has(text, "Reply-To:"));
}

TEST_CASE("RFC 5322 2.1.1: a display name without a place to fold is encoded") {
  EmailMessage mail = Mail();
  mail.ToAddress = std::string(1500, 'n') + " <bob@y.org>";
  const std::string text = Render(mail);  // which looks at the length of each line
  CHECK(Has(text, "To: =?UTF-8?Q?nnn"));
}

TEST_CASE("EmailMessage.Render gives the whole message, and nothing of one that cannot be read") {
  EmailMessage mail = Mail();
  mail.Headers.AppendHeader("Message-ID", "<fixed@x.org>");
  mail.Headers.AppendHeader("Date", "Tue, 24 Nov 2026 10:00:00 +0000");
  CHECK(mail.Render() == Render(mail));
  mail.Attachments.Append(Attachment("a", ""));
  mail.Attachments[0].LoadFromCallback([](char*, std::size_t) { return SourceResult{0, SourceStatus::Again}; });
  CHECK(mail.Render().empty());
  CHECK(smtpoll::detail::ContentSize(mail) == 0);
  mail.Attachments[0].LoadFromCallback([](char*, std::size_t) { return SourceResult{0, SourceStatus::Failed}; }, 10);
  CHECK(mail.Render().empty());
  CHECK(smtpoll::detail::ContentSize(mail) > 10);
}

TEST_CASE("RFC 6047 2.4: an invitation is an alternative with its method") {
  EmailMessage mail = Mail();
  mail.BodyCalendar = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n";
  const std::string text = Render(mail);
  CHECK(Types(text) == "multipart/alternative text/plain text/calendar ");
  CHECK(Has(text, "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"));
  mail.CalendarMethod = "RE\r\nQUEST";
  CHECK(mail.Fault());
}

TEST_CASE("RFC 2231: who does not read it finds a name in ASCII") {
  EmailMessage mail = Mail();
  mail.Attachments.Append(Attachment("na\xc3\xafve.bin", "x"));
  CHECK(Has(Render(mail), "Content-Type: application/octet-stream; name=\"na_ve.bin\"\r\n"));
}

TEST_CASE("RFC 2047 5: display names in UTF-8 become encoded words, quoted ones stay quoted") {
  EmailMessage mail = Mail();
  mail.FromAddress = "\"Zo\xc3\xab, X\" <zoe@x.org>";
  mail.ToAddress = "\"Doe, Jane\" <jane@x.org>, (a comment) bob@y.org, Team: carl@y.org;";
  const std::string text = Render(mail);
  CHECK(Has(text, "From: =?UTF-8?"));
  CHECK(Has(text, "?= <zoe@x.org>\r\n"));
  CHECK(Has(text, "To: \"Doe, Jane\" <jane@x.org>, bob@y.org, carl@y.org\r\n"));
}

TEST_CASE("EmailMessage.Source is sent as it is") {
  EmailMessage mail = Mail();
  mail.Source = "Subject: ready\r\n\r\nmade\r\n";
  CHECK(Render(mail) == mail.Source);
}

TEST_CASE("MessageSource: a callback of unknown length has no size, and is read once where it cannot rewind") {
  EmailMessage mail = Mail();
  EmailAttachment attachment = Attachment("stream.bin", "");
  int pieces = 0;
  attachment.LoadFromCallback([&](char* into, std::size_t room) -> SourceResult {
    if (++pieces % 2 == 0) return {0, SourceStatus::Again};
    const std::size_t size = room < 10 ? room : 10;
    for (std::size_t i = 0; i < size; ++i) into[i] = 'x';
    return {size, pieces >= 9 ? SourceStatus::End : SourceStatus::More};
  });
  mail.Attachments.Append(attachment);
  MessageSource source;
  source.Open(mail);
  CHECK(source.Size() == smtpoll::kUnknownSize);
  const std::string text = ReadAll(source, 300);
  CHECK(Has(text, "eHh4eHh4eHh4eHh4"));
  CHECK_FALSE(Has(text, "failed"));
  CHECK(source.Rewind());
  CHECK(Has(ReadAll(source, 300), "[failed: attachment stream.bin"));
}

TEST_CASE("MessageSource: a source that breaks is named, and never ends as if it were whole") {
  EmailMessage mail = Mail();
  EmailAttachment attachment = Attachment("broken.bin", "");
  attachment.LoadFromCallback(
      [](char* into, std::size_t) -> SourceResult {
        *into = 'x';
        return {1, SourceStatus::End};
      },
      1000);
  mail.Attachments.Append(attachment);
  for (const std::size_t room : {1u, 100u, 5000u}) {
    MessageSource source;
    source.Open(mail);
    CHECK(Has(ReadAll(source, room), "[failed: attachment broken.bin"));
  }
  // One without a name is named by its file.
  const std::string path = "./smtpoll-broken-" + std::to_string(reinterpret_cast<std::uintptr_t>(&mail));
  for (const char* bytes : {"as long as it is", "shorter"}) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    std::fputs(bytes, file);
    std::fclose(file);
    if (std::string(bytes) != "shorter") REQUIRE(mail.Attachments[0].LoadFromFile(path));
  }
  mail.Attachments[0].Name.clear();
  MessageSource source;
  source.Open(mail);
  CHECK(Has(ReadAll(source, 100), "[failed: attachment " + path + " cannot be read"));
  source.Close();
  std::remove(path.c_str());
}

TEST_CASE("RFC 5322 3.6.2: names in Reply-To and its like are encoded, their addresses are not") {
  EmailMessage mail = Mail();
  mail.Headers.AppendHeader("Reply-To",
                            "\"Zo\xc3\xab, X\" <zoe@b\xc3\xbc"
                            "cher.example>");
  const std::string text = Render(mail);
  CHECK(Has(text, "Reply-To: =?UTF-8?"));
  CHECK(Has(text, "?= <zoe@xn--bcher-kva.example>\r\n"));
  mail.Headers.SetHeader("Reply-To", "nonsense");
  CHECK(mail.Fault());
}

TEST_CASE("RFC 3030 3: a binary wire carries attachments as they are") {
  EmailMessage mail = Mail();
  const std::string bytes("\r\n.\r\n\0\xff\n\r", 9);
  mail.Attachments.Append(Attachment("raw.bin", bytes));
  MessageSource source;
  source.Open(mail, smtpoll::detail::WireWidth::Binary);
  CHECK(source.Width() == smtpoll::detail::WireWidth::Binary);
  const std::string text = ReadAll(source, 7);
  CHECK(source.Size() == text.size());
  CHECK(Has(text, "Content-Transfer-Encoding: binary\r\n\r\n" + bytes + "\r\n--"));
  const EmailMessage plain = Mail();
  source.Open(plain, smtpoll::detail::WireWidth::Binary);
  CHECK(source.Width() == smtpoll::detail::WireWidth::SevenBit);
}

namespace {

/// Reads with `room` and holds every read to what the source claimed of it.
void CheckClaims(const EmailMessage& mail, std::size_t room, smtpoll::detail::WireWidth width) {
  MessageSource source;
  source.Open(mail, width);
  std::string piece(room, '#');
  const bool binary = source.Width() == smtpoll::detail::WireWidth::Binary;
  char before = '\n';
  for (int i = 0; i < 100000; ++i) {
    const smtpoll::detail::LineClaim claim = source.Claim();
    const SourceResult got = source.Read(&piece[0], room);
    REQUIRE(got.status != SourceStatus::Failed);
    // Binary content ends as it likes, and is not looked through either.
    if (binary && got.size != 0 && smtpoll::detail::IsLineFault(before, piece[0], false))
      before = piece[0] == '\n' ? '\r' : '\n';
    if (claim.CrlfLines())
      REQUIRE(smtpoll::detail::FindLineFault(before, piece.data(), got.size, claim.NoDots()) == got.size);
    if (got.size != 0) before = piece[got.size - 1];
    if (got.status == SourceStatus::End) return;
    REQUIRE(got.size != 0);
  }
  FAIL("never ends");
}

}  // namespace

TEST_CASE("RFC 5321 4.5.2: what the renderer claims of its lines is true of every read") {
  std::vector<EmailMessage> mails(1, Mail());
  const std::string bodies[] = {"", ".", "a\n.b\r.c\r\n.d", "\xc3\xa9.\n.\xc3\xa9", std::string(40, '\xe9'), "=\n.\r"};
  for (const std::string& body : bodies) {
    mails.push_back(Mail());
    mails.back().BodyPlainText = body;
    mails.back().Headers.AppendHeader(".dotted", "x");
    for (const std::string& data : bodies) {
      mails.push_back(mails.back());
      mails.back().Attachments.Append(Attachment("a.bin", data));
      mails.back().Attachments.Append(Attachment("a.txt", data));
      mails.back().Attachments[mails.back().Attachments.Count() - 1].ContentEncoding.clear();
    }
    mails.push_back(Mail());
    mails.back().Source = body;
  }
  // Sources that do not know that they are empty, or that they have ended.
  for (const std::size_t size : {0u, 1u, 57u, 58u, 114u}) {
    mails.push_back(Mail());
    mails.back().BodyPlainText = ".";
    for (int i = 0; i < 2; ++i) {
      EmailAttachment attachment;
      std::size_t left = size;
      attachment.LoadFromCallback([left](char* into, std::size_t) mutable {
        if (left == 0) return SourceResult{0, SourceStatus::End};
        --left;
        *into = '.';
        return SourceResult{1, SourceStatus::More};
      });
      mails.back().Attachments.Append(attachment);
    }
  }
  // A name that nobody checked, which Fault would have refused.
  mails.push_back(Mail());
  mails.back().Headers.AppendHeader("X\n.Y", "z");
  mails.push_back(Mail());
  mails.back().Headers.AppendHeader("X\r", "z");
  for (const EmailMessage& mail : mails)
    for (const std::size_t room : {1u, 2u, 3u, 50u, 77u, 78u, 79u, 200u, 8192u})
      for (const auto width : {smtpoll::detail::WireWidth::SevenBit, smtpoll::detail::WireWidth::EightBit,
                               smtpoll::detail::WireWidth::Binary})
        CheckClaims(mail, room, width);
}

TEST_CASE(
    "RFC 5321 4.5.2: base64 and quoted-printable are claimed to have no leading dot, so they are not looked through") {
  EmailMessage mail = Mail();
  mail.Attachments.Append(Attachment("a.bin", std::string(100000, 'x')));
  MessageSource source;
  source.Open(mail);
  std::string piece(8192, '#');
  int clean = 0;
  for (;;) {
    clean += source.Claim().NoDots();
    if (source.Read(&piece[0], piece.size()).status != SourceStatus::More) break;
  }
  CHECK(clean >= 100000 / 57 * 78 / 8192);
  CHECK_FALSE(smtpoll::MemorySource(".").Claim().CrlfLines());
}

TEST_CASE("EmailMessage.FromAddress, ToAddress, CCAddress, BCCAddress, Subject and Headers make the header") {
  EmailMessage mail;
  mail.FromAddress = "Alice <alice@x.org>";
  mail.ToAddress = "bob@y.org, Carol <carol@y.org>";
  mail.CCAddress = "dave@y.org";
  mail.BCCAddress = "erin@y.org";
  mail.Subject = "na\xc3\xafve";
  mail.Headers.AppendHeader("X-One", "1");
  mail.Headers.AppendHeader("X-Two", "2");
  const std::string text = Render(mail);
  CHECK(Has(text, "\r\nFrom: Alice <alice@x.org>\r\nTo: bob@y.org, Carol <carol@y.org>\r\nCc: dave@y.org\r\n"));
  CHECK(Has(text, "\r\nSubject: =?UTF-8?"));
  CHECK(text.find("\r\nX-One: 1\r\nX-Two: 2\r\n") < text.find("\r\n\r\n"));
  CHECK_FALSE(Has(text, "erin"));
}

TEST_CASE("EmailMessage.BodyPlainText, BodyHTML, BodyEnriched and BodyCalendar are alternatives, the best one last") {
  EmailMessage mail = Mail();
  mail.BodyPlainText = "the plain one\n";
  mail.BodyEnriched = "<bold>the enriched one</bold>\n";
  mail.BodyHTML = "<p>the one in HTML</p>\n";
  mail.BodyCalendar = "BEGIN:VCALENDAR\n";
  const std::string text = Render(mail);
  CHECK(Types(text) == "multipart/alternative text/plain text/enriched text/html text/calendar ");
  std::size_t before = 0;
  for (const char* line : {"\r\nthe plain one\r\n", "\r\n<bold>the enriched one</bold>\r\n",
                           "\r\n<p>the one in HTML</p>\r\n", "\r\nBEGIN:VCALENDAR\r\n"}) {
    const std::size_t at = text.find(line);
    REQUIRE(at != std::string::npos);
    CHECK(at > before);
    before = at;
  }
}

TEST_CASE("EmailAttachment.InlineContentID: shown by the HTML, and only there") {
  EmailMessage mail = Mail();
  EmailAttachment logo = Attachment("logo.png", "png");
  logo.InlineContentID = "logo@x.org";
  mail.Attachments.Append(logo);
  CHECK(Has(Render(mail), "Content-Disposition: attachment; filename=\"logo.png\"\r\nContent-ID: <logo@x.org>\r\n"));
  mail.BodyHTML = "<img src=\"cid:logo@x.org\">";
  CHECK(Has(Render(mail), "Content-Disposition: inline; filename=\"logo.png\"\r\nContent-ID: <logo@x.org>\r\n"));
}
