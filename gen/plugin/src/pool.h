/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_POOL_H
#define PLUGIN_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

/** All memory of one run of the plugin: it is handed out, never taken back, and freed in one step at the end. A plugin
 *  runs for a few milliseconds; when memory is out it says so and exits with 1, so that nothing here returns NULL. */
struct pool {
    struct pool_block *blocks;
    ProtobufCAllocator allocator; /* the same memory, as protobuf-c wants to be given it */
};

void pool_init(struct pool *pool);
void pool_fini(struct pool *pool);

/** Zeroed, aligned for any type. */
void *pool_alloc(struct pool *pool, size_t bytes);
char *pool_strdup(struct pool *pool, const char *text);
char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
