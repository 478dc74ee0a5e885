#include "smtpoll/message/email_attachment.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "smtpoll/message/attachment_reader.hpp"

using smtpoll::EmailAttachment;
using smtpoll::SourceResult;
using smtpoll::SourceStatus;
using smtpoll::detail::AttachmentReader;

namespace {

/// A file with these bytes for the time of a test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) { Write(bytes); }
  ~TemporaryFile() { std::remove(path.c_str()); }
  void Write(const std::string& bytes) const {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    CHECK(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    std::fclose(file);
  }
  // Another test program may run beside this one.
  const std::string name = "smtpoll-" + std::to_string(std::random_device()()) + ".pdf";
  const std::string path = "./" + name;
};

/// All bytes, read `room` at a time; "failed" appended where it fails.
std::string ReadAll(AttachmentReader& reader, std::size_t room) {
  std::string result, piece(room, '#');
  for (int i = 0; i < 100000; ++i) {
    const SourceResult got = reader.Read(&piece[0], room);
    result.append(piece, 0, got.size);
    if (got.status == SourceStatus::Failed) return result + " failed";
    if (got.status == SourceStatus::End) return result;
  }
  return "never ends";
}

}  // namespace

TEST_CASE("EmailAttachment.Name, MIMEType, Data and ContentEncoding") {
  EmailAttachment attachment;
  CHECK(attachment.ContentEncoding == "base64");
  attachment.Name = "a.txt";
  attachment.Data = "hello";
  CHECK(attachment.Size() == 5);
  for (const std::size_t room : {1u, 2u, 5u, 100u}) {
    AttachmentReader reader;
    REQUIRE(reader.Start(attachment, false));
    CHECK(ReadAll(reader, room) == "hello");
    REQUIRE(reader.Start(attachment, true));
    CHECK(ReadAll(reader, room) == "hello");
  }
}

TEST_CASE("EmailAttachment.LoadFromFile") {
  const TemporaryFile file("0123456789");
  EmailAttachment attachment;
  REQUIRE(attachment.LoadFromFile(file.path));
  CHECK(attachment.Name == file.name);
  CHECK(attachment.MIMEType == "application/pdf");
  CHECK(attachment.Size() == 10);
  CHECK(attachment.Data.empty());
  for (const std::size_t room : {1u, 3u, 10u, 11u, 100u}) {
    AttachmentReader reader;
    REQUIRE(reader.Start(attachment, false));
    CHECK(ReadAll(reader, room) == "0123456789");
  }
  EmailAttachment none;
  CHECK_FALSE(none.LoadFromFile("no/such/file"));
  CHECK_FALSE(none.LoadFromFile("."));
  CHECK(none.Name.empty());
}

TEST_CASE("EmailAttachment.LoadFromFile: a path is UTF-8 on every system, and may be a std::filesystem::path") {
  const std::string number = std::to_string(std::random_device()());
  // An umlaut, a Japanese letter, and one that UTF-16 writes as a pair.
  const std::string name = "smtpoll-\xc3\xbc\xe6\x97\xa5\xf0\x9f\x93\x8e-" + number + ".txt";
  const std::filesystem::path path(u"smtpoll-\u00fc\u65e5\U0001f4ce-" + std::u16string(number.begin(), number.end()) +
                                   u".txt");
  std::ofstream(path, std::ios::binary) << "hello";
  EmailAttachment by_text, by_path;
  CHECK(by_text.LoadFromFile("./" + name));
  CHECK(by_path.LoadFromFile(path));
  for (const EmailAttachment* attachment : {&by_text, &by_path}) {
    CHECK(attachment->Name == name);
    CHECK(attachment->Size() == 5);
    AttachmentReader reader;
    REQUIRE(reader.Start(*attachment, false));
    CHECK(ReadAll(reader, 100) == "hello");
  }
  std::filesystem::remove(path);
#if defined(SMTPOLL_WINDOWS)
  EmailAttachment none;
  CHECK_FALSE(none.LoadFromFile("\xfc.txt"));
  CHECK_FALSE(none.LoadFromFile(std::wstring(1, wchar_t{0xD800}) + L".txt"));
#endif
}

TEST_CASE("EmailAttachment.LoadFromFile: more than 4 GiB, also where long and off_t have 32 bits") {
  const TemporaryFile file("begin");
  constexpr std::uint64_t kSize = (std::uint64_t{1} << 32) + 7;
  std::error_code error;
  std::filesystem::resize_file(file.path, kSize, error);  // a hole: it takes no room
  if (error) {
    MESSAGE("this system makes no such file: " << error.message());
    return;
  }
  EmailAttachment attachment;
  REQUIRE(attachment.LoadFromFile(file.path));
  CHECK(attachment.Size() == kSize);
  AttachmentReader reader;
  REQUIRE(reader.Start(attachment, false));
  char begin[5];
  CHECK(reader.Read(begin, 5).size == 5);
  CHECK(std::string(begin, 5) == "begin");
}

