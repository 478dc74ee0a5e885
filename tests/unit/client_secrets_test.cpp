// Looks for secrets where none may be: in the object once it is authenticated, in it after its end, in every block of
// the heap that is given back, in the transcript and in errors. All mechanisms, both proxies, and ends half-way.
#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "heap_watch.hpp"
#include "memory_wire.hpp"
#include "smtpoll/base/sha2.hpp"
#include "smtpoll/socket/http_proxy.hpp"
#include "smtpoll/socket/socks5_proxy.hpp"

using smtpoll::AuthMechanism;

namespace {

/// What nobody may find; and how often it was found.
std::vector<std::string> secrets;
int found = 0;

void Look(const char* block, std::size_t size) {
  for (const std::string& secret : secrets)
    if (std::string_view(block, size).find(secret) != std::string_view::npos) ++found;
}

/// Every piece of `size` bytes of `text` is a secret.
void Hide(const std::string& text, std::size_t size = 8) {
  for (std::size_t i = 0; i + size <= text.size(); ++i) secrets.push_back(text.substr(i, size));
}

std::string Encoded(const std::string& text) {
  std::string encoded(smtpoll::detail::Base64Size(text.size()), '#');
  smtpoll::detail::Base64Encode(text.data(), text.size(), &encoded[0]);
  return encoded;
}

/// A server that keeps nothing but the line that it reads, outside of the socket and the heap.
class ForgetfulSocket : public MemoryWire {
 public:
  inline static const char* mechanism = "";
  inline static std::size_t takes = SIZE_MAX;  // bytes of the session, then no more
  inline static bool refuses = false;
  inline static std::string_view proxy_answer;  // comes before the session

  static void Restart(const char* name, bool refuse, std::string_view proxy = {}) {
    mechanism = name;
    refuses = refuse;
    takes = SIZE_MAX;
    proxy_answer = proxy;
    line_size_ = waiting_ = step_ = 0;
    Say(proxy.empty() ? "220 mx\r\n" : proxy);
    speaks_ = proxy.empty();
  }

  smtpoll::IoResult Read(char* into, std::size_t room) {
    if (waiting_ == 0) return smtpoll::IoResult::TryAgain();
    const std::size_t size = waiting_ < room ? waiting_ : room;
    std::memcpy(into, reply_, size);
    std::memmove(reply_, reply_ + size, waiting_ -= size);
    if (waiting_ == 0 && !speaks_) {
      speaks_ = true;
      line_size_ = 0;
      Say("220 mx\r\n");
    }
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    if (size > takes) size = takes;
    if (size == 0) return smtpoll::IoResult::TryAgain();
    takes -= size;
    for (std::size_t i = 0; i < size; ++i) {
      line_[line_size_++ % sizeof line_] = bytes[i];
      if (bytes[i] != '\n' || !speaks_) continue;
      Answer({line_, line_size_ - 2});
      line_size_ = 0;
    }
    return smtpoll::IoResult::Ok(size);
  }

 private:
  static void Say(std::string_view text) {
    std::memcpy(reply_ + waiting_, text.data(), text.size());
    waiting_ += text.size();
  }

  static void Answer(std::string_view line) {
    const std::string_view name(mechanism);
    if (line.substr(0, 4) == "EHLO") {
      Say("250-mx\r\n250 AUTH ");
      Say(mechanism);
      Say("\r\n");
    } else if (line == "QUIT") {
      Say("221 bye\r\n");
    } else if (name == "LOGIN" && step_ < 2) {
      ++step_;
      Say(step_ == 1 ? "334 VXNlciBOYW1lAA==\r\n" : "334 UGFzc3dvcmQA\r\n");
    } else if (name == "CRAM-MD5" && step_ < 1) {
      ++step_;
      Say("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n");
    } else if (name.substr(0, 5) == "SCRAM" && step_ < 1) {
      ++step_;
      char text[256], whole[256];
      const std::string_view first = line.substr(line.rfind(' ') + 1);
      const std::size_t size = smtpoll::detail::Base64Decode(first, text, sizeof text);
      const std::string_view nonce(text + std::string_view(text, size).rfind("r="), 26);
      std::string_view pieces[] = {nonce, "theirs,s=c2FsdHNhbHQ=,i=4096"};
      std::size_t at = 0;
      for (const std::string_view piece : pieces) at += piece.copy(whole + at, piece.size());
      Say("334 ");
      waiting_ += smtpoll::detail::Base64Encode(whole, at, reply_ + waiting_);
      Say("\r\n");
    } else if (refuses || name.substr(0, 5) == "SCRAM") {
      Say("535 5.7.8 no\r\n");
    } else {
      Say("235 hi\r\n");
    }
  }

