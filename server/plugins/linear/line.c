/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <math.h>
#include <stdlib.h>

#include <cblas.h>

#include "support/weighted_sum.h"

#define PART_ROWS 1024

struct line *line_new(struct call *call)
{
    struct line *line = calloc(1, sizeof(*line) + (call->feature_count + 1) * sizeof(double));

    if (!line) {
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
        return NULL;
    }
    line->features = call->feature_count;
    return line;
}

int32_t line_finish(struct call *call, struct line *line, const double *means, double target_mean, void **state)
{
    line->intercept = target_mean;
    for (size_t i = 0; i < line->features; i++)
        line->intercept -= line->coefficients[i] * means[i];
    if (!isfinite(line->intercept)) {
        free(line);
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "the numbers are too large to multiply");
    }
    *state = line;
    return call->status;
}

int32_t line_apply(struct call *call, const void *state)
{
    const struct line *line = state;

    weighted_sum(line->intercept, line->coefficients, call->features, line->features, call->rows, call->out[0]);
    return call->status;
}

void line_save(const void *state, struct artifact_writer *writer)
{
    const struct line *line = state;

    artifact_put_double(writer, line->intercept);
    artifact_put_doubles(writer, line->coefficients, line->features);
}

void *line_restore(struct artifact_reader *reader, size_t feature_count)
{
    struct line *line = calloc(1, sizeof(*line) + (feature_count + 1) * sizeof(double));

    if (!line)
        return NULL;
    line->features = feature_count;
    line->intercept = artifact_take_double(reader);
    artifact_take_doubles(reader, line->coefficients, feature_count);
    return line;
}

static void take_means(struct call *call, struct moments *m)
{
    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        m->weight += weight;
        m->target_mean += weight * call->target[row];
    }
    m->target_mean /= m->weight;
    for (size_t i = 0; i < call->feature_count && !call_step(call, 0, 1); i++) {
        for (int64_t row = 0; row < call->rows; row++)
            m->means[i] += (call->weights ? call->weights[row] : 1) * call->features[i][row];
        m->means[i] /= m->weight;
    }
}

/* Rows less means, times the roots of weights, feature after feature; the target is the last. */
static void fill_part(const struct call *call, const struct moments *m, int64_t first, int64_t rows, double *part)
{
    for (size_t i = 0; i <= call->feature_count; i++) {
        int is_target = i == call->feature_count;
        const double *column = is_target ? call->target : call->features[i];
        double mean = is_target ? m->target_mean : m->means[i];
        for (int64_t row = 0; row < rows; row++)
            part[i * PART_ROWS + (size_t)row] =
                (column[first + row] - mean) * (call->weights ? sqrt(call->weights[first + row]) : 1);
    }
}

int32_t moments_take(struct call *call, struct moments *m)
{
    size_t p = call->feature_count, all = p + 1;

    if (!call->status && p > LINE_FEATURES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d", p, LINE_FEATURES_MAX);
    if (call->status)
        return call->status;
    *m = (struct moments){.means = call_numbers(call, (int64_t)all),
                          .products = call_numbers(call, (int64_t)(p * p + 1)),
                          .with_target = call_numbers(call, (int64_t)all)};
    double *part = call_numbers(call, (int64_t)(all * PART_ROWS)), *whole = call_numbers(call, (int64_t)(all * all));
    if (call->status)
        return call->status;
    take_means(call, m);
    for (int64_t first = 0; first < call->rows; first += PART_ROWS) {
        int64_t rows = call->rows - first < PART_ROWS ? call->rows - first : PART_ROWS;
        if (call_step(call, (double)first, (double)call->rows))
            return call->status;
        fill_part(call, m, first, rows, part);
        cblas_dsyrk(CblasColMajor, CblasUpper, CblasTrans, (int)all, (int)rows, 1, part, PART_ROWS, 1, whole, (int)all);
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j <= i; j++)
            m->products[i * p + j] = m->products[j * p + i] = whole[i * all + j];
    memcpy(m->with_target, whole + p * all, p * sizeof(double));
    m->target_squares = whole[p * all + p];
    return call->status;
}
