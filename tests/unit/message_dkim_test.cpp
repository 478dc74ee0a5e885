#include "smtpoll/message/dkim.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "smtpoll/message/email_message.hpp"
#include "smtpoll/message/message_source.hpp"

using namespace smtpoll::detail;
using smtpoll::DkimSettings;

namespace {

/// A key whose signature is the hash, over and over.
class HashSigner final : public smtpoll::DkimSigner {
 public:
  explicit HashSigner(DkimSettings settings, std::size_t size = 64) : DkimSigner(std::move(settings)), size_(size) {}

 private:
  const char* KeyFault() const noexcept override { return nullptr; }
  Algorithm KeyAlgorithm() const noexcept override { return Algorithm::Ed25519Sha256; }
  std::size_t SignatureSize() const noexcept override { return size_; }
  bool SignHash(const unsigned char* hash, unsigned char* into) const override {
    for (std::size_t i = 0; i < size_; ++i) into[i] = hash[i % 32];
    return true;
  }
  std::size_t size_;
};

DkimSettings Settings() {
  DkimSettings settings;
  settings.Domain = "x.org";
  settings.Selector = "sel";
  return settings;
}

std::string BodyHash(const std::string& body, std::size_t piece) {
  DkimBodyHash hash;
  for (std::size_t at = 0; at < body.size(); at += piece) hash.Update(std::string_view(body).substr(at, piece));
  char digest[32], text[44];
  hash.Finish(digest);
  return std::string(text, Base64Encode(digest, sizeof digest, text));
}
std::string Sha256Of(const std::string& text) {
  Sha256 hash;
  hash.Update(text);
  char digest[32], encoded[44];
  hash.Finish(digest);
  return std::string(encoded, Base64Encode(digest, sizeof digest, encoded));
}

/// The signature's field, without its folds.
std::string Sign(const smtpoll::DkimSigner& signer, const std::string& header, const std::string& body) {
  const auto signing = signer.Begin(header);
  const std::size_t size = signing->Size();
  signing->Update(body);
  std::string field;
  REQUIRE(signing->Finish(field));
  CHECK(field.size() == size);
  std::string unfolded;
  for (std::size_t at = 0; at < field.size();) {
    const std::size_t end = field.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    CHECK(end - at <= 78);
    unfolded.append(field, at, end - at);
    at = end + 2;
    if (at < field.size()) CHECK(field[at] == ' ');
  }
  return unfolded;
}

}  // namespace

TEST_CASE("RFC 6376 3.4.5: the example of relaxed canonicalization") {
  std::string header;
  for (const DkimField& field : ParseFields("A: X\r\nB : Y\t\r\n\tZ  \r\n")) {
    AppendRelaxed(field, header);
    header += "|";
  }
  CHECK(header == "a:X|b:Y Z|");
  for (const std::size_t piece : {1u, 2u, 5u, 100u})
    CHECK(BodyHash(" C \r\nD \t E\r\n\r\n\r\n", piece) == Sha256Of(" C\r\nD E\r\n"));
}

TEST_CASE("RFC 6376 3.4.4: empty bodies, lines of white space, a line end that is missing") {
  const std::string nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";  // RFC 6376 3.4.4
  for (const char* body : {"", "\r\n", "\r\n\r\n", " \t\r\n \r\n"}) CHECK(BodyHash(body, 1) == nothing);
  CHECK(BodyHash("a", 1) == Sha256Of("a\r\n"));
  CHECK(BodyHash("\r\n\r\n a \r\n \r\nb", 1) == Sha256Of("\r\n\r\n a\r\n\r\nb\r\n"));
}

