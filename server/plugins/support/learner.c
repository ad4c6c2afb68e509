/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"

#include <stdlib.h>

#define MAGIC "mltlearn"
#define VERSION 1
#define FEATURES_MAX 65536

struct learned {
    const struct learner *learner;
    size_t feature_count;
    char **names;
    void *state;
};

static struct learned *learned_new(const struct learner *learner, size_t feature_count)
{
    struct learned *learned = calloc(1, sizeof(*learned));
    char **names = calloc(feature_count + 1, sizeof(*names));

    if (!learned || !names) {
        free(learned);
        free(names);
        return NULL;
    }
    *learned = (struct learned){.learner = learner, .feature_count = feature_count, .names = names};
    return learned;
}

void learner_release(void *model)
{
    struct learned *learned = model;

    if (!learned)
        return;
    for (size_t i = 0; i < learned->feature_count; i++)
        free(learned->names[i]);
    free(learned->names);
    learned->learner->release(learned->state);
    free(learned);
}

/* ---- Training ---- */

static void check_classes(struct call *call)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (call->target[row] != floor(call->target[row]) || fabs(call->target[row]) > 1e9)
            call_fail(call, MLTRAINER_INVALID_DATA, call->request->target,
                      "row %lld (from 0) is %g: classes are whole numbers", (long long)row, call->target[row]);
}

static void read_features(struct call *call, const struct learner *learner)
{
    if (!learner->inputs[0]) {
        call_read_features(call);
        return;
    }
    call->feature_names = call_memory(call, CALL_INPUTS_MAX, sizeof(*call->feature_names));
    call->features = call_memory(call, CALL_INPUTS_MAX, sizeof(*call->features));
    for (size_t i = 0; !call->status && i < CALL_INPUTS_MAX && learner->inputs[i]; i++) {
        call->feature_names[i] = learner->inputs[i];
        call->features[i] = call_column(call, learner->inputs[i]);
        call->feature_count++;
    }
}

static void read_examples(struct call *call, const struct learner *learner)
{
    if (!call->request->schema || call->request->array->length == 0) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the table has no rows");
        return;
    }
    call->rows = call->request->array->length;
    if (learner->task != LEARNER_GROUPS)
        call_read_target(call);
    if (learner->task == LEARNER_CLASSES)
        check_classes(call);
    if (learner->is_series && call->request->weight)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weight", "rows of a series have no weights");
    if (learner->is_series)
        return;
    call_read_weights(call);
    read_features(call, learner);
    if (call->feature_count > FEATURES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d", call->feature_count, FEATURES_MAX);
}

static struct learned *named_like(struct call *call, const struct learner *learner)
{
    struct learned *learned = learned_new(learner, call->feature_count);
    int failed = !learned;

    for (size_t i = 0; !failed && i < call->feature_count; i++)
        failed = !(learned->names[i] = strdup(call->feature_names[i]));
    if (!failed)
        return learned;
    learner_release(learned);
    call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    return NULL;
}

int32_t learner_train(const struct learner *learner, const struct mltrainer_host *host,
                      const struct mltrainer_request *request, void **model, struct mltrainer_error *error)
{
    struct call call = {.host = host, .request = request, .error = error};

    read_examples(&call, learner);
    if (call.status || call_step(&call, 0, 1))
        return call.status;
    struct learned *learned = named_like(&call, learner);
    if (!learned)
        return call.status;
    int32_t status = learner->fit(&call, &learned->state);
    call_part(&call, 0, 1);
    if (status || call_step(&call, 1, 1)) {
        learner_release(learned);
        return call.status;
    }
    *model = learned;
    return MLTRAINER_OK;
}

/* ---- Predicting ---- */

static void read_rows(struct call *call, const struct learned *learned)
{
    if (!call->request->schema) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "there is no table to predict for");
        return;
    }
    call->rows = call->rows_out = call->request->array->length;
    call->feature_count = learned->feature_count;
    call->feature_names = (const char **)learned->names;
    call->features = call_memory(call, learned->feature_count, sizeof(*call->features));
    for (size_t i = 0; !call->status && i < learned->feature_count; i++)
        call->features[i] = call_column(call, learned->names[i]);
}

static int32_t predict(const struct mltrainer_host *host, const void *model, const struct mltrainer_request *request,
                       struct mltrainer_output *output, struct mltrainer_error *error)
{
    const struct learned *learned = model;
    struct call call = {.host = host, .request = request, .error = error, .output = output};
    const char *const *outputs = learned->learner->outputs;
    size_t count = 0;

