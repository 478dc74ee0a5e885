// Whether and how often operator new was called in this thread; the TLS library's own malloc is not counted.
#pragma once

extern thread_local bool counting_allocations;
extern thread_local int counted_allocations;
