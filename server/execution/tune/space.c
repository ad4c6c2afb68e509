/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "execution/field_path.h"
#include "execution/tune/tune.h"

/* From what a client wants varied to a space to search, and from its points back to parameters. */

static struct mltrainer_parameter value_of(const struct catalog_parameter *parameter,
                                           const API(SearchDimension) * dimension, double value)
{
    struct mltrainer_parameter made = {.size = sizeof made, .kind = parameter->kind, .name = parameter->name};
    if (parameter->kind == MLTRAINER_TEXT) {
        made.text = dimension->choices[(size_t)value];
    } else {
        made.number = value;
        made.integer = parameter->kind == MLTRAINER_NUMBER ? 0 : (int64_t)value;
    }
    return made;
}

static int check_value(const struct catalog_parameter *parameter, const API(SearchDimension) * dimension, double value,
                       const char *path, struct fault *fault)
{
    struct mltrainer_parameter made = value_of(parameter, dimension, value);
    struct fault why = FAULT_INIT;
    return catalog_check_value(parameter, &made, &why) ? fault_field(fault, path, "%s", why.text) : 0;
}

static int choice_dimension(const struct catalog_parameter *parameter, const API(SearchDimension) * from,
                            const char *path, struct search_dimension *out, struct fault *fault)
{
    if (!from->n_choices || from->n_choices > TUNE_CHOICES_MAX)
        return fault_field(fault, path, "%zu choices, not 1 to %d", from->n_choices, TUNE_CHOICES_MAX);
    *out = (struct search_dimension){.kind = SEARCH_CHOICE, .choice_count = from->n_choices};
    int code = 0;
    for (size_t i = 0; !code && i < from->n_choices; i++)
        code = check_value(parameter, from, (double)i, path, fault);
    return code;
}

static int range_dimension(const struct catalog_parameter *parameter, const API(SearchDimension) * from,
                           const char *path, struct search_dimension *out, struct fault *fault)
{
    bool whole = parameter->kind == MLTRAINER_INTEGER;
    if (!isfinite(from->minimum) || !isfinite(from->maximum) || from->minimum > from->maximum)
        return fault_field(fault, path, "%g to %g is no range", from->minimum, from->maximum);
    if (from->n_choices)
        return fault_field(fault, path, "a number is not chosen from texts");
    if ((int)from->scale < 0 || from->scale > MLTRAINER__EXECUTION__V1__SCALE__SCALE_LOG)
        return fault_field(fault, path, "%d is not a scale", (int)from->scale);
    *out = (struct search_dimension){.kind = whole ? SEARCH_INTEGER : SEARCH_NUMBER,
                                     .low = from->minimum,
                                     .high = from->maximum,
                                     .log = from->scale == MLTRAINER__EXECUTION__V1__SCALE__SCALE_LOG};
    if (out->log && out->low <= 0)
        return fault_field(fault, path, "a logarithmic scale begins above 0, not at %g", out->low);
    if (whole && (out->low != floor(out->low) || out->high != floor(out->high) || fabs(out->low) > 0x1p53 ||
                  fabs(out->high) > 0x1p53))
        return fault_field(fault, path, "%g to %g are not whole numbers", out->low, out->high);
    int code = check_value(parameter, from, out->low, path, fault);
    return code ? code : check_value(parameter, from, out->high, path, fault);
}

static int read_dimension(const struct operation *operation, const API(SearchDimension) * from, const char *path,
                          struct search_dimension *out, struct fault *fault)
{
    const struct catalog_parameter *parameter = catalog_find_parameter(operation->model, from->parameter);
    if (!parameter)
        return fault_field(fault, path, "model %s has no parameter \"%.64s\"", operation->model->id, from->parameter);
    switch (parameter->kind) {
    case MLTRAINER_TEXT:
        return choice_dimension(parameter, from, path, out, fault);
    case MLTRAINER_BOOL:
        *out = (struct search_dimension){.kind = SEARCH_CHOICE, .choice_count = 2};
        return 0;
    case MLTRAINER_INTEGER:
    case MLTRAINER_NUMBER:
        return range_dimension(parameter, from, path, out, fault);
    default:
        return fault_field(fault, path, "lists are not varied");
    }
}

