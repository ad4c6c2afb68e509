/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_INTERCEPTORS_H
#define MLT_API_INTERCEPTORS_H

#include <mrpc/server.h>

#include "access/access.h"
#include "config/config.h"
#include "log/log.h"
#include "trace/trace.h"

/* What the configuration puts between calls and services: metrics, traces, a line a call, who gets in,
 * a rate limit. */

struct interceptors;

struct interceptors_options {
    const struct config *config;
    struct log *log;
    struct trace_ring *traces;
    struct access *access;
};

/** Add them to @server. Freed after it. Errors: MRPC_INVALID_ARGUMENT naming the key, MRPC_RESOURCE_EXHAUSTED. */
int interceptors_new(const struct interceptors_options *options, struct mrpc_server *server, struct interceptors **out,
                     struct fault *fault) MRPC_MUST_USE;
void interceptors_free(struct interceptors *interceptors);

/** What measures calls; NULL where the key metrics is false. */
struct mrpc_metrics *interceptors_metrics(const struct interceptors *interceptors);
/** In Prometheus' text format. Thread: any. Errors: MRPC_ERR_NOMEM, what @write returns. */
int interceptors_write_metrics(const struct interceptors *interceptors,
                               int (*write)(void *arg, const char *text, size_t size), void *arg) MRPC_MUST_USE;

#endif