  inline static char line_[4096];
  inline static std::size_t line_size_ = 0;
  inline static char reply_[4096];
  inline static std::size_t waiting_ = 0;
  inline static int step_ = 0;
  inline static bool speaks_ = true;
};

constexpr char kUser[] = "alice";
constexpr char kPassword[] = "k7Qz-vX2m9-Lp4wT-hR8yN3-bJ6dF1-sG5cW0-uE2iA7";
constexpr char kToken[] = "ya29.Zt4Kq-8xYpLw-3mVbNr-7sHdGf-1cJzQe-5uTiOa";

/// Runs one client in memory that can be looked at after its end. What `Prepare` sets may hold secrets on the heap.
template <typename Socket, typename Prepare>
smtpoll::Error RunClient(std::size_t takes, Prepare&& prepare) {
  using Client = smtpoll::BasicSMTPSocket<Socket>;
  alignas(Client) static char memory[sizeof(Client)];
  std::memset(memory, 0, sizeof memory);
  smtpoll::Error last;
  found = 0;
  ForgetfulSocket::takes = takes;
  heap_watch = &Look;
  {
    auto* const client = new (memory) Client;
    client->Address = "mx.y.org";
    client->Port = 25;
    client->AllowPlaintextCredentials = true;
    client->ClientName = "me";
    client->Transcript = [](smtpoll::Side, const std::string& line) { Look(line.data(), line.size()); };
    prepare(*client);
    client->Connect();
    for (int i = 0; i < 200; ++i) client->Poll();
    last = client->LastError();
    // While a response is on its way it has to stand somewhere; later it must not.
    if (takes == SIZE_MAX) Look(memory, sizeof memory);
    client->~Client();
  }
  Look(memory, sizeof memory);
  heap_watch = nullptr;
  const std::string text = ToString(last);
  Look(text.data(), text.size());
  return last;
}

void Use(smtpoll::ClientSettings& client, const char* mechanism) {
  client.UserName = kUser;
  const bool bearer = std::strstr(mechanism, "OAUTH") != nullptr;
  (bearer ? client.AccessToken : client.Password) = bearer ? kToken : kPassword;
}

}  // namespace

