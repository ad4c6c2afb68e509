/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/service.h"

#include <stdlib.h>

#include "scene/overlay.h"

static const struct mltrainer__diagram__v1__diagram_service__handlers handlers = {
    .render = diagram_render,
    .render_stream = diagram_render_stream,
    .watch = diagram_watch,
    .list_views = diagram_list_views,
    .validate = diagram_validate,
};

int diagram_add_to_server(struct diagram *diagram, struct mrpc_server *server)
{
    return mltrainer__diagram__v1__diagram_service__add_to_server(server, &handlers, diagram);
}

int diagram_new(const char *renderer_path, struct log *log, struct bus *bus, const struct scene_sources *sources,
                struct diagram **out, struct fault *fault)
{
    struct diagram *d = calloc(1, sizeof *d);
    if (!d)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    d->log = log;
    d->bus = bus;
    d->sources = sources;
    d->live_views = scene_sources_names(sources, overlay_can_use);
    const struct renderer_options options = {.path = renderer_path, .log = log};
    int code = !d->live_views || domain_loop_new("diagram", &d->loop)
                   ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the diagram loop")
                   : renderer_new(&options, d->loop, &d->renderer, fault);
    if (code) {
        diagram_free(d);
        return code;
    }
    *out = d;
    return 0;
}

void diagram_free(struct diagram *d)
{
    if (!d)
        return;
    renderer_free(d->renderer);
    domain_loop_free(d->loop);
    free(d->live_views);
    free(d);
}

static void start_on_loop(void *arg)
{
    struct diagram *d = arg;
    renderer_start(d->renderer);
}

static void stop_on_loop(void *arg)
{
    struct diagram *d = arg;
    d->stopping = true;
    watch_stop(d);
    renderer_stop(d->renderer);
}

int diagram_start(struct diagram *d, struct fault *fault)
{
    if (domain_loop_start(d->loop) || domain_loop_post(d->loop, start_on_loop, d))
        return fault_set(fault, MRPC_INTERNAL, "the diagram loop cannot be started");
    return 0;
}

void diagram_stop(struct diagram *d)
{
    if (domain_loop_post(d->loop, stop_on_loop, d))
        log_error(d->log, "diagram", "the loop takes no tasks any more");
    domain_loop_stop(d->loop);
}
