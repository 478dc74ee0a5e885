// Rendering and the way back (RFC 2045 to 2049): bodies and attachments come out of a reader as they went in, and the
// bytes do not depend on how much room each read gives.
#include "fuzz.hpp"
#include "mime_reader.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_source.hpp"

namespace {

std::string Rendered(const smtpoll::EmailMessage& mail, smtpoll::detail::WireWidth width, std::size_t room,
                     smtpoll::MessageSource& source, bool again) {
  if (again)
    FUZZ_CHECK(source.Rewind());
  else
    source.Open(mail, width);
  std::string result, buffer(room, ' ');
  for (;;) {
    const smtpoll::SourceResult read = source.Read(&buffer[0], room);
    FUZZ_CHECK(read.status != smtpoll::SourceStatus::Failed && read.status != smtpoll::SourceStatus::Again);
    FUZZ_CHECK(read.size <= room);
    result.append(buffer, 0, read.size);
    if (read.status == smtpoll::SourceStatus::End) return result;
    FUZZ_CHECK(read.size != 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned how = input.Byte();
  const std::size_t room = 1 + input.Byte();
  smtpoll::EmailMessage mail;
  mail.FromAddress = "a@x.org";
  mail.ToAddress = "b@y.org";
  const std::string plain(input.Field()), html((how & 1) != 0 ? input.Field() : std::string_view());
  mail.BodyPlainText = plain;
  mail.BodyHTML = html;
  const std::string bytes(input.Rest());
  for (unsigned i = 0; i < (how >> 1 & 1); ++i) {
    smtpoll::EmailAttachment attachment;
    attachment.Name = "a.bin";
    attachment.MIMEType = "application/octet-stream";
    attachment.Data = bytes;
    mail.Attachments.Append(attachment);
  }
  if (mail.Fault()) return 0;
  const auto width = (how & 4) != 0 ? smtpoll::detail::WireWidth::EightBit : smtpoll::detail::WireWidth::SevenBit;
  smtpoll::MessageSource source;
  const std::string rendered = Rendered(mail, width, 4096, source, false);
  FUZZ_CHECK(source.Size() == rendered.size());
  FUZZ_CHECK(Rendered(mail, width, room, source, true) == rendered);
  std::size_t line = 0;
  for (std::size_t i = 0; i < rendered.size(); ++i) {
    ++line;
    FUZZ_CHECK(rendered[i] != 0 && line <= 1000);
    if (width == smtpoll::detail::WireWidth::SevenBit) FUZZ_CHECK(static_cast<unsigned char>(rendered[i]) < 0x80);
    if (rendered[i] == '\n') {
      FUZZ_CHECK(i != 0 && rendered[i - 1] == '\r');
      line = 0;
    }
  }
  const fuzz::Part message = fuzz::Read(rendered);
  std::vector<const fuzz::Part*> leaves;
  message.Leaves(leaves);
  // The end of a text's last line may be added: no more than that.
  const auto same = [](const std::string& arrived, const std::string& text) {
    const std::string wanted = fuzz::WithCrlf(text);
    return arrived == wanted || arrived == wanted + "\r\n";
  };
  std::size_t at = 0;
  if (!plain.empty() || html.empty()) FUZZ_CHECK(same(leaves[at++]->content, plain));
  if (!html.empty()) FUZZ_CHECK(at < leaves.size() && same(leaves[at++]->content, html));
  if ((how & 2) != 0) FUZZ_CHECK(at < leaves.size() && leaves[at++]->content == bytes);
  FUZZ_CHECK(at == leaves.size());
  return 0;
}
