/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_SHARED_MEMORY_H
#define MLT_POOL_SHARED_MEMORY_H

#include <stddef.h>

enum shared_memory_kind {
    SHARED_MEMORY_CONTROL, /* both ends write */
    SHARED_MEMORY_INPUT,   /* this process writes; whoever maps it later cannot */
    SHARED_MEMORY_OUTPUT,  /* the other end writes, this one only reads */
};

/** Memory of a fixed size that a descriptor stands for. Sealed, so that nobody can cut it short under our feet. */
struct shared_memory {
    int fd; /* -1 once handed over */
    void *bytes;
    size_t size;
};

/** Pages are taken when first touched. Returns 0, or -1 with errno. */
int shared_memory_new(enum shared_memory_kind kind, size_t size, struct shared_memory *out);
void shared_memory_free(struct shared_memory *memory);

#endif
