// Counts what one thread asks of the system's allocator, for tests.
//
// The allocator's functions are defined here under their own names: what is linked into a program comes before the
// libraries, so that all of them, the Swift runtime among them, call these. Each hands the work on to glibc.
#ifndef ALLOCATION_COUNTING_H
#define ALLOCATION_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

struct rewarm_allocation_count {
    // Calls of malloc and its kin; one of realloc counts, as it may move.
    uint64_t calls;
    // Bytes that they asked for, of realloc all of the new size.
    uint64_t bytes;
};

// Whether this program's allocations can be counted: with glibc, and without a sanitizer's allocator.
bool rewarm_allocations_can_be_counted(void);

// Begins to count on this thread, from 0.
void rewarm_allocations_begin(void);

// Ends it; false, and nothing told, if this thread did not begin.
bool rewarm_allocations_end(struct rewarm_allocation_count *counted);

#endif
