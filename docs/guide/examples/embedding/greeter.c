/* SPDX-License-Identifier: Apache-2.0 */
#include "greeter.h"

#include <stddef.h>

#include <greeter.mrpc.h>
#include <mrpc/mrpc.h>

#define REPLIES 3
#define PAUSE_MS 20

static int say_hello(void *self, struct mrpc_call *call, const Helloworld__HelloRequest *request,
                     Helloworld__HelloReply *response)
{
    response->message = mrpc_arena_printf(mrpc_call_arena(call), "Hello, %s!", request->name);
    return response->message ? MRPC_OK : mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* A stream that is under way. It lives in its call's arena. */
struct greeting {
    struct timer timer;
    struct reactor *reactor;
    struct mrpc_call *call;
    const char *name; /* the request's, which lives as long */
    int said;
};

/* A timer is not inside a function of the host, so what is sent and finished here goes through its queue, and wake, as
 * it would from another thread. */
static void say_more(struct timer *timer)
{
    struct greeting *greeting = (struct greeting *)((char *)timer - offsetof(struct greeting, timer));
    struct mrpc_call *call = greeting->call;
    Helloworld__HelloReply reply = HELLOWORLD__HELLO_REPLY__INIT;
    reply.message = mrpc_arena_printf(mrpc_call_arena(call), "Hello no. %d, %s!", greeting->said + 1, greeting->name);
    int error = reply.message ? mrpc_call_send(call, &reply.base) : MRPC_ERR_NOMEM;
    if (error && error != MRPC_ERR_AGAIN) { /* AGAIN: the client is slow; the next timer tries it again */
        greeting->said = REPLIES;
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "%s", mrpc_error_text(error)), NULL);
        return;
    }
    greeting->said += error == 0;
    if (greeting->said == REPLIES)
        mrpc_call_finish(call, MRPC_OK, NULL); /* the call, its arena and @greeting are not ours any more */
    else
        reactor_timer_set(greeting->reactor, timer, reactor_now_ms() + PAUSE_MS);
}

/* The client has gone, or its deadline has passed; perhaps while the end of the call was still in the queue. */
static void give_up(void *arg, struct mrpc_call *call)
{
    struct greeting *greeting = arg;
    reactor_timer_cancel(greeting->reactor, &greeting->timer);
    if (greeting->said < REPLIES)
        mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static int say_hello_stream_reply(void *self, struct mrpc_call *call, const Helloworld__HelloRequest *request)
{
    struct greeting *greeting = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *greeting);
    if (!greeting)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *greeting = (struct greeting){.timer.due = say_more, .reactor = self, .call = call, .name = request->name};
    reactor_timer_set(greeting->reactor, &greeting->timer, reactor_now_ms());
    mrpc_call_on_cancel(call, give_up, greeting);
    return MRPC_PENDING;
}

int greeter_add(struct mrpc_server *server, struct reactor *reactor)
{
    static const struct helloworld__greeter__handlers handlers = {.say_hello = say_hello,
                                                                  .say_hello_stream_reply = say_hello_stream_reply};
    return helloworld__greeter__add_to_server(server, &handlers, reactor);
}
