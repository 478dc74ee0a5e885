// Sends through a server that wants TLS and an OAuth 2.0 access token, as Gmail and Microsoft 365 do. Where the server
// refuses the token, the program is asked for another one, once.
//   oauth2 HOST PORT USER FROM TO TOKEN_FILE FRESH_TOKEN_FILE [AUTHORITY_FILE]
// link: -lssl -lcrypto
#define SMTPOLL_OPENSSL
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

static std::string ReadToken(const char* path) {
  std::ifstream file(path);
  std::string token;
  file >> token;
  return token;
}

int main(int argc, char** argv) {
  if (argc != 8 && argc != 9) {
    std::fprintf(stderr, "usage: %s HOST PORT USER FROM TO TOKEN_FILE FRESH_TOKEN_FILE [AUTHORITY_FILE]\n", argv[0]);
    return 2;
  }
  smtpoll::SMTPSecureSocket socket;
  socket.Address = argv[1];
  socket.Port = static_cast<std::uint16_t>(std::atoi(argv[2]));  // 587: STARTTLS
  if (argc == 9) socket.CertificateAuthorityFile = argv[8];
  socket.UserName = argv[3];
  // OAUTHBEARER where the server offers it, else XOAUTH2. A real program has the last token in its cache, and gets a
  // fresh one over HTTPS with its refresh token.
  socket.TokenProvider = [argv](bool refused) {
    std::printf(refused ? "the server has refused the token: another one\n" : "with the token of the cache\n");
    return ReadToken(refused ? argv[7] : argv[6]);
  };

  smtpoll::EmailMessage mail;
  mail.FromAddress = argv[4];
  mail.AddRecipient(argv[5]);
  mail.Subject = "By OAuth 2.0";
  mail.BodyPlainText = "No password was used.\n";

  bool sent = false;
  socket.MailSent = [&sent] { sent = true; };
  // After a second refusal the text has the server's own words, JSON as RFC 7628 wants it.
  socket.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll(100)) continue;
  if (sent) std::printf("sent\n");
  return sent ? 0 : 1;
}
