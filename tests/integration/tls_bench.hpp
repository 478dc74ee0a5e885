// What the table of TLS tests shares: the transport under test, which the build chooses by the macro of its library,
// and a server as a test asks for it (tls_server.py). All runs on 127.0.0.1 whatever name is connected to.
#pragma once

#include <doctest/doctest.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

#if defined(SMTPOLL_OPENSSL)
#include "smtpoll/transport/openssl.hpp"
template <typename Socket>
using TestedTransport = smtpoll::OpenSslTransport<Socket>;
constexpr bool kHasTls13 = true;
constexpr bool kHasExporter = true;
constexpr bool kIsMbedTls = false;
constexpr bool kIsSchannel = false;
#elif defined(SMTPOLL_MBEDTLS)
#include "smtpoll/transport/mbedtls.hpp"
template <typename Socket>
using TestedTransport = smtpoll::MbedTlsTransport<Socket>;
constexpr bool kHasTls13 = SMTPOLL_MBEDTLS_TLS13 != 0;
constexpr bool kHasExporter = SMTPOLL_MBEDTLS_EXPORTER != 0;
constexpr bool kIsMbedTls = true;
constexpr bool kIsSchannel = false;
#elif defined(SMTPOLL_SCHANNEL)
#include "smtpoll/transport/schannel.hpp"
template <typename Socket>
using TestedTransport = smtpoll::SchannelTransport<Socket>;
constexpr bool kHasTls13 = false;
constexpr bool kHasExporter = false;
constexpr bool kIsMbedTls = false;
constexpr bool kIsSchannel = true;
#else
#error "define SMTPOLL_OPENSSL or its like: which transport is to be tested?"
#endif

namespace tls {

using smtpoll::Errc;
using smtpoll::IoResult;
using smtpoll::IoStatus;
using smtpoll::Readiness;

constexpr smtpoll::Millis kPatience = 10000;

/// Connects to this machine, whatever the name; and moves bytes as unhandily as a test wants.
class LocalSocket : public smtpoll::NativeSocket {
 public:
  std::size_t piece = SIZE_MAX;     // bytes that one call moves at most
  bool every_second_again = false;  // each second Read and Write says Again
  std::size_t takes = SIZE_MAX;     // bytes that go out yet; then Write says Again
  int write_error = 0;              // what each Write fails with, where it is not 0
  std::string sent;                 // all that went out, as it was on the wire
  int reads = 0, waits = 0;

  IoResult Connect(const smtpoll::Endpoint& to) {
    return smtpoll::NativeSocket::Connect({"127.0.0.1", to.port, to.local_address});
  }
  IoResult Read(char* into, std::size_t room) {
    if (every_second_again && ++reads % 2 == 0) return IoResult::TryAgain();
    return smtpoll::NativeSocket::Read(into, room < piece ? room : piece);
  }
  IoResult Write(const char* bytes, std::size_t size) {
    if (write_error != 0) return IoResult::Fail(write_error);
    if (every_second_again && ++writes_ % 2 == 0) return IoResult::TryAgain();
    if (takes == 0) return IoResult::TryAgain();
    size = size < piece ? size : piece;
    const IoResult result = smtpoll::NativeSocket::Write(bytes, size < takes ? size : takes);
    if (result.status != IoStatus::Done) return result;
    sent.append(bytes, result.size);
    if (takes != SIZE_MAX) takes -= result.size;
    return result;
  }
  Readiness Wait(Readiness what, smtpoll::Millis at_most) {
    ++waits;
    // What the test holds back is ready all the same.
    return every_second_again ? what : smtpoll::NativeSocket::Wait(what, at_most);
  }

