/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "execution/pipeline/pipeline.h"

/* Which pipelines there are, and who watches them. */

struct pipeline *pipeline_new(struct execution *engine, uint64_t number)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    struct mrpc_arena *arena = pipeline ? mrpc_arena_new(PIPELINE_ARENA_BYTES) : NULL;
    if (!arena) {
        free(pipeline);
        return NULL;
    }
    *pipeline = (struct pipeline){.engine = engine, .number = number, .arena = arena};
    snprintf(pipeline->id, sizeof pipeline->id, "p%012llu", (unsigned long long)number);
    return pipeline;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    if (pipeline->timer)
        event_free(pipeline->timer);
    if (pipeline->ready)
        free(pipeline->arg); /* the server has stopped: the call has ended */
    free(pipeline->order);
    mrpc_arena_free(pipeline->arena);
    free(pipeline);
}

void pipelines_fini(struct execution *engine)
{
    for (size_t i = 0; i < engine->pipelines.count; i++)
        pipeline_free(engine->pipelines.items[i]);
    free(engine->pipelines.items);
}

struct pipeline *pipelines_find_any(const struct execution *engine, const char *id)
{
    size_t low = 0, high = engine->pipelines.count;
    while (low < high) { /* ids of one width sort as their numbers do */
        size_t middle = low + (high - low) / 2;
        if (strcmp(engine->pipelines.items[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct pipeline *found = low < engine->pipelines.count ? engine->pipelines.items[low] : NULL;
    return found && strcmp(found->id, id) == 0 ? found : NULL;
}

struct pipeline *pipelines_find(const struct execution *engine, const char *id)
{
    struct pipeline *pipeline = pipelines_find_any(engine, id);
    return pipeline && pipeline->durable ? pipeline : NULL;
}

int pipeline_list(struct pipeline *pipeline)
{
    struct pipelines *all = &pipeline->engine->pipelines;
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 16;
        struct pipeline **items = realloc(all->items, room * sizeof *items);
        if (!items)
            return -1;
        all->items = items;
        all->room = room;
    }
    all->items[all->count++] = pipeline;
    all->live += !pipeline->ended;
    if (pipeline->number >= all->next_number)
        all->next_number = pipeline->number + 1;
    return 0;
}

void pipeline_unlist(struct pipeline *pipeline)
{
    struct pipelines *all = &pipeline->engine->pipelines;
    for (size_t i = all->count; i > 0; i--)
        if (all->items[i - 1] == pipeline) {
            memmove(all->items + i - 1, all->items + i, (all->count - i) * sizeof *all->items);
            all->count--;
            all->live -= !pipeline->ended;
            return;
        }
}

/* ---- Watchers ---- */

void pipeline_watch(struct pipeline *pipeline, struct pipeline_watcher *watcher)
{
    watcher->next = pipeline->watchers;
    watcher->link = &pipeline->watchers;
    if (watcher->next)
        watcher->next->link = &watcher->next;
    pipeline->watchers = watcher;
}

void pipeline_unwatch(struct pipeline_watcher *watcher)
{
    if (!watcher->link)
        return;
    *watcher->link = watcher->next;
    if (watcher->next)
        watcher->next->link = watcher->link;
    watcher->link = NULL;
}

/* A watcher may take itself out. */
void pipeline_tell(struct pipeline *pipeline)
{
    for (struct pipeline_watcher *watcher = pipeline->watchers, *next; watcher; watcher = next) {
        next = watcher->next;
        watcher->changed(watcher);
    }
}

/* ---- After a restart, and in the end ---- */

int pipelines_restore(struct execution *engine, const API(Pipeline) * message, struct fault *fault)
{
    uint64_t number = strtoull(message->id + 1, NULL, 10);
    ProtobufCMessage *copy = NULL;
    if (message->id[0] != 'p' || !message->spec || message->n_tasks != message->spec->n_tasks)
        return fault_set(fault, MRPC_DATA_LOSS, "pipeline \"%.64s\" in the store is not one", message->id);
    struct pipeline *pipeline = pipeline_new(engine, number);
    if (!pipeline || mrpc_message_copy(API_INFO(pipeline), &message->base, pipeline->arena, &copy) != 0) {
        pipeline_free(pipeline);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    pipeline->message = (API(Pipeline) *)copy;
    pipeline->create_ms = api_timestamp_ms(message->create_time);
    pipeline->end_ms = api_timestamp_ms(message->end_time);
    pipeline->ended = message->end_time != NULL;
    pipeline->durable = true;
    pipeline->order = calloc(message->n_tasks + 1, sizeof *pipeline->order);
    int code = pipeline->order ? pipeline_order(pipeline->message->spec, "spec", pipeline->order, fault)
                               : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code && pipeline_list(pipeline))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (code)
        pipeline_free(pipeline);
    return code;
}

static void count_submitted(struct pipeline *pipeline)
{
    const API(Pipeline) *message = pipeline->message;
    while (pipeline->submitted < message->n_tasks && *message->tasks[pipeline->order[pipeline->submitted]]->job)
        pipeline->submitted++;
}

void pipelines_resume(struct execution *engine)
{
    for (size_t i = 0; i < engine->jobs.count; i++) {
        const struct job *job = engine->jobs.items[i];
        struct pipeline *pipeline = job->pipeline ? pipelines_find_any(engine, job->pipeline) : NULL;
        if (pipeline && !pipeline->ended)
            pipeline_take_job(pipeline, job);
    }
    for (size_t i = 0; i < engine->pipelines.count; i++) {
        struct pipeline *pipeline = engine->pipelines.items[i];
        if (pipeline->ended)
            continue;
        count_submitted(pipeline);
        if (pipeline->message->state != PIPELINE_STATE(RUNNING))
            pipeline_cancel_jobs(pipeline, "its pipeline was cancelled");
        pipeline_drive(pipeline);
    }
}

static void let_go(struct pipeline *pipeline, struct store_batch *batch)
{
    char key[64];
    snprintf(key, sizeof key, "execution/pipeline/%s", pipeline->id);
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
    pipeline_free(pipeline);
}

/* A request with its key is answered with it. */
static bool is_keyed(const struct pipeline *pipeline, int64_t now_ms)
{
    return *pipeline->message->request_id && now_ms - pipeline->create_ms <= JOBS_REQUEST_KEPT_MS;
}

/* The newest that is on disk: its number must not be given again. */
static const struct pipeline *newest(const struct pipelines *all)
{
    size_t at = all->count;
    while (at > 0 && !all->items[at - 1]->durable)
        at--;
    return at ? all->items[at - 1] : NULL;
}

/* When the commit fails they are there again after a restart. */
void pipelines_sweep(struct execution *engine, int64_t now_ms, int64_t before_ms)
{
    struct pipelines *all = &engine->pipelines;
    const struct pipeline *last = newest(all);
    size_t kept = 0, surplus = all->count > PIPELINES_KEPT_MAX ? all->count - PIPELINES_KEPT_MAX : 0, gone = 0;
    struct store_batch *batch = store_batch_new();
    for (size_t i = 0; i < all->count; i++) {
        struct pipeline *pipeline = all->items[i];
        bool goes = pipeline != last && pipeline->ended && !pipeline->watchers && !is_keyed(pipeline, now_ms) &&
                    !schedules_refer_to_pipeline(pipeline) && (pipeline->end_ms < before_ms || surplus > 0);
        if (!goes) {
            all->items[kept++] = pipeline;
            continue;
        }
        surplus -= surplus > 0;
        gone++;
        let_go(pipeline, batch);
    }
    all->count = kept;
    if (gone)
        store_commit(engine->store, batch, NULL, NULL);
    else
        store_batch_free(batch);
}
