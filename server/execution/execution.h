/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_H
#define MLT_EXECUTION_H

#include <stdint.h>

#include "container/component.h"
#include "events/bus.h"

/* The execution service: models, datasets, jobs, predictions, artifacts. docs/internals/execution.md tells how it
 * works. */

struct execution;
struct mrpc_server;

/** Needs "config", "log", "bus", "store", "thread_pool", "process_pool" and "operation". */
extern const struct component execution_component;
/** Its loop, for who watches "loop[]". Needs "execution". */
extern const struct component execution_watched_component;
/** Reads the model configurations again. Needs "execution". */
extern const struct component models_reload_component;
/** The loop that submits what schedules say. Needs "execution". */
extern const struct component schedule_loop_component;
/** The loop that lets go of old jobs and files. Needs "execution". */
extern const struct component retention_loop_component;

/** Put the service on a server before its start. Returns 0 or an enum mrpc_error. */
int execution_add_to_server(struct execution *execution, struct mrpc_server *server) MRPC_MUST_USE;
/** The Open Inference Protocol 2 over its artifacts. */
int execution_add_inference_to_server(struct execution *execution, struct mrpc_server *server) MRPC_MUST_USE;

/** Where the server listens, NULL-terminated: no webhook goes there. Thread: any, after the start. */
void execution_set_own_addresses(struct execution *execution, const char *const *addresses);

/** Numbers at this moment, for diagrams and metrics. Thread: any; never blocks. */
struct execution_stats {
    uint32_t workers, workers_busy; /* processes */
    uint64_t workers_lost;
    uint32_t threads, threads_busy;
    uint32_t jobs_queued, jobs_running;
    uint64_t queue_limit;
    uint32_t models, models_available;
};
void execution_snapshot(struct execution *execution, struct execution_stats *out);

/** Write the part of the metrics page about jobs, pools and models piece by piece, in Prometheus' text format. Thread:
 *  any.
 *  Errors: what @write returned. */
int execution_write_metrics(struct execution *execution, int (*write)(void *arg, const char *text, size_t size),
                            void *arg) MRPC_MUST_USE;

/** Told on the bus after each change of a job's state that is durable. States are those of JobState. Whoever wants more
 *  asks for the job; whoever draws listens to the scene source "execution". */
extern const struct bus_topic execution_job_changed;
struct execution_job_event {
    char job[24];
    int from, to;
    uint32_t attempt;
};

/** Told on the bus when a due time of a schedule has been dealt with. */
extern const struct bus_topic execution_schedule_ran;
enum execution_schedule_outcome { SCHEDULE_SUBMITTED = 1, SCHEDULE_LEFT_OUT, SCHEDULE_MISSED, SCHEDULE_REFUSED };
struct execution_schedule_event {
    char schedule[129];
    int64_t due_ms; /* since 1970, UTC */
    enum execution_schedule_outcome outcome;
    char job[24];   /* or pipeline that it brought, or "" */
    int code;       /* why it was refused */
};

/** Read the model configurations again and probe the plugins. All or nothing. Blocks: not on a loop. */
int execution_reload(struct execution *execution, struct fault *fault) MRPC_MUST_USE;

#endif
