#include "smtpoll/message/message_signer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "memory_wire.hpp"
#include "smtpoll/client/session.hpp"
#include "smtpoll/message/message_check.hpp"
#include "smtpoll/message/message_source.hpp"

using smtpoll::EmailMessage;
using smtpoll::MessageSource;
using smtpoll::SourceResult;
using smtpoll::SourceStatus;

namespace {

/// "Signs" with all that it was given, so that a test sees it.
class Echo final : public smtpoll::MessageSigner {
 public:
  class Signing final : public smtpoll::MessageSigning {
   public:
    Signing(std::string& header, std::string& body, const std::string& signature, bool works)
        : body_(body), signature_(signature), works_(works) {
      body_.clear();
      header.clear();
    }
    void Update(std::string_view piece) override { body_ += piece; }
    bool Finish(std::string& to) override {
      to += signature_;
      return works_;
    }
    std::size_t Size() const noexcept override { return signature_.size(); }

   private:
    std::string& body_;
    std::string signature_;
    bool works_;
  };
  const char* Fault() const noexcept override { return fault; }
  smtpoll::Owned<smtpoll::MessageSigning> Begin(std::string_view given) const override {
    auto signing = std::make_unique<Signing>(header, body, signature, works);
    header = given;
    return signing;
  }

  mutable std::string header, body;
  std::string signature = "Signed: yes\r\n";
  const char* fault = nullptr;
  bool works = true;
};

std::string ReadAll(MessageSource& source, std::size_t room, int& agains) {
  std::string result, piece(room, '#');
  for (;;) {
    const SourceResult got = source.Read(&piece[0], room);
    result.append(piece, 0, got.size);
    agains += got.status == SourceStatus::Again;
    if (got.status == SourceStatus::Failed) return "failed: " + std::string(source.Failure());
    if (got.status == SourceStatus::End) return result;
  }
}

EmailMessage Mail(std::shared_ptr<Echo> signer) {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.ToAddress = "bob@y.org";
  mail.BodyPlainText = "caf\xc3\xa9\n";
  mail.Signer = std::move(signer);
  return mail;
}

/// A server that takes what comes by DATA or by BDAT: `all` of it, and `content` as it was on the wire.
class Wire : public MemoryWire {
 public:
  inline static std::string offers, content, all;
  inline static int accepted = 0;

  smtpoll::IoResult Read(char* into, std::size_t room) { return Give(replies_, into, room); }
  smtpoll::IoResult Write(const char* bytes, std::size_t size) {
    said_.append(bytes, size);
    all.append(bytes, size);
    while (Take()) continue;
    return smtpoll::IoResult::Ok(size);
  }

 private:
  bool Take() {
    if (data_ && said_.find("\r\n.\r\n") == std::string::npos) return false;
    if (data_) {
      const std::size_t end = said_.find("\r\n.\r\n") + 2;
      content += said_.substr(0, end);
      said_.erase(0, end + 3);
      data_ = false;
      return Accept();
    }
    const std::size_t end = said_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string line = said_.substr(0, end);
    std::size_t chunk = 0;
    if (line.compare(0, 5, "BDAT ") == 0) {
      chunk = std::stoul(line.substr(5));
      if (said_.size() < end + 2 + chunk) return false;
      content += said_.substr(end + 2, chunk);
    }
    said_.erase(0, end + 2 + chunk);
    if (line.find(" LAST") != std::string::npos) return Accept();
    data_ = line == "DATA";
    replies_ += line.compare(0, 4, "EHLO") == 0 ? offers : data_ ? "354 go\r\n" : "250 ok\r\n";
    return true;
  }
  bool Accept() {
    ++accepted;
    replies_ += "250 taken\r\n";
    return true;
  }

  std::string replies_ = "220 hi\r\n", said_;
  bool data_ = false;
};

/// Sends by a session of its own.
smtpoll::SendResult Send(const EmailMessage& mail) {
  Wire::content.clear();
  Wire::all.clear();
  Wire::accepted = 0;
  smtpoll::BasicSession<Wire> session;
  REQUIRE_FALSE(session.Connect("server", 25));
  return session.Send(mail);
}

/// RFC 5321 4.5.2.
std::string WithDotsDoubled(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\n.", at)) != std::string::npos; at += 4) text.insert(at + 2, 1, '.');
  return text[0] == '.' ? "." + text : text;
}

const char* const kOffers[] = {"250 x\r\n", "250-x\r\n250 PIPELINING\r\n",
                               "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"};

}  // namespace

