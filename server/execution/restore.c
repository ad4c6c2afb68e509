/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/schedule/schedule.h"

enum { ARENA_BYTES = 64 * 1024 * 1024, PAGE = 1000 };

/* The cursor is a copy of the last key: the list that it came from is gone by then. */
static int read_page(struct store *store, const char *prefix, char *after, size_t after_bytes, restore_entry *take,
                     void *arg, struct mrpc_arena *arena, bool *more, struct fault *fault)
{
    struct store_list list = STORE_LIST_INIT;
    struct store_range range = {.prefix = store_text(prefix), .after = store_text(after), .limit = PAGE};
    int code = store_range(store, &range, &list, fault);
    for (size_t i = 0; !code && i < list.count; i++) {
        code = take(arg, &list.entries[i], arena, fault);
        if (code)
            fault_prefix(fault, "%.*s", (int)list.entries[i].key.bytes, (const char *)list.entries[i].key.data);
    }
    *more = list.more && list.count;
    if (*more) {
        const struct store_slice *last = &list.entries[list.count - 1].key;
        size_t bytes = last->bytes < after_bytes - 1 ? last->bytes : after_bytes - 1;
        memcpy(after, last->data, bytes);
        after[bytes] = 0;
    }
    store_list_fini(&list);
    return code;
}

int restore_each(struct store *store, const char *prefix, restore_entry *take, void *arg, struct fault *fault)
{
    char after[STORE_KEY_BYTES_MAX + 1] = "";
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    bool more = arena != NULL;
    int code = arena ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    while (!code && more) {
        code = read_page(store, prefix, after, sizeof after, take, arg, arena, &more, fault);
        mrpc_arena_reset(arena);
    }
    mrpc_arena_free(arena);
    return code;
}

static int copy_value(const struct store_entry *entry, struct api_bytes *out, struct fault *fault)
{
    uint8_t *data = malloc(entry->value.bytes + 1);
    if (!data)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(data, entry->value.data, entry->value.bytes);
    *out = (struct api_bytes){data, entry->value.bytes};
    return 0;
}

static int add_record(struct record_index *index, const struct store_entry *entry, const char *name, uint32_t version,
                      const char *sha256, uint64_t size_bytes, const char *owner, const char *job, struct fault *fault)
{
    struct api_bytes bytes;
    int code = copy_value(entry, &bytes, fault);
    if (code)
        return code;
    struct record *record = record_new(name, version, sha256, size_bytes, owner, bytes);
    if (!record || record_index_add(index, record)) {
        record_free(record);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    snprintf(record->job, sizeof record->job, "%.23s", job);
    record->durable = true;
    return 0;
}

static int take_dataset(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    struct execution *engine = arg;
    API(Dataset) * dataset;
    int code = api_decode(API_INFO(dataset), entry->value.data, entry->value.bytes, arena, &dataset, fault);
    if (!code)
        code = quota_count(engine->dataset_quota, dataset->owner, dataset->size_bytes, fault);
    return code ? code
                : add_record(&engine->datasets, entry, dataset->name, dataset->version, dataset->sha256,
                             dataset->size_bytes, dataset->owner, "", fault);
}

static int take_artifact(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    struct execution *engine = arg;
    API(Artifact) * artifact;
    int code = api_decode(API_INFO(artifact), entry->value.data, entry->value.bytes, arena, &artifact, fault);
    return code ? code
                : add_record(&engine->artifacts, entry, artifact->name, artifact->version, artifact->sha256,
                             artifact->size_bytes, artifact->owner,
                             artifact->lineage ? artifact->lineage->job : "", fault);
}

static int take_alias(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    struct execution *engine = arg;
    struct alias *alias;
    API(Alias) * message;
    int code = api_decode(API_INFO(alias), entry->value.data, entry->value.bytes, arena, &message, fault);
    if (!code)
        code = aliases_add(&engine->aliases, message->name, message->alias, &alias, fault);
    if (code)
        return code;
    alias->version = message->version;
    alias->previous_version = message->previous_version;
    alias->update_ms = api_timestamp_ms(message->update_time);
    alias->durable = true;
    return 0;
}

static int take_pipeline(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    API(Pipeline) * message;
    int code = api_decode(API_INFO(pipeline), entry->value.data, entry->value.bytes, arena, &message, fault);
    return code ? code : pipelines_restore(arg, message, fault);
}

static int take_job(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    API(Job) * job;
    int code = api_decode(API_INFO(job), entry->value.data, entry->value.bytes, arena, &job, fault);
    return code ? code : jobs_restore(arg, job, fault);
}

static int take_event(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    struct event_log *log = arg;
    struct api_bytes bytes;
    int code = copy_value(entry, &bytes, fault);
    if (code)
        return code;
    return event_log_append(log, bytes) ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

int execution_restore_events(struct store *store, const char *id, struct event_log *log, struct fault *fault)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "execution/event/%s/", id);
    int code = restore_each(store, prefix, take_event, log, fault);
    log->committed = log->count;
    return code;
}

/* A zone that the system no longer has must not keep the server from starting: the schedule waits, paused. */
static int take_schedule(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    struct execution *engine = arg;
    struct zone *zone = NULL;
    struct fault why = FAULT_INIT;
    API(Schedule) * schedule;
    int code = api_decode(API_INFO(schedule), entry->value.data, entry->value.bytes, arena, &schedule, fault);
    if (code)
        return code;
    if (zone_load(schedule_zones_folder, schedule->time_zone, &zone, &why)) {
        log_error(engine->log, "execution", "schedule %s is paused: %s", schedule->name, why.text);
        schedule->paused = true;
        code = zone_load(schedule_zones_folder, "", &zone, fault);
    }
    return code ? code : schedules_restore(engine, schedule, zone, fault);
}

int execution_restore(struct execution *engine, struct fault *fault)
{
    int code = restore_migrate_owners(engine->store, fault);
    if (!code)
        code = restore_each(engine->store, "execution/dataset/", take_dataset, engine, fault);
    if (!code)
        code = restore_each(engine->store, "execution/artifact/", take_artifact, engine, fault);
    if (!code)
        code = restore_each(engine->store, "execution/alias/", take_alias, engine, fault);
    if (!code)
        code = restore_each(engine->store, "execution/pipeline/", take_pipeline, engine, fault);
    if (!code)
        code = restore_each(engine->store, "execution/job/", take_job, engine, fault);
    if (!code)
        code = restore_each(engine->store, "execution/schedule/", take_schedule, engine, fault);
    if (!code)
        schedules_catch_up(engine);
    for (size_t i = 0; !code && i < engine->jobs.count; i++) {
        struct job *job = engine->jobs.items[i];
        if (!job_state_is_final(job->state))
            code = execution_restore_events(engine->store, job->id, job->log, fault);
    }
    return code;
}
