// The encoders beside OpenSSL's and beside plain loops, on the same bytes, taken in turn within one run.
// Prints MB/s of raw bytes (medians) and the ratios that the bars are about. usage: encoders [ROUNDS]
#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "smtpoll/base/base64_lines.hpp"
#include "smtpoll/base/line_scan.hpp"

namespace {

using namespace smtpoll::detail;

struct Work {
  const char* name;
  std::size_t bytes;  // per call
  void (*run)();
  std::vector<double> rates;
};

constexpr std::size_t kLines = 512;  // 29 KiB
std::vector<char> raw(kLines * 57), text(kLines * 78 + 64);

void Openssl() {
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(raw.data()),
                  static_cast<int>(raw.size()));
}
void Table() { Base64LinesByTable(raw.data(), kLines, text.data()); }
void Best() { Base64EncodeLines(raw.data(), kLines, text.data()); }
#if defined(SMTPOLL_SSSE3)
void Ssse3() { Base64LinesBySsse3(raw.data(), kLines, text.data()); }
#endif

// Lines that start with a dot, and bare CR and LF, in text of lines of 60 to 78 characters.
std::string lines;
std::size_t found = 0;  // the sum of what was found, so that nobody leaves the search out

/// The plainest loop that finds a dot at the start of a line; it does not even look for a bare CR or LF.
void ByteByByte() {
  char before = '\n';
  std::size_t at = 0;
  for (; at < lines.size() && !(lines[at] == '.' && before == '\n'); ++at) before = lines[at];
  found += at;
}
/// The state machine of RFC 5321 2.3.8 and 4.5.2 with a look at each byte.
void StateMachine() {
  enum { LineStart, AfterCr, InLine } state = LineStart;
  std::size_t faults = 0;
  for (const char c : lines) {
    if (state == AfterCr) {
      faults += c != '\n';
      state = c == '\n' ? LineStart : c == '\r' ? AfterCr : InLine;
    } else {
      faults += c == '\n' || (c == '.' && state == LineStart);
      state = c == '\r' ? AfterCr : c == '\n' ? LineStart : InLine;
    }
  }
  found += lines.size() + faults;
}
void ByMemchr() { found += FindLineFaultByMemchr(lines.data(), 1, lines.size(), true); }
void ByBest() { found += FindLineFault('\n', lines.data(), lines.size(), true); }

double Rate(const Work& work) {
  const std::clock_t start = std::clock();
  std::size_t bytes = 0;
  double seconds = 0;
  do {
    for (int i = 0; i < 20; ++i) work.run();
    bytes += 20 * work.bytes;
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (seconds < 0.02);
  return static_cast<double>(bytes) / seconds / 1e6;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<char>(i * 2654435761u >> 13);
  for (std::size_t i = 0; lines.size() < 30000; ++i) {
    const std::size_t size = 60 + i * 7 % 19;
    for (std::size_t j = 0; j < size; ++j) lines += j % 7 == 6 ? ' ' : static_cast<char>('a' + (i + j * j) % 26);
    lines += ".\r\n";
  }
  std::vector<Work> works = {
    {"EVP_EncodeBlock", raw.size(), Openssl, {}},
    {"table", raw.size(), Table, {}},
#if defined(SMTPOLL_SSSE3)
    {"ssse3", raw.size(), Ssse3, {}},
#endif
    {"best", raw.size(), Best, {}},
    {"scan by byte", lines.size(), ByteByByte, {}},
    {"scan by states", lines.size(), StateMachine, {}},
    {"scan by memchr", lines.size(), ByMemchr, {}},
    {"scan by best", lines.size(), ByBest, {}}
  };
  for (int round = 0; round < rounds; ++round)
    for (Work& work : works) work.rates.push_back(Rate(work));
  const Work* base = nullptr;
  for (const Work& work : works) {
    if (base == nullptr || work.name == std::string("scan by byte")) base = &work;
    std::printf("%-18s %9.0f MB/s %6.2f x\n", work.name, Median(work.rates), Median(work.rates) / Median(base->rates));
  }
  return found % lines.size() == 0 ? 0 : 1;
}
