/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/paths.h"
#include "execution/inference/inference.h"
#include "execution/job/job.h"
#include "execution/picture.h"
#include "execution/restore.h"
#include "execution/service.h"

enum { STOP_POLL_MS = 5, STOP_WAIT_MS = 10 * 1000, BUS_EVENTS = 64 };

static int find_folder(const struct config *config, const char *key, const char *const *candidates,
                       char out[FILE_PATH_BYTES], struct fault *fault)
{
    char found[PATHS_BYTES];
    const char *configured = config_text(config, key);
    if (!configured && paths_find(candidates, found) != 0)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: %s is not there", key, found);
    snprintf(out, FILE_PATH_BYTES, "%s", configured ? configured : found);
    return 0;
}

static int make_folder(const struct config *config, const char *name, char out[FILE_PATH_BYTES], struct fault *fault)
{
    int code = file_path(config_text(config, "data_dir"), name, "", out, fault);
    if (code)
        return code;
    if (paths_make_dir(out) != 0)
        return fault_set(fault, MRPC_INTERNAL, "%s: %s", out, strerror(errno));
    file_sweep(out);
    return 0;
}

static int open_folders(struct execution *engine, struct fault *fault)
{
    int code = find_folder(engine->config, "execution.models_dir", paths_models, engine->models_folder, fault);
    if (!code)
        code = find_folder(engine->config, "execution.plugins_dir", paths_plugins, engine->plugins_folder, fault);
    if (!code)
        code = make_folder(engine->config, "datasets", engine->datasets_folder, fault);
    return code ? code : make_folder(engine->config, "artifacts", engine->artifacts_folder, fault);
}

static size_t running_limit(const struct config *config)
{
    int64_t workers = config_number(config, "execution.workers");
    if (!workers)
        workers = sysconf(_SC_NPROCESSORS_ONLN);
    return (size_t)workers + 2; /* so that one prepares while the others compute */
}

/* Workers that become busy or idle are part of our picture. */
static void pool_changed(void *arg, const void *event)
{
    if (strcmp(((const struct scene_source_event *)event)->source, "process_pool") == 0)
        execution_touch(arg);
}

static int join_bus(struct execution *engine, struct fault *fault)
{
    int error = scene_notifier_new(engine->bus, engine->loop, "execution", execution_picture_publish, engine,
                                   &engine->scene);
    if (!error && engine->bus)
        error = bus_subscribe(engine->bus, &scene_source_changed, engine->loop, BUS_EVENTS, pool_changed, engine,
                              &engine->pool_changes);
    return error ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
}

int execution_new(const struct execution_parts *parts, struct execution **out, struct fault *fault)
{
    struct execution *engine = calloc(1, sizeof *engine);
    if (!engine)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    engine->config = parts->config;
    engine->log = parts->log;
    engine->bus = parts->bus;
    engine->store = parts->store;
    engine->threads = parts->threads;
    engine->processes = parts->processes;
    engine->operation_factory = parts->operations;
    engine->datasets.noun = "dataset";
    engine->artifacts.noun = "artifact";
    snapshot_cell_init(&engine->catalog);
    snapshot_cell_init(&engine->picture);
    int warm = warm_models_init(&engine->warm);
    engine->inference = inference_book_new();
    engine->dataset_quota = quota_new("execution.dataset_quota", "bytes of datasets, uploads under way included",
                                      (uint64_t)config_number(engine->config, "execution.dataset_quota"));
    engine->job_quota = quota_new("execution.job_quota", "jobs that have not ended",
                                  (uint64_t)config_number(engine->config, "execution.job_quota"));
    engine->schedule_quota = quota_new("execution.schedule_quota", "schedules",
                                       (uint64_t)config_number(engine->config, "execution.schedule_quota"));
    engine->upload_stages = upload_stages_new(engine->datasets_folder, engine->dataset_quota);
    struct catalog *catalog = NULL;
    bool quotas = engine->dataset_quota && engine->job_quota && engine->schedule_quota;
    int code = quotas && engine->upload_stages && engine->inference && !warm
                   ? open_folders(engine, fault)
                   : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code)
        code = fetch_sources_new(engine->config, &engine->sources, fault);
    if (!code)
        code = catalog_read(engine->models_folder, engine->plugins_folder, atomic_fetch_add(&engine->generation, 1) + 1,
                            &catalog, fault);
    if (!code && domain_loop_new("execution", &engine->loop))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "execution loop");
    if (!code)
        code = join_bus(engine, fault);
    if (!code && (schedules_init(engine) || retention_init(engine)))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code)
        code = webhooks_init(engine, fault);
    if (catalog)
        snapshot_publish(&engine->catalog, &catalog->snapshot);
    if (code) {
        execution_free(engine);
        return code;
    }
    engine->quarantine.limit = (unsigned)config_number(engine->config, "execution.quarantine");
    jobs_init(engine, running_limit(engine->config));
    *out = engine;
    return 0;
}

