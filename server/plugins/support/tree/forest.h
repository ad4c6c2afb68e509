/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TREE_FOREST_H
#define PLUGIN_SUPPORT_TREE_FOREST_H

#include "support/artifact.h"
#include "support/call.h"

/* Regression trees, one after the other in an array of nodes. A row goes left where its feature is at most the node's
 * value. Children stand after their node and beside each other, so that every walk ends. Memory by malloc(): a forest
 * is (part of) a model. */

#define TREE_LEAF UINT32_MAX
#define TREES_MAX 100000

struct tree_node {
    double value;     /* where to cut, or what a leaf says */
    uint32_t feature; /* TREE_LEAF for a leaf */
    uint32_t left;    /* index in the forest; the right one is left + 1 */
};

struct forest {
    double base; /* what trees that are summed are added to */
    size_t features;
    size_t tree_count, tree_room;
    uint32_t *roots;
    double *weights; /* one a tree; 1 where nobody cares */
    size_t node_count, node_room;
    struct tree_node *nodes;
};

/** An empty one for rows of @features; NULL when memory is out. */
struct forest *forest_new(size_t features);
/** NULL is fine. */
void forest_free(void *forest);

/** Begin a tree whose root is a leaf that says @value; its index in *@root. Errors: MLTRAINER_OUT_OF_MEMORY, also at
 *  more than 2^31 nodes or TREES_MAX trees. Returns call->status. */
int32_t forest_add_tree(struct call *call, struct forest *forest, double value, uint32_t *root);
/** Make leaf @node a cut with two leaves; their nodes from *@left. Errors and return as above. */
int32_t forest_cut(struct call *call, struct forest *forest, uint32_t node, uint32_t feature, double value,
                   uint32_t *left);
/** Take the newest tree away. */
void forest_drop_tree(struct forest *forest);

/** What tree @tree says of @row of @features (columns). */
static inline double tree_says(const struct forest *forest, size_t tree, const double *const *features, int64_t row)
{
    const struct tree_node *node = &forest->nodes[forest->roots[tree]];

    while (node->feature != TREE_LEAF)
        node = &forest->nodes[node->left + !(features[node->feature][row] <= node->value)];
    return node->value;
}

/** Add to @sums what each tree from @first on says of each of call->rows rows. Returns call->status. */
int32_t forest_add_up(struct call *call, const struct forest *forest, size_t first, double *sums);

void forest_save(const void *forest, struct artifact_writer *writer);
/** NULL when what is read makes no sense or memory is out. */
void *forest_restore(struct artifact_reader *reader, size_t features);

/** A learner's apply() and restore() for a model that is a forest and says the mean of its trees; it has one at
 *  least. */
int32_t forest_mean(struct call *call, const void *forest);
void *forest_restore_mean(struct artifact_reader *reader, size_t features);

#endif
