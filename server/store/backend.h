/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/batch.h"
#include "store/store.h"

/* What a backend implements; store.c adds the argument checks, commit_queue.c the thread. */

struct store_ops {
    int (*get)(struct store *store, struct store_slice key, struct store_list *list, struct fault *fault);
    int (*range)(struct store *store, const struct store_range *range, struct store_list *list, struct fault *fault);
    int (*changes)(struct store *store, uint64_t since, uint32_t limit, struct store_list *list, struct fault *fault);
    int (*backup)(struct store *store, const char *path, struct fault *fault);
    int (*restore)(struct store *store, const struct store_restoration *restoration, uint64_t *revision,
                   struct fault *fault);
    void (*stats)(const struct store *store, struct store_stats *out); /* revision, wal_bytes, restored, trouble */
    void (*look)(struct store *store); /* may be NULL */
    /** Apply @count batches, in order, each by itself atomic, all of them with one sync; fill each one's result. On the
     *  commit thread. Broken batches do not come here. */
    void (*commit)(struct store *store, struct store_batch *const *batches, size_t count);
    void (*close)(struct store *store); /* the commit thread has ended */
};

/** A backend embeds this first. */
struct store {
    const struct store_ops *ops;
    struct commit_queue *queue;
};

#endif