TEST_CASE("RFC 8463 A: the body hash of its example") {
  CHECK(BodyHash("Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n", 7) ==
        "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

TEST_CASE("RFC 6376 3.5: the tags of a signature; l= is never there, x= only where it is wanted") {
  DkimSettings settings = Settings();
  settings.Timestamp = false;
  const std::string header = "From: a@x.org\r\nTo: b@y.org\r\nTo: c@y.org\r\nX-Other: x\r\n";
  const std::string one = Sign(HashSigner(settings), header, "body\r\n");
  CHECK(one.find("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=x.org; s=sel; "
                 "h=From:From:To:To:To:Cc:Reply-To:Subject; bh=" +
                 Sha256Of("body\r\n") + "; b=") == 0);
  CHECK(Sign(HashSigner(settings), header + "Date: now\r\n", "").find(":Subject:Date:Date; bh=") != std::string::npos);
  settings.Timestamp = true;
  settings.ExpireSeconds = 1000;
  const std::string two = Sign(HashSigner(settings, 512), header, "body\r\n");
  const auto number = [&](const std::string& tag) { return std::stoll(two.substr(two.find(tag) + tag.size())); };
  CHECK(number(" x=") - number(" t=") == 1000);
  CHECK(two.find(" l=") == std::string::npos);
}

TEST_CASE(
    "RFC 6376 5.4.2 and 3.7: of fields of one name the last is hashed first, and the signature's own field last") {
  DkimSettings settings = Settings();
  settings.Timestamp = false;
  settings.OversignedHeaders = {};
  settings.SignedHeaders = {"To", "to", "Absent", "From"};
  const std::string field = Sign(HashSigner(settings, 32), "From: a@x.org\r\nTo:  one\r\nto: two \r\n", "");
  const std::size_t value = field.find(" b=") + 3;
  CHECK(field.find("h=From:From:To:To;") != std::string::npos);
  // The canonical form of the signature's field has one space where it is folded.
  const std::string own = "dkim-signature:" + field.substr(16, value - 16);
  CHECK(field.substr(value) == Sha256Of("from:a@x.org\r\nto:two\r\nto:one\r\n" + own));
}

TEST_CASE("RFC 8601 and 5.4: settings that could break out of the header are refused by name") {
  const std::string long_name(300, 'a');
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a;b"), std::string("a\r\nBcc: x"), std::string("a\nb"),
        std::string("a\rb"), std::string("a\0b", 3), std::string("a\xff"), std::string("a=b:c"), long_name}) {
    CAPTURE(bad);
    DkimSettings settings = Settings();
    settings.Domain = bad;
    CHECK(std::string(HashSigner(settings).Fault()) == "Domain is no domain");
    settings = Settings();
    settings.Selector = bad;
    CHECK(std::string(HashSigner(settings).Fault()) == "Selector is no name under a domain");
    for (auto list : {&DkimSettings::SignedHeaders, &DkimSettings::OversignedHeaders}) {
      settings = Settings();
      (settings.*list).push_back(bad);
      CHECK(HashSigner(settings).Fault() != nullptr);
    }
  }
  CHECK(HashSigner(Settings()).Fault() == nullptr);
  DkimSettings settings = Settings();
  settings.Domain =
      "b\xc3\xbc"
      "cher.example";
  CHECK(Sign(HashSigner(settings), "From: a\r\n", "").find(" d=xn--bcher-kva.example;") != std::string::npos);
  settings.ExpireSeconds = -1;
  CHECK(HashSigner(settings).Fault() != nullptr);
}

TEST_CASE("EmailMessage.Signer: a DKIM signature stands before a message that keeps its size") {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.ToAddress = "bob@y.org";
  mail.BodyPlainText = "hello\n";
  mail.Signer = std::make_shared<HashSigner>(Settings(), 256);
  smtpoll::MessageSource source;
  source.Open(mail);
  const std::uint64_t size = source.Size();
  std::string text(10000, '#');
  text.resize(source.Read(&text[0], text.size()).size);
  CHECK(text.size() == size);
  CHECK(text.find("DKIM-Signature: v=1;") == 0);
  CHECK(text.find("\r\nDate: ") != std::string::npos);
}
