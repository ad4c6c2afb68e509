/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/job.h"
#include "utf8/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mrpc/arena.h>

#define EVENTS_UNDER_WAY_MAX 4096
#define METRICS_MAX 4096
#define EVENT_TEXT_MAX 2048

int64_t job_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- Memory ---- */

/* Of jobs whose callbacks run on the pool's thread some are kept for the next ones, and their arenas with them; the
 * others may end when the pool is gone. */
#define SPARE_JOBS 64
#define SPARE_BYTES_MAX 16384 /* in an arena that is kept */

static bool keep_spare(struct process_job *job)
{
    struct process_pool *pool = job->pool;
    bool kept;

    if (job->reply_loop || mrpc_arena_used_bytes(job->arena) > SPARE_BYTES_MAX)
        return false;
    mrpc_arena_reset(job->arena);
    pthread_mutex_lock(&pool->spare_lock);
    kept = pool->spare_count < SPARE_JOBS;
    if (kept) {
        TAILQ_INSERT_HEAD(&pool->spare, job, entry);
        pool->spare_count++;
    }
    pthread_mutex_unlock(&pool->spare_lock);
    return kept;
}

static struct process_job *take_spare(struct process_pool *pool)
{
    pthread_mutex_lock(&pool->spare_lock);
    struct process_job *job = TAILQ_FIRST(&pool->spare);
    if (job) {
        TAILQ_REMOVE(&pool->spare, job, entry);
        pool->spare_count--;
    }
    pthread_mutex_unlock(&pool->spare_lock);
    return job;
}

static void free_memory(struct process_job *job)
{
    mrpc_arena_free(job->arena);
    free(job);
}

void job_free_spares(struct process_pool *pool)
{
    struct process_job *job;

    while ((job = take_spare(pool)))
        free_memory(job);
}

/* All zero but for its arena; NULL when memory is out. */
static struct process_job *job_memory(struct process_pool *pool)
{
    struct process_job *job = take_spare(pool);
    struct mrpc_arena *arena = job ? job->arena : mrpc_arena_new(0);

    if (!job)
        job = malloc(sizeof(*job));
    if (!job || !arena) {
        free(job);
        mrpc_arena_free(arena);
        return NULL;
    }
    memset(job, 0, sizeof(*job));
    job->arena = arena;
    return job;
}

static void job_free(struct process_job *job)
{
    table_free(job->result.table);
    free(job->metrics);
    if (!keep_spare(job))
        free_memory(job);
}

void job_unref(struct process_job *job)
{
    if (atomic_fetch_sub(&job->references, 1) == 1)
        job_free(job);
}

/* ---- The task ---- */

/* NULL when memory is out; "" for NULL. */
static char *copy_text(struct mrpc_arena *arena, const char *text)
{
    return mrpc_arena_strdup(arena, text ? text : "");
}

static Mltrainer__Worker__Parameter *copy_parameter(struct mrpc_arena *arena,
                                                    const struct mltrainer_parameter *parameter)
{
    Mltrainer__Worker__Parameter *copy = mrpc_arena_alloc(arena, sizeof(*copy));

    if (!copy)
        return NULL;
    mltrainer__worker__parameter__init(copy);
    copy->kind = parameter->kind;
    copy->integer = parameter->integer;
    copy->number = parameter->number;
    if (!(copy->name = copy_text(arena, parameter->name)) || !(copy->text = copy_text(arena, parameter->text)))
        return NULL;
    if (parameter->kind == MLTRAINER_NUMBERS) {
        copy->n_numbers = parameter->count;
        copy->numbers = mrpc_arena_memdup(arena, parameter->numbers, parameter->count * sizeof(double));
        return copy->numbers ? copy : NULL;
    }
    if (parameter->kind != MLTRAINER_TEXTS)
        return copy;
    copy->texts = mrpc_arena_calloc(arena, parameter->count, sizeof(*copy->texts));
    for (size_t i = 0; copy->texts && i < parameter->count; i++)
        if (!(copy->texts[copy->n_texts++] = copy_text(arena, parameter->texts[i])))
            return NULL;
    return copy->texts ? copy : NULL;
}

