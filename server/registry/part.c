/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/part.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/pack.h"

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
    size_t count;
    size_t references; /* the parts', and the catalog's */
};

/* What is looked for, encoded. */
struct wanted {
    enum registry_part_kind kind;
    const uint8_t *bytes;
    size_t size;
    uint64_t hash;
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

/* The encoding of @message, in memory of its own or in @buffer; NULL when out of memory. */
static uint8_t *encode(const PB(Instance) * message, uint8_t *buffer, size_t room, size_t *size)
{
    if (mrpc_encoded_size(PB_INFO(instance), &message->base, size, NULL))
        return NULL;
    uint8_t *bytes = *size <= room ? buffer : malloc(*size);
    if (bytes)
        mrpc_encode(PB_INFO(instance), &message->base, bytes);
    return bytes;
}

static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return hash;
}

/* Out of memory counts as different: two equal parts do no harm. */
static bool equal(const struct wanted *wanted, const struct registry_part *part)
{
    uint8_t buffer[1024];
    PB(Instance) message;
    size_t size;
    if (wanted->kind != part->kind || wanted->hash != part->hash)
        return false;
    mltrainer__registry__v1__instance__init(&message);
    registry_part_show(part, &message);
    uint8_t *bytes = encode(&message, buffer, sizeof buffer, &size);
    bool same = bytes && size == wanted->size && memcmp(wanted->bytes, bytes, size) == 0;
    if (bytes != buffer)
        free(bytes);
    return same;
}

/* --- making -------------------------------------------------------------------------------------------------------- */

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

static struct registry_part *make(struct registry_parts *parts, const struct wanted *wanted,
                                  const PB(Instance) * message)
{
    struct packer packer = {0};
    fill(&packer, wanted->kind, message);
    void *memory = malloc(pack_bytes(&packer));
    if (!memory)
        return NULL;
    pack_into(&packer, memory);
    struct registry_part *part = fill(&packer, wanted->kind, message);
    atomic_init(&part->references, 1);
    part->kind = wanted->kind;
    part->parts = parts;
    part->hash = wanted->hash;
    part->next = NULL;
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

/* Holding the lock. */
static struct registry_part *find_or_add(struct registry_parts *parts, const struct wanted *wanted,
                                         const PB(Instance) * message)
{
    size_t length = 0;
    for (struct registry_part *at = *bucket_of(parts, wanted->hash); at; at = at->next, length++)
        if (equal(wanted, at)) {
            atomic_fetch_add_explicit(&at->references, 1, memory_order_relaxed);
            return at;
        }
    struct registry_part *part = make(parts, wanted, message);
    if (!part)
        return NULL;
    parts->references++;
    parts->count++;
    if (length == BUCKET_MAX)
        return part;
    if (parts->count > parts->bucket_count)
        grow(parts);
    struct registry_part **bucket = bucket_of(parts, wanted->hash);
    part->next = *bucket;
    *bucket = part;
    return part;
}

struct registry_part *registry_part_of(struct registry_parts *parts, enum registry_part_kind kind,
                                       const PB(Instance) * message)
{
    uint8_t buffer[1024];
    PB(Instance) chosen;
    struct wanted wanted = {.kind = kind};
    choose(kind, message, &chosen);
    uint8_t *bytes = encode(&chosen, buffer, sizeof buffer, &wanted.size);
    if (!bytes)
        return NULL;
    wanted.bytes = bytes;
    wanted.hash = hash_of(bytes, wanted.size);
    pthread_mutex_lock(&parts->lock);
    struct registry_part *part = find_or_add(parts, &wanted, message);
    pthread_mutex_unlock(&parts->lock);
    if (bytes != buffer)
        free(bytes);
    return part;
}

/* --- letting go ---------------------------------------------------------------------------------------------------- */

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

/* --- the set ------------------------------------------------------------------------------------------------------- */

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
