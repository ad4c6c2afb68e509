/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_RATE_LIMIT_H
#define MRPC_RATE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* How often one caller may call: a token bucket for each identity, and for each address of those that have none (an
 * IPv6 network of 64 bits counts as one, and all of a unix socket as one). An interceptor (mrpc/interceptor.h); put it
 * behind the one that authenticates. Who is over the rate gets RESOURCE_EXHAUSTED with RetryInfo. */

struct mrpc_rate_limit_options {
    size_t struct_bytes;
    uint32_t calls_per_second;     /* 1 … 1,000,000,000 */
    uint32_t burst;                /* that a caller may make at once; 0: as many as in a second */
    /** Callers known at a time, 16 bytes each; 0: 16,384. When there are more, the one that is nearest to a full bucket
     *  is forgotten, which gives it a new one. */
    size_t callers_max;
    /** True: this call is not counted. On the loop thread. NULL: every call is. */
    bool (*exempt)(void *arg, const struct mrpc_call *call);
    void *arg;
};

struct mrpc_rate_limit;

/* Unless a function says otherwise: Thread: the one that sets the servers up, before their start. Ownership:
 * options are copied, but for @arg, which is borrowed; *@out is ended by mrpc_rate_limit_free(). */

/** Errors: MRPC_ERR_INVALID, MRPC_ERR_NOMEM, MRPC_ERR_SYSTEM when there is no randomness. */
MRPC_API int mrpc_rate_limit_new(const struct mrpc_rate_limit_options *options, struct mrpc_rate_limit **out)
    MRPC_MUST_USE;
/** After the servers that it was added to. */
MRPC_API void mrpc_rate_limit_free(struct mrpc_rate_limit *limit);
/** Servers that share one share the buckets. Errors: as mrpc_server_add_interceptor(). */
MRPC_API int mrpc_rate_limit_add_to_server(struct mrpc_rate_limit *limit, struct mrpc_server *server) MRPC_MUST_USE;
/** Calls refused so far. Thread: any. */
MRPC_API uint64_t mrpc_rate_limit_refused(const struct mrpc_rate_limit *limit);

MRPC_END_DECLS
#endif
