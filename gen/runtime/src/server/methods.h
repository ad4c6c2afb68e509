/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_METHODS_H
#define MRPC_SERVER_METHODS_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/service.h>

/** One method and who implements it. */
struct method_entry {
    const struct mrpc_method *method;
    const struct mrpc_invoke *invoke;
    const void *handlers;
    void *self;
    size_t path_bytes;
    uint32_t hash;
};

/** Methods by path, filled before the start and only read afterwards: open addressing, at most half full. */
struct method_table {
    struct method_entry *entries;
    size_t capacity;                        /* a power of two, or 0 */
    size_t count;
    const struct mrpc_service **services;   /* in the order in which they were added */
    size_t service_count;
};

/** Errors: MRPC_ERR_INVALID when a service of that name is there, MRPC_ERR_NOMEM. */
int mrpc_methods_add(struct method_table *table, const struct mrpc_skeleton *skeleton, const void *handlers, void *self)
    MRPC_MUST_USE;
/** NULL when there is none. Thread: any, once filled. */
const struct method_entry *mrpc_methods_find(const struct method_table *table, const char *path, size_t path_bytes);
void mrpc_methods_fini(struct method_table *table);

#endif
