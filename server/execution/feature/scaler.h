/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCALER_H
#define MLT_EXECUTION_SCALER_H

#include <stddef.h>

#include <mrpc/attributes.h>

#include "fault/fault.h"
#include "table/table.h"

/* Feature columns made ready for a model: absent values filled, scales made alike. What it takes is learnt from the
 * rows that train, kept with the model, and applied to all others: (value - offset) / scale, where an absent value
 * first becomes `fill`. Pure. */

/* The numbers are those of mltrainer.execution.v1.Imputation and Scaling. */
enum scaler_fill { SCALER_FILL_NONE = 1, SCALER_FILL_MEAN = 2, SCALER_FILL_MEDIAN = 3, SCALER_FILL_ZERO = 4 };
enum scaler_scale {
    SCALER_SCALE_NONE = 1,
    SCALER_SCALE_STANDARD = 2,
    SCALER_SCALE_MIN_MAX = 3,
    SCALER_SCALE_ROBUST = 4
};

struct scaler_column {
    const char *name; /* borrowed */
    double fill;      /* NaN: absent values stay so */
    double offset, scale;
};

/** Learn from the columns @names of @table. A column that does not vary is moved but not scaled. Errors:
 *  INVALID_ARGUMENT (a column is missing, not numeric, or has no value at all), RESOURCE_EXHAUSTED. @out has @count of
 *  them. */
int scaler_fit(const struct table *table, const char *const *names, size_t count, enum scaler_fill fill,
               enum scaler_scale scale, struct scaler_column *out, struct fault *fault) MRPC_MUST_USE;

/** A copy of @table in which those columns are made ready, as doubles; all others are as they were. Errors: as
 *  above. */
int scaler_apply(const struct table *table, const struct scaler_column *columns, size_t count, struct table **out,
                 struct fault *fault) MRPC_MUST_USE;

#endif
