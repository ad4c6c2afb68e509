/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NEIGHBOURS_TREE_H
#define NEIGHBOURS_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "support/call.h"

/* The nearest rows of many by squared distance, exactly: a k-d tree of halves, cut where a node is widest. Leaves keep
 * their rows feature after feature, so that a point is held against a whole leaf by loops that vectorise.
 * Source: Friedman, Bentley and Finkel (1977); bounds by Arya and Mount (1993), "Algorithms for fast vector
 * quantization". */

struct tree;

struct neighbour {
    double distance; /* squared */
    uint32_t row;
};

/** No neighbour, @count times. */
void neighbour_none(struct neighbour *found, size_t count);
/** Among the @count nearest, the nearest first, equal ones in the order of rows, if it is one of them. */
void neighbour_keep(struct neighbour *found, size_t count, double distance, uint32_t row);

/** The tree over @points, row after row, which it does not keep. @call may be NULL; else it is asked whether to go on.
 *  NULL without memory, or when cancelled. Ownership: to the caller, tree_free(). */
struct tree *tree_new(struct call *call, const double *points, size_t rows, size_t features);
void tree_free(struct tree *tree);

/** The @count nearest of @point, the nearest first, equal ones in the order of rows; at most as many as the tree has.
 *  @offsets: room for as many numbers as features. Any thread. */
void tree_nearest(const struct tree *tree, const double *point, size_t count, double *offsets, struct neighbour *found);

#endif
