/* SPDX-License-Identifier: Apache-2.0 */

#include <mrpc/loops.h>

#include <stdlib.h>

#include "server/loop.h"
#include "server/server.h"

struct posted_task {
    struct inbox_task task;
    struct server_loop *loop;
    void (*run)(void *arg);
    void *arg;
};

static void run_posted(struct inbox_task *task)
{
    struct posted_task *posted = MRPC_CONTAINER_OF(task, struct posted_task, task);
    struct mrpc_session_host *host = posted->loop->host;
    posted->run(posted->arg);
    free(posted);
    atomic_fetch_sub_explicit(&host->calls, 1, memory_order_release);
}

unsigned mrpc_server_loops(struct mrpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned count = server->started ? server->loop_count : 0;
    pthread_mutex_unlock(&server->lock);
    return count;
}

/* As a visit (visit.c), it counts as a call, for which a loop that is asked to stop waits. */
static struct server_loop *hold_loop(struct mrpc_server *server, unsigned index)
{
    pthread_mutex_lock(&server->lock);
    struct server_loop *loop =
        server->started && !server->stopped && index < server->loop_count ? server->loops[index] : NULL;
    if (loop != NULL)
        atomic_fetch_add_explicit(&loop->host->calls, 1, memory_order_relaxed);
    pthread_mutex_unlock(&server->lock);
    return loop;
}

int mrpc_server_post(struct mrpc_server *server, unsigned index, void (*task)(void *arg), void *arg)
{
    struct posted_task *posted = malloc(sizeof(*posted));
    if (posted == NULL)
        return MRPC_ERR_NOMEM;
    *posted = (struct posted_task){.task.run = run_posted, .loop = hold_loop(server, index), .run = task, .arg = arg};
    if (posted->loop == NULL) {
        free(posted);
        return MRPC_ERR_DONE;
    }
    mrpc_inbox_push(&posted->loop->host->inbox, &posted->task);
    return 0;
}
