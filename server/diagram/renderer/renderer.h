/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_RENDERER_H
#define MLT_DIAGRAM_RENDERER_H

#include "diagram/renderer/message.h"
#include "events/domain_loop.h"

/* The server's side of the renderer processes: a queue, a few warm processes, one request at a time each.
 *
 *     job_submit ─► queue ─► process ─► done, exactly once
 *
 * A process that dies, stalls or answers nonsense fails the job that it had and no other, and is replaced, after a
 * pause that grows while replacements die young. Everything happens on one domain loop, whose thread also starts the
 * processes: they are told to die with it. */

struct renderer;
struct log;

struct renderer_options {
    const char *path;        /* of mltrainer-render */
    int processes;           /* 0 means 2 */
    int queue_limit;         /* jobs that wait; 0 means 256 */
    int64_t job_timeout_ms;  /* wall clock of one job in a process; 0 means 30,000 */
    struct log *log;         /* may be NULL; borrowed */
};

/** One job. Its owner fills `request` and `done` and keeps it until done is called. */
struct renderer_job {
    struct message_request request; /* what it points at lives until done */
    /** On the domain loop, once for each job that was accepted. The response lives until it returns; its fault says how
     *  it ended: what the renderer found, or RESOURCE_EXHAUSTED (it took too long), UNAVAILABLE (the process died, or
     *  the server stops; retry_after_ms set). May free the job, and submit others. */
    void (*done)(struct renderer_job *job, const struct message_response *response);
    struct renderer_job *next;      /* the queue's */
};

/** Copies the options; @loop is borrowed and outlives it. Starts nothing. Errors: RESOURCE_EXHAUSTED. */
int renderer_new(const struct renderer_options *options, struct domain_loop *loop, struct renderer **out,
                 struct fault *fault);
/** Start the processes. Thread: the loop's own. */
void renderer_start(struct renderer *renderer);
/** Kill the processes, end all jobs with UNAVAILABLE. Thread: the loop's own. Idempotent. */
void renderer_stop(struct renderer *renderer);
/** After renderer_stop(). */
void renderer_free(struct renderer *renderer);

/** Queue @job. Thread: the loop's own. Errors: RESOURCE_EXHAUSTED with advice when the queue is full, UNAVAILABLE after
 *  stop: then done is not called. */
int renderer_submit(struct renderer *renderer, struct renderer_job *job, struct fault *fault);

/** Process ids of the running processes, for tests; returns their number, at most @capacity. Thread: the loop's own. */
int renderer_pids(const struct renderer *renderer, int *pids, int capacity);

#endif
