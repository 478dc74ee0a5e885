// A Xojo program that sends through SMTPSecureSocket, translated: Xojo in the comments on the left, C++ on the right.
//   from_xojo_secure USER PASSWORD TO HOST PORT AUTHORITY_FILE
// link: -lssl -lcrypto
#define SMTPOLL_OPENSSL
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>

using namespace smtpoll;

// clang-format off
int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s USER PASSWORD TO HOST PORT AUTHORITY_FILE\n", argv[0]);
    return 2;
  }
  using Kinds = SMTPSecureSocket::SMTPConnectionTypes;
  using Versions = SMTPSecureSocket::SSLConnectionTypes;
  const bool at_once = std::getenv("SMTP_IMPLICIT_TLS") != nullptr;
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[5]));
  bool sent = false, was_encrypted = false, is_busy = true;

  /* Var socket As New SMTPSecureSocket                    */ SMTPSecureSocket socket;
  /* socket.Address = "smtp.gmail.com"                     */ socket.Address = argv[4];
  /* socket.Port = 587                                     */ socket.Port = port;
  /* socket.UserName = "me@gmail.com"                      */ socket.UserName = argv[1];
  /* socket.Password = "the app password"                  */ socket.Password = argv[2];
  /* socket.SSLEnabled = True                              */ socket.SSLEnabled = true;
  /* socket.SMTPConnectionType = _                         */ socket.SMTPConnectionType = Kinds::STARTTLS;
  /*   SMTPSecureSocket.SMTPConnectionTypes.STARTTLS       */ if (at_once) socket.SMTPConnectionType = Kinds::SSLTLS;
  /* socket.SSLConnectionType = _                          */ socket.SSLConnectionType = Versions::TLSv12;
  /*   SMTPSecureSocket.SSLConnectionTypes.TLSv12          */
  /* socket.CertificateFile = Nil ' none of our own        */ socket.CertificateFile = "";
  /* socket.CertificatePassword = ""                       */ socket.CertificatePassword = "";
  /* socket.CertificateRejectionFile = Nil                 */ socket.CertificateRejectionFile = "";
  /* ' not in Xojo: whom to trust instead of the system's  */ socket.CertificateAuthorityFile = argv[6];

  /* Sub MessageSent(email As EmailMessage)                */ socket.MessageSent = [&](auto&) {
  /*   wasEncrypted = Me.SSLConnected                      */   was_encrypted = socket.SSLConnected();
  /*   isBusy = Me.SSLConnecting                           */   is_busy = socket.SSLConnecting();
  /* End Sub                                               */ };
  /* Sub MailSent()                                        */ socket.MailSent = [&] {
  /*   sent = True                                         */   sent = true;
  /* End Sub                                               */ };
  /* Sub Error(err As RuntimeException)                    */ socket.Error = [](const Error& err) {
  /*   MessageBox(err.Message)                             */   std::printf("%s\n", ToString(err).c_str());
  /* End Sub                                               */ };

  /* Var mail As New EmailMessage                          */ EmailMessage mail;
  /* mail.FromAddress = "me@gmail.com"                     */ mail.FromAddress = argv[1];
  /* mail.AddRecipient("you@example.org")                  */ mail.AddRecipient(argv[3]);
  /* mail.BodyPlainText = "Hello, World!"                  */ mail.BodyPlainText = "Hello, World!";
  /* socket.Messages.Add(mail)                             */ socket.Messages.Add(mail);
  /* socket.SendMail                                       */ socket.SendMail();
  /* ' the event loop does the rest                        */ while (socket.Poll(100)) continue;

  const bool good = sent && was_encrypted && !is_busy;
  if (good) std::printf("sent\n");
  return good ? 0 : 1;
}