static int copy_parameters(Mltrainer__Worker__Task *message, struct mrpc_arena *arena, const struct process_task *task)
{
    message->parameters = mrpc_arena_calloc(arena, task->parameter_count, sizeof(*message->parameters));
    if (!message->parameters)
        return -1;
    for (size_t i = 0; i < task->parameter_count; i++)
        if (!(message->parameters[message->n_parameters++] = copy_parameter(arena, task->parameters[i])))
            return -1;
    return 0;
}

static int copy_features(Mltrainer__Worker__Task *message, struct mrpc_arena *arena, const struct process_task *task)
{
    message->features = mrpc_arena_calloc(arena, task->feature_count, sizeof(*message->features));
    if (!message->features)
        return -1;
    for (size_t i = 0; i < task->feature_count; i++)
        if (!(message->features[message->n_features++] = copy_text(arena, task->features[i])))
            return -1;
    return 0;
}

static int copy_texts(struct process_job *job, const struct process_task *task)
{
    Mltrainer__Worker__Task *message = job->message;

    message->plugin_path = copy_text(job->arena, task->plugin_path);
    message->algorithm = copy_text(job->arena, task->algorithm);
    message->target = copy_text(job->arena, task->target);
    message->weight = copy_text(job->arena, task->weight);
    message->time = copy_text(job->arena, task->time);
    message->group = copy_text(job->arena, task->group);
    if (!message->plugin_path || !message->algorithm || !message->target || !message->weight || !message->time ||
        !message->group)
        return -1;
    return copy_parameters(message, job->arena, task) || copy_features(message, job->arena, task) ? -1 : 0;
}

static char *lent(const char *text)
{
    return (char *)(text ? text : "");
}

static void borrow_texts(Mltrainer__Worker__Task *message, const struct process_task *task)
{
    message->plugin_path = lent(task->plugin_path);
    message->algorithm = lent(task->algorithm);
    message->target = lent(task->target);
    message->weight = lent(task->weight);
    message->time = lent(task->time);
    message->group = lent(task->group);
    message->features = (char **)task->features;
    message->n_features = task->feature_count;
}

static int make_message(struct process_job *job, const struct process_task *task)
{
    Mltrainer__Worker__Task *message = mrpc_arena_alloc(job->arena, sizeof(*message));

    if (!message)
        return -1;
    mltrainer__worker__task__init(message);
    message->task_id = job->ticket;
    message->operation = task->operation;
    message->seed = task->seed;
    message->threads = task->threads;
    message->deadline_ms = task->deadline_ms;
    job->message = message;
    if (!task->fleeting)
        return copy_texts(job, task);
    borrow_texts(message, task);
    return task->parameter_count ? copy_parameters(message, job->arena, task) : 0;
}

/* @text fits. */
static void keep_name(char *out, const char *text)
{
    if (text)
        memcpy(out, text, strlen(text) + 1);
}

int job_new(struct process_pool *pool, const struct process_task *task, struct process_job **out, struct fault *fault)
{
    if (task->isolation && strlen(task->isolation) >= sizeof((*out)->isolation))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "an isolation name is longer than %d bytes",
                         PROCESS_ISOLATION_BYTES - 1);
    struct process_job *job = job_memory(pool);
    if (!job)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a task");
    job->pool = pool;
    job->references = 1;
    job->ticket = atomic_fetch_add(&pool->last_ticket, 1) + 1;
    job->schema = task->schema;
    job->array = task->array;
    job->artifact = task->artifact;
    job->artifact_bytes = task->artifact_bytes;
    job->deadline_ms = task->deadline_ms;
    job->reply_loop = task->reply_loop;
    job->on_event = task->on_event;
    job->on_done = task->on_done;
    job->arg = task->arg;
    job->submitted_us = job_now_us();
    job->result.arena = job->arena;
    job->result.signal_name = job->result.stderr_tail = "";
    job->brief = task->brief;
    job->fleeting = task->fleeting;
    keep_name(job->isolation, task->isolation);
    keep_name(job->model, task->model);
    if (make_message(job, task)) {
        job_unref(job);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a task");
    }
    *out = job;
    return 0;
}

