// Rows of the matrix: what messages may hold and ask for, and what becomes of some, of large ones and of many.
#include "matrix_rows.hpp"

#include <cstring>
#include <memory>

namespace matrix {

void SendsEightBits(const Server& server) {
  Row row(server, "8BITMIME");
  if (!server.Offers(Extension::EightBitMime)) return row.NotOffered();
  Client client(server);
  client.Send(
      row.Mail("Gr\xc3\xbc\xc3\x9f"
               "e\n.\n\xe6\x97\xa5\xe6\x9c\xac\n"));
  row.Expect();
  row.Need(client.sent == 1 && !client.error, client.Story());
  row.Need(client.SaidWith(" BODY=8BITMIME"), "MAIL without BODY=8BITMIME");
}

void SendsUtf8(const Server& server) {
  Row row(server, "SMTPUTF8");
  const std::string sender =
      "gr\xc3\xbc\xc3\x9f"
      "e@test.example";
  const std::string recipient = "bj\xc3\xb8rn@test.example";
  Client client(server);
  EmailMessage mail = row.Mail("An address in Unicode.\n");
  mail.FromAddress = "J\xc3\xb6rg <" + sender + ">";
  mail.ToAddress = recipient;
  client.Send(mail);
  if (!server.Offers(Extension::SmtpUtf8)) {
    row.Need(client.error.Code() == Errc::NotOffered && !client.Said("C: MAIL"), "not offered: " + client.Story());
    return row.NotOffered();
  }
  row.Expect(recipient, sender);
  row.Need(client.sent == 1 && !client.error, client.Story());
  row.Need(client.SaidWith(" SMTPUTF8"), "MAIL without SMTPUTF8");
}

void AsksForReports(const Server& server) {
  Row row(server, "DSN");
  Client client(server);
  EmailMessage mail = row.Mail("Tell me when it has arrived.\n");
  mail.FromAddress = "reports@test.example";
  mail.Options.dsn_return = smtpoll::DsnReturn::Headers;
  mail.EnvelopeID = "matrix+1=2";
  mail.Notify = smtpoll::DsnNotify::Success | smtpoll::DsnNotify::Failure;
  mail.RecipientOptions.push_back({"bob@test.example", mail.Notify, "old+bob@test.example"});
  client.Send(mail);
  if (!server.Offers(Extension::Dsn)) {
    row.Need(client.error.Code() == Errc::NotOffered && !client.Said("C: MAIL"), "not offered: " + client.Story());
    return row.NotOffered();
  }
  row.Expect("bob@test.example", "reports@test.example");
  row.ExpectReport(mail.EnvelopeID);
  row.Need(client.sent == 1 && !client.error, client.Story());
  row.Need(client.SaidWith(" RET=HDRS ENVID=matrix+2B1+3D2"), "MAIL without RET and ENVID");
  row.Need(client.SaidWith(" NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old+2Bbob@test.example"),
           "RCPT without NOTIFY, ORCPT");
}

namespace {

/// An attachment of `size` bytes that lie nowhere; it says how long it is, or does not.
smtpoll::EmailAttachment Zeros(std::uint64_t size, bool known) {
  smtpoll::EmailAttachment attachment;
  attachment.Name = "zeros.bin";
  const auto left = std::make_shared<std::uint64_t>(size);
  attachment.LoadFromCallback(
      [left](char* into, std::size_t room) {
        const std::size_t piece = *left < room ? static_cast<std::size_t>(*left) : room;
        std::memset(into, 0, piece);
        *left -= piece;
        return smtpoll::SourceResult{piece, *left == 0 ? smtpoll::SourceStatus::End : smtpoll::SourceStatus::More};
      },
      known ? size : smtpoll::kUnknownSize);
  return attachment;
}

}  // namespace

void KeepsToSize(const Server& server) {
  Row row(server, "SIZE refusal");
  const std::uint64_t most = server.secure.MaxSize();
  if (!server.Offers(Extension::Size) || most == 0) return row.NotOffered();
  {
    // What is known to be too large is not even tried (RFC 1870 6.3).
    Client client(server);
    EmailMessage mail = row.Mail("Too large.\n");
    mail.Attachments.Append(Zeros(most, true));
    client.Send(mail);
    row.Need(client.error.Code() == Errc::MessageTooLarge && !client.Said("C: MAIL"), "announced: " + client.Story());
  }
  // What is not known to be is refused by the server; the message behind it arrives all the same.
  Client client(server);
  EmailMessage mail = row.Mail("Too large, as will be seen.\n");
  mail.Attachments.Append(Zeros(most, false));
  client.socket.Messages.Append(mail);
  client.socket.Messages.Append(row.Mail(kDots));
  row.Expect();
  client.Send();
  row.Need(client.refused_by / 100 == 5 && client.sent == 1 && !client.error, "not announced: " + client.Story());
}

void LosesOneOfThree(const Server& server) {
  Row row(server, "one bad of three recipients");
  Client client(server);
  EmailMessage mail = row.Mail("For two of three.\n");
  mail.ToAddress = "one@test.example, refused@test.example, three@test.example";
  client.Send(mail);
  row.Expect("one@test.example");
  row.Expect("three@test.example");
  row.Need(client.sent == 1 && !client.error, client.Story());
  const std::vector<smtpoll::RecipientResult>& results = client.finished.recipients;
  row.Need(results.size() == 3 && results[0].outcome == smtpoll::Outcome::Sent &&
               results[1].outcome == smtpoll::Outcome::Refused && results[1].reply_code == 550 &&
               results[2].outcome == smtpoll::Outcome::Sent,
           "the results of the recipients");

  Client strict(server);
  strict.socket.AllRecipientsOrNone = true;
  mail = row.Mail("For three or nobody.\n");
  mail.ToAddress = "one@test.example, refused@test.example, three@test.example";
  strict.Send(mail);
  row.Need(strict.sent == 0 && strict.refused_by == 550, "all or none: " + strict.Story());
}

void SendsFiftyMegabytes(const Server& server) {
  Row row(server, "50 MiB attachment");
  EmailMessage mail = row.Mail("See the attachment.\n");
  const std::string path = row.KeepAttachment();
  {
    std::ofstream file(path, std::ios::binary);
    std::uint64_t state = 1;
    char piece[64 * 1024];
    for (int i = 0; i < 800; ++i) {
      for (char& c : piece) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        c = static_cast<char>(state >> 56);
      }
      file.write(piece, sizeof piece);
    }
  }
  smtpoll::EmailAttachment attachment;
  row.Need(attachment.LoadFromFile(path) && attachment.Size() == 50u << 20, "the attachment is no file of 50 MiB");
  mail.Attachments.Append(attachment);
  Client client(server);
  client.Send(mail);
  row.Expect();
  row.Need(client.sent == 1 && !client.error, client.Story());
}

void SendsTwoHundred(const Server& server) {
  Row row(server, "200 messages");
  Client client(server);
  for (int i = 0; i < 200; ++i) {
    client.socket.Messages.Append(row.Mail(std::to_string(i) + "\n" + kDots));
    row.Expect();
  }
  client.Send();
  row.Need(client.sent == 200 && !client.error, client.Story());
  if (client.connections != 1) row.Note("yes, " + std::to_string(client.connections) + " connections");
}

}  // namespace matrix
