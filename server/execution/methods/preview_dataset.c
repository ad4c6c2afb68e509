/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/message.h"
#include "execution/operation/source.h"
#include "execution/service.h"

enum { ROWS_DEFAULT = 20, ROWS_MAX = 1000, PREVIEW_BYTES = 1024 * 1024 };

struct preview {
    struct thread_task task;
    struct command *command;
    struct source source;
    struct fault fault;
};

/* Halve the rows until they fit. */
static void load(struct thread_task *task)
{
    struct preview *preview = (struct preview *)task;
    const API(PreviewDatasetRequest) *request = preview->command->request;
    API(PreviewDatasetResponse) *response = preview->command->response;
    struct table *table;
    if (source_load(&preview->source, (const char *const *)request->columns, request->n_columns, &table,
                    &preview->fault))
        return;
    int code = dataset_table_write(table, PREVIEW_BYTES, mrpc_call_arena(preview->command->call), &response->table,
                                   &preview->fault);
    table_free(table);
    if (code != MRPC_RESOURCE_EXHAUSTED || preview->source.row_count <= 1)
        return;
    preview->fault = (struct fault)FAULT_INIT;
    preview->source.row_count /= 2;
    load(task);
}

static void done(struct thread_task *task)
{
    struct preview *preview = (struct preview *)task;
    ((API(PreviewDatasetResponse) *)preview->command->response)->total_rows = preview->source.schema->row_count;
    source_fini(&preview->source);
    command_finish(preview->command, &preview->fault);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(PreviewDatasetRequest) *request = command->request;
    API(DataReference) reference;
    API_INIT(data_reference, &reference);
    reference.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    reference.dataset = request->dataset;
    reference.first_row = request->first_row;
    reference.row_count = request->row_count ? request->row_count : ROWS_DEFAULT;
    if (request->row_count > ROWS_MAX)
        return fault_field(fault, "row_count", "%u is above %d", request->row_count, ROWS_MAX);
    struct preview *preview = mrpc_arena_calloc(arena, 1, sizeof *preview);
    if (!preview)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    preview->command = command;
    preview->task = (struct thread_task){.work = load, .done = done, .reply_loop = command->engine->loop};
    if (source_resolve(command->engine, &reference, "request", arena, &preview->source, fault))
        return fault->code;
    if (thread_pool_submit(command->engine->threads, &preview->task, fault) == 0)
        return COMMAND_LATER;
    source_fini(&preview->source);
    return fault->code;
}

METHOD(preview_dataset, PreviewDataset)
{
    return command_post(self, call, request, response, run);
}
