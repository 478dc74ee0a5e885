// A small SMTP receiver made of SMTPSocket's Listen, Read and Write: it takes mail on loopback and stores each message
// as a numbered .eml file. It is driven by Poll like everything else, so client and server can share one thread. It
// checks the order of commands, undoes transparency, and bounds what it keeps (RFC 5321); it relays nothing.
#pragma once

#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <list>
#include <string>
#include <utility>
#include <vector>

/// One accepted message.
struct ReceivedMail {
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string content;    // as sent, transparency undone
  std::string file_name;  // empty where no folder was given
};

class Receiver {
 public:
  /// Stores messages in `folder`, which must exist; with an empty one it only keeps them.
  explicit Receiver(std::string folder = {}) : folder_(std::move(folder)) {}

  /// Listens on `port` of 127.0.0.1, or on one that the system picks; false where it is taken.
  bool Start(std::uint16_t port = 0) {
    port_ = port;
    return Expect();
  }
  std::uint16_t Port() const { return port_; }

  /// Does what can be done now on all connections.
  void Poll() {
    for (auto it = connections_.begin(); it != connections_.end();) {
      it->wire.Poll();
      if (it->established && !it->replaced) {
        it->replaced = true;
        Expect();
      }
      it = it->finished ? connections_.erase(it) : std::next(it);
    }
  }

  /// Calls `visit` with each of its sockets, for a loop that waits for them.
  template <typename Visit>
  void ForEachSocket(Visit visit) const {
    for (const Connection& connection : connections_) visit(connection.wire);
  }

  /// Messages taken so far.
  std::vector<ReceivedMail> mails;
  /// A mailbox of this local part is refused with 550.
  std::string refused_local_part = "refused";
  /// Larger messages are refused (RFC 1870), bytes.
  std::size_t max_size = 64 * 1024 * 1024;
  /// Offer CHUNKING (RFC 3030), so that content may come by BDAT.
  bool offers_chunking = true;
  /// One recipient more in a transaction gets 452.
  std::size_t max_recipients = 1000;
  /// A further line of the EHLO reply, such as "LIMITS RCPTMAX=100"; empty for none.
  std::string keyword;
  /// Behave as servers do that offer PIPELINING and cannot: of the commands that come together only the first is read.
  bool loses_groups = false;

 private:
  static constexpr std::size_t kMaxLine = 2000;  // RFC 5321 4.5.3.1.6 asks for 1000, extensions for more

  struct Connection {
    smtpoll::SMTPSocket wire;
    ReceivedMail mail;
    bool greeted = false;
    bool has_sender = false;
    bool in_content = false;
    bool too_large = false;
    std::size_t chunk_left = 0;  // bytes of a BDAT chunk still to come
    bool last_chunk = false;
    bool established = false;
    bool replaced = false;  // somebody else listens now
    bool finished = false;
  };

  /// Puts a fresh socket on the port: an accepted connection takes its socket along.
  bool Expect() {
    Connection& connection = connections_.emplace_back();
    connection.wire.Port = port_;
    connection.wire.NetworkInterface = smtpoll::NetworkInterface("loopback", "127.0.0.1", "255.0.0.0", "");
    bool failed = false;
    connection.wire.Error = [&connection, &failed](const smtpoll::Error&) { connection.finished = failed = true; };
    connection.wire.Listen();
    port_ = connection.wire.Port;
    connection.wire.Error = [&connection](const smtpoll::Error&) { connection.finished = true; };
    connection.wire.ConnectionEstablished = [&connection](const std::string&) {
      connection.established = true;
      Say(connection, "220 receiver.test smtpoll example, at your service");
    };
    connection.wire.DataAvailable = [this, &connection] { TakeData(connection); };
    return !failed;
  }

  static void Say(Connection& connection, const std::string& reply) { connection.wire.Write(reply + "\r\n"); }

