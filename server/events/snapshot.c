/* SPDX-License-Identifier: Apache-2.0 */
#include "events/snapshot.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

void snapshot_cell_init(struct snapshot_cell *cell)
{
    *cell = (struct snapshot_cell){.current = NULL};
}

void snapshot_init(struct snapshot *snapshot, void (*free)(struct snapshot *snapshot))
{
    atomic_init(&snapshot->references, 1);
    snapshot->free = free;
    snapshot->next_retired = NULL;
}

void snapshot_release(struct snapshot *snapshot)
{
    if (snapshot && atomic_fetch_sub(&snapshot->references, 1) == 1)
        snapshot->free(snapshot);
}

static bool hazardous(struct snapshot_cell *cell, const struct snapshot *snapshot)
{
    for (int i = 0; i < SNAPSHOT_HAZARDS; i++)
        if (atomic_load(&cell->hazards[i]) == snapshot)
            return true;
    return false;
}

static void release_retired(struct snapshot_cell *cell)
{
    struct snapshot **link = &cell->retired;
    while (*link) {
        struct snapshot *snapshot = *link;
        if (hazardous(cell, snapshot)) {
            link = &snapshot->next_retired;
            continue;
        }
        *link = snapshot->next_retired;
        snapshot_release(snapshot);
    }
}

void snapshot_publish(struct snapshot_cell *cell, struct snapshot *snapshot)
{
    struct snapshot *old = atomic_exchange(&cell->current, snapshot);
    if (old) {
        old->next_retired = cell->retired;
        cell->retired = old;
    }
    release_retired(cell);
}

void snapshot_ref(struct snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->references, 1);
}

void snapshot_cell_fini(struct snapshot_cell *cell)
{
    snapshot_publish(cell, NULL);
}

struct snapshot *snapshot_acquire(struct snapshot_cell *cell)
{
    for (unsigned slot = 0;; slot = (slot + 1) % SNAPSHOT_HAZARDS) {
        struct snapshot *seen = atomic_load(&cell->current);
        if (!seen)
            return NULL;
        struct snapshot *unused = NULL;
        if (!atomic_compare_exchange_strong(&cell->hazards[slot], &unused, seen)) {
            if (slot == SNAPSHOT_HAZARDS - 1)
                sched_yield();
            continue;
        }
        bool current = atomic_load(&cell->current) == seen;
        if (current)
            atomic_fetch_add(&seen->references, 1);
        atomic_store(&cell->hazards[slot], NULL);
        if (current)
            return seen;
    }
}
