/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_PROCESS_POOL_H
#define MLT_PROCESS_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <mltrainer/plugin.h>
#include <mrpc/attributes.h>

#include "events/bus.h"
#include "events/domain_loop.h"
#include "fault/fault.h"
#include "table/table.h"
#include "worker/operation.h"

/* Worker processes for what keeps a CPU busy: each runs one task at a time, in a plugin, confined.
 *
 *   submit ─► queue ─► worker ─► done, exactly once for each accepted task, whatever the plugin does
 *
 * A worker that crashes, hangs, stops or talks nonsense fails the task that it had and no other; it is replaced, with
 * a growing pause while replacements die young. The pool has one thread of its own, which starts the workers (they are
 * told to die with it), talks with them and keeps the time. Callbacks run on the loop that the task names, or on the
 * pool's thread if it names none, and never under a lock.
 *
 * Brief tasks that wait while no worker is free go to the next free one together, in one message there and one back. A
 * worker that is lost with several had one that did it and others that did not: each of them runs once more, alone. */

enum { PROCESS_ISOLATION_BYTES = 288 }; /* an identity of the transport, and its kind */

struct process_pool;
struct log;

struct process_pool_options {
    const char *worker_path;          /* the executable mltrainer-worker */
    const char *const *plugin_folders; /* NULL-terminated: workers may read and map files under these and system
                                          libraries, nothing else */
    unsigned workers;                 /* 0: as many as there are cores */
    unsigned threads_per_task;        /* of BLAS and OpenMP in a worker; 0 means 1 */
    unsigned queue_limit;             /* accepted tasks that wait, beyond one for each worker; 0 means 1024 */
    unsigned recycle_after_tasks;     /* a worker is replaced after so many, 100 brief ones for one; 0 means 1000 */
    size_t recycle_after_bytes;       /* and when it holds so much memory of its own after a task that is not brief; 0
                                         means a quarter of memory_bytes */
    /* the largest table and artifact together that a task can bring; 0 means 256 MiB */
    size_t input_bytes;
    size_t output_bytes;              /* the same for what it gives back; 0 means 256 MiB */
    size_t memory_bytes;              /* address space of a worker beside the two above; 0 means 4 GiB;
                                         not enforced when built with a sanitizer */
    unsigned poll_us;                 /* how long a worker that has more than one core to run on looks for its next task
                                         before it sleeps, in microseconds; 0: not at all */
    int64_t heartbeat_timeout_ms;     /* a worker whose clock stands still so long is killed; 0 means 5,000 */
    int64_t cancel_grace_ms;          /* from asking a plugin to stop to SIGTERM; 0 means 250 */
    int64_t kill_grace_ms;            /* from SIGTERM to SIGKILL; 0 means 250 */
    int64_t start_timeout_ms;         /* from spawn to the worker's first word; 0 means 10,000 */
    struct log *log;                  /* may be NULL; borrowed */
    struct bus *bus;                  /* told of workers that come and go; may be NULL; borrowed */
};

/** Copies the options. Starts nothing. */
int process_pool_new(const struct process_pool_options *options, struct process_pool **out,
                     struct fault *fault) MRPC_MUST_USE;
/** Start the thread and the workers; does not wait for them. */
int process_pool_start(struct process_pool *pool, struct fault *fault) MRPC_MUST_USE;
/** Refuse new tasks, end queued and running ones (UNAVAILABLE), kill and reap every worker, join the thread. When it
 *  returns every done callback has been posted. Idempotent. Not on the pool's or a callback's thread. */
void process_pool_stop(struct process_pool *pool);
void process_pool_free(struct process_pool *pool);

enum process_event_kind {
    PROCESS_EVENT_STARTED = 1,  /* a worker has it: pid */
    PROCESS_EVENT_PROGRESS = 2, /* progress; at most every 50 ms, never backwards */
    PROCESS_EVENT_METRIC = 3,   /* name, step, value */
    PROCESS_EVENT_LOG = 4,      /* level (enum mltrainer_log_level), text */
};

struct process_event {
    enum process_event_kind kind;
    int pid;
    double progress; /* 0 to 1 */
    const char *name;
    int64_t step;
    double value;
    int level;
    const char *text;
};

struct process_metric {
    const char *name;
    double value;
};

/** What PROCESS_DESCRIBE found. */
struct process_algorithm {
    const char *id;
    const char *description;
    uint32_t flags;         /* enum mltrainer_algorithm_flag */
    unsigned operations;    /* bit 1 << enum process_operation for each that it has */
    int searchable;
};

struct process_description {
    const char *family;
    const char *version;
    const char *description;
    const char *licence;
    const char *engine;
    unsigned abi_major;
    unsigned abi_minor;
    size_t algorithm_count;
    const struct process_algorithm *algorithms;
};

/** How a task ended. Everything here lives until the done callback returns; what is to stay is copied, or moved with
 *  process_result_take_table(). */
struct process_result {
    struct fault fault;     /* code 0: it succeeded. INVALID_ARGUMENT (field: parameter or column), CANCELLED,
                               DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (memory, output), FAILED_PRECONDITION (plugin
                               cannot be loaded, not converged), UNIMPLEMENTED, DATA_LOSS (artifact corrupt), INTERNAL
                               (the worker died or broke the protocol), UNAVAILABLE (the pool stopped) */
    int worker_lost;        /* the worker died, was killed, or broke the protocol: another attempt may be worth it */
    int signal;             /* that ended the worker, or 0 */
    const char *signal_name; /* "SIGSEGV", or "" */
    const char *stderr_tail; /* the last that the worker wrote there when it was lost, or "" */
    const char *backtrace;   /* where it crashed, innermost first, one frame a line, as far as it could say; or "" */
    int pid;                /* of the worker, 0 when no worker ever had the task */
    int64_t queued_us;      /* from submit to a worker */
    int64_t ran_us;         /* in the plugin's hands, wall clock */
    int64_t cpu_us;         /* of all the worker's threads */
    size_t metric_count;
    const struct process_metric *metrics; /* final ones, in the order reported */
    struct table *table;    /* PREDICT, COMPUTE; else NULL */
    struct mrpc_arena *arena; /* for what done needs while it runs */
    const void *artifact;   /* TRAIN; else NULL */
    size_t artifact_bytes;
    const struct process_description *description; /* DESCRIBE; else NULL */
};

