/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_RETENTION_H
#define MLT_EXECUTION_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the engine lets go of by itself, a bounded piece at a time:
 *
 *     finished jobs with their events   older than retention.jobs_age, or more than retention.jobs of them
 *     idempotency keys                  after 24 h, as the API promises
 *     files                             of datasets and artifacts that no record names, staged uploads nobody writes to
 *
 * What something still refers to stays: a job that a schedule submitted last or an artifact came of, one whose key is
 * honoured, one that has not ended or is not on disk, and the newest of all (its number must not be given again).
 * Thread: the execution loop's, but for the walk through a folder. */

struct execution;
struct event;
struct file_sweep;

struct retention {
    struct event *timer;
    struct file_sweep *sweep; /* under way on the thread pool */
    bool running;
};

int retention_init(struct execution *engine);
void retention_fini(struct execution *engine);
void retention_start(struct execution *engine);
void retention_stop(struct execution *engine);
/** Nothing of it is under way. */
bool retention_is_idle(const struct execution *engine);

/* ---- The pieces ---- */

enum { RETENTION_JOBS_A_PIECE = 500, RETENTION_EVENTS_A_PIECE = 5000, RETENTION_FILES_A_PIECE = 256 };

/** Let go of jobs and keys. True when there is more. */
bool retention_sweep_jobs(struct execution *engine, int64_t now_ms);
/** Begin a walk through the folders; retention_swept_files() is called with its end. */
void retention_sweep_files(struct execution *engine, int64_t now_ms);
void retention_swept_files(struct execution *engine, bool more);

#endif
