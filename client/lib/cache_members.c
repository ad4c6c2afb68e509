/* SPDX-License-Identifier: Apache-2.0 */
#include "cache_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 200000 }; /* what a registry holds at most */

static void free_all(struct cache_members *members)
{
    for (size_t i = 0; i < members->count; i++)
        free(members->all[i]);
    free(members->all);
}

void cache_members_fini(struct cache_members *members)
{
    free_all(members);
    free(members->candidates);
    free(members->incarnations);
    free(members->weight_ends);
    free(members->table);
    *members = (struct cache_members){.zone = members->zone};
}

void cache_members_replace(struct cache_members *members, struct cache_members *source)
{
    free_all(members);
    members->all = source->all;
    members->count = source->count;
    members->capacity = source->capacity;
    members->changed = true;
    source->all = NULL;
    source->count = source->capacity = 0;
}

/* --- who is there ------------------------------------------------------------------------------------------------- */

void cache_members_remove(struct cache_members *members, const char *id)
{
    size_t at = 0;
    while (at < members->count && strcmp(members->all[at]->endpoint.id, id) != 0)
        at++;
    if (at == members->count)
        return;
    free(members->all[at]);
    members->all[at] = members->all[--members->count];
    members->changed = true;
}

static bool in_service(const Mltrainer__Registry__V1__InstanceStatus *status)
{
    return status && status->state == MLTRAINER__REGISTRY__V1__HEALTH_STATE__HEALTH_STATE_HEALTHY &&
           (status->operator_state == MLTRAINER__REGISTRY__V1__OPERATOR_STATE__OPERATOR_STATE_UNSPECIFIED ||
            status->operator_state == MLTRAINER__REGISTRY__V1__OPERATOR_STATE__OPERATOR_STATE_ACTIVE);
}

static struct cache_member *member_new(const struct cache_members *members,
                                       const Mltrainer__Registry__V1__Instance *instance)
{
    struct cache_member *member = malloc(sizeof *member);
    if (!member)
        return NULL;
    *member = (struct cache_member){
        .incarnation = (uint64_t)instance->incarnation,
        .weight = instance->weight ? instance->weight : 1,
        .healthy = in_service(instance->status),
        .near = members->zone && strcmp(members->zone, instance->zone) == 0,
        .endpoint.port = (uint16_t)instance->endpoints[0]->port,
    };
    snprintf(member->endpoint.address, sizeof member->endpoint.address, "%s", instance->endpoints[0]->address);
    snprintf(member->endpoint.id, sizeof member->endpoint.id, "%s", instance->key->id);
    return member;
}

bool cache_members_add(struct cache_members *members, const Mltrainer__Registry__V1__Instance *instance)
{
    if (instance->n_endpoints == 0 || !instance->key)
        return true;
    if (members->count == MEMBERS_MAX)
        return false;
    if (members->count == members->capacity) {
        size_t capacity = members->capacity ? 2 * members->capacity : 16;
        struct cache_member **grown = realloc(members->all, capacity * sizeof *grown);
        if (!grown)
            return false;
        members->all = grown;
        members->capacity = capacity;
    }
    struct cache_member *member = member_new(members, instance);
    if (!member)
        return false;
    members->all[members->count++] = member;
    members->changed = true;
    return true;
}

/* --- who may be picked -------------------------------------------------------------------------------------------- */

static int compare_incarnations(const void *a, const void *b)
{
    uint64_t x = (*(struct cache_member *const *)a)->incarnation, y = (*(struct cache_member *const *)b)->incarnation;
    return (x > y) - (x < y);
}

static bool make_room(struct cache_members *members)
{
    size_t room = members->count + 1;
    free(members->candidates);
    free(members->incarnations);
    free(members->weight_ends);
    free(members->table);
    members->table = NULL;
    members->candidate_count = 0;
    members->candidates = malloc(room * sizeof *members->candidates);
    members->incarnations = malloc(room * sizeof *members->incarnations);
    members->weight_ends = malloc(room * sizeof *members->weight_ends);
    return members->candidates && members->incarnations && members->weight_ends;
}

static bool choose_candidates(struct cache_members *members)
{
    if (!members->changed)
        return true;
    if (!make_room(members))
        return false;
    bool any_near = false;
    for (size_t i = 0; i < members->count; i++)
        any_near = any_near || (members->all[i]->healthy && members->all[i]->near);
    for (size_t i = 0; i < members->count; i++)
        if (members->all[i]->healthy && (!any_near || members->all[i]->near))
            members->candidates[members->candidate_count++] = members->all[i];
    if (members->candidate_count)
        qsort(members->candidates, members->candidate_count, sizeof *members->candidates, compare_incarnations);
    uint64_t weight = 0;
    for (size_t i = 0; i < members->candidate_count; i++) {
        members->incarnations[i] = members->candidates[i]->incarnation;
        members->weight_ends[i] = weight += members->candidates[i]->weight;
    }
    members->changed = false;
    return true;
}

size_t cache_members_candidates(struct cache_members *members)
{
    return choose_candidates(members) ? members->candidate_count : 0;
}

/* The first of @ends (growing) that is above @point, or @count. */
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

/* --- picking ------------------------------------------------------------------------------------------------------ */

/* As the registry does it: the turn is an incarnation, so that who comes and goes disturbs nobody else's. */
static size_t round_robin(struct cache_members *members)
{
    size_t at = first_above(members->incarnations, members->candidate_count, members->last) % members->candidate_count;
    members->last = members->incarnations[at];
    return at;
}

/* Multiples of the golden ratio, as the registry has them: smooth, and in proportion. */
static size_t weighted(struct cache_members *members)
{
    uint64_t total = members->weight_ends[members->candidate_count - 1];
    uint64_t point = members->weighted_turn++ * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t at = (uint64_t)(((unsigned __int128)point * total) >> 64);
    return first_above(members->weight_ends, members->candidate_count, at);
}

static bool fill_table(struct cache_members *members)
{
    if (members->table)
        return true;
    struct mrpc_maglev_member *named = malloc(members->candidate_count * sizeof *named);
    if (!named)
        return false;
    for (size_t i = 0; i < members->candidate_count; i++)
        named[i] = (struct mrpc_maglev_member){members->candidates[i]->endpoint.id, members->candidates[i]->weight};
    members->table = mrpc_maglev_new(named, members->candidate_count);
    free(named);
    return members->table;
}

bool cache_members_pick(struct cache_members *members, const struct mlt_pick *pick, const struct cache_member **out)
{
    *out = NULL;
    if (!choose_candidates(members))
        return false;
    if (members->candidate_count == 0)
        return true;
    if (pick->policy == MLT_PICK_BY_KEY && !fill_table(members))
        return false;
    size_t at = pick->policy == MLT_PICK_BY_KEY
                    ? members->table->slots[mrpc_maglev_slot(members->table, pick->key, pick->key_bytes)]
                : pick->policy == MLT_PICK_WEIGHTED ? weighted(members)
                                                    : round_robin(members);
    *out = members->candidates[at];
    return true;
}
