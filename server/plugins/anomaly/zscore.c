/* SPDX-License-Identifier: Apache-2.0 */
/* A row is as strange as its strangest feature: the largest distance from the mean in (population) standard deviations.
 * A feature that never changed in training is strange as soon as it differs. */
#include <stdlib.h>

#include "anomaly.h"

struct zscore {
    double threshold;
    size_t features;
    double moments[]; /* mean and deviation of each feature */
};

static void measure(const struct call *call, size_t feature, double *mean, double *deviation)
{
    const double *values = call->features[feature];
    double total = 0, sum = 0, squares = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        total += weight;
        sum += weight * values[row];
    }
    *mean = sum / total;
    for (int64_t row = 0; row < call->rows; row++)
        squares += (call->weights ? call->weights[row] : 1) * (values[row] - *mean) * (values[row] - *mean);
    *deviation = sqrt(squares / total);
    if (*deviation <= 1e-14 * fabs(*mean)) /* rounding of a constant */
        *deviation = 0;
}

static int32_t fit(struct call *call, void **state)
{
    double threshold = call_number_within(call, "threshold", 0, 1e9);

    if (call->status)
        return call->status;
    struct zscore *model = malloc(sizeof(*model) + 2 * call->feature_count * sizeof(double));
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    *model = (struct zscore){.threshold = threshold, .features = call->feature_count};
    for (size_t i = 0; i < call->feature_count; i++)
        measure(call, i, &model->moments[2 * i], &model->moments[2 * i + 1]);
    *state = model;
    return call->status;
}

static double distance(double value, double mean, double deviation)
{
    if (deviation > 0)
        return fabs(value - mean) / deviation;
    return fabs(value - mean) <= 1e-14 * fabs(mean) ? 0 : INFINITY;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct zscore *model = state;

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double score = 0;
        for (size_t i = 0; i < model->features; i++)
            score = fmax(score, distance(call->features[i][row], model->moments[2 * i], model->moments[2 * i + 1]));
        call->out[0][row] = score > model->threshold;
        call->out[1][row] = score;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct zscore *model = state;

    artifact_put_double(writer, model->threshold);
    artifact_put_doubles(writer, model->moments, 2 * model->features);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    double threshold = artifact_take_double(reader);
    struct zscore *model = malloc(sizeof(*model) + 2 * feature_count * sizeof(double));

    if (!model)
        return NULL;
    *model = (struct zscore){.threshold = threshold, .features = feature_count};
    artifact_take_doubles(reader, model->moments, 2 * feature_count);
    return model;
}

LEARNER(zscore, .task = LEARNER_GROUPS, .outputs = {"prediction", "score"}, .fit = fit, .apply = apply,
        .evaluate = anomaly_report, .save = save, .restore = restore, .release = free);
