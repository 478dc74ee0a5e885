// A source that breaks half-way, on its whole way: whatever the server offers, it must never take the message for
// whole.
#include "smtpoll/client/session.hpp"
#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "memory_wire.hpp"

namespace {

/// A server that takes all it is told, by DATA or by BDAT, and counts the messages that came to an end.
class Server : public MemoryWire {
 public:
  static std::string offers;
  static int accepted;
  static std::size_t content;

  smtpoll::IoResult Read(char* into, std::size_t room) { return Give(replies_, into, room); }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) Take(bytes[i]);
    return smtpoll::IoResult::Ok(size);
  }
  void Close() {
    replies_ = "220 hi\r\n";
    line_.clear();
    data_ = false;
    chunk_ = 0;
  }

 private:
  void Take(char c) {
    if (chunk_ != 0) {
      ++content;
      if (--chunk_ == 0) EndChunk();
      return;
    }
    line_ += c;
    if (c != '\n') return;
    if (data_) {
      data_ = line_ != ".\r\n";
      if (data_) content += line_.size();
      if (!data_) Accept();
    } else if (line_.compare(0, 5, "BDAT ") == 0) {
      chunk_ = std::strtoull(line_.c_str() + 5, nullptr, 10);
      last_ = line_.find("LAST") != std::string::npos;
      if (chunk_ == 0) EndChunk();
    } else {
      data_ = line_ == "DATA\r\n";
      replies_ += line_.compare(0, 4, "EHLO") == 0 ? offers : data_ ? "354 go\r\n" : "250 ok\r\n";
    }
    line_.clear();
  }
  void EndChunk() {
    if (last_)
      Accept();
    else
      replies_ += "250 more\r\n";
  }
  void Accept() {
    ++accepted;
    replies_ += "250 taken\r\n";
  }

  std::string replies_ = "220 hi\r\n";
  std::string line_;
  bool data_ = false;
  bool last_ = false;
  unsigned long long chunk_ = 0;
};
std::string Server::offers;
int Server::accepted = 0;
std::size_t Server::content = 0;

/// A message whose attachment says that it has `promised` bytes, and breaks after `there`.
smtpoll::EmailMessage Broken(std::uint64_t promised, std::size_t there, smtpoll::SourceStatus end) {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "a@x.org";
  mail.ToAddress = "b@y.org";
  mail.BodyPlainText = "text\n";
  smtpoll::EmailAttachment attachment;
  attachment.Name = "the broken one.bin";
  attachment.LoadFromCallback(
      [there, end](char* into, std::size_t room) mutable -> smtpoll::SourceResult {
        const std::size_t size = there < room ? there : room;
        for (std::size_t i = 0; i < size; ++i) into[i] = 'x';
        there -= size;
        return {size, there == 0 ? end : smtpoll::SourceStatus::More};
      },
      promised);
  mail.Attachments.Append(attachment);
  return mail;
}

}  // namespace

TEST_CASE("A source that fails half-way is named, and its message is never taken for whole, by DATA or by BDAT") {
  using smtpoll::SourceStatus;
  for (const char* offers : {"250 x\r\n", "250-x\r\n250-PIPELINING\r\n250 SIZE\r\n",
                             "250-x\r\n250-PIPELINING\r\n250-SIZE\r\n250 CHUNKING\r\n",
                             "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"}) {
    for (const std::uint64_t promised : {std::uint64_t{1000000}, smtpoll::kUnknownSize}) {
      for (const std::size_t there : {std::size_t{0}, std::size_t{1}, std::size_t{300000}, std::size_t{999999}}) {
        for (const SourceStatus end : {SourceStatus::Failed, SourceStatus::End}) {
          // A source of unknown length that says End is at its end.
          if (promised == smtpoll::kUnknownSize && end == SourceStatus::End) continue;
          CAPTURE(offers);
          CAPTURE(there);
          Server::offers = offers;
          Server::accepted = 0;
          Server::content = 0;
          smtpoll::BasicSession<Server> session;
          REQUIRE_FALSE(session.Connect("server", 25));
          const smtpoll::SendResult result = session.Send(Broken(promised, there, end));
          CHECK(result.outcome == smtpoll::Outcome::Refused);
          CHECK(result.error.Code() == smtpoll::Errc::SourceFailed);
          CHECK(result.error.text.View().find("the broken one.bin") != std::string_view::npos);
          CHECK(Server::accepted == 0);
          CHECK(Server::content < 1400000);
        }
      }
    }
  }
}

TEST_CASE("A callback that says it wrote more than there was room for: nothing beyond the room is sent") {
  for (const char* offers : {"250 x\r\n", "250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"}) {
    for (const std::uint64_t promised : {std::uint64_t{100000}, smtpoll::kUnknownSize}) {
      CAPTURE(offers);
      Server::offers = offers;
      Server::accepted = 0;
      Server::content = 0;
      smtpoll::EmailMessage mail = Broken(promised, 0, smtpoll::SourceStatus::End);
      mail.Attachments[0].LoadFromCallback(
          [](char*, std::size_t room) {
            return smtpoll::SourceResult{room + 1, smtpoll::SourceStatus::More};
          },
          promised);
      smtpoll::BasicSession<Server> session;
      REQUIRE_FALSE(session.Connect("server", 25));
      const smtpoll::SendResult result = session.Send(mail);
      CHECK(result.outcome == smtpoll::Outcome::Refused);
      CHECK(result.error.Code() == smtpoll::Errc::SourceFailed);
      CHECK(Server::accepted == 0);
      CHECK(Server::content < 2000);  // header fields and text, and nothing of the attachment
    }
  }
}

TEST_CASE("A message that waits behind one whose source fails goes out all the same") {
  for (const char* offers : {"250 x\r\n", "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"}) {
    Server::offers = offers;
    Server::accepted = 0;
    smtpoll::BasicSMTPSocket<Server> socket;
    socket.Address = "server";
    socket.Port = 25;
    std::string told;
    socket.MessageFinished = [&](const smtpoll::EmailMessage&, const smtpoll::SendResult& result) {
      told += std::string(Name(result.outcome)) + " ";
    };
    smtpoll::EmailMessage good = Broken(1, 1, smtpoll::SourceStatus::End);
    socket.Messages.Append(good);
    socket.Messages.Append(Broken(1000000, 1000, smtpoll::SourceStatus::Failed));
    socket.Messages.Append(good);
    socket.SendMail();
    for (int i = 0; i < 10000 && socket.Poll(); ++i) continue;
    CHECK(told == "sent refused sent ");
    CHECK(Server::accepted == 2);
    CHECK(socket.Messages.empty());
    CHECK(socket.InDoubt.empty());
  }
}
