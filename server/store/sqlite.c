/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <stdlib.h>
#include <unistd.h>

#include "store/commit_queue.h"
#include "store/sqlite_backend.h"

static void sqlite_stats(const struct store *base, struct store_stats *out)
{
    const struct sqlite_store *store = sqlite_of(base);
    out->revision = atomic_load(&store->revision);
    out->wal_bytes = atomic_load(&store->wal_bytes);
    out->restored = store->restored;
    out->trouble = (enum store_trouble)atomic_load(&store->trouble);
}

/* The lock goes last: whoever gets it finds the files closed. */
static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);
    sqlite_stop_checkpointer(store);
    sqlite_close_readers(store);
    sqlite_finish_writer(store);
    pthread_cond_destroy(&store->reader_free);
    pthread_mutex_destroy(&store->readers_lock);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store->log_path);
    free(store);
}

static const struct store_ops sqlite_ops = {
    .get = sqlite_get,
    .range = sqlite_range,
    .changes = sqlite_changes,
    .backup = sqlite_backup,
    .restore = sqlite_restore,
    .stats = sqlite_stats,
    .look = sqlite_look,
    .commit = sqlite_commit,
    .close = sqlite_close,
};

int store_sqlite_open(const struct store_sqlite_options *options, struct store **out, struct fault *fault)
{
    struct fault own = FAULT_INIT;
    if (!fault)
        fault = &own;
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (!store)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    store->base.ops = &sqlite_ops;
    store->options = *options;
    if (!store->options.deletions_kept)
        store->options.deletions_kept = 100000;
    store->lock_fd = -1;
    pthread_mutex_init(&store->readers_lock, NULL);
    pthread_cond_init(&store->reader_free, NULL);
    int code = sqlite_open_writer(store, fault);
    if (!code)
        code = sqlite_prepare_writer(store, fault);
    if (!code)
        code = sqlite_note_place(store, fault);
    if (!code)
        code = sqlite_start_checkpointer(store, fault);
    if (!code)
        code = commit_queue_start(&store->base, options->queue_bytes, &store->base.queue, fault);
    store->options.directory = NULL; /* borrowed for the opening only */
    if (code) {
        sqlite_close(&store->base);
        return code;
    }
    *out = &store->base;
    return MRPC_OK;
}
