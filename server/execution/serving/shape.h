/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SERVING_SHAPE_H
#define MLT_EXECUTION_SERVING_SHAPE_H

#include <stdbool.h>

#include "execution/feature/features.h"
#include "table/table.h"

/* Predictions alone do not say what they belong to: row numbers and times go before them. */

struct shape {
    const struct table *input;            /* as the caller sent it */
    const struct feature_table *features; /* made of it; its rows NULL: none were */
    const char *time_column;              /* of the input; "": none */
    bool last_row_only;
    int64_t rows; /* that the model saw */
};

/** @given with the columns "row" and time before its own. @arena: *@out lies there, and may borrow from @given; NULL:
 *  it is the caller's. @given stays the caller's. Errors: INTERNAL when the model gave another number of rows,
 *  RESOURCE_EXHAUSTED. */
int shape_predictions(const struct shape *shape, const struct table *given, struct mrpc_arena *arena,
                      struct table **out, struct fault *fault) MRPC_MUST_USE;

/** A copy of a column in another table of as many rows. Errors: RESOURCE_EXHAUSTED, INVALID_ARGUMENT (the name). */
int shape_copy_column(struct table *shaped, const struct table_column *from, struct fault *fault) MRPC_MUST_USE;

#endif
