// Sends one message through Gmail, or through any other server that wants TLS and a password: by STARTTLS on port 587,
// by TLS from the first byte on on port 465. Google gives programs a password of their own ("app password").
//   gmail USER PASSWORD TO [HOST PORT [AUTHORITY_FILE]]
// link: -lssl -lcrypto
#define SMTPOLL_OPENSSL
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 4 && argc != 6 && argc != 7) {
    std::fprintf(stderr, "usage: %s USER PASSWORD TO [HOST PORT [AUTHORITY_FILE]]\n", argv[0]);
    return 2;
  }
  smtpoll::SMTPSecureSocket socket;
  socket.Address = argc > 5 ? argv[4] : "smtp.gmail.com";
  socket.Port = argc > 5 ? static_cast<std::uint16_t>(std::atoi(argv[5])) : 587;
  if (std::getenv("SMTP_IMPLICIT_TLS") != nullptr || socket.Port == 465)
    socket.SMTPConnectionType = smtpoll::SMTPSecureSocket::SMTPConnectionTypes::SSLTLS;
  if (argc > 6) socket.CertificateAuthorityFile = argv[6];
  socket.UserName = argv[1];
  socket.Password = argv[2];

  smtpoll::EmailMessage mail;
  mail.FromAddress = argv[1];
  mail.AddRecipient(argv[3]);
  mail.Subject = "Grüße über TLS";
  mail.BodyPlainText = "Hello, World!\n";

  bool sent = false;
  socket.MailSent = [&] { sent = true; };
  socket.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };
  socket.ServerError = [](int code, const std::string& text, const smtpoll::EmailMessage&) {
    std::printf("refused: %d %s\n", code, text.c_str());
  };
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll(100)) continue;
  if (sent) std::printf("sent\n");
  return sent ? 0 : 1;
}
