/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_LIMITS_H
#define MRPC_SESSION_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/server.h>

/** @given with its zeroes replaced by the defaults that mrpc/server.h names. @given may be shorter than ours (an older
 *  program) or NULL. */
void mrpc_limits_resolve(const struct mrpc_limits *given, struct mrpc_limits *out);

/** A token bucket: @burst at once, then @per_second. A zeroed one is full. */
struct session_bucket {
    int64_t spent_milli;      /* tokens taken and not yet given back, times 1000 */
    int64_t touched_ms;
};

/** Take one token. False when there is none: the peer does this too often. */
bool mrpc_bucket_take(struct session_bucket *bucket, int64_t now_ms, int64_t burst, int64_t per_second);

#endif
