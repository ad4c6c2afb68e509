/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SERVING_SERVE_H
#define MLT_EXECUTION_SERVING_SERVE_H

#include "execution/engine.h"

/* A prediction of few rows by a model that is open and, as a rule, restored in a worker: no file, no thread pool and no
 * execution loop on its way.
 *
 *     connection's loop            pool's thread        worker          pool's thread
 *     check, features, submit ──►  with others that ──► model stays ──► shape, encode, finish the call
 *                                  wait, together */

/** How a prediction ended. Lives during done(). */
struct served {
    struct fault fault;
    const struct table *table; /* "row", time, what the model gives */
    const char *sha256;        /* of the artifact */
    uint32_t version;
    const char *time_column;   /* of the artifact; "": none */
    int64_t preparing_us;      /* if that was asked for */
    int64_t queued_us, running_us;
};

struct serve_request {
    const char *reference;
    const API(DataReference) * data; /* lives until done() */
    bool last_row_only;
    const char *owner;       /* on whose behalf; copied */
    int64_t deadline_ms;     /* of the call: INT64_MAX for none */
    bool timed;              /* preparing_us is wanted */
    struct mrpc_arena *arena; /* lives until done() */
    /** Exactly once after serve_start() has returned 0, on the pool's thread, maybe before that. Does not block. */
    void (*done)(void *arg, const struct served *served);
    void *arg;
};

/** What serve_start() says of what it does not do: the model is not open, or the rows are many. */
#define SERVE_COLD (-1)

/** Predict, if the model is open. @ticket names it for process_pool_cancel(). Thread: any; the request's memory but for
 *  what it points to is done with when this returns. Returns 0, SERVE_COLD or a code with its fault: INVALID_ARGUMENT
 *  naming "data…", RESOURCE_EXHAUSTED, UNAVAILABLE. */
int serve_start(struct execution *engine, const struct serve_request *request, _Atomic uint64_t *ticket,
                struct fault *fault) MRPC_MUST_USE;

#endif
