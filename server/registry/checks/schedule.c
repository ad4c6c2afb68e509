/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/schedule.h"

/* In [-ms/2, ms/2]. */
static int64_t around(int64_t ms, uint64_t random)
{
    return (int64_t)(random % (uint64_t)(ms + 1)) - ms / 2;
}

int64_t schedule_regular_ms(uint64_t phase, int64_t interval_ms, int64_t now_ms, int64_t least_ms, uint64_t random)
{
    int64_t offset_ms = (int64_t)(phase % (uint64_t)interval_ms);
    int64_t beyond_ms = (now_ms + least_ms - offset_ms) % interval_ms;
    if (beyond_ms < 0)
        beyond_ms += interval_ms;
    int64_t after_ms = least_ms + (interval_ms - beyond_ms) + around(interval_ms / 10, random);
    return after_ms > 0 ? after_ms : 0;
}

int64_t schedule_hurried_ms(int64_t wanted_ms, int64_t interval_ms, size_t hurried_count, uint64_t random)
{
    int64_t fair_ms = (int64_t)hurried_count * 1000 / SCHEDULE_HURRIED_PER_S;
    int64_t ms = wanted_ms > fair_ms ? wanted_ms : fair_ms;
    if (ms >= interval_ms)
        return 0;
    /* Those that share an occasion spread over the whole time; one alone comes when it is wanted. */
    return fair_ms > wanted_ms ? (int64_t)(random % (uint64_t)(2 * ms)) + 1 : ms + around(ms / 10, random);
}
