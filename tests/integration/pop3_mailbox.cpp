// Sends messages by LMTP to alice at a Dovecot, fetches them by POP3 in every way that a client may take, compares them
// byte by byte, and deletes them. One more is left for whoever comes next.
//   pop3_mailbox HOST LMTP_PORT POP3_PORT POP3S_PORT AUTHORITY_FILE
// Exit code 0: every message came as it was sent, and the mailbox was empty in between.
#define SMTPOLL_POP3
#define SMTPOLL_OPENSSL
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using smtpoll::AuthMechanism;
using smtpoll::Errc;

int faults = 0;

void Expect(bool what, const std::string& saying) {
  if (what) return;
  ++faults;
  std::printf("FAILED: %s\n", saying.c_str());
}

std::vector<std::string> MakeMessages() {
  const std::string header =
      "From: sender@x.example\r\nTo: alice@test.example\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\nSubject: ";
  std::vector<std::string> messages = {
      header + "short\r\n\r\nHello, World!\r\n",
      header + "dots\r\n\r\n.\r\n..\r\n...\r\n.a\r\n..b\r\na.\r\n.\r\n\r\n.\r\n",
      header + "no body\r\n\r\n",
      header + "8 bit\r\n\r\ncaf\xc3\xa9 \xff\xfe \x80\r\n",
      header + "long lines\r\n\r\n" + std::string(998, '.') + "\r\n" + std::string(998, 'x') + "\r\n",
      header + "looks like POP3\r\n\r\n+OK\r\n-ERR no\r\n.\r\nQUIT\r\n",
  };
  std::string large = header + "large\r\n\r\n";
  for (int i = 0; large.size() < 2000000; ++i) large += "." + std::to_string(i) + " line of a large message\r\n";
  messages.push_back(large);
  return messages;
}

void Deliver(const char* host, std::uint16_t port, const std::vector<std::string>& messages) {
  smtpoll::Session session;
  session.Lmtp = true;
  const smtpoll::Error error = session.Connect(host, port);
  Expect(!error, ToString(error));
  for (const std::string& message : messages) {
    smtpoll::EmailMessage mail;
    mail.FromAddress = "sender@x.example";
    mail.ToAddress = "alice@test.example";
    mail.Source = message;
    const smtpoll::SendResult& result = session.Send(mail);
    Expect(result.Sent(), "by LMTP: " + ToString(result.error));
  }
  session.Quit();
}

/// `got` is `sent` behind the header fields that the server put before it.
bool IsSame(const std::string& got, const std::string& sent) {
  if (got.size() < sent.size() || got.compare(got.size() - sent.size(), sent.size(), sent) != 0) return false;
  const std::string trace = got.substr(0, got.size() - sent.size());
  return trace.find("\r\n\r\n") == std::string::npos && (trace.empty() || trace.substr(trace.size() - 2) == "\r\n");
}

/// A socket that hides the SASL line of CAPA, as an old server would not have it.
class OldServer : public smtpoll::NativeSocket {
 public:
  smtpoll::IoResult Read(char* into, std::size_t room) { return Hide(into, smtpoll::NativeSocket::Read(into, room)); }
  smtpoll::IoResult ReadWait(char* into, std::size_t room, smtpoll::Millis at_most) {
    return Hide(into, smtpoll::NativeSocket::ReadWait(into, room, at_most));
  }

 private:
  static smtpoll::IoResult Hide(char* bytes, const smtpoll::IoResult& result) {
    const std::size_t at = std::string_view(bytes, result.size).find("\r\nSASL ");
    if (at != std::string_view::npos) bytes[at + 2] = 'X';
    return result;
  }
};

/// Sets up what all clients have in common.
template <typename Client>
void SetUp(Client& client) {
  client.UserName = "alice";
  client.Password = "open sesame";
}

