/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container_scene.h"

#include "fault/fault.h"

static void add_component(void *arg, const char *name, const char *lifetime, const char *const *dependencies,
                          size_t dependency_count)
{
    scene_builder_node(arg, &(struct scene_item_spec){.id = name, .title = name, .detail = lifetime});
    for (size_t i = 0; i < dependency_count; i++)
        scene_builder_edge(arg, &(struct scene_edge_spec){.from = name, .to = dependencies[i]});
}

static int snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    struct scene_builder *builder = scene_builder_new("Components");
    scene_builder_describe(builder, "What this server is made of, and what each part needs",
                           "An arrow leads from a component to one that it is given when it is made.");
    container_visit(self, add_component, builder);
    return scene_builder_finish(builder, out, fault);
}

struct scene_source container_scene_source(struct container *container)
{
    return (struct scene_source){
        .name = "container",
        .title = "Components",
        .description = "The components of this server and what each needs.",
        .argument = "",
        .snapshot = snapshot,
        .self = container,
    };
}