TEST_CASE("EmailMessage.Signer gets the message as it goes out, and its signature goes first") {
  const auto signer = std::make_shared<Echo>();
  EmailMessage mail = Mail(signer);
  smtpoll::EmailAttachment attachment;
  attachment.Name = "a.bin";
  attachment.Data = std::string(3000000, 'x');
  for (const std::size_t size : {0u, 3000000u}) {
    if (size != 0) mail.Attachments.Append(attachment);
    for (const std::size_t room : {1u, 100u, 100000u}) {
      if (room == 1 && size != 0) continue;
      MessageSource source;
      source.Open(mail, smtpoll::detail::WireWidth::Binary);
      const std::uint64_t promised = source.Size();
      int agains = 0;
      const std::string whole = ReadAll(source, room, agains);
      CHECK(whole == "Signed: yes\r\n" + signer->header + "\r\n" + signer->body);
      CHECK(promised == whole.size());
      CHECK(source.Size() == whole.size());
      CHECK(source.Width() == smtpoll::detail::WireWidth::SevenBit);
      CHECK(agains == (size == 0 ? 0 : 3));  // 4 MB are signed in steps
      REQUIRE(source.Rewind());
      CHECK(ReadAll(source, room, agains) == whole);
    }
  }
  CHECK(mail.Render().size() > 4000000);
}

TEST_CASE("EmailMessage.Signer: a rewind before the signature is there starts anew") {
  const auto signer = std::make_shared<Echo>();
  EmailMessage mail = Mail(signer);
  smtpoll::EmailAttachment attachment;
  attachment.Name = "a.bin";
  attachment.Data = std::string(2000000, 'x');
  mail.Attachments.Append(attachment);
  MessageSource source;
  source.Open(mail);
  char piece[10];
  REQUIRE(source.Read(piece, sizeof piece).status == SourceStatus::Again);
  REQUIRE(source.Rewind());
  int agains = 0;
  const std::string whole = ReadAll(source, 5000, agains);
  CHECK(whole.size() == source.Size());
  CHECK(whole == "Signed: yes\r\n" + signer->header + "\r\n" + signer->body);
}

TEST_CASE("EmailMessage.Signer reads a ready-made message too, with CRLF") {
  const auto signer = std::make_shared<Echo>();
  EmailMessage mail = Mail(signer);
  for (const char* source_text : {"A: b\nC: d\n e\n\nbody\n.\n", "A: b\r\n\r\n", "A: b\n", "A: b", "\nbody"}) {
    mail.Source = source_text;
    CHECK_FALSE(mail.Fault());
    MessageSource source;
    source.Open(mail);
    const std::uint64_t promised = source.Size();
    int agains = 0;
    const std::string whole = ReadAll(source, 3, agains);
    CHECK(promised == whole.size());
    CHECK(whole.find("Signed: yes\r\n" + signer->header) == 0);
    CHECK(whole.substr(whole.size() - signer->body.size()) == signer->body);
    CHECK(signer->body.find("A: b") == std::string::npos);
  }
  CHECK(signer->body == "body");
}

TEST_CASE("EmailMessage.Signer: what cannot be signed is refused by name, or fails, but is never sent without") {
  const auto signer = std::make_shared<Echo>();
  EmailMessage mail = Mail(signer);
  CHECK_FALSE(mail.Fault());
  smtpoll::EmailAttachment once;
  once.Name = "once.bin";
  once.LoadFromCallback([](char*, std::size_t) { return SourceResult(); }, 0);
  mail.Attachments.Append(once);
  CHECK(smtpoll::detail::AsError(mail.Fault()).text.View() ==
        "Attachments: signing reads a message twice: LoadFromCallback needs a rewind");
  once.LoadFromCallback([](char*, std::size_t) { return SourceResult(); }, 0, [] { return true; });
  mail.Attachments[0] = once;
  CHECK_FALSE(mail.Fault());
  signer->fault = "there is no key";
  CHECK(smtpoll::detail::AsError(mail.Fault()).text.View() == "Signer: there is no key");
  signer->works = false;
  MessageSource source;
  source.Open(mail);
  int agains = 0;
  CHECK(ReadAll(source, 100, agains) == "failed: the message cannot be signed with this key");
}

