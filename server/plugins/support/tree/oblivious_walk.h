/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TREE_OBLIVIOUS_WALK_H
#define PLUGIN_SUPPORT_TREE_OBLIVIOUS_WALK_H

#include "support/tree/forest.h"

/** What forest_add_up() does, to the bit, where it pays and each tree has one cut a level and at most eight of them.
 *  Gives 0 where not, and nothing was added; else call->status tells. */
int oblivious_add_up(struct call *call, const struct forest *forest, double *sums);

#endif
