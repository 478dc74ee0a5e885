// Prints what Explain() says as JSON, a session a line: ordinary ones, and COUNT whose server and names are of random
// bytes. session_report_check.py reads them with python's json.
//   session_reports COUNT
#define SMTPOLL_TESTING
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

using Session = smtpoll::BasicSession<smtpoll::testing::ScriptedSocket, smtpoll::testing::PretendTls>;

smtpoll::EmailMessage Mail() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@example.org";
  mail.AddRecipient("bob@example.org");
  mail.BodyPlainText = "Hello, World!\n";
  return mail;
}

void Print(const Session& session) { std::printf("%s\n", ToJson(session.Explain()).c_str()); }

/// Bytes that may stand in a line of the server's.
std::string Noise(std::mt19937& random, std::size_t size) {
  std::string noise;
  while (noise.size() < size) {
    const char c = static_cast<char>(random() & 0xff);
    if (c != '\n' && c != '\r') noise += c;
  }
  return noise;
}

void Ordinary() {
  Session session;
  Print(session);
  session.Security = smtpoll::Security::ImplicitTLS;
  session.UserName = "alice";
  session.Password = "open sesame";
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Wait(500).Opening("AUTH PLAIN LOGIN\nSIZE 35882577\nPIPELINING").Expect("AUTH PLAIN *").Reply("235 2.7.0 ok");
  server.Expect("MAIL *").Expect("RCPT *").Expect("DATA").Reply("250 ok\n250 ok").Reply("354 go").ExpectContent();
  server.Wait(1500).Reply("250 2.0.0 queued").Quit();
  session.Connect("mx.example.org", 465);
  session.Send(Mail());
  session.Quit();
  Print(session);
}

void Hostile(std::mt19937& random) {
  Session session;
  session.Security = smtpoll::Security::NoneAllowed;
  smtpoll::testing::Script& server = session.Layer().NextLayer().Server;
  server.Reply("220 " + Noise(random, random() % 200)).Expect("EHLO *");
  server.Reply("250-" + Noise(random, random() % 20) + "\n250 SIZE 18446744073709551615");
  server.Expect("MAIL *").Reply("550 5.7.1 " + Noise(random, random() % 400)).Expect("RSET").Reply("250 ok");
  session.Connect(Noise(random, 10), 25);
  session.Send(Mail());
  Print(session);
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937 random(1);
  Ordinary();
  for (int i = argc > 1 ? std::atoi(argv[1]) : 1; i > 0; --i) Hostile(random);
  return 0;
}
