/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TREE_EXACT_H
#define PLUGIN_SUPPORT_TREE_EXACT_H

#include "support/random.h"
#include "support/tree/forest.h"

/* Least-squares trees that consider every cut: CART (Breiman, Friedman, Olshen and Stone, 1984).
 *
 * Each feature's rows are sorted once for all trees. A node owns the same piece of every feature's list; to look for
 * the best cut is one walk through its pieces, and a cut divides them without losing their order. That is O(rows x
 * features) a level, whatever a node's size, and no sorting in nodes.
 *
 * Of equal cuts the one of the first feature, and there the least, is taken. Rows of weight 0 are not there. */

struct exact_entry {
    uint32_t row;
    uint32_t rank; /* of its value: equal values, equal ranks */
};

struct exact_example {
    double weighted; /* weight x target */
    double weight;
};

/** How trees are grown; all zero: until every leaf is pure. */
struct exact_options {
    size_t depth_max;      /* 0: none */
    size_t split_rows_min; /* a node of fewer rows stays a leaf; at least 2 */
    size_t leaf_rows_min;  /* a cut leaves at least so many on each side; at least 1 */
    size_t features_tried; /* of those that are not constant, drawn anew in each node; 0: all */
    /* one cut a feature, drawn between its bounds in the node (Geurts, Ernst and Wehenkel, 2006) */
    int at_random;
    struct random *random; /* for the two above */
};

/** What all trees of a call share; a call's memory. */
struct exact {
    struct call *call;
    double done, whole; /* the caller's progress, told again while a tree grows */
    size_t row_count;   /* with a weight, in the tree that grows */
    const double *target, *weights;
    struct exact_example *examples;
    struct exact_entry **sorted; /* all rows, a list a feature */
    struct exact_entry **pieces; /* those of the tree */
    struct exact_entry *scratch;
    uint8_t *side; /* of a cut, a row: 1 left */
    uint32_t *order; /* of the features, as a node tries them */
    uint32_t *indexes, *index_scratch; /* for sorting */
    struct exact_node *waiting;
    size_t work; /* entries walked since the host was last asked */
};

/** Sort. Errors stick in call->status, which is returned. */
int32_t exact_start(struct exact *exact, struct call *call);
/** Sort anew: call->features or their values are others, call->rows at most what they were at exact_start(). Returns
 *  call->status. */
int32_t exact_sort(struct exact *exact);
/** Grow a tree into @forest that predicts @target (call->rows of them). @weights: NULL for all 1; some must be above 0.
 *  Returns call->status. */
int32_t exact_grow(struct exact *exact, struct forest *forest, const double *target, const double *weights,
                   const struct exact_options *options);

/* ---- Between exact.c and exact_split.c ---- */

struct exact_node {
    uint32_t node;
    size_t from, count, depth;
    double weight, sum; /* of examples */
};

struct exact_cut {
    uint32_t feature;
    double value;
    double gain; /* 0: none was found */
    size_t left; /* rows */
};

struct exact_cut exact_best_cut(struct exact *exact, const struct exact_node *node,
                                const struct exact_options *options);
/** Divide the node's pieces of the first @lists features: one is enough where leaves are made. */
void exact_divide(struct exact *exact, const struct exact_node *node, const struct exact_cut *cut, size_t lists);

#endif
