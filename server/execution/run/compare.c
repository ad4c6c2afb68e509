/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/run/run.h"

/* Runs side by side: one line a thing that any of them has. */

struct comparison {
    struct mrpc_arena *arena;
    size_t run_count;
    API(RunDifference) * *rows; /* ordered by name; malloc'ed */
    size_t count, room;
    size_t run; /* the one that is being written down */
    bool out_of_memory;
};

static size_t seek(const struct comparison *table, const char *name)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->rows[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static API(RunDifference) * row_new(struct comparison *table, const char *name)
{
    API(RunDifference) *row = API_NEW(table->arena, RunDifference, run_difference);
    char **values = mrpc_arena_calloc(table->arena, table->run_count, sizeof *values);
    char *copy = mrpc_arena_strdup(table->arena, name);
    if (!row || !values || !copy)
        return NULL;
    for (size_t i = 0; i < table->run_count; i++)
        values[i] = "";
    row->name = copy;
    row->values = values;
    row->n_values = table->run_count;
    return row;
}

static API(RunDifference) * row_of(struct comparison *table, const char *name)
{
    size_t at = seek(table, name);
    if (at < table->count && strcmp(table->rows[at]->name, name) == 0)
        return table->rows[at];
    if (table->count == table->room) {
        size_t room = table->room ? table->room * 2 : 64;
        API(RunDifference) **rows = realloc(table->rows, room * sizeof *rows);
        if (!rows)
            return NULL;
        table->rows = rows;
        table->room = room;
    }
    API(RunDifference) *row = row_new(table, name);
    if (!row)
        return NULL;
    memmove(table->rows + at + 1, table->rows + at, (table->count - at) * sizeof(API(RunDifference) *));
    table->rows[at] = row;
    table->count++;
    return row;
}

static void put(struct comparison *table, const char *group, const char *name, const char *text)
{
    char *whole = mrpc_arena_printf(table->arena, "%s%s", group, name);
    API(RunDifference) *row = whole ? row_of(table, whole) : NULL;
    char *copy = row ? mrpc_arena_strdup(table->arena, text) : NULL;
    if (copy)
        row->values[table->run] = copy;
    else
        table->out_of_memory = true;
}

static void put_number(struct comparison *table, const char *group, const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.12g", value);
    put(table, group, name, text);
}

static void put_count(struct comparison *table, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    put(table, "", name, text);
}

/* ---- Parameters ---- */

static void put_list(struct comparison *table, const char *name, const API(ParameterValue) * value)
{
    char text[1000] = "";
    size_t used = 0;
    const API(NumberList) *numbers =
        value->kind_case == MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS ? value->numbers : NULL;
    size_t count = numbers ? numbers->n_values : value->texts->n_values;
    for (size_t i = 0; i < count && used < sizeof text; i++)
        used += numbers
                    ? (size_t)snprintf(text + used, sizeof text - used, "%s%.12g", i ? "," : "", numbers->values[i])
                    : (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? "," : "", value->texts->values[i]);
    put(table, "parameter.", name, text);
}

static void put_parameter(struct comparison *table, const char *name, const API(ParameterValue) * value)
{
    char text[40];
    switch (value->kind_case) {
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER:
        return put_number(table, "parameter.", name, value->number);
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER:
        snprintf(text, sizeof text, "%" PRId64, value->integer);
        return put(table, "parameter.", name, text);
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_BOOLEAN:
        return put(table, "parameter.", name, value->boolean ? "true" : "false");
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT:
        return put(table, "parameter.", name, value->text);
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS:
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXTS:
        return put_list(table, name, value);
    default:
        return;
    }
}

/* ---- A run ---- */

static void put_metrics(struct comparison *table, const char *group, API(Metric) *const *metrics, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_number(table, group, metrics[i]->name, metrics[i]->value);
}

static void put_result(struct comparison *table, const API(JobResult) * result)
{
    put(table, "", "artifact", result->artifact);
    put_metrics(table, "train.", result->train_metrics, result->n_train_metrics);
    put_metrics(table, "test.", result->test_metrics, result->n_test_metrics);
    put_metrics(table, "baseline.", result->baseline_metrics, result->n_baseline_metrics);
    put_metrics(table, "model.", result->model_metrics, result->n_model_metrics);
    if (!result->split)
        return;
    put_count(table, "split.train_rows", result->split->train_rows);
    put_count(table, "split.test_rows", result->split->test_rows);
}

static void put_run(struct comparison *table, const API(Run) * run)
{
    put(table, "", "model", run->model);
    put_count(table, "seed", run->seed);
    put(table, "", "dataset", run->dataset);
    put(table, "", "dataset_sha256", run->dataset_sha256);
    put(table, "", "engine_version", run->engine_version);
    put(table, "", "plugin_version", run->plugin_version);
    put(table, "", "libraries", run->libraries);
    for (size_t i = 0; i < run->n_parameters; i++)
        if (run->parameters[i]->value)
            put_parameter(table, run->parameters[i]->key, run->parameters[i]->value);
    for (size_t i = 0; i < run->n_labels; i++)
        put(table, "label.", run->labels[i]->key, run->labels[i]->value);
    if (run->result)
        put_result(table, run->result);
}

static bool differs(const API(RunDifference) * row)
{
    for (size_t i = 1; i < row->n_values; i++)
        if (strcmp(row->values[i], row->values[0]) != 0)
            return true;
    return false;
}

int runs_compare(API(Run) *const *runs, size_t count, struct mrpc_arena *arena, API(CompareRunsResponse) * out,
                 struct fault *fault)
{
    struct comparison table = {.arena = arena, .run_count = count};
    for (; table.run < count; table.run++)
        put_run(&table, runs[table.run]);
    out->differences = mrpc_arena_calloc(arena, table.count + 1, sizeof *out->differences);
    bool whole = out->differences && !table.out_of_memory;
    for (size_t i = 0; whole && i < table.count; i++) {
        table.rows[i]->differs = differs(table.rows[i]);
        out->differences[out->n_differences++] = table.rows[i];
    }
    free(table.rows);
    return whole ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}
