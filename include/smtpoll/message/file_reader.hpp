// Reads a file from its start, each read straight into the caller's memory: no buffer lies between. By the system's own
// calls on POSIX, by an unbuffered stream elsewhere. Sizes have 64 bits, also where the system's long has 32.
#ifndef SMTPOLL_MESSAGE_FILE_READER_HPP
#define SMTPOLL_MESSAGE_FILE_READER_HPP

#include "smtpoll/base/open_file.hpp"
#include "smtpoll/base/source.hpp"

#if defined(SMTPOLL_POSIX)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#elif defined(SMTPOLL_WINDOWS)
#include <io.h>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class FileReader {
 public:
  FileReader() = default;
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader() { Close(); }

#if defined(SMTPOLL_POSIX)
  bool IsOpen() const noexcept { return file_ >= 0; }

  /// False where there is no such file, or it is none that has a size.
  bool Open(const char* path) noexcept {
    Close();
    file_ = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | kLargeFile);
    Stat about;
    if (file_ >= 0 && GetStat(file_, about) && S_ISREG(about.st_mode)) {
      size_ = static_cast<std::uint64_t>(about.st_size);
      return true;
    }
    Close();
    return false;
  }
  void Close() noexcept {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  /// End comes with the read that finds nothing more.
  SourceResult Read(char* into, std::size_t room) noexcept {
    for (;;) {
      const ssize_t got = ::read(file_, into, room);
      if (got > 0) return {static_cast<std::size_t>(got), SourceStatus::More};
      if (got == 0) return {0, SourceStatus::End};
      if (errno != EINTR) return {0, SourceStatus::Failed};
    }
  }
#else
  bool IsOpen() const noexcept { return file_ != nullptr; }

  /// As above; `path` is UTF-8 on Windows too.
  bool Open(const char* path) noexcept {
    Close();
    file_ = OpenFile(path);
    if (file_ == nullptr) return false;
    std::setvbuf(file_, nullptr, _IONBF, 0);
#if defined(SMTPOLL_WINDOWS)
    const std::int64_t size = ::_filelengthi64(::_fileno(file_));
#else
    const bool sized = std::fseek(file_, 0, SEEK_END) == 0;
    const long size = sized ? std::ftell(file_) : -1;
    std::rewind(file_);
#endif
    size_ = static_cast<std::uint64_t>(size);
    if (size < 0) Close();
    return size >= 0;
  }
  void Close() noexcept {
    if (file_ != nullptr) std::fclose(file_);
    file_ = nullptr;
  }

  SourceResult Read(char* into, std::size_t room) noexcept {
    const std::size_t size = std::fread(into, 1, room, file_);
    if (size == 0) return {0, std::ferror(file_) != 0 ? SourceStatus::Failed : SourceStatus::End};
    return {size, SourceStatus::More};
  }
#endif

  /// Bytes in the file when it was opened.
  std::uint64_t Size() const noexcept { return size_; }

 private:
#if defined(SMTPOLL_POSIX)
  // On 32-bit systems glibc counts in 32 bits unless it is asked otherwise.
#if defined(__GLIBC__) && defined(_LARGEFILE64_SOURCE)
  using Stat = struct stat64;
  static constexpr int kLargeFile = O_LARGEFILE;
  static bool GetStat(int file, Stat& into) noexcept { return ::fstat64(file, &into) == 0; }
#else
  using Stat = struct stat;
  static constexpr int kLargeFile = 0;
  static bool GetStat(int file, Stat& into) noexcept { return ::fstat(file, &into) == 0; }
#endif
  int file_ = -1;
#else
  std::FILE* file_ = nullptr;
#endif
  std::uint64_t size_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
