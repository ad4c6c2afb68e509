/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_SCHEDULE_H
#define REGISTRY_CHECKS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When checks run. Each has its own phase in its interval, from a hash of its name, and returns to it after whatever
 * came between: so the load is even, however they were registered and whenever the server was started. Jitter of 10 %
 * around it. Runs that are wanted sooner (a first one, one after a result that speaks against the state) are hurried:
 * together at most SCHEDULE_HURRIED_PER_S, so that when everything fails at once the load stays what it was. Pure. */

enum { SCHEDULE_HURRIED_PER_S = 500, SCHEDULE_SOON_MS = 1000, SCHEDULE_FIRST_MS = 250 };

/** How far from a run the next regular one is at least: more than a run can have been early at its turn, so that it is
 *  not followed by another for the same turn; and little, so that after one that came between nobody waits longer than
 *  an interval and this. */
static inline int64_t schedule_apart_ms(int64_t interval_ms)
{
    return interval_ms / 16;
}

/** From @now_ms to the next regular run, @least_ms away at least but for the jitter: schedule_apart_ms() after a run, 0
 *  when none is known. @random: any. */
int64_t schedule_regular_ms(uint64_t phase, int64_t interval_ms, int64_t now_ms, int64_t least_ms, uint64_t random);

/** To a run that is wanted about @wanted_ms from now while @hurried_count others are hurried too; 0 when that is no
 *  sooner than a regular one. */
int64_t schedule_hurried_ms(int64_t wanted_ms, int64_t interval_ms, size_t hurried_count, uint64_t random);

#endif
