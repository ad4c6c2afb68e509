/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/picks.h"

#include <stdlib.h>
#include <string.h>

#include "registry/load.h"
#include <mrpc/maglev.h>

/* The first member of @ends (growing) that is above @point, or @count. */
static size_t first_above(const uint64_t *ends, size_t count, uint64_t point)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ends[middle] <= point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The cursor says who was last, not how many picks there were; so when others come or go, the turn still passes to the
 * next in order, and nobody is skipped or served twice. */
static size_t round_robin(const struct pick_set *set)
{
    uint64_t position = atomic_load_explicit(&set->cursor->position, memory_order_relaxed);
    for (;;) {
        size_t at = first_above(set->incarnations, set->count, position) % set->count;
        if (atomic_compare_exchange_weak_explicit(&set->cursor->position, &position, set->incarnations[at],
                                                  memory_order_relaxed, memory_order_relaxed))
            return at;
    }
}

/* Where @point (of 2^64) falls when members stand side by side, as broad as their weights. */
static size_t by_weight(const struct pick_set *set, uint64_t point)
{
    uint64_t total = set->weight_ends[set->count - 1];
    uint64_t at = (uint64_t)(((unsigned __int128)point * total) >> 64);
    return first_above(set->weight_ends, set->count, at);
}

/* Multiples of the golden ratio fill the interval as evenly as any sequence can, so the k-th pick needs nothing but k.
 * Source: Knuth, The Art of Computer Programming 3, 6.4, theorem S. */
static size_t weighted_round_robin(const struct pick_set *set)
{
    uint64_t turn = atomic_fetch_add_explicit(&set->weighted_cursor->position, 1, memory_order_relaxed);
    return by_weight(set, turn * UINT64_C(0x9e3779b97f4a7c15));
}

/* Of two at random the less loaded: nearly as even as the least loaded of all, without everybody running to the same
 * one. Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001. */
static size_t least_request(const struct registry_service_view *view, struct pick_set *set,
                            const struct registry_pick *pick)
{
    struct load **loads = pick_set_loads(set, view, pick->now_ms);
    size_t first = (size_t)((pick->random >> 32) * set->count >> 32);
    if (!loads)
        return first;
    size_t second = first;
    if (set->count > 1)
        second = (first + 1 + (size_t)((pick->random & UINT32_MAX) * (set->count - 1) >> 32)) % set->count;
    double first_score = load_score(loads[first], pick->now_ms, set->members[first]->message->weight);
    double second_score = load_score(loads[second], pick->now_ms, set->members[second]->message->weight);
    size_t winner = second_score < first_score ? second : first;
    load_pick(loads[winner], pick->now_ms);
    return winner;
}

/* Rendezvous hashing: each member draws a number from the key and its own name, the greatest wins; who leaves gives up
 * only the keys that were his. Source: Thaler and Ravishankar, 1998. */
static size_t rendezvous(const struct pick_set *set, const struct registry_pick *pick)
{
    uint64_t key = mrpc_maglev_hash(pick->hash_key, pick->hash_key_bytes, 0), best = 0;
    size_t winner = 0;
    for (size_t i = 0; i < set->count; i++) {
        const char *id = set->members[i]->message->key->id;
        uint64_t drawn = mrpc_maglev_hash(id, strlen(id), key);
        if (i == 0 || drawn > best) {
            best = drawn;
            winner = i;
        }
    }
    return winner;
}

static size_t choose(const struct registry_service_view *view, struct pick_set *set, const struct registry_pick *pick)
{
    switch (pick->policy) {
    case POLICY_WEIGHTED_RANDOM:
        return by_weight(set, pick->random);
    case POLICY_WEIGHTED_ROUND_ROBIN:
        return weighted_round_robin(set);
    case POLICY_LEAST_REQUEST:
        return least_request(view, set, pick);
    case POLICY_CONSISTENT_HASH:
        return rendezvous(set, pick);
    default:
        return round_robin(set);
    }
}

/* Whoever has the key's slot, then whoever comes next in the table: if the first is away, its keys spread over all. */
static size_t along_the_table(const struct pick_set *set, const struct mrpc_maglev *table,
                              const struct registry_pick *pick, struct registry_instance **out, size_t room)
{
    uint32_t slot = mrpc_maglev_slot(table, pick->hash_key, pick->hash_key_bytes);
    out[0] = set->members[table->slots[slot]];
    size_t written = 1;
    uint8_t *seen = room > 1 ? calloc(set->count, 1) : NULL;
    if (!seen)
        return written;
    seen[table->slots[slot]] = 1;
    for (uint32_t i = 1; written < room && i < table->size; i++) {
        uint32_t member = table->slots[(slot + i) % table->size];
        if (seen[member])
            continue;
        seen[member] = 1;
        out[written++] = set->members[member];
    }
    for (size_t i = 0; written < room; i++) /* too light for a slot of their own */
        if (!seen[i])
            out[written++] = set->members[i];
    free(seen);
    return written;
}

size_t registry_picks_choose(const struct registry_service_view *view, struct pick_set *set,
                             const struct registry_pick *pick, struct registry_instance **out, size_t room)
{
    if (set->count == 0 || room == 0)
        return 0;
    size_t wanted = set->count < room ? set->count : room;
    const struct mrpc_maglev *table = atomic_load_explicit(&set->table, memory_order_acquire);
    if (pick->policy == POLICY_CONSISTENT_HASH && table)
        return along_the_table(set, table, pick, out, wanted);
    size_t first = choose(view, set, pick);
    for (size_t i = 0; i < wanted; i++)
        out[i] = set->members[(first + i) % set->count];
    return wanted;
}
