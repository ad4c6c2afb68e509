/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PICKS_H
#define REGISTRY_PICKS_H

#include "registry/pick_set.h"
#include "registry/view.h"

/* Choosing instances out of a view, without locks. Thread: any. */

struct registry_pick {
    enum registry_policy {
        POLICY_ROUND_ROBIN = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_ROUND_ROBIN,
        POLICY_WEIGHTED_ROUND_ROBIN = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_WEIGHTED_ROUND_ROBIN,
        POLICY_WEIGHTED_RANDOM = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_WEIGHTED_RANDOM,
        POLICY_LEAST_REQUEST = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_LEAST_REQUEST,
        POLICY_CONSISTENT_HASH = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_CONSISTENT_HASH,
    } policy;
    const void *hash_key;
    size_t hash_key_bytes;
    uint64_t random; /* for WEIGHTED_RANDOM and LEAST_REQUEST: uniform in 64 bits */
    int64_t now_ms;  /* for LEAST_REQUEST: CLOCK_MONOTONIC */
};

/** Fill @out (room for @room) with the pick and those that would follow it, out of @set, which is of @view. Returns how
 *  many were written. The pointers live as long as the view. CONSISTENT_HASH goes by the table of the set; one that has
 *  none (pick_set_prepare_hash) picks by rendezvous, and other instances. */
size_t registry_picks_choose(const struct registry_service_view *view, struct pick_set *set,
                             const struct registry_pick *pick, struct registry_instance **out, size_t room);

#endif
