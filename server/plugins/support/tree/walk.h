/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TREE_WALK_H
#define PLUGIN_SUPPORT_TREE_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "support/tree/forest.h"

/* Many rows through one tree. A walk waits for memory at each node; walks side by side wait together, and a step has no
 * branch to guess. */

#define WALK_ROWS 128 /* that stay in the cache from tree to tree */

/** The features of @count rows (at most WALK_ROWS) from @first on into @points: WALK_ROWS numbers a feature. */
void walk_gather(const double *const *features, size_t feature_count, int64_t first, size_t count, double *points);
/** The leaves in @nodes below @root at which @count of those rows end. */
void walk_tree(const struct tree_node *nodes, uint32_t root, const double *points, size_t count,
               uint32_t *leaves);

#endif
