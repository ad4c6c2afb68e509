/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>
#include <openssl/sha.h>

#include "execution/catalog/model.h"
#include "execution/catalog/yaml.h"
#include "execution/dataset/number.h"
#include "text/file.h"

/* The keys of a model configuration, as tables. */

enum { FILE_BYTES_MAX = 256 * 1024 };

static const char *const kinds[] = {NULL, "bool", "integer", "number", "text", "numbers", "texts"};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *catalog_kind_name(enum mltrainer_kind kind)
{
    return (unsigned)kind < KINDS && kinds[kind] ? kinds[kind] : "value";
}

bool catalog_identifier(const char *text)
{
    size_t bytes = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return bytes && bytes <= 128 && !text[bytes];
}

/* ---- Parameters ---- */

/* A parameter as it is read; what depends on its kind waits until all keys have been seen. */
struct raw_parameter {
    struct catalog_parameter parameter;
    const char *kind;
    struct fy_node *fallback;
};

static int read_node(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    *(struct fy_node **)((char *)into + offset) = value;
    return 0;
}

static int read_minimum(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct raw_parameter *raw = into;
    raw->parameter.has_minimum = true;
    return yaml_number(file, value, into, offset);
}

static int read_maximum(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct raw_parameter *raw = into;
    raw->parameter.has_maximum = true;
    return yaml_number(file, value, into, offset);
}

static int read_choices(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct raw_parameter *raw = into;
    return yaml_texts(file, value, &raw->parameter.choices, &raw->parameter.choice_count);
}

static int read_aliases(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct raw_parameter *raw = into;
    return yaml_texts(file, value, &raw->parameter.aliases, &raw->parameter.alias_count);
}

static const struct yaml_key parameter_keys[] = {
    {"name", true, yaml_identifier, offsetof(struct raw_parameter, parameter.name)},
    {"aka", false, read_aliases, 0},
    {"type", true, yaml_text, offsetof(struct raw_parameter, kind)},
    {"default", false, read_node, offsetof(struct raw_parameter, fallback)},
    {"minimum", false, read_minimum, offsetof(struct raw_parameter, parameter.minimum)},
    {"maximum", false, read_maximum, offsetof(struct raw_parameter, parameter.maximum)},
    {"choices", false, read_choices, 0},
    {"doc", true, yaml_text, offsetof(struct raw_parameter, parameter.doc)},
    {0},
};

static int fallback_numbers(const struct yaml_file *file, struct fy_node *node, struct mltrainer_parameter *value)
{
    const char *const *texts;
    int code = yaml_texts(file, node, &texts, &value->count);
    if (code)
        return code;
    double *numbers = mrpc_arena_calloc(file->arena, value->count + 1, sizeof *numbers);
    if (!numbers)
        return fault_set(file->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < value->count; i++)
        if (!number_double(texts[i], strlen(texts[i]), &numbers[i]))
            return yaml_fault(file, node, "\"%s\" is not a number", texts[i]);
    value->numbers = numbers;
    return 0;
}

static int fallback_scalar(const struct yaml_file *file, struct fy_node *node, struct mltrainer_parameter *value)
{
    bool truth = false;
    int code = yaml_text(file, node, &value->text, 0);
    if (code || value->kind == MLTRAINER_TEXT)
        return code;
    const char *text = value->text;
    value->text = NULL;
    switch (value->kind) {
    case MLTRAINER_BOOL:
        code = yaml_bool(file, node, &truth, 0);
        value->integer = truth;
        break;
    case MLTRAINER_INTEGER:
        if (!number_integer(text, strlen(text), &value->integer))
            code = yaml_fault(file, node, "\"%s\" is not a whole number", text);
        break;
    default:
        return yaml_number(file, node, &value->number, 0);
    }
    value->number = (double)value->integer;
    return code;
}

