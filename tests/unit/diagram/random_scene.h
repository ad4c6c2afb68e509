/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_RANDOM_SCENE_H
#define TEST_RANDOM_SCENE_H

#include <stdint.h>

#include "scene/scene.h"

/* Scenes from a seed: the same seed gives the same scene. */

struct random_shape {
    int groups, nodes, edges;
    int max_depth;         /* of groups; 0: all at the top */
    int label_percent;     /* of edges with a label */
    int loop_percent;      /* of edges that are self loops */
    bool edges_to_groups;
};

/** xorshift64*; @state must not be 0. */
uint64_t random_next(uint64_t *state);
/** 0 … @bound - 1. */
int random_below(uint64_t *state, int bound);
struct scene *random_scene(uint64_t seed, const struct random_shape *shape);

#endif
