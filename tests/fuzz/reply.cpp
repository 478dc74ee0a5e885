// Replies (RFC 5321 4.2): whole and in pieces they are the same, and what is called a reply is one.
#include "smtpoll/protocol/reply.hpp"

#include <algorithm>

#include "fuzz.hpp"

namespace {

/// What the parser makes of `bytes` when they come in pieces of `piece`: a line for each reply.
std::string Parse(std::string_view bytes, std::size_t piece) {
  std::string buffer(bytes), told;
  smtpoll::detail::ReplyParser parser;
  std::size_t front = 0, end = 0;
  for (;;) {
    smtpoll::Reply reply;
    const auto result = parser.Parse({&buffer[0] + front, end - front}, reply, [](std::string_view) {});
    if (result == smtpoll::detail::ReplyParser::Result::Malformed) return told + "malformed";
    if (result == smtpoll::detail::ReplyParser::Result::NeedMore) {
      if (end == buffer.size()) return told;
      end = std::min(buffer.size(), end + piece);
      continue;
    }
    FUZZ_CHECK(reply.code >= 200 && reply.code <= 559);
    FUZZ_CHECK(!reply.enhanced || reply.enhanced.status_class == reply.code / 100);
    FUZZ_CHECK(parser.Size() <= end - front && reply.text.size() < parser.Size());
    for (const char c : reply.text)
      FUZZ_CHECK(c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f));
    told +=
        std::to_string(reply.code) + " " + std::to_string(reply.enhanced.detail) + " " + std::string(reply.text) + "\n";
    front += parser.Size();
    parser.Reset();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t piece = 1 + input.Byte() % 16;
  const std::string whole = Parse(input.Rest(), SIZE_MAX / 2);
  const std::string pieces = Parse(input.Rest(), piece);
  FUZZ_CHECK(pieces == whole);
  return 0;
}
