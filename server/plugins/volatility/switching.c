/* SPDX-License-Identifier: Apache-2.0 */
/* Regimes of volatility: support/switching.h over the returns. What is forecast is the mixture of the regimes by their
 * chances then. */
#include "support/switching.h"

#include <stdlib.h>

#include "models.h"

struct model {
    uint64_t regimes;
    double mean[SWITCHING_REGIMES_MAX], deviation[SWITCHING_REGIMES_MAX], chances[SWITCHING_REGIMES_MAX];
    double transition[SWITCHING_REGIMES_MAX][SWITCHING_REGIMES_MAX];
};

static int32_t fit(struct call *call, void **state)
{
    size_t k = (size_t)call_integer(call, "n_regimes", 2, SWITCHING_REGIMES_MAX);
    double *filtered = call_numbers(call, call->rows * (int64_t)k);
    struct switching found;

    if (switching_fit(call, call->target, call->rows, k, 0, &found) ||
        switching_filter(call, &found, call->target, call->rows, filtered, NULL))
        return call->status;
    struct model *model = calloc(1, sizeof(*model));
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    model->regimes = k;
    memcpy(model->mean, found.mean, k * sizeof(double));
    memcpy(model->deviation, found.deviation, k * sizeof(double));
    memcpy(model->chances, filtered + (size_t)(call->rows - 1) * k, k * sizeof(double));
    for (size_t i = 0; i < k; i++)
        memcpy(model->transition[i], found.transition[i], k * sizeof(double));
    call->host->metric(call->host, "log_likelihood", MLTRAINER_STEP_FINAL, found.log_likelihood);
    *state = model;
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct model *m = state;
    double chances[SWITCHING_REGIMES_MAX];
    size_t k = m->regimes;

    memcpy(chances, m->chances, sizeof(chances));
    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double next[SWITCHING_REGIMES_MAX] = {0}, mean = 0, squares = 0;
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++)
                next[j] += chances[i] * m->transition[i][j];
        memcpy(chances, next, k * sizeof(double));
        for (size_t i = 0; i < k; i++)
            mean += chances[i] * m->mean[i];
        for (size_t i = 0; i < k; i++)
            squares += chances[i] * (m->deviation[i] * m->deviation[i] + (m->mean[i] - mean) * (m->mean[i] - mean));
        call->out[0][row] = sqrt(squares);
        call->out[1][row] = mean;
        call->out[2][row] = chances[k - 1];
    }
    return call->status;
}

void volatility_evaluate(struct call *call, const void *state)
{
    double sum = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double distance = (call->target[row] - call->out[1][row]) / call->out[0][row];
        sum -= log(call->out[0][row]) + 0.91893853320467274178 + distance * distance / 2;
    }
    call->host->metric(call->host, "mean_log_likelihood", MLTRAINER_STEP_FINAL, sum / (double)call->rows);
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct model *m = state;
    size_t k = m->regimes;

    artifact_put_u64(writer, k);
    artifact_put_doubles(writer, m->mean, k);
    artifact_put_doubles(writer, m->deviation, k);
    artifact_put_doubles(writer, m->chances, k);
    for (size_t i = 0; i < k; i++)
        artifact_put_doubles(writer, m->transition[i], k);
}

static int are_chances(const double *chances, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (!(chances[i] >= 0))
            return 0;
        sum += chances[i];
    }
    return fabs(sum - 1) < 1e-6;
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct model m = {.regimes = artifact_take_u64(reader)}, *copy;
    size_t k = m.regimes;

    if (reader->failed || k < 2 || k > SWITCHING_REGIMES_MAX)
        return NULL;
    artifact_take_doubles(reader, m.mean, k);
    artifact_take_doubles(reader, m.deviation, k);
    artifact_take_doubles(reader, m.chances, k);
    int is_right = are_chances(m.chances, k);
    for (size_t i = 0; i < k; i++) {
        artifact_take_doubles(reader, m.transition[i], k);
        is_right = is_right && m.deviation[i] > 0 && are_chances(m.transition[i], k);
    }
    if (reader->failed || !is_right || !(copy = malloc(sizeof(*copy))))
        return NULL;
    *copy = m;
    return copy;
}

LEARNER(switching, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "mean", "last_regime"},
        .fit = fit, .apply = apply, .evaluate = volatility_evaluate, .save = save, .restore = restore, .release = free);
