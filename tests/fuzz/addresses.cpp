// Lists of mailboxes (RFC 5322 3.4): what is taken can stand in a command, and is the same when it is read again.
#include <vector>

#include "fuzz.hpp"
#include "smtpoll/message/mailbox.hpp"
#include "smtpoll/protocol/envelope.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string list(reinterpret_cast<const char*>(data), size);
  smtpoll::MailboxParser parser(list);
  smtpoll::Mailbox mailbox;
  std::string joined;
  std::vector<std::string> addresses;
  while (parser.Next(mailbox)) {
    FUZZ_CHECK(!mailbox.local_part.empty() && !mailbox.domain.empty());
    std::string address;
    smtpoll::detail::AppendAddrSpec(mailbox, address);
    for (const char c : address) FUZZ_CHECK(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    if (address.size() <= 254) FUZZ_CHECK(smtpoll::detail::PathFault(address) == nullptr);
    joined.append(joined.empty() ? "" : ", ").append(address);
    addresses.push_back(address);
    FUZZ_CHECK(addresses.size() <= list.size());
  }
  if (parser.Failed()) return 0;
  smtpoll::MailboxParser again(joined);
  for (const std::string& wanted : addresses) {
    // An A-label may be longer than what stood for it.
    if (!again.Next(mailbox)) return 0;
    std::string address;
    smtpoll::detail::AppendAddrSpec(mailbox, address);
    FUZZ_CHECK(address == wanted);
  }
  FUZZ_CHECK(!again.Next(mailbox));
  return 0;
}