static int finish_parameter(const struct yaml_file *file, struct fy_node *list, struct raw_parameter *raw,
                            struct catalog_parameter *out)
{
    for (unsigned kind = 1; kind < KINDS; kind++)
        if (strcmp(kinds[kind], raw->kind) == 0)
            raw->parameter.kind = kind;
    *out = raw->parameter;
    if (!out->kind)
        return yaml_fault(file, list, "%s: \"%s\" is not a type (bool, integer, number, text, numbers, texts)",
                          out->name, raw->kind);
    if (!raw->fallback)
        return 0;
    struct mltrainer_parameter *value = mrpc_arena_calloc(file->arena, 1, sizeof *value);
    if (!value)
        return fault_set(file->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *value = (struct mltrainer_parameter){.size = sizeof *value, .kind = out->kind, .name = out->name};
    int code = out->kind == MLTRAINER_NUMBERS ? fallback_numbers(file, raw->fallback, value)
               : out->kind == MLTRAINER_TEXTS ? yaml_texts(file, raw->fallback, &value->texts, &value->count)
                                              : fallback_scalar(file, raw->fallback, value);
    if (code)
        return code;
    out->fallback = value;
    struct fault why = FAULT_INIT;
    if (catalog_check_value(out, value, &why))
        return yaml_fault(file, raw->fallback, "default of \"%s\": %s", out->name, why.text);
    return 0;
}

/* Each name finds the parameter that it was written for. */
static int check_names(const struct yaml_file *file, struct fy_node *list, const struct catalog_model *model)
{
    for (size_t i = 0; i < model->parameter_count; i++) {
        const struct catalog_parameter *parameter = &model->parameters[i];
        for (size_t j = 0; j <= parameter->alias_count; j++) {
            const char *name = j ? parameter->aliases[j - 1] : parameter->name;
            if (catalog_find_parameter(model, name) != parameter)
                return yaml_fault(file, list, "a second parameter \"%s\"", name);
        }
    }
    return 0;
}

static int read_parameters(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct catalog_model *model = into;
    void *items;
    int code =
        yaml_read_list(file, value, parameter_keys, sizeof(struct raw_parameter), &items, &model->parameter_count);
    if (code)
        return code;
    struct raw_parameter *raw = items;
    struct catalog_parameter *parameters =
        mrpc_arena_calloc(file->arena, model->parameter_count + 1, sizeof *parameters);
    if (!parameters)
        return fault_set(file->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    model->parameters = parameters;
    for (size_t i = 0; i < model->parameter_count; i++) {
        code = finish_parameter(file, value, &raw[i], &parameters[i]);
        if (code)
            return code;
    }
    return check_names(file, value, model);
}

static const struct yaml_key absence_keys[] = {
    {"name", true, yaml_identifier, offsetof(struct catalog_absence, name)},
    {"reason", true, yaml_text, offsetof(struct catalog_absence, reason)},
    {0},
};

static int read_absences(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct catalog_model *model = into;
    return yaml_read_list(file, value, absence_keys, sizeof *model->absences, (void **)&model->absences,
                          &model->absence_count);
}

/* ---- Columns ---- */

static int read_type(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    static const struct {
        const char *name;
        enum dataset_type type;
    } types[] = {{"number", DATASET_DOUBLE},
                 {"integer", DATASET_INTEGER},
                 {"text", DATASET_TEXT},
                 {"bool", DATASET_BOOL},
                 {"date", DATASET_DATE}};
    const char *text;
    int code = yaml_text(file, value, &text, 0);
    for (size_t i = 0; !code && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, text) == 0) {
            *(enum dataset_type *)((char *)into + offset) = types[i].type;
            return 0;
        }
    return code ? code
                : yaml_fault(file, value, "\"%s\" is not a column type (number, integer, text, bool, date)", text);
}

static const struct yaml_key column_keys[] = {
    {"name", false, yaml_text, offsetof(struct catalog_column, name)},
    {"parameter", false, yaml_text, offsetof(struct catalog_column, parameter)},
    {"type", true, read_type, offsetof(struct catalog_column, type)},
    {"doc", true, yaml_text, offsetof(struct catalog_column, doc)},
    {0},
};

static int read_columns(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct catalog_model *model = into;
    return yaml_read_list(file, value, column_keys, sizeof *model->columns, (void **)&model->columns,
                          &model->column_count);
}

static int read_outputs(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct catalog_model *model = into;
    return yaml_read_list(file, value, column_keys, sizeof *model->outputs, (void **)&model->outputs,
                          &model->output_count);
}

static int read_need(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    static const char *const needs[] = {
        [CATALOG_NONE] = "none", [CATALOG_OPTIONAL] = "optional", [CATALOG_REQUIRED] = "required"};
    const char *text;
    int code = yaml_text(file, value, &text, 0);
    for (int i = 0; !code && i < 3; i++)
        if (strcmp(needs[i], text) == 0) {
            *(enum catalog_need *)((char *)into + offset) = (enum catalog_need)i;
            return 0;
        }
    return code ? code : yaml_fault(file, value, "\"%s\" is none of required, optional and none", text);
}

static int read_features(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    const char *text;
    int code = yaml_text(file, value, &text, 0);
    if (!code && strcmp(text, "any") != 0 && strcmp(text, "none") != 0)
        return yaml_fault(file, value, "\"%s\" is neither any nor none", text);
    ((struct catalog_model *)into)->takes_features = !code && *text == 'a';
    return code;
}

static const struct yaml_key input_keys[] = {
    {"table", false, read_need, offsetof(struct catalog_model, table)},
    {"target", false, read_need, offsetof(struct catalog_model, target)},
    {"features", false, read_features, 0},
    {"columns", false, read_columns, 0},
    {0},
};

static int read_inputs(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    return yaml_read_mapping(file, value, input_keys, into);
}

static int read_metrics(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    struct catalog_model *model = into;
    return yaml_texts(file, value, &model->metrics, &model->metric_count);
}

#define COMPUTES CATALOG_COMPUTE
#define LEARNS (CATALOG_TRAIN | CATALOG_EVALUATE | CATALOG_PREDICT)

static int read_task(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    static const char *const tasks[] = {"regression", "classification", "clustering", "anomaly",   "forecast",
                                        "indicator",  "pricing",        "risk",       "portfolio", "transform",
                                        "search",     "control",        "test",       NULL};
    const char *text;
    int code = yaml_text(file, value, &text, 0);
    if (code)
        return code;
    const char *const *task = tasks;
    while (*task && strcmp(*task, text) != 0)
        task++;
    if (!*task)
        return yaml_fault(file, value, "\"%s\" is not a task", text);
    ((struct catalog_model *)into)->task = *task;
    return 0;
}

static int read_operation(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    const char *text;
    int code = yaml_text(file, value, &text, 0);
    if (code)
        return code;
    bool computes = strcmp(text, "compute") == 0;
    if (!computes && strcmp(text, "train") != 0)
        return yaml_fault(file, value, "\"%s\" is neither compute nor train", text);
    ((struct catalog_model *)into)->operations = computes ? COMPUTES : LEARNS;
    return 0;
}

/* ---- The model ---- */

#define MEMBER(name) offsetof(struct catalog_model, name)

static const struct yaml_key model_keys[] = {
    {"id", true, yaml_identifier, MEMBER(id)},
    {"family", true, yaml_identifier, MEMBER(family)},
    {"algorithm", true, yaml_identifier, MEMBER(algorithm)},
    {"task", true, read_task, 0},
    {"description", true, yaml_text, MEMBER(description)},
    {"reference", false, yaml_text, MEMBER(reference)},
    {"engine", true, yaml_text, MEMBER(engine)},
    {"deterministic", true, yaml_bool, MEMBER(deterministic)},
    {"parameters", false, read_parameters, 0},
    {"absent", false, read_absences, 0},
    {"inputs", true, read_inputs, 0},
    {"outputs", false, read_outputs, 0},
    {"metrics", false, read_metrics, 0},
    {"operation", false, read_operation, 0},
    {"unavailable", false, yaml_text, MEMBER(withheld)},
    {0},
};

static bool task_computes(const char *task)
{
    static const char *const tasks[] = {"indicator", "pricing", "risk", "transform", "test"};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i], task) == 0)
            return true;
    return false;
}

