/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PICKS_H
#define REGISTRY_PICKS_H

#include "registry/view.h"

/* Choosing instances out of a view, without locks. Thread: any. */

struct registry_pick {
    enum registry_policy {
        POLICY_ROUND_ROBIN = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_ROUND_ROBIN,
        POLICY_WEIGHTED_ROUND_ROBIN = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_WEIGHTED_ROUND_ROBIN,
        POLICY_WEIGHTED_RANDOM = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_WEIGHTED_RANDOM,
        POLICY_CONSISTENT_HASH = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_CONSISTENT_HASH,
    } policy;
    const PB(InstanceFilter) * filter;
    const char *prefer_zone; /* "" for none */
    const void *hash_key;
    size_t hash_key_bytes;
    uint64_t random; /* for WEIGHTED_RANDOM: uniform in 64 bits */
};

/** Fill @out (room for @room) with the pick and those that follow it; *@candidates receives how many pass. Returns how
 * many were written. @scratch has room for view->count pointers. The pointers live as long as the view. */
size_t registry_picks_choose(const struct registry_service_view *view, const struct registry_pick *pick,
                             struct registry_instance **scratch, struct registry_instance **out, size_t room,
                             size_t *candidates);

#endif
