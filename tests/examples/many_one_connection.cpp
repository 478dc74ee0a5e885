// Sends a thousand messages over one connection, and looks at what became of each, recipient by recipient.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <string>

#include "receiver.hpp"

int main() {
  constexpr int kMessages = 1000;
  Receiver receiver;
  if (!receiver.Start()) return 1;
  receiver.refused_local_part = "user13";

  smtpoll::SMTPSocket socket;
  socket.Address = "127.0.0.1";
  socket.Port = receiver.Port();
  for (int i = 0; i < kMessages; ++i) {
    smtpoll::EmailMessage mail;
    mail.FromAddress = "news@example.org";
    mail.AddRecipient("user" + std::to_string(i % 100) + "@example.org");
    mail.Subject = "Letter " + std::to_string(i);
    mail.BodyPlainText = "There is nothing new.\n";
    socket.Messages.Append(std::move(mail));
  }

  int connections = 0, sent = 0, refused = 0, not_known = 0;
  socket.ConnectionEstablished = [&](const std::string&) { ++connections; };
  socket.MessageFinished = [&](const smtpoll::EmailMessage&, const smtpoll::SendResult& result) {
    result.Sent() ? ++sent : ++refused;
    for (const smtpoll::RecipientResult& recipient : result.recipients)
      if (recipient.reply_code == 550) ++not_known;  // one to take off the list
  };
  socket.MailSent = [] { std::printf("the queue is empty\n"); };
  socket.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };
  socket.SendMail();
  while (socket.Poll()) receiver.Poll();

  std::printf("%d sent, %d refused, %d recipients not known, %d connection\n", sent, refused, not_known, connections);
  // What a lost connection leaves: not accepted for certain, to be sent by the next SendMail; and what nobody knows.
  std::printf("%zu still queued, %zu in doubt\n", socket.Messages.Count(), socket.InDoubt.Count());
  return sent == 990 && refused == 10 && not_known == 10 && connections == 1 ? 0 : 1;
}