    read_rows(&call, learned);
    while (count < CALL_OUTPUTS_MAX && outputs[count])
        count++;
    if (call.status || call_step(&call, 0, 1) ||
        (call.status = mltrainer_output_start(host, output, call.rows, count, error)))
        return call.status;
    for (size_t i = 0; i < count; i++) {
        call.out[i] = mltrainer_output_numbers(host, output, outputs[i]);
        if (!call.out[i])
            return call_fail(&call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the prediction");
    }
    return learned->learner->apply(&call, learned->state);
}

/* ---- Evaluating ---- */

/* R2 as scikit-learn defines it: for a constant target 1 if it is met, else 0; for a single row not a number. */
static double r_squared(double residual_squares, double total_squares, int64_t rows)
{
    if (rows < 2)
        return NAN;
    if (total_squares > 0)
        return 1 - residual_squares / total_squares;
    return residual_squares > 0 ? 0 : 1;
}

void learner_report_numbers(const struct mltrainer_host *host, const double *prediction, const double *truth,
                            const double *weights, int64_t rows)
{
    double total_weight = 0, mean = 0, squares = 0, absolute = 0, variation = 0;

    for (int64_t row = 0; row < rows; row++) {
        double weight = weights ? weights[row] : 1, miss = truth[row] - prediction[row];
        total_weight += weight;
        mean += weight * truth[row];
        squares += weight * miss * miss;
        absolute += weight * fabs(miss);
    }
    mean /= total_weight;
    for (int64_t row = 0; row < rows; row++)
        variation += (weights ? weights[row] : 1) * (truth[row] - mean) * (truth[row] - mean);
    host->metric(host, "r2", MLTRAINER_STEP_FINAL, r_squared(squares, variation, rows));
    host->metric(host, "rmse", MLTRAINER_STEP_FINAL, sqrt(squares / total_weight));
    host->metric(host, "mae", MLTRAINER_STEP_FINAL, absolute / total_weight);
}

static void report_classes(const struct call *call)
{
    double total_weight = 0, right = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        total_weight += weight;
        right += call->out[0][row] == call->target[row] ? weight : 0;
    }
    call->host->metric(call->host, "accuracy", MLTRAINER_STEP_FINAL, right / total_weight);
}

static int32_t evaluate(const struct mltrainer_host *host, const void *model, const struct mltrainer_request *request,
                        struct mltrainer_error *error)
{
    const struct learned *learned = model;
    struct call call = {.host = host, .request = request, .error = error};

    read_rows(&call, learned);
    if (!call.status && call.rows == 0)
        call_fail(&call, MLTRAINER_INVALID_DATA, "", "the table has no rows");
    if (!call.status && learned->learner->task != LEARNER_GROUPS)
        call_read_target(&call);
    call_read_weights(&call);
    for (size_t i = 0; i < CALL_OUTPUTS_MAX && learned->learner->outputs[i]; i++)
        call.out[i] = call_numbers(&call, call.rows);
    if (call.status || learned->learner->apply(&call, learned->state))
        return call.status;
    if (learned->learner->evaluate)
        learned->learner->evaluate(&call, learned->state);
    else if (learned->learner->task == LEARNER_NUMBERS)
        learner_report_numbers(call.host, call.out[0], call.target, call.weights, call.rows);
    else if (learned->learner->task == LEARNER_CLASSES)
        report_classes(&call);
    return call.status;
}

const struct mltrainer_predictable learner_predictable = {.size = sizeof(learner_predictable), .predict = predict};
const struct mltrainer_evaluable learner_evaluable = {.size = sizeof(learner_evaluable), .evaluate = evaluate};

/* ---- The artifact: the algorithm's id, the names of the features, its own state ---- */

int32_t learner_save(const struct mltrainer_host *host, const void *model, const void **bytes, size_t *byte_count,
                     struct mltrainer_error *error)
{
    const struct learned *learned = model;
    struct artifact_writer writer;

    artifact_start(&writer, host, MAGIC, VERSION);
    artifact_put_text(&writer, learned->learner->id);
    artifact_put_u64(&writer, learned->feature_count);
    for (size_t i = 0; i < learned->feature_count; i++)
        artifact_put_text(&writer, learned->names[i]);
    learned->learner->save(learned->state, &writer);
    return artifact_finish(&writer, bytes, byte_count, error);
}

static int is_of(struct artifact_reader *reader, const struct learner *learner)
{
    char *id = artifact_take_text(reader);
    int is = id && strcmp(id, learner->id) == 0;

    free(id);
    return is;
}

int32_t learner_restore(const struct learner *learner, const void *bytes, size_t byte_count, void **model,
                        struct mltrainer_error *error)
{
    struct artifact_reader reader;
    int32_t status = artifact_open(&reader, bytes, byte_count, MAGIC, VERSION, error);

    if (status)
        return status;
    if (!is_of(&reader, learner))
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact is not of algorithm %s", learner->id);
    size_t count = artifact_take_count(&reader, sizeof(uint32_t));
    int is_possible = learner->is_series ? count == 0 : count > 0 && count <= FEATURES_MAX;
    struct learned *learned = is_possible ? learned_new(learner, count) : NULL;
    if (!learned)
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact contradicts itself, or memory is out");
    for (size_t i = 0; i < count; i++)
        learned->names[i] = artifact_take_text(&reader);
    if (!reader.failed)
        learned->state = learner->restore(&reader, count);
    if (!learned->state || !artifact_complete(&reader)) {
        learner_release(learned);
        return mltrainer_fail(error, MLTRAINER_CORRUPT, "", "the artifact contradicts itself, or memory is out");
    }
    *model = learned;
    return MLTRAINER_OK;
}
