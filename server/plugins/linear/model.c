/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

struct linear_model *linear_model_new(enum linear_method method, size_t feature_count)
{
    struct linear_model *model = calloc(1, sizeof(*model));

    if (!model)
        return NULL;
    model->method = method;
    model->feature_count = feature_count;
    model->names = calloc(feature_count + 1, sizeof(*model->names));
    model->coefficients = calloc(feature_count + 1, sizeof(*model->coefficients));
    if (model->names && model->coefficients)
        return model;
    linear_model_free(model);
    return NULL;
}

void linear_model_free(void *object)
{
    struct linear_model *model = object;

    if (!model)
        return;
    for (size_t i = 0; model->names && i < model->feature_count; i++)
        free(model->names[i]);
    free(model->names);
    free(model->coefficients);
    free(model);
}

int32_t linear_model_set_name(struct linear_model *model, size_t index, const char *name, size_t name_bytes)
{
    model->names[index] = strndup(name, name_bytes);
    return model->names[index] ? MLTRAINER_OK : MLTRAINER_OUT_OF_MEMORY;
}
