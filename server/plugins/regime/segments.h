/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SEGMENTS_H
#define PLUGIN_SEGMENTS_H

#include "regimes.h"

enum segments_cost {
    SEGMENTS_SQUARES, /* squared distances from the segment's mean */
    SEGMENTS_KERNEL,  /* the same in the feature space of a radial kernel, as wide as the median distance */
};

/** Segments whose costs and penalties sum to the least, none shorter than @least: @segment[row] counts them from 0.
 *  Returns call->status. Source: Killick, Fearnhead and Eckley (2012), "PELT"; Arlot, Celisse and Harchaoui (2019). */
int32_t segments_find(struct call *call, const double *series, int64_t rows, enum segments_cost cost, int64_t least,
                      double penalty, int64_t *segment);

#endif
