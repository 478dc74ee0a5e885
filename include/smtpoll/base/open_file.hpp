// Opens a file for reading by its path: UTF-8 on Windows, whose narrow calls would take it to be in a code page of the
// machine's; bytes elsewhere. No process that is started later gets the file along.
#ifndef SMTPOLL_BASE_OPEN_FILE_HPP
#define SMTPOLL_BASE_OPEN_FILE_HPP

#include <cstdio>
#include <cstring>

#include "smtpoll/base/unicode.hpp"

#if defined(SMTPOLL_WINDOWS)
#include <fcntl.h>
#include <io.h>
#include <share.h>

#include <memory>
#include <new>
#endif

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The bytes of a file, to be closed by fclose; null where it cannot be opened.
inline std::FILE* OpenFile(const char* path) noexcept {
#if defined(SMTPOLL_WINDOWS)
  const std::size_t size = std::strlen(path);
  const std::unique_ptr<wchar_t[]> wide(new (std::nothrow) wchar_t[size + 1]);
  const std::size_t units = wide != nullptr ? Utf8ToUtf16({path, size}, wide.get()) : std::string_view::npos;
  if (units == std::string_view::npos) return nullptr;
  wide[units] = L'\0';
  int file = -1;
  if (::_wsopen_s(&file, wide.get(), _O_RDONLY | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, 0) != 0) return nullptr;
  std::FILE* const stream = ::_fdopen(file, "rb");
  if (stream == nullptr) ::_close(file);
  return stream;
#elif defined(SMTPOLL_POSIX)
  return std::fopen(path, "rbe");
#else
  return std::fopen(path, "rb");
#endif
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
