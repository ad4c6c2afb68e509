/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "execution/catalog/model.h"
#include "execution/catalog/nearest.h"
#include "execution/field_path.h"

enum { LIST_MAX = 4096, TEXT_BYTES_MAX = 4096 };

static int check_number(const struct catalog_parameter *parameter, double number, struct fault *fault)
{
    if (!isfinite(number))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%g is not a finite number", number);
    if (parameter->has_minimum && number < parameter->minimum)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.17g is below the minimum %.17g", number, parameter->minimum);
    if (parameter->has_maximum && number > parameter->maximum)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.17g is above the maximum %.17g", number, parameter->maximum);
    return 0;
}

static int check_text(const struct catalog_parameter *parameter, const char *text, struct fault *fault)
{
    if (strlen(text) > TEXT_BYTES_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a text of more than %d bytes", TEXT_BYTES_MAX);
    if (!parameter->choice_count)
        return 0;
    char all[200];
    int used = 0;
    for (size_t i = 0; i < parameter->choice_count; i++) {
        if (strcmp(parameter->choices[i], text) == 0)
            return 0;
        if (used >= 0 && (size_t)used < sizeof all)
            used += snprintf(all + used, sizeof all - (size_t)used, "%s%s", i ? ", " : "", parameter->choices[i]);
    }
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "\"%.64s\" is none of %s", text, all);
}

static bool kind_fits(const struct catalog_parameter *parameter, const struct mltrainer_parameter *value)
{
    return value->kind == (uint32_t)parameter->kind ||
           (parameter->kind == MLTRAINER_NUMBER && value->kind == MLTRAINER_INTEGER);
}

int catalog_check_value(const struct catalog_parameter *parameter, const struct mltrainer_parameter *value,
                        struct fault *fault)
{
    if (!kind_fits(parameter, value))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "type %s is wanted, not %s", catalog_kind_name(parameter->kind),
                         catalog_kind_name(value->kind));
    int code = 0;
    switch (parameter->kind) {
    case MLTRAINER_INTEGER:
        return check_number(parameter, (double)value->integer, fault);
    case MLTRAINER_NUMBER:
        return check_number(parameter, value->number, fault);
    case MLTRAINER_TEXT:
        return check_text(parameter, value->text, fault);
    case MLTRAINER_NUMBERS:
    case MLTRAINER_TEXTS:
        if (value->count > LIST_MAX)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "a list of more than %d values", LIST_MAX);
        for (size_t i = 0; !code && i < value->count; i++)
            code = value->kind == MLTRAINER_NUMBERS ? check_number(parameter, value->numbers[i], fault)
                                                    : check_text(parameter, value->texts[i], fault);
        return code;
    default:
        return 0;
    }
}

static const char *parameter_name(const void *names, size_t index)
{
    return ((const struct catalog_model *)names)->parameters[index].name;
}

static int unknown_parameter(const struct catalog_model *model, const char *name, const char *path,
                             struct fault *fault)
{
    for (size_t i = 0; i < model->absence_count; i++)
        if (strcmp(model->absences[i].name, name) == 0)
            return fault_field(fault, path, "model %s has no such parameter: %s", model->id, model->absences[i].reason);
    const char *nearest = nearest_name(name, model, model->parameter_count, parameter_name);
    if (nearest)
        return fault_field(fault, path, "model %s has no such parameter; is \"%s\" meant?", model->id, nearest);
    return fault_field(fault, path, "model %s has no such parameter", model->id);
}

static bool answers_to(const struct catalog_parameter *parameter, const char *name)
{
    bool found = strcmp(parameter->name, name) == 0;
    for (size_t i = 0; !found && i < parameter->alias_count; i++)
        found = strcmp(parameter->aliases[i], name) == 0;
    return found;
}

const struct catalog_parameter *catalog_find_parameter(const struct catalog_model *model, const char *name)
{
    for (size_t i = 0; i < model->parameter_count; i++)
        if (answers_to(&model->parameters[i], name))
            return &model->parameters[i];
    return NULL;
}

/* What a parameter is given, and by which of its names. */
struct taken {
    struct mltrainer_parameter value;
    const char *name; /* NULL: it is not given */
};

static int take_given(const struct catalog_model *model, const struct mltrainer_parameter *given, const char *field,
                      struct taken *taken, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.%.40s", field, given->name);
    const struct catalog_parameter *parameter = catalog_find_parameter(model, given->name);
    if (!parameter)
        return unknown_parameter(model, given->name, path, fault);
    taken += parameter - model->parameters;
    if (taken->name)
        return fault_field(fault, path, "model %s has \"%s\" and \"%s\" as names of one parameter: give one", model->id,
                           taken->name, given->name);
    struct fault why = FAULT_INIT;
    if (catalog_check_value(parameter, given, &why))
        return fault_field(fault, path, "%s", why.text);
    *taken = (struct taken){.value = *given, .name = given->name};
    taken->value.size = sizeof taken->value;
    taken->value.kind = parameter->kind;
    taken->value.name = parameter->name;
    if (given->kind == MLTRAINER_INTEGER)
        taken->value.number = (double)given->integer;
    return 0;
}

int catalog_resolve_parameters(const struct catalog_model *model, const struct mltrainer_parameter *given,
                               size_t given_count, const char *field, struct mrpc_arena *arena,
                               const struct mltrainer_parameter *const **out, struct fault *fault)
{
    size_t count = model->parameter_count;
    struct taken *taken = mrpc_arena_calloc(arena, count + 1, sizeof *taken);
    const struct mltrainer_parameter **list = mrpc_arena_calloc(arena, count + 1, sizeof *list);
    if (!taken || !list)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < given_count; i++) {
        int code = take_given(model, &given[i], field, taken, fault);
        if (code)
            return code;
    }
    for (size_t i = 0; i < count; i++) {
        const struct catalog_parameter *parameter = &model->parameters[i];
        if (!taken[i].name && !parameter->fallback) {
            char path[FIELD_PATH_BYTES];
            field_path(path, "%s.%.40s", field, parameter->name);
            return fault_field(fault, path, "model %s needs this parameter", model->id);
        }
        if (!taken[i].name)
            taken[i].value = *parameter->fallback;
        list[i] = &taken[i].value;
    }
    *out = list;
    return 0;
}
