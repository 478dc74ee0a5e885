// Counts what is asked of operator new; apart from the tests, so that the compiler pairs no call with these bodies.
#include "tls_allocations.hpp"

#include <cstdlib>
#include <new>

thread_local bool counting_allocations = false;
thread_local int counted_allocations = 0;

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting_allocations) ++counted_allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
