/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/methods/watch_call.h"
#include "execution/service.h"

/* A pipeline after each change: of changes that came while the client did not read it sees the last. */
struct watch {
    struct watch_call base; /* first */
    struct pipeline_watcher watcher;
    bool changed;
};

static void leave(struct watch_call *base)
{
    pipeline_unwatch(&((struct watch *)base)->watcher);
}

static void pump(struct watch_call *base)
{
    struct watch *watch = (struct watch *)base;
    const struct pipeline *pipeline = base->finished ? NULL : pipelines_find(base->engine, base->id);
    API(WatchPipelineResponse) response;
    if (!pipeline || !watch->changed)
        return;
    API_INIT(watch_pipeline_response, &response);
    response.pipeline = pipeline->message;
    int error = mrpc_call_send(base->call, &response.base);
    if (error == MRPC_ERR_AGAIN)
        return; /* there will be room */
    watch->changed = false;
    if (error)
        watch_call_finish(base, MRPC_CANCELLED);
    else if (pipeline->ended)
        watch_call_finish(base, MRPC_OK);
}

static void changed(struct pipeline_watcher *watcher)
{
    struct watch *watch = (struct watch *)((char *)watcher - offsetof(struct watch, watcher));
    watch->changed = true;
    pump(&watch->base);
}

static void attach(struct watch_call *base)
{
    struct watch *watch = (struct watch *)base;
    struct pipeline *pipeline = pipelines_find(base->engine, base->id);
    if (!pipeline)
        return watch_call_finish(base, mrpc_call_fail(base->call, MRPC_NOT_FOUND, "no pipeline \"%s\"", base->id));
    pipeline_watch(pipeline, &watch->watcher);
    changed(&watch->watcher);
}

static const struct watch_call_kind kind = {.attach = attach, .pump = pump, .leave = leave};

int execution_watch_pipeline(void *self, struct mrpc_call *call, const API(WatchPipelineRequest) * request)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch)
        watch->watcher.changed = changed;
    return watch_call_open(watch ? &watch->base : NULL, &kind, self, call, request->id);
}
