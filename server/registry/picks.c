/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/picks.h"

#include <string.h>

#include "registry/filter.h"

/* Candidates stand in the order of their incarnations: newcomers at the end, nobody ever changes place. */
static size_t gather(const struct registry_service_view *view, const struct registry_pick *pick,
                     struct registry_instance **scratch)
{
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++)
        if (registry_filter_match(pick->filter, view->by_incarnation[i], true))
            scratch[count++] = view->by_incarnation[i];
    if (!pick->prefer_zone[0])
        return count;
    size_t near = 0;
    for (size_t i = 0; i < count; i++) /* stable: only if somebody is near, the others go */
        near += strcmp(scratch[i]->message->zone, pick->prefer_zone) == 0;
    if (near == 0)
        return count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(scratch[i]->message->zone, pick->prefer_zone) == 0)
            scratch[kept++] = scratch[i];
    return kept;
}

/* The first candidate whose incarnation is above @position, else the first of all. */
static size_t next_above(struct registry_instance *const *candidates, size_t count, uint64_t position)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint64_t)candidates[middle]->message->incarnation <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count ? low : 0;
}

/* The cursor says who was last, not how many picks there were; so when others come or go, the turn still passes to the
 * next in order, and nobody is skipped or served twice. */
static size_t round_robin(struct registry_cursor *cursor, struct registry_instance *const *candidates, size_t count)
{
    uint64_t position = atomic_load_explicit(&cursor->position, memory_order_relaxed);
    for (;;) {
        size_t at = next_above(candidates, count, position);
        if (atomic_compare_exchange_weak_explicit(&cursor->position, &position,
                                                  (uint64_t)candidates[at]->message->incarnation, memory_order_relaxed,
                                                  memory_order_relaxed))
            return at;
    }
}

/* Where @point (of 2^64) falls when candidates stand side by side, as broad as their weights. */
static size_t by_weight(struct registry_instance *const *candidates, size_t count, uint64_t point)
{
    uint64_t total = 0, sum = 0;
    for (size_t i = 0; i < count; i++)
        total += candidates[i]->message->weight;
    uint64_t at = (uint64_t)(((unsigned __int128)point * total) >> 64);
    for (size_t i = 0; i < count; i++) {
        sum += candidates[i]->message->weight;
        if (at < sum)
            return i;
    }
    return count - 1;
}

/* Multiples of the golden ratio fill the interval as evenly as any sequence can, so the k-th pick needs nothing but k.
 * Source: Knuth, The Art of Computer Programming 3, 6.4, theorem S. */
static size_t weighted_round_robin(struct registry_cursor *cursor, struct registry_instance *const *candidates,
                                   size_t count)
{
    uint64_t turn = atomic_fetch_add_explicit(&cursor->position, 1, memory_order_relaxed);
    return by_weight(candidates, count, turn * UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t hash(const void *bytes, size_t size, uint64_t seed)
{
    const unsigned char *at = bytes;
    uint64_t value = seed ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        value = (value ^ at[i]) * UINT64_C(0x100000001b3);
    value ^= value >> 33; /* finish as MurmurHash3 does: FNV alone mixes the high bits badly */
    value *= UINT64_C(0xff51afd7ed558ccd);
    value ^= value >> 33;
    value *= UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ (value >> 33);
}

/* Rendezvous hashing: each candidate draws a number from the key and its own name, the greatest wins; who leaves gives
 * up only the keys that were his. Source: Thaler and Ravishankar, 1998. */
static size_t consistent(const struct registry_pick *pick, struct registry_instance *const *candidates, size_t count)
{
    uint64_t key = hash(pick->hash_key, pick->hash_key_bytes, 0), best = 0;
    size_t winner = 0;
    for (size_t i = 0; i < count; i++) {
        const char *id = candidates[i]->message->key->id;
        uint64_t drawn = hash(id, strlen(id), key);
        if (i == 0 || drawn > best) {
            best = drawn;
            winner = i;
        }
    }
    return winner;
}

static size_t choose(const struct registry_service_view *view, const struct registry_pick *pick,
                     struct registry_instance *const *candidates, size_t count)
{
    if (pick->policy == POLICY_CONSISTENT_HASH)
        return consistent(pick, candidates, count);
    if (pick->policy == POLICY_WEIGHTED_RANDOM)
        return by_weight(candidates, count, pick->random);
    /* Weighted turns are counted apart: a cursor of theirs means something else. */
    uint64_t filter = registry_filter_hash(pick->filter, pick->prefer_zone);
    if (pick->policy == POLICY_WEIGHTED_ROUND_ROBIN)
        return weighted_round_robin(registry_cursors_find(view->cursors, ~filter), candidates, count);
    return round_robin(registry_cursors_find(view->cursors, filter), candidates, count);
}

size_t registry_picks_choose(const struct registry_service_view *view, const struct registry_pick *pick,
                             struct registry_instance **scratch, struct registry_instance **out, size_t room,
                             size_t *candidates)
{
    size_t count = gather(view, pick, scratch);
    *candidates = count;
    if (count == 0 || room == 0)
        return 0;
    size_t first = choose(view, pick, scratch, count);
    size_t written = count < room ? count : room;
    for (size_t i = 0; i < written; i++)
        out[i] = scratch[(first + i) % count];
    return written;
}
