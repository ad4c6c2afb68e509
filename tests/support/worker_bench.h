/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_WORKER_BENCH_H
#define TEST_WORKER_BENCH_H

#include <pthread.h>

#include "pool/process/process_pool.h"

/* For tests: a process pool, a loop that hears of results, and tasks run one by one through real workers. */

struct worker_bench {
    struct domain_loop *loop;
    struct process_pool *pool;
};

/** The options' worker_path and plugin_folders are filled in here: BUILD/bin, BUILD/lib/mltrainer/plugins, the zoo. */
void worker_bench_start(struct worker_bench *bench, struct process_pool_options options);
void worker_bench_stop(struct worker_bench *bench);

/** Absolute path of a family's or a zoo plugin's shared object; static per call site count, do not keep. */
const char *worker_bench_plugin(const char *family);
const char *worker_bench_zoo(const char *name);

/** What became of a task. Texts and bytes are copies. */
struct outcome {
    struct fault fault;
    int worker_lost;
    int signal;
    char signal_name[32];
    char stderr_tail[2048];
    char backtrace[4096];
    int pid;
    int64_t took_ms; /* from submit to done */
    int64_t cpu_us;  /* of the worker, in the plugin's hands; 0 when it was lost */
    struct table *table;
    void *artifact;
    size_t artifact_bytes;
    struct {
        char name[65];
        double value;
    } metrics[64];
    size_t metric_count;
    unsigned started, progressed, logged, curve_points;
    double last_progress;
    char last_log[256];

    /* the bench's */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_done;
    int64_t submitted_ms;
    uint64_t ticket;
};

/** Submit, without waiting; @task's loop and callbacks are filled in. @outcome stays where it is until awaited. */
int worker_bench_submit(struct worker_bench *bench, struct process_task *task, struct outcome *outcome);
void worker_bench_await(struct outcome *outcome);
/** Wait until a worker has it; returns its pid. */
int worker_bench_await_start(struct outcome *outcome);
/** Both; fails the test if the task is not accepted. */
void worker_bench_run(struct worker_bench *bench, struct process_task *task, struct outcome *outcome);
/** The clock of outcome.took_ms. */
int64_t worker_bench_now_ms(void);
void outcome_free(struct outcome *outcome);
/** A final metric; fails the test when it is not there. */
double outcome_metric(const struct outcome *outcome, const char *name);
/** Values of a column of doubles; fails the test when it is not there. */
const double *table_numbers(const struct table *table, const char *name);

#endif
