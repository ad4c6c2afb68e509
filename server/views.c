/* SPDX-License-Identifier: Apache-2.0 */
#include "views.h"

#include "config/paths.h"
#include "scene/spec_folder.h"

static int fill(struct scene_sources *sources, const struct component_list *live, struct fault *fault)
{
    char folder[PATHS_BYTES];
    int code = 0;
    for (size_t i = 0; i < live->count && code == 0; i++)
        code = scene_sources_add(sources, live->objects[i], fault);
    if (code == 0 && paths_find(paths_views, folder) == 0)
        code = spec_folder_add(folder, sources, fault);
    return code;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct scene_sources *sources = scene_sources_new();
    int code = sources ? fill(sources, dependencies[0], fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (code) {
        scene_sources_free(sources);
        return code;
    }
    *out = sources;
    return 0;
}

static void destroy(void *instance)
{
    scene_sources_free(instance);
}

static const char *const dependencies[] = {"scene_source[]", NULL};

const struct component views_component = {
    .name = "views",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};
