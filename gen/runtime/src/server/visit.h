/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_VISIT_H
#define MRPC_SERVER_VISIT_H

#include <mrpc/attributes.h>

#include "server/inbox.h"

struct mrpc_server;
struct server_loop;

/** A round through the loops of a server, one after the other, each on its own thread: for what must be gathered from
 *  all connections. Embed it in what is gathered; it belongs to the round until done(). A loop does not end before a
 *  round that is on its way to it has passed. */
struct loop_visit {
    struct inbox_task task;
    struct mrpc_server *server;
    unsigned at;
    void (*look)(struct loop_visit *visit, struct server_loop *loop);
    /** Once, on the thread of the last loop that was visited: fewer than all when the server is stopping. */
    void (*done)(struct loop_visit *visit);
};

/** Begin; @visit is zeroed but for look and done. Errors: MRPC_ERR_DONE when the server does not run, and done() is not
 *  called. Thread: any. */
int mrpc_loops_visit(struct mrpc_server *server, struct loop_visit *visit) MRPC_MUST_USE;

#endif
