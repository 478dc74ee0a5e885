// A socket policy whose peer means harm: it says what it should up to a point, then the wrong bytes, then one block
// again and again. The wire to it may also be slow, be cut, or not take a write. Time is the test's own.
#pragma once

#include <string>
#include <vector>

#include "../unit/memory_wire.hpp"

namespace fault {

/// One thing that the server says, once the client has said a line with `after` in it (empty: at once).
struct Speech {
  std::string after;
  std::string bytes;
  std::string again;  // and this, without end
};
using Speeches = std::vector<Speech>;

/// The dialogue `well` up to what is said after `after`; that is `bytes` and `again` instead. It may go on as if
/// nothing had been said.
inline Speeches Spoil(const Speeches& well, const std::string& after, const std::string& bytes,
                      const std::string& again = {}, bool goes_on = false) {
  Speeches result;
  bool spoilt = false;
  for (const Speech& speech : well) {
    const bool here = !spoilt && speech.after == after;
    result.push_back(here ? Speech{after, bytes, again} : speech);
    spoilt = spoilt || here;
    if (here && !goes_on) break;
  }
  return result;
}

class HostileWire : public MemoryWire {
 public:
  inline static smtpoll::Millis now = 0;
  static smtpoll::Millis Now() { return now; }

  Speeches speeches;
  std::size_t piece = SIZE_MAX;     // bytes that a call moves
  smtpoll::Millis pause = 0;        // before each read of the last speech
  std::size_t break_at = SIZE_MAX;  // the read position at which the wire is cut
  int cut = 0;                      // how: 0 is end of file, else the error number
  int fails_write = 0;              // the write, from 1 on, that fails
  std::size_t read = 0;
  int writes = 0;
  std::string said;

  smtpoll::IoResult Read(char* into, std::size_t room) {
    if (read == break_at) return cut == 0 ? smtpoll::IoResult::EndOfFile() : smtpoll::IoResult::Fail(cut);
    if (pause != 0 && open_ && next_ + 1 == speeches.size() && !(waited_ = !waited_)) {
      now += pause;
      return smtpoll::IoResult::TryAgain();
    }
    if (!open_ && next_ < speeches.size() && Hears(speeches[next_].after)) {
      open_ = true;
      at_ = 0;
    }
    std::size_t size = 0;
    while (open_ && size < room && size < piece && read + size < break_at) {
      const Speech& speech = speeches[next_];
      if (at_ == speech.bytes.size() && speech.again.empty()) {
        ++next_;
        open_ = false;
        break;
      }
      const std::size_t place = at_ - speech.bytes.size();
      into[size++] = at_ < speech.bytes.size() ? speech.bytes[at_] : speech.again[place % speech.again.size()];
      ++at_;
    }
    read += size;
    if (size != 0) return smtpoll::IoResult::Ok(size);
    now += 1000;
    return smtpoll::IoResult::TryAgain();
  }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    if (++writes == fails_write) return smtpoll::IoResult::Fail(104);
    size = size < piece ? size : piece;
    said.append(bytes, size);
    return smtpoll::IoResult::Ok(size);
  }

 private:
  /// A whole line has `what` in it, behind the one that was answered last.
  bool Hears(const std::string& what) {
    if (what.empty()) return true;
    const std::size_t at = said.find(what, heard_);
    const std::size_t end = at == std::string::npos ? at : said.find('\n', at + what.size() - 1);
    if (end != std::string::npos) heard_ = end + 1;
    return end != std::string::npos;
  }

  std::size_t next_ = 0, at_ = 0, heard_ = 0;
  bool open_ = false, waited_ = false;
};

}  // namespace fault