/* ---- Telling ---- */

/* An event on its way, with the texts that it points to. */
struct told_event {
    struct domain_task transfer;
    struct process_job *job;
    struct process_event event;
    char text[];
};

static void deliver_event(struct domain_task *transfer)
{
    struct told_event *told = (struct told_event *)transfer;
    struct process_job *job = told->job;

    job->on_event(job->arg, job->ticket, &told->event);
    atomic_fetch_sub(&job->events_under_way, 1);
    free(told);
    job_unref(job);
}

void job_tell(struct process_job *job, const struct process_event *event)
{
    const char *text = event->name ? event->name : event->text ? event->text : "";
    size_t length = strnlen(text, EVENT_TEXT_MAX);

    if (!job->on_event || job->settled || atomic_load(&job->events_under_way) >= EVENTS_UNDER_WAY_MAX)
        return;
    struct told_event *told = malloc(sizeof(*told) + length + 1);
    if (!told)
        return;
    told->transfer.run = deliver_event;
    told->job = job;
    told->event = *event;
    memcpy(told->text, text, length);
    told->text[length] = 0;
    utf8_mend(told->text);
    if (event->name)
        told->event.name = told->text;
    if (event->text)
        told->event.text = told->text;
    atomic_fetch_add(&job->references, 1);
    atomic_fetch_add(&job->events_under_way, 1);
    if (!job->reply_loop)
        return pool_deliver(job->pool, &told->transfer);
    if (domain_loop_post_task(job->reply_loop, &told->transfer) == 0)
        return;
    free(told);
    job_unref(job);
}

int job_keep_metric(struct process_job *job, const char *name, double value)
{
    if (job->settled)
        return 0;
    if (job->result.metric_count == METRICS_MAX)
        return -1;
    if (job->result.metric_count == job->metric_capacity) {
        size_t capacity = job->metric_capacity ? job->metric_capacity * 2 : 8;
        struct process_metric *metrics = realloc(job->metrics, capacity * sizeof(*metrics));
        if (!metrics)
            return -1;
        job->metrics = metrics;
        job->metric_capacity = capacity;
    }
    const char *copy = mrpc_arena_strdup(job->arena, name);
    if (!copy)
        return -1;
    job->metrics[job->result.metric_count++] = (struct process_metric){.name = copy, .value = value};
    job->result.metrics = job->metrics;
    return 0;
}

static void deliver_result(struct domain_task *transfer)
{
    struct process_job *job = (struct process_job *)transfer;

    job->on_done(job->arg, job->ticket, &job->result);
    job_unref(job);
}

/* In the name of who had the job, so that the way back is seen. */
static void post_result(struct process_job *job)
{
    struct trace_place here = trace_here;

    if (job->trace.call)
        trace_enter(job->trace.ring, job->trace.call, job->trace.name);
    if (domain_loop_post_task(job->reply_loop, &job->transfer) != 0)
        job_unref(job);
    trace_here = here;
}

void job_settle(struct process_job *job)
{
    struct process_pool *pool = job->pool;
    int failed = job->result.fault.code != 0;

    pthread_mutex_lock(&pool->stats_lock);
    pool->stats.tasks_done++;
    pool->stats.tasks_failed += (uint64_t)failed;
    pthread_mutex_unlock(&pool->stats_lock);
    job->transfer.run = deliver_result;
    if (!job->reply_loop)
        return pool_deliver(pool, &job->transfer);
    post_result(job);
}

void job_refuse(struct process_job *job)
{
    fault_set(&job->result.fault, MRPC_UNAVAILABLE, "the process pool has stopped");
    if (job->reply_loop)
        job_settle(job);
    else
        deliver_result(&job->transfer);
}

struct table *process_result_take_table(struct process_result *result)
{
    struct table *table = result->table;

    result->table = NULL;
    return table;
}