TEST_CASE(
    "RFC 5321 4.5.2: the lines of a signature and of what is signed have their dots doubled by DATA, not by BDAT") {
  const auto signer = std::make_shared<Echo>();
  EmailMessage mail = Mail(signer);
  mail.BodyPlainText = ".\n..\n.text\n" + std::string(70, '.') + "\n.\n";
  smtpoll::EmailAttachment attachment;
  attachment.Name = "a.bin";
  attachment.Data = std::string(20000, '.');
  for (const bool attached : {false, true}) {
    if (attached) mail.Attachments.Append(attachment);
    // A signature that fills many reads, and ends anywhere in one; the header behind it has no dots.
    for (const std::size_t lines : {1u, 50u, 1000u}) {
      signer->signature = ".Signed: yes\r\n";
      while (signer->signature.size() < 15 * lines) signer->signature += ".X" + std::string(lines % 7, 'x') + ": .\r\n";
      for (const char* offers : kOffers) {
        CAPTURE(lines);
        CAPTURE(offers);
        Wire::offers = offers;
        const smtpoll::SendResult result = Send(mail);
        CHECK(result.outcome == smtpoll::Outcome::Sent);
        CHECK(Wire::accepted == 1);
        const std::string whole = signer->signature + signer->header + "\r\n" + signer->body;
        const bool chunked = std::string(offers).find("CHUNKING") != std::string::npos;
        CHECK(Wire::content == (chunked ? whole : WithDotsDoubled(whole)));
        CHECK(whole.find("\r\n..\r\n") != std::string::npos);
      }
    }
  }
}

TEST_CASE("EmailMessage.Signer: a signature without CRLF neither ends the content nor takes more room than there is") {
  const auto signer = std::make_shared<Echo>();
  const EmailMessage mail = Mail(signer);
  signer->signature.clear();
  std::string lines;
  for (int i = 0; i < 10000; ++i) {
    signer->signature += ".\n\r";
    lines += ".\r\n\r\n";
  }
  for (const char* offers : kOffers) {
    CAPTURE(offers);
    Wire::offers = offers;
    CHECK(Send(mail).outcome == smtpoll::Outcome::Sent);
    CHECK(Wire::accepted == 1);
    const bool chunked = std::string(offers).find("CHUNKING") != std::string::npos;
    const std::string whole = lines + signer->header + "\r\n" + signer->body;
    CHECK(Wire::content.size() == (chunked ? whole : WithDotsDoubled(whole)).size());
    CHECK((Wire::content == (chunked ? whole : WithDotsDoubled(whole))));
  }
}

TEST_CASE("EmailMessage.Signer: an attachment that cannot be read while it is signed leaves no message accepted") {
  const auto signer = std::make_shared<Echo>();
  for (const std::size_t there : {0u, 1u, 1500000u}) {
    for (const SourceStatus end : {SourceStatus::Failed, SourceStatus::End}) {
      for (const bool twice : {false, true}) {
        EmailMessage mail = Mail(signer);
        smtpoll::EmailAttachment attachment;
        attachment.Name = "broken.bin";
        std::size_t left = 0;
        int readings = 0;
        const auto start = [&] {
          // It may break when it is read for the wire, too.
          left = twice && readings++ == 0 ? 1500001 : there;
          return true;
        };
        bool pauses = false;
        attachment.LoadFromCallback(
            [&](char* into, std::size_t room) -> SourceResult {
              if (readings == 0) start();
              if ((pauses = !pauses)) return {0, SourceStatus::Again};
              const std::size_t size = std::min(left, room);
              std::fill_n(into, size, 'x');
              left -= size;
              return {size, left != 0 ? SourceStatus::More : twice && readings == 1 ? SourceStatus::End : end};
            },
            1500001, start);
        mail.Attachments.Append(attachment);
        for (const char* offers : kOffers) {
          CAPTURE(there);
          CAPTURE(twice);
          Wire::offers = offers;
          left = 0;
          readings = 0;
          const smtpoll::SendResult result = Send(mail);
          CHECK(result.outcome == smtpoll::Outcome::Refused);
          CHECK(result.error.Code() == smtpoll::Errc::SourceFailed);
          CHECK(result.error.text.View().find("broken.bin") != std::string_view::npos);
          CHECK(Wire::accepted == 0);
          CHECK((Wire::all.find("Signed: yes") != std::string::npos) == twice);
        }
      }
    }
  }
}

TEST_CASE("SignerPointer points at what a shared or a plain pointer points at, or at nothing") {
  EmailMessage mail;
  CHECK_FALSE(mail.Signer);
  CHECK(mail.Signer.get() == nullptr);
  const auto shared = std::make_shared<Echo>();
  mail.Signer = shared;
  CHECK(mail.Signer.get() == shared.get());
  CHECK(shared.use_count() == 2);
  const EmailMessage copy = mail;
  CHECK(copy.Signer.get() == shared.get());
  CHECK(shared.use_count() == 3);
  mail.Signer = nullptr;
  CHECK_FALSE(mail.Signer);
  CHECK(shared.use_count() == 2);
  Echo plain;
  mail.Signer = &plain;
  CHECK(mail.Signer.get() == &plain);
  CHECK(mail.Signer->Fault() == nullptr);
  mail.Signer = std::shared_ptr<Echo>();
  CHECK_FALSE(mail.Signer);
  mail.Signer = static_cast<Echo*>(nullptr);
  CHECK_FALSE(mail.Signer);
}
