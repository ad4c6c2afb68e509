/* SPDX-License-Identifier: Apache-2.0 */
#include "support/random.h"

#include "support/distribution.h"

void random_start(struct random *random, const struct mltrainer_host *host, uint64_t stream)
{
    random->host = host;
    random->stream = stream;
    random->position = 0;
    random->left = 0;
}

uint64_t random_bits(struct random *random)
{
    if (random->left == 0) {
        random->host->random(random->host, random->stream, random->position, random->buffer, RANDOM_BUFFER);
        random->position += RANDOM_BUFFER;
        random->left = RANDOM_BUFFER;
    }
    return random->buffer[RANDOM_BUFFER - random->left--];
}

double random_uniform(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

double random_normal(struct random *random)
{
    /* the middle of each of 2^53 equal parts of (0, 1): never 0 or 1 */
    return distribution_normal_quantile(((double)(random_bits(random) >> 12) + 0.5) * 0x1p-52);
}

__extension__ typedef unsigned __int128 wide;

/* Lemire (2019), "Fast random integer generation in an interval": multiply, and draw again where it would be uneven. */
uint64_t random_below(struct random *random, uint64_t count)
{
    uint64_t least = -count % count;

    for (;;) {
        wide product = (wide)random_bits(random) * count;
        if ((uint64_t)product >= least)
            return (uint64_t)(product >> 64);
    }
}

void random_shuffle(struct random *random, uint32_t *indexes, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(random, i);
        uint32_t kept = indexes[i - 1];
        indexes[i - 1] = indexes[other];
        indexes[other] = kept;
    }
}
