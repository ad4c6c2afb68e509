/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/serving/serve.h"

#include <string.h>

#include "execution/dataset/message.h"
#include "execution/feature/split.h"
#include "execution/operation/prepare.h"
#include "execution/operation/source.h"
#include "execution/quarantine.h"
#include "execution/serving/shape.h"

enum { VALUES_MAX = 4096 }; /* rows x columns; more of them is work for the thread pool */

struct serving {
    struct execution *engine;
    struct warm_model *model;
    const API(DataReference) * data;
    const struct table *input; /* in the request's arena, or `cut` */
    struct table *cut, *ready, *last;
    struct feature_table features;
    const struct table *table; /* what the model sees */
    bool last_row_only;
    int64_t preparing_us;
    void (*done)(void *arg, const struct served *served);
    void *arg;
};

static void fini(struct serving *serving)
{
    table_free(serving->last);
    table_free(serving->ready);
    feature_table_fini(&serving->features);
    table_free(serving->cut);
    warm_model_unref(serving->model);
}

/* ---- What the model sees ---- */

static int require_columns(const struct serving *serving, struct fault *fault)
{
    const struct warm_model *model = serving->model;
    const API(Artifact) *header = model->artifact.header;
    size_t count = model->makes_features ? model->spec.column_count : header->n_features;
    int code = 0;
    for (size_t i = 0; !code && i < count; i++)
        code = source_require_inline(serving->data->table,
                                     model->makes_features ? model->spec.columns[i].column : header->features[i],
                                     DATASET_DOUBLE, "data", fault);
    return code;
}

/* The columns as they lie in the request, as far as they can be used so. */
static int load(struct serving *serving, struct mrpc_arena *arena, struct fault *fault)
{
    const API(DataReference) *data = serving->data;
    struct table *whole;
    int code = dataset_table_view(data->table, "data.table", arena, &whole, fault);
    if (code)
        return code;
    serving->input = whole;
    if (!data->first_row && !data->row_count)
        return 0;
    code = source_cut(whole, data->first_row, data->row_count, &serving->cut, fault);
    serving->input = serving->cut;
    return code;
}

static int make_features(struct serving *serving, struct fault *fault)
{
    int code = feature_table_make(&serving->model->spec, serving->input, false, &serving->features, fault);
    if (!code && !serving->features.row_count)
        code = fault_set(fault, MRPC_INVALID_ARGUMENT, "no row of %lld has all its features",
                         (long long)table_rows(&serving->input->array));
    serving->table = serving->features.table;
    return code;
}

/* As training did with the same columns. */
static int make_ready(struct serving *serving, struct fault *fault)
{
    const struct warm_model *model = serving->model;
    if (!model->preparation_count)
        return 0;
    int code = scaler_apply(serving->table, model->preparation, model->preparation_count, &serving->ready, fault);
    serving->table = serving->ready;
    return code;
}

static int keep_last_row(struct serving *serving, struct fault *fault)
{
    int64_t rows = table_rows(&serving->table->array);
    if (rows <= 1)
        return 0;
    int code = split_rows(serving->table, (uint64_t)rows - 1, 1, &serving->last, fault);
    serving->table = serving->last;
    return code;
}

static int prepare(struct serving *serving, struct mrpc_arena *arena, struct fault *fault)
{
    int code = require_columns(serving, fault);
    if (!code)
        code = load(serving, arena, fault);
    if (!code)
        code = prepare_check_order(serving->input, serving->model->artifact.header->time_column, fault);
    if (code)
        return code;
    serving->table = serving->input;
    if (serving->model->makes_features)
        code = make_features(serving, fault);
    if (!code)
        code = make_ready(serving, fault);
    return !code && serving->last_row_only ? keep_last_row(serving, fault) : code;
}

/* ---- Through the pool ---- */

static void predicted(void *arg, uint64_t ticket, struct process_result *result)
{
    struct serving copy = *(struct serving *)arg, *serving = &copy; /* done() may end the arena */
    const API(Artifact) *header = serving->model->artifact.header;
    const struct shape how = {.input = serving->input,
                              .features = &serving->features,
                              .time_column = header->time_column,
                              .last_row_only = serving->last_row_only,
                              .rows = table_rows(&serving->table->array)};
    struct served served = {.fault = result->fault,
                            .sha256 = serving->model->artifact.sha256,
                            .version = serving->model->version,
                            .time_column = header->time_column,
                            .preparing_us = serving->preparing_us,
                            .queued_us = result->queued_us,
                            .running_us = result->ran_us};
    struct table *shaped;
    quarantine_judge_result(serving->engine, header->family, result);
    if (!served.fault.code && !result->table)
        fault_set(&served.fault, MRPC_INTERNAL, "the model gave no predictions");
    if (!served.fault.code && shape_predictions(&how, result->table, result->arena, &shaped, &served.fault) == 0)
        served.table = shaped;
    serving->done(serving->arg, &served);
    fini(serving);
}

static struct process_task task_of(struct serving *serving, const struct serve_request *request)
{
    const struct warm_model *model = serving->model;
    const API(Artifact) *header = model->artifact.header;
    bool made = model->makes_features;
    return (struct process_task){
        .operation = PROCESS_PREDICT,
        .plugin_path = model->plugin_path,
        .algorithm = header->algorithm,
        .schema = &serving->table->schema,
        .array = &serving->table->array,
        .time = !made && *header->time_column ? header->time_column : NULL,
        .feature_count = made ? serving->features.feature_count : header->n_features,
        .features = (const char *const *)(made ? serving->features.names : header->features),
        .artifact = model->artifact.payload,
        .artifact_bytes = model->artifact.payload_bytes,
        .model = model->artifact.sha256,
        .seed = header->seed,
        .brief = true,
        .fleeting = true,
        .deadline_ms = request->deadline_ms == INT64_MAX ? 0 : request->deadline_ms,
        .isolation = request->owner,
        .on_done = predicted,
        .arg = serving,
    };
}

/* Tables of a request alone, and small ones: a dataset is a file. */
static bool is_small(const API(DataReference) * data)
{
    if (!data || data->data_case != MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE || !data->table->n_columns)
        return false;
    const API(Column) *first = data->table->columns[0];
    size_t rows = first->values_case == MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES ? first->doubles->n_values
                  : first->values_case == MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES ? first->dates->n_days
                                                                                          : VALUES_MAX;
    return rows * data->table->n_columns <= VALUES_MAX;
}

int serve_start(struct execution *engine, const struct serve_request *request, _Atomic uint64_t *ticket,
                struct fault *fault)
{
    struct warm_model *model = is_small(request->data) ? warm_models_find(&engine->warm, request->reference) : NULL;
    if (!model)
        return SERVE_COLD;
    struct serving *serving = mrpc_arena_calloc(request->arena, 1, sizeof *serving);
    if (!serving) {
        warm_model_unref(model);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    *serving = (struct serving){.engine = engine,
                                .model = model,
                                .data = request->data,
                                .last_row_only = request->last_row_only,
                                .done = request->done,
                                .arg = request->arg};
    int64_t began_us = request->timed ? api_clock_us() : 0;
    int code = prepare(serving, request->arena, fault);
    serving->preparing_us = request->timed ? api_clock_us() - began_us : 0;
    if (!code) {
        uint64_t number = 0;
        const struct process_task task = task_of(serving, request);
        code = process_pool_submit(engine->processes, &task, &number, fault);
        if (!code) {
            atomic_store(ticket, number);
            return 0;
        }
    }
    fini(serving);
    return code;
}