TEST_CASE("EmailAttachment.LoadFromFile: a file that changed its length since is a failure, never another message") {
  const TemporaryFile file("0123456789");
  EmailAttachment attachment;
  REQUIRE(attachment.LoadFromFile(file.path));
  for (const char* now : {"012345678", "0123456789x", ""}) {
    file.Write(now);
    for (const std::size_t room : {1u, 5u, 10u, 100u}) {
      AttachmentReader reader;
      REQUIRE(reader.Start(attachment, false));
      const std::string got = ReadAll(reader, room);
      CHECK(got.find("failed") != std::string::npos);
    }
  }
  std::remove(file.path.c_str());
  AttachmentReader reader;
  CHECK_FALSE(reader.Start(attachment, false));
}

TEST_CASE("EmailAttachment.LoadFromCallback") {
  std::string rest;
  EmailAttachment attachment;
  attachment.LoadFromCallback(
      [&](char* into, std::size_t room) {
        const std::size_t size = rest.copy(into, room < 3 ? room : 3);
        rest.erase(0, size);
        return SourceResult{size, rest.empty() ? SourceStatus::End : SourceStatus::More};
      },
      smtpoll::kUnknownSize,
      [&] {
        rest = "again";
        return true;
      });
  CHECK(attachment.Size() == smtpoll::kUnknownSize);
  rest = "once";
  AttachmentReader reader;
  REQUIRE(reader.Start(attachment, false));
  CHECK(ReadAll(reader, 100) == "once");
  REQUIRE(reader.Start(attachment, true));
  CHECK(ReadAll(reader, 2) == "again");

  EmailAttachment one_way;
  one_way.LoadFromCallback([](char*, std::size_t) { return SourceResult{0, SourceStatus::Failed}; }, 5);
  CHECK(one_way.Size() == 5);
  CHECK_FALSE(reader.Start(one_way, true));
  REQUIRE(reader.Start(one_way, false));
  CHECK(ReadAll(reader, 100) == " failed");
}

TEST_CASE(
    "EmailAttachment.LoadFromCallback: more bytes than there was room for are a failure, and none of them counts") {
  for (const std::uint64_t promised : {smtpoll::kUnknownSize, std::uint64_t{1000}, std::uint64_t{9}}) {
    for (const SourceStatus status : {SourceStatus::More, SourceStatus::End, SourceStatus::Again}) {
      for (const std::size_t told : {std::size_t{9}, std::size_t{1000}, SIZE_MAX}) {
        EmailAttachment attachment;
        attachment.LoadFromCallback([=](char*, std::size_t) { return SourceResult{told, status}; }, promised);
        AttachmentReader reader;
        REQUIRE(reader.Start(attachment, false));
        char room[8];
        const SourceResult result = reader.Read(room, sizeof room);
        CHECK(result.status == SourceStatus::Failed);
        CHECK(result.size == 0);
      }
    }
  }
}

TEST_CASE("EmailAttachment.LoadFromCallback: the size that was promised ends it, also where the callback says More") {
  EmailAttachment attachment;
  attachment.LoadFromCallback(
      [](char* into, std::size_t) {
        *into = 'x';
        return SourceResult{1, SourceStatus::More};
      },
      3, [] { return false; });
  AttachmentReader reader;
  REQUIRE(reader.Start(attachment, false));
  CHECK(ReadAll(reader, 8) == "xxx");
  CHECK_FALSE(reader.Start(attachment, true));  // the rewind function says no
}

TEST_CASE("EmailAttachment.Data of no bytes ends at once") {
  const EmailAttachment attachment;
  AttachmentReader reader;
  REQUIRE(reader.Start(attachment, false));
  CHECK(ReadAll(reader, 8).empty());
}

TEST_CASE("The media type of a file follows its extension") {
  CHECK(smtpoll::MimeTypeOf("a.PNG") == "image/png");
  CHECK(smtpoll::MimeTypeOf("b.tar.gz") == "application/gzip");
  CHECK(smtpoll::MimeTypeOf("Makefile") == "application/octet-stream");
  CHECK(smtpoll::MimeTypeOf("x.unknown") == "application/octet-stream");
  std::size_t count = 0;
  std::string_view before;
  for (const auto& known : smtpoll::detail::kMimeTypes) {
    CHECK(before < known.extension);
    before = known.extension;
    ++count;
  }
  CHECK(count >= 60);
}
