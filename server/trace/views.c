/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scene/scene_source.h"
#include "trace/component.h"
#include "trace/trace_scene.h"

/* The views that trace_scene.c draws, as the diagram service gets them. */

/* What events/call_news.c tells. */
static const char *const news[] = {"calls", NULL};

static int create_call(void *const *needs, void **out, struct fault *fault)
{
    const struct scene_source source = {
        .name = "call",
        .title = "A traced call",
        .description = "What happened to a call inside the server, step by step, with times.",
        .live = true,
        .listens = news,
        .argument = "trace id, latest or slow",
        .snapshot = trace_scene_call,
        .self = needs[0],
    };
    return scene_source_new(source, out, fault);
}

static int create_calls(void *const *needs, void **out, struct fault *fault)
{
    const struct scene_source source = {
        .name = "calls",
        .title = "Traced calls",
        .description = "Calls that were followed through the server: the slow ones and the newest.",
        .live = true,
        .listens = news,
        .argument = "",
        .snapshot = trace_scene_calls,
        .self = needs[0],
    };
    return scene_source_new(source, out, fault);
}

static const char *const scene_dependencies[] = {"traces", NULL};

const struct component call_scene_component = {
    .name = "call_scene",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = scene_dependencies,
    .create = create_call,
    .destroy = free,
    .provides = "scene_source",
    .key = "call",
};

const struct component calls_scene_component = {
    .name = "calls_scene",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = scene_dependencies,
    .create = create_calls,
    .destroy = free,
    .provides = "scene_source",
    .key = "calls",
};
