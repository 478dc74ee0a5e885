// A program that has smtpoll by import alone.
import smtpoll;

int main() {
  smtpoll::SMTPSocket socket;
  smtpoll::Session session;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@example.org";
  mail.AddRecipient("bob@example.org");
  mail.BodyPlainText = "Hello, World!";
  socket.Port = 0;
  socket.Address = "127.0.0.1";
  socket.Messages.Append(mail);
  const smtpoll::Error error = session.Connect("127.0.0.1", 0);
  return error.ErrorNumber == static_cast<int>(smtpoll::Errc::InvalidPort) && socket.Messages.Count() == 1 ? 0 : 1;
}