/// Fetches all messages by Poll, and deletes them where that is wanted.
template <typename Socket>
void FetchByPoll(const char* way, Socket& socket, const std::vector<std::string>& sent, bool deletes) {
  const std::string before = std::string(way) + ": ";
  std::map<std::uint32_t, std::string> got;
  std::map<std::uint32_t, std::uint64_t> sizes;
  std::uint32_t count = 0, ids = 0, deleted = 0;
  bool ended = false, tops = false;
  socket.Error = [&](const smtpoll::Error& error) { Expect(false, before + ToString(error)); };
  socket.ServerError = [&](int, const std::string& text, std::uint32_t message) {
    Expect(message == 99 && !text.empty(), before + "refused: " + text);
    socket.DisconnectFromServer();
  };
  socket.MessageCount = [&](std::uint32_t messages, std::uint64_t) {
    count = messages;
    for (std::uint32_t i = 1; i <= messages; ++i) socket.RetrieveMessage(i);
    if (deletes)
      for (std::uint32_t i = 1; i <= messages; ++i) socket.DeleteMessage(i);
    if (!deletes && messages != 0) socket.RetrieveLines(1, 0);
    socket.RetrieveMessage(99);
  };
  socket.MessageListed = [&](std::uint32_t message, std::uint64_t size) { sizes[message] = size; };
  socket.UniqueIDListed = [&](std::uint32_t, std::string_view id) { ids += !id.empty(); };
  std::string data;
  socket.MessageData = [&](std::uint32_t, std::string_view bytes) {
    data += bytes;
    return false;
  };
  socket.MessageReceived = [&](std::uint32_t message, std::uint64_t size) {
    Expect(size == data.size() && size == sizes[message], before + "sizes differ");
    got[message].swap(data);
    data.clear();
  };
  socket.TopLinesReceived = [&](std::uint32_t message, std::uint64_t) {
    tops = got[message].compare(0, data.size(), data) == 0 && data.find("\r\n\r\n") == data.size() - 4;
    data.clear();
  };
  socket.MessageDeleted = [&](std::uint32_t) { ++deleted; };
  // Dovecot takes commands in groups.
  int in_a_row = 0, most = 0;
  socket.Transcript = [&](smtpoll::Side side, const std::string&) {
    in_a_row = side == smtpoll::Side::Client ? in_a_row + 1 : 0;
    if (in_a_row > most) most = in_a_row;
  };
  socket.Disconnected = [&] { ended = true; };
  socket.Connect();
  socket.ListMessages();
  socket.ListUniqueIDs();
  socket.CountMessages();
  while (socket.Poll(1000)) continue;
  Expect(ended, before + "the session did not end well");
  Expect(socket.Pipelining ? most >= 3 : most == 1, before + "the commands went in other groups");
  Expect(count == sent.size() && got.size() == count && ids == count, before + "not all messages are there");
  for (std::size_t i = 0; i < sent.size() && i < got.size(); ++i)
    Expect(IsSame(got[static_cast<std::uint32_t>(i + 1)], sent[i]),
           before + "message " + std::to_string(i + 1) + " differs");
  Expect(deleted == (deletes ? count : 0) && (deletes || tops), before + "TOP or DELE");
  std::printf("%s: %u messages\n", way, count);
}

