/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_OPEN_CALLS_H
#define MLT_ACCESS_OPEN_CALLS_H

#include <stdbool.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

/* Streams that are open, so that those whose caller may not have them any more can be ended: a token runs out or is
 * revoked, the policy is another one. Each loop keeps its own; a look at them runs on that loop.
 *
 * Unary calls are not kept: they end by themselves, and answer what was right when they came. */

struct open_calls;

/** What is asked of each stream, on its loop. */
struct open_calls_judge {
    /** What it was let in with, when it begins: kept for the question below, for a call that waits forgets its
     *  request. */
    const void *(*ticket)(void *arg, struct mrpc_call *call);
    bool (*may_go_on)(void *arg, struct mrpc_call *call, const void *ticket);
    void *arg;
};

/** Errors: MRPC_ERR_NOMEM. */
int open_calls_new(const struct open_calls_judge *judge, struct open_calls **out) MRPC_MUST_USE;
/** After the server. */
void open_calls_free(struct open_calls *calls);
/** As an interceptor, behind the one that says who calls. Errors: as mrpc_server_add_interceptor(). */
int open_calls_add_to_server(struct open_calls *calls, struct mrpc_server *server) MRPC_MUST_USE;
/** Have every loop look at its calls soon and end, with UNAUTHENTICATED, those that may not go on. Thread: any. */
void open_calls_look(struct open_calls *calls);

#endif
