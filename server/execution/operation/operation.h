/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_OPERATION_H
#define MLT_EXECUTION_OPERATION_H

#include "execution/artifact/container.h"
#include "execution/engine.h"
#include "execution/feature/features.h"
#include "execution/feature/folds.h"
#include "execution/feature/scaler.h"
#include "execution/feature/split.h"
#include "execution/operation/source.h"

/* One piece of work on data and models, as a chain of steps: each runs on the thread pool (what waits) or in a worker
 * process (what computes), and ends on the execution loop, which starts the next one. A job's attempt and a unary call
 * are operations alike; what differs is who asked.
 *
 *     train:    prepare(thread) ─► fit(worker) ─► predict on both parts(worker) ─► judge(thread) ─► keep(thread);
 *               from judge back to fit while there are folds
 *     evaluate: open(thread) ─► predict(worker) ─► judge(thread)
 *     predict:  open(thread) ─► predict(worker) ─► shape(thread)
 *     compute:  prepare(thread) ─► compute(worker)
 *               and with an output_dataset, both: ─► store(thread) ─► register(loop, store)
 *     fetch:    fetch(thread) ─► register(loop, store)
 *
 * Whoever makes one gets its end exactly once, on the loop, whatever happens. Thread: the loop's, but for the work
 * steps. */

struct operation;

typedef int operation_work(struct operation *operation, struct fault *fault); /* on the thread pool */
typedef void operation_next(struct operation *operation);                     /* on the loop, when the step succeeded */

struct operation {
    /* Set by who makes it. */
    struct execution *engine;
    struct container_scope *scope; /* it and what was made for it */
    struct mrpc_arena *arena;      /* of the scope */
    int64_t deadline_ms;      /* domain_loop_now_ms() clock; 0: none */
    const char *isolation;    /* on whose behalf; in the arena */
    uint64_t seed;
    unsigned threads;
    void (*on_event)(struct operation *operation, const struct process_event *event); /* may be NULL */
    void (*on_done)(struct operation *operation); /* fault, result and output are there; frees the operation */
    void *arg;
    const struct job *job; /* whose attempt it is; NULL: a call's */
    void *driver;          /* of one that is part of another, or made of others (tune/) */
    /** A fold was judged; false: go no further, the operation ends with ABORTED. May be NULL. With it nothing is
     *  kept. */
    bool (*on_fold)(struct operation *operation, size_t fold);
    void (*on_cancel)(struct operation *operation);  /* may be NULL: pass it on to the parts */
    void (*on_release)(struct operation *operation); /* may be NULL: let go of `driver` */

    /* Inputs, resolved on the loop before the start. */
    const struct catalog_model *model; /* with train and compute; of `catalog` */
    struct catalog *catalog;           /* a reference that keeps it */
    const struct mltrainer_parameter *const *parameters;
    size_t parameter_count;
    struct source source;
    const API(TrainSpec) * train;
    const API(ComputeSpec) * compute;
    const API(JobSpec) * spec; /* NULL: a call's */
    const char *artifact_sha256;
    const char *plugin_path;
    bool last_row_only;
    uint32_t artifact_version;
    uint64_t forgotten; /* warm_models.forgotten, when the reference was looked up */
    bool judge; /* evaluate: the target is wanted, metrics are made */

    /* Between the steps. */
    struct table *input;           /* as loaded */
    struct feature_table features; /* when a specification makes them */
    struct table *table;           /* what models see: features.table, or the input; not owned */
    const char *target, *time, *weight, *group;
    const char *const *feature_names;
    size_t feature_count;
    struct fold_plan plan;
    size_t fold_index;
    struct fold fold; /* the present one */
    API(FoldResult) * *folds; /* plan.count of them, once judged */
    bool judged;              /* all of them */
    struct scaler_column *preparation; /* learnt last; names are feature_names */
    size_t preparation_count;
    struct table *train_part, *test_part, *train_predictions, *test_predictions;
    struct table **predictions; /* where those of the running step go */
    struct artifact_file artifact;
    void *fitted; /* what training saved */
    size_t fitted_bytes;

    /* The end. */
    struct fault fault;
    bool worker_lost;
    const char *signal_name;
    const char *stderr_tail;
    const char *backtrace; /* a line a frame */
    API(JobResult) * result; /* in the arena */
    API(JobTimings) * timings;
    struct table *output; /* predict, compute */
    struct intake *intake; /* fetch, and what output becomes */
    const char *deposit;   /* the name of the dataset that output becomes */
    const char *stage;
    size_t steps, steps_done; /* of those in workers; 0: one */

    /* operation.c's own. */
    struct thread_task task;
    operation_work *work;
    operation_next *next;
    struct fault work_fault;
    uint64_t ticket;
    bool on_worker;
    _Atomic bool cancelled; /* a thread at work may look */
    bool ended;
    int64_t step_began_us;
    int64_t queued_us, running_us, cpu_us, preparing_us, storing_us;
    struct operation *following, **link; /* engine->operations */
};

/** An operation in a scope of its own. NULL when out of memory. */
struct operation *operation_new(struct execution *engine) MRPC_MUST_USE;
/** End its scope: after its end, or before its start. Takes NULL. */
void operation_free(struct operation *operation);
/** What component.c makes and ends. */
struct operation *operation_make(struct mrpc_arena *arena) MRPC_MUST_USE;
void operation_release(struct operation *operation);

/** Run @work on the thread pool, then @next on the loop; a failure ends the operation. */
void operation_on_thread(struct operation *operation, const char *stage, operation_work *work, operation_next *next);
/** Run @task in a worker, then @next; @taken gets the result on the loop before. A failure ends the operation. */
void operation_on_worker(struct operation *operation, const char *stage, struct process_task *task,
                         int (*taken)(struct operation *operation, struct process_result *result, struct fault *fault),
                         operation_next *next);
/** It is over. fault says how. */
void operation_end(struct operation *operation, const struct fault *fault);
/** Was it cancelled, or is it late? Then it has ended. */
bool operation_must_stop(struct operation *operation) MRPC_MUST_USE;
/** End it soon with CANCELLED. */
void operation_cancel(struct operation *operation);
/** Cancel all of them (the server stops). */
void operation_cancel_all(struct execution *engine);

/** Start one whose inputs are set. */
void operation_train(struct operation *operation);
void operation_evaluate(struct operation *operation);
void operation_predict(struct operation *operation);
void operation_compute(struct operation *operation);
/** What operation->spec->fetch says, by its source; result->dataset then names what was made. */
void operation_fetch(struct operation *operation);

/** How much of it is done, when its present step in a worker has done @fraction. */
double operation_progress(const struct operation *operation, double fraction);

/** Append a metric to a list of the arena's. Errors: RESOURCE_EXHAUSTED. */
int operation_add_metric(struct operation *operation, size_t *count, API(Metric) * **list, const char *name,
                         double value, struct fault *fault) MRPC_MUST_USE;

#endif
