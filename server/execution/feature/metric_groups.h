/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_METRIC_GROUPS_H
#define MLT_EXECUTION_METRIC_GROUPS_H

#include <stddef.h>

#include <mrpc/attributes.h>

/* How well rows fall into groups, by what is known of them alone. Pure. Definitions are scikit-learn's. */

enum { METRIC_SILHOUETTE_ROWS_MAX = 4096 };

struct metric_groups {
    size_t groups;
    double silhouette; /* -1 to 1; costs rows squared: NaN above METRIC_SILHOUETTE_ROWS_MAX rows */
    double calinski_harabasz; /* between over within, more is better */
    double davies_bouldin; /* less is better */
};

/** @columns: feature_count of them, of @count rows. @labels: the group of each row. All but groups are NaN unless there
 *  are 2 to count - 1 groups. Errors: -1 when out of memory. */
int metric_groups(const double *const *columns, size_t feature_count, const double *labels, size_t count,
                  struct metric_groups *out) MRPC_MUST_USE;

#endif
