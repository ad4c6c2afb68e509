/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "execution/restore.h"

/* Owners were bare names once ("alice", "uid:1000", "" for nobody), under which a certificate and a token of the same
 * name would have been one. Each record is written anew with the kind before the name; a mark in the store says that it
 * has been done. What has been rewritten is known by its look, so that a start that was cut short can begin again. */

enum { BATCH_BYTES = 4 * 1024 * 1024 };

static const char mark[] = "execution/owners";

static const struct kind {
    const char *prefix;
    const struct mrpc_message_info *info;
    size_t owner; /* offset of the field */
} kinds[] = {
    {"execution/dataset/", API_INFO(dataset), offsetof(API(Dataset), owner)},
    {"execution/artifact/", API_INFO(artifact), offsetof(API(Artifact), owner)},
    {"execution/pipeline/", API_INFO(pipeline), offsetof(API(Pipeline), owner)},
    {"execution/job/", API_INFO(job), offsetof(API(Job), owner)},
    {"execution/run/", API_INFO(run), offsetof(API(Run), owner)},
    {"execution/schedule/", API_INFO(schedule), offsetof(API(Schedule), owner)},
};

struct migration {
    struct store *store;
    const struct kind *kind;
    struct store_batch *batch;
    size_t bytes; /* in the batch */
};

static int commit(struct migration *migration, struct fault *fault)
{
    struct store_batch *batch = migration->batch;
    migration->batch = NULL;
    migration->bytes = 0;
    return batch ? store_commit_wait(migration->store, batch, NULL, fault) : 0;
}

static bool is_migrated(const char *owner)
{
    return strcmp(owner, CALLER_ANONYMOUS) == 0 || strncmp(owner, "unix/", 5) == 0 ||
           strncmp(owner, "tls/", 4) == 0 || strncmp(owner, "token/", 6) == 0;
}

static int take(void *arg, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    struct migration *migration = arg;
    void *message;
    struct api_bytes bytes;
    int code = api_decode(migration->kind->info, entry->value.data, entry->value.bytes, arena, &message, fault);
    if (code)
        return code;
    const char **owner = (const char **)((char *)message + migration->kind->owner);
    if (is_migrated(*owner))
        return 0;
    *owner = caller_migrated_owner(*owner, arena);
    if (!*owner)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (api_encode(migration->kind->info, message, &bytes, fault))
        return fault->code;
    if (!migration->batch)
        migration->batch = store_batch_new();
    if (!migration->batch) {
        free(bytes.data);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    store_batch_put(migration->batch, entry->key, (struct store_slice){bytes.data, bytes.size}, STORE_EXPECT_ANY);
    free(bytes.data);
    migration->bytes += entry->key.bytes + bytes.size;
    return migration->bytes < BATCH_BYTES ? 0 : commit(migration, fault);
}

static int is_marked(struct store *store, bool *marked, struct fault *fault)
{
    struct store_list list = STORE_LIST_INIT;
    int code = store_get(store, store_text(mark), &list, fault);
    store_list_fini(&list);
    *marked = code == 0;
    if (code != MRPC_NOT_FOUND)
        return code;
    *fault = (struct fault)FAULT_INIT;
    return 0;
}

int restore_migrate_owners(struct store *store, struct fault *fault)
{
    bool marked;
    struct migration migration = {.store = store};
    int code = is_marked(store, &marked, fault);
    if (code || marked)
        return code;
    for (size_t i = 0; !code && i < sizeof kinds / sizeof *kinds; i++) {
        migration.kind = &kinds[i];
        code = restore_each(store, kinds[i].prefix, take, &migration, fault);
        if (!code)
            code = commit(&migration, fault);
    }
    store_batch_free(migration.batch);
    if (code)
        return code;
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text(mark), store_text("1"), STORE_EXPECT_ANY);
    struct fault later = FAULT_INIT;
    store_commit_wait(store, batch, NULL, &later); /* without it the next start looks again */
    return 0;
}
