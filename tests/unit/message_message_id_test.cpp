#include "smtpoll/message/message_layout.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#if defined(SMTPOLL_POSIX)
#include <sys/wait.h>
#include <unistd.h>
#endif

using smtpoll::detail::MessageLayout;

namespace {

/// The Message-ID of a message laid out by `layout`.
std::string NewId(MessageLayout& layout) {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  smtpoll::detail::MessageStamp stamp;
  layout.Lay(mail, smtpoll::detail::WireWidth::SevenBit, stamp);
  const std::string text(layout.Literals());
  const std::size_t at = text.find("Message-ID: <") + 13;
  return text.substr(at, text.find('>', at) - at);
}

}  // namespace

TEST_CASE("RFC 5322 3.6.4: a Message-ID is unique across threads") {
  constexpr std::size_t kThreads = 4, kEach = 2000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& own : made)
    threads.emplace_back([&own] {
      MessageLayout layout;
      for (std::size_t i = 0; i < kEach; ++i) own.push_back(NewId(layout));
    });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& own : made) all.insert(own.begin(), own.end());
  CHECK(all.size() == kThreads * kEach);
  CHECK(all.begin()->size() == 24 + 6);
}

#if defined(SMTPOLL_POSIX)
TEST_CASE("RFC 5322 3.6.4: a Message-ID is unique across processes, also of one that was forked off in between") {
  constexpr int kChildren = 3, kEach = 50;
  MessageLayout layout;
  std::set<std::string> all = {NewId(layout)};
  int ends[2] = {};
  REQUIRE(pipe(ends) == 0);
  pid_t children[kChildren] = {};
  for (pid_t& child : children) {
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // 31 bytes at once are written whole (POSIX: up to PIPE_BUF).
      bool written = true;
      for (int i = 0; i < kEach; ++i) {
        const std::string line = NewId(layout) + "\n";
        written = written && write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size());
      }
      _exit(written ? 0 : 1);
    }
  }
  close(ends[1]);
  for (int i = 0; i < kEach; ++i) all.insert(NewId(layout));
  std::string text;
  char piece[1024];
  for (ssize_t got = 0; (got = read(ends[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  close(ends[0]);
  for (const pid_t child : children) {
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    all.insert(text.substr(at, text.find('\n', at) - at));
  CHECK(all.size() == 1 + kEach + kChildren * kEach);
}
#endif
