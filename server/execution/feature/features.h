/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FEATURES_H
#define MLT_EXECUTION_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "fault/fault.h"
#include "table/table.h"

/* Lagged features of a series: a table whose rows are moments becomes a table whose rows are examples. Row t's features
 * are known at t, its target lies `horizon` rows later; rows where one of them is absent are left out. Pure; the cost
 * is O(rows x features). */

/* The numbers are those of mltrainer.execution.v1.Transform. */
enum feature_transform {
    FEATURE_LEVEL = 1,
    FEATURE_DIFFERENCE = 2,
    FEATURE_SIMPLE_RETURN = 3,
    FEATURE_LOG_RETURN = 4,
};

enum { FEATURE_LAG_MAX = 10000, FEATURE_LAGS_MAX = 512, FEATURE_COUNT_MAX = 4095 };

struct feature_column {
    const char *column;
    enum feature_transform transform;
    const uint32_t *lags;
    size_t lag_count;
};

struct feature_spec {
    const char *target_column;
    enum feature_transform target_transform;
    uint32_t horizon; /* at least 1 */
    const struct feature_column *columns;
    size_t column_count;
};

/** Is it within the limits? @field is the request field that holds it. Errors: INVALID_ARGUMENT. */
int feature_spec_check(const struct feature_spec *spec, const char *field, struct fault *fault) MRPC_MUST_USE;

struct feature_table {
    struct table *table; /* the features ("g") in the order of the specification, then the target (when asked for) */
    uint64_t *rows;      /* of the source, one for each row of the table */
    size_t row_count;
    char **names; /* of the features */
    size_t feature_count;
    char *target; /* name of the target, also when the table has none */
};

/** Make the examples of the source table. With @with_target rows need their target, and it is the last column; without,
 *  the newest rows are there too. Errors: INVALID_ARGUMENT for a column that is missing, not numeric or not positive
 *  under LOG_RETURN; RESOURCE_EXHAUSTED. Ownership: feature_table_fini(). */
int feature_table_make(const struct feature_spec *spec, const struct table *source, bool with_target,
                       struct feature_table *out, struct fault *fault) MRPC_MUST_USE;
void feature_table_fini(struct feature_table *made);

#endif
