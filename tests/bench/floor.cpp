// The floors: what a client reaches that knows its bytes beforehand and writes them to a raw socket. Nothing is checked
// but that every reply is positive, so no client can be faster by more than luck.
//
// usage: floor MODE PORT COUNT [FILE]
//   command    one command at a time          grouped   MAIL, RCPT and DATA in one group
//   across     the content's end and the next envelope are one group too
//   bdat       MAIL, RCPT and BDAT in one group           flight    16 of these groups in flight
//   base64     COUNT attachments of FILE: pread, AVX2 base64, send          binary  the same by BDAT as it is
//   recipients one message to COUNT recipients in one group
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

#include "floor_base64.hpp"
#include "work.hpp"

namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Wire {
 public:
  explicit Wire(int port) : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(handle_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Die("connect");
    const int on = 1;
    ::setsockopt(handle_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Await(1);
    Send("EHLO [127.0.0.1]\r\n");
    Await(1);
  }

  void Send(const char* bytes, std::size_t size) const {
    while (size != 0) {
      const ssize_t sent = ::send(handle_, bytes, size, MSG_NOSIGNAL);
      if (sent <= 0) Die("send");
      bytes += sent;
      size -= static_cast<std::size_t>(sent);
    }
  }
  void Send(std::string_view bytes) const { Send(bytes.data(), bytes.size()); }

  /// Reads until `replies` replies have come, each positive.
  void Await(int replies) {
    while (replies > 0) {
      if (at_ == size_) {
        const ssize_t got = ::recv(handle_, buffer_, sizeof buffer_, 0);
        if (got <= 0) Die("recv");
        at_ = 0;
        size_ = static_cast<std::size_t>(got);
      }
      const char c = buffer_[at_++];
      if (column_ == 0 && c != '2' && c != '3') Die("a refusal");
      if (column_ == 3) last_line_ = c != '-';
      ++column_;
      if (c != '\n') continue;
      column_ = 0;
      replies -= last_line_;
    }
  }

  void Quit() {
    Send("QUIT\r\n");
    Await(1);
    ::close(handle_);
  }

 private:
  int handle_;
  char buffer_[16384];
  std::size_t at_ = 0, size_ = 0;
  int column_ = 0;
  bool last_line_ = false;
};

std::string Mail() { return std::string("MAIL FROM:<") + bench::kSender + ">\r\n"; }
std::string Rcpt(const std::string& to = bench::kRecipient) { return "RCPT TO:<" + to + ">\r\n"; }

std::string Header() {
  return std::string("Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nFrom: ") + bench::kSender +
         "\r\nTo: " + bench::kRecipient + "\r\nSubject: " + bench::kSubject +
         "\r\nMessage-ID: <abcdefghijklmnopqrstuvwx@bench.example>\r\nMIME-Version: 1.0\r\n";
}
std::string Message() {
  return Header() + "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" +
         bench::Body();
}

void Small(const bench::Call& call) {
  Wire wire(call.port);
  const std::string content = Message(), end = ".\r\n", data = "DATA\r\n";
  const std::string envelope = Mail() + Rcpt();
  const std::string chunked = envelope + "BDAT " + std::to_string(content.size()) + " LAST\r\n" + content;
  if (call.mode == "command") {
    const std::string mail = Mail(), rcpt = Rcpt(), whole = content + end;
    for (int i = 0; i < call.count; ++i) {
      for (const std::string* one : {&mail, &rcpt, &data, &whole}) {
        wire.Send(*one);
        wire.Await(1);
      }
    }
  } else if (call.mode == "grouped") {
    const std::string group = envelope + data, whole = content + end;
    for (int i = 0; i < call.count; ++i) {
      wire.Send(group);
      wire.Await(3);
      wire.Send(whole);
      wire.Await(1);
    }
  } else if (call.mode == "across") {
    const std::string group = envelope + data, whole = content + end, both = whole + group;
    wire.Send(group);
    wire.Await(3);
    for (int i = 1; i < call.count; ++i) {
      wire.Send(both);
      wire.Await(4);
    }
    wire.Send(whole);
    wire.Await(1);
  } else if (call.mode == "bdat") {
    for (int i = 0; i < call.count; ++i) {
      wire.Send(chunked);
      wire.Await(3);
    }
  } else if (call.mode == "flight") {
    constexpr int kInFlight = 16;
    std::string flight;
    for (int i = 0; i < kInFlight; ++i) flight += chunked;
    for (int left = call.count; left > 0; left -= kInFlight) {
      const int here = left < kInFlight ? left : kInFlight;
      wire.Send(flight.data(), chunked.size() * static_cast<std::size_t>(here));
      wire.Await(3 * here);
    }
  } else {
    Die("no such mode");
  }
  wire.Quit();
}

void Attachment(const bench::Call& call) {
  constexpr std::size_t kLines = 640, kRaw = kLines * 57, kSlack = 32;
  const auto raw = std::make_unique<char[]>(kRaw + kSlack);
  const auto lines = std::make_unique<char[]>(kLines * 78 + kSlack);
  const bool binary = call.mode == "binary";
  const std::string boundary = "abcdefghijklmnopqrstuvwx1";
  const std::string head = Header() + "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary +
                           "\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n\r\n--" + boundary +
                           "\r\nContent-Type: application/octet-stream; name=attachment.bin\r\n" +
                           "Content-Disposition: attachment; filename=attachment.bin\r\n" +
                           "Content-Transfer-Encoding: " + (binary ? "binary" : "base64") + "\r\n\r\n";
  const std::string tail = (binary ? "\r\n--" : "--") + boundary + "--\r\n";

  Wire wire(call.port);
  for (int i = 0; i < call.count; ++i) {
    const int file = ::open(call.file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (file < 0 || ::fstat(file, &info) != 0) Die("the attachment");
    const auto whole = static_cast<std::size_t>(info.st_size);
    if (binary) {
      std::string start = Mail();
      start.insert(start.size() - 2, " BODY=BINARYMIME");
      start += Rcpt() + "BDAT " + std::to_string(head.size() + whole + tail.size()) + " LAST\r\n" + head;
      wire.Send(start);
    } else {
      wire.Send(Mail() + Rcpt() + "DATA\r\n");
      wire.Await(3);
      wire.Send(head);
    }
    std::size_t at = 0;
    while (at < whole) {
      const ssize_t got = ::pread(file, raw.get(), kRaw, static_cast<off_t>(at));
      if (got <= 0) Die("pread");
      const auto size = static_cast<std::size_t>(got);
      at += size;
      if (binary) {
        wire.Send(raw.get(), size);
        continue;
      }
      std::size_t encoded = 0;
      char* to = lines.get();
#if defined(SMTPOLL_BENCH_AVX2)
      encoded = size / 57 * 57;
      to = bench::EncodeLines(raw.get(), size / 57, to);
#endif
      for (; encoded < size; encoded += 57) {
        const std::size_t rest = size - encoded;
        to = bench::EncodeRest(raw.get() + encoded, rest < 57 ? rest : 57, to);
      }
      wire.Send(lines.get(), static_cast<std::size_t>(to - lines.get()));
    }
    ::close(file);
    wire.Send(binary ? tail : tail + ".\r\n");
    wire.Await(binary ? 3 : 1);
  }
  wire.Quit();
}

void ManyRecipients(const bench::Call& call) {
  Wire wire(call.port);
  std::string group = Mail();
  for (int i = 0; i < call.count; ++i) group += Rcpt(bench::Recipient(i));
  wire.Send(group + "DATA\r\n");
  wire.Await(2 + call.count);
  wire.Send(Message() + ".\r\n");
  wire.Await(1);
  wire.Quit();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Call call(argc, argv);
  if (call.mode == "base64" || call.mode == "binary")
    Attachment(call);
  else if (call.mode == "recipients")
    ManyRecipients(call);
  else
    Small(call);
  return 0;
}
