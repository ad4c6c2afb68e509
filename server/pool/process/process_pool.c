/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/process_pool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include <mrpc/error.h>

#include "pool/process/job.h"
#include "pool/process/pool_state.h"
#include "pool/process/worker.h"

#define MIB ((size_t)1 << 20)
#define RETRY_AFTER_MS 200

static void fill_defaults(struct process_pool_options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

#define DEFAULT(member, value) options->member = options->member ? options->member : (value)
    DEFAULT(workers, cores > 0 ? (unsigned)cores : 1);
    DEFAULT(threads_per_task, 1);
    DEFAULT(queue_limit, 1024);
    DEFAULT(recycle_after_tasks, 1000);
    DEFAULT(input_bytes, 256 * MIB);
    DEFAULT(output_bytes, 256 * MIB);
    DEFAULT(memory_bytes, 4096 * MIB);
    DEFAULT(recycle_after_bytes, options->memory_bytes / 4);
    DEFAULT(heartbeat_timeout_ms, 5000);
    DEFAULT(cancel_grace_ms, 250);
    DEFAULT(kill_grace_ms, 250);
    DEFAULT(start_timeout_ms, 10000);
#undef DEFAULT
}

/* A copy of the folder list, one block. */
static const char *const *copy_folders(const char *const *folders)
{
    size_t count = 0, bytes = 0;

    for (; folders && folders[count]; count++)
        bytes += strlen(folders[count]) + 1;
    char **copy = malloc((count + 1) * sizeof(*copy) + bytes);
    if (!copy)
        return NULL;
    char *text = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = strcpy(text, folders[i]);
        text += strlen(text) + 1;
    }
    copy[count] = NULL;
    return (const char *const *)copy;
}

static int check_options(const struct process_pool_options *options, struct fault *fault)
{
    if (!options->worker_path || options->worker_path[0] != '/')
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the worker's path must begin with /");
    for (size_t i = 0; options->plugin_folders && options->plugin_folders[i]; i++)
        if (options->plugin_folders[i][0] != '/')
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "plugin folder \"%.100s\" does not begin with /",
                             options->plugin_folders[i]);
    return 0;
}

int process_pool_new(const struct process_pool_options *options, struct process_pool **out, struct fault *fault)
{
    int code = check_options(options, fault);
    if (code)
        return code;
    struct process_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a process pool");
    TAILQ_INIT(&pool->queue);
    TAILQ_INIT(&pool->spare);
    pthread_mutex_init(&pool->spare_lock, NULL);
    pool->queue_deadline_ms = INT64_MAX;
    pool->tick_ms = INT64_MAX;
    pool->last_delivery = &pool->deliveries;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->stats_lock, NULL);
    sem_init(&pool->all_gone, 0, 0);
    pool->options = *options;
    fill_defaults(&pool->options);
    pool->stats.workers = pool->options.workers;
    pool->options.worker_path = strdup(options->worker_path);
    pool->options.plugin_folders = copy_folders(options->plugin_folders);
    pool->workers = calloc(pool->options.workers, sizeof(*pool->workers));
    pool->shown = calloc(pool->options.workers, sizeof(*pool->shown));
    if (!pool->options.worker_path || !pool->options.plugin_folders || !pool->workers || !pool->shown ||
        domain_loop_new("pool", &pool->loop) != 0 || pool_events_new(pool) != 0 ||
        scene_notifier_new(pool->options.bus, pool->loop, "process_pool", NULL, NULL, &pool->occupancy) != 0) {
        process_pool_free(pool);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a process pool");
    }
    for (unsigned i = 0; i < pool->options.workers; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        TAILQ_INIT(&worker->behind);
        worker->pidfd = worker->socket = worker->errors = -1;
        worker->control_memory.fd = worker->input.fd = worker->output.fd = -1;
    }
    *out = pool;
    return 0;
}

static void begin(void *arg)
{
    pool_enter(arg);
    schedule_run(arg);
    pool_leave(arg);
}

