// Sends COUNT signed messages, in turn by SMTPSocket and by Session, signed by OpenSSL with RSA and with Ed25519 and by
// mbedTLS with RSA. The keys are new; OUTDIR/records.json has what a name server would say of them.
//   dkim_send HOST PORT COUNT OUTDIR
// Exit code 0: the server accepted all.
#include <smtpoll/message/dkim_mbedtls.hpp>
#include <smtpoll/message/dkim_openssl.hpp>
#include <smtpoll/smtpoll.hpp>

#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

namespace {

std::string Base64(const unsigned char* bytes, std::size_t size) {
  std::string text(smtpoll::detail::Base64Size(size), '=');
  smtpoll::detail::Base64Encode(reinterpret_cast<const char*>(bytes), size, &text[0]);
  return text;
}

std::string Pem(EVP_PKEY* key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

/// The TXT record of a key (RFC 6376 3.6.1, RFC 8463 4).
std::string Record(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    unsigned char* bytes = nullptr;
    const int size = i2d_PUBKEY(key, &bytes);
    const std::string text = Base64(bytes, static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return "v=DKIM1; k=rsa; p=" + text;
  }
  unsigned char bytes[32];
  std::size_t size = sizeof bytes;
  EVP_PKEY_get_raw_public_key(key, bytes, &size);
  return "v=DKIM1; k=ed25519; p=" + Base64(bytes, size);
}

/// Messages with all that a signature has to get right, by their number.
smtpoll::EmailMessage MakeMail(int number) {
  smtpoll::EmailMessage mail;
  mail.FromAddress =
      "\"Z\xc3\xb6"
      "e, Signing\" <sender@signer.example>";
  mail.AddRecipient("rcpt" + std::to_string(number) + "@test.example");
  mail.Subject = "signed " + std::to_string(number) + " gr\xc3\xbc\xc3\x9f  two spaces";
  mail.Headers.AppendHeader("X-Number", std::to_string(number));
  mail.BodyPlainText = "one  two\t three \n\n.\n..dots\n \ncaf\xc3\xa9\n\n\n";
  switch (number % 8) {
    case 0: mail.BodyPlainText = ""; break;
    case 1: mail.BodyHTML = "<p>html</p>\n"; break;
    case 2: {  // signed in more than one step
      smtpoll::EmailAttachment one;
      one.Name = "gr\xc3\xbc\xc3\x9f.bin";
      for (int i = 0; i < 2500000; ++i) one.Data += static_cast<char>(i * number >> 3);
      mail.Attachments.Append(one);
      break;
    }
    case 3:  // 8bit on the wire, because it is ready-made
      mail.Source =
          "From: sender@signer.example\nTo: rcpt@test.example\nSubject:  folded\n   over\n\t lines\nX-Number: " +
          std::to_string(number) +
          "\nDate: Tue, 24 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
          "Content-Transfer-Encoding: 8bit\n\ncaf\xc3\xa9 \xe4\xb8\x96\xe7\x95\x8c  \n\n.\n\n";
      break;
    case 4:
      for (int i = 0; i < 40; ++i)
        mail.AddCCRecipient("A Rather Long Name " + std::to_string(i) + " <cc@test.example>");
      mail.SetInReplyTo("<a.long.identifier.of.a.message@signer.example>", std::string(700, 'r') + "@x.example");
      mail.Headers.AppendHeader("List-Unsubscribe", "<https://signer.example/" + std::string(800, 'u') + ">");
      mail.Headers.AppendHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
      break;
    case 5: mail.BodyPlainText = std::string(3000, 'x') + "  \n"; break;
    case 6: mail.BodyCalendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"; break;
    default: {
      smtpoll::EmailAttachment one;
      one.Name = "forward.eml";
      one.Data = "From: a@b.example\r\nSubject: x\r\n\r\n text \r\n\r\n";
      mail.Attachments.Append(one);
    }
  }
  return mail;
}

smtpoll::DkimSettings Settings(const char* selector) {
  smtpoll::DkimSettings settings;
  settings.Domain = "signer.example";
  settings.Selector = selector;
  settings.ExpireSeconds = 3600;
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s HOST PORT COUNT OUTDIR\n", argv[0]);
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  const int count = std::atoi(argv[3]);

  EVP_PKEY* const rsa = EVP_RSA_gen(2048);
  EVP_PKEY* const ed25519 = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  const auto by_rsa = std::make_shared<smtpoll::OpenSSLDkimSigner>(Settings("rsa"));
  const auto by_ed25519 = std::make_shared<smtpoll::OpenSSLDkimSigner>(Settings("ed"));
  const auto by_mbedtls = std::make_shared<smtpoll::MbedTLSDkimSigner>(Settings("rsa"));
  if (!by_rsa->UseKey(Pem(rsa)) || !by_ed25519->UseKey(Pem(ed25519)) || !by_mbedtls->UseKey(Pem(rsa))) return 3;
  std::ofstream(std::string(argv[4]) + "/records.json")
      << "{\"rsa._domainkey.signer.example.\": \"" << Record(rsa) << "\", \"ed._domainkey.signer.example.\": \""
      << Record(ed25519) << "\"}\n";
  EVP_PKEY_free(rsa);
  EVP_PKEY_free(ed25519);
  const std::shared_ptr<const smtpoll::MessageSigner> signers[] = {by_rsa, by_ed25519, by_mbedtls};

  int sent = 0;
  smtpoll::SMTPSocket socket;
  socket.Address = argv[1];
  socket.Port = port;
  socket.MessageSent = [&](const smtpoll::EmailMessage&) { ++sent; };
  socket.Error = [](const smtpoll::Error& error) { std::printf("error: %s\n", ToString(error).c_str()); };
  smtpoll::Session session;
  if (const smtpoll::Error error = session.Connect(argv[1], port)) {
    std::printf("error: %s\n", ToString(error).c_str());
    return 1;
  }
  for (int i = 0; i < count; ++i) {
    smtpoll::EmailMessage mail = MakeMail(i);
    mail.Signer = signers[i % 3];
    if (i / 3 % 2 == 0) {
      socket.Messages.Append(std::move(mail));
    } else if (const smtpoll::SendResult& result = session.Send(mail)) {
      ++sent;
    } else {
      std::printf("message %d: %s\n", i, ToString(result.error).c_str());
    }
  }
  session.Quit();
  socket.SendMail();
  while (socket.Poll(1000)) continue;
  std::printf("sent %d of %d\n", sent, count);
  return sent == count ? 0 : 1;
}
