/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_PHILOX_H
#define MLT_WORKER_PHILOX_H

#include <stdint.h>

/** Four random words, a pure function of counter and key. Philox4x64 with 10 rounds.
 *  Source: Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3". */
void philox4x64(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4]);

#endif
