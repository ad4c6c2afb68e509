/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_CLOCK_H
#define MLT_ACCESS_CLOCK_H

#include <stdint.h>

/* By which tokens run out: the wall's clock, but never less than has passed since the process began to look at it. So
 * whoever sets the clock back, or answers for it in the network, makes no token valid again that has run out; a clock
 * that was ahead for a while does no harm once it is right, unless it was so at the start. */
struct access_clock {
    int64_t wall_s, running_s; /* at the start */
};

void access_clock_begin(struct access_clock *clock);
/** In seconds since 1970. Thread: any. */
int64_t access_clock_now_s(const struct access_clock *clock);
/** The same from what the two clocks say. */
int64_t access_clock_at(const struct access_clock *clock, int64_t wall_s, int64_t running_s);

#endif
