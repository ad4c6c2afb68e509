/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault/fault.h"
#include "store/backend.h"
#include "store/commit_queue.h"
#include "store/list.h"

/* Sorted arrays: slow for millions of keys, and simple enough to be believed without a second model. */

struct item {
    struct store_slice key;
    struct store_slice value;
    uint64_t revision;
    unsigned char bytes[]; /* key, then value */
};

struct leadership {
    char name[STORE_NAME_BYTES_MAX + 1];
    char holder[STORE_NAME_BYTES_MAX + 1];
    uint64_t token;
    int64_t expires_ms;
};

struct memory_store {
    struct store base;
    pthread_rwlock_t lock;
    struct item **items; /* by key */
    size_t item_count;
    size_t item_capacity;
    struct item **deletions; /* by revision; the value is empty */
    size_t deletion_count;
    size_t deletion_capacity;
    size_t deletions_kept;
    struct leadership *leaderships;
    size_t leadership_count;
    uint64_t revision;
    uint64_t forgotten; /* deletions up to this revision are gone */
    _Atomic int failing;
};

static struct memory_store *memory_of(const struct store *store)
{
    return (struct memory_store *)(uintptr_t)store;
}

static struct item *item_new(struct store_slice key, struct store_slice value, uint64_t revision)
{
    struct item *item = malloc(sizeof *item + key.bytes + value.bytes + 1);
    if (!item)
        return NULL;
    memcpy(item->bytes, key.data, key.bytes);
    if (value.bytes)
        memcpy(item->bytes + key.bytes, value.data, value.bytes);
    item->key = (struct store_slice){item->bytes, key.bytes};
    item->value = (struct store_slice){item->bytes + key.bytes, value.bytes};
    item->revision = revision;
    return item;
}

