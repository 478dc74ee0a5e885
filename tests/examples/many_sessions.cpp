// Drives thousands of SMTPSockets with one epoll in one thread: Handle, WantsRead, WantsWrite and NextDeadline are all
// that an event loop needs to know of a session. Linux only; tests/bench/sink.cpp is a receiver for it.
//
// usage: many_sessions PORT [SESSIONS [MESSAGES]]     (10,000 sessions, 10 messages each)
#include <smtpoll/smtpoll.hpp>

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

namespace {

/// Where sessions are many, their buffers are what the memory goes to.
struct SmallLimits : smtpoll::DefaultLimits {
  static constexpr std::size_t kInput = 1024;
  static constexpr std::size_t kOutput = 2048;
  static constexpr std::size_t kInFlight = 4;
};
using Client =
    smtpoll::BasicSMTPSocket<smtpoll::NativeSocket, smtpoll::PlainTransport, smtpoll::EventFunctions, SmallLimits>;

struct Session {
  Client client;
  int handle = smtpoll::NativeSocket::kNoHandle;  // what epoll watches, and for what
  std::uint32_t events = 0;
  smtpoll::Millis queued = smtpoll::kNever;  // the deadline that is in the heap
  int messages_left = 0;
};

/// Calls Poll of the sessions whose socket is ready or whose deadline has come, and of no others.
class EventLoop {
 public:
  explicit EventLoop(std::vector<std::unique_ptr<Session>>& sessions)
      : sessions_(sessions), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~EventLoop() { close(epoll_); }
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Lets session `index` do what it can, and watches for what it waits for then.
  void Step(std::size_t index) {
    Session& session = *sessions_[index];
    session.client.Poll();
    const int handle = session.client.Handle();
    std::uint32_t events = session.client.WantsRead() ? EPOLLIN : 0u;
    if (session.client.WantsWrite()) events |= EPOLLOUT;
    if (handle != session.handle || events != session.events) Watch(session, index, handle, events);
    const smtpoll::Millis deadline = session.client.NextDeadline();
    if (deadline < session.queued) {
      session.queued = deadline;
      deadlines_.push({deadline, index});
    }
  }

  /// One round of events and deadlines.
  void Turn() {
    epoll_event events[512];
    const int count = epoll_wait(epoll_, events, 512, UntilNextDeadline());
    for (int i = 0; i < count; ++i) Step(static_cast<std::size_t>(events[i].data.u64));
    while (!deadlines_.empty() && deadlines_.top().first <= Client::Now()) {
      const auto [deadline, index] = deadlines_.top();
      deadlines_.pop();
      // Most deadlines have moved on since they were put in: Step then puts the new one in.
      Session& session = *sessions_[index];
      if (session.queued != deadline) continue;
      session.queued = smtpoll::kNever;
      Step(index);
    }
  }

 private:
  /// A handle may be another one than before (name resolution and each address tried have their own), also with the
  /// same number: the old one then was closed, and epoll has forgotten it.
  void Watch(Session& session, std::size_t index, int handle, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = index;
    if (handle != smtpoll::NativeSocket::kNoHandle &&
        (handle != session.handle || epoll_ctl(epoll_, EPOLL_CTL_MOD, handle, &event) != 0))
      epoll_ctl(epoll_, EPOLL_CTL_ADD, handle, &event);
    session.handle = handle;
    session.events = events;
  }

  int UntilNextDeadline() const {
    if (deadlines_.empty()) return -1;
    const smtpoll::Millis left = deadlines_.top().first - Client::Now();
    return left < 0 ? 0 : left > 60000 ? 60000 : static_cast<int>(left);
  }

  using Deadline = std::pair<smtpoll::Millis, std::size_t>;
  std::vector<std::unique_ptr<Session>>& sessions_;
  int epoll_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<Deadline>> deadlines_;
};

smtpoll::EmailMessage Message() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "sender@bench.example";
  mail.AddRecipient("recipient@bench.example");
  mail.Subject = "One of many";
  mail.BodyPlainText.assign(1024, 'x');
  for (std::size_t i = 63; i < 1024; i += 64) mail.BodyPlainText[i] = '\n';
  return mail;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

double ResidentBytes() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: many_sessions PORT [SESSIONS [MESSAGES]]\n"), 2;
  const int port = std::atoi(argv[1]), count = argc > 2 ? std::atoi(argv[2]) : 10000;
  const int messages = argc > 3 ? std::atoi(argv[3]) : 10;
  // A descriptor a session, and a few more.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  const double memory_before = ResidentBytes();
  std::vector<std::unique_ptr<Session>> sessions;
  EventLoop loop(sessions);
  int connected = 0, finished = 0, failed = 0;
  long sent = 0;
  // A listening socket takes only so many at a time: each session that is connected starts the next one.
  const auto start = [&] {
    sessions.push_back(std::make_unique<Session>());
    Session& session = *sessions.back();
    Client& client = session.client;
    session.messages_left = messages;
    client.Address = "127.0.0.1";
    client.Port = static_cast<std::uint16_t>(port);
    client.ConnectionEstablished = [&](const std::string&) { ++connected; };
    client.Error = [&](const smtpoll::Error& error) {
      if (++failed == 1) std::fprintf(stderr, "%s\n", ToString(error).c_str());
    };
    client.MailSent = [&] { ++finished; };
    client.MessageSent = [&session, &sent](const smtpoll::EmailMessage&) {
      ++sent;
      if (session.messages_left == 0) return;
      --session.messages_left;
      session.client.Messages.Append(Message());
    };
    client.Connect();
    loop.Step(sessions.size() - 1);
  };
  constexpr std::size_t kConnectingAtOnce = 100;
  while (connected < count && failed == 0) {
    while (sessions.size() < static_cast<std::size_t>(count) &&
           sessions.size() - static_cast<std::size_t>(connected) < kConnectingAtOnce)
      start();
    if (connected < count) loop.Turn();
  }

  const double cpu_before = CpuSeconds();
  const smtpoll::Millis started = Client::Now();
  constexpr int kWaiting = 1;  // messages in the queue of a session: each that was sent makes the next
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    for (int n = 0; n < kWaiting && sessions[i]->messages_left > 0; ++n) {
      --sessions[i]->messages_left;
      sessions[i]->client.Messages.Append(Message());
    }
    sessions[i]->client.SendMail();
    loop.Step(i);
  }
  while (finished + failed < count) loop.Turn();
  const double cpu = CpuSeconds() - cpu_before;
  const double memory = ResidentBytes() - memory_before;
  std::printf(
      "{\"sessions\": %d, \"sent\": %ld, \"failed\": %d, \"seconds\": %.3f, \"cpu_a_message\": %.3e, "
      "\"memory_a_session\": %.0f, \"sizeof\": %zu}\n",
      connected, sent, failed, static_cast<double>(Client::Now() - started) * 1e-3, cpu / static_cast<double>(sent),
      memory / count, sizeof(Client));
  return failed == 0 && sent == static_cast<long>(count) * messages ? 0 : 1;
}
#else
int main() { return 0; }
#endif
