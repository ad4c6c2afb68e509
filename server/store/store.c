/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#include "fault/fault.h"
#include "store/backend.h"
#include "store/commit_queue.h"

void store_commit(struct store *store, struct store_batch *batch, store_commit_done *done, void *arg)
{
    commit_queue_push(store->queue, batch, done, arg);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool done;
    struct store_commit_result result;
    char text[STORE_RESULT_TEXT_BYTES];
};

static void wake(void *arg, const struct store_commit_result *result)
{
    struct waiter *waiter = arg;
    pthread_mutex_lock(&waiter->lock);
    waiter->result = *result;
    size_t bytes = strnlen(result->text, sizeof waiter->text - 1);
    memcpy(waiter->text, result->text, bytes);
    waiter->text[bytes] = '\0';
    waiter->done = true;
    pthread_cond_signal(&waiter->finished);
    pthread_mutex_unlock(&waiter->lock);
}

/* @done is wake(), or calls it with @waiter, which is the first member of what @done is given. */
static int commit_and_wait(struct store *store, struct store_batch *batch, store_commit_done *done,
                           struct waiter *waiter, struct fault *fault)
{
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->finished, NULL);
    store_commit(store, batch, done, waiter);
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->done)
        pthread_cond_wait(&waiter->finished, &waiter->lock);
    pthread_mutex_unlock(&waiter->lock);
    pthread_cond_destroy(&waiter->finished);
    pthread_mutex_destroy(&waiter->lock);
    if (waiter->result.code)
        return fault_set(fault, waiter->result.code, "store: %s", waiter->text);
    return MRPC_OK;
}

int store_commit_wait(struct store *store, struct store_batch *batch, uint64_t *revision, struct fault *fault)
{
    struct waiter waiter = {.done = false};
    int code = commit_and_wait(store, batch, wake, &waiter, fault);
    if (code)
        return code;
    if (revision)
        *revision = waiter.result.revision;
    return MRPC_OK;
}

int store_get(struct store *store, struct store_slice key, struct store_list *list, struct fault *fault)
{
    return store->ops->get(store, key, list, fault);
}

int store_range(struct store *store, const struct store_range *range, struct store_list *list, struct fault *fault)
{
    struct store_range checked = *range;
    if (checked.limit == 0)
        checked.limit = 1000;
    if (checked.limit > STORE_RANGE_LIMIT_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "store: a range has at most 10,000 entries");
    if (range->prefix.bytes > STORE_KEY_BYTES_MAX || range->after.bytes > STORE_KEY_BYTES_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "store: a key has at most 1,024 bytes");
    return store->ops->range(store, &checked, list, fault);
}

int store_changes(struct store *store, uint64_t since, uint32_t limit, struct store_list *list, struct fault *fault)
{
    if (limit == 0)
        limit = 1000;
    if (limit > STORE_RANGE_LIMIT_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "store: at most 10,000 changes at once");
    return store->ops->changes(store, since, limit, list, fault);
}

/* The token travels back in the batch, which the queue frees; so it is copied while the callback runs. */
struct lead_waiter {
    struct waiter waiter;
    struct store_batch *batch;
    uint64_t token;
};

static void wake_lead(void *arg, const struct store_commit_result *result)
{
    struct lead_waiter *lead = arg;
    lead->token = lead->batch->lead_token;
    wake(&lead->waiter, result);
}

static int commit_lead(struct store *store, struct store_batch *batch, uint64_t *token, struct fault *fault)
{
    if (batch->broken) {
        int code = fault_set(fault, batch->broken, "store: %s", batch->text);
        store_batch_free(batch);
        return code;
    }
    struct lead_waiter lead = {.batch = batch};
    int code = commit_and_wait(store, batch, wake_lead, &lead.waiter, fault);
    if (code)
        return code;
    if (token)
        *token = lead.token;
    return MRPC_OK;
}

int store_lead(struct store *store, const char *leadership, const char *holder, uint32_t ttl_ms, uint64_t *token,
               struct fault *fault)
{
    size_t holder_bytes = strlen(holder);
    if (holder_bytes == 0 || holder_bytes > STORE_NAME_BYTES_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "store: a holder's name has 1 to 128 bytes");
    struct store_batch *batch = store_batch_new();
    if (!batch)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    store_batch_fence(batch, leadership, 0);
    batch->lead = STORE_LEAD_ACQUIRE;
    batch->lead_ttl_ms = ttl_ms;
    memcpy(batch->holder, holder, holder_bytes + 1);
    return commit_lead(store, batch, token, fault);
}

int store_resign(struct store *store, const char *leadership, uint64_t token, struct fault *fault)
{
    struct store_batch *batch = store_batch_new();
    if (!batch)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    store_batch_fence(batch, leadership, token);
    batch->lead = STORE_LEAD_RESIGN;
    return commit_lead(store, batch, NULL, fault);
}

int store_backup(struct store *store, const char *path, struct fault *fault)
{
    return store->ops->backup(store, path, fault);
}

int store_restore(struct store *store, const struct store_restoration *restoration, uint64_t *revision,
                  struct fault *fault)
{
    return store->ops->restore(store, restoration, revision, fault);
}

void store_stats(const struct store *store, struct store_stats *out)
{
    struct commit_queue_stats queue;
    commit_queue_stats(store->queue, &queue);
    *out = (struct store_stats){
        .commits = queue.commits, .groups = queue.groups, .queued = queue.queued, .queued_bytes = queue.queued_bytes};
    store->ops->stats(store, out);
    out->read_only = out->trouble != STORE_TROUBLE_NONE;
}

void store_look(struct store *store)
{
    if (store->ops->look)
        store->ops->look(store);
}

const char *store_trouble_text(enum store_trouble trouble)
{
    static const char *const texts[] = {
        [STORE_TROUBLE_NONE] = "",
        [STORE_TROUBLE_FULL] = "the disk is full: read-only until there is space",
        [STORE_TROUBLE_READ_ONLY] = "the file system is read-only: so is the store, until it can be written to",
        [STORE_TROUBLE_GONE] = "its files were removed, replaced or unmounted: read-only until they are put back",
    };
    return texts[trouble];
}

void store_close(struct store *store)
{
    if (!store)
        return;
    commit_queue_stop(store->queue);
    store->ops->close(store);
}
