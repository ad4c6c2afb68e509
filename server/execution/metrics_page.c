/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "execution/engine.h"

/* The part of the metrics page that is about jobs, pools and models, in Prometheus' text format. */

struct number {
    const char *name, *type, *help;
    uint64_t value;
};

typedef int writer(void *arg, const char *text, size_t size);

static int write_numbers(const struct number *numbers, size_t count, writer *write, void *arg)
{
    int error = 0;
    for (size_t i = 0; i < count && !error; i++) {
        const struct number *number = &numbers[i];
        char text[256];
        int size = snprintf(text, sizeof text, "# HELP mltrainer_%s %s\n# TYPE mltrainer_%s %s\nmltrainer_%s %" PRIu64 "\n",
                            number->name, number->help, number->name, number->type, number->name, number->value);
        error = write(arg, text, (size_t)size);
    }
    return error;
}

static int write_moves(struct execution *engine, writer *write, void *arg)
{
    static const char head[] = "# HELP mltrainer_job_states_total States that jobs came into, durably, since the start.\n"
                               "# TYPE mltrainer_job_states_total counter\n";
    int error = write(arg, head, sizeof head - 1);
    for (enum job_state state = JOB_WAITING; state < JOB_STATES && !error; state++) {
        char name[32], text[128];
        snprintf(name, sizeof name, "%s", job_state_name(state));
        for (char *at = name; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        int size = snprintf(text, sizeof text, "mltrainer_job_states_total{state=\"%s\"} %" PRIu64 "\n", name,
                            atomic_load(&engine->moves[state]));
        error = write(arg, text, (size_t)size);
    }
    return error;
}

int execution_write_metrics(struct execution *engine, writer *write, void *arg)
{
    struct execution_stats stats;
    execution_snapshot(engine, &stats);
    const struct number numbers[] = {
        {"jobs_queued", "gauge", "Jobs that wait for a worker.", stats.jobs_queued},
        {"jobs_running", "gauge", "Jobs whose attempt is under way.", stats.jobs_running},
        {"jobs_queue_limit", "gauge", "Jobs that may wait.", stats.queue_limit},
        {"workers", "gauge", "Worker processes that there are to be.", stats.workers},
        {"workers_busy", "gauge", "Worker processes that have a task.", stats.workers_busy},
        {"workers_lost_total", "counter", "Worker processes that crashed, hung or broke the protocol.", stats.workers_lost},
        {"threads", "gauge", "Threads of the pool for files and sources.", stats.threads},
        {"threads_busy", "gauge", "Of them, those that have a task.", stats.threads_busy},
        {"models", "gauge", "Models that are listed.", stats.models},
        {"models_available", "gauge", "Of them, those that can be used.", stats.models_available},
    };
    int error = write_numbers(numbers, sizeof numbers / sizeof *numbers, write, arg);
    return error ? error : write_moves(engine, write, arg);
}
