/* SPDX-License-Identifier: Apache-2.0 */
#include "views.h"

#include "config/config.h"
#include "config/paths.h"
#include "scene/spec_folder.h"

/* Live views, then ours, then the operator's: a declared one may name what was added before it. */
static int fill(struct scene_sources *sources, const struct component_list *live, const struct config *config,
                struct fault *fault)
{
    char folder[PATHS_BYTES];
    int code = 0;
    for (size_t i = 0; i < live->count && code == 0; i++)
        code = scene_sources_add(sources, live->objects[i], fault);
    if (code == 0 && paths_find(paths_views, folder) == 0)
        code = spec_folder_add(folder, sources, fault);
    const char *own = config_text(config, "diagram.views_dir");
    if (code == 0 && own)
        code = spec_folder_add(own, sources, fault);
    return code;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct scene_sources *sources = scene_sources_new();
    int code = sources ? fill(sources, dependencies[0], dependencies[1], fault)
                       : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
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

static const char *const dependencies[] = {"scene_source[]", "config", NULL};

const struct component views_component = {
    .name = "views",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};
