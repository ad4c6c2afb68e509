/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_BREAKS_H
#define PLUGIN_SUPPORT_BREAKS_H

#include "support/call.h"

/** The @groups groups of numbers with the least sum of squares around their means: k-means on a line, solved exactly.
 *  @labels[row] = 0 for the smallest numbers and so on; @centres (unless NULL) the means. Returns call->status.
 *  Errors: MLTRAINER_INVALID_DATA: fewer different numbers than groups.
 *  Source: Wang and Song (2011), "Ckmeans.1d.dp"; the rows of its table are monotone, so each is found by halving. */
int32_t breaks_find(struct call *call, const double *values, int64_t rows, size_t groups, uint32_t *labels,
                    double *centres);

#endif
