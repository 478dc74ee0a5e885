// What the test image needs of its board, the MPS2 with a Cortex-M3 (AN385) as qemu-system-arm has it: a start, a clock
// of a millisecond, one serial line, a painted stack, and semihosting for the report. No heap and no newlib's start.
#pragma once

#include <cstddef>
#include <cstdint>

namespace board {

/// Milliseconds since the start.
std::int64_t Now();
/// Sleeps until something happens, a millisecond at most.
void Sleep();

/// One byte of the serial line, which is UART0; false where there is none, or no room for one.
bool Receive(char& byte);
bool Transmit(char byte);

/// What a run came to.
struct Figures {
  std::size_t session;  // bytes of memory of the session, and of its buffers among them
  std::size_t buffers;
  unsigned sent;
  unsigned accepted;  // recipients
  int error;
};
/// Writes them, and the bytes of stack that were ever used until now, to the console of the host.
void Report(const Figures& figures);
/// The image ends with an exit code on the host.
[[noreturn]] void Exit(bool success);

}  // namespace board
