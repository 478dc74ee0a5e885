// The receiver of the benchmarks: takes mail as fast as the kernel hands it over and counts what came. Clients differ
// only where the receiver is not what they wait for, so there is one thread, one epoll, one read and one write a group.
// Invariant: a reply is sent for a command only once all of the command has arrived, `delay` milliseconds later, and
// the end of a content is found wherever the reads cut it. RFC 5321 4.1, RFC 2920, RFC 3030.
//
// usage: sink [--port=N] [--delay=MS] [--without=KEYWORD,...] [--limits=TEXT] [--keep=FOLDER]
// It prints `port N`. A line on its stdin makes it print its counts as JSON and start them anew; at the end of its
// stdin, or on SIGINT or SIGTERM, it prints them once more and ends.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "content_end.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  int port = 0;
  long delay = 0;       // milliseconds
  std::string without;  // EHLO keywords that are not offered, each between commas
  std::string limits;   // text of LIMITS (RFC 9422); empty: not offered
  std::string keep;     // folder for the contents; empty: they are only counted
};

struct Counts {
  std::uint64_t connections = 0, messages = 0, recipients = 0, commands = 0, bytes = 0, content_bytes = 0;
  std::uint64_t flights = 0;  // groups of bytes with a reply of ours before them: the client waited for something
  std::uint64_t refused = 0;  // negative replies
  std::uint64_t most_open = 0;
  double seconds = 0;  // from the first connection to the end of the last one
};

enum class Mode : std::uint8_t { Command, Content, Chunk, DroppedChunk };

struct Connection {
  int handle = -1;
  Mode mode = Mode::Command;
  bool answered = false;  // a reply has gone since bytes last came
  bool has_sender = false;
  bool binary = false;
  bool last_chunk = false;
  bool in_chunks = false;
  bool quitting = false;
  bool blocked = false;  // the wire does not take our replies: nothing is read then
  std::uint64_t recipients = 0;
  std::uint64_t chunk_left = 0;
  bench::ContentEnd end;
  std::string line;     // the beginning of a command whose end has not come
  std::string unsent;   // replies that are due
  std::string content;  // only with --keep
  std::uint64_t serial = 0;
};

struct Delayed {
  Clock::time_point due;
  int handle;
  std::uint64_t serial;
  std::string replies;
};

class Sink {
 public:
  explicit Sink(Options options) : options_(std::move(options)), buffer_(kRoom) {
    for (const char* keyword : {"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "ENHANCEDSTATUSCODES"})
      if (Offers(keyword)) ehlo_.append("250-").append(keyword).append("\r\n");
    if (!options_.limits.empty()) ehlo_.append("250-LIMITS ").append(options_.limits).append("\r\n");
    ehlo_ = "250-sink\r\n" + ehlo_ + (Offers("SIZE") ? "250 SIZE 1073741824\r\n" : "250 HELP\r\n");
  }

  bool Listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 4096) != 0) return false;
    ::getsockname(listener_, any, &size);
    std::printf("port %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    Watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    Watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD);  // a file or /dev/null cannot be watched: then only a signal ends us
    return true;
  }

  void Run(const volatile sig_atomic_t& stop) {
    epoll_event events[256];
    while (stop == 0) {
      timespec wait{};
      const timespec* timeout = nullptr;
      if (!delayed_.empty()) {
        const auto left = (delayed_.front().due - Clock::now()).count();
        wait.tv_sec = left > 0 ? left / 1000000000 : 0;
        wait.tv_nsec = left > 0 ? left % 1000000000 : 0;
        timeout = &wait;
      }
      const int count = ::epoll_pwait2(epoll_, events, 256, timeout, nullptr);
      SendDue();
      for (int i = 0; i < count; ++i) {
        const int handle = events[i].data.fd;
        if (handle == STDIN_FILENO) {
          char any[256];
          if (::read(STDIN_FILENO, any, sizeof any) <= 0) return;
          Print();
          counts_ = {};
        } else if (handle == listener_) {
          Accept();
        } else if (Connection* one = Find(handle)) {
          if ((events[i].events & EPOLLOUT) != 0 && !Push(*one)) continue;
          if ((events[i].events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) Receive(*one);
        }
      }
    }
  }

  void Print() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    const Counts& c = counts_;
    std::printf(
        "{\"connections\": %llu, \"messages\": %llu, \"recipients\": %llu, \"commands\": %llu, \"bytes\": %llu, "
        "\"content_bytes\": %llu, \"flights\": %llu, \"refused\": %llu, \"most_open\": %llu, \"seconds\": %.6f, "
        "\"sink_cpu\": %.6f}\n",
        Wide(c.connections), Wide(c.messages), Wide(c.recipients), Wide(c.commands), Wide(c.bytes),
        Wide(c.content_bytes), Wide(c.flights), Wide(c.refused), Wide(c.most_open), c.seconds, cpu);
    std::fflush(stdout);
  }

 private:
  static constexpr std::size_t kRoom = 128 * 1024;  // fits the second-level cache together with the kernel's copy

