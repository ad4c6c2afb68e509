/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "execution/operation/deposit.h"
#include "execution/operation/divider.h"
#include "execution/operation/operation.h"
#include "execution/operation/persister.h"
#include "execution/operation/prepare.h"
#include "execution/operation/trainer.h"
#include "execution/operation/validator.h"
#include "execution/serving/shape.h"

/* Evaluation, prediction and computing: what is done with a model that is there already. */

static void finish(struct operation *operation)
{
    struct fault none = FAULT_INIT;
    operation_end(operation, &none);
}

/* The name of the dataset that the output is to become; "": it is the result. */
static const char *wanted_dataset(const struct operation *operation)
{
    if (operation->compute)
        return operation->compute->output_dataset;
    bool predicts = operation->spec && operation->spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT;
    return predicts ? operation->spec->predict->output_dataset : "";
}

static void deliver(struct operation *operation)
{
    const char *name = wanted_dataset(operation);
    if (*name)
        deposit_output(operation, name);
    else
        finish(operation);
}

/* ---- Artifacts ---- */

static int selection_of(const API(Artifact) * header, API(ColumnSelection) * out)
{
    API_INIT(column_selection, out);
    out->target_column = header->target;
    out->n_feature_columns = header->n_features;
    out->feature_columns = header->features;
    return 0;
}

static int keep_last_row(struct operation *operation, struct fault *fault)
{
    int64_t rows = table_rows(&operation->table->array);
    int code = rows ? split_rows(operation->table, (uint64_t)rows - 1, 1, &operation->test_part, fault) : 0;
    if (!code && rows)
        operation->table = operation->test_part;
    return code;
}

/* The artifact says which columns there must be and how features are made; a plugin never sees another table than the
 * one that it learnt from. */
static int open_artifact(struct operation *operation, struct fault *fault)
{
    int code = persister_open(operation, fault);
    if (code)
        return code;
    const API(Artifact) *header = operation->artifact.header;
    const struct catalog_plugin *plugin = catalog_find_plugin(operation->catalog, header->family);
    if (!plugin)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "no plugin for family \"%.64s\"", header->family);
    if (plugin->state == CATALOG_PLUGIN_QUARANTINED)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "plugin %.64s is quarantined: %.300s", header->family,
                         plugin->reason);
    operation->plugin_path = plugin->path;
    operation->seed = header->seed;
    API(ColumnSelection) selection;
    selection_of(header, &selection);
    const API(FeatureSpec) *spec = header->feature_spec;
    code = prepare_table(operation, spec, spec ? NULL : &selection, header->time_column, operation->judge, fault);
    if (!code)
        code = divider_prepare(operation, header->preparation, header->n_preparation, fault);
    if (!code && operation->last_row_only)
        code = keep_last_row(operation, fault);
    return code;
}

static void judge(struct operation *operation)
{
    operation_on_thread(operation, "validating", validator_judge_evaluation, finish);
}

static void predict_to_judge(struct operation *operation)
{
    trainer_apply(operation, "predicting", operation->table, &operation->output, judge);
}

void operation_evaluate(struct operation *operation)
{
    operation->judge = true;
    operation_on_thread(operation, "preparing", open_artifact, predict_to_judge);
}

static int shape(struct operation *operation, struct fault *fault)
{
    const struct shape how = {.input = operation->input,
                              .features = &operation->features,
                              .time_column = operation->artifact.header->time_column,
                              .last_row_only = operation->last_row_only,
                              .rows = table_rows(&operation->table->array)};
    struct table *shaped;
    int code = shape_predictions(&how, operation->output, NULL, &shaped, fault);
    if (code)
        return code;
    table_free(operation->output);
    operation->output = shaped;
    operation->result->row_count = (uint64_t)how.rows;
    return 0;
}

static void shape_next(struct operation *operation)
{
    operation_on_thread(operation, "shaping", shape, deliver);
}

static void predict(struct operation *operation)
{
    trainer_apply(operation, "predicting", operation->table, &operation->output, shape_next);
}

void operation_predict(struct operation *operation)
{
    operation_on_thread(operation, "preparing", open_artifact, predict);
}

/* ---- Computing ---- */

static const char *renamed(const API(ComputeSpec) * spec, const char *name)
{
    for (size_t i = 0; i < spec->n_column_names; i++)
        if (strcmp(spec->column_names[i]->value, name) == 0)
            return spec->column_names[i]->key;
    return name;
}

static int load(struct operation *operation, struct fault *fault)
{
    int code = source_load(&operation->source, NULL, 0, &operation->input, fault);
    operation->table = operation->input;
    if (code || !operation->compute->n_column_names)
        return code;
    struct table *table = table_new(table_rows(&operation->input->array));
    code = table ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; !code && i < table_columns(&operation->input->array); i++) {
        struct table_column column;
        table_column_view(&operation->input->schema, &operation->input->array, i, &column);
        column.name = renamed(operation->compute, column.name);
        code = shape_copy_column(table, &column, fault);
    }
    operation->train_part = table; /* freed with the operation */
    operation->table = table;
    return code;
}

static int take_output(struct operation *operation, struct process_result *result, struct fault *fault)
{
    API(JobResult) *report = operation->result;
    operation->output = process_result_take_table(result);
    for (size_t i = 0; i < result->metric_count; i++)
        if (operation_add_metric(operation, &report->n_model_metrics, &report->model_metrics, result->metrics[i].name,
                                 result->metrics[i].value, fault))
            return fault->code;
    if (!operation->output)
        return fault_set(fault, MRPC_INTERNAL, "the model gave no table");
    report->row_count = (uint64_t)table_rows(&operation->output->array);
    return 0;
}

static void compute(struct operation *operation)
{
    struct process_task task = {
        .operation = PROCESS_COMPUTE,
        .plugin_path = operation->plugin_path,
        .algorithm = operation->model->algorithm,
        .parameter_count = operation->parameter_count,
        .parameters = operation->parameters,
        .schema = &operation->table->schema,
        .array = &operation->table->array,
    };
    operation_on_worker(operation, "computing", &task, take_output, deliver);
}

void operation_compute(struct operation *operation)
{
    operation_on_thread(operation, "preparing", load, compute);
}