TEST_CASE("Secrets: none is left in the object, on the heap, in the transcript or in an error") {
  using smtpoll::detail::Hmac;
  using smtpoll::detail::Sha256;
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256"}) {
    const std::string name(mechanism), user(kUser), password(kPassword), token(kToken);
    secrets.clear();
    Hide(password);
    Hide(token);
    Hide(Encoded(std::string("\0alice\0", 7) + password));
    Hide(Encoded(password));
    Hide(Encoded("n,a=alice,\1auth=Bearer " + token + "\1\1").substr(32));
    Hide(Encoded("user=alice\1auth=Bearer " + token + "\1\1").substr(32));
    // What SCRAM derives: the salted password, the client's key, and the states of HMAC under the password.
    smtpoll::detail::Pbkdf2<Sha256> derivation(password);
    derivation.AddSalt("saltsalt");
    derivation.Start(4096);
    while (!derivation.Step(4096)) {
    }
    Hide(std::string(derivation.Key()));
    char key[Sha256::kSize];
    Hmac<Sha256>(derivation.Key()).Code("Client Key", key);
    Hide(std::string(key, sizeof key));
    for (const std::string_view keyed : {std::string_view(password), derivation.Key()}) {
      Hmac<Sha256> hmac(keyed);
      std::string states(2 * Sha256::kSize, '\0');
      std::memcpy(&states[0], static_cast<const void*>(&hmac), states.size());
      Hide(states);
    }
    for (const bool refuses : {false, true}) {
      CAPTURE(name);
      CAPTURE(refuses);
      ForgetfulSocket::Restart(mechanism, refuses);
      const smtpoll::Error error = RunClient<ForgetfulSocket>(SIZE_MAX, [&](auto& client) { Use(client, mechanism); });
      const bool fails = refuses || name == "SCRAM-SHA-256";
      CHECK(error.Code() == (fails ? smtpoll::Errc::AuthenticationFailed : smtpoll::Errc::None));
      CHECK(found == 0);
    }
    // The client ends while a part of what it says is still to go.
    for (std::size_t takes = 0; takes < 200; takes += 7) {
      ForgetfulSocket::Restart(mechanism, false);
      RunClient<ForgetfulSocket>(takes, [&](auto& client) { Use(client, mechanism); });
      CHECK(found == 0);
    }
  }
}

TEST_CASE("Secrets: a provider's token is not left anywhere either") {
  secrets.clear();
  Hide(kToken);
  for (const bool refuses : {false, true}) {
    ForgetfulSocket::Restart("OAUTHBEARER", refuses);
    int asked = 0;
    RunClient<ForgetfulSocket>(SIZE_MAX, [&](auto& client) {
      client.UserName = kUser;
      client.TokenProvider = [&asked](bool) {
        ++asked;
        return std::string(kToken);
      };
    });
    CHECK(asked == (refuses ? 2 : 1));
    CHECK(found == 0);
  }
}

TEST_CASE("Secrets: neither proxy keeps or tells the password") {
  secrets.clear();
  Hide(kPassword);
  Hide(Encoded(std::string(kUser) + ":" + kPassword).substr(8));
  const auto prepare = [](auto& client) {
    smtpoll::ProxySettings& proxy = client.Layer().NextLayer().Proxy;
    proxy.Address = "proxy";
    proxy.Port = 1080;
    proxy.UserName = kUser;
    proxy.Password = kPassword;
  };
  const std::string_view socks("\5\2\1\0\5\0\0\1\0\0\0\0\0\0", 14), socks_refuses("\5\2\1\1", 4);
  for (std::size_t takes = 0; takes <= 250; takes += 10) {
    const std::size_t most = takes == 250 ? SIZE_MAX : takes;
    ForgetfulSocket::Restart("", false, socks);
    CHECK(RunClient<smtpoll::Socks5Proxy<ForgetfulSocket>>(most, prepare).ErrorNumber == 0);
    CHECK(found == 0);
    ForgetfulSocket::Restart("", false, "HTTP/1.1 200 OK\r\n\r\n");
    CHECK(RunClient<smtpoll::HttpConnectProxy<ForgetfulSocket>>(most, prepare).ErrorNumber == 0);
    CHECK(found == 0);
  }
  ForgetfulSocket::Restart("", false, socks_refuses);
  const smtpoll::Error refused = RunClient<smtpoll::Socks5Proxy<ForgetfulSocket>>(SIZE_MAX, prepare);
  CHECK(refused.Code() == smtpoll::Errc::ProxyAuthentication);
  CHECK(found == 0);
}

#if defined(__GLIBC__)
TEST_CASE("Secrets: what this looks for would be found") {
  secrets.clear();
  Hide(kPassword);
  ForgetfulSocket::Restart("PLAIN", false);
  RunClient<ForgetfulSocket>(SIZE_MAX, [](auto& client) {
    Use(client, "PLAIN");
    std::string(kPassword).shrink_to_fit();
  });
  CHECK(found > 0);
}
#endif
