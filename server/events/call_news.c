/* SPDX-License-Identifier: Apache-2.0 */
#include "events/component.h"
#include "events/scene_changed.h"
#include "trace/trace.h"

/* Tells the bus when the views of traced calls would show something else. The ring tells once for each time that
 * somebody has looked, so it needs no notifier that paces it: who watches sets the pace, and where nobody does nothing
 * is told. */

static void tell(void *arg)
{
    static const struct scene_source_event event = {.source = "calls", .changes = 1};
    bus_publish(arg, &scene_source_changed, &event);
}

static int create(void *const *needs, void **out, struct fault *fault)
{
    trace_ring_tell(needs[1], tell, needs[0]);
    *out = needs[1];
    return 0;
}

static void destroy(void *instance)
{
    trace_ring_tell(instance, NULL, NULL);
}

static const char *const dependencies[] = {"bus", "traces", NULL};

const struct component call_news_component = {
    .name = "call_news",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};
