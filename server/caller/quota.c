/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/quota.h"

#include <pthread.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Owners who have anything, in a tree by name. */
struct use {
    char *owner;
    uint64_t bytes;
};

struct dataset_quota {
    uint64_t limit_bytes;
    pthread_mutex_t lock; /* guards the tree */
    void *uses;
};

struct dataset_quota *dataset_quota_new(uint64_t limit_bytes)
{
    struct dataset_quota *quota = calloc(1, sizeof *quota);
    if (!quota)
        return NULL;
    quota->limit_bytes = limit_bytes;
    pthread_mutex_init(&quota->lock, NULL);
    return quota;
}

static void use_free(void *node)
{
    struct use *use = node;
    free(use->owner);
    free(use);
}

void dataset_quota_free(struct dataset_quota *quota)
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

static struct use *find(struct dataset_quota *quota, const char *owner)
{
    struct use key = {.owner = (char *)owner}, **found = tfind(&key, &quota->uses, by_owner);
    return found ? *found : NULL;
}

static struct use *find_or_make(struct dataset_quota *quota, const char *owner)
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

static void forget_if_empty(struct dataset_quota *quota, struct use *use)
{
    if (use->bytes)
        return;
    tdelete(use, &quota->uses, by_owner);
    use_free(use);
}

static int add(struct dataset_quota *quota, const char *owner, uint64_t bytes, uint64_t limit, struct fault *fault)
{
    pthread_mutex_lock(&quota->lock);
    struct use *use = find_or_make(quota, owner);
    bool fits = use && (use->bytes <= limit && bytes <= limit - use->bytes);
    if (fits)
        use->bytes += bytes;
    if (use)
        forget_if_empty(quota, use);
    pthread_mutex_unlock(&quota->lock);
    if (!use)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (fits)
        return 0;
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED,
                     "more than %llu bytes of datasets of one owner, uploads under way included",
                     (unsigned long long)limit);
}

int dataset_quota_take(struct dataset_quota *quota, const char *owner, uint64_t bytes, struct fault *fault)
{
    return add(quota, owner, bytes, quota->limit_bytes, fault);
}

int dataset_quota_count(struct dataset_quota *quota, const char *owner, uint64_t bytes, struct fault *fault)
{
    return add(quota, owner, bytes, UINT64_MAX, fault);
}

void dataset_quota_give(struct dataset_quota *quota, const char *owner, uint64_t bytes)
{
    pthread_mutex_lock(&quota->lock);
    struct use *use = find(quota, owner);
    if (use) {
        use->bytes -= bytes < use->bytes ? bytes : use->bytes;
        forget_if_empty(quota, use);
    }
    pthread_mutex_unlock(&quota->lock);
}

uint64_t dataset_quota_used(struct dataset_quota *quota, const char *owner)
{
    pthread_mutex_lock(&quota->lock);
    const struct use *use = find(quota, owner);
    uint64_t bytes = use ? use->bytes : 0;
    pthread_mutex_unlock(&quota->lock);
    return bytes;
}
