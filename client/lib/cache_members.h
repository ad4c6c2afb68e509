/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CACHE_MEMBERS_H
#define MLT_CACHE_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mltrainer/mltrainer.h>
#include <mltrainer/registry/v1/registry.mrpc.h>
#include <mrpc/maglev.h>

/* What a cache knows of the instances of its service, and picking among them. No thread, no clock, no connection. */

struct cache_member {
    struct mlt_endpoint endpoint;
    uint64_t incarnation;
    uint32_t weight;
    bool healthy; /* and in service */
    bool near;    /* of the zone that is preferred */
};

struct cache_members {
    struct cache_member **all; /* each malloc'ed */
    size_t count;
    size_t capacity;
    const char *zone; /* preferred; NULL: none. Borrowed */
    bool changed;     /* what follows is out of date */

    /* Who may be picked, by incarnation (newcomers at the end, nobody ever changes place): the healthy ones, only those
     * that are near if there are any. */
    struct cache_member **candidates;
    uint64_t *incarnations;
    uint64_t *weight_ends;
    size_t candidate_count;
    struct mrpc_maglev *table; /* by key, as the registry has it; NULL until the first pick that needs it */
    uint64_t last; /* incarnation of the round robin's last pick */
    uint64_t weighted_turn;
};

void cache_members_fini(struct cache_members *members);
/** Take over what @source knows and leave it empty; the turns go on where they were. */
void cache_members_replace(struct cache_members *members, struct cache_members *source);
/** Add one that is not there yet; one without an endpoint cannot be picked and is left out. False when out of
 *  memory. */
bool cache_members_add(struct cache_members *members, const Mltrainer__Registry__V1__Instance *instance);
void cache_members_remove(struct cache_members *members, const char *id);
/** *@out is NULL when nobody can be picked. False when out of memory. */
bool cache_members_pick(struct cache_members *members, const struct mlt_pick *pick, const struct cache_member **out);
size_t cache_members_candidates(struct cache_members *members);

#endif
