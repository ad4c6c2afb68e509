/* SPDX-License-Identifier: Apache-2.0 */
#include "server/visit.h"

#include <mrpc/error.h>

#include "server/loop.h"
#include "server/server.h"

static void arrive(struct inbox_task *task);

/* A loop that is asked to stop waits for the calls of its host; a visit counts as one. The lock orders this with the
 * stop: either the loop has not been told yet, or nobody goes there any more. */
static bool travel(struct loop_visit *visit)
{
    struct mrpc_server *server = visit->server;
    pthread_mutex_lock(&server->lock);
    bool possible = server->started && !server->stopped && visit->at < server->loop_count;
    if (possible)
        atomic_fetch_add_explicit(&server->loops[visit->at]->host->calls, 1, memory_order_relaxed);
    pthread_mutex_unlock(&server->lock);
    if (!possible)
        return false;
    visit->task.run = arrive;
    mrpc_inbox_push(&server->loops[visit->at]->host->inbox, &visit->task);
    return true;
}

static void arrive(struct inbox_task *task)
{
    struct loop_visit *visit = MRPC_CONTAINER_OF(task, struct loop_visit, task);
    struct server_loop *loop = visit->server->loops[visit->at];
    visit->look(visit, loop);
    visit->at++;
    if (!travel(visit))
        visit->done(visit);
    atomic_fetch_sub_explicit(&loop->host->calls, 1, memory_order_release);
}

int mrpc_loops_visit(struct mrpc_server *server, struct loop_visit *visit)
{
    visit->server = server;
    visit->at = 0;
    return travel(visit) ? 0 : MRPC_ERR_DONE;
}
