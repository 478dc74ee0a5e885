// A bar that shows how much of a message has gone, where somebody looks at a terminal.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#if defined(_WIN32)
#include <io.h>
inline bool IsTerminal(std::FILE* file) { return _isatty(_fileno(file)) != 0; }
#else
#include <unistd.h>
inline bool IsTerminal(std::FILE* file) { return isatty(fileno(file)) != 0; }
#endif

class ProgressBar {
 public:
  explicit ProgressBar(bool shown) : shown_(shown) {}

  /// `left` bytes are still to go, those of this step among them; what has no size is shown as what has gone.
  void Show(std::size_t chunk, std::size_t left) {
    if (!shown_) return;
    if (total_ == 0) total_ = left;
    gone_ += chunk;
    const std::size_t done = left == 0 ? kWidth : gone_ >= total_ ? kWidth : gone_ * kWidth / total_;
    if (done == drawn_) return;
    drawn_ = done;
    std::fprintf(stderr, "\r[%s%s] %3zu %%", std::string(done, '#').c_str(), std::string(kWidth - done, '.').c_str(),
                 done * 100 / kWidth);
    std::fflush(stderr);
  }
  /// The line is free again.
  void End() {
    if (drawn_ != kNothing) std::fprintf(stderr, "\r%*s\r", static_cast<int>(kWidth) + 9, "");
    drawn_ = kNothing;
  }

 private:
  static constexpr std::size_t kWidth = 50;
  static constexpr std::size_t kNothing = SIZE_MAX;

  bool shown_;
  std::size_t total_ = 0, gone_ = 0, drawn_ = kNothing;
};
