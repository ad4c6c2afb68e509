/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_replica.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

void watch_replica_fini(struct watch_replica *replica)
{
    free(replica->instances);
    *replica = (struct watch_replica){0};
}

void watch_replica_clear(struct watch_replica *replica)
{
    replica->count = 0;
}

int watch_key_compare(const Mltrainer__Registry__V1__InstanceKey *a, const Mltrainer__Registry__V1__InstanceKey *b)
{
    int order = strcmp(a->namespace_, b->namespace_);
    if (order == 0)
        order = strcmp(a->service, b->service);
    return order ? order : strcmp(a->id, b->id);
}

size_t watch_replica_lower_bound(const struct watch_replica *replica, const Mltrainer__Registry__V1__InstanceKey *key)
{
    size_t low = 0, high = replica->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (watch_key_compare(replica->instances[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const Mltrainer__Registry__V1__Instance *watch_replica_find(const struct watch_replica *replica,
                                                            const Mltrainer__Registry__V1__InstanceKey *key)
{
    size_t at = watch_replica_lower_bound(replica, key);
    bool found = at < replica->count && watch_key_compare(replica->instances[at]->key, key) == 0;
    return found ? replica->instances[at] : NULL;
}

void watch_replica_put(struct watch_replica *replica, const Mltrainer__Registry__V1__Instance *instance)
{
    size_t at = watch_replica_lower_bound(replica, instance->key);
    if (at < replica->count && watch_key_compare(replica->instances[at]->key, instance->key) == 0) {
        replica->instances[at] = instance;
        return;
    }
    if (replica->count == replica->capacity) {
        replica->capacity = replica->capacity ? 2 * replica->capacity : 64;
        replica->instances = realloc(replica->instances, replica->capacity * sizeof *replica->instances);
        if (!replica->instances)
            abort();
    }
    memmove(&replica->instances[at + 1], &replica->instances[at], (replica->count - at) * sizeof *replica->instances);
    replica->instances[at] = instance;
    replica->count++;
}

void watch_replica_remove(struct watch_replica *replica, const Mltrainer__Registry__V1__InstanceKey *key)
{
    size_t at = watch_replica_lower_bound(replica, key);
    if (at == replica->count || watch_key_compare(replica->instances[at]->key, key) != 0)
        return;
    replica->count--;
    memmove(&replica->instances[at], &replica->instances[at + 1], (replica->count - at) * sizeof *replica->instances);
}

static uint8_t *encode(const Mltrainer__Registry__V1__Instance *instance, size_t *size)
{
    if (mrpc_encoded_size(&mltrainer__registry__v1__instance__info, &instance->base, size, NULL))
        abort();
    uint8_t *bytes = malloc(*size + 1);
    if (!bytes)
        abort();
    mrpc_encode(&mltrainer__registry__v1__instance__info, &instance->base, bytes);
    return bytes;
}

bool watch_instance_equal(const Mltrainer__Registry__V1__Instance *a, const Mltrainer__Registry__V1__Instance *b)
{
    size_t a_size, b_size;
    uint8_t *a_bytes = encode(a, &a_size), *b_bytes = encode(b, &b_size);
    bool equal = a_size == b_size && memcmp(a_bytes, b_bytes, a_size) == 0;
    free(a_bytes);
    free(b_bytes);
    return equal;
}
