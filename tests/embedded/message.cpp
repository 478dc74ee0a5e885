#include "message.hpp"

namespace {

/// What a sensor might have measured: bytes that a reader on the other side can compute too.
struct Measurements {
  char bytes[5000] = {};
  constexpr Measurements() {
    std::uint32_t state = 1;
    for (char& byte : bytes) {
      state = state * 1103515245u + 12345u;
      const unsigned value = state >> 16 & 0xff;
      byte = static_cast<char>(value < 128 ? static_cast<int>(value) : static_cast<int>(value) - 256);
    }
  }
};
constexpr Measurements kMeasurements;

constexpr smtpoll::MailboxView kTo[] = {{"operator@example.org", "Zo\xc3\xab, on duty"}, {"archive@example.org"}};
constexpr smtpoll::MailboxView kBcc[] = {{"shadow@example.org"}};
constexpr smtpoll::HeaderView kHeaders[] = {{"X-Serial", "0042"}};
constexpr smtpoll::AttachmentView kAttachments[] = {
    {"me\xc3\x9fwerte.bin", {kMeasurements.bytes, sizeof kMeasurements.bytes}}};

constexpr smtpoll::MessageView Made() {
  smtpoll::MessageView mail;
  mail.from = {"chip@example.org", "Chip no. 42"};
  mail.to = kTo;
  mail.bcc = kBcc;
  mail.subject =
      "Temp\xc3\xa9rature 21.5 \xc2\xb0"
      "C, all is well";
  mail.body =
      "All is well at 21.5 \xc2\xb0"
      "C.\nThe end.\n";
  mail.attachments = kAttachments;
  mail.headers = kHeaders;
  mail.date = 1795514400;
  mail.utc_offset = 60;
  mail.message_id = "0042.1@chip.example.org";
  return mail;
}

constexpr smtpoll::MessageView MadeOfDots() {
  smtpoll::MessageView mail = Made();
  mail.attachments = {};
  mail.body = ".\n..two dots\r\n.and one\n\n.";
  mail.message_id = "0042.2@chip.example.org";
  return mail;
}

constexpr smtpoll::SessionOptions Options() {
  smtpoll::SessionOptions options;
  options.client_name = "chip.example.org";
  options.chunking = false;
  return options;
}

constexpr smtpoll::MessageView kMessages[kTestMessages] = {Made(), MadeOfDots()};

}  // namespace

constexpr smtpoll::SessionOptions kTestOptions = Options();

const smtpoll::MessageView& TestMessage(int number) { return kMessages[number]; }
