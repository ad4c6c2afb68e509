/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TECHNICAL_SERIES_H
#define TECHNICAL_SERIES_H

#include <mltrainer/plugin_table.h>

/** The prices that an indicator runs over. */
struct series {
    int64_t rows;
    double *values; /* all finite */
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

/** Mean of the last @window rows, NaN while there are fewer. */
void series_rolling_mean(const double *values, int64_t rows, int64_t window, double *mean);
/** The same with the population's standard deviation. */
void series_rolling_deviation(const double *values, int64_t rows, int64_t window, double *mean, double *deviation);

/** y[t] = y[t-1] + weight (x[t] - y[t-1]), from the first value that is not NaN on; the first @silent - 1 results after
 *  that start are NaN (pandas' min_periods). In place is fine. */
void series_smooth(const double *values, int64_t rows, double weight, int64_t silent, double *out);

/** The weight of an exponential mean of @span rows. */
static inline double series_span_weight(int64_t span)
{
    return 2.0 / ((double)span + 1);
}

#endif
