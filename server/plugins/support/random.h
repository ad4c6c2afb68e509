/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_RANDOM_H
#define PLUGIN_SUPPORT_RANDOM_H

#include <mltrainer/plugin.h>

/* Random numbers of one stream of the host's generator (Philox4x64-10, counted): what comes depends on the call's seed,
 * the stream and how many were taken, and on nothing else. Give each tree, path or thread a stream of its own. Any
 * thread, one at a time a stream. */

#define RANDOM_BUFFER 64

struct random {
    const struct mltrainer_host *host;
    uint64_t stream;
    uint64_t position; /* of the next refill */
    size_t left;
    uint64_t buffer[RANDOM_BUFFER];
};

void random_start(struct random *random, const struct mltrainer_host *host, uint64_t stream);
uint64_t random_bits(struct random *random);
/** In [0, 1), 53 bits. */
double random_uniform(struct random *random);
/** Standard normal, by inversion: one number taken, one given. */
double random_normal(struct random *random);
/** In [0, @count), each equally often. @count >= 1. */
uint64_t random_below(struct random *random, uint64_t count);
/** Fisher and Yates. */
void random_shuffle(struct random *random, uint32_t *indexes, size_t count);

#endif