template <typename Session>
void FetchBlocking(const char* way, Session& session, const char* host, std::uint16_t port,
                   const std::vector<std::string>& sent) {
  const std::string before = std::string(way) + ": ";
  const smtpoll::Error error = session.Connect(host, port);
  Expect(!error, before + ToString(error));
  const smtpoll::MailboxCount count = session.Count();
  Expect(count && count.messages == sent.size(), before + "not all messages are there");
  for (std::uint32_t i = 1; i <= count.messages; ++i) {
    std::string got;
    const smtpoll::Error fetched = session.Retrieve(i, [&got](std::string_view bytes) { got += bytes; });
    Expect(!fetched && IsSame(got, sent[i - 1]), before + "message " + std::to_string(i) + " differs");
  }
  const smtpoll::Error missing = session.Retrieve(99, [](std::string_view) {});
  Expect(missing.Code() == Errc::CommandRefused && missing.command.View() == "RETR 99", before + ToString(missing));
  Expect(!session.Noop(), before + "NOOP");
  Expect(!session.Quit(), before + "QUIT");
  std::printf("%s: %u messages\n", way, count.messages);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s HOST LMTP_PORT POP3_PORT POP3S_PORT AUTHORITY_FILE\n", argv[0]);
    return 2;
  }
  const char* const host = argv[1];
  const auto port = [argv](int which) { return static_cast<std::uint16_t>(std::atoi(argv[which])); };
  std::vector<std::string> sent = MakeMessages();
  Deliver(host, port(2), sent);

  {
    smtpoll::Pop3Session session;
    SetUp(session);
    Expect(session.Connect(host, port(3)).Code() == Errc::CredentialsOnPlainWire,
           "plain text is not allowed by itself");
    session.AllowPlaintextCredentials = true;
    FetchBlocking("plain text, the strongest mechanism", session, host, port(3), sent);
    session.EncryptPassword = true;
    FetchBlocking("plain text, APOP", session, host, port(3), sent);
    session.Password = "open barley";
    const smtpoll::Error error = session.Connect(host, port(3));
    Expect(
        error.Code() == Errc::AuthenticationFailed && !error.text.empty() && error.command.View() == "APOP alice ****",
        "a wrong password by APOP: " + ToString(error));
  }
  {
    smtpoll::BasicPop3Session<OldServer> session;
    SetUp(session);
    session.AllowPlaintextCredentials = true;
    FetchBlocking("plain text, USER and PASS", session, host, port(3), sent);
    session.Password = "open barley";
    const smtpoll::Error error = session.Connect(host, port(3));
    Expect(error.Code() == Errc::AuthenticationFailed && error.command.View() == "PASS ****",
           "a wrong password by PASS: " + ToString(error));
  }
  {
    smtpoll::SecurePop3Session session;
    SetUp(session);
    Expect(session.Connect(host, port(3)).Code() == Errc::CertificateUntrusted, "an unknown authority");
    session.CertificateAuthorityFile = argv[5];
    for (const AuthMechanism mechanism : {AuthMechanism::ScramSha256, AuthMechanism::ScramSha1, AuthMechanism::CramMd5,
                                          AuthMechanism::Plain, AuthMechanism::Login}) {
      session.Mechanism = mechanism;
      FetchBlocking(std::string(Name(mechanism)).append(" over STLS").c_str(), session, host, port(3), sent);
    }
    session.Password = "open barley";
    const smtpoll::Error error = session.Connect(host, port(3));
    Expect(error.Code() == Errc::AuthenticationFailed && error.command.View() == "AUTH LOGIN",
           "a wrong password by AUTH: " + ToString(error));
  }
  {
    // What is marked stays where the session does not end by QUIT.
    smtpoll::SecurePop3Session session;
    SetUp(session);
    session.CertificateAuthorityFile = argv[5];
    session.POP3ConnectionType = smtpoll::SecurePop3Session::POP3ConnectionTypes::SSLTLS;
    Expect(!session.Connect(host, port(4)) && session.SSLConnected(), "implicit TLS");
    Expect(!session.Delete(1) && session.Count().messages == sent.size() - 1, "DELE");
    Expect(!session.Reset() && session.Count().messages == sent.size(), "RSET");
    Expect(!session.Delete(1), "DELE");
    session.Close();
    // And a part of them is gone where it does.
    FetchBlocking("implicit TLS", session, host, port(4), sent);
    Expect(!session.Connect(host, port(4)) && !session.Delete(2) && !session.Quit(), "DELE 2");
    sent.erase(sent.begin() + 1);
  }
  {
    smtpoll::POP3SecureSocket socket;
    SetUp(socket);
    socket.Address = host;
    socket.Port = port(3);
    socket.CertificateAuthorityFile = argv[5];
    FetchByPoll("STLS, by Poll", socket, sent, false);
    socket.POP3ConnectionType = smtpoll::POP3SecureSocket::POP3ConnectionTypes::SSLTLS;
    socket.Port = port(4);
    FetchByPoll("implicit TLS, by Poll", socket, sent, false);
    smtpoll::POP3Socket plain;
    SetUp(plain);
    plain.AllowPlaintextCredentials = true;
    plain.Address = host;
    plain.Port = port(3);
    FetchByPoll("plain text, by Poll", plain, sent, false);
    plain.Pipelining = false;
    FetchByPoll("one command at a time", plain, sent, false);
    plain.Pipelining = true;
    FetchByPoll("deleting", socket, sent, true);
    FetchByPoll("empty", plain, {}, true);
  }
  Deliver(host, port(2), {sent.front()});
  std::printf("%d faults\n", faults);
  return faults == 0 ? 0 : 1;
}
