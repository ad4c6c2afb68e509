/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HEALTH_H
#define REGISTRY_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/message.h"

/* From single results to a state. Pure. */

struct health_check {
    enum registry_health state;
    uint32_t pending_count; /* results in a row that speak against the state */
};

struct health_thresholds {
    uint32_t rise;
    uint32_t fall;
};

/** Take one result. Returns true when the state changed. From UNKNOWN the first pass counts at once; failures need
 * `fall` in any case. */
bool health_take(struct health_check *check, const struct health_thresholds *thresholds, bool passed);

/** All of them together: UNHEALTHY if one is, else UNKNOWN if one is, else HEALTHY. No checks: HEALTHY (the lease
 *  tells). */
enum registry_health health_overall(const struct health_check *checks, size_t count);

#endif
