/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/part.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/pack.h"
#include "registry/same.h"

struct registry_part {
    _Atomic uint32_t references; /* from 1 to 0 under the lock only, so that nobody finds one that is going */
    enum registry_part_kind kind;
    struct registry_parts *parts;
    struct registry_part *next; /* in its bucket */
    uint64_t hash;              /* of the encoding */
    size_t count;
    void *list; /* tags, checks or metadata */
    char *version;
    char *zone;
    Google__Protobuf__Duration *lease_ttl;
};

/* What one bucket holds at most: contents chosen to fall into one bucket are kept apart instead of making it slow. */
enum { BUCKET_MAX = 16, BUCKETS_FIRST = 64 };

struct registry_parts {
    pthread_mutex_t lock;
    struct registry_part **buckets;
    size_t bucket_count;
    struct registry_part *last[PART_KINDS]; /* found last: neighbours resemble each other most; not held */
    size_t count;
    size_t references; /* the parts', and the catalog's */
};

/* Only the fields of @kind. */
static void choose(enum registry_part_kind kind, const PB(Instance) * message, PB(Instance) * out)
{
    mltrainer__registry__v1__instance__init(out);
    switch (kind) {
    case PART_LABELS:
        out->version = message->version;
        out->zone = message->zone;
        out->n_tags = message->n_tags;
        out->tags = message->tags;
        out->lease_ttl = message->lease_ttl;
        return;
    case PART_CHECKS:
        out->n_checks = message->n_checks;
        out->checks = message->checks;
        return;
    default:
        out->n_metadata = message->n_metadata;
        out->metadata = message->metadata;
    }
}

void registry_part_show(const struct registry_part *part, PB(Instance) * message)
{
    switch (part->kind) {
    case PART_LABELS:
        message->version = part->version;
        message->zone = part->zone;
        message->n_tags = part->count;
        message->tags = part->list;
        message->lease_ttl = part->lease_ttl;
        return;
    case PART_CHECKS:
        message->n_checks = part->count;
        message->checks = part->list;
        return;
    default:
        message->n_metadata = part->count;
        message->metadata = part->list;
    }
}

/* Of the encoding; false when out of memory. */
static bool hash_of(enum registry_part_kind kind, const PB(Instance) * message, uint64_t *hash)
{
    uint8_t buffer[1024];
    PB(Instance) chosen;
    size_t size;
    choose(kind, message, &chosen);
    if (mrpc_encoded_size(PB_INFO(instance), &chosen.base, &size, NULL))
        return false;
    uint8_t *bytes = size <= sizeof buffer ? buffer : malloc(size);
    if (!bytes)
        return false;
    mrpc_encode(PB_INFO(instance), &chosen.base, bytes);
    *hash = UINT64_C(0xcbf29ce484222325) + kind;
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    if (bytes != buffer)
        free(bytes);
    return true;
}

static bool equal(const struct registry_part *part, enum registry_part_kind kind, const PB(Instance) * message)
{
    switch (kind) {
    case PART_LABELS:
        return strcmp(part->version, message->version) == 0 && strcmp(part->zone, message->zone) == 0 &&
               texts_same(part->list, part->count, message->tags, message->n_tags) &&
               message_same(part->lease_ttl, message->lease_ttl);
    case PART_CHECKS:
        return messages_same(part->list, part->count, (void *const *)message->checks, message->n_checks);
    default:
        return messages_same(part->list, part->count, (void *const *)message->metadata, message->n_metadata);
    }
}

/* --- making
 * -------------------------------------------------------------------------------------------------------- */

static struct registry_part *fill(struct packer *packer, enum registry_part_kind kind, const PB(Instance) * message)
{
    struct registry_part *part = pack_room(packer, sizeof *part), ignored;
    struct registry_part *out = part ? part : &ignored;
    switch (kind) {
    case PART_LABELS:
        out->version = pack_text(packer, message->version);
        out->zone = pack_text(packer, message->zone);
        out->count = message->n_tags;
        out->list = pack_texts(packer, message->tags, message->n_tags);
        out->lease_ttl = pack_message(packer, message->lease_ttl);
        return part;
    case PART_CHECKS:
        out->count = message->n_checks;
        out->list = pack_messages(packer, (void *const *)message->checks, message->n_checks);
        return part;
    default:
        out->count = message->n_metadata;
        out->list = pack_messages(packer, (void *const *)message->metadata, message->n_metadata);
        return part;
    }
}

static struct registry_part *make(struct registry_parts *parts, enum registry_part_kind kind, uint64_t hash,
                                  const PB(Instance) * message)
{
    struct packer packer = {0};
    fill(&packer, kind, message);
    void *memory = malloc(pack_bytes(&packer));
    if (!memory)
        return NULL;
    pack_into(&packer, memory);
    struct registry_part *part = fill(&packer, kind, message);
    atomic_init(&part->references, 1);
    part->kind = kind;
    part->parts = parts;
    part->next = NULL;
    part->hash = hash;
    return part;
}

