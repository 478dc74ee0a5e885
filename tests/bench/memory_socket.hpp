// A socket policy whose wire is a receiver in the same program: for counts that no kernel and no clock may disturb.
// Invariant: a reply lies ready once its command has been written, and never before.
#ifndef SMTPOLL_TESTS_BENCH_MEMORY_SOCKET_HPP
#define SMTPOLL_TESTS_BENCH_MEMORY_SOCKET_HPP

#include <smtpoll/smtpoll.hpp>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "../unit/memory_wire.hpp"
#include "content_end.hpp"

namespace bench {

class MemorySocket : public MemoryWire {
 public:
  smtpoll::IoResult Connect(const smtpoll::Endpoint&) {
    replies_ = "220 memory\r\n";
    return smtpoll::IoResult::Ok();
  }
  smtpoll::IoResult Read(char* into, std::size_t room) {
    const std::size_t left = replies_.size() - read_;
    if (left == 0) return smtpoll::IoResult::TryAgain();
    const std::size_t size = left < room ? left : room;
    std::memcpy(into, replies_.data() + read_, size);
    read_ += size;
    if (read_ == replies_.size()) {
      replies_.clear();
      read_ = 0;
    }
    return smtpoll::IoResult::Ok(size);
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    const char* const end = bytes + size;
    while (bytes != end) {
      const auto here = static_cast<std::size_t>(end - bytes);
      if (chunk_left_ != 0) {
        const std::size_t taken = chunk_left_ < here ? chunk_left_ : here;
        chunk_left_ -= taken;
        bytes += taken;
        if (chunk_left_ == 0) replies_ += "250 2.0.0 Ok\r\n";
      } else if (in_content_) {
        bytes = end_.Find(bytes, end);
        if (!end_.Found()) break;
        in_content_ = false;
        replies_ += "250 2.0.0 Ok: taken\r\n";
      } else {
        const auto* lf = static_cast<const char*>(std::memchr(bytes, '\n', here));
        line_.append(bytes, lf == nullptr ? end : lf + 1);
        bytes = lf == nullptr ? end : lf + 1;
        if (lf != nullptr) Command();
      }
    }
    return smtpoll::IoResult::Ok(size);
  }

 private:
  void Command() {
    if (line_[0] == 'E') {
      replies_ += "250-memory\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 SIZE 1073741824\r\n";
    } else if (line_[0] == 'D') {
      in_content_ = true;
      end_.Start();
      replies_ += "354 go ahead\r\n";
    } else if (line_[0] == 'B') {
      chunk_left_ = std::strtoull(line_.c_str() + 5, nullptr, 10);
      if (chunk_left_ == 0) replies_ += "250 2.0.0 Ok\r\n";
    } else {
      replies_ += line_[0] == 'Q' ? "221 2.0.0 Bye\r\n" : "250 2.1.0 Ok\r\n";
    }
    line_.clear();
  }

  std::string replies_;
  std::size_t read_ = 0;
  std::string line_;
  std::size_t chunk_left_ = 0;
  bool in_content_ = false;
  ContentEnd end_;
};

}  // namespace bench

#endif
