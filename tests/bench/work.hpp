// What every client of the benchmarks has to send, so that all of them do the same work.
// Invariant: a message of Text is kBodySize bytes of body in lines of 64, and no line starts with a dot.
#ifndef SMTPOLL_TESTS_BENCH_WORK_HPP
#define SMTPOLL_TESTS_BENCH_WORK_HPP

#include <cstdio>
#include <cstdlib>
#include <string>

namespace bench {

constexpr char kSender[] = "sender@bench.example";
constexpr char kRecipient[] = "recipient@bench.example";
constexpr char kSubject[] = "A message of the benchmark";
constexpr std::size_t kBodySize = 1024;

/// 16 lines of 62 characters and CR LF.
inline std::string Body() {
  const std::string line = "The quick brown fox jumps over the lazy dog, and then once more.";
  std::string body;
  while (body.size() < kBodySize) body.append(line, 0, 62).append("\r\n");
  return body;
}

/// The `index`-th of many recipients.
inline std::string Recipient(int index) { return "recipient" + std::to_string(index) + "@bench.example"; }

/// `CLIENT MODE PORT COUNT [FILE]`, as each C++ client of the benchmarks is called. COUNT is of messages, or of
/// recipients.
struct Call {
  std::string mode;
  int port = 0;
  int count = 0;
  std::string file;

  Call(int argc, char** argv) {
    if (argc < 4) {
      std::fprintf(stderr, "usage: %s MODE PORT COUNT [FILE]\n", argv[0]);
      std::exit(2);
    }
    mode = argv[1];
    port = std::atoi(argv[2]);
    count = std::atoi(argv[3]);
    if (argc > 4) file = argv[4];
  }
};

}  // namespace bench

#endif
