/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/philox.h"

#include <string.h>

#define ROUNDS 10
#define MULTIPLIER_0 0xD2E7470EE14C6C93u
#define MULTIPLIER_1 0xCA5A826395121157u
#define WEYL_0 0x9E3779B97F4A7C15u
#define WEYL_1 0xBB67AE8584CAA73Bu

void philox4x64(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4])
{
    uint64_t x[4], k0 = key[0], k1 = key[1];

    memcpy(x, counter, sizeof(x));
    for (int round = 0; round < ROUNDS; round++) {
        unsigned __int128 a = (unsigned __int128)MULTIPLIER_0 * x[0];
        unsigned __int128 b = (unsigned __int128)MULTIPLIER_1 * x[2];
        uint64_t next[4] = {(uint64_t)(b >> 64) ^ x[1] ^ k0, (uint64_t)b, (uint64_t)(a >> 64) ^ x[3] ^ k1, (uint64_t)a};
        memcpy(x, next, sizeof(x));
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    memcpy(out, x, sizeof(x));
}