void execution_free(struct execution *engine)
{
    if (!engine)
        return;
    bus_unsubscribe(engine->pool_changes);
    scene_notifier_free(engine->scene);
    schedules_fini(engine);
    pipelines_fini(engine);
    retention_fini(engine);
    webhooks_fini(engine);
    if (engine->loop)
        jobs_fini(engine);
    quarantine_fini(&engine->quarantine);
    record_index_fini(&engine->datasets);
    upload_stages_free(engine->upload_stages);
    fetch_sources_free(engine->sources);
    quota_free(engine->dataset_quota);
    quota_free(engine->job_quota);
    quota_free(engine->schedule_quota);
    record_index_fini(&engine->artifacts);
    aliases_fini(&engine->aliases);
    snapshot_cell_fini(&engine->catalog);
    snapshot_cell_fini(&engine->picture);
    warm_models_fini(&engine->warm);
    inference_book_free(engine->inference);
    domain_loop_free(engine->loop);
    free(engine);
}

static void resume(void *arg)
{
    struct execution *engine = arg;
    execution_probe_plugins(engine);
    jobs_resume(engine);
    pipelines_resume(engine);
}

int execution_start(struct execution *engine, struct fault *fault)
{
    int code = execution_restore(engine, fault);
    if (!code)
        code = webhooks_start(engine, fault);
    if (code)
        return code;
    execution_picture_publish(engine);
    if (domain_loop_start(engine->loop) || domain_loop_post(engine->loop, resume, engine))
        return fault_set(fault, MRPC_INTERNAL, "execution loop");
    return 0;
}

/* ---- Stopping ---- */

struct stop_question {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct execution *engine;
    bool answered;
    bool idle;
};

static void answer_stop(void *arg)
{
    struct stop_question *question = arg;
    struct execution *engine = question->engine;
    engine->stopping = true;
    operation_cancel_all(engine);
    pthread_mutex_lock(&question->lock);
    question->answered = true;
    question->idle = !engine->operations && atomic_load(&engine->probes) == 0 && schedules_are_idle(engine) &&
                     retention_is_idle(engine) && engine->jobs.saving == 0;
    pthread_cond_signal(&question->changed);
    pthread_mutex_unlock(&question->lock);
}

static bool ask_to_stop(struct execution *engine)
{
    struct stop_question question = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, engine, false, false};
    if (domain_loop_post(engine->loop, answer_stop, &question))
        return true;
    pthread_mutex_lock(&question.lock);
    while (!question.answered)
        pthread_cond_wait(&question.changed, &question.lock);
    pthread_mutex_unlock(&question.lock);
    return question.idle;
}

/* Operations end by themselves once they are cancelled: a worker that does not listen is killed within the pool's
 * graces. */
void execution_stop(struct execution *engine)
{
    static const struct timespec pause = {0, STOP_POLL_MS * 1000000L};
    int64_t until_ms = domain_loop_now_ms(engine->loop) + STOP_WAIT_MS;
    webhooks_stop(engine);
    while (!ask_to_stop(engine) && domain_loop_now_ms(engine->loop) < until_ms)
        nanosleep(&pause, NULL);
    domain_loop_stop(engine->loop);
    /* What was committed after all comes back to a loop that has stopped, but not to an engine that is gone. */
    struct fault ignored = FAULT_INIT;
    (void)store_commit_wait(engine->store, store_batch_new(), NULL, &ignored);
}

void execution_set_own_addresses(struct execution *engine, const char *const *addresses)
{
    webhooks_set_own(engine, addresses);
}

/* ---- Reading ---- */

void execution_touch(struct execution *engine)
{
    scene_notifier_touch(engine->scene);
}

struct catalog *execution_catalog(struct execution *engine)
{
    return (struct catalog *)snapshot_acquire(&engine->catalog);
}

int execution_dataset_path(const struct execution *engine, const char *sha256, enum dataset_format format,
                           char out[FILE_PATH_BYTES], struct fault *fault)
{
    return file_path(engine->datasets_folder, sha256, format == DATASET_ARROW ? ".arrow" : ".csv", out, fault);
}

void execution_snapshot(struct execution *engine, struct execution_stats *out)
{
    struct process_pool_stats processes;
    struct thread_pool_stats threads;
    process_pool_stats(engine->processes, &processes);
    thread_pool_stats(engine->threads, &threads);
    struct catalog *catalog = execution_catalog(engine);
    *out = (struct execution_stats){
        .workers = processes.workers,
        .workers_busy = processes.busy,
        .workers_lost = processes.workers_lost,
        .threads = threads.threads,
        .threads_busy = threads.busy,
        .jobs_queued = atomic_load(&engine->queued),
        .jobs_running = atomic_load(&engine->running),
        .queue_limit = (uint64_t)config_number(engine->config, "execution.queue"),
        .models = (uint32_t)catalog->model_count,
    };
    for (size_t i = 0; i < catalog->model_count; i++)
        out->models_available += !catalog->models[i].unavailable;
    snapshot_release(&catalog->snapshot);
}
