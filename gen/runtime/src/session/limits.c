/* SPDX-License-Identifier: Apache-2.0 */

#include "session/limits.h"

#include <string.h>

static void or_default(uint32_t *value, uint32_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

void mrpc_limits_resolve(const struct mrpc_limits *given, struct mrpc_limits *out)
{
    struct mrpc_limits limits = {0};
    if (given != NULL) {
        size_t known = given->struct_bytes == 0 || given->struct_bytes > sizeof(limits) ? sizeof(limits)
                                                                                          : given->struct_bytes;
        memcpy(&limits, given, known);
    }
    limits.struct_bytes = sizeof(limits);
    or_default(&limits.connections, 10000);
    or_default(&limits.connections_per_ip, 200);
    or_default(&limits.concurrent_streams, 100);
    or_default(&limits.header_list_bytes, 8 << 10);
    or_default(&limits.receive_message_bytes, 4 << 20);
    or_default(&limits.send_message_bytes, 16 << 20);
    or_default(&limits.decoded_message_bytes, 64 << 20);
    or_default(&limits.connection_memory_bytes, 16 << 20);
    or_default(&limits.stream_window_bytes, 64 << 10);
    or_default(&limits.connection_window_bytes, 1 << 20);
    or_default(&limits.handshake_timeout_ms, 10 * 1000);
    or_default(&limits.header_block_timeout_ms, 10 * 1000);
    or_default(&limits.first_message_timeout_ms, 30 * 1000);
    or_default(&limits.send_stall_timeout_ms, 60 * 1000);
    or_default(&limits.keepalive_time_ms, 2 * 3600 * 1000);
    or_default(&limits.keepalive_timeout_ms, 20 * 1000);
    or_default(&limits.ping_interval_min_ms, 5 * 60 * 1000);
    or_default(&limits.connection_idle_ms, 15 * 60 * 1000);
    or_default(&limits.connection_age_ms, 3600 * 1000);
    or_default(&limits.connection_age_grace_ms, 5 * 60 * 1000);
    or_default(&limits.message_timeout_ms, 10 * 60 * 1000);
    *out = limits;
}

bool mrpc_bucket_take(struct session_bucket *bucket, int64_t now_ms, int64_t burst, int64_t per_second)
{
    int64_t refill = (now_ms - bucket->touched_ms) * per_second;   /* milli-tokens: 1/1000 s times 1000 */
    bucket->touched_ms = now_ms;
    bucket->spent_milli = bucket->spent_milli > refill ? bucket->spent_milli - refill : 0;
    if (bucket->spent_milli + 1000 > burst * 1000)
        return false;
    bucket->spent_milli += 1000;
    return true;
}
