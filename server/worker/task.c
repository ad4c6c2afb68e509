/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/task.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "worker/host.h"
#include "worker/operation.h"

/* A task on its way: the message, what the plugin sees of it, and where its results go. */
struct call {
    struct worker_bench *bench;
    const Mltrainer__Worker__Task *task;
    struct mrpc_arena *arena;
    Mltrainer__Worker__Result *result;
    struct host host;
    struct mltrainer_request request;
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct worker_region region;
    const struct mltrainer_plugin *plugin;
    const struct mltrainer_algorithm *algorithm;
};

static const struct {
    int code;
    const char *text;
} meanings[] = {
    [MLTRAINER_OK] = {MRPC_OK, ""},
    [MLTRAINER_INVALID_PARAMETER] = {MRPC_INVALID_ARGUMENT, "a parameter is wrong"},
    [MLTRAINER_INVALID_DATA] = {MRPC_INVALID_ARGUMENT, "the data is not what the algorithm needs"},
    [MLTRAINER_NOT_CONVERGED] = {MRPC_FAILED_PRECONDITION, "the method did not converge"},
    [MLTRAINER_CANCELLED] = {MRPC_CANCELLED, "cancelled"},
    [MLTRAINER_OUT_OF_MEMORY] = {MRPC_RESOURCE_EXHAUSTED, "the worker's memory is used up"},
    [MLTRAINER_UNSUPPORTED] = {MRPC_UNIMPLEMENTED, "the algorithm does not do this"},
    [MLTRAINER_CORRUPT] = {MRPC_DATA_LOSS, "the artifact is damaged"},
    [MLTRAINER_INTERNAL] = {MRPC_INTERNAL, "the plugin failed"},
};

/* A plugin's status as a fault: field "parameters.alpha" or "columns.close". */
static int judge(int32_t status, const struct mltrainer_error *error, struct fault *fault)
{
    if (status == MLTRAINER_OK)
        return 0;
    if (status < 0 || (size_t)status >= sizeof(meanings) / sizeof(meanings[0]))
        return fault_set(fault, MRPC_INTERNAL, "the plugin returned %d, which is no status", status);
    const char *text = error->text[0] ? error->text : meanings[status].text;
    if (error->subject[0] && status == MLTRAINER_INVALID_PARAMETER) {
        fault_set(fault, meanings[status].code, "parameter \"%.60s\": %.300s", error->subject, text);
        snprintf(fault->field, sizeof(fault->field), "parameters.%.80s", error->subject);
    } else if (error->subject[0]) {
        fault_set(fault, meanings[status].code, "column \"%.60s\": %.300s", error->subject, text);
        snprintf(fault->field, sizeof(fault->field), "columns.%.80s", error->subject);
    } else {
        fault_set(fault, meanings[status].code, "%.380s", text);
    }
    return fault->code;
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the worker's memory is used up");
}

static int lacks(const struct call *call, const char *what, struct fault *fault)
{
    return fault_set(fault, MRPC_UNIMPLEMENTED, "algorithm \"%.60s\" of %.60s does not %s", call->algorithm->id,
                     call->plugin->family, what);
}

static struct mltrainer_parameter *read_parameter(const Mltrainer__Worker__Parameter *message,
                                                  struct mrpc_arena *arena)
{
    struct mltrainer_parameter *parameter = mrpc_arena_calloc(arena, 1, sizeof(*parameter));

    if (!parameter)
        return NULL;
    *parameter = (struct mltrainer_parameter){
        .size = sizeof(*parameter),
        .kind = message->kind,
        .name = message->name,
        .integer = message->integer,
        .number = message->kind == MLTRAINER_INTEGER ? (double)message->integer : message->number,
        .text = message->text,
        .count = message->kind == MLTRAINER_NUMBERS ? message->n_numbers : message->n_texts,
        .numbers = message->numbers,
        .texts = (const char *const *)message->texts,
    };
    return parameter;
}

static const char *role(const char *name)
{
    return name && name[0] ? name : NULL;
}