static int check_model(const struct yaml_file *file, struct catalog_model *model)
{
    for (size_t i = 0; i < model->column_count; i++) {
        const struct catalog_column *column = &model->columns[i];
        if (!column->name == !column->parameter)
            return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s: input column %zu: either name or parameter",
                             file->path, i + 1);
        const struct catalog_parameter *parameter =
            column->parameter ? catalog_find_parameter(model, column->parameter) : NULL;
        if (column->parameter && (!parameter || parameter->kind != MLTRAINER_TEXT))
            return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s: input column %zu: no text parameter \"%s\"",
                             file->path, i + 1, column->parameter);
    }
    for (size_t i = 0; i < model->absence_count; i++)
        if (catalog_find_parameter(model, model->absences[i].name))
            return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s: \"%s\" is a parameter, and absent", file->path,
                             model->absences[i].name);
    const char *name = strrchr(file->path, '/');
    name = name ? name + 1 : file->path;
    if (strncmp(name, model->id, strlen(model->id)) != 0 || strcmp(name + strlen(model->id), ".yaml") != 0)
        return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s: the file of model \"%s\" must be called %s.yaml",
                         file->path, model->id, model->id);
    if (!model->operations)
        model->operations = task_computes(model->task) ? COMPUTES : LEARNS;
    return 0;
}

int catalog_model_read(const char *path, struct mrpc_arena *arena, struct catalog_model *out, struct fault *fault)
{
    struct yaml_file file = {.path = mrpc_arena_strdup(arena, path), .arena = arena, .fault = fault};
    if (!file.path)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    char *bytes = NULL;
    size_t size = 0;
    int code = text_read_file(file.path, FILE_BYTES_MAX, &bytes, &size, fault);
    if (code)
        return code;
    struct catalog_model model = {.table = CATALOG_REQUIRED, .reference = "", .file = file.path};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)bytes, size, digest);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(model.sha256 + i * 2, 3, "%02x", digest[i]);
    code = yaml_read_file(&file, bytes, size, model_keys, &model);
    free(bytes);
    if (!code)
        code = check_model(&file, &model);
    if (!code)
        *out = model;
    return code;
}
