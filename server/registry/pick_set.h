/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PICK_SET_H
#define REGISTRY_PICK_SET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/message.h"

/* Who comes into question for one filter in one view of a service, found once and then shared by every Discover: the
 * filter is not applied, nor the list walked, for each call. A view keeps a few of them; they are made by whoever needs
 * one first, and end with the view. */

struct load;
struct mrpc_maglev;
struct registry_cursor;
struct registry_instance;
struct registry_service_view;

enum { PICK_SETS_A_VIEW = 8, PICK_KEY_MAX = 512 };

struct pick_set {
    uint64_t hash; /* of the key; 0 for no filter and no zone */
    size_t key_bytes;
    uint8_t *key;
    size_t count;
    struct registry_instance **members; /* by incarnation: newcomers at the end, nobody changes place; the view's */
    uint64_t *incarnations;             /* theirs */
    uint64_t *weight_ends;              /* sums of weights up to and with each */
    struct registry_cursor *cursor;     /* of plain turns */
    struct registry_cursor *weighted_cursor;
    _Atomic(struct mrpc_maglev *) table; /* NULL until pick_set_prepare_hash() */
    _Atomic(struct load **) loads;  /* NULL until pick_set_loads() */
};

/** The view's part. */
struct pick_sets {
    _Atomic(struct pick_set *) slots[PICK_SETS_A_VIEW]; /* the first belongs to no filter, no zone */
};
void pick_sets_fini(struct pick_sets *sets);

/** The set for a checked filter; @prefer_zone "": none. *@own is true when the view keeps no more and the set is the
 *  caller's, for pick_set_free(). NULL with *@too_large: there is none yet, and it would have to be sought among more
 *  than
 *  @make_max instances; NULL without: out of memory. Thread: any. */
struct pick_set *pick_set_find(const struct registry_service_view *view, const PB(InstanceFilter) * filter,
                               const char *prefer_zone, size_t make_max, bool *own, bool *too_large);
void pick_set_free(struct pick_set *set);

/** Make the hash table, if it is not there. False when out of memory. Too slow for a connection loop. */
bool pick_set_prepare_hash(struct pick_set *set);
/** The members' loads; NULL when out of memory. */
struct load **pick_set_loads(struct pick_set *set, const struct registry_service_view *view, int64_t now_ms);

#endif
