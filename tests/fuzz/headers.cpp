// Values of header fields (RFC 5322 2.2, RFC 2047): whatever a value holds, it makes one field, folded within the
// limits, and a reader gets the value back.
#include "fuzz.hpp"
#include "mime_reader.hpp"
#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_source.hpp"

namespace {

/// White space may be folded, and is trimmed at the ends.
std::string Squeezed(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c != ' ' && c != '\t') result += c;
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  smtpoll::EmailMessage mail;
  mail.FromAddress = "a@x.org";
  mail.ToAddress = "b@y.org";
  mail.BodyPlainText = "x\n";
  mail.Subject = input.Field();
  const std::string value(input.Field()), name(input.Field());
  mail.Headers.AppendHeader("X-Fuzz", value);
  if (!name.empty()) mail.Headers.AppendHeader(name, "one");
  mail.ReversePath = "a@x.org";
  if (mail.Fault()) return 0;
  const std::string rendered = mail.Render();
  for (std::size_t i = 0; i < rendered.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rendered[i]);
    FUZZ_CHECK(byte != 0 && byte < 0x80);
    if (rendered[i] == '\n') FUZZ_CHECK(i != 0 && rendered[i - 1] == '\r');
    if (rendered[i] == '\r') FUZZ_CHECK(i + 1 != rendered.size() && rendered[i + 1] == '\n');
  }
  const fuzz::Part part = fuzz::Read(rendered);
  FUZZ_CHECK(part.Count("bcc") == 0 && part.Count("x-fuzz") <= 2 && part.Count("from") == 1);
  FUZZ_CHECK(fuzz::Lower(name) == "subject" || part.Count("subject") <= 1);
  // An encoded word that the value itself holds is for the reader to decode, here as in every header.
  if (mail.Subject.find("=?") == std::string::npos && fuzz::Lower(name) != "subject" &&
      smtpoll::detail::FindInvalidUtf8(mail.Subject) == std::string_view::npos)
    FUZZ_CHECK(Squeezed(fuzz::FromWords(part.Field("subject"))) == Squeezed(mail.Subject));
  if (value.find("=?") == std::string::npos && fuzz::Lower(name) != "x-fuzz" &&
      smtpoll::detail::FindInvalidUtf8(value) == std::string_view::npos)
    FUZZ_CHECK(Squeezed(fuzz::FromWords(part.Field("x-fuzz"))) == Squeezed(value));
  return 0;
}
