/* SPDX-License-Identifier: Apache-2.0 */
#include "client/backoff.h"

#define MULTIPLIER 1.6
#define JITTER 0.2

/* splitmix64 (Steele, Lea, Flood 2014): jitter needs spread, not secrecy. */
static double random_unit(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1.0p-53;
}

int64_t mrpc_backoff_next_ms(struct mrpc_backoff *backoff)
{
    double wait_ms = backoff->next_ms > 0 ? backoff->next_ms : (double)backoff->base_ms;
    if (wait_ms > (double)backoff->max_ms)
        wait_ms = (double)backoff->max_ms;
    backoff->next_ms = wait_ms * MULTIPLIER;
    double jitter = (random_unit(&backoff->random) * 2 - 1) * JITTER;
    return (int64_t)(wait_ms * (1 + jitter));
}

void mrpc_backoff_reset(struct mrpc_backoff *backoff)
{
    backoff->next_ms = 0;
}
