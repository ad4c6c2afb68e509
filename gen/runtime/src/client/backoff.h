/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_BACKOFF_H
#define MRPC_CLIENT_BACKOFF_H

#include <stdint.h>

/** How long to wait between attempts to connect: base x 1.6^n, at most max, each jittered by +-20 %, so that clients
 *  that lost one server do not return together. Source: gRPC connection-backoff.md. */
struct mrpc_backoff {
    uint32_t base_ms;
    uint32_t max_ms;
    double next_ms;  /* before jitter; 0: base */
    uint64_t random; /* state of a splitmix64 generator; any seed */
};

/** The wait before the next attempt, measured from the start of the one that failed. */
int64_t mrpc_backoff_next_ms(struct mrpc_backoff *backoff);
/** An attempt succeeded. */
void mrpc_backoff_reset(struct mrpc_backoff *backoff);

#endif
