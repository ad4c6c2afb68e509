/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "config/paths.h"
#include "diagram/service.h"

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    char found[PATHS_BYTES];
    const char *path = config_text(dependencies[0], "diagram.renderer");
    if (!path && paths_find(paths_renderer, found) != 0)
        return fault_set(fault, MRPC_NOT_FOUND, "diagram.renderer: there is no %s", found);
    struct diagram *diagram;
    int code = diagram_new(path ? path : found, dependencies[1], dependencies[2], dependencies[3],
                           &diagram, fault);
    if (code)
        return code;
    *out = diagram;
    return 0;
}

static int start(void *instance, struct fault *fault)
{
    return diagram_start(instance, fault);
}

static void stop(void *instance)
{
    diagram_stop(instance);
}

static void destroy(void *instance)
{
    diagram_free(instance);
}

static const char *const dependencies[] = {"config", "log", "bus", "views", NULL};

const struct component diagram_component = {
    .name = "diagram",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

static int give_diagram(void *const *needs, void **out, struct fault *fault)
{
    *out = ((struct diagram *)needs[0])->loop;
    return 0;
}

static const char *const watched_needs[] = {"diagram", NULL};

const struct component diagram_watched_component = {
    .name = "diagram_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = watched_needs,
    .create = give_diagram,
    .provides = "loop",
    .key = "diagram",
};
