#include "smtpoll/message/internet_headers.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::InternetHeaders;

TEST_CASE("InternetHeaders.AppendHeader, AddHeader, Count, Name, Value") {
  InternetHeaders headers;
  CHECK(headers.Count() == 0);
  headers.AppendHeader("X-One", "1");
  headers.AddHeader("X-Two", "2");
  headers.AppendHeader("x-one", "3");
  CHECK(headers.Count() == 3);
  CHECK(headers.Name(0) == "X-One");
  CHECK(headers.Value(1) == "2");
  CHECK(headers.Value("X-ONE") == "1");
  CHECK(headers.Value("none").empty());
  CHECK(headers.Name(9).empty());
  CHECK(headers.Value(9).empty());
}

TEST_CASE("InternetHeaders.SetHeader replaces all of that name, in the place of the first") {
  InternetHeaders headers;
  for (const char* name : {"A", "B", "a", "C", "A"}) headers.AppendHeader(name, "old");
  headers.SetHeader("a", "new");
  CHECK(headers.Source() == "A: new\r\nB: old\r\nC: old\r\n");
  headers.SetHeader("D", "added");
  CHECK(headers.Name(3) == "D");
}

TEST_CASE("InternetHeaders.Delete and DeleteAll") {
  InternetHeaders headers;
  for (const char* name : {"A", "B", "a", "C"}) headers.AppendHeader(name, name);
  headers.Delete("A");
  CHECK(headers.Source() == "B: B\r\nC: C\r\n");
  headers.Delete(std::size_t{0});
  headers.Delete(std::size_t{7});
  CHECK(headers.Source() == "C: C\r\n");
  headers.DeleteAll();
  CHECK(headers.Count() == 0);
}

TEST_CASE("InternetHeaders.Value and Delete take an index of any type, also a 0 that could be a pointer") {
  InternetHeaders headers;
  for (const char* name : {"A", "B", "C"}) headers.AppendHeader(name, name);
  CHECK(headers.Value(0) == "A");
  CHECK(headers.Value(2U) == "C");
  CHECK(headers.Value(-1).empty());
  headers.Delete(0);
  headers.Delete(1L);
  CHECK(headers.Source() == "B: B\r\n");
}

TEST_CASE("InternetHeaders.Source has a line for each field, in order and as it was given") {
  InternetHeaders headers;
  CHECK(headers.Source().empty());
  headers.AppendHeader("X-B", "caf\xc3\xa9");
  headers.AppendHeader("x-a", " two  spaces ");
  headers.AppendHeader("X-B", "");
  CHECK(headers.Source() == "X-B: caf\xc3\xa9\r\nx-a:  two  spaces \r\nX-B: \r\n");
  CHECK(headers.Has("X-A"));
  CHECK_FALSE(headers.Has("X"));
}
