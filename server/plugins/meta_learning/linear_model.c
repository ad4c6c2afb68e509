/* SPDX-License-Identifier: Apache-2.0 */
#include "linear_model.h"

#include <stdlib.h>

static struct linear_model *model_of_size(size_t features)
{
    return calloc(1, sizeof(struct linear_model) + 4 * features * sizeof(double));
}

struct linear_model *linear_model_new(const struct periods *periods, const double *b, int is_quadratic)
{
    size_t count = periods->call->feature_count;
    struct linear_model *model = model_of_size(count);

    if (!model)
        return NULL;
    model->features = count;
    model->is_quadratic = is_quadratic != 0;
    model->base = periods->base + periods->unit * b[is_quadratic ? 2 * count : count];
    for (size_t i = 0; i < count; i++) {
        model->numbers[4 * i] = periods->means[i];
        model->numbers[4 * i + 1] = periods->factors[i];
        model->numbers[4 * i + 2] = periods->unit * b[i];
        model->numbers[4 * i + 3] = is_quadratic ? periods->unit * b[count + i] : 0;
    }
    return model;
}

int32_t linear_model_apply(struct call *call, const void *state)
{
    const struct linear_model *model = state;

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double sum = model->base;
        for (size_t i = 0; i < model->features; i++) {
            const double *numbers = model->numbers + 4 * i;
            double x = (call->features[i][row] - numbers[0]) * numbers[1];
            sum += x * (numbers[2] + x * numbers[3]);
        }
        call->out[0][row] = sum;
    }
    return call->status;
}

void linear_model_save(const void *state, struct artifact_writer *writer)
{
    const struct linear_model *model = state;

    artifact_put_u32(writer, model->is_quadratic);
    artifact_put_double(writer, model->base);
    artifact_put_doubles(writer, model->numbers, 4 * model->features);
}

void *linear_model_restore(struct artifact_reader *reader, size_t features)
{
    struct linear_model *model = model_of_size(features);

    if (!model)
        return NULL;
    model->features = features;
    model->is_quadratic = artifact_take_u32(reader);
    model->base = artifact_take_double(reader);
    artifact_take_doubles(reader, model->numbers, 4 * features);
    if (model->is_quadratic <= 1)
        return model;
    free(model);
    return NULL;
}
