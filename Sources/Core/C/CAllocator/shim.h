#pragma once

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

/// Gives memory that was freed back to the system. glibc otherwise keeps what lies between blocks in use. Other
/// allocators give it back by themselves.
static inline void postern_return_free_memory(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
