#include "smtpoll/message/file_reader.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

using smtpoll::SourceStatus;
using smtpoll::detail::FileReader;

TEST_CASE("FileReader: a file to its end, which the read behind it says") {
  const std::string path = "file_reader_test";
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  std::fputs("hello", file);
  std::fclose(file);
  FileReader reader;
  CHECK_FALSE(reader.IsOpen());
  REQUIRE(reader.Open(path.c_str()));
  CHECK(reader.Size() == 5);
  char bytes[4];
  CHECK(reader.Read(bytes, 4).size == 4);
  CHECK(reader.Read(bytes, 4).size == 1);
  CHECK(bytes[0] == 'o');
  CHECK(reader.Read(bytes, 4).status == SourceStatus::End);
  reader.Close();
  std::remove(path.c_str());
  CHECK_FALSE(reader.Open(path.c_str()));
  CHECK_FALSE(reader.Open("."));
}

#if defined(__linux__)
TEST_CASE("FileReader: a file that cannot be read is a failure, not an end") {
  FileReader reader;
  // Nothing is mapped at address 0.
  REQUIRE(reader.Open("/proc/self/mem"));
  char byte = 0;
  CHECK(reader.Read(&byte, 1).status == SourceStatus::Failed);
}
#endif
