// Renders a message with an attachment from a callback and says how much memory the process came to need for it.
//   render_memory [BYTES [LIMIT]]
// BYTES of attachment (default 2 GiB). The peak resident set is read from the system before the message is made and
// after it is rendered: the difference is what rendering costs. Exit code 1 where it is above LIMIT bytes (default 8
// MiB), or where the rendered size is not the one that was promised.
#include <smtpoll/message/message_source.hpp>

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

/// The largest resident set so far, in bytes.
std::uint64_t PeakMemory() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t size = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::uint64_t{2} << 30;
  const std::uint64_t limit = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::uint64_t{8} << 20;
  const std::uint64_t before = PeakMemory();

  std::uint64_t left = size;
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@x.example";
  mail.ToAddress = "bob@y.example";
  mail.Subject = "large";
  mail.BodyPlainText = "It is attached.\n";
  smtpoll::EmailAttachment attachment;
  attachment.Name = "large.bin";
  attachment.LoadFromCallback(
      [&left](char* into, std::size_t room) {
        const std::size_t piece = left < room ? static_cast<std::size_t>(left) : room;
        std::memset(into, static_cast<int>(left & 0xff), piece);
        left -= piece;
        return smtpoll::SourceResult{piece, left == 0 ? smtpoll::SourceStatus::End : smtpoll::SourceStatus::More};
      },
      size);
  mail.Attachments.Append(attachment);

  const auto start = std::chrono::steady_clock::now();
  smtpoll::MessageSource source;
  source.Open(mail);
  const std::uint64_t promised = source.Size();
  std::uint64_t rendered = 0;
  static char room[65536];
  smtpoll::SourceResult got;
  do {
    got = source.Read(room, sizeof room);
    rendered += got.size;
  } while (got.status == smtpoll::SourceStatus::More);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

  const std::uint64_t growth = PeakMemory() - before;
  std::printf(
      "%llu bytes attached, %llu rendered in %.2f s (%.0f MB/s); peak memory grew by %llu KiB, limit %llu KiB\n",
      static_cast<unsigned long long>(size), static_cast<unsigned long long>(rendered), took.count(),
      static_cast<double>(size) / took.count() / 1e6, static_cast<unsigned long long>(growth / 1024),
      static_cast<unsigned long long>(limit / 1024));
  const bool whole = got.status == smtpoll::SourceStatus::End && rendered == promised;
  if (!whole) std::printf("promised were %llu bytes\n", static_cast<unsigned long long>(promised));
  return whole && growth <= limit ? 0 : 1;
}
