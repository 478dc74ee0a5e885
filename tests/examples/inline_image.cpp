// Sends HTML that shows an image which travels in the message, with a text beside it for readers without HTML.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <string>

#include "receiver.hpp"

/// A red dot of one pixel, as PNG.
static std::string RedDot() {
  constexpr unsigned char kBytes[] = {
      0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 'I',  'H',  'D',  'R',  0x00, 0x00,
      0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53, 0xde, 0x00, 0x00, 0x00,
      0x0c, 'I',  'D',  'A',  'T',  0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0x18,
      0xdd, 0x8d, 0xb0, 0x00, 0x00, 0x00, 0x00, 'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

int main() {
  Receiver receiver;
  if (!receiver.Start()) return 1;

  smtpoll::EmailMessage mail;
  mail.FromAddress = "Shop <shop@example.org>";
  mail.AddRecipient("you@example.org");
  mail.Subject = "Our new logo";
  mail.BodyPlainText = "Our new logo is a red dot.\n";
  smtpoll::EmailAttachment logo;
  logo.Name = "logo.png";
  logo.Data = RedDot();  // or logo.LoadFromFile("logo.png")
  const std::string content_id = mail.AddInline(logo);
  mail.BodyHTML = "<p>Our new logo: <img src=\"cid:" + content_id + "\" alt=\"a red dot\"></p>\n";

  smtpoll::SMTPSocket socket;
  socket.Address = "127.0.0.1";
  socket.Port = receiver.Port();
  socket.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll()) receiver.Poll();

  if (receiver.mails.size() != 1) return 1;
  const std::string& content = receiver.mails[0].content;
  std::printf("%s", content.c_str());
  const bool related = content.find("multipart/related") != std::string::npos;
  return related && content.find("Content-ID: <" + content_id + ">") != std::string::npos ? 0 : 1;
}
