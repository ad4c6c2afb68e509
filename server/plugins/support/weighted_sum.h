/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_WEIGHTED_SUM_H
#define PLUGIN_SUPPORT_WEIGHTED_SUM_H

#include <stddef.h>
#include <stdint.h>

/** @out[row] = @constant + the sum of @weights[i] * @columns[i][row], in that order, of @count columns. Columns and
 *  output are gone through once. */
void weighted_sum(double constant, const double *weights, const double *const *columns, size_t count, int64_t rows,
                  double *out);

#endif