  /// Handles the chunks and the whole lines that are there; a line that has not ended yet stays in the receive buffer.
  void TakeData(Connection& connection) {
    const std::string bytes = connection.wire.Lookahead();
    std::size_t start = 0;
    while (start < bytes.size() && !connection.finished) {
      if (connection.chunk_left != 0) {
        const std::string piece = bytes.substr(start, connection.chunk_left);
        start += piece.size();
        TakeChunk(connection, piece);
        continue;
      }
      const std::size_t end = bytes.find("\r\n", start);
      if (end == std::string::npos) break;
      const std::string line = bytes.substr(start, end - start);
      start = loses_groups && !connection.in_content ? bytes.size() : end + 2;
      if (connection.in_content)
        TakeContentLine(connection, line);
      else
        TakeCommand(connection, line);
    }
    connection.wire.Read(start);
    if (connection.wire.BytesAvailable() <= kMaxLine) return;
    Say(connection, "500 5.5.2 line too long");
    HangUp(connection);
  }

  void TakeCommand(Connection& connection, const std::string& line) {
    using smtpoll::detail::EqualIgnoringCase;
    using smtpoll::detail::StartsWithIgnoringCase;
    const std::string_view verb = std::string_view(line).substr(0, line.find(' '));
    if (StartsWithIgnoringCase(line, "MAIL FROM:")) return Mail(connection, line);
    if (StartsWithIgnoringCase(line, "RCPT TO:")) return Recipient(connection, line);
    if (EqualIgnoringCase(verb, "DATA")) return Data(connection);
    if (EqualIgnoringCase(verb, "BDAT") && offers_chunking) return StartChunk(connection, line);
    if (EqualIgnoringCase(verb, "NOOP")) return Say(connection, "250 2.0.0 ok");
    if (EqualIgnoringCase(verb, "VRFY")) return Say(connection, "252 2.1.5 send it and see");
    if (EqualIgnoringCase(verb, "EHLO") || EqualIgnoringCase(verb, "HELO")) {
      connection.greeted = true;
      Reset(connection);
      if (EqualIgnoringCase(verb, "HELO")) return Say(connection, "250 receiver.test");
      return Say(connection, "250-receiver.test\r\n250-SIZE " + std::to_string(max_size) +
                                 "\r\n250-PIPELINING\r\n250-8BITMIME\r\n" +
                                 (offers_chunking ? "250-CHUNKING\r\n" : "") +
                                 (keyword.empty() ? "" : "250-" + keyword + "\r\n") + "250 ENHANCEDSTATUSCODES");
    }
    if (EqualIgnoringCase(verb, "RSET")) {
      Reset(connection);
      return Say(connection, "250 2.0.0 ok");
    }
    if (EqualIgnoringCase(verb, "QUIT")) {
      Say(connection, "221 2.0.0 bye");
      return HangUp(connection);
    }
    Say(connection, "500 5.5.2 command not known");
  }

  void Mail(Connection& connection, const std::string& line) {
    if (!connection.greeted) return Say(connection, "503 5.5.1 EHLO first");
    if (connection.has_sender) return Say(connection, "503 5.5.1 one MAIL at a time");
    std::string path, parameters;
    if (!SplitPath(line, path, parameters)) return Say(connection, "501 5.1.7 bad reverse-path");
    const std::size_t size = parameters.find("SIZE=");
    std::uint64_t announced = 0;
    if (size != std::string::npos) {
      const std::string digits = parameters.substr(size + 5, parameters.find(' ', size) - size - 5);
      if (!smtpoll::detail::ParseDecimal(digits, announced)) return Say(connection, "501 5.5.4 bad SIZE");
    }
    if (announced > max_size) return Say(connection, "552 5.3.4 too large");
    connection.has_sender = true;
    connection.mail.reverse_path = path;
    Say(connection, "250 2.1.0 ok");
  }

  void Recipient(Connection& connection, const std::string& line) {
    if (!connection.has_sender) return Say(connection, "503 5.5.1 MAIL first");
    std::string path, parameters;
    if (!SplitPath(line, path, parameters) || path.empty()) return Say(connection, "501 5.1.3 bad recipient");
    if (path.substr(0, path.rfind('@')) == refused_local_part) return Say(connection, "550 5.1.1 no such user");
    if (connection.mail.recipients.size() == max_recipients) return Say(connection, "452 4.5.3 too many recipients");
    connection.mail.recipients.push_back(path);
    Say(connection, "250 2.1.5 ok");
  }

