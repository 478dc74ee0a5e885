// Compiled twice: LIBRARY names the function, and the include path brings another version of smtpoll each time.
#include "library.hpp"

#define SMTPOLL_TESTING
#include <smtpoll/smtpoll.hpp>

Report LIBRARY() {
  smtpoll::BasicSession<smtpoll::testing::ScriptedSocket> session;
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Opening().Expect("MAIL FROM:<alice@example.org>").Reply("250 ok");
  server.Expect("RCPT TO:<bob@example.org>").Reply("250 ok");
  server.Expect("DATA").Reply("354 go on").ExpectContent().Reply("250 taken").Quit();
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@example.org";
  mail.AddRecipient("bob@example.org");
  mail.BodyPlainText = "Hello, World!";
  const bool sent = !session.Connect("mail.example.org", 25) && session.Send(mail).Sent();
  session.Quit();
  return {smtpoll::Version(), sizeof session, sent && server.Done()};
}
