/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "execution/service.h"

/* A pipeline after each change, as fast as the client reads: of changes that came meanwhile it sees the last. It
 * belongs to the execution loop; the call's callbacks only post to it. One reference is the call's, one the loop's, one
 * each posted task's. */
struct watch {
    struct pipeline_watcher watcher; /* first */
    _Atomic unsigned references;
    struct execution *engine;
    struct mrpc_call *call;
    char id[64];
    bool changed;
    bool finished;
};

static void unref(struct watch *watch)
{
    if (atomic_fetch_sub(&watch->references, 1) == 1)
        free(watch);
}

static void release(void *data)
{
    unref(data);
}

static void finish(struct watch *watch, int code)
{
    if (watch->finished)
        return;
    watch->finished = true;
    pipeline_unwatch(&watch->watcher);
    mrpc_call_finish(watch->call, code, NULL);
    unref(watch);
}

static void pump(struct watch *watch)
{
    const struct pipeline *pipeline = watch->finished ? NULL : pipelines_find(watch->engine, watch->id);
    API(WatchPipelineResponse) response;
    if (!pipeline || !watch->changed)
        return;
    API_INIT(watch_pipeline_response, &response);
    response.pipeline = pipeline->message;
    int error = mrpc_call_send(watch->call, &response.base);
    if (error == MRPC_ERR_AGAIN)
        return; /* on_writable goes on */
    watch->changed = false;
    if (error)
        finish(watch, MRPC_CANCELLED);
    else if (pipeline->ended)
        finish(watch, MRPC_OK);
}

static void changed(struct pipeline_watcher *watcher)
{
    struct watch *watch = (struct watch *)watcher;
    watch->changed = true;
    pump(watch);
}

static void pump_posted(void *arg)
{
    pump(arg);
    unref(arg);
}

static void cancel_posted(void *arg)
{
    finish(arg, MRPC_CANCELLED);
    unref(arg);
}

static void post(struct watch *watch, void (*task)(void *arg))
{
    atomic_fetch_add(&watch->references, 1);
    if (domain_loop_post(watch->engine->loop, task, watch))
        unref(watch);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    post(arg, pump_posted);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    post(arg, cancel_posted);
}

static void attach(void *arg)
{
    struct watch *watch = arg;
    struct pipeline *pipeline = pipelines_find(watch->engine, watch->id);
    if (!pipeline)
        return finish(watch, mrpc_call_fail(watch->call, MRPC_NOT_FOUND, "no pipeline \"%s\"", watch->id));
    if (mrpc_call_cancelled(watch->call))
        return finish(watch, MRPC_CANCELLED);
    pipeline_watch(pipeline, &watch->watcher);
    changed(&watch->watcher);
}

int execution_watch_pipeline(void *self, struct mrpc_call *call, const API(WatchPipelineRequest) * request)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *watch = (struct watch){.watcher.changed = changed, .references = 2, .engine = self, .call = call};
    snprintf(watch->id, sizeof watch->id, "%.63s", request->id);
    mrpc_call_set_data(call, watch, release);
    mrpc_call_on_writable(call, on_writable, watch);
    mrpc_call_on_cancel(call, on_cancel, watch);
    if (domain_loop_post(watch->engine->loop, attach, watch) == 0)
        return MRPC_PENDING;
    unref(watch);
    return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
}
