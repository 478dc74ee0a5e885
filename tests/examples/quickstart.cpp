// Sends one message with a UTF-8 subject, a plain and an HTML body and a binary attachment, and shows the whole
// dialogue.
//   quickstart FOLDER                      to a receiver of its own on loopback, which stores the message in FOLDER
//   quickstart FOLDER smtp://[user@]host[:port] [recipient]
// FOLDER/attachment.bin is what gets attached. A password is read from SMTP_PASSWORD, and goes over the unencrypted
// connection only where SMTP_ALLOW_PLAINTEXT is set. Exit code 0: the server has accepted the message.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "receiver.hpp"

namespace {

struct Target {
  std::string user;
  std::string host = "127.0.0.1";
  std::uint16_t port = 25;
};

/// Takes `smtp://user@host:port` apart; false where it is something else.
bool ParseUrl(std::string url, Target& target) {
  if (url.rfind("smtp://", 0) != 0) return false;
  url.erase(0, 7);
  if (!url.empty() && url.back() == '/') url.pop_back();
  if (const std::size_t at = url.rfind('@'); at != std::string::npos) {
    target.user = url.substr(0, at);
    url.erase(0, at + 1);
  }
  const std::size_t colon = url.rfind(':');
  if (colon != std::string::npos && url.find(']', colon) == std::string::npos) {
    std::uint64_t port = 0;
    if (!smtpoll::detail::ParseDecimal(url.substr(colon + 1), port) || port == 0 || port > 65535) return false;
    target.port = static_cast<std::uint16_t>(port);
    url.erase(colon);
  }
  target.host = url;
  return !url.empty();
}

void ShowProgress(std::size_t left, std::size_t total) {
  constexpr std::size_t kWidth = 40;
  const std::size_t done = total == 0 ? kWidth : (total - left) * kWidth / total;
  std::printf("\r\033[33m  [%s%s] %3zu %%\033[0m", std::string(done, '#').c_str(),
              std::string(kWidth - done, '.').c_str(), total == 0 ? 100 : (total - left) * 100 / total);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Target target;
  if (argc < 2 || (argc > 2 && !ParseUrl(argv[2], target))) {
    std::fprintf(stderr, "usage: %s FOLDER [smtp://[user@]host[:port] [recipient]]\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[1];

  Receiver receiver(folder);
  const bool own_receiver = argc == 2;
  if (own_receiver) {
    if (!receiver.Start()) return 1;
    target.port = receiver.Port();
  }

  smtpoll::EmailMessage mail;
  mail.FromAddress = "Zo\xc3\xab Sender <zoe@example.org>";
  mail.AddRecipient(argc > 3 ? argv[3] : "J\xc3\xb6rg <joerg@example.org>");
  mail.Subject = "Gr\xc3\xbc\xc3\x9f Gott, \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x91\x8b";
  mail.BodyPlainText = "Hello, World!\n.a line that starts with a dot\nna\xc3\xafve caf\xc3\xa9\n";
  mail.BodyHTML = "<html><body><h1>Hello, World!</h1><p>na\xc3\xafve caf\xc3\xa9</p></body></html>\n";
  smtpoll::EmailAttachment attachment;
  if (!attachment.LoadFromFile(folder + "/attachment.bin")) {
    std::fprintf(stderr, "cannot read %s/attachment.bin\n", folder.c_str());
    return 1;
  }
  mail.Attachments.Append(attachment);

  smtpoll::SMTPSocket socket;
  socket.Address = target.host;
  socket.Port = target.port;
  socket.UserName = target.user;
  if (const char* password = std::getenv("SMTP_PASSWORD")) socket.Password = password;
  socket.AllowPlaintextCredentials = std::getenv("SMTP_ALLOW_PLAINTEXT") != nullptr;

  bool sent = false;
  std::size_t total = 0;
  socket.Transcript = [](smtpoll::Side side, const std::string& line) {
    const bool client = side == smtpoll::Side::Client;
    std::printf("%s%s\033[0m\n", client ? "\033[36m> " : "\033[32m< ", line.c_str());
  };
  socket.SendProgress = [&total](std::size_t, std::size_t left) {
    if (total == 0) total = left;
    ShowProgress(left, total);
    if (left == 0) std::printf("\n");
    return false;
  };
  socket.MessageSent = [&sent](const smtpoll::EmailMessage&) { sent = true; };
  socket.ServerError = [](int id, const std::string& text, const smtpoll::EmailMessage&) {
    std::printf("\033[31mrefused: %d %s\033[0m\n", id, text.c_str());
  };
  socket.Error = [](const smtpoll::Error& error) { std::printf("\033[31m%s\033[0m\n", ToString(error).c_str()); };

  socket.Messages.Append(mail);
  socket.SendMail();
  // The caller is in control: client and receiver take turns in one thread.
  while (socket.Poll(own_receiver ? 0 : 1000)) receiver.Poll();

  if (sent && own_receiver) std::printf("\nstored as %s\n", receiver.mails.at(0).file_name.c_str());
  return sent ? 0 : 1;
}