int tune_dimensions(const struct operation *operation, const API(TuneSpec) * spec, const char *field,
                    struct search_dimension *out, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.dimensions", field);
    if (!spec->n_dimensions || spec->n_dimensions > SEARCH_DIMENSIONS_MAX)
        return fault_field(fault, path, "%zu, not 1 to %d", spec->n_dimensions, SEARCH_DIMENSIONS_MAX);
    for (size_t i = 0; i < spec->n_dimensions; i++) {
        field_path(path, "%s.dimensions[%zu]", field, i);
        if (read_dimension(operation, spec->dimensions[i], path, &out[i], fault))
            return fault->code;
        for (size_t j = 0; j < i; j++)
            if (catalog_find_parameter(operation->model, spec->dimensions[j]->parameter) ==
                catalog_find_parameter(operation->model, spec->dimensions[i]->parameter))
                return fault_field(fault, path, "\"%.64s\" is varied twice", spec->dimensions[i]->parameter);
    }
    return 0;
}

int tune_method(const API(TuneSpec) * spec, const char *field, struct search_options *out, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    bool tpe = strcmp(spec->searcher, "tpe") == 0;
    field_path(path, "%s.searcher", field);
    if (!tpe && *spec->searcher && strcmp(spec->searcher, "random_search") != 0)
        return fault_field(fault, path, "\"%.64s\" is neither random_search nor tpe", spec->searcher);
    out->method = tpe ? SEARCH_TPE : SEARCH_RANDOM;
    for (size_t i = 0; i < spec->n_searcher_parameters; i++) {
        const char *name = spec->searcher_parameters[i]->key;
        const API(ParameterValue) *value = spec->searcher_parameters[i]->value;
        unsigned *to = strcmp(name, "startup_trials") == 0 ? &out->startup_trials
                       : strcmp(name, "candidates") == 0   ? &out->candidates
                                                           : NULL;
        field_path(path, "%s.searcher_parameters.%.64s", field, name);
        if (!tpe || !to)
            return fault_field(fault, path, "there is no such parameter");
        if (!value || value->kind_case != MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER ||
            value->integer < 1 || value->integer > 1000)
            return fault_field(fault, path, "a whole number in 1 to 1000 is wanted");
        *to = (unsigned)value->integer;
    }
    return 0;
}

int tune_check(const struct operation *operation, const API(TuneSpec) * spec, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    struct search_dimension dimensions[SEARCH_DIMENSIONS_MAX];
    struct search_options options = {0};
    int code = tune_dimensions(operation, spec, field, dimensions, fault);
    if (!code)
        code = tune_method(spec, field, &options, fault);
    if (code)
        return code;
    field_path(path, "%s.trials", field);
    if (!spec->trials || spec->trials > TUNE_TRIALS_MAX)
        return fault_field(fault, path, "%u is not in 1 to %d", spec->trials, TUNE_TRIALS_MAX);
    field_path(path, "%s.parallel", field);
    if (spec->parallel > TUNE_PARALLEL_MAX)
        return fault_field(fault, path, "%u is above %d", spec->parallel, TUNE_PARALLEL_MAX);
    field_path(path, "%s.objective", field);
    if (!*spec->objective || strcmp(spec->objective, "-") == 0 || strlen(spec->objective) > 64)
        return fault_field(fault, path, "a metric is wanted, \"-\" before it to maximise it");
    int64_t budget_ms = spec->budget ? api_duration_ms(spec->budget) : 1;
    field_path(path, "%s.budget", field);
    if (budget_ms < 1)
        return fault_field(fault, path, "%lld ms are no budget", (long long)budget_ms);
    const API(Validation) *validation = spec->train->validation;
    field_path(path, "%s.train.validation", field);
    if (validation && validation->method_case == MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_SKIP && validation->skip)
        return fault_field(fault, path, "without validation there is nothing to compare");
    field_path(path, "%s.train.model", field);
    return operation->model->operations & CATALOG_PREDICT
               ? 0
               : fault_field(fault, path, "model %s does not predict: there is nothing to compare",
                             operation->model->id);
}

const struct mltrainer_parameter *const *tune_parameters(const struct operation *operation, const API(TuneSpec) * spec,
                                                         const double *point, struct mrpc_arena *arena)
{
    size_t count = operation->parameter_count;
    const struct mltrainer_parameter **made = mrpc_arena_calloc(arena, count + 1, sizeof *made);
    struct mltrainer_parameter *values = mrpc_arena_calloc(arena, spec->n_dimensions, sizeof *values);
    if (!made || !values)
        return NULL;
    memcpy(made, operation->parameters, count * sizeof *made);
    for (size_t i = 0; i < spec->n_dimensions; i++) {
        const API(SearchDimension) *dimension = spec->dimensions[i];
        values[i] = value_of(catalog_find_parameter(operation->model, dimension->parameter), dimension, point[i]);
        for (size_t k = 0; k < count; k++)
            if (strcmp(made[k]->name, values[i].name) == 0)
                made[k] = &values[i];
    }
    return made;
}
