/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JOB_STATE_H
#define MLT_EXECUTION_JOB_STATE_H

#include <stdbool.h>

/* The life of a job, as a table: what may follow what, and why. Nothing else in the server changes a state.
 *
 *   WAITING ─► QUEUED ─► RUNNING ─► SUCCEEDED | FAILED | TIMED_OUT | INTERRUPTED
 *      │        │ ▲         ├─► CANCELLING ─► CANCELLED
 *      │        │ └─────────┴─► RETRY_WAIT ─► QUEUED
 *      └────────┴─► CANCELLED | TIMED_OUT; WAITING ─► SKIPPED
 *
 * The numbers are those of mltrainer.execution.v1.JobState. */

enum job_state {
    JOB_NONE = 0, /* before it exists */
    JOB_WAITING = 1,
    JOB_QUEUED = 2,
    JOB_RUNNING = 3,
    JOB_CANCELLING = 4,
    JOB_RETRY_WAIT = 5,
    JOB_SUCCEEDED = 6,
    JOB_FAILED = 7,
    JOB_CANCELLED = 8,
    JOB_TIMED_OUT = 9,
    JOB_INTERRUPTED = 10,
    JOB_SKIPPED = 11,
    JOB_STATES,
};

/** "RUNNING". */
const char *job_state_name(enum job_state state);
/** Nothing follows it. */
bool job_state_is_final(enum job_state state);
/** Is @to allowed after @from? Any values are. */
bool job_state_follows(enum job_state from, enum job_state to);

/** Go from *@state to @to. An illegal step is a fault of the program: it aborts, in every build. */
void job_state_move(enum job_state *state, enum job_state to);

#endif
