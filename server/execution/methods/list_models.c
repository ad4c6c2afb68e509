/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/parameter_message.h"
#include "execution/service.h"

static const char *const tasks[] = {
    "",     "regression", "classification", "clustering", "forecast", "indicator", "pricing",
    "risk", "portfolio",  "transform",      "search",     "anomaly",  "control", "test",
};

static API(Task) task_of(const char *name)
{
    for (size_t i = 1; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i], name) == 0)
            return (API(Task))i;
    return MLTRAINER__EXECUTION__V1__TASK__TASK_UNSPECIFIED;
}

static char *text(struct mrpc_arena *arena, const char *from)
{
    return mrpc_arena_strdup(arena, from ? from : "");
}

/* A deep copy: the catalog may be replaced before the reply is encoded. */
static API(ParameterValue) * value_message(const struct mltrainer_parameter *value, struct mrpc_arena *arena)
{
    API(ParameterValue) *borrowed = parameter_message_of(value, arena);
    ProtobufCMessage *copy = NULL;
    if (!borrowed || mrpc_message_copy(API_INFO(parameter_value), &borrowed->base, arena, &copy) != 0)
        return NULL;
    return (API(ParameterValue) *)copy;
}

/* NULL when memory is out. */
static char **texts(struct mrpc_arena *arena, const char *const *from, size_t count, size_t *out)
{
    char **copies = mrpc_arena_calloc(arena, count + 1, sizeof *copies);
    for (size_t i = 0; copies && i < count; i++)
        if (!(copies[i] = text(arena, from[i])))
            return NULL;
    *out = copies ? count : 0;
    return copies;
}

static API(ModelParameter) * parameter_message(const struct catalog_parameter *from, struct mrpc_arena *arena)
{
    static const API(ParameterType) types[] = {
        [MLTRAINER_BOOL] = MLTRAINER__EXECUTION__V1__PARAMETER_TYPE__PARAMETER_TYPE_BOOLEAN,
        [MLTRAINER_INTEGER] = MLTRAINER__EXECUTION__V1__PARAMETER_TYPE__PARAMETER_TYPE_INTEGER,
        [MLTRAINER_NUMBER] = MLTRAINER__EXECUTION__V1__PARAMETER_TYPE__PARAMETER_TYPE_NUMBER,
        [MLTRAINER_TEXT] = MLTRAINER__EXECUTION__V1__PARAMETER_TYPE__PARAMETER_TYPE_TEXT,
        [MLTRAINER_NUMBERS] = MLTRAINER__EXECUTION__V1__PARAMETER_TYPE__PARAMETER_TYPE_NUMBERS,
        [MLTRAINER_TEXTS] = MLTRAINER__EXECUTION__V1__PARAMETER_TYPE__PARAMETER_TYPE_TEXTS,
    };
    API(ModelParameter) *message = API_NEW(arena, ModelParameter, model_parameter);
    if (!message)
        return NULL;
    message->name = text(arena, from->name);
    message->type = types[from->kind];
    message->description = text(arena, from->doc);
    if (from->fallback && !(message->default_value = value_message(from->fallback, arena)))
        return NULL;
    if (from->has_minimum)
        mltrainer__execution__v1__model_parameter__set_minimum(message, from->minimum);
    if (from->has_maximum)
        mltrainer__execution__v1__model_parameter__set_maximum(message, from->maximum);
    message->choices = texts(arena, from->choices, from->choice_count, &message->n_choices);
    message->aliases = texts(arena, from->aliases, from->alias_count, &message->n_aliases);
    return message->name && message->description && message->choices && message->aliases ? message : NULL;
}

static API(AbsentParameter) * absent_message(const struct catalog_absence *from, struct mrpc_arena *arena)
{
    API(AbsentParameter) *message = API_NEW(arena, AbsentParameter, absent_parameter);
    if (!message)
        return NULL;
    message->name = text(arena, from->name);
    message->reason = text(arena, from->reason);
    return message->name && message->reason ? message : NULL;
}

static API(ModelInput) * input_message(const struct catalog_column *from, struct mrpc_arena *arena)
{
    API(ModelInput) *message = API_NEW(arena, ModelInput, model_input);
    if (!message)
        return NULL;
    message->name = text(arena, from->name);
    message->parameter = text(arena, from->parameter);
    message->type = (API(ColumnType))from->type;
    message->description = text(arena, from->doc);
    return message->name && message->parameter && message->description ? message : NULL;
}

static API(ModelOutput) * output_message(const struct catalog_column *from, struct mrpc_arena *arena)
{
    API(ModelOutput) *message = API_NEW(arena, ModelOutput, model_output);
    if (!message)
        return NULL;
    message->name = text(arena, from->name);
    message->type = (API(ColumnType))from->type;
    message->description = text(arena, from->doc);
    return message->name && message->description ? message : NULL;
}

