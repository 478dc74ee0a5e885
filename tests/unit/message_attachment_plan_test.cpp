#include "smtpoll/message/attachment_plan.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::EmailAttachment;
using smtpoll::detail::AttachmentPlan;
using smtpoll::detail::AttachmentPlanner;
using smtpoll::detail::WireWidth;

namespace {

EmailAttachment Attachment(const std::string& name, const std::string& data, const std::string& encoding = "base64") {
  EmailAttachment attachment;
  attachment.Name = name;
  attachment.Data = data;
  attachment.ContentEncoding = encoding;
  return attachment;
}

/// Type and encoding, as a header would say them.
std::string Plan(const EmailAttachment& attachment, WireWidth width = WireWidth::SevenBit) {
  constexpr const char* kNames[] = {"7bit", "8bit", "quoted-printable", "base64", "binary"};
  const AttachmentPlan plan = AttachmentPlanner(attachment, width).Plan();
  return std::string(plan.type) + " " + kNames[static_cast<unsigned>(plan.encoding)];
}

}  // namespace

TEST_CASE(
    "EmailAttachment.ContentEncoding: base64 carries every byte, and binary takes its place where the wire has it") {
  const EmailAttachment one = Attachment("a.txt", "text\r\n");
  CHECK(Plan(one) == "text/plain base64");
  CHECK(Plan(one, WireWidth::EightBit) == "text/plain base64");
  CHECK(Plan(one, WireWidth::Binary) == "text/plain binary");
  CHECK(AttachmentPlanner(one, WireWidth::SevenBit).Plan().wire_size == 10);
  CHECK(AttachmentPlanner(one, WireWidth::Binary).Plan().wire_size == 6);
}

TEST_CASE("EmailAttachment.ContentEncoding: another one is taken only where the bytes come through by it") {
  CHECK(Plan(Attachment("a.txt", "text\r\n", "7bit")) == "text/plain 7bit");
  CHECK(Plan(Attachment("a.bin", "text\r\n", "7BIT")) == "application/octet-stream 7bit");
  CHECK(Plan(Attachment("a.txt", "caf\xc3\xa9\r\n", "8bit"), WireWidth::EightBit) == "text/plain 8bit");
  CHECK(Plan(Attachment("a.txt", "some caf\xc3\xa9, and more\r\n", "8bit")) == "text/plain quoted-printable");
  CHECK(Plan(Attachment("a.txt", "some caf\xc3\xa9, and more\r\n", "7bit"), WireWidth::EightBit) ==
        "text/plain quoted-printable");
  CHECK(Plan(Attachment("a.txt", "text\r\n", "quoted-printable")) == "text/plain quoted-printable");
  // A line feed alone would arrive as CRLF.
  for (const char* encoding : {"7bit", "8bit", "quoted-printable", ""}) {
    CHECK(Plan(Attachment("a.txt", "text\n", encoding)) == "text/plain base64");
    CHECK(Plan(Attachment("a.txt", "", encoding)) == "text/plain base64");
  }
  CHECK(Plan(Attachment("a.txt", "text\r\n", "")) == "text/plain 7bit");
  CHECK(Plan(Attachment("a.bin", "text\r\n", "")) == "application/octet-stream base64");
  CHECK(Plan(Attachment("a.txt", "\xc3\xa9\xc3\xa9\xc3\xa9", "")) == "text/plain base64");
}

TEST_CASE("RFC 2046 5.2.1: message/rfc822 is never base64, and no other composite type is taken") {
  CHECK(Plan(Attachment("a.eml", "A: b\n\nc\n")) == "message/rfc822 7bit");
  CHECK(Plan(Attachment("a.eml", "A: b\n\ncaf\xc3\xa9\n")) == "application/octet-stream base64");
  CHECK(Plan(Attachment("a.eml", "A: b\n\ncaf\xc3\xa9\n"), WireWidth::EightBit) == "message/rfc822 8bit");
  CHECK(Plan(Attachment("a.eml", std::string("A: b\n\n\0", 7)), WireWidth::Binary) == "message/rfc822 binary");
  CHECK(Plan(Attachment("a.eml", "")) == "application/octet-stream base64");
  EmailAttachment other = Attachment("a", "x");
  other.MIMEType = "multipart/mixed";
  CHECK(Plan(other, WireWidth::Binary) == "application/octet-stream binary");
  other.MIMEType = "nonsense";
  CHECK(Plan(other) == "application/octet-stream base64");
}

TEST_CASE("RFC 2046 5.2.1: a message in a file is scanned, one behind a callback cannot be") {
  const std::string path = "./smtpoll-plan-" + std::to_string(reinterpret_cast<std::uintptr_t>(&path)) + ".eml";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  for (int i = 0; i < 1000; ++i) std::fputs("Subject: x\n", file);
  std::fclose(file);
  EmailAttachment attachment;
  REQUIRE(attachment.LoadFromFile(path));
  const AttachmentPlan plan = AttachmentPlanner(attachment, WireWidth::SevenBit).Plan();
  CHECK(plan.is_forward);
  CHECK(plan.wire_size == 12000);
  std::remove(path.c_str());
  CHECK(Plan(attachment) == "application/octet-stream base64");
  attachment.LoadFromCallback([](char*, std::size_t) { return smtpoll::SourceResult(); }, 5);
  CHECK(Plan(attachment) == "application/octet-stream base64");
}

TEST_CASE("RFC 2046 4.1.2: a text whose bytes are UTF-8 says so, unless its type says something else") {
  const auto is_utf8 = [](const EmailAttachment& one) {
    return AttachmentPlanner(one, WireWidth::SevenBit).Plan().is_utf8;
  };
  CHECK(is_utf8(Attachment("a.txt", "caf\xc3\xa9")));
  CHECK(is_utf8(Attachment("a.csv", "ascii", "7bit")));
  CHECK_FALSE(is_utf8(Attachment("a.txt", "caf\xe9")));
  CHECK_FALSE(is_utf8(Attachment("a.bin", "caf\xc3\xa9")));
  EmailAttachment one = Attachment("a.txt", "caf\xc3\xa9");
  one.MIMEType = "text/plain; charset=utf-8; format=flowed";
  CHECK_FALSE(is_utf8(one));
  const std::string path = "./smtpoll-utf8-" + std::to_string(reinterpret_cast<std::uintptr_t>(&path)) + ".txt";
  const auto is_utf8_file = [&](const std::string& text) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    EmailAttachment attachment;
    REQUIRE(attachment.LoadFromFile(path));
    const bool result = is_utf8(attachment);
    std::remove(path.c_str());
    return result;
  };
  for (std::size_t before = 4090; before <= 4097; ++before) {
    CHECK(is_utf8_file(std::string(before, 'x') + "\xf0\x9f\x91\x8b and more"));
    CHECK(is_utf8_file(std::string(before, 'x')));
  }
  CHECK_FALSE(is_utf8_file("caf\xe9"));
  CHECK_FALSE(is_utf8_file(std::string(4080, 'x') + "\xe9" + std::string(100, 'x')));
}
