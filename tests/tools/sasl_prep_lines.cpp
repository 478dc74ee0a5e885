// SASLprep by lines, for sasl_prep_test.py: each line of UTF-8 in hexadecimal digits becomes its prepared form in the
// same, or "fault". An empty line is the empty text.
#include <smtpoll/protocol/sasl_prep.hpp>

#include <cstdio>
#include <iostream>
#include <string>

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string text;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      text += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    const smtpoll::detail::PreparedText prepared(text);
    if (prepared.Fault() != nullptr) {
      std::puts("fault");
      continue;
    }
    for (const char c : prepared.View()) std::printf("%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    std::puts("");
  }
}
