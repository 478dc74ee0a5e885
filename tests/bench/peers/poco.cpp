// POCO in the benchmarks: one SMTPClientSession, a new MailMessage for each message.
//
// usage: poco MODE PORT COUNT [FILE]    (data, base64 or recipients)
#include <Poco/Exception.h>
#include <Poco/Net/FilePartSource.h>
#include <Poco/Net/MailMessage.h>
#include <Poco/Net/MailRecipient.h>
#include <Poco/Net/SMTPClientSession.h>
#include <Poco/Net/StringPartSource.h>

#include "../work.hpp"

int main(int argc, char** argv) {
  using namespace Poco::Net;
  const bench::Call call(argc, argv);
  const bool to_many = call.mode == "recipients";
  try {
    SMTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(call.port));
    session.login();
    for (int i = 0; i < (to_many ? 1 : call.count); ++i) {
      MailMessage mail;
      mail.setSender(bench::kSender);
      mail.setSubject(bench::kSubject);
      for (int n = 0; n < (to_many ? call.count : 1); ++n)
        mail.addRecipient(to_many ? MailRecipient(MailRecipient::BCC_RECIPIENT, bench::Recipient(n))
                                  : MailRecipient(MailRecipient::PRIMARY_RECIPIENT, bench::kRecipient));
      if (call.mode == "base64") {
        mail.addContent(new StringPartSource("See the attachment.\r\n"));
        mail.addAttachment("attachment.bin", new FilePartSource(call.file, "application/octet-stream"));
      } else {
        mail.setContent(bench::Body(), MailMessage::ENCODING_7BIT);
      }
      session.sendMessage(mail);
    }
    session.close();
  } catch (const Poco::Exception& fault) {
    std::fprintf(stderr, "poco: %s\n", fault.displayText().c_str());
    return 1;
  }
  return 0;
}
