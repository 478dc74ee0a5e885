// The whole program of the chip: messages from flash, over a serial line.
#include "board.hpp"
#include "message.hpp"
#include "uart_socket.hpp"

#include "smtpoll/client/small_session.hpp"

namespace {

constexpr smtpoll::SessionOptions Options() {
  smtpoll::SessionOptions options;
  options.client_name = "chip.example.org";
  options.chunking = false;
  return options;
}
constexpr smtpoll::SessionOptions kOptions = Options();

using Session = smtpoll::SmallSession<UartSocket>;
Session session;

#if defined(TEST_WITH_HEAP)
char* volatile from_heap = new char[16];  // for the check that has to find it
#endif

}  // namespace

int main() {
  std::size_t sent = 0, accepted = 0;
  session.Connect({"server", 25, {}}, kOptions);
  for (int number = 0; number < kTestMessages; ++number) {
    session.Send(TestMessage(number));
    session.Run();
    sent += session.Result() == smtpoll::Outcome::Sent;
    for (std::size_t i = 0; i < 4; ++i) accepted += session.RecipientAccepted(i);
  }
  session.Quit();
  session.Run();
  board::Print("session", sizeof session);
  board::Print("buffers", smtpoll::SmallLimits::kInput + smtpoll::SmallLimits::kOutput);
  board::Print("stack", board::StackUsed());
  board::Print("accepted", accepted);
  if (session.LastError()) board::Print("error", static_cast<std::size_t>(session.LastError().ErrorNumber));
  return sent == kTestMessages && !session.LastError() ? 0 : 1;
}
