/* SPDX-License-Identifier: Apache-2.0 */
#include "caller/quota.h"

#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Owners who have anything, in a tree by name. */
struct use {
    char *owner;
    uint64_t amount;
};

struct quota {
    const char *key, *noun;
    uint64_t limit;
    pthread_mutex_t lock; /* guards the tree */
    void *uses;
    _Atomic uint64_t refused;
};

struct quota *quota_new(const char *key, const char *noun, uint64_t limit)
{
    struct quota *quota = calloc(1, sizeof *quota);
    if (!quota)
        return NULL;
    quota->key = key;
    quota->noun = noun;
    quota->limit = limit ? limit : UINT64_MAX;
    pthread_mutex_init(&quota->lock, NULL);
    return quota;
}

static void use_free(void *node)
{
    struct use *use = node;
    free(use->owner);
    free(use);
}

void quota_free(struct quota *quota)
{
    if (!quota)
        return;
    tdestroy(quota->uses, use_free);
    pthread_mutex_destroy(&quota->lock);
    free(quota);
}

static int by_owner(const void *a, const void *b)
{
    return strcmp(((const struct use *)a)->owner, ((const struct use *)b)->owner);
}

static struct use *find(struct quota *quota, const char *owner)
{
    struct use key = {.owner = (char *)owner}, **found = tfind(&key, &quota->uses, by_owner);
    return found ? *found : NULL;
}

static struct use *find_or_make(struct quota *quota, const char *owner)
{
    struct use *use = find(quota, owner);
    if (use)
        return use;
    use = calloc(1, sizeof *use);
    char *name = strdup(owner);
    if (use && name) {
        use->owner = name;
        if (tsearch(use, &quota->uses, by_owner))
            return use;
    }
    free(use);
    free(name);
    return NULL;
}

static void forget_if_empty(struct quota *quota, struct use *use)
{
    if (use->amount)
        return;
    tdelete(use, &quota->uses, by_owner);
    use_free(use);
}

static bool fits(const struct use *use, uint64_t amount, uint64_t limit)
{
    return use->amount <= limit && amount <= limit - use->amount;
}

static int refuse(struct quota *quota, const char *owner, int64_t retry_ms, struct fault *fault)
{
    atomic_fetch_add_explicit(&quota->refused, 1, memory_order_relaxed);
    return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, retry_ms, "%s: %.128s has its %llu %s", quota->key, owner,
                       (unsigned long long)quota->limit, quota->noun);
}

/* Up to @limit in all; false: it would be more. */
static int add(struct quota *quota, const char *owner, uint64_t amount, uint64_t limit, bool *added)
{
    pthread_mutex_lock(&quota->lock);
    struct use *use = find_or_make(quota, owner);
    *added = use && fits(use, amount, limit);
    if (*added)
        use->amount += amount;
    if (use)
        forget_if_empty(quota, use);
    pthread_mutex_unlock(&quota->lock);
    return use ? 0 : -1;
}

int quota_take(struct quota *quota, const char *owner, uint64_t amount, int64_t retry_ms, struct fault *fault)
{
    bool added;
    if (add(quota, owner, amount, quota->limit, &added) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return added ? 0 : refuse(quota, owner, retry_ms, fault);
}

int quota_check(struct quota *quota, const char *owner, uint64_t amount, int64_t retry_ms, struct fault *fault)
{
    uint64_t used = quota_used(quota, owner);
    bool room = used <= quota->limit && amount <= quota->limit - used;
    return room ? 0 : refuse(quota, owner, retry_ms, fault);
}

int quota_count(struct quota *quota, const char *owner, uint64_t amount, struct fault *fault)
{
    bool added;
    int error = add(quota, owner, amount, UINT64_MAX, &added);
    return error ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
}

void quota_give(struct quota *quota, const char *owner, uint64_t amount)
{
    pthread_mutex_lock(&quota->lock);
    struct use *use = find(quota, owner);
    if (use) {
        use->amount -= amount < use->amount ? amount : use->amount;
        forget_if_empty(quota, use);
    }
    pthread_mutex_unlock(&quota->lock);
}

uint64_t quota_used(struct quota *quota, const char *owner)
{
    pthread_mutex_lock(&quota->lock);
    const struct use *use = find(quota, owner);
    uint64_t amount = use ? use->amount : 0;
    pthread_mutex_unlock(&quota->lock);
    return amount;
}

uint64_t quota_refused(const struct quota *quota)
{
    return atomic_load_explicit(&quota->refused, memory_order_relaxed);
}
