/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/execution_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/engine.h"

/* schedules
 *     │ a card a schedule
 *    jobs ─────────► worker processes ─────────► models
 *     queue, running   a card a worker           a card a family
 *        └──────────► thread pool                                                                              */

enum { WORKER_CARDS = 64, QUEUE_ALARM_PERCENT = 80 };

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Full is down (submissions are refused), nearly full is a warning. */
static enum scene_health queue_health(const struct execution_stats *stats)
{
    if (stats->queue_limit && stats->jobs_queued >= stats->queue_limit)
        return SCENE_HEALTH_DOWN;
    return (uint64_t)stats->jobs_queued * 100 >= stats->queue_limit * QUEUE_ALARM_PERCENT ? SCENE_HEALTH_DEGRADED
                                                                                          : SCENE_HEALTH_HEALTHY;
}

/* Jobs run as well as there are workers for them. */
static enum scene_health pool_health(const struct execution_scene_parts *parts)
{
    int alive = 0;
    for (unsigned i = 0; i < parts->worker_count; i++)
        alive += parts->workers[i].state >= PROCESS_WORKER_IDLE;
    return scene_health_of(alive, (int)parts->worker_count);
}

static void add_jobs(struct scene_builder *b, const struct execution_scene_parts *parts)
{
    const struct execution_picture *picture = parts->picture;
    char text[64];
    snprintf(text, sizeof text, "%zu running", picture ? picture->running : 0);
    scene_builder_group(
        b, &(struct scene_item_spec){.id = "jobs", .title = "Jobs", .detail = text, .health = pool_health(parts)});
    snprintf(text, sizeof text, "%u of %llu", parts->stats.jobs_queued, (unsigned long long)parts->stats.queue_limit);
    scene_builder_node(b, &(struct scene_item_spec){.id = "queue",
                                                    .parent = "jobs",
                                                    .title = "Queue",
                                                    .icon = SCENE_ICON_QUEUE,
                                                    .detail = text,
                                                    .health = queue_health(&parts->stats)});
    for (size_t i = 0; picture && i < picture->job_count; i++) {
        const struct picture_job *job = &picture->jobs[i];
        snprintf(text, sizeof text, "%s, attempt %u", job->state, job->attempt);
        scene_builder_node(b, &(struct scene_item_spec){.id = job->id,
                                                        .parent = "jobs",
                                                        .title = job->what,
                                                        .detail = text,
                                                        .health = job->attempt > 1 ? SCENE_HEALTH_DEGRADED
                                                                                   : SCENE_HEALTH_HEALTHY});
    }
    if (!picture || picture->running <= picture->job_count)
        return;
    snprintf(text, sizeof text, "and %zu more", picture->running - picture->job_count);
    scene_builder_node(b, &(struct scene_item_spec){.id = "more-jobs", .parent = "jobs", .title = text});
}

/* Nothing is drawn of what there is not. */
static void add_schedules(struct scene_builder *b, const struct execution_picture *picture)
{
    char id[SCENE_MAX_ID_BYTES + 1], text[64];
    if (!picture || !picture->schedules_all)
        return;
    snprintf(text, sizeof text, "%zu", picture->schedules_all);
    scene_builder_group(b, &(struct scene_item_spec){.id = "schedules", .title = "Schedules", .detail = text});
    for (size_t i = 0; i < picture->schedule_count; i++) {
        const struct picture_schedule *schedule = &picture->schedules[i];
        snprintf(id, sizeof id, "schedule-%zu", i + 1);
        scene_builder_node(b, &(struct scene_item_spec){
                                  .id = id,
                                  .parent = "schedules",
                                  .title = schedule->name,
                                  .icon = SCENE_ICON_CLOCK,
                                  .detail = schedule->stands,
                                  .health = schedule->paused    ? SCENE_HEALTH_UNKNOWN
                                            : schedule->failing ? SCENE_HEALTH_DEGRADED
                                                                : SCENE_HEALTH_HEALTHY});
    }
    if (picture->schedules_all > picture->schedule_count) {
        snprintf(text, sizeof text, "and %zu more", picture->schedules_all - picture->schedule_count);
        scene_builder_node(b, &(struct scene_item_spec){.id = "more-schedules", .parent = "schedules", .title = text});
    }
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "schedules", .to = "jobs", .label = "submit"});
}

static const struct {
    const char *name;
    enum scene_health health;
} worker_looks[] = {
    [PROCESS_WORKER_ABSENT] = {"absent", SCENE_HEALTH_DOWN},
    [PROCESS_WORKER_STARTING] = {"starting", SCENE_HEALTH_DEGRADED},
    [PROCESS_WORKER_IDLE] = {"idle", SCENE_HEALTH_HEALTHY},
    [PROCESS_WORKER_BUSY] = {"busy", SCENE_HEALTH_HEALTHY},
};

static void add_worker(struct scene_builder *b, unsigned index, const struct process_worker *worker)
{
    char id[32], title[32], detail[48];
    snprintf(id, sizeof id, "worker-%u", index + 1);
    snprintf(title, sizeof title, "Worker %u", index + 1);
    snprintf(detail, sizeof detail, worker->pid ? "%s, pid %d" : "%s", worker_looks[worker->state].name, worker->pid);
    scene_builder_node(b, &(struct scene_item_spec){.id = id,
                                                    .parent = "workers",
                                                    .title = title,
                                                    .detail = detail,
                                                    .icon = SCENE_ICON_WORKER,
                                                    .health = worker_looks[worker->state].health});
}