/** The result's table becomes the caller's (table_free()); NULL when there is none. Not of a fleeting task. */
struct table *process_result_take_table(struct process_result *result) MRPC_MUST_USE;

/** What to do. Everything is copied by process_pool_submit(), save the table and the artifact, and the texts of a
 *  fleeting task: they are borrowed until the task is done, and not written to meanwhile. */
struct process_task {
    enum process_operation operation;
    const char *plugin_path;      /* under one of the plugin folders */
    const char *algorithm;        /* not for DESCRIBE */
    size_t parameter_count;
    const struct mltrainer_parameter *const *parameters; /* checked and complete */
    const struct ArrowSchema *schema; /* the table, or NULL */
    const struct ArrowArray *array;
    const char *target;           /* roles of columns, each may be NULL: see struct mltrainer_request */
    const char *weight;
    const char *time;
    const char *group;
    size_t feature_count;
    const char *const *features;
    const void *artifact;         /* for EVALUATE and PREDICT */
    size_t artifact_bytes;
    uint64_t seed;
    unsigned threads;             /* 0: options.threads_per_task */
    int64_t deadline_ms;          /* on domain_loop_now_ms()'s clock, waiting included; 0: none */
    const char *isolation;        /* on whose behalf: a worker that ran for one never runs for another. NULL: "";
                                     less than PROCESS_ISOLATION_BYTES */
    const char *model;            /* for PREDICT: names the artifact for ever (its hash), so that the model stays in the
                                     worker for the next of its tasks. NULL: it does not. At most 64 bytes */
    bool brief;                   /* over in well under a millisecond: it may wait for others, and others for it */
    bool fleeting;                /* texts and lists of the task live until on_done() returns: they are borrowed; the
                                     result's table cannot be taken */

    struct domain_loop *reply_loop; /* where the callbacks run; outlives the task. NULL: on the pool's thread, which
                                       waits for them: they are short and do not block */
    /** May be NULL. Thread: reply_loop's. *@event is valid during the call. */
    void (*on_event)(void *arg, uint64_t ticket, const struct process_event *event);
    /** Exactly once for each accepted task, after its last event. Thread: reply_loop's. Not called only when
     *  reply_loop was stopped before. */
    void (*on_done)(void *arg, uint64_t ticket, struct process_result *result);
    void *arg;
};

/** Queue @task. Thread: any. *@ticket names it for process_pool_cancel(). Tasks of equal claim run in the order of
 *  submission; brief ones of a connection's loop are submitted when its wake-up ends. Errors: INVALID_ARGUMENT (table
 *  in a form that tables do not have), RESOURCE_EXHAUSTED (queue full, with retry_after; or larger than input_bytes,
 *  without), UNAVAILABLE (stopped). */
int process_pool_submit(struct process_pool *pool, const struct process_task *task, uint64_t *ticket,
                        struct fault *fault) MRPC_MUST_USE;
/** End a task with CANCELLED: at once while it waits, else by asking the plugin, then SIGTERM, then SIGKILL. Thread:
 *  any. Idempotent; unknown and finished tickets are ignored, as are those of brief tasks whose submission another
 *  thread, a connection's loop, is still about. */
void process_pool_cancel(struct process_pool *pool, uint64_t ticket);

struct process_pool_stats {
    unsigned workers;      /* wanted */
    unsigned idle;         /* started, without a task */
    unsigned busy;
    unsigned queued;
    uint64_t tasks_done;
    uint64_t tasks_failed; /* of those, not with code 0 */
    uint64_t rounds;       /* messages that took tasks to workers: brief ones go together */
    uint64_t repeats;      /* tasks that were told by their values alone, being like one before by the same model */
    uint64_t workers_started;
    uint64_t workers_lost; /* crashed, hung or broke the protocol */
    uint64_t workers_killed;
};
/** Thread: any. */
void process_pool_stats(struct process_pool *pool, struct process_pool_stats *out);

/** A place for a worker, as it is now. */
enum process_worker_state { PROCESS_WORKER_ABSENT, PROCESS_WORKER_STARTING, PROCESS_WORKER_IDLE, PROCESS_WORKER_BUSY };
struct process_worker {
    enum process_worker_state state;
    int pid; /* 0: absent */
};
/** Fills at most @capacity of @out, in the order of places; returns how many. Thread: any. */
unsigned process_pool_workers(struct process_pool *pool, struct process_worker *out, unsigned capacity);

/** Told on the bus when a worker comes or goes. That one has become busy or idle is told as a change of the scene
 *  source "process_pool" (events/scene_changed.h): at most 20 times a second, whatever the rate of tasks. */
extern const struct bus_topic process_pool_changed;
enum process_pool_change { PROCESS_POOL_STARTED = 1, PROCESS_POOL_LOST, PROCESS_POOL_ENDED };
struct process_pool_event {
    enum process_pool_change change;
    int pid;                 /* of the worker */
    uint64_t workers_lost;   /* since the start, this one included */
    unsigned workers;        /* wanted */
};

#endif
