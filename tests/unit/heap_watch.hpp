// Sees what the heap is asked for and each block before it is given back: client_allocation_test.cpp, which replaces
// operator new and delete for the whole test program, calls it.
#pragma once

#include <cstddef>

/// Null where nobody watches.
inline void (*heap_watch)(const char* block, std::size_t size) = nullptr;

/// Where not null, counts the blocks that this thread asks for.
inline thread_local int* heap_count = nullptr;

/// Counts what this thread asks the heap for, as long as this lives.
class HeapCount {
 public:
  HeapCount() { heap_count = &count_; }
  ~HeapCount() { heap_count = nullptr; }
  HeapCount(const HeapCount&) = delete;
  HeapCount& operator=(const HeapCount&) = delete;
  int Blocks() const { return count_; }

 private:
  int count_ = 0;
};
