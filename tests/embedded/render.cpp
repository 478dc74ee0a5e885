// Writes the content of one of the test messages to the standard output: what the receiver must have got.
// usage: render NUMBER
#include "message.hpp"

#include "smtpoll/message/message_view_source.hpp"

#include <cstdio>
#include <cstdlib>

int main(int count, char** arguments) {
  const smtpoll::MessageView& mail = TestMessage(count == 2 ? std::atoi(arguments[1]) : 0);
  if (mail.Fault()) return 1;
  smtpoll::MessageViewSource source;
  source.Open(mail);
  char piece[100];
  std::uint64_t size = 0;
  for (smtpoll::SourceResult got{0, smtpoll::SourceStatus::More}; got.status == smtpoll::SourceStatus::More;) {
    got = source.Read(piece, sizeof piece);
    size += std::fwrite(piece, 1, got.size, stdout);
  }
  return size == source.Size() ? 0 : 1;
}
