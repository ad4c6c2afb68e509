/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/trainer.h"

#include <stdlib.h>
#include <string.h>

static struct process_task common_task(struct operation *operation, const struct table *table)
{
    return (struct process_task){
        .plugin_path = operation->plugin_path,
        .algorithm = operation->model ? operation->model->algorithm : operation->artifact.header->algorithm,
        .parameter_count = operation->parameter_count,
        .parameters = operation->parameters,
        .schema = &table->schema,
        .array = &table->array,
        .time = operation->time,
        .group = operation->group,
        .feature_count = operation->feature_count,
        .features = operation->feature_names,
    };
}

static int take_model(struct operation *operation, struct process_result *result, struct fault *fault)
{
    free(operation->fitted);
    operation->fitted = malloc(result->artifact_bytes + 1);
    if (!operation->fitted)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (result->artifact_bytes)
        memcpy(operation->fitted, result->artifact, result->artifact_bytes);
    operation->fitted_bytes = result->artifact_bytes;
    API(JobResult) *report = operation->result;
    report->n_model_metrics = 0;
    for (size_t i = 0; i < result->metric_count; i++)
        if (operation_add_metric(operation, &report->n_model_metrics, &report->model_metrics, result->metrics[i].name,
                                 result->metrics[i].value, fault))
            return fault->code;
    return 0;
}

void trainer_fit(struct operation *operation, const char *stage, const struct table *table, operation_next *next)
{
    struct process_task task = common_task(operation, table);
    task.operation = PROCESS_TRAIN;
    task.target = operation->target;
    task.weight = operation->weight;
    operation_on_worker(operation, stage, &task, take_model, next);
}

static int take_predictions(struct operation *operation, struct process_result *result, struct fault *fault)
{
    struct table *table = process_result_take_table(result);
    if (!table)
        return fault_set(fault, MRPC_INTERNAL, "the model gave no predictions");
    *operation->predictions = table;
    return 0;
}

void trainer_apply(struct operation *operation, const char *stage, const struct table *table, struct table **out,
                   operation_next *next)
{
    struct process_task task = common_task(operation, table);
    operation->predictions = out;
    task.operation = PROCESS_PREDICT;
    bool stored = operation->artifact.payload != NULL;
    task.artifact = stored ? operation->artifact.payload : operation->fitted;
    task.artifact_bytes = stored ? operation->artifact.payload_bytes : operation->fitted_bytes;
    operation_on_worker(operation, stage, &task, take_predictions, next);
}