static void add_pools(struct scene_builder *b, const struct execution_scene_parts *parts)
{
    char text[64];
    snprintf(text, sizeof text, "%u of %u busy", parts->stats.workers_busy, parts->stats.workers);
    scene_builder_group(b, &(struct scene_item_spec){.id = "workers",
                                                     .title = "Worker processes",
                                                     .detail = text,
                                                     .health = pool_health(parts)});
    for (unsigned i = 0; i < parts->worker_count && i < WORKER_CARDS; i++)
        add_worker(b, i, &parts->workers[i]);
    if (parts->worker_count > WORKER_CARDS) {
        snprintf(text, sizeof text, "and %u more", parts->worker_count - WORKER_CARDS);
        scene_builder_node(b, &(struct scene_item_spec){.id = "more-workers", .parent = "workers", .title = text});
    }
    snprintf(text, sizeof text, "%u of %u busy", parts->stats.threads_busy, parts->stats.threads);
    scene_builder_node(b, &(struct scene_item_spec){.id = "threads",
                                                    .title = "Thread pool",
                                                    .icon = SCENE_ICON_WORKER,
                                                    .detail = text,
                                                    .health = SCENE_HEALTH_HEALTHY});
}

static void add_models(struct scene_builder *b, const struct execution_scene_parts *parts)
{
    char id[SCENE_MAX_ID_BYTES + 1], text[64];
    unsigned expected = parts->stats.models;
    for (size_t i = 0; i < parts->family_count; i++)
        expected -= parts->families[i].withheld;
    snprintf(text, sizeof text, "%u model%s", parts->stats.models, plural(parts->stats.models));
    scene_builder_group(b, &(struct scene_item_spec){.id = "models",
                                                     .title = "Models",
                                                     .detail = text,
                                                     .health = scene_health_of((int)parts->stats.models_available,
                                                                               (int)expected)});
    for (size_t i = 0; i < parts->family_count; i++) {
        const struct execution_scene_family *family = &parts->families[i];
        snprintf(id, sizeof id, "family-%.120s", family->name);
        snprintf(text, sizeof text, "%u/%u models", family->available, family->models);
        scene_builder_node(b, &(struct scene_item_spec){
                                  .id = id,
                                  .parent = "models",
                                  .title = family->name,
                                  .icon = SCENE_ICON_MODEL,
                                  .detail = text,
                                  .health = scene_health_of((int)family->available,
                                                            (int)(family->models - family->withheld))});
    }
}

int execution_scene(const struct execution_scene_parts *parts, struct scene **out, struct fault *fault)
{
    struct scene_builder *b = scene_builder_new("Execution");
    char subtitle[160];
    snprintf(subtitle, sizeof subtitle, "Live view of %u job%s running and %u waiting, %u worker%s, %u model%s",
             parts->stats.jobs_running, plural(parts->stats.jobs_running), parts->stats.jobs_queued,
             parts->stats.workers, plural(parts->stats.workers), parts->stats.models, plural(parts->stats.models));
    scene_builder_describe(b, subtitle,
                           "Schedules, jobs under way and waiting, the pools that run them, the models by family.");
    add_schedules(b, parts->picture);
    add_jobs(b, parts);
    add_pools(b, parts);
    add_models(b, parts);
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "jobs", .to = "workers", .label = "compute"});
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "jobs", .to = "threads", .label = "files"});
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "workers", .to = "models", .label = "load"});
    return scene_builder_finish(b, out, fault);
}

/* ---- The source ---- */

static size_t count_families(const struct catalog *catalog, struct execution_scene_family *families)
{
    for (size_t i = 0; i < catalog->plugin_count; i++)
        families[i].name = catalog->plugins[i].family;
    for (size_t i = 0; i < catalog->model_count; i++) {
        const struct catalog_plugin *plugin = catalog_find_plugin(catalog, catalog->models[i].family);
        if (!plugin)
            continue;
        families[plugin - catalog->plugins].models++;
        families[plugin - catalog->plugins].available += !catalog->models[i].unavailable;
        families[plugin - catalog->plugins].withheld += catalog->models[i].withheld != NULL;
    }
    return catalog->plugin_count;
}

static int snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    enum { WORKERS_MAX = 256 };
    struct execution *engine = self;
    struct catalog *catalog = execution_catalog(engine);
    struct process_worker workers[WORKERS_MAX];
    struct execution_scene_family *families = calloc(catalog->plugin_count + 1, sizeof *families);
    const struct execution_picture *picture = execution_picture(engine);
    struct execution_scene_parts parts = {.picture = picture, .workers = workers, .families = families};
    execution_snapshot(engine, &parts.stats);
    parts.worker_count = process_pool_workers(engine->processes, workers, WORKERS_MAX);
    if (families)
        parts.family_count = count_families(catalog, families);
    int code = execution_scene(&parts, out, fault);
    if (picture)
        snapshot_release((struct snapshot *)(uintptr_t)&picture->snapshot);
    snapshot_release(&catalog->snapshot);
    free(families);
    return code;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct scene_source source = {
        .name = "execution",
        .title = "Execution",
        .description = "Jobs that run and wait, the pools and their workers, the models by family, live.",
        .argument = "",
        .live = 1,
        .snapshot = snapshot,
        .self = dependencies[0],
    };
    return scene_source_new(source, out, fault);
}

static const char *const dependencies[] = {"execution", NULL};

const struct component execution_scene_component = {
    .name = "execution_scene",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = free,
    .provides = "scene_source",
    .key = "execution",
};
