// Handlers that do whatever they like at any time, and a ledger: every message is queued, in doubt, sent or refused,
// and the receiver has at least what was called sent and at most what was in doubt beside it.
#include "smtpoll/client/smtp_socket.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "../examples/receiver.hpp"

using smtpoll::EmailMessage;
using smtpoll::Outcome;
using smtpoll::SMTPSocket;

namespace {

EmailMessage Mail(const std::string& to, std::size_t size) {
  EmailMessage mail;
  mail.FromAddress = "alice@x.org";
  mail.AddRecipient(to);
  mail.BodyPlainText = std::string(size, 'x') + "\n";
  return mail;
}

/// One run: a socket whose every event does something at random.
class Run {
 public:
  explicit Run(unsigned seed) : random_(seed) {
    receiver_.offers_chunking = OneIn(2);
    REQUIRE(receiver_.Start());
    socket_.Address = "127.0.0.1";
    socket_.Port = receiver_.Port();
    socket_.Pipelining = OneIn(2);
    if (OneIn(2)) socket_.PollBudget = 1 + random_() % 3000;
    Listen();
    for (int i = 0; i < 3; ++i) Add(OneIn(4) ? "refused@y.org" : "bob@y.org");
    socket_.SendMail();
    for (int i = 0; i < 1500; ++i) {
      socket_.Poll();
      receiver_.Poll();
      if (i == 700) socket_.SendMail();
    }
    socket_.Close();
  }

  bool LedgerIsRight() const {
    const std::size_t in_doubt = socket_.InDoubt.Count(), stored = receiver_.mails.size();
    return socket_.Messages.Count() + in_doubt + sent_ + refused_ == total_ && stored >= sent_ &&
           stored <= sent_ + in_doubt;
  }

 private:
  bool OneIn(unsigned count) { return random_() % count == 0; }

  void Add(const std::string& to) {
    socket_.Messages.Append(Mail(to, random_() % 30000));
    ++total_;
  }

  void Act() {
    if (++acts_ > 200) return;
    switch (random_() % 14) {
      case 0: return socket_.Close();
      case 1: return socket_.Disconnect();
      case 2: return socket_.DisconnectFromServer();
      case 3: return socket_.SendMail();
      case 4: return socket_.Connect();
      case 5: return Add("bob@y.org");
      case 6: total_ -= socket_.Messages.Remove(0); return;
      case 7: socket_.Poll(); return;
      case 8: socket_.Write("NOOP\r\n"); return;
      default: return;
    }
  }

  void Listen() {
    socket_.ConnectionEstablished = [this](const std::string&) { Act(); };
    socket_.MessageSent = [this](const EmailMessage&) {
      ++sent_;
      Act();
    };
    socket_.MessageFinished = [this](const EmailMessage&, const smtpoll::SendResult& result) {
      refused_ += result.outcome == Outcome::Refused;
      Act();
    };
    socket_.MessageInDoubt = [this](const EmailMessage&, const smtpoll::Error&) { Act(); };
    socket_.ServerError = [this](int, const std::string&, const EmailMessage&) { Act(); };
    socket_.Error = [this](const smtpoll::Error&) { Act(); };
    socket_.MailSent = [this] { Act(); };
    socket_.SendProgress = [this](std::size_t, std::size_t) {
      Act();
      return OneIn(20);
    };
    socket_.DataAvailable = [this] {
      socket_.ReadAll();
      Act();
    };
  }

  std::mt19937 random_;
  Receiver receiver_;
  SMTPSocket socket_;
  std::size_t total_ = 0, sent_ = 0, refused_ = 0;
  int acts_ = 0;
};

}  // namespace

TEST_CASE("No message is lost and none is falsely called sent, whatever the handlers do") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Run run(seed);
    CHECK(run.LedgerIsRight());
  }
}

TEST_CASE("A thousand recipients in one transaction") {
  Receiver receiver;
  REQUIRE(receiver.Start());
  SMTPSocket socket;
  socket.Address = "127.0.0.1";
  socket.Port = receiver.Port();
  EmailMessage mail = Mail("bob@y.org", 10);
  for (int i = 1; i < 1000; ++i) mail.AddRecipient("user" + std::to_string(i) + "@y.org");
  socket.Messages.Append(mail);
  socket.SendMail();
  while (socket.Poll()) receiver.Poll();
  REQUIRE(receiver.mails.size() == 1);
  CHECK(receiver.mails[0].recipients.size() == 1000);
}