static int read_request(struct call *call, struct fault *fault)
{
    const Mltrainer__Worker__Task *task = call->task;
    const struct mltrainer_parameter **parameters =
        mrpc_arena_calloc(call->arena, task->n_parameters, sizeof(*parameters));

    if (!parameters)
        return no_memory(fault);
    for (size_t i = 0; i < task->n_parameters; i++)
        if (!(parameters[i] = read_parameter(task->parameters[i], call->arena)))
            return no_memory(fault);
    call->request = (struct mltrainer_request){
        .size = sizeof(call->request),
        .parameter_count = (uint32_t)task->n_parameters,
        .parameters = parameters,
        .target = role(task->target),
        .weight = role(task->weight),
        .time = role(task->time),
        .group = role(task->group),
        .feature_count = task->n_features,
        .features = (const char *const *)task->features,
    };
    if (!task->table)
        return 0;
    int code = worker_table_view(task->table, call->bench->input, call->bench->input_bytes, call->arena, &call->schema,
                                 &call->array, fault);
    call->request.schema = &call->schema;
    call->request.array = &call->array;
    return code;
}

static int keep_output(struct call *call, struct mltrainer_output *output, struct fault *fault)
{
    int code = 0;

    if (output->schema.release)
        code = worker_table_pack(&output->schema, &output->array, &call->region, call->arena, &call->result->table,
                                 fault);
    /* the description borrows names and formats from the plugin: keep them past release */
    for (size_t i = 0; !code && call->result->table && i < call->result->table->n_columns; i++) {
        Mltrainer__Worker__Column *column = call->result->table->columns[i];
        column->name = mrpc_arena_strdup(call->arena, column->name);
        column->format = mrpc_arena_strdup(call->arena, column->format);
        if (!column->name || !column->format)
            code = no_memory(fault);
    }
    if (output->array.release)
        output->array.release(&output->array);
    if (output->schema.release)
        output->schema.release(&output->schema);
    /* a plugin's table in a bad form is the plugin's mistake, not the caller's */
    if (code == MRPC_INVALID_ARGUMENT)
        fault->code = code = MRPC_INTERNAL;
    return code;
}

static int train(struct call *call, struct fault *fault)
{
    const struct mltrainer_algorithm *algorithm = call->algorithm;
    struct mltrainer_error error = {.size = sizeof(error)};
    void *model = NULL;
    const void *bytes = NULL;
    size_t size = 0;

    if (!algorithm->trainable || !algorithm->serializable)
        return lacks(call, "learn", fault);
    int code = judge(algorithm->trainable->train(&call->host.services, &call->request, &model, &error), &error, fault);
    if (code)
        return code;
    code = judge(algorithm->serializable->save(&call->host.services, model, &bytes, &size, &error), &error, fault);
    if (!code && !(call->result->artifact = worker_region_put(&call->region, bytes, size, call->arena)))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the model's %zu bytes do not fit into the worker's memory",
                         size);
    algorithm->release(model);
    return code;
}

static int restore(struct call *call, void **model, struct fault *fault)
{
    const struct mltrainer_serializable *serializable = call->algorithm->serializable;
    const Mltrainer__Worker__Span *span = call->task->artifact;
    struct mltrainer_error error = {.size = sizeof(error)};
    const void *bytes = worker_span_find(call->bench->input, call->bench->input_bytes, span);

    if (!serializable)
        return lacks(call, "restore models", fault);
    if (!bytes)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the task brings no artifact");
    return judge(serializable->restore(&call->host.services, bytes, span->size, model, &error), &error, fault);
}

/* A model that stays is on the shelf already, or is put there now. */
static int find_model(struct call *call, void **model, struct fault *fault)
{
    unsigned place = call->task->shelf;

    if (!place)
        return restore(call, model, fault);
    if (place > MODEL_SHELF_PLACES)
        return fault_set(fault, MRPC_INTERNAL, "there is no place %u for a model", place);
    if (call->task->artifact) {
        model_shelf_clear(call->bench->models, place);
        int code = restore(call, model, fault);
        if (code)
            return code;
        model_shelf_put(call->bench->models, place, call->algorithm, *model);
    }
    *model = model_shelf_get(call->bench->models, place, call->algorithm);
    return *model ? 0 : fault_set(fault, MRPC_FAILED_PRECONDITION, "the model could not be restored before");
}

static int predict(struct call *call, struct fault *fault)
{
    const struct mltrainer_predictable *predictable = call->algorithm->predictable;
    struct mltrainer_output output = {.size = sizeof(output)};
    struct mltrainer_error error = {.size = sizeof(error)};
    void *model = NULL;

    if (!predictable)
        return lacks(call, "predict", fault);
    int code = find_model(call, &model, fault);
    if (code)
        return code;
    code = judge(predictable->predict(&call->host.services, model, &call->request, &output, &error), &error, fault);
    if (!code)
        code = keep_output(call, &output, fault);
    if (!call->task->shelf)
        call->algorithm->release(model);
    return code;
}

