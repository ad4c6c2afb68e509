/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JOB_QUEUE_H
#define MLT_EXECUTION_JOB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* Jobs that are ready. Between identities the one that has the fewest jobs under way goes first, so that who submits
 * ten thousand jobs does not keep others waiting; of those that have equally many, and among one's own jobs, the best
 * claim does. Each identity has a binary heap whose entries lie in the jobs: any of them can leave in O(log n), and the
 * next one is found in O(identities that wait).
 *
 * Aging without a timer: priority p submitted at t claims t - p * JOB_QUEUE_AGING_MS; the least claim goes first. Of
 * two jobs the difference never changes while both wait, so the heap stays a heap, and a waiting job overtakes every
 * later one whose priority is higher by no more than the tens of seconds it has waited. Equal claims go by order of
 * arrival. */

enum { JOB_QUEUE_AGING_MS = 10 * 1000 };

struct job_share;

struct job_queue_entry {
    int64_t claim_ms;
    uint64_t arrival;
    size_t place;            /* in the heap, from 1; 0: not queued */
    struct job_share *share; /* whose it is, while it is queued or under way */
};

struct job_queue {
    struct job_share *shares; /* identities with jobs that wait or are under way */
    size_t count;             /* jobs that wait */
    uint64_t arrivals;
};

void job_queue_init(struct job_queue *queue);
void job_queue_fini(struct job_queue *queue);

/** Errors: -1 when out of memory. @entry must be neither queued nor under way. Higher @priority goes first. */
int job_queue_push(struct job_queue *queue, struct job_queue_entry *entry, const char *owner, int32_t priority,
                   int64_t now_ms) MRPC_MUST_USE;
/** The next one, which leaves the queue and is under way until job_queue_done(); NULL when it is empty. */
struct job_queue_entry *job_queue_pop(struct job_queue *queue);
/** It is no longer under way. Nothing happens when it was not. */
void job_queue_done(struct job_queue *queue, struct job_queue_entry *entry);
/** Nothing happens when @entry is not queued. */
void job_queue_remove(struct job_queue *queue, struct job_queue_entry *entry);

#endif
