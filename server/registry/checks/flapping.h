/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_FLAPPING_H
#define REGISTRY_CHECKS_FLAPPING_H

#include <stdbool.h>
#include <stdint.h>

/* A check that goes up and down costs its callers more than one that is down: after a few falls in a short time its
 * passes do not count until it has been quiet. Each fall adds a penalty that halves every two minutes; three falls
 * within about a minute damp the check, until the penalty is down to that of one. Source: RFC 2439, route flap
 * damping. */

enum {
    FLAPPING_FALL = 1000,
    FLAPPING_DAMP = 2500,
    FLAPPING_REUSE = 1000,
    FLAPPING_MOST = 8000, /* so that it never takes longer than three half-lives */
    FLAPPING_HALF_LIFE_MS = 120000,
};

struct flapping {
    float penalty; /* at at_ms */
    bool is_damped;
    int64_t at_ms;
};

/** It has fallen. */
void flapping_fall(struct flapping *flapping, int64_t now_ms);
/** How long passes do not count yet; 0: they count. */
int64_t flapping_left_ms(struct flapping *flapping, int64_t now_ms);

#endif
