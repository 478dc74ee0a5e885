// Tests code of your own without a server: SendReport is what the program does, main says what a server would answer,
// what it must be told, and what has to come of it.
#define SMTPOLL_TESTING
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <string>

/// The code under test: it sends a report and says whether the server took it. `Session` is smtpoll::Session in the
/// program, and one over a ScriptedSocket here.
template <typename Session>
bool SendReport(Session& session, const std::string& report) {
  if (session.Connect("mail.example.org", 25)) return false;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "robot@example.org";
  mail.AddRecipient("boss@example.org");
  mail.Subject = "Report";
  mail.BodyPlainText = report;
  const bool sent = session.Send(mail).Sent();
  session.Quit();
  return sent;
}

using TestSession = smtpoll::BasicSession<smtpoll::testing::ScriptedSocket>;

static bool ReportsAreSent() {
  TestSession session;
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Opening().Expect("MAIL FROM:<robot@example.org>").Reply("250 ok");
  server.Expect("RCPT TO:<boss@example.org>").Reply("250 ok");
  server.Expect("DATA").Reply("354 go on").ExpectContent().Reply("250 taken").Quit();
  const bool sent = SendReport(session, "All is well.\n");
  std::printf("%s\n", server.Done() ? "as written down" : server.Verdict().c_str());
  return sent && server.Done() && server.Contents()[0].find("\r\n\r\nAll is well.\r\n") != std::string::npos;
}

static bool AFullMailboxIsNoSuccess() {
  TestSession session;
  session.Layer().NextLayer().Server.Replay(
      "< 220 mail.example.org\n"
      "> EHLO *\n"
      "< 250 mail.example.org\n"
      "> MAIL FROM:<robot@example.org>\n"
      "< 250 ok\n"
      "> RCPT TO:<boss@example.org>\n"
      "< 452 4.2.2 mailbox full\n"
      "> RSET\n"
      "< 250 ok\n"
      "> QUIT\n"
      "< 221 bye\n");
  return !SendReport(session, "All is well.\n") && session.Layer().NextLayer().Server.Done();
}

int main() { return ReportsAreSent() && AFullMailboxIsNoSuccess() ? 0 : 1; }
