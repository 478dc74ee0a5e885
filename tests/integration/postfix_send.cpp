// Sends COUNT different messages, driven by Poll, and leaves in OUTDIR what was put into each: one half over one
// connection by DATA in groups, the other half over another one by BDAT with several in flight.
//   postfix_send HOST PORT COUNT OUTDIR
// OUTDIR/i.json names the fields of message i, OUTDIR/i-k.bin are its attachments. Exit code 0: all were accepted.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

std::string Quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    char escape[8];
    if (c == '"' || c == '\\') {
      result.append("\\").append(1, c);
    } else if (static_cast<unsigned char>(c) < ' ') {
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      result += escape;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t Number(std::size_t below) { return random_() % below; }
  std::string Words(std::size_t count) {
    static const char* const kWords[] = {"mail",
                                         "Gr\xc3\xbc\xc3\x9f",
                                         "\xe4\xb8\x96\xe7\x95\x8c",
                                         "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
                                         "\xf0\x9f\x91\x8b",
                                         "na\xc3\xafve",
                                         "=?x?=",
                                         ".",
                                         "a,b",
                                         "\"q\"",
                                         "--=_b",
                                         "From me"};
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text.append(i == 0 ? "" : " ").append(kWords[Number(sizeof kWords / sizeof kWords[0])]);
    return text;
  }
  std::string Lines(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (Number(4) == 0 ? "." : "") + Words(Number(30)) + "\n";
    return text;
  }
  std::string Bytes(std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random_());
    return bytes;
  }

 private:
  std::mt19937 random_;
};

smtpoll::EmailMessage MakeMail(int number, const std::string& folder) {
  Generator make(static_cast<unsigned>(number));
  const std::string key = "key-" + std::to_string(number);
  smtpoll::EmailMessage mail;
  mail.FromAddress = "sender@test.example";
  mail.Subject = make.Words(1 + make.Number(20));
  mail.BodyPlainText = make.Lines(1 + make.Number(20));
  if (number % 3 != 0) mail.BodyHTML = "<p>" + make.Lines(1 + make.Number(20)) + "</p>\n";
  mail.AddRecipient("rcpt" + std::to_string(number) + "@test.example");
  if (number % 5 == 0) mail.AddCCRecipient("cc@test.example");
  // More than the server takes at once: they need several transactions.
  if (number % 50 == 7)
    for (int i = 0; i < 60; ++i) mail.AddRecipient("many" + std::to_string(i) + "@test.example");
  mail.AddBCCRecipient("hidden@test.example");
  mail.Headers.AppendHeader("X-Smtpoll-Key", key);

  std::ofstream json(folder + "/" + std::to_string(number) + ".json");
  json << "{\"message_key\": " << Quoted(key) << ", \"subject\": " << Quoted(mail.Subject)
       << ", \"plain\": " << Quoted(mail.BodyPlainText) << ", \"html\": " << Quoted(mail.BodyHTML)
       << ", \"from\": " << Quoted(mail.FromAddress) << ", \"to\": [" << Quoted(mail.ToAddress)
       << "], \"bcc\": [\"hidden@test.example\"], \"cc\": [" << (mail.CCAddress.empty() ? "" : Quoted(mail.CCAddress))
       << "], \"attachments\": [";
  for (int i = 0; i < number % 4; ++i) {
    smtpoll::EmailAttachment attachment;
    attachment.Name = make.Words(2) + " " + std::to_string(i) + ".bin";
    for (char& c : attachment.Name)
      if (c == '"' || c == ',') c = '_';
    attachment.MIMEType = "application/octet-stream";
    const std::string bytes = make.Bytes(make.Number(40000));
    const std::string file = folder + "/" + std::to_string(number) + "-" + std::to_string(i) + ".bin";
    std::ofstream(file, std::ios::binary) << bytes;
    if (i % 2 == 0) {
      attachment.Data = bytes;
    } else {
      const std::string name = attachment.Name;
      if (!attachment.LoadFromFile(file)) std::exit(3);
      attachment.Name = name;
    }
    json << (i == 0 ? "" : ", ") << "{\"name\": " << Quoted(attachment.Name)
         << ", \"type\": \"application/octet-stream\", \"file\": " << Quoted(file) << "}";
    mail.Attachments.Append(attachment);
  }
  json << "]}\n";
  return mail;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s HOST PORT COUNT OUTDIR\n", argv[0]);
    return 2;
  }
  const int count = std::atoi(argv[3]);
  int connections = 0, sent = 0, refused = 0;
  bool mail_sent = false;

  smtpoll::SMTPSocket socket;
  socket.Address = argv[1];
  socket.Port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  socket.ConnectionEstablished = [&](const std::string& greeting) {
    ++connections;
    std::printf("connected: %s\n", greeting.c_str());
  };
  socket.MessageSent = [&](const smtpoll::EmailMessage&) { ++sent; };
  socket.MailSent = [&] { mail_sent = true; };
  socket.ServerError = [&](int id, const std::string& text, const smtpoll::EmailMessage&) {
    ++refused;
    std::printf("refused: %d %s\n", id, text.c_str());
  };
  socket.Error = [](const smtpoll::Error& error) { std::printf("error: %s\n", ToString(error).c_str()); };

  for (const bool chunking : {false, true}) {
    socket.Chunking = chunking;
    // One message in the middle goes nowhere: the server's 550 must not cost the others anything.
    for (int i = chunking ? count / 2 : 0; i < (chunking ? count : count / 2); ++i) {
      if (i == count / 4 || i == count * 3 / 4) {
        smtpoll::EmailMessage bad;
        bad.FromAddress = "sender@test.example";
        bad.AddRecipient("refused@test.example");
        bad.BodyPlainText = "nobody reads this\n";
        socket.Messages.Append(bad);
      }
      socket.Messages.Append(MakeMail(i, argv[4]));
    }
    socket.SendMail();
    while (socket.Poll(1000)) continue;
  }

  std::printf("sent %d of %d over %d connection(s), %d refused, left in the queue: %zu, in doubt: %zu\n", sent, count,
              connections, refused, socket.Messages.Count(), socket.InDoubt.Count());
  const bool all = sent == count && refused == 2 && connections == 2 && mail_sent;
  return all && socket.Messages.Count() == 0 && socket.InDoubt.Count() == 0 ? 0 : 1;
}
