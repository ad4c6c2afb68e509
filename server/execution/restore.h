/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_RESTORE_H
#define MLT_EXECUTION_RESTORE_H

#include "execution/engine.h"

/** Read datasets, artifacts and jobs back from the store, and the events of jobs that have not ended. Before the loop
 * runs; blocks. Errors: DATA_LOSS naming the key, those of the store. */
int execution_restore(struct execution *engine, struct fault *fault) MRPC_MUST_USE;

/** Events of job @id into @log, all committed. Blocks; not on a loop. */
int execution_restore_events(struct store *store, const char *id, struct event_log *log,
                             struct fault *fault) MRPC_MUST_USE;

/** Called with each entry of a prefix; @arena is emptied now and then, between two. */
typedef int restore_entry(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault);
/** All of them, in the order of keys. Blocks. Errors: what @take returned, prefixed with the key; those of the
 *  store. */
int restore_each(struct store *store, const char *prefix, restore_entry *take, void *arg,
                 struct fault *fault) MRPC_MUST_USE;

/** Rewrite the owners that the first versions kept, once for each store. Blocks. Errors: as execution_restore(). */
int restore_migrate_owners(struct store *store, struct fault *fault) MRPC_MUST_USE;

#endif
