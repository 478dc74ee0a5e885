// Drives eight clients from Qt's event loop: a client is two QSocketNotifiers and a QTimer. A program with windows does
// the same with its QApplication.
// needs: Qt5Core
#include <smtpoll/smtpoll.hpp>

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTimer>
#include <cstdio>
#include <functional>

#include "receivers.hpp"

class QtSender {
 public:
  QtSender(smtpoll::SMTPSocket& client, std::function<void()> done) : client_(client), done_(std::move(done)) {
    timer_.setSingleShot(true);
    QObject::connect(&timer_, &QTimer::timeout, [this] { Turn(); });
  }
  QtSender(const QtSender&) = delete;
  QtSender& operator=(const QtSender&) = delete;

  /// Lets the client do what it can, and waits for what it waits for then.
  void Turn() {
    Forget();
    if (!client_.Poll()) return done_();
    if (client_.WantsRead()) Watch(QSocketNotifier::Read, reader_);
    if (client_.WantsWrite()) Watch(QSocketNotifier::Write, writer_);
    timer_.start(TimeLeft(client_));
  }

 private:
  void Watch(QSocketNotifier::Type what, QSocketNotifier*& notifier) {
    notifier = new QSocketNotifier(client_.Handle(), what);
    QObject::connect(notifier, &QSocketNotifier::activated, [this] { Turn(); });
  }
  /// Before the client may close what is watched. Later, because one of them may be calling this.
  void Forget() {
    timer_.stop();
    for (QSocketNotifier** notifier : {&reader_, &writer_}) {
      if (*notifier == nullptr) continue;
      (*notifier)->setEnabled(false);
      (*notifier)->deleteLater();
      *notifier = nullptr;
    }
  }

  smtpoll::SMTPSocket& client_;
  std::function<void()> done_;
  QTimer timer_;
  QSocketNotifier* reader_ = nullptr;
  QSocketNotifier* writer_ = nullptr;
};

int main(int argc, char** argv) {
  QCoreApplication application(argc, argv);
  Receivers receivers(8);
  std::deque<smtpoll::SMTPSocket> clients = MakeClients(receivers, 5);

  std::size_t at_work = clients.size();
  std::deque<QtSender> senders;
  for (smtpoll::SMTPSocket& client : clients)
    senders.emplace_back(client, [&at_work] {
      if (--at_work == 0) QCoreApplication::quit();
    });
  // The first turns from within the loop: quit() before exec() would be forgotten.
  for (QtSender& sender : senders) QTimer::singleShot(0, [&sender] { sender.Turn(); });
  QCoreApplication::exec();

  const std::size_t arrived = receivers.Stop();
  std::printf("%zu messages arrived\n", arrived);
  return arrived == 40 ? 0 : 1;
}
