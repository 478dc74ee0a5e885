// The EHLO reply (RFC 5321 4.1.1.1): any text is read without a fault, and a keyword counts only where it stands.
#include "fuzz.hpp"
#include "smtpoll/protocol/capabilities.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using smtpoll::Extension;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const smtpoll::Capabilities read = smtpoll::Capabilities::FromReplyText(text);
  FUZZ_CHECK(read.MaxRecipients() != 0 && read.MaxRecipientDomains() != 0 && read.MaxMails() != 0);
  if (!read.Has(Extension::Limits)) FUZZ_CHECK(read.MaxRecipients() == SIZE_MAX && read.MaxMails() == SIZE_MAX);
  if (!read.Has(Extension::Size)) FUZZ_CHECK(read.MaxSize() == 0);
  if (!read.Has(Extension::Auth))
    for (const auto mechanism : {smtpoll::AuthMechanism::Plain, smtpoll::AuthMechanism::ScramSha256})
      FUZZ_CHECK(!read.Has(mechanism));
  std::string upper = text;
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (read.Has(Extension::StartTls)) FUZZ_CHECK(upper.find("STARTTLS") != std::string::npos);
  // The first line is the server's name, and one keyword more takes none away.
  FUZZ_CHECK(!smtpoll::Capabilities::FromReplyText(text.substr(0, text.find('\n'))).Has(Extension::Pipelining));
  const smtpoll::Capabilities more = smtpoll::Capabilities::FromReplyText(text + "\nSTARTTLS");
  FUZZ_CHECK(more.Has(Extension::StartTls) && more.Has(Extension::Auth) == read.Has(Extension::Auth));
  return 0;
}
