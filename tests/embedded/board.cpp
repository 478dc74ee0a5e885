#include "board.hpp"

int main();

extern "C" {
extern std::uint32_t _data_load, _data_begin, _data_end, _bss_begin, _bss_end, _stack_end, _stack_begin;
extern void (*const _init_begin[])();
extern void (*const _init_end[])();
}

namespace {

constexpr std::uint32_t kPaint = 0x5a5aa5a5;
constexpr std::uint32_t kClock = 25000000;  // Hz

volatile std::int64_t ticks = 0;

volatile std::uint32_t& Register(std::uintptr_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }
// CMSDK UART 0: data, state (bit 0: transmitter full, bit 1: a byte was received), control, baud rate.
volatile std::uint32_t& uart_data = Register(0x40004000);
volatile std::uint32_t& uart_state = Register(0x40004004);

std::uint32_t Host(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

std::size_t StackUsed() {
  const std::uint32_t* at = &_stack_end;
  while (at != &_stack_begin && *at == kPaint) ++at;
  return static_cast<std::size_t>(&_stack_begin - at) * sizeof *at;
}

void Print(const char* text) { Host(4, text); }
void Print(const char* name, std::size_t value) {
  char digits[12];
  std::size_t at = sizeof digits;
  digits[--at] = '\0';
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  Print(name);
  Print(" ");
  Print(digits + at);
  Print("\n");
}

void Halt() { board::Exit(false); }

void Tick() { ticks = ticks + 1; }

[[noreturn]] void Begin() {
  std::uint32_t* from = &_data_load;
  for (std::uint32_t* to = &_data_begin; to != &_data_end;) *to++ = *from++;
  for (std::uint32_t* to = &_bss_begin; to != &_bss_end;) *to++ = 0;
  Register(0x40004010) = 16;                 // baud rate: the fastest
  Register(0x40004008) = 3;                  // transmitter and receiver on
  Register(0xe000e014) = kClock / 1000 - 1;  // SysTick: reload, value, on with interrupt
  Register(0xe000e018) = 0;
  Register(0xe000e010) = 7;
  for (void (*const* call)() = _init_begin; call != _init_end; ++call) (*call)();
  board::Exit(main() == 0);
}

}  // namespace

extern "C" {

/// The stack is painted before the first call uses it.
[[noreturn]] __attribute__((naked)) void Reset() {
  asm volatile(
      "ldr r0, =_stack_end\n"
      "ldr r1, =_stack_begin\n"
      "ldr r2, =0x5a5aa5a5\n"
      "0: cmp r0, r1\n"
      "ittt lo\n"
      "strlo r2, [r0]\n"
      "addlo r0, #4\n"
      "blo 0b\n"
      "b BeginImage\n");
}
[[noreturn, gnu::used]] void BeginImage() { Begin(); }

// Nobody leaves this image, so nothing is to be destroyed at its end.
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }
void* __dso_handle = nullptr;
// An abstract class' table names it.
[[noreturn]] void __cxa_pure_virtual() { board::Exit(false); }

[[gnu::section(".vectors"), gnu::used]] void (*const vectors[16])() = {reinterpret_cast<void (*)()>(&_stack_begin),
                                                                       Reset,
                                                                       Halt,
                                                                       Halt,
                                                                       Halt,
                                                                       Halt,
                                                                       Halt,
                                                                       nullptr,
                                                                       nullptr,
                                                                       nullptr,
                                                                       nullptr,
                                                                       Halt,
                                                                       Halt,
                                                                       nullptr,
                                                                       Halt,
                                                                       Tick};

}  // extern "C"

namespace board {

std::int64_t Now() {
  // The interrupt may come between the two halves.
  for (;;) {
    const std::int64_t now = ticks;
    if (now == ticks) return now;
  }
}

void Sleep() { asm volatile("wfi"); }

bool Receive(char& byte) {
  if ((uart_state & 2) == 0) return false;
  byte = static_cast<char>(uart_data);
  return true;
}
bool Transmit(char byte) {
  if ((uart_state & 1) != 0) return false;
  uart_data = static_cast<unsigned char>(byte);
  return true;
}

void Report(const Figures& figures) {
  Print("stack", StackUsed());
  Print("session", figures.session);
  Print("buffers", figures.buffers);
  Print("sent", figures.sent);
  Print("accepted", figures.accepted);
  Print("error", static_cast<std::size_t>(figures.error));
}

[[noreturn]] void Exit(bool success) {
  // ADP_Stopped_ApplicationExit, or an error of which qemu makes the exit code 1.
  Host(0x18, reinterpret_cast<const void*>(success ? 0x20026 : 0x20023));
  for (;;) continue;
}

}  // namespace board