/* The index of the first item that is not less than @key. */
static size_t lower_bound(const struct memory_store *memory, struct store_slice key)
{
    size_t low = 0, high = memory->item_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store_slice_compare(memory->items[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct item *find(const struct memory_store *memory, struct store_slice key)
{
    size_t at = lower_bound(memory, key);
    if (at < memory->item_count && store_slice_compare(memory->items[at]->key, key) == 0)
        return memory->items[at];
    return NULL;
}

static bool grow(struct item ***array, size_t *capacity, size_t needed)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    while (wanted < needed)
        wanted *= 2;
    struct item **grown = realloc(*array, wanted * sizeof **array);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* --- commits --------------------------------------------------------------------------------------------------- */

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct leadership *find_leadership(struct memory_store *memory, const char *name)
{
    for (size_t i = 0; i < memory->leadership_count; i++)
        if (strcmp(memory->leaderships[i].name, name) == 0)
            return &memory->leaderships[i];
    return NULL;
}

static struct leadership *add_leadership(struct memory_store *memory, const char *name)
{
    struct leadership *grown =
        realloc(memory->leaderships, (memory->leadership_count + 1) * sizeof *memory->leaderships);
    if (!grown)
        return NULL;
    memory->leaderships = grown;
    struct leadership *leadership = &grown[memory->leadership_count++];
    *leadership = (struct leadership){.token = 0};
    memcpy(leadership->name, name, strlen(name) + 1);
    return leadership;
}

static void acquire(struct memory_store *memory, struct store_batch *batch)
{
    struct leadership *leadership = find_leadership(memory, batch->fence);
    int64_t now = wall_ms();
    bool same = leadership && strcmp(leadership->holder, batch->holder) == 0;
    if (leadership && !same && leadership->holder[0] && leadership->expires_ms > now) {
        store_batch_fail(batch, MRPC_ALREADY_EXISTS, "%s leads %s", leadership->holder, batch->fence);
        return;
    }
    if (!leadership && !(leadership = add_leadership(memory, batch->fence))) {
        store_batch_fail(batch, MRPC_RESOURCE_EXHAUSTED, "no memory");
        return;
    }
    if (!same) {
        leadership->token++;
        memcpy(leadership->holder, batch->holder, sizeof leadership->holder);
    }
    leadership->expires_ms = now + batch->lead_ttl_ms;
    batch->lead_token = leadership->token;
}

static bool fence_holds(struct memory_store *memory, struct store_batch *batch)
{
    struct leadership *leadership = find_leadership(memory, batch->fence);
    if (leadership && leadership->holder[0] && leadership->token == batch->fence_token)
        return true;
    store_batch_fail(batch, MRPC_FAILED_PRECONDITION, "the token of %s is old", batch->fence);
    return false;
}

static bool conditions_hold(struct memory_store *memory, struct store_batch *batch)
{
    for (size_t i = 0; i < batch->operation_count; i++) {
        const struct store_operation *operation = &batch->operations[i];
        if (operation->expected == STORE_EXPECT_ANY)
            continue;
        const struct item *item = find(memory, store_batch_key(batch, operation));
        if ((item ? (int64_t)item->revision : STORE_EXPECT_ABSENT) == operation->expected)
            continue;
        batch->result.conflict = i;
        store_batch_fail(batch, MRPC_ABORTED, "an entry has revision %lld, not %lld",
                         item ? (long long)item->revision : 0LL, (long long)operation->expected);
        return false;
    }
    return true;
}

static void put(struct memory_store *memory, struct item *item)
{
    size_t at = lower_bound(memory, item->key);
    if (at < memory->item_count && store_slice_compare(memory->items[at]->key, item->key) == 0) {
        free(memory->items[at]);
    } else {
        memmove(&memory->items[at + 1], &memory->items[at], (memory->item_count - at) * sizeof *memory->items);
        memory->item_count++;
    }
    memory->items[at] = item;
}

static void erase(struct memory_store *memory, struct item *deletion)
{
    size_t at = lower_bound(memory, deletion->key);
    if (at == memory->item_count || store_slice_compare(memory->items[at]->key, deletion->key) != 0) {
        free(deletion);
        return;
    }
    free(memory->items[at]);
    memory->item_count--;
    memmove(&memory->items[at], &memory->items[at + 1], (memory->item_count - at) * sizeof *memory->items);
    for (size_t i = memory->deletion_count; i-- > 0 && memory->deletions[i]->revision == deletion->revision;) {
        if (store_slice_compare(memory->deletions[i]->key, deletion->key) == 0) {
            free(deletion);
            return;
        }
    }
    memory->deletions[memory->deletion_count++] = deletion;
}

static void forget_deletions(struct memory_store *memory)
{
    if (memory->deletion_count <= memory->deletions_kept + memory->deletions_kept / 10)
        return;
    uint64_t last = memory->deletions[memory->deletion_count - memory->deletions_kept - 1]->revision;
    size_t gone = 0;
    while (gone < memory->deletion_count && memory->deletions[gone]->revision <= last)
        free(memory->deletions[gone++]);
    memory->deletion_count -= gone;
    memmove(memory->deletions, memory->deletions + gone, memory->deletion_count * sizeof *memory->deletions);
    memory->forgotten = last;
}

/* All memory first, so that nothing can fail half way. */
static bool prepare(struct memory_store *memory, struct store_batch *batch, struct item **prepared, uint64_t revision)
{
    if (!grow(&memory->items, &memory->item_capacity, memory->item_count + batch->operation_count) ||
        !grow(&memory->deletions, &memory->deletion_capacity, memory->deletion_count + batch->operation_count))
        return false;
    for (size_t i = 0; i < batch->operation_count; i++) {
        const struct store_operation *operation = &batch->operations[i];
        if (operation->kind == STORE_REQUIRE)
            continue;
        prepared[i] = item_new(store_batch_key(batch, operation), store_batch_value(batch, operation), revision);
        if (!prepared[i])
            return false;
    }
    return true;
}

static void apply(struct memory_store *memory, struct store_batch *batch)
{
    struct item **prepared = calloc(batch->operation_count, sizeof *prepared);
    if (!prepared || !prepare(memory, batch, prepared, memory->revision + 1)) {
        for (size_t i = 0; prepared && i < batch->operation_count; i++)
            free(prepared[i]);
        free(prepared);
        store_batch_fail(batch, MRPC_RESOURCE_EXHAUSTED, "no memory");
        return;
    }
    memory->revision++;
    for (size_t i = 0; i < batch->operation_count; i++) {
        if (batch->operations[i].kind == STORE_PUT)
            put(memory, prepared[i]);
        else if (batch->operations[i].kind == STORE_DELETE)
            erase(memory, prepared[i]);
    }
    free(prepared);
    forget_deletions(memory);
}

static void commit_one(struct memory_store *memory, struct store_batch *batch)
{
    int failing = atomic_load(&memory->failing);
    if (failing) {
        store_batch_fail(batch, failing, "the store was told to fail");
        return;
    }
    if (batch->lead == STORE_LEAD_ACQUIRE) {
        acquire(memory, batch);
        return;
    }
    if (batch->fence[0] && !fence_holds(memory, batch))
        return;
    if (batch->lead == STORE_LEAD_RESIGN) {
        find_leadership(memory, batch->fence)->holder[0] = '\0';
        return;
    }
    if (conditions_hold(memory, batch) && store_batch_writes(batch))
        apply(memory, batch);
}

static void memory_commit(struct store *store, struct store_batch *const *batches, size_t count)
{
    struct memory_store *memory = memory_of(store);
    pthread_rwlock_wrlock(&memory->lock);
    for (size_t i = 0; i < count; i++) {
        batches[i]->result = (struct store_commit_result){.code = MRPC_OK};
        commit_one(memory, batches[i]);
        batches[i]->result.revision = memory->revision;
    }
    pthread_rwlock_unlock(&memory->lock);
}

/* --- reads ----------------------------------------------------------------------------------------------------- */

static int finish(struct list_builder *builder, bool complete, bool more, uint64_t revision, struct store_list *list,
                  struct fault *fault)
{
    if (complete && list_builder_finish(builder, more, revision, list))
        return MRPC_OK;
    list_builder_fini(builder);
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
}

static int memory_get(struct store *store, struct store_slice key, struct store_list *list, struct fault *fault)
{
    struct memory_store *memory = memory_of(store);
    struct list_builder builder = {0};
    pthread_rwlock_rdlock(&memory->lock);
    const struct item *item = find(memory, key);
    bool complete = !item || list_builder_add(&builder, item->key, item->value, item->revision, false);
    uint64_t revision = memory->revision;
    pthread_rwlock_unlock(&memory->lock);
    if (!item)
        return fault_set(fault, MRPC_NOT_FOUND, "store: no such entry");
    return finish(&builder, complete, false, revision, list, fault);
}

/* The range as indexes [*low, *high) of the items. */
static void find_bounds(const struct memory_store *memory, const struct store_range *range, size_t *low, size_t *high)
{
    *low = range->prefix.bytes ? lower_bound(memory, range->prefix) : 0;
    *high = *low;
    while (*high < memory->item_count && store_slice_has_prefix(memory->items[*high]->key, range->prefix))
        ++*high;
    if (!range->after.bytes)
        return;
    size_t at = lower_bound(memory, range->after);
    bool exact = at < memory->item_count && store_slice_compare(memory->items[at]->key, range->after) == 0;
    if (range->descending) {
        *high = at < *high ? at : *high;
        *low = *low < *high ? *low : *high;
    } else {
        at += exact;
        *low = at > *low ? at : *low;
        *high = *high > *low ? *high : *low;
    }
}

static int memory_range(struct store *store, const struct store_range *range, struct store_list *list,
                        struct fault *fault)
{
    struct memory_store *memory = memory_of(store);
    struct list_builder builder = {0};
    bool complete = true;
    size_t low, high;
    pthread_rwlock_rdlock(&memory->lock);
    find_bounds(memory, range, &low, &high);
    bool more = high - low > range->limit;
    for (size_t i = 0; complete && i < high - low && i < range->limit; i++) {
        const struct item *item = memory->items[range->descending ? high - 1 - i : low + i];
        struct store_slice value = range->keys_only ? (struct store_slice){NULL, 0} : item->value;
        complete = list_builder_add(&builder, item->key, value, item->revision, false);
    }
    uint64_t revision = memory->revision;
    pthread_rwlock_unlock(&memory->lock);
    return finish(&builder, complete, more, revision, list, fault);
}

struct change {
    const struct item *item;
    bool deleted;
};

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->item->revision != y->item->revision)
        return x->item->revision < y->item->revision ? -1 : 1;
    if (x->deleted != y->deleted)
        return x->deleted ? -1 : 1; /* a batch that deletes and then puts a key leaves both */
    return store_slice_compare(x->item->key, y->item->key);
}

static struct change *collect_changes(const struct memory_store *memory, uint64_t since, size_t *count)
{
    struct change *changes = calloc(memory->item_count + memory->deletion_count + 1, sizeof *changes);
    if (!changes)
        return NULL;
    *count = 0;
    for (size_t i = 0; i < memory->item_count; i++)
        if (memory->items[i]->revision > since)
            changes[(*count)++] = (struct change){memory->items[i], false};
    for (size_t i = 0; i < memory->deletion_count; i++)
        if (memory->deletions[i]->revision > since)
            changes[(*count)++] = (struct change){memory->deletions[i], true};
    qsort(changes, *count, sizeof *changes, compare_changes);
    return changes;
}

static int check_since(const struct memory_store *memory, uint64_t since, struct fault *fault)
{
    if (since > memory->revision)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "store: revision %llu is in the future",
                         (unsigned long long)since);
    if (since < memory->forgotten)
        return fault_set(fault, MRPC_OUT_OF_RANGE, "store: changes are known after revision %llu",
                         (unsigned long long)memory->forgotten);
    return MRPC_OK;
}

