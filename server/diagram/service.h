/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_SERVICE_H
#define MLT_DIAGRAM_SERVICE_H

#include <mltrainer/diagram/v1/diagram.mrpc.h>
#include <mrpc/mrpc.h>

#include "diagram/diagram.h"
#include "diagram/renderer/renderer.h"
#include "events/bus.h"
#include "log/log.h"
#include "scene/scene_source.h"

/* What the methods share. Handlers run on connection loops: they read the request, take the scene, and post to the
 * diagram loop, which owns the renderer and the watchers. */

struct feed;
struct watcher;

struct diagram {
    struct log *log;
    const struct scene_sources *sources; /* borrowed */
    char *live_views;                    /* names that a spec may lay over itself, with blanks between */
    struct bus *bus;                     /* borrowed */
    struct domain_loop *loop;
    struct renderer *renderer;
    struct watcher *watchers;            /* the loop's */
    struct feed *feeds;                  /* the loop's: a view each that is watched */
    struct bus_subscription *changes;    /* the loop's: while there are watchers */
    uint64_t changes_dropped;            /* … of which we know */
    bool stopping;                       /* the loop's */
};

int diagram_new(const char *renderer_path, struct log *log, struct bus *bus, const struct scene_sources *sources,
                struct diagram **out, struct fault *fault) MRPC_MUST_USE;
void diagram_free(struct diagram *diagram);
int diagram_start(struct diagram *diagram, struct fault *fault) MRPC_MUST_USE;
/** Ends every call that is pending with UNAVAILABLE. */
void diagram_stop(struct diagram *diagram);

/** The watchers' part of the loop's stop. */
void watch_stop(struct diagram *diagram);

/* One file a method in methods/. */
int diagram_render(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__RenderRequest *request,
                   Mltrainer__Diagram__V1__RenderResponse *response);
int diagram_render_stream(void *self, struct mrpc_call *call,
                          const Mltrainer__Diagram__V1__RenderStreamRequest *request);
int diagram_watch(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__WatchRequest *request);
int diagram_list_views(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__ListViewsRequest *request,
                       Mltrainer__Diagram__V1__ListViewsResponse *response);
int diagram_validate(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__ValidateRequest *request,
                     Mltrainer__Diagram__V1__ValidateResponse *response);

#endif
