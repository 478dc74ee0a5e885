// A socket policy of one's own in under 60 lines: here the "wire" is a server made of a few lines in the same program.
// A TCP stack without BSD sockets (lwIP, a modem, a UART) is put under smtpoll the same way, without touching its
// files.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstring>
#include <string>

class LoopbackWire {
 public:
  using Handle = int;
  static constexpr Handle kNoHandle = -1;

  static smtpoll::Millis Now() { return 0; }  // this wire never makes anybody wait
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) {
    replies_ = "220 loopback\r\n";
    return smtpoll::IoResult::Ok();
  }
  smtpoll::IoResult ConnectStep() { return smtpoll::IoResult::Ok(); }
  smtpoll::Readiness ConnectWants() const { return smtpoll::Readiness::None; }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    if (replies_.empty()) return smtpoll::IoResult::TryAgain();
    const std::size_t size = replies_.copy(into, room);
    replies_.erase(0, size);
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    line_.append(bytes, size);
    for (std::size_t end = line_.find("\r\n"); end != std::string::npos; end = line_.find("\r\n")) {
      Serve(line_.substr(0, end));
      line_.erase(0, end + 2);
    }
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::Readiness Wait(smtpoll::Readiness what, smtpoll::Millis) { return what; }
  void Close() {}
  Handle NativeHandle() const { return kNoHandle; }
  std::size_t LocalAddress(char*, std::size_t) const { return 0; }
  std::size_t RemoteAddress(char*, std::size_t) const { return 0; }

  int delivered = 0;

 private:
  void Serve(const std::string& line) {
    if (in_content_ && line != ".") return;
    delivered += in_content_;
    in_content_ = line == "DATA";
    replies_ += in_content_ ? "354 go on\r\n" : line == "QUIT" ? "221 bye\r\n" : "250 ok\r\n";
  }

  std::string line_, replies_;
  bool in_content_ = false;
};

int main() {
  smtpoll::BasicSMTPSocket<LoopbackWire> socket;
  socket.Address = "nowhere";
  socket.Port = 25;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "chip@example.org";
  mail.AddRecipient("you@example.org");
  mail.BodyPlainText = "from a wire of my own\n";
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll()) continue;
  std::printf("%d delivered\n", socket.Layer().NextLayer().delivered);
  return socket.Layer().NextLayer().delivered == 1 ? 0 : 1;
}
