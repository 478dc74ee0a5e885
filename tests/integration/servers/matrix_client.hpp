// What the rows of the matrix share: where the server is and what it offers, a client that takes notes of all it is
// told, messages that can be known again, and the report. Invariant: each message that must arrive is in the report,
// and its content in the folder, so that whoever looks into the server's store needs to know nothing else.
#pragma once

#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matrix {

using smtpoll::AuthMechanism;
using smtpoll::Capabilities;
using smtpoll::EmailMessage;
using smtpoll::Errc;
using smtpoll::Extension;
using smtpoll::Security;

/// A server as its recipe started it. The user is alice; her password, which is her access token too, opensesame.
struct Server {
  std::uint16_t port = 0;
  std::string authority;     ///< A file: who signed the server's certificate.
  std::string folder;        ///< Where the contents go.
  Capabilities plain;        ///< What the server offers before TLS.
  Capabilities secure;       ///< And after it; the same as before, where there is none.
  smtpoll::Error tls_error;  ///< Why there is none, though the server offers it.

  bool Offers(Extension extension) const { return secure.Has(extension); }
  bool HasTls() const { return plain.Has(Extension::StartTls) && !tls_error; }
};

/// How a client goes to its server.
enum class Wire { Plain, Best };

/// Puts into `settings` all it takes to go to `server`: TLS and credentials, where there is TLS and AUTH.
inline void Prepare(smtpoll::SecureSettings& settings, const Server& server, Wire wire) {
  const bool tls = wire == Wire::Best && server.HasTls();
  settings.Security = tls ? Security::Required : Security::NoneAllowed;
  settings.CertificateAuthorityFile = server.authority;
  settings.AllowPlaintextCredentials = !tls;
  if ((tls ? server.secure : server.plain).Has(Extension::Auth)) {
    settings.UserName = "alice";
    settings.Password = "opensesame";
  }
  settings.Timeouts.connect = settings.Timeouts.greeting = settings.Timeouts.hello = 60000;
}

/// One socket and what it was told.
class Client {
 public:
  explicit Client(const Server& server, Wire wire = Wire::Best) {
    Prepare(socket, server, wire);
    socket.Address = "127.0.0.1";
    socket.Port = server.port;
    socket.ConnectionEstablished = [this](const std::string& greeting) {
      ++connections;
      last_greeting = greeting;
    };
    socket.Error = [this](const smtpoll::Error& told) {
      if (!error) error = told;
    };
    socket.ServerError = [this](int id, const std::string& text, const EmailMessage&) {
      refused_by = id;
      refusal = std::to_string(id) + " " + text;
    };
    socket.MessageSent = [this](const EmailMessage&) {
      ++sent;
      if (socket.SSLConnected()) tls = socket.Layer().ProtocolName();
    };
    socket.MessageFinished = [this](const EmailMessage&, const smtpoll::SendResult& result) { finished = result; };
    socket.Transcript = [this](smtpoll::Side side, const std::string& line) {
      dialogue.push_back((side == smtpoll::Side::Client ? "C: " : "S: ") + line);
    };
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends all that is queued.
  void Send() {
    socket.SendMail();
    while (socket.Poll(10000)) continue;
  }
  void Send(EmailMessage mail) {
    socket.Messages.Append(std::move(mail));
    Send();
  }
  /// A line of the dialogue begins so; of the client with "C: ", of the server with "S: ".
  bool Said(std::string_view start) const {
    for (const std::string& line : dialogue)
      if (line.compare(0, start.size(), start) == 0) return true;
    return false;
  }
  /// A line of the client holds `part`.
  bool SaidWith(std::string_view part) const {
    for (const std::string& line : dialogue)
      if (line[0] == 'C' && line.find(part) != std::string::npos) return true;
    return false;
  }
  /// Why not all went well, for a report.
  std::string Story() const {
    std::string story = std::to_string(sent) + " sent over " + std::to_string(connections) + " connection(s)";
    if (error) story += "; " + ToString(error);
    if (!refusal.empty()) story += "; refused: " + refusal;
    if (socket.InDoubt.Count() != 0) story += "; in doubt: " + std::to_string(socket.InDoubt.Count());
    if (socket.Messages.Count() != 0) story += "; queued: " + std::to_string(socket.Messages.Count());
    return story;
  }

  smtpoll::SMTPSecureSocket socket;
  int connections = 0;
  int sent = 0;
  int refused_by = 0;
  std::string refusal;
  std::string last_greeting;
  std::string tls;  ///< The TLS version of the connection that the last message was sent through.
  smtpoll::Error error;
  smtpoll::SendResult finished;
  std::vector<std::string> dialogue;
};

/// A row of the table: tells its cell when it ends. What does not hold makes it a fault; the first one is told.
class Row {
 public:
  Row(const Server& server, std::string name) : server_(server), name_(std::move(name)) {}
  ~Row() {
    for (char& c : note_)
      if (c == '\t' || c == '\n' || c == '\r') c = ' ';
    std::printf("cell\t%s\t%s\t%s\n", name_.c_str(), status_, note_.c_str());
    std::fflush(stdout);
  }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  void Need(bool what, const std::string& saying) {
    if (what || *status_ == 'f') return;
    status_ = "fault";
    note_ = saying;
  }
  /// The server does not offer it; nothing else was to be tested.
  void NotOffered() {
    if (*status_ == 'o') status_ = "missing";
  }
  /// What stands in the cell instead of "yes".
  void Note(std::string_view note) {
    if (*status_ == 'o') note_ = note;
  }

  /// A message for bob, to be known again by its key, with `body` as its only part.
  EmailMessage Mail(const std::string& body) {
    key_ = Slug() + "-" + std::to_string(++made_);
    EmailMessage mail;
    mail.FromAddress = "sender@test.example";
    mail.ToAddress = "bob@test.example";
    mail.Subject = name_;
    mail.BodyPlainText = body;
    mail.Headers.AppendHeader("X-Matrix-Key", key_);
    Keep("body", body);
    return mail;
  }
  /// The last message that was made must arrive at `recipient`, once.
  void Expect(const std::string& recipient = "bob@test.example", const std::string& sender = "sender@test.example") {
    std::printf("mail\t%s\t%s\t%s\t%s\n", name_.c_str(), key_.c_str(), recipient.c_str(), sender.c_str());
  }
  /// A report that the last message was delivered must come to its sender, and name `envelope_id`.
  void ExpectReport(const std::string& envelope_id) {
    std::printf("report\t%s\t%s\t%s\n", name_.c_str(), key_.c_str(), envelope_id.c_str());
  }
  /// Says what the last message is known by where it is not its body; returns the file that the content belongs into.
  std::string KeepAttachment() {
    Keep("attachment", "");
    return server_.folder + "/" + key_ + ".bin";
  }

 private:
  std::string Slug() const {
    std::string slug = name_;
    for (char& c : slug)
      if (c == ' ') c = '-';
    return slug;
  }
  void Keep(const char* kind, const std::string& content) const {
    std::ofstream(server_.folder + "/" + key_ + ".kind") << kind;
    std::ofstream(server_.folder + "/" + key_ + ".bin", std::ios::binary) << content;
  }

  const Server& server_;
  std::string name_;
  std::string key_;
  std::string note_;
  const char* status_ = "ok";
  int made_ = 0;
};

}  // namespace matrix
