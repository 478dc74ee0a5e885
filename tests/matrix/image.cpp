// What smtpoll puts into a program that sends one message with an attachment over the system's sockets. It is compiled
// to an object file, whose code and constants are counted; the table of tests/matrix.sh shows them.
#include <smtpoll/smtpoll.hpp>

int main(int, char** arguments) {
  smtpoll::Session session;
  if (session.Connect(arguments[1], 25)) return 1;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@example.org";
  mail.AddRecipient("bob@example.org");
  mail.Subject = "A file";
  mail.BodyPlainText = "Hello, World!";
  mail.Attachments.Append({});
  if (!mail.Attachments[0].LoadFromFile(arguments[2])) return 1;
  const bool accepted = session.Send(mail).Sent();
  session.Quit();
  return accepted ? 0 : 1;
}
