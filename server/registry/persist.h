/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PERSIST_H
#define REGISTRY_PERSIST_H

#include "registry/catalog.h"
#include "store/store.h"

/* The registry in the store (record.proto says what is kept). Definitions, states and transitions; never heartbeats.
 *
 *     registry/instance/NS/SERVICE/ID         InstanceRecord
 *     registry/transition/NS/SERVICE/ID/NN    Transition, a ring of 100
 *     registry/gone/NS/SERVICE/ID             GoneRecord, while the history of one that is gone is kept
 *     registry/state                          StateRecord, rewritten at each start and when something is forgotten
 *
 * Each change leaves its revision in a record of the first or the third kind, so the greatest of all records is the
 * registry's.
 */

enum {
    PERSIST_TRANSITIONS_KEPT = 100,
    PERSIST_KEY_BYTES = 512, /* three identifiers of at most 128 bytes and what stands between them */
};

/** The batch that makes @change durable; NULL when out of memory. */
struct store_batch *persist_change(const struct catalog_change *change) MRPC_MUST_USE;

/** The batch that forgets a slot that has long been gone; @epoch and @revision are the registry's. NULL when out of
 *  memory. */
struct store_batch *persist_forget(const struct catalog_slot *slot, uint64_t epoch, int64_t revision) MRPC_MUST_USE;

/** What precedes the keys of an instance's transitions; @buffer has PERSIST_KEY_BYTES. */
struct store_slice persist_transitions(char *buffer, const PB(InstanceKey) * key);

/** Fill an empty catalog; *@epoch becomes the one of this start, which is durable when the function returns.
 *  Blocks. Errors: those of the store; DATA_LOSS for a record that cannot be read. */
int persist_recover(struct store *store, struct catalog *catalog, uint64_t *epoch, struct fault *fault) MRPC_MUST_USE;

#endif
