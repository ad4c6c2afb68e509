/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_UNDER_WAY_H
#define REGISTRY_UNDER_WAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What has been given to the store and not been answered: how much, and whether the store still answers. The domain
 * loop writes; count and verdict may be read by anybody. */

enum { STORE_STALL_MS = 5000, CHANGES_MAX = 20000 };

/** Embedded in what is under way. */
struct under_way_entry {
    struct under_way_entry *following;
    int64_t begun_ms;
};

struct under_way {
    struct under_way_entry *oldest;
    struct under_way_entry **tail;
    _Atomic uint32_t count;
    _Atomic bool stalled; /* the oldest has waited for STORE_STALL_MS */
};

void under_way_init(struct under_way *under_way);
void under_way_begin(struct under_way *under_way, struct under_way_entry *entry, int64_t now_ms);
/** The store answers in order: it is the oldest that ends. */
void under_way_end(struct under_way *under_way);
/** Judge anew, often. True when the verdict has changed. */
bool under_way_judge(struct under_way *under_way, int64_t now_ms);

#endif
