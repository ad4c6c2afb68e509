/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/methods/watch_call.h"

#include <stdio.h>
#include <stdlib.h>

void watch_call_ref(struct watch_call *watch)
{
    atomic_fetch_add(&watch->references, 1);
}

void watch_call_unref(struct watch_call *watch)
{
    if (atomic_fetch_sub(&watch->references, 1) == 1)
        free(watch);
}

static void release(void *data)
{
    watch_call_unref(data);
}

void watch_call_finish(struct watch_call *watch, int code)
{
    if (watch->finished)
        return;
    watch->finished = true;
    watch->kind->leave(watch);
    mrpc_call_finish(watch->call, code, NULL);
    watch_call_unref(watch);
}

static void attach_posted(void *arg)
{
    struct watch_call *watch = arg;
    if (mrpc_call_cancelled(watch->call))
        return watch_call_finish(watch, MRPC_CANCELLED);
    watch->kind->attach(watch);
}

static void pump_posted(void *arg)
{
    struct watch_call *watch = arg;
    if (!watch->finished)
        watch->kind->pump(watch);
    watch_call_unref(watch);
}

static void cancel_posted(void *arg)
{
    watch_call_finish(arg, MRPC_CANCELLED);
    watch_call_unref(arg);
}

static void post(struct watch_call *watch, void (*task)(void *arg))
{
    watch_call_ref(watch);
    if (domain_loop_post(watch->engine->loop, task, watch))
        watch_call_unref(watch);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    post(arg, pump_posted);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    post(arg, cancel_posted);
}

int watch_call_open(struct watch_call *watch, const struct watch_call_kind *kind, struct execution *engine,
                    struct mrpc_call *call, const char *id)
{
    if (!watch)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *watch = (struct watch_call){.references = 2, .kind = kind, .engine = engine, .call = call};
    snprintf(watch->id, sizeof watch->id, "%s", id);
    mrpc_call_set_data(call, watch, release);
    mrpc_call_on_writable(call, on_writable, watch);
    mrpc_call_on_cancel(call, on_cancel, watch);
    if (domain_loop_post(engine->loop, attach_posted, watch) == 0)
        return MRPC_PENDING;
    watch_call_unref(watch);
    return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
}
