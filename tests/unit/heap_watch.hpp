// Sees each block of the heap before it is given back: client_allocation_test.cpp, which replaces operator delete for
// the whole test program, calls it.
#pragma once

#include <cstddef>

/// Null where nobody watches.
inline void (*heap_watch)(const char* block, std::size_t size) = nullptr;
