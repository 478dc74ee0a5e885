// The seed's sample as it stands in its documentation, in C++. Its server does not exist, so it ends with an error; the
// unit test "The seed's sample sends its message" runs the same lines against a receiver.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>

int main() {
  smtpoll::SMTPSocket SendMailSocket;
  SendMailSocket.Address = "mail.mySMTPServer.com";
  SendMailSocket.Port = 25;

  smtpoll::EmailMessage mail;
  mail.FromAddress = "bill@yourdomain.com";
  mail.Subject = "Test Email";
  mail.BodyPlainText = "Hello, World!";
  mail.Headers.AppendHeader("X-Mailer", "smtpoll example");
  mail.AddRecipient("john@domain.com");

  SendMailSocket.Messages.Append(mail);
  SendMailSocket.SendMail();
  while (SendMailSocket.Poll()) { /* the caller is in control here */
  }

  std::printf("%s\n", ToString(SendMailSocket.LastError()).c_str());
  return SendMailSocket.Messages.Count() == 0 ? 0 : 1;
}
