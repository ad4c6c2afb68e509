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

#endif
