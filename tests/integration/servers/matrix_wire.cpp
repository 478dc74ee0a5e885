// Rows of the matrix: the connection, TLS, who may send, groups of commands, chunks, and what happens after idleness.
#include "matrix_rows.hpp"

#include <poll.h>

namespace matrix {

void Connects(const Server& server) {
  Row row(server, "connect, send, quit");
  Client client(server, Wire::Plain);
  client.Send(row.Mail(kDots));
  row.Expect();
  row.Need(client.sent == 1 && !client.error, client.Story());
  row.Need(!client.last_greeting.empty() && client.Said("S: 221"), "no greeting, or no 221 to QUIT");
}

void StartsTls(const Server& server) {
  Row row(server, "STARTTLS");
  if (!server.plain.Has(Extension::StartTls)) return row.NotOffered();
  row.Need(server.HasTls(), ToString(server.tls_error));
  if (!server.HasTls()) return;
  {
    Client client(server);
    client.Send(row.Mail(kDots));
    row.Expect();
    row.Need(client.sent == 1 && !client.error && !client.tls.empty(), client.Story());
    row.Note(client.tls);
  }
  // Whoever is signed by nobody we know gets nothing.
  Client stranger(server);
  stranger.socket.CertificateAuthorityFile.clear();
  stranger.Send(row.Mail(kDots));
  row.Need(stranger.error.Code() == Errc::CertificateUntrusted && stranger.sent == 0 && !stranger.Said("C: MAIL"),
           "to an untrusted certificate: " + stranger.Story());
}

void Authenticates(const Server& server, AuthMechanism mechanism) {
  const std::string name(Name(mechanism));
  Row row(server, "AUTH " + name);
  if (!server.secure.Has(mechanism)) return row.NotOffered();
  for (const bool right : {true, false}) {
    Client client(server);
    client.socket.Mechanism = mechanism;
    const std::string secret = right ? "opensesame" : "opensesamf";
    if (mechanism == AuthMechanism::OAuthBearer || mechanism == AuthMechanism::XOAuth2) {
      client.socket.Password.clear();
      client.socket.AccessToken = secret;
    } else {
      client.socket.Password = secret;
    }
    client.Send(row.Mail(kDots));
    if (right) {
      row.Expect();
      row.Need(client.sent == 1 && !client.error && client.Said("C: AUTH " + name), client.Story());
      continue;
    }
    row.Need(client.error.Code() == Errc::AuthenticationFailed, "a wrong password: " + client.Story());
    row.Need(client.sent == 0 && !client.Said("C: MAIL"), "with a wrong password something was sent");
  }
}

void Pipelines(const Server& server) {
  Row row(server, "pipelining");
  if (!server.Offers(Extension::Pipelining)) return row.NotOffered();
  Client client(server);
  client.socket.Chunking = false;
  for (int i = 0; i < 20; ++i) {
    client.socket.Messages.Append(row.Mail(std::to_string(i) + "\n" + kDots));
    row.Expect();
  }
  client.Send();
  // A server that takes commands in groups, but nothing behind the end of a content, costs a connection, once.
  row.Need(client.sent == 20 && client.connections <= 2 && !client.error, client.Story());
  if (client.connections == 2) row.Note("yes, 2 connections");
  // What is said behind MAIL before the server has answered it.
  int groups = 0;
  for (std::size_t i = 0; i + 2 < client.dialogue.size(); ++i)
    groups += client.dialogue[i].compare(0, 7, "C: MAIL") == 0 &&
              client.dialogue[i + 1].compare(0, 7, "C: RCPT") == 0 && client.dialogue[i + 2] == "C: DATA";
  row.Need(groups >= 20, std::to_string(groups) + " groups of commands");
}

void SendsChunks(const Server& server) {
  Row row(server, "chunking");
  if (!server.Offers(Extension::Chunking)) return row.NotOffered();
  Client client(server);
  for (int i = 0; i < 20; ++i) {
    client.socket.Messages.Append(row.Mail(std::to_string(i) + "\n" + kDots));
    row.Expect();
  }
  client.Send();
  row.Need(client.sent == 20 && client.connections == 1 && !client.error, client.Story());
  row.Need(client.Said("C: BDAT ") && !client.Said("C: DATA"), "not all went by BDAT");
}

namespace {

/// True once the peer has closed its side of `handle`.
bool IsClosedByPeer(int handle) {
  pollfd wait = {handle, POLLRDHUP, 0};
  return poll(&wait, 1, 0) == 1;
}

}  // namespace

void OutlivesIdleness(const Server& server) {
  Row row(server, "idle time-out, reconnect");
  Client watching(server), asleep(server);
  smtpoll::SecureSession session;
  Prepare(session, server, Wire::Best);
  session.Connect("127.0.0.1", server.port);
  for (Client* const client : {&watching, &asleep}) {
    client->socket.Connect();
    while (client->socket.Poll(1000)) continue;
  }
  const bool connected = watching.socket.IsConnected() && asleep.socket.IsConnected() && session.IsConnected();
  row.Need(connected, watching.Story());
  if (!connected) return;

  // One polls all the time; the other two do not look at their connection before they have something to send.
  const auto start = smtpoll::SMTPSecureSocket::Now();
  const auto gone = [&] {
    return !watching.socket.IsConnected() && IsClosedByPeer(asleep.socket.Handle()) &&
           IsClosedByPeer(session.Layer().NextLayer().NativeHandle());
  };
  while (!gone() && smtpoll::SMTPSecureSocket::Now() - start < 20 * 60 * 1000) {
    watching.socket.Poll(100);
    poll(nullptr, 0, 20);
  }
  row.Need(gone(), "the server does not close an idle connection within 20 minutes");
  row.Need(static_cast<bool>(watching.error), "a lost connection was not told");
  row.Note(std::to_string((smtpoll::SMTPSecureSocket::Now() - start + 500) / 1000) + " s");

  watching.error = {};
  for (Client* const client : {&watching, &asleep}) {
    client->Send(row.Mail(kDots));
    row.Expect();
    row.Need(client->sent == 1 && client->connections == 2 && !client->error,
             (client == &asleep ? "asleep: " : "watching: ") + client->Story());
  }
  const EmailMessage mail = row.Mail(kDots);
  row.Expect();
  row.Need(session.Send(mail).outcome == smtpoll::Outcome::Queued, "a session that is over has sent");
  row.Need(!session.Connect("127.0.0.1", server.port), "a session does not connect again");
  const smtpoll::SendResult& result = session.Send(mail);
  row.Need(result.Sent(), "a session that was connected again: " + ToString(result.error));
  session.Quit();
}

}  // namespace matrix
