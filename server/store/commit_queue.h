/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_COMMIT_QUEUE_H
#define STORE_COMMIT_QUEUE_H

#include "store/backend.h"

/* The commit thread: takes everything that waits, has the backend apply it as one group, then runs the callbacks. While
 * a group is being synced the next one gathers, which is all there is to group commit. */

struct commit_queue;

/** Units: @limit_bytes of batches that wait; 0: 256 MiB. Errors: RESOURCE_EXHAUSTED. */
int commit_queue_start(struct store *store, uint32_t limit_bytes, struct commit_queue **out,
                       struct fault *fault) MRPC_MUST_USE;
/** Take @batch (NULL stands for one that found no memory). Thread: any. Never blocks, but for a NULL batch when sixteen
 * of those already wait. */
void commit_queue_push(struct commit_queue *queue, struct store_batch *batch, store_commit_done *done, void *arg);
/** Commit what waits, join the thread, free. */
void commit_queue_stop(struct commit_queue *queue);

struct commit_queue_stats {
    uint64_t commits;
    uint64_t groups;
    uint64_t queued;
    uint64_t queued_bytes;
};
void commit_queue_stats(struct commit_queue *queue, struct commit_queue_stats *out);

#endif
