/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/parameter_message.h"

#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_BYTES_MAX = 64 * 1024, PARAMETERS_MAX = 1024 };

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* What a value weighs, for the limit on all of them. */
static size_t value_bytes(const API(ParameterValue) * value)
{
    size_t bytes = 16;
    switch (value->kind_case) {
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT:
        return bytes + strlen(value->text);
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS:
        return bytes + value->numbers->n_values * 8;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXTS:
        for (size_t i = 0; i < value->texts->n_values; i++)
            bytes += strlen(value->texts->values[i]);
        return bytes;
    default:
        return bytes;
    }
}

static bool read_value(const API(ParameterValue) * value, struct mltrainer_parameter *out)
{
    switch (value->kind_case) {
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER:
        out->kind = MLTRAINER_NUMBER;
        out->number = value->number;
        return true;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER:
        out->kind = MLTRAINER_INTEGER;
        out->integer = value->integer;
        out->number = (double)value->integer;
        return true;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_BOOLEAN:
        out->kind = MLTRAINER_BOOL;
        out->integer = value->boolean != 0;
        return true;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT:
        out->kind = MLTRAINER_TEXT;
        out->text = value->text;
        return true;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS:
        out->kind = MLTRAINER_NUMBERS;
        out->count = value->numbers->n_values;
        out->numbers = value->numbers->values;
        return true;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXTS:
        out->kind = MLTRAINER_TEXTS;
        out->count = value->texts->n_values;
        out->texts = (const char *const *)value->texts->values;
        return true;
    default:
        return false;
    }
}

int parameter_messages_read(void *const *entries, size_t count, const char *field, struct mrpc_arena *arena,
                            struct mltrainer_parameter **out, struct fault *fault)
{
    if (count > PARAMETERS_MAX)
        return fault_field(fault, field, "more than %d parameters", PARAMETERS_MAX);
    struct mltrainer_parameter *list = mrpc_arena_calloc(arena, count + 1, sizeof *list);
    if (!list)
        return no_memory(fault);
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const struct parameter_entry *entry = entries[i];
        list[i] = (struct mltrainer_parameter){.size = sizeof *list, .name = entry->key};
        if (!entry->value || !read_value(entry->value, &list[i]))
            return fault_field(fault, field, "parameter \"%.64s\" has no value", entry->key);
        bytes += strlen(entry->key) + value_bytes(entry->value);
    }
    if (bytes > PARAMETERS_BYTES_MAX)
        return fault_field(fault, field, "parameters of more than %d bytes", PARAMETERS_BYTES_MAX);
    *out = list;
    return 0;
}

static API(NumberList) * number_list(const struct mltrainer_parameter *parameter, struct mrpc_arena *arena)
{
    API(NumberList) *list = API_NEW(arena, NumberList, number_list);
    if (list) {
        list->n_values = parameter->count;
        list->values = (double *)parameter->numbers;
    }
    return list;
}

static API(TextList) * text_list(const struct mltrainer_parameter *parameter, struct mrpc_arena *arena)
{
    API(TextList) *list = API_NEW(arena, TextList, text_list);
    if (list) {
        list->n_values = parameter->count;
        list->values = (char **)parameter->texts;
    }
    return list;
}

API(ParameterValue) * parameter_message_of(const struct mltrainer_parameter *parameter, struct mrpc_arena *arena)
{
    API(ParameterValue) *value = API_NEW(arena, ParameterValue, parameter_value);
    if (!value)
        return NULL;
    switch (parameter->kind) {
    case MLTRAINER_BOOL:
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_BOOLEAN;
        value->boolean = parameter->integer != 0;
        return value;
    case MLTRAINER_INTEGER:
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER;
        value->integer = parameter->integer;
        return value;
    case MLTRAINER_NUMBER:
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER;
        value->number = parameter->number;
        return value;
    case MLTRAINER_TEXT:
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT;
        value->text = (char *)parameter->text;
        return value;
    case MLTRAINER_NUMBERS:
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS;
        value->numbers = number_list(parameter, arena);
        return value->numbers ? value : NULL;
    default:
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXTS;
        value->texts = text_list(parameter, arena);
        return value->texts ? value : NULL;
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const API(Artifact__ParametersEntry) *const *)a)->key,
                  (*(const API(Artifact__ParametersEntry) *const *)b)->key);
}

int parameter_messages_write(const struct mltrainer_parameter *const *parameters, size_t count,
                             struct mrpc_arena *arena, size_t *n_entries, API(Artifact__ParametersEntry) * **entries,
                             struct fault *fault)
{
    API(Artifact__ParametersEntry) **list = mrpc_arena_calloc(arena, count + 1, sizeof *list);
    if (!list)
        return no_memory(fault);
    for (size_t i = 0; i < count; i++) {
        API(Artifact__ParametersEntry) *entry = mrpc_arena_alloc(arena, sizeof *entry);
        if (!entry)
            return no_memory(fault);
        mltrainer__execution__v1__artifact__parameters_entry__init(entry);
        entry->key = (char *)parameters[i]->name;
        entry->value = parameter_message_of(parameters[i], arena);
        if (!entry->value)
            return no_memory(fault);
        list[i] = entry;
    }
    qsort(list, count, sizeof *list, by_key);
    *entries = list;
    *n_entries = count;
    return 0;
}
