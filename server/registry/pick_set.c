/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pick_set.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/filter.h"
#include "registry/load.h"
#include <mrpc/maglev.h>
#include "registry/view.h"

/* A filter as bytes: its encoding, a zero, the zone. Two spellings of one filter get sets of their own, which does no
 * harm. Keys are compared whole: hashes alone could be made to collide by whoever chooses filters. */
struct key {
    uint8_t *bytes;
    size_t size; /* 0: no filter, no zone */
    uint64_t hash;
    uint8_t small[PICK_KEY_MAX];
};

static bool key_init(struct key *key, const PB(InstanceFilter) * filter, const char *prefer_zone)
{
    size_t filter_bytes = 0, zone_bytes = strlen(prefer_zone);
    *key = (struct key){.size = 0};
    if (filter && mrpc_encoded_size(PB_INFO(instance_filter), &filter->base, &filter_bytes, NULL))
        return false;
    if (filter_bytes + zone_bytes == 0)
        return true;
    key->size = filter_bytes + 1 + zone_bytes;
    key->bytes = key->size <= sizeof key->small ? key->small : malloc(key->size);
    if (!key->bytes)
        return false;
    if (filter_bytes)
        mrpc_encode(PB_INFO(instance_filter), &filter->base, key->bytes);
    key->bytes[filter_bytes] = 0;
    memcpy(key->bytes + filter_bytes + 1, prefer_zone, zone_bytes);
    key->hash = mrpc_maglev_hash(key->bytes, key->size, 0);
    key->hash += key->hash == 0;
    return true;
}

static void key_fini(struct key *key)
{
    if (key->bytes != key->small)
        free(key->bytes);
}

static bool has_key(const struct pick_set *set, const struct key *key)
{
    return set->hash == key->hash && set->key_bytes == key->size &&
           (key->size == 0 || memcmp(set->key, key->bytes, key->size) == 0);
}

/* --- making one --------------------------------------------------------------------------------------------------- */

/* Only if somebody of that zone is among them, the others go. */
static size_t keep_zone(struct registry_instance **members, size_t count, const char *zone)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += strcmp(members[i]->message->zone, zone) == 0;
    if (kept == 0)
        return count;
    kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i]->message->zone, zone) == 0)
            members[kept++] = members[i];
    return kept;
}

static void describe_members(struct pick_set *set)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < set->count; i++) {
        const PB(Instance) *message = set->members[i]->message;
        sum += message->weight;
        set->incarnations[i] = (uint64_t)message->incarnation;
        set->weight_ends[i] = sum;
    }
}

static struct pick_set *set_new(const struct registry_service_view *view, const PB(InstanceFilter) * filter,
                                const char *prefer_zone, const struct key *key)
{
    size_t room = view->count;
    struct pick_set *set =
        malloc(sizeof *set + room * (sizeof *set->members + 2 * sizeof *set->incarnations) + key->size);
    if (!set)
        return NULL;
    *set = (struct pick_set){.hash = key->hash, .key_bytes = key->size};
    set->incarnations = (uint64_t *)(set + 1);
    set->weight_ends = set->incarnations + room;
    set->members = (struct registry_instance **)(set->weight_ends + room);
    set->key = (uint8_t *)(set->members + room);
    if (key->size)
        memcpy(set->key, key->bytes, key->size);
    for (size_t i = 0; i < view->count; i++)
        if (registry_filter_match(filter, view->by_incarnation[i], true))
            set->members[set->count++] = view->by_incarnation[i];
    bool nobody = set->count == 0; /* then those that are held, better than none */
    for (size_t i = 0; nobody && i < view->count; i++)
        if (registry_filter_match_held(filter, view->by_incarnation[i]))
            set->members[set->count++] = view->by_incarnation[i];
    if (prefer_zone[0])
        set->count = keep_zone(set->members, set->count, prefer_zone);
    describe_members(set);
    set->cursor = registry_cursors_find(view->cursors, key->hash);
    set->weighted_cursor = registry_cursors_find(view->cursors, ~key->hash);
    return set;
}

