/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_OTLP_EXPORTER_H
#define MLT_OTLP_EXPORTER_H

#include <stdint.h>

#include "fault/fault.h"
#include "log/log.h"
#include "trace/trace.h"

/* Sends followed calls as spans to a collector of OpenTelemetry, in batches, over our own client:
 *
 *     a call ends ──► its number into a bounded queue ──► a thread reads the records from the ring ──► Export
 *
 * A call waits for nothing and nobody: what the queue has no room for, what the ring has forgotten by then and what the
 * collector does not take after a few tries is dropped and counted. Left out are calls whose caller says that its trace
 * is not recorded: a span without its parents helps nobody. */

struct otlp_exporter;

struct otlp_options {
    const char *endpoint;            /* "http://127.0.0.1:4317" or "https://…"; NULL: nothing is sent */
    const char *ca_file;             /* PEM; NULL: the system's */
    const char *headers;             /* "authorization=Bearer%20…"; NULL: none. In clear text on this machine alone */
    const char *resource_attributes; /* "deployment.environment=test"; NULL: none */
    const char *service_name;        /* NULL: mltrainerd */
};

/** Borrows @ring, which must outlive it, and @log; copies the options. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
int otlp_exporter_new(const struct otlp_options *options, struct trace_ring *ring, struct log *log,
                      struct otlp_exporter **out, struct fault *fault) MRPC_MUST_USE;
/** Starts its thread. Errors: RESOURCE_EXHAUSTED. */
int otlp_exporter_start(struct otlp_exporter *exporter, struct fault *fault) MRPC_MUST_USE;
/** Sends what waits, for at most a second, and ends the thread. */
void otlp_exporter_stop(struct otlp_exporter *exporter);
/** When no call can end any more. */
void otlp_exporter_free(struct otlp_exporter *exporter);

/** Its part of GET /metrics; none where nothing is sent. Thread: any. Errors: what @write returns. */
int otlp_exporter_write_metrics(const struct otlp_exporter *exporter,
                                int (*write)(void *arg, const char *text, size_t size), void *arg);

#endif