  static unsigned long long Wide(std::uint64_t value) { return value; }

  bool Offers(const std::string& keyword) const {
    return ("," + options_.without + ",").find("," + keyword + ",") == std::string::npos;
  }

  void Watch(int handle, std::uint32_t what, int how) const {
    epoll_event event{};
    event.events = what;
    event.data.fd = handle;
    ::epoll_ctl(epoll_, how, handle, &event);
  }

  Connection* Find(int handle) {
    const auto place = static_cast<std::size_t>(handle);
    return place < connections_.size() ? connections_[place].get() : nullptr;
  }

  void Accept() {
    for (;;) {
      const int handle = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (handle < 0) return;
      const int on = 1;
      ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (connections_.size() <= static_cast<std::size_t>(handle))
        connections_.resize(static_cast<std::size_t>(handle) + 1);
      auto& one = connections_[static_cast<std::size_t>(handle)];
      one = std::make_unique<Connection>();
      one->handle = handle;
      one->serial = ++serial_;
      if (counts_.connections++ == 0) first_ = Clock::now();
      if (++open_ > counts_.most_open) counts_.most_open = open_;
      Watch(handle, EPOLLIN, EPOLL_CTL_ADD);
      replies_ = "220 sink ESMTP\r\n";
      Answer(*one);
    }
  }

  void Close(Connection& one) {
    ::close(one.handle);
    --open_;
    counts_.seconds = std::chrono::duration<double>(Clock::now() - first_).count();
    connections_[static_cast<std::size_t>(one.handle)].reset();
  }

