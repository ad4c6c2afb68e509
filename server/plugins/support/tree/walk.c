/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree/walk.h"

#include <string.h>

#define SIDE_BY_SIDE 8

void walk_gather(const double *const *features, size_t feature_count, int64_t first, size_t count, double *points)
{
    for (size_t i = 0; i < feature_count; i++)
        memcpy(points + i * WALK_ROWS, features[i] + first, count * sizeof(double));
}

/* A leaf leads to itself: who has arrived waits there for the others. */
static inline uint32_t step(const struct tree_node *nodes, uint32_t at, const double *point)
{
    const struct tree_node *node = &nodes[at];
    uint32_t is_leaf = node->feature == TREE_LEAF;
    uint32_t feature = is_leaf ? 0 : node->feature;
    uint32_t next = node->left + !(point[(size_t)feature * WALK_ROWS] <= node->value);

    return is_leaf ? at : next;
}

static void walk_together(const struct tree_node *nodes, uint32_t root, const double *points, uint32_t *leaves)
{
    uint32_t moved = 1;

    for (size_t i = 0; i < SIDE_BY_SIDE; i++)
        leaves[i] = root;
    while (moved) {
        moved = 0;
        for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
            uint32_t next = step(nodes, leaves[i], points + i);
            moved |= next ^ leaves[i];
            leaves[i] = next;
        }
    }
}

void walk_tree(const struct tree_node *nodes, uint32_t root, const double *points, size_t count,
               uint32_t *leaves)
{
    size_t row = 0;

    for (; row + SIDE_BY_SIDE <= count; row += SIDE_BY_SIDE)
        walk_together(nodes, root, points + row, leaves + row);
    for (; row < count; row++) {
        uint32_t at = root;
        while (nodes[at].feature != TREE_LEAF)
            at = step(nodes, at, points + row);
        leaves[row] = at;
    }
}
