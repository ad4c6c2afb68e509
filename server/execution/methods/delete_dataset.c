/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/service.h"

/* Records first, in one durable batch; then, on a thread, the files that no record names any more. A crash between the
 * two leaves a file without a record, which the next upload of the same bytes takes over. */
struct deletion {
    struct thread_task task;
    struct domain_task posted;
    struct command *command;
    struct record **records; /* in the call's arena, taken out of the index */
    size_t count;
    int code;
};

/* A record does not say how its bytes are read, and no bytes can be read both ways. */
static void remove_content(const struct execution *engine, const char *sha256)
{
    static const enum dataset_format formats[] = {DATASET_CSV, DATASET_ARROW};
    char path[FILE_PATH_BYTES];
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!execution_dataset_path(engine, sha256, formats[i], path, NULL))
            unlink(path);
}

/* An upload of the same bytes may have given them their name and not have its record yet: then they stay for now, and
 * retention takes them if it fails. The lock keeps another one from doing so meanwhile. */
static void remove_files(struct thread_task *task)
{
    struct deletion *deletion = (struct deletion *)task;
    struct execution *engine = deletion->command->engine;
    int lock = file_lock(engine->datasets_folder);
    bool alone = lock >= 0 && atomic_load(&engine->registering) == 0;
    for (size_t i = 0; alone && i < deletion->count; i++)
        if (*deletion->records[i]->sha256)
            remove_content(engine, deletion->records[i]->sha256);
    if (lock >= 0)
        close(lock);
}

static void finish(struct thread_task *task)
{
    struct deletion *deletion = (struct deletion *)task;
    struct fault none = FAULT_INIT;
    for (size_t i = 0; i < deletion->count; i++)
        record_free(deletion->records[i]);
    ((API(DeleteDatasetResponse) *)deletion->command->response)->deleted_count = (uint32_t)deletion->count;
    command_finish(deletion->command, &none);
}

static void keep_shared_files(struct deletion *deletion)
{
    for (size_t i = 0; i < deletion->count; i++) {
        struct record *record = deletion->records[i];
        bool shared = record_index_with_content(&deletion->command->engine->datasets, record->sha256) != NULL;
        if (shared)
            record->sha256[0] = 0;
    }
}

static void put_back(struct deletion *deletion)
{
    struct fault fault = FAULT_INIT;
    for (size_t i = 0; i < deletion->count; i++)
        if (record_index_add(&deletion->command->engine->datasets, deletion->records[i]))
            log_error(deletion->command->engine->log, "execution", "dataset %s: no memory", deletion->records[i]->name);
    fault_set(&fault, MRPC_UNAVAILABLE, "the store refused");
    command_finish(deletion->command, &fault);
}

static void committed(struct domain_task *task)
{
    struct deletion *deletion = (struct deletion *)((char *)task - offsetof(struct deletion, posted));
    struct execution *engine = deletion->command->engine;
    if (deletion->code)
        return put_back(deletion);
    for (size_t i = 0; i < deletion->count; i++)
        quota_give(engine->dataset_quota, deletion->records[i]->owner, deletion->records[i]->size_bytes);
    keep_shared_files(deletion);
    execution_touch(engine);
    deletion->task = (struct thread_task){.work = remove_files, .done = finish, .reply_loop = engine->loop};
    if (thread_pool_submit(engine->threads, &deletion->task, NULL))
        finish(&deletion->task); /* the files stay until they are wanted again */
}

static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct deletion *deletion = arg;
    deletion->code = result->code;
    struct mrpc_call *call = deletion->command->call;
    if (domain_loop_post_task(deletion->command->engine->loop, &deletion->posted))
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_UNAVAILABLE, "the server is stopping"), NULL);
}

static struct store_batch *take_out(struct deletion *deletion, size_t first)
{
    struct record_index *index = &deletion->command->engine->datasets;
    struct store_batch *batch = store_batch_new();
    for (size_t i = 0; i < deletion->count; i++) {
        struct record *record = index->items[first];
        char key[200];
        snprintf(key, sizeof key, "execution/dataset/%s/%010u", record->name, record->version);
        store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
        deletion->records[i] = record;
        record_index_remove(index, record);
    }
    return batch;
}

static size_t versions(const struct record_index *index, const char *reference, const struct record *found,
                       size_t *first)
{
    if (strchr(reference, '@')) {
        *first = record_index_seek(index, found->name, found->version);
        return 1;
    }
    *first = record_index_seek(index, found->name, 0);
    size_t end = *first;
    while (end < index->count && strcmp(index->items[end]->name, found->name) == 0 && index->items[end]->durable)
        end++;
    return end - *first;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(DeleteDatasetRequest) *request = command->request;
    struct record *found;
    size_t first;
    if (strncmp(request->dataset, "sha256:", 7) == 0)
        return fault_field(fault, "dataset", "NAME or NAME@VERSION is wanted");
    if (record_index_find(&command->engine->datasets, request->dataset, "dataset", &found, fault))
        return fault->code;
    struct deletion *deletion = mrpc_arena_calloc(arena, 1, sizeof *deletion);
    size_t count = versions(&command->engine->datasets, request->dataset, found, &first);
    for (size_t i = 0; i < count; i++) {
        const struct record *record = command->engine->datasets.items[first + i];
        if (caller_check(&command->caller, record->owner, "dataset", record->name, fault))
            return fault->code;
    }
    struct record **records = mrpc_arena_calloc(arena, count, sizeof *records);
    if (!deletion || !records)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *deletion = (struct deletion){.posted.run = committed, .command = command, .records = records, .count = count};
    store_commit(command->engine->store, take_out(deletion, first), on_commit, deletion);
    return COMMAND_LATER;
}

METHOD(delete_dataset, DeleteDataset)
{
    return command_post(self, call, request, response, run);
}
