// A file that the TLS settings name, as a whole in memory, for the transports whose library does not read files itself.
// Invariant: it is overwritten in the end, for it may be a private key; it is never larger than kMost.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_FILE_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_FILE_HPP

#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "smtpoll/base/open_file.hpp"
#include "smtpoll/base/secret.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A whole file in memory with a NUL behind it, as libraries want PEM; overwritten in the end, for it may be a key.
class TlsFile {
 public:
  TlsFile() = default;
  ~TlsFile() { Wipe(bytes_.get(), size_); }
  TlsFile(const TlsFile&) = delete;
  TlsFile& operator=(const TlsFile&) = delete;

  /// False where the file cannot be read, or is larger than any such file.
  bool Load(const char* path) noexcept {
    constexpr std::size_t kMost = std::size_t{16} << 20;
    std::FILE* const file = *path != '\0' ? OpenFile(path) : nullptr;
    if (file == nullptr) return false;
    bool good = true;
    char bytes[4096];
    while (good) {
      const std::size_t got = std::fread(bytes, 1, sizeof bytes, file);
      if (got == 0) break;
      good = used_ + got <= kMost && Append(bytes, got);
    }
    good = good && std::ferror(file) == 0;
    static_cast<void>(std::fclose(file));
    Wipe(bytes, sizeof bytes);
    return good;
  }

  std::string_view View() const noexcept { return {bytes_.get() == nullptr ? "" : bytes_.get(), used_}; }

 private:
  bool Append(const char* bytes, std::size_t size) noexcept {
    if (used_ + size >= size_) {
      const std::size_t room = 2 * (used_ + size) + 1;
      std::unique_ptr<char[]> larger(new (std::nothrow) char[room]());
      if (larger == nullptr) return false;
      if (used_ != 0) std::memcpy(larger.get(), bytes_.get(), used_);
      Wipe(bytes_.get(), size_);
      bytes_ = std::move(larger);
      size_ = room;
    }
    std::memcpy(bytes_.get() + used_, bytes, size);
    used_ += size;
    return true;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