  void Receive(Connection& one) {
    const ssize_t size = ::recv(one.handle, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return Close(one);
    if (one.answered) ++counts_.flights;
    one.answered = false;
    counts_.bytes += static_cast<std::uint64_t>(size);
    replies_.clear();
    Take(one, buffer_.data(), buffer_.data() + size);
    if (!replies_.empty()) Answer(one);
  }

  /// The replies_ to what has just come go out, now or later, together.
  void Answer(Connection& one) {
    if (options_.delay == 0) {
      one.unsent += replies_;
      Push(one);
    } else {
      delayed_.push_back({Clock::now() + std::chrono::milliseconds(options_.delay), one.handle, one.serial, replies_});
    }
  }

  void SendDue() {
    if (delayed_.empty()) return;
    const auto now = Clock::now();
    while (!delayed_.empty() && delayed_.front().due <= now) {
      const Delayed& next = delayed_.front();
      Connection* one = Find(next.handle);
      if (one != nullptr && one->serial == next.serial) {
        one->unsent += next.replies;
        Push(*one);
      }
      delayed_.pop_front();
    }
  }

  /// Sends what is due; false where the connection is gone.
  bool Push(Connection& one) {
    const ssize_t sent = ::send(one.handle, one.unsent.data(), one.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Close(one), false;
    if (sent > 0) {
      one.unsent.erase(0, static_cast<std::size_t>(sent));
      one.answered = true;
    }
    const bool blocked = !one.unsent.empty();
    if (blocked != one.blocked) Watch(one.handle, blocked ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    one.blocked = blocked;
    if (blocked || !one.quitting || HasDelayed(one)) return true;
    return Close(one), false;
  }

  bool HasDelayed(const Connection& one) const {
    for (std::size_t i = 1; i < delayed_.size(); ++i)  // the front is the one being sent
      if (delayed_[i].serial == one.serial) return true;
    return false;
  }

  void Take(Connection& one, const char* at, const char* end) {
    while (at != end) {
      switch (one.mode) {
        case Mode::Command: at = TakeCommand(one, at, end); break;
        case Mode::Content: {
          const char* after = one.end.Find(at, end);
          Keep(one, at, after);
          at = after;
          if (one.end.Found()) EndContent(one);
          break;
        }
        case Mode::Chunk:
        case Mode::DroppedChunk: {
          const auto here = static_cast<std::uint64_t>(end - at);
          const std::uint64_t size = one.chunk_left < here ? one.chunk_left : here;
          if (one.mode == Mode::Chunk) Keep(one, at, at + size);
          one.chunk_left -= size;
          at += size;
          if (one.chunk_left == 0) EndChunk(one);
          break;
        }
      }
    }
  }

  void Keep(Connection& one, const char* from, const char* to) {
    counts_.content_bytes += static_cast<std::uint64_t>(to - from);
    if (!options_.keep.empty()) one.content.append(from, to);
  }

  const char* TakeCommand(Connection& one, const char* at, const char* end) {
    const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    if (found == nullptr) {
      one.line.append(at, end);
      return end;
    }
    const char* after = static_cast<const char*>(found) + 1;
    if (one.line.empty()) {
      Command(one, {at, static_cast<std::size_t>(after - at)});
    } else {
      one.line.append(at, after);
      const std::string line = std::move(one.line);
      one.line.clear();
      Command(one, line);
    }
    return after;
  }

  static constexpr std::uint32_t Verb(const char* text) {
    std::uint32_t verb = 0;
    for (int i = 0; i < 4; ++i) verb = verb << 8 | (static_cast<unsigned char>(text[i]) & 0xdfu);
    return verb;
  }

  void Say(std::string_view reply) {
    counts_.refused += reply[0] >= '4';
    replies_ += reply;
  }

  /// `line` has its line end with it.
  void Command(Connection& one, std::string_view line) {
    ++counts_.commands;
    if (line.size() < 6 || line[line.size() - 2] != '\r') return Say("500 5.5.2 no command\r\n");
    switch (Verb(line.data())) {
      case Verb("EHLO"): Reset(one); return Say(ehlo_);
      case Verb("HELO"): Reset(one); return Say("250 sink\r\n");
      case Verb("MAIL"):
        if (one.has_sender) return Say("503 5.5.1 nested MAIL\r\n");
        one.has_sender = true;
        one.binary = line.find("BODY=BINARYMIME") != std::string_view::npos;
        return Say("250 2.1.0 Ok\r\n");
      case Verb("RCPT"):
        if (!one.has_sender) return Say("503 5.5.1 MAIL first\r\n");
        ++one.recipients;
        return Say("250 2.1.5 Ok\r\n");
      case Verb("DATA"):
        if (one.recipients == 0 || one.binary || one.in_chunks) return Say("503 5.5.1 no DATA now\r\n");
        one.mode = Mode::Content;
        one.end.Start();
        return Say("354 go ahead\r\n");
      case Verb("BDAT"): {
        char* rest = nullptr;
        one.chunk_left = std::strtoull(line.data() + 5, &rest, 10);
        one.last_chunk = std::string_view(rest, 5) == " LAST";
        const bool taken = one.recipients != 0 && Offers("CHUNKING");
        one.mode = taken ? Mode::Chunk : Mode::DroppedChunk;
        one.in_chunks = taken;
        if (one.chunk_left == 0) EndChunk(one);
        return;
      }
      case Verb("RSET"): Reset(one); return Say("250 2.0.0 Ok\r\n");
      case Verb("NOOP"): return Say("250 2.0.0 Ok\r\n");
      case Verb("VRFY"): return Say("252 2.0.0 try it\r\n");
      case Verb("QUIT"): one.quitting = true; return Say("221 2.0.0 Bye\r\n");
      default: return Say("500 5.5.2 no such command\r\n");
    }
  }

  void EndChunk(Connection& one) {
    const bool taken = one.mode == Mode::Chunk;
    one.mode = Mode::Command;
    if (!taken) return Say("503 5.5.1 no BDAT now\r\n");
    if (one.last_chunk) return EndContent(one);
    Say("250 2.0.0 Ok\r\n");
  }

  void EndContent(Connection& one) {
    ++counts_.messages;
    counts_.recipients += one.recipients;
    if (!options_.keep.empty() && !Store(one)) {
      Reset(one);
      return Say("452 4.3.1 cannot keep it\r\n");
    }
    Reset(one);
    Say("250 2.0.0 Ok: taken\r\n");
  }

  /// A content that came by DATA is kept as it went over the wire; the reader of the folder takes the dots away.
  bool Store(const Connection& one) const {
    const std::string name =
        options_.keep + "/" + std::to_string(counts_.messages) + (one.in_chunks ? ".bdat" : ".data");
    std::FILE* file = std::fopen(name.c_str(), "wb");
    if (file == nullptr) return false;
    const bool whole = std::fwrite(one.content.data(), 1, one.content.size(), file) == one.content.size();
    return std::fclose(file) == 0 && whole;
  }

  static void Reset(Connection& one) {
    one.mode = Mode::Command;
    one.has_sender = one.binary = one.in_chunks = false;
    one.recipients = 0;
    one.content.clear();
  }

  Options options_;
  std::string ehlo_;
  std::vector<char> buffer_;
  std::string replies_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by handle
  std::deque<Delayed> delayed_;
  Counts counts_;
  Clock::time_point first_;
  std::uint64_t open_ = 0, serial_ = 0;
  int listener_ = -1, epoll_ = -1;
};

volatile sig_atomic_t stop = 0;
void Stop(int) { stop = 1; }

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string name(argument.substr(0, equals));
    const std::string value(equals == std::string_view::npos ? "" : argument.substr(equals + 1));
    if (name == "--port")
      options.port = std::atoi(value.c_str());
    else if (name == "--delay")
      options.delay = std::atol(value.c_str());
    else if (name == "--without")
      options.without = value;
    else if (name == "--limits")
      options.limits = value;
    else if (name == "--keep")
      options.keep = value;
    else
      return std::fprintf(stderr, "sink: what is %s?\n", argv[i]), 2;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  struct sigaction action {};
  action.sa_handler = Stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);

  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // or each late reply is later still

  Sink sink(options);
  if (!sink.Listen()) return std::perror("sink"), 1;
  sink.Run(stop);
  sink.Print();
  return 0;
}
