/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "caller/quota.h"
#include "execution/engine.h"
#include "metrics/page.h"

/* The part of the metrics page that is about jobs, pools and models. */

static void write_stats(struct metrics_page *page, const struct execution_stats *stats)
{
    metrics_single(page, "mltrainer_jobs_queued", "gauge", "Jobs that wait for a worker.", stats->jobs_queued);
    metrics_single(page, "mltrainer_jobs_running", "gauge", "Jobs whose attempt is under way.", stats->jobs_running);
    metrics_single(page, "mltrainer_jobs_queue_limit", "gauge", "Jobs that may wait.", stats->queue_limit);
    metrics_single(page, "mltrainer_workers", "gauge", "Worker processes that there are to be.", stats->workers);
    metrics_single(page, "mltrainer_workers_busy", "gauge", "Worker processes that have a task.", stats->workers_busy);
    metrics_single(page, "mltrainer_workers_lost_total", "counter",
                   "Worker processes that crashed, hung or broke the protocol.", stats->workers_lost);
    metrics_single(page, "mltrainer_threads", "gauge", "Threads of the pool for files and sources.", stats->threads);
    metrics_single(page, "mltrainer_threads_busy", "gauge", "Of them, those that have a task.", stats->threads_busy);
    metrics_single(page, "mltrainer_models", "gauge", "Models that are listed.", stats->models);
    metrics_single(page, "mltrainer_models_available", "gauge", "Of them, those that can be used.",
                   stats->models_available);
}

static void write_moves(struct metrics_page *page, struct execution *engine)
{
    metrics_head(page, "mltrainer_job_states_total", "counter",
                 "States that jobs came into, durably, since the start.");
    for (enum job_state state = JOB_WAITING; state < JOB_STATES; state++) {
        char name[32];
        snprintf(name, sizeof name, "%s", job_state_name(state));
        for (char *at = name; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        metrics_put(page, "mltrainer_job_states_total{state=\"%s\"} %" PRIu64 "\n", name,
                    atomic_load(&engine->moves[state]));
    }
}

static void write_webhooks(struct metrics_page *page, const struct execution *engine)
{
    struct webhook_counts counts;
    webhooks_counts(engine, &counts);
    metrics_single(page, "mltrainer_webhooks_owed", "gauge", "Webhooks that are still to be delivered.", counts.owed);
    metrics_head(page, "mltrainer_webhooks_total", "counter",
                 "Webhooks delivered and given up, and attempts that failed.");
    metrics_put(page, "mltrainer_webhooks_total{result=\"delivered\"} %" PRIu64 "\n", counts.delivered);
    metrics_put(page, "mltrainer_webhooks_total{result=\"failed\"} %" PRIu64 "\n", counts.failed);
    metrics_put(page, "mltrainer_webhooks_total{result=\"given_up\"} %" PRIu64 "\n", counts.given_up);
}

int execution_write_metrics(struct execution *engine, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    struct execution_stats stats;
    execution_snapshot(engine, &stats);
    write_stats(&page, &stats);
    write_moves(&page, engine);
    write_webhooks(&page, engine);
    metrics_single(&page, "mltrainer_job_quota_refused_total", "counter",
                   "Jobs refused because their owner has too many.", quota_refused(engine->job_quota));
    metrics_single(&page, "mltrainer_schedule_quota_refused_total", "counter",
                   "Schedules refused because their owner has too many.", quota_refused(engine->schedule_quota));
    metrics_single(&page, "mltrainer_dataset_quota_refused_total", "counter",
                   "Datasets refused because their owner has too many bytes.", quota_refused(engine->dataset_quota));
    return page.error;
}
