// The whole program of the chip: messages from flash, over a serial line. This file has nothing in it but the session,
// its socket policy and their use, so that what it becomes is what smtpoll costs.
#include "board.hpp"
#include "message.hpp"
#include "uart_socket.hpp"

#include "smtpoll/client/small_session.hpp"

namespace {

smtpoll::SmallSession<UartSocket> session;

#if defined(TEST_WITH_HEAP)
char* volatile from_heap = new char[16];  // for the check that has to find it
#endif

}  // namespace

int main() {
  unsigned sent = 0, accepted = 0;
  session.Connect({"server", 25, {}}, kTestOptions);
  for (int number = 0; number < kTestMessages; ++number) {
    session.Send(TestMessage(number));
    session.Run();
    sent += session.Result() == smtpoll::Outcome::Sent;
    for (std::size_t i = 0; i < 4; ++i) accepted += session.RecipientAccepted(i);
  }
  session.Quit();
  session.Run();
  board::Report({sizeof session, smtpoll::SmallLimits::kInput + smtpoll::SmallLimits::kOutput, sent, accepted,
                 session.LastError().ErrorNumber});
  return sent == kTestMessages && !session.LastError() ? 0 : 1;
}
