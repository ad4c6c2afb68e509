/* SPDX-License-Identifier: Apache-2.0 */
#include "api/limits.h"

#include <stddef.h>
#include <string.h>

#define LIMIT(KEY, MEMBER)                                                                                             \
    {                                                                                                                  \
        "limits." KEY, offsetof(struct mrpc_limits, MEMBER)                                                            \
    }

/* All members are 32 bits wide; limits_test.c holds that none is missing. */
static const struct {
    const char *key;
    size_t offset;
} limits[] = {
    LIMIT("connections", connections),
    LIMIT("connections_per_ip", connections_per_ip),
    LIMIT("concurrent_streams", concurrent_streams),
    LIMIT("header_list", header_list_bytes),
    LIMIT("receive_message", receive_message_bytes),
    LIMIT("send_message", send_message_bytes),
    LIMIT("decoded_message", decoded_message_bytes),
    LIMIT("connection_memory", connection_memory_bytes),
    LIMIT("stream_window", stream_window_bytes),
    LIMIT("connection_window", connection_window_bytes),
    LIMIT("handshake_timeout", handshake_timeout_ms),
    LIMIT("header_block_timeout", header_block_timeout_ms),
    LIMIT("first_message_timeout", first_message_timeout_ms),
    LIMIT("send_stall_timeout", send_stall_timeout_ms),
    LIMIT("keepalive_time", keepalive_time_ms),
    LIMIT("keepalive_timeout", keepalive_timeout_ms),
    LIMIT("ping_interval_min", ping_interval_min_ms),
    LIMIT("connection_idle", connection_idle_ms),
    LIMIT("connection_age", connection_age_ms),
    LIMIT("connection_age_grace", connection_age_grace_ms),
    LIMIT("message_timeout", message_timeout_ms),
};

struct mrpc_limits limits_read(const struct config *config)
{
    struct mrpc_limits out = {.struct_bytes = sizeof out};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t value = (uint32_t)config_number(config, limits[i].key);
        memcpy((char *)&out + limits[i].offset, &value, sizeof value);
    }
    return out;
}
