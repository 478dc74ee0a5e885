// Runs a fuzzer without libFuzzer: every file of the corpus, then mutations of them by a seeded generator until the
// time is over. An input that breaks something is left in the file "crash" of the working folder.
// usage: PROGRAM CORPUS SECONDS [SEED]; SMTPOLL_FUZZ_SECONDS in the environment counts instead of SECONDS
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "fuzz.hpp"

namespace {

std::vector<std::string> corpus;
std::string current;

void Keep(int number) {
  std::FILE* const file = std::fopen("crash", "wb");
  if (file != nullptr) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void Mutate(std::mt19937& random, std::string& bytes) {
  static const char* const kWords[] = {"\r\n",       "\n",        "\r",  "250 ", "250-",     "354 ", "421 ",
                                       "=?utf-8?B?", "\r\n.\r\n", "@",   "<>",   "\"",       "\\",   "\x80",
                                       "334 ",       "r=",        ",s=", ",i=",  "STARTTLS", "BDAT"};
  const std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
  switch (random() % 8) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random());
      break;
    case 1: bytes.insert(at, 1, static_cast<char>(random())); break;
    case 2:
      if (!bytes.empty()) bytes.erase(at, 1 + random() % 8);
      break;
    case 3: bytes.insert(at, kWords[random() % (sizeof kWords / sizeof kWords[0])]); break;
    case 4: bytes.insert(at, bytes.substr(at, random() % 64)); break;
    case 5: {
      const std::string& other = corpus[random() % corpus.size()];
      bytes = bytes.substr(0, at) + other.substr(other.empty() ? 0 : random() % other.size());
      break;
    }
    case 6:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    default: bytes.insert(at, 1 + random() % 100, bytes.empty() ? 'x' : bytes[at]); break;
  }
  if (bytes.size() > 4096) bytes.resize(4096);
}

void Run(const std::string& bytes) {
  current = bytes;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CORPUS SECONDS [SEED]\n", argv[0]);
    return 2;
  }
  std::signal(SIGABRT, Keep);
  std::signal(SIGSEGV, Keep);
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(argv[1], error)) {
    std::ifstream stream(file.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "%s has no corpus\n", argv[1]);
    return 2;
  }
  std::sort(corpus.begin(), corpus.end());
  for (const std::string& one : corpus) Run(one);
  const char* const seconds = std::getenv("SMTPOLL_FUZZ_SECONDS");
  std::mt19937 random(argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 1);
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(seconds == nullptr ? argv[2] : seconds));
  unsigned long long runs = corpus.size();
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 100; ++i, ++runs) {
      std::string bytes = corpus[random() % corpus.size()];
      for (auto times = 1 + random() % 6; times != 0; --times) Mutate(random, bytes);
      Run(bytes);
    }
  }
  std::printf("%llu executions, nothing found\n", runs);
  return 0;
}
