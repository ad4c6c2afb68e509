/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/flapping.h"

#include <math.h>

static void decay(struct flapping *flapping, int64_t now_ms)
{
    flapping->penalty *= exp2f((float)(flapping->at_ms - now_ms) / FLAPPING_HALF_LIFE_MS);
    flapping->at_ms = now_ms;
}

void flapping_fall(struct flapping *flapping, int64_t now_ms)
{
    decay(flapping, now_ms);
    flapping->penalty = fminf(flapping->penalty + FLAPPING_FALL, FLAPPING_MOST);
    if (flapping->penalty >= FLAPPING_DAMP)
        flapping->is_damped = true;
}

int64_t flapping_left_ms(struct flapping *flapping, int64_t now_ms)
{
    if (!flapping->is_damped)
        return 0;
    decay(flapping, now_ms);
    if (flapping->penalty > FLAPPING_REUSE)
        return (int64_t)(log2f(flapping->penalty / FLAPPING_REUSE) * FLAPPING_HALF_LIFE_MS) + 1;
    flapping->is_damped = false;
    return 0;
}
