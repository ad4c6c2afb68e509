/* SPDX-License-Identifier: Apache-2.0 */
#include "access/open_calls.h"

#include <pthread.h>
#include <stdlib.h>

#include <mrpc/interceptor.h>

enum { LOOPS_MAX = 256 }; /* of the key "loops", and of cores that we count */

/* A call's state: where it stands in its loop's list. */
struct open_call {
    struct mrpc_call *call; /* NULL: not in a list */
    struct open_call *next, **link;
    const void *ticket;
};

/* The list is changed on its loop alone. The lock is for open_calls_look(), which borrows a call to get to the loop:
 * whoever holds it keeps that call from ending. */
struct loop_calls {
    pthread_mutex_t lock;
    struct open_call *first;
    bool looking; /* a look has been posted and has not begun */
    struct open_calls *all;
};

struct open_calls {
    struct open_calls_judge judge;
    struct loop_calls loops[LOOPS_MAX];
};

int open_calls_new(const struct open_calls_judge *judge, struct open_calls **out)
{
    struct open_calls *calls = calloc(1, sizeof *calls);
    if (!calls)
        return MRPC_ERR_NOMEM;
    calls->judge = *judge;
    for (size_t i = 0; i < LOOPS_MAX; i++) {
        pthread_mutex_init(&calls->loops[i].lock, NULL);
        calls->loops[i].all = calls;
    }
    *out = calls;
    return 0;
}

void open_calls_free(struct open_calls *calls)
{
    if (!calls)
        return;
    for (size_t i = 0; i < LOOPS_MAX; i++)
        pthread_mutex_destroy(&calls->loops[i].lock);
    free(calls);
}

static struct loop_calls *loop_of(struct open_calls *calls, const struct mrpc_call *call)
{
    return &calls->loops[mrpc_call_loop_index(call) % LOOPS_MAX];
}

static void put(struct open_call **first, struct open_call *open)
{
    open->next = *first;
    open->link = first;
    if (open->next)
        open->next->link = &open->next;
    *first = open;
}

static void take(struct open_call *open)
{
    *open->link = open->next;
    if (open->next)
        open->next->link = open->link;
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    const struct mrpc_method *method = mrpc_call_method(call);
    struct open_call *open = state;
    if (!method->client_streaming && !method->server_streaming)
        return 0;
    struct open_calls *calls = self;
    struct loop_calls *loop = loop_of(calls, call);
    open->call = call;
    open->ticket = calls->judge.ticket(calls->judge.arg, call);
    pthread_mutex_lock(&loop->lock);
    put(&loop->first, open);
    pthread_mutex_unlock(&loop->lock);
    return 0;
}

static void ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct open_call *open = state;
    if (!open->call)
        return;
    struct loop_calls *loop = loop_of(self, call);
    pthread_mutex_lock(&loop->lock);
    take(open);
    pthread_mutex_unlock(&loop->lock);
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof interceptor,
    .name = "open_calls",
    .state_bytes = sizeof(struct open_call),
    .started = started,
    .ended = ended,
    .forget = mrpc_interceptor_forgets,
};

int open_calls_add_to_server(struct open_calls *calls, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, calls);
}

/* On the loop. First those that must go are set apart, then they are ended one by one: ending one may end others, and
 * each takes itself out of whatever list it is in. One that its handler holds on to is ended later, in
 * `loop->first`. */
static void look(void *arg)
{
    struct loop_calls *loop = arg;
    const struct open_calls_judge *judge = &loop->all->judge;
    struct open_call *going = NULL;
    pthread_mutex_lock(&loop->lock);
    loop->looking = false;
    for (struct open_call *open = loop->first, *next; open; open = next) {
        next = open->next;
        if (judge->may_go_on(judge->arg, open->call, open->ticket))
            continue;
        take(open);
        put(&going, open);
    }
    pthread_mutex_unlock(&loop->lock);
    while (going) {
        struct open_call *open = going;
        pthread_mutex_lock(&loop->lock);
        take(open);
        put(&loop->first, open);
        pthread_mutex_unlock(&loop->lock);
        mrpc_call_abort(open->call, MRPC_UNAUTHENTICATED, "the caller's token or rights have ended");
    }
}

void open_calls_look(struct open_calls *calls)
{
    for (size_t i = 0; i < LOOPS_MAX; i++) {
        struct loop_calls *loop = &calls->loops[i];
        pthread_mutex_lock(&loop->lock);
        if (loop->first && !loop->looking)
            loop->looking = mrpc_call_post(loop->first->call, look, loop) == 0;
        pthread_mutex_unlock(&loop->lock);
    }
}