static int memory_changes(struct store *store, uint64_t since, uint32_t limit, struct store_list *list,
                          struct fault *fault)
{
    struct memory_store *memory = memory_of(store);
    struct list_builder builder = {0};
    size_t count = 0, taken = 0;
    pthread_rwlock_rdlock(&memory->lock);
    int code = check_since(memory, since, fault);
    struct change *changes = code ? NULL : collect_changes(memory, since, &count);
    bool complete = changes != NULL;
    for (; complete && taken < count; taken++) {
        const struct item *item = changes[taken].item;
        if (taken >= limit && item->revision != list_builder_last_revision(&builder))
            break;
        complete = list_builder_add(&builder, item->key, item->value, item->revision, changes[taken].deleted);
    }
    uint64_t revision = memory->revision;
    free(changes);
    pthread_rwlock_unlock(&memory->lock);
    return code ? code : finish(&builder, complete, taken < count, revision, list, fault);
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static int memory_backup(struct store *store, const char *path, struct fault *fault)
{
    return fault_set(fault, MRPC_UNIMPLEMENTED, "store: memory has no backup");
}

static int memory_restore(struct store *store, const struct store_restoration *restoration, uint64_t *revision,
                          struct fault *fault)
{
    return fault_set(fault, MRPC_UNIMPLEMENTED, "store: memory has no restore");
}

static void memory_stats(const struct store *store, struct store_stats *out)
{
    struct memory_store *memory = memory_of(store);
    pthread_rwlock_rdlock(&memory->lock);
    out->revision = memory->revision;
    pthread_rwlock_unlock(&memory->lock);
    out->trouble = atomic_load(&memory->failing) == MRPC_RESOURCE_EXHAUSTED ? STORE_TROUBLE_FULL : STORE_TROUBLE_NONE;
}

static void memory_close(struct store *store)
{
    struct memory_store *memory = memory_of(store);
    for (size_t i = 0; i < memory->item_count; i++)
        free(memory->items[i]);
    for (size_t i = 0; i < memory->deletion_count; i++)
        free(memory->deletions[i]);
    free(memory->items);
    free(memory->deletions);
    free(memory->leaderships);
    pthread_rwlock_destroy(&memory->lock);
    free(memory);
}

static const struct store_ops memory_ops = {
    .get = memory_get,
    .range = memory_range,
    .changes = memory_changes,
    .backup = memory_backup,
    .restore = memory_restore,
    .stats = memory_stats,
    .commit = memory_commit,
    .close = memory_close,
};

int store_memory_open(const struct store_memory_options *options, struct store **out, struct fault *fault)
{
    struct memory_store *memory = calloc(1, sizeof *memory);
    if (!memory)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    memory->base.ops = &memory_ops;
    memory->deletions_kept = options && options->deletions_kept ? options->deletions_kept : 100000;
    pthread_rwlock_init(&memory->lock, NULL);
    int code = commit_queue_start(&memory->base, options ? options->queue_bytes : 0, &memory->base.queue, fault);
    if (code) {
        memory_close(&memory->base);
        return code;
    }
    *out = &memory->base;
    return MRPC_OK;
}

void store_memory_fail(struct store *store, int code)
{
    atomic_store(&memory_of(store)->failing, code);
}