int process_pool_start(struct process_pool *pool, struct fault *fault)
{
    if (access(pool->options.worker_path, X_OK) != 0)
        return fault_set(fault, MRPC_NOT_FOUND, "the worker \"%.200s\" cannot be executed",
                         pool->options.worker_path);
    if (domain_loop_start(pool->loop) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the pool's thread cannot be started");
    pool->started = true;
    if (domain_loop_post(pool->loop, begin, pool) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to start the pool");
    return 0;
}

struct stop_order {
    struct domain_task task;
    struct process_pool *pool;
};

static void end(struct domain_task *task)
{
    struct process_pool *pool = ((struct stop_order *)task)->pool;

    pool_enter(pool);
    pool->ending = true;
    schedule_run(pool);
    pool_leave(pool);
}

void process_pool_stop(struct process_pool *pool)
{
    struct stop_order order = {.task.run = end, .pool = pool};

    if (atomic_exchange(&pool->stopping, true))
        return;
    if (pool->started && domain_loop_post_task(pool->loop, &order.task) == 0)
        while (sem_wait(&pool->all_gone) != 0)
            continue;
    domain_loop_stop(pool->loop);
}

void process_pool_free(struct process_pool *pool)
{
    if (!pool)
        return;
    if (pool->loop)
        process_pool_stop(pool);
    if (pool->tick)
        event_free(pool->tick);
    if (pool->soon)
        event_free(pool->soon);
    scene_notifier_free(pool->occupancy);
    domain_loop_free(pool->loop);
    job_free_spares(pool);
    pthread_mutex_destroy(&pool->spare_lock);
    sem_destroy(&pool->all_gone);
    pthread_mutex_destroy(&pool->stats_lock);
    pthread_mutex_destroy(&pool->lock);
    free((void *)pool->options.worker_path);
    free((void *)pool->options.plugin_folders);
    free(pool->workers);
    free(pool->shown);
    free(pool);
}

static void enter(struct domain_task *transfer)
{
    struct process_job *job = (struct process_job *)transfer;
    struct process_pool *pool = job->pool;

    pool_enter(pool);
    job->trace = trace_leave();
    atomic_fetch_sub(&pool->on_the_way, 1);
    schedule_enqueue(pool, job);
    schedule_soon(pool);
    pool_leave(pool);
}

void pool_post(struct process_pool *pool, struct process_job *job)
{
    atomic_fetch_add(&pool->on_the_way, 1);
    job->transfer.run = enter;
    if (domain_loop_post_task(pool->loop, &job->transfer) == 0)
        return;
    atomic_fetch_sub(&pool->on_the_way, 1);
    atomic_fetch_sub(&pool->queued, 1);
    job_refuse(job);
}

static int check_task(const struct process_pool *pool, const struct process_task *task, size_t *input_bytes,
                      struct fault *fault)
{
    size_t bytes = task->artifact_bytes;

    if (!task->plugin_path || !task->on_done ||
        (task->operation != PROCESS_DESCRIBE && !task->algorithm))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a task lacks its plugin, its algorithm or who hears of it");
    if ((task->schema == NULL) != (task->array == NULL))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a task brings half a table");
    if (task->model && strlen(task->model) > 64)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a model's name is longer than 64 bytes");
    for (size_t i = 0; task->schema && i < table_columns(task->array); i++) {
        struct table_column column;
        if (table_format_width(task->schema->children[i]->format) < 0)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.60s\" has a format that tables do not have",
                             task->schema->children[i]->name);
        table_column_view(task->schema, task->array, i, &column);
        bytes += column.values_bytes;
    }
    if (bytes > pool->options.input_bytes)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the task's %zu bytes exceed the %zu that a worker takes",
                         bytes, pool->options.input_bytes);
    *input_bytes = bytes;
    return 0;
}

int process_pool_submit(struct process_pool *pool, const struct process_task *task, uint64_t *ticket,
                        struct fault *fault)
{
    struct process_job *job;
    size_t input_bytes = 0;
    int code = check_task(pool, task, &input_bytes, fault);