  void Data(Connection& connection) {
    if (!connection.has_sender) return Say(connection, "503 5.5.1 MAIL first");
    if (connection.mail.recipients.empty()) return Say(connection, "554 5.5.1 no valid recipients");
    connection.in_content = true;
    Say(connection, "354 end with a line that is a single dot");
  }

  /// `BDAT 1234 LAST`: so many bytes follow, whatever they are (RFC 3030 2).
  void StartChunk(Connection& connection, const std::string& line) {
    std::uint64_t size = 0;
    const std::size_t end = line.find(' ', 5);
    if (line.size() < 6 || !smtpoll::detail::ParseDecimal(line.substr(5, end - 5), size) || size > max_size) {
      Say(connection, "501 5.5.4 bad chunk size");
      return HangUp(connection);  // nobody knows where the next command starts
    }
    connection.last_chunk = end != std::string::npos && smtpoll::detail::EqualIgnoringCase(line.substr(end), " LAST");
    connection.chunk_left = static_cast<std::size_t>(size);
    if (size == 0) EndChunk(connection);
  }

  void TakeChunk(Connection& connection, const std::string& piece) {
    std::string& content = connection.mail.content;
    connection.chunk_left -= piece.size();
    connection.too_large = connection.too_large || content.size() + piece.size() > max_size;
    if (!connection.too_large && !connection.mail.recipients.empty()) content += piece;
    if (connection.chunk_left == 0) EndChunk(connection);
  }

  void EndChunk(Connection& connection) {
    if (connection.mail.recipients.empty()) return Say(connection, "503 5.5.1 no valid recipients");
    if (connection.last_chunk) return EndContent(connection);
    Say(connection, "250 2.0.0 got it");
  }

  void TakeContentLine(Connection& connection, const std::string& line) {
    std::string& content = connection.mail.content;
    if (line != ".") {
      connection.too_large = connection.too_large || content.size() + line.size() > max_size;
      // RFC 5321 4.5.2: a leading dot is the sender's transparency.
      if (!connection.too_large) content.append(line, line[0] == '.' ? 1 : 0).append("\r\n");
      return;
    }
    EndContent(connection);
  }

  void EndContent(Connection& connection) {
    if (connection.too_large) {
      Say(connection, "552 5.3.4 too large");
    } else if (Store(connection.mail)) {
      Say(connection, "250 2.0.0 stored as number " + std::to_string(mails.size() + 1));
      mails.push_back(std::move(connection.mail));
    } else {
      Say(connection, "451 4.3.0 cannot store it");
    }
    Reset(connection);
  }

  bool Store(ReceivedMail& mail) const {
    if (folder_.empty()) return true;
    mail.file_name = folder_ + "/" + std::to_string(mails.size() + 1) + ".eml";
    std::FILE* file = std::fopen(mail.file_name.c_str(), "wb");
    if (file == nullptr) return false;
    const bool written = std::fwrite(mail.content.data(), 1, mail.content.size(), file) == mail.content.size();
    return std::fclose(file) == 0 && written;
  }

  /// `MAIL FROM:<path> parameters`; a quoted local part may hold any character.
  static bool SplitPath(const std::string& line, std::string& path, std::string& parameters) {
    const std::size_t start = line.find(':') + 1;
    if (line.compare(start, 1, "<") != 0) return false;
    bool quoted = false;
    for (std::size_t i = start + 1; i < line.size(); ++i) {
      if (line[i] == '\\' && quoted) {
        ++i;
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (line[i] == '>' && !quoted) {
        path = line.substr(start + 1, i - start - 1);
        parameters = line.substr(i + 1);
        return true;
      }
    }
    return false;
  }

  static void Reset(Connection& connection) {
    connection.mail = {};
    connection.has_sender = connection.in_content = connection.too_large = false;
    connection.chunk_left = 0;
  }

  static void HangUp(Connection& connection) {
    connection.wire.Flush();
    connection.wire.Close();
    connection.finished = true;
  }

  std::string folder_;
  std::uint16_t port_ = 0;
  std::list<Connection> connections_;
};
