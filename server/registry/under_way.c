/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/under_way.h"

#include <stddef.h>

void under_way_init(struct under_way *under_way)
{
    *under_way = (struct under_way){.oldest = NULL};
    under_way->tail = &under_way->oldest;
}

void under_way_begin(struct under_way *under_way, struct under_way_entry *entry, int64_t now_ms)
{
    *entry = (struct under_way_entry){.begun_ms = now_ms};
    *under_way->tail = entry;
    under_way->tail = &entry->following;
    atomic_fetch_add(&under_way->count, 1);
}

void under_way_end(struct under_way *under_way)
{
    under_way->oldest = under_way->oldest->following;
    if (!under_way->oldest)
        under_way->tail = &under_way->oldest;
    atomic_fetch_sub(&under_way->count, 1);
}

bool under_way_judge(struct under_way *under_way, int64_t now_ms)
{
    bool stalled = under_way->oldest && now_ms - under_way->oldest->begun_ms > STORE_STALL_MS;
    return atomic_exchange(&under_way->stalled, stalled) != stalled;
}
