/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_LOOPS_H
#define MRPC_LOOPS_H

#include <mrpc/attributes.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* The threads of a server that has started: one a connection loop. */

/** How many there are; 0 before the start. Thread: any. */
MRPC_API unsigned mrpc_server_loops(struct mrpc_server *server);

/** Run @task(arg) soon on the thread of loop @index. A task that was taken runs before the server has stopped. It must
 *  not wait for anything. Thread: any. Ownership: @arg is the task's.
 *  Errors: MRPC_ERR_DONE when the server does not run or has no such loop, MRPC_ERR_NOMEM. */
MRPC_API int mrpc_server_post(struct mrpc_server *server, unsigned index, void (*task)(void *arg), void *arg)
    MRPC_MUST_USE;

MRPC_END_DECLS
#endif
