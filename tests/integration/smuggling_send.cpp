// Sends contents that try to end early and to smuggle a second message (RFC 5321 4.1.1.4): each end of line that some
// server takes for one, around a dot, as a body, in an attachment, in a header's neighbourhood and as a ready-made
// message, at the edges of the send buffer, by DATA and by BDAT. The first half of the messages goes by DATA.
//   smuggling_send HOST PORT COUNT OUTDIR [USER PASSWORD]     who the user is counts where the server wants to know
// OUTDIR/i.kind and OUTDIR/i.bin say how and what message i is; it has a header X-Smtpoll-Key: key-i.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

/// What a smuggler puts between his message and the next one.
std::vector<std::string> Ends() {
  const std::vector<std::string> lines = {"\n", "\r", "\r\n", "\n\r", "\r\r\n", "\r\n\r"};
  std::vector<std::string> ends;
  for (const std::string& before : lines)
    for (const std::string& after : lines) ends.push_back(before + "." + after);
  for (const char* more : {"\r\n..\r\n", "\n..\n", "\r\n.\n.\r\n", ".", "\r\n.", "\n.\r", "\r\n. \r\n", "\r\n.\t\r\n"})
    ends.emplace_back(more);
  ends.push_back(std::string("\r\n.\0\r\n", 6));
  ends.push_back(std::string("\r\n\0.\r\n", 6));
  return ends;
}

const char kSecond[] =
    "MAIL FROM:<smuggler@test.example>\r\nRCPT TO:<smuggled@test.example>\r\nDATA\r\nSubject: "
    "smuggled\r\n\r\nsmuggled\r\n";

/// Content `number`: as much before the end as moves it over the edges of buffers.
std::string Content(int number, const std::vector<std::string>& ends) {
  const auto index = static_cast<std::size_t>(number);
  const std::string& end = ends[index % ends.size()];
  static constexpr std::size_t kLengths[] = {0, 1, 4095, 16383, 16384 - 500, 16384 - 400};
  const std::size_t length = kLengths[index / ends.size() % 6] + (index * 7) % 5;
  std::string text;
  while (text.size() < length) text += text.size() % 71 == 70 ? '\n' : 'x';
  return text + end + kSecond + end + "QUIT\r\n";
}

bool OffersAuth(const std::string& address, std::uint16_t port) {
  smtpoll::Session session;
  session.Connect(address, port);
  return session.ServerCapabilities().Has(smtpoll::Extension::Auth);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 7) {
    std::fprintf(stderr, "usage: %s HOST PORT COUNT OUTDIR [USER PASSWORD]\n", argv[0]);
    return 2;
  }
  const int count = std::atoi(argv[3]);
  const std::string folder = argv[4];
  const std::vector<std::string> ends = Ends();
  int sent = 0, failed = 0;
  smtpoll::SMTPSocket socket;
  socket.Address = argv[1];
  socket.Port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  if (argc == 7 && OffersAuth(socket.Address, socket.Port)) {
    socket.UserName = argv[5];
    socket.Password = argv[6];
    socket.AllowPlaintextCredentials = true;
  }
  socket.MessageSent = [&](const smtpoll::EmailMessage&) { ++sent; };
  socket.ServerError = [&](int id, const std::string& text, const smtpoll::EmailMessage&) {
    ++failed;
    std::printf("refused: %d %s\n", id, text.c_str());
  };
  socket.Error = [&](const smtpoll::Error& error) {
    ++failed;
    std::printf("error: %s\n", ToString(error).c_str());
  };
  const auto send = [&socket] {
    socket.SendMail();
    while (socket.Poll(1000)) continue;
  };
  for (const bool chunking : {false, true}) {
    socket.Chunking = chunking;
    for (int i = chunking ? count / 2 : 0; i < (chunking ? count : count / 2); ++i) {
      const int half = chunking ? i - count / 2 : i;
      std::string content = Content(half, ends);
      const std::string key = "key-" + std::to_string(i);
      smtpoll::EmailMessage mail;
      mail.FromAddress = "sender@test.example";
      mail.AddRecipient("rcpt@test.example");
      static const char* const kKinds[] = {"body", "attachment", "source", "html"};
      const std::string kind = kKinds[half % 4];
      // No text may hold a NUL: those go as bytes.
      const bool nul = content.find('\0') != std::string::npos;
      const std::string used = nul ? "attachment" : kind;
      if (used == "source") {
        mail.Source = "From: sender@test.example\r\nTo: rcpt@test.example\r\nX-Smtpoll-Key: " + key +
                      "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n" + content;
      } else {
        mail.Headers.AppendHeader("X-Smtpoll-Key", key);
        mail.Subject = "a . b";
        if (used == "body") mail.BodyPlainText = content;
        if (used == "html") mail.BodyHTML = content;
        if (used == "attachment") {
          mail.BodyPlainText = ".\r\n";
          smtpoll::EmailAttachment attachment;
          attachment.Name = "a.bin";
          attachment.MIMEType = "application/octet-stream";
          attachment.Data = content;
          mail.Attachments.Append(attachment);
        }
      }
      std::ofstream(folder + "/" + std::to_string(i) + ".kind") << used;
      std::ofstream(folder + "/" + std::to_string(i) + ".bin", std::ios::binary) << content;
      socket.Messages.Append(mail);
      // OpenSMTPD takes a hundred in a session.
      if (socket.Messages.Count() == 100) send();
    }
    send();
  }
  // In a header there is nothing to smuggle with: a value with a line end is refused by the name of its field.
  int refused = 0;
  for (const std::string& end : ends) {
    smtpoll::EmailMessage mail;
    mail.FromAddress = "sender@test.example";
    mail.AddRecipient("rcpt@test.example");
    mail.BodyPlainText = "x\n";
    mail.Subject = "a" + end + kSecond;
    refused += static_cast<bool>(mail.Fault());
    mail.Subject.clear();
    mail.Headers.AppendHeader("X-Smuggler", "a" + end + kSecond);
    refused += static_cast<bool>(mail.Fault());
  }
  std::printf("sent %d of %d, %zu ways to end, %d of %zu headers refused, %d failed\n", sent, count, ends.size(),
              refused, 2 * ends.size(), failed);
  return sent == count && failed == 0 && refused == static_cast<int>(2 * ends.size()) ? 0 : 1;
}
