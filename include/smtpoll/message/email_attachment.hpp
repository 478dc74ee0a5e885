// An attachment: the seed's EmailAttachment. Its bytes lie in memory, in a file or behind a callback, and stay there
// until they are sent. Invariant: copying an attachment copies where its bytes are, not the file.
#ifndef SMTPOLL_MESSAGE_EMAIL_ATTACHMENT_HPP
#define SMTPOLL_MESSAGE_EMAIL_ATTACHMENT_HPP

#include <string>
#include <utility>

#include "smtpoll/base/function.hpp"
#include "smtpoll/base/unicode.hpp"
#include "smtpoll/message/file_reader.hpp"
#include "smtpoll/message/mime_type.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The seed's EmailAttachment: bytes with a name and a type, from memory, a file or a callback.
class EmailAttachment {
 public:
  std::string Name;      ///< File name shown to the receiver, UTF-8.
  std::string MIMEType;  ///< Empty: by the extension of Name.
  std::string Data;      ///< The bytes, where they are in memory.
  /// Transfer encoding: base64, which carries every byte; quoted-printable, 7bit or 8bit, which are taken where the
  /// bytes are in memory and come through by them; binary, where the server has it. Empty: the one that suits MIMEType.
  /// base64 is the fall-back of all, and a server with BINARYMIME gets the bytes as they are.
  std::string ContentEncoding = "base64";
  std::string InlineContentID;  ///< Not empty: shown inside the HTML body, which names it as `cid:...`.

  /// Reads one piece of a callback's bytes; as Source::Read.
  using ReadFunction = Function<SourceResult(char* into, std::size_t room)>;
  /// Starts a callback over; false where it cannot.
  using RewindFunction = Function<bool()>;

  /// Attaches a file. Its bytes are read when the message is sent; it must then still be as long as it is now. Name and
  /// MIMEType are set from the path where they are empty. False, and nothing changes, where it cannot be opened. The
  /// path is UTF-8 on Windows, bytes elsewhere; a std::filesystem::path fits too.
  bool LoadFromFile(const std::string& path) {
    detail::FileReader file;
    if (!file.Open(path.c_str())) return false;
    path_ = path;
    read_ = nullptr;
    size_ = file.Size();
    const std::size_t slash = path.find_last_of("/\\");
    if (Name.empty()) Name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (MIMEType.empty()) MIMEType = MimeTypeOf(Name);
    return true;
  }

#if defined(SMTPOLL_WINDOWS)
  /// The same by a path in UTF-16. False also where half of a surrogate pair stands alone in it.
  bool LoadFromFile(const std::wstring& path) {
    std::string utf8;
    return detail::AppendUtf16(std::wstring_view(path), utf8) && LoadFromFile(utf8);
  }
#endif

  /// Attaches what `read` yields; `size` bytes, or kUnknownSize. Without `rewind` the message can be sent once.
  void LoadFromCallback(ReadFunction read, std::uint64_t size = kUnknownSize, RewindFunction rewind = nullptr) {
    path_.clear();
    read_ = std::move(read);
    rewind_ = std::move(rewind);
    size_ = size;
  }

  /// True where the bytes are those of Data.
  bool InMemory() const noexcept { return path_.empty() && !read_; }

  /// Number of bytes, or kUnknownSize.
  std::uint64_t Size() const noexcept { return InMemory() ? Data.size() : size_; }

  /// The file it comes from; empty where it comes from none.
  const std::string& Path() const noexcept { return path_; }
  /// The callback it comes from; empty where it comes from none.
  const ReadFunction& Callback() const noexcept { return read_; }
  /// The callback that starts it again; may be empty.
  const RewindFunction& Rewinder() const noexcept { return rewind_; }

 private:
  std::string path_;
  ReadFunction read_;
  RewindFunction rewind_;
  std::uint64_t size_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
