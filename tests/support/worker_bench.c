/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "worker_bench.h"

void worker_bench_start(struct worker_bench *bench, struct process_pool_options options)
{
    static const char *const folders[] = {MLT_TEST_PLUGIN_FOLDER, MLT_TEST_ZOO_FOLDER, NULL};
    struct fault fault = FAULT_INIT;

    if (!options.worker_path)
        options.worker_path = MLT_TEST_WORKER;
    if (!options.plugin_folders)
        options.plugin_folders = folders;
    assert_int_equal(domain_loop_new("replies", &bench->loop), 0);
    assert_int_equal(domain_loop_start(bench->loop), 0);
    if (process_pool_new(&options, &bench->pool, &fault) || process_pool_start(bench->pool, &fault))
        fail_msg("%s", fault.text);
}

void worker_bench_stop(struct worker_bench *bench)
{
    process_pool_free(bench->pool);
    domain_loop_stop(bench->loop);
    domain_loop_free(bench->loop);
}

const char *worker_bench_plugin(const char *family)
{
    static _Thread_local char path[512];

    snprintf(path, sizeof(path), "%s/libmltrainer_%s.so", MLT_TEST_PLUGIN_FOLDER, family);
    return path;
}

const char *worker_bench_zoo(const char *name)
{
    static _Thread_local char path[512];

    snprintf(path, sizeof(path), "%s/%s.so", MLT_TEST_ZOO_FOLDER, name);
    return path;
}

int64_t worker_bench_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void hear_event(void *arg, uint64_t ticket, const struct process_event *event)
{
    struct outcome *outcome = arg;

    pthread_mutex_lock(&outcome->lock);
    switch (event->kind) {
    case PROCESS_EVENT_STARTED:
        outcome->started++;
        outcome->pid = event->pid;
        break;
    case PROCESS_EVENT_PROGRESS:
        outcome->progressed++;
        outcome->last_progress = event->progress;
        break;
    case PROCESS_EVENT_METRIC:
        outcome->curve_points++;
        break;
    case PROCESS_EVENT_LOG:
        outcome->logged++;
        snprintf(outcome->last_log, sizeof(outcome->last_log), "%s", event->text);
        break;
    }
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static void keep_metrics(struct outcome *outcome, const struct process_result *result)
{
    for (size_t i = 0; i < result->metric_count && outcome->metric_count < 64; i++) {
        size_t at = outcome->metric_count++;
        snprintf(outcome->metrics[at].name, sizeof(outcome->metrics[at].name), "%s", result->metrics[i].name);
        outcome->metrics[at].value = result->metrics[i].value;
    }
}

static void hear_result(void *arg, uint64_t ticket, struct process_result *result)
{
    struct outcome *outcome = arg;

    pthread_mutex_lock(&outcome->lock);
    outcome->fault = result->fault;
    outcome->worker_lost = result->worker_lost;
    outcome->signal = result->signal;
    outcome->pid = result->pid;
    outcome->cpu_us = result->cpu_us;
    snprintf(outcome->signal_name, sizeof(outcome->signal_name), "%s", result->signal_name);
    snprintf(outcome->stderr_tail, sizeof(outcome->stderr_tail), "%s", result->stderr_tail);
    snprintf(outcome->backtrace, sizeof(outcome->backtrace), "%s", result->backtrace ? result->backtrace : "");
    outcome->table = process_result_take_table(result);
    if (result->artifact) {
        outcome->artifact_bytes = result->artifact_bytes;
        outcome->artifact = malloc(result->artifact_bytes + 1);
        memcpy(outcome->artifact, result->artifact, result->artifact_bytes);
    }
    keep_metrics(outcome, result);
    outcome->took_ms = worker_bench_now_ms() - outcome->submitted_ms;
    outcome->is_done++;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

int worker_bench_submit(struct worker_bench *bench, struct process_task *task, struct outcome *outcome)
{
    struct fault fault = FAULT_INIT;

    memset(outcome, 0, sizeof(*outcome));
    pthread_mutex_init(&outcome->lock, NULL);
    pthread_cond_init(&outcome->changed, NULL);
    outcome->submitted_ms = worker_bench_now_ms();
    task->reply_loop = bench->loop;
    task->on_event = hear_event;
    task->on_done = hear_result;
    task->arg = outcome;
    int code = process_pool_submit(bench->pool, task, &outcome->ticket, &fault);
    if (code)
        outcome->fault = fault;
    return code;
}

void worker_bench_await(struct outcome *outcome)
{
    pthread_mutex_lock(&outcome->lock);
    while (!outcome->is_done)
        pthread_cond_wait(&outcome->changed, &outcome->lock);
    pthread_mutex_unlock(&outcome->lock);
}

int worker_bench_await_start(struct outcome *outcome)
{
    pthread_mutex_lock(&outcome->lock);
    while (!outcome->started && !outcome->is_done)
        pthread_cond_wait(&outcome->changed, &outcome->lock);
    int pid = outcome->pid;
    pthread_mutex_unlock(&outcome->lock);
    return pid;
}

void worker_bench_run(struct worker_bench *bench, struct process_task *task, struct outcome *outcome)
{
    if (worker_bench_submit(bench, task, outcome))
        fail_msg("not accepted: %s", outcome->fault.text);
    worker_bench_await(outcome);
}

void outcome_free(struct outcome *outcome)
{
    table_free(outcome->table);
    free(outcome->artifact);
    outcome->table = NULL;
    outcome->artifact = NULL;
}

double outcome_metric(const struct outcome *outcome, const char *name)
{
    for (size_t i = 0; i < outcome->metric_count; i++)
        if (strcmp(outcome->metrics[i].name, name) == 0)
            return outcome->metrics[i].value;
    fail_msg("there is no metric \"%s\" (%s)", name, outcome->fault.text);
    return 0;
}

const double *table_numbers(const struct table *table, const char *name)
{
    struct table_column column;

    assert_non_null(table);
    int64_t index = table_find(&table->schema, name);
    if (index < 0)
        fail_msg("there is no column \"%s\"", name);
    table_column_view(&table->schema, &table->array, (size_t)index, &column);
    assert_string_equal(column.format, "g");
    return column.values;
}