static struct registry_part **bucket_of(struct registry_parts *parts, uint64_t hash)
{
    return &parts->buckets[(hash ^ hash >> 32) & (parts->bucket_count - 1)];
}

/* Holding the lock. Without memory the buckets stay as they are, and fuller. */
static void grow(struct registry_parts *parts)
{
    struct registry_part **before = parts->buckets;
    size_t count = parts->bucket_count;
    struct registry_part **buckets = calloc(2 * count, sizeof *buckets);
    if (!buckets)
        return;
    parts->buckets = buckets;
    parts->bucket_count = 2 * count;
    for (size_t i = 0; i < count; i++)
        while (before[i]) {
            struct registry_part *part = before[i], **bucket = bucket_of(parts, part->hash);
            before[i] = part->next;
            part->next = *bucket;
            *bucket = part;
        }
    free(before);
}

static struct registry_part *hold(struct registry_part *part)
{
    atomic_fetch_add_explicit(&part->references, 1, memory_order_relaxed);
    return part;
}

/* Holding the lock. */
static struct registry_part *find_or_add(struct registry_parts *parts, enum registry_part_kind kind, uint64_t hash,
                                         const PB(Instance) * message)
{
    size_t length = 0;
    for (struct registry_part *at = *bucket_of(parts, hash); at; at = at->next, length++)
        if (at->kind == kind && at->hash == hash && equal(at, kind, message))
            return hold(at);
    struct registry_part *part = make(parts, kind, hash, message);
    if (!part)
        return NULL;
    parts->references++;
    parts->count++;
    if (length == BUCKET_MAX)
        return part;
    if (parts->count > parts->bucket_count)
        grow(parts);
    struct registry_part **bucket = bucket_of(parts, hash);
    part->next = *bucket;
    *bucket = part;
    return part;
}

struct registry_part *registry_part_of(struct registry_parts *parts, enum registry_part_kind kind,
                                       const PB(Instance) * message)
{
    uint64_t hash;
    pthread_mutex_lock(&parts->lock);
    struct registry_part *part = parts->last[kind];
    if (part && equal(part, kind, message))
        hold(part);
    else
        part = hash_of(kind, message, &hash) ? find_or_add(parts, kind, hash, message) : NULL;
    parts->last[kind] = part;
    pthread_mutex_unlock(&parts->lock);
    return part;
}

/* --- letting go
 * ---------------------------------------------------------------------------------------------------- */

static void unlock_and_unref(struct registry_parts *parts)
{
    bool last = --parts->references == 0;
    pthread_mutex_unlock(&parts->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&parts->lock);
    free(parts->buckets);
    free(parts);
}

/* Holding the lock. One that was kept apart is not there. */
static void take_out(struct registry_parts *parts, struct registry_part *part)
{
    struct registry_part **at = bucket_of(parts, part->hash);
    while (*at && *at != part)
        at = &(*at)->next;
    if (*at)
        *at = part->next;
    if (parts->last[part->kind] == part)
        parts->last[part->kind] = NULL;
}

void registry_part_unref(struct registry_part *part)
{
    if (!part)
        return;
    uint32_t held = atomic_load_explicit(&part->references, memory_order_relaxed);
    while (held > 1)
        if (atomic_compare_exchange_weak_explicit(&part->references, &held, held - 1, memory_order_release,
                                                  memory_order_relaxed))
            return;
    struct registry_parts *parts = part->parts;
    pthread_mutex_lock(&parts->lock);
    if (atomic_fetch_sub_explicit(&part->references, 1, memory_order_acq_rel) != 1) {
        pthread_mutex_unlock(&parts->lock);
        return;
    }
    take_out(parts, part);
    parts->count--;
    free(part);
    unlock_and_unref(parts);
}

/* --- the set
 * ------------------------------------------------------------------------------------------------------- */

struct registry_parts *registry_parts_new(void)
{
    struct registry_parts *parts = calloc(1, sizeof *parts);
    if (!parts)
        return NULL;
    parts->bucket_count = BUCKETS_FIRST;
    parts->buckets = calloc(parts->bucket_count, sizeof *parts->buckets);
    if (!parts->buckets) {
        free(parts);
        return NULL;
    }
    pthread_mutex_init(&parts->lock, NULL);
    parts->references = 1;
    return parts;
}

void registry_parts_unref(struct registry_parts *parts)
{
    if (!parts)
        return;
    pthread_mutex_lock(&parts->lock);
    unlock_and_unref(parts);
}

size_t registry_parts_count(struct registry_parts *parts)
{
    pthread_mutex_lock(&parts->lock);
    size_t count = parts->count;
    pthread_mutex_unlock(&parts->lock);
    return count;
}
