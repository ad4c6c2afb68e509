/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TECHNICAL_SERIES_H
#define TECHNICAL_SERIES_H

#include <mltrainer/plugin_table.h>

#include "support/rolling.h"

/** The prices that an indicator runs over. */
struct series {
    int64_t rows;
    const double *values; /* all finite; the table's own where it has them as doubles */
};

/** Read the column that parameter "column" names ("close"). Errors: MLTRAINER_INVALID_DATA (no table, no such column,
 *  a gap), MLTRAINER_CANCELLED, MLTRAINER_OUT_OF_MEMORY. */
int32_t series_read(const struct mltrainer_host *host, const struct mltrainer_request *request, struct series *series,
                    struct mltrainer_error *error);

/** Parameter @name, a length in rows of at least @least. Errors: MLTRAINER_INVALID_PARAMETER. */
int32_t series_read_window(const struct mltrainer_request *request, const char *name, int64_t fallback, int64_t least,
                           int64_t *out, struct mltrainer_error *error);

/** Begin the output and add @count columns, whose values go to @columns. */
int32_t series_output(const struct mltrainer_host *host, const struct series *series, const char *const *names,
                      size_t count, double **columns, struct mltrainer_output *output, struct mltrainer_error *error);

#endif
