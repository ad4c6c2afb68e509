/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JOB_QUEUE_H
#define MLT_EXECUTION_JOB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* Jobs that are ready, best first: a binary heap whose entries lie in the jobs, so that a push needs no memory but the
 * heap's own, and any of them can leave in O(log n).
 *
 * Aging without a timer: priority p submitted at t claims t - p * JOB_QUEUE_AGING_MS; the least claim goes first. Of
 * two jobs the difference never changes while both wait, so the heap stays a heap, and a waiting job overtakes every
 * later one whose priority is higher by no more than the tens of seconds it has waited. Equal claims go by order of
 * arrival. */

enum { JOB_QUEUE_AGING_MS = 10 * 1000 };

struct job_queue_entry {
    int64_t claim_ms;
    uint64_t arrival;
    size_t place; /* in the heap, from 1; 0: not queued */
};

struct job_queue {
    struct job_queue_entry **heap; /* [1 … count] */
    size_t count;
    size_t room;
    uint64_t arrivals;
};

void job_queue_init(struct job_queue *queue);
void job_queue_fini(struct job_queue *queue);

/** Errors: -1 when out of memory. @entry must not be queued. Higher @priority goes first. */
int job_queue_push(struct job_queue *queue, struct job_queue_entry *entry, int32_t priority,
                   int64_t now_ms) MRPC_MUST_USE;
/** The first one, which leaves the queue; NULL when it is empty. */
struct job_queue_entry *job_queue_pop(struct job_queue *queue);
/** Nothing happens when @entry is not queued. */
void job_queue_remove(struct job_queue *queue, struct job_queue_entry *entry);

#endif