    if (code)
        return code;
    if (atomic_load(&pool->stopping) || !pool->started)
        return fault_set(fault, MRPC_UNAVAILABLE, "the process pool is not running");
    unsigned before = atomic_fetch_add(&pool->queued, 1);
    if (before >= pool->options.queue_limit + pool->options.workers) {
        atomic_fetch_sub(&pool->queued, 1);
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, RETRY_AFTER_MS, "%u tasks already wait for a worker",
                           pool->options.queue_limit);
    }
    if ((code = job_new(pool, task, &job, fault))) {
        atomic_fetch_sub(&pool->queued, 1);
        return code;
    }
    job->input_bytes = input_bytes;
    job->trace = trace_leave();
    job->deferred = (struct mrpc_deferred){.run = straight_give, .arg = pool};
    *ticket = job->ticket;
    if (!job->brief || mrpc_server_defer(&job->deferred) != 0)
        straight_give(&job->deferred, pool);
    return 0;
}

struct cancel_order {
    struct mrpc_deferred deferred; /* behind the task, if that has been deferred */
    struct process_pool *pool;
    uint64_t ticket;
};

static struct process_job *find_job(struct process_pool *pool, uint64_t ticket)
{
    struct process_job *job;

    for (unsigned i = 0; i < pool->options.workers; i++) {
        if (pool->workers[i].job && pool->workers[i].job->ticket == ticket)
            return pool->workers[i].job;
        TAILQ_FOREACH(job, &pool->workers[i].behind, entry)
            if (job->ticket == ticket)
                return job;
    }
    TAILQ_FOREACH(job, &pool->queue, entry)
        if (job->ticket == ticket)
            return job;
    return NULL;
}

static void cancel(void *arg)
{
    struct cancel_order order = *(struct cancel_order *)arg;

    free(arg);
    pool_enter(order.pool);
    struct process_job *job = find_job(order.pool, order.ticket);
    if (job)
        schedule_end_job(job, JOB_CANCELLED);
    schedule_run(order.pool);
    pool_leave(order.pool);
}

static void post_cancel(struct mrpc_deferred *list, void *arg)
{
    struct process_pool *pool = arg;

    while (list) {
        struct cancel_order *order = (struct cancel_order *)list;
        list = list->next;
        if (domain_loop_post(pool->loop, cancel, order) != 0)
            free(order);
    }
}

void process_pool_cancel(struct process_pool *pool, uint64_t ticket)
{
    struct cancel_order *order = malloc(sizeof(*order));

    if (!order)
        return;
    *order = (struct cancel_order){
        .deferred = {.run = post_cancel, .arg = pool}, .pool = pool, .ticket = ticket};
    if (mrpc_server_defer(&order->deferred) != 0)
        post_cancel(&order->deferred, pool);
}

void process_pool_stats(struct process_pool *pool, struct process_pool_stats *out)
{
    pthread_mutex_lock(&pool->stats_lock);
    *out = pool->stats;
    pthread_mutex_unlock(&pool->stats_lock);
    out->queued = atomic_load(&pool->queued);
}

unsigned process_pool_workers(struct process_pool *pool, struct process_worker *out, unsigned capacity)
{
    unsigned count = pool->options.workers < capacity ? pool->options.workers : capacity;

    pthread_mutex_lock(&pool->stats_lock);
    memcpy(out, pool->shown, count * sizeof(*out));
    pthread_mutex_unlock(&pool->stats_lock);
    return count;
}

const struct bus_topic process_pool_changed = {"process_pool.changed", sizeof(struct process_pool_event)};

void pool_tell(struct process_pool *pool, enum process_pool_change change, int pid)
{
    struct process_pool_stats stats;

    if (!pool->options.bus)
        return;
    process_pool_stats(pool, &stats);
    struct process_pool_event event = {change, pid, stats.workers_lost, stats.workers};
    bus_publish(pool->options.bus, &process_pool_changed, &event);
}
