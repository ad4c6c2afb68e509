/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_DISTANCE_H
#define PLUGIN_SUPPORT_DISTANCE_H

#include <stddef.h>

/** Squared distances of @count points from @point, feature by feature, so that near points keep their digits.
 *  Point i has columns[f][i] for feature f. */
void distance_columns(const double *const *columns, size_t features, size_t count, const double *point,
                      double *distances);
/** The same of points in one piece of memory, a column @stride numbers after the other. */
void distance_block(const double *block, size_t stride, size_t features, size_t count, const double *point,
                    double *distances);

#endif
