/* SPDX-License-Identifier: Apache-2.0 */
#include "random_scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "fault/fault.h"

uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

int random_below(uint64_t *state, int bound)
{
    return (int)(random_next(state) >> 33) % bound;
}

static void add_groups(struct scene_builder *b, uint64_t *state, const struct random_shape *shape)
{
    int *depth = calloc((size_t)shape->groups + 1, sizeof *depth);
    for (int i = 0; i < shape->groups; i++) {
        char id[32], parent[32] = "";
        snprintf(id, sizeof id, "g%d", i);
        int inside = i > 0 ? random_below(state, 2 * i) : i;
        if (inside < i && depth[inside] < shape->max_depth) {
            snprintf(parent, sizeof parent, "g%d", inside);
            depth[i] = depth[inside] + 1;
        }
        scene_builder_group(b, &(struct scene_item_spec){.id = id,
                                                         .parent = parent,
                                                         .title = id,
                                                         .kind = i % 3 ? "kind" : "",
                                                         .health = (enum scene_health)random_below(state, 5)});
    }
    free(depth);
}

static void add_nodes(struct scene_builder *b, uint64_t *state, const struct random_shape *shape)
{
    static const char *const titles[] = {"a", "Ordinary node", "A node with a long title that goes on", "節點"};
    for (int i = 0; i < shape->nodes; i++) {
        char id[32], parent[32] = "";
        snprintf(id, sizeof id, "n%d", i);
        int group = shape->groups ? random_below(state, shape->groups + 1) : 0;
        if (group < shape->groups)
            snprintf(parent, sizeof parent, "g%d", group);
        scene_builder_node(b, &(struct scene_item_spec){.id = id,
                                                        .parent = parent,
                                                        .title = titles[random_below(state, 4)],
                                                        .detail = i % 2 ? "1/1 instances" : "",
                                                        .health = (enum scene_health)random_below(state, 5)});
    }
}

static void random_end(uint64_t *state, const struct random_shape *shape, char out[32])
{
    bool group = shape->edges_to_groups && shape->groups > 0 && random_below(state, 3) == 0;
    if (group || shape->nodes == 0)
        snprintf(out, 32, "g%d", random_below(state, shape->groups));
    else
        snprintf(out, 32, "n%d", random_below(state, shape->nodes));
}

struct scene *random_scene(uint64_t seed, const struct random_shape *shape)
{
    static const char *const labels[] = {"gRPC", "HTTPS", "SQL", "a longer label"};
    uint64_t state = seed * 2654435761u + 1;
    struct scene_builder *b = scene_builder_new("random");
    add_groups(b, &state, shape);
    add_nodes(b, &state, shape);
    for (int i = 0; i < shape->edges; i++) {
        char from[32], to[32];
        random_end(&state, shape, from);
        random_end(&state, shape, to);
        bool loop = random_below(&state, 100) < shape->loop_percent;
        bool labelled = random_below(&state, 100) < shape->label_percent;
        scene_builder_edge(b, &(struct scene_edge_spec){.from = from,
                                                        .to = loop ? from : to,
                                                        .label = labelled ? labels[random_below(&state, 4)] : ""});
    }
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    if (scene_builder_finish(b, &scene, &fault)) {
        fprintf(stderr, "random_scene: %s: %s\n", fault.field, fault.text);
        abort();
    }
    return scene;
}
