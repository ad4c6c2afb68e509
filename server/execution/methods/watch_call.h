/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_WATCH_CALL_H
#define MLT_EXECUTION_WATCH_CALL_H

#include <stdatomic.h>

#include "execution/engine.h"

/* A stream of what the execution loop tells, as fast as the client reads. It belongs to that loop; the call's callbacks
 * only post to it. One reference is the call's, one the loop's, one each posted task's. */

struct watch_call;

/** All on the execution loop. */
struct watch_call_kind {
    void (*attach)(struct watch_call *watch); /* once, first: begin to watch, or finish */
    void (*pump)(struct watch_call *watch);   /* there is room again */
    void (*leave)(struct watch_call *watch);  /* once, when it is finished: watch no more */
};

/** The first member of a watch. */
struct watch_call {
    _Atomic unsigned references;
    const struct watch_call_kind *kind;
    struct execution *engine;
    struct mrpc_call *call;
    char id[64]; /* of what is watched */
    bool finished;
};

/** What the handler returns. @watch is of calloc(), or NULL when out of memory, and taken. */
int watch_call_open(struct watch_call *watch, const struct watch_call_kind *kind, struct execution *engine,
                    struct mrpc_call *call, const char *id) MRPC_MUST_USE;
/** End the call, once. It may be gone behind it, unless a reference is held. Thread: the execution loop. */
void watch_call_finish(struct watch_call *watch, int code);
void watch_call_ref(struct watch_call *watch);
void watch_call_unref(struct watch_call *watch);

#endif
