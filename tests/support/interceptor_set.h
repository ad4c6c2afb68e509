/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_INTERCEPTOR_SET_H
#define MLT_INTERCEPTOR_SET_H

#include <mrpc/authentication.h>
#include <mrpc/call_log.h>
#include <mrpc/metrics.h>
#include <mrpc/rate_limit.h>
#include <mrpc/trace.h>

/* The interceptors that come with the library, in the order in which a server has them. */

enum interceptor_kind {
    WITH_METRICS = 1,
    WITH_TRACING = 2,
    WITH_CALL_LOG = 4,
    WITH_AUTHENTICATION = 8,
    WITH_RATE_LIMIT = 16,
    WITH_ALL = 31,
};

/** Zeroed by its owner, who may set what is asked for. */
struct interceptor_set {
    unsigned kinds;                  /* of interceptor_kind */
    uint32_t lines_per_second;       /* 0: the library's default */
    struct mrpc_metrics *metrics;
    struct mrpc_tracing *tracing;
    struct mrpc_call_log *call_log;
    struct mrpc_authentication *authentication;
    struct mrpc_rate_limit *rate_limit;
    _Atomic unsigned lines;          /* that the log was given */
};

/** Make them and add them to @server; @set is a struct interceptor_set. Asserts. For driver_open_with(). */
void interceptor_set_add(struct mrpc_server *server, void *set);
/** After the server. */
void interceptor_set_fini(struct interceptor_set *set);

#endif