static int evaluate(struct call *call, struct fault *fault)
{
    const struct mltrainer_evaluable *evaluable = call->algorithm->evaluable;
    struct mltrainer_error error = {.size = sizeof(error)};
    void *model = NULL;

    if (!evaluable)
        return lacks(call, "evaluate", fault);
    int code = restore(call, &model, fault);
    if (code)
        return code;
    code = judge(evaluable->evaluate(&call->host.services, model, &call->request, &error), &error, fault);
    call->algorithm->release(model);
    return code;
}

static int compute(struct call *call, struct fault *fault)
{
    const struct mltrainer_computable *computable = call->algorithm->computable;
    struct mltrainer_output output = {.size = sizeof(output)};
    struct mltrainer_error error = {.size = sizeof(error)};

    if (!computable)
        return lacks(call, "compute", fault);
    int code = judge(computable->compute(&call->host.services, &call->request, &output, &error), &error, fault);
    return code ? code : keep_output(call, &output, fault);
}

static int find_algorithm(struct call *call, struct fault *fault)
{
    call->algorithm = plugin_find_algorithm(call->plugin, call->task->algorithm);
    if (!call->algorithm)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "family %.60s has no algorithm \"%.60s\"",
                         call->plugin->family, call->task->algorithm);
    if (!call->algorithm->release && (call->algorithm->trainable || call->algorithm->serializable))
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "algorithm \"%.60s\" cannot release its models",
                         call->algorithm->id);
    return 0;
}

/* What is not told is as in the task that was kept. */
static int complete(struct call *call, struct fault *fault)
{
    struct model_shelf *shelf = call->bench->models;

    if (call->task->keep && model_shelf_keep_task(shelf, call->task) != 0)
        return no_memory(fault);
    if (call->task->again && !(call->task = model_shelf_repeat(shelf, call->task)))
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "the task that this one is like was not kept");
    return 0;
}

static int perform(struct call *call, struct fault *fault)
{
    int code = complete(call, fault);
    if (code)
        return code;
    code = plugin_shelf_get(call->bench->shelf, call->bench->folders, call->bench->folder_count,
                                call->task->plugin_path, &call->host.services, &call->plugin, fault);
    if (code)
        return code;
    if (call->task->operation == PROCESS_DESCRIBE)
        return task_describe(call->plugin, call->arena, &call->result->description, fault);
    if ((code = find_algorithm(call, fault)) || (code = read_request(call, fault)))
        return code;
    switch (call->task->operation) {
    case PROCESS_TRAIN:
        return train(call, fault);
    case PROCESS_EVALUATE:
        return evaluate(call, fault);
    case PROCESS_PREDICT:
        return predict(call, fault);
    case PROCESS_COMPUTE:
        return compute(call, fault);
    default:
        return fault_set(fault, MRPC_UNIMPLEMENTED, "operation %u is not known", call->task->operation);
    }
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void task_run(struct worker_bench *bench, const Mltrainer__Worker__Task *task, struct mrpc_arena *arena,
              Mltrainer__Worker__Result *result)
{
    int64_t began_us = clock_us(CLOCK_MONOTONIC), cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    struct fault fault = FAULT_INIT;
    struct call call = {.bench = bench,
                        .task = task,
                        .arena = arena,
                        .result = result,
                        .region = {.bytes = bench->output, .size = bench->output_bytes, .used = bench->output_used}};

    if (bench->control) {
        atomic_store(&bench->control->progress, 0);
        atomic_store(&bench->control->progress_task, task->task_id);
    }
    host_init(&call.host, bench->control, task->task_id, task->seed, task->threads ? task->threads : bench->threads,
              task->deadline_ms);
    call.host.nest = bench->nest;
    result->task_id = task->task_id;
    result->code = (uint32_t)perform(&call, &fault);
    host_fini(&call.host);
    if (result->code == 0) {
        bench->output_used = call.region.used;
    } else {
        result->table = NULL;
        result->artifact = NULL;
        result->description = NULL;
        result->subject = mrpc_arena_strdup(arena, fault.field);
        result->text = mrpc_arena_strdup(arena, fault.text);
    }
    result->ran_us = clock_us(CLOCK_MONOTONIC) - began_us;
    result->cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_us;
}
