/* SPDX-License-Identifier: Apache-2.0 */
#include "views.h"

#include <stdlib.h>

#include "config/paths.h"
#include "container/container_scene.h"
#include "execution/execution_scene.h"
#include "registry/registry_scene.h"
#include "scene/spec_folder.h"

/* A module's source lies on the heap and belongs to the list. */
static int add_source(struct scene_sources *sources, struct scene_source source, struct fault *fault)
{
    struct scene_source *copy = malloc(sizeof *copy);
    if (!copy)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *copy = source;
    int code = scene_sources_keep(sources, copy, free, fault);
    return code ? code : scene_sources_add(sources, copy, fault);
}

static int fill(struct scene_sources *sources, void *const *dependencies, struct fault *fault)
{
    char folder[PATHS_BYTES];
    int code = add_source(sources, container_scene_source(dependencies[0]), fault);
    if (code == 0)
        code = add_source(sources, registry_scene_source(dependencies[1]), fault);
    if (code == 0)
        code = add_source(sources, execution_scene_source(dependencies[2]), fault);
    if (code == 0 && paths_find(paths_views, folder) == 0)
        code = spec_folder_add(folder, sources, fault);
    return code;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct scene_sources *sources = scene_sources_new();
    int code = sources ? fill(sources, dependencies, fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
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

static const char *const dependencies[] = {"container", "registry", "execution", NULL};

const struct component views_component = {
    .name = "views",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};
