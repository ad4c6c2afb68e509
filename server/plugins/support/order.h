/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_ORDER_H
#define PLUGIN_SUPPORT_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* Order statistics of finite numbers. Pure. */

/** Sort in place, ascending. */
void order_sort(double *values, size_t count);
/** Indexes of @values in ascending order of value, equal ones in their own order. @scratch: room for @count indexes. */
void order_indexes(const double *values, size_t count, uint32_t *indexes, uint32_t *scratch);
/** Ranks from 1, equal values sharing their mean rank; @indexes as order_indexes() gave them. */
void order_ranks(const double *values, const uint32_t *indexes, size_t count, double *ranks);
/** The @share quantile of sorted values, linear between the two nearest: type 7 of Hyndman and Fan (1996), NumPy's
 *  default. NaN of none. */
double order_quantile(const double *sorted, size_t count, double share);

#endif
