/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INTEROP_DELAYS_H
#define INTEROP_DELAYS_H

#include <stdint.h>

/** Something to be done later, by one thread that all delays share. The memory is the caller's until it has fired. */
struct delay {
    struct delay *next;
    int64_t at_us;
    /** Thread: that of the delays; it must not block. */
    void (*fire)(struct delay *delay);
};

/** Start the thread, once. Returns 0 or an errno. */
int delays_start(void);
/** Fire in @after_us. Thread: any. */
void delays_add(struct delay *delay, int64_t after_us);

#endif