 private:
  int writes_ = 0;
};

using Session = smtpoll::BasicSession<LocalSocket, TestedTransport>;
using MailSocket = smtpoll::BasicSMTPSocket<LocalSocket, TestedTransport>;
using Transport = TestedTransport<LocalSocket>;

/// A file that tls_certificates.sh has made.
inline std::string File(const std::string& name) {
  const char* const folder = std::getenv("TLS_FOLDER");
  REQUIRE_MESSAGE(folder != nullptr, "run by tls_run.py");
  return std::string(folder) + "/" + name;
}

inline std::string ReadFile(const std::string& name) {
  std::ifstream file(File(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A server that lives as long as this.
class Server {
 public:
  explicit Server(std::initializer_list<std::pair<const char*, std::string>> options) {
    const char* const control = std::getenv("TLS_CONTROL_PORT");
    REQUIRE_MESSAGE(control != nullptr, "run by tls_run.py");
    IoResult result = control_.Connect({"127.0.0.1", static_cast<std::uint16_t>(std::atoi(control)), {}});
    while (result.status == IoStatus::Again) {
      REQUIRE(control_.Wait(control_.ConnectWants(), kPatience) != Readiness::None);
      result = control_.ConnectStep();
    }
    REQUIRE(result.status == IoStatus::Done);
    std::string line;
    for (const auto& [name, value] : options)
      line += (line.empty() ? "" : "&") + std::string(name) + "=" + Quoted(value);
    port_ = static_cast<std::uint16_t>(std::atoi(Ask(line).c_str()));
    REQUIRE(port_ != 0);
  }

  std::uint16_t Port() const { return port_; }
  /// All that the server has read: the plain text before TLS, then what came encrypted.
  std::string Saw() { return Fetch("saw"); }
  std::string Plain() { return Fetch("plain"); }
  /// What `openssl s_server` says of its connections, where it was told to talk.
  std::string Info() { return Fetch("info"); }
  /// The server has seen no envelope, no content and no credential, encrypted or not.
  bool SawNothingSecret() {
    const std::string saw = Saw();
    for (const char* secret :
         {"AUTH", "MAIL FROM", "RCPT TO", "open-sesame", "b3Blbi1zZXNhbWU", "Subject", "Top secret"})
      if (saw.find(secret) != std::string::npos) return false;
    return true;
  }

 private:
  static std::string Quoted(const std::string& text) {
    std::string quoted;
    for (const char c : text) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0)
        quoted += c;
      else
        quoted += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return quoted;
  }

  /// Reads one line; what comes behind it stays in rest_.
  std::string Ask(const std::string& line) {
    const std::string request = line + "\n";
    REQUIRE(control_.Write(request.data(), request.size()).size == request.size());
    std::size_t end;
    while ((end = rest_.find('\n')) == std::string::npos) Fill();
    const std::string answer = rest_.substr(0, end);
    rest_.erase(0, end + 1);
    return answer;
  }
  std::string Fetch(const char* what) {
    const auto size = static_cast<std::size_t>(std::atol(Ask(what).c_str()));
    while (rest_.size() < size) Fill();
    return std::exchange(rest_, {});
  }
  void Fill() {
    char bytes[4096];
    REQUIRE(control_.Wait(Readiness::Read, 3 * kPatience) == Readiness::Read);
    const IoResult result = control_.Read(bytes, sizeof bytes);
    REQUIRE_MESSAGE(result.status == IoStatus::Done, "tls_server.py has ended the control connection");
    rest_.append(bytes, result.size);
  }

  smtpoll::NativeSocket control_;
  std::string rest_;
  std::uint16_t port_ = 0;
};

/// The settings that fit a good server; the time-outs are such that a test which hangs ends.
template <typename Client>
void Prepare(Client& client) {
  client.ClientName = "me.example.org";
  client.CertificateAuthorityFile = File("ca.pem");
  client.UserName = "alice";
  client.Password = "open-sesame";
  client.Timeouts.greeting = client.Timeouts.tls = client.Timeouts.hello = kPatience;
}

inline smtpoll::EmailMessage SecretMail() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@example.org";
  mail.AddRecipient("bob@example.org");
  mail.Subject = "Secret";
  mail.BodyPlainText = "Top secret";
  return mail;
}

constexpr const char* kOffersAuth = "AUTH PLAIN LOGIN";

/// A session with the default settings that connects to `server`, with TLS as the server has it.
struct Client {
  explicit Client(bool implicit) {
    Prepare(session);
    if (implicit) session.SMTPConnectionType = Session::SMTPConnectionTypes::SSLTLS;
  }
  smtpoll::Error Connect(const Server& server, std::string_view name = "mx.example.org") {
    return session.Connect(name, server.Port());
  }
  Session session;
};

/// `text` stands in what `error` says.
inline bool Says(const smtpoll::Error& error, std::string_view text) {
  return error.text.View().find(text) != std::string_view::npos;
}

/// Whether the tested transport has TLS 1.3; where not, the case says what it leaves out.
inline bool HasTls13(const char* left_out) {
  if (!kHasTls13) MESSAGE("left out, for this transport has no TLS 1.3: " << std::string(left_out));
  return kHasTls13;
}

/// Whether the tested transport gives tls-exporter; where not, the case says so.
inline bool HasExporter() {
  if (!kHasExporter) MESSAGE("left out, for this transport has no tls-exporter");
  return kHasExporter;
}

/// Whether the tested transport cannot do `what`, being Schannel, as wine has it here; then the case says so.
inline bool SchannelCannot(const char* what) {
  if (kIsSchannel) MESSAGE("left out with Schannel: " << std::string(what));
  return kIsSchannel;
}

}  // namespace tls
