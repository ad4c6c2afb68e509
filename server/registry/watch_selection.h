/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WATCH_SELECTION_H
#define REGISTRY_WATCH_SELECTION_H

#include <pthread.h>
#include <stdbool.h>

#include "registry/instance.h"

/* What a watch sees: immutable, and one for all watches that ask for the same. The table of those that there are is
 * behind a lock, because watches begin on connection loops and end wherever the last reference goes. */

struct watch_selections;

struct watch_selection {
    struct watch_selection *next; /* the table's, as the next three */
    struct watch_selections *table;
    uint64_t hash;
    size_t references;
    const char *namespace_name; /* "" for all */
    const char *service;        /* "" for all */
    const PB(InstanceFilter) * filter; /* NULL: none */
    size_t key_bytes;
    uint8_t key[]; /* the encoded request that asks for just this */
};

enum { WATCH_SELECTION_BUCKETS = 4096 };

struct watch_selections {
    pthread_mutex_t lock;
    struct watch_selection *buckets[WATCH_SELECTION_BUCKETS];
};

int watch_selections_new(struct watch_selections **out) MRPC_MUST_USE;
/** When all references are gone. */
void watch_selections_free(struct watch_selections *selections);

/** A reference to the selection of a checked request; NULL when out of memory. Thread: any. */
struct watch_selection *watch_selection_get(struct watch_selections *selections, const PB(WatchRequest) * request);
/** Thread: any. NULL is ignored. */
void watch_selection_unref(struct watch_selection *selection);

/** Whether an instance of that service is among what it shows (its filter apart). */
bool watch_selection_has(const struct watch_selection *selection, const char *namespace_name, const char *service);

#endif