static bool fill_columns(const struct catalog_model *model, struct mrpc_arena *arena, API(Model) * message)
{
    message->inputs = mrpc_arena_calloc(arena, model->column_count + 1, sizeof *message->inputs);
    message->outputs = mrpc_arena_calloc(arena, model->output_count + 1, sizeof *message->outputs);
    if (!message->inputs || !message->outputs)
        return false;
    for (; message->n_inputs < model->column_count; message->n_inputs++)
        if (!(message->inputs[message->n_inputs] = input_message(&model->columns[message->n_inputs], arena)))
            return false;
    for (; message->n_outputs < model->output_count; message->n_outputs++)
        if (!(message->outputs[message->n_outputs] = output_message(&model->outputs[message->n_outputs], arena)))
            return false;
    return true;
}

static bool fill_parameters(const struct catalog_model *model, struct mrpc_arena *arena, API(Model) * message)
{
    message->parameters = mrpc_arena_calloc(arena, model->parameter_count + 1, sizeof *message->parameters);
    message->absent_parameters = mrpc_arena_calloc(arena, model->absence_count + 1, sizeof *message->absent_parameters);
    message->metrics = texts(arena, model->metrics, model->metric_count, &message->n_metrics);
    if (!message->parameters || !message->absent_parameters || !message->metrics)
        return false;
    for (size_t i = 0; i < model->parameter_count; i++)
        if (!(message->parameters[i] = parameter_message(&model->parameters[i], arena)))
            return false;
    for (size_t i = 0; i < model->absence_count; i++)
        if (!(message->absent_parameters[i] = absent_message(&model->absences[i], arena)))
            return false;
    message->n_parameters = model->parameter_count;
    message->n_absent_parameters = model->absence_count;
    return true;
}

static bool fill_operations(const struct catalog_model *model, struct mrpc_arena *arena, API(Model) * message)
{
    static const struct {
        enum catalog_operation bit;
        API(Operation) operation;
    } all[] = {{CATALOG_TRAIN, MLTRAINER__EXECUTION__V1__OPERATION__OPERATION_TRAIN},
               {CATALOG_EVALUATE, MLTRAINER__EXECUTION__V1__OPERATION__OPERATION_EVALUATE},
               {CATALOG_PREDICT, MLTRAINER__EXECUTION__V1__OPERATION__OPERATION_PREDICT},
               {CATALOG_COMPUTE, MLTRAINER__EXECUTION__V1__OPERATION__OPERATION_COMPUTE}};
    message->operations = mrpc_arena_calloc(arena, 4, sizeof *message->operations);
    for (size_t i = 0; message->operations && !model->unavailable && i < 4; i++)
        if (model->operations & all[i].bit)
            message->operations[message->n_operations++] = all[i].operation;
    return message->operations != NULL;
}

API(Model) * model_message(const struct catalog_model *model, struct mrpc_arena *arena)
{
    API(Model) *message = API_NEW(arena, Model, model);
    if (!message)
        return NULL;
    const struct {
        char **to;
        const char *from;
    } texts[] = {{&message->id, model->id},
                 {&message->family, model->family},
                 {&message->algorithm, model->algorithm},
                 {&message->title, model->id},
                 {&message->description, model->description},
                 {&message->engine, model->engine},
                 {&message->reference, model->reference},
                 {&message->unavailable_reason, model->unavailable},
                 {&message->configuration_sha256, model->sha256}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!(*texts[i].to = text(arena, texts[i].from)))
            return NULL;
    message->task = task_of(model->task);
    message->determinism = model->deterministic ? MLTRAINER__EXECUTION__V1__DETERMINISM__DETERMINISM_SEEDED
                                                : MLTRAINER__EXECUTION__V1__DETERMINISM__DETERMINISM_NONE;
    message->unavailable = model->unavailable != NULL;
    message->needs_target = model->target == CATALOG_REQUIRED;
    message->takes_features = model->takes_features;
    return fill_parameters(model, arena, message) && fill_columns(model, arena, message) &&
                   fill_operations(model, arena, message)
               ? message
               : NULL;
}

static bool matches(const struct catalog_model *model, const API(ListModelsRequest) * request)
{
    if (*request->family && strcmp(request->family, model->family) != 0)
        return false;
    if (request->task && request->task != task_of(model->task))
        return false;
    return !request->available_only || !model->unavailable;
}

static int fill_page(const struct catalog *catalog, const API(ListModelsRequest) * request, size_t size,
                     struct mrpc_arena *arena, API(ListModelsResponse) * response)
{
    response->models = mrpc_arena_calloc(arena, size + 1, sizeof *response->models);
    for (size_t i = 0; response->models && i < catalog->model_count; i++) {
        const struct catalog_model *model = &catalog->models[i];
        if (strcmp(model->id, request->page_token) <= 0 || !matches(model, request))
            continue;
        if (response->n_models == size) {
            response->next_page_token = text(arena, response->models[size - 1]->id);
            return response->next_page_token ? 0 : -1;
        }
        if (!(response->models[response->n_models] = model_message(model, arena)))
            return -1;
        response->n_models++;
    }
    return response->models ? 0 : -1;
}

METHOD(list_models, ListModels)
{
    struct fault fault = FAULT_INIT;
    size_t size;
    if (api_page_size(request->page_size, &size, &fault))
        return fault_answer(call, &fault);
    struct catalog *catalog = execution_catalog(self);
    int failed = fill_page(catalog, request, size, mrpc_call_arena(call), response);
    snapshot_release(&catalog->snapshot);
    return failed ? mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "the page is too large: ask for fewer models") : 0;
}
