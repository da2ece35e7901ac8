#include "AllocationCounting.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OTHER_ALLOCATOR 1
#endif
#endif

// In the program itself, so that reading them never allocates.
static _Thread_local bool is_counting;
static _Thread_local struct rewarm_allocation_count count;

void rewarm_allocations_begin(void) {
    count = (struct rewarm_allocation_count){0, 0};
    is_counting = true;
}

bool rewarm_allocations_end(struct rewarm_allocation_count *counted) {
    if (!is_counting) return false;
    is_counting = false;
    *counted = count;
    return true;
}

#if defined(__GLIBC__) && !defined(HAS_OTHER_ALLOCATOR)
bool rewarm_allocations_can_be_counted(void) { return true; }

// The names under which glibc has them for those who define malloc themselves.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void note(size_t size) {
    if (!is_counting) return;
    count.calls += 1;
    count.bytes += size;
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    note(size);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    note(size);
    void *found = __libc_memalign(alignment, size);
    if (found == NULL) return ENOMEM;
    *memory = found;
    return 0;
}
#else
bool rewarm_allocations_can_be_counted(void) { return false; }
#endif
