#include "smtpoll/message/message_signer.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

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
    Signing(std::string& header, std::string& body, bool works) : body_(body), works_(works) {
      body_.clear();
      header.clear();
    }
    void Update(std::string_view piece) override { body_ += piece; }
    bool Finish(std::string& to) override {
      to += "Signed: " + std::string(works_ ? "yes" : "no ") + "\r\n";
      return works_;
    }
    std::size_t Size() const noexcept override { return 13; }

   private:
    std::string& body_;
    bool works_;
  };
  const char* Fault() const noexcept override { return fault; }
  smtpoll::Owned<smtpoll::MessageSigning> Begin(std::string_view given) const override {
    auto signing = std::make_unique<Signing>(header, body, works);
    header = given;
    return signing;
  }

  mutable std::string header, body;
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
