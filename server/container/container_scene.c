/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container_scene.h"

#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"

static void add_component(void *arg, const struct container_node *node)
{
    scene_builder_node(arg, &(struct scene_item_spec){.id = node->name, .title = node->name, .detail = node->lifetime});
    for (size_t i = 0; i < node->dependency_count; i++)
        scene_builder_edge(arg, &(struct scene_edge_spec){.from = node->name,
                                                          .to = node->dependencies[i],
                                                          .label = node->decorates && strcmp(node->decorates,
                                                                   node->dependencies[i]) == 0 ? "wraps" : NULL});
}

static int snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    struct scene_builder *builder = scene_builder_new("Components");
    scene_builder_describe(builder, "What this server is made of, and what each part needs",
                           "An arrow leads from a component to one that it is given when it is made.");
    container_visit(self, add_component, builder);
    return scene_builder_finish(builder, out, fault);
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct scene_source source = {
        .name = "container",
        .title = "Components",
        .description = "The components of this server and what each needs.",
        .argument = "",
        .snapshot = snapshot,
        .self = dependencies[0],
    };
    return scene_source_new(source, out, fault);
}

static const char *const dependencies[] = {"container", NULL};

const struct component container_scene_component = {
    .name = "container_scene",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = free,
    .provides = "scene_source",
    .key = "container",
};
