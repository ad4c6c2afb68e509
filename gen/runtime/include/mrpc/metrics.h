/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_METRICS_H
#define MRPC_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>
#include <mrpc/error.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* Metrics of calls, with the names, labels and buckets of gRFC A66.
 *
 *     server   grpc.server.call.started, .duration, .sent_total_compressed_message_size, .rcvd_total_…
 *     client   grpc.client.attempt.started, .duration, .sent_total_compressed_message_size, .rcvd_total_…,
 *              grpc.client.call.duration
 *
 * Each thread records in a recorder of its own, without locks; a snapshot adds them up. Memory follows the methods that
 * the program has, not what peers send: calls of methods that a server does not have are not recorded. */

/* Unless a function says otherwise: Thread: the one that sets servers and channels up, before they start.
 * Ownership: *@out is the caller's and ended by the function named for it: _free(), or for a recorder _release(). */

struct mrpc_metrics;

struct mrpc_metrics_options {
    size_t struct_bytes;
    size_t series_max;          /* 0: 1000. Client methods x targets a recorder; further targets are "other" */
};

/** @options may be NULL. Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_metrics_new(const struct mrpc_metrics_options *options, struct mrpc_metrics **out) MRPC_MUST_USE;
/** After the servers that it was added to, and when nobody records any more. */
MRPC_API void mrpc_metrics_free(struct mrpc_metrics *metrics);

/** Record the calls of a server, as an interceptor: put it first, so that it sees those that others refuse. Several
 *  servers may share one. Loops 256 and above are not recorded. Errors: as mrpc_server_add_interceptor(). */
MRPC_API int mrpc_metrics_add_to_server(struct mrpc_metrics *metrics, struct mrpc_server *server) MRPC_MUST_USE;

struct mrpc_channel;
/** Record the calls of a channel, as an interceptor: put it first. Several channels may share one. Errors: as
 *  mrpc_channel_add_interceptor(); MRPC_ERR_NOMEM. */
MRPC_API int mrpc_metrics_add_to_channel(struct mrpc_metrics *metrics, struct mrpc_channel *channel) MRPC_MUST_USE;

/* Recording on the client's side
 * -------------------------------------------------------------------------------------*/

/** Where one thread at a time records; and what it records of one method and target. Both belong to the metrics. */
struct mrpc_metrics_recorder;
struct mrpc_metrics_series;

/** Thread: any. Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_metrics_recorder_new(struct mrpc_metrics *metrics, struct mrpc_metrics_recorder **out) MRPC_MUST_USE;
/** Record no more with it. What it has recorded stays; another thread may get it. Thread: any. */
MRPC_API void mrpc_metrics_recorder_release(struct mrpc_metrics_recorder *recorder);

/** Find or make; look it up once and keep it. @path is "/service/method", @target the canonical target of the
 *  channel, "dns:///host:443". Both are copied. Ownership: the metrics' own. NULL when out of memory, which the
 *  functions below take: nothing is recorded. Thread: the recorder's. */
MRPC_API struct mrpc_metrics_series *mrpc_metrics_client_series(struct mrpc_metrics_recorder *recorder,
                                                                const char *path, const char *target);

/* Thread: the recorder's. Ownership: the metrics' own. Allocate only when a series meets a status for the first
 * time. */
MRPC_API void mrpc_metrics_attempt_started(struct mrpc_metrics_series *series);
MRPC_API void mrpc_metrics_attempt_ended(struct mrpc_metrics_series *series, int code, int64_t duration_us,
                                         uint64_t sent_wire_bytes, uint64_t received_wire_bytes);
/** The call as its caller sees it, all attempts together. Thread: the recorder's. */
MRPC_API void mrpc_metrics_call_ended(struct mrpc_metrics_series *series, int code, int64_t duration_us);

/* Reading
 * ------------------------------------------------------------------------------------------------------------*/

enum mrpc_metric_type { MRPC_METRIC_COUNTER, MRPC_METRIC_HISTOGRAM };

/** An instrument: one of A66's. */
struct mrpc_metric {
    const char *name;           /* "grpc.server.call.duration" */
    const char *unit;           /* "s", "By", "{call}", "{attempt}" */
    const char *description;
    enum mrpc_metric_type type;
    const double *bounds;       /* of a histogram: upper ends, inclusive, bound_count of them, in the unit */
    size_t bound_count;
};

/** One value with its labels; NULL where an instrument does not have the label. */
struct mrpc_metric_point {
    const struct mrpc_metric *metric;
    const char *method;         /* grpc.method: "service/method" */
    const char *target;         /* grpc.target */
    const char *status;         /* grpc.status: "OK" */
    uint64_t count;             /* a counter's value, a histogram's number of values */
    double sum;                 /* of a histogram, in the unit */
    const uint64_t *buckets;    /* of a histogram: bound_count + 1, not cumulative; the last is over all bounds */
};

/** What was recorded until now, ordered by instrument, then method, target and status. Values of one call may have been
 *  recorded in part. */
struct mrpc_metrics_snapshot {
    const struct mrpc_metric_point *points;
    size_t count;
};
/** Thread: any. Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_metrics_snapshot(struct mrpc_metrics *metrics, struct mrpc_metrics_snapshot **out) MRPC_MUST_USE;
MRPC_API void mrpc_metrics_snapshot_free(struct mrpc_metrics_snapshot *snapshot);

#define MRPC_PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/** Write all that was recorded in Prometheus' text format: "grpc.server.call.duration" in "s" becomes
 *  grpc_server_call_duration_seconds. @write gets it piece by piece and returns 0, or an error that ends the writing.
 *  Thread: any; never blocks but in @write. Errors: MRPC_ERR_NOMEM, what @write returned. */
MRPC_API int mrpc_metrics_write_prometheus(struct mrpc_metrics *metrics,
                                           int (*write)(void *arg, const char *text, size_t size), void *arg)
    MRPC_MUST_USE;

MRPC_END_DECLS
#endif
