// VMime in the benchmarks: one SMTP transport, a message from messageBuilder each time. It groups the commands of a
// message where the server offers PIPELINING, and sends by BDAT where it offers CHUNKING.
//
// usage: vmime MODE PORT COUNT [FILE]    (data, base64 or recipients)
#include <vmime/platforms/posix/posixHandler.hpp>
#include <vmime/vmime.hpp>

#include "../work.hpp"

namespace {

vmime::shared_ptr<vmime::message> Build(const bench::Call& call) {
  vmime::messageBuilder builder;
  builder.setExpeditor(vmime::mailbox(bench::kSender));
  vmime::addressList to;
  to.appendAddress(vmime::make_shared<vmime::mailbox>(bench::kRecipient));
  builder.setRecipients(to);
  builder.setSubject(vmime::text(bench::kSubject));
  const bool attached = call.mode == "base64";
  builder.getTextPart()->setText(
      vmime::make_shared<vmime::stringContentHandler>(attached ? "See the attachment.\r\n" : bench::Body()));
  if (attached)
    builder.attach(vmime::make_shared<vmime::fileAttachment>(call.file, vmime::mediaType("application/octet-stream"),
                                                             vmime::text(), vmime::encoding("base64")));
  return builder.construct();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Call call(argc, argv);
  const bool to_many = call.mode == "recipients";
  vmime::platform::setHandler<vmime::platforms::posix::posixHandler>();
  try {
    auto session = vmime::net::session::create();
    auto transport = session->getTransport(vmime::utility::url("smtp://127.0.0.1:" + std::to_string(call.port)));
    transport->connect();
    vmime::mailboxList recipients;
    for (int i = 0; i < (to_many ? call.count : 1); ++i)
      recipients.appendMailbox(
          vmime::make_shared<vmime::mailbox>(to_many ? bench::Recipient(i) : std::string(bench::kRecipient)));
    for (int i = 0; i < (to_many ? 1 : call.count); ++i)
      transport->send(Build(call), vmime::mailbox(bench::kSender), recipients);
    transport->disconnect();
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "vmime: %s\n", fault.what());
    return 1;
  }
  return 0;
}
