/* SPDX-License-Identifier: Apache-2.0 */
#include "access/clock.h"

#include <time.h>

static int64_t seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec;
}

void access_clock_begin(struct access_clock *clock)
{
    *clock = (struct access_clock){seconds_of(CLOCK_REALTIME), seconds_of(CLOCK_BOOTTIME)};
}

int64_t access_clock_at(const struct access_clock *clock, int64_t wall_s, int64_t running_s)
{
    int64_t least_s = clock->wall_s + running_s - clock->running_s;
    return wall_s > least_s ? wall_s : least_s;
}

int64_t access_clock_now_s(const struct access_clock *clock)
{
    return access_clock_at(clock, seconds_of(CLOCK_REALTIME), seconds_of(CLOCK_BOOTTIME));
}
