/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SNAPSHOT_H
#define MLT_SNAPSHOT_H

#include <stdatomic.h>
#include <stdint.h>

/* Immutable state, published by one writer by atomic pointer and read by anybody without a lock.
 *
 * A reader announces in a hazard slot which snapshot it is about to count a reference on; the writer drops its own
 * reference to a replaced snapshot only when no slot names it. The window is a few instructions, so a replaced snapshot
 * waits at most for the next publication. Source: Michael, "Hazard Pointers", IEEE TPDS 15(6), 2004. */

struct snapshot {
    _Atomic uint32_t references;
    void (*free)(struct snapshot *snapshot);
    struct snapshot *next_retired; /* the cell's */
};

enum { SNAPSHOT_HAZARDS = 32 };

struct snapshot_cell {
    _Atomic(struct snapshot *) current;
    _Atomic(struct snapshot *) hazards[SNAPSHOT_HAZARDS];
    struct snapshot *retired; /* the writer's */
};

/** An empty cell; its first publication makes acquire return something. */
void snapshot_cell_init(struct snapshot_cell *cell);
/** No reader may be inside acquire; snapshots that readers still hold live on until released. */
void snapshot_cell_fini(struct snapshot_cell *cell);

/** Prepare the header of a new snapshot; @free runs once, on the thread of the last release. */
void snapshot_init(struct snapshot *snapshot, void (*free)(struct snapshot *snapshot));

/** Make @snapshot the current one; the cell takes it over. Thread: the one writer. */
void snapshot_publish(struct snapshot_cell *cell, struct snapshot *snapshot);
/** The current snapshot, NULL before the first publication; it stays valid until released. Thread: any. */
struct snapshot *snapshot_acquire(struct snapshot_cell *cell);
/** One more reference to a snapshot that the caller holds. Thread: any. */
void snapshot_ref(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

#endif