void pick_set_free(struct pick_set *set)
{
    if (!set)
        return;
    struct load **loads = atomic_load(&set->loads);
    for (size_t i = 0; loads && i < set->count; i++)
        load_unref(loads[i]);
    free(loads);
    free(atomic_load(&set->table));
    free(set);
}

void pick_sets_fini(struct pick_sets *sets)
{
    for (size_t i = 0; i < PICK_SETS_A_VIEW; i++)
        pick_set_free(atomic_load(&sets->slots[i]));
}

/* --- finding one -------------------------------------------------------------------------------------------------- */

/* The slot that has the key, or the first free one; NULL when others have them all. */
static _Atomic(struct pick_set *) *slot_of(const struct registry_service_view *view, const struct key *key)
{
    struct pick_sets *sets = (struct pick_sets *)(uintptr_t)&view->pick_sets;
    size_t first = key->size ? 1 : 0, end = key->size ? PICK_SETS_A_VIEW : 1;
    for (size_t i = first; i < end; i++) {
        struct pick_set *set = atomic_load_explicit(&sets->slots[i], memory_order_acquire);
        if (!set || has_key(set, key))
            return &sets->slots[i];
    }
    return NULL;
}

struct pick_set *pick_set_find(const struct registry_service_view *view, const PB(InstanceFilter) * filter,
                               const char *prefer_zone, size_t make_max, bool *own, bool *too_large)
{
    struct key key;
    struct pick_set *set = NULL, *made = NULL, *none;
    *own = *too_large = false;
    if (!key_init(&key, filter, prefer_zone))
        return NULL;
    for (;;) {
        _Atomic(struct pick_set *) *slot = key.size <= PICK_KEY_MAX ? slot_of(view, &key) : NULL;
        if (slot && (set = atomic_load_explicit(slot, memory_order_acquire)))
            break;
        *too_large = view->count > make_max;
        if (*too_large || (!made && !(made = set_new(view, filter, prefer_zone, &key))))
            break;
        none = NULL;
        *own = !slot;
        if (!slot || atomic_compare_exchange_strong(slot, &none, made)) {
            set = made;
            made = NULL;
            break;
        } /* somebody else took the slot, perhaps for the same filter */
    }
    pick_set_free(made);
    key_fini(&key);
    return set;
}

/* --- what only some policies need --------------------------------------------------------------------------------- */

bool pick_set_prepare_hash(struct pick_set *set)
{
    if (set->count == 0 || atomic_load_explicit(&set->table, memory_order_acquire))
        return true;
    struct mrpc_maglev_member *members = malloc(set->count * sizeof *members);
    if (!members)
        return false;
    for (size_t i = 0; i < set->count; i++)
        members[i] = (struct mrpc_maglev_member){set->members[i]->message->key->id, set->members[i]->message->weight};
    struct mrpc_maglev *table = mrpc_maglev_new(members, set->count), *none = NULL;
    free(members);
    if (table && !atomic_compare_exchange_strong(&set->table, &none, table))
        free(table);
    return table != NULL;
}

struct load **pick_set_loads(struct pick_set *set, const struct registry_service_view *view, int64_t now_ms)
{
    struct load **loads = atomic_load_explicit(&set->loads, memory_order_acquire), **none = NULL;
    if (loads)
        return loads;
    loads = calloc(set->count + 1, sizeof *loads);
    bool whole = loads != NULL;
    for (size_t i = 0; whole && i < set->count; i++)
        whole = (loads[i] = load_table_find(&view->cursors->loads, (int64_t)set->incarnations[i], now_ms)) != NULL;
    if (whole && atomic_compare_exchange_strong(&set->loads, &none, loads))
        return loads;
    for (size_t i = 0; loads && i < set->count; i++)
        load_unref(loads[i]);
    free(loads);
    return none; /* another thread's, or NULL */
}
